"""What the program costs, for whom, for how much effect, and what it brings in money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import stats

from evaluasi_lib.measures import SMALL_CELL, Draft, Drafts, Effect, Remark, drafts
from evaluasi_lib.program import Benefit, Costs, Program
from evaluasi_lib.wording import _, choose, word_for

Row = dict[str, Any]
BOOTSTRAP_DRAWS = 10_000
MONEY = (
    "total_cost_idr", "cost_per_participant_idr", "cost_per_completer_idr",
    "budget_absorption_share", "bcr", "roi_pct",
)  # fmt: skip
CASES = (  # of a sensitivity analysis: which limit of effects, values and costs times what
    ("declared", "estimate", 1.0, 1.0),
    ("effects_low", "ci_low", 1.0, 1.0),
    ("effects_high", "ci_high", 1.0, 1.0),
    ("values_75", "estimate", 0.75, 1.0),
    ("values_50", "estimate", 0.5, 1.0),
    ("costs_120", "estimate", 1.0, 1.2),
    ("all", "ci_low", 0.5, 1.2),
)
CONCLUDED = (("effect", "improved"), ("effect", "worsened"))


def score_efficiency(
    program: Program,
    effects: Sequence[Effect],
    *,
    enrolled: int | None,
    started: int | None,
    completed: int | None,
    reason: str | None = None,
) -> Drafts:
    """Costs of one program, at the price level of the declared year; the part "efficiency".

    effects: its primary estimates. enrolled, started, completed: persons as they are published, so
    that no hidden number of them can be computed from a cost; reason: why one is None. total =
    realised costs + participants' time where declared (hours x cost of an hour x those who started,
    or enrolled where that is not known). Participants are the enrolled. efficiency/money: why
    nothing is valued in money.
    """
    costs, names = program.costs, ["efficiency"]
    if costs is None:
        nothing = dict.fromkeys(MONEY)
        undeclared = _("The program declares no costs.")
        yield from drafts(nothing, names, " ".join(MONEY), reason=undeclared)
        return
    time_idr = time_cost(costs, started if started is not None else enrolled)
    realised = sum(item.realised_idr for item in costs.items)
    total = None if time_idr is None else realised + time_idr
    valued = [value_benefit(b, effects, enrolled) for b in costs.benefits]
    money_reason = _money_reason(costs, valued, total)
    benefit = None if money_reason else sum(row["total_idr"] for row in valued)
    shares = (total, ratio(total, enrolled), ratio(total, completed), absorption(costs))
    money = dict(zip(MONEY, shares, strict=False)) | phillips(benefit, total)
    why = _persons_reason(enrolled, completed, reason)
    yield from drafts(money, names, " ".join(MONEY), reason=why)
    hours = None if enrolled is None else (costs.training_hours_jp or 0) * enrolled
    hour = {"cost_per_jp_idr": ratio(total, hours), "price_year": costs.price_year}
    why = None if costs.training_hours_jp else _("No training hours are declared.")
    yield from drafts(hour, names, "cost_per_jp_idr price_year", reason=why)
    seen: Counter[str] = Counter()
    for row in cost_rows(costs, time_idr, total):
        fields, name = "planned_idr realised_idr absorption_share share_of_total", row["category"]
        seen[name] += 1
        place = name if seen[name] == 1 else f"{name}@{seen[name]}"  # declared more than once
        yield from drafts(row, [*names, "costs", place], fields, subject=name)
    per_effect = [cost_per_effect(e, total, enrolled, seed=program.seed) for e in effects]
    yield from _per_effect(program, per_effect)
    for i, row in enumerate(valued, 1):
        fields = "per_person_idr total_idr confidence_share"
        yield from drafts(row, [*names, "benefits", i], fields)
    if benefit is not None and total is not None:
        for i, row in enumerate(sensitivity(costs, effects, enrolled, total), 1):
            yield from drafts(row, [*names, "sensitivity", i], "cost_idr benefit_idr bcr roi_pct")
    if money_reason:
        yield Draft(Remark("efficiency/money", money_reason))


def _per_effect(program: Program, rows: list[Row]) -> Drafts:
    """The cost of a unit of each effect; the program's is that of its first decisive outcome with
    an effect, else of its first outcome."""
    decisive = {o.id for o in program.outcomes if o.decisive}
    first = sorted(rows, key=lambda r: (r["estimate"] is None, r["outcome"] not in decisive))[:1]
    for row in first:
        about = {"subject": row["outcome"], "unit": row["unit"], "label": None}
        yield from drafts(row, ["efficiency", "cost_per_unit_effect"], "estimate:ci", **about)
    for row in rows:
        place = ["efficiency", "cost_per_effect", row["outcome"]]
        about = {name: row[name] for name in ("unit", "wave")} | {"subject": row["outcome"]}
        yield from drafts(row, place, "estimate:ci", **about)
        yield from drafts(row, [*place, "bootstrap"], "estimate:bootstrap_ci", **about)


def ratio(value: float | None, by: float | None) -> float | None:
    """value / by; None where either is unknown or by is 0."""
    return value / by if value is not None and by else None


def time_cost(costs: Costs, persons: int | None) -> float | None:
    """Cost of participants' working time; 0 where it is not declared, None where persons are."""
    if costs.participant_time is None:
        return 0.0
    if persons is None:
        return None
    return costs.participant_time.hours * costs.participant_time.hourly_idr * persons


