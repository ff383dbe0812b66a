"""Scores of every instrument and dimension, at every wave, in every group, and known indices.

`details` of a score, where they apply: item_rest, alpha_if_deleted (by item); ikm {index, grade,
label}; nps {score, ci_low, ci_high}; jpm {mean_pct, below_share}; ipa {items: [{item, label,
performance, importance, quadrant}], cross_performance, cross_importance}.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from evaluasi_lib.disclosure import SMALL_CELL, is_small, protect, protect_counts
from evaluasi_lib.errors import DataError
from evaluasi_lib.labels import level_label
from evaluasi_lib.program import Instrument
from evaluasi_lib.results import ScaleScore
from evaluasi_lib.scoring.frames import instrument_rows, numeric
from evaluasi_lib.scoring.impact.estimate import critical
from evaluasi_lib.scoring.impact.models import cluster_codes, fit_linear
from evaluasi_lib.scoring.items import (
    diagnose_reliability,
    rake,
    rescale_100,
    score_items,
    top2_share,
    wilson,
)
from evaluasi_lib.scoring.persons import item_label
from evaluasi_lib.scoring.standards import band, standards
from evaluasi_lib.study import GROUPS, Study
from evaluasi_lib.wording import _, choose

Found = tuple[dict[str, Any], list[str]]  # of an index: its details, and warnings


def score_scales(study: Study) -> tuple[ScaleScore, ...]:
    """Every instrument and each of its dimensions (`instrument.dimension`), by wave and group.

    Means are weighted to the declared population where there is one (program group), and their
    intervals allow for the declared clusters. `details`: see the module.
    """
    scores: list[ScaleScore] = []
    for name, instrument in study.program.instruments.items():
        for wave in study.waves_of(instrument):
            try:
                rows = instrument_rows(study, instrument, wave)
            except DataError:
                continue  # no one source asks all the items at this wave
            for group in GROUPS:
                members = rows[rows["group"] == group]
                if not members.empty:
                    named = {"level": instrument.level, "wave": wave, "group": group}
                    scores += _scores(study, name, members, named)
    return tuple(scores)


def _scores(
    study: Study, name: str, rows: pd.DataFrame, named: dict[str, Any]
) -> Iterator[ScaleScore]:
    """The score of an instrument in one group (rows) at one wave, then those of its dimensions."""
    instrument = study.program.instruments[name]
    label = choose(instrument.label)
    yield _score(study, name, instrument.items, rows, named | {"label": label})
    for dimension, items in instrument.dimensions.items():
        text = f"{label}: {dimension.replace('_', ' ')}"
        yield _score(study, f"{name}.{dimension}", items, rows, named | {"label": text})


def _score(
    study: Study, scale_id: str, items: list[str], rows: pd.DataFrame, named: dict[str, Any]
) -> ScaleScore:
    instrument = study.program.instruments[scale_id.split(".", maxsplit=1)[0]]
    scale, k = study.program.scales[instrument.scale], study.program.privacy.min_cell
    answers = rows[items].to_numpy(dtype=float)
    numbers, warnings = _mean(study, rows, score_items(answers, instrument.min_answered_share))
    n, mean = numbers["n"], numbers["mean"]
    found = diagnose_reliability(answers) if len(items) > 1 else None
    details: dict[str, Any] = {}
    if found is not None:
        details["item_rest"] = dict(zip(items, found.item_rest, strict=True))
        details["alpha_if_deleted"] = dict(zip(items, found.alpha_if_deleted, strict=True))
    share = top2_share(answers, scale.max)
    top = share[0] if share else None
    # The share is of answers, its interval of persons: answers of one person are not independent.
    low, high = wilson(top * n, n) if top is not None and n else (None, None)
    if scale_id in study.program.instruments and n >= k:
        more, notes = _indices(study, instrument, rows, named["wave"])
        details, warnings = details | more, warnings + notes
    reason = None if n else _("nobody answered enough items for a score")
    if instrument.index == "skp":
        mean = None
        numbers |= dict.fromkeys(("mean", "sd", "ci_low", "ci_high"))
        reason = _("SKP predicates have an order but no distances: see their distribution")
    score = ScaleScore(
        scale=scale_id,
        n_items=len(items),
        mean_100=None if mean is None else rescale_100(mean, scale.min, scale.max),
        alpha=found.alpha if found else None,
        alpha_ci_low=found.alpha_ci_low if found else None,
        alpha_ci_high=found.alpha_ci_high if found else None,
        omega_total=found.omega_total if found else None,
        top2_share=top,
        top2_ci_low=low,
        top2_ci_high=high,
        reason=reason,
        details=details,
        warnings=tuple(warnings),
        **numbers,
        **named,
    )
    safe = protect(score, persons=n, k=k, keep=("n_items", "warnings"))
    return replace(safe, details={}) if safe.reason == SMALL_CELL else safe


def _mean(study: Study, rows: pd.DataFrame, y: np.ndarray) -> Found:
    """n, mean, sd and 95% interval of the scores y (rows,), weighted to the declared population
    where the rows are the program's and know its variables; and whom the weights cannot mend."""
    known = ~np.isnan(y)
    rows, y = rows[known], y[known]
    n = len(y)
    if n < 2:
        mean = float(y[0]) if n else None
        return {"n": n, "mean": mean, "sd": None, "ci_low": None, "ci_high": None}, []
    margins, weights, warnings = study.program.population, None, []
    if margins and set(margins) <= set(rows) and rows["group"].iloc[0] == "program":
        raked = rake(rows, margins)
        weights = raked.per_row
        if raked.left_out:
            named = [level_label(study.program, *pair) for pair in raked.left_out]
            text = _("Nobody answered of {groups}, so the weighted mean says nothing of them.")
            warnings.append(text.format(groups=", ".join(named)))
    clusters = cluster_codes(rows, study.program.design.cluster)
    fit = fit_linear(np.ones((n, 1)), y, clusters=clusters, weights=weights)
    mean, half = float(fit.coef[0]), float(critical(0.95, fit.df[0]) * fit.std_error[0])
    one_cluster = clusters is not None and len(np.unique(clusters)) == 1
    return {
        "n": n,
        "mean": mean,
        "sd": float(np.sqrt(np.average((y - mean) ** 2, weights=weights) * n / (n - 1))),
        "ci_low": None if one_cluster else mean - half,
        "ci_high": None if one_cluster else mean + half,
    }, warnings


