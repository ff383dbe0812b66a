"""Effects of a program: one primary estimate for each outcome, and what checks it.

`estimate_effects` is the way from a study to results; the estimators themselves are pure functions
on arrays, one file for each design, chosen by the table in plans.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from evaluasi_lib.conclusion import adjust_p_values
from evaluasi_lib.disclosure import SMALL_CELL, is_small, protect, protect_counts
from evaluasi_lib.program import Outcome
from evaluasi_lib.results import Claim, Effect, Role
from evaluasi_lib.scoring.frames import DesignType, OutcomeFrame, OutcomeFrames, outcome_frames
from evaluasi_lib.scoring.impact.case import Case
from evaluasi_lib.scoring.impact.checks import (
    add_weights,
    best_value,
    cautions,
    sensitivity_details,
)
from evaluasi_lib.scoring.impact.doubts import doubts_of, variable_name
from evaluasi_lib.scoring.impact.estimate import (
    Estimate,
    adjusted_interval,
    not_estimated,
)
from evaluasi_lib.scoring.impact.judgement import judge
from evaluasi_lib.scoring.impact.plans import NET_SHARE, bracket, estimate, plan_of
from evaluasi_lib.scoring.impact.subgroups import compare, levels_of
from evaluasi_lib.scoring.power import n_needed
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose, p_value


@dataclass(frozen=True, slots=True)
class _Row:
    outcome: Outcome
    role: Role
    estimate: Estimate
    design: DesignType
    ancova: Estimate | None = None  # what brackets a difference in differences
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
    family = [row.estimate.p_value for row in rows if row.role == "primary"]
    adjusted = iter(adjust_p_values(family, study.program.multiplicity))
    k = study.program.privacy.min_cell
    return tuple(_effect(row, next(adjusted) if row.role == "primary" else None, k) for row in rows)


def effects_of_case(case: Case, estimators: Sequence[str], *, k: int) -> tuple[Effect, ...]:
    """The effects of one outcome's data by the named estimators, the first of them primary.

    The family of its p-value is the one estimate. k: smallest number of persons that is shown.
    """
    rows = [
        _Row(case.outcome, "sensitivity" if i else "primary", _run(name, case), case.frame.design)
        for i, name in enumerate(estimators)
    ]
    return tuple(
        _effect(row, row.estimate.p_value if row.role == "primary" else None, k) for row in rows
    )


def _rows(study: Study, outcome: Outcome, frame: OutcomeFrame | str) -> list[_Row]:
    if isinstance(frame, str):
        alone = not_estimated("none", "difference", frame)
        return [_Row(outcome, "primary", alone, study.program.design.type)]
    frame = add_weights(study, frame)
    best = best_value(study, outcome) if outcome.direction == "higher" else None
    case = Case(outcome, study.program.design, frame, best)
    plan = plan_of(case)
    if plan is None:
        reason = _("one group measured once: there is nothing to compare it with")
        alone = not_estimated("none", "difference", reason, n_program=len(frame.after))
        return [_Row(outcome, "primary", alone, frame.design)]
    primary = _run(plan[0], case)
    primary = replace(primary, details=primary.details | sensitivity_details(study, case, primary))
    doubts = doubts_of(study, case, primary)
    if doubts:
        primary = replace(primary, details=primary.details | {"doubts": tuple(doubts)})
    notes = (
        *primary.warnings, *frame.warnings, *cautions(study, case, primary), *doubts.values()
    )  # fmt: skip
    primary = replace(primary, warnings=notes)
    others = [estimate(name, case) for name in plan[1:]]
    rows = [_Row(outcome, "primary", primary, frame.design, bracket(case, primary))]
    rows += [_Row(outcome, "sensitivity", e, frame.design) for e in others if e is not None]
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


def _subgroups(study: Study, case: Case, estimator: str, variable: str) -> list[_Row]:
    """The primary estimator in each group of a variable, with the test that they differ."""
    values = case.frame.after.get(variable)
    if values is None or pd.api.types.is_datetime64_any_dtype(values.dtype):
        return []
    parts = {label: case.subset(variable, rule) for label, rule in levels_of(values)}
    found = {label: _run(estimator, part) for label, part in parts.items() if len(part.frame.after)}
    hidden = _hidden(found, study.program.privacy.min_cell)
    test = compare([e for label, e in found.items() if label not in hidden])
    details: dict[str, Any] = {"variable": variable}
    notes = []
    if test is not None:
        details |= {
            "interaction_p": test.p_value, "interaction_f": test.f,
            "interaction_df1": test.df1, "interaction_df2": test.df2,
        }  # fmt: skip
        notes.append(
            _("Test that the groups differ in their effect: p = {p}.").format(
                p=p_value(test.p_value)
            )
        )
    name, words = _variable_words(study, variable)
    return [
        _Row(
            case.outcome, "subgroup",
            replace(
                one,
                details=one.details | details | {"value": label},
                warnings=(*one.warnings, *notes),
            ),
            case.frame.design,
            subgroup=f"{name}: {words.get(label, label)}",
            hidden=label in hidden,
        )
        for label, one in found.items()
    ]  # fmt: skip


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
    outcome, found = row.outcome, row.estimate
    low, high = found.interval(0.95)
    low90, high90 = found.interval(0.90)
    g, g_low, g_high = found.effect_size()
    details, conclusion, needed = dict(found.details), None, None
    sesoi = _sesoi(outcome, found)
    if found.estimate is not None:
        details.setdefault("sd_outcome", found.sd)
    if row.role == "primary":
        judged = judge(
            found, row.ancova, sesoi=sesoi, direction=outcome.direction, p_adjusted=p_adjusted,
            ancova_sesoi=None if outcome.scale_type == "ordinal" else outcome.sesoi,
        )  # fmt: skip
        conclusion, details = judged.conclusion, details | judged.details
        found = replace(found, warnings=(*found.warnings, *judged.warnings))
        details["ci_adjusted_low"], details["ci_adjusted_high"] = adjusted_interval(
            found, p_adjusted
        )
        n = found.n_program + (found.n_comparison or 0)
        if sesoi and found.inference and found.std_error and found.df and n:
            needed = n_needed(n, found.std_error, found.df, sesoi)
    effect = Effect(
        outcome=outcome.id,
        label=choose(outcome.label),
        role=row.role,
        subgroup=row.subgroup,
        wave=outcome.wave,
        sesoi=sesoi,
        direction=outcome.direction,
        claim=_claim(row),
        level=outcome.level,
        design=row.design,
        estimator=found.estimator,
        estimand=found.estimand,
        unit=_unit(outcome, found),
        n_program=found.n_program,
        n_comparison=found.n_comparison,
        estimate=found.estimate,
        std_error=found.std_error,
        df=found.df,
        ci_low=low,
        ci_high=high,
        p_value=found.p_value,
        p_adjusted=p_adjusted,
        effect_size_g=g,
        g_ci_low=g_low,
        g_ci_high=g_high,
        conclusion=conclusion,
        ci90_low=low90,
        ci90_high=high90,
        n_needed=needed,
        details=details,
        warnings=found.warnings,
        reason=found.reason,
    )
    sizes: Sequence[int | None] = [1] if row.hidden else [found.n_program, found.n_comparison]
    effect = replace(effect, details=_safe_details(outcome, effect, k))
    safe = protect(effect, persons=sizes, k=k, keep=("sesoi", "warnings"))
    if safe.reason == SMALL_CELL:
        return replace(safe, details={}, conclusion=None)
    return safe


def _safe_details(outcome: Outcome, effect: Effect, k: int) -> dict[str, Any]:
    """Details without the shares of persons that rest on a small cell."""
    details = dict(effect.details)
    sizes = {"program": effect.n_program, "comparison": effect.n_comparison}
    for name, value in effect.details.items():
        kind, group = name.split("_")[0], name.rsplit("_", 1)[-1]
        shares = ("rose", "fell", "mean") if outcome.scale_type == "binary" else ("rose", "fell")
        n = sizes.get(group, effect.n_program)
        if kind in shares and value is not None and n:
            part = round(value * n)
            if is_small(part, k) or is_small(n - part, k):
                details[name] = None
    return details


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


__all__ = ["effects_of_case", "estimate_effects"]
