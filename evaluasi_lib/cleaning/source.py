"""One source from text to its tables, batch by batch."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from evaluasi_lib.check import names_in
from evaluasi_lib.cleaning import rows as rules
from evaluasi_lib.cleaning.identity import from_nip
from evaluasi_lib.cleaning.linking import UNLINKED, Linker
from evaluasi_lib.cleaning.manifest import Log
from evaluasi_lib.cleaning.mapping import Correction, Mapped, apply_corrections
from evaluasi_lib.cleaning.privacy import MASK, Names, coarsen, hides
from evaluasi_lib.cleaning.tables import TableWriter
from evaluasi_lib.cleaning.translate import Translations, changes_in, problems_of, translate
from evaluasi_lib.cleaning.typers import (
    TYPERS,
    Spec,
    clean_text,
    decimal_evidence,
    option_texts,
    proved_decimal,
    type_flag,
)
from evaluasi_lib.errors import Problem
from evaluasi_lib.program import Column, Program
from evaluasi_lib.wording import _

CODED = ("item", "category", "ordinal", "flag", "multi")
NUMBERS = ("number", "integer")
IDENTIFIERS = ("nip", "respondent_code", "name", "email", "phone")
ONE_ROW_A_PERSON = ("roster", "survey", "record")
NO_PERSONS = {"pid": pl.String}
NOTED = {  # what a reader should know of, beside the counts
    "identifier_missing": "no_identifier",
    "nip_invalid": "nip_invalid",
    "nip_ambiguous": "nip_ambiguous",
    "straight_lining_flagged": "straight_lining",
    "speed_flagged": "speed",
}


@dataclass
class Context:
    """What all sources of a program share while it is cleaned; what it finds is collected here.

    labels: values that program.yml itself names, so that they stay what they are.
    """

    program: Program
    linker: Linker
    corrections: list[Correction]
    names: Names
    flags: list[pl.DataFrame] = field(default_factory=list)
    translations: list[pl.DataFrame] = field(default_factory=list)
    labels: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        named = names_in(self.program)
        self.labels = frozenset(n.name for n in named if n.mark.kind in ("label", "answer"))


def clean_source(mapped: Mapped, context: Context, folder: Path, log: Log) -> pl.DataFrame:
    """Write <source>.parquet and its restricted table; returns the pid of the kept rows."""
    name, source = mapped.name, mapped.source
    specs = {s.name: replace(s, decimal=_decimal_of(mapped, s)) for s in mapped.specs}
    translations = Translations()
    path = folder / f"{name}.parquet"
    there = [s for s in specs.values() if s.name in mapped.columns or s.column.type == "multi"]
    writer = TableWriter(path, there)
    keys, restricted, flagged, n_kept = [], [], [], 0
    corrections = [c for c in context.corrections if c.source == name]
    coded = [s.name for s in there if s.column.type in CODED and s.name in mapped.columns]
    with writer:
        for batch in mapped.table.batches(mapped.columns, labels=coded):
            log.rows_read += batch.height
            batch, applied, stale = apply_corrections(batch, corrections)
            log.add("correction_applied", name, applied)
            for line in stale:
                log.note("correction_skipped", line=line, source=name)
            batch = _drop_rows(batch, mapped, there, log)
            frame = _typed_frame(batch, mapped, specs, context, translations, log)
            batch, frame, marks = _mark_rows(batch, frame, mapped, there, log)
            flagged.append(marks)
            restricted.extend(_open_answers(frame, there))
            n_kept += frame.height
            if context.program.link != "anonymous":  # else nobody asks for them
                keys.append(_key_columns(frame, batch, mapped, context))
            writer.write(frame.select(list(writer.dtypes)))
    _settle(translations, specs, mapped, context, log)
    if not n_kept:
        remedy = _("see the rules in program.yml")
        log.errors.append(Problem(_("no row is left"), source.file, remedy))
        return pl.DataFrame(schema=NO_PERSONS)
    key = pl.concat(keys) if keys else pl.DataFrame(schema=NO_PERSONS)
    kept = _duplicates(key, mapped, context, log)
    writer.finish(kept)
    if kept is not None:
        key = key.filter(pl.col("row").is_in(kept.implode()))
    log.rows_kept += n_kept if kept is None else len(kept)
    _write_restricted(restricted, kept, folder / "restricted" / f"{name}.parquet")
    flagged.extend(_outliers(path, there, name, log))
    marks = pl.concat(flagged).with_columns(source=pl.lit(name))
    context.flags.append(
        marks if kept is None else marks.filter(pl.col("row").is_in(kept.implode()))
    )
    for rule, kind in NOTED.items():
        if (rule, name) in log.changes:
            log.note(kind, source=name, n=log.changes[rule, name])
    return key


def _settle(
    translations: Translations,
    specs: dict[str, Spec],
    mapped: Mapped,
    context: Context,
    log: Log,
) -> None:
    """What the source's translations say: counts for the log, problems, and the table to show."""
    for variable, spec in specs.items():
        table = translations.table(variable)
        for rule, n in changes_in(table).items():
            log.add(rule, mapped.name, n)
            if rule == "skip_violation":
                log.note(rule, source=mapped.name, variable=variable, n=n)
        log.errors.extend(problems_of(table, spec, mapped.source.file, context.names))
    shown = {v for v, s in specs.items() if _tells_of_nobody(s, mapped)}
    context.translations.append(translations.frame(mapped.name, shown.__contains__))


