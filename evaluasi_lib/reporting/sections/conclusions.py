"""Strengths and weaknesses, the verdict, and what became of earlier recommendations."""

from __future__ import annotations

from collections.abc import Sequence

from evaluasi_lib.findings.rules import decision_table
from evaluasi_lib.program import Program
from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.columns import Column, table
from evaluasi_lib.reporting.elements import (
    Bullets,
    Element,
    Heading,
    Paragraph,
    Section,
    Table,
    section,
)
from evaluasi_lib.results import EvaluationResult, Verdict
from evaluasi_lib.wording import _, choose


def section_findings(program: Program, result: EvaluationResult) -> Section:
    """Strengths and weaknesses, the heaviest first, with the sections that show them."""
    k = program.privacy.min_cell
    elements: list[Element | None] = []
    for title, id, findings, otherwise in (
        (
            _("Strengths, the heaviest first"), "kekuatan", result.strengths,
            _("The data show no strength that passes the program's own limits."),
        ),
        (
            _("Weaknesses, the heaviest first"), "kelemahan", result.weaknesses,
            _("The data show no weakness that passes the program's own limits."),
        ),
    ):  # fmt: skip
        elements.append(
            tables.table_findings(findings, id, title, k) or Paragraph(otherwise, "note")
        )
    return section("kekuatan-kelemahan", elements)


def section_verdict(program: Program, result: EvaluationResult) -> Section:
    """The verdict with its reasons, and the recommendations."""
    k, verdict = program.privacy.min_cell, result.verdict
    elements: list[Element | None] = [
        Paragraph(words.verdict_sentence(verdict), "lead"),
        Bullets(list(verdict.reasons)) if verdict.reasons else None,
        *_beside(_("How sure it is"), verdict.certainty),
        *_beside(_("What would change it"), verdict.would_change),
        tables.table_recommendations(result.recommendations, k)
        or Paragraph(_("No recommendation follows from the findings."), "note"),
        tables.table_grounds(result.recommendations, result.weaknesses, k),
        Paragraph(
            _("The verdict follows rule {rule} of the decision table in the appendix.").format(
                rule=verdict.rule
            ),
            "note",
        )
        if verdict.rule
        else None,
    ]
    return section("putusan", elements)


def _beside(title: str, sentences: Sequence[str]) -> list[Element]:
    return [Heading(title), Bullets(list(sentences))] if sentences else []


def table_rules(verdict: Verdict, k: int) -> Table | None:
    """For the appendix: the decision table, with the rule that fired."""
    columns = [
        Column(_("Rule"), "rule"),
        Column(_("Situation"), lambda row: choose(row.text)),
        Column(_("Decision"), "decision", "decision"),
        Column(_("This program"), lambda row: _("applied") if row.rule == verdict.rule else "—"),
    ]
    note = _("Rules are read from the top; the first that fits decides.")
    return table("aturan-putusan", _("Rules of decision"), decision_table().rows, columns, k, note)


def section_follow_up(program: Program, result: EvaluationResult) -> Section:
    """What became of the recommendations of earlier cycles."""
    k = program.privacy.min_cell
    return section(
        "tindak-lanjut",
        [tables.table_follow_up(result.follow_up, k)],
        _("The program declares no recommendations of earlier cycles."),
    )
