"""Strengths and weaknesses that rest on effects, evidence, reliability and costs.

Each rule reads results and yields notes: a sentence, the pointers to its numbers, a score. A number
that is null never becomes a statement. Scores run from 0 to 1 and only rank: the weight of the
kind of finding times how far the number lies from its threshold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evaluasi_lib.disclosure import SMALL_CELL
from evaluasi_lib.findings.pointers import pointer
from evaluasi_lib.findings.situation import beneficial, is_decisive, primaries
from evaluasi_lib.findings.words import amount, short_label, with_interval
from evaluasi_lib.program import Program
from evaluasi_lib.results import Effect, EvaluationResult, Finding
from evaluasi_lib.wording import _, count, join_words, number, percent, rupiah

LEVEL_WEIGHT = {"reaction": 0.5, "learning": 0.8, "behaviour": 0.9, "results": 1.0}


@dataclass(frozen=True, slots=True)
class Note:
    """A finding and whether it is a strength."""

    good: bool
    finding: Finding


def note(good: bool, id: str, statement: str, score: float, *evidence: str) -> Note:
    """A note whose score is held within 0-1."""
    return Note(good, Finding(id, statement, evidence, min(max(score, 0.0), 1.0)))


def effect_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """One note for each primary estimate, in words that its design and evidence can carry."""
    ratings = {e.outcome: e.rating_0_5 for e in result.evidence}
    for i, effect in primaries(result):
        weight = LEVEL_WEIGHT[effect.level] * (1 if is_decisive(program, effect.outcome) else 0.7)
        if effect.estimate is None or effect.conclusion is None:
            if effect.reason:
                text = _("“{label}” could not be judged: {reason}").format(
                    label=effect.label, reason=_reason(effect)
                )
                yield note(
                    False, f"unmeasured.{effect.outcome}", text, 0.6 * weight, _at(i, "reason")
                )
            continue
        evidence = [_at(i, "estimate"), _at(i, "conclusion")]
        evidence += [_at(i, f) for f in ("ci_low", "ci_high") if getattr(effect, f) is not None]
        if effect.conclusion in ("improved", "worsened"):
            good = effect.conclusion == "improved"
            kind = "effect" if good else "harm"
            capped = (ratings.get(effect.outcome) or 0) < program.thresholds.min_evidence_rating
            text = _moved(effect, capped=capped)
            score = weight * (0.6 + 0.4 * _magnitude(effect)) + (0 if good else 0.2)
        elif effect.conclusion == "no_meaningful_change":
            good, kind, score = False, "flat", 0.8 * weight
            text = _(
                "“{label}” shows no meaningful change: the estimate, {value}, lies within the "
                "smallest change of interest, {sesoi} {unit}."
            ).format(
                label=effect.label,
                value=_signed(effect),
                sesoi=number(effect.sesoi, 2),
                unit=effect.unit,
            )
        else:
            good, kind, score = False, "unclear", 0.6 * weight
            text = _(
                "For “{label}” the data do not settle whether anything changed: the estimate is "
                "{value}. This is no proof that nothing changed."
            ).format(label=effect.label, value=_signed(effect))
        yield note(good, f"{kind}.{effect.outcome}", text, score, *evidence)


def _at(i: int, field: str) -> str:
    return pointer("effects", i, field)


def _reason(effect: Effect) -> str:
    if effect.reason == SMALL_CELL:
        return _("the group is too small to be shown.")
    return effect.reason or ""


def _magnitude(effect: Effect) -> float:
    """How large, 0-1: an effect size of 0.8, or twice the smallest change of interest, is 1."""
    if effect.effect_size_g is not None:
        return min(abs(effect.effect_size_g) / 0.8, 1.0)
    if effect.sesoi and effect.estimate is not None:
        return min(abs(effect.estimate) / (2 * effect.sesoi), 1.0)
    return 0.5


def _signed(effect: Effect) -> str:
    assert effect.estimate is not None
    return with_interval(effect.estimate, effect.ci_low, effect.ci_high, effect.unit)


def _moved(effect: Effect, *, capped: bool) -> str:
    """Whether an outcome rose or fell: a change, or an effect in words that evidence can carry."""
    assert effect.estimate is not None
    up, better = effect.estimate > 0, (beneficial(effect, effect.estimate) or 0) > 0
    value = amount(effect)
    if effect.claim == "change":
        template = (
            _(
                "“{label}” was higher after the program than before by {value}. There is no "
                "comparison group, so this is a change and no proof of what caused it."
            )
            if up
            else _(
                "“{label}” was lower after the program than before by {value}. There is no "
                "comparison group, so this is a change and no proof of what caused it."
            )
        )
    elif capped:
        template = (
            _(
                "“{label}” was higher with the program by {value}; the evidence is weak, so other "
                "causes are possible."
            )
            if up
            else _(
                "“{label}” was lower with the program by {value}; the evidence is weak, so other "
                "causes are possible."
            )
        )
    else:
        template = (
            _("The program raised “{label}” by {value}.")
            if up
            else _("The program lowered “{label}” by {value}.")
        )
    text = template.format(label=effect.label, value=value)
    return text if better else text + " " + _("This is a change for the worse.")


def evidence_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Primary outcomes whose evidence is weak, those whose evidence is strong, and the threats."""
    limit = program.thresholds.min_evidence_rating
    labels = {e.outcome: f"“{e.label}”" for _i, e in primaries(result)}
    rated = [
        (i, e.rating_0_5, labels[e.outcome])
        for i, e in enumerate(result.evidence)
        if e.rating_0_5 is not None and e.outcome in labels
    ]
    for good, chosen in (
        (False, [r for r in rated if r[1] < limit]),
        (True, [r for r in rated if r[1] >= max(4, limit)]),
    ):
        if chosen:
            ratings = sorted({rating for _i, rating, _label in chosen})
            text = (
                _("The evidence is strong (rating {rating} of 5) for {labels}.")
                if good
                else _("The evidence is weak (rating {rating} of 5) for {labels}.")
            ).format(
                rating=join_words([count(rating) for rating in ratings]),
                labels=join_words([label for _i, _rating, label in chosen]),
            )
            score = 0.1 * ratings[-1] if good else 0.35 + 0.1 * (limit - ratings[0])
            evidence = [pointer("evidence", i, "rating_0_5") for i, _rating, _label in chosen]
            yield note(good, "evidence.rating", text, score, *evidence)
    places: dict[str, list[str]] = {}
    for i, item in enumerate(result.evidence):
        for j, threat in enumerate(item.threats if item.outcome in labels else ()):
            places.setdefault(threat, []).append(pointer("evidence", i, "threats", j))
    for n, (threat, evidence) in enumerate(places.items()):
        text = _("What could mislead the estimates: {threat}").format(threat=threat)
        yield note(False, f"threat.{n + 1}", text, 0.3, *evidence)


