"""Logs of a platform: sessions, time zones, and everything a real log has wrong with it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from evaluasi_lib.scoring.elearning import EventSummary, summarise_events, zone_name

SCHEMA = {
    "pid": pl.String, "time": pl.Datetime("us", "UTC"), "event": pl.String,
    "module": pl.String, "component": pl.String, "origin": pl.String,
}  # fmt: skip
JAKARTA, JAYAPURA, BERLIN = "Asia/Jakarta", "Asia/Jayapura", "Europe/Berlin"


def utc(day: int, hour: int, minute: int = 0, month: int = 3) -> dt.datetime:
    return dt.datetime(2025, month, day, hour, minute, tzinfo=dt.UTC)


def summarise(
    tmp_path: Path,
    rows: list[tuple[str | None, dt.datetime | None, str]],
    zones: dict[str, str] | None = None,
    **options: object,
) -> EventSummary:
    """rows: pid, time, module."""
    table = [(pid, time, "dilihat", module, "modul", "web") for pid, time, module in rows]
    path = tmp_path / "log.parquet"
    pl.DataFrame(table, schema=SCHEMA, orient="row").write_parquet(path)
    settings: dict[str, object] = {"gap_minutes": 30, "work_hours": ("07:30", "16:00")}
    return summarise_events(path, zones or {"a": JAKARTA}, **(settings | options))  # type: ignore[arg-type]


def person(summary: EventSummary, pid: str = "a") -> dict[str, object]:
    return summary.persons.filter(pl.col("pid") == pid).to_dicts()[0]


def test_a_pause_longer_than_the_gap_starts_a_session(tmp_path: Path) -> None:
    rows = [("a", utc(3, 1), "M1"), ("a", utc(3, 1, 30), "M1"), ("a", utc(3, 2, 1), "M1")]
    found = person(summarise(tmp_path, rows))
    assert (found["sessions"], found["minutes"]) == (2, 30)
    assert person(summarise(tmp_path, rows, gap_minutes=31))["sessions"] == 1
    assert person(summarise(tmp_path, rows, gap_minutes=5))["minutes"] == 0


def test_time_counts_for_the_module_that_was_open(tmp_path: Path) -> None:
    rows = [("a", utc(3, 1), "M1"), ("a", utc(3, 1, 10), "M2"), ("a", utc(3, 1, 25), "M2")]
    modules = {r["module"]: r["minutes"] for r in summarise(tmp_path, rows).modules.to_dicts()}
    assert modules == {"M1": 10, "M2": 15}


def test_events_out_of_order_and_duplicates_change_nothing(tmp_path: Path) -> None:
    rows = [("a", utc(3, 1, m), f"M{m // 20}") for m in range(0, 60, 7)]
    clean = summarise(tmp_path, rows)
    dirty = summarise(tmp_path, [*reversed(rows), *rows[:3]])
    assert dirty.n_events == clean.n_events == len(rows)
    assert dirty.persons.equals(clean.persons)
    assert dirty.modules.equals(clean.modules)


def test_each_learner_s_own_zone_decides_what_office_hours_are(tmp_path: Path) -> None:
    # 00:00 UTC on a Monday is 07.00 in Jakarta (before hours) and 09.00 in Jayapura.
    rows = [("a", utc(3, 0), "M1"), ("b", utc(3, 0), "M1")]
    summary = summarise(tmp_path, rows, {"a": JAKARTA, "b": JAYAPURA})
    assert person(summary, "a")["off_events"] == 1
    assert person(summary, "b")["off_events"] == 0
    assert {(r["weekday"], r["hour"]) for r in summary.hours.to_dicts()} == {(1, 7), (1, 9)}


def test_edges_of_office_hours_and_weekends(tmp_path: Path) -> None:
    def off(when: dt.datetime) -> object:
        return person(summarise(tmp_path, [("a", when, "M1")]))["off_events"]

    assert off(utc(3, 0, 30)) == 0  # Monday 07.30 in Jakarta: begun
    assert off(utc(3, 9, 0)) == 1  # Monday 16.00: over
    assert off(utc(7, 16, 59)) == 1  # Friday 23.59
    saturday = person(summarise(tmp_path, [("a", utc(8, 3), "M1")]))
    assert (saturday["off_events"], saturday["weekend_events"]) == (1, 1)
    # Sunday 20.00 UTC is Monday morning 05.00 in Jayapura: off hours, but no weekend
    east = person(summarise(tmp_path, [("a", utc(9, 20), "M1")], {"a": JAYAPURA}))
    assert (east["off_events"], east["weekend_events"]) == (1, 0)


def test_a_change_of_clocks_neither_makes_nor_swallows_time(tmp_path: Path) -> None:
    # Berlin, 30 March 2025: 01:59 is followed by 03:00. 26 October: 02:59 is followed by 02:00.
    spring = [("a", utc(30, 0, 50), "M1"), ("a", utc(30, 1, 10), "M1")]
    found = person(summarise(tmp_path, spring, {"a": BERLIN}))
    assert (found["sessions"], found["minutes"]) == (1, 20)
    assert found["last"] == dt.datetime(2025, 3, 30, 3, 10)
    autumn = [("a", utc(26, 0, 50, 10), "M1"), ("a", utc(26, 1, 10, 10), "M2")]
    found = person(summarise(tmp_path, autumn, {"a": BERLIN}))
    assert (found["sessions"], found["minutes"]) == (1, 20)


def test_only_events_of_known_persons_and_times_count(tmp_path: Path) -> None:
    rows = [
        ("a", utc(3, 1), "M1"),
        ("a", None, "M1"),
        ("admin", utc(3, 1), "M1"),
        (None, utc(3, 1), "M1"),
    ]
    summary = summarise(tmp_path, rows)
    assert (summary.n_events, person(summary)["events"]) == (1, 1)


def test_nobody_in_the_log(tmp_path: Path) -> None:
    summary = summarise(tmp_path, [("admin", utc(3, 1), "M1")])
    assert summary.persons.is_empty()
    assert summarise(tmp_path, []).n_events == 0


@pytest.mark.parametrize("part_rows", [1, 7, 1000])
def test_the_size_of_a_part_does_not_matter(tmp_path: Path, part_rows: int) -> None:
    rows = [
        (f"p{i % 13}", utc(3 + i % 9, (i * 7) % 24, (i * 11) % 60), f"M{i % 4}") for i in range(300)
    ]
    zones = {f"p{i}": [JAKARTA, JAYAPURA][i % 2] for i in range(12)}
    whole, parts = (
        summarise(tmp_path, rows, zones),
        summarise(tmp_path, rows, zones, part_rows=part_rows),
    )
    for name in ("persons", "modules", "hours", "origins"):
        assert getattr(parts, name).equals(getattr(whole, name)), name
    assert parts.n_events == whole.n_events


def test_zones_by_their_indonesian_names() -> None:
    assert zone_name("WITA", JAKARTA) == "Asia/Makassar"
    assert zone_name(" wit ", JAKARTA) == JAYAPURA
    assert zone_name(None, JAKARTA) == JAKARTA
    assert zone_name("Europe/Berlin", JAKARTA) == BERLIN
