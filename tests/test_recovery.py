"""The truth of the synthetic programs is found again: in the shipped data, and over many seeds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from scipy import stats

import evaluasi_lib as el
from tests.synthetic import PROGRAMS
from tests.synthetic.declared import RAW
from tests.synthetic.recovery import recover

SEEDS = 60
# Of 60 intervals that cover with 95%, fewer than 50 do in 2 of 10,000 runs.
FEWEST_COVERING = int(stats.binom.ppf(2e-4, SEEDS, 0.95))
# The mean of 60 estimates strays by 1/sqrt(60) of their standard error; 4 of those and the tenth
# of a standard error that a bias may have.
LARGEST_BIAS = 0.1 + 4 / SEEDS**0.5


def test_conclusions_are_those_that_the_truth_calls_for(tmp_path: Path) -> None:
    """The shipped synthetic programs, cleaned in a folder of their own."""
    said = {}
    for program_id in PROGRAMS:
        shutil.copytree(RAW / program_id, tmp_path / "raw" / program_id)
    for program_id in PROGRAMS:
        found = el.open(program_id, data=tmp_path).effects()
        names = zip(found["outcome"], found["conclusion"], strict=True)
        said |= {(program_id, outcome): conclusion for outcome, conclusion in names}
    assert said["mentoring-karier-2024", "perilaku_karier"] == "no_meaningful_change"
    assert said["mentoring-karier-2025", "perilaku_karier"] == "improved"
    assert said["pelatihan-kepemimpinan-2025", "kompetensi_manajerial"] == "improved"
    assert said["pelatihan-kepemimpinan-2025", "waktu_naskah"] == "improved"
    assert said["pelatihan-kepemimpinan-2025", "skp"] == "no_meaningful_change"
    assert said["elearning-asn-2025", "pengetahuan"] == "improved"
    assert said["elearning-asn-2025", "motivasi"] == "no_meaningful_change"
    assert "worsened" not in said.values()


@pytest.mark.parametrize("program_id", sorted(PROGRAMS))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_intervals_cover_the_truth_over_many_seeds(program_id: str) -> None:
    table = recover(program_id, range(1, SEEDS + 1))
    assert (table["n"] >= 0.9 * SEEDS).all()
    assert (table["covered"] * table["n"] >= FEWEST_COVERING - (SEEDS - table["n"])).all(), table
    assert (table["bias_se"].abs() < LARGEST_BIAS).all(), table
