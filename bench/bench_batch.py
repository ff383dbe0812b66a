"""A batch of reports beside a loop of commands, and beside the limit of the machine.

Each way makes the HTML reports of the same programs, by turns, each into a new folder, from data
that are cleaned and measured already:

- commands: one program after the other, `papermill`, then `jupyter nbconvert` for its page;
- ordinary: `evaluasi report --jobs N` with a kernel that starts in the ordinary way;
- batch: `evaluasi report --jobs N`;
- before: the same of another checkout, where --before names one;
- limit: the work of the notebook's cells as function calls, in N processes that have imported the
  library and made one report before the clock starts, the longest programs first.

The medians are printed as a table, with ratios. Every report of every way must have all of its
figures, and the same result.json to the byte. With --kills the batch is also killed at random
moments and started again; what it gives in the end must be the same bytes as an undisturbed one.

    python bench/bench_batch.py [--programs ID ...] [--copies N] [--jobs 2] [--repeats 5]
                                [--before CHECKOUT] [--kills 10] [--ways batch limit]

--copies N: N copies of each program instead of the programs, under names of their own.
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


def by_ordinary(data: Path, programs: Sequence[str], out: Path, jobs: int) -> None:
    """The batch as it is where processes cannot be forked."""
    code = (
        "import sys; from evaluasi_lib.reporting import warm; warm.can_fork = lambda: False; "
        "from evaluasi_lib.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = ["report", *programs, "--data", data, "--out", out, "--jobs", jobs]
    _run([code, *command], ROOT, "-c")


def _run(command: Sequence[object], root: Path, kind: str = "-m") -> None:
    """A module, or code, as a command, with the library of a checkout."""
    words = [sys.executable, kind, *map(str, command)]
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
    from evaluasi_lib.check import DataFolder
    from evaluasi_lib.reporting.stamp import Sources

    out.mkdir()
    ordered = sorted(programs, key=Sources(DataFolder.at(str(data))).size, reverse=True)
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, _prepare, (data,)) as pool:
        pool.starmap(_work, [(data, WARM, out / "warm")] * jobs, chunksize=1)
        start = time.perf_counter()
        pool.starmap(_work, [(data, name, out) for name in ordered], chunksize=1)
        return time.perf_counter() - start


def results_of(out: Path, programs: Sequence[str]) -> dict[str, tuple[bytes, int, int]]:
    """result.json of each program, and how many figures its page has, and pictures in them."""
    pages = {name: (out / name / "laporan.html").read_text(encoding="utf-8") for name in programs}
    return {
        name: (
            (out / name / "result.json").read_bytes(),
            page.count("<figure"),
            page.count('src="data:image/svg+xml;base64,'),
        )
        for name, page in pages.items()
    }


def make_copies(data: Path, programs: Sequence[str], n: int) -> list[str]:
    """n copies of each program under names of their own, in no series."""
    copies = []
    for name in programs:
        for i in range(n):
            copies.append(f"{name}-salinan-{i:03d}")
            folder = data / "raw" / copies[-1]
            shutil.copytree(data / "raw" / name, folder)
            declared = folder / "program.yml"
            lines = declared.read_text(encoding="utf-8").replace(name, copies[-1]).splitlines()
            kept = [line for line in lines if not line.startswith("series:")]
            declared.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return copies


def check_kills(data: Path, programs: Sequence[str], folder: Path, jobs: int, kills: int) -> None:
    """Kill a batch that cleans, measures and reports, again and again while it runs, let it end,
    and compare it with an undisturbed one."""
    whole, killed = folder / "whole", folder / "killed"
    shutil.rmtree(data / "processed")
    start = time.perf_counter()
    by_batch(data, programs, whole, jobs)
    shutil.rmtree(data / "processed")
    longest = time.perf_counter() - start
    command = [sys.executable, "-m", "evaluasi_lib", "report", *programs, "--data", str(data)]
    command += ["--out", str(killed), "--jobs", str(jobs)]
    done = 0
    while done < kills:
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                process.wait(random.uniform(0, longest))
                for place in (killed, data / "processed"):  # it ended: from the start again
                    shutil.rmtree(place)
            except subprocess.TimeoutExpired:
                process.kill()
                done += 1
    by_batch(data, programs, killed, jobs)
    for name in programs:
        for file in ("result.json", "laporan.html"):
            assert (whole / name / file).read_bytes() == (killed / name / file).read_bytes(), name
    left = {p.name for p in killed.iterdir()} - {p.name for p in whole.iterdir()}
    assert not left, left
    print(f"\nkilled {kills} times while it ran: the same bytes in the end, and nothing left over")


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
    ways: dict[str, Way] = {
        "commands": by_commands, "ordinary": by_ordinary, "batch": by_batch, "limit": limit,
    }  # fmt: skip
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
            programs = make_copies(data, programs, options.copies)
        by_batch(data, [*programs, WARM], folder / "first", options.jobs)  # cleans the data
        expected = results_of(folder / "first", programs)
        assert all(pictures for _result, _figures, pictures in expected.values()), "no picture"
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
                print(f"turn {turn + 1}, {way}: {seconds[way][-1]:.1f} s", flush=True)
        if options.kills:
            check_kills(data, programs, folder, options.jobs, options.kills)
    medians = {way: statistics.median(times) for way, times in seconds.items()}
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"\n{len(programs)} programs, {options.jobs} at a time, {options.repeats} turns, with all"
    )
    print(
        f"figures and the same result.json in every way; the largest process held {peak:,.0f} MB\n"
    )
    print("| way | wall s | s a program | of the limit | commands take | least to most |")
    print("|---|---:|---:|---:|---:|---:|")
    for way, median in sorted(medians.items(), key=lambda item: -item[1]):
        ratio = f"{median / medians['limit']:.2f}" if "limit" in medians else ""
        times = f"{medians['commands'] / median:.1f} x" if "commands" in medians else ""
        span = f"{min(seconds[way]):.1f} to {max(seconds[way]):.1f}"
        each = median / len(programs)
        print(f"| {way} | {median:.1f} | {each:.2f} | {ratio} | {times} | {span} |")


if __name__ == "__main__":
    main()
