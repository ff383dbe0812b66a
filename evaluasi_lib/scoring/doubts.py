"""What could be wrong with a primary estimate, by the design and by the data themselves.

Loss of persons and its bounds, a cause that was not measured, the estimate that brackets another,
earlier trends, relations that bend, units that nobody declared.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from evaluasi_lib.claims import variable_label
from evaluasi_lib.conclusion import ALPHA
from evaluasi_lib.program import Outcome
from evaluasi_lib.scoring.designs import PARALLEL, Case, bracket
from evaluasi_lib.scoring.estimate import Estimate, critical, propensity, say, standardised
from evaluasi_lib.scoring.frames import (
    SPLINE_VALUES,
    OutcomeFrame,
    assigned,
    design_matrix,
    in_program,
    measure,
    rake,
    standards,
)
from evaluasi_lib.study import Study
from evaluasi_lib.wording import DataError, join_words, number, percent

Array = NDArray[np.float64]
MIN_LOST = 5  # persons; with fewer there is nothing to model
BENT = 0.01  # stricter: a warning for each outcome and covariate would else come by chance
MIN_UNITS = 5
LARGE_ICC = 0.05
WHOLE_UNITS = 0.8  # share of persons in units of one group, from which units were assigned
UNIT = re.compile(
    r"(unit|satuan|satker|instansi|opd|dinas|kantor|balai|bidang|lembaga|sekolah|kelas|angkatan|"
    r"agency|office|department|school|class|cohort)",
    re.IGNORECASE,
)
AFTER = ("post", "endline", "followup")  # waves of words.yml after the program
STRAIGHT = ("aipw", "ipw", "adjusted", "ancova", "drdid", "drdid_repeated", "regression_did")


class Bounds(NamedTuple):
    """Bounds of an effect whoever was lost, and the interval that holds it, sampling included."""

    low: float
    high: float
    ci_low: float
    ci_high: float


def lee_bounds(
    y: ArrayLike, program: ArrayLike, observed: ArrayLike, level: float = 0.95
) -> Bounds | None:
    """Lee (2009): trim the group that answered more, by the excess share, from above and below.

    y (n,): outcomes, anything where not observed; program, observed (n,): of everybody assigned.
    low, high: bounds of the effect on those who would answer in either group, in the outcome's
    unit; ci_low, ci_high: Imbens and Manski's (2004) interval for that effect, from Lee's
    asymptotic variances. Valid for a randomised design in which the program moves answering one way
    only. None where a group has fewer than 2 answers left.
    """
    y, member = np.asarray(y, dtype=float), np.asarray(program, dtype=bool)
    seen = np.asarray(observed, dtype=bool)
    rates = {True: float(seen[member].mean()), False: float(seen[~member].mean())}
    if min(rates.values()) == 0:
        return None
    more = rates[True] >= rates[False]
    kept = rates[not more] / rates[more]
    trimmed = np.sort(y[seen & (member == more)])
    other = y[seen & (member != more)]
    keep = len(trimmed) - round((1 - kept) * len(trimmed))
    if keep < 2 or len(other) < 2:
        return None
    n_more = int((member == more).sum())
    n_less = len(y) - n_more
    ends = []
    for part, edge in ((trimmed[:keep], keep - 1), (trimmed[len(trimmed) - keep :], -keep)):
        gap = float(part.mean()) - float(trimmed[edge])
        # Lee's three terms: the trimmed mean, the cut-off point, and the trimmed share.
        size = rates[more] * n_more * kept
        variance = float(part.var(ddof=1)) / size + gap**2 * (1 - kept) / size
        if kept < 1:
            lost = {group: (1 - rate) / rate for group, rate in rates.items()}
            variance += gap**2 * (lost[not more] / n_less + lost[more] / n_more)
        error = math.sqrt(variance + float(other.var(ddof=1)) / len(other))
        ends.append(((1 if more else -1) * float(part.mean() - other.mean()), error))
    (low, low_error), (high, high_error) = sorted(ends)
    c = _imbens_manski(high - low, max(low_error, high_error), level)
    return Bounds(low, high, low - c * low_error, high + c * high_error)


def _imbens_manski(width: float, error: float, level: float) -> float:
    """The critical value between one- and two-sided that covers a point in an interval."""
    if not error > 0:
        return 0.0

    def missing(c: float) -> float:
        return float(stats.norm.cdf(c + width / error) - stats.norm.cdf(-c) - level)

    return float(optimize.brentq(missing, 0.5, 4.0))


def e_value(ratio: float) -> float:
    """Strength, as a risk ratio with both program and outcome, that an unmeasured cause would need
    to explain a risk ratio (VanderWeele and Ding 2017): RR + sqrt(RR (RR - 1)), RR < 1 inverted.
    3.9 gives 7.26, its limit 1.8 gives 3.0."""
    ratio = 1 / ratio if ratio < 1 else ratio
    return ratio + math.sqrt(ratio * (ratio - 1))


def e_value_of_limit(d: float, std_error: float) -> float:
    """E-value of a standardised mean difference's limit nearer to no effect, by
    RR = exp(0.91 |d| - 1.78 se); 1 where the interval holds no effect."""
    nearer = 0.91 * abs(d) - 1.78 * std_error
    return e_value(math.exp(nearer)) if nearer > 0 else 1.0


def add_weights(study: Study, frame: OutcomeFrame) -> OutcomeFrame:
    """The frame with `weight_attrition` and `weight_population` where they can be made.

    weight_attrition: 1 / chance of being analysed, logistic in group and declared covariates, of
    everybody on the roster. weight_population: each group raked to the declared margins.
    """
    rows = frame.after
    chance = _chance_analysed(study, frame)
    if chance is not None:
        rows = rows.assign(weight_attrition=1 / rows["pid"].map(chance))
    margins = study.program.population
    if margins and set(margins) <= set(rows.columns):
        weight = pd.Series(np.nan, index=rows.index)
        for _group, part in rows.groupby("group", sort=False):
            weight[part.index] = rake(part, margins)[0]
        rows = rows.assign(weight_population=weight)
    return replace(frame, after=rows)


def _chance_analysed(study: Study, frame: OutcomeFrame) -> pd.Series | None:
    program = study.program
    if frame.loss is None or not program.design.covariates:
        return None
    persons = assigned(study, frame)
    seen = persons.index.isin(frame.complete["pid"])
    if min(seen.sum(), (~seen).sum()) < MIN_LOST:
        return None
    z, _names = design_matrix(persons, program.design.covariates)
    if frame.design != "single_group":
        z = np.column_stack([in_program(persons).astype(float), z])
    fit = propensity(z, seen)
    return None if isinstance(fit, str) else pd.Series(fit.score, index=persons.index)


class Earlier(NamedTuple):
    """What a difference in differences shows when the program had not begun, and since when."""

    estimate: Estimate
    wave: str


@dataclass(frozen=True, slots=True)
class Checks:
    """What design and data say against a primary estimate.

    bracketing: what brackets a difference in differences (designs.bracket). e_value: of the
    interval's nearer limit (comparison designs). bounds: for the loss (randomised, persons lost).
    earlier: the difference in differences up to the baseline, from the wave before. doubts: what
    the data themselves say, code -> warning; evidence rates them. cautions: the rest, in words.
    """

    bracketing: Estimate | None = None
    e_value: float | None = None
    bounds: Bounds | None = None
    earlier: Earlier | None = None
    doubts: Mapping[str, str] = field(default_factory=dict)
    cautions: tuple[str, ...] = ()


def examine(study: Study, case: Case, primary: Estimate) -> Checks:
    """What can be checked of a primary estimate."""
    design, e_value, earlier = case.frame.design, None, None
    g, low, high = primary.effect_size()
    if design == "comparison":
        earlier = _earlier(study, case)
        if g is not None and low is not None and high is not None:
            e_value = e_value_of_limit(g, (high - low) / (2 * critical(0.95, math.inf)))
    return Checks(
        bracket(case, primary), e_value, _lee(study, case) if design == "randomised" else None,
        earlier, dict(doubts_of(study, case, primary, earlier)),
        (*case.frame.warnings, *cautions(study, case, primary)),
    )  # fmt: skip


def _lee(study: Study, case: Case) -> Bounds | None:
    if case.frame.loss is None:
        return None
    persons = assigned(study, case.frame)
    y = persons.index.to_series().map(case.frame.after.set_index("pid")["y"]).astype(float)
    seen = y.notna().to_numpy()
    if seen.all():
        return None
    return lee_bounds(y, in_program(persons), seen)


def _earlier(study: Study, case: Case) -> Earlier | None:
    """Difference in differences between the baseline and the wave before it, when the program had
    not begun: it should be near zero."""
    outcome = case.outcome
    waves = list(dict.fromkeys(s.wave for s in study.program.sources.values() if s.wave))
    if case.baseline != "linked" or outcome.baseline_wave not in waves:
        return None
    free = outcome.model_copy(update={"source": None})
    # Files may be declared in any order; what is known to lie after the program is no earlier wave.
    late = (outcome.wave, *AFTER)
    for wave in reversed(waves[: waves.index(outcome.baseline_wave)]):
        if wave in late:
            continue
        try:
            earlier = measure(study, free, wave, outcome.variable)
        except DataError:
            continue
        rows = case.frame.complete
        known = rows["pid"].map(earlier.set_index("pid")["y"]).astype(float)
        rows = rows.assign(earlier=known).dropna(subset=["earlier"])
        change = rows["y0"] - rows["earlier"]
        found = case.compared(rows, change, spread=rows["y0"], estimator="did", estimand="att")
        return Earlier(found, wave)
    return None


def cautions(study: Study, case: Case, primary: Estimate) -> Iterator[str]:
    """What a reader must know of the design and of how it was measured, in words."""
    outcome = case.outcome
    if case.frame.design == "single_group":
        yield say("no_comparison")
    if case.baseline == "linked" and study.program.link in ("nip", "respondent_code"):
        for group, share in case.frame.linked_share.items():
            n = int((case.frame.after["group"] == group).sum())
            if share < 0.9 and study.program.enough(round(n * (1 - share))):
                yield say(f"linked.{group}", share=percent(share))
    if is_circular(study, outcome):
        yield say("circular")
    skp = "skp" in (outcome.variable or "").lower().split("_")
    if skp or _index(study, outcome) == "skp":
        yield say("skp_compressed")
    if outcome.scale_type == "ordinal" and primary.estimator in ("did_repeated", "drdid_repeated"):
        yield say("steps_alike")


def is_circular(study: Study, outcome: Outcome) -> bool:
    """Whether the outcome is the Indeks Profesionalitas, which training raises by rule."""
    return _index(study, outcome) == "ip_asn"


def _index(study: Study, outcome: Outcome) -> str | None:
    return study.program.instruments[outcome.instrument].index if outcome.instrument else None


def share_at_best(study: Study, outcome: Outcome, frame: OutcomeFrame) -> float | None:
    """Share of persons at the best value without the program: before it, else in the comparison
    group. None where there is no bound, or too few persons to say."""
    if frame.before is not None:
        y = frame.before["y"]
    elif "y0" in frame.after:
        y = frame.after["y0"].dropna()
    else:
        y = frame.after.loc[frame.after["group"] == "comparison", "y"]
    end = best_value(study, outcome, y)
    if end is None or y.empty:
        return None
    top = np.isclose(y, end)
    return float(top.mean()) if study.program.enough(int(top.sum())) else None


def best_value(study: Study, outcome: Outcome, seen: pd.Series) -> float | None:
    """The best possible value: of the instrument's scale, or of an ordered variable (its highest
    category, as seen); None where there is no bound."""
    up = outcome.direction == "higher"
    if outcome.instrument is not None:
        scale = study.program.scales[study.program.instruments[outcome.instrument].scale]
        return float(scale.max if up else scale.min)
    if outcome.scale_type == "ordinal" and seen.notna().any():
        return float(seen.max() if up else seen.min())
    return None


def nested_f(y: Array, x: Array, more: Array) -> tuple[float, float, float] | None:
    """Classical F test that the columns `more` (n, q) add nothing to y (n,) on x (n, k): the mean
    squares that it compares (between, within) and its p-value; None where they add no rank or leave
    no residuals."""
    both = np.column_stack([x, more])
    base, full = (int(np.linalg.matrix_rank(m)) for m in (x, both))
    if full == base or len(y) <= full + 1:
        return None
    rest = [y - m @ np.linalg.lstsq(m, y, rcond=None)[0] for m in (x, both)]
    within = float(rest[1] @ rest[1]) / (len(y) - full)
    between = float(rest[0] @ rest[0] - rest[1] @ rest[1]) / (full - base)
    if not within > 1e-12 * float(np.var(y) or 1.0):
        return None
    return between, within, float(stats.f.sf(between / within, full - base, len(y) - full))


def bent_covariates(y: Array, z: Array, names: list[str]) -> list[str]:
    """Names of the columns of z (n, p) whose square and cube belong in the model of y (n,) as well
    (Thursby and Schmidt 1977), at the 1% level shared among them."""
    x = np.column_stack([np.ones(len(y)), standardised(z)])
    numbers = [j for j in range(z.shape[1]) if len(np.unique(z[:, j])) >= SPLINE_VALUES]
    if len(y) < 5 * (x.shape[1] + 2):
        return []
    found = []
    for j in numbers:
        column = x[:, j + 1]
        test = nested_f(y, x, np.column_stack([column**2, column**3]))
        if test is not None and test[2] < BENT / len(numbers):
            found.append(names[j])
    return found


def bent(case: Case, primary: Estimate) -> list[str]:
    """The variables in which an adjusted comparison takes a bent relation for a straight one."""
    adjusts = primary.estimator in STRAIGHT and primary.estimate is not None
    straight = case.design.covariate_form != "spline"
    if case.frame.design != "comparison" or not adjusts or not straight:
        return []
    parallel, linked = primary.estimator in PARALLEL, case.baseline == "linked"
    rows = case.frame.complete
    others = ~in_program(rows)
    z, names = case.covariates(rows, baseline=not parallel, modelled=False)
    y = rows["y"] - rows["y0"] if parallel and linked else rows["y"]
    return bent_covariates(y.to_numpy(dtype=float)[others], z[others], names)


def doubts_of(
    study: Study, case: Case, primary: Estimate, earlier: Earlier | None
) -> Iterator[tuple[str, str]]:
    """What the data themselves say against a primary estimate: code, warning.

    earlier_trend: the groups moved apart before the program. ceiling: many could not improve. bent:
    a relation that the model takes as straight. undeclared_cluster: whole units took part, or were
    compared, whose persons resemble each other. units_alike: they do, but each unit has persons of
    both groups, so that chance decided within it.
    """
    if earlier is not None and (p := earlier.estimate.p_value) is not None and p < ALPHA:
        yield "earlier_trend", say("earlier_trend")
    top = share_at_best(study, case.outcome, case.frame)
    if top is not None and top > standards(study.program.standards)["measure"]["ceiling_share"]:
        yield "ceiling", say("ceiling", share=percent(top))
    if found := bent(case, primary):
        names = [
            say("measure_before") if n == "y0" else variable_label(study.program, n) for n in found
        ]
        yield "bent", say("bent", names=join_words(names))
    yield from _units_alike(study, case, primary)


def _units_alike(study: Study, case: Case, primary: Estimate) -> Iterator[tuple[str, str]]:
    """Where persons of one unit resemble each other and it is not the cluster."""
    if primary.estimate is None or not primary.inference:
        return
    change = case.baseline == "linked" and primary.estimator in (*PARALLEL, "paired", "ancova")
    rows = case.frame.complete if change else case.frame.after
    y = (rows["y"] - rows["y0"] if change else rows["y"]).to_numpy(dtype=float)
    candidates = list(_candidates(study, case, rows))
    found: list[tuple[float, str, pd.Series]] = []
    for name, values in candidates:
        label = variable_label(study.program, name)
        icc, p = intraclass(y, in_program(rows), values)
        like_unit = UNIT.search(name) or UNIT.search(label)
        if (
            icc is not None
            and icc > LARGE_ICC
            and p < ALPHA / (1 if like_unit else len(candidates))
        ):
            found.append((icc, label, values))
    if found:
        icc, label, unit = max(found, key=lambda one: one[0])
        member = pd.Series(in_program(rows), index=unit.index)
        pure = member.groupby(unit, observed=True).transform("nunique") == 1
        code = "undeclared_cluster" if pure.mean() > WHOLE_UNITS else "units_alike"
        yield code, say("units_alike", variable=label, icc=number(icc, 2))


def intraclass(y: Array, member: NDArray[np.bool_], unit: pd.Series) -> tuple[float | None, float]:
    """Intraclass correlation of y (n,) in units (n,), by one-way analysis of variance after the
    groups' own means, and the p-value of its F test; (None, 1) where it cannot be computed."""
    known = unit.notna().to_numpy()
    codes = pd.factorize(unit[known])[0]
    sizes = np.bincount(codes) if len(codes) else np.zeros(0)
    if len(sizes) < MIN_UNITS or len(codes) < 2 * len(sizes):
        return None, 1.0
    x = np.column_stack([np.ones(len(codes)), member[known]])
    test = nested_f(y[known], x, np.eye(len(sizes))[codes])
    if test is None:
        return None, 1.0
    between, within, p = test
    typical = (len(codes) - float(np.sum(sizes**2)) / len(codes)) / (len(sizes) - 1)
    return (between - within) / (between + (typical - 1) * within), p


def _candidates(study: Study, case: Case, rows: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Categories (and texts named like a unit) that could be a unit, with each row's value."""
    design, outcome = case.design, case.outcome
    taken = {design.cluster, *design.covariates, outcome.variable, outcome.baseline_variable}
    taken |= {design.group.variable} if design.group else set()
    for source, declared in study.program.sources.items():
        table = study.tables.get(source)
        for name, column in declared.columns.items():
            usable = column.type == "category" or (column.type == "text" and UNIT.search(name))
            if table is None or name in taken or name not in table or not usable:
                continue
            taken.add(name)
            own = table.drop_duplicates("pid").set_index("pid")[name].astype("object")
            values = rows["pid"].map(own)
            if design.cluster in rows:
                clusters = rows[design.cluster].astype("object").groupby(values).nunique()
                if clusters.le(1).all():  # each value in one cluster, whose errors then cover it
                    continue
            if 3 <= values.nunique() <= len(rows) / 2:
                yield name, values
