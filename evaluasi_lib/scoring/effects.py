"""Effects of a program: one primary estimate for each outcome, and what checks it.

`estimates_of` is the way from a study to estimates, `effect_drafts` that to rows; the estimators
stand in designs.py, whose table chooses them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from evaluasi_lib.claims import declared_column, variable_label
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
from evaluasi_lib.scoring.designs import NET_SHARE, Case, estimate, noted, plan_of
from evaluasi_lib.scoring.doubts import Bounds, Checks, add_weights, examine
from evaluasi_lib.scoring.estimate import Estimate, conclude, n_needed, not_estimated, say
from evaluasi_lib.scoring.frames import (
    DesignType,
    OutcomeFrame,
    OutcomeFrames,
    in_program,
    numeric,
    outcome_frames,
)
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose, interval, joined, number, p_is, phrase, word_for

Rule = Callable[[pd.Series], pd.Series]
OWN = ("p_adjusted", "n_needed")  # numbers of primary estimates alone
MAX_LEVELS = 6  # a number with more values is split at its median
MOVED = ("improved", "worsened")
# Under this risk ratio a cause of the size of common background variables is enough (VanderWeele
# and Ding 2017 leave the judgement to the subject; this limit is the workbook's own).
SMALL_E_VALUE = 1.5


@dataclass(frozen=True, slots=True)
class Estimated:
    """An estimate with what it is an estimate of, on its way to rows.

    checks: of a primary estimate. place, group: the names of a variable's value, in ids and for
    readers. p_adjusted, conclusion, notes: by the family of the primary estimates; bracketed: the
    conclusion of the estimate that brackets it. means: by the names of effects.MEANS, the mean and
    how many persons (or answers) it is of; left: persons who answered at one of the waves and are
    in no mean.
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
    conclusion: Conclusion | None = None
    bracketed: Conclusion | None = None
    notes: tuple[str, ...] = ()
    means: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    left: tuple[int, ...] = ()

    @property
    def sesoi(self) -> float | None:
        """The declared smallest effect of interest, where it is in the estimate's own unit. That of
        an ordered outcome is a net share of persons (0-1), whatever its primary estimator."""
        ordered, net = self.outcome.scale_type == "ordinal", self.estimate.estimator in NET_SHARE
        other = self.estimate.estimator == "dose_response" or ordered != net
        return None if other else self.outcome.sesoi

    @property
    def n(self) -> int:
        """The persons of both groups."""
        return self.estimate.n_program + (self.estimate.n_comparison or 0)

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
    """The written rule, and what contradicts it.

    ANCOVA brackets a difference in differences. If the groups' changes are alike without the
    program, or if persons alike before are, the effect lies between the two (Ding and Li 2019):
    improved or worsened need both to conclude it, and no meaningful change needs ANCOVA not to
    conclude the contrary. ANCOVA's p-value is multiplied by the factor that the family put on the
    primary one. Where they part: inconclusive, with both named. Bounds for the loss, and the
    E-value of the interval's nearer limit, are told beside a change where they are weak.
    """
    outcome, ancova, own = one.outcome, one.checks.bracketing, one.estimate.p_value
    direction = outcome.direction
    found = conclude(one.estimate, sesoi=one.sesoi, direction=direction, p_adjusted=p_adjusted)
    other, notes = None, []
    if found is not None and ancova is not None:
        p = ancova.p_value
        factor = max(1.0, p_adjusted / own) if own and p_adjusted is not None else 1.0
        other = conclude(
            ancova, sesoi=None if outcome.scale_type == "ordinal" else outcome.sesoi,
            direction=direction, p_adjusted=None if p is None else min(1.0, p * factor),
        )  # fmt: skip
        parted = other != found if found in MOVED else other in MOVED
        if parted and found != "inconclusive":
            words = [word_for("conclusion", said or "inconclusive") for said in (found, other)]
            notes.append(say("parted", did=words[0], ancova=words[1]))
            found = "inconclusive"
    if found in MOVED:
        notes += _open_to_doubt(one.checks.bounds, one.checks.e_value)
    return replace(one, p_adjusted=p_adjusted, conclusion=found, bracketed=other,
                   notes=tuple(notes))  # fmt: skip


