"""Scores of every instrument and dimension, at every wave, in every group, and known indices.

Their places: scales/<scale>/<wave>/<group>, below it ikm, nps, jpm and ipa (the crosshair), and
each item. A remark at ikm is its grade; remarks at a scale are what a reader should know with it.

At the end: points of a scale put together, so that the answers of few persons are shown with
others. An answer that 1 to k-1 persons gave is merged with its neighbours: first within its side of
the scale (all negative, all positive), then with the middle, last across it. A merged answer could
still be worked out from what else is published of the item, such as its mean; a partition is taken
only where every small answer could be any of at least k numbers of persons, given all of that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from scipy.optimize import linprog

from evaluasi_lib.claims import level_label
from evaluasi_lib.conclusion import quadrants
from evaluasi_lib.measures import Cell, Draft, Drafts, Remark, drafts, enough, measure_id, part_of
from evaluasi_lib.program import Instrument
from evaluasi_lib.scoring.estimate import cluster_codes, critical, fit_linear, say
from evaluasi_lib.scoring.frames import (
    diagnose_reliability,
    instrument_rows,
    item_label,
    numeric,
    rake,
    scores_of,
    standards,
    wilson,
)
from evaluasi_lib.study import GROUPS, Study
from evaluasi_lib.wording import DataError, choose, joined

Found = tuple[list[Draft], list[str]]  # of an index: its rows, and what to know with the score
RELIABILITY = ("alpha", "alpha_ci_low", "alpha_ci_high", "omega_total")


class Asked(NamedTuple):
    """An instrument (or a dimension: some of its items) in one group (rows) at a wave; place and
    about: of the rows of its score."""

    study: Study
    instrument: Instrument
    items: list[str]
    rows: pd.DataFrame
    place: list[str]
    about: dict[str, Any]


def score_scales(study: Study) -> Drafts:
    """Every instrument and each of its dimensions (`instrument.dimension`), by wave and group.

    Means are weighted to the declared population where there is one (program group), and their
    intervals allow for the declared clusters.
    """
    for name, instrument in study.program.instruments.items():
        label, waves = choose(instrument.label), study.waves_of(instrument)
        parts = {name: (label, instrument.items)}
        for dimension, items in instrument.dimensions.items():
            text = label + ": " + dimension.replace("_", " ")
            parts[f"{name}.{dimension}"] = (text, items)
        for wave in waves:
            try:
                rows = instrument_rows(study, instrument, wave)
            except DataError:
                continue  # no one source asks all the items at this wave
            for group in GROUPS:
                members = rows[rows["group"] == group]
                for scale, (text, items) in parts.items() if len(members) else ():
                    about = {"level": instrument.level, "wave": wave, "group": group,
                             "label": text, "subject": scale}  # fmt: skip
                    place = ["scales", scale, wave, group]
                    asked = Asked(study, instrument, items, members, place, about)
                    last = scale == name and wave == waves[-1] and group == "program"
                    yield from _score(asked, whole=scale == name, by_item=last)


def _score(asked: Asked, *, whole: bool, by_item: bool) -> Drafts:
    """whole: all the instrument's items, so that its index belongs to them. by_item: what each item
    adds is told as well."""
    study, instrument, items, rows, place, about = asked
    answers, scale = rows[items].to_numpy(dtype=float), study.program.scales[instrument.scale]
    record, notes = _mean(study, rows, scores_of(instrument, rows, items))
    n = record["n"]
    index: list[Draft] = []
    if whole and n:
        index, more = _indices(asked._replace(about=about | {"n": n}))
        notes += more
    record |= {"n_items": len(items), "reason": None, **_upper(answers, scale.max, n)}
    if not n:
        record["reason"] = say("no_score")
    if instrument.index == "skp":
        record |= dict.fromkeys(("mean", "sd", "ci_low", "ci_high"))
        record["reason"] = say("skp_order")
    if (mean := record["mean"]) is not None:  # 0 at the lowest, 100 at the highest possible value
        record["mean_100"] = (mean - scale.min) / (scale.max - scale.min) * 100
    found = diagnose_reliability(answers) if len(items) > 1 else None
    if found:
        record |= {f: getattr(found, f) for f in RELIABILITY}
    cell, complete = Cell((n,)), Cell((n, found.n if found else 0))
    for fields, persons in (
        ("mean:ci mean_100 sd", cell),
        ("alpha:alpha_ci omega_total", complete),
        ("top2_share:top2_ci", part_of(record["upper"], n) if len(items) == 1 else cell),
        ("n_items", Cell((n,), keeps=("value",))),
    ):
        yield from drafts(record, place, fields, persons, note=joined(notes) or None, **about)
    yield from (Draft(Remark(measure_id(*place), note), cell) for note in notes)
    yield from index
    if found and by_item:
        for item, rest, alpha in zip(items, found.item_rest, found.alpha_if_deleted, strict=True):
            of = about | {"subject": item, "label": item_label(study, item), "n": found.n}
            without = {"item_rest": rest, "alpha_if_deleted": alpha}
            yield from drafts(without, [*place, item], " ".join(without), complete, **of)


def _upper(answers: np.ndarray, high: int, n: int) -> dict[str, Any]:
    """The share of answers (rows, items) at the two highest points of their scale, and how many.

    Its interval is of the n persons: answers of one person are not independent.
    """
    known = answers[~np.isnan(answers)]
    if not len(known):
        return {"top2_share": None, "upper": 0}
    share = float(np.mean(known >= high - 1))
    if not n:
        return {"top2_share": share, "upper": 0}
    low, top = wilson(share * n, n)
    return {"top2_share": share, "top2_ci_low": low, "top2_ci_high": top,
            "upper": round(share * len(known))}  # fmt: skip


def _mean(study: Study, rows: pd.DataFrame, y: np.ndarray) -> tuple[dict[str, Any], list[str]]:
    """`mean_interval` of the scores y (rows,), weighted to the declared population where the rows
    are the program's and know its variables; and whom the weights cannot mend."""
    known = ~np.isnan(y)
    rows, y = rows[known], y[known]
    margins, weights, notes = study.program.population, None, []
    if margins and len(y) > 1 and set(margins) <= set(rows) and (rows["group"] == "program").all():
        weights, left_out = rake(rows, margins)
        if left_out:
            named = [level_label(study.program, *pair) for pair in left_out]
            notes.append(say("nobody_of", groups=joined(named, ", ")))
    return mean_interval(y, weights, cluster_codes(rows, study.program.design.cluster)), notes


