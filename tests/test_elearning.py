"""E-learning of a whole program, made by hand: what is shown, and what is said where nothing is."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import evaluasi_lib as el

# Times are censored by person in the references of survival analysis; in a program all are censored
# at the last day of the log, so that the door cannot show these.
from evaluasi_lib.scoring.elearning import cox, kaplan_meier, log_rank
from tests.made_studies import make_study, survey
from tests.places import at

START = dt.datetime(2025, 3, 3, 1, tzinfo=dt.UTC)
TWO = {"modules": {"M1": "Modul 1", "M2": "Modul 2"}}


def roster(n=60, done=40):
    first = pd.Series(pd.Timestamp("2025-03-03"), index=range(n))
    days = pd.to_timedelta(10 + np.arange(n) % 20, unit="D")
    return pd.DataFrame(
        {
            "pid": [f"p{i:02d}" for i in range(n)],
            "daftar": first,
            "selesai": (first + days).where(np.arange(n) < done),
            "jk": ["P" if i % 2 else "L" for i in range(n)],
            "zona": ["WIB" if i % 3 else "WIT" for i in range(n)],
            "instansi": [f"I{i // 4}" for i in range(n)],
        }
    )


def log(people, modules=("M1", "M2"), spread_days=3):
    """Everybody opens the first module; who completes opens them all, in three clicks each."""
    rows = []
    for i, (pid, done) in enumerate(zip(people["pid"], people["selesai"].notna(), strict=True)):
        for m, module in enumerate(modules if done else modules[:1]):
            start = START + dt.timedelta(days=m * spread_days, hours=i % 12)
            times = [start + dt.timedelta(minutes=(4 + i % 7) * click) for click in range(3)]
            rows += [(pid, time, "dilihat", module, "ws" if i % 2 else "web") for time in times]
    return pd.DataFrame(rows, columns=["pid", "time", "event", "module", "origin"])


def measured(folder, people, events=None, plan=None, tables=None, sources=None, **declaration):
    kinds = {"jk": "category", "zona": "category", "instansi": "category"}
    kinds |= {v: "flag" if people[v].dtype == bool else "date" for v in ("daftar", "selesai")}
    declared = {
        "design": {"type": "single_group"},
        "roster": "pegawai",
        "sources": {"pegawai": survey(kinds, role="roster"), "log": survey({}, role="events")}
        | (sources or {}),
        "participation": {"enrolled": "daftar", "completed": "selesai", "groups": ["jk"]},
        "elearning": {"events": "log"} | TWO | (plan or {}),
    } | declaration
    events = log(people) if events is None else events
    program = make_study(folder, declared, {"pegawai": people, "log": events} | (tables or {}))
    assert np.isfinite(program.measures["value"].dropna()).all()
    return program


def whole(program):
    (record,) = at(program, "elearning")
    return record


def funnel(program):
    return {record["subject"]: record["n"] for record in at(program, "elearning/funnel/*")}


def completed(program):
    """The last point of the curve of completion."""
    return at(program, "elearning/curve/*")[-1]["share_completed"]


def test_users_funnel_and_time_to_completion(tmp_path):
    program = measured(tmp_path, roster())
    assert whole(program)["users"] == 60
    assert funnel(program) == {"enrolled": 60, "active": 60, "M1": 60, "M2": 40, "completed": 40}
    first, second = at(program, "elearning/modules/*")
    assert (first["label"], first["share_n"], first["dropoff_share_n"]) == ("Modul 1", 60, 60)
    assert first["dropoff_share"] == pytest.approx(1 / 3)
    assert second["dropoff_share"] == 0
    # two on each of the days 10-29, 20 of 60 never: exactly half on day 24, the next on day 25
    assert whole(program)["median_days_to_complete"] == 24.5
    hours = at(program, "elearning/heatmap/*/*")
    assert sum(row["share"] or 0 for row in hours) <= 1 + 1e-9
    assert len(hours) == 7 * 24


@pytest.mark.parametrize(("done", "reason"), [(0, "Tidak ada yang selesai."), (20, "separuh")])
def test_nobody_or_fewer_than_half_leave_no_median_and_say_so(tmp_path, done, reason):
    program = measured(tmp_path, roster(done=done))
    found = whole(program)
    assert (found["users"], found["median_days_to_complete"]) == (60, None)
    assert reason in found["reason"]
    if done:
        assert completed(program) == pytest.approx(1 / 3)
    else:
        assert at(program, "elearning/curve/*") == []


def test_everybody_completes_and_groups_are_compared_in_whatever_order_the_log_is(tmp_path):
    program = measured(tmp_path / "a", roster(done=60), plan={"group": "jk"})
    assert funnel(program)["completed"] == 60
    assert whole(program)["median_days_to_complete"] == 19.5
    assert [row["subject"] for row in at(program, "elearning/time/*")] == ["L", "P"]
    backwards = measured(
        tmp_path / "b", roster(done=60), log(roster(done=60))[::-1], {"group": "jk"}
    )
    pd.testing.assert_frame_equal(program.measures, backwards.measures)
    assert 0 < at(program, "elearning/log_rank")[0]["p_value"] < 1
    assert at(program, "elearning/hazards/*")[0]["hazard_ratio"] > 0


def test_completion_before_the_start_is_set_aside_and_flags_take_the_log_s_times(tmp_path):
    people = roster()
    people.loc[:6, "selesai"] = pd.Timestamp("2025-02-01")
    early = measured(tmp_path / "a", people)
    assert completed(early) == pytest.approx(29 / 53)  # four more are too few
    flags = roster().assign(daftar=True, selesai=roster()["selesai"].notna())
    program = measured(tmp_path / "b", flags, log(roster()))
    assert whole(program)["median_days_to_complete"] == pytest.approx(3, abs=0.05)


def test_learners_in_the_east_have_their_own_office_hours(tmp_path):
    people = roster()
    rows = log(people, ["M1"], 0)
    rows = rows[rows["time"].dt.hour == 1]  # 08.00 WIB, 10.00 WIT
    late = rows.assign(time=rows["time"] + pd.Timedelta(hours=22))  # 06.00 WIB, 08.00 WIT
    program = measured(tmp_path, people, pd.concat([rows, late]), {"time_zone_variable": "zona"})
    off = late["pid"].isin(people.loc[people["zona"] == "WIB", "pid"]).sum()
    assert whole(program)["off_hours_share"] == pytest.approx(off / (2 * len(rows)))


@pytest.mark.parametrize(
    ("declared", "events"),
    [({"elearning": None}, None), ({}, log(roster()).assign(pid="admin"))],
    ids=["plan", "users"],
)
def test_what_is_missing_is_said_in_words(tmp_path, declared, events):
    found = whole(measured(tmp_path, roster(), events, **declared))
    assert found["median_days_to_complete"] is None
    assert found["users"] == (None if declared else 0)
    assert found["reason"] not in (None, "small_cell")


def test_fewer_users_than_may_be_shown(tmp_path):
    events = log(roster())
    program = measured(tmp_path, roster(), events[events["pid"] < "p03"])
    rows = program.measures.query("part == 'elearning'").dropna(subset="value")
    assert set(rows["id"]) == {
        "elearning/funnel/enrolled/n",  # of these the log knows nothing
        "elearning/access/jk/L/completed_share",
        "elearning/access/jk/P/completed_share",
    }


@pytest.mark.parametrize("n", [6, 9, 14, 23])
@pytest.mark.parametrize("lost", [1, 2, 4, 6])
def test_no_number_of_a_few_persons_is_shown(tmp_path, n, lost):
    plan = {"group": "zona", "time_zone_variable": "zona"}
    program = measured(tmp_path, roster(n, done=max(n - lost, 0)), plan=plan)
    left = pd.Series(funnel(program)).dropna()
    counts = pd.concat([program.measures["n"], left, pd.Series([whole(program)["users"]])])
    assert not counts.between(1, 4).any()
    assert not (-left.diff()).between(1, 4).any()
    ends = [0.0, *(p["share_completed"] for p in at(program, "elearning/curve/*"))]
    assert min(np.diff(ends), default=1) * n >= 5 - 1e-9


def test_outcome_by_dose_is_an_association(tmp_path):
    people = roster(done=60)
    rng = np.random.default_rng(3)
    minutes = 2 * 2 * (4 + np.arange(60) % 7)  # as `log` makes them
    score = people[["pid"]].assign(nilai=60 + minutes / 60 * 5 + rng.normal(0, 0.01, 60))
    outcome = {"id": "nilai", "label": "Nilai", "level": "learning", "variable": "nilai",
               "unit": "poin"}  # fmt: skip
    program = measured(
        tmp_path, people, outcomes=[outcome], tables={"tes": score},
        sources={"tes": survey({"nilai": "number"}, role="record", wave="post")},
    )  # fmt: skip
    (dose,) = at(program, "elearning/dose_response")
    assert (dose["per_hour"], dose["n"]) == (pytest.approx(5, abs=0.1), 60)
    assert dose["per_hour_low"] < 5 < dose["per_hour_high"]


def test_access_is_compared_between_groups_and_regions_and_allows_for_agencies(tmp_path):
    people = roster().sort_values("jk", kind="stable").reset_index(drop=True)
    people["selesai"] = people["selesai"].where(people.index % 60 < 25, None)
    silent = people.loc[people["jk"] == "P", "pid"].head(12)
    events = log(people)
    found = {
        cluster: {row["stem"][2:]: row for row in at(measured(
            tmp_path / str(cluster), people, events[~events["pid"].isin(silent)],
            {"time_zone_variable": "zona"}, design={"type": "single_group", "cluster": cluster},
        ), "elearning/access/*/*")} for cluster in (None, "instansi")
    }  # fmt: skip
    rows = found[None]
    assert set(rows) == {("zona", "WIB"), ("zona", "WIT"), ("jk", "L"), ("jk", "P")}
    women = rows["jk", "P"]
    assert women["used_share"] == pytest.approx(18 / 30)
    assert women["used_share_low"] < women["used_share"] < women["used_share_high"]
    plain, clustered = (f["zona", "WIB"]["completed_share_p"] for f in found.values())
    assert plain != clustered == pytest.approx(plain, abs=0.15)


# --- Which modules are stages ---

HALF = log(roster()).assign(
    module=lambda t: t["module"].mask(t["pid"] < "p20", t["module"].map({"M1": "M2", "M2": "M1"}))
)  # half of those who completed open the second module first
LATER = log(roster()).query("module != 'M1' or pid >= 'p10'")
PASSED_OVER = log(roster(), ["M1", "M2", "M3"]).query("module != 'M2' or pid >= 'p13'")
THREE = {"modules": {"M1": "Satu", "M2": "Dua", "M3": "Tiga"}}
STAGES = ["enrolled", "active", "M1", "M2", "completed"]


@pytest.mark.parametrize(
    ("events", "plan", "stages", "said"),
    [
        (HALF, {}, [], "“Modul 2” sebelum “Modul 1”"),
        (HALF, {"order": "fixed"}, STAGES, ""),
        (LATER, {"order": "fixed"}, STAGES, ""),
        (None, {"order": "free"}, [], "urutan apa pun"),
        (log(roster(), ["M1"]), {"modules": {"M1": "Satu"}}, [*STAGES[:3], "completed"], ""),
        (log(roster(), ["Z", "A"]), {"modules": {}}, [*STAGES[:2], "Z", "A", "completed"], ""),
        (log(roster(), ["M1", "M2", "M3"]), THREE | {"optional": ["M2"]},
         [*STAGES[:3], "M3", "completed"], "Dua"),
        # a third of those who came further never opened it
        (PASSED_OVER, THREE, [*STAGES[:3], "M3", "completed"], "Dua"),
    ],
    ids=["in no order", "declared fixed", "appears later", "declared free", "one",
         "in the order of use", "optional", "passed over"],
)  # fmt: skip
def test_modules_are_stages_where_they_have_an_order(tmp_path, events, plan, stages, said):
    program = measured(tmp_path, roster(), events, plan)
    assert list(funnel(program)) == stages
    if said:
        assert said in at(program, "elearning/funnel")[0]["reason"]
    modules = {row["subject"]: row for row in at(program, "elearning/modules/*")}
    if events is LATER:  # who only appears in the second has reached the first
        assert (modules["M1"]["share_n"], modules["M1"]["dropoff_share_n"]) == (50, 60)
    for name, row in modules.items():  # what was opened is told all the same
        assert row["share_n"]
        assert (row["dropoff_share"] is not None) == (name in stages)


# --- Time to completion ---

REFERENCE = json.loads(
    (Path(__file__).parent / "reference" / "survival.json").read_text(encoding="utf-8")
)["values"]
LUNG = Path(__file__).parents[2] / "shared" / "golden" / "inputs" / "lung.csv"

# Freireich et al. (1963), as in textbooks: weeks of remission under 6-MP, then under placebo.
TEXT = (
    "6 6 6 6 7 9 10 10 11 13 16 17 19 20 22 23 25 32 32 34 35 "
    "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"
)
WEEKS = np.array(TEXT.split(), dtype=float)
ENDED = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0] + [1] * 21)
TREATED = np.repeat([1.0, 0.0], 21)


def close(key):
    return pytest.approx(REFERENCE[key]["value"], rel=REFERENCE[key]["tol_rel"])


@pytest.mark.skipif(not LUNG.is_file(), reason="the reference input lung.csv is not here")
def test_survival_agrees_with_r_on_the_lung_data():
    lung = pd.read_csv(LUNG)
    times, done = lung["time"].to_numpy(float), lung["status"].to_numpy() - 1
    km = kaplan_meier(times, done)
    assert km["median_days"] == close("km.lung.median")
    assert km["median_ci_low"] == close("km.lung.median_lo_logCI")
    assert km["median_ci_high"] == close("km.lung.median_hi_logCI")
    table = lung.assign(mulai=1, selesai=done)
    medians = el.completion(table, ["mulai", "selesai"], by="sex", days="time")["median_days"]
    assert medians.dropna().tolist() == [close(f"km.lung.median_g{sex}") for sex in (1, 2)]
    test = log_rank(times, done, lung["sex"].to_numpy())
    assert test == (close("km.lung.logrank_chi2"), close("km.lung.logrank_p"))
    hazard = cox(times, done, lung[["sex"]].astype(float))["sex"]
    assert hazard["beta"] == close("km.lung.cox_efron_b")
    assert hazard["std_error"] == close("km.lung.cox_efron_se")


def test_survival_agrees_with_the_textbook_on_remission_times():
    km = kaplan_meier(WEEKS[:21], ENDED[:21])
    share = {point["days"]: 1 - point["share_completed"] for point in km["curve"]}
    assert share[6] == pytest.approx(18 / 21)
    assert share[7] == pytest.approx(18 / 21 * 16 / 17)
    assert km["median_days"] == 23
    assert log_rank(WEEKS, ENDED, TREATED)[0] == pytest.approx(16.79, abs=0.005)
    hazard = cox(WEEKS, ENDED, pd.DataFrame({"6-MP": TREATED}))["6-MP"]
    assert hazard["beta"] == pytest.approx(-1.5721, abs=5e-5)
    assert hazard["std_error"] == pytest.approx(0.4124, abs=5e-5)


def test_what_cannot_be_compared_has_no_test():
    nobody, same = np.zeros(42, int), np.ones(42)
    assert log_rank(WEEKS, nobody, TREATED) is None
    assert log_rank(WEEKS, ENDED, same) is None
    for done, x in ((nobody, TREATED), (ENDED, same)):
        assert cox(WEEKS, done, pd.DataFrame({"x": x})) == {}


@pytest.mark.parametrize(
    ("days", "done", "median"),
    [
        (range(1, 11), [1] * 4 + [0] * 6, None),  # before half have completed
        (range(1, 11), [0] * 10, None),
        ([3] * 12, [1] * 12, 3),
        ([1, 2, 4, 9], [1] * 4, 3),  # R: survfit(Surv(c(1, 2, 4, 9), rep(1, 4)) ~ 1)
        ([1, 2, 4, 9], [1, 1, 0, 0], 2),
    ],
)
def test_a_curve_that_rests_at_one_half_has_its_median_in_the_middle(days, done, median):
    people = pd.DataFrame({"mulai": 1, "selesai": done, "hari": days})
    table = el.completion(people, ["mulai", "selesai"], days="hari", min_cell=0)
    assert table["median_days"].tolist() == pytest.approx([np.nan, median or np.nan], nan_ok=True)


def test_the_median_has_no_upper_limit_where_the_curves_limit_stays_above_one_half():
    """After the fifth of six days 1/6 are left, and their upper limit is 0.997; on the last day
    nobody is, and Greenwood's error is not defined: by R's rule the limit is missing."""
    km = kaplan_meier(np.arange(1.0, 7), np.ones(6, int))
    assert (km["median_days"], km["median_ci_low"], km["median_ci_high"]) == (3.5, 2.0, None)


def test_clusters_that_are_alike_widen_the_interval_of_what_varies_between_them():
    rng = np.random.default_rng(6)
    cluster = np.repeat(np.arange(12), 10)
    region = (cluster < 3).astype(float)
    times = rng.exponential(1 / np.exp(rng.normal(0, 0.8, 12))[cluster])
    frame, done = pd.DataFrame({"region": region, "own": rng.normal(size=120)}), np.ones(120, int)
    plain, allowed = cox(times, done, frame), cox(times, done, frame, cluster)
    assert [h["beta"] for h in plain.values()] == [h["beta"] for h in allowed.values()]
    assert allowed["region"]["std_error"] > 1.5 * plain["region"]["std_error"]
    # a region of one cluster alone: its error cannot be known, so nothing is said
    alone = frame.assign(region=(cluster == 0).astype(float))
    assert cox(times, done, alone, cluster) == {}
