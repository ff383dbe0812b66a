"""What a program shows: its tables, its verdict, its report; never more than a screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, overload

import pandas as pd

from evaluasi_lib.reporting.elements import Element, Paragraph, Section
from evaluasi_lib.reporting.elements import Figure as Picture
from evaluasi_lib.tables import Figure, Table
from evaluasi_lib.wording import Problem, UsageError, _, count, suggestion, word_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Write = Callable[[Sequence[Section], Path, str], Path]
OWN, APPENDIX = "analisis-sendiri", "lampiran"
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


class Tables(Mapping[str, Table]):
    """The cleaned tables by the name of their source; a name that is not there says the nearest."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self._tables = dict(tables)

    def __getitem__(self, name: str) -> Table:
        if name not in self._tables:
            what = _("unknown source") + f": “{name}”"
            raise UsageError(Problem(what, remedy=suggestion(name, self._tables)))
        return Table(self._tables[name], title=name)

    def __contains__(self, name: object) -> bool:
        return name in self._tables

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __repr__(self) -> str:
        return "\n".join(
            _("{table}: {rows} rows, {columns} variables").format(
                table=name, rows=count(len(table)), columns=count(table.shape[1])
            )
            for name, table in self._tables.items()
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """decision: scale_up, continue, adjust, redesign, insufficient_evidence; rule: the row of the
    decision table that fired; reasons: why, in words."""

    decision: str
    rule: str
    reasons: tuple[str, ...]

    def __repr__(self) -> str:
        head = f"{word_for('decision', self.decision)} ({self.rule})"
        return "\n".join([head, *(f"- {reason}" for reason in self.reasons)])

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{escape(reason)}</li>" for reason in self.reasons)
        head = escape(f"{word_for('decision', self.decision)} ({self.rule})")
        return f"<p><strong>{head}</strong></p><ul>{items}</ul>"


class Chapter(Section):
    """A section that Jupyter shows folded, under its title."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return (
            f'<details class="evaluasi"><summary><strong>{escape(self.title)}</strong></summary>'
            f"<style>{JUPYTER}</style>{self.html()}</details>"
        )

    def __repr__(self) -> str:
        return self.title


class Report(Sequence[Chapter]):
    """The chapters of a report, to look at one by one, to add to, and to save.

    `text`, `table` and `figure` add what you made yourself to a chapter of its own, before the
    appendix. folder: where it was saved last, or None.
    """

    def __init__(self, sections: Iterable[Section], write: Write, note: str = "") -> None:
        self._sections, self._write, self._note = list(sections), write, note
        self._own: list[Element] = []
        self.folder: Path | None = None

    @property
    def _chapters(self) -> list[Chapter]:
        found = list(self._sections)
        if self._own:
            ends = [i for i, s in enumerate(found) if s.id == APPENDIX] or [len(found)]
            made = Paragraph(_("Made in the notebook, beside the standard report."), "note")
            found.insert(ends[0], Section(OWN, _("Own analyses"), (made, *self._own)))
        return [Chapter(s.id, s.title, s.elements, s.details) for s in found]

    @overload
    def __getitem__(self, at: int) -> Chapter: ...
    @overload
    def __getitem__(self, at: slice) -> list[Chapter]: ...
    def __getitem__(self, at: int | slice) -> Chapter | list[Chapter]:
        return self._chapters[at]

    def __len__(self) -> int:
        return len(self._chapters)

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self._own.append(Paragraph(text))

    def table(self, df: pd.DataFrame, title: str, note: str = "") -> None:
        """Add a table, as Jupyter shows a `Table`: at most 20 rows and 11 columns.

        Nothing is hidden in it: leave out what rests on few persons.
        """
        table = df if isinstance(df, Table) else Table(df)
        self._own.append(table.element(f"{OWN}-{len(self._own) + 1}", title, note))

    def figure(self, picture: Axes | Figure, title: str, answer: str, alt: str = "") -> None:
        """Add a picture: the axes that matplotlib, pandas or seaborn drew on, or an `el` figure.

        title: the question that it answers. answer: what it shows, in one sentence. alt: the
        picture in words, for who hears the page; title and answer where it is left out.
        """
        svg = picture.picture.svg if isinstance(picture, Figure) else _svg(picture)
        name = f"{OWN}-{len(self._own) + 1}"
        self._own.append(Picture(name, title, answer, alt or f"{title} {answer}", svg))

    def save(self, out: str | Path | None, formats: str = "html") -> Saved:
        """Write the report into the folder `out` in whole; nothing where out is empty. Says which.

        formats: html always, and of "html,pdf,docx,xlsx" those named. Raises UsageError for an
        unknown one.
        """
        if not out:
            return Saved(_("No report folder was written, because out_dir is empty."))
        self.folder = self._write(self, Path(out).expanduser().resolve(), formats)
        return Saved(_("The report is in {folder}.").format(folder=self.folder))

    def _repr_html_(self) -> str:
        note = f"<p>{escape(self._note)}</p>" if self._note else ""
        return note + "\n".join(chapter._repr_html_() for chapter in self)

    def __repr__(self) -> str:
        where = "" if self.folder is None else str(self.folder)
        return "\n".join(filter(None, [self._note, *map(repr, self), where]))


class Saved(str):
    """What `save` did, shown without quotes."""

    def __repr__(self) -> str:
        return str(self)


def _svg(ax: Axes) -> bytes:
    """The drawing of some axes, the same bytes for the same drawing."""
    from matplotlib import rc_context

    from evaluasi_lib.reporting import theme

    with rc_context(theme.RC):  # type: ignore[arg-type]
        canvas = ax.get_figure(root=True)
        if canvas is None:
            raise UsageError(Problem(_("the axes belong to no figure"), "figure"))
        if canvas.get_layout_engine() is None:
            canvas.set_layout_engine("constrained")  # else long labels are cut off
        return theme.to_svg(canvas)
