"""How much weight the design of an estimate can carry, by dated and published yardsticks.

Maryland's scale and the padlocks rate the design; the What Works Clearinghouse's rules say whether
the groups were alike before and whether too many persons were lost. Every threshold stands in
standards.yml, and a program may replace it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evaluasi_lib.disclosure import is_small
from evaluasi_lib.results import Effect, Evidence
from evaluasi_lib.scoring.frames import (
    OutcomeFrame,
    OutcomeFrames,
    design_matrix,
    in_program,
    outcome_frames,
)
from evaluasi_lib.scoring.impact.checks import (
    Attrition,
    diagnose_attrition,
)
from evaluasi_lib.scoring.impact.estimate import (
    binary_effect_size,
    hedges_correction,
    pooled_sd,
)
from evaluasi_lib.scoring.power import detectable
from evaluasi_lib.scoring.standards import standards
from evaluasi_lib.scoring.threats import (
    ADJUSTS,
    BEFORE_AND_AFTER,
    attrition_level,
    loss_is_small,
    threats_to,
)
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _

# Threats by which the data themselves refute the comparison.
REFUTED = {"baseline", "attrition", "earlier_trend", "bent", "undeclared_cluster"}


def rate_evidence(
    study: Study, effects: Sequence[Effect], frames: OutcomeFrames | None = None
) -> tuple[Evidence, ...]:
    """One rating for the primary estimate of each outcome, in the order of effects. Raises
    ProgramError where program.yml replaces a threshold that does not exist. frames:
    outcome_frames(study), where the caller has them."""
    table, frames = standards(study.program.standards), frames or outcome_frames(study)
    primary = [e for e in effects if e.role == "primary"]
    return tuple(_rate(study, e, frames[e.outcome], table) for e in primary)


def _rate(
    study: Study, effect: Effect, frame: OutcomeFrame | str, table: Mapping[str, Any]
) -> Evidence:
    outcome = study.program.outcome(effect.outcome)
    if isinstance(frame, str) or effect.estimate is None:
        why = effect.reason or _("nothing was estimated, so there is nothing to rate")
        return Evidence(effect.outcome, effect.design, None, None, None, None, None, None, None, (),
                        why)  # fmt: skip
    loss = diagnose_attrition(study, frame)
    own, largest = baseline_differences(study, frame)
    smd = largest if own is None else own
    equivalence = baseline_verdict(study, effect, loss, smd, table)
    mdes = smallest_detectable(effect)
    threats = tuple(threats_to(study, outcome, effect, frame, loss, smd, equivalence, table))
    overall, differential = (None, None) if loss is None else (loss.overall, loss.differential)
    reason: str | None = None
    if loss is None:
        reason = _("it is not known how many persons were lost, so attrition cannot be rated")
    if loss is not None and loss_is_small(study, loss):
        overall = differential = None
        reason = "small_cell"
    return Evidence(
        outcome=effect.outcome,
        design=effect.design,
        maryland_sms=maryland(effect),
        baseline_max_abs_smd=largest,
        wwc_baseline=equivalence,
        attrition_overall_share=overall,
        attrition_differential_share=differential,
        mdes=mdes,
        rating_0_5=rating(
            effect, None if loss is None else loss.overall, mdes,
            sum(threat.deducts for threat in threats), table,
            unlike=bool(REFUTED & {threat.code for threat in threats}),
        ),
        threats=tuple(threat.text for threat in threats),
        reason=reason,
        flags=tuple(threat.code for threat in threats),
    )  # fmt: skip


def claims_that_carry(
    effects: Sequence[Effect], evidence: Sequence[Evidence]
) -> tuple[Effect, ...]:
    """The effects in words that their evidence carries: where the data refute the comparison, what
    an outcome's estimates show is a difference between groups and no effect of the program."""
    refuted = {e.outcome for e in evidence if REFUTED & set(e.flags)}
    return tuple(
        replace(e, claim="difference") if e.claim == "effect" and e.outcome in refuted else e
        for e in effects
    )


