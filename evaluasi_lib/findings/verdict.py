"""The verdict: the row of the decision table that fires, why, and how firmly it stands.

What it looks at are the decisive outcomes, delivery and cost, from the results alone: `facts`
answers each question of decision_table.yml with yes, no or unknown, against the thresholds that the
program declared beforehand. The sentences are those of sentences.yml (`say`).

Stability: each repetition draws every primary estimate again from its own sampling distribution
(estimate + standard error x t with its df), completion from its binomial's Jeffreys posterior, and
every limit uniformly within the declared amount (decision_table.yml, `moves`). Conclusions follow
by the same written rule as the estimates' own (conclusion.py). The stability share is that of
repetitions with the same decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from scipy import stats

from evaluasi_lib.check import explain, parse_yaml, yaml_problem
from evaluasi_lib.claims import Told, told_effects
from evaluasi_lib.conclusion import Floats, adjusted, concluded
from evaluasi_lib.measures import (
    Conclusion,
    Decision,
    EvaluationResult,
    Measure,
    Verdict,
    measure_id,
    record_of,
    record_rows,
    value_at,
)
from evaluasi_lib.program import Program, ProgramKind, Text, Thresholds
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
COMPLETION = "participation/completion_share"
PERFORMANCE = ("behaviour", "results")  # what a training is for (Kirkpatrick's levels 3 and 4)
# Flags of a measure that itself misleads: at its ceiling, wrongly keyed, or held against a smallest
# effect of interest that is likely a slip.
MISLEADING = ("ceiling", "miskeyed", "sesoi")
# Under 4 an absence of effect may be the comparison's fault: only a randomised design reaches it.
RATING_THAT_CONDEMNS = 4
DRAWS = 1000
DRAWS_ALONE = 400
CONCLUSIONS = ("improved", "worsened", "no_meaningful_change", "inconclusive", None)

say = Sentences(__file__, "sentences.yml")
Facts = dict[str, bool | str]  # fact -> whether it holds, or "unknown"


# The tables of this room


def _read(name: str) -> Any:
    return load_yaml((HERE / name).read_text(encoding="utf-8"))


@lru_cache
def finding_kinds() -> dict[str, dict[str, dict[str, Text]]]:
    """kinds.yml: strengths and weaknesses -> kind -> its name, and the rule that finds it."""
    return dict(_read("kinds.yml"))


@lru_cache
def decision_table() -> dict[str, Any]:
    """decision_table.yml: facts (what each says in words), rows (rule, when, decision, text; when:
    fact -> the answers with which it fires) and moves (limit, text, absolute or relative: how far a
    limit is moved to see whether the verdict hangs on it)."""
    return dict(_read("decision_table.yml"))


def decide(answers: Facts) -> dict[str, Any]:
    """The first row that fires; the last row has no condition, so there is one."""
    return next(
        row for row in decision_table()["rows"]
        if all(answers[fact] in wanted for fact, wanted in row["when"].items())
    )  # fmt: skip


def _known_kind(kind: str) -> str:
    known = finding_kinds()["weaknesses"]
    if kind not in known:
        raise ValueError(joined([_("unknown kind of weakness"), suggestion(kind, known)], ": "))
    return kind


class RecommendationRule(BaseModel):
    """One proposed action for one kind of weakness."""

    model_config = ConfigDict(extra="forbid", frozen=True)
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


class Catalogue(BaseModel):
    """catalogue.yml, or an agency's own."""

    model_config = ConfigDict(extra="forbid")
    rules: list[RecommendationRule]


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
            found = read_yaml(path, path.name, TypeAdapter(Catalogue), Catalogue).rules
        except ProgramError as error:
            problems += error.problems
        else:
            replaced = {rule.id for rule in found}
            rules = found + [rule for rule in rules if rule.id not in replaced]
    if problems:
        raise ProgramError(*problems)
    return rules


