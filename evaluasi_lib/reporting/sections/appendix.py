"""What a second researcher needs: reliability, estimators, cleaning, files, software.

What the evaluator wrote by hand, marked as such, and who signs.

Blocks of what was asked or recorded besides instruments and barriers, for any chapter.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from evaluasi_lib.claims import variable_label
from evaluasi_lib.findings.observe import short_label
from evaluasi_lib.measures import Measure, Record, measure_id, wide
from evaluasi_lib.program import SURVEYS, Program, Signatory
from evaluasi_lib.program import Column as Declared
from evaluasi_lib.reporting import tables, words
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
from evaluasi_lib.reporting.tables import Column, share_columns, table
from evaluasi_lib.results import EvaluationResult, OwnText, Quality
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


FEW = 4  # questions that a chapter tells of in words


def asked_in_surveys(program: Program, result: EvaluationResult) -> list[Element]:
    """Every closed question of the surveys as bars, then all of them as tables, and what has no
    number."""
    sources = [n for n, s in program.sources.items() if s.role in SURVEYS]
    figures = [
        _figure(program, source, options)
        for source in sources
        for options in _questions(result, source).values()
    ]
    captions = (
        _("Answers to the other questions"), _("Numbers and ratings that were given once"),
        _("Answers to the other questions, by group"),
    )  # fmt: skip
    tables = _tables(program, result, sources, "pertanyaan", captions)
    found = [element for element in (*figures, *tables) if element is not None]
    return [Heading(_("What else was asked")), *found] if found else []


def told_further(elements: Sequence[Element]) -> Paragraph | None:
    """Where the answers to the other questions stand."""
    figures = [element for element in elements if isinstance(element, Figure)]
    see = tuple(element.anchor for element in elements if isinstance(element, Table))
    if not see:
        return None
    if len(figures) > FEW:
        return Paragraph(_("The answers to all other questions of the surveys"), "note", see)
    text = joined([figure.title + " " + figure.answer for figure in figures])
    return Paragraph(text or _("The answers to all other questions of the surveys"), see=see)


def recorded(program: Program, result: EvaluationResult) -> list[Element]:
    """Who the persons are and what registers know of them, as tables."""
    sources = [n for n, s in program.sources.items() if s.role not in SURVEYS]
    captions = (
        _("Who they are, and what was recorded"), _("Numbers that were recorded"),
        _("What was recorded, by group"),
    )  # fmt: skip
    return _tables(program, result, sources, "latar", captions)


def _questions(result: EvaluationResult, source: str) -> dict[str, list[Record]]:
    """Question -> its answers, in declared order."""
    found: dict[str, list[Record]] = {}
    for answer in wide(result.rows, measure_id("asked", source, "*", "*")):
        found.setdefault(answer["stem"][2], []).append(answer)
    return found


def _figure(program: Program, source: str, answers: Sequence[Record]) -> Figure | None:
    first = answers[0]
    title = _("{question} ({wave})").format(
        question=first["note"], wave=word_for("wave", program.sources[source].wave)
    )
    # A question is asked as it stands, and its commonest answer is what it says.
    answer = _("Most often: {label} ({share}).")
    return plot_shares(answers, f"tanya-{source}-{first['stem'][2]}", title, answer, asked=True)


def _tables(
    program: Program,
    result: EvaluationResult,
    sources: Collection[str],
    id: str,
    captions: tuple[str, str, str],
) -> list[Element]:
    k, rows = program.privacy.min_cell, result.rows
    about = [Column(_("Question"), lambda row: short_label(row["note"]))]
    if any(program.sources[source].wave for source in sources):
        about.append(Column(_("Wave"), "wave", "wave"))
    answer = Column(_("Answer"), lambda row: words.option_word(row["label"]))
    places = [measure_id("asked", source, "*") for source in sources]
    answers = [row for place in places for row in wide(rows, f"{place}/*")]
    within = [row for place in places for row in wide(rows, f"{place}/*/*/*")]
    numbers = [row for place in places for row in wide(rows, place)]
    means = [
        Column(_("n"), "n", "n"),
        Column(_("Mean"), "mean", "2"),
        Column(_("95% interval"), ("mean_low", "mean_high"), "2"),
        Column(_("SD"), "sd", "2"),
    ]

    def group(row: Record) -> str:
        return f"{variable_label(program, row['stem'][4])}: {row['group']}"

    note = _("Shares of those who answered, not weighted.")
    found: list[Table | None] = [
        table(id, captions[0], answers, [*about, answer, *share_columns()], k, note, fold=True),
        table(
            f"{id}-angka", captions[1], numbers, [*about, *means], k,
        ),
        table(
            f"{id}-kelompok", captions[2], within,
            [*about, answer, Column(_("Group"), group), *share_columns()], k, fold=True,
        ),
    ]  # fmt: skip
    without = [
        remark.text
        for remark in result.remarks
        if remark.id.startswith("asked/") and remark.id.split("/")[1] in sources
    ]
    none: list[Element] = []
    if without:
        none = [Heading(_("Questions without a number")), Bullets(without)]
    return [*(one for one in found if one is not None), *none]


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
