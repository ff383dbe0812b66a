"""Items to scores: every instrument and dimension, at every wave, in every group."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.disclosure import SMALL_CELL, is_small, protect, protect_counts
from evaluasi_lib.errors import DataError
from evaluasi_lib.program import Instrument
from evaluasi_lib.results import Group, ScaleScore
from evaluasi_lib.scoring.frames import instrument_rows
from evaluasi_lib.scoring.impact.case import cluster_codes
from evaluasi_lib.scoring.impact.estimate import critical
from evaluasi_lib.scoring.impact.linear import fit_linear
from evaluasi_lib.scoring.indexed import index_details
from evaluasi_lib.scoring.items import rescale_100, score_items, top2_share, wilson
from evaluasi_lib.scoring.reliability import describe_reliability, diagnose_reliability
from evaluasi_lib.scoring.weights import Weights, rake
from evaluasi_lib.study import GROUPS, Study
from evaluasi_lib.wording import _, choose


@dataclass(frozen=True, slots=True)
class _Part:
    """An instrument or one of its dimensions, in one group at one wave."""

    name: str
    label: str
    instrument: Instrument
    items: list[str]
    wave: str
    group: Group
    rows: pd.DataFrame


def score_scales(study: Study) -> tuple[ScaleScore, ...]:
    """Every instrument and each of its dimensions (`instrument.dimension`), by wave and group.

    Means are weighted to the declared population where there is one (program group), and their
    intervals allow for the declared clusters. details hold, where they apply: `reliability` (in
    words), `item_rest` and `alpha_if_deleted` by item, `weights` (deff, n_effective,
    mean_unweighted), and `ikm`, `nps`, `jpm` or `ipa` (see indexed.py).
    """
    scores = []
    for name, instrument in study.program.instruments.items():
        for wave in study.waves_of(instrument):
            try:
                rows = instrument_rows(study, instrument, wave)
            except DataError:
                continue  # no one source asks all the items at this wave
            label = choose(instrument.label)
            parts = {name: (label, instrument.items)} | {
                f"{name}.{dimension}": (f"{label}: {dimension.replace('_', ' ')}", items)
                for dimension, items in instrument.dimensions.items()
            }
            for group in GROUPS:
                members = rows[rows["group"] == group]
                if members.empty:
                    continue
                scores += [
                    _scale_score(study, _Part(part, text, instrument, items, wave, group, members))
                    for part, (text, items) in parts.items()
                ]
    return tuple(scores)


def _scale_score(study: Study, part: _Part) -> ScaleScore:
    scale = study.program.scales[part.instrument.scale]
    k = study.program.privacy.min_cell
    answers = part.rows[part.items].to_numpy(dtype=float)
    y = score_items(answers, part.instrument.min_answered_share)
    numbers, details = _mean(study, part, y)
    n, mean = numbers["n"], numbers["mean"]
    found = diagnose_reliability(answers) if len(part.items) > 1 else None
    if len(part.items) > 1:
        details["reliability"] = describe_reliability(found, study.program.thresholds.min_alpha)
    if found is not None:
        details["item_rest"] = dict(zip(part.items, found.item_rest, strict=True))
        details["alpha_if_deleted"] = dict(zip(part.items, found.alpha_if_deleted, strict=True))
    share = top2_share(answers, scale.max)
    top = share[0] if share else None
    # The share is of answers, its interval of persons: answers of one person are not independent.
    low, high = wilson(top * n, n) if top is not None and n else (None, None)
    whole = part.name in study.program.instruments
    warnings: tuple[str, ...] = ()
    if whole and n >= k:
        more, warnings = index_details(study, part.instrument, part.rows, part.wave)
        details |= more
    score = ScaleScore(
        scale=part.name,
        label=part.label,
        level=part.instrument.level,
        wave=part.wave,
        group=part.group,
        n_items=len(part.items),
        mean_100=None if mean is None else rescale_100(mean, scale.min, scale.max),
        alpha=found.alpha if found else None,
        alpha_ci_low=found.alpha_ci_low if found else None,
        alpha_ci_high=found.alpha_ci_high if found else None,
        omega_total=found.omega_total if found else None,
        top2_share=top,
        top2_ci_low=low,
        top2_ci_high=high,
        reason=None if n else _("nobody answered enough items for a score"),
        details=details,
        warnings=warnings,
        **numbers,
    )
    if part.instrument.index == "skp":
        score = replace(
            score, mean=None, sd=None, mean_100=None, ci_low=None, ci_high=None,
            reason=_("SKP predicates have an order but no distances: see their distribution"),
        )  # fmt: skip
    safe = protect(score, persons=n, k=k, keep=("n_items", "warnings"))
    return replace(safe, details={}) if safe.reason == SMALL_CELL else safe


def _mean(study: Study, part: _Part, y: np.ndarray) -> tuple[dict[str, Any], dict[str, Any]]:
    """n, mean, sd and interval of the scores y (rows,); and how they were weighted."""
    known = ~np.isnan(y)
    rows, y = part.rows[known], y[known]
    n = len(y)
    if n < 2:
        mean = float(y[0]) if n else None
        return {"n": n, "mean": mean, "sd": None, "ci_low": None, "ci_high": None}, {}
    weights = population_weights(study, rows) if part.group == "program" else None
    clusters = cluster_codes(rows, study.program.design.cluster)
    w = None if weights is None else weights.per_row
    fit = fit_linear(
        np.ones((n, 1)), y, errors="HC2" if clusters is None else "CR2", clusters=clusters,
        weights=w,
    )  # fmt: skip
    mean, half = float(fit.coef[0]), float(critical(0.95, fit.df[0]) * fit.std_error[0])
    spread = float(np.sqrt(np.average((y - mean) ** 2, weights=w) * n / (n - 1)))
    details: dict[str, Any] = {"errors": fit.errors}
    if weights is not None:
        details["weights"] = {
            "deff": weights.deff, "n_effective": weights.n_effective,
            "mean_unweighted": float(y.mean()), "left_out": list(weights.left_out),
        }  # fmt: skip
    one_cluster = fit.n_clusters == 1
    return {
        "n": n, "mean": mean, "sd": spread,
        "ci_low": None if one_cluster else mean - half,
        "ci_high": None if one_cluster else mean + half,
    }, details  # fmt: skip


def population_weights(study: Study, rows: pd.DataFrame) -> Weights | None:
    """Weights of rows to the declared population margins; None where there are none or the rows
    lack a variable of theirs."""
    margins = study.program.population
    if not margins or not set(margins) <= set(rows.columns):
        return None
    return rake(rows, margins)


def instrument_scores(study: Study, instrument_id: str, wave: str) -> pd.DataFrame:
    """One row for each answer sheet of a wave: row, pid, group, score, and the background.

    For calculation, not for publication. Raises DataError where no source asks all the items.
    """
    instrument = study.program.instruments[instrument_id]
    rows = instrument_rows(study, instrument, wave)
    score = score_items(rows[instrument.items].to_numpy(dtype=float), instrument.min_answered_share)
    first = ("row", "pid", "group", "score")
    rest = [c for c in rows if c not in (*instrument.items, *first, "source")]
    return rows.assign(score=score)[[*first, *rest]]


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


def item_label(study: Study, item: str) -> str:
    """The question as the questionnaire puts it, else the variable's name."""
    for source in study.program.sources.values():
        if item in source.columns:
            column = source.columns[item]
            return choose(column.label) or column.header
    return item
