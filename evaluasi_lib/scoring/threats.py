"""What casts doubt on an estimate: its design, the persons lost, the measure itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluasi_lib.disclosure import is_small
from evaluasi_lib.program import Outcome
from evaluasi_lib.results import Effect
from evaluasi_lib.scoring.frames import OutcomeFrame, instrument_rows
from evaluasi_lib.scoring.impact.checks import Attrition, best_value, is_circular
from evaluasi_lib.scoring.impact.plans import PARALLEL
from evaluasi_lib.scoring.items import diagnose_reliability
from evaluasi_lib.scoring.persons import item_label
from evaluasi_lib.scoring.standards import standards
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, number, percent

BEFORE_AND_AFTER = (*PARALLEL, "ancova")
ADJUSTS = (*BEFORE_AND_AFTER, "adjusted", "aipw", "ipw")
LINKED_SHARE = 0.7  # under this share of linked answers the pairs may not speak for the rest
MANY_LOST = 0.2  # loss that a reader is told of, whatever the rating allows


@dataclass(frozen=True, slots=True)
class Threat:
    """A doubt about one estimate: its code, the sentence, whether it takes a point off."""

    code: str
    text: str
    deducts: bool = False


def attrition_level(
    overall: float, differential: float, table: Mapping[str, Any] | None = None
) -> str:
    """WWC: "low" (within the cautious limit), "moderate" (within the optimistic one), or "high".
    Shares 0-1; limits between the table's rows are interpolated."""
    rows = (table or standards())["attrition"]["table"]
    totals = [row["overall"] for row in rows]

    def limit(kind: str) -> float:
        values = [math.nan if row[kind] is None else row[kind] for row in rows]
        return float(np.interp(overall * 100, totals, values, right=math.nan))

    points = differential * 100 - 1e-9  # a share on the limit is within it, despite rounding
    if points <= limit("cautious"):
        return "low"
    return "moderate" if points <= limit("optimistic") else "high"


def loss_is_small(study: Study, loss: Attrition) -> bool:
    """Whether the numbers lost are so few that they may not be shown."""
    k = study.program.privacy.min_cell
    return any(is_small(n - loss.analysed.get(group, 0), k) for group, n in loss.assigned.items())


def threats_to(
    study: Study, outcome: Outcome, effect: Effect, frame: OutcomeFrame, loss: Attrition | None,
    smd: float | None, equivalence: str | None, table: Mapping[str, Any],
) -> Iterator[Threat]:  # fmt: skip
    """What casts doubt on the estimate, the doubts of its design first."""
    if is_circular(study, outcome):
        yield Threat("circular", _("The outcome rises by rule when somebody is trained."), True)
    yield from _threats_of_design(effect, frame, smd, equivalence)
    yield from _threats_of_loss(study, effect, loss, table)
    if frame.before is not None:
        yield Threat("unlinked", _("The two waves cannot be linked by person."), True)
    elif min(frame.linked_share.values(), default=1.0) < LINKED_SHARE:
        text = _("Only {share} of one group's answers could be linked.")
        share = percent(min(frame.linked_share.values()))
        yield Threat("unlinked", text.format(share=share), True)
    if effect.p_value is None:
        text = _("The data cannot carry a p-value for this estimate.")
        yield Threat("no_p_value", text, True)
    few = effect.df is not None and effect.df < 10 and effect.design != "single_group"
    if few and study.program.design.cluster:
        text = _("The estimate rests on few agencies; one of them could change it.")
        yield Threat("few_clusters", text)
    yield from _threats_of_measure(study, outcome, frame, table)


def _threats_of_design(
    effect: Effect, frame: OutcomeFrame, smd: float | None, equivalence: str | None
) -> Iterator[Threat]:
    """What the design cannot exclude, and what its own data say against it."""
    if effect.design == "single_group":
        text = _("Without a comparison group other causes cannot be ruled out: what happens anyway "
                 "over time, other events, or the return of unusually low or high values to the "
                 "average.")  # fmt: skip
        yield Threat("single_group", text)
        return
    if equivalence == "not_satisfied" and smd is not None:
        text = _("The groups differed before the program by up to {smd} standard deviations.")
        yield Threat("baseline", text.format(smd=number(smd, 2)))
    placebo = effect.details.get("placebo") or {}
    if placebo.get("p_value") is not None and placebo["p_value"] < 0.05:
        text = _("The groups already moved apart before the program began.")
        yield Threat("earlier_trend", text)
    doubts = effect.details.get("doubts", ())
    if "bent" in doubts:
        text = _("The groups differ in something to which the outcome is not related in a straight "
                 "line, as the adjustment supposes.")  # fmt: skip
        yield Threat("bent", text)
    if "undeclared_cluster" in doubts:
        text = _("Whole units were compared whose persons resemble each other, but they are not "
                 "declared as cluster; the interval is too narrow.")  # fmt: skip
        yield Threat("undeclared_cluster", text)
    if effect.design != "comparison":
        return
    if not frame.has_baseline and effect.estimator not in ADJUSTS:
        text = _("The groups were compared after the program alone and may have differed before.")
        yield Threat("post_only", text)
    text = _("The participants were not chosen by lot, so differences between the groups that were "
             "not measured may explain the estimate.")  # fmt: skip
    yield Threat("selection", text)
    if effect.estimator in PARALLEL and not placebo:
        text = _("That both groups would have moved alike without the program is assumed; no "
                 "earlier measurement could test it.")  # fmt: skip
        yield Threat("parallel", text)


