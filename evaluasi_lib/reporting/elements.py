"""What a report is made of: sections of paragraphs, tables, figures and lists.

Sections are data. The notebook shows them, the HTML template renders them, the workbook of
tables takes the tables. Text from people is escaped here, where it is rendered, and nowhere else.

A section has elements, which a decision needs, and details, which a second researcher needs.
`arranged` puts the details of all sections into one technical annex and numbers what a text refers
to.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, Literal

from evaluasi_lib.wording import _, language, word_for

UNBROKEN = 26  # letters of a number or interval that stays on one line
ANNEX = "lampiran"
# JupyterLab floats every dt and dd; the key figures of the first page are a row of boxes.
JUPYTER = (
    ".evaluasi dl.key-figures{display:flex;flex-wrap:wrap;gap:1em 2em}"
    ".evaluasi dl.key-figures dt,.evaluasi dl.key-figures dd"
    "{float:none;clear:none;display:block;width:auto;margin:0;padding:0}"
    ".evaluasi dl.key-figures dt{font-weight:400}"
    ".evaluasi dl.key-figures dd{font-size:1.3em;font-weight:600}"
    ".evaluasi dl.key-figures dd.remark{font-size:1em;font-weight:400}"
    ".evaluasi summary{cursor:pointer}.evaluasi img{max-width:100%}"
    ".evaluasi>section>h2{display:none}"  # the fold's own line says it already
)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; lead, note and warning are set apart.

    see: anchors of figures and tables that the text refers to ("fig-efek", "tbl-efek"). links:
    these anchors with their numbers in words, which `arranged` fills in.
    """

    text: str
    kind: Literal["text", "note", "lead", "warning"] = "text"
    see: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()

    def html(self) -> str:
        named = ", ".join(f'<a href="#{to}">{escape(name)}</a>' for to, name in self.links)
        text = escape(self.text)
        if named:
            text = f"{text[:-1]} ({named})." if text.endswith(".") else f"{text} ({named})"
        if self.kind == "warning":
            note = escape(_("Note"))
            return f'<p class="warning" role="note"><strong>{note}.</strong> {text}</p>'
        css = "" if self.kind == "text" else f' class="{self.kind}"'
        return f"<p{css}>{text}</p>"


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
    number: its place in the report ("Table 3"), which `arranged` fills in.
    """

    id: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    values: Sequence[Sequence[object]] | None = None
    note: str = ""
    number: str = ""

    @property
    def anchor(self) -> str:
        return f"tbl-{self.id}"

    def html(self) -> str:
        def css(i: int, length: int = 0) -> str:
            if i not in self.numeric:
                return ""
            return ' class="num"' if length <= UNBROKEN else ' class="num long"'

        head = "".join(
            f'<th scope="col"{css(i)}>{escape(name)}</th>' for i, name in enumerate(self.columns)
        )
        body = ""
        for first, *others in self.rows:
            cells = (f"<td{css(i, len(c))}>{escape(c)}</td>" for i, c in enumerate(others, 1))
            body += f'<tr><th scope="row">{escape(first)}</th>{"".join(cells)}</tr>'
        note = f'<p class="note">{escape(self.note)}</p>' if self.note else ""
        label = escape(self.caption, quote=True)
        number = f"{escape(self.number)}. " if self.number else ""
        return (
            f'<div class="table" role="region" tabindex="0" aria-label="{label}">'
            f'<table id="{self.anchor}"><caption>{number}{escape(self.caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{note}"
        )


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One number of the first page, as text."""

    label: str
    value: str
    remark: str


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """The few numbers of the first page, as a list of terms."""

    items: Sequence[KeyFigure]

    def html(self) -> str:
        parts = (
            f"<div><dt>{escape(item.label)}</dt><dd>{escape(item.value)}</dd>"
            f'<dd class="remark">{escape(item.remark)}</dd></div>'
            for item in self.items
        )
        return f'<dl class="key-figures">{"".join(parts)}</dl>'


@dataclass(frozen=True, slots=True)
class Figure:
    """title: the question. answer: what the result says. key: how to read the picture. alt: for who
    hears the page. number: its place in the report ("Figure 2"), which `arranged` fills in."""

    id: str
    title: str
    answer: str
    alt: str
    svg: bytes
    key: str = ""
    number: str = ""

    @property
    def anchor(self) -> str:
        return f"fig-{self.id}"

    def html(self) -> str:
        data = base64.b64encode(self.svg).decode("ascii")
        number = f"{escape(self.number)}. " if self.number else ""
        label = escape(self.title, quote=True)
        answer = escape(self.answer) + (f" {escape(self.key)}" if self.key else "")
        return (
            f'<figure id="{self.anchor}"><figcaption><strong>{number}{escape(self.title)}</strong> '
            f"{answer}</figcaption>"
            f'<div class="picture" role="region" tabindex="0" aria-label="{label}">'
            f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(self.alt, quote=True)}">'
            "</div></figure>"
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
    """A heading inside a section (h3), or inside a chapter of the annex (h4)."""

    text: str
    level: int = 3

    def html(self) -> str:
        return f"<h{self.level}>{escape(self.text)}</h{self.level}>"


