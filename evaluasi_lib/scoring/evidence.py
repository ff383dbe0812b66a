"""How much weight the design of an estimate can carry, by dated and published yardsticks.

Maryland's scale and the padlocks rate the design; the What Works Clearinghouse's rules say whether
the groups were alike before and whether too many persons were lost. Every threshold stands in
standards.yml, and a program may replace it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evaluasi_lib.disclosure import is_small
from evaluasi_lib.program import Outcome
from evaluasi_lib.results import Effect, Evidence
from evaluasi_lib.scoring.frames import (
    OutcomeFrame,
    OutcomeFrames,
    design_matrix,
    in_program,
    outcome_frames,
)
from evaluasi_lib.scoring.impact.checks import Attrition, diagnose_attrition, is_circular
from evaluasi_lib.scoring.impact.estimate import (
    binary_effect_size,
    hedges_correction,
    pooled_sd,
)
from evaluasi_lib.scoring.power import detectable
from evaluasi_lib.scoring.standards import standards
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, number, percent

ADJUSTS = ("adjusted", "ancova", "aipw", "ipw", "did", "did_repeated", "net_rise")
LINKED_SHARE = 0.7  # under this share of linked answers the pairs may not speak for the rest


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
    smd = largest_baseline_difference(study, frame)
    equivalence = baseline_verdict(study, effect, loss, smd, table)
    mdes = _mdes(effect)
    threats = _threats(study, outcome, effect, frame, loss, smd, table)
    overall, differential = (None, None) if loss is None else (loss.overall, loss.differential)
    reason: str | None = None
    if loss is None:
        reason = _("it is not known how many persons were lost, so attrition cannot be rated")
    if loss is not None and _loss_is_small(study, loss):
        overall = differential = None
        reason = "small_cell"
    return Evidence(
        outcome=effect.outcome,
        design=effect.design,
        maryland_sms=maryland(effect),
        baseline_max_abs_smd=smd,
        wwc_baseline=equivalence,
        attrition_overall_share=overall,
        attrition_differential_share=differential,
        mdes=mdes,
        rating_0_5=rating(
            effect, None if loss is None else loss.overall, mdes,
            sum(deducts for _text, deducts in threats), table,
        ),
        threats=tuple(text for text, _deducts in threats),
        reason=reason,
    )  # fmt: skip


def maryland(effect: Effect) -> int:
    """Maryland Scientific Methods Scale: 1 before and after, or two groups as they are; 2 with
    adjustment; 3 before and after with a comparison group; 5 randomised."""
    if effect.design == "randomised":
        return 5
    if effect.design == "single_group":
        return 1
    if effect.estimator in ("did", "did_repeated", "net_rise", "ancova"):
        return 3
    return 2 if effect.estimator in ADJUSTS else 1


def rating(
    effect: Effect, attrition: float | None, mdes: float | None, threats: int,
    table: Mapping[str, Any],
) -> int:  # fmt: skip
    """0-5: the lowest of what design, detectable effect and loss allow, less the threats."""
    rules = table["rating"]
    if effect.design == "comparison":
        kind = {3: "comparison_baseline", 2: "comparison_adjusted"}.get(
            maryland(effect), "comparison_unadjusted"
        )
    else:
        kind = effect.design
    allowed = [int(rules["design"][kind])]
    if mdes is not None:
        fits = [row["rating"] for row in rules["mdes"] if mdes < row["below"]]
        allowed.append(max(fits, default=0))
    if attrition is None:
        allowed.append(int(rules["unknown_attrition"]))
    else:
        fits = [row["rating"] for row in rules["attrition"] if attrition <= row["up_to"] + 1e-9]
        allowed.append(max(fits, default=0))
    return max(0, min(allowed) - min(threats, int(rules["max_threat_deduction"])))


def attrition_level(
    overall: float, differential: float, table: Mapping[str, Any] | None = None
) -> str:
    """WWC: "low" (within the cautious limit), "moderate" (within the optimistic one), or "high".
    Shares 0-1; limits between the table's rows are interpolated."""
    rows = (table or standards())["attrition"]["table"]
    totals = [row["overall"] for row in rows]

    def limit(kind: str) -> float:
        values = [math.nan if row[kind] is None else row[kind] for row in rows]
        return float(np.interp(overall * 100, totals, values, right=math.nan))

    points = differential * 100 - 1e-9  # a share on the limit is within it, despite rounding
    if points <= limit("cautious"):
        return "low"
    return "moderate" if points <= limit("optimistic") else "high"


