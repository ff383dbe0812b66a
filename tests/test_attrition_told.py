"""Who was measured at each wave, and what a benefit-cost ratio withstands."""

from __future__ import annotations

import dataclasses

import pytest

import evaluasi_lib as el
from evaluasi_lib.findings import conclude
from evaluasi_lib.measures import record_rows, wide
from evaluasi_lib.reporting.tables import table_scales, table_waves
from tests.situations import effect, make, scale


@pytest.fixture(autouse=True)
def _english():
    el.set_language("en")
    yield
    el.set_language("id")


def test_the_table_leads_from_the_enrolled_to_those_analysed():
    shown = [*record_rows({"enrolled": 600}, ["participation"], "enrolled")]
    for wave, n in (("pre", 579), ("post", 381)):
        record = {"n": n, "share": n / 600}
        shown += record_rows(record, ["sample", "waves", wave], "n share", wave=wave)
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
