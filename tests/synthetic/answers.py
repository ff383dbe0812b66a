"""Open answers composed from a bank of pieces, with the themes that a careful reader would code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from tests.synthetic.draws import Rng
from tests.synthetic.truth import WORDS


@dataclass(frozen=True)
class Answer:
    text: str | None
    themes: tuple[str, ...]


@cache
def bank() -> dict[str, dict[str, list[str]]]:
    path = Path(__file__).with_name("answers.yml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def compose(
    rng: Rng, question: str, n: int, weights: Mapping[str, float], *, empty: float = 0.12
) -> list[Answer]:
    """n answers to a question of the bank; weights: theme -> how often it is the first theme."""
    pieces = bank()[question]
    names = list(weights)
    chance = np.array([weights[name] for name in names]) / sum(weights.values())
    used: dict[str, list[int]] = {name: [] for name in names}

    def piece(theme: str) -> str:
        """Pieces of a theme in turn, in a new random order each round: few exact repeats."""
        if not used[theme]:
            used[theme] = list(rng.permutation(len(pieces[theme])))
        return pieces[theme][used[theme].pop()]

    answers = []
    for _ in range(n):
        if rng.random() < empty:
            answers.append(Answer(None, ()))
            continue
        count = 2 if rng.random() < 0.3 else 1
        themes = [str(t) for t in rng.choice(names, size=count, replace=False, p=chance)]
        if "umum" in themes:
            answers.append(Answer(piece("umum"), ("umum",)))
            continue
        joint = rng.choice([", ", ". ", " dan ", "; ", " trus ", "\n"])
        text = joint.join(piece(theme) for theme in themes)
        answers.append(Answer(_as_typed(rng, text), tuple(themes)))
    return answers


def _as_typed(rng: Rng, text: str) -> str:
    """Openers, closers, shortenings, typing errors, capitals: drawn one by one."""
    draw = rng.random(8)
    if draw[0] < 0.18:
        text = f"{rng.choice(bank()['openers'])} {text}"
    if draw[1] < 0.12:
        text = f"{text}{rng.choice(['. ', ', ', ' '])}{rng.choice(bank()['closers'])}"
    if draw[2] < 0.35:
        words = text.split(" ")
        for i, word in enumerate(words):
            if word in WORDS["short"] and rng.random() < 0.6:
                words[i] = str(rng.choice(WORDS["short"][word]))
        text = " ".join(words)
    if draw[3] < 0.2 and len(text) > 12:
        at = int(rng.integers(3, len(text) - 2))
        kind = rng.integers(0, 3)
        if kind == 0:
            text = text[:at] + text[at + 1 :]
        elif kind == 1:
            text = text[:at] + text[at] + text[at:]
        else:
            text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if draw[4] < 0.45:
        text = text[:1].upper() + text[1:]
    elif draw[4] < 0.5:
        text = text.upper()
    if draw[5] < 0.25:
        text += "."
    elif draw[5] < 0.3:
        text += "!!"
    if draw[6] < 0.015:
        text = f"{text}, {rng.choice(bank()['identifying'])}"
    return text