def read_yaml(path: Path, where: str, form: TypeAdapter[Any], model: type[BaseModel]) -> Any:
    """A YAML file that a person wrote, held to its form. model: of the file, or of its items.
    Raises ProgramError, in words, for what is not of this form."""
    try:
        return form.validate_python(parse_yaml(path.read_text(encoding="utf-8-sig")) or [])
    except UnicodeDecodeError as error:
        problem = Problem(_("the file is not UTF-8 text"), where, _("save it as UTF-8"))
        raise ProgramError(problem) from error
    except yaml.YAMLError as error:
        raise ProgramError(yaml_problem(error, where)) from error
    except ValidationError as error:
        raise ProgramError(*explain(error, where, model)) from error


# The situation of a program


@dataclass(frozen=True, slots=True)
class Situation:
    """outcomes: the decisive ones' primary estimates; alphas: outcome -> of its instrument, at its
    wave in the program's group; agree: whether no question has sources that contradict one
    another."""

    outcomes: tuple[Told, ...]
    alphas: dict[str, float | None]
    completion_share: float | None
    cost_per_completer_idr: float | None
    bcr: float | None
    agree: bool | None

    @property
    def beyond_reaction(self) -> list[Told]:
        """The decisive outcomes of learning, behaviour and results."""
        return [e for e in self.outcomes if e.level != "reaction"]

    @property
    def weakest_rating(self) -> int:
        """The lowest rating among those; 0 where one is not rated."""
        return min((e.rating or 0 for e in self.beyond_reaction), default=0)


def distorted(e: Told) -> bool:
    """Whether the measure itself misleads."""
    return not set(MISLEADING).isdisjoint(e.flags)


def settled(e: Told) -> Conclusion | None:
    """What is concluded of an outcome: nothing without an estimate, whatever the field says. An
    absence of change counts as not settled where the measure could not have shown a change."""
    if e.estimate is None:
        return None
    return (
        "inconclusive" if e.conclusion == "no_meaningful_change" and distorted(e) else e.conclusion
    )


def credible(e: Told, min_rating: int) -> bool:
    """Whether its evidence may carry a decision: a comparison, rated high enough, by items that do
    not contradict one another."""
    return e.claim == "effect" and (e.rating or 0) >= min_rating and "miskeyed" not in e.flags


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
    rows, instruments = result.rows, {o.id: o.instrument for o in program.outcomes}
    effects = told_effects(program, rows, "primary")
    answered = [t.agreement for t in result.triangulation if t.agreement != "silent"]
    money = record_of(rows, "efficiency")
    return Situation(
        outcomes=tuple(e for e in effects if is_decisive(program, e.outcome)),
        alphas={
            e.outcome: value_at(
                rows, measure_id("scales", instruments.get(e.outcome), e.wave, "program", "alpha")
            )
            for e in effects
        },
        completion_share=value_at(rows, COMPLETION),
        cost_per_completer_idr=money["cost_per_completer_idr"],
        bcr=money["bcr"],
        agree="divergent" not in answered if answered else None,
    )


