"""The verdict: what a careful evaluator would decide, properties that hold for every input, and the
shipped programs, whose verdicts fit their evidence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import evaluasi_lib as el
from tests.published import rows
from tests.situations import concluded
from tests.test_findings import hold_together

HERE = Path(__file__).parent
SITUATIONS = yaml.safe_load((HERE / "data" / "situations.yml").read_text(encoding="utf-8"))
(TABLE,) = Path(el.__file__).parent.rglob("decision_table.yml")
ROWS = {row["rule"]: row for row in yaml.safe_load(TABLE.read_text(encoding="utf-8"))["rows"]}
pytestmark = pytest.mark.xdist_group("verdict")
ORDER = ["redesign", "adjust", "continue", "scale_up"]


def judged(**situation: Any) -> dict[str, Any]:
    verdict: dict[str, Any] = concluded(**situation)["verdict"]
    return verdict


@pytest.mark.parametrize("case", SITUATIONS, ids=[c["name"] for c in SITUATIONS])
def test_verdict_of_a_careful_evaluator(case):
    verdict = judged(**case["given"])
    assert (verdict["decision"], verdict["rule"]) == (case["expected"], case["rule"]), case["why"]
    assert verdict["reasons"][0] == ROWS[case["rule"]]["text"]["en"]


def test_the_situations_are_at_least_thirty_and_touch_every_row():
    assert len(SITUATIONS) >= 30
    assert {c["rule"] for c in SITUATIONS} == set(ROWS)


outcome = st.fixed_dictionaries({
    "estimate": st.floats(-1.5, 1.5).map(lambda x: round(x, 2)),
    "se": st.sampled_from([0.03, 0.1, 0.3]),
    "sesoi": st.sampled_from([None, 0.2]),
    "claim": st.sampled_from(["effect", "change", "difference"]),
    "level": st.sampled_from(["reaction", "learning", "behaviour", "results"]),
    "direction": st.sampled_from(["higher", "lower"]),
})  # fmt: skip
COST = {"max_cost_per_completer_idr": 5e6}
surroundings = st.fixed_dictionaries({
    "ratings": st.sampled_from([None, 1, 3, 5]),
    "completion": st.sampled_from([None, 0.4, 0.9]),
    "cost": st.sampled_from([None, 4e6, 6e6]),
    "bcr": st.sampled_from([None, 0.5, 2.0]),
    "thresholds": st.sampled_from([{}, COST, COST | {"min_improved_share": 1.0}]),
    "agreement": st.sampled_from([None, ["convergent"], ["divergent"]]),
})  # fmt: skip
some_outcomes = st.lists(outcome, min_size=1, max_size=4)
often = settings(max_examples=40, deadline=None)


@often
@given(some_outcomes, surroundings, st.data())
def test_a_better_estimate_never_lowers_the_decision(outcomes, around, data):
    """Standard errors, numbers, cost, design fixed; insufficient_evidence is out of the order."""
    i = data.draw(st.integers(0, len(outcomes) - 1))
    sign = 1 if outcomes[i]["direction"] == "higher" else -1
    moved = [dict(o) for o in outcomes]
    moved[i]["estimate"] += sign * data.draw(st.floats(0.01, 2.0))
    before, after = (judged(outcomes=o, **around)["decision"] for o in (outcomes, moved))
    if "insufficient_evidence" not in (before, after):
        assert ORDER.index(after) >= ORDER.index(before)


@often
@given(some_outcomes, surroundings, st.randoms())
def test_relabelling_and_reordering_change_nothing(outcomes, around, rng):
    renamed = [{**o, "outcome": f"x{i * 7}", "label": "Lain"} for i, o in enumerate(outcomes)]
    rng.shuffle(renamed)
    plain, other = (judged(outcomes=o, **around) for o in (outcomes, renamed))
    assert (plain["decision"], plain["rule"]) == (other["decision"], other["rule"])


@often
@given(some_outcomes, surroundings)
def test_an_inconclusive_outcome_is_never_taken_for_an_unchanged_one(outcomes, around):
    """Where the rest shows no improvement, an open outcome leaves the verdict open (an open outcome
    of learning only where performance was not measured: its absence of change decides)."""
    still = [o | {"estimate": 0.0, "se": 0.03, "sesoi": 0.2} for o in outcomes]
    still.append({"estimate": 0.1, "se": 1.0, "level": "behaviour"})
    assert judged(outcomes=still, **around)["decision"] == "insufficient_evidence"


@often
@given(some_outcomes, surroundings)
def test_what_is_concluded_fits_its_evidence(outcomes, around):
    """Advice answers weaknesses that exist; a stability stands only beside a verdict that its
    evidence carries; without a comparison or evidence nothing is continued, scaled up or
    condemned."""
    result = concluded(outcomes=outcomes, **around)
    hold_together(result)
    beyond = any(o["level"] != "reaction" for o in outcomes)
    settled = result["verdict"]["decision"] != "insufficient_evidence"
    carried = settled and (around["ratings"] or 0) >= 2 and beyond
    assert bool(rows(result, part="verdict")) is carried
    alone = [o | {"claim": "change" if o["claim"] == "effect" else o["claim"]} for o in outcomes]
    weak = [o | {"claim": "effect"} for o in outcomes]
    for specs, rating in ((alone, around["ratings"]), (weak, 1)):
        decision = judged(outcomes=specs, **around | {"ratings": rating})["decision"]
        assert decision in ("adjust", "insufficient_evidence")


@pytest.mark.parametrize(
    ("claim", "rating", "provisional"),
    [("effect", 5, False), ("effect", 3, False), ("effect", 1, True), ("effect", None, True),
     ("change", 5, True), ("difference", 5, True)],
)  # fmt: skip
def test_a_decision_on_weak_evidence_is_provisional_by_design_or_rating(claim, rating, provisional):
    specs = [{"claim": claim, "estimate": 0.0, "se": 0.02, "level": "learning"}]
    verdict = judged(outcomes=specs, ratings=rating, completion=0.2)
    assert verdict["decision"] != "insufficient_evidence"
    assert verdict["provisional"] is provisional


def test_insufficient_evidence_says_what_data_would_settle_it():
    settle = judged(outcomes=[{"estimate": 0.2, "se": 0.3, "n_needed": 900.0}])["would_change"][-1]
    assert "900" in settle
    assert "200" in settle


# The shipped programs

SHIPPED = ("nsw-1976", "mentoring-karier-2024", "mentoring-karier-2025")
STABILITY = "verdict/stability/share"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """Of each program its result.json, as its report writes it, and what is said of its advice."""
    folder, found = tmp_path_factory.mktemp("data"), {}
    for name in SHIPPED:
        shutil.copytree(HERE.parent / "data" / "raw" / name, folder / "raw" / name)
    for name in SHIPPED:
        chapters = el.open(name, "id", folder).report(["putusan", "lampiran"], folder / "out")
        (path,) = (folder / "out").rglob(f"{name}/result.json")
        found[name] = json.loads(path.read_text(encoding="utf-8"))
        found[name]["told"] = "".join(chapter.html() for chapter in chapters)
    return found


def test_nsw_continues_and_is_not_scaled_up_because_nobody_knows_its_cost(shipped):
    """A randomised gain with an interval above zero; no cost is declared."""
    verdict = shipped["nsw-1976"]["verdict"]
    assert verdict["decision"] == "continue"
    assert any("belum diketahui" in text for text in verdict["would_change"])
    (stability,) = rows(shipped["nsw-1976"], id=STABILITY)
    assert 0.6 < stability["value"] < 0.95


def test_the_first_mentoring_cycle_is_adjusted_and_the_second_needs_a_comparison(shipped):
    """Behaviour did not move in 2024, by design of the data, and does in 2025; but one group alone
    does not show that mentoring moved it."""
    cycles = [shipped[f"mentoring-karier-{year}"] for year in (2024, 2025)]
    verdicts = [cycle["verdict"] for cycle in cycles]
    assert [v["decision"] for v in verdicts] == ["adjust", "insufficient_evidence"]
    assert any("daftar tunggu" in text for text in verdicts[1]["would_change"])
    assert not [row for cycle in cycles for row in rows(cycle, id=STABILITY)]
    said = " ".join(text for v in verdicts for text in [*v["reasons"], *v["certainty"]])
    assert "efek" not in said
    assert "pengaruh" not in said


def test_the_second_cycle_says_what_became_of_the_firsts_recommendations(shipped):
    texts = shipped["mentoring-karier-2025"]["texts"]
    items = {f["id"]: f for f in texts["follow_up"]}
    moved = items["2024-1"]["change"]
    assert moved["ci_low"] > 0  # behaviour rose between the cycles
    assert [t["cycle"] for t in moved["trend"]] == ["2024", "2025"]
    assert items["2024-4"]["status"] == "not_done"
    assert {"promise.2024-4", "promise.2024-2"} <= {w["id"] for w in texts["weaknesses"]}


def test_what_is_concluded_rests_on_measures_of_result_json_as_written(shipped):
    for result in shipped.values():
        ids = [row["id"] for row in result["measures"]]
        assert len(ids) == len(set(ids))
        hold_together(result)


def test_the_report_says_what_each_recommendation_answers_and_what_to_watch(shipped):
    result = shipped["mentoring-karier-2025"]
    said = {w["id"]: w["statement"] for w in result["texts"]["weaknesses"]}
    for advice in result["texts"]["recommendations"]:
        for text in (advice["text"], said[advice["addresses"][0]], *advice["watch"]):
            assert text in result["told"]
