"""From cleaned data to the whole result of one program.

A program is measured once, for every language; the results lie beside the processed tables, so that
a report in another language, or of the next cycle, does not measure again.

And whether a report that is there can be made again: its files, its versions, and every number.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import json
import tempfile
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from evaluasi_lib import __version__, wording
from evaluasi_lib.check import OWN, DataFolder, load_program, remarks_on
from evaluasi_lib.claims import shares_of_persons, told_effects
from evaluasi_lib.cleaning.pipeline import Looked, Unmatched, check_program, clean_program, is_stale
from evaluasi_lib.findings import agency_files, conclude, logo_of, own_texts
from evaluasi_lib.findings.verdict import read_catalogue
from evaluasi_lib.folders import git_commit, replace_folder, sha256_of
from evaluasi_lib.measures import (
    EvaluationResult,
    Explored,
    InputFile,
    ProgramInfo,
    Provenance,
    in_order,
    publish,
    read_result,
    record_of,
    result_json,
)
from evaluasi_lib.program import Program
from evaluasi_lib.reporting.stamp import Sources
from evaluasi_lib.scoring.answers import score_answers, score_asked, score_spread
from evaluasi_lib.scoring.costs import score_efficiency
from evaluasi_lib.scoring.elearning import score_elearning
from evaluasi_lib.scoring.evidence import score_effects
from evaluasi_lib.scoring.frames import outcome_frames, standards, standing
from evaluasi_lib.scoring.participation import score_participation, score_sample
from evaluasi_lib.scoring.scales import score_scales
from evaluasi_lib.study import GROUPS, Study, load_study, note_text
from evaluasi_lib.voices import code_voices
from evaluasi_lib.voices.triangulation import source_rows, triangulate
from evaluasi_lib.wording import DataError, EvaluationError, Problem, UsageError, _, problem, step

RESULTS, MADE_FROM = "results", "made_from"  # beside the processed tables
# Versions that move numbers or pictures; they stand in provenance.
PACKAGES = ("numpy", "pandas", "scipy", "statsmodels", "polars", "matplotlib")


def open_study(data: DataFolder, program_id: str) -> Study:
    """The program's processed data, cleaned first where they are missing or stale."""
    program = load_program(data.raw(program_id))
    if is_stale(program, data):
        clean_program(program, data)
    return load_study(program, data.processed(program_id))


@dataclasses.dataclass
class Checked:
    """What `check` says of a program: its problems, and where the data have none, in lines of text:
    who stands in each outcome, which rows match nobody, and what to know of the data."""

    problems: list[Problem] = dataclasses.field(default_factory=list)
    standing: list[str] = dataclasses.field(default_factory=list)
    remarks: list[str] = dataclasses.field(default_factory=list)


def check(data: DataFolder, program_id: str) -> Checked:
    """Everything wrong with a program at once, and how its data stand. Changes nothing."""
    found = Checked()

    def look(looked: Looked) -> None:
        study = Study(looked.program, looked.folder, {})
        _stand(study, found)
        found.remarks += [_unmatched_line(u) for u in looked.unmatched if u.reasons]
        said = ("unmatched", "no_identifier", "nip_ambiguous", "nip_invalid")  # told by reason
        found.remarks += [note_text(n) for n in looked.notes if n["kind"] not in said]
        found.remarks += remarks_on(study.program)

    found.problems = problems_of(data, program_id, look)
    return found


def _stand(study: Study, found: Checked) -> None:
    """A table in plain text: each outcome before and after, numbers of few persons not shown."""
    k = study.program.privacy.min_cell

    def shown(n: int) -> str:
        return wording.count(n) if study.program.enough(n) else f"< {k}"

    heads = ["outcome", "wave", "rows", "matched", *GROUPS[: 1 + study.program.has_groups]]
    lines = [[wording.word_for("column", head) for head in heads]]
    for outcome in study.program.outcomes:
        try:
            for wave, rows, matched, persons in standing(study, outcome):
                cells = map(shown, (rows, matched, *persons.values()))
                lines.append([outcome.id, wording.word_for("wave", wave), *cells][: len(heads)])
        except EvaluationError as error:
            found.remarks.append(f"{outcome.id}: {error.problems[0].what}")
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines if len(lines) > 1 else ():
        first = [cell.ljust(width) for cell, width in zip(line[:2], widths[:2], strict=True)]
        rest = [cell.rjust(width) for cell, width in zip(line[2:], widths[2:], strict=True)]
        found.standing.append("  ".join([*first, *rest]))


def _unmatched_line(found: Unmatched) -> str:
    """How many rows of a source match nobody, by reason."""
    why = [
        f"{wording.word_for('unmatched', r)} {wording.count(n)}" for r, n in found.reasons.items()
    ]
    text = _("{source}: {n} of {total} rows match nobody in {among} ({reasons})")
    total = sum(found.reasons.values())
    return text.format(source=found.source, n=wording.count(total), among=found.among,
                       total=wording.count(found.rows), reasons=", ".join(why))  # fmt: skip


