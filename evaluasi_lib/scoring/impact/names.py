"""Estimators in a reader's words."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from evaluasi_lib.results import Effect
from evaluasi_lib.wording import word_for


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
            "label": word_for("estimator", e.estimator),
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
