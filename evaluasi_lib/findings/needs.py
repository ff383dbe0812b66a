"""Whether a program holds already what its participants ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evaluasi_lib.program import Program, Text
from evaluasi_lib.wording import LANGUAGES, in_language

WORD = re.compile(r"\w+")
SMALL = {"dan", "dalam", "untuk", "yang", "di", "and", "for", "in", "of", "on", "the", "a"}


def offers(program: Program, wanted: str) -> str | dict[str, str] | None:
    """The declared module, or else the program's title, that names what is wanted; None where
    neither does."""
    modules = program.elearning.modules.values() if program.elearning else ()
    texts: list[Text] = [*modules, program.title]
    return next((text for text in texts if names(text, wanted)), None)


def names(text: Text, wanted: str) -> bool:
    """Whether all words of what is wanted stand in the text, in any language of both."""
    asked = [_words(in_language(wanted, code)) for code in LANGUAGES]
    return any(need and need <= said for need in asked for said in _versions(text))


def _versions(text: Text) -> Iterator[set[str]]:
    if isinstance(text, dict):
        yield from map(_words, text.values())
    else:
        yield from (_words(in_language(text, code)) for code in LANGUAGES)


def _words(text: str) -> set[str]:
    return set(WORD.findall(text.casefold())) - SMALL
