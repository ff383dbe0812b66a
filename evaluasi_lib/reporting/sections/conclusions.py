"""Strengths and weaknesses, the verdict, and what became of earlier recommendations."""

from __future__ import annotations

from collections.abc import Sequence

from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.elements import Bullets, Element, Heading, Paragraph, Section
from evaluasi_lib.reporting.sections.common import section
from evaluasi_lib.results import EvaluationResult, Finding
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, number


def section_findings(study: Study, result: EvaluationResult) -> Section:
    k = study.program.privacy.min_cell
    elements: list[Element | None] = []
    for title, id, findings, otherwise in (
        (
            _("Strengths"), "kekuatan", result.strengths,
            _("The data show no strength that passes the program's own limits."),
        ),
        (
            _("Weaknesses"), "kelemahan", result.weaknesses,
            _("The data show no weakness that passes the program's own limits."),
        ),
    ):  # fmt: skip
        elements.append(Heading(title))
        elements.append(_finding_table(findings, id, title, k) or Paragraph(otherwise, "note"))
    return section("kekuatan-kelemahan", _("Strengths and weaknesses"), elements, "")


def _finding_table(findings: Sequence[Finding], id: str, caption: str, k: int):  # type: ignore[no-untyped-def]
    rows: list[tuple[list[tables.Cell], str | None]] = [
        ([f.statement, (number(f.score, 2), f.score), ", ".join(f.evidence)], None)
        for f in findings
    ]
    columns = [_("Finding"), _("Weight, 0-1"), _("Where it stands in result.json")]
    return tables.build(id, caption, columns, rows, k)


def section_verdict(study: Study, result: EvaluationResult) -> Section:
    k, verdict = study.program.privacy.min_cell, result.verdict
    elements: list[Element | None] = [
        Paragraph(
            _("Verdict: {decision}.").format(decision=words.decision_word(verdict.decision)), "lead"
        ),
        Bullets(list(verdict.reasons)) if verdict.reasons else None,
        Paragraph(_("Rule applied: {rule}").format(rule=verdict.rule), "note")
        if verdict.rule
        else None,
        Heading(_("Recommendations")),
        tables.table_recommendations(result.recommendations, k)
        or Paragraph(_("No recommendation follows from the findings."), "note"),
    ]
    return section("putusan", _("Verdict and recommendations"), elements, "")


def section_follow_up(study: Study, result: EvaluationResult) -> Section:
    k = study.program.privacy.min_cell
    return section(
        "tindak-lanjut",
        _("Follow-up of earlier recommendations"),
        [tables.table_follow_up(result.follow_up, k)],
        _("The program declares no recommendations of earlier cycles."),
    )
