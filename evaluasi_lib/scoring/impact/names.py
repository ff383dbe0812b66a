"""Estimators in a reader's words."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from evaluasi_lib.results import Effect
from evaluasi_lib.wording import _


def estimator_name(estimator: str) -> str:
    """What an estimator does, for tables and figures; an unknown one keeps its own name."""
    names = {
        "difference": _("Difference of means, unadjusted"),
        "adjusted": _("Adjusted for background"),
        "ancova": _("Adjusted for the measure before (ANCOVA)"),
        "did": _("Difference in differences"),
        "did_repeated": _("Difference in differences, independent samples"),
        "drdid": _("Difference in differences, doubly robust"),
        "drdid_repeated": _("Difference in differences, doubly robust, independent samples"),
        "regression_did": _("Difference in differences, by regression on covariates"),
        "fixed_effects": _("Fixed effects over all waves"),
        "paired": _("Before and after, same persons"),
        "waves": _("Before and after, independent samples"),
        "ipw": _("Inverse-probability weights"),
        "aipw": _("Doubly robust (AIPW)"),
        "superiority": _("Net share above the other group"),
        "net_rise": _("Net share of persons who rose"),
        "attrition_weighted": _("Weighted for loss of persons"),
        "raked": _("Weighted to the population"),
        "dose_response": _("Association with the dose"),
        "none": _("Not estimated"),
    }
    return names.get(estimator, estimator)


def table_specifications(effects: Iterable[Effect], outcome: str) -> pd.DataFrame:
    """One row for each defensible way to estimate an outcome, the primary first: estimator, label,
    role, unit, estimate, ci_low, ci_high, n. For one figure; estimates that could not be made or
    are in another unit than the primary's (net shares, slopes) are left out."""
    rows = [
        e for e in effects
        if e.outcome == outcome and e.role in ("primary", "sensitivity") and e.estimate is not None
    ]  # fmt: skip
    rows.sort(key=lambda e: e.role != "primary")
    records = [
        {
            "estimator": e.estimator,
            "label": estimator_name(e.estimator),
            "role": e.role,
            "unit": e.unit,
            "estimate": e.estimate,
            "ci_low": e.ci_low,
            "ci_high": e.ci_high,
            "n": None if e.n_program is None else e.n_program + (e.n_comparison or 0),
        }
        for e in rows
        if e.unit == rows[0].unit
    ]
    columns = ["estimator", "label", "role", "unit", "estimate", "ci_low", "ci_high", "n"]
    return pd.DataFrame.from_records(records, columns=columns)
