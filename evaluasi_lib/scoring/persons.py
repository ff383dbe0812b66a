"""Variables of persons wherever they are declared, their names in reports, and shares of groups."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from evaluasi_lib.errors import DataError
from evaluasi_lib.labels import declared_column
from evaluasi_lib.program import Program
from evaluasi_lib.scoring.frames import instrument_scores
from evaluasi_lib.scoring.impact.models import cluster_codes
from evaluasi_lib.study import Study, as_label
from evaluasi_lib.wording import choose


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
            tables = [instrument_scores(study, variable, waves[0])]
        except DataError:
            return None  # no one source asks all its items
        variable = "score"
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
