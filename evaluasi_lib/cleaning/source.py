"""One source from text to its tables, batch by batch, with the dtypes that pandas shall see.

A file is written as it is read. Only where several rows belong to one person it is written a second
time, without those that must go.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from evaluasi_lib.check import names_in
from evaluasi_lib.cleaning import rows as rules
from evaluasi_lib.cleaning.identity import UNLINKED, Linker, from_nip
from evaluasi_lib.cleaning.manifest import Log
from evaluasi_lib.cleaning.mapping import Correction, Mapped, apply_corrections
from evaluasi_lib.cleaning.privacy import MASK, Names, coarsen, hides
from evaluasi_lib.cleaning.translate import Translations, changes_in, problems_of, translate
from evaluasi_lib.cleaning.typers import (
    LABELLED,
    NUMBERS,
    TYPERS,
    YES_NO,
    Spec,
    class_labels,
    option_columns,
    option_texts,
    type_flag,
    undeclared,
)
from evaluasi_lib.errors import Problem
from evaluasi_lib.program import IDENTIFIERS, Program
from evaluasi_lib.wording import _

ONE_ROW_A_PERSON = ("roster", "survey", "record")
NOBODY = pl.Series("pid", [], pl.String)
DTYPES = {
    "item": "float64", "number": "float64", "integer": "Int64", "flag": "boolean",
    "date": "datetime64[us]", "text": "str", "category": "str", "ordinal": "str",
}  # fmt: skip
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

    met: lines of koreksi.csv whose cell is there. labels: values that program.yml itself names, so
    that they stay what they are.
    """

    program: Program
    folder: Path
    log: Log
    linker: Linker
    corrections: list[Correction]
    names: Names
    flags: list[pl.DataFrame] = field(default_factory=list)
    translations: list[pl.DataFrame] = field(default_factory=list)
    met: set[int] = field(default_factory=set)
    labels: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        named = names_in(self.program)
        self.labels = frozenset(n.name for n in named if n.mark.kind in ("label", "answer"))


def output_dtypes(spec: Spec) -> dict[str, Any]:
    """Column -> pandas dtype of a variable in the processed table; empty for what stays inside."""
    column = spec.column
    if column.type == "multi":
        return {f"{spec.name}__{key}": "boolean" for key in column.options}
    if column.coarsen and column.type in NUMBERS:
        return {spec.name: pd.CategoricalDtype(class_labels(column.coarsen), ordered=True)}
    if column.categories and column.type in ("category", "ordinal"):
        return {spec.name: pd.CategoricalDtype(list(column.categories), column.type == "ordinal")}
    return {spec.name: DTYPES[column.type]} if column.type in DTYPES else {}


