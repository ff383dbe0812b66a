"""When learners studied, and the log that Moodle in Indonesian makes of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from tests.synthetic.files import csv_bytes

OPENS, CLOSES = dt.datetime(2025, 4, 1), dt.datetime(2025, 6, 30, 23, 0)
AHEAD = {"WIB": 0, "WITA": 1, "WIT": 2}  # hours; the platform's clock is WIB
HEADINGS = [
    "Waktu", "Nama lengkap pengguna", "Pengguna yang terpengaruh", "Konteks kejadian", "Komponen",
    "Nama kejadian", "Deskripsi", "Asal", "Alamat IP",
]  # fmt: skip


@dataclass(frozen=True)
class UserTimes:
    """One learner on the platform's clock. visits: (time, module number from 1), in order."""

    enrolled: dt.datetime
    visits: list
    completed: dt.datetime | None


def study_times(rng, *persons):
    """For each person, None for those on the waiting list. persons: learner (flag), modules
    completed, completed (flag), workload, zone; and the share of study outside office hours.

    Hours are drawn on the learner's own clock; the busier study later in the day, and need longer.
    """
    *columns, off_hours = persons
    return [_times(rng, off_hours, *row[1:]) if row[0] else None
            for row in zip(*columns, strict=True)]  # fmt: skip


def _times(rng, off_hours, modules, done, workload, zone):
    enrolled = OPENS + dt.timedelta(days=int(rng.integers(0, 12)), hours=8)
    opened = modules + (0 if done else int(rng.random() < 0.7))
    pace = rng.gamma(3.0, (1.5 + 0.35 * workload))
    cram = rng.random() < 0.2
    day = enrolled + dt.timedelta(days=rng.exponential(4.0))
    visits = []
    for module in range(1, min(opened, 8) + 1):
        when = _clock(rng, day, off_hours + 0.05 * (workload - 3))
        when -= dt.timedelta(hours=AHEAD[zone])
        if visits and when <= visits[-1][0]:
            when = visits[-1][0] + dt.timedelta(minutes=rng.uniform(20, 90))
        visits.append((min(when, CLOSES), module))
        wait = rng.uniform(0.1, 1.2) if cram else rng.gamma(2.0, pace / 2)
        day = min(day + dt.timedelta(days=wait), CLOSES - dt.timedelta(days=1))
    completed = visits[-1][0] + dt.timedelta(minutes=rng.uniform(15, 70)) if done else None
    return UserTimes(enrolled, visits, completed)


def _clock(rng, day, off_hours):
    """A moment of a day: in office hours, or in the evening, at dawn, on a weekend."""
    if rng.random() < off_hours:
        hour = rng.choice([rng.uniform(16.2, 22.8), rng.uniform(19, 22.8), rng.uniform(4.8, 7.2)])
    else:
        hour = rng.uniform(7.6, 15.9)
        if day.weekday() >= 5:
            day += dt.timedelta(days=7 - day.weekday())
    return dt.datetime.combine(day, dt.time()) + dt.timedelta(seconds=int(hour * 3600))


def moodle_log(rng, times, names, users, modules):
    """The log as Moodle exports it, newest first; some clicks are counted twice."""
    rows = []
    for person, name, user in zip(times, names, users, strict=True):
        if person is None:
            continue
        address = f"10.{rng.integers(1, 250)}.{rng.integers(1, 250)}.{rng.integers(1, 250)}"
        origin = "ws" if rng.random() < 0.35 else "web"
        for when, module in person.visits:
            last = person.completed if module == len(modules) else None
            for later, event, done, component in _visit(rng, when, last):
                text = f"The user with id '{user}' {done} with course module id '{500 + module}'."
                rows.append((when + dt.timedelta(seconds=later), name, "-",
                             f"{component}: {modules[module - 1]}", component, event, text, origin,
                             address))  # fmt: skip
    for day in range(0, 90, 9):
        when = OPENS + dt.timedelta(days=day, hours=9, minutes=int(rng.integers(0, 59)))
        text = "The user with id '2' viewed the course with id '31'."
        rows.append((when, "Admin Pengelola", "-", "Kursus: Keterampilan Digital ASN", "Sistem",
                     "Kursus dilihat", text, "web", "10.0.0.1"))  # fmt: skip
    rows += [rows[j] for j in sorted(rng.choice(len(rows), 25, replace=False))]
    rows.sort(key=lambda row: row[0], reverse=True)
    rows = [(f"{when.day}/{when:%m/%y, %H:%M:%S}", *rest) for when, *rest in rows]
    return csv_bytes(pd.DataFrame(rows, columns=HEADINGS), newline="\n")


def _visit(rng, when, completed):
    """What one learner does in one module: opens it, reads on, hands in the quiz (seconds later,
    event, what was done, component)."""
    seconds = [0, int(rng.integers(300, 1500))]
    if completed is not None:
        seconds.append(int((completed - when).total_seconds()))
    elif rng.random() < 0.35:
        seconds.append(seconds[1] + int(rng.integers(200, 900)))
    read = ("Modul kursus dilihat", "viewed the 'page' activity", "Halaman")
    quiz = ("Percobaan kuis diserahkan", "submitted the attempt for the quiz", "Kuis")
    return [(later, *(quiz if later == seconds[-1] else read)) for later in seconds]
