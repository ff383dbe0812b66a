"""One source from text to its tables, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from evaluasi_lib.cleaning import rules
from evaluasi_lib.cleaning.corrections import Correction, apply_corrections
from evaluasi_lib.cleaning.identity import name_patterns
from evaluasi_lib.cleaning.labels import PERSONAL, Tally, show
from evaluasi_lib.cleaning.linking import UNLINKED, Linker
from evaluasi_lib.cleaning.log import Log
from evaluasi_lib.cleaning.mapping import Mapped
from evaluasi_lib.cleaning.tables import TableWriter, class_labels
from evaluasi_lib.cleaning.values import (
    Spec,
    categories_of,
    clean_text,
    decimal_evidence,
    option_texts,
    type_category,
    type_date,
    type_flag,
    type_item,
    type_multi,
    type_number,
    type_open,
)
from evaluasi_lib.errors import Problem, nearest
from evaluasi_lib.program import Program
from evaluasi_lib.wording import _

CODED = ("item", "category", "ordinal", "flag", "multi")
IDENTIFIERS = ("nip", "respondent_code", "name", "email", "phone")
ONE_ROW_A_PERSON = ("roster", "survey", "record")
MASK = "[…]"
_TYPERS = {
    "item": type_item, "number": type_number, "integer": type_number, "category": type_category,
    "ordinal": type_category, "flag": type_flag, "date": type_date, "open": type_open,
    "text": type_category,
}  # fmt: skip


@dataclass
class Context:
    """What all sources of a program share while it is cleaned."""

    program: Program
    linker: Linker
    corrections: list[Correction]
    sources: list[Mapped]
    names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        """Names of persons are needed where free text could hold them."""
        self.names = []
        free = any(c.type == "text" for m in self.sources for c in m.source.columns.values())
        if free or any(m.source.role == "events" for m in self.sources):
            for m in self.sources:
                for variable, column in m.source.columns.items():
                    if column.type == "name" and variable in m.columns:
                        batches = m.table.batches({variable: m.columns[variable]}, 1_000_000)
                        for batch in batches:
                            self.names.extend(name_patterns(batch[variable]))
            self.names = sorted(set(self.names))


def clean_source(mapped: Mapped, context: Context, folder: Path, log: Log) -> pl.DataFrame:
    """Write <source>.parquet and its restricted table; returns pid and arm of the kept rows."""
    name, source = mapped.name, mapped.source
    specs = [
        replace(s, decimal=_decimal_of(mapped, s)) if s.column.type in ("number", "integer") else s
        for s in mapped.specs
    ]
    tallies = {s.name: Tally() for s in specs}
    writer = TableWriter(folder / f"{name}.parquet", [s for s in specs if s.name in mapped.columns
                                                     or s.column.type == "multi"])  # fmt: skip
    keys: list[pl.DataFrame] = []
    restricted: list[pl.DataFrame] = []
    corrections = [c for c in context.corrections if c.source == name]
    coded = [s.name for s in specs if s.column.type in CODED and s.name in mapped.columns]
    for batch in mapped.table.batches(mapped.columns, labels=coded):
        log.rows_read += batch.height
        batch, applied, skipped = apply_corrections(batch, corrections)
        log.add("correction_applied", name, applied)
        for line in skipped:
            log.note("correction_skipped", line=line, source=name)
        batch = _drop_rows(batch, mapped, specs, log)
        typed = {"row": batch["row"], "pid": context.linker.pids(batch, mapped, log)}
        for spec in specs:
            typed |= _typed(batch, spec, context, tallies[spec.name])
        frame = pl.DataFrame([s.alias(n) for n, s in typed.items()])
        straight = _straight(frame, specs)
        if source.drop_straight_lining:
            log.add("straight_lining_dropped", name, int(straight.sum()))
            batch, frame = batch.filter(~straight), frame.filter(~straight)
        else:
            log.add("straight_lining_flagged", name, int(straight.sum()))
        restricted.extend(_open_answers(frame, specs))
        keys.append(_key_columns(frame, batch, mapped, context))
        writer.write(frame.select(list(writer.dtypes)))
    for spec in specs:
        tally = tallies[spec.name]
        for rule, n in tally.counts.items():
            log.add(rule, name, n)
        log.errors.extend(explain(tally, spec, mapped))
    key = pl.concat(keys) if keys else pl.DataFrame(schema={"row": pl.Int64, "pid": pl.String})
    if not key.height:
        remedy = _("see the rules in program.yml")
        log.errors.append(Problem(_("no row is left"), source.file, remedy))
        writer.finish(None)
        return key
    kept = _duplicates(key, mapped, log)
    writer.finish(kept)
    if kept is not None:
        key = key.filter(pl.col("row").is_in(kept.implode()))
    log.rows_kept += key.height
    _write_restricted(restricted, kept, folder / "restricted" / f"{name}.parquet")
    return key


def _typed(batch: pl.DataFrame, spec: Spec, context: Context, tally: Tally) -> dict[str, pl.Series]:
    """The processed columns of one variable, named; identifiers have none."""
    kind, rows = spec.column.type, batch["row"]
    if kind in IDENTIFIERS:
        return {}
    if kind == "multi" and spec.name not in batch.columns:
        flag = Spec(spec.name, spec.column.model_copy(update={"categories": {}}))
        names = [f"{spec.name}__{key}" for key in spec.column.options]
        return {n: type_flag(batch[n], rows, flag, tally) for n in names if n in batch.columns}
    if spec.name not in batch.columns:
        return {}
    text = batch[spec.name]
    if kind == "multi":
        return {s.name: s for s in type_multi(text, rows, spec, tally)}
    if kind not in (*CODED, "open"):
        text = clean_text(text)
    values = _TYPERS[kind](text, rows, spec, tally)
    if kind == "text" or (kind in ("category", "ordinal") and not spec.column.categories):
        values = _mask(values, context.names, tally)
    if kind == "integer":
        values = values.round().cast(pl.Int64)
    if spec.column.coarsen and values.dtype.is_numeric():
        tally.add("coarsened", values.count())
        values = _coarsen(values, spec.column.coarsen)
    return {spec.name: values.alias(spec.name)}


def _coarsen(values: pl.Series, limits: list[float]) -> pl.Series:
    """Class labels of numbers: a value on a limit belongs to the class above it."""
    classes = values.cast(pl.Float64).cut(limits, labels=class_labels(limits), left_closed=True)
    return classes.cast(pl.String)


def _mask(values: pl.Series, names: list[str], tally: Tally) -> pl.Series:
    """Texts that hold a roster name or a patterned identifier are replaced as a whole."""
    hit = values.str.contains(PERSONAL.pattern)
    if names:
        hit = hit | values.str.to_lowercase().str.contains_any(names)
    hit = hit.fill_null(False)
    tally.add("identifier_masked", int(hit.sum()))
    return pl.select(pl.when(hit).then(pl.lit(MASK)).otherwise(values)).to_series()


def _decimal_of(mapped: Mapped, spec: Spec) -> Any:
    """The decimal sign of a column, looked up in the whole file when it is first needed."""
    found: list[str] = []

    def decimal() -> str:
        if not found:
            found.append(spec.column.decimal or _proved_decimal(mapped, spec.name))
        return found[0]

    return decimal


def _proved_decimal(mapped: Mapped, variable: str) -> str:
    dot = comma = open_ = 0
    for batch in mapped.table.batches({variable: mapped.columns[variable]}, 1_000_000):
        a, b, c = decimal_evidence(batch[variable])
        dot, comma, open_ = dot + a, comma + b, open_ + c
    if dot and comma:
        return "mixed"
    if comma:
        return ","
    return "." if dot or not open_ else "unknown"


def _drop_rows(batch: pl.DataFrame, mapped: Mapped, specs: list[Spec], log: Log) -> pl.DataFrame:
    """Without empty, test and unfinished rows, each counted once under the first rule that fits."""
    source, name = mapped.source, mapped.name
    free = [
        s.name for s in specs if s.column.type in (*IDENTIFIERS, "open") and s.name in batch.columns
    ]
    empty = rules.empty_rows(batch.drop("row"))
    drops = [("empty_row_dropped", empty)]
    if source.drop_test_rows:
        drops.append(("test_row_dropped", rules.test_rows(batch.select("row", *free))))
    if source.finished and source.finished in batch.columns:
        drops.append(("unfinished_dropped", clean_text(batch[source.finished]).is_null()))
    gone = rules.no_row(batch.height)
    for rule, mark in drops:
        log.add(rule, name, int((mark & ~gone).sum()))
        gone = gone | mark
    return batch.filter(~gone) if gone.any() else batch


def _straight(frame: pl.DataFrame, specs: list[Spec]) -> pl.Series:
    """Straight-lining rows, seen on the answers as they were given."""
    given = [pl.col("row")]
    for spec in specs:
        if spec.column.type == "item" and spec.name in frame.columns and spec.scale is not None:
            turned = spec.scale.min + spec.scale.max - pl.col(spec.name)
            given.append(turned.alias(spec.name) if spec.turned else pl.col(spec.name))
    return rules.straight_lining(frame.select(given))


def _open_answers(frame: pl.DataFrame, specs: list[Spec]) -> list[pl.DataFrame]:
    return [
        frame.select("row", "pid", pl.lit(s.name).alias("variable"), pl.col(s.name).alias("text"))
        .drop_nulls("text")
        for s in specs
        if s.column.type == "open" and s.name in frame.columns
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
    """What later steps need of each row: pid, arm, and what decides between duplicates."""
    keys = frame.select("row", "pid", arm=_arm(frame, mapped, context))
    if context.linker.variable(mapped) is None:
        return keys
    order = mapped.source.duplicates.order_by
    date = pl.col(order) if order in frame.columns else pl.lit(None)
    measured = frame.select(
        date.cast(pl.Datetime("us")).alias("order"),
        pl.sum_horizontal(pl.all().exclude("row", "pid").is_not_null()).alias("answered"),
        batch.drop("row").hash_rows(seed=1).alias("content"),
    )
    return keys.hstack(measured)


def _arm(frame: pl.DataFrame, mapped: Mapped, context: Context) -> pl.Expr:
    """The group of each person of the roster, where the design has groups."""
    rule = context.program.design.group
    if rule is None or mapped.name != context.program.roster or rule.variable not in frame.columns:
        return pl.lit(None, dtype=pl.String)
    value = frame[rule.variable].cast(pl.String)
    arm = pl.when(value.is_in(rule.program)).then(pl.lit("program"))
    return arm.when(value.is_in(rule.comparison)).then(pl.lit("comparison"))


def _duplicates(key: pl.DataFrame, mapped: Mapped, log: Log) -> pl.Series | None:
    """The rows that stay where several belong to one person; None where nothing must go."""
    source, name = mapped.source, mapped.name
    if "answered" not in key.columns:
        return None
    rule = source.duplicates
    if rule.keep == "error" and source.role not in ONE_ROW_A_PERSON:
        return None
    linked = key.filter(~pl.col("pid").str.starts_with(name + UNLINKED))
    repeated = linked.filter(pl.col("pid").is_duplicated())
    if not repeated.height:
        return None
    if rule.keep == "error":
        log.errors.append(
            Problem(
                _("several rows belong to the same person"),
                f"{source.file}, " + _("row {row}").format(row=int(repeated["row"][0])),
                _("declare “duplicates”: keep first, last (by order_by) or most_complete"),
                repeated.height,
            )
        )
        return None
    if rule.keep in ("first", "last") and rule.order_by is None:
        log.note("file_order", source=name)
    gone = repeated.join(rules.kept_of_duplicates(repeated, rule), on="row", how="anti")
    log.add("duplicate_dropped", name, gone.height)
    return key.join(gone, on="row", how="anti")["row"]


def explain(tally: Tally, spec: Spec, mapped: Mapped) -> list[Problem]:
    """Values that could not be typed, as problems: label, count, first row, nearest known label."""
    column, problems = spec.column, []
    where = f"{mapped.source.file}, “{show(column.header)}”"
    labelled = column.type in ("item", "category", "ordinal", "flag", "multi")
    if labelled and len(tally.unknown) > 20:
        n = sum(k for k, _row in tally.unknown.values())
        first = min(row for _k, row in tally.unknown.values())
        what = _("{n} different values are not declared; is this the right column?")
        at = where + ", " + _("row {row}").format(row=first)
        return [Problem(what.format(n=len(tally.unknown)), at, _check_labels(spec), n)]
    for label, (n, row) in sorted(tally.unknown.items(), key=lambda item: (-item[1][0], item[0])):
        at = where + ", " + _("row {row}").format(row=row)
        if labelled:
            near = nearest(label, _known_labels(spec))
            remedy = _("did you mean “{name}”?").format(name=near) + " " if near else ""
            what = _("unknown label “{label}”").format(label=show(label))
            problems.append(Problem(what, at, remedy + _check_labels(spec), n))
        elif label == "range":
            what = _("values outside {low} to {high}").format(low=column.min, high=column.max)
            remedy = _("correct them in koreksi.csv, or declare “out_of_range: missing”")
            problems.append(Problem(what, at, remedy, n))
        elif label == "decimal":
            what = _("the decimal sign cannot be told: “1.250” could be 1250 or 1.25")
            problems.append(Problem(what, at, _("declare “decimal: ','” or “decimal: '.'”"), n))
        elif column.type == "date":
            remedy = (
                _("the month seems to come first: declare “date_format: '%m/%d/%Y'”")
                if label == "month_first"
                else _("declare “date_format”, or correct them in koreksi.csv")
            )
            problems.append(Problem(_("values that are no date"), at, remedy, n))
        else:
            remedy = _("declare codes under “missing”, or correct them in koreksi.csv")
            problems.append(Problem(_("values that are no number"), at, remedy, n))
    return problems


def _known_labels(spec: Spec) -> list[str]:
    if spec.column.type == "item" and spec.scale is not None:
        return [*spec.scale.labels, *spec.scale.aliases] or [
            str(v) for v in range(spec.scale.min, spec.scale.max + 1)
        ]
    texts = option_texts if spec.column.type == "multi" else categories_of
    return [label for key, spelled in texts(spec.column).items() for label in (key, *spelled)]


def _check_labels(spec: Spec) -> str:
    if spec.column.type == "item":
        return _("add it to the scale's “labels”, “aliases” or “missing”")
    if spec.column.type == "multi":
        return _("add it to “options”, or give one option the text “*” for everything else")
    return _("add it to “categories” or “missing”")
