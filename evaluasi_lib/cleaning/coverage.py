"""Whether somebody is left in each group and each outcome, and which rows match nobody: no person
is dropped without a word.

Looked at when the tables are made, so that `check` and a report refuse alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import polars as pl
from pandas.api.types import is_numeric_dtype

from evaluasi_lib.check import missing_success
from evaluasi_lib.cleaning.events import user_numbers
from evaluasi_lib.cleaning.identity import Linker, nip_status, normalise_code, normalise_nip
from evaluasi_lib.cleaning.manifest import Log
from evaluasi_lib.cleaning.mapping import Mapped
from evaluasi_lib.cleaning.typers import clean_text
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
    if program.has_groups:
        told = [study.group_of(name).set_axis(t["pid"]) for name, t in study.tables.items()]
        groups = pd.concat(told).dropna()
        where = "design.group" if program.design.group is not None else "sources"
        persons = groups[~groups.reset_index().duplicated().to_numpy()].index
        if study.linked and (both := int(persons.duplicated().sum())):
            what = _("persons are in one group by one source and in the other by another")
            remedy = _("correct them in koreksi.csv, or declare the variable in one source alone")
            yield Problem(what, where, remedy, both)
            return
        remedy = _("check the group's variable and its values in the files")
        for group, text in (
            ("program", _("nobody is in the program group")),
            ("comparison", _("nobody is in the comparison group")),
        ):
            if not ((study.groups if study.linked else groups) == group).any():
                yield Problem(text, where, remedy)
    for outcome in program.outcomes:
        yield from _check_outcome(study, outcome)


class Unmatched(NamedTuple):
    """The rows of a source that match nobody of `among`, by reason: blank, damaged (digits lost in
    a spreadsheet), format (of another kind than theirs), absent."""

    source: str
    among: str
    rows: int
    reasons: dict[str, int]


def unmatched_rows(
    program: Program, sources: Sequence[Mapped], linker: Linker
) -> Iterator[Unmatched]:
    """What is said of each linked source beside the rosters, or beside the first where there is
    none. Rows are those of the file that are taken, before duplicates are dropped."""
    linked = [m for m in sources if linker.variable(m) is not None]
    first = [m for m in linked if m.name in program.rosters] or linked[:1]
    if program.link == "anonymous" or not first:
        return
    texts, usable = zip(*(_identified(m, linker) for m in first), strict=True)
    known, shapes = pl.concat(usable).drop_nulls(), _shape(pl.concat(texts)).drop_nulls().unique()
    for mapped in linked:
        if mapped in first:
            continue
        text, found = _identified(mapped, linker)
        by_code = mapped.source.columns[linker.variable(mapped) or ""].type == "respondent_code"
        status = nip_status(normalise_nip(text))
        damaged = text.str.contains(r"(?i)^\d[.,]\d+e\+?\d+$") | (status == "damaged")
        other = (
            ~_shape(text).is_in(shapes.implode()) if by_code
            else status.is_in(["invalid", "legacy"])
        )  # fmt: skip
        why = (
            pl.when(text.is_null()).then(pl.lit("blank"))
            .when(found.is_in(known.implode())).then(None)
            .when(damaged).then(pl.lit("damaged"))
            .when(other).then(pl.lit("format"))
            .otherwise(pl.lit("absent"))
        )  # fmt: skip
        counts = dict(pl.select(why.alias("why")).to_series().drop_nulls().value_counts().rows())
        reasons = {r: counts[r] for r in ("blank", "damaged", "format", "absent") if r in counts}
        among = ", ".join(m.name for m in first)
        yield Unmatched(mapped.name, among, len(text), reasons)


def _identified(mapped: Mapped, linker: Linker) -> tuple[pl.Series, pl.Series]:
    """The texts by which a source names its persons, and the usable identifiers among them."""
    variable = linker.variable(mapped) or ""
    parts = [
        clean_text(user_numbers(batch, mapped, linker)[variable])
        for batch in mapped.table.batches({variable: mapped.columns[variable]})
    ]
    text = pl.concat([pl.Series(variable, [], pl.String), *parts])
    return text, linker.identifiers(text, mapped, variable, Log())


def _shape(text: pl.Series) -> pl.Series:
    """What an identifier looks like: letters as a, digits as 9, runs of either as one."""
    return normalise_code(text).str.replace_all(r"[^\W\d]+", "a").str.replace_all(r"\d+", "9")


def _check_outcome(study: Study, outcome: Outcome) -> Iterator[Problem]:
    measured = [(outcome.wave, outcome.variable, outcome.source, outcome.instrument)]
    if outcome.has_baseline:
        variable = outcome.baseline_variable or outcome.variable
        source = None if outcome.baseline_wave else outcome.source
        asked = outcome.baseline_instrument or outcome.instrument
        measured.append((outcome.baseline_wave or outcome.wave, variable, source, asked))
    for wave, variable, source, asked in measured:
        instrument = study.program.instruments.get(asked or "")
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