def facts(situation: Situation, limits: Thresholds) -> Facts:
    """Fact -> answer, for every fact of the decision table.

    Reactions can do harm, but that participants are pleased improves nothing by itself: the facts
    about improvement, design and evidence are about the decisive outcomes beyond reaction.
    """
    states = situation.beyond_reaction
    performance = [e for e in states if e.level in PERFORMANCE]
    trusted = [e for e in states if credible(e, limits.min_evidence_rating)]
    conclusions = [settled(e) for e in states]
    better = [e for e, c in zip(states, conclusions, strict=True) if c == "improved"]
    worse = [e for e, c in zip(states, conclusions, strict=True) if c == "worsened"]
    proven = [e for e in worse if e in trusted and not distorted(e)]
    ceiling, cost = limits.max_cost_per_completer_idr, situation.cost_per_completer_idr
    # Whichever of the two tests of cost can be made must be passed.
    priced = [] if cost is None or ceiling is None else [cost <= ceiling]
    priced += [] if situation.bcr is None else [situation.bcr >= limits.min_bcr]
    # Outcomes that rest on no instrument (earnings, a register) need no alpha.
    alphas = [a for e in states if (a := situation.alphas[e.outcome]) is not None]

    def enough(among: Sequence[Told], counted: Sequence[Told]) -> bool:
        """Whether enough of them improved, by the program's limit, if only `counted` count."""
        improved = sum(e in counted for e in better if e in among)
        return 0 < improved >= limits.min_improved_share * len(among)

    answers: dict[str, bool | None] = {
        "measured": any(settled(e) is not None for e in situation.outcomes),
        "harm": bool(proven),
        "suspected_harm": len(worse) > len(proven),
        "reaction_fell": any(
            e.level == "reaction" and settled(e) == "worsened" for e in situation.outcomes
        ),
        "beyond_reaction": any(c is not None for c in conclusions),
        "mostly_improved": enough(states, states),
        "performance_improved": enough(performance, performance) if performance else None,
        "performance_flat": bool(performance)
        and all(settled(e) == "no_meaningful_change" for e in performance),
        "credible": enough(states, trusted) and (not performance or enough(performance, trusted)),
        "any_improved": bool(better),
        "all_improved": 0 < len(better) == len(states),
        "any_unclear": any(c in (None, "inconclusive") for c in conclusions),
        "causal": bool(states) and all(e.claim == "effect" for e in states),
        "strong_evidence": _all(_reaches(e.rating, limits.min_scale_up_rating) for e in states),
        "idea_tested": _all(_reaches(e.rating, RATING_THAT_CONDEMNS) for e in states),
        "meaningful": _all(_reaches(_benefit(e), e.sesoi) for e in states),
        "affordable": _all(priced),
        "delivered": _reaches(situation.completion_share, limits.min_completion_share),
        "reliable": _all(_reaches(alpha, limits.min_alpha) for alpha in alphas),
        "sound_measures": not any(distorted(e) for e in states),
        "seen_by_others": any("self_report" not in e.flags for e in better),
        "loss_harmless": not any("bounds" in e.flags for e in states),
        "sources_agree": situation.agree,
    }
    return {name: "unknown" if answer is None else answer for name, answer in answers.items()}


def _benefit(e: Told) -> float | None:
    """The estimate signed so that more is better, in the outcome's unit."""
    return e.estimate if e.estimate is None or e.direction == "higher" else -e.estimate


def _reaches(value: float | None, limit: float | None) -> bool | None:
    return None if value is None or limit is None else value >= limit


def _all(answers: Iterable[bool | None]) -> bool | None:
    """False as soon as one is; else None as soon as one is not known (or there is none)."""
    found = list(answers)
    if False in found:
        return False
    return True if found and None not in found else None


# The verdict in words


def judge(program: Program, result: EvaluationResult) -> Verdict:
    """The verdict on one program, without its stability."""
    situation, min_rating = situation_of(program, result), program.thresholds.min_evidence_rating
    states = situation.beyond_reaction
    answers = facts(situation, program.thresholds)
    row = decide(answers)
    concluded_of = {f"concluded.{c}": [e for e in situation.outcomes if settled(e) == c]
                    for c in CONCLUSIONS}  # fmt: skip
    certainty = _weakest(situation) + _grouped(_caveats(states))
    change = []
    if row["decision"] == "continue":
        conditions = joined(missing_for_scale_up(answers), "; ")
        change.append(say("wanted", conditions=conditions))
    carried = states and all(e.rating is not None and credible(e, min_rating) for e in states)
    decided = row["decision"] != "insufficient_evidence"
    provisional = decided and not carried and bool(situation.outcomes)
    if provisional:
        certainty.append(say("provisional"))
    if not decided or provisional:
        change += what_would_settle(situation, min_rating, program.design.type)
    return Verdict(
        row["decision"], (own(row["text"]), *_grouped(concluded_of)), row["rule"],
        _measured(situation), tuple(certainty), tuple(change), provisional,
    )  # fmt: skip


