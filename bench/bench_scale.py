"""Hundreds of programs in one batch: does memory stay flat, and what would 100,000 take?

Makes N small programs, each the shipped nsw-1976 under its own name with rows that are drawn anew
(with replacement, as many as --rows), and reports all of them in one batch: cleaned, measured,
written. Every second the resident memory of the process that runs papermill and of the nursery that
kernels are forked from is read, and the largest of a kernel. Then the same command again, which
finds every report unchanged.

Prints what was measured; a model (a straight line through the measured times of completion, after
the kernels are warm); and a simulation of --large programs on --workers machines, which draws each
program's time from those that were measured, and loses a worker now and then. What is printed says
which is which.

    nice -n 10 python bench/bench_scale.py [--programs 500] [--rows 200] [--jobs 2]
                                           [--large 100000] [--workers 1 10 100] [--lost 0.001]
"""

from __future__ import annotations

import argparse
import csv
import heapq
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "data" / "raw" / "nsw-1976"
POINTS = (1, 5, 20, 100, 500)
NURSERY = "evaluasi_lib.reporting.warm"


def make_programs(raw: Path, n: int, n_rows: int) -> list[str]:
    """n programs with rows of their own. Two outcomes of the same design would say nothing new."""
    declared = (MODEL / "program.yml").read_text(encoding="utf-8")
    declared = declared.replace("series: nsw\n", "")
    with (MODEL / "nsw.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    names = [f"program-{i:05d}" for i in range(n)]
    for i, name in enumerate(names):
        folder = raw / name
        folder.mkdir(parents=True)
        (folder / "program.yml").write_text(
            declared.replace("id: nsw-1976", f"id: {name}"), encoding="utf-8"
        )
        with (folder / "nsw.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *random.Random(i).choices(rows, k=n_rows)])
    return names


def memory(pid: int) -> float:
    """Resident MB of a process, 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(c) for task in tasks for c in (task / "children").read_text().split()]
    except OSError:
        return []


class Watched:
    """What a batch was seen to do: (seconds, reports ready, MB of the parent, the nursery, the
    largest kernel) once a second, and the second at which each report was ready. Prints a row at
    each of POINTS."""

    def __init__(self, command: Sequence[str], out: Path, names: Sequence[str]) -> None:
        self.seen: list[tuple[float, int, float, float, float]] = []
        self.ready: list[float] = []
        points = list(POINTS)
        print("| reports ready | after s | parent MB | nursery MB | largest kernel MB |")
        print("|---:|---:|---:|---:|---:|", flush=True)
        start = time.perf_counter()
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None:
                time.sleep(1)
                now = time.perf_counter() - start
                n = sum((out / name / ".stamp.json").is_file() for name in names)
                self.ready += [now] * (n - len(self.ready))
                nursery = children(process.pid)
                kernels = [c for parent in nursery for c in children(parent)]
                own = memory(process.pid), sum(map(memory, nursery))
                self.seen.append((now, n, *own, max(map(memory, kernels), default=0.0)))
                while points and n >= points[0]:
                    alive = [row for row in self.seen if row[3]]  # not when it has just ended
                    _now, _n, parent, forks, _kernel = alive[-1]
                    largest = max(row[4] for row in self.seen)
                    row = f"| {points.pop(0)} | {now:.0f} | {parent:.0f} | {forks:.0f} |"
                    print(row, f"{largest:.0f} |", flush=True)
        self.seconds = time.perf_counter() - start
        assert process.returncode == 0, f"{len(self.ready)} of {len(names)} reports"


def simulate(times: Sequence[float], n: int, workers: int, lost: float, seed: int = 1) -> float:
    """Hours for n programs on workers with one program at a time, its time drawn from those that
    were measured; a program whose worker is lost is begun again elsewhere, a minute later."""
    rng = random.Random(seed)
    free = [0.0] * workers
    heapq.heapify(free)
    for _program in range(n):
        begin = heapq.heappop(free)
        while rng.random() < lost:
            begin += rng.choice(times) * rng.random() + 60
        heapq.heappush(free, begin + rng.choice(times))
    return max(free) / 3600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=500)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--lost", type=float, default=0.001, help="share of programs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-scale-") as place:
        data, out = Path(place) / "data", Path(place) / "out"
        names = make_programs(data / "raw", options.programs, options.rows)
        command = [sys.executable, "-m", "evaluasi_lib", "report", "--all", "--data", str(data)]
        command += ["--out", str(out), "--jobs", str(options.jobs)]
        print(f"{len(names)} programs of {options.rows} rows, {options.jobs} at a time: measured\n")
        batch = Watched(command, out, names)
        start = time.perf_counter()
        again = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        skipped = time.perf_counter() - start
        assert len(again.splitlines()) == len(names) + 1
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    each = skipped / len(names)
    print(
        f"\nthe index page was there after {batch.seconds:.0f} s. Again: {len(names)} unchanged in"
    )
    print(
        f"{skipped:.1f} s, {1000 * each:.0f} ms each, start and index page included. Processor time"
    )
    print(f"of both: {used.ru_utime + used.ru_stime:.0f} s")
    line = statistics.linear_regression(range(1, len(names) + 1), batch.ready)
    print(f"\nmodel: {line.intercept:.1f} s and {line.slope:.2f} s for each program; for", end=" ")
    print(f"{options.large:,}: {(line.intercept + line.slope * options.large) / 3600:.1f} hours on")
    print(f"one such machine; unchanged, all of them: {each * options.large / 60:.0f} minutes\n")
    half = len(names) // 2
    times = [line.slope * options.jobs * t for t in _spread(batch.ready[half:])]
    print(f"simulation of machines with {options.jobs} programs at a time; a program in", end=" ")
    print(f"{round(1 / options.lost):,} loses its worker:\n\n| machines | hours |\n|---:|---:|")
    for workers in options.workers:
        hours = simulate(times, options.large, workers * options.jobs, options.lost)
        print(f"| {workers} | {hours:.1f} |")


def _spread(ready: Sequence[float], block: int = 10) -> list[float]:
    """Times of blocks of programs, as shares of their mean: what they differ by."""
    blocks = [b - a for a, b in zip(ready[::block], ready[block::block], strict=False)] or [1.0]
    mean = statistics.fmean(blocks)
    return [b / mean for b in blocks]


if __name__ == "__main__":
    main()
