"""reports/index.html: every program with its dates, verdict and files, or why its report failed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from evaluasi_lib.measures import measure_id
from evaluasi_lib.reporting import words
from evaluasi_lib.reporting.stamp import TEMPLATE, language_of
from evaluasi_lib.wording import LANGUAGE_NAMES, _, count, date, language, plural

Entry = Mapping[str, Any]
RATING = "rating_0_5"
Result = Mapping[str, Any]  # result.json
# This page has no list of contents beside its text. On a phone a row is a card: each cell stands
# under its heading.
STYLE = (
    ".page { grid-template-columns: minmax(0, 1fr); } main { max-width: 74rem; } "
    ".files { font-weight: 400; } .files a { line-height: 1.9; } "
    "main h2::before { content: none; } "
    "@media (max-width: 48rem) { .cards thead { display: none; } "
    ".cards tr, .cards td, .cards th { display: block; } "
    ".cards tr { border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .8rem; "
    "margin: 0 0 .8rem; } .cards td, .cards tbody th { border: 0; padding: .2rem 0; } "
    ".cards tbody th { font-size: 1.05rem; } "
    ".cards td::before { content: attr(data-head) ': '; color: var(--muted); } }"
)


def brief(text: str) -> dict[str, Any]:
    """What the page tells of a result.json, without the rest, so that thousands can be held."""
    result: dict[str, Any] = json.loads(text)
    told = {key: result[key] for key in ("program", "verdict", "provenance") if key in result}
    rows = [
        row for row in result.get("measures", ())
        if row["measure"] == RATING or row["id"] == words.STABILITY
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
    verdict, stability = result["verdict"], value(result, *words.STABILITY.split("/"))
    return words.verdict_words(verdict["decision"], verdict["provisional"], stability)


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
        f"<style>\n{style}\n{STYLE}\n</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#isi">{escape(_("Skip to the reports"))}</a>\n'
        f'<header>\n<h1>{title}</h1>\n<p class="subtitle">{escape(summary + without)}</p>\n'
        f'</header>\n<div class="page">\n<main id="isi" tabindex="-1">\n'
        f"{sections}</main>\n</div>\n</body>\n</html>\n"
    )


def _section(id: str, title: str, html: str) -> str:
    head = f'<h2 id="h-{id}">{escape(title)}</h2>'
    return f'<section id="{id}" aria-labelledby="h-{id}">\n{head}\n{html}\n</section>\n'


def _reports(entries: Sequence[Entry], portfolio: Sequence[str]) -> str:
    heads = (
        _("Program"), _("Period"), _("Date of the report"), _("Verdict, and how sure"),
        _("Evidence, 0-5"), _("Status"),
    )  # fmt: skip
    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    rows = "".join(_row(entry, heads[1:]) for entry in entries)
    caption, over = escape(_("All programs")), escape(_("The report over all programs"))
    link = f'<p class="files">{over} — {_links("", portfolio)}</p>\n' if portfolio else ""
    return (
        f'{link}<div class="table" role="region" tabindex="0" aria-label="{caption}">'
        f'<table class="cards"><caption>{caption}</caption><thead><tr>{columns}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(entry: Entry, heads: Sequence[str]) -> str:
    result, program_id = entry.get("result"), str(entry["program_id"])
    status = _("finished")
    if entry.get("failure"):
        status = _("failed; the earlier report stands") if result else _("failed")
    elif entry.get("stale"):
        status = _("out of date: a person's data were deleted since")
    title, links, cells = program_id, "", ["—"] * 4
    if result:
        info, title = result["program"], name_of(result)
        span = [_day(info.get(f"period_{end}")) for end in ("start", "end")]
        known = _("{low} to {high}").format(low=span[0], high=span[1])
        ratings = [r["value"] for r in result["measures"] if r["measure"] == RATING]
        cells = ["—" if "—" in span else known, _day(info.get("reported")), verdict_of(result),
                 rating_range(ratings)]  # fmt: skip
        written = result["provenance"]["parameters"].get("language", "id")
        files = entry.get("files") or ["report.html" if written == "en" else "laporan.html"]
        links = f'<br><span class="files">{_links(f"{program_id}/", files)}</span>'
    body = "".join(
        f'<td data-head="{escape(head)}">{escape(cell)}</td>'
        for head, cell in zip(heads, [*cells, status], strict=True)
    )
    return f'<tr><th scope="row">{escape(title)}{links}</th>{body}</tr>'


def _day(text: str | None) -> str:
    return date(dt.date.fromisoformat(text)) if text else "—"


def _links(folder: str, files: Sequence[str]) -> str:
    """Links to the files of a report by their language, under its title, where a phone shows them
    first."""
    found: dict[str, list[str]] = {}
    for name in files:
        found.setdefault(language_of(name), []).append(name)
    groups = []
    for code, names in sorted(found.items(), key=lambda group: group[0] != language()):
        links = ", ".join(
            f'<a href="{escape(folder + name)}" hreflang="{code}" '
            f'aria-label="{escape(folder + name)}">{escape(name.rpartition("/")[2])}</a>'
            for name in names
        )
        groups.append(f'<span lang="{code}">{LANGUAGE_NAMES[code]}</span>: {links}')
    return "<br>".join(groups)
