"""Rules about whole rows: which are kept, which are marked. Each is one small pure function.

What looks odd is marked for the reader, and left in unless program.yml says otherwise.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from evaluasi_lib.cleaning.typers import Spec, by_text, categories_of
from evaluasi_lib.program import Duplicates, Source
from evaluasi_lib.reading.files import normalise

TEST_WORDS = frozenset(
    ("tes", "test", "testing", "test test", "tes tes", "coba", "coba coba", "cobacoba", "uji coba",
     "percobaan", "asdf", "asdfg", "asdfgh", "qwerty", "xxx", "dummy", "data dummy", "tester",
     "user test", "user tes", "abc")
)  # fmt: skip
MIN_STRAIGHT_ITEMS = 5  # three equal answers happen by chance; a row of five or more hardly
FAR_OUT = 3.0  # Tukey's outer fences: quartile -/+ 3 interquartile ranges
MIN_OUTLIER_VALUES = 20


def no_row(height: int) -> pl.Series:
    """A mark that no row has."""
    return pl.repeat(False, height, dtype=pl.Boolean, eager=True)


def test_rows(names: pl.DataFrame, answers: pl.DataFrame) -> pl.Series:
    """Rows of a trial: a name or code is a word such as "tes" or "asdf", or every open answer is.

    One such answer among others may be meant ("tes" as the method somebody wishes for).
    names, answers: `row`, and the columns of each kind.
    """
    trial = [_is_test_word(c) for c in names.drop("row").iter_columns()]
    open_trial = [_is_test_word(c) for c in answers.drop("row").iter_columns()]
    blank = [c.is_null() for c in answers.drop("row").iter_columns()]
    all_trial = no_row(names.height)
    if open_trial:
        either = [t | b for t, b in zip(open_trial, blank, strict=True)]
        all_trial = pl.select(
            pl.all_horizontal(*either) & pl.any_horizontal(*open_trial)
        ).to_series()
    return pl.select(pl.any_horizontal(all_trial, *trial)).to_series()


def _is_test_word(text: pl.Series) -> pl.Series:
    short = text.str.to_lowercase()
    seen = short.filter(short.str.len_chars() <= 12).unique().drop_nulls()
    words = [w for w in seen if normalise(w) in TEST_WORDS]
    return short.is_in(words).fill_null(False)


def empty_rows(frame: pl.DataFrame) -> pl.Series:
    """Rows without a single value: what a spreadsheet leaves under its last row."""
    return frame.select(pl.all_horizontal(pl.all().is_null())).to_series()


def straight_lining(items: pl.DataFrame) -> pl.Series:
    """Rows with one and the same answer to all items (before reversed ones are turned).

    items: `row` and the answers as numbers. Rows with fewer than MIN_STRAIGHT_ITEMS answers are
    never marked.
    """
    if items.width <= MIN_STRAIGHT_ITEMS:
        return no_row(items.height)
    answers = pl.exclude("row")
    low, high = pl.min_horizontal(answers), pl.max_horizontal(answers)
    answered = pl.sum_horizontal(answers.is_not_null())
    same = (low == high) & (answered >= MIN_STRAIGHT_ITEMS)
    return items.select(same.fill_null(False)).to_series()


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


def straight(frame: pl.DataFrame, specs: list[Spec]) -> pl.Series:
    """Rows with the same answer to every item, seen on the answers as they were given."""
    given = [pl.col("row")]
    for spec in specs:
        if spec.column.type == "item" and spec.name in frame.columns and spec.scale is not None:
            turned = spec.scale.min + spec.scale.max - pl.col(spec.name)
            given.append(turned.alias(spec.name) if spec.turned else pl.col(spec.name))
    return straight_lining(frame.select(given))


def too_fast(frame: pl.DataFrame, source: Source) -> pl.Series:
    """Rows finished in fewer seconds than the declared minimum."""
    begin, end, least = source.started, source.finished, source.min_seconds
    if least is None or begin not in frame.columns or end not in frame.columns:
        return no_row(frame.height)
    took = (pl.col(str(end)) - pl.col(str(begin))).dt.total_seconds()
    return frame.select((took < least).fill_null(False)).to_series()


def skipped(batch: pl.DataFrame, spec: Spec, others: dict[str, Spec]) -> pl.Series:
    """Rows in which the question should not have been asked, by the answers to other questions.

    Where the other question has no answer, it is not known, and the row is not marked.
    """
    mark = no_row(batch.height)
    for name, labels in spec.column.ask_if.items():
        if name not in batch.columns:
            continue
        spelled = categories_of(others[name].column)
        asked = {normalise(s) for x in labels for s in (x, *spelled.get(x, []))}

        def wrong(texts: pl.Series, asked: set[str] = asked) -> pl.Series:
            keys = [normalise(text) for text in texts]
            return pl.Series([bool(k) and k not in asked for k in keys], dtype=pl.Boolean)

        mark = mark | by_text(batch[name], wrong).fill_null(False)
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
