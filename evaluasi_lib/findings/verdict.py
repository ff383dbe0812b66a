"""The verdict: the row of the decision table that fires, and why, in words."""

from __future__ import annotations

from dataclasses import replace

from evaluasi_lib.findings.robustness import diagnose_robustness
from evaluasi_lib.findings.rules import Row, decision_table
from evaluasi_lib.findings.situation import (
    Facts,
    OutcomeState,
    Situation,
    beyond_reaction,
    facts,
    situation_of,
    weakest_rating,
)
from evaluasi_lib.program import Program
from evaluasi_lib.results import EvaluationResult, Verdict
from evaluasi_lib.wording import _, choose, count, join_words, percent


def judge(program: Program, result: EvaluationResult) -> Verdict:
    """The verdict on one program. details holds the facts and the whole table, for the report."""
    situation = situation_of(program, result)
    answers = facts(situation, program.thresholds)
    row = decision_table().decide(answers)
    strength = strength_of_words(situation, program.thresholds.min_evidence_rating)
    needed = []
    if row.decision == "insufficient_evidence":
        needed = what_would_settle(situation, program.thresholds.min_evidence_rating)
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
    """The verdict with its stability in details, and a sentence on it among the reasons.

    Repetitions redraw the error of sampling alone. Where no verdict was reached, or an outcome that
    decides has no comparison or hardly any evidence, that error is the least of the doubts: a
    stability would mislead and is not shown.
    """
    situation = situation_of(program, result)
    if verdict.decision == "insufficient_evidence" or weakest_rating(situation) < 2:
        return verdict
    stability = diagnose_robustness(program, result)
    text = _(
        "Drawing only the chance of sampling again ({n} times, with the limits moved a little), "
        "the decision stays the same in {share}; errors of the design are not in this figure."
    )
    sentence = text.format(share=percent(stability["share"]), n=count(stability["draws"]))
    if stability["hangs_on"]:
        sentence += " " + _("It hangs most on: {source}.").format(source=stability["hangs_on"])
    return replace(
        verdict,
        reasons=(*verdict.reasons, sentence),
        details={**verdict.details, "stability": stability},
    )


def strength_of_words(situation: Situation, min_rating: int) -> str:
    """ "strong", "moderate" or "weak": what the weakest decisive outcome's evidence can carry."""
    states = beyond_reaction(situation)
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
    claims = {s.effect.claim for s in beyond_reaction(situation)}
    if "change" in claims:
        reasons.append(
            _(
                "At least one outcome has no comparison group: the verdict speaks of change, and "
                "cannot tell what caused it."
            )
        )
    if "difference" in claims:
        reasons.append(
            _(
                "At least one outcome was compared after the program alone: the groups may have "
                "differed before."
            )
        )
    reasons += _misleading(situation)
    if row.decision == "continue":
        missing = "; ".join(missing_for_scale_up(answers))
        reasons.append(
            _("Still wanted before scaling up: {conditions}.").format(conditions=missing)
        )
    if strength == "weak" and row.decision != "insufficient_evidence":
        reasons.append(_("The evidence is weak, so the verdict is provisional."))
    return reasons


def _misleading(situation: Situation) -> list[str]:
    """Measures that could not show what happened, which keeps them from deciding."""
    texts = {
        "ceiling": _("Measured at its ceiling, so that an absence of change proves little: "
                     "{labels}."),
        "miskeyed": _("Measured with items that contradict one another (check reversed items): "
                      "{labels}."),
        "sesoi": _("Held against a smallest effect of interest that is likely a slip: {labels}."),
    }  # fmt: skip
    found = []
    for flag, text in texts.items():
        labels = [s.effect.label for s in beyond_reaction(situation) if flag in s.flags]
        if labels:
            found.append(text.format(labels=join_words(labels)))
    return found


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


def what_would_settle(situation: Situation, min_rating: int) -> list[str]:
    """What data each unsettled outcome would need, and what would make weak evidence carry."""
    states = situation.outcomes
    if not states:
        return [_("Declare outcomes in program.yml and measure them before and after the program.")]
    needed = [_need(s) for s in states if s.conclusion in (None, "inconclusive")]
    weak = [
        s for s in beyond_reaction(situation)
        if s.conclusion in ("improved", "worsened") and not s.credible(min_rating)
    ]  # fmt: skip
    for text, labels in _strengthened(weak).items():
        needed.append(text.format(labels=join_words([f"“{label}”" for label in labels])))
    if all(s.effect.level == "reaction" for s in states):
        needed.append(_("Measure learning, behaviour or results besides participants' reactions."))
    return needed


def _strengthened(states: list[OutcomeState]) -> dict[str, list[str]]:
    """How the evaluation of each weak outcome is strengthened -> the outcomes' labels."""
    found: dict[str, list[str]] = {}
    for state in states:
        if state.effect.claim == "change":
            text = _("For {labels}: measure a comparison group at the same times, such as the "
                     "waiting list of the next cycle, best drawn by lot.")  # fmt: skip
        elif state.effect.claim == "difference":
            text = _("For {labels}: measure both groups before the program too, best drawn by lot.")
        elif "attrition" in state.flags:
            text = _("For {labels}: follow up those who were lost, in both groups alike.")
        elif "baseline" in state.flags:
            text = _("For {labels}: find a comparison group that was alike before the program, "
                     "best drawn by lot from those who applied.")  # fmt: skip
        else:
            text = _("For {labels}: measure more persons, in groups that are alike before the "
                     "program and lose few.")  # fmt: skip
        found.setdefault(text, []).append(state.effect.label)
    return found


def _need(state: OutcomeState) -> str:
    effect, needed = state.effect, state.effect.n_needed or 0
    have = (effect.n_program or 0) + (effect.n_comparison or 0)
    if state.conclusion is None:
        text = _("To settle “{label}”: mend what kept it from being measured.")
    elif effect.conclusion == "no_meaningful_change":
        text = _("To settle “{label}”: mend the measure (its range, its reversed items, its "
                 "smallest effect of interest) and measure again.")  # fmt: skip
    elif effect.details.get("bracketing"):
        text = _("To settle “{label}”: a comparison group that was alike before the program, since "
                 "two ways of comparing disagree.")  # fmt: skip
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
