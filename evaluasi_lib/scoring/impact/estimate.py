"""What every estimator returns, and what the numbers allow one to say."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np
from scipy import optimize, special, stats

from evaluasi_lib.conclusion import concluded
from evaluasi_lib.results import Conclusion

Estimand = Literal["ate", "itt", "att", "change", "difference", "association"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """One estimate in the outcome's unit. df is inf where the normal distribution is used.

    sd: the standard deviation that turns the estimate into Hedges' g (None: no effect size), and
    sd_df its degrees of freedom. g, g_se: an effect size of the estimator's own (binary outcomes).
    bounds: the smallest and largest value that there can be, beyond which no limit is given.
    shares: (events, n, events, n) of program and comparison where the estimate is the difference of
    two independent shares, whose interval and p-value are then Newcombe's.
    inference: False where the standard error cannot carry a p-value; `reason` then says why.
    """

    estimator: str
    estimand: Estimand
    n_program: int
    n_comparison: int | None
    estimate: float | None
    std_error: float | None
    df: float | None
    sd: float | None = None
    sd_df: float | None = None
    g: float | None = None
    g_se: float | None = None
    bounds: tuple[float, float] = (-math.inf, math.inf)
    shares: tuple[int, int, int, int] | None = None
    inference: bool = True
    details: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    reason: str | None = None

    @property
    def p_value(self) -> float | None:
        if self.shares is not None:
            return newcombe_p(*self.shares)
        if not self.inference or self.estimate is None or not self.std_error or not self.df:
            return None
        t, normal = abs(self.estimate / self.std_error), not math.isfinite(self.df)
        return float(2 * (stats.norm.sf(t) if normal else stats.t.sf(t, self.df)))

    def interval(self, level: float = 0.95) -> tuple[float | None, float | None]:
        """The confidence interval, (None, None) where there is no inference."""
        if self.shares is not None:
            return newcombe(*self.shares, critical(level, math.inf))
        if not self.inference or self.estimate is None or not self.std_error or not self.df:
            return None, None
        half = critical(level, self.df) * self.std_error
        low, high = self.estimate - half, self.estimate + half
        least, most = self.bounds
        return max(low, min(least, self.estimate)), min(high, max(most, self.estimate))

    def effect_size(self) -> tuple[float | None, float | None, float | None]:
        """(g, low, high): Hedges' g and its 95% interval.

        g = J d, d = estimate / sd; SE = J sqrt((se/sd)^2 + d^2 / (2 sd_df)) (WWC 4.1 handbook).
        """
        if self.g is not None and self.g_se is not None:
            half = critical(0.95, math.inf) * self.g_se
            return self.g, self.g - half, self.g + half
        if self.estimate is None or not self.sd or not self.sd_df:
            return None, None, None
        correct, d = hedges_correction(self.sd_df), self.estimate / self.sd
        if not self.inference or not self.std_error or not self.df:
            return correct * d, None, None
        error = correct * math.sqrt((self.std_error / self.sd) ** 2 + d**2 / (2 * self.sd_df))
        half = critical(0.95, self.df) * error
        return correct * d, correct * d - half, correct * d + half


def not_estimated(estimator: str, estimand: Estimand, reason: str, **numbers: Any) -> Estimate:
    """An estimate that could not be made, with the reason in words."""
    n_program = numbers.pop("n_program", 0)
    return Estimate(
        estimator, estimand, n_program, numbers.pop("n_comparison", None), None, None, None,
        inference=False, reason=reason, **numbers,
    )  # fmt: skip


def critical(level: float, df: float) -> float:
    """Two-sided critical value of t; df = inf is the normal distribution."""
    return float(
        stats.t.ppf(0.5 + level / 2, df) if math.isfinite(df) else stats.norm.ppf(0.5 + level / 2)
    )


def hedges_correction(df: float) -> float:
    """The exact small-sample correction J = Gamma(df/2) / (sqrt(df/2) Gamma((df-1)/2))."""
    if df <= 1:
        return 1.0
    return float(np.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / np.sqrt(df / 2))


def pooled_sd(a: np.ndarray, b: np.ndarray) -> tuple[float | None, float]:
    """Pooled SD of two samples and its degrees of freedom; (None, df) where nothing varies."""
    df = len(a) + len(b) - 2
    if len(a) < 2 or len(b) < 2:
        return None, float(max(df, 1))
    variance = ((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / df
    return (math.sqrt(variance) if variance > 0 else None), float(df)


def binary_effect_size(
    program: np.ndarray, comparison: np.ndarray
) -> tuple[float | None, float | None]:
    """Cox's index ln(odds ratio) / 1.65 of two groups' 0/1 outcomes and its error; (None, None)
    where a share is 0 or 1. It is on the scale of Hedges' g (WWC 4.1)."""
    p, q, n, m = program.mean(), comparison.mean(), len(program), len(comparison)
    if not (0 < p < 1 and 0 < q < 1):
        return None, None
    correct = hedges_correction(n + m - 2)
    size = math.log(p / (1 - p) / (q / (1 - q))) / 1.65
    error = math.sqrt(1 / (n * p * (1 - p)) + 1 / (m * q * (1 - q))) / 1.65
    return float(correct * size), float(correct * error)


