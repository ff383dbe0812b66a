"""What to do: weaknesses matched with the catalogue's rules, and one action for one need.

A rule may be meant for some kinds of programs; it wins over a general one. What participants wrote
about something that a recommendation answers already joins it, and so do the threats to the
evidence whose weakness is answered. A promise of an earlier cycle that is still open comes first
and takes with it the needs that it names. Dates count from the report's.

What became of what was recommended before, and the indicators by which that is seen.

An indicator to watch is the id of a measure, such as participation/barriers/beban_kerja/share, or a
short form of it: scales/kepuasan/mean is the program's group at wave post (another wave as
kepuasan@followup), effects/skp/estimate the primary estimate.

The change's interval comes from the two cycles' own intervals by MOVER (Zou & Donner 2008,
Statistics in Medicine 27:1693), which for two Wilson intervals is Newcombe's tenth method. It takes
the two cycles' participants as independent; persons who are in both make it too wide or narrow.
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from evaluasi_lib.claims import level_label
from evaluasi_lib.findings.observe import names, short_label
from evaluasi_lib.findings.verdict import RecommendationRule, say
from evaluasi_lib.measures import Measure, record_rows
from evaluasi_lib.program import Program
from evaluasi_lib.results import EvaluationResult, Finding, FollowUp, Recommendation
from evaluasi_lib.wording import (
    LANGUAGES,
    _,
    choose,
    digits_for,
    in_language,
    interval,
    join_words,
    joined,
    number,
    own,
    percent,
    phrase,
    rupiah,
    spoken,
    word_for,
)

# Parts whose measures may be named without group, wave, role, source or level.
SHORT = ("scales/", "effects/", "themes/", "participation/drivers/")
LOWER_IS_BETTER = ("barriers", "cost", "std_error", "module_demand")

Rows = Sequence[Measure]


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
    cycles = [(r.program.cycle, r.rows) for r in (*history, measured)]
    found = []
    for item in program.earlier_recommendations:
        change = _change(item.indicator, item.from_cycle, cycles)
        known, reason = (change, None) if isinstance(change, dict) else (None, change)
        text = choose(item.text)
        found.append(FollowUp(item.id, item.from_cycle, text, item.status, known, reason))
    return tuple(found)


def follow_up_rows(items: Sequence[FollowUp]) -> Iterator[Measure]:
    """How far each indicator moved, or why that cannot be told."""
    for item in items:
        change = item.change or {"reason": item.reason or _("not computed")}
        note = phrase("{}. {}", word_for("status", item.status), change.get("sentence", "")).strip()
        names = ["follow_up", item.id]
        yield from record_rows(change, names, "difference:ci", label=item.text, note=note)


def _change(
    path: str | None, from_cycle: str, cycles: Sequence[tuple[str, Rows]]
) -> dict[str, Any] | str:
    """How the indicator moved up to the last of the cycles, or why that cannot be told."""
    if path is None:
        return say("no_indicator")
    *earlier, (to_cycle, now) = values = [(c, read_indicator(rows, path)) for c, rows in cycles]
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
        return phrase("{}. {}", text, say("moved.by_chance"))
    better = (low > 0) == (change["better_when"] == "higher")
    how = "moved.not" if low <= 0 <= high else "moved.better" if better else "moved.worse"
    ends = say("moved.interval", interval=interval(low * factor, high * factor, digits))
    return phrase("{} {}. {}", text, ends, say(how))


def difference_interval(
    before: Indicator, now: Indicator
) -> tuple[float, float] | tuple[None, None]:
    """95% interval of now - before from the two intervals (MOVER); None without both."""
    (a, a_low, a_high), (b, b_low, b_high) = before, now
    if a_low is None or a_high is None or b_low is None or b_high is None:
        return None, None
    return b - a - math.hypot(b - b_low, a_high - a), b - a + math.hypot(b_high - b, a - a_low)


def better_when(path: str, rows: Rows) -> str:
    """ "lower" for barriers, costs and outcomes declared so, else "higher"."""
    row = measure_at(rows, path)
    if row is not None and row.direction and row.measure == "estimate":
        return row.direction
    return "lower" if any(word in path for word in LOWER_IS_BETTER) else "higher"


def indicator_words(rows: Rows, path: str) -> str:
    """An indicator's name and its value now: "“High workload”: 53%"."""
    field, row = path.rpartition("/")[2], measure_at(rows, path)
    # Some numbers have a name of their own; others are a part of what the measure is about.
    own, part = f"indicator.{field}", f"part.{field}"
    name = say(own) if own in say.rows else phrase("“{}”", row.label) if row and row.label else path
    name = joined([name, say(part) if part in say.rows else None])
    value = None if row is None else row.value
    now = say("not_known_yet") if value is None else _shown(field, value)
    return phrase("{}: {}", name, now)


