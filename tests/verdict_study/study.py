"""Repetitions (draw, write, evaluate, judge, in several processes, and none is ever dropped), and
their table, with figures that miss an aim in bold."""

from __future__ import annotations

import os
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from tests.pages import bold, put
from tests.verdict_study.adapter import RefusedError, result_of
from tests.verdict_study.agency import write_program
from tests.verdict_study.draw import DESIGNS, Rows, draw, every_situation, rng_of
from tests.verdict_study.judge import KINDS, Truth, Truths, judge, truths_of

# Pseudonyms need some key; nobody is in these data, and none shall be left on the machine.
KEY = {"EVALUASI_KEY": "study-of-verdicts-" * 3}
MAX_WRONG, MIN_FOUND = 0.05, 0.9
MISSED = {"wrong": "Wrong claims", "silent": "Silent", "found": "Found", "verdicts": "Verdicts"}
SHORT = {"scale_up": "scale up", "insufficient_evidence": "insufficient"}


@cache
def known_truths(name: str) -> Truths:
    return truths_of(every_situation()[name])


def repeat(name: str, repetition: int) -> dict[str, Any]:
    """One repetition judged: what `judge` says, or `refused` (the library's message), or `error`
    (the last lines of what went wrong); `seconds` for the evaluation."""
    situation = every_situation()[name]
    row: dict[str, Any] = {"situation": name, "repetition": repetition}
    start = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory(prefix="verdict-study-") as folder:
            rng = rng_of(name, repetition)
            write_program(Path(folder) / "raw" / name, draw(rng, situation), rng)
            with patch.dict(os.environ, KEY):
                result = result_of(Path(folder), name)
        row |= judge(situation, known_truths(name), result)
        row["n"] = max((e["n_program"] or 0) + (e["n_comparison"] or 0) for e in result["effects"])
    except RefusedError as refusal:
        row["refused"] = str(refusal)
    except Exception:
        row["error"] = traceback.format_exc(limit=-3)
    return row | {"seconds": time.perf_counter() - start}


def run(
    names: Iterable[str], repetitions: int, jobs: int = 1, say: Callable[[str], None] = print
) -> list[dict[str, Any]]:
    """Every repetition of every situation, in the order of the situations."""
    tasks = [(name, number) for name in names for number in range(repetitions)]
    if jobs == 1:
        return [repeat(*task) for task in tasks]
    rows = {}
    with ProcessPoolExecutor(jobs) as pool:
        waiting = {pool.submit(repeat, *task): task for task in tasks}
        for done, future in enumerate(as_completed(waiting), 1):
            task = waiting[future]
            try:
                rows[task] = future.result()
            except Exception as error:  # a process that died
                rows[task] = {"situation": task[0], "repetition": task[1], "error": repr(error)}
            if done % 50 == 0:
                say(f"{done} of {len(tasks)}")
    return [rows[task] for task in tasks]


