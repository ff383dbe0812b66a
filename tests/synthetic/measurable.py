"""What can be measured of the truth: the same persons with and without the program, compared.

The generator draws both with the same luck, so the difference between them is the program alone,
after the rounding of answers and the ends of the scales have taken their part.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from tests.synthetic.draws import turn
from tests.synthetic.elearning import elearning_frames
from tests.synthetic.leadership import leadership_frames
from tests.synthetic.mentoring import mentoring_frames
from tests.synthetic.truth import TRUTH

POPULATIONS, SCALE, FIRST_SEED = 40, 20, 1000


def score(people: pd.DataFrame, prefix: str, n_items: int, wave: str = "") -> pd.Series:
    """Mean of the items of a scale."""
    names = [f"{prefix}_{j}_{wave}" if wave else f"{prefix}_{j}" for j in range(1, n_items + 1)]
    values = people[names]
    if prefix == "mot":  # the fourth is asked the other way round and kept as ticked
        values = values.assign(**{names[3]: turn(values[names[3]].to_numpy(), 5)})
    return values.mean(axis=1)


def leadership_truth(seed: int, scale: int) -> dict[str, float]:
    """Mean effect on participants, and marginal effects on completing, among the enrolled."""
    people = leadership_frames(seed, scale)["people"]
    without = leadership_frames(seed, scale, with_program=False)["people"]
    treated = people["kelompok"].eq("Peserta")

    def effect(measure: Callable[[pd.DataFrame], pd.Series]) -> float:
        return float((measure(people) - measure(without))[treated].mean())

    # Some who enrol never start: they cannot complete, whatever their chance.
    enrolled = people[people["terdaftar"]]
    starts = enrolled["mulai"].mean()
    return {
        "kompetensi_manajerial": effect(lambda p: score(p, "man", 14, "pasca")),
        "komunikasi": effect(lambda p: score(p, "kom", 5, "pasca")),
        "perilaku_memimpin": effect(lambda p: score(p, "perilaku", 5)),
        "skp": effect(lambda p: p["skp_2025"]),
        "waktu_naskah": effect(lambda p: p["hari_2025"]),
        **_marginal(
            enrolled["chance"],
            {"beban_kerja": "workload", "paham_manfaat": "knows_benefits",
             "motivasi_awal": "motivation"},
            TRUTH["pelatihan-kepemimpinan-2025"]["draw"]["completion"],
            starts,
        ),
    }  # fmt: skip


def elearning_truth(seed: int, scale: int) -> dict[str, float]:
    """Effect on the test among learners who sat both; change among learners who answered both.

    Who completes was more motivated when asked at the start, partly by chance of that day; so the
    change in motivation of those who answer at the end is a little under that of all.
    """
    people = elearning_frames(seed, scale)["people"]
    without = elearning_frames(seed, scale, with_program=False)["people"]
    learner = people["kelompok"].eq("Peserta")
    sat = learner & people["ikut_tes_awal"] & people["ikut_tes_akhir"]
    both = people["menjawab_awal"] & people["menjawab_akhir"]
    use = score(people, "pen", 4, "pasca") - score(people, "pen", 4, "pra")
    motivation = score(people, "mot", 6, "pasca") - score(people, "mot", 6, "pra")
    return {
        "pengetahuan": float((people["tes_akhir"] - without["tes_akhir"])[sat].mean()),
        "penerapan": float(use[both].mean()),
        "motivasi": float(motivation[both].mean()),
        "motivasi_semua": float(motivation[learner].mean()),
        **_marginal(
            people.loc[learner, "chance"],
            {
                "beban_kerja": "workload",
                "paham_manfaat": "knows_benefits",
                "motivasi": "motivation",
            },
            TRUTH["elearning-asn-2025"]["draw"]["completion"],
        ),
    }


def mentoring_truth(program_id: str, seed: int, scale: int) -> dict[str, float]:
    """Change among those who answered at the end."""
    people = mentoring_frames(program_id, seed, scale)["people"]
    people = people[people["menjawab_akhir"]]
    plan = people["rencana_pasca"].astype(int) - people["rencana_pra"].astype(int)
    return {
        "efikasi_karier": float(
            (score(people, "efikasi", 6, "pasca") - score(people, "efikasi", 6, "pra")).mean()
        ),
        "perilaku_karier": float(
            (score(people, "perilaku", 5, "pasca") - score(people, "perilaku", 5, "pra")).mean()
        ),
        "rencana_karier": float(plan.mean()),
    }


def _marginal(
    chance: pd.Series, names: dict[str, str], slope: dict[str, float], share: float = 1.0
) -> dict[str, float]:
    """Average marginal effect of each driver: mean of b p (1 - p)."""
    spread = share * float((chance * (1 - chance)).mean())
    return {f"ame_{variable}": slope[key] * spread for variable, key in names.items()}


TRUTHS: dict[str, Callable[[int, int], dict[str, float]]] = {
    "mentoring-karier-2024": lambda s, k: mentoring_truth("mentoring-karier-2024", s, k),
    "mentoring-karier-2025": lambda s, k: mentoring_truth("mentoring-karier-2025", s, k),
    "pelatihan-kepemimpinan-2025": leadership_truth,
    "elearning-asn-2025": elearning_truth,
}


def measurable(program_id: str, populations: int = POPULATIONS, scale: int = SCALE) -> pd.DataFrame:
    """Mean over populations and its Monte Carlo standard error; index: outcome or driver."""
    rows = [TRUTHS[program_id](FIRST_SEED + i, scale) for i in range(populations)]
    frame = pd.DataFrame(rows)
    return pd.DataFrame({"mean": frame.mean(), "mc_se": frame.std() / np.sqrt(populations)})
