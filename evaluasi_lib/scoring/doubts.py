"""What could be wrong with a primary estimate, by the design and by the data themselves.

Loss of persons, earlier trends, relations that bend, units that nobody declared.

How much would have to be wrong, and what an estimate may be said to show in spite of it.

Bounds for loss, for a cause that was not measured, and the estimate that brackets another.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from evaluasi_lib.conclusion import ALPHA
from evaluasi_lib.measures import Conclusion
from evaluasi_lib.program import Outcome
from evaluasi_lib.scoring.designs import PARALLEL, Case, bracket, did
from evaluasi_lib.scoring.estimate import Estimate, conclude, critical, standardised
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
from evaluasi_lib.scoring.weighting import propensity
from evaluasi_lib.study import Study
from evaluasi_lib.wording import (
    DataError,
    _,
    choose,
    interval,
    join_words,
    number,
    percent,
    word_for,
)

MOVED = ("improved", "worsened")
# Under this risk ratio a cause of the size of common background variables is enough (VanderWeele
# and Ding 2017 leave the judgement to the subject; this limit is the workbook's own).
SMALL_E_VALUE = 1.5


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


@dataclass(frozen=True, slots=True)
class Judged:
    """The conclusion, that of the estimate which brackets it, and what is to be said of them."""

    conclusion: Conclusion | None = None
    other: Conclusion | None = None
    notes: tuple[str, ...] = ()


def judge(
    found: Estimate, ancova: Estimate | None = None, bounds: Bounds | None = None,
    limit: float | None = None, *, sesoi: float | None, ancova_sesoi: float | None,
    direction: Literal["higher", "lower"], p_adjusted: float | None,
) -> Judged:  # fmt: skip
    """The written rule, and what contradicts it.

    ancova: of a difference in differences the same outcome given the measure before. If the groups'
    changes are alike without the program, or if persons alike before are, the effect lies between
    the two (Ding and Li 2019): improved or worsened need both to conclude it, and no meaningful
    change needs ANCOVA not to conclude the contrary. ANCOVA's p-value is multiplied by the factor
    that the family put on the primary one. Where they part: inconclusive, with both named. bounds,
    limit: for the loss, and the E-value of the interval's nearer limit; where weak, they are told
    beside a change.
    """
    conclusion = conclude(found, sesoi=sesoi, direction=direction, p_adjusted=p_adjusted)
    other, notes = None, []
    if conclusion is not None and ancova is not None:
        p, own = ancova.p_value, found.p_value
        factor = max(1.0, p_adjusted / own) if own and p_adjusted is not None else 1.0
        other = conclude(
            ancova, sesoi=ancova_sesoi, direction=direction,
            p_adjusted=None if p is None else min(1.0, p * factor),
        )  # fmt: skip
        parted = other != conclusion if conclusion in MOVED else other in MOVED
        if parted and conclusion != "inconclusive":
            notes.append(_parted(conclusion, other))
            conclusion = "inconclusive"
    if conclusion in MOVED:
        notes += _open_to_doubt(bounds, limit)
    return Judged(conclusion, other, tuple(notes))


def _parted(did: Conclusion, ancova: Conclusion | None) -> str:
    return _(
        "Difference in differences concludes “{did}”, the comparison given the measure before "
        "(ANCOVA) “{ancova}”. If the assumption of either holds, the effect lies between the two "
        "(Ding and Li 2019), so nothing is concluded."
    ).format(did=_named(did), ancova=_named(ancova))


def _named(conclusion: Conclusion | None) -> str:
    return word_for("conclusion", conclusion or "inconclusive")


def _open_to_doubt(bounds: Bounds | None, limit: float | None) -> Iterator[str]:
    """What the bounds for loss, or a weak cause that was not measured, leave open of a change."""
    if bounds and bounds.ci_low <= 0 <= bounds.ci_high:
        yield _(
            "If those who were lost differ from those who stayed, the effect could be anything in "
            "{bounds} (Lee 2009; with sampling error {interval}): the bounds contain 0."
        ).format(
            bounds=interval(bounds.low, bounds.high, 2),
            interval=interval(bounds.ci_low, bounds.ci_high, 2),
        )
    if limit is not None and limit < SMALL_E_VALUE:
        yield _(
            "A cause that was not measured would only need a risk ratio of {e} with both being in "
            "the program and the outcome to make the interval hold no effect (E-value, VanderWeele "
            "and Ding 2017): little is needed."
        ).format(e=number(limit, 2))


MIN_LOST = 5  # persons; with fewer there is nothing to model
Array = NDArray[np.float64]
BENT = 0.01  # stricter: a warning for each outcome and covariate would else come by chance
MIN_UNITS = 5
LARGE_ICC = 0.05
WHOLE_UNITS = 0.8  # share of persons in units of one group, from which units were assigned
UNIT = re.compile(
    r"(unit|satuan|satker|instansi|opd|dinas|kantor|balai|bidang|lembaga|sekolah|kelas|angkatan|"
    r"agency|office|department|school|class|cohort)",
    re.IGNORECASE,
)


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
            weight[part.index] = rake(part, margins).per_row
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

    @property
    def moved(self) -> bool:
        """Whether the groups moved apart."""
        p = self.estimate.p_value
        return p is not None and p < ALPHA


AFTER = ("post", "endline", "followup")  # waves of words.yml after the program


@dataclass(frozen=True, slots=True)
class Checks:
    """What design and data say against a primary estimate.

    bracketing: what brackets a difference in differences (plans.bracket). e_value: of the
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

    @property
    def warnings(self) -> tuple[str, ...]:
        return (*self.cautions, *self.doubts.values())


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
        earlier, doubts_of(study, case, primary, earlier),
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
        found = did(rows["y0"], rows["earlier"], case.member(rows), clusters=case.clusters(rows))
        return Earlier(found, wave)
    return None


