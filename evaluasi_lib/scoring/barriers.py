"""What holds people back, in all and by group, and whom the program misses."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evaluasi_lib.program import Program
from evaluasi_lib.results import Barrier
from evaluasi_lib.scoring.background import (
    as_levels,
    declared_column,
    level_rows,
    levels_of,
    participation_of,
    person_levels,
    person_variable,
    share_row,
)
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose


def _barrier_answers(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(option -> bool, the rows themselves) of those who answered the question on barriers."""
    question = participation_of(study.program).barriers
    if question is None or question.source not in study.tables:
        return pd.DataFrame(), pd.DataFrame()
    rows = study.rows(question.source)
    prefix = question.variable + "__"
    options = [c for c in rows.columns if c.startswith(prefix)]
    answered = rows[rows[options].notna().any(axis=1)] if options else rows.iloc[:0]
    chosen = answered[options].fillna(False).astype(bool)
    chosen.columns = [c.removeprefix(prefix) for c in options]
    return chosen, answered


def _option_label(program: Program, option: str) -> str:
    question = participation_of(program).barriers
    column = declared_column(program, question.variable) if question is not None else None
    text = column.options.get(option) if column is not None else None
    if isinstance(text, list):
        return text[0] if text else option
    return choose(text) if text else option.replace("_", " ")


def score_barriers(study: Study) -> tuple[Barrier, ...]:
    """Share of the respondents who name each barrier, most frequent first, Wilson intervals."""
    answers, _rows = _barrier_answers(study)
    k = study.program.privacy.min_cell
    counts = {str(option): int(answers[option].sum()) for option in answers}
    return tuple(
        Barrier(option, _option_label(study.program, option), **share_row(n, len(answers), k))
        for option, n in sorted(counts.items(), key=lambda item: -item[1])
    )


def barriers_by_group(study: Study, stages: pd.DataFrame) -> list[dict[str, Any]]:
    """Barriers within the groups of each declared variable, and by completion.

    A small cell hides a second one of the same barrier, so that none can be found by subtraction.
    """
    answers, rows = _barrier_answers(study)
    if answers.empty:
        return []
    k = study.program.privacy.min_cell
    groupings = {
        name: _own_or_known(study, name, rows) for name in participation_of(study.program).groups
    }
    if "completed" in stages:
        groupings["completed"] = rows["pid"].map(stages["completed"].astype("object"))
    found: list[dict[str, Any]] = []
    for name, values in groupings.items():
        if values is None:
            continue
        group = as_levels(values)
        levels, total = levels_of(study.program, name, group), group.value_counts()
        named = {"variable_label": _("completed the program")} if name == "completed" else {}
        for option in map(str, answers.columns):
            named |= {"barrier": option, "barrier_label": _option_label(study.program, option)}
            yes = group[answers[option]].value_counts()
            found += [r | named for r in level_rows(study.program, name, yes, total, levels, k)]
    return found


def _own_or_known(study: Study, name: str, rows: pd.DataFrame) -> pd.Series | None:
    """A grouping of the answers: asked in the same survey, or known of the person."""
    if name in rows:
        return rows[name]
    values = person_variable(study, name)
    return None if values is None else rows["pid"].map(values.astype("object"))


def score_representation(study: Study, stages: pd.DataFrame) -> list[dict[str, Any]]:
    """Who is missed: shares of the enrolled beside those of the population, by background.

    For each declared population variable, and each group variable without one (there the persons
    of the roster's program group stand for the population). Rows: variable, variable_label, group,
    label, reference ("population" | "roster"), population_share, n, share, ci_low, ci_high, reason,
    status ("under" | "over" | "as_expected" | None): under when the population's share lies above
    the Wilson interval of the share enrolled.
    """
    program = study.program
    k = program.privacy.min_cell
    names = dict.fromkeys([*program.population, *participation_of(program).groups])
    enrolled = stages["enrolled"]
    found: list[dict[str, Any]] = []
    for name in names:
        everyone = person_levels(study, name, stages.index)
        declared = program.population.get(name)
        if everyone is None or (declared is None and enrolled.all()):
            continue  # the roster would be compared with itself
        here = everyone[enrolled & everyone.ne("")]
        population = declared or everyone[everyone.ne("")].value_counts().to_dict()
        levels = [*population] if declared is not None else levels_of(program, name, everyone)
        whole = dict.fromkeys(levels, len(here))
        for row in level_rows(program, name, here.value_counts(), whole, levels, k):
            expected = float(population[row["group"]]) / float(sum(population.values()))
            found.append(
                row
                | {
                    "reference": "population" if declared is not None else "roster",
                    "population_share": expected,
                    "status": _status(expected, row["ci_low"], row["ci_high"]),
                }
            )
    return found


def _status(expected: float, low: float | None, high: float | None) -> str | None:
    if low is None or high is None:
        return None
    if expected > high:
        return "under"
    return "over" if expected < low else "as_expected"
