"""Rules about whole rows: which are kept, which are marked. Each is one small pure function.

What looks odd is marked for the reader, and left in unless program.yml says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from evaluasi_lib.cleaning.typers import VOCABULARY, YES_NO, Spec, categories_of, clean_text
from evaluasi_lib.program import Duplicates, Source
from evaluasi_lib.reading.files import normalise

TEST_WORDS = frozenset(VOCABULARY["test_words"])
MIN_STRAIGHT_ITEMS = 5  # three equal answers happen by chance; a row of five or more hardly
FAR_OUT = 3.0  # Tukey's outer fences: quartile -/+ 3 interquartile ranges
MIN_OUTLIER_VALUES = 20


def no_row(height: int) -> pl.Series:
    """A mark that no row has."""
    return pl.repeat(False, height, dtype=pl.Boolean, eager=True)


def test_rows(batch: pl.DataFrame, names: list[str], answers: list[str]) -> pl.Series:
    """Rows of a trial: a name or code is a word such as "tes" or "asdf", or every open answer is.

    One such answer among others may be meant ("tes" as the method somebody wishes for).
    names, answers: the columns of each kind.
    """
    trial = [_is_test_word(batch[c]) for c in names]
    if answers:
        words = {c: _is_test_word(batch[c]) for c in answers}
        either = [word | batch[c].is_null() for c, word in words.items()]
        trial.append(_select(pl.all_horizontal(*either) & pl.any_horizontal(*words.values())))
    return _select(pl.any_horizontal(no_row(batch.height), *trial))


def _select(mark: pl.Expr) -> pl.Series:
    return pl.select(mark).to_series()


def _is_test_word(text: pl.Series) -> pl.Series:
    short = text.str.to_lowercase()
    seen = short.filter(short.str.len_chars() <= 12).unique().drop_nulls()
    words = [w for w in seen if normalise(w) in TEST_WORDS]
    return short.is_in(words).fill_null(False)


def empty_rows(frame: pl.DataFrame) -> pl.Series:
    """Rows without a single value: what a spreadsheet leaves under its last row."""
    return frame.select(pl.all_horizontal(pl.all().is_null())).to_series()


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


def straight(frame: pl.DataFrame, specs: Iterable[Spec]) -> pl.Series:
    """Rows with one and the same answer to all items, as they were given: not turned.

    Rows with fewer than MIN_STRAIGHT_ITEMS answers are never marked.
    """
    given = [
        spec.scale.min + spec.scale.max - pl.col(spec.name) if spec.turned else pl.col(spec.name)
        for spec in specs
        if spec.scale is not None and spec.name in frame.columns
    ]
    if len(given) < MIN_STRAIGHT_ITEMS:
        return no_row(frame.height)
    same = pl.min_horizontal(*given) == pl.max_horizontal(*given)
    answered = pl.sum_horizontal(*(item.is_not_null() for item in given))
    return frame.select((same & (answered >= MIN_STRAIGHT_ITEMS)).fill_null(False)).to_series()


def unfinished(batch: pl.DataFrame, source: Source) -> pl.Series:
    """Rows whose declared date of the end is empty, or whose flag of it is false."""
    text = clean_text(batch[str(source.finished)].cast(pl.String))
    return text.is_null() | text.str.to_lowercase().is_in(YES_NO["false"]).fill_null(False)


def too_fast(frame: pl.DataFrame, source: Source) -> pl.Series:
    """Rows finished in fewer seconds than the declared minimum."""
    begin, end, least = source.started, source.finished, source.min_seconds
    if least is None or not {frame.schema.get(str(x)) for x in (begin, end)} <= {pl.Datetime("us")}:
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
        keys = {text: normalise(text) for text in batch[name].unique().drop_nulls()}
        wrong = [text for text, key in keys.items() if key and key not in asked]
        mark = mark | batch[name].cast(pl.String).is_in(wrong).fill_null(False)
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
