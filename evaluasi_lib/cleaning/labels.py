"""Labels as people type them, matched exactly after normalisation; an unknown one is an error."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from evaluasi_lib.reading.files import SPACES, clean_space

_DASHES = re.compile(r"\s*[-\u2010-\u2015\u2212_/]\s*")
# What could tell of a person when a cell lands in the wrong column: NIP, telephone, e-mail.
PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|\+?\d(?:[ .\-']?\d){8,}")


def normalise(text: str) -> str:
    """The form in which two labels or headings are compared: case, spaces and dashes levelled.

    "Ragu – ragu" and "ragu-ragu" are the same; "Tidak Setuju" and "Setuju" never are.
    """
    text = SPACES.sub(" ", unicodedata.normalize("NFKC", text))
    return SPACES.sub(" ", _DASHES.sub(" ", text)).strip(" .:*").casefold()


def show(text: str) -> str:
    """A label that a message may show: cut short, and masked where it looks like a person's."""
    text = PERSONAL.sub("[…]", clean_space(text))
    return text if len(text) <= 60 else text[:57] + "…"


@dataclass
class Tally:
    """What one column's values did: counts by rule, unknown labels and the first row of each.

    seen: how many values were matched with labels. rules: text as in the file -> the rule that
    read it, where one did.
    """

    seen: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, tuple[int, int]] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)

    def add(self, rule: str, n: int, text: str | None = None) -> None:
        if n:
            self.counts[rule] = self.counts.get(rule, 0) + int(n)
            if text is not None:
                self.rules[text] = rule

    def add_unknown(self, label: str, n: int, row: int) -> None:
        seen, first = self.unknown.get(label, (0, row))
        self.unknown[label] = (seen + n, min(first, row))


def label_map(values: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Normalised spelling -> key, for each key and its spellings."""
    return {normalise(s): key for key, spellings in values.items() for s in (key, *spellings)}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text column as codes: what its few distinct texts are, how often each stands, and where.

    codes: a code for each row; the largest, `blank`, stands for no text.
    """

    codes: np.ndarray
    blank: int
    texts: dict[int, str]
    counts: np.ndarray
    rows: pl.Series

    def first_row(self, code: int) -> int:
        return int(self.rows[int(np.argmax(self.codes == code))])

    def decode(self, values: Mapping[int, Any], dtype: pl.DataType | type) -> pl.Series:
        """The value of each row's code; missing where the code has none."""
        if dtype == pl.String:
            table = [values.get(code) for code in range(self.blank + 1)]
            return pl.Series(table, dtype=dtype).gather(self.codes)
        if isinstance(dtype, pl.Enum):
            place = {label: i for i, label in enumerate(dtype.categories)}
            values = {code: place[label] for code, label in values.items()}
        numbers = np.full(self.blank + 1, np.nan)
        numbers[list(values)] = list(values.values())
        series = pl.Series(numbers.take(self.codes, mode="clip"), nan_to_null=True)
        if isinstance(dtype, pl.Enum):
            return series.cast(pl.UInt32).cat.to(dtype)
        return series.cast(dtype)


def encode(text: pl.Series, rows: pl.Series) -> Encoded:
    """The codes of a text column. Only distinct texts are looked at afterwards, so millions of rows
    cost as little as the few labels in them."""
    labels = text.cast(pl.Categorical)
    physical = labels.to_physical().to_arrow()
    blank = int(pc.max(physical).as_py() or 0) + 1
    codes = pc.fill_null(physical, pa.scalar(blank, pa.uint32())).to_numpy()
    counts = np.bincount(codes, minlength=blank + 1)
    present = np.flatnonzero(counts[:blank])
    if len(present) > 100:
        found, first = np.unique(codes, return_index=True)
        first = first[found < blank]
    else:
        first = np.array([np.argmax(codes == code) for code in present], dtype=np.int64)
    texts = {int(code): str(labels[int(at)]) for code, at in zip(present, first, strict=True)}
    return Encoded(codes, blank, texts, counts, rows)


def match_labels(
    text: pl.Series,
    known: Callable[[str], Any],
    missing: frozenset[str],
    dtype: pl.DataType | type,
    rows: pl.Series,
    tally: Tally,
) -> pl.Series:
    """Each text as its declared value; None where missing or unknown (the tally names those).

    `known` maps a normalised label to its value, or None.
    """
    encoded = encode(text, rows)
    values: dict[int, Any] = {}
    for code, raw in encoded.texts.items():
        key, n = normalise(raw), int(encoded.counts[code])
        tally.seen += n
        value = known(key)
        if value is not None:
            values[code] = value
            tally.add("spaces_trimmed", n if raw != clean_space(raw) else 0, raw)
        elif key in missing or not key:
            tally.add("missing_code", n if key else 0, raw)
        else:
            tally.add_unknown(clean_space(raw), n, encoded.first_row(code))
    return encoded.decode(values, dtype).alias(text.name)


def split_options(text: str, options: Mapping[str, str], separators: str) -> tuple[set[str], str]:
    """(chosen keys, what was not recognised) of one answer to a question with several options.

    options: normalised text -> key. The longest declared option is taken at each place, so an
    option may hold the separator itself.
    """
    chosen: set[str] = set()
    unknown: list[str] = []
    parts = re.split(f"[{re.escape(separators)}]", text)
    at = 0
    while at < len(parts):
        for end in range(len(parts), at, -1):
            key = options.get(normalise(" ".join(parts[at:end])))
            if key is not None:
                chosen.add(key)
                at = end
                break
        else:
            if parts[at].strip():
                unknown.append(parts[at].strip())
            at += 1
    return chosen, ", ".join(unknown)
