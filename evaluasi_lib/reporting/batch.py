"""Reports of many programs through papermill: each on its own, none stopping the others.

Threads of one process run papermill; each run has a fresh kernel, forked warm where that is
possible (see `warm`). A report that is there, whole and made from what is there now, is left alone
(see `stamp`), so a batch that was stopped goes on where it stood. While it runs, it shows a line
for each program that is ready, and on a terminal each program at work with its present cell, the
time that has passed and the time that is left.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
import shutil
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Semaphore
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from evaluasi_lib import wording
from evaluasi_lib.check import DataFolder
from evaluasi_lib.folders import only_writer, replace_file, replace_folder, sweep
from evaluasi_lib.reporting.stamp import FORMATS, Sources, is_unchanged, write_stamp
from evaluasi_lib.wording import EvaluationError, Problem, UsageError, _, os_problem

FAILED_FOLDER = "_gagal"
PORTFOLIO_FOLDER = "_portofolio"
STALE = "USANG.txt"  # in a report's folder: it rests on data that were deleted

# Told of each cell that begins: program, share of its cells begun (0 to 1), the heading above.
Watch = Callable[[str, float, str], None]


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
    time_limit: float | None = None  # seconds for the program, all languages together
    stamp: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job. `failure` is a short reason in words, or None."""

    program_id: str
    failure: str | None = None
    kept_notebook: Path | None = None
    unchanged: bool = False


class Stopped(Exception):
    """The batch was stopped while this program ran."""


@dataclass(eq=False)
class Turn:
    """A program's turn to compute, which its kernel, once it is up, waits for.

    places: held by each program that computes. before: the turn that begins first. stop: set when
    no further cell shall begin.
    """

    places: Semaphore = field(default_factory=Semaphore)
    before: Turn | None = None
    stop: Event = field(default_factory=Event)
    began: float | None = None
    past: Event = field(default_factory=Event)  # it has begun, or ended without that

    def take(self) -> None:
        """Wait for the turn, if it has not come yet. Raises Stopped."""
        if self.began is None:
            if self.before is not None:
                self.before.past.wait()
            self.places.acquire()
            self.began = time.monotonic()
            self.past.set()
        if self.stop.is_set():
            raise Stopped

    def close(self) -> None:
        """It is the next one's turn."""
        if self.began is not None:
            self.places.release()
        self.past.set()


def run_program(job: Job, watch: Watch | None = None, turn: Turn | None = None) -> Outcome:
    """Make the report folder of one program: the one place that runs one program.

    Each language is one run of the notebook, which writes into a folder of its own; the finished
    folder takes the old one's place, and nothing is left half-written.
    """
    wording.set_language(job.message_language)
    kept = job.out_dir / FAILED_FOLDER / f"{job.program_id}.ipynb"
    turn = turn or Turn()
    try:
        with closing(turn), replace_folder(job.out_dir / job.program_id) as staging:
            for language in job.languages:
                _run_language(job, language, staging, kept, watch, turn)
            if job.stamp is not None:
                write_stamp(staging, job.stamp)
    except Exception as error:  # one program must not stop the others
        own = isinstance(error, EvaluationError) and kept.is_file()
        return Outcome(job.program_id, _reason(error), kept if own else None)
    kept.unlink(missing_ok=True)
    return Outcome(job.program_id)


def _reason(error: Exception) -> str:
    """Why a program failed, in words where it is a failure that is expected."""
    if isinstance(error, OSError):
        return str(os_problem(error))
    said = str(error)
    return said if isinstance(error, EvaluationError) else f"{type(error).__name__}: {said}"[:300]


