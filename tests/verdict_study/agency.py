"""A drawn program as an agency would hand it over: program.yml, roster, survey exports, records."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tests.verdict_study.people import Drawn, Measure, Rng

AGREE = ["Sangat Tidak Setuju", "Tidak Setuju", "Netral", "Setuju", "Sangat Setuju"]
OFTEN = ["Tidak Pernah", "Jarang", "Kadang-kadang", "Sering", "Selalu"]
PLEASED = ["Tidak Puas", "Kurang Puas", "Puas", "Sangat Puas"]
PREDICATES = ["Sangat Kurang", "Kurang", "Butuh Perbaikan", "Baik", "Sangat Baik"]
STATEMENTS = [
    "Menetapkan target kerja yang terukur",
    "Memberi umpan balik kepada rekan",
    "Menindaklanjuti keluhan pengguna layanan",
    "Menyelesaikan pekerjaan lintas unit",
    "Mengusulkan perbaikan cara kerja",
    "Membagi informasi yang dibutuhkan tim",
    "Memakai data sebelum memutuskan",
    "Menepati tenggat yang disepakati",
]
SATISFACTION = ["Kesesuaian materi", "Kemampuan fasilitator", "Metode pembelajaran", "Sarana"]
FIRST = ["Agus", "Dewi", "Bambang", "Sri", "Rahmat", "Yohana", "Ketut", "Nur", "Eko", "Maria"]
LAST = ["Santoso", "Lestari", "Wijaya", "Hidayat", "Siregar", "Bauw", "Utami", "Saputra", "Rumbiak"]
COST, COST_LIMIT = 5e6, 8e6  # rupiah a participant
WAVE_TIMES = {"lalu": "15/06/2024", "pre": "20/01/2025", "post": "02/06/2025"}


def nip(number: int, age: float, tenure: float, female: bool) -> str:
    """A made-up NIP: right in form, unique by number, with a sequence of 9xx."""
    month, day = 1 + number // 28 % 12, 1 + number % 28
    sequence = 900 + number // 336 % 100
    start = 2025 - int(tenure)
    sex = 2 if female else 1
    return f"{2025 - int(age):04d}{month:02d}{day:02d}{start:04d}03{sex}{sequence:03d}"


def write_program(folder: Path, drawn: Drawn, rng: Rng) -> None:
    """Write the program's files to `folder` (data/raw/<id>), whose name is the program's id."""
    folder.mkdir(parents=True)
    sources: dict[str, Any] = {}
    if drawn.linked:
        sources["pegawai"] = _roster(folder, drawn, rng)
    by_place = {
        place: [m for m in drawn.measures if m.place == place]
        for place in ("survei", "atasan", "kinerja")
    }
    for place in ("survei", "atasan"):
        _surveys(folder, drawn, place, by_place[place], sources, rng)
    if by_place["kinerja"]:
        sources["kinerja"] = _records(folder, drawn, by_place["kinerja"], rng)
    declared = _declaration(folder.name, drawn, sources)
    text = yaml.safe_dump(declared, allow_unicode=True, sort_keys=False)
    (folder / "program.yml").write_text(text, encoding="utf-8")


def _nips(drawn: Drawn) -> list[str]:
    who = drawn.who
    return [nip(i, who.age[i], who.tenure[i], bool(who.female[i])) for i in range(who.n)]


def _write(path: Path, head: list[str], rows: list[list[str]], delimiter: str = ",") -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(head)
        writer.writerows(rows)


def _group(drawn: Drawn) -> list[str]:
    return ["Peserta" if p else "Pembanding" for p in drawn.program]


GROUP_COLUMN = {
    "from": "Kelompok",
    "type": "category",
    "categories": {"Peserta": "Peserta", "Pembanding": "Pembanding"},
}


def _yes(value: bool) -> str:
    return "Ya" if value else "Tidak"


def _roster(folder: Path, drawn: Drawn, rng: Rng) -> dict[str, Any]:
    who, program = drawn.who, drawn.program
    completed = drawn.completed
    if completed is None:
        completed = rng.random(who.n) < 0.92
    head = [
        "NIP", "Nama", "Kelompok", "Jenis Kelamin", "Usia", "Masa Kerja (tahun)", "Satuan Kerja",
        "Diundang", "Terdaftar", "Mulai", "Lulus",
    ]  # fmt: skip
    groups, numbers = _group(drawn), _nips(drawn)
    rows = []
    for i in rng.permutation(who.n):
        name = f"{FIRST[rng.integers(len(FIRST))]} {LAST[rng.integers(len(LAST))]}"
        rows.append([
            numbers[i], name, groups[i], "P" if who.female[i] else "L",
            f"{who.age[i]:.0f}", f"{who.tenure[i]:.0f}", f"Satuan Kerja {who.unit[i] + 1:02d}",
            *[_yes(bool(program[i]))] * 3, _yes(bool(program[i] and completed[i])),
        ])  # fmt: skip
    _write(folder / "daftar_pegawai.csv", head, rows, ";")
    return {
        "file": "daftar_pegawai.csv",
        "role": "roster",
        "preset": "none",
        "columns": {
            "nip": {"from": "NIP", "type": "nip", "required": True},
            "nama": {"from": "Nama", "type": "name"},
            "kelompok": GROUP_COLUMN,
            "jenis_kelamin": {
                "from": "Jenis Kelamin",
                "type": "category",
                "categories": {"L": "Laki-laki", "P": "Perempuan"},
            },
            "usia": {"from": "Usia", "type": "number", "min": 18, "max": 65},
            "masa_kerja": {"from": "Masa Kerja (tahun)", "type": "number", "min": 0, "max": 45},
            "satuan_kerja": {"from": "Satuan Kerja", "type": "category", "label": "Satuan kerja"},
            "diundang": {"from": "Diundang", "type": "flag"},
            "terdaftar": {"from": "Terdaftar", "type": "flag"},
            "mulai": {"from": "Mulai", "type": "flag"},
            "selesai": {"from": "Lulus", "type": "flag"},
        },
    }


def _heading(measure: Measure, item: int) -> str:
    question = "Sejauh mana Anda setuju?" if measure.place == "survei" else "Seberapa sering?"
    return f"{measure.label}: {question} [{_statement(item)}]"


def _statement(item: int) -> str:
    again = item // len(STATEMENTS)
    return STATEMENTS[item % len(STATEMENTS)] + (f" ({again + 1})" if again else "")


def _labels(place: str) -> list[str]:
    return AGREE if place == "survei" else OFTEN


def _surveys(
    folder: Path,
    drawn: Drawn,
    place: str,
    measures: list[Measure],
    sources: dict[str, Any],
    rng: Rng,
) -> None:
    """One file a wave. Participants are also asked how pleased they were, after the program."""
    waves = {
        "lalu": [(m, m.earlier, m.asked_before) for m in measures if m.earlier is not None],
        "pre": [(m, m.before, m.asked_before) for m in measures if m.before is not None],
        "post": [(m, m.reported(drawn.program), m.asked_after) for m in measures],
    }
    pleased = place == "survei" and (drawn.reaction_only or bool(measures))
    for wave, asked in waves.items():
        with_satisfaction = pleased and wave == "post"
        if asked or with_satisfaction:
            name = f"{place}_{wave}"
            sources[name] = _one_survey(folder, drawn, name, wave, asked, with_satisfaction, rng)


def _one_survey(
    folder: Path,
    drawn: Drawn,
    name: str,
    wave: str,
    asked: list[tuple[Measure, Any, Any]],
    with_satisfaction: bool,
    rng: Rng,
) -> dict[str, Any]:
    place = name.partition("_")[0]
    labels = _labels(place)
    who_column = ["NIP"] if drawn.linked else []
    if not drawn.linked and drawn.design != "single_group":
        who_column = ["Kelompok"]
    head = ["Cap waktu", *who_column]
    columns: dict[str, Any] = {
        "waktu": {"from": "Cap waktu", "type": "date", "date_format": "%d/%m/%Y %H.%M.%S"}
    }
    if who_column == ["NIP"]:
        columns["nip"] = {"from": "NIP", "type": "nip", "required": True}
    elif who_column:
        columns["kelompok"] = GROUP_COLUMN
    for measure, values, _seen in asked:
        for item in range(values.shape[1]):
            head.append(_heading(measure, item))
            columns[f"{measure.id}_{item + 1}"] = {
                "from": head[-1],
                "type": "item",
                "label": _statement(item),
            }
    if with_satisfaction:
        for number, thing in enumerate(SATISFACTION, 1):
            head.append(f"Seberapa puas Anda? [{thing}]")
            columns[f"puas_{number}"] = {"from": head[-1], "type": "item", "label": thing}
    content = drawn.satisfaction + rng.normal(0, 0.6, drawn.n)
    scores = np.clip(np.rint(content[:, None] + rng.normal(0, 0.4, (drawn.n, 4))), 1, 4)
    numbers, groups = _nips(drawn), _group(drawn)
    rows = []
    for i in rng.permutation(drawn.n):
        if asked and not any(seen[i] for _m, _values, seen in asked):
            continue
        minute = int(rng.integers(0, 480))
        row = [f"{WAVE_TIMES[wave]} {8 + minute // 60:02d}.{minute % 60:02d}.00"]
        if who_column:
            row.append(numbers[i] if drawn.linked else groups[i])
        for _measure, values, seen in asked:
            for value in values[i]:
                blank = not seen[i] or rng.random() < 0.01 or np.isnan(value)
                row.append("" if blank else labels[int(value) - 1])
        if with_satisfaction:
            row += [PLEASED[int(s) - 1] if drawn.program[i] else "" for s in scores[i]]
        rows.append(row)
    _write(folder / f"{name}.csv", head, rows)
    return {
        "file": f"{name}.csv",
        "role": "survey" if place == "survei" else "rating",
        "preset": "none",
        "wave": wave,
        "columns": columns,
    }


def _records(folder: Path, drawn: Drawn, measures: list[Measure], rng: Rng) -> dict[str, Any]:
    head = ["NIP"]
    columns: dict[str, Any] = {"nip": {"from": "NIP", "type": "nip", "required": True}}
    series: list[tuple[Measure, Any, Any]] = []
    for m in measures:
        for year, values, seen in (
            ("2024", m.before, m.asked_before),
            ("2025", m.reported(drawn.program), m.asked_after),
        ):
            if values is None:
                continue
            head.append(f"{m.label} {year}")
            columns[f"{m.id}_{year}"] = {"from": head[-1], **_record_type(m)}
            series.append((m, values, seen))
    numbers = _nips(drawn)
    rows = [
        [numbers[i], *[_cell(m, values[i]) if seen[i] else "" for m, values, seen in series]]
        for i in rng.permutation(drawn.n)
    ]
    _write(folder / "kinerja.csv", head, rows, ";")
    return {"file": "kinerja.csv", "role": "record", "preset": "none", "columns": columns}


def _record_type(measure: Measure) -> dict[str, Any]:
    if measure.scale_type == "binary":
        return {"type": "flag"}
    if measure.scale_type == "ordinal":
        return {"type": "ordinal", "categories": {p: p for p in PREDICATES}}
    return {"type": "number", "decimal": ","}


def _cell(measure: Measure, value: float) -> str:
    if measure.scale_type == "binary":
        return _yes(bool(value))
    if measure.scale_type == "ordinal":
        return PREDICATES[int(value)]
    return f"{value:.1f}".replace(".", ",")


def _declaration(program_id: str, drawn: Drawn, sources: dict[str, Any]) -> dict[str, Any]:
    design: dict[str, Any] = {"type": drawn.design}
    if drawn.design != "single_group":
        design["group"] = {
            "variable": "kelompok",
            "program": ["Peserta"],
            "comparison": ["Pembanding"],
        }
    if drawn.cluster:
        design["cluster"] = "satuan_kerja"
    if drawn.covariates:
        design["covariates"] = list(drawn.covariates)
    if not drawn.linked:
        design["attrition"] = "unknown"
    declared: dict[str, Any] = {
        "id": program_id,
        "title": "Pelatihan Pelayanan Publik",
        "kind": "technical",
        "organisation": "Kementerian Contoh",
        "cycle": "2025",
        "synthetic": True,
        "period": {"start": "2025-02-03", "end": "2025-05-30"},
        "design": design,
        "link": "nip" if drawn.linked else "anonymous",
    }
    if drawn.linked:
        declared["roster"] = "pegawai"
    declared["sources"] = sources
    declared["scales"] = {
        "setuju5": {"labels": AGREE},
        "sering5": {"labels": OFTEN},
        "puas4": {"labels": PLEASED},
    }
    instruments: dict[str, Any] = {}
    for m in drawn.measures:
        if m.place != "kinerja":
            instruments[m.id] = {
                "label": m.label,
                "scale": "setuju5" if m.place == "survei" else "sering5",
                "items": [f"{m.id}_{k + 1}" for k in range(m.without.shape[1])],
                "level": m.level,
            }
    if any("puas_1" in s["columns"] for s in sources.values()):
        instruments["kepuasan"] = {
            "label": "Kepuasan peserta",
            "scale": "puas4",
            "items": [f"puas_{k}" for k in range(1, 5)],
            "level": "reaction",
        }
    declared["instruments"] = instruments
    declared["outcomes"] = _outcomes(drawn)
    if drawn.linked:
        declared["participation"] = {
            "invited": "diundang",
            "enrolled": "terdaftar",
            "started": "mulai",
            "completed": "selesai",
        }
    declared["costs"] = _costs(drawn)
    declared["thresholds"] = {"max_cost_per_completer_idr": COST_LIMIT}
    return declared


def _outcomes(drawn: Drawn) -> list[dict[str, Any]]:
    if drawn.reaction_only:
        return [{
            "id": "kepuasan", "label": "Kepuasan peserta", "level": "reaction",
            "instrument": "kepuasan", "wave": "post", "unit": "poin pada skala 1-4", "sesoi": 0.2,
        }]  # fmt: skip
    out = []
    for m in drawn.measures:
        outcome: dict[str, Any] = {"id": m.id, "label": m.label, "level": m.level}
        if m.place == "kinerja":
            outcome |= {"variable": f"{m.id}_2025", "source": "kinerja"}
            if m.before is not None:
                outcome["baseline_variable"] = f"{m.id}_2024"
        else:
            outcome |= {"instrument": m.id, "wave": "post"}
            if m.before is not None:
                outcome["baseline_wave"] = "pre"
        outcome |= {"unit": m.unit, "direction": m.direction, "sesoi": m.declared_sesoi}
        if m.scale_type != "continuous":
            outcome["scale_type"] = m.scale_type
        out.append(outcome)
        if m.earlier is not None:
            out.append({
                "id": f"{m.id}_lalu", "label": f"{m.label} sebelum program", "level": m.level,
                "instrument": m.id, "wave": "pre", "baseline_wave": "lalu", "unit": m.unit,
                "sesoi": m.declared_sesoi, "decisive": False,
            })  # fmt: skip
    return out


def _costs(drawn: Drawn) -> dict[str, Any]:
    total = COST * int(drawn.program.sum())
    parts = {"fasilitator": 0.4, "konsumsi": 0.35, "bahan": 0.25}
    costs: dict[str, Any] = {
        "price_year": 2025,
        "items": [
            {"category": name, "planned_idr": total * share, "realised_idr": total * share}
            for name, share in parts.items()
        ],
    }
    if drawn.benefits:
        costs["benefits"] = [
            {
                "label": "Naskah selesai lebih cepat",
                "outcome": b.outcome,
                "value_per_unit_idr": b.value,
                "isolation": b.isolation,
            }
            for b in drawn.benefits
        ]
    return costs
