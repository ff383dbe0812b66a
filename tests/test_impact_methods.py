"""What the estimators promise, through `el.effect`: second routes, invariances, rules."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import linalg, stats
from scipy.optimize import approx_fprime
from scipy.special import expit

import evaluasi_lib as el

Array = NDArray[np.float64]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def persons(rng: np.random.Generator, n: int = 80) -> pd.DataFrame:
    """A third in the program, whose effect is 0.5; measured before, in 12 units."""
    member, ability = np.arange(n) % 3 == 0, rng.normal(size=n)
    before, after = ability + rng.normal(size=(2, n)) * 0.5
    return pd.DataFrame(
        {"ikut": member, "before": before, "y": after + 0.5 * member, "unit": np.arange(n) % 12,
         "x": rng.normal(size=n), "z": rng.normal(size=n)}
    )  # fmt: skip


def effect(table: pd.DataFrame, method: str, y: str = "y", group: str | None = "ikut",
           **how: Any) -> pd.Series:  # fmt: skip
    """The one row of an estimate; what its method does not need is left out."""
    if method in ("did", "drdid", "ancova", "paired", "net_rise"):
        how = {"before": "before"} | how
    if method in ("adjusted", "ipw", "aipw", "drdid"):
        how = {"covariates": ["x"]} | how
    return el.effect(table, y, group, method=method, **how).iloc[0]


def said(row: pd.Series) -> str:
    """Why there is no number, or what to know of it."""
    return " ".join(text for text in row[["reason", "note"]] if isinstance(text, str))


def close(a: pd.Series, b: pd.Series, rel: float = 1e-9, *, scale: float = 1) -> None:
    assert a["estimate"] == pytest.approx(b["estimate"] * scale, rel=rel, abs=1e-9)
    assert a["std_error"] == pytest.approx(b["std_error"] * abs(scale), rel=rel)


def test_cr2_agrees_with_its_definition(rng: np.random.Generator) -> None:
    """Formed with whole matrices: A_g = (I - H_gg)^(-1/2), df = tr(P'P)^2 / tr((P'P)^2)."""
    n, code = 40, np.repeat(np.arange(8), 5)
    x = np.column_stack([np.ones(n), code < 4, rng.normal(size=n)]).astype(float)
    y = rng.normal(size=n)
    bread = np.linalg.inv(x.T @ x)
    rest = np.eye(n) - x @ bread @ x.T
    variance, parts = 0.0, np.zeros((8, n))
    for g in range(8):
        rows = code == g
        a = np.linalg.inv(np.real(linalg.sqrtm(rest[np.ix_(rows, rows)])))
        variance += (bread @ x[rows].T @ a @ (rest @ y)[rows])[1] ** 2
        parts[g] = (rest[rows].T @ a @ x[rows] @ bread)[:, 1]
    df = np.trace(parts @ parts.T) ** 2 / np.sum((parts @ parts.T) ** 2)
    table = pd.DataFrame({"y": y, "ikut": x[:, 1], "x": x[:, 2], "unit": code})
    found = effect(table, "adjusted", cluster="unit")
    assert found["std_error"] == pytest.approx(math.sqrt(variance), rel=1e-9)
    assert found["df"] == pytest.approx(df, rel=1e-9)


def test_cr2_of_single_persons_is_hc2_and_a_cluster_may_be_absorbed(
    rng: np.random.Generator,
) -> None:
    """A cluster with an indicator of its own has I - H singular: the pseudo-inverse is meant."""
    table = persons(rng).assign(own=range(80), first=lambda d: (d["unit"] == 0).astype(float))
    one, other = effect(table, "adjusted"), effect(table, "adjusted", cluster="own")
    close(one, other)
    assert one["df"] == pytest.approx(other["df"], rel=1e-9)
    found = effect(table, "adjusted", covariates=["x", "first"], cluster="unit")
    assert np.isfinite(found[["std_error", "df", "p"]].to_numpy(float)).all()


def test_did_is_two_way_fixed_effects(rng: np.random.Generator) -> None:
    table = persons(rng)
    long = pd.concat([table.assign(t=0, on=0, v=table["before"]),
                      table.assign(t=1, on=table["ikut"].astype(int), v=table["y"])])  # fmt: skip
    fit = smf.ols("v ~ on + C(id) + C(t)", long.assign(id=long.index)).fit()
    assert effect(table, "did")["estimate"] == pytest.approx(fit.params["on"], rel=1e-9)


METHODS = ("difference", "did", "paired", "adjusted", "ancova", "ipw", "aipw", "drdid")


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.floats(-50, 50), st.floats(0.1, 20))
def test_shift_and_scale_of_outcome_and_covariates(seed: int, shift: float, scale: float) -> None:
    """Salaries in rupiah are the same covariate as in ten millions."""
    table = persons(np.random.default_rng(seed), 48)
    moved = table.assign(y=table["y"] * scale + shift, before=table["before"] * scale + shift,
                         x=table["x"] * 1e7 + 3e6)  # fmt: skip
    for method in METHODS:
        group = None if method == "paired" else "ikut"
        plain, bent = (effect(t, method, group=group) for t in (table, moved))
        close(bent, plain, 1e-6, scale=scale)
        for name in ("p", "g"):
            assert bent[name] == pytest.approx(plain[name], rel=1e-5, abs=1e-8)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_ordered_outcomes_use_order_alone(seed: int) -> None:
    after, before = np.random.default_rng(seed).integers(1, 6, (2, 60)).astype(float)
    table = pd.DataFrame({"y": after, "before": before, "ikut": np.arange(60) % 2})
    bent = table.assign(y=np.exp(after), before=np.exp(before))
    for method in ("superiority", "net_rise"):
        close(*(effect(t, method, scale_type="ordinal") for t in (table, bent)))


def test_superiority_is_brunner_and_munzels_test(rng: np.random.Generator) -> None:
    a, b = rng.integers(1, 6, 30).astype(float), rng.integers(1, 5, 45).astype(float)
    table = pd.DataFrame({"y": np.concatenate([a, b]), "ikut": np.arange(75) < 30})
    found = effect(table, "superiority", scale_type="ordinal")
    assert found["p"] == pytest.approx(stats.brunnermunzel(a, b).pvalue, rel=1e-9)
    above = np.mean([float(p > q) - float(p < q) for p, q in itertools.product(a, b)])
    assert found["estimate"] == pytest.approx(above)


def test_net_shares_stay_between_their_ends() -> None:
    table = pd.DataFrame({"y": [5.0] * 9 + [1.0] * 10 + [5.0], "before": 3.0,
                          "ikut": np.arange(20) < 10})  # fmt: skip
    for method, rows, end in (
        ("superiority", table, 1),
        ("net_rise", table, 2),  # a difference of two net shares
        ("net_rise", table[:10], 1),
    ):
        group = "ikut" if len(rows) == 20 else None
        found = effect(rows, method, group=group, scale_type="ordinal")
        assert -end <= found["low"] <= found["estimate"] <= found["high"] <= end


def test_reversing_the_groups_reverses_the_sign(rng: np.random.Generator) -> None:
    table = persons(rng)
    for method in ("difference", "did", "superiority"):
        how = {"scale_type": "ordinal" if method == "superiority" else "continuous"}
        one, other = (effect(table, method, program=p, cluster="unit", **how)
                      for p in (True, False))  # fmt: skip
        close(one, other, scale=-1)


def test_under_four_clusters_in_an_arm_there_is_no_p_value(rng: np.random.Generator) -> None:
    table = persons(rng)
    own = np.where(table["ikut"], 3, 9)
    table["unit"] = np.where(table["ikut"], 100, 0) + np.arange(80) // 3 % own
    for method in ("difference", "did", "aipw", "ipw"):
        found = effect(table, method, cluster="unit", sesoi=9)
        assert not pd.isna(found["estimate"])
        assert found[["p", "low", "high"]].isna().all()
        assert "3 klaster" in said(found)
        assert found["conclusion"] == "inconclusive"


def test_weights_remove_a_measured_imbalance(rng: np.random.Generator) -> None:
    """The effect is 1; who takes part depends on x, and so does the outcome (bias about 1.6)."""
    x = rng.normal(size=3000)
    member = rng.random(3000) < expit(x)
    table = pd.DataFrame({"y": member + 2 * x + rng.normal(size=3000), "x": x, "ikut": member})
    assert effect(table, "difference")["estimate"] > 2
    for method in ("ipw", "aipw"):
        found = effect(table, method)
        assert found["estimate"] == pytest.approx(1, abs=4 * found["std_error"])
    assert el.balance(table, ["x"], "ikut")["smd_weighted"].abs().max() < 0.1


@pytest.mark.parametrize("method", ["aipw", "drdid"])
def test_doubly_robust_is_right_where_either_model_is_wrong(
    rng: np.random.Generator, method: str
) -> None:
    """True effect 1. Persons with a high x rise by themselves, and are likelier to take part; both
    models are straight, and each is bent in its turn."""
    x = rng.normal(size=4000)
    straight, bent = (expit(x), x), (expit(x**2 - 1), x**2 + x)
    for chance, rise in ((straight[0], bent[1]), (bent[0], straight[1])):
        member = rng.random(4000) < chance
        before = (x if method == "drdid" else 0) + rng.normal(size=4000)
        after = before + rise + member + rng.normal(size=4000)
        table = pd.DataFrame({"y": after, "before": before, "x": x, "ikut": member})
        found = effect(table, method)
        assert found["estimator"] == method
        assert found["estimate"] == pytest.approx(1, abs=4 * found["std_error"])
        naive = effect(table, "did" if method == "drdid" else "difference")
        assert naive["estimate"] > 1 + 4 * naive["std_error"] or chance is bent[0]


# Ways out


def test_no_overlap_is_a_reason_and_regression_stands_in_for_the_primary(
    rng: np.random.Generator,
) -> None:
    """The program's persons are 20 years older; its effect is 1 beside that of age."""
    member, before = np.arange(80) < 40, rng.normal(size=80)
    age = np.where(member, 50.0, 30.0) + rng.uniform(-5, 5, 80)
    y = 0.1 * age + member + rng.normal(size=80) * 0.1
    table = pd.DataFrame({"y": y, "x": age, "ikut": member, "before": before})
    both = el.compare_models(table, "y", "ikut", covariates=["x"], methods=["ipw", "aipw"])
    alone = both.iloc[1]
    assert pd.isna(alone["estimate"])
    row = el.effect(table, "y", "ikut", covariates=["x"]).iloc[0]
    assert row["estimator"] == "adjusted"
    close(row, effect(table, "adjusted"))
    assert alone["reason"] in row["note"]
    # the comparison's own line, drawn on to the program's ages
    found = effect(table.assign(y=y + before), "drdid")
    assert found["estimator"] == "regression_did"
    assert not pd.isna(found["p"])
    assert found["estimate"] == pytest.approx(1, abs=4 * found["std_error"])