def item_distributions(study: Study, instrument_id: str, wave: str) -> pd.DataFrame:
    """item, item_label, value, label, n, share of each answer of the program group; one row for
    each item and point of the scale, in declared order. Hidden cells are missing (disclosure)."""
    instrument = study.program.instruments[instrument_id]
    scale = study.program.scales[instrument.scale]
    rows = instrument_rows(study, instrument, wave)
    points = range(scale.min, scale.max + 1)
    return distribution(
        rows.loc[rows["group"] == "program", instrument.items],
        dict(zip(points, map(str, scale.labels or points), strict=True)),
        reversed=instrument.reversed,
        names={item: item_label(study, item) for item in instrument.items},
        k=study.program.privacy.min_cell,
    )


def distribution(
    answers: pd.DataFrame,
    labels: Mapping[int, str],
    *,
    reversed: Collection[str] = (),
    names: Mapping[str, str] | None = None,
    k: int,
) -> pd.DataFrame:
    """The columns of `item_distributions` for answers (persons, items) on a scale of points.

    labels: point -> its answer, from low to high. reversed: items that were turned when they were
    read; their labels are turned back here. names: item -> its question.
    """
    records = []
    for item in map(str, answers.columns):
        known = answers[item].dropna()
        counts = {str(point): int((known == point).sum()) for point in labels}
        safe = protect_counts(counts, k=k)
        if is_small(len(known), k):
            safe = dict.fromkeys(counts)
        texts = list(labels.values())
        for (value, n), label in zip(
            safe.items(), texts[::-1] if item in reversed else texts, strict=True
        ):
            share = None if n is None or not len(known) else n / len(known)
            records.append((item, (names or {}).get(item, item), int(value), label, n, share))
    columns = ["item", "item_label", "value", "label", "n", "share"]
    return pd.DataFrame.from_records(records, columns=columns).astype(
        {"n": "Int64", "share": float}
    )


