"""Who a row is about: NIP and codes read as text, checked by structure, turned into pseudonyms.

A person has one pseudonym over all sources of a program; a join is never forced.

An unsalted hash of a NIP is no pseudonym, since all NIP can be tried out. The pseudonym is an
HMAC-SHA256 with a key that never lies in the project: the environment variable EVALUASI_KEY, or a
file of mode 600 in the user's own data folder, made on first use.

What keeps persons out of the processed tables: names are found and left out, texts with a name
or number are masked, values that could tell of a person become codes, numbers become classes.

A column is taken for names by its heading or by its content, whatever type was declared for it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import itertools
import os
import re
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import polars as pl

from evaluasi_lib import check
from evaluasi_lib.cleaning.manifest import Log
from evaluasi_lib.cleaning.typers import (
    VOCABULARY,
    Mapped,
    Spec,
    class_labels,
    clean_text,
    preset_heading,
    replaced,
    undeclared,
)
from evaluasi_lib.program import Program
from evaluasi_lib.reading.files import PERSONAL, normalise, show
from evaluasi_lib.wording import DataError, Problem, _

MASK = "[…]"
VARIABLES = ("variable", "own_variable", "background")
_TITLES = re.compile(rf"(?i)\b(?:{'|'.join(VOCABULARY['titles'])})\b\.?")
_WORDS = re.compile(r"[^\W\d_]+")
_NAME_WORDS = frozenset(VOCABULARY["name_words"])
_PERSON_WORDS = frozenset(VOCABULARY["person_words"])
_OTHER_WORDS = frozenset(VOCABULARY["other_words"])
_ORDINARY = frozenset(VOCABULARY["ordinary_words"]) | _OTHER_WORDS | _PERSON_WORDS
_BEFORE_PLACES = frozenset(VOCABULARY["before_places"])
_LETTERS = r"[^\W\d_]+"
_DEGREE = re.compile(
    r"(?i)^(?:dr|drs|dra|ir|prof|hj?)\.\s*[a-z]|,\s*(?:s|m|a|ph|sp)\.?\s?[a-z]{1,4}\b"
)
_CAPITALISED = re.compile(r"^(?:[^\W\d_a-z][\w.'’-]*)(?:[ ,]+[^\W\d_a-z][\w.'’-]*){1,5}$")
HEADING_WORDS = 4  # a longer heading is a question
LOOK_AT = 200_000  # rows by which a column is judged
TEXTS = ("text", "category", "ordinal", "open")


@dataclass(frozen=True, slots=True)
class Names:
    """Names of persons in lower case without titles: those of several words, and single words."""

    full: tuple[str, ...] = ()
    single: tuple[str, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str | None]) -> Names:
        """The names as they stand in files, without titles, each once."""
        known = sorted({name for name in map(core_name, filter(None, texts)) if len(name) > 2})
        return cls(*(tuple(n for n in known if (" " in n) == several) for several in (True, False)))

    @property
    def words(self) -> frozenset[str]:
        """Every word of three letters or more of any name."""
        found = (w for name in (*self.full, *self.single) for w in _WORDS.findall(name))
        return frozenset(w for w in found if len(w) > 2)


def core_name(name: str) -> str:
    """ "Dr. Budi Santoso, M.Si." -> "budi santoso"."""
    return normalise(_TITLES.sub(" ", name.split(",", maxsplit=1)[0]))


def names_in(sources: Sequence[Mapped]) -> Names:
    """Every name of the sources, where some table could hold one outside its own column."""
    free = any(undeclared(c) for m in sources for c in m.source.columns.values())
    logged = any(m.source.role == "events" for m in sources)
    return all_names(sources) if free or logged else Names()


def all_names(sources: Iterable[Mapped]) -> Names:
    """Every name of the sources, in columns of the type “name” and in those that look like it."""
    return Names.of(
        name
        for mapped in sources
        for values in (*map(mapped.whole, mapped.of_type("name")), *_undeclared_names(mapped))
        for name in values.unique()
    )


def _undeclared_names(mapped: Mapped) -> Iterator[pl.Series]:
    """Columns of a file that nobody declared as names, yet hold the full names of persons."""
    headers = mapped.table.headers
    places = {mapped.columns[v] for v in mapped.of_type(*TEXTS)}
    places |= {i for i, heading in enumerate(headers) if heading in mapped.unused}
    named = sorted(i for i in places if name_heading(headers[i]))
    for values in _first_rows(mapped, {str(i): i for i in named}).values():
        distinct = values.drop_nulls().unique()
        if _share(distinct, lambda t: bool(_CAPITALISED.match(t) or _DEGREE.search(t))) > 0.5:
            yield values


def _first_rows(mapped: Mapped, columns: dict[str, int]) -> dict[str, pl.Series]:
    """The named columns (name -> place) of the first LOOK_AT rows."""
    if not columns:
        return {}
    batch = next(iter(mapped.table.batches(columns, LOOK_AT)), None)
    return {} if batch is None else {n: clean_text(batch[n]) for n in columns}


def _heading_words(heading: str) -> set[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading).replace("_", " ")
    return {w.casefold() for w in _WORDS.findall(spaced)}


def name_heading(heading: str) -> bool:
    """Whether a heading such as "Nama Lengkap" or "last_name" asks for a person's name."""
    words = _heading_words(heading)
    few = len(words) <= HEADING_WORDS
    return few and bool(words & _NAME_WORDS) and not words & _OTHER_WORDS


