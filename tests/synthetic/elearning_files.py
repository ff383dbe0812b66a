"""The files of elearning-asn-2025: roster, two forms, marks of the test, Moodle log."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.synthetic import answers as open_answers
from tests.synthetic import people as persons
from tests.synthetic.declared import Declared
from tests.synthetic.draws import (
    Rng,
    add_rows,
    leave_empty,
    messy_labels,
    moments,
    stamp,
    tick,
)
from tests.synthetic.elearning import PROGRAM_ID, elearning_frames
from tests.synthetic.files import csv_bytes, write
from tests.synthetic.moodle import UserTimes, moodle_log, study_times
from tests.synthetic.truth import TRUTH
from tests.synthetic.voices_files import manual_codes, quotes

_BARRIERS = {
    "beban": 0.48, "manfaat": 0.2, "motivasi": 0.15, "internet": 0.18, "perangkat": 0.07,
    "atasan": 0.12, "tidak_ada": 0.2,
}  # fmt: skip
ASKED = {
    "baik": ("good", {"keluwesan": 5, "materi": 3, "platform": 2.5, "manfaat": 2, "fasilitator": 1,
                      "umum": 2}),
    "perbaikan": ("improve", {"beban_kerja": 4.5, "platform": 4, "jadwal": 1.5, "fasilitator": 1.5,
                              "motivasi": 1.5, "materi": 1.5, "manfaat": 1.2, "karier": 1,
                              "dukungan_atasan": 1, "umum": 3}),
    "modul_diinginkan": ("wanted", {"keterampilan_digital": 6, "kecerdasan_buatan": 1.5,
                                    "analisis_data": 1.5, "keamanan_siber": 1, "komunikasi": 1.2,
                                    "keuangan": 1.2, "bahasa_inggris": 0.8, "kepemimpinan": 0.8,
                                    "kesejahteraan": 0.4, "umum": 1.5}),
}  # fmt: skip


def write_elearning(seed: int, folder: Path) -> None:
    """Every generated file of the program in folder."""
    declared = Declared(PROGRAM_ID)
    people = elearning_frames(seed)["people"]
    rng = np.random.default_rng([seed, 1])
    female = people["jenis_kelamin"].eq("Perempuan").to_numpy()
    nip = persons.nips(
        rng, people["usia"].to_numpy(), people["masa_kerja"].to_numpy(), female, 2025
    )
    names = persons.names(rng, female)
    users = 1200 + rng.permutation(len(people))
    off_hours = TRUTH[PROGRAM_ID]["draw"]["off_hours_share"]
    times = study_times(rng, people, off_hours)
    roster = _roster(people, nip, names, users, times)
    order = rng.permutation(len(roster))
    content = csv_bytes(declared.table("peserta", roster.iloc[order]), newline="\n")
    write(folder / declared.file("peserta"), content)
    write(folder / declared.file("survei_awal"), _opening(rng, declared, people, nip))
    table, given = _closing(rng, declared, people, nip)
    write(folder / declared.file("survei_akhir"), csv_bytes(declared.table("survei_akhir", table)))
    write(folder / declared.file("tes"), _tests(declared, people, nip))
    modules = list(declared.data["elearning"]["modules"])
    write(folder / declared.file("log"), moodle_log(rng, times, modules, names, users))
    write(folder / "kode_manual.csv", manual_codes(rng, "survei_akhir", given, 90))
    write(folder / "kutipan.csv", quotes(rng, "survei_akhir", given))


def _roster(
    people: pd.DataFrame,
    nip: np.ndarray,
    names: np.ndarray,
    users: np.ndarray,
    times: list[UserTimes | None],
) -> pd.DataFrame:
    def day(moment: dt.datetime | None) -> str | None:
        return None if moment is None else f"{moment:%d-%m-%Y}"

    background = ["kelompok", "jenis_kelamin", "usia", "masa_kerja", "instansi", "provinsi"]
    return (
        people[[*background, "zona_waktu"]]
        .assign(
            nip=nip,
            nama=names,
            email=[f"pegawai{u}@contoh.go.id" for u in users],
            id_pengguna=users,
            terdaftar=[day(t.enrolled) if t else None for t in times],
            mulai=[day(t.visits[0][0]) if t and t.visits else None for t in times],
            selesai=[day(t.completed) if t else None for t in times],
            modul_selesai=people["modul_selesai"],
        )
        .astype(object)
    )


def _opening(rng: Rng, declared: Declared, people: pd.DataFrame, nip: np.ndarray) -> bytes:
    """LimeSurvey: question codes as headings, some unfinished, some filled in within seconds."""
    n = len(people)
    columns: dict[str, Any] = {"nip": persons.typed_nips(rng, nip, share=0.15)}
    columns |= {"beban_kerja": people["beban_kerja"], "paham_manfaat": people["paham_manfaat"]}
    columns |= _answers(rng, declared, people, "pra", 0.01, 0.0)
    table = pd.DataFrame(columns, dtype=object)
    seconds = np.where(rng.random(n) < 0.03, rng.integers(12, 35, n), rng.integers(90, 900, n))
    begun = moments(rng, n, dt.date(2025, 4, 1), 14)
    table["_begun"] = begun
    table["_seconds"] = seconds
    table = table[people["menjawab_awal"].to_numpy()]
    table = table.sort_values("_begun", kind="stable").reset_index(drop=True)
    begun, seconds = table.pop("_begun"), table.pop("_seconds")
    sent = [b + dt.timedelta(seconds=int(s)) for b, s in zip(begun, seconds, strict=True)]
    table["waktu"] = [f"{s:%Y-%m-%d %H:%M:%S}" for s in sent]
    table["dibuka"] = [f"{b:%Y-%m-%d %H:%M:%S}" for b in begun]
    blank = {"waktu": None} | dict.fromkeys(v for v in table if str(v).startswith("pen_"))
    half = [(j, table.iloc[j].to_dict() | blank) for j in range(17, len(table), 41)]
    table = add_rows(table, half)
    out = declared.table("survei_awal", table)
    out.insert(0, "id", np.arange(1, len(out) + 1))
    done = table["waktu"].notna().to_numpy()
    out.insert(2, "lastpage", np.where(done, 3, 2))
    out.insert(3, "startlanguage", "id")
    return csv_bytes(out, newline="\n", quote_all=True)


def _closing(
    rng: Rng, declared: Declared, people: pd.DataFrame, nip: np.ndarray
) -> tuple[pd.DataFrame, dict[str, list[open_answers.Answer]]]:
    """Google Forms after three months; who left early answers too, but seldom."""
    n = len(people)
    columns: dict[str, Any] = {"nip": persons.typed_nips(rng, nip)}
    columns |= _answers(rng, declared, people, "pasca", 0.012, 0.03)
    for j in range(1, 6):
        labels = declared.words("puas4", people[f"puas_{j}"].to_numpy())
        columns[f"puas_{j}"] = messy_labels(rng, labels, 0.02)
    options = declared.options("survei_akhir", "hambatan")
    columns["hambatan"] = tick(options, _barriers(rng, people, list(options)))
    given = {
        name: open_answers.compose(rng, question, n, weights)
        for name, (question, weights) in ASKED.items()
    }
    table = pd.DataFrame(columns, dtype=object)
    for name, composed in given.items():
        table[name] = np.array([answer.text for answer in composed], dtype=object)
    table["_who"] = np.arange(n)
    table["_when"] = moments(rng, n, dt.date(2025, 7, 1), 15)
    table = table[people["menjawab_akhir"].to_numpy()]
    table = table.sort_values("_when", kind="stable").reset_index(drop=True)
    table["waktu"] = [stamp(w) for w in table.pop("_when")]
    trial = dict.fromkeys(table.columns) | {"waktu": table["waktu"].iloc[0], "nip": "coba"}
    again = [
        (j + 4, table.iloc[j].to_dict() | {"waktu": table["waktu"].iloc[j + 3]}) for j in (12, 77)
    ]
    table = add_rows(table.astype(object), [(0, trial), *again])
    who = table.pop("_who")
    rows = {
        name: [open_answers.Answer(None, ()) if pd.isna(i) else composed[int(i)] for i in who]
        for name, composed in given.items()
    }
    return table, rows


def _answers(
    rng: Rng, declared: Declared, people: pd.DataFrame, wave: str, empty: float, messy: float
) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for instrument, scale in (("motivasi", "setuju5"), ("penerapan", "sering5")):
        items = declared.items(instrument)
        values = leave_empty(rng, people[[f"{i}_{wave}" for i in items]].to_numpy(), empty)
        labels = messy_labels(rng, declared.words(scale, values), messy)
        found |= dict(zip(items, labels.T, strict=True))
    return found


def _barriers(rng: Rng, people: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Workload weighs on the busy; slow networks on the east."""
    chance = np.array([_BARRIERS[name] for name in names])[None, :].repeat(len(people), 0)
    heavy = people["beban_kerja"].to_numpy() >= 4
    chance[:, names.index("beban")] += np.where(heavy, 0.25, -0.2)
    chance[:, names.index("internet")] += np.where(people["zona_waktu"] == "WIT", 0.4, 0.0)
    ticks = rng.random(chance.shape) < chance
    none = names.index("tidak_ada")
    ticks[:, none] &= ~np.delete(ticks, none, axis=1).any(axis=1)
    return ticks


def _tests(declared: Declared, people: pd.DataFrame, nip: np.ndarray) -> bytes:
    def mark(values: pd.Series, there: pd.Series) -> list[str | None]:
        return [str(int(v)) if t else None for v, t in zip(values, there, strict=True)]

    table = pd.DataFrame(
        {
            "nip": nip,
            "tes_awal": mark(people["tes_awal"], people["ikut_tes_awal"]),
            "tes_akhir": mark(people["tes_akhir"], people["ikut_tes_akhir"]),
        },
        dtype=object,
    )
    table = table[table[["tes_awal", "tes_akhir"]].notna().any(axis=1)]
    return csv_bytes(declared.table("tes", table), delimiter=";", newline="\n")
