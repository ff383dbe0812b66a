"""How long the shipped reports are, for docs/report.md: words, pages, tables and figures.

`python -m tests.report_counts` evaluates the shipped programs (about two minutes) and writes the
table between its marks.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from bs4 import BeautifulSoup
from pypdf import PdfReader

import evaluasi_lib as el
from evaluasi_lib.check import DataFolder
from evaluasi_lib.reporting.elements import ANNEX, Figure, Section, Table, arranged, every_element
from evaluasi_lib.reporting.export import page_texts
from evaluasi_lib.reporting.formats import render_pdf
from evaluasi_lib.reporting.sections import report_sections
from tests.pages import put

PAGE = Path(__file__).resolve().parent.parent / "docs" / "report.md"
HEADS = ("Program", "Pages", "Words", "Tables", "Figures")


def content(sections: Sequence[Section]) -> list[int]:
    """Words, tables and figures."""
    html = "".join(section.html() for section in sections)
    words = len(BeautifulSoup(html, "html5lib").get_text(" ").split())
    found = list(every_element(sections))
    return [words, *(sum(isinstance(e, kind) for e in found) for kind in (Table, Figure))]


def counted(program_id: str) -> list[str]:
    """One program's row: of the body, then of the body and the annex together."""
    program = el.open(program_id)
    result = program.result
    sections = report_sections(program.declared, result)
    reader = PdfReader(io.BytesIO(render_pdf(sections, page_texts(result))))
    starts = [
        reader.get_destination_page_number(o) for o in reader.outline if not isinstance(o, list)
    ]
    placed = arranged(sections)
    body = content([section for section in placed if section.id != ANNEX])
    pairs = zip([starts[-1], *body], [len(reader.pages), *content(placed)], strict=True)
    return [program_id, *(f"{part} of {whole}" for part, whole in pairs)]


def main() -> None:
    rows = [HEADS, ["---"] * len(HEADS), *map(counted, DataFolder.at(None).program_ids)]
    put(PAGE, "counts", "\n".join("| " + " | ".join(row) + " |" for row in rows))


if __name__ == "__main__":
    main()
