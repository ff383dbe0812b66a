"""Decisions from raw files to result.json: nothing is claimed that the evidence does not carry.

Each situation is drawn with a fixed seed, the same for all; its truth is stated beside it. Most
have no effect at all, and a careless reader of the numbers would see one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.made_studies import evidence, made, primary
from tests.raw import answers

SEED = 8
FLOW = {"participation": dict.fromkeys(("invited", "enrolled", "completed"), "diundang")}
COSTED = {
    "costs": {"price_year": 2025, "items": [{"category": "pengajar", "realised_idr": 1e8}]},
    "thresholds": {"max_cost_per_completer_idr": 1e8},
}
RECORD = {"level": "results", "sesoi": 3.0}
SCALE = {"setuju": {"points": 5}}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


def drawn(rng: np.random.Generator, n: int, gain: float = 0.0) -> pd.DataFrame:
    """The same persons twice, on 60 +/- 10 points with correlation 0.6, half in the program."""
    ability = rng.normal(size=n) * np.sqrt(0.6)
    before, after = (60 + 10 * (ability + rng.normal(size=n) * np.sqrt(0.4)) for _ in range(2))
    member = np.arange(n) < n / 2
    return pd.DataFrame({"member": member, "before": before, "after": after + gain * member})


def evaluated(
    folder: Path, people: pd.DataFrame, design: str, outcome: dict[str, Any] = RECORD, **how: Any
) -> Any:
    """The program, all of whose participants were invited and completed it."""
    if design == "single_group":
        people = people.drop(columns="member").assign(diundang=True)
    else:
        people = people.assign(diundang=people["member"].astype(bool))
    return made(folder, people.round(2), design=design, outcome=outcome, language="en",
                **FLOW | how)  # fmt: skip


def nothing_claimed(program: Any, *threats: str, outcome: str = "y") -> None:
    """No decision, no sentence of cause, and the threats are told."""
    result = program.result
    found = [f.statement for f in (*result.strengths, *result.weaknesses)]
    assert result.verdict.decision == "insufficient_evidence"
    assert "The program raised" not in " ".join([*found, *result.verdict.reasons])
    told = " ".join(evidence(program, outcome)["threats"].values())
    assert [t for t in threats if t not in told] == []


# Without a comparison, or on weak evidence


def test_one_group_chosen_for_low_scores_returns_to_the_average_and_is_not_continued(tmp_path, rng):
    """No effect: those under 52 points were sent, and score nearer to 60 the second time."""
    program = evaluated(tmp_path, drawn(rng, 600).query("before < 52"), "single_group")
    assert primary(program)["conclusion"] == "improved"  # the change is real, its cause is not
    nothing_claimed(program, "average")
    assert any("comparison group" in text for text in program.result.verdict.certainty)


def test_groups_compared_after_the_program_alone_are_a_difference_and_no_effect(tmp_path, rng):
    """No effect: the better ones were chosen."""
    program = evaluated(tmp_path, drawn(rng, 300, 6).drop(columns="before"), "comparison")
    assert primary(program)["claim"] == "difference"
    nothing_claimed(program, "after the program alone")


def test_selection_for_low_scores_does_not_pass_through_a_difference_in_differences(tmp_path, rng):
    """No effect: participants were those under 58, the comparison group everybody else."""
    people = drawn(rng, 400).assign(member=lambda d: d["before"] < d["before"].median())
    program = evaluated(tmp_path, people, "comparison")
    nothing_claimed(program, "differed before")
    assert evidence(program)["rating_0_5"] <= 1


@pytest.mark.parametrize("design", ["single_group", "comparison"])
def test_a_fall_on_weak_evidence_is_investigated_and_condemns_nothing(tmp_path, rng, design):
    people = drawn(rng, 200, -8)
    people["before"] += 5 * people["member"]  # and they were better before
    people = people[people["member"]] if design == "single_group" else people
    program = evaluated(tmp_path, people, design)
    nothing_claimed(program)
    assert "investigate" in program.result.verdict.reasons[0]


def test_a_twelfth_of_the_invited_measured_speaks_for_nobody_else(tmp_path, rng):
    people = drawn(rng, 500, 5.0).query("member").reset_index(drop=True)
    people.loc[20:, ["before", "after"]] = np.nan
    nothing_claimed(evaluated(tmp_path, people, "single_group"), "92%")


def test_no_stability_beside_weak_evidence_or_without_a_verdict(tmp_path, rng):
    weak = evaluated(tmp_path / "a", drawn(rng, 400, 5.0).query("member"), "single_group")
    small = evaluated(tmp_path / "b", drawn(rng, 40), "randomised")
    for program in (weak, small):
        nothing_claimed(program)
        assert not program.measures["id"].str.startswith("verdict/stability").any()
        assert "stays the same" not in " ".join(program.result.verdict.reasons)


# What the outcomes say together


def rated(trait: np.ndarray, gain: Any, items: int, rng: Any) -> dict[str, np.ndarray]:
    """Columns of a self-rating at both waves, of persons whose trait is in SD."""
    waves = {"pre": trait, "post": trait + np.asarray(gain)}
    found = {wave: answers(shifted, items, rng) for wave, shifted in waves.items()}
    return {f"rasa_{i + 1}@{w}": found[w][:, i] for w in waves for i in range(items)}


def rating(items: int, level: str = "behaviour", sesoi: float = 0.2) -> dict[str, Any]:
    """The keys of program.yml for `rated`."""
    told = {"label": "Rasa", "scale": "setuju", "items": [f"rasa_{i + 1}" for i in range(items)]}
    outcome = {"id": "rasa", "label": "Rasa", "level": level, "instrument": "rasa", "unit": "poin",
               "sesoi": sesoi, "baseline_wave": "pre"}  # fmt: skip
    return {"scales": SCALE, "instruments": {"rasa": told}, "outcomes": [outcome]}


@pytest.mark.parametrize(
    ("n", "level", "felt", "gain", "said", "decision"),
    [(600, "learning", 1.0, 0.0, ["improved", "no_meaningful_change"], "adjust"),
     (400, "reaction", -0.5, 8.0, ["worsened", "improved"], "continue")],
)  # fmt: skip
def test_a_record_outweighs_what_participants_say_of_themselves(
    tmp_path, rng, n, level, felt, gain, said, decision
):
    """A randomised trial: a self-rating and a record, with gains in SD and in points."""
    people = drawn(rng, n, gain)
    people = people.assign(**rated(rng.normal(size=n), felt * people["member"], 4, rng))
    y = {"id": "y", "label": "Y", "variable": "y", "unit": "poin", "baseline_wave": "pre"} | RECORD
    keys = rating(4, level)
    keys["outcomes"].append(y)
    program = evaluated(tmp_path, people, "randomised", **keys, **COSTED)
    assert program.effects()["conclusion"].tolist() == said
    assert program.verdict().decision == decision
    told = " ".join(evidence(program, "rasa")["threats"].values())
    assert ("own judgement" in told) == (level == "learning")


@pytest.mark.parametrize("draw", range(4))
def test_a_large_trial_that_finds_nothing_is_decided_the_same_way_each_time(tmp_path, draw):
    people = drawn(np.random.default_rng([SEED, draw]), 3000)
    found = evaluated(tmp_path, people, "randomised").verdict()
    assert (found.decision, found.rule) == ("redesign", "V05")


def test_a_comparison_that_was_not_drawn_by_lot_does_not_condemn_the_idea(tmp_path, rng):
    program = evaluated(tmp_path, drawn(rng, 1200), "comparison")
    assert primary(program)["conclusion"] == "no_meaningful_change"
    assert program.verdict().decision == "adjust"


def test_a_working_trial_is_found_and_scaled_up_only_with_its_cost(tmp_path, rng):
    people = drawn(rng, 400, 6.0)
    people.loc[0, "before"] = np.nan  # one person without it does not take the trial's precision
    plain = evaluated(tmp_path / "a", people, "randomised")
    costed = evaluated(tmp_path / "b", people, "randomised", **COSTED)
    assert [p.verdict().decision for p in (plain, costed)] == ["continue", "scale_up"]
    assert primary(plain)["df"] > 200


# Measures that could not show it


def test_a_scale_at_its_top_is_named_and_condemns_nothing(tmp_path, rng):
    """A true gain of 0.6 SD that a scale on which most tick the highest box cannot show."""
    people = drawn(rng, 600)[["member"]]
    trait = rng.normal(size=600) * 0.5 + 3.5
    people = people.assign(**rated(trait, 0.6 * people["member"], 4, rng))
    program = evaluated(tmp_path, people, "randomised", **rating(4))
    nothing_claimed(program, "ceiling", outcome="rasa")


def test_an_item_that_is_worded_the_other_way_is_named_and_condemns_nothing(tmp_path, rng):
    people = drawn(rng, 600)[["member"]]
    people = people.assign(**rated(rng.normal(size=600), 0.8 * people["member"], 2, rng))
    for wave in ("pre", "post"):
        people[f"rasa_2@{wave}"] = 6 - people[f"rasa_2@{wave}"]
    program = evaluated(tmp_path, people, "randomised", **rating(2, sesoi=0.3))
    nothing_claimed(program, "reversed item", "rasa_2", outcome="rasa")


def test_a_smallest_effect_beyond_one_standard_deviation_is_named_as_a_slip(tmp_path, rng):
    slip = RECORD | {"sesoi": 30.0}  # 3.0 was meant
    nothing_claimed(evaluated(tmp_path, drawn(rng, 600, 5.0), "randomised", slip), "slip")


# Loss and small numbers


def test_a_trial_that_lost_its_worst_participants_is_rated_as_no_trial(tmp_path, rng):
    """No effect: participants who scored low stayed away."""
    people = drawn(rng, 500)
    gone = people["member"] & (people["after"] <= 56)
    people[["before", "after"]] = people[["before", "after"]].mask(gone)
    program = evaluated(tmp_path, people, "randomised", **COSTED)
    nothing_claimed(program, "lost")
    assert evidence(program)["rating_0_5"] <= 1


@pytest.mark.parametrize("ordinal", [False, True])
def test_ten_against_ten_carry_neither_rating_nor_scale_up(tmp_path, rng, ordinal):
    people, outcome = drawn(rng, 20, 18.0), RECORD
    if ordinal:
        people[["before", "after"]] = np.round(people[["before", "after"]] / 10)
        outcome = RECORD | {"scale_type": "ordinal", "sesoi": 0.2}
    program = evaluated(tmp_path, people, "randomised", outcome, **COSTED)
    assert primary(program)["conclusion"] == "improved"
    assert evidence(program)["mdes"] > 0.6
    assert evidence(program)["rating_0_5"] <= 1
    nothing_claimed(program)


def test_an_earlier_trend_in_one_outcome_speaks_for_the_groups_paths_in_all(tmp_path, rng):
    """No effect: participants were rising already, as an earlier wave of one measure shows."""
    people, ability = drawn(rng, 300)[["member"]], rng.normal(size=300)
    outcomes = []
    for name, waves in (("lama", ("lalu", "pre", "post")), ("baru", ("pre", "post"))):
        for time, wave in enumerate(waves, -len(waves) + 2):
            rise = 0.35 * time * people["member"]
            people[f"{name}@{wave}"] = ability + rise + rng.normal(size=300) * 0.4
        outcomes.append({"id": name, "label": name, "variable": name, "unit": "poin",
                         "level": "behaviour", "sesoi": 0.2, "baseline_wave": "pre"})  # fmt: skip
    program = evaluated(tmp_path, people, "comparison", outcomes=outcomes)
    assert primary(program, "baru")["claim"] == "difference"
    nothing_claimed(program, "moved apart", outcome="baru")
