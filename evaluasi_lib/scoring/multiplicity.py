"""Adjustment of p-values over a declared family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy import stats


def adjust_p_values(
    p_values: Sequence[float | None], method: Literal["holm", "bh", "none"] = "holm"
) -> tuple[float | None, ...]:
    """Holm (family-wise error) or Benjamini-Hochberg (false discovery rate); None stays None and
    is no member of the family. Agrees with R p.adjust."""
    known = np.array([p for p in p_values if p is not None], dtype=float)
    if method == "none" or not len(known):
        return tuple(p_values)
    if method == "bh":
        values = stats.false_discovery_control(known, method="bh")
    else:
        # statsmodels has Holm too, but collects garbage at each call: half a second in a report.
        order = np.argsort(known, kind="stable")
        steps = known[order] * np.arange(len(known), 0, -1)
        values = np.empty(len(known))
        values[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    adjusted = iter(values)
    return tuple(None if p is None else float(next(adjusted)) for p in p_values)
