"""The files of pelatihan-kepemimpinan-2025 as its tools export them, dirt included."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from tests.synthetic import people as persons
from tests.synthetic.declared import Declared
from tests.synthetic.draws import Rng, messy_labels, moments, tick
from tests.synthetic.files import csv_bytes, docx_bytes, pdf_bytes, write, xlsx_bytes
from tests.synthetic.forms import Dirt, Given, barriers, comma, open_answers, sent, ticked, yes
from tests.synthetic.leadership import PROGRAM_ID, leadership_frames
from tests.synthetic.truth import TRUTH
from tests.synthetic.voices_files import manual_codes, quotes

_REASONS = ["Beban kerja", "Tidak diizinkan atasan", "Sakit", "Mutasi", "Lainnya"]
_OWN_BARRIERS = ("Sedang hamil besar", "Rumah jauh dari tempat pelatihan", "Laptop dinas rusak")
_PREDICATES = ["", "Sangat Kurang", "Kurang", "Butuh Perbaikan", "Baik", "Sangat Baik"]
_TRIALS = ((0, "tes"), (0, "asdf"), (3, "coba"))


def write_leadership(seed: int, folder: Path) -> None:
    """Every generated file of the program in folder."""
    declared = Declared(PROGRAM_ID)
    people = leadership_frames(seed)["people"]
    rng = np.random.default_rng([seed, 1])
    female = people["jenis_kelamin"].eq("P").to_numpy()
    nip = persons.nips(
        rng, people["usia"].to_numpy(), people["masa_kerja"].to_numpy(), female, 2025
    )
    roster = _roster(rng, people, nip, female)
    declared.write(folder, "peserta", roster, delimiter=";", bom=True)
    for source, wave in (("survei_pra", "pra"), ("survei_pasca", "pasca")):
        declared.write(folder, source, _self_assessment(rng, declared, people, nip, wave))
    table, given = _reaction(rng, declared, people, nip)
    declared.write(folder, "reaksi", table)
    write(folder / declared.file("penilaian_atasan"), _superiors(rng, declared, people, nip))
    declared.write(folder, "kinerja", _records(rng, people, nip), delimiter=";", newline="\n")
    write(folder / "kode_manual.csv", manual_codes(rng, "reaksi", given, 80))
    write(folder / "kutipan.csv", quotes(rng, "reaksi", given))
    write(folder / "koreksi.csv", csv_bytes(_corrections(table), newline="\n"))
    _write_voices(rng, folder)


def _roster(rng: Rng, people: pd.DataFrame, nip: np.ndarray, female: np.ndarray) -> pd.DataFrame:
    started_only = people["terdaftar"] & ~people["selesai"]
    reasons = rng.choice(_REASONS, len(people), p=[0.6, 0.16, 0.08, 0.08, 0.08])
    table = people[
        ["kelompok", "usia", "eselon", "satuan_kerja", "masa_kerja", "level_jpm"]
    ].assign(
        nip=[f"'{n}" for n in nip],
        nama=persons.names(rng, female),
        jenis_kelamin=messy_labels(rng, people["jenis_kelamin"].to_numpy(), 0.02),
        golongan=persons.grades(rng, people["_rank"].to_numpy()),
        nilai_asesmen=comma(people["nilai_asesmen"]),
        alasan_berhenti=np.where(started_only, reasons, None),
        **{flag: yes(people[flag]) for flag in ("diundang", "terdaftar", "mulai", "selesai")},
    )
    return table.iloc[rng.permutation(len(table))].astype(object)


def _self_assessment(
    rng: Rng, declared: Declared, people: pd.DataFrame, nip: np.ndarray, wave: str
) -> pd.DataFrame:
    lazy = np.flatnonzero(rng.random(len(people)) < 0.04)
    columns: dict[str, Any] = {"nip": persons.typed_nips(rng, nip)}
    if wave == "pasca":  # one sent back from Excel: nothing can tell any more whose row it is
        sent_back = np.flatnonzero(people["menjawab_pasca"].to_numpy())[33]
        columns["nip"][sent_back] = f"{float(nip[sent_back]):.5E}"
    else:
        columns |= {v: people[v] for v in ("beban_kerja", "paham_manfaat", "motivasi_awal")}
    for instrument in ("kompetensi", "komunikasi"):
        columns |= ticked(
            rng, declared, people, instrument, wave, lazy=lazy, empty=0.012, messy=0.04
        )
    start = dt.date(2025, 1, 27) if wave == "pra" else dt.date(2025, 5, 26)
    dirt = Dirt("nip", _TRIALS, (7, 61, 140) if wave == "pra" else (20, 88), later=9)
    return sent(rng, columns, people[f"menjawab_{wave}"], (start, 12), dirt=dirt)[0]


def _reaction(
    rng: Rng, declared: Declared, people: pd.DataFrame, nip: np.ndarray
) -> tuple[pd.DataFrame, Given]:
    """The table of the reaction survey, and its answers with their themes, row for row."""
    n = len(people)
    truth = TRUTH[PROGRAM_ID]
    lazy = np.flatnonzero(rng.random(n) < 0.05)
    columns: dict[str, Any] = {"nip": persons.typed_nips(rng, nip)}
    for instrument in ("kepuasan", "kepentingan"):
        columns |= ticked(rng, declared, people, instrument, lazy=lazy, empty=0.012, messy=0.04)
    columns["rekomendasi_nps"] = people["nps"]
    options = declared.options("reaksi", "hambatan")
    heavy = people["beban_kerja"].to_numpy() >= 4
    ticks = barriers(rng, options, truth["barriers"], {"beban": np.where(heavy, 0.2, -0.25)})
    own = list(_OWN_BARRIERS)
    options["lainnya"] = own[0]
    columns["hambatan"] = [
        None if text is None else text.replace(own[0], own[int(i)])
        for text, i in zip(tick(options, ticks), rng.integers(0, len(own), n), strict=True)
    ]
    given = open_answers(rng, truth["asked"], n)
    dirt = Dirt("nip", _TRIALS, (15,), later=9)
    when = (dt.date(2025, 5, 23), 10)
    return sent(rng, columns, people["menjawab_reaksi"], when, given, dirt)


def _superiors(rng: Rng, declared: Declared, people: pd.DataFrame, nip: np.ndarray) -> bytes:
    """A workbook filled in by superiors: NIP as text, a few as numbers and so cut to 15 digits."""
    n = len(people)
    columns: dict[str, Any] = {"nip": persons.typed_nips(rng, nip, share=0.1)}
    for j in rng.choice(n, 6, replace=False):
        columns["nip"][j] = float(int(nip[j][:15]) * 1000)
    columns |= ticked(rng, declared, people, "perilaku", empty=0.01, messy=0.02)
    columns |= {item: people[item] for item in declared.items("jpm")}
    table = pd.DataFrame(columns, dtype=object)
    when = moments(rng, n, dt.date(2025, 8, 25), 18)
    table.insert(1, "tanggal", [f"{w:%d-%m-%Y}" for w in when])
    table = table[people["dinilai_atasan"].to_numpy()]
    table = table.iloc[rng.permutation(len(table))]
    notes = pd.DataFrame(
        {"Keterangan": ["Diisi atasan langsung tiga bulan setelah pelatihan.", "Level 1-5."]}
    )
    return xlsx_bytes(
        {"Penilaian": declared.table("penilaian_atasan", table), "Petunjuk": notes},
        title_rows=["PENILAIAN ATASAN LANGSUNG (SINTETIS)", ""],
    )


def _records(rng: Rng, people: pd.DataFrame, nip: np.ndarray) -> pd.DataFrame:
    words = np.array(_PREDICATES, dtype=object)
    old = words[people["skp_2024"].to_numpy()]
    # The system still shows last year's name of one predicate in small letters now and then.
    table = pd.DataFrame(
        {
            "nip": nip,
            "skp_2024": messy_labels(rng, old, 0.03),
            "skp_2025": words[people["skp_2025"].to_numpy()],
            "hari_2024": comma(people["hari_2024"]),
            "hari_2025": comma(people["hari_2025"]),
        },
        dtype=object,
    )
    gone = rng.random(len(table)) < 0.04
    table.loc[gone, ["skp_2025", "hari_2025"]] = [None, "-"]
    return table


def _corrections(reaction: pd.DataFrame) -> pd.DataFrame:
    """Two corrections of single cells that the agency confirmed after the survey closed."""
    column = "rekomendasi_nps"
    why, who = "Responden menghubungi panitia karena salah pilih angka", "Tim evaluasi, 2 Juni 2025"
    rows = [
        ["reaksi", place + 1, column, reaction[column].iloc[place], new, why, who]
        for place, new in ((30, 9), (44, 6))
    ]
    heading = ["source", "row", "column", "old", "new", "reason", "who"]
    return pd.DataFrame(rows, columns=heading, dtype=object)


def _write_voices(rng: Rng, folder: Path) -> None:
    path = Path(__file__).with_name("leadership_voices.yml")
    voices = yaml.safe_load(path.read_text(encoding="utf-8"))
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
