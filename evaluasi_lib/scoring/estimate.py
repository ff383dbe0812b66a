"""What every estimator returns, what its numbers allow one to say, and the models beneath.

Least squares: no kept library has bias-reduced cluster errors (CR2) with Satterthwaite degrees of
freedom; HC2 shares their algebra, and a test holds it to statsmodels.

Logit: columns are standardised before the fit, since years and rupiah as they are leave the
information matrix so badly scaled that Newton's steps do not settle, which must not be read as
separation.

Weighting: comparison groups made alike by their chance to take part, and the doubly robust effect.
"""

from __future__ import annotations

import math
import warnings as python_warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats
from statsmodels.tools.sm_exceptions import ConvergenceWarning, PerfectSeparationWarning

from evaluasi_lib.conclusion import ALPHA, concluded
from evaluasi_lib.measures import Cell, Conclusion
from evaluasi_lib.wording import Sentences, number, percent

say = Sentences(__file__, "sentences.yml")  # of the whole room

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


Estimand = Literal["ate", "itt", "att", "change", "difference", "association"]
MIN_PAIRS = 3
MIN_CLUSTERS = 4  # in an arm; with fewer no method here controls the error rate
FEW_DF = 4.0  # Satterthwaite df under which t tests are unreliable (Tipton 2015)
MIN_PERSONS = 2
POWER = 0.8


@dataclass(frozen=True, slots=True)
class Estimate:
    """One estimate in the outcome's unit. df is inf where the normal distribution is used.

    sd: the standard deviation that turns the estimate into Hedges' g (None: no effect size), and
    sd_df its degrees of freedom. g, g_se: an effect size of the estimator's own (binary outcomes).
    sd_outcome: the SD beside which the estimate is seen where there is no sd. balance: of weighted
    groups, as weighting.diagnose_balance gives it.
    bounds: the smallest and largest value that there can be, beyond which no limit is given.
    shares: (events, n, events, n) of program and comparison where the estimate is the difference of
    two independent shares, whose interval and p-value are then Newcombe's.
    inference: False where the standard error cannot carry a p-value; `reason` then says why.
    """

    estimator: str
    estimand: Estimand
    n_program: int
    n_comparison: int | None = None
    estimate: float | None = None
    std_error: float | None = None
    df: float | None = None
    sd: float | None = None
    sd_df: float | None = None
    g: float | None = None
    g_se: float | None = None
    bounds: tuple[float, float] = (-math.inf, math.inf)
    shares: tuple[int, int, int, int] | None = None
    inference: bool = True
    sd_outcome: float | None = None
    balance: Sequence[Mapping[str, Any]] = ()
    warnings: tuple[str, ...] = ()
    reason: str | None = None

    @property
    def tested(self) -> tuple[float, float, float] | None:
        """(estimate, standard error, df) where they carry inference."""
        if not self.inference or self.estimate is None or not self.std_error or not self.df:
            return None
        return self.estimate, self.std_error, self.df

    @property
    def p_value(self) -> float | None:
        if self.shares is not None:
            return newcombe_p(*self.shares)
        if self.tested is None:
            return None
        estimate, error, df = self.tested
        t = abs(estimate / error)
        return float(2 * (stats.t.sf(t, df) if math.isfinite(df) else stats.norm.sf(t)))

    def interval(self, level: float = 0.95) -> tuple[float | None, float | None]:
        """The confidence interval, (None, None) where there is no inference."""
        if self.shares is not None:
            return newcombe(*self.shares, critical(level, math.inf))
        if self.tested is None:
            return None, None
        estimate, error, df = self.tested
        half = critical(level, df) * error
        low, high = (min(self.bounds[0], estimate), max(self.bounds[1], estimate))
        return max(estimate - half, low), min(estimate + half, high)

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
        if self.tested is None:
            return correct * d, None, None
        _estimate, error, df = self.tested
        error = correct * math.sqrt((error / self.sd) ** 2 + d**2 / (2 * self.sd_df))
        half = critical(0.95, df) * error
        return correct * d, correct * d - half, correct * d + half


