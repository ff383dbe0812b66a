"""The two models that estimates rest on, with their errors: least squares and logit.

Least squares: no kept library has bias-reduced cluster errors (CR2) with Satterthwaite degrees of
freedom; HC2 shares their algebra, and a test holds it to statsmodels.

Logit: columns are standardised before the fit, since years and rupiah as they are leave the
information matrix so badly scaled that Newton's steps do not settle, which must not be read as
separation.
"""

from __future__ import annotations

import warnings as python_warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import ArrayLike, NDArray
from scipy import optimize
from statsmodels.tools.sm_exceptions import ConvergenceWarning, PerfectSeparationWarning

Array = NDArray[np.float64]
TINY = 1e-10
Failure = Literal["separation", "no_convergence"]
# Of standardised coefficients. Newton's steps shrink quadratically, so that the estimate is exact
# to rounding where one is this small; a smaller limit can lie under the rounding itself.
TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True)
class LinearFit:
    """Coefficients (k,), their covariance (k, k), and one number of degrees of freedom for each."""

    coef: Array
    cov: Array
    df: Array

    @property
    def std_error(self) -> Array:
        return np.sqrt(np.clip(np.diag(self.cov), 0.0, None))


def fit_linear(
    x: ArrayLike, y: ArrayLike, *, clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> LinearFit:  # fmt: skip
    """Least squares of y (n,) on x (n, k), intercept included by the caller, x of full rank.

    Errors are HC2 with Satterthwaite df (Bell and McCaffrey 2002), in clusters (n,) CR2 with theirs
    (Pustejovsky and Tipton 2018, identity working model), one df for each coefficient. weights
    (n,): inverse-probability weights, taken as known. For an intercept alone HC2 with its df is the
    one-sample t test; for one group indicator its error is Welch's. Agrees with R: lm,
    sandwich::vcovHC, clubSandwich::vcovCR.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    root = np.ones(len(y)) if weights is None else np.sqrt(np.asarray(weights, dtype=float))
    wx, wy = x * root[:, None], y * root
    bread = np.linalg.inv(wx.T @ wx)
    coef = bread @ (wx.T @ wy)
    residuals = wy - wx @ coef
    if clusters is not None:
        code = np.unique(np.asarray(clusters), return_inverse=True)[1]
        return LinearFit(coef, *_cr2(wx, residuals, code, bread))
    slack = np.clip(1.0 - np.einsum("ij,ij->i", wx @ bread, wx), TINY, None)
    cov = bread @ ((wx * (residuals**2 / slack)[:, None]).T @ wx) @ bread
    return LinearFit(coef, cov, _hc2_df(wx, bread))


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


class NoConvergenceError(ValueError):
    """A model that has a finite estimate by its data, which the method did not reach."""


@dataclass(frozen=True, slots=True)
class LogitFit:
    """Coefficients (k,) and covariance (k, k) on the columns' own scale; fitted chances (n,)."""

    coef: Array
    cov: Array
    score: Array


def standardised(x: Array) -> Array:
    """Columns (n, p) with mean 0 and SD 1; a constant one becomes 0."""
    spread = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def separated_columns(x: Array, y: Array) -> NDArray[np.bool_]:
    """Which columns have no finite logit estimate (bool, one for each column of x).

    Konis (2007): y (n, 0/1) is separated by x (n, p, constant included) when some direction b has
    s_i x_i b >= 0 for every row, s_i = 2 y_i - 1, with one strict. The linear program looks for
    the b in [-1, 1]^p with the largest sum; its non-zero entries are the columns concerned.
    As detectseparation::detect_separation of R. Columns should be of like size (standardised).
    """
    rows = np.unique(np.column_stack([x, y]), axis=0)
    signed = rows[:, :-1] * (2 * rows[:, -1:] - 1)
    solved = optimize.linprog(
        -signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1)
    )
    return np.abs(solved.x) > 1e-7 if solved.status == 0 else np.ones(x.shape[1], bool)


def fit_logit(x: Array, y: Array) -> LogitFit | Failure:
    """Logit of y (n, 0/1) on x (n, k), its first column the constant, of full rank.

    "separation": the columns tell the outcomes apart, for everybody or for some, so that there is
    no finite estimate. "no_convergence": there should be one, but Newton's method did not reach it.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    mean, spread = x[:, 1:].mean(axis=0), x[:, 1:].std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    scaled = np.column_stack([np.ones(len(x)), (x[:, 1:] - mean) / spread])
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("error", PerfectSeparationWarning)
        python_warnings.simplefilter("error", ConvergenceWarning)
        python_warnings.simplefilter("ignore", RuntimeWarning)
        try:
            fit = sm.Logit(y, scaled).fit(disp=0, method="newton", maxiter=100, tol=TOLERANCE)
        except PerfectSeparationWarning:
            return "separation"
        except (ConvergenceWarning, np.linalg.LinAlgError):
            return "separation" if separated_columns(scaled, y).any() else "no_convergence"
    score = np.asarray(fit.predict(scaled))
    if not np.all(np.isfinite(score)):
        return "no_convergence"
    # A coefficient of a standardised column, in the column's own unit; the constant takes the rest.
    back = np.diag(np.concatenate([[1.0], 1 / spread]))
    back[0, 1:] = -mean / spread
    cov = np.asarray(fit.cov_params())
    return LogitFit(back @ np.asarray(fit.params), back @ cov @ back.T, score)


def cluster_codes(rows: pd.DataFrame, name: str | None) -> NDArray[np.intp] | None:
    """Codes of a cluster variable; a person without a value is a cluster of their own."""
    if name is None or name not in rows:
        return None
    code, values = pd.factorize(rows[name].astype("object"), sort=False)
    lone = code < 0
    code[lone] = len(values) + np.arange(int(lone.sum()))
    return code
