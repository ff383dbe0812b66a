"""mentoring-karier-2024 and -2025: one small group, own codes, two cycles."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.synthetic.declared import Declared
from tests.synthetic.draws import Rng, cluster_effects, likert, logistic, stamp, tick
from tests.synthetic.files import csv_bytes, write
from tests.synthetic.forms import Dirt, barriers, open_answers, sent, ticked, yes
from tests.synthetic.truth import TRUTH, WORDS

UNITS = WORDS["institute_units"]


def mentoring_frames(program_id: str, seed: int, scale: int = 1) -> dict[str, pd.DataFrame]:
    """What is true of each person, before any form and its dirt.

    `people` holds one row a person: answers before and after (1..k), whether the program was
    completed, who answered. scale multiplies the number of persons.
    """
    rng = np.random.default_rng(seed)
    truth = TRUTH[program_id]
    draw = truth["draw"]
    n = truth["n"] * scale
    unit = rng.integers(0, len(UNITS), n)
    workload = np.clip(np.rint(rng.normal(3.3, 1.0, n)), 1, 5).astype(int)
    slope = draw["completion"]
    done = rng.random(n) < logistic(slope["intercept"] + slope["workload"] * (workload - 3))
    people = pd.DataFrame(
        {
            "unit": np.array(UNITS, dtype=object)[unit],
            "jenis_kelamin": np.where(rng.random(n) < 0.52, "P", "L"),
            "usia": np.clip(np.rint(rng.normal(38, 7.5, n)), 23, 57).astype(int),
            "jabatan": rng.choice(["Pelaksana", "Fungsional", "Pengawas"], n, p=[0.45, 0.4, 0.15]),
            "beban_kerja": workload,
            "selesai": done,
        }
    )
    people["mulai"] = done | (rng.random(n) < 0.8)
    sessions = np.where(done, rng.integers(5, 7, n), rng.integers(1, 4, n))
    people["jumlah_sesi"] = np.where(people["mulai"], sessions, 0)
    # Who was overworked and left says less often how it went: missing not at random.
    people["menjawab_akhir"] = done & (rng.random(n) < 0.95) | (
        ~done & (rng.random(n) < 0.35) & people["mulai"]
    )
    level = rng.normal(0, 0.48, n) + cluster_effects(rng, len(UNITS), 0.12)[unit]
    efficacy = _twice(rng, 3.25 + level, draw["efficacy_change"], 6, 0.22)
    behaviour = _twice(rng, 2.75 + 0.9 * level, draw["behaviour_change"], 5, 0.22)
    for wave in (0, 1):
        name = ("pra", "pasca")[wave]
        people[[f"efikasi_{i}_{name}" for i in range(1, 7)]] = efficacy[wave]
        people[[f"perilaku_{i}_{name}" for i in range(1, 6)]] = behaviour[wave]
    before, after = draw["plan_before_share"], draw["plan_after_share"]
    people["rencana_pra"] = rng.random(n) < before
    gained = rng.random(n) < (after - before) / (1 - before)
    people["rencana_pasca"] = people["rencana_pra"] | gained
    content = rng.normal(draw["satisfaction"], 0.35, n)
    easy = np.array([0.05, 0.1, 0.0, -0.45, 0.1])
    people[[f"puas_{i}" for i in range(1, 6)]] = likert(
        content, rng.normal(0, 0.4, (n, 5)), easy, points=4
    )
    people["nps"] = np.clip(np.rint(2.6 * content + rng.normal(0, 1.1, n)), 0, 10).astype(int)
    return {"people": people}


def _twice(
    rng: Rng, level: np.ndarray, change: float, n_items: int, spread: float
) -> tuple[np.ndarray, np.ndarray]:
    """Answers before and after; spread: how much the change differs between persons."""
    n = len(level)
    easy = np.linspace(-0.3, 0.3, n_items)
    later = level + change + rng.normal(0, spread, n)
    return (
        likert(level, rng.normal(0, 0.5, (n, n_items)), easy),
        likert(later, rng.normal(0, 0.5, (n, n_items)), easy),
    )


def write_mentoring(program_id: str, seed: int, folder: Path) -> None:
    """The files of one cycle, as its tools export them."""
    people = mentoring_frames(program_id, seed)["people"]
    declared = Declared(program_id)
    rng = np.random.default_rng([seed, 1])
    kobo = program_id.endswith("2025")
    codes = _codes(rng, len(people))
    declared.write(folder, "peserta", _roster(rng, people, codes), delimiter=";", bom=True)
    form = {"delimiter": ";", "newline": "\n", "quote_all": True} if kobo else {}
    for source in ("survei_awal", "survei_akhir"):
        table = _survey(rng, declared, people, codes, source, kobo)
        write(folder / declared.file(source), csv_bytes(table, **form))


def _codes(rng: Rng, n: int) -> np.ndarray:
    """Own codes such as SR14MA. One pair collides: two persons chose the same code."""
    made: list[str] = []
    while len(made) < n:
        mother, day = rng.choice(WORDS["mothers"]), rng.integers(1, 32)
        code = f"{mother}{day:02d}{rng.choice(WORDS['cities'])}"
        if code not in made:
            made.append(code)
    return np.array(made, dtype=object)


def _roster(rng: Rng, people: pd.DataFrame, codes: np.ndarray) -> pd.DataFrame:
    reasons = rng.choice(["beban_kerja", "mutasi", "tidak_berminat", "lainnya"], len(people),
                         p=[0.62, 0.1, 0.18, 0.1])  # fmt: skip
    return people[["unit", "jenis_kelamin", "usia", "jabatan", "jumlah_sesi"]].assign(
        kode=codes,
        mulai=yes(people["mulai"]),
        selesai=yes(people["selesai"]),
        alasan_berhenti=np.where(people["selesai"], None, reasons),
    )


def _survey(
    rng: Rng, declared: Declared, people: pd.DataFrame, codes: np.ndarray, source: str, kobo: bool
) -> pd.DataFrame:
    last = source == "survei_akhir"
    year = int(declared.data["cycle"])
    n = len(people)
    wave = "pasca" if last else "pra"
    sampled = rng.random(n)
    present = people["menjawab_akhir"].to_numpy() if last else sampled < 0.97
    lazy = np.flatnonzero(rng.random(n) < 0.04)
    columns: dict[str, Any] = {"kode": _as_typed_codes(rng, codes)}
    if not last:
        columns["beban_kerja"] = people["beban_kerja"].to_numpy()
    for instrument in ("efikasi", "perilaku"):
        columns |= ticked(
            rng, declared, people, instrument, wave, lazy=lazy, empty=0.015,
            messy=0.0 if kobo else 0.03,
        )  # fmt: skip
    columns["rencana_karier"] = yes(people[f"rencana_{wave}"])
    given = {}
    if last:
        columns |= _closing(rng, declared, people, kobo)
        given = open_answers(rng, TRUTH[declared.id]["asked"], n, empty=0.1)
    start = dt.date(year, 9, 2) if last else dt.date(year, 2, 19)
    # Google Forms: the organiser tried it, and one person sent it twice.
    dirt = Dirt("kode", ((0, "tes"),), (5,), later=4, filled=("efikasi_", "perilaku_"))
    clock, dirt = (dt.datetime.isoformat, None) if kobo else (stamp, dirt)
    table, _given = sent(rng, columns, present, (start, 14), given, dirt, clock)
    out = declared.table(source, table)
    return _as_kobo(rng, out, declared, table) if kobo else out


def _closing(rng: Rng, declared: Declared, people: pd.DataFrame, kobo: bool) -> dict[str, Any]:
    """What only the closing survey asks: satisfaction, barriers."""
    options = declared.options("survei_akhir", "hambatan")
    busy = np.where(people["beban_kerja"].to_numpy() >= 4, 0.25, -0.2)
    ticks = barriers(rng, options, TRUTH[declared.id]["barriers"], {"beban": busy})
    satisfied = {
        item: declared.words("puas4", people[item].to_numpy())
        for item in declared.items("kepuasan")
    }
    separator = "; " if kobo else ", "
    nps = people["nps"].to_numpy()
    return satisfied | {"rekomendasi_nps": nps, "hambatan": tick(options, ticks, separator)}


def _as_typed_codes(rng: Rng, codes: np.ndarray) -> np.ndarray:
    """Own codes as people type them: small letters, a hyphen, a blank at the end."""
    kind = rng.integers(0, 12, len(codes))
    forms = {0: str.lower, 1: lambda c: f"{c} ", 2: lambda c: f"{c[:2]}-{c[2:4]}-{c[4:]}"}
    return np.array(
        [forms.get(int(k), str)(c) for k, c in zip(kind, codes, strict=True)], dtype=object
    )


def _as_kobo(rng: Rng, out: pd.DataFrame, declared: Declared, table: pd.DataFrame) -> pd.DataFrame:
    """KoboToolbox adds its own columns, and one 0/1 column for each option of a multi question."""
    if "hambatan" in table:
        heading = declared.columns("survei_akhir")["hambatan"]["from"]
        for text in declared.options("survei_akhir", "hambatan").values():
            out[f"{heading}/{text}"] = np.array(
                [None if answer is None else int(text in answer) for answer in table["hambatan"]],
                dtype=object,
            )
    n = len(out)
    out["_id"] = 48_210_000 + np.arange(n) * 17
    out["_uuid"] = ["".join(f"{v:02x}" for v in rng.integers(0, 256, 16)) for _ in range(n)]
    out["_validation_status"] = None
    return out
