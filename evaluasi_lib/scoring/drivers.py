"""What goes with completing: a logit model and its average marginal effects.

Pure functions over a frame of drivers and a 0/1 outcome. The effects are associations among the
persons observed; they become causes only by a design, which this model is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import optimize, stats
from scipy.special import expit

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
    n_level: int | None
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
    n_events: int
    n_clusters: int | None
    df: float | None
    effects: tuple[MarginalEffect, ...]
    left_out: dict[str, str]
    beta: dict[str, float]
    std_error: dict[str, float]
    joint_p: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Term:
    """Columns of one variable in the design matrix; levels[i] belongs to columns[i]."""

    variable: str
    columns: tuple[str, ...]
    levels: tuple[str, ...]
    reference: str | None


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Categories without unused levels, flags as bool: what `encode` reads."""
    out = frame.copy()
    for name in out:
        if pd.api.types.is_bool_dtype(out[name].dtype):
            out[name] = out[name].astype(bool)
        elif pd.api.types.is_numeric_dtype(out[name].dtype):
            out[name] = out[name].astype(float)
        elif isinstance(out[name].dtype, pd.CategoricalDtype):
            out[name] = out[name].cat.remove_unused_categories()
        else:
            out[name] = out[name].astype(str)
    return out


def encode(drivers: pd.DataFrame) -> tuple[pd.DataFrame, list[_Term]]:
    """Design matrix (float, no constant) and what its columns mean.

    Flags and numbers stay one column. A category has one column for each level but its reference:
    the lowest of an ordered one, else the most frequent (of ties the first declared).
    """
    columns: dict[str, Floats] = {}
    terms: list[_Term] = []
    for name in map(str, drivers.columns):
        values = drivers[name]
        if pd.api.types.is_bool_dtype(values.dtype):
            columns[name] = values.to_numpy(float)
            terms.append(_Term(name, (name,), ("true",), "false"))
        elif pd.api.types.is_numeric_dtype(values.dtype):
            columns[name] = values.to_numpy(float)
            binary = set(np.unique(columns[name])) <= {0.0, 1.0}
            terms.append(_Term(name, (name,), ("1",) if binary else (), "0" if binary else None))
        else:
            category = values if isinstance(values.dtype, pd.CategoricalDtype) else None
            ordered = category is not None and bool(category.cat.ordered)
            known = (
                [str(c) for c in category.cat.categories]
                if category is not None
                else sorted(map(str, values.unique()))
            )
            text = values.astype(str)
            counts = text.value_counts()
            present = [level for level in known if counts.get(level, 0)]
            reference = (
                present[0] if ordered else max(present, key=lambda level: int(counts[level]))
            )
            levels = tuple(level for level in present if level != reference)
            names = tuple(f"{name}={level}" for level in levels)
            columns |= {
                column: (text == level).to_numpy(float)
                for column, level in zip(names, levels, strict=True)
            }
            terms.append(_Term(name, names, levels, reference))
    return pd.DataFrame(columns, index=drivers.index), terms


def separated_columns(x: Floats, y: Floats) -> Floats:
    """Which columns have no finite logit estimate (bool, one for each column of x).

    Konis (2007): y (n, 0/1) is separated by x (n, p, constant included) when some direction b has
    s_i x_i b >= 0 for every row, s_i = 2 y_i - 1, with one strict. The linear program looks for
    the b in [-1, 1]^p with the largest sum; its non-zero entries are the columns concerned.
    As detectseparation::detect_separation of R.
    """
    rows = np.unique(np.column_stack([x, y]), axis=0)
    signed = rows[:, :-1] * (2 * rows[:, -1:] - 1)
    solved = optimize.linprog(
        -signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1)
    )
    return np.abs(solved.x) > 1e-7 if solved.status == 0 else np.ones(x.shape[1], bool)


def fit_drivers(
    drivers: pd.DataFrame, completed: pd.Series, cluster: pd.Series | np.ndarray | None = None
) -> DriverModel:
    """Logit of `completed` (bool) on the drivers, row for row; rows must be complete.

    Standard errors: with `cluster` the jackknife over clusters and t with G-1 degrees of freedom;
    without, the model's own and normal quantiles. Those of the marginal effects by the delta method
    at the persons observed (as marginaleffects::avg_slopes and avg_comparisons of R). Variables
    that are constant, collinear or separate the outcome are left out and named. Raises ValueError
    where nobody, or everybody, completed.
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
    order = {name: left_out[name] for name in drivers.columns if name in left_out}
    names = ["const", *matrix.columns]
    fit = sm.Logit(y, x).fit(disp=0, method="newton", maxiter=100, tol=1e-12)
    beta, cov = np.asarray(fit.params), np.asarray(fit.cov_params())
    n_clusters, df = None, None
    codes = pd.factorize(cluster)[0] if cluster is not None else np.zeros(len(y), int)
    if codes.max() > 0:
        n_clusters, df = int(codes.max() + 1), float(codes.max())
        cov = jackknife_covariance(x, y, beta, codes)
    places = _positions(terms)
    effects = _effects(beta, cov, x, terms, df)
    return DriverModel(
        n=len(y),
        n_events=int(y.sum()),
        n_clusters=n_clusters,
        df=df,
        effects=tuple(effects),
        left_out=order,
        beta=dict(zip(names, map(float, beta), strict=True)),
        std_error=dict(zip(names, map(float, np.sqrt(np.diag(cov))), strict=True)),
        joint_p={name: _wald_p(beta[at], cov[np.ix_(at, at)], df) for name, at in places.items()},
    )


def jackknife_covariance(x: Floats, y: Floats, beta: Floats, codes: np.ndarray) -> Floats:
    """Covariance of logit coefficients by leaving out one cluster at a time, one Newton step each.

    V = (G-1)/G sum_g d_g d_g', d_g = -(H - H_g)^+ s_g, with H_g and s_g the information and the
    score of cluster g: the linearised cluster jackknife (CV3L; MacKinnon, Nielsen and Webb 2023).
    The usual CR1 sandwich is too small with some ten to thirty agencies: in tests/recover.py its
    intervals cover 92-94%, these 94-96%.
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


