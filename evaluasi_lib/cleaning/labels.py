"""Labels as people type them, matched exactly after normalisation; an unknown one is an error."""

from __future__ import annotations

import re
import unicodedata

from evaluasi_lib.reading.files import SPACES, clean_space

_DASHES = re.compile(r"\s*[-\u2010-\u2015\u2212_/]\s*")
# What could tell of a person when a cell lands in the wrong column: NIP, telephone, e-mail.
PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|\+?\d(?:[ .\-']?\d){8,}")


def normalise(text: str) -> str:
    """The form in which two labels or headings are compared: case, spaces and dashes levelled.

    "Ragu – ragu" and "ragu-ragu" are the same; "Tidak Setuju" and "Setuju" never are.
    """
    text = SPACES.sub(" ", unicodedata.normalize("NFKC", text))
    return SPACES.sub(" ", _DASHES.sub(" ", text)).strip(" .:*").casefold()


def show(text: str) -> str:
    """A label that a message may show: cut short, and masked where it looks like a person's."""
    text = PERSONAL.sub("[…]", clean_space(text))
    return text if len(text) <= 60 else text[:57] + "…"