def maryland(effect: Effect) -> int:
    """Maryland Scientific Methods Scale: 1 before and after, or two groups as they are; 2 with
    adjustment; 3 before and after with a comparison group; 5 randomised."""
    if effect.design == "randomised":
        return 5
    if effect.design == "single_group":
        return 1
    if effect.estimator in BEFORE_AND_AFTER:
        return 3
    return 2 if effect.estimator in ADJUSTS else 1


def rating(
    effect: Effect, attrition: float | None, mdes: float | None, threats: int,
    table: Mapping[str, Any], *, unlike: bool = False,
) -> int:  # fmt: skip
    """0-5: the lowest of what design, detectable effect and loss allow, less the threats.

    unlike: the data refute what the comparison rests on (the groups differed too much before or
    lost persons too unequally by WWC's limits, moved apart earlier, bend where the model is
    straight, or are whole units taken for persons); such a comparison, randomised or not, is rated
    1 at most. mdes None: not known, which never
    lifts the rating: it allows what the row of the least precise studies does.
    """
    rules = table["rating"]
    if effect.design == "comparison":
        kind = {3: "comparison_baseline", 2: "comparison_adjusted"}.get(
            maryland(effect), "comparison_unadjusted"
        )
    else:
        kind = effect.design
    allowed = [int(rules["design"][kind]), _allowed_by_precision(effect, mdes, rules)]
    if unlike:
        allowed.append(int(rules["unlike_groups"]))
    if attrition is None:
        allowed.append(int(rules["unknown_attrition"]))
    else:
        fits = [row["rating"] for row in rules["attrition"] if attrition <= row["up_to"] + 1e-9]
        allowed.append(max(fits, default=0))
    return max(0, min(allowed) - min(threats, int(rules["max_threat_deduction"])))


def _allowed_by_precision(effect: Effect, mdes: float | None, rules: Mapping[str, Any]) -> int:
    """What the smallest detectable effect allows. A low power makes an absence unbelievable; an
    effect that was found all the same is only likely to be exaggerated, so it keeps a floor."""
    fits = [row["rating"] for row in rules["mdes"] if mdes is not None and mdes < row["below"]]
    allowed, floor = max(fits, default=0), rules["found_despite_mdes"]
    smallest = min(effect.n_program or 0, effect.n_comparison or 0)
    if effect.conclusion in ("improved", "worsened") and smallest >= floor["persons"]:
        return max(allowed, int(floor["rating"]))
    return allowed


def baseline_verdict(
    study: Study, effect: Effect, loss: Attrition | None, smd: float | None,
    table: Mapping[str, Any],
) -> str | None:  # fmt: skip
    """WWC baseline equivalence: not_required | satisfied | adjustment_needed |
    satisfied_with_adjustment | not_satisfied; None: one group, or nothing measured before.

    smd: of the outcome's own measure before, which WWC asks for where it exists (a pre-intervention
    measure of the outcome outweighs background); else the largest of the covariates.
    """
    if effect.design == "single_group":
        return None
    if effect.design == "randomised":
        if loss is None or loss.differential is None:
            return None  # asked only where attrition is high, and that is not known
        if attrition_level(loss.overall, loss.differential, table) == "low":
            return "not_required"
    if smd is None:
        return None
    limits = table["baseline"]
    if smd <= limits["satisfied"]:
        return "satisfied"
    if smd > limits["adjustment"]:
        return "not_satisfied"
    return "satisfied_with_adjustment" if effect.estimator in ADJUSTS else "adjustment_needed"


