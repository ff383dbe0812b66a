"""What could be wrong with a primary estimate: loss of persons, earlier trends, hidden causes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.disclosure import is_small
from evaluasi_lib.errors import DataError
from evaluasi_lib.program import Outcome
from evaluasi_lib.scoring.frames import OutcomeFrame, design_matrix, in_program, measure
from evaluasi_lib.scoring.impact.case import Case
from evaluasi_lib.scoring.impact.did import did
from evaluasi_lib.scoring.impact.estimate import Estimate
from evaluasi_lib.scoring.impact.sensitivity import e_value_difference, lee_bounds
from evaluasi_lib.scoring.impact.weighting import propensity
from evaluasi_lib.scoring.items import rake
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, percent

MIN_LOST = 5  # persons; with fewer there is nothing to model
CEILING_SHARE = 0.15  # of persons at the end of the scale before (McHorney and Tarlov 1995)


@dataclass(frozen=True, slots=True)
class Attrition:
    """Loss between the persons assigned or invited and those analysed; shares 0-1, by group."""

    assigned: dict[str, int]
    analysed: dict[str, int]

    @property
    def overall(self) -> float:
        return 1 - sum(self.analysed.values()) / sum(self.assigned.values())

    @property
    def differential(self) -> float | None:
        """Difference between the groups' losses, always positive; None with one group."""
        lost = [1 - self.analysed.get(g, 0) / n for g, n in self.assigned.items() if n]
        return abs(lost[0] - lost[1]) if len(lost) == 2 else None


def diagnose_attrition(study: Study, frame: OutcomeFrame) -> Attrition | None:
    """Loss of an outcome; None where it is not known who was invited or persons are not linked."""
    program = study.program
    if program.design.attrition == "unknown" or program.roster is None or not study.linked:
        return None
    persons = _assigned(study, frame)
    counts = persons["group"].value_counts()
    present = persons.index.intersection(pd.Index(frame.complete["pid"]))
    kept = persons.loc[present, "group"].value_counts()
    order = [g for g in ("program", "comparison") if g in counts]
    return Attrition({g: int(counts[g]) for g in order}, {g: int(kept.get(g, 0)) for g in order})


def _assigned(study: Study, frame: OutcomeFrame) -> pd.DataFrame:
    """The persons on the roster of the groups that the outcome's design compares."""
    groups = ("program",) if frame.design == "single_group" else ("program", "comparison")
    return study.persons[study.persons["group"].isin(groups)]


def add_weights(study: Study, frame: OutcomeFrame) -> OutcomeFrame:
    """The frame with `weight_attrition` and `weight_population` where they can be made.

    weight_attrition: 1 / chance of being analysed, logistic in group and declared covariates, of
    everybody on the roster. weight_population: each group raked to the declared margins.
    """
    rows = frame.after
    chance = _chance_analysed(study, frame)
    if chance is not None:
        rows = rows.assign(weight_attrition=1 / rows["pid"].map(chance))
    margins = study.program.population
    if margins and set(margins) <= set(rows.columns):
        weight = pd.Series(np.nan, index=rows.index)
        for _group, part in rows.groupby("group", sort=False):
            weight[part.index] = rake(part, margins).per_row
        rows = rows.assign(weight_population=weight)
    return replace(frame, after=rows)


def _chance_analysed(study: Study, frame: OutcomeFrame) -> pd.Series | None:
    program = study.program
    if diagnose_attrition(study, frame) is None or not program.design.covariates:
        return None
    persons = _assigned(study, frame)
    seen = persons.index.isin(frame.complete["pid"])
    if min(seen.sum(), (~seen).sum()) < MIN_LOST:
        return None
    z, _names = design_matrix(persons, program.design.covariates)
    if frame.design != "single_group":
        z = np.column_stack([in_program(persons).astype(float), z])
    fit = propensity(z, seen)
    return None if isinstance(fit, str) else pd.Series(fit.score, index=persons.index)


def sensitivity_details(study: Study, case: Case, primary: Estimate) -> dict[str, Any]:
    """Figures that go with a primary estimate: e_value (comparison designs alone), lee_bounds
    (randomised, persons lost), placebo (a wave before the baseline)."""
    details: dict[str, Any] = {}
    if case.frame.design == "comparison" and primary.estimate is not None:
        g, low, high = primary.effect_size()
        if g is not None and low is not None and high is not None:
            found = e_value_difference(g, (high - low) / (2 * 1.959963984540054))
            details["e_value"], details["e_value_interval"] = found.point, found.interval
    if case.frame.design == "randomised" and (bounds := _lee(study, case)):
        details["lee_bounds"] = bounds
    if case.frame.design == "comparison" and (earlier := _placebo(study, case)):
        details["placebo"] = earlier
    return details


def _lee(study: Study, case: Case) -> dict[str, Any] | None:
    if diagnose_attrition(study, case.frame) is None:
        return None
    persons = _assigned(study, case.frame)
    y = persons.index.to_series().map(case.frame.after.set_index("pid")["y"]).astype(float)
    seen = y.notna().to_numpy()
    if seen.all():
        return None
    found = lee_bounds(y, in_program(persons), seen)
    return None if found is None else asdict(found)


