"""Strengths and weaknesses: what the results show that passes, or misses, the program's limits.

Each rule reads results and yields notes: a sentence (sentences.yml), the ids of its measures, a
score. A number that is null never becomes a statement. Scores run from 0 to 1 and only rank: the
weight of the kind of finding times how far the number lies from its threshold (kinds.yml).

Where groups differ (`patterns_of`): every barrier is held against every variable by which it was
counted (groups, and who completed), and so are use and completion of the e-learning; the tests are
one family, adjusted by Holm for the number of looks. Only shares that are shown are looked at.
Persons of one agency may resemble each other, which the tests of barriers do not allow for: they
find where to look, and prove no cause.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from evaluasi_lib.claims import Told, is_nothing, tell, told_effects, variable_label
from evaluasi_lib.conclusion import ALPHA, adjust_p_values, quadrants
from evaluasi_lib.findings.verdict import COMPLETION, estimate_id, is_decisive, rating_id, say
from evaluasi_lib.measures import (
    SMALL_CELL,
    EvaluationResult,
    Finding,
    Measure,
    Record,
    measure_id,
    record_of,
    threats_of,
    value_at,
    wide,
)
from evaluasi_lib.program import Program, Text
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
SIGN = {True: "good", False: "bad"}  # ends of the names of sentences
COMPLETED = "completed"  # the name under which barriers are counted by completion
WORD = re.compile(r"\w+")
SMALL = {"dan", "dalam", "untuk", "yang", "di", "and", "for", "in", "of", "on", "the", "a"}


def note(good: bool, id: str, score: float, cited: Sequence[str], text: str) -> Note:
    """A note whose score is held within 0-1."""
    return good, Finding(id, text, tuple(cited), min(max(score, 0.0), 1.0))


def signed(good: bool, id: str, score: float, cited: str, sentence: str, /, **values: str) -> Note:
    """A note of a strength or a weakness in a sentence, on one measure."""
    return note(good, id, score, [cited], say(sentence, **values))


def effect_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """One note for each primary estimate, in words that its design and evidence can carry."""
    for effect in told_effects(program, result.rows, "primary"):
        weight = LEVEL_WEIGHT[effect.level] * (1 if is_decisive(program, effect.outcome) else 0.7)
        moved = weight * (0.6 + 0.4 * _magnitude(effect))
        conclusion = None if effect.estimate is None else effect.conclusion
        kind, score = {
            "improved": ("effect", moved),
            "worsened": ("harm", moved + 0.2),
            "no_meaningful_change": ("flat", 0.8 * weight),
            "inconclusive": ("unclear", 0.6 * weight),
            None: ("unmeasured", 0.6 * weight),
        }[conclusion]
        if conclusion or effect.reason:
            id, cited = f"{kind}.{effect.outcome}", [estimate_id(effect.outcome)]
            yield note(kind == "effect", id, score, cited, tell(effect))


def _magnitude(effect: Told) -> float:
    """How large, 0-1: an effect size of 0.8, or twice the smallest change of interest, is 1."""
    if effect.effect_size_g is not None:
        return min(abs(effect.effect_size_g) / 0.8, 1.0)
    if effect.sesoi and effect.estimate is not None:
        return min(abs(effect.estimate) / (2 * effect.sesoi), 1.0)
    return 0.5


def evidence_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Primary outcomes whose evidence is weak, those whose evidence is strong, and the threats."""
    limit = program.thresholds.min_evidence_rating
    effects = told_effects(program, result.rows, "primary")
    labels = {e.outcome: phrase("“{}”", e.label) for e in effects}
    ratings = {e.outcome: e.rating for e in effects if e.rating is not None}
    weak = {o: n for o, n in ratings.items() if n < limit}
    strong = {o: n for o, n in ratings.items() if n >= max(4, limit)}
    for good, rated in ((False, weak), (True, strong)):
        if rated:
            known = sorted(set(rated.values()))
            text = say(
                "evidence.good" if good else "evidence.bad",
                rating=join_words([count(rating) for rating in known]),
                labels=join_words([labels[outcome] for outcome in rated]),
            )
            score = 0.1 * known[-1] if good else 0.35 + 0.1 * (limit - known[0])
            yield note(good, "evidence.rating", score, [rating_id(o) for o in rated], text)
    places: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in threats_of(result.rows):
        if row.note:
            places[row.measure][row.note].append(str(row.subject))
    for code, threats in places.items():
        parts = [
            say("threat.of", threat=text, labels=join_words([labels[o] for o in outcomes]))
            for text, outcomes in threats.items()
        ]
        cited = [rating_id(o) for outcomes in threats.values() for o in outcomes]
        yield note(False, f"threat.{code}", 0.3, cited, say("threat", threat=joined(parts)))


