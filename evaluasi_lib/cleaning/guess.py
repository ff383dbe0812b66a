"""What the columns of an exported file seem to be, by their headings and then by their values.

Platforms write a question with several options in their own ways: "a; b" in a cell,
"question/option", "question [option]", Q5_1 and Q5_2; an option may hold the sign that parts the
others. Whatever could tell of a person is an identifier or dropped, and none of its values is kept.

Labels of answers from low to high: the scales that are known, in all their spellings.

"SS", "sangat setuju ", "5 = Sangat Setuju" and "Sangat Setuju (5)" are one step of one scale; a
step that nobody chose still counts, for the numbers of the others depend on it.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

import polars as pl

from evaluasi_lib.cleaning.identity import (
    Names,
    hides,
    looks_like_names,
    name_heading,
    nip_status,
    normalise_nip,
)
from evaluasi_lib.cleaning.typers import (
    BLANKS,
    PROBLEMS,
    SPELLINGS,
    VOCABULARY,
    YES_NO,
    Spec,
    clean_text,
    decimal_sign,
    type_date,
    type_number,
)
from evaluasi_lib.program import IDENTIFIERS, Column
from evaluasi_lib.reading.files import PERSONAL, RawTable, clean_space, normalise
from evaluasi_lib.wording import _, count

Step = dict[str, str]  # a spelling of the step -> the label that it stands for
_NUMBERED = [
    re.compile(pattern)
    for pattern in (
        r"[(\[]?(?P<n>\d{1,2})[)\]]?\s*[-=.:)–—]\s*(?P<text>[^\d\s].*)",
        r"(?P<n>\d{1,2})\s+(?P<text>[^\W\d].*)",
        r"(?P<text>.*[^\W\d])\s*[(\[](?P<n>\d{1,2})[)\]]",
        r"(?P<text>.*[^\W\d])\s*[-=]\s*(?P<n>\d{1,2})",
    )
]
_CODE = re.compile(r"([A-Z]{1,3})0*\d{1,2}")
_NEAR = (
    0.85  # likeness of a misspelt label: "stuju" to "setuju", but not "setuju" to "tidak setuju"
)
_MOST = 0.9  # share of the answers that must be known


@dataclass(frozen=True)
class Scale:
    """Labels from low to high, the value of the first, and other spellings -> label.

    points: of a scale whose answers are numbers. ordered: whether it is known which label is more.
    """

    labels: tuple[str, ...]
    min: int = 1
    aliases: Mapping[str, str] = field(default_factory=dict)
    points: int | None = None
    ordered: bool = True

    @property
    def max(self) -> int:
        return self.min + (self.points or len(self.labels)) - 1

    @property
    def spellings(self) -> set[str]:
        """Every spelling of its labels, normalised."""
        return {normalise(x) for x in (*self.labels, *self.aliases)}

    def alike(self, other: Scale) -> bool:
        """Whether another scale has the same labels and numbers."""
        labels = [[normalise(x) for x in s.labels] for s in (self, other)]
        return labels[0] == labels[1] and (self.min, self.max) == (other.min, other.max)

    def joined(self, other: Scale) -> Scale:
        """The scale with the other spellings of an alike one too."""
        return replace(self, aliases={**other.aliases, **self.aliases})


def first_of(table: str, text: str) -> Any:
    """What the first pattern of the vocabulary's table that fits the text says."""
    return next((said for said, pattern in VOCABULARY[table] if re.search(pattern, text)), None)


def strength(label: str) -> float | None:
    """How much a label affirms, -3 to 3; None where no word of degree is in it."""
    return first_of("strength", normalise(label))


