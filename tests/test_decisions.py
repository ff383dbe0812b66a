"""The shipped programs: verdicts that fit their evidence, and a cycle that follows the last one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import evaluasi_lib as el
from evaluasi_lib.measures import value_at
from evaluasi_lib.results import result_json
from tests.published import cited

RAW = Path(__file__).resolve().parents[1] / "data" / "raw"
pytestmark = pytest.mark.xdist_group("decisions")

STABILITY = "verdict/stability/share"


@pytest.fixture(scope="module")
def concluded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    names = ("nsw-1976", "mentoring-karier-2024", "mentoring-karier-2025")
    for name in names:
        shutil.copytree(RAW / name, folder / "raw" / name)
    return {name: el.open(name, "id", folder).result for name in names}


def test_nsw_continues_and_is_not_scaled_up_because_nobody_knows_its_cost(concluded):
    """A randomised gain with an interval above zero; no cost is declared."""
    verdict = concluded["nsw-1976"].verdict
    stability = value_at(concluded["nsw-1976"].rows, STABILITY)
    assert verdict.decision == "continue"
    assert any("belum diketahui" in text for text in verdict.would_change)
    assert 0.6 < stability < 0.95


def test_the_first_mentoring_cycle_is_adjusted_and_the_second_needs_a_comparison(concluded):
    """Behaviour did not move in 2024, by design of the data, and does in 2025; but one group alone
    does not show that mentoring moved it."""
    first, second = (concluded[f"mentoring-karier-{year}"].verdict for year in (2024, 2025))
    assert (first.decision, second.decision) == ("adjust", "insufficient_evidence")
    assert any("daftar tunggu" in text for text in second.would_change)
    for year in (2024, 2025):
        assert value_at(concluded[f"mentoring-karier-{year}"].rows, STABILITY) is None
    for verdict in (first, second):
        assert not any(
            "efek" in reason or "pengaruh" in reason
            for reason in (*verdict.reasons, *verdict.certainty)
        )


def test_the_second_cycle_says_what_became_of_the_firsts_recommendations(concluded):
    items = {f.id: f for f in concluded["mentoring-karier-2025"].follow_up}
    moved = items["2024-1"].change
    assert moved["ci_low"] > 0  # behaviour rose between the cycles
    assert [t["cycle"] for t in moved["trend"]] == ["2024", "2025"]
    assert items["2024-4"].status == "not_done"
    weaknesses = {w.id for w in concluded["mentoring-karier-2025"].weaknesses}
    assert {"promise.2024-4", "promise.2024-2"} <= weaknesses


def test_what_is_concluded_rests_on_measures_of_result_json_as_written(concluded):
    for result in concluded.values():
        document = json.loads(result_json(result))
        ids = [row["id"] for row in document["measures"]]
        assert len(ids) == len(set(ids))
        assert cited(document) <= set(ids)
        texts = document["texts"]
        known = {w["id"] for w in texts["weaknesses"]}
        assert len(known) == len(texts["weaknesses"])
        for advice in texts["recommendations"]:
            assert set(advice["addresses"]) <= known
            assert not set("{}") & set(advice["text"])
