"""What people said and what documents show, and whether the sources agree."""

from __future__ import annotations

from typing import Any

from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting import tables_voices as voiced
from evaluasi_lib.reporting.elements import (
    Bullets,
    Element,
    Heading,
    Paragraph,
    QuoteBlock,
    Section,
)
from evaluasi_lib.reporting.figures_people import plot_shares
from evaluasi_lib.reporting.sections.common import section
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, count, join_words, percent

QUOTES_PER_THEME = 2

Elements = list[Element | None]


def section_voices(study: Study, result: EvaluationResult) -> Section:
    """Open answers, interviews and documents, and what they say together."""
    k = study.program.privacy.min_cell
    elements: Elements = [
        *_themes(study, result, k),
        *_demand(result, k),
        *_interviews(result.voices.get("interviews", {}), k),
        *_documents(result.voices.get("documents", {}), k),
        *_triangulation(result, k),
    ]
    return section(
        "suara", _("Feedback, interviews and documents"), elements,
        _("The program has no open answers, interviews or documents."),
    )  # fmt: skip


def _themes(study: Study, result: EvaluationResult, k: int) -> Elements:
    if not result.themes:
        return []
    plan = study.program.voices
    implied = set(plan.asks.values()) if plan else set()
    spoken = [t for t in result.themes if t.source == "survey" and t.theme not in implied]
    quotes = [(t, q) for t in result.themes for q in t.quotes[:QUOTES_PER_THEME]]
    return [
        Heading(_("Themes")),
        _unthemed(result.voices.get("survey")),
        plot_shares(
            [(t.label, t.share, t.ci_low, t.ci_high) for t in spoken],
            "tema", _("What do participants write about?"),
            _("Most often about: {label} ({share})."),
        ),
        tables.table_themes(result.themes, k),
        *_hand_coding(result.voices.get("agreement"), k),
        *([Heading(_("In their own words"))] if quotes else []),
        *(QuoteBlock(q.text, f"{t.label} · {q.source}") for t, q in quotes),
    ]  # fmt: skip


def _unthemed(described: dict[str, Any] | None) -> Paragraph | None:
    """How many answers there were, and how many the codebook could not place."""
    if described is None or described["answers"] is None:
        return None
    text = _("{answers} open answers of {people} respondents were coded by the codebook.").format(
        answers=count(described["answers"]), people=count(described["respondents"])
    )
    left = described["unthemed"]
    if left["n"]:
        text += " " + _("{n} of them ({share}) hold none of its themes.").format(
            n=count(left["n"]), share=percent(left["share"])
        )
    terms = [str(term["term"]) for term in described["candidate_terms"][:8]]
    if terms:
        text += " " + _("Words that these use most, as candidates for new themes: {terms}.").format(
            terms=", ".join(terms)
        )
    return Paragraph(text)


def _hand_coding(agreement: dict[str, Any] | None, k: int) -> Elements:
    if agreement is None:
        return []
    return [
        voiced.table_hand_coding(agreement["themes"], k),
        *(Paragraph(warning, "warning") for warning in agreement["warnings"]),
    ]


def _demand(result: EvaluationResult, k: int) -> Elements:
    if not result.module_demand:
        return []
    return [
        Heading(_("Modules that are wanted")),
        plot_shares(
            [(d.label, d.share, d.ci_low, d.ci_high) for d in result.module_demand],
            "modul-diminta", _("Which modules do participants ask for?"),
            _("Asked for most often: {label} ({share})."),
        ),
        tables.table_demand(result.module_demand, k),
    ]  # fmt: skip


def _interviews(part: dict[str, Any], k: int) -> Elements:
    if not part:
        return []
    elements: Elements = [
        Heading(_("Interviews")),
        _coverage(part["coverage"]),
        voiced.table_transcripts(part["coverage"]["by_transcript"], k),
    ]
    if "theme_by_group" in part:
        elements += [
            voiced.table_groups(part["theme_by_group"], k),
            voiced.plot_saturation(part["saturation"], part["saturation_point"]),
            voiced.table_pairs(part["co_occurrence"], k),
        ]
    if "coders" in part:
        caption = _("Agreement of the coders")
        elements += [
            voiced.table_coefficients(part["coders"], "pengode", caption, k),
            Paragraph(voiced.alpha_words(part["coders"])),
        ]
    for case in part.get("cases", []):
        elements += _case(case, k)
    return elements


def _coverage(part: dict[str, Any]) -> Paragraph:
    sentences = [
        _("{n} interviewees, {excerpts} coded excerpts.").format(
            n=count(part["interviewees"]), excerpts=count(part["excerpts"])
        )
    ]
    if part["transcripts"]:
        sentences.append(
            _(
                "{n} transcripts with {turns} turns were read; interviewees speak {share} of the "
                "words."
            ).format(
                n=count(part["transcripts"]),
                turns=count(part["turns"]),
                share=percent(part["respondent_word_share"]),
            )
        )
    if part["unmarked_transcripts"]:
        sentences.append(
            _(
                "{n} transcripts do not mark who speaks: begin each turn with a name and a colon."
            ).format(n=count(part["unmarked_transcripts"]))
        )
    return Paragraph(" ".join(sentences))


def _case(case: dict[str, Any], k: int) -> Elements:
    """A page of the Success Case Method."""
    number = words.why(case["reason"], k) if case["n"] is None else count(case["n"])
    return [
        Heading(_("Case: {name}").format(name=case["case"])),
        Paragraph(_("Interviewees: {n}.").format(n=number)),
        Bullets(case["themes"]) if case["themes"] else None,
        *(QuoteBlock(text, _("interview")) for text in case["quotes"]),
    ]


def _documents(part: dict[str, Any], k: int) -> Elements:
    if not part:
        return []
    read = part["documents"]
    text = _("{n} documents with {pages} pages were read.").format(
        n=count(len(read)), pages=count(sum(d["pages"] for d in read))
    )
    scans = [d["document"] for d in read if d["scan"]]
    elements: Elements = [Heading(_("Documents")), Paragraph(text)]
    if scans:
        elements.append(
            Paragraph(
                _(
                    "Scanned without text, so that nothing could be searched in them: {names}. Run "
                    "them through text recognition (OCR)."
                ).format(names=join_words(scans)),
                "warning",
            )
        )
    if "coverage" in part:
        elements += [
            voiced.table_indicators(part["coverage"], k),
            voiced.table_cited(part["coverage"], k),
            voiced.table_passages(part["passages"], k),
        ]
    if "reviewers" in part:
        caption = _("Agreement of the reviewers")
        elements.append(voiced.table_coefficients(part["reviewers"], "penelaah", caption, k))
    return elements


def _triangulation(result: EvaluationResult, k: int) -> Elements:
    if not result.triangulation:
        return []
    return [
        Heading(_("Do the sources agree?")),
        Paragraph(_agreement_words(result)),
        *(tables.table_triangulation(t, i, k) for i, t in enumerate(result.triangulation, 1)),
    ]


def _agreement_words(result: EvaluationResult) -> str:
    parts = []
    for code in ("convergent", "complementary", "divergent", "silent"):
        n = sum(t.agreement == code for t in result.triangulation)
        if n:
            parts.append(f"{words.agreement_word(code)}: {n}")
    return _("Of {n} questions — {parts}.").format(
        n=len(result.triangulation), parts="; ".join(parts)
    )
