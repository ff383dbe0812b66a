"""Use of the platform and what goes with it: outcomes by dose and spacing, access by group.

Associations among users, who chose how much and when to learn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from evaluasi_lib.disclosure import SMALL_CELL, is_small, protect_counts
from evaluasi_lib.errors import EvaluationError
from evaluasi_lib.program import ElearningPlan, Outcome
from evaluasi_lib.scoring.background import (
    cluster_of,
    level_rows,
    levels_of,
    participation_of,
    person_levels,
)
from evaluasi_lib.scoring.drivers import fit_drivers
from evaluasi_lib.scoring.frames import values_of
from evaluasi_lib.scoring.items import mean_interval
from evaluasi_lib.scoring.scales import instrument_scores
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose

NAMES = ("variable", "variable_label", "group", "label")
CRAMMED_SHARE = 0.5  # of one's learning time on a single day


def relate_to_outcome(study: Study, persons: pd.DataFrame, k: int) -> dict[str, Any]:
    """{"dose_response": ..., "spacing": ...}, for the first outcome of learning known of users.

    dose_response: outcome, label, unit, n, per_hour, ci_low, ci_high, p_value, adjusted (for the
    outcome before the program), spearman, thirds [{third, median_minutes, n, mean, ci_low,
    ci_high}], note, reason.  spacing: n_spaced, n_crammed, difference (spaced minus crammed, at
    the same time on task), ci_low, ci_high, p_value, note, reason. Crammed: over half of the
    learning time on one day.
    """
    note = _("An association: people chose themselves how much and when to learn.")
    order = {"learning": 0, "behaviour": 1, "results": 2, "reaction": 3}
    for outcome in sorted(study.program.outcomes, key=lambda o: order[o.level]):
        frame = outcome_frame(study, outcome, persons)
        if frame is None or len(frame) < max(2 * k, 10) or frame["minutes"].nunique() < 3:
            continue
        named = {"outcome": outcome.id, "label": choose(outcome.label), "note": note}
        return {
            "dose_response": named | {"unit": choose(outcome.unit)} | dose_response(frame, k),
            "spacing": named | spacing(frame, k),
        }
    reason = _("No outcome is known for enough users of the platform.")
    return {"dose_response": {"reason": reason}, "spacing": {"reason": reason}}


def outcome_frame(study: Study, outcome: Outcome, persons: pd.DataFrame) -> pd.DataFrame | None:
    """Users with minutes, crammed, y and (where known of enough) before; complete rows only."""
    y = _scores(study, outcome, outcome.wave, outcome.variable)
    if y is None:
        return None
    share = persons["busiest_day_minutes"] / persons["minutes"].where(persons["minutes"] > 0)
    frame = pd.DataFrame({"minutes": persons["minutes"], "crammed": share > CRAMMED_SHARE})
    frame = frame[frame["minutes"] > 0].join(y.rename("y"), how="inner").dropna()
    if outcome.baseline_wave is not None or outcome.baseline_variable is not None:
        before = _scores(
            study, outcome, outcome.baseline_wave, outcome.baseline_variable or outcome.variable
        )
        if before is not None:
            both = frame.join(before.rename("before"), how="left")
            if both["before"].notna().mean() > 0.5:
                frame = both.dropna()
    return frame.sort_index()


def _scores(
    study: Study, outcome: Outcome, wave: str | None, variable: str | None
) -> pd.Series | None:
    """The outcome of one wave by pid, as numbers; None where it cannot be read."""
    try:
        if outcome.instrument is not None and wave is not None:
            table, column = instrument_scores(study, outcome.instrument, wave), "score"
        elif variable is not None:
            table = study.tables[study.source_of([variable], wave, outcome.source)]
            column = variable
        else:
            return None
    except EvaluationError:
        return None
    values = table.drop_duplicates("pid").set_index("pid")[column]
    if outcome.success:
        return values_of(values, outcome)
    if not pd.api.types.is_numeric_dtype(values.dtype):
        return None
    return pd.Series(values.to_numpy(float, na_value=np.nan), index=values.index)


def _slope(frame: pd.DataFrame, name: str, *x: pd.Series) -> dict[str, float | None]:
    """{name, ci_low, ci_high, p_value}: the coefficient of the first x, in y's unit, by OLS of y
    on all of them (and on the outcome before, where it is known) with HC2 errors."""
    before = [frame["before"]] if "before" in frame else []
    design = sm.add_constant(pd.concat([*x, *before], axis=1).to_numpy(float))
    fit = sm.OLS(frame["y"].to_numpy(), design).fit(cov_type="HC2", use_t=True)
    keys = (name, "ci_low", "ci_high", "p_value")
    if not np.isfinite(fit.bse[1]) or fit.bse[1] == 0:
        return dict.fromkeys(keys)
    values = (fit.params[1], *fit.conf_int()[1], fit.pvalues[1])
    return dict(zip(keys, map(float, values), strict=True))


def dose_response(frame: pd.DataFrame, k: int) -> dict[str, Any]:
    """Outcome against hours of learning, straight line and thirds; keys in relate_to_outcome."""
    hours = frame["minutes"] / 60
    third = np.ceil(3 * stats.rankdata(hours, method="average") / len(hours)).astype(int)
    rows = []
    for i in (1, 2, 3):
        part = frame[third == i]
        if len(part) < k:
            continue
        mean = mean_interval(part["y"])
        rows.append(
            {
                "third": i,
                "median_minutes": float(part["minutes"].median()),
                **{key: getattr(mean, key) for key in ("n", "mean", "ci_low", "ci_high")},
            }
        )
    rho = stats.spearmanr(hours, frame["y"]).statistic if np.ptp(frame["y"]) > 0 else np.nan
    return _slope(frame, "per_hour", hours) | {
        "n": len(frame),
        "adjusted": "before" in frame,
        "spearman": float(rho) if np.isfinite(rho) else None,
        "thirds": rows,
        "reason": None,
    }


def spacing(frame: pd.DataFrame, k: int) -> dict[str, Any]:
    """Spaced against crammed learners at the same time on task; keys in relate_to_outcome."""
    n_crammed = int(frame["crammed"].sum())
    sizes = {"n_spaced": len(frame) - n_crammed, "n_crammed": n_crammed}
    empty = dict.fromkeys(["difference", "ci_low", "ci_high", "p_value"])
    if any(is_small(n, k) for n in sizes.values()):
        return dict.fromkeys(sizes) | empty | {"reason": SMALL_CELL}
    if 0 in sizes.values():
        reason = _("All users learned in the same way, so there is nothing to compare.")
        return sizes | empty | {"reason": reason}
    line = _slope(frame, "difference", ~frame["crammed"], frame["minutes"] / 60)
    return sizes | line | {"reason": None}


def compare_access(
    study: Study, plan: ElearningPlan, persons: pd.DataFrame, stages: pd.DataFrame
) -> list[dict[str, Any]]:
    """Whether groups and regions use the platform alike.

    One row for each group: variable, variable_label, group, label, n, used_share, used_ci_low,
    used_ci_high, completed_share, completed_ci_low, completed_ci_high, median_minutes (of users),
    p_used, p_completed (whether all of the variable's groups are alike, not corrected for the
    number of tests), reason. Variables: the e-learning group, the time zone, and the groups of
    participation.
    """
    k = study.program.privacy.min_cell
    enrolled = stages.index[stages["enrolled"]]
    names = [plan.group, plan.time_zone_variable, *participation_of(study.program).groups]
    found: list[dict[str, Any]] = []
    used = pd.Series(enrolled.isin(persons.index), index=enrolled)
    flags = {"used": used}
    if "completed" in stages:
        flags["completed"] = stages["completed"].reindex(enrolled)
    clusters = cluster_of(study, enrolled)
    for name in dict.fromkeys(n for n in names if n is not None):
        group = person_levels(study, name, enrolled)
        if group is None:
            continue
        total = group.value_counts()
        levels = levels_of(study.program, name, group)
        sizes = protect_counts({str(level): int(n) for level, n in total.items()}, k=k)
        p_values = {what: _p_alike(group, flag, clusters) for what, flag in flags.items()}
        shares = {
            what: level_rows(study.program, name, group[flag].value_counts(), total, levels, k)
            for what, flag in flags.items()
        }
        for i, level in enumerate(levels):
            minutes = persons["minutes"].reindex(enrolled[group.eq(level) & used])
            row = {key: shares["used"][i][key] for key in NAMES} | {"n": sizes[level]}
            for what in ("used", "completed"):
                part = shares[what][i] if what in shares else {}
                row |= {f"{what}_{key}": part.get(key) for key in ("share", "ci_low", "ci_high")}
            row["median_minutes"] = float(minutes.median()) if len(minutes) >= k else None
            row |= {f"p_{what}": p_values.get(what) for what in ("used", "completed")}
            row["reason"] = SMALL_CELL if row["used_share"] is None else None
            found.append(row)
    return found


def _p_alike(group: pd.Series, flag: pd.Series, clusters: np.ndarray | None) -> float | None:
    """p-value that the share of `flag` is the same in all groups.

    Chi-squared; with clusters a Wald test of a logit, None where a group has everybody or nobody.
    """
    known = group.ne("").to_numpy()
    table = pd.crosstab(group[known], flag[known])
    if min(table.shape) < 2:
        return None
    if clusters is None:
        return float(stats.chi2_contingency(table, correction=False).pvalue)
    model = fit_drivers(pd.DataFrame({"group": group[known]}), flag[known], clusters[known])
    return model.joint_p.get("group")
