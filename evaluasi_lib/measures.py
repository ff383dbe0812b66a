"""Every number that a reader of a report meets, as one table: one row a number.

What findings cite, what an indicator of the next cycle names, what the report over all programs
and users' scripts read. Disclosure has been applied already: what may not be shown has no value and
says "small_cell"; what could not be computed says why, and what nobody could ask for has no row.

id: readable and the same in every run and language, "effects/skp/primary/estimate". part: the room
of the result. subject: what it is about (outcome, scale, barrier ...); group: of whom. low, high:
ends of its 95% interval. note: what a reader should know with it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from evaluasi_lib.results import Claim, Conclusion, Effect, EvaluationResult, Level, Role
from evaluasi_lib.wording import _, word_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number of a report, a row of the table. direction: of an
    estimate, whether more or less is better."""

    id: str
    part: str
    subject: str | None = None
    label: str | None = None
    group: str | None = None
    level: Level | None = None
    wave: str | None = None
    measure: str
    unit: str | None = None
    n: int | None = None
    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    note: str | None = None
    reason: str | None = None
    role: Role | None = None
    claim: Claim | None = None
    design: str | None = None
    estimator: str | None = None
    conclusion: Conclusion | None = None
    direction: Literal["higher", "lower"] | None = None


Rows = Iterator[Measure]
Found = Sequence[Mapping[str, Any]]  # rows as result.json has them
COLUMNS = tuple(f.name for f in dataclasses.fields(Measure))
NUMBERS = ("n", "value", "low", "high", "p")
SHOWN = ("part", "subject", "group", "wave", "measure", "value", "low", "high", "unit", "reason")
UNITS = {"share": "share", "idr": "rupiah", "minutes": "minutes", "days": "days", "pct": "percent"}
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
COUNTED = ("n_program", "n_comparison", "n_needed", "df")


def measure_id(*names: object) -> str:
    """The id of a measure: its part, what it is about, and its name, with slashes between."""
    return "/".join(str(name).replace("/", "-") for name in names)


def measures_of(result: EvaluationResult) -> tuple[Measure, ...]:
    """The rows of the measures table, in the order of the report's parts; ids are unique."""
    rooms = (
        _sample, _scales, _effects, _evidence, _participation, _elearning, _efficiency, _themes,
        _voices, _conclusions,
    )  # fmt: skip
    rows: list[Measure] = []
    seen: dict[str, int] = {}
    for row in (row for room in rooms for row in room(result)):
        again = seen[row.id] = seen.get(row.id, 0) + 1  # records that nothing tells apart
        rows.append(row if again == 1 else dataclasses.replace(row, id=f"{row.id}@{again}"))
    return tuple(rows)


def _rows(record: Any, names: Sequence[Any], fields: str, **about: Any) -> Rows:
    """The rows of a record. names: part, and what tells it from others of its part.

    fields: the numbers, each as field, or field:start of its ends, or field:start:field of its p.
    about: further columns; `n` and `reason` are the record's where it has them.
    """
    content = record if isinstance(record, Mapping) else _plain(record)
    known = {"label": content.get("label"), "n": content.get("n"), "subject": names[-1]} | about
    known["subject"] = None if len(names) == 1 else str(known["subject"])
    reason = known.pop("reason", content.get("reason"))
    unit = known.pop("unit", None)
    for field in fields.split():
        name, ends, p = [*field.split(":"), "", ""][:3]
        value = content.get(name)
        if value is None and not reason:
            continue
        yield Measure(
            id=measure_id(*names, name), part=str(names[0]), measure=name,
            value=None if value is None else float(value),
            low=content.get(f"{ends}_low"), high=content.get(f"{ends}_high"), p=content.get(p),
            unit=UNITS.get(name.rpartition("_")[2]) or (None if name in COUNTED else unit),
            reason=reason if value is None else None, **known,
        )  # fmt: skip


def _plain(record: Any) -> dict[str, Any]:
    return {f.name: getattr(record, f.name) for f in dataclasses.fields(record)}


