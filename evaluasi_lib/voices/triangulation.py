"""Evaluation questions by source, and whether the sources agree, by one written rule.

Each source answers a question yes, no or unclear, or is silent:

- survey: the primary effect of the question's outcome (improved: yes; worsened or no meaningful
  change: no; inconclusive: unclear), or the question's barrier (its share from the threshold on:
  yes; its whole interval below it: no; else unclear), or, without either, the themes of its open
  answers as below; beside a scale, open answers are told and do not decide;
- interviews and open answers, for an outcome: spoken of by at least a quarter, and what prevails by
  `conclusion.tone_of` (praise: yes; criticism: no; neither: unclear); for a barrier: yes when
  spoken of by at least a quarter; unclear when by fewer; the tone of fewer than min_cell persons is
  not used;
- documents: yes when at least half of the ratings of the question's indicators reach what the
  rubric asks, no when none does, else unclear.

Counter themes and counter indicators turn the answer round. Then: fewer than two sources that
speak: silent; a yes and a no: divergent; two or more that say the same, none against:
convergent; otherwise complementary. Divergence is explained, never averaged away. The words
stand in sentences.yml.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from evaluasi_lib import claims
from evaluasi_lib.conclusion import tone_of
from evaluasi_lib.measures import Agreement, Drafts, Measure, Triangulated, drafts, wide
from evaluasi_lib.program import Question
from evaluasi_lib.reading.voices import Codebook
from evaluasi_lib.study import Study
from evaluasi_lib.voices import Indicator, Voices, band
from evaluasi_lib.voices.feedback import Coded, codebook_of, say
from evaluasi_lib.wording import (
    choose,
    count,
    interval,
    join_words,
    joined,
    percent,
    word_for,
)

Answer = Literal["yes", "no", "unclear"]
Strength = Literal["strong", "moderate", "weak"]
Enough = Callable[..., bool]
SPOKEN_SHARE = 0.25
# How strong an estimate is by what may be claimed of it; all others are weak.
CARRIES: dict[claims.Claimed, Strength] = {"strong": "strong", "moderate": "moderate"}
CONCLUDED: dict[str, Answer] = {
    "improved": "yes", "worsened": "no", "no_meaningful_change": "no", "inconclusive": "unclear",
}  # fmt: skip


class Heard(NamedTuple):
    """What one source says to one question: answer, finding in words, strength."""

    answer: Answer
    finding: str
    strength: Strength

    def text(self) -> str:
        """The finding with its strength, as the report prints it."""
        return say("with_strength", finding=self.finding, strength=say(self.strength))


def triangulate(
    study: Study, effects: Sequence[claims.Told], published: Sequence[Measure], voices: Voices
) -> tuple[Triangulated, ...]:
    """One row a declared question, in declared order. effects: the primary estimates. published:
    the rows of participation."""
    if not study.program.questions:
        return ()
    codebook, enough = codebook_of(study), study.program.enough
    primary = {e.outcome: e for e in effects}
    barriers = {b["subject"]: b for b in wide(published, "participation/barriers/*")}
    limit = study.program.thresholds.barrier_share
    rows = []
    for question in study.program.questions:
        if question.outcome is not None:
            survey = _effect_cell(primary.get(question.outcome))
        else:
            survey = _barrier_cell(barriers.get(question.barrier or ""), limit)
        written = _spoken_cell(question, voices.survey, codebook, "respondents", enough)
        if (
            survey is not None and written is not None
        ):  # scales decide, the rest is told beside them
            both = say("in_open_answers", finding=survey.finding, written=written.finding)
            survey = survey._replace(finding=both)
        spoken = _spoken_cell(question, voices.interviews, codebook, "interviewees", enough)
        document = _document_cell(question, voices.indicators)
        cells = {"survey": survey or written, "interview": spoken, "document": document}
        said = {source: cell.answer for source, cell in cells.items() if cell is not None}
        verdict = agreement_of_sources(list(said.values()))
        agreed = [answer for answer in said.values() if answer != "unclear"]
        rows.append(
            Triangulated(
                question=choose(question.text),
                **{name: None if c is None else c.text() for name, c in cells.items()},
                agreement=verdict,
                answer=agreed[0] if verdict == "convergent" else None,
                explanation=joined(_explain(verdict, said)),
            )
        )
    return tuple(rows)


def source_rows(questions: Sequence[Triangulated]) -> Drafts:
    """How many sources speak to each question; the note says whether they agree."""
    for place, t in enumerate(questions, 1):
        sources = sum(said is not None for said in (t.survey, t.interview, t.document))
        record, note = {"sources": sources, "label": t.question}, word_for("agreement", t.agreement)
        yield from drafts(record, ["triangulation", place], "sources", note=note)


def agreement_of_sources(answers: Sequence[Answer]) -> Agreement:
    """The written rule of this module's heading; answers of the sources that are not silent."""
    if len(answers) < 2:
        return "silent"
    if "yes" in answers and "no" in answers:
        return "divergent"
    if answers.count("yes") >= 2 or answers.count("no") >= 2:
        return "convergent"
    return "complementary"


