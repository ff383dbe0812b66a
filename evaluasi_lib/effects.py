"""An estimate as those who read it want it: its rows of the measures table, together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from evaluasi_lib.measures import Claim, Conclusion, Level, Measure, Role, records

# The numbers of an estimate, each with the start of the names of its ends and its p-value's; the
# last two belong to primary estimates alone.
NUMBERS = (
    "estimate:ci:p_value effect_size_g:g_ci std_error df p_adjusted sesoi n_program n_comparison "
    "n_needed"
)
CHECKS = ("e_value", "lee_lower", "lee_upper", "bracketing", "interaction_p")
MEANS = ("mean_before", "mean_after", "mean_comparison")
COUNTS = ("n_program", "n_comparison", "n_needed")
TOLD = ("label", "role", "wave", "direction", "claim", "level", "design", "estimator", "estimand",
        "unit", "conclusion", "reason", "note")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One estimate of one outcome. `unit` is the outcome's; estimates are signed as measured.

    `conclusion` takes the declared direction into account: improved is always good news.
    effect_size_g is signed like the estimate. `n_needed` is the number of persons in all that the
    same design would have needed to find the smallest effect of interest with 80% power. e_value:
    of the interval's nearer limit; lee_lower, lee_upper: bounds whoever was lost; bracketing: the
    estimate given the measure before, with which a difference in differences has to agree;
    interaction_p: of the test that the groups of a variable differ, at the first of them.
    mean_before, mean_after: of the program's persons, unweighted, of those measured at both waves
    where they are linked; mean_comparison: of the other group after, where nobody was measured
    before.
    """

    outcome: str
    label: str
    role: Role
    subgroup: str | None = None
    wave: str
    sesoi: float | None = None
    direction: Literal["higher", "lower"]
    claim: Claim
    level: Level
    design: str
    estimator: str
    estimand: str
    unit: str
    n_program: int | None = None
    n_comparison: int | None = None
    estimate: float | None = None
    std_error: float | None = None
    df: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    effect_size_g: float | None = None
    g_ci_low: float | None = None
    g_ci_high: float | None = None
    conclusion: Conclusion | None = None
    n_needed: int | None = None
    e_value: float | None = None
    lee_lower: float | None = None
    lee_upper: float | None = None
    bracketing: float | None = None
    interaction_p: float | None = None
    mean_before: float | None = None
    mean_after: float | None = None
    mean_comparison: float | None = None
    note: str | None = None
    reason: str | None = None

    @property
    def factor(self) -> int:
        """By which its numbers are shown."""
        return 1

    @property
    def shown_unit(self) -> str:
        """The unit in which its numbers are shown."""
        return self.unit

    @property
    def turned(self) -> tuple[float, float, float] | None:
        """g with its interval, turned so that more is better; None where any is missing."""
        g, low, high = self.effect_size_g, self.g_ci_low, self.g_ci_high
        if g is None or low is None or high is None:
            return None
        return (g, low, high) if self.direction == "higher" else (-g, -high, -low)


def effects_of(rows: Iterable[Measure], role: Role | None = None) -> list[Effect]:
    """The estimates of a measures table in its order; role: those of one role alone."""
    kept = (r for r in rows if r.part == "effects" and r.role and role in (None, r.role))
    return [_effect(record) for record in records(kept)]


def _effect(record: dict[str, Any]) -> Effect:
    names = [field.partition(":")[0] for field in NUMBERS.split()]
    values: dict[str, Any] = {name: record.get(name) for name in (*names, *CHECKS, *MEANS)}
    values |= {n: None if values[n] is None else int(values[n]) for n in COUNTS}
    return Effect(
        outcome=record["subject"], subgroup=record["group"],
        ci_low=record.get("estimate_low"), ci_high=record.get("estimate_high"),
        p_value=record.get("estimate_p"), g_ci_low=record.get("effect_size_g_low"),
        g_ci_high=record.get("effect_size_g_high"),
        **values, **{name: record[name] for name in TOLD},
    )  # fmt: skip


def flags_of(rows: Iterable[Measure]) -> dict[str, tuple[str, ...]]:
    """The codes of the threats to each outcome's evidence, in their order."""
    found: dict[str, tuple[str, ...]] = {}
    for row in threats_of(rows):
        found[str(row.subject)] = (*found.get(str(row.subject), ()), row.measure)
    return found


def threats_of(rows: Iterable[Measure]) -> list[Measure]:
    """The rows of the threats to the evidence: measure is its code, note the sentence."""
    return [r for r in rows if r.part == "evidence" and "/threats/" in r.id and r.value is not None]


def ratings_of(rows: Iterable[Measure]) -> dict[str, int]:
    """The rating, 0-5, of each outcome's evidence that is rated."""
    return {
        str(r.subject): int(r.value)
        for r in rows
        if r.part == "evidence" and r.measure == "rating_0_5" and r.value is not None
    }
