"""The verdict: the row of the decision table that fires, why, and how firmly it stands.

Stability: each repetition draws every primary estimate again from its own sampling distribution
(estimate + standard error x t with its df), completion from its binomial's Jeffreys posterior, and
every limit uniformly within the declared amount (decision_table.yml, `moves`). Conclusions follow
by the same written rule as the estimates' own (conclusion.py). The stability share is that of
repetitions with the same decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evaluasi_lib.conclusion import Floats, adjusted, concluded
from evaluasi_lib.effects import Effect, effects_of
from evaluasi_lib.findings.rules import decision_table, say
from evaluasi_lib.findings.situation import (
    COMPLETION,
    MISLEADING,
    Facts,
    OutcomeState,
    Situation,
    beyond_reaction,
    estimate_id,
    facts,
    rating_id,
    situation_of,
    weakest_rating,
)
from evaluasi_lib.measures import Measure, record_rows, value_at
from evaluasi_lib.program import Program, Thresholds
from evaluasi_lib.results import Decision, EvaluationResult, Verdict
from evaluasi_lib.wording import count, join_words, joined, own, percent, phrase, spoken

DRAWS = 1000
DRAWS_ALONE = 400
CONCLUSIONS = ("improved", "worsened", "no_meaningful_change", "inconclusive", None)


def judge(program: Program, result: EvaluationResult) -> Verdict:
    """The verdict on one program, without its stability."""
    situation, min_rating = situation_of(program, result), program.thresholds.min_evidence_rating
    answers = facts(situation, program.thresholds)
    row = decision_table().decide(answers)
    strength = strength_of_words(situation, min_rating)
    settled = row.decision != "insufficient_evidence"
    reasons = [own(row.text), *_by_conclusion(situation)]
    certainty = [*_weakest(situation), *_caveats(situation)]
    change = []
    if row.decision == "continue":
        conditions = joined(missing_for_scale_up(answers), "; ")
        change.append(say("wanted", conditions=conditions))
    provisional = settled and strength == "weak" and bool(situation.outcomes)
    if provisional:
        certainty.append(say("provisional"))
    if not settled or provisional:
        change += what_would_settle(situation, min_rating, program.design.type)
    return Verdict(
        decision=row.decision,
        reasons=tuple(reasons),
        rule=row.rule,
        evidence=_measured(situation),
        certainty=tuple(certainty),
        would_change=tuple(change),
        provisional=provisional,
    )


def _weakest(situation: Situation) -> list[str]:
    """The rating of the weakest evidence among the outcomes that decide."""
    states = beyond_reaction(situation)
    if not states:
        return []
    lowest = weakest_rating(situation)
    labels = _labels([s for s in states if (s.rating or 0) == lowest])
    return [say("weakest", rating=count(lowest), labels=labels)]


def _measured(situation: Situation) -> tuple[str, ...]:
    """The ids of the measures that the verdict rests on."""
    outcomes = [estimate_id(s.effect.outcome) for s in situation.outcomes]
    ratings = [rating_id(s.effect.outcome) for s in situation.outcomes if s.rating is not None]
    others = {
        COMPLETION: situation.completion_share,
        "efficiency/cost_per_completer_idr": situation.cost_per_completer_idr,
        "efficiency/bcr": situation.bcr,
    }
    known = [id for id, value in others.items() if value is not None]
    return (*outcomes, *ratings, *known)


def with_stability(
    program: Program, result: EvaluationResult, verdict: Verdict
) -> tuple[Verdict, tuple[Measure, ...]]:
    """The verdict with a sentence on its stability, what it hangs on, and the row of its share.

    Repetitions redraw the error of sampling alone. Where no verdict was reached, or an outcome that
    decides has no comparison or hardly any evidence, that error is the least of the doubts: a
    stability would mislead and is not shown.
    """
    situation = situation_of(program, result)
    if verdict.decision == "insufficient_evidence" or weakest_rating(situation) < 2:
        return verdict, ()
    stability = diagnose_robustness(program, result)
    sentence = say("stability", share=percent(stability["share"]), n=count(stability["draws"]))
    hangs = [say("hangs_on", source=stability["hangs_on"])] if stability["hangs_on"] else []
    about = {"n": stability["draws"], "note": stability["hangs_on"]}
    row = record_rows(stability, ["verdict", "stability"], "share", **about)
    certainty, change = (*verdict.certainty, sentence), (*hangs, *verdict.would_change)
    return replace(verdict, certainty=certainty, would_change=change), tuple(row)


def strength_of_words(situation: Situation, min_rating: int) -> str:
    """ "strong", "moderate" or "weak": what the weakest decisive outcome's evidence can carry."""
    states = beyond_reaction(situation)
    rated = all(s.rating is not None and s.credible(min_rating) for s in states)
    if not states or not rated:
        return "weak"
    return "strong" if weakest_rating(situation) >= 4 else "moderate"


