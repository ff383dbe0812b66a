"""Two groups measured afterwards: randomised, or compared as they are.

The unadjusted difference is the primary estimate of a randomised design; the adjusted one is its
companion, and ANCOVA uses the measure before the program.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from evaluasi_lib.scoring.impact.contrast import linear_contrast, two_groups_contrast
from evaluasi_lib.scoring.impact.estimate import Estimand, Estimate, not_estimated, pooled_sd
from evaluasi_lib.wording import _

MIN_PERSONS = 2


def two_few(program: np.ndarray) -> str | None:
    """The reason why two groups cannot be compared, or None."""
    if min(program.sum(), (~program).sum()) < MIN_PERSONS:
        return _("at least {n} persons with an answer are needed in each group").format(
            n=MIN_PERSONS
        )
    return None


def difference(
    y: ArrayLike,
    program: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    estimand: Estimand = "ate",
    estimator: str = "difference",
) -> Estimate:
    """Mean of y (n,) in the program minus that of the comparison; program (n,) is true or false.

    Ordinary least squares on the group with HC2 errors and Welch's df, which is Welch's t test.
    NSW (Dehejia-Wahba) gives 1794.342 with HC2 670.997 and classical 632.853.
    """
    y, member = np.asarray(y, dtype=float), np.asarray(program, dtype=bool)
    if reason := two_few(member):
        return not_estimated(estimator, estimand, reason)
    sd, df = pooled_sd(y[member], y[~member])
    means = {"mean_program": float(y[member].mean()), "mean_comparison": float(y[~member].mean())}
    return two_groups_contrast(
        y, member, estimator=estimator, estimand=estimand, clusters=clusters, weights=weights,
        sd=sd, sd_df=df, details=means,
    )  # fmt: skip


def adjusted(
    y: ArrayLike,
    program: ArrayLike,
    covariates: ArrayLike,
    *,
    interacted: bool = False,
    clusters: ArrayLike | None = None,
    estimand: Estimand = "ate",
    estimator: str = "adjusted",
) -> Estimate:
    """Difference given covariates (n, p) measured before the program; full rank with the group.

    interacted: Lin (2013), centred covariates crossed with the group, which in a large randomised
    sample cannot be less precise than no adjustment. Without: ANCOVA. Agrees with R lm and sandwich
    (HC2) on NSW (1676.343) and JOBS II (-0.0486, Lin -0.0480).
    """
    y, member = np.asarray(y, dtype=float), np.asarray(program, dtype=bool)
    if reason := two_few(member):
        return not_estimated(estimator, estimand, reason)
    z = np.asarray(covariates, dtype=float).reshape(len(y), -1)
    z = z - z.mean(axis=0)
    x = np.column_stack([np.ones(len(y)), member, z])
    if interacted:
        x = np.column_stack([x, z * member[:, None]])
    if len(y) <= x.shape[1] + 2 or np.linalg.matrix_rank(x) < x.shape[1]:
        return not_estimated(
            estimator,
            estimand,
            _("too few persons for so many covariates, or these leave no choice"),
        )
    sd, df = pooled_sd(y[member], y[~member])
    return linear_contrast(
        x, y, 1, estimator=estimator, estimand=estimand, program=member, clusters=clusters,
        sd=sd, sd_df=df,
    )  # fmt: skip


def ancova(
    y: ArrayLike,
    baseline: ArrayLike,
    program: ArrayLike,
    covariates: ArrayLike | None = None,
    *,
    clusters: ArrayLike | None = None,
    estimand: Estimand = "ate",
    estimator: str = "ancova",
) -> Estimate:
    """Difference given the same measure before, baseline (n,), and covariates (n, p)."""
    columns = [np.asarray(baseline, dtype=float)]
    if covariates is not None and np.size(covariates):
        columns.append(np.asarray(covariates, dtype=float))
    return adjusted(
        y, program, np.column_stack(columns), clusters=clusters, estimand=estimand,
        estimator=estimator,
    )  # fmt: skip
