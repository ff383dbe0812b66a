"""Questions with several options, in one cell or in a column for each, and what columns are called.

Platforms write them in their own ways: "a; b" in a cell, "question/option", "question [option]",
Q5_1 and Q5_2; an option may hold the sign that parts the others.

Labels of answers from low to high: the scales that are known, in all their spellings.

"SS", "sangat setuju ", "5 = Sangat Setuju" and "Sangat Setuju (5)" are one step of one scale; a
step that nobody chose still counts, for the numbers of the others depend on it.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import polars as pl

from evaluasi_lib.cleaning.typers import VOCABULARY, YES_NO
from evaluasi_lib.reading.files import clean_space, normalise
from evaluasi_lib.wording import _

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


@cache
def _steps() -> dict[str, list[tuple[int, int]]]:
    """Spelling -> (number of the scale, step) wherever it stands."""
    found: dict[str, list[tuple[int, int]]] = {}
    for number, ladder in enumerate(_ladders()):
        for i, step in enumerate(ladder):
            for spelling in step:
                found.setdefault(spelling, []).append((number, i))
    return found


def _candidates(worded: Mapping[str, str]) -> Iterator[tuple[list[Step], dict[str, int]]]:
    """The scales that hold any of the labels, each with the step of those that it holds."""
    places: dict[int, dict[str, int]] = {}
    for label, text in worded.items():
        for number, i in _steps().get(text, ()):
            places.setdefault(number, {})[label] = i
    for number in sorted(places):
        yield _ladders()[number], places[number]


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
        for ladder, places in _candidates(worded):
            share = sum(counts[x] for x in places) / max(sum(counts[x] for x in worded), 1)
            steps = set(places.values())
            told = len(steps) >= 3 or (len(steps) == 2 and len(ladder) - 1 in steps)
            if share >= most and told:
                low = {
                    n - places[x]
                    for x, (n, _text) in split.items()
                    if n is not None and x in places
                }
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
    worded = {label: _plain(text) for label, (_n, text) in split.items() if text}
    labels = []
    for i, step in enumerate(ladder):
        given = sorted((x for x, at in places.items() if at == i), key=lambda x: -counts[x])
        texts = [clean_space(split[x][1]) for x in given]
        whole = [t for t in texts if step.get(normalise(t)) == normalise(t) and not t.islower()]
        spelled = step[worded[given[0]]] if given else next(iter(step))
        labels.append(whole[0] if whole else spelled.replace("ragu ragu", "ragu-ragu").title())
    words = {s: i for i, step in enumerate(ladder) for s in step if len(s) > 3}
    for label, text in worded.items():
        if label not in places and (near := difflib.get_close_matches(text, words, 1, _NEAR)):
            places[label] = words[near[0]]
    bare = {x: n - low for x, (n, text) in split.items() if n is not None and not text}
    places |= {x: i for x, i in bare.items() if 0 <= i < len(labels)}
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


MOST_OPTIONS = 20
MARKS = {*YES_NO["true"], *YES_NO["false"]}
_GRID = re.compile(r"(?P<stem>.+?)\s*\[(?P<part>.+)\]")
PLACEHOLDER = re.compile(
    r"(?i)column ?\d+|kolom ?\d+|unnamed: ?\d+|field ?\d+|_\d+"
)  # none is there
OUT_OF = re.compile(r"\s*/\s*(\d+(?:[.,]\d+)?)$")


@dataclass
class Guess:
    """What a column seems to be: its further keys, and for an item how often each label was given.

    stem: the question or group of questions that the column is part of. place: in the table. lost:
    identifiers that a spreadsheet spoilt. repeated: rows whose identifier another row has too.
    """

    variable: str
    header: str
    kind: str
    keys: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    note: str = ""
    stem: str = ""
    source: str = ""
    place: int = -1
    lost: int = 0
    repeated: int = 0


@dataclass(frozen=True)
class Heading:
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
    parts = re.findall(r"[a-z0-9]+", spaced(text))[:words]
    name = "_".join(parts)
    return f"v_{name}" if name[:1].isdigit() else name


def spaced(text: str) -> str:
    """ "HandsOn part" -> "hands on part"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).casefold()


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
            stem, part = header.rsplit("/", 1)
            stem = next((h for h in headers if h and header.startswith(f"{h}/")), stem)
            part = header[len(stem) + 1 :]
            if OUT_OF.search(header):
                stem = part = ""
        elif PLACEHOLDER.fullmatch(header) and found:
            stem = found[-1].stem if PLACEHOLDER.fullmatch(headers[i - 1]) else headers[i - 1]
        elif i + 1 < len(headers) and PLACEHOLDER.fullmatch(headers[i + 1]):
            stem = header
        found.append(Heading(name, question, stem, part))
    return found


