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

from tests.raw import GROUP, ID, answers, outcome, persons, source, survey, write
from tests.verdict_study.adapter import result_of

SEED = 8
COSTED = {
    "costs": {"price_year": 2025, "items": [{"category": "pengajar", "realised_idr": 1e8}]},
    "thresholds": {"max_cost_per_completer_idr": 1e8},
}
FLOW = {"invited": "diundang", "enrolled": "terdaftar", "completed": "selesai"}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


Table = pd.DataFrame | None


def evaluate(
    folder: Path, who: pd.DataFrame, design: str, outcomes: list[dict[str, Any]], *,
    pre: Table = None, post: Table = None, records: Table = None, **declaration: Any,
) -> dict[str, Any]:  # fmt: skip
    """result.json (English) of a program with a roster, questionnaires and records."""
    program = who["kelompok"] == "Peserta"
    roster = who.assign(**dict.fromkeys(("diundang", "terdaftar", "selesai"),
                                        np.where(program, "ya", "tidak")))  # fmt: skip
    flags = dict.fromkeys(("diundang", "terdaftar", "selesai"), "flag")
    tables = {"peserta": (roster, source(roster, "peserta", "roster", None, **flags))}
    for name, table in (("pra", pre), ("pasca", post)):
        if table is not None:
            wave = {"pra": "pre", "pasca": "post"}[name]
            tables[name] = (table, source(table, name, "survey", wave))
    if records is not None:
        types = {c: "number" for c in records if c != "kode"}
        tables["catatan"] = (records, source(records, "catatan", "record", "post", **types))
    declared = {"type": design} if design == "single_group" else {"type": design, "group": GROUP}
    data = write(folder, tables, design=declared, outcomes=outcomes,
                 **{"participation": FLOW} | declaration)  # fmt: skip
    return result_of(data, ID)


def record(who: pd.DataFrame, before: np.ndarray | None, after: np.ndarray) -> pd.DataFrame:
    table = who[["kode"]].assign(nilai=np.round(after, 2))
    return table if before is None else table.assign(nilai_awal=np.round(before, 2))


def measured(rng: np.random.Generator, n: int, effect: float | np.ndarray = 0.0):
    """The same persons twice, on 60 +/- 10 points with correlation 0.6; effect in points."""
    ability = rng.normal(size=n) * np.sqrt(0.6)
    before, after = (60 + 10 * (ability + rng.normal(size=n) * np.sqrt(0.4)) for _ in range(2))
    return before, after + effect


NILAI = outcome("nilai", variable="nilai", source="catatan", baseline_variable="nilai_awal")
NILAI_POST = outcome("nilai", variable="nilai", source="catatan")


def primary(result: dict[str, Any], id: str = "nilai") -> dict[str, Any]:
    return next(e for e in result["effects"] if e["role"] == "primary" and e["outcome"] == id)


def evidence(result: dict[str, Any], id: str = "nilai") -> dict[str, Any]:
    return next(e for e in result["evidence"] if e["outcome"] == id)


def sentences(result: dict[str, Any]) -> str:
    found = [f["statement"] for f in result["strengths"] + result["weaknesses"]]
    return " ".join([*found, *result["verdict"]["reasons"]])


# Without a comparison, or on weak evidence


def test_one_group_chosen_for_low_scores_returns_to_the_average_and_is_not_continued(tmp_path, rng):
    """No effect: those under 52 points were sent, and score nearer to 60 the second time."""
    before, after = measured(rng, 600)
    low = before < 52
    who = persons(int(low.sum()), rng, share=1.0)
    result = evaluate(tmp_path, who, "single_group", [NILAI],
                      records=record(who, before[low], after[low]))  # fmt: skip
    assert primary(result)["conclusion"] == "improved"  # the change is real, its cause is not
    assert result["verdict"]["decision"] == "insufficient_evidence"
    assert "average" in " ".join(evidence(result)["threats"])
    assert "The program raised" not in sentences(result)
    assert any("comparison group" in text for text in result["verdict"]["certainty"])