def _weakest(situation: Situation) -> list[str]:
    """The rating of the weakest evidence among the outcomes that decide."""
    lowest = situation.weakest_rating
    weakest = [e for e in situation.beyond_reaction if (e.rating or 0) == lowest]
    return [say("weakest", rating=count(lowest), labels=_labels(weakest))] if weakest else []


def _measured(situation: Situation) -> tuple[str, ...]:
    """The ids of the measures that the verdict rests on."""
    outcomes = [estimate_id(e.outcome) for e in situation.outcomes]
    ratings = [rating_id(e.outcome) for e in situation.outcomes if e.rating is not None]
    others = {
        COMPLETION: situation.completion_share,
        "efficiency/cost_per_completer_idr": situation.cost_per_completer_idr,
        "efficiency/bcr": situation.bcr,
    }
    return (*outcomes, *ratings, *(id for id, value in others.items() if value is not None))


def _labels(states: Iterable[Told]) -> str:
    return join_words([e.label for e in states])


def _grouped(groups: dict[str, list[Told]]) -> list[str]:
    """The sentence of each group that holds any outcome."""
    return [say(name, labels=_labels(group)) for name, group in groups.items() if group]


def _caveats(states: Sequence[Told]) -> dict[str, list[Told]]:
    """What the design cannot tell, and measures that could not show what happened."""
    after_alone = [e for e in states if "post_only" in e.flags]
    return {
        "no_comparison": [e for e in states if e.claim == "change"],
        "after_alone": after_alone,
        "refuted": [e for e in states if e.claim == "difference" and e not in after_alone],
        **{flag: [e for e in states if flag in e.flags] for flag in MISLEADING},
    }


def missing_for_scale_up(answers: Facts) -> list[str]:
    """The conditions of the row that scales up which do not hold, in words; unknown ones say so."""
    table = decision_table()
    row = next(r for r in table["rows"] if r["decision"] == "scale_up")
    found = []
    for name in [n for n, accepted in row["when"].items() if answers[n] not in accepted]:
        text = _within_a_sentence(own(table["facts"][name]))
        found.append(say("not_known", condition=text) if answers[name] == "unknown" else text)
    return found


@spoken
def _within_a_sentence(text: str) -> str:
    return text[:1].lower() + text[1:]


def what_would_settle(situation: Situation, min_rating: int, design: str) -> list[str]:
    """What data each unsettled outcome would need, and what would make weak evidence carry. design:
    the program's; what it has already is not asked for."""
    if not situation.outcomes:
        return [say("declare")]
    needed = [_need(e) for e in situation.outcomes if settled(e) in (None, "inconclusive")]
    weak: dict[str, list[str]] = {}
    for e in situation.beyond_reaction:
        if settled(e) in ("improved", "worsened") and not credible(e, min_rating):
            weak.setdefault(_strengthening(e, design), []).append(phrase("“{}”", e.label))
    if "change" in weak and design != "single_group":
        weak["change_beside"] = weak.pop("change")
    needed += [say(f"strengthen.{by}", labels=join_words(labels)) for by, labels in weak.items()]
    return needed if situation.beyond_reaction else [*needed, say("beyond_reaction")]


def _strengthening(e: Told, design: str) -> str:
    """How the evaluation of a weak outcome is strengthened."""
    if e.claim == "change":
        return "change"
    known = ["attrition", "baseline", "earlier_trend", "bent", "undeclared_cluster", "post_only",
             "miskeyed"]  # fmt: skip
    if design == "randomised":  # another comparison would be no better
        known = [f for f in known if f not in ("baseline", "earlier_trend", "post_only")]
    return next((flag for flag in known if flag in e.flags), "size")


def _need(e: Told) -> str:
    needed, have = e.n_needed or 0, (e.n_program or 0) + (e.n_comparison or 0)
    if settled(e) is None:
        by = "measured"
    elif e.conclusion == "no_meaningful_change":
        by = "measure"
    elif e.bracketing is not None:
        by = "comparison"
    elif e.n_program is not None and needed > have:
        by = "persons"
    else:
        by = "sesoi" if e.sesoi is None else "precision"
    return say(f"settle.{by}", label=e.label, needed=count(needed), have=count(have))


