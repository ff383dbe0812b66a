"""The written rules by which numbers are judged: estimates, single and repeated, and items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

ALPHA = 0.05
TONE = 0.2  # share of the speakers by which praise or criticism prevails
Floats = NDArray[np.float64]
Method = Literal["holm", "bh", "none"]


def adjusted(p: Floats, method: str) -> Floats:
    """Holm or Benjamini-Hochberg over the last axis, any method else: none; as R p.adjust."""
    m = p.shape[-1]
    if method == "bh" and m:
        return np.asarray(stats.false_discovery_control(p, axis=-1))
    if method != "holm" or not m:
        return p
    # statsmodels has Holm too, but collects garbage at each call: half a second in a report.
    order = np.argsort(p, axis=-1)
    stepped = np.take_along_axis(p, order, -1) * np.arange(m, 0, -1)
    out = np.empty_like(p)
    np.put_along_axis(out, order, np.minimum(np.maximum.accumulate(stepped, -1), 1.0), -1)
    return out


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


def concluded(
    estimate: ArrayLike, ci90_low: ArrayLike, ci90_high: ArrayLike, p_adjusted: ArrayLike,
    sesoi: ArrayLike, higher_is_better: ArrayLike,
) -> NDArray[np.str_]:  # fmt: skip
    """What estimates say, in this order; all arguments broadcast.

    1. no_meaningful_change: the 90% interval lies inside +/- sesoi (two one-sided tests at 5%);
       unavailable where sesoi is nan. 2. improved or worsened: the family-adjusted 95% interval
       excludes 0 (p_adjusted < 0.05). 3. inconclusive.
    """
    low, high, p, limit = (np.asarray(x) for x in (ci90_low, ci90_high, p_adjusted, sesoi))
    within, better = (-limit < low) & (high < limit), (np.asarray(estimate) > 0) == higher_is_better
    names = ["no_meaningful_change", "inconclusive", "improved"]
    return np.select([within, ~(p < ALPHA), better], names, "worsened")


def tone_of(praise: int, criticism: int, persons: int) -> int:
    """1 where praise prevails among those who spoke of something, -1 where criticism does, 0 where
    neither exceeds the other by a fifth of them. The one rule of tone: findings and the comparison
    of the sources judge by it alike."""
    balance = (praise - criticism) / persons if persons else 0.0
    return 0 if abs(balance) < TONE else 1 if balance > 0 else -1


def quadrants(performance: ArrayLike, importance: ArrayLike, *, cross: ArrayLike) -> list[str]:
    """Martilla and James (1977) of mean performance (k,) and importance (k,) of each item: keep_up,
    concentrate, low_priority or overkill. cross: the crosshair (performance, importance); a tie
    counts as high."""
    at = np.asarray(cross, dtype=float)
    well, important = np.asarray(performance) >= at[0], np.asarray(importance) >= at[1]
    names = ["keep_up", "concentrate", "overkill"]
    found = np.select([important & well, important, well], names, "low_priority")
    return [str(name) for name in found]