def not_estimated(estimator: str, estimand: Estimand, reason: str, n_program: int = 0) -> Estimate:
    """An estimate that could not be made, with the reason in words."""
    return Estimate(estimator, estimand, n_program, inference=False, reason=reason)


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
    estimate: Estimate, *, sesoi: float | None, direction: str, p_adjusted: float | None
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


def smallest_detectable(found: Estimate) -> float | None:
    """The smallest effect, in SD, that an estimate of this precision finds with 80% power.

    By the estimate's own standard error where the SD that belongs to it is known; for ordered
    outcomes and where it is not, by the numbers of persons alone (two equal samples of that size
    in a plain comparison, Bloom 1995), which is never more favourable than no adjustment.
    """
    sd, g = found.sd_outcome or found.sd, found.effect_size()[0]
    if g and found.estimate:
        sd = found.estimate / g
    if sd and found.std_error and found.df:
        return found.std_error * _noncentrality(found.df) / abs(sd)
    sizes = [n for n in (found.n_program, found.n_comparison) if n]
    if not sizes or found.p_value is None:
        return None
    return math.sqrt(sum(1 / n for n in sizes)) * _noncentrality(found.df or math.inf)


def n_needed(n: int, std_error: float, df: float, effect: float) -> int:
    """Persons in all with which the same design would find `effect` with 80% power.

    The variance of the estimate is taken to fall as 1/n, and df to grow with n, as they do when
    persons (or clusters of the same size) are added in the same proportions.
    """

    def shortfall(log_n: float) -> float:
        ratio = math.exp(log_n) / n
        return effect * math.sqrt(ratio) / std_error - _noncentrality(df * ratio)

    low, high = math.log(max(2.0, 2 * n / max(df, 1.0))), math.log(n) + 30
    if shortfall(low) >= 0:
        return math.ceil(math.exp(low))
    return math.ceil(math.exp(optimize.brentq(shortfall, low, high)) - 1e-6)


def _noncentrality(df: float) -> float:
    """The noncentrality at which a t test of df reaches POWER."""
    if not math.isfinite(df) or df > 5000:
        return float(stats.norm.ppf(1 - ALPHA / 2) + stats.norm.ppf(POWER))
    limit = float(stats.t.ppf(1 - ALPHA / 2, df))

    def gap(nc: float) -> float:
        """Power at nc beyond the wanted one; far out, where the library gives NaN, it is 0 or 1."""
        found = float(stats.nct.sf(limit, df, nc))
        return (found if math.isfinite(found) else float(nc > limit)) - POWER

    # From the normal approximation outwards: the library's series fails far from the root.
    low = high = max(limit + float(stats.norm.ppf(POWER)), 0.2)
    while gap(low) > 0 and low > 1e-3:
        low /= 1.2
    while gap(high) < 0 and high < 1e3 * limit:
        high *= 1.2
    return float(optimize.brentq(gap, low, high))


def linear_contrast(
    x: Array, y: Array, column: int, member: NDArray[np.bool_], *,
    clusters: ArrayLike | None = None, weights: ArrayLike | None = None,
    persons: tuple[int, int | None] | None = None, **named: Any,
) -> Estimate:  # fmt: skip
    """Coefficient `column` of y (n,) on x (n, k). member (n,): which rows are the program's; where
    all are, there is one group.

    Without clusters: HC2 with Bell-McCaffrey df; with them CR2 with Satterthwaite df, and no
    p-value under 4 clusters in an arm. persons: (program, comparison) where rows are not persons.
    named: estimator, estimand, sd, sd_df, balance, warnings of the estimate.
    """
    fit = fit_linear(x, y, clusters=clusters, weights=weights)
    arms = (member,) if member.all() else (member, ~member)
    n, m = persons or (int(member.sum()), None if member.all() else int((~member).sum()))
    found = Estimate(n_program=n, n_comparison=m, estimate=float(fit.coef[column]), **named)
    return with_errors(found, float(fit.std_error[column]), float(fit.df[column]), clusters, arms)


