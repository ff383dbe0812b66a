"""What to do: weaknesses matched with the catalogue's rules, and one action for one need; and what
became of what was recommended before.

A rule may be meant for some kinds of programs; it wins over a general one. What participants wrote
about something that a recommendation answers already joins it, and so do the threats to the
evidence whose weakness is answered. A promise of an earlier cycle that is still open comes first
and takes with it the needs that it names. Dates count from the report's.

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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from evaluasi_lib.claims import level_label
from evaluasi_lib.findings.observe import names, short_label
from evaluasi_lib.findings.verdict import RecommendationRule, say
from evaluasi_lib.measures import (
    EvaluationResult,
    Finding,
    FollowUp,
    Measure,
    Recommendation,
    record_rows,
)
from evaluasi_lib.program import Program
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

Rows = Sequence[Measure]


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
        yield from record_rows(change, ["follow_up", item.id], "difference:ci", label=item.text,
                               note=note)  # fmt: skip


def _change(
    path: str | None, from_cycle: str, cycles: Sequence[tuple[str, Rows]]
) -> dict[str, Any] | str:
    """How the indicator moved up to the last of the cycles, or why that cannot be told."""
    if path is None:
        return say("no_indicator")
    *earlier, (to_cycle, now) = found = [(c, measure_at(rows, path)) for c, rows in cycles]
    if not earlier:
        return say("no_earlier_result")
    since, before = next((e for e in earlier if e[0] == from_cycle), earlier[-1])
    trend = [
        {"cycle": cycle, "value": row.value, "ci_low": row.low, "ci_high": row.high}
        for cycle, row in found if row is not None and row.value is not None
    ]  # fmt: skip
    if before is None or now is None or before.value is None or now.value is None:
        known = before is not None and before.value is not None
        return say("no_value", indicator=path, cycle=to_cycle if known else since)
    lower = any(word in path for word in LOWER_IS_BETTER)
    declared = now.direction if now.measure == "estimate" else None
    difference = now.value - before.value
    low, high = _interval(before, now)
    change = {
        "indicator": path, "from_cycle": since, "to_cycle": to_cycle, "before": before.value,
        "after": now.value, "difference": difference, "ci_low": low, "ci_high": high,
        "better_when": declared or ("lower" if lower else "higher"), "trend": trend,
        "reason": None if low is not None else say("no_interval"),
    }  # fmt: skip
    return change | {"sentence": _sentence(change)}


def _interval(before: Measure, now: Measure) -> tuple[float | None, float | None]:
    """95% interval of now - before from the two intervals (MOVER); None without both."""
    a, a_low, a_high, b, b_low, b_high = (
        math.nan if x is None else x
        for x in (before.value, before.low, before.high, now.value, now.low, now.high)
    )
    low = b - a - math.hypot(b - b_low, a_high - a)
    high = b - a + math.hypot(b_high - b, a - a_low)
    return (None, None) if math.isnan(low + high) else (low, high)


def _sentence(change: dict[str, Any]) -> str:
    """ "From 3.20 (2024) to 3.60 (2025): better; difference 0.40 (95% interval 0.10 to 0.70)." """
    low, high = change["ci_low"], change["ci_high"]
    ends = [change[at] for at in ("before", "after")]
    if change["indicator"].endswith("share"):
        digits, factor = 1, 100
        before, after = map(percent, ends)
        difference = say("points", points=number(change["difference"] * factor, digits))
    else:
        digits, factor = digits_for(*ends), 1
        before, after = (number(end, digits) for end in ends)
        difference = number(change["difference"], digits)
    text = say(
        "moved", before=before, after=after, difference=difference,
        from_cycle=change["from_cycle"], to_cycle=change["to_cycle"],
    )  # fmt: skip
    if low is None or high is None:
        return phrase("{}. {}", text, say("moved.by_chance"))
    better = (low > 0) == (change["better_when"] == "higher")
    how = "moved.not" if low <= 0 <= high else "moved.better" if better else "moved.worse"
    shown = say("moved.interval", interval=interval(low * factor, high * factor, digits))
    return phrase("{} {}. {}", text, shown, say(how))


def indicator_words(rows: Rows, path: str) -> str:
    """An indicator's name and its value now: "“High workload”: 53%"."""
    measure, row = path.rpartition("/")[2], measure_at(rows, path)
    # Some numbers have a name of their own; others are a part of what the measure is about.
    own, part = f"indicator.{measure}", f"part.{measure}"
    name = say(own) if own in say.rows else phrase("“{}”", row.label) if row and row.label else path
    name = joined([name, say(part) if part in say.rows else None])
    value = None if row is None else row.value
    if value is None:
        return phrase("{}: {}", name, say("not_known_yet"))
    plain = number(value, digits_for(value))
    shown = percent(value) if measure.endswith("share") else plain
    return phrase("{}: {}", name, rupiah(value) if measure.endswith("_idr") else shown)


