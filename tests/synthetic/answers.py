"""Open answers composed from a bank of pieces, with the themes that a careful reader would code;
and what persons made of them: kode_manual.csv and kutipan.csv."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from tests.synthetic.files import csv_bytes
from tests.synthetic.model import BANK, WORDS


class Answer(NamedTuple):
    text: str | None
    themes: tuple[str, ...]


NOTHING = Answer(None, ())
# How a person who codes by the codebook would name what the bank of answers calls otherwise.
AS_CODED = {"keluwesan": "jadwal", "umum": ""}
SIDE = {"baik": "berhasil", "perbaikan": "perlu_diperbaiki"}
SAID_NOTHING = {
    "tidak ada", "-", "tdk ada", "nihil", "belum ada saran", ".", "cukup", "lanjutkan saja",
}  # fmt: skip


def compose(rng, question, n, weights, empty):
    """n answers to a question of the bank; weights: theme -> how often it is the first theme."""
    pieces, names = BANK[question], list(weights)
    chance = [weights[name] / sum(weights.values()) for name in names]
    left = {name: [] for name in names}

    def piece(theme):
        """Pieces of a theme in turn, in a new random order each round: few exact repeats."""
        if not left[theme]:
            left[theme] = list(rng.permutation(len(pieces[theme])))
        return pieces[theme][left[theme].pop()]

    def answer():
        if rng.random() < empty:
            return NOTHING
        count = 2 if rng.random() < 0.3 else 1
        themes = tuple(map(str, rng.choice(names, size=count, replace=False, p=chance)))
        if "umum" in themes:
            return Answer(piece("umum"), ("umum",))
        joint = rng.choice([", ", ". ", " dan ", "; ", " trus ", "\n"])
        return Answer(_as_typed(rng, joint.join(map(piece, themes))), themes)

    return [answer() for _ in range(n)]


def _as_typed(rng, text):
    """Openers, closers, shortenings, typing errors, capitals: drawn one by one."""
    draw = rng.random(8)
    if draw[0] < 0.18:
        text = f"{rng.choice(BANK['openers'])} {text}"
    if draw[1] < 0.12:
        text = f"{text}{rng.choice(['. ', ', ', ' '])}{rng.choice(BANK['closers'])}"
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
        text = f"{text}, {rng.choice(BANK['identifying'])}"
    return text


def manual_codes(rng, source, given, n):
    """n answers that a person coded; the coder overlooks a second theme now and then."""
    places = [(v, i) for v in SIDE for i, answer in enumerate(given[v]) if answer.text is not None]
    rows = []
    for place in sorted(rng.choice(len(places), min(n, len(places)), replace=False)):
        variable, i = places[place]
        text, found = given[variable][i]
        themes = [t for t in (AS_CODED.get(t, t) for t in found) if t]
        if len(themes) > 1 and rng.random() < 0.12:
            themes = themes[:1]
        if themes or text.strip().lower() not in SAID_NOTHING:
            themes.insert(0, SIDE["baik" if "umum" in found else variable])
        rows.append([source, variable, i + 1, ";".join(themes)])
    table = pd.DataFrame(rows, columns=["source", "variable", "row", "theme"])
    return csv_bytes(table, newline="\n")


def quotes(rng, source, given, n=28):
    """Quotes as the workbook proposes them; a person has approved most of them.

    Answers that name a person or a number are not among them.
    """
    rows, seen = [], {}
    for variable in SIDE:
        for i, (text, themes) in enumerate(given[variable]):
            theme = AS_CODED.get(themes[0], themes[0]) if len(themes) == 1 else ""
            fits = text and 25 <= len(text) <= 140 and not set_apart(text)
            if theme and fits and seen.get((variable, theme), 0) < 2:
                seen[variable, theme] = seen.get((variable, theme), 0) + 1
                rows.append([source, variable, i + 1, theme, text])
    keep = sorted(rng.choice(len(rows), min(n, len(rows)), replace=False))
    status = ["disetujui" if draw < 0.75 else "usulan" for draw in rng.random(len(keep))]
    table = pd.DataFrame(
        [[*rows[k], s] for k, s in zip(keep, status, strict=True)],
        columns=["source", "variable", "row", "theme", "text", "status"],
    )
    return csv_bytes(table, newline="\n")


def set_apart(text):
    """Whether it names a person or a number, or has several lines."""
    return "\n" in text or any(piece in text for piece in (*BANK["identifying"], "Wicaksono"))
