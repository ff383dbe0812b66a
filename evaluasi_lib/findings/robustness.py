"""How firmly the verdict stands: redrawn estimates, moved thresholds, and what it hangs on.

Each repetition draws every primary estimate again from its own sampling distribution (estimate +
standard error x t with its df), completion from its binomial's Jeffreys posterior, and every limit
uniformly within the declared amount (decision_table.yml, `moves`). Conclusions follow by the same
written rule as the estimates' own (conclusion.py). The stability share is that of repetitions with
the same decision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evaluasi_lib.conclusion import Floats, adjusted, concluded
from evaluasi_lib.findings.rules import decision_table
from evaluasi_lib.findings.situation import Situation, facts, primaries, situation_of
from evaluasi_lib.program import Program, Thresholds
from evaluasi_lib.results import Decision, Effect, EvaluationResult
from evaluasi_lib.wording import _, choose

DRAWS = 1000
DRAWS_ALONE = 400


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
        for _i, e in primaries(result)
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
    enrolled: int | None

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
    return Base(situation, program.thresholds, family, result.participation.enrolled)


def diagnose_robustness(program: Program, result: EvaluationResult) -> dict[str, Any]:
    """Stability of the verdict on one program, ready for verdict.details.

    Keys: draws, seed, share (same decision), decisions (decision -> share), sources (each input
    varied alone: source, kind outcome|delivery|limit, label, changed_share, decisions), hangs_on
    (label of the source that changes the decision most often, or None), not_drawn (decisive
    outcomes held fixed).
    """
    base = base_of(program, result)
    rng = np.random.default_rng(program.seed)
    (decision,) = base.decisions(1)
    together = base.decisions(
        DRAWS,
        base.family.drawn(rng, DRAWS),
        base.drawn_completion(rng, DRAWS),
        rng.uniform(-1, 1, (DRAWS, len(decision_table().moves))),
    )
    sources = _sources(base, rng, decision)
    moving = [s for s in sources if s["changed_share"] > 0]
    drawn = {e.outcome for e in base.family.effects}
    outcomes = [s.effect.outcome for s in base.situation.outcomes]
    return {
        "draws": DRAWS,
        "seed": program.seed,
        "share": together.count(decision) / DRAWS,
        "decisions": {d: together.count(d) / DRAWS for d in sorted(set(together))},
        "sources": sources,
        "hangs_on": max(moving, key=lambda s: s["changed_share"])["label"] if moving else None,
        "not_drawn": [o for o in outcomes if o not in drawn],
    }


def _sources(base: Base, rng: np.random.Generator, decision: Decision) -> list[dict[str, Any]]:
    """Each input varied alone: how often it alone turns the decision into another."""

    def source(kind: str, name: str, label: str, n: int, **alone: Floats) -> dict[str, Any]:
        decisions = base.decisions(n, **alone)
        return {
            "source": name,
            "kind": kind,
            "label": label,
            "changed_share": sum(d != decision for d in decisions) / n,
            "decisions": sorted(set(decisions)),
        }

    found, n = [], DRAWS_ALONE
    decisive = {s.effect.outcome for s in base.situation.outcomes}
    drawn = base.family.drawn(rng, n)
    for j, effect in enumerate(base.family.effects):
        if effect.outcome in decisive:
            alone = np.tile(base.family.each("estimate", 0.0), (n, 1))
            alone[:, j] = drawn[:, j]
            label = _("the estimate of “{label}”").format(label=effect.label)
            found.append(source("outcome", effect.outcome, label, n, estimates=alone))
    if (completion := base.drawn_completion(rng, n)) is not None:
        label = _("the completion share")
        found.append(source("delivery", "completion_share", label, n, completion=completion))
    limits = decision_table().moves
    for move, row in zip(limits, np.eye(len(limits)), strict=True):
        both = np.array([-row, row])
        found.append(source("limit", move.limit, choose(move.text), 2, moves=both))
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