def _indices(study: Study, instrument: Instrument, rows: pd.DataFrame, wave: str) -> Found:
    """Details and warnings of an instrument's declared index in one group (rows) at a wave."""
    details: dict[str, Any] = {}
    warnings: list[str] = []
    kinds = {"ikm": _ikm, "nps": _nps, "jpm": _jpm}
    if instrument.index in kinds:
        found, warnings = kinds[instrument.index](study, instrument, rows)
        details = {instrument.index: found} if found else {}
    if instrument.index == "ip_asn":
        warnings.append(
            _("Circular: attending training raises the Indeks Profesionalitas by rule, so it "
              "cannot show what the training did. Use its other dimensions instead.")
        )  # fmt: skip
    if instrument.importance and (ipa := _ipa(study, instrument, rows, wave)):
        details["ipa"], notes = ipa
        warnings += notes
    return details, warnings


@dataclass(frozen=True, slots=True)
class Ikm:
    """index: 25-100, two decimals as the regulation rounds it; grade A-D. grade_with_011: the grade
    that the wrong weight 0.11 in place of 1/9 would give."""

    index: float
    grade: str
    label: str
    grade_with_011: str


def ikm(answers: ArrayLike, bands: list[dict[str, Any]]) -> Ikm:
    """Indeks Kepuasan Masyarakat of items (n, k) answered 1-4 (PermenPANRB 14/2017): the mean of
    the item means, each with weight 1/k, times 25. Raises ValueError for values outside 1-4."""
    x = np.asarray(answers, dtype=float)
    known = x[~np.isnan(x)]
    if known.size == 0 or known.min() < 1 or known.max() > 4:
        raise ValueError("an IKM needs answers on a scale of 1 to 4")
    items = np.nanmean(x, axis=0)
    wrong = 0.11 if len(items) == 9 else math.floor(100 / len(items)) / 100
    index = _half_up(float(items.mean()) * 25)
    found, other = band(index, bands), band(_half_up(float(items.sum()) * wrong * 25), bands)
    return Ikm(index, str(found["grade"]), choose(found["label"]), str(other["grade"]))


def _half_up(value: float) -> float:
    """Commercial rounding to two digits, as the regulation's worked examples do (not to even)."""
    return math.floor(value * 100 + 0.5 + 1e-9) / 100


def _ikm(study: Study, instrument: Instrument, rows: pd.DataFrame) -> Found:
    scale = study.program.scales[instrument.scale]
    if (scale.min, scale.n_points) != (1, 4):
        return {}, [
            _("No IKM: the official index needs items with four answers, 1 to 4, and these have "
              "{n}.").format(n=scale.n_points)
        ]  # fmt: skip
    if rows[instrument.items].isna().all().any():
        return {}, [_("No IKM: one of its items was answered by nobody.")]
    found = ikm(rows[instrument.items], standards(study.program.standards)["ikm"]["bands"])
    notes = [
        _("The IKM measures public services; for a training it is used by analogy, not as the "
          "official index.")
    ]  # fmt: skip
    if found.grade != found.grade_with_011:
        notes.append(
            _("With the weight 0.11 that some forms use the grade would be {wrong} instead of "
              "{right}; the weight is one divided by the number of items.").format(
                wrong=found.grade_with_011, right=found.grade
            )
        )  # fmt: skip
    return {"index": found.index, "grade": found.grade, "label": found.label}, notes


def nps(answers: ArrayLike) -> dict[str, float]:
    """Net promoter score of answers 0-10 (n,): score (share of 9-10 less share of 0-6, -1 to 1),
    ci_low, ci_high (95%, Wald's of a difference of two shares of one sample). Empty without
    answers; ValueError outside 0-10."""
    y = np.asarray(answers, dtype=float)
    y = y[~np.isnan(y)]
    if not len(y):
        return {}
    if y.min() < 0 or y.max() > 10:
        raise ValueError("a net promoter score needs answers from 0 to 10")
    up, down = float(np.sum(y >= 9)) / len(y), float(np.sum(y <= 6)) / len(y)
    score = up - down
    half = float(stats.norm.ppf(0.975)) * math.sqrt(max(up + down - score**2, 0) / len(y))
    return {"score": score, "ci_low": max(-1, score - half), "ci_high": min(1, score + half)}


