"""What estimators and measures are given: scores of items and their reliability, weights, counts
and shares of persons, variables of persons, the table of standards, and one outcome's data.
"""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.interpolate import CubicSpline
from statsmodels.multivariate.factor import Factor
from statsmodels.stats.proportion import proportion_confint

from evaluasi_lib.claims import declared_column
from evaluasi_lib.measures import UNPUBLISHED, Drafts, Group, drafts, measure_id, part_of
from evaluasi_lib.program import Instrument, Outcome, Program
from evaluasi_lib.scoring.estimate import cluster_codes, say
from evaluasi_lib.study import GROUPS, Study, as_label
from evaluasi_lib.wording import (
    DataError,
    Problem,
    ProgramError,
    _,
    choose,
    load_yaml,
    number,
    percent,
    suggestion,
)

Array = NDArray[np.float64]
LEVEL = 0.95  # of intervals
RAKING_ROUNDS, RAKING_TOLERANCE = 500, 1e-12
IMPROPER = 0.0051  # a unique variance this small stands at the edge of what is possible


def score_items(answers: ArrayLike, min_answered_share: float = 2 / 3) -> Array:
    """Mean of the answered items of each row (n, items) -> (n,); NaN where fewer than
    min_answered_share of the items were answered (at least one always is)."""
    answers = np.asarray(answers, dtype=float)
    answered = np.sum(~np.isnan(answers), axis=1)
    needed = max(1, math.ceil(min_answered_share * answers.shape[1] - 1e-9))
    total = np.nansum(answers, axis=1)
    return np.where(answered >= needed, total / np.maximum(answered, 1), np.nan)


def wilson(part: float, whole: float) -> tuple[float, float]:
    """Wilson's 95% interval of a share, without continuity correction (R prop.test)."""
    low, high = proportion_confint(part, whole, alpha=1 - LEVEL, method="wilson")
    return float(low), float(high)


def share_of(n: int, whole: int) -> dict[str, Any]:
    """n, share, ci_low, ci_high of n out of `whole`; without anybody a reason instead."""
    if whole == 0:
        return {"n": n, "share": None, "reason": "no_answers"}
    low, high = wilson(n, whole)
    return {"n": n, "share": n / whole, "ci_low": low, "ci_high": high}


def rake(
    rows: pd.DataFrame, margins: Mapping[str, Mapping[str, float]]
) -> tuple[Array, list[tuple[str, str]]]:
    """Iterative proportional fitting of the rows to population margins {variable: {value: number}}:
    weights (n,), which sum to the number of rows, and (variable, value) of nobody here.

    Values are compared as text. A population value nobody of the sample has cannot be filled: its
    share is spread over the others and it is named. Rows with a missing value keep
    their weight in that variable. One variable: post-stratification. Agrees with R survey::rake.
    No kept library was found (ipfn changes frames in place and gives no errors).
    """
    n = len(rows)
    w = np.ones(n)
    steps, left_out = [], []
    for variable, counts in margins.items():
        text = rows[variable].astype("object").map(lambda v: None if pd.isna(v) else str(v))
        present = {value: number for value, number in counts.items() if (text == value).any()}
        left_out += [(variable, value) for value in counts if value not in present]
        known, total = text.isin(list(present)).to_numpy(dtype=bool), sum(present.values())
        cells = [((text == value).to_numpy(dtype=bool), k / total) for value, k in present.items()]
        steps.append((known, cells))
    for _round in range(RAKING_ROUNDS):
        before = w.copy()
        for known, cells in steps:
            whole = w[known].sum()
            for cell, share in cells:
                w[cell] *= share * whole / w[cell].sum()
        w *= n / w.sum()
        if np.max(np.abs(w - before)) < RAKING_TOLERANCE:
            break
    return w, left_out


@dataclass(frozen=True, slots=True)
class Reliability:
    """Of the persons (n) who answered every item. item_rest and alpha_if_deleted: (items,)."""

    n: int
    n_items: int
    alpha: float
    alpha_ci_low: float
    alpha_ci_high: float
    alpha_std: float
    omega_total: float | None
    item_rest: tuple[float, ...]
    alpha_if_deleted: tuple[float | None, ...]


