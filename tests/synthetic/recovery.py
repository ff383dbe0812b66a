"""Whether the estimators find the truth again, over many seeds of the generator.

    python -m tests.synthetic.recovery --seeds 1000

prints, for each outcome and driver: the truth, the mean estimate, its bias in standard errors, and
how often the 95% interval covers the truth. Persons are drawn anew with each seed; forms, files and
cleaning are left out, for they change no answer.

    python -m tests.synthetic.recovery --truth

prints what can be measured of the truth (in kebenaran.yml): the same persons with and without the
program, or after and before it, compared. The generator draws both with the same luck, so the
difference is the program alone, after the rounding of answers and the ends of the scales have taken
their part.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

import evaluasi_lib as el
from evaluasi_lib.scoring.participation import fit_drivers
from tests.synthetic.draws import turn
from tests.synthetic.elearning import elearning_frames
from tests.synthetic.leadership import leadership_frames
from tests.synthetic.mentoring import mentoring_frames
from tests.synthetic.truth import TRUTH

POPULATIONS, SCALE, FIRST_SEED = 40, 20, 1000
Found = dict[str, tuple[float, float, float, float]]  # name -> estimate, error, low, high


@dataclass(frozen=True)
class Outcome:
    """An outcome and the method of el.effect that its program.yml calls for.

    after, before: a column of persons, or the items of a scale with # for their numbers; adjusted
    outcomes have covariates in place of before. measured: flags of those who were; of_measured:
    whether the truth is theirs, or that of all participants.
    """

    method: str
    after: str
    before: Any
    measured: tuple[str, ...] = ()
    of_measured: bool = True


@dataclass(frozen=True)
class Program:
    """frames: draws its persons; drivers: variable -> slope in kebenaran.yml, among the enrolled
    (flags) who were asked (flags)."""

    frames: Callable[..., dict[str, pd.DataFrame]]
    cluster: str
    outcomes: dict[str, Outcome]
    drivers: dict[str, str] = field(default_factory=dict)
    enrolled: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()


_DONE = ("menjawab_akhir",)
_MENTORING = {
    "efikasi_karier": Outcome("paired", "efikasi_#_pasca", "efikasi_#_pra", _DONE),
    "perilaku_karier": Outcome("paired", "perilaku_#_pasca", "perilaku_#_pra", _DONE),
    "rencana_karier": Outcome("paired", "rencana_pasca", "rencana_pra", _DONE),
}
_BOTH = ("menjawab_pra", "menjawab_pasca")
_KNOWN = ["usia", "masa_kerja", "level_jpm", "nilai_asesmen"]
_LEADERSHIP = {
    "kompetensi_manajerial": Outcome("did", "man_#_pasca", "man_#_pra", _BOTH, False),
    "komunikasi": Outcome("did", "kom_#_pasca", "kom_#_pra", _BOTH, False),
    "perilaku_memimpin": Outcome("adjusted", "perilaku_#", _KNOWN, ("dinilai_atasan",), False),
    "skp": Outcome("net_rise", "skp_2025", "skp_2024"),
    "waktu_naskah": Outcome("did", "hari_2025", "hari_2024"),
}
# Who completes was more motivated when asked at the start, partly by chance of that day; so the
# change in motivation of those who answer at the end is a little under that of all.
_SURVEYED = ("menjawab_awal", "menjawab_akhir")
_ELEARNING = {
    "pengetahuan": Outcome("did", "tes_akhir", "tes_awal", ("ikut_tes_awal", "ikut_tes_akhir")),
    "penerapan": Outcome("paired", "pen_#_pasca", "pen_#_pra", _SURVEYED),
    "motivasi": Outcome("paired", "mot_#_pasca", "mot_#_pra", _SURVEYED),
}
_SLOPES = {"beban_kerja": "workload", "paham_manfaat": "knows_benefits"}
PROGRAMS = {
    **{
        name: Program(partial(mentoring_frames, name), "unit", _MENTORING)
        for name in ("mentoring-karier-2024", "mentoring-karier-2025")
    },
    "pelatihan-kepemimpinan-2025": Program(
        leadership_frames, "satuan_kerja", _LEADERSHIP, _SLOPES | {"motivasi_awal": "motivation"},
        enrolled=("terdaftar",), asked=("menjawab_pra",),
    ),
    "elearning-asn-2025": Program(
        elearning_frames, "instansi", _ELEARNING, _SLOPES | {"motivasi": "motivation"},
        asked=("menjawab_awal",),
    ),
}  # fmt: skip


def _values(people: pd.DataFrame, name: str) -> np.ndarray:
    """A column, or the mean of a scale's items."""
    if "#" not in name:
        return people[name].to_numpy(float)
    items = people.filter(regex=f"^{name.replace('#', '[0-9]+')}$")
    reversed_item = name.replace("#", "4")
    if name.startswith("mot"):  # asked the other way round and kept as ticked
        items = items.assign(**{reversed_item: turn(items[reversed_item].to_numpy(), 5)})
    return items.mean(axis=1).to_numpy()


