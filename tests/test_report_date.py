"""A report says when it was written, by whom and whom to ask; its files say the same."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import re
import time
import zipfile

import pytest
from pypdf import PdfReader

import evaluasi_lib as el
from evaluasi_lib.reporting import export
from evaluasi_lib.reporting.formats import created, render_docx, render_pdf
from evaluasi_lib.reporting.sections import report_sections
from evaluasi_lib.reporting.workbook import render_workbook
from evaluasi_lib.results import EvaluationResult
from tests import fixtures_result as fixtures
from tests.situations import make

SAID = {
    "reported": dt.date(2025, 9, 15), "number": "EV-7", "author": "Evaluation unit",
    "contact": "room 12",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _english():
    el.set_language("en")
    yield
    el.set_language("id")


def dated() -> EvaluationResult:
    result = fixtures.example_result("en")
    return dataclasses.replace(result, program=dataclasses.replace(result.program, **SAID))


def test_the_page_says_date_number_author_and_contact():
    page = export.render_html(report_sections(fixtures.example_study().program, dated()), dated())
    assert "dated September 15, 2025" in page
    for text in ("EV-7", "Evaluation unit", "room 12"):
        assert text in page


def test_a_date_that_nobody_declared_is_the_last_day_of_the_program_and_says_so():
    program, _measured = make()
    assert program.report_date == dt.date(2025, 6, 30)
    page = export.render_html(report_sections(fixtures.example_study().program, dated()), dated())
    assert "(last day of the program)" in page


def test_files_carry_the_date_of_the_report_and_its_author():
    texts = export.page_texts(dated())
    sections = report_sections(fixtures.example_study().program, dated())[:2]
    for content in (render_workbook(sections, texts), render_docx(sections, texts)):
        core = zipfile.ZipFile(io.BytesIO(content)).read("docProps/core.xml").decode()
        assert "2025-09-15T00:00:00Z" in core
        assert "<dc:creator>Evaluation unit</dc:creator>" in core
    pdf = render_pdf(sections, texts)
    assert re.search(rb"CreationDate ?\(D:20250915", pdf) or b"2025-09-15" in pdf
    assert pdf == render_pdf(sections, texts)


def test_files_carry_the_number_of_the_report_and_the_agency():
    texts = export.page_texts(dated())
    sections = report_sections(fixtures.example_study().program, dated())[:2]
    for content in (render_workbook(sections, texts), render_docx(sections, texts)):
        core = zipfile.ZipFile(io.BytesIO(content)).read("docProps/core.xml").decode()
        assert "<cp:keywords>EV-7</cp:keywords>" in core
        assert f"<dc:subject>{texts['organisation']}</dc:subject>" in core
    about = PdfReader(io.BytesIO(render_pdf(sections, texts))).metadata
    assert about["/Keywords"] == "EV-7"
    assert about["/Author"] == "Evaluation unit"
    assert about["/Subject"] == texts["organisation"]


def test_source_date_epoch_is_the_date_of_every_file_and_gives_the_same_bytes(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")  # 2026-01-01
    texts = export.page_texts(dated())
    sections = report_sections(fixtures.example_study().program, dated())[:2]
    for render in (render_workbook, render_docx):
        content = render(sections, texts)
        core = zipfile.ZipFile(io.BytesIO(content)).read("docProps/core.xml").decode()
        assert core.count("2026-01-01T00:00:00Z") == 2  # created and modified
        time.sleep(2.1)  # an archive counts time in steps of two seconds
        assert content == render(sections, texts)
    about = PdfReader(io.BytesIO(render_pdf(sections, texts))).metadata
    assert about.creation_date.date() == dt.date(2026, 1, 1)


def test_a_source_date_epoch_that_is_no_number_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(el.EvaluationError, match=r"SOURCE_DATE_EPOCH.*yesterday"):
        created({})


def test_a_report_without_a_date_or_from_before_zip_files_is_of_1980():
    assert created({}) == created({"created": "1977-07-31"})
    assert created({}).year == 1980
