"""What a batch shows while it runs: a line for each program that is ready, and on a terminal also
each program at work with its present cell, the time that has passed and the time that is left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import closing

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from evaluasi_lib.reporting.batch import Outcome, Step, Watch
from evaluasi_lib.wording import _

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
