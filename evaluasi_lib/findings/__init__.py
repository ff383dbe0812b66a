"""From results to decisions: strengths, weaknesses, verdict, recommendations, follow-up.

Everything here reads results, never tables of persons. The rules that decide are data:
decision_table.yml and catalogue.yml.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evaluasi_lib.findings.observe import RULES, Note
from evaluasi_lib.findings.recommend import follow_up, follow_up_rows, recommend
from evaluasi_lib.findings.verdict import agency_files, judge, read_catalogue, with_stability
from evaluasi_lib.measures import in_order
from evaluasi_lib.program import Program
from evaluasi_lib.results import EvaluationResult, Finding


def conclude(
    program: Program,
    measured: EvaluationResult,
    earlier: EvaluationResult | Sequence[EvaluationResult] | None = None,
    *,
    catalogues: Sequence[Path] = (),
) -> EvaluationResult:
    """The result with strengths, weaknesses, verdict, recommendations and follow-up filled.

    earlier: the previous cycle's result, or those of all earlier cycles, oldest first. catalogues:
    an agency's own rules, as `agency_files(raw_folder)` finds them. Raises ProgramError where a
    catalogue cannot be used.
    """
    rules = read_catalogue(tuple(catalogues))
    history = [earlier] if isinstance(earlier, EvaluationResult) else list(earlier or ())
    followed = follow_up(program, measured, history)
    rows = in_order((*measured.rows, *follow_up_rows(followed)))
    result = replace(measured, follow_up=followed, rows=rows)
    notes = [n for rule in RULES for n in rule(program, result)]
    weaknesses = _ranked(notes, good=False)
    verdict, stability = with_stability(program, result, judge(program, result))
    return replace(
        result,
        strengths=_ranked(notes, good=True),
        weaknesses=weaknesses,
        verdict=verdict,
        rows=(*rows, *stability),
        recommendations=recommend(program, weaknesses, result, rules),
    )


def _ranked(notes: Sequence[Note], *, good: bool) -> tuple[Finding, ...]:
    found = [finding for is_good, finding in notes if is_good is good]
    return tuple(sorted(found, key=lambda f: (-f.score, f.id)))


__all__ = ["agency_files", "conclude"]
