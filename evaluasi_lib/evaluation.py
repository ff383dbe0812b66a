"""From cleaned data to the whole result of one program.

The notebook calls these steps one by one so that a reader sees them. `evaluate` calls them all
where nobody looks: for the earlier cycle of a program, and in tests.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evaluasi_lib import __version__, wording
from evaluasi_lib.cleaning.pipeline import check_program, clean_program, is_stale
from evaluasi_lib.errors import EvaluationError, Problem, check_language
from evaluasi_lib.findings import agency_files, conclude
from evaluasi_lib.findings.rules import read_catalogue
from evaluasi_lib.folders import replace_folder
from evaluasi_lib.loading import DataFolder, load_program
from evaluasi_lib.program import Program
from evaluasi_lib.reporting.elements import Section
from evaluasi_lib.reporting.export import check_formats, write_report
from evaluasi_lib.results import (
    Answered,
    Effect,
    Efficiency,
    Elearning,
    EvaluationResult,
    Evidence,
    InputFile,
    Participation,
    ProgramInfo,
    Provenance,
    Sample,
    ScaleScore,
    Spread,
    Triangulated,
    Verdict,
)
from evaluasi_lib.scoring.costs import score_efficiency
from evaluasi_lib.scoring.elearning import score_elearning
from evaluasi_lib.scoring.evidence import claims_that_carry, rate_evidence
from evaluasi_lib.scoring.frames import outcome_frames
from evaluasi_lib.scoring.impact import estimate_effects
from evaluasi_lib.scoring.participation import score_participation, score_sample
from evaluasi_lib.scoring.scales import score_scales
from evaluasi_lib.scoring.spread import score_answers, score_spread
from evaluasi_lib.scoring.standards import standards
from evaluasi_lib.study import Study, load_study
from evaluasi_lib.voices import Voices, code_voices
from evaluasi_lib.voices.triangulation import triangulate
from evaluasi_lib.wording import _

# Versions that move numbers or pictures; they stand in provenance.
PACKAGES = ("numpy", "pandas", "scipy", "statsmodels", "polars", "matplotlib")


@dataclass(frozen=True)
class Workbook:
    """One run of the notebook: the cleaned data, the language, and where the report goes."""

    study: Study
    data: DataFolder
    out_dir: Path | None
    formats: tuple[str, ...] = ("html",)

    def __repr__(self) -> str:
        quality = self.study.quality
        return _("{title}: {kept} of {read} rows kept, from {files} files.").format(
            title=wording.choose(self.study.program.title),
            kept=wording.count(quality.rows_kept),
            read=wording.count(quality.rows_read),
            files=len(self.study.inputs),
        )

    def publish(self, sections: Sequence[Section], result: EvaluationResult) -> Published:
        """Write out_dir/<program>/ in whole, or nothing where no out_dir was given; say which."""
        if self.out_dir is None:
            return Published(_("No report folder was written, because out_dir is empty."))
        target = self.out_dir / self.study.program.id
        with replace_folder(target) as folder:
            write_report(folder, sections, result, self.formats)
        return Published(_("The report is in {folder}.").format(folder=target))


class Published(str):
    """What `publish` did, shown without quotes."""

    def __repr__(self) -> str:
        return str(self)


def open_workbook(
    program_id: object,
    language: object = "id",
    data_dir: object = "",
    out_dir: object = "",
    formats: object = "html",
) -> Workbook:
    """Validate the notebook's parameters, clean where data are missing or stale, and open them.

    Papermill turns `-p program_id 2025` into a number, so every parameter is taken as text.
    Raises UsageError (unknown program, language or format), ProgramError, DataError.
    """
    wording.set_language(check_language(language or wording.DEFAULT_LANGUAGE))
    data = DataFolder.at(str(data_dir) if data_dir else None)
    chosen = split_formats(str(formats))
    study = open_study(data, data.check_id(program_id))
    folder = Path(str(out_dir)).expanduser().resolve() if out_dir else None
    return Workbook(study, data, folder, chosen)


def split_formats(text: str) -> tuple[str, ...]:
    """ "html,pdf" -> ("html", "pdf"); html always. Raises UsageError for an unknown format."""
    parts = (part.strip() for part in text.split(","))
    chosen = tuple(dict.fromkeys(["html", *filter(None, parts)]))
    check_formats(chosen)
    return chosen


def frame(results: Sequence[object]) -> pd.DataFrame:
    """Results as a table to look at in the notebook: numbers as the language writes them.

    Nested fields and columns that are empty throughout are left out; a missing value is blank.
    """
    rows = [dataclasses.asdict(result) for result in results]  # type: ignore[call-overload]
    table = pd.DataFrame(rows, dtype=object)
    nested = [
        name for name in table if table[name].map(lambda v: isinstance(v, dict | tuple)).any()
    ]
    return table.drop(columns=nested).dropna(axis="columns", how="all").map(_cell)


def _cell(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None or value is pd.NA else str(value)
    return wording.number(value, 0 if isinstance(value, int) else 3)


def primaries(effects: Sequence[Effect]) -> list[Effect]:
    """The primary estimate of each outcome: what verdicts rest on."""
    return [effect for effect in effects if effect.role == "primary"]


def open_study(data: DataFolder, program_id: str) -> Study:
    """The program's processed data, cleaned first where they are missing or stale."""
    program = load_program(data.raw(program_id))
    if is_stale(program, data):
        clean_program(program, data)
    return load_study(program, data.processed(program_id))


