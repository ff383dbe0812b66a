"""Whether somebody is left in each group and each outcome: nobody is dropped without a word.

Looked at when the tables are made, so that `check` and a report refuse alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from evaluasi_lib.check import missing_success
from evaluasi_lib.errors import Problem
from evaluasi_lib.program import Outcome, Program
from evaluasi_lib.reading.files import show
from evaluasi_lib.study import Study, as_label
from evaluasi_lib.wording import _

SHOWN_LABELS = 10  # a message lists no more labels of a variable


def check_coverage(program: Program, folder: Path) -> Iterator[Problem]:
    """A problem for persons in both groups, for each group and each outcome that has nobody, and
    for each binary outcome whose values do not say what its success is."""
    study = Study(program, folder, {})
    if program.design.group is not None:
        told = [study.group_of(t.set_index("pid")) for t in study.tables.values()]
        groups = pd.concat(told).dropna()
        persons = groups[~groups.reset_index().duplicated().to_numpy()].index
        if study.linked and (both := int(persons.duplicated().sum())):
            what = _("persons are in one group by one source and in the other by another")
            remedy = _("correct them in koreksi.csv, or declare the variable in one source alone")
            yield Problem(what, "design.group", remedy, both)
            return
        remedy = _("check the group's variable and its values in the files")
        for group, text in (
            ("program", _("nobody is in the program group")),
            ("comparison", _("nobody is in the comparison group")),
        ):
            if not ((study.groups if study.linked else groups) == group).any():
                yield Problem(text, "design.group", remedy)
    for outcome in program.outcomes:
        yield from _check_outcome(study, outcome)


def _check_outcome(study: Study, outcome: Outcome) -> Iterator[Problem]:
    measured = [(outcome.wave, outcome.variable, outcome.source)]
    if outcome.baseline_wave or outcome.baseline_variable:
        variable = outcome.baseline_variable or outcome.variable
        source = None if outcome.baseline_wave else outcome.source
        measured.append((outcome.baseline_wave or outcome.wave, variable, source))
    for wave, variable, source in measured:
        instrument = study.program.instruments.get(outcome.instrument or "")
        needed = instrument.items if instrument else [str(variable)]
        holders = [
            name for name, declared in study.program.sources.items()
            if name in study.tables and source in (None, name) and declared.wave in (None, wave)
            and set(needed) <= set(study.tables[name])
        ]  # fmt: skip
        answered = {n: study.tables[n][needed].notna().any(axis="columns") for n in holders}
        where = f"outcomes.{outcome.id}, {wave}"
        if not holders:
            what = _("no source of this wave holds {variables}")
            remedy = _("declare the variables in a source with this wave")
            yield Problem(what.format(variables=", ".join(needed)), where, remedy)
        elif not any(rows.any() for rows in answered.values()):
            yield Problem(_("the outcome has no value at all"), where, _("check the file's column"))
        elif not any(
            (rows & (study.groups_of_rows(n) == "program")).any() for n, rows in answered.items()
        ):
            what = _("the outcome is known of nobody in the program group")
            remedy = _("check the persons' identifiers, and the group's variable and values")
            yield Problem(what, where, remedy)
        elif variable is not None and outcome.scale_type == "binary":
            yield from _check_binary(outcome, [study.tables[n][variable] for n in holders])


def _check_binary(outcome: Outcome, values: list[pd.Series]) -> Iterator[Problem]:
    """Values of a binary outcome that are no flag and not 0 or 1, where `success` is not given."""
    where = f"outcomes.{outcome.id}"
    seen = sorted(pd.concat([as_label(v.dropna()) for v in values]).unique())
    if outcome.success:
        if not set(seen) & set(outcome.success):
            what = _("no value of the variable is among its “success”")
            yield Problem(what, f"{where}.success", _observed(seen))
    elif not all(map(is_numeric_dtype, values)) or not set(seen) <= {"0", "1", "true", "false"}:
        yield Problem(missing_success(), where, _observed(seen))


def _observed(labels: list[str]) -> str:
    """The remedy with the labels that the files hold; many labels could tell of persons."""
    if len(labels) > SHOWN_LABELS:
        return _("declare “success”; the variable has {n} different values").format(n=len(labels))
    shown = ", ".join(f"“{show(x)}”" for x in labels)
    remedy = _("declare “success” with one or more of the values in the files: {labels}")
    return remedy.format(labels=shown)
