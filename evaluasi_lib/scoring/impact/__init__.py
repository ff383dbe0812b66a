"""Effects of a program: one primary estimate for each outcome, and what checks it.

`estimate_effects` is the way from a study to results; the estimators themselves are pure functions
on arrays (designs, weighting), chosen by the table in plans.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from evaluasi_lib.conclusion import Method, adjust_p_values
from evaluasi_lib.disclosure import SMALL_CELL, protect, protect_counts
from evaluasi_lib.measures import Claim, Role
from evaluasi_lib.program import Outcome
from evaluasi_lib.results import Effect
from evaluasi_lib.scoring.frames import (
    DesignType,
    OutcomeFrame,
    OutcomeFrames,
    numeric,
    outcome_frames,
)
from evaluasi_lib.scoring.impact.doubts import (
    add_weights,
    examine,
    variable_name,
)
from evaluasi_lib.scoring.impact.estimate import (
    Estimate,
    adjusted_interval,
    n_needed,
    not_estimated,
)
from evaluasi_lib.scoring.impact.plans import NET_SHARE, Case, bracket, estimate, plan_of
from evaluasi_lib.scoring.impact.sensitivity import judge
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose, number, p_value

__all__ = ["effects_of_case", "estimate_effects"]
Rule = Callable[[pd.Series], pd.Series]
MAX_LEVELS = 6  # a number with more values is split at its median


@dataclass(frozen=True, slots=True)
class _Row:
    """An estimate on its way to an Effect. ancova: what brackets a difference in differences."""

    outcome: Outcome
    design: DesignType
    estimate: Estimate
    role: Role = "primary"
    ancova: Estimate | None = None
    subgroup: str | None = None
    hidden: bool = False


def estimate_effects(study: Study, frames: OutcomeFrames | None = None) -> tuple[Effect, ...]:
    """Every effect of a study: outcomes in declared order, each with its primary estimate, then
    those that check it, then its subgroups.

    p_adjusted and the conclusion belong to primary estimates alone (the declared family). frames:
    outcome_frames(study), where the caller has them.
    """
    frames = frames or outcome_frames(study)
    rows = [row for o in study.program.outcomes for row in _rows(study, o, frames[o.id])]
    return _effects(rows, study.program.multiplicity, study.program.privacy.min_cell)


def effects_of_case(case: Case, estimators: Sequence[str], *, k: int) -> tuple[Effect, ...]:
    """The effects of one outcome's data by the named estimators, the first of them primary.

    The family of its p-value is the one estimate. k: smallest number of persons that is shown.
    """
    first = _Row(case.outcome, case.frame.design, primary_estimate(estimators[0], case))
    others = [
        replace(first, role="sensitivity", estimate=_run(name, case)) for name in estimators[1:]
    ]
    return _effects([first, *others], "none", k)


def _effects(rows: Sequence[_Row], multiplicity: Method, k: int) -> tuple[Effect, ...]:
    """The rows as effects, their primary ones one family."""
    family = [row.estimate.p_value for row in rows if row.role == "primary"]
    adjusted = iter(adjust_p_values(family, multiplicity))
    return tuple(_effect(row, next(adjusted) if row.role == "primary" else None, k) for row in rows)


def _rows(study: Study, outcome: Outcome, frame: OutcomeFrame | str) -> list[_Row]:
    if isinstance(frame, str):
        alone = not_estimated("none", "difference", frame)
        return [_Row(outcome, study.program.design.type, alone)]
    case = Case(outcome, study.program.design, add_weights(study, frame))
    plan = plan_of(case)
    if plan is None:
        reason = _("one group measured once: there is nothing to compare it with")
        alone = not_estimated("none", "difference", reason, n_program=len(frame.after))
        return [_Row(outcome, frame.design, alone)]
    primary = examine(study, case, primary_estimate(plan[0], case))
    first = _Row(outcome, frame.design, primary, ancova=bracket(case, primary))
    others = [e for name in plan[1:] if (e := estimate(name, case)) is not None]
    rows = [first, *(_Row(outcome, frame.design, e, "sensitivity") for e in others)]
    for variable in outcome.subgroups:
        rows += _subgroups(study, case, plan[0], variable)
    return rows


def _run(name: str, case: Case) -> Estimate:
    """The named estimator's result, or the reason why it cannot be."""
    found = estimate(name, case)
    if found is not None:
        return found
    reason = _("the estimator “{name}” does not fit the data of this outcome").format(name=name)
    return not_estimated(name, "difference", reason)


