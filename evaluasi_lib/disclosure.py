"""One gate for every published number of persons.

A count, share or mean that rests on fewer than k persons could tell a reader something of one
colleague. It is published as null with the reason "small_cell". Where a table of counts adds up to
a published total, a single hidden cell could be found by subtraction, so the next smallest is
hidden with it.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evaluasi_lib.measures import NUMBERS, UNPUBLISHED, Cell, Draft, Measure, Remark

SMALL_CELL = "small_cell"
DEFAULT_K = 5


def enough(k: int, *persons: int | None) -> bool:
    """Whether each number of persons is 0, which is no one's secret, or at least k. None is no
    number of persons. What a program asks is `Program.enough`."""
    return not any(n is not None and 0 < n < k for n in persons)


def shown_stages(counts: Iterable[int], k: int) -> set[int]:
    """Which numbers of persons of nested stages may be shown, the first of them before the others.

    A difference of a few persons would tell who left at that stage, so a stage is shown only where
    it, and its difference from each shown neighbour, are 0 or at least k.
    """
    shown = [0]
    for n in counts:
        place = bisect_left(shown, n)
        neighbours = shown[max(place - 1, 0) : place + 1]
        if enough(k, *(abs(n - other) for other in neighbours)):
            shown.insert(place, n)
    return set(shown)


def publish(drafts: Iterable[Draft], k: int) -> tuple[tuple[Measure, ...], tuple[Remark, ...]]:
    """Rows and remarks as they may be shown: the one place where measured numbers are hidden.

    A record is hidden where one of its cell's counts is 1 to k-1 persons. Where just one cell of a
    family is hidden, subtraction from the published total would find it, so the next smallest is
    hidden too, and so is what a hidden record could be found from. Nested stages are shown as
    `shown_stages` says. Hidden rows keep what they are about, without numbers, note or conclusion,
    and say "small_cell"; hidden remarks and traceless rows are left out. Derived rows are
    worked out last, from the rows as they may be shown, and stand in their place.
    """
    found = list(drafts)
    cells = {_key(d.row, d.cell): d.cell for d in found if not callable(d.row)}
    hidden = {key for key, cell in cells.items() if not enough(k, *cell.persons)}
    hidden |= _hidden_stages(cells, k)
    families: dict[str, list[tuple[int, tuple[str, Cell]]]] = {}
    for key, cell in cells.items():
        for family, n in cell.sums:
            families.setdefault(family, []).append((n, key))
    settled = False
    while not settled:
        stems = {stem for stem, _cell in hidden}
        found_from = {
            key for key, cell in cells.items()
            if key not in hidden and not stems.isdisjoint(cell.based_on)
        }  # fmt: skip
        hidden |= found_from
        settled = not found_from
        for members in families.values():  # one by one: what one hides may serve another too
            away = [n for n, key in members if key in hidden and n]
            rest = [(n, key) for n, key in members if key not in hidden and n]
            if rest and (len(away) == 1 or not enough(k, sum(away))):
                hidden.add(min(rest, key=lambda member: member[0])[1])
                settled = False
    kept = [d for d in found if callable(d.row) or not _left_out(d.row, d.cell, hidden)]
    shown = [_published(d.row, d.cell, hidden) for d in kept if isinstance(d.row, Measure)]
    measured = iter(shown)
    rows: list[Measure] = []
    for d in kept:
        if callable(d.row):
            rows += d.row(shown)
        elif isinstance(d.row, Measure):
            rows.append(next(measured))
    remarks = [d.row for d in kept if isinstance(d.row, Remark)]
    return tuple(rows), tuple(remarks)


def _without_numbers(row: Measure, keeps: Sequence[str]) -> Measure:
    """The row with what it is about alone, and the columns that its cell keeps."""
    gone: dict[str, Any] = dict.fromkeys({*NUMBERS, "note", "conclusion"} - set(keeps))
    return dataclasses.replace(row, **gone | ({"reason": SMALL_CELL} if "value" in gone else {}))


Hidden = set[tuple[str, Cell]]


def _left_out(row: Measure | Remark, cell: Cell, hidden: Hidden) -> bool:
    """Whether nothing at all tells of a row or remark.

    A row whose reason is UNPUBLISHED stands only where its record is hidden, so that its absence
    tells nothing.
    """
    gone = _key(row, cell) in hidden
    if isinstance(row, Remark):
        return gone
    if row.measure == UNPUBLISHED or (gone and cell.traceless):
        return True
    return not gone and row.reason == UNPUBLISHED


def _published(row: Measure, cell: Cell, hidden: Hidden) -> Measure:
    return _without_numbers(row, cell.keeps) if _key(row, cell) in hidden else row


def _key(row: Measure | Remark, cell: Cell) -> tuple[str, Cell]:
    """A record's rows share their cell and the start of their ids."""
    return row.id if isinstance(row, Remark) else row.id.rpartition("/")[0], cell


def _hidden_stages(cells: Mapping[tuple[str, Cell], Cell], k: int) -> set[tuple[str, Cell]]:
    families: dict[str, list[tuple[int, int, tuple[str, Cell]]]] = {}
    for key, cell in cells.items():
        if cell.stage is not None:
            family, n, rank = cell.stage
            families.setdefault(family, []).append((rank, n, key))
    hidden = set()
    for stages in families.values():
        ranked = sorted(stages, key=lambda stage: stage[0])
        shown = shown_stages([n for _rank, n, _key in ranked], k)
        hidden |= {key for _rank, n, key in stages if n not in shown}
    return hidden