def _wilson(whole: int | None, share: float | None) -> dict[str, float]:
    """Wilson's interval of a share of `whole` persons."""
    if not whole or share is None or not math.isfinite(share):
        return {}
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(round(share * whole), whole, method="wilson")
    return {"ci_low": float(low), "ci_high": float(high)}


def _sample(result: EvaluationResult) -> Rows:
    sample = result.sample
    weighted = _("Answers are weighted to the population.") if sample.weighted else None
    record = _plain(sample) | _wilson(sample.invited, sample.response_rate_share)
    yield from _rows(record, ["sample"], "invited responded")
    yield from _rows(record, ["sample"], "analysed", note=weighted)
    yield from _rows(record, ["sample"], "response_rate_share:ci", n=sample.invited)
    for place, step in enumerate(sample.flow, 1):
        yield from _rows(step, ["sample", "flow", place], "n dropped", label=step.step)


def _scales(result: EvaluationResult) -> Rows:
    for s in result.scales:
        about: dict[str, Any]
        about = {"subject": s.scale, "wave": s.wave, "group": s.group, "level": s.level}
        names = ["scales", s.scale, s.wave, s.group]
        note = " ".join(s.warnings) or None
        yield from _rows(s, names, SCORED, note=note, **about)
        more = s.details
        about |= {"label": s.label, "n": s.n}
        ikm, nps, ipa = more.get("ikm") or {}, more.get("nps"), more.get("ipa") or {}
        yield from _rows(ikm, [*names, "ikm"], "index", note=ikm.get("label"), **about)
        yield from _rows(nps or {}, [*names, "nps"], "score:ci", **about)
        yield from _rows(more.get("jpm") or {}, [*names, "jpm"], "mean_pct below_share", **about)
        yield from _rows(ipa, [*names, "ipa"], "cross_performance cross_importance", **about)
        for item in ipa.get("items", ()):
            of = about | {"subject": item["item"], "label": item["label"]}
            yield from _rows(item, [*names, item["item"]], "performance importance", **of)
    for x in result.spread:
        about = {"subject": x.scale, "wave": x.wave, "group": "program"}
        yield from _rows(x, ["scales", x.scale, x.wave, "program"], "q25 median q75", **about)
    for a in result.answers:
        about = {"subject": a.item, "wave": a.wave, "group": "program", "note": a.item_label}
        yield from _rows(a, ["answers", a.scale, a.wave, a.item, a.value], "share", **about)


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
        yield from _rows(e, names, first, **concluded)
        kept = others if e.role == "primary" else others[:1]
        yield from _rows(e, names, " ".join(kept), **about)
        test = e.outcome, e.details.get("variable")
        if e.role == "subgroup" and test not in tested:
            tested.add(test)
            yield from _rows(e.details, names, "interaction_p", **about)
    for e in [e for e in result.effects if e.details.get("balance")][:1]:
        for row in e.details["balance"]:
            names = ["effects", e.outcome, "balance", row["covariate"]]
            yield from _rows(row, names, "smd_unadjusted smd_weighted")


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
        yield from _rows(e, names, "rating_0_5", note=threats, reason=reason, **about)
        alike = word_for("baseline", e.wwc_baseline) if e.wwc_baseline else None
        yield from _rows(e, names, "baseline_max_abs_smd", note=alike, **about)
        yield from _rows(e, names, RATED, **about)


def _participation(result: EvaluationResult) -> Rows:
    part, more = result.participation, result.participation.details
    record, names = _plain(part) | _wilson(part.enrolled, part.completion_share), ["participation"]
    yield from _rows(record, names, "enrolled started completed")
    yield from _rows(record, names, "completion_share:ci", n=part.enrolled)
    for stage in more.get("funnel") or ():
        yield from _rows(stage, [*names, "funnel", stage["stage"]], "n share", label=None)
    for row in more.get("dropout_reasons") or ():
        yield from _rows(row, [*names, "dropout_reasons", row["value"]], "share:ci")
    for barrier in part.barriers:
        yield from _rows(barrier, [*names, "barriers", barrier.barrier], "share:ci")
    for row in more.get("barriers_by_group") or ():
        place = [*names, "barriers", row["barrier"], row["variable"], row["group"]]
        about = {"subject": row["barrier"], "label": row["barrier_label"], "group": row["label"]}
        yield from _rows(row, place, "share:ci", **about)
    if moved := more.get("motivation"):
        about = {"n": moved["n_after"], "subject": moved["instrument"]}
        fields = "mean_before mean_after change:ci:p_value"
        yield from _rows(moved, [*names, "motivation"], fields, **about)
    for d in part.drivers:
        place = [*names, "drivers", d.variable, *([d.level] if d.level else [])]
        yield from _rows(d, place, "ame:ci:p_value gap:gap_ci", subject=d.variable, note=d.sentence)
    for row in more.get("representation") or ():
        place = [*names, "representation", row["variable"], row["group"]]
        note = word_for("presence", row["status"]) if row["status"] else None
        yield from _rows(row, place, "share:ci population_share", group=row["group"], note=note)


