"""What estimates claim, and how far their design carries: each fault that once said too much or
nothing at all, from raw files to the measures of the program."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit
from statsmodels.stats.oneway import anova_oneway

import evaluasi_lib as el
from tests.made_studies import at, estimates, evidence, made, primary, remarks


def persons(seed: int, n: int = 300, *, chance: Any = None) -> pd.DataFrame:
    """Persons with an age and an ability that is measured before, and no effect afterwards."""
    rng = np.random.default_rng(seed)
    ability, age = rng.normal(size=n), rng.integers(25, 58, n).astype(float)
    member = np.arange(n) % 2 == 0
    if chance is not None:
        member = rng.random(n) < chance(ability, age)
    before, after = ability + rng.normal(size=(2, n)) * 0.5
    return pd.DataFrame({"member": member, "before": before, "after": after, "usia": age})


def raised(data: pd.DataFrame, by: float) -> pd.DataFrame:
    """The same persons, those of the program raised."""
    return data.assign(after=data["after"] + by * data["member"])


# Which estimator is primary, and what it is called


def test_declared_covariates_make_it_doubly_robust(tmp_path: Path) -> None:
    """The young are in the program more often and improve by themselves; the true effect is 0."""
    data = persons(1, 600, chance=lambda _ability, age: expit((41 - age) / 8))
    data["after"] += (41 - data["usia"]) * 0.05
    study = made(tmp_path / "declared", data, covariates=["usia"])
    assert primary(study)["estimator"] == "drdid"
    assert primary(study)["low"] <= 0 <= primary(study)["high"]
    assert estimates(study)["did"]["low"] > 0
    assert primary(made(tmp_path / "none", data))["estimator"] == "did"


def test_independent_samples_use_their_covariates(tmp_path: Path) -> None:
    data = persons(2, 600, chance=lambda _ability, age: expit((41 - age) / 8))
    data["after"] += (41 - data["usia"]) * 0.05
    half = np.arange(len(data)) % 4 < 2
    data.loc[half, "before"], data.loc[~half, "after"] = np.nan, np.nan
    study = made(tmp_path, data, link="anonymous", covariates=["usia"])
    main, plain = primary(study), estimates(study)["did_repeated"]
    assert main["estimator"] == "drdid_repeated"
    assert main["low"] <= 0 <= main["high"]
    means = data.groupby("member")[["before", "after"]].mean().diff().iloc[1]
    assert plain["estimate"] == pytest.approx(means["after"] - means["before"])  # of four means
    assert plain["estimate"] > main["estimate"]
    sizes = data.dropna(subset="after")["member"].value_counts()
    assert (plain["n_program"], plain["n_comparison"]) == (sizes[True], sizes[False])


def test_comparison_with_linked_baseline_is_difference_in_differences(tmp_path: Path) -> None:
    data = persons(18, 60)
    data["after"] += np.where(data["member"], 1.0, 0.2)
    study = made(tmp_path, data)
    found = primary(study)
    assert found["estimator"] == "did"
    assert found["estimate"] == pytest.approx(0.8, abs=4 * found["std_error"])
    assert {"ancova", "difference"} <= set(estimates(study))
    assert at(study, "sample")["invited"] == 60
    own = data[data["member"]]  # from what to what: of those measured twice
    means = (own["before"].mean(), own["after"].mean())
    assert (found["mean_before"], found["mean_after"]) == pytest.approx(means)
    # Two persons more in the published mean of the wave: subtraction would tell of them.
    data.loc[[0, 2], "before"] = np.nan
    found = primary(made(tmp_path, data))
    assert found["estimate"] is not None
    assert (found.get("mean_before"), found.get("mean_after")) == (None, None)


def test_anonymous_waves_are_independent_samples_and_marked_weaker(tmp_path: Path) -> None:
    data = persons(18, 60)
    study = made(tmp_path, data[["before", "after"]], link="anonymous")
    found = primary(study)
    welch = stats.ttest_ind(data["after"], data["before"], equal_var=False)
    assert (found["estimator"], found["claim"]) == ("waves", "change")
    assert found["p"] == pytest.approx(welch.pvalue)
    assert sum(r.id == "effects/y/primary" for r in study.result.remarks) >= 2


def test_units_whose_answers_are_alike_widen_the_interval_of_unlinked_waves(tmp_path: Path) -> None:
    rng, units = np.random.default_rng(1), np.repeat(np.arange(20), 10)
    answers = rng.normal(size=(2, 20))[:, units] + rng.normal(size=(2, 200)) / 9
    data = pd.DataFrame(dict(zip(("before", "after"), answers, strict=True)))
    data["unit"] = [f"unit {i}" for i in units]
    plain, clustered = (
        primary(made(tmp_path / str(len(how)), data, link="anonymous", **how))
        for how in ({}, {"cluster": "unit"})
    )
    assert plain["estimator"] == clustered["estimator"] == "waves"
    assert clustered["std_error"] > 2 * plain["std_error"]


@pytest.mark.parametrize("ordered", [True, False])
def test_steps_taken_as_equal_are_told_where_persons_cannot_be_linked(
    tmp_path: Path, ordered: bool
) -> None:
    rng = np.random.default_rng(1)
    before, after = rng.integers(1, 6, (2, 80)).astype(float)
    data = pd.DataFrame({"member": np.arange(80) % 2, "before": before, "after": after})
    kind = {"scale_type": "ordinal"} if ordered else {}
    study = made(tmp_path, data, link="anonymous", outcome=kind, language="en")
    assert ("treated as equally far apart" in remarks(study, "effects/y/primary")) == ordered


@pytest.mark.parametrize("clusters", [12, 6])
def test_clusters_bring_cr2_and_few_of_them_no_p_value(tmp_path: Path, clusters: int) -> None:
    data = persons(18, 60).assign(unit=[f"u{i % clusters}" for i in range(60)])
    found = primary(made(tmp_path, data, cluster="unit"))
    assert found["estimate"] is not None
    if clusters == 12:
        assert found["df"] < 12
    else:  # three in each group
        assert (found["p"], found["low"], found["conclusion"]) == (None, None, "inconclusive")
        assert found["reason"]


def test_dose_is_an_association_among_participants(tmp_path: Path) -> None:
    data = persons(19, 120)
    data["dosis"] = np.random.default_rng(19).integers(0, 10, 120).astype(float)
    data["after"] = data["dosis"] * 0.3 + data["after"] * 0.05
    found = estimates(made(tmp_path, data, outcome={"dose": "dosis"}))["dose_response"]
    assert found["estimate"] == pytest.approx(0.3, abs=0.03)
    assert (found["estimand"], found["conclusion"]) == ("association", None)
    assert found["note"]


@pytest.mark.parametrize("sizes", [(20, 35), (12, 20, 31)])
def test_subgroups_are_tested_by_welch(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    """Two groups: the t test of their difference; more: his analysis of variance."""
    rng = np.random.default_rng(20)
    changes = [rng.normal(size=n) * (i + 1) for i, n in enumerate(sizes)]
    before = rng.normal(size=sum(sizes))
    data = pd.DataFrame({"before": before, "after": before + np.concatenate(changes),
                         "unit": np.repeat(list("abc")[: len(sizes)], sizes)})  # fmt: skip
    rows = made(tmp_path, data, outcome={"subgroups": ["unit"]}).measures
    (p,) = rows.loc[rows["measure"] == "interaction_p", "value"]
    assert p == pytest.approx(anova_oneway(changes, use_var="unequal").pvalue)


def test_a_conclusion_follows_the_adjusted_p_value(tmp_path: Path) -> None:
    """p = 0.036 alone is an improvement, but not as one of three questions."""
    z = stats.norm.ppf((np.arange(100) + 0.5) / 100)
    after = {"y1": z / z.std(ddof=1) + 0.213, "y2": z, "y3": z[::-1]}
    data = pd.DataFrame(after).add_suffix("@post")
    data = pd.DataFrame(0.0, data.index, list(after)).add_suffix("@pre").join(data)

    def said(*asked: str) -> str:
        common = {"level": "learning", "unit": "poin", "baseline_wave": "pre"}
        outcomes = [common | {"id": y, "label": y, "variable": y} for y in asked]
        study = made(tmp_path / str(len(asked)), data, outcomes=outcomes)
        return study.effects()["conclusion"].iloc[0]

    assert said("y1") == "improved"
    assert said(*after) == "inconclusive"


# Randomised designs


def test_a_randomised_design_uses_the_measure_before_in_lins_form(tmp_path: Path) -> None:
    data = raised(persons(7), 0.2)
    study = made(tmp_path, data, design="randomised", covariates=["usia"])
    main, difference = primary(study), estimates(study)["difference"]
    ask = {"group": "member", "before": "before", "covariates": ["usia"], "design": "randomised"}
    own = el.compare_models(data, "after", methods=["ancova", "difference"], **ask)
    assert (main["estimator"], main["estimand"], main["claim"]) == ("ancova", "itt", "effect")
    found = [(e["estimate"], e["std_error"]) for e in (main, difference)]
    assert np.array(found) == pytest.approx(own[["estimate", "std_error"]].to_numpy())
    assert main["std_error"] < 0.8 * difference["std_error"]


def test_nobody_is_lost_for_want_of_a_measure_before(tmp_path: Path) -> None:
    data = persons(8)
    data.loc[::5, "before"] = np.nan
    found = primary(made(tmp_path, data, design="randomised"))
    assert (found["n_program"] + found["n_comparison"], found["estimator"]) == (300, "ancova")


def test_few_persons_and_many_covariates_keep_an_estimate(tmp_path: Path) -> None:
    data, names = persons(9, 16), [f"x{i}" for i in range(6)]
    data[names] = np.random.default_rng(9).normal(size=(16, 6))
    many = primary(made(tmp_path / "many", data, design="randomised", covariates=names))
    same = primary(made(tmp_path / "same", data.assign(before=0.0), design="randomised"))
    assert (many["estimator"], same["estimator"]) == ("ancova", "difference")
    assert many["note"]
    assert same["note"]
    assert same["p"] is not None


def test_lee_bounds_hold_the_effect(tmp_path: Path) -> None:
    """The program keeps weak persons in the survey, who else would not answer; effect 0.5."""
    rng = np.random.default_rng(21)
    member, ability = np.arange(2000) % 2 == 0, rng.normal(size=2000)
    seen = (ability > -1) | member
    data = pd.DataFrame({"member": member, "after": np.where(seen, ability + 0.5 * member, np.nan)})
    found = primary(made(tmp_path, data, design="randomised"))
    assert found["lee_lower_low"] <= 0.5 <= found["lee_upper_high"]
    assert found["lee_lower_low"] < found["lee_lower"] < found["lee_upper"]
    assert found["lee_lower"] <= found["estimate"] <= found["lee_upper"] < found["lee_upper_high"]


def test_bounds_that_contain_zero_speak(tmp_path: Path) -> None:
    """The program's weakest do not answer: the estimate says improved, and nothing has changed."""
    data = persons(10, 500).drop(columns="before")
    weak = data["after"] < data["after"].quantile(0.3)
    lost = data.assign(after=data["after"].mask(weak & data["member"]))
    kept = raised(data, 2).assign(after=lambda d: d["after"].mask(d.index < 2))
    found, other = (primary(made(tmp_path / name, table, design="randomised"))
                    for name, table in (("lost", lost), ("kept", kept)))  # fmt: skip
    assert found["conclusion"] == "improved"
    assert "Lee 2009" in found["note"]
    assert "Lee 2009" not in str(other["note"])