def diagnose_reliability(answers: ArrayLike) -> Reliability | None:
    """Reliability of items (n, items), reversed items already turned; listwise.

    None with fewer than 2 items that vary, or too few complete persons (n <= items + 1, where the
    covariance matrix means nothing). Agrees with R psych::alpha (raw and standardised alpha with
    Feldt's (1965) 95% interval, corrected item-rest r, alpha if deleted) and lavaan's one-factor
    ML model for omega.
    """
    x = np.asarray(answers, dtype=float)
    x = x[~np.isnan(x).any(axis=1)]
    n, k = x.shape
    varies = x.std(axis=0) > 0 if n else np.zeros(k, dtype=bool)
    if n <= k + 1 or n < 3 or varies.sum() < 2:
        return None
    cov = np.cov(x, rowvar=False)
    alpha = cronbach_alpha(cov)
    if alpha is None:
        return None
    # Feldt: (1 - alpha) / (1 - true) follows F(n-1, (n-1)(k-1)).
    tail = (1 - LEVEL) / 2
    low, high = 1 - (1 - alpha) * stats.f.ppf([1 - tail, tail], n - 1, (n - 1) * (k - 1))
    total = x.sum(axis=1)
    rest = np.zeros(k)
    uneven = (total[:, None] - x).std(axis=0) > 1e-9  # answers may add up to the same for everybody
    for i in np.flatnonzero(varies & uneven):
        rest[i] = np.corrcoef(x[:, i], total - x[:, i])[0, 1]
    others = [np.delete(np.arange(k), i) for i in range(k)]
    standard = cronbach_alpha(np.corrcoef(x[:, varies], rowvar=False))
    return Reliability(
        n=n,
        n_items=k,
        alpha=alpha,
        alpha_ci_low=float(low),
        alpha_ci_high=float(high),
        alpha_std=alpha if standard is None else standard,
        omega_total=omega_total(np.cov(x[:, varies], rowvar=False)),
        item_rest=tuple(rest.tolist()),
        alpha_if_deleted=tuple(cronbach_alpha(cov[np.ix_(kept, kept)]) for kept in others),
    )


def cronbach_alpha(cov: Array) -> float | None:
    """k/(k-1) (1 - trace/sum) of a covariance matrix (k, k); of a correlation matrix it is the
    standardised alpha. None with one item, or where the sum score does not vary."""
    k, total = len(cov), float(cov.sum())
    return None if total <= 0 or k < 2 else k / (k - 1) * (1 - float(np.trace(cov)) / total)


def omega_total(cov: ArrayLike) -> float | None:
    """McDonald's omega of a one-factor maximum likelihood model of a covariance matrix (k, k):
    (sum loadings)^2 / ((sum loadings)^2 + sum unique variances).

    A model with free unique variances needs 3 items; with 2 omega is not identified: None. None
    also where the solution is improper (a unique variance at zero). Agrees with lavaan::cfa
    (covariances) and factanal (correlations).
    """
    cov = np.asarray(cov, dtype=float)
    k = len(cov)
    scale = np.sqrt(np.diag(cov))
    corr = cov / np.outer(scale, scale)
    if k < 3 or np.linalg.eigvalsh(corr)[0] < 1e-8:
        return None
    # factanal's start; without one statsmodels draws it by lot.
    unique = np.clip((1 - 0.5 / k) / np.diag(np.linalg.inv(corr)), 0.01, 0.99)
    values, vectors = np.linalg.eigh(corr / np.sqrt(np.outer(unique, unique)))
    loading = np.sqrt(unique * max(values[-1] - 1, 0.01)) * vectors[:, -1]
    with warnings.catch_warnings():  # of an improper solution, and of the last digits
        warnings.simplefilter("ignore")
        fit = Factor(corr=corr, n_factor=1, method="ml").fit(
            start=(loading[:, None], unique), opt={"gtol": 1e-10}
        )
    if fit.uniqueness.min() < IMPROPER:
        return None
    common = float((fit.loadings[:, 0] * scale).sum() ** 2)
    return common / (common + float(np.sum(fit.uniqueness * scale**2)))


def describe_reliability(found: Reliability | None, min_alpha: float = 0.7) -> str:
    """What the reliability means, in one or two sentences."""
    if found is None:
        return say("alpha.none")
    size = ("twice" if found.alpha > 0.95 else "good" if found.alpha >= 0.8
            else "fair" if found.alpha >= min_alpha else "low")  # fmt: skip
    return say(f"alpha.{size}", alpha=number(found.alpha, 2))


Counts = Mapping[Any, int]
Names = Sequence[object]


