"""What the files of a report are called, and which there are. Nothing large is imported here, so
that a command that has nothing to do is done at once."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from evaluasi_lib.errors import Problem, UsageError, check_language, suggestion
from evaluasi_lib.wording import _, language

TEMPLATE = Path(__file__).parent / "template"
FORMATS = ("html", "pdf", "docx", "xlsx")


def report_name(form: str) -> str:
    """File name of one format in the language in force: laporan.html, report.pdf, ..."""
    if form == "xlsx":
        return "appendix.xlsx" if language() == "en" else "lampiran.xlsx"
    return f"report.{form}" if language() == "en" else f"laporan.{form}"


def language_of(name: str) -> str:
    """The language of a report's file, by its name."""
    return "en" if Path(name).stem in ("report", "appendix") else "id"


def check_formats(formats: Collection[str]) -> None:
    """Raises UsageError that names every unknown format."""
    problems = [
        Problem(
            _("unknown format “{form}”").format(form=form), "formats", suggestion(form, FORMATS)
        )
        for form in formats
        if form not in FORMATS
    ]
    if problems:
        raise UsageError(*problems)


def split_formats(text: str) -> tuple[str, ...]:
    """ "html,pdf" -> ("html", "pdf"); html always. Raises UsageError for an unknown format."""
    parts = (part.strip() for part in text.split(","))
    chosen = tuple(dict.fromkeys(["html", *filter(None, parts)]))
    check_formats(chosen)
    return chosen


def split_languages(text: str) -> tuple[str, ...]:
    """ "id,en" -> ("id", "en"). Raises UsageError for an unknown language, or none."""
    codes = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for code in codes or ("",):
        check_language(code)
    return codes