# Comparisons that data themselves contradict


@pytest.mark.parametrize("ordered", [False, True])
def test_those_chosen_for_low_scores_show_no_improvement(tmp_path: Path, ordered: bool) -> None:
    """Regression to the mean: difference in differences rises, ANCOVA does not."""
    data = persons(3, 800)
    data["member"] = data["before"] + np.random.default_rng(4).normal(size=800) * 0.3 < 0
    if ordered:
        steps = [-1.2, -0.4, 0.4, 1.2]
        for column in ("before", "after"):
            data[column] = np.digitize(data[column], steps) + 1.0
    study = made(tmp_path, data, outcome={"scale_type": "ordinal"} if ordered else {})
    found = primary(study)
    assert found["estimator"] == ("net_rise" if ordered else "did")
    assert found["low"] > 0  # so that alone it would be "improved"
    (row,) = study.measures.query("measure == 'bracketing'").to_dict("records")
    assert (row["estimator"], row["value"]) == ("ancova", estimates(study)["ancova"]["estimate"])
    assert row["low"] <= 0
    assert row["conclusion"] != "improved"
    assert found["conclusion"] == "inconclusive"
    assert "Ding" in found["note"]


def test_where_both_agree_the_conclusion_stands(tmp_path: Path) -> None:
    study = made(tmp_path / "both", raised(persons(5), 0.6))
    (row,) = study.measures.query("measure == 'bracketing'").to_dict("records")
    assert row["conclusion"] == primary(study)["conclusion"] == "improved"
    assert "Ding" not in str(primary(study)["note"])
    # a measure before that is the same for everybody needs no bracket
    same = primary(made(tmp_path / "same", raised(persons(6).assign(before=0.0), 1)))
    assert (same.get("bracketing"), same["conclusion"]) == (None, "improved")