def ordered_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels from low to high where every one has a degree of its own; else nothing."""
    spelled = {normalise(x): clean_space(x) for x in labels}
    ranked = sorted((strength(x), x) for x in spelled.values() if strength(x) is not None)
    if not 3 <= len(spelled) <= 7 or len({s for s, _x in ranked}) != len(spelled):
        return ()
    return tuple(x for _s, x in ranked)


def numbered(label: str) -> tuple[int | None, str]:
    """(number, text) of a label such as "4 = Setuju" or "Setuju (4)"; "4" alone has no text."""
    text = clean_space(label)
    if text.isdigit() and len(text) <= 2:
        return int(text), ""
    match = next((m for pattern in _NUMBERED if (m := pattern.fullmatch(text))), None)
    return (int(match["n"]), match["text"]) if match else (None, text)


def _plain(text: str) -> str:
    """A label as ladders spell it: words cut short are whole."""
    short: dict[str, str] = VOCABULARY["short_words"]
    return " ".join(short.get(word, word) for word in normalise(text).replace(",", " ").split())


@cache
def _ladders() -> list[list[Step]]:
    """Every known scale, the shorter first."""
    known = VOCABULARY["ladders"]
    forms = [
        [step.replace("{}", word) for step in form]
        for word in known["words"]
        for form in known["forms"]
    ]
    found = []
    for steps in [*forms, *known["plain"]]:
        spelled = [{_plain(s): s for s in step.split("|")} for step in steps]
        initials = [{"".join(w[0] for w in s.split()): s for s in step} for step in spelled]
        all_initials = list(itertools.chain.from_iterable(initials))
        for step, short in zip(spelled, initials, strict=True):
            step |= {i: s for i, s in short.items() if all_initials.count(i) == 1 and i not in step}
        found.append(spelled)
    return sorted(found, key=len)


def coded(labels: Iterable[str]) -> bool:
    """Whether labels are codes such as A1, A2, A3, which tell nobody what is more."""
    found = [_CODE.fullmatch(clean_space(x)) for x in labels]
    return len(found) > 2 and len({m[1] if m else None for m in found} | {None}) == 2 and all(found)


def scale_of(counts: Mapping[str, int]) -> Scale | None:
    """The scale of the labels of one or several columns; None where they are of none."""
    if all(".." in x for x in counts) and counts:
        low, high = (int(x) for x in max(counts, key=lambda x: int(x.split("..")[1])).split(".."))
        return Scale((), low, points=high - low + 1)
    if coded(counts):
        last = max(counts, key=lambda x: (len(x), x))
        stem = last.rstrip("0123456789")
        digits = len(last) - len(stem)
        codes = (f"{stem}{n:0{digits}d}" for n in range(1, int(last[len(stem) :]) + 1))
        return Scale(tuple(codes), ordered=False)
    if scale := find_scale(counts):
        return scale
    labels = ordered_labels(counts)
    return Scale(labels) if labels else None


def find_scale(counts: Mapping[str, int]) -> Scale | None:
    """The scale that the labels of a column are from. counts: label -> how often it was given.

    Where words tell no order, the numbers beside them do. None where neither does.
    """
    split = {label: numbered(label) for label in counts if clean_space(label)}
    worded = {label: _plain(text) for label, (_n, text) in split.items() if text}
    for most in (1.0, _MOST):
        found = []
        for ladder in _ladders():
            places = {x: i for i, step in enumerate(ladder) for x, w in worded.items() if w in step}
            share = sum(counts[x] for x in places) / max(sum(counts[x] for x in worded), 1)
            steps = set(places.values())
            told = len(steps) >= 3 or (len(steps) == 2 and len(ladder) - 1 in steps)
            if share >= most and told:
                numbers = {x: n for x, (n, _text) in split.items() if n is not None}
                low = {n - places[x] for x, n in numbers.items() if x in places}
                found.append((low not in ({0}, {1}, set()), ladder, places, low))
        if found:
            _odd, ladder, places, low = min(found, key=lambda x: x[0])
            return _from_ladder(ladder, places, low.pop() if len(low) == 1 else 1, split, counts)
    return _from_numbers(split, counts)


def _from_ladder(
    ladder: list[Step],
    places: dict[str, int],
    low: int,
    split: dict[str, tuple[int | None, str]],
    counts: Mapping[str, int],
) -> Scale:
    """places: the step of each label that is known; low: the number of the first."""
    labels = []
    for i, step in enumerate(ladder):
        given = sorted((x for x, at in places.items() if at == i), key=lambda x: -counts[x])
        texts = [clean_space(split[x][1]) for x in given]
        whole = [t for t in texts if step.get(normalise(t)) == normalise(t) and not t.islower()]
        spelled = step[_plain(texts[0])] if given else next(iter(step))
        labels.append(whole[0] if whole else spelled.replace("ragu ragu", "ragu-ragu").title())
    words = {s: i for i, step in enumerate(ladder) for s in step if len(s) > 3}
    for label, (n, text) in split.items():
        if text and label not in places:
            if near := difflib.get_close_matches(_plain(text), words, 1, _NEAR):
                places[label] = words[near[0]]
        elif n is not None and not text and 0 <= n - low < len(labels):
            places[label] = n - low
    aliases = {
        clean_space(x): labels[i]
        for x, i in sorted(places.items(), key=lambda item: (item[1], item[0]))
        if normalise(x) != normalise(labels[i])
    }
    return Scale(tuple(labels), low, aliases)


def _from_numbers(
    split: dict[str, tuple[int | None, str]], counts: Mapping[str, int]
) -> Scale | None:
    """A scale by the numbers of its labels; a number that nobody gave stands for itself."""
    texts = {n: x for x, (n, text) in split.items() if n is not None and text}
    known = [n for n, _text in split.values() if n is not None]
    if len(texts) < 3 or len(known) < len(split) or max(known) > 10 or len(set(known)) < len(texts):
        return None
    low = min(1, *known)
    labels = tuple(clean_space(texts.get(n, str(n))) for n in range(low, max(known) + 1))
    aliases = {str(n): labels[n - low] for n in known if n in texts and str(n) in counts}
    return Scale(labels, low, aliases)


MOST_LABELS = 12  # of a scale or a category
MOST_OPTIONS = 20
LOOK_AT = 5_000  # values of a column, where each is looked at by itself
FEW_WORDS = 4  # of a heading that is no question
UNLABELLED = (*IDENTIFIERS, "drop", "date")
UNKNOWN = "?"  # what nobody can tell from the file; `check` refuses it
MARKS = {*YES_NO["true"], *YES_NO["false"]}
DATE_FORMS: tuple[dict[str, str], ...] = ({}, {"date_format": "%m/%d/%Y"})
PLACEHOLDER = re.compile(  # of a heading where none is
    r"(?i)column ?\d+|kolom ?\d+|unnamed: ?\d+|field ?\d+|_\d+"
)
OUT_OF = re.compile(r"\s*/\s*(\d+(?:[.,]\d+)?)$")
_GRID = re.compile(r"(?P<stem>.+?)\s*\[(?P<part>.+)\]")
_EXCEL_POWER = r"(?i)^\d[.,]?\d*e\+?1[0-9]$"  # what is left of a long number in a narrow column


@dataclass
class Guess:
    """What a column seems to be: its further keys, and for an item how often each label was given.

    stem: the question or group of questions that the column is part of. place: in the table. lost:
    identifiers that a spreadsheet spoilt. repeated: rows whose identifier another row has too.
    """

    kind: str
    keys: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    note: str = ""
    lost: int = 0
    repeated: int = 0
    variable: str = ""
    header: str = ""
    stem: str = ""
    source: str = ""
    place: int = -1

    @property
    def asked(self) -> str:
        """Heading and label, normalised, to look for words in."""
        return normalise(f"{self.header} {self.keys.get('label', '')}")


class Heading(NamedTuple):
    """A heading of its own name, the question in words, and the parts of both."""

    name: str
    question: str
    stem: str
    part: str


def free(stem: str, taken: Container[str]) -> str:
    """The name itself, or with the first number that makes it another."""
    names = itertools.chain([stem], (f"{stem}_{k}" for k in itertools.count(2)))
    return next(name for name in names if name not in taken)


def slug(text: str, words: int) -> str:
    """A short name for YAML: "Saya puas dengan materi" -> "saya_puas_dengan"."""
    name = "_".join(re.findall(r"[a-z0-9]+", spaced(text))[:words])
    return f"v_{name}" if name[:1].isdigit() else name


def spaced(text: str) -> str:
    """ "HandsOn part" -> "hands on part"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).casefold()


