"""What a report is made of: sections of paragraphs, tables, figures and lists.

Sections are data. The notebook shows them, the HTML template renders them, the workbook of
tables takes the tables. Text from people is escaped here, where it is rendered, and nowhere else.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal

from evaluasi_lib.wording import _, language, word_for

UNBROKEN = 26  # letters of a number or interval that stays on one line


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; lead, note and warning are set apart."""

    text: str
    kind: Literal["text", "note", "lead", "warning"] = "text"

    def html(self) -> str:
        if self.kind == "warning":
            return (
                f'<p class="warning" role="note"><strong>{escape(_("Note"))}.</strong> '
                f"{escape(self.text)}</p>"
            )
        css = "" if self.kind == "text" else f' class="{self.kind}"'
        return f"<p{css}>{escape(self.text)}</p>"


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list, numbered where `ordered`."""

    items: Sequence[str]
    ordered: bool = False

    def html(self) -> str:
        tag = "ol" if self.ordered else "ul"
        rows = "".join(f"<li>{escape(item)}</li>" for item in self.items)
        return f"<{tag}>{rows}</{tag}>"


@dataclass(frozen=True, slots=True)
class Table:
    """Cells are texts, already in the reader's numbers; `values` keeps the numbers for XLSX.

    columns: headings. rows: one list of cells a row; the first cell heads its row.
    numeric: indices of columns set flush right. id: stable name, used for the sheet and anchor.
    """

    id: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    values: Sequence[Sequence[object]] | None = None
    note: str = ""

    def html(self) -> str:
        def css(i: int, length: int = 0) -> str:
            if i not in self.numeric:
                return ""
            return ' class="num"' if length <= UNBROKEN else ' class="num long"'

        head = "".join(
            f'<th scope="col"{css(i)}>{escape(name)}</th>' for i, name in enumerate(self.columns)
        )
        body = []
        for row in self.rows:
            cells = [f'<th scope="row">{escape(row[0])}</th>']
            cells += [
                f"<td{css(i, len(cell))}>{escape(cell)}</td>" for i, cell in enumerate(row[1:], 1)
            ]
            body.append("<tr>" + "".join(cells) + "</tr>")
        note = f'<p class="note">{escape(self.note)}</p>' if self.note else ""
        label = escape(self.caption, quote=True)
        return (
            f'<div class="table" role="region" tabindex="0" aria-label="{label}">'
            f'<table id="tbl-{self.id}"><caption>{escape(self.caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>{note}"
        )


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One number of the first page, as text."""

    label: str
    value: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """The few numbers of the first page, as a list of terms."""

    items: Sequence[KeyFigure]

    def html(self) -> str:
        parts = []
        for item in self.items:
            remark = f'<dd class="remark">{escape(item.remark)}</dd>' if item.remark else ""
            parts.append(
                f"<div><dt>{escape(item.label)}</dt><dd>{escape(item.value)}</dd>{remark}</div>"
            )
        return f'<dl class="key-figures">{"".join(parts)}</dl>'


@dataclass(frozen=True, slots=True)
class Figure:
    """title: the question. answer: what the result says. alt: for who hears the page."""

    id: str
    title: str
    answer: str
    alt: str
    svg: bytes

    def html(self) -> str:
        data = base64.b64encode(self.svg).decode("ascii")
        return (
            f'<figure id="fig-{self.id}">'
            f"<figcaption><strong>{escape(self.title)}</strong> {escape(self.answer)}</figcaption>"
            f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(self.alt, quote=True)}">'
            "</figure>"
        )


@dataclass(frozen=True, slots=True)
class QuoteBlock:
    """What a person said, with its source."""

    text: str
    source: str

    def html(self) -> str:
        return (
            f'<figure class="quote"><blockquote><p>{escape(self.text)}</p></blockquote>'
            f"<figcaption>{escape(self.source)}</figcaption></figure>"
        )


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section (h3)."""

    text: str

    def html(self) -> str:
        return f"<h3>{escape(self.text)}</h3>"


Element = Paragraph | Bullets | Table | KeyFigures | Figure | QuoteBlock | Heading


@dataclass(frozen=True, slots=True)
class Section:
    """One numbered section (h2) of the report. id is its anchor and stays the same by language."""

    id: str
    title: str
    elements: Sequence[Element] = field(default_factory=tuple)

    def html(self) -> str:
        inner = "\n".join(element.html() for element in self.elements)
        return (
            f'<section id="{self.id}" aria-labelledby="h-{self.id}" lang="{language()}">'
            f'<h2 id="h-{self.id}">{escape(self.title)}</h2>\n{inner}\n</section>'
        )

    def _repr_html_(self) -> str:
        return self.html()

    def __repr__(self) -> str:
        return f"Section({self.id!r}, {self.title!r}, {len(self.elements)} elements)"


def section(id: str, elements: Sequence[Element | None], otherwise: str = "") -> Section:
    """The elements that exist, under the section's title; where none does, why there is none."""
    kept = tuple(element for element in elements if element is not None)
    return Section(id, word_for("section", id), kept or (Paragraph(otherwise, "note"),))
