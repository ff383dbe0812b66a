"""The report of a small program of one group: what may not be shown, and chapters without data."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import evaluasi_lib as el
from tests.made_studies import make_study, survey

LONG = "Speaking" + ", before people of other agencies" * 26
ITEMS = ["b1", "b2", "b3"]
OPTIONS = ["Beban", "Biaya", *(f"Pilihan {i}" for i in range(10))]  # ten are chosen by two or three


def wave(first: int, last: int, mean: float) -> pd.DataFrame:
    """Answers 1-5 of the persons from first to last."""
    rng = np.random.default_rng(first)
    trait = rng.normal(mean, 1, (last - first, 1))
    answers = np.clip(np.round(trait + rng.normal(0, 0.5, (last - first, 3))), 1, 5)
    return pd.DataFrame(answers, columns=ITEMS).assign(pid=[f"p{i}" for i in range(first, last)])


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Three persons answered at both waves; marks were given once."""
    after = wave(17, 60, 4).assign(nilai=range(43))
    for i in range(len(OPTIONS)):
        after[f"minat__o{i}"] = after.index % 3 <= i if i < 2 else after.index % 20 == i
    items = dict.fromkeys(ITEMS, "item:setuju")
    sources: dict[str, Any] = {
        "sebelum": survey(items, wave="pre"),
        "sesudah": survey(items | {"minat": "multi", "nilai": "number"}, wave="post"),
    }
    options = {f"o{i}": label for i, label in enumerate(OPTIONS)}
    sources["sesudah"]["columns"]["minat"] |= {"options": options}
    plain = {"level": "learning", "unit": "points", "sesoi": 0.3}
    declared = {
        "design": {"type": "single_group"},
        "sources": sources,
        "scales": {"setuju": {"points": 5}},
        "instruments": {
            "bicara": {"label": "Speaking", "scale": "setuju", "items": ITEMS, "level": "learning"}
        },
        "outcomes": [
            plain | {"id": "bicara", "label": LONG, "instrument": "bicara",
                     "baseline_wave": "pre"},
            plain | {"id": "nilai", "label": "Marks", "variable": "nilai"},
        ],
    }  # fmt: skip
    tables = {"sebelum": wave(0, 20, 3), "sesudah": after}
    return make_study(tmp_path_factory.mktemp("kecil"), declared, tables, "en")


@pytest.fixture(scope="module")
def pages(program: Any) -> dict[str, BeautifulSoup]:
    """Chapter -> its page."""
    return {c.id: BeautifulSoup(c.html(), "html5lib") for c in program.report()}


def cells(page: BeautifulSoup, name: str) -> list[list[str]]:
    """The rows of a table below its headings."""
    rows = page.select(f"#tbl-{name} tbody tr")
    return [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in rows]


def note(page: BeautifulSoup, name: str) -> str:
    return page.find(id=f"tbl-{name}").find_next(class_="note").get_text()


def test_the_first_number_that_may_not_be_shown_says_so_and_the_others_are_a_dash(pages) -> None:
    (hidden,) = cells(pages["efektivitas"], "efek")
    assert hidden[2:] == ["not shown (fewer than 5 persons)", *["—"] * 5]


def test_a_long_reason_becomes_a_note_and_a_row_without_any_number_is_one(pages) -> None:
    page, reason = pages["efektivitas"], "one group measured once: there is nothing to compare"
    _hidden, known = cells(page, "penduga")
    assert known[4:7] == ["43", "see note", "—"]
    assert f"Marks: {reason}" in note(page, "penduga")
    assert note(page, "efek").count(f"Marks (points): {reason}") == 1


def test_many_hidden_rows_are_counted_and_not_listed(pages) -> None:
    page = pages["efektivitas"]
    assert [row[2] for row in cells(page, "pertanyaan")] == ["Biaya", "Beban"]
    assert "Not shown (fewer than 5 persons): 10 rows." in note(page, "pertanyaan")


def test_where_the_means_of_those_measured_twice_are_hidden_those_of_all_stand_in(pages) -> None:
    (before, after) = (row[4] for row in cells(pages["efektivitas"], "skala-learning"))
    means = cells(pages["efektivitas"], "luaran-utama")[0][1]
    assert means == f"from {before} to {after} (all who answered)"


def test_a_single_line_is_no_picture_and_few_persons_have_no_tenths(pages) -> None:
    page = pages["efektivitas"]
    assert not page.select('figure[id^="fig-perubahan"]')
    assert "Box: the middle half of the scores" in page.get_text()
    assert "tenth" not in page.get_text()


def test_a_chapter_without_data_says_why(pages) -> None:
    assert len(pages) == 12
    for name, page in pages.items():
        text = page.section.get_text(" ", strip=True)
        assert len(text.split()) > 5, name
        assert "None" not in text
    for name in ("efisiensi", "elearning", "partisipasi", "tindak-lanjut"):
        assert "The program declares no" in pages[name].get_text()


@pytest.mark.skipif(find_spec("typst") is None, reason="the extra “formats” is not installed")
def test_the_first_page_of_the_pdf_holds_the_whole_summary_however_long_its_sentences_are(
    program: Any, pages, tmp_path: Path
) -> None:
    from pypdf import PdfReader

    el.set_language("en")
    program.report(out=tmp_path, formats="pdf")
    first, second, *_others = PdfReader(next(tmp_path.rglob("*.pdf"))).pages
    last = pages["ringkasan"].find_all("li")[-1].get_text()
    assert last in " ".join(first.extract_text().split())
    assert "Contents" in second.extract_text()
