"""Rules about whole rows: which are kept, which are marked. Each is one small pure function."""

from __future__ import annotations

import polars as pl

from evaluasi_lib.cleaning.labels import normalise
from evaluasi_lib.program import Duplicates

TEST_WORDS = frozenset(
    ("tes", "test", "testing", "test test", "tes tes", "coba", "coba coba", "cobacoba", "uji coba",
     "percobaan", "asdf", "asdfg", "asdfgh", "qwerty", "xxx", "dummy", "data dummy", "tester",
     "user test", "user tes", "abc")
)  # fmt: skip
MIN_STRAIGHT_ITEMS = 5  # three equal answers happen by chance; a row of five or more hardly


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