def count_texts(values: pl.Series) -> dict[str, int]:
    """How often each text of a column stands in it, the most frequent first."""
    counts = values.value_counts(name="n").sort("n", values.name, descending=[True, False])
    return dict(counts.iter_rows())


def guess_columns(
    table: RawTable, questions: Sequence[str], known: Mapping[str, str]
) -> list[Guess]:
    """A guess for each column with a heading.

    questions: the question of each column in words, where the file has it beside the heading.
    known: normalised heading -> the variable that another file has for it.
    """
    frame = table.frame.collect()
    texts = [clean_text(frame[str(i)]) for i in range(len(table.headers))]
    headings = named_headings(table.headers, questions)
    spread = spread_options(headings, texts)
    inside = {i for columns, _guess in spread.values() for i in columns}
    found: dict[str, Guess] = {}
    for i, (heading, text) in enumerate(zip(headings, texts, strict=True)):
        if i not in spread and (i in inside or not heading.name):
            continue
        guess = spread[i][1] if i in spread else _guess(heading, text)
        guess.header, guess.stem, guess.place = guess.header or heading.name, heading.stem, i
        wanted = known.get(normalise(heading.name)) or _name_of(heading, guess)
        guess.variable = free(wanted, found)
        spoken = heading.question or heading.part or table.headers[i]
        if guess.kind == "multi" and guess.stem:
            spoken = guess.stem if "[" in table.headers[i] else guess.stem.rsplit("/", 1)[-1]
        if guess.kind not in UNLABELLED and slug(spoken, len(spoken)) != guess.variable:
            guess.keys.setdefault("label", spoken)
        found[guess.variable] = guess
    _scales_of_numbers(found.values())
    dates = [g for g in found.values() if g.kind == "date"]
    form = next((g.keys for g in dates if g.keys), {})
    for guess in dates:  # where one can only be read month first, so are the others of the file
        if not guess.keys and form and _reads(texts[guess.place].drop_nulls(), form):
            guess.keys |= form
    return list(found.values())


