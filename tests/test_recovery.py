"""The truth of the synthetic programs is found again: in the shipped data, and over many seeds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from scipy import stats

from evaluasi_lib.cleaning.pipeline import clean_program
from evaluasi_lib.effects import Effect
from evaluasi_lib.loading import DataFolder, load_program
from evaluasi_lib.study import Study, load_study
from tests.made_effects import effects
from tests.synthetic import PROGRAMS
from tests.synthetic.declared import RAW
from tests.synthetic.recovery import recover

SEEDS = 60
# Of 60 intervals that cover with 95%, fewer than 50 do in 2 of 10,000 runs.
FEWEST_COVERING = int(stats.binom.ppf(2e-4, SEEDS, 0.95))
# The mean of 60 estimates strays by 1/sqrt(60) of their standard error; 4 of those and the tenth
# of a standard error that a bias may have.
LARGEST_BIAS = 0.1 + 4 / SEEDS**0.5


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Study]:
    """The shipped synthetic programs, cleaned in a folder of their own."""
    folder = tmp_path_factory.mktemp("data")
    found = {}
    for program_id in PROGRAMS:
        shutil.copytree(RAW / program_id, folder / "raw" / program_id)
        data = DataFolder(Path(folder))
        program = load_program(data.raw(program_id))
        found[program_id] = load_study(program, clean_program(program, data))
    return found


@pytest.fixture(scope="module")
def primaries(studies: dict[str, Study]) -> dict[str, dict[str, Effect]]:
    """Program -> outcome -> its primary estimate."""
    return {
        program_id: {e.outcome: e for e in effects(study) if e.role == "primary"}
        for program_id, study in studies.items()
    }


def test_conclusions_are_those_that_the_truth_calls_for(
    primaries: dict[str, dict[str, Effect]],
) -> None:
    said = {
        (program_id, name): effect.conclusion
        for program_id, outcomes in primaries.items()
        for name, effect in outcomes.items()
    }
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