def mean_interval(
    values: ArrayLike, weights: ArrayLike | None = None, clusters: ArrayLike | None = None
) -> dict[str, Any]:
    """n, mean, sd, ci_low and ci_high (95%) of the known values (n,), in their unit.

    Without weights and clusters the one-sample t interval; else `fit_linear`'s, for weights taken
    as known. What needs two values, or the ends two clusters, is None.
    """
    y = np.asarray(values, dtype=float)
    known = ~np.isnan(y)
    y, n = y[known], int(known.sum())
    w, codes = (None if x is None else np.asarray(x)[known] for x in (weights, clusters))
    found: dict[str, Any] = {"n": n, "mean": float(y[0]) if n else None}
    found |= dict.fromkeys(("sd", "ci_low", "ci_high"))
    if n < 2:
        return found
    fit = fit_linear(np.ones((n, 1)), y, clusters=codes, weights=w)
    mean, half = float(fit.coef[0]), float(critical(0.95, fit.df[0]) * fit.std_error[0])
    sd = float(np.sqrt(np.average((y - mean) ** 2, weights=w) * n / (n - 1)))
    found |= {"mean": mean, "sd": sd}
    if codes is None or len(np.unique(codes)) > 1:
        found |= {"ci_low": mean - half, "ci_high": mean + half}
    return found


def _indices(asked: Asked) -> Found:
    """Rows of an instrument's declared index, and what to know."""
    found: list[Draft] = []
    notes: list[str] = []
    kind = asked.instrument.index
    kinds = {"ikm": _ikm, "nps": _nps, "jpm": _jpm}
    if kind in kinds:
        found, notes = kinds[kind](asked._replace(place=[*asked.place, kind]))
    if kind == "ip_asn":
        notes = [say("circular")]
    if asked.instrument.importance:
        more, moved = _ipa(asked)
        found, notes = found + more, notes + moved
    return found, notes