def _open_to_doubt(bounds: Bounds | None, e_value: float | None) -> list[str]:
    """What the bounds for loss, or a weak cause that was not measured, leave open of a change."""
    found = []
    if bounds and bounds.ci_low <= 0 <= bounds.ci_high:
        ends = interval(bounds.low, bounds.high, 2), interval(bounds.ci_low, bounds.ci_high, 2)
        found.append(say("bounds_hold_zero", bounds=ends[0], interval=ends[1]))
    if e_value is not None and e_value < SMALL_E_VALUE:
        found.append(say("weak_cause", e=number(e_value, 2)))
    return found


def _estimates(study: Study, outcome: Outcome, frame: OutcomeFrame | str) -> list[Estimated]:
    if isinstance(frame, str):
        alone = not_estimated("none", "difference", frame)
        return [Estimated(outcome, study.program.design.type, alone)]
    case = Case(outcome, study.program.design, add_weights(study, frame))
    plan = plan_of(case)
    if plan is None:
        alone = not_estimated("none", "difference", say("measured_once"), len(frame.after))
        return [Estimated(outcome, frame.design, alone)]
    primary, (means, left) = primary_estimate(plan[0], case), _means(case)
    first = Estimated(outcome, frame.design, primary, checks=examine(study, case, primary),
                      means=means, left=left)  # fmt: skip
    others = [e for name in plan[1:] if (e := estimate(name, case)) is not None]
    found = [first, *(Estimated(outcome, frame.design, e, "sensitivity") for e in others)]
    for variable in outcome.subgroups:
        found += _subgroups(study, case, plan[0], variable)
    return found


def _means(case: Case) -> tuple[dict[str, tuple[float, int]], tuple[int, ...]]:
    """`means` and `left` of Estimated: from what to what, in the outcome's unit and unweighted; an
    ordered outcome has no mean."""
    if case.outcome.scale_type == "ordinal":
        return {}, ()
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
    return values, tuple(n - len(known["mean_after"]) for n in answered)


def _run(name: str, case: Case) -> Estimate:
    """The named estimator's result, or the reason why it cannot be."""
    found = estimate(name, case)
    return found or not_estimated(name, "difference", say("does_not_fit", estimator=name))


