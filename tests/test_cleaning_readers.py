"""Every kind of file gives the same text, and what a spreadsheet or package did to it is known."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import evaluasi_lib as el

ROWS = pd.DataFrame({"Unit": ["Biro Umum", "Biro Hukum"], "N": [1, 2], "Nilai": [2.5, np.nan]})
EXPECTED = [("Biro Umum", "1", "2.5"), ("Biro Hukum", "2", None)]
ODS = Path(__file__).parent / "data" / "table.ods"  # ROWS: nothing here writes this kind
WRITERS = {
    "a.csv": lambda p: ROWS.to_csv(p, index=False),
    "a.xlsx": lambda p: ROWS.to_excel(p, index=False, engine="xlsxwriter"),
    "a.ods": lambda p: shutil.copy(ODS, p),
    "a.parquet": lambda p: ROWS.to_parquet(p),
    "a.sav": lambda p: pyreadstat.write_sav(ROWS, p),
    "a.dta": lambda p: pyreadstat.write_dta(ROWS, p),
    "a.jsonl": lambda p: ROWS.to_json(p, orient="records", lines=True),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_file_gives_the_same_text(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name)
    table = el.read(tmp_path / name)
    assert list(table) == list(ROWS)
    cells = table.astype(object).where(table.notna(), None)
    assert list(cells.itertuples(index=False, name=None)) == EXPECTED


def test_a_long_file_loses_no_row(tmp_path: Path) -> None:
    n = 150_000  # more than one batch
    (tmp_path / "a.csv").write_text("x\n" + "\n".join(map(str, range(n))) + "\n")
    found = el.read(tmp_path / "a.csv")["x"].astype(int)
    assert found.tolist() == list(range(n))


def test_spss_labels_and_user_missing_values(tmp_path: Path) -> None:
    frame = pd.DataFrame({"q1": [1.0, 5.0, 99.0, 9.0], "usia": [30.0, 40.0, 998.0, 50.0]})
    pyreadstat.write_sav(
        frame,
        tmp_path / "a.sav",
        variable_value_labels={"q1": {1: "Tidak Setuju", 5: "Setuju", 9: "Tidak Tahu"}},
        missing_ranges={"q1": [99], "usia": [{"lo": 990, "hi": 999}]},
    )
    table = el.read(tmp_path / "a.sav")
    assert table["q1"].dropna().tolist() == ["Tidak Setuju", "Setuju", "Tidak Tahu"]
    assert table["usia"].dropna().tolist() == ["30", "40", "50"]
    assert table.isna().sum().tolist() == [1, 1]


def test_what_a_workbook_holds_as_text(tmp_path: Path) -> None:
    # 198609262015051001 as a 64-bit float; Excel itself keeps 15 digits and zeros
    values = [3.0, 0.1, 1.234, 1.98609262015051008e17, pd.Timestamp("2025-02-03"), None]
    table = pd.DataFrame({"x": pd.Series(values, dtype=object), "y": 1})
    table.to_excel(tmp_path / "a.xlsx", index=False, engine="xlsxwriter")
    found = el.read(tmp_path / "a.xlsx")["x"].tolist()
    # four decimals: never taken for one thousand
    assert found[:5] == ["3", "0.1", "1.2340", "198609262015051000", "2025-02-03"]
    assert pd.isna(found[5])


def test_a_sheet_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    ROWS.to_excel(tmp_path / "a.xlsx", sheet_name="Jawaban", engine="xlsxwriter", index=False)
    with pytest.raises(el.EvaluationError, match="Jawaban"):
        el.read(tmp_path / "a.xlsx", sheet="Jawapan")


@pytest.mark.parametrize(("name", "content"), [("a.pdf", b"%PDF"), ("a.xlsx", b"not a workbook")])
def test_unreadable_files_are_one_clear_problem(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(el.EvaluationError) as caught:
        el.read(tmp_path / name)
    (problem,) = caught.value.problems
    assert problem.where == name
    assert problem.remedy


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("lines", ['é;b\n"1,5";2\n', 'é,b\n"1,5",2\n', "é\tb\n1,5\t2\n"])
def test_encodings_and_separators_are_told_from_the_bytes(
    tmp_path: Path, code: str, lines: str
) -> None:
    (tmp_path / "a.csv").write_bytes(lines.encode(code))
    assert el.read(tmp_path / "a.csv").to_dict("records") == [{"é": "1,5", "b": "2"}]
