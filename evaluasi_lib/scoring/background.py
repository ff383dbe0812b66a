"""Variables of persons wherever declared, their names in reports, and shares of groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.disclosure import SMALL_CELL, is_small, protect_counts, publishable_share
from evaluasi_lib.errors import DataError
from evaluasi_lib.program import Column, ParticipationPlan, Program
from evaluasi_lib.scoring.items import wilson
from evaluasi_lib.scoring.scales import instrument_scores
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose, number


def participation_of(program: Program) -> ParticipationPlan:
    """What is declared on participation; a plan of nothing where nothing is."""
    return program.participation or ParticipationPlan()


def declared_column(program: Program, variable: str) -> Column | None:
    """The first declaration of a variable, in the order of the sources (the roster's first)."""
    sources = sorted(program.sources.items(), key=lambda item: item[0] != program.roster)
    return next((s.columns[variable] for _name, s in sources if variable in s.columns), None)


def variable_label(program: Program, variable: str) -> str:
    """The variable's or the instrument's name as reports show it; its short name otherwise."""
    if variable in program.instruments:
        return choose(program.instruments[variable].label)
    column = declared_column(program, variable)
    return (choose(column.label) if column is not None else "") or variable.replace("_", " ")


def level_label(program: Program, variable: str, level: object) -> str:
    """The name of one value of a variable as reports show it."""
    if str(level).lower() in ("true", "false"):
        return _("yes") if str(level).lower() == "true" else _("no")
    if isinstance(level, float):
        level = number(level, 0 if level.is_integer() else 1)
    column = declared_column(program, variable)
    text = column.categories.get(str(level)) if column is not None else None
    return choose(text) if text is not None else str(level)


def term_label(program: Program, variable: str, level: str | None, reference: str | None) -> str:
    """The name of a term of a model: a variable, or one level of it against its reference."""
    label = variable_label(program, variable)
    if level is None:
        return label
    return _("{label}: {level} (against {reference})").format(
        label=label,
        level=level_label(program, variable, level),
        reference=level_label(program, variable, reference),
    )


def person_variable(study: Study, variable: str) -> pd.Series | None:
    """A variable, or an instrument's earliest score, with one value for each pid of `persons`.

    Looked up in the roster first, then in the other linked tables (first row of a person), then
    among the instruments. None where it cannot be found for persons.
    """
    persons = study.persons
    if variable in persons:
        return persons[variable]
    if not study.linked:
        return None
    for table in study.tables.values():
        if variable in table:
            first = table.drop_duplicates("pid").set_index("pid")[variable]
            return first.reindex(persons.index)
    instrument = study.program.instruments.get(variable)
    waves = study.waves_of(instrument) if instrument is not None else []
    if not waves:
        return None
    try:
        scores = instrument_scores(study, variable, waves[0])
    except DataError:
        return None  # no one source asks all its items
    return scores.drop_duplicates("pid").set_index("pid")["score"].reindex(persons.index)


def person_levels(study: Study, variable: str | None, pids: pd.Index) -> pd.Series | None:
    """The level of each pid as text, "" where missing; None where the variable is not known."""
    values = person_variable(study, variable) if variable is not None else None
    return None if values is None else as_levels(values.reindex(pids))


def known_variables(
    study: Study, names: Iterable[str], pids: pd.Index, *, at_least: int
) -> pd.DataFrame:
    """Those of the variables of which at least so many of the pids (the index) have a value."""
    found = {name: person_variable(study, name) for name in names}
    columns = {name: v.reindex(pids) for name, v in found.items() if v is not None}
    return pd.DataFrame(
        {name: v for name, v in columns.items() if v.notna().sum() >= at_least}, index=pids
    )


def small_levelled(frame: pd.DataFrame, k: int) -> list[str]:
    """Variables with a level of fewer than k persons; a number of many values has no levels."""
    found = []
    for name in map(str, frame.columns):
        counts = frame[name].value_counts()
        counts = counts[counts > 0]
        levels = len(counts) == 2 or not pd.api.types.is_numeric_dtype(frame[name].dtype)
        if levels and counts.min() < k:
            found.append(name)
    return found


def cluster_of(study: Study, pids: pd.Index) -> np.ndarray | None:
    """Codes (n) of the declared agency of each pid; None where none is declared or known.

    A person without an agency is taken as one that resembles nobody.
    """
    name = study.program.design.cluster
    values = person_variable(study, name) if name is not None else None
    if values is None:
        return None
    codes, found = pd.factorize(values.reindex(pids).astype("object"))
    lone = codes < 0
    return np.where(lone, len(found) + np.cumsum(lone), codes)


def reached(values: pd.Series) -> pd.Series:
    """Whether a stage was reached: a flag that is true, a date that is there, a number above 0."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.fillna(False).astype(bool)
    if pd.api.types.is_numeric_dtype(values.dtype):
        return (values.fillna(0) > 0).astype(bool)
    return values.notna()


def protect_funnel(
    counts: Mapping[str, int], *, k: int, first: Sequence[str] = ()
) -> dict[str, int | None]:
    """Counts of nested stages, of which neighbours never differ by 1 to k-1 persons.

    counts: stage -> n, never rising. A difference of a few persons would tell who left at that
    stage, so a stage is shown only where it, its difference from each shown neighbour, and the
    last shown stage are 0 or at least k. Stages in `first` are given room before the others.
    """
    stages = list(counts)
    shown: set[str] = set()
    for stage in [*(s for s in first if s in counts), *(s for s in stages if s not in first)]:
        trial = [counts[s] for s in stages if s in shown | {stage}]
        steps = [high - low for high, low in zip(trial, [*trial[1:], 0], strict=True)]
        if not any(is_small(step, k) for step in steps):
            shown.add(stage)
    return {stage: counts[stage] if stage in shown else None for stage in stages}


def share_row(n: int, total: int, k: int) -> dict[str, Any]:
    """n, share, ci_low, ci_high, reason of a part of a whole, through the disclosure gate."""
    shown, share, reason = publishable_share(n, total, k=k)
    low, high = wilson(n, total) if share is not None else (None, None)
    return {"n": shown, "share": share, "ci_low": low, "ci_high": high, "reason": reason}


def as_levels(values: pd.Series) -> pd.Series:
    """Values as text; "" where missing."""
    return values.astype("object").map(_level_text)


def _level_text(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def levels_of(program: Program, name: str, values: pd.Series) -> list[str]:
    """Levels that occur, in declared order, then the undeclared ones sorted."""
    present = set(values) - {""}
    column = declared_column(program, name)
    declared = [c for c in column.categories if c in present] if column is not None else []
    return [*declared, *sorted(present - set(declared))]


def level_rows(
    program: Program,
    variable: str,
    part: pd.Series,
    whole: Mapping[str, int] | pd.Series,
    levels: Sequence[str],
    k: int,
) -> list[dict[str, Any]]:
    """A row for each level: variable, variable_label, group, label, and those of share_row.

    part, whole: level -> persons, "" for those whose level is missing. A level is hidden where its
    count, or its complement, is small or could be found by subtraction.
    """
    n = {level: int(part.get(level, 0)) for level in [*levels, ""]}
    rest = {level: int(whole.get(level, 0)) - n[level] for level in n}
    hidden = {
        level
        for counts in (n, rest)
        for level, shown in protect_counts(counts, k=k).items()
        if shown is None
    }
    rows = []
    for level in levels:
        row = share_row(n[level], n[level] + rest[level], k)
        if level in hidden:
            row = dict.fromkeys(row) | {"reason": SMALL_CELL}
        named = {
            "variable": variable,
            "variable_label": variable_label(program, variable),
            "group": level,
            "label": level_label(program, variable, level),
        }
        rows.append(named | row)
    return rows
