"""Strengths and weaknesses that rest on effects, evidence, reliability and costs.

Each rule reads results and yields notes: a sentence, the pointers to its numbers, a score. A number
that is null never becomes a statement. Scores run from 0 to 1 and only rank: the weight of the
kind of finding times how far the number lies from its threshold.
"""

from __future__ import annotations

from collections.abc import Iterator

from evaluasi_lib.disclosure import SMALL_CELL
from evaluasi_lib.findings.situation import beneficial, is_decisive, primaries
from evaluasi_lib.findings.words import amount, short_label, with_interval
from evaluasi_lib.program import Program
from evaluasi_lib.results import Effect, EvaluationResult, Finding
from evaluasi_lib.wording import _, count, join_words, number, percent, rupiah

Note = tuple[bool, Finding]  # whether it is a strength, and the finding
LEVEL_WEIGHT = {"reaction": 0.5, "learning": 0.8, "behaviour": 0.9, "results": 1.0}


def note(good: bool, id: str, statement: str, score: float, *evidence: str) -> Note:
    """A note whose score is held within 0-1."""
    return good, Finding(id, statement, evidence, min(max(score, 0.0), 1.0))


def effect_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """One note for each primary estimate, in words that its design and evidence can carry."""
    ratings = {e.outcome: e.rating_0_5 or 0 for e in result.evidence}
    for i, effect in primaries(result):
        weight = LEVEL_WEIGHT[effect.level] * (1 if is_decisive(program, effect.outcome) else 0.7)
        good, known = False, {"label": effect.label}
        fields = ["estimate", "conclusion", "ci_low", "ci_high"]
        if effect.estimate is None or effect.conclusion is None:
            if not effect.reason:
                continue
            small = _("the group is too small to be shown.")
            known["reason"] = small if effect.reason == SMALL_CELL else effect.reason
            kind, fields, score = "unmeasured", ["reason"], 0.6 * weight
            text = _("“{label}” could not be judged: {reason}")
        elif effect.conclusion in ("improved", "worsened"):
            good = effect.conclusion == "improved"
            kind = "effect" if good else "harm"
            weak = ratings.get(effect.outcome, 0) < program.thresholds.min_evidence_rating
            limit = effect.claim if effect.claim != "effect" else "weak" if weak else ""
            text = _moved(effect, limit)
            known["value"] = amount(effect)
            score = weight * (0.6 + 0.4 * _magnitude(effect)) + (0 if good else 0.2)
        else:
            known |= {"sesoi": number(effect.sesoi, 2), "unit": effect.unit}
            known["value"] = with_interval(
                effect.estimate, effect.ci_low, effect.ci_high, effect.unit
            )
            if effect.conclusion == "no_meaningful_change":
                kind, score = "flat", 0.8 * weight
                text = _(
                    "“{label}” shows no meaningful change: the estimate, {value}, lies within the "
                    "smallest change of interest, {sesoi} {unit}."
                )
            else:
                kind, score = "unclear", 0.6 * weight
                text = _(
                    "For “{label}” the data do not settle whether anything changed: the estimate "
                    "is {value}. This is no proof that nothing changed."
                )
                if effect.details.get("bracketing"):
                    text = _(
                        "For “{label}” two ways of comparing the groups disagree, so it is not "
                        "settled whether the program changed it: the estimate is {value}."
                    )
        evidence = [f"/effects/{i}/{f}" for f in fields if getattr(effect, f) is not None]
        yield note(good, f"{kind}.{effect.outcome}", text.format(**known), score, *evidence)


def _magnitude(effect: Effect) -> float:
    """How large, 0-1: an effect size of 0.8, or twice the smallest change of interest, is 1."""
    if effect.effect_size_g is not None:
        return min(abs(effect.effect_size_g) / 0.8, 1.0)
    if effect.sesoi and effect.estimate is not None:
        return min(abs(effect.estimate) / (2 * effect.sesoi), 1.0)
    return 0.5


def _moved(effect: Effect, limit: str) -> str:
    """An outcome rose or fell. limit on the words: "change" or "difference" (no cause), "weak"
    evidence or ""."""
    up = (effect.estimate or 0) > 0
    text = {
        ("change", True): _(
            "“{label}” was higher after the program than before by {value}. There is no "
            "comparison group, so this is a change and no proof of what caused it."
        ),
        ("change", False): _(
            "“{label}” was lower after the program than before by {value}. There is no "
            "comparison group, so this is a change and no proof of what caused it."
        ),
        ("difference", True): _(
            "“{label}” was higher in the program's group than in the comparison group by {value}. "
            "They were compared after the program alone and may have differed before."
        ),
        ("difference", False): _(
            "“{label}” was lower in the program's group than in the comparison group by {value}. "
            "They were compared after the program alone and may have differed before."
        ),
        ("weak", True): _(
            "“{label}” was higher with the program by {value}; the evidence is weak, so other "
            "causes are possible."
        ),
        ("weak", False): _(
            "“{label}” was lower with the program by {value}; the evidence is weak, so other "
            "causes are possible."
        ),
        ("", True): _("The program raised “{label}” by {value}."),
        ("", False): _("The program lowered “{label}” by {value}."),
    }[limit, up]
    better = (beneficial(effect, effect.estimate) or 0) > 0
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
        if not chosen:
            continue
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
        evidence = [f"/evidence/{i}/rating_0_5" for i, _rating, _label in chosen]
        yield note(good, "evidence.rating", text, score, *evidence)
    places: dict[str, list[str]] = {}
    for i, item in enumerate(result.evidence):
        for j, threat in enumerate(item.threats if item.outcome in labels else ()):
            places.setdefault(threat, []).append(f"/evidence/{i}/threats/{j}")
    for n, (threat, evidence) in enumerate(places.items(), 1):
        text = _("What could mislead the estimates: {threat}").format(threat=threat)
        yield note(False, f"threat.{n}", text, 0.3, *evidence)


