"""Persons of a program and its files, made by the formulas of its model (a YAML file beside this).

A formula is a Python expression: it sees the variables above it, what `draw` of kebenaran.yml and
words.yml name, and the methods of `Draws`. So the order of the lines is the order of the draws.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import yaml

HERE = Path(__file__).parent
RAW = HERE.parents[1] / "data" / "raw"
MODELS = {
    "mentoring-karier-2024": "mentoring.yml",
    "mentoring-karier-2025": "mentoring.yml",
    "pelatihan-kepemimpinan-2025": "leadership.yml",
    "elearning-asn-2025": "elearning.yml",
}


@cache
def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def model(program_id):
    return read(HERE / MODELS[program_id])


TRUTH, WORDS, BANK = (read(HERE / f"{name}.yml") for name in ("kebenaran", "words", "answers"))


class Draws:
    """What formulas may use; draws are of all n persons, or of k things of each (n, k)."""

    def __init__(self, rng, n):
        self.rng, self.n = rng, n

    def normal(self, mean, sd, k=None):
        return self.rng.normal(mean, sd, self.n if k is None else (self.n, k))

    def random(self):
        return self.rng.random(self.n)

    def units(self, names, sd):
        """Random intercepts of units, centred so that the program's mean is as declared."""
        values = self.rng.normal(0, sd, len(names))
        return values - values.mean()

    @staticmethod
    def whole(x, low, high):
        return np.clip(np.rint(x), low, high).astype(int)

    @staticmethod
    def logistic(x):
        return 1 / (1 + np.exp(-x))

    @staticmethod
    def spread(end, k):
        return np.linspace(-end, end, k)

    @staticmethod
    def likert(theta, noise, easiness, points=5):
        """Answers 1..points (n, k): latent score, how easy the item is, and noise, rounded.

        The rounding and the ends of the scale make the ceiling effect: a person at the top cannot
        rise.
        """
        latent = theta[:, None] + np.asarray(easiness) + noise
        return np.clip(np.rint(latent), 1, points).astype(int)

    @staticmethod
    def turned(answers, item):
        """Answers 1..5 with one item (its number) asked the other way round."""
        out = answers.copy()
        out[:, item - 1] = 6 - out[:, item - 1]
        return out

    @staticmethod
    def one_column(answers, lazy):
        """The lazy (flags) tick the column of their first answer all the way down."""
        return np.where(np.asarray(lazy)[:, None], answers[:, :1], answers)


def functions(tools):
    return {name: getattr(tools, name) for name in dir(tools) if name[0] != "_"} | {"np": np}


def work_out(formulas, known):
    """`known` with the value of each formula by its name; those of a mapping by theirs."""
    for name, formula in formulas.items():
        value = eval(str(formula), known)
        known |= value if isinstance(value, dict) else {name.replace("_#", ""): value}
    return known


def persons(program_id, seed, scale=1, *, with_program=True):
    """What is true of each person, before any form and its dirt: (variables, frame of them).

    scale multiplies the number of persons. with_program=False draws the same persons, with the same
    luck, as if there had been no program: the difference is the true effect. `chance` is the true
    chance to complete. Columns of the frame are the variables that do not begin with "_".
    """
    truth, formulas = TRUTH[program_id], model(program_id)["people"]
    sizes = {key: truth[key] * scale for key in ("n_program", "n_comparison", "n") if key in truth}
    sizes["n"] = sizes.get("n") or sum(sizes.values())
    words = {name: np.array(WORDS[name], object) for name in WORDS if name != "short"}
    known = functions(Draws(np.random.default_rng(seed), sizes["n"]))
    known |= sizes | {"with_program": with_program} | words
    for name, value in truth["draw"].items():
        known[name] = SimpleNamespace(**value) if isinstance(value, dict) else value
    work_out(formulas, known)
    columns = {}
    for name in (name for name in formulas if name[0] != "_"):
        values = known[name.replace("_#", "")]
        parts = enumerate(values.T, 1) if "#" in name else [("", values)]
        columns |= {name.replace("#", str(j)): part for j, part in parts}
    return known, pd.DataFrame(columns)
