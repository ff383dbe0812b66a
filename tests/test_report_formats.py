"""PDF, DOCX and XLSX: made from the same sections, read back with other programs."""

from __future__ import annotations

import io
import re
import zipfile
from html import unescape
from importlib.util import find_spec

import pytest
from bs4 import BeautifulSoup

import evaluasi_lib as el
from evaluasi_lib.reporting import export, formats
from evaluasi_lib.reporting.elements import Figure, KeyFigures, Section, Table, every_element
from evaluasi_lib.reporting.sections import report_sections
from evaluasi_lib.reporting.workbook import render_workbook
from evaluasi_lib.wording import LANGUAGES
from tests import fixtures_result as fixtures

needs_extra = pytest.mark.skipif(
    find_spec("pypandoc") is None or find_spec("typst") is None,
    reason="the extra “formats” is not installed",
)
SHARE = re.compile(r"\d+%")


@pytest.fixture(scope="module", params=LANGUAGES)
def report(request) -> tuple[str, list[Section], dict[str, str]]:
    el.set_language(request.param)
    result = fixtures.example_result(request.param)
    sections = report_sections(fixtures.example_study().program, result)
    texts = export.page_texts(result)
    yield request.param, sections, texts
    el.set_language("id")


def elements(sections: list[Section], kind: type) -> list:
    return [e for e in every_element(sections) if isinstance(e, kind)]


@needs_extra
def test_the_pdf_is_tagged_and_holds_every_section(report):
    from pypdf import PdfReader

    language, sections, texts = report
    pdf = formats.render_pdf(sections, texts)
    reader = PdfReader(io.BytesIO(pdf))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == language
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    assert reader.metadata.title == texts["heading"]
    titles = [item.title for item in reader.outline if not isinstance(item, list)]
    for section in sections:
        assert any(section.title in title for title in titles)
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert "alert('x')" in text
    assert texts["contents"] in reader.pages[1].extract_text()
    assert "[emoji]" in " ".join(text.split())


@needs_extra
def test_the_same_report_gives_the_same_pdf(report):
    _language, sections, texts = report
    assert formats.render_pdf(sections, texts) == formats.render_pdf(sections, texts)


@needs_extra
def test_pandoc_reads_the_docx_back_with_headings_tables_and_pictures(report):
    import pypandoc

    _language, sections, texts = report
    docx = formats.render_docx(sections, texts)
    html = pypandoc.convert_text(docx, "html", format="docx", extra_args=["--wrap=none"])
    soup = BeautifulSoup(html, "html5lib")
    headings = [h.get_text(strip=True) for h in soup.find_all("h1")]
    first, *others = [f"{n}. {section.title}" for n, section in enumerate(sections, 1)]
    assert headings == [first, texts["contents"], *others]
    contents = soup.find("h1", string=texts["contents"]).find_next_siblings("p")[: len(sections)]
    assert [p.get_text(strip=True) for p in contents] == [first, *others]
    # The numbers of the first page are a table of their own, and stand beside one another.
    cards = sum(isinstance(e, KeyFigures) for e in every_element(sections))
    assert len(soup.find_all("table")) == len(elements(sections, Table)) + cards
    figures = elements(sections, Figure)
    assert len(soup.find_all("img")) == len(figures)
    document = zipfile.ZipFile(io.BytesIO(docx)).read("word/document.xml").decode("utf-8")
    spoken = unescape(document)
    for figure in figures:
        assert figure.alt[:40] in spoken
    assert "<script" not in html.replace("&lt;script", "")


@needs_extra
def test_a_table_in_word_is_small_enough_for_its_words_and_a_list_is_as_large_as_the_text(report):
    """Words were torn (“Rp2.203.030.00 / 0”), and lists had the small type of tables."""
    from docx import Document

    _language, sections, texts = report
    document = Document(io.BytesIO(formats.render_docx(sections, texts)))
    sizes = {name: document.styles[name].font.size.pt for name in ("Compact", "List Text")}
    assert sizes["Compact"] <= 8 < document.styles["Normal"].font.size.pt == sizes["List Text"]
    cells = [p for t in document.tables for row in t.rows for c in row.cells for p in c.paragraphs]
    assert {p.style.name for p in cells} <= {"Compact", "Value"}
    numbered = [
        p for p in document.paragraphs if p._p.pPr is not None and p._p.pPr.numPr is not None
    ]
    assert numbered
    assert {p.style.name for p in numbered} == {"List Text"}
    # In Calibri and its stand-ins a letter of table type is at most 0.6 of its height wide.
    page = document.sections[0]
    room = (page.page_width - page.left_margin - page.right_margin) / 12700
    assert formats.LINE_LETTERS * 0.6 * sizes["Compact"] <= room * 1.05


def test_a_missing_extra_is_named_with_its_remedy_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda name: None)
    el.set_language("en")
    with pytest.raises(el.EvaluationError, match=r"pypandoc_binary, typst.*\[formats\]"):
        export.write_report(tmp_path / "out", [], fixtures.empty_result(), ["pdf"])
    el.set_language("id")
    assert not (tmp_path / "out").exists()


def test_every_table_of_the_report_has_a_sheet_of_its_own(report):
    from python_calamine import CalamineWorkbook

    _language, sections, texts = report
    book = CalamineWorkbook.from_filelike(io.BytesIO(render_workbook(sections, texts)))
    tables = elements(sections, Table)
    assert len(book.sheet_names) == len(tables) + 2
    assert all(len(name) <= 31 for name in book.sheet_names)
    for table, name in zip(tables, book.sheet_names[2:], strict=True):
        rows = book.get_sheet_by_name(name).to_python()
        assert len(rows) == len(table.rows) + 1
        assert len(set(rows[0])) == len(rows[0])


def test_the_workbook_holds_unrounded_numbers_and_both_ends_of_intervals(report):
    from python_calamine import CalamineWorkbook

    _language, sections, texts = report
    book = CalamineWorkbook.from_filelike(io.BytesIO(render_workbook(sections, texts)))
    heads, first = book.get_sheet_by_name("efek").to_python()[:2]
    values = dict(zip(heads, first, strict=True))
    assert 0.4125 in values.values()
    assert [v for name, v in values.items() if "95%" in name] == [0.2125, 0.6125]


def test_no_text_from_a_person_becomes_a_formula_or_a_link(report):
    _language, sections, texts = report
    archive = zipfile.ZipFile(io.BytesIO(render_workbook(sections, texts)))
    strings = archive.read("xl/sharedStrings.xml").decode("utf-8")
    assert "=HYPERLINK" in strings
    for name in archive.namelist():
        if name.startswith("xl/worksheets/sheet"):
            assert b"<f>" not in archive.read(name)
        if name.endswith(".rels"):
            assert b'TargetMode="External"' not in archive.read(name)


def test_the_workbook_is_the_same_twice_and_its_tables_are_real(report):
    _language, sections, texts = report
    once = render_workbook(sections, texts)
    assert once == render_workbook(sections, texts)
    names = zipfile.ZipFile(io.BytesIO(once)).namelist()
    assert sum(n.startswith("xl/tables/") for n in names) == len(elements(sections, Table))


def test_ids_of_tables_and_figures_are_used_once(report):
    _language, sections, _texts = report
    for kind in (Table, Figure):
        ids = [e.id for e in elements(sections, kind)]
        assert len(ids) == len(set(ids))
