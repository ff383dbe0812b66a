"""What people said and what documents show, and whether the sources agree."""

from __future__ import annotations

from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.elements import Element, Heading, Paragraph, QuoteBlock, Section
from evaluasi_lib.reporting.figures_people import plot_shares
from evaluasi_lib.reporting.sections.common import section
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _

QUOTES_PER_THEME = 2


def section_voices(study: Study, result: EvaluationResult) -> Section:
    k = study.program.privacy.min_cell
    elements: list[Element | None] = []
    if result.themes:
        survey = [t for t in result.themes if t.source == "survey"]
        elements += [
            Heading(_("Themes")),
            plot_shares(
                [(t.label, t.share, t.ci_low, t.ci_high) for t in survey],
                "tema", _("What do participants write about?"),
                _("Most often about: {label} ({share})."),
            ),
            tables.table_themes(result.themes, k),
        ]  # fmt: skip
        quotes = [q for t in result.themes for q in t.quotes[:QUOTES_PER_THEME]]
        if quotes:
            elements += [
                Heading(_("In their own words")),
                *(QuoteBlock(q.text, q.source) for q in quotes),
            ]
    if result.module_demand:
        elements += [
            Heading(_("Modules that are wanted")),
            plot_shares(
                [(d.label, d.share, d.ci_low, d.ci_high) for d in result.module_demand],
                "modul-diminta", _("Which modules do participants ask for?"),
                _("Asked for most often: {label} ({share})."),
            ),
            tables.table_demand(result.module_demand, k),
        ]  # fmt: skip
    if result.triangulation:
        elements += [
            Heading(_("Do the sources agree?")),
            Paragraph(_agreement_words(result)),
            tables.table_triangulation(result.triangulation, k),
        ]
    return section(
        "suara", _("Feedback, interviews and documents"), elements,
        _("The program has no open answers, interviews or documents."),
    )  # fmt: skip


def _agreement_words(result: EvaluationResult) -> str:
    parts = []
    for code in ("convergent", "complementary", "divergent", "silent"):
        n = sum(t.agreement == code for t in result.triangulation)
        if n:
            parts.append(f"{words.agreement_word(code)}: {n}")
    return _("Of {n} questions — {parts}.").format(
        n=len(result.triangulation), parts="; ".join(parts)
    )
