"""Which declared questions a result says nothing of."""

from __future__ import annotations

KINDS = ("category", "ordinal", "multi", "item", "number", "integer")
NAMED_AT = {"answers": 3, "scales": 4, "participation": 2}  # where an id has the variable


def unshown(program, result):
    """Variables, as source/variable, that have no number in result.json and no word why."""
    declared = program.declared
    told = {tuple(row["id"].split("/")) for row in result["measures"]}
    subjects = {n[p] for n in told if len(n) > (p := NAMED_AT.get(n[0], len(n)))}
    asked = {"/".join(names[1:3]) for names in told if names[0] == "asked"}
    asked |= {remark["id"].removeprefix("asked/") for remark in result["texts"]["remarks"]}
    plan, rule = declared.participation, declared.design.group
    if rule is not None and any(names[-1] == "n_comparison" for names in told):
        subjects.add(rule.variable)
    parts = {names[1] for names in told if names[0] == "participation" and len(names) > 1}
    if plan and plan.barriers and "barriers" in parts:
        subjects.add(plan.barriers.variable)
    if plan and "dropout_reasons" in parts:
        subjects.add(plan.dropout_reason)
    return {
        f"{source}/{name}"
        for source, said in declared.sources.items() if said.role != "events"
        for name, column in said.columns.items()
        if column.type in KINDS and name not in subjects and f"{source}/{name}" not in asked
    }  # fmt: skip
