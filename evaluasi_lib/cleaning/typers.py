"""Text to typed values: for each type of column one pure function from texts to values.

A typer takes texts (the distinct ones of a column) and a Spec, and gives a frame of the same height
with `value` and `rule`: what was done, None where the text means itself. Rules in PROBLEMS say that
the text could not be read. Numbers: "1.234,5", "Rp 1.250.000", "20 JP", "85%". Dates: ISO, day
first, Indonesian month names.

Which column of the file is which variable, and single cells corrected in koreksi.csv.

Headings are matched exactly after normalisation; exports of known programs are recognised by the
columns that they alone write.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from evaluasi_lib.program import Column, Program, Scale, Source
from evaluasi_lib.reading.files import (
    BLANK,
    MAX_LETTERS,
    PERSONAL,
    RawTable,
    clean_space,
    normalise,
    packaged_yaml,
    show,
)
from evaluasi_lib.reading.voices import read_table
from evaluasi_lib.wording import DataError, Problem, _, suggestion, word_for

LABELLED = ("item", "category", "ordinal", "flag", "multi")
NUMBERS = ("number", "integer")
MAX_NUMBER = 2.0**53  # whole numbers beyond are not exact
PROBLEMS = ("unknown", "decimal", "range", "uneven", "month_first", "no_year", "required")
VOCABULARY: dict[str, Any] = packaged_yaml(__package__, "vocabulary.yml")
YES_NO = {"true": VOCABULARY["yes_words"], "false": VOCABULARY["no_words"]}
BLANKS = frozenset(map(normalise, VOCABULARY["blanks"]))
OPEN_MISSING = frozenset(map(normalise, VOCABULARY["empty_answers"]))
_UNITS = r"(?:%|jp|jam|menit|hari|bulan|bln|tahun|thn|th|orang|poin|kali|idr|usd|rupiah)\.?"
_MONTHS = {w: str(n) for n, words in enumerate(VOCABULARY["months"], 1) for w in words}
_TIME = (
    r"(?:[T ,]+(?:pukul )?(?P<H>\d{1,2})[:.](?P<M>\d{2})(?:[:.](?P<S>\d{2})(?:[.,]\d+)?)?"
    r" ?(?P<half>am|pm)?(?: ?(?:wib|wita|wit|z|gmt|utc)?(?: ?[+-]\d{1,2}(?::?\d{2})?)?)?)?$"
)
_ISO = r"(?i)^(?P<y>\d{4})[-/](?P<m>\d{1,2})[-/](?P<d>\d{1,2})" + _TIME
_DAY_FIRST = (
    r"(?i)^(?:[a-z']+, ?)?(?P<d>\d{1,2})[-/. ]+(?P<m>\d{1,2}|[a-z]{3,9})[-/. ,]+(?P<y>\d{4}|\d{2})"
    + _TIME
)
_MONTH_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))
_NO_YEAR = (  # "12 Mei", "May 12, 10:15", "12/05 10:15": a day and a month, then at most an hour
    rf"(?i)^(?:[a-z']+, ?)?(?:\d{{1,2}}[-/. ]*(?:{_MONTH_NAMES})|(?:{_MONTH_NAMES})[-/. ]*\d{{1,2}}"
    r"|\d{1,2}[-/]\d{1,2})\.?" + _TIME
)


@dataclass(frozen=True)
class Spec:
    """One variable as resolved from program.yml: what typing needs to know of it."""

    name: str
    column: Column
    scale: Scale | None = None
    turned: bool = False
    decimal: Callable[[], str] = lambda: "."

    @property
    def missing(self) -> frozenset[str]:
        """Normalised texts that are declared to mean no answer."""
        scale = self.scale.missing if self.scale else []
        return frozenset(map(normalise, [*self.column.missing, *scale]))


def clean_text(text: pl.Series) -> pl.Series:
    """Blanks and signs that nobody sees as one space, empty as missing, as `clean_space` does."""
    cleaned = text.str.head(MAX_LETTERS).str.replace_all(BLANK, " ").str.strip_chars()
    return cleaned.set(cleaned == "", None)


def replaced(text: pl.Series, distinct: pl.Series, values: pl.Series) -> pl.Series:
    """The value of each text. distinct: every text that occurs."""
    if text.dtype == pl.Categorical and len(distinct):  # few texts: their codes are places
        codes = distinct.to_physical().to_numpy()
        place = np.zeros(codes.max() + 1, np.uint32)
        place[codes] = np.arange(len(codes))
        return values.gather(pl.Series(place).gather(text.to_physical())).alias(text.name)
    found = pl.DataFrame({"key": distinct, "value": values})
    frame = text.to_frame("key").join(found, "key", how="left", maintain_order="left")
    return frame["value"].alias(text.name)


def undeclared(column: Column) -> bool:
    """Whether a column's values are texts that nobody declared."""
    plain = column.type in ("category", "ordinal") and not column.categories
    return column.type == "text" or plain