def named_headings(headers: Sequence[str], questions: Sequence[str]) -> list[Heading]:
    """The headings of a table, each of its own name, with the question that it is part of.

    questions: the question of each column in words, where the file has it beside the heading.
    """
    found: list[Heading] = []
    for i, header in enumerate(headers):
        again = headers.count(header) > 1
        name = f"{header}#{headers[: i + 1].count(header)}" if header and again else header
        question = clean_space(questions[i]) if i < len(questions) else ""
        if normalise(question) == normalise(header):
            question = ""
        stem, part = "", ""
        if match := _GRID.fullmatch(header):
            stem, part = match["stem"], match["part"]
        elif question and (match := re.fullmatch(r"(.+?)_+(\d+)", header)):
            stem = match[1]  # Qualtrics: Q5_1, Q5_2, whose questions begin alike
        elif "/" in header.strip("/"):
            if not OUT_OF.search(header):
                stem = header.rsplit("/", 1)[0]
                stem = next((h for h in headers if h and header.startswith(f"{h}/")), stem)
                part = header[len(stem) + 1 :]
        elif PLACEHOLDER.fullmatch(header) and found:
            stem = found[-1].stem if PLACEHOLDER.fullmatch(headers[i - 1]) else headers[i - 1]
        elif i + 1 < len(headers) and PLACEHOLDER.fullmatch(headers[i + 1]):
            stem = header
        found.append(Heading(name, question, stem, part))
    return found


def _name_of(heading: Heading, guess: Guess) -> str:
    """The variable's name: of a row of a grid that of the row, of a question its first words."""
    text = heading.name.split("#")[0]
    if guess.kind == "multi":
        text = heading.stem.rsplit("/", 1)[-1] or text
    elif heading.part:
        text = heading.part
    text = re.sub(r"^\W*\d+\s*[.)]\s*(?=[^\W\d])", "", OUT_OF.sub("", text))
    return slug(text, 4) or f"kolom_{guess.place + 1}"


# --- One column ---------------------------------------------------------------------------------


