"""What it cost, and what was had for it."""

from __future__ import annotations

from evaluasi_lib.effects import effects_of
from evaluasi_lib.measures import Record, record_of, texts_at, wide
from evaluasi_lib.program import Costs, Program
from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.columns import Column, table
from evaluasi_lib.reporting.elements import Element, Paragraph, Section, Table, section
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.wording import _, rupiah


def section_efficiency(program: Program, result: EvaluationResult) -> Section:
    """Costs by category, cost of the effect, benefits in money."""
    k, costs, rows = program.privacy.min_cell, program.costs, result.rows
    money = record_of(rows, "efficiency")
    total = money["total_cost_idr"]
    if costs is None or total is None:
        none = _("The program declares no costs, so its efficiency cannot be judged.")
        reason = money["total_cost_idr_reason"]
        return section("efisiensi", [], words.why(reason, k) if reason else none)
    text = _("In prices of {year} the program cost {total}.")
    text = text.format(year=costs.price_year, total=rupiah(total))
    elements: list[Element | None] = [
        Paragraph(text, see=("tbl-pos-biaya",)),
        tables.table_efficiency(money, k),
        Paragraph(_loading(costs, money, k), "note"),
        *(
            Paragraph(words.why(text, k), "note")
            for text in texts_at(result.remarks, "efficiency", "money")
        ),
    ]
    details: list[Element | None] = [_cost_table(wide(rows, "efficiency/costs/*"), k)]
    if cost := record_of(rows, "efficiency/cost_per_unit_effect"):
        labels = {effect.outcome: effect.label for effect in effects_of(rows, "primary")}
        label = labels.get(cost["subject"], cost["subject"])
        elements.append(Paragraph(_per_effect(cost, label, k), see=("tbl-biaya-efek",)))
        details.append(_per_outcome_table(result, k))
    if benefits := wide(rows, "efficiency/benefits/*"):
        for benefit, declared in zip(benefits, costs.benefits, strict=True):
            benefit["isolation"] = declared.isolation
        cases = wide(rows, "efficiency/sensitivity/*")
        note = _("Only benefits declared in money are counted, and only those of the first year.")
        elements += [
            _sensitivity_table(cases, k),
            Paragraph(note, "note", ("tbl-manfaat",)) if cases else None,
        ]
        details.append(_benefit_table(benefits, k))
    return section("efisiensi", elements, details=details)


def _loading(costs: Costs, money: Record, k: int) -> str:
    """What the costs hold, and the cost of a training hour."""
    if costs.participant_time is not None:
        text = _("Participants' working time is included.")
    else:
        text = _("Participants' working time is not declared, so it is not included.")
    hour, reason = money["cost_per_jp_idr"], money["cost_per_jp_idr_reason"]
    if hour is not None:
        return f"{text} " + _("One training hour (JP) of one participant costs {cost}.").format(
            cost=rupiah(hour)
        )
    return f"{text} {words.why(reason, k)}" if reason else text


def _per_effect(cost: Record, label: str, k: int) -> str:
    if cost["estimate"] is None:
        return _("Cost per unit of effect: {reason}.").format(
            reason=words.why(cost["reason"], k).rstrip(".")
        )
    text = _("One unit of effect on {label} ({unit}) costs {estimate}").format(
        label=label, unit=cost["unit"], estimate=rupiah(cost["estimate"])
    )
    interval = _("(95% interval {low} to {high}).").format(
        low=rupiah(cost["estimate_low"]), high=rupiah(cost["estimate_high"])
    )
    return f"{text} {interval}"


def _cost_table(costs: list[Record], k: int) -> Table | None:
    columns = [
        Column(_("Category"), "label"),
        Column(_("Planned"), "planned_idr", "Rp"),
        Column(_("Realised"), "realised_idr", "Rp"),
        Column(_("Absorbed"), "absorption_share", "%"),
        Column(_("Share of the total"), "share_of_total", "%"),
    ]
    return table("pos-biaya", _("Costs by category"), costs, columns, k)


def _per_outcome_table(result: EvaluationResult, k: int) -> Table | None:
    """None where no outcome has one for the same reason, which the chapter says."""
    items = wide(result.rows, "efficiency/cost_per_effect/*")
    if all(item["estimate"] is None for item in items) and len({i["reason"] for i in items}) == 1:
        return None
    drawn = wide(result.rows, "efficiency/cost_per_effect/*/bootstrap")
    for item, draws in zip(items, drawn, strict=True):
        item["drawn_low"], item["drawn_high"] = draws["estimate_low"], draws["estimate_high"]
    columns = [
        Column(_("Outcome"), lambda c: f"{c['label']} ({c['unit']})"),
        Column(_("Cost of one unit of effect"), "estimate", "Rp"),
        Column(_("95% interval (Fieller)"), ("estimate_low", "estimate_high"), "Rp"),
        Column(_("95% interval (bootstrap)"), ("drawn_low", "drawn_high"), "Rp"),
    ]
    return table("biaya-efek", _("Cost of one unit of effect"), items, columns, k)


def _benefit_table(items: list[Record], k: int) -> Table | None:
    columns = [
        Column(_("Benefit"), "label"),
        Column(_("Isolated by"), "isolation", "isolation"),
        Column(_("Confidence"), "confidence_share", "%"),
        Column(_("For each person"), "per_person_idr", "Rp"),
        Column(_("Total"), "total_idr", "Rp"),
    ]
    return table("manfaat", _("Benefits valued in money, first year"), items, columns, k)


def _sensitivity_table(items: list[Record], k: int) -> Table | None:
    columns = [
        Column(_("Assumption"), "label"),
        Column(_("Cost"), "cost_idr", "Rp"),
        Column(_("Benefit"), "benefit_idr", "Rp"),
        Column(_("Benefit-cost ratio"), "bcr", "2"),
        Column(_("Return on investment, %"), "roi_pct", "1"),
    ]
    return table("kepekaan-manfaat", _("If the assumptions were others"), items, columns, k)