def summarise(situation: Rows, truths: Truths, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures of one situation. Shares are of all repetitions, refused and failed ones included;
    bias and coverage of those with an estimate."""
    total = len(rows)
    judged = [row for row in rows if "decision" in row]
    shares = Counter(row["decision"] for row in judged)
    shares |= {kind: sum(kind in row for row in rows) for kind in ("refused", "error")}

    def share(holds: Callable[[dict[str, Any]], Any]) -> float:
        return sum(bool(holds(row)) for row in judged) / total

    known = ("design", "words", "can_tell", "works")
    return {
        "situation": situation.name,
        **{key: getattr(situation, key) for key in known},
        "repetitions": total,
        "n": int(np.median([row["n"] for row in judged])) if judged else None,
        "verdicts": {name: n / total for name, n in shares.most_common() if n},
        "wrong": share(lambda row: row["wrong"]),
        "kinds": {k: share(lambda row, k=k: k in row["wrong"]) for k in KINDS},
        "silent": share(lambda row: row["silent"]),
        "nameless": not situation.must_say,
        "found": share(lambda row: row["found"]),
        "provisional": share(lambda row: row["provisional"]),
        "errors": shares["error"] / total,
        "seconds": float(np.mean([row.get("seconds", 0.0) for row in rows])),
        "outcomes": {name: _estimates(name, truth, judged) for name, truth in truths.items()},
    }


def _estimates(name: str, truth: Truth, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """True effect, bias and coverage of one primary estimate; gain: of the truth, in smallest
    effects of interest; bias_sesoi: bias in the same unit, positive is too good."""
    found = [row["estimates"][name] for row in rows if name in row["estimates"]]
    made = [e for e, _low, _high in found if e is not None]
    held = [low <= truth.effect <= high for _e, low, high in found if None not in (low, high)]
    unit = truth.effect / truth.gain if truth.gain else None
    bias = float(np.mean(made)) - truth.effect if made else None
    return {
        "effect": truth.effect, "gain": truth.gain, "estimates": len(made), "bias": bias,
        "bias_sesoi": bias / unit if bias is not None and unit else None,
        "coverage": float(np.mean(held)) if held else None,
    }  # fmt: skip


def misses(row: dict[str, Any]) -> set[str]:
    """Columns in which a situation misses an aim."""
    missed = {
        "wrong": row["can_tell"] and row["wrong"] > MAX_WRONG,
        "silent": row["silent"] > 0,
        "found": row["works"] and row["can_tell"] and row["found"] < MIN_FOUND,
        "verdicts": row["errors"] > 0,
    }
    return {name for name, so in missed.items() if so}


def _joined(values: list[float | None], form: str) -> str:
    """Values of each outcome; of many, the lowest and the highest."""
    if len(values) > 3:
        known = sorted(v for v in values if v is not None)
        return f"{_plain(known[0], form)} … {_plain(known[-1], form)}" if known else "–"
    return " / ".join(_plain(v, form) for v in values) or "–"


def _plain(value: float | None, form: str) -> str:
    """The number as text; a zero has no sign."""
    text = "–" if value is None else format(value, form)
    return text if text.strip("+-0.%") else text.lstrip("+-")


def _cells(row: dict[str, Any]) -> dict[str, str]:
    """What stands in each column."""
    outcomes = row["outcomes"].values()
    verdicts = (f"{SHORT.get(name, name)} {share:.0%}" for name, share in row["verdicts"].items())
    return {
        "Situation": row["situation"],
        "Design": DESIGNS[row["design"]],
        "n": str(row["n"] or "–"),
        "True gain": _joined([o["gain"] for o in outcomes], "+.1f"),
        "Can tell": "yes" if row["can_tell"] else "no",
        "Verdicts": ", ".join(verdicts),
        "Wrong claims": f"{row['wrong']:.0%}",
        "of which": ", ".join(f"{k} {s:.0%}" for k, s in row["kinds"].items() if s),
        "Silent": "–" if row["nameless"] else f"{row['silent']:.0%}",
        "Found": f"{row['found']:.0%}" if row["works"] else "",
        "Bias": _joined([o["bias"] for o in outcomes], "+.2f"),
        "Coverage": _joined([o["coverage"] for o in outcomes], ".0%"),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown, one row a situation."""
    lines = [bold(_cells(row), {MISSED[aim] for aim in misses(row)}) for row in rows]
    first, *others = (f"| {' | '.join(cells)} |" for cells in (lines[0], *map(dict.values, lines)))
    return "\n".join([first, "|" + "---|" * len(lines[0]), *others])


def summary_line(rows: list[dict[str, Any]]) -> str:
    """How many situations miss each aim."""
    tell, cannot = ([row for row in rows if row["can_tell"] is can] for can in (True, False))

    def missing(aim: str, among: list[dict[str, Any]] = rows) -> int:
        return sum(aim in misses(row) for row in among)

    return (
        f"{missing('wrong')} of {len(tell)} situations where the data can tell have more than 5% "
        f"wrong claims; {missing('silent')} of {len(rows)} have silent ones "
        f"({missing('silent', cannot)} of {len(cannot)} where the data cannot tell); "
        f"{missing('found')} of {sum(row['works'] for row in tell)} working programs are found "
        f"in fewer than 90%."
    )


def write(page: Path, rows: list[dict[str, Any]], situations: list[Rows]) -> None:
    """Put the study into its place in the page, with what happens in each situation and what would
    be a wrong claim."""
    repetitions = max(row["repetitions"] for row in rows)
    listed = "\n".join(f"- `{s.name}`: {s.words}. Wrong: {s.wrong}." for s in situations)
    said = f"{repetitions} repetitions of {len(rows)} situations: {summary_line(rows)}"
    put(page, "verdict study", f"{said}\n\n{table(rows)}\n\n{listed}")
