"""The one engine of all tables: rows laid out by column lines.

A table is a list of rows (dataclasses, mappings or tuples) and a line for each column: its
heading, the field it shows, and the form of it. Readers get texts, the workbook the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from evaluasi_lib.disclosure import SMALL_CELL
from evaluasi_lib.reporting import words
from evaluasi_lib.reporting.elements import Table
from evaluasi_lib.wording import (
    _,
    count,
    digits_for,
    number,
    p_value,
    percent,
    plural,
    rupiah,
    word_for,
)

Cell = str | tuple[str, object]
NAMED = 8  # hidden rows that a note names; more are counted
CI = ("ci_low", "ci_high")
SHARE = ("share_low", "share_high")

# form -> a number as readers write it
FORMS: dict[str, Callable[[Any], str]] = {
    "n": count,
    "%": percent,
    "Rp": rupiah,
    "p": p_value,
    "0": partial(number, digits=0),
    "1": partial(number, digits=1),
    "2": partial(number, digits=2),
    "points": lambda share: number(share * 100, 1),
    "figures": lambda value: number(value, digits_for(value)),
}


class Column(NamedTuple):
    """One column.

    field: attribute, key or place; the two ends of an interval; or a function row -> Cell.
    form: "" for a text as it stands, a key of FORMS for a number, a kind of words.yml for a code.
    """

    heading: str
    field: str | int | tuple[str, str] | Callable[[Any], Cell]
    form: str = ""


def table(
    id: str,
    caption: str,
    rows: Sequence[Any],
    columns: Sequence[Column],
    k: int,
    note: str = "",
    *,
    fold: bool = False,
) -> Table | None:
    """A table with a line for each row; None without rows.

    A row's `reason` says why it has nulls: the first null says so in words, and a long reason
    becomes a note below. k: of how many persons on a number may be shown.
    fold: rows of which no number may be shown are named in the note instead, when some others may.
    So are rows without any number, with their long reason.
    """
    body = [([cell_of(row, column) for column in columns], _reason(row)) for row in rows]
    if not body:
        return None
    notes = [note] if note else []
    hidden = [i for i, (cells, reason) in enumerate(body) if fold and _is_hidden(cells, reason)]
    if hidden and len(hidden) < len(body):
        notes.append(f"{words.why(SMALL_CELL, k).capitalize()}: {_listed(body, hidden)}.")
        body = [line for i, line in enumerate(body) if i not in hidden]
    without = [line for line in body if _is_without(*line)]
    if len(without) < len(body):
        notes += dict.fromkeys(f"{cells[0]}: {reason}" for cells, reason in without)
        body = [line for line in body if line not in without]
    numeric: set[int] = set()
    texts = []
    for cells, reason in body:
        line = [cell if isinstance(cell, str) else cell[0] for cell in cells]
        numeric |= {i for i, cell in enumerate(cells) if not isinstance(_content(cell), str)}
        empty = [i for i, cell in enumerate(cells) if _content(cell) is None]
        if reason and empty:
            short = reason in (SMALL_CELL, "no_answers")
            line[empty[0]] = words.why(reason, k) if short else _("see note")
            remark = f"{line[0]}: {reason}"
            notes += [] if short or remark in notes else [remark]
        texts.append(line)
    values = [[_content(cell) for cell in cells] for cells, _reason in body]
    headings = [column.heading for column in columns]
    return Table(id, caption, headings, texts, frozenset(numeric), values, " ".join(notes))


def cell_of(row: Any, column: Column) -> Cell:
    """One field of a row: a text, or a number as text together with the number itself."""
    field, form = column.field, column.form
    if callable(field):
        return field(row)
    if isinstance(field, tuple):
        return between(value_of(row, field[0]), value_of(row, field[1]), FORMS[form])
    value = value_of(row, field)
    if form in FORMS:
        return figure_cell(value, FORMS[form])
    return word_for(form, value) if form else "—" if value is None else str(value)


def figure_cell(value: float | None, form: Callable[[Any], str]) -> Cell:
    """A number as text for readers, with the number itself for the workbook."""
    return ("—", None) if value is None else (form(value), value)


def between(low: float | None, high: float | None, form: Callable[[Any], str]) -> Cell:
    """An interval in one cell; the workbook sets its ends in two columns."""
    if low is None or high is None:
        return ("—", None)
    return (_("{low} to {high}").format(low=form(low), high=form(high)), (low, high))


def value_of(row: Any, field: Any) -> Any:
    """What a row holds in a field: an attribute, or under a key or at a place."""
    return row[field] if isinstance(row, (Mapping, tuple)) else getattr(row, field)


def _reason(row: Any) -> str | None:
    return row.get("reason") if isinstance(row, Mapping) else getattr(row, "reason", None)


def _content(cell: Cell) -> object:
    """What the workbook gets."""
    return cell if isinstance(cell, str) else cell[1]


def _is_hidden(cells: Sequence[Cell], reason: str | None) -> bool:
    """Whether none of a row's numbers may be shown."""
    return reason == SMALL_CELL and all(
        _content(c) is None for c in cells if not isinstance(c, str)
    )


def _is_without(cells: Sequence[Cell], reason: str | None) -> bool:
    """Whether a row has none of its numbers, for a reason that takes a sentence."""
    short = reason in (None, SMALL_CELL, "no_answers")
    numbers = [cell for cell in cells if not isinstance(cell, str)]
    return not short and bool(numbers) and all(cell[1] is None for cell in numbers)


def _listed(body: Sequence[tuple[Sequence[Cell], str | None]], hidden: Sequence[int]) -> str:
    """The hidden rows by their texts, or how many they are."""
    if len(hidden) > NAMED:
        return plural("{n} row", "{n} rows", len(hidden)).format(n=count(len(hidden)))
    return "; ".join(", ".join(c for c in body[i][0] if isinstance(c, str)) for i in hidden)


def share_columns() -> list[Column]:
    """Number, share and interval, as every share of persons has them."""
    return [
        Column(_("n"), "n", "n"),
        Column(_("Share"), "share", "%"),
        Column(_("95% interval"), SHARE, "%"),
    ]