@dataclass(frozen=True, slots=True)
class Columns:
    """Parts side by side where the page is wide enough, else one below the other."""

    parts: Sequence[Sequence[Heading | Bullets | Paragraph]]

    def html(self) -> str:
        parts = ("".join(element.html() for element in part) for part in self.parts)
        divs = "".join(f'<div class="part">{part}</div>' for part in parts)
        return f'<div class="columns">{divs}</div>'


Element = Paragraph | Bullets | Table | KeyFigures | Figure | QuoteBlock | Heading | Columns


@dataclass(frozen=True, slots=True)
class Folded:
    """The details of one chapter in the annex: closed on the screen, open on paper."""

    id: str
    title: str
    elements: Sequence[Element]

    def html(self) -> str:
        inner = "\n".join(element.html() for element in self.elements)
        return (
            f'<details id="{self.id}"><summary><h3>{escape(self.title)}</h3></summary>\n'
            f"{inner}\n</details>"
        )


@dataclass(frozen=True, slots=True)
class Section:
    """One numbered section (h2) of the report. id is its anchor and stays the same by language.

    elements: what a decision needs. details: all else, for the technical annex.
    """

    id: str
    title: str
    elements: Sequence[Element | Folded] = field(default_factory=tuple)
    details: Sequence[Element] = ()

    def html(self) -> str:
        inner = "\n".join(element.html() for element in (*self.elements, *self.details))
        return (
            f'<section id="{self.id}" aria-labelledby="h-{self.id}" lang="{language()}">'
            f'<h2 id="h-{self.id}">{escape(self.title)}</h2>\n{inner}\n</section>'
        )

    def _repr_html_(self) -> str:
        """In Jupyter: folded, under its title."""
        return (
            f'<details class="evaluasi"><summary><strong>{escape(self.title)}</strong></summary>'
            f"<style>{JUPYTER}</style>{self.html()}</details>"
        )

    def __repr__(self) -> str:
        return self.title


def section(
    id: str,
    elements: Sequence[Element | None],
    otherwise: str = "",
    details: Sequence[Element | None] = (),
) -> Section:
    """The elements and details that exist, under the section's title; where no element does, why
    there is none."""
    kept = tuple(element for element in elements if element is not None)
    more = tuple(element for element in details if element is not None)
    return Section(id, word_for("section", id), kept or (Paragraph(otherwise, "note"),), more)


def told(figure: Figure | None, *tables: Table | None) -> Paragraph | None:
    """What a figure of the details answers, as a sentence that refers to it and to tables."""
    if figure is None:
        return None
    see = tuple(found.anchor for found in (figure, *tables) if found is not None)
    return Paragraph(figure.answer, see=see)


def asked(figure: Figure) -> Paragraph:
    """The question and the answer of a figure of the details, with a reference to it."""
    text = _("{question} {answer}").format(question=figure.title, answer=figure.answer)
    return Paragraph(text, see=(figure.anchor,))


def every_element(sections: Iterable[Section]) -> Iterator[Element]:
    """Every element in the order of the report: of each section, of its details, of its folds."""
    for one in sections:
        for element in (*one.elements, *one.details):
            if isinstance(element, Folded):
                yield from element.elements
            else:
                yield element


def arranged(sections: Sequence[Section]) -> list[Section]:
    """The sections as they are printed: their elements, then all details in one technical annex,
    a fold for each chapter; figures and tables numbered, and texts that refer to them say so."""
    own = _("Instruments, data and software")  # of the annex itself
    folds = tuple(
        Folded(
            f"rinci-{one.id}",
            own if one.id == ANNEX else one.title,
            [replace(e, level=4) if isinstance(e, Heading) else e for e in one.details],
        )
        for one in sections
        if one.details
    )
    body = [replace(one, details=()) for one in sections if one.id != ANNEX]
    last = next((one for one in sections if one.id == ANNEX), None)
    if last is not None or folds:
        head = last or Section(ANNEX, word_for("section", ANNEX))
        body.append(replace(head, elements=(*head.elements, *folds), details=()))
    numbers = _numbers(body)
    return [
        replace(one, elements=tuple(_placed(element, numbers) for element in one.elements))
        for one in body
    ]


def _numbers(sections: Sequence[Section]) -> dict[str, str]:
    """anchor -> "Figure 2", in the order of the report."""
    elements = list(every_element(sections))
    figures = [e.anchor for e in elements if isinstance(e, Figure)]
    tables = [e.anchor for e in elements if isinstance(e, Table)]
    return {
        anchor: word.format(n=n)
        for word, anchors in ((_("Figure {n}"), figures), (_("Table {n}"), tables))
        for n, anchor in enumerate(anchors, 1)
    }


def _placed(element: Element | Folded, numbers: Mapping[str, str]) -> Any:
    """An element with its number, or with those of what it refers to."""
    if isinstance(element, Folded):
        return replace(element, elements=[_placed(one, numbers) for one in element.elements])
    if isinstance(element, (Figure, Table)):
        return replace(element, number=numbers[element.anchor])
    if isinstance(element, Paragraph) and element.see:
        links = tuple((to, numbers[to]) for to in element.see if to in numbers)
        return replace(element, links=links)
    return element