def with_errors(
    found: Estimate, error: float, df: float, clusters: ArrayLike | None,
    arms: Sequence[NDArray[np.bool_]],
) -> Estimate:  # fmt: skip
    """The estimate with its standard error and df, and what clusters (n,) of the arms' rows, or
    values that are all the same, forbid to say."""
    notes, few = found.warnings, None
    if clusters is not None:
        code = np.asarray(clusters)
        fewest = min(len(np.unique(code[rows])) for rows in arms)
        if fewest < MIN_CLUSTERS:
            few = say("few_clusters", n=fewest, least=MIN_CLUSTERS)
            notes = (*notes, few)
        elif df < FEW_DF:  # where the simulation study (docs/validity.md) finds wrong error rates
            notes = (*notes, say("few_df"))
    least = 1e-12 * max(1.0, abs(found.estimate or 0.0))
    if not (least < error < math.inf and df > 0):
        known, reason = df if math.isfinite(df) else None, few or say("all_the_same")
        return replace(found, df=known, inference=False, warnings=notes, reason=reason)
    return replace(found, std_error=error, df=df, inference=few is None, warnings=notes, reason=few)


def two_groups(
    y: ArrayLike, program: ArrayLike, *, estimator: str, estimand: Estimand,
    spread: ArrayLike | None = None, clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None, **named: Any,
) -> Estimate:  # fmt: skip
    """Mean of y (n,) in the program minus that of the comparison; program (n,) is true or false.

    Ordinary least squares on the group with HC2 errors and, without clusters and weights, Welch's
    df, which is Welch's t test (R t.test). spread (n,): whose pooled SD turns it into an effect
    size; y where None. NSW (Dehejia-Wahba) gives 1794.342 with HC2 670.997.
    """
    y, member = np.asarray(y, dtype=float), np.asarray(program, dtype=bool)
    named |= {"estimator": estimator, "estimand": estimand}
    if reason := two_few(member):
        return not_estimated(estimator, estimand, reason)
    own = y if spread is None else np.asarray(spread, dtype=float)
    named["sd"], named["sd_df"] = pooled_sd(own[member], own[~member])
    x = np.column_stack([np.ones(len(y)), member])
    found = linear_contrast(x, y, 1, member, clusters=clusters, weights=weights, **named)
    if clusters is not None or weights is not None or not found.inference:
        return found
    parts = [(part.var(ddof=1) / len(part), len(part)) for part in (y[member], y[~member])]
    df = sum(v for v, _n in parts) ** 2 / sum(v**2 / (n - 1) for v, n in parts)
    return replace(found, df=float(df))


def two_few(program: np.ndarray) -> str | None:
    """The reason why two groups cannot be compared, or None."""
    few = min(program.sum(), (~program).sum()) < MIN_PERSONS
    return say("few_persons", n=MIN_PERSONS) if few else None


def mean_change(
    y: Array, estimator: str, *, clusters: ArrayLike | None = None, **named: Any
) -> Estimate:
    """Mean change of one group's persons, y (n,)."""
    n = len(y)
    if n < MIN_PAIRS:
        return not_estimated(estimator, "change", say("few_pairs", n=MIN_PAIRS), n_program=n)
    return linear_contrast(
        np.ones((n, 1)), y, 0, np.ones(n, dtype=bool), clusters=clusters, estimator=estimator,
        estimand="change", **named,
    )  # fmt: skip


def paired(after: ArrayLike, before: ArrayLike, *, clusters: ArrayLike | None = None) -> Estimate:
    """Mean of after - before (n,) of the same persons: the paired t test, CR2 within clusters.

    The effect size is g_av (the mean of the two variances in the denominator). Agrees with R
    t.test(paired) and effectsize on the sleep data.
    """
    after, before = np.asarray(after, dtype=float), np.asarray(before, dtype=float)
    found = mean_change(after - before, "paired", clusters=clusters)
    if found.estimate is None:
        return found
    sd_av = math.sqrt((after.var(ddof=1) + before.var(ddof=1)) / 2)
    return replace(found, sd=sd_av or None, sd_df=float(len(after) - 1))


Balance = Sequence[Mapping[str, Any]]
EXTREME = 0.99  # a comparison person this likely to be in the program weighs as much as 99 others
CERTAIN = 1 - 1e-8  # a chance above this in the comparison: no weight could make up for it
LARGE_SMD = 0.1  # imbalance that the love plot marks (Austin 2009)


