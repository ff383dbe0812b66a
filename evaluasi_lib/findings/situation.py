"""What the verdict looks at: the decisive outcomes, delivery, cost, and the facts about them.

A situation holds numbers from the results alone. `facts` answers each question of the decision
table with yes, no or unknown, against the thresholds that the program declared beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from evaluasi_lib.effects import Effect, effects_of, flags_of, ratings_of
from evaluasi_lib.measures import Conclusion, measure_id, record_of, value_at
from evaluasi_lib.program import Program, Thresholds
from evaluasi_lib.results import EvaluationResult

Answer = Literal["yes", "no", "unknown"]
Facts = dict[str, Answer]

COMPLETION = "participation/completion_share"
PERFORMANCE = ("behaviour", "results")  # what a training is for (Kirkpatrick's levels 3 and 4)
# Flags of a measure that itself misleads: at its ceiling, wrongly keyed, or held against a smallest
# effect of interest that is likely a slip.
MISLEADING = ("ceiling", "miskeyed", "sesoi")
# Under 4 an absence of effect may be the comparison's fault: only a randomised design reaches it.
RATING_THAT_CONDEMNS = 4


@dataclass(frozen=True, slots=True)
class OutcomeState:
    """One decisive outcome's primary estimate."""

    effect: Effect
    rating: int | None
    alpha: float | None
    flags: tuple[str, ...] = ()

    @property
    def conclusion(self) -> Conclusion | None:
        """None where there is no estimate: then nothing is concluded, whatever the field says. An
        absence of change counts as not settled where the measure could not have shown a change."""
        if self.effect.estimate is None:
            return None
        if self.effect.conclusion == "no_meaningful_change" and self.distorted:
            return "inconclusive"
        return self.effect.conclusion

    @property
    def distorted(self) -> bool:
        """Whether the measure itself misleads."""
        return not set(MISLEADING).isdisjoint(self.flags)

    def credible(self, min_rating: int) -> bool:
        """Whether its evidence may carry a decision: a comparison, rated high enough, by items that
        do not contradict one another."""
        enough = (self.rating or 0) >= min_rating
        return self.effect.claim == "effect" and enough and "miskeyed" not in self.flags

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
    agree: bool | None  # whether no question has sources that contradict one another


def beneficial(effect: Effect, value: float | None) -> float | None:
    """A value in the outcome's unit, signed so that more is better."""
    if value is None:
        return None
    return value if effect.direction == "higher" else -value


def estimate_id(outcome: str) -> str:
    """The measure of an outcome's primary estimate."""
    return measure_id("effects", outcome, "primary", "estimate")


def rating_id(outcome: str) -> str:
    """The measure of the rating of an outcome's evidence."""
    return measure_id("evidence", outcome, "rating_0_5")


def is_decisive(program: Program, outcome_id: str) -> bool:
    """Whether the verdict rests on this outcome, as program.yml declares."""
    return next((o.decisive for o in program.outcomes if o.id == outcome_id), True)


def situation_of(program: Program, result: EvaluationResult) -> Situation:
    """The situation of one program, from its results."""
    ratings, flags = ratings_of(result.rows), flags_of(result.rows)
    states = tuple(
        OutcomeState(
            e, ratings.get(e.outcome), _alpha_of(program, result, e), flags.get(e.outcome, ())
        )
        for e in effects_of(result.rows, "primary")
        if is_decisive(program, e.outcome)
    )
    answered = [t.agreement for t in result.triangulation if t.agreement != "silent"]
    money = record_of(result.rows, "efficiency")
    return Situation(
        outcomes=states,
        completion_share=value_at(result.rows, COMPLETION),
        cost_per_completer_idr=money["cost_per_completer_idr"],
        bcr=money["bcr"],
        agree=all(a != "divergent" for a in answered) if answered else None,
    )


def _alpha_of(program: Program, result: EvaluationResult, effect: Effect) -> float | None:
    """Alpha of the instrument behind an outcome, at the outcome's wave in the program's group."""
    instrument = next((o.instrument for o in program.outcomes if o.id == effect.outcome), None)
    at = measure_id("scales", instrument, effect.wave, "program", "alpha")
    return next((row.value for row in result.rows if row.id == at), None)