def _guess(heading: Heading, text: pl.Series) -> Guess:
    """One column by its heading first (identifiers), then by its values."""
    header, spoken = heading.name, heading.question or heading.part or heading.name
    values = text.drop_nulls()
    dashes = values.str.contains(r"^[-\u2010-\u2015.*/_ ]+$")
    values = values.filter(~values.str.to_lowercase().is_in(list(BLANKS)) & ~dashes)
    found = _identifier(header, spoken, values)
    if found is None and header.endswith("_TEXT"):  # Qualtrics: what stands beside an option
        found = Guess("open")
    return found or _closed(header, spoken, values) or _written(header, spoken, values)


def _identifier(header: str, spoken: str, values: pl.Series) -> Guess | None:
    """A column that tells who answered, by its heading or by what its values look like."""
    spellings = (normalise(header.split("#", maxsplit=1)[0]), header, normalise(spoken))
    kind = next((role for h in spellings if (role := first_of("roles", h))), None)
    n_distinct, half = values.n_unique(), 0.5 * max(len(values), 1)
    if len(header.split()) > FEW_WORDS and n_distinct <= min(MOST_LABELS, len(values) / 2):
        kind = None  # a question about e-mails, not one for an address
    if kind is None and name_heading(header):
        kind = "name"
    if kind == "nip" or values.str.contains(r"^\D{0,3}\d{8}[\d .]{9,}").sum() > half:
        return _guess_nip(values)
    if kind is None:
        shapes = VOCABULARY["personal_shapes"]
        kind = next((k for k, shape in shapes if values.str.contains(shape).sum() > half), None)
    if kind is None and n_distinct <= 1 and re.search(VOCABULARY["alike"], spellings[0]):
        kind = "drop"
    if kind is None:
        return None if len(values) else Guess("drop", note=_("empty"))
    coded_by = kind in ("respondent_code", "email")
    return Guess(kind, repeated=_repeated(values.str.to_lowercase()) if coded_by else 0)


def _repeated(identifiers: pl.Series) -> int:
    return int(identifiers.drop_nulls().is_duplicated().sum())


def _guess_nip(values: pl.Series) -> Guess:
    """A column of NIP, with a note on those that a spreadsheet spoilt."""
    nip = normalise_nip(values)
    status = nip_status(nip)
    powers = values.str.contains(_EXCEL_POWER).fill_null(False)
    cut = int((powers & (status != "damaged")).sum())
    damaged = int((status == "damaged").sum())
    notes = []
    if damaged:
        notes.append(_("{n} NIP lost three digits in Excel: matched by the other 15 where "
                       "one person alone fits").format(n=count(damaged)))  # fmt: skip
    if cut:
        notes.append(_("{n} NIP are left as 1.98E+17 and cannot be recovered: export the column as "
                       "text from where it came").format(n=count(cut)))  # fmt: skip
    known = status.is_in(["pns", "pppk", "legacy", "damaged"]).any()
    return Guess("nip" if known else "drop", note="; ".join(notes), lost=damaged + cut,
                 repeated=_repeated(nip.filter(~powers)))  # fmt: skip


def _closed(header: str, spoken: str, values: pl.Series) -> Guess | None:
    """A column of answers on a scale, numbers or dates."""
    for form in DATE_FORMS:
        if _reads(values, form):
            return Guess("date", dict(form))
    counts = count_texts(values)
    levels = {normalise(x): x for x in counts} if len(counts) <= 2 * MOST_LABELS else {}
    if 1 < len(levels) <= MOST_LABELS:
        if ordered := _known_order(levels.values()):
            return Guess("ordinal", _categories(ordered))
        if scale_of(counts):
            return Guess("item", labels=counts)
    return _guess_number(header, spoken, values)


def _reads(values: pl.Series, form: Mapping[str, str]) -> bool:
    """Whether every text is a date of this form; one of month first is written with strokes."""
    column = Column.model_validate({"from": "x", "type": "date", **form})
    slashed = not form or values.str.contains("/").all()
    return slashed and not type_date(values, Spec("x", column))["rule"].is_in(PROBLEMS).any()


