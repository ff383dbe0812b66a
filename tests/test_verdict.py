"""The verdict: what a careful evaluator would decide, and properties that hold for every input."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluasi_lib.findings import conclude
from evaluasi_lib.findings.verdict import decision_table, situation_of, strength_of_words
from evaluasi_lib.wording import choose
from tests.situations import make

SITUATIONS = yaml.safe_load(
    (Path(__file__).parent / "data" / "situations.yml").read_text(encoding="utf-8")
)
ORDER = ["redesign", "adjust", "continue", "scale_up"]
COST = {"max_cost_per_completer_idr": 5e6}


@pytest.mark.parametrize("case", SITUATIONS, ids=[c["name"] for c in SITUATIONS])
def test_verdict_of_a_careful_evaluator(case):
    verdict = conclude(*make(**case["given"]), None).verdict
    assert (verdict.decision, verdict.rule) == (case["expected"], case["rule"]), case["why"]


def test_the_situations_are_at_least_thirty_and_touch_every_row():
    assert len(SITUATIONS) >= 30
    assert {c["rule"] for c in SITUATIONS} == {row.rule for row in decision_table().rows}


def judge(program, result):
    return conclude(program, result, None).verdict


estimates = st.floats(-1.5, 1.5).map(lambda x: round(x, 2))
outcome = st.fixed_dictionaries(
    {
        "estimate": estimates,
        "se": st.sampled_from([0.03, 0.1, 0.3]),
        "sesoi": st.sampled_from([None, 0.2]),
        "claim": st.sampled_from(["effect", "change", "difference"]),
        "level": st.sampled_from(["reaction", "learning", "behaviour", "results"]),
        "direction": st.sampled_from(["higher", "lower"]),
    }
)
surroundings = st.fixed_dictionaries(
    {
        "ratings": st.sampled_from([None, 1, 3, 5]),
        "completion": st.sampled_from([None, 0.4, 0.9]),
        "cost": st.sampled_from([None, 4e6, 6e6]),
        "bcr": st.sampled_from([None, 0.5, 2.0]),
        "thresholds": st.sampled_from([{}, COST, COST | {"min_improved_share": 1.0}]),
        "agreement": st.sampled_from([None, ["convergent"], ["divergent"]]),
    }
)


@settings(max_examples=40, deadline=None)
@given(st.lists(outcome, min_size=1, max_size=4), surroundings, st.data())
def test_a_better_estimate_never_lowers_the_decision(outcomes, around, data):
    """Standard errors, numbers, cost, design fixed; insufficient_evidence is out of the order."""
    i = data.draw(st.integers(0, len(outcomes) - 1))
    step = data.draw(st.floats(0.01, 2.0))
    sign = 1 if outcomes[i]["direction"] == "higher" else -1
    moved = [dict(o) for o in outcomes]
    moved[i]["estimate"] += sign * step
    before, after = (judge(*make(o, **around)).decision for o in (outcomes, moved))
    if "insufficient_evidence" not in (before, after):
        assert ORDER.index(after) >= ORDER.index(before)


@settings(max_examples=40, deadline=None)
@given(st.lists(outcome, min_size=1, max_size=4), surroundings, st.randoms())
def test_relabelling_and_reordering_change_nothing(outcomes, around, rng: random.Random):
    plain = judge(*make(outcomes, **around))
    renamed = [{**o, "outcome": f"x{i * 7}", "label": "Lain"} for i, o in enumerate(outcomes)]
    rng.shuffle(renamed)
    other = judge(*make(renamed, **around))
    assert (plain.decision, plain.rule) == (other.decision, other.rule)


@settings(max_examples=40, deadline=None)
@given(st.lists(outcome, min_size=1, max_size=4), surroundings)
def test_an_inconclusive_outcome_is_never_taken_for_an_unchanged_one(outcomes, around):
    """Where the rest shows no improvement, an open outcome leaves the verdict open (an open outcome
    of learning only where performance was not measured: its absence of change decides)."""
    open_outcome = {"estimate": 0.1, "se": 1.0, "level": "behaviour"}
    for o in outcomes:
        o |= {"estimate": 0.0, "se": 0.03, "sesoi": 0.2}
    verdict = judge(*make([*outcomes, open_outcome], **around))
    assert verdict.decision == "insufficient_evidence"


@settings(max_examples=25, deadline=None)
@given(st.lists(outcome, min_size=1, max_size=4), surroundings)
def test_every_recommendation_addresses_a_weakness_that_exists(outcomes, around):
    result = conclude(*make(outcomes, **around), None)
    known = {w.id for w in result.weaknesses}
    assert all(r.addresses and set(r.addresses) <= known for r in result.recommendations)


def test_the_first_reason_is_the_text_of_the_row_that_fired():
    verdict = judge(*make())
    (fired,) = [row for row in decision_table().rows if row.rule == verdict.rule]
    assert verdict.reasons[0] == choose(fired.text)


def test_insufficient_evidence_says_what_data_would_settle_it():
    outcomes = [{"estimate": 0.2, "se": 0.3, "n_needed": 900}]
    verdict = judge(*make(outcomes))
    assert "900" in verdict.would_change[-1]
    assert "200" in verdict.would_change[-1]


@pytest.mark.parametrize(
    ("claim", "rating", "strength"),
    [("effect", 5, "strong"), ("effect", 3, "moderate"), ("effect", 1, "weak"),
     ("effect", None, "weak"), ("change", 5, "weak"), ("difference", 5, "weak")],
)  # fmt: skip
def test_design_caps_the_strength_of_the_words(claim, rating, strength):
    situation = situation_of(*make([{"claim": claim}], ratings=rating))
    assert strength_of_words(situation, 2) == strength


@settings(max_examples=40, deadline=None)
@given(st.lists(outcome, min_size=1, max_size=4), surroundings)
def test_without_a_comparison_or_evidence_nothing_is_continued_scaled_up_or_condemned(
    outcomes, around
):
    for o in outcomes:
        o["claim"] = "change" if o["claim"] == "effect" else o["claim"]
    assert judge(*make(outcomes, **around)).decision in ("adjust", "insufficient_evidence")
    for o in outcomes:
        o["claim"] = "effect"
    weak = judge(*make(outcomes, **around | {"ratings": 1}))
    assert weak.decision in ("adjust", "insufficient_evidence")


@settings(max_examples=60, deadline=None)
@given(st.lists(outcome, min_size=1, max_size=4), surroundings)
def test_stability_is_shown_only_beside_a_verdict_that_its_evidence_carries(outcomes, around):
    program, result = make(outcomes, **around)
    result = conclude(program, result)
    verdict = result.verdict
    beyond = [o for o in outcomes if o["level"] != "reaction"]
    carried = verdict.decision != "insufficient_evidence" and (around["ratings"] or 0) >= 2
    shown = any(row.part == "verdict" for row in result.rows)
    assert shown == (carried and bool(beyond))


def test_an_improvement_without_a_comparison_says_what_would_strengthen_the_evaluation():
    verdict = judge(*make([{"claim": "change"}], ratings=0))
    assert "daftar tunggu" in verdict.would_change[-1]
    assert "Kinerja" in verdict.would_change[-1]
