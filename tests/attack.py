"""An attack on what is published: which hidden numbers of persons follow from the ones shown?

Everything that a reader of result.json knows becomes a system of whole numbers: answers of an item
add up to its persons, and their mean, deviation and upper share are published too; who named a
barrier in each group adds up to all who named it, and the sizes of the groups are the same for each
barrier; stages lie in each other; subgroups add up to the whole. A hidden number is recovered where
the smallest and the largest that fit are the same. Large numbers that were hidden or merged with
small ones need no shelter of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

Row = Mapping[str, Any]
Rows = Mapping[str, Row]  # by id
Places = dict[tuple[str, ...], Row]  # by the names that start an id
MOST = 10_000  # no published group is larger than a shipped program's
QUANTILES = {"q25": 0.25, "median": 0.5, "q75": 0.75, "q10": 0.1, "q90": 0.9}


@dataclass
class System:
    """Unknown whole numbers from 0, and the linear equations and bounds between them."""

    names: dict[str, int] = field(default_factory=dict)
    rows: list[tuple[dict[str, float], float, float]] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)

    def add(self, terms: Mapping[str, float], low: float, high: float | None = None) -> None:
        """low <= sum of factor * unknown <= high; high: low where it is left out."""
        for name in terms:
            self.names.setdefault(name, len(self.names))
        self.rows.append((dict(terms), low, low if high is None else high))

    def sum(self, names: Iterable[str], total: float, of: float = 1.0) -> None:
        """The unknowns add up to a number; of: what each counts for."""
        self.add(dict.fromkeys(names, of), total)

    def count(self, name: str, row: Row | None) -> None:
        """An unknown number of persons, known where a row shows it."""
        self.names.setdefault(name, len(self.names))
        if row is not None and row["n"] is not None:
            self.add({name: 1}, row["n"])
        elif row is not None and row["reason"] == "small_cell":
            self.hidden.add(name)

    def recovered(self) -> dict[str, int]:
        """The hidden numbers of few persons that can be only one, with what they are."""
        matrix = np.zeros((len(self.rows), len(self.names)))
        for row, (terms, _low, _high) in zip(matrix, self.rows, strict=True):
            row[[self.names[term] for term in terms]] = list(terms.values())
        fits = LinearConstraint(matrix, *([row[end] for row in self.rows] for end in (1, 2)))

        def end(name: str, sign: int) -> int | None:
            wanted = np.zeros(len(self.names))
            wanted[self.names[name]] = sign
            whole = np.ones(len(wanted))
            found = milp(wanted, constraints=fits, integrality=whole, bounds=Bounds(0, MOST))
            return None if found.x is None else round(sign * found.fun)

        least = {name: end(name, 1) for name in sorted(self.hidden)}
        # nobody, or many, is no one's secret
        return {name: n for name, n in least.items() if n and n < 5 and n == end(name, -1)}


def attack(rows: Iterable[Row], program: Any = None) -> dict[str, int]:
    """The hidden numbers that follow from the published rows, by their place.

    program: its declaration, which tells a reader which numbers are the same in two places.
    """
    published = {row["id"]: row for row in rows}
    found: dict[str, int] = {}
    for system in (
        *_answers(published, importance_of(program)), *_questions(published, program),
        *_levels(published), _stages(published, program), *_subgroups(published),
    ):  # fmt: skip
        found |= system.recovered()
    return found


def importance_of(program: Any) -> dict[str, str]:
    """The item that asks for the importance of another -> that other."""
    known = program.instruments if program is not None else {}
    return {
        other: item
        for instrument in known.values() if instrument.importance
        for item, other in zip(instrument.items, known[instrument.importance].items, strict=True)
    }  # fmt: skip


def _records(
    published: Rows, *start: str, depth: int, of: Sequence[str] = ("share", "n")
) -> Places:
    """The row with the number of each place that begins so, by its names."""
    found = {}
    for id, row in published.items():
        names = tuple(id.split("/"))
        if len(names) == depth and names[: len(start)] == start and names[-1] in of:
            found[names[:-1]] = row
    return found


def _value(published: Rows, id: str, n: int | None = None) -> float | None:
    """A published number; n: None where it rests on other persons than these."""
    row = published.get(id)
    return None if row is None or n not in (None, row["n"]) else row["value"]


def _size(rows: Iterable[Row]) -> int | None:
    """The persons of whom the rows hold shares, where one of them tells."""
    sizes = (round(row["n"] / row["value"]) for row in rows if row["n"] and row["value"])
    return next(sizes, None)


def _answers(published: Rows, importance: Mapping[str, str]) -> Iterator[System]:
    """Of each instrument: parts of the persons of each item, and what is published of their mean
    and spread, item by item and over all items."""
    instruments: dict[tuple[str, ...], dict[str, dict[str, Row]]] = {}
    for (_part, scale, wave, item, answer), row in _records(published, "answers", depth=6).items():
        instruments.setdefault((scale, wave), {}).setdefault(item, {})[answer] = row
    for (scale, wave), items in instruments.items():
        system, found = System(), []
        place = f"scales/{scale}/{wave}/program"
        for item, answers in items.items():
            whole = _size(answers.values())
            if whole is None:
                continue
            at = _parts(system, f"{scale}/{item}", answers, whole)
            found.append((at, whole))
            for key, measure in ((item, "performance"), (importance.get(item), "importance")):
                for id, row in published.items():
                    if id.endswith(f"/{wave}/program/{key}/{measure}"):
                        _moment(system, at, 1, row["value"], whole)
            if len(items) == 1:
                _of_one_item(system, published, place, at, whole)
        if len(found) == len(items) > 1:
            _of_all_items(system, published, place, found)
        yield system


def _parts(system: System, name: str, answers: Rows, whole: int) -> dict[int, str]:
    """Point -> unknown number of persons; those of a merged answer are known together."""
    at: dict[int, str] = {}
    for label, row in answers.items():
        low, _, high = label.partition("..")
        parts = {point: f"{name}/{point}" for point in range(int(low), int(high or low) + 1)}
        at |= parts
        for part in parts.values():
            system.count(part, row if len(parts) == 1 else None)
        if len(parts) > 1:
            system.hidden |= set(parts.values())
            if row["n"] is not None:
                system.sum(parts.values(), row["n"])
    system.sum(at.values(), whole)
    return at


def _of_all_items(
    system: System, published: Rows, place: str, items: Sequence[tuple[dict[int, str], int]]
) -> None:
    """The share of upper answers of all items, and their mean where everybody answered each."""
    answered = sum(whole for _at, whole in items)
    if (top := _value(published, f"{place}/top2_share")) is not None:
        system.sum((at[p] for at, _n in items for p in sorted(at)[-2:]), round(top * answered))
    means = {_value(published, f"{place}/mean", whole) for _at, whole in items}
    if len(means) > 1 or (mean := means.pop()) is None:
        return
    total = mean * answered
    if abs(total - round(total)) < 1e-6:  # else it is weighted to the population
        system.add({at[p]: p for at, _whole in items for p in at}, round(total))


def _moment(
    system: System, at: Mapping[int, str], power: int, mean: float | None, whole: int
) -> None:
    if mean is not None:
        terms = {name: float(point) ** power for point, name in at.items()}
        system.add(terms, mean * whole - 1e-4, mean * whole + 1e-4)


def _of_one_item(
    system: System, published: Rows, place: str, at: Mapping[int, str], whole: int
) -> None:
    """What is published of the score of a single item: its mean, deviation, quantiles, ends."""
    names = ("mean", "sd", "top2_share", *QUANTILES)
    value = {name: _value(published, f"{place}/{name}", whole) for name in names}
    mean, sd, top = value["mean"], value["sd"], value["top2_share"]
    _moment(system, at, 1, mean, whole)
    if mean is not None and sd is not None:
        _moment(system, at, 2, (sd**2 * (whole - 1)) / whole + mean**2, whole)
    if top is not None:
        system.sum((at[p] for p in sorted(at)[-2:]), round(top * whole))
    if (nps := _value(published, f"{place}/nps/score")) is not None:
        ends = {at[p]: 1.0 for p in at if p >= 9} | {at[p]: -1.0 for p in at if p <= 6}
        system.add(ends, round(nps * whole))
    for name, q in QUANTILES.items():
        if (cut := value[name]) is not None:
            below, above = math.floor((whole - 1) * q), math.ceil((whole - 1) * q)
            system.add({at[p]: 1 for p in at if p <= cut}, below + 1, whole)
            system.add({at[p]: 1 for p in at if p < cut} or {at[min(at)]: 0}, 0, above)


def _questions(published: Rows, program: Any) -> Iterator[System]:
    """The barriers, of which a person may name several, and each other closed question."""
    yield from _crossed(published, ("participation", "barriers"), one=False)
    for source, declared in program.sources.items() if program is not None else ():
        for name, column in declared.columns.items():
            yield from _crossed(published, ("asked", source, name), one=column.type != "multi")


def _crossed(published: Rows, place: tuple[str, ...], *, one: bool) -> Iterator[System]:
    """Who gave each answer in each group of one variable, and in all. one: whether each person gave
    just one, so that the answers of a group add up to its persons."""
    whole = _records(published, *place, depth=len(place) + 2)
    cells = _records(published, *place, depth=len(place) + 4)
    answered = _size(whole.values())
    if one and whole:
        yield _one_each(whole, answered)
    at = len(place)
    for variable in dict.fromkeys(names[at + 1] for names in cells):
        system = System()
        inside = {(n[at], n[at + 2]): row for n, row in cells.items() if n[at + 1] == variable}
        options, levels = (list(dict.fromkeys(names)) for names in zip(*inside, strict=True))
        sizes = {level: f"{variable}/{level}/size" for level in [*levels, ""]}
        if answered is not None:
            system.sum(sizes.values(), answered)
        for level in levels:
            known = _size(row for (_option, other), row in inside.items() if other == level)
            system.add({sizes[level]: 1}, known or 0, known or MOST)
        for option in options:
            named = {level: f"{option}/{variable}/{level}" for level in sizes}
            total = f"{option}/all"
            system.count(total, whole.get((*place, option)))
            system.add(dict.fromkeys(named.values(), 1.0) | {total: -1}, 0)
            for level, name in named.items():
                if level:
                    system.count(name, inside.get((option, level)))
                system.add({sizes[level]: 1, name: -1}, 0, MOST)
        for level, size in sizes.items() if one else ():
            system.add({f"{o}/{variable}/{level}": 1.0 for o in options} | {size: -1}, 0)
        system.add({sizes[""]: 1}, 0)  # the worst case: everybody's group is known
        yield system


def _one_each(cells: Places, whole: float | None) -> System:
    """Answers of which each person gave one."""
    system = System()
    for names, row in cells.items():
        system.count("/".join(names), row)
    if whole is not None:
        system.sum(map("/".join, cells), whole)
    return system


def _levels(published: Rows) -> Iterator[System]:
    """Reasons to leave add up to those who left; levels of the enrolled, to the enrolled."""
    enrolled, completed = (
        _value(published, f"participation/{name}") for name in ("enrolled", "completed")
    )
    left = None if enrolled is None or completed is None else round(enrolled - completed)
    reasons = _records(published, "participation", "dropout_reasons", depth=4)
    groups: dict[str, Places] = {}
    for names, row in _records(published, "participation", "representation", depth=5).items():
        groups.setdefault(names[2], {})[names] = row
    for cells, whole in ((reasons, left), *((cells, enrolled) for cells in groups.values())):
        if (known := _size(cells.values()) or whole) is not None:
            yield _one_each(cells, known)


def _stages(published: Rows, program: Any) -> System:
    """Stages of the funnel, each within the one before; and the sample's, whose last step is that
    of the first estimate, and whose first is the funnel's where there is one group."""
    system, before = System(), ""
    for names, row in _records(published, "participation", "funnel", depth=4, of=["n"]).items():
        name = "/".join(names)
        system.count(name, row)
        if before:
            system.add({before: 1, name: -1}, 0, MOST)
        before = name
    for step in "123":
        system.count(f"sample/flow/{step}", published.get(f"sample/flow/{step}/n"))
    if program is None:
        return system
    decisive = sorted(program.outcomes, key=lambda outcome: not outcome.decisive)
    places = [f"effects/{outcome.id}/primary/n_program" for outcome in decisive]
    if estimated := [published[place]["n"] for place in places if place in published]:
        system.add({"sample/flow/3": 1}, estimated[0] or 0, estimated[0] or MOST)
    plan = program.participation
    if program.design.group is None and plan is not None:
        if same := "invited" if plan.invited else None if plan.enrolled else "enrolled":
            system.add({"sample/flow/1": 1, f"participation/funnel/{same}": -1}, 0)
    return system


def _subgroups(published: Rows) -> Iterator[System]:
    """Persons of an outcome's subgroups add up to those of the outcome."""
    for measure in ("n_program", "n_comparison"):
        groups: dict[tuple[str, str], Places] = {}
        for names, row in _records(published, "effects", depth=6, of=[measure]).items():
            groups.setdefault((names[1], names[3]), {})[names] = dict(row) | {"n": row["value"]}
        for (outcome, _variable), levels in groups.items():
            whole = _value(published, f"effects/{outcome}/primary/{measure}")
            yield _one_each(levels, whole)
