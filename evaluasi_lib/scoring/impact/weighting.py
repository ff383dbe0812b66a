"""Comparison groups made alike by weights: inverse probability, and doubly robust."""

from __future__ import annotations

import math
import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import statsmodels.api as sm
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.tools.sm_exceptions import ConvergenceWarning, PerfectSeparationWarning

from evaluasi_lib.scoring.impact.contrast import few_df_note, too_few_clusters, two_groups_contrast
from evaluasi_lib.scoring.impact.estimate import Estimate, not_estimated, pooled_sd
from evaluasi_lib.scoring.impact.groups import two_few
from evaluasi_lib.scoring.items import effective_n
from evaluasi_lib.wording import _, number, percent

Array = NDArray[np.float64]

EXTREME = 0.99  # a comparison person this likely to be in the program weighs as much as 99 others
LARGE_SMD = 0.1  # imbalance that the love plot marks (Austin 2009)


@dataclass(frozen=True, slots=True)
class Propensity:
    """Chance to be in the program (n,), logistic in the covariates; weights for the ATT (n,)."""

    score: Array
    weights: Array
    coef: Array
    c_statistic: float
    ess_comparison: float
    outside_share: float


@dataclass(frozen=True, slots=True)
class Balance:
    """Standardised mean difference of one covariate: by the SD of the treated, and weighted."""

    covariate: str
    smd_unadjusted: float | None
    smd_weighted: float | None


def propensity(covariates: ArrayLike, program: ArrayLike) -> Propensity | None:
    """Logistic regression of the group on covariates (n, p), main effects.

    weights: 1 for the program, e/(1-e) for the comparison. outside_share: comparison and program
    persons whose score no one of the other group reaches. None where the covariates tell the groups
    apart completely (no overlap). Agrees with R glm on lalonde614.
    """
    z, member = np.asarray(covariates, dtype=float), np.asarray(program, dtype=bool)
    x = np.column_stack([np.ones(len(z)), z])
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("error", PerfectSeparationWarning)
        python_warnings.simplefilter("error", ConvergenceWarning)
        python_warnings.simplefilter("ignore", RuntimeWarning)
        try:
            fit = sm.Logit(member.astype(float), x).fit(disp=0, maxiter=100, tol=1e-12)
        except (PerfectSeparationWarning, ConvergenceWarning, np.linalg.LinAlgError):
            return None
    score = np.asarray(fit.predict(x))
    if not np.all(np.isfinite(score)) or score[~member].max() > 1 - 1e-8:
        return None
    weights = np.where(member, 1.0, score / (1 - score))
    ranks = stats.rankdata(score)
    n1, n0 = int(member.sum()), int((~member).sum())
    area = (ranks[member].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)
    low = max(score[member].min(), score[~member].min())
    high = min(score[member].max(), score[~member].max())
    return Propensity(
        score=score,
        weights=weights,
        coef=np.asarray(fit.params),
        c_statistic=float(area),
        ess_comparison=effective_n(weights[~member]),
        outside_share=float(np.mean((score < low) | (score > high))),
    )


def diagnose_balance(
    covariates: ArrayLike,
    names: Sequence[str],
    program: ArrayLike,
    weights: ArrayLike | None = None,
) -> tuple[Balance, ...]:
    """SMD of each covariate (n, p) before and after weighting; the denominator is always the SD of
    the treated, unweighted. For the love plot; WWC's baseline equivalence uses the pooled SD."""
    z, member = np.asarray(covariates, dtype=float), np.asarray(program, dtype=bool)
    w = np.ones(len(z)) if weights is None else np.asarray(weights, dtype=float)
    found = []
    for name, column in zip(names, z.T, strict=True):
        sd = float(column[member].std(ddof=1))
        if not sd > 0:
            found.append(Balance(name, None, None))
            continue
        mean = column[member].mean()
        weighted = np.average(column[~member], weights=w[~member])
        found.append(
            Balance(
                name,
                float((mean - column[~member].mean()) / sd),
                None if weights is None else float((mean - weighted) / sd),
            )
        )
    return tuple(found)


def ipw(
    y: ArrayLike, covariates: ArrayLike, program: ArrayLike, *,
    clusters: ArrayLike | None = None, names: Sequence[str] | None = None, estimator: str = "ipw",
) -> Estimate:  # fmt: skip
    """Effect on the treated by inverse-probability weights (Hajek): y (n,), covariates (n, p).

    Weighted least squares of y on the group; HC2 (CR2 in clusters) takes the weights as known,
    which is usually a little conservative. lalonde614: 1214.07, HC2 827.76.
    """
    y, member = np.asarray(y, dtype=float), np.asarray(program, dtype=bool)
    ready = _prepare(y, covariates, member, estimator, names)
    if isinstance(ready, Estimate):
        return ready
    fit, details, notes = ready
    sd, df = pooled_sd(y[member], y[~member])
    return two_groups_contrast(
        y, member, estimator=estimator, estimand="att", clusters=clusters, weights=fit.weights,
        sd=sd, sd_df=df, details=details, warnings=notes,
    )  # fmt: skip


