"""How often each primary estimator is wrong: a simulation study.

`python -m tests.calibrate` simulates every primary estimator in its stated domain and records how
often the 5% test rejects a true null hypothesis, how often the 95% interval covers the true effect,
the power beside the computed one, and how often `no_meaningful_change` is said when the true effect
is exactly the smallest effect of interest. A whole run writes the table in docs/validity.md.

Every cell has its own seed, so that a cell can be repeated alone (`--only "did, n = 60"`).
"""

from __future__ import annotations

import argparse
import json
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from evaluasi_lib.program import Design, Outcome
from evaluasi_lib.scoring import designs
from evaluasi_lib.scoring.designs import Case
from evaluasi_lib.scoring.estimate import Estimate, conclude, critical
from evaluasi_lib.scoring.frames import OutcomeFrame
from tests.pages import bold, put

Array = NDArray[np.float64]
ICC = 0.1  # of a score within an agency
SEED = 20250101
OUTCOME = Outcome(id="y", label="y", level="results", variable="y", unit="")
PAGE = Path(__file__).parents[1] / "docs" / "validity.md"


@dataclass(frozen=True)
class Cell:
    """One situation. n: persons in all; clusters: 0 for independent persons, else the number of
    agencies, of which `treated` have the program; shape: of the errors."""

    estimator: str
    n: int
    clusters: int = 0
    treated: int = 0
    shape: str = "normal"

    @property
    def name(self) -> str:
        if not self.clusters:
            return f"{self.estimator}, n = {self.n}, {self.shape}"
        return (
            f"{self.estimator}, n = {self.n}, {self.clusters} clusters, {self.treated} treated, "
            f"{self.shape}"
        )

    def rng(self) -> np.random.Generator:
        return np.random.default_rng([SEED, zlib.crc32(self.name.encode())])


@dataclass(frozen=True)
class Found:
    """Shares over the repetitions in which an estimate was made."""

    cell: Cell
    repetitions: int
    type_1: float
    coverage: float
    power: float
    power_computed: float
    tost_error: float
    se_ratio: float

    def misses(self) -> list[str]:
        """Figures outside their domain's limits."""
        out = []
        if not 0.04 <= self.type_1 <= 0.06:
            out.append("type_1")
        if not 0.935 <= self.coverage <= 0.965:
            out.append("coverage")
        if self.tost_error > 0.05 + 3 * math.sqrt(0.05 * 0.95 / self.repetitions):
            out.append("tost_error")
        return out


@dataclass(frozen=True)
class Draw:
    """One simulated study without an effect: persons' group, before, errors after, cluster."""

    program: NDArray[np.bool_]
    before: Array
    after: Array
    covariates: Array
    clusters: NDArray[np.intp] | None


def _errors(rng: np.random.Generator, shape: str, size: int) -> Array:
    if shape == "skewed":  # like earnings or days
        return (rng.exponential(size=size) - 1.0).astype(float)
    return rng.normal(size=size)


