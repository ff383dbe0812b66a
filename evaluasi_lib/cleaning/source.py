"""One source from text to its tables, batch by batch, with the dtypes that pandas shall see.

A file is written as it is read. Only where several rows belong to one person it is written a second
time, without those that must go. Rules about whole rows: what looks odd is marked for the reader,
and left in unless program.yml says otherwise.

The translations of a file: how each distinct text of each column was read, counted once.

Cleaning looks at the distinct texts of a column with their n and first row, reads these by a typer,
and then replaces. Between the two stands one table (TABLE): from it come the problems, the counts
of what cleaning changed, and what `translations` shows. A row without text stands for the column
as a whole, or for texts that are not written out.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from evaluasi_lib.check import names_in
from evaluasi_lib.cleaning.identity import (
    MASK,
    UNLINKED,
    Linker,
    Names,
    coarsen,
    could_be_persons,
    from_nip,
    hides,
)
from evaluasi_lib.cleaning.manifest import Log
from evaluasi_lib.cleaning.typers import (
    LABELLED,
    NUMBERS,
    PROBLEMS,
    TYPERS,
    VOCABULARY,
    YES_NO,
    Line,
    Mapped,
    Spec,
    apply_corrections,
    categories_of,
    class_labels,
    clean_text,
    option_columns,
    option_texts,
    replaced,
    split_options,
    type_flag,
    undeclared,
)
from evaluasi_lib.program import IDENTIFIERS, Duplicates, Program, Source
from evaluasi_lib.reading.files import PERSONAL, clean_space, normalise, show
from evaluasi_lib.wording import Problem, _, nearest, word_for

TABLE = {
    "text": pl.String, "n": pl.Int64, "first_row": pl.Int64, "value": pl.String, "rule": pl.String,
}  # fmt: skip
MAX_TEXTS = 1_000  # of a column with more distinct texts, those that mean themselves are not kept
MANY_LABELS = 20  # so many unknown labels are no spellings: the column itself is the wrong one

Typer = Callable[[pl.Series, Spec], pl.DataFrame]


def translate(
    text: pl.Series, rows: pl.Series, spec: Spec, typer: Typer | None = None
) -> tuple[pl.Series, pl.DataFrame]:
    """(the value of each text, the table of its distinct texts as TABLE with typed values).

    rows: 1-based row of each text. typer: that of the column's type where it is left out.
    """
    frame = pl.DataFrame({"key": text, "row": rows}).drop_nulls("key")
    n, first = pl.len().cast(pl.Int64).alias("n"), pl.col("row").first().alias("first_row")
    found = frame.group_by("key").agg(n, first).sort("first_row")
    read = (typer or TYPERS[spec.column.type])(found["key"].cast(pl.String), spec)
    values = replaced(text, found["key"], read["value"])
    table = found.select(pl.col("key").cast(pl.String).alias("text"), "n", "first_row")
    return values, table.hstack(read)


@dataclass
class Translations:
    """The translations of one source, put together batch by batch."""

    _parts: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    _folds: dict[str, int] = field(default_factory=dict)  # how much is left out by now

    def add(self, variable: str, table: pl.DataFrame) -> None:
        """Add the texts of a batch; values are kept as text."""
        if table.schema["value"] == pl.List:
            table = table.with_columns(pl.col("value").list.join(", "))
        parts = self._parts.setdefault(variable, [])
        parts.append(table.cast(TABLE))  # type: ignore[arg-type]
        if sum(part.height for part in parts) > MAX_TEXTS:
            self.table(variable)

    def note(self, variable: str, rule: str, rows: pl.Series, n: pl.Series | None = None) -> None:
        """Add what concerns these rows whatever their text. n: values at each, else one."""
        if len(rows):
            count = len(rows) if n is None else n.sum()
            whole = {"text": None, "n": count, "first_row": rows.min(), "value": None, "rule": rule}
            self._parts.setdefault(variable, []).append(pl.DataFrame([whole], TABLE))

    def table(self, variable: str) -> pl.DataFrame:
        """The table of one variable, as TABLE.

        Of too many texts first those that mean themselves are left out and counted by rule, then
        all but those that could not be read; what was left out once stays out.
        """
        table = _added(pl.concat(self._parts.get(variable, [pl.DataFrame(schema=TABLE)])))
        itself = pl.col("rule").is_null()
        for fold, out in enumerate((itself, ~pl.col("rule").is_in(PROBLEMS) | itself), 1):
            if fold <= self._folds.get(variable, 0) or table["text"].count() > MAX_TEXTS:
                table, self._folds[variable] = _hidden(table, out), fold
        self._parts[variable] = [table]
        return table

    def frame(self, source: str, shown: set[str]) -> pl.DataFrame:
        """The table of all variables, in declared order. shown: whose texts may be written out."""
        parts = [pl.DataFrame(schema={"source": pl.String, "variable": pl.String, **TABLE})]
        for variable in list(self._parts):
            personal = pl.col("text").str.contains(PERSONAL.pattern)
            kept = _hidden(self.table(variable), personal if variable in shown else pl.lit(True))
            place = {"source": pl.lit(source), "variable": pl.lit(variable)}
            parts.append(kept.with_columns(**place).select(parts[0].columns))
        return pl.concat(parts)


def changes_in(table: pl.DataFrame) -> dict[str, int]:
    """Rule -> number of values that it changed, in order of first appearance."""
    changed = table.filter(~pl.col("rule").is_in(PROBLEMS))
    counts = changed.group_by("rule", maintain_order=True).agg(pl.col("n").sum())
    return dict(counts.iter_rows())


def _added(table: pl.DataFrame) -> pl.DataFrame:
    """Rows of the same text and rule as one."""
    return table.group_by("text", "rule", maintain_order=True).agg(
        pl.col("n").sum(), pl.col("first_row").min(), pl.col("value").first()
    ).select(list(TABLE))  # fmt: skip


def _hidden(table: pl.DataFrame, out: pl.Expr) -> pl.DataFrame:
    """The table with the marked texts counted by rule instead of written out."""
    kept = pl.when(~out.fill_null(False))
    return _added(table.with_columns(text=kept.then("text"), value=kept.then("value")))


def problems_of(
    table: pl.DataFrame, spec: Spec, file: str, names: Names | None = None
) -> list[Problem]:
    """Texts that could not be read, as problems: label, count, first row, nearest known label.

    table: as TABLE. file: the name of the file in which they stand; empty where they come from a
    table in memory. Labels that could be names are counted and not shown.
    """
    column = spec.column
    where = f"{file}, “{show(column.header)}”" if file else f"“{show(column.header)}”"
    unread = table.filter(pl.col("rule").is_in(PROBLEMS))
    if not unread.height:
        return []
    labelled = column.type in LABELLED
    if column.type == "date":  # one remedy for all that is no date
        turned = bool((unread["rule"] == "month_first").any())
        read = pl.col("rule").is_in(("month_first", "unknown"))
        rule = pl.when(read).then(pl.lit("month_first" if turned else "unknown"))
        unread = unread.with_columns(rule=rule.otherwise("rule"))
    unread = unread.with_columns(text=_labels(unread, spec) if labelled else pl.lit(""))
    unread = unread.group_by("rule", "text").agg(pl.col("n").sum(), pl.col("first_row").min())
    labels = unread.filter(pl.col("rule") == "unknown") if labelled else unread.clear()
    many, matched = labels.height > MANY_LABELS, table.filter(pl.col("text").is_not_null())["n"]
    n = 0 if column.type == "multi" else int(matched.sum())  # what is added tells of its person
    if many or could_be_persons(spec, labels["text"].to_list(), n, names or Names()):
        at = where + ", " + _("row {row}").format(row=labels["first_row"].min())
        what = _("{n} different values are not declared; is this the right column?")
        text = what.format(n=labels.height)
        return [
            Problem(text, at, word_for("label_remedy", spec.column.type), int(labels["n"].sum()))
        ]
    problems = []
    order = [-pl.col("n"), pl.col("text"), pl.col("rule") != "unknown", pl.col("rule")]
    for rule, text, n, row in unread.sort(order).iter_rows():
        what, remedy = _unknown(text, spec) if text else _unread(rule, spec)
        problems.append(Problem(what, where + ", " + _("row {row}").format(row=row), remedy, n))
    return problems


def _labels(unread: pl.DataFrame, spec: Spec) -> pl.Series:
    """What was not recognised in each unread text, as messages name it; "" for a whole column."""
    if spec.column.type == "multi":
        texts = [t and split_options(pl.Series([t]), spec)[0][1] for t in unread["text"]]
    else:
        texts = [t and clean_space(t) for t in unread["text"]]
    return pl.Series([t or "" for t in texts], dtype=pl.String)


def _unknown(label: str, spec: Spec) -> tuple[str, str]:
    near = nearest(label, _known_labels(spec))
    remedy = _("did you mean “{name}”?").format(name=near) + " " if near else ""
    what = _("unknown label “{label}”").format(label=show(label))
    return what, remedy + word_for("label_remedy", spec.column.type)


def _unread(rule: str, spec: Spec) -> tuple[str, str]:
    """What is wrong with values that a rule could not read, and the remedy."""
    column = spec.column
    if rule == "unknown":
        rule = "no_date" if column.type == "date" else "no_number"
    low = "−∞" if column.min is None else f"{column.min:g}"
    high = "∞" if column.max is None else f"{column.max:g}"
    what = word_for("unread", rule).format(low=low, high=high)
    return what, word_for("unread_remedy", rule)


def _known_labels(spec: Spec) -> list[str]:
    if spec.column.type == "item" and spec.scale is not None:
        return [*spec.scale.labels, *spec.scale.aliases] or [
            str(v) for v in range(spec.scale.min, spec.scale.max + 1)
        ]
    texts = option_texts if spec.column.type == "multi" else categories_of
    return [label for key, spelled in texts(spec.column).items() for label in (key, *spelled)]


TEST_WORDS = frozenset(VOCABULARY["test_words"])
MIN_STRAIGHT_ITEMS = 5  # three equal answers happen by chance; a row of five or more hardly
FAR_OUT = 3.0  # Tukey's outer fences: quartile -/+ 3 interquartile ranges
MIN_OUTLIER_VALUES = 20
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

    met: lines of koreksi.csv whose cell is there.
    """

    program: Program
    folder: Path
    log: Log
    linker: Linker
    corrections: list[Line]
    names: Names
    flags: list[pl.DataFrame] = field(default_factory=list)
    translations: list[pl.DataFrame] = field(default_factory=list)
    met: set[int] = field(default_factory=set)

    @functools.cached_property
    def labels(self) -> frozenset[str]:
        """Values that program.yml itself names, so that they stay what they are."""
        named = names_in(self.program)
        return frozenset(n.name for n in named if n.mark.kind in ("label", "answer"))


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
        self.corrections = [c for c in context.corrections if mapped.name in c.sources]
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

    def _count(self, rule: str, rows: int | pl.Series) -> None:
        self.log.add(rule, self.name, rows if isinstance(rows, int) else int(rows.sum()))

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
        straight, fast = straight_rows(frame, self.specs.values()), too_fast(frame, self.source)
        marked = frame.select("row", straight=straight, fast=fast)
        if self.source.drop_straight_lining:
            self._count("straight_lining_dropped", marked["straight"])
            batch, frame, marked = (f.filter(~marked["straight"]) for f in (batch, frame, marked))
        for rule, flag in (("straight_lining_flagged", "straight"), ("speed_flagged", "fast")):
            self._count(rule, marked[flag])
            self._flag(marked["row"].filter(marked[flag]), flag)
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
        empty = batch.drop("row").select(pl.all_horizontal(pl.all().is_null())).to_series()
        marks = {"empty_row_dropped": empty}
        names = [v for v in self._of_type(*IDENTIFIERS) if v in batch.columns]
        answers, finished = self._of_type("open"), self.source.finished
        if self.source.drop_test_rows and (names or answers):
            marks["test_row_dropped"] = test_rows(batch, names, answers)
        if finished in batch.columns:
            text = clean_text(batch[str(finished)].cast(pl.String)).str.to_lowercase()
            marks["unfinished_dropped"] = text.is_null() | text.is_in(YES_NO["false"])
        first = pl.coalesce(pl.when(mark).then(pl.lit(rule)) for rule, mark in marks.items())
        why = pl.select(first).to_series()
        for rule in marks:
            self._count(rule, why == rule)
        return why.is_not_null()

    def _typed_frame(self, batch: pl.DataFrame) -> pl.DataFrame:
        """row, pid and every variable of a batch, typed."""
        rows = batch["row"]
        typed = {"row": rows, "pid": self.context.linker.pids(batch, self.mapped, self.log)}
        for name, spec in self.mapped.specs.items():
            values = self._typed(batch, spec)
            if spec.column.ask_if and values:
                mark = skipped(batch, spec, self.mapped.specs)
                answered = mark & _any_given(values.values())
                self.translations.note(name, "skip_violation", rows.filter(answered))
                values = {n: v.set(mark, None) for n, v in values.items()}
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
        blank = ~_any_given(found.values())
        return {key: v.fill_null(False).set(blank, None) for key, v in found.items()}

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
            hit = hides(value, self.context.names, words=column.type == "text")
            value = value.set(hit, MASK)
            read = read.with_columns(rule=read["rule"].set(hit, "identifier_masked"))
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
        for variable, rows in outliers(path, numbers).items():
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
        gone = repeated.join(kept_of_duplicates(repeated, rule), on="row", how="anti")
        self._count("duplicate_dropped", gone.height)
        return keys.join(gone, on="row", how="anti")["row"]


