"""Adjustment of p-values over a declared family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from evaluasi_lib.conclusion import adjusted

Method = Literal["holm", "bh", "none"]


def adjust_p_values(
    p_values: Sequence[float | None], method: Method = "holm"
) -> tuple[float | None, ...]:
    """Holm (family-wise error) or Benjamini-Hochberg (false discovery rate); None stays None and
    is no member of the family. Agrees with R p.adjust. Raises ValueError for another method."""
    if method not in get_args(Method):
        raise ValueError(f"unknown method {method!r}; known: {', '.join(get_args(Method))}")
    known = np.array([p for p in p_values if p is not None], dtype=float)
    values = iter(adjusted(known, method).tolist())
    return tuple(None if p is None else next(values) for p in p_values)
