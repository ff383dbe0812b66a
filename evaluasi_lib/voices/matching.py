"""The phrases of a codebook, found in the words of an answer.

The phrases of all themes lie in one index by their first word, so an answer costs a look-up for
each of its words, whatever the size of the codebook.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from evaluasi_lib.reading.codebook import Code
from evaluasi_lib.voices.text import BOUNDARY, Word, analyse, read_yaml, slang

GAP = "..."
MAX_GAP = 3  # words that may stand in a gap
LOOK_BACK = 3  # words before a phrase in which a negation counts


class Phrase(NamedTuple):
    """One pattern of a code, as it will be met; excluding: it takes matches of the code away."""

    code: str
    parts: tuple[str, ...]  # stems, "=form", or GAP
    excluding: bool


class Hit(NamedTuple):
    """A code found at words start..end (inclusive)."""

    code: str
    start: int
    end: int
    negated: bool = False


@dataclass(frozen=True)
class Matcher:
    """Phrases by their first word. negated: code -> keep, drop or another code."""

    phrases: dict[str, list[Phrase]]
    negated: dict[str, str]

    @classmethod
    def of(cls, codes: dict[str, Code]) -> Matcher:
        """The phrases of all codes in one index."""
        phrases: dict[str, list[Phrase]] = defaultdict(list)
        for name, code in codes.items():
            for excluding, texts in ((False, code.include), (True, code.exclude)):
                for parts in map(_parts, texts):
                    phrases[parts[0]].append(Phrase(name, parts, excluding))
        return cls(dict(phrases), {name: code.negated for name, code in codes.items()})

    def hits(self, words: list[Word]) -> list[Hit]:
        """What the words speak of, exclusions and negations applied, in order of appearance."""
        found: list[Hit] = []
        taken: list[Hit] = []
        for i, word in enumerate(words):
            for first in (word.stem, "=" + word.form):
                for phrase in self.phrases.get(first, ()):
                    end = _end_of(phrase.parts, words, i)
                    if end is not None:
                        (taken if phrase.excluding else found).append(Hit(phrase.code, i, end))
        hits = []
        for hit in found:
            if any(t.code == hit.code and t.start <= hit.start and hit.end <= t.end for t in taken):
                continue
            negated = is_negated(words, hit.start)
            meaning = self.negated[hit.code] if negated else "keep"
            if meaning != "drop":
                code = hit.code if meaning == "keep" else meaning
                hits.append(Hit(code, hit.start, hit.end, negated))
        return hits


def _parts(text: str) -> tuple[str, ...]:
    """A phrase of the codebook as it will be met: a root means its whole family of words ("guna":
    berguna, gunanya, kegunaan), a derived word means itself (stems join too much: "pelatihan" and
    "latihan" have one root)."""
    parts: list[str] = []
    for piece in text.split():
        if piece == GAP:
            parts.append(GAP)
        else:
            words = [w for w in analyse(piece.removeprefix("=")) if w.form != BOUNDARY]
            family = not piece.startswith("=")
            parts += [w.stem if family and w.stem == w.form else "=" + w.form for w in words]
    return tuple(parts) or ("=" + text,)


def _end_of(parts: tuple[str, ...], words: list[Word], start: int) -> int | None:
    """The last word of a phrase that begins at `start`, or None where it does not go on so."""
    at = start
    slack = 0
    for part in parts[1:]:
        if part == GAP:
            slack = MAX_GAP
            continue
        for position in range(at + 1, min(at + 2 + slack, len(words))):
            word = words[position]
            if word.form == BOUNDARY:
                return None
            if part == word.stem or (part[0] == "=" and part[1:] == word.form):
                at = position
                break
        else:
            return None
        slack = 0
    return at


def is_negated(words: list[Word], start: int) -> bool:
    """Whether an odd number of negations stands within LOOK_BACK words before, in the clause.

    "tidak saja" and "bukan saja" (not only) are no negation.
    """
    negators = slang().negators
    count = 0
    for i in range(start - 1, max(start - 1 - LOOK_BACK, -1), -1):
        if words[i].form == BOUNDARY:
            break
        if words[i].form in negators and words[i + 1].form != "saja":
            count += 1
    return count % 2 == 1


@cache
def own_lexicon() -> Matcher:
    """The workbook's own words of praise and complaint, as a matcher with the codes "+" and "-"."""
    data = read_yaml("lexicon.yml")
    sides = {"+": data["positive"], "-": data["negative"]}
    return Matcher.of(
        {sign: Code(label=sign, include=x, exclude=data["neither"]) for sign, x in sides.items()}
    )


def clause_sentiment(hits: Iterable[Hit]) -> float:
    """(praise - complaint) / (praise + complaint), in -1..1; NaN where there is neither."""
    signs = [(1 if hit.code == "+" else -1) * (-1 if hit.negated else 1) for hit in hits]
    return sum(signs) / len(signs) if signs else math.nan
