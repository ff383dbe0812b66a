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

from evaluasi_lib.program import Program

Row = Mapping[str, Any]
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

    def count(self, name: str, row: Row | None) -> None:
        """An unknown number of persons, known where a row shows it."""
        self.names.setdefault(name, len(self.names))
        if row is not None and row["n"] is not None:
            self.add({name: 1}, row["n"])
        elif row is not None and row["reason"] == "small_cell":
            self.hidden.add(name)

    def recovered(self) -> dict[str, int]:
        """The hidden numbers of few persons that can be only one, with what they are."""
        found = {}
        for name in sorted(self.hidden):
            least, most = self._end(name, 1), self._end(name, -1)
            if (
                least == most and least is not None and 0 < least < 5
            ):  # nobody, or many, is no one's secret
                found[name] = least
        return found

    def _end(self, name: str, sign: int) -> int | None:
        wanted = np.zeros(len(self.names))
        wanted[self.names[name]] = sign
        matrix = np.zeros((len(self.rows), len(self.names)))
        for i, (terms, _low, _high) in enumerate(self.rows):
            for term, factor in terms.items():
                matrix[i, self.names[term]] = factor
        low, high = ([row[end] for row in self.rows] for end in (1, 2))
        found = milp(
            wanted,
            constraints=LinearConstraint(matrix, low, high),
            integrality=np.ones(len(wanted)),
            bounds=Bounds(0, MOST),
        )
        return None if found.x is None else round(sign * found.fun)


def attack(rows: Iterable[Row], program: Program | None = None) -> dict[str, int]:
    """The hidden numbers that follow from the published rows, by their place.

    program: its declaration, which tells a reader which numbers are the same in two places.
    """
    published = {row["id"]: row for row in rows}
    pairs = {} if program is None else importance_of(program)
    found: dict[str, int] = {}
    for system in (
        *_answers(published, pairs),
        *_questions(published, program),
        *_levels(published),
        _stages(published, program),
        *_subgroups(published),
    ):
        found |= system.recovered()
    return found


def importance_of(program: Program) -> dict[str, str]:
    """Item -> the item that asks for its importance."""
    found: dict[str, str] = {}
    for instrument in program.instruments.values():
        if instrument.importance:
            other = program.instruments[instrument.importance]
            found |= zip(instrument.items, other.items, strict=True)
    return found


def _records(published: Mapping[str, Row], *start: str, depth: int) -> dict[tuple[str, ...], Row]:
    """The row with the share or number of each place that begins so, by its names."""
    found = {}
    for id, row in published.items():
        names = tuple(id.split("/"))
        fits = len(names) == depth and names[: len(start)] == start
        if fits and names[-1] in ("share", "n", "n_program", "n_comparison"):
            found[names[:-1]] = row
    return found


def _size(rows: Iterable[Row]) -> int | None:
    """The persons of whom the rows hold shares, where one of them tells."""
    for row in rows:
        if row["n"] and row["value"]:
            return round(row["n"] / row["value"])
    return None


def _answers(published: Mapping[str, Row], pairs: Mapping[str, str]) -> Iterator[System]:
    """Of each instrument: parts of the persons of each item, and what is published of their mean
    and spread, item by item and over all items."""
    instruments: dict[tuple[str, str], dict[str, dict[str, Row]]] = {}
    for names, row in _records(published, "answers", depth=6).items():
        items = instruments.setdefault(names[1:3], {})
        items.setdefault(names[3], {})[names[4]] = row
    importance = {other: item for item, other in pairs.items()}
    for (scale, wave), items in instruments.items():
        system, found = System(), {}
        place = f"scales/{scale}/{wave}/program"
        for item, answers in items.items():
            whole = _size(answers.values())
            if whole is None:
                continue
            at = _parts(system, f"{scale}/{item}", answers, whole)
            found[item] = at, whole
            for key, measure in ((item, "performance"), (importance.get(item), "importance")):
                for id, row in published.items():
                    if id.endswith(f"/{wave}/program/{key}/{measure}"):
                        _moment(system, at, 1, row["value"], whole)
            if len(items) == 1:
                _of_one_item(system, published, place, at, whole)
        if len(found) == len(items) > 1:
            _of_all_items(system, published, place, list(found.values()))
        yield system


