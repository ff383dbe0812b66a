"""What the data themselves say against a model: relations that bend, units that nobody declared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from evaluasi_lib.scoring.frames import SPLINE_VALUES
from evaluasi_lib.scoring.impact.case import Case
from evaluasi_lib.scoring.impact.estimate import Estimate
from evaluasi_lib.scoring.impact.plans import PARALLEL
from evaluasi_lib.scoring.logit import standardised
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose, join_words, number

Array = NDArray[np.float64]

ALPHA = 0.05
BENT = 0.01  # stricter: a warning for each outcome and covariate would else come by chance
MIN_UNITS = 5
LARGE_ICC = 0.05
WHOLE_UNITS = 0.8  # share of persons in units of one group, from which units were assigned
UNIT = re.compile(
    r"(unit|satuan|satker|instansi|opd|dinas|kantor|balai|bidang|lembaga|sekolah|kelas|angkatan|"
    r"agency|office|department|school|class|cohort)",
    re.IGNORECASE,
)


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


def doubts_of(study: Study, case: Case, primary: Estimate) -> dict[str, str]:
    """What the data themselves say against a primary estimate: code -> warning.

    bent: a relation that the model takes as straight. undeclared_cluster: whole units took part, or
    were compared, whose persons resemble each other. units_alike: they do, but each unit has
    persons of both groups, so that chance decided within it.
    """
    found = {"bent": bent(study, case, primary)}
    code, text = undeclared_cluster(study, case, primary)
    found[code] = text
    return {code: text for code, text in found.items() if text}


def undeclared_cluster(study: Study, case: Case, primary: Estimate) -> tuple[str, str | None]:
    """The warning where persons of one unit resemble each other and it is not the cluster, and its
    code as in doubts_of."""
    if primary.estimate is None or not primary.inference:
        return "units_alike", None
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
        return "units_alike", None
    icc, name, unit = max(found, key=lambda one: one[0])
    member = pd.Series(case.member(rows), index=unit.index)
    pure = member.groupby(unit, observed=True).transform("nunique") == 1
    code = "undeclared_cluster" if pure.mean() > WHOLE_UNITS else "units_alike"
    return code, _(
        "Persons with the same “{name}” resemble each other in this outcome (intraclass "
        "correlation {icc}), but it is not declared as cluster: interval and p-value are too "
        "favourable if persons were chosen or trained by it."
    ).format(name=variable_name(study, name), icc=number(icc, 2))


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