def _placebo(study: Study, case: Case) -> dict[str, Any] | None:
    """Difference in differences between the baseline and the wave before it, when the program had
    not begun: it should be near zero."""
    outcome = case.outcome
    waves = list(dict.fromkeys(s.wave for s in study.program.sources.values() if s.wave))
    if case.baseline != "linked" or outcome.baseline_wave not in waves:
        return None
    free = outcome.model_copy(update={"source": None})
    for wave in reversed(waves[: waves.index(outcome.baseline_wave)]):
        try:
            earlier = measure(study, free, wave, outcome.variable)
        except DataError:
            continue
        rows = case.frame.complete
        known = rows["pid"].map(earlier.set_index("pid")["y"]).astype(float)
        rows = rows.assign(earlier=known).dropna(subset=["earlier"])
        found = did(rows["y0"], rows["earlier"], case.member(rows), clusters=case.clusters(rows))
        low, high = found.interval()
        n = found.n_program + (found.n_comparison or 0)
        return {"wave": wave, "estimate": found.estimate, "ci_low": low, "ci_high": high,
                "p_value": found.p_value, "n": n}  # fmt: skip
    return None


def cautions(study: Study, case: Case, primary: Estimate) -> list[str]:
    """What a reader must know of the design and the data, in words."""
    notes: list[str] = []
    outcome, k = case.outcome, study.program.privacy.min_cell
    if case.frame.design == "single_group":
        notes.append(
            _("There is no comparison group: the figure shows change, and other causes than the "
              "program cannot be told apart.")
        )  # fmt: skip
    if case.baseline == "linked" and study.program.link in ("nip", "respondent_code"):
        words = {"program": _("program group"), "comparison": _("comparison group")}
        for group, share in case.frame.linked_share.items():
            n = int((case.frame.after["group"] == group).sum())
            if share < 0.9 and not is_small(round(n * (1 - share)), k):
                notes.append(
                    _("Only {share} of the answers of the {group} could be linked with the measure "
                      "before the program.").format(share=percent(share), group=words[group])
                )  # fmt: skip
    if is_circular(study, outcome):
        notes.append(
            _("Circular: attending training raises the Indeks Profesionalitas by rule, so it "
              "cannot show what the training did. Use its other dimensions instead.")
        )  # fmt: skip
    if is_skp(study, outcome):
        notes.append(
            _("SKP predicates are held within the limits of the organisation's own predicate, "
              "which compresses differences between persons.")
        )  # fmt: skip
    if outcome.scale_type == "ordinal" and primary.estimator in ("did_repeated", "drdid_repeated"):
        notes.append(
            _("The steps of this ordered outcome are treated as equally far apart, because the "
              "persons cannot be linked.")
        )  # fmt: skip
    placebo = primary.details.get("placebo") or {}
    if placebo.get("p_value") is not None and placebo["p_value"] < 0.05:
        notes.append(
            _("The groups already moved apart before the program began, so the difference in "
              "differences may not be its effect.")
        )  # fmt: skip
    if (top := _at_ceiling(study, case)) is not None:
        notes.append(
            _("{share} of the persons were at the best value already before the program and could "
              "not improve (ceiling).").format(share=percent(top))
        )  # fmt: skip
    return notes


def is_circular(study: Study, outcome: Outcome) -> bool:
    """Whether the outcome is the Indeks Profesionalitas, which training raises by rule."""
    return _index(study, outcome) == "ip_asn"


def is_skp(study: Study, outcome: Outcome) -> bool:
    """Whether the outcome is the SKP predicate: declared as such, or by the variable's name."""
    return _index(study, outcome) == "skp" or "skp" in (outcome.variable or "").lower().split("_")


def _index(study: Study, outcome: Outcome) -> str | None:
    return study.program.instruments[outcome.instrument].index if outcome.instrument else None


def _at_ceiling(study: Study, case: Case) -> float | None:
    before = case.frame.before
    if before is None and "y0" not in case.frame.after:
        return None
    y = (before["y"] if before is not None else case.frame.after["y0"]).dropna()
    end = best_value(study, case.outcome, y)
    if end is None or y.empty:
        return None
    top = np.isclose(y, end)
    if is_small(int(top.sum()), study.program.privacy.min_cell):
        return None
    return float(top.mean()) if top.mean() > CEILING_SHARE else None


def best_value(study: Study, outcome: Outcome, seen: pd.Series | None = None) -> float | None:
    """The best possible value: of the instrument's scale, or of an ordered variable (its highest
    category, as seen); None where there is no bound."""
    up = outcome.direction == "higher"
    if outcome.instrument is not None:
        scale = study.program.scales[study.program.instruments[outcome.instrument].scale]
        return float(scale.max if up else scale.min)
    if outcome.scale_type == "ordinal" and seen is not None and seen.notna().any():
        return float(seen.max() if up else seen.min())
    return None