def cautions(study: Study, case: Case, primary: Estimate) -> Iterator[str]:
    """What a reader must know of the design and of how it was measured, in words."""
    outcome = case.outcome
    if case.frame.design == "single_group":
        yield _("There is no comparison group: the figure shows change, and other causes than the "
                "program cannot be told apart.")  # fmt: skip
    if case.baseline == "linked" and study.program.link in ("nip", "respondent_code"):
        words = {"program": _("program group"), "comparison": _("comparison group")}
        for group, share in case.frame.linked_share.items():
            n = int((case.frame.after["group"] == group).sum())
            if share < 0.9 and study.program.enough(round(n * (1 - share))):
                text = _("Only {share} of the answers of the {group} could be linked with the "
                         "measure before the program.")  # fmt: skip
                yield text.format(share=percent(share), group=words[group])
    if is_circular(study, outcome):
        yield _("Circular: attending training raises the Indeks Profesionalitas by rule, so it "
                "cannot show what the training did. Use its other dimensions instead."
                )  # fmt: skip
    if is_skp(study, outcome):
        yield _("SKP predicates are held within the limits of the organisation's own predicate, "
                "which compresses differences between persons.")  # fmt: skip
    if outcome.scale_type == "ordinal" and primary.estimator in ("did_repeated", "drdid_repeated"):
        yield _("The steps of this ordered outcome are treated as equally far apart, because the "
                "persons cannot be linked.")  # fmt: skip


def is_circular(study: Study, outcome: Outcome) -> bool:
    """Whether the outcome is the Indeks Profesionalitas, which training raises by rule."""
    return _index(study, outcome) == "ip_asn"


def is_skp(study: Study, outcome: Outcome) -> bool:
    """Whether the outcome is the SKP predicate: declared as such, or by the variable's name."""
    return _index(study, outcome) == "skp" or "skp" in (outcome.variable or "").lower().split("_")


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


@dataclass(frozen=True, slots=True)
class Nested:
    """F test of added columns, and the mean squares that it compares."""

    between: float
    within: float
    p_value: float


def nested_f(y: Array, x: Array, more: Array) -> Nested | None:
    """Classical F test that the columns `more` (n, q) add nothing to y (n,) on x (n, k); None where
    they add no rank or leave no residuals."""
    both = np.column_stack([x, more])
    base, full = (int(np.linalg.matrix_rank(m)) for m in (x, both))
    if full == base or len(y) <= full + 1:
        return None
    rest = [y - m @ np.linalg.lstsq(m, y, rcond=None)[0] for m in (x, both)]
    within = float(rest[1] @ rest[1]) / (len(y) - full)
    between = float(rest[0] @ rest[0] - rest[1] @ rest[1]) / (full - base)
    if not within > 1e-12 * float(np.var(y) or 1.0):
        return None
    p = float(stats.f.sf(between / within, full - base, len(y) - full))
    return Nested(between, within, p)


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
        if test is not None and test.p_value < BENT / len(numbers):
            found.append(names[j])
    return found


