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
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.verdict_study.draw import Rows, draw, rng_of

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


class Truth(NamedTuple):
    """The true effect of one outcome, signed as measured; gain: in smallest effects of interest as
    they were meant, positive is good."""

    effect: float
    gain: float
    level: str


Truths = dict[str, Truth]
Result = dict[str, Any]


def truths_of(situation: Rows, persons: int = 40_000) -> Truths:
    """True effects on the persons treated, over as many draws as hold `persons` of them.

    Draws of their own seeds, so that the truth does not depend on the repetitions judged.
    """
    sums: Counter[str] = Counter()
    treated = number = 0
    while treated < persons and number < 2000:
        drawn = draw(rng_of(situation.name, number, purpose=1), situation)
        for m in drawn.measures:
            sums[m.id] += float(m.effect[drawn.program].sum())
        treated += int(drawn.program.sum())
        number += 1
    out = {}
    for m in drawn.measures:
        effect = sums[m.id] / treated
        gain = (-effect if m.direction == "lower" else effect) / m.sesoi
        out[m.id] = Truth(effect, gain, m.level)
    return out


def judge(situation: Rows, truths: Truths, result: Result) -> dict[str, Any]:
    """One result against the truth: decision, rule, provisional, the wrong kinds of claims, silent
    (nothing printed names the problem), found, ratings, estimates and conclusions by outcome, and
    what was wrongly said. Outcomes without a truth are not judged."""
    primary = [e for e in result["effects"] if e["role"] == "primary" and e["outcome"] in truths]
    verdict = result["verdict"]
    claims = dict(_claims(situation, truths, result, primary))
    wrong = tuple(kind for kind in KINDS if kind in claims)
    # Names of outcomes and items, in quotation marks, name no problem.
    printed = [QUOTED.sub("“”", text) for text in _warnings(result)]
    named = any(re.search(p, text, re.IGNORECASE) for p in situation.must_say for text in printed)
    return {
        "decision": verdict["decision"],
        "rule": verdict["rule"],
        "provisional": any("provisional" in reason.lower() for reason in verdict["reasons"]),
        "wrong": wrong,
        "silent": bool(wrong and situation.must_say and not named),
        "found": verdict["decision"] in ("scale_up", "continue"),
        "ratings": tuple(e["rating_0_5"] for e in result["evidence"]),
        "estimates": {e["outcome"]: (e["estimate"], e["ci_low"], e["ci_high"]) for e in primary},
        "conclusions": {e["outcome"]: e["conclusion"] for e in primary},
        "said": tuple(claims.values()),
    }


def wrong_decision(decision: str, truths: Truths, fine: bool = True) -> bool:
    """Whether a decision says more than the true effects allow."""
    performance = [t.gain for t in truths.values() if t.level in ("behaviour", "results")]
    performance = performance or [t.gain for t in truths.values() if t.level == "learning"]
    harmed = any(t.gain <= -0.5 for t in truths.values() if t.level != "reaction")
    best = max(performance, default=0.0)
    if decision in ("scale_up", "continue"):
        return best < 0.5 or harmed
    if decision == "redesign":
        return best >= 0.95 and not harmed
    least = min((t.gain for t in truths.values()), default=0.0)
    return decision == "adjust" and fine and least >= 1.9


def _claims(
    situation: Rows, truths: Truths, result: Result, primary: list[Any]
) -> Iterator[tuple[str, str]]:
    """The wrong claims: kind and what was said."""
    decision, reasons = result["verdict"]["decision"], result["verdict"]["reasons"]
    if wrong_decision(decision, truths, situation.fine):
        yield "decision", decision
    for finding in [*result["strengths"], *result["weaknesses"]]:
        said = CAUSAL.search(finding["statement"])
        if said and (
            situation.design == "single_group" or _unfounded(said, truths, finding, result)
        ):
            yield "sentence", finding["statement"]
    for finding in result["strengths"]:
        if COVERED.search(finding["statement"]) and max(t.gain for t in truths.values()) < 0.5:
            yield "money", finding["statement"]
    for effect in primary:
        sign = {"improved": 1, "worsened": -1}.get(effect["conclusion"])
        if sign and effect["claim"] == "effect" and sign * truths[effect["outcome"]].gain < NONE:
            yield "effect", f"{effect['outcome']}: {effect['conclusion']}"
    rated = [
        e["rating_0_5"] for e in result["evidence"]
        if e["rating_0_5"] is not None and (not truths or e["outcome"] in truths)
    ]  # fmt: skip
    if min(rated, default=5) <= 1:
        yield from (("stability", r) for r in reasons if STABLE.search(r) and SHARE.search(r))


def _unfounded(said: re.Match[str], truths: Truths, finding: Any, result: Result) -> bool:
    """Whether “The program raised (lowered) ...” has no truth behind it; unknown outcome: no."""
    places = (re.match(r"/effects/(\d+)", pointer) for pointer in finding["evidence"])
    pointed = [result["effects"][int(place[1])]["outcome"] for place in places if place]
    truth = truths.get(pointed[0]) if pointed else None
    if truth is None:
        return False
    word = said[1].lower()
    if word in ("improved", "worsened"):
        return (truth.gain if word == "improved" else -truth.gain) < NONE
    sized = abs(truth.gain) if truth.effect > 0 else -abs(truth.gain)
    return (sized if word in ("raised", "increased", "raises") else -sized) < NONE


def _warnings(result: Result) -> Iterator[str]:
    """Every text that warns a reader: threats, weaknesses, reasons, warnings, problems of data."""
    for evidence in result["evidence"]:
        yield from evidence["threats"]
    yield from (weakness["statement"] for weakness in result["weaknesses"])
    yield from result["verdict"]["reasons"]
    for record in (*(e for e in result["effects"] if e["role"] == "primary"), *result["scales"]):
        yield from record["warnings"]
    yield from result["quality"]["problems"]
