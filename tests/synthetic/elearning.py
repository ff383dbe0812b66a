"""elearning-asn-2025: 600 learners in 20 agencies of three time zones, and a waiting list."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.synthetic.draws import (
    Rng,
    cluster_effects,
    likert,
    logistic,
    straight_line,
    turn,
)
from tests.synthetic.truth import TRUTH, WORDS

PROGRAM_ID = "elearning-asn-2025"
N_MODULES = 8
AGENCIES = WORDS["agencies"]  # name, province, time zone


def elearning_frames(
    seed: int, scale: int = 1, *, with_program: bool = True
) -> dict[str, pd.DataFrame]:
    """What is true of each person, before any form and its dirt.

    `people`: one row a person. mot_*_pra are the answers as ticked (the reversed item as asked, one
    learner in twenty-five ticks one column); `motivasi` is their mean after turning, and what
    completion depends on. `chance` is the true chance to complete. with_program=False draws the
    same persons with the same luck, as if they had learned nothing from the modules.
    """
    rng = np.random.default_rng(seed)
    truth = TRUTH[PROGRAM_ID]
    draw = truth["draw"]
    people = _background(rng, truth["n_program"] * scale, truth["n_comparison"] * scale)
    n = len(people)
    learner = people["kelompok"].eq("Peserta").to_numpy()
    people["beban_kerja"] = np.clip(np.rint(rng.normal(3.3, 1.0, n)), 1, 5).astype(int)
    people["paham_manfaat"] = np.clip(np.rint(rng.normal(3.0, 1.0, n)), 1, 5).astype(int)
    keen = rng.normal(3.55, 0.5, n)
    _add_scale(rng, people, "mot", 6, keen, draw["motivation_change"], reversed_item=4)
    uses = 0.6 * keen + 0.75 + rng.normal(0, 0.4, n)
    _add_scale(rng, people, "pen", 4, uses, draw["use_change"])
    people["motivasi"] = people[[f"mot_{j}_pra" for j in range(1, 7)]].assign(
        mot_4_pra=turn(people["mot_4_pra"].to_numpy(), 5)
    ).mean(axis=1)  # fmt: skip
    slope = draw["completion"]
    agency = cluster_effects(rng, len(AGENCIES), draw["agency_sd_of_completion"])
    east = np.array([zone == "WIT" for _name, _province, zone in AGENCIES])
    agency = agency + draw["wit_shift"] * (east - east.mean())
    people["chance"] = logistic(
        slope["intercept"]
        + slope["workload"] * (people["beban_kerja"].to_numpy() - 3)
        + slope["knows_benefits"] * (people["paham_manfaat"].to_numpy() - 3)
        + slope["motivation"] * (people["motivasi"].to_numpy() - 3.5)
        + agency[people["_agency"]]
    )
    done = learner & (rng.random(n) < people["chance"].to_numpy())
    # Who leaves does so early: half of them before the third module.
    reached = np.minimum(rng.geometric(0.32, n) - 1, N_MODULES - 1)
    people["selesai"] = done
    people["modul_selesai"] = np.where(learner, np.where(done, N_MODULES, reached), 0)
    _add_tests(rng, people, draw, learner, with_program)
    people["menjawab_awal"] = learner & (rng.random(n) < 0.96)
    people["menjawab_akhir"] = learner & (rng.random(n) < np.where(done, 0.82, 0.3))
    content = rng.normal(3.05, 0.4, n)
    people[[f"puas_{j}" for j in range(1, 6)]] = likert(
        content, rng.normal(0, 0.4, (n, 5)), np.array([0.05, 0.2, 0.3, -0.2, -0.5]), points=4
    )
    return {"people": people}


def _background(rng: Rng, n_program: int, n_comparison: int) -> pd.DataFrame:
    n = n_program + n_comparison
    agency = rng.integers(0, len(AGENCIES), n)
    age = np.clip(np.rint(rng.normal(39, 8, n)), 24, 57).astype(int)
    names, provinces, zones = (np.array(part, dtype=object) for part in zip(*AGENCIES, strict=True))
    return pd.DataFrame(
        {
            "kelompok": np.repeat(["Peserta", "Daftar tunggu"], [n_program, n_comparison]),
            "jenis_kelamin": np.where(rng.random(n) < 0.54, "Perempuan", "Laki-laki"),
            "usia": age,
            "masa_kerja": np.clip(age - 23 - rng.integers(0, 8, n), 1, 34),
            "instansi": names[agency],
            "provinsi": provinces[agency],
            "zona_waktu": zones[agency],
            "_agency": agency,
        }
    )


def _add_scale(
    rng: Rng,
    people: pd.DataFrame,
    prefix: str,
    n_items: int,
    level: np.ndarray,
    change: float,
    reversed_item: int | None = None,
) -> None:
    """Answers as ticked before and after; one in twenty-five ticks one column all the way down."""
    n = len(people)
    easy = np.linspace(-0.25, 0.25, n_items)
    lazy = np.flatnonzero(rng.random(n) < 0.04)
    later = level + change + rng.normal(0, 0.25, n)
    for wave, theta in (("pra", level), ("pasca", later)):
        answers = likert(theta, rng.normal(0, 0.5, (n, n_items)), easy)
        if reversed_item is not None:
            answers[:, reversed_item - 1] = turn(answers[:, reversed_item - 1], 5)
        answers = straight_line(answers, lazy)
        people[[f"{prefix}_{j}_{wave}" for j in range(1, n_items + 1)]] = answers


def _add_tests(
    rng: Rng,
    people: pd.DataFrame,
    draw: dict[str, float],
    learner: np.ndarray,
    with_program: bool,
) -> None:
    """Twenty questions, five points each; nobody has more than 100."""
    n = len(people)
    knows = 62 + cluster_effects(rng, len(AGENCIES), 3)[people["_agency"]] + rng.normal(0, 11, n)
    share = people["modul_selesai"].to_numpy() / N_MODULES
    floor, full = draw["knowledge_floor"], draw["knowledge_all_modules"]
    gain = (floor + (full - floor) * share) * learner * with_program
    drift = cluster_effects(rng, len(AGENCIES), 1.0)[people["_agency"]]
    before = knows + rng.normal(0, 6, n)
    after = knows + draw["common_change"] + drift + gain + rng.normal(0, 6, n)
    people["tes_awal"] = np.clip(5 * np.rint(before / 5), 0, 100)
    people["tes_akhir"] = np.clip(5 * np.rint(after / 5), 0, 100)
    people["ikut_tes_awal"] = rng.random(n) < 0.97
    stays = np.where(learner, np.where(people["selesai"], 0.95, 0.22), 0.85)
    people["ikut_tes_akhir"] = rng.random(n) < stays
