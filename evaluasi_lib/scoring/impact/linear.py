"""Least squares with standard errors that hold under unequal variances and within clusters.

The estimates of every linear design pass here. No kept library has bias-reduced cluster errors
(CR2) with Satterthwaite degrees of freedom; the other errors share their algebra, and a test holds
them to statsmodels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Errors = Literal["classical", "HC0", "HC1", "HC2", "HC3", "CR0", "CR1", "CR2"]
Array = NDArray[np.float64]

TINY = 1e-10


@dataclass(frozen=True, slots=True)
class LinearFit:
    """Coefficients (k,), their covariance (k, k), and one number of degrees of freedom for each."""

    coef: Array
    cov: Array
    df: Array
    r_squared: float
    n: int
    n_clusters: int | None
    errors: Errors

    @property
    def std_error(self) -> Array:
        return np.sqrt(np.clip(np.diag(self.cov), 0.0, None))


def fit_linear(
    x: ArrayLike,
    y: ArrayLike,
    *,
    errors: Errors = "HC2",
    clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> LinearFit:
    """Least squares of y (n,) on x (n, k), intercept included by the caller, x of full rank.

    errors: "classical"; HC0-HC3; CR0, CR1 = CR0 * G/(G-1) * (N-1)/(N-k), and CR2 need `clusters`
    (n,). df: n-k for classical, HC0, HC1, HC3; G-1 for CR0 and CR1; Satterthwaite for HC2 (Bell and
    McCaffrey 2002) and CR2 (Pustejovsky and Tipton 2018, identity working model), one for each
    coefficient. A covariance is NaN where persons (n = k) or clusters (one) are too few for its
    factor. weights (n,): inverse-probability weights, taken as known. For an intercept alone
    HC2 with its df is the one-sample t test; for one group indicator its error is Welch's.
    Agrees with R: lm, sandwich::vcovHC, clubSandwich::vcovCR.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    n, k = x.shape
    root = np.ones(n) if weights is None else np.sqrt(np.asarray(weights, dtype=float))
    wx, wy = x * root[:, None], y * root
    bread = np.linalg.inv(wx.T @ wx)
    coef = bread @ (wx.T @ wy)
    residuals = wy - wx @ coef
    groups: int | None = None
    df = np.full(k, float(n - k))
    if errors == "classical":
        cov = bread * _ratio(float(residuals @ residuals), n - k)
    elif errors.startswith("HC"):
        slack = np.clip(1.0 - np.einsum("ij,ij->i", wx @ bread, wx), TINY, None)
        power = {"HC2": 1.0, "HC3": 2.0}.get(errors, 0.0)
        cov = bread @ ((wx * (residuals**2 / slack**power)[:, None]).T @ wx) @ bread
        if errors == "HC1":
            cov = cov * _ratio(n, n - k)
        if errors == "HC2":
            df = _hc2_df(wx, bread)
    else:
        if clusters is None:
            raise ValueError(f"{errors} needs clusters")
        code = np.unique(np.asarray(clusters), return_inverse=True)[1]
        groups = int(code.max()) + 1
        if errors == "CR2":
            cov, df = _cr2(wx, residuals, code, bread)
        else:
            sums = _sum_by(wx * residuals[:, None], code, groups)
            cov = bread @ (sums.T @ sums) @ bread
            if errors == "CR1":
                cov = cov * _ratio(groups, groups - 1) * _ratio(n - 1, n - k)
            df = np.full(k, float(groups - 1))
    total = float(np.sum((wy - root * (root @ wy) / (root @ root)) ** 2))
    r_squared = 1 - float(residuals @ residuals) / total if total > 0 else 0.0
    return LinearFit(coef, cov, df, r_squared, n, groups, errors)


def _ratio(part: float, whole: int) -> float:
    return part / whole if whole else math.nan


