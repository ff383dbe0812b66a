"""From items to scores, how reliable they are, and for whom they speak: functions on arrays."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.multivariate.factor import Factor
from statsmodels.stats.proportion import proportion_confint

from evaluasi_lib.wording import _, number

Array = NDArray[np.float64]
LEVEL = 0.95  # of intervals
RAKING_ROUNDS, RAKING_TOLERANCE = 500, 1e-12
IMPROPER = 0.0051  # a unique variance this small stands at the edge of what is possible


def score_items(answers: ArrayLike, min_answered_share: float = 2 / 3) -> Array:
    """Mean of the answered items of each row (n, items) -> (n,); NaN where fewer than
    min_answered_share of the items were answered (at least one always is)."""
    answers = np.asarray(answers, dtype=float)
    answered = np.sum(~np.isnan(answers), axis=1)
    needed = max(1, math.ceil(min_answered_share * answers.shape[1] - 1e-9))
    total = np.nansum(answers, axis=1)
    return np.where(answered >= needed, total / np.maximum(answered, 1), np.nan)


def rescale_100(value: float, low: float, high: float) -> float:
    """0 at the lowest, 100 at the highest possible value."""
    return (value - low) / (high - low) * 100


def wilson(part: float, whole: float) -> tuple[float, float]:
    """Wilson's 95% interval of a share, without continuity correction (R prop.test)."""
    low, high = proportion_confint(part, whole, alpha=1 - LEVEL, method="wilson")
    return float(low), float(high)


def share_of(n: int, whole: int) -> dict[str, Any]:
    """n, share, ci_low, ci_high of n out of `whole`; without anybody a reason instead."""
    if whole == 0:
        return {"n": n, "share": None, "reason": "no_answers"}
    low, high = wilson(n, whole)
    return {"n": n, "share": n / whole, "ci_low": low, "ci_high": high}


def top2_share(answers: ArrayLike, high: float) -> tuple[float, int] | None:
    """(share, n answers) of answers at the two highest points of their scale; None without any."""
    y = np.asarray(answers, dtype=float)
    y = y[~np.isnan(y)]
    return (float(np.mean(y >= high - 1)), len(y)) if len(y) else None


@dataclass(frozen=True, slots=True)
class Weights:
    """per_row (n,), which sum to the number of rows; left_out: (variable, value) of nobody here."""

    per_row: Array
    left_out: tuple[tuple[str, str], ...] = ()


def rake(rows: pd.DataFrame, margins: Mapping[str, Mapping[str, float]]) -> Weights:
    """Iterative proportional fitting of the rows to population margins {variable: {value: number}}.

    Values are compared as text. A population value nobody of the sample has cannot be filled: its
    share is spread over the others and it is named in left_out. Rows with a missing value keep
    their weight in that variable. One variable: post-stratification. Agrees with R survey::rake.
    No kept library was found (ipfn changes frames in place and gives no errors).
    """
    n = len(rows)
    w = np.ones(n)
    steps, left_out = [], []
    for variable, counts in margins.items():
        text = rows[variable].astype("object").map(lambda v: None if pd.isna(v) else str(v))
        present = {value: number for value, number in counts.items() if (text == value).any()}
        left_out += [(variable, value) for value in counts if value not in present]
        known, total = text.isin(list(present)).to_numpy(dtype=bool), sum(present.values())
        cells = [((text == value).to_numpy(dtype=bool), k / total) for value, k in present.items()]
        steps.append((known, cells))
    for _round in range(RAKING_ROUNDS):
        before = w.copy()
        for known, cells in steps:
            whole = w[known].sum()
            for cell, share in cells:
                w[cell] *= share * whole / w[cell].sum()
        w *= n / w.sum()
        if np.max(np.abs(w - before)) < RAKING_TOLERANCE:
            break
    return Weights(w, tuple(left_out))


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


