"""What a primary estimate may be said to show, once its checks have spoken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from evaluasi_lib.results import Conclusion
from evaluasi_lib.scoring.impact.estimate import Estimate, conclude
from evaluasi_lib.wording import _, interval, number, word_for

MOVED = ("improved", "worsened")
# Under this risk ratio a cause of the size of common background variables is enough (VanderWeele
# and Ding 2017 leave the judgement to the subject; this limit is the workbook's own).
SMALL_E_VALUE = 1.5


@dataclass(frozen=True, slots=True)
class Judgement:
    """A conclusion, and what is added to an estimate's details and warnings."""

    conclusion: Conclusion | None
    details: dict[str, Any]
    warnings: tuple[str, ...]


def judge(
    found: Estimate, ancova: Estimate | None, *, sesoi: float | None, ancova_sesoi: float | None,
    direction: Literal["higher", "lower"], p_adjusted: float | None,
) -> Judgement:  # fmt: skip
    """The written rule, and what contradicts it.

    ancova: of a difference in differences the same outcome given the measure before. If the groups'
    changes are alike without the program, or if persons alike before are, the effect lies between
    the two (Ding and Li 2019): improved or worsened need both to conclude it, and no meaningful
    change needs ANCOVA not to conclude the contrary. ANCOVA's p-value is multiplied by the factor
    that the family put on the primary one. Where they part: inconclusive, with both named.
    """
    conclusion = conclude(found, sesoi=sesoi, direction=direction, p_adjusted=p_adjusted)
    details: dict[str, Any] = {}
    notes: list[str] = []
    if conclusion is not None and ancova is not None:
        p, own = ancova.p_value, found.p_value
        factor = max(1.0, p_adjusted / own) if own and p_adjusted is not None else 1.0
        other = conclude(
            ancova, sesoi=ancova_sesoi, direction=direction,
            p_adjusted=None if p is None else min(1.0, p * factor),
        )  # fmt: skip
        low, high = ancova.interval()
        details["bracketing"] = {
            "estimator": ancova.estimator, "estimate": ancova.estimate, "ci_low": low,
            "ci_high": high, "conclusion": other,
        }  # fmt: skip
        parted = other != conclusion if conclusion in MOVED else other in MOVED
        if parted and conclusion != "inconclusive":
            notes.append(_parted(conclusion, other))
            conclusion = "inconclusive"
    for said, note in (_lee(found, conclusion), _e_value(found, conclusion)):
        details |= said
        notes += [note] if note else []
    return Judgement(conclusion, details, tuple(notes))


def _parted(did: Conclusion, ancova: Conclusion | None) -> str:
    return _(
        "Difference in differences concludes “{did}”, the comparison given the measure before "
        "(ANCOVA) “{ancova}”. If the assumption of either holds, the effect lies between the two "
        "(Ding and Li 2019), so nothing is concluded."
    ).format(did=_named(did), ancova=_named(ancova))


def _named(conclusion: Conclusion | None) -> str:
    return word_for("conclusion", conclusion or "inconclusive")


def _lee(found: Estimate, conclusion: Conclusion | None) -> tuple[dict[str, Any], str]:
    """Whether the bounds for loss of persons leave "no effect" open."""
    bounds = found.details.get("lee_bounds")
    if not bounds:
        return {}, ""
    open_ = bool(bounds["ci_low"] <= 0 <= bounds["ci_high"])
    note = ""
    if open_ and conclusion in MOVED:
        note = _(
            "If those who were lost differ from those who stayed, the effect could be anything in "
            "{bounds} (Lee 2009; with sampling error {interval}): the bounds contain 0."
        ).format(
            bounds=interval(bounds["low"], bounds["high"], 2),
            interval=interval(bounds["ci_low"], bounds["ci_high"], 2),
        )
    return {"lee_contains_zero": open_}, note


def _e_value(found: Estimate, conclusion: Conclusion | None) -> tuple[dict[str, Any], str]:
    """Whether a weak unmeasured cause could explain what is concluded."""
    limit = found.details.get("e_value_interval")
    if limit is None:
        return {}, ""
    small = bool(limit < SMALL_E_VALUE)
    note = ""
    if small and conclusion in MOVED:
        note = _(
            "A cause that was not measured would only need a risk ratio of {e} with both being in "
            "the program and the outcome to make the interval hold no effect (E-value, VanderWeele "
            "and Ding 2017): little is needed."
        ).format(e=number(limit, 2))
    return {"e_value_small": small}, note