def _run_language(
    job: Job, language: str, staging: Path, kept: Path, watch: Watch | None, turn: Turn
) -> None:
    from evaluasi_lib.reporting import running

    cells = len(json.loads(job.notebook.read_text(encoding="utf-8"))["cells"]) + 1  # parameters
    place, heading = job.languages.index(language), ""

    def begin(cell: Any, number: int) -> None:
        nonlocal heading
        turn.take()
        first = str(cell["source"]).partition("\n")[0]
        if cell["cell_type"] == "markdown" and first.startswith("#"):
            heading = first.lstrip("# ")
        if watch is not None:
            watch(job.program_id, (place + number / cells) / len(job.languages), heading)

    def deadline() -> float:
        return (turn.began or 0) + (math.inf if job.time_limit is None else job.time_limit)

    executed = staging / ("notebook.ipynb" if place == 0 else f"notebook.{language}.ipynb")
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
        running.run_notebook(job.notebook, executed, parameters, begin, deadline)
    except EvaluationError:
        kept.unlink(missing_ok=True)  # that of an earlier run tells of another failure
        if executed.is_file():
            kept.parent.mkdir(parents=True, exist_ok=True)
            executed.replace(kept)
        raise
    for path in sorted((inner / job.program_id).iterdir()):
        if place == 0 or path.name != "result.json":
            path.rename(staging / path.name)
    shutil.rmtree(inner)


def run_jobs(
    jobs: Sequence[Job], workers: int, scheduler: str | None = None, watch: Watch | None = None
) -> Iterator[Outcome]:
    """Outcomes as the jobs end. Kernels of this machine, or a Dask cluster at `scheduler`."""
    if scheduler is not None:
        yield from _run_on_cluster(jobs, scheduler)
    elif jobs:
        yield from _run_here(jobs, workers, watch)


def _run_here(jobs: Sequence[Job], workers: int, watch: Watch | None) -> Iterator[Outcome]:
    from evaluasi_lib.reporting import warm

    turns: list[Turn | None] = [None]
    places, stop = Semaphore(workers), Event()
    for _job in jobs:
        turns.append(Turn(places, turns[-1], stop))
    pool = ThreadPoolExecutor(min(workers + 1, len(jobs)))  # one kernel comes up meanwhile
    try:
        with warm.kernels():
            running = [
                pool.submit(run_program, job, watch, turn)
                for job, turn in zip(jobs, turns[1:], strict=True)
            ]
            importlib.import_module("evaluasi_lib.reporting.index")  # while the nursery imports too
            try:
                for future in as_completed(running):
                    yield future.result()
            finally:
                stop.set()
    finally:  # after Ctrl-C no kernel is left, so threads end and take away what is half-written
        pool.shutdown(cancel_futures=True)


def _run_on_cluster(jobs: Sequence[Job], scheduler: str) -> Iterator[Outcome]:
    try:
        from distributed import Client
        from distributed import as_completed as completed
    except ImportError as error:
        remedy = 'pip install "evaluasi[cluster]"'
        text = _("a cluster needs the extra “cluster”")
        raise UsageError(Problem(text, where="--scheduler", remedy=remedy)) from error
    with Client(scheduler) as client:
        running = client.map(_run_on_worker, list(jobs), pure=False)
        programs = {f.key: job.program_id for f, job in zip(running, jobs, strict=True)}
        for future in completed(running):
            try:
                yield future.result()
            except Exception as error:  # the worker died with it, again and again
                yield Outcome(programs[future.key], _reason(error))


def _run_on_worker(job: Job) -> Outcome:
    from evaluasi_lib.reporting import warm

    warm.start()  # once in the life of a worker
    return run_program(job)


@contextmanager
def writing(out_dir: Path) -> Iterator[None]:
    """Be the only one who writes into a folder of reports; what dead runs left there goes.

    Raises UsageError that says who is writing there now.
    """
    with only_writer(out_dir):
        sweep(out_dir)
        yield


def make_reports(
    jobs: Sequence[Job],
    data: DataFolder,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    force: bool = False,
    watch: Watch | None = None,
) -> Generator[Outcome]:
    """Outcomes of jobs that share a folder of data and one of reports, then the index page.

    Reports that are unchanged come first. With force they are made again, from data that are
    cleaned again. When the generator is closed, so is what it started.
    Raises UsageError where another process writes into the folder of reports.
    """
    from evaluasi_lib.reporting import warm

    out = jobs[0].out_dir
    with writing(out), ExitStack() as kernels:
        sources = Sources(data, jobs[0].notebook, out)
        outcomes: list[Outcome] = []
        ahead: list[Job] = []
        for job in jobs:
            stamp = sources.stamp(job.program_id, job.languages, job.formats)
            if not force and is_unchanged(out / job.program_id, stamp):
                outcomes.append(Outcome(job.program_id, unchanged=True))
                yield outcomes[-1]
            else:
                if force:  # processed data without a manifest are stale
                    (data.processed(job.program_id) / "manifest.json").unlink(missing_ok=True)
                if scheduler is None and not ahead:  # it takes seconds, so it begins at once
                    kernels.enter_context(warm.kernels())
                ahead.append(dataclasses.replace(job, stamp=stamp))
        # The longest first, so that none of them is left for the end, with idle cores beside it.
        ahead.sort(key=lambda job: sources.size(job.program_id), reverse=True)
        for outcome in run_jobs(ahead, workers, scheduler, watch):
            outcomes.append(outcome)
            yield outcome
        write_index(out, data, outcomes)