def class_labels(limits: list[float]) -> list[str]:
    """[30, 50] -> "<30", "30-<50", "≥50"."""
    text = [f"{x:g}" for x in limits]
    between = [f"{low}-<{high}" for low, high in itertools.pairwise(text)]
    return [f"<{text[0]}", *between, f"≥{text[-1]}"]


def label_map(values: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Normalised spelling -> key, for each key and its spellings."""
    return {normalise(s): key for key, spellings in values.items() for s in (key, *spellings)}


def _read(values: list[Any], rules: list[str | None], dtype: Any) -> pl.DataFrame:
    """What a typer gives: value and rule of each text."""
    return pl.DataFrame(
        {"value": pl.Series(values, dtype=dtype), "rule": pl.Series(rules, dtype=pl.String)}
    )


def _match(
    texts: pl.Series, known: Callable[[str], Any], missing: frozenset[str], dtype: Any
) -> pl.DataFrame:
    """Each text as its declared value. known: normalised label -> its value, or None."""
    values, rules = [], []
    for raw in texts:
        key = normalise(raw)
        value = known(key)
        values.append(value)
        if value is not None:
            rules.append("spaces_trimmed" if raw != clean_space(raw) else None)
        elif key in missing or not key:
            rules.append("missing_code" if key else None)
        else:
            rules.append("unknown")
    return _read(values, rules, dtype)


def type_item(texts: pl.Series, spec: Spec) -> pl.DataFrame:
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
    return _match(texts, values.get, spec.missing | BLANKS, pl.Float64)


def categories_of(column: Column) -> dict[str, list[str]]:
    """Key -> the spellings that mean it: the labels of each language."""
    spelled = {key: [*_texts(text)] for key, text in column.categories.items()}
    for alias, key in column.aliases.items():
        if key in spelled or not column.categories:
            spelled.setdefault(key, []).append(alias)
    return spelled


_GRADE = re.compile(r"(?<![A-Z])(IV|III|II|I|[1-4])\s*[/.\-(]?\s*([A-E])(?![A-Z])", re.IGNORECASE)
_PPPK_GRADE = re.compile(r"(?:GOL(?:ONGAN)?\.?\s*)?(X?(?:IX|IV|V?I{1,3}|V)|X)", re.IGNORECASE)
_ECHELON = re.compile(
    r"(?:ESELON|ESL?)?\.?\s*(IV|III|II|I|[1-5]|V)\s*[/.\-]?\s*([AB])?", re.IGNORECASE
)
_NO_ECHELON = re.compile(
    r"(?:NON|BUKAN|TANPA)\s*-?\s*(?:ESELON|STRUKTURAL|JABATAN.*)", re.IGNORECASE
)
_ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV", "5": "V"}


def spell_golongan(text: str) -> str | None:
    """ "Pembina Tk.I/ IV/b", "IV b", "4b" -> "IV/b"; a PPPK grade "Gol. IX" -> "IX"; else None."""
    found = _GRADE.findall(text)
    if found:
        roman, letter = found[-1]
        return f"{_ROMAN.get(roman, roman.upper())}/{letter.lower()}"
    only = _PPPK_GRADE.fullmatch(text.strip())
    return only[1].upper() if only else None


def spell_eselon(text: str) -> str | None:
    """ "Eselon III.a", "IIIA", "3a" -> "III/a"; "Eselon 2" -> "II"; "Non Eselon" -> "Noneselon"."""
    if _NO_ECHELON.fullmatch(text.strip()):
        return "Noneselon"
    only = _ECHELON.fullmatch(text.strip())
    if only is None:
        return None
    roman = _ROMAN.get(only[1], only[1].upper())
    return f"{roman}/{only[2].lower()}" if only[2] else roman


SPELLINGS = {"golongan": spell_golongan, "eselon": spell_eselon}


def type_category(texts: pl.Series, spec: Spec) -> pl.DataFrame:
    """Declared categories as their keys; without a declaration, the cleaned text itself."""
    column = spec.column
    known = label_map(categories_of(column))
    spell = SPELLINGS.get(column.spelling or "")

    def declared(key: str) -> str | None:
        """The category of a normalised text; "III/a" counts as "III" where that alone is one."""
        if spell is None or key in known:
            return known.get(key)
        grade = spell(key)
        if grade is None or not column.categories:
            return grade
        return known.get(normalise(grade)) or known.get(normalise(grade.split("/")[0]))

    missing = spec.missing | BLANKS
    if column.categories or spell is not None:
        dtype = pl.Enum(list(column.categories)) if column.categories else pl.String
        return _match(texts, declared, missing, dtype)
    keys = [normalise(raw) for raw in texts]
    gone = [key in missing or not key for key in keys]
    values = [
        None if empty else known.get(key, clean_space(raw))
        for raw, key, empty in zip(texts, keys, gone, strict=True)
    ]
    return _read(values, ["missing_code" if empty else None for empty in gone], pl.String)


def type_flag(texts: pl.Series, spec: Spec) -> pl.DataFrame:
    """Yes/no as Boolean, by the usual words or the declared categories "true" and "false"."""
    known = label_map(categories_of(spec.column) if spec.column.categories else YES_NO)
    known |= {"true": "true", "false": "false"}
    flags = {spelling: key == "true" for spelling, key in known.items()}
    if "*" in spec.column.categories.get("true", ()):  # beside an option "other", in people's words
        return _match(
            texts, lambda key: flags.get(key, key not in BLANKS or None), BLANKS, pl.Boolean
        )
    return _match(texts, flags.get, spec.missing | BLANKS, pl.Boolean)


def decimal_sign(text: pl.Series) -> str:
    """ "." or "," where the numbers of a column prove it; "mixed" where they prove both, "unknown"
    where they prove neither.

    "12.5" or "1,234.5" prove the point; "12,5" or "1.250.000" the comma; "1.250" could be both.
    """
    marked = text.filter(text.str.contains(r"\d[.,]\d")).str.extract(r"([\d.,]*\d)", 1)

    def proofs(point: str, other: str) -> pl.Series:
        return marked.str.contains(
            rf"^\d*{point}\d{{1,2}}$|^\d*{point}\d{{4,}}$|^\d{{4,}}{point}\d+$|^0*{point}\d+$"
            rf"|^\d{{1,3}}(?:{other}\d{{3}})+{point}\d+$|{other}\d{{3}}{other}\d{{3}}"
        )

    dot, comma = proofs(r"\.", ",").any(), proofs(",", r"\.").any()
    if dot and comma:
        return "mixed"
    if comma:
        return ","
    return "." if dot or not len(marked) else "unknown"


def type_number(texts: pl.Series, spec: Spec) -> pl.DataFrame:
    """Numbers as Float64, those of an integer column as Int64.

    Outside the declared range a number is a problem or, if declared, missing.
    """
    column, text, number = spec.column, pl.col("text"), pl.col("number")
    frame = _spelled_numbers(clean_text(texts), spec)
    readable = number.str.contains(r"^-?[0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?$").fill_null(False)
    rest = frame.filter(text.is_not_null() & ~readable)["text"].unique()
    blank = spec.missing | BLANKS
    words = [t for t in rest if normalise(t) in blank or not normalise(t)]
    codes = list(spec.missing)
    coded = (text.is_in(words) | text.str.to_lowercase().is_in(codes)).fill_null(False)
    known = pl.when(readable & ~pl.col("undecided") & ~coded)
    value, whole = pl.col("value"), column.type == "integer"
    low, high = pl.lit(column.min, pl.Float64), pl.lit(column.max, pl.Float64)
    far = "out_of_range_missing" if column.out_of_range == "missing" else "range"
    rule = (
        pl.when(text.is_null()).then(None)
        .when(coded).then(pl.lit("missing_code"))
        .when("undecided").then(pl.lit("decimal"))
        .when(~readable | (value.abs() >= MAX_NUMBER)).then(pl.lit("unknown"))
        .when((value < low) | (value > high)).then(pl.lit(far))
        .when(pl.lit(whole) & (value != value.round())).then(pl.lit("uneven"))
        .when(text != number).then(pl.lit("number_respelled"))
    )  # fmt: skip
    read = frame.with_columns(value=known.then(number).cast(pl.Float64)).select(value, rule=rule)
    kept = pl.when(pl.col("rule").ne_missing("out_of_range_missing")).then(value)
    exact = pl.when(pl.col("rule").ne_missing("unknown")).then(kept)
    return read.with_columns(value=exact.round().cast(pl.Int64) if whole else exact)


def _spelled_numbers(texts: pl.Series, spec: Spec) -> pl.DataFrame:
    """text, number (as Python writes it), undecided: whether the decimal sign cannot be told."""
    text, number = pl.col("text"), pl.col("number")
    plain = text.str.contains(r"^-?[0-9]{1,15}$")
    spelled = (
        text.str.to_lowercase()
        .str.replace_all(r"[\s\u202f']+", " ")
        .str.strip_chars()
        .str.replace(r"^rp\.? ?", "")
        .str.replace(r"^([\d.,]+) / [\d.,]+$", "$1")  # Google Forms: "8 / 10"
        .str.replace(" ?" + _UNITS + "$", "")
        .str.replace_all("\u2212", "-")
        .str.replace_all(r"(\d) (\d{3})\b", "$1$2")
        .str.replace(r"[.,]-?$", "")
    )
    frame = texts.to_frame("text").with_columns(number=pl.when(plain).then(text).otherwise(spelled))
    signed = number.str.contains(r"\d[.,]\d").fill_null(False)
    point = spec.decimal() if frame.select(signed.any()).item() else "."
    bare = number.str.replace_all("." if point == "," else ",", "", literal=True)
    undecided = signed & pl.lit(point not in (".", ","))
    return frame.with_columns(number=bare.str.replace(",", ".", literal=True), undecided=undecided)


def type_date(texts: pl.Series, spec: Spec) -> pl.DataFrame:
    """Dates and times as written on the respondent's clock (a time zone's offset is not applied).

    Day before month, unless `date_format` says otherwise. "3 Februari 2025", "03/02/2025 10.15.00"
    and "2025-02-03T10:15:00+07:00" are read.
    """
    declared = spec.column.date_format
    missing = spec.missing | BLANKS
    cleaned = clean_text(texts)
    short = cleaned.filter(cleaned.str.len_chars() <= 20).unique().drop_nulls()
    coded = cleaned.is_in([t for t in short if normalise(t) in missing]).fill_null(False)
    text = cleaned.set(coded, None)
    month_first = bool(declared and 0 <= declared.find("%m") < declared.find("%d"))
    dates = _date_parts(text, _ISO, False).fill_null(_date_parts(text, _DAY_FIRST, month_first))
    if declared:
        dates = text.str.strptime(pl.Datetime("us"), declared, strict=False).fill_null(dates)
    failed = text.is_not_null() & dates.is_null()
    yearless = failed & text.str.contains(_NO_YEAR).fill_null(False)
    turned = failed & _date_parts(text, _DAY_FIRST, True).is_not_null() if failed.any() else failed
    rule = pl.when(coded).then(pl.lit("missing_code")).when(yearless).then(pl.lit("no_year"))
    rule = rule.when(turned).then(pl.lit("month_first"))
    return pl.select(value=dates, rule=rule.when(failed).then(pl.lit("unknown")))


def _date_parts(text: pl.Series, pattern: str, month_first: bool) -> pl.Series:
    """Datetimes by a pattern with named groups; None where it does not match or is no date."""
    parts = text.str.extract_groups(pattern).struct.unnest()
    y, d, h, m, s = (pl.col(c).cast(pl.Int32, strict=False) for c in ("y", "d", "H", "M", "S"))
    month = pl.col("m").str.to_lowercase().replace(_MONTHS).cast(pl.Int32, strict=False)
    day, month = (month, d) if month_first else (d, month)
    year = pl.when(y < 100).then(y + 2000).otherwise(y)
    afternoon = 12 * (pl.col("half").str.to_lowercase() == "pm").cast(pl.Int32)
    hour = pl.when(pl.col("half").is_null()).then(h).otherwise(h % 12 + afternoon)
    rest = (month, day, *(x.fill_null(0) for x in (hour, m, s)))
    written = pl.format("{}-{}-{} {}:{}:{}", year, *(x.cast(pl.String).str.zfill(2) for x in rest))
    date = written.str.strptime(pl.Datetime("us"), "%Y-%m-%d %H:%M:%S", strict=False)
    return parts.select(date).to_series()


def option_texts(column: Column) -> dict[str, list[str]]:
    """Option -> its texts in the file."""
    return {key: _texts(value) for key, value in column.options.items()}


def _texts(text: str | list[str] | dict[str, str]) -> list[str]:
    if isinstance(text, str):
        return [text]
    return list(text.values()) if isinstance(text, dict) else text


def type_multi(texts: pl.Series, spec: Spec) -> pl.DataFrame:
    """The keys of the chosen options as a list; None where the question was left blank."""
    free = any("*" in spelled for spelled in option_texts(spec.column).values())
    missing = spec.missing | BLANKS
    values: list[list[str] | None] = []
    rules: list[str | None] = []
    for raw, (chosen, unknown) in zip(texts, split_options(texts, spec), strict=True):
        blank = normalise(raw) in missing or not normalise(raw)
        values.append(None if blank else chosen)
        named = "other_option" if free else "unknown"
        rules.append(named if unknown and not blank else None)
    return _read(values, rules, pl.List(pl.String))


def option_columns(name: str, chosen: pl.Series, options: Iterable[str]) -> dict[str, pl.Series]:
    """`<name>__<option>` -> whether each answer has the option; None where it was left blank."""
    frame = chosen.to_frame(name)
    has = {f"{name}__{k}": pl.col(name).list.contains(pl.lit(k, pl.String)) for k in options}
    return frame.select(**has).to_dict()


def split_options(texts: pl.Series, spec: Spec) -> list[tuple[list[str], str]]:
    """(chosen keys, what was not recognised) of answers to a question with several options.

    The longest declared option is taken at each place, so an option may hold the separator itself.
    An option with the text "*" takes what is not recognised.
    """
    spelled = option_texts(spec.column)
    separators = f"[{re.escape(spec.column.separator or ';,|' + chr(10))}]"
    other = next((key for key, known in spelled.items() if "*" in known), None)
    options = label_map(
        {k: [" ".join(re.split(separators, t)) for t in known] for k, known in spelled.items()}
    )
    found = []
    for text in texts:
        chosen, unknown, at = [], [], 0
        parts = re.split(separators, text)
        while at < len(parts):
            ends = range(len(parts), at, -1)
            keys = ((end, options.get(normalise(" ".join(parts[at:end])))) for end in ends)
            end, key = next((x for x in keys if x[1] is not None), (at + 1, None))
            if key is not None:
                chosen.append(key)
            elif parts[at].strip():
                unknown.append(parts[at].strip())
            at = end
        if unknown and other is not None:
            chosen.append(other)
        found.append((chosen, ", ".join(unknown)))
    return found


def type_open(texts: pl.Series, spec: Spec) -> pl.DataFrame:
    """Free text with "-", "tidak ada" and the like as missing; line breaks are kept."""
    missing = spec.missing | OPEN_MISSING | {""}
    gone = pl.Series([normalise(text) in missing for text in texts], dtype=pl.Boolean)
    rule = pl.when(gone).then(pl.lit("open_without_content"))
    return pl.select(value=texts.set(gone, None), rule=rule)


TYPERS: dict[str, Callable[[pl.Series, Spec], pl.DataFrame]] = {
    "item": type_item, "number": type_number, "integer": type_number, "category": type_category,
    "ordinal": type_category, "flag": type_flag, "date": type_date, "multi": type_multi,
    "open": type_open, "text": type_category,
}  # fmt: skip


@dataclass(frozen=True)
class Mapped:
    """A source with its file opened and every declared variable found in it.

    columns: name of a text column in a batch -> position in the file. A multi question that the
    file spreads over one column for each option has names `<variable>__<option>`. coded: variables
    whose values could tell of a person, and are therefore written as codes. selectors: position of
    each column that says which rows are taken, by its name in program.yml.
    """

    name: str
    source: Source
    table: RawTable
    preset: str | None
    columns: dict[str, int]
    specs: dict[str, Spec]
    unused: list[str] = field(default_factory=list)
    coded: frozenset[str] = frozenset()
    selectors: dict[str, int] = field(default_factory=dict)

    def whole(self, variable: str) -> pl.Series:
        """One column over all rows of the file."""
        at = {variable: self.columns[variable]}
        parts = [batch[variable] for batch in self.table.batches(at, 1_000_000)]
        return pl.concat([pl.Series(variable, [], pl.String), *parts])

    def of_type(self, *types: str) -> list[str]:
        """Variables of these types that the file holds in one column."""
        declared = self.source.columns.items()
        return [v for v, c in declared if c.type in types and v in self.columns]


def contradictions(program: Program) -> list[Problem]:
    """Items that one instrument calls reversed and another does not, and lost aliases."""
    problems = []
    for variable in sorted({v for i in program.instruments.values() for v in i.reversed}):
        holders = [n for n, i in program.instruments.items() if variable in i.items]
        turned = [n for n in holders if variable in program.instruments[n].reversed]
        if others := [n for n in holders if n not in turned]:
            what = _("“{item}” is reversed in {some} but not in {others}")
            what = what.format(item=variable, some=", ".join(turned), others=", ".join(others))
            remedy = _("an item is turned once for all: name it in “reversed” of each")
            problems.append(Problem(what, "instruments", remedy))
    return problems + _lost_aliases(program)


def _lost_aliases(program: Program) -> list[Problem]:
    """Other spellings that lead to a label or category that is not declared."""
    places = [(f"scales.{n}", s.aliases, list(s.labels)) for n, s in program.scales.items()]
    places += [
        (f"sources.{name}.columns.{variable}", column.aliases, list(column.categories))
        for name, source in program.sources.items()
        for variable, column in source.columns.items()
        if column.categories
    ]
    what = _("“{label}” is not declared")
    return [
        Problem(what.format(label=label), f"{where}.aliases", suggestion(label, known))
        for where, aliases, known in places
        for label in aliases.values()
        if normalise(label) not in map(normalise, known)
    ]


def map_source(
    program: Program, name: str, source: Source, table: RawTable, preset: str | None
) -> tuple[Mapped, list[Problem]]:
    """The source's variables with their places, and a problem for each that is not there."""
    places: dict[str, list[int]] = {}
    for i, heading in enumerate(table.headers):
        places.setdefault(normalise(heading), []).append(i)
    for i, question in enumerate(table.details.get("questions", [])):
        if question:  # SPSS and Stata: the question's text leads to the variable too
            places.setdefault(normalise(question), [i])
    mapped = Mapped(name, source, table, preset, {}, {})
    problems = []
    for variable, column in source.columns.items():
        if column.type == "drop":
            continue
        mapped.specs[variable] = _spec(program, mapped, variable, column)
        found = _find(column, places, table.headers, preset)
        multi = column.type == "multi"
        options = _option_columns(column, places, "{}/{}", "{} [{}]", "{}[{}]") if multi else {}
        texts = [normalise(t) for spelled in option_texts(column).values() for t in spelled]
        if multi and not options and normalise(column.header) in texts:
            options = _option_columns(column, places, "{1}")  # the first option's own column
        if isinstance(found, int) and not options:
            mapped.columns[variable] = found
        elif options := options or (multi and _option_columns(column, places, "{1}")) or {}:
            mapped.columns.update({f"{variable}__{key}": i for key, i in options.items()})
        elif not isinstance(found, int):
            where = f"{source.file}, {program.declared_name(name)}.{variable}"
            problems.append(Problem(found[0], where, found[1]))
    asked = [source.wave_from.column] if source.wave_from else []
    for heading in dict.fromkeys([*asked, *(rule.column for rule in source.rows)]):
        column = source.columns.get(heading) or Column.model_validate({"from": heading})
        found = _find(column, places, table.headers, preset)
        if isinstance(found, int):
            mapped.selectors[heading] = found
        else:
            where = f"{source.file}, {program.declared_name(name)}"
            problems.append(Problem(found[0], where, found[1]))
    declared = {normalise(c.header) for c in source.columns.values()}
    used = {*mapped.columns.values(), *mapped.selectors.values()}
    mapped.unused.extend(
        heading
        for i, heading in enumerate(table.headers)
        if heading and i not in used and normalise(heading) not in declared
    )
    return mapped, problems


