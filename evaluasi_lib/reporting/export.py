"""Sections to files: the HTML report and result.json; other forms on demand.

The report is a notebook of one output a section, rendered by nbconvert with our own template: no
inputs, no prompts, no request to any network, and the same bytes for the same result.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter

from evaluasi_lib.measures import EvaluationResult, ProgramInfo, result_json
from evaluasi_lib.reporting.elements import Section, arranged
from evaluasi_lib.reporting.formats import check_extra, render_docx, render_pdf, render_workbook
from evaluasi_lib.reporting.stamp import TEMPLATE, check_formats, report_name
from evaluasi_lib.wording import _, date, language


def write_report(
    folder: Path,
    sections: Sequence[Section],
    result: EvaluationResult,
    formats: Collection[str] = ("html",),
) -> list[Path]:
    """Write the report in each format, and result.json, into a folder. Returns the paths.

    HTML and result.json are always written. Raises UsageError for an unknown format and for PDF or
    DOCX without the extra “formats”, before anything is written.
    """
    check_formats(formats)
    if {"pdf", "docx"} & set(formats):
        check_extra()
    contents: dict[str, bytes] = {
        report_name("html"): render_html(sections, result).encode("utf-8"),
        "result.json": result_json(result).encode("utf-8"),
    }
    if "pdf" in formats:
        contents[report_name("pdf")] = render_pdf(sections, page_texts(result))
    if "docx" in formats:
        contents[report_name("docx")] = render_docx(sections, page_texts(result))
    if "xlsx" in formats:
        contents[report_name("xlsx")] = render_workbook(sections, page_texts(result))
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in contents]


def render_html(sections: Sequence[Section], result: EvaluationResult) -> str:
    """The report as one HTML page that needs no other file."""
    return render_page(sections, page_texts(result))


def render_page(sections: Sequence[Section], texts: Mapping[str, str]) -> str:
    """Sections as one HTML page; texts: the words around them, with the keys of `page_texts`."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(
                id=section.id,
                metadata={"section": {"id": section.id, "title": section.title}},
                outputs=[
                    nbformat.v4.new_output(
                        "execute_result", {"text/html": section.html()}, execution_count=None
                    )
                ],
            )
            for section in arranged(sections)
        ]
    )
    resources = {"report": dict(texts)}
    html, _resources = _exporter().from_notebook_node(notebook, resources)
    return "\n".join(line.rstrip() for line in html.splitlines()) + "\n"


@cache
def _exporter() -> HTMLExporter:
    exporter = HTMLExporter(
        template_name=TEMPLATE.name, extra_template_basedirs=[str(TEMPLATE.parent)]
    )
    # Its highlighting style is for inputs, of which a report has none.
    exporter.register_preprocessor("nbconvert.preprocessors.CSSHTMLHeaderPreprocessor", False)
    return exporter


def _cover(info: ProgramInfo) -> str:
    """The lines of a cover below its title: number, who wrote it, whom to ask."""
    known = (
        (_("Number of the report"), info.number), (_("Written by"), info.author),
        (_("Contact"), info.contact),
    )  # fmt: skip
    lines = (_("{name}: {value}").format(name=name, value=value) for name, value in known if value)
    return "\n".join(lines) or info.organisation


def page_texts(result: EvaluationResult) -> dict[str, str]:
    """Title, heading and the other words around the sections."""
    info = result.program
    subtitle = _("Evaluation report, cycle {cycle}").format(cycle=info.cycle)
    if info.period_start is not None and info.period_end is not None:
        subtitle += " · " + _("{low} to {high}").format(
            low=date(info.period_start), high=date(info.period_end)
        )
    if info.reported is not None:
        subtitle = _("{subtitle} · dated {date}").format(
            subtitle=subtitle, date=date(info.reported)
        )
    footer = _(
        "Made with evaluasi {version} from {n} input files; the appendix lists them with their "
        "checksums. Every number stands unrounded in result.json."
    ).format(version=result.provenance.code_version, n=len(result.provenance.inputs))
    return words_around(info.title, subtitle, footer) | {
        "title": _("{title}: evaluation report").format(title=info.title),
        "author": info.author or info.organisation,
        "number": info.number or "",
        "logo": info.logo or "",
        "cover": _cover(info) if info.cover else "",
        "created": info.reported.isoformat() if info.reported else "",
        "organisation": info.organisation,
    }


def words_around(title: str, subtitle: str, footer: str) -> dict[str, str]:
    """The words around the sections of any page."""
    return dict.fromkeys(("author", "number", "created", "organisation"), "") | {
        "language": language(), "title": title, "heading": title, "subtitle": subtitle,
        "skip": _("Skip to the report"), "contents": _("Contents"), "footer": footer,
        "style": (TEMPLATE / "style.css").read_text(encoding="utf-8").strip(),
    }  # fmt: skip