def _wald_p(beta: Floats, cov: Floats, df: float | None) -> float:
    statistic = float(beta @ np.linalg.pinv(cov, hermitian=True) @ beta)
    if df is None:
        return float(stats.chi2.sf(statistic, len(beta)))
    return float(stats.f.sf(statistic / len(beta), len(beta), df))


def _fault(x: Floats, y: Floats, terms: list[_Term]) -> dict[str, str] | None:
    """Variables to leave out next, with the reason; None when the model can be fitted."""
    positions = _positions(terms)
    constant = [
        t.variable for t in terms if not t.columns or np.ptp(x[:, positions[t.variable]]) == 0
    ]
    if constant:
        return dict.fromkeys(constant, "constant")
    for i, term in enumerate(terms):
        upto = [0, *(p for t in terms[: i + 1] for p in positions[t.variable])]
        if np.linalg.matrix_rank(x[:, upto]) < len(upto):
            return {term.variable: "collinear"}
    if not separated_columns(x, y).any():
        return None
    alone = [
        t.variable for t in terms if separated_columns(x[:, [0, *positions[t.variable]]], y).any()
    ]
    if alone:
        return dict.fromkeys(alone, "separation")
    concerned = separated_columns(x, y)
    last = [t.variable for t in terms if concerned[positions[t.variable]].any()][-1]
    return {last: "separation"}


def _positions(terms: list[_Term]) -> dict[str, list[int]]:
    """Variable -> its columns in the design matrix, in which column 0 is the constant."""
    found, at = {}, 1
    for term in terms:
        found[term.variable] = list(range(at, at + len(term.columns)))
        at += len(term.columns)
    return found


def _effects(
    beta: Floats,
    cov: Floats,
    x: Floats,
    terms: list[_Term],
    df: float | None,
) -> list[MarginalEffect]:
    quantile = float(stats.norm.ppf(0.975) if df is None else stats.t.ppf(0.975, df))
    tail: Callable[[float], float] = stats.norm.sf if df is None else lambda z: stats.t.sf(z, df)
    positions = _positions(terms)
    found: list[MarginalEffect] = []
    for term in terms:
        at = positions[term.variable]
        numeric = not term.levels
        for i, column in enumerate(at):
            low: float | None = None
            high: float | None = None
            n_level: int | None = None
            if numeric:
                low, high = _contrast(x[:, column])
                ame, gradient = average_slope(beta, x, column)
                before, after = _set(x, [column], low), _set(x, [column], high)
            else:
                before = _set(x, at, 0.0)
                after = before.copy()
                after[:, column] = 1.0
                n_level = int(x[:, column].sum())
                ame, gradient = average_difference(beta, before, after)
            gap, gap_gradient = average_difference(beta, before, after)
            error = float(np.sqrt(gradient @ cov @ gradient))
            gap_error = float(np.sqrt(gap_gradient @ cov @ gap_gradient))
            found.append(
                MarginalEffect(
                    variable=term.variable,
                    level=None if numeric else term.levels[i],
                    reference=term.reference,
                    n_level=n_level,
                    ame=ame,
                    std_error=error,
                    ci_low=ame - quantile * error,
                    ci_high=ame + quantile * error,
                    p_value=float(2 * tail(abs(ame) / error)) if error > 0 else 1.0,
                    gap=gap,
                    gap_ci_low=gap - quantile * gap_error,
                    gap_ci_high=gap + quantile * gap_error,
                    low=low,
                    high=high,
                )
            )
    return found


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


def _set(x: Floats, columns: list[int], value: float) -> Floats:
    changed = x.copy()
    changed[:, columns] = value
    return changed


def _contrast(values: Floats) -> tuple[float, float]:
    """Quartiles of a number (type 7), or its extremes where the quartiles are the same."""
    low, high = np.quantile(values, [0.25, 0.75])
    if low == high:
        low, high = values.min(), values.max()
    return float(low), float(high)
