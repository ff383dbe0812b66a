"""The verdict: the row of the decision table that fires, and why, in words."""

from __future__ import annotations

from dataclasses import replace

from evaluasi_lib.findings.robustness import diagnose_robustness
from evaluasi_lib.findings.rules import Row, decision_table
from evaluasi_lib.findings.situation import Facts, OutcomeState, Situation, facts, situation_of
from evaluasi_lib.program import Program
from evaluasi_lib.results import EvaluationResult, Verdict
from evaluasi_lib.wording import _, choose, count, join_words, percent


def judge(program: Program, result: EvaluationResult) -> Verdict:
    """The verdict on one program. details holds the facts and the whole table, for the report."""
    situation = situation_of(program, result)
    answers = facts(situation, program.thresholds)
    row = decision_table().decide(answers)
    strength = strength_of_words(situation, program.thresholds.min_evidence_rating)
    needed = what_would_settle(situation) if row.decision == "insufficient_evidence" else []
    return Verdict(
        decision=row.decision,
        reasons=tuple(_reasons(row, situation, answers, strength) + needed),
        rule=row.rule,
        details={
            "text": choose(row.text),
            "strength": strength,
            "facts": answers,
            "table": [
                r.model_dump() | {"text": choose(r.text), "fired": r is row}
                for r in decision_table().rows
            ],
            "needed": needed,
        },
    )


def with_stability(program: Program, result: EvaluationResult, verdict: Verdict) -> Verdict:
    """The verdict with its stability in details, and a sentence on it among the reasons."""
    stability = diagnose_robustness(program, result)
    text = _("The decision stays the same in {share} of {n} repetitions with inputs redrawn.")
    sentence = text.format(share=percent(stability["share"], 1), n=count(stability["draws"]))
    if stability["hangs_on"]:
        sentence += " " + _("It hangs most on: {source}.").format(source=stability["hangs_on"])
    return replace(
        verdict,
        reasons=(*verdict.reasons, sentence),
        details={**verdict.details, "stability": stability},
    )


def strength_of_words(situation: Situation, min_rating: int) -> str:
    """ "strong", "moderate" or "weak": what the weakest decisive outcome's evidence can carry."""
    states = [s for s in situation.outcomes if s.effect.level != "reaction"]
    ratings = [s.rating for s in states]
    causal = all(s.effect.claim == "effect" for s in states)
    if not ratings or not causal or any(r is None or r < min_rating for r in ratings):
        return "weak"
    return "strong" if min(r for r in ratings if r is not None) >= 4 else "moderate"


def _reasons(row: Row, situation: Situation, answers: Facts, strength: str) -> list[str]:
    """The rule's own text, the outcomes behind it, and the cap on the words."""
    reasons = [choose(row.text), *_by_conclusion(situation)]
    if not situation.outcomes:
        return reasons
    if answers["causal"] == "no":
        reasons.append(
            _(
                "At least one outcome has no comparison group: the verdict speaks of change, and "
                "cannot tell what caused it."
            )
        )
    if row.decision == "continue":
        missing = "; ".join(missing_for_scale_up(answers))
        reasons.append(
            _("Still wanted before scaling up: {conditions}.").format(conditions=missing)
        )
    if strength == "weak":
        reasons.append(_("The evidence is weak, so the verdict is provisional."))
    return reasons


def missing_for_scale_up(answers: Facts) -> list[str]:
    """The conditions of the row that scales up which do not hold, in words; unknown ones say so."""
    table = decision_table()
    row = next(r for r in table.rows if r.decision == "scale_up")
    found = []
    for name in [n for n, accepted in row.when.items() if answers[n] not in accepted]:
        text = choose(table.facts[name])
        text = text[:1].lower() + text[1:]
        unknown = _("{condition} (not known)").format(condition=text)
        found.append(unknown if answers[name] == "unknown" else text)
    return found


def _by_conclusion(situation: Situation) -> list[str]:
    groups = {
        "improved": _("Improved: {labels}."),
        "worsened": _("Got worse: {labels}."),
        "no_meaningful_change": _("No meaningful change: {labels}."),
        "inconclusive": _("Not settled by these data: {labels}."),
        None: _("Not measured: {labels}."),
    }
    labels = {c: [s.effect.label for s in situation.outcomes if s.conclusion == c] for c in groups}
    return [text.format(labels=join_words(labels[c])) for c, text in groups.items() if labels[c]]


def what_would_settle(situation: Situation) -> list[str]:
    """What data each unsettled outcome would need."""
    states = situation.outcomes
    if not states:
        return [_("Declare outcomes in program.yml and measure them before and after the program.")]
    needed = [_need(s) for s in states if s.conclusion in (None, "inconclusive")]
    if all(s.effect.level == "reaction" for s in states):
        needed.append(_("Measure learning, behaviour or results besides participants' reactions."))
    return needed


def _need(state: OutcomeState) -> str:
    effect, needed = state.effect, state.effect.n_needed or 0
    have = (effect.n_program or 0) + (effect.n_comparison or 0)
    if state.conclusion is None:
        text = _("To settle “{label}”: mend what kept it from being measured.")
    elif effect.n_program is not None and needed > have:
        text = _("To settle “{label}”: about {needed} persons with the same design; now {have}.")
    elif effect.sesoi is None:
        text = _(
            "To settle “{label}”: declare its smallest change of interest, and measure more "
            "persons."
        )
    else:
        text = _("To settle “{label}”: measure more persons or use a more precise measure.")
    return text.format(label=effect.label, needed=count(needed), have=count(have))