def _tells_of_nobody(spec: Spec, mapped: Mapped) -> bool:
    """Whether a column's texts may be written out: every one is declared, or is a plain number."""
    column = spec.column
    if column.derive is not None or column.coarsen or spec.name in mapped.coded:
        return False
    if column.type == "multi":
        return not any("*" in texts for texts in option_texts(column).values())
    declared = bool(column.categories) and column.spelling is None  # a name could stand beside it
    return column.type in ("item", "flag", *NUMBERS) or (column.type in CODED and declared)


def _typed_frame(
    batch: pl.DataFrame,
    mapped: Mapped,
    specs: dict[str, Spec],
    context: Context,
    translations: Translations,
    log: Log,
) -> pl.DataFrame:
    """row, pid and every variable of a batch, typed."""
    rows = batch["row"]
    typed = {"row": rows, "pid": context.linker.pids(batch, mapped, log)}
    for name, spec in specs.items():
        values = _typed(batch, spec, mapped, context, translations)
        if spec.column.ask_if and values:
            mark = rules.skipped(batch, spec, specs)
            answered = mark & _any(v.is_not_null() for v in values.values())
            translations.note(name, "skip_violation", rows.filter(answered))
            values = {n: pl.select(pl.when(~mark).then(v)).to_series() for n, v in values.items()}
        if spec.column.required:
            present = _any(v.is_not_null() for v in (values or {name: batch[name]}).values())
            translations.note(name, "required", rows.filter(~present))
        typed |= values
    return pl.DataFrame([s.alias(n) for n, s in typed.items()])


def _any(marks: Iterable[pl.Series]) -> pl.Series:
    return functools.reduce(operator.or_, marks)


def _typed(
    batch: pl.DataFrame,
    spec: Spec,
    mapped: Mapped,
    context: Context,
    translations: Translations,
) -> dict[str, pl.Series]:
    """The processed columns of one variable, named; identifiers have none."""
    name, column, rows = spec.name, spec.column, batch["row"]
    if column.type in IDENTIFIERS:
        return {}
    if name not in batch.columns:  # a multi question in one column for each option
        flag = Spec(name, column.model_copy(update={"categories": {}}))
        found = {}
        for key in (f"{name}__{k}" for k in column.options if f"{name}__{k}" in batch.columns):
            found[key], table = translate(batch[key], rows, flag, type_flag)
            translations.add(name, table)
        return found
    values, table = translate(batch[name], rows, spec, functools.partial(_read, mapped, context))
    translations.add(name, table)
    for rule, applies in (
        ("item_reversed", spec.turned),
        ("distinct_coded", name in mapped.coded and _undeclared(column)),
        ("coarsened", bool(column.coarsen) and column.type in NUMBERS),
    ):
        if applies:
            read = table.drop_nulls("value")
            translations.note(name, rule, read["first_row"], read["n"])
    if column.type == "multi":
        chosen = pl.DataFrame({name: values})
        has = {k: pl.col(name).list.contains(pl.lit(k, pl.String)) for k in column.options}
        return {f"{name}__{k}": chosen.select(x).to_series() for k, x in has.items()}
    return {name: values}


