"""Logistic regression that says why it could not be fitted.

Columns are standardised before the fit: years and rupiah as they are leave the information matrix
so badly scaled that Newton's steps do not settle, which must not be read as separation.
"""

from __future__ import annotations

import warnings as python_warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import optimize
from statsmodels.tools.sm_exceptions import ConvergenceWarning, PerfectSeparationWarning

Array = NDArray[np.float64]
Failure = Literal["separation", "no_convergence"]

# Of standardised coefficients. Newton's steps shrink quadratically, so that the estimate is exact
# to rounding where one is this small; a smaller limit can lie under the rounding itself.
TOLERANCE = 1e-8


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
