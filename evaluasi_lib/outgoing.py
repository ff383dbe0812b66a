"""The parts of a result that are not rows yet, as rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from evaluasi_lib.measures import (
    PARTS,
    Found,
    Measure,
    Rows,
    record_rows,
)
from evaluasi_lib.results import Effect, EvaluationResult
from evaluasi_lib.wording import _, word_for

# Fields of an estimate, each with the start of the names of its ends and its p-value's.
PRIMARY = (
    "estimate:ci:p_value effect_size_g:g_ci std_error df p_adjusted sesoi n_program n_comparison "
    "n_needed"
)
RATED = "maryland_sms attrition_overall_share attrition_differential_share mdes"


def measures_of(result: EvaluationResult) -> tuple[Measure, ...]:
    """The rows of the measures table, in the order of the report's parts; ids are unique."""
    rooms = (
        _published, _effects, _evidence, _conclusions,
    )  # fmt: skip
    rows: list[Measure] = []
    seen: dict[str, int] = {}
    found = [row for room in rooms for row in room(result)]
    for row in sorted(found, key=lambda row: PARTS.index(row.part)):
        again = seen[row.id] = seen.get(row.id, 0) + 1  # records that nothing tells apart
        rows.append(row if again == 1 else dataclasses.replace(row, id=f"{row.id}@{again}"))
    return tuple(rows)


def _published(result: EvaluationResult) -> Rows:
    yield from result.rows


def _effects(result: EvaluationResult) -> Rows:
    tested = set()
    for place, e in enumerate(result.effects):
        names = ["effects", e.outcome, e.role, *_told_apart(e, place)]
        size = None if e.n_program is None else e.n_program + (e.n_comparison or 0)
        about = {c: getattr(e, c) for c in
                 ("label", "level", "wave", "unit", "role", "claim", "design", "estimator",
                  "direction")}  # fmt: skip
        about |= {"subject": e.outcome, "group": e.subgroup, "n": size}
        concluded = about | {"conclusion": e.conclusion, "note": " ".join(e.warnings) or None}
        if e.role == "primary" and e.estimate is None and not e.reason:
            concluded["reason"] = _("not computed")
        first, *others = PRIMARY.split()
        yield from record_rows(e, names, first, **concluded)
        kept = others if e.role == "primary" else others[:1]
        yield from record_rows(e, names, " ".join(kept), **about)
        test = e.outcome, e.details.get("variable")
        if e.role == "subgroup" and test not in tested:
            tested.add(test)
            yield from record_rows(e.details, names, "interaction_p", **about)
    for e in [e for e in result.effects if e.details.get("balance")][:1]:
        for row in e.details["balance"]:
            names = ["effects", e.outcome, "balance", row["covariate"]]
            yield from record_rows(row, names, "smd_unadjusted smd_weighted")


def _told_apart(e: Effect, place: int) -> list[str]:
    """What tells an estimate from the others of its outcome and role."""
    if e.role == "sensitivity":
        return [e.estimator]
    if e.role == "primary":
        return []
    flags = {_("yes"): "true", _("no"): "false"}  # an id is the same in every language
    named = [str(e.details[k]) for k in ("variable", "value") if k in e.details]
    return [flags.get(text, text) for text in named] or [str(place)]


def _evidence(result: EvaluationResult) -> Rows:
    labels = {e.outcome: e.label for e in reversed(result.effects)}
    for e in result.evidence:
        names, about = ["evidence", e.outcome], {"label": labels.get(e.outcome), "design": e.design}
        reason = e.reason or _("not rated")
        threats = " ".join(e.threats) or None
        yield from record_rows(e, names, "rating_0_5", note=threats, reason=reason, **about)
        alike = word_for("baseline", e.wwc_baseline) if e.wwc_baseline else None
        yield from record_rows(e, names, "baseline_max_abs_smd", note=alike, **about)
        yield from record_rows(e, names, RATED, **about)


def _conclusions(result: EvaluationResult) -> Rows:
    """What became of advice, and how firmly the verdict stands."""
    for item in result.follow_up:
        change = item.change or {"reason": item.reason or _("not computed")}
        note = f"{word_for('status', item.status)}. {change.get('sentence', '')}".strip()
        names = ["follow_up", item.id]
        yield from record_rows(change, names, "difference:ci", label=item.text, note=note)
    if stability := result.verdict.stability:
        about = {"n": stability["draws"], "note": stability["hangs_on"]}
        yield from record_rows(stability, ["verdict", "stability"], "share", **about)


def primary_effects(rows: Found) -> list[Effect]:
    """The primary estimates, put together again from their rows; warnings come as one text."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        if row["part"] == "effects" and row["role"] == "primary":
            found.setdefault(row["subject"], {})[row["measure"]] = row
    return [_effect(outcome, by_measure) for outcome, by_measure in found.items()]


def _effect(outcome: str, by_measure: Mapping[str, Mapping[str, Any]]) -> Effect:
    row, size = by_measure["estimate"], by_measure.get("effect_size_g", {})
    told = ("label", "wave", "direction", "claim", "level", "design", "estimator", "unit",
            "conclusion", "reason")  # fmt: skip
    numbers = ("sesoi", "n_program", "n_comparison", "estimate", "std_error", "df", "p_adjusted",
               "effect_size_g", "n_needed")  # fmt: skip
    fields: dict[str, Any] = {name: row[name] for name in told}
    fields |= {name: by_measure.get(name, {}).get("value") for name in numbers}
    return Effect(
        outcome=outcome, role="primary", subgroup=None, estimand="",
        ci_low=row["low"], ci_high=row["high"], p_value=row["p"],
        g_ci_low=size.get("low"), g_ci_high=size.get("high"),
        warnings=(row["note"],) if row["note"] else (),
        **fields,
    )  # fmt: skip