@dataclass(frozen=True, slots=True)
class Propensity:
    """Chance to be in the program (n,), logistic in the covariates; weights for the ATT (n,):
    1 for the program, e/(1-e) for the comparison. outside_share: of the persons whose score no one
    of the other group reaches."""

    score: Array
    weights: Array
    outside_share: float


def propensity(covariates: ArrayLike, program: ArrayLike) -> Propensity | Failure:
    """Logistic regression of the group on covariates (n, p), main effects.

    "separation" where the covariates tell the groups apart (no overlap), "no_convergence" where
    the estimation did not settle. Agrees with R glm on lalonde614.
    """
    z, member = np.asarray(covariates, dtype=float), np.asarray(program, dtype=bool)
    fit = fit_logit(np.column_stack([np.ones(len(z)), z]), member.astype(float))
    if isinstance(fit, str):
        return fit
    score = fit.score
    if score[~member].max() > CERTAIN:
        return "separation"
    low = max(score[member].min(), score[~member].min())
    high = min(score[member].max(), score[~member].max())
    outside = float(np.mean((score < low) | (score > high)))
    return Propensity(score, np.where(member, 1.0, score / (1 - score)), outside)


def diagnose_balance(
    covariates: Array, names: Sequence[str], member: NDArray[np.bool_], weights: Array | None
) -> list[dict[str, Any]]:
    """Of each covariate (n, p): covariate, mean_program, mean_comparison, smd_unadjusted,
    smd_weighted (its standardised mean difference before and after weighting; None without
    weights), and the cell of persons. The denominator is always the SD of the treated, unweighted,
    for the love plot; WWC's baseline equivalence uses the pooled SD."""
    found = []
    for name, column in zip(names, covariates.T, strict=True):
        own, others = column[member], column[~member]
        sd = float(own.std(ddof=1)) if len(own) > 1 else 0.0
        mean = float(others.mean()) if len(others) else None
        weighted = None if weights is None else np.average(others, weights=weights[~member])
        plain, after = (
            float((own.mean() - m) / sd) if sd > 0 and m is not None else None
            for m in (mean, weighted)
        )
        row = {"covariate": name, "mean_program": float(own.mean()) if len(own) else None}
        row |= {"mean_comparison": mean, "smd_unadjusted": plain, "smd_weighted": after}
        found.append(row | {"cell": _cell(own, others)})
    return found


def _cell(own: Array, others: Array) -> Cell:
    """The persons of both groups; of an indicator those with and without it."""
    sizes = [len(own), len(others)]
    if set(np.unique(np.concatenate([own, others]))) <= {0.0, 1.0}:
        sizes += [int(n) for part in (own, others) for n in (part.sum(), len(part) - part.sum())]
    return Cell(tuple(sizes))


def model_columns(z: Array) -> Array:
    """A constant and the covariates (n, p), standardised: no estimate depends on their scale."""
    return np.column_stack([np.ones(len(z)), standardised(z)])


def can_model(x: Array, rows: NDArray[np.bool_]) -> bool:
    """Whether a least-squares fit on these rows of x (n, k) has one solution and residuals."""
    k = x.shape[1]
    return bool(rows.sum() > k + 1 and np.linalg.matrix_rank(x[rows]) == k)


def from_influence(
    att: float, influence: Array, member: NDArray[np.bool_], *, k: int, estimator: str,
    clusters: ArrayLike | None = None, persons: tuple[int, int] | None = None, **named: Any,
) -> Estimate:  # fmt: skip
    """An effect on the treated whose error is that of a mean of influences (n,), by cluster.

    k: coefficients of the outcome model. persons: (program, comparison) where rows are not persons.
    No p-value under 4 clusters in an arm. named: sd, sd_df, balance, warnings of the estimate.
    """
    code = np.arange(len(member))
    if clusters is not None:
        code = np.unique(np.asarray(clusters), return_inverse=True)[1]
    error, df = _influence_error(influence, member, code, k)
    sizes = persons or (int(member.sum()), int((~member).sum()))
    found = Estimate(estimator, "att", *sizes, att, **named)
    return with_errors(found, error, df, clusters, (member, ~member))


