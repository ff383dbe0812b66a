"""Estimates of a study as a report shows them, and rows of estimates made by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.measures import ESTIMATE_NUMBERS as NUMBERS
from evaluasi_lib.measures import Effect, Measure, effects_of, record_rows, wide
from tests.made_studies import make_study, survey

TOLD = ("label", "role", "wave", "direction", "claim", "level", "design", "estimator", "estimand",
        "unit")  # fmt: skip


def made(
    folder: Path, persons: pd.DataFrame, *, design: str = "comparison", baseline: bool = True,
    outcome: dict[str, Any] | None = None, **declared: Any,
) -> Any:  # fmt: skip
    """A program of persons: columns `member`, `after` (missing: lost), `before`, and background."""
    background = persons.drop(columns=["member", "after", "before"], errors="ignore")
    kinds = {
        name: "number" if pd.api.types.is_numeric_dtype(column) else "category"
        for name, column in background.items()
    }
    roster = background.assign(
        pid=[f"p{i}" for i in range(len(persons))],
        ikut=np.where(persons["member"], "ya", "tidak"),
    )
    waves = {"post": "after"} | ({"pre": "before"} if baseline else {})
    tables = {
        wave: roster[["pid"]].assign(y=persons[column]).dropna() for wave, column in waves.items()
    }
    rule = {"variable": "ikut", "program": ["ya"], "comparison": ["tidak"]}
    y = {"id": "y", "label": "Y", "level": "learning", "variable": "y", "unit": "poin"}
    declaration = {
        "design": {"type": design, "group": rule, **declared},
        "roster": "peserta",
        "sources": {
            "peserta": survey({"ikut": "category", **kinds}, role="roster"),
            **{wave: survey({"y": "number"}, wave=wave) for wave in waves},
        },
        "outcomes": [y | ({"baseline_wave": "pre"} if baseline else {}) | (outcome or {})],
    }
    return make_study(folder, declaration, {"peserta": roster, **tables})


def effects(program: Any) -> list[Effect]:
    """Every estimate of a program."""
    return effects_of(program.result.rows)


def primary(program: Any) -> Effect:
    """The primary estimate of a program of one outcome."""
    (found,) = effects_of(program.result.rows, "primary")
    return found


def evidence(program: Any) -> dict[str, Any]:
    """The record of the evidence on the one outcome; its threats: code -> sentence."""
    rows = program.result.rows
    (found,) = wide(rows, "evidence/*")
    alike = [row.note for row in rows if row.measure == "baseline_max_abs_smd"]
    threats = {row.measure: row.note for row in rows if "/threats/" in row.id}
    return found | {"alike": alike[0] if alike else None, "threats": threats}


def effect_rows(effect: Effect, *place: str) -> list[Measure]:
    """The rows of an estimate. place: what tells it from others of its outcome and role."""
    names = ["effects", effect.outcome, effect.role, *place]
    about = {name: getattr(effect, name) for name in TOLD}
    about |= {"subject": effect.outcome, "group": effect.subgroup}
    first, *others = NUMBERS.split()
    told = about | {"conclusion": effect.conclusion, "note": effect.note}
    content = dataclasses.asdict(effect) | {"reason": effect.reason or "not estimated"}
    beside = " ".join(
        [*others, "e_value lee_lower lee_upper bracketing interaction_p",
         "mean_before mean_after mean_comparison"]
    )  # fmt: skip
    return [
        *record_rows(content, names, first, **told),
        *record_rows(dataclasses.asdict(effect), names, beside, **about),
    ]


def evidence_rows(
    outcome: str, rating: int | None, threats: Mapping[str, str | None], **about: Any
) -> list[Measure]:
    """The rows of the evidence on an outcome. threats: code -> sentence."""
    names = ["evidence", outcome]
    known = {"rating_0_5": rating, "reason": about.pop("reason", "not rated")}
    numbers = {name: about.pop(name) for name in list(about) if isinstance(about[name], float)}
    note = " ".join(text for text in threats.values() if text) or None
    rows = [*record_rows(known, names, "rating_0_5", note=note, **about)]
    rows += record_rows(numbers, names, " ".join(numbers), **about)
    for code, text in threats.items():
        rows += record_rows(
            {code: 1}, [*names, "threats"], code, subject=outcome, note=text, **about
        )
    return rows
