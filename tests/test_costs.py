"""Costs, cost for a unit of effect, benefits in money: from files to the published rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import evaluasi_lib as el
from evaluasi_lib.measures import texts_at, wide
from tests.made_studies import make_study, survey
from tests.test_impact_methods import exact

ITEMS = [
    {"category": "pengajar", "planned_idr": 60_000_000, "realised_idr": 50_000_000},
    {"category": "bahan", "planned_idr": 40_000_000, "realised_idr": 40_000_000},
]
BENEFIT = {
    "label": "Naskah lebih cepat", "outcome": "y", "value_per_unit_idr": 4_000_000,
    "isolation": "comparison_group", "confidence_share": 0.75,
}  # fmt: skip
GROUP = {"variable": "ikut", "program": ["1"], "comparison": ["0"]}


def measured(
    folder: Path, people: tuple[int, int, int] = (101, 90, 60), *, estimate: float = 0.5,
    design: str = "randomised", direction: str = "higher", **costs: Any,
) -> dict[str, Any]:  # fmt: skip
    """The records of the part by their places, and the words beside them, of a program with 101
    persons in either group, so many of whom enrolled, started and completed."""
    table = exact(estimate, 0.1)
    member = table["ikut"] == 1
    table = table.assign(pid=[f"p{i}" for i in range(len(table))])
    stages = dict(zip(("daftar", "mulai", "selesai"), people, strict=True))
    for name, n in stages.items():
        table[name] = np.arange(len(table)) < np.where(member, n, 0)
    roster = table.drop(columns="y").astype({"ikut": str})
    declared = {
        "design": {"type": design, "group": GROUP},
        "roster": "peserta",
        "sources": {
            "peserta": survey({"ikut": "category"} | dict.fromkeys(stages, "flag"), role="roster"),
            "post": survey({"y": "number"}, wave="post"),
        },
        "participation": {"enrolled": "daftar", "started": "mulai", "completed": "selesai"},
        "outcomes": [{"id": "y", "label": "Y", "level": "learning", "variable": "y",
                      "unit": "poin", "sesoi": 0.2, "direction": direction}],
        "costs": None if costs.get("items") == [] else
        {"price_year": 2025, "items": ITEMS} | costs,
    }  # fmt: skip
    result = make_study(folder, declared, {"peserta": roster, "post": table[["pid", "y"]]}).result
    places = ("efficiency", "efficiency/*", "efficiency/*/*", "efficiency/*/*/*")
    records = {"/".join(r["stem"][1:]): r for place in places for r in wide(result.rows, place)}
    return records | {"words": texts_at(result.remarks, "efficiency", "money")}


def test_costs_for_each_participant_completer_and_hour(tmp_path: Path) -> None:
    found = measured(tmp_path, training_hours_jp=20)
    money = found[""]
    assert money["total_cost_idr"] == 90_000_000
    assert money["cost_per_participant_idr"] == pytest.approx(90_000_000 / 101)
    assert money["cost_per_completer_idr"] == 1_500_000
    assert money["cost_per_jp_idr"] == pytest.approx(90_000_000 / 101 / 20)
    assert money["budget_absorption_share"] == 0.9
    shares = [found[f"costs/{item['category']}"]["share_of_total"] for item in ITEMS]
    assert sum(shares) == pytest.approx(1)
    by_hand = el.cost(pd.DataFrame(ITEMS), 101, 60).set_index("measure")
    assert by_hand.loc["per_completer", "amount_idr"] == 1_500_000
    assert by_hand.loc["budget_absorption", "share"] == 0.9


def test_working_time_of_those_who_started_is_a_cost_but_no_budget(tmp_path: Path) -> None:
    found = measured(tmp_path, participant_time={"hours": 10, "hourly_idr": 50_000})
    assert found[""]["total_cost_idr"] == 90_000_000 + 10 * 50_000 * 90
    assert found[""]["budget_absorption_share"] == 0.9
    assert found["costs/participant_time"]["realised_idr"] == 10 * 50_000 * 90


def test_a_category_that_is_declared_twice_stands_twice(tmp_path: Path) -> None:
    found = measured(tmp_path, items=[ITEMS[0], ITEMS[0]])
    twice = [found["costs/pengajar"], found["costs/pengajar@2"]]
    assert [row["subject"] for row in twice] == ["pengajar", "pengajar"]


def test_a_program_without_costs_says_so(tmp_path: Path) -> None:
    money = measured(tmp_path, items=[])[""]
    assert money["total_cost_idr"] is None
    assert money["total_cost_idr_reason"]


def test_zero_cost_leaves_ratios_undefined(tmp_path: Path) -> None:
    free = [{"category": "pengajar", "planned_idr": 0, "realised_idr": 0}]
    found = measured(tmp_path, items=free, benefits=[BENEFIT])
    money = found[""]
    assert (money["total_cost_idr"], money["cost_per_participant_idr"]) == (0, 0)
    assert not {"budget_absorption_share", "bcr", "roi_pct"} & set(money)
    assert found["words"]


def test_nobody_completed_and_nobody_took_part(tmp_path: Path) -> None:
    nobody = measured(tmp_path, (101, 90, 0))[""]
    assert nobody["cost_per_completer_idr"] is None
    assert nobody["cost_per_completer_idr_reason"]
    empty = measured(tmp_path, (0, 0, 0))
    assert empty[""]["cost_per_participant_idr"] is None
    assert empty["cost_per_unit_effect"]["reason"]


def test_a_hidden_number_of_persons_cannot_be_computed_from_its_cost(tmp_path: Path) -> None:
    time = {"hours": 10, "hourly_idr": 50_000}
    found = measured(tmp_path, (101, 3, 3), participant_time=time)[""]
    assert found["cost_per_completer_idr"] is None
    assert found["cost_per_completer_idr_reason"] == "small_cell"
    assert found["total_cost_idr"] == 90_000_000 + 10 * 50_000 * 101
    hidden = measured(tmp_path, (3, 3, 3), participant_time=time)
    assert hidden[""]["total_cost_idr"] is None
    assert hidden["cost_per_unit_effect"]["reason"] == "small_cell"


def test_cost_for_a_unit_of_effect_is_total_over_effect_of_all_participants(
    tmp_path: Path,
) -> None:
    found = measured(tmp_path)
    row, drawn = found["cost_per_effect/y"], found["cost_per_effect/y/bootstrap"]
    assert row["estimate"] == pytest.approx(90e6 / 101 / 0.5)
    # with a known cost Fieller's limits are the cost over the limits of the effect (t, df 200)
    q = stats.t.ppf(0.975, 200)
    ends = (90e6 / 101 / (0.5 + q * 0.1), 90e6 / 101 / (0.5 - q * 0.1))
    assert (row["estimate_low"], row["estimate_high"]) == pytest.approx(ends, rel=1e-6)
    # 10,000 draws leave about 1% of Monte Carlo error in a limit
    assert (drawn["estimate_low"], drawn["estimate_high"]) == pytest.approx(ends, rel=0.03)
    assert found["cost_per_unit_effect"]["subject"] == "y"


def unit_cost(table: pd.DataFrame, design: str = "randomised", **how: Any) -> pd.Series:
    found = el.effect(table, "y", "ikut", design=design, **how)
    return el.cost({"x": 90e6}, 100, effect=found).iloc[-1]


def test_fieller_agrees_with_a_search_over_all_ratios() -> None:
    """Second route: every ratio whose test statistic stays within the t quantile."""
    row = unit_cost(exact(4.0, 0.7))
    grid = np.linspace(1e5, 8e5, 700_001)
    inside = grid[np.abs(900_000 - grid * 4.0) <= stats.t.ppf(0.975, 200) * grid * 0.7]
    ends = (inside.min(), inside.max())
    assert (row["low_idr"], row["high_idr"]) == pytest.approx(ends, abs=2)


def test_where_less_is_better_the_effect_is_turned() -> None:
    fewer_days = unit_cost(exact(-0.5, 0.1), direction="lower")
    assert fewer_days["amount_idr"] == pytest.approx(1.8e6)


@pytest.mark.parametrize(
    ("estimate", "how"),
    [(0.5, {"design": "comparison"}), (-0.5, {}), (0.0, {}), (0.5, {"direction": "lower"}),
     (0.1, {}), (0.5, {"min_cell": 999})],
    ids=["difference", "negative", "zero", "wrong way", "interval holds zero", "not estimated"],
)  # fmt: skip
def test_the_ratio_is_refused_with_a_reason(estimate: float, how: dict[str, Any]) -> None:
    row = unit_cost(exact(estimate, 0.1), **how)
    assert isinstance(row["reason"], str)
    assert row[["amount_idr", "low_idr", "high_idr"]].isna().all()


@pytest.mark.parametrize("scale", [0.01, 3.0, 1000.0])
def test_the_ratio_follows_the_units(scale: float) -> None:
    """Measuring the outcome in units a hundred times as small makes each a hundredth as dear."""
    one, other = (unit_cost(exact(0.5 * s, 0.1 * s)) for s in (1, scale))
    for name in ("amount_idr", "low_idr", "high_idr"):
        assert other[name] == pytest.approx(one[name] / scale, rel=1e-9)


def test_bcr_and_roi_by_phillips(tmp_path: Path) -> None:
    found = measured(tmp_path, benefits=[BENEFIT])
    money, benefit = found[""], 0.5 * 4_000_000 * 0.75 * 101
    assert money["bcr"] == pytest.approx(benefit / 90e6)
    assert money["roi_pct"] == pytest.approx((benefit / 90e6 - 1) * 100)
    cases = [record["bcr"] for place, record in found.items() if place.startswith("sensitivity/")]
    assert cases[0] == money["bcr"]
    assert min(cases) == cases[-1] < money["bcr"]


@pytest.mark.parametrize(
    ("isolation", "effect"),
    [("comparison_group", {"design": "comparison"}), ("participant_estimate", {"estimate": 0.19}),
     ("comparison_group", {"estimate": 0.01}), ("trend", {})],
    ids=["a difference", "inconclusive", "too small", "no trend is estimated"],
)  # fmt: skip
def test_only_a_concluded_effect_is_worth_money(
    tmp_path: Path, isolation: str, effect: dict[str, Any]
) -> None:
    found = measured(tmp_path, benefits=[BENEFIT | {"isolation": isolation}], **effect)
    assert not {"bcr", "roi_pct"} & set(found[""])
    assert not [place for place in found if place.startswith("sensitivity")]
    assert found["words"] == [found["benefits/1"]["total_idr_reason"]]


def test_a_worsened_outcome_is_a_negative_benefit(tmp_path: Path) -> None:
    """The unfavourable limit of an outcome of which less is better is the upper one."""
    found = measured(tmp_path, estimate=0.5, direction="lower", benefits=[BENEFIT])
    each = 4_000_000 * 0.75 * 101
    assert found["benefits/1"]["total_idr"] == pytest.approx(-0.5 * each)
    _declared, low, *_rest = (r for place, r in found.items() if place.startswith("sensitivity/"))
    upper = 0.5 + stats.t.ppf(0.975, 200) * 0.1
    assert low["bcr"] == pytest.approx(-upper * each / 90e6)
