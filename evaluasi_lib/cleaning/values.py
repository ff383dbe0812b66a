"""Text to typed values, one small pure function a type; what changed or failed goes to the tally.

Numbers: "1.234,5", "Rp 1.250.000", "20 JP", "85%". Dates: ISO, day first, Indonesian month names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from evaluasi_lib.cleaning.identity import SPELLINGS
from evaluasi_lib.cleaning.labels import (
    Tally,
    clean_space,
    encode,
    label_map,
    match_labels,
    normalise,
    split_options,
)
from evaluasi_lib.program import Column, Scale

TRUE_WORDS = (
    "true",
    "1",
    "ya",
    "y",
    "yes",
    "benar",
    "sudah",
    "hadir",
    "selesai",
    "lulus",
    "v",
    "x",
)
FALSE_WORDS = (
    "false", "0", "tidak", "t", "n", "no", "salah", "belum", "tidak hadir", "tidak lulus",
    "tidak selesai",
)  # fmt: skip
OPEN_MISSING = frozenset(
    normalise(w)
    for w in ("-", "--", "n/a", "na", "nihil", "tidak ada", "tdk ada", "tidak", "kosong", "none",
              "null", "#n/a", "nil", ".", "tidak ada saran", "no", "nothing")
)  # fmt: skip
BLANKS = frozenset(normalise(w) for w in ("-", "n/a", "#n/a", "null", "nan", "na"))
_UNITS = r"(?:%|jp|jam|menit|hari|bulan|bln|tahun|thn|th|orang|poin|kali|idr|usd|rupiah)\.?"
_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "jan januari january", "feb peb februari pebruari february", "mar maret march",
            "apr april", "mei may", "jun juni june", "jul juli july",
            "agu ags agt aug agustus august", "sep sept september", "okt oct oktober october",
            "nov nop november nopember", "des dec desember december",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_TIME = (
    r"(?:[T ,]+(?:pukul )?(?P<H>\d{1,2})[:.](?P<M>\d{2})(?:[:.](?P<S>\d{2})(?:[.,]\d+)?)?"
    r" ?(?P<half>am|pm)?(?: ?(?:wib|wita|wit|z|gmt|utc)?(?: ?[+-]\d{1,2}(?::?\d{2})?)?)?)?$"
)
_ISO = r"(?i)^(?P<y>\d{4})[-/](?P<m>\d{1,2})[-/](?P<d>\d{1,2})" + _TIME
_DAY_FIRST = (
    r"(?i)^(?:[a-z']+, ?)?(?P<d>\d{1,2})[-/. ]+(?P<m>\d{1,2}|[a-z]{3,9})[-/. ,]+(?P<y>\d{4}|\d{2})"
    + _TIME
)


@dataclass(frozen=True)
class Spec:
    """One variable as resolved from program.yml: what typing needs to know of it."""

    name: str
    column: Column
    scale: Scale | None = None
    turned: bool = False
    decimal: Callable[[], str] = lambda: "."


def clean_text(text: pl.Series) -> pl.Series:
    """NBSP, BOM and zero-width characters out, runs of blanks as one, empty as missing."""
    cleaned = text.str.replace_all(r"[\s\u00a0\u200b-\u200d\u2060\ufeff]+", " ").str.strip_chars()
    return pl.select(pl.when(cleaned != "").then(cleaned)).to_series().alias(text.name)


def missing_labels(column: Column, scale: Scale | None, extra: frozenset[str]) -> frozenset[str]:
    """Normalised texts that mean no answer: of the column, of its scale, and `extra`."""
    declared = [*column.missing, *(scale.missing if scale else [])]
    return frozenset(map(normalise, declared)) | extra


def type_item(text: pl.Series, rows: pl.Series, spec: Spec, tally: Tally) -> pl.Series:
    """Answers on a declared scale as Float64; a reversed item is turned here and nowhere else."""
    scale = spec.scale
    assert scale is not None
    values = {normalise(label): float(scale.min + i) for i, label in enumerate(scale.labels)}
    if not scale.labels:
        values = {str(v): float(v) for v in range(scale.min, scale.max + 1)}
        values |= {f"{v}.0": x for v, x in values.items()}
    for alias, label in scale.aliases.items():
        if normalise(label) in values:  # an alias of nothing is a problem of its own
            values[normalise(alias)] = values[normalise(label)]
    if spec.turned:
        values = {label: scale.min + scale.max - v for label, v in values.items()}
    missing = missing_labels(spec.column, scale, BLANKS)
    out = match_labels(text, values.get, missing, pl.Float64, rows, tally)
    if spec.turned:
        tally.add("item_reversed", out.count())
    return out


def categories_of(column: Column) -> dict[str, list[str]]:
    """Key -> the spellings that mean it: the labels of each language."""
    spelled = {key: [*_texts(text)] for key, text in column.categories.items()}
    for alias, key in column.aliases.items():
        if key in spelled or not column.categories:
            spelled.setdefault(key, []).append(alias)
    return spelled


def type_category(text: pl.Series, rows: pl.Series, spec: Spec, tally: Tally) -> pl.Series:
    """Declared categories as their keys; without a declaration, the cleaned text itself."""
    known = label_map(categories_of(spec.column))
    missing = missing_labels(spec.column, None, BLANKS)
    spell = SPELLINGS.get(spec.column.spelling or "")

    def declared(key: str) -> str | None:
        """The category of a normalised text; "III/a" counts as "III" where that alone is one."""
        if spell is None or key in known:
            return known.get(key)
        grade = spell(key)
        if grade is None or not spec.column.categories:
            return grade
        return known.get(normalise(grade)) or known.get(normalise(grade.split("/")[0]))

    if spec.column.categories or spell is not None:
        dtype = pl.Enum(list(spec.column.categories)) if spec.column.categories else pl.String
        return match_labels(text, declared, missing, dtype, rows, tally)
    encoded = encode(text, rows)
    values: dict[int, Any] = {}
    for code, raw in encoded.texts.items():
        key = normalise(raw)
        if key in missing or not key:
            tally.add("missing_code", int(encoded.counts[code]), raw)
        else:
            values[code] = known.get(key, clean_space(raw))
    return encoded.decode(values, pl.String).alias(text.name)


def type_flag(text: pl.Series, rows: pl.Series, spec: Spec, tally: Tally) -> pl.Series:
    """Yes/no as Boolean, by the usual words or the declared categories "true" and "false"."""
    words = {"true": TRUE_WORDS, "false": FALSE_WORDS}
    known = label_map(categories_of(spec.column) if spec.column.categories else words)
    known |= {"true": "true", "false": "false"}
    missing = missing_labels(spec.column, None, BLANKS)
    flags = {spelling: key == "true" for spelling, key in known.items()}
    return match_labels(text, flags.get, missing, pl.Boolean, rows, tally)


def decimal_evidence(text: pl.Series) -> tuple[int, int, int]:
    """(values that prove a decimal point, a decimal comma, that prove neither) in a column.

    "12.5" or "1,234.5" prove the point; "12,5" or "1.250.000" the comma; "1.250" could be both.
    """
    marked = text.filter(text.str.contains(r"\d[.,]\d")).str.extract(r"([\d.,]*\d)", 1)

    def proofs(point: str, other: str) -> pl.Series:
        return marked.str.contains(
            rf"^\d*{point}\d{{1,2}}$|^\d*{point}\d{{4,}}$|^\d{{4,}}{point}\d+$|^0*{point}\d+$"
            rf"|^\d{{1,3}}(?:{other}\d{{3}})+{point}\d+$|{other}\d{{3}}{other}\d{{3}}"
        )

    dot, comma = proofs(r"\.", ","), proofs(",", r"\.")
    return int(dot.sum()), int(comma.sum()), int((~dot & ~comma).sum())


def proved_decimal(dot: int, comma: int, neither: int) -> str:
    """ "." or "," where the numbers of `decimal_evidence` prove it; "mixed" or "unknown" where they
    do not."""
    if dot and comma:
        return "mixed"
    if comma:
        return ","
    return "." if dot or not neither else "unknown"


def type_number(text: pl.Series, rows: pl.Series, spec: Spec, tally: Tally) -> pl.Series:
    """Numbers as Float64; outside the declared range they are unknown or, if declared, missing."""
    column = spec.column
    plain = text.str.contains(r"^-?\d{1,15}$")
    values = pl.select(pl.when(plain).then(text)).to_series().cast(pl.Float64)
    rest = text.filter(text.is_not_null() & ~plain.fill_null(True))
    if len(rest):
        spelled = _spelled_numbers(rest.unique(maintain_order=True), spec, tally, text, rows)
        values = values.fill_null(
            text.replace_strict(spelled, default=None, return_dtype=pl.Float64)
        )
    codes = missing_labels(column, None, frozenset())
    if codes:
        coded = text.str.strip_chars().str.to_lowercase().is_in(list(codes)).fill_null(False)
        tally.add("missing_code", int(coded.sum()))
        values = pl.select(pl.when(~coded).then(values)).to_series()
    return _within_range(values, rows, column, tally).alias(text.name)


def _spelled_numbers(
    texts: pl.Series, spec: Spec, tally: Tally, column: pl.Series, rows: pl.Series
) -> dict[str, float]:
    """Distinct texts that are no plain whole number -> their value; the unreadable are tallied."""
    missing = missing_labels(spec.column, None, BLANKS)
    cleaned = (
        texts.str.to_lowercase()
        .str.replace_all(r"[\s\u00a0\u202f\ufeff']+", " ")
        .str.strip_chars()
        .str.replace(r"^rp\.? ?", "")
        .str.replace(" ?" + _UNITS + "$", "")
        .str.replace_all("\u2212", "-")
    )
    number = cleaned.str.replace_all(r"(\d) (\d{3})\b", "$1$2")
    undecided = pl.repeat(False, len(texts), dtype=pl.Boolean, eager=True)
    if number.str.contains(r"\d[.,]\d").any():
        point = spec.decimal()
        if point not in (".", ","):
            undecided = number.str.contains(r"\d[.,]\d").fill_null(False)
        number = number.str.replace_all("." if point == "," else ",", "", literal=True)
        number = number.str.replace(",", ".", literal=True)
    number = number.str.replace(r"[.,]-?$", "")
    readable = number.str.contains(r"^-?\d*\.?\d+(?:e[+-]?\d+)?$")
    found: dict[str, float] = {}
    for raw, text, ok, unsure in zip(texts, number, readable, undecided, strict=True):
        n = int((column == raw).sum())
        if unsure:
            tally.add_unknown("decimal", n, int(rows.filter(column == raw).min()))  # type: ignore[arg-type]
        elif ok:
            found[raw] = float(text)
            tally.add("number_respelled", n if raw != text else 0, raw)
        elif normalise(raw) in missing or not normalise(raw):
            tally.add("missing_code", n, raw)
        else:
            tally.add_unknown("", n, int(rows.filter(column == raw).min()))  # type: ignore[arg-type]
    return found


def _within_range(values: pl.Series, rows: pl.Series, column: Column, tally: Tally) -> pl.Series:
    if column.min is None and column.max is None:
        return values
    low = -float("inf") if column.min is None else column.min
    high = float("inf") if column.max is None else column.max
    outside = ((values < low) | (values > high)).fill_null(False)
    if not outside.any():
        return values
    if column.out_of_range == "missing":
        tally.add("out_of_range_missing", int(outside.sum()))
        return pl.select(pl.when(~outside).then(values)).to_series()
    tally.add_unknown("range", int(outside.sum()), int(rows.filter(outside).min()))  # type: ignore[arg-type]
    return values


def type_date(text: pl.Series, rows: pl.Series, spec: Spec, tally: Tally) -> pl.Series:
    """Dates and times as written on the respondent's clock (a time zone's offset is not applied).

    Day before month, unless `date_format` says otherwise. "3 Februari 2025", "03/02/2025 10.15.00"
    and "2025-02-03T10:15:00+07:00" are read.
    """
    declared = spec.column.date_format
    missing = missing_labels(spec.column, None, BLANKS)
    short = text.filter(text.str.len_chars() <= 20).unique().drop_nulls()
    coded = [t for t in short if normalise(t) in missing]
    gone = text.is_in(coded).fill_null(False)
    tally.add("missing_code", int(gone.sum()))
    tally.rules |= dict.fromkeys(coded, "missing_code")
    text = pl.select(pl.when(~gone).then(text)).to_series()
    month_first = bool(declared and 0 <= declared.find("%m") < declared.find("%d"))
    dates = _date_parts(text, _ISO, False).fill_null(_date_parts(text, _DAY_FIRST, month_first))
    if declared:
        dates = text.str.strptime(pl.Datetime("us"), declared, strict=False).fill_null(dates)
    failed = text.is_not_null() & dates.is_null()
    if failed.any():
        kind = "month_first" if _date_parts(text.filter(failed), _DAY_FIRST, True).count() else ""
        tally.add_unknown(kind, int(failed.sum()), int(rows.filter(failed).min()))  # type: ignore[arg-type]
    return dates.alias(text.name)


def _date_parts(text: pl.Series, pattern: str, month_first: bool) -> pl.Series:
    """Datetimes by a pattern with named groups; None where it does not match or is no date."""
    parts = text.str.extract_groups(pattern).struct.unnest()
    month = parts["m"].str.to_lowercase().replace({k: str(v) for k, v in _MONTHS.items()})
    month = month.cast(pl.Int32, strict=False)
    number = {c: parts[c].cast(pl.Int32, strict=False) for c in ("y", "d", "H", "M", "S")}
    day, month = (month, number["d"]) if month_first else (number["d"], month)
    afternoon = parts["half"].str.to_lowercase()
    hour = number["H"].fill_null(0)
    frame = pl.DataFrame(
        {"y": number["y"], "m": month, "d": day, "H": hour, "half": afternoon}
        | {c: number[c].fill_null(0) for c in ("M", "S")}
    )
    year = pl.when(pl.col("y") < 100).then(pl.col("y") + 2000).otherwise(pl.col("y"))
    clock = (
        pl.when(pl.col("half").is_null())
        .then(pl.col("H"))
        .otherwise(pl.col("H") % 12 + 12 * (pl.col("half") == "pm").cast(pl.Int32))
    )
    written = pl.format(
        "{}-{}-{} {}:{}:{}", year, *(pl.col(c).cast(pl.String).str.zfill(2) for c in ("m", "d")),
        clock.cast(pl.String).str.zfill(2),
        *(pl.col(c).cast(pl.String).str.zfill(2) for c in ("M", "S")),
    )  # fmt: skip
    return frame.select(
        written.str.strptime(pl.Datetime("us"), "%Y-%m-%d %H:%M:%S", strict=False)
    ).to_series()


def option_texts(column: Column) -> dict[str, list[str]]:
    """Option -> its texts in the file."""
    return {key: _texts(value) for key, value in column.options.items()}


def _texts(text: str | list[str] | dict[str, str]) -> list[str]:
    if isinstance(text, str):
        return [text]
    return list(text.values()) if isinstance(text, dict) else text


def type_multi(text: pl.Series, rows: pl.Series, spec: Spec, tally: Tally) -> list[pl.Series]:
    """One Boolean column for each declared option; missing where the question was left blank."""
    spelled = option_texts(spec.column)
    other = next((key for key, texts in spelled.items() if "*" in texts), None)
    separators = spec.column.separator or ";,|\n"
    options = label_map(
        {k: [normalise(" ".join(_split(t, separators))) for t in v] for k, v in spelled.items()}
    )
    missing = missing_labels(spec.column, None, BLANKS)
    encoded = encode(text, rows)
    chosen: dict[int, set[str]] = {}
    for code, raw in encoded.texts.items():
        if normalise(raw) in missing or not normalise(raw):
            continue
        chosen[code], unknown = split_options(raw, options, separators)
        n = int(encoded.counts[code])
        if unknown and other is not None:
            chosen[code].add(other)
            tally.add("other_option", n, raw)
        elif unknown:
            tally.add_unknown(unknown, n, encoded.first_row(code))
    return [
        encoded.decode({code: key in keys for code, keys in chosen.items()}, pl.Boolean).alias(
            f"{spec.name}__{key}"
        )
        for key in spec.column.options
    ]


def _split(text: str, separators: str) -> list[str]:
    for sign in separators:
        text = text.replace(sign, "\0")
    return text.split("\0")


def type_open(text: pl.Series, rows: pl.Series, spec: Spec, tally: Tally) -> pl.Series:
    """Free text with "-", "tidak ada" and the like as missing; line breaks are kept."""
    missing = missing_labels(spec.column, None, OPEN_MISSING)
    empty = [v for v in text.drop_nulls().unique() if normalise(v) in missing or not normalise(v)]
    gone = text.is_in(empty).fill_null(False)
    tally.add("open_without_content", int(gone.sum()))
    return pl.select(pl.when(~gone).then(text)).to_series().alias(text.name)