def test_rows(batch: pl.DataFrame, names: Sequence[str], answers: Sequence[str]) -> pl.Series:
    """Rows of a trial: a name or code is a word such as "tes" or "asdf", or every open answer is.

    One such answer among others may be meant ("tes" as the method somebody wishes for).
    names, answers: the columns of each kind.
    """
    words = pl.DataFrame([_is_test_word(batch[c]) for c in (*names, *answers)])
    blank = batch.select(pl.col(answers).is_null())
    either = pl.all_horizontal(True, *(pl.col(c) | blank[c] for c in answers))
    every = either & pl.any_horizontal(False, *answers)
    return words.select(pl.any_horizontal(*names, every)).to_series()


def _is_test_word(text: pl.Series) -> pl.Series:
    short = text.str.to_lowercase()
    seen = short.filter(short.str.len_chars() <= 12).unique().drop_nulls()
    words = [w for w in seen if normalise(w) in TEST_WORDS]
    return short.is_in(words).fill_null(False)


def kept_of_duplicates(keys: pl.DataFrame, rule: Duplicates) -> pl.DataFrame:
    """The rows that stay, one for each pid, by the declared rule.

    keys: row, pid, order (date or missing), answered (number of values), content (hash of the row).
    first/last go by the date; equal dates by completeness, then by content, so that the order of
    the file decides only between rows that are the same.
    """
    fullest = -pl.col("answered").cast(pl.Int64)
    earliest = pl.col("order").rank("dense").cast(pl.Int64)
    by = {
        "first": [earliest, fullest],
        "last": [-earliest, fullest],
        "most_complete": [fullest, -earliest],
    }[rule.keep]
    ranked = keys.sort([*by, pl.col("content"), pl.col("row")], nulls_last=True)
    return ranked.unique("pid", keep="first", maintain_order=True).select("row").sort("row")


