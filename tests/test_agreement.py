"""Agreement between coders against R, published values and properties."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats import inter_rater

from evaluasi_lib.voices.agreement import (
    agreement_rows,
    as_codes,
    cohen_kappa,
    compare_codes,
    gwet_ac1,
    krippendorff_alpha,
    percent_agreement,
    with_interval,
)

REFERENCE = json.loads(
    (Path(__file__).parent / "reference" / "agreement.json").read_text(encoding="utf-8")
)
RATINGS = np.array(REFERENCE["kalpha_ratings"], dtype=float)
TOLERANCE = 1e-9  # closed formulas: only rounding differs


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_alpha_agrees_with_r_and_the_published_example(level):
    expected = REFERENCE["values"][f"kalpha.{level}"]
    assert krippendorff_alpha(RATINGS, level) == pytest.approx(expected, rel=TOLERANCE)


def test_percent_agreement_is_the_observed_agreement_of_fleiss_worked_example():
    counts = np.array(REFERENCE["fleiss_counts"])
    ratings = np.array([np.repeat(np.arange(len(row)), row) for row in counts], dtype=float)
    expected = REFERENCE["values"]["fleiss.p_bar"]
    assert percent_agreement(ratings) == pytest.approx(expected, rel=TOLERANCE)
    kappa = REFERENCE["values"]["fleiss.kappa"]
    assert inter_rater.fleiss_kappa(counts) == pytest.approx(kappa, rel=TOLERANCE)


def test_cohen_kappa_and_ac1_of_a_table_by_hand():
    # 45 yes-yes, 15 yes-no, 25 no-yes, 15 no-no: observed 0.60, chance 0.54 -> kappa 0.1304...
    pair = np.repeat([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], [45, 15, 25, 15], axis=0)
    assert cohen_kappa(pair) == pytest.approx((0.6 - 0.54) / (1 - 0.54))
    # AC1: mean share of yes 0.65, chance 2 * 0.65 * 0.35 = 0.455
    assert gwet_ac1(pair) == pytest.approx((0.6 - 0.455) / (1 - 0.455))


def test_ac1_stays_high_where_kappa_falls_by_rare_codes():
    # Gwet (2008), the example of 125 units: kappa -0.0234, AC1 0.9408 (recalled).
    pair = np.repeat([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], [118, 5, 2, 0], axis=0)
    assert percent_agreement(pair) == pytest.approx(118 / 125)
    assert cohen_kappa(pair) == pytest.approx(-0.0234, abs=1e-4)
    assert gwet_ac1(pair) == pytest.approx(0.9408, abs=1e-4)


def test_one_code_for_all_has_no_kappa():
    same = np.ones((20, 2))
    assert cohen_kappa(same) is None
    assert krippendorff_alpha(same) is None
    assert percent_agreement(same) == 1


def test_no_unit_with_two_codes_gives_nothing():
    alone = np.array([[1.0, np.nan], [np.nan, 2.0]])
    assert percent_agreement(alone) is None
    assert krippendorff_alpha(alone) is None
    assert gwet_ac1(alone) is None


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=30))
def test_order_of_units_and_of_coders_does_not_matter(pairs):
    ratings = np.array(pairs, dtype=float)
    for statistic in (percent_agreement, cohen_kappa, krippendorff_alpha, gwet_ac1):
        value = statistic(ratings)
        for other in (ratings[::-1], ratings[:, ::-1]):
            assert statistic(other) == (None if value is None else pytest.approx(value, abs=1e-12))


def test_interval_holds_the_value_and_is_the_same_twice():
    ratings = np.random.default_rng(3).integers(0, 3, (60, 1)) * np.ones((1, 2))
    ratings[:20, 1] = 0
    drawn = [with_interval(cohen_kappa, ratings, np.random.default_rng(1), 300) for _i in range(2)]
    assert drawn[0] == drawn[1]
    assert drawn[0].ci_low < drawn[0].value < drawn[0].ci_high


def test_rows_of_one_unit_are_drawn_together():
    ratings = np.random.default_rng(4).integers(0, 2, (30, 2)).astype(float)
    often = np.repeat(ratings, 8, axis=0)
    alone = with_interval(percent_agreement, ratings, np.random.default_rng(1), 400)
    units = np.repeat(np.arange(30), 8)
    blocks = with_interval(percent_agreement, often, np.random.default_rng(1), 400, units=units)
    assert blocks == alone  # copying rows of a unit adds no knowledge


def test_few_units_get_no_interval():
    found = with_interval(percent_agreement, RATINGS[:5], np.random.default_rng(1), 100)
    assert found.value is not None
    assert found.ci_low is None


def test_labels_become_numbers_and_none_stays_missing():
    codes = as_codes([["b", "a"], [None, "b"]])
    assert np.array_equal(codes, [[1, 0], [np.nan, 1]], equal_nan=True)


def test_agreement_as_rows_names_every_coefficient():
    rows = agreement_rows(RATINGS, np.random.default_rng(1), ordinal=True, draws=50)
    assert [r["coefficient"] for r in rows] == [
        "percent", "cohen_kappa", "alpha_nominal", "alpha_ordinal", "gwet_ac1",
    ]  # fmt: skip


def test_codes_compared_give_precision_recall_and_the_same_kappa():
    rng = np.random.default_rng(5)
    manual = rng.random((80, 1)) < 0.4
    found = manual ^ (rng.random((80, 1)) < 0.1)
    row = compare_codes(manual, found, rng)[0]
    both = (manual & found).sum()
    assert row["precision"] == pytest.approx(both / found.sum())
    assert row["recall"] == pytest.approx(both / manual.sum())
    pair = np.hstack([manual, found]).astype(float)
    assert row["kappa"] == pytest.approx(cohen_kappa(pair))
    slow = with_interval(cohen_kappa, pair, np.random.default_rng(2), 2_000)
    # Two bootstraps of one statistic with 2,000 draws each: their bounds differ by chance alone.
    assert row["kappa_ci_low"] == pytest.approx(slow.ci_low, abs=0.03)
