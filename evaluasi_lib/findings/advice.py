"""What to do, and what became of what was recommended before.

Recommendations: weaknesses matched with the catalogue's rules, in order of priority.

An indicator to watch is a path into a result such as scales/kepuasan/mean or
participation/barriers/beban_kerja/share. In a list, a part of the path names the record: a scale
(the program's group, at wave post, or as kepuasan@followup), an outcome (its primary estimate), a
barrier, theme, module or stage. Evidence of a finding is a JSON pointer (RFC 6901).

The change's interval comes from the two cycles' own intervals by MOVER (Zou & Donner 2008,
Statistics in Medicine 27:1693), which for two Wilson intervals is Newcombe's tenth method. It takes
the two cycles' participants as independent; persons who are in both make it too wide or narrow.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from bisect import bisect_right
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from statsmodels.stats.proportion import proportion_confint

from evaluasi_lib.findings.observe import short_label
from evaluasi_lib.findings.rules import RecommendationRule, say
from evaluasi_lib.program import Program
from evaluasi_lib.results import EvaluationResult, Finding, FollowUp, Recommendation
from evaluasi_lib.wording import choose, digits_for, interval, join_words, number, percent, rupiah

# Scores from which the impact of answering a weakness is 2, 3, 4, 5.
IMPACT_BANDS = (0.3, 0.45, 0.55, 0.7)
LISTS = {
    "scales": "scale", "effects": "outcome", "evidence": "outcome", "barriers": "barrier",
    "drivers": "variable", "funnel": "stage", "modules": "module", "themes": "theme",
    "module_demand": "module",
}  # fmt: skip
LOWER_IS_BETTER = ("barriers", "cost", "std_error", "module_demand")
# Start of the names of the ends of a value's 95% interval; or the n of which it is a share.
INTERVALS = {
    "mean": "", "share": "", "estimate": "", "ame": "", "alpha": "alpha_", "top2_share": "top2_",
    "effect_size_g": "g_",
}  # fmt: skip
WHOLE = {"completion_share": "enrolled", "response_rate_share": "invited"}

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
        return say("no_indicator")
    *earlier, (to_cycle, now) = values = [(c, read_indicator(d, path)) for c, d in cycles]
    if not earlier:
        return say("no_earlier_result")
    since, before = next((e for e in earlier if e[0] == from_cycle), earlier[-1])
    if before is None or now is None:
        return say("no_value", indicator=path, cycle=since if before is None else to_cycle)
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
        "reason": None if low is not None else say("no_interval"),
    }
    return change | {"sentence": _sentence(change)}


def _sentence(change: dict[str, Any]) -> str:
    """ "From 3.20 (2024) to 3.60 (2025): better; difference 0.40 (95% interval 0.10 to 0.70)." """
    low, high = change["ci_low"], change["ci_high"]
    digits, factor = digits_for(change["before"], change["after"]), 1
    before, after = (number(change[at], digits) for at in ("before", "after"))
    if share := change["indicator"].endswith("share"):
        before, after = percent(change["before"]), percent(change["after"])
        digits, factor = 1, 100
    difference = number(change["difference"] * factor, digits)
    if share:
        difference = say("points", points=difference)
    text = say(
        "moved", before=before, after=after, difference=difference,
        from_cycle=change["from_cycle"], to_cycle=change["to_cycle"],
    )  # fmt: skip
    if low is None or high is None:
        return f"{text}. {say('moved.by_chance')}"
    better = (low > 0) == (change["better_when"] == "higher")
    how = "moved.not" if low <= 0 <= high else "moved.better" if better else "moved.worse"
    ends = say("moved.interval", interval=interval(low * factor, high * factor, digits))
    return f"{text} {ends}. {say(how)}"


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
    field = path.rpartition("/")[2]
    label, found = _record(document, path).get("label"), read_indicator(document, path)
    # Some numbers have a name of their own; others are a part of what the record is about.
    own, part = f"indicator.{field}", f"part.{field}"
    name = say(own) if own in say.rows else f"“{label}”" if label else path
    name += f" {say(part)}" if part in say.rows else ""
    return f"{name}: {_shown(field, found.value) if found else say('not_known_yet')}"


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
    if n := record.get(WHOLE.get(field, "")):
        low, high = proportion_confint(round(value * n), n, method="wilson")
        return float(low), float(high)
    start = INTERVALS.get(field)
    if start is None:
        return None, None
    return record.get(f"{start}ci_low"), record.get(f"{start}ci_high")


def recommend(
    program: Program,
    weaknesses: tuple[Finding, ...],
    result: EvaluationResult,
    rules: list[RecommendationRule],
) -> tuple[Recommendation, ...]:
    """One recommendation for each rule (or weakness, where the rule says so) that finds its cause.

    result: that in which the weaknesses' pointers resolve. details: score, and watch (names and
    values now of what to watch, in words). Priority is impact (1-5, from the heaviest weakness's
    score) times feasibility (1-5): 25 is the highest.
    """
    document = as_document(result)
    groups: dict[tuple[str, str], list[Finding]] = {}
    chosen = {}
    for finding in weaknesses:
        if rule := _rule_for(finding, rules):
            chosen[rule.id] = rule
            groups.setdefault((rule.id, finding.id if rule.each else ""), []).append(finding)
    found = [
        _recommendation(program, chosen[rule_id], group, document)
        for (rule_id, _each), group in groups.items()
    ]
    return tuple(sorted(found, key=lambda r: (-r.priority, -r.details["score"], r.id)))


def _rule_for(finding: Finding, rules: list[RecommendationRule]) -> RecommendationRule | None:
    """The rule that answers a finding: the first with a fitting pattern, else the first general."""
    kind, _dot, subject = finding.id.partition(".")
    of_kind = [r for r in rules if r.kind == kind]
    low = subject.casefold()
    fitting = (r for r in of_kind if any(fnmatchcase(low, p.casefold()) for p in r.subject))
    return next(fitting, None) or next((r for r in of_kind if not r.subject), None)


def _recommendation(
    program: Program, rule: RecommendationRule, group: list[Finding], document: dict[str, Any]
) -> Recommendation:
    score = max(f.score for f in group)
    impact = 1 + bisect_right(IMPACT_BANDS, score)
    subjects = [f.id.partition(".")[2] for f in group]
    indicators = [rule.indicator.replace("{subject}", s) for s in subjects if rule.indicator]
    due = program.period.end + dt.timedelta(days=rule.due_days) if program.period else None
    return Recommendation(
        id=f"{rule.id}.{subjects[0]}" if rule.each else rule.id,
        text=_filled(program, choose(rule.text), group, document),
        priority=impact * rule.feasibility,
        addresses=tuple(f.id for f in group),
        owner=choose(rule.owner),
        due=due,
        status="proposed",
        details={
            "score": score,
            "watch": [indicator_words(document, path) for path in indicators],
        },
    )


def _labels(program: Program, finding: Finding, document: dict[str, Any]) -> list[str]:
    """Names, in quotation marks, of what the weakness's pointers point at; else its own subject."""
    named = {o.id: choose(o.label) for o in program.outcomes}
    named |= {q.id: choose(q.text) for q in program.questions}
    kind, _dot, subject = finding.id.partition(".")
    # The second number of an access gap belongs to the group that is ahead.
    records = [record_of(document, p) for p in finding.evidence[: 1 if kind == "access" else None]]
    found = [r.get("label") or named.get(r.get("outcome", "")) or r.get("text") for r in records]
    labels = list(filter(None, found)) or [named.get(subject, subject.replace("_", " "))]
    return [f"“{short_label(str(label)).rstrip('.')}”" for label in dict.fromkeys(labels)]


