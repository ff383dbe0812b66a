"""What it cost, and what was had for it."""

from __future__ import annotations

from typing import Any

from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.elements import Element, Heading, Paragraph, Section, Table
from evaluasi_lib.reporting.figures_design import plot_cost_plane
from evaluasi_lib.reporting.sections.common import section
from evaluasi_lib.results import CostPerEffect, EvaluationResult
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, number, percent, rupiah


def section_efficiency(study: Study, result: EvaluationResult) -> Section:
    """Costs by category, cost of the effect, benefits in money."""
    title = _("Efficiency")
    k, costs = study.program.privacy.min_cell, study.program.costs
    part, details = result.efficiency, result.efficiency.details
    if costs is None or part.total_cost_idr is None:
        return section(
            "efisiensi", title, [],
            words.why(part.reason, k) if part.reason
            else _("The program declares no costs, so its efficiency cannot be judged."),
        )  # fmt: skip
    elements: list[Element | None] = [
        Paragraph(
            _("In prices of {year} the program cost {total}.").format(
                year=costs.price_year, total=rupiah(part.total_cost_idr)
            )
        ),
        tables.table_efficiency(part, k),
        Paragraph(_loading(details, k), "note"),
    ]
    if details.get("money_reason"):
        elements.append(Paragraph(words.why(details["money_reason"], k), "note"))
    elements.append(_cost_table(details.get("costs", []), k))
    cost = part.cost_per_unit_effect
    if cost is not None:
        effect = next((e for e in words.primary_effects(result) if e.outcome == cost.outcome), None)
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
    return section("efisiensi", title, elements, "")


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
    return (
        text
        + " "
        + _("(95% interval {low} to {high}).").format(
            low=rupiah(cost.ci_low), high=rupiah(cost.ci_high)
        )
    )


def _cost_table(costs: list[dict[str, Any]], k: int) -> Table | None:
    rows: list[tuple[list[tables.Cell], str | None]] = [
        (
            [
                c["label"], tables.figure_cell(c["planned_idr"], rupiah),
                tables.figure_cell(c["realised_idr"], rupiah),
                tables.figure_cell(c["absorption_share"], percent),
                tables.figure_cell(c["share_of_total"], percent),
            ],
            None,
        )
        for c in costs
    ]  # fmt: skip
    columns = [
        _("Category"), _("Planned"), _("Realised"), _("Absorbed"), _("Share of the total"),
    ]  # fmt: skip
    return tables.build("pos-biaya", _("Costs by category"), columns, rows, k)


def _per_outcome_table(items: list[dict[str, Any]], k: int) -> Table | None:
    rows: list[tuple[list[tables.Cell], str | None]] = [
        (
            [
                f"{c['label']} ({c['unit']})", tables.figure_cell(c["estimate"], rupiah),
                tables.between(c["ci_low"], c["ci_high"], rupiah),
                tables.between(c["bootstrap_ci_low"], c["bootstrap_ci_high"], rupiah),
            ],
            c["reason"],
        )
        for c in items
    ]  # fmt: skip
    columns = [
        _("Outcome"), _("Cost of one unit of effect"), _("95% interval (Fieller)"),
        _("95% interval (bootstrap)"),
    ]  # fmt: skip
    return tables.build("biaya-efek", _("Cost of one unit of effect"), columns, rows, k)


def _benefit_table(items: list[dict[str, Any]], k: int) -> Table | None:
    isolation = {
        "comparison_group": _("comparison group"),
        "trend": _("trend"),
        "participant_estimate": _("participants' own estimate"),
    }
    rows: list[tuple[list[tables.Cell], str | None]] = [
        (
            [
                b["label"], isolation.get(b["isolation"], b["isolation"]),
                tables.figure_cell(b["confidence_share"], percent),
                tables.figure_cell(b["per_person_idr"], rupiah),
                tables.figure_cell(b["total_idr"], rupiah),
            ],
            b["reason"],
        )
        for b in items
    ]  # fmt: skip
    columns = [
        _("Benefit"), _("Isolated by"), _("Confidence"), _("For each person"), _("Total"),
    ]  # fmt: skip
    return tables.build("manfaat", _("Benefits valued in money, first year"), columns, rows, k)


def _sensitivity_table(items: list[dict[str, Any]], k: int) -> Table | None:
    rows: list[tuple[list[tables.Cell], str | None]] = [
        (
            [
                s["assumption"], tables.figure_cell(s["cost_idr"], rupiah),
                tables.figure_cell(s["benefit_idr"], rupiah),
                tables.figure_cell(s["bcr"], number, 2),
                tables.figure_cell(s["roi_pct"], number, 1),
            ],
            None,
        )
        for s in items
    ]  # fmt: skip
    columns = [
        _("Assumption"), _("Cost"), _("Benefit"), _("Benefit-cost ratio"),
        _("Return on investment, %"),
    ]  # fmt: skip
    return tables.build("kepekaan-manfaat", _("If the assumptions were others"), columns, rows, k)