def _elearning(result: EvaluationResult) -> Rows:
    part, more, names = result.elearning, result.elearning.details, ["elearning"]
    survival = more.get("survival") or {}
    timed = _plain(part) | {f"median_{end}": survival.get(f"median_{end}")
                            for end in ("ci_low", "ci_high")}  # fmt: skip
    yield from _rows(timed, names, "users median_days_to_complete:median_ci off_hours_share")
    for stage in part.funnel:
        yield from _rows(stage, [*names, "funnel", stage.stage], "n")
    for row in part.modules:
        fields = "share:ci dropoff_share median_minutes"
        yield from _rows(row, [*names, "modules", row["module"]], fields)
    for row in more.get("devices") or ():
        yield from _rows(row, [*names, "devices", row["origin"]], "share:ci events_share")
    for row in more.get("access") or ():
        fields = "used_share:used_ci completed_share:completed_ci:p_completed median_minutes"
        place = [*names, "access", row["variable"], row["group"]]
        yield from _rows(row, place, fields, group=row["group"])
    for row in more.get("heatmap") or ():
        yield from _rows(row, [*names, "heatmap", row["weekday"], row["hour"]], "share")
    for row in survival.get("curve") or ():
        yield from _rows(row, [*names, "curve", row["days"]], "share_completed:ci")
    for row in survival.get("groups") or ():
        yield from _rows(row, [*names, "time", row["group"]], "median_days:median_ci")
    for row in survival.get("cox") or ():
        fields = "hazard_ratio:ci:p_value ph_p_value"
        yield from _rows(row, [*names, "hazards", row["term"]], fields)
    yield from _rows(survival.get("log_rank") or {}, [*names, "log_rank"], "p_value")
    yield from _rows(
        more.get("sessions") or {}, [*names, "sessions"], "gap_minutes median_per_user"
    )
    off = more.get("off_hours") or {}
    yield from _rows(off, [*names, "off_hours"], "events_share:ci sessions_share weekend_share")
    task = more.get("time_on_task") or {}
    yield from _rows(task, [*names, "time_on_task"], "median_minutes", note=task.get("caveat"))
    dose = more.get("dose_response") or {}
    about = {"unit": dose.get("unit"), "subject": dose.get("outcome")}
    yield from _rows(dose, [*names, "dose_response"], "per_hour:ci:p_value", **about)


def _efficiency(result: EvaluationResult) -> Rows:
    part, more, names = result.efficiency, result.efficiency.details, ["efficiency"]
    yield from _rows(part, names, MONEY)
    yield from _rows(more, names, "cost_per_jp_idr price_year", reason=more.get("jp_reason"))
    for row in more.get("costs") or ():
        fields = "planned_idr realised_idr absorption_share share_of_total"
        yield from _rows(row, [*names, "costs", row["category"]], fields)
    if headline := part.cost_per_unit_effect:
        about = {"subject": headline.outcome, "unit": headline.unit}
        yield from _rows(headline, [*names, "cost_per_unit_effect"], "estimate:ci", **about)
    for row in more.get("cost_per_effect") or ():
        place = [*names, "cost_per_effect", row["outcome"]]
        about = {"subject": row["outcome"], "unit": row["unit"], "wave": row["wave"]}
        yield from _rows(row, place, "estimate:ci", **about)
        drawn = {"estimate": row["estimate"], "reason": row["reason"], "label": row["label"]}
        drawn |= {f"ci_{end}": row.get(f"bootstrap_ci_{end}") for end in ("low", "high")}
        yield from _rows(drawn, [*place, "bootstrap"], "estimate:ci", **about)
    for i, row in enumerate(more.get("benefits") or (), 1):
        fields = "per_person_idr total_idr confidence_share"
        yield from _rows(row, [*names, "benefits", i], fields)
    for i, row in enumerate(more.get("sensitivity") or (), 1):
        fields, label = "cost_idr benefit_idr bcr roi_pct", row["assumption"]
        yield from _rows(row, [*names, "sensitivity", i], fields, label=label)