def _threats_of_loss(
    study: Study, effect: Effect, loss: Attrition | None, table: Mapping[str, Any]
) -> Iterator[Threat]:
    """Persons lost, and what the bounds for them say."""
    bounds = effect.details.get("lee_bounds") or {}
    if bounds and effect.conclusion in ("improved", "worsened"):
        if bounds["low"] <= 0 <= bounds["high"]:
            text = _("Had only those been lost who make the estimate look best, it could be zero: "
                     "the bounds for the loss (Lee) contain 0.")  # fmt: skip
            yield Threat("bounds", text, True)
    if loss is None:
        text = _("It is not known how many persons were invited or assigned and then lost.")
        yield Threat("loss_unknown", text)
        return
    hidden = loss_is_small(study, loss)
    if loss.differential is not None:
        level = attrition_level(loss.overall, loss.differential, table)
        if level == "high" and not hidden:
            text = _("Too many persons were lost, or too many more from one group than from the "
                     "other ({overall} in all, {points} percentage points apart).")  # fmt: skip
            points = number(loss.differential * 100, 1)
            text = text.format(overall=percent(loss.overall), points=points)
            yield Threat("attrition", text)
            return
        if level != "low":
            text = _("More persons were lost from one group than from the other.")
            yield Threat("attrition_moderate", text)
    if loss.overall > MANY_LOST and not hidden:
        text = _("{share} of those invited or assigned were not measured; the estimate holds for "
                 "the others.")  # fmt: skip
        yield Threat("many_lost", text.format(share=percent(loss.overall)))


def _threats_of_measure(
    study: Study, outcome: Outcome, frame: OutcomeFrame, table: Mapping[str, Any]
) -> Iterator[Threat]:
    """Who measured, and whether the measure could show a change at all."""
    limits = table["measure"]
    if outcome.level != "reaction" and _is_self_report(study, outcome):
        text = _("It is the participants' own judgement of themselves, which pleases more easily "
                 "than it tells.")  # fmt: skip
        yield Threat("self_report", text)
    top = _share_at_best(study, outcome, frame)
    if top is not None and top > limits["ceiling_share"]:
        text = _("{share} of the persons were at the best value already without the program and "
                 "could not improve (ceiling).")  # fmt: skip
        yield Threat("ceiling", text.format(share=percent(top)))
    if (items := _turned_items(study, outcome)) is not None:
        text = _("Items of the instrument contradict the others; a reversed item may not be "
                 "declared as such: {items}.")  # fmt: skip
        yield Threat("miskeyed", text.format(items=", ".join(items) or _("(all)")))
    sd = frame.after["y"].groupby(frame.after["group"]).std().mean()
    if outcome.scale_type == "continuous" and outcome.sesoi and sd > 0:
        if outcome.sesoi > limits["largest_sesoi_sd"] * sd:
            text = _("The smallest effect of interest, {sesoi}, is {times} standard deviations of "
                     "the measure: larger than programs bring, perhaps a slip.")  # fmt: skip
            times = number(outcome.sesoi / sd, 1)
            yield Threat("sesoi", text.format(sesoi=number(outcome.sesoi, 2), times=times))


def _is_self_report(study: Study, outcome: Outcome) -> bool:
    """Whether the outcome was asked in a survey, not rated by others or taken from a record."""
    names = (
        study.program.instruments[outcome.instrument].items
        if outcome.instrument
        else [outcome.variable or ""]
    )
    holders = [
        source.role
        for name, source in study.program.sources.items()
        if set(names) <= set(source.columns) and outcome.source in (None, name)
    ]
    return "survey" in holders and not {"rating", "record"} & set(holders)


def _share_at_best(study: Study, outcome: Outcome, frame: OutcomeFrame) -> float | None:
    """Share of persons at the best value without the program: before it, else in the comparison
    group. None where there is no bound, or too few persons to say."""
    if frame.before is not None:
        y = frame.before["y"]
    elif "y0" in frame.after:
        y = frame.after["y0"].dropna()
    else:
        y = frame.after.loc[frame.after["group"] == "comparison", "y"]
    end = best_value(study, outcome, y)
    if end is None or y.empty:
        return None
    top = np.isclose(y, end)
    return None if is_small(int(top.sum()), study.program.privacy.min_cell) else float(top.mean())


def _turned_items(study: Study, outcome: Outcome) -> list[str] | None:
    """Labels of the items whose correlation with the rest is below 0 beyond chance (upper limit by
    Fisher's z), an empty list where alpha alone is negative; None where all is well."""
    if outcome.instrument is None:
        return None
    instrument = study.program.instruments[outcome.instrument]
    if len(instrument.items) < 2:
        return None
    answers = instrument_rows(study, instrument, outcome.wave, outcome.source)[instrument.items]
    found = diagnose_reliability(answers.to_numpy(dtype=float))
    if found is None:
        return None
    n = int(answers.notna().all(axis=1).sum())
    alone = found.alpha is not None and found.alpha < 0
    turned = [
        item_label(study, item)
        for item, r in zip(instrument.items, found.item_rest, strict=True)
        if r is not None and n > 3 and np.arctanh(r) + 1.96 / math.sqrt(n - 3) < 0
    ]
    return turned if turned or alone else None