def _undeclared(column: Column) -> bool:
    """Whether a column's values are texts that nobody declared."""
    plain = column.type in ("category", "ordinal") and not column.categories
    return column.type == "text" or plain


def _read(mapped: Mapped, context: Context, texts: pl.Series, spec: Spec) -> pl.DataFrame:
    """Distinct texts by their typer; what could tell of a person is masked, coded or coarsened."""
    column, period = spec.column, context.program.period
    if column.derive is not None:
        nobody = texts.clear(len(texts))
        texts = from_nip(texts, column.derive, period.start) if period else nobody
    read = TYPERS[column.type](texts, spec)
    value = read["value"]
    if _undeclared(column):
        hit = hides(value, context.names, words=column.type == "text")
        mask = pl.when(hit)
        value = pl.select(mask.then(pl.lit(MASK)).otherwise(value)).to_series()
        rule = mask.then(pl.lit("identifier_masked")).otherwise(read["rule"])
        read = read.with_columns(rule=rule)
        if spec.name in mapped.coded:
            value = context.linker.codes(value, context.labels)
    if column.coarsen and column.type in NUMBERS:
        value = coarsen(value, column.coarsen)
    return read.with_columns(value=value)


def _decimal_of(mapped: Mapped, spec: Spec) -> Callable[[], str]:
    """The decimal sign of a column, looked up in the whole file when it is first needed."""
    found: list[str] = []

    def decimal() -> str:
        if not found:
            found.append(spec.column.decimal or _proved_decimal(mapped, spec.name))
        return found[0]

    return decimal


def _proved_decimal(mapped: Mapped, variable: str) -> str:
    """ "." or "," where the column proves it; "mixed" or "unknown" where it does not."""
    batches = mapped.table.batches({variable: mapped.columns[variable]}, 1_000_000)
    proofs = [decimal_evidence(batch[variable]) for batch in batches]
    return proved_decimal(*(sum(column) for column in zip(*proofs, strict=True)))


def _drop_rows(batch: pl.DataFrame, mapped: Mapped, specs: list[Spec], log: Log) -> pl.DataFrame:
    """Without empty, test and unfinished rows, each counted once under the first rule that fits."""
    source, name = mapped.source, mapped.name
    drops = [("empty_row_dropped", rules.empty_rows(batch.drop("row")))]
    if source.drop_test_rows:
        there = [s for s in specs if s.name in batch.columns]
        names = [s.name for s in there if s.column.type in IDENTIFIERS]
        answers = [s.name for s in there if s.column.type == "open"]
        mark = rules.test_rows(batch.select("row", *names), batch.select("row", *answers))
        drops.append(("test_row_dropped", mark))
    if source.finished and source.finished in batch.columns:
        drops.append(("unfinished_dropped", clean_text(batch[source.finished]).is_null()))
    gone = rules.no_row(batch.height)
    for rule, mark in drops:
        log.add(rule, name, int((mark & ~gone).sum()))
        gone = gone | mark
    return batch.filter(~gone) if gone.any() else batch


