"""How firmly the verdict stands: redrawn estimates, moved thresholds, and what it hangs on.

Each repetition draws every primary estimate again from its own sampling distribution (estimate +
standard error x t with its df), completion from its binomial's Jeffreys posterior, and every limit
uniformly within the declared amount (decision_table.yml, `moves`). Conclusions follow by the same
written rule as the estimates' own: 90% interval inside the smallest effect of interest, else
family-adjusted p below 0.05. The stability share is that of repetitions with the same decision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evaluasi_lib.findings.rules import Move, decision_table
from evaluasi_lib.findings.situation import OutcomeState, Situation, facts, primaries, situation_of
from evaluasi_lib.program import Program, Thresholds
from evaluasi_lib.results import Decision, Effect, EvaluationResult
from evaluasi_lib.wording import _, choose

DRAWS = 1000
DRAWS_ALONE = 400
ALPHA = 0.05
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Family:
    """The k primary estimates that can be drawn again."""

    effects: tuple[Effect, ...]
    estimate: Floats
    std_error: Floats
    df: Floats
    method: str

    def conclusions(self, estimates: Floats, sesoi_factor: Floats) -> NDArray[np.str_]:
        """Conclusions (n, k) of estimates (n, k) under smallest effects times a factor (n,)."""
        sesoi = np.array([e.sesoi if e.sesoi is not None else -1.0 for e in self.effects])
        sign = np.array([1 if e.direction == "higher" else -1 for e in self.effects])
        p = adjusted(2 * stats.t.sf(np.abs(estimates) / self.std_error, self.df), self.method)
        reach = np.abs(estimates) + stats.t.ppf(0.95, self.df) * self.std_error
        return np.select(
            [reach < sesoi * sesoi_factor[:, None], p >= ALPHA, estimates * sign > 0],
            ["no_meaningful_change", "inconclusive", "improved"],
            "worsened",
        )


def adjusted(p: Floats, method: str) -> Floats:
    """Holm or Benjamini-Hochberg over the last axis, for all repetitions at once; as R p.adjust."""
    m = p.shape[-1]
    if method == "bh" and m:
        return np.asarray(stats.false_discovery_control(p, axis=-1))
    if method != "holm" or not m:
        return p
    order = np.argsort(p, axis=-1)
    stepped = np.take_along_axis(p, order, -1) * np.arange(m, 0, -1)
    out = np.empty_like(p)
    np.put_along_axis(out, order, np.minimum(np.maximum.accumulate(stepped, -1), 1.0), -1)
    return out


def family_of(program: Program, result: EvaluationResult) -> Family:
    """Primary estimates with an error and a p-value, whose conclusion follows by the written rule.

    Others keep their conclusion in every repetition: those that the design gives no p-value, and
    those concluded by another rule (a permutation test, say), which is not second-guessed here.
    """
    drawn = [
        (e, se)
        for _i, e in primaries(result)
        if e.estimate is not None and e.p_value is not None and (se := _std_error(e))
    ]
    # By their numbers, so that neither names nor the order of declaration move the draws.
    drawn.sort(key=lambda pair: (pair[0].estimate, pair[1], pair[0].df or 0, pair[0].sesoi or 0))
    family = _family(drawn, program.multiplicity)
    found = family.conclusions(family.estimate[None, :], np.ones(1))[0].tolist()
    kept = [pair for pair, c in zip(drawn, found, strict=True) if c == pair[0].conclusion]
    return family if kept == drawn else _family(kept, program.multiplicity)


def _family(drawn: list[tuple[Effect, float]], method: str) -> Family:
    return Family(
        effects=tuple(e for e, _se in drawn),
        estimate=np.array([e.estimate for e, _se in drawn], dtype=float),
        std_error=np.array([se for _e, se in drawn], dtype=float),
        df=np.array([e.df or np.inf for e, _se in drawn], dtype=float),
        method=method,
    )


def _std_error(effect: Effect) -> float | None:
    if effect.std_error:
        return effect.std_error
    if effect.ci_low is None or effect.ci_high is None:
        return None
    return (effect.ci_high - effect.ci_low) / (2 * float(stats.norm.ppf(0.975)))


@dataclass(slots=True)
class Repetitions:
    """n repetitions: estimates (n, k), completion shares (n,), moves -1..1 of the limits (n, m)."""

    estimates: Floats
    completion: Floats
    moves: Floats


@dataclass(frozen=True, slots=True)
class Base:
    """What is redrawn: the situation as it is, its limits, and the family of estimates."""

    situation: Situation
    limits: Thresholds
    family: Family
    enrolled: int | None

    def as_it_is(self, n: int) -> Repetitions:
        share = self.situation.completion_share
        return Repetitions(
            np.tile(self.family.estimate, (n, 1)),
            np.full(n, np.nan if share is None else share),
            np.zeros((n, len(decision_table().moves))),
        )

    def redrawn(self, rng: np.random.Generator, n: int) -> Repetitions:
        new = self.as_it_is(n)
        new.estimates += rng.standard_t(self.family.df, new.estimates.shape) * self.family.std_error
        if self.completion_known:
            done = new.completion * (self.enrolled or 0)
            new.completion = rng.beta(done + 0.5, (self.enrolled or 0) - done + 0.5)
        new.moves = rng.uniform(-1, 1, new.moves.shape)
        return new

    @property
    def completion_known(self) -> bool:
        return self.situation.completion_share is not None and bool(self.enrolled)

    def decisions(self, repetitions: Repetitions) -> list[Decision]:
        """The decision in each repetition."""
        moved = [move_limits(self.limits, row) for row in repetitions.moves]
        factors = np.array([factor for _limits, factor in moved])
        conclusions = self.family.conclusions(repetitions.estimates, factors)
        return [
            self._decide(repetitions.estimates[i], conclusions[i], share, *moved[i])
            for i, share in enumerate(repetitions.completion)
        ]

    def _decide(
        self, estimates: Floats, conclusions: NDArray[np.str_], completion: float,
        limits: Thresholds, factor: float,
    ) -> Decision:  # fmt: skip
        place = {e.outcome: j for j, e in enumerate(self.family.effects)}

        def drawn(state: OutcomeState) -> OutcomeState:
            effect, j = state.effect, place.get(state.effect.outcome)
            changes: dict[str, Any] = {"sesoi": effect.sesoi and effect.sesoi * factor}
            if j is not None:
                changes |= {"estimate": estimates[j], "conclusion": str(conclusions[j])}
            return replace(state, effect=replace(effect, **changes))

        situation = replace(
            self.situation,
            outcomes=tuple(drawn(state) for state in self.situation.outcomes),
            completion_share=None if np.isnan(completion) else completion,
        )
        return decision_table().decide(facts(situation, limits)).decision


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
    decision = base.decisions(base.as_it_is(1))[0]
    together = base.decisions(base.redrawn(rng, DRAWS))
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
    found = []
    decisive = {s.effect.outcome for s in base.situation.outcomes}
    new = base.redrawn(rng, DRAWS_ALONE)
    for j, effect in enumerate(base.family.effects):
        if effect.outcome in decisive:
            alone = base.as_it_is(DRAWS_ALONE)
            alone.estimates[:, j] = new.estimates[:, j]
            label = _("the estimate of “{label}”").format(label=effect.label)
            found.append(_source("outcome", effect.outcome, label, base, alone, decision))
    if base.completion_known:
        alone = base.as_it_is(DRAWS_ALONE)
        alone.completion = new.completion
        label = _("the completion share")
        found.append(_source("delivery", "completion_share", label, base, alone, decision))
    for j, move in enumerate(decision_table().moves):
        alone = base.as_it_is(2)
        alone.moves[:, j] = (-1, 1)
        found.append(_source("limit", move.limit, choose(move.text), base, alone, decision))
    return found


def _source(
    kind: str, source: str, label: str, base: Base, alone: Repetitions, decision: Decision
) -> dict[str, Any]:
    decisions = base.decisions(alone)
    return {
        "source": source,
        "kind": kind,
        "label": label,
        "changed_share": sum(d != decision for d in decisions) / len(decisions),
        "decisions": sorted(set(decisions)),
    }


def move_limits(limits: Thresholds, moves: Floats) -> tuple[Thresholds, float]:
    """Limits moved by -1..1 times their declared amounts, and the factor of the smallest effects.

    Shares stay in 0-1; the evidence rating moves to the nearest whole number.
    """
    update: dict[str, float] = {}
    sesoi_factor = 1.0
    for move, by in zip(decision_table().moves, moves.tolist(), strict=True):
        if move.limit == "sesoi":
            sesoi_factor = 1 + by * (move.relative or 0.0)
        elif by and (value := getattr(limits, move.limit)) is not None:
            update[move.limit] = _moved(value, by, move)
    return limits.model_copy(update=update), sesoi_factor


def _moved(value: float, by: float, move: Move) -> float:
    new = value * (1 + by * move.relative) if move.relative else value + by * (move.absolute or 0)
    if move.limit.endswith("share") or move.limit == "min_alpha":
        return min(max(new, 0.0), 1.0)
    return round(new) if move.limit.endswith("rating") else new