def _themes(result: EvaluationResult) -> Rows:
    for t in result.themes:
        about = {"subject": t.theme, "group": t.source}
        yield from _rows(t, ["themes", t.theme, t.source], "share:ci sentiment", **about)
    for m in result.module_demand:
        yield from _rows(m, ["module_demand", m.module], "share:ci")


def _voices(result: EvaluationResult) -> Rows:
    said, names = result.voices, ["voices"]
    if survey := said.get("survey"):
        yield from _rows(survey, [*names, "survey"], "answers respondents")
        yield from _rows(survey["unthemed"], [*names, "unthemed"], "n share")
    for i, row in enumerate((said.get("agreement") or {}).get("themes", ()), 1):
        fields = "precision recall kappa:kappa_ci"
        yield from _rows(row, [*names, "coding", i], fields, n=row["n_manual"])
    talked, read = said.get("interviews") or {}, said.get("documents") or {}
    if covered := talked.get("coverage"):
        fields = "interviewees excerpts transcripts turns respondent_word_share"
        yield from _rows(covered, [*names, "interviews"], fields)
        for row in covered["by_transcript"]:
            fields = "turns words respondent_words"
            yield from _rows(row, [*names, "transcripts", row["transcript"]], fields)
    for row in talked.get("theme_by_group") or ():
        about = {"subject": row["theme"], "group": row["group"]}
        place = [*names, "groups", row["theme"], row["group"]]
        yield from _rows(row, place, "share", note=word_for("band", row["band"]), **about)
    for row in talked.get("saturation") or ():
        yield from _rows(row, [*names, "saturation", row["interviews"]], "codes new")
    yield from _rows(talked, [*names, "interviews"], "saturation_point")
    for row in talked.get("co_occurrence") or ():
        label = f"{row['label_a']} + {row['label_b']}"
        yield from _rows(row, [*names, "pairs", row["a"], row["b"]], "jaccard", label=label)
    for kind, found in (("coders", talked), ("reviewers", read)):
        for row in found.get(kind) or ():
            place = [*names, kind, row["coefficient"]]
            yield from _rows(row, place, "value:ci", n=row["n_units"])
    for row in read.get("documents") or ():
        yield from _rows(row, [*names, "documents", row["document"]], "pages")
    for row in read.get("coverage") or ():
        yield from _rows(row, [*names, "rubric", row["indicator"]], "documents met mean")


def _conclusions(result: EvaluationResult) -> Rows:
    """What the sources say together, what became of advice, and how firmly the verdict stands."""
    for place, t in enumerate(result.triangulation, 1):
        sources = {"sources": sum(x is not None for x in (t.survey, t.interview, t.document))}
        note = word_for("agreement", t.agreement)
        yield from _rows(sources, ["triangulation", place], "sources", label=t.question, note=note)
    for item in result.follow_up:
        change = item.change or {"reason": item.reason or _("not computed")}
        note = f"{word_for('status', item.status)}. {change.get('sentence', '')}".strip()
        names = ["follow_up", item.id]
        yield from _rows(change, names, "difference:ci", label=item.text, note=note)
    if stability := result.verdict.stability:
        about = {"n": stability["draws"], "note": stability["hangs_on"]}
        yield from _rows(stability, ["verdict", "stability"], "share", **about)


def value_of(rows: Found, id: str) -> float | None:
    """The value of the row with this id; None where there is none."""
    return next((row["value"] for row in rows if row["id"] == id), None)


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