def mostly_distinct(n_distinct: int, n: int) -> bool:
    """Whether most of n values occur once, so that a value tells who it belongs to."""
    return n_distinct >= 3 and n_distinct > n / 2


def looks_like_names(
    heading: str, values: pl.Series, names: Names, *, declared: bool = False
) -> bool:
    """Whether a column of texts holds names of persons, by its heading or by its content.

    Content: academic degrees; words of names on the roster (a column of surnames); or mostly
    distinct values of several capitalised words. declared: its categories are written down in
    program.yml, so that distinct values alone prove nothing.
    """
    distinct = values.drop_nulls().unique()
    if len(distinct) < 3:
        return False
    wordy = _share(distinct, lambda t: not re.search(r"\d", t) and len(t.split()) <= 6) > 0.8
    if name_heading(heading) and wordy:
        return True
    if _share(distinct, lambda t: bool(_DEGREE.search(t))) >= 0.3:
        return True
    known = names.words
    if known and _share(distinct, lambda t: _of_names(t, known)) >= 0.5:
        return True
    if declared or not mostly_distinct(len(distinct), values.count()):
        return False
    other = _share(distinct, lambda t: bool(_heading_words(t) & _OTHER_WORDS))
    capitals = _share(distinct, lambda t: bool(_CAPITALISED.match(t)))
    of_person = wordy and set() < _heading_words(heading) <= _PERSON_WORDS
    return other <= 0.2 and (of_person or capitals > 0.8)


def _share(texts: pl.Series, holds: Callable[[str], bool]) -> float:
    return sum(map(holds, texts)) / len(texts) if len(texts) else 0.0


def _of_names(text: str, known: frozenset[str]) -> bool:
    """Whether every word of three letters or more is one of a known name."""
    words = [w for w in _WORDS.findall(core_name(text)) if len(w) > 2]
    return bool(words) and known.issuperset(words)


def could_be_persons(spec: Spec, labels: list[str], n: int, names: Names) -> bool:
    """Whether unknown labels of a column of n values could be names, and may not be shown."""
    texts, heading = pl.Series(labels, dtype=pl.String), spec.column.header
    if name_heading(heading) or mostly_distinct(len(labels), n):
        return bool(labels)
    if hides(texts, names, words=True).any():
        return True
    return looks_like_names(heading, texts, names, declared=True)