def _labels(states: Iterable[OutcomeState]) -> str:
    return join_words([s.effect.label for s in states])


def _by_conclusion(situation: Situation) -> list[str]:
    groups = {c: [s for s in situation.outcomes if s.conclusion == c] for c in CONCLUSIONS}
    return [say(f"concluded.{c}", labels=_labels(group)) for c, group in groups.items() if group]


def _caveats(situation: Situation) -> list[str]:
    """What the design cannot tell, and measures that could not show what happened."""
    states = beyond_reaction(situation)
    claims = {s.effect.claim for s in states}
    found = [say("no_comparison")] if "change" in claims else []
    found += [say("after_alone")] if any("post_only" in s.flags for s in states) else []
    refuted = [s for s in states if s.effect.claim == "difference" and "post_only" not in s.flags]
    found += [say("refuted", labels=_labels(refuted))] if refuted else []
    flagged = {flag: [s for s in states if flag in s.flags] for flag in MISLEADING}
    return found + [say(flag, labels=_labels(group)) for flag, group in flagged.items() if group]


def missing_for_scale_up(answers: Facts) -> list[str]:
    """The conditions of the row that scales up which do not hold, in words; unknown ones say so."""
    table = decision_table()
    row = next(r for r in table.rows if r.decision == "scale_up")
    found = []
    for name in [n for n, accepted in row.when.items() if answers[n] not in accepted]:
        text = _within_a_sentence(own(table.facts[name]))
        found.append(say("not_known", condition=text) if answers[name] == "unknown" else text)
    return found


@spoken
def _within_a_sentence(text: str) -> str:
    return text[:1].lower() + text[1:]


def what_would_settle(situation: Situation, min_rating: int, design: str) -> list[str]:
    """What data each unsettled outcome would need, and what would make weak evidence carry. design:
    the program's; what it has already is not asked for."""
    states = situation.outcomes
    if not states:
        return [say("declare")]
    needed = [_need(s) for s in states if s.conclusion in (None, "inconclusive")]
    weak: dict[str, list[str]] = {}
    for s in beyond_reaction(situation):
        if s.conclusion in ("improved", "worsened") and not s.credible(min_rating):
            weak.setdefault(_strengthening(s, design), []).append(phrase("“{}”", s.effect.label))
    if "change" in weak and design != "single_group":
        weak["change_beside"] = weak.pop("change")
    needed += [say(f"strengthen.{by}", labels=join_words(labels)) for by, labels in weak.items()]
    if all(s.effect.level == "reaction" for s in states):
        needed.append(say("beyond_reaction"))
    return needed


def _strengthening(state: OutcomeState, design: str) -> str:
    """How the evaluation of a weak outcome is strengthened."""
    if state.effect.claim == "change":
        return "change"
    known = ["attrition", "baseline", "earlier_trend", "bent", "undeclared_cluster", "post_only",
             "miskeyed"]  # fmt: skip
    if design == "randomised":  # another comparison would be no better
        known = [f for f in known if f not in ("baseline", "earlier_trend", "post_only")]
    return next((flag for flag in known if flag in state.flags), "size")


def _need(state: OutcomeState) -> str:
    effect, needed = state.effect, state.effect.n_needed or 0
    have = (effect.n_program or 0) + (effect.n_comparison or 0)
    if state.conclusion is None:
        by = "measured"
    elif effect.conclusion == "no_meaningful_change":
        by = "measure"
    elif effect.bracketing is not None:
        by = "comparison"
    elif effect.n_program is not None and needed > have:
        by = "persons"
    else:
        by = "sesoi" if effect.sesoi is None else "precision"
    return say(f"settle.{by}", label=effect.label, needed=count(needed), have=count(have))


