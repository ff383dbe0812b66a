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
def test_error_rates_are_as_stated(cell):
    def beyond(share):
        return 4 * math.sqrt(share * (1 - share) / REPETITIONS)

    found = simulate(cell, REPETITIONS)
    assert found["repetitions"] == REPETITIONS
    assert found["type_1"] <= 0.06 + beyond(0.06)
    assert found["coverage"] >= 0.935 - beyond(0.935)
    assert found["tost_error"] <= 0.05 + beyond(0.05)
    # Computed power is that of one median df; with few clusters df vary from draw to draw.
    assert found["power"] == pytest.approx(found["power_computed"], abs=0.15)
    assert cell.estimator in table([found])
