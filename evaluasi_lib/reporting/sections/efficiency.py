"""What it cost, and what was had for it."""

from __future__ import annotations

from typing import Any

from evaluasi_lib.effects import effects_of
from evaluasi_lib.program import Program
from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.columns import CI, Column, table
from evaluasi_lib.reporting.elements import Element, Heading, Paragraph, Section, Table, section
from evaluasi_lib.reporting.figures import plot_cost_plane
from evaluasi_lib.results import CostPerEffect, EvaluationResult
from evaluasi_lib.wording import _, rupiah


def section_efficiency(program: Program, result: EvaluationResult) -> Section:
    """Costs by category, cost of the effect, benefits in money."""
    k, costs = program.privacy.min_cell, program.costs
    part, details = result.efficiency, result.efficiency.details
    if costs is None or part.total_cost_idr is None:
        none = _("The program declares no costs, so its efficiency cannot be judged.")
        return section("efisiensi", [], words.why(part.reason, k) if part.reason else none)
    text = _("In prices of {year} the program cost {total}.")
    elements: list[Element | None] = [
        Paragraph(text.format(year=costs.price_year, total=rupiah(part.total_cost_idr))),
        tables.table_efficiency(part, k),
        Paragraph(_loading(details, k), "note"),
    ]
    if details.get("money_reason"):
        elements.append(Paragraph(words.why(details["money_reason"], k), "note"))
    elements.append(_cost_table(details.get("costs", []), k))
    cost = part.cost_per_unit_effect
    if cost is not None:
        effect = next(
            (e for e in effects_of(result.rows, "primary") if e.outcome == cost.outcome), None
        )
        elements += [
            Heading(_("What the effect costs")),
            Paragraph(_per_effect(cost, effect.label if effect else cost.outcome, k)),
            plot_cost_plane(effect, cost, part.cost_per_participant_idr) if effect else None,
            _per_outcome_table(details.get("cost_per_effect", []), k),
        ]
    if details.get("benefits"):
        elements += [
            Heading(_("What it brings in money")),
            _benefit_table(details["benefits"], k),
            _sensitivity_table(details.get("sensitivity", []), k),
            Paragraph(str(details["money_note"]), "note") if details.get("money_note") else None,
        ]
    return section("efisiensi", elements)


def _loading(details: dict[str, Any], k: int) -> str:
    """What the costs hold, and the cost of a training hour."""
    if details.get("fully_loaded"):
        text = _("Participants' working time is included.")
    else:
        text = _("Participants' working time is not declared, so it is not included.")
    hour, reason = details.get("cost_per_jp_idr"), details.get("jp_reason")
    if hour is not None:
        return f"{text} " + _("One training hour (JP) of one participant costs {cost}.").format(
            cost=rupiah(hour)
        )
    return f"{text} {words.why(reason, k)}" if reason else text


def _per_effect(cost: CostPerEffect, label: str, k: int) -> str:
    if cost.estimate is None:
        return _("Cost per unit of effect: {reason}.").format(
            reason=words.why(cost.reason, k).rstrip(".")
        )
    text = _("One unit of effect on {label} ({unit}) costs {estimate}").format(
        label=label, unit=cost.unit, estimate=rupiah(cost.estimate)
    )
    if cost.ci_low is None or cost.ci_high is None:
        return f"{text}. {words.why(cost.reason, k) if cost.reason else ''}".strip()
    between = _("(95% interval {low} to {high}).")
    return f"{text} {between.format(low=rupiah(cost.ci_low), high=rupiah(cost.ci_high))}"


def _cost_table(costs: list[dict[str, Any]], k: int) -> Table | None:
    columns = [
        Column(_("Category"), "label"),
        Column(_("Planned"), "planned_idr", "Rp"),
        Column(_("Realised"), "realised_idr", "Rp"),
        Column(_("Absorbed"), "absorption_share", "%"),
        Column(_("Share of the total"), "share_of_total", "%"),
    ]
    return table("pos-biaya", _("Costs by category"), costs, columns, k)


def _per_outcome_table(items: list[dict[str, Any]], k: int) -> Table | None:
    columns = [
        Column(_("Outcome"), lambda c: f"{c['label']} ({c['unit']})"),
        Column(_("Cost of one unit of effect"), "estimate", "Rp"),
        Column(_("95% interval (Fieller)"), CI, "Rp"),
        Column(_("95% interval (bootstrap)"), ("bootstrap_ci_low", "bootstrap_ci_high"), "Rp"),
    ]
    return table("biaya-efek", _("Cost of one unit of effect"), items, columns, k)


def _benefit_table(items: list[dict[str, Any]], k: int) -> Table | None:
    columns = [
        Column(_("Benefit"), "label"),
        Column(_("Isolated by"), "isolation", "isolation"),
        Column(_("Confidence"), "confidence_share", "%"),
        Column(_("For each person"), "per_person_idr", "Rp"),
        Column(_("Total"), "total_idr", "Rp"),
    ]
    return table("manfaat", _("Benefits valued in money, first year"), items, columns, k)


def _sensitivity_table(items: list[dict[str, Any]], k: int) -> Table | None:
    columns = [
        Column(_("Assumption"), "assumption"),
        Column(_("Cost"), "cost_idr", "Rp"),
        Column(_("Benefit"), "benefit_idr", "Rp"),
        Column(_("Benefit-cost ratio"), "bcr", "2"),
        Column(_("Return on investment, %"), "roi_pct", "1"),
    ]
    return table("kepekaan-manfaat", _("If the assumptions were others"), items, columns, k)
