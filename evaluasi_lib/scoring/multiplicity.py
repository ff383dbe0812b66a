"""Adjustment of p-values over a declared family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from statsmodels.stats.multitest import multipletests


def adjust_p_values(
    p_values: Sequence[float | None], method: Literal["holm", "bh", "none"] = "holm"
) -> tuple[float | None, ...]:
    """Holm (family-wise error) or Benjamini-Hochberg (false discovery rate); None stays None and
    is no member of the family. Agrees with R p.adjust."""
    known = np.array([p for p in p_values if p is not None], dtype=float)
    if method == "none" or not len(known):
        return tuple(p_values)
    name = {"holm": "holm", "bh": "fdr_bh"}[method]
    adjusted = iter(multipletests(known, method=name)[1])
    return tuple(None if p is None else float(next(adjusted)) for p in p_values)
