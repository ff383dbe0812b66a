"""How consistently items measure one thing, and how far raters agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from evaluasi_lib.wording import _, number

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reliability:
    """Of the persons (n) who answered every item. item_rest and alpha_if_deleted: (items,)."""

    n: int
    n_items: int
    alpha: float
    alpha_ci_low: float
    alpha_ci_high: float
    alpha_std: float
    omega_total: float | None
    item_rest: tuple[float, ...]
    alpha_if_deleted: tuple[float | None, ...]
    constant_items: tuple[int, ...] = ()


def diagnose_reliability(answers: ArrayLike, level: float = 0.95) -> Reliability | None:
    """Reliability of items (n, items), reversed items already turned; listwise.

    None with fewer than 2 items that vary, or too few complete persons (n <= items + 1, where the
    covariance matrix means nothing). Agrees with R psych::alpha (raw and standardised alpha,
    corrected item-rest r, alpha if deleted) and lavaan's one-factor ML model for omega.
    """
    x = np.asarray(answers, dtype=float)
    x = x[~np.isnan(x).any(axis=1)]
    if len(x) <= x.shape[1] + 1 or len(x) < 3:
        return None
    constant = tuple(int(i) for i in np.flatnonzero(x.std(axis=0) == 0))
    varying = np.delete(x, constant, axis=1)
    if varying.shape[1] < 2:
        return None
    cov = np.cov(x, rowvar=False)
    alpha = cronbach_alpha(cov)
    if alpha is None:
        return None
    low, high = feldt_interval(alpha, len(x), x.shape[1], level)
    total = x.sum(axis=1)
    item_rest = tuple(
        0.0 if i in constant else float(np.corrcoef(x[:, i], total - x[:, i])[0, 1])
        for i in range(x.shape[1])
    )
    deleted = tuple(
        cronbach_alpha(np.delete(np.delete(cov, i, 0), i, 1)) if x.shape[1] > 2 else None
        for i in range(x.shape[1])
    )
    standard = cronbach_alpha(np.corrcoef(varying, rowvar=False))
    return Reliability(
        n=len(x),
        n_items=x.shape[1],
        alpha=alpha,
        alpha_ci_low=low,
        alpha_ci_high=high,
        alpha_std=alpha if standard is None else standard,
        omega_total=omega_total(np.cov(varying, rowvar=False)),
        item_rest=item_rest,
        alpha_if_deleted=deleted,
        constant_items=constant,
    )


def cronbach_alpha(cov: Array) -> float | None:
    """k/(k-1) (1 - trace/sum) of a covariance matrix (k, k); of a correlation matrix it is the
    standardised alpha. None where the sum score does not vary."""
    k, total = len(cov), float(cov.sum())
    return None if total <= 0 or k < 2 else k / (k - 1) * (1 - float(np.trace(cov)) / total)


def feldt_interval(alpha: float, n: int, k: int, level: float = 0.95) -> tuple[float, float]:
    """Feldt (1965): (1-alpha)/(1-true) follows F(n-1, (n-1)(k-1)). Agrees with psych::alpha.ci."""
    df1, df2, tail = n - 1, (n - 1) * (k - 1), (1 - level) / 2
    low = 1 - (1 - alpha) * stats.f.ppf(1 - tail, df1, df2)
    return float(low), float(1 - (1 - alpha) * stats.f.ppf(tail, df1, df2))


def omega_total(cov: ArrayLike) -> float | None:
    """McDonald's omega of a one-factor maximum likelihood model of a covariance matrix (k, k):
    (sum loadings)^2 / ((sum loadings)^2 + sum unique variances).

    A model with free unique variances needs 3 items; with 2 omega is not identified: None. None
    also where the solution is improper (a unique variance at zero). Agrees with lavaan::cfa
    (covariances) and factanal (correlations).
    """
    cov = np.asarray(cov, dtype=float)
    k = len(cov)
    if k < 3:
        return None
    scale = np.sqrt(np.diag(cov))
    corr = cov / np.outer(scale, scale)
    eigen = np.linalg.eigvalsh(corr)
    if eigen[0] < 1e-8:
        return None

    def discrepancy(log_unique: Array) -> tuple[float, Array]:
        # Lawley and Maxwell's concentrated likelihood, as in factanal: only the uniquenesses are
        # searched, the loadings follow from the largest eigenvalue of the scaled matrix.
        unique = np.exp(log_unique)
        root = np.sqrt(unique)
        values, vectors = np.linalg.eigh(corr / np.outer(root, root))
        rest = values[:-1]
        loading = root * vectors[:, -1] * np.sqrt(max(values[-1] - 1.0, 0.0))
        implied = np.outer(loading, loading) + np.diag(unique)
        slope = np.diag(implied - corr) / unique
        return float(np.sum(rest - np.log(rest)) - (k - 1)), slope

    start = np.log(np.clip((1 - 0.5 / k) / np.diag(np.linalg.inv(corr)), 0.01, 0.99))
    found = optimize.minimize(
        discrepancy, start, jac=True, method="L-BFGS-B",
        bounds=[(np.log(0.005), 0.0)] * k, options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 2000},
    )  # fmt: skip
    # The search stops short of full precision where it is flat; the gradient's root does not.
    exact = optimize.root(lambda v: discrepancy(v)[1], found.x, tol=1e-13)
    close = exact.success and np.max(np.abs(exact.x - found.x)) < 1e-2
    unique = np.exp(exact.x if close else found.x)
    root = np.sqrt(unique)
    values, vectors = np.linalg.eigh(corr / np.outer(root, root))
    if values[-1] <= 1 or unique.min() < 0.0051:
        return None
    loading = root * vectors[:, -1] * np.sqrt(values[-1] - 1) * scale
    common = float(loading.sum() ** 2)
    return common / (common + float(np.sum(unique * scale**2)))


@dataclass(frozen=True, slots=True)
class Icc:
    """An intraclass correlation and its 95% interval."""

    kind: str
    icc: float
    ci_low: float
    ci_high: float


def intraclass_correlations(ratings: ArrayLike, level: float = 0.95) -> dict[str, Icc]:
    """ICC1, ICC2, ICC3 and ICC1k, ICC2k, ICC3k of ratings (persons, raters), complete.

    Shrout and Fleiss (1979): 1 raters differ by person; 2 a sample of raters, absolute agreement;
    3 these raters alone, consistency; k: of the raters' mean. Agrees with R psych::ICC.
    """
    x = np.asarray(ratings, dtype=float)
    n, k = x.shape
    rows = k * np.sum((x.mean(axis=1) - x.mean()) ** 2)
    columns = n * np.sum((x.mean(axis=0) - x.mean()) ** 2)
    total = np.sum((x - x.mean()) ** 2)
    bms, jms = rows / (n - 1), columns / (k - 1)
    wms = (total - rows) / (n * (k - 1))
    ems = (total - rows - columns) / ((n - 1) * (k - 1))
    upper = 0.5 + level / 2

    def bounds(f: float, df2: float) -> tuple[float, float]:
        low = f / stats.f.ppf(upper, n - 1, df2)
        return float(low), float(f * stats.f.ppf(upper, df2, n - 1))

    low1, high1 = bounds(bms / wms, n * (k - 1))
    low3, high3 = bounds(bms / ems, (n - 1) * (k - 1))
    icc2 = (bms - ems) / (bms + (k - 1) * ems + k * (jms - ems) / n)
    icc2k = (bms - ems) / (bms + (jms - ems) / n)
    ratio = jms / ems
    top = (n - 1) * (k - 1) * (k * icc2 * ratio + n * (1 + (k - 1) * icc2) - k * icc2) ** 2
    bottom = (n - 1) * k**2 * icc2**2 * ratio**2
    bottom += (n * (1 + (k - 1) * icc2) - k * icc2) ** 2
    v = top / bottom
    f_low, f_high = stats.f.ppf(upper, n - 1, v), stats.f.ppf(upper, v, n - 1)
    spread = k * jms + (k * n - k - n) * ems
    low2 = n * (bms - f_low * ems) / (f_low * spread + n * bms)
    high2 = n * (f_high * bms - ems) / (spread + n * f_high * bms)

    def single(f: float) -> float:
        return (f - 1) / (f + k - 1)

    def stepped(r: float) -> float:
        return float(r * k / (1 + r * (k - 1)))

    values = {
        "ICC1": (single(bms / wms), single(low1), single(high1)),
        "ICC2": (icc2, low2, high2),
        "ICC3": (single(bms / ems), single(low3), single(high3)),
        "ICC1k": (1 - wms / bms, 1 - 1 / low1, 1 - 1 / high1),
        "ICC2k": (icc2k, stepped(low2), stepped(high2)),
        "ICC3k": (1 - ems / bms, 1 - 1 / low3, 1 - 1 / high3),
    }
    return {kind: Icc(kind, *(float(v) for v in value)) for kind, value in values.items()}


def describe_icc(found: Icc) -> str:
    """What an intraclass correlation means (Koo and Li 2016: by its interval, not its point)."""
    if found.ci_low >= 0.9:
        text = _("ICC = {icc} ({low} to {high}): raters agree excellently.")
    elif found.ci_low >= 0.75:
        text = _("ICC = {icc} ({low} to {high}): raters agree well.")
    elif found.ci_low >= 0.5:
        text = _("ICC = {icc} ({low} to {high}): raters agree moderately.")
    else:
        text = _("ICC = {icc} ({low} to {high}): it is not certain that raters agree; a single "
                 "rating should not decide about a person.")  # fmt: skip
    return text.format(
        icc=number(found.icc, 2), low=number(found.ci_low, 2), high=number(found.ci_high, 2)
    )


def describe_reliability(found: Reliability | None, min_alpha: float = 0.7) -> str:
    """What the reliability means, in one or two sentences."""
    if found is None:
        return _("Reliability cannot be computed: fewer than two varying items or too few answers.")
    alpha = number(found.alpha, 2)
    if found.alpha > 0.95:
        text = _("α = {alpha}: so high that some items say the same thing twice.")
    elif found.alpha >= 0.8:
        text = _("α = {alpha}: good.")
    elif found.alpha >= min_alpha:
        text = _("α = {alpha}: acceptable.")
    else:
        text = _("α = {alpha}: too low to rely on the score; look at its items one by one.")
    return text.format(alpha=alpha) + " " + _("A high α is no proof of a single dimension.")
