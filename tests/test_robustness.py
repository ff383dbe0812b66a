"""Stability of the verdict: redrawn estimates, moved limits, and what it hangs on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from evaluasi_lib.conclusion import adjusted
from evaluasi_lib.findings import conclude
from evaluasi_lib.findings.rules import decision_table
from evaluasi_lib.findings.verdict import base_of, diagnose_robustness, move_limits
from evaluasi_lib.program import Thresholds
from evaluasi_lib.wording import choose
from tests.situations import conclusion_of, make


@pytest.mark.parametrize(("method", "theirs"), [("holm", "holm"), ("bh", "fdr_bh")])
def test_adjustment_agrees_with_statsmodels(method, theirs):
    p = np.random.default_rng(3).uniform(0, 0.2, (50, 4))
    ours = adjusted(p, method)
    for row, mine in zip(p, ours, strict=True):
        # The same arithmetic in another order: equal to rounding.
        np.testing.assert_allclose(mine, multipletests(row, method=theirs)[1], rtol=1e-12)
    np.testing.assert_array_equal(adjusted(p, "none"), p)


@settings(max_examples=20, deadline=None)
@given(
    st.floats(-1, 1), st.sampled_from([0.02, 0.1, 0.4]), st.sampled_from([None, 0.2]),
    st.sampled_from(["higher", "lower"]),
)  # fmt: skip
def test_conclusions_follow_the_written_rule(estimate, se, sesoi, direction):
    program, result = make([{"estimate": 0.5, "se": se, "sesoi": sesoi, "direction": direction}])
    family = base_of(program, result).family
    found = family.conclusions(np.array([[estimate]]), np.ones(1))[0, 0]
    assert found == conclusion_of(estimate, se, 200, sesoi, direction)


def test_a_firm_verdict_stays_and_a_borderline_one_is_a_toss_of_a_coin():
    firm = diagnose_robustness(*make([{"estimate": 1.0, "se": 0.1}]))
    # At the edge of the 95% interval half of the redrawn estimates fall outside it; the limits
    # play no part here. 1,000 draws have a standard error of 0.016: four of them.
    edge = diagnose_robustness(*make([{"estimate": 0.19722, "se": 0.1, "sesoi": None}]))
    assert firm["share"] == 1
    assert firm["hangs_on"] is None
    assert edge["share"] == pytest.approx(0.5, abs=0.064)
    assert "Kinerja" in edge["hangs_on"]


def test_a_cost_just_under_its_limit_is_what_the_verdict_hangs_on():
    limit = {"max_cost_per_completer_idr": 5e6}
    found = diagnose_robustness(
        *make([{"estimate": 1.0}], completion=0.9, cost=4.9e6, thresholds=limit)
    )
    (cost,) = [m for m in decision_table().moves if m.limit == "max_cost_per_completer_idr"]
    assert found["hangs_on"] == choose(cost.text)
    assert found["share"] < 1


def test_the_same_seed_gives_the_same_stability():
    case = make([{"estimate": 0.25}, {"estimate": 0.2}], completion=0.71)
    assert diagnose_robustness(*case) == diagnose_robustness(*case)


def test_conclusions_of_another_rule_are_not_second_guessed():
    """It stays as it is, and the other outcome is drawn all the same."""
    other = {"estimate": 0.5, "conclusion": "inconclusive"}
    assert base_of(*make([other])).family.effects == ()
    assert diagnose_robustness(*make([other]))["share"] == 1
    both = base_of(*make([other, {"estimate": 0.25}]))
    assert [e.outcome for e in both.family.effects] == ["kinerja2"]


@pytest.mark.parametrize("outcomes", [[], [{"estimate": None, "se": None, "reason": "x"}]])
def test_nothing_measured_has_a_stability_too(outcomes):
    found = diagnose_robustness(*make(outcomes))
    assert (found["share"], found["hangs_on"]) == (1, None)


def test_limits_move_by_the_declared_amounts_and_stay_in_their_range():
    moves = np.ones(len(decision_table().moves))
    limits = Thresholds(min_completion_share=0.98, max_cost_per_completer_idr=1e6)
    up, factor = move_limits(limits, moves)
    assert (up.min_completion_share, up.min_scale_up_rating, factor) == (1.0, 4, 1.2)
    assert up.max_cost_per_completer_idr == pytest.approx(1.1e6)
    assert move_limits(limits, 0 * moves) == (limits, 1.0)
    known = set(Thresholds.model_fields) | {"sesoi"}
    assert {m.limit for m in decision_table().moves} <= known


def test_the_report_says_how_firm_the_verdict_is_and_on_what_it_hangs():
    result = conclude(*make([{"estimate": 0.25}]), None)
    (stability,) = [row for row in result.rows if row.part == "verdict"]
    assert str(stability.note) in result.verdict.would_change[0]


def test_names_and_order_of_outcomes_do_not_move_the_stability():
    specs = [{"estimate": 0.25}, {"estimate": 0.4, "se": 0.2}, {"estimate": 0.1, "sesoi": None}]
    turned = [{**s, "outcome": f"z{i}"} for i, s in enumerate(specs[::-1])]
    one, other = (diagnose_robustness(*make(s, completion=0.72)) for s in (specs, turned))
    assert one["share"] == other["share"]