def count_texts(values: pl.Series) -> dict[str, int]:
    """How often each text of a column stands in it, the most frequent first."""
    frame = values.value_counts(sort=True, name="n").sort(
        "n", values.name, descending=[True, False]
    )
    return dict(frame.iter_rows())


# --- In one cell --------------------------------------------------------------------------------


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
        total = sum(parts.values())
        few = (
            len(options) <= min(n_distinct, MOST_OPTIONS)
            and max(map(len, options), default=0) < 120
        )
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
        answers = [_together(parts, a, b, separator) for parts in answers]


def _together(parts: list[str], a: str, b: str, separator: str) -> list[str]:
    found: list[str] = []
    for part in parts:
        if found and found[-1] == a and part == b:
            found[-1] = f"{a}{separator.rstrip()} {b}"
        else:
            found.append(part)
    return found


# --- Several columns ----------------------------------------------------------------------------


def spread_options(
    headings: Sequence[Heading], texts: Sequence[pl.Series]
) -> dict[int, tuple[list[int], Guess]]:
    """First column -> (all columns, guess) of each question that has a column for every option."""
    found = {}
    for stem, group in itertools.groupby(range(len(headings)), key=lambda i: headings[i].stem):
        columns = list(group)
        columns = [i for i in columns if not headings[i].name.upper().endswith("_TEXT")]
        if not stem or len(columns) < 2:
            continue
        guess = _options(stem, [headings[i] for i in columns], [texts[i] for i in columns])
        if guess is not None:
            summary = [i for i, h in enumerate(headings) if h.name == stem]
            found[min(columns)] = (columns + summary, guess)
    return found


def _options(stem: str, headings: Sequence[Heading], texts: Sequence[pl.Series]) -> Guess | None:
    """A question whose columns are marks, or hold the text of their own option; else None."""
    given = [set(count_texts(t.drop_nulls())) for t in texts]
    common = common_begin([h.question for h in headings])
    slashed = "/" in headings[0].name and "[" not in headings[0].name
    allowed = {"0", "1", "true", "false"} if slashed else MARKS
    options: dict[str, Any] = {}
    marked, seen = 0, set[str]()
    for heading, found in zip(headings, given, strict=True):
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
        texts_of += ["*"] if other and not words <= allowed else []
        if nameless and "*" in texts_of:
            texts_of = [_("other answers"), heading.name, "*"]
        key = free(slug(texts_of[0], 3) or "x", options)
        options[key] = texts_of[0] if len(texts_of) == 1 else texts_of
    if marked < 2:
        return None
    label = common.rstrip(" -:").removesuffix("Selected Choice").rstrip(" -:") or stem
    keys: dict[str, Any] = {"options": options}
    if label != stem:
        keys["label"] = label
    return Guess("", stem, "multi", keys, stem=stem)


def common_begin(texts: Sequence[str]) -> str:
    """What all texts begin with, up to the last dash or colon."""
    if not all(texts):
        return ""
    same = itertools.takewhile(lambda c: len(set(c)) == 1, zip(*texts, strict=False))
    begin = "".join(c[0] for c in same)
    match = re.match(r"(.*)( - |: )", begin)
    return match[0] if match else ""
