"""How long the users of the platform took to complete, in all, by group and by driver."""

from __future__ import annotations

from dataclasses import asdict
from itertools import zip_longest
from typing import Any

import pandas as pd

from evaluasi_lib.disclosure import SMALL_CELL, is_small
from evaluasi_lib.program import ElearningPlan
from evaluasi_lib.scoring.background import (
    cluster_of,
    known_variables,
    level_label,
    levels_of,
    participation_of,
    person_levels,
    protect_funnel,
    small_levelled,
    term_label,
)
from evaluasi_lib.scoring.drivers import encode
from evaluasi_lib.scoring.survival import (
    KaplanMeier,
    cox,
    kaplan_meier,
    log_rank,
    publishable_curve,
)
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _

NOTHING: dict[str, Any] = dict.fromkeys(
    ["n", "n_completed", "n_set_aside", "start", "median_days", "median_ci_low", "median_ci_high",
     "median_days_of_completers", "log_rank"]
) | {"curve": [], "groups": [], "cox": []}  # fmt: skip


def score_completion(
    study: Study, plan: ElearningPlan, persons: pd.DataFrame, stages: pd.DataFrame
) -> dict[str, Any]:
    """Time to completion of the users.

    n, n_completed, n_set_aside (completed before they began), start (of the clock: "enrolled",
    "started", "first_event"), median_days, median_ci_low, median_ci_high (Kaplan-Meier, log-log),
    median_days_of_completers, curve [{days, share_completed, ci_low, ci_high}], groups (by the
    declared group: group, label, median..., curve, reason), log_rank {chi2, df, p_value} of the
    groups, cox [{term, label, hazard_ratio, ci_low, ci_high, p_value, ph_p_value}] of the group and
    the drivers together, reason. A hazard ratio above 1: completes sooner. Associations, no causes.
    """
    k = study.program.privacy.min_cell
    if "completed" not in stages:
        return NOTHING | {"reason": _("The program does not declare who completed.")}
    times, start = completion_times(study, persons, stages)
    aside = times["days"] < 0
    times = times[~aside]
    km = _curve(times)
    n_aside = int(aside.sum())
    result = NOTHING | {"start": start, "n_set_aside": None if is_small(n_aside, k) else n_aside}
    if km.n_completed == 0:
        return result | {"n": km.n, "n_completed": 0, "reason": _("Nobody completed.")}
    if is_small(km.n_completed, k) or is_small(km.n, k):
        return result | {"reason": SMALL_CELL}
    shown = protect_funnel({"n": km.n, "completed": km.n_completed}, k=k)
    reason = None
    if km.median_days is None:
        reason = _("Fewer than half completed within the time observed, so there is no median.")
    result |= _median(km) | {
        "n": shown["n"],
        "n_completed": shown["completed"],
        "median_days_of_completers": float(times.loc[times["done"].eq(1), "days"].median()),
        "curve": publishable_curve(km, k=k),
        "cox": _hazards(study, plan, times, k),
        "reason": reason,
    }
    return result | _by_group(study, plan, times, k)


def completion_times(
    study: Study, persons: pd.DataFrame, stages: pd.DataFrame
) -> tuple[pd.DataFrame, str]:
    """(frame with days and done for each user, what the clock starts at).

    Start: the date of enrolment, else of the declared start, else the first event. End: the date of
    completion, else the last event of who is flagged as completed; who is not is censored at the
    last day that the log or the roster knows. Negative times (completion before the start) stay in:
    the caller sets them aside and counts them.
    """
    plan = participation_of(study.program)
    roster = study.persons.reindex(persons.index)

    def dates(stage: str) -> pd.Series | None:
        name = getattr(plan, stage)
        known = name in roster and pd.api.types.is_datetime64_any_dtype(roster[name].dtype)
        return roster[name] if known else None

    start, kind = persons["first"], "first_event"
    for stage in ("enrolled", "started"):
        began = dates(stage)
        if began is not None:
            start, kind = began.fillna(start), stage
            break
    done = stages["completed"].reindex(persons.index).fillna(False).astype(bool)
    ended = dates("completed")
    end = persons["last"] if ended is None else ended.fillna(persons["last"])
    end = end.where(done, max(persons["last"].max(), end.max()))
    days = (end - start).dt.total_seconds() / 86_400
    return pd.DataFrame({"days": days, "done": done.astype(int)}), kind


def _curve(times: pd.DataFrame) -> KaplanMeier:
    return kaplan_meier(times["days"].to_numpy(), times["done"].to_numpy())


def _median(km: KaplanMeier | None) -> dict[str, Any]:
    return {n: getattr(km, n, None) for n in ("median_days", "median_ci_low", "median_ci_high")}


def _by_group(study: Study, plan: ElearningPlan, times: pd.DataFrame, k: int) -> dict[str, Any]:
    """Curves and log-rank of the groups with at least k persons and k completions."""
    group = person_levels(study, plan.group, times.index)
    if group is None or plan.group is None:
        return {}
    rows: list[dict[str, Any]] = []
    usable: list[str] = []
    for level in levels_of(study.program, plan.group, group):
        km = _curve(times[group.eq(level)])
        shown: dict[str, Any] = _median(None) | {"curve": [], "reason": SMALL_CELL}
        if km.n >= k and km.n_completed >= k:
            usable.append(level)
            shown = _median(km) | {"curve": publishable_curve(km, k=k), "reason": None}
        label = level_label(study.program, plan.group, level)
        rows.append({"group": level, "label": label} | shown)
    kept = group.isin(usable)
    test = log_rank(*(v[kept].to_numpy() for v in (times["days"], times["done"], group)))
    return {"groups": rows, "log_rank": None if test is None else asdict(test)}


def _hazards(
    study: Study, plan: ElearningPlan, times: pd.DataFrame, k: int
) -> list[dict[str, Any]]:
    """Cox model of the declared group and drivers, errors clustered by agency.

    Persons lacking a value are left out; a variable with a level of fewer than k persons too.
    """
    drivers = participation_of(study.program).drivers
    names = dict.fromkeys(name for name in [plan.group, *drivers] if name)
    frame = known_variables(study, names, times.index, at_least=1).dropna()
    frame = frame.drop(columns=small_levelled(frame, k))
    kept = times.loc[frame.index]
    if frame.empty or is_small(int(kept["done"].sum()), k):
        return []
    matrix, terms = encode(frame)
    labels = {
        column: term_label(
            study.program, t.variable, level if column != t.variable else None, t.reference
        )
        for t in terms
        for column, level in zip_longest(t.columns, t.levels)
    }
    found = cox(
        kept["days"].to_numpy(), kept["done"].to_numpy(), matrix, cluster_of(study, frame.index)
    )
    shown = ("term", "hazard_ratio", "ci_low", "ci_high", "p_value", "ph_p_value")
    return [{n: getattr(h, n) for n in shown} | {"label": labels[h.term]} for h in found]