def _categories(labels: Iterable[str]) -> dict[str, Any]:
    return {"categories": {label: label for label in labels}}


def _guess_number(header: str, spoken: str, values: pl.Series) -> Guess | None:
    """Numbers with their decimal sign; where it cannot be told, "?" stands in its place."""
    out_of = OUT_OF.search(header)
    decimal = decimal_sign(values)
    if decimal == "unknown" and out_of:  # "Nilai/10,00" shows the sign in its heading
        decimal = decimal_sign(pl.Series([out_of[1]]))
    column = Column.model_validate({"from": "x", "type": "number"})
    read = type_number(values, Spec("x", column, decimal=lambda: decimal))
    if read["rule"].is_in([p for p in PROBLEMS if p != "decimal"]).any() or not len(values):
        return None
    if values.str.contains(PERSONAL.pattern).sum() > 0.5 * len(values):
        return Guess("drop", note=_("long numbers, perhaps of persons"))
    whole = values.str.contains(r"^-?\d{1,9}$").all()
    numbers = set(map(int, values.unique())) if whole else set()
    if whole and set(values.unique()) <= {"0", "1"}:
        return Guess("flag")
    if whole and numbers <= set(range(11)) and len(numbers) > 3:
        if re.search(r"recommend|rekomendasi|menyarankan", normalise(spoken)):
            return Guess("item", labels={"0..10": len(values)})
    keys: dict[str, Any] = {}
    if decimal == "mixed" or (decimal == "unknown" and not whole):
        keys["decimal"] = UNKNOWN
    elif decimal == "," or (out_of and not whole):
        keys["decimal"] = decimal
    if out_of:
        keys |= {"min": 0, "max": float(out_of[1].replace(",", "."))}
    if not whole or out_of:
        return Guess("number", keys)
    return Guess("integer", keys, count_texts(values) if numbers <= set(range(1, 11)) else {})


def _scales_of_numbers(guesses: Iterable[Guess]) -> None:
    """Whole numbers from one to at most ten are answers on a scale where three columns or more have
    them, or one from 1 to 5, unless the heading asks for a count or a mark."""
    few = []
    for guess in (g for g in guesses if g.kind == "integer" and g.labels):
        marked = max(map(int, guess.labels)) > 5 and re.search(VOCABULARY["marks"], guess.asked)
        if not marked and not re.search(VOCABULARY["counts"], guess.asked):
            few.append(guess)
    highest = max((int(x) for g in few for x in g.labels), default=0)
    points = next((n for n in (4, 5, 6, 7, 10) if highest <= n), 0)
    for guess in few:
        alone = len(few) < 3 and len(guess.labels) > 2 and max(map(int, guess.labels)) in (4, 5)
        if len(few) >= 3 or alone:
            guess.kind, guess.labels = "item", {f"1..{5 if alone else points}": 1}
            guess.note = _("numbers: are they answers on a scale?")


# --- Texts --------------------------------------------------------------------------------------


def _written(header: str, spoken: str, values: pl.Series) -> Guess:
    """A column of texts: options, yes or no, an order, a category, or words of one's own."""
    distinct, some = values.unique(maintain_order=True), values.head(LOOK_AT)
    if joined := joined_options(some, some.n_unique()):
        return Guess("multi", joined)
    if looks_like_names(header, some, Names()):
        return Guess("name")
    if {normalise(v) for v in distinct.head(50)} <= MARKS:
        return Guess("flag")
    for spelling, spell in SPELLINGS.items():
        asked = re.search(VOCABULARY["spellings"][spelling], normalise(spoken))
        if asked and all(map(spell, distinct)):
            return Guess("category", {"spelling": spelling})
    if re.search(VOCABULARY["remarks"], normalise(spoken)):
        return Guess("open")
    levels = {normalise(v): v for v in distinct.head(200)}
    short = max(map(len, levels.values()), default=0) <= 80
    if short and len(levels) <= min(MOST_LABELS, len(values) / 2):
        if ordered := _in_order(levels.values()):
            return Guess("ordinal", _categories(ordered))
        spare = len(levels) * 4 <= len(values)
        counts = count_texts(values) if spare else {}
        return Guess("category", _categories(sorted(levels.values())), counts)
    closed = short and len(distinct) <= min(100, len(values) / 5)
    return Guess("category" if closed else "open")


