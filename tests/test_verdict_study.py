"""The study of verdicts runs from raw files to its table, and its judge flags what it should."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.verdict_study import report
from tests.verdict_study.adapter import RefusedError
from tests.verdict_study.drawing import by_lot, measure
from tests.verdict_study.judge import Truth, judge, truths_of, wrong_decision
from tests.verdict_study.people import people, persons_needed
from tests.verdict_study.situations import DESIGNS, Situation, every_situation
from tests.verdict_study.study import repeat, run

SITUATIONS = every_situation()
NULL = {"perilaku": Truth(0.0, 0.0, "behaviour")}
WORKS = {"perilaku": Truth(0.5, 2.0, "behaviour")}
HARM = {"perilaku": Truth(-0.5, -2.0, "behaviour")}


def _result(**changes: Any) -> dict[str, Any]:
    """A result of a program with one outcome, as a report would print it."""
    effect = {
        "outcome": "perilaku", "role": "primary", "claim": "effect", "conclusion": "improved",
        "estimate": 0.4, "ci_low": 0.2, "ci_high": 0.6, "warnings": [],
    }  # fmt: skip
    strength = {"statement": "The program raised “Perilaku” by 0.40.", "evidence": ["/effects/0/p"]}
    plain: dict[str, Any] = {
        "effects": [effect],
        "evidence": [{"outcome": "perilaku", "rating_0_5": 4, "threats": []}],
        "strengths": [strength],
        "weaknesses": [],
        "verdict": {"decision": "scale_up", "rule": "V00", "reasons": []},
        "scales": [],
        "quality": {"problems": []},
    }
    return plain | changes


def _situation(**changes: Any) -> Situation:
    plain = SITUATIONS["lot-attrition-by-outcome"]
    return dataclasses.replace(plain, must_say=(r"\blost\b",), **changes)


def test_a_scale_up_on_a_null_truth_is_wrong_and_silent() -> None:
    judged = judge(_situation(), NULL, _result())
    assert judged.wrong == ("decision", "sentence", "effect")
    assert judged.silent


@pytest.mark.parametrize("place", ["threat", "weakness", "warning"])
def test_a_wrong_claim_whose_problem_is_named_is_not_silent(place: str) -> None:
    text = "Far more persons were lost from one group."
    result = _result()
    if place == "threat":
        result["evidence"][0]["threats"] = [text]
    elif place == "weakness":
        result["weaknesses"] = [{"statement": text, "evidence": []}]
    else:
        result["effects"][0]["warnings"] = [text]
    judged = judge(_situation(), NULL, result)
    assert judged.wrong
    assert not judged.silent


def test_the_name_of_an_outcome_names_no_problem() -> None:
    result = _result(weaknesses=[{"statement": "“Days lost” was flat.", "evidence": []}])
    assert judge(_situation(), NULL, result).silent


def test_the_same_words_on_a_working_program_are_right() -> None:
    judged = judge(_situation(), WORKS, _result())
    assert judged.wrong == ()
    assert judged.found
    assert not judged.silent


def test_a_cause_is_never_claimed_without_a_comparison() -> None:
    judged = judge(_situation(design="single_group"), WORKS, _result())
    assert judged.wrong == ("sentence",)


def test_a_stability_is_wrong_beside_weak_evidence_alone() -> None:
    reasons = ["The decision stays the same in 99.0% of 1,000 repetitions with inputs redrawn."]
    verdict = {"decision": "continue", "rule": "V00", "reasons": reasons}
    strong = _result(verdict=verdict)
    weak = _result(verdict=verdict)
    weak["evidence"] = [{"outcome": "perilaku", "rating_0_5": 1, "threats": []}]
    assert judge(_situation(), WORKS, strong).wrong == ()
    assert judge(_situation(), WORKS, weak).wrong == ("stability",)


def test_benefits_of_an_effect_that_is_none_are_wrong() -> None:
    result = _result(strengths=[{"statement": "The benefits cover the costs.", "evidence": []}])
    assert "money" in judge(_situation(), NULL, result).wrong
    assert "money" not in judge(_situation(), WORKS, result).wrong


@pytest.mark.parametrize(
    ("decision", "truths", "wrong"),
    [
        ("continue", NULL, True),
        ("continue", HARM, True),
        ("continue", WORKS, False),
        ("redesign", WORKS, True),
        ("redesign", NULL, False),
        ("redesign", HARM, False),
        ("adjust", WORKS, True),
        ("adjust", NULL, False),
        ("insufficient_evidence", WORKS, False),
        # What was learned or liked is no performance.
        ("continue", {**NULL, "kompetensi": Truth(0.5, 2.0, "learning")}, True),
        ("redesign", {**WORKS, "tanggapan": Truth(-0.3, -1.2, "reaction")}, True),
        ("continue", {}, True),
    ],
)
def test_a_decision_is_held_against_the_truth(
    decision: str, truths: dict[str, Truth], wrong: bool
) -> None:
    assert wrong_decision(decision, truths) is wrong


def test_an_adjustment_of_costs_or_delivery_is_not_wrong() -> None:
    assert not wrong_decision("adjust", WORKS, fine=False)


def test_situations_cover_every_design_and_state_what_they_are() -> None:
    assert len(SITUATIONS) >= 36
    for design in DESIGNS:
        own = [s for s in SITUATIONS.values() if s.design == design]
        assert any(s.works for s in own)
        assert any(not s.can_tell for s in own)
    for s in SITUATIONS.values():
        assert s.words
        assert s.wrong
        assert s.can_tell or s.must_say


def test_the_truth_of_working_null_and_harmful_programs() -> None:
    for name, low, high in (("lot-works", 1.9, 2.1), ("lot-null", 0, 0), ("pair-harm", -2.1, -1.9)):
        truths = truths_of(SITUATIONS[name], persons=5000)
        assert low <= truths["perilaku"].gain <= high
        assert low <= truths["hari_naskah"].gain <= high


@pytest.mark.parametrize("design", DESIGNS)
def test_a_design_has_80_percent_power_for_the_smallest_effect(design: str) -> None:
    """Ordinary t-tests of 200 draws; the limits are 3 standard errors (0.028) and the rounding."""
    n = persons_needed(design) * (1 if design == "single_group" else 2)
    found: list[bool] = []
    for number in range(200):
        rng = np.random.default_rng([1, number])
        who = people(rng, n)
        program = np.ones(n, dtype=bool) if design == "single_group" else by_lot(rng, n, n // 2)
        m = measure(rng, who, "behaviour", gain=1)
        y, seen = m.reported(program).mean(axis=1), m.asked_after
        if design != "randomised":
            assert m.before is not None
            y, seen = y - m.before.mean(axis=1), seen & m.asked_before
        if design == "single_group":
            p = stats.ttest_1samp(y[seen], 0).pvalue
        else:
            p = stats.ttest_ind(y[seen & program], y[seen & ~program]).pvalue
        found.append(p < 0.05)
    assert 0.7 <= np.mean(found) <= 0.9


def test_a_seed_is_a_rule() -> None:
    """A repetition is the same wherever and whenever it runs."""
    first, again = (SITUATIONS["lot-null"].rng(3).integers(2**40) for _ in range(2))
    assert first == again
    assert first != SITUATIONS["lot-null"].rng(4).integers(2**40)
    assert first != SITUATIONS["lot-works"].rng(3).integers(2**40)


def test_a_few_situations_run_from_raw_files_to_the_table() -> None:
    names = ["lot-works", "alone-reaction-only", "lot-rare-null"]
    rows = run(names, repetitions=1)
    assert [row["situation"] for row in rows] == names
    assert [row.get("error") or row.get("refused") for row in rows] == [None] * 3
    assert set(rows[0]["estimates"]) == {"kompetensi", "perilaku", "hari_naskah"}
    assert all(estimate is not None for estimate, _low, _high in rows[0]["estimates"].values())
    found = [
        report.summarise(SITUATIONS[name], truths_of(SITUATIONS[name], 2000), [row])
        for name, row in zip(names, rows, strict=True)
    ]
    lines = report.table(found).splitlines()
    assert len(lines) == 2 + len(names)
    assert all(line.count("|") == lines[0].count("|") for line in lines)


@pytest.mark.parametrize("problem", [RuntimeError("broken"), RefusedError("no such column")])
def test_a_repetition_that_fails_is_counted(
    problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise problem

    monkeypatch.setattr("tests.verdict_study.study.result_of", fail)
    row = repeat("alone-reaction-only", 0)
    kind = "refused" if isinstance(problem, RefusedError) else "error"
    assert str(problem) in row[kind]
    found = report.summarise(SITUATIONS["alone-reaction-only"], {}, [row])
    assert found["verdicts"] == {kind: 1.0}
    assert ("verdicts" in report.misses(found)) is (kind == "error")


def test_a_missed_aim_is_bold_and_only_that() -> None:
    row = {
        "situation": "x", "design": "randomised", "can_tell": True, "works": True,
        "repetitions": 20, "n": 100, "verdicts": {"continue": 1.0}, "wrong": 0.1, "kinds": {},
        "silent": 0.0, "nameless": False, "found": 1.0, "errors": 0.0, "outcomes": {},
    }  # fmt: skip
    assert report.misses(row) == {"wrong"}
    assert "**10%**" in report.table([row])
    assert report.misses(row | {"can_tell": False}) == set()
    assert report.misses(row | {"wrong": 0.05, "found": 0.85}) == {"found"}
    assert report.misses(row | {"wrong": 0.0, "silent": 0.05}) == {"silent"}


def test_the_page_is_written_between_its_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "before\n<!-- verdict study -->\nold\n<!-- end of verdict study -->\nafter\n",
        encoding="utf-8",
    )
    row = report.summarise(SITUATIONS["alone-reaction-only"], {}, [{"error": "x"}])
    report.write(page, [row], [SITUATIONS["alone-reaction-only"]])
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "error 100%" in text
