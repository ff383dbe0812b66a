"""How much weight the design of an estimate can carry, by dated and published yardsticks.

Maryland's scale and the padlocks rate the design; the What Works Clearinghouse's rules say whether
the groups were alike before and whether too many persons were lost; what else casts doubt on it is
a threat. Every threshold stands in standards.yml, and a program may replace it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
    say,
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

# Threats by which the data themselves refute the comparison, and those that take a point off.
REFUTED = {"baseline", "attrition", "earlier_trend", "bent", "undeclared_cluster"}
DEDUCT = {"circular", "retrospective", "unlinked", "no_p_value", "bounds"}


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
    primary = [one for one in found if one.role == "primary"]
    early = [p for e in (one.checks.earlier for one in primary)
             if e is not None and (p := e.estimate.p_value) is not None]  # fmt: skip
    # One outcome that moved apart before tells of groups on different paths (Bonferroni).
    apart = bool(early) and min(early) * len(early) < ALPHA
    table = standards(study.program.standards)
    for one in primary:
        yield from _rate(study, one, frames[one.outcome.id], table, apart)


def _rate(
    study: Study, one: Estimated, frame: OutcomeFrame | str, table: Mapping[str, Any], apart: bool
) -> Drafts:
    names = ["evidence", one.outcome.id]
    about = {"label": choose(one.outcome.label), "design": one.design}
    if isinstance(frame, str) or one.estimate.estimate is None:
        why = one.estimate.reason or say("nothing_to_rate")
        yield from drafts({"reason": why}, names, " ".join(RATED), one.cell, **about)
        return
    loss = frame.loss
    own, largest = baseline_differences(study, frame)
    smd = largest if own is None else own
    equivalence = baseline_verdict(one, loss, smd, table)
    level, mdes = maryland(one, recalled=frame.recalled), smallest_detectable(one.estimate)
    threats = dict(threats_to(study, one, frame, smd, equivalence, table, apart))
    overall = None if loss is None else loss.overall
    record: dict[str, float | None] = {
        "rating_0_5": rating(one, level, overall, mdes, threats, table["rating"]),
        "baseline_max_abs_smd": largest, "maryland_sms": level, "mdes": mdes,
        "attrition_overall_share": overall,
        "attrition_differential_share": None if loss is None else loss.differential,
    }  # fmt: skip
    alike = word_for("baseline", equivalence) if equivalence else None
    unknown = say("loss_not_known") if loss is None else None
    own_words: dict[str, dict[str, Any]] = {
        "rating_0_5": {"note": joined(list(threats.values())) or None},
        "baseline_max_abs_smd": {
            "note": alike, "reason": unknown or (say("nothing_before") if alike else None),
        },
    }  # fmt: skip
    for name in RATED:
        told = about | {"reason": unknown} | own_words.get(name, {})
        lost = _lost(loss) if name.startswith("attrition") else ()
        yield from drafts(record, names, name, Cell((*one.cell.persons, *lost), one.cell.sums),
                          **told)  # fmt: skip
    about["subject"] = one.outcome.id
    for code, text in threats.items():
        yield from drafts({code: 1}, [*names, "threats"], code, one.cell, note=text, **about)


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
    one: Estimated, level: int, lost: float | None, mdes: float | None, threats: Collection[str],
    rules: Mapping[str, Any],
) -> int:  # fmt: skip
    """0-5: the lowest of what design, detectable effect and loss allow, less the threats.

    level: on Maryland's scale. lost: the share of persons, None where it is not known. Where the
    data refute what the comparison rests on (REFUTED: the groups differed too much before or lost
    persons too unequally by WWC's limits, moved apart earlier, bend where the model is straight, or
    are whole units taken for persons), it is rated 1 at most, randomised or not. mdes None: not
    known, which never lifts the rating: it allows what the row of the least precise studies does. A
    low power makes an absence unbelievable; an effect that was found all the same is only likely to
    be exaggerated, so it keeps a floor.
    """
    kind: str = one.design
    if kind == "comparison":
        kind = {3: "comparison_baseline", 2: "comparison_adjusted"}.get(
            level, "comparison_unadjusted"
        )
    precise = max((r["rating"] for r in rules["mdes"] if mdes is not None and mdes < r["below"]),
                  default=0)  # fmt: skip
    floor, found = rules["found_despite_mdes"], one.conclusion in ("improved", "worsened")
    smallest = min(one.estimate.n_program or 0, one.estimate.n_comparison or 0)
    if found and smallest >= floor["persons"]:
        precise = max(precise, floor["rating"])
    allowed = [rules["design"][kind], precise]
    if REFUTED & set(threats):
        allowed.append(rules["unlike_groups"])
    if lost is None:
        allowed.append(rules["unknown_attrition"])
    else:
        fits = [row["rating"] for row in rules["attrition"] if lost <= row["up_to"] + 1e-9]
        allowed.append(max(fits, default=0))
    deducted = min(len(DEDUCT & set(threats)), rules["max_threat_deduction"])
    return max(0, int(min(allowed) - deducted))


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


def attrition_level(overall: float, differential: float, table: Mapping[str, Any]) -> str:
    """WWC: "low" (within the cautious limit), "moderate" (within the optimistic one), or "high".
    Shares 0-1; limits between the table's rows are interpolated."""
    rows = table["attrition"]["table"]
    points = differential * 100 - 1e-9  # a share on the limit is within it, despite rounding
    for level, kind in (("low", "cautious"), ("moderate", "optimistic")):
        limits = [math.nan if row[kind] is None else row[kind] for row in rows]
        at = np.interp(overall * 100, [row["overall"] for row in rows], limits, right=math.nan)
        if points <= at:
            return level
    return "high"


