"""Sections to files: the HTML report, result.json and its schema; other forms on demand.

The report is a notebook of one output a section, rendered by nbconvert with our own template: no
inputs, no prompts, no request to any network, and the same bytes for the same result.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbconvert import HTMLExporter
from pydantic import TypeAdapter

from evaluasi_lib.errors import EvaluationError, Problem
from evaluasi_lib.measures import Measure, Remark
from evaluasi_lib.reporting.elements import Section
from evaluasi_lib.reporting.formats import check_extra, render_docx, render_pdf
from evaluasi_lib.reporting.names import TEMPLATE, check_formats, report_name
from evaluasi_lib.reporting.workbook import render_workbook
from evaluasi_lib.results import (
    SCHEMA_VERSION,
    EvaluationResult,
    Explored,
    Finding,
    FollowUp,
    Passage,
    ProgramInfo,
    Provenance,
    Quality,
    Quote,
    Recommendation,
    Triangulated,
    Verdict,
)
from evaluasi_lib.wording import _, date, language

SCHEMA_PATH = Path(__file__).parent.parent / "result.schema.json"


@dataclass(frozen=True, slots=True)
class Texts:
    """What was concluded in words, the words of persons and documents that are printed, and what
    is said beside the numbers."""

    triangulation: tuple[Triangulated, ...]
    strengths: tuple[Finding, ...]
    weaknesses: tuple[Finding, ...]
    recommendations: tuple[Recommendation, ...]
    follow_up: tuple[FollowUp, ...]
    quotes: tuple[Quote, ...]
    passages: tuple[Passage, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """The whole of result.json. explored: None, or what `what_if` changed of the declaration."""

    schema_version: int
    program: ProgramInfo
    measures: tuple[Measure, ...]
    texts: Texts
    verdict: Verdict
    quality: Quality
    provenance: Provenance
    explored: tuple[Explored, ...] | None


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
            for section in sections
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


def page_texts(result: EvaluationResult) -> dict[str, str]:
    """Title, heading and the other words around the sections."""
    info = result.program
    subtitle = _("Evaluation report, cycle {cycle}").format(cycle=info.cycle)
    if info.period_start is not None and info.period_end is not None:
        subtitle += " · " + _("{low} to {high}").format(
            low=date(info.period_start), high=date(info.period_end)
        )
    return {
        "language": language(),
        "title": _("{title}: evaluation report").format(title=info.title),
        "heading": info.title,
        "organisation": info.organisation,
        "subtitle": subtitle,
        "skip": _("Skip to the report"),
        "contents": _("Contents"),
        "footer": _(
            "Made with evaluasi {version} from {n} input files; the appendix lists them with their "
            "checksums. Every number stands unrounded in result.json."
        ).format(version=result.provenance.code_version, n=len(result.provenance.inputs)),
        "style": (TEMPLATE / "style.css").read_text(encoding="utf-8").strip(),
    }


def document_of(result: EvaluationResult) -> Document:
    """The content of result.json: every number as a row of measures, and what was concluded."""
    return Document(
        schema_version=SCHEMA_VERSION,
        program=result.program,
        measures=result.rows,
        texts=Texts(
            result.triangulation,
            result.strengths,
            result.weaknesses,
            result.recommendations,
            result.follow_up,
            result.quotes,
            result.passages,
            result.remarks,
        ),
        verdict=result.verdict,
        quality=result.quality,
        provenance=result.provenance,
        explored=result.explored,
    )


def result_json(result: EvaluationResult) -> str:
    """result.json: fields in the order of their classes, dates as ISO text, numbers unrounded.

    Raises EvaluationError, naming the place, where a number is NaN or infinite: a result that
    could not be computed is null with a reason.
    """
    content = _plain(document_of(result), "")
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _plain(value: Any, place: str) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: _plain(getattr(value, f.name), f"{place}/{f.name}")
            for f in dataclasses.fields(value)
        }
    if isinstance(value, dict):
        return {str(key): _plain(item, f"{place}/{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        named = ((getattr(item, "id", i), item) for i, item in enumerate(value))
        return [_plain(item, f"{place}/{name}") for name, item in named]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        raise EvaluationError(
            Problem(
                _("a number of the result is not finite"),
                where=f"result.json#{place}",
                remedy=_("report this: what cannot be computed must be null with its reason"),
            )
        )
    if isinstance(value, dt.date):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"result.json#{place}: {type(value).__name__} has no JSON form")


def result_schema() -> dict[str, Any]:
    """The JSON Schema that every result.json holds to, made from its classes."""
    schema = TypeAdapter(Document).json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"evaluasi result.json, schema_version {SCHEMA_VERSION}",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def schema_text() -> str:
    """The text of result.schema.json as committed."""
    return json.dumps(result_schema(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    SCHEMA_PATH.write_text(schema_text(), encoding="utf-8")
