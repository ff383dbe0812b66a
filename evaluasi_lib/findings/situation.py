"""What the verdict looks at: the decisive outcomes, delivery, cost, and the facts about them.

A situation holds numbers from the results alone. `facts` answers each question of the decision
table with yes, no or unknown, against the thresholds that the program declared beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from evaluasi_lib.program import Program, Thresholds
from evaluasi_lib.results import Conclusion, Effect, EvaluationResult

Answer = Literal["yes", "no", "unknown"]
Facts = dict[str, Answer]


@dataclass(frozen=True, slots=True)
class OutcomeState:
    """One decisive outcome's primary estimate. index: its place in EvaluationResult.effects."""

    index: int
    effect: Effect
    rating: int | None
    alpha: float | None

    @property
    def conclusion(self) -> Conclusion | None:
        """None where there is no estimate: then nothing is concluded, whatever the field says."""
        return None if self.effect.estimate is None else self.effect.conclusion

    @property
    def benefit(self) -> float | None:
        """The estimate signed so that more is better, in the outcome's unit."""
        return beneficial(self.effect, self.effect.estimate)


@dataclass(frozen=True, slots=True)
class Situation:
    outcomes: tuple[OutcomeState, ...]
    completion_share: float | None
    cost_per_completer_idr: float | None
    bcr: float | None
    divergent: int | None


def beneficial(effect: Effect, value: float | None) -> float | None:
    """A value in the outcome's unit, signed so that more is better."""
    if value is None:
        return None
    return value if effect.direction == "higher" else -value


def primaries(result: EvaluationResult) -> list[tuple[int, Effect]]:
    """Place and effect of each primary estimate; nothing else ever counts for a finding."""
    return [(i, e) for i, e in enumerate(result.effects) if e.role == "primary"]


def is_decisive(program: Program, outcome_id: str) -> bool:
    """Whether the verdict rests on this outcome, as program.yml declares."""
    return next((o.decisive for o in program.outcomes if o.id == outcome_id), True)


def situation_of(program: Program, result: EvaluationResult) -> Situation:
    """The situation of one program, from its results."""
    ratings = {e.outcome: e.rating_0_5 for e in result.evidence}
    states = tuple(
        OutcomeState(i, e, ratings.get(e.outcome), _alpha_of(program, result, e))
        for i, e in primaries(result)
        if is_decisive(program, e.outcome)
    )
    answered = [t for t in result.triangulation if t.agreement != "silent"]
    return Situation(
        outcomes=states,
        completion_share=result.participation.completion_share,
        cost_per_completer_idr=result.efficiency.cost_per_completer_idr,
        bcr=result.efficiency.bcr,
        divergent=sum(t.agreement == "divergent" for t in answered) if answered else None,
    )


def _alpha_of(program: Program, result: EvaluationResult, effect: Effect) -> float | None:
    """Alpha of the instrument behind an outcome, at the outcome's wave in the program's group."""
    instrument = next((o.instrument for o in program.outcomes if o.id == effect.outcome), None)
    for score in result.scales:
        if (score.scale, score.wave, score.group) == (instrument, effect.wave, "program"):
            return score.alpha
    return None


def facts(situation: Situation, limits: Thresholds) -> Facts:
    """Fact -> answer, for every fact of the decision table.

    Reactions can do harm, but that participants are pleased improves nothing by itself: the facts
    about improvement, design and evidence are about the decisive outcomes beyond reaction.
    """
    states = tuple(s for s in situation.outcomes if s.effect.level != "reaction")
    conclusions = [s.conclusion for s in states]
    everywhere = [s.conclusion for s in situation.outcomes]
    improved = conclusions.count("improved")
    enough = improved > 0 and improved >= limits.min_improved_share * len(states)
    agree: Answer = "unknown" if situation.divergent is None else _yes(situation.divergent == 0)
    return {
        "measured": _yes(any(c is not None for c in everywhere)),
        "harm": _yes("worsened" in everywhere),
        "beyond_reaction": _yes(any(c is not None for c in conclusions)),
        "mostly_improved": _yes(enough),
        "any_improved": _yes(improved > 0),
        "all_improved": _yes(improved > 0 and improved == len(states)),
        "any_unclear": _yes(any(c in (None, "inconclusive") for c in conclusions)),
        "causal": _yes(bool(states) and all(s.effect.claim == "effect" for s in states)),
        "strong_evidence": _at_least((s.rating for s in states), limits.min_scale_up_rating),
        "meaningful": _meaningful(states),
        "affordable": _affordable(situation, limits),
        "delivered": _at_least([situation.completion_share], limits.min_completion_share),
        "reliable": _reliable(states, limits.min_alpha),
        "sources_agree": agree,
    }


def _yes(value: bool) -> Answer:
    return "yes" if value else "no"


def _all(answers: Iterable[Answer]) -> Answer:
    """no as soon as one says no; else unknown as soon as one is unknown (or there is none)."""
    found = list(answers)
    if "no" in found:
        return "no"
    return "yes" if found and "unknown" not in found else "unknown"


def _at_least(values: Iterable[float | None], limit: float) -> Answer:
    return _all("unknown" if v is None else _yes(v >= limit) for v in values)


def _meaningful(states: tuple[OutcomeState, ...]) -> Answer:
    return _all(
        "unknown"
        if s.benefit is None or s.effect.sesoi is None
        else _yes(s.benefit >= s.effect.sesoi)
        for s in states
    )


def _affordable(situation: Situation, limits: Thresholds) -> Answer:
    """Whichever of the two tests can be made must be passed; unknown when neither can be."""
    tests: list[Answer] = []
    limit, cost = limits.max_cost_per_completer_idr, situation.cost_per_completer_idr
    if limit is not None and cost is not None:
        tests.append(_yes(cost <= limit))
    if situation.bcr is not None:
        tests.append(_yes(situation.bcr >= limits.min_bcr))
    return _all(tests)


def _reliable(states: tuple[OutcomeState, ...], limit: float) -> Answer:
    """Outcomes that rest on no instrument (earnings, a register) need no alpha."""
    return _at_least([s.alpha for s in states if s.alpha is not None], limit)
