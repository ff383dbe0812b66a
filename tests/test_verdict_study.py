"""The study of verdicts runs from raw files to its table, and its judge flags what it should."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.verdict_study import study
from tests.verdict_study.adapter import RefusedError
from tests.verdict_study.draw import (
    DESIGNS,
    by_lot,
    every_situation,
    measure,
    people,
    persons_needed,
    reported,
    rng_of,
)
from tests.verdict_study.judge import Truth, judge, truths_of, wrong_decision

SITUATIONS = every_situation()
NULL = {"perilaku": Truth(0.0, 0.0, "behaviour")}
WORKS = {"perilaku": Truth(0.5, 2.0, "behaviour")}
HARM = {"perilaku": Truth(-0.5, -2.0, "behaviour")}
LOST = "Far more persons were lost from one group."
COVERED = {"statement": "The benefits cover the costs."}
STAYS = "The decision stays the same in 99.0% of 1,000 repetitions with inputs redrawn."


def judged(
    truths, *, design="randomised", statement="The program raised “Perilaku” by 0.40.",
    decision="scale_up", reasons=(), rating=4, threats=(), warnings=(), weaknesses=(),
):  # fmt: skip
    """A result of a program with one outcome, as a report would print it, against the truth."""
    situation = SITUATIONS["lot-attrition-by-outcome"].but(must_say=(r"\blost\b",), design=design)
    effect = {
        "outcome": "perilaku", "role": "primary", "claim": "effect", "conclusion": "improved",
        "estimate": 0.4, "ci_low": 0.2, "ci_high": 0.6, "warnings": list(warnings),
    }  # fmt: skip
    evidence = {"outcome": "perilaku", "rating_0_5": rating, "threats": list(threats)}
    return judge(situation, truths, {
        "effects": [effect], "evidence": [evidence], "scales": [], "quality": {"problems": []},
        "strengths": [{"statement": statement, "evidence": ["/effects/0/p"]}],
        "weaknesses": [{"statement": text, "evidence": []} for text in weaknesses],
        "verdict": {"decision": decision, "rule": "V00", "reasons": list(reasons)},
    })  # fmt: skip


@pytest.mark.parametrize(
    ("truths", "said", "wrong", "silent"),
    [
        (NULL, {}, ("decision", "sentence", "effect"), True),
        # A wrong claim whose problem is named is not silent; the name of an outcome names none.
        (NULL, {"threats": [LOST]}, ("decision", "sentence", "effect"), False),
        (NULL, {"weaknesses": [LOST]}, ("decision", "sentence", "effect"), False),
        (NULL, {"warnings": [LOST]}, ("decision", "sentence", "effect"), False),
        (NULL, {"weaknesses": ["“Days lost” was flat."]}, ("decision", "sentence", "effect"), True),
        (WORKS, {}, (), False),
        (WORKS, {"design": "single_group"}, ("sentence",), True),  # no cause without a comparison
        (WORKS, {"decision": "continue", "reasons": [STAYS]}, (), False),
        (WORKS, {"decision": "continue", "reasons": [STAYS], "rating": 1}, ("stability",), True),
        (
            NULL,
            {"statement": "The benefits cover the costs."},
            ("decision", "effect", "money"),
            True,
        ),
        (WORKS, COVERED, (), False),
    ],
)
def test_the_judge_flags_what_says_more_than_is_true(truths, said, wrong, silent):
    found = judged(truths, **said)
    assert (found["wrong"], found["silent"]) == (wrong, silent)


@pytest.mark.parametrize(
    ("decision", "truths", "wrong"),
    [
        ("continue", NULL, True), ("continue", HARM, True), ("continue", WORKS, False),
        ("redesign", WORKS, True), ("redesign", NULL, False), ("redesign", HARM, False),
        ("adjust", WORKS, True), ("adjust", NULL, False), ("insufficient_evidence", WORKS, False),
        # What was learned or liked is no performance.
        ("continue", {**NULL, "kompetensi": Truth(0.5, 2.0, "learning")}, True),
        ("redesign", {**WORKS, "tanggapan": Truth(-0.3, -1.2, "reaction")}, True),
        ("continue", {}, True),
    ],
)  # fmt: skip
def test_a_decision_is_held_against_the_truth(decision, truths, wrong):
    assert wrong_decision(decision, truths) is wrong
    if decision == "adjust":  # of costs or delivery, where these are not in order
        assert not wrong_decision(decision, truths, fine=False)


def test_situations_cover_every_design_and_state_what_they_are():
    assert len(SITUATIONS) >= 36
    for design in DESIGNS:
        own = [s for s in SITUATIONS.values() if s.design == design]
        assert any(s.works for s in own)
        assert any(not s.can_tell for s in own)
    assert all(s.words and s.wrong and (s.can_tell or s.must_say) for s in SITUATIONS.values())


def test_the_truth_of_working_null_and_harmful_programs():
    for name, low, high in (("lot-works", 1.9, 2.1), ("lot-null", 0, 0), ("pair-harm", -2.1, -1.9)):
        truths = truths_of(SITUATIONS[name], persons=5000)
        assert all(low <= truths[of].gain <= high for of in ("perilaku", "hari_naskah"))


@pytest.mark.parametrize("design", DESIGNS)
def test_a_design_has_80_percent_power_for_the_smallest_effect(design):
    """Ordinary t-tests of 200 draws; the limits are 3 standard errors (0.028) and the rounding."""
    alone = design == "single_group"
    n = persons_needed(design) * (1 if alone else 2)
    found = []
    for number in range(200):
        rng = np.random.default_rng([1, number])
        who = people(rng, n)
        program = np.ones(n, dtype=bool) if alone else by_lot(rng, n, n // 2)
        m = measure(rng, who, "behaviour", gain=1)
        y, seen = reported(m, program).mean(axis=1), m.asked_after
        if design != "randomised":
            y, seen = y - m.before.mean(axis=1), seen & m.asked_before
        test = (stats.ttest_1samp(y[seen], 0) if alone
                else stats.ttest_ind(y[seen & program], y[seen & ~program]))  # fmt: skip
        found.append(test.pvalue < 0.05)
    assert 0.7 <= np.mean(found) <= 0.9


def test_a_seed_is_a_rule():
    """A repetition is the same wherever and whenever it runs."""
    places = ("lot-null", 3), ("lot-null", 3), ("lot-null", 4), ("lot-works", 3)
    first, again, *others = (rng_of(*place).integers(2**40) for place in places)
    assert first == again
    assert first not in others


def test_a_few_situations_run_from_raw_files_to_the_table():
    names = ["lot-works", "alone-reaction-only", "lot-rare-null"]
    rows = study.run(names, repetitions=1)
    assert [row["situation"] for row in rows] == names
    assert [row.get("error") or row.get("refused") for row in rows] == [None] * 3
    assert set(rows[0]["estimates"]) == {"kompetensi", "perilaku", "hari_naskah"}
    assert all(estimate is not None for estimate, _low, _high in rows[0]["estimates"].values())
    found = [
        study.summarise(SITUATIONS[name], truths_of(SITUATIONS[name], 2000), [row])
        for name, row in zip(names, rows, strict=True)
    ]
    lines = study.table(found).splitlines()
    assert len(lines) == 2 + len(names)
    assert len({line.count("|") for line in lines}) == 1


@pytest.mark.parametrize("problem", [RuntimeError("broken"), RefusedError("no such column")])
def test_a_repetition_that_fails_is_counted_and_the_page_is_written(problem, monkeypatch, tmp_path):
    def fail(*_args):
        raise problem

    monkeypatch.setattr("tests.verdict_study.study.result_of", fail)
    row = study.repeat("alone-reaction-only", 0)
    kind = "refused" if isinstance(problem, RefusedError) else "error"
    assert str(problem) in row[kind]
    found = study.summarise(SITUATIONS["alone-reaction-only"], {}, [row])
    assert found["verdicts"] == {kind: 1.0}
    assert ("verdicts" in study.misses(found)) is (kind == "error")
    page = tmp_path / "page.md"
    marks = "before\n<!-- verdict study -->\nold\n<!-- end of verdict study -->\nafter\n"
    page.write_text(marks, encoding="utf-8")
    study.write(page, [found], [SITUATIONS["alone-reaction-only"]])
    text = page.read_text(encoding="utf-8")
    assert (text[:7], text[-6:]) == ("before\n", "after\n")
    assert "old" not in text
    assert f"{kind} 100%" in text


def test_a_missed_aim_is_bold_and_only_that():
    row = {
        "situation": "x", "design": "randomised", "can_tell": True, "works": True,
        "repetitions": 20, "n": 100, "verdicts": {"continue": 1.0}, "wrong": 0.1, "kinds": {},
        "silent": 0.0, "nameless": False, "found": 1.0, "errors": 0.0, "outcomes": {},
    }  # fmt: skip
    assert study.misses(row) == {"wrong"}
    assert "**10%**" in study.table([row])
    assert study.misses(row | {"can_tell": False}) == set()
    assert study.misses(row | {"wrong": 0.05, "found": 0.85}) == {"found"}
    assert study.misses(row | {"wrong": 0.0, "silent": 0.05}) == {"silent"}
