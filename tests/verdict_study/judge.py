"""What a result says, held against the truth.

A claim is wrong when it says more than the truth or the design allows:

- decision: scale_up or continue although no performance outcome (behaviour, results; learning where
  there is neither) truly gained half its smallest effect of interest, or one was truly harmed;
  redesign although one truly gained its smallest effect and nothing but reaction was harmed; adjust
  although every outcome gained twice its smallest effect and cost and delivery are fine;
- sentence: “The program raised (lowered) ...” where the true effect is 0 or of the other sign, or
  the design has no comparison;
- effect: a primary estimate claimed as effect and concluded to be better or worse although the true
  effect is 0 or of the other sign (with a sound design: the type I error);
- money: benefits are said to cover the costs although the valued outcome did not truly gain;
- stability: “the decision stays the same in 99%” although the evidence is rated 0 or 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.verdict_study.people import Drawn
from tests.verdict_study.situations import Situation

KINDS = ("decision", "sentence", "effect", "money", "stability")
CAUSAL = re.compile(
    r"^the program (raised|lowered|increased|decreased|reduced|improved|worsened|raises|lowers)",
    re.IGNORECASE,
)
COVERED = re.compile(
    r"benefits?[^.]*\b(cover|exceed|outweigh|pay)|return on (the )?invest", re.IGNORECASE
)
# A sentence on stability gives a share and speaks of what was drawn again.
STABLE = re.compile(
    r"redraw|drawn again|repetition|resampl|stays? the same|unchanged", re.IGNORECASE
)
SHARE = re.compile(r"[0-9]\s?%")
QUOTED = re.compile(r"“[^”]*”")
# Under this share of the smallest effect of interest an effect is called none.
NONE = 0.05


@dataclass(frozen=True)
class Truth:
    """The true effect of one outcome, signed as measured; gain: in smallest effects of interest as
    they were meant, positive is good."""

    effect: float
    gain: float
    level: str


@dataclass(frozen=True)
class Judged:
    """One repetition: what was said, and what of it was wrong."""

    decision: str
    rule: str
    provisional: bool
    wrong: tuple[str, ...]
    silent: bool
    found: bool
    ratings: tuple[int | None, ...]
    estimates: dict[str, tuple[float | None, float | None, float | None]]
    conclusions: dict[str, str | None]
    said: tuple[str, ...] = ()


def truths_of(situation: Situation, persons: int = 40_000) -> dict[str, Truth]:
    """True effects on the persons treated, over as many draws as hold `persons` of them.

    Draws of their own seeds, so that the truth does not depend on the repetitions judged.
    """
    sums: dict[str, float] = {}
    treated = 0
    shown: Drawn | None = None
    for number in range(2000):
        drawn = shown = situation.draw(situation.rng(number, purpose=1))
        for m in drawn.measures:
            sums[m.id] = sums.get(m.id, 0.0) + float(m.effect[drawn.program].sum())
        treated += int(drawn.program.sum())
        if treated >= persons:
            break
    assert shown is not None
    out = {}
    for m in shown.measures:
        effect = sums[m.id] / treated
        sign = -1 if m.direction == "lower" else 1
        out[m.id] = Truth(effect, sign * effect / m.sesoi, m.level)
    return out


def judge(situation: Situation, truths: dict[str, Truth], result: dict[str, Any]) -> Judged:
    """One result.json against the truth. Outcomes without a truth are not judged."""
    primary = [e for e in result["effects"] if e["role"] == "primary" and e["outcome"] in truths]
    verdict = result["verdict"]
    claims = dict(_claims(situation, truths, result, primary))
    wrong = tuple(kind for kind in KINDS if kind in claims)
    printed = list(_printed(result))
    named = any(re.search(p, text, re.IGNORECASE) for p in situation.must_say for text in printed)
    return Judged(
        decision=verdict["decision"],
        rule=verdict["rule"],
        provisional=any("provisional" in reason.lower() for reason in verdict["reasons"]),
        wrong=wrong,
        silent=bool(wrong and situation.must_say and not named),
        found=verdict["decision"] in ("scale_up", "continue"),
        ratings=tuple(e["rating_0_5"] for e in result["evidence"]),
        estimates={e["outcome"]: (e["estimate"], e["ci_low"], e["ci_high"]) for e in primary},
        conclusions={e["outcome"]: e["conclusion"] for e in primary},
        said=tuple(claims.values()),
    )


def wrong_decision(decision: str, truths: dict[str, Truth], fine: bool = True) -> bool:
    """Whether a decision says more than the true effects allow."""
    performance = [t.gain for t in truths.values() if t.level in ("behaviour", "results")]
    performance = performance or [t.gain for t in truths.values() if t.level == "learning"]
    harmed = any(t.gain <= -0.5 for t in truths.values() if t.level != "reaction")
    best = max(performance, default=0.0)
    if decision in ("scale_up", "continue"):
        return best < 0.5 or harmed
    if decision == "redesign":
        return best >= 0.95 and not harmed
    if decision == "adjust":
        return fine and min((t.gain for t in truths.values()), default=0.0) >= 1.9
    return False


def _claims(
    situation: Situation,
    truths: dict[str, Truth],
    result: dict[str, Any],
    primary: list[dict[str, Any]],
) -> Iterator[tuple[str, str]]:
    """The wrong claims: kind and what was said."""
    decision = result["verdict"]["decision"]
    if wrong_decision(decision, truths, situation.fine):
        yield "decision", decision
    for finding in [*result["strengths"], *result["weaknesses"]]:
        text = finding["statement"]
        if CAUSAL.search(text):
            outcome = _outcome_of(finding, result)
            if situation.design == "single_group" or _unfounded(text, truths.get(outcome or "")):
                yield "sentence", text
    for finding in result["strengths"]:
        if COVERED.search(finding["statement"]) and max(t.gain for t in truths.values()) < 0.5:
            yield "money", finding["statement"]
    for effect in primary:
        if effect["claim"] != "effect" or effect["conclusion"] not in ("improved", "worsened"):
            continue
        gain = truths[effect["outcome"]].gain
        better = effect["conclusion"] == "improved"
        if gain < NONE if better else gain > -NONE:
            yield "effect", f"{effect['outcome']}: {effect['conclusion']}"
    rated = [
        e["rating_0_5"]
        for e in result["evidence"]
        if e["rating_0_5"] is not None and (not truths or e["outcome"] in truths)
    ]
    if rated and min(rated) <= 1:
        for reason in result["verdict"]["reasons"]:
            if STABLE.search(reason) and SHARE.search(reason):
                yield "stability", reason


def _outcome_of(finding: dict[str, Any], result: dict[str, Any]) -> str | None:
    """The outcome of the effect that a finding points at."""
    for pointer in finding["evidence"]:
        match = re.match(r"/effects/(\d+)", pointer)
        if match:
            outcome: str = result["effects"][int(match.group(1))]["outcome"]
            return outcome
    return None


def _unfounded(text: str, truth: Truth | None) -> bool:
    """Whether “The program raised (lowered) ...” has no truth behind it; unknown outcome: no."""
    if truth is None:
        return False
    match = CAUSAL.search(text)
    assert match is not None
    word = match.group(1).lower()
    if word in ("improved", "worsened"):
        value = truth.gain if word == "improved" else -truth.gain
    else:
        up = word in ("raised", "increased", "raises")
        sized = abs(truth.gain) if truth.effect > 0 else -abs(truth.gain)
        value = sized if up else -sized
    return value < NONE


def _printed(result: dict[str, Any]) -> Iterator[str]:
    """Every text that warns a reader: threats, weaknesses, reasons, warnings, problems of data.

    Without what stands in quotation marks: names of outcomes and items name no problem.
    """
    for text in _warnings(result):
        yield QUOTED.sub("“”", text)


def _warnings(result: dict[str, Any]) -> Iterator[str]:
    for evidence in result["evidence"]:
        yield from evidence["threats"]
    for weakness in result["weaknesses"]:
        yield weakness["statement"]
    yield from result["verdict"]["reasons"]
    for effect in result["effects"]:
        if effect["role"] == "primary":
            yield from effect["warnings"]
    for scale in result["scales"]:
        yield from scale["warnings"]
    yield from result["quality"]["problems"]