def measure_at(rows: Rows, path: str) -> Measure | None:
    """The measure that an indicator names; None where there is none."""
    path = path.strip("/")
    if not path.startswith(SHORT):
        return next((row for row in rows if row.id == path), None)
    place, _slash, measure = path.rpartition("/")
    place, _at, wave = place.partition("@")
    found = [
        row for row in rows
        if row.measure == measure and row.id.startswith(f"{place}/")
        and row.group != "comparison" and row.role in (None, "primary")
    ]  # fmt: skip
    if place.startswith("scales/") and found:
        last = "post" if any(row.wave == "post" for row in found) else found[-1].wave
        found = [row for row in found if row.wave == (wave or last)]
    return found[0] if found else None


@dataclass
class Need:
    """The weaknesses that one recommendation answers. own: those that its rule was chosen for;
    joined: others that it answers as well."""

    rule: RecommendationRule
    own: list[Finding] = field(default_factory=list)
    joined: list[Finding] = field(default_factory=list)

    @property
    def all(self) -> list[Finding]:
        return [*self.own, *self.joined]


def recommend(
    program: Program,
    weaknesses: Sequence[Finding],
    result: EvaluationResult,
    rules: Sequence[RecommendationRule],
) -> tuple[Recommendation, ...]:
    """One recommendation for each need; open promises first, then by priority.

    result: whose measures the weaknesses cite. Priority is impact (1-5, from the score of the
    heaviest weakness) times feasibility (1-5): 25 is the highest.
    """
    found: dict[tuple[str, str], Need] = {}
    for finding in weaknesses:
        if rule := _rule_for(program, finding, rules):
            key = (rule.id, finding.id if rule.each else "")
            found.setdefault(key, Need(rule)).own.append(finding)
    advice = _Advice(program, result)
    needs = advice.promised_first(_merged(list(found.values())))
    pairs = [(need.rule.kind != "promise", advice.of(need)) for need in needs]
    pairs.sort(key=lambda pair: (pair[0], -pair[1].priority, -pair[1].score, pair[1].id))
    return tuple(recommendation for _later, recommendation in pairs)


def subject_of(finding: Finding) -> str:
    """What a finding is about: its id without its kind."""
    return finding.id.partition(".")[2]


def _rule_for(
    program: Program, finding: Finding, rules: Sequence[RecommendationRule]
) -> RecommendationRule | None:
    """The rule that answers a finding: the first that is meant for its subject, else the first
    general one; among each, one that is meant for this kind of program first."""
    kind = finding.id.partition(".")[0]
    of_kind = [
        r for r in rules if r.kind == kind and (not r.programs or program.kind in r.programs)
    ]
    of_kind.sort(key=lambda rule: not rule.programs)
    fitting = (r for r in of_kind if fits(r, subject_of(finding)))
    return next(fitting, None) or next((r for r in of_kind if not r.subject), None)


def fits(rule: RecommendationRule, subject: str) -> bool:
    """Whether a subject is one of those that the rule names."""
    return any(fnmatchcase(subject.casefold(), p.casefold()) for p in rule.subject)


def _merged(needs: list[Need]) -> list[Need]:
    """The needs, each once: criticism of what a recommendation on a barrier answers goes to that
    one, and so does what groups say of that barrier; weak evidence and what threatens it are one
    need."""
    barriers = [need for need in needs if need.rule.kind == "barrier" and need.rule.subject]
    weak = next((need for need in needs if need.rule.kind == "evidence"), None)
    for need in needs:
        for finding in list(need.own):
            other = weak if need.rule.kind == "threat" else None
            if need.rule.kind in ("theme", "pattern"):
                other = next((b for b in barriers if fits(b.rule, subject_of(finding))), None)
            if other is not None:
                need.own.remove(finding)
                other.joined.append(finding)
    return [need for need in needs if need.own]


def _once(texts: Iterable[str]) -> str:
    return join_words(list(dict.fromkeys(texts)))


