"""Reports of many programs through papermill: each on its own, none stopping the others.

Threads of one process run papermill; each run has a fresh kernel, forked warm where that is
possible (see `warm`). A report that is there, whole and made from what is there now, is left alone
(see `stamp`), so a batch that was stopped goes on where it stood.

What a batch shows while it runs: a line for each program that is ready, and on a terminal also
each program at work with its present cell, the time that has passed and the time that is left.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Event
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
from evaluasi_lib.reporting.stamp import Sources, is_unchanged, write_stamp
from evaluasi_lib.wording import EvaluationError, Problem, UsageError, _, os_problem

FAILED_FOLDER = "_gagal"
PORTFOLIO_FOLDER = "_portofolio"
STALE = "USANG.txt"  # in a report's folder: it rests on data that were deleted


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


@dataclass(frozen=True, slots=True)
class Step:
    """Where a program stands: share of its cells begun, 0 to 1, and the heading above."""

    program_id: str
    share: float
    heading: str


class Stopped(Exception):
    """The batch was stopped while this program ran."""


Watch = Callable[[Step], None]


class Room:
    """Places for programs that compute, given in the order in which their turns were made."""

    def __init__(self, places: int = 1) -> None:
        self._free, self._waiting, self._moved = places, deque[Turn](), Condition()

    def queue(self, turn: Turn) -> None:
        self._waiting.append(turn)

    def enter(self, turn: Turn) -> None:
        """Wait until the turn is the first of those that wait, and a place is free."""
        with self._moved:
            self._moved.wait_for(lambda: self._free > 0 and self._waiting[0] is turn)
            self._waiting.popleft()
            self._free -= 1
            self._moved.notify_all()

    def leave(self, turn: Turn) -> None:
        """Free the place of a turn, or that in the queue where it never began."""
        with self._moved:
            if turn in self._waiting:
                self._waiting.remove(turn)
            else:
                self._free += 1
            self._moved.notify_all()


@dataclass(eq=False)
class Turn:
    """A program's turn to compute, which its kernel, once it is up, waits for.

    room: held by each program that computes. stop: set when no further cell shall begin.
    """

    room: Room = field(default_factory=Room)
    stop: Event = field(default_factory=Event)
    began: float | None = None

    def __post_init__(self) -> None:
        self.room.queue(self)

    def take(self) -> None:
        """Wait for the turn, if it has not come yet. Raises Stopped."""
        if self.began is None:
            self.room.enter(self)
            self.began = time.monotonic()
        if self.stop.is_set():
            raise Stopped

    def close(self) -> None:
        """It is the next one's turn."""
        self.room.leave(self)


def run_program(job: Job, watch: Watch | None = None, turn: Turn | None = None) -> Outcome:
    """Make the report folder of one program: the one place that runs one program.

    Each language is one run of the notebook, which writes into a folder of its own; the finished
    folder takes the old one's place, and nothing is left half-written. watch is told of every
    cell that begins.
    """
    wording.set_language(job.message_language)
    kept = job.out_dir / FAILED_FOLDER / f"{job.program_id}.ipynb"
    turn = turn or Turn()
    try:
        with closing(turn), replace_folder(job.out_dir / job.program_id) as staging:
            for place, language in enumerate(job.languages):
                begin = _cells(job, place, watch, turn)
                _run_language(job, language, staging, kept, begin, turn)
            if job.stamp is not None:
                write_stamp(staging, job.stamp)
    except EvaluationError as error:
        return Outcome(job.program_id, str(error), kept if kept.is_file() else None)
    except OSError as error:
        return Outcome(job.program_id, str(os_problem(error)))
    except Exception as error:  # one program must not stop the others
        return Outcome(job.program_id, f"{type(error).__name__}: {error}"[:300])
    kept.unlink(missing_ok=True)
    return Outcome(job.program_id)


def _run_language(
    job: Job,
    language: str,
    staging: Path,
    kept: Path,
    begin: Callable[[Any, int], None],
    turn: Turn,
) -> None:
    from evaluasi_lib.reporting import running

    def deadline() -> float:
        return (turn.began or 0) + (math.inf if job.time_limit is None else job.time_limit)

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
        running.run_notebook(job.notebook, executed, parameters, begin, deadline)
    except EvaluationError:
        kept.unlink(missing_ok=True)  # that of an earlier run tells of another failure
        if executed.is_file():
            kept.parent.mkdir(parents=True, exist_ok=True)
            executed.replace(kept)
        raise
    for path in sorted((inner / job.program_id).iterdir()):
        if main or path.name != "result.json":
            path.rename(staging / path.name)
    shutil.rmtree(inner)


