"""How much would have to be wrong, and what an estimate may be said to show in spite of it.

Bounds for loss, for a cause that was not measured, and the estimate that brackets another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from evaluasi_lib.measures import Conclusion
from evaluasi_lib.scoring.impact.estimate import Estimate, conclude
from evaluasi_lib.wording import _, interval, number, word_for

MOVED = ("improved", "worsened")
# Under this risk ratio a cause of the size of common background variables is enough (VanderWeele
# and Ding 2017 leave the judgement to the subject; this limit is the workbook's own).
SMALL_E_VALUE = 1.5


class Bounds(NamedTuple):
    """Bounds of an effect whoever was lost, and the interval that holds it, sampling included."""

    low: float
    high: float
    ci_low: float
    ci_high: float


def lee_bounds(
    y: ArrayLike, program: ArrayLike, observed: ArrayLike, level: float = 0.95
) -> Bounds | None:
    """Lee (2009): trim the group that answered more, by the excess share, from above and below.

    y (n,): outcomes, anything where not observed; program, observed (n,): of everybody assigned.
    low, high: bounds of the effect on those who would answer in either group, in the outcome's
    unit; ci_low, ci_high: Imbens and Manski's (2004) interval for that effect, from Lee's
    asymptotic variances. Valid for a randomised design in which the program moves answering one way
    only. None where a group has fewer than 2 answers left.
    """
    y, member = np.asarray(y, dtype=float), np.asarray(program, dtype=bool)
    seen = np.asarray(observed, dtype=bool)
    rates = {True: float(seen[member].mean()), False: float(seen[~member].mean())}
    if min(rates.values()) == 0:
        return None
    more = rates[True] >= rates[False]
    kept = rates[not more] / rates[more]
    trimmed = np.sort(y[seen & (member == more)])
    other = y[seen & (member != more)]
    keep = len(trimmed) - round((1 - kept) * len(trimmed))
    if keep < 2 or len(other) < 2:
        return None
    n_more = int((member == more).sum())
    n_less = len(y) - n_more
    ends = []
    for part, edge in ((trimmed[:keep], keep - 1), (trimmed[len(trimmed) - keep :], -keep)):
        gap = float(part.mean()) - float(trimmed[edge])
        # Lee's three terms: the trimmed mean, the cut-off point, and the trimmed share.
        size = rates[more] * n_more * kept
        variance = float(part.var(ddof=1)) / size + gap**2 * (1 - kept) / size
        if kept < 1:
            lost = {group: (1 - rate) / rate for group, rate in rates.items()}
            variance += gap**2 * (lost[not more] / n_less + lost[more] / n_more)
        error = math.sqrt(variance + float(other.var(ddof=1)) / len(other))
        ends.append(((1 if more else -1) * float(part.mean() - other.mean()), error))
    (low, low_error), (high, high_error) = sorted(ends)
    c = _imbens_manski(high - low, max(low_error, high_error), level)
    return Bounds(low, high, low - c * low_error, high + c * high_error)


def _imbens_manski(width: float, error: float, level: float) -> float:
    """The critical value between one- and two-sided that covers a point in an interval."""
    if not error > 0:
        return 0.0

    def missing(c: float) -> float:
        return float(stats.norm.cdf(c + width / error) - stats.norm.cdf(-c) - level)

    return float(optimize.brentq(missing, 0.5, 4.0))


def e_value(ratio: float) -> float:
    """Strength, as a risk ratio with both program and outcome, that an unmeasured cause would need
    to explain a risk ratio (VanderWeele and Ding 2017): RR + sqrt(RR (RR - 1)), RR < 1 inverted.
    3.9 gives 7.26, its limit 1.8 gives 3.0."""
    ratio = 1 / ratio if ratio < 1 else ratio
    return ratio + math.sqrt(ratio * (ratio - 1))


def e_value_of_limit(d: float, std_error: float) -> float:
    """E-value of a standardised mean difference's limit nearer to no effect, by
    RR = exp(0.91 |d| - 1.78 se); 1 where the interval holds no effect."""
    nearer = 0.91 * abs(d) - 1.78 * std_error
    return e_value(math.exp(nearer)) if nearer > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Judged:
    """The conclusion, that of the estimate which brackets it, and what is to be said of them."""

    conclusion: Conclusion | None = None
    other: Conclusion | None = None
    notes: tuple[str, ...] = ()


def judge(
    found: Estimate, ancova: Estimate | None = None, bounds: Bounds | None = None,
    limit: float | None = None, *, sesoi: float | None, ancova_sesoi: float | None,
    direction: Literal["higher", "lower"], p_adjusted: float | None,
) -> Judged:  # fmt: skip
    """The written rule, and what contradicts it.

    ancova: of a difference in differences the same outcome given the measure before. If the groups'
    changes are alike without the program, or if persons alike before are, the effect lies between
    the two (Ding and Li 2019): improved or worsened need both to conclude it, and no meaningful
    change needs ANCOVA not to conclude the contrary. ANCOVA's p-value is multiplied by the factor
    that the family put on the primary one. Where they part: inconclusive, with both named. bounds,
    limit: for the loss, and the E-value of the interval's nearer limit; where weak, they are told
    beside a change.
    """
    conclusion = conclude(found, sesoi=sesoi, direction=direction, p_adjusted=p_adjusted)
    other, notes = None, []
    if conclusion is not None and ancova is not None:
        p, own = ancova.p_value, found.p_value
        factor = max(1.0, p_adjusted / own) if own and p_adjusted is not None else 1.0
        other = conclude(
            ancova, sesoi=ancova_sesoi, direction=direction,
            p_adjusted=None if p is None else min(1.0, p * factor),
        )  # fmt: skip
        parted = other != conclusion if conclusion in MOVED else other in MOVED
        if parted and conclusion != "inconclusive":
            notes.append(_parted(conclusion, other))
            conclusion = "inconclusive"
    if conclusion in MOVED:
        notes += _open_to_doubt(bounds, limit)
    return Judged(conclusion, other, tuple(notes))


def _parted(did: Conclusion, ancova: Conclusion | None) -> str:
    return _(
        "Difference in differences concludes “{did}”, the comparison given the measure before "
        "(ANCOVA) “{ancova}”. If the assumption of either holds, the effect lies between the two "
        "(Ding and Li 2019), so nothing is concluded."
    ).format(did=_named(did), ancova=_named(ancova))


def _named(conclusion: Conclusion | None) -> str:
    return word_for("conclusion", conclusion or "inconclusive")


def _open_to_doubt(bounds: Bounds | None, limit: float | None) -> Iterator[str]:
    """What the bounds for loss, or a weak cause that was not measured, leave open of a change."""
    if bounds and bounds.ci_low <= 0 <= bounds.ci_high:
        yield _(
            "If those who were lost differ from those who stayed, the effect could be anything in "
            "{bounds} (Lee 2009; with sampling error {interval}): the bounds contain 0."
        ).format(
            bounds=interval(bounds.low, bounds.high, 2),
            interval=interval(bounds.ci_low, bounds.ci_high, 2),
        )
    if limit is not None and limit < SMALL_E_VALUE:
        yield _(
            "A cause that was not measured would only need a risk ratio of {e} with both being in "
            "the program and the outcome to make the interval hold no effect (E-value, VanderWeele "
            "and Ding 2017): little is needed."
        ).format(e=number(limit, 2))