def _filled(program: Program, template: str, group: list[Finding], document: dict[str, Any]) -> str:
    """The text with its placeholders filled; braces that no rule may use stay as they are."""
    labels = list(dict.fromkeys(x for f in group for x in _labels(program, f, document)))
    record = record_of(document, group[0].evidence[0])
    low, high = record.get("ci_low"), record.get("ci_high")
    values = {
        "label": labels[0],
        "labels": join_words(labels),
        "share": percent(record.get("share")),
        "interval": say("interval", low=percent(low), high=percent(high)),
    }
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template


def as_document(result: EvaluationResult) -> dict[str, Any]:
    """The result as the mappings and lists of result.json, dates still as dates."""
    return dataclasses.asdict(result)


def resolve(document: Any, path: str) -> Any:
    """What the pointer points at. Raises KeyError where there is nothing."""
    if path and not path.startswith("/"):
        raise KeyError(path)
    value = document
    for raw in path.split("/")[1:]:
        part = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, (list, tuple)) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise KeyError(path)
    return value


def record_of(document: Any, path: str) -> dict[str, Any]:
    """The nearest mapping that holds what the pointer points at (itself, when it is one)."""
    while True:
        value = resolve(document, path)
        if isinstance(value, dict):
            return value
        path = path.rpartition("/")[0]