def primary_estimate(name: str, case: Case) -> Estimate:
    """The named estimator's result; where the groups cannot be weighted, for want of overlap, the
    adjusted difference, which says so."""
    found = _run(name, case)
    if name not in ("aipw", "ipw") or found.estimate is not None:
        return found
    instead = estimate("ancova" if case.baseline == "linked" else "adjusted", case)
    if instead is None or instead.estimate is None:
        return found
    note = _(
        "Weighting by the chance to take part is not possible ({reason}); the groups are compared "
        "by regression alone, beyond what the data cover."
    ).format(reason=found.reason)
    return replace(instead, warnings=(*instead.warnings, note))


def _subgroups(study: Study, case: Case, estimator: str, variable: str) -> list[_Row]:
    """The primary estimator in each group of a variable, with the test that they differ."""
    values = case.frame.after.get(variable)
    if values is None or pd.api.types.is_datetime64_any_dtype(values.dtype):
        return []
    parts = {label: case.subset(variable, rule) for label, rule in levels_of(values)}
    found = {label: _run(estimator, part) for label, part in parts.items() if len(part.frame.after)}
    hidden = _hidden(found, study.program.privacy.min_cell)
    p = interaction_p([e for label, e in found.items() if label not in hidden])
    details: dict[str, Any] = {"variable": variable}
    notes = []
    if p is not None:
        details["interaction_p"] = p
        text = _("Test that the groups differ in their effect: p = {p}.")
        notes.append(text.format(p=p_value(p)))
    name, words = _variable_words(study, variable)
    return [
        _Row(
            case.outcome,
            case.frame.design,
            replace(
                one,
                details=one.details | details | {"value": label},
                warnings=(*one.warnings, *notes),
            ),
            "subgroup",
            subgroup=f"{name}: {words.get(label, label)}",
            hidden=label in hidden,
        )
        for label, one in found.items()
    ]


def _hidden(found: dict[str, Estimate], k: int) -> set[str]:
    """Groups too small to show, and those by which one could be found from the total."""
    hidden = set()
    for sizes in (
        {label: e.n_program for label, e in found.items()},
        {label: e.n_comparison for label, e in found.items() if e.n_comparison is not None},
    ):
        hidden |= {label for label, n in protect_counts(sizes, k=k).items() if n is None}
    return hidden


def _variable_words(study: Study, variable: str) -> tuple[str, dict[str, str]]:
    """A variable and its values as reports show them."""
    for source in study.program.sources.values():
        if variable in source.columns:
            values = source.columns[variable].categories
            return variable_name(study, variable), {
                str(value): choose(text) for value, text in values.items()
            }
    return variable, {}


def _effect(row: _Row, p_adjusted: float | None, k: int) -> Effect:
    outcome, found, conclusion = row.outcome, row.estimate, None
    sesoi, needed = _sesoi(outcome, found), None
    details: dict[str, Any] = {} if found.estimate is None else {"sd_outcome": found.sd}
    if row.role == "primary":
        conclusion, found = judge(
            found, row.ancova, sesoi=sesoi, direction=outcome.direction, p_adjusted=p_adjusted,
            ancova_sesoi=None if outcome.scale_type == "ordinal" else outcome.sesoi,
        )  # fmt: skip
        low, high = adjusted_interval(found, p_adjusted)
        details |= {"ci_adjusted_low": low, "ci_adjusted_high": high}
        n = found.n_program + (found.n_comparison or 0)
        if sesoi and found.inference and found.std_error and found.df and n:
            needed = n_needed(n, found.std_error, found.df, sesoi)
    names = ("estimator", "estimand", "n_program", "n_comparison", "estimate", "std_error", "df",
             "p_value", "warnings", "reason")  # fmt: skip
    numbers: dict[str, Any] = {name: getattr(found, name) for name in names}
    numbers["ci_low"], numbers["ci_high"] = found.interval(0.95)
    numbers["ci90_low"], numbers["ci90_high"] = found.interval(0.90)
    effect_size = ("effect_size_g", "g_ci_low", "g_ci_high")
    numbers |= zip(effect_size, found.effect_size(), strict=True)
    effect = Effect(
        outcome=outcome.id, label=choose(outcome.label), role=row.role, subgroup=row.subgroup,
        wave=outcome.wave, sesoi=sesoi, direction=outcome.direction, claim=_claim(row),
        level=outcome.level, design=row.design, unit=_unit(outcome, found), p_adjusted=p_adjusted,
        conclusion=conclusion, n_needed=needed, details=details | found.details, **numbers,
    )  # fmt: skip
    sizes: Sequence[int | None] = [1] if row.hidden else [found.n_program, found.n_comparison]
    safe = protect(effect, persons=sizes, k=k, keep=("sesoi", "warnings"))
    if safe.reason == SMALL_CELL:
        return replace(safe, details={}, conclusion=None)
    return safe


