"""Time until completion: Kaplan-Meier, log-rank and Cox, by statsmodels.

Pure functions. times: days from the start to completion, or to the last day known (n). done: 1
where completed, 0 where not yet (censored) (n).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from evaluasi_lib.measures import UNPUBLISHED, Cell, Drafts, drafts

JACKKNIFE_CLUSTERS = 50  # up to which the sandwich is too small


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """share_completed: 1 minus the Kaplan-Meier survival just after `days`; n_at_risk before it."""

    days: float
    share_completed: float
    ci_low: float
    ci_high: float
    n_at_risk: int
    n_completed: int


@dataclass(frozen=True, slots=True)
class KaplanMeier:
    """median_days is None where fewer than half have completed by the end of the curve."""

    n: int
    n_completed: int
    median_days: float | None
    median_ci_low: float | None
    median_ci_high: float | None
    curve: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True)
class Hazard:
    """Cox model, one term: hazard ratio of completing with its 95% interval."""

    term: str
    beta: float
    std_error: float
    hazard_ratio: float
    ci_low: float
    ci_high: float
    p_value: float


def kaplan_meier(times: np.ndarray, done: np.ndarray) -> KaplanMeier:
    """Product-limit estimate; limits by Greenwood's error of log S.

    The limits of the median are the times at which those of the curve reach one half, None where
    they do not (Brookmeyer and Crowley 1982). Reference: survival::survfit of R, whose conf.type is
    "log" unless another is asked for.
    """
    done = np.asarray(done, int)
    if len(times) == 0 or done.sum() == 0:
        return KaplanMeier(len(times), 0, None, None, None, ())
    fit = SurvfuncRight(np.asarray(times, float), done)
    surv = np.clip(np.asarray(fit.surv_prob, float), 0, 1)
    at = np.asarray(fit.surv_times, float)
    lower, upper = _limits(surv, np.asarray(fit.surv_prob_se, float))
    points = zip(fit.surv_times, surv, lower, upper, fit.n_risk, fit.n_events, strict=True)
    curve = tuple(
        CurvePoint(float(t), 1 - float(s), 1 - float(b), 1 - float(a), int(risk), int(events))
        for t, s, a, b, risk, events in points
    )
    # Where everybody has completed, the error of log S is not defined, and R gives no upper limit.
    open_ = np.where(surv > 0, upper, 1.0)
    return KaplanMeier(
        n=len(times),
        n_completed=int(done.sum()),
        median_days=_median(at, surv),
        median_ci_low=_median(at, lower),
        median_ci_high=_median(at, open_),
        curve=curve,
    )


def curve_rows(km: KaplanMeier, names: Sequence[str]) -> Drafts:
    """share_completed:ci at each day on which somebody completed.

    Those who had not completed yet are nested stages: a day after which too few more did waits for
    the next, and leaves no trace. names: start of the ids.
    """
    family, left = "/".join(names), km.n
    everybody = Cell(stage=(family, left, 0))
    yield from drafts({UNPUBLISHED: left}, names, UNPUBLISHED, everybody)
    for point in km.curve:
        left -= point.n_completed
        cell = Cell((point.n_at_risk,), stage=(family, left, 1), traceless=True)
        yield from drafts(point, [*names, point.days], "share_completed:ci", cell)


def _median(times: np.ndarray, surv: np.ndarray) -> float | None:
    """First time at which half have completed; the middle of a stretch at exactly one half (as R).

    The tolerance is that of a product of many factors in floating point.
    """
    below = np.flatnonzero(surv <= 0.5 + 1e-9)
    if len(below) == 0:
        return None
    first = below[0]
    level = abs(surv[first] - 0.5) < 1e-9
    until = np.flatnonzero(surv < 0.5 - 1e-9)
    return float((times[first] + times[until[0]]) / 2 if level and len(until) else times[first])


def _limits(surv: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pointwise 95% limits on the log scale, the upper one at most 1; at 0 the estimate itself."""
    inside = surv > 0
    half = stats.norm.ppf(0.975) * np.where(inside, error, 0) / np.where(inside, surv, 1)
    return surv * np.exp(-half), np.minimum(surv * np.exp(half), 1.0)


def log_rank(times: np.ndarray, done: np.ndarray, group: np.ndarray) -> tuple[float, float] | None:
    """(chi2, p) of the unstratified log-rank test between the groups.

    None where there are fewer than two groups, or no event. Reference: survival::survdiff of R.
    """
    if len(np.unique(group)) < 2 or np.asarray(done).sum() == 0:
        return None
    chi2, p = survdiff(np.asarray(times, float), np.asarray(done, int), np.asarray(group))
    return (float(chi2), float(p)) if np.isfinite(chi2) else None


def cox(
    times: np.ndarray, done: np.ndarray, covariates: pd.DataFrame,
    clusters: np.ndarray | None = None,
) -> tuple[Hazard, ...]:  # fmt: skip
    """Cox model with Efron's treatment of ties; () where it cannot be estimated.

    covariates: (n, p) floats without missing values. clusters: codes (n) of persons that may be
    alike; the errors then come from leaving out one cluster at a time, with t of G-1 degrees of
    freedom, or with many clusters from Lin and Wei's (1989) sandwich. Reference: survival::coxph
    of R.
    """
    done = np.asarray(done, int)
    varying = covariates.loc[:, [bool(np.ptp(covariates[c])) for c in covariates]]
    if done.sum() == 0 or varying.shape[1] == 0:
        return ()
    if np.linalg.matrix_rank(varying - varying.mean()) < varying.shape[1]:
        return ()
    times = np.asarray(times, float)
    model = PHReg(times, varying, status=done, ties="efron")
    fit = model.fit() if clusters is None else model.fit(groups=clusters)
    beta, error, df = np.asarray(fit.params), np.asarray(fit.bse), np.inf
    if clusters is not None and len(np.unique(clusters)) <= JACKKNIFE_CLUSTERS:
        left_out = _without_each(times, done, varying, clusters, beta)
        df = len(left_out) - 1
        error = np.sqrt(df / (df + 1) * ((left_out - beta) ** 2).sum(axis=0))
    if not (np.isfinite(beta).all() and np.isfinite(error).all()) or (np.abs(beta) > 15).any():
        return ()
    half = stats.t.ppf(0.975, df) * error
    return tuple(
        Hazard(
            term=str(name),
            beta=float(b),
            std_error=float(e),
            hazard_ratio=float(np.exp(b)),
            ci_low=float(np.exp(b - h)),
            ci_high=float(np.exp(b + h)),
            p_value=float(2 * stats.t.sf(abs(b) / e, df)),
        )
        for name, b, e, h in zip(varying.columns, beta, error, half, strict=True)
    )


def _without_each(
    times: np.ndarray, done: np.ndarray, covariates: pd.DataFrame, clusters: np.ndarray,
    start: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Coefficients (G, p) without each cluster; NaN where they cannot be estimated without it."""
    codes = np.unique(clusters)
    found = np.full((len(codes), covariates.shape[1]), np.nan)
    for row, code in zip(found, codes, strict=True):
        kept = clusters != code
        x = covariates.to_numpy()[kept]
        if np.linalg.matrix_rank(x - x.mean(axis=0)) == x.shape[1] and done[kept].any():
            model = PHReg(times[kept], x, status=done[kept], ties="efron")
            row[:] = model.fit(start_params=start).params
    return found