def _shown(field: str, value: float) -> str:
    if field.endswith("_idr"):
        return rupiah(value)
    return percent(value) if field.endswith("share") else number(value, digits_for(value))


def read_indicator(rows: Rows, path: str) -> Indicator | None:
    """The indicator's value in one cycle's measures, or None where it has none."""
    row = measure_at(rows, path)
    if row is None or row.value is None:
        return None
    return Indicator(row.value, row.low, row.high)


def measure_at(rows: Rows, path: str) -> Measure | None:
    """The measure that an indicator names; None where there is none."""
    path = path.strip("/")
    if not path.startswith(SHORT):
        return next((row for row in rows if row.id == path), None)
    place, _slash, field = path.rpartition("/")
    place, _at, wave = place.partition("@")
    found = [
        row for row in rows
        if row.measure == field and row.id.startswith(f"{place}/")
        and row.group != "comparison" and row.role in (None, "primary")
    ]  # fmt: skip
    if place.startswith("scales/") and found:
        last = "post" if any(row.wave == "post" for row in found) else found[-1].wave
        found = [row for row in found if row.wave == (wave or last)]
    return found[0] if found else None


# Scores from which the impact of answering a weakness is 2, 3, 4, 5.
IMPACT_BANDS = (0.3, 0.45, 0.55, 0.7)
ACTIONS = 4  # at most, against threats to the evidence
# The action against each threat, the most needed first; selection and parallel trends need none of
# their own where a better comparison is advised already.
REMEDIES = {
    "single_group": "compare", "post_only": "baseline", "retrospective": "before",
    "loss_unknown": "record", "attrition": "lost", "attrition_moderate": "lost",
    "many_lost": "lost", "bounds": "lost",
    "unlinked": "link", "miskeyed": "items", "ceiling": "range", "sesoi": "sesoi",
    "circular": "circular", "self_report": "others", "baseline": "lot", "earlier_trend": "lot",
    "selection": "lot", "parallel": "earlier", "bent": "splines",
    "undeclared_cluster": "cluster", "few_clusters": "units", "no_p_value": "units",
}  # fmt: skip


@dataclass
class Need:
    """The weaknesses that one recommendation answers. own: those that its rule was chosen for;
    joined: others that it answers as well."""

    rule: RecommendationRule
    own: list[Finding]
    joined: list[Finding]

    @property
    def all(self) -> list[Finding]:
        return [*self.own, *self.joined]


def recommend(
    program: Program,
    weaknesses: tuple[Finding, ...],
    result: EvaluationResult,
    rules: list[RecommendationRule],
) -> tuple[Recommendation, ...]:
    """One recommendation for each need; open promises first, then by priority.

    result: whose measures the weaknesses cite. Priority is impact (1-5, from the score of the
    heaviest weakness) times feasibility (1-5): 25 is the highest.
    """
    rows = {row.id: row for row in result.rows}
    needs = _needs(program, weaknesses, rules)
    _join_words_to_barriers(needs)
    _join_threats_to_evidence(needs)
    needs = _promises_take(needs, result, rows)
    found = [(need.rule.kind != "promise", _recommendation(program, need, rows)) for need in needs]
    found.sort(key=lambda pair: (pair[0], -pair[1].priority, -pair[1].score, pair[1].id))
    return tuple(recommendation for _later, recommendation in found)


