"""How often each primary estimator is wrong: a simulation study.

`python -m tests.calibrate` simulates every primary estimator in its stated domain and records how
often the 5% test rejects a true null hypothesis, how often the 95% interval covers the true effect,
the power beside the computed one, and how often `no_meaningful_change` is said when the true effect
is exactly the smallest effect of interest. A whole run writes the table in docs/validity.md.

Every cell has its own seed, so that a cell can be repeated alone (`--only "did, n = 60"`).
"""

from __future__ import annotations

import argparse
import math
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from evaluasi_lib.program import Design, Outcome

# The functions behind el.effect: thousands of draws a cell would take hours through it.
from evaluasi_lib.scoring import designs
from evaluasi_lib.scoring.estimate import conclude, critical
from evaluasi_lib.scoring.frames import OutcomeFrame
from tests.pages import bold, put

ICC = 0.1  # of a score within an agency
SEED = 20250101
OUTCOME = Outcome(id="y", label="y", level="results", variable="y", unit="")
PAGE = Path(__file__).parents[1] / "docs" / "validity.md"
SHARES = ("type_1", "coverage", "power", "power_computed", "tost_error")


class Cell(NamedTuple):
    """One situation. n: persons in all; clusters: 0 for independent persons, else the number of
    agencies, of which `treated` have the program; shape: of the errors."""

    estimator: str
    n: int
    clusters: int = 0
    treated: int = 0
    shape: str = "normal"

    @property
    def name(self):
        among = f"{self.clusters} clusters, {self.treated} treated, " if self.clusters else ""
        return f"{self.estimator}, n = {self.n}, {among}{self.shape}"

    @property
    def ordered(self):
        return self.estimator in ("superiority", "net_rise")


class Study(NamedTuple):
    """One simulated study without an effect: group, before, after, known before, agency."""

    program: np.ndarray
    before: np.ndarray
    after: np.ndarray
    covariates: np.ndarray
    clusters: np.ndarray | None


