"""Difference in differences: two groups, before and after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from linearmodels.panel import PanelOLS
from numpy.typing import ArrayLike

from evaluasi_lib.scoring.impact.contrast import linear_contrast, two_groups_contrast, unlinked_note
from evaluasi_lib.scoring.impact.estimate import Estimate, not_estimated, pooled_sd
from evaluasi_lib.scoring.impact.groups import two_few


def did(
    after: ArrayLike, before: ArrayLike, program: ArrayLike, *,
    clusters: ArrayLike | None = None, weights: ArrayLike | None = None, estimator: str = "did",
) -> Estimate:  # fmt: skip
    """Change of the program's persons minus that of the comparison's; all arrays (n,), persons
    measured twice. The same as two-way fixed effects on the balanced panel.

    The effect size divides by the pooled SD afterwards (WWC), not by the SD of the changes.
    """
    after, before = np.asarray(after, dtype=float), np.asarray(before, dtype=float)
    member = np.asarray(program, dtype=bool)
    if reason := two_few(member):
        return not_estimated(estimator, "att", reason)
    sd, df = pooled_sd(after[member], after[~member])
    details = {
        f"mean_{when}_{group}": float(values[rows].mean())
        for group, rows in (("program", member), ("comparison", ~member))
        for when, values in (("before", before), ("after", after))
    }
    return two_groups_contrast(
        after - before, member, estimator=estimator, estimand="att", clusters=clusters,
        weights=weights, sd=sd, sd_df=df, details=details,
    )  # fmt: skip


def did_repeated(
    y: ArrayLike, program: ArrayLike, later: ArrayLike, *, clusters: ArrayLike | None = None,
    estimator: str = "did_repeated",
) -> Estimate:  # fmt: skip
    """Difference in differences of independent samples: y, program, later (n,) are rows of both
    waves. n counts the rows afterwards."""
    y = np.asarray(y, dtype=float)
    member, late = np.asarray(program, dtype=bool), np.asarray(later, dtype=bool)
    for wave in (late, ~late):
        if reason := two_few(member[wave]):
            return not_estimated(estimator, "att", reason)
    sd, df = pooled_sd(y[member & late], y[~member & late])
    details = {
        f"mean_{when}_{group}": float(y[rows & time].mean())
        for group, rows in (("program", member), ("comparison", ~member))
        for when, time in (("before", ~late), ("after", late))
    }
    return linear_contrast(
        np.column_stack([np.ones(len(y)), member, late, member & late]), y, 3, estimator=estimator,
        estimand="att", program=member, clusters=clusters, sd=sd, sd_df=df, details=details,
        persons=(int((member & late).sum()), int((~member & late).sum())),
        warnings=(unlinked_note(),),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PanelFit:
    """Coefficients of a fixed-effects model by name, with their errors, p-values and intervals."""

    coef: dict[str, float]
    std_error: dict[str, float]
    p_value: dict[str, float]
    ci_low: dict[str, float]
    ci_high: dict[str, float]
    df: float
    r2_within: float
    n: int
    n_entities: int


def fixed_effects(
    data: pd.DataFrame,
    y: str,
    regressors: list[str],
    *,
    entity: str,
    time: str,
    time_effects: bool = False,
    errors: str = "classical",
) -> PanelFit:
    """Within estimator on a long panel: one row for each entity and time, rows with gaps left out.

    regressors: columns of data; time indicators either among them or by time_effects. errors:
    "classical" (df n - N - k), or "cluster" (by entity, G/(G-1) (n-1)/(n-k); the absorbed
    effects lie within clusters and do not count in k, as plm's "sss"). Wooldridge's Example 14.1
    (JTRAIN, scrap rates): grant -.252 (.151), grant_1 -.422 (.210); agrees with R plm.
    """
    if errors not in ("classical", "cluster"):
        raise ValueError(f"unknown errors {errors!r}")
    frame = data[[entity, time, y, *regressors]].dropna().set_index([entity, time])
    model = PanelOLS(
        frame[y].astype(float), frame[regressors].astype(float), entity_effects=True,
        time_effects=time_effects, drop_absorbed=True,
    )  # fmt: skip
    if errors == "classical":
        fit = model.fit(cov_type="unadjusted")
    else:
        fit = model.fit(cov_type="clustered", cluster_entity=True, group_debias=True)
    bounds = fit.conf_int()

    def named(values: pd.Series) -> dict[str, float]:
        return {str(name): float(value) for name, value in values.items()}

    return PanelFit(
        coef=named(fit.params),
        std_error=named(fit.std_errors),
        p_value=named(fit.pvalues),
        ci_low=named(bounds["lower"]),
        ci_high=named(bounds["upper"]),
        df=float(fit.df_resid),
        r2_within=float(fit.rsquared_within),
        n=int(fit.nobs),
        n_entities=int(fit.entity_info["total"]),
    )
