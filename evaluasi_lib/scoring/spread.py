"""How scores and answers spread in the program's group, as far as a picture may show it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evaluasi_lib.disclosure import SMALL_CELL
from evaluasi_lib.errors import DataError
from evaluasi_lib.results import Answered, Spread
from evaluasi_lib.scoring.frames import instrument_scores
from evaluasi_lib.scoring.scales import item_distributions
from evaluasi_lib.study import Study

POINTS = 200  # at which the shape of the scores is given


def score_spread(study: Study) -> tuple[Spread, ...]:
    """The scores of each instrument at each of its waves, where there are several."""
    return tuple(_spreads(study))


def _spreads(study: Study) -> Iterator[Spread]:
    for name, instrument in study.program.instruments.items():
        waves = study.waves_of(instrument)
        for wave in waves if len(waves) > 1 else ():
            try:
                rows = instrument_scores(study, name, wave)
            except DataError:
                continue  # no one source asks all the items at this wave
            scores = rows.loc[rows["group"] == "program", "score"].dropna().to_numpy(float)
            scale = study.program.scales[instrument.scale]
            found = spread_of(scores, (scale.min, scale.max), study.program.privacy.min_cell)
            if found is not None:
                n, mean, quartiles, shape = found
                yield Spread(name, wave, n, mean, *quartiles, shape)


def spread_of(
    scores: NDArray[np.float64], span: tuple[float, float], k: int
) -> tuple[int, float, tuple[float, float, float], tuple[float, ...]] | None:
    """n, mean, quartiles and shape of scores; None for fewer than 2k, or where all are alike.

    shape: a kernel density at POINTS places over the span, 1 at its highest; single scores cannot
    be read from it.
    """
    if len(scores) < 2 * k or np.ptp(scores) == 0:
        return None
    density = stats.gaussian_kde(scores)(np.linspace(*span, POINTS))
    low, middle, high = (float(x) for x in np.quantile(scores, [0.25, 0.5, 0.75]))
    shape = tuple((density / density.max()).tolist())
    return len(scores), float(scores.mean()), (low, middle, high), shape


def score_answers(study: Study) -> tuple[Answered, ...]:
    """The answers to each item at the instrument's last wave; hidden cells have no number."""
    return tuple(_answers(study))


def _answers(study: Study) -> Iterator[Answered]:
    for name, instrument in study.program.instruments.items():
        waves = study.waves_of(instrument)
        if not waves:
            continue
        try:
            found = item_distributions(study, name, waves[-1])
        except DataError:
            continue
        for row in found.astype(object).where(found.notna(), None).to_dict("records"):
            reason = SMALL_CELL if row["n"] is None else None
            yield Answered(
                name, waves[-1], row["item"], row["item_label"], row["value"], row["label"],
                row["n"], row["share"], reason,
            )  # fmt: skip