def aipw(
    y: ArrayLike, covariates: ArrayLike, program: ArrayLike, *,
    clusters: ArrayLike | None = None, names: Sequence[str] | None = None, estimator: str = "aipw",
) -> Estimate:  # fmt: skip
    """Doubly robust effect on the treated: right if either the chance to take part or the outcome
    of the comparison group is modelled well.

    The outcome model is least squares in the comparison group; att = mean over the treated of
    (y - m) minus the Hajek-weighted mean of the comparison's residuals. Its error comes from the
    influence function that includes both models' estimation (stacked estimating equations), summed
    by cluster. lalonde614: 1231.044.
    """
    y, member = np.asarray(y, dtype=float), np.asarray(program, dtype=bool)
    ready = _prepare(y, covariates, member, estimator, names)
    if isinstance(ready, Estimate):
        return ready
    fit, details, notes = ready
    x = np.column_stack([np.ones(len(y)), np.asarray(covariates, dtype=float)])
    if int((~member).sum()) <= x.shape[1] + 1 or np.linalg.matrix_rank(x[~member]) < x.shape[1]:
        reason = _("too few comparison persons to model their outcome with these covariates")
        return not_estimated(estimator, "att", reason, details=details)
    beta = np.linalg.lstsq(x[~member], y[~member], rcond=None)[0]
    att, influence = _aipw_influence(y, x, member, fit, beta)
    few: str | None = None
    code = np.arange(len(y))
    if clusters is not None:
        code = np.unique(np.asarray(clusters), return_inverse=True)[1]
        arms = [len(np.unique(code[member])), len(np.unique(code[~member]))]
        details["clusters"] = arms
        few = too_few_clusters(arms)
    error, df = _influence_error(influence, member, code, x.shape[1])
    if clusters is not None and few is None:
        notes = (*notes, *few_df_note(df))
    details["errors"] = "influence function"
    details["att_regression"] = float(np.mean(y[member] - x[member] @ beta))
    sd, sd_df = pooled_sd(y[member], y[~member])
    return Estimate(
        estimator, "att", int(member.sum()), int((~member).sum()), att, error, df, sd=sd,
        sd_df=sd_df, inference=few is None and error > 0, details=details,
        warnings=notes, reason=few,
    )  # fmt: skip


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
    df = total**2 / sum(part**2 / d for part, d in zip(parts, dfs, strict=True))
    return math.sqrt(total) / len(influence), float(df)


def _aipw_influence(
    y: Array, x: Array, member: NDArray[np.bool_], fit: Propensity, beta: Array
) -> tuple[float, Array]:
    """The estimate and each person's contribution to it (mean zero, scaled so that the variance
    of the estimate is the sum of squares / n^2)."""
    n, d = len(y), member.astype(float)
    odds = np.where(member, 0.0, fit.weights)
    residual = y - x @ beta
    share, total = d.mean(), odds.mean()
    first = float(np.sum(d * residual) / d.sum())
    second = float(np.sum(odds * residual) / odds.sum())
    influence = d * (residual - first) / share - odds * (residual - second) / total
    # Outcome model: beta solves sum over the comparison of x (y - x beta) = 0.
    bread = np.linalg.inv(x[~member].T @ x[~member] / n)
    slope = -(d @ x / n) / share + (odds @ x / n) / total
    influence = influence + ((x * ((1 - d) * residual)[:, None]) @ bread) @ slope
    # Propensity model: the odds e/(1-e) move with their own linear predictor.
    information = (x * (fit.score * (1 - fit.score))[:, None]).T @ x / n
    tilt = -((odds * (residual - second)) @ x / n) / total
    influence = influence + ((x * (d - fit.score)[:, None]) @ np.linalg.inv(information)) @ tilt
    return first - second, influence


def _prepare(
    y: Array, covariates: ArrayLike, member: NDArray[np.bool_], estimator: str,
    names: Sequence[str] | None,
) -> tuple[Propensity, dict, tuple[str, ...]] | Estimate:  # fmt: skip
    if reason := two_few(member):
        return not_estimated(estimator, "att", reason)
    z = np.asarray(covariates, dtype=float).reshape(len(y), -1)
    fit = propensity(z, member)
    if fit is None:
        reason = _("the covariates tell the two groups apart completely: there is no overlap")
        return not_estimated(estimator, "att", reason)
    labels = list(names) if names is not None else [f"x{i}" for i in range(z.shape[1])]
    balance = diagnose_balance(z, labels, member, fit.weights)
    worst = max((abs(b.smd_weighted) for b in balance if b.smd_weighted is not None), default=0.0)
    notes = []
    if fit.score[~member].max() > EXTREME or fit.outside_share > 0.1:
        notes.append(
            _("The groups overlap poorly: {share} of the persons have no counterpart in the other "
              "group.").format(share=percent(fit.outside_share))
        )  # fmt: skip
    if worst > LARGE_SMD:
        notes.append(
            _("Weighting leaves the groups unlike in at least one characteristic (largest "
              "standardised difference {smd}).").format(smd=number(worst, 2))
        )  # fmt: skip
    details = {
        "balance": [asdict(b) for b in balance],
        "c_statistic": fit.c_statistic,
        "ess_comparison": fit.ess_comparison,
        "outside_share": fit.outside_share,
    }
    return fit, details, tuple(notes)
