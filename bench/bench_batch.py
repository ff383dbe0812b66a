"""A batch of reports beside a loop of commands, and beside the limit of the machine.

Four ways make the HTML reports of the same programs, by turns, each into a new folder, from data
that are cleaned already:

- commands: one program after the other, `papermill`, then `jupyter nbconvert` for its page;
- before: `evaluasi report --jobs N` of another checkout, where --before names one;
- batch: `evaluasi report --jobs N` of this one;
- limit: the work of the notebook's cells as function calls, in N processes that have imported the
  library and made one report before the clock starts.

The medians are printed as a table, with ratios. Every report of every way must have all of its
figures, and the same result.json to the byte. With --kills the batch is also killed at random
moments and started again; what it gives in the end must be the same bytes as an undisturbed one.

    python bench/bench_batch.py [--programs ID ...] [--copies N] [--jobs 2] [--repeats 5]
                                [--before CHECKOUT] [--kills 10] [--ways batch limit]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "notebooks" / "02_evaluasi_program.ipynb"
WARM = "nsw-1976"  # made before the clock starts, to fill every cache
Way = Callable[[Path, Sequence[str], Path, int], None]


def by_commands(data: Path, programs: Sequence[str], out: Path, _jobs: int) -> None:
    """A loop that a person would write."""
    out.mkdir()
    for name in programs:
        made = out / f"{name}.ipynb"
        values = {"program_id": name, "data_dir": data, "out_dir": out}
        chosen = [part for pair in values.items() for part in ("-p", *map(str, pair))]
        _run(["papermill", NOTEBOOK, made, "-p", "explore", "False", *chosen, "--cwd", ROOT], ROOT)
        _run(["jupyter", "nbconvert", "--to", "html", made], ROOT)


def by_batch(data: Path, programs: Sequence[str], out: Path, jobs: int, root: Path = ROOT) -> None:
    """The command of a checkout."""
    command = ["report", *programs, "--data", data, "--out", out, "--jobs", jobs]
    _run(["evaluasi_lib", *command], root)


def _run(command: Sequence[object], root: Path) -> None:
    """A module as a command, with the library of a checkout."""
    words = [sys.executable, "-m", *map(str, command)]
    place = os.environ | {"PYTHONPATH": str(root)}
    subprocess.run(words, check=True, cwd=root, env=place, capture_output=True)


def _work(data: Path, name: str, out: Path) -> None:
    """What the cells of the notebook do, and nothing besides."""
    import evaluasi_lib as el

    program = el.open(name, "id", str(data))
    shown = [program.scales, program.effects()]
    if shown[1]["g"].notna().any():
        shown.append(el.forest(shown[1]))
    report = program.report()
    for thing in (*shown, program.verdict(), *report):
        thing._repr_html_()
    report.save(str(out), "html")


def _prepare(data: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _work(data, WARM, Path(folder))


def limit(data: Path, programs: Sequence[str], out: Path, jobs: int) -> float:
    """Seconds that warm processes take."""
    out.mkdir()
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, _prepare, (data,)) as pool:
        pool.starmap(_work, [(data, WARM, out / "warm")] * jobs, chunksize=1)
        start = time.perf_counter()
        pool.starmap(_work, [(data, name, out) for name in programs], chunksize=1)
        return time.perf_counter() - start


def results_of(out: Path, programs: Sequence[str]) -> dict[str, tuple[bytes, int]]:
    """result.json of each program, and how many figures its page has."""
    pages = {name: (out / name / "laporan.html").read_text(encoding="utf-8") for name in programs}
    return {
        name: ((out / name / "result.json").read_bytes(), page.count("<figure"))
        for name, page in pages.items()
    }


def make_copies(data: Path, n: int) -> list[str]:
    """n programs, each a copy of the smallest under a name of its own."""
    names = [f"salinan-{i:04d}" for i in range(n)]
    for name in names:
        folder = data / "raw" / name
        shutil.copytree(data / "raw" / WARM, folder)
        declared = folder / "program.yml"
        text = declared.read_text(encoding="utf-8").replace(WARM, name)
        declared.write_text(text, encoding="utf-8")
    return names


def check_kills(data: Path, programs: Sequence[str], folder: Path, jobs: int, kills: int) -> None:
    """Kill a batch again and again, let it end, and compare it with an undisturbed one."""
    whole, killed = folder / "whole", folder / "killed"
    start = time.perf_counter()
    by_batch(data, programs, whole, jobs)
    longest = time.perf_counter() - start
    command = [sys.executable, "-m", "evaluasi_lib", "report", *programs, "--data", str(data)]
    command += ["--out", str(killed), "--jobs", str(jobs)]
    for _kill in range(kills):
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(random.uniform(0, longest))
            process.kill()
    by_batch(data, programs, killed, jobs)
    for name in programs:
        for file in ("result.json", "laporan.html"):
            assert (whole / name / file).read_bytes() == (killed / name / file).read_bytes(), name
    left = {p.name for p in killed.iterdir()} - {p.name for p in whole.iterdir()}
    assert not left, left
    print(f"killed {kills} times: the same bytes in the end, and nothing left over")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", nargs="*", default=[])
    parser.add_argument("--copies", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--ways", nargs="*")
    options = parser.parse_args()
    ways: dict[str, Way] = {"commands": by_commands, "batch": by_batch, "limit": limit}
    if options.before is not None:
        before = options.before.resolve()
        ways["before"] = lambda data, names, out, jobs: by_batch(data, names, out, jobs, before)
    chosen = options.ways or list(ways)
    with tempfile.TemporaryDirectory(prefix="bench-batch-") as place:
        folder = Path(place)
        data = folder / "data"
        shutil.copytree(ROOT / "data" / "raw", data / "raw")
        programs = options.programs or sorted(p.parent.name for p in data.glob("raw/*/program.yml"))
        if options.copies:
            programs = make_copies(data, options.copies)
        by_batch(data, [*programs, WARM], folder / "first", options.jobs)  # cleans the data
        expected = results_of(folder / "first", programs)
        seconds: dict[str, list[float]] = {way: [] for way in chosen}
        for turn in range(options.repeats):
            for way in chosen:
                out = folder / f"{way}-{turn}"
                start = time.perf_counter()
                timed = ways[way](data, programs, out, options.jobs)
                seconds[way].append(timed or time.perf_counter() - start)
                found = results_of(out, programs)
                assert found == expected or way == "before", f"{way}: another result"
                shutil.rmtree(out)
        if options.kills:
            check_kills(data, programs, folder, options.jobs, options.kills)
    medians = {way: statistics.median(times) for way, times in seconds.items()}
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{len(programs)} programs, {options.jobs} at a time, {options.repeats} turns; ")
    print(f"the largest process held {peak:,.0f} MB\n")
    print("| way | wall s | s a program | of the limit | least to most |")
    print("|---|---:|---:|---:|---:|")
    for way, median in sorted(medians.items(), key=lambda item: -item[1]):
        ratio = f"{median / medians['limit']:.2f}" if "limit" in medians else ""
        span = f"{min(seconds[way]):.1f} to {max(seconds[way]):.1f}"
        print(f"| {way} | {median:.1f} | {median / len(programs):.2f} | {ratio} | {span} |")


if __name__ == "__main__":
    main()