def baseline_verdict(
    study: Study, effect: Effect, loss: Attrition | None, smd: float | None,
    table: Mapping[str, Any],
) -> str | None:  # fmt: skip
    """WWC baseline equivalence: not_required | satisfied | adjustment_needed |
    satisfied_with_adjustment | not_satisfied; None: one group, or nothing measured before."""
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


def largest_baseline_difference(study: Study, frame: OutcomeFrame) -> float | None:
    """Largest |difference| before, in SD, of the outcome and the declared covariates among those
    analysed: Hedges' g with the pooled SD, Cox's index for two values. None with one group."""
    if frame.design == "single_group":
        return None
    rows = frame.complete
    member = in_program(rows)
    z, names = design_matrix(rows, study.program.design.covariates)
    sizes = [
        baseline_difference(column[member], column[~member])
        for name, column in zip(names, z.T, strict=True)
        if not name.endswith("=?")  # being missing is no characteristic
    ]
    if frame.before is not None:
        early = in_program(frame.before)
        y0 = frame.before["y"].to_numpy()
        sizes.append(baseline_difference(y0[early], y0[~early]))
    elif frame.has_baseline:
        y0 = rows["y0"].to_numpy()
        sizes.append(baseline_difference(y0[member], y0[~member]))
    known = [abs(size) for size in sizes if size is not None]
    return max(known) if known else None


def baseline_difference(program: ArrayLike, comparison: ArrayLike) -> float | None:
    """Difference of two groups in SD: Hedges' g (pooled SD), or Cox's index where all values are 0
    or 1. None where nothing varies, or a share of 0 or 1 leaves the index without bound."""
    a, b = np.asarray(program, dtype=float), np.asarray(comparison, dtype=float)
    if min(len(a), len(b)) < 2:
        return None
    if set(np.unique(np.concatenate([a, b]))) <= {0.0, 1.0}:
        return binary_effect_size(a, b)[0]
    sd, df = pooled_sd(a, b)
    return None if sd is None else float(hedges_correction(df) * (a.mean() - b.mean()) / sd)


def _mdes(effect: Effect) -> float | None:
    """The smallest effect, in SD, that an estimate of this precision finds with 80% power."""
    if not effect.std_error or not effect.df or not effect.effect_size_g or not effect.estimate:
        return None
    sd = effect.estimate / effect.effect_size_g
    return detectable(effect.std_error, effect.df) / abs(sd)


def _loss_is_small(study: Study, loss: Attrition) -> bool:
    k = study.program.privacy.min_cell
    return any(is_small(n - loss.analysed.get(group, 0), k) for group, n in loss.assigned.items())


def _threats(
    study: Study, outcome: Outcome, effect: Effect, frame: OutcomeFrame, loss: Attrition | None,
    smd: float | None, table: Mapping[str, Any],
) -> list[tuple[str, bool]]:  # fmt: skip
    """What else casts doubt on the estimate, in words, and whether it deducts from the rating."""
    found: list[tuple[str, bool]] = []
    if is_circular(study, outcome):
        found.append((_("The outcome rises by rule when somebody is trained."), True))
    if effect.design == "comparison" and smd is not None and smd > table["baseline"]["adjustment"]:
        text = _("The groups differed before the program by up to {smd} standard deviations.")
        found.append((text.format(smd=number(smd, 2)), True))
    if loss is not None and loss.differential is not None:
        level = attrition_level(loss.overall, loss.differential, table)
        if level == "high" and not _loss_is_small(study, loss):
            text = _("Far more persons were lost from one group than from the other ({points} "
                     "percentage points apart).")  # fmt: skip
            found.append((text.format(points=number(loss.differential * 100, 1)), True))
        elif level != "low":
            text = _("More persons were lost from one group than from the other.")
            found.append((text, False))
    placebo = effect.details.get("placebo") or {}
    if placebo.get("p_value") is not None and placebo["p_value"] < 0.05:
        found.append((_("The groups already moved apart before the program began."), True))
    if loss is None:
        text = _("It is not known how many persons were invited or assigned and then lost.")
        found.append((text, False))
    if frame.before is not None:
        found.append((_("The two waves cannot be linked by person."), True))
    elif min(frame.linked_share.values(), default=1.0) < LINKED_SHARE:
        text = _("Only {share} of one group's answers could be linked.")
        found.append((text.format(share=percent(min(frame.linked_share.values()))), True))
    if effect.p_value is None:
        found.append((_("The data cannot carry a p-value for this estimate."), True))
    low, high = effect.df is not None and effect.df < 10, effect.design != "single_group"
    if low and high and study.program.design.cluster:
        text = _("The estimate rests on few agencies; one of them could change it.")
        found.append((text, False))
    if effect.design == "single_group":
        text = _("Without a comparison group other causes cannot be ruled out.")
        found.append((text, False))
    return found


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
