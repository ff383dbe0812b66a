"""Questions with several options, in one cell or in a column for each, and what columns are called.

Platforms write them in their own ways: "a; b" in a cell, "question/option", "question [option]",
Q5_1 and Q5_2; an option may hold the sign that parts the others.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from evaluasi_lib.cleaning.typers import VOCABULARY, YES_NO
from evaluasi_lib.reading.files import clean_space, normalise
from evaluasi_lib.wording import _

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
