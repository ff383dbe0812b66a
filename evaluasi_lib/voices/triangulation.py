"""Evaluation questions by source, and whether the sources agree, by one written rule.

Each source answers a question yes, no or unclear, or is silent:

- survey: the primary effect of the question's outcome (improved: yes; worsened or no meaningful
  change: no; inconclusive: unclear), or the question's barrier (its share from the threshold on:
  yes; its whole interval below it: no; else unclear), or, without either, the themes of its open
  answers as below; beside a scale, open answers are told and do not decide;
- interviews and open answers, for an outcome: spoken of by at least a quarter, and the tone of
  what is said (praise: yes; complaint: no; neither: unclear); for a barrier: yes when spoken of by
  at least a quarter; unclear when by fewer; the tone of fewer than min_cell persons is not used;
- documents: yes when at least half of the ratings of the question's indicators reach what the
  rubric asks, no when none does, else unclear.

Counter themes and counter indicators turn the answer round. Then: fewer than two sources that
speak: silent; a yes and a no: divergent; two or more that say the same, none against:
convergent; otherwise complementary. Divergence is explained, never averaged away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluasi_lib.disclosure import is_small, publishable_share
from evaluasi_lib.program import Question
from evaluasi_lib.reading.codebook import Codebook
from evaluasi_lib.results import Agreement, Barrier, Effect, Participation, Triangulated
from evaluasi_lib.study import Study
from evaluasi_lib.voices import Voices
from evaluasi_lib.voices.feedback import Coded, codebook_of
from evaluasi_lib.voices.interviews import band
from evaluasi_lib.wording import _, choose, count, interval, join_words, number, percent

Answer = Literal["yes", "no", "unclear"]
Strength = Literal["strong", "moderate", "weak"]
SPOKEN_SHARE = 0.25
TONE = 0.2  # mean tone (-1..1) from which words praise or complain
_TURNED: dict[Answer, Answer] = {"yes": "no", "no": "yes", "unclear": "unclear"}


@dataclass(frozen=True, slots=True)
class Cell:
    """What one source says to one question: answer, finding in words, strength."""

    answer: Answer
    finding: str
    strength: Strength

    def text(self) -> str:
        """The finding with its strength, as the report prints it."""
        strength = {"strong": _("strong"), "moderate": _("moderate"), "weak": _("weak")}
        return _("{finding} (strength: {strength})").format(
            finding=self.finding, strength=strength[self.strength]
        )


def triangulate(
    study: Study, effects: tuple[Effect, ...], participation: Participation, voices: Voices
) -> tuple[Triangulated, ...]:
    """One row a declared question, in declared order."""
    if not study.program.questions:
        return ()
    codebook = codebook_of(study)
    rows = []
    for question in study.program.questions:
        cells = {
            "survey": _with_open_answers(
                _survey_cell(study, question, effects, participation),
                _spoken_cell(study, question, voices.survey, codebook, interview=False),
            ),
            "interview": _spoken_cell(study, question, voices.interviews, codebook, interview=True),
            "document": _document_cell(question, voices),
        }
        verdict = agreement_of_sources([c.answer for c in cells.values() if c is not None])
        rows.append(
            Triangulated(
                question=choose(question.text),
                **{name: None if c is None else c.text() for name, c in cells.items()},
                agreement=verdict,
                explanation=_explain(verdict, cells),
            )
        )
    return tuple(rows)


def agreement_of_sources(answers: list[Answer]) -> Agreement:
    """The written rule of this module's heading; answers of the sources that are not silent."""
    if len(answers) < 2:
        return "silent"
    if "yes" in answers and "no" in answers:
        return "divergent"
    if answers.count("yes") >= 2 or answers.count("no") >= 2:
        return "convergent"
    return "complementary"


def _with_open_answers(scales: Cell | None, written: Cell | None) -> Cell | None:
    """The survey's cell: its scales decide, and what was written beside them is told."""
    if scales is None or written is None:
        return scales or written
    finding = _("{finding}; in open answers, {written}").format(
        finding=scales.finding, written=written.finding
    )
    return Cell(scales.answer, finding, scales.strength)


