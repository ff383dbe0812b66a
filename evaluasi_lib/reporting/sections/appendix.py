"""What stands beside the chapters: the technical annex, questions that no chapter is about, and
what the evaluator wrote by hand, marked as such."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from evaluasi_lib.claims import variable_label
from evaluasi_lib.findings.observe import short_label
from evaluasi_lib.measures import Measure, Record, measure_id, wide
from evaluasi_lib.program import SURVEYS, Program
from evaluasi_lib.program import Column as Declared
from evaluasi_lib.reporting import words
from evaluasi_lib.reporting.elements import (
    Bullets,
    Element,
    Figure,
    Heading,
    Paragraph,
    Section,
    Table,
    section,
)
from evaluasi_lib.reporting.figures_scores import plot_shares
from evaluasi_lib.reporting.tables import listed, scale_records, table_items
from evaluasi_lib.reporting.words import say
from evaluasi_lib.results import EvaluationResult, OwnText, Quality
from evaluasi_lib.wording import _, choose, date, joined, word_for

ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+(.*)")
SIGNED_IN = "putusan"  # the chapter that a signature answers for
FEW = 4  # questions that a chapter tells of in words
NOT_KEPT = ("drop", "nip", "respondent_code", "name", "email", "phone")


def own_blocks(program: Program, result: EvaluationResult, chapter: str) -> list[Element]:
    """The evaluator's own texts of one chapter; after the verdict, who signs; in the annex, all of
    them as a table."""
    found: list[Element | None] = []
    k, rows = program.privacy.min_cell, {row.id: row for row in result.rows}
    texts = [text for text in result.own_texts if text.chapter == chapter]
    if texts:
        found.append(Heading(_("The evaluator's own words")))
    for text in texts:
        found += markdown(text.text)
        found.append(Paragraph(_mark(text, rows), "note"))
    if chapter == SIGNED_IN and program.report.signatories:
        signed = [
            {"role": who.role, "position": who.position, "signature": "",
             "name": joined([who.name, who.number], ", ")}
            for who in program.report.signatories
        ]  # fmt: skip
        found += [Heading(_("Signed")), listed("tanda-tangan", signed, k)]
    if chapter == "lampiran":
        found.append(listed("catatan-penilai", result.own_texts, k))
    return [element for element in found if element is not None]


def _mark(text: OwnText, rows: dict[str, Measure]) -> str:
    """Whose words these are, what they rest on, and who should act by when."""
    kind: str = text.kind
    if kind == "finding" and text.good is not None:
        kind = "strength" if text.good else "weakness"
    parts = [say("own", kind=word_for("own_kind", kind))]
    if text.evidence:
        cited = (rows[id] for id in text.evidence if id in rows)
        named = (f"{row.label} ({row.id})" if row.label else row.id for row in cited)
        parts.append(_("It rests on: {named}.").format(named="; ".join(named)))
    if text.owner or text.due:
        owner = text.owner or _("owner not named yet")
        due = date(text.due) if text.due else _("no date yet")
        parts.append(_("{owner}, by {due}.").format(owner=owner, due=due))
    return joined(parts)


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


# What was asked or recorded besides instruments and barriers


def asked_in_surveys(program: Program, result: EvaluationResult) -> list[Element]:
    """Every closed question of the surveys as bars, then all of them as tables, and what has no
    number."""
    sources = [n for n, s in program.sources.items() if s.role in SURVEYS]
    figures = []
    for source in sources:
        questions: dict[str, list[Record]] = {}
        for answer in wide(result.rows, measure_id("asked", source, "*", "*")):
            questions.setdefault(answer["stem"][2], []).append(answer)
        wave = word_for("wave", program.sources[source].wave)
        for name, answers in questions.items():
            # A question is asked as it stands, and its commonest answer is what it says.
            title = _("{question} ({wave})").format(question=answers[0]["note"], wave=wave)
            figures.append(plot_shares(answers, f"tanya-{source}-{name}", title))
    tables = _tables(program, result, sources, "pertanyaan")
    found = [element for element in (*figures, *tables) if element is not None]
    return [Heading(_("What else was asked")), *found] if found else []


def told_further(elements: Sequence[Element]) -> Paragraph | None:
    """Where the answers to the other questions stand."""
    figures = [element for element in elements if isinstance(element, Figure)]
    see = tuple(element.anchor for element in elements if isinstance(element, Table))
    if not see:
        return None
    every = _("The answers to all other questions of the surveys")
    if len(figures) > FEW:
        return Paragraph(every, "note", see)
    text = joined([figure.title + " " + figure.answer for figure in figures])
    return Paragraph(text or every, see=see)


def recorded(program: Program, result: EvaluationResult) -> list[Element]:
    """Who the persons are and what registers know of them, as tables."""
    sources = [n for n, s in program.sources.items() if s.role not in SURVEYS]
    return _tables(program, result, sources, "latar")


def _tables(
    program: Program, result: EvaluationResult, sources: Collection[str], kind: str
) -> list[Element]:
    k, rows = program.privacy.min_cell, result.rows
    places = [measure_id("asked", source, "*") for source in sources]
    answers = [row for place in places for row in wide(rows, f"{place}/*")]
    numbers = [row for place in places for row in wide(rows, place)]
    within = [
        row | {"who": f"{variable_label(program, row['stem'][4])}: {row['group']}"}
        for place in places
        for row in wide(rows, f"{place}/*/*/*")
    ]
    without = "" if any(program.sources[source].wave for source in sources) else "wave"
    found: list[Element | None] = [
        listed(kind, answers, k, without=without),
        listed(f"{kind}-angka", numbers, k, without=without),
        listed(f"{kind}-kelompok", within, k, without=without),
    ]
    unsaid = [
        remark.text
        for remark in result.remarks
        if remark.id.startswith("asked/") and remark.id.split("/")[1] in sources
    ]
    if unsaid:
        found += [Heading(_("Questions without a number")), Bullets(unsaid)]
    return [element for element in found if element is not None]


# The annex


def section_appendix(program: Program, result: EvaluationResult) -> Section:
    """What the technical annex holds, and of it what belongs to no chapter: the codebook, cleaning,
    files and software."""
    k, origin = program.privacy.min_cell, result.provenance
    scales = scale_records(result.rows)
    version = say("version", version=origin.code_version, seed=origin.seed)
    details: list[Element | None] = [
        listed("dimensi", [s for s in scales if "." in s["subject"]], k),
        listed("reliabilitas", [s for s in scales if s["n_items"] > 1], k),
        table_items(result.rows, k),
        _codebook(program, result.quality, k),
        listed("pembersihan", result.quality.changes, k),
        listed("masukan", origin.inputs, k),
        listed("paket", list(origin.packages.items()), k),
        Paragraph(version, "note"),
    ]
    return section("lampiran", [Paragraph(say("annex"))], details=details)


def _codebook(program: Program, quality: Quality, k: int) -> Table | None:
    """Every variable: what was asked, where and when, and what its values mean."""
    rows = [
        (
            name,
            short_label(choose(column.label) or column.header),
            source_name,
            source.wave,
            _values(program, name, column) or "—",
        )
        for source_name, source in program.sources.items()
        for name, column in source.columns.items()
        if column.type not in NOT_KEPT and f"{source_name}/{name}" not in quality.left_out
    ]
    return listed("buku-kode", rows, k)


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
