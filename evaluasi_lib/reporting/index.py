"""reports/index.html: every program with its dates, verdict and files, or why its report failed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment

from evaluasi_lib.measures import measure_id
from evaluasi_lib.reporting import tables
from evaluasi_lib.reporting.stamp import TEMPLATE, language_of
from evaluasi_lib.wording import LANGUAGE_NAMES, _, count, date, language, plural

Entry = Mapping[str, Any]
RATING = "rating_0_5"
Result = Mapping[str, Any]  # result.json


def brief(text: str) -> dict[str, Any]:
    """What the page tells of a result.json, without the rest, so that thousands can be held."""
    result: dict[str, Any] = json.loads(text)
    told = {key: result[key] for key in ("program", "verdict", "provenance") if key in result}
    rows = [
        row for row in result.get("measures", ())
        if row["measure"] == RATING or row["id"] == tables.STABILITY
    ]  # fmt: skip
    return told | {"measures": rows}


def name_of(result: Result) -> str:
    """Title and cycle, or the title alone where it holds the cycle."""
    title, cycle = result["program"]["title"], str(result["program"]["cycle"])
    return title if not cycle or cycle in title else f"{title} {cycle}"


def value(result: Result, *names: object) -> float | None:
    """The value of one measure of a report; None where it has none."""
    wanted = measure_id(*names)
    return next((row["value"] for row in result["measures"] if row["id"] == wanted), None)


def verdict_of(result: Result) -> str:
    """The verdict with how sure it is."""
    verdict, stability = result["verdict"], value(result, *tables.STABILITY.split("/"))
    return tables.verdict_words(verdict["decision"], verdict["provisional"], stability)


def rating_range(ratings: Sequence[float | None]) -> str:
    """ "2–4": lowest and highest of the ratings that there are; "—" where none is."""
    known = [int(rating) for rating in ratings if rating is not None]
    if not known:
        return "—"
    low, high = min(known), max(known)
    return count(low) if low == high else f"{count(low)}–{count(high)}"


def index_html(entries: Sequence[Entry], portfolio: Sequence[str] = ()) -> str:
    """The page. entries: {"program_id", "result": `brief` of its result.json or None, "failure":
    text or None, "files": names in the program's folder (report only, when absent), "stale":
    whether data were deleted since}, in their order. portfolio: addresses of the report over all
    programs, relative to the page, one a language."""
    failed = [entry for entry in entries if entry.get("failure")]
    summary = plural("{n} program", "{n} programs", len(entries)).format(n=count(len(entries)))
    without = ", " + _("{n} without a new report.").format(n=count(len(failed))) if failed else "."
    page = Environment(autoescape=True, trim_blocks=True, keep_trailing_newline=True).from_string(
        (TEMPLATE / "reports.html.j2").read_text(encoding="utf-8")
    )
    return page.render(
        language=language(),
        title=_("Evaluation reports"),
        subtitle=summary + without,
        style=(TEMPLATE / "style.css").read_text(encoding="utf-8").strip(),
        skip=_("Skip to the reports"),
        reports=_("Reports"),
        caption=_("All programs"),
        over_all=_("The report over all programs"),
        portfolio=_by_language(portfolio),
        heads=(_("Program"), _("Period"), _("Date of the report"), _("Verdict, and how sure"),
               _("Evidence, 0-5"), _("Status")),
        rows=[_row(entry) for entry in entries],
        what_failed=_("What failed, and why"),
        failed=failed,
    )  # fmt: skip


def _row(entry: Entry) -> dict[str, Any]:
    """The title of a program's row, the files below it, and what stands in its other cells."""
    result, program_id = entry.get("result"), str(entry["program_id"])
    status = _("finished")
    if entry.get("failure"):
        status = _("failed; the earlier report stands") if result else _("failed")
    elif entry.get("stale"):
        status = _("out of date: a person's data were deleted since")
    if not result:
        return {"title": program_id, "cells": [*["—"] * 4, status]}
    info = result["program"]
    span = [_day(info.get(f"period_{end}")) for end in ("start", "end")]
    period = "—" if "—" in span else _("{low} to {high}").format(low=span[0], high=span[1])
    ratings = [row["value"] for row in result["measures"] if row["measure"] == RATING]
    written = result["provenance"]["parameters"].get("language", "id")
    files = entry.get("files") or ["report.html" if written == "en" else "laporan.html"]
    return {
        "title": name_of(result),
        "files": _by_language([f"{program_id}/{name}" for name in files]),
        "cells": [period, _day(info.get("reported")), verdict_of(result), rating_range(ratings),
                  status],
    }  # fmt: skip


def _day(text: str | None) -> str:
    return date(dt.date.fromisoformat(text)) if text else "—"


def _by_language(addresses: Sequence[str]) -> list[tuple[str, str, list[str]]]:
    """Code, name and files of each language, the reader's own first."""
    codes = sorted({language_of(address) for address in addresses}, key=lambda c: c != language())
    return [(code, LANGUAGE_NAMES[code], [a for a in addresses if language_of(a) == code])
            for code in codes]  # fmt: skip
