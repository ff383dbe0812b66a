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
    found = [
        _recommendation(program, rule, group, result)
        for rule in rules
        for group in _groups(rule, [w for w in weaknesses if _chosen(w, rules, rule)])
    ]
    return tuple(sorted(found, key=lambda r: (-r.priority, -r.details["score"], r.id)))


def subject_of(finding: Finding) -> tuple[str, str]:
    """("barrier", "beban_kerja") of the id barrier.beban_kerja."""
    kind, _dot, subject = finding.id.partition(".")
    return kind, subject


def _chosen(finding: Finding, rules: list[RecommendationRule], rule: RecommendationRule) -> bool:
    """Whether the rule answers the finding: rules with a fitting pattern win over general ones."""
    kind, subject = subject_of(finding)
    if rule.kind != kind:
        return False
    of_kind = [r for r in rules if r.kind == kind]
    fitting = [r for r in of_kind if _fits(r, subject)]
    general = [r for r in of_kind if not r.subject]
    return rule == next(iter(fitting + general), None)


def _fits(rule: RecommendationRule, subject: str) -> bool:
    return any(fnmatchcase(subject.casefold(), pattern.casefold()) for pattern in rule.subject)


def _groups(rule: RecommendationRule, findings: list[Finding]) -> list[list[Finding]]:
    if not findings:
        return []
    return [[f] for f in findings] if rule.each else [findings]


def _recommendation(
    program: Program, rule: RecommendationRule, group: list[Finding], result: EvaluationResult
) -> Recommendation:
    score = max(f.score for f in group)
    impact = 1 + bisect_right(IMPACT_BANDS, score)
    subjects = [subject_of(f)[1] for f in group]
    indicators = [rule.indicator.replace("{subject}", s) for s in subjects if rule.indicator]
    due = program.period.end + dt.timedelta(days=rule.due_days) if program.period else None
    return Recommendation(
        id=f"{rule.id}.{subjects[0]}" if rule.each else rule.id,
        text=_filled(program, choose(rule.text), group, as_document(result)),
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
            "watch": [indicator_words(result, path) for path in indicators],
        },
    )


def _labels(program: Program, finding: Finding, document: dict[str, Any]) -> list[str]:
    """Names, in quotation marks, of what the weakness's pointers point at; else its own subject."""
    named = {o.id: choose(o.label) for o in program.outcomes}
    named |= {q.id: choose(q.text) for q in program.questions}
    found = []
    kind, subject = subject_of(finding)
    # The second number of an access gap belongs to the group that is ahead.
    for path in finding.evidence[: 1 if kind == "access" else None]:
        record = record_of(document, path)
        label = record.get("label") or named.get(record.get("outcome", "")) or record.get("text")
        found += [label] if label else []
    chosen = list(dict.fromkeys(found)) or [named.get(subject, subject.replace("_", " "))]
    return [f"“{short_label(str(label)).rstrip('.')}”" for label in chosen]


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