def problems_of(data: DataFolder, program_id: str) -> list[Problem]:
    """Everything wrong with a program at once: its declaration or its data, and its catalogues."""
    raw = data.raw(program_id)
    problems: list[Problem] = []
    try:
        program = load_program(raw)
        problems += check_program(program, data)
        standards(program.standards)
    except EvaluationError as error:
        problems += error.problems
    try:
        read_catalogue(tuple(agency_files(raw)))
    except EvaluationError as error:
        problems += error.problems
    return problems


def assemble(
    study: Study,
    *,
    sample: Sample,
    scales: tuple[ScaleScore, ...],
    effects: tuple[Effect, ...],
    evidence: tuple[Evidence, ...],
    participation: Participation,
    elearning: Elearning,
    efficiency: Efficiency,
    voices: Voices,
    triangulation: tuple[Triangulated, ...],
    answers: tuple[Answered, ...] = (),
    spread: tuple[Spread, ...] = (),
) -> EvaluationResult:
    """Everything that was measured, as one result whose findings are still empty."""
    program = study.program
    return EvaluationResult(
        program=ProgramInfo(
            id=program.id,
            title=wording.choose(program.title),
            kind=program.kind,
            organisation=wording.choose(program.organisation),
            cycle=program.cycle,
            period_start=program.period.start if program.period else None,
            period_end=program.period.end if program.period else None,
            series=program.series,
        ),
        sample=sample,
        scales=scales,
        effects=effects,
        evidence=evidence,
        participation=participation,
        elearning=elearning,
        efficiency=efficiency,
        themes=voices.themes,
        module_demand=voices.module_demand,
        triangulation=triangulation,
        strengths=(),
        weaknesses=(),
        verdict=Verdict("insufficient_evidence", (), ""),
        recommendations=(),
        follow_up=(),
        quality=dataclasses.replace(study.quality, left_out=left_out(study)),
        provenance=Provenance(
            inputs=study.inputs,
            code_version=__version__,
            packages={name: importlib.metadata.version(name) for name in PACKAGES},
            parameters={"program_id": program.id, "language": wording.language()},
            seed=program.seed,
        ),
        voices=voices.details,
        answers=answers,
        spread=spread,
    )


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
    """Every measurement of the program, without findings."""
    frames = outcome_frames(study)
    effects = estimate_effects(study, frames)
    evidence = rate_evidence(study, effects, frames)
    effects = claims_that_carry(effects, evidence)
    participation = score_participation(study)
    voices = code_voices(study)
    return assemble(
        study,
        sample=score_sample(study, frames),
        scales=score_scales(study),
        effects=effects,
        evidence=evidence,
        participation=participation,
        elearning=score_elearning(study),
        efficiency=score_efficiency(study, effects, participation),
        voices=voices,
        triangulation=triangulate(study, effects, participation, voices),
        answers=score_answers(study),
        spread=score_spread(study),
    )


def earlier_cycles(program: Program, data: DataFolder) -> list[EvaluationResult]:
    """The measured results of the cycles before this one in its series, oldest first."""
    if program.series is None:
        return []
    before: list[Program] = []
    for other_id in data.program_ids:
        if other_id == program.id:
            continue
        try:
            other = load_program(data.raw(other_id))
        except EvaluationError:
            continue  # a broken neighbour is reported when it is its own turn
        if other.series == program.series and other.cycle < program.cycle:
            before.append(other)
    return [measure(open_study(data, p.id)) for p in sorted(before, key=lambda p: p.cycle)]


def decide(workbook: Workbook, measured: EvaluationResult) -> EvaluationResult:
    """Findings, verdict, recommendations and follow-up added to what was measured.

    An agency's own catalogue outside the program's folder joins the provenance.
    """
    program, data = workbook.study.program, workbook.data
    catalogues = agency_files(data.raw(program.id))
    known = {item.path for item in measured.provenance.inputs}
    shared = [path for path in catalogues if path.parent == data.path and path.name not in known]
    inputs = (*measured.provenance.inputs, *(_input_file(path) for path in shared))
    provenance = dataclasses.replace(measured.provenance, inputs=inputs)
    measured = dataclasses.replace(measured, provenance=provenance)
    return conclude(program, measured, earlier_cycles(program, data), catalogues=catalogues)


def _input_file(path: Path) -> InputFile:
    content = path.read_bytes()
    return InputFile(f"../../{path.name}", hashlib.sha256(content).hexdigest(), len(content))


def evaluate(workbook: Workbook) -> EvaluationResult:
    """The whole result of one program."""
    return decide(workbook, measure(workbook.study))
