"""What the estimators promise: second routes, invariances, rules."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, stats

from evaluasi_lib.conclusion import adjust_p_values
from evaluasi_lib.door.effects import effect, power
from evaluasi_lib.scoring.impact import interaction_p
from evaluasi_lib.scoring.impact.designs import (
    adjusted,
    did,
    did_repeated,
    difference,
    dose_response,
    drdid,
    net_rise,
    paired,
    superiority,
    waves,
)
from evaluasi_lib.scoring.impact.estimate import (
    Estimate,
    conclude,
    detectable,
    few_df_note,
    n_needed,
)
from evaluasi_lib.scoring.impact.models import fit_linear
from evaluasi_lib.scoring.impact.sensitivity import lee_bounds
from evaluasi_lib.scoring.impact.weighting import aipw, att_influence, design, ipw


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def persons(rng: np.random.Generator, n: int = 80) -> tuple[np.ndarray, ...]:
    member = np.arange(n) % 3 == 0
    ability = rng.normal(size=n)
    before, after = ability + rng.normal(size=(2, n)) * 0.5
    return member, before, after + 0.5 * member, np.arange(n) % 12


def test_cr2_agrees_with_its_definition(rng: np.random.Generator) -> None:
    """Formed with whole matrices: A_g = (I - H_gg)^(-1/2), df = tr(P'P)^2 / tr((P'P)^2)."""
    n, code = 40, np.repeat(np.arange(8), 5)
    x = np.column_stack([np.ones(n), code < 3, rng.normal(size=n)]).astype(float)
    y = rng.normal(size=n)
    bread = np.linalg.inv(x.T @ x)
    rest = np.eye(n) - x @ bread @ x.T
    cov, parts = np.zeros((3, 3)), np.zeros((3, 8, n))
    for g in range(8):
        rows = code == g
        a = np.linalg.inv(np.real(linalg.sqrtm(rest[np.ix_(rows, rows)])))
        score = bread @ x[rows].T @ a @ (rest @ y)[rows]
        cov += np.outer(score, score)
        parts[:, g] = (rest[rows].T @ a @ x[rows] @ bread).T
    df = [np.trace(p @ p.T) ** 2 / np.sum((p @ p.T) ** 2) for p in parts]
    fit = fit_linear(x, y, clusters=code)
    np.testing.assert_allclose(fit.cov, cov, rtol=1e-9)
    np.testing.assert_allclose(fit.df, df, rtol=1e-9)


def test_cr2_with_one_person_a_cluster_is_hc2(rng: np.random.Generator) -> None:
    x = np.column_stack([np.ones(30), rng.normal(size=(30, 2))])
    y = rng.normal(size=30)
    hc2, cr2 = fit_linear(x, y), fit_linear(x, y, clusters=np.arange(30))
    np.testing.assert_allclose(hc2.cov, cr2.cov, rtol=1e-9)
    np.testing.assert_allclose(hc2.df, cr2.df, rtol=1e-9)


def test_weighted_errors_agree_with_statsmodels(rng: np.random.Generator) -> None:
    x = np.column_stack([np.ones(50), rng.normal(size=(50, 2))])
    y, weights = rng.normal(size=50), rng.uniform(0.5, 2, 50)
    expected = sm.WLS(y, x, weights=weights).fit().HC2_se
    np.testing.assert_allclose(fit_linear(x, y, weights=weights).std_error, expected, rtol=1e-9)


def test_absorbed_clusters_do_not_break_cr2(rng: np.random.Generator) -> None:
    """A cluster with an indicator of its own has I - H singular: the pseudo-inverse is meant."""
    code = np.repeat(np.arange(6), 4)
    x = np.column_stack([np.ones(24), code == 0, rng.normal(size=24)]).astype(float)
    fit = fit_linear(x, rng.normal(size=24), clusters=code)
    assert np.all(np.isfinite(fit.cov))
    assert np.all(np.isfinite(fit.df))


def test_did_is_two_way_fixed_effects(rng: np.random.Generator) -> None:
    member, before, after, _code = persons(rng)
    panel = pd.DataFrame(
        {
            "id": np.tile(np.arange(len(member)), 2),
            "time": np.repeat([0, 1], len(member)),
            "y": np.concatenate([before, after]),
            "on": np.concatenate([np.zeros(len(member)), member]),
        }
    )
    fit = smf.ols("y ~ on + C(id) + C(time)", panel).fit()
    assert did(after, before, member).estimate == pytest.approx(fit.params["on"], rel=1e-9)


def test_did_of_independent_samples_is_the_difference_of_four_means(
    rng: np.random.Generator,
) -> None:
    member, before, after, code = persons(rng)
    y, group = np.concatenate([after, before]), np.tile(member, 2)
    later = np.arange(len(y)) < len(after)
    found = did_repeated(y, group, later, clusters=np.tile(code, 2))
    expected = did(after, before, member).estimate
    assert found.estimate == pytest.approx(expected, rel=1e-9)
    assert (found.n_program, found.n_comparison) == (int(member.sum()), int((~member).sum()))
    assert found.warnings


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(-50, 50), st.floats(0.1, 20))
def test_shift_and_scale_of_the_outcome(seed: int, shift: float, scale: float) -> None:
    member, before, after, code = persons(np.random.default_rng(seed), 48)
    z = np.random.default_rng(seed + 1).normal(size=(48, 1))
    ways = {
        "difference": lambda a, b: difference(a, member),
        "clusters": lambda a, b: difference(a, member, clusters=code),
        "did": lambda a, b: did(a, b, member, clusters=code),
        "paired": lambda a, b: paired(a, b),
        "adjusted": lambda a, b: adjusted(a, member, z),
        "ipw": lambda a, b: ipw(a, z, member),
        "aipw": lambda a, b: aipw(a, z, member, clusters=code),
    }
    for way in ways.values():
        plain, moved = way(after, before), way(after * scale + shift, before * scale + shift)
        assert moved.estimate == pytest.approx(plain.estimate * scale, rel=1e-6, abs=1e-8)
        assert moved.std_error == pytest.approx(plain.std_error * scale, rel=1e-6, abs=1e-8)
        assert moved.p_value == pytest.approx(plain.p_value, rel=1e-5, abs=1e-9)
        assert moved.effect_size()[0] == pytest.approx(plain.effect_size()[0], rel=1e-6, abs=1e-8)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_ordered_outcomes_use_order_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    member = np.arange(60) % 2 == 0
    after, before = rng.integers(1, 6, (2, 60)).astype(float)
    for way in (
        lambda f: superiority(f(after), member),
        lambda f: net_rise(f(after), f(before), member),
    ):
        plain, bent = way(lambda v: v), way(np.exp)
        assert bent.estimate == pytest.approx(plain.estimate, abs=1e-12)
        assert bent.std_error == pytest.approx(plain.std_error, rel=1e-9)


def test_superiority_is_brunner_and_munzels_test(rng: np.random.Generator) -> None:
    a, b = rng.integers(1, 6, 30).astype(float), rng.integers(1, 5, 45).astype(float)
    found = superiority(np.concatenate([a, b]), np.arange(75) < 30)
    assert found.p_value == pytest.approx(stats.brunnermunzel(a, b).pvalue, rel=1e-9)
    above = np.mean([float(p > q) - float(p < q) for p, q in itertools.product(a, b)])
    assert found.estimate == pytest.approx(above)


def test_reversing_the_groups_reverses_the_sign(rng: np.random.Generator) -> None:
    member, before, after, code = persons(rng)
    for way in (
        lambda m: difference(after, m, clusters=code),
        lambda m: did(after, before, m, clusters=code),
        lambda m: superiority(after, m, clusters=code),
    ):
        assert way(member).estimate == pytest.approx(-way(~member).estimate)
        assert way(member).std_error == pytest.approx(way(~member).std_error)


def test_under_four_clusters_in_an_arm_there_is_no_p_value(rng: np.random.Generator) -> None:
    member, before, after, _code = persons(rng)
    code = np.where(member, 100, 0) + np.arange(80) % np.where(member, 3, 9)
    z = rng.normal(size=(80, 2))
    for found in (
        difference(after, member, clusters=code),
        did(after, before, member, clusters=code),
        aipw(after, z, member, clusters=code),
        ipw(after, z, member, clusters=code),
    ):
        assert found.estimate is not None
        assert (found.p_value, found.interval()) == (None, (None, None))
        assert found.reason
        assert conclude(found, sesoi=9, direction="higher", p_adjusted=None) == "inconclusive"


def test_weights_remove_a_measured_imbalance(rng: np.random.Generator) -> None:
    """The effect is 1; who takes part depends on x, and so does the outcome (bias about 1.6)."""
    x = rng.normal(size=(3000, 2))
    member = rng.random(3000) < 1 / (1 + np.exp(-x[:, 0]))
    y = member + 2 * x[:, 0] + rng.normal(size=3000)
    assert difference(y, member).estimate > 2
    for found in (ipw(y, x, member), aipw(y, x, member)):
        assert found.estimate == pytest.approx(1, abs=4 * found.std_error)
        assert max(abs(b["smd_weighted"]) for b in found.balance) < 0.1


def test_aipw_is_right_where_either_model_is_wrong(rng: np.random.Generator) -> None:
    """Outcome quadratic in x: the linear outcome model is wrong, the group's model is right."""
    x = rng.normal(size=(4000, 1))
    member = rng.random(4000) < 1 / (1 + np.exp(-x[:, 0]))
    y = member + x[:, 0] ** 2 + x[:, 0] + rng.normal(size=4000)
    found = aipw(y, x, member)
    assert found.estimate == pytest.approx(1, abs=4 * found.std_error)
    regression, _parts = att_influence(y, design(x, 4000), member, None)
    assert regression != pytest.approx(1, abs=0.1)


