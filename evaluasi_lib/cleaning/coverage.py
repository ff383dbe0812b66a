"""Whether somebody is left in each group and each outcome: nobody is dropped without a word.

Looked at when the tables are made, so that `check` and a report refuse alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from evaluasi_lib.check import missing_success
from evaluasi_lib.errors import Problem
from evaluasi_lib.program import Outcome, Program
from evaluasi_lib.reading.files import show
from evaluasi_lib.wording import _

SHOWN_LABELS = 10  # a message lists no more labels of a variable
ARM = {"pid": pl.String, "arm": pl.String}


def arms_of(program: Program, folder: Path) -> tuple[pl.DataFrame, list[Problem]]:
    """pid and arm ("program", "comparison") of every person, and what sources contradict.

    The roster's value counts first, then that of any other source in declared order; where there
    is a roster, only its persons have an arm. Empty where rows are anonymous.
    """
    if program.link == "anonymous":
        return pl.DataFrame(schema=ARM), []
    tables = _tables(program, folder)
    first = program.roster
    parts = [_arms(program, tables[n]) for n in sorted(tables, key=lambda n: n != first)]
    told = pl.concat([pl.DataFrame(schema=ARM), *parts]).drop_nulls("arm")
    found = told.unique("pid", keep="first", maintain_order=True)
    if first in tables:
        found = found.join(tables[first].select("pid").collect(), on="pid", how="semi")
    both = told.group_by("pid").agg(pl.col("arm").n_unique()).filter(pl.col("arm") > 1).height
    if not both:
        return found, []
    what = _("persons are in one group by one source and in the other by another")
    remedy = _("correct them in koreksi.csv, or declare the variable in one source alone")
    return found, [Problem(what, "design.group", remedy, both)]


def check_coverage(program: Program, folder: Path, arms: pl.DataFrame) -> Iterator[Problem]:
    """A problem for each group and each outcome that has nobody, and for each binary outcome whose
    values do not say what its success is."""
    tables = {name: table.collect() for name, table in _tables(program, folder).items()}
    rows = {
        name: table.select("pid").join(arms, on="pid", how="left")["arm"]
        if program.link != "anonymous"
        else _arms(program, table.lazy())["arm"]
        for name, table in tables.items()
    }
    if program.design.group is not None:
        known = arms["arm"] if program.link != "anonymous" else pl.concat(rows.values())
        for arm, text in (
            ("program", _("nobody is in the program group")),
            ("comparison", _("nobody is in the comparison group")),
        ):
            if not (known == arm).any():
                remedy = _("check the group's variable and its values in the files")
                yield Problem(text, "design.group", remedy)
    for outcome in program.outcomes:
        yield from _check_outcome(program, outcome, tables, rows)


def _tables(program: Program, folder: Path) -> dict[str, pl.LazyFrame]:
    paths = {n: folder / f"{n}.parquet" for n, s in program.sources.items() if s.role != "events"}
    return {name: pl.scan_parquet(path) for name, path in paths.items() if path.is_file()}


def _arms(program: Program, table: pl.LazyFrame) -> pl.DataFrame:
    """pid and arm of each row of a table; without a rule, everybody is the program's."""
    rule = program.design.group
    if rule is None:
        arm = pl.lit("program")
    elif rule.variable not in table.collect_schema().names():
        arm = pl.lit(None, dtype=pl.String)
    else:
        value = _label(pl.col(rule.variable))
        arm = pl.when(value.is_in(rule.program)).then(pl.lit("program"))
        arm = arm.when(value.is_in(rule.comparison)).then(pl.lit("comparison"))
    return table.select("pid", arm=arm).collect()


def _label(column: pl.Expr) -> pl.Expr:
    """A value as program.yml writes it: 1.0 -> "1", True -> "true"."""
    return column.cast(pl.String).str.replace(r"\.0$", "")


def _check_outcome(
    program: Program,
    outcome: Outcome,
    tables: dict[str, pl.DataFrame],
    rows: dict[str, pl.Series],
) -> Iterator[Problem]:
    measured = [(outcome.wave, outcome.variable, outcome.source)]
    if outcome.baseline_wave or outcome.baseline_variable:
        variable = outcome.baseline_variable or outcome.variable
        source = None if outcome.baseline_wave else outcome.source
        measured.append((outcome.baseline_wave or outcome.wave, variable, source))
    for wave, variable, source in measured:
        needed = (
            program.instruments[outcome.instrument].items
            if outcome.instrument is not None
            else [str(variable)]
        )
        found = [
            (tables[name].select(needed), rows[name])
            for name, declared in program.sources.items()
            if name in tables and source in (None, name) and declared.wave in (None, wave)
            and set(needed) <= set(tables[name].columns)
        ]  # fmt: skip
        where = f"outcomes.{outcome.id}, {wave}"
        values = [t.filter(pl.any_horizontal(pl.all().is_not_null())) for t, _arm in found]
        inside = [
            t.filter((arm == "program").fill_null(False)).select(
                pl.any_horizontal(pl.all().is_not_null()).any()
            ).item()
            for t, arm in found
        ]  # fmt: skip
        if not found:
            what = _("no source of this wave holds {variables}")
            remedy = _("declare the variables in a source with this wave")
            yield Problem(what.format(variables=", ".join(needed)), where, remedy)
        elif not any(v.height for v in values):
            yield Problem(_("the outcome has no value at all"), where, _("check the file's column"))
        elif not any(inside):
            what = _("the outcome is known of nobody in the program group")
            remedy = _("check the persons' identifiers, and the group's variable and values")
            yield Problem(what, where, remedy)
        elif variable is not None:
            yield from _check_binary(program, outcome, variable, [v[variable] for v in values])


def _check_binary(
    program: Program, outcome: Outcome, variable: str, values: list[pl.Series]
) -> Iterator[Problem]:
    """Values of a binary outcome that are no flag and not 0 or 1, where `success` is not given."""
    if outcome.scale_type != "binary":
        return
    where = f"outcomes.{outcome.id}"
    parts = [v.to_frame().select(_label(pl.col(v.name))).to_series() for v in values]
    plain = all(v.dtype == pl.Boolean or v.dtype.is_numeric() for v in values)
    seen = sorted(pl.concat(parts).drop_nulls().unique().to_list())
    if outcome.success:
        if not set(seen) & set(outcome.success):
            what = _("no value of the variable is among its “success”")
            yield Problem(what, f"{where}.success", _observed(seen))
        return
    if not plain or not set(seen) <= {"0", "1", "true", "false"}:
        yield Problem(missing_success(), where, _observed(seen))


def _observed(labels: list[str]) -> str:
    """The remedy with the labels that the files hold; many labels could tell of persons."""
    if len(labels) > SHOWN_LABELS:
        return _("declare “success”; the variable has {n} different values").format(n=len(labels))
    shown = ", ".join(f"“{show(x)}”" for x in labels)
    return _("declare “success” with one or more of the values in the files: {labels}").format(
        labels=shown
    )
