"""How long the shipped reports are, for docs/report.md: words, pages, tables and figures.

`python -m tests.report_counts` evaluates the shipped programs (about two minutes) and writes the
table between its marks.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from pypdf import PdfReader

import evaluasi_lib as el
from tests.guard_data import SHIPPED
from tests.pages import put

PAGE = Path(__file__).resolve().parent.parent / "docs" / "report.md"
HEADS = ("Program", "Pages", "Words", "Tables", "Figures")


def content(sections: Sequence[Tag]) -> list[int]:
    """Words, tables and figures."""
    words = sum(len(section.get_text(" ").split()) for section in sections)
    kinds = ("table", "figure:not(.quote)")
    return [words, *(sum(len(one.select(kind)) for one in sections) for kind in kinds)]


def counted(program_id: str) -> list[str]:
    """One program's row: of the body, then of the body and the annex together."""
    with tempfile.TemporaryDirectory() as name:
        el.open(program_id).report(out=name, formats="html,pdf")
        folder = Path(name) / program_id
        reader = PdfReader(folder / "laporan.pdf")
        page = BeautifulSoup((folder / "laporan.html").read_text("utf-8"), "html5lib")
    chapters = [item for item in reader.outline if not isinstance(item, list)]
    annex = reader.get_destination_page_number(chapters[-1])
    sections = page.select("main section")
    body, whole = content(sections[:-1]), content(sections)
    pairs = zip([annex, *body], [len(reader.pages), *whole], strict=True)
    return [program_id, *(f"{part} of {all_of_it}" for part, all_of_it in pairs)]


def main() -> None:
    rows = [HEADS, ["---"] * len(HEADS), *map(counted, SHIPPED)]
    put(PAGE, "counts", "\n".join("| " + " | ".join(row) + " |" for row in rows))


if __name__ == "__main__":
    main()
