"""Blocks of what was asked or recorded besides instruments and barriers, for any chapter."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from evaluasi_lib.findings.observe import short_label
from evaluasi_lib.labels import variable_label
from evaluasi_lib.measures import Record, measure_id, wide
from evaluasi_lib.program import SURVEYS, Program
from evaluasi_lib.reporting import words
from evaluasi_lib.reporting.columns import Column, share_columns, table
from evaluasi_lib.reporting.elements import Bullets, Element, Figure, Heading, Paragraph, Table
from evaluasi_lib.reporting.figures_people import plot_shares
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.wording import _, joined, word_for

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