def _influence_error(
    influence: Array, member: NDArray[np.bool_], code: NDArray[np.intp], k: int
) -> tuple[float, float]:
    """Error of a mean of influences (n,) summed by cluster, and its Welch-Satterthwaite df.

    Each arm's part takes CR1's factor G/(G-1) (n-1)/(n-k) with its own numbers, so that few
    treated clusters are not drowned by many others; clusters in both arms are one arm.
    """
    sums = np.bincount(code, weights=influence)
    treated = np.bincount(code, weights=member.astype(float))
    size = np.bincount(code)
    pure = (treated == 0) | (treated == size)
    arms = (treated > 0, treated == 0) if pure.all() else (np.ones(len(size), dtype=bool),)
    parts, dfs = [], []
    for arm in arms:
        groups, persons = int(arm.sum()), int(size[arm].sum())
        if groups < 2 or persons <= k:
            return 0.0, 1.0
        factor = groups / (groups - 1) * (persons - 1) / (persons - k)
        parts.append(factor * float(np.sum(sums[arm] ** 2)))
        dfs.append(groups - 1 if groups < persons else groups - k)
    total = sum(parts)
    if not total**2 > 0:  # also where the squares are too small for a number
        return 0.0, 1.0
    df = total**2 / sum(part**2 / d for part, d in zip(parts, dfs, strict=True))
    return math.sqrt(total) / len(influence), float(df)


def att_influence(
    y: Array, x: Array, member: NDArray[np.bool_], fit: Propensity | None,
    rows: NDArray[np.bool_] | None = None,
) -> tuple[float, Array]:  # fmt: skip
    """Effect on the treated among `rows` (n,; None: all) of y (n,) given x (n, k), and each row's
    contribution to it (mean zero, scaled so that its variance is the sum of squares / n^2).

    Without a fit the outcome model alone: mean of the treated's residuals. With one, minus the
    Hajek-weighted mean of the comparison's; the chances are estimated on all rows.
    """
    used = np.ones(len(y), dtype=bool) if rows is None else rows
    others = ~member & used
    n, d, c = len(y), (member & used).astype(float), others.astype(float)
    residual = y - x @ np.linalg.lstsq(x[others], y[others], rcond=None)[0]
    share = d.mean()
    att = float(np.sum(d * residual) / d.sum())
    influence = d * (residual - att) / share
    slope = -(d @ x / n) / share
    if fit is not None:
        odds = np.where(others, fit.weights, 0.0)
        total = odds.mean()
        left = float(np.sum(odds * residual) / odds.sum())
        att -= left
        influence -= odds * (residual - left) / total
        slope += (odds @ x / n) / total
        # Propensity model: the odds e/(1-e) move with their own linear predictor.
        information = (x * (fit.score * (1 - fit.score))[:, None]).T @ x / n
        tilt = -((odds * (residual - left)) @ x / n) / total
        scores = x * (member.astype(float) - fit.score)[:, None]
        influence += scores @ np.linalg.solve(information, tilt)
    # Outcome model: its coefficients solve sum over the comparison of x (y - x beta) = 0.
    bread = x[others].T @ x[others] / n
    influence += (x * (c * residual)[:, None]) @ np.linalg.solve(bread, slope)
    return att, influence


class Ready(NamedTuple):
    """A usable propensity model with what is told of it."""

    fit: Propensity
    balance: Balance
    notes: tuple[str, ...]


def prepare(z: Array, member: NDArray[np.bool_], shown: tuple[Array, Sequence[str]]) -> Ready | str:
    """The propensity model on covariates z (n, p), its balance in the columns shown (with their
    names), and warnings; or the reason in words why there is none."""
    fit = propensity(z, member)
    if isinstance(fit, str):
        return say(f"propensity.{fit}")
    balance = diagnose_balance(*shown, member, fit.weights)
    left = [abs(row["smd_weighted"]) for row in balance if row["smd_weighted"] is not None]
    worst = max(left, default=0.0)
    notes = []
    if fit.score[~member].max() > EXTREME or fit.outside_share > 0.1:
        notes.append(say("overlap", share=percent(fit.outside_share)))
    if worst > LARGE_SMD:
        notes.append(say("unlike", smd=number(worst, 2)))
    return Ready(fit, balance, tuple(notes))