def _cells(job: Job, place: int, watch: Watch | None, turn: Turn) -> Callable[[Any, int], None]:
    """What is done at the beginning of each cell of the language at a place in the job's list."""
    cells = len(json.loads(job.notebook.read_text(encoding="utf-8"))["cells"]) + 1  # parameters
    heading = ""

    def begin(cell: Any, number: int) -> None:
        nonlocal heading
        turn.take()
        first = str(cell["source"]).partition("\n")[0]
        if cell["cell_type"] == "markdown" and first.startswith("#"):
            heading = first.lstrip("# ")
        if watch is not None:
            share = (place + number / cells) / len(job.languages)
            watch(Step(job.program_id, share, heading))

    return begin


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

    room, stop = Room(workers), Event()
    pool = ThreadPoolExecutor(min(workers + 1, len(jobs)))  # one kernel comes up meanwhile
    try:
        with warm.kernels():
            running = [pool.submit(run_program, job, watch, Turn(room, stop)) for job in jobs]
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
        running = {f.key: (f, job) for f, job in zip(
            client.map(_run_on_worker, list(jobs), pure=False), jobs, strict=True)}  # fmt: skip
        for future in completed([future for future, _job in running.values()]):
            try:
                yield future.result()
            except Exception as error:  # the worker died with it, again and again
                program_id = running[future.key][1].program_id
                yield Outcome(program_id, f"{type(error).__name__}: {error}"[:300])


def _run_on_worker(job: Job) -> Outcome:
    from evaluasi_lib.reporting import warm

    warm.start()  # once in the life of a worker
    return run_program(job)


def in_order(outcomes: Sequence[Outcome], jobs: Sequence[Job]) -> list[Outcome]:
    """Outcomes in the order in which the programs were asked for."""
    place = {job.program_id: i for i, job in enumerate(jobs)}
    return sorted(outcomes, key=lambda outcome: place[outcome.program_id])


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
    order = (".html", ".pdf", ".docx", ".xlsx")
    found = [p.name for p in folder.iterdir() if p.suffix in order]
    return sorted(found, key=lambda name: (order.index(Path(name).suffix), name))


Start = Callable[[Watch], Generator[Outcome]]


def show_progress(total: int, start: Start) -> list[Outcome]:
    """Run a batch of `total` programs to its end. start: takes what is to be told of every step."""
    console = Console(highlight=False, soft_wrap=True)
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    done: list[Outcome] = []
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        board = _Board(progress, total)
        with closing(start(board.step)) as outcomes:
            for outcome in outcomes:
                done.append(outcome)
                board.end(outcome)
                line = f"[{len(done)}/{total}] {outcome.program_id}: {_state(outcome)}"
                console.print(line, markup=False)
    return done


def _state(outcome: Outcome) -> str:
    if outcome.unchanged:
        return _("unchanged")
    return _("failed") if outcome.failure else _("done")


class _Board:
    """The rows of the display: all programs, then each that is at work."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._lock = progress, threading.Lock()
        self._all = progress.add_task(_("Reports"), total=total)
        self._rows: dict[str, TaskID] = {}
        self._shares: dict[str, float] = {}
        self._ended: set[str] = set()

    def step(self, step: Step) -> None:
        """Called from the threads that run the programs."""
        with self._lock:
            if step.program_id in self._ended:
                return
            if step.program_id not in self._rows:
                self._rows[step.program_id] = self._progress.add_task("", total=1)
            text = f"{step.program_id}: {step.heading}"
            row = self._rows[step.program_id]
            self._progress.update(row, description=text, completed=step.share)
            self._shares[step.program_id] = step.share
            self._count()

    def end(self, outcome: Outcome) -> None:
        """A program has ended: its row goes."""
        with self._lock:
            self._ended.add(outcome.program_id)
            self._shares.pop(outcome.program_id, None)
            row = self._rows.pop(outcome.program_id, None)
            if row is not None:
                self._progress.remove_task(row)
            self._count()

    def _count(self) -> None:
        completed = len(self._ended) + sum(self._shares.values())
        self._progress.update(self._all, completed=completed)