def screen(mapped: Mapped, program: Program, names: Names, log: Log) -> Mapped:
    """The source without the columns that hold names though nobody declared them so, and with
    those marked whose values are mostly distinct; a note tells of each, by its heading alone.

    A column of names that program.yml refers to is a problem: what rests on it cannot be made.
    """
    if mapped.source.role == "events":
        return mapped
    asked = {v: mapped.columns[v] for v in mapped.of_type(*TEXTS)}
    named, coded = set(), set()
    used = {n.name for n in check.names_in(program) if n.mark.kind in VARIABLES}
    for variable, values in _first_rows(mapped, asked).items():
        column, heading = mapped.source.columns[variable], mapped.table.headers[asked[variable]]
        if column.type == "open" and not name_heading(heading):
            continue
        declared = bool(column.categories) or column.spelling is not None
        if looks_like_names(heading, values, names, declared=declared):
            named.add(variable)
            if variable in used:
                what = _("the column “{column}” looks like names of persons")
                remedy = _(
                    "declare it as “type: name” and leave it out elsewhere; if it names no "
                    "persons, write down its “categories”"
                )
                problem = Problem(
                    what.format(column=show(heading)), f"{mapped.source.file}, {variable}", remedy
                )
                log.errors.append(problem)
            log.note("name_column", source=mapped.name, column=show(heading))
        elif not declared and not column.coarsen and column.derive is None:
            plain = values.drop_nulls()
            if mostly_distinct(plain.n_unique(), len(plain)):
                coded.add(variable)
                log.note("distinct_column", source=mapped.name, column=show(heading))
    return replace(
        mapped,
        columns={v: i for v, i in mapped.columns.items() if v not in named},
        specs={v: s for v, s in mapped.specs.items() if v not in named},
        coded=frozenset(coded),
    )


def hides(values: pl.Series, names: Names, *, words: bool) -> pl.Series:
    """Texts with a NIP, e-mail, telephone number or a person's name (`tells_name`)."""
    return values.str.contains(PERSONAL.pattern).fill_null(False) | tells_name(
        values, names, words=words
    )


def tells_name(values: pl.Series, names: Names, *, words: bool, alone: bool = True) -> pl.Series:
    """Texts with a person's name, in any capitals.

    A name is there where all its words are, in any order; so is its first word alone (three letters
    or more), unless that is an ordinary word or follows one that begins the name of a place
    ("Gunung Agung"). words: a name of one word counts then too. alone: whether one word suffices.
    """
    if not (names.full or names.single):
        return pl.repeat(False, len(values), dtype=pl.Boolean, eager=True)
    spoken = values.str.normalize("NFKC").str.to_lowercase().str.extract_all(_LETTERS)
    index = _index(names)
    text = pl.DataFrame({"words": spoken}).with_row_index("at").drop_nulls("words")
    word = text.explode("words").rename({"words": "word"})
    before = pl.col("word").shift(1).over("at").is_in(_BEFORE_PLACES).fill_null(False)
    single = pl.col("word").is_in(index.first) & ~before
    if words:
        single = single | pl.col("word").is_in(names.single)
    whole = word.unique().join(index.whole, on="word").join(text, on="at")
    whole = whole.filter(pl.col("name").list.set_difference("words").list.len() == 0)
    hit = pl.concat([word.filter(single & alone)["at"], whole["at"]])
    rows = pl.Series(range(len(values)), dtype=pl.Int64)
    return rows.is_in(hit.cast(pl.Int64).implode())


@dataclass(frozen=True, slots=True)
class _Index:
    """first: first words that name a person alone. whole: name (list of its words) by its rarest
    word, so that few names are compared with a text."""

    first: list[str]
    whole: pl.DataFrame


@lru_cache(maxsize=4)  # one roster is looked up for each column of each batch
def _index(names: Names) -> _Index:
    split = [_WORDS.findall(name) for name in (*names.full, *names.single)]
    frequency = Counter(itertools.chain.from_iterable(map(set, split)))
    several = [sorted(set(parts)) for parts in split if len(parts) > 1]
    rarest = [min(parts, key=lambda part: (frequency[part], part)) for parts in several]
    word = pl.Series("word", rarest, pl.String)
    whole = pl.DataFrame([word, pl.Series("name", several, pl.List(pl.String))])
    first = (next((part for part in parts if len(part) > 2), "") for parts in split)
    return _Index(sorted({part for part in first if part} - _ORDINARY), whole)


def coarsen(values: pl.Series, limits: list[float]) -> pl.Series:
    """Class labels of numbers: a value on a limit belongs to the class above it."""
    place = pl.Series(limits).search_sorted(values.cast(pl.Float64), side="right")
    labels = pl.Series(class_labels(limits), dtype=pl.Enum(class_labels(limits)))
    return labels.gather(place).set(values.is_null(), None)


