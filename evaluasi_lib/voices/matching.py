"""How an answer is read: its words made even, and a codebook's phrases found among them.

Everyday spelling is made even, roots come from PySastrawi, and the ends of clauses are marked.
Sastrawi takes about a millisecond for a word it must peel, so each distinct word is analysed once
and remembered: the cost of an answer is then that of looking its words up.

The phrases of all themes lie in one index by their first word, so an answer costs a look-up for
each of its words, whatever the size of the codebook.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from Sastrawi.Dictionary.ArrayDictionary import ArrayDictionary
from Sastrawi.Stemmer.Stemmer import Stemmer
from Sastrawi.Stemmer.StemmerFactory import StemmerFactory

from evaluasi_lib.reading.codebook import Code
from evaluasi_lib.wording import Sentences, load_yaml

BOUNDARY = "|"
MAX_CHARACTERS = 5_000  # of one answer; what follows is not read
GAP = "..."
MAX_GAP = 3  # words that may stand in a gap
LOOK_BACK = 3  # words before a phrase in which a negation counts

say = Sentences(__file__, "sentences.yml")

LINK = re.compile(r"(?:https?://|www\.)\S+")
_LONG = re.compile(r"([a-z])\1{2,}")
_WORD = re.compile(r"[a-z0-9]+(?:['’/&-][a-z0-9]+)*/?|[.,;:!?()\n|…]+")
_TWICE = re.compile(r"([a-z]{3,}?)2(nya|an)?")
# Everything that Sastrawi could take off, infixes included (held by a test against Sastrawi).
_AFFIXED = re.compile(
    r"^(?:di|ke|se|ku|kau|be|te|me|pe|[^aiueo](?:er|el|em|in)[aiueo])."
    r"|.(?:i|an|is|isme|lah|kah|tah|pun|ku|mu|nya)$"
)
_CLAUSE_STARTS = frozenset(
    {"tetapi", "padahal", "sedangkan", "meski", "meskipun", "walau", "walaupun", "although"}
)


class Word(NamedTuple):
    """form: the word after normalising, without -nya; stem: its root by Sastrawi."""

    form: str
    stem: str


END = Word(BOUNDARY, BOUNDARY)


@dataclass(frozen=True, slots=True)
class Slang:
    """words: everyday spelling -> standard; negators: words that turn the next ones round;
    nothing: words of which an answer without content is made; stop: words that name no theme;
    roles: words that follow a title and name no person."""

    words: dict[str, str]
    negators: frozenset[str]
    particles: frozenset[str]
    nothing: frozenset[str]
    stop: frozenset[str]
    roles: frozenset[str]


def read_yaml(name: str) -> Any:
    """A YAML table shipped beside this module."""
    return load_yaml(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))


@cache
def slang() -> Slang:
    """The shipped table slang.yml."""
    data = read_yaml("slang.yml")
    turned = {
        str(other): standard
        for part in ("negation", "words")
        for standard, others in data[part].items()
        for other in others
    }
    lists = (frozenset(data[name].split()) for name in ("particles", "nothing", "stop", "roles"))
    return Slang(turned, frozenset(data["negation"]), *lists)


@cache
def stemmer() -> Stemmer:
    """Sastrawi's stemmer over its own list of roots (without its cache: `analyse` has one)."""
    return Stemmer(ArrayDictionary(StemmerFactory().get_words()))


@cache
def stem(word: str) -> str:
    """The root of one lower-case word; words without any affix that Sastrawi knows skip it."""
    return stemmer().stem(word) if word.isalpha() and _AFFIXED.search(word) else word


@cache
def _words_of(raw: str) -> tuple[Word, ...]:
    """What was written between two spaces as words: slang resolved, doubling taken out, stemmed."""
    if not raw[0].isalnum():
        return (END,)
    table = slang()
    if raw in table.particles:
        return ()
    word = _LONG.sub(r"\1", raw)
    if match := _TWICE.fullmatch(word):  # kuliah2, teman2nya
        word = match[1] + (match[2] or "")
    if word not in table.words and "-" in word:
        left, _, right = word.partition("-")
        if right.startswith(left) or left.endswith(right.removesuffix("nya")):  # teman-temannya
            word = right
        elif len(left) > 2:
            return (*_words_of(left), *_words_of(right))
    standard = table.words.get(word) or table.words.get(word.removesuffix("nya"))
    forms = standard.split() if standard else [word.removesuffix("nya") if len(word) > 6 else word]
    words = tuple(Word(form, stem(form if standard else word)) for form in forms)
    return (END, *words) if words[0].form in _CLAUSE_STARTS else words


def analyse(text: str) -> list[Word]:
    """The words of a text in order, with END between its clauses."""
    text = text[:MAX_CHARACTERS].lower()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).lower()
    if "http" in text or "www." in text:
        text = LINK.sub(" ", text)
    words: list[Word] = []
    for raw in _WORD.findall(text):
        words += _words_of(raw)
    return words


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
