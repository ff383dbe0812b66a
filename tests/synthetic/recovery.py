"""Whether the estimators find the truth again, over many seeds of the generator.

    python -m tests.synthetic.recovery --seeds 1000

prints, for each outcome and driver: the truth, the mean estimate, its bias in standard errors, and
how often the 95% interval covers the truth. Persons are drawn anew with each seed; forms, files and
cleaning are left out, for they change no answer.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd

from evaluasi_lib.scoring.drivers import fit_drivers
from evaluasi_lib.scoring.impact.designs import adjusted, did, net_rise, paired
from evaluasi_lib.scoring.impact.estimate import Estimate
from tests.synthetic.elearning import elearning_frames
from tests.synthetic.leadership import leadership_frames
from tests.synthetic.measurable import score
from tests.synthetic.mentoring import mentoring_frames
from tests.synthetic.truth import TRUTH

Found = dict[str, tuple[float, float, float, float]]  # name -> estimate, error, low, high


def leadership_estimates(seed: int) -> Found:
    """The primary estimates of the leadership program, by the designs of its program.yml."""
    people = leadership_frames(seed)["people"]
    unit = pd.factorize(people["satuan_kerja"])[0]
    program = people["kelompok"].eq("Peserta").to_numpy()
    both = (people["menjawab_pra"] & people["menjawab_pasca"]).to_numpy()
    found: Found = {}
    for outcome, prefix, k in (("kompetensi_manajerial", "man", 14), ("komunikasi", "kom", 5)):
        after, before = score(people, prefix, k, "pasca"), score(people, prefix, k, "pra")
        found[outcome] = _interval(
            did(after[both], before[both], program[both], clusters=unit[both])
        )
    rated = people["dinilai_atasan"].to_numpy()
    z = people[["usia", "masa_kerja", "level_jpm", "nilai_asesmen"]].to_numpy(float)
    found["perilaku_memimpin"] = _interval(
        adjusted(
            score(people, "perilaku", 5)[rated], program[rated], z[rated], clusters=unit[rated],
            estimand="att",
        )
    )  # fmt: skip
    found["skp"] = _interval(
        net_rise(people["skp_2025"], people["skp_2024"], program, clusters=unit)
    )
    found["waktu_naskah"] = _interval(
        did(people["hari_2025"], people["hari_2024"], program, clusters=unit)
    )
    asked = people[people["terdaftar"] & people["menjawab_pra"]]
    drivers = asked[["beban_kerja", "paham_manfaat", "motivasi_awal"]].astype(float)
    return found | _drivers(drivers, asked["selesai"], asked["satuan_kerja"])


def elearning_estimates(seed: int) -> Found:
    """The primary estimates and the drivers of the e-learning."""
    people = elearning_frames(seed)["people"]
    agency = pd.factorize(people["instansi"])[0]
    program = people["kelompok"].eq("Peserta").to_numpy()
    sat = (people["ikut_tes_awal"] & people["ikut_tes_akhir"]).to_numpy()
    test = did(
        people["tes_akhir"][sat], people["tes_awal"][sat], program[sat], clusters=agency[sat]
    )
    found = {"pengetahuan": _interval(test)}
    both = (people["menjawab_awal"] & people["menjawab_akhir"]).to_numpy()
    for outcome, prefix, k in (("penerapan", "pen", 4), ("motivasi", "mot", 6)):
        after, before = score(people, prefix, k, "pasca"), score(people, prefix, k, "pra")
        found[outcome] = _interval(paired(after[both], before[both], clusters=agency[both]))
    asked = people[people["menjawab_awal"]]
    drivers = asked[["beban_kerja", "paham_manfaat", "motivasi"]].astype(float)
    return found | _drivers(drivers, asked["selesai"], asked["instansi"])


def mentoring_estimates(program_id: str, seed: int) -> Found:
    """Change from before to after of those who answered at the end."""
    people = mentoring_frames(program_id, seed)["people"]
    people = people[people["menjawab_akhir"]]
    unit = pd.factorize(people["unit"])[0]
    found: Found = {}
    for outcome, prefix, k in (
        ("efikasi_karier", "efikasi", 6),
        ("perilaku_karier", "perilaku", 5),
    ):
        after, before = score(people, prefix, k, "pasca"), score(people, prefix, k, "pra")
        found[outcome] = _interval(paired(after, before, clusters=unit))
    after, before = people["rencana_pasca"].astype(float), people["rencana_pra"].astype(float)
    found["rencana_karier"] = _interval(paired(after, before, clusters=unit))
    return found


ESTIMATES: dict[str, Callable[[int], Found]] = {
    "mentoring-karier-2024": lambda seed: mentoring_estimates("mentoring-karier-2024", seed),
    "mentoring-karier-2025": lambda seed: mentoring_estimates("mentoring-karier-2025", seed),
    "pelatihan-kepemimpinan-2025": leadership_estimates,
    "elearning-asn-2025": elearning_estimates,
}


def _interval(found: Estimate) -> tuple[float, float, float, float]:
    low, high = found.interval(0.95)
    if found.estimate is None or found.std_error is None or low is None or high is None:
        return (math.nan,) * 4
    return found.estimate, found.std_error, low, high


def _drivers(drivers: pd.DataFrame, completed: pd.Series, cluster: pd.Series) -> Found:
    model = fit_drivers(drivers, completed, cluster)
    return {f"ame_{e.variable}": (e.ame, e.std_error, e.ci_low, e.ci_high) for e in model.effects}


def _one(arguments: tuple[str, int]) -> Found:
    return ESTIMATES[arguments[0]](arguments[1])


def recover(program_id: str, seeds: range, jobs: int = 1) -> pd.DataFrame:
    """Index outcome or driver; truth, mean, se (mean standard error), sd (of the estimates),
    bias_se (bias in standard errors), covered (share of intervals), n (seeds with an estimate)."""
    work = [(program_id, seed) for seed in seeds]
    if jobs > 1:
        with ProcessPoolExecutor(jobs) as pool:
            found = list(pool.map(_one, work, chunksize=10))
    else:
        found = [_one(item) for item in work]
    rows = {}
    for name, truth in TRUTH[program_id]["measurable"].items():
        values = np.array([f.get(name, (math.nan,) * 4) for f in found])
        values = values[~np.isnan(values).any(axis=1)]
        estimate, error, low, high = values.T
        rows[name] = {
            "truth": truth,
            "mean": estimate.mean(),
            "se": error.mean(),
            "sd": estimate.std(ddof=1),
            "bias_se": (estimate.mean() - truth) / error.mean(),
            "covered": float(((low <= truth) & (truth <= high)).mean()),
            "n": len(values),
        }
    return pd.DataFrame(rows).T


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.synthetic.recovery", description=__doc__)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM")
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    for program_id in options.programs or ESTIMATES:
        table = recover(program_id, range(1, options.seeds + 1), options.jobs)
        print(program_id, table.round(4).to_string(), sep="\n", flush=True)


if __name__ == "__main__":
    main()