def test_groups_compared_as_they_are_show_a_difference(tmp_path: Path) -> None:
    found = primary(made(tmp_path, raised(persons(11), 0.6).drop(columns="before")))
    assert (found["claim"], found["estimand"]) == ("difference", "difference")
    assert found["estimator"] == "difference"


def test_a_weak_hidden_cause_is_named(tmp_path: Path) -> None:
    found = primary(made(tmp_path, raised(persons(12, 900), 0.15)))  # three standard errors
    assert found["conclusion"] == "improved"
    assert 1 < found["e_value"] < 1.5
    assert "VanderWeele" in found["note"]


def test_a_bent_relation_is_named_and_splines_mend_it(tmp_path: Path) -> None:
    """In the program are the youngest and the oldest, who score higher anyway: no true effect."""
    data = persons(13, 1500, chance=lambda _ability, age: expit(((age - 41) / 8) ** 2 - 1.3))
    data["after"] += ((data["usia"] - 41) / 8) ** 2
    line = persons(14, 600)
    line["after"] += line["usia"] * 0.1

    def of(name: str, table: pd.DataFrame, **how: str) -> Any:
        once = table.drop(columns="before")
        return made(tmp_path / name, once, covariates=["usia"], **how)

    straight, bent = of("straight", data), of("bent", data, covariate_form="spline")
    assert (primary(straight)["estimator"], primary(straight)["low"] > 0) == ("aipw", True)
    assert "covariate_form: spline" in primary(straight)["note"]
    assert primary(bent)["low"] <= 0 <= primary(bent)["high"]
    assert "covariate_form" not in str(primary(bent)["note"])
    balance = bent.measures[bent.measures["id"].str.startswith("effects/y/balance/")]
    assert set(balance["subject"]) == {"usia"}
    assert "covariate_form" not in str(primary(of("line", line))["note"])


