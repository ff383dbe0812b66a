"""The files of elearning-asn-2025: roster, two forms, marks of the test, Moodle log."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.synthetic import people as persons
from tests.synthetic.declared import Declared
from tests.synthetic.draws import Rng, messy_labels, tick
from tests.synthetic.elearning import PROGRAM_ID, elearning_frames
from tests.synthetic.files import csv_bytes, write
from tests.synthetic.forms import (
    Dirt,
    Given,
    add_rows,
    barriers,
    in_order_of_time,
    open_answers,
    sent,
    ticked,
)
from tests.synthetic.moodle import UserTimes, moodle_log, study_times
from tests.synthetic.truth import TRUTH
from tests.synthetic.voices_files import manual_codes, quotes


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
    roster = roster.iloc[rng.permutation(len(roster))]
    declared.write(folder, "peserta", roster, newline="\n")
    write(folder / declared.file("survei_awal"), _opening(rng, declared, people, nip))
    table, given = _closing(rng, declared, people, nip)
    declared.write(folder, "survei_akhir", table)
    declared.write(folder, "tes", _tests(people, nip), delimiter=";", newline="\n")
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
    columns |= _answers(rng, declared, people, "pra", empty=0.01, messy=0.0)
    table = pd.DataFrame(columns, dtype=object)
    seconds = np.where(rng.random(n) < 0.03, rng.integers(12, 35, n), rng.integers(90, 900, n))
    table["_seconds"] = seconds
    answered = people["menjawab_awal"].to_numpy()
    table = in_order_of_time(rng, table, answered, dt.date(2025, 4, 1), 14)
    begun, seconds = table.pop("waktu"), table.pop("_seconds")
    closed = [b + dt.timedelta(seconds=int(s)) for b, s in zip(begun, seconds, strict=True)]
    table["waktu"] = [f"{s:%Y-%m-%d %H:%M:%S}" for s in closed]
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
) -> tuple[pd.DataFrame, Given]:
    """Google Forms after three months; who left early answers too, but seldom."""
    truth = TRUTH[PROGRAM_ID]
    columns: dict[str, Any] = {"nip": persons.typed_nips(rng, nip)}
    columns |= _answers(rng, declared, people, "pasca", empty=0.012, messy=0.03)
    for item in declared.items("kepuasan"):
        labels = declared.words("puas4", people[item].to_numpy())
        columns[item] = messy_labels(rng, labels, 0.02)
    options = declared.options("survei_akhir", "hambatan")
    # Workload weighs on the busy; slow networks on the east.
    shifts = {
        "beban": np.where(people["beban_kerja"].to_numpy() >= 4, 0.25, -0.2),
        "internet": np.where(people["zona_waktu"] == "WIT", 0.4, 0.0),
    }
    columns["hambatan"] = tick(options, barriers(rng, options, truth["barriers"], shifts))
    given = open_answers(rng, truth["asked"], len(people))
    when = (dt.date(2025, 7, 1), 15)
    dirt = Dirt("nip", ((0, "coba"),), (12, 77), later=3)
    return sent(rng, columns, people["menjawab_akhir"], when, given, dirt)


def _answers(
    rng: Rng, declared: Declared, people: pd.DataFrame, wave: str, **dirt: float
) -> dict[str, np.ndarray]:
    """The reversed item is kept as it was ticked."""
    found: dict[str, np.ndarray] = {}
    for instrument in ("motivasi", "penerapan"):
        found |= ticked(rng, declared, people, instrument, wave, turned=False, **dirt)
    return found


def _tests(people: pd.DataFrame, nip: np.ndarray) -> pd.DataFrame:
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
    return table[table[["tes_awal", "tes_akhir"]].notna().any(axis=1)]
