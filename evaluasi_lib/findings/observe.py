"""Strengths and weaknesses: what the results show that passes, or misses, the program's limits.

Each rule reads results and yields notes: a sentence (sentences.yml), the ids of its measures, a
score. A number that is null never becomes a statement. Scores run from 0 to 1 and only rank: the
weight of the kind of finding times how far the number lies from its threshold (kinds.yml).

Whether a program holds already what its participants ask for.

Where groups differ in what holds them back and in their use of the platform.

Every barrier is held against every variable by which it was counted (groups, and who completed),
and so are use and completion of the e-learning; the tests are one family, adjusted by Holm for the
number of looks. Only shares that are shown are looked at. Persons of one agency may resemble each
other, which the tests of barriers do not allow for: they find where to look, and prove no cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from evaluasi_lib.claims import is_nothing, tell, told_effects, variable_label
from evaluasi_lib.conclusion import ALPHA, adjust_p_values, quadrants
from evaluasi_lib.findings.verdict import COMPLETION, estimate_id, is_decisive, rating_id, say
from evaluasi_lib.measures import (
    SMALL_CELL,
    Effect,
    Measure,
    Record,
    effects_of,
    measure_id,
    ratings_of,
    record_of,
    threats_of,
    value_at,
    wide,
)
from evaluasi_lib.program import Program, Text
from evaluasi_lib.results import EvaluationResult, Finding
from evaluasi_lib.wording import (
    LANGUAGES,
    _,
    choose,
    count,
    in_language,
    interval,
    join_words,
    joined,
    number,
    percent,
    phrase,
    rupiah,
    spoken,
)

WORD = re.compile(r"\w+")
SMALL = {"dan", "dalam", "untuk", "yang", "di", "and", "for", "in", "of", "on", "the", "a"}


def offers(program: Program, wanted: str) -> str | dict[str, str] | None:
    """The declared module, or else the program's title, that names what is wanted; None where
    neither does."""
    modules = program.elearning.modules.values() if program.elearning else ()
    texts: list[Text] = [*modules, program.title]
    return next((text for text in texts if names(text, wanted)), None)


def names(text: Text, wanted: str) -> bool:
    """Whether all words of what is wanted stand in the text, in any language of both."""
    asked = [_words(in_language(wanted, code)) for code in LANGUAGES]
    return any(need and need <= said for need in asked for said in _versions(text))


def _versions(text: Text) -> Iterator[set[str]]:
    if isinstance(text, dict):
        yield from map(_words, text.values())
    else:
        yield from (_words(in_language(text, code)) for code in LANGUAGES)


def _words(text: str) -> set[str]:
    return set(WORD.findall(text.casefold())) - SMALL


COMPLETED = "completed"  # the name under which barriers are counted by completion


@dataclass(frozen=True, slots=True)
class Share:
    """The share of one group, and the id of its measure. level: the group's code."""

    level: str
    group: str
    share: float
    at: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A share that differs between the groups of a variable. what: a barrier, "used" or
    "completed"; label: its name; shares: from the lowest to the highest; p: adjusted for `looks`
    tests."""

    what: str
    label: str
    variable: str
    shares: tuple[Share, ...]
    p: float
    looks: int

    @property
    def least(self) -> Share:
        return self.shares[0]

    @property
    def most(self) -> Share:
        return self.shares[-1]

    @property
    def of_barrier(self) -> bool:
        return self.most.at.startswith("participation/barriers/")


def patterns_of(rows: Sequence[Measure]) -> list[Pattern]:
    """The differences that stay at the 5% level after adjustment, the clearest first."""
    looks = [*_barriers(rows), *_use(rows)]
    adjusted = adjust_p_values([look.p for look in looks])
    found = [
        replace(look, p=p, looks=len(looks))
        for look, p in zip(looks, adjusted, strict=True)
        if p is not None and p < ALPHA
    ]
    return sorted(found, key=lambda pattern: (pattern.p, pattern.what, pattern.variable))


def _barriers(rows: Sequence[Measure]) -> Iterator[Pattern]:
    for (option, variable), groups in _by(wide(rows, "participation/barriers/*/*/*"), 2, 3).items():
        if is_nothing(option, groups[0]["label"]):
            continue  # that nothing holds a group back is no barrier
        known = [g for g in groups if g["share"] and g["n"]]
        counts = [(g["n"], round(g["n"] / g["share"]) - g["n"]) for g in known]
        shares = [
            Share(g["stem"][-1], g["group"], g["share"], measure_id(*g["stem"], "share"))
            for g in known
        ]
        p = _p_alike(counts)
        if p is not None:
            yield _pattern(option, known[0]["label"], variable, shares, p)


def _use(rows: Sequence[Measure]) -> Iterator[Pattern]:
    for (variable,), groups in _by(wide(rows, "elearning/access/*/*"), 2).items():
        for what in ("used", "completed"):
            known = [g for g in groups if g[f"{what}_share"] is not None]
            shares = [
                Share(g["stem"][-1], g["label"], g[f"{what}_share"],
                      measure_id(*g["stem"], f"{what}_share"))
                for g in known
            ]  # fmt: skip
            sizes = [g["n"] or 0 for g in known]
            counts = [(round(s.share * n), round((1 - s.share) * n))
                      for s, n in zip(shares, sizes, strict=True)]  # fmt: skip
            # The published test allows for the agencies; where there is none, the counts must do.
            published = next((p for g in known if (p := g[f"{what}_share_p"]) is not None), None)
            p = _p_alike(counts) if published is None else published
            if p is not None and len(shares) > 1:
                yield _pattern(what, what, variable, shares, p)


def _by(records: Iterable[Record], *places: int) -> dict[tuple[str, ...], list[Record]]:
    """Records by the names at these places of their stems."""
    found: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        key = tuple(record["stem"][place] for place in places)
        found.setdefault(key, []).append(record)
    return found


def _pattern(what: str, label: str, variable: str, shares: list[Share], p: float) -> Pattern:
    ranked = tuple(sorted(shares, key=lambda s: (s.share, s.level)))
    return Pattern(what, label, variable, ranked, p, 1)


def _p_alike(counts: Sequence[tuple[int, int]]) -> float | None:
    """Chi-squared test that a share is the same in all groups; None with fewer than two groups, or
    where everybody or nobody is counted."""
    table = np.array(counts)
    if len(table) < 2 or 0 in table.sum(axis=0) or 0 in table.sum(axis=1):
        return None
    return float(stats.chi2_contingency(table, correction=False).pvalue)


Note = tuple[bool, Finding]  # whether it is a strength, and the finding
LEVEL_WEIGHT = {"reaction": 0.5, "learning": 0.8, "behaviour": 0.9, "results": 1.0}
COST = "efficiency/cost_per_completer_idr"
RESPONSE = "sample/response_rate_share"
MIN_RESPONSE_SHARE = 0.5
NO_BARRIER = ("tidak_ada", "none")  # options that say that nothing holds a person back
THEME_SHARE = 0.2
# Themes of the codebook that say only that something was good or could be better.
GENERAL_THEMES = ("berhasil", "perlu_diperbaiki")
JP_MINUTES = 45  # of one training hour (jam pelajaran)
PLAUSIBLE = (0.25, 2.0)  # recorded time of learning, as a share of the declared hours
BUDGET = (0.8, 1.0)  # shares of the plan between which spending went as planned
PROMISED = {"not_done": 0.5, "partly": 0.35}
SIGN = {True: "good", False: "bad"}


def note(good: bool, id: str, statement: str, score: float, *evidence: str) -> Note:
    """A note whose score is held within 0-1."""
    return good, Finding(id, statement, evidence, min(max(score, 0.0), 1.0))


def effect_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """One note for each primary estimate, in words that its design and evidence can carry."""
    for effect in told_effects(program, result.rows, "primary"):
        weight = LEVEL_WEIGHT[effect.level] * (1 if is_decisive(program, effect.outcome) else 0.7)
        good = False
        if effect.estimate is None or effect.conclusion is None:
            if not effect.reason:
                continue
            kind, score = "unmeasured", 0.6 * weight
        elif effect.conclusion in ("improved", "worsened"):
            good = effect.conclusion == "improved"
            kind = "effect" if good else "harm"
            score = weight * (0.6 + 0.4 * _magnitude(effect)) + (0 if good else 0.2)
        else:
            flat = effect.conclusion == "no_meaningful_change"
            kind, score = ("flat", 0.8 * weight) if flat else ("unclear", 0.6 * weight)
        id = f"{kind}.{effect.outcome}"
        yield note(good, id, tell(effect), score, estimate_id(effect.outcome))


def _magnitude(effect: Effect) -> float:
    """How large, 0-1: an effect size of 0.8, or twice the smallest change of interest, is 1."""
    if effect.effect_size_g is not None:
        return min(abs(effect.effect_size_g) / 0.8, 1.0)
    if effect.sesoi and effect.estimate is not None:
        return min(abs(effect.estimate) / (2 * effect.sesoi), 1.0)
    return 0.5


def evidence_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Primary outcomes whose evidence is weak, those whose evidence is strong, and the threats."""
    limit = program.thresholds.min_evidence_rating
    labels = {e.outcome: phrase("“{}”", e.label) for e in effects_of(result.rows, "primary")}
    rated = [(rating_id(o), n, labels[o]) for o, n in ratings_of(result.rows).items()]
    weak, strong = (r for r in rated if r[1] < limit), (r for r in rated if r[1] >= max(4, limit))
    for good, chosen in ((False, list(weak)), (True, list(strong))):
        if not chosen:
            continue
        ratings = sorted({rating for _id, rating, _label in chosen})
        text = say(
            f"evidence.{SIGN[good]}", rating=join_words([count(rating) for rating in ratings]),
            labels=join_words([label for _id, _rating, label in chosen]),
        )  # fmt: skip
        score = 0.1 * ratings[-1] if good else 0.35 + 0.1 * (limit - ratings[0])
        evidence = [id for id, _rating, _label in chosen]
        yield note(good, "evidence.rating", text, score, *evidence)
    places: dict[str, dict[str, list[str]]] = {}
    for row in threats_of(result.rows):
        if row.note:
            said = places.setdefault(row.measure, {}).setdefault(row.note, [])
            said.append(str(row.subject))
    for code, threats in places.items():
        parts = [
            say("threat.of", threat=text, labels=join_words([labels[o] for o in outcomes]))
            for text, outcomes in threats.items()
        ]
        evidence = [rating_id(o) for outcomes in threats.values() for o in outcomes]
        yield note(False, f"threat.{code}", say("threat", threat=joined(parts)), 0.3, *evidence)


