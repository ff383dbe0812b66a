"""Costs, cost for a unit of effect, benefits in money."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluasi_lib.disclosure import publish
from evaluasi_lib.effects import Effect
from evaluasi_lib.measures import wide
from evaluasi_lib.program import Benefit
from evaluasi_lib.scoring.costs import (
    bootstrap_ratio,
    cost_per_effect,
    fieller,
    phillips,
    score_efficiency,
    value_benefit,
)
from tests.situations import make

ITEMS = [
    {"category": "pengajar", "planned_idr": 60_000_000, "realised_idr": 50_000_000},
    {"category": "bahan", "planned_idr": 40_000_000, "realised_idr": 40_000_000},
]


def effect(estimate: float | None = 0.5, error: float = 0.1, **changes: Any) -> Effect:
    low = None if estimate is None else estimate - 2 * error
    high = None if estimate is None else estimate + 2 * error
    values: dict[str, Any] = {
        "outcome": "kompetensi", "label": "Kompetensi", "role": "primary", "subgroup": None,
        "wave": "post", "sesoi": 0.2, "direction": "higher", "claim": "effect",
        "level": "learning", "design": "comparison", "estimator": "ancova", "estimand": "att",
        "unit": "poin", "n_program": 100, "n_comparison": 90, "estimate": estimate,
        "std_error": error, "df": 60.0, "ci_low": low, "ci_high": high, "p_value": 0.01,
        "p_adjusted": None, "effect_size_g": None, "g_ci_low": None, "g_ci_high": None,
        "conclusion": "improved",
    }  # fmt: skip
    return Effect(**(values | changes))


def measured(
    effects: tuple[Effect, ...] = (),
    people: tuple[int | None, int | None, int | None] = (100, 90, 60),
    **costs: Any,
) -> dict[str, dict[str, Any]]:
    """The records of the part by their places, and the words beside them."""
    declared = None if costs.get("items") == [] else {"price_year": 2025, "items": ITEMS} | costs
    program = make(program_keys={"costs": declared})[0]
    names = ("enrolled", "started", "completed")
    found = score_efficiency(program, effects, **dict(zip(names, people, strict=True)))
    rows, remarks = publish(found, 5)
    places = ("efficiency", "efficiency/*", "efficiency/*/*", "efficiency/*/*/*")
    records = {"/".join(r["stem"][1:]): r for place in places for r in wide(rows, place)}
    return records | {"words": {remark.id: remark.text for remark in remarks}}


def test_costs_for_each_participant_completer_and_hour() -> None:
    found = measured(training_hours_jp=20)
    money = found[""]
    assert money["total_cost_idr"] == 90_000_000
    assert money["cost_per_participant_idr"] == 900_000
    assert money["cost_per_completer_idr"] == 1_500_000
    assert money["cost_per_jp_idr"] == 45_000
    assert money["budget_absorption_share"] == 0.9
    shares = [found[f"costs/{item['category']}"]["share_of_total"] for item in ITEMS]
    assert sum(shares) == pytest.approx(1)


def test_working_time_of_those_who_started_is_a_cost_but_no_budget() -> None:
    found = measured(participant_time={"hours": 10, "hourly_idr": 50_000})
    assert found[""]["total_cost_idr"] == 90_000_000 + 10 * 50_000 * 90
    assert found[""]["budget_absorption_share"] == 0.9
    assert found["costs/participant_time"]["realised_idr"] == 10 * 50_000 * 90


def test_a_category_that_is_declared_twice_stands_twice() -> None:
    found = measured(items=[ITEMS[0], ITEMS[0]])
    twice = [found["costs/pengajar"], found["costs/pengajar@2"]]
    assert [row["subject"] for row in twice] == ["pengajar", "pengajar"]


def test_a_program_without_costs_says_so() -> None:
    money = measured(items=[])[""]
    assert money["total_cost_idr"] is None
    assert money["total_cost_idr_reason"]


def test_zero_cost_leaves_ratios_undefined() -> None:
    free = [{"category": "pengajar", "planned_idr": 0, "realised_idr": 0}]
    benefit = {"label": "x", "value_per_unit_idr": 1000, "isolation": "trend"}
    found = measured(items=free, benefits=[benefit])
    money = found[""]
    assert (money["total_cost_idr"], money["cost_per_participant_idr"]) == (0, 0)
    assert not {"budget_absorption_share", "bcr", "roi_pct"} & set(money)
    assert found["words"]["efficiency/money"]


def test_nobody_completed_and_nobody_took_part() -> None:
    nobody = measured(people=(100, 90, 0))[""]
    assert nobody["cost_per_completer_idr"] is None
    assert nobody["cost_per_completer_idr_reason"]
    empty = measured((effect(),), people=(0, 0, 0))
    assert empty[""]["cost_per_participant_idr"] is None
    assert empty["cost_per_unit_effect"]["reason"]


def test_a_hidden_number_of_persons_cannot_be_computed_from_its_cost() -> None:
    time = {"hours": 10, "hourly_idr": 50_000}
    found = measured((effect(),), people=(100, None, None), participant_time=time)[""]
    assert found["cost_per_completer_idr"] is None
    assert found["cost_per_completer_idr_reason"] == "small_cell"
    assert found["total_cost_idr"] == 90_000_000 + 10 * 50_000 * 100
    hidden = measured((effect(),), people=(None, None, None), participant_time=time)
    assert hidden[""]["total_cost_idr"] is None
    assert hidden["cost_per_unit_effect"]["reason"] == "small_cell"


def test_cost_for_a_unit_of_effect_is_total_over_effect_of_all_participants() -> None:
    row = cost_per_effect(effect(0.5, 0.1), 90e6, 100, seed=1)
    assert row["estimate"] == pytest.approx(90e6 / 100 / 0.5)
    # with a known cost Fieller's limits are the cost over the limits of the effect (t, df 60)
    q = 2.0002978
    assert row["ci_low"] == pytest.approx(900_000 / (0.5 + q * 0.1), rel=1e-6)
    assert row["ci_high"] == pytest.approx(900_000 / (0.5 - q * 0.1), rel=1e-6)
    # 10,000 draws leave about 1% of Monte Carlo error in a limit
    assert row["bootstrap_ci_low"] == pytest.approx(row["ci_low"], rel=0.03)
    assert row["bootstrap_ci_high"] == pytest.approx(row["ci_high"], rel=0.03)
    assert row == cost_per_effect(effect(0.5, 0.1), 90e6, 100, seed=1)


def test_where_less_is_better_the_effect_is_turned() -> None:
    fewer_days = effect(-0.5, 0.1, direction="lower")
    assert cost_per_effect(fewer_days, 90e6, 100, seed=1)["estimate"] == pytest.approx(1.8e6)


@pytest.mark.parametrize(
    "found",
    [
        effect(claim="change"),
        effect(-0.5),
        effect(0.0),
        effect(0.5, direction="lower"),
        effect(0.1, 0.1),
        effect(None),
    ],
    ids=["change", "negative", "zero", "wrong way", "interval holds zero", "not estimated"],
)
def test_the_ratio_is_refused_with_a_reason(found: Effect) -> None:
    row = cost_per_effect(found, 90e6, 100, seed=1)
    assert row["reason"]
    assert row["estimate"] is row["ci_low"] is row["ci_high"] is None


def test_fieller_agrees_with_a_search_over_all_ratios() -> None:
    """Second route: every ratio whose test statistic stays within the normal quantile."""
    top, bottom, error = 10.0, 4.0, 0.7
    grid = np.linspace(0, 8, 800_001)
    inside = grid[np.abs(top - grid * bottom) <= 1.959963985 * grid * error]
    assert fieller(top, bottom, error) == pytest.approx((inside.min(), inside.max()), abs=2e-5)


def test_fieller_and_bootstrap_refuse_a_bottom_near_zero() -> None:
    assert fieller(1, 0.1, 0.1) is None
    assert fieller(1, 0, 0.1) is None
    assert bootstrap_ratio(1, 0.1, 0.1, None, np.random.default_rng(1)) is None


@settings(max_examples=30, deadline=None)
@given(st.floats(1e6, 1e10), st.floats(0.2, 5), st.floats(0.01, 0.05), st.floats(0.01, 1000))
def test_the_ratio_follows_the_units(
    total: float, value: float, error: float, scale: float
) -> None:
    """Measuring the outcome in units a hundred times as small makes each a hundredth as dear."""
    one = cost_per_effect(effect(value, error), total, 100, seed=1)
    other = cost_per_effect(effect(value * scale, error * scale), total, 100, seed=1)
    for name in ("estimate", "ci_low", "ci_high"):
        assert other[name] == pytest.approx(one[name] / scale, rel=1e-9)


def test_the_headline_is_a_decisive_outcome_with_an_effect() -> None:
    found = measured((effect(claim="change"), effect(outcome="lain")))["cost_per_unit_effect"]
    assert (found["subject"], found["reason"]) == ("lain", None)


def test_bcr_and_roi_by_phillips() -> None:
    assert phillips(150.0, 100.0) == (1.5, 50.0)
    benefit = {
        "label": "Naskah lebih cepat", "outcome": "kompetensi", "value_per_unit_idr": 4_000_000,
        "isolation": "comparison_group", "confidence_share": 0.75,
    }  # fmt: skip
    found = measured((effect(0.5),), benefits=[benefit])
    money = found[""]
    # 0.5 units x Rp4 million x 0.75 x 100 participants = Rp150 million, costs Rp90 million
    assert money["bcr"] == pytest.approx(150 / 90)
    assert money["roi_pct"] == pytest.approx(60 / 90 * 100)
    cases = [record["bcr"] for place, record in found.items() if place.startswith("sensitivity/")]
    assert cases[0] == money["bcr"]
    assert min(cases) == cases[-1] < money["bcr"]


def test_isolation_by_a_comparison_group_needs_one() -> None:
    benefit = {
        "label": "x", "outcome": "kompetensi", "value_per_unit_idr": 1e6,
        "isolation": "comparison_group",
    }  # fmt: skip
    found = measured((effect(claim="change"),), benefits=[benefit])
    assert not {"bcr", "roi_pct"} & set(found[""])
    assert not [place for place in found if place.startswith("sensitivity")]
    assert found["words"]["efficiency/money"] == found["benefits/1"]["reason"]


def test_a_worsened_outcome_is_a_negative_benefit() -> None:
    benefit = Benefit(
        label="x", outcome="kompetensi", value_per_unit_idr=1e6, isolation="comparison_group"
    )
    assert value_benefit(benefit, (effect(-0.5, conclusion="worsened"),), 10)["total_idr"] == -5e6
    lower = effect(0.5, 0.1, direction="lower")
    assert value_benefit(benefit, (lower,), 10)["total_idr"] == -5e6
    # the unfavourable limit of an outcome of which less is better is the upper one
    assert value_benefit(benefit, (lower,), 10, at="ci_low")["total_idr"] == pytest.approx(-7e6)
