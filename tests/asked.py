"""Which declared questions a result says nothing of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import evaluasi_lib as el

KINDS = ("category", "ordinal", "multi", "item", "number", "integer")


def unshown(program: el.Program, result: Mapping[str, Any]) -> set[str]:
    """Variables, as source/variable, that have no number in result.json and no word why."""
    declared = program.declared
    explained = {remark["id"] for remark in result["texts"]["remarks"]}
    told: set[tuple[str, ...]] = {tuple(row["id"].split("/")) for row in result["measures"]}
    subjects = {
        names[place]
        for names in told
        for part, place in (("answers", 3), ("scales", 4), ("participation", 2))
        if names[0] == part and len(names) > place
    }
    asked = {"/".join(names[1:3]) for names in told if names[0] == "asked"}
    plan, rule = declared.participation, declared.design.group
    if rule is not None and any(names[-1] == "n_comparison" for names in told):
        subjects.add(rule.variable)
    for part, variable in (
        ("barriers", plan and plan.barriers and plan.barriers.variable),
        ("dropout_reasons", plan and plan.dropout_reason),
    ):
        if variable and any(names[:2] == ("participation", part) for names in told):
            subjects.add(variable)
    return {
        place
        for source, said in declared.sources.items()
        if said.role != "events"
        for name, column in said.columns.items()
        if column.type in KINDS and name not in subjects
        and (place := f"{source}/{name}") not in asked and f"asked/{place}" not in explained
    }  # fmt: skip