def approval_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """What participants say of the program itself: instruments of the level reaction, at their last
    wave, by the share of answers in the two highest categories, or by the net promoter score."""
    limit = program.thresholds.min_approval_share
    last = {s["subject"]: s for s in wide(result.rows, "scales/*/*/program")}
    for name, instrument in program.instruments.items():
        score = last.get(name)
        if score is None or instrument.level != "reaction":
            continue
        id, nps = f"approval.{name}", record_of(result.rows, measure_id(*score["stem"], "nps"))
        if (promoters := nps["score"]) is not None:
            low, high = nps["score_low"], nps["score_high"]
            if not low <= 0 <= high:
                yield signed(
                    low > 0, id, 0.3 + 0.3 * abs(promoters), measure_id(*nps["stem"], "score"),
                    f"nps.{SIGN[low > 0]}", score=number(promoters * 100, 0),
                    interval=interval(low * 100, high * 100, 0),
                )  # fmt: skip
        elif (share := score["top2_share"]) is not None and instrument.index != "nps":
            low, high = score["top2_share_low"], score["top2_share_high"]
            good = low is not None and low >= limit
            if good or (high is not None and high < limit):
                yield signed(
                    good, id, 0.35 + abs(share - limit), measure_id(*score["stem"], "top2_share"),
                    f"approval.{SIGN[good]}", label=score["label"], limit=percent(limit),
                    share=shown_share(score, "top2_share"),
                )  # fmt: skip


def reliability_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Instruments whose alpha at the last wave in the program's group is too low. A good alpha is
    no strength of the program: it says that the instrument, not that the program, works."""
    limit = program.thresholds.min_alpha
    last = {s["subject"]: s for s in wide(result.rows, "scales/*/*/program")}
    importance = {x.importance for x in program.instruments.values()}
    for scale, score in last.items():
        # Ratings of importance are not meant to hang together, and a dimension of few items is
        # judged within its instrument.
        judged = scale not in importance and scale.rpartition(".")[0] not in last
        alpha = score["alpha"]
        if judged and alpha is not None and alpha < limit:
            text = say("reliability", label=score["label"], alpha=number(alpha, 2),
                       limit=number(limit, 2))  # fmt: skip
            cited = [measure_id(*score["stem"], "alpha")]
            yield note(False, f"reliability.{scale}", 0.4 + (limit - alpha), cited, text)


def item_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Importance-performance analysis: what participants call important, rated low or high."""
    for cross in wide(result.rows, "scales/*/*/program/ipa"):
        at = (cross["cross_performance"], cross["cross_importance"])
        if at[0] is None:
            continue
        _part, scale, wave, group, _name = cross["stem"]
        rated = wide(result.rows, measure_id("scales", scale, wave, group, "*"))
        items = [x for x in rated if x["performance"] is not None]
        sides = [[x[side] for x in items] for side in ("performance", "importance")]
        found = quadrants(*sides, cross=at)
        for quadrant, sentence in (("concentrate", "item.bad"), ("keep_up", "item.good")):
            here = [x for x, q in zip(items, found, strict=True) if q == quadrant]
            if here:
                named = join_words([phrase("“{}”", short_label(x["label"])) for x in here])
                cited = [measure_id(*x["stem"], "performance") for x in here]
                text = say(sentence, items=named)
                yield note(quadrant == "keep_up", f"item.{scale}@{wave}", 0.45, cited, text)


