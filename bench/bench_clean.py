"""Cleaning and scoring a national survey: this library beside plain pandas.

`make bench-clean` makes a synthetic survey of 4.7 million civil servants (40 items as text labels,
12 columns of background), then cleans and scores it in separate processes, by turns: once through
the library (clean_program, then the person scores by scoring.items from batches of the processed
table), once the plain way (read_csv with object columns, map, mean). It prints rows a second, peak
memory and how both grow. Nothing here is a person's data.

    python bench/bench_clean.py [--rows 4700000] [--repeats 2] [--only-library]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
import yaml

N_ITEMS, PER_INSTRUMENT = 40, 8
LABELS = ["Sangat Tidak Setuju", "Tidak Setuju", "Netral", "Setuju", "Sangat Setuju"]
BACKGROUND = {
    "instansi": [f"Instansi {i}" for i in range(1, 91)],
    "provinsi": [f"Provinsi {i}" for i in range(1, 39)],
    "golongan": [f"{r}/{s}" for r in ("I", "II", "III", "IV") for s in "abcd"] + ["IV/e"],
    "eselon": ["I", "II", "III", "IV", "Nonstruktural"],
    "jenis_kelamin": ["Laki-laki", "Perempuan"],
    "pendidikan": ["SMA", "D3", "S1", "S2", "S3"],
    "status": ["PNS", "PPPK"],
    "jabatan": ["Pimpinan Tinggi", "Administrator", "Pengawas", "Fungsional", "Pelaksana"],
    "wilayah": ["WIB", "WITA", "WIT"],
    "pernah_pelatihan": ["Ya", "Tidak"],
}  # and usia, masa_kerja as numbers
ITEMS = [f"b{i}" for i in range(1, N_ITEMS + 1)]
REVERSED = ITEMS[7::16]
INSTRUMENTS = [ITEMS[i : i + PER_INSTRUMENT] for i in range(0, N_ITEMS, PER_INSTRUMENT)]


def question(item: str) -> str:
    return f"Pernyataan {item[1:]}: saya merasa pelatihan membantu pekerjaan saya"


def make_survey(path: Path, rows: int, seed: int = 1) -> None:
    """The CSV, written in parts so that making it needs little memory. Answers share a trait."""
    part = 100_000
    with path.open("wb") as file:
        for start in range(0, rows, part):
            n = min(part, rows - start)
            rng = np.random.default_rng([seed, start])
            columns: dict[str, pl.Series] = {}
            for name, values in BACKGROUND.items():
                codes = pl.Series(rng.integers(0, len(values), n))
                columns[name] = pl.Series(values)[codes]
            columns["usia"] = pl.Series(rng.integers(22, 60, n)).cast(pl.String)
            columns["masa_kerja"] = pl.Series(rng.integers(0, 35, n)).cast(pl.String)
            trait = rng.normal(size=n)
            for item in ITEMS:
                answer = np.clip(np.round(2.4 + 0.8 * trait + rng.normal(size=n)), 0, 4)
                text = pl.Series(LABELS)[pl.Series(answer.astype(int))]
                blank = pl.Series(rng.random(n) < 0.03)
                columns[question(item)] = pl.select(pl.when(~blank).then(text)).to_series()
            pl.DataFrame(columns).write_csv(file, include_header=start == 0)


def declare() -> dict[str, object]:
    """program.yml of the survey: anonymous, one source, five instruments on one scale."""
    columns: dict[str, object] = {
        name: {"from": name, "type": "category", "categories": {v: v for v in values}}
        for name, values in BACKGROUND.items()
    }
    columns["usia"] = {"from": "usia", "type": "integer", "min": 18, "max": 70}
    columns["masa_kerja"] = {"from": "masa_kerja", "type": "integer", "min": 0, "max": 45}
    columns |= {i: {"from": question(i), "type": "item", "scale": "setuju"} for i in ITEMS}
    return {
        "id": "nasional", "title": "Survei nasional (sintetis)", "kind": "other",
        "organisation": "Contoh", "cycle": "2025", "synthetic": True, "link": "anonymous",
        "design": {"type": "single_group"},
        "sources": {"survei": {"file": "survei.csv", "wave": "post", "columns": columns}},
        "scales": {"setuju": {"labels": LABELS}},
        "instruments": {
            f"dimensi_{k}": {
                "label": f"Dimensi {k}", "scale": "setuju", "items": items,
                "reversed": [i for i in items if i in REVERSED],
            }
            for k, items in enumerate(INSTRUMENTS, 1)
        },
    }  # fmt: skip


def run_library(folder: Path) -> dict[str, float]:
    """Mean score of each instrument, through clean_program and score_items."""
    import pyarrow.parquet as pq

    from evaluasi_lib.check import DataFolder, load_program
    from evaluasi_lib.cleaning.pipeline import clean_program
    from evaluasi_lib.scoring.frames import score_items
    from evaluasi_lib.scoring.scales import mean_interval

    data = DataFolder.at(folder)
    program = load_program(data.raw("nasional"))
    processed = clean_program(program, data, force=True)
    print(json.dumps({"cleaned": time.perf_counter() - START, "cleaned_cpu": time.process_time()}))
    scores: dict[str, list[np.ndarray]] = {name: [] for name in program.instruments}
    for batch in pq.ParquetFile(processed / "survei.parquet").iter_batches(200_000, columns=ITEMS):
        for name, instrument in program.instruments.items():
            answers = [batch[i].to_numpy(zero_copy_only=False) for i in instrument.items]
            scores[name].append(score_items(np.stack(answers).T, instrument.min_answered_share))
    return {name: mean_interval(np.concatenate(parts))["mean"] for name, parts in scores.items()}


def run_pandas(folder: Path) -> dict[str, float]:
    """The same in plain pandas: object columns, one map a column, one mean a row."""
    import pandas as pd

    frame = pd.read_csv(folder / "raw" / "nasional" / "survei.csv", dtype=object)
    values = {label: value for value, label in enumerate(LABELS, 1)}
    for item in ITEMS:
        frame[item] = frame[question(item)].map(values)
        if item in REVERSED:
            frame[item] = 6 - frame[item]
    found = {}
    for k, items in enumerate(INSTRUMENTS, 1):
        answers = frame[items].astype(float)
        enough = answers.notna().sum(axis=1) >= len(items) * 2 / 3
        found[f"dimensi_{k}"] = float(answers.mean(axis=1)[enough].mean())
    return found


def peak_mb() -> float:
    """Peak resident memory of this process (VmHWM where there is one)."""
    import resource

    status = Path("/proc/self/status")
    if status.is_file():
        lines = status.read_text(encoding="ascii").splitlines()
        return next(int(x.split()[1]) for x in lines if x.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(way: str, folder: Path) -> dict[str, float]:
    """One run in a process of its own: seconds, CPU seconds, peak memory, and the scores."""
    command = [sys.executable, __file__, "--run", way, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float] = {}
    for line in done.stdout.splitlines():
        result |= json.loads(line)
    return result


def compare(rows: int, repeats: int, ways: list[str]) -> dict[str, dict[str, float]]:
    """Both ways by turns on one survey; the best of the repeats. The scores must agree."""
    with tempfile.TemporaryDirectory(prefix="evaluasi-bench-") as name:
        folder = Path(name)
        raw = folder / "raw" / "nasional"
        raw.mkdir(parents=True)
        make_survey(raw / "survei.csv", rows)
        (raw / "program.yml").write_text(yaml.safe_dump(declare(), sort_keys=False), "utf-8")
        megabytes = (raw / "survei.csv").stat().st_size / 1e6
        print(f"{rows:,} rows, {megabytes:,.0f} MB of CSV", flush=True)
        best: dict[str, dict[str, float]] = {}
        for _repeat in range(repeats):
            for way in ways:
                found = measure(way, folder)
                if way not in best or found["seconds"] < best[way]["seconds"]:
                    best[way] = found
        if len(ways) == 2:
            for k in range(1, len(INSTRUMENTS) + 1):
                one, other = (best[w][f"dimensi_{k}"] for w in ways)
                assert abs(one - other) < 1e-9, "the two ways must give the same scores"
    for way in ways:
        r = best[way]
        speed = f"{rows / r['seconds']:10,.0f} rows/s"
        took = f"{r['seconds']:7.1f} s {r['cpu']:7.1f} s CPU"
        print(f"  {way:8s} {took} {speed} {r['peak_mb']:8,.0f} MB peak", flush=True)
    if len(ways) == 2:
        a, b = best["library"], best["pandas"]
        print(
            f"  library: {b['seconds'] / a['seconds']:.1f} times as fast, "
            f"{a['peak_mb'] / b['peak_mb']:.2f} of the memory",
            flush=True,
        )
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4_700_000)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--only-library", action="store_true")
    parser.add_argument("--run", choices=["library", "pandas"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        scores = (run_library if options.run == "library" else run_pandas)(options.folder)
        used = {"seconds": time.perf_counter() - START, "cpu": time.process_time()}
        print(json.dumps(scores | used | {"peak_mb": peak_mb()}))
        return
    ways = ["library"] if options.only_library else ["library", "pandas"]
    sizes = sorted({max(options.rows // 47, 1000), options.rows // 10, options.rows})
    found = {n: compare(n, options.repeats, ways) for n in sizes}
    small, large = sizes[0], sizes[-1]
    for way in ways:
        growth = found[large][way]["seconds"] / found[small][way]["seconds"]
        print(f"{way}: {large / small:.0f} times the rows took {growth:.1f} times as long")


START = time.perf_counter()
if __name__ == "__main__":
    main()
