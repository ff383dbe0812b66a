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
    as_plain,
    record_rows,
    share_interval,
)
from evaluasi_lib.results import Effect, EvaluationResult
from evaluasi_lib.wording import _, word_for

# Fields of an estimate, each with the start of the names of its ends and its p-value's.
PRIMARY = (
    "estimate:ci:p_value effect_size_g:g_ci std_error df p_adjusted sesoi n_program n_comparison "
    "n_needed"
)
RATED = "maryland_sms attrition_overall_share attrition_differential_share mdes"
SCORED = "mean:ci mean_100 sd alpha:alpha_ci omega_total top2_share:top2_ci n_items"
MONEY = (
    "total_cost_idr cost_per_participant_idr cost_per_completer_idr budget_absorption_share bcr "
    "roi_pct"
)


def measures_of(result: EvaluationResult) -> tuple[Measure, ...]:
    """The rows of the measures table, in the order of the report's parts; ids are unique."""
    rooms = (
        _published, _sample, _scales, _effects, _evidence, _participation, _efficiency, _themes,
        _voices, _conclusions,
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


def _sample(result: EvaluationResult) -> Rows:
    sample = result.sample
    weighted = _("Answers are weighted to the population.") if sample.weighted else None
    record = as_plain(sample) | share_interval(sample.invited, sample.response_rate_share)
    yield from record_rows(record, ["sample"], "invited responded")
    yield from record_rows(record, ["sample"], "analysed", note=weighted)
    yield from record_rows(record, ["sample"], "response_rate_share:ci", n=sample.invited)
    for place, step in enumerate(sample.flow, 1):
        yield from record_rows(step, ["sample", "flow", place], "n dropped", label=step.step)


def _scales(result: EvaluationResult) -> Rows:
    for s in result.scales:
        about: dict[str, Any]
        about = {"subject": s.scale, "wave": s.wave, "group": s.group, "level": s.level}
        names = ["scales", s.scale, s.wave, s.group]
        note = " ".join(s.warnings) or None
        yield from record_rows(s, names, SCORED, note=note, **about)
        more = s.details
        about |= {"label": s.label, "n": s.n}
        ikm, nps, ipa = more.get("ikm") or {}, more.get("nps"), more.get("ipa") or {}
        yield from record_rows(ikm, [*names, "ikm"], "index", note=ikm.get("label"), **about)
        yield from record_rows(nps or {}, [*names, "nps"], "score:ci", **about)
        yield from record_rows(
            more.get("jpm") or {}, [*names, "jpm"], "mean_pct below_share", **about
        )
        yield from record_rows(ipa, [*names, "ipa"], "cross_performance cross_importance", **about)
        for item in ipa.get("items", ()):
            of = about | {"subject": item["item"], "label": item["label"]}
            yield from record_rows(item, [*names, item["item"]], "performance importance", **of)
    for x in result.spread:
        about = {"subject": x.scale, "wave": x.wave, "group": "program"}
        yield from record_rows(x, ["scales", x.scale, x.wave, "program"], "q25 median q75", **about)
    for a in result.answers:
        about = {"subject": a.item, "wave": a.wave, "group": "program", "note": a.item_label}
        yield from record_rows(a, ["answers", a.scale, a.wave, a.item, a.value], "share", **about)


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


def _participation(result: EvaluationResult) -> Rows:
    part, more = result.participation, result.participation.details
    record, names = (
        as_plain(part) | share_interval(part.enrolled, part.completion_share),
        ["participation"],
    )
    yield from record_rows(record, names, "enrolled started completed")
    yield from record_rows(record, names, "completion_share:ci", n=part.enrolled)
    for stage in more.get("funnel") or ():
        yield from record_rows(stage, [*names, "funnel", stage["stage"]], "n share", label=None)
    for row in more.get("dropout_reasons") or ():
        yield from record_rows(row, [*names, "dropout_reasons", row["value"]], "share:ci")
    for barrier in part.barriers:
        yield from record_rows(barrier, [*names, "barriers", barrier.barrier], "share:ci")
    for row in more.get("barriers_by_group") or ():
        place = [*names, "barriers", row["barrier"], row["variable"], row["group"]]
        about = {"subject": row["barrier"], "label": row["barrier_label"], "group": row["label"]}
        yield from record_rows(row, place, "share:ci", **about)
    if moved := more.get("motivation"):
        about = {"n": moved["n_after"], "subject": moved["instrument"]}
        fields = "mean_before mean_after change:ci:p_value"
        yield from record_rows(moved, [*names, "motivation"], fields, **about)
    for d in part.drivers:
        place = [*names, "drivers", d.variable, *([d.level] if d.level else [])]
        yield from record_rows(
            d, place, "ame:ci:p_value gap:gap_ci", subject=d.variable, note=d.sentence
        )
    for row in more.get("representation") or ():
        place = [*names, "representation", row["variable"], row["group"]]
        note = word_for("presence", row["status"]) if row["status"] else None
        yield from record_rows(
            row, place, "share:ci population_share", group=row["group"], note=note
        )


def _efficiency(result: EvaluationResult) -> Rows:
    part, more, names = result.efficiency, result.efficiency.details, ["efficiency"]
    yield from record_rows(part, names, MONEY)
    yield from record_rows(more, names, "cost_per_jp_idr price_year", reason=more.get("jp_reason"))
    for row in more.get("costs") or ():
        fields = "planned_idr realised_idr absorption_share share_of_total"
        yield from record_rows(row, [*names, "costs", row["category"]], fields)
    if headline := part.cost_per_unit_effect:
        about = {"subject": headline.outcome, "unit": headline.unit}
        yield from record_rows(headline, [*names, "cost_per_unit_effect"], "estimate:ci", **about)
    for row in more.get("cost_per_effect") or ():
        place = [*names, "cost_per_effect", row["outcome"]]
        about = {"subject": row["outcome"], "unit": row["unit"], "wave": row["wave"]}
        yield from record_rows(row, place, "estimate:ci", **about)
        drawn = {"estimate": row["estimate"], "reason": row["reason"], "label": row["label"]}
        drawn |= {f"ci_{end}": row.get(f"bootstrap_ci_{end}") for end in ("low", "high")}
        yield from record_rows(drawn, [*place, "bootstrap"], "estimate:ci", **about)
    for i, row in enumerate(more.get("benefits") or (), 1):
        fields = "per_person_idr total_idr confidence_share"
        yield from record_rows(row, [*names, "benefits", i], fields)
    for i, row in enumerate(more.get("sensitivity") or (), 1):
        fields, label = "cost_idr benefit_idr bcr roi_pct", row["assumption"]
        yield from record_rows(row, [*names, "sensitivity", i], fields, label=label)


def _themes(result: EvaluationResult) -> Rows:
    for t in result.themes:
        about = {"subject": t.theme, "group": t.source}
        yield from record_rows(t, ["themes", t.theme, t.source], "share:ci sentiment", **about)
    for m in result.module_demand:
        yield from record_rows(m, ["module_demand", m.module], "share:ci")


def _voices(result: EvaluationResult) -> Rows:
    said, names = result.voices, ["voices"]
    if survey := said.get("survey"):
        yield from record_rows(survey, [*names, "survey"], "answers respondents")
        yield from record_rows(survey["unthemed"], [*names, "unthemed"], "n share")
    for i, row in enumerate((said.get("agreement") or {}).get("themes", ()), 1):
        fields = "precision recall kappa:kappa_ci"
        yield from record_rows(row, [*names, "coding", i], fields, n=row["n_manual"])
    talked, read = said.get("interviews") or {}, said.get("documents") or {}
    if covered := talked.get("coverage"):
        fields = "interviewees excerpts transcripts turns respondent_word_share"
        yield from record_rows(covered, [*names, "interviews"], fields)
        for row in covered["by_transcript"]:
            fields = "turns words respondent_words"
            yield from record_rows(row, [*names, "transcripts", row["transcript"]], fields)
    for row in talked.get("theme_by_group") or ():
        about = {"subject": row["theme"], "group": row["group"]}
        place = [*names, "groups", row["theme"], row["group"]]
        yield from record_rows(row, place, "share", note=word_for("band", row["band"]), **about)
    for row in talked.get("saturation") or ():
        yield from record_rows(row, [*names, "saturation", row["interviews"]], "codes new")
    yield from record_rows(talked, [*names, "interviews"], "saturation_point")
    for row in talked.get("co_occurrence") or ():
        label = f"{row['label_a']} + {row['label_b']}"
        yield from record_rows(row, [*names, "pairs", row["a"], row["b"]], "jaccard", label=label)
    for kind, found in (("coders", talked), ("reviewers", read)):
        for row in found.get(kind) or ():
            place = [*names, kind, row["coefficient"]]
            yield from record_rows(row, place, "value:ci", n=row["n_units"])
    for row in read.get("documents") or ():
        yield from record_rows(row, [*names, "documents", row["document"]], "pages")
    for row in read.get("coverage") or ():
        yield from record_rows(row, [*names, "rubric", row["indicator"]], "documents met mean")


def _conclusions(result: EvaluationResult) -> Rows:
    """What the sources say together, what became of advice, and how firmly the verdict stands."""
    for place, t in enumerate(result.triangulation, 1):
        sources = {"sources": sum(x is not None for x in (t.survey, t.interview, t.document))}
        note = word_for("agreement", t.agreement)
        yield from record_rows(
            sources, ["triangulation", place], "sources", label=t.question, note=note
        )
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