def reliability_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Each instrument at its last wave in the program's group, by its alpha."""
    limit = program.thresholds.min_alpha
    last = {s.scale: (i, s) for i, s in enumerate(result.scales) if s.group == "program"}
    importance = {x.importance for x in program.instruments.values()}
    for scale, (i, score) in last.items():
        # Ratings of importance are not meant to hang together, and a dimension of few items is
        # judged within its instrument.
        if scale in importance or scale.rpartition(".")[0] in last or score.alpha is None:
            continue
        good = score.alpha >= limit
        if not good or score.alpha >= 0.8:
            text = (
                _("“{label}” is measured reliably (alpha {alpha}).")
                if good
                else _(
                    "The items of “{label}” do not hang together well enough (alpha {alpha}, at "
                    "least {limit} wanted)."
                )
            ).format(label=score.label, alpha=number(score.alpha, 2), limit=number(limit, 2))
            weight = 0.25 if good else 0.4 + (limit - score.alpha)
            yield note(good, f"reliability.{scale}", text, weight, f"/scales/{i}/alpha")


def item_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Importance-performance analysis: what participants call important, rated low or high."""
    for i, score in enumerate(result.scales):
        ipa = score.details.get("ipa") if score.group == "program" else None
        items = (ipa or {}).get("items", ())
        for quadrant, good in (("concentrate", False), ("keep_up", True)):
            found = {j: x for j, x in enumerate(items) if x["quadrant"] == quadrant}
            if found:
                text = (
                    _("Important to participants and rated above average: {items}.")
                    if good
                    else _("Important to participants and rated below average: {items}.")
                ).format(items=join_words([f"“{short_label(x['label'])}”" for x in found.values()]))
                at = [f"/scales/{i}/details/ipa/items/{j}/quadrant" for j in found]
                yield note(good, f"item.{score.scale}@{score.wave}", text, 0.45, *at)


def cost_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Cost per completer, use of the budget, benefits against costs, by the declared limits."""
    costs, limits = result.efficiency, program.thresholds
    cost, limit = costs.cost_per_completer_idr, limits.max_cost_per_completer_idr
    if cost is not None and limit is not None:
        good = cost <= limit
        text = (
            _("One completer costs {cost}, within the limit of {limit}.")
            if good
            else _("One completer costs {cost}, more than the limit of {limit}.")
        ).format(cost=rupiah(cost), limit=rupiah(limit))
        score = 0.5 if good else 0.5 + 0.5 * (cost / limit - 1)
        yield note(good, "cost.completer", text, score, "/efficiency/cost_per_completer_idr")
        # Where the money goes, when it is more than the limit.
        shares = {i: row for i, row in enumerate(costs.details.get("costs", ()))
                  if not good and row.get("share_of_total") is not None}  # fmt: skip
        if shares:
            i, row = max(shares.items(), key=lambda pair: pair[1]["share_of_total"])
            share = row["share_of_total"]
            text = _("The largest item of cost is “{label}”: {share} of all costs.").format(
                label=row["label"], share=percent(share)
            )
            at = f"/efficiency/details/costs/{i}/share_of_total"
            yield note(False, f"spending.{row['category']}", text, 0.3 + 0.3 * share, at)
    if costs.bcr is not None:
        good = costs.bcr >= limits.min_bcr
        text = (
            _("The benefits valued in money cover the costs (ratio {bcr}).")
            if good
            else _("The benefits valued in money do not cover the costs (ratio {bcr}).")
        ).format(bcr=number(costs.bcr, 2))
        yield note(good, "bcr.program", text, 0.6, "/efficiency/bcr")
    if cost is None and costs.reason not in (None, SMALL_CELL):
        text = _("What the program costs for each completer is not known: {reason}")
        text = text.format(reason=costs.reason)
        yield note(False, "unpriced.program", text, 0.4, "/efficiency/reason")
    used = costs.budget_absorption_share
    if used is not None and not 0.8 <= used <= 1:
        text = (
            _("Spending went over the budget: {share} of the plan.")
            if used > 1
            else _("Only {share} of the budget was used.")
        ).format(share=percent(used))
        at = "/efficiency/budget_absorption_share"
        yield note(False, "budget.program", text, 0.3 + abs(used - 1), at)