def _claim(row: _Row) -> Claim:
    """What the design lets one say. An association with the dose is no effect in any design, nor is
    the difference of groups that were not drawn by lot and are compared as they are."""
    if row.design == "single_group" or row.estimate.estimand == "association":
        return "change"
    if row.estimate.estimand == "difference" and row.estimate.estimate is not None:
        return "difference"
    return "effect"


def _sesoi(outcome: Outcome, found: Estimate) -> float | None:
    """The declared smallest effect of interest, where it is in the estimate's own unit. That of an
    ordered outcome is a net share of persons (0-1), whatever its primary estimator."""
    if found.estimator == "dose_response":
        return None
    if (outcome.scale_type == "ordinal") != (found.estimator in NET_SHARE):
        return None
    return outcome.sesoi


def _unit(outcome: Outcome, found: Estimate) -> str:
    if found.estimator in NET_SHARE:
        return _("net share of persons (−1 to 1)")
    if found.estimator == "dose_response":
        return _("{unit} for one more unit of dose").format(unit=choose(outcome.unit))
    return choose(outcome.unit)


def interaction_p(found: Sequence[Estimate]) -> float | None:
    """p-value of Welch's (1951) test that the independent estimates that carry inference are one.

    Two groups: the Welch-Satterthwaite t test of their difference. None under 2 groups.
    """
    usable = [
        (e.estimate, e.std_error, e.df)
        for e in found
        if e.inference and e.estimate is not None and e.std_error and e.df
    ]
    k = len(usable)
    if k < 2:
        return None
    b, se, df = np.array(usable, dtype=float).T
    w = 1 / se**2
    mean = np.sum(w * b) / w.sum()
    loss = float(np.sum((1 - w / w.sum()) ** 2 / df))
    f = float(np.sum(w * (b - mean) ** 2)) / (k - 1) / (1 + 2 * (k - 2) / (k**2 - 1) * loss)
    df2 = (k**2 - 1) / (3 * loss)
    return float(stats.f.sf(f, k - 1, df2))


def levels_of(values: pd.Series) -> list[tuple[str, Rule]]:
    """(label, rule) for each group of a variable: its categories in order, flags no and yes, few
    numbers as they are, many split at the median."""
    known = values.dropna()
    if isinstance(values.dtype, pd.CategoricalDtype) or values.dtype in ("object", "str"):
        if isinstance(values.dtype, pd.CategoricalDtype):
            names = [str(v) for v in values.cat.categories if (known.astype(str) == str(v)).any()]
        else:
            names = sorted(set(known.astype(str)))
        return [(name, _is(name)) for name in names]
    if isinstance(values.dtype, pd.BooleanDtype) or values.dtype == bool:
        return [(_("no"), _equals(0.0)), (_("yes"), _equals(1.0))]
    found = np.unique(numeric(known))
    if len(found) <= MAX_LEVELS:
        return [(number(v, 0 if float(v).is_integer() else 2), _equals(float(v))) for v in found]
    middle = float(np.median(numeric(known)))
    text = number(middle, 0 if middle.is_integer() else 1)
    return [
        (_("up to {value}").format(value=text), lambda s: numeric(s) <= middle),
        (_("over {value}").format(value=text), lambda s: numeric(s) > middle),
    ]


def _is(name: str) -> Rule:
    return lambda s: s.notna() & (s.astype(str) == name)


def _equals(value: float) -> Rule:
    return lambda s: numeric(s) == value
