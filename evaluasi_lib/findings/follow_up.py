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
from dataclasses import dataclass
from typing import Any

from statsmodels.stats.proportion import proportion_confint

from evaluasi_lib.findings.pointers import as_document
from evaluasi_lib.findings.words import digits_for
from evaluasi_lib.program import EarlierRecommendation, Program
from evaluasi_lib.results import EvaluationResult, FollowUp
from evaluasi_lib.wording import _, choose, interval, number, percent, rupiah

LISTS = {
    "scales": "scale", "effects": "outcome", "evidence": "outcome", "barriers": "barrier",
    "drivers": "variable", "funnel": "stage", "modules": "module", "themes": "theme",
    "module_demand": "module",
}  # fmt: skip
LOWER_IS_BETTER = ("barriers", "cost", "std_error", "module_demand")


@dataclass(frozen=True, slots=True)
class Indicator:
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
    return tuple(_followed(item, measured, history) for item in program.earlier_recommendations)


def _followed(
    item: EarlierRecommendation, measured: EvaluationResult, history: Sequence[EvaluationResult]
) -> FollowUp:
    change, reason = _change(item, measured, history)
    return FollowUp(
        id=item.id,
        from_cycle=item.from_cycle,
        text=choose(item.text),
        status=item.status,
        change=change,
        reason=reason,
    )


def _change(
    item: EarlierRecommendation, measured: EvaluationResult, history: Sequence[EvaluationResult]
) -> tuple[dict[str, Any] | None, str | None]:
    if item.indicator is None:
        return None, _("no indicator was named for this recommendation.")
    if not history:
        return None, _("the result of the earlier cycle is not available.")
    since = next((r for r in history if r.program.cycle == item.from_cycle), history[-1])
    before, now = read_indicator(since, item.indicator), read_indicator(measured, item.indicator)
    if before is None or now is None:
        cycle = since.program.cycle if before is None else measured.program.cycle
        return None, _("the indicator {indicator} has no value in cycle {cycle}.").format(
            indicator=item.indicator, cycle=cycle
        )
    low, high = difference_interval(before, now)
    trend = [(r.program.cycle, read_indicator(r, item.indicator)) for r in (*history, measured)]
    change = {
        "indicator": item.indicator,
        "from_cycle": since.program.cycle,
        "to_cycle": measured.program.cycle,
        "before": before.value,
        "after": now.value,
        "difference": now.value - before.value,
        "ci_low": low,
        "ci_high": high,
        "better_when": better_when(item.indicator, measured),
        "trend": [
            {"cycle": cycle, "value": v.value, "ci_low": v.ci_low, "ci_high": v.ci_high}
            for cycle, v in trend
            if v is not None
        ],
        "reason": None if low is not None else _("the indicator has no interval."),
    }
    return change | {"sentence": _sentence(change)}, None


def _sentence(change: dict[str, Any]) -> str:
    """ "From 3.20 (2024) to 3.60 (2025): better; difference 0.40 (95% interval 0.10 to 0.70)." """
    share = change["indicator"].endswith("share")
    values = (change["before"], change["after"], change["difference"])
    low, high = change["ci_low"], change["ci_high"]
    digits = digits_for(*values[:2])

    def shown(value: float) -> str:
        return percent(value) if share else number(value, digits)

    text = _("From {before} ({from_cycle}) to {after} ({to_cycle}), a difference of {difference}")
    text = text.format(
        before=shown(values[0]),
        after=shown(values[1]),
        difference=_("{points} percentage points").format(points=number(values[2] * 100, 1))
        if share
        else number(values[2], digits),
        from_cycle=change["from_cycle"],
        to_cycle=change["to_cycle"],
    )
    if low is None or high is None:
        return text + ". " + _("It has no interval, so chance cannot be ruled out.")
    factor = 100 if share else 1
    ends = interval(low * factor, high * factor, 1 if share else digits)
    text += " " + _("(95% interval {interval})").format(interval=ends) + ". "
    if low <= 0 <= high:
        return text + _("The interval includes zero: no clear movement either way.")
    better = (low > 0) == (change["better_when"] == "higher")
    return text + (_("It moved in the wanted direction.") if better else _("It got worse."))


