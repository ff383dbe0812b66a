"""What estimates claim, from studies: each fault that once said too much or nothing at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from statsmodels.stats.proportion import confint_proportions_2indep

from evaluasi_lib.conclusion import adjust_p_values
from evaluasi_lib.effects import Effect
from evaluasi_lib.measures import wide
from evaluasi_lib.program import Benefit
from evaluasi_lib.scoring.costs import value_benefit
from evaluasi_lib.scoring.frames import natural_spline
from evaluasi_lib.scoring.impact.designs import adjusted, difference, net_rise, superiority
from evaluasi_lib.scoring.impact.estimate import newcombe, newcombe_p
from evaluasi_lib.study import Study
from tests.made_effects import effects, scored
from tests.made_studies import make_study, survey

Z = 1.959963984540054


def made(
    folder: Path, persons: pd.DataFrame, *, design: str = "comparison", baseline: bool = True,
    outcome: dict[str, Any] | None = None, **declared: Any,
) -> Study:  # fmt: skip
    """A study of persons: columns `member`, `after` (missing: lost), `before`, and background."""
    background = persons.drop(columns=["member", "after", "before"], errors="ignore")
    kinds = {
        name: "number" if pd.api.types.is_numeric_dtype(column) else "category"
        for name, column in background.items()
    }
    roster = background.assign(
        pid=[f"p{i}" for i in range(len(persons))],
        ikut=np.where(persons["member"], "ya", "tidak"),
    )
    waves = {"post": "after"} | ({"pre": "before"} if baseline else {})
    tables = {
        wave: roster[["pid"]].assign(y=persons[column]).dropna() for wave, column in waves.items()
    }
    rule = {"variable": "ikut", "program": ["ya"], "comparison": ["tidak"]}
    y = {"id": "y", "label": "Y", "level": "learning", "variable": "y", "unit": "poin"}
    declaration = {
        "design": {"type": design, "group": rule, **declared},
        "link": "nip",
        "roster": "peserta",
        "sources": {
            "peserta": survey({"ikut": "category", **kinds}, role="roster"),
            **{wave: survey({"y": "number"}, wave=wave) for wave in waves},
        },
        "outcomes": [y | ({"baseline_wave": "pre"} if baseline else {}) | (outcome or {})],
    }
    return make_study(folder, declaration, {"peserta": roster, **tables})


def estimated(study: Study) -> tuple[Effect, dict[str, Effect]]:
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
    assert others["did_repeated"].estimate > primary.estimate


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
    (found,) = [row for row in scored(study) if row.measure == "bracketing"]
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
    (found,) = [row for row in scored(study) if row.measure == "bracketing"]
    assert found.conclusion == primary.conclusion == "improved"
    assert "Ding" not in (primary.note or "")


def test_a_measure_before_that_is_the_same_for_everybody_needs_no_bracket(tmp_path: Path) -> None:
    data = persons(6).assign(before=0.0)
    data.loc[data["member"], "after"] += 1
    primary, _others = estimated(made(tmp_path, data))
    assert primary.bracketing is None
    assert primary.conclusion == "improved"


# Randomised designs


def test_a_randomised_design_uses_the_measure_before_in_lins_form(tmp_path: Path) -> None:
    data = persons(7)
    data.loc[data["member"], "after"] += 0.2
    primary, others = estimated(made(tmp_path, data, design="randomised", covariates=["usia"]))
    z = data[["before", "usia"]].to_numpy()
    expected = adjusted(data["after"], data["member"], z, interacted=True)
    assert (primary.estimator, primary.estimand, primary.claim) == ("ancova", "itt", "effect")
    assert primary.estimate == pytest.approx(expected.estimate)
    assert primary.std_error == pytest.approx(expected.std_error)
    plain = difference(data["after"], data["member"])
    assert others["difference"].estimate == pytest.approx(plain.estimate)
    assert primary.std_error < 0.8 * plain.std_error


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
    assert [row["subject"] for row in wide(scored(study), "effects/*/balance/*")] == ["usia"]


def test_a_straight_relation_is_not_called_bent(tmp_path: Path) -> None:
    data = persons(14, 600)
    data["after"] += data["usia"] * 0.1
    primary, _others = estimated(made(tmp_path, data, baseline=False, covariates=["usia"]))
    assert "covariate_form" not in (primary.note or "")


def test_splines_are_natural_and_hold_straight_lines() -> None:
    x = np.random.default_rng(15).uniform(20, 60, 200)
    basis = np.column_stack([np.ones(200), natural_spline(x)])
    assert basis.shape == (200, 4)
    for curve in (x, 3 - 2 * x):
        fitted = basis @ np.linalg.lstsq(basis, curve, rcond=None)[0]
        assert fitted == pytest.approx(curve)


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


# Shares and net shares


@pytest.mark.parametrize(
    ("a", "n", "b", "m", "low", "high"),
    [
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (6, 7, 2, 7, 0.0582, 0.8062),
        (5, 56, 0, 29, -0.0381, 0.1926),
        (0, 10, 0, 20, -0.1611, 0.2775),
        (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 20, 0.6791, 1.0),
        (10, 10, 0, 10, 0.6075, 1.0),
    ],
)
def test_intervals_of_two_shares_are_newcombes(
    a: int, n: int, b: int, m: int, low: float, high: float
) -> None:
    """Newcombe (1998), table II, examples (a) to (h), method 10."""
    assert newcombe(a, n, b, m, Z) == pytest.approx((low, high), abs=5e-5)
    again = confint_proportions_2indep(a, n, b, m, method="newcomb", compare="diff")
    assert newcombe(a, n, b, m, Z) == pytest.approx(again, abs=1e-9)


@pytest.mark.parametrize(("a", "n", "b", "m"), [(12, 60, 3, 70), (3, 70, 12, 60), (5, 9, 5, 9)])
def test_the_p_value_of_two_shares_agrees_with_their_interval(
    a: int, n: int, b: int, m: int
) -> None:
    p = newcombe_p(a, n, b, m)
    if p == 1:
        assert a / n == b / m
        return
    from scipy import stats

    limits = newcombe(a, n, b, m, float(stats.norm.isf(p / 2)))
    assert min(abs(limits[0]), abs(limits[1])) == pytest.approx(0, abs=1e-9)


def test_rare_shares_have_newcombes_interval(tmp_path: Path) -> None:
    data = persons(17, 120).assign(after=0.0)
    data.loc[:10:2, "after"] = 1.0  # six of the program's 60, nobody of the comparison's
    study = made(
        tmp_path, data, design="randomised", baseline=False, outcome={"scale_type": "binary"}
    )
    primary, _others = estimated(study)
    assert (primary.ci_low, primary.ci_high) == pytest.approx(newcombe(6, 60, 0, 60, Z))
    assert primary.p_value == pytest.approx(newcombe_p(6, 60, 0, 60))


def test_net_shares_stay_between_their_ends() -> None:
    y = np.concatenate([[5.0] * 9 + [1.0], [1.0] * 9 + [5.0]])
    member = np.arange(20) < 10
    for found, end in (
        (superiority(y, member), 1),
        (net_rise(y, np.full(20, 3.0), member), 2),  # a difference of two net shares
        (net_rise([5.0] * 9 + [1.0], [3.0] * 10), 1),
    ):
        low, high = found.interval(0.999)
        assert -end <= low <= found.estimate <= high <= end
        assert found.sd_outcome > 0


# Money, and p-values


def valued(isolation: str, **effect: Any) -> dict[str, Any]:
    from tests.test_costs import effect as made_effect

    benefit = Benefit.model_validate(
        {"label": "x", "outcome": "kompetensi", "value_per_unit_idr": 1e6, "isolation": isolation}
    )
    return value_benefit(benefit, (made_effect(**effect),), 10)


@pytest.mark.parametrize(
    "changes",
    [
        {"conclusion": "inconclusive"},
        {"conclusion": "no_meaningful_change"},
        {"claim": "change"},
        {"claim": "difference"},
    ],
)
@pytest.mark.parametrize("isolation", ["comparison_group", "participant_estimate"])
def test_only_a_concluded_effect_is_worth_money(isolation: str, changes: dict[str, Any]) -> None:
    row = valued(isolation, **changes)
    assert row["total_idr"] is None
    assert row["reason"]
    assert valued(isolation)["total_idr"] == pytest.approx(5e6)


def test_a_trend_that_nobody_estimated_is_not_subtracted() -> None:
    row = valued("trend")
    assert row["total_idr"] is None
    assert "comparison_group" in row["reason"]


def test_unknown_adjustments_of_p_values_are_refused() -> None:
    with pytest.raises(ValueError, match="holm, bh, none"):
        adjust_p_values([0.01, 0.02], "bonferoni")  # type: ignore[arg-type]
