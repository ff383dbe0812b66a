"""How many persons a design needs, and how small an effect it could have found."""

from __future__ import annotations

import math

from scipy import optimize, stats
from statsmodels.stats.power import NormalIndPower, TTestIndPower, TTestPower
from statsmodels.stats.proportion import proportion_effectsize


def n_per_group(d: float, *, power: float = 0.8, alpha: float = 0.05, ratio: float = 1.0) -> float:
    """Persons in the first group (the second has `ratio` times as many) for a two-sided t test of
    a standardised difference d. Noncentral t; agrees with R pwr.t.test."""
    return float(TTestIndPower().solve_power(d, power=power, alpha=alpha, ratio=ratio))


def n_pairs(d_z: float, *, power: float = 0.8, alpha: float = 0.05) -> float:
    """Persons measured twice, for a two-sided paired t test. Agrees with R pwr.t.test(paired)."""
    return float(TTestPower().solve_power(d_z, power=power, alpha=alpha))


def n_per_group_shares(a: float, b: float, *, power: float = 0.8, alpha: float = 0.05) -> float:
    """Persons in each group to tell two shares apart (arcsine effect size h; R pwr.2p.test)."""
    effect = abs(proportion_effectsize(a, b))
    return float(NormalIndPower().solve_power(effect, power=power, alpha=alpha))


def power_two_groups(d: float, n_program: float, n_comparison: float, alpha: float = 0.05) -> float:
    """Power of a two-sided t test (noncentral t)."""
    return float(TTestIndPower().power(d, n_program, alpha, ratio=n_comparison / n_program))


def mdes_two_groups(
    n_program: float, n_comparison: float, *, power: float = 0.8, alpha: float = 0.05
) -> float:
    """Smallest standardised difference found with the given power (R pwr.t2n.test)."""
    return float(
        TTestIndPower().solve_power(
            None, nobs1=n_program, power=power, alpha=alpha, ratio=n_comparison / n_program
        )
    )


def mdes_clusters(
    n_clusters: int,
    cluster_size: float,
    icc: float,
    *,
    program_share: float = 0.5,
    r2_between: float = 0.0,
    r2_within: float = 0.0,
    n_covariates: int = 0,
    power: float = 0.8,
    alpha: float = 0.05,
) -> float:
    """Minimum detectable effect, in SD, when whole clusters get the program (Bloom 1995, 2005).

    MDES = (t_(1-alpha/2) + t_power) sqrt((icc (1-r2_between) + (1-icc) (1-r2_within) / size)
    / (P (1-P) J)), df = J - 2 - covariates of clusters.
    """
    df = n_clusters - 2 - n_covariates
    multiplier = stats.t.ppf(1 - alpha / 2, df) + stats.t.ppf(power, df)
    variance = icc * (1 - r2_between) + (1 - icc) * (1 - r2_within) / cluster_size
    return float(
        multiplier * math.sqrt(variance / (program_share * (1 - program_share) * n_clusters))
    )


def detectable(std_error: float, df: float, *, power: float = 0.8, alpha: float = 0.05) -> float:
    """Smallest effect, in the estimate's unit, that an estimate of this precision finds with the
    given power: std_error times the noncentrality at which a t test of df reaches it."""
    return std_error * _noncentrality(df, power, alpha)


def n_needed(
    n: int, std_error: float, df: float, effect: float, *, power: float = 0.8, alpha: float = 0.05
) -> int:
    """Persons in all with which the same design would find `effect` with the given power.

    The variance of the estimate is taken to fall as 1/n, and df to grow with n, as they do when
    persons (or clusters of the same size) are added in the same proportions.
    """

    def shortfall(log_n: float) -> float:
        ratio = math.exp(log_n) / n
        return effect * math.sqrt(ratio) / std_error - _noncentrality(df * ratio, power, alpha)

    low, high = math.log(max(2.0, 2 * n / max(df, 1.0))), math.log(n) + 30
    if shortfall(low) >= 0:
        return math.ceil(math.exp(low))
    return math.ceil(math.exp(optimize.brentq(shortfall, low, high)) - 1e-6)


def _noncentrality(df: float, power: float, alpha: float) -> float:
    if not math.isfinite(df) or df > 5000:
        return float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power))
    limit = stats.t.ppf(1 - alpha / 2, df)
    return float(optimize.brentq(lambda nc: stats.nct.sf(limit, df, nc) - power, 0.1, limit + 50))
