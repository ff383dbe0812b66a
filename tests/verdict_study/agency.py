"""A drawn program as an agency would hand it over: program.yml, roster, survey exports, records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from tests.raw import write_program as write_files
from tests.verdict_study.draw import Rows, reported

ALIKE: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_name("agency.yml").read_text(encoding="utf-8")
)
COLUMNS: dict[str, Any] = ALIKE["roster"]["columns"]
PLACES: dict[str, Any] = ALIKE["places"]
YES = {False: "Tidak", True: "Ya"}
Table = tuple[list[list[str]], dict[str, Any]]  # rows, and the file as program.yml declares it


def write_program(folder: Path, drawn: Rows, rng: Any) -> None:
    """Write the program's files to `folder` (data/raw/<id>), whose name is the program's id."""
    who = {"nip": _nips(drawn), "kelompok": np.where(drawn.program, "Peserta", "Pembanding")}
    tables: dict[str, Table] = {}
    if drawn.linked:
        tables["pegawai"] = _roster(drawn, who, rng), ALIKE["roster"]
    # What a survey knows of who answers: the person, or the group where there are two.
    groups = [] if drawn.design == "single_group" else ["kelompok"]
    known = {name: who[name] for name in (["nip"] if drawn.linked else groups)}
    for place in PLACES:
        tables |= _surveys(drawn, place, known, rng)
    if records := [m for m in drawn.measures if m.place == "kinerja"]:
        tables["kinerja"] = _records(drawn, records, who, rng)
    sources = {name: source for name, (_rows, source) in tables.items()}
    frames = {
        name: pd.DataFrame(rows, columns=[c["from"] for c in source["columns"].values()])
        for name, (rows, source) in tables.items()
    }
    semicolons = dict.fromkeys(("pegawai", "kinerja"), ";")
    write_files(folder, frames, _declaration(folder.name, drawn, sources), semicolons)


def _nips(drawn: Rows) -> list[str]:
    """Made-up NIPs: right in form, unique by number, with a sequence of 9xx."""
    who = drawn.who
    persons = enumerate(zip(who.age, who.tenure, who.female, strict=True))
    return [
        f"{2025 - int(age):04d}{1 + i // 28 % 12:02d}{1 + i % 28:02d}{2025 - int(tenure):04d}03"
        f"{2 if female else 1}{900 + i // 336 % 100:03d}"
        for i, (age, tenure, female) in persons
    ]


def _roster(drawn: Rows, known: dict[str, Any], rng: Any) -> list[list[str]]:
    who, program, completed = drawn.who, drawn.program, drawn.completed
    if completed is None:
        completed = rng.random(len(program)) < 0.92
    first, last = ALIKE["first_names"], ALIKE["last_names"]
    rows = []
    for i in rng.permutation(len(program)):
        name = f"{first[rng.integers(len(first))]} {last[rng.integers(len(last))]}"
        rows.append([
            known["nip"][i], name, known["kelompok"][i], "P" if who.female[i] else "L",
            f"{who.age[i]:.0f}", f"{who.tenure[i]:.0f}", f"Satuan Kerja {who.unit[i] + 1:02d}",
            *[YES[program[i]]] * 3, YES[program[i] & completed[i]],
        ])  # fmt: skip
    return rows


def _surveys(drawn: Rows, place: str, known: dict[str, Any], rng: Any) -> dict[str, Table]:
    """One file a wave. Participants are also asked how pleased they were, after the program."""
    measures = [m for m in drawn.measures if m.place == place]
    waves = {
        "lalu": [(m, m.earlier, m.asked_before) for m in measures if m.earlier is not None],
        "pre": [(m, m.before, m.asked_before) for m in measures if m.before is not None],
        "post": [(m, reported(m, drawn.program), m.asked_after) for m in measures],
    }
    pleased = place == "survei" and (drawn.reaction_only or bool(measures))
    found = {}
    for wave, asked in waves.items():
        both = pleased and wave == "post"
        if asked or both:
            found[f"{place}_{wave}"] = _survey(drawn, place, wave, asked, both, known, rng)
    return found


def _survey(
    drawn: Rows, place: str, wave: str, asked: list[Any], pleased: bool, known: dict[str, Any],
    rng: Any,
) -> Table:  # fmt: skip
    labels = ALIKE["scales"][PLACES[place]["scale"]]["labels"]
    content_labels = ALIKE["scales"]["puas4"]["labels"]
    n = len(drawn.program)
    content = drawn.satisfaction + rng.normal(0, 0.6, n)
    scores = np.clip(np.rint(content[:, None] + rng.normal(0, 0.4, (n, 4))), 1, 4)
    rows = []
    for i in rng.permutation(n):
        if asked and not any(seen[i] for _m, _values, seen in asked):
            continue
        minute = int(rng.integers(0, 480))
        row = [f"{ALIKE['waves'][wave]} {8 + minute // 60:02d}.{minute % 60:02d}.00"]
        row += [values[i] for values in known.values()]
        for _measure, values, seen in asked:
            for value in values[i]:
                blank = not seen[i] or rng.random() < 0.01
                row.append("" if blank else labels[int(value) - 1])
        if pleased:
            row += [content_labels[int(s) - 1] if drawn.program[i] else "" for s in scores[i]]
        rows.append(row)
    items = {
        name: f"{m.label}: {PLACES[place]['question']} [{text}]"
        for m, _values, _seen in asked
        for name, text in zip(_items(m), ALIKE["statements"], strict=False)
    }
    if pleased:
        things = enumerate(ALIKE["satisfaction"], 1)
        items |= {f"puas_{k}": f"Seberapa puas Anda? [{thing}]" for k, thing in things}
    columns = {"waktu": ALIKE["time"], **{name: COLUMNS[name] for name in known}} | {
        name: {"from": text, "type": "item", "label": text.rpartition(" [")[2][:-1]}
        for name, text in items.items()
    }
    return rows, {"file": f"{place}_{wave}.csv", "role": PLACES[place]["role"], "preset": "none",
                  "wave": wave, "columns": columns}  # fmt: skip


def _items(m: Rows) -> list[str]:
    return [f"{m.id}_{k + 1}" for k in range(m.without.shape[1])]


# How a record is declared, and its value written.
RECORDS: dict[str, Any] = {
    "binary": ({"type": "flag"}, lambda value: YES[int(value)]),
    "ordinal": ({"type": "ordinal", "categories": {p: p for p in ALIKE["predicates"]}},
                lambda value: ALIKE["predicates"][int(value)]),
    "continuous": ({"type": "number", "decimal": ","},
                   lambda value: f"{value:.1f}".replace(".", ",")),
}  # fmt: skip


def _records(drawn: Rows, measures: list[Rows], known: dict[str, Any], rng: Any) -> Table:
    columns: dict[str, Any] = {"nip": COLUMNS["nip"]}
    series: list[Any] = []
    for m in measures:
        declared, cell = RECORDS[m.scale_type]
        after = reported(m, drawn.program)
        waves = ("2024", m.before, m.asked_before), ("2025", after, m.asked_after)
        for year, values, seen in waves:
            if values is not None:
                columns[f"{m.id}_{year}"] = {"from": f"{m.label} {year}", **declared}
                series.append((cell, values, seen))
    rows = [
        [known["nip"][i], *[cell(v[i]) if seen[i] else "" for cell, v, seen in series]]
        for i in rng.permutation(len(drawn.program))
    ]
    return rows, {"file": "kinerja.csv", "role": "record", "preset": "none", "columns": columns}


def _declaration(program_id: str, drawn: Rows, sources: dict[str, Any]) -> dict[str, Any]:
    design: dict[str, Any] = {"type": drawn.design}
    if drawn.design != "single_group":
        design["group"] = ALIKE["group"]
    if drawn.cluster:
        design["cluster"] = "satuan_kerja"
    if drawn.covariates:
        design["covariates"] = list(drawn.covariates)
    if not drawn.linked:
        design["attrition"] = "unknown"
    instruments: dict[str, Any] = {
        m.id: {"label": m.label, "scale": PLACES[m.place]["scale"], "items": _items(m),
               "level": m.level}
        for m in drawn.measures if m.place in PLACES
    }  # fmt: skip
    if any("puas_1" in s["columns"] for s in sources.values()):
        instruments["kepuasan"] = ALIKE["pleased"]
    total = ALIKE["cost"] * int(drawn.program.sum())
    costs: dict[str, Any] = {
        "price_year": 2025,
        "items": [
            {"category": name, "planned_idr": total * share, "realised_idr": total * share}
            for name, share in ALIKE["cost_parts"].items()
        ],
    }
    if drawn.benefits:
        costs["benefits"] = [
            {"label": "Naskah selesai lebih cepat", "outcome": outcome,
             "value_per_unit_idr": value, "isolation": isolation}
            for outcome, value, isolation in drawn.benefits
        ]  # fmt: skip
    return {
        "id": program_id, **ALIKE["about"], "design": design,
        "link": "nip" if drawn.linked else "anonymous",
        **({"roster": "pegawai"} if drawn.linked else {}),
        "sources": sources, "scales": ALIKE["scales"], "instruments": instruments,
        "outcomes": _outcomes(drawn),
        **({"participation": ALIKE["participation"]} if drawn.linked else {}),
        "costs": costs, "thresholds": ALIKE["thresholds"],
    }  # fmt: skip


def _outcomes(drawn: Rows) -> list[dict[str, Any]]:
    if drawn.reaction_only:
        return [ALIKE["pleased_outcome"]]
    out = []
    for m in drawn.measures:
        outcome: dict[str, Any] = {"id": m.id, "label": m.label, "level": m.level}
        if m.place == "kinerja":
            outcome |= {"variable": f"{m.id}_2025", "source": "kinerja"}
            baseline = {"baseline_variable": f"{m.id}_2024"}
        else:
            outcome |= {"instrument": m.id, "wave": "post"}
            baseline = {"baseline_wave": "pre"}
        if m.before is not None:
            outcome |= baseline
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
