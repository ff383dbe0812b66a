"""Words of an answer: everyday spelling made even, stems from PySastrawi, clauses marked.

Sastrawi takes about a millisecond for a word it must peel, so each distinct word is analysed once
and remembered: the cost of an answer is then that of looking its words up.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import yaml
from Sastrawi.Dictionary.ArrayDictionary import ArrayDictionary
from Sastrawi.Stemmer.Stemmer import Stemmer
from Sastrawi.Stemmer.StemmerFactory import StemmerFactory

BOUNDARY = "|"
MAX_CHARACTERS = 5_000  # of one answer; what follows is not read

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
    return yaml.safe_load(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))


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