def absorption(costs: Costs) -> float | None:
    """Realised / planned budget; None unless every item has a plan and the sum is above 0."""
    planned = [item.planned_idr for item in costs.items]
    known = [value for value in planned if value is not None]
    if len(known) < len(planned):
        return None
    return ratio(sum(item.realised_idr for item in costs.items), sum(known))


def phillips(benefit: float | None, cost: float | None) -> dict[str, float | None]:
    """Benefits / costs and (benefits - costs) / costs x 100 (Phillips 2003)."""
    if benefit is None or not cost:
        return {"bcr": None, "roi_pct": None}
    return {"bcr": benefit / cost, "roi_pct": (benefit - cost) / cost * 100}


def cost_rows(costs: Costs, time_idr: float | None, total: float | None) -> list[Row]:
    """Records of the table of costs: the declared categories, then participants' time."""

    def row(category: str, label: str, planned: float | None, spent: float | None) -> Row:
        return {"category": category, "label": label, "planned_idr": planned,
                "realised_idr": spent, "absorption_share": ratio(spent, planned),
                "share_of_total": ratio(spent, total)}  # fmt: skip

    rows = [
        row(item.category, choose(item.label) or item.category.replace("_", " "),
            item.planned_idr, item.realised_idr)
        for item in costs.items
    ]  # fmt: skip
    if costs.participant_time is not None:
        rows.append(row("participant_time", _("Participants' working time"), None, time_idr))
    return rows


def _persons_reason(enrolled: int | None, completed: int | None, reason: str | None) -> str | None:
    if enrolled is None or completed is None:
        return reason or SMALL_CELL
    if enrolled == 0:
        return _("Nobody took part, so there is no cost for each participant.")
    if completed == 0:
        return _("Nobody completed, so there is no cost for each completer.")
    return None


# Cost for a unit of effect


Limits = tuple[float, float] | None


def fieller(top: float, bottom: float, error: float, df: float | None = None) -> Limits:
    """95% interval of top / bottom by Fieller (1954) for a top that is known: top over the limits
    of the bottom, whose standard error is `error`. None where those hold 0: the ratios that agree
    with the data are no interval then."""
    half = float(stats.t.ppf(0.975, np.inf if df is None else df)) * error
    low, high = bottom - half, bottom + half
    return None if low <= 0 <= high else (top / high, top / low)


def bootstrap_ratio(
    top: float, bottom: float, error: float, df: float | None, rng: np.random.Generator
) -> Limits:
    """95% percentile interval of top / bottom over draws of the bottom from its t distribution.

    A parametric bootstrap: persons are not drawn again, for the cost is one known number. None
    where 2.5% of the draws or more change sign.
    """
    size = BOOTSTRAP_DRAWS
    noise = rng.standard_normal(size) if df is None else rng.standard_t(df, size)
    draws = bottom + error * noise
    if np.mean(np.sign(draws) != np.sign(bottom)) >= 0.025:
        return None
    low, high = np.quantile(top / draws, [0.025, 0.975])
    return float(low), float(high)


def _improvement(effect: Effect, at: str = "estimate") -> float | None:
    """The estimate, "ci_low" or "ci_high" of an effect, turned so that more is better."""
    if effect.direction != "lower":
        return getattr(effect, at)
    value = getattr(effect, {"ci_low": "ci_high", "ci_high": "ci_low"}.get(at, at))
    return None if value is None else -value