# How firmly it stands


def with_stability(
    program: Program, result: EvaluationResult, verdict: Verdict
) -> tuple[Verdict, tuple[Measure, ...]]:
    """The verdict with a sentence on its stability, what it hangs on, and the row of its share.

    Repetitions redraw the error of sampling alone. Where no verdict was reached, or an outcome that
    decides has no comparison or hardly any evidence, that error is the least of the doubts: a
    stability would mislead and is not shown.
    """
    situation = situation_of(program, result)
    if verdict.decision == "insufficient_evidence" or situation.weakest_rating < 2:
        return verdict, ()
    share, source = diagnose_robustness(program, result, situation)
    sentence = say("stability", share=percent(share), n=count(DRAWS))
    hangs = [say("hangs_on", source=source)] if source else []
    row = record_rows({"share": share}, ["verdict", "stability"], "share", n=DRAWS, note=source)
    certainty, change = (*verdict.certainty, sentence), (*hangs, *verdict.would_change)
    return replace(verdict, certainty=certainty, would_change=change), tuple(row)


@dataclass(frozen=True, slots=True)
class Redrawn:
    """What is redrawn: the situation as it is, its limits, and the k primary estimates that can be
    drawn again, with their standard errors; method: of adjustment for many outcomes."""

    situation: Situation
    limits: Thresholds
    method: str
    effects: tuple[Told, ...]
    std_error: Floats

    def each(self, field: str, missing: float) -> Floats:
        """A field of every effect; `missing` where it is None or 0."""
        return np.array([getattr(e, field) or missing for e in self.effects], dtype=float)

    def as_they_are(self, n: int) -> Floats:
        """The estimates (n, k), each repetition alike."""
        return np.tile(self.each("estimate", 0.0), (n, 1))

    def drawn(self, rng: np.random.Generator, n: int) -> Floats:
        """Estimates (n, k) from their sampling distributions."""
        noise = rng.standard_t(self.each("df", np.inf), (n, len(self.effects))) * self.std_error
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

    def decisions(
        self, n: int, *, estimates: Floats | None = None, completion: Floats | None = None,
        moves: Floats | None = None,
    ) -> list[Decision]:  # fmt: skip
        """The decision in n repetitions; what is not given stays as it is.

        estimates (n, k), completion shares (n,), moves -1..1 of the limits (n, m).
        """
        estimates = self.as_they_are(n) if estimates is None else estimates
        moves = np.zeros((n, len(decision_table()["moves"]))) if moves is None else moves
        known = self.situation.completion_share
        shares = [known] * n if completion is None else completion.tolist()
        moved = [move_limits(self.limits, row) for row in moves]
        conclusions = self.conclusions(estimates, np.array([f for _limits, f in moved]))
        place = {e.outcome: j for j, e in enumerate(self.effects)}
        decisions = []
        for i, (limits, factor) in enumerate(moved):
            outcomes = []
            for e in self.situation.outcomes:
                changes: dict[str, Any] = {"sesoi": e.sesoi and e.sesoi * factor}
                if (j := place.get(e.outcome)) is not None:
                    changes |= {"estimate": estimates[i, j], "conclusion": str(conclusions[i, j])}
                outcomes.append(replace(e, **changes))
            new = replace(self.situation, outcomes=tuple(outcomes), completion_share=shares[i])
            decisions.append(decide(facts(new, limits))["decision"])
        return decisions