def _parts(system: System, name: str, answers: Mapping[str, Row], whole: int) -> dict[int, str]:
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
                system.add(dict.fromkeys(parts.values(), 1), row["n"])
    system.add(dict.fromkeys(at.values(), 1), whole)
    return at


def _of_all_items(
    system: System, published: Mapping[str, Row], place: str,
    items: Sequence[tuple[Mapping[int, str], int]],
) -> None:  # fmt: skip
    """The share of upper answers of all items, and their mean where everybody answered each."""
    answered = sum(whole for _at, whole in items)
    top, mean = (published.get(f"{place}/{name}") for name in ("top2_share", "mean"))
    if top is not None and top["value"] is not None:
        upper = {at[p]: 1 for at, _whole in items for p in sorted(at)[-2:]}
        system.add(upper, round(top["value"] * answered))
    complete = mean is not None and all(whole == mean["n"] for _at, whole in items)
    if mean is None or mean["value"] is None or not complete:
        return
    total = mean["value"] * answered
    if abs(total - round(total)) < 1e-6:  # else it is weighted to the population
        system.add({at[p]: p for at, _whole in items for p in at}, round(total))


def _moment(
    system: System, at: Mapping[int, str], power: int, mean: float | None, whole: int
) -> None:
    if mean is not None:
        terms = {name: float(point) ** power for point, name in at.items()}
        system.add(terms, mean * whole - 1e-4, mean * whole + 1e-4)


def _of_one_item(
    system: System, published: Mapping[str, Row], place: str, at: Mapping[int, str], whole: int
) -> None:
    """What is published of the score of a single item: its mean, deviation, quantiles, ends."""

    def value(measure: str) -> float | None:
        row = published.get(f"{place}/{measure}")
        return None if row is None or row["n"] != whole else row["value"]

    mean, sd, top = value("mean"), value("sd"), value("top2_share")
    _moment(system, at, 1, mean, whole)
    if mean is not None and sd is not None:
        _moment(system, at, 2, (sd**2 * (whole - 1)) / whole + mean**2, whole)
    if top is not None:
        system.add({at[p]: 1 for p in sorted(at)[-2:]}, round(top * whole))
    nps = published.get(f"{place}/nps/score")
    if nps is not None and nps["value"] is not None:
        ends = {at[p]: 1.0 for p in at if p >= 9} | {at[p]: -1.0 for p in at if p <= 6}
        system.add(ends, round(nps["value"] * whole))
    for name, q in QUANTILES.items():
        if (cut := value(name)) is not None:
            below, above = math.floor((whole - 1) * q), math.ceil((whole - 1) * q)
            system.add({at[p]: 1 for p in at if p <= cut}, below + 1, whole)
            system.add({at[p]: 1 for p in at if p < cut} or {at[min(at)]: 0}, 0, above)


def _questions(published: Mapping[str, Row], program: Program | None) -> Iterator[System]:
    """The barriers, of which a person may name several, and each other closed question."""
    yield from _crossed(published, ("participation", "barriers"), one=False)
    if program is None:
        return
    for source, declared in program.sources.items():
        for name, column in declared.columns.items():
            yield from _crossed(published, ("asked", source, name), one=column.type != "multi")


