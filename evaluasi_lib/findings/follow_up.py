"""What became of earlier recommendations, and how their indicators moved since.

An indicator is a path into a result such as scales/kepuasan/mean, participation/completion_share
or participation/barriers/beban_kerja/share. In a list, a part of the path names the record: a scale
(the program's group, at wave post, or as kepuasan@followup), an outcome (its primary estimate), a
barrier, theme, module or stage.

The change's interval comes from the two cycles' own intervals by MOVER (Zou & Donner 2008,
Statistics in Medicine 27:1693), which for two Wilson intervals is Newcombe's tenth method. It takes
the two cycles' participants as independent; persons who are in both make it too wide or narrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from statsmodels.stats.proportion import proportion_confint

from evaluasi_lib.findings.pointers import as_document
from evaluasi_lib.program import Program
from evaluasi_lib.results import EvaluationResult, FollowUp
from evaluasi_lib.wording import _, choose, digits_for, interval, number, percent, rupiah

LISTS = {
    "scales": "scale", "effects": "outcome", "evidence": "outcome", "barriers": "barrier",
    "drivers": "variable", "funnel": "stage", "modules": "module", "themes": "theme",
    "module_demand": "module",
}  # fmt: skip
LOWER_IS_BETTER = ("barriers", "cost", "std_error", "module_demand")


Document = dict[str, Any]  # a result as the mappings and lists of result.json


class Indicator(NamedTuple):
    """A value of one cycle with its 95% interval; both ends None where none is known."""

    value: float
    ci_low: float | None
    ci_high: float | None


def follow_up(
    program: Program, measured: EvaluationResult, history: Sequence[EvaluationResult]
) -> tuple[FollowUp, ...]:
    """Each earlier recommendation with its status and the change in its indicator.

    history: results of earlier cycles, oldest first.
    """
    cycles = [(r.program.cycle, as_document(r)) for r in (*history, measured)]
    found = []
    for item in program.earlier_recommendations:
        change = _change(item.indicator, item.from_cycle, cycles)
        known, reason = (change, None) if isinstance(change, dict) else (None, change)
        text = choose(item.text)
        found.append(FollowUp(item.id, item.from_cycle, text, item.status, known, reason))
    return tuple(found)


def _change(
    path: str | None, from_cycle: str, cycles: Sequence[tuple[str, Document]]
) -> dict[str, Any] | str:
    """How the indicator moved up to the last of the cycles, or why that cannot be told."""
    if path is None:
        return _("no indicator was named for this recommendation.")
    values = [(cycle, read_indicator(document, path)) for cycle, document in cycles]
    *earlier, (to_cycle, now) = values
    if not earlier:
        return _("the result of the earlier cycle is not available.")
    since, before = next((e for e in earlier if e[0] == from_cycle), earlier[-1])
    if before is None or now is None:
        return _("the indicator {indicator} has no value in cycle {cycle}.").format(
            indicator=path, cycle=since if before is None else to_cycle
        )
    low, high = difference_interval(before, now)
    change = {
        "indicator": path,
        "from_cycle": since,
        "to_cycle": to_cycle,
        "before": before.value,
        "after": now.value,
        "difference": now.value - before.value,
        "ci_low": low,
        "ci_high": high,
        "better_when": better_when(path, cycles[-1][1]),
        "trend": [{"cycle": c} | v._asdict() for c, v in values if v is not None],
        "reason": None if low is not None else _("the indicator has no interval."),
    }
    return change | {"sentence": _sentence(change)}


def _sentence(change: dict[str, Any]) -> str:
    """ "From 3.20 (2024) to 3.60 (2025): better; difference 0.40 (95% interval 0.10 to 0.70)." """
    share = change["indicator"].endswith("share")
    low, high = change["ci_low"], change["ci_high"]
    digits = digits_for(change["before"], change["after"])
    before, after = (
        percent(change[at]) if share else number(change[at], digits) for at in ("before", "after")
    )
    factor, digits = (100, 1) if share else (1, digits)
    difference = number(change["difference"] * factor, digits)
    if share:
        difference = _("{points} percentage points").format(points=difference)
    text = _("From {before} ({from_cycle}) to {after} ({to_cycle}), a difference of {difference}")
    text = text.format(
        before=before,
        after=after,
        difference=difference,
        from_cycle=change["from_cycle"],
        to_cycle=change["to_cycle"],
    )
    if low is None or high is None:
        return text + ". " + _("It has no interval, so chance cannot be ruled out.")
    ends = interval(low * factor, high * factor, digits)
    text += " " + _("(95% interval {interval})").format(interval=ends) + ". "
    if low <= 0 <= high:
        return text + _("The interval includes zero: no clear movement either way.")
    better = (low > 0) == (change["better_when"] == "higher")
    return text + (_("It moved in the wanted direction.") if better else _("It got worse."))


def difference_interval(
    before: Indicator, now: Indicator
) -> tuple[float, float] | tuple[None, None]:
    """95% interval of now - before from the two intervals (MOVER); None without both."""
    (a, a_low, a_high), (b, b_low, b_high) = before, now
    if a_low is None or a_high is None or b_low is None or b_high is None:
        return None, None
    return b - a - math.hypot(b - b_low, a_high - a), b - a + math.hypot(b_high - b, a - a_low)


def better_when(path: str, document: Document) -> str:
    """ "lower" for barriers, costs and outcomes declared so, else "higher"."""
    parts = path.split("/")
    if parts[0] == "effects" and len(parts) > 2 and parts[2] == "estimate":
        record = _named(document["effects"], "outcome", parts[1])
        return str(record["direction"]) if record else "higher"
    return "lower" if any(word in path for word in LOWER_IS_BETTER) else "higher"


def indicator_words(document: Document, path: str) -> str:
    """An indicator's name and its value now: "“High workload”: 53%"."""
    names = {
        "completion_share": _("completion"),
        "response_rate_share": _("response"),
        "cost_per_completer_idr": _("cost per completer"),
        "total_cost_idr": _("total cost"),
        "bcr": _("benefit-cost ratio"),
        "budget_absorption_share": _("use of the budget"),
    }
    parts = {"alpha": " " + _("(alpha)"), "std_error": " " + _("(standard error)")}
    field = path.rpartition("/")[2]
    label, found = _record(document, path).get("label"), read_indicator(document, path)
    name = names.get(field) or (f"“{label}”" if label else path)
    value = _shown(field, found.value) if found else _("not known yet")
    return f"{name}{parts.get(field, '')}: {value}"


