"""reports/index.html: every program with its verdict and files, or why its report failed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from evaluasi_lib.reporting.names import TEMPLATE
from evaluasi_lib.wording import _, count, language, plural, word_for

Entry = Mapping[str, Any]
RATING = "rating_0_5"
# This page has no list of contents beside its text.
WIDE = (
    ".page { grid-template-columns: minmax(0, 1fr); } main { max-width: 74rem; } "
    ".files { font-weight: 400; } .files a { line-height: 1.9; }"
)


def brief(text: str) -> dict[str, Any]:
    """What the page tells of a result.json, without the rest, so that thousands can be held."""
    result = json.loads(text)
    rows = [row for row in result.pop("measures", ()) if row["measure"] == RATING]
    told = {key: result[key] for key in ("program", "verdict", "provenance") if key in result}
    return told | {"measures": rows}


def index_html(entries: Sequence[Entry], portfolio: str = "") -> str:
    """The page. entries: {"program_id", "result": `brief` of its result.json or None, "failure":
    text or None, "files": names in the program's folder (report only, when absent), "stale":
    whether data were deleted since}, in their order. portfolio: address of the report over all
    programs, relative to the page; "" for none."""
    failed = [e for e in entries if e.get("failure")]
    title = escape(_("Evaluation reports"))
    style = (TEMPLATE / "style.css").read_text(encoding="utf-8").strip()
    summary = plural("{n} program", "{n} programs", len(entries)).format(n=count(len(entries)))
    without = ", " + _("{n} without a new report.").format(n=count(len(failed))) if failed else "."
    failures = "".join(
        f"<li><strong>{escape(str(e['program_id']))}</strong>: {escape(str(e['failure']))}</li>"
        for e in failed
    )
    sections = _section("laporan", _("Reports"), _reports(entries, portfolio))
    if failed:
        sections += _section("gagal", _("What failed, and why"), f"<ul>{failures}</ul>")
    return (
        f'<!DOCTYPE html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<style>\n{style}\n{WIDE}\n</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#isi">{escape(_("Skip to the reports"))}</a>\n'
        f'<header>\n<h1>{title}</h1>\n<p class="subtitle">{escape(summary + without)}</p>\n'
        f'</header>\n<div class="page">\n<main id="isi" tabindex="-1">\n'
        f"{sections}</main>\n</div>\n</body>\n</html>\n"
    )


def _section(id: str, title: str, html: str) -> str:
    head = f'<h2 id="h-{id}">{escape(title)}</h2>'
    return f'<section id="{id}" aria-labelledby="h-{id}">\n{head}\n{html}\n</section>\n'


def _reports(entries: Sequence[Entry], portfolio: str) -> str:
    heads = (_("Program"), _("Cycle"), _("Status"), _("Verdict"), _("Evidence, 0-5"))
    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    rows, caption = "".join(_row(entry) for entry in entries), escape(_("All programs"))
    over = escape(_("The report over all programs"))
    link = f'<p><a href="{escape(portfolio)}">{over}</a></p>\n' if portfolio else ""
    return (
        f'{link}<div class="table" role="region" tabindex="0" aria-label="{caption}">'
        f"<table><caption>{caption}</caption><thead><tr>{columns}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(entry: Entry) -> str:
    result, program_id = entry.get("result"), str(entry["program_id"])
    info = (result or {}).get("program", {})
    status = _("finished")
    if entry.get("failure"):
        status = _("failed; the earlier report stands") if result else _("failed")
    elif entry.get("stale"):
        status = _("out of date: a person's data were deleted since")
    cells = [str(info.get("cycle") or "—"), status, "—", "—"]
    if result:
        cells[2:] = [word_for("decision", result["verdict"]["decision"]), evidence_range(result)]
    body = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    title = escape(str(info.get("title") or program_id))
    return f'<tr><th scope="row">{title}{_links(entry)}</th>{body}</tr>'


def _links(entry: Entry) -> str:
    """Links to the files of a report, under its title, where a phone shows them first."""
    if not entry.get("result"):
        return ""
    folder = escape(str(entry["program_id"]))
    written = entry["result"]["provenance"]["parameters"].get("language", "id")
    files = entry.get("files") or ["report.html" if written == "en" else "laporan.html"]
    names = [escape(str(name)) for name in files]
    links = ", ".join(
        f'<a href="{folder}/{name}" aria-label="{name}, {folder}">{name}</a>' for name in names
    )
    return f'<br><span class="files">{links}</span>'


def evidence_range(result: Mapping[str, Any]) -> str:
    """ "2-4": lowest and highest rating of the primary outcomes; "—" where none is rated."""
    rated = [row["value"] for row in result["measures"] if row["measure"] == RATING]
    ratings = [value for value in rated if value is not None]
    if not ratings:
        return "—"
    low, high = min(ratings), max(ratings)
    return count(low) if low == high else f"{count(low)}–{count(high)}"