def approval_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """What participants say of the program itself: instruments of the level reaction, at their last
    wave, by the share of answers in the two highest categories, or by the net promoter score."""
    limit = program.thresholds.min_approval_share
    last = {s["subject"]: s for s in wide(result.rows, "scales/*/*/program")}
    for name, instrument in program.instruments.items():
        score = last.get(name)
        if score is None or instrument.level != "reaction":
            continue
        nps = record_of(result.rows, measure_id(*score["stem"], "nps"))
        if (promoters := nps["score"]) is not None:
            low, high = nps["score_low"], nps["score_high"]
            if low <= 0 <= high:
                continue
            text = say(f"nps.{SIGN[low > 0]}", score=number(promoters * 100, 0),
                       interval=interval(low * 100, high * 100, 0))  # fmt: skip
            at = measure_id(*nps["stem"], "score")
            yield note(low > 0, f"approval.{name}", text, 0.3 + 0.3 * abs(promoters), at)
        elif (share := score["top2_share"]) is not None and instrument.index != "nps":
            low, high = score["top2_share_low"], score["top2_share_high"]
            good = low is not None and low >= limit
            if not good and (high is None or high >= limit):
                continue
            value = share_with_interval(share, low, high)
            text = say(f"approval.{SIGN[good]}", label=score["label"], share=value,
                       limit=percent(limit))  # fmt: skip
            at, far = measure_id(*score["stem"], "top2_share"), abs(share - limit)
            yield note(good, f"approval.{name}", text, 0.35 + far, at)