def test_no_overlap_is_a_reason_and_regression_stands_in_for_the_primary(
    rng: np.random.Generator,
) -> None:
    """The program's persons are 20 years older; its effect is 1 beside that of age."""
    member = np.arange(80) < 40
    age = np.where(member, 50.0, 30.0) + rng.uniform(-5, 5, 80)
    y = 0.1 * age + member + rng.normal(size=80) * 0.1
    alone = aipw(y, age[:, None], member)
    assert alone.estimate is None
    assert alone.reason
    table = pd.DataFrame({"y": y, "usia": age, "ikut": member.astype(int)})
    row = effect(table, "y", "ikut", covariates=["usia"]).iloc[0]
    assert row["estimator"] == "adjusted"
    assert row["estimate"] == pytest.approx(adjusted(y, member, age).estimate)
    assert alone.reason in row["note"]


@pytest.mark.parametrize("value", [0.0, 3.0, 1e-200])
def test_an_outcome_that_never_varies_has_a_reason_and_no_p_value(value: float) -> None:
    member, z = np.arange(40) < 20, np.random.default_rng(0).normal(size=(40, 1))
    for clusters in (None, np.arange(40) % 10):
        found = aipw(np.full(40, value), z, member, clusters=clusters)
        assert found.estimate == pytest.approx(0, abs=1e-12)
        assert (found.std_error, found.p_value) == (None, None)
        assert found.reason


