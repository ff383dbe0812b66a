"""Recommendations: weaknesses matched with the catalogue's rules, in order of priority."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from fnmatch import fnmatchcase
from typing import Any

from evaluasi_lib.findings.follow_up import indicator_words
from evaluasi_lib.findings.pointers import as_document, record_of
from evaluasi_lib.findings.rules import RecommendationRule
from evaluasi_lib.findings.words import short_label
from evaluasi_lib.program import Program
from evaluasi_lib.results import EvaluationResult, Finding, Recommendation
from evaluasi_lib.wording import _, choose, join_words, percent

# Scores from which the impact of answering a weakness is 2, 3, 4, 5.
IMPACT_BANDS = (0.3, 0.45, 0.55, 0.7)


def recommend(
    program: Program,
    weaknesses: tuple[Finding, ...],
    result: EvaluationResult,
    rules: list[RecommendationRule],
) -> tuple[Recommendation, ...]:
    """One recommendation for each rule (or weakness, where the rule says so) that finds its cause.

    result: that in which the weaknesses' pointers resolve. details: impact, feasibility, score,
    rule, indicators (paths to watch) and watch (their names and values now, in words). Priority is
    impact (1-5, from the heaviest weakness's score) times feasibility (1-5): 25 is the highest.
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
            "impact": impact,
            "feasibility": rule.feasibility,
            "score": score,
            "rule": rule.id,
            "indicators": indicators,
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
        "interval": _("95% interval {low} to {high}").format(low=percent(low), high=percent(high)),
    }
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template
