"""Logs of a platform: sessions, time zones, and everything a real log has wrong with it.

In each case six persons do the same, so that what is published of all of them is what one did.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from evaluasi_lib.scoring.events import summarise_events
from tests.made_studies import make_study, survey

PERSONS = [f"p{i}" for i in range(6)]
Events = list[tuple[str | None, str]]  # time in UTC, module


def learned(
    folder: Path, events: Events, zones: str | list[str] = "WIB", who: Any = PERSONS, **plan: Any
) -> dict[str, float]:
    """id (after "elearning/") -> value, of a log in which everybody in `who` did the same."""
    declared = {
        "design": {"type": "single_group"},
        "roster": "pegawai",
        "sources": {
            "pegawai": survey({"zona": "category"}, role="roster"),
            "log": survey({}, role="events"),
        },
        "elearning": {"events": "log", "time_zone_variable": "zona", "session_gap_minutes": 30,
                      "work_hours": ["07:30", "16:00"], **plan},
    }  # fmt: skip
    zones = [zones] * 6 if isinstance(zones, str) else zones
    people = pd.DataFrame({"pid": PERSONS, "zona": zones})
    rows = [(pid, time and f"{time}Z", "dilihat", m, "web") for pid in who for time, m in events]
    log = pd.DataFrame(rows, columns=["pid", "time", "event", "module", "origin"])
    study = make_study(folder, declared, {"pegawai": people, "log": log})
    found = {row.id.removeprefix("elearning/"): row.value for row in study.result.rows}
    return {name: value for name, value in found.items() if value is not None}


SESSIONS, MINUTES = "sessions/median_per_user", "time_on_task/median_minutes"
OFF, WEEKEND = "off_hours_share", "off_hours/weekend_share"
HALF_PAST = [("2025-03-03T01:00", "M1"), ("2025-03-03T01:30", "M1"), ("2025-03-03T02:01", "M1")]
TWO = [("2025-03-03T01:00", "M1"), ("2025-03-03T01:10", "M2"), ("2025-03-03T01:25", "M2")]
# In Jakarta Monday 07.29 and 07.30, 15.59 and 16.00, Friday 23.59, Saturday morning: four are off.
EDGES = [(f"2025-03-0{time}", "M1") for time in
         ("3T00:29", "3T00:30", "3T08:59", "3T09:00", "7T16:59", "8T03:00")]  # fmt: skip
BERLIN, JAYAPURA = "Europe/Berlin", "WIT"
# Berlin: on 30 March 2025 01:59 is followed by 03:00, on 26 October 02:59 by 02:00.
SPRING = [("2025-03-30T00:50", "M1"), ("2025-03-30T01:10", "M1")]
AUTUMN = [("2025-10-26T00:50", "M1"), ("2025-10-26T01:10", "M2")]


@pytest.mark.parametrize(
    ("events", "how", "expected"),
    [
        (HALF_PAST, {}, {SESSIONS: 2, MINUTES: 30}),
        (HALF_PAST, {"session_gap_minutes": 31}, {SESSIONS: 1}),
        (HALF_PAST, {"session_gap_minutes": 5}, {MINUTES: 0}),
        # time counts for the module that was open
        (TWO, {}, {"modules/M1/median_minutes": 10, "modules/M2/median_minutes": 15}),
        # events out of order and written twice change nothing
        ([*reversed(HALF_PAST), HALF_PAST[0]], {},
         {SESSIONS: 2, MINUTES: 30, "heatmap/1/8/share": pytest.approx(2 / 3)}),
        (EDGES, {}, {OFF: pytest.approx(4 / 6), WEEKEND: pytest.approx(1 / 6)}),
        # Sunday 20.00 UTC is Monday 05.00 in Jayapura: off hours, but no weekend
        ([("2025-03-09T20:00", "M1")], {"zones": JAYAPURA}, {OFF: 1, WEEKEND: 0}),
        # Monday 00.00 UTC is 09.00 in Jayapura, and 07.00 where the zone is not known
        ([("2025-03-03T00:00", "M1")], {"zones": "wit "}, {OFF: 0, "heatmap/1/9/share": 1}),
        ([("2025-03-03T00:00", "M1")], {"zones": ["", *["WIT"] * 5]}, {OFF: pytest.approx(1 / 6)}),
        # a change of clocks neither makes nor swallows time
        (SPRING, {"zones": BERLIN}, {SESSIONS: 1, MINUTES: 20, "heatmap/7/3/share": 0.5}),
        (AUTUMN, {"zones": BERLIN}, {SESSIONS: 1, MINUTES: 20, "heatmap/7/2/share": 1}),
        # only events of known persons with a time count
        ([*TWO, ("", "M1")], {"who": [*PERSONS, "admin", ""]}, {"users": 6, SESSIONS: 1}),
    ],
)  # fmt: skip
def test_what_a_log_tells(
    events: Events, how: dict[str, Any], expected: dict[str, float], tmp_path: Path
) -> None:
    found = learned(tmp_path, events, **how)
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize("part_rows", [1, 7])
def test_the_size_of_a_part_does_not_matter(tmp_path: Path, part_rows: int) -> None:
    """The door has parts of millions of events, so this asks the function that sums them up."""
    start = dt.datetime(2025, 3, 3, tzinfo=dt.UTC)
    when = [start + dt.timedelta(days=i % 9, hours=i * 7 % 24, minutes=i) for i in range(300)]
    log = pl.DataFrame({
        "pid": [f"p{i % 13}" for i in range(300)], "time": when, "event": "dilihat",
        "module": [f"M{i % 4}" for i in range(300)], "component": "modul", "origin": "web",
    })  # fmt: skip
    log.write_parquet(tmp_path / "log.parquet")
    zones = {f"p{i}": ["Asia/Jakarta", "Asia/Jayapura"][i % 2] for i in range(12)}
    plan = {"gap_minutes": 30, "work_hours": ("07:30", "16:00")}
    whole = summarise_events(tmp_path / "log.parquet", zones, **plan)  # type: ignore[arg-type]
    parts = summarise_events(
        tmp_path / "log.parquet", zones, part_rows=part_rows, **plan  # type: ignore[arg-type]
    )  # fmt: skip
    for name in ("persons", "modules", "hours", "origins"):
        assert getattr(parts, name).equals(getattr(whole, name)), name
    assert parts.n_events == whole.n_events
