"""What the program is, how it was evaluated, what it cost, and what was had for it."""

from __future__ import annotations

from typing import Any

from evaluasi_lib.claims import say as claim
from evaluasi_lib.claims import shares_of_persons, told_effects, told_of_design
from evaluasi_lib.measures import (
    Record,
    as_plain,
    effects_of,
    ratings_of,
    record_of,
    texts_at,
    threats_of,
    value_at,
    wide,
)
from evaluasi_lib.program import Costs, Outcome, Program
from evaluasi_lib.reporting import words
from evaluasi_lib.reporting.elements import Bullets, Element, Heading, Paragraph, Section, section
from evaluasi_lib.reporting.figures_scores import plot_flow
from evaluasi_lib.reporting.sections.appendix import recorded
from evaluasi_lib.reporting.tables import listed, listed_fields, table_evidence, table_waves
from evaluasi_lib.reporting.words import say
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.wording import _, choose, count, date, join_words, percent, plural, rupiah

Elements = list[Element | None]


def section_program(program: Program, result: EvaluationResult) -> Section:
    """The program in brief, its objectives, and the outcomes as declared."""
    info, k = result.program, program.privacy.min_cell
    facts: dict[str, Any] = as_plain(info) | {"design": program.design.type}
    facts["period"] = facts["reported"] = None
    if info.period_start is not None:
        low, high = date(info.period_start), date(info.period_end)
        facts["period"] = _("{low} to {high}").format(low=low, high=high)
    if info.reported is not None:
        told = "{date}" if program.report.date else _("{date} (last day of the program)")
        facts["reported"] = told.format(date=date(info.reported))
    elements: Elements = []
    if program.description:
        elements.append(Paragraph(choose(program.description)))
    if program.objectives:
        elements += [
            Heading(_("Objectives")),
            Bullets([choose(objective.text) for objective in program.objectives], ordered=True),
        ]
    none = _("The program declares neither a description nor objectives.")
    shares = shares_of_persons(program)
    details: Elements = [
        listed_fields("program", facts, k),
        listed("luaran", [_declared(o, o.id in shares) for o in program.outcomes], k),
        *recorded(program, result),
    ]
    return section("program", elements, none, details)


def _declared(outcome: Outcome, of_persons: bool) -> dict[str, Any]:
    """An outcome as it was declared before results were seen; shares in percentage points."""
    sesoi = outcome.sesoi
    return {
        "label": choose(outcome.label),
        "level": outcome.level,
        "unit": claim("points") if of_persons else choose(outcome.unit),
        "better": _("more") if outcome.direction == "higher" else _("less"),
        "sesoi": sesoi * 100 if sesoi and of_persons else sesoi,
    }


def section_methodology(program: Program, result: EvaluationResult) -> Section:
    """Design, flow of persons, links, quality of data, and threats to the conclusions."""
    k, rows, quality = program.privacy.min_cell, result.rows, result.quality
    flow = wide(rows, "sample/flow/*")
    steps = listed("alur", flow, k)
    threats = _threats(result)
    primary = told_effects(program, rows, "primary")
    evidence = table_evidence(rows, primary, k)
    read, kept = count(quality.rows_read), count(quality.rows_kept)
    elements: Elements = [
        Paragraph(told_of_design(program, "how")),
        _sample(program, result),
        plot_flow(flow, k) or (steps if len(flow) > 1 else None),
        table_waves(rows, primary, k),
        Paragraph(say("rows", read=read, kept=kept), see=("tbl-pembersihan",)),
        Paragraph(_("What threatens these conclusions"), see=("tbl-bukti",)) if threats else None,
        Bullets(threats) if threats else None,
        None if evidence else Paragraph(say("unrated"), "note"),
    ]
    sources = [
        {"name": name, "role": source.role, "wave": source.wave, "file": source.file}
        for name, source in program.sources.items()
    ]
    details: Elements = [
        listed("sumber", sources, k),
        Paragraph(say(f"link.{program.link if len(sources) > 1 else 'one_file'}")),
        steps if steps not in elements else None,
        evidence,
        Heading(_("Quality of data")) if quality.problems else None,
        Bullets(list(quality.problems)) if quality.problems else None,
    ]
    return section("metodologi", elements, details=details)


