"""Who takes part, what holds people back, who completes, and who is missed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.disclosure import SMALL_CELL, is_small
from evaluasi_lib.errors import DataError
from evaluasi_lib.results import Participation
from evaluasi_lib.scoring.background import (
    as_levels,
    cluster_of,
    level_rows,
    levels_of,
    participation_of,
    person_variable,
    protect_funnel,
    reached,
    variable_label,
)
from evaluasi_lib.scoring.barriers import barriers_by_group, score_barriers, score_representation
from evaluasi_lib.scoring.driver_report import score_drivers
from evaluasi_lib.scoring.impact.groups import difference
from evaluasi_lib.scoring.impact.single_group import mean_change
from evaluasi_lib.scoring.scales import instrument_scores
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _

STAGES = ("invited", "enrolled", "started", "completed")


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
    counts = {str(name): int(stages[name].sum()) for name in stages}
    shown = protect_funnel(counts, k=k, first=("completed", "enrolled"))
    share = None
    if shown.get("completed") is not None and shown["enrolled"]:
        share = counts["completed"] / counts["enrolled"]
    drivers, extra = score_drivers(study, stages)
    base = next((n for n in shown.values() if n), None)
    details: dict[str, Any] = {
        "funnel": [
            {
                "stage": name,
                "n": n,
                "share": n / base if n is not None and base else None,
                "reason": SMALL_CELL if n is None else None,
            }
            for name, n in shown.items()
        ],
        "dropout_reasons": _dropout_reasons(study, stages),
        "barriers_by_group": barriers_by_group(study, stages),
        "motivation": score_motivation(study),
        "representation": score_representation(study, stages),
        **extra,
    }
    reason = None
    if "completed" not in counts:
        reason = _("The program does not declare who completed.")
    elif counts["enrolled"] == 0:
        reason = _("Nobody enrolled.")
    elif share is None:
        reason = SMALL_CELL
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
        values = person_variable(study, variable) if variable is not None else None
        if values is not None:
            later = later | reached(values.reindex(persons.index))
            found[stage] = later
        elif stage == "enrolled":
            later = pd.Series(True, index=persons.index)
            found[stage] = later
    return pd.DataFrame({stage: found[stage] for stage in STAGES if stage in found})


def _dropout_reasons(study: Study, stages: pd.DataFrame) -> list[dict[str, Any]]:
    """Why persons who enrolled did not complete, as recorded; most frequent first."""
    name = participation_of(study.program).dropout_reason
    values = person_variable(study, name) if name is not None else None
    if name is None or values is None or "completed" not in stages:
        return []
    left = stages.index[stages["enrolled"] & ~stages["completed"]]
    given = as_levels(values.loc[left])
    counts = given[given.ne("")].value_counts()
    levels = levels_of(study.program, name, given)
    levels.sort(key=lambda level: -int(counts[level]))
    whole = dict.fromkeys(levels, int(counts.sum()))
    rows = level_rows(study.program, name, counts, whole, levels, study.program.privacy.min_cell)
    shown = ("label", "n", "share", "ci_low", "ci_high", "reason")
    return [{"value": row["group"]} | {key: row[key] for key in shown} for row in rows]


def score_motivation(study: Study) -> dict[str, Any] | None:
    """Change of the declared motivation instrument from its first wave to its last.

    {instrument, label, wave_before, wave_after, paired, n_before, n_after, mean_before,
    mean_after, change, ci_low, ci_high, p_value, reason}. The same persons are compared where they
    can be linked (errors clustered by agency), otherwise two independent samples, which is weaker.
    A change in one group is no effect. None where no instrument is declared.
    """
    name = participation_of(study.program).motivation
    if name is None:
        return None
    waves = study.waves_of(study.program.instruments[name])
    result: dict[str, Any] = {
        "instrument": name,
        "label": variable_label(study.program, name),
        "wave_before": waves[0] if waves else None,
        "wave_after": waves[-1] if waves else None,
        **dict.fromkeys(["paired", "n_before", "n_after", "mean_before", "mean_after"]),
        **dict.fromkeys(["change", "ci_low", "ci_high", "p_value"]),
    }
    if len(waves) < 2:
        return result | {"reason": _("Motivation was measured only once.")}
    try:
        frames = [instrument_scores(study, name, wave) for wave in (waves[0], waves[-1])]
    except DataError as error:
        return result | {"reason": error.problems[0].what}
    before, after = (
        frame[frame["group"].eq("program") & frame["score"].notna()]
        .drop_duplicates("pid")
        .set_index("pid")["score"]
        for frame in frames
    )
    if study.linked:
        both = before.index.intersection(after.index, sort=False)
        before, after = before.reindex(both), after.reindex(both)
    k = study.program.privacy.min_cell
    if is_small(len(before), k) or is_small(len(after), k):
        return result | {"reason": SMALL_CELL}
    if study.linked:
        found = mean_change(after, before, clusters=cluster_of(study, before.index))
    else:
        later = np.repeat([False, True], [len(before), len(after)])
        found = difference(np.r_[before, after], later, estimand="change")
    if found.estimate is None or found.p_value is None:
        return result | {"reason": found.reason or _("Too few persons answered.")}
    low, high = found.interval(0.95)
    return result | {
        "paired": study.linked,
        "n_before": len(before),
        "n_after": len(after),
        "mean_before": float(before.mean()),
        "mean_after": float(after.mean()),
        "change": found.estimate,
        "ci_low": low,
        "ci_high": high,
        "p_value": found.p_value,
        "reason": None,
    }
