"""Reports of many programs through papermill: each on its own, none stopping the others."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from evaluasi_lib import wording
from evaluasi_lib.errors import EvaluationError, Problem, UsageError, check_language, suggestion
from evaluasi_lib.folders import replace_folder
from evaluasi_lib.loading import DataFolder
from evaluasi_lib.wording import _

FAILED_FOLDER = "_gagal"
PORTFOLIO_FOLDER = "_portofolio"


@dataclass(frozen=True, slots=True)
class Job:
    """One program to report. Paths are absolute; a job can be sent to another process."""

    program_id: str
    notebook: Path
    data_dir: Path
    out_dir: Path
    languages: tuple[str, ...] = ("id",)
    formats: tuple[str, ...] = ("html",)
    message_language: str = "id"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job. `failure` is a short reason in words, or None."""

    program_id: str
    failure: str | None = None
    kept_notebook: Path | None = None


def split_languages(text: str) -> tuple[str, ...]:
    """ "id,en" -> ("id", "en"). Raises UsageError for an unknown language, or none."""
    codes = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for code in codes or ("",):
        check_language(code)
    return codes


STARTS = 3  # of a kernel that does not come up


def run_notebook(notebook: Path, output: Path, parameters: dict[str, object]) -> None:
    """Execute a notebook with papermill in a real kernel.

    Raises UsageError for parameters that the notebook lacks (papermill only warns), and
    EvaluationError with the notebook's own message where a cell fails.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    known = set(papermill.inspect_notebook(str(notebook)))
    text = _("the notebook has no parameter “{name}”")
    problems = [
        Problem(text.format(name=name), notebook.name, suggestion(name, sorted(known)))
        for name in parameters
        if name not in known
    ]
    if problems:
        raise UsageError(*problems)
    for left in reversed(range(STARTS)):
        try:
            papermill.execute_notebook(
                str(notebook),
                str(output),
                parameters=parameters,
                kernel_name="python3",
                progress_bar=False,
                log_output=False,
                extra_arguments=["--log-level=CRITICAL"],  # no notes of the kernel on itself
                cwd=str(notebook.parent),
            )
            return
        except PapermillExecutionError as error:
            raise EvaluationError(_short(error.ename, error.evalue)) from error
        except RuntimeError as error:
            # Another process took the port that was chosen for this kernel; no cell has run yet.
            if not left or "Kernel died before replying" not in str(error):
                raise


def _short(name: str, message: str) -> str:
    """A failure in words. Our own errors speak for themselves; others get their name in front."""
    lines = [line for line in str(message).splitlines() if line.strip()]
    if name in ("EvaluationError", *(child.__name__ for child in EvaluationError.__subclasses__())):
        return "\n".join(lines)
    first = lines[0] if lines else ""
    return _("unexpected error in the notebook: {name}: {message}").format(
        name=name, message=first[:200]
    )


def run_program(job: Job) -> Outcome:
    """Make the report folder of one program: the one place that runs one program.

    Each language is one run of the notebook, which writes into a folder of its own; the finished
    folder takes the old one's place, and nothing is left half-written.
    """
    wording.set_language(job.message_language)
    executed: Path | None = None
    try:
        with replace_folder(job.out_dir / job.program_id) as staging:
            for language in job.languages:
                main = language == job.languages[0]
                executed = staging / ("notebook.ipynb" if main else f"notebook.{language}.ipynb")
                inner = staging / f"_{language}"
                parameters: dict[str, object] = {
                    "program_id": job.program_id,
                    "language": language,
                    "data_dir": str(job.data_dir),
                    "out_dir": str(inner),
                    "formats": ",".join(job.formats),
                    "explore": False,  # a report is handed on: no rows of persons, no tries
                }
                try:
                    run_notebook(job.notebook, executed, parameters)
                except EvaluationError:
                    kept = job.out_dir / FAILED_FOLDER / f"{job.program_id}.ipynb"
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    if executed.is_file():
                        executed.replace(kept)
                    raise
                for path in sorted((inner / job.program_id).iterdir()):
                    if main or path.name != "result.json":
                        path.rename(staging / path.name)
                shutil.rmtree(inner)
    except EvaluationError as error:
        kept = job.out_dir / FAILED_FOLDER / f"{job.program_id}.ipynb"
        return Outcome(job.program_id, str(error), kept if kept.is_file() else None)
    except Exception as error:  # one program must not stop the others
        return Outcome(job.program_id, f"{type(error).__name__}: {error}"[:300])
    (job.out_dir / FAILED_FOLDER / f"{job.program_id}.ipynb").unlink(missing_ok=True)
    return Outcome(job.program_id)


def run_jobs(jobs: Sequence[Job], workers: int, scheduler: str | None = None) -> Iterator[Outcome]:
    """Outcomes as the jobs end. Processes of this machine, or a Dask cluster at `scheduler`."""
    if scheduler is not None:
        yield from _run_on_cluster(jobs, scheduler)
        return
    if workers == 1 or len(jobs) == 1:
        for job in jobs:
            yield run_program(job)
        return
    context = multiprocessing.get_context("spawn")
    pool: Executor
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context) as pool:
        running = {pool.submit(run_program, job): job for job in jobs}
        for future in as_completed(running):
            try:
                yield future.result()
            except Exception as error:  # the worker itself died
                yield Outcome(running[future].program_id, f"{type(error).__name__}: {error}")


def _run_on_cluster(jobs: Sequence[Job], scheduler: str) -> Iterator[Outcome]:
    try:
        from distributed import Client
        from distributed import as_completed as completed
    except ImportError as error:
        remedy = 'pip install "evaluasi[cluster]"'
        text = _("a cluster needs the extra “cluster”")
        raise UsageError(Problem(text, where="--scheduler", remedy=remedy)) from error
    with Client(scheduler) as client:
        for future in completed(client.map(run_program, list(jobs), pure=False)):
            yield future.result()


def show_progress(outcomes: Iterator[Outcome], total: int) -> list[Outcome]:
    """Collect the outcomes; a bar on a terminal, a line for each program elsewhere."""
    done: list[Outcome] = []
    if not sys.stdout.isatty():
        for outcome in outcomes:
            done.append(outcome)
            state = _("failed") if outcome.failure else _("done")
            print(f"[{len(done)}/{total}] {outcome.program_id}: {state}", flush=True)
        return done
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns) as progress:
        task = progress.add_task(_("Reports"), total=total)
        for outcome in outcomes:
            done.append(outcome)
            progress.update(task, advance=1, description=outcome.program_id)
    return done


def in_order(outcomes: Sequence[Outcome], jobs: Sequence[Job]) -> list[Outcome]:
    """Outcomes in the order in which the programs were asked for."""
    place = {job.program_id: i for i, job in enumerate(jobs)}
    return sorted(outcomes, key=lambda outcome: place[outcome.program_id])


def write_index(out_dir: Path, data: DataFolder, outcomes: Sequence[Outcome]) -> Path:
    """The page over all reports in out_dir, with their status and the reasons of failures."""
    from evaluasi_lib.reporting.index import index_html

    failures = {outcome.program_id: outcome.failure for outcome in outcomes if outcome.failure}
    entries = []
    for program_id in dict.fromkeys([*data.program_ids, *(o.program_id for o in outcomes)]):
        path = out_dir / program_id / "result.json"
        result = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        failure = failures.get(program_id)
        if result is not None or failure is not None:
            files = [] if result is None else _report_files(path.parent)
            entry = {"program_id": program_id, "result": result, "failure": failure}
            entries.append({**entry, "files": files})
    page = out_dir / "index.html"
    partial = page.with_name(".index.html")
    all_programs = out_dir / PORTFOLIO_FOLDER / "laporan.html"
    link = all_programs.relative_to(out_dir).as_posix() if all_programs.is_file() else ""
    partial.write_text(index_html(entries, link), encoding="utf-8", newline="\n")
    partial.replace(page)
    return page


def _report_files(folder: Path) -> list[str]:
    """The forms of a report that a reader opens, in a fixed order."""
    order = (".html", ".pdf", ".docx", ".xlsx")
    found = [p.name for p in folder.iterdir() if p.suffix in order]
    return sorted(found, key=lambda name: (order.index(Path(name).suffix), name))
