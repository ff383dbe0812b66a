"""Agreement between coders against R, published values and properties, through `el.agreement`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evaluasi_lib as el

REFERENCE = json.loads(
    (Path(__file__).parent / "reference" / "agreement.json").read_text(encoding="utf-8")
)
RATINGS = np.array(REFERENCE["kalpha_ratings"], dtype=float)
TOLERANCE = 1e-9  # closed formulas: only rounding differs


def agree(ratings, **how) -> pd.DataFrame:
    """The coefficients of units (n) and coders (k), by their names."""
    columns = [pd.Series(column) for column in np.asarray(ratings).T]
    return el.agreement(*columns, **how).set_index("coefficient")


def table_of(*counts: int) -> np.ndarray:
    """Two coders: yes-yes, yes-no, no-yes, no-no, so many times."""
    return np.repeat([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], counts, axis=0)


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_alpha_agrees_with_r_and_the_published_example(level):
    found = agree(RATINGS, ordinal=True)["value"]
    expected = REFERENCE["values"][f"kalpha.{level}"]
    assert found[f"alpha_{level}"] == pytest.approx(expected, rel=TOLERANCE)


def test_percent_agreement_is_the_observed_agreement_of_fleiss_worked_example():
    counts = np.array(REFERENCE["fleiss_counts"])
    ratings = [np.repeat(np.arange(len(row)), row) for row in counts]
    expected = REFERENCE["values"]["fleiss.p_bar"]
    assert agree(ratings)["value"]["percent"] == pytest.approx(expected, rel=TOLERANCE)


def test_cohen_kappa_and_ac1_of_a_table_by_hand():
    # 45 yes-yes, 15 yes-no, 25 no-yes, 15 no-no: observed 0.60, chance 0.54 -> kappa 0.1304...
    found = agree(table_of(45, 15, 25, 15))["value"]
    assert found["cohen_kappa"] == pytest.approx((0.6 - 0.54) / (1 - 0.54))
    # AC1: mean share of yes 0.65, chance 2 * 0.65 * 0.35 = 0.455
    assert found["gwet_ac1"] == pytest.approx((0.6 - 0.455) / (1 - 0.455))


def test_ac1_stays_high_where_kappa_falls_by_rare_codes():
    # Gwet (2008), the example of 125 units: kappa -0.0234, AC1 0.9408 (recalled).
    found = agree(table_of(118, 5, 2, 0))["value"]
    assert found["percent"] == pytest.approx(118 / 125)
    assert found["cohen_kappa"] == pytest.approx(-0.0234, abs=1e-4)
    assert found["gwet_ac1"] == pytest.approx(0.9408, abs=1e-4)


def test_one_code_for_all_has_no_kappa():
    found = agree(np.ones((20, 2)))["value"]
    assert found[["cohen_kappa", "alpha_nominal"]].isna().all()
    assert found["percent"] == 1


def test_no_unit_with_two_codes_gives_nothing():
    assert agree([[1.0, np.nan], [np.nan, 2.0]])["value"].isna().all()


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=9))
def test_order_of_units_and_of_coders_and_names_of_codes_do_not_matter(pairs):
    ratings = np.array(pairs, dtype=float)
    value = agree(ratings)["value"].tolist()
    for other in (ratings[::-1], ratings[:, ::-1], np.array(list("zyxw"))[ratings.astype(int)]):
        assert agree(other)["value"].tolist() == pytest.approx(value, abs=1e-12, nan_ok=True)


def test_interval_holds_the_value_and_is_the_same_twice():
    ratings = np.random.default_rng(3).integers(0, 3, (60, 1)) * np.ones((1, 2))
    ratings[:20, 1] = 0
    one, two = agree(ratings), agree(ratings)
    pd.testing.assert_frame_equal(one, two)
    assert one.loc["cohen_kappa", ["low", "value", "high"]].is_monotonic_increasing
    few = agree(RATINGS[:5])
    assert few["value"].notna().any()
    assert few["low"].isna().all()
