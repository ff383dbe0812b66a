"""How scores and answers spread in the program's group: quantiles of scores, shares of answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evaluasi_lib.disclosure import enough
from evaluasi_lib.errors import DataError
from evaluasi_lib.measures import Cell, Drafts, drafts
from evaluasi_lib.program import Instrument, Program
from evaluasi_lib.scoring.bands import Band, Sides, bands_of
from evaluasi_lib.scoring.frames import instrument_rows, scores_of
from evaluasi_lib.scoring.persons import item_label
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _

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
                k=study.program.privacy.min_cell,
                reversed=instrument.reversed,
                names={item: item_label(study, item) for item in instrument.items},
                known=_published_beside(study.program, name),
                wave=wave,
                group="program",
            )


@dataclass(frozen=True, slots=True)
class Beside:
    """What is published of an instrument beside the answers to its items.

    sums: point -> name of a sum of several points. moments: of how many powers of the points the
    mean over the persons is published for each item. pooled: whether a mean over all items is, from
    which the only item that nobody may see could be found. sides: of the scale, where they are not
    its halves.
    """

    sums: Mapping[int, str] = field(default_factory=dict)
    moments: int = 0
    pooled: bool = False
    sides: Sides | None = None


def _published_beside(program: Program, name: str) -> Beside:
    """Of a single item: its mean and standard deviation, the share of the two highest answers, and
    of a net promoter score that of 0 to 6, which follows from it. Of several: their mean, and that
    of each on either side of a map of importance."""
    instrument = program.instruments[name]
    mapped = any(name in (n, i.importance) for n, i in program.instruments.items() if i.importance)
    if len(instrument.items) > 1:
        return Beside(moments=1 if mapped else 0, pooled=True)
    highest = program.scales[instrument.scale].max
    sums = {highest: "upper", highest - 1: "upper"}
    if instrument.index != "nps":
        return Beside(sums, moments=0 if instrument.index == "skp" else 2)
    detractors, passives = tuple(range(7)), (7, 8)
    sides = (detractors, passives, (9, 10))
    return Beside(sums | dict.fromkeys(detractors, "lower"), moments=2, sides=sides)


def answer_drafts(
    answers: pd.DataFrame,
    labels: Mapping[int, str],
    place: Sequence[str],
    *,
    k: int,
    reversed: Collection[str] = (),
    names: Mapping[str, str] | None = None,
    known: Beside | None = None,
    **about: Any,
) -> Drafts:
    """n and share of each answer to each item; answers: (persons, items) on a scale of points.

    Answers of fewer than k persons are merged with their neighbours (`bands`): the id of a merged
    one ends on its first and last point, "1..2". labels: point -> its answer, from low to high.
    reversed: items that were turned when they were read; their labels are turned back here, and
    their direction is "lower". names: item -> its question, which the rows' note is. known: what
    else is published of the items.
    """
    known = known or Beside()
    counts = {
        item: {point: int((answers[item] == point).sum()) for point in labels}
        for item in map(str, answers.columns)
    }
    bands = {item: _bands(n, k, known) for item, n in counts.items()}
    for item, told in _told_by_all(bands, list(labels), known).items():
        bands[item] = _bands(counts[item], k, told)
    for item, n in counts.items():
        turned = item in reversed
        of = about | {
            "subject": item, "note": (names or {}).get(item, item),
            "direction": "lower" if turned else "higher",
        }  # fmt: skip
        said = dict(zip(labels, list(labels.values())[::-1], strict=True)) if turned else labels
        yield from _item_drafts(n, bands[item], said, [*place, item], k, of)


def _told_by_all(
    bands: Mapping[str, Sequence[Band]], points: Sequence[int], known: Beside
) -> dict[str, Beside]:
    """What the mean and the share of upper answers of all items tell of one of them: of the only
    item that is merged, and of the only one whose upper answers are merged with others."""
    if not known.pooled:
        return {}
    top = set(points[-2:])
    merged = [item for item, found in bands.items() if len(found) < len(points)]
    mixed = [
        item for item, found in bands.items()
        if not found or any(set(band) & top and not set(band) <= top for band in found)
    ]  # fmt: skip
    told: dict[str, Beside] = {}
    if len(mixed) == 1:
        told[mixed[0]] = replace(known, sums=dict.fromkeys(top, "upper"))
    if len(merged) == 1:
        moments = max(known.moments, 1)
        sums = dict.fromkeys(top, "upper")
        told[merged[0]] = replace(known, sums=sums, moments=moments)
    return told


def _bands(counts: Mapping[int, int], k: int, known: Beside) -> list[Band]:
    return bands_of(counts, k, sides=known.sides, sums=known.sums, moments=known.moments)


def _item_drafts(
    counts: Mapping[int, int], bands: Sequence[Band], labels: Mapping[int, str],
    place: Sequence[str], k: int, about: dict[str, Any],
) -> Drafts:  # fmt: skip
    """The rows of one item. Where no partition may be shown, one row that says so."""
    whole = sum(counts.values())
    few = min((n for n in counts.values() if not enough(k, n)), default=0)
    for band in bands or [tuple(counts)]:
        n = sum(counts[point] for point in band)
        ends = [labels[band[0]], labels[band[-1]]]
        if about["direction"] == "lower":
            ends.reverse()
        label = ends[0] if len(band) == 1 else _("{low} to {high}").format(
            low=ends[0], high=ends[1]
        )  # fmt: skip
        record = {"n": n, "share": n / whole if whole else None, "label": label}
        name = str(band[0]) if len(band) == 1 else f"{band[0]}..{band[-1]}"
        cell = Cell((n, whole) if bands else (whole, few), keeps=("note",))
        yield from drafts(record, [*place, name], "share", cell, **about)


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