def test_an_undeclared_unit_is_named(tmp_path: Path) -> None:
    data, unit = persons(16, 240), np.arange(240) // 2 % 12
    alike = data["after"] + np.random.default_rng(16).normal(size=12)[unit] * 0.8
    own = data.assign(instansi=[f"i{u}" for u in unit], after=alike)
    unlike = data.assign(instansi=[f"i{u}" for u in np.arange(240) % 12])
    for table, how, named in ((own, {}, True), (own, {"cluster": "instansi"}, False),
                              (unlike, {}, False)):  # fmt: skip
        found = primary(made(tmp_path / f"{len(how)}{named}", table, **how))
        assert ("instansi" in str(found["note"])) == named


# The evidence: baseline, attrition, rating, threats


def study_of(
    folder: Path, *, lost: tuple[int, int] = (10, 10), apart: float = 0.0,
    drift: float | None = None, each: int = 100, **how: Any,
) -> Any:  # fmt: skip
    """Two groups of `each`, `lost` of each without an answer afterwards, `apart` SD before; drift:
    what the program's persons gained since an earlier wave, where there is one."""
    rng = np.random.default_rng(3)
    member = np.arange(2 * each) % 2 == 0
    draws = rng.normal(size=2 * each)
    for rows in (member, ~member):  # exactly alike on average, but for `apart`
        draws[rows] = (draws[rows] - draws[rows].mean()) / draws[rows].std()
    before = draws + apart * member
    after = before + 0.5 * member + rng.normal(size=2 * each) * 0.5
    for rows, n in zip((member, ~member), lost, strict=True):
        after[np.flatnonzero(rows)[:n]] = np.nan
    data = pd.DataFrame({"member": member, "before": before, "after": after})
    if drift is not None:
        data.insert(0, "y@awal", before - drift * member + rng.normal(size=2 * each) * 0.1)
    outcome = {"level": "results"} | how.pop("outcome", {})
    return made(folder, data, outcome=outcome, **({"attrition": "known"} | how))


