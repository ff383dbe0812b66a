"""E-learning of a whole program, made by hand: what is shown, and what is said where nothing is."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluasi_lib.measures import Measure, wide
from tests.made_studies import make_study, survey

START = dt.datetime(2025, 3, 3, 1, tzinfo=dt.UTC)
DATES = {"daftar": "date", "selesai": "date", "jk": "category", "zona": "category"}


def roster(n: int = 60, done: int = 40) -> pd.DataFrame:
    first = pd.Series(pd.Timestamp("2025-03-03"), index=range(n))
    days = pd.to_timedelta(10 + np.arange(n) % 20, unit="D")
    return pd.DataFrame(
        {
            "pid": [f"p{i:02d}" for i in range(n)],
            "daftar": first,
            "selesai": (first + days).where(np.arange(n) < done),
            "jk": pd.Categorical(["P" if i % 2 else "L" for i in range(n)]),
            "zona": pd.Categorical(["WIB" if i % 3 else "WIT" for i in range(n)]),
        }
    )


def log(people: pd.DataFrame, modules: list[str], spread_days: float = 3) -> list[tuple[Any, ...]]:
    """Everybody opens the first module; who completes opens them all, in three clicks each."""
    rows = []
    for i, (pid, done) in enumerate(zip(people["pid"], people["selesai"].notna(), strict=True)):
        for m, module in enumerate(modules if done else modules[:1]):
            for click in range(3):
                time = START + dt.timedelta(
                    days=m * spread_days, hours=i % 12, minutes=(4 + i % 7) * click
                )
                rows.append((pid, time, "dilihat", module, "ws" if i % 2 else "web"))
    return rows


def measured(
    folder: Path,
    people: pd.DataFrame,
    rows: list[tuple[Any, ...]],
    *,
    tables: dict[str, pd.DataFrame] | None = None,
    plan: dict[str, Any] | None = None,
    **declaration: Any,
) -> tuple[Measure, ...]:
    flags = {"selesai": "flag", "daftar": "flag"} if people["selesai"].dtype == "boolean" else {}
    declared = {
        "design": {"type": "single_group"},
        "roster": "pegawai",
        "sources": {
            "pegawai": survey(DATES | flags, role="roster"),
            "log": survey({}, role="events"),
        },
        "participation": {"enrolled": "daftar", "completed": "selesai", "groups": ["jk"]},
        "elearning": {"events": "log", "modules": {"M1": "Modul 1", "M2": "Modul 2"}}
        | (plan or {}),
    } | declaration
    events = pd.DataFrame(rows, columns=["pid", "time", "event", "module", "origin"])
    study = make_study(folder, declared, {"pegawai": people, "log": events} | (tables or {}))
    found = study.result.rows
    assert all(row.value is None or np.isfinite(row.value) for row in found)
    return found


def whole(rows: tuple[Measure, ...]) -> dict[str, Any]:
    """The numbers of the platform as a whole."""
    (record,) = wide(rows, "elearning")
    return record


def alone(rows: tuple[Measure, ...], name: str) -> dict[str, Any]:
    (record,) = wide(rows, f"elearning/{name}")
    return record


def funnel(rows: tuple[Measure, ...]) -> dict[str, int | None]:
    return {record["subject"]: record["n"] for record in wide(rows, "elearning/funnel/*")}


def test_users_funnel_and_time_to_completion(tmp_path: Path) -> None:
    people = roster()
    found = measured(tmp_path, people, log(people, ["M1", "M2"]))
    assert whole(found)["users"] == 60
    assert funnel(found) == {
        "enrolled": 60, "active": 60, "M1": 60, "M2": 40, "completed": 40,
    }  # fmt: skip
    first, second = wide(found, "elearning/modules/*")
    assert (first["label"], first["share_n"], first["dropoff_share_n"]) == ("Modul 1", 60, 60)
    assert first["dropoff_share"] == pytest.approx(1 / 3)
    assert second["dropoff_share"] == 0
    # two on each of the days 10-29, 20 of 60 never: exactly half on day 24, the next on day 25
    assert whole(found)["median_days_to_complete"] == 24.5
    hours = wide(found, "elearning/heatmap/*/*")
    assert sum(row["share"] or 0 for row in hours) <= 1 + 1e-9
    assert len(hours) == 7 * 24


def test_who_only_appears_later_has_reached_the_earlier_module(tmp_path: Path) -> None:
    people = roster()
    rows = [row for row in log(people, ["M1", "M2"]) if not (row[3] == "M1" and row[0] < "p10")]
    found = measured(tmp_path, people, rows, plan={"order": "fixed"})
    first, _second = wide(found, "elearning/modules/*")
    assert (first["share_n"], first["dropoff_share_n"]) == (50, 60)


def test_one_module(tmp_path: Path) -> None:
    people = roster()
    found = measured(tmp_path, people, log(people, ["M1"]), plan={"modules": {"M1": "Satu"}})
    (module,) = wide(found, "elearning/modules/*")
    assert (module["share_n"], module["dropoff_share_n"]) == (60, 60)
    assert module["dropoff_share"] == pytest.approx(20 / 60)


def test_modules_that_nobody_declared_stand_in_the_order_of_use(tmp_path: Path) -> None:
    people = roster()
    found = measured(tmp_path, people, log(people, ["Z", "A"]), plan={"modules": {}})
    assert [row["subject"] for row in wide(found, "elearning/modules/*")] == ["Z", "A"]


def test_nobody_completes(tmp_path: Path) -> None:
    people = roster(done=0)
    found = measured(tmp_path, people, log(people, ["M1", "M2"]))
    assert whole(found)["users"] == 60
    assert whole(found)["median_days_to_complete"] is None
    assert whole(found)["reason"] == "Tidak ada yang selesai."
    assert wide(found, "elearning/curve/*") == []


def test_everybody_completes(tmp_path: Path) -> None:
    people = roster(done=60)
    found = measured(tmp_path, people, log(people, ["M1", "M2"]), plan={"group": "jk"})
    assert funnel(found)["completed"] == 60
    assert whole(found)["median_days_to_complete"] == 19.5
    assert [row["subject"] for row in wide(found, "elearning/time/*")] == ["L", "P"]
    assert 0 < alone(found, "log_rank")["p_value"] < 1
    assert alone(found, "hazards/*")["hazard_ratio"] > 0


def test_fewer_than_half_leave_no_median_and_say_so(tmp_path: Path) -> None:
    people = roster(done=20)
    found = measured(tmp_path, people, log(people, ["M1", "M2"]))
    assert whole(found)["median_days_to_complete"] is None
    assert "separuh" in whole(found)["reason"]
    last = wide(found, "elearning/curve/*")[-1]
    assert last["share_completed"] == pytest.approx(1 / 3)


def test_completion_before_the_start_is_set_aside(tmp_path: Path) -> None:
    people = roster()
    people.loc[:6, "selesai"] = pd.Timestamp("2025-02-01")
    found = measured(tmp_path, people, log(people, ["M1", "M2"]))
    last = wide(found, "elearning/curve/*")[-1]
    assert last["share_completed"] == pytest.approx(29 / 53)  # four more are too few


def test_flags_instead_of_dates_count_from_the_first_event_to_the_last(tmp_path: Path) -> None:
    people = roster()
    rows = log(people, ["M1", "M2"])
    people["daftar"] = pd.array([True] * 60, dtype="boolean")
    people["selesai"] = pd.array(people["selesai"].notna(), dtype="boolean")
    found = measured(tmp_path, people, rows)
    assert whole(found)["median_days_to_complete"] == pytest.approx(3, abs=0.05)


def test_learners_in_the_east_have_their_own_office_hours(tmp_path: Path) -> None:
    people = roster()
    rows = [row for row in log(people, ["M1"], 0) if row[1].hour == 1]  # 08.00 WIB, 10.00 WIT
    late = [(pid, t.replace(hour=23), *rest) for pid, t, *rest in rows]  # 06.00 WIB, 08.00 WIT
    plan = {"time_zone_variable": "zona", "modules": {"M1": "Satu"}}
    found = measured(tmp_path, people, rows + late, plan=plan)
    expected = {p: "WIB" for p, z in zip(people["pid"], people["zona"], strict=True) if z == "WIB"}
    off = [row for row in late if row[0] in expected]
    assert whole(found)["off_hours_share"] == pytest.approx(len(off) / (2 * len(rows)))


@pytest.mark.parametrize("missing", ["plan", "users"])
def test_what_is_missing_is_said_in_words(tmp_path: Path, missing: str) -> None:
    people = roster()
    rows = log(people, ["M1", "M2"])
    if missing == "plan":
        found = measured(tmp_path, people, rows, elearning=None)
    else:
        found = measured(tmp_path, people, [("admin", *row[1:]) for row in rows])
        assert whole(found)["users"] == 0
    assert whole(found)["median_days_to_complete"] is None
    assert whole(found)["reason"]
    assert whole(found)["reason"] != "small_cell"


def test_fewer_users_than_may_be_shown(tmp_path: Path) -> None:
    people = roster()
    rows = [row for row in log(people, ["M1", "M2"]) if row[0] < "p03"]
    found = measured(tmp_path, people, rows)
    assert whole(found)["users"] is None
    shown = {row.id for row in found if row.part == "elearning" and row.value is not None}
    assert shown == {
        "elearning/funnel/enrolled/n",  # of these the log knows nothing
        "elearning/access/jk/L/completed_share",
        "elearning/access/jk/P/completed_share",
    }


def test_outcome_by_dose_is_an_association(tmp_path: Path) -> None:
    people = roster(done=60)
    rng = np.random.default_rng(3)
    minutes = 2 * 2 * (4 + np.arange(60) % 7)  # as `log` makes them
    score = pd.DataFrame(
        {"pid": people["pid"], "nilai": 60 + minutes / 60 * 5 + rng.normal(0, 0.01, 60)}
    )
    found = measured(
        tmp_path,
        people,
        log(people, ["M1", "M2"]),
        sources={
            "pegawai": survey(DATES, role="roster"),
            "log": survey({}, role="events"),
            "tes": survey({"nilai": "number"}, role="record", wave="post"),
        },
        outcomes=[
            {
                "id": "nilai",
                "label": "Nilai",
                "level": "learning",
                "variable": "nilai",
                "unit": "poin",
            }
        ],
        tables={"tes": score},
    )
    dose = alone(found, "dose_response")
    assert dose["per_hour"] == pytest.approx(5, abs=0.1)
    assert dose["n"] == 60
    assert dose["per_hour_low"] < 5 < dose["per_hour_high"]


def test_access_is_compared_between_groups_and_regions(tmp_path: Path) -> None:
    people = roster()
    silent = set(people.loc[people["jk"].eq("P"), "pid"].head(12))
    rows = [row for row in log(people, ["M1", "M2"]) if row[0] not in silent]
    plan = {"time_zone_variable": "zona"}
    rows_of = {
        row["stem"][2:]: row
        for row in wide(measured(tmp_path, people, rows, plan=plan), "elearning/access/*/*")
    }
    assert set(rows_of) == {("zona", "WIB"), ("zona", "WIT"), ("jk", "L"), ("jk", "P")}
    women = rows_of["jk", "P"]
    assert women["used_share"] == pytest.approx(18 / 30)
    assert women["used_share_low"] < women["used_share"] < women["used_share_high"]


@pytest.mark.parametrize("n", [6, 9, 14, 23])
@pytest.mark.parametrize("lost", [1, 2, 4, 6])
def test_no_number_of_a_few_persons_is_shown(tmp_path: Path, n: int, lost: int) -> None:
    people = roster(n, done=max(n - lost, 0))
    rows = log(people, ["M1", "M2"])
    plan = {"group": "zona", "time_zone_variable": "zona"}
    found = measured(tmp_path, people, rows, plan=plan)
    users = whole(found)["users"]
    counts = [row.n for row in found] + [users, *funnel(found).values()]
    assert [count for count in counts if count is not None and 0 < count < 5] == []
    left = [count for count in funnel(found).values() if count is not None]
    assert not [a - b for a, b in itertools.pairwise(left) if 0 < a - b < 5]
    ends = [0.0, *(p["share_completed"] for p in wide(found, "elearning/curve/*"))]
    assert min(np.diff(ends), default=1) * n >= 5 - 1e-9


def test_the_same_log_in_another_order_gives_the_same_rows(tmp_path: Path) -> None:
    people = roster()
    rows = log(people, ["M1", "M2"])
    found = [
        measured(tmp_path / name, people, own, plan={"group": "jk"})
        for name, own in (("a", rows), ("b", rows[::-1]))
    ]
    assert found[0] == found[1]


# --- Which modules are stages --------------------------------------------------------------------


def shuffled(people: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Half of those who completed open the second module first."""
    rows = log(people, ["M1", "M2"])
    return [
        (pid, time, event, {"M1": "M2", "M2": "M1"}[m] if pid < "p20" else m, *rest)
        for pid, time, event, m, *rest in rows
    ]


