"""reports/index.html: every program with its verdict and files, or why its report failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from evaluasi_lib.reporting.export import TEMPLATE
from evaluasi_lib.reporting.words import decision_word
from evaluasi_lib.wording import _, count, language, plural

Entry = Mapping[str, Any]
# This page has no list of contents beside its text.
WIDE = ".page { grid-template-columns: minmax(0, 1fr); } main { max-width: 74rem; }"


def index_html(entries: Sequence[Entry], portfolio: str = "") -> str:
    """The page. entries: {"program_id", "result": result.json as a dict or None, "failure": text
    or None, "files": names in the program's folder (report only, when absent)}, in their order.
    portfolio: address of the report over all programs, relative to the page; "" for none."""
    failed = [e for e in entries if e.get("failure")]
    title = _("Evaluation reports")
    style = (TEMPLATE / "style.css").read_text(encoding="utf-8").strip()
    sections = [_reports(entries, portfolio), _failures(failed)]
    return (
        f'<!DOCTYPE html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<style>\n{style}\n{WIDE}\n</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#isi">{escape(_("Skip to the reports"))}</a>\n'
        f'<header>\n<h1>{escape(title)}</h1>\n<p class="subtitle">{escape(_summary(entries))}</p>\n'
        f'</header>\n<div class="page">\n<main id="isi" tabindex="-1">\n'
        f"{''.join(sections)}</main>\n</div>\n</body>\n</html>\n"
    )


def _summary(entries: Sequence[Entry]) -> str:
    failed = sum(bool(e.get("failure")) for e in entries)
    text = plural("{n} program", "{n} programs", len(entries)).format(n=count(len(entries)))
    if not failed:
        return text + "."
    return f"{text}, " + _("{n} without a new report.").format(n=count(failed))


def _reports(entries: Sequence[Entry], portfolio: str) -> str:
    heads = (_("Program"), _("Cycle"), _("Status"), _("Verdict"), _("Evidence, 0-5"), _("Report"))
    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    rows = "".join(_row(entry) for entry in entries)
    caption = _("All programs")
    over = ""
    if portfolio:
        text = escape(_("The report over all programs"))
        over = f'<p><a href="{escape(portfolio, quote=True)}">{text}</a></p>\n'
    return (
        f'<section id="laporan" aria-labelledby="h-laporan">\n'
        f'<h2 id="h-laporan">{escape(_("Reports"))}</h2>\n{over}'
        f'<div class="table" role="region" tabindex="0" aria-label="{escape(caption, quote=True)}">'
        f"<table><caption>{escape(caption)}</caption><thead><tr>{columns}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>\n</section>\n"
    )


def _row(entry: Entry) -> str:
    result, program_id = entry.get("result"), str(entry["program_id"])
    info = (result or {}).get("program", {})
    cells = [str(info.get("cycle") or "—"), _status(entry)]
    cells += [decision_word(result["verdict"]["decision"]), evidence_range(result)] if result else [
        "—", "—",
    ]  # fmt: skip
    body = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    title = escape(str(info.get("title") or program_id))
    return f'<tr><th scope="row">{title}</th>{body}<td>{_links(entry)}</td></tr>'


def _status(entry: Entry) -> str:
    if not entry.get("failure"):
        return _("finished")
    return _("failed; the earlier report stands") if entry.get("result") else _("failed")


def _links(entry: Entry) -> str:
    """Links to the files of a report; "—" where there is none."""
    if not entry.get("result"):
        return "—"
    program_id = escape(str(entry["program_id"]), quote=True)
    written = entry["result"]["provenance"]["parameters"].get("language", "id")
    names = entry.get("files") or ["report.html" if written == "en" else "laporan.html"]
    return ", ".join(
        f'<a href="{program_id}/{escape(str(name), quote=True)}" '
        f'aria-label="{escape(str(name), quote=True)}, {program_id}">{escape(str(name))}</a>'
        for name in names
    )


def evidence_range(result: Mapping[str, Any]) -> str:
    """ "2-4": lowest and highest rating of the primary outcomes; "—" where none is rated."""
    ratings = [e["rating_0_5"] for e in result["evidence"] if e["rating_0_5"] is not None]
    if not ratings:
        return "—"
    low, high = min(ratings), max(ratings)
    return count(low) if low == high else f"{count(low)}–{count(high)}"


def _failures(failed: Sequence[Entry]) -> str:
    if not failed:
        return ""
    items = "".join(
        f"<li><strong>{escape(str(e['program_id']))}</strong>: {escape(str(e['failure']))}</li>"
        for e in failed
    )
    return (
        f'<section id="gagal" aria-labelledby="h-gagal">\n'
        f'<h2 id="h-gagal">{escape(_("What failed, and why"))}</h2>\n<ul>{items}</ul>\n</section>\n'
    )