def cost_per_effect(effect: Effect, total: float | None, n: int | None, *, seed: int) -> Row:
    """Rupiah for one unit of improvement of one participant, a percentage point where the outcome
    is a share of persons: total / (n x effect).

    Defined only where the design carries the word effect, the effect is in the good direction and
    its interval leaves 0 out; otherwise `reason` says which of these fails.
    """
    names = ("estimate", "ci_low", "ci_high", "bootstrap_ci_low", "bootstrap_ci_high")
    row: Row = {"outcome": effect.outcome, "label": effect.label, "wave": effect.wave,
                           "unit": effect.shown_unit, "reason": None}  # fmt: skip
    row |= dict.fromkeys(names)
    good = _improvement(effect)
    if effect.claim == "difference":
        reason = word_for("no_unit_cost", "difference")
    elif effect.claim != "effect":
        reason = word_for("no_unit_cost", "change")
    elif good is None or effect.std_error is None:
        reason = effect.reason or word_for("no_unit_cost", "unestimated")
    elif total is None or n is None:
        reason = SMALL_CELL
    elif n == 0:
        reason = word_for("no_unit_cost", "nobody")
    elif good <= 0:
        reason = word_for("no_unit_cost", "no_gain")
    else:
        good, error, each = good * effect.factor, effect.std_error * effect.factor, total / n
        if exact := fieller(each, good, error, effect.df):
            rng = np.random.default_rng(seed)
            drawn = bootstrap_ratio(each, good, error, effect.df, rng) or (None, None)
            return row | dict(zip(names, (each / good, *exact, *drawn), strict=True))
        reason = word_for("no_unit_cost", "zero")
    return row | {"reason": reason}


# Benefits in money


def value_benefit(
    benefit: Benefit, effects: Sequence[Effect], n: int | None, *, at: str = "estimate"
) -> Row:
    """First-year value of one benefit: effect x value of a unit x persons x confidence.

    Without an outcome the declared value is each person's. at: "estimate", "ci_low" or "ci_high",
    in the direction that is good; effects: the primary estimates. Only a concluded effect is
    valued: a change without a comparison and an estimate that is inconclusive or too small to
    matter are not what the program brought, and a trend cannot be subtracted from one.
    """
    found = [e for e in effects if e.outcome == benefit.outcome and e.estimate is not None]
    effect = found[0] if found else None
    amount = 1.0 if benefit.outcome is None else _improvement(effect, at) if effect else None
    row: Row = {
        "label": choose(benefit.label), "per_person_idr": None, "total_idr": None,
        "confidence_share": benefit.confidence_share, "reason": _why_not_valued(benefit, effect),
    }  # fmt: skip
    if row["reason"] is None and amount is None:
        row["reason"] = word_for("no_unit_cost", "unestimated")
    elif row["reason"] is None and n is None:
        row["reason"] = SMALL_CELL
    elif row["reason"] is None and amount is not None and n is not None:
        each = amount * benefit.value_per_unit_idr * benefit.confidence_share
        row |= {"per_person_idr": each, "total_idr": each * n}
    return row


def _why_not_valued(benefit: Benefit, effect: Effect | None) -> str | None:
    """The reason why a benefit is not counted as brought by the program, or None."""
    if benefit.isolation == "trend":
        return word_for("not_valued", "trend")
    if effect is None or (effect.claim, effect.conclusion) in CONCLUDED:
        return None
    if effect.claim != "effect":
        return word_for("not_valued", "no_effect")
    known = effect.conclusion == "no_meaningful_change"
    return word_for("not_valued", "no_meaningful_change" if known else "inconclusive")


def _money_reason(costs: Costs, benefits: list[Row], total: float | None) -> str | None:
    if not costs.benefits:
        return word_for("not_valued", "undeclared")
    failed = [str(row["reason"]) for row in benefits if row["reason"] is not None]
    if failed or total is None:
        return failed[0] if failed else SMALL_CELL
    return word_for("not_valued", "free") if total == 0 else None


def sensitivity(
    costs: Costs, effects: Sequence[Effect], n: int | None, total: float
) -> Iterator[Row]:
    """BCR and ROI when one assumption at a time is moved, and when all are unfavourable."""
    for case, at, of_value, of_cost in CASES:
        totals = [value_benefit(b, effects, n, at=at)["total_idr"] for b in costs.benefits]
        value = None if None in totals else float(sum(totals)) * of_value
        cost = total * of_cost
        row = {"label": word_for("assumption", case), "cost_idr": cost, "benefit_idr": value}
        yield row | phillips(value, cost)
