"""Every kind of file gives the same text, and what a spreadsheet or package did to it is known."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyreadstat
import pytest

from evaluasi_lib.cleaning.events import utc_times
from evaluasi_lib.cleaning.mapping import recognise
from evaluasi_lib.cleaning.typers import Spec
from evaluasi_lib.errors import DataError
from evaluasi_lib.program import Column, Source
from evaluasi_lib.reading.cells import cell_text
from evaluasi_lib.reading.files import (
    detect_delimiter,
    detect_encoding,
    open_source,
)

ROWS = pd.DataFrame({"Unit": ["Biro Umum", "Biro Hukum"], "N": [1, 2], "Nilai": [2.5, np.nan]})
EXPECTED = [("Biro Umum", "1", "2.5"), ("Biro Hukum", "2", None)]
ODS = """<?xml version="1.0" encoding="UTF-8"?><office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"><office:body>
<office:spreadsheet><table:table table:name="Data">{rows}</table:table></office:spreadsheet>
</office:body></office:document-content>"""
MANIFEST = """<?xml version="1.0" encoding="UTF-8"?><manifest:manifest
 xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry
 manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>
</manifest:manifest>"""


def _ods(path: Path) -> None:
    def cell(value: object) -> str:
        if isinstance(value, str):
            return (
                '<table:table-cell office:value-type="string">'
                f"<text:p>{value}</text:p></table:table-cell>"
            )
        if value != value:
            return "<table:table-cell/>"
        return f'<table:table-cell office:value-type="float" office:value="{value}"/>'

    lines = [list(ROWS), *ROWS.itertuples(index=False)]
    rows = "".join(
        "<table:table-row>" + "".join(map(cell, line)) + "</table:table-row>" for line in lines
    )
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("content.xml", ODS.format(rows=rows))
        book.writestr("META-INF/manifest.xml", MANIFEST)


WRITERS = {
    "a.csv": lambda p: ROWS.to_csv(p, index=False),
    "a.xlsx": lambda p: ROWS.to_excel(p, index=False, engine="xlsxwriter"),
    "a.ods": _ods,
    "a.parquet": lambda p: ROWS.to_parquet(p),
    "a.sav": lambda p: pyreadstat.write_sav(ROWS, p),
    "a.dta": lambda p: pyreadstat.write_dta(ROWS, p),
    "a.jsonl": lambda p: ROWS.to_json(p, orient="records", lines=True),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_file_gives_the_same_text(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name)
    table = open_source(tmp_path / name, Source(file=name))
    assert table.headers == list(ROWS)
    columns = {h: i for i, h in enumerate(table.headers)}
    (batch,) = table.batches(columns)
    assert batch["row"].to_list() == [1, 2]
    assert batch.drop("row").rows() == EXPECTED


def test_batches_have_running_row_numbers_and_lose_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n" + "\n".join(map(str, range(2500))) + "\n")
    table = open_source(tmp_path / "a.csv", Source(file="a.csv"))
    whole = pl.concat(list(table.batches({"x": 0}, 1000)))
    assert whole["row"].to_list() == list(range(1, 2501))
    assert whole["x"].cast(pl.Int64).sum() == 2499 * 2500 // 2


def test_spss_labels_and_user_missing_values(tmp_path: Path) -> None:
    frame = pd.DataFrame({"q1": [1.0, 5.0, 99.0, 9.0], "usia": [30.0, 40.0, 998.0, 50.0]})
    pyreadstat.write_sav(
        frame,
        tmp_path / "a.sav",
        column_labels=["Saya puas", "Usia"],
        variable_value_labels={"q1": {1: "Tidak Setuju", 5: "Setuju", 9: "Tidak Tahu"}},
        missing_ranges={"q1": [99], "usia": [{"lo": 990, "hi": 999}]},
    )
    table = open_source(tmp_path / "a.sav", Source(file="a.sav"))
    assert table.details["questions"] == ["Saya puas", "Usia"]
    assert table.details["user_missing"] == 2
    (batch,) = table.batches({"q1": 0, "usia": 1})
    assert batch["q1"].to_list() == ["Tidak Setuju", "Setuju", None, "Tidak Tahu"]
    assert batch["usia"].to_list() == ["30", "40", None, "50"]
    codes = open_source(tmp_path / "a.sav", Source(file="a.sav"), frozenset({"q1"}))
    (batch,) = codes.batches({"q1": 0})
    assert batch["q1"].to_list() == ["1", "5", None, "9"]


def test_what_a_workbook_holds_as_text() -> None:
    assert cell_text(3.0) == "3"
    assert cell_text(0.1) == "0.1"
    assert cell_text(1.234) == "1.2340", "four decimals: never taken for one thousand"
    # 198609262015051001 as a 64-bit float; Excel itself keeps 15 digits and zeros
    assert cell_text(1.98609262015051008e17) == "198609262015051000"
    assert cell_text(pd.Timestamp("2025-02-03")) == "2025-02-03"
    assert cell_text(float("nan")) is None


def test_a_sheet_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    ROWS.to_excel(tmp_path / "a.xlsx", sheet_name="Jawaban", engine="xlsxwriter", index=False)
    with pytest.raises(DataError, match="Jawaban"):
        open_source(tmp_path / "a.xlsx", Source(file="a.xlsx", sheet="Jawapan"))


@pytest.mark.parametrize(("name", "content"), [("a.pdf", b"%PDF"), ("a.xlsx", b"not a workbook")])
def test_unreadable_files_are_one_clear_problem(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        open_source(tmp_path / name, Source(file=name))
    (problem,) = caught.value.problems
    assert problem.where == name
    assert problem.remedy


def test_encodings_and_separators_are_told_from_the_bytes() -> None:
    assert detect_encoding("é".encode()[:1] + b"") == "utf-8-sig", "cut inside a character"
    assert detect_encoding("é,x".encode("cp1252")) == "cp1252"
    assert detect_encoding("a".encode("utf-16")) == "utf-16"
    assert detect_delimiter('a;b\n"1,5";2\n') == ";"
    assert detect_delimiter("a,b\n1,2\n") == ","
    assert detect_delimiter("one column\nonly\n") == ","


def test_presets_are_known_by_their_own_columns() -> None:
    assert recognise(["Stempel waktu", "Nama", "Unit"]) == "google_forms"
    assert recognise(["Nama", "Timestamp"]) is None, "only as the first column"
    assert recognise(["start", "a", "_id", "_uuid", "_submission_time"]) == "kobotoolbox"
    assert recognise(["id", "submitdate", "lastpage", "q1"]) == "limesurvey"
    moodle = ["Waktu", "Nama lengkap", "Konteks peristiwa", "Komponen", "Nama peristiwa"]
    assert recognise(moodle) == "moodle"
    assert recognise(["a", "b"]) is None


def test_event_times_become_utc() -> None:
    text = pl.Series(
        [
            "3/02/25, 10:15:30", "2025-02-03T10:00:00+07:00", "2025-02-03T03:00:00Z",
            "1738551600", "1738551600000", "kemarin", None,
        ]
    )  # fmt: skip
    spec = Spec("time", Column.model_validate({"from": "t", "type": "date"}))
    times, rules = utc_times(text, spec, "Asia/Jakarta")
    found = [None if t is None else t.strftime("%Y-%m-%d %H:%M:%S") for t in times]
    assert found == ["2025-02-03 03:15:30", *["2025-02-03 03:00:00"] * 4, None, None]
    assert rules.to_list() == [None, None, None, None, None, "unknown", None]
