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

_LINK = re.compile(r"(?:https?://|www\.)\S+")
_LONG = re.compile(r"([a-z])\1{2,}")
_WORD = re.compile(r"[a-z0-9]+(?:['’/&-][a-z0-9]+)*/?|[.,;:!?()\n|…]+")
_TWICE = re.compile(r"([a-z]{3,}?)2(nya|an)?")
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
    """The root of one lower-case word."""
    return stemmer().stem(word) if word.isalpha() else word


@cache
def _words_of(raw: str) -> tuple[Word, ...]:
    """One written word as zero or more words: slang resolved, doubling taken out, stemmed."""
    table = slang()
    if raw in table.particles:
        return ()
    word = _LONG.sub(r"\1", raw)
    if match := _TWICE.fullmatch(word):  # kuliah2, teman2nya
        word = match[1] + (match[2] or "")
    standard = table.words.get(word)
    if standard is None and "-" in word:
        left, _, right = word.partition("-")
        if right.startswith(left) or left.endswith(right.removesuffix("nya")):  # teman-temannya
            word = right
        elif left not in table.words and right not in table.words and len(left) > 2:
            return (*_words_of(left), *_words_of(right))
        standard = table.words.get(word)
    if standard is None and word.endswith("nya"):
        standard = table.words.get(word.removesuffix("nya"))
    if standard is not None:
        return tuple(Word(w, stem(w)) for w in standard.split())
    form = word.removesuffix("nya") if len(word) > 6 else word
    return (Word(form, stem(word)),)


def analyse(text: str) -> list[Word]:
    """The words of a text in order, with END between its clauses."""
    text = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).lower()
    if "http" in text or "www." in text:
        text = _LINK.sub(" ", text)
    words: list[Word] = []
    for raw in _WORD.findall(text):
        if not raw[0].isalnum():
            words.append(END)
            continue
        for word in _words_of(raw):
            if word.form in _CLAUSE_STARTS:
                words.append(END)
            words.append(word)
    return words