def straight_rows(frame: pl.DataFrame, specs: Iterable[Spec]) -> pl.Expr:
    """Rows with one and the same answer to all items, as they were given: not turned.

    Rows with fewer than MIN_STRAIGHT_ITEMS answers are never marked.
    """
    given = [
        spec.scale.min + spec.scale.max - pl.col(spec.name) if spec.turned else pl.col(spec.name)
        for spec in specs
        if spec.scale is not None and spec.name in frame.columns
    ]
    if len(given) < MIN_STRAIGHT_ITEMS:
        return pl.lit(False)
    same = pl.min_horizontal(*given) == pl.max_horizontal(*given)
    answered = pl.sum_horizontal(*(item.is_not_null() for item in given))
    return (same & (answered >= MIN_STRAIGHT_ITEMS)).fill_null(False)


def too_fast(frame: pl.DataFrame, source: Source) -> pl.Expr:
    """Rows finished in fewer seconds than the declared minimum."""
    begin, end, least = str(source.started), str(source.finished), source.min_seconds
    if least is None or not {frame.schema.get(x) for x in (begin, end)} <= {pl.Datetime("us")}:
        return pl.lit(False)
    return ((pl.col(end) - pl.col(begin)).dt.total_seconds() < least).fill_null(False)


def skipped(batch: pl.DataFrame, spec: Spec, others: dict[str, Spec]) -> pl.Series:
    """Rows in which the question should not have been asked, by the answers to other questions.

    Where the other question has no answer, it is not known, and the row is not marked.
    """
    mark = batch["row"].is_null()  # none so far
    for name, labels in spec.column.ask_if.items():
        if name not in batch.columns:
            continue
        spelled = categories_of(others[name].column)
        asked = {normalise(s) for x in labels for s in (x, *spelled.get(x, []))}
        keys = {text: normalise(text) for text in batch[name].unique().drop_nulls()}
        wrong = [text for text, key in keys.items() if key and key not in asked]
        mark |= batch[name].cast(pl.String).is_in(wrong).fill_null(False)
    return mark


def outliers(path: Path, variables: list[str]) -> dict[str, pl.Series]:
    """Variable -> rows whose value lies beyond Tukey's outer fences, in a processed table."""
    found = {}
    for name in variables:
        frame = pl.scan_parquet(path).select("row", pl.col(name).alias("x")).collect()
        values = frame["x"].drop_nulls()
        low, high = values.quantile(0.25, "linear"), values.quantile(0.75, "linear")
        if len(values) < MIN_OUTLIER_VALUES or low is None or high is None or low == high:
            continue
        reach = FAR_OUT * (high - low)
        far = frame.filter((pl.col("x") < low - reach) | (pl.col("x") > high + reach))
        if far.height:
            found[name] = far["row"]
    return found


def _any_given(columns: Iterable[pl.Series]) -> pl.Series:
    """Rows that have a value in any of the columns."""
    return functools.reduce(operator.or_, (c.is_not_null() for c in columns))


def _only(frame: pl.DataFrame, kept: pl.Series | None) -> pl.DataFrame:
    """The rows of a frame that are kept; None: all of them."""
    return frame if kept is None else frame.filter(pl.col("row").is_in(kept.implode()))
