"""What a program shows: its tables, its verdict, its report; never more than a screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluasi_lib.reporting.elements import Element, Paragraph, Section
from evaluasi_lib.reporting.elements import Figure as Picture
from evaluasi_lib.tables import Figure, Table
from evaluasi_lib.wording import Problem, UsageError, _, count, suggestion, word_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Write = Callable[[Sequence[Section], Path, str], Path]
OWN, APPENDIX = "analisis-sendiri", "lampiran"
MOST = 12  # lines of a list


class Tables(dict[str, Table]):
    """The cleaned tables by the name of their source; a name that is not there says the nearest."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        super().__init__({name: Table(table, title=name) for name, table in tables.items()})

    def __missing__(self, name: str) -> Table:
        what = _("unknown source") + f": “{name}”"
        raise UsageError(Problem(what, remedy=suggestion(name, self)))

    def __repr__(self) -> str:
        text = _("{table}: {rows} rows, {columns} variables")
        return "\n".join(
            text.format(table=name, rows=count(len(table)), columns=count(table.shape[1]))
            for name, table in self.items()
        )


class Listed:
    """What is shown as headings, each with a list below it."""

    def _lines(self) -> Sequence[tuple[str, Sequence[str]]]:
        raise NotImplementedError

    def __repr__(self) -> str:
        return "\n".join("\n- ".join([heading, *items[:MOST]]) for heading, items in self._lines())

    def _repr_html_(self) -> str:
        parts: list[str] = []
        for heading, items in self._lines():
            text = escape(heading) if parts else f"<strong>{escape(heading)}</strong>"
            parts.append(f"<p>{text}</p>")
            listed = "".join(f"<li>{escape(item)}</li>" for item in items[:MOST])
            parts.append(f"<ul>{listed}</ul>" if listed else "")
        return "".join(parts)


@dataclass(frozen=True, slots=True, repr=False)
class Verdict(Listed):
    """decision: scale_up, continue, adjust, redesign, insufficient_evidence; rule: the row of the
    decision table that fired; reasons: why, in words."""

    decision: str
    rule: str
    reasons: tuple[str, ...]

    def _lines(self) -> Sequence[tuple[str, Sequence[str]]]:
        return [(f"{word_for('decision', self.decision)} ({self.rule})", self.reasons)]


class Report(Sequence[Section]):
    """The chapters of a report, to look at one by one, to add to, and to save.

    `text`, `table` and `figure` add what you made yourself to a chapter of its own, before the
    appendix. folder: where it was saved last, or None.
    """

    def __init__(self, sections: Iterable[Section], write: Write, note: str = "") -> None:
        self._sections, self._write, self._note = list(sections), write, note
        self._own: list[Element] = []
        self.folder: Path | None = None

    @property
    def _chapters(self) -> list[Section]:
        found = list(self._sections)
        if self._own:
            ends = [i for i, s in enumerate(found) if s.id == APPENDIX] or [len(found)]
            made = Paragraph(_("Made in the notebook, beside the standard report."), "note")
            found.insert(ends[0], Section(OWN, _("Own analyses"), (made, *self._own)))
        return found

    def __getitem__(self, at: Any) -> Any:
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
