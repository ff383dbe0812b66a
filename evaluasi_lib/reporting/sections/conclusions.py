"""Strengths and weaknesses, the verdict, and what became of earlier recommendations."""

from __future__ import annotations

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
from evaluasi_lib.reporting.sections.summary import SHOWN, not_told
from evaluasi_lib.results import EvaluationResult, Finding, Verdict
from evaluasi_lib.wording import _, own


def section_findings(program: Program, result: EvaluationResult) -> Section:
    """The strengths and weaknesses that the first page has no room for; all of them, with the
    sections that show them, in the details."""
    k = program.privacy.min_cell
    elements: list[Element | None] = []
    details: list[Element | None] = []
    strengths, weaknesses = result.strengths, result.weaknesses
    for title, rest, id, findings in (
        (_("Strengths, the heaviest first"), _("Further strengths"), "kekuatan", strengths),
        (_("Weaknesses, the heaviest first"), _("Further weaknesses"), "kelemahan", weaknesses),
    ):
        further = [f.statement for f in not_told(result, findings)[SHOWN:] if not _is_threat(f)]
        elements += [Heading(rest), Bullets(further)] if further else []
        details.append(tables.table_findings(findings, id, title, k))
    none = _("The first page names every strength and weakness that was found.")
    return section("kekuatan-kelemahan", elements, none, details)


def _is_threat(finding: Finding) -> bool:
    """Whether the chapter on methods names it already."""
    return finding.id.startswith("threat.")


def section_verdict(program: Program, result: EvaluationResult) -> Section:
    """All recommendations; the first page has the verdict and its reasons."""
    k, verdict = program.privacy.min_cell, result.verdict
    text = _(
        "{verdict} It follows rule {rule} of the decision table; its reasons stand on the first "
        "page."
    ).format(verdict=words.verdict_sentence(result), rule=verdict.rule or "—")
    elements: list[Element | None] = [
        Paragraph(text, see=("tbl-aturan-putusan",)),
        tables.table_recommendations(result.recommendations, k)
        or Paragraph(_("No recommendation follows from the findings."), "note"),
    ]
    grounds = tables.table_grounds(result.recommendations, result.weaknesses, k)
    return section("putusan", elements, details=[grounds, table_rules(verdict, k)])


def table_rules(verdict: Verdict, k: int) -> Table | None:
    """The decision table, with the rule that fired."""
    columns = [
        Column(_("Rule"), "rule"),
        Column(_("Situation"), lambda row: own(row.text)),
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