def why_no_stage(rows: tuple[Measure, ...]) -> str:
    return str(alone(rows, "funnel")["reason"])


def test_modules_in_no_order_make_no_funnel(tmp_path: Path) -> None:
    people = roster()
    found = measured(tmp_path, people, shuffled(people))
    assert funnel(found) == {}
    assert "“Modul 2” sebelum “Modul 1”" in why_no_stage(found)
    first, second = wide(found, "elearning/modules/*")
    assert (first["share_n"], second["share_n"]) == (60, 40)  # what was opened is told all the same
    assert first["dropoff_share"] is None


def test_what_is_declared_outweighs_the_log(tmp_path: Path) -> None:
    people = roster()
    found = measured(tmp_path, people, shuffled(people), plan={"order": "fixed"})
    assert list(funnel(found)) == ["enrolled", "active", "M1", "M2", "completed"]
    found = measured(tmp_path, people, log(people, ["M1", "M2"]), plan={"order": "free"})
    assert funnel(found) == {}
    assert "urutan apa pun" in why_no_stage(found)


@pytest.mark.parametrize("declared", [True, False])
def test_an_optional_module_is_no_stage(declared: bool, tmp_path: Path) -> None:
    people = roster()
    rows = log(people, ["M1", "M2", "M3"])
    if not declared:  # a third of those who came further never opened it
        rows = [row for row in rows if not (row[3] == "M2" and row[0] < "p13")]
    plan = {"modules": {"M1": "Satu", "M2": "Dua", "M3": "Tiga"}}
    plan |= {"optional": ["M2"]} if declared else {}
    found = measured(tmp_path, people, rows, plan=plan)
    assert funnel(found) == {"enrolled": 60, "active": 60, "M1": 60, "M3": 40, "completed": 40}
    assert "Dua" in why_no_stage(found)
    first, second, _third = wide(found, "elearning/modules/*")
    assert first["dropoff_share"] == pytest.approx(1 / 3)
    assert second["dropoff_share"] is None
    assert second["share_n"] == (40 if declared else 27)
