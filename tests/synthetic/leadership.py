"""pelatihan-kepemimpinan-2025: participants and a comparison group in 24 units, two waves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.synthetic.draws import Rng, cluster_effects, likert, logistic
from tests.synthetic.truth import TRUTH, WORDS

PROGRAM_ID = "pelatihan-kepemimpinan-2025"
UNITS = WORDS["ministry_units"]
ESELON = ("Pelaksana", "Pengawas", "Administrator")
# Satisfaction and importance of nine points: schedule and follow-up matter much and please little.
_PLEASED = np.array([0.3, 0.45, 0.2, -0.55, -0.05, 0.35, 0.1, -0.7, -0.3])
_MATTERS = np.array([0.45, 0.4, 0.2, 0.35, -0.5, -0.4, -0.1, 0.4, 0.5])


def leadership_frames(
    seed: int, scale: int = 1, *, with_program: bool = True
) -> dict[str, pd.DataFrame]:
    """What is true of each person, before any form and its dirt.

    `people`: one row a person with background, group, answers before and after (1..k, reversed
    items already turned so that more is better), records, whether each survey was answered.
    scale multiplies the number of persons in each unit. with_program=False draws the same persons,
    with the same luck, as if there had been no program: the difference is the true effect.
    """
    rng = np.random.default_rng(seed)
    truth = TRUTH[PROGRAM_ID]
    draw = truth["draw"]
    people = _background(rng, truth["n_program"] * scale, truth["n_comparison"] * scale)
    n = len(people)
    treated = people["kelompok"].eq("Peserta").to_numpy()
    unit = people["_unit"].to_numpy()
    skill = people.pop("_skill").to_numpy()
    _add_participation(rng, people, draw["completion"])
    dose = treated & people["mulai"].to_numpy() & with_program

    gain = draw["common_change"] + rng.normal(0, 0.22, n)
    gain = gain + cluster_effects(rng, len(UNITS), draw["unit_sd_of_change"])[unit]
    # Each competence has a side of its own, the same before and after, that its two items share.
    facets = np.repeat(rng.normal(0, 0.35, (n, 7)), 2, axis=1)
    for prefix, easy, own, effect in (
        ("man", np.linspace(-0.35, 0.35, 14), facets, draw["competence_effect"]),
        ("kom", np.linspace(-0.3, 0.3, 5), 0.0, draw["communication_effect"]),
    ):
        for wave, level in (("pra", skill), ("pasca", skill + gain + effect * dose)):
            answers = likert(level, own + rng.normal(0, 0.5, (n, len(easy))), easy)
            people[[f"{prefix}_{j}_{wave}" for j in range(1, len(easy) + 1)]] = answers
    _add_superior(rng, people, skill, dose, draw["behaviour_effect"])
    _add_records(rng, people, skill, dose, draw)
    _add_reaction(rng, people)
    # Missing not at random: the overworked and the weaker answer the closing survey less often.
    chance = logistic(
        1.7 - 0.3 * (people["beban_kerja"] - 3) + 0.35 * (skill - 3.4) + 0.3 * treated
    )
    people["menjawab_pra"] = rng.random(n) < 0.95
    people["menjawab_pasca"] = rng.random(n) < chance
    people["dinilai_atasan"] = rng.random(n) < 0.84
    people["menjawab_reaksi"] = (
        treated & people["mulai"] & (rng.random(n) < np.where(people["selesai"], 0.9, 0.35))
    )
    return {"people": people.drop(columns="_unit")}


def _background(rng: Rng, n_program: int, n_comparison: int) -> pd.DataFrame:
    """Persons with what was known before the program. Participants were a little better before."""
    n = n_program + n_comparison
    unit = np.arange(n) % len(UNITS)
    age = np.clip(np.rint(rng.normal(41, 7, n)), 26, 57).astype(int)
    tenure = np.clip(age - 24 - rng.integers(0, 7, n), 1, 34)
    rank = np.clip(np.rint((tenure - 4) / 5 + rng.normal(0, 0.8, n)), 0, 5).astype(int)
    eselon = np.clip((rank - 2) // 2 + (rng.random(n) < 0.35), 0, 2)
    skill = (
        3.4
        + cluster_effects(rng, len(UNITS), 0.14)[unit]
        + 0.05 * (eselon - 0.5)
        + rng.normal(0, 0.42, n)
    )
    keen = 0.4 * (skill - 3.4) - 0.01 * (age - 41) + rng.gumbel(0, 1, n)
    group = np.full(n, "Pembanding", dtype=object)
    group[np.argsort(-keen, kind="stable")[:n_program]] = "Peserta"
    assessed = np.clip(62 + 13 * (skill - 3.4) + rng.normal(0, 3.0, n), 20, 98)
    female = rng.random(n) < 0.46
    return pd.DataFrame(
        {
            "kelompok": group,
            "jenis_kelamin": np.where(female, "P", "L"),
            "usia": age,
            "eselon": np.array(ESELON, dtype=object)[eselon],
            "satuan_kerja": np.array(UNITS, dtype=object)[unit],
            "masa_kerja": tenure,
            "level_jpm": eselon + 1,
            "nilai_asesmen": np.round(assessed, 1),
            "_rank": rank,
            "_unit": unit,
            "_skill": skill,
        }
    )


def _add_participation(rng: Rng, people: pd.DataFrame, slope: dict[str, float]) -> None:
    """Workload lowers the chance to complete; knowing the benefits and motivation raise it."""
    n = len(people)
    treated = people["kelompok"].eq("Peserta").to_numpy()
    people["beban_kerja"] = np.clip(np.rint(rng.normal(3.4, 1.0, n)), 1, 5).astype(int)
    people["paham_manfaat"] = np.clip(np.rint(rng.normal(3.1, 1.0, n)), 1, 5).astype(int)
    people["motivasi_awal"] = np.clip(np.rint(rng.normal(3.6, 0.9, n)), 1, 5).astype(int)
    people["diundang"] = treated
    people["terdaftar"] = treated & (rng.random(n) < 0.975)
    people["mulai"] = people["terdaftar"] & (rng.random(n) < 0.97)
    chance = logistic(
        slope["intercept"]
        + slope["workload"] * (people["beban_kerja"] - 3)
        + slope["knows_benefits"] * (people["paham_manfaat"] - 3)
        + slope["motivation"] * (people["motivasi_awal"] - 3)
    )
    people["chance"] = chance
    people["selesai"] = people["mulai"] & (rng.random(n) < chance)


def _add_superior(
    rng: Rng, people: pd.DataFrame, skill: np.ndarray, dose: np.ndarray, effect: float
) -> None:
    """The superior's view three months later; one superior rates mildly, another severely."""
    n = len(people)
    mild = cluster_effects(rng, len(UNITS), 0.15)[people["_unit"]]
    seen = 3.1 + 0.5 * (skill - 3.4) + mild + rng.normal(0, 0.35, n) + effect * dose
    people[[f"perilaku_{j}" for j in range(1, 6)]] = likert(
        seen, rng.normal(0, 0.45, (n, 5)), np.linspace(-0.2, 0.2, 5)
    )
    gap = np.array([0.25, 0.1, -0.05, 0.0, 0.1, -0.25, -0.3, -0.1])
    level = people["level_jpm"].to_numpy() + 0.8 * (seen - 3.2)
    people[[f"level_{j}" for j in range(1, 9)]] = likert(level, rng.normal(0, 0.45, (n, 8)), gap)