def _threats(result: EvaluationResult) -> list[str]:
    """Each threat once, with the outcomes that it concerns where these are not all."""
    named: dict[str, list[str]] = {}
    for row in threats_of(result.rows):
        if row.note:
            named.setdefault(row.note, []).append(f"“{row.label}”")
    n = len(ratings_of(result.rows))
    return [
        text if len(labels) >= n else say("threat", threat=text, outcomes=join_words(labels))
        for text, labels in named.items()
    ]


def _sample(program: Program, result: EvaluationResult) -> Paragraph:
    analysed, reason = words.analysed(result.rows, program.privacy.min_cell)
    if analysed is None:
        return Paragraph(say("not_analysed", reason=reason.rstrip(".")), "note")
    text = plural("{n} person is in the analysis.", "{n} persons are in the analysis.", analysed)
    sentences = [text.format(n=count(analysed))]
    response = value_at(result.rows, "sample/response_rate_share")
    if response is not None:
        sentences.append(say("response", share=percent(response)))
    if program.population:
        sentences.append(_("Answers are weighted to the population."))
    return Paragraph(" ".join(sentences))


def section_efficiency(program: Program, result: EvaluationResult) -> Section:
    """Costs by category, cost of the effect, benefits in money."""
    k, costs, rows = program.privacy.min_cell, program.costs, result.rows
    money = record_of(rows, "efficiency")
    total, reason = money["total_cost_idr"], money["total_cost_idr_reason"]
    if costs is None or total is None:
        return section("efisiensi", [], words.why(reason, k) if reason else say("no_costs"))
    notes = [_loading(costs, money, k)]
    notes += [words.why(text, k) for text in texts_at(result.remarks, "efficiency", "money")]
    elements: list[Element | None] = [
        Paragraph(say("cost", year=costs.price_year, total=rupiah(total)), see=("tbl-pos-biaya",)),
        listed_fields("biaya", money, k),
        *(Paragraph(note, "note") for note in notes),
    ]
    details = [listed("pos-biaya", wide(rows, "efficiency/costs/*"), k)]
    if cost := record_of(rows, "efficiency/cost_per_unit_effect"):
        labels = {effect.outcome: effect.label for effect in effects_of(rows, "primary")}
        label = labels.get(cost["subject"], cost["subject"])
        elements.append(Paragraph(_per_effect(cost, label, k), see=("tbl-biaya-efek",)))
        details.append(listed("biaya-efek", _per_outcome(result), k))
    if benefits := wide(rows, "efficiency/benefits/*"):
        for benefit, declared in zip(benefits, costs.benefits, strict=True):
            benefit["isolation"] = declared.isolation
        cases = wide(rows, "efficiency/sensitivity/*")
        elements += [
            listed("kepekaan-manfaat", cases, k),
            Paragraph(say("benefits"), "note", ("tbl-manfaat",)) if cases else None,
        ]
        details.append(listed("manfaat", benefits, k))
    return section("efisiensi", elements, details=details)


def _loading(costs: Costs, money: Record, k: int) -> str:
    """What the costs hold, and the cost of a training hour."""
    text = say("time_included" if costs.participant_time is not None else "time_left_out")
    hour, reason = money["cost_per_jp_idr"], money["cost_per_jp_idr_reason"]
    if hour is not None:
        return f"{text} {say('hour', cost=rupiah(hour))}"
    return f"{text} {words.why(reason, k)}" if reason else text


def _per_effect(cost: Record, label: str, k: int) -> str:
    if cost["estimate"] is None:
        return say("no_unit_cost", reason=words.why(cost["reason"], k).rstrip("."))
    return say(
        "unit_cost", label=label, unit=cost["unit"], estimate=rupiah(cost["estimate"]),
        low=rupiah(cost["estimate_low"]), high=rupiah(cost["estimate_high"]),
    )  # fmt: skip


def _per_outcome(result: EvaluationResult) -> list[Record]:
    """Cost of a unit of each outcome's effect; none where all lack one for the same reason, which
    the chapter says."""
    items = wide(result.rows, "efficiency/cost_per_effect/*")
    if all(item["estimate"] is None for item in items) and len({i["reason"] for i in items}) == 1:
        return []
    drawn = wide(result.rows, "efficiency/cost_per_effect/*/bootstrap")
    for item, draws in zip(items, drawn, strict=True):
        item["outcome"] = _("{label} ({unit})").format(label=item["label"], unit=item["unit"])
        item["drawn_low"], item["drawn_high"] = draws["estimate_low"], draws["estimate_high"]
    return items