def chosen_options(df: pd.DataFrame, question: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(option -> bool, the rows themselves) of those who answered a question of several answers.

    df: one row a respondent, with the columns `<question>__<option>`.
    """
    prefix = question + "__"
    options = [c for c in df.columns if str(c).startswith(prefix)]
    answered = df[df[options].notna().any(axis=1)]
    chosen = answered[options].astype("boolean").fillna(False).astype(bool)
    return chosen.rename(columns=lambda c: str(c).removeprefix(prefix)), answered


def option_shares(chosen: pd.DataFrame, names: Names, label: Callable[[str], str | None]) -> Drafts:
    """The share of the respondents (rows) who chose each option (bool columns), most frequent
    first; label: an option's name for readers."""
    for option in by_frequency(chosen):
        n, whole = int(chosen[option].sum()), len(chosen)
        record = share_of(n, whole) | {"label": label(option)}
        yield from drafts(record, [*names, option], "share:ci", part_of(n, whole))


def option_shares_by(
    chosen: pd.DataFrame,
    group: pd.Series,
    levels: Mapping[str, str],
    names: Names,
    label: Callable[[str], str | None],
    variable: object,
) -> Drafts:
    """The share of each group's respondents who chose each option, in the columns' order.

    group: level of each row, "" where missing. levels: level -> its name for readers. A small cell
    hides a second one of the same option, so that none can be found by subtraction.
    """
    whole = group.value_counts().to_dict()
    for option in map(str, chosen.columns):
        named = {"subject": option, "label": label(option)}
        about = {level: named | {"group": text} for level, text in levels.items()}
        yes = group[chosen[option]].value_counts().to_dict()
        yield from level_shares(yes, whole, about, [*names, option, variable])


def by_frequency(chosen: pd.DataFrame) -> list[str]:
    """Options (bool columns), the most frequent first; of ties in their own order."""
    counts = chosen.sum().to_dict()
    return sorted(map(str, chosen.columns), key=lambda option: -counts[option])


def level_shares(
    part: Counts,
    whole: Counts,
    levels: Mapping[str, Mapping[str, Any]],
    names: Names,
    beside: Counts | None = None,
) -> Drafts:
    """The share of each level's persons who are in the part.

    part, whole: level -> persons, "" for those whose level is missing. The parts add up to a total
    that is published, and so do the rests, so that one hidden level hides a second. levels: level
    -> columns of its rows. beside: further counts of a level that its numbers would tell.
    """
    families = measure_id(*names, "part"), measure_id(*names, "rest")
    for level in [*levels, ""]:
        n, all_here = int(part.get(level, 0)), int(whole.get(level, 0))
        cell = part_of(n, all_here, *families)
        place = [*names, level]
        if level:
            more = () if beside is None else (int(beside.get(level, 0)),)
            cell = dataclasses.replace(cell, persons=(*cell.persons, *more))
            yield from drafts(share_of(n, all_here), place, "share:ci", cell, **levels[level])
        elif all_here:
            yield from drafts({UNPUBLISHED: n}, place, UNPUBLISHED, cell)


@lru_cache
def _shipped() -> dict[str, Any]:
    text = Path(__file__).with_name("standards.yml").read_text(encoding="utf-8")
    return dict(load_yaml(text))


def standards(replaced: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The shipped table, with a program's `standards` in place of its own numbers. Raises
    ProgramError, naming the nearest known key, where one does not exist."""
    return _merge(_shipped(), replaced or {}, "standards")


def _merge(known: dict[str, Any], new: Mapping[str, Any], where: str) -> dict[str, Any]:
    merged = dict(known)
    for key, value in new.items():
        if key not in known:
            what = _("unknown key “{key}”").format(key=key)
            raise ProgramError(Problem(what, where, suggestion(key, known)))
        inner = isinstance(known[key], dict) and isinstance(value, Mapping)
        merged[key] = _merge(known[key], value, f"{where}.{key}") if inner else value
    return merged


def item_label(study: Study, item: str) -> str:
    """The question as the questionnaire puts it, else the variable's name."""
    column = declared_column(study.program, item)
    return item if column is None else choose(column.label) or column.header


def person_variable(study: Study, variable: str | None, pids: pd.Index) -> pd.Series | None:
    """A variable, or an instrument's earliest score, of each pid (the index of the result).

    Looked up in the roster first, then in the other linked tables (first row of a person), then
    among the instruments. None where it cannot be found for persons.
    """
    if variable is not None and variable in study.persons:
        return study.persons[variable].reindex(pids)
    if variable is None or not study.linked:
        return None
    tables = [table for table in study.tables.values() if variable in table]
    instrument = study.program.instruments.get(variable)
    if not tables and instrument is not None and (waves := study.waves_of(instrument)):
        try:
            rows = instrument_rows(study, instrument, waves[0])
        except DataError:
            return None  # no one source asks all its items
        tables = [rows.assign(**{variable: scores_of(instrument, rows)})]
    if not tables:
        return None
    return tables[0].drop_duplicates("pid").set_index("pid")[variable].reindex(pids)


def person_levels(study: Study, variable: str | None, pids: pd.Index) -> pd.Series | None:
    """The level of each pid as text, "" where missing; None where the variable is not known."""
    values = person_variable(study, variable, pids)
    return None if values is None else as_levels(values)


def known_variables(
    study: Study, names: Iterable[str], pids: pd.Index, *, at_least: int
) -> pd.DataFrame:
    """Those of the variables of which at least so many of the pids (the index) have a value."""
    found = {name: person_variable(study, name, pids) for name in names}
    known = {n: v for n, v in found.items() if v is not None and v.notna().sum() >= at_least}
    return pd.DataFrame(known, index=pids)


def small_levelled(frame: pd.DataFrame, k: int) -> list[str]:
    """Variables with a level of fewer than k persons; a number of many values has no levels."""
    found = []
    for name in map(str, frame.columns):
        counts = frame[name].value_counts()
        counts = counts[counts > 0]
        levels = len(counts) == 2 or not pd.api.types.is_numeric_dtype(frame[name].dtype)
        if levels and counts.min() < k:
            found.append(name)
    return found


def cluster_of(study: Study, pids: pd.Index) -> np.ndarray | None:
    """Codes (n) of the declared agency of each pid; None where none is declared or known.

    A person without an agency is taken as one that resembles nobody.
    """
    values = person_variable(study, study.program.design.cluster, pids)
    return None if values is None else cluster_codes(pd.DataFrame({"cluster": values}), "cluster")


def reached(values: pd.Series) -> pd.Series:
    """Whether a stage was reached: a flag that is true, a date that is there, a number above 0."""
    if pd.api.types.is_numeric_dtype(values.dtype):  # a flag too
        return (values > 0).fillna(False).astype(bool)
    return values.notna()


def as_levels(values: pd.Series) -> pd.Series:
    """Values as text; "" where missing."""
    text = as_label(values)
    return text.where(text.notna(), "")


def levels_of(program: Program, name: str, values: pd.Series) -> list[str]:
    """Levels that occur, in declared order, then the undeclared ones sorted."""
    present = set(values) - {""}
    column = declared_column(program, name)
    declared = [c for c in column.categories if c in present] if column is not None else []
    return [*declared, *sorted(present - set(declared))]


DesignType = Literal["single_group", "comparison", "randomised"]
SPLINE_VALUES = 8  # different values under which a number is not bent
CHANGE_ONLY = ("paired", "waves")  # estimators of one group, whatever the program's design


@dataclass(frozen=True, slots=True)
class Attrition:
    """Loss between the persons assigned or invited and those analysed; shares 0-1, by group."""

    assigned: dict[str, int]
    analysed: dict[str, int]

    @property
    def overall(self) -> float:
        return 1 - sum(self.analysed.values()) / sum(self.assigned.values())

    @property
    def differential(self) -> float | None:
        """Difference between the groups' losses, always positive; None with one group."""
        lost = [1 - self.analysed.get(g, 0) / n for g, n in self.assigned.items() if n]
        return abs(lost[0] - lost[1]) if len(lost) == 2 else None


@dataclass(frozen=True, slots=True)
class OutcomeFrame:
    """The data of one outcome.

    after: one row a person (of an anonymous source: a row) with an answer at the outcome's wave:
    pid, group, y, and y0 where persons are linked and were measured before; then `cluster` and the
    declared background. before: where the waves cannot be linked, the same at the baseline wave.
    linked_share: share of each group's `after` that has a y0. design: the program's, except that
    an outcome known of the program's persons alone is a single group's. loss: None where it is not
    known who was invited, or persons are not linked. n_before: of the program, the persons measured
    before, whether or not they were measured after; None where waves are not linked. recalled:
    whether the measure before was asked after the program, from memory.
    """

    after: pd.DataFrame
    before: pd.DataFrame | None
    has_baseline: bool
    design: DesignType
    linked_share: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    loss: Attrition | None = None
    n_before: int | None = None
    recalled: bool = False

    @property
    def complete(self) -> pd.DataFrame:
        """The persons measured at both waves; all of `after` where there is no linked baseline."""
        return self.after.dropna(subset=["y0"]) if "y0" in self.after else self.after


OutcomeFrames = dict[str, OutcomeFrame | str]


def numeric(values: pd.Series) -> pd.Series:
    """A variable as float64: flags 0/1, ordered categories their place from 1.

    Raises DataError for dates, text, and categories without an order: which of their labels is
    more, their declaration does not say.
    """
    if isinstance(values.dtype, pd.CategoricalDtype) and values.cat.ordered:
        return values.cat.codes.astype(float).where(values.notna()) + 1
    try:
        if isinstance(values.dtype, pd.CategoricalDtype) or pd.api.types.is_datetime64_any_dtype(
            values.dtype
        ):
            raise TypeError
        return values.astype("Float64").astype(float)
    except (TypeError, ValueError):
        problem = Problem(say("no_numbers", variable=values.name), remedy=say("declare_numbers"))
        raise DataError(problem) from None


def values_of(values: pd.Series, outcome: Outcome) -> pd.Series:
    """An outcome's variable as float64; a binary one as 1 (a value of `success`), 0 or missing.

    Without `success`, a flag or a number is taken as it is: cleaning has refused what is not 0/1.
    """
    if not outcome.success:
        return numeric(values)
    label = as_label(values)
    return label.isin(outcome.success).astype(float).where(label.notna())


def sources_with(
    study: Study, variables: list[str], wave: str | None, source: str | None
) -> list[str]:
    """Sources of a wave that hold all the variables, for persons of different groups or units.

    Where two of them hold the same persons, only the first counts: what is meant then must be said
    by the outcome's key `source`. Raises DataError where none holds them.
    """
    found = [study.source_of(variables, wave, source)]
    if source is None:
        seen = set(study.tables[found[0]]["pid"])
        for name, declared in study.program.sources.items():
            table = study.tables.get(name)
            if name in found or table is None or declared.wave not in (None, wave):
                continue
            if set(variables) <= set(table.columns) and not seen & set(table["pid"]):
                found.append(name)
                seen |= set(table["pid"])
    return found


def instrument_rows(
    study: Study, instrument: Instrument, wave: str, source: str | None = None
) -> pd.DataFrame:
    """Rows of every source that asked the whole instrument at a wave, with group and background."""
    names = sources_with(study, instrument.items, wave, source)
    frames = [study.rows(name).assign(source=name) for name in names]
    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]


def scores_of(
    instrument: Instrument, rows: pd.DataFrame, items: Sequence[str] | None = None
) -> Array:
    """The instrument's score (or that of some of its items) of each row (n,), NaN where too few
    were answered."""
    answers = rows[list(items or instrument.items)].to_numpy(dtype=float)
    return score_items(answers, instrument.min_answered_share)


def measure(study: Study, outcome: Outcome, wave: str, variable: str | None) -> pd.DataFrame:
    """Rows of a wave with `y`, the outcome's score or variable; several ratings of one person are
    averaged (ordinal ones: the middle one). Rows without y are left out."""
    return _one_a_person(measured_rows(study, outcome, wave, variable), outcome)


def _rows_before(study: Study, outcome: Outcome) -> pd.DataFrame:
    own = {"instrument": outcome.baseline_instrument or outcome.instrument}
    if outcome.baseline_wave is not None:  # another wave, in whatever source holds it
        own |= {"source": None}
    before = outcome.model_copy(update=own)
    variable = outcome.baseline_variable or outcome.variable
    return measured_rows(study, before, outcome.baseline_wave or outcome.wave, variable)


def measured_rows(study: Study, outcome: Outcome, wave: str, variable: str | None) -> pd.DataFrame:
    """`measure`, with every rating in a row of its own."""
    if outcome.instrument is not None:
        instrument = study.program.instruments[outcome.instrument]
        rows = instrument_rows(study, instrument, wave, outcome.source)
        rows = rows.assign(y=scores_of(instrument, rows))
    else:
        name = variable or outcome.variable or ""
        tables = sources_with(study, [name], wave, outcome.source)
        rows = pd.concat([study.rows(t) for t in tables], ignore_index=True)
        rows = rows.assign(y=values_of(rows[name], outcome).to_numpy())
    return rows[rows["y"].notna()].reset_index(drop=True)


def _one_a_person(rows: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    if rows["pid"].duplicated().any():
        how = "median" if outcome.scale_type == "ordinal" else "mean"
        averaged = rows.groupby("pid", sort=False)["y"].agg(how)
        rows = rows.drop_duplicates("pid").reset_index(drop=True)
        rows["y"] = rows["pid"].map(averaged).astype(float)
    return rows


def assigned(study: Study, frame: OutcomeFrame) -> pd.DataFrame:
    """The persons on the roster of the groups that the outcome's design compares."""
    groups = ("program",) if frame.design == "single_group" else GROUPS
    return study.persons[study.persons["group"].isin(groups)]


def _loss(study: Study, frame: OutcomeFrame) -> Attrition | None:
    program = study.program
    if program.design.attrition == "unknown" or not program.rosters or not study.linked:
        return None
    persons = assigned(study, frame)
    counts = persons["group"].value_counts()
    present = persons.index.intersection(pd.Index(frame.complete["pid"]))
    kept = persons.loc[present, "group"].value_counts()
    order = [g for g in GROUPS if g in counts]
    return Attrition({g: int(counts[g]) for g in order}, {g: int(kept.get(g, 0)) for g in order})


def outcome_frame(study: Study, outcome: Outcome) -> OutcomeFrame:
    """The data of one outcome. Raises DataError where no source holds it."""
    plan, recalled = study.program.design, bool(outcome.retrospective)
    after = measure(study, outcome, outcome.wave, outcome.variable)
    # What an estimate may use beside the outcome itself.
    beside = [*plan.covariates, *outcome.subgroups, *study.program.population]
    beside += [name for name in (outcome.dose, plan.cluster) if name]
    columns, warnings = list(dict.fromkeys(beside)), []
    ungrouped = int(after["group"].isna().sum())
    if ungrouped and study.program.enough(ungrouped):
        warnings.append(say("ungrouped", share=percent(ungrouped / len(after), 1)))
    single = outcome.estimator in CHANGE_ONLY or not (after["group"] == "comparison").any()
    design: DesignType = "single_group" if single else plan.type
    groups = ("program",) if single else GROUPS
    after = _tidy(after, columns, groups)
    unusable = recalled and design == "randomised"
    if unusable:
        warnings.append(say("recalled_unused"))
    frame = OutcomeFrame(after, None, outcome.has_baseline and not unusable, design,
                         warnings=tuple(warnings))  # fmt: skip
    if frame.has_baseline:
        frame = _with_baseline(study, outcome, replace(frame, recalled=recalled), columns, groups)
    return replace(frame, loss=_loss(study, frame))


def _with_baseline(
    study: Study, outcome: Outcome, frame: OutcomeFrame, columns: list[str], groups: Sequence[str]
) -> OutcomeFrame:
    """The frame with what stands for the outcome before the program."""
    after, before = frame.after, _one_a_person(_rows_before(study, outcome), outcome)
    if outcome.baseline_wave is not None and not study.linked:
        return replace(frame, before=_tidy(before, columns, groups))
    after["y0"] = after["pid"].map(before.set_index("pid")["y"]).astype(float)
    shares = {
        str(group): float(part["y0"].notna().mean())
        for group, part in after.groupby("group", sort=False)
    }
    n_before = int(before.loc[before["group"] == "program", "y"].notna().sum())
    return replace(frame, linked_share=shares, n_before=n_before)


def _tidy(rows: pd.DataFrame, columns: list[str], groups: Sequence[str]) -> pd.DataFrame:
    kept = [c for c in columns if c in rows.columns]
    return rows.loc[rows["group"].isin(groups), ["pid", "group", "y", *kept]].reset_index(drop=True)


def in_program(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows (n,) are the program's."""
    return (rows["group"] == "program").to_numpy(dtype=bool)


def design_matrix(
    rows: pd.DataFrame, names: list[str], form: Literal["linear", "spline"] = "linear"
) -> tuple[Array, list[str]]:
    """Covariates as columns (n, p) and their names, without an intercept.

    form "spline": a number with enough different values becomes the columns of a natural spline.

    Categories become indicators without their first value. A missing number takes the mean and gets
    an indicator of being missing (so that nobody is lost, Puma et al. 2009); a missing category is
    a value of its own. Constant and linearly dependent columns are left out, later ones first.
    """
    columns: dict[str, Array] = {}
    for name in names:
        if name not in rows or pd.api.types.is_datetime64_any_dtype(rows[name].dtype):
            continue
        values = rows[name]
        if isinstance(values.dtype, pd.CategoricalDtype) or values.dtype in ("object", "str"):
            text = values.astype("object").map(lambda v: None if pd.isna(v) else str(v))
            known = (
                list(values.cat.categories.astype(str))
                if hasattr(values, "cat")
                else sorted(set(text.dropna()))
            )
            for value in known[1:]:
                columns[f"{name}={value}"] = (text == value).to_numpy(dtype=float)
            if text.isna().any():
                columns[f"{name}=?"] = np.asarray(text.isna(), dtype=float)
            continue
        number = numeric(values).to_numpy()
        missing = np.isnan(number)
        if missing.all():
            continue
        number = np.where(missing, np.nanmean(number), number)
        if form == "spline" and len(np.unique(number)) >= SPLINE_VALUES:
            curve = natural_spline(number)
            columns |= {f"{name}~{i}": column for i, column in enumerate(curve.T, start=1)}
        else:
            columns[name] = number
        if missing.any():
            columns[f"{name}=?"] = missing.astype(float)
    return _independent(columns, len(rows))


def natural_spline(x: Array, knots: int = 4) -> Array:
    """Basis (n, knots - 1) of the natural cubic splines of x (n,), without the constant: cubic
    between knots at its quantiles and straight at both ends (as R splines::ns spans)."""
    at = np.unique(np.quantile(x, np.linspace(0, 1, knots)))
    if len(at) < 3:
        return x[:, None]
    # The interpolating splines through each unit vector sum to 1, so one of them is redundant.
    return np.asarray(CubicSpline(at, np.eye(len(at)), bc_type="natural")(x)[:, 1:])


def _independent(columns: dict[str, Array], n: int) -> tuple[Array, list[str]]:
    basis = [np.ones(n) / np.sqrt(max(n, 1))]
    kept: list[str] = []
    for name, column in columns.items():
        size = float(np.linalg.norm(column))
        rest = column - sum((b @ column) * b for b in basis)
        rest = rest - sum((b @ rest) * b for b in basis)
        length = float(np.linalg.norm(rest))
        if size > 0 and length > 1e-7 * size:
            basis.append(rest / length)
            kept.append(name)
    if not kept:
        return np.empty((n, 0)), []
    return np.column_stack([columns[name] for name in kept]), kept


def standing(study: Study, outcome: Outcome) -> Iterator[tuple[str, int, int, dict[Group, int]]]:
    """What is known of an outcome, before and after: (wave, rows with a value, those of them whose
    person is in a group, persons of each group); where persons are linked, "both" at last.

    Raises DataError where no source holds it. A wave asked after the program, from memory, is
    "recalled".
    """
    waves = [(outcome.wave, measured_rows(study, outcome, outcome.wave, outcome.variable))]
    if outcome.has_baseline:
        name = "recalled" if outcome.retrospective else outcome.baseline_wave or "pre"
        waves.insert(0, (name, _rows_before(study, outcome)))
    for wave, rows in waves:
        in_group = rows[rows["group"].isin(GROUPS)]
        yield wave, len(rows), len(in_group), _persons(in_group)
    frame = outcome_frame(study, outcome)
    if "y0" in frame.after:
        both = frame.complete
        yield "both", len(both), len(both), _persons(both)


def _persons(rows: pd.DataFrame) -> dict[Group, int]:
    return {g: rows.loc[rows["group"] == g, "pid"].nunique() for g in GROUPS}


def outcome_frames(study: Study) -> OutcomeFrames:
    """Every outcome's frame by its id, in declared order; or the reason in words why there is none.

    estimate_effects, score_sample and rate_evidence take them, so that they are built once.
    """
    frames: OutcomeFrames = {}
    for outcome in study.program.outcomes:
        try:
            frames[outcome.id] = outcome_frame(study, outcome)
        except DataError as error:
            frames[outcome.id] = error.problems[0].what
    return frames