def diagnose_reliability(answers: ArrayLike) -> Reliability | None:
    """Reliability of items (n, items), reversed items already turned; listwise.

    None with fewer than 2 items that vary, or too few complete persons (n <= items + 1, where the
    covariance matrix means nothing). Agrees with R psych::alpha (raw and standardised alpha with
    Feldt's (1965) 95% interval, corrected item-rest r, alpha if deleted) and lavaan's one-factor
    ML model for omega.
    """
    x = np.asarray(answers, dtype=float)
    x = x[~np.isnan(x).any(axis=1)]
    n, k = x.shape
    varies = x.std(axis=0) > 0 if n else np.zeros(k, dtype=bool)
    if n <= k + 1 or n < 3 or varies.sum() < 2:
        return None
    cov = np.cov(x, rowvar=False)
    alpha = cronbach_alpha(cov)
    if alpha is None:
        return None
    # Feldt: (1 - alpha) / (1 - true) follows F(n-1, (n-1)(k-1)).
    tail = (1 - LEVEL) / 2
    low, high = 1 - (1 - alpha) * stats.f.ppf([1 - tail, tail], n - 1, (n - 1) * (k - 1))
    total = x.sum(axis=1)
    rest = np.zeros(k)
    uneven = (total[:, None] - x).std(axis=0) > 1e-9  # answers may add up to the same for everybody
    for i in np.flatnonzero(varies & uneven):
        rest[i] = np.corrcoef(x[:, i], total - x[:, i])[0, 1]
    others = [np.delete(np.arange(k), i) for i in range(k)]
    standard = cronbach_alpha(np.corrcoef(x[:, varies], rowvar=False))
    return Reliability(
        n=n,
        n_items=k,
        alpha=alpha,
        alpha_ci_low=float(low),
        alpha_ci_high=float(high),
        alpha_std=alpha if standard is None else standard,
        omega_total=omega_total(np.cov(x[:, varies], rowvar=False)),
        item_rest=tuple(rest.tolist()),
        alpha_if_deleted=tuple(cronbach_alpha(cov[np.ix_(kept, kept)]) for kept in others),
    )


def cronbach_alpha(cov: Array) -> float | None:
    """k/(k-1) (1 - trace/sum) of a covariance matrix (k, k); of a correlation matrix it is the
    standardised alpha. None with one item, or where the sum score does not vary."""
    k, total = len(cov), float(cov.sum())
    return None if total <= 0 or k < 2 else k / (k - 1) * (1 - float(np.trace(cov)) / total)


def omega_total(cov: ArrayLike) -> float | None:
    """McDonald's omega of a one-factor maximum likelihood model of a covariance matrix (k, k):
    (sum loadings)^2 / ((sum loadings)^2 + sum unique variances).

    A model with free unique variances needs 3 items; with 2 omega is not identified: None. None
    also where the solution is improper (a unique variance at zero). Agrees with lavaan::cfa
    (covariances) and factanal (correlations).
    """
    cov = np.asarray(cov, dtype=float)
    k = len(cov)
    scale = np.sqrt(np.diag(cov))
    corr = cov / np.outer(scale, scale)
    if k < 3 or np.linalg.eigvalsh(corr)[0] < 1e-8:
        return None
    # factanal's start; without one statsmodels draws it by lot.
    unique = np.clip((1 - 0.5 / k) / np.diag(np.linalg.inv(corr)), 0.01, 0.99)
    values, vectors = np.linalg.eigh(corr / np.sqrt(np.outer(unique, unique)))
    loading = np.sqrt(unique * max(values[-1] - 1, 0.01)) * vectors[:, -1]
    with warnings.catch_warnings():  # of an improper solution, and of the last digits
        warnings.simplefilter("ignore")
        fit = Factor(corr=corr, n_factor=1, method="ml").fit(
            start=(loading[:, None], unique), opt={"gtol": 1e-10}
        )
    if fit.uniqueness.min() < IMPROPER:
        return None
    common = float((fit.loadings[:, 0] * scale).sum() ** 2)
    return common / (common + float(np.sum(fit.uniqueness * scale**2)))


def describe_reliability(found: Reliability | None, min_alpha: float = 0.7) -> str:
    """What the reliability means, in one or two sentences."""
    if found is None:
        return _(
            "Reliability cannot be computed: it needs two items that vary, and more complete "
            "answers than items."
        )
    if found.alpha > 0.95:
        text = _("α = {alpha}: so high that some items say the same thing twice.")
    elif found.alpha >= 0.8:
        text = _("α = {alpha}: good.")
    elif found.alpha >= min_alpha:
        text = _("α = {alpha}: acceptable.")
    else:
        text = _("α = {alpha}: too low to rely on the score; look at its items one by one.")
    sentence = text.format(alpha=number(found.alpha, 2))
    return sentence + " " + _("A high α is no proof of a single dimension.")