def primary_estimate(name: str, case: Case) -> Estimate:
    """The named estimator's result; where the groups cannot be weighted, for want of overlap, the
    adjusted difference, which says so."""
    found = _run(name, case)
    if name not in ("aipw", "ipw") or found.estimate is not None:
        return found
    instead = estimate("ancova" if case.baseline == "linked" else "adjusted", case)
    if instead is None or instead.estimate is None:
        return found
    return noted(instead, say("not_weighted", reason=found.reason))


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
    p = interaction_p(list(tested.values()))
    if p is not None:
        found = {label: noted(e, say("interaction", p=p_is(p))) for label, e in found.items()}
    column, name = declared_column(study.program, variable), variable_label(study.program, variable)
    words = {} if column is None else {str(v): choose(t) for v, t in column.categories.items()}
    flags = {_("yes"): "true", _("no"): "false"}  # an id is the same in every language
    return [
        Estimated(
            case.outcome, case.frame.design, one, "subgroup",
            place=(variable, flags.get(label, label)),
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
    outcome, found, checks, cell = one.outcome, one.estimate, one.checks, one.cell
    place = (found.estimator,) if one.role == "sensitivity" else one.place
    names = ["effects", outcome.id, one.role, *place]
    claim = _claim(one)
    about = {
        "subject": outcome.id, "label": choose(outcome.label), "group": one.group,
        "level": outcome.level, "wave": outcome.wave, "unit": _unit(outcome, found),
        "n": one.n, "role": one.role,
        "claim": "difference" if claim == "effect" and outcome.id in refuted else claim,
        "design": one.design, "estimator": found.estimator, "estimand": found.estimand,
        "direction": outcome.direction,
    }  # fmt: skip
    said = (*found.warnings, *checks.cautions, *checks.doubts.values(), *one.notes)
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
    values = {"e_value": checks.e_value, "interaction_p": one.interaction_p}
    if (bounds := checks.bounds) is not None:
        values |= {"lee_lower": bounds.low, "lower_low": bounds.ci_low}
        values |= {"lee_upper": bounds.high, "upper_high": bounds.ci_high}
    fields = "interaction_p e_value lee_lower:lower lee_upper:upper"
    yield from drafts(values, names, fields, cell, **about)
    if (other := checks.bracketing) is not None and one.conclusion is not None:
        told = about | {"estimator": other.estimator, "conclusion": one.bracketed}
        yield from _beside(other, "bracketing", names, cell, told)
    if checks.earlier is not None:
        told = about | {"wave": checks.earlier.wave}
        yield from _beside(checks.earlier.estimate, "earlier_trend", names, cell, told)
    # A scale's mean at a wave is of all who answered, so that the means go where a few persons
    # more or fewer could be found by subtraction.
    sizes = Cell((*cell.persons, *(n for _mean, n in one.means.values()), *one.left))
    for name, (mean, n) in one.means.items() if found.estimate is not None else ():
        told = about | {"n": n, "unit": choose(outcome.unit)}
        yield from drafts({name: mean}, names, name, sizes, **told)
    for text in said:
        yield Draft(Remark(measure_id(*names), text), cell)


def _numbers(one: Estimated) -> dict[str, Any]:
    """The numbers of an estimate by the names of NUMBERS."""
    found, needed = one.estimate, None
    if one.sesoi and found.tested is not None and one.n:
        needed = n_needed(one.n, *found.tested[1:], one.sesoi)
    same = ("estimate", "std_error", "df", "p_value", "n_program", "n_comparison", "reason")
    numbers = {name: getattr(found, name) for name in same}
    numbers |= {"p_adjusted": one.p_adjusted, "sesoi": one.sesoi, "n_needed": needed}
    numbers |= zip(("ci_low", "ci_high"), found.interval(), strict=True)
    return numbers | dict(
        zip(("effect_size_g", "g_ci_low", "g_ci_high"), found.effect_size(), strict=True)
    )


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
        return say("net_share")
    unit = choose(outcome.unit)
    return say("dose_unit", unit=unit) if found.estimator == "dose_response" else unit


def interaction_p(found: Sequence[Estimate]) -> float | None:
    """p-value of Welch's (1951) test that the independent estimates that carry inference are one.

    Two groups: the Welch-Satterthwaite t test of their difference. None under 2 groups.
    """
    usable = [e.tested for e in found if e.tested is not None]
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
    category = isinstance(values.dtype, pd.CategoricalDtype)
    if category or values.dtype in ("object", "str"):
        present = set(known.astype(str))
        names = map(str, values.cat.categories) if category else sorted(present)
        return [(name, _is(name)) for name in names if name in present]
    found = np.unique(numeric(known))
    if isinstance(values.dtype, pd.BooleanDtype) or values.dtype == bool:
        return [(_("no"), _between(0.0, 0.0)), (_("yes"), _between(1.0, 1.0))]
    if len(found) <= MAX_LEVELS:
        digits = [0 if float(v).is_integer() else 2 for v in found]
        return [(number(v, d), _between(v, v)) for v, d in zip(found, digits, strict=True)]
    middle = float(np.median(numeric(known)))
    text = number(middle, 0 if middle.is_integer() else 1)
    return [
        (say("split.low", value=text), _between(-math.inf, middle)),
        (say("split.high", value=text), _between(np.nextafter(middle, math.inf), math.inf)),
    ]


def _is(name: str) -> Rule:
    return lambda s: s.notna() & (s.astype(str) == name)


def _between(low: float, high: float) -> Rule:
    return lambda s: numeric(s).between(low, high)
