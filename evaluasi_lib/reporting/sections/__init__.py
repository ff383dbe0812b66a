"""The sections of a report, one function each, in the order in which a reader meets them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from evaluasi_lib.program import Program
from evaluasi_lib.reporting.elements import Section
from evaluasi_lib.reporting.sections.background import (
    own_blocks,
    section_appendix,
    section_efficiency,
    section_methodology,
    section_program,
)
from evaluasi_lib.reporting.sections.effects import section_effectiveness
from evaluasi_lib.reporting.sections.people import (
    section_elearning,
    section_participation,
    section_voices,
)
from evaluasi_lib.reporting.sections.summary import (
    section_findings,
    section_follow_up,
    section_summary,
    section_verdict,
)
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.wording import own_words

Maker = Callable[[Program, EvaluationResult], Section]


def _worded(make: Maker) -> Maker:
    """The section in the words of its program."""

    @wraps(make)
    def made(program: Program, result: EvaluationResult) -> Section:
        with own_words(program.own_words):
            one = make(program, result)
            more = own_blocks(program, result, one.id)
            return replace(one, elements=(*one.elements, *more)) if more else one

    return made


SECTIONS = tuple(_worded(make) for make in (
    section_summary,
    section_program,
    section_methodology,
    section_effectiveness,
    section_efficiency,
    section_elearning,
    section_participation,
    section_voices,
    section_findings,
    section_verdict,
    section_follow_up,
    section_appendix,
))  # fmt: skip


def report_sections(program: Program, result: EvaluationResult) -> list[Section]:
    """Every section of the report, in order."""
    return [make(program, result) for make in SECTIONS]
