"""Comparison groups made alike by weights: inverse probability, and doubly robust."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evaluasi_lib.measures import Cell
from evaluasi_lib.scoring.estimate import (
    Estimate,
    Failure,
    fit_logit,
    say,
    standardised,
    with_errors,
)
from evaluasi_lib.wording import number, percent

Array = NDArray[np.float64]
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