def _known_order(labels: Iterable[str]) -> list[str]:
    """Categories from low to high where the vocabulary has them in an order."""
    plain = {x: " ".join(re.sub(r"[/()]", " ", normalise(x)).split()) for x in labels}
    for order in VOCABULARY["orders"]:
        places = {s: i for i, step in enumerate(order) for s in step.split("|")}
        found = {places.get(text) for text in plain.values()}
        if len(found) == len(plain) > 2 and None not in found:
            return sorted(plain, key=lambda x: places[plain[x]])
    return []


def _in_order(labels: Iterable[str]) -> list[str]:
    """Categories from low to high by the numbers that begin them, or by a known order."""
    spelled = {normalise(x): x for x in labels}
    if (known := _known_order(spelled.values())) or len(spelled) < 3 or coded(spelled.values()):
        return known
    ranked = {limit: x for key, x in spelled.items() if (limit := _limit(key)) is not None}
    return [ranked[limit] for limit in sorted(ranked)] if len(ranked) == len(spelled) else []


def _limit(label: str) -> float | None:
    """The number that a class begins with, in years where months are told; None without one."""
    match = re.search(r"\d+(?:[.,]\d+)?", label)
    if match is None:
        return None
    per = 12.0 if re.search(r"bulan|month", label) else 1.0
    return float(match[0].replace(",", ".")) / per + (first_of("limits", label) or 0.0) / 1000


def without_persons(guesses: Iterable[Guess], names: Names) -> None:
    """Columns whose labels would write down a person's name, NIP or number become `drop`."""
    for guess in guesses:
        labels = list(guess.keys.get("categories", ()))
        for texts in guess.keys.get("options", {}).values():
            labels += [texts] if isinstance(texts, str) else texts
        shown = pl.Series([*labels, ""], dtype=pl.String)
        persons = looks_like_persons(guess.header, labels)
        if labels and (persons or hides(shown, names, words=True).any()):
            guess.kind, guess.keys, guess.labels = "drop", {}, {}
            guess.note = _("the answers look like persons")


def looks_like_persons(header: str, labels: Sequence[str]) -> bool:
    """Whether few labels, each given often, are persons: mentors, trainers, supervisors."""

    def words(text: str) -> set[str]:
        return set(re.findall(r"[^\W\d_]+", text))

    asked = words(spaced(header)) & set(VOCABULARY["person_words"]) or name_heading(header)
    title = r"(?i)\b(dr|drs|dra|prof|ir|hj?)\.\s|,\s*[sm]\.?\s?[a-z]{1,4}\b"
    titled = [x for x in labels if re.search(title, x)]
    others = set(VOCABULARY["other_words"])
    capital = r"(?:[A-Z][\w.'’-]*[ ,]*){2,6}"
    named = [x for x in labels if re.fullmatch(capital, x) and not words(x.casefold()) & others]
    return len(titled) * 3 > len(labels) or bool(asked and len(named) > len(labels) / 2)


# --- Several options in one cell ----------------------------------------------------------------


def joined_options(values: pl.Series, n_distinct: int) -> dict[str, Any] | None:
    """Keys of a question with several options that stand in one cell; None for any other text."""
    for separator in (";", "|", ", ", ",", " "):
        if separator == " " and not values.str.contains(r"^[a-z0-9_]+( [a-z0-9_]+)*$").all():
            continue
        split = [[p.strip() for p in v.split(separator) if p.strip()] for v in values]
        if separator != " ":
            split = _rejoined(split, separator)
        parts = Counter(itertools.chain.from_iterable(split))
        options = {x: n for x, n in parts.items() if n >= 2}
        few = len(options) <= min(n_distinct, MOST_OPTIONS) and all(len(x) < 120 for x in options)
        total = parts.total()
        if few and sum(options.values()) > 0.85 * total and total > 1.2 * len(values):
            names: dict[str, str] = {}
            for option in sorted(options):
                names[free(slug(option, 3) or "x", names)] = option
            rest = {"lainnya": "*"} if len(options) < len(parts) else {}
            return {"separator": separator.strip() or " ", "options": names | rest}
    return None


