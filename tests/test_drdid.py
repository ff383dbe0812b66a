"""Doubly robust difference in differences: a second computation, its properties, its way out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.optimize import approx_fprime
from scipy.special import expit

from evaluasi_lib.scoring.impact.designs import did, did_repeated, drdid, drdid_repeated
from evaluasi_lib.scoring.impact.models import fit_logit
from evaluasi_lib.scoring.impact.weighting import aipw, att_influence, design, ipw, propensity

Array = NDArray[np.float64]
Equations = Callable[[Array], Array]


def sandwich(equations: Equations, theta: Array, target: int) -> float:
    """Standard error of theta[target] (k,) that solves mean of equations (n, k) = 0, by a numerical
    derivative: the second route to every influence function here."""
    at = equations(theta)
    bread = np.column_stack(
        [
            approx_fprime(theta, lambda t, j=j: equations(t)[:, j].mean(), 1e-7)
            for j in range(len(theta))
        ]
    ).T
    half = np.linalg.solve(bread, at.T / len(at))
    return float(np.sqrt(np.sum(half[target] ** 2)))


@pytest.fixture
def earnings() -> tuple[Array, Array, NDArray[np.bool_], Array]:
    """1978 and 1975 earnings, group and background of the NSW, in thousands."""
    table = pd.read_csv(Path(__file__).parent / "reference" / "nswdemo.csv")
    z = table[["age", "educ", "black", "hisp", "marr", "nodeg"]].to_numpy(float)
    earned = table[["re78", "re75"]].to_numpy(float) / 1000
    return earned[:, 0], earned[:, 1], table["trt"].to_numpy() == 1, z


def solved(x: Array, d: Array, y: Array, waves: list[Array]) -> tuple[Equations, Array]:
    """Sant'Anna and Zhao's estimating equations: logit, one regression a wave, two means a wave,
    and the effect itself (last), with their solution."""
    k = x.shape[1]
    fit = fit_logit(x, d)
    assert not isinstance(fit, str)
    betas, means = [], []
    for wave in waves:
        own = (d == 0) & (wave == 1)
        betas.append(np.linalg.lstsq(x[own], y[own], rcond=None)[0])
        rest = y - x @ betas[-1]
        odds = fit.score / (1 - fit.score) * (1 - d) * wave
        means += [np.average(rest, weights=d * wave), np.average(rest, weights=odds)]
    signs = (1, -1, -1, 1)[: len(means)]
    att = sum(s * m for s, m in zip(signs, means, strict=True))

    def equations(theta: Array) -> Array:
        gamma, rest = theta[:k], theta[k:]
        chance = expit(x @ gamma)
        columns = [x * (d - chance)[:, None]]
        own_means = rest[k * len(waves) : -1]
        for i, wave in enumerate(waves):
            left = y - x @ rest[k * i : k * (i + 1)]
            columns.append(x * ((1 - d) * wave * left)[:, None])
            odds = chance / (1 - chance) * (1 - d) * wave
            columns.append((d * wave * (left - own_means[2 * i]))[:, None])
            columns.append((odds * (left - own_means[2 * i + 1]))[:, None])
        total = sum(s * m for s, m in zip(signs, own_means, strict=True))
        columns.append(np.full((len(y), 1), total - theta[-1]))
        return np.column_stack(columns)

    return equations, np.concatenate([fit.coef, *betas, means, [att]])


def test_estimate_and_error_solve_the_stacked_estimating_equations(
    earnings: tuple[Array, Array, NDArray[np.bool_], Array],
) -> None:
    after, before, member, z = earnings
    x = design(z, len(z))
    equations, theta = solved(x, member.astype(float), after - before, [np.ones(len(z))])
    fit = propensity(z, member)
    assert not isinstance(fit, str)
    att, influence = att_influence(after - before, x, member, fit)
    assert att == pytest.approx(theta[-1], rel=1e-9)
    plain_error = np.sqrt(np.sum(influence**2)) / len(z)
    assert plain_error == pytest.approx(sandwich(equations, theta, -1), rel=1e-4)
    found = drdid(after, before, member, z)
    assert found.estimate == pytest.approx(att)
    # the small-sample factors of 722 persons and 7 coefficients
    assert found.std_error == pytest.approx(plain_error, rel=0.02)
    assert found.std_error > plain_error


def test_repeated_samples_solve_theirs(
    earnings: tuple[Array, Array, NDArray[np.bool_], Array],
) -> None:
    after, before, member, z = earnings
    late = np.arange(len(z)) % 2 == 0
    y = np.where(late, after, before)
    x, d, w = design(z, len(z)), member.astype(float), late.astype(float)
    equations, theta = solved(x, d, y, [w, 1 - w])
    found = drdid_repeated(y, member, late, z)
    assert found.estimate == pytest.approx(theta[-1], rel=1e-9)
    assert found.std_error == pytest.approx(sandwich(equations, theta, -1), rel=0.04)
    assert (found.n_program, found.n_comparison) == (
        int((member & late).sum()),
        int((~member & late).sum()),
    )


def test_without_covariates_it_is_difference_in_differences(
    earnings: tuple[Array, Array, NDArray[np.bool_], Array],
) -> None:
    after, before, member, z = earnings
    nothing = np.empty((len(z), 0))
    one, other = drdid(after, before, member, nothing), did(after, before, member)
    assert one.estimate == pytest.approx(other.estimate)
    assert one.std_error == pytest.approx(other.std_error)
    assert one.df == pytest.approx(other.df)
    assert one.effect_size()[0] == pytest.approx(other.effect_size()[0])
    late = np.arange(len(z)) % 2 == 0
    y = np.where(late, after, before)
    one, other = drdid_repeated(y, member, late, nothing), did_repeated(y, member, late)
    assert one.estimate == pytest.approx(other.estimate)
    assert one.std_error == pytest.approx(other.std_error, rel=0.01)


def test_the_scale_of_covariates_changes_nothing(
    earnings: tuple[Array, Array, NDArray[np.bool_], Array],
) -> None:
    """Years of birth and salaries in rupiah are the same covariates as ages and thousands."""
    after, before, member, z = earnings
    raw = z * np.array([1.0, 1e7, 1, 1, 1, 1]) + np.array([1950, 3e6, 0, 0, 0, 0])
    for way in (
        lambda c: drdid(after, before, member, c),
        lambda c: aipw(after, c, member),
        lambda c: ipw(after, c, member),
    ):
        one, other = way(z), way(raw)
        assert other.estimate == pytest.approx(one.estimate, rel=1e-7)
        assert other.std_error == pytest.approx(one.std_error, rel=1e-7)


def test_right_where_either_model_is_wrong_and_did_is_not() -> None:
    """True effect 1. Persons with a high x rise by themselves, and are likelier to take part."""
    rng = np.random.default_rng(20)
    n = 4000
    x = rng.normal(size=(n, 1))
    chance_straight, chance_bent = expit(x[:, 0]), expit(x[:, 0] ** 2 - 1)
    rise_straight, rise_bent = x[:, 0], x[:, 0] ** 2 + x[:, 0]
    before = x[:, 0] + rng.normal(size=n)
    for chance, rise in ((chance_straight, rise_bent), (chance_bent, rise_straight)):
        member = rng.random(n) < chance
        after = before + rise + member + rng.normal(size=n)
        found = drdid(after, before, member, x)
        assert found.estimator == "drdid"
        assert found.estimate == pytest.approx(1, abs=4 * found.std_error)
    member = rng.random(n) < chance_straight
    after = before + rise_bent + member + rng.normal(size=n)
    plain = did(after, before, member)
    assert plain.estimate > 1 + 4 * plain.std_error


def test_no_overlap_falls_back_and_says_so() -> None:
    rng = np.random.default_rng(21)
    member = np.arange(80) < 40
    age = np.where(member, 50.0, 30.0) + rng.uniform(-5, 5, 80)
    before = rng.normal(size=80)
    after = before + 0.1 * age + member + rng.normal(size=80) * 0.1
    found = drdid(after, before, member, age[:, None])
    assert found.estimator == "regression_did"
    assert found.p_value is not None
    assert len(found.warnings) == 1
    # the comparison's own line, drawn on to the program's ages
    assert found.estimate == pytest.approx(1, abs=4 * found.std_error)


def test_few_persons_and_many_covariates_fall_back_to_did_and_say_so() -> None:
    rng = np.random.default_rng(22)
    member, z = np.arange(24) % 2 == 0, rng.normal(size=(24, 4))
    after, before = rng.normal(size=(2, 24))
    found, plain = drdid(after, before, member, z), did(after, before, member)
    assert (found.estimator, found.estimate) == ("did", plain.estimate)
    assert len(found.warnings) == len(plain.warnings) + 1


def test_raw_salaries_and_years_are_fitted_in_every_resample() -> None:
    """They gave a false "no overlap" in a third of the resamples."""
    rng = np.random.default_rng(23)
    n = 150
    salary, year = rng.lognormal(16.3, 0.3, n), rng.integers(1990, 2020, n).astype(float)
    member = rng.random(n) < expit((salary - salary.mean()) / salary.std() * 0.7)
    y = salary / 1e7 + member + rng.normal(size=n)
    z = np.column_stack([salary, year])
    for _repetition in range(100):
        drawn = rng.integers(0, n, n)
        found = aipw(y[drawn], z[drawn], member[drawn])
        assert found.estimate is not None, found.reason
        assert found.p_value is not None


def test_separation_and_no_convergence_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(24)
    x = np.column_stack([np.ones(60), rng.normal(size=(60, 2))])
    y = (rng.random(60) < 0.5).astype(float)
    assert fit_logit(x, (x[:, 1] > 0).astype(float)) == "separation"
    only = np.column_stack([np.ones(60), y * (np.arange(60) % 2)])  # a level that one group has
    assert fit_logit(only, y) == "separation"
    assert not isinstance(fit_logit(x, y), str)
    monkeypatch.setattr("evaluasi_lib.scoring.impact.models.TOLERANCE", -1.0)  # no step is as small
    assert fit_logit(x, y) == "no_convergence"
    assert fit_logit(only, y) == "separation"
    settled, apart = aipw(y, x[:, 1:], y == 1), aipw(y, x[:, 1:], x[:, 1] > 0)
    assert settled.reason
    assert apart.reason
    assert settled.reason != apart.reason