def bent(study: Study, case: Case, primary: Estimate) -> str | None:
    """The warning where an adjusted comparison takes a bent relation for a straight one."""
    adjusts = primary.estimator in ("aipw", "ipw", "adjusted", "ancova", "drdid", "drdid_repeated",
                                    "regression_did")  # fmt: skip
    if case.frame.design != "comparison" or not adjusts or primary.estimate is None:
        return None
    if case.design.covariate_form == "spline":
        return None
    parallel, linked = primary.estimator in PARALLEL, case.baseline == "linked"
    rows = case.frame.complete
    others = ~case.member(rows)
    z, names = case.characteristics(rows, baseline=not parallel)
    y = rows["y"] - rows["y0"] if parallel and linked else rows["y"]
    found = bent_covariates(y.to_numpy(dtype=float)[others], z[others], names)
    if not found:
        return None
    return _(
        "Among the comparison group the outcome does not follow a straight line in {names}, as the "
        "model supposes. The key covariate_form: spline in program.yml lets it bend."
    ).format(names=join_words([variable_name(study, name) for name in found]))


def variable_name(study: Study, variable: str) -> str:
    """A variable as reports show it; the outcome's own measure before has no name of its own."""
    if variable == "y0":
        return _("the measure before")
    for source in study.program.sources.values():
        if variable in source.columns:
            return choose(source.columns[variable].label) or variable
    return variable


def doubts_of(
    study: Study, case: Case, primary: Estimate, earlier: Earlier | None = None
) -> dict[str, str]:
    """What the data themselves say against a primary estimate: code -> warning.

    earlier_trend: the groups moved apart before the program. ceiling: many could not improve. bent:
    a relation that the model takes as straight. undeclared_cluster: whole units took part, or were
    compared, whose persons resemble each other. units_alike: they do, but each unit has persons of
    both groups, so that chance decided within it.
    """
    found = {}
    if earlier is not None and earlier.moved:
        found["earlier_trend"] = _("The groups already moved apart before the program began, so "
                                   "their difference afterwards may not be its effect."
                                   )  # fmt: skip
    top = share_at_best(study, case.outcome, case.frame)
    if top is not None and top > standards(study.program.standards)["measure"]["ceiling_share"]:
        text = _("{share} of the persons were at the best value already without the program and "
                 "could not improve (ceiling).")  # fmt: skip
        found["ceiling"] = text.format(share=percent(top))
    if bend := bent(study, case, primary):
        found["bent"] = bend
    return found | units_alike(study, case, primary)


def units_alike(study: Study, case: Case, primary: Estimate) -> dict[str, str]:
    """The warning where persons of one unit resemble each other and it is not the cluster, by its
    code as in doubts_of."""
    if primary.estimate is None or not primary.inference:
        return {}
    change = case.baseline == "linked" and primary.estimator in (*PARALLEL, "paired", "ancova")
    rows = case.frame.complete if change else case.frame.after
    y = (rows["y"] - rows["y0"] if change else rows["y"]).to_numpy(dtype=float)
    candidates = list(_candidates(study, case, rows))
    found: list[tuple[float, str, pd.Series]] = []
    for name, values in candidates:
        icc, p = intraclass(y, case.member(rows), values)
        limit = ALPHA if _like_unit(study, name) else ALPHA / len(candidates)
        if icc is not None and icc > LARGE_ICC and p < limit:
            found.append((icc, name, values))
    if not found:
        return {}
    icc, name, unit = max(found, key=lambda one: one[0])
    member = pd.Series(case.member(rows), index=unit.index)
    pure = member.groupby(unit, observed=True).transform("nunique") == 1
    code = "undeclared_cluster" if pure.mean() > WHOLE_UNITS else "units_alike"
    text = _(
        "Persons with the same “{name}” resemble each other in this outcome (intraclass "
        "correlation {icc}), but it is not declared as cluster: interval and p-value are too "
        "favourable if persons were chosen or trained by it."
    )
    return {code: text.format(name=variable_name(study, name), icc=number(icc, 2))}


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
    typical = (len(codes) - float(np.sum(sizes**2)) / len(codes)) / (len(sizes) - 1)
    total = test.between + (typical - 1) * test.within
    return (test.between - test.within) / total, test.p_value


def _like_unit(study: Study, name: str) -> bool:
    return bool(UNIT.search(name) or UNIT.search(variable_name(study, name)))


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
            if design.cluster in rows and _within(values, rows[design.cluster]):
                continue
            if 3 <= values.nunique() <= len(rows) / 2:
                yield name, values


def _within(values: pd.Series, cluster: pd.Series) -> bool:
    """Whether each value lies in one declared cluster, whose errors then cover it."""
    pairs = pd.DataFrame({"value": values, "cluster": cluster.astype("object")}).dropna()
    return bool(pairs.groupby("value")["cluster"].nunique().le(1).all())