def test_groups_compared_after_the_program_alone_are_a_difference_and_no_effect(tmp_path, rng):
    """No effect: the better ones were chosen."""
    _before, after = measured(rng, 300)
    who = persons(300, rng)
    after[(who["kelompok"] == "Peserta").to_numpy()] += 6
    result = evaluate(tmp_path, who, "comparison", [NILAI_POST], records=record(who, None, after))
    assert primary(result)["claim"] == "difference"
    assert result["verdict"]["decision"] == "insufficient_evidence"
    assert any("after the program alone" in t for t in evidence(result)["threats"])
    assert "The program raised" not in sentences(result)


def test_selection_for_low_scores_does_not_pass_through_a_difference_in_differences(tmp_path, rng):
    """No effect: participants were those under 58, the comparison group everybody else."""
    before, after = measured(rng, 400)
    who = persons(400, rng)
    order = np.argsort(before)
    before, after = before[order], after[order]  # the lower half are the program's persons
    result = evaluate(tmp_path, who, "comparison", [NILAI], records=record(who, before, after))
    assert evidence(result)["wwc_baseline"] == "not_satisfied"
    assert evidence(result)["rating_0_5"] <= 1
    assert result["verdict"]["decision"] == "insufficient_evidence"
    assert "The program raised" not in sentences(result)


@pytest.mark.parametrize("design", ["single_group", "comparison"])
def test_a_fall_on_weak_evidence_is_investigated_and_condemns_nothing(tmp_path, rng, design):
    before, after = measured(rng, 200)
    who = persons(200, rng, share=1.0 if design == "single_group" else 0.5)
    member = (who["kelompok"] == "Peserta").to_numpy()
    after[member] -= 8
    before[member] += 5  # and they were better before
    result = evaluate(tmp_path, who, design, [NILAI], records=record(who, before, after))
    assert result["verdict"]["decision"] == "insufficient_evidence"
    assert "investigate" in result["verdict"]["reasons"][0]


def test_a_twelfth_of_the_invited_measured_speaks_for_nobody_else(tmp_path, rng):
    before, after = measured(rng, 500, 5.0)
    who = persons(500, rng, share=1.0)
    seen = record(who, before, after).head(40)
    result = evaluate(tmp_path, who, "single_group", [NILAI], records=seen)
    assert result["verdict"]["decision"] == "insufficient_evidence"
    assert any("92%" in threat for threat in evidence(result)["threats"])


def test_no_stability_beside_weak_evidence_or_without_a_verdict(tmp_path, rng):
    before, after = measured(rng, 200, 5.0)
    who = persons(200, rng, share=1.0)
    weak = evaluate(tmp_path / "a", who, "single_group", [NILAI],
                    records=record(who, before, after))  # fmt: skip
    who = persons(40, rng)
    open_ = evaluate(tmp_path / "b", who, "randomised", [NILAI],
                     records=record(who, *measured(rng, 40, 1.0)))  # fmt: skip
    assert open_["verdict"]["decision"] == "insufficient_evidence"
    for result in (weak, open_):
        assert "stability" not in result["verdict"]["details"]
        assert "stays the same" not in sentences(result)


# What the outcomes say together


def trial(folder, rng, gains: dict[str, float], n: int = 400, **declaration):
    """A randomised trial: a self-rating and a record, with gains in SD and in points."""
    who = persons(n, rng)
    member = (who["kelompok"] == "Peserta").to_numpy()
    trait = rng.normal(size=n)
    rated = [answers(trait + shift, 4, rng) for shift in (0.0, gains["rasa"] * member)]
    ability = rng.normal(size=n) * 8
    before, after = (60 + ability + rng.normal(size=n) * 6 for _ in range(2))
    after = after + gains["nilai"] * member
    outcomes = [
        outcome("rasa", declaration.pop("level", "learning"), instrument="rasa", sesoi=0.2,
                baseline_wave="pre", unit="poin"),
        NILAI,
    ]  # fmt: skip
    return evaluate(folder, who, "randomised", outcomes, pre=survey(who, rasa=rated[0]),
                    post=survey(who, rasa=rated[1]), records=record(who, before, after),
                    **declaration)  # fmt: skip


