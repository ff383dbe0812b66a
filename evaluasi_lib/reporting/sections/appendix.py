"""What a second researcher needs: reliability, estimators, cleaning, files, software."""

from __future__ import annotations

from evaluasi_lib.findings.observe import short_label
from evaluasi_lib.program import Column as Declared
from evaluasi_lib.program import Program
from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.columns import Column, table
from evaluasi_lib.reporting.elements import Element, Paragraph, Section, Table, section
from evaluasi_lib.results import EvaluationResult, Quality
from evaluasi_lib.wording import _, choose, word_for

NOT_KEPT = ("drop", "nip", "respondent_code", "name", "email", "phone")


def section_appendix(program: Program, result: EvaluationResult) -> Section:
    """What the technical annex holds, and of it what belongs to no chapter: the codebook, cleaning,
    files and software."""
    k, origin = program.privacy.min_cell, result.provenance
    text = _(
        "What a second researcher needs, chapter by chapter: every table and figure behind the "
        "chapters above, the instruments, cleaning, files and software."
    )
    scales = tables.scale_records(result.rows)
    parts = [s for s in scales if "." in s["subject"]]
    details: list[Element | None] = [
        tables.table_scales(parts, "dimensi", _("Scores of the dimensions"), k),
        tables.table_reliability(scales, k),
        tables.table_items(result.rows, k),
        _codebook(program, result.quality, k),
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
    return section("lampiran", [Paragraph(text)], details=details)


def _codebook(program: Program, quality: Quality, k: int) -> Table | None:
    """Every variable: what was asked, where and when, and what its values mean."""
    rows = [
        (
            name,
            short_label(choose(column.label) or column.header),
            source_name,
            word_for("wave", source.wave),
            _values(program, name, column) or "—",
        )
        for source_name, source in program.sources.items()
        for name, column in source.columns.items()
        if column.type not in NOT_KEPT and f"{source_name}/{name}" not in quality.left_out
    ]
    heads = [_("Variable"), _("Meaning"), _("Source"), _("Wave"), _("What its values mean")]
    columns = [Column(head, place) for place, head in enumerate(heads)]
    return table("buku-kode", _("Codebook"), rows, columns, k)


def _values(program: Program, name: str, column: Declared) -> str:
    """The labels of a scale, category or multi question, from low to high."""
    scale = program.scale_of(name, column)
    if column.type == "item" and scale is not None:
        if scale.labels:
            places = range(scale.min, scale.max + 1)
            return "; ".join(f"{n} {label}" for n, label in zip(places, scale.labels, strict=True))
        return _("{low} to {high}").format(low=scale.min, high=scale.max)
    if column.categories:
        return "; ".join(choose(label) for label in column.categories.values())
    if column.options:
        texts = (v[0] if isinstance(v, list) else choose(v) for v in column.options.values() if v)
        return "; ".join(words.option_word(text) for text in texts)
    return ""