def _add_records(
    rng: Rng, people: pd.DataFrame, skill: np.ndarray, dose: np.ndarray, draw: dict[str, float]
) -> None:
    """SKP predicates, compressed by the quota of the unit, and days per document."""
    n = len(people)
    lasting = 0.7 * (skill - 3.4) + rng.normal(0, 0.3, n)
    for year, effect in ((2024, 0.0), (2025, draw["skp_effect"])):
        latent = lasting + effect * dose + rng.normal(0, 0.35, n)
        steps = np.searchsorted([-1.45, -1.1, -0.75, 0.55], latent)
        people[f"skp_{year}"] = steps + 1
    slow = cluster_effects(rng, len(UNITS), 0.6)[people["_unit"]]
    usual = 7.0 + slow - 0.9 * (skill - 3.4) + rng.normal(0, 1.0, n)
    people["hari_2024"] = np.round(np.clip(usual + rng.normal(0, 0.7, n), 0.5, None), 1)
    later = usual - 0.3 + draw["days_effect"] * dose + rng.normal(0, 0.7, n)
    people["hari_2025"] = np.round(np.clip(later, 0.5, None), 1)


def _add_reaction(rng: Rng, people: pd.DataFrame) -> None:
    n = len(people)
    content = rng.normal(3.1, 0.35, n)
    people[[f"puas_{j}" for j in range(1, 10)]] = likert(
        content, rng.normal(0, 0.45, (n, 9)), _PLEASED, points=4
    )
    people[[f"penting_{j}" for j in range(1, 10)]] = likert(
        rng.normal(3.2, 0.25, n), rng.normal(0, 0.45, (n, 9)), _MATTERS, points=4
    )
    people["nps"] = np.clip(np.rint(2.55 * content + rng.normal(0, 1.2, n)), 0, 10).astype(int)
