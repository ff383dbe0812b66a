"""A drawn program as an agency would hand it over: program.yml, roster, survey exports, records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from tests.raw import write_program as write_files
from tests.verdict_study.people import Drawn, Measure, Rng

ALIKE: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_name("agency.yml").read_text(encoding="utf-8")
)
COLUMNS: dict[str, Any] = ALIKE["roster"]["columns"]
Table = tuple[list[list[str]], dict[str, Any]]  # rows, and the file as program.yml declares it


def write_program(folder: Path, drawn: Drawn, rng: Rng) -> None:
    """Write the program's files to `folder` (data/raw/<id>), whose name is the program's id."""
    tables: dict[str, Table] = {}
    if drawn.linked:
        tables["pegawai"] = _roster(drawn, rng), ALIKE["roster"]
    for place in ALIKE["places"]:
        tables |= _surveys(drawn, place, rng)
    if records := [m for m in drawn.measures if m.place == "kinerja"]:
        tables["kinerja"] = _records(drawn, records, rng)
    sources = {name: source for name, (_rows, source) in tables.items()}
    frames = {
        name: pd.DataFrame(rows, columns=[c["from"] for c in source["columns"].values()])
        for name, (rows, source) in tables.items()
    }
    semicolons = dict.fromkeys(("pegawai", "kinerja"), ";")
    write_files(folder, frames, _declaration(folder.name, drawn, sources), semicolons)


def nip(number: int, age: float, tenure: float, female: bool) -> str:
    """A made-up NIP: right in form, unique by number, with a sequence of 9xx."""
    month, day = 1 + number // 28 % 12, 1 + number % 28
    sequence = 900 + number // 336 % 100
    start = 2025 - int(tenure)
    sex = 2 if female else 1
    return f"{2025 - int(age):04d}{month:02d}{day:02d}{start:04d}03{sex}{sequence:03d}"


def _nips(drawn: Drawn) -> list[str]:
    who = drawn.who
    return [nip(i, who.age[i], who.tenure[i], bool(who.female[i])) for i in range(who.n)]


def _group(drawn: Drawn) -> list[str]:
    return ["Peserta" if p else "Pembanding" for p in drawn.program]


def _yes(value: bool) -> str:
    return "Ya" if value else "Tidak"


def _roster(drawn: Drawn, rng: Rng) -> list[list[str]]:
    who, program = drawn.who, drawn.program
    completed = drawn.completed
    if completed is None:
        completed = rng.random(who.n) < 0.92
    groups, numbers = _group(drawn), _nips(drawn)
    first, last = ALIKE["first_names"], ALIKE["last_names"]
    rows = []
    for i in rng.permutation(who.n):
        name = f"{first[rng.integers(len(first))]} {last[rng.integers(len(last))]}"
        rows.append([
            numbers[i], name, groups[i], "P" if who.female[i] else "L",
            f"{who.age[i]:.0f}", f"{who.tenure[i]:.0f}", f"Satuan Kerja {who.unit[i] + 1:02d}",
            *[_yes(bool(program[i]))] * 3, _yes(bool(program[i] and completed[i])),
        ])  # fmt: skip
    return rows


def _surveys(drawn: Drawn, place: str, rng: Rng) -> dict[str, Table]:
    """One file a wave. Participants are also asked how pleased they were, after the program."""
    measures = [m for m in drawn.measures if m.place == place]
    waves = {
        "lalu": [(m, m.earlier, m.asked_before) for m in measures if m.earlier is not None],
        "pre": [(m, m.before, m.asked_before) for m in measures if m.before is not None],
        "post": [(m, m.reported(drawn.program), m.asked_after) for m in measures],
    }
    pleased = place == "survei" and (drawn.reaction_only or bool(measures))
    return {
        f"{place}_{wave}": _one_survey(drawn, place, wave, asked, pleased and wave == "post", rng)
        for wave, asked in waves.items()
        if asked or (pleased and wave == "post")
    }


def _one_survey(
    drawn: Drawn,
    place: str,
    wave: str,
    asked: list[tuple[Measure, Any, Any]],
    with_satisfaction: bool,
    rng: Rng,
) -> Table:
    labels = _labels(place)
    content = drawn.satisfaction + rng.normal(0, 0.6, drawn.n)
    scores = np.clip(np.rint(content[:, None] + rng.normal(0, 0.4, (drawn.n, 4))), 1, 4)
    known = _known(drawn)
    rows = []
    for i in rng.permutation(drawn.n):
        if asked and not any(seen[i] for _m, _values, seen in asked):
            continue
        minute = int(rng.integers(0, 480))
        row = [f"{ALIKE['waves'][wave]} {8 + minute // 60:02d}.{minute % 60:02d}.00"]
        row += [values[i] for values in known.values()]
        for _measure, values, seen in asked:
            for value in values[i]:
                blank = not seen[i] or rng.random() < 0.01
                row.append("" if blank else labels[int(value) - 1])
        if with_satisfaction:
            pleased = ALIKE["scales"]["puas4"]["labels"]
            row += [pleased[int(s) - 1] if drawn.program[i] else "" for s in scores[i]]
        rows.append(row)
    source = {
        "file": f"{place}_{wave}.csv",
        "role": ALIKE["places"][place]["role"],
        "preset": "none",
        "wave": wave,
        "columns": {"waktu": ALIKE["time"], **{name: COLUMNS[name] for name in known}},
    }
    question = ALIKE["places"][place]["question"]
    items = [
        (name, f"{m.label}: {question}", ALIKE["statements"][k])
        for m, _values, _seen in asked
        for k, name in enumerate(_items(m))
    ]
    if with_satisfaction:
        things = enumerate(ALIKE["satisfaction"], 1)
        items += [(f"puas_{k}", "Seberapa puas Anda?", thing) for k, thing in things]
    source["columns"] |= {
        name: {"from": f"{asks} [{text}]", "type": "item", "label": text}
        for name, asks, text in items
    }
    return rows, source


def _known(drawn: Drawn) -> dict[str, list[str]]:
    """What a survey knows of who answers: the person, or the group where there are two."""
    if drawn.linked:
        return {"nip": _nips(drawn)}
    return {} if drawn.design == "single_group" else {"kelompok": _group(drawn)}


def _items(measure: Measure) -> list[str]:
    return [f"{measure.id}_{k + 1}" for k in range(measure.without.shape[1])]


def _labels(place: str) -> list[str]:
    labels: list[str] = ALIKE["scales"][ALIKE["places"][place]["scale"]]["labels"]
    return labels


def _records(drawn: Drawn, measures: list[Measure], rng: Rng) -> Table:
    columns: dict[str, Any] = {"nip": COLUMNS["nip"]}
    series: list[tuple[Measure, Any, Any]] = []
    for m in measures:
        for year, values, seen in (
            ("2024", m.before, m.asked_before),
            ("2025", m.reported(drawn.program), m.asked_after),
        ):
            if values is not None:
                columns[f"{m.id}_{year}"] = {"from": f"{m.label} {year}", **_record_type(m)}
                series.append((m, values, seen))
    numbers = _nips(drawn)
    rows = [
        [numbers[i], *[_cell(m, values[i]) if seen[i] else "" for m, values, seen in series]]
        for i in rng.permutation(drawn.n)
    ]
    return rows, {"file": "kinerja.csv", "role": "record", "preset": "none", "columns": columns}


def _record_type(measure: Measure) -> dict[str, Any]:
    if measure.scale_type == "binary":
        return {"type": "flag"}
    if measure.scale_type == "ordinal":
        return {"type": "ordinal", "categories": {p: p for p in ALIKE["predicates"]}}
    return {"type": "number", "decimal": ","}


def _cell(measure: Measure, value: float) -> str:
    if measure.scale_type == "binary":
        return _yes(bool(value))
    if measure.scale_type == "ordinal":
        predicate: str = ALIKE["predicates"][int(value)]
        return predicate
    return f"{value:.1f}".replace(".", ",")


def _declaration(program_id: str, drawn: Drawn, sources: dict[str, Any]) -> dict[str, Any]:
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
        m.id: {
            "label": m.label,
            "scale": ALIKE["places"][m.place]["scale"],
            "items": _items(m),
            "level": m.level,
        }
        for m in drawn.measures
        if m.place in ALIKE["places"]
    }
    if any("puas_1" in s["columns"] for s in sources.values()):
        instruments["kepuasan"] = ALIKE["pleased"]
    linked = {"roster": "pegawai"} if drawn.linked else {}
    took_part = {"participation": ALIKE["participation"]} if drawn.linked else {}
    return {
        "id": program_id,
        **ALIKE["about"],
        "design": design,
        "link": "nip" if drawn.linked else "anonymous",
        **linked,
        "sources": sources,
        "scales": ALIKE["scales"],
        "instruments": instruments,
        "outcomes": _outcomes(drawn),
        **took_part,
        "costs": _costs(drawn),
        "thresholds": ALIKE["thresholds"],
    }


def _outcomes(drawn: Drawn) -> list[dict[str, Any]]:
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


def _costs(drawn: Drawn) -> dict[str, Any]:
    total = ALIKE["cost"] * int(drawn.program.sum())
    costs: dict[str, Any] = {
        "price_year": 2025,
        "items": [
            {"category": name, "planned_idr": total * share, "realised_idr": total * share}
            for name, share in ALIKE["cost_parts"].items()
        ],
    }
    if drawn.benefits:
        label = "Naskah selesai lebih cepat"
        costs["benefits"] = [
            {"label": label, "outcome": b.outcome, "value_per_unit_idr": b.value,
             "isolation": b.isolation}
            for b in drawn.benefits
        ]  # fmt: skip
    return costs