KEY_VARIABLE = "EVALUASI_KEY"
PSEUDONYM_LENGTH = 20
_USER_ID = r"(?i)\bid '?(\d+)'?"
PREFIX_LENGTH = 15  # digits of a number that Excel keeps


def user_data_folder() -> Path:
    """The user's own data folder, by the custom of each system."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "evaluasi"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "evaluasi"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "evaluasi"


def pseudonym_key(program: Program) -> bytes:
    """The secret key. Made-up persons need no secret: their key is fixed, so that runs agree."""
    if program.synthetic:
        return f"synthetic {program.series or program.id}".encode()
    return own_key()


def key_file() -> Path:
    """Where the user's own key lies: outside every project."""
    return user_data_folder() / "kunci-pseudonim"


def renew_key() -> None:
    """Another key in the place of the user's own; the old one is gone."""
    path = key_file()
    path.unlink(missing_ok=True)
    _make_key(path)


def own_key() -> bytes:
    """The user's own secret key, made on first use. Raises DataError where it cannot be."""
    if given := os.environ.get(KEY_VARIABLE):
        return given.encode()
    path = key_file()
    try:
        if not path.is_file():
            _make_key(path)
        return path.read_bytes().strip()
    except OSError as error:
        what = _("the key for pseudonyms can neither be read nor made")
        remedy = _("give one in the environment variable {name}").format(name=KEY_VARIABLE)
        raise DataError(Problem(what, str(path), remedy)) from error


def _make_key(path: Path) -> None:
    """Write a new key whole, readable by the user alone; a key that is there already stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent)  # mkstemp makes mode 600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(temporary, path)
        except FileExistsError:  # another process was first
            pass
        except OSError:  # a file system without hard links
            os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def pseudonyms(identifiers: pl.Series, key: bytes, scope: str) -> pl.Series:
    """Keyed pseudonyms of normalised identifiers; missing stays missing.

    scope: keeps programs apart, so that nobody is followed from one program to another.
    """

    def pseudonym(value: str) -> str:
        text = f"{scope}\0{value}".encode()
        return hmac.digest(key, text, hashlib.sha256).hex()[:PSEUDONYM_LENGTH]

    hidden = [value if value is None else pseudonym(value) for value in identifiers]
    return pl.Series(identifiers.name, hidden, pl.String)


def normalise_code(text: pl.Series) -> pl.Series:
    """A respondent's own code: blanks, dashes, dots and case levelled."""
    code = text.str.to_lowercase().str.replace_all(r"[\s\u00a0\u200b\ufeff.\-_/']+", "")
    return code.set(code == "", None)


def normalise_nip(text: pl.Series) -> pl.Series:
    """Digits of a NIP: apostrophes, blanks, dots, dashes and a trailing ".0" removed.

    A number in scientific notation is written out with zeros for the digits that Excel lost.
    """
    digits = (
        text.str.replace_all(r"[\s\u00a0\u200b\ufeff'’`\-]+", "")
        .str.replace(r"^(?i:nip|ni)\.?:?", "")
        .str.replace(r"[.,]0$", "")
    )
    power = digits.str.contains(r"(?i)^\d[.,]\d+e\+?17$").fill_null(False)
    mantissa = digits.str.replace(r"(?i)e\+?17$", "").str.replace_all(r"[.,]", "")
    digits = digits.str.replace_all(".", "", literal=True)
    return mantissa.str.pad_end(18, "0").zip_with(power, digits).set(digits == "", None)


def nip_status(nip: pl.Series) -> pl.Series:
    """What a normalised NIP is: "pns", "pppk", "legacy" (9 digits), "damaged", "invalid" or None.

    PNS: birth yyyymmdd, start yyyymm, sex 1/2, sequence from 001. PPPK: birth, start year, number
    of the contract, sex, sequence. Sequence 000 does not exist: it marks the digits Excel lost.
    """
    born = r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:19|20)\d{2}"
    status = (
        pl.when(nip.str.contains(born + r"\d{3}000$")).then(pl.lit("damaged"))
        .when(nip.str.contains(born + r"(?:0[1-9]|1[0-2])[12]\d{3}$")).then(pl.lit("pns"))
        .when(nip.str.contains(born + r"\d{2}[12]\d{3}$")).then(pl.lit("pppk"))
        .when(nip.str.contains(r"^\d{9}$")).then(pl.lit("legacy"))
        .when(nip.is_not_null()).then(pl.lit("invalid"))
    )  # fmt: skip
    return pl.select(status).to_series().alias(nip.name)


