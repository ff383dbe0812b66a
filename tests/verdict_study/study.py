"""Repetitions: draw, write, evaluate, judge; in several processes, and none is ever dropped."""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.verdict_study.adapter import RefusedError, result_of
from tests.verdict_study.agency import write_program
from tests.verdict_study.judge import Truth, judge, truths_of
from tests.verdict_study.situations import Situation, every_situation

# Pseudonyms need some key; nobody is in these data, and none shall be left on the machine.
KEY = {"EVALUASI_KEY": "study-of-verdicts-" * 3}


@cache
def known_truths(name: str) -> dict[str, Truth]:
    return truths_of(every_situation()[name])


def evaluate_once(situation: Situation, repetition: int, folder: Path) -> dict[str, Any]:
    """result.json of one repetition, whose files are written below `folder`."""
    rng = situation.rng(repetition)
    write_program(folder / "raw" / situation.name, situation.draw(rng), rng)
    with patch.dict(os.environ, KEY):
        return result_of(folder, situation.name)


def repeat(name: str, repetition: int) -> dict[str, Any]:
    """One repetition judged: the fields of Judged, or `refused` (the library's message), or `error`
    (the last line of what went wrong); `seconds` for the evaluation."""
    situation = every_situation()[name]
    row: dict[str, Any] = {"situation": name, "repetition": repetition}
    start = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory(prefix="verdict-study-") as folder:
            result = evaluate_once(situation, repetition, Path(folder))
        row |= dataclasses.asdict(judge(situation, known_truths(name), result))
        row["n"] = max((e["n_program"] or 0) + (e["n_comparison"] or 0) for e in result["effects"])
    except RefusedError as refusal:
        row["refused"] = str(refusal)
    except Exception:
        row["error"] = traceback.format_exc(limit=-3)
    row["seconds"] = time.perf_counter() - start
    return row


def run(
    names: Iterable[str], repetitions: int, jobs: int = 1, say: Callable[[str], None] = print
) -> list[dict[str, Any]]:
    """Every repetition of every situation, in the order of the situations."""
    tasks = [(name, number) for name in names for number in range(repetitions)]
    if jobs == 1:
        rows = [repeat(*task) for task in tasks]
    else:
        rows = []
        with ProcessPoolExecutor(jobs) as pool:
            waiting = {pool.submit(repeat, *task): task for task in tasks}
            for done, future in enumerate(as_completed(waiting), 1):
                name, number = waiting[future]
                try:
                    rows.append(future.result())
                except Exception as error:  # a process that died
                    rows.append({"situation": name, "repetition": number, "error": repr(error)})
                if done % 50 == 0:
                    say(f"{done} of {len(tasks)}")
    order = {task: place for place, task in enumerate(tasks)}
    return sorted(rows, key=lambda row: order[row["situation"], row["repetition"]])
