"""When learners studied, and the log that Moodle in Indonesian makes of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tests.synthetic.draws import Rng
from tests.synthetic.files import csv_bytes

_OPENS, _CLOSES = dt.datetime(2025, 4, 1), dt.datetime(2025, 6, 30, 23, 0)
_AHEAD = {"WIB": 0, "WITA": 1, "WIT": 2}  # hours; the platform's clock is WIB
_HEADINGS = [
    "Waktu", "Nama lengkap pengguna", "Pengguna yang terpengaruh", "Konteks kejadian", "Komponen",
    "Nama kejadian", "Deskripsi", "Asal", "Alamat IP",
]  # fmt: skip


@dataclass(frozen=True)
class UserTimes:
    """One learner on the platform's clock. visits: (time, module number from 1), in order."""

    enrolled: dt.datetime
    visits: list[tuple[dt.datetime, int]]
    completed: dt.datetime | None


def study_times(rng: Rng, people: pd.DataFrame, off_hours_share: float) -> list[UserTimes | None]:
    """For each person, None for those on the waiting list.

    Hours are drawn on the learner's own clock; the busier study later in the day, and need longer.
    """
    found: list[UserTimes | None] = []
    for person in people.itertuples():
        if person.kelompok != "Peserta":
            found.append(None)
            continue
        enrolled = _OPENS + dt.timedelta(days=int(rng.integers(0, 12)), hours=8)
        opened = int(person.modul_selesai) + (0 if person.selesai else int(rng.random() < 0.7))
        pace = rng.gamma(3.0, (1.5 + 0.35 * person.beban_kerja))
        cram = rng.random() < 0.2
        day = enrolled + dt.timedelta(days=float(rng.exponential(4.0)))
        visits: list[tuple[dt.datetime, int]] = []
        for module in range(1, min(opened, 8) + 1):
            when = _clock(rng, day, off_hours_share + 0.05 * (person.beban_kerja - 3))
            when -= dt.timedelta(hours=_AHEAD[person.zona_waktu])
            if visits and when <= visits[-1][0]:
                when = visits[-1][0] + dt.timedelta(minutes=float(rng.uniform(20, 90)))
            visits.append((min(when, _CLOSES), module))
            wait = rng.uniform(0.1, 1.2) if cram else rng.gamma(2.0, pace / 2)
            day = min(day + dt.timedelta(days=float(wait)), _CLOSES - dt.timedelta(days=1))
        completed = None
        if person.selesai:
            completed = visits[-1][0] + dt.timedelta(minutes=float(rng.uniform(15, 70)))
        found.append(UserTimes(enrolled, visits, completed))
    return found


def _clock(rng: Rng, day: dt.datetime, off_hours_share: float) -> dt.datetime:
    """A moment of a day: in office hours, or in the evening, at dawn, on a weekend."""
    if rng.random() < off_hours_share:
        hour = rng.choice([rng.uniform(16.2, 22.8), rng.uniform(19, 22.8), rng.uniform(4.8, 7.2)])
    else:
        hour = rng.uniform(7.6, 15.9)
        if day.weekday() >= 5:
            day += dt.timedelta(days=7 - day.weekday())
    start = dt.datetime.combine(day.date(), dt.time())
    return start + dt.timedelta(seconds=int(hour * 3600))


def moodle_log(
    rng: Rng,
    times: list[UserTimes | None],
    modules: list[str],
    names: np.ndarray,
    users: np.ndarray,
) -> bytes:
    """The log as Moodle exports it, newest first; some clicks are counted twice."""
    rows: list[tuple[dt.datetime, list[str]]] = []
    for i, person in enumerate(times):
        if person is None:
            continue
        address = f"10.{rng.integers(1, 250)}.{rng.integers(1, 250)}.{rng.integers(1, 250)}"
        origin = "ws" if rng.random() < 0.35 else "web"
        who = [str(names[i]), int(users[i]), origin, address]
        for when, module in person.visits:
            last = person.completed if module == len(modules) else None
            rows += _visit(rng, when, module, modules[module - 1], who, last)
    for day in range(0, 90, 9):
        when = _OPENS + dt.timedelta(days=day, hours=9, minutes=int(rng.integers(0, 59)))
        context = "Kursus: Keterampilan Digital ASN"
        text = "The user with id '2' viewed the course with id '31'."
        rows.append((when, ["Admin Pengelola", "-", context, "Sistem", "Kursus dilihat", text,
                            "web", "10.0.0.1"]))  # fmt: skip
    twice = rng.choice(len(rows), 25, replace=False)
    rows += [rows[int(j)] for j in sorted(twice)]
    rows.sort(key=lambda row: row[0], reverse=True)
    table = pd.DataFrame(
        [[f"{w.day}/{w:%m/%y, %H:%M:%S}", *rest] for w, rest in rows], columns=_HEADINGS
    )
    return csv_bytes(table, newline="\n")


def _visit(
    rng: Rng,
    when: dt.datetime,
    module: int,
    name: str,
    who: list[str | int],
    completed: dt.datetime | None,
) -> list[tuple[dt.datetime, list[str]]]:
    """What one learner does in one module: opens it, reads on, hands in the quiz."""
    full_name, user, origin, address = who
    seconds = [0, int(rng.integers(300, 1500))]
    if completed is not None:
        seconds.append(int((completed - when).total_seconds()))
    elif rng.random() < 0.35:
        seconds.append(seconds[1] + int(rng.integers(200, 900)))
    rows = []
    for step, later in enumerate(seconds):
        quiz = step == len(seconds) - 1
        event = "Percobaan kuis diserahkan" if quiz else "Modul kursus dilihat"
        done = "submitted the attempt for the quiz" if quiz else "viewed the 'page' activity"
        text = f"The user with id '{user}' {done} with course module id '{500 + module}'."
        component = "Kuis" if quiz else "Halaman"
        rows.append(
            (
                when + dt.timedelta(seconds=later),
                [str(full_name), "-", f"{component}: {name}", component, event, text, str(origin),
                 str(address)],
            )
        )  # fmt: skip
    return rows
