"""Costs, cost for a unit of effect, benefits in money: from files to the published rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import evaluasi_lib as el
from tests.made_studies import make_study, survey
from tests.places import at, remarks

ITEMS = [
    {"category": "pengajar", "planned_idr": 60_000_000, "realised_idr": 50_000_000},
    {"category": "bahan", "planned_idr": 40_000_000, "realised_idr": 40_000_000},
]
FREE = [{"category": "pengajar", "planned_idr": 0, "realised_idr": 0}]
BENEFIT = {
    "label": "Naskah lebih cepat", "outcome": "y", "value_per_unit_idr": 4_000_000,
    "isolation": "comparison_group", "confidence_share": 0.75,
}  # fmt: skip
TIME = {"participant_time": {"hours": 10, "hourly_idr": 50_000}}
GROUP = {"variable": "ikut", "program": ["1"], "comparison": ["0"]}


def exact(estimate, error):
    """101 persons in either group, whose difference and its standard error are these."""
    y = np.tile(np.r_[np.linspace(-1, 1, 101)], 2)
    y *= error / np.sqrt(2 * y[:101].var(ddof=1) / 101)
    ikut = np.repeat([1, 0], 101)
    return pd.DataFrame({"ikut": ikut, "y": 10 + y + estimate * ikut})


def measured(folder, people=(101, 90, 60), *, estimate=0.5, design="randomised",
             direction="higher", **costs):  # fmt: skip
    """The records of the part by their places, and the words beside them, of a program with 101
    persons in either group, so many of whom enrolled, started and completed."""
    table = exact(estimate, 0.1).assign(pid=[f"p{i}" for i in range(202)])
    stages = dict(zip(("daftar", "mulai", "selesai"), people, strict=True))
    for name, n in stages.items():
        table[name] = np.arange(202) < np.where(table["ikut"] == 1, n, 0)
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
    tables = {"peserta": table.drop(columns="y"), "post": table[["pid", "y"]]}
    program = make_study(folder, declared, tables)
    places = ["efficiency" + "/*" * depth for depth in range(4)]
    records = {"/".join(r["stem"][1:]): r for place in places for r in at(program, place)}
    return records | {"words": remarks(program, "efficiency")}


def test_costs_for_each_participant_completer_and_hour(tmp_path):
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


def test_working_time_of_those_who_started_is_a_cost_but_no_budget(tmp_path):
    """And a category that is declared twice stands twice."""
    found = measured(tmp_path, items=[ITEMS[0], ITEMS[0]], **TIME)
    assert found[""]["total_cost_idr"] == 100_000_000 + 10 * 50_000 * 90
    assert found[""]["budget_absorption_share"] == pytest.approx(100 / 120)
    assert found["costs/participant_time"]["realised_idr"] == 10 * 50_000 * 90
    assert [found[f"costs/pengajar{n}"]["subject"] for n in ("", "@2")] == ["pengajar"] * 2


@pytest.mark.parametrize(
    ("people", "costs", "known", "unknown"),
    [
        ((101, 90, 60), {"items": []}, {}, {"total_cost_idr": None}),
        ((101, 90, 0), {}, {}, {"cost_per_completer_idr": None}),
        ((0, 0, 0), {}, {}, {"cost_per_participant_idr": None}),
        # A hidden number of persons cannot be computed from its cost.
        ((101, 3, 3), TIME, {"total_cost_idr": 90_000_000 + 10 * 50_000 * 101},
         {"cost_per_completer_idr": "small_cell"}),
        ((3, 3, 3), TIME, {}, {"total_cost_idr": "small_cell"}),
    ],
    ids=["nothing declared", "nobody completed", "nobody took part", "few started", "few"],
)  # fmt: skip
def test_what_is_not_known_has_its_reason(tmp_path, people, costs, known, unknown):
    found = measured(tmp_path, people, **costs)
    assert {name: found[""][name] for name in known} == known
    for name, reason in unknown.items():
        assert found[""][name] is None
        assert found[""][f"{name}_reason"] == reason if reason else found[""][f"{name}_reason"]
    if people[0] < 5:
        assert found["cost_per_unit_effect"]["reason"]


def test_zero_cost_leaves_ratios_undefined(tmp_path):
    found = measured(tmp_path, items=FREE, benefits=[BENEFIT])
    money = found[""]
    assert (money["total_cost_idr"], money["cost_per_participant_idr"]) == (0, 0)
    assert not {"budget_absorption_share", "bcr", "roi_pct"} & set(money)
    assert found["words"]


def test_cost_for_a_unit_of_effect_is_total_over_effect_of_all_participants(tmp_path):
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


def unit_cost(table, design="randomised", **how):
    found = el.effect(table, "y", "ikut", design=design, **how)
    return el.cost({"x": 90e6}, 100, effect=found).iloc[-1]


def test_fieller_agrees_with_a_search_over_all_ratios():
    """Second route: every ratio whose test statistic stays within the t quantile."""
    row = unit_cost(exact(4.0, 0.7))
    grid = np.linspace(1e5, 8e5, 700_001)
    inside = grid[np.abs(900_000 - grid * 4.0) <= stats.t.ppf(0.975, 200) * grid * 0.7]
    assert (row["low_idr"], row["high_idr"]) == pytest.approx((inside.min(), inside.max()), abs=2)


@pytest.mark.parametrize(
    ("estimate", "how"),
    [(0.5, {"design": "comparison"}), (-0.5, {}), (0.0, {}), (0.5, {"direction": "lower"}),
     (0.1, {}), (0.5, {"min_cell": 999})],
    ids=["difference", "negative", "zero", "wrong way", "interval holds zero", "not estimated"],
)  # fmt: skip
def test_the_ratio_is_refused_with_a_reason(estimate, how):
    row = unit_cost(exact(estimate, 0.1), **how)
    assert isinstance(row["reason"], str)
    assert row[["amount_idr", "low_idr", "high_idr"]].isna().all()


@pytest.mark.parametrize(
    ("scale", "direction"), [(0.01, "higher"), (1000, "higher"), (-1, "lower")]
)
def test_the_ratio_follows_the_units_and_is_turned_where_less_is_better(scale, direction):
    """Measuring the outcome in units a hundred times as small makes each a hundredth as dear."""
    one = unit_cost(exact(0.5, 0.1))
    other = unit_cost(exact(0.5 * scale, 0.1 * abs(scale)), direction=direction)
    for name in ("amount_idr", "low_idr", "high_idr"):
        assert other[name] == pytest.approx(one[name] / abs(scale), rel=1e-9)


def test_bcr_and_roi_by_phillips(tmp_path):
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
def test_only_a_concluded_effect_is_worth_money(tmp_path, isolation, effect):
    found = measured(tmp_path, benefits=[BENEFIT | {"isolation": isolation}], **effect)
    assert not {"bcr", "roi_pct"} & set(found[""])
    assert not [place for place in found if place.startswith("sensitivity")]
    assert found["benefits/1"]["total_idr_reason"] in found["words"]


def test_a_worsened_outcome_is_a_negative_benefit(tmp_path):
    """The unfavourable limit of an outcome of which less is better is the upper one."""
    found = measured(tmp_path, estimate=0.5, direction="lower", benefits=[BENEFIT])
    each = 4_000_000 * 0.75 * 101
    assert found["benefits/1"]["total_idr"] == pytest.approx(-0.5 * each)
    _declared, low, *_rest = (r for place, r in found.items() if place.startswith("sensitivity/"))
    upper = 0.5 + stats.t.ppf(0.975, 200) * 0.1
    assert low["bcr"] == pytest.approx(-upper * each / 90e6)