def _ikm(asked: Asked) -> Found:
    """Indeks Kepuasan Masyarakat of items answered 1-4 (PermenPANRB 14/2017): the mean of the item
    means, each with weight 1/k, times 25, rounded to two decimals as the regulation does; and
    whether the wrong weight 0.11 in place of 1/9 would give another grade."""
    study, instrument, items, rows, place, about = asked
    scale = study.program.scales[instrument.scale]
    if (scale.min, scale.n_points) != (1, 4):
        return [], [say("ikm.points", n=scale.n_points)]
    if rows[items].isna().all().any():
        return [], [say("ikm.unanswered")]
    means = np.nanmean(rows[items].to_numpy(dtype=float), axis=0)
    wrong = 0.11 if len(items) == 9 else math.floor(100 / len(items)) / 100
    values = [float(means.mean()) * 25, float(means.sum()) * wrong * 25]
    # Commercial rounding, as the regulation's worked examples do (not to even).
    index, other = (math.floor(value * 100 + 0.5 + 1e-9) / 100 for value in values)
    bands = standards(study.program.standards)["ikm"]["bands"]  # from best to worst
    own, wrong_one = (
        next((b for b in bands if value >= b["from"]), bands[-1]) for value in (index, other)
    )
    notes = [say("ikm.analogy")]
    if own["grade"] != wrong_one["grade"]:
        notes.append(say("ikm.weight", wrong=wrong_one["grade"], right=own["grade"]))
    cell, label = Cell((about["n"],)), choose(own["label"])
    graded = drafts({"index": index}, place, "index", cell, note=label, **about)
    return [*graded, Draft(Remark(measure_id(*place), str(own["grade"])), cell)], notes


def _nps(asked: Asked) -> Found:
    """Net promoter score of answers 0-10: share of 9-10 less share of 0-6 (-1 to 1), with Wald's
    interval of a difference of two shares of one sample."""
    scale = asked.study.program.scales[asked.instrument.scale]
    if (scale.min, scale.max) != (0, 10) or len(asked.items) != 1:
        return [], [say("nps")]
    y = asked.rows[asked.items[0]].to_numpy(dtype=float)
    y = y[~np.isnan(y)]
    up, down = float(np.sum(y >= 9)) / len(y), float(np.sum(y <= 6)) / len(y)
    score = up - down
    half = float(stats.norm.ppf(0.975)) * math.sqrt(max(up + down - score**2, 0) / len(y))
    found = {"score": score, "ci_low": max(-1, score - half), "ci_high": min(1, score + half)}
    cell = Cell((asked.about["n"],))
    return list(drafts(found, asked.place, "score:ci", cell, **asked.about)), []


def _jpm(asked: Asked) -> Found:
    """Job-person match of levels and required levels, 1-5 (PermenPANRB 38/2017), of the persons
    whose two levels are known: held / required x 100, each competency capped at 100; and the share
    whose mean level is under the required one."""
    rows, place, about, name = asked.rows, asked.place, asked.about, asked.instrument.required_level
    if name is None or name not in rows:
        return [], [say("jpm")]
    need, held = numeric(rows[name]).to_numpy(), rows[asked.items].to_numpy(dtype=float)
    known = ~np.isnan(held).all(axis=1) & ~np.isnan(need) & (need > 0)
    if not known.any():
        return [], []
    held, need = held[known], need[known]
    pct = np.nanmean(np.minimum(held / need[:, None], 1.0), axis=1) * 100
    below, n = np.nanmean(held, axis=1) < need, len(held)
    found = {"n": n, "mean_pct": float(pct.mean()), "below_share": float(below.mean())}
    return [
        *drafts(found, place, "mean_pct", Cell((about["n"], n)), **about),
        *drafts(found, place, "below_share", part_of(int(below.sum()), n), **about),
    ], []