def redrawn_of(program: Program, result: EvaluationResult, situation: Situation) -> Redrawn:
    """Primary estimates with an error and a p-value, whose conclusion follows by the written rule.

    Others keep their conclusion in every repetition: those that the design gives no p-value, and
    those concluded by another rule (a permutation test, say), which is not second-guessed here.
    """
    found = [
        (e, se)
        for e in told_effects(program, result.rows, "primary")
        if e.estimate is not None and e.p_value is not None and (se := _std_error(e))
    ]
    # By their numbers, so that neither names nor the order of declaration move the draws.
    found.sort(key=lambda pair: (pair[0].estimate, pair[1], pair[0].df or 0, pair[0].sesoi or 0))
    effects, errors = tuple(e for e, _se in found), np.array([se for _e, se in found])
    every = Redrawn(situation, program.thresholds, program.multiplicity, effects, errors)
    by_rule = every.conclusions(every.as_they_are(1), np.ones(1))[0]
    kept = by_rule == np.array([e.conclusion for e in effects], dtype=by_rule.dtype)
    same = tuple(e for e, keep in zip(effects, kept, strict=True) if keep)
    return replace(every, effects=same, std_error=errors[kept])


def _std_error(e: Told) -> float | None:
    if e.std_error or e.ci_low is None or e.ci_high is None:
        return e.std_error
    return (e.ci_high - e.ci_low) / (2 * float(stats.norm.ppf(0.975)))


def diagnose_robustness(
    program: Program, result: EvaluationResult, situation: Situation
) -> tuple[float, str | None]:
    """Share of draws with the same decision, and what alone changes the decision most often, in
    words; None where nothing does."""
    base, rng = redrawn_of(program, result, situation), np.random.default_rng(program.seed)
    moves, (decision,) = decision_table()["moves"], base.decisions(1)
    share, enrolled = situation.completion_share, value_at(result.rows, "participation/enrolled")

    def completion(n: int) -> Floats | None:
        """Completion shares (n,) from the Jeffreys posterior; None where it is not known."""
        if share is None or not enrolled:
            return None
        return rng.beta(share * enrolled + 0.5, enrolled - share * enrolled + 0.5, n)

    together = base.decisions(
        DRAWS, estimates=base.drawn(rng, DRAWS), completion=completion(DRAWS),
        moves=rng.uniform(-1, 1, (DRAWS, len(moves))),
    )  # fmt: skip

    def changed(n: int, **alone: Floats) -> float:
        """How often what is varied alone turns the decision."""
        return sum(d != decision for d in base.decisions(n, **alone)) / n

    sources = []
    decisive = {e.outcome for e in situation.outcomes}
    drawn = base.drawn(rng, DRAWS_ALONE)
    for j, e in enumerate(base.effects):
        if e.outcome in decisive:
            alone = base.as_they_are(DRAWS_ALONE)
            alone[:, j] = drawn[:, j]
            name = say("source.outcome", label=e.label)
            sources.append((changed(DRAWS_ALONE, estimates=alone), name))
    if (shares := completion(DRAWS_ALONE)) is not None:
        sources.append((changed(DRAWS_ALONE, completion=shares), say("source.completion")))
    for move, row in zip(moves, np.eye(len(moves)), strict=True):
        sources.append((changed(2, moves=np.array([-row, row])), own(move["text"])))
    most, source = max(sources, key=lambda pair: pair[0])
    return together.count(decision) / DRAWS, source if most > 0 else None


def move_limits(limits: Thresholds, moves: Floats) -> tuple[Thresholds, float]:
    """Limits moved by -1..1 times their declared amounts, and the factor of the smallest effects.

    Shares stay in 0-1; the evidence rating moves to the nearest whole number.
    """
    update: dict[str, float] = {}
    sesoi_factor = 1.0
    for move, by in zip(decision_table()["moves"], moves.tolist(), strict=True):
        limit, factor = move["limit"], 1 + by * move.get("relative", 0.0)
        if limit == "sesoi":
            sesoi_factor = factor
        elif by and (value := getattr(limits, limit)) is not None:
            new = value * factor + by * move.get("absolute", 0.0)
            if limit.endswith("share") or limit == "min_alpha":
                new = min(max(new, 0.0), 1.0)
            update[limit] = round(new) if limit.endswith("rating") else new
    return limits.model_copy(update=update), sesoi_factor