def test_performance_that_does_not_move_means_adjust_whatever_participants_say_they_learned(
    tmp_path, rng
):
    result = trial(tmp_path, rng, {"rasa": 1.0, "nilai": 0.0}, n=600)
    assert primary(result, "rasa")["conclusion"] == "improved"
    assert primary(result)["conclusion"] == "no_meaningful_change"
    assert result["verdict"]["decision"] == "adjust"
    assert any("own judgement" in t for t in evidence(result, "rasa")["threats"])


def test_a_small_fall_of_satisfaction_beside_a_large_gain_in_results_is_no_redesign(tmp_path, rng):
    result = trial(tmp_path, rng, {"rasa": -0.5, "nilai": 8.0}, level="reaction", **COSTED)
    assert primary(result, "rasa")["conclusion"] == "worsened"
    assert result["verdict"]["decision"] == "continue"


@pytest.mark.parametrize("draw", range(4))
def test_a_large_trial_that_finds_nothing_is_decided_the_same_way_each_time(tmp_path, draw):
    rng = np.random.default_rng([SEED, draw])
    who = persons(3000, rng)
    result = evaluate(tmp_path, who, "randomised", [NILAI],
                      records=record(who, *measured(rng, 3000)))  # fmt: skip
    assert (result["verdict"]["decision"], result["verdict"]["rule"]) == ("redesign", "V05")


def test_a_comparison_that_was_not_drawn_by_lot_does_not_condemn_the_idea(tmp_path, rng):
    who = persons(1200, rng)
    result = evaluate(tmp_path, who, "comparison", [NILAI],
                      records=record(who, *measured(rng, 1200)))  # fmt: skip
    assert primary(result)["conclusion"] == "no_meaningful_change"
    assert result["verdict"]["decision"] == "adjust"


def test_a_working_trial_is_found_and_scaled_up_only_with_its_cost(tmp_path, rng):
    who = persons(400, rng)
    gain = np.where(who["kelompok"] == "Peserta", 6.0, 0.0)
    table = record(who, *measured(rng, 400, gain))
    plain = evaluate(tmp_path / "a", who, "randomised", [NILAI], records=table)
    costed = evaluate(tmp_path / "b", who, "randomised", [NILAI], records=table, **COSTED)
    decisions = [r["verdict"]["decision"] for r in (plain, costed)]
    assert decisions == ["continue", "scale_up"]


# Measures that could not show it


def test_a_scale_at_its_top_is_named_and_condemns_nothing(tmp_path, rng):
    """A true gain of 0.6 SD that a scale on which most tick the highest box cannot show."""
    who = persons(600, rng)
    member = (who["kelompok"] == "Peserta").to_numpy()
    trait = rng.normal(size=600) * 0.5 + 3.5
    pre, post = answers(trait, 4, rng), answers(trait + 0.6 * member, 4, rng)
    rasa = outcome("rasa", "behaviour", instrument="rasa", sesoi=0.2, baseline_wave="pre")
    result = evaluate(tmp_path, who, "randomised", [rasa], pre=survey(who, rasa=pre),
                      post=survey(who, rasa=post))  # fmt: skip
    assert any("ceiling" in t for t in evidence(result, "rasa")["threats"])
    assert result["verdict"]["decision"] == "insufficient_evidence"


def test_an_item_that_is_worded_the_other_way_is_named_and_condemns_nothing(tmp_path, rng):
    who = persons(600, rng)
    member = (who["kelompok"] == "Peserta").to_numpy()
    trait = rng.normal(size=600)
    pre, post = answers(trait, 2, rng), answers(trait + 0.8 * member, 2, rng)
    pre[:, 1], post[:, 1] = 6 - pre[:, 1], 6 - post[:, 1]
    rasa = outcome("rasa", "behaviour", instrument="rasa", sesoi=0.3, baseline_wave="pre")
    result = evaluate(tmp_path, who, "randomised", [rasa], pre=survey(who, rasa=pre),
                      post=survey(who, rasa=post))  # fmt: skip
    threats = " ".join(evidence(result, "rasa")["threats"])
    assert "reversed item" in threats
    assert "rasa_2" in threats
    assert result["verdict"]["decision"] == "insufficient_evidence"