def _shown(field: str, value: float) -> str:
    if field.endswith("_idr"):
        return rupiah(value)
    return percent(value) if field.endswith("share") else number(value, digits_for(value))


def read_indicator(document: Document, path: str) -> Indicator | None:
    """The indicator's value in one result, or None where it has none."""
    record, field = _record(document, path), path.rpartition("/")[2]
    value = record.get(field)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return Indicator(float(value), *_interval_of(record, field, float(value)))


def _record(document: Document, path: str) -> dict[str, Any]:
    """The mapping in which an indicator's last part lies; empty where there is none."""
    record: Any = document
    above = ""
    for part in path.strip("/").split("/")[:-1]:
        if isinstance(record, dict):
            record = record.get(part)
        elif isinstance(record, (list, tuple)):
            record = _named(record, LISTS.get(above, ""), part)
        above = part
    return record if isinstance(record, dict) else {}


def _named(records: Sequence[dict[str, Any]], key: str, name: str) -> dict[str, Any] | None:
    name, _at, wave = name.partition("@")
    found = [
        r for r in records
        if r.get(key) == name
        and r.get("group", "program") == "program" and r.get("role", "primary") == "primary"
    ]  # fmt: skip
    if key == "scale" and found:
        last = "post" if any(r["wave"] == "post" for r in found) else found[-1]["wave"]
        found = [r for r in found if r["wave"] == (wave or last)]
    return found[0] if found else None


def _interval_of(
    record: dict[str, Any], field: str, value: float
) -> tuple[float | None, float | None]:
    """The 95% interval that stands beside a value; Wilson's for completion and response."""
    n = record.get(
        {"completion_share": "enrolled", "response_rate_share": "invited"}.get(field, "")
    )
    if n:
        low, high = proportion_confint(round(value * n), n, method="wilson")
        return float(low), float(high)
    plain = dict.fromkeys(("mean", "share", "estimate", "ame"), "")
    named = {"alpha": "alpha_", "top2_share": "top2_", "effect_size_g": "g_"}
    start = (plain | named).get(field)
    if start is None:
        return None, None
    return record.get(f"{start}ci_low"), record.get(f"{start}ci_high")