def _all(people: pd.DataFrame, flags: tuple[str, ...]) -> np.ndarray:
    return people[list(flags)].to_numpy(bool).all(axis=1)


def _participants(people: pd.DataFrame) -> np.ndarray:
    if "kelompok" not in people:
        return np.ones(len(people), dtype=bool)
    return people["kelompok"].eq("Peserta").to_numpy()


def truths(program_id: str, seed: int, scale: int) -> dict[str, float]:
    """Mean effect on participants (of paired outcomes: their change), and the average marginal
    effect of each driver of completing: the mean of b p (1 - p)."""
    program = PROGRAMS[program_id]
    people = program.frames(seed, scale)["people"]
    treated = _participants(people)
    without = people
    if not treated.all():
        without = program.frames(seed, scale, with_program=False)["people"]
    found = {}
    for name, outcome in program.outcomes.items():
        paired_values = outcome.method == "paired"
        base = _values(people, outcome.before) if paired_values else _values(without, outcome.after)
        seen = _all(people, outcome.measured) if outcome.of_measured else True
        found[name] = float((_values(people, outcome.after) - base)[treated & seen].mean())
    if program.drivers:
        enrolled = people[treated & _all(people, program.enrolled)]
        # Some who enrol never start: they cannot complete, whatever their chance.
        starts = enrolled["mulai"].mean() if "mulai" in enrolled else 1.0
        spread = starts * (enrolled["chance"] * (1 - enrolled["chance"])).mean()
        slope = TRUTH[program_id]["draw"]["completion"]
        found |= {f"ame_{v}": float(slope[key] * spread) for v, key in program.drivers.items()}
    return found


def measurable(program_id: str) -> pd.DataFrame:
    """Mean over populations and its Monte Carlo standard error; index: outcome or driver."""
    rows = [truths(program_id, FIRST_SEED + i, SCALE) for i in range(POPULATIONS)]
    frame = pd.DataFrame(rows)
    return pd.DataFrame({"mean": frame.mean(), "mc_se": frame.std() / np.sqrt(POPULATIONS)})


def estimates(program_id: str, seed: int) -> Found:
    """The primary estimates and the drivers of one draw, by the designs of program.yml."""
    program = PROGRAMS[program_id]
    people = program.frames(seed)["people"]
    treated = _participants(people)
    found: Found = {}
    for name, outcome in program.outcomes.items():
        seen = _all(people, outcome.measured)
        table = people[seen].assign(y=_values(people, outcome.after)[seen], ikut=treated[seen])
        ask: dict[str, Any] = {"covariates": outcome.before}
        if outcome.method != "adjusted":
            table["before"], ask = _values(people, outcome.before)[seen], {"before": "before"}
        row = el.effect(
            table, "y", None if outcome.method == "paired" else "ikut", method=outcome.method,
            cluster=program.cluster,
            scale_type="ordinal" if outcome.method == "net_rise" else "continuous", **ask,
        ).iloc[0]  # fmt: skip
        found[name] = tuple(row[["estimate", "std_error", "low", "high"]].astype(float))
    if program.drivers:
        asked = people[_all(people, program.enrolled + program.asked)]
        drivers = asked[list(program.drivers)].astype(float)
        model = fit_drivers(drivers, asked["selesai"], asked[program.cluster])
        found |= {
            f"ame_{e.variable}": (e.ame, e.std_error, e.ci_low, e.ci_high) for e in model.effects
        }
    return found


def recover(program_id: str, seeds: range, jobs: int = 1) -> pd.DataFrame:
    """Index outcome or driver; truth, mean, se (mean standard error), sd (of the estimates),
    bias_se (bias in standard errors), covered (share of intervals), n (seeds with an estimate)."""
    one = partial(estimates, program_id)
    if jobs > 1:
        with ProcessPoolExecutor(jobs) as pool:
            found = list(pool.map(one, seeds, chunksize=10))
    else:
        found = [one(seed) for seed in seeds]
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
    parser.add_argument("--truth", action="store_true", help="print what can be measured alone")
    options = parser.parse_args()
    for program_id in options.programs or PROGRAMS:
        if options.truth:
            table = measurable(program_id)
        else:
            table = recover(program_id, range(1, options.seeds + 1), options.jobs)
        print(program_id, table.round(4).to_string(), sep="\n", flush=True)


if __name__ == "__main__":
    main()
