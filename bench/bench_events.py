"""A platform's log in one summary: this library beside plain pandas and plain polars.

`python bench/bench_events.py` makes a synthetic log (50 million events of 150,000 learners, in the
order of time, as Moodle keeps it), then sums it up in separate processes, by turns: through
scoring.events, which works in parts, and the plain ways (pandas: read_parquet, drop_duplicates,
sort_values, groupby; polars: the same as one lazy query, collected by its streaming engine). A way
that needs more than --memory-gb is stopped, which is said. All that end must agree in every sum.
Nothing here is a person's data.

    python bench/bench_events.py [--events 10000000 50000000] [--repeats 2] [--memory-gb 8]
                                 [--folder DIR]
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

GAP_MINUTES, WORK_HOURS = 30, ("07:30", "16:00")
ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
EVENTS = ["Modul kursus dilihat", "Kursus dilihat", "Percobaan kuis diserahkan", "Berkas diunduh"]
MODULES = [f"Modul {i}: Keterampilan Digital" for i in range(1, 13)]
COMPONENTS, ORIGINS = ["Halaman", "Kuis", "Forum", "Berkas"], ["web", "ws"]
EVENTS_PER_LEARNER = 333
CLICKS = 6  # of a visit, some 90 seconds apart
DAYS = 90
PART = 1_000_000


def learner(code: int) -> str:
    return f"{code * 2654435761 % 2**32:08x}{code:012x}"


def make_log(path: Path, n_events: int, seed: int = 1) -> None:
    """The Parquet file, one stretch of time after the other; one event in a thousand is twice."""
    start = np.datetime64("2025-02-03T00:00:00", "us")
    pids = np.array([learner(i) for i in range(max(1, n_events // EVENTS_PER_LEARNER))])
    parts = -(-n_events // PART)
    stretch = DAYS * 86_400_000_000 // parts
    writer = None
    for part in range(parts):
        rng = np.random.default_rng([seed, part])
        n = min(PART, n_events - part * PART)
        visits = -(-n // CLICKS)
        who = np.repeat(rng.integers(0, len(pids), visits), CLICKS)[:n]
        begin = np.repeat(rng.integers(0, stretch, visits), CLICKS)[:n]
        pause = rng.exponential(90e6, n).astype(np.int64)
        time_us = begin + np.cumsum(pause.reshape(1, -1), axis=1)[0] % 3_600_000_000
        again = np.flatnonzero(rng.random(n) < 0.001)
        again = again[again > 0]
        codes = [rng.integers(0, len(names), n) for names in (EVENTS, MODULES, COMPONENTS, ORIGINS)]
        for values in (who, time_us, *codes):
            values[again] = values[again - 1]
        order = np.argsort(time_us, kind="stable")
        moments = start + (part * stretch + time_us[order]).astype("timedelta64[us]")
        table = pa.table(
            {
                "pid": pa.array(pids[who[order]]),
                "time": pa.array(moments, pa.timestamp("us", "UTC")),
                **{
                    name: pa.array(np.array(texts)[code[order]])
                    for name, texts, code in zip(
                        ("event", "module", "component", "origin"),
                        (EVENTS, MODULES, COMPONENTS, ORIGINS),
                        codes,
                        strict=True,
                    )
                },
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()


def zones_of(path: Path) -> dict[str, str]:
    n = max(1, pq.ParquetFile(path).metadata.num_rows // EVENTS_PER_LEARNER)
    return {learner(i): ZONES[i % 3] for i in range(n)}


def run_library(path: Path) -> dict[str, float]:
    from evaluasi_lib.scoring.events import summarise_events

    found = summarise_events(path, zones_of(path), gap_minutes=GAP_MINUTES, work_hours=WORK_HOURS)
    persons = found.persons
    return {
        "events": found.n_events,
        "sessions": int(persons["sessions"].sum()),
        "minutes": float(persons["minutes"].sum()),
        "off_events": int(persons["off_events"].sum()),
        "person_modules": found.modules.height,
        "busiest_hour": int(found.hours["events"].max()),  # type: ignore[arg-type]
    }


def run_pandas(path: Path) -> dict[str, float]:
    """The same in plain pandas, all of the log in memory."""
    import pandas as pd

    log = pd.read_parquet(path)
    log = log.drop_duplicates().sort_values(["pid", "time", "module"], kind="stable")
    zone = log["pid"].map(zones_of(path))
    log["local"] = pd.NaT
    log["local"] = log["local"].astype("datetime64[us]")
    for name in ZONES:
        own = zone == name
        log.loc[own, "local"] = log.loc[own, "time"].dt.tz_convert(name).dt.tz_localize(None)
    minute = log["local"].dt.hour * 60 + log["local"].dt.minute
    log["off"] = (log["local"].dt.day_of_week > 4) | (minute < 450) | (minute >= 960)
    pause = log["time"].diff().dt.total_seconds() * 1000 // 1
    goes_on = log["pid"].eq(log["pid"].shift()) & (pause <= GAP_MINUTES * 60_000)
    log["opens"] = ~goes_on
    log["spent"] = pause.where(goes_on, 0).shift(-1, fill_value=0)
    persons = log.groupby("pid").agg(
        {"off": "sum", "opens": "sum", "spent": "sum", "local": ["min", "max"]}
    )
    modules = log.groupby(["pid", "module"]).agg({"spent": "sum", "local": "min"})
    hours = log.groupby([log["local"].dt.day_of_week, log["local"].dt.hour])["pid"].agg(
        ["size", "nunique"]
    )
    log.groupby("origin")["pid"].agg(["size", "nunique"])
    return {
        "events": len(log),
        "sessions": int(persons["opens"].sum().iloc[0]),
        "minutes": float(persons["spent"].sum().iloc[0]) / 60_000,
        "off_events": int(persons["off"].sum().iloc[0]),
        "person_modules": len(modules),
        "busiest_hour": int(hours["size"].max()),
    }


def run_polars(path: Path) -> dict[str, float]:
    """The same in plain polars: one lazy query for the events in order, then its sums."""
    zones = zones_of(path)
    people = pl.LazyFrame({"pid": list(zones), "zone": list(zones.values())})
    time, local = pl.col("time"), pl.col("local").dt
    minute = local.hour().cast(pl.Int32) * 60 + local.minute()
    wall = [
        pl.when(pl.col("zone") == z).then(time.dt.convert_time_zone(z).dt.replace_time_zone(None))
        for z in ZONES
    ]
    pause = (time - time.shift(1)).dt.total_milliseconds()
    goes_on = (pl.col("pid") == pl.col("pid").shift(1)) & (pause <= GAP_MINUTES * 60_000)
    log = (
        pl.scan_parquet(path)
        .unique()
        .join(people, on="pid")
        .with_columns(local=pl.coalesce(wall))
        .sort("pid", "time", "module")
        .with_columns(
            off=(local.weekday() > 5) | (minute < 450) | (minute >= 960),
            opens=~goes_on.fill_null(False),
            before=pl.when(goes_on).then(pause).otherwise(0),
        )
        .with_columns(spent=pl.col("before").shift(-1, fill_value=0))
        .collect(engine="streaming")
    )
    persons = log.group_by("pid").agg(
        pl.sum("off"), pl.sum("opens"), pl.sum("spent"), first=pl.min("local"), last=pl.max("local")
    )
    modules = log.group_by("pid", "module").agg(pl.sum("spent"), pl.min("local"))
    n = {"events": pl.len(), "persons": pl.col("pid").n_unique()}
    hours = log.group_by(weekday=local.weekday(), hour=local.hour()).agg(**n)
    log.group_by("origin").agg(**n)
    return {
        "events": log.height,
        "sessions": int(persons["opens"].sum()),
        "minutes": float(persons["spent"].sum()) / 60_000,
        "off_events": int(persons["off"].sum()),
        "person_modules": modules.height,
        "busiest_hour": int(hours["events"].max()),  # type: ignore[arg-type]
    }


WAYS = {"library": run_library, "plain polars": run_polars, "plain pandas": run_pandas}


def measure(way: str, path: Path, memory_gb: float) -> dict[str, object]:
    """One run in a process of its own; stopped where it holds more than memory_gb."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, __file__, "--run", way, "--log", str(path)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    peak = 0.0
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status")
        try:
            lines = status.read_text(encoding="ascii").splitlines()
        except OSError:
            lines = []
        held = [int(x.split()[1]) for x in lines if x.startswith("VmRSS")]
        peak = max([peak, *(kb / 1024**2 for kb in held)])
        if peak > memory_gb:
            process.kill()
            process.wait()
            return {"stopped": True, "peak_gb": peak}
        time.sleep(0.05)
    if process.returncode != 0 or process.stdout is None:
        return {"stopped": True, "peak_gb": peak}
    found = json.loads(process.stdout.read())
    return found | {"seconds": time.perf_counter() - begun, "stopped": False}


