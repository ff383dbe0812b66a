"""Weights that make the answers look like the population: for non-response, not for luck.

No kept library was found (ipfn changes frames in place and gives no errors), so raking is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evaluasi_lib.scoring.items import design_effect, effective_n

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weights:
    """per_row (n,) that sum to the number of rows; deff: Kish; converged: margins met."""

    per_row: Array
    deff: float
    n_effective: float
    converged: bool
    left_out: tuple[str, ...] = ()


def rake(
    rows: pd.DataFrame,
    margins: Mapping[str, Mapping[str, float]],
    *,
    start: ArrayLike | None = None,
    tolerance: float = 1e-12,
    max_rounds: int = 500,
) -> Weights:
    """Iterative proportional fitting of the rows to population margins {variable: {value: number}}.

    Values are compared as text. A population value nobody of the sample has cannot be filled: its
    share is spread over the others and it is named in left_out. Rows with a missing value keep
    their weight in that variable. One variable: post-stratification. Agrees with R survey::rake.
    """
    n = len(rows)
    w = np.ones(n) if start is None else np.array(start, dtype=float)
    steps, left_out = [], []
    for variable, counts in margins.items():
        text = rows[variable].astype("object").map(lambda v: None if pd.isna(v) else str(v))
        present = {value: number for value, number in counts.items() if (text == value).any()}
        left_out += [f"{variable}={value}" for value in counts if value not in present]
        known = text.isin(list(present)).to_numpy(dtype=bool)
        total = sum(present.values())
        cells = [((text == value).to_numpy(dtype=bool), k / total) for value, k in present.items()]
        steps.append((known, cells))
    w *= n / w.sum()
    converged = False
    for _round in range(max_rounds):
        before = w.copy()
        for known, cells in steps:
            whole = w[known].sum()
            for cell, share in cells:
                w[cell] *= share * whole / w[cell].sum()
        w *= n / w.sum()
        if np.max(np.abs(w - before)) < tolerance:
            converged = True
            break
    return Weights(w, design_effect(w), effective_n(w), converged, tuple(left_out))


def raked_mean(
    y: ArrayLike, rows: pd.DataFrame, margins: Mapping[str, Mapping[str, float]], weights: Array
) -> tuple[float, float]:
    """Mean of y (n,) under raked weights and its linearised error: residuals of the
    regression on all margin indicators, as R survey::svymean of a raked design."""
    y, n = np.asarray(y, dtype=float), len(rows)
    mean = float(np.average(y, weights=weights))
    score = (y - mean) / weights.sum()
    text = {variable: rows[variable].astype(str).to_numpy() for variable in margins}
    cells = [text[v] == value for v, values in margins.items() for value in values]
    x = np.column_stack([np.ones(n), *(cell.astype(float) for cell in cells)])
    beta = np.linalg.lstsq(x, score, rcond=None)[0]
    residual = weights * (score - x @ beta)
    return mean, float(np.sqrt(n / (n - 1) * np.sum((residual - residual.mean()) ** 2)))
