"""What the evaluator wrote by hand, marked as such, and who signs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evaluasi_lib.measures import Measure
from evaluasi_lib.program import Program, Signatory
from evaluasi_lib.reporting.columns import Column, table
from evaluasi_lib.reporting.elements import Bullets, Element, Heading, Paragraph, Table
from evaluasi_lib.results import EvaluationResult, OwnText
from evaluasi_lib.wording import _, choose, date, joined, word_for

ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+(.*)")
SIGNED_IN = "putusan"  # the chapter that a signature answers for


def own_blocks(program: Program, result: EvaluationResult, chapter: str) -> list[Element]:
    """The evaluator's own texts of one chapter; after the verdict, who signs; in the annex, all of
    them as a table."""
    found: list[Element] = []
    texts = [text for text in result.own_texts if text.chapter == chapter]
    rows = {row.id: row for row in result.rows}
    if texts:
        found.append(Heading(_("The evaluator's own words")))
    for text in texts:
        found += markdown(text.text)
        found.append(Paragraph(_mark(text, rows), "note"))
    if chapter == SIGNED_IN and (signed := _signatures(program)):
        found += [Heading(_("Signed")), signed]
    if chapter == "lampiran" and (listed := _listed(program, result)):
        found.append(listed)
    return found


def _mark(text: OwnText, rows: dict[str, Measure]) -> str:
    """Whose words these are, what they rest on, and who should act by when."""
    kind = word_for("own_kind", text.kind)
    if text.kind == "finding" and text.good is not None:
        kind = word_for("own_kind", "strength" if text.good else "weakness")
    parts = [_("{kind}, written by the evaluator and not computed by rule.").format(kind=kind)]
    if text.evidence:
        named = "; ".join(_cited(rows[id]) for id in text.evidence if id in rows)
        parts.append(_("It rests on: {named}.").format(named=named))
    if text.owner or text.due:
        who = text.owner or _("owner not named yet")
        parts.append(
            _("{owner}, by {due}.").format(
                owner=who, due=date(text.due) if text.due else _("no date yet")
            )
        )
    return joined(parts)


def _cited(row: Measure) -> str:
    return f"{row.label} ({row.id})" if row.label else row.id


def markdown(text: str) -> Iterator[Element]:
    """The paragraphs, headings and lists of a Markdown text; all other signs stay as they are, for
    they are escaped where they are rendered."""
    for block in re.split(r"\n\s*\n", text.strip().replace("\r\n", "\n")):
        lines = block.split("\n")
        items = [ITEM.fullmatch(line) for line in lines]
        if heading := re.fullmatch(r"#{1,6}\s+(.*)", block):
            yield Heading(heading[1], 4)
        elif all(items):
            ordered = lines[0].lstrip()[:1].isdigit()
            yield Bullets([item[1] for item in items if item], ordered=ordered)
        elif block.strip():
            yield Paragraph(" ".join(line.strip() for line in lines))


def _signatures(program: Program) -> Table | None:
    def signed(who: Signatory) -> str:
        return joined([who.name, who.number], ", ")

    columns = [
        Column(_("Signed as"), lambda who: choose(who.role)),
        Column(_("Office"), lambda who: choose(who.position) or "—"),
        Column(_("Name"), signed),
        Column(_("Signature"), lambda _who: ""),
    ]
    caption = _("Signatures")
    return table("tanda-tangan", caption, program.report.signatories, columns,
                 program.privacy.min_cell)  # fmt: skip


def _listed(program: Program, result: EvaluationResult) -> Table | None:
    columns = [
        Column(_("Kind"), lambda text: word_for("own_kind", text.kind)),
        Column(_("Text"), "text"),
        Column(_("Rests on"), lambda text: "; ".join(text.evidence) or "—"),
    ]
    caption = _("What the evaluator wrote, beside what was computed")
    return table("catatan-penilai", caption, result.own_texts, columns, program.privacy.min_cell)
