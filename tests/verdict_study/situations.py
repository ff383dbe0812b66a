"""What a situation states, and the list of all of them, from situations.yml."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.verdict_study.drawing import SPECIFICATION, STEPS, draw
from tests.verdict_study.people import Drawn, Rng

SEED = 20260101
DESIGNS = {"randomised": "lot", "comparison": "comparison", "single_group": "one group"}
CONTINUES = "scale_up, continue, “the program raised”"


@dataclass(frozen=True)
class Situation:
    """words: what happens; wrong: what would be a wrong claim; must_say: patterns of which one must
    be printed beside a wrong claim (empty: nothing is wrong with the design, a wrong claim is mere
    chance). can_tell: whether the design and its own evidence can reveal the problem. works: a
    working program that must be found. fine: cost and delivery are in order. steps: how a program
    is drawn."""

    name: str
    design: str
    words: str
    steps: dict[str, Any]
    wrong: str = CONTINUES
    can_tell: bool = True
    must_say: tuple[str, ...] = ()
    works: bool = False
    fine: bool = True

    def rng(self, repetition: int, purpose: int = 0) -> Rng:
        """The seed is a rule and never chosen: study, situation, repetition (purpose 1: truth)."""
        key = [SEED, zlib.crc32(self.name.encode()), repetition, purpose]
        return np.random.default_rng(np.random.SeedSequence(key))

    def draw(self, rng: Rng) -> Drawn:
        return draw(rng, self.design, self.steps)


def _situation(name: str, design: str, row: dict[str, Any]) -> Situation:
    said = {key: value for key, value in row.items() if key not in STEPS}
    steps = {key: value for key, value in row.items() if key in STEPS}
    problems = tuple(SPECIFICATION["problems"][name] for name in said.pop("must_say", []))
    return Situation(name, design, steps=steps, must_say=problems, **said)


def every_situation() -> dict[str, Situation]:
    """All situations by name: randomised, comparison, single group."""
    return {
        name: _situation(name, design, row)
        for design in DESIGNS
        for name, row in SPECIFICATION[design].items()
    }
