"""Rows of estimates and of their evidence, made by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from evaluasi_lib.measures import ESTIMATE_NUMBERS as NUMBERS
from evaluasi_lib.measures import Effect, Measure, record_rows

TOLD = ("label", "role", "wave", "direction", "claim", "level", "design", "estimator", "estimand",
        "unit")  # fmt: skip


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
