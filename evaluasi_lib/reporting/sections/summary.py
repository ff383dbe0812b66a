"""The first page: what was decided, on what evidence, what stands out, what to do."""

from __future__ import annotations

from evaluasi_lib.reporting import words
from evaluasi_lib.reporting.elements import (
    Bullets,
    Element,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Section,
)
from evaluasi_lib.reporting.sections.common import section
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, count, digits_for, number, percent, rupiah

SHOWN, KEY_FIGURES = 3, 6


def section_summary(study: Study, result: EvaluationResult) -> Section:
    """The first page of the report."""
    k = study.program.privacy.min_cell
    elements: list[Element | None] = []
    if study.program.synthetic:
        elements.append(
            Paragraph(
                _(
                    "SYNTHETIC DATA. The data of this program were made up to show how the "
                    "workbook works. They say nothing about any agency or person."
                ),
                "warning",
            )
        )
    if result.explored:
        elements.append(Paragraph(words.explored_sentence(result.explored), "warning"))
    decision = words.decision_word(result.verdict.decision)
    elements.append(Paragraph(_("Verdict: {decision}.").format(decision=decision), "lead"))
    elements.append(Paragraph(_rating_sentence(result)))
    elements.append(KeyFigures(tuple(_key_figures(result, k))))
    for title, statements, otherwise in (
        (
            _("Strengths"),
            [f.statement for f in result.strengths],
            _("The data show no strength that passes the program's own limits."),
        ),
        (
            _("Weaknesses"),
            [f.statement for f in result.weaknesses],
            _("The data show no weakness that passes the program's own limits."),
        ),
        (
            _("Recommendations"),
            [r.text for r in result.recommendations],
            _("No recommendation follows from the findings."),
        ),
    ):
        elements.append(Heading(title))
        kept = statements[:SHOWN]
        elements.append(Bullets(kept, ordered=True) if kept else Paragraph(otherwise, "note"))
    undone = [f for f in result.follow_up if f.status in ("not_done", "partly")]
    if undone:
        elements.append(Heading(_("Promised and not done")))
        elements.append(
            Bullets(
                [
                    _("{text} ({cycle}: {status})").format(
                        text=f.text, cycle=f.from_cycle, status=words.status_word(f.status)
                    )
                    for f in undone
                ]
            )
        )
    return section("ringkasan", _("Executive summary"), elements, "")


def _rating_sentence(result: EvaluationResult) -> str:
    """The strength of evidence over the primary outcomes: the range of their ratings."""
    ratings = [e.rating_0_5 for e in result.evidence if e.rating_0_5 is not None]
    if not ratings:
        return _("The evidence could not be rated, because no outcome could be estimated.")
    low, high = min(ratings), max(ratings)
    words_of = {
        0: _("no evidence on what the program caused"),
        1: _("very weak evidence on what the program caused"),
        2: _("weak evidence on what the program caused"),
        3: _("moderate evidence on what the program caused"),
        4: _("strong evidence on what the program caused"),
        5: _("very strong evidence on what the program caused"),
    }
    if low == high:
        return _("Evidence rating: {rating} of 5, that is {words}.").format(
            rating=count(low), words=words_of[low]
        )
    return _("Evidence rating: {low} to {high} of 5 by outcome; at its weakest, {words}.").format(
        low=count(low), high=count(high), words=words_of[low]
    )


def _key_figures(result: EvaluationResult, k: int) -> list[KeyFigure]:
    sample, took, cost = result.sample, result.participation, result.efficiency
    figures = [
        KeyFigure(
            _("persons in the analysis"), words.shown(sample.analysed, count, sample.reason, k)
        ),
    ]
    if sample.response_rate_share is not None:
        figures.append(KeyFigure(_("response rate"), percent(sample.response_rate_share)))
    if took.completion_share is not None:
        figures.append(KeyFigure(_("completed the program"), percent(took.completion_share)))
    if cost.cost_per_completer_idr is not None:
        figures.append(KeyFigure(_("cost per completer"), rupiah(cost.cost_per_completer_idr)))
    for effect in words.primary_effects(result)[:3]:
        if effect.estimate is None:
            continue
        digits = digits_for(effect.estimate)
        figures.append(
            KeyFigure(
                f"{effect.label}: {words.claim_word(effect.claim)}",
                number(effect.estimate, digits),
                f"{effect.unit} · {words.conclusion_word(effect.conclusion)}",
            )
        )
    return figures[:KEY_FIGURES]