def _ipa(asked: Asked) -> Found:
    """Importance-performance of the items about their grand means, and how many would move with the
    scales' midpoints as the crosshair; nothing without the other answers."""
    study, instrument, _items, rows, place, about = asked
    program = study.program
    other = program.instruments[instrument.importance or ""]
    try:
        beside = instrument_rows(study, other, about["wave"])
    except DataError:
        return [], []
    beside = beside[beside["group"] == about["group"]]
    counts = (*rows[instrument.items].count(), *beside[other.items].count())
    if len(other.items) != len(instrument.items) or not all(counts):
        return [], []
    means = rows[instrument.items].mean().to_numpy(), beside[other.items].mean().to_numpy()
    cross = [float(values.mean()) for values in means]
    scales = [program.scales[i.scale] for i in (instrument, other)]
    found = quadrants(*means, cross=cross)
    middle = quadrants(*means, cross=[(s.min + s.max) / 2 for s in scales])
    # The crosshair is the mean of all items: one of them alone could be found from it.
    cell = Cell((about["n"], *map(int, counts)))
    crosshair = dict(zip(("cross_performance", "cross_importance"), cross, strict=True))
    drawn = list(drafts(crosshair, [*place, "ipa"], " ".join(crosshair), cell, **about))
    for item, performance, importance in zip(instrument.items, *means, strict=True):
        record = {"performance": performance, "importance": importance}
        of = about | {"subject": item, "label": item_label(study, item)}
        drawn += drafts(record, [*place, item], " ".join(record), cell, **of)
    moved = sum(a != b for a, b in zip(found, middle, strict=True))
    return drawn, [say("ipa.moved", n=moved)] if moved else []


Band = tuple[int, ...]  # points of the scale, from low to high
Sides = tuple[Band, Band, Band]  # the lower side, the middle (or none), the upper side


def bands_of(
    counts: Mapping[int, int], k: int, *, sides: Sides | None = None,
    sums: Mapping[int, str] | None = None, moments: int = 0,
) -> list[Band]:  # fmt: skip
    """The finest partition of the points of which every part may be shown; none: [].

    counts: point -> persons, from low to high. sides: the lower half, the middle one of an odd
    number and the upper half, where they are not as the points are. sums: point -> name of a sum of
    several points that is published too. moments: of how many powers of the points the mean is
    published (1: the mean, 2: its standard deviation as well).
    """
    small = [point for point, n in counts.items() if not enough(k, n)]
    half, odd = divmod(len(counts), 2)
    points = tuple(counts)
    parts = sides or (points[:half], points[half : half + odd], points[half + odd :])
    lower, middle, upper = parts
    scarce = [
        not enough(k, sum(counts[p] for p in side)) for side in (lower + middle, middle + upper)
    ]
    for bands in _partitions(parts, small, scarce):
        large = enough(k, *(sum(counts[p] for p in band) for band in bands))
        if large and all(_room(counts, bands, p, sums or {}, moments) >= k for p in small):
            return bands
    return []


def _partitions(sides: Sides, small: Sequence[int], scarce: Sequence[bool]) -> Iterator[list[Band]]:
    """From every point alone to all but the ends of one side in one part. scarce: whether all below
    the upper side, and all above the lower one, are too few; only then a part is of both sides."""

    def alone(points: Band) -> list[Band]:
        return [(point,) for point in points]

    def together(points: Band) -> list[Band]:
        return [points] if points else []

    def merged(points: Band) -> list[Band]:
        return together(points) if set(points) & set(small) else alone(points)

    lower, middle, upper = sides
    yield [band for side in sides for band in alone(side)]
    yield [band for side in sides for band in merged(side)]
    yield [*together(lower), *merged(middle), *together(upper)]
    for join in (merged, together):
        yield [lower + middle, *join(upper)]
    for join in (merged, together):
        yield [*join(lower), middle + upper]
    for cut in range(len(upper) - 1, 0, -1) if scarce[0] else ():
        yield [lower + middle + upper[:-cut], upper[-cut:]]
    for cut in range(len(lower) - 1, 0, -1) if scarce[1] else ():
        yield [lower[:cut], lower[cut:] + middle + upper]


def _room(
    counts: Mapping[int, int], bands: Sequence[Band], at: int, sums: Mapping[int, str], moments: int
) -> float:
    """How far apart the least and the greatest number of persons at a point may be, given the parts
    and whatever else is published."""
    points = list(counts)
    known = [[float(p in band) for p in points] for band in bands]
    known += [[float(sums.get(p) == name) for p in points] for name in set(sums.values())]
    known += [[float(p) ** power for p in points] for power in range(1, moments + 1)]
    totals = [float(np.dot(row, list(counts.values()))) for row in known]
    wanted = np.array([float(p == at) for p in points])
    least, most = (linprog(c, A_eq=known, b_eq=totals) for c in (wanted, -wanted))
    return -most.fun - least.fun if least.success and most.success else 0.0