def reference_errors(
    x: ArrayLike,
    y: ArrayLike,
    column: int,
    *,
    clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> dict[str, float]:
    """Classical, HC2 and (in clusters) CR1 errors of one coefficient, as fit_linear gives them;
    NaN where persons or clusters are too few."""
    kinds: list[Errors] = ["classical", "HC2"] if clusters is None else ["classical", "HC2", "CR1"]
    return {
        f"se_{kind.lower()}": float(
            fit_linear(x, y, errors=kind, clusters=clusters, weights=weights).std_error[column]
        )
        for kind in kinds
    }


def wald_f(fit: LinearFit, columns: Sequence[int]) -> tuple[float, float, float, float]:
    """(F, df1, df2, p) that all the coefficients in `columns` are 0; df2 is the smallest of theirs.
    With classical errors it is the F test of nested models (R anova, type II for one factor)."""
    at = list(columns)
    b = fit.coef[at]
    f = float(b @ np.linalg.solve(fit.cov[np.ix_(at, at)], b)) / len(at)
    df2 = float(np.min(fit.df[at]))
    return f, float(len(at)), df2, float(stats.f.sf(f, len(at), df2))


def _sum_by(values: Array, code: NDArray[np.intp], groups: int) -> Array:
    columns = [np.bincount(code, weights=column, minlength=groups) for column in values.T]
    return np.column_stack(columns)


def _hc2_df(wx: Array, bread: Array) -> Array:
    """Satterthwaite df of each HC2 variance: tr(G)^2 / tr(G G), G = A^(1/2) (I - H) A^(1/2),
    A = diag(z_i^2 / (1 - h_i)) for the weights z with which y enters a coefficient. The n x n
    matrix G is never formed: its traces need only k x k products."""
    z = wx @ bread
    leverage = np.einsum("ij,ij->i", z, wx)
    slack = np.clip(1.0 - leverage, TINY, None)
    out = np.empty(wx.shape[1])
    for j in range(len(out)):
        a = z[:, j] ** 2 / slack
        inner = bread @ ((wx * a[:, None]).T @ wx)
        total = float(a @ (1.0 - leverage))
        square = float((a**2) @ (1.0 - 2.0 * leverage)) + float(np.trace(inner @ inner))
        out[j] = total**2 / square if square > TINY * total**2 else 1.0
    return out


def _cr2(wx: Array, residuals: Array, code: NDArray[np.intp], bread: Array) -> tuple[Array, Array]:
    """CR2 covariance and Satterthwaite df, with A_g = (I - H_gg)^(-1/2) (pseudo-inverse).

    With bread = L L' and L' X_g' X_g L = U diag(lam) U', the adjusted rows are
    A_g X_g bread = X_g C_g, C_g = L U diag((1 - lam)^(-1/2)) U' L': k x k for each cluster. So is
    everything else: df = tr(P)^2 / tr(P P) for P_gh = z_g' (I - H)_gh z_h, z_g = X_g C_g c_j.
    """
    groups, k = int(code.max()) + 1, wx.shape[1]
    half = np.linalg.cholesky(bread)
    products = (wx[:, :, None] * wx[:, None, :]).reshape(len(wx), k * k)
    within = _sum_by(products, code, groups).reshape(groups, k, k)
    lam, vectors = np.linalg.eigh(half.T @ within @ half)
    room = 1.0 - lam
    free = room > 1e-8  # a direction that the cluster has alone cannot be adjusted
    stretch = np.where(free, 1.0 / np.sqrt(np.where(free, room, 1.0)), 0.0)
    turned = half @ vectors
    adjust = (turned * stretch[:, None, :]) @ turned.transpose(0, 2, 1)
    score = np.einsum("gij,gi->gj", adjust, _sum_by(wx * residuals[:, None], code, groups))
    reach = within @ adjust
    norm = np.einsum("gij,gij->gj", adjust, reach)
    cross = reach.transpose(0, 2, 1) @ half
    df = np.empty(k)
    for j in range(k):
        q = cross[:, j]
        length = np.sum(q**2, axis=1)
        total = float(np.sum(norm[:, j] - length))
        square = float(np.sum(norm[:, j] ** 2 - 2 * norm[:, j] * length) + np.sum((q.T @ q) ** 2))
        df[j] = total**2 / square if square > 0 else 1.0
    return score.T @ score, df
