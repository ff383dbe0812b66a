"""What the open library gives back: a table whose numbers stay numbers, and a figure to save.

Numbers are formatted only where somebody looks at them: `Table` is a DataFrame with all columns
and full precision, and Jupyter shows the few columns that matter in the reader's language.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluasi_lib import wording
from evaluasi_lib.measures import Draft, publish, wide
from evaluasi_lib.reporting import elements
from evaluasi_lib.wording import DataError, Problem, UsageError, _, code_words, suggestion, word_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SEED = 20250101  # of intervals that are drawn, so that two runs agree
MAX_ROWS, MAX_COLUMNS, MAX_TEXT = 20, 11, 600
LINE = 80  # characters of one cell where no page can wrap it
TEXTS = {"barrier", "covariate", "group", "item", "label", "reason", "stage", "value", "variable",
         "wave"}  # fmt: skip
MEASURED = ("estimate", "std_error", "low", "high", "value", "mean", "sd", "mean_program",
            "mean_comparison")  # fmt: skip


class Table(pd.DataFrame):
    """A DataFrame that shows its most telling columns in the reader's words and numbers.

    title: what stands above it. shown: the columns to show, in order; the first 11 where it is
    empty. note: a sentence below it. All pandas methods work, and see every column unrounded.

    >>> t = Table({"outcome": ["re78"], "estimate": [1794.342], "p": [0.0079]}, title="NSW")
    >>> float(t["estimate"].iloc[0])
    1794.342
    >>> "1.794" in t._repr_html_()
    True
    """

    _metadata = ["title", "shown", "note"]  # noqa: RUF012 (pandas wants a list)

    def __init__(
        self,
        data: Any = None,
        *args: Any,
        title: str = "",
        shown: Sequence[str] = (),
        note: str = "",
        **named: Any,
    ) -> None:
        super().__init__(data, *args, **named)  # type: ignore[call-arg]
        self.title, self.shown, self.note = title, tuple(shown), note

    @property
    def _constructor(self) -> Callable[..., Table]:
        return Table

    def cells(self, most: int = MAX_ROWS) -> pd.DataFrame:
        """The shown columns as text in the reader's numbers, of the first `most` rows.

        The ends of an interval are one column, "interval".
        """
        names = [n for n in self.shown if n in self.columns] or list(self.columns)
        whole = pd.DataFrame(self)
        if self.shown:  # a column that says nothing in any row takes no room
            names = [n for n in names if (whole[n].notna() & whole[n].ne("")).any()] or names
        if {"low", "high"} <= set(names):  # an interval is one thing to a reader
            names = ["interval" if n == "low" else n for n in names if n != "high"]
        names = names[:MAX_COLUMNS]
        records = whole.head(most).to_dict("records")
        rows = [[cell(str(n), row.get(n), row) for n in names] for row in records]
        return pd.DataFrame(rows, columns=list(map(str, names)))

    def element(self, id: str, title: str = "", note: str = "") -> elements.Table:
        """The shown columns as a table of a report."""
        cells = self.cells()
        numeric = [i for i, n in enumerate(cells) if _is_numeric(cells[n])]
        return elements.Table(
            id=id, caption=title or self.title, columns=[heading(str(n)) for n in cells],
            rows=cells.to_numpy().tolist(), numeric=frozenset(numeric),
            note=" ".join(filter(None, [*self._notes(), note])),
        )  # fmt: skip

    def _notes(self) -> list[str]:
        """What is not on the screen, in words, and the note."""
        more = {
            _("{n} more rows; the table itself holds them all."): len(self) - MAX_ROWS,
            _("{n} more columns; the table itself holds them all."):
                0 if self.shown else self.shape[1] - MAX_COLUMNS,
        }  # fmt: skip
        said = [text.format(n=wording.count(n)) for text, n in more.items() if n > 0]
        return [*said, *filter(None, [self.note])]

    def _repr_html_(self) -> str:
        caption = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        notes = "".join(f"<p>{escape(text)}</p>" for text in self._notes())
        if not len(self):  # an absent topic is a sentence, not an empty frame
            return notes or f"<p>{escape(_('no rows'))}</p>"
        cells = self.cells()
        head, aligned = "", []
        for name in map(str, cells):  # a heading wraps, so that the numbers stay on the screen
            side = "right" if _is_numeric(cells[name]) else "left"
            head += (
                f'<th style="text-align:{side};vertical-align:bottom" '
                f'title="{escape(name, quote=True)}">{escape(heading(name))}</th>'
            )
            wrap = ";white-space:nowrap" if side == "right" else ""
            aligned.append(f'<td style="text-align:{side}{wrap}">')
        body = "".join(
            "<tr>" + "".join(f"{td}{escape(x)}</td>" for td, x in zip(aligned, row, strict=True))
            + "</tr>"
            for row in cells.itertuples(index=False)
        )  # fmt: skip
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"

    def __repr__(self) -> str:
        if not len(self):
            return "\n".join(self._notes() or [_("no rows")])
        cells = self.cells().map(lambda text: _short(text, LINE))
        text = cells.rename(columns=heading).to_string(index=False)
        return "\n".join(filter(None, [self.title, text, *self._notes()]))


def _is_numeric(column: pd.Series) -> bool:
    """Whether what is shown of a column are numbers or intervals."""
    shown = [text for text in column if text]
    return bool(shown) and all(
        column.name == "interval" or all(c.isdigit() or c in ".,−%<≥ Rp" for c in text)
        for text in shown
    )


def heading(name: str) -> str:
    """A column's name in the reader's words; a variable's own, which code must spell, as it is."""
    return word_for("column", name) if name in code_words()["column"] else name


