"""Who was invited, takes part and completes, what holds people back, and who is missed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.disclosure import SMALL_CELL, is_small, protect_funnel
from evaluasi_lib.errors import DataError
from evaluasi_lib.labels import declared_column, participation_of, variable_label
from evaluasi_lib.program import Outcome, Program
from evaluasi_lib.results import Barrier, FlowStep, Participation, Sample
from evaluasi_lib.scoring.drivers import score_drivers
from evaluasi_lib.scoring.frames import OutcomeFrames, outcome_frame, outcome_frames
from evaluasi_lib.scoring.impact.designs import difference, paired
from evaluasi_lib.scoring.impact.models import cluster_codes
from evaluasi_lib.scoring.persons import (
    as_levels,
    level_rows,
    levels_of,
    person_levels,
    person_variable,
    reached,
    share_row,
)
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose

STAGES = ("invited", "enrolled", "started", "completed")
SURVEYS = ("survey", "rating")


def score_sample(study: Study, frames: OutcomeFrames | None = None) -> Sample:
    """Invited (roster, or those flagged as invited), responded (any answer in a survey), analysed
    (in the primary estimate of the first decisive outcome), with the flow between them.

    frames: outcome_frames(study), where the caller has them.
    """
    invited, reason = _invited(study)
    responded = _responded(study)
    frames = frames or outcome_frames(study)
    label, analysed = "—", None
    for outcome in sorted(study.program.outcomes, key=lambda o: not o.decisive):
        found = frames[outcome.id]
        if not isinstance(found, str):
            label, analysed = choose(outcome.label), len(found.complete)
            break
    flow = _flow(
        [
            (_("invited or assigned"), invited, reason),
            (_("answered at least one questionnaire"), responded, None),
            (_("analysed for the estimate of: {outcome}").format(outcome=label), analysed, None),
        ],
        study.program.privacy.min_cell,
    )
    first, second, third = (step.n for step in flow)
    hidden = responded is not None and second is None
    return Sample(
        invited=first,
        responded=second,
        analysed=third,
        response_rate_share=second / first if first and second is not None else None,
        weighted=bool(study.program.population),
        flow=flow,
        reason=SMALL_CELL if hidden else reason,
    )


def _flow(steps: list[tuple[str, int | None, str | None]], k: int) -> tuple[FlowStep, ...]:
    """Steps with the number lost before each; a few who left could be found by subtraction, so a
    step after which 1 to k-1 persons are missing is hidden."""
    flow: list[FlowStep] = []
    last: int | None = None
    for step, n, why in steps:
        dropped = None if n is None or last is None else last - n
        if dropped is not None and dropped < 0:
            dropped = None  # records also cover persons who answered no questionnaire
        if is_small(n, k) or is_small(dropped, k):
            flow.append(FlowStep(step, None, None, SMALL_CELL))
            continue
        flow.append(FlowStep(step, n, dropped, why))
        last = n if n is not None else last
    return tuple(flow)


def _invited(study: Study) -> tuple[int | None, str | None]:
    program = study.program
    if program.design.attrition == "unknown":
        return None, _("it is not known how many persons were invited or assigned")
    if program.roster is None:
        return None, _("there is no list of the persons who were invited")
    persons = study.persons
    known = persons["group"].notna()
    flags = person_variable(study, participation_of(program).invited, persons.index)
    if flags is not None:
        # Persons of the comparison group are never invited, yet they are part of the sample.
        known &= reached(flags) | (persons["group"] == "comparison")
    return int(known.sum()), None


def _responded(study: Study) -> int | None:
    """Persons with any answer in a questionnaire; the largest wave where persons are not linked."""
    program = study.program
    names = [n for n, s in program.sources.items() if s.role in SURVEYS and n in study.tables]
    people: list[set[str]] = []
    for name in names or list(study.tables)[:1]:
        table, columns = study.tables[name], program.sources[name].columns
        items = [c for c in columns if columns[c].type == "item" and c in table]
        answered = table[table[items].notna().any(axis=1)] if items else table
        people.append(set(answered["pid"]))
    if not people:
        return None
    if not study.linked:
        return max(len(group) for group in people)
    everyone = set().union(*people)
    return len(everyone & set(study.persons.index)) if program.roster else len(everyone)


def score_participation(study: Study) -> Participation:
    """Funnel, barriers, drivers, motivation and representation of one program.

    completion_share = completed / enrolled (all of the program's persons where enrolment is not
    declared). `details`, each a list of dicts ready for a table:

    - funnel: stage, n, share (of the first stage shown), reason
    - dropout_reasons: value, label, n, share, ci_low, ci_high, reason
    - barriers_by_group: variable, group, label, barrier, n, share, ci_low, ci_high, reason
    - drivers_left_out: variable, label, sentence;  driver_notes: sentences
    - motivation: score_motivation's dict;  representation: score_representation's rows
    """
    if study.program.participation is None:
        nothing = _("The program declares nothing on participation.")
        return Participation(None, None, None, None, reason=nothing)
    if study.persons.empty:
        return Participation(
            None, None, None, None, score_barriers(study),
            details={"barriers_by_group": barriers_by_group(study, pd.DataFrame())},
            reason=_("The sources cannot be linked, so persons cannot be followed."),
        )  # fmt: skip
    stages = stage_flags(study)
    k = study.program.privacy.min_cell
    counts = {str(name): int(n) for name, n in stages.sum().items()}
    shown = protect_funnel(counts, k=k, first=("completed", "enrolled"))
    share = reason = None
    if "completed" not in counts:
        reason = _("The program does not declare who completed.")
    elif counts["enrolled"] == 0:
        reason = _("Nobody enrolled.")
    elif shown["completed"] is None or not shown["enrolled"]:
        reason = SMALL_CELL
    else:
        share = counts["completed"] / counts["enrolled"]
    drivers, extra = score_drivers(study, stages)
    details: dict[str, Any] = {
        "funnel": _funnel(shown),
        "dropout_reasons": _dropout_reasons(study, stages),
        "barriers_by_group": barriers_by_group(study, stages),
        "motivation": score_motivation(study),
        "representation": score_representation(study, stages),
        **extra,
    }
    return Participation(
        enrolled=shown.get("enrolled"),
        started=shown.get("started"),
        completed=shown.get("completed"),
        completion_share=share,
        barriers=score_barriers(study),
        drivers=drivers,
        details=details,
        reason=reason,
    )


def stage_flags(study: Study) -> pd.DataFrame:
    """One column for each declared stage (bool), index pid: the persons of the program group.

    `enrolled` is there always: everybody where it is not declared. Stages are nested: who reached
    a later one has reached the earlier ones, whatever their flags say.
    """
    plan = participation_of(study.program)
    persons = study.persons[study.persons["group"].eq("program")]
    found: dict[str, pd.Series] = {}
    later = pd.Series(False, index=persons.index)
    for stage in reversed(STAGES):
        variable = getattr(plan, stage)
        values = person_variable(study, variable, persons.index)
        if values is not None:
            found[stage] = later = later | reached(values)
        elif stage == "enrolled":
            found[stage] = later = pd.Series(True, index=persons.index)
    return pd.DataFrame({stage: found[stage] for stage in STAGES if stage in found})


def _funnel(shown: Mapping[str, int | None]) -> list[dict[str, Any]]:
    base = next((n for n in shown.values() if n), None)
    return [
        {
            "stage": stage,
            "n": n,
            "share": n / base if n is not None and base else None,
            "reason": SMALL_CELL if n is None else None,
        }
        for stage, n in shown.items()
    ]


def _dropout_reasons(study: Study, stages: pd.DataFrame) -> list[dict[str, Any]]:
    """Why persons who enrolled did not complete, as recorded; most frequent first."""
    name = participation_of(study.program).dropout_reason
    if name is None or "completed" not in stages:
        return []
    left = stages.index[stages["enrolled"] & ~stages["completed"]]
    given = person_levels(study, name, left)
    if given is None:
        return []
    counts = given[given.ne("")].value_counts()
    levels = sorted(levels_of(study.program, name, given), key=lambda level: -int(counts[level]))
    whole = dict.fromkeys(levels, int(counts.sum()))
    rows = level_rows(study.program, name, counts, whole, levels)
    shown = ("label", "n", "share", "ci_low", "ci_high", "reason")
    return [{"value": row["group"]} | {key: row[key] for key in shown} for row in rows]


def score_motivation(study: Study) -> dict[str, Any] | None:
    """Change of the declared motivation instrument from its first wave to its last.

    {instrument, label, n_after, mean_before, mean_after, change, ci_low, ci_high, p_value, reason}.
    The same persons are compared where they can be linked (errors clustered by agency), otherwise
    two independent samples, which is weaker. A change in one group is no effect. None where no
    instrument is declared.
    """
    name = participation_of(study.program).motivation
    if name is None:
        return None
    numbers = ("n_after", "mean_before", "mean_after", "change", "ci_low", "ci_high", "p_value")
    label = variable_label(study.program, name)
    result: dict[str, Any] = {"instrument": name, "label": label} | dict.fromkeys(numbers)
    waves = study.waves_of(study.program.instruments[name])
    if len(waves) < 2:
        return result | {"reason": _("Motivation was measured only once.")}
    outcome = Outcome(
        id=name, label=name, level="reaction", unit="", instrument=name, estimator="paired",
        baseline_wave=waves[0], wave=waves[-1],
    )  # fmt: skip
    try:
        frame = outcome_frame(study, outcome)
    except DataError as error:
        return result | {"reason": error.problems[0].what}
    rows, k = frame.complete, study.program.privacy.min_cell
    after, before = rows["y"], rows["y0"] if frame.before is None else frame.before["y"]
    if is_small(len(before), k) or is_small(len(after), k):
        return result | {"reason": SMALL_CELL}
    if frame.before is None:
        clusters = cluster_codes(rows, study.program.design.cluster)
        found = paired(after, before, clusters=clusters)
    else:
        later = np.repeat([False, True], [len(before), len(after)])
        found = difference(np.r_[before, after], later, estimand="change")
    if found.estimate is None or found.p_value is None:
        return result | {"reason": found.reason or _("Too few persons answered.")}
    low, high = found.interval(0.95)
    return result | {
        "n_after": len(after),
        "mean_before": float(before.mean()),
        "mean_after": float(after.mean()),
        "change": found.estimate,
        "ci_low": low,
        "ci_high": high,
        "p_value": found.p_value,
        "reason": None,
    }


def score_representation(study: Study, stages: pd.DataFrame) -> list[dict[str, Any]]:
    """Who is missed: shares of the enrolled beside those of the population, by background.

    For each declared population variable, and each group variable without one (there the persons
    of the roster's program group stand for the population). Rows: those of level_rows, and
    population_share, status ("under" | "over" | "as_expected" | None): under when the population's
    share lies above the Wilson interval of the share enrolled.
    """
    program, enrolled = study.program, stages["enrolled"]
    found: list[dict[str, Any]] = []
    for name in dict.fromkeys([*program.population, *participation_of(program).groups]):
        everyone = person_levels(study, name, stages.index)
        declared = program.population.get(name)
        if everyone is None or (declared is None and enrolled.all()):
            continue  # the roster would be compared with itself
        here = everyone[enrolled & everyone.ne("")]
        population = declared or everyone[everyone.ne("")].value_counts().to_dict()
        levels = [*population] if declared is not None else levels_of(program, name, everyone)
        whole = dict.fromkeys(levels, len(here))
        for row in level_rows(program, name, here.value_counts(), whole, levels):
            expected = float(population[row["group"]]) / float(sum(population.values()))
            status = _status(expected, row["ci_low"], row["ci_high"])
            found.append(row | {"population_share": expected, "status": status})
    return found


def _status(expected: float, low: float | None, high: float | None) -> str | None:
    if low is None or high is None:
        return None
    if expected > high:
        return "under"
    return "over" if expected < low else "as_expected"


def score_barriers(study: Study) -> tuple[Barrier, ...]:
    """Share of the respondents who name each barrier, most frequent first, Wilson intervals."""
    answers, _rows = _barrier_answers(study)
    k = study.program.privacy.min_cell
    counts = {str(option): int(answers[option].sum()) for option in answers}
    return tuple(
        Barrier(option, _option_label(study.program, option), **share_row(n, len(answers), k))
        for option, n in sorted(counts.items(), key=lambda item: -item[1])
    )


def _barrier_answers(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(option -> bool, the rows themselves) of those who answered the question on barriers."""
    question = participation_of(study.program).barriers
    if question is None or question.source not in study.tables:
        return pd.DataFrame(), pd.DataFrame()
    rows = study.rows(question.source)
    prefix = question.variable + "__"
    options = [c for c in rows.columns if c.startswith(prefix)]
    answered = rows[rows[options].notna().any(axis=1)]
    chosen = answered[options].fillna(False).astype(bool)
    return chosen.rename(columns=lambda c: c.removeprefix(prefix)), answered


def _option_label(program: Program, option: str) -> str:
    question = participation_of(program).barriers
    column = declared_column(program, question.variable) if question is not None else None
    text = column.options.get(option) if column is not None else None
    if isinstance(text, list):
        return text[0] if text else option
    return choose(text) if text else option.replace("_", " ")


def barriers_by_group(study: Study, stages: pd.DataFrame) -> list[dict[str, Any]]:
    """Barriers within the groups of each declared variable, and by completion.

    A small cell hides a second one of the same barrier, so that none can be found by subtraction.
    """
    answers, rows = _barrier_answers(study)
    if answers.empty:
        return []
    program = study.program
    groupings = {n: _own_or_known(study, n, rows) for n in participation_of(program).groups}
    if "completed" in stages:
        groupings["completed"] = rows["pid"].map(stages["completed"].astype("object"))
    found: list[dict[str, Any]] = []
    for name, values in groupings.items():
        if values is None:
            continue
        group = as_levels(values)
        levels, total = levels_of(program, name, group), group.value_counts()
        named = {"variable_label": _("completed the program")} if name == "completed" else {}
        for option in map(str, answers.columns):
            named |= {"barrier": option, "barrier_label": _option_label(program, option)}
            yes = group[answers[option]].value_counts()
            found += [row | named for row in level_rows(program, name, yes, total, levels)]
    return found


def _own_or_known(study: Study, name: str, rows: pd.DataFrame) -> pd.Series | None:
    """A grouping of the answers: asked in the same survey, or known of the person."""
    if name in rows:
        return rows[name]
    values = person_variable(study, name, pd.Index(rows["pid"].unique()))
    return None if values is None else rows["pid"].map(values.astype("object"))