class _Advice:
    """Recommendations in words, of one program and its measures."""

    def __init__(self, program: Program, result: EvaluationResult) -> None:
        self.program, self.result = program, result
        self.rows = {row.id: row for row in result.rows}
        self.named = {o.id: choose(o.label) for o in program.outcomes}
        self.named |= {q.id: choose(q.text) for q in program.questions}

    def promised_first(self, needs: Sequence[Need]) -> list[Need]:
        """The needs, less those that an open promise of an earlier cycle names."""
        texts = {f"promise.{item.id}": item.text for item in self.result.follow_up}
        promises = [need for need in needs if need.rule.kind == "promise"]
        rest = [need for need in needs if need.rule.kind != "promise"]
        for promise in promises:
            text = texts.get(promise.own[0].id, "") if len(promise.own) == 1 else ""
            for need in [n for n in rest if self._is_promised(n, text)]:
                promise.joined += need.all
                rest.remove(need)
        return [*promises, *rest]

    def _is_promised(self, need: Need, text: str) -> bool:
        """Whether a promise names a barrier of the rule's patterns, or a wanted module."""
        if need.rule.kind == "barrier":
            return any(fits(need.rule, in_language(text, code)) for code in LANGUAGES)
        wanted = need.rule.kind in ("module", "offered")
        return wanted and names(text, self.rows[need.own[0].evidence[0]].label or "")

    def of(self, need: Need) -> Recommendation:
        """What one need asks for."""
        rule, answered = need.rule, need.all
        score = max(f.score for f in answered)
        subjects = [subject_of(f) for f in need.own]
        indicators = [rule.indicator.replace("{subject}", s) for s in subjects if rule.indicator]
        start = self.program.report_date
        return Recommendation(
            id=f"{rule.id}.{subjects[0]}" if rule.each else rule.id,
            text=self._filled(own(rule.text), need),
            priority=(1 + bisect_right(IMPACT_BANDS, score)) * rule.feasibility,
            addresses=tuple(f.id for f in answered),
            owner=own(rule.owner),
            due=start + dt.timedelta(days=rule.due_days) if start else None,
            status="proposed",
            score=score,
            watch=tuple(indicator_words(self.result.rows, path) for path in indicators),
        )

    def _labels(self, findings: Iterable[Finding]) -> list[str]:
        """Names, in quotation marks, of what the weaknesses' measures are about; else of their
        subjects."""
        found = []
        for finding in findings:
            # The second number of an access gap belongs to the group that is ahead.
            cited = finding.evidence[: 1 if finding.id.startswith("access.") else None]
            subject = subject_of(finding)
            plain = self.named.get(subject, subject.replace("_", " "))
            labels = [label for id in cited if (label := self.rows[id].label)] or [plain]
            found += [phrase("“{}”", short_label(label).rstrip(".")) for label in labels]
        return list(dict.fromkeys(found))

    def _filled(self, template: str, need: Need) -> str:
        """The text with its placeholders filled; braces that no rule may use stay as they are."""
        labels = self._labels(need.own)
        row = self.rows[need.own[0].evidence[0]]
        text = _put_in(template, {
            "label": labels[0],
            "labels": join_words(labels),
            "share": percent(row.value if row.measure == "share" else None),
            "interval": say("interval", low=percent(row.low), high=percent(row.high)),
            "actions": joined(self._actions(need.all), "; "),
        })  # fmt: skip
        # The barriers that a gap in access cites, with their shares in the group that is behind.
        weighing = [
            phrase("“{}” ({})", self.rows[id].label, percent(self.rows[id].value))
            for f in need.own if f.id.startswith("access.")
            for id in f.evidence if id.startswith("participation/barriers/")
        ]  # fmt: skip
        if weighing:
            text = joined([text, say("remove_first", barriers=join_words(weighing))])
        if need.rule.kind != "promise" or not need.joined:
            return text
        others = join_words(self._labels(need.joined))
        return joined([text, say("also_answers", labels=others)])

    def _actions(self, answered: Sequence[Finding]) -> list[str]:
        """What to do against the threats to the evidence, each with the outcomes that it is for;
        more persons where no threat is known."""
        design = self.program.design
        threats = {subject_of(f): f for f in answered if f.id.startswith("threat.")}
        outcomes: dict[str, list[str]] = {}
        for code, remedy in REMEDIES.items():
            if code in threats and (remedy != "lot" or design.type != "randomised"):
                outcomes.setdefault(remedy, []).extend(self._labels([threats[code]]))
        if "compare" in outcomes and self.program.has_groups:
            outcomes = {"compare_beside": outcomes.pop("compare"), **outcomes}
        outcomes = outcomes or {"size": self._labels(answered)}
        every = {phrase("“{}”", row.label) for row in self.result.rows if row.role == "primary"}
        group = [word_for("group", "comparison")]
        if rule := design.group:
            group = [level_label(self.program, rule.variable, v) for v in rule.comparison]
        return [
            say(
                f"remedy.{remedy}", group=join_words(group),
                labels=say("every_outcome") if len(every) > 1 and every <= set(labels)
                else _once(labels),
            )
            for remedy, labels in list(outcomes.items())[:ACTIONS]
        ]  # fmt: skip


@spoken
def _put_in(template: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template