def test_few_persons_and_many_covariates_fall_back_to_did_and_say_so(
    rng: np.random.Generator,
) -> None:
    names = ["x", "z", "a", "b"]
    table = persons(rng, 24).assign(a=rng.normal(size=24), b=rng.normal(size=24))
    found, plain = effect(table, "drdid", covariates=names), effect(table, "did")
    assert (found["estimator"], found["estimate"]) == ("did", plain["estimate"])
    assert found["note"] != plain["note"]


def test_raw_salaries_and_years_are_fitted_in_every_resample(rng: np.random.Generator) -> None:
    """They gave a false "no overlap" in a third of the resamples."""
    n = 150
    salary, year = rng.lognormal(16.3, 0.3, n), rng.integers(1990, 2020, n).astype(float)
    member = rng.random(n) < expit((salary - salary.mean()) / salary.std() * 0.7)
    y = salary / 1e7 + member + rng.normal(size=n)
    table = pd.DataFrame({"y": y, "x": salary, "z": year, "ikut": member})
    for _repetition in range(30):
        found = effect(table.iloc[rng.integers(0, n, n)], "aipw", covariates=["x", "z"])
        assert not pd.isna(found["p"]), found["reason"]


def test_separation_and_no_convergence_are_told_apart(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = persons(rng)
    one = (table["ikut"] & (np.arange(80) % 2 == 0)).astype(float)  # a level that one group has
    tables = [table.assign(x=table["ikut"] + table["x"] * 0.1), table.assign(x=one), table]

    def reasons() -> list[Any]:  # of the second: a regression stands in for the first
        asked = {"covariates": ["x"], "methods": ["ipw", "aipw"]}
        return [el.compare_models(t, "y", "ikut", **asked)["reason"].iloc[1] for t in tables]

    separated, again, none = reasons()
    assert isinstance(separated, str)
    assert (again, pd.isna(none)) == (separated, True)
    # no data are known that need more steps, so that one is as small as is asked
    monkeypatch.setattr("evaluasi_lib.scoring.estimate.TOLERANCE", -1.0)
    *apart, unsettled = reasons()
    assert apart == [separated, separated]
    assert unsettled not in (separated, None)


@pytest.mark.parametrize("value", [0.0, 3.0, 1e-200])
def test_an_outcome_that_never_varies_has_a_reason_and_no_p_value(value: float) -> None:
    table = persons(np.random.default_rng(0), 40).assign(y=value)
    for cluster in (None, "unit"):
        found = effect(table, "aipw", cluster=cluster)
        assert found["estimate"] == pytest.approx(0, abs=1e-12)
        assert found[["std_error", "p"]].isna().all()
        assert "semua nilai" in said(found)


@pytest.mark.parametrize(("events", "said"), [(0, "no_meaningful_change"), (3, "inconclusive")])
def test_a_rare_event_that_one_group_lacks_has_not_worsened(events: int, said: str) -> None:
    """None of 100 in the program against 0 or 3 of 100: the degenerate error of 0 events is not
    used, nor is a difference of 3 persons the program's harm."""
    member = np.arange(200) < 100
    table = pd.DataFrame({"y": (np.arange(200) >= 200 - events).astype(int), "ikut": member})
    row = effect(table, "auto", design="randomised", scale_type="binary", sesoi=0.05)
    assert row["conclusion"] == said
    assert row["low"] < -events / 100 < row["high"]
    assert row["low"] < 0 < row["high"]


# Newcombe (1998), table II, examples (a) to (h), method 10
@pytest.mark.parametrize(
    ("a", "n", "b", "m", "low", "high"),
    [(56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090),
     (6, 7, 2, 7, 0.0582, 0.8062), (5, 56, 0, 29, -0.0381, 0.1926),
     (0, 10, 0, 20, -0.1611, 0.2775), (0, 10, 0, 10, -0.2775, 0.2775),
     (10, 10, 0, 20, 0.6791, 1.0), (10, 10, 0, 10, 0.6075, 1.0)],
)  # fmt: skip
def test_intervals_of_two_shares_are_newcombes_and_their_p_values_agree(
    a: int, n: int, b: int, m: int, low: float, high: float
) -> None:
    y = np.repeat([1, 0, 1, 0], [a, n - a, b, m - b])
    table = pd.DataFrame({"y": y, "ikut": np.repeat([1, 0], [n, m])})
    row = effect(table, "auto", design="randomised", scale_type="binary", min_cell=0)
    assert (row["low"], row["high"]) == pytest.approx((low, high), abs=5e-5)
    assert (row["p"] < 0.05) == (row["low"] > 0 or row["high"] < 0)


# Conclusions


def exact(estimate: float, error: float, n: int = 101) -> pd.DataFrame:
    """Two groups of n with exactly this difference and standard error."""
    z = stats.norm.ppf((np.arange(n) + 0.5) / n)
    z = (z - z.mean()) / z.std(ddof=1) * error / math.sqrt(2 / n)
    return pd.DataFrame({"y": np.concatenate([z + estimate, z]), "ikut": np.repeat([1, 0], n)})


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
    ask = {"sesoi": sesoi, "direction": direction, "design": "randomised"}
    found = effect(exact(estimate, error), "difference", **ask)
    assert (found["std_error"], found["df"]) == pytest.approx((error, 200))
    assert found["conclusion"] == said


def test_needed_persons_agree_with_the_t_tests_own_sample_size() -> None:
    """Two groups of n/2 with SD 1: the standard error is 2 / sqrt(n)."""
    each = el.power(effect=0.5)["n_program"].iloc[0]
    for n in (20, 50, 500):
        found = effect(exact(0.1, math.sqrt(2 / n), n), "difference", sesoi=0.5)
        assert found["n_needed"] == pytest.approx(2 * each, abs=1.5)


def test_few_degrees_of_freedom_bring_a_warning(rng: np.random.Generator) -> None:
    """Where the simulation study finds both outside their limits: 4 treated clusters of 40."""
    unit = np.arange(400) % 40
    table = pd.DataFrame(rng.normal(size=(400, 3)), columns=["x", "y", "before"]).assign(unit=unit)
    for method in ("aipw", "drdid"):
        few, many = (effect(table.assign(ikut=unit < n), method, cluster="unit") for n in (4, 20))
        assert not pd.isna(few["p"])
        assert few["df"] < 4 < many["df"]
        assert few["note"].replace(many["note"] or "", "").strip()


# Doubly robust difference in differences: a second computation

Equations = Callable[[Array], Array]


def sandwich(equations: Equations, theta: Array, target: int) -> float:
    """Standard error of theta[target] (k,) that solves mean of equations (n, k) = 0, by a numerical
    derivative: the second route to every influence function here."""
    at = equations(theta)
    bread = approx_fprime(theta, lambda t: equations(t).mean(axis=0), 1e-7)
    half = np.linalg.solve(bread, at.T / len(at))
    return float(np.sqrt(np.sum(half[target] ** 2)))


def solved(x: Array, d: Array, y: Array) -> tuple[Equations, Array]:
    """Sant'Anna and Zhao's estimating equations: logit, regression, two means, and the effect
    itself (last), with their solution."""
    k, own = x.shape[1], d == 0
    gamma = sm.Logit(d, x).fit(disp=0, tol=1e-12).params
    beta = np.linalg.lstsq(x[own], y[own], rcond=None)[0]
    rest, odds = y - x @ beta, np.exp(x @ gamma) * (1 - d)
    means = [np.average(rest, weights=d), np.average(rest, weights=odds)]

    def equations(theta: Array) -> Array:
        odds, left = np.exp(x @ theta[:k]), y - x @ theta[k : 2 * k]
        treated, control, att = theta[2 * k :]
        logit, regression = x * (d - odds / (1 + odds))[:, None], x * ((1 - d) * left)[:, None]
        means = d * (left - treated), odds * (1 - d) * (left - control)
        return np.column_stack([logit, regression, *means, 0 * y + treated - control - att])

    return equations, np.concatenate([gamma, beta, means, [means[0] - means[1]]])


def test_estimate_and_error_solve_the_stacked_estimating_equations() -> None:
    """1978 and 1975 earnings, group and background of the NSW, in thousands."""
    table = pd.read_csv(Path(__file__).parent / "reference" / "nswdemo.csv").astype(float)
    table[["re78", "re75"]] /= 1000
    names = ["age", "educ", "black", "hisp", "marr", "nodeg"]
    x = sm.add_constant(table[names].to_numpy())
    equations, theta = solved(
        x, table["trt"].to_numpy(), (table["re78"] - table["re75"]).to_numpy()
    )
    found = effect(table, "drdid", "re78", "trt", before="re75", covariates=names)
    plain_error = sandwich(equations, theta, -1)
    assert found["estimate"] == pytest.approx(theta[-1], rel=1e-6)
    # the small-sample factors of 722 persons and 7 coefficients
    assert plain_error < found["std_error"] < 1.02 * plain_error
