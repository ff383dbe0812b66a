"""Bootstrap intervals with bias correction and acceleration (BCa)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """se: SD of the replicates. alpha_low, alpha_high: the corrected probabilities. Limits of the
    BCa and the percentile interval are type-7 quantiles (R's and numpy's default)."""

    estimate: float
    std_error: float
    z0: float
    acceleration: float
    alpha_low: float
    alpha_high: float
    ci_low: float
    ci_high: float
    percentile_low: float
    percentile_high: float


def bootstrap_bca(
    values: ArrayLike,
    statistic: Callable[[NDArray[np.float64]], float],
    indices: ArrayLike,
    level: float = 0.95,
) -> Bootstrap:
    """BCa (Efron 1987) of a statistic of values (n, ...), from given resamples (repetitions, n) of
    0-based row numbers. z0 counts replicates strictly below the estimate; the acceleration comes
    from the jackknife."""
    data = np.asarray(values, dtype=float)
    rows = np.asarray(indices)
    estimate = float(statistic(data))
    replicates = np.array([statistic(data[row]) for row in rows])
    left_out = np.array([statistic(np.delete(data, i, axis=0)) for i in range(len(data))])
    gap = left_out.mean() - left_out
    spread = float(np.sum(gap**2)) ** 1.5
    acceleration = float(np.sum(gap**3)) / (6 * spread) if spread > 0 else 0.0
    below = np.clip(np.mean(replicates < estimate), 0.5 / len(rows), 1 - 0.5 / len(rows))
    z0 = float(stats.norm.ppf(below))

    def corrected(p: float) -> float:
        z = z0 + stats.norm.ppf(p)
        return float(stats.norm.cdf(z0 + z / (1 - acceleration * z)))

    tail = (1 - level) / 2
    low, high = corrected(tail), corrected(1 - tail)
    limits = np.quantile(replicates, [low, high, tail, 1 - tail])
    return Bootstrap(
        estimate,
        float(replicates.std(ddof=1)),
        z0,
        acceleration,
        low,
        high,
        *(float(v) for v in limits),
    )
