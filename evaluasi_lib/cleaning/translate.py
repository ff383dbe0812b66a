"""The translations of a file: how each distinct text of each column was read, counted once.

Cleaning looks at the distinct texts of a column with their n and first row, reads these by a typer,
and then replaces. Between the two stands one table (TABLE): from it come the problems, the counts
of what cleaning changed, and what `translations` shows. A row without text stands for the column
as a whole, or for texts that are not written out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from evaluasi_lib.cleaning.privacy import Names, could_be_persons
from evaluasi_lib.cleaning.typers import (
    LABELLED,
    PROBLEMS,
    TYPERS,
    Spec,
    categories_of,
    option_texts,
    replaced,
    split_options,
)
from evaluasi_lib.errors import Problem, nearest
from evaluasi_lib.reading.files import PERSONAL, clean_space, show
from evaluasi_lib.wording import _, word_for

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