def test_hedges_g_has_the_pooled_sd_and_cox_index_is_for_two_values() -> None:
    def apart(*groups: list[float]) -> float:
        """The standardised difference of a characteristic before."""
        member = np.repeat([1, 0], [len(values) for values in groups])
        table = pd.DataFrame({"x": np.concatenate(groups), "ikut": member})
        return el.balance(table, ["x"], "ikut", min_cell=0)["smd"].iloc[0]

    a, b = [1.0, 2, 3, 4], [2.0, 3, 4, 5, 6]
    sd = math.sqrt((3 * np.var(a, ddof=1) + 4 * np.var(b, ddof=1)) / 7)
    assert apart(a, b) == pytest.approx(-1.5 / sd * 0.8882, rel=1e-4)  # J(7), Hedges' table
    odds = math.log((0.3 / 0.7) / (0.2 / 0.8)) / 1.65
    twos = apart([1.0] * 30 + [0.0] * 70, [1.0] * 20 + [0.0] * 80)
    assert twos == pytest.approx(odds, rel=0.01)  # J(198) = 0.996
    assert pd.isna(apart([1.0] * 5, [0.0] * 5))


@pytest.mark.parametrize(
    ("lost", "threat"),
    # Of 2,000 in each group; at a loss of 10% the limits are 6.3 and 10.9 points, at 60% 1.4.
    [((137, 263), "many_lost"), ((136, 264), "attrition_moderate"), ((90, 310), "attrition"),
     ((242, 358), "many_lost"), ((240, 360), "attrition_moderate"),
     ((1190, 1210), "attrition_moderate"), ((1180, 1220), "attrition"),
     ((1600, 1600), "attrition")],
)  # fmt: skip
def test_attrition_against_the_table(tmp_path: Path, lost: tuple[int, int], threat: str) -> None:
    """15% lies between the rows of 10% (6.3 points) and 20% (5.4): 5.85 points."""
    found = evidence(study_of(tmp_path, design="randomised", lost=lost, each=2000))
    kinds = [k for k in ("attrition", "attrition_moderate", "many_lost") if k in found["threats"]]
    assert kinds[0] == threat


def test_a_randomised_design_with_little_loss_needs_no_baseline_check(tmp_path: Path) -> None:
    found = evidence(study_of(tmp_path, design="randomised"))
    assert found["alike"] == "tidak disyaratkan bagi rancangan ini"
    assert (found["maryland_sms"], found["rating_0_5"]) == (5, 5)
    assert found["attrition_overall_share"] == pytest.approx(0.1)
    assert found["attrition_differential_share"] == pytest.approx(0)
    # 180 persons could show 0.42 SD unadjusted; the measure before explains 0.8 of the variance.
    assert found["mdes"] == pytest.approx(2.8 * 2 / math.sqrt(180) * math.sqrt(0.2), rel=0.05)


