"""One coefficient of a linear model as an Estimate, with the errors that the data ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evaluasi_lib.scoring.impact.estimate import Estimand, Estimate, not_estimated
from evaluasi_lib.scoring.impact.linear import Errors, fit_linear, reference_errors
from evaluasi_lib.wording import _

MIN_PAIRS = 3
MIN_CLUSTERS = 4  # in an arm; with fewer no method here controls the error rate
FEW_DF = 4.0  # Satterthwaite df under which t tests are unreliable (Tipton 2015)


def too_few_clusters(arms: Sequence[int]) -> str | None:
    """The reason why the clusters in each arm are too few for a p-value, or None."""
    if min(arms) >= MIN_CLUSTERS:
        return None
    return _(
        "only {n} clusters in one group: too few for a p-value or an interval; at least {least} "
        "are needed"
    ).format(n=min(arms), least=MIN_CLUSTERS)


def few_df_note(df: float) -> tuple[str, ...]:
    """The warning where clusters leave so few degrees of freedom that the simulation study
    (docs/validity.md) finds error rates at or outside their limits."""
    if df >= FEW_DF:
        return ()
    return (
        _("The few or unequal clusters leave hardly any degrees of freedom; the p-value and the "
          "interval are approximate."),
    )  # fmt: skip


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def linear_contrast(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    column: int,
    *,
    estimator: str,
    estimand: Estimand,
    program: NDArray[np.bool_],
    clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    two_groups: bool = True,
    persons: tuple[int, int | None] | None = None,
    sd: float | None = None,
    sd_df: float | None = None,
    details: dict[str, Any] | None = None,
    warnings: tuple[str, ...] = (),
) -> Estimate:
    """Coefficient `column` of y (n,) on x (n, k). program (n,): which rows are the program's.

    Without clusters: HC2 with Bell-McCaffrey df; with them CR2 with Satterthwaite df, and no
    p-value under 4 clusters in an arm. details hold the other errors for reference: se_classical,
    se_hc2, se_cr1. persons: (program, comparison) where rows are not persons.
    """
    errors: Errors = "HC2" if clusters is None else "CR2"
    fit = fit_linear(x, y, errors=errors, clusters=clusters, weights=weights)
    found = dict(details or {})
    found["errors"] = errors
    others = reference_errors(x, y, column, clusters=clusters, weights=weights)
    found |= {name: _finite(value) for name, value in others.items()}
    notes, inference, reason = list(warnings), True, None
    if clusters is not None:
        code = np.asarray(clusters)
        arms = [len(np.unique(code[program]))]
        if two_groups:
            arms.append(len(np.unique(code[~program])))
        found["clusters"] = arms
        reason = too_few_clusters(arms)
        if reason is not None:
            inference = False
            notes.append(reason)
        else:
            notes += few_df_note(float(fit.df[column]))
    error, df = _finite(fit.std_error[column]), _finite(fit.df[column])
    if not error or not df or error < 1e-12 * max(1.0, abs(float(fit.coef[column]))):
        inference, error = False, None
        reason = reason or _("all values are the same, so no uncertainty can be computed")
    n_program = int(program.sum())
    n_comparison = int((~program).sum()) if two_groups else None
    if persons is not None:
        n_program, n_comparison = persons
    return Estimate(
        estimator=estimator,
        estimand=estimand,
        n_program=n_program,
        n_comparison=n_comparison,
        estimate=float(fit.coef[column]),
        std_error=error,
        df=df,
        sd=sd,
        sd_df=sd_df,
        inference=inference,
        details=found,
        warnings=tuple(notes),
        reason=reason,
    )


def mean_contrast(
    y: NDArray[np.float64], *, estimator: str, clusters: ArrayLike | None = None, **named: Any
) -> Estimate:
    """Mean change of one group's persons, y (n,): linear_contrast on an intercept alone."""
    n = len(y)
    if n < MIN_PAIRS:
        reason = _("at least {n} persons measured at both times are needed").format(n=MIN_PAIRS)
        return not_estimated(estimator, "change", reason, n_program=n)
    return linear_contrast(
        np.ones((n, 1)), y, 0, estimator=estimator, estimand="change",
        program=np.ones(n, dtype=bool), clusters=clusters, two_groups=False, **named,
    )  # fmt: skip


def unlinked_note() -> str:
    """The warning of every comparison of two waves without a link between persons."""
    return _(
        "The two waves cannot be linked by person, so they are compared as independent "
        "samples: weaker evidence than the same persons before and after."
    )


def two_groups_contrast(
    y: NDArray[np.float64],
    program: NDArray[np.bool_],
    *,
    clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    **named: Any,
) -> Estimate:
    """Mean of y (n,) where program (n,) is true minus where it is not: linear_contrast, but without
    clusters and weights the degrees of freedom are Welch's (R t.test)."""
    x = np.column_stack([np.ones(len(y)), program])
    found = linear_contrast(x, y, 1, program=program, clusters=clusters, weights=weights, **named)
    if clusters is not None or weights is not None or not found.inference:
        return found
    parts = [
        (values.var(ddof=1) / len(values), len(values)) for values in (y[program], y[~program])
    ]
    df = sum(v for v, _n in parts) ** 2 / sum(v**2 / (n - 1) for v, n in parts)
    return replace(found, df=float(df))
