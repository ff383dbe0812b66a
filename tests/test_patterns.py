"""Where groups differ: found beside its consequence, adjusted for the number of looks."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import evaluasi_lib as el
from evaluasi_lib.findings import conclude
from evaluasi_lib.findings.observe import patterns_of
from evaluasi_lib.measures import Measure, record_rows
from evaluasi_lib.results import EvaluationResult
from tests.situations import make


@pytest.fixture(autouse=True)
def _english():
    el.set_language("en")
    yield
    el.set_language("id")


def barrier(option: str, variable: str, groups: dict[str, tuple[int, int]]) -> list[Measure]:
    """groups: level -> (named it, answered)."""
    return [
        row for level, (n, whole) in groups.items()
        for row in record_rows(
            {"n": n, "share": n / whole, "label": option.title()},
            ["participation", "barriers", option, variable, level], "share",
            group=level.upper(), subject=option,
        )
    ]  # fmt: skip


def use(
    variable: str, what: str, groups: dict[str, tuple[int, int]], p: float | None = None
) -> list[Measure]:
    """groups: level -> (used it or completed, enrolled)."""
    return [
        row for level, (n, whole) in groups.items()
        for row in record_rows(
            {f"{what}_share": n / whole, "n": whole, "p": p, "label": level.upper()},
            ["elearning", "access", variable, level], f"{what}_share::p", group=level,
        )
    ]  # fmt: skip


SLOW = {"wib": (41, 168), "wita": (18, 85), "wit": (35, 56)}
DONE = {"wib": (203, 307), "wita": (137, 178), "wit": (50, 115)}


def found(*rows: list[Measure], **keys: Any) -> EvaluationResult:
    program, measured = make(**keys)
    more = [row for part in rows for row in part]
    return conclude(program, dataclasses.replace(measured, rows=(*measured.rows, *more)))


def test_what_holds_a_group_back_meets_how_it_completes():
    result = found(barrier("internet", "zone", SLOW), use("zone", "completed", DONE, 0.0001))
    (weakness,) = [w for w in result.weaknesses if w.id == "access.elearning.zone"]
    assert "“WIT” completes the e-learning less often (43%) than “WITA” (77%)" in weakness.statement
    assert "“Internet” is named most often as well: by 62%, elsewhere by 21% to 24%." in (
        weakness.statement
    )
    assert weakness.evidence[-1] == "participation/barriers/internet/zone/wit/share"
    (advice,) = [r for r in result.recommendations if weakness.id in r.addresses]
    assert "Begin with what is named most often there: “Internet” (62%)." in advice.text
    assert not any(w.id.startswith("pattern.") for w in result.weaknesses)


def test_a_barrier_of_one_group_is_told_where_nothing_follows_from_it():
    result = found(barrier("internet", "zone", SLOW))
    (weakness,) = [w for w in result.weaknesses if w.id == "pattern.internet.zone"]
    assert "by “WIT” (62%) and least by “WITA” (21%)" in weakness.statement


def test_those_who_stopped_are_compared_with_those_who_did_not():
    result = found(barrier("internet", "completed", {"false": (60, 100), "true": (60, 300)}))
    (weakness,) = [w for w in result.weaknesses if w.id == "pattern.internet.completed"]
    assert "those who did not complete the program (60%)" in weakness.statement


def test_looks_are_adjusted_for():
    """One look at p of about 0.01 is clear; the same among twenty looks is not."""
    clear = barrier("a", "zone", {"x": (30, 60), "y": (17, 60)})
    (one,) = patterns_of(clear)
    assert 0.005 < one.p < 0.05
    flat = [
        row for i in range(19) for row in barrier(f"b{i}", "zone", {"x": (20, 60), "y": (20, 60)})
    ]
    assert patterns_of([*clear, *flat]) == []
    assert patterns_of([*barrier("a", "zone", SLOW), *flat])[0].looks == 20


def test_hidden_groups_are_not_looked_at_and_noise_is_rarely_a_pattern():
    rows = barrier("internet", "zone", SLOW)
    hidden = [dataclasses.replace(row, value=None, n=None, reason="small_cell") for row in rows]
    assert patterns_of(hidden) == []
    rng, false = np.random.default_rng(20250101), 0
    for _draw in range(200):
        noise = [
            row
            for i in range(10)
            for row in barrier(
                f"b{i}", "zone", {x: (int(rng.binomial(60, 0.4)), 60) for x in "abc"}
            )
        ]
        false += bool(patterns_of(noise))
    assert false <= 20


def test_use_is_searched_too():
    result = found(use("zone", "used", {"wib": (300, 307), "wit": (70, 115)}))
    (weakness,) = [w for w in result.weaknesses if w.id == "access.use.zone"]
    assert "“WIT” uses the platform less often (61%) than “WIB” (98%)" in weakness.statement


@pytest.mark.parametrize(("minutes", "remarked"), [(138, True), (900, False), (2600, True)])
def test_hours_that_are_hard_to_believe_are_remarked_upon(minutes, remarked):
    costs = {"costs": {"price_year": 2025, "items": [], "training_hours_jp": 24}}
    rows = list(record_rows({"median_minutes": minutes}, ["elearning", "time_on_task"],
                            "median_minutes"))  # fmt: skip
    result = found(rows, program_keys=costs)
    said = [w.statement for w in result.weaknesses if w.id == "implausible.time"]
    assert bool(said) is remarked
    if minutes == 138:
        assert "138 minutes" in said[0]
        assert "24 training hours (1,080 minutes)" in said[0]
        assert any("implausible.time" in r.addresses for r in result.recommendations)