def cost_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Cost per completer, use of the budget, benefits against costs, by the declared limits."""
    money, limits = record_of(result.rows, "efficiency"), program.thresholds
    cost, limit = money["cost_per_completer_idr"], limits.max_cost_per_completer_idr
    if cost is not None and limit is not None:
        good = cost <= limit
        score = 0.5 if good else 0.5 + 0.5 * (cost / limit - 1)
        yield signed(good, "cost.completer", score, COST, f"cost.{SIGN[good]}", cost=rupiah(cost),
                     limit=rupiah(limit))  # fmt: skip
        # Where the money goes, when it is more than the limit.
        spent = [row for row in wide(result.rows, "efficiency/costs/*")
                 if not good and row["share_of_total"] is not None]  # fmt: skip
        if spent:
            row = max(spent, key=lambda row: row["share_of_total"])
            share, id = row["share_of_total"], f"spending.{row['subject']}"
            text = say("spending", label=row["label"], share=percent(share))
            cited = [measure_id(*row["stem"], "share_of_total")]
            yield note(False, id, 0.3 + 0.3 * share, cited, text)
    if (bcr := money["bcr"]) is not None:
        yield _benefit_note(result, bcr, limits.min_bcr)
    reason = money["cost_per_completer_idr_reason"]
    if cost is None and reason not in (None, SMALL_CELL):
        yield note(False, "unpriced.program", 0.4, [COST], say("unpriced", reason=reason))
    used, (least, most) = money["budget_absorption_share"], BUDGET
    if used is not None and not least <= used <= most:
        text = say("budget.over" if used > most else "budget.under", share=percent(used))
        cited = ["efficiency/budget_absorption_share"]
        yield note(False, "budget.program", 0.3 + abs(used - 1), cited, text)


def _benefit_note(result: EvaluationResult, bcr: float, limit: float) -> Note:
    """Whether benefits cover costs; no strength where most of the moved assumptions say no."""
    cases = wide(result.rows, "efficiency/sensitivity/*")
    moved = [row["bcr"] for row in cases[1:] if row["bcr"] is not None]
    below, id, cited = sum(value < limit for value in moved), "bcr.program", "efficiency/bcr"
    if bcr >= limit and 2 * below > len(moved):
        text = say("bcr.fragile", bcr=number(bcr, 2), below=count(below), n=count(len(moved)),
                   limit=number(limit, 0 if limit == int(limit) else 2))  # fmt: skip
        return note(False, id, 0.45, [cited], text)
    sentence = f"bcr.{SIGN[bcr >= limit]}"
    return signed(bcr >= limit, id, 0.6, cited, sentence, bcr=number(bcr, 2))


def completion_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Who completes, by the program's own limit, and who answers the survey."""
    share, limit = value_at(result.rows, COMPLETION), program.thresholds.min_completion_share
    if share is not None:
        good = share >= limit
        score = 0.5 if good else 0.5 + (limit - share)
        yield signed(good, "completion.program", score, COMPLETION, f"completion.{SIGN[good]}",
                     share=percent(share), limit=percent(limit))  # fmt: skip
    response = value_at(result.rows, RESPONSE)
    if response is not None and response < MIN_RESPONSE_SHARE:
        text = say("response", share=percent(response))
        yield note(False, "response.program", 0.4, [RESPONSE], text)


def share_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Barriers and wanted modules that at least the declared share of respondents named."""
    limits = program.thresholds
    for row in wide(result.rows, "participation/barriers/*"):
        none = row["stem"][-1] in NO_BARRIER or is_nothing(row["subject"], row["label"])
        if not none and row["share"] is not None and row["share"] >= limits.barrier_share:
            yield _named("barrier", row, 0.6)
    for row in wide(result.rows, "module_demand/*"):
        if row["share"] is not None and row["share"] >= limits.demand_share:
            place = offers(program, row["label"])
            if place is None:
                yield _named("module", row, 0.5)
            else:
                yield _named("offered", row, 0.5, place=_unnumbered(choose(place)))


def _named(kind: str, row: Record, slope: float, **values: str) -> Note:
    text = say(kind, share=shown_share(row), label=row["label"], **values)
    cited = [measure_id(*row["stem"], "share")]
    return note(False, f"{kind}.{row['subject']}", 0.3 + slope * row["share"], cited, text)


@spoken
def _unnumbered(label: str) -> str:
    """A module's name without its number: "6. Cyber security" -> "Cyber security"."""
    return re.sub(r"^\d+\s*[.):-]\s*", "", label)


def offers(program: Program, wanted: str) -> Text | None:
    """The declared module, or else the program's title, that names what its participants want; None
    where neither does."""
    modules = program.elearning.modules.values() if program.elearning else ()
    texts: list[Text] = [*modules, program.title]
    return next((text for text in texts if names(text, wanted)), None)


def names(text: Text, wanted: str) -> bool:
    """Whether all words of what is wanted stand in the text, in any language of both."""
    asked = [_words(in_language(wanted, code)) for code in LANGUAGES]
    said = (
        text.values() if isinstance(text, dict) else [in_language(text, code) for code in LANGUAGES]
    )
    return any(need and need <= _words(version) for need in asked for version in said)


def _words(text: str) -> set[str]:
    return set(WORD.findall(text.casefold())) - SMALL


