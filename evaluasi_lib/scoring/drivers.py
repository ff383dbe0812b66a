"""What goes with completing: a logit model, its average marginal effects, a plain sentence each.

The effects are associations among the persons observed; they become causes only by a design, which
this model is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

from evaluasi_lib.labels import level_label, participation_of, term_label, variable_label
from evaluasi_lib.measures import Cell, Draft, Drafts, Remark, drafts, measure_id
from evaluasi_lib.program import Program
from evaluasi_lib.scoring.impact.models import (
    NoConvergenceError,
    fit_logit,
    separated_columns,
    standardised,
)
from evaluasi_lib.scoring.persons import cluster_of, known_variables, small_levelled
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, interval, number, spoken

Floats = np.ndarray
PLACE = ("participation", "drivers")
FEW = 5  # persons of a variable or a level, from fewer of whom nothing is estimated
MIN_EVENTS = 10  # of completing and of not completing, under which no model is fitted
FLAG = ("true", "1")  # levels that need no name beside their variable's
EVENTS_PER_TERM = 10  # Peduzzi et al. (1996): fewer make logit estimates unreliable


@dataclass(frozen=True, slots=True)
class MarginalEffect:
    """Average marginal effect of one driver, or of one level of it against its reference.

    ame: change of the chance (share points, 0-1) per unit of a number, or of a level against the
    reference, averaged over the persons. gap: the same from gap_from to gap_to (a number's
    quartiles; the reference and the level). p_value is the ame's; df is None where normal
    quantiles are used.
    """

    variable: str
    level: str | None
    reference: str | None
    ame: float
    std_error: float
    ci_low: float
    ci_high: float
    p_value: float
    gap: float
    gap_ci_low: float
    gap_ci_high: float
    gap_from: float | None
    gap_to: float | None


@dataclass(frozen=True, slots=True)
class DriverModel:
    """left_out: variable -> "constant" | "separation" | "collinear" | "missing".

    joint_p: variable -> p-value of all its levels together (Wald; F over the clusters' df).
    """

    n: int
    n_clusters: int | None
    df: float | None
    effects: tuple[MarginalEffect, ...]
    left_out: dict[str, str]
    beta: dict[str, float]
    std_error: dict[str, float]
    joint_p: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Term:
    """Columns of one variable; levels[i] belongs to columns[i]. places: theirs in the
    design matrix, in which column 0 is the constant."""

    variable: str
    columns: tuple[str, ...]
    levels: tuple[str, ...]
    reference: str | None
    places: list[int]


def encode(drivers: pd.DataFrame) -> tuple[pd.DataFrame, list[_Term]]:
    """Design matrix (float, no constant) and what its columns mean.

    Flags and numbers stay one column. A category has one column for each level but its reference:
    the lowest of an ordered one, else the most frequent (of ties the first declared).
    """
    columns: dict[str, Floats] = {}
    terms: list[_Term] = []
    for name in map(str, drivers.columns):
        values = drivers[name]
        levels: tuple[str, ...] = ()
        reference: str | None = None
        if pd.api.types.is_numeric_dtype(values.dtype):
            own = {name: values.to_numpy(float)}
            if pd.api.types.is_bool_dtype(values.dtype):
                levels, reference = ("true",), "false"
            elif set(np.unique(own[name])) <= {0.0, 1.0}:
                levels, reference = ("1",), "0"
        else:
            text = values.astype(str)
            counts = text.value_counts()
            declared = isinstance(values.dtype, pd.CategoricalDtype)
            known = map(str, values.cat.categories) if declared else sorted(counts.index)
            present = [level for level in known if level in counts]
            lowest = declared and values.cat.ordered
            reference = present[0] if lowest else max(present, key=lambda v: int(counts[v]))
            levels = tuple(level for level in present if level != reference)
            own = {f"{name}={level}": text.eq(level).to_numpy(float) for level in levels}
        places = list(range(len(columns) + 1, len(columns) + 1 + len(own)))
        terms.append(_Term(name, tuple(own), levels, reference, places))
        columns |= own
    return pd.DataFrame(columns, index=drivers.index), terms


def fit_drivers(
    drivers: pd.DataFrame, completed: pd.Series, cluster: pd.Series | np.ndarray | None = None
) -> DriverModel:
    """Logit of `completed` (bool) on the drivers, row for row; rows must be complete.

    Standard errors: with `cluster` the jackknife over clusters and t with G-1 degrees of freedom;
    without, the model's own and normal quantiles. Those of the marginal effects by the delta method
    at the persons observed (as marginaleffects::avg_slopes and avg_comparisons of R). Variables
    that are constant, collinear or separate the outcome are left out and named. Raises ValueError
    where nobody, or everybody, completed; NoConvergenceError where Newton's method does not settle.
    """
    y = completed.to_numpy(float)
    if y.min(initial=1) == y.max(initial=0):
        raise ValueError("the outcome does not vary")
    left_out: dict[str, str] = {}
    kept = drivers
    while True:
        matrix, terms = encode(kept)
        x = np.column_stack([np.ones(len(y)), matrix.to_numpy(float)])
        found = _fault(x, y, terms)
        if found is None:
            break
        left_out |= found
        kept = kept.drop(columns=list(found))
    names = ["const", *matrix.columns]
    fit = fit_logit(x, y)
    if isinstance(fit, str):
        raise NoConvergenceError(fit)
    beta, cov = fit.coef, fit.cov
    n_clusters, df = None, None
    codes = pd.factorize(cluster)[0] if cluster is not None else np.zeros(len(y), int)
    if codes.max() > 0:
        n_clusters, df = int(codes.max() + 1), float(codes.max())
        cov = jackknife_covariance(x, y, beta, codes)
    return DriverModel(
        n=len(y),
        n_clusters=n_clusters,
        df=df,
        effects=tuple(_effects(beta, cov, x, terms, df)),
        left_out={name: left_out[name] for name in drivers.columns if name in left_out},
        beta=dict(zip(names, map(float, beta), strict=True)),
        std_error=dict(zip(names, map(float, np.sqrt(np.diag(cov))), strict=True)),
        joint_p={t.variable: _wald_p(beta, cov, t.places, df) for t in terms},
    )


def jackknife_covariance(x: Floats, y: Floats, beta: Floats, codes: np.ndarray) -> Floats:
    """Covariance of logit coefficients by leaving out one cluster at a time, one Newton step each.

    V = (G-1)/G sum_g d_g d_g', d_g = -(H - H_g)^+ s_g, with H_g and s_g the information and the
    score of cluster g: the linearised cluster jackknife (CV3L; MacKinnon, Nielsen and Webb 2023).
    The usual CR1 sandwich is too small with some ten to thirty agencies: in
    tests/synthetic/recovery.py its intervals cover 92-94%, these 94-96%.
    """
    p = expit(x @ beta)
    weighted = x * (p * (1 - p))[:, None]
    information = weighted.T @ x
    total = np.zeros_like(information)
    for g in range(codes.max() + 1):
        own = codes == g
        score = x[own].T @ (y[own] - p[own])
        step = np.linalg.pinv(information - weighted[own].T @ x[own], hermitian=True) @ score
        total += np.outer(step, step)
    n_clusters = codes.max() + 1
    return (n_clusters - 1) / n_clusters * total


def _wald_p(beta: Floats, cov: Floats, places: list[int], df: float | None) -> float:
    beta, cov = beta[places], cov[np.ix_(places, places)]
    statistic = float(beta @ np.linalg.pinv(cov, hermitian=True) @ beta)
    if df is None:
        return float(stats.chi2.sf(statistic, len(beta)))
    return float(stats.f.sf(statistic / len(beta), len(beta), df))


def _fault(x: Floats, y: Floats, terms: list[_Term]) -> dict[str, str] | None:
    """Variables to leave out next, with the reason; None when the model can be fitted."""
    constant = [t.variable for t in terms if not t.places or np.ptp(x[:, t.places]) == 0]
    if constant:
        return dict.fromkeys(constant, "constant")
    for term in terms:
        upto = x[:, : term.places[-1] + 1]
        if np.linalg.matrix_rank(upto) < upto.shape[1]:
            return {term.variable: "collinear"}
    scaled = np.column_stack([x[:, 0], standardised(x[:, 1:])])
    concerned = separated_columns(scaled, y)
    if not concerned.any():
        return None
    alone = [t.variable for t in terms if separated_columns(scaled[:, [0, *t.places]], y).any()]
    last = [t.variable for t in terms if concerned[t.places].any()][-1:]
    return dict.fromkeys(alone or last, "separation")


def _effects(
    beta: Floats, cov: Floats, x: Floats, terms: list[_Term], df: float | None
) -> Iterator[MarginalEffect]:
    law = stats.norm() if df is None else stats.t(df)
    quantile = float(law.ppf(0.975))
    for term, column in ((t, place) for t in terms for place in t.places):
        low: float | None = None
        high: float | None = None
        before, after = x.copy(), x.copy()
        if term.levels:
            before[:, term.places] = after[:, term.places] = 0.0
            after[:, column] = 1.0
        else:
            low, high = _contrast(x[:, column])
            before[:, column], after[:, column] = low, high
        gap, gap_gradient = average_difference(beta, before, after)
        ame, gradient = (gap, gap_gradient) if term.levels else average_slope(beta, x, column)
        error, gap_error = (float(np.sqrt(g @ cov @ g)) for g in (gradient, gap_gradient))
        yield MarginalEffect(
            variable=term.variable,
            level=term.levels[term.places.index(column)] if term.levels else None,
            reference=term.reference,
            ame=ame,
            std_error=error,
            ci_low=ame - quantile * error,
            ci_high=ame + quantile * error,
            p_value=float(2 * law.sf(abs(ame) / error)) if error > 0 else 1.0,
            gap=gap,
            gap_ci_low=gap - quantile * gap_error,
            gap_ci_high=gap + quantile * gap_error,
            gap_from=low,
            gap_to=high,
        )


def average_slope(beta: Floats, x: Floats, column: int) -> tuple[float, Floats]:
    """Average derivative of the chance by a column of x (n, p), and its gradient (p)."""
    p = expit(x @ beta)
    slope = p * (1 - p)
    gradient = beta[column] * (slope * (1 - 2 * p)) @ x / len(x)
    gradient[column] += slope.mean()
    return float(beta[column] * slope.mean()), gradient


def average_difference(beta: Floats, before: Floats, after: Floats) -> tuple[float, Floats]:
    """Average change of the chance from design `before` to `after` (n, p), and its gradient (p)."""
    p0, p1 = expit(before @ beta), expit(after @ beta)
    gradient = ((p1 * (1 - p1)) @ after - (p0 * (1 - p0)) @ before) / len(before)
    return float((p1 - p0).mean()), gradient


def _contrast(values: Floats) -> tuple[float, float]:
    """Quartiles of a number (type 7), or its extremes where the quartiles are the same."""
    low, high = np.quantile(values, [0.25, 0.75])
    if low == high:
        low, high = values.min(), values.max()
    return float(low), float(high)


def score_drivers(study: Study, stages: pd.DataFrame) -> Drafts:
    """Drivers of completing among the enrolled, each with its sentence, and what was left out.

    A model is fitted to enough persons only, and without variables that single out a few of them.
    """
    program, names = study.program, participation_of(study.program).drivers
    if not names or "completed" not in stages:
        return
    enrolled = stages.index[stages["enrolled"]]
    frame = known_variables(study, names, enrolled, at_least=FEW)
    left_out = {name: "missing" for name in names if name not in frame}
    known = frame.notna().all(axis=1)
    frame, completed = frame[known], stages.loc[enrolled, "completed"][known]
    n, events = len(completed), int(completed.sum())
    fewer = min(events, n - events)
    if fewer < MIN_EVENTS or frame.columns.empty:
        yield from _said([*_left_out(program, left_out), _why_no_model(n, events)])
        return
    small = small_levelled(frame, FEW)
    try:
        model = fit_drivers(frame.drop(columns=small), completed, cluster_of(study, frame.index))
    except NoConvergenceError:
        why = _("Drivers could not be examined: the estimation did not settle on a result.")
        yield from _said([*_left_out(program, left_out), why])
        return
    for effect in model.effects:
        groups = [] if effect.level is None else frame[effect.variable].value_counts().tolist()
        yield from _driver(program, effect, Cell((events, n - events, *groups)))
    left_out |= dict.fromkeys(small, "small_cell") | model.left_out
    yield from _said([*_left_out(program, left_out), *_notes(study, model, fewer)])


def _said(sentences: Iterable[str]) -> Drafts:
    return (Draft(Remark(measure_id(*PLACE), sentence)) for sentence in sentences)


def _why_no_model(n: int, events: int) -> str:
    if n == 0:
        return _("Drivers could not be examined: the variables are known of nobody.")
    if events == 0:
        return _("Drivers could not be examined: nobody completed.")
    if events == n:
        return _("Drivers could not be examined: everybody completed.")
    return _("Drivers could not be examined: too few persons completed or did not complete.")


def _left_out(program: Program, reasons: dict[str, str]) -> list[str]:
    sentences = {
        "constant": _("“{label}” was left out: it is the same for everybody."),
        "separation": _(
            "“{label}” was left out: in one of its groups everybody, or nobody, completed "
            "(separation), so its effect has no finite estimate."
        ),
        "collinear": _("“{label}” was left out: the other variables already tell it."),
        "missing": _("“{label}” was left out: too few persons have a value."),
        "small_cell": _("“{label}” was left out: one of its groups has too few persons to show."),
    }
    return [
        sentences[why].format(label=variable_label(program, name)) for name, why in reasons.items()
    ]


def _notes(study: Study, model: DriverModel, fewer: int) -> list[str]:
    notes = [
        _("These are associations: they do not show what would happen if a condition changed.")
    ]
    if len(model.beta) > 1 and fewer / (len(model.beta) - 1) < EVENTS_PER_TERM:
        notes.append(
            _("Few persons for this many variables (under {n} each): read with care.").format(
                n=EVENTS_PER_TERM
            )
        )
    if model.n_clusters is not None:
        notes.append(
            _("Intervals allow for persons of one agency being alike ({n} agencies).").format(
                n=model.n_clusters
            )
        )
    elif study.program.design.cluster is None:
        notes.append(_("No agency is declared, so persons are taken as independent of each other."))
    return notes


def _driver(program: Program, effect: MarginalEffect, cell: Cell) -> Drafts:
    """Its rows, and for a number a remark that names what its gap compares."""
    level = None if effect.level in FLAG else effect.level
    place = [*PLACE, effect.variable, *([level] if level else [])]
    label = term_label(program, effect.variable, effect.level, effect.reference)
    about = {"subject": effect.variable, "label": label, "note": driver_sentence(program, effect)}
    yield from drafts(effect, place, "ame:ci:p_value gap:gap_ci", cell, **about)
    if effect.gap_from is not None and effect.gap_to is not None:
        whole = float(effect.gap_from).is_integer() and float(effect.gap_to).is_integer()
        low, high = (number(x, 0 if whole else 1) for x in (effect.gap_from, effect.gap_to))
        text = _("{label}: {high} against {low}").format(label=label, high=high, low=low)
        yield Draft(Remark(measure_id(*place), text), cell)


@spoken
def driver_sentence(program: Program, effect: MarginalEffect) -> str:
    """A driver in one plain sentence, in percentage points, with its 95% interval."""
    label = variable_label(program, effect.variable)
    of = partial(level_label, program, effect.variable)
    label = re.sub(r"\s*\([^()]*\)$", "", label)  # "(1-5)" says nothing within a sentence
    label = label if label[:2].isupper() else label[:1].lower() + label[1:]
    if effect.level is None:
        who = _("staff with high {label} ({high})").format(label=label, high=of(effect.gap_to))
        whom = _("those with lower {label} ({low})").format(label=label, low=of(effect.gap_from))
    elif effect.level in FLAG:
        who = _("staff with {label}").format(label=label)
        whom = _("those without")
    else:
        who = _("staff in {label} {level}").format(label=label, level=of(effect.level))
        whom = _("those in {level}").format(level=of(effect.reference))
    gap, ends = effect.gap, [effect.gap_ci_low, effect.gap_ci_high]
    unsettled = ends[0] <= 0 <= ends[1]
    if unsettled:
        text = _(
            "The data do not settle whether {who} complete more or less often than {whom}: "
            "the difference is {points} percentage points [{interval}]."
        )
    elif gap < 0:
        text = _("{who} complete {points} percentage points less often than {whom} [{interval}].")
    else:
        text = _("{who} complete {points} percentage points more often than {whom} [{interval}].")
    if not unsettled:
        gap, ends = abs(gap), sorted(map(abs, ends))
    sentence = text.format(
        who=who,
        whom=whom,
        points=number(100 * gap, 0),
        interval=interval(100 * ends[0], 100 * ends[1], 0),
    )
    return sentence[:1].upper() + sentence[1:]
