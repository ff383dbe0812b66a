"""Indices that agencies know: IKM, NPS, competency gap (JPM), and importance-performance.

Bands come from standards.yml beside this module, dated and cited.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from evaluasi_lib.scoring.standards import standards

Quadrant = Literal["keep_up", "concentrate", "low_priority", "overkill"]


def band(value: float, table: list[dict[str, Any]]) -> dict[str, Any]:
    """The row of a table (from best to worst, key `from`) in which a value falls."""
    return next((row for row in table if value >= row["from"]), table[-1])


@dataclass(frozen=True, slots=True)
class Ikm:
    """index: 25-100, two decimals as the regulation rounds it; grade A-D. grade_with_011: the grade
    that the wrong weight 0.11 in place of 1/9 would give."""

    index: float
    grade: str
    per_item: tuple[float, ...]
    n: int
    grade_with_011: str

    @property
    def weight_matters(self) -> bool:
        return self.grade != self.grade_with_011


def ikm(answers: ArrayLike, bands: list[dict[str, Any]] | None = None) -> Ikm:
    """Indeks Kepuasan Masyarakat of items (n, k) answered 1-4 (PermenPANRB 14/2017): the mean of
    the item means, each with weight 1/k, times 25. Raises ValueError for values outside 1-4."""
    x = np.asarray(answers, dtype=float)
    known = x[~np.isnan(x)]
    if known.size == 0 or known.min() < 1 or known.max() > 4:
        raise ValueError("an IKM needs answers on a scale of 1 to 4")
    items = np.array([column[~np.isnan(column)].mean() for column in x.T])
    table = bands or standards()["ikm"]["bands"]
    wrong = 0.11 if len(items) == 9 else math.floor(100 / len(items)) / 100
    index = _half_up(float(items.mean()) * 25, 2)
    return Ikm(
        index=index,
        grade=str(band(index, table)["grade"]),
        per_item=tuple(float(v) for v in items),
        n=len(x),
        grade_with_011=str(band(_half_up(float(items.sum()) * wrong * 25, 2), table)["grade"]),
    )


def _half_up(value: float, digits: int) -> float:
    """Commercial rounding, as the regulation's worked examples do (not to even)."""
    return math.floor(value * 10**digits + 0.5 + 1e-9) / 10**digits


@dataclass(frozen=True, slots=True)
class Nps:
    """score: share of promoters minus share of detractors, -1 to 1, with its 95% interval."""

    score: float
    ci_low: float
    ci_high: float
    promoters: int
    passives: int
    detractors: int


def nps(answers: ArrayLike) -> Nps | None:
    """Net promoter score of answers 0-10 (n,): 9-10 promote, 0-6 detract. The interval is Wald's of
    a difference of two shares of one sample. None without answers; ValueError outside 0-10."""
    y = np.asarray(answers, dtype=float)
    y = y[~np.isnan(y)]
    if not len(y):
        return None
    if y.min() < 0 or y.max() > 10:
        raise ValueError("a net promoter score needs answers from 0 to 10")
    up, down, n = int(np.sum(y >= 9)), int(np.sum(y <= 6)), len(y)
    p, q = up / n, down / n
    half = float(stats.norm.ppf(0.975)) * math.sqrt(max(p + q - (p - q) ** 2, 0) / n)
    return Nps(p - q, max(-1, p - q - half), min(1, p - q + half), up, n - up - down, down)


@dataclass(frozen=True, slots=True)
class Attainment:
    """Competency level against the level that the job requires (JPM). mean_gap: held less
    required; mean_pct: held / required x 100, each competency capped at 100; below_share: persons
    whose mean level is under the required one; bands: persons by their own percentage."""

    n: int
    mean_gap: float
    mean_pct: float
    below_share: float
    bands: dict[str, int]


def attainment(level: ArrayLike, required: ArrayLike) -> Attainment | None:
    """Job-person match of levels (n,) or (n, competencies), and required levels (n,), 1-5
    (PermenPANRB 38/2017). Bands: 90 and over optimal, 78 to under 90 fairly, under 78 less (BRIN
    3/2023). None without a person whose two levels are known."""
    need = np.asarray(required, dtype=float)
    held = np.asarray(level, dtype=float).reshape(len(need), -1)
    known = ~np.isnan(held).all(axis=1) & ~np.isnan(need) & (need > 0)
    if not known.any():
        return None
    held, need = held[known], need[known]
    pct = np.nanmean(np.minimum(held / need[:, None], 1.0), axis=1) * 100
    mean = np.nanmean(held, axis=1)
    table = standards()["jpm"]["bands"]
    names = [band(float(value), table)["grade"] for value in pct]
    return Attainment(
        n=len(held),
        mean_gap=float(np.mean(mean - need)),
        mean_pct=float(pct.mean()),
        below_share=float(np.mean(mean < need)),
        bands={row["grade"]: names.count(row["grade"]) for row in table},
    )


@dataclass(frozen=True, slots=True)
class IpaItem:
    """quadrant by the grand means; quadrant_midpoint by the scales' midpoints, None where the
    importance has none; switches: the two disagree."""

    performance: float
    importance: float
    quadrant: Quadrant
    quadrant_midpoint: Quadrant | None

    @property
    def switches(self) -> bool:
        return self.quadrant_midpoint is not None and self.quadrant_midpoint != self.quadrant


@dataclass(frozen=True, slots=True)
class Ipa:
    """The items in their order, and the crosshair of grand means."""

    items: tuple[IpaItem, ...]
    cross_performance: float
    cross_importance: float


def importance_performance(
    performance: ArrayLike,
    importance: ArrayLike,
    *,
    midpoint_performance: float | None = None,
    midpoint_importance: float | None = None,
) -> Ipa:
    """Martilla and James (1977) of mean performance (k,) and importance (k,) of each item.

    The crosshair is the unweighted mean over the items; a tie counts as high. Give the midpoints of
    both scales to see which items would move.
    """
    perf, imp = np.asarray(performance, dtype=float), np.asarray(importance, dtype=float)
    cross_p, cross_i = float(perf.mean()), float(imp.mean())
    both = midpoint_performance is not None and midpoint_importance is not None
    items = tuple(
        IpaItem(
            float(p), float(i), _quadrant(p, i, cross_p, cross_i),
            _quadrant(p, i, float(midpoint_performance or 0), float(midpoint_importance or 0))
            if both else None,
        )
        for p, i in zip(perf, imp, strict=True)
    )  # fmt: skip
    return Ipa(items, cross_p, cross_i)


def _quadrant(performance: float, importance: float, cross_p: float, cross_i: float) -> Quadrant:
    if importance >= cross_i:
        return "keep_up" if performance >= cross_p else "concentrate"
    return "overkill" if performance >= cross_p else "low_priority"


def derived_importance(
    answers: ArrayLike, overall: ArrayLike, method: Literal["pearson", "spearman"] = "pearson"
) -> tuple[float, ...]:
    """Importance of each item (n, k) as its correlation with an overall judgement (n,), pairwise:
    where nobody was asked how important the items are."""
    x, y = np.asarray(answers, dtype=float), np.asarray(overall, dtype=float)
    out = []
    for column in x.T:
        known = ~np.isnan(column) & ~np.isnan(y)
        how = stats.pearsonr if method == "pearson" else stats.spearmanr
        out.append(float(how(column[known], y[known]).statistic))
    return tuple(out)