def theme_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Themes of open answers that are frequent and clearly good or bad."""
    for theme in wide(result.rows, "themes/*/survey"):
        name, share, mood = theme["subject"], theme["share"], theme["tone"]
        if name in GENERAL_THEMES or not mood or (share or 0) < THEME_SHARE:
            continue
        counts, sentence = {}, "theme.good" if mood > 0 else "theme.bad"
        if theme["praise"] is not None:
            sentence = "theme.counted"
            counts = {x: count(int(theme[x])) for x in ("praise", "criticism")}
        text = say(sentence, share=shown_share(theme), label=theme["label"], **counts)
        cited = [measure_id(*theme["stem"], x) for x in ("share", "tone")]
        yield note(mood > 0, f"theme.{name}", 0.25 + 0.5 * share, cited, text)


def access_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Groups that are missed among the enrolled."""
    for row in wide(result.rows, "participation/representation/*/*"):
        if is_missed(row):
            variable, expected = row["stem"][2], row["population_share"]
            text = say("access", group=row["label"], variable=variable_label(program, variable),
                       share=shown_share(row), expected=percent(expected))  # fmt: skip
            id, cited = f"access.{variable}.{row['group']}", [measure_id(*row["stem"], "share")]
            yield note(False, id, 0.35 + min(expected - row["share"], 0.3), cited, text)


def is_missed(row: Mapping[str, Any]) -> bool:
    """Whether a group's share of the enrolled lies clearly below its share of the population."""
    high, expected = row["share_high"], row["population_share"]
    return high is not None and expected is not None and expected > high


class Share(NamedTuple):
    """The share of one group, and the id of its measure. level: the group's code."""

    level: str
    group: str
    share: float
    at: str


class Pattern(NamedTuple):
    """A share that differs between the groups of a variable. what: a barrier, "used" or
    "completed"; label: its name; shares: from the lowest to the highest; p: adjusted for `looks`
    tests."""

    what: str
    label: str
    variable: str
    shares: tuple[Share, ...]
    p: float
    looks: int = 1

    @property
    def of_barrier(self) -> bool:
        return self.shares[0].at.startswith("participation/barriers/")

    @property
    def score(self) -> float:
        return 0.35 + min(self.shares[-1].share - self.shares[0].share, 0.3)

    def told(self, sentence: str, **values: str) -> str:
        """The sentence with the groups and shares of both ends."""
        low, high = self.shares[0], self.shares[-1]
        return say(sentence, low=low.group, high=high.group, low_share=percent(low.share),
                   high_share=percent(high.share), label=self.label, **values)  # fmt: skip


def patterns_of(rows: Sequence[Measure]) -> list[Pattern]:
    """The differences that stay at the 5% level after adjustment, the clearest first."""
    looks = list(_looks(rows))
    adjusted = zip(looks, adjust_p_values([look.p for look in looks]), strict=True)
    found = [look._replace(p=p, looks=len(looks)) for look, p in adjusted if p is not None]
    kept = [pattern for pattern in found if pattern.p < ALPHA]
    return sorted(kept, key=lambda pattern: (pattern.p, pattern.what, pattern.variable))


def _looks(rows: Sequence[Measure]) -> Iterator[Pattern]:
    counted, used = defaultdict(list), defaultdict(list)
    for row in wide(rows, "participation/barriers/*/*/*"):
        counted[row["stem"][2:4]].append(row)
    for row in wide(rows, "elearning/access/*/*"):
        used[row["stem"][2]].append(row)
    for (option, variable), groups in counted.items():
        if is_nothing(option, groups[0]["label"]):
            continue  # that nothing holds a group back is no barrier
        known = [g for g in groups if g["share"] and g["n"]]
        p = _p_alike([(g["n"], round(g["n"] / g["share"]) - g["n"]) for g in known])
        if p is not None:
            shares = _ranked(known, "share", "group")
            yield Pattern(option, known[0]["label"], variable, shares, p)
    for variable, groups in used.items():
        for what in ("used", "completed"):
            field = f"{what}_share"
            known = [g for g in groups if g[field] is not None]
            # The published test allows for the agencies; where there is none, the counts must do.
            p = next((p for g in known if (p := g[f"{field}_p"]) is not None), None)
            if p is None:
                pairs = [(g[field], g["n"] or 0) for g in known]
                p = _p_alike([(round(x * n), round((1 - x) * n)) for x, n in pairs])
            if p is not None and len(known) > 1:
                yield Pattern(what, what, variable, _ranked(known, field, "label"), p)


def _ranked(groups: Sequence[Record], field: str, name: str) -> tuple[Share, ...]:
    shares = [
        Share(g["stem"][-1], g[name], g[field], measure_id(*g["stem"], field)) for g in groups
    ]
    return tuple(sorted(shares, key=lambda s: (s.share, s.level)))


