"""Items to scores: every instrument and dimension, at every wave, in every group."""

from __future__ import annotations

import pandas as pd

from evaluasi_lib.disclosure import protect, protect_counts
from evaluasi_lib.errors import DataError
from evaluasi_lib.program import Instrument, Scale
from evaluasi_lib.results import Group, ScaleScore
from evaluasi_lib.scoring.frames import instrument_rows
from evaluasi_lib.scoring.items import (
    mean_interval,
    rescale_100,
    score_items,
    top2_share,
    wilson,
)
from evaluasi_lib.scoring.reliability import diagnose_reliability
from evaluasi_lib.study import GROUPS, Study
from evaluasi_lib.wording import _, choose


def score_scales(study: Study) -> tuple[ScaleScore, ...]:
    """Every instrument and each of its dimensions (`instrument.dimension`), by wave and group."""
    scores = []
    for name, instrument in study.program.instruments.items():
        for wave in study.waves_of(instrument):
            try:
                rows = instrument_rows(study, instrument, wave)
            except DataError:
                continue  # no one source asks all the items at this wave
            parts = {name: instrument.items} | {
                f"{name}.{dimension}": items for dimension, items in instrument.dimensions.items()
            }
            for group in GROUPS:
                members = rows[rows["group"] == group]
                if members.empty:
                    continue
                scores += [
                    _scale_score(study, instrument, part, items, wave, group, members)
                    for part, items in parts.items()
                ]
    return tuple(scores)


def _scale_score(
    study: Study, instrument: Instrument, name: str, items: list[str], wave: str, group: Group,
    rows: pd.DataFrame,
) -> ScaleScore:  # fmt: skip
    scale: Scale = study.program.scales[instrument.scale]
    answers = rows[items].to_numpy(dtype=float)
    found = mean_interval(score_items(answers, instrument.min_answered_share))
    reliability = diagnose_reliability(answers) if len(items) > 1 else None
    share = top2_share(answers, scale.max)
    top = share[0] if share else None
    # The share is of answers, its interval of persons: answers of one person are not independent.
    top_low, top_high = (
        wilson(top * found.n, found.n) if top is not None and found.n else (None, None)
    )
    label = choose(instrument.label)
    if "." in name:
        label = f"{label}: {name.split('.', 1)[1].replace('_', ' ')}"
    score = ScaleScore(
        scale=name,
        label=label,
        level=instrument.level,
        wave=wave,
        group=group,
        n_items=len(items),
        n=found.n,
        mean=found.mean,
        sd=found.sd,
        mean_100=None if found.mean is None else rescale_100(found.mean, scale.min, scale.max),
        ci_low=found.ci_low,
        ci_high=found.ci_high,
        alpha=reliability.alpha if reliability else None,
        alpha_ci_low=reliability.alpha_ci_low if reliability else None,
        alpha_ci_high=reliability.alpha_ci_high if reliability else None,
        omega_total=reliability.omega_total if reliability else None,
        top2_share=top,
        top2_ci_low=top_low,
        top2_ci_high=top_high,
        reason=None if found.n else _("nobody answered enough items for a score"),
    )
    return protect(score, persons=found.n, k=study.program.privacy.min_cell, keep=("n_items",))


def instrument_scores(study: Study, instrument_id: str, wave: str) -> pd.DataFrame:
    """One row for each answer sheet of a wave: row, pid, group, score, and the background.

    For calculation, not for publication. Raises DataError where no source asks all the items.
    """
    instrument = study.program.instruments[instrument_id]
    rows = instrument_rows(study, instrument, wave)
    score = score_items(rows[instrument.items].to_numpy(dtype=float), instrument.min_answered_share)
    rest = [
        c for c in rows if c not in (*instrument.items, "row", "pid", "group", "score", "source")
    ]
    return rows.assign(score=score)[["row", "pid", "group", "score", *rest]]


def item_distributions(study: Study, instrument_id: str, wave: str) -> pd.DataFrame:
    """item, item_label, value, label, n, share of each answer of the program group; one row for
    each item and point of the scale, in declared order. Hidden cells are missing (disclosure)."""
    instrument = study.program.instruments[instrument_id]
    scale = study.program.scales[instrument.scale]
    rows = instrument_rows(study, instrument, wave)
    rows = rows[rows["group"] == "program"]
    points = range(scale.min, scale.max + 1)
    labels = [str(text) for text in scale.labels] or [str(point) for point in points]
    records = []
    for item in instrument.items:
        answers = rows[item].dropna()
        counts = {str(point): int((answers == point).sum()) for point in points}
        safe = protect_counts(counts, k=study.program.privacy.min_cell)
        # A reversed item was turned when it was read; its label is turned back here.
        names = labels[::-1] if item in instrument.reversed else labels
        for (value, n), label in zip(safe.items(), names, strict=True):
            share = None if n is None or not len(answers) else n / len(answers)
            records.append((item, item_label(study, item), int(value), label, n, share))
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
