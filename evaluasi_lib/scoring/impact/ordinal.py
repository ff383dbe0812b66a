"""Ordered outcomes: how often the one is above the other, without distances between the steps.

Every estimate is a net share of persons, from -1 to 1: the share above minus the share below.
Half of it plus one half is the probability of superiority.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evaluasi_lib.scoring.impact.designs import did, drdid
from evaluasi_lib.scoring.impact.estimate import (
    Estimand,
    Estimate,
    mean_contrast,
    not_estimated,
    pooled_sd,
    two_few,
    two_groups_contrast,
)

Array = NDArray[np.float64]


def superiority(
    y: ArrayLike, program: ArrayLike, *, clusters: ArrayLike | None = None,
    estimand: Estimand = "ate", estimator: str = "superiority",
) -> Estimate:  # fmt: skip
    """Net share of the program's persons above those of the comparison (Cliff's delta).

    Its error is that of a difference of mean placements, the place of each person among the other
    group (Brunner and Munzel 2000, with their df); CR2 within clusters. Limits beyond -1 and 1 are
    cut off there, which changes neither coverage nor the test. sd_outcome in details is the pooled
    SD of the placements, in net shares.
    """
    y, member = np.asarray(y, dtype=float), np.asarray(program, dtype=bool)
    if reason := two_few(member):
        return not_estimated(estimator, estimand, reason)
    placement = np.empty(len(y))
    placement[member] = _net_place(y[member], y[~member])
    placement[~member] = _net_place(y[~member], y[member])
    # A group's mean placement is delta, the other's minus delta: half their difference is delta,
    # and its variance adds up what each group contributes.
    found = two_groups_contrast(
        placement / 2, member, estimator=estimator, estimand=estimand, clusters=clusters,
    )  # fmt: skip
    error = None if found.std_error is None else found.std_error * 2
    sd, _df = pooled_sd(placement[member], placement[~member])
    return replace(
        found, std_error=error, bounds=(-1.0, 1.0), details={"sd_outcome": sd},
    )  # fmt: skip


def _net_place(values: Array, others: Array) -> Array:
    """Share of the others below minus share above, for each value."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values, side="left")
    above = len(ordered) - np.searchsorted(ordered, values, side="right")
    return (below - above) / len(ordered)


def net_rise(
    after: ArrayLike, before: ArrayLike, program: ArrayLike | None = None, *,
    covariates: ArrayLike | None = None, shown: tuple[Array, list[str]] | None = None,
    clusters: ArrayLike | None = None, estimator: str = "net_rise",
) -> Estimate:  # fmt: skip
    """Share of persons who rose minus share who fell, of one group or, with program (n,), in the
    program minus the comparison: a difference in differences that uses order alone, with
    covariates (n, p) doubly robust as drdid. sd_outcome in details: SD of -1, 0, 1 over persons."""
    moved = np.sign(np.asarray(after, dtype=float) - np.asarray(before, dtype=float))
    if program is not None:
        still = np.zeros(len(moved))
        how: dict[str, Any] = {"clusters": clusters, "estimator": estimator}
        if covariates is None:
            found = did(moved, still, program, **how)
        else:
            found = drdid(moved, still, program, covariates, shown=shown, **how)
        details = found.details | {"sd_outcome": found.sd}
        return replace(found, sd=None, sd_df=None, bounds=(-2.0, 2.0), details=details)
    spread = float(moved.std(ddof=1)) if len(moved) > 1 else None
    found = mean_contrast(
        moved, estimator=estimator, clusters=clusters, details={"sd_outcome": spread}
    )
    return replace(found, bounds=(-1.0, 1.0))