@pytest.mark.parametrize(("events", "said"), [(0, "no_meaningful_change"), (3, "inconclusive")])
def test_a_rare_event_that_one_group_lacks_has_not_worsened(events: int, said: str) -> None:
    """None of 100 in the program against 0 or 3 of 100: the degenerate error of 0 events is not
    used, nor is a difference of 3 persons the program's harm."""
    member = np.arange(200) < 100
    table = pd.DataFrame({"y": (np.arange(200) >= 200 - events).astype(int), "ikut": member})
    row = effect(
        table, "y", "ikut", design="randomised", scale_type="binary", sesoi=0.05
    ).iloc[0]  # fmt: skip
    assert row["conclusion"] == said
    assert row["low"] < -events / 100 < row["high"]
    assert row["low"] < 0 < row["high"]


def test_lee_bounds_hold_the_effect_and_shrink_to_it_without_loss(
    rng: np.random.Generator,
) -> None:
    member = np.arange(4000) % 2 == 0
    ability = rng.normal(size=4000)
    y = ability + 0.5 * member
    everybody = lee_bounds(y, member, np.ones(4000, dtype=bool))
    assert everybody is not None
    assert everybody.low == pytest.approx(everybody.high)
    assert everybody.low == pytest.approx(difference(y, member).estimate)
    # The program keeps weak persons in the survey, who else would not answer.
    seen = (ability > -1) | member
    found = lee_bounds(y, member, seen)
    assert found is not None
    assert found.ci_low <= 0.5 <= found.ci_high  # the upper bound itself is the effect here
    assert found.ci_low < found.low < found.high < found.ci_high
    naive = difference(y[seen], member[seen]).estimate
    assert found.low <= naive <= found.high


def test_lee_bounds_mirror_when_the_groups_change_places(rng: np.random.Generator) -> None:
    member, seen = np.arange(300) % 2 == 0, rng.random(300) < 0.8
    y = rng.normal(size=300)
    one, two = lee_bounds(y, member, seen), lee_bounds(y, ~member, seen)
    assert one is not None
    assert two is not None
    assert (one.low, one.high) == pytest.approx((-two.high, -two.low))
    assert (one.ci_low, one.ci_high) == pytest.approx((-two.ci_high, -two.ci_low))


def made(estimate: float, error: float, df: float = 200) -> Estimate:
    return Estimate("x", "ate", 100, 100, estimate, error, df)


