"""Effects of a program: one primary estimate for each outcome, and what checks it.

`estimates_of` is the way from a study to estimates, `effect_drafts` that to rows; the estimators
are pure functions on arrays (designs, weighting), chosen by the table in plans.py.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from evaluasi_lib.conclusion import Method, adjust_p_values
from evaluasi_lib.measures import ESTIMATE_NUMBERS as NUMBERS
from evaluasi_lib.measures import (
    SAFE,
    Cell,
    Claim,
    Conclusion,
    Draft,
    Drafts,
    Remark,
    Role,
    drafts,
    measure_id,
    publish,
)
from evaluasi_lib.program import Outcome
from evaluasi_lib.scoring.designs import NET_SHARE, Case, estimate, plan_of
from evaluasi_lib.scoring.doubts import Checks, Judged, add_weights, examine, judge, variable_name
from evaluasi_lib.scoring.estimate import Estimate, n_needed, not_estimated
from evaluasi_lib.scoring.frames import (
    DesignType,
    OutcomeFrame,
    OutcomeFrames,
    in_program,
    numeric,
    outcome_frames,
)
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose, joined, number, p_is, phrase

__all__ = ["Estimated", "effect_drafts", "estimates_of", "estimates_of_case"]
Rule = Callable[[pd.Series], pd.Series]
OWN = ("p_adjusted", "n_needed")  # numbers of primary estimates alone
MAX_LEVELS = 6  # a number with more values is split at its median


class Means(NamedTuple):
    """values: by the names of effects.MEANS, the mean and how many persons (or answers) it is of.
    left: persons who answered at one of the waves and are in no mean."""

    values: Mapping[str, tuple[float, int]] = MappingProxyType({})
    left: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Estimated:
    """An estimate with what it is an estimate of, on its way to rows.

    checks: of a primary estimate. place, group: the names of a variable's value, in ids and for
    readers. p_adjusted, judged: by the family of the primary estimates.
    """

    outcome: Outcome
    design: DesignType
    estimate: Estimate
    role: Role = "primary"
    checks: Checks = field(default_factory=Checks)
    place: tuple[str, ...] = ()
    group: str | None = None
    interaction_p: float | None = None
    p_adjusted: float | None = None
    judged: Judged = field(default_factory=Judged)
    means: Means = field(default_factory=Means)

    @property
    def conclusion(self) -> Conclusion | None:
        return self.judged.conclusion

    @property
    def sesoi(self) -> float | None:
        """The declared smallest effect of interest, where it is in the estimate's own unit. That of
        an ordered outcome is a net share of persons (0-1), whatever its primary estimator."""
        if self.estimate.estimator == "dose_response":
            return None
        if (self.outcome.scale_type == "ordinal") != (self.estimate.estimator in NET_SHARE):
            return None
        return self.outcome.sesoi

    @property
    def cell(self) -> Cell:
        """The persons of both groups; those of a subgroup add up to those of the outcome."""
        sizes = {"program": self.estimate.n_program, "comparison": self.estimate.n_comparison}
        known = {name: n for name, n in sizes.items() if n is not None}
        whole = measure_id(self.outcome.id, *self.place[:1])
        sums = tuple((f"{whole}/{name}", n) for name, n in known.items()) if self.place else ()
        return Cell(tuple(known.values()), sums)


def estimates_of(study: Study, frames: OutcomeFrames | None = None) -> list[Estimated]:
    """Every estimate of a study: outcomes in declared order, each with its primary estimate, then
    those that check it, then its subgroups.

    p_adjusted and the conclusion belong to primary estimates alone (the declared family). frames:
    outcome_frames(study), where the caller has them.
    """
    frames = frames or outcome_frames(study)
    found = [one for o in study.program.outcomes for one in _estimates(study, o, frames[o.id])]
    return _judged(found, study.program.multiplicity)


def estimates_of_case(case: Case, estimators: Sequence[str]) -> list[Estimated]:
    """The estimates of one outcome's data by the named estimators, the first of them primary: the
    family of its p-value is the one estimate."""
    first = Estimated(case.outcome, case.frame.design, primary_estimate(estimators[0], case))
    others = [
        replace(first, role="sensitivity", estimate=_run(name, case)) for name in estimators[1:]
    ]
    return _judged([first, *others], "none")


def _judged(found: Sequence[Estimated], multiplicity: Method) -> list[Estimated]:
    """The estimates, their primary ones concluded as one family."""
    family = [one.estimate.p_value for one in found if one.role == "primary"]
    adjusted = iter(adjust_p_values(family, multiplicity))
    return [_concluded(one, next(adjusted)) if one.role == "primary" else one for one in found]


def _concluded(one: Estimated, p_adjusted: float | None) -> Estimated:
    outcome, checks = one.outcome, one.checks
    judged = judge(
        one.estimate, checks.bracketing, checks.bounds, checks.e_value, sesoi=one.sesoi,
        ancova_sesoi=None if outcome.scale_type == "ordinal" else outcome.sesoi,
        direction=outcome.direction, p_adjusted=p_adjusted,
    )  # fmt: skip
    return replace(one, p_adjusted=p_adjusted, judged=judged)


def _estimates(study: Study, outcome: Outcome, frame: OutcomeFrame | str) -> list[Estimated]:
    if isinstance(frame, str):
        alone = not_estimated("none", "difference", frame)
        return [Estimated(outcome, study.program.design.type, alone)]
    case = Case(outcome, study.program.design, add_weights(study, frame))
    plan = plan_of(case)
    if plan is None:
        reason = _("one group measured once: there is nothing to compare it with")
        alone = not_estimated("none", "difference", reason, n_program=len(frame.after))
        return [Estimated(outcome, frame.design, alone)]
    primary = primary_estimate(plan[0], case)
    first = Estimated(
        outcome, frame.design, primary, checks=examine(study, case, primary), means=_means(case)
    )
    others = [e for name in plan[1:] if (e := estimate(name, case)) is not None]
    found = [first, *(Estimated(outcome, frame.design, e, "sensitivity") for e in others)]
    for variable in outcome.subgroups:
        found += _subgroups(study, case, plan[0], variable)
    return found


def _means(case: Case) -> Means:
    """From what to what, in the outcome's unit and unweighted, by the names of effects.MEANS; an
    ordered outcome has no mean."""
    if case.outcome.scale_type == "ordinal":
        return Means()
    frame, rows = case.frame, case.frame.complete
    own = in_program(rows)
    found = {"mean_after": rows["y"][own]}
    answered = [int(frame.after["y"][in_program(frame.after)].notna().sum())]
    if "y0" in rows:
        found["mean_before"] = rows["y0"][own]
        answered += [] if frame.n_before is None else [frame.n_before]
    elif frame.before is not None:
        found["mean_before"] = frame.before["y"][in_program(frame.before)]
    else:
        found["mean_comparison"] = rows["y"][~own]
    known = {name: y.dropna() for name, y in found.items()}
    values = {name: (float(y.mean()), len(y)) for name, y in known.items() if len(y)}
    both = len(known["mean_after"])
    return Means(values, tuple(n - both for n in answered))


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


def _subgroups(study: Study, case: Case, estimator: str, variable: str) -> list[Estimated]:
    """The primary estimator in each group of a variable, with the test that they differ, which
    groups too small to show are not part of."""
    values = case.frame.after.get(variable)
    if values is None or pd.api.types.is_datetime64_any_dtype(values.dtype):
        return []
    parts = {label: case.subset(variable, rule) for label, rule in levels_of(values)}
    found = {label: _run(estimator, part) for label, part in parts.items() if len(part.frame.after)}
    hidden = _hidden(found, study.program.privacy.min_cell)
    tested = {label: e for label, e in found.items() if label not in hidden}
    p, note = interaction_p(list(tested.values())), []
    if p is not None:
        text = _("Test that the groups differ in their effect: {p}.")
        note.append(text.format(p=p_is(p)))
    name, words = _variable_words(study, variable)
    flags = {_("yes"): "true", _("no"): "false"}  # an id is the same in every language
    return [
        Estimated(
            case.outcome, case.frame.design, replace(one, warnings=(*one.warnings, *note)),
            "subgroup", place=(variable, flags.get(label, label)),
            group=phrase("{}: {}", name, words.get(label, label)),
            interaction_p=p if label == next(iter(tested), None) else None,
        )
        for label, one in found.items()
    ]  # fmt: skip


def _hidden(found: dict[str, Estimate], k: int) -> set[str]:
    """Groups too small to show, and those by which one could be found from the total."""
    sizes = (
        draft
        for label, e in found.items()
        for arm, n in (("program", e.n_program), ("comparison", e.n_comparison))
        if n is not None
        for draft in drafts({"n": n}, [arm, label], "n", Cell((n,), ((arm, n),)), subject=label)
    )
    return {str(row.subject) for row in publish(sizes, k)[0] if row.value is None}


def _variable_words(study: Study, variable: str) -> tuple[str, dict[str, str]]:
    """A variable and its values as reports show them."""
    for source in study.program.sources.values():
        if variable in source.columns:
            values = source.columns[variable].categories
            return variable_name(study, variable), {
                str(value): choose(text) for value, text in values.items()
            }
    return variable, {}


def effect_drafts(found: Sequence[Estimated], refuted: Container[str] = ()) -> Drafts:
    """The rows of estimates, and the warnings of each. refuted: outcomes of which the data refute
    the comparison, so that they show a difference between groups and no effect of the program."""
    for one in found:
        yield from _drafts(one, refuted)
    for one in [one for one in found if one.estimate.balance][:1]:
        for row in one.estimate.balance:
            names = ["effects", one.outcome.id, "balance", row["covariate"]]
            yield from drafts(row, names, "smd_unadjusted smd_weighted", row["cell"])


def _drafts(one: Estimated, refuted: Container[str]) -> Drafts:
    outcome, found, cell = one.outcome, one.estimate, one.cell
    place = (found.estimator,) if one.role == "sensitivity" else one.place
    names = ["effects", outcome.id, one.role, *place]
    claim = _claim(one)
    about = {
        "subject": outcome.id, "label": choose(outcome.label), "group": one.group,
        "level": outcome.level, "wave": outcome.wave, "unit": _unit(outcome, found),
        "n": found.n_program + (found.n_comparison or 0), "role": one.role,
        "claim": "difference" if claim == "effect" and outcome.id in refuted else claim,
        "design": one.design, "estimator": found.estimator, "estimand": found.estimand,
        "direction": outcome.direction,
    }  # fmt: skip
    said = (*found.warnings, *one.checks.warnings, *one.judged.notes)
    concluded = {"conclusion": one.conclusion, "note": joined(said) or None}
    numbers = _numbers(one)
    first, *others = NUMBERS.split()
    yield from drafts(numbers, names, first, cell, **about, **concluded)
    if one.role != "primary" and found.estimate is not None and found.p_value is None:
        # Why it has no interval; of a primary estimate p_adjusted says so.
        yield from drafts(numbers, names, "p_value", cell, **about)
    for name in others if one.role == "primary" else (f for f in others if f not in OWN):
        if name == "sesoi":  # declared: it is no person's
            yield from drafts(numbers, names, name, SAFE, **about | {"n": None})
        else:
            yield from drafts(numbers, names, name, cell, **about)
    yield from _checked(one, names, cell, about)
    if found.estimate is not None:
        yield from _mean_drafts(one, names, about)
    for text in said:
        yield Draft(Remark(measure_id(*names), text), cell)


def _mean_drafts(one: Estimated, names: Sequence[str], about: dict[str, Any]) -> Drafts:
    """From what to what. A scale's mean at a wave is of all who answered, so that the means go
    where a few persons more or fewer could be found by subtraction."""
    values, left = one.means
    sizes = tuple(n for _mean, n in values.values())
    cell = Cell((*one.cell.persons, *sizes, *left))
    for name, (mean, n) in values.items():
        told = about | {"n": n, "unit": choose(one.outcome.unit)}
        yield from drafts({name: mean}, names, name, cell, **told)


def _numbers(one: Estimated) -> dict[str, Any]:
    """The numbers of an estimate by the names of NUMBERS."""
    found, needed = one.estimate, None
    n = found.n_program + (found.n_comparison or 0)
    if one.sesoi and found.inference and found.std_error and found.df and n:
        needed = n_needed(n, found.std_error, found.df, one.sesoi)
    same = ("estimate", "std_error", "df", "p_value", "n_program", "n_comparison", "reason")
    numbers = {name: getattr(found, name) for name in same}
    numbers |= {"p_adjusted": one.p_adjusted, "sesoi": one.sesoi, "n_needed": needed}
    numbers |= zip(("ci_low", "ci_high"), found.interval(), strict=True)
    return numbers | dict(
        zip(("effect_size_g", "g_ci_low", "g_ci_high"), found.effect_size(), strict=True)
    )


def _checked(one: Estimated, names: Sequence[str], cell: Cell, about: dict[str, Any]) -> Drafts:
    """What was checked of an estimate, each as a row beside it."""
    checks, bounds = one.checks, one.checks.bounds
    values = {"e_value": checks.e_value, "interaction_p": one.interaction_p}
    if bounds is not None:
        values |= {"lee_lower": bounds.low, "lower_low": bounds.ci_low}
        values |= {"lee_upper": bounds.high, "upper_high": bounds.ci_high}
    fields = "interaction_p e_value lee_lower:lower lee_upper:upper"
    yield from drafts(values, names, fields, cell, **about)
    if (other := checks.bracketing) is not None and one.conclusion is not None:
        told = about | {"estimator": other.estimator, "conclusion": one.judged.other}
        yield from _beside(other, "bracketing", names, cell, told)
    if checks.earlier is not None:
        told = about | {"wave": checks.earlier.wave}
        yield from _beside(checks.earlier.estimate, "earlier_trend", names, cell, told)


def _beside(
    found: Estimate, measure: str, names: Sequence[str], cell: Cell, about: dict[str, Any]
) -> Drafts:
    """Another estimate beside a primary one, as one row; cell: of the primary one."""
    low, high = found.interval()
    numbers = {measure: found.estimate, "p_value": found.p_value, "ci_low": low, "ci_high": high}
    sizes = (found.n_program, found.n_comparison or 0)
    persons = Cell((*cell.persons, *sizes))
    yield from drafts(numbers, names, f"{measure}:ci:p_value", persons, **about | {"n": sum(sizes)})


def _claim(one: Estimated) -> Claim:
    """What the design lets one say. An association with the dose is no effect in any design, nor is
    the difference of groups that were not drawn by lot and are compared as they are."""
    if one.design == "single_group" or one.estimate.estimand == "association":
        return "change"
    if one.estimate.estimand == "difference" and one.estimate.estimate is not None:
        return "difference"
    return "effect"


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
