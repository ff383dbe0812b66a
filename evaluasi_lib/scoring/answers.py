"""How scores and answers spread in the program's group: quantiles of scores, shares of answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evaluasi_lib.errors import DataError
from evaluasi_lib.measures import Cell, Drafts, drafts
from evaluasi_lib.program import Instrument
from evaluasi_lib.scoring.frames import instrument_rows, scores_of
from evaluasi_lib.scoring.persons import item_label
from evaluasi_lib.study import Study

QUANTILES = {"q25": 0.25, "median": 0.5, "q75": 0.75, "q10": 0.1, "q90": 0.9}


def score_spread(study: Study) -> Drafts:
    """Quantiles of the scores of each instrument at each of its waves, where there are several."""
    for name, instrument in study.program.instruments.items():
        waves = study.waves_of(instrument)
        for wave, rows in _asked(study, instrument, waves if len(waves) > 1 else []):
            about = {"subject": name, "wave": wave, "group": "program"}
            scores = scores_of(instrument, rows)
            yield from quantile_drafts(scores, ["scales", name, wave, "program"], **about)


def quantile_drafts(scores: ArrayLike, place: Sequence[str], **about: Any) -> Drafts:
    """Rows of the QUANTILES of scores (n,); none where all known scores are alike.

    A quantile rests on the persons beyond it: what the outer tenth scored is theirs alone.
    """
    y = np.asarray(scores, dtype=float)
    y = y[~np.isnan(y)]
    if not len(y) or np.ptp(y) == 0:
        return
    for name, q in QUANTILES.items():
        beyond = max(1, int(len(y) * min(q, 1 - q) + 1e-9))
        record = {name: float(np.quantile(y, q)), "n": len(y)}
        yield from drafts(record, place, name, Cell((beyond, len(y))), **about)


def score_answers(study: Study) -> Drafts:
    """The answers to each item at the instrument's last wave."""
    for name, instrument in study.program.instruments.items():
        scale = study.program.scales[instrument.scale]
        points = range(scale.min, scale.max + 1)
        for wave, rows in _asked(study, instrument, study.waves_of(instrument)[-1:]):
            yield from answer_drafts(
                rows[instrument.items],
                dict(zip(points, map(str, scale.labels or points), strict=True)),
                ["answers", name, wave],
                reversed=instrument.reversed,
                names={item: item_label(study, item) for item in instrument.items},
                sums=_published_sums(instrument, scale.max),
                wave=wave,
                group="program",
            )


def _published_sums(instrument: Instrument, highest: int) -> dict[int, str]:
    """Points of the scale by what is published of them together: of a single item, the share of the
    two highest; and of a net promoter score that of 0 to 6, which follows from it."""
    if len(instrument.items) > 1:
        return {}
    sums = {highest: "upper", highest - 1: "upper"}
    return sums | (dict.fromkeys(range(7), "lower") if instrument.index == "nps" else {})


def answer_drafts(
    answers: pd.DataFrame,
    labels: Mapping[int, str],
    place: Sequence[str],
    *,
    reversed: Collection[str] = (),
    names: Mapping[str, str] | None = None,
    sums: Mapping[int, str] | None = None,
    **about: Any,
) -> Drafts:
    """n and share of each answer to each item; answers: (persons, items) on a scale of points.

    labels: point -> its answer, from low to high. reversed: items that were turned when they were
    read; their labels are turned back here. names: item -> its question, which the rows' note is.
    sums: point -> name of a sum of several points that is published too.
    """
    texts = list(labels.values())
    for item in map(str, answers.columns):
        known = answers[item].dropna()
        family = "/".join([*place, item])
        said = texts[::-1] if item in reversed else texts
        for point, label in zip(labels, said, strict=True):
            n = int((known == point).sum())
            families = [(family, n)]
            if sums:
                families.append((f"{family}/{sums.get(point, 'rest')}", n))
            record = {"n": n, "share": n / len(known) if len(known) else None, "label": label}
            yield from drafts(
                record, [*place, item, point], "share",
                Cell((n, len(known)), tuple(families), keeps=("note",)),
                subject=item, note=(names or {}).get(item, item), **about,
            )  # fmt: skip


def _asked(
    study: Study, instrument: Instrument, waves: Sequence[str]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of the program's group at each wave at which one source asks all the items."""
    for wave in waves:
        try:
            rows = instrument_rows(study, instrument, wave)
        except DataError:
            continue
        yield wave, rows[rows["group"] == "program"]