def _p_alike(counts: Sequence[tuple[int, int]]) -> float | None:
    """Chi-squared test that a share is the same in all groups; None with fewer than two groups, or
    where everybody or nobody is counted."""
    table = np.array(counts)
    if len(table) < 2 or 0 in table.sum(axis=0) or 0 in table.sum(axis=1):
        return None
    return float(stats.chi2_contingency(table, correction=False).pvalue)


def pattern_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Groups that complete the e-learning less often, with what holds them back more than others;
    then barriers that weigh on a group, or on those who did not complete, alone."""
    found = patterns_of(result.rows)
    limit = program.thresholds.barrier_share
    barriers = [p for p in found if p.of_barrier and p.shares[-1].share >= limit]
    told: list[Pattern] = []
    for pattern in found:
        if pattern.of_barrier or pattern.what != "completed":
            continue
        behind, ahead = pattern.shares[0], pattern.shares[-1]
        place = (pattern.variable, behind.level)
        same = [b for b in barriers if (b.variable, b.shares[-1].level) == place]
        told += same
        text = joined([pattern.told("access.elearning"), *(_weighs_there(b) for b in same)])
        cited = [behind.at, ahead.at, *(b.shares[-1].at for b in same)]
        yield note(False, f"access.elearning.{pattern.variable}", pattern.score, cited, text)
    for pattern in [b for b in barriers if b not in told]:
        kind = "pattern.group"
        if pattern.variable == COMPLETED:
            stopped = pattern.shares[-1].level == "false"
            kind = "pattern.unfinished" if stopped else "pattern.finished"
        id = f"pattern.{pattern.what}.{pattern.variable}"
        cited = [pattern.shares[-1].at, pattern.shares[0].at]
        yield note(False, id, pattern.score, cited, pattern.told(kind))
    for pattern in found:
        if pattern.what == "used" and not pattern.of_barrier:
            id, cited = f"access.use.{pattern.variable}", [s.at for s in pattern.shares]
            ends = [cited[0], cited[-1]]
            yield note(False, id, pattern.score, ends, pattern.told("pattern.used"))


def _weighs_there(pattern: Pattern) -> str:
    """What the group that is behind names more often than the others do."""
    low, high = percent(pattern.shares[0].share), percent(pattern.shares[-2].share)
    one = pattern.shares[0].share == pattern.shares[-2].share
    return pattern.told("access.because", others=low if one else say("range", low=low, high=high))


def plausibility_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """A recorded time of learning that the declared training hours make hard to believe."""
    at = "elearning/time_on_task/median_minutes"
    minutes = value_at(result.rows, at)
    hours = program.costs.training_hours_jp if program.costs else None
    if minutes is None or not hours:
        return
    declared = hours * JP_MINUTES
    if not PLAUSIBLE[0] <= minutes / declared <= PLAUSIBLE[1]:
        text = say("implausible.time", minutes=number(minutes, 0), hours=number(hours, 0),
                   declared=number(declared, 0), share=percent(minutes / declared))  # fmt: skip
        yield note(False, "implausible.time", 0.5, [at], text)


def triangulation_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Where the sources contradict one another, and where they agree on something good: that an
    outcome improved, or that nothing holds people back."""
    questions = {choose(q.text): q for q in program.questions}
    for i, row in enumerate(result.triangulation, 1):
        asked = questions.get(row.question)
        name = asked.id if asked else i - 1
        cited = [measure_id("triangulation", i, "sources")]
        wanted = None if asked is None else "no" if asked.barrier is not None else "yes"
        if row.agreement == "divergent":
            text = say("divergence", question=row.question)
            yield note(False, f"divergence.{name}", 0.45, cited, text)
        elif row.agreement == "convergent" and wanted is not None and row.answer == wanted:
            text = say(f"agreement.{wanted}", question=row.question)
            yield note(True, f"agreement.{name}", 0.2, cited, text)


def promise_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """What earlier cycles recommended and was not done."""
    for item in result.follow_up:
        if item.status in PROMISED:
            text = say(f"promise.{item.status}", cycle=item.from_cycle, text=item.text)
            cited = [measure_id("follow_up", item.id, "difference")]
            yield note(False, f"promise.{item.id}", PROMISED[item.status], cited, text)


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


def shown_share(row: Mapping[str, Any], field: str = "share") -> str:
    """ "34% (95% interval 28% to 41%)"."""
    share, low, high = (row[field + end] for end in ("", "_low", "_high"))
    if low is None or high is None:
        return percent(share)
    ends = _("{low} to {high}").format(low=percent(low), high=percent(high))
    return say("with_interval", value=percent(share), interval=ends)
