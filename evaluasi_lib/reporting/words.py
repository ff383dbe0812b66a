"""Codes of result.json as words, and why a number is not there.

Codes are a contract and stay English; a reader meets only these words.
"""

from __future__ import annotations

from collections.abc import Sequence

from evaluasi_lib.claims import level_label, variable_label
from evaluasi_lib.measures import DEFAULT_K, SMALL_CELL, Effect, Measure, measure_id, value_at, wide
from evaluasi_lib.program import Program
from evaluasi_lib.results import EvaluationResult, Explored
from evaluasi_lib.wording import Sentences, _, digits_for, number, percent, word_for

say = Sentences(__file__, "sentences.yml")
STABILITY = "verdict/stability/share"
LIKELY = 0.66  # from here on “likely”, as the IPCC's guidance of 2010 on uncertainty has it


def why(reason: str | None, k: int = DEFAULT_K) -> str:
    """The reason of a null in words; an em dash where none was given."""
    if reason == SMALL_CELL:
        return _("not shown (fewer than {k} persons)").format(k=k)
    if reason == "no_answers":
        return _("no answers")
    return reason or "—"


def analysed(rows: Sequence[Measure], k: int) -> tuple[int | None, str]:
    """(persons in the analysis, or why their number is not there in words)."""
    steps = wide(rows, "sample/flow/*")
    last = steps[-1] if steps else {"n": None, "reason": None}
    return last["n"], why(last["reason"], k)


def verdict_sentence(result: EvaluationResult) -> str:
    """The verdict as every page states it: never without how sure it is."""
    verdict, stability = result.verdict, value_at(result.rows, STABILITY)
    decided = verdict_words(verdict.decision, verdict.provisional, stability)
    return _("Verdict: {decision}.").format(decision=decided)


def verdict_words(decision: str, provisional: bool, stability: float | None) -> str:
    """The decision with how sure it is: that its evidence is too weak to carry it alone, or in
    which share of the repetitions it stays the same (0-1; None: not shown)."""
    if provisional:
        text = _("{decision}, provisionally: the evidence on its cause is weak")
    elif stability is None:
        text = "{decision}"
    elif stability < LIKELY:
        text = _("{decision}, but not firmly: the same in only {share} of repetitions")
    else:
        text = _("{decision} (the same in {share} of repetitions)")
    return text.format(decision=word_for("decision", decision), share=percent(stability))


def subgroup_word(effect: Effect) -> str:
    """The outcome's name, with the group of persons where it is about one."""
    return f"{effect.label} — {effect.subgroup}" if effect.subgroup else effect.label


def means_of(
    program: Program, rows: Sequence[Measure], effects: Sequence[Effect]
) -> dict[str, str]:
    """outcome -> from what to what the program's persons came, else against what the comparison
    group stands; none where no mean may be shown.

    Where the means of those measured at both waves may not be shown, the scale's own stand in, of
    all who answered at each wave.
    """
    declared = {o.id: o for o in program.outcomes}
    found: dict[str, str] = {}
    for effect in effects:
        before, after = effect.mean_before, effect.mean_after
        text = _("from {before} to {after}")
        outcome = declared.get(effect.outcome)
        recalled = outcome is not None and outcome.retrospective and before is not None
        text = _("from {before} (as remembered) to {after}") if recalled else text
        if after is None and outcome is not None and outcome.instrument is not None:
            asked = (outcome.baseline_instrument or outcome.instrument, outcome.instrument)
            early = outcome.baseline_wave or (outcome.wave if outcome.baseline_instrument else None)
            places = (
                measure_id("scales", name, wave, "program", "mean")
                for name, wave in zip(asked, (early, outcome.wave), strict=True)
            )
            before, after = (value_at(rows, place) for place in places)
            text = _("from {before} to {after} (all who answered)")
        digits = digits_for(effect.estimate, effect.ci_low, effect.ci_high)
        if before is None:
            before, text = effect.mean_comparison, _("{after}, comparison group {before}")
        if before is not None and after is not None:
            values = {"before": before, "after": after}
            shares = effect.factor != 1  # of persons
            found[effect.outcome] = text.format(
                **{at: percent(x) if shares else number(x, digits) for at, x in values.items()}
            )
    return found


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


CHAPTERS = {  # chapter -> the parts of the measures that it shows
    "program": "program",
    "metodologi": "sample quality evidence",
    "efektivitas": "effects scales answers asked",
    "efisiensi": "efficiency",
    "elearning": "elearning",
    "partisipasi": "participation",
    "suara": "themes voices module_demand triangulation",
    "tindak-lanjut": "follow_up",
}
SECTION_OF = {part: chapter for chapter, parts in CHAPTERS.items() for part in parts.split()}


def evidence_places(ids: Sequence[str]) -> str:
    """Ids of measures as the sections in which a reader finds them."""
    found = [SECTION_OF.get(id.split("/")[0]) for id in ids]
    return "; ".join(dict.fromkeys(word_for("section", place) for place in found if place))


def option_word(label: str) -> str:
    """The label of an option; "*" stands for what people wrote themselves."""
    return _("something else") if label == "*" else label


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
