"""What a second researcher needs: reliability, estimators, cleaning, files, software."""

from __future__ import annotations

from evaluasi_lib.reporting import tables, tables_scores, words
from evaluasi_lib.reporting.elements import Element, Paragraph, Section
from evaluasi_lib.reporting.sections.common import section
from evaluasi_lib.reporting.sections.conclusions import table_rules
from evaluasi_lib.reporting.sections.people import barriers_by_group
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _


def section_appendix(study: Study, result: EvaluationResult) -> Section:
    """Flow, rules, estimators, scores of dimensions, cleaning, files and software."""
    k, origin = study.program.privacy.min_cell, result.provenance
    flow = tables.table_flow(result.sample, k) if len(result.sample.flow) > 1 else None
    parts = [s for s in result.scales if "." in s.scale]
    elements: list[Element | None] = [
        flow,
        table_rules(result.verdict, k),
        barriers_by_group(result.participation, k),
        tables_scores.table_others(
            [e for e in result.effects if e.role == "sensitivity"],
            "kepekaan",
            _("Sensitivity: other estimators and definitions"),
            k,
        ),
        tables_scores.table_estimators(words.primary_effects(result), k),
        tables_scores.table_scales(parts, "dimensi", _("Scores of the dimensions"), k),
        tables_scores.table_reliability(result.scales, k),
        tables.table_quality(result.quality, k),
        tables.table_inputs(origin.inputs, k),
        tables.table_packages(result, k),
        Paragraph(
            _("Version of the workbook: {version}. Seed of random numbers: {seed}.").format(
                version=origin.code_version, seed=origin.seed
            ),
            "note",
        ),
    ]
    return section("lampiran", _("Appendix"), elements, "")
