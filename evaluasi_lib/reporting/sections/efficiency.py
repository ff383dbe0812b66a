"""What it cost, and what was had for it."""

from __future__ import annotations

from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.elements import Element, Paragraph, Section
from evaluasi_lib.reporting.sections.common import section
from evaluasi_lib.results import CostPerEffect, EvaluationResult
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose, percent, rupiah


def section_efficiency(study: Study, result: EvaluationResult) -> Section:
    title = _("Efficiency")
    k, costs = study.program.privacy.min_cell, study.program.costs
    part = result.efficiency
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
        Paragraph(_per_effect(part.cost_per_unit_effect, k)) if part.cost_per_unit_effect else None,
    ]
    rows: list[tuple[list[tables.Cell], str | None]] = [
        (
            [
                choose(item.label) or item.category.replace("_", " "),
                tables.figure_cell(item.planned_idr, rupiah),
                (rupiah(item.realised_idr), item.realised_idr),
                tables.figure_cell(
                    item.realised_idr / item.planned_idr if item.planned_idr else None, percent
                ),
            ],
            None,
        )
        for item in costs.items
    ]
    columns = [_("Category"), _("Planned"), _("Realised"), _("Absorbed")]
    elements.append(tables.build("pos-biaya", _("Costs by category"), columns, rows, k))
    return section("efisiensi", title, elements, "")


def _per_effect(cost: CostPerEffect, k: int) -> str:
    if cost.estimate is None:
        return _("Cost per unit of effect: {reason}.").format(
            reason=words.why(cost.reason, k).rstrip(".")
        )
    text = _("One unit of effect ({unit}) cost {estimate}").format(
        unit=cost.unit, estimate=rupiah(cost.estimate)
    )
    if cost.ci_low is None or cost.ci_high is None:
        return f"{text}. {words.why(cost.reason, k) if cost.reason else ''}".strip()
    return text + _(" (95% interval {low} to {high}).").format(
        low=rupiah(cost.ci_low), high=rupiah(cost.ci_high)
    )
