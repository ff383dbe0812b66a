"""Invented civil servants: names with titles, NIP of the right shape, grades in many spellings."""

from __future__ import annotations

import numpy as np

from tests.synthetic.draws import Rng
from tests.synthetic.truth import WORDS


def names(rng: Rng, female: np.ndarray) -> np.ndarray:
    """Full names with academic titles."""
    made = []
    for is_female in female:
        first = rng.choice(WORDS["female" if is_female else "male"])
        before = str(rng.choice(WORDS["titles_before"]))
        before = before.replace("H. ", "Hj. " if is_female else "H. ")
        last, after = rng.choice(WORDS["last"]), rng.choice(WORDS["titles_after"])
        made.append(f"{before}{first} {last}{after}")
    return np.array(made, dtype=object)


def nips(
    rng: Rng, age: np.ndarray, tenure: np.ndarray, female: np.ndarray, year: int
) -> np.ndarray:
    """NIP of 18 digits: birth, start, sex, sequence. The first 15 digits are unique.

    Sequence 9xx: the shape is right, the persons do not exist.
    """
    made: list[str] = []
    taken: set[str] = set()
    for a, t, is_female in zip(age, tenure, female, strict=True):
        while True:
            birth = f"{year - a}{rng.integers(1, 13):02d}{rng.integers(1, 29):02d}"
            start = f"{year - t}{rng.choice([1, 3, 4, 12]):02d}"
            prefix = f"{birth}{start}{2 if is_female else 1}"
            if prefix not in taken:
                break
        taken.add(prefix)
        made.append(f"{prefix}{rng.integers(901, 1000)}")
    return np.array(made, dtype=object)


def typed_nips(rng: Rng, nip: np.ndarray, share: float = 0.25) -> np.ndarray:
    """NIP as people type them: blanks between the parts, an apostrophe, dots."""
    kind = np.where(rng.random(len(nip)) < share, rng.integers(0, 4, len(nip)), 9)
    out = nip.copy()
    for i, k in enumerate(kind):
        n = str(nip[i])
        parts = (n[:8], n[8:14], n[14], n[15:])
        if k == 0:
            out[i] = " ".join(parts)
        elif k == 1:
            out[i] = f"'{n}"
        elif k == 2:
            out[i] = f"{n}\u00a0"
        elif k == 3:
            out[i] = ".".join(parts)
    return out


def grades(rng: Rng, rank: np.ndarray) -> np.ndarray:
    """A grade for each rank 0-5 in one of its spellings."""
    return np.array([str(rng.choice(WORDS["grades"][int(r)])) for r in rank], dtype=object)