def reliability_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Instruments whose alpha at the last wave in the program's group is too low. A good alpha is
    no strength of the program: it says that the instrument, not that the program, works."""
    limit = program.thresholds.min_alpha
    last = {s["subject"]: s for s in wide(result.rows, "scales/*/*/program")}
    importance = {x.importance for x in program.instruments.values()}
    for scale, score in last.items():
        # Ratings of importance are not meant to hang together, and a dimension of few items is
        # judged within its instrument.
        if scale in importance or scale.rpartition(".")[0] in last:
            continue
        alpha = score["alpha"]
        if alpha is None or alpha >= limit:
            continue
        text = say("reliability", label=score["label"],
                   alpha=number(alpha, 2), limit=number(limit, 2))  # fmt: skip
        at = measure_id(*score["stem"], "alpha")
        yield note(False, f"reliability.{scale}", text, 0.4 + (limit - alpha), at)


def item_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Importance-performance analysis: what participants call important, rated low or high."""
    for cross in wide(result.rows, "scales/*/*/program/ipa"):
        if cross["cross_performance"] is None:
            continue
        _part, scale, wave, group, _name = cross["stem"]
        at = measure_id("scales", scale, wave, group, "*")
        rated = wide(result.rows, at)
        items = [x for x in rated if x["performance"] is not None]
        found = quadrants(
            [x["performance"] for x in items],
            [x["importance"] for x in items],
            cross=(cross["cross_performance"], cross["cross_importance"]),
        )
        for quadrant, good in (("concentrate", False), ("keep_up", True)):
            here = [x for x, q in zip(items, found, strict=True) if q == quadrant]
            if here:
                named = join_words([phrase("“{}”", short_label(x["label"])) for x in here])
                text = say(f"item.{SIGN[good]}", items=named)
                cited = [measure_id(*x["stem"], "performance") for x in here]
                yield note(good, f"item.{scale}@{wave}", text, 0.45, *cited)