def _barrier_cell(barrier: Mapping[str, Any] | None, limit: float) -> Heard | None:
    if barrier is None or barrier["share"] is None:
        return None
    low, high = barrier["share_low"], barrier["share_high"]
    answer: Answer = "unclear"
    if barrier["share"] >= limit:
        answer = "yes"
    elif high is not None and high < limit:
        answer = "no"
    low_100, high_100 = (None if end is None else end * 100 for end in (low, high))
    share, ci = percent(barrier["share"]), interval(low_100, high_100, 0)
    finding = say("barrier", label=barrier["label"], share=share, ci=ci)
    clear = low is not None and high is not None and not low < limit < high
    return Heard(answer, finding, "strong" if clear else "moderate")


def _effect_cell(effect: claims.Told | None) -> Heard | None:
    if effect is None or effect.estimate is None or effect.conclusion is None:
        return None
    value = claims.amount(effect, signed=True)
    finding = say(effect.conclusion, label=effect.label, value=value)
    answer = CONCLUDED[effect.conclusion]
    if answer == "unclear":
        return Heard(answer, finding, "weak")
    return Heard(answer, finding, CARRIES.get(effect.claimed, "weak"))


def _spoken_cell(
    question: Question, coded: Coded | None, codebook: Codebook, who: str, enough: Enough
) -> Heard | None:
    """The themes of a question in interviews or open answers; None where nobody speaks of them.

    who: "interviewees" or "respondents". enough: whether numbers of persons may be published.
    """
    if coded is None:
        return None
    counter = {codebook.code_of(t) for t in question.counter_themes}
    asked = [codebook.code_of(t) for t in (*question.themes, *question.counter_themes)]
    themes = [t for t in asked if t in coded.present and coded.present[t].any()]
    if not themes:
        return None
    n, total = coded.persons(coded.present[themes].any(axis=1)), coded.persons(coded.content)
    praise, criticism = coded.tones({t: -1 if t in counter else 1 for t in themes})
    few = not enough(n)  # their tone is theirs alone
    tone = 0 if few else tone_of(praise, criticism, n)
    often = n / total >= SPOKEN_SHARE
    mixed = tone == 0
    answer: Answer = "unclear"
    if question.barrier is not None and often:
        answer = "no" if set(themes) <= counter else "yes"
    elif question.barrier is None and often and not mixed:
        answer = "yes" if tone > 0 else "no"
    heard = "unknown" if few else "mixed" if mixed else "good" if tone > 0 else "bad"
    counted = not few and enough(praise, criticism, n - praise - criticism)
    counts = {"praise": count(praise), "criticism": count(criticism)}
    finding = say(
        "spoken", themes=join_words([codebook.label(t) for t in themes]),
        who=_persons(n, total, enough, who),
        tone=say("tone_counted", **counts) if counted else say(f"tone_{heard}"),
    )  # fmt: skip
    strength: Strength = "strong" if 2 * n >= total >= 12 else "moderate"
    return Heard(answer, finding, "weak" if answer == "unclear" or total < 5 else strength)


def _persons(n: int, total: int, enough: Enough, who: str) -> str:
    """The number of persons where it may be published, else in words that fit many numbers."""
    if not enough(n, total - n, total):
        return say(f"most_{who}" if band(n, total) == "most" else f"some_{who}")
    return say(f"n_{who}", n=count(n), total=count(total), share=percent(n / total))


def _document_cell(question: Question, indicators: Sequence[Indicator]) -> Heard | None:
    known = {i.name: i for i in indicators if i.rated}
    named = [*question.indicators, *question.counter_indicators]
    asked = [known[name] for name in named if name in known]
    if not asked:
        return None
    rated, met, parts = 0, 0, []
    for row in asked:
        against = row.name in question.counter_indicators
        supports = row.rated - row.met if against else row.met
        text, n, of = "no_evidence" if against else "evidence", count(supports), count(row.rated)
        parts.append(say(text, label=row.label, n=n, rated=of))
        rated += row.rated
        met += supports
    answer: Answer = "no" if met == 0 else "yes" if 2 * met >= rated else "unclear"
    strength: Strength = "strong" if met in (0, rated) and rated >= 3 else "moderate"
    return Heard(answer, joined(parts, "; "), "weak" if rated < 2 else strength)


def _explain(verdict: Agreement, said: dict[str, Answer]) -> list[str]:
    """Sentences on how the sources that speak agree, and what could make them differ."""
    names = {a: [say(s) for s, answer in said.items() if answer == a] for a in CONCLUDED.values()}
    yes, no, unclear = (join_words(names[answer]) for answer in ("yes", "no", "unclear"))
    if verdict == "silent":
        spoken = [say("one_answers", source=say(source)) for source in said]
        return spoken or [say("nobody_answers")]
    if verdict == "convergent":
        undecided = [say("undecided", sources=unclear)] if unclear else []
        return [say("convergent", sources=yes or no), *undecided]
    if verdict == "complementary":
        return [say("complementary", clear=yes or no or say("none"), unclear=unclear)]
    reasons = [say("divergent", yes=yes, no=no)]
    people = {said[source] for source in ("survey", "interview") if source in said}
    if len(people) == 2:
        reasons.append(say("survey_and_talk"))
    if "document" in said and people - {said["document"]}:
        reasons.append(say("plan_and_people"))
    return [*reasons, say("both_stand")]
