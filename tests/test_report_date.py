"""A report says when it was written, by whom and whom to ask; its files say the same."""

from __future__ import annotations

import re
import time
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pypdf import PdfReader

import evaluasi_lib as el
from tests.made_studies import make_study, survey

SAID = {"date": "2025-09-15", "number": "EV-7", "author": "Evaluation unit", "contact": "room 12"}


@pytest.fixture(autouse=True)
def _english() -> None:
    el.set_language("en")


def program(folder: Path, **declared: Any) -> Any:
    answers = pd.DataFrame({"pid": [f"p{i}" for i in range(30)], "cara": ["daring"] * 30})
    sources = {"survei": survey({"cara": "category"}, wave="post")}
    declared = {"design": {"type": "single_group"}, "sources": sources} | declared
    return make_study(folder, declared, {"survei": answers}, "en")


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return program(tmp_path_factory.mktemp("dated"), report=SAID)


def files(program: Any, out: Path, formats: str) -> dict[str, Path]:
    program.report(["ringkasan", "program"], out, formats)
    return {path.suffix[1:]: path for path in (out / program.id).iterdir()}


def core(path: Path) -> str:
    return zipfile.ZipFile(path).read("docProps/core.xml").decode()


def test_page_and_files_carry_date_number_author_and_agency(dated: Any, tmp_path: Path) -> None:
    written = files(dated, tmp_path, "html,xlsx,docx,pdf")
    page = written["html"].read_text("utf-8")
    for text in ("dated September 15, 2025", "EV-7", "Evaluation unit", "room 12"):
        assert text in page
    for form in ("xlsx", "docx"):
        said = core(written[form])
        assert said.count("2025-09-15T00:00:00Z") == 2  # created and modified
        assert "<dc:creator>Evaluation unit</dc:creator>" in said
        assert "<cp:keywords>EV-7</cp:keywords>" in said
        assert "<dc:subject>Badan</dc:subject>" in said
    about = PdfReader(written["pdf"]).metadata
    assert (about["/Keywords"], about["/Author"], about["/Subject"]) == (
        "EV-7", "Evaluation unit", "Badan",
    )  # fmt: skip
    assert about.creation_date.strftime("%Y-%m-%d") == SAID["date"]


@pytest.mark.parametrize(
    ("declared", "said", "day"),
    [
        ({"period": {"start": "2025-01-01", "end": "2025-06-30"}},
         "June 30, 2025 (last day of the program)", "2025-06-30"),
        ({}, "", "1980-01-01"),
        ({"report": SAID | {"date": "1977-07-31"}}, "July 31, 1977", "1980-01-01"),
    ],
)  # fmt: skip
def test_without_a_date_it_is_the_last_day_of_the_program_and_files_know_no_year_before_1980(
    declared: dict[str, Any], said: str, day: str, tmp_path: Path
) -> None:
    written = files(program(tmp_path, **declared), tmp_path / "out", "html,xlsx")
    page = " ".join(re.sub(r"<[^>]+>", " ", written["html"].read_text("utf-8")).split())
    assert ("Date of the report" in page) == bool(said)
    assert said in page
    assert f"{day}T00:00:00Z" in core(written["xlsx"])


def test_source_date_epoch_is_the_date_of_every_file_and_gives_the_same_bytes(
    dated: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")  # 2026-01-01
    once = files(dated, tmp_path / "once", "xlsx,docx,pdf")
    time.sleep(2.1)  # an archive counts time in steps of two seconds
    again = files(dated, tmp_path / "again", "xlsx,docx,pdf")
    for form in ("xlsx", "docx", "pdf"):
        assert once[form].read_bytes() == again[form].read_bytes(), form
    for form in ("xlsx", "docx"):
        assert core(once[form]).count("2026-01-01T00:00:00Z") == 2
    assert PdfReader(once["pdf"]).metadata.creation_date.year == 2026
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(el.EvaluationError, match=r"SOURCE_DATE_EPOCH.*yesterday"):
        files(dated, tmp_path / "no", "xlsx")