def facts(situation: Situation, limits: Thresholds) -> Facts:
    """Fact -> answer, for every fact of the decision table.

    Reactions can do harm, but that participants are pleased improves nothing by itself: the facts
    about improvement, design and evidence are about the decisive outcomes beyond reaction.
    """
    states = beyond_reaction(situation)
    performance = [s for s in states if s.effect.level in PERFORMANCE]
    trusted = [s for s in states if s.credible(limits.min_evidence_rating)]
    conclusions = [s.conclusion for s in states]
    everywhere = [s.conclusion for s in situation.outcomes]
    reactions = [s for s in situation.outcomes if s.effect.level == "reaction"]
    better = [s for s in states if s.conclusion == "improved"]
    improved = len(better)
    worse = [s for s in states if s.conclusion == "worsened"]
    proven = [s for s in worse if s in trusted and not s.distorted]
    ceiling, cost = limits.max_cost_per_completer_idr, situation.cost_per_completer_idr
    # Whichever of the two tests of cost can be made must be passed.
    priced = [] if cost is None or ceiling is None else [cost <= ceiling]
    priced += [] if situation.bcr is None else [situation.bcr >= limits.min_bcr]
    # Outcomes that rest on no instrument (earnings, a register) need no alpha.
    alphas = [s.alpha for s in states if s.alpha is not None]
    flat = [s.conclusion == "no_meaningful_change" for s in performance]
    enough = _enough(states, trusted, limits)
    if performance:
        enough = enough and _enough(performance, trusted, limits)
    answers: dict[str, bool | None] = {
        "measured": any(c is not None for c in everywhere),
        "harm": bool(proven),
        "suspected_harm": len(worse) > len(proven),
        "reaction_fell": any(s.conclusion == "worsened" for s in reactions),
        "beyond_reaction": any(c is not None for c in conclusions),
        "mostly_improved": _enough(states, states, limits),
        "performance_improved": _enough(performance, performance, limits) if performance else None,
        "performance_flat": bool(flat) and all(flat),
        "credible": enough,
        "any_improved": improved > 0,
        "all_improved": 0 < improved == len(states),
        "any_unclear": any(c in (None, "inconclusive") for c in conclusions),
        "causal": bool(states) and all(s.effect.claim == "effect" for s in states),
        "strong_evidence": _all(_reaches(s.rating, limits.min_scale_up_rating) for s in states),
        "idea_tested": _all(_reaches(s.rating, RATING_THAT_CONDEMNS) for s in states),
        "meaningful": _all(_reaches(s.benefit, s.effect.sesoi) for s in states),
        "affordable": _all(priced),
        "delivered": _reaches(situation.completion_share, limits.min_completion_share),
        "reliable": _all(_reaches(alpha, limits.min_alpha) for alpha in alphas),
        "sound_measures": not any(s.distorted for s in states),
        "seen_by_others": any("self_report" not in s.flags for s in better),
        "loss_harmless": not any("bounds" in s.flags for s in states),
        "sources_agree": situation.agree,
    }
    return {name: "unknown" if a is None else "yes" if a else "no" for name, a in answers.items()}


def beyond_reaction(situation: Situation) -> list[OutcomeState]:
    """The decisive outcomes of learning, behaviour and results."""
    return [s for s in situation.outcomes if s.effect.level != "reaction"]


def weakest_rating(situation: Situation) -> int:
    """The lowest rating among the decisive outcomes beyond reaction; 0 where one is not rated."""
    return min((s.rating or 0 for s in beyond_reaction(situation)), default=0)


def _enough(
    states: Sequence[OutcomeState], counted: Sequence[OutcomeState], limits: Thresholds
) -> bool:
    """Whether enough of the states improved, by the program's limit, if only `counted` count."""
    improved = sum(s.conclusion == "improved" for s in states if s in counted)
    return 0 < improved >= limits.min_improved_share * len(states)


def _reaches(value: float | None, limit: float | None) -> bool | None:
    return None if value is None or limit is None else value >= limit


def _all(answers: Iterable[bool | None]) -> bool | None:
    """False as soon as one is; else None as soon as one is not known (or there is none)."""
    found = list(answers)
    if False in found:
        return False
    return True if found and None not in found else None
