"""One group before and after: it shows change, never its cause."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from evaluasi_lib.scoring.impact.contrast import (
    mean_contrast,
    two_groups_contrast,
    unlinked_note,
)
from evaluasi_lib.scoring.impact.estimate import (
    Estimate,
    hedges_correction,
    not_estimated,
    pooled_sd,
)
from evaluasi_lib.wording import _


def paired(
    after: ArrayLike,
    before: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    best: float | None = None,
    estimator: str = "paired",
) -> Estimate:
    """Mean of after - before (n,) of the same persons: the paired t test.

    The error is CR2 where clusters are given. The effect size is g_av (the mean of the two
    variances in the denominator); details hold d_z with its noncentral t interval, d_av, d_rm,
    Wilcoxon's test, and Hake's normalised gain of the means when `best`, the highest possible
    value, is known. Agrees with R t.test(paired), effectsize and Lakens (2013) on the sleep data.
    """
    found = mean_change(after, before, clusters=clusters, estimator=estimator)
    if found.estimate is None:
        return found
    after, before = np.asarray(after, dtype=float), np.asarray(before, dtype=float)
    details = {
        "mean_before": float(before.mean()),
        "mean_after": float(after.mean()),
        **paired_effect_sizes(after, before),
        **wilcoxon(after, before),
    }
    if best is not None:
        details["hake_gain"] = hake_gain(float(before.mean()), float(after.mean()), best)
    return replace(found, details=found.details | details)


def mean_change(
    after: ArrayLike,
    before: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    estimator: str = "paired",
) -> Estimate:
    """The estimate and error of `paired`, without its effect sizes."""
    after, before = np.asarray(after, dtype=float), np.asarray(before, dtype=float)
    found = mean_contrast(after - before, estimator=estimator, clusters=clusters)
    if found.estimate is None:
        return found
    sd_av = math.sqrt((after.var(ddof=1) + before.var(ddof=1)) / 2)
    return replace(found, sd=sd_av or None, sd_df=float(len(after) - 1))


def paired_effect_sizes(after: ArrayLike, before: ArrayLike) -> dict[str, float | None]:
    """d_z with its noncentral t interval, d_av, d_rm, g_z and g_av (exact J, df n-1), Lakens' g_av
    (J = 1 - 3 / (8(n-1) - 1)), and the correlation of the measures; None where one is constant."""
    after, before = np.asarray(after, dtype=float), np.asarray(before, dtype=float)
    change, n = after - before, len(np.asarray(after))
    sd = float(change.std(ddof=1))
    sd_a, sd_b = float(after.std(ddof=1)), float(before.std(ddof=1))
    if not sd or not sd_a or not sd_b:
        return dict.fromkeys(
            ("d_z", "d_z_ci_low", "d_z_ci_high", "d_av", "d_rm", "g_z", "g_av", "g_av_lakens",
             "r_prepost")
        )  # fmt: skip
    mean, r = float(change.mean()), float(np.corrcoef(after, before)[0, 1])
    d_z, d_av = mean / sd, mean / math.sqrt((sd_a**2 + sd_b**2) / 2)
    low, high = noncentral_interval(d_z * math.sqrt(n), n - 1)
    correct = hedges_correction(n - 1)
    return {
        "d_z": d_z,
        "d_z_ci_low": low / math.sqrt(n),
        "d_z_ci_high": high / math.sqrt(n),
        "d_av": d_av,
        "d_rm": d_z * math.sqrt(2 * (1 - r)),
        "g_z": correct * d_z,
        "g_av": correct * d_av,
        "g_av_lakens": d_av * (1 - 3 / (8 * (n - 1) - 1)),
        "r_prepost": r,
    }


def noncentral_interval(t: float, df: float, level: float = 0.95) -> tuple[float, float]:
    """Interval of the noncentrality of which t is one draw (inverting the noncentral t)."""
    tail = (1 - level) / 2
    width = 10 + 2 * abs(t)

    def below(nc: float) -> float:
        """P(T <= t); far out, where the library gives NaN, it is 0 or 1."""
        found = float(stats.nct.cdf(t, df, nc))
        return found if math.isfinite(found) else float(nc < t)

    def solve(p: float) -> float:
        return float(optimize.brentq(lambda nc: below(nc) - p, t - width, t + width))

    return solve(1 - tail), solve(tail)


def wilcoxon(after: ArrayLike, before: ArrayLike) -> dict[str, float | None]:
    """Wilcoxon's signed-rank test (asymptotic, ties corrected, zeros dropped, without and with
    continuity correction) and the matched rank-biserial correlation. Agrees with R wilcox.test."""
    change = np.asarray(after, dtype=float) - np.asarray(before, dtype=float)
    change = change[change != 0]
    n = len(change)
    if n == 0:
        return dict.fromkeys(("wilcoxon_v", "wilcoxon_p", "wilcoxon_p_corrected", "rank_biserial"))
    ranks = stats.rankdata(np.abs(change))
    v = float(ranks[change > 0].sum())
    mean = n * (n + 1) / 4
    ties = np.unique(ranks, return_counts=True)[1]
    sd = math.sqrt(n * (n + 1) * (2 * n + 1) / 24 - float(np.sum(ties**3 - ties)) / 48)
    distance = v - mean

    def p(shift: float) -> float:
        return float(min(1.0, 2 * stats.norm.sf(max(abs(distance) - shift, 0.0) / sd)))

    return {
        "wilcoxon_v": v,
        "wilcoxon_p": p(0.0),
        "wilcoxon_p_corrected": p(0.5),
        "rank_biserial": float(np.sum(np.sign(change) * ranks) / ranks.sum()),
    }


def hake_gain(before: float, after: float, best: float) -> float | None:
    """Normalised gain of the means, (after - before) / (best - before); None where before is at
    the top. Hake (1998): under 0.3 low, to 0.7 medium, above high."""
    return None if before >= best else (after - before) / (best - before)


def waves(
    after: ArrayLike, before: ArrayLike, *, clusters: ArrayLike | None = None,
    estimator: str = "waves",
) -> Estimate:  # fmt: skip
    """Difference between two waves that cannot be linked: independent samples, after (n1,) and
    before (n0,). clusters (n1 + n0,), after first. Weaker than pairs: the same persons may answer
    twice, and who answers may change."""
    after, before = np.asarray(after, dtype=float), np.asarray(before, dtype=float)
    if min(len(after), len(before)) < 2:
        return not_estimated(
            estimator, "change", _("at least 2 answers are needed at each time"),
            n_program=len(after),
        )  # fmt: skip
    y = np.concatenate([after, before])
    later = np.arange(len(y)) < len(after)
    sd, df = pooled_sd(after, before)
    return two_groups_contrast(
        y, later, estimator=estimator, estimand="change", clusters=clusters,
        persons=(len(after), None), sd=sd, sd_df=df,
        details={"n_before": len(before), "mean_before": float(before.mean()),
                 "mean_after": float(after.mean())},
        warnings=(unlinked_note(),),
    )  # fmt: skip