def _spec(program: Program, mapped: Mapped, variable: str, column: Column) -> Spec:
    item = column.type == "item"
    scale = program.scale_of(variable, column) if item else None
    turned = item and program.is_reversed(variable)
    return Spec(variable, column, scale, turned, cache(partial(_decimal, mapped, variable)))


def _decimal(mapped: Mapped, variable: str) -> str:
    """The decimal sign of a column, looked up in the whole file where it is not declared."""
    declared = mapped.source.columns[variable].decimal
    return declared or decimal_sign(mapped.whole(variable))


def _find(
    column: Column, places: dict[str, list[int]], headers: list[str], preset: str | None
) -> int | tuple[str, str]:
    """The position of a declared heading, or (what is wrong, remedy)."""
    for heading in (column.header, *preset_heading(preset, column.header)):
        found = places.get(normalise(heading), [])
        stem, sign, nth = heading.rpartition("#")
        if not found and sign and nth.isdigit():
            several = places.get(normalise(stem), [])
            found = several[int(nth) - 1 : int(nth)]
        if len(found) > 1:
            what = _("the heading “{heading}” stands {n} times in the file")
            remedy = _("say which with “{heading}#2”").format(heading=show(heading))
            return what.format(heading=show(heading), n=len(found)), remedy
        if found:
            return found[0]
    if preset == "kobotoolbox":  # "group/question", declared as the question
        lasts = [normalise(h.rsplit("/", 1)[-1]) if "/" in h else None for h in headers]
        if lasts.count(normalise(column.header)) == 1:
            return lasts.index(normalise(column.header))
    what = _("there is no column “{heading}”").format(heading=show(column.header))
    if any(PERSONAL.search(h) for h in headers):  # a person's row stands where headings should
        return what, _("the headings seem to stand in another row: declare “header_row”")
    return what, suggestion(column.header, [show(h) for h in headers if h])


