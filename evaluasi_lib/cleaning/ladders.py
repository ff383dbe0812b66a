"""Labels of answers from low to high: the scales that are known, in all their spellings.

"SS", "sangat setuju ", "5 = Sangat Setuju" and "Sangat Setuju (5)" are one step of one scale; a
step that nobody chose still counts, for the numbers of the others depend on it.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from evaluasi_lib.cleaning.typers import VOCABULARY
from evaluasi_lib.reading.files import clean_space, normalise

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