def test_much_differential_loss_brings_the_check_back_and_a_threat(tmp_path: Path) -> None:
    study = study_of(tmp_path, design="randomised", lost=(5, 40))
    found, bounds = evidence(study), primary(study)
    assert "tidak disyaratkan" not in found["alike"]
    assert "attrition" in found["threats"]
    assert found["rating_0_5"] <= 1
    assert bounds["lee_lower_low"] < bounds["lee_lower"] <= bounds["lee_upper"]
    assert bounds["lee_upper"] < bounds["lee_upper_high"]
    assert "e_value" not in bounds


@pytest.mark.parametrize(
    ("apart", "limit", "grade"),
    [(0.0, 0.25, "kelompok setara sejak awal"),
     (0.15, 0.25, "kelompok sedikit berbeda; sudah disesuaikan"),
     (0.3, 0.4, "kelompok sedikit berbeda; sudah disesuaikan"),  # a threshold of one's own
     (0.6, 0.25, "kelompok terlalu berbeda sejak awal")],
)  # fmt: skip
def test_baseline_equivalence_of_a_comparison(
    tmp_path: Path, apart: float, limit: float, grade: str
) -> None:
    own = {"baseline": {"adjustment": limit}}
    found = evidence(study_of(tmp_path, apart=apart, lost=(0, 0), standards=own))
    assert (found["alike"], found["maryland_sms"]) == (grade, 3)
    assert found["baseline_max_abs_smd"] == pytest.approx(apart, abs=0.01)
    assert ("baseline" in found["threats"]) == (apart > limit)
    assert {"selection", "parallel"} <= set(found["threats"])
    assert all(found["threats"].values())
    assert found["rating_0_5"] <= (1 if apart > limit else 3)


def test_a_program_may_not_invent_a_threshold(tmp_path: Path) -> None:
    with pytest.raises(el.EvaluationError, match="adjustment"):
        study_of(tmp_path, standards={"baseline": {"adjustmen": 0.3}}).verdict()


def test_unknown_attrition_is_null_with_a_reason(tmp_path: Path) -> None:
    found = evidence(study_of(tmp_path, design="randomised", attrition="unknown"))
    assert (found["attrition_overall_share"], found["alike"]) == (None, "")
    assert found["reason"]
    assert found["rating_0_5"] <= 4
    sample = at(el.open("nsw-1976"), "sample")
    assert (sample["invited"], sample["responded"], sample["analysed"]) == (None, 445, 445)
    assert sample["response_rate_share"] is None
    assert sample["reason"]


def test_a_single_group_shows_change_and_no_padlock(tmp_path: Path) -> None:
    """One estimates the participants alone although there are others."""
    study = study_of(tmp_path, outcome={"estimator": "paired"})
    found, rated = primary(study), evidence(study)
    assert (found["claim"], found["design"]) == ("change", "single_group")
    assert found["n_comparison"] is None
    assert (rated["maryland_sms"], rated["rating_0_5"], rated["alike"]) == (1, 0, "")


def test_small_losses_are_hidden(tmp_path: Path) -> None:
    study = study_of(tmp_path, lost=(3, 0))
    found, sample = evidence(study), at(study, "sample")
    assert (found["attrition_overall_share"], found["reason"]) == (None, "small_cell")
    # the estimate shows how many were analysed
    assert sample["analysed"] == 197
    assert {sample["invited"], sample["responded"]} <= {None, 197}


def test_a_wave_before_the_baseline_is_a_placebo(tmp_path: Path) -> None:
    study = study_of(tmp_path, drift=0.8)
    found = primary(study)
    assert found["earlier_trend"] == pytest.approx(0.8, abs=0.1)
    threat = evidence(study)["threats"]["earlier_trend"]
    assert threat in found["note"]  # said once, beside the estimate and among the threats
