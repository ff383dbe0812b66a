"""The checklist page names only sections and titles that reports really have."""

from __future__ import annotations

import re
from pathlib import Path

import evaluasi_lib as el
from evaluasi_lib.wording import catalogue, code_words, word_for
from tests.messages import LIBRARY, all_messages

PAGE = (Path(__file__).parent.parent / "docs" / "uneg-trend.md").read_text(encoding="utf-8")


def rows(part: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    text = PAGE.split(f"\n## {part}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_section_and_title_named_exists():
    el.set_language("id")
    known = catalogue("id")
    sections = code_words()["section"]
    titles = {str(known.get(m, m)) for m in all_messages(LIBRARY / "reporting")}
    titles |= {words["id"] for words in sections.values()}
    for row in [*rows("UNEG/G(2010)/2"), *rows("TREND")]:
        item, section, title, note = row
        if not section:
            assert note.startswith("Tidak dijawab"), item
            continue
        assert section.strip("`") in sections, item
        assert title in titles, f"{item}: {title}"


def test_the_eight_parts_of_uneg_are_all_there():
    assert {row[0].split()[0] for row in rows("UNEG/G(2010)/2")} == {str(n) for n in range(1, 9)}


def test_the_22_items_of_trend_are_all_there_in_order():
    numbers = [int(re.match(r"\d+", row[0])[0]) for row in rows("TREND")]
    assert numbers == list(range(1, 23))


def test_the_titles_of_the_sections_are_those_that_the_sections_bear():
    from evaluasi_lib.reporting.sections import report_sections
    from tests import fixtures_result as fixtures

    el.set_language("id")
    sections = report_sections(fixtures.example_study().program, fixtures.example_result())
    assert {s.id: s.title for s in sections} == {
        code: word_for("section", code) for code in code_words()["section"]
    }