def problems_of(
    data: DataFolder, program_id: str, look: Callable[[Looked], None] | None = None
) -> list[Problem]:
    """Everything wrong with a program at once: its declaration or its data, and its catalogues.

    look: as in `check_program`.
    """
    raw = data.raw(program_id)
    problems: list[Problem] = []

    def declared_and_read() -> None:
        program = load_program(raw)
        problems.extend(check_program(program, data, look))
        standards(program.standards)
        logo_of(program, raw)

    own = (lambda: read_catalogue(tuple(agency_files(raw))), lambda: own_texts(raw))
    for looked_at in (declared_and_read, *own):
        try:
            looked_at()
        except EvaluationError as error:
            problems += error.problems
    return problems


def left_out(study: Study) -> tuple[str, ...]:
    """Declared texts and categories that cleaning kept out of a table: they look like names."""
    return tuple(
        f"{source}/{name}"
        for source, declared in study.program.sources.items()
        if source in study.tables
        for name, column in declared.columns.items()
        if column.type in ("text", "category", "ordinal") and name not in study.tables[source]
    )


def measure(study: Study) -> EvaluationResult:
    """Every measurement of the program, without findings.

    What is computed from numbers of persons (costs, what the sources say together) is computed from
    those that may be shown.
    """
    program, frames = study.program, outcome_frames(study)
    k = program.privacy.min_cell
    step(_("estimating what changed"))
    estimated, warnings = publish(score_effects(study, frames), k)
    effects = told_effects(program, estimated, "primary")
    measured = chain(
        score_sample(study, frames), score_scales(study), score_spread(study),
        score_answers(study), score_asked(study), score_participation(study),
        score_elearning(study),
    )  # fmt: skip
    step(_("measuring scales, answers and participation"))
    rows, remarks = publish(measured, k)
    step(_("reading open answers, interviews and documents"))
    voices = code_voices(study)
    took = record_of(rows, "participation")
    people = {name: took[name] for name in ("enrolled", "started", "completed")}
    costs = score_efficiency(program, effects, **people, reason=took["reason"])
    questions = triangulate(study, effects, rows, voices)
    derived, words = publish(chain(costs, source_rows(questions)), k)
    return EvaluationResult(
        program=_program_info(program),
        rows=in_order((*estimated, *rows, *voices.rows, *derived)),
        remarks=(*warnings, *remarks, *voices.remarks, *words),
        quotes=voices.quotes,
        passages=voices.passages,
        triangulation=questions,
        quality=dataclasses.replace(study.quality, left_out=left_out(study)),
        provenance=Provenance(
            inputs=study.inputs,
            code_version=__version__,
            packages={name: importlib.metadata.version(name) for name in PACKAGES},
            parameters={"program_id": program.id, "language": wording.own_name()},
            seed=program.seed,
            commit=git_commit(Path(__file__).parent),
        ),
    )


def _program_info(program: Program) -> ProgramInfo:
    return ProgramInfo(
        id=program.id,
        title=wording.choose(program.title),
        kind=program.kind,
        organisation=wording.choose(program.organisation),
        cycle=program.cycle,
        period_start=program.period.start if program.period else None,
        period_end=program.period.end if program.period else None,
        series=program.series,
        reported=program.report_date,
        number=program.report.number,
        author=wording.choose(program.report.author) or None,
        contact=program.report.contact,
        cover=program.report.cover,
        min_evidence_rating=program.thresholds.min_evidence_rating,
        shares=shares_of_persons(program),
    )


def result_of(
    study: Study, sources: Sources, explored: tuple[Explored, ...] = ()
) -> EvaluationResult:
    """The whole result of a program in the language in force: read where it was measured before
    from what is there now, else measured. sources: of the data folder that the study is from.
    explored: what `what_if` changed of its declaration; such a result is not kept."""
    if explored:
        return wording.in_language(measured_now(study, sources, explored), wording.language())
    made_from = sources.stamp(study.program.id)["made_from"]
    results = study.folder / RESULTS
    with contextlib.suppress(OSError, ValueError):  # never measured, or not by this version
        if (results / MADE_FROM).read_text(encoding="utf-8") == made_from:
            return read_result((results / f"{wording.language()}.json").read_text(encoding="utf-8"))
    result = measured_now(study, sources)
    with contextlib.suppress(OSError), replace_folder(results) as folder:
        for code in wording.LANGUAGES:
            text = result_json(wording.in_language(result, code))
            (folder / f"{code}.json").write_text(text, encoding="utf-8", newline="\n")
        (folder / MADE_FROM).write_text(made_from, encoding="utf-8")
    return wording.in_language(result, wording.language())


def measured_now(
    study: Study, sources: Sources, explored: tuple[Explored, ...] | None = None
) -> EvaluationResult:
    """Measured and concluded in every language; `in_language` picks one. What is concluded may look
    at the words of all languages, so that no verdict or advice depends on the reader's."""
    with wording.every_language(), wording.own_words(study.program.own_words):
        measured = dataclasses.replace(measure(study), explored=explored)
        return conclude_on(study, sources, measured)


