"""What goes with completing: a logit model and its average marginal effects.

Pure functions over a frame of drivers and a 0/1 outcome. The effects are associations among the
persons observed; they become causes only by a design, which this model is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

from evaluasi_lib.scoring.logit import (
    NoConvergenceError,
    fit_logit,
    separated_columns,
    standardised,
)

Floats = np.ndarray


@dataclass(frozen=True, slots=True)
class MarginalEffect:
    """Average marginal effect of one driver, or of one level of it against its reference.

    ame: change of the chance (share points, 0-1) per unit of a number, or of a level against the
    reference, averaged over the persons. gap: the same from `low` to `high` (a number's quartiles;
    the reference and the level). p_value is the ame's; df is None where normal quantiles are used.
    """

    variable: str
    level: str | None
    reference: str | None
    ame: float
    std_error: float
    ci_low: float
    ci_high: float
    p_value: float
    gap: float
    gap_ci_low: float
    gap_ci_high: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class DriverModel:
    """left_out: variable -> "constant" | "separation" | "collinear" | "missing".

    joint_p: variable -> p-value of all its levels together (Wald; F over the clusters' df).
    """

    n: int
    n_clusters: int | None
    df: float | None
    effects: tuple[MarginalEffect, ...]
    left_out: dict[str, str]
    beta: dict[str, float]
    std_error: dict[str, float]
    joint_p: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Term:
    """Columns of one variable; levels[i] belongs to columns[i]. places: theirs in the
    design matrix, in which column 0 is the constant."""

    variable: str
    columns: tuple[str, ...]
    levels: tuple[str, ...]
    reference: str | None
    places: list[int]


def encode(drivers: pd.DataFrame) -> tuple[pd.DataFrame, list[_Term]]:
    """Design matrix (float, no constant) and what its columns mean.

    Flags and numbers stay one column. A category has one column for each level but its reference:
    the lowest of an ordered one, else the most frequent (of ties the first declared).
    """
    columns: dict[str, Floats] = {}
    terms: list[_Term] = []
    for name in map(str, drivers.columns):
        values = drivers[name]
        levels: tuple[str, ...] = ()
        reference: str | None = None
        if pd.api.types.is_numeric_dtype(values.dtype):
            own = {name: values.to_numpy(float)}
            if pd.api.types.is_bool_dtype(values.dtype):
                levels, reference = ("true",), "false"
            elif set(np.unique(own[name])) <= {0.0, 1.0}:
                levels, reference = ("1",), "0"
        else:
            text = values.astype(str)
            counts = text.value_counts()
            declared = isinstance(values.dtype, pd.CategoricalDtype)
            known = map(str, values.cat.categories) if declared else sorted(counts.index)
            present = [level for level in known if level in counts]
            lowest = declared and values.cat.ordered
            reference = present[0] if lowest else max(present, key=lambda v: int(counts[v]))
            levels = tuple(level for level in present if level != reference)
            own = {f"{name}={level}": text.eq(level).to_numpy(float) for level in levels}
        places = list(range(len(columns) + 1, len(columns) + 1 + len(own)))
        terms.append(_Term(name, tuple(own), levels, reference, places))
        columns |= own
    return pd.DataFrame(columns, index=drivers.index), terms


def fit_drivers(
    drivers: pd.DataFrame, completed: pd.Series, cluster: pd.Series | np.ndarray | None = None
) -> DriverModel:
    """Logit of `completed` (bool) on the drivers, row for row; rows must be complete.

    Standard errors: with `cluster` the jackknife over clusters and t with G-1 degrees of freedom;
    without, the model's own and normal quantiles. Those of the marginal effects by the delta method
    at the persons observed (as marginaleffects::avg_slopes and avg_comparisons of R). Variables
    that are constant, collinear or separate the outcome are left out and named. Raises ValueError
    where nobody, or everybody, completed; NoConvergenceError where Newton's method does not settle.
    """
    y = completed.to_numpy(float)
    if y.min(initial=1) == y.max(initial=0):
        raise ValueError("the outcome does not vary")
    left_out: dict[str, str] = {}
    kept = drivers
    while True:
        matrix, terms = encode(kept)
        x = np.column_stack([np.ones(len(y)), matrix.to_numpy(float)])
        found = _fault(x, y, terms)
        if found is None:
            break
        left_out |= found
        kept = kept.drop(columns=list(found))
    names = ["const", *matrix.columns]
    fit = fit_logit(x, y)
    if isinstance(fit, str):
        raise NoConvergenceError(fit)
    beta, cov = fit.coef, fit.cov
    n_clusters, df = None, None
    codes = pd.factorize(cluster)[0] if cluster is not None else np.zeros(len(y), int)
    if codes.max() > 0:
        n_clusters, df = int(codes.max() + 1), float(codes.max())
        cov = jackknife_covariance(x, y, beta, codes)
    return DriverModel(
        n=len(y),
        n_clusters=n_clusters,
        df=df,
        effects=tuple(_effects(beta, cov, x, terms, df)),
        left_out={name: left_out[name] for name in drivers.columns if name in left_out},
        beta=dict(zip(names, map(float, beta), strict=True)),
        std_error=dict(zip(names, map(float, np.sqrt(np.diag(cov))), strict=True)),
        joint_p={t.variable: _wald_p(beta, cov, t.places, df) for t in terms},
    )


def jackknife_covariance(x: Floats, y: Floats, beta: Floats, codes: np.ndarray) -> Floats:
    """Covariance of logit coefficients by leaving out one cluster at a time, one Newton step each.

    V = (G-1)/G sum_g d_g d_g', d_g = -(H - H_g)^+ s_g, with H_g and s_g the information and the
    score of cluster g: the linearised cluster jackknife (CV3L; MacKinnon, Nielsen and Webb 2023).
    The usual CR1 sandwich is too small with some ten to thirty agencies: in
    tests/synthetic/recovery.py its intervals cover 92-94%, these 94-96%.
    """
    p = expit(x @ beta)
    weighted = x * (p * (1 - p))[:, None]
    information = weighted.T @ x
    total = np.zeros_like(information)
    for g in range(codes.max() + 1):
        own = codes == g
        score = x[own].T @ (y[own] - p[own])
        step = np.linalg.pinv(information - weighted[own].T @ x[own], hermitian=True) @ score
        total += np.outer(step, step)
    n_clusters = codes.max() + 1
    return (n_clusters - 1) / n_clusters * total


def _wald_p(beta: Floats, cov: Floats, places: list[int], df: float | None) -> float:
    beta, cov = beta[places], cov[np.ix_(places, places)]
    statistic = float(beta @ np.linalg.pinv(cov, hermitian=True) @ beta)
    if df is None:
        return float(stats.chi2.sf(statistic, len(beta)))
    return float(stats.f.sf(statistic / len(beta), len(beta), df))


def _fault(x: Floats, y: Floats, terms: list[_Term]) -> dict[str, str] | None:
    """Variables to leave out next, with the reason; None when the model can be fitted."""
    constant = [t.variable for t in terms if not t.places or np.ptp(x[:, t.places]) == 0]
    if constant:
        return dict.fromkeys(constant, "constant")
    for term in terms:
        upto = x[:, : term.places[-1] + 1]
        if np.linalg.matrix_rank(upto) < upto.shape[1]:
            return {term.variable: "collinear"}
    scaled = np.column_stack([x[:, 0], standardised(x[:, 1:])])
    concerned = separated_columns(scaled, y)
    if not concerned.any():
        return None
    alone = [t.variable for t in terms if separated_columns(scaled[:, [0, *t.places]], y).any()]
    last = [t.variable for t in terms if concerned[t.places].any()][-1:]
    return dict.fromkeys(alone or last, "separation")


def _effects(
    beta: Floats, cov: Floats, x: Floats, terms: list[_Term], df: float | None
) -> Iterator[MarginalEffect]:
    law = stats.norm() if df is None else stats.t(df)
    quantile = float(law.ppf(0.975))
    for term, column in ((t, place) for t in terms for place in t.places):
        low: float | None = None
        high: float | None = None
        before, after = x.copy(), x.copy()
        if term.levels:
            before[:, term.places] = after[:, term.places] = 0.0
            after[:, column] = 1.0
        else:
            low, high = _contrast(x[:, column])
            before[:, column], after[:, column] = low, high
        gap, gap_gradient = average_difference(beta, before, after)
        ame, gradient = (gap, gap_gradient) if term.levels else average_slope(beta, x, column)
        error, gap_error = (float(np.sqrt(g @ cov @ g)) for g in (gradient, gap_gradient))
        yield MarginalEffect(
            variable=term.variable,
            level=term.levels[term.places.index(column)] if term.levels else None,
            reference=term.reference,
            ame=ame,
            std_error=error,
            ci_low=ame - quantile * error,
            ci_high=ame + quantile * error,
            p_value=float(2 * law.sf(abs(ame) / error)) if error > 0 else 1.0,
            gap=gap,
            gap_ci_low=gap - quantile * gap_error,
            gap_ci_high=gap + quantile * gap_error,
            low=low,
            high=high,
        )


def average_slope(beta: Floats, x: Floats, column: int) -> tuple[float, Floats]:
    """Average derivative of the chance by a column of x (n, p), and its gradient (p)."""
    p = expit(x @ beta)
    slope = p * (1 - p)
    gradient = beta[column] * (slope * (1 - 2 * p)) @ x / len(x)
    gradient[column] += slope.mean()
    return float(beta[column] * slope.mean()), gradient


def average_difference(beta: Floats, before: Floats, after: Floats) -> tuple[float, Floats]:
    """Average change of the chance from design `before` to `after` (n, p), and its gradient (p)."""
    p0, p1 = expit(before @ beta), expit(after @ beta)
    gradient = ((p1 * (1 - p1)) @ after - (p0 * (1 - p0)) @ before) / len(before)
    return float((p1 - p0).mean()), gradient


def _contrast(values: Floats) -> tuple[float, float]:
    """Quartiles of a number (type 7), or its extremes where the quartiles are the same."""
    low, high = np.quantile(values, [0.25, 0.75])
    if low == high:
        low, high = values.min(), values.max()
    return float(low), float(high)
