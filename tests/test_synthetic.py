"""The shipped synthetic programs are what the generator writes, and hold what they promise."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from evaluasi_lib.loading import load_program
from tests.synthetic import PROGRAMS, generate
from tests.synthetic.answers import bank
from tests.synthetic.declared import RAW
from tests.synthetic.files import docx_bytes, pdf_bytes

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


def test_nsw_is_the_published_data() -> None:
    # Dehejia and Wahba (1999), table 1: 185 treated, 260 controls, mean re78 6349.14 and 4554.80.
    table = pd.read_csv(RAW / "nsw-1976" / "nsw.csv")
    assert table.groupby("treat")["re78"].agg(["size", "mean"]).round(2).to_numpy().tolist() == [
        [260, 4554.80],
        [185, 6349.14],
    ]


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


def test_the_forms_hold_the_dirt_that_cleaning_has_to_meet() -> None:
    folder = RAW / "pelatihan-kepemimpinan-2025"
    survey = (folder / "survei_pra.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(survey, newline="")))
    answers = {value for row in rows for value in row.values()}
    assert {"tes", "asdf", "coba"} <= answers
    assert "setuju" in answers
    assert "SETUJU" in answers
    assert any("\u00a0" in value for value in answers)
    assert any(re.match(r"'\d{18}", row["NIP (18 angka)"]) for row in rows)
    assert any(re.match(r"\d{8} \d{6} \d \d{3}", row["NIP (18 angka)"]) for row in rows)
    assert all(
        re.match(r"\d\d/\d\d/2025 \d{1,2}\.\d\d\.\d\d$", row["Stempel waktu"]) for row in rows
    )
    book = pd.read_excel(folder / "penilaian_atasan.xlsx", header=2, engine="calamine")
    damaged = [v for v in book["NIP Pegawai yang Dinilai"] if not isinstance(v, str)]
    assert damaged
    # Excel keeps 15 digits; numbers of this size lie 32 apart.
    assert all(abs(int(v) - round(int(v), -3)) <= 16 for v in damaged)


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


def test_pdf_and_docx_are_read_back_page_by_page() -> None:
    from docx import Document
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(pdf_bytes("Judul", [["satu (dua)"], ["# Bab", "tiga"]])))
    assert [
        ("satu (dua)" in p.extract_text(), "tiga" in p.extract_text()) for p in reader.pages
    ] == [
        (True, False),
        (False, True),
    ]
    document = Document(io.BytesIO(docx_bytes("Judul", [["satu"], ["# Bab", "tiga"]])))
    assert [p.text.strip() for p in document.paragraphs if p.text.strip()] == [
        "Judul", "satu", "Bab", "tiga",
    ]  # fmt: skip


def test_mentoring_2025_follows_up_what_2024_recommended() -> None:
    program = load_program(RAW / "mentoring-karier-2025")
    assert program.series == load_program(RAW / "mentoring-karier-2024").series
    assert {r.from_cycle for r in program.earlier_recommendations} == {"2024"}
    assert {r.status for r in program.earlier_recommendations} == {"done", "partly", "not_done"}


def test_git_leaves_the_line_ends_of_data_alone() -> None:
    # Else a checkout on Windows would change every checksum, and the comparison above.
    rules = (RAW.parents[1] / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert "/data/raw/** -text" in rules