def earlier_cycles(program: Program, sources: Sources) -> list[EvaluationResult]:
    """The results of the cycles before this one in its series, oldest first."""
    found = []
    for other in sources.earlier(program.id):
        # A broken neighbour is reported when it is its own turn.
        with contextlib.suppress(EvaluationError):
            found.append(result_of(open_study(sources.data, other), sources))
    return found


def conclude_on(study: Study, sources: Sources, measured: EvaluationResult) -> EvaluationResult:
    """Findings, verdict, recommendations and follow-up added to what was measured.

    An agency's own files outside the program's folder join the provenance.
    """
    step(_("reaching a verdict by the written rules"))
    program, data = study.program, sources.data
    catalogues = agency_files(data.raw(program.id))
    known = {item.path for item in measured.provenance.inputs}
    files = [*catalogues, data.path / OWN]
    shared = [
        path for path in files
        if path.parent == data.path and path.is_file() and path.name not in known
    ]  # fmt: skip
    inputs = (*measured.provenance.inputs, *(_input_file(path) for path in shared))
    provenance = dataclasses.replace(measured.provenance, inputs=inputs)
    raw = data.raw(program.id)
    ids = {row.id for row in measured.rows}
    measured = dataclasses.replace(
        measured, provenance=provenance, own_texts=own_texts(raw, ids),
        program=dataclasses.replace(measured.program, logo=logo_of(program, raw)),
    )  # fmt: skip
    return conclude(program, measured, earlier_cycles(program, sources), catalogues=catalogues)


def _input_file(path: Path) -> InputFile:
    return InputFile(f"../../{path.name}", sha256_of(path), path.stat().st_size)


MOST_ROWS = 20  # of those numbers that differ, so many are named


def verify_report(data: DataFolder, program_id: str, out: Path) -> list[Problem]:
    """Everything in which a report differs from what would be made now; none where it is the same.

    out: the folder of reports. The raw data are cleaned anew, in a temporary folder, and evaluated
    in the language of result.json. Raises UsageError where there is no report, and DataError where
    its result.json is damaged.
    """
    path = out / program_id / "result.json"
    if not path.is_file():
        raise UsageError(problem("no_report", str(path), id=program_id))
    text = path.read_text(encoding="utf-8")
    try:
        stored = json.loads(text)
        language = stored["provenance"]["parameters"]["language"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(Problem(_("result.json is damaged"), str(path))) from error
    again = _made_again(data, program_id, language)
    if again == text:
        return []
    found = list(_differences(stored, json.loads(again)))
    changed = Problem(_("the file was changed after it was made"), str(path))
    return found or [changed]


def _made_again(data: DataFolder, program_id: str, language: str) -> str:
    """result.json, from the raw data alone."""
    before = wording.language()
    with tempfile.TemporaryDirectory(prefix="evaluasi-") as folder:
        anew = DataFolder(data.path, made=Path(folder))
        try:
            wording.set_language(language)
            return result_json(result_of(open_study(anew, program_id), Sources(anew)))
        finally:
            wording.set_language(before)


def _differences(stored: dict[str, Any], again: dict[str, Any]) -> Iterator[Problem]:
    files = ({item["path"]: item["sha256"] for item in said["provenance"]["inputs"]}
             for said in (stored, again))  # fmt: skip
    for path, before, now in sorted(_other(*files)):
        if now is None:
            yield Problem(_("the report was made with this file, which is gone"), path)
        elif before is None:
            yield Problem(_("the report was made without this file"), path)
        else:
            yield Problem(_("the file was changed after the report was made"), path)
    versions = (
        {"evaluasi": made["code_version"], "commit": made.get("commit"), **made["packages"],
         "seed": made["seed"]} for made in (stored["provenance"], again["provenance"])
    )  # fmt: skip
    what = _("the report was made with {before}, now it is {now}")
    for name, before, now in sorted(_other(*versions), key=lambda found: found[0]):
        yield Problem(what.format(before=before, now=now), name)
    yield from _other_numbers(stored["measures"], again["measures"])
    for part, content in again.items():
        if part not in ("measures", "provenance") and stored.get(part) != content:
            yield Problem(_("this part of the result differs"), part)


def _other(before: dict[str, Any], now: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Each key whose values differ, with both; None where there is none."""
    pairs = [(key, before.get(key), now.get(key)) for key in now | before]
    return [(key, old, new) for key, old, new in pairs if old != new]


def _other_numbers(stored: list[dict[str, Any]], again: list[dict[str, Any]]) -> Iterator[Problem]:
    """The measures that differ, the first MOST_ROWS of them by name."""
    other = _other(*({row["id"]: row for row in rows} for rows in (stored, again)))
    for row_id, old, new in other[:MOST_ROWS]:
        if old is None or new is None:
            yield Problem(_("the measure is in one result alone"), row_id)
            continue
        what = _("{key} is {before} in the report, and {now} when computed again")
        for key, before, now in _other(old, new):
            yield Problem(what.format(key=key, before=before, now=now), row_id)
    if len(other) > MOST_ROWS:
        yield Problem(_("so many measures differ"), "result.json", count=len(other))