def cost_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Cost per completer, use of the budget, benefits against costs, by the declared limits."""
    money, limits = record_of(result.rows, "efficiency"), program.thresholds
    cost, limit = money["cost_per_completer_idr"], limits.max_cost_per_completer_idr
    if cost is not None and limit is not None:
        good = cost <= limit
        text = say(f"cost.{SIGN[good]}", cost=rupiah(cost), limit=rupiah(limit))
        score = 0.5 if good else 0.5 + 0.5 * (cost / limit - 1)
        yield note(good, "cost.completer", text, score, COST)
        # Where the money goes, when it is more than the limit.
        spent = [row for row in wide(result.rows, "efficiency/costs/*")
                 if not good and row["share_of_total"] is not None]  # fmt: skip
        if spent:
            row = max(spent, key=lambda row: row["share_of_total"])
            share, name = row["share_of_total"], row["subject"]
            text = say("spending", label=row["label"], share=percent(share))
            at = measure_id(*row["stem"], "share_of_total")
            yield note(False, f"spending.{name}", text, 0.3 + 0.3 * share, at)
    if (bcr := money["bcr"]) is not None:
        yield _benefit_note(result, bcr, limits.min_bcr)
    reason = money["cost_per_completer_idr_reason"]
    if cost is None and reason not in (None, SMALL_CELL):
        yield note(False, "unpriced.program", say("unpriced", reason=reason), 0.4, COST)
    used, (least, most) = money["budget_absorption_share"], BUDGET
    if used is not None and not least <= used <= most:
        text = say("budget.over" if used > most else "budget.under", share=percent(used))
        at = "efficiency/budget_absorption_share"
        yield note(False, "budget.program", text, 0.3 + abs(used - 1), at)


def _benefit_note(result: EvaluationResult, bcr: float, limit: float) -> Note:
    """Whether benefits cover costs; no strength where most of the moved assumptions say no."""
    cases = wide(result.rows, "efficiency/sensitivity/*")
    moved = [row["bcr"] for row in cases[1:] if row["bcr"] is not None]
    below = sum(value < limit for value in moved)
    if bcr >= limit and 2 * below > len(moved):
        text = say("bcr.fragile", bcr=number(bcr, 2), below=count(below), n=count(len(moved)),
                   limit=number(limit, 0 if limit == int(limit) else 2))  # fmt: skip
        return note(False, "bcr.program", text, 0.45, "efficiency/bcr")
    good = bcr >= limit
    text = say(f"bcr.{SIGN[good]}", bcr=number(bcr, 2))
    return note(good, "bcr.program", text, 0.6, "efficiency/bcr")


def completion_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Who completes, by the program's own limit, and who answers the survey."""
    share, limit = value_at(result.rows, COMPLETION), program.thresholds.min_completion_share
    if share is not None:
        good = share >= limit
        text = say(f"completion.{SIGN[good]}", share=percent(share), limit=percent(limit))
        score = 0.5 if good else 0.5 + (limit - share)
        yield note(good, "completion.program", text, score, COMPLETION)
    response = value_at(result.rows, RESPONSE)
    if response is not None and response < MIN_RESPONSE_SHARE:
        text = say("response", share=percent(response))
        yield note(False, "response.program", text, 0.4, RESPONSE)


