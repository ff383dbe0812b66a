"""Stability of the verdict: redrawn estimates, moved limits, and what it hangs on."""

from __future__ import annotations

import pytest

from evaluasi_lib.findings import conclude
from evaluasi_lib.measures import value_at
from tests.situations import make


def stability(*outcomes, **around) -> tuple[float | None, str]:
    """The share of repetitions with the same verdict, and what the verdict says of it."""
    result = conclude(*make(list(outcomes), **around), None)
    share = value_at(result.rows, "verdict/stability/share")
    return share, " ".join(result.verdict.would_change)


@pytest.mark.parametrize("estimate", [-0.9, -0.31, -0.1, 0.05, 0.1, 0.31, 0.9])
@pytest.mark.parametrize("sesoi", [None, 0.2])
@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_a_redrawn_estimate_is_concluded_like_the_first(estimate, sesoi, direction):
    """Drawn anew with hardly any error, away from every limit, nothing changes."""
    spec = {"estimate": estimate, "se": 1e-4, "sesoi": sesoi, "direction": direction}
    assert stability(spec)[0] == 1


def test_a_firm_verdict_stays_and_a_borderline_one_is_a_toss_of_a_coin():
    firm, _said = stability({"estimate": 1.0, "se": 0.1})
    # At the edge of the 95% interval half of the redrawn estimates fall outside it; the limits
    # play no part here. 1,000 draws have a standard error of 0.016: four of them.
    edge, said = stability({"estimate": 0.1973, "se": 0.1, "sesoi": None})
    assert firm == 1
    assert edge == pytest.approx(0.5, abs=0.064)
    assert "Kinerja" in said


def test_a_cost_just_under_its_limit_is_what_the_verdict_hangs_on():
    limit = {"max_cost_per_completer_idr": 5e6}
    near, said = stability({"estimate": 1.0}, completion=0.9, cost=4.9e6, thresholds=limit)
    far, other = stability({"estimate": 1.0}, completion=0.9, cost=1e6, thresholds=limit)
    assert near < 1 == far
    assert "biaya" in said
    assert "biaya" not in other


def test_the_same_seed_gives_the_same_stability():
    case = ({"estimate": 0.25}, {"estimate": 0.2})
    assert stability(*case, completion=0.71) == stability(*case, completion=0.71)


def test_conclusions_of_another_rule_are_not_second_guessed():
    """It stays as it is, and the other outcome is drawn all the same."""
    other = {"estimate": 0.1, "conclusion": "improved"}  # its interval holds zero
    assert stability(other)[0] == 1
    assert stability({"estimate": 0.25}, other)[0] < 1


def test_names_and_order_of_outcomes_do_not_move_the_stability():
    specs = [{"estimate": 0.25}, {"estimate": 0.4, "se": 0.2}, {"estimate": 0.1, "sesoi": None}]
    turned = [{**s, "outcome": f"z{i}"} for i, s in enumerate(specs[::-1])]
    one, other = (stability(*s, completion=0.72)[0] for s in (specs, turned))
    assert one == other is not None


def test_the_report_says_how_firm_the_verdict_is_and_on_what_it_hangs():
    result = conclude(*make([{"estimate": 0.25}]), None)
    (row,) = [row for row in result.rows if row.part == "verdict"]
    assert str(row.note) in result.verdict.would_change[0]
