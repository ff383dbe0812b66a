"""Who was measured at each wave, and what a benefit-cost ratio withstands."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import evaluasi_lib as el
from evaluasi_lib.findings import conclude
from evaluasi_lib.measures import record_rows, value_at, wide
from evaluasi_lib.reporting.tables import table_scales, table_waves
from evaluasi_lib.scoring.participation import _wave_rows
from tests.situations import effect, make, scale


@pytest.fixture(autouse=True)
def _english():
    el.set_language("en")
    yield
    el.set_language("id")


def measured(enrolled: int | None, *waves: tuple[str, int]) -> list[Any]:
    rows = [row for wave, n in waves
            for row in record_rows({"mean": 3.0, "n": n}, ["scales", "s", wave, "program"], "mean",
                                   wave=wave, group="program")]  # fmt: skip
    if enrolled is not None:
        rows += record_rows({"n": enrolled}, ["participation", "funnel", "enrolled"], "n")
    return rows


def test_each_wave_says_how_many_of_the_enrolled_were_measured():
    shown = measured(600, ("post", 381), ("pre", 579))
    rows = list(_wave_rows(["pre", "post"], False, shown))
    assert [(w["wave"], w["n"], w["share"]) for w in wide(rows, "sample/waves/*")] == [
        ("pre", 579, 579 / 600), ("post", 381, 381 / 600)
    ]  # fmt: skip


def test_without_a_number_of_enrolled_there_is_a_count_and_no_share():
    rows = list(_wave_rows(["pre"], False, measured(None, ("pre", 40))))
    assert value_at(rows, "sample/waves/pre/n") == 40
    assert value_at(rows, "sample/waves/pre/share") is None
    more = list(_wave_rows(["pre"], False, measured(30, ("pre", 40))))
    assert value_at(more, "sample/waves/pre/share") is None


def test_the_table_leads_from_the_enrolled_to_those_analysed():
    shown = [*_wave_rows(["pre", "post"], False, measured(600, ("pre", 579), ("post", 381))),
             *record_rows({"enrolled": 600}, ["participation"], "enrolled")]  # fmt: skip
    table = table_waves(shown, [effect(n_program=368)], 5)
    assert table is not None
    assert [row[1] for row in table.rows] == ["600", "579", "381", "368"]
    assert [row[2] for row in table.rows] == ["100%", "96%", "64%", "61%"]
    assert table_waves([], [effect()], 5) is None
    beyond = table_waves(shown, [effect(n_program=610)], 5)
    assert beyond is not None
    assert len(beyond.rows) == 3


def test_weighted_means_are_labelled():
    records = wide(scale(), "scales/*/*/program")
    plain, weighted = (table_scales(records, "s", "", 5, weighted=w) for w in (False, True))
    assert plain is not None
    assert weighted is not None
    assert "weighted to the population" in weighted.note
    assert "weighted" not in plain.note


@pytest.mark.parametrize(
    ("bcr", "moved", "good"),
    [(1.05, [0.9, 1.2, 0.8, 0.6], False), (1.6, [1.2, 1.9, 1.3, 0.9], True), (1.6, [], True),
     (0.8, [0.7, 1.1, 0.6, 0.4], False)],
)  # fmt: skip
def test_benefits_are_no_strength_where_most_moved_assumptions_say_no(bcr, moved, good):
    program, result = make(bcr=bcr)
    cases = [
        row for place, value in enumerate([bcr, *moved])
        for row in record_rows({"bcr": value}, ["efficiency", "sensitivity", place], "bcr")
    ]  # fmt: skip
    found = conclude(program, dataclasses.replace(result, rows=(*result.rows, *cases)))
    kinds = {True: found.strengths, False: found.weaknesses}
    (note,) = [f for f in kinds[good] if f.id == "bcr.program"]
    assert not any(f.id == "bcr.program" for f in kinds[not good])
    if bcr > 1 and not good:
        assert "in 3 of 4 that were moved" in note.statement