def write_index(out_dir: Path, data: DataFolder, outcomes: Sequence[Outcome]) -> Path:
    """The page over all reports in out_dir, with their status and the reasons of failures."""
    from evaluasi_lib.reporting.index import brief, index_html

    failures = {outcome.program_id: outcome.failure for outcome in outcomes if outcome.failure}
    entries = []
    for program_id in dict.fromkeys([*data.program_ids, *(o.program_id for o in outcomes)]):
        path = out_dir / program_id / "result.json"
        result = brief(path.read_text(encoding="utf-8")) if path.is_file() else None
        failure = failures.get(program_id)
        if result is not None or failure is not None:
            files = [] if result is None else _report_files(path.parent)
            entry = {"program_id": program_id, "result": result, "failure": failure}
            stale = (path.parent / STALE).is_file()
            entries.append({**entry, "files": files, "stale": stale})
    page = out_dir / "index.html"
    links = [f"{PORTFOLIO_FOLDER}/{name}" for name in ("laporan.html", "report.html")]
    links = [link for link in links if (out_dir / link).is_file()]
    replace_file(page, index_html(entries, links).encode())
    return page


def mark_stale(out_dir: Path, data: DataFolder, program_id: str) -> list[str]:
    """Mark the reports that rest on a program's data as out of date; the names of their folders.

    They are the program's own, those of later cycles of its series, and that over all programs. A
    report that is made again loses the mark.
    """
    sources = Sources(data)
    after = [other for other in data.program_ids if program_id in sources.earlier(other)]
    note = _("A person's data were deleted after this report was made. Make it again.")
    places = (out_dir / name for name in (program_id, *after, PORTFOLIO_FOLDER))
    folders = [folder for folder in places if folder.is_dir()]
    for folder in folders:
        (folder / STALE).write_text(note + "\n", encoding="utf-8", newline="\n")
    (out_dir / FAILED_FOLDER / f"{program_id}.ipynb").unlink(missing_ok=True)
    return [folder.name for folder in folders]


def _report_files(folder: Path) -> list[str]:
    """The forms of a report that a reader opens, in a fixed order."""
    order = [f".{form}" for form in FORMATS]
    found = [p.name for p in folder.iterdir() if p.suffix in order]
    return sorted(found, key=lambda name: (order.index(Path(name).suffix), name))


def show_progress(total: int, start: Callable[[Watch], Generator[Outcome]]) -> list[Outcome]:
    """Run a batch of `total` programs to its end. start: takes what is to be told of every cell."""
    console = Console(highlight=False, soft_wrap=True)
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    done: list[Outcome] = []
    rows: dict[str, TaskID] = {}  # of the programs at work
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        everything = progress.add_task(_("Reports"), total=total)

        def watch(program_id: str, share: float, heading: str) -> None:  # from several threads
            if program_id not in rows:
                rows[program_id] = progress.add_task("", total=1)
            text = f"{program_id}: {heading}"
            progress.update(rows[program_id], description=text, completed=share)
            begun = sum(task.completed for task in progress.tasks if task.id != everything)
            progress.update(everything, completed=len(done) + begun)

        with closing(start(watch)) as outcomes:
            for outcome in outcomes:
                done.append(outcome)
                if outcome.program_id in rows:
                    progress.remove_task(rows.pop(outcome.program_id))
                progress.update(everything, completed=len(done))
                state = _("failed") if outcome.failure else _("done")
                state = _("unchanged") if outcome.unchanged else state
                line = f"[{len(done)}/{total}] {outcome.program_id}: {state}"
                console.print(line, markup=False)
    return done