def _lost(loss: Attrition | None) -> tuple[int, ...]:
    """Persons lost of each group."""
    if loss is None:
        return ()
    return tuple(n - loss.analysed.get(group, 0) for group, n in loss.assigned.items())


Threats = Iterator[tuple[str, str]]  # code, sentence


def threats_to(
    study: Study, one: Estimated, frame: OutcomeFrame,
    smd: float | None, equivalence: str | None, table: Mapping[str, Any], apart: bool,
) -> Threats:  # fmt: skip
    """What casts doubt on the estimate, the doubts of its design first. apart: the groups moved
    apart in any outcome before the program."""
    df, shares = one.estimate.df, frame.linked_share.values()
    few = df is not None and df < 10 and one.design != "single_group"
    yield from _told(
        circular=is_circular(study, one.outcome),
        retrospective=frame.recalled,
    )
    yield from _threats_of_design(one, frame, smd, equivalence, apart)
    yield from _threats_of_loss(study, one, frame.loss, table)
    if frame.before is not None:
        yield "unlinked", say("threat.unlinked")
    elif min(shares, default=1.0) < LINKED_SHARE:
        yield "unlinked", say("threat.few_linked", share=percent(min(shares)))
    yield from _told(
        no_p_value=one.estimate.p_value is None,
        few_clusters=few and study.program.design.cluster is not None,
        self_report=one.outcome.level != "reaction" and _is_self_report(study, one.outcome),
    )
    if "ceiling" in one.checks.doubts:
        yield "ceiling", one.checks.doubts["ceiling"]
    if (items := _turned_items(study, one.outcome)) is not None:
        yield "miskeyed", say("threat.miskeyed", items=joined(items, ", ") or _("(all)"))
    sesoi, sd = one.outcome.sesoi, frame.after["y"].groupby(frame.after["group"]).std().mean()
    if one.outcome.scale_type == "continuous" and sesoi and sd > 0:
        if sesoi > table["measure"]["largest_sesoi_sd"] * sd:
            times = number(sesoi / sd, 1)
            yield "sesoi", say("threat.sesoi", sesoi=number(sesoi, 2), times=times)


def _told(**codes: bool) -> Threats:
    """The sentences of the threats that hold."""
    yield from ((code, say(f"threat.{code}")) for code, holds in codes.items() if holds)


def _threats_of_design(
    one: Estimated, frame: OutcomeFrame, smd: float | None, equivalence: str | None, apart: bool
) -> Threats:
    """What the design cannot exclude, and what its own data say against it."""
    doubts, parallel = one.checks.doubts, one.estimate.estimator in PARALLEL
    if one.design == "single_group":
        yield "single_group", say("threat.single_group")
        return
    if equivalence == "not_satisfied" and smd is not None:
        yield "baseline", say("threat.baseline", smd=number(smd, 2))
    if "earlier_trend" in doubts:
        yield "earlier_trend", doubts["earlier_trend"]
    elif apart and parallel:
        yield "earlier_trend", say("threat.apart_elsewhere")
    unadjusted = not frame.has_baseline and one.estimate.estimator not in ADJUSTS
    by_choice = one.design == "comparison"
    yield from _told(
        bent="bent" in doubts,
        undeclared_cluster="undeclared_cluster" in doubts,
        post_only=by_choice and unadjusted,
        selection=by_choice,
        parallel=by_choice and parallel and one.checks.earlier is None,
    )


def _threats_of_loss(
    study: Study, one: Estimated, loss: Attrition | None, table: Mapping[str, Any]
) -> Threats:
    """Persons lost, and what the bounds for them say."""
    bounds = one.checks.bounds
    changed = one.conclusion in ("improved", "worsened")
    yield from _told(
        bounds=bounds is not None and changed and bounds.low <= 0 <= bounds.high,
        loss_unknown=loss is None,
    )
    if loss is None:
        return
    shown, share = study.program.enough(*_lost(loss)), percent(loss.overall)
    if loss.differential is not None:
        level = attrition_level(loss.overall, loss.differential, table)
        if level == "high" and shown:
            points = number(loss.differential * 100, 1)
            yield "attrition", say("threat.attrition", overall=share, points=points)
            return
        yield from _told(attrition_moderate=level != "low")
    if loss.overall > MANY_LOST and shown:
        yield "many_lost", say("threat.many_lost", share=share)


def _is_self_report(study: Study, outcome: Outcome) -> bool:
    """Whether the outcome was asked in a survey, not rated by others or taken from a record."""
    names, instrument = {outcome.variable or ""}, outcome.instrument
    if instrument:
        names = set(study.program.instruments[instrument].items)
    holders = [
        source.role
        for name, source in study.program.sources.items()
        if names <= set(source.columns) and outcome.source in (None, name)
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