def reliability_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Each instrument at its last wave in the program's group, by its alpha."""
    limit = program.thresholds.min_alpha
    last = {s.scale: i for i, s in enumerate(result.scales) if s.group == "program"}
    # Ratings of importance are not meant to hang together, and a dimension of few items is judged
    # within its instrument.
    importance = {x.importance for x in program.instruments.values()}
    for scale in [s for s in last if s in importance or s.rpartition(".")[0] in last]:
        del last[scale]
    for scale, i in last.items():
        score = result.scales[i]
        if score.alpha is None:
            continue
        values = {"label": score.label, "alpha": number(score.alpha, 2), "limit": number(limit, 2)}
        evidence = pointer("scales", i, "alpha")
        if score.alpha < limit:
            text = _(
                "The items of “{label}” do not hang together well enough (alpha {alpha}, at least "
                "{limit} wanted)."
            ).format(**values)
            yield note(False, f"reliability.{scale}", text, 0.4 + (limit - score.alpha), evidence)
        elif score.alpha >= max(0.8, limit):
            text = _("“{label}” is measured reliably (alpha {alpha}).").format(**values)
            yield note(True, f"reliability.{scale}", text, 0.25, evidence)


def item_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Importance-performance analysis: what participants call important, rated low or high."""
    for i, score in enumerate(result.scales):
        ipa = score.details.get("ipa") if score.group == "program" else None
        for quadrant, good in (("concentrate", False), ("keep_up", True)):
            items = [(j, x) for j, x in enumerate((ipa or {}).get("items", ()))
                     if x["quadrant"] == quadrant]  # fmt: skip
            if items:
                text = (
                    _("Important to participants and rated above average: {items}.")
                    if good
                    else _("Important to participants and rated below average: {items}.")
                ).format(items=join_words([f"“{short_label(x['label'])}”" for _j, x in items]))
                evidence = [
                    pointer("scales", i, "details", "ipa", "items", j, "quadrant")
                    for j, _x in items
                ]
                yield note(good, f"item.{score.scale}@{score.wave}", text, 0.45, *evidence)


def _largest_item(result: EvaluationResult) -> Iterator[Note]:
    """Where the money goes, when it is more than the limit."""
    rows = [(i, row) for i, row in enumerate(result.efficiency.details.get("costs", ()))
            if row.get("share_of_total") is not None]  # fmt: skip
    if rows:
        i, row = max(rows, key=lambda pair: pair[1]["share_of_total"])
        text = _("The largest item of cost is “{label}”: {share} of all costs.").format(
            label=row["label"], share=percent(row["share_of_total"])
        )
        evidence = pointer("efficiency", "details", "costs", i, "share_of_total")
        score = 0.3 + 0.3 * row["share_of_total"]
        yield note(False, f"spending.{row['category']}", text, score, evidence)


def cost_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Cost per completer, use of the budget, benefits against costs, by the declared limits."""
    costs, limits = result.efficiency, program.thresholds
    cost, limit = costs.cost_per_completer_idr, limits.max_cost_per_completer_idr
    if cost is not None and limit is not None:
        evidence = pointer("efficiency", "cost_per_completer_idr")
        values = {"cost": rupiah(cost), "limit": rupiah(limit)}
        if cost > limit:
            text = _("One completer costs {cost}, more than the limit of {limit}.")
            score = 0.5 + 0.5 * (cost / limit - 1)
            yield note(False, "cost.completer", text.format(**values), score, evidence)
            yield from _largest_item(result)
        else:
            text = _("One completer costs {cost}, within the limit of {limit}.")
            yield note(True, "cost.completer", text.format(**values), 0.5, evidence)
    if costs.bcr is not None:
        evidence = pointer("efficiency", "bcr")
        values = {"bcr": number(costs.bcr, 2)}
        if costs.bcr < limits.min_bcr:
            text = _("The benefits valued in money do not cover the costs (ratio {bcr}).")
            yield note(False, "bcr.program", text.format(**values), 0.6, evidence)
        else:
            text = _("The benefits valued in money cover the costs (ratio {bcr}).")
            yield note(True, "bcr.program", text.format(**values), 0.6, evidence)
    if costs.cost_per_completer_idr is None and costs.reason not in (None, SMALL_CELL):
        text = _("What the program costs for each completer is not known: {reason}")
        evidence = pointer("efficiency", "reason")
        yield note(False, "unpriced.program", text.format(reason=costs.reason), 0.4, evidence)
    used = costs.budget_absorption_share
    if used is not None and (used > 1 or used < 0.8):
        text = (
            _("Spending went over the budget: {share} of the plan.")
            if used > 1
            else _("Only {share} of the budget was used.")
        ).format(share=percent(used))
        evidence = pointer("efficiency", "budget_absorption_share")
        yield note(False, "budget.program", text, 0.3 + abs(used - 1), evidence)
