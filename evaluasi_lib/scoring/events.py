"""A platform's log summed up by person, module, hour and origin.

The log (pid, time in UTC, event, module, component, origin) is of any size: it is read once and
written to temporary files, each with all events of some persons and codes for texts (28 bytes an
event), so that memory is bounded by a part and not by the log. Everything that needs the order of
events is worked out inside a part, by polars; rows of the file may stand in any order.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

KEYS = ("event", "module", "component", "origin")
ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
CODES = pl.Categorical()  # the same codes in every part
ORDER = ("key", "module", "event", "component", "origin")
TABLES = {  # of an EventSummary, with what tells their rows apart
    "persons": ("pid",), "modules": ("pid", "module"), "hours": ("weekday", "hour"),
    "origins": ("origin",),
}  # fmt: skip
PART_ROWS = 4_000_000


@dataclass(frozen=True, slots=True)
class EventSummary:
    """Sums of a log. Local times are naive, in each person's own zone.

    persons: pid, events, off_events, weekend_events, sessions, off_sessions, minutes, first, last
    (local).  modules: pid, module, minutes, first.  hours: weekday (1 = Monday), hour, events,
    persons.  origins: origin, events, persons.
    """

    persons: pl.DataFrame
    modules: pl.DataFrame
    hours: pl.DataFrame
    origins: pl.DataFrame
    n_events: int


def zone_name(value: str | None, default: str) -> str:
    """IANA name of a zone written as WIB, WITA, WIT or as an IANA name; the default if missing."""
    return default if value is None else ZONES.get(value.strip().upper(), value.strip())


def summarise_events(
    path: Path,
    zones: Mapping[str, str],
    *,
    gap_minutes: float,
    work_hours: tuple[str, str],
    part_rows: int = PART_ROWS,
) -> EventSummary:
    """Sum up the events of the persons in `zones` (pid -> IANA zone).

    A session ends at a pause longer than gap_minutes. Time on task is the sum of the pauses within
    sessions, counted for the module of the earlier event: the last page of a session counts for
    nothing, and a pause within the limit counts whole, whatever was done in it. Off-hours are
    Saturday, Sunday, and the other days before or after `work_hours`; public holidays are not
    known. Pauses are taken in UTC, so a change of clocks neither makes nor swallows time. Events
    that are the same in every column are counted once.
    """
    people = pl.DataFrame(
        {"pid": list(zones), "zone": list(zones.values())},
        schema={"pid": pl.String, "zone": pl.String},
    )
    people = people.sort("zone").with_row_index("person")  # so those of a zone follow one another
    places = people.group_by("zone").agg(pl.min("person"), last=pl.max("person")).sort("person")
    log = pl.scan_parquet(path)
    n_rows = log.select(pl.len()).collect(engine="streaming").item()
    parts = max(1, -(-n_rows // part_rows))
    located = (
        log.filter(pl.col("time").is_not_null())
        .with_columns(pl.col("pid").cast(pl.String))
        .join(people.lazy().select("pid", "person"), on="pid", how="inner")
        .select("person", "time", pl.col(KEYS).cast(CODES), part=pl.col("person") % parts)
    )
    work = [int(hour) * 60 + int(minute) for hour, minute in (c.split(":") for c in work_hours)]
    sums: dict[str, list[pl.DataFrame]] = {}
    with tempfile.TemporaryDirectory(prefix="evaluasi-") as folder:
        located.sink_ipc(pl.PartitionBy(folder, key="part", include_key=False), mkdir=True)
        files = [pl.scan_ipc(part / "*.ipc") for part in sorted(Path(folder).iterdir())]
        for part in files or [located]:  # an empty log has no files
            # No name holds the events, or Windows could not take away their file, which is mapped.
            found = _sums(_measure(part.collect(), places.rows(), gap_minutes, work))
            for name, frame in found.items():
                sums.setdefault(name, []).append(frame)
    pids = people.select("person", "pid")
    totals = {name: _total(sums[name], keys, pids) for name, keys in TABLES.items()}
    return EventSummary(**totals, n_events=int(totals["hours"]["events"].sum()))


def _measure(
    events: pl.DataFrame,
    places: Sequence[tuple[str, int, int]],
    gap_minutes: float,
    work: list[int],
) -> pl.DataFrame:
    """Events in order, with local time, off-hours, what opens a session, and the time spent.

    places: each zone, with the first and the last number of its persons.
    """
    key = pl.col("person").cast(pl.Int128) * 2**63 + pl.col("time").to_physical()
    events = events.with_columns(key=key).sort(ORDER)  # one key sorts in a third of the time of two
    again = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in ORDER)
    events = events.filter(~again)
    local = pl.col("time").dt.convert_time_zone
    placed = pl.concat(
        events.filter(pl.col("person").is_between(first, last)).with_columns(
            local=local(zone).dt.replace_time_zone(None)
        )
        for zone, first, last in places or [("UTC", 0, 0)]
    )
    minute = pl.col("local").dt.hour().cast(pl.Int32) * 60 + pl.col("local").dt.minute()
    weekend = pl.col("local").dt.weekday() > 5
    same = pl.col("person") == pl.col("person").shift(1)
    # whole milliseconds: their sums do not depend on the order of addition
    pause = (pl.col("time") - pl.col("time").shift(1)).dt.total_milliseconds()
    goes_on = (same & (pause <= round(gap_minutes * 60_000))).fill_null(False)
    return (
        placed.with_columns(
            off=weekend | (minute < work[0]) | (minute >= work[1]),
            weekend=weekend,
            opens=~goes_on,
            before=pl.when(goes_on).then(pause).otherwise(0),
        )
        .with_columns(spent=pl.col("before").shift(-1, fill_value=0))
        .drop("key", "before", "time")
    )


def _sums(events: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What one part adds to each table of the summary."""
    minutes = pl.col("spent").sum().truediv(60_000).alias("minutes")
    moment = pl.col("local").dt
    counted = {"events": pl.len(), "persons": pl.col("person").n_unique()}
    return {
        "persons": events.group_by("person").agg(
            events=pl.len(),
            off_events=pl.col("off").sum(),
            weekend_events=pl.col("weekend").sum(),
            sessions=pl.col("opens").sum(),
            off_sessions=(pl.col("opens") & pl.col("off")).sum(),
            minutes=minutes,
            first=pl.col("local").min(),
            last=pl.col("local").max(),
        ),
        "modules": events.filter(pl.col("module").is_not_null())
        .group_by("person", "module")
        .agg(minutes, first=pl.col("local").min()),
        "hours": events.group_by(weekday=moment.weekday(), hour=moment.hour()).agg(**counted),
        "origins": events.group_by("origin").agg(**counted),
    }


def _total(frames: list[pl.DataFrame], keys: Sequence[str], pids: pl.DataFrame) -> pl.DataFrame:
    """One table of all parts. They hold different persons, so numbers of persons add up as numbers
    of events do."""
    frame = pl.concat(frames).with_columns(pl.col(CODES).cast(pl.String))
    if "person" in frame.columns:
        frame = frame.join(pids, on="person", how="left").drop("person")
    else:
        frame = frame.group_by(keys).agg(pl.col("events", "persons").sum())
    return frame.sort(keys)
