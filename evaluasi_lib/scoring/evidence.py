"""How much weight the design of an estimate can carry."""

from __future__ import annotations

from collections.abc import Sequence

from evaluasi_lib.results import Effect, Evidence
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _


def rate_evidence(study: Study, effects: Sequence[Effect]) -> tuple[Evidence, ...]:
    """One rating for the primary estimate of each outcome, in declared order."""
    return tuple(_rate(study, e) for e in effects if e.role == "primary")


def _rate(study: Study, effect: Effect) -> Evidence:
    sms = {"single_group": 1, "comparison": 3 if effect.estimator.startswith("did") else 2}
    rating = {"single_group": 0, "comparison": 2}
    return Evidence(
        outcome=effect.outcome,
        design=effect.design,
        maryland_sms=sms.get(effect.design, 5),
        baseline_max_abs_smd=None,
        wwc_baseline=None,
        attrition_overall_share=None,
        attrition_differential_share=None,
        mdes=None,
        rating_0_5=rating.get(effect.design, 4),
        threats=(),
        reason=_("attrition is not known"),
    )