@dataclass(frozen=True, slots=True)
class Family:
    """The k primary estimates that can be drawn again, with their standard errors."""

    effects: tuple[Effect, ...]
    std_error: Floats
    method: str

    def each(self, field: str, missing: float) -> Floats:
        """A field of every effect; `missing` where it is None or 0."""
        return np.array([getattr(e, field) or missing for e in self.effects], dtype=float)

    def drawn(self, rng: np.random.Generator, n: int) -> Floats:
        """Estimates (n, k) from their sampling distributions."""
        shape = (n, len(self.effects))
        noise = rng.standard_t(self.each("df", np.inf), shape) * self.std_error
        return self.each("estimate", 0.0) + noise

    def conclusions(self, estimates: Floats, sesoi_factor: Floats) -> NDArray[np.str_]:
        """Conclusions (n, k) of estimates (n, k) under smallest effects times a factor (n,)."""
        df = self.each("df", np.inf)
        p = adjusted(2 * stats.t.sf(np.abs(estimates) / self.std_error, df), self.method)
        half = stats.t.ppf(0.95, df) * self.std_error
        higher = np.array([e.direction == "higher" for e in self.effects], dtype=bool)
        sesoi = np.array([np.nan if e.sesoi is None else e.sesoi for e in self.effects])
        limit = sesoi * sesoi_factor[:, None]
        return concluded(estimates, estimates - half, estimates + half, p, limit, higher)


def family_of(program: Program, result: EvaluationResult) -> Family:
    """Primary estimates with an error and a p-value, whose conclusion follows by the written rule.

    Others keep their conclusion in every repetition: those that the design gives no p-value, and
    those concluded by another rule (a permutation test, say), which is not second-guessed here.
    """
    found = [
        (e, se)
        for e in effects_of(result.rows, "primary")
        if e.estimate is not None and e.p_value is not None and (se := _std_error(e))
    ]
    # By their numbers, so that neither names nor the order of declaration move the draws.
    found.sort(key=lambda pair: (pair[0].estimate, pair[1], pair[0].df or 0, pair[0].sesoi or 0))
    effects, errors = tuple(e for e, _se in found), np.array([se for _e, se in found])
    family = Family(effects, errors, program.multiplicity)
    by_rule = family.conclusions(family.each("estimate", 0.0)[None, :], np.ones(1))[0]
    kept = by_rule == np.array([e.conclusion for e in effects], dtype=by_rule.dtype)
    same = tuple(e for e, keep in zip(effects, kept, strict=True) if keep)
    return replace(family, effects=same, std_error=errors[kept])


def _std_error(effect: Effect) -> float | None:
    if effect.std_error or effect.ci_low is None or effect.ci_high is None:
        return effect.std_error
    return (effect.ci_high - effect.ci_low) / (2 * float(stats.norm.ppf(0.975)))


@dataclass(frozen=True, slots=True)
class Base:
    """What is redrawn: the situation as it is, its limits, and the family of estimates."""

    situation: Situation
    limits: Thresholds
    family: Family
    enrolled: float | None

    def drawn_completion(self, rng: np.random.Generator, n: int) -> Floats | None:
        """Completion shares (n,) from the Jeffreys posterior; None where it is not known."""
        share = self.situation.completion_share
        if share is None or not self.enrolled:
            return None
        done = share * self.enrolled
        return rng.beta(done + 0.5, self.enrolled - done + 0.5, n)

    def decisions(
        self, n: int, estimates: Floats | None = None, completion: Floats | None = None,
        moves: Floats | None = None,
    ) -> list[Decision]:  # fmt: skip
        """The decision in n repetitions; what is not given stays as it is.

        estimates (n, k), completion shares (n,), moves -1..1 of the limits (n, m).
        """
        if estimates is None:
            estimates = np.tile(self.family.each("estimate", 0.0), (n, 1))
        shares = (
            [self.situation.completion_share] * n if completion is None else completion.tolist()
        )
        moved = [(self.limits, 1.0)] * n
        if moves is not None:
            moved = [move_limits(self.limits, row) for row in moves]
        conclusions = self.family.conclusions(estimates, np.array([f for _limits, f in moved]))
        place = {e.outcome: j for j, e in enumerate(self.family.effects)}
        decisions = []
        for i, (limits, factor) in enumerate(moved):
            outcomes = []
            for state in self.situation.outcomes:
                effect, j = state.effect, place.get(state.effect.outcome)
                changes: dict[str, Any] = {"sesoi": effect.sesoi and effect.sesoi * factor}
                if j is not None:
                    changes |= {"estimate": estimates[i, j], "conclusion": str(conclusions[i, j])}
                outcomes.append(replace(state, effect=replace(effect, **changes)))
            new = replace(self.situation, outcomes=tuple(outcomes), completion_share=shares[i])
            decisions.append(decision_table().decide(facts(new, limits)).decision)
        return decisions