class TableWriter:
    """Writes typed batches to one Parquet file, which pandas reads with the given dtypes."""

    def __init__(self, path: Path, dtypes: dict[str, Any]) -> None:
        empty = pd.DataFrame({name: pd.Series([], dtype=d) for name, d in dtypes.items()})
        self.path, self.schema = path, pa.Schema.from_pandas(empty, preserve_index=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = pq.ParquetWriter(path, self.schema, compression="zstd")

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def write(self, frame: pl.DataFrame) -> None:
        """Add a batch; columns that the table does not have are left out."""
        self._file.write_table(frame.select(self.schema.names).to_arrow().cast(self.schema))

    def keep(self, rows: pl.Series) -> None:
        """Leave only these rows in the closed file."""
        rest, kept = self.path.with_suffix(".tmp"), rows.to_arrow()
        writer = pq.ParquetWriter(rest, self.schema, compression="zstd")
        with pq.ParquetFile(self.path) as file, writer:
            for batch in file.iter_batches(200_000):
                rows = pa.Table.from_batches([batch.filter(pc.is_in(batch["row"], kept))])
                writer.write_table(rows.cast(self.schema))  # labels come back as another string
        rest.replace(self.path)


def clean_source(mapped: Mapped, context: Context) -> pl.Series:
    """Write <source>.parquet and its restricted table; returns the pid of each kept row."""
    return _Source(mapped, context).clean()


class _Source:
    """One source on its way: what its batches leave behind until all of them are read.

    specs: variables that the file holds, and those that it spreads over several columns.
    """

    def __init__(self, mapped: Mapped, context: Context) -> None:
        self.mapped, self.context = mapped, context
        self.name, self.source, self.log = mapped.name, mapped.source, context.log
        self.specs = {
            v: s for v, s in mapped.specs.items()
            if v in mapped.columns or s.column.type == "multi"
        }  # fmt: skip
        self.corrections = [c for c in context.corrections if c.source == mapped.name]
        self.translations = Translations()
        self.keys: list[pl.DataFrame] = []
        self.restricted: list[pl.DataFrame] = []
        self.flags: list[pl.DataFrame] = []
        self.n_kept = 0

    def clean(self) -> pl.Series:
        """Read and write all batches, then settle what only the whole source can tell."""
        mapped = self.mapped
        dtypes = {"row": "int64", "pid": "str"}
        for spec in self.specs.values():
            dtypes |= output_dtypes(spec)
        labelled = [v for v in self._of_type(*LABELLED) if v in mapped.columns]
        with TableWriter(self.context.folder / f"{self.name}.parquet", dtypes) as writer:
            for batch in mapped.table.batches(mapped.columns, labels=labelled):
                writer.write(self._batch(batch))
        self._settle()
        if not self.n_kept:
            remedy = _("see the rules in program.yml")
            self.log.errors.append(Problem(_("no row is left"), self.source.file, remedy))
            return NOBODY
        keys = pl.concat(self.keys) if self.keys else NOBODY.to_frame()
        kept = self._duplicates(keys)
        if kept is not None:
            self.n_kept = len(kept)
            writer.keep(kept)
        self.log.rows_kept += self.n_kept
        self._mark_outliers(writer.path)
        self._write_marks(kept)
        for rule, kind in NOTED.items():
            if (rule, self.name) in self.log.changes:
                self.log.note(kind, source=self.name, n=self.log.changes[rule, self.name])
        return _only(keys, kept)["pid"]

    def _of_type(self, *types: str) -> list[str]:
        return [v for v, s in self.specs.items() if s.column.type in types]

    def _count(self, rule: str, n: int | pl.Series) -> None:
        self.log.add(rule, self.name, n if isinstance(n, int) else int(n.sum()))

    def _batch(self, batch: pl.DataFrame) -> pl.DataFrame:
        """A batch of text as the rows of the processed table that come from it."""
        self.log.rows_read += batch.height
        batch, applied, stale = apply_corrections(batch, self.corrections)
        self._count("correction_applied", len(applied))
        self.context.met.update(applied, stale)
        for line in stale:
            self.log.note("correction_skipped", line=line, source=self.name)
        batch = batch.filter(~self._dropped(batch))
        frame = self._typed_frame(batch)
        straight = rules.straight(frame, self.specs.values())
        if self.source.drop_straight_lining:
            self._count("straight_lining_dropped", straight)
            batch, frame = batch.filter(~straight), frame.filter(~straight)
            straight = rules.no_row(frame.height)
        fast = rules.too_fast(frame, self.source)
        for rule, flag, mark in (
            ("straight_lining_flagged", "straight", straight),
            ("speed_flagged", "fast", fast),
        ):
            self._count(rule, mark)
            self._flag(frame["row"].filter(mark), flag)
        self.restricted += [
            frame.select("row", "pid", variable=pl.lit(v), text=pl.col(v)).drop_nulls("text")
            for v in self._of_type("open")
        ]
        if self.context.program.link != "anonymous":  # else nobody asks for them
            self.keys.append(self._key_columns(frame, batch))
        self.n_kept += frame.height
        return frame

    def _dropped(self, batch: pl.DataFrame) -> pl.Series:
        """Empty, test and unfinished rows, each counted once under the first rule that fits."""
        marks = [("empty_row_dropped", rules.empty_rows(batch.drop("row")))]
        if self.source.drop_test_rows:
            names = [v for v in self._of_type(*IDENTIFIERS) if v in batch.columns]
            mark = rules.test_rows(batch, names, self._of_type("open"))
            marks.append(("test_row_dropped", mark))
        if self.source.finished and self.source.finished in batch.columns:
            marks.append(("unfinished_dropped", rules.unfinished(batch, self.source)))
        gone = rules.no_row(batch.height)
        for rule, mark in marks:
            self._count(rule, mark & ~gone)
            gone = gone | mark
        return gone

    def _typed_frame(self, batch: pl.DataFrame) -> pl.DataFrame:
        """row, pid and every variable of a batch, typed."""
        rows = batch["row"]
        typed = {"row": rows, "pid": self.context.linker.pids(batch, self.mapped, self.log)}
        for name, spec in self.mapped.specs.items():
            values = self._typed(batch, spec)
            if spec.column.ask_if and values:
                mark = rules.skipped(batch, spec, self.mapped.specs)
                answered = mark & _any_given(values.values())
                self.translations.note(name, "skip_violation", rows.filter(answered))
                values = {
                    n: pl.select(pl.when(~mark).then(v)).to_series() for n, v in values.items()
                }
            if spec.column.required and (values or name in batch.columns):
                present = _any_given(values.values() if values else [batch[name]])
                self.translations.note(name, "required", rows.filter(~present))
            typed |= values
        return pl.DataFrame([s.alias(n) for n, s in typed.items()])

    def _typed(self, batch: pl.DataFrame, spec: Spec) -> dict[str, pl.Series]:
        """The processed columns of one variable, named; identifiers have none."""
        name, column, rows = spec.name, spec.column, batch["row"]
        if column.type in IDENTIFIERS:
            return {}
        if name not in batch.columns:
            return self._typed_options(batch, spec)
        values, table = translate(batch[name], rows, spec, self._read)
        self.translations.add(name, table)
        for rule, applies in (
            ("item_reversed", spec.turned),
            ("distinct_coded", name in self.mapped.coded and undeclared(column)),
            ("coarsened", bool(column.coarsen) and column.type in NUMBERS),
        ):
            if applies:
                read = table.drop_nulls("value")
                self.translations.note(name, rule, read["first_row"], read["n"])
        if column.type == "multi":
            return option_columns(name, values, column.options)
        return {name: values}

    def _typed_options(self, batch: pl.DataFrame, spec: Spec) -> dict[str, pl.Series]:
        """A multi question in one column for each option: a mark such as 1, or the option's own
        text. Blank means not chosen where another option of the row has a mark."""
        found = {}
        for option, texts in option_texts(spec.column).items():
            key = f"{spec.name}__{option}"
            if key not in batch.columns:
                continue
            known = {"true": [*YES_NO["true"], option, *texts], "false": YES_NO["false"]}
            flag = Spec(spec.name, spec.column.model_copy(update={"categories": known}))
            found[key], table = translate(batch[key], batch["row"], flag, type_flag)
            self.translations.add(spec.name, table)
        if not found:  # the file lacks the question, which is a problem by now
            return {}
        given = _any_given(found.values())
        return {
            key: pl.select(pl.when(given).then(v.fill_null(False))).to_series()
            for key, v in found.items()
        }

    def _read(self, texts: pl.Series, spec: Spec) -> pl.DataFrame:
        """Distinct texts by their typer; what tells of a person is masked, coded or coarsened."""
        column, period = spec.column, self.context.program.period
        if column.derive is not None:
            nobody = texts.clear(len(texts))
            texts = from_nip(texts, column.derive, period.start) if period else nobody
            texts = texts.fill_null("")  # what is no NIP tells nothing
        read = TYPERS[column.type](texts, spec)
        value = read["value"]
        if undeclared(column):
            hit = pl.when(hides(value, self.context.names, words=column.type == "text"))
            value = pl.select(hit.then(pl.lit(MASK)).otherwise(value)).to_series()
            rule = hit.then(pl.lit("identifier_masked")).otherwise(read["rule"])
            read = read.with_columns(rule=rule)
            if spec.name in self.mapped.coded:
                value = self.context.linker.codes(value, self.context.labels)
        if column.coarsen and column.type in NUMBERS:
            value = coarsen(value, column.coarsen)
        return read.with_columns(value=value)

    def _flag(self, rows: pl.Series, flag: str, variable: str = "") -> None:
        marks = {"flag": pl.lit(flag), "variable": pl.lit(variable), "source": pl.lit(self.name)}
        self.flags.append(pl.DataFrame({"row": rows}).with_columns(**marks))

    def _mark_outliers(self, path: Path) -> None:
        numbers = [v for v in self._of_type(*NUMBERS) if not self.specs[v].column.coarsen]
        for variable, rows in rules.outliers(path, numbers).items():
            self._count("outlier_flagged", len(rows))
            self.log.note("outliers", source=self.name, variable=variable, n=len(rows))
            self._flag(rows, "outlier", variable)

    def _write_marks(self, kept: pl.Series | None) -> None:
        """Flags and open answers of the rows that are kept."""
        self.context.flags.append(_only(pl.concat(self.flags), kept))
        if self.restricted:
            path = self.context.folder / "restricted" / f"{self.name}.parquet"
            path.parent.mkdir(exist_ok=True, mode=0o700)
            answers = _only(pl.concat(self.restricted), kept).sort("row", maintain_order=True)
            pq.write_table(answers.to_arrow(), path)

    def _settle(self) -> None:
        """What the translations say: counts for the log, problems, and the table to show."""
        for variable, spec in self.mapped.specs.items():
            table = self.translations.table(variable)
            for rule, n in changes_in(table).items():
                self._count(rule, n)
                if rule == "skip_violation":
                    self.log.note(rule, source=self.name, variable=variable, n=n)
            self.log.errors += problems_of(table, spec, self.source.file, self.context.names)
        shown = {v for v, spec in self.mapped.specs.items() if self._tells_of_nobody(spec)}
        self.context.translations.append(self.translations.frame(self.name, shown))

    def _tells_of_nobody(self, spec: Spec) -> bool:
        """Whether a column's texts may be written out: each is declared, or is a plain number."""
        column = spec.column
        if column.derive is not None or column.coarsen or spec.name in self.mapped.coded:
            return False
        if column.type == "multi":
            return not any("*" in texts for texts in option_texts(column).values())
        declared = bool(column.categories) and column.spelling is None  # else a name stands beside
        return column.type in ("item", "flag", *NUMBERS) or (column.type in LABELLED and declared)

    def _key_columns(self, frame: pl.DataFrame, batch: pl.DataFrame) -> pl.DataFrame:
        """What later steps need of each row: pid, and what decides between duplicates."""
        keys = frame.select("row", "pid")
        if self.context.linker.variable(self.mapped) is None:
            return keys
        order = self.source.duplicates.order_by
        date = pl.col(order) if order in frame.columns else pl.lit(None)
        measured = frame.select(
            date.cast(pl.Datetime("us")).alias("order"),
            pl.sum_horizontal(pl.lit(0), pl.exclude("row", "pid").is_not_null()).alias("answered"),
            batch.drop("row").cast(pl.String).hash_rows(seed=1).alias("content"),
        )
        return keys.hstack(measured)

    def _duplicates(self, keys: pl.DataFrame) -> pl.Series | None:
        """The rows that stay where several belong to one person; None where nothing must go."""
        rule = self.source.duplicates
        single = rule.keep != "error" or self.source.role in ONE_ROW_A_PERSON
        if "answered" not in keys.columns or not single:
            return None
        linked = keys.filter(~pl.col("pid").str.starts_with(self.name + UNLINKED))
        repeated = linked.filter(pl.col("pid").is_duplicated())
        if not repeated.height:
            return None
        if self.context.linker.kind == "respondent_code":
            self.log.note("code_collision", source=self.name, n=repeated.height)
        if rule.keep == "error":
            what = _("several rows belong to the same person")
            where = f"{self.source.file}, " + _("row {row}").format(row=repeated["row"][0])
            remedy = _("declare “duplicates”: keep first, last (by order_by) or most_complete")
            self.log.errors.append(Problem(what, where, remedy, repeated.height))
            return None
        if rule.keep in ("first", "last") and rule.order_by is None:
            self.log.note("file_order", source=self.name)
        gone = repeated.join(rules.kept_of_duplicates(repeated, rule), on="row", how="anti")
        self._count("duplicate_dropped", gone.height)
        return keys.join(gone, on="row", how="anti")["row"]


def _any_given(columns: Iterable[pl.Series]) -> pl.Series:
    """Rows that have a value in any of the columns."""
    return functools.reduce(operator.or_, (c.is_not_null() for c in columns))


def _only(frame: pl.DataFrame, kept: pl.Series | None) -> pl.DataFrame:
    """The rows of a frame that are kept; None: all of them."""
    return frame if kept is None else frame.filter(pl.col("row").is_in(kept.implode()))