def difference_interval(
    before: Indicator, now: Indicator
) -> tuple[float, float] | tuple[None, None]:
    """95% interval of now - before from the two intervals (MOVER); None without both."""
    ends = (before.ci_low, before.ci_high, now.ci_low, now.ci_high)
    if any(end is None for end in ends):
        return None, None
    a_low, a_high, b_low, b_high = (float(end) for end in ends if end is not None)
    difference = now.value - before.value
    below = math.hypot(now.value - b_low, a_high - before.value)
    above = math.hypot(b_high - now.value, before.value - a_low)
    return difference - below, difference + above


def better_when(path: str, result: EvaluationResult) -> str:
    """ "lower" for barriers, costs and outcomes declared so, else "higher"."""
    parts = path.split("/")
    if parts[0] == "effects" and len(parts) > 2 and parts[2] == "estimate":
        return next((e.direction for e in result.effects if e.outcome == parts[1]), "higher")
    return "lower" if any(word in path for word in LOWER_IS_BETTER) else "higher"


def indicator_words(result: EvaluationResult, path: str) -> str:
    """An indicator's name and its value now: "“High workload”: 53%"."""
    names = {
        "completion_share": _("completion"),
        "response_rate_share": _("response"),
        "cost_per_completer_idr": _("cost per completer"),
        "total_cost_idr": _("total cost"),
        "bcr": _("benefit-cost ratio"),
        "budget_absorption_share": _("use of the budget"),
    }
    field = path.rpartition("/")[2]
    record, found = _record(result, path), read_indicator(result, path)
    label = (record or {}).get("label")
    name = names.get(field) or (f"“{label}”" if label else path)
    if field == "alpha":
        name += " " + _("(alpha)")
    elif field == "std_error":
        name += " " + _("(standard error)")
    return f"{name}: {_shown(field, found.value) if found else _('not known yet')}"


def _shown(field: str, value: float) -> str:
    if field.endswith("_idr"):
        return rupiah(value)
    return percent(value) if field.endswith("share") else number(value, digits_for(value))


def read_indicator(result: EvaluationResult, path: str) -> Indicator | None:
    """The indicator's value in one result, or None where it has none."""
    record, field = _record(result, path), path.rpartition("/")[2]
    value = record.get(field) if record else None
    if record is None or not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return Indicator(float(value), *_interval_of(record, field, float(value)))


def _record(result: EvaluationResult, path: str) -> dict[str, Any] | None:
    """The mapping in which an indicator's last part lies."""
    parents = path.strip("/").split("/")[:-1]
    record: Any = as_document(result)
    for i, part in enumerate(parents):
        if isinstance(record, dict):
            record = record.get(part)
        elif isinstance(record, (list, tuple)):
            record = _named(record, LISTS.get(parents[i - 1], ""), part)
    return record if isinstance(record, dict) else None


def _named(records: Sequence[dict[str, Any]], key: str, name: str) -> dict[str, Any] | None:
    name, _at, wave = name.partition("@")
    found = [r for r in records if r.get(key) == name]
    found = [r for r in found if r.get("group", "program") == "program"]
    found = [r for r in found if r.get("role", "primary") == "primary"]
    if key == "scale":
        last = found[-1]["wave"] if found else ""
        wanted = wave or ("post" if any(r["wave"] == "post" for r in found) else last)
        found = [r for r in found if r["wave"] == wanted]
    return found[0] if found else None


def _interval_of(
    record: dict[str, Any], field: str, value: float
) -> tuple[float | None, float | None]:
    """The 95% interval that stands beside a value; Wilson's for completion and response."""
    if field in ("mean", "share", "estimate", "ame"):
        return record.get("ci_low"), record.get("ci_high")
    if field in ("alpha", "top2_share"):
        name = field.removesuffix("_share")
        return record.get(f"{name}_ci_low"), record.get(f"{name}_ci_high")
    if field == "effect_size_g":
        return record.get("g_ci_low"), record.get("g_ci_high")
    whole = {"completion_share": "enrolled", "response_rate_share": "invited"}.get(field)
    n = record.get(whole) if whole else None
    if n:
        low, high = proportion_confint(round(value * n), n, method="wilson")
        return float(low), float(high)
    return None, None
