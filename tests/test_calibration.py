"""A small run of the simulation study: rejections and coverage within their Monte Carlo error.

Limits: the share that the domain allows at its worst (6% and 93.5%), and 4 standard errors of a
share over the repetitions, so that a sound estimator fails about once in 30,000 runs of a cell.
The seeds are fixed, so the figures are too.
"""

from __future__ import annotations

import math

import pytest

from tests.calibrate import Cell, simulate, table

REPETITIONS = 200
CELLS = [
    Cell("difference", 60),
    Cell("did", 200, 8, 4),
    Cell("did", 1000, 40, 20),
    Cell("aipw", 60),
    Cell("paired", 60),
    Cell("waves", 60),
]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_error_rates_are_as_stated(cell: Cell) -> None:
    found = simulate(cell, REPETITIONS)
    assert found.repetitions == REPETITIONS
    assert found.type_1 <= 0.06 + 4 * math.sqrt(0.06 * 0.94 / REPETITIONS)
    assert found.coverage >= 0.935 - 4 * math.sqrt(0.065 * 0.935 / REPETITIONS)
    assert found.tost_error <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / REPETITIONS)
    # Computed power is that of one median df; with few clusters df vary from draw to draw.
    assert found.power == pytest.approx(found.power_computed, abs=0.15)
    assert cell.estimator in table([found])


def test_a_cell_is_the_same_each_time() -> None:
    cell = Cell("waves", 60)
    assert simulate(cell, 5) == simulate(cell, 5)