def _option_columns(column: Column, places: dict[str, list[int]], *forms: str) -> dict[str, int]:
    """The columns of a multi question that has one for each option: "question/option"
    (KoboToolbox), "question [option]", or a heading that stands among the option's texts.

    forms: what the headings look like, of {question} and {option}.
    """
    found = {
        key: places[heading][0]
        for key, spelled in option_texts(column).items()
        for option in (key, *spelled)
        for form in forms
        if (heading := normalise(form.format(column.header, option))) in places
    }
    return found if len(found) == len(column.options) else {}


@cache
def presets() -> dict[str, dict[str, Any]]:
    """presets.yml: exports of known programs."""
    found: dict[str, dict[str, Any]] = packaged_yaml(__package__, "presets.yml")
    return found


def recognise(headers: list[str]) -> str | None:
    """The preset whose own columns are all there; None for any other file."""
    for key, preset in presets().items():
        # Many files have a column "Timestamp"; only in those of Google Forms it comes first.
        there = {normalise(h) for h in (headers[:1] if key == "google_forms" else headers)}
        for needed in preset["needs"]:
            if all(any(normalise(h) in there for h in preset["names"][n]) for n in needed):
                return key
    return None


def preset_heading(preset: str | None, name: str) -> list[str]:
    """The headings that a preset's short name stands for."""
    return presets()[preset]["names"].get(name.casefold(), []) if preset else []