def cell(name: str, value: Any, row: dict[Any, Any] | None = None) -> str:
    """One value as a reader meets it, by the name of its column; "" where there is none."""
    if name == "interval":
        ends = [cell(end, (row or {})[end], row) for end in ("low", "high")]
        return _("{low} to {high}").format(low=ends[0], high=ends[1]) if all(ends) else ""
    if isinstance(value, (list, tuple, dict)):
        return _short(str(value))
    if value is None or value is pd.NaT or value is pd.NA or (_real(value) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return _short(_code(name, value))
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return _("yes") if value else _("no")
    if isinstance(value, dt.date):
        return wording.date(value)
    if not _real(value):
        return _short(str(value))
    if name in ("p", "p_adjusted"):
        return wording.p_value(value)
    if name.endswith("_idr"):
        return wording.rupiah(value)
    row = row or {}
    of_share = name in ("low", "high") and pd.notna(row.get("share"))
    if name == "share" or name.endswith("_share") or of_share:
        return wording.percent(value)
    whole = isinstance(value, int) or abs(value) >= 1000 or name == "value"
    if float(value).is_integer() and whole:
        return wording.number(value, 0)
    beside = [row[n] for n in MEASURED if n in row and _real(row[n])] if name in MEASURED else []
    return wording.number(value, wording.digits_for(value, *beside))


def _real(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _short(text: str, most: int = MAX_TEXT) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


CODED = ("claim", "conclusion", "design", "estimator", "level", "group", "wave", "direction",
         "role", "rule", "reason", "stage", "part", "measure")  # fmt: skip


def _code(name: str, value: str) -> str:
    """A code of the results in words; other texts as they are."""
    if name not in CODED:
        return value
    if name == "reason":
        from evaluasi_lib.reporting.tables import why

        return why(value)
    return word_for(name, value)


def need(df: pd.DataFrame, columns: Sequence[object], table: str = "") -> None:
    """Raises UsageError that names every column that the table lacks, with the nearest known."""
    known = [str(c) for c in df.columns]
    problems = [
        Problem(_("there is no column “{heading}”").format(heading=c), table,
                suggestion(str(c), known))
        for c in dict.fromkeys(columns) if c not in df.columns
    ]  # fmt: skip
    if problems:
        raise UsageError(*problems)


def published(found: Iterable[Draft], pattern: str, columns: str, k: int) -> Table:
    """What may be shown of the drafts, a row for each place that fits the pattern (see `wide`).

    columns: names, each with its key in a record where that is another ("low:share_low").
    """
    rows, _remarks = publish(found, k)
    pairs = (name.partition(":") for name in columns.split())
    keys = {name: key or name for name, _colon, key in pairs}
    records = [{name: r[key] for name, key in keys.items()} for r in wide(rows, pattern)]
    types = {name: "Int64" if name == "n" else "float64" for name in keys if name not in TEXTS}
    return Table(pd.DataFrame(records, columns=list(keys)).astype(types), shown=list(keys))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Figure(elements.Figure):
    """A picture with its question, its answer, and the numbers it was drawn from.

    data: those numbers. Jupyter shows it; `save` writes it for a slide or a page.
    """

    data: pd.DataFrame = field(kw_only=True)
    drawing: Drawing = field(kw_only=True)

    def save(self, path: str | Path) -> Path:
        """Write x.svg, x.png (200 dots an inch) or x.pdf. Raises UsageError for another ending.

        The folder must exist. An existing file is replaced.
        """
        from matplotlib import rc_context

        from evaluasi_lib.reporting import theme

        target = Path(path)
        form = target.suffix.lower().lstrip(".")
        if form == "svg":
            target.write_bytes(self.svg)
            return target
        if form not in ("png", "pdf"):
            what = _("a figure cannot be saved as “{suffix}”").format(suffix=target.suffix)
            known = _("known: {names}").format(names="svg, png, pdf")
            raise UsageError(Problem(what, str(path), known))
        with rc_context(theme.RC):  # type: ignore[arg-type]
            nothing = {"CreationDate": None} if form == "pdf" else {"Software": None}
            self.drawing.savefig(target, format=form, dpi=200, metadata=nothing)
        return target

    def _repr_html_(self) -> str:
        return self.html()

    def __repr__(self) -> str:
        return f"{self.title} {self.answer}"


def draw(plot: Callable[[], elements.Figure | None], data: pd.DataFrame) -> Figure:
    """A report's picture as a Figure that can be saved. Raises DataError where none can be drawn.

    plot: draws one picture, by one of reporting's functions. data: the numbers in it.
    """
    from evaluasi_lib.reporting import theme

    with theme.keep_drawings() as drawings:
        picture = plot()
    if picture is None:
        remedy = _("look at the table itself: values may be missing or rest on too few persons")
        raise DataError(Problem(_("there is nothing that may be drawn"), remedy=remedy))
    shown = {f.name: getattr(picture, f.name) for f in fields(picture)}
    return Figure(**shown, data=data, drawing=drawings[-1])