def _survey_cell(
    study: Study, question: Question, effects: tuple[Effect, ...], participation: Participation
) -> Cell | None:
    if question.outcome is not None:
        primary = (e for e in effects if e.outcome == question.outcome and e.role == "primary")
        return _effect_cell(next(primary, None))
    found = (b for b in participation.barriers if b.barrier == question.barrier)
    return _barrier_cell(next(found, None), study.program.thresholds.barrier_share)


def _barrier_cell(barrier: Barrier | None, limit: float) -> Cell | None:
    if barrier is None or barrier.share is None:
        return None
    low, high = barrier.ci_low, barrier.ci_high
    answer: Answer = "unclear"
    if barrier.share >= limit:
        answer = "yes"
    elif high is not None and high < limit:
        answer = "no"
    per_cent = [None if bound is None else bound * 100 for bound in (low, high)]
    finding = _("{label}: named by {share} of those asked (95% CI {ci}%)").format(
        label=barrier.label, share=percent(barrier.share), ci=interval(per_cent[0], per_cent[1], 0)
    )
    clear = low is not None and high is not None and not low < limit < high
    return Cell(answer, finding, "strong" if clear else "moderate")


def _effect_cell(effect: Effect | None) -> Cell | None:
    if effect is None or effect.estimate is None or effect.conclusion is None:
        return None
    words = {
        "improved": _("{label}: improved, {estimate} {unit} (95% CI {ci})"),
        "worsened": _("{label}: worsened, {estimate} {unit} (95% CI {ci})"),
        "no_meaningful_change": _(
            "{label}: {estimate} {unit} (95% CI {ci}), less than what would matter"
        ),
        "inconclusive": _("{label}: {estimate} {unit} (95% CI {ci}); the data do not decide"),
    }
    finding = words[effect.conclusion].format(
        label=effect.label,
        estimate=number(effect.estimate, 2),
        unit=effect.unit,
        ci=interval(effect.ci_low, effect.ci_high, 2),
    )
    answers: dict[str, Answer] = {"improved": "yes", "inconclusive": "unclear"}
    answer = answers.get(effect.conclusion, "no")
    if answer == "unclear":
        return Cell(answer, finding, "weak")
    return Cell(answer, finding, "strong" if effect.claim == "effect" else "moderate")


def _spoken_cell(
    study: Study, question: Question, coded: Coded | None, codebook: Codebook, *, interview: bool
) -> Cell | None:
    """The themes of a question in interviews or open answers; None where nobody speaks of them."""
    if coded is None:
        return None
    counter = {codebook.code_of(t) for t in question.counter_themes}
    asked = [codebook.code_of(t) for t in (*question.themes, *question.counter_themes)]
    themes = [t for t in asked if t in coded.present and coded.present[t].any()]
    if not themes:
        return None
    n, total = coded.persons(coded.present[themes].any(axis=1)), coded.persons(coded.content)
    sign = [-1.0 if t in counter else 1.0 for t in themes]
    tones = coded.theme_sentiment.loc[coded.content, themes].to_numpy(dtype=float) * sign
    few = is_small(n, study.program.privacy.min_cell)  # their tone is theirs alone
    tone = 0.0 if few or np.isnan(tones).all() else float(np.nanmean(tones))
    if question.barrier is not None:
        answer: Answer = "yes" if n / total >= SPOKEN_SHARE else "unclear"
        if answer == "yes" and set(themes) <= counter:
            answer = _TURNED[answer]
    elif n / total < SPOKEN_SHARE or abs(tone) < TONE:
        answer = "unclear"
    else:
        answer = "yes" if tone > 0 else "no"
    finding = _("{themes}: spoken of by {who}; {tone}").format(
        themes=join_words([codebook.label(t) for t in themes]),
        who=_who(n, total, study.program.privacy.min_cell, interview),
        tone=_("too few to say how") if few else _tone_words(tone),
    )
    return Cell(answer, finding, _spoken_strength(n / total, total, answer))


