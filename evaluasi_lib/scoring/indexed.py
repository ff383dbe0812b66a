"""The known index that an instrument declares, as details of its score.

ikm {index, grade, label, grade_with_011}; nps {score, ci_low, ci_high, promoters, passives,
detractors}; jpm {mean_gap, mean_pct, below_share, bands}; ipa {items: [{item, label, performance,
importance, quadrant, quadrant_midpoint, switches}], cross_performance, cross_importance}.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.disclosure import is_small, protect_counts
from evaluasi_lib.errors import DataError
from evaluasi_lib.program import Instrument
from evaluasi_lib.scoring.frames import instrument_rows, numeric
from evaluasi_lib.scoring.indices import attainment, band, ikm, importance_performance, nps
from evaluasi_lib.scoring.standards import standards
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose


def index_details(
    study: Study, instrument: Instrument, rows: pd.DataFrame, wave: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Details and warnings of an instrument's declared index in one group (rows) at a wave."""
    details: dict[str, Any] = {}
    warnings: list[str] = []
    kinds = {"ikm": _ikm, "nps": _nps, "jpm": _jpm}
    if instrument.index in kinds:
        found, notes = kinds[instrument.index](study, instrument, rows)
        warnings += notes
        if found:
            details[instrument.index] = found
    if instrument.index == "ip_asn":
        warnings.append(
            _("Circular: attending training raises the Indeks Profesionalitas by rule, so it "
              "cannot show what the training did. Use its other dimensions instead.")
        )  # fmt: skip
    if instrument.importance and (quadrants := _ipa(study, instrument, rows, wave)):
        details["ipa"] = quadrants
        moved = sum(item["switches"] for item in quadrants["items"])
        if moved:
            warnings.append(
                _("{n} items change their quadrant when the scales' midpoints are the crosshair.")
                .format(n=moved)
            )  # fmt: skip
    return details, tuple(warnings)


def _ikm(
    study: Study, instrument: Instrument, rows: pd.DataFrame
) -> tuple[dict[str, Any], list[str]]:
    scale = study.program.scales[instrument.scale]
    if (scale.min, scale.n_points) != (1, 4):
        return {}, [
            _("No IKM: the official index needs items with four answers, 1 to 4, and these have "
              "{n}.").format(n=scale.n_points)
        ]  # fmt: skip
    answers = rows[instrument.items].to_numpy(dtype=float)
    if np.isnan(answers).all(axis=0).any():
        return {}, [_("No IKM: one of its items was answered by nobody.")]
    table = standards(study.program.standards)["ikm"]["bands"]
    found = ikm(answers, table)
    notes = [
        _("The IKM measures public services; for a training it is used by analogy, not as the "
          "official index.")
    ]  # fmt: skip
    if found.weight_matters:
        notes.append(
            _("With the weight 0.11 that some forms use the grade would be {wrong} instead of "
              "{right}; the weight is one divided by the number of items.").format(
                wrong=found.grade_with_011, right=found.grade
            )
        )  # fmt: skip
    grade = band(found.index, table)
    return {
        "index": found.index,
        "grade": grade["grade"],
        "label": choose(grade["label"]),
        "grade_with_011": found.grade_with_011,
        "per_item": dict(zip(instrument.items, found.per_item, strict=True)),
    }, notes


def _nps(
    study: Study, instrument: Instrument, rows: pd.DataFrame
) -> tuple[dict[str, Any], list[str]]:
    scale = study.program.scales[instrument.scale]
    if (scale.min, scale.max) != (0, 10) or len(instrument.items) != 1:
        return {}, [_("No net promoter score: it needs one question with answers from 0 to 10.")]
    found = nps(rows[instrument.items[0]])
    if found is None:
        return {}, []
    counts = {"promoters": found.promoters, "passives": found.passives}
    safe = protect_counts(
        counts | {"detractors": found.detractors}, k=study.program.privacy.min_cell
    )
    return {"score": found.score, "ci_low": found.ci_low, "ci_high": found.ci_high, **safe}, []


def _jpm(
    study: Study, instrument: Instrument, rows: pd.DataFrame
) -> tuple[dict[str, Any], list[str]]:
    name = instrument.required_level
    if name is None or name not in rows:
        return {}, [_("No competency gap: the level that each job requires is not known.")]
    found = attainment(rows[instrument.items], numeric(rows[name]))
    if found is None:
        return {}, []
    k = study.program.privacy.min_cell
    if is_small(found.n, k):
        return {}, []
    return asdict(found) | {"bands": protect_counts(found.bands, k=k)}, []


def _ipa(
    study: Study, instrument: Instrument, rows: pd.DataFrame, wave: str
) -> dict[str, Any] | None:
    """Importance-performance of the items, by both crosshairs; None without the other answers."""
    other = study.program.instruments[instrument.importance or ""]
    if len(other.items) != len(instrument.items):
        return None
    try:
        asked = instrument_rows(study, other, wave)
    except DataError:
        return None
    asked = asked[asked["group"].isin(rows["group"].unique())]
    performance = rows[instrument.items].mean().to_numpy()
    importance = asked[other.items].mean().to_numpy()
    counts = [*rows[instrument.items].count(), *asked[other.items].count()]
    if any(n < study.program.privacy.min_cell for n in counts):
        return None
    scales = study.program.scales
    middle = [(scales[i.scale].min + scales[i.scale].max) / 2 for i in (instrument, other)]
    found = importance_performance(
        performance, importance, midpoint_performance=middle[0], midpoint_importance=middle[1]
    )
    labels = {c: choose(d.label) or d.header for s in study.program.sources.values()
              for c, d in s.columns.items()}  # fmt: skip
    return {
        "items": [
            {"item": name, "label": labels.get(name, name), "performance": item.performance,
             "importance": item.importance, "quadrant": item.quadrant,
             "quadrant_midpoint": item.quadrant_midpoint, "switches": item.switches}
            for name, item in zip(instrument.items, found.items, strict=True)
        ],
        "cross_performance": found.cross_performance,
        "cross_importance": found.cross_importance,
    }  # fmt: skip