def _mark_rows(
    batch: pl.DataFrame, frame: pl.DataFrame, mapped: Mapped, specs: list[Spec], log: Log
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """(batch, frame, flags): straight-lining and too fast rows are marked, or dropped."""
    straight = rules.straight(frame, specs)
    fast = rules.too_fast(frame, mapped.source)
    if mapped.source.drop_straight_lining and straight.any():
        log.add("straight_lining_dropped", mapped.name, int(straight.sum()))
        batch, frame, fast = (x.filter(~straight) for x in (batch, frame, fast))  # type: ignore[assignment]
        straight = rules.no_row(frame.height)
    log.add("straight_lining_flagged", mapped.name, int(straight.sum()))
    log.add("speed_flagged", mapped.name, int(fast.sum()))
    marks = [
        _flags(frame["row"].filter(m), f, "") for m, f in ((straight, "straight"), (fast, "fast"))
    ]
    return batch, frame, pl.concat(marks)


def _flags(rows: pl.Series, flag: str, variable: str) -> pl.DataFrame:
    return pl.DataFrame({"row": rows}).with_columns(flag=pl.lit(flag), variable=pl.lit(variable))


def _outliers(path: Path, specs: list[Spec], name: str, log: Log) -> list[pl.DataFrame]:
    numbers = [s.name for s in specs if s.column.type in NUMBERS and not s.column.coarsen]
    found = []
    for variable, rows in rules.outliers(path, numbers).items():
        log.add("outlier_flagged", name, len(rows))
        log.note("outliers", source=name, variable=variable, n=len(rows))
        found.append(_flags(rows, "outlier", variable))
    return found


def _open_answers(frame: pl.DataFrame, specs: list[Spec]) -> list[pl.DataFrame]:
    return [
        frame.select("row", "pid", pl.lit(s.name).alias("variable"), pl.col(s.name).alias("text"))
        .drop_nulls("text")
        for s in specs
        if s.column.type == "open"
    ]  # fmt: skip


def _write_restricted(parts: list[pl.DataFrame], kept: pl.Series | None, path: Path) -> None:
    if not parts:
        return
    frame = pl.concat(parts)
    if kept is not None:
        frame = frame.filter(pl.col("row").is_in(kept.implode()))
    path.parent.mkdir(exist_ok=True, mode=0o700)
    pq.write_table(frame.sort("row", maintain_order=True).to_arrow(), path)


def _key_columns(
    frame: pl.DataFrame, batch: pl.DataFrame, mapped: Mapped, context: Context
) -> pl.DataFrame:
    """What later steps need of each row: pid, and what decides between duplicates."""
    keys = frame.select("row", "pid")
    if context.linker.variable(mapped) is None:
        return keys
    order = mapped.source.duplicates.order_by
    date = pl.col(order) if order in frame.columns else pl.lit(None)
    measured = frame.select(
        date.cast(pl.Datetime("us")).alias("order"),
        pl.sum_horizontal(pl.lit(0), pl.exclude("row", "pid").is_not_null()).alias("answered"),
        batch.drop("row").cast(pl.String).hash_rows(seed=1).alias("content"),
    )
    return keys.hstack(measured)


def _duplicates(key: pl.DataFrame, mapped: Mapped, context: Context, log: Log) -> pl.Series | None:
    """The rows that stay where several belong to one person; None where nothing must go."""
    source, name, rule = mapped.source, mapped.name, mapped.source.duplicates
    if "answered" not in key.columns:
        return None
    if rule.keep == "error" and source.role not in ONE_ROW_A_PERSON:
        return None
    linked = key.filter(~pl.col("pid").str.starts_with(name + UNLINKED))
    repeated = linked.filter(pl.col("pid").is_duplicated())
    if not repeated.height:
        return None
    if context.linker.kind == "respondent_code":
        log.note("code_collision", source=name, n=repeated.height)
    if rule.keep == "error":
        what = _("several rows belong to the same person")
        where = f"{source.file}, " + _("row {row}").format(row=int(repeated["row"][0]))
        remedy = _("declare “duplicates”: keep first, last (by order_by) or most_complete")
        log.errors.append(Problem(what, where, remedy, repeated.height))
        return None
    if rule.keep in ("first", "last") and rule.order_by is None:
        log.note("file_order", source=name)
    gone = repeated.join(rules.kept_of_duplicates(repeated, rule), on="row", how="anti")
    log.add("duplicate_dropped", name, gone.height)
    return key.join(gone, on="row", how="anti")["row"]