def newcombe(a: int, n: int, b: int, m: int, z: float) -> tuple[float, float]:
    """Limits of a / n - b / m, independent shares, z normal standard errors wide: Newcombe's (1998)
    hybrid score interval (his method 10), from Wilson's limits of each share."""
    p, q = a / n, b / m
    (low_p, high_p), (low_q, high_q) = wilson(a, n, z), wilson(b, m, z)
    low = p - q - math.hypot(p - low_p, high_q - q)
    return low, p - q + math.hypot(high_p - p, q - low_q)


def wilson(events: int, n: int, z: float) -> tuple[float, float]:
    """Wilson's (1927) score limits of a share."""
    middle, half = events + z**2 / 2, z * math.sqrt(events * (n - events) / n + z**2 / 4)
    return max(0.0, (middle - half) / (n + z**2)), min(1.0, (middle + half) / (n + z**2))


def newcombe_p(a: int, n: int, b: int, m: int) -> float:
    """The level at which Newcombe's interval just reaches 0: a p-value that agrees with it."""
    if a * m == b * n:
        return 1.0
    side, most = (0, 1.0) if a * m > b * n else (1, -1.0)

    def reach(z: float) -> float:
        return most * newcombe(a, n, b, m, z)[side]

    widest = 37.0  # beyond it the normal tail is 0
    if reach(widest) > 0:
        return 0.0
    return float(2 * stats.norm.sf(optimize.brentq(reach, 0.0, widest)))


def conclude(
    estimate: Estimate,
    *,
    sesoi: float | None,
    direction: Literal["higher", "lower"],
    p_adjusted: float | None,
) -> Conclusion | None:
    """What the estimate says, by conclusion.concluded; None: nothing was estimated."""
    if estimate.estimate is None:
        return None
    low, high = estimate.interval(0.90)
    if low is None or high is None or p_adjusted is None:
        return "inconclusive"
    limit = math.nan if sesoi is None else sesoi
    found = concluded(estimate.estimate, low, high, p_adjusted, limit, direction == "higher")
    return cast(Conclusion, str(found))


def adjusted_interval(
    estimate: Estimate, p_adjusted: float | None
) -> tuple[float | None, float | None]:
    """The 95% interval widened by the factor that multiplicity put on the p-value.

    It excludes 0 exactly when p_adjusted < 0.05.
    """
    p = estimate.p_value
    if p is None or p_adjusted is None:
        return None, None
    factor = max(1.0, p_adjusted / p) if p > 0 else 1.0
    return estimate.interval(1 - 0.05 / factor)