class Line(NamedTuple):
    """A line of a table made by hand: its number, the sources that it means, the data row of their
    file (from 1), and all its texts."""

    number: int
    sources: list[str]
    row: int
    text: dict[Any, str]


def sources_called(program: Program, name: str) -> list[str]:
    """The sources of a name: itself, or those of each wave that stand for it."""
    if name in program.sources:
        return [name]
    return [n for n in program.sources if program.declared_name(n) == name]


def read_lines(
    folder: Path,
    file: str,
    columns: list[str],
    program: Program,
    wrong: Callable[[Line], tuple[str, str] | None],
) -> tuple[list[Line], list[Problem]]:
    """The lines of a table made by hand, such as koreksi.csv, and what is wrong with it.

    Each line needs a source, a data row of its file, these columns, a reason and who decided it.
    wrong: what else is wrong with a line, and the remedy.
    """
    path = folder / file
    if not path.is_file():
        return [], []
    try:
        table = read_table(path, ["source", "row", *columns, "reason", "who"], [])
    except DataError as error:
        return [], list(error.problems)
    lines, problems = [], []
    for number, text in enumerate(table.to_dict("records"), 1):
        row = int(text["row"]) if text["row"].isdigit() else 0
        line = Line(number, sources_called(program, text["source"]), row, text)
        if found := _misplaced(line, program) or wrong(line):
            where = f"{file}, " + _("row {row}").format(row=number)
            problems.append(Problem(found[0], where, found[1]))
        else:
            lines.append(line)
    return lines, problems