def compare(folder: Path, n_events: int, repeats: int, memory_gb: float) -> None:
    """Print one row a way."""
    path = folder / f"log_{n_events}.parquet"
    make_log(path, n_events)
    size = path.stat().st_size / 1e9
    print(f"\n{n_events:,} events, {size:.3f} GB of Parquet, {repeats} turns each", flush=True)
    print("| way | median s | CPU s | events/s | peak GB |\n|---|---:|---:|---:|---:|")
    runs: dict[str, list[dict[str, object]]] = {way: [] for way in WAYS}
    for _turn in range(repeats):
        for way, done in runs.items():
            if not (done and done[-1]["stopped"]):
                done.append(measure(way, path, memory_gb))
    for way, done in runs.items():
        if done[-1]["stopped"]:
            print(f"| {way} | stopped at {done[-1]['peak_gb']:.1f} GB | | | |", flush=True)
            continue
        seconds = statistics.median(float(str(r["seconds"])) for r in done)
        cpu = statistics.median(float(str(r["cpu"])) for r in done)
        peak = max(float(str(r["peak_gb"])) for r in done)
        rate = n_events / seconds
        print(f"| {way} | {seconds:.1f} | {cpu:.1f} | {rate:,.0f} | {peak:.2f} |", flush=True)
        assert agree(runs["library"][-1]["sums"], done[-1]["sums"]), (
            way,
            done[-1],
            runs["library"],
        )
    path.unlink()


def agree(ours: object, theirs: object) -> bool:
    """Equal counts; minutes within what the order of addition of floats can change."""
    assert isinstance(ours, dict)
    assert isinstance(theirs, dict)
    return all(abs(ours[name] - theirs[name]) <= 1e-9 * max(1, abs(ours[name])) for name in ours)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[10_000_000, 50_000_000])
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--memory-gb", type=float, default=8)
    parser.add_argument("--folder", type=Path, help="where the log is made; it is deleted after")
    parser.add_argument("--run", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        sums = WAYS[options.run](options.log)
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu = used.ru_utime + used.ru_stime
        print(json.dumps({"sums": sums, "cpu": cpu, "peak_gb": used.ru_maxrss / 1024**2}))
        return
    print(f"{dt.date.today()}, polars {pl.__version__}, {pl.thread_pool_size()} threads")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        for n in options.events:
            compare(Path(name), n, options.repeats, options.memory_gb)


if __name__ == "__main__":
    main()
