"""Earlier recommendations: what became of them, and how their indicators moved."""

from __future__ import annotations

import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from evaluasi_lib.findings import conclude
from evaluasi_lib.findings.recommend import Indicator, difference_interval, read_indicator
from tests.situations import make, scale


def earlier(indicator, status="done", **keys):
    return {
        "earlier_recommendations": [
            {"id": "r1", "from_cycle": 2024, "text": "Latih mentor.", "status": status,
             "indicator": indicator, **keys}
        ]
    }  # fmt: skip


def test_two_wilson_intervals_give_newcombes_interval():
    counts = (37, 52), (43, 48)
    before, now = (
        Indicator(x / n, *map(float, proportion_confint(x, n, method="wilson"))) for x, n in counts
    )
    ours = difference_interval(before, now)
    theirs = confint_proportions_2indep(43, 48, 37, 52, method="newcomb", compare="diff")
    # Both use the normal quantile; only the order of operations differs.
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_without_an_interval_on_either_side_there_is_none_for_the_difference():
    assert difference_interval(Indicator(1, None, None), Indicator(2, 1, 3)) == (None, None)


def test_the_change_in_a_scale_has_an_interval_and_words():
    program, now = make(program_keys=earlier("scales/kepuasan/mean"), scales=(scale(mean=4.2),))
    _program, before = make(cycle="2024", scales=(scale(mean=3.8),))
    (item,) = conclude(program, now, before).follow_up
    change = item.change
    assert (item.status, item.from_cycle) == ("done", "2024")
    assert change["difference"] == pytest.approx(0.4)
    # Two intervals of half-width 0.1: sqrt(0.02) each way.
    assert change["ci_low"] == pytest.approx(0.4 - 0.02**0.5)
    assert change["ci_high"] == pytest.approx(0.4 + 0.02**0.5)
    assert "diharapkan" in change["sentence"]


@pytest.mark.parametrize(
    ("before", "now", "word"), [(0.6, 0.2, "diharapkan"), (0.2, 0.6, "Memburuk")]
)
def test_a_barrier_is_better_when_lower(before, now, word):
    program, after = make(
        program_keys=earlier("participation/barriers/beban/share"), barriers={"beban": now}
    )
    (item,) = conclude(program, after, make(cycle="2024", barriers={"beban": before})[1]).follow_up
    assert item.change["better_when"] == "lower"
    assert word in item.change["sentence"]


def test_an_interval_over_zero_claims_no_movement():
    program, now = make(program_keys=earlier("scales/kepuasan/mean"), scales=(scale(mean=3.85),))
    (item,) = conclude(program, now, make(cycle="2024", scales=(scale(mean=3.8),))[1]).follow_up
    assert "mencakup nol" in item.change["sentence"]


def test_the_trend_runs_over_every_cycle():
    program, now = make(program_keys=earlier("scales/kepuasan/mean"), scales=(scale(mean=4.2),))
    history = [make(cycle=c, scales=(scale(mean=m),))[1] for c, m in (("2023", 3.5), ("2024", 3.8))]
    (item,) = conclude(program, now, history).follow_up
    assert [(t["cycle"], t["value"]) for t in item.change["trend"]] == [
        ("2023", 3.5), ("2024", 3.8), ("2025", 4.2),
    ]  # fmt: skip
    assert item.change["before"] == 3.8


@pytest.mark.parametrize(
    ("indicator", "has_earlier", "word"),
    [(None, True, "tidak memiliki indikator"), ("scales/kepuasan/mean", False, "tidak tersedia"),
     ("scales/lain/mean", True, "scales/lain/mean")],
)  # fmt: skip
def test_what_cannot_be_compared_says_why(indicator, has_earlier, word):
    program, now = make(program_keys=earlier(indicator))
    before = make(cycle="2024")[1] if has_earlier else None
    (item,) = conclude(program, now, before).follow_up
    assert item.change is None
    assert word in item.reason


def test_what_was_promised_and_not_done_is_a_weakness_with_a_recommendation():
    program, now = make(program_keys=earlier(None, status="not_done"))
    result = conclude(program, now, None)
    (weakness,) = [w for w in result.weaknesses if w.id == "promise.r1"]
    assert "Latih mentor" in weakness.statement
    assert any(weakness.id in r.addresses for r in result.recommendations)


def test_indicators_read_primaries_program_group_and_the_wanted_wave():
    scales = (scale(mean=3.0, wave="pre"), scale(mean=4.0), scale(mean=3.5, wave="followup"))
    _program, result = make([{}, {"outcome": "kinerja", "estimate": 9.0, "role": "subgroup"}],
                            scales=scales)  # fmt: skip
    assert read_indicator(result.rows, "scales/kepuasan/mean").value == 4.0
    assert read_indicator(result.rows, "scales/kepuasan@followup/mean").value == 3.5
    assert read_indicator(result.rows, "effects/kinerja/estimate").value == 0.5
    assert read_indicator(result.rows, "effects/kinerja/conclusion") is None
    assert read_indicator(result.rows, "nowhere/at/all") is None
