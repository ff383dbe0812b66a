"""The verdict: the row of the decision table that fires, why, and how firmly it stands.

Stability: each repetition draws every primary estimate again from its own sampling distribution
(estimate + standard error x t with its df), completion from its binomial's Jeffreys posterior, and
every limit uniformly within the declared amount (decision_table.yml, `moves`). Conclusions follow
by the same written rule as the estimates' own (conclusion.py). The stability share is that of
repetitions with the same decision.

The tables of this room: decision_table.yml, kinds.yml and catalogue.yml as validated models, and
the sentences of sentences.yml (`say`).

What the verdict looks at: the decisive outcomes, delivery, cost, and the facts about them.

A situation holds numbers from the results alone. `facts` answers each question of the decision
table with yes, no or unknown, against the thresholds that the program declared beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from scipy import stats

from evaluasi_lib.check import parse_yaml, yaml_problem
from evaluasi_lib.conclusion import Floats, adjusted, concluded
from evaluasi_lib.measures import (
    Conclusion,
    Effect,
    Measure,
    effects_of,
    flags_of,
    measure_id,
    ratings_of,
    record_of,
    record_rows,
    value_at,
)
from evaluasi_lib.program import Program, ProgramKind, Text, Thresholds
from evaluasi_lib.results import Decision, EvaluationResult, Verdict
from evaluasi_lib.wording import (
    Problem,
    ProgramError,
    Sentences,
    _,
    count,
    join_words,
    joined,
    load_yaml,
    own,
    percent,
    phrase,
    spoken,
    suggestion,
)

HERE = Path(__file__).parent
AGENCY_FILE = "rekomendasi.yml"

say = Sentences(__file__, "sentences.yml")


def _as_answer(value: Any) -> Any:
    """YAML reads yes and no as booleans."""
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Row(Strict):
    """One row of the decision table; it fires when each named fact has one of the answers."""

    rule: str
    when: dict[str, list[Annotated[Answer, BeforeValidator(_as_answer)]]]
    decision: Decision
    text: Text

    def fires(self, facts: Facts) -> bool:
        return all(facts[name] in answers for name, answers in self.when.items())


class Move(Strict):
    """How far a limit is moved to see whether the verdict hangs on it."""

    limit: str
    absolute: float | None = None
    relative: float | None = None
    text: Text


class DecisionTable(Strict):
    version: int
    facts: dict[str, Text]
    rows: list[Row]
    moves: list[Move]

    @model_validator(mode="after")
    def _complete(self) -> DecisionTable:
        unknown = {name for row in self.rows for name in row.when} - set(self.facts)
        if unknown or self.rows[-1].when:
            raise ValueError(f"unknown facts {sorted(unknown)}, or a last row that may not fire")
        return self

    def decide(self, facts: Facts) -> Row:
        """The first row that fires; the last row has no condition, so there is one."""
        return next(row for row in self.rows if row.fires(facts))


class Kind(Strict):
    """A kind of strength or weakness: its name, and the written rule that finds it."""

    name: Text
    rule: Text


class Kinds(Strict):
    strengths: dict[str, Kind]
    weaknesses: dict[str, Kind]


def _known_kind(kind: str) -> str:
    if kind not in finding_kinds().weaknesses:
        raise ValueError(kind)
    return kind


class RecommendationRule(Strict):
    """One proposed action for one kind of weakness."""

    id: str
    kind: Annotated[str, AfterValidator(_known_kind)]
    subject: list[str] = Field(default=[], description="Patterns such as *workload*; none: any.")
    programs: list[ProgramKind] = Field(default=[], description="Kinds of programs; none: any.")
    each: bool = Field(default=False, description="One recommendation for each weakness.")
    text: Text
    owner: Text
    feasibility: int = Field(ge=1, le=5, description="1 hard to do, 5 easy.")
    due_days: int = Field(ge=0, description="Days after the report's date.")
    indicator: str | None = Field(default=None, description="What to watch; {subject} is filled.")


class Catalogue(Strict):
    rules: list[RecommendationRule]


def _read(name: str) -> Any:
    return load_yaml((HERE / name).read_text(encoding="utf-8"))


@lru_cache
def finding_kinds() -> Kinds:
    """The kinds of kinds.yml."""
    return Kinds.model_validate(_read("kinds.yml"))


@lru_cache
def decision_table() -> DecisionTable:
    """The table of decision_table.yml."""
    return DecisionTable.model_validate(_read("decision_table.yml"))


def agency_files(raw_folder: Path) -> list[Path]:
    """An agency's own catalogues that exist: data/rekomendasi.yml, data/raw/<id>/rekomendasi.yml.

    The later one has the last word: its rules come first, and replace those of the same id.
    """
    candidates = [raw_folder.parent.parent / AGENCY_FILE, raw_folder / AGENCY_FILE]
    return [path for path in candidates if path.is_file()]


def read_catalogue(extensions: tuple[Path, ...] = ()) -> list[RecommendationRule]:
    """The workbook's rules, with an agency's before them. Raises ProgramError with all problems."""
    rules: list[RecommendationRule] = []
    problems: list[Problem] = []
    for path in (HERE / "catalogue.yml", *extensions):
        try:
            found = Catalogue.model_validate(parse_yaml(path.read_text(encoding="utf-8")))
        except yaml.YAMLError as error:
            problems.append(yaml_problem(error, path.name))
        except UnicodeDecodeError:
            what, remedy = _("the file is not UTF-8 text"), _("save it as UTF-8")
            problems.append(Problem(what, path.name, remedy))
        except ValidationError as error:
            problems += [_problem(item, path) for item in error.errors()]
        else:
            replaced = {rule.id for rule in found.rules}
            rules = found.rules + [rule for rule in rules if rule.id not in replaced]
    if problems:
        raise ProgramError(*problems)
    return rules


def _problem(item: Any, path: Path) -> Problem:
    """One complaint of pydantic in the words of the catalogue's author."""
    key = str(item["loc"][-1]) if item["loc"] else ""
    what, remedy = _("the value of “{key}” does not fit").format(key=key), ""
    if item["type"] == "extra_forbidden":
        what = _("unknown key “{key}”").format(key=key)
        remedy = suggestion(key, RecommendationRule.model_fields)
    elif item["type"] == "missing":
        what = _("the key “{key}” is missing").format(key=key)
    elif key == "kind":
        what = _("unknown kind of weakness")
        remedy = suggestion(str(item["input"]), finding_kinds().weaknesses)
    where = f"{path.name}: " + ".".join(str(part) for part in item["loc"])
    return Problem(what, where, remedy)


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