def share_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Barriers and wanted modules that at least the declared share of respondents named."""
    limits, named = program.thresholds, wide(result.rows, "participation/barriers/*")
    barriers = [row for row in named if row["stem"][-1] not in NO_BARRIER]
    modules = wide(result.rows, "module_demand/*")
    named = [row for row in barriers if not is_nothing(row["subject"], row["label"])]
    for row in _reaching(named, limits.barrier_share):
        yield _named("barrier", row, 0.6)
    for row in _reaching(modules, limits.demand_share):
        place = offers(program, row["label"])
        yield (
            _named("module", row, 0.5)
            if place is None
            else _named("offered", row, 0.5, place=_unnumbered(choose(place)))
        )


def _reaching(records: Sequence[Record], limit: float) -> Iterator[Record]:
    return (row for row in records if row["share"] is not None and row["share"] >= limit)


def _named(kind: str, row: Record, slope: float, **values: str) -> Note:
    share = share_with_interval(row["share"], row["share_low"], row["share_high"])
    text, at = (
        say(kind, share=share, label=row["label"], **values),
        measure_id(*row["stem"], "share"),
    )
    return note(False, f"{kind}.{row['subject']}", text, 0.3 + slope * row["share"], at)


@spoken
def _unnumbered(label: str) -> str:
    """A module's name without its number: "6. Cyber security" -> "Cyber security"."""
    return re.sub(r"^\d+\s*[.):-]\s*", "", label)


def theme_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Themes of open answers that are frequent and clearly good or bad."""
    for theme in wide(result.rows, "themes/*/survey"):
        name, share, mood = theme["subject"], theme["share"], theme["tone"]
        if name in GENERAL_THEMES or share is None or share < THEME_SHARE:
            continue
        if not mood:
            continue
        shown = share_with_interval(share, theme["share_low"], theme["share_high"])
        text = say(f"theme.{SIGN[mood > 0]}", share=shown, label=theme["label"])
        if theme["praise"] is not None:
            counts = {x: count(int(theme[x])) for x in ("praise", "criticism")}
            text = say("theme.counted", share=shown, label=theme["label"], **counts)
        paths = [measure_id(*theme["stem"], x) for x in ("share", "tone")]
        yield note(mood > 0, f"theme.{name}", text, 0.25 + 0.5 * share, *paths)


def access_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Groups that are missed among the enrolled."""
    for row in wide(result.rows, "participation/representation/*/*"):
        if not is_missed(row):
            continue
        variable, expected = row["stem"][2], row["population_share"]
        text = say(
            "access", group=row["label"], variable=variable_label(program, variable),
            share=share_with_interval(row["share"], row["share_low"], row["share_high"]),
            expected=percent(expected),
        )  # fmt: skip
        id, score = f"access.{variable}.{row['group']}", 0.35 + min(expected - row["share"], 0.3)
        yield note(False, id, text, score, measure_id(*row["stem"], "share"))


