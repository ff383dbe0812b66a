"""Where groups differ in what holds them back and in their use of the platform.

Every barrier is held against every variable by which it was counted (groups, and who completed),
and so are use and completion of the e-learning; the tests are one family, adjusted by Holm for the
number of looks. Only shares that are shown are looked at. Persons of one agency may resemble each
other, which the tests of barriers do not allow for: they find where to look, and prove no cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from evaluasi_lib.conclusion import ALPHA, adjust_p_values
from evaluasi_lib.labels import is_nothing
from evaluasi_lib.measures import Measure, Record, measure_id, wide

COMPLETED = "completed"  # the name under which barriers are counted by completion


@dataclass(frozen=True, slots=True)
class Share:
    """The share of one group, and the id of its measure. level: the group's code."""

    level: str
    group: str
    share: float
    at: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A share that differs between the groups of a variable. what: a barrier, "used" or
    "completed"; label: its name; shares: from the lowest to the highest; p: adjusted for `looks`
    tests."""

    what: str
    label: str
    variable: str
    shares: tuple[Share, ...]
    p: float
    looks: int

    @property
    def least(self) -> Share:
        return self.shares[0]

    @property
    def most(self) -> Share:
        return self.shares[-1]

    @property
    def of_barrier(self) -> bool:
        return self.most.at.startswith("participation/barriers/")


def patterns_of(rows: Sequence[Measure]) -> list[Pattern]:
    """The differences that stay at the 5% level after adjustment, the clearest first."""
    looks = [*_barriers(rows), *_use(rows)]
    adjusted = adjust_p_values([look.p for look in looks])
    found = [
        replace(look, p=p, looks=len(looks))
        for look, p in zip(looks, adjusted, strict=True)
        if p is not None and p < ALPHA
    ]
    return sorted(found, key=lambda pattern: (pattern.p, pattern.what, pattern.variable))


def _barriers(rows: Sequence[Measure]) -> Iterator[Pattern]:
    for (option, variable), groups in _by(wide(rows, "participation/barriers/*/*/*"), 2, 3).items():
        if is_nothing(option, groups[0]["label"]):
            continue  # that nothing holds a group back is no barrier
        known = [g for g in groups if g["share"] and g["n"]]
        counts = [(g["n"], round(g["n"] / g["share"]) - g["n"]) for g in known]
        shares = [
            Share(g["stem"][-1], g["group"], g["share"], measure_id(*g["stem"], "share"))
            for g in known
        ]
        p = _p_alike(counts)
        if p is not None:
            yield _pattern(option, known[0]["label"], variable, shares, p)


def _use(rows: Sequence[Measure]) -> Iterator[Pattern]:
    for (variable,), groups in _by(wide(rows, "elearning/access/*/*"), 2).items():
        for what in ("used", "completed"):
            known = [g for g in groups if g[f"{what}_share"] is not None]
            shares = [
                Share(g["stem"][-1], g["label"], g[f"{what}_share"],
                      measure_id(*g["stem"], f"{what}_share"))
                for g in known
            ]  # fmt: skip
            sizes = [g["n"] or 0 for g in known]
            counts = [(round(s.share * n), round((1 - s.share) * n))
                      for s, n in zip(shares, sizes, strict=True)]  # fmt: skip
            # The published test allows for the agencies; where there is none, the counts must do.
            published = next((p for g in known if (p := g[f"{what}_share_p"]) is not None), None)
            p = _p_alike(counts) if published is None else published
            if p is not None and len(shares) > 1:
                yield _pattern(what, what, variable, shares, p)


def _by(records: Iterable[Record], *places: int) -> dict[tuple[str, ...], list[Record]]:
    """Records by the names at these places of their stems."""
    found: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        key = tuple(record["stem"][place] for place in places)
        found.setdefault(key, []).append(record)
    return found


def _pattern(what: str, label: str, variable: str, shares: list[Share], p: float) -> Pattern:
    ranked = tuple(sorted(shares, key=lambda s: (s.share, s.level)))
    return Pattern(what, label, variable, ranked, p, 1)


def _p_alike(counts: Sequence[tuple[int, int]]) -> float | None:
    """Chi-squared test that a share is the same in all groups; None with fewer than two groups, or
    where everybody or nobody is counted."""
    table = np.array(counts)
    if len(table) < 2 or 0 in table.sum(axis=0) or 0 in table.sum(axis=1):
        return None
    return float(stats.chi2_contingency(table, correction=False).pvalue)