def test_a_smallest_effect_beyond_one_standard_deviation_is_named_as_a_slip(tmp_path, rng):
    who = persons(600, rng)
    gain = np.where(who["kelompok"] == "Peserta", 5.0, 0.0)
    slip = NILAI | {"sesoi": 30.0}  # 3.0 was meant
    result = evaluate(tmp_path, who, "randomised", [slip],
                      records=record(who, *measured(rng, 600, gain)))  # fmt: skip
    assert any("slip" in threat for threat in evidence(result)["threats"])
    assert result["verdict"]["decision"] == "insufficient_evidence"


# Loss and small numbers


def test_a_trial_that_lost_its_worst_participants_is_rated_as_no_trial(tmp_path, rng):
    """No effect: participants who scored low stayed away."""
    who = persons(500, rng)
    before, after = measured(rng, 500)
    stayed = (who["kelompok"] != "Peserta").to_numpy() | (after > 56)
    table = record(who, before, after)[stayed]
    result = evaluate(tmp_path, who, "randomised", [NILAI], records=table, **COSTED)
    assert evidence(result)["rating_0_5"] <= 1
    assert result["verdict"]["decision"] == "insufficient_evidence"
    assert any("lost" in threat for threat in evidence(result)["threats"])
    assert "The program raised" not in sentences(result)


@pytest.mark.parametrize("ordinal", [False, True])
def test_ten_against_ten_carry_neither_rating_nor_scale_up(tmp_path, rng, ordinal):
    who = persons(20, rng)
    before, after = measured(rng, 20, np.where(who["kelompok"] == "Peserta", 18.0, 0.0))
    declared = NILAI
    if ordinal:
        before, after = np.round(before / 10), np.round(after / 10)
        declared = NILAI | {"scale_type": "ordinal", "sesoi": 0.2}
    result = evaluate(tmp_path, who, "randomised", [declared],
                      records=record(who, before, after), **COSTED)  # fmt: skip
    assert primary(result)["conclusion"] == "improved"
    assert evidence(result)["mdes"] > 0.6
    assert evidence(result)["rating_0_5"] <= 1
    assert result["verdict"]["decision"] == "insufficient_evidence"


# What the data themselves say against the comparison


def test_an_earlier_trend_in_one_outcome_speaks_for_the_groups_paths_in_all(tmp_path, rng):
    """No effect: participants were rising already, as an earlier wave of one measure shows."""
    who = persons(300, rng)
    member = (who["kelompok"] == "Peserta").to_numpy()
    ability = rng.normal(size=300)
    waves = {
        wave: answers(ability + 0.35 * k * member, 4, rng)
        for k, wave in enumerate(("lalu", "pre", "post"), -1)
    }
    other = [answers(ability + 0.35 * k * member, 4, rng) for k in (0, 1)]
    flags = dict.fromkeys(("diundang", "terdaftar", "selesai"), np.where(member, "ya", "tidak"))
    roster = who.assign(**flags)
    tables = {
        "peserta": (
            roster, source(roster, "peserta", "roster", None, **dict.fromkeys(flags, "flag"))
        )
    }  # fmt: skip
    for wave, values in waves.items():
        more = {} if wave == "lalu" else {"kerja": other[wave == "post"]}
        table = survey(who, rasa=values, **more)
        tables[f"survei_{wave}"] = (table, source(table, f"survei_{wave}", "survey", wave))
    outcomes = [
        outcome(name, "behaviour", instrument=name, sesoi=0.2, baseline_wave="pre")
        for name in ("rasa", "kerja")
    ]
    data = write(tmp_path, tables, design={"type": "comparison", "group": GROUP},
                 outcomes=outcomes, participation=FLOW)  # fmt: skip
    result = result_of(data, ID)
    assert any("moved apart" in threat for threat in evidence(result, "kerja")["threats"])
    assert primary(result, "kerja")["claim"] == "difference"
    assert result["verdict"]["decision"] == "insufficient_evidence"


def test_one_person_without_a_measure_before_does_not_take_the_trials_precision(tmp_path, rng):
    who = persons(300, rng)
    gain = np.where(who["kelompok"] == "Peserta", 6.0, 0.0)
    table = record(who, *measured(rng, 300, gain))
    table.loc[0, "nilai_awal"] = np.nan
    result = evaluate(tmp_path, who, "randomised", [NILAI], records=table)
    assert primary(result)["df"] > 200
    assert result["verdict"]["decision"] == "continue"
