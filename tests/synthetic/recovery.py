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
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

import evaluasi_lib as el

# Drivers have no function at the door, and a program for each of a thousand seeds would take hours.
from evaluasi_lib.scoring.participation import fit_drivers
from tests.synthetic.model import MODELS, TRUTH, model, persons

POPULATIONS, SCALE, FIRST_SEED = 40, 20, 1000


def truths(program_id, seed, scale):
    """Mean effect on participants (of paired outcomes: their change), and the average marginal
    effect of each driver of completing: the mean of b p (1 - p)."""
    plan = model(program_id)["recover"]
    known, _people = persons(program_id, seed, scale)
    without, _people = persons(program_id, seed, scale, with_program=False)
    treated = eval(plan["treated"], known)
    found = {}
    for name, outcome in plan["outcomes"].items():
        paired, everybody = outcome["method"] == "paired", outcome.get("of") == "all"
        base = eval(outcome["before"], known) if paired else eval(outcome["after"], without)
        change = eval(outcome["after"], known).astype(float) - base
        seen = treated if everybody else treated & eval(outcome["seen"], known)
        found[name] = change[seen].mean()
    if "drivers" in plan:
        enrolled = treated & eval(plan["enrolled"], known)
        starts = eval(plan["started"], known)[enrolled].mean()
        spread = starts * (known["chance"] * (1 - known["chance"]))[enrolled].mean()
        slope = TRUTH[program_id]["draw"]["completion"]
        found |= {f"ame_{v}": slope[key] * spread for v, key in plan["drivers"].items()}
    return found


def measurable(program_id):
    """Mean over populations and its Monte Carlo standard error; index: outcome or driver."""
    rows = [truths(program_id, FIRST_SEED + i, SCALE) for i in range(POPULATIONS)]
    frame = pd.DataFrame(rows)
    return pd.DataFrame({"mean": frame.mean(), "mc_se": frame.std() / np.sqrt(POPULATIONS)})


def estimates(program_id, seed):
    """The primary estimates and the drivers of one draw, by the designs of program.yml: name ->
    (estimate, standard error, low, high)."""
    plan = model(program_id)["recover"]
    known, people = persons(program_id, seed)
    treated, found = eval(plan["treated"], known), {}
    for name, outcome in plan["outcomes"].items():
        ask = {"covariates": outcome.get("covariates", ())}
        table = people.assign(ikut=treated, y=eval(outcome["after"], known))
        if "before" in outcome:
            table, ask = table.assign(y0=eval(outcome["before"], known)), {"before": "y0"}
        method = outcome["method"]
        row = el.effect(
            table[eval(outcome["seen"], known)], "y", None if method == "paired" else "ikut",
            method=method, cluster=plan["cluster"],
            scale_type="ordinal" if method == "net_rise" else "continuous", **ask,
        ).iloc[0]  # fmt: skip
        found[name] = tuple(row[["estimate", "std_error", "low", "high"]].astype(float))
    if "drivers" in plan:
        asked = people[eval(plan["asked"], known)]
        drivers = asked[list(plan["drivers"])].astype(float)
        fit = fit_drivers(drivers, asked["selesai"], asked[plan["cluster"]])
        for e in fit.effects:
            found[f"ame_{e['variable']}"] = (e["ame"], e["ame_error"], e["ci_low"], e["ci_high"])
    return found


def recover(program_id, seeds, jobs=1):
    """Index outcome or driver; truth, mean, se (mean standard error), sd (of the estimates),
    bias_se (bias in standard errors), covered (share of intervals), n (seeds with an estimate)."""
    one = partial(estimates, program_id)
    if jobs > 1:
        with ProcessPoolExecutor(jobs) as pool:
            found = list(pool.map(one, seeds, chunksize=10))
    else:
        found = list(map(one, seeds))
    rows = {}
    for name, truth in TRUTH[program_id]["measurable"].items():
        values = np.array([f.get(name, (math.nan,) * 4) for f in found])
        estimate, error, low, high = values[~np.isnan(values).any(axis=1)].T
        rows[name] = {
            "truth": truth,
            "mean": estimate.mean(),
            "se": error.mean(),
            "sd": estimate.std(ddof=1),
            "bias_se": (estimate.mean() - truth) / error.mean(),
            "covered": ((low <= truth) & (truth <= high)).mean(),
            "n": len(estimate),
        }
    return pd.DataFrame(rows).T


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.synthetic.recovery", description=__doc__)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM")
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--truth", action="store_true", help="print what can be measured alone")
    options = parser.parse_args()
    for program_id in options.programs or MODELS:
        if options.truth:
            table = measurable(program_id)
        else:
            table = recover(program_id, range(1, options.seeds + 1), options.jobs)
        print(program_id, table.round(4).to_string(), sep="\n", flush=True)


if __name__ == "__main__":
    main()