def draw(cell: Cell, rng: np.random.Generator) -> Draw:
    """Persons with a stable ability, measured twice (r about 0.6), in agencies with ICC 0.1.

    Whole agencies have the program, as when offices are chosen. In designs that adjust, more able
    persons are likelier to take part.
    """
    n = cell.n
    ability = _errors(rng, cell.shape, n)
    clusters = None
    if cell.clusters:
        clusters = rng.permutation(np.arange(n) % cell.clusters)
        effects = rng.normal(size=(3, cell.clusters)) * math.sqrt(ICC / (1 - ICC))
        program = clusters < cell.treated
    elif cell.estimator in ("aipw", "drdid", "drdid_repeated"):
        chance = 1 / (1 + np.exp(-0.5 * ability))
        program = rng.random(n) < chance
    else:
        program = np.zeros(n, dtype=bool)
        program[rng.permutation(n)[: n // 2]] = True
    before = ability + _errors(rng, cell.shape, n) * 0.8
    after = ability + _errors(rng, cell.shape, n) * 0.8
    if clusters is not None:
        before = before + effects[0][clusters] + effects[1][clusters]
        after = after + effects[0][clusters] + effects[2][clusters]
    return Draw(program, before, after, np.column_stack([ability, rng.normal(size=n)]), clusters)


def estimate(cell: Cell, data: Draw, effect: float) -> Estimate:
    """The cell's estimator on the draw with an effect added for the program (for single groups:
    for everybody). Ordered outcomes are cut into five steps after the effect is added."""
    single = cell.estimator in ("paired", "waves")
    rows = pd.DataFrame({
        "group": np.where(data.program | single, "program", "comparison"),
        "y": data.after + effect * (data.program | single),
        "y0": data.before,
        "z0": data.covariates[:, 0],
        "z1": data.covariates[:, 1],
    })  # fmt: skip
    if cell.estimator in ("superiority", "net_rise"):
        rows[["y", "y0"]] = _steps(rows[["y", "y0"]].to_numpy())
    if data.clusters is not None:
        rows["unit"] = data.clusters
    before = None
    if cell.estimator.endswith("_repeated") or cell.estimator == "waves":
        half = np.arange(len(rows)) % 2 == 0  # of repeated cross-sections: who is asked after
        before = rows[~half].assign(y=rows["y0"]).drop(columns="y0").reset_index(drop=True)
        rows = rows[half].drop(columns="y0").reset_index(drop=True)
    design = "comparison"
    covariates = ["z0", "z1"] if cell.estimator in ("aipw", "drdid", "drdid_repeated") else []
    if cell.estimator == "ancova":  # of a randomised design: Lin's form
        design, covariates = "randomised", ["z1"]
    if cell.estimator == "aipw":
        rows = rows.drop(columns="y0")
    plan = Design(type=design, cluster=None if data.clusters is None else "unit",
                  covariates=covariates)  # fmt: skip
    frame = OutcomeFrame(rows, before, before is not None or "y0" in rows,
                         "single_group" if single else design)  # fmt: skip
    found = designs.estimate(cell.estimator, Case(OUTCOME, plan, frame))
    assert found is not None
    return found


def _steps(values: Array) -> Array:
    return np.digitize(values, [-1.2, -0.4, 0.4, 1.2]).astype(float) + 1


# The stated domain of each primary estimator: persons who are independent, errors like those of
# earnings, and clusters (persons, clusters, clusters with the program).
GROUPS = ("difference", "ancova", "did", "drdid", "aipw")
INDEPENDENT = (
    "difference", "ancova", "did", "drdid", "did_repeated", "drdid_repeated", "aipw", "paired",
    "waves", "superiority", "net_rise",
)  # fmt: skip
SKEWED = ("difference", "ancova", "did", "drdid", "paired")
CLUSTERED = (
    "difference", "ancova", "did", "drdid", "did_repeated", "drdid_repeated", "superiority",
    "net_rise", "aipw",
)  # fmt: skip
HALF, FEW_TREATED = ((200, 8, 4), (1000, 40, 20)), ((1000, 40, 4), (1000, 40, 8))
EVERYBODY = ((200, 8, 8), (1000, 40, 40))


def cells() -> Iterator[Cell]:
    """The stated domain of each primary estimator."""
    yield from (Cell(name, n) for name in INDEPENDENT for n in (60, 200, 1000))
    yield from (Cell(name, 200, shape="skewed") for name in SKEWED)
    for name in CLUSTERED:
        few = FEW_TREATED if name in GROUPS else ()
        yield from (Cell(name, *size) for size in (*HALF, *few))
    yield from (Cell(name, *size) for name in ("paired", "waves") for size in EVERYBODY)


def _interval(found: Estimate, level: float) -> tuple[float, float]:
    half = critical(level, found.df or 1.0) * (found.std_error or 0.0)
    return (found.estimate or 0.0) - half, (found.estimate or 0.0) + half


def true_value(cell: Cell, effect: float) -> float:
    """The estimand: the effect itself; for ordered outcomes the net share that it brings, from one
    very large draw."""
    if cell.estimator not in ("superiority", "net_rise") or effect == 0:
        return effect
    rng = np.random.default_rng([SEED, 7])
    big = Cell(cell.estimator, 400_000, 0, 0, cell.shape)
    data = draw(big, rng)
    if cell.clusters:  # the same marginal spread as with clusters
        spread = math.sqrt(2 * ICC / (1 - ICC))
        shared, own = rng.normal(size=(2, big.n)) * spread / math.sqrt(2)
        data = Draw(
            data.program, data.before + shared + rng.normal(size=big.n) * spread / math.sqrt(2),
            data.after + shared + own, data.covariates, None,
        )  # fmt: skip
    return float(estimate(big, data, effect).estimate or 0.0)


def simulate(cell: Cell, repetitions: int) -> Found:
    """One cell; the effect of the power run is 2.8 times the spread of the estimates."""
    rng = cell.rng()
    seeds = rng.integers(2**63, size=repetitions)
    null = [estimate(cell, draw(cell, np.random.default_rng(seed)), 0.0) for seed in seeds]
    made = [e for e in null if e.estimate is not None and e.std_error]
    values = np.array([e.estimate for e in made])
    spread = float(values.std(ddof=1))
    rejected = np.mean(
        [abs(e.estimate or 0) > critical(0.95, e.df or 1) * (e.std_error or 1) for e in made]
    )
    effect = 2.8 * spread
    if cell.estimator in ("superiority", "net_rise"):
        effect = 0.5  # in SD of the underlying score
    target = true_value(cell, effect)
    covered, power, flat = np.zeros((3, len(seeds)), dtype=bool)
    for i, seed in enumerate(seeds):
        found = estimate(cell, draw(cell, np.random.default_rng(seed)), effect)
        if found.estimate is not None:
            low, high = _interval(found, 0.95)
            covered[i], power[i] = low <= target <= high, not low <= 0 <= high
            said = conclude(found, sesoi=abs(target), direction="higher", p_adjusted=1.0)
            flat[i] = said == "no_meaningful_change"
    df = float(np.median([e.df or 1 for e in made]))
    limit = critical(0.95, df)
    nc = target / spread
    computed = float(stats.nct.sf(limit, df, nc) + stats.nct.cdf(-limit, df, nc))
    errors = np.array([e.std_error for e in made])
    return Found(
        cell=cell,
        repetitions=len(made),
        type_1=float(rejected),
        coverage=float(covered.sum() / len(made)),
        power=float(power.sum() / len(made)),
        power_computed=computed,
        tost_error=float(flat.sum() / len(made)),
        se_ratio=float(np.sqrt(np.mean(errors**2)) / spread),
    )


def table(found: list[Found]) -> str:
    """Markdown, one row a cell; a figure outside its limits is bold."""
    rows = [
        "| Estimator | n | Clusters (treated) | Errors | Draws | Type I | Coverage | Power "
        "| computed | TOST error | SE / spread |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for f in found:
        shown = bold({
            name: f"{getattr(f, name) * 100:.1f}%"
            for name in ("type_1", "coverage", "power", "power_computed", "tost_error")
        }, f.misses())  # fmt: skip
        clusters = f"{f.cell.clusters} ({f.cell.treated})" if f.cell.clusters else "–"
        rows.append(
            f"| {f.cell.estimator} | {f.cell.n} | {clusters} | {f.cell.shape} "
            f"| {f.repetitions} | {' | '.join(shown.values())} | {f.se_ratio:.3f} |"
        )
    return "\n".join(rows)


def main(say: Callable[[str], None] = print) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=5000)
    parser.add_argument("--only", default="", help="parts of cells' names, with | between them")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument(
        "--part", type=int, default=1, help="which of --parts, for several machines"
    )
    parser.add_argument("--parts", type=int, default=1)
    options = parser.parse_args()
    wanted = options.only.split("|")
    chosen = [c for c in cells() if any(name in c.name for name in wanted)]
    chosen = chosen[options.part - 1 :: options.parts]
    if options.jobs > 1:
        from concurrent.futures import ProcessPoolExecutor

        with ProcessPoolExecutor(options.jobs) as pool:
            found = list(pool.map(simulate, chosen, [options.repetitions] * len(chosen)))
    else:
        found = []
        for cell in chosen:
            found.append(simulate(cell, options.repetitions))
            say(table(found[-1:]).splitlines()[-1])
    if options.out:
        text = json.dumps([asdict(f) for f in found], indent=1)
        options.out.write_text(text + "\n", encoding="utf-8")
    everything = not options.only and options.parts == 1 and options.repetitions >= 5000
    if options.tables is None and everything:
        options.tables = PAGE
    if options.tables:
        put(options.tables, "calibration", table(found))


if __name__ == "__main__":
    main()