def _who(n: int, total: int, k: int, interview: bool) -> str:
    """The number of persons where it may be published, else in words that fit many numbers."""
    shown, share, _reason = publishable_share(n, total, k=k)
    if shown is not None:
        text = (
            _("{n} of {total} interviewees ({share})")
            if interview
            else _("{n} of {total} respondents ({share})")
        )
        return text.format(n=count(n), total=count(total), share=percent(share))
    most = band(n, total) == "most"
    if interview:
        return _("most interviewees") if most else _("some interviewees")
    return _("most respondents") if most else _("some respondents")


def _tone_words(tone: float) -> str:
    if abs(tone) < TONE:
        return _("praise and complaint balance")
    return _("mostly praise") if tone > 0 else _("mostly complaint")


def _spoken_strength(share: float, total: int, answer: Answer) -> Strength:
    if answer == "unclear" or total < 5:
        return "weak"
    return "strong" if share >= 0.5 and total >= 12 else "moderate"


def _document_cell(question: Question, voices: Voices) -> Cell | None:
    rows = {r["indicator"]: r for r in voices.details.get("documents", {}).get("coverage", [])}
    named = [*question.indicators, *question.counter_indicators]
    asked = [rows[i] for i in named if i in rows and rows[i]["rated"]]
    if not asked:
        return None
    rated, met, parts = 0, 0, []
    for row in asked:
        against = row["indicator"] in question.counter_indicators
        supports = row["rated"] - row["met"] if against else row["met"]
        text = (
            _("{label}: no evidence in {n} of {rated} documents")
            if against
            else _("{label}: evidence in {n} of {rated} documents")
        )
        parts.append(text.format(label=row["label"], n=count(supports), rated=count(row["rated"])))
        rated += row["rated"]
        met += supports
    answer: Answer = "no" if met == 0 else "yes" if 2 * met >= rated else "unclear"
    clear = met in (0, rated) and rated >= 3
    return Cell(
        answer, "; ".join(parts), "strong" if clear else "weak" if rated < 2 else "moderate"
    )


def _explain(verdict: Agreement, cells: dict[str, Cell | None]) -> str:
    names = {
        "survey": _("the survey"),
        "interview": _("the interviews"),
        "document": _("the documents"),
    }

    def those(answer: Answer) -> str:
        return join_words([names[s] for s, c in cells.items() if c and c.answer == answer])

    spoken = [s for s, c in cells.items() if c is not None]
    if verdict == "silent":
        if not spoken:
            return _("No source answers this question.")
        return _("Only {source} answers; there is nothing to compare.").format(
            source=names[spoken[0]]
        )
    if verdict == "convergent":
        answer: Answer = "yes" if those("yes") else "no"
        text = _("Say the same: {sources}.").format(sources=those(answer))
        if those("unclear"):
            text += " " + _("Undecided: {sources}.").format(sources=those("unclear"))
        return text
    if verdict == "complementary":
        return _(
            "The sources light up different sides: decided: {clear}; undecided: {unclear}."
        ).format(clear=those("yes") or those("no") or _("none"), unclear=those("unclear"))
    return " ".join(
        [
            _("Speak for yes: {yes}; for no: {no}.").format(yes=those("yes"), no=those("no")),
            *_reasons_to_differ(cells),
            _("Both findings stand; neither is averaged away, and the difference is to be asked."),
        ]
    )


def _reasons_to_differ(cells: dict[str, Cell | None]) -> list[str]:
    """What could make these sources differ, from what each of them is."""
    said = {name: cell.answer for name, cell in cells.items() if cell is not None}
    reasons = []
    if "survey" in said and "interview" in said and said["survey"] != said["interview"]:
        reasons.append(
            _(
                "The survey counts all who answered, the interviews let a chosen few explain: "
                "what moves these few need not move the mean, and what the scale does not ask "
                "only comes up in talk."
            )
        )
    if "document" in said and any(
        said["document"] != answer for name, answer in said.items() if name != "document"
    ):
        reasons.append(
            _(
                "Documents show what was planned or recorded, people what reached them: look for "
                "the step at which the plan was or was not carried out."
            )
        )
    return reasons
