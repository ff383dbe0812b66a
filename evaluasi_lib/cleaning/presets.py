"""Exports of known programs, recognised by the columns that they alone write."""

from __future__ import annotations

from dataclasses import dataclass

from evaluasi_lib.cleaning.labels import normalise


@dataclass(frozen=True)
class Preset:
    """How an export is known. names: short name -> headings in the languages seen."""

    title: str
    names: dict[str, tuple[str, ...]]
    needs: tuple[tuple[str, ...], ...]


PRESETS = {
    "google_forms": Preset(
        "Google Forms",
        {
            "timestamp": ("Timestamp", "Stempel waktu", "Cap waktu"),
            "email": ("Email Address", "Username", "Alamat email", "Nama pengguna"),
            "score": ("Score", "Skor"),
        },
        (("timestamp",),),
    ),
    "kobotoolbox": Preset(
        "KoboToolbox",
        {
            "submission_time": ("_submission_time",),
            "id": ("_id",),
            "uuid": ("_uuid",),
            "start": ("start",),
            "end": ("end",),
            "validation_status": ("_validation_status",),
        },
        (("id", "uuid"), ("uuid", "submission_time")),
    ),
    "limesurvey": Preset(
        "LimeSurvey",
        {
            "id": ("id", "Response ID", "ID respons", "ID tanggapan"),
            "submitdate": ("submitdate", "Date submitted", "Tanggal dikirim", "Tanggal pengiriman"),
            "lastpage": ("lastpage", "Last page", "Halaman terakhir"),
            "token": ("token", "Access code", "Kode akses"),
            "startdate": ("startdate", "Date started", "Tanggal dimulai"),
            "interviewtime": ("interviewtime", "Total time", "Waktu total"),
        },
        (("submitdate", "lastpage"),),
    ),
    "moodle": Preset(
        "Moodle",
        {
            "time": ("Time", "Waktu"),
            "user": ("User full name", "Nama lengkap pengguna", "Nama lengkap"),
            "affected_user": ("Affected user", "Pengguna yang terpengaruh", "Pengguna terpengaruh"),
            "context": ("Event context", "Konteks kejadian", "Konteks peristiwa", "Konteks event"),
            "component": ("Component", "Komponen"),
            "event": ("Event name", "Nama kejadian", "Nama peristiwa", "Nama event"),
            "description": ("Description", "Deskripsi", "Keterangan"),
            "origin": ("Origin", "Asal", "Sumber"),
            "ip": ("IP address", "Alamat IP"),
        },
        (("time", "context", "component", "event"),),
    ),
}


def recognise(headers: list[str]) -> str | None:
    """The preset whose own columns are all there; None for any other file."""
    there = {normalise(h) for h in headers}
    for key in ("moodle", "limesurvey", "kobotoolbox", "google_forms"):
        preset = PRESETS[key]
        if key == "google_forms":  # many files have a column "Timestamp"; only here it comes first
            there = {normalise(h) for h in headers[:1]}
        for needed in preset.needs:
            if all(any(normalise(h) in there for h in preset.names[n]) for n in needed):
                return key
    return None


def preset_heading(preset: str | None, name: str) -> tuple[str, ...]:
    """The headings that a preset's short name stands for."""
    return PRESETS[preset].names.get(name.casefold(), ()) if preset else ()