def pattern_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Groups that complete the e-learning less often, with what holds them back more than others;
    then barriers that weigh on a group, or on those who did not complete, alone."""
    found = patterns_of(result.rows)
    limit = program.thresholds.barrier_share
    barriers = [p for p in found if p.of_barrier and p.most.share >= limit]
    told: list[Pattern] = []
    for pattern in found:
        if pattern.of_barrier or pattern.what != "completed":
            continue
        behind, ahead = pattern.least, pattern.most
        shares = {"low_share": percent(behind.share), "high_share": percent(ahead.share)}
        text = say("access.elearning", low=behind.group, high=ahead.group, **shares)
        same = [b for b in barriers
                if b.variable == pattern.variable and b.most.level == behind.level]  # fmt: skip
        told += same
        text = joined([text, *(_weighs_there(b) for b in same)])
        score = 0.35 + min(ahead.share - behind.share, 0.3)
        cited = [behind.at, ahead.at, *(b.most.at for b in same)]
        yield note(False, f"access.elearning.{pattern.variable}", text, score, *cited)
    for pattern in barriers:
        if pattern not in told:
            yield _pattern_note(pattern)
    for pattern in found:
        if pattern.what == "used" and not pattern.of_barrier:
            text = say("pattern.used", low=pattern.least.group, high=pattern.most.group,
                       low_share=percent(pattern.least.share),
                       high_share=percent(pattern.most.share))  # fmt: skip
            id, gap = f"access.use.{pattern.variable}", pattern.most.share - pattern.least.share
            score = 0.35 + min(gap, 0.3)
            yield note(False, id, text, score, pattern.least.at, pattern.most.at)


def _weighs_there(pattern: Pattern) -> str:
    """What the group that is behind names more often than the others do."""
    low, high = pattern.least.share, pattern.shares[-2].share
    return say(
        "access.because", label=pattern.label, share=percent(pattern.most.share),
        others=percent(low) if low == high else say("range", low=percent(low), high=percent(high)),
    )  # fmt: skip


def _pattern_note(pattern: Pattern) -> Note:
    most, least = pattern.most, pattern.least
    if pattern.variable != COMPLETED:
        kind = "pattern.group"
    else:
        kind = "pattern.unfinished" if most.level == "false" else "pattern.finished"
    text = say(kind, label=pattern.label, most=most.group, least=least.group,
               most_share=percent(most.share), least_share=percent(least.share))  # fmt: skip
    score = 0.35 + min(most.share - least.share, 0.3)
    return note(False, f"pattern.{pattern.what}.{pattern.variable}", text, score, most.at, least.at)


def plausibility_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """A recorded time of learning that the declared training hours make hard to believe."""
    at = "elearning/time_on_task/median_minutes"
    minutes = value_at(result.rows, at)
    hours = program.costs.training_hours_jp if program.costs else None
    if minutes is None or not hours:
        return
    declared = hours * JP_MINUTES
    if PLAUSIBLE[0] <= minutes / declared <= PLAUSIBLE[1]:
        return
    text = say("implausible.time", minutes=number(minutes, 0), hours=number(hours, 0),
               declared=number(declared, 0), share=percent(minutes / declared))  # fmt: skip
    yield note(False, "implausible.time", text, 0.5, at)


def is_missed(row: Mapping[str, Any]) -> bool:
    """Whether a group's share of the enrolled lies clearly below its share of the population."""
    high, expected = row["share_high"], row["population_share"]
    return high is not None and expected is not None and expected > high


def triangulation_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Where the sources contradict one another, and where they agree on something good: that an
    outcome improved, or that nothing holds people back."""
    questions = {choose(q.text): q for q in program.questions}
    for i, row in enumerate(result.triangulation, 1):
        asked = questions.get(row.question)
        name = asked.id if asked else i - 1
        at = measure_id("triangulation", i, "sources")
        wanted = None if asked is None else "no" if asked.barrier is not None else "yes"
        if row.agreement == "divergent":
            text = say("divergence", question=row.question)
            yield note(False, f"divergence.{name}", text, 0.45, at)
        elif row.agreement == "convergent" and wanted is not None and row.answer == wanted:
            text = say(f"agreement.{wanted}", question=row.question)
            yield note(True, f"agreement.{name}", text, 0.2, at)


def promise_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """What earlier cycles recommended and was not done."""
    for item in result.follow_up:
        if item.status in PROMISED:
            text = say(f"promise.{item.status}", cycle=item.from_cycle, text=item.text)
            at = measure_id("follow_up", item.id, "difference")
            yield note(False, f"promise.{item.id}", text, PROMISED[item.status], at)


RULES = (
    effect_notes, evidence_notes, approval_notes, reliability_notes, item_notes, cost_notes,
    completion_notes, share_notes, access_notes, pattern_notes, plausibility_notes, theme_notes,
    triangulation_notes, promise_notes,
)  # fmt: skip


@spoken
def short_label(label: str) -> str:
    """The item of a grid question: "How content are you? [Schedule]" -> "Schedule"."""
    found = re.search(r"\[([^\[\]]+)\]\s*$", label)
    return found.group(1) if found else label


def share_with_interval(share: float, low: float | None, high: float | None) -> str:
    """ "34% (95% interval 28% to 41%)"."""
    if low is None or high is None:
        return percent(share)
    ends = _("{low} to {high}").format(low=percent(low), high=percent(high))
    return say("with_interval", value=percent(share), interval=ends)
