"""How much weight the design of an estimate can carry, by dated and published yardsticks.

Maryland's scale and the padlocks rate the design; the What Works Clearinghouse's rules say whether
the groups were alike before and whether too many persons were lost; what else casts doubt on it is
a threat. Every threshold stands in standards.yml, and a program may replace it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from evaluasi_lib.conclusion import ALPHA
from evaluasi_lib.measures import Cell, Drafts, Measure, drafts, threats_of
from evaluasi_lib.program import Outcome
from evaluasi_lib.scoring.designs import PARALLEL
from evaluasi_lib.scoring.doubts import is_circular
from evaluasi_lib.scoring.effects import Estimated, effect_drafts, estimates_of
from evaluasi_lib.scoring.estimate import (
    binary_effect_size,
    hedges_correction,
    pooled_sd,
    smallest_detectable,
)
from evaluasi_lib.scoring.frames import (
    Attrition,
    OutcomeFrame,
    OutcomeFrames,
    design_matrix,
    diagnose_reliability,
    in_program,
    instrument_rows,
    item_label,
    outcome_frames,
    standards,
)
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose, joined, number, percent, word_for

BEFORE_AND_AFTER = (*PARALLEL, "ancova")
ADJUSTS = (*BEFORE_AND_AFTER, "adjusted", "aipw", "ipw")
LINKED_SHARE = 0.7  # under this share of linked answers the pairs may not speak for the rest
RATED = ("rating_0_5", "baseline_max_abs_smd", "maryland_sms", "attrition_overall_share",
         "attrition_differential_share", "mdes")  # fmt: skip
MANY_LOST = 0.05  # loss that a reader is told of, whatever the rating allows

# Threats by which the data themselves refute the comparison.
REFUTED = {"baseline", "attrition", "earlier_trend", "bent", "undeclared_cluster"}


def score_effects(study: Study, frames: OutcomeFrames | None = None) -> Drafts:
    """Every estimate of a study in words that its evidence carries, and the rating of that evidence
    for each outcome. Raises ProgramError where program.yml replaces a threshold that does not
    exist. frames: outcome_frames(study), where the caller has them."""
    frames = frames or outcome_frames(study)
    found = estimates_of(study, frames)
    evidence = list(rate_evidence(study, found, frames))
    yield from effect_drafts(found, refuted(draft.row for draft in evidence))
    yield from evidence


def refuted(rows: Iterable[object]) -> set[str]:
    """The outcomes of which the data refute the comparison: what their estimates show is a
    difference between groups and no effect of the program."""
    threats = threats_of(row for row in rows if isinstance(row, Measure))
    return {str(row.subject) for row in threats if row.measure in REFUTED}


def rate_evidence(study: Study, found: Sequence[Estimated], frames: OutcomeFrames) -> Drafts:
    """One rating for the primary estimate of each outcome, in their order, with the threats: a row
    for each, its code as the measure and the sentence as the note."""
    table = standards(study.program.standards)
    primary = [one for one in found if one.role == "primary"]
    early = [p for e in (one.checks.earlier for one in primary)
             if e is not None and (p := e.estimate.p_value) is not None]  # fmt: skip
    # One outcome that moved apart before tells of groups on different paths (Bonferroni).
    apart = bool(early) and min(early) * len(early) < ALPHA
    for one in primary:
        yield from _rate(study, one, frames[one.outcome.id], table, apart)


def _rate(
    study: Study, one: Estimated, frame: OutcomeFrame | str, table: Mapping[str, Any], apart: bool
) -> Drafts:
    names, loss = ["evidence", one.outcome.id], None if isinstance(frame, str) else frame.loss
    about = {"label": choose(one.outcome.label), "design": one.design}
    if isinstance(frame, str) or one.estimate.estimate is None:
        why = one.estimate.reason or _("nothing was estimated, so there is nothing to rate")
        yield from drafts({"reason": why}, names, " ".join(RATED), one.cell, **about)
        return
    own, largest = baseline_differences(study, frame)
    level = maryland(one, recalled=frame.recalled)
    smd = largest if own is None else own
    equivalence = baseline_verdict(one, loss, smd, table)
    mdes = smallest_detectable(one.estimate)
    threats = tuple(threats_to(study, one, frame, smd, equivalence, table, apart))
    lost = None if loss is None else loss.overall
    found = rating(
        one, level, lost, mdes, sum(t.deducts for t in threats), table,
        unlike=bool(REFUTED & {threat.code for threat in threats}),
    )  # fmt: skip
    record: dict[str, float | None]
    record = {"rating_0_5": found, "baseline_max_abs_smd": largest, "mdes": mdes}
    record |= {"maryland_sms": level}
    if loss is not None:
        record |= {"attrition_overall_share": loss.overall}
        record |= {"attrition_differential_share": loss.differential}
    unknown = _("it is not known how many persons were lost, so attrition cannot be rated")
    alike = word_for("baseline", equivalence) if equivalence else None
    for name in RATED:
        told: dict[str, Any] = about | {"reason": unknown if loss is None else None}
        if name == "rating_0_5":
            told["note"] = joined([threat.text for threat in threats]) or None
        elif name == "baseline_max_abs_smd":
            missing = _("nothing was measured before the program") if alike else None
            told |= {"note": alike, "reason": told["reason"] or missing}
        persons = Cell((*one.cell.persons, *_lost(loss)))
        cell = persons if name.startswith("attrition") else one.cell
        yield from drafts(record, names, name, cell, **told)
    about["subject"] = one.outcome.id
    for threat in threats:
        place = [*names, "threats"]
        yield from drafts({threat.code: 1}, place, threat.code, one.cell, note=threat.text, **about)


def maryland(one: Estimated, *, recalled: bool = False) -> int:
    """Maryland Scientific Methods Scale: 1 before and after, or two groups as they are; 2 with
    adjustment; 3 before and after with a comparison group; 5 randomised. recalled: the measure
    before was asked after the program, which adjusts for what people remember and no more."""
    if one.design == "randomised":
        return 5
    if one.design == "single_group":
        return 1
    if one.estimate.estimator in BEFORE_AND_AFTER:
        return 2 if recalled else 3
    return 2 if one.estimate.estimator in ADJUSTS else 1


def rating(
    one: Estimated, level: int, attrition: float | None, mdes: float | None, threats: int,
    table: Mapping[str, Any], *, unlike: bool = False,
) -> int:  # fmt: skip
    """0-5: the lowest of what design, detectable effect and loss allow, less the threats.

    level: on Maryland's scale. unlike: the data refute what the comparison rests on (the groups
    differed too much before or lost persons too unequally by WWC's limits, moved apart earlier,
    bend where the model is straight, or are whole units taken for persons); such a comparison,
    randomised or not, is rated 1 at most. mdes None: not known, which never
    lifts the rating: it allows what the row of the least precise studies does.
    """
    rules = table["rating"]
    if one.design == "comparison":
        kind = {3: "comparison_baseline", 2: "comparison_adjusted"}.get(
            level, "comparison_unadjusted"
        )
    else:
        kind = one.design
    allowed = [int(rules["design"][kind]), _allowed_by_precision(one, mdes, rules)]
    if unlike:
        allowed.append(int(rules["unlike_groups"]))
    if attrition is None:
        allowed.append(int(rules["unknown_attrition"]))
    else:
        fits = [row["rating"] for row in rules["attrition"] if attrition <= row["up_to"] + 1e-9]
        allowed.append(max(fits, default=0))
    return max(0, min(allowed) - min(threats, int(rules["max_threat_deduction"])))


def _allowed_by_precision(one: Estimated, mdes: float | None, rules: Mapping[str, Any]) -> int:
    """What the smallest detectable effect allows. A low power makes an absence unbelievable; an
    effect that was found all the same is only likely to be exaggerated, so it keeps a floor."""
    fits = [row["rating"] for row in rules["mdes"] if mdes is not None and mdes < row["below"]]
    allowed, floor = max(fits, default=0), rules["found_despite_mdes"]
    smallest = min(one.estimate.n_program or 0, one.estimate.n_comparison or 0)
    if one.conclusion in ("improved", "worsened") and smallest >= floor["persons"]:
        return max(allowed, int(floor["rating"]))
    return allowed


def baseline_verdict(
    one: Estimated, loss: Attrition | None, smd: float | None, table: Mapping[str, Any]
) -> str | None:  # fmt: skip
    """WWC baseline equivalence: not_required | satisfied | adjustment_needed |
    satisfied_with_adjustment | not_satisfied; None: one group, or nothing measured before.

    smd: of the outcome's own measure before, which WWC asks for where it exists (a pre-intervention
    measure of the outcome outweighs background); else the largest of the covariates.
    """
    if one.design == "single_group":
        return None
    if one.design == "randomised":
        if loss is None or loss.differential is None:
            return None  # asked only where attrition is high, and that is not known
        if attrition_level(loss.overall, loss.differential, table) == "low":
            return "not_required"
    if smd is None:
        return None
    limits = table["baseline"]
    if smd <= limits["satisfied"]:
        return "satisfied"
    if smd > limits["adjustment"]:
        return "not_satisfied"
    return "satisfied_with_adjustment" if one.estimate.estimator in ADJUSTS else "adjustment_needed"


def baseline_differences(study: Study, frame: OutcomeFrame) -> tuple[float | None, float | None]:
    """|difference| before, in SD, among those analysed: of the outcome's own measure, and the
    largest of it and all declared covariates. Hedges' g with the pooled SD; Cox's index for two
    values; one value of several is compared by the SD of its share, since Cox's index of a rare
    value is noise. None where nothing is known; (None, None) with one group."""
    if frame.design == "single_group":
        return None, None
    rows = frame.complete
    member = in_program(rows)
    z, names = design_matrix(rows, study.program.design.covariates)
    values = [name.partition("=")[0] for name in names]
    sizes = [
        baseline_difference(column[member], column[~member], one_of_several=values.count(value) > 1)
        for name, value, column in zip(names, values, z.T, strict=True)
        if not name.endswith("=?")  # being missing is no characteristic
    ]
    own: float | None = None
    if frame.before is not None:
        early = in_program(frame.before)
        y0 = frame.before["y"].to_numpy()
        own = baseline_difference(y0[early], y0[~early])
    elif frame.has_baseline and not frame.recalled:  # memory says nothing of how alike they were
        y0 = rows["y0"].to_numpy()
        own = baseline_difference(y0[member], y0[~member])
    known = [abs(size) for size in (own, *sizes) if size is not None]
    return (None if own is None else abs(own)), (max(known) if known else None)


def baseline_difference(
    program: ArrayLike, comparison: ArrayLike, *, one_of_several: bool = False
) -> float | None:
    """Difference of two groups in SD: Hedges' g (pooled SD), or Cox's index where all values are 0
    or 1 (but one_of_several, an indicator of one value among more: g). None where nothing varies,
    or a share of 0 or 1 leaves the index without bound."""
    a, b = np.asarray(program, dtype=float), np.asarray(comparison, dtype=float)
    if min(len(a), len(b)) < 2:
        return None
    if not one_of_several and set(np.unique(np.concatenate([a, b]))) <= {0.0, 1.0}:
        return binary_effect_size(a, b)[0]
    sd, df = pooled_sd(a, b)
    return None if sd is None else float(hedges_correction(df) * (a.mean() - b.mean()) / sd)


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


@dataclass(frozen=True, slots=True)
class Threat:
    """A doubt about one estimate: its code, the sentence, whether it takes a point off."""

    code: str
    text: str
    deducts: bool = False


def loss_is_small(study: Study, loss: Attrition) -> bool:
    """Whether the numbers lost are so few that they may not be shown."""
    return not study.program.enough(*_lost(loss))


def _lost(loss: Attrition | None) -> tuple[int, ...]:
    """Persons lost of each group."""
    if loss is None:
        return ()
    return tuple(n - loss.analysed.get(group, 0) for group, n in loss.assigned.items())


def threats_to(
    study: Study, one: Estimated, frame: OutcomeFrame,
    smd: float | None, equivalence: str | None, table: Mapping[str, Any], apart: bool = False,
) -> Iterator[Threat]:  # fmt: skip
    """What casts doubt on the estimate, the doubts of its design first. apart: the groups moved
    apart in any outcome before the program."""
    if is_circular(study, one.outcome):
        yield Threat("circular", _("The outcome rises by rule when somebody is trained."), True)
    if frame.recalled:
        text = _("How it was before was asked after the program, from memory: people tend to "
                 "remember a lower start than they had, so the change may look larger than it "
                 "was.")  # fmt: skip
        yield Threat("retrospective", text, True)
    yield from _threats_of_design(one, frame, smd, equivalence, apart)
    yield from _threats_of_loss(study, one, frame.loss, table)
    if frame.before is not None:
        yield Threat("unlinked", _("The two waves cannot be linked by person."), True)
    elif min(frame.linked_share.values(), default=1.0) < LINKED_SHARE:
        text = _("Only {share} of one group's answers could be linked.")
        share = percent(min(frame.linked_share.values()))
        yield Threat("unlinked", text.format(share=share), True)
    if one.estimate.p_value is None:
        text = _("The data cannot carry a p-value for this estimate.")
        yield Threat("no_p_value", text, True)
    df = one.estimate.df
    few = df is not None and df < 10 and one.design != "single_group"
    if few and study.program.design.cluster:
        text = _("The estimate rests on few agencies; one of them could change it.")
        yield Threat("few_clusters", text)
    yield from _threats_of_measure(study, one, frame, table)


def _threats_of_design(
    one: Estimated, frame: OutcomeFrame, smd: float | None, equivalence: str | None, apart: bool
) -> Iterator[Threat]:
    """What the design cannot exclude, and what its own data say against it."""
    if one.design == "single_group":
        text = _("Without a comparison group other causes cannot be ruled out: what happens anyway "
                 "over time, other events, or the return of unusually low or high values to the "
                 "average.")  # fmt: skip
        yield Threat("single_group", text)
        return
    if equivalence == "not_satisfied" and smd is not None:
        text = _("The groups differed before the program by up to {smd} standard deviations.")
        yield Threat("baseline", text.format(smd=number(smd, 2)))
    doubts, earlier = one.checks.doubts, one.checks.earlier
    if "earlier_trend" in doubts:
        yield Threat("earlier_trend", doubts["earlier_trend"])
    elif apart and one.estimate.estimator in PARALLEL:
        text = _("In another outcome the groups already moved apart before the program began.")
        yield Threat("earlier_trend", text)
    if "bent" in doubts:
        text = _("The groups differ in something to which the outcome is not related in a straight "
                 "line, as the adjustment supposes.")  # fmt: skip
        yield Threat("bent", text)
    if "undeclared_cluster" in doubts:
        text = _("Whole units were compared whose persons resemble each other, but they are not "
                 "declared as cluster; the interval is too narrow.")  # fmt: skip
        yield Threat("undeclared_cluster", text)
    if one.design != "comparison":
        return
    if not frame.has_baseline and one.estimate.estimator not in ADJUSTS:
        text = _("The groups were compared after the program alone and may have differed before.")
        yield Threat("post_only", text)
    text = _("The participants were not chosen by lot, so differences between the groups that were "
             "not measured may explain the estimate.")  # fmt: skip
    yield Threat("selection", text)
    if one.estimate.estimator in PARALLEL and earlier is None:
        text = _("That both groups would have moved alike without the program is assumed; no "
                 "earlier measurement could test it.")  # fmt: skip
        yield Threat("parallel", text)


def _threats_of_loss(
    study: Study, one: Estimated, loss: Attrition | None, table: Mapping[str, Any]
) -> Iterator[Threat]:
    """Persons lost, and what the bounds for them say."""
    bounds = one.checks.bounds
    if bounds is not None and one.conclusion in ("improved", "worsened"):
        if bounds.low <= 0 <= bounds.high:
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
        text = _("{share} of those invited or assigned were lost before they were measured; the "
                 "estimate holds for the others.")  # fmt: skip
        yield Threat("many_lost", text.format(share=percent(loss.overall)))


def _threats_of_measure(
    study: Study, one: Estimated, frame: OutcomeFrame, table: Mapping[str, Any]
) -> Iterator[Threat]:
    """Who measured, and whether the measure could show a change at all."""
    outcome = one.outcome
    if outcome.level != "reaction" and _is_self_report(study, outcome):
        text = _("It is the participants' own judgement of themselves, which pleases more easily "
                 "than it tells.")  # fmt: skip
        yield Threat("self_report", text)
    if "ceiling" in one.checks.doubts:
        yield Threat("ceiling", one.checks.doubts["ceiling"])
    if (items := _turned_items(study, outcome)) is not None:
        text = _("Items of the instrument contradict the others; a reversed item may not be "
                 "declared as such: {items}.")  # fmt: skip
        yield Threat("miskeyed", text.format(items=joined(items, ", ") or _("(all)")))
    sd = frame.after["y"].groupby(frame.after["group"]).std().mean()
    if outcome.scale_type == "continuous" and outcome.sesoi and sd > 0:
        if outcome.sesoi > table["measure"]["largest_sesoi_sd"] * sd:
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
