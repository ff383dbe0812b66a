"""kode_manual.csv and kutipan.csv: what persons made of the open answers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.synthetic.answers import Answer, bank
from tests.synthetic.draws import Rng
from tests.synthetic.files import csv_bytes

# How a person who codes by the codebook would name what the bank of answers calls otherwise.
_AS_CODED = {"keluwesan": "jadwal", "umum": ""}
_SIDE = {"baik": "berhasil", "perbaikan": "perlu_diperbaiki"}
_NOTHING = {"tidak ada", "-", "tdk ada", "nihil", "belum ada saran", ".", "cukup", "lanjutkan saja"}


def manual_codes(rng: Rng, source: str, answers: dict[str, list[Answer]], n: int) -> bytes:
    """n answers that a person coded; the coder overlooks a second theme now and then."""
    asked = [name for name in answers if name in _SIDE]
    places = [(v, i) for v in asked for i, a in enumerate(answers[v]) if a.text is not None]
    chosen = sorted(rng.choice(len(places), min(n, len(places)), replace=False))
    rows = []
    for variable, i in (places[int(c)] for c in chosen):
        answer = answers[variable][i]
        themes = [t for t in (_AS_CODED.get(t, t) for t in answer.themes) if t]
        if len(themes) > 1 and rng.random() < 0.12:
            themes = themes[:1]
        if themes or str(answer.text).strip().lower() not in _NOTHING:
            good = "umum" in answer.themes or variable == "baik"
            themes.insert(0, _SIDE["baik" if good else "perbaikan"])
        rows.append([source, variable, i + 1, ";".join(themes)])
    table = pd.DataFrame(rows, columns=["source", "variable", "row", "theme"])
    return csv_bytes(table, newline="\n")


def quotes(rng: Rng, source: str, answers: dict[str, list[Answer]], n: int = 14) -> bytes:
    """Quotes as the workbook proposes them; a person has approved most of them.

    Answers that name a person or a number are not among them.
    """
    rows = []
    for variable in _SIDE:
        seen: dict[str, int] = {}
        for i, answer in enumerate(answers[variable]):
            text = answer.text or ""
            theme = _AS_CODED.get(answer.themes[0], answer.themes[0]) if answer.themes else ""
            naming = any(piece in text for piece in bank()["identifying"]) or "Wicaksono" in text
            fits = 25 <= len(text) <= 140 and "\n" not in text and not naming
            if theme and fits and len(answer.themes) == 1 and seen.get(theme, 0) < 2:
                seen[theme] = seen.get(theme, 0) + 1
                rows.append([source, variable, i + 1, theme, text])
    keep = sorted(rng.choice(len(rows), min(2 * n, len(rows)), replace=False))
    status = np.where(rng.random(len(keep)) < 0.75, "disetujui", "usulan")
    table = pd.DataFrame(
        [[*rows[int(k)], s] for k, s in zip(keep, status, strict=True)],
        columns=["source", "variable", "row", "theme", "text", "status"],
    )
    return csv_bytes(table, newline="\n")
