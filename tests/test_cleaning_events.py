"""Logs of platforms: Moodle, generic tables and xAPI become the same six columns."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from evaluasi_lib.cleaning.pipeline import clean_program
from tests.cleaning_help import BASE, folder_with, problems_of

NIP = "198609262015051001"
ROSTER = f"NIP;ID Moodle;Nama\n'{NIP};12;Dr. Budi Santoso\n19900101 201503 2 001;13;Siti Aminah\n"
MOODLE = """Time,User full name,Affected user,Event context,Component,Event name,Description,Origin,IP address
"3/02/25, 10:15:30",Budi Santoso,-,Quiz: Modul 1,Quiz,Quiz attempt started,"The user with id '12' has started",web,10.1.1.1
"4/02/25, 08:15",Siti Aminah,-,User: Siti Aminah,System,User profile viewed,"The user with id '13' viewed",ws,10.1.1.1
,Siti Aminah,-,Course: Kursus,System,Course viewed,"The user with id '99' viewed",ws,10.1.1.1
"""  # noqa: E501
TABLE = f"nip,time,event,module,origin\n{NIP},2025-02-03 10:00,buka,modul  1,web\n"
XAPI = [
    {
        "actor": {"account": {"name": NIP}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "http://x/1", "definition": {"name": {"id": "Modul 1"}}},
        "timestamp": "2025-02-03T10:00:00+07:00",
        "context": {"platform": "mobile"},
    }
]
DECLARED = BASE | {
    "link": "nip",
    "roster": "peserta",
    "sources": {
        "peserta": {
            "file": "peserta.csv",
            "role": "roster",
            "columns": {
                "nip": {"from": "NIP", "type": "nip"},
                "moodle": {"from": "ID Moodle", "type": "respondent_code"},
                "nama": {"from": "Nama", "type": "name"},
            },
        },
        "log": {
            "file": "log.csv",
            "role": "events",
            "columns": {"orang": {"from": "description", "type": "respondent_code"}},
        },
        "tabel": {
            "file": "tabel.csv",
            "role": "events",
            "columns": {"nip": {"from": "nip", "type": "nip"}},
        },
        "xapi": {
            "file": "x.jsonl",
            "role": "events",
            "columns": {"nip": {"from": "actor.account.name", "type": "nip"}},
        },
    },
    "elearning": {"events": "log", "modules": {"Modul 1": "Satu"}},
}
FILES = {
    "peserta.csv": ROSTER,
    "log.csv": MOODLE,
    "tabel.csv": TABLE,
    "x.jsonl": "\n".join(map(json.dumps, XAPI)) + "\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVALUASI_KEY", "a key for tests")
    data, program = folder_with(tmp_path, DECLARED, FILES)
    return clean_program(program, data)


def test_all_three_kinds_give_the_same_columns_and_the_same_person(folder: Path) -> None:
    person = pl.read_parquet(folder / "peserta.parquet")["pid"][0]
    for name in ("log", "tabel", "xapi"):
        events = pl.read_parquet(folder / f"{name}.parquet")
        assert events.columns == ["pid", "time", "event", "module", "component", "origin"]
        assert events.schema["time"] == pl.Datetime("us", "UTC")
        assert events["pid"][0] == person, name
        assert events["module"][0] == "Modul 1", name


def test_local_times_become_utc_and_unreadable_ones_stay_missing(folder: Path) -> None:
    times = pl.read_parquet(folder / "log.parquet")["time"].dt.to_string("%d %H:%M:%S").to_list()
    assert times == ["03 03:15:30", "04 01:15:00", None]
    for name in ("tabel", "xapi"):
        (time,) = pl.read_parquet(folder / f"{name}.parquet")["time"].dt.to_string("%d %H:%M")
        assert time == "03 03:00"


def test_times_in_every_spelling_become_utc(tmp_path: Path) -> None:
    told = ["3/02/25 10:15:30", "2025-02-03T10:00:00+07:00", "2025-02-03T03:00:00Z", "1738551600",
            "1738551600000", "kemarin", ""]  # fmt: skip
    lines = [f"{NIP},{time},buka,modul 1,web" for time in told]
    table = "\n".join(["nip,time,event,module,origin", *lines]) + "\n"
    data, program = folder_with(tmp_path, DECLARED, FILES | {"tabel.csv": table})
    folder = clean_program(program, data)
    times = pl.read_parquet(folder / "tabel.parquet")["time"].dt.to_string("%d %H:%M:%S").to_list()
    assert times == ["03 03:15:30", *["03 03:00:00"] * 4, None, None]


def test_names_in_a_log_go_no_further(folder: Path) -> None:
    text = str(pl.read_parquet(folder / "log.parquet").rows())
    assert "Siti" not in text
    assert "Budi" not in text
    assert "10.1.1.1" not in text
    verbs = pl.read_parquet(folder / "xapi.parquet")["event"].to_list()
    assert verbs == ["completed"], "the last part of a verb's address"


def test_a_log_without_times_is_one_problem(tmp_path: Path) -> None:
    table = TABLE.replace("time", "kapan").replace("2025", "sekitar 2025")
    data, _program = folder_with(tmp_path, DECLARED, FILES | {"tabel.csv": table})
    (problem,) = problems_of(data)
    assert problem.where == "tabel.csv"


def test_a_module_that_nobody_opened_is_named_since_it_may_be_misspelt(tmp_path: Path) -> None:
    modules = {"Modul 1": "Satu", "Modul2": "Dua"}
    declared = DECLARED | {"elearning": {"events": "tabel", "modules": modules}}
    files = {"peserta.csv": ROSTER, "log.csv": MOODLE, "tabel.csv": TABLE}
    files["x.jsonl"] = json.dumps(XAPI[0]) + "\n"
    data, program = folder_with(tmp_path, declared, files)
    folder = clean_program(program, data)
    notes = json.loads((folder / "manifest.json").read_text("utf-8"))["quality"]["problems"]
    unseen = [note for note in notes if note["kind"] == "module_unseen"]
    assert unseen == [{"kind": "module_unseen", "source": "tabel", "module": "Modul2"}]