def _nps(study: Study, instrument: Instrument, rows: pd.DataFrame) -> Found:
    scale = study.program.scales[instrument.scale]
    if (scale.min, scale.max) != (0, 10) or len(instrument.items) != 1:
        return {}, [_("No net promoter score: it needs one question with answers from 0 to 10.")]
    return nps(rows[instrument.items[0]]), []


def attainment(level: ArrayLike, required: ArrayLike) -> dict[str, Any]:
    """Job-person match (JPM) of levels (n, competencies) and required levels (n,), 1-5
    (PermenPANRB 38/2017): n persons whose two levels are known; mean_pct: held / required x 100,
    each competency capped at 100; below_share: persons whose mean level is under the required one.
    Empty without such a person."""
    need, held = np.asarray(required, dtype=float), np.asarray(level, dtype=float)
    known = ~np.isnan(held).all(axis=1) & ~np.isnan(need) & (need > 0)
    if not known.any():
        return {}
    held, need = held[known], need[known]
    pct = np.nanmean(np.minimum(held / need[:, None], 1.0), axis=1) * 100
    below = np.nanmean(held, axis=1) < need
    return {"n": len(held), "mean_pct": float(pct.mean()), "below_share": float(below.mean())}


def _jpm(study: Study, instrument: Instrument, rows: pd.DataFrame) -> Found:
    name = instrument.required_level
    if name is None or name not in rows:
        return {}, [_("No competency gap: the level that each job requires is not known.")]
    found = attainment(rows[instrument.items], numeric(rows[name]))
    return {} if is_small(found.get("n"), study.program.privacy.min_cell) else found, []


def quadrants(performance: ArrayLike, importance: ArrayLike, *, cross: ArrayLike) -> list[str]:
    """Martilla and James (1977) of mean performance (k,) and importance (k,) of each item: keep_up,
    concentrate, low_priority or overkill. cross: the crosshair (performance, importance); a tie
    counts as high."""
    at = np.asarray(cross, dtype=float)
    well, important = np.asarray(performance) >= at[0], np.asarray(importance) >= at[1]
    names = ["keep_up", "concentrate", "overkill"]
    found = np.select([important & well, important, well], names, "low_priority")
    return [str(name) for name in found]


def _ipa(study: Study, instrument: Instrument, rows: pd.DataFrame, wave: str) -> Found | None:
    """Importance-performance of the items about their grand means, and how many would move with the
    scales' midpoints as the crosshair; None without the other answers."""
    program = study.program
    other = program.instruments[instrument.importance or ""]
    if len(other.items) != len(instrument.items):
        return None
    try:
        asked = instrument_rows(study, other, wave)
    except DataError:
        return None
    asked = asked[asked["group"].isin(rows["group"].unique())]
    counts = [*rows[instrument.items].count(), *asked[other.items].count()]
    if any(n < program.privacy.min_cell for n in counts):
        return None
    means = rows[instrument.items].mean().to_numpy(), asked[other.items].mean().to_numpy()
    cross = [float(values.mean()) for values in means]
    scales = [program.scales[i.scale] for i in (instrument, other)]
    found = quadrants(*means, cross=cross)
    middle = quadrants(*means, cross=[(s.min + s.max) / 2 for s in scales])
    items = [
        {"item": item, "label": item_label(study, item), "performance": float(performance),
         "importance": float(importance), "quadrant": quadrant}
        for item, performance, importance, quadrant in zip(
            instrument.items, *means, found, strict=True)
    ]  # fmt: skip
    moved = sum(a != b for a, b in zip(found, middle, strict=True))
    text = _("{n} items change their quadrant when the scales' midpoints are the crosshair.")
    return {
        "items": items, "cross_performance": cross[0], "cross_importance": cross[1]
    }, [text.format(n=moved)] if moved else []  # fmt: skip