def from_nip(text: pl.Series, what: str, at: dt.date) -> pl.Series:
    """ "age" or "tenure" in whole years on a day, or "sex" as L/P, as text, from the NIP itself.

    Read from the first 15 digits, which a spreadsheet keeps. A PPPK number tells the year of the
    start alone; its tenure counts from January. None where the number has no such structure.
    """
    nip = normalise_nip(text.cast(pl.String))
    nip = nip.set(nip_status(nip).is_in(["legacy", "invalid"]), None)
    if what == "sex":
        code = nip.str.slice(14, 1)
        return code.replace_strict({"1": "L", "2": "P"}, default=None, return_dtype=pl.String)
    begun = nip.str.slice(0, 8) if what == "age" else nip.str.slice(8, 6) + "01"
    day = begun.cast(pl.Int32)
    known = (day // 100 % 100).is_between(1, 12)
    day = day.zip_with(known, day // 10_000 * 10_000 + 101)
    return ((at.year * 10_000 + at.month * 100 + at.day - day) // 10_000).cast(pl.String)


# --- One pseudonym for each person over all sources ---------------------------------------------

UNLINKED = "-"  # stands in the pseudonyms of rows that belong to nobody known: "<source>-<row>"


@dataclass
class Linker:
    """Turns the identifiers of a batch into pseudonyms.

    repairs: damaged NIP -> whole NIP, or its 15 digits where no source has it whole but each has it
    once. others: further identifiers of the roster (a platform's user number) -> NIP or code.
    """

    kind: str
    key: bytes
    scope: str
    repairs: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)

    def variable(self, mapped: Mapped) -> str | None:
        """The column that identifies the rows of a source; None where rows are anonymous."""
        others = mapped.of_type("respondent_code") if self.others else []
        return next(iter([*mapped.of_type(self.kind), *others]), None)

    def texts(self, batch: pl.DataFrame, mapped: Mapped) -> pl.Series:
        """The texts by which the rows of a source name their persons. Moodle writes a user's number
        inside the description: only that number identifies."""
        variable = self.variable(mapped)
        assert variable is not None
        heading = normalise(mapped.table.headers[mapped.columns[variable]])
        inside = map(normalise, preset_heading(mapped.preset, "description"))
        told = mapped.preset == "moodle" and heading in inside
        return batch[variable].str.extract(_USER_ID, 1) if told else batch[variable]

    def pids(self, batch: pl.DataFrame, mapped: Mapped, log: Log) -> pl.Series:
        """A pseudonym for each row; rows without a usable identifier get one of their own."""
        own = pl.format(mapped.name + UNLINKED + "{}", pl.col("row")).alias("pid")
        if self.variable(mapped) is None:
            return batch.select(own).to_series()
        text = self.texts(batch, mapped)
        identifiers = self.identifiers(text, mapped, log)
        log.add("identifier_missing", mapped.name, text.null_count())
        log.add("pseudonymised", mapped.name, identifiers.count())
        distinct = identifiers.drop_nulls().unique()
        known = replaced(identifiers, distinct, pseudonyms(distinct, self.key, self.scope))
        return batch.select(pl.coalesce(known.alias("pid"), own)).to_series()

    def codes(self, values: pl.Series, plain: frozenset[str]) -> pl.Series:
        """A code for each text, the same in every source: equal texts stay equal, and no text is
        written. plain: texts that stay as they are."""
        codes = "~" + pseudonyms(values, self.key, f"{self.scope}/codes")
        return codes.zip_with(~values.is_in(list(plain)).fill_null(True), values)

    def by_code(self, mapped: Mapped) -> bool:
        """Whether a source names its persons by a code of their own rather than by NIP."""
        variable = self.variable(mapped)
        return variable is not None and mapped.source.columns[variable].type == "respondent_code"

    def identifiers(self, text: pl.Series, mapped: Mapped, log: Log) -> pl.Series:
        """The usable identifiers among the `texts` of a source, in one spelling."""
        if self.by_code(mapped):
            code = normalise_code(text)
            if self.others:
                return code.replace_strict(self.others, default=None, return_dtype=pl.String)
            return code
        usable, counts = usable_nip(normalise_nip(text), self.repairs)
        for rule, n in counts.items():
            log.add(rule, mapped.name, n)
        return usable


def usable_nip(nip: pl.Series, repairs: Mapping[str, str]) -> tuple[pl.Series, dict[str, int]]:
    """(the NIP that identify a person, else missing; counts by rule) of normalised NIP.

    repairs: damaged NIP -> whole one, or its 15 digits, as `nip_repairs` finds them.
    """
    status = nip_status(nip)
    damaged, invalid = (status == "damaged").fill_null(False), status == "invalid"
    repaired = nip.replace_strict(dict(repairs) or {"": ""}, default=None, return_dtype=pl.String)
    marks = {
        "nip_invalid": invalid,
        "nip_damaged": damaged,
        "nip_repaired": damaged & repaired.is_not_null(),
        "nip_ambiguous": damaged & repaired.is_null(),
    }
    usable = repaired.zip_with(damaged, nip).set(invalid, None)
    return usable, {rule: int(mark.sum()) for rule, mark in marks.items()}


def make_linker(program: Program, sources: Iterable[Mapped], key: bytes) -> Linker:
    """Reads the identifying columns of all sources, to know which damaged NIP can be recognised."""
    linker = Linker(program.link, key, program.series or program.id)
    with_nip = {m.name: m for m in sources if m.of_type("nip")}
    if program.link != "nip" or not with_nip:
        return linker
    remedy = _("choose the column with the NIP, or export it again as text")
    numbers, problems = {}, []
    for name, mapped in with_nip.items():
        variable = mapped.of_type("nip")[0]
        numbers[name] = normalise_nip(mapped.whole(variable))
        heading = mapped.source.columns[variable].header
        problems += no_nip(numbers[name], heading, mapped.source.file, remedy)
    if problems:
        raise DataError(*problems)
    linker.repairs = nip_repairs(list(numbers.values()))
    for roster in (with_nip[name] for name in program.rosters if name in with_nip):
        if codes := roster.of_type("respondent_code"):
            nip = numbers[roster.name].replace(linker.repairs)
            frame = pl.DataFrame({"code": normalise_code(roster.whole(codes[0])), "nip": nip})
            only = frame.drop_nulls().unique().filter(pl.len().over("code") == 1)
            linker.others |= dict(only.iter_rows())
    return linker


def no_nip(nip: pl.Series, heading: str, where: str, remedy: str) -> list[Problem]:
    """A problem where no value at all is a NIP: another column, or one that was spoilt."""
    status = nip_status(nip).drop_nulls()
    if not len(status) or (status != "invalid").any():
        return []
    what = _("no value in the column “{column}” has the structure of a NIP").format(column=heading)
    return [Problem(what, where, remedy, len(status))]


def nip_repairs(columns: list[pl.Series]) -> dict[str, str]:
    """Damaged NIP -> the only whole one of the same 15 digits; or, where no column has one and each
    has the damaged one once, the digits alone."""
    parts = [pl.DataFrame({"nip": c, "status": nip_status(c)}) for c in columns]
    every = pl.concat([p.with_columns(column=i) for i, p in enumerate(parts)])
    every = every.with_columns(prefix=pl.col("nip").str.slice(0, PREFIX_LENGTH))
    whole = every.filter(pl.col("status").is_in(["pns", "pppk"])).unique("nip")
    whole = whole.group_by("prefix").agg(pl.col("nip").first().alias("whole"), n=pl.len())
    twice = pl.col("column").is_duplicated().any().alias("twice")
    damaged = every.filter(pl.col("status") == "damaged").group_by("nip", "prefix").agg(twice)
    damaged = damaged.join(whole, on="prefix", how="left")
    alone = pl.col("n").is_null() & ~pl.col("twice")
    repair = pl.when(pl.col("n") == 1).then("whole").when(alone).then("prefix")
    return dict(damaged.select("nip", repair.alias("repair")).drop_nulls().iter_rows())