def _needs(
    program: Program, weaknesses: Sequence[Finding], rules: list[RecommendationRule]
) -> list[Need]:
    needs: dict[tuple[str, str], Need] = {}
    for finding in weaknesses:
        if rule := _rule_for(program, finding, rules):
            key = (rule.id, finding.id if rule.each else "")
            needs.setdefault(key, Need(rule, [], [])).own.append(finding)
    return list(needs.values())


def _rule_for(
    program: Program, finding: Finding, rules: list[RecommendationRule]
) -> RecommendationRule | None:
    """The rule that answers a finding: the first that is meant for its subject, else the first
    general one; among each, one that is meant for this kind of program first."""
    kind, _dot, subject = finding.id.partition(".")
    of_kind = [
        r for r in rules if r.kind == kind and program.kind in (r.programs or [program.kind])
    ]
    of_kind.sort(key=lambda rule: not rule.programs)
    fitting = (r for r in of_kind if fits(r, subject))
    return next(fitting, None) or next((r for r in of_kind if not r.subject), None)


def fits(rule: RecommendationRule, subject: str) -> bool:
    """Whether a subject is one of those that the rule names."""
    return any(fnmatchcase(subject.casefold(), p.casefold()) for p in rule.subject)


def _join_words_to_barriers(needs: list[Need]) -> None:
    """Criticism of what a recommendation on a barrier answers goes to that one, and so does what
    groups say of that barrier."""
    barriers = [need for need in needs if need.rule.kind == "barrier" and need.rule.subject]
    for need in [n for n in needs if n.rule.kind in ("theme", "pattern")]:
        for finding in list(need.own):
            subject = finding.id.partition(".")[2]
            if other := next((b for b in barriers if fits(b.rule, subject)), None):
                need.own.remove(finding)
                other.joined.append(finding)
    needs[:] = [need for need in needs if need.own]


def _join_threats_to_evidence(needs: list[Need]) -> None:
    """Weak evidence and what threatens it are one need."""
    weak = next((need for need in needs if need.rule.kind == "evidence"), None)
    if weak is not None:
        for need in [n for n in needs if n.rule.kind == "threat"]:
            weak.joined += need.own
            needs.remove(need)


def _promises_take(
    needs: list[Need], result: EvaluationResult, rows: Mapping[str, Measure]
) -> list[Need]:
    """The needs, less those that an open promise of an earlier cycle names."""
    texts = {f"promise.{item.id}": item.text for item in result.follow_up}
    promises = [need for need in needs if need.rule.kind == "promise"]
    rest = [need for need in needs if need.rule.kind != "promise"]
    for promise in promises:
        text = texts.get(promise.own[0].id, "") if len(promise.own) == 1 else ""
        for need in [n for n in rest if _is_promised(n, text, rows)]:
            promise.joined += need.all
            rest.remove(need)
    return [*promises, *rest]


def _is_promised(need: Need, text: str, rows: Mapping[str, Measure]) -> bool:
    """Whether a promise names a barrier of the rule's patterns, or a wanted module."""
    if need.rule.kind == "barrier":
        versions = [in_language(text, code) for code in LANGUAGES]
        return any(fits(need.rule, version) for version in versions)
    if need.rule.kind in ("module", "offered"):
        label = rows[need.own[0].evidence[0]].label or ""
        return names(text, label)
    return False


def _recommendation(program: Program, need: Need, rows: Mapping[str, Measure]) -> Recommendation:
    rule, answered = need.rule, need.all
    score = max(f.score for f in answered)
    impact = 1 + bisect_right(IMPACT_BANDS, score)
    subjects = [f.id.partition(".")[2] for f in need.own]
    indicators = [rule.indicator.replace("{subject}", s) for s in subjects if rule.indicator]
    start = program.report_date
    return Recommendation(
        id=f"{rule.id}.{subjects[0]}" if rule.each else rule.id,
        text=_filled(program, own(rule.text), need, rows),
        priority=impact * rule.feasibility,
        addresses=tuple(f.id for f in answered),
        owner=own(rule.owner),
        due=start + dt.timedelta(days=rule.due_days) if start else None,
        status="proposed",
        score=score,
        watch=tuple(indicator_words(list(rows.values()), path) for path in indicators),
    )