def _rejoined(answers: list[list[str]], separator: str) -> list[list[str]]:
    """Parts put together that always stand together, as those of an option that holds the
    separator: the latter begins with a small letter, or both are somebody's whole answer."""
    while True:
        alone = Counter(itertools.chain.from_iterable(answers))
        pairs = Counter(itertools.chain.from_iterable(map(itertools.pairwise, answers)))
        whole = Counter(tuple(a) for a in answers if len(a) == 2)
        for (a, b), n in sorted(pairs.items()):
            small = alone[b] == n and (b[:1].islower() or a.count("(") > a.count(")"))
            if small or (n > 2 and alone[a] == alone[b] == n and whole[a, b]):
                break
        else:
            return answers
        for parts in answers:
            for i in range(len(parts) - 1, 0, -1):
                if parts[i - 1 : i + 1] == [a, b]:
                    parts[i - 1 : i + 1] = [f"{a}{separator.rstrip()} {b}"]


# --- Several options in several columns ---------------------------------------------------------


def spread_options(
    headings: Sequence[Heading], texts: Sequence[pl.Series]
) -> dict[int, tuple[list[int], Guess]]:
    """First column -> (all columns, guess) of each question that has a column for every option."""
    found = {}
    for stem, group in itertools.groupby(range(len(headings)), key=lambda i: headings[i].stem):
        columns = [i for i in group if not headings[i].name.upper().endswith("_TEXT")]
        if not stem or len(columns) < 2:
            continue
        guess = _options(stem, [headings[i] for i in columns], [texts[i] for i in columns])
        if guess is not None:
            summary = [i for i, h in enumerate(headings) if h.name == stem]
            found[min(columns)] = (columns + summary, guess)
    return found


def _options(stem: str, headings: Sequence[Heading], texts: Sequence[pl.Series]) -> Guess | None:
    """A question whose columns are marks, or hold the text of their own option; else None."""
    common = common_begin([h.question for h in headings])
    slashed = "/" in headings[0].name and "[" not in headings[0].name
    allowed = {"0", "1", "true", "false"} if slashed else MARKS
    options: dict[str, Any] = {}
    marked, seen = 0, set[str]()
    for heading, text in zip(headings, texts, strict=True):
        found = set(text.drop_nulls())
        words = {normalise(x) for x in found}
        option = heading.part or heading.question[len(common) :].strip(" -:") or heading.name
        nameless = PLACEHOLDER.fullmatch(heading.name) is not None
        if nameless and not found:
            continue
        other = bool(re.search(VOCABULARY["others"], normalise(option)))
        other = other or (nameless and heading is headings[-1])
        if words <= allowed:
            marked += bool(words)
        elif len(found) == 1 and not words & seen and not slashed:
            marked, seen = marked + 1, seen | words
            (only,) = found
            option = only if not (heading.part or other) else option
        elif not other:
            return None
        texts_of = [option] if heading.part else [option, heading.name]
        if len(found) == 1 and not other:
            texts_of += [x for x in found if not words <= allowed and x != option]
        if other and not words <= allowed:
            texts_of = [_("other answers") if nameless else option, *texts_of[1:], "*"]
        key = free(slug(texts_of[0], 3) or "x", options)
        options[key] = texts_of[0] if len(texts_of) == 1 else texts_of
    if marked < 2:
        return None
    label = common.rstrip(" -:").removesuffix("Selected Choice").rstrip(" -:")
    asked = {"label": label} if label not in ("", stem) else {}
    return Guess("multi", {"options": options} | asked, header=stem)


def common_begin(texts: Sequence[str]) -> str:
    """What all texts begin with, up to the last dash or colon."""
    if not all(texts):
        return ""
    same = itertools.takewhile(lambda c: len(set(c)) == 1, zip(*texts, strict=False))
    match = re.match(r"(.*)( - |: )", "".join(c[0] for c in same))
    return match[0] if match else ""
