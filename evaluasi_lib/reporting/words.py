"""Codes of result.json as words, and why a number is not there.

Codes are a contract and stay English; a reader meets only these words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from evaluasi_lib.disclosure import DEFAULT_K, SMALL_CELL
from evaluasi_lib.program import Program
from evaluasi_lib.results import Effect, EvaluationResult, Explored
from evaluasi_lib.scoring.background import level_label, variable_label
from evaluasi_lib.wording import _, digits_for, interval, number, p_value


def why(reason: str | None, k: int = DEFAULT_K) -> str:
    """The reason of a null in words; an em dash where none was given."""
    if reason == SMALL_CELL:
        return _("not shown (fewer than {k} persons)").format(k=k)
    if reason == "no_answers":
        return _("no answers")
    return reason or "—"


def shown(
    value: float | None, form: Callable[..., str], reason: str | None, k: int = DEFAULT_K
) -> str:
    """A number in the reader's form, or why it is not there."""
    return why(reason, k) if value is None else form(value)


def _lookup(words: dict[str, str], code: str | None) -> str:
    return "—" if code is None else words.get(code, code.replace("_", " "))


def level_word(code: str | None) -> str:
    """Kirkpatrick level."""
    return _lookup(
        {
            "reaction": _("Reaction"),
            "learning": _("Learning"),
            "behaviour": _("Behaviour"),
            "results": _("Results"),
        },
        code,
    )


def group_word(code: str) -> str:
    """Program or comparison group."""
    return _lookup({"program": _("program"), "comparison": _("comparison group")}, code)


def wave_word(code: str) -> str:
    """Wave of measurement; a name of the program's own stays."""
    return _lookup(
        {
            "pre": _("before"),
            "post": _("after"),
            "followup": _("follow-up"),
            "baseline": _("before"),
            "endline": _("after"),
        },
        code,
    )


def claim_word(code: str) -> str:
    """Whether an estimate is an effect, a change or a difference."""
    return _lookup(
        {
            "effect": _("effect"),
            "change": _("change (cause not shown)"),
            "difference": _("difference (cause not shown)"),
        },
        code,
    )


def conclusion_word(code: str | None) -> str:
    """What an estimate shows."""
    return _lookup(
        {
            "improved": _("improved"),
            "worsened": _("worsened"),
            "no_meaningful_change": _("no meaningful change"),
            "inconclusive": _("cannot be decided yet"),
        },
        code,
    )


def design_word(code: str | None) -> str:
    """How the effect is known."""
    return _lookup(
        {
            "single_group": _("one group before and after"),
            "comparison": _("comparison group"),
            "randomised": _("assigned by lot"),
            "independent_samples": _("independent samples (persons not linked)"),
            "cross_section": _("one measurement only"),
        },
        code,
    )


def baseline_word(code: str | None) -> str:
    """Likeness of the groups at the start, by the WWC's grades."""
    return _lookup(
        {
            "satisfied": _("groups alike at the start"),
            "satisfied_with_adjustment": _("groups differ slightly; adjusted for"),
            "adjustment_needed": _("groups differ slightly; adjustment needed"),
            "not_satisfied": _("groups too different at the start"),
            "not_required": _("not asked of this design"),
        },
        code,
    )


def decision_word(code: str) -> str:
    """The verdict's decision."""
    return _lookup(
        {
            "scale_up": _("Scale the program up"),
            "continue": _("Continue the program"),
            "adjust": _("Continue with adjustments"),
            "redesign": _("Redesign the program"),
            "insufficient_evidence": _("The evidence does not suffice for a decision"),
        },
        code,
    )


def agreement_word(code: str) -> str:
    """Agreement of the sources."""
    return _lookup(
        {
            "convergent": _("sources agree"),
            "complementary": _("sources complete each other"),
            "divergent": _("sources disagree"),
            "silent": _("sources are silent"),
        },
        code,
    )


def status_word(code: str) -> str:
    """Where a recommendation stands."""
    return _lookup(
        {
            "done": _("done"),
            "partly": _("partly done"),
            "not_done": _("not done"),
            "dropped": _("dropped"),
            "new": _("new"),
            "repeated": _("repeated from an earlier cycle"),
            "open": _("open"),
            "proposed": _("proposed"),
        },
        code,
    )


def source_word(code: str) -> str:
    """Kind of source of a theme."""
    return _lookup(
        {"survey": _("survey"), "interview": _("interview"), "document": _("document")}, code
    )


def subgroup_word(effect: Effect) -> str:
    """The outcome's name, with the group of persons where it is about one."""
    return f"{effect.label} — {effect.subgroup}" if effect.subgroup else effect.label


def primary_effects(result: EvaluationResult) -> list[Effect]:
    """The one primary estimate of each outcome, in declared order."""
    return [e for e in result.effects if e.role == "primary"]


