"""What estimates claim, from studies: each fault that once said too much or nothing at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit
from statsmodels.stats.oneway import anova_oneway

import evaluasi_lib as el
from evaluasi_lib.measures import Effect, texts_at, value_at, wide
from tests.made_effects import effects, made, primary
from tests.made_studies import make_study, survey


def estimated(study: Any) -> tuple[Effect, dict[str, Effect]]:
    """The primary estimate, and all by their estimator."""
    found = effects(study)
    (primary,) = [e for e in found if e.role == "primary"]
    return primary, {e.estimator: e for e in found if e.role != "subgroup"}


def persons(seed: int, n: int = 300, *, chance: Any = None) -> pd.DataFrame:
    """Persons with an age and an ability that is measured before, and no effect afterwards."""
    rng = np.random.default_rng(seed)
    ability, age = rng.normal(size=n), rng.integers(25, 58, n).astype(float)
    member = np.arange(n) % 2 == 0
    if chance is not None:
        member = rng.random(n) < chance(ability, age)
    return pd.DataFrame(
        {
            "member": member,
            "before": ability + rng.normal(size=n) * 0.5,
            "after": ability + rng.normal(size=n) * 0.5,
            "usia": age,
        }
    )


# Difference in differences


def test_declared_covariates_make_it_doubly_robust(tmp_path: Path) -> None:
    """The young are in the program more often and improve by themselves; the true effect is 0."""
    data = persons(1, 600, chance=lambda _ability, age: expit((41 - age) / 8))
    data["after"] += (41 - data["usia"]) * 0.05
    primary, others = estimated(made(tmp_path, data, covariates=["usia"]))
    assert primary.estimator == "drdid"
    assert primary.ci_low <= 0 <= primary.ci_high
    assert others["did"].ci_low > 0
    (tmp_path / "none").mkdir()
    assert estimated(made(tmp_path / "none", data))[0].estimator == "did"


def test_independent_samples_use_their_covariates(tmp_path: Path) -> None:
    data = persons(2, 600, chance=lambda _ability, age: expit((41 - age) / 8))
    data["after"] += (41 - data["usia"]) * 0.05
    rule = {"variable": "ikut", "program": ["ya"], "comparison": ["tidak"]}
    answers = {"y": "number", "ikut": "category", "usia": "number"}
    half = np.arange(len(data)) % 4 < 2
    tables = {
        wave: pd.DataFrame(
            {
                "pid": [f"{wave}{i}" for i in range(int(rows.sum()))],
                "y": data.loc[rows, column].to_numpy(),
                "ikut": np.where(data.loc[rows, "member"], "ya", "tidak"),
                "usia": data.loc[rows, "usia"].to_numpy(),
            }
        )
        for wave, column, rows in (("pre", "before", ~half), ("post", "after", half))
    }
    declaration = {
        "design": {"type": "comparison", "group": rule, "covariates": ["usia"]},
        "link": "anonymous",
        "sources": {wave: survey(answers, wave=wave) for wave in tables},
        "outcomes": [
            {"id": "y", "label": "Y", "level": "learning", "variable": "y", "unit": "poin",
             "baseline_wave": "pre"}
        ],
    }  # fmt: skip
    primary, others = estimated(make_study(tmp_path, declaration, tables))
    assert primary.estimator == "drdid_repeated"
    assert primary.ci_low <= 0 <= primary.ci_high
    means = {
        wave: t.groupby("ikut")["y"].mean().pipe(lambda m: m["ya"] - m["tidak"])
        for wave, t in tables.items()
    }
    plain = others["did_repeated"]  # of four means
    assert plain.estimate == pytest.approx(means["post"] - means["pre"])
    assert plain.estimate > primary.estimate
    assert (plain.n_program, plain.n_comparison) == (
        (tables["post"]["ikut"] == "ya").sum(), (tables["post"]["ikut"] == "tidak").sum()
    )  # fmt: skip


@pytest.mark.parametrize("ordered", [False, True])
def test_those_chosen_for_low_scores_show_no_improvement(tmp_path: Path, ordered: bool) -> None:
    """Regression to the mean: difference in differences rises, ANCOVA does not."""
    data = persons(3, 800)
    data["member"] = data["before"] + np.random.default_rng(4).normal(size=800) * 0.3 < 0
    kind: dict[str, Any] = {}
    if ordered:
        steps = [-1.2, -0.4, 0.4, 1.2]
        for column in ("before", "after"):
            data[column] = np.digitize(data[column], steps) + 1.0
        kind = {"scale_type": "ordinal"}
    study = made(tmp_path, data, outcome=kind)
    primary, others = estimated(study)
    assert primary.estimator == ("net_rise" if ordered else "did")
    assert primary.ci_low > 0  # so that alone it would be "improved"
    (found,) = [row for row in study.result.rows if row.measure == "bracketing"]
    assert found.estimator == "ancova"
    assert found.value == pytest.approx(others["ancova"].estimate)
    assert found.low <= 0
    assert found.conclusion != "improved"
    assert primary.conclusion == "inconclusive"
    assert "Ding" in (primary.note or "")


def test_where_both_agree_the_conclusion_stands(tmp_path: Path) -> None:
    data = persons(5)
    data.loc[data["member"], "after"] += 0.6
    study = made(tmp_path, data)
    primary, _others = estimated(study)
    (found,) = [row for row in study.result.rows if row.measure == "bracketing"]
    assert found.conclusion == primary.conclusion == "improved"
    assert "Ding" not in (primary.note or "")


def test_a_measure_before_that_is_the_same_for_everybody_needs_no_bracket(tmp_path: Path) -> None:
    data = persons(6).assign(before=0.0)
    data.loc[data["member"], "after"] += 1
    primary, _others = estimated(made(tmp_path, data))
    assert primary.bracketing is None
    assert primary.conclusion == "improved"


# Which estimator is primary


def test_nobody_invited_is_known_where_attrition_is_not() -> None:
    (sample,) = wide(el.open("nsw-1976").result.rows, "sample")
    assert (sample["invited"], sample["responded"], sample["analysed"]) == (None, 445, 445)
    assert sample["response_rate_share"] is None
    assert sample["reason"]


def test_comparison_with_linked_baseline_is_difference_in_differences(tmp_path: Path) -> None:
    data = persons(18, 60)
    data["after"] += np.where(data["member"], 1.0, 0.2)
    study = made(tmp_path, data)
    effect, others = estimated(study)
    assert effect.estimator == "did"
    assert effect.estimate == pytest.approx(0.8, abs=4 * effect.std_error)
    assert {"ancova", "difference"} <= set(others)
    assert value_at(study.result.rows, "sample/invited") == 60
    own = data[data["member"]]  # from what to what: of those measured twice
    means = pytest.approx((own["before"].mean(), own["after"].mean()))
    assert (effect.mean_before, effect.mean_after) == means
    # Two persons more in the published mean of the wave: subtraction would tell of them.
    data.loc[[0, 2], "before"] = np.nan
    effect = primary(made(tmp_path, data))
    assert effect.estimate is not None
    assert (effect.mean_before, effect.mean_after) == (None, None)


@pytest.mark.parametrize("clusters", [12, 6])
def test_clusters_bring_cr2_and_few_of_them_no_p_value(tmp_path: Path, clusters: int) -> None:
    data = persons(18, 60).assign(unit=[f"u{i % clusters}" for i in range(60)])
    effect = primary(made(tmp_path, data, cluster="unit"))
    assert effect.estimate is not None
    if clusters == 12:
        assert effect.df < 12
    else:  # three in each group
        assert (effect.p_value, effect.ci_low, effect.conclusion) == (None, None, "inconclusive")
        assert effect.reason


def test_anonymous_waves_are_independent_samples_and_marked_weaker(tmp_path: Path) -> None:
    waves = {"pre": "before", "post": "after"}
    data = persons(18, 60)
    declared = {
        "design": {"type": "single_group"},
        "link": "anonymous",
        "sources": {wave: survey({"y": "number"}, wave=wave) for wave in waves},
        "outcomes": [{"id": "y", "label": "Y", "level": "learning", "variable": "y",
                      "unit": "poin", "baseline_wave": "pre"}],
    }  # fmt: skip
    tables = {wave: data[[column]].set_axis(["y"], axis=1) for wave, column in waves.items()}
    study = make_study(tmp_path, declared, tables)
    effect = primary(study)
    welch = stats.ttest_ind(data["after"], data["before"], equal_var=False)
    assert (effect.estimator, effect.claim) == ("waves", "change")
    assert effect.p_value == pytest.approx(welch.pvalue)
    assert len(texts_at(study.result.remarks, "effects", "y", "primary")) >= 2


def test_units_whose_answers_are_alike_widen_the_interval_of_unlinked_waves(tmp_path: Path) -> None:
    rng, units = np.random.default_rng(1), np.repeat(np.arange(20), 10)
    tables = {
        wave: pd.DataFrame({"y": np.round(rng.normal(size=20)[units] + rng.normal(size=200) / 9, 3),
                            "unit": [f"unit {i}" for i in units]})
        for wave in ("pre", "post")
    }  # fmt: skip
    errors = []
    for design in ({"type": "single_group"}, {"type": "single_group", "cluster": "unit"}):
        declared = {
            "design": design, "link": "anonymous",
            "sources": {w: survey({"y": "number", "unit": "category"}, wave=w) for w in tables},
            "outcomes": [{"id": "y", "label": "Y", "level": "learning", "variable": "y",
                          "unit": "poin", "baseline_wave": "pre"}],
        }  # fmt: skip
        found = primary(make_study(tmp_path / str(len(errors)), declared, tables))
        assert found.estimator == "waves"
        errors.append(found.std_error)
    assert errors[1] > 2 * errors[0]


@pytest.mark.parametrize("ordered", [True, False])
def test_steps_taken_as_equal_are_told_where_persons_cannot_be_linked(
    tmp_path: Path, ordered: bool
) -> None:
    rng = np.random.default_rng(1)
    tables = {
        wave: pd.DataFrame({"y": rng.integers(1, 6, 80).astype(float),
                            "ikut": np.where(np.arange(80) % 2, "ya", "tidak")})
        for wave in ("pre", "post")
    }  # fmt: skip
    outcome = {"id": "y", "label": "Y", "level": "learning", "variable": "y", "unit": "poin",
               "baseline_wave": "pre"}  # fmt: skip
    declared = {
        "design": {"type": "comparison", "group": {"variable": "ikut", "program": ["ya"],
                                                   "comparison": ["tidak"]}},
        "link": "anonymous",
        "sources": {w: survey({"y": "number", "ikut": "category"}, wave=w) for w in tables},
        "outcomes": [outcome | ({"scale_type": "ordinal"} if ordered else {})],
    }  # fmt: skip
    study = make_study(tmp_path, declared, tables, "en")
    said = " ".join(texts_at(study.result.remarks, "effects", "y", "primary"))
    assert ("treated as equally far apart" in said) == ordered


def test_dose_is_an_association_among_participants(tmp_path: Path) -> None:
    data = persons(19, 120)
    data["dosis"] = np.random.default_rng(19).integers(0, 10, 120).astype(float)
    data["after"] = data["dosis"] * 0.3 + data["after"] * 0.05
    found = estimated(made(tmp_path, data, outcome={"dose": "dosis"}))[1]["dose_response"]
    assert found.estimate == pytest.approx(0.3, abs=0.03)
    assert found.estimand == "association"
    assert found.note
    assert found.conclusion is None


@pytest.mark.parametrize("sizes", [(20, 35), (12, 20, 31)])
def test_subgroups_are_tested_by_welch(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    """Two groups: the t test of their difference; more: his analysis of variance."""
    rng = np.random.default_rng(20)
    changes = [rng.normal(size=n) * (i + 1) for i, n in enumerate(sizes)]
    roster = pd.DataFrame({"unit": np.repeat(list("abc")[: len(sizes)], sizes)})
    roster["pid"] = [f"p{i}" for i in range(len(roster))]
    before = rng.normal(size=len(roster))
    waves = {"pre": before, "post": before + np.concatenate(changes)}
    declared = {
        "design": {"type": "single_group"},
        "roster": "peserta",
        "sources": {
            "peserta": survey({"unit": "category"}, role="roster"),
            **{wave: survey({"y": "number"}, wave=wave) for wave in waves},
        },
        "outcomes": [{"id": "y", "label": "Y", "level": "learning", "variable": "y",
                      "unit": "poin", "baseline_wave": "pre", "subgroups": ["unit"]}],
    }  # fmt: skip
    tables = {wave: roster[["pid"]].assign(y=y) for wave, y in waves.items()}
    found = effects(make_study(tmp_path, declared, {"peserta": roster, **tables}))
    (p,) = [e.interaction_p for e in found if e.interaction_p is not None]
    expected = anova_oneway(changes, use_var="unequal").pvalue
    assert p == pytest.approx(expected)


def test_a_conclusion_follows_the_adjusted_p_value(tmp_path: Path) -> None:
    """p = 0.036 alone is an improvement, but not as one of three questions."""
    z = stats.norm.ppf((np.arange(100) + 0.5) / 100)
    change = z / z.std(ddof=1) + 0.213
    people = pd.DataFrame({"pid": [f"p{i}" for i in range(100)]})
    names = ("y1", "y2", "y3")
    tables = {
        "pre": people.assign(**dict.fromkeys(names, 0.0)),
        "post": people.assign(y1=change, y2=z, y3=z[::-1]),
    }

    def said(*asked: str) -> str | None:
        declared = {
            "design": {"type": "single_group"},
            "sources": {w: survey(dict.fromkeys(names, "number"), wave=w) for w in tables},
            "outcomes": [{"id": y, "label": y, "level": "learning", "variable": y, "unit": "poin",
                          "baseline_wave": "pre"} for y in asked],
        }  # fmt: skip
        return effects(make_study(tmp_path / str(len(asked)), declared, tables))[0].conclusion

    assert said("y1") == "improved"
    assert said(*names) == "inconclusive"


def test_lee_bounds_hold_the_effect(tmp_path: Path) -> None:
    """The program keeps weak persons in the survey, who else would not answer; effect 0.5."""
    rng = np.random.default_rng(21)
    member, ability = np.arange(2000) % 2 == 0, rng.normal(size=2000)
    seen = (ability > -1) | member
    data = pd.DataFrame({"member": member, "after": np.where(seen, ability + 0.5 * member, np.nan)})
    study = made(tmp_path, data, design="randomised", baseline=False)
    (row,) = wide(study.result.rows, "effects/y/primary")
    assert row["lee_lower_low"] <= 0.5 <= row["lee_upper_high"]
    assert row["lee_lower_low"] < row["lee_lower"] < row["lee_upper"] < row["lee_upper_high"]
    assert row["lee_lower"] <= row["estimate"] <= row["lee_upper"]


# Randomised designs


def test_a_randomised_design_uses_the_measure_before_in_lins_form(tmp_path: Path) -> None:
    data = persons(7)
    data.loc[data["member"], "after"] += 0.2
    primary, others = estimated(made(tmp_path, data, design="randomised", covariates=["usia"]))
    ask = {"group": "member", "before": "before", "covariates": ["usia"], "design": "randomised"}
    own = el.compare_models(data, "after", methods=["ancova", "difference"], **ask)
    assert (primary.estimator, primary.estimand, primary.claim) == ("ancova", "itt", "effect")
    found = [(e.estimate, e.std_error) for e in (primary, others["difference"])]
    assert np.array(found) == pytest.approx(own[["estimate", "std_error"]].to_numpy())
    assert primary.std_error < 0.8 * others["difference"].std_error


def test_nobody_is_lost_for_want_of_a_measure_before(tmp_path: Path) -> None:
    data = persons(8)
    data.loc[::5, "before"] = np.nan
    primary, _others = estimated(made(tmp_path, data, design="randomised"))
    assert primary.n_program + primary.n_comparison == len(data)
    assert primary.estimator == "ancova"


def test_few_persons_and_many_covariates_keep_an_estimate(tmp_path: Path) -> None:
    data = persons(9, 16)
    rng = np.random.default_rng(9)
    names = [f"x{i}" for i in range(6)]
    data[names] = rng.normal(size=(16, 6))
    primary, _others = estimated(made(tmp_path, data, design="randomised", covariates=names))
    assert primary.estimator == "ancova"
    assert primary.note
    (tmp_path / "same").mkdir()
    same = made(tmp_path / "same", data.assign(before=0.0), design="randomised")
    primary, _others = estimated(same)
    assert primary.estimator == "difference"
    assert primary.p_value is not None
    assert primary.note


def test_bounds_that_contain_zero_speak(tmp_path: Path) -> None:
    """The program's weakest do not answer: the estimate says improved, and nothing has changed."""
    data = persons(10, 500)
    weak = data["after"] < data["after"].quantile(0.3)
    data.loc[weak & data["member"], "after"] = np.nan
    study = made(tmp_path, data, design="randomised", baseline=False)
    primary, _others = estimated(study)
    assert primary.conclusion == "improved"
    assert "Lee 2009" in (primary.note or "")
    (tmp_path / "kept").mkdir()
    whole = persons(10, 500)
    whole.loc[whole["member"], "after"] += 2
    whole.loc[[0, 1], "after"] = np.nan
    kept = made(tmp_path / "kept", whole, design="randomised", baseline=False)
    primary, _others = estimated(kept)
    assert "Lee 2009" not in (primary.note or "")


