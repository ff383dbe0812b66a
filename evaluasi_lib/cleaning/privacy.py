"""What keeps persons out of the processed tables: names are found and left out, texts with a name
or number are masked, values that could tell of a person become codes, numbers become classes.

A column is taken for names by its heading or by its content, whatever type was declared for it.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import polars as pl

from evaluasi_lib import check
from evaluasi_lib.cleaning.manifest import Log
from evaluasi_lib.cleaning.mapping import Mapped
from evaluasi_lib.cleaning.typers import VOCABULARY, Spec, class_labels, clean_text, undeclared
from evaluasi_lib.errors import Problem
from evaluasi_lib.program import Program
from evaluasi_lib.reading.files import PERSONAL, normalise, show
from evaluasi_lib.wording import _

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
    found: set[str] = set()
    for mapped in sources:
        declared = map(mapped.whole, mapped.of_type("name"))
        for values in itertools.chain(declared, _undeclared_names(mapped)):
            found.update(core_name(name) for name in values.drop_nulls().unique())
    known = sorted(name for name in found if len(name) > 2)
    return Names(tuple(n for n in known if " " in n), tuple(n for n in known if " " not in n))


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


def _heading_words(heading: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading).replace("_", " ")
    return [w.casefold() for w in _WORDS.findall(spaced)]


def name_heading(heading: str) -> bool:
    """Whether a heading such as "Nama Lengkap" or "last_name" asks for a person's name."""
    words = set(_heading_words(heading))
    few = len(words) <= HEADING_WORDS
    return few and bool(words & _NAME_WORDS) and not words & _OTHER_WORDS


def _person_heading(heading: str) -> bool:
    words = set(_heading_words(heading))
    return bool(words) and words <= _PERSON_WORDS


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
    other = _share(distinct, lambda t: bool(set(_heading_words(t)) & _OTHER_WORDS))
    capitals = _share(distinct, lambda t: bool(_CAPITALISED.match(t)))
    return other <= 0.2 and ((_person_heading(heading) and wordy) or capitals > 0.8)


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
    labels = class_labels(limits)
    classes = pl.Series(labels, dtype=pl.Enum(labels)).gather(place)
    return pl.select(pl.when(values.is_not_null()).then(classes)).to_series()