def _crossed(
    published: Mapping[str, Row], place: tuple[str, ...], *, one: bool
) -> Iterator[System]:
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
        inside = {names: row for names, row in cells.items() if names[at + 1] == variable}
        levels = list(dict.fromkeys(names[at + 2] for names in inside))
        sizes = {level: f"{variable}/{level}/size" for level in [*levels, ""]}
        if answered is not None:
            system.add(dict.fromkeys(sizes.values(), 1), answered)
        for level in levels:
            known = _size(row for names, row in inside.items() if names[at + 2] == level)
            system.add({sizes[level]: 1}, known or 0, known or MOST)
        options = list(dict.fromkeys(names[at] for names in inside))
        for option in options:
            named = {level: f"{option}/{variable}/{level}" for level in [*levels, ""]}
            for level in levels:
                system.count(named[level], inside.get((*place, option, variable, level)))
            total = f"{option}/all"
            system.count(total, whole.get((*place, option)))
            system.add(dict.fromkeys(named.values(), 1.0) | {total: -1}, 0)
            for level, name in named.items():
                system.add({sizes[level]: 1, name: -1}, 0, MOST)
        for level, size in sizes.items() if one else ():
            system.add({f"{o}/{variable}/{level}": 1.0 for o in options} | {size: -1}, 0)
        system.add({sizes[""]: 1}, 0)  # the worst case: everybody's group is known
        yield system


def _one_each(whole: Mapping[tuple[str, ...], Row], answered: int | None) -> System:
    """Answers of which each person gave one."""
    system = System()
    for names, row in whole.items():
        system.count("/".join(names), row)
    if answered is not None:
        system.add(dict.fromkeys(map("/".join, whole), 1), answered)
    return system


def _levels(published: Mapping[str, Row]) -> Iterator[System]:
    """Reasons to leave add up to those who left; levels of the enrolled, to the enrolled."""
    reasons = _records(published, "participation", "dropout_reasons", depth=4)
    groups: dict[tuple[str, ...], dict[tuple[str, ...], Row]] = {(): reasons}
    for names, row in _records(published, "participation", "representation", depth=5).items():
        groups.setdefault(names[:3], {})[names] = row
    enrolled, completed = (
        published.get(f"participation/{name}", {}).get("value")
        for name in ("enrolled", "completed")
    )
    left = None if enrolled is None or completed is None else round(enrolled - completed)
    for start, cells in groups.items():
        whole = _size(cells.values()) or (left if not start else enrolled)
        if whole is not None:
            yield _one_each(cells, whole)


def _stages(published: Mapping[str, Row], program: Program | None) -> System:
    """Stages of the funnel, each within the one before; and the sample's, whose last step is that
    of the first estimate, and whose first is the funnel's where there is one group."""
    system, before = System(), ""
    for names, row in _records(published, "participation", "funnel", depth=4).items():
        name = "/".join(names)
        if row["measure"] != "n":
            continue
        system.count(name, row)
        if before:
            system.add({before: 1, name: -1}, 0, MOST)
        before = name
    for step in "123":
        system.count(f"sample/flow/{step}", published.get(f"sample/flow/{step}/n"))
    if program is None:
        return system
    decisive = sorted(program.outcomes, key=lambda outcome: not outcome.decisive)
    for place in (f"effects/{outcome.id}/primary/n_program" for outcome in decisive):
        if place in published:
            system.add({"sample/flow/3": 1}, published[place]["n"] or 0,
                       published[place]["n"] or MOST)  # fmt: skip
            break
    plan = program.participation
    if program.design.group is None and plan is not None:
        if same := "invited" if plan.invited else None if plan.enrolled else "enrolled":
            system.add({"sample/flow/1": 1, f"participation/funnel/{same}": -1}, 0)
    return system


def _subgroups(published: Mapping[str, Row]) -> Iterator[System]:
    """Persons of an outcome's subgroups add up to those of the outcome."""
    for id, row in published.items():
        outcome, _, measure = id.removeprefix("effects/").partition("/primary/")
        if not id.startswith("effects/") or measure not in ("n_program", "n_comparison"):
            continue
        place = f"effects/{outcome}/subgroup/"
        cells: dict[str, dict[str, Row]] = {}
        for other, found in published.items():
            if other.startswith(place) and other.endswith("/" + measure):
                variable = other.removeprefix(place).partition("/")[0]
                cells.setdefault(variable, {})[other] = found
        for levels in cells.values():
            system = System()
            for name, found in levels.items():
                system.count(name, dict(found) | {"n": found["value"]})
            if row["value"] is not None:
                system.add(dict.fromkeys(levels, 1), row["value"])
            yield system