def baseline_differences(study: Study, frame: OutcomeFrame) -> tuple[float | None, float | None]:
    """|difference| before, in SD, among those analysed: of the outcome's own measure, and the
    largest of it and all declared covariates. Hedges' g with the pooled SD; Cox's index for two
    values; one value of several is compared by the SD of its share, since Cox's index of a rare
    value is noise. None where nothing is known; (None, None) with one group."""
    if frame.design == "single_group":
        return None, None
    rows = frame.complete
    member = in_program(rows)
    z, names = design_matrix(rows, study.program.design.covariates)
    values = [name.partition("=")[0] for name in names]
    sizes = [
        baseline_difference(column[member], column[~member], one_of_several=values.count(value) > 1)
        for name, value, column in zip(names, values, z.T, strict=True)
        if not name.endswith("=?")  # being missing is no characteristic
    ]
    own: float | None = None
    if frame.before is not None:
        early = in_program(frame.before)
        y0 = frame.before["y"].to_numpy()
        own = baseline_difference(y0[early], y0[~early])
    elif frame.has_baseline:
        y0 = rows["y0"].to_numpy()
        own = baseline_difference(y0[member], y0[~member])
    known = [abs(size) for size in (own, *sizes) if size is not None]
    return (None if own is None else abs(own)), (max(known) if known else None)


def baseline_difference(
    program: ArrayLike, comparison: ArrayLike, *, one_of_several: bool = False
) -> float | None:
    """Difference of two groups in SD: Hedges' g (pooled SD), or Cox's index where all values are 0
    or 1 (but one_of_several, an indicator of one value among more: g). None where nothing varies,
    or a share of 0 or 1 leaves the index without bound."""
    a, b = np.asarray(program, dtype=float), np.asarray(comparison, dtype=float)
    if min(len(a), len(b)) < 2:
        return None
    if not one_of_several and set(np.unique(np.concatenate([a, b]))) <= {0.0, 1.0}:
        return binary_effect_size(a, b)[0]
    sd, df = pooled_sd(a, b)
    return None if sd is None else float(hedges_correction(df) * (a.mean() - b.mean()) / sd)


def smallest_detectable(effect: Effect) -> float | None:
    """The smallest effect, in SD, that an estimate of this precision finds with 80% power.

    By the estimate's own standard error where the SD that belongs to it is known; for ordered
    outcomes and where it is not, by the numbers of persons alone (two equal samples of that size
    in a plain comparison, Bloom 1995), which is never more favourable than no adjustment.
    """
    sd = effect.details.get("sd_outcome")
    if effect.effect_size_g and effect.estimate:
        sd = effect.estimate / effect.effect_size_g
    if sd and effect.std_error and effect.df:
        return detectable(effect.std_error, effect.df) / abs(sd)
    sizes = [n for n in (effect.n_program, effect.n_comparison) if n]
    if not sizes or effect.p_value is None:
        return None
    return detectable(math.sqrt(sum(1 / n for n in sizes)), effect.df or math.inf)


def table_baseline(study: Study, outcome_id: str) -> pd.DataFrame:
    """Balance of the groups before: variable, mean_program, mean_comparison, difference (Hedges' g
    or Cox's index). For the appendix; empty with one group."""
    columns = ["variable", "mean_program", "mean_comparison", "difference"]
    frame = outcome_frames(study)[outcome_id]
    if isinstance(frame, str) or frame.design == "single_group":
        return pd.DataFrame(columns=columns)
    rows = frame.complete
    member = in_program(rows)
    k = study.program.privacy.min_cell
    if min(member.sum(), (~member).sum()) < k:
        return pd.DataFrame(columns=columns)
    z, names = design_matrix(rows, study.program.design.covariates)
    if "y0" in rows:
        z, names = np.column_stack([rows["y0"], z]), ["y0", *names]
    records = []
    for name, column in zip(names, z.T, strict=True):
        counts = [column[member].sum(), column[~member].sum()]
        rare = set(np.unique(column)) <= {0.0, 1.0} and any(
            is_small(int(v), k) or is_small(int(n - v), k)
            for v, n in zip(counts, (member.sum(), (~member).sum()), strict=True)
        )
        means = (None, None) if rare else (column[member].mean(), column[~member].mean())
        size = None if rare else baseline_difference(column[member], column[~member])
        records.append((name, *means, size))
    return pd.DataFrame.from_records(records, columns=columns)
