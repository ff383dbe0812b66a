"""The first page: what was decided, on what evidence, what stands out, what to do."""

from __future__ import annotations

from evaluasi_lib.claims import noun_of, told_effects
from evaluasi_lib.effects import ratings_of
from evaluasi_lib.measures import record_of, value_at
from evaluasi_lib.program import Program
from evaluasi_lib.reporting import words
from evaluasi_lib.reporting.elements import (
    Bullets,
    Element,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Section,
    section,
)
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.wording import _, count, digits_for, joined, number, percent, rupiah, word_for

SHOWN, KEY_FIGURES = 3, 6


def section_summary(program: Program, result: EvaluationResult) -> Section:
    """The first page of the report."""
    k = program.privacy.min_cell
    elements: list[Element | None] = []
    if program.synthetic:
        text = _(
            "SYNTHETIC DATA. The data of this program were made up to show how the workbook works. "
            "They say nothing about any agency or person."
        )
        elements.append(Paragraph(text, "warning"))
    if result.explored:
        elements.append(Paragraph(words.explored_sentence(result.explored), "warning"))
    verdict = result.verdict
    elements.append(Paragraph(words.verdict_sentence(verdict), "lead"))
    elements += [Paragraph(reason) for reason in verdict.reasons[:1]]
    sure = [_rating_sentence(result), *verdict.certainty[-1:]]
    elements.append(Paragraph(joined(sure)))
    if verdict.would_change:
        change = _("What would change it: {first}").format(first=verdict.would_change[0])
        elements.append(Paragraph(change))
    elements.append(KeyFigures(tuple(_key_figures(program, result, k))))
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
        line = _("{text} ({cycle}: {status})")
        promises = [
            line.format(text=f.text, cycle=f.from_cycle, status=word_for("status", f.status))
            for f in undone
        ]
        elements += [Heading(_("Promised and not done")), Bullets(promises)]
    return section("ringkasan", elements)


def _rating_sentence(result: EvaluationResult) -> str:
    """The strength of evidence over the primary outcomes: the range of their ratings."""
    ratings = ratings_of(result.rows).values()
    if not ratings:
        return _("The evidence could not be rated, because no outcome could be estimated.")
    low, high = min(ratings), max(ratings)
    if low == high:
        return _("Evidence rating: {rating} of 5, that is {words}.").format(
            rating=count(low), words=word_for("rating", str(low))
        )
    return _("Evidence rating: {low} to {high} of 5 by outcome; at its weakest, {words}.").format(
        low=count(low), high=count(high), words=word_for("rating", str(low))
    )


def _key_figures(program: Program, result: EvaluationResult, k: int) -> list[KeyFigure]:
    rows = result.rows
    shown = (
        (_("measured after the program"), value_at(rows, "sample/waves/post/share"), percent),
        (_("completed the program"), value_at(rows, "participation/completion_share"), percent),
        (_("cost per completer"), record_of(rows, "efficiency")["cost_per_completer_idr"], rupiah),
    )
    analysed, reason = words.analysed(rows, k)
    people = reason if analysed is None else count(analysed)
    figures = [KeyFigure(_("persons in the analysis"), people)]
    figures += [KeyFigure(label, form(x)) for label, x, form in shown if x is not None]
    for effect in told_effects(program, result.rows, "primary")[:3]:
        if effect.estimate is not None:
            found = word_for("conclusion", effect.conclusion)
            value = effect.estimate * effect.factor
            size, unit = number(value, digits_for(value)), effect.shown_unit
            label = _("{label}: {what}").format(label=effect.label, what=noun_of(effect))
            figures.append(KeyFigure(label, size, f"{unit} · {found}"))
    return figures[:KEY_FIGURES]
