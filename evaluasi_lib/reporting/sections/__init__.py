"""The sections of a report, one function each, in the order in which a reader meets them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from evaluasi_lib.measures import EvaluationResult
from evaluasi_lib.program import Program
from evaluasi_lib.reporting.elements import Section
from evaluasi_lib.reporting.sections import background, people, summary
from evaluasi_lib.wording import own_words

Maker = Callable[[Program, EvaluationResult], Section]


def _worded(make: Maker) -> Maker:
    """The section in the words of its program."""

    @wraps(make)
    def made(program: Program, result: EvaluationResult) -> Section:
        with own_words(program.own_words):
            one = make(program, result)
            more = background.own_blocks(program, result, one.id)
            return replace(one, elements=(*one.elements, *more)) if more else one

    return made


SECTIONS = tuple(_worded(make) for make in (
    summary.section_summary,
    background.section_program,
    background.section_methodology,
    summary.section_effectiveness,
    background.section_efficiency,
    people.section_elearning,
    people.section_participation,
    people.section_voices,
    summary.section_findings,
    summary.section_verdict,
    summary.section_follow_up,
    background.section_appendix,
))  # fmt: skip


def report_sections(program: Program, result: EvaluationResult) -> list[Section]:
    """Every section of the report, in order."""
    return [make(program, result) for make in SECTIONS]
