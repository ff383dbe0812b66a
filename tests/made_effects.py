"""Estimates of a study as a report shows them, and rows of estimates made by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from evaluasi_lib.disclosure import publish
from evaluasi_lib.effects import CHECKS, MEANS, NUMBERS, Effect, effects_of
from evaluasi_lib.measures import Measure, record_rows, wide
from evaluasi_lib.scoring.evidence import score_effects
from evaluasi_lib.study import Study

TOLD = ("label", "role", "wave", "direction", "claim", "level", "design", "estimator", "estimand",
        "unit")  # fmt: skip


def scored(study: Study) -> tuple[Measure, ...]:
    """The published rows of the estimates of a study and of the evidence on them."""
    return publish(score_effects(study), study.program.privacy.min_cell)[0]


def effects(study: Study) -> list[Effect]:
    """Every estimate of a study."""
    return effects_of(scored(study))


def primary(study: Study) -> Effect:
    """The primary estimate of a study of one outcome."""
    (found,) = effects_of(scored(study), "primary")
    return found


def evidence(study: Study) -> dict[str, Any]:
    """The record of the evidence on the one outcome; its threats: code -> sentence."""
    rows = scored(study)
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
    beside = " ".join([*others, *CHECKS, *MEANS])
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