# Comparisons


def test_groups_compared_as_they_are_show_a_difference(tmp_path: Path) -> None:
    data = persons(11)
    data.loc[data["member"], "after"] += 0.6
    primary, _others = estimated(made(tmp_path, data, baseline=False))
    assert (primary.claim, primary.estimand) == ("difference", "difference")
    assert primary.estimator == "difference"


def test_a_weak_hidden_cause_is_named(tmp_path: Path) -> None:
    data = persons(12, 900)
    data.loc[data["member"], "after"] += 0.15  # 0.13 SD, three standard errors
    primary, _others = estimated(made(tmp_path, data))
    assert primary.conclusion == "improved"
    assert 1 < primary.e_value < 1.5
    assert "VanderWeele" in (primary.note or "")


def test_a_bent_relation_is_named_and_splines_mend_it(tmp_path: Path) -> None:
    """In the program are the youngest and the oldest, who score higher anyway: no true effect."""
    data = persons(13, 1500, chance=lambda _ability, age: expit(((age - 41) / 8) ** 2 - 1.3))
    data["after"] += ((data["usia"] - 41) / 8) ** 2
    straight, _others = estimated(made(tmp_path, data, baseline=False, covariates=["usia"]))
    assert straight.estimator == "aipw"
    assert straight.ci_low > 0
    assert "covariate_form: spline" in (straight.note or "")
    (tmp_path / "bent").mkdir()
    study = made(
        tmp_path / "bent", data, baseline=False, covariates=["usia"], covariate_form="spline"
    )
    bent, _others = estimated(study)
    assert bent.ci_low <= 0 <= bent.ci_high
    assert "covariate_form" not in (bent.note or "")
    assert [row["subject"] for row in wide(study.result.rows, "effects/*/balance/*")] == ["usia"]


def test_a_straight_relation_is_not_called_bent(tmp_path: Path) -> None:
    data = persons(14, 600)
    data["after"] += data["usia"] * 0.1
    primary, _others = estimated(made(tmp_path, data, baseline=False, covariates=["usia"]))
    assert "covariate_form" not in (primary.note or "")


def test_an_undeclared_unit_is_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(16)
    data = persons(16, 240)
    unit = np.arange(240) // 2 % 12
    data["instansi"] = [f"i{u}" for u in unit]
    data["after"] += rng.normal(size=12)[unit] * 0.8
    primary, _others = estimated(made(tmp_path, data))
    assert "instansi" in (primary.note or "")
    (tmp_path / "declared").mkdir()
    primary, _others = estimated(made(tmp_path / "declared", data, cluster="instansi"))
    assert "instansi" not in (primary.note or "")
    (tmp_path / "unlike").mkdir()
    data["instansi"] = [f"i{u}" for u in np.arange(240) % 12]
    data["after"] = persons(16, 240)["after"]
    primary, _others = estimated(made(tmp_path / "unlike", data))
    assert "instansi" not in (primary.note or "")
