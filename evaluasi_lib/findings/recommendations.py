"""Recommendations: weaknesses matched with the catalogue's rules, in order of priority."""

from __future__ import annotations

import datetime as dt
from fnmatch import fnmatchcase
from typing import Any

from evaluasi_lib.findings.pointers import record_of
from evaluasi_lib.findings.rules import RecommendationRule
from evaluasi_lib.program import Program
from evaluasi_lib.results import Finding, Recommendation
from evaluasi_lib.wording import _, choose, join_words, percent


def recommend(
    program: Program,
    weaknesses: tuple[Finding, ...],
    document: dict[str, Any],
    rules: list[RecommendationRule],
) -> tuple[Recommendation, ...]:
    """One recommendation for each rule (or weakness, where the rule says so) that finds its cause.

    document: the result as of result.json, in which the weaknesses' pointers resolve. Priority is
    impact (1-5, from the heaviest weakness's score) times feasibility (1-5): 25 is the highest.
    """
    found = [
        _recommendation(program, rule, group, document)
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
    program: Program, rule: RecommendationRule, group: list[Finding], document: dict[str, Any]
) -> Recommendation:
    score = max(f.score for f in group)
    impact = 1 + min(4, int(score * 5))
    subjects = [subject_of(f)[1] for f in group]
    due = program.period.end + dt.timedelta(days=rule.due_days) if program.period else None
    return Recommendation(
        id=f"{rule.id}.{subjects[0]}" if rule.each else rule.id,
        text=_filled(choose(rule.text), [_context(program, f, document) for f in group]),
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
            "indicators": [rule.indicator.replace("{subject}", s) for s in subjects]
            if rule.indicator
            else [],
        },
    )


def _context(program: Program, finding: Finding, document: dict[str, Any]) -> dict[str, str]:
    """label, share and interval of the record that a weakness's first pointer lies in."""
    record = record_of(document, finding.evidence[0])
    _kind, subject = subject_of(finding)
    label = record.get("label") or next(
        (choose(o.label) for o in program.outcomes if o.id == subject), None
    )
    label = label or next((choose(q.text) for q in program.questions if q.id == subject), None)
    low, high = record.get("ci_low"), record.get("ci_high")
    return {
        "label": str(label or record.get("text") or subject.replace("_", " ")),
        "share": percent(record.get("share")),
        "interval": _("95% interval {low} to {high}").format(low=percent(low), high=percent(high)),
    }


def _filled(template: str, contexts: list[dict[str, str]]) -> str:
    """The text with the first weakness's values; braces that no rule may use stay as they are."""
    values = {**contexts[0], "labels": join_words([c["label"] for c in contexts])}
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template
