"""Small phrases that several findings share."""

from __future__ import annotations

import re

from evaluasi_lib.results import Effect
from evaluasi_lib.wording import _, digits_for, interval, number, percent


def short_label(label: str) -> str:
    """The item of a grid question: "How content are you? [Schedule]" -> "Schedule"."""
    found = re.search(r"\[([^\[\]]+)\]\s*$", label)
    return found.group(1) if found else label


def with_interval(value: float, low: float | None, high: float | None, unit: str) -> str:
    """ "1.20 points (95% interval 0.80 to 1.60)"; no interval where there is none."""
    digits = digits_for(value, low, high)
    shown = f"{number(value, digits)} {unit}"
    if low is None or high is None:
        return shown
    return _("{value} (95% interval {interval})").format(
        value=shown, interval=interval(low, high, digits)
    )


def share_with_interval(share: float, low: float | None, high: float | None) -> str:
    """ "34% (95% interval 28% to 41%)"."""
    if low is None or high is None:
        return percent(share)
    return _("{value} (95% interval {interval})").format(
        value=percent(share),
        interval=_("{low} to {high}").format(low=percent(low), high=percent(high)),
    )


def amount(effect: Effect) -> str:
    """Size of an estimate without its sign, with interval and unit, as the reader sees it."""
    assert effect.estimate is not None
    low, high = effect.ci_low, effect.ci_high
    if effect.estimate < 0 and low is not None and high is not None:
        low, high = -high, -low
    return with_interval(abs(effect.estimate), low, high, effect.unit)
