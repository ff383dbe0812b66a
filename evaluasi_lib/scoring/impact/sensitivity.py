"""How much would have to be wrong: bounds for loss, and for a cause that was not measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats


@dataclass(frozen=True, slots=True)
class LeeBounds:
    """Bounds of the effect on those who would answer in either group, in the outcome's unit.

    trimmed_group: whose answers were cut off; trimmed_share: the share cut off.
    """

    low: float
    high: float
    ci_low: float
    ci_high: float
    trimmed_group: str | None
    trimmed_share: float


def lee_bounds(
    y: ArrayLike, program: ArrayLike, observed: ArrayLike, level: float = 0.95
) -> LeeBounds | None:
    """Lee (2009): trim the group that answered more, by the excess share, from above and below.

    y (n,): outcomes, anything where not observed; program, observed (n,): of everybody assigned.
    Valid for a randomised design in which the program moves answering one way only. The interval
    is Imbens and Manski's (2004) for the effect, from Lee's asymptotic variances. None where a
    group has fewer than 2 answers left.
    """
    y, member = np.asarray(y, dtype=float), np.asarray(program, dtype=bool)
    seen = np.asarray(observed, dtype=bool)
    rates = {True: float(seen[member].mean()), False: float(seen[~member].mean())}
    if min(rates.values()) == 0:
        return None
    more = rates[True] >= rates[False]
    share = 1 - rates[not more] / rates[more]
    trimmed = np.sort(y[seen & (member == more)])
    other = y[seen & (member != more)]
    keep = len(trimmed) - round(share * len(trimmed))
    if keep < 2 or len(other) < 2:
        return None
    bottom, top = trimmed[:keep], trimmed[len(trimmed) - keep :]
    sign = 1.0 if more else -1.0
    ends = sorted(sign * (part.mean() - other.mean()) for part in (bottom, top))
    base = float(other.var(ddof=1)) / len(other)
    n_more = int((member == more).sum())
    spread = {}
    for name, part, edge in (("bottom", bottom, bottom[-1]), ("top", top, top[0])):
        gap = float(part.mean()) - float(edge)
        kept = 1 - share
        # Lee's three terms: the trimmed mean, the cut-off point, and the trimmed share.
        answers = rates[more] * n_more
        variance = float(part.var(ddof=1)) / (answers * kept) + gap**2 * share / (answers * kept)
        n_less = len(y) - n_more
        if share > 0:
            variance += gap**2 * (
                (1 - rates[not more]) / (rates[not more] * n_less)
                + (1 - rates[more]) / (rates[more] * n_more)
            )
        spread[name] = math.sqrt(variance + base)
    errors = (spread["bottom"], spread["top"]) if more else (spread["top"], spread["bottom"])
    c = _imbens_manski(ends[1] - ends[0], max(errors), level)
    return LeeBounds(
        low=float(ends[0]),
        high=float(ends[1]),
        ci_low=float(ends[0] - c * errors[0]),
        ci_high=float(ends[1] + c * errors[1]),
        trimmed_group=None if share == 0 else ("program" if more else "comparison"),
        trimmed_share=share,
    )


def _imbens_manski(width: float, error: float, level: float) -> float:
    """The critical value between one- and two-sided that covers a point in an interval."""
    if not error > 0:
        return 0.0
    return float(
        optimize.brentq(
            lambda c: stats.norm.cdf(c + width / error) - stats.norm.cdf(-c) - level, 0.5, 4.0
        )
    )


@dataclass(frozen=True, slots=True)
class EValue:
    """Strength, as a risk ratio with both program and outcome, that an unmeasured cause would need
    to explain the estimate (point) and to move its interval to no effect (interval); 1: nothing."""

    point: float
    interval: float | None


def e_value(ratio: float, ci_low: float | None = None, ci_high: float | None = None) -> EValue:
    """E-value of a risk ratio (VanderWeele and Ding 2017): RR + sqrt(RR (RR - 1)), RR < 1 inverted.
    3.9 (1.8 to ...) gives 7.26 and 3.0."""
    limit = ci_low if ratio >= 1 else ci_high
    point = _e(ratio)
    if limit is None:
        return EValue(point, None)
    crosses = limit <= 1 if ratio >= 1 else limit >= 1
    return EValue(point, 1.0 if crosses else _e(limit))


def e_value_difference(d: float, std_error: float | None = None) -> EValue:
    """E-value of a standardised mean difference: RR = exp(0.91 d), exp(0.91 d -/+ 1.78 se)."""
    if std_error is None:
        return e_value(math.exp(0.91 * d))
    low, high = math.exp(0.91 * d - 1.78 * std_error), math.exp(0.91 * d + 1.78 * std_error)
    return e_value(math.exp(0.91 * d), low, high)


def e_value_odds(
    odds_ratio: float, ci_low: float | None = None, ci_high: float | None = None
) -> EValue:
    """E-value of an odds ratio of a common outcome (over 15%), by RR = sqrt(OR)."""
    return e_value(
        math.sqrt(odds_ratio), *(None if v is None else math.sqrt(v) for v in (ci_low, ci_high))
    )


def e_value_hazard(
    hazard_ratio: float, ci_low: float | None = None, ci_high: float | None = None
) -> EValue:
    """E-value of a hazard ratio of a common outcome, by
    RR = (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1/HR))."""

    def to_risk(h: float | None) -> float | None:
        return None if h is None else (1 - 0.5 ** math.sqrt(h)) / (1 - 0.5 ** math.sqrt(1 / h))

    return e_value(to_risk(hazard_ratio) or 1.0, to_risk(ci_low), to_risk(ci_high))


def _e(ratio: float) -> float:
    ratio = 1 / ratio if ratio < 1 else ratio
    return ratio + math.sqrt(ratio * (ratio - 1))
