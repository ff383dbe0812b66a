"""Time to completion: the reference values and the edges."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import evaluasi_lib as el
from evaluasi_lib.scoring.survival import cox, kaplan_meier, log_rank

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
TREATED = np.array([1] * 21 + [0] * 21)


def close(key: str) -> object:
    return pytest.approx(REFERENCE[key]["value"], rel=REFERENCE[key]["tol_rel"])


@pytest.mark.skipif(not LUNG.is_file(), reason="the reference input lung.csv is not here")
def test_agrees_with_r_on_the_lung_data() -> None:
    lung = pd.read_csv(LUNG)
    times, done = lung["time"].to_numpy(float), lung["status"].to_numpy() - 1
    km = kaplan_meier(times, done)
    assert km.median_days == close("km.lung.median")
    assert km.median_ci_low == close("km.lung.median_lo_logCI")
    assert km.median_ci_high == close("km.lung.median_hi_logCI")
    for sex, key in ((1, "km.lung.median_g1"), (2, "km.lung.median_g2")):
        own = lung["sex"].eq(sex).to_numpy()
        assert kaplan_meier(times[own], done[own]).median_days == close(key)
    test = log_rank(times, done, lung["sex"].to_numpy())
    assert test is not None
    assert test == (close("km.lung.logrank_chi2"), close("km.lung.logrank_p"))
    (hazard,) = cox(times, done, lung[["sex"]].astype(float))
    assert hazard.beta == close("km.lung.cox_efron_b")
    assert hazard.std_error == close("km.lung.cox_efron_se")


def test_agrees_with_the_textbook_on_remission_times() -> None:
    km = kaplan_meier(WEEKS[:21], ENDED[:21])
    share = {point.days: 1 - point.share_completed for point in km.curve}
    assert share[6] == pytest.approx(18 / 21)
    assert share[7] == pytest.approx(18 / 21 * 16 / 17)
    assert km.median_days == 23
    test = log_rank(WEEKS, ENDED, TREATED)
    assert test is not None
    assert test[0] == pytest.approx(16.79, abs=0.005)
    (hazard,) = cox(WEEKS, ENDED, pd.DataFrame({"6-MP": TREATED.astype(float)}))
    assert hazard.beta == pytest.approx(-1.5721, abs=5e-5)
    assert hazard.std_error == pytest.approx(0.4124, abs=5e-5)


def test_nobody_completes() -> None:
    km = kaplan_meier(np.arange(1.0, 11), np.zeros(10, int))
    assert (km.n, km.n_completed, km.median_days, km.curve) == (10, 0, None, ())
    assert log_rank(np.arange(1.0, 11), np.zeros(10, int), np.arange(10) % 2) is None
    assert cox(np.arange(1.0, 11), np.zeros(10, int), pd.DataFrame({"x": np.arange(10.0)})) == ()


def test_everybody_completes_on_the_same_day() -> None:
    km = kaplan_meier(np.full(12, 3.0), np.ones(12, int))
    assert (km.median_days, len(km.curve)) == (3.0, 1)
    assert km.curve[0].share_completed == 1


@pytest.mark.parametrize(
    ("days", "done", "median"),
    [
        (range(1, 11), [1] * 4 + [0] * 6, None),  # before half have completed
        ([1, 2, 4, 9], [1] * 4, 3),  # R: survfit(Surv(c(1, 2, 4, 9), rep(1, 4)) ~ 1)
        ([1, 2, 4, 9], [1, 1, 0, 0], 2),
    ],
)
def test_a_curve_that_rests_at_one_half_has_its_median_in_the_middle(
    days: list[int], done: list[int], median: float | None
) -> None:
    people = pd.DataFrame({"mulai": 1, "selesai": done, "hari": days})
    table = el.completion(people, ["mulai", "selesai"], days="hari", min_cell=0)
    assert table["median_days"].tolist() == pytest.approx([np.nan, median or np.nan], nan_ok=True)


def test_the_median_has_no_upper_limit_where_the_curves_limit_stays_above_one_half() -> None:
    """After the fifth of six days 1/6 are left, and their upper limit is 0.997; on the last day
    nobody is, and Greenwood's error is not defined: by R's rule the limit is missing."""
    km = kaplan_meier(np.arange(1.0, 7), np.ones(6, int))
    assert (km.median_days, km.median_ci_low, km.median_ci_high) == (3.5, 2.0, None)


def test_without_censoring_the_curve_is_the_share_that_completed() -> None:
    times = np.random.default_rng(1).integers(1, 20, 60).astype(float)
    for point in kaplan_meier(times, np.ones(60, int)).curve:
        assert point.share_completed == pytest.approx((times <= point.days).mean())
        assert point.ci_low <= point.share_completed <= point.ci_high


def test_clusters_that_are_alike_widen_the_interval_of_what_varies_between_them() -> None:
    rng = np.random.default_rng(6)
    cluster = np.repeat(np.arange(12), 25)
    region = (cluster < 3).astype(float)
    speed = np.exp(rng.normal(0, 0.8, 12))[cluster]
    times = rng.exponential(1 / speed)
    frame = pd.DataFrame({"region": region, "own": rng.normal(size=300)})
    plain = cox(times, np.ones(300, int), frame)
    allowed = cox(times, np.ones(300, int), frame, cluster)
    assert [h.beta for h in plain] == [h.beta for h in allowed]
    assert allowed[0].std_error > 2 * plain[0].std_error
    # a region of one cluster alone: its error cannot be known, so nothing is said
    alone = frame.assign(region=(cluster == 0).astype(float))
    assert cox(times, np.ones(300, int), alone, cluster) == ()


def test_one_group_or_one_covariate_value_compares_nothing() -> None:
    assert log_rank(WEEKS, ENDED, np.ones(len(WEEKS))) is None
    assert cox(WEEKS, ENDED, pd.DataFrame({"x": np.ones(len(WEEKS))})) == ()
