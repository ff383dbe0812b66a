"""The shipped synthetic programs are what the generator writes, and hold what they promise."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from evaluasi_lib.check import load_program
from tests.synthetic import PROGRAMS, generate
from tests.synthetic.answers import bank
from tests.synthetic.declared import RAW

WRITTEN_BY_HAND = {"program.yml", "rubrik.yml"}
SHIPPED = sorted([*PROGRAMS, "nsw-1976"])


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in WRITTEN_BY_HAND
    }


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    for program_id in PROGRAMS:
        generate(program_id, None, folder / program_id)
    return folder


@pytest.mark.parametrize("program_id", sorted(PROGRAMS))
def test_generator_writes_the_shipped_files_byte_for_byte(program_id: str, generated: Path) -> None:
    ours, shipped = _files(generated / program_id), _files(RAW / program_id)
    assert list(ours) == list(shipped)
    assert [name for name in ours if ours[name] != shipped[name]] == []


@pytest.mark.parametrize("program_id", SHIPPED)
def test_every_shipped_program_loads_and_says_whether_it_is_synthetic(program_id: str) -> None:
    program = load_program(RAW / program_id)
    assert program.synthetic is (program_id != "nsw-1976")
    if program.synthetic:
        head = (RAW / program_id / "program.yml").read_text(encoding="utf-8").splitlines()[0]
        assert "SINTETIS" in head
        assert "SYNTHETIC" in head


def test_readme_names_every_program_and_which_are_synthetic() -> None:
    text = (RAW / "README.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    assert sorted(rows) == SHIPPED
    for program_id, row in rows.items():
        assert ("SINTETIS" in row) is (program_id != "nsw-1976")
        assert ("DATA NYATA" in row) is (program_id == "nsw-1976")


def test_shipped_data_stay_small() -> None:
    assert sum(len(c) for p in SHIPPED for c in _files(RAW / p).values()) < 4_000_000
    assert (RAW / "elearning-asn-2025" / "log_moodle.csv").stat().st_size < 2_000_000


def test_every_nip_is_invented_and_unique_in_its_first_15_digits() -> None:
    for program_id, file, separator in (
        ("pelatihan-kepemimpinan-2025", "daftar_pegawai.csv", ";"),
        ("elearning-asn-2025", "peserta.csv", ","),
    ):
        text = (RAW / program_id / file).read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), delimiter=separator))
        nip = [row["NIP"].lstrip("'") for row in rows]
        shape = re.compile(
            r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d)(19|20)\d\d(0[1-9]|1[0-2])[12]9\d\d"
        )
        assert all(shape.fullmatch(n) for n in nip)
        assert len({n[:15] for n in nip}) == len(nip)


@pytest.mark.parametrize("program_id", ["pelatihan-kepemimpinan-2025", "elearning-asn-2025"])
def test_quotes_and_manual_codes_point_at_the_answers_they_mean(program_id: str) -> None:
    folder = RAW / program_id
    declared = yaml.safe_load((folder / "program.yml").read_text(encoding="utf-8"))["sources"]
    quotes = pd.read_csv(folder / "kutipan.csv", dtype=str)
    codes = pd.read_csv(folder / "kode_manual.csv", dtype=str)
    assert quotes["status"].isin(["disetujui", "usulan"]).all()
    assert quotes["status"].eq("disetujui").sum() >= 8
    assert len(codes) >= 80
    for source, rows in quotes.groupby("source"):
        table = pd.read_csv(folder / declared[source]["file"], dtype=str)
        for quote in rows.itertuples():
            heading = declared[source]["columns"][quote.variable]["from"]
            assert table[heading].iloc[int(quote.row) - 1] == quote.text


def test_no_approved_quote_names_a_person() -> None:
    for path in RAW.glob("*/kutipan.csv"):
        table = pd.read_csv(path, dtype=str)
        approved = " ".join(table.loc[table["status"].eq("disetujui"), "text"])
        assert not any(piece in approved for piece in bank()["identifying"])
        assert "Wicaksono" not in approved


def test_git_leaves_the_line_ends_of_data_alone() -> None:
    # Else a checkout on Windows would change every checksum, and the comparison above.
    rules = (RAW.parents[1] / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert "/data/raw/** -text" in rules