def _misplaced(line: Line, program: Program) -> tuple[str, str] | None:
    """What is wrong with where a line points, or with its reason; and the remedy."""
    if not line.sources:
        name = line.text["source"]
        what = word_for("unknown_name", "source") + f": “{name}”"
        return what, suggestion(name, program.sources)
    if line.row < 1:
        return _("the row is no whole number"), _("count the rows below the heading")
    if not line.text["reason"] or not line.text["who"]:
        what = _("the line needs a reason and the name of who decided it")
        return what, _("fill in “reason” and “who”")
    return None


def read_corrections(folder: Path, program: Program) -> tuple[list[Line], list[Problem]]:
    """The corrections of a program (koreksi.csv), and what is wrong with the table itself.

    `column` is the variable of program.yml whose text is `old` and becomes `new`.
    """

    def wrong(line: Line) -> tuple[str, str] | None:
        name, columns = line.text["column"], program.sources[line.sources[0]].columns
        what = word_for("unknown_name", "variable") + f": “{name}”"
        return None if name in columns else (what, suggestion(name, columns))

    return read_lines(folder, "koreksi.csv", ["column", "old", "new"], program, wrong)


def apply_corrections(
    batch: pl.DataFrame, corrections: list[Line]
) -> tuple[pl.DataFrame, list[int], list[int]]:
    """(corrected batch, lines applied, lines of those whose old value is not in the cell)."""
    applied, skipped = [], []
    for line in corrections:
        name, at = line.text["column"], batch["row"].search_sorted(line.row)
        if at == batch.height or batch["row"][at] != line.row or name not in batch.columns:
            continue
        if normalise(batch[at, name] or "") != normalise(line.text["old"]):
            skipped.append(line.number)
            continue
        new = batch[name].cast(pl.String).set(batch["row"] == line.row, line.text["new"] or None)
        batch = batch.with_columns(new)
        applied.append(line.number)
    return batch, applied, skipped
