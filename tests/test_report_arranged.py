"""Body and annex: where elements go, what is numbered, what refers to what."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

import evaluasi_lib as el
from evaluasi_lib.reporting import export, formats, words
from evaluasi_lib.reporting.elements import (
    Figure,
    Folded,
    Heading,
    Paragraph,
    Section,
    Table,
    arranged,
    every_element,
)
from evaluasi_lib.reporting.sections import report_sections
from evaluasi_lib.reporting.sections.effects import section_effectiveness
from evaluasi_lib.wording import LANGUAGES
from tests import fixtures_result as fixtures

PICTURE = b"<svg></svg>"


@pytest.fixture(autouse=True)
def _indonesian_again():
    yield
    el.set_language("id")


def example(language: str) -> list[Section]:
    el.set_language(language)
    return report_sections(fixtures.example_study().program, fixtures.example_result(language))


def two_chapters() -> list[Section]:
    body = Table("b", "Body", ["A"], [["1"]])
    more = Table("m", "More", ["A"], [["1"]])
    picture = Figure("p", "How?", "So.", "A picture in words", PICTURE)
    said = Paragraph("It is so.", see=("tbl-m", "fig-p", "tbl-gone"))
    return [
        Section("one", "One", (said, body), (Heading("Sub"), picture, more)),
        Section("lampiran", "Annex", (Paragraph("All."),), (Table("z", "Last", ["A"], [["1"]]),)),
    ]


def test_details_stand_in_one_annex_a_fold_for_each_chapter_and_nothing_is_lost():
    sections = two_chapters()
    body, annex = arranged(sections)
    assert [type(e) for e in body.elements] == [Paragraph, Table]
    folds = [e for e in annex.elements if isinstance(e, Folded)]
    assert [fold.id for fold in folds] == ["rinci-one", "rinci-lampiran"]
    assert folds[0].elements[0] == Heading("Sub", 4)
    anchors = {e.anchor for e in every_element(sections) if isinstance(e, (Table, Figure))}
    kept = {e.anchor for e in every_element([body, annex]) if isinstance(e, (Table, Figure))}
    assert kept == anchors


def test_numbers_follow_the_page_and_references_name_them():
    el.set_language("en")
    body, annex = arranged(two_chapters())
    html = body.html() + annex.html()
    assert re.findall(r"Table \d|Figure \d", BeautifulSoup(html, "html5lib").get_text()) == [
        "Table 2", "Figure 1", "Table 1", "Figure 1", "Table 2", "Table 3",
    ]  # fmt: skip
    assert 'It is so (<a href="#tbl-m">Table 2</a>, <a href="#fig-p">Figure 1</a>).' in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reference_leads_to_what_it_names(language):
    result = fixtures.example_result(language)
    html = export.render_html(example(language), result)
    page = BeautifulSoup(html, "html5lib")
    links = page.main.select('a[href^="#fig-"], a[href^="#tbl-"]')
    assert len(links) > 5
    for link in links:
        target = page.find(id=link["href"].lstrip("#"))
        named = target.caption if target.name == "table" else target.figcaption
        assert named.get_text().startswith(f"{link.get_text()}. ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_body_is_short_and_the_annex_is_folded(language):
    *body, annex = arranged(example(language))
    tables = [e for e in every_element(body) if isinstance(e, Table)]
    assert len(tables) <= 6
    page = BeautifulSoup(annex.html(), "html5lib")
    assert all(not fold.has_attr("open") for fold in page.find_all("details"))
    assert len(page.find_all("table")) > len(tables)


def test_docs_say_which_question_each_table_and_figure_of_the_body_answers():
    *body, _annex = arranged(example("en"))
    said = (Path(__file__).resolve().parent.parent / "docs" / "report.md").read_text("utf-8")
    for element in every_element(body):
        if isinstance(element, (Table, Figure)):
            assert f"{type(element).__name__} `{element.id}`" in said


def test_the_first_page_says_from_what_to_what_with_the_interval_and_what_it_means():
    el.set_language("en")
    first = example("en")[0]
    text = BeautifulSoup(first.html(), "html5lib").get_text(" ")
    assert "from 3.10 to 3.55" in text
    assert "likely effect of the program 0.41 (95% interval 0.21 to 0.61): improved." in text
    assert "A change matters from 0.30" in text
    assert "by March 1, 2026" in text
    assert sum(isinstance(e, Figure) for e in first.elements) == 1


def test_where_the_means_of_those_measured_twice_are_hidden_those_of_all_stand_in():
    el.set_language("en")
    declared = fixtures.example_study().program
    outcome = declared.outcomes[0].model_copy(
        update={"instrument": "bicara", "baseline_wave": "pre", "wave": "post"}
    )
    program = declared.model_copy(update={"outcomes": [outcome]})
    hidden = fixtures.effect("komunikasi", "Komunikasi")
    assert words.means_of(program, [], [hidden]) == {}
    rows = [
        *fixtures.scale_rows("bicara", "program", 3.2, "pre"),
        *fixtures.scale_rows("bicara", "program", 3.6, "post"),
    ]
    found = words.means_of(program, rows, [hidden])
    assert found == {"komunikasi": "from 3.20 to 3.60 (all who answered)"}


def test_the_effects_of_the_first_page_are_not_told_again_as_strengths():
    result = fixtures.example_result("id")
    (strength,) = result.strengths
    again = replace(strength, id="effect.komunikasi", statement="Sudah dikatakan.")
    program = fixtures.example_study().program
    first = report_sections(program, replace(result, strengths=(again,)))[0]
    assert "Sudah dikatakan." not in first.html()


def test_a_single_line_is_no_picture():
    alone = section_effectiveness(*_with_waves(["program"])).details
    assert not [e for e in alone if getattr(e, "id", "").startswith("perubahan-")]
    both = section_effectiveness(*_with_waves(["program", "comparison"])).details
    assert [e for e in both if getattr(e, "id", "").startswith("perubahan-")]


def _with_waves(groups: list[str]):
    rows = [
        row
        for wave, mean in (("pre", 3.0), ("post", 4.0))
        for group in groups
        for row in fixtures.scale_rows("kepuasan", group, mean, wave)
    ]
    result = replace(fixtures.example_result(), rows=(*fixtures.example_rows(), *rows))
    return fixtures.example_study().program, result


@pytest.mark.skipif(find_spec("typst") is None, reason="the extra “formats” is not installed")
def test_the_first_page_of_the_pdf_holds_the_whole_summary_however_long_its_sentences_are():
    from pypdf import PdfReader

    el.set_language("id")
    result = fixtures.example_result()
    long = tuple(f"Alasan {n} " + "yang panjang sekali dan masih berlanjut " * 6 for n in range(5))
    result = replace(result, verdict=replace(result.verdict, reasons=long))
    sections = report_sections(fixtures.example_study().program, result)
    texts = export.page_texts(result)
    first, second, *_others = PdfReader(io.BytesIO(formats.render_pdf(sections, texts))).pages
    due = "1 Maret 2026"  # of the last action
    assert due in " ".join(first.extract_text().split())
    assert due not in second.extract_text()
    assert texts["contents"] in second.extract_text()
