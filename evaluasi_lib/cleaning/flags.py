"""Rows and answers that look odd: marked for the reader, and left in unless declared otherwise."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from evaluasi_lib.cleaning import rules
from evaluasi_lib.cleaning.labels import Tally, encode, normalise
from evaluasi_lib.cleaning.values import Spec, categories_of
from evaluasi_lib.program import Source

FAR_OUT = 3.0  # Tukey's outer fences: quartile -/+ 3 interquartile ranges
MIN_OUTLIER_VALUES = 20


def straight(frame: pl.DataFrame, specs: list[Spec]) -> pl.Series:
    """Rows with the same answer to every item, seen on the answers as they were given."""
    given = [pl.col("row")]
    for spec in specs:
        if spec.column.type == "item" and spec.name in frame.columns and spec.scale is not None:
            turned = spec.scale.min + spec.scale.max - pl.col(spec.name)
            given.append(turned.alias(spec.name) if spec.turned else pl.col(spec.name))
    return rules.straight_lining(frame.select(given))


def too_fast(frame: pl.DataFrame, source: Source) -> pl.Series:
    """Rows finished in fewer seconds than the declared minimum."""
    begin, end, least = source.started, source.finished, source.min_seconds
    if least is None or begin not in frame.columns or end not in frame.columns:
        return rules.no_row(frame.height)
    took = (pl.col(str(end)) - pl.col(str(begin))).dt.total_seconds()
    return frame.select((took < least).fill_null(False)).to_series()


def skipped(batch: pl.DataFrame, spec: Spec, others: dict[str, Spec]) -> pl.Series:
    """Rows in which the question should not have been asked, by the answers to other questions.

    Where the other question has no answer, it is not known, and the row is not marked.
    """
    mark = rules.no_row(batch.height)
    for name, labels in spec.column.ask_if.items():
        if name not in batch.columns:
            continue
        spelled = categories_of(others[name].column)
        asked = {normalise(s) for x in labels for s in (x, *spelled.get(x, []))}
        encoded = encode(batch[name], batch["row"])
        wrong = {c: normalise(t) not in asked for c, t in encoded.texts.items() if normalise(t)}
        mark = mark | encoded.decode(wrong, pl.Boolean).fill_null(False)
    return mark


def blank_skipped(
    values: dict[str, pl.Series],
    batch: pl.DataFrame,
    spec: Spec,
    others: dict[str, Spec],
    tally: Tally,
) -> dict[str, pl.Series]:
    """Answers to a question that should have been skipped become missing, and are counted."""
    mark = skipped(batch, spec, others)
    answered = [mark & v.is_not_null() for v in values.values()]
    if answered:
        tally.add("skip_violation", int(pl.select(pl.any_horizontal(*answered)).to_series().sum()))
    return {n: pl.select(pl.when(~mark).then(v)).to_series() for n, v in values.items()}


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