def base_of(program: Program, result: EvaluationResult) -> Base:
    """What is redrawn of one program."""
    situation = situation_of(program, result)
    family = family_of(program, result)
    enrolled = value_at(result.rows, "participation/enrolled")
    return Base(situation, program.thresholds, family, enrolled)


def diagnose_robustness(program: Program, result: EvaluationResult) -> dict[str, Any]:
    """Stability of the verdict on one program.

    Keys: draws, share (of draws with the same decision), hangs_on (what alone changes the decision
    most often, in words; None where nothing does).
    """
    base, rng = base_of(program, result), np.random.default_rng(program.seed)
    (decision,) = base.decisions(1)
    together = base.decisions(
        DRAWS,
        base.family.drawn(rng, DRAWS),
        base.drawn_completion(rng, DRAWS),
        rng.uniform(-1, 1, (DRAWS, len(decision_table().moves))),
    )
    most, source = max(_changed_alone(base, rng, decision), key=lambda pair: pair[0])
    return {
        "draws": DRAWS,
        "share": together.count(decision) / DRAWS,
        "hangs_on": source if most > 0 else None,
    }


def _changed_alone(
    base: Base, rng: np.random.Generator, decision: Decision
) -> list[tuple[float, str]]:
    """How often an estimate, completion or a limit, varied alone, turns the decision; its name."""

    def changed(n: int, **alone: Floats) -> float:
        return sum(d != decision for d in base.decisions(n, **alone)) / n

    found, n = [], DRAWS_ALONE
    decisive = {s.effect.outcome for s in base.situation.outcomes}
    drawn = base.family.drawn(rng, n)
    for j, effect in enumerate(base.family.effects):
        if effect.outcome in decisive:
            alone = np.tile(base.family.each("estimate", 0.0), (n, 1))
            alone[:, j] = drawn[:, j]
            found.append((changed(n, estimates=alone), say("source.outcome", label=effect.label)))
    if (completion := base.drawn_completion(rng, n)) is not None:
        found.append((changed(n, completion=completion), say("source.completion")))
    moves = decision_table().moves
    for move, row in zip(moves, np.eye(len(moves)), strict=True):
        found.append((changed(2, moves=np.array([-row, row])), own(move.text)))
    return found


def move_limits(limits: Thresholds, moves: Floats) -> tuple[Thresholds, float]:
    """Limits moved by -1..1 times their declared amounts, and the factor of the smallest effects.

    Shares stay in 0-1; the evidence rating moves to the nearest whole number.
    """
    update: dict[str, float] = {}
    sesoi_factor = 1.0
    for move, by in zip(decision_table().moves, moves.tolist(), strict=True):
        factor, step = 1 + by * (move.relative or 0.0), by * (move.absolute or 0.0)
        if move.limit == "sesoi":
            sesoi_factor = factor
        elif by and (value := getattr(limits, move.limit)) is not None:
            new = value * factor + step
            if move.limit.endswith("share") or move.limit == "min_alpha":
                new = min(max(new, 0.0), 1.0)
            update[move.limit] = round(new) if move.limit.endswith("rating") else new
    return limits.model_copy(update=update), sesoi_factor
