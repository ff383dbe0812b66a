"""Counts and shares of persons in one table, as drafts: of options, of levels, of nested stages.

pandas in, drafts out: what a program publishes and what `el.barriers`, `el.completion` and
`el.describe` show are counted here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from evaluasi_lib.disclosure import SMALL_CELL
from evaluasi_lib.measures import (
    UNPUBLISHED,
    Cell,
    Draft,
    Drafts,
    Measure,
    Rows,
    drafts,
    measure_id,
    part_of,
    record_rows,
    share_interval,
    wide,
)
from evaluasi_lib.scoring.items import wilson

Counts = Mapping[Any, int]
Names = Sequence[object]


def share_of(n: int, whole: int) -> dict[str, Any]:
    """n of `whole` persons: n, share, ci_low, ci_high (Wilson), or the reason of no share."""
    if whole == 0:
        return {"n": 0, "share": None, "reason": "no_answers"}
    low, high = wilson(n, whole)
    return {"n": n, "share": n / whole, "ci_low": low, "ci_high": high}


def chosen_options(df: pd.DataFrame, question: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(option -> bool, the rows themselves) of those who answered a question of several answers.

    df: one row a respondent, with the columns `<question>__<option>`.
    """
    prefix = question + "__"
    options = [c for c in df.columns if str(c).startswith(prefix)]
    answered = df[df[options].notna().any(axis=1)]
    chosen = answered[options].astype("boolean").fillna(False).astype(bool)
    return chosen.rename(columns=lambda c: str(c).removeprefix(prefix)), answered


def option_shares(chosen: pd.DataFrame, names: Names, label: Callable[[str], str | None]) -> Drafts:
    """The share of the respondents (rows) who chose each option (bool columns), most frequent
    first; label: an option's name for readers."""
    for option in by_frequency(chosen):
        n, whole = int(chosen[option].sum()), len(chosen)
        record = share_of(n, whole) | {"label": label(option)}
        yield from drafts(record, [*names, option], "share:ci", part_of(n, whole))


def option_shares_by(
    chosen: pd.DataFrame,
    group: pd.Series,
    levels: Mapping[str, str],
    names: Names,
    label: Callable[[str], str | None],
    variable: object,
) -> Drafts:
    """The share of each group's respondents who chose each option, in the columns' order.

    group: level of each row, "" where missing. levels: level -> its name for readers. A small cell
    hides a second one of the same option, so that none can be found by subtraction.
    """
    whole = group.value_counts().to_dict()
    for option in map(str, chosen.columns):
        named = {"subject": option, "label": label(option)}
        about = {level: named | {"group": text} for level, text in levels.items()}
        yes = group[chosen[option]].value_counts().to_dict()
        yield from level_shares(yes, whole, about, [*names, option, variable])


def by_frequency(chosen: pd.DataFrame) -> list[str]:
    """Options (bool columns), the most frequent first; of ties in their own order."""
    counts = chosen.sum().to_dict()
    return sorted(map(str, chosen.columns), key=lambda option: -counts[option])


def level_shares(
    part: Counts,
    whole: Counts,
    levels: Mapping[str, Mapping[str, Any]],
    names: Names,
    beside: Counts | None = None,
) -> Drafts:
    """The share of each level's persons who are in the part.

    part, whole: level -> persons, "" for those whose level is missing. The parts add up to a total
    that is published, and so do the rests, so that one hidden level hides a second. levels: level
    -> columns of its rows. beside: further counts of a level that its numbers would tell.
    """
    families = measure_id(*names, "part"), measure_id(*names, "rest")
    for level in [*levels, ""]:
        n, all_here = int(part.get(level, 0)), int(whole.get(level, 0))
        cell = part_of(n, all_here, *families)
        place = [*names, level]
        if level:
            more = () if beside is None else (int(beside.get(level, 0)),)
            cell = dataclasses.replace(cell, persons=(*cell.persons, *more))
            yield from drafts(share_of(n, all_here), place, "share:ci", cell, **levels[level])
        elif all_here:
            yield from drafts({UNPUBLISHED: n}, place, UNPUBLISHED, cell)


def stage_shares(
    reached: pd.DataFrame,
    names: Names,
    first: Sequence[str] = (),
    *,
    fields: str = "share",
    total: str = "",
    **about: Any,
) -> Drafts:
    """Persons at each of nested stages (bool columns), and their share of the first one shown.

    Stages in `first` are given room before the others where not all may be shown. fields: "share",
    or "share:ci" with its ends. total: where a stage's persons in several groups add up to a
    published total, the name of these families; shares are of the first stage then, shown or not
    at all, so that groups can be compared.
    """
    order = [*first, *(s for s in reached.columns if s not in first)]
    for stage in map(str, reached.columns):
        n = int(reached[stage].sum())
        sums = ((f"{total}/{stage}", n),) if total else ()
        cell = Cell(sums=sums, stage=(measure_id(*names), n, order.index(stage)))
        place = [*names, stage]
        yield from drafts({"n": n}, place, "n", cell, **about)
        yield Draft(partial(_stage_share, place, fields, bool(total), about))


def _stage_share(
    place: Names, fields: str, strict: bool, about: Mapping[str, Any], shown: Sequence[Measure]
) -> Rows:
    """The share of one stage, worked out from the persons that may be shown."""
    funnel = wide(shown, measure_id(*place[:-1]) + "/*")
    n = next(stage["n"] for stage in funnel if stage["stem"][-1] == measure_id(place[-1]))
    known = [stage["n"] for stage in (funnel[:1] if strict else funnel)]
    base = next((whole for whole in known if whole), None)
    record: dict[str, Any] = {"n": n, "share": n / base if n is not None and base else None}
    hidden = n is None or known == [None]
    record |= share_interval(base, record["share"]) | {"reason": SMALL_CELL if hidden else None}
    yield from record_rows(record, place, fields, **about)