def _labels(program: Program, finding: Finding, rows: Mapping[str, Measure]) -> list[str]:
    """Names, in quotation marks, of what the weakness's measures are about; else its subject."""
    named = {o.id: choose(o.label) for o in program.outcomes}
    named |= {q.id: choose(q.text) for q in program.questions}
    kind, _dot, subject = finding.id.partition(".")
    # The second number of an access gap belongs to the group that is ahead.
    cited = finding.evidence[: 1 if kind == "access" else None]
    labels = [label for id in cited if (label := rows[id].label)] or [
        named.get(subject, subject.replace("_", " "))
    ]
    return [phrase("“{}”", short_label(label).rstrip(".")) for label in dict.fromkeys(labels)]


def _filled(program: Program, template: str, need: Need, rows: Mapping[str, Measure]) -> str:
    """The text with its placeholders filled; braces that no rule may use stay as they are."""
    labels = list(dict.fromkeys(x for f in need.own for x in _labels(program, f, rows)))
    row = rows[need.own[0].evidence[0]]
    values = {
        "label": labels[0],
        "labels": join_words(labels),
        "share": percent(row.value if row.measure == "share" else None),
        "interval": say("interval", low=percent(row.low), high=percent(row.high)),
        "actions": joined(_actions(program, need.all, rows), "; "),
    }
    text = _put_in(template, values)
    if weighing := _barriers_cited(need.own, rows):
        text = joined([text, say("remove_first", barriers=join_words(weighing))])
    if need.rule.kind != "promise" or not need.joined:
        return text
    others = [x for f in need.joined for x in _labels(program, f, rows)]
    return joined([text, say("also_answers", labels=join_words(list(dict.fromkeys(others))))])


def _actions(
    program: Program, answered: Sequence[Finding], rows: Mapping[str, Measure]
) -> list[str]:
    """What to do against the threats to the evidence, each with the outcomes that it is for; more
    persons where no threat is known."""
    outcomes: dict[str, list[str]] = {}
    subjects = {f.id.partition(".")[2]: f for f in answered if f.id.startswith("threat.")}
    for code, remedy in REMEDIES.items():
        if code in subjects and (remedy != "lot" or program.design.type != "randomised"):
            outcomes.setdefault(remedy, []).extend(_labels(program, subjects[code], rows))
    if "compare" in outcomes and program.has_groups:
        outcomes = {"compare_beside": outcomes.pop("compare"), **outcomes}
    if not outcomes:
        weak = [x for f in answered for x in _labels(program, f, rows)]
        outcomes["size"] = weak
    every = {phrase("“{}”", row.label) for row in rows.values() if row.role == "primary"}
    outcomes = {
        remedy: [say("every_outcome")] if len(every) > 1 and every <= set(labels) else labels
        for remedy, labels in outcomes.items()
    }
    group = program.design.group
    beside = (
        [level_label(program, group.variable, v) for v in group.comparison]
        if group
        else [word_for("group", "comparison")]
    )
    return [
        say(f"remedy.{remedy}", labels=join_words(list(dict.fromkeys(labels))),
            group=join_words(beside))
        for remedy, labels in list(outcomes.items())[:ACTIONS]
    ]  # fmt: skip


def _barriers_cited(findings: Sequence[Finding], rows: Mapping[str, Measure]) -> list[str]:
    """The barriers that a gap in access cites, with their shares in the group that is behind."""
    cited = [rows[id] for f in findings if f.id.startswith("access.") for id in f.evidence
             if id.startswith("participation/barriers/")]  # fmt: skip
    return [phrase("“{}” ({})", row.label, percent(row.value)) for row in cited]


@spoken
def _put_in(template: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template
