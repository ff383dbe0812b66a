"""From items to scores: pure functions on arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its 95% t interval, in the unit of what was averaged. n_effective: Kish."""

    n: int
    mean: float | None
    sd: float | None
    std_error: float | None
    ci_low: float | None
    ci_high: float | None
    n_effective: float | None = None


def score_items(answers: ArrayLike, min_answered_share: float = 2 / 3) -> Array:
    """Mean of the answered items of each row (n, items) -> (n,); NaN where fewer than
    min_answered_share of the items were answered (at least one always is)."""
    answers = np.asarray(answers, dtype=float)
    answered = np.sum(~np.isnan(answers), axis=1)
    needed = max(1, math.ceil(min_answered_share * answers.shape[1] - 1e-9))
    total = np.nansum(answers, axis=1)
    return np.where(answered >= needed, total / np.maximum(answered, 1), np.nan)


def rescale_100(value: float, low: float, high: float) -> float:
    """0 at the lowest, 100 at the highest possible value."""
    return (value - low) / (high - low) * 100


def mean_interval(values: ArrayLike, weights: ArrayLike | None = None) -> Mean:
    """Mean of the known values (n,) with its 95% t interval.

    With weights the error is the linearised one of a ratio (sum w (y - mean))^2 n/(n-1), as
    R survey::svymean gives for weights taken as known.
    """
    y = np.asarray(values, dtype=float)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    known = ~np.isnan(y)
    y, w = y[known], w[known]
    n = len(y)
    if n == 0:
        return Mean(0, None, None, None, None, None)
    mean = float(np.average(y, weights=w))
    if n == 1:
        return Mean(1, mean, None, None, None, None, 1.0)
    deviations = w * (y - mean)
    error = float(np.sqrt(np.sum(deviations**2) * n / (n - 1)) / w.sum())
    sd = float(np.sqrt(np.sum(deviations * (y - mean)) / w.sum() * n / (n - 1)))
    half = float(stats.t.ppf(0.975, n - 1)) * error
    return Mean(n, mean, sd, error, mean - half, mean + half, effective_n(w))


def effective_n(weights: ArrayLike) -> float:
    """Kish: (sum w)^2 / sum w^2, the number of equally weighted persons worth as much."""
    w = np.asarray(weights, dtype=float)
    return float(w.sum() ** 2 / np.sum(w**2))


def design_effect(weights: ArrayLike) -> float:
    """Kish's design effect of unequal weights: n / effective n."""
    return len(np.asarray(weights)) / effective_n(weights)


def wilson(part: float, whole: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share, without continuity correction (R prop.test(correct=FALSE))."""
    low, high = proportion_confint(part, whole, alpha=1 - level, method="wilson")
    return float(low), float(high)


def top2_share(answers: ArrayLike, high: float) -> tuple[float, int] | None:
    """(share, n answers) of answers at the two highest points of their scale; None without any."""
    y = np.asarray(answers, dtype=float)
    y = y[~np.isnan(y)]
    return (float(np.mean(y >= high - 1)), len(y)) if len(y) else None