def effect_sentence(effect: Effect, k: int = DEFAULT_K) -> str:
    """One primary estimate as a sentence; "not significant" is never told as "no effect"."""
    if effect.estimate is None:
        return _("{label}: no estimate, {reason}.").format(
            label=effect.label, reason=why(effect.reason, k).rstrip(".")
        )
    digits = digits_for(effect.estimate, effect.ci_low, effect.ci_high)
    values = {
        "label": effect.label,
        "estimate": number(effect.estimate, digits),
        "unit": effect.unit,
        "interval": interval(effect.ci_low, effect.ci_high, digits),
        "p": p_value(effect.p_value),
        "sesoi": number(effect.sesoi, digits_for(effect.sesoi)),
    }
    if effect.claim == "effect":
        first = _("{label}: the estimated effect is {estimate} {unit} (95% interval {interval}).")
    elif effect.claim == "difference":
        first = _(
            "{label}: the groups differ by {estimate} {unit} (95% interval {interval}); nothing "
            "was measured before that could tell a difference which they already had."
        )
    else:
        first = _(
            "{label}: the change is {estimate} {unit} (95% interval {interval}); "
            "it cannot be told from this design whether the program caused it."
        )
    verdict = {
        "improved": _("That is an improvement."),
        "worsened": _("That is a deterioration."),
        "no_meaningful_change": _(
            "The interval lies within ±{sesoi}: no change that would matter."
        ),
        "inconclusive": _(
            "The data cannot decide: the interval holds both change that matters and none."
        ),
    }.get(effect.conclusion or "", "")
    return f"{first} {verdict}".format(**values).strip()


def explored_sentence(explored: Sequence[Explored]) -> str:
    """What an exploration changed of the declaration, for the first page."""
    changes = "; ".join(
        f"{change.key} {_plain(change.declared)} → {_plain(change.used)}" for change in explored
    )
    return _("Exploration, not what was declared: {changes}.").format(changes=changes)


def _plain(value: str | float | None) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return _("not declared")
    return number(value, 0 if float(value).is_integer() else 3)


def estimand_word(code: str) -> str:
    """What an estimate is about."""
    return _lookup(
        {
            "att": _("effect on those who took part"),
            "ate": _("effect on everybody"),
            "itt": _("effect on those assigned"),
            "change": _("change over time"),
            "difference": _("difference"),
        },
        code,
    )


def stage_word(code: str) -> str:
    """Stage of participation; a module keeps its name."""
    return _lookup(
        {
            "invited": _("Invited"),
            "enrolled": _("Enrolled"),
            "started": _("Started"),
            "active": _("Active on the platform"),
            "completed": _("Completed"),
        },
        code,
    )


SECTION_OF = {
    "program": "program",
    "sample": "metodologi",
    "quality": "metodologi",
    "evidence": "metodologi",
    "effects": "efektivitas",
    "scales": "efektivitas",
    "efficiency": "efisiensi",
    "elearning": "elearning",
    "participation": "partisipasi",
    "themes": "suara",
    "voices": "suara",
    "module_demand": "suara",
    "triangulation": "suara",
    "follow_up": "tindak-lanjut",
}


def section_titles() -> dict[str, str]:
    """Section id -> title, in the order of the report."""
    return {
        "ringkasan": _("Executive summary"),
        "program": _("Program and objectives"),
        "metodologi": _("Methodology"),
        "efektivitas": _("Effectiveness"),
        "efisiensi": _("Efficiency"),
        "elearning": _("E-learning"),
        "partisipasi": _("Participation, motivation and barriers"),
        "suara": _("Feedback, interviews and documents"),
        "kekuatan-kelemahan": _("Strengths and weaknesses"),
        "putusan": _("Verdict and recommendations"),
        "tindak-lanjut": _("Follow-up of earlier recommendations"),
        "lampiran": _("Appendix"),
    }


def evidence_places(pointers: Sequence[str]) -> str:
    """JSON pointers as the sections in which a reader finds the evidence."""
    titles = section_titles()
    found = [SECTION_OF.get(pointer.lstrip("/").split("/")[0]) for pointer in pointers]
    return "; ".join(dict.fromkeys(titles[place] for place in found if place))


def option_word(label: str) -> str:
    """The label of an option; "*" stands for what people wrote themselves."""
    return _("something else") if label == "*" else label


def short_item(label: str) -> str:
    """ "Question [Row]" of a grid -> "Row"; other questions as they are."""
    match = re.fullmatch(r".*\[(.+)\]\s*", label, flags=re.DOTALL)
    return match[1].strip() if match else label


def covariate_word(program: Program, name: str) -> str:
    """A column of the adjustment: its variable's label, with the level where it stands for one."""
    variable, _sign, level = name.partition("=")
    if variable == "y0":
        return _("the outcome before the program")
    label = variable_label(program, variable)
    if not level:
        return label
    if level == "?":
        return _("{label}: not known").format(label=label)
    return f"{label}: {level_label(program, variable, level)}"