@pytest.mark.parametrize(
    ("estimate", "error", "sesoi", "direction", "said"),
    [
        (0.05, 0.02, 0.2, "higher", "no_meaningful_change"),  # significant, yet too small to matter
        (0.05, 0.02, None, "higher", "improved"),  # without a sesoi that cannot be said
        (0.5, 0.1, 0.2, "higher", "improved"),
        (0.5, 0.1, 0.2, "lower", "worsened"),
        (-0.5, 0.1, 0.2, "lower", "improved"),
        (0.1, 0.1, 0.2, "higher", "inconclusive"),  # not significant is not "no effect"
        (0.0, 0.3, None, "higher", "inconclusive"),
    ],
)
def test_conclusions(
    estimate: float, error: float, sesoi: float | None, direction: str, said: str
) -> None:
    found = made(estimate, error)
    assert conclude(found, sesoi=sesoi, direction=direction, p_adjusted=found.p_value) == said  # type: ignore[arg-type]


def test_conclusion_follows_the_adjusted_p_value() -> None:
    found = made(0.21, 0.1)
    assert found.p_value == pytest.approx(0.037, abs=0.001)
    assert conclude(found, sesoi=None, direction="higher", p_adjusted=0.11) == "inconclusive"


def test_a_missing_p_value_is_no_member_of_the_family() -> None:
    assert adjust_p_values([0.02, None, 0.03]) == pytest.approx((0.04, None, 0.04))


def mean_of(v: np.ndarray) -> Estimate:
    return made(v.mean(), v.std(ddof=1) / math.sqrt(len(v)), len(v) - 1)


def test_interaction_of_two_groups_is_the_welch_satterthwaite_test(
    rng: np.random.Generator,
) -> None:
    a, b = rng.normal(size=20), rng.normal(size=35) * 2
    expected = stats.ttest_ind(a, b, equal_var=False)
    assert interaction_p([mean_of(a), mean_of(b)]) == pytest.approx(expected.pvalue)


def test_interaction_of_more_groups_is_welchs_anova(rng: np.random.Generator) -> None:
    from statsmodels.stats.oneway import anova_oneway

    groups = [rng.normal(size=n) * s for n, s in ((12, 1), (20, 2), (31, 3))]
    expected = anova_oneway(groups, use_var="unequal")
    assert interaction_p([mean_of(v) for v in groups]) == pytest.approx(expected.pvalue)


def test_waves_are_welchs_test(rng: np.random.Generator) -> None:
    after, before = rng.normal(size=30) + 1, rng.normal(size=22) * 2
    expected = stats.ttest_ind(after, before, equal_var=False)
    assert waves(after, before).p_value == pytest.approx(expected.pvalue)


def test_dose_is_an_association_among_participants(rng: np.random.Generator) -> None:
    dose = rng.integers(0, 10, 50).astype(float)
    found = dose_response(2 + 0.3 * dose + rng.normal(size=50) * 0.1, dose)
    assert found.estimate == pytest.approx(0.3, abs=0.03)
    assert found.estimand == "association"
    assert found.warnings
    assert dose_response(np.ones(50), np.ones(50)).estimate is None


def test_needed_persons_agree_with_the_t_tests_own_sample_size() -> None:
    """Two groups of n/2 with SD 1: the standard error is 2 / sqrt(n)."""
    each = power(effect=0.5)["n_program"].iloc[0]
    for n in (40, 100, 1000):
        assert n_needed(n, 2 / math.sqrt(n), n - 2, 0.5) == pytest.approx(2 * each, abs=1.5)


def test_detectable_effect_agrees_with_the_t_tests_own() -> None:
    # Solvers of the noncentral t stop within 1e-5.
    expected = power(n=60)["effect"].iloc[0]
    assert detectable(math.sqrt(2 / 60), 118) == pytest.approx(expected, rel=2e-5)


def test_few_degrees_of_freedom_bring_a_warning(rng: np.random.Generator) -> None:
    """Where the simulation study finds both outside their limits: 4 treated clusters of 40."""
    code = np.arange(400) % 40
    z, y, before = rng.normal(size=(400, 1)), rng.normal(size=400), rng.normal(size=400)
    for way in (
        lambda member: aipw(y, z, member, clusters=code),
        lambda member: drdid(y, before, member, z, clusters=code),
    ):
        few, balanced = way(code < 4), way(code < 20)
        assert few.p_value is not None
        assert few.df < 4 < balanced.df
        (note,) = few_df_note(few.df)
        assert few.warnings.count(note) == 1
        assert note not in balanced.warnings