def draw(cell, rng):
    """Persons with a stable ability, measured twice (r about 0.6), in agencies with ICC 0.1.

    Whole agencies have the program, as when offices are chosen. In designs that adjust, more able
    persons are likelier to take part.
    """

    def errors():
        if cell.shape == "skewed":  # like earnings or days
            return rng.exponential(size=n) - 1.0
        return rng.normal(size=n)

    n, clusters = cell.n, None
    ability = errors()
    if cell.clusters:
        clusters = rng.permutation(np.arange(n) % cell.clusters)
        effects = rng.normal(size=(3, cell.clusters)) * math.sqrt(ICC / (1 - ICC))
        program = clusters < cell.treated
    elif cell.estimator in ("aipw", "drdid", "drdid_repeated"):
        program = rng.random(n) < 1 / (1 + np.exp(-0.5 * ability))
    else:
        program = np.zeros(n, dtype=bool)
        program[rng.permutation(n)[: n // 2]] = True
    before, after = ability + errors() * 0.8, ability + errors() * 0.8
    if clusters is not None:
        before = before + effects[0][clusters] + effects[1][clusters]
        after = after + effects[0][clusters] + effects[2][clusters]
    return Study(program, before, after, np.column_stack([ability, rng.normal(size=n)]), clusters)


def estimate(cell, study, effect):
    """The cell's estimator on the study with an effect added for the program (for single groups:
    for everybody). Ordered outcomes are cut into five steps after the effect is added."""
    single = cell.estimator in ("paired", "waves")
    member = study.program | single
    rows = pd.DataFrame({
        "group": np.where(member, "program", "comparison"), "y": study.after + effect * member,
        "y0": study.before, "z0": study.covariates[:, 0], "z1": study.covariates[:, 1],
    })  # fmt: skip
    if cell.ordered:
        rows[["y", "y0"]] = np.digitize(rows[["y", "y0"]], [-1.2, -0.4, 0.4, 1.2]) + 1.0
    if study.clusters is not None:
        rows["unit"] = study.clusters
    before, design = None, "randomised" if cell.estimator == "ancova" else "comparison"
    if cell.estimator.endswith("_repeated") or cell.estimator == "waves":
        half = np.arange(len(rows)) % 2 == 0  # of repeated cross-sections: who is asked after
        before = rows[~half].assign(y=rows["y0"]).drop(columns="y0").reset_index(drop=True)
        rows = rows[half].drop(columns="y0").reset_index(drop=True)
    if cell.estimator == "aipw":
        rows = rows.drop(columns="y0")
    names = ("aipw", "drdid", "drdid_repeated")
    covariates = ["z1"] if design == "randomised" else ["z0", "z1"] * (cell.estimator in names)
    plan = Design(type=design, cluster=None if study.clusters is None else "unit",
                  covariates=covariates)  # fmt: skip
    frame = OutcomeFrame(rows, before, before is not None or "y0" in rows,
                         "single_group" if single else design)  # fmt: skip
    return designs.estimate(cell.estimator, designs.Case(OUTCOME, plan, frame))


def cells():
    """The stated domain of each primary estimator: persons who are independent, errors like those
    of earnings, and clusters (persons, clusters, clusters with the program)."""
    groups = ("difference", "ancova", "did", "drdid")
    repeated, ordered = ("did_repeated", "drdid_repeated"), ("superiority", "net_rise")
    single, half = ("paired", "waves"), ((200, 8, 4), (1000, 40, 20))
    for name in (*groups, *repeated, "aipw", *single, *ordered):
        yield from (Cell(name, n) for n in (60, 200, 1000))
    yield from (Cell(name, 200, shape="skewed") for name in (*groups, "paired"))
    for name in (*groups, *repeated, *ordered, "aipw"):
        few = ((1000, 40, 4), (1000, 40, 8)) if name in (*groups, "aipw") else ()
        yield from (Cell(name, *size) for size in (*half, *few))
    yield from (Cell(name, *size) for name in single for size in ((200, 8, 8), (1000, 40, 40)))


def true_value(cell, effect):
    """The estimand: the effect itself; for ordered outcomes the net share that it brings, from one
    very large draw."""
    if not cell.ordered or effect == 0:
        return effect
    rng = np.random.default_rng([SEED, 7])
    big = Cell(cell.estimator, 400_000, shape=cell.shape)
    study = draw(big, rng)
    if cell.clusters:  # the same marginal spread as with clusters
        spread = math.sqrt(ICC / (1 - ICC))
        shared, own, other = rng.normal(size=(3, big.n)) * spread
        study = study._replace(
            before=study.before + shared + other, after=study.after + shared + own
        )
    return estimate(big, study, effect).estimate


def simulate(cell, repetitions):
    """One cell as a row: its shares over the draws in which an estimate was made (`repetitions`),
    and se_ratio. The effect of the power run is 2.8 times the spread of the estimates."""
    rng = np.random.default_rng([SEED, zlib.crc32(cell.name.encode())])
    seeds = rng.integers(2**63, size=repetitions)
    null = [estimate(cell, draw(cell, np.random.default_rng(seed)), 0.0) for seed in seeds]
    made = [e for e in null if e.estimate is not None and e.std_error]
    values, errors, dfs = np.array([(e.estimate, e.std_error, e.df or 1) for e in made]).T
    spread = values.std(ddof=1)
    limits = np.array([critical(0.95, df) for df in dfs])
    effect = 0.5 if cell.ordered else 2.8 * spread  # 0.5: in SD of the underlying score
    target = true_value(cell, effect)
    covered = power = flat = 0
    for seed in seeds:
        found = estimate(cell, draw(cell, np.random.default_rng(seed)), effect)
        if found.estimate is not None:
            half = critical(0.95, found.df or 1.0) * (found.std_error or 0.0)
            covered += abs(found.estimate - target) <= half
            power += abs(found.estimate) > half
            said = conclude(found, sesoi=abs(target), direction="higher", p_adjusted=1.0)
            flat += said == "no_meaningful_change"
    df, nc = float(np.median(dfs)), target / spread
    limit = critical(0.95, df)
    return {
        "cell": cell,
        "repetitions": len(made),
        "type_1": np.mean(np.abs(values) > limits * errors),
        "coverage": covered / len(made),
        "power": power / len(made),
        "power_computed": stats.nct.sf(limit, df, nc) + stats.nct.cdf(-limit, df, nc),
        "tost_error": flat / len(made),
        "se_ratio": np.sqrt(np.mean(errors**2)) / spread,
    }


def misses(row):
    """Figures outside their domain's limits."""
    wide = 3 * math.sqrt(0.05 * 0.95 / row["repetitions"])
    limits = {"type_1": (0.04, 0.06), "coverage": (0.935, 0.965), "tost_error": (0, 0.05 + wide)}
    return [name for name, (low, high) in limits.items() if not low <= row[name] <= high]


def table(rows):
    """Markdown, one row a cell; a figure outside its limits is bold."""
    lines = [
        "| Estimator | n | Clusters (treated) | Errors | Draws | Type I | Coverage | Power "
        "| computed | TOST error | SE / spread |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cell, shown = row["cell"], {name: f"{row[name] * 100:.1f}%" for name in SHARES}
        clusters = f"{cell.clusters} ({cell.treated})" if cell.clusters else "–"
        lines.append(
            f"| {cell.estimator} | {cell.n} | {clusters} | {cell.shape} | {row['repetitions']} "
            f"| {' | '.join(bold(shown, misses(row)).values())} | {row['se_ratio']:.3f} |"
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=5000)
    parser.add_argument("--only", default="", help="parts of cells' names, with | between them")
    parser.add_argument("--part", type=int, default=1, help="which of --parts, on several machines")
    parser.add_argument("--parts", type=int, default=1)
    options = parser.parse_args()
    chosen = [c for c in cells() if any(name in c.name for name in options.only.split("|"))]
    rows = []
    for cell in chosen[options.part - 1 :: options.parts]:
        rows.append(simulate(cell, options.repetitions))
        print(table(rows[-1:]).splitlines()[-1], flush=True)
    if not options.only and options.parts == 1 and options.repetitions >= 5000:
        put(PAGE, "calibration", table(rows))


if __name__ == "__main__":
    main()
