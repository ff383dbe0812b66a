"""Comparison groups made alike by weights: inverse probability, and doubly robust."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from evaluasi_lib.scoring.impact.contrast import few_df_note, too_few_clusters, two_groups_contrast
from evaluasi_lib.scoring.impact.estimate import Estimate, not_estimated, pooled_sd
from evaluasi_lib.scoring.impact.groups import two_few
from evaluasi_lib.scoring.items import effective_n
from evaluasi_lib.scoring.logit import Failure, fit_logit, standardised
from evaluasi_lib.wording import _, number, percent

Array = NDArray[np.float64]

EXTREME = 0.99  # a comparison person this likely to be in the program weighs as much as 99 others
CERTAIN = 1 - 1e-8  # a chance above this in the comparison: no weight could make up for it
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


def propensity(covariates: ArrayLike, program: ArrayLike) -> Propensity | Failure:
    """Logistic regression of the group on covariates (n, p), main effects.

    weights: 1 for the program, e/(1-e) for the comparison. outside_share: comparison and program
    persons whose score no one of the other group reaches. "separation" where the covariates tell
    the groups apart (no overlap), "no_convergence" where the estimation did not settle. Agrees with
    R glm on lalonde614.
    """
    z, member = np.asarray(covariates, dtype=float), np.asarray(program, dtype=bool)
    fit = fit_logit(np.column_stack([np.ones(len(z)), z]), member.astype(float))
    if isinstance(fit, str):
        return fit
    score = fit.score
    if score[~member].max() > CERTAIN:
        return "separation"
    weights = np.where(member, 1.0, score / (1 - score))
    ranks = stats.rankdata(score)
    n1, n0 = int(member.sum()), int((~member).sum())
    area = (ranks[member].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)
    low = max(score[member].min(), score[~member].min())
    high = min(score[member].max(), score[~member].max())
    return Propensity(
        score=score,
        weights=weights,
        coef=fit.coef,
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
    clusters: ArrayLike | None = None, names: Sequence[str] | None = None,
    shown: tuple[Array, list[str]] | None = None, estimator: str = "ipw",
) -> Estimate:  # fmt: skip
    """Effect on the treated by inverse-probability weights (Hajek): y (n,), covariates (n, p).

    Weighted least squares of y on the group; HC2 (CR2 in clusters) takes the weights as known,
    which is usually a little conservative. shown: columns and names whose balance is reported,
    where they are not the covariates as modelled. lalonde614: 1214.07, HC2 827.76.
    """
    y, member = np.asarray(y, dtype=float), np.asarray(program, dtype=bool)
    ready = _prepare(y, covariates, member, estimator, shown or (covariates, names))
    if isinstance(ready, Estimate):
        return ready
    sd, df = pooled_sd(y[member], y[~member])
    return two_groups_contrast(
        y, member, estimator=estimator, estimand="att", clusters=clusters,
        weights=ready.fit.weights, sd=sd, sd_df=df, details=ready.details, warnings=ready.notes,
    )  # fmt: skip


def aipw(
    y: ArrayLike, covariates: ArrayLike, program: ArrayLike, *,
    clusters: ArrayLike | None = None, names: Sequence[str] | None = None,
    shown: tuple[Array, list[str]] | None = None, estimator: str = "aipw",
) -> Estimate:  # fmt: skip
    """Doubly robust effect on the treated: right if either the chance to take part or the outcome
    of the comparison group is modelled well.

    The outcome model is least squares in the comparison group; att = mean over the treated of
    (y - m) minus the Hajek-weighted mean of the comparison's residuals. Its error comes from the
    influence function that includes both models' estimation (stacked estimating equations), summed
    by cluster. shown: as in ipw. lalonde614: 1231.044.
    """
    y, member = np.asarray(y, dtype=float), np.asarray(program, dtype=bool)
    ready = _prepare(y, covariates, member, estimator, shown or (covariates, names))
    if isinstance(ready, Estimate):
        return ready
    x = design(covariates, len(y))
    if not can_model(x, ~member):
        reason = _("too few comparison persons to model their outcome with these covariates")
        return not_estimated(estimator, "att", reason, details=ready.details)
    att, influence = att_influence(y, x, member, ready.fit)
    regression, _influence = att_influence(y, x, member, None)
    found = from_influence(
        att, influence, member, k=x.shape[1], clusters=clusters, estimator=estimator,
        details=ready.details | {"att_regression": regression}, warnings=ready.notes,
    )  # fmt: skip
    sd, sd_df = pooled_sd(y[member], y[~member])
    return replace(found, sd=sd, sd_df=sd_df)


def design(covariates: ArrayLike, n: int) -> Array:
    """A constant and the covariates (n, p), standardised: no estimate depends on their scale."""
    z = np.asarray(covariates, dtype=float).reshape(n, -1)
    return np.column_stack([np.ones(n), standardised(z)])


def can_model(x: Array, rows: NDArray[np.bool_]) -> bool:
    """Whether a least-squares fit on these rows of x (n, k) has one solution and residuals."""
    k = x.shape[1]
    return bool(rows.sum() > k + 1 and np.linalg.matrix_rank(x[rows]) == k)


def from_influence(
    att: float, influence: Array, member: NDArray[np.bool_], *, k: int, estimator: str,
    clusters: ArrayLike | None = None, details: dict | None = None, warnings: tuple[str, ...] = (),
    persons: tuple[int, int] | None = None,
) -> Estimate:  # fmt: skip
    """An effect on the treated whose error is that of a mean of influences (n,), by cluster.

    k: coefficients of the outcome model. persons: (program, comparison) where rows are not persons.
    No p-value under 4 clusters in an arm.
    """
    found, few = {**(details or {}), "errors": "influence function"}, None
    code = np.arange(len(member))
    if clusters is not None:
        code = np.unique(np.asarray(clusters), return_inverse=True)[1]
        arms = [len(np.unique(code[member])), len(np.unique(code[~member]))]
        found["clusters"] = arms
        few = too_few_clusters(arms)
    error, df = _influence_error(influence, member, code, k)
    if clusters is not None and few is None:
        warnings = (*warnings, *few_df_note(df))
    reason = few
    if not error > 1e-12 * max(1.0, abs(att)):
        reason = few or _("all values are the same, so no uncertainty can be computed")
    n_program, n_comparison = persons or (int(member.sum()), int((~member).sum()))
    return Estimate(
        estimator, "att", n_program, n_comparison, att, error, df, inference=reason is None,
        details=found, warnings=warnings, reason=reason,
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
    if not total > 0:
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


@dataclass(frozen=True, slots=True)
class Ready:
    """A usable propensity model with what is told of it."""

    fit: Propensity
    details: dict
    notes: tuple[str, ...]


def why_no_propensity(failure: Failure) -> str:
    """A failed propensity model in words."""
    if failure == "separation":
        return _("the covariates tell the two groups apart completely: there is no overlap")
    return _("the model of who is in the program did not converge")


def prepare(
    covariates: ArrayLike, member: NDArray[np.bool_], shown: tuple[ArrayLike, Sequence[str] | None]
) -> Ready | Failure:
    """The propensity model on covariates (n, p), its balance in the columns shown, and warnings."""
    fit = propensity(np.asarray(covariates, dtype=float).reshape(len(member), -1), member)
    if isinstance(fit, str):
        return fit
    columns = np.asarray(shown[0], dtype=float).reshape(len(member), -1)
    labels = shown[1] if shown[1] is not None else [f"x{i}" for i in range(columns.shape[1])]
    balance = diagnose_balance(columns, labels, member, fit.weights)
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
    return Ready(fit, details, tuple(notes))


def _prepare(
    y: Array, covariates: ArrayLike, member: NDArray[np.bool_], estimator: str,
    shown: tuple[ArrayLike, Sequence[str] | None],
) -> Ready | Estimate:  # fmt: skip
    if reason := two_few(member):
        return not_estimated(estimator, "att", reason)
    ready = prepare(covariates, member, shown)
    if isinstance(ready, str):
        return not_estimated(estimator, "att", why_no_propensity(ready))
    return ready
