"""Counts and shares of persons in one table, as drafts: of options, of levels of a grouping.

pandas in, drafts out: what a program publishes and what `el.barriers` and `el.describe` show are
counted here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from evaluasi_lib.measures import (
    UNPUBLISHED,
    Drafts,
    drafts,
    measure_id,
    part_of,
)
from evaluasi_lib.scoring.items import share_of

Counts = Mapping[Any, int]
Names = Sequence[object]


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
