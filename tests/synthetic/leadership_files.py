"""The files of pelatihan-kepemimpinan-2025 as its tools export them, dirt included."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

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
    straight_line,
    tick,
)
from tests.synthetic.files import csv_bytes, docx_bytes, pdf_bytes, write, xlsx_bytes
from tests.synthetic.leadership import PROGRAM_ID, leadership_frames, reversed_as_asked
from tests.synthetic.voices_files import manual_codes, quotes

_REASONS = ["Beban kerja", "Tidak diizinkan atasan", "Sakit", "Mutasi", "Lainnya"]
_BARRIERS = {
    "beban": 0.5, "atasan": 0.18, "manfaat": 0.15, "motivasi": 0.08, "jadwal": 0.33,
    "keluarga": 0.09, "tidak_ada": 0.3, "lainnya": 0.03,
}  # fmt: skip
_OWN_BARRIERS = ("Sedang hamil besar", "Rumah jauh dari tempat pelatihan", "Laptop dinas rusak")
_PREDICATES = ["", "Sangat Kurang", "Kurang", "Butuh Perbaikan", "Baik", "Sangat Baik"]
ASKED = {
    "baik": ("good", {"materi": 4, "fasilitator": 3, "metode": 3, "jejaring": 1.5, "manfaat": 3,
                      "karier": 1, "penyelenggaraan": 1.5, "umum": 2}),
    "perbaikan": ("improve", {"beban_kerja": 4, "jadwal": 4, "dukungan_atasan": 3, "karier": 2,
                              "materi": 1.5, "fasilitator": 1, "metode": 1.5, "motivasi": 0.7,
                              "manfaat": 0.7, "penyelenggaraan": 1.5, "umum": 3}),
    "modul_diinginkan": ("wanted", {"keterampilan_digital": 4, "analisis_data": 1.2,
                                    "kecerdasan_buatan": 1.2, "komunikasi": 2.5,
                                    "kepemimpinan": 2.5, "keuangan": 1.2, "bahasa_inggris": 1,
                                    "karier": 1, "umum": 1.5}),
}  # fmt: skip


def write_leadership(seed: int, folder: Path) -> None:
    """Every generated file of the program in folder."""
    declared = Declared(PROGRAM_ID)
    people = leadership_frames(seed)["people"]
    rng = np.random.default_rng([seed, 1])
    female = people["jenis_kelamin"].eq("P").to_numpy()
    nip = persons.nips(
        rng, people["usia"].to_numpy(), people["masa_kerja"].to_numpy(), female, 2025
    )
    write(folder / declared.file("peserta"), _roster(rng, declared, people, nip, female))
    for source, wave in (("survei_pra", "pra"), ("survei_pasca", "pasca")):
        table = _self_assessment(rng, declared, people, nip, source, wave)
        write(folder / declared.file(source), csv_bytes(declared.table(source, table)))
    table, given = _reaction(rng, declared, people, nip)
    write(folder / declared.file("reaksi"), csv_bytes(declared.table("reaksi", table)))
    write(folder / declared.file("penilaian_atasan"), _superiors(rng, declared, people, nip))
    write(folder / declared.file("kinerja"), _records(rng, declared, people, nip))
    write(folder / "kode_manual.csv", manual_codes(rng, "reaksi", given, 80))
    write(folder / "kutipan.csv", quotes(rng, "reaksi", given))
    write(folder / "koreksi.csv", _corrections(table))
    _write_voices(rng, folder)


def _roster(
    rng: Rng, declared: Declared, people: pd.DataFrame, nip: np.ndarray, female: np.ndarray
) -> bytes:
    started_only = people["terdaftar"] & ~people["selesai"]
    reasons = rng.choice(_REASONS, len(people), p=[0.6, 0.16, 0.08, 0.08, 0.08])
    table = people[
        ["kelompok", "usia", "eselon", "satuan_kerja", "masa_kerja", "level_jpm"]
    ].assign(
        nip=[f"'{n}" for n in nip],
        nama=persons.names(rng, female),
        jenis_kelamin=messy_labels(rng, people["jenis_kelamin"].to_numpy(), 0.02),
        golongan=persons.grades(rng, people["_rank"].to_numpy()),
        nilai_asesmen=[_comma(v) for v in people["nilai_asesmen"]],
        alasan_berhenti=np.where(started_only, reasons, None),
        **{flag: _yes(people[flag]) for flag in ("diundang", "terdaftar", "mulai", "selesai")},
    )
    order = rng.permutation(len(table))
    return csv_bytes(
        declared.table("peserta", table.iloc[order].astype(object)), delimiter=";", bom=True
    )


def _self_assessment(
    rng: Rng, declared: Declared, people: pd.DataFrame, nip: np.ndarray, source: str, wave: str
) -> pd.DataFrame:
    n = len(people)
    lazy = np.flatnonzero(rng.random(n) < 0.04)
    columns: dict[str, Any] = {"nip": persons.typed_nips(rng, nip)}
    if wave == "pasca":  # one sent back from Excel: nothing can tell any more whose row it is
        sent_back = np.flatnonzero(people["menjawab_pasca"].to_numpy())[33]
        columns["nip"][sent_back] = f"{float(nip[sent_back]):.5E}"
    if wave == "pra":
        columns |= {v: people[v] for v in ("beban_kerja", "paham_manfaat", "motivasi_awal")}
    for instrument in ("kompetensi", "komunikasi"):
        items = declared.items(instrument)
        turned = declared.data["instruments"][instrument].get("reversed", [])
        values = people[[f"{item}_{wave}" for item in items]].to_numpy()
        values = reversed_as_asked(values, items, turned)
        values = leave_empty(rng, straight_line(values, lazy), 0.012)
        labels = messy_labels(rng, declared.words("sesuai5", values))
        columns |= dict(zip(items, labels.T, strict=True))
    start = dt.date(2025, 1, 27) if wave == "pra" else dt.date(2025, 5, 26)
    table = pd.DataFrame(columns, dtype=object)
    table = _in_order_of_time(rng, table, people[f"menjawab_{wave}"].to_numpy(), start, 12)
    return _with_dirt(table, repeated=(7, 61, 140) if wave == "pra" else (20, 88))


def _reaction(
    rng: Rng, declared: Declared, people: pd.DataFrame, nip: np.ndarray
) -> tuple[pd.DataFrame, dict[str, list[open_answers.Answer]]]:
    """The table of the reaction survey, and its answers with their themes, row for row."""
    n = len(people)
    lazy = np.flatnonzero(rng.random(n) < 0.05)
    columns: dict[str, Any] = {"nip": persons.typed_nips(rng, nip)}
    for prefix, scale in (("puas", "puas4"), ("penting", "penting4")):
        items = [f"{prefix}_{j}" for j in range(1, 10)]
        values = leave_empty(rng, straight_line(people[items].to_numpy(), lazy), 0.012)
        columns |= dict(zip(items, messy_labels(rng, declared.words(scale, values)).T, strict=True))
    columns["rekomendasi_nps"] = people["nps"]
    options = declared.options("reaksi", "hambatan")
    chance = np.array([_BARRIERS[name] for name in options])[None, :].repeat(n, 0)
    heavy = people["beban_kerja"].to_numpy() >= 4
    chance[:, list(options).index("beban")] += np.where(heavy, 0.2, -0.25)
    ticks = rng.random(chance.shape) < chance
    none = list(options).index("tidak_ada")
    ticks[:, none] &= ~np.delete(ticks, none, axis=1).any(axis=1)
    own = list(_OWN_BARRIERS)
    options["lainnya"] = own[0]
    columns["hambatan"] = [
        None if text is None else text.replace(own[0], own[int(i)])
        for text, i in zip(tick(options, ticks), rng.integers(0, len(own), n), strict=True)
    ]
    given = {
        name: open_answers.compose(rng, question, n, weights)
        for name, (question, weights) in ASKED.items()
    }
    table = pd.DataFrame(columns, dtype=object)
    for name, composed in given.items():
        table[name] = np.array([answer.text for answer in composed], dtype=object)
    table["_who"] = np.arange(n)
    table = _in_order_of_time(
        rng, table, people["menjawab_reaksi"].to_numpy(), dt.date(2025, 5, 23), 10
    )
    table = _with_dirt(table, repeated=(15,))
    who = table.pop("_who")
    rows = {
        name: [open_answers.Answer(None, ()) if pd.isna(i) else composed[int(i)] for i in who]
        for name, composed in given.items()
    }
    return table, rows


def _in_order_of_time(
    rng: Rng, table: pd.DataFrame, present: np.ndarray, start: dt.date, days: int
) -> pd.DataFrame:
    table = table.assign(_when=moments(rng, len(table), start, days))
    table = table[present].sort_values("_when", kind="stable").reset_index(drop=True)
    table.insert(0, "waktu", [stamp(w) for w in table["_when"]])
    return table.drop(columns="_when").astype(object)


def _with_dirt(table: pd.DataFrame, repeated: tuple[int, ...]) -> pd.DataFrame:
    """Rows in which the organiser tried the form, and persons who sent it twice."""
    extra: list[tuple[int, dict[str, object]]] = []
    for position, word in ((0, "tes"), (0, "asdf"), (3, "coba")):
        trial = dict.fromkeys(table.columns) | {"waktu": table["waktu"].iloc[position], "nip": word}
        extra.append((position, trial))
    for place in repeated:
        later = min(place + 9, len(table) - 1)
        extra.append(
            (later + 1, table.iloc[place].to_dict() | {"waktu": table["waktu"].iloc[later]})
        )
    return add_rows(table, extra)


def _superiors(rng: Rng, declared: Declared, people: pd.DataFrame, nip: np.ndarray) -> bytes:
    """A workbook filled in by superiors: NIP as text, a few as numbers and so cut to 15 digits."""
    n = len(people)
    columns: dict[str, Any] = {}
    columns["nip"] = persons.typed_nips(rng, nip, share=0.1)
    for j in rng.choice(n, 6, replace=False):
        columns["nip"][j] = float(int(nip[j][:15]) * 1000)
    behaviour = leave_empty(rng, people[declared.items("perilaku")].to_numpy(), 0.01)
    labels = messy_labels(rng, declared.words("sering5", behaviour), 0.02)
    columns |= dict(zip(declared.items("perilaku"), labels.T, strict=True))
    columns |= {item: people[item] for item in declared.items("jpm")}
    table = pd.DataFrame(columns, dtype=object)
    when = moments(rng, n, dt.date(2025, 8, 25), 18)
    table.insert(1, "tanggal", [f"{w:%d-%m-%Y}" for w in when])
    table = table[people["dinilai_atasan"].to_numpy()].iloc[rng.permutation(
        int(people["dinilai_atasan"].sum())
    )]  # fmt: skip
    notes = pd.DataFrame(
        {"Keterangan": ["Diisi atasan langsung tiga bulan setelah pelatihan.", "Level 1-5."]}
    )
    return xlsx_bytes(
        {"Penilaian": declared.table("penilaian_atasan", table), "Petunjuk": notes},
        title_rows=["PENILAIAN ATASAN LANGSUNG (SINTETIS)", ""],
    )


def _records(rng: Rng, declared: Declared, people: pd.DataFrame, nip: np.ndarray) -> bytes:
    words = np.array(_PREDICATES, dtype=object)
    old = words[people["skp_2024"].to_numpy()]
    # The system still shows last year's name of one predicate in small letters now and then.
    table = pd.DataFrame(
        {
            "nip": nip,
            "skp_2024": messy_labels(rng, old, 0.03),
            "skp_2025": words[people["skp_2025"].to_numpy()],
            "hari_2024": [_comma(v) for v in people["hari_2024"]],
            "hari_2025": [_comma(v) for v in people["hari_2025"]],
        },
        dtype=object,
    )
    gone = rng.random(len(table)) < 0.04
    table.loc[gone, ["skp_2025", "hari_2025"]] = [None, "-"]
    return csv_bytes(declared.table("kinerja", table), delimiter=";", newline="\n")


def _corrections(reaction: pd.DataFrame) -> bytes:
    """Two corrections of single cells that the agency confirmed after the survey closed."""
    rows = []
    for position, new in ((30, 9), (44, 6)):
        old = reaction["rekomendasi_nps"].iloc[position]
        rows.append(
            {
                "source": "reaksi",
                "row": position + 1,
                "column": "rekomendasi_nps",
                "old": old,
                "new": new,
                "reason": "Responden menghubungi panitia karena salah pilih angka",
                "who": "Tim evaluasi, 2 Juni 2025",
            }
        )
    return csv_bytes(pd.DataFrame(rows), newline="\n")


@cache
def _voices() -> dict[str, Any]:
    path = Path(__file__).with_name("leadership_voices.yml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _write_voices(rng: Rng, folder: Path) -> None:
    voices = _voices()
    rows = []
    for coder in (0, 1):
        for number, (respondent, group, excerpt, *codes) in enumerate(voices["interviews"], 1):
            for code in codes[min(coder, len(codes) - 1)]:
                rows.append([f"S{number:02d}", respondent, group, respondent, excerpt, code,
                             f"Pengode {coder + 1}"])  # fmt: skip
    heading = ["segmen_id", "responden", "kelompok", "pembicara", "kutipan", "kode", "pengode"]
    interviews = pd.DataFrame(rows, columns=heading)
    write(folder / "wawancara.csv", csv_bytes(interviews, delimiter=";", newline="\n"))
    for name, turns in voices["transcripts"].items():
        content = (
            docx_bytes("Transkrip wawancara (sintetis)", [turns])
            if name.endswith(".docx")
            else "\n\n".join(["Transkrip wawancara (sintetis)", *turns]) + "\n"
        )
        write(folder / "transkrip" / name, content)
    for name, document in voices["documents"].items():
        render = docx_bytes if name.endswith(".docx") else pdf_bytes
        write(folder / "dokumen" / name, render(document["title"], document["pages"]))
    heading = ["penilai", "dokumen", "indikator", "nilai", "kutipan", "halaman"]
    ratings = pd.DataFrame(voices["ratings"], columns=heading)
    write(folder / "penilaian_dokumen.csv", csv_bytes(ratings, newline="\n"))


def _comma(value: float) -> str:
    return f"{value:.1f}".replace(".", ",")


def _yes(values: pd.Series) -> np.ndarray:
    return np.where(values.to_numpy(dtype=bool), "Ya", "Tidak")
