"""The HTML report: order, structure, escaping, words for what is missing, the same bytes twice."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import html5lib
import jsonschema
import pytest
from bs4 import BeautifulSoup

import evaluasi_lib as el
from evaluasi_lib import results
from evaluasi_lib.reporting import export
from evaluasi_lib.reporting.sections import report_sections
from evaluasi_lib.wording import LANGUAGES, number, percent, rupiah
from tests import fixtures_result as fixtures
from tests.published import rows

ORDER = [
    "ringkasan", "program", "metodologi", "efektivitas", "efisiensi", "elearning", "partisipasi",
    "suara", "kekuatan-kelemahan", "putusan", "tindak-lanjut", "lampiran",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _indonesian_again():
    yield
    el.set_language("id")


def render(language: str = "id", *, bare: bool = False) -> str:
    el.set_language(language)
    study = fixtures.example_study(bare=bare)
    result = fixtures.empty_result() if bare else fixtures.example_result(language)
    return export.render_html(report_sections(study.program, result), result)


@pytest.fixture(scope="module", params=LANGUAGES)
def page(request) -> BeautifulSoup:
    html = render(request.param)
    el.set_language("id")
    soup = BeautifulSoup(html, "html5lib")
    assert soup.html["lang"] == request.param
    return soup


def test_sections_come_in_the_decided_order():
    el.set_language("id")
    sections = report_sections(fixtures.example_study().program, fixtures.example_result())
    assert [section.id for section in sections] == ORDER


def test_the_page_is_valid_html_by_the_strict_parser():
    for language in LANGUAGES:
        html5lib.HTMLParser(strict=True).parse(render(language))


def test_landmarks_skip_link_and_contents_lead_to_every_section(page):
    assert len(page.find_all("h1")) == 1
    assert page.main["id"] == page.select_one("a.skip")["href"].lstrip("#")
    assert [a["href"].lstrip("#") for a in page.nav.find_all("a")] == ORDER
    assert [s["id"] for s in page.main.find_all("section")] == ORDER
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids)), "ids repeat"


def test_headings_skip_no_level(page):
    levels = [int(tag.name[1]) for tag in page.find_all(re.compile("^h[1-6]$"))]
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_every_table_has_a_caption_and_scoped_headings(page):
    for table in page.find_all("table"):
        assert table.caption.get_text(strip=True)
        assert all(th["scope"] in ("col", "row") for th in table.find_all("th"))


def test_every_image_has_an_alt_of_its_own(page):
    alts = [img["alt"] for img in page.find_all("img")]
    assert len(alts) >= 4
    assert all(len(alt) > 30 for alt in alts)
    assert len(alts) == len(set(alts))
    assert all(img.find_parent("figure").figcaption for img in page.find_all("img"))


def test_no_request_goes_to_any_network():
    html = render()
    addresses = set(re.findall(r'(?:src|href)="([^"]+)"', html))
    assert all(a.startswith(("#", "data:")) for a in addresses)
    assert "@import" not in html
    assert "url(" not in html


def test_text_of_people_is_escaped_and_no_code_runs(page):
    assert page.find("script") is None
    assert fixtures.SCRIPT in page.get_text()


def test_a_number_that_may_not_be_shown_is_told_in_words():
    html = render("id")
    assert "tidak ditampilkan (kurang dari 5 orang)" in html
    assert "small_cell" not in html
    assert not re.search(r"\b(nan|NaN|None|inf)\b", BeautifulSoup(html, "html5lib").get_text())


def test_made_up_data_are_announced_on_the_first_page():
    assert "DATA SINTETIS" in BeautifulSoup(render(), "html5lib").find(id="ringkasan").get_text()


def test_a_section_without_data_says_why():
    soup = BeautifulSoup(render(bare=True), "html5lib")
    assert [s["id"] for s in soup.main.find_all("section")] == ORDER
    for section in soup.main.find_all("section"):
        assert len(section.get_text(" ", strip=True).split()) > 6
    assert "None" not in soup.get_text()


def test_numbers_are_those_of_the_language():
    assert "Rp66.500.000" in render("id")
    assert "Rp66,500,000" in render("en")


def test_two_runs_give_the_same_bytes():
    assert render("id") == render("id")


def test_the_report_stays_small():
    assert len(render().encode()) < 1_500_000


def test_result_json_holds_to_the_committed_schema():
    schema = json.loads(results.SCHEMA_PATH.read_text(encoding="utf-8"))
    for result in (fixtures.example_result(), fixtures.empty_result()):
        jsonschema.validate(json.loads(results.result_json(result)), schema)


def test_the_committed_schema_is_made_from_the_classes():
    assert results.SCHEMA_PATH.read_text(encoding="utf-8") == results.schema_text(), (
        "run python -m evaluasi_lib.results"
    )


def test_a_number_that_is_not_finite_is_refused_with_its_place():
    import dataclasses

    result = fixtures.example_result()
    place = next(i for i, row in enumerate(result.rows) if row.id == "sample/response_rate_share")
    rows = list(result.rows)
    rows[place] = dataclasses.replace(rows[place], value=float("nan"))
    with pytest.raises(el.EvaluationError, match="/measures/sample/response_rate_share"):
        results.result_json(dataclasses.replace(result, rows=tuple(rows)))


def test_an_unknown_format_is_refused_before_anything_is_written(tmp_path):
    result = fixtures.example_result()
    with pytest.raises(el.EvaluationError, match="docx"):
        export.write_report(tmp_path / "out", [], result, ["dcox"])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_numbers_of_the_sentences_are_those_of_result_json(language):
    el.set_language(language)
    result = fixtures.example_result(language)
    found = json.loads(results.result_json(result))
    text = BeautifulSoup(render(language), "html5lib").main.get_text(" ")
    for effect in rows(found, part="effects", role="primary", measure="estimate"):
        if effect["value"] is not None:
            low, high = (number(effect[key], 2) for key in ("low", "high"))
            between = f"{low} s.d. {high}" if language == "id" else f"{low} to {high}"
            assert f"{number(effect['value'], 2)} {effect['unit']}" in text
            assert f"95% {between}" in text or f"95% interval {between}" in text
    values = {row["id"]: row["value"] for row in found["measures"]}
    for share in (
        "sample/response_rate_share",
        "participation/completion_share",
        "elearning/off_hours_share",
        "participation/barriers/beban/share",
    ):
        assert percent(values[share]) in text
    for amount in ("total_cost_idr", "cost_per_participant_idr", "cost_per_completer_idr"):
        assert rupiah(values[f"efficiency/{amount}"]) in text


def test_not_significant_is_never_told_as_no_effect():
    for language in LANGUAGES:
        text = BeautifulSoup(render(language), "html5lib").get_text().lower()
        assert not re.search(r"no effect|tidak berpengaruh|tidak ada (efek|pengaruh|dampak)", text)
