"""One outcome's data, ready for estimators: who, in which group, how much before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from evaluasi_lib.errors import DataError, Problem
from evaluasi_lib.measures import Group
from evaluasi_lib.program import Instrument, Outcome
from evaluasi_lib.scoring.items import score_items
from evaluasi_lib.study import GROUPS, Study, as_label
from evaluasi_lib.wording import _, percent

Array = NDArray[np.float64]
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
        raise DataError(
            Problem(
                _("the variable “{name}” holds no numbers").format(name=values.name),
                remedy=_("declare it as a number, a flag or an ordinal in program.yml"),
            )
        ) from None


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


def scores_of(instrument: Instrument, rows: pd.DataFrame) -> Array:
    """The instrument's score of each row (n,), NaN where too few items were answered."""
    return score_items(rows[instrument.items].to_numpy(dtype=float), instrument.min_answered_share)


def instrument_scores(study: Study, instrument_id: str, wave: str) -> pd.DataFrame:
    """One row for each answer sheet of a wave: row, pid, group, score, and the background.

    For calculation, not for publication. Raises DataError where no source asks all the items.
    """
    instrument = study.program.instruments[instrument_id]
    rows = instrument_rows(study, instrument, wave)
    first = ("row", "pid", "group", "score")
    rest = [c for c in rows if c not in (*instrument.items, *first, "source")]
    return rows.assign(score=scores_of(instrument, rows))[[*first, *rest]]


def measure_before(study: Study, outcome: Outcome) -> pd.DataFrame:
    """`measure` of what stands for the outcome before the program."""
    return _one_a_person(_rows_before(study, outcome), outcome)


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


def outcome_frame(study: Study, outcome: Outcome) -> OutcomeFrame:
    """The data of one outcome. Raises DataError where no source holds it."""
    frame = _frame(study, outcome)
    return replace(frame, loss=_loss(study, frame))


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


def _frame(study: Study, outcome: Outcome) -> OutcomeFrame:
    after = measure(study, outcome, outcome.wave, outcome.variable)
    columns = background(study, outcome)
    warnings: tuple[str, ...] = ()
    ungrouped = int(after["group"].isna().sum())
    if ungrouped and study.program.enough(ungrouped):
        text = _("{share} of the answers belong to neither group and are left out.")
        warnings = (text.format(share=percent(ungrouped / len(after), 1)),)
    design, recalled = _design_of(study, outcome, after), bool(outcome.retrospective)
    groups = ("program",) if design == "single_group" else GROUPS
    after = _tidy(after, columns, groups)
    same_wave = outcome.baseline_wave is None
    if recalled and design == "randomised":
        text = _("What people remember of the time before was asked after the program, which may "
                 "have changed it: of groups drawn by lot it is not used.")  # fmt: skip
        warnings = (*warnings, text)
    if not outcome.has_baseline or (recalled and design == "randomised"):
        return OutcomeFrame(after, None, False, design, warnings=warnings)
    before = measure_before(study, outcome)
    if not same_wave and not study.linked:
        before = _tidy(before, columns, groups)
        return OutcomeFrame(after, before, True, design, warnings=warnings, recalled=recalled)
    after["y0"] = after["pid"].map(before.set_index("pid")["y"]).astype(float)
    shares = {
        str(group): float(part["y0"].notna().mean())
        for group, part in after.groupby("group", sort=False)
    }
    early = before.loc[before["group"] == "program", "y"]
    n_before = int(early.notna().sum())
    return OutcomeFrame(
        after, None, True, design, shares, warnings, n_before=n_before, recalled=recalled
    )


def _design_of(study: Study, outcome: Outcome, after: pd.DataFrame) -> DesignType:
    if outcome.estimator in CHANGE_ONLY or not (after["group"] == "comparison").any():
        return "single_group"
    return study.program.design.type


def background(study: Study, outcome: Outcome) -> list[str]:
    """Variables an estimate of this outcome may use beside the outcome itself."""
    design = study.program.design
    names = [*design.covariates, *outcome.subgroups, *study.program.population]
    if outcome.dose:
        names.append(outcome.dose)
    return list(dict.fromkeys([*names, *([design.cluster] if design.cluster else [])]))


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
