"""Persons, and what would be measured of them with and without the program.

Every measure holds both potential outcomes of every person, so the truth is the mean of their
difference over the persons treated: what a perfect study would find. Latent scores are in points of
a scale of 1-5 (surveys and ratings) or in units of a standard deviation (records).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rng = np.random.Generator

# A score: stable trait, state of the day, noise of each item (points of the scale).
TRAIT, STATE, NOISE, ITEMS = 0.6, 0.35, 0.7, 5
SCORE_SD = math.sqrt(TRAIT**2 + STATE**2 + NOISE**2 / ITEMS)
# A record: share of its standard deviation that is stable (correlation before-after about 0.62); of
# the score behind a yes or no.
STABLE, FLAG_STABLE = 0.79, 0.6
DAYS_MEAN, DAYS_SD = 9.0, 2.0
# Smallest effects of interest, both a third of a standard deviation.
SESOI = 0.25
SESOI_DAYS = 0.66
# Rounding to answers and the ends of a scale take a few percent of an effect away.
ROUNDING = 1.055


def persons_needed(design: str, answering: float = 0.93) -> int:
    """Persons (of each group, where there are two) for 80% power at SESOI, 5% two-sided.

    randomised: difference after; comparison: difference in differences; single_group: change.
    """
    standard = (1.96 + 0.84) ** 2 * (SCORE_SD / SESOI) ** 2
    correlation = TRAIT**2 / SCORE_SD**2
    factor = {
        "randomised": 2.0,
        "comparison": 4 * (1 - correlation),
        "single_group": 2 * (1 - correlation),
    }[design]
    return math.ceil(standard * factor / answering)


@dataclass(frozen=True)
class People:
    """n persons; `shock` is what persons of one unit share (before, after), in SD of a score."""

    ability: Floats
    age: Floats
    tenure: Floats
    female: Bools
    unit: NDArray[np.intp]
    shock: tuple[Floats, Floats]

    @property
    def n(self) -> int:
        return len(self.ability)

    def take(self, rows: NDArray[Any]) -> People:
        return People(
            self.ability[rows], self.age[rows], self.tenure[rows], self.female[rows],
            self.unit[rows], (self.shock[0][rows], self.shock[1][rows]),
        )  # fmt: skip


def people(rng: Rng, n: int, units: int = 12, next_unit: float = 1.0, icc: float = 0.0) -> People:
    """Staff of some units. next_unit: its size, as a part of the one before; icc: of a score, anew
    each time."""
    age = np.clip(rng.normal(40, 9, n), 22, 58).round()
    tenure = np.clip(age - 22 - rng.exponential(4, n), 0, 36).round()
    sizes = next_unit ** np.arange(units)
    bounds = np.cumsum(sizes / sizes.sum())
    unit = np.searchsorted(bounds, (np.arange(n) + 0.5) / n).clip(0, units - 1)
    spread = math.sqrt(icc / (1 - icc))
    before, after = rng.normal(0, spread, (2, units))
    return People(
        rng.normal(size=n), age, tenure, rng.random(n) < 0.45, unit, (before[unit], after[unit])
    )


@dataclass(frozen=True)
class Values:
    """Both potential outcomes of n persons: shape (n, items) for instruments, else (n,).

    before, without, with_: values as they would be reported; effect: what the program truly does
    to each person, signed as measured. earlier: a wave long before, where there is one.
    """

    before: Floats | None
    without: Floats
    with_: Floats
    effect: Floats
    earlier: Floats | None = None


@dataclass(frozen=True)
class Measure(Values):
    """One outcome. place: who is asked (survei: the person, atasan: the superior, kinerja: the
    agency's records). sesoi is what was meant, declared_sesoi what program.yml says."""

    id: str = ""
    label: str = ""
    level: str = ""
    place: str = ""
    unit: str = ""
    sesoi: float = 0.0
    declared_sesoi: float = 0.0
    direction: str = "higher"
    scale_type: str = "continuous"
    asked_before: Bools = field(default_factory=lambda: np.ones(0, dtype=bool))
    asked_after: Bools = field(default_factory=lambda: np.ones(0, dtype=bool))

    def take(self, rows: NDArray[Any]) -> Measure:
        cut = {name: value[rows] for name, value in vars(self).items() if hasattr(value, "shape")}
        return replace(self, **cut)

    def reported(self, program: Bools) -> Floats:
        """What is found after the program, given who took part in it."""
        chosen = program[:, None] if self.without.ndim == 2 else program
        return np.where(chosen, self.with_, self.without)

    def score(self, wave: str) -> Floats:
        """before or without the program as one number a person, higher being better."""
        values = getattr(self, wave)
        score: Floats = values.mean(axis=1) if values.ndim == 2 else values
        return -score if self.direction == "lower" else score


def _own(rng: Rng, who: People) -> Floats:
    """A stable trait: half of its variance is the ability that all measures share."""
    return math.sqrt(0.5) * who.ability + math.sqrt(0.5) * rng.normal(size=who.n)


def likert(
    rng: Rng,
    who: People,
    effect: Any = 0.0,
    *,
    mean: Any = 3.1,
    items: int = ITEMS,
    noise: float = NOISE,
    trait: float = TRAIT,
    trend: Any = 0.0,
    pleasing: Any = 0.0,
    latent_truth: bool = False,
    negative: Sequence[int] = (),
    earlier_trend: Any | None = None,
    extra: Any = 0.0,
) -> Values:
    """An instrument of items on a scale of 1-5. effect, trend, pleasing, extra: in points, one
    number or one a person.

    trend: what happens to everybody without the program. pleasing: rise in the answers of those
    who took part that nothing real stands behind. extra: part of the person that both waves share.
    latent_truth: the true effect is the one on the trait, not on what the scale can show.
    negative: items worded the other way round. earlier_trend: rise from an earlier wave to the one
    before the program.
    """
    stable = trait * _own(rng, who) + extra
    states = STATE * rng.normal(size=(3, who.n)) + np.stack(
        [np.zeros(who.n), SCORE_SD * who.shock[0], SCORE_SD * who.shock[1]]
    )
    errors = noise * rng.normal(size=(3, who.n, items))
    size = np.broadcast_to(np.asarray(effect, dtype=float), (who.n,))

    def answers(wave: int, added: Any) -> Floats:
        latent = mean + stable + states[wave] + added
        return np.clip(np.rint(np.asarray(latent)[:, None] + errors[wave]), 1, 5)

    def worded(values: Floats) -> Floats:
        out = values.copy()
        out[:, list(negative)] = 6 - out[:, list(negative)]
        return out

    without, with_ = answers(2, trend), answers(2, trend + size)
    return Values(
        before=worded(answers(1, 0.0)),
        without=worded(without),
        with_=worded(answers(2, trend + size + pleasing)),
        effect=size.copy() if latent_truth else with_.mean(axis=1) - without.mean(axis=1),
        earlier=None if earlier_trend is None else worded(answers(0, -earlier_trend)),
    )


def days(
    rng: Rng, who: People, effect: Any = 0.0, *, trend: Any = 0.0, extra: Any = 0.0,
    skewed: bool = False,
) -> Values:  # fmt: skip
    """Working days per document from the records: lower is better. effect, trend, extra: in days
    saved, so that positive is good. skewed: most are quick and a few take very long."""
    own = _own(rng, who)
    states = rng.normal(size=(2, who.n)) * math.sqrt(1 - STABLE**2) + np.stack(who.shock)
    before, after = STABLE * own + states

    def record(latent: Floats, saved: Any) -> Floats:
        if skewed:  # lognormal with the same mean
            value = DAYS_MEAN * np.exp(-0.6 * latent - 0.18)
        else:
            value = DAYS_MEAN - DAYS_SD * latent
        return np.round(np.maximum(value - extra - saved, 0.2), 1)

    without, with_ = record(after, trend), record(after, np.asarray(trend) + effect)
    return Values(record(before, 0.0), without, with_, with_ - without)


def flag(rng: Rng, who: People, share: float, share_with: float, *, trend: float = 0.0) -> Values:
    """A yes or no in the records, with its share without and with the program."""
    own = FLAG_STABLE * who.ability
    before, after = own + rng.normal(size=(2, who.n)) * math.sqrt(1 - FLAG_STABLE**2)

    def yes(latent: Floats, chance: float) -> Floats:
        return (latent > -norm.ppf(chance)).astype(float)

    without, with_ = yes(after, share + trend), yes(after, share_with + trend)
    return Values(yes(before, share), without, with_, with_ - without)


def predicate(rng: Rng, who: People, effect: float) -> Values:
    """SKP predicate, 0 to 4. The true effect is the net share who rise rather than fall because of
    the program; `effect` shifts the score behind the predicate, in its SD."""
    own = _own(rng, who)
    states = rng.normal(size=(2, who.n)) * math.sqrt(1 - STABLE**2)
    cuts = [-2.3, -1.6, -0.7, 0.6]
    before, without, with_ = (
        np.digitize(STABLE * own + state + shift, cuts).astype(float)
        for state, shift in ((states[0], 0.0), (states[1], 0.0), (states[1], effect))
    )
    return Values(before, without, with_, np.sign(with_ - before) - np.sign(without - before))


@dataclass(frozen=True)
class Benefit:
    outcome: str
    value: float
    isolation: str


@dataclass(frozen=True)
class Drawn:
    """One program: who took part, what was measured, and what program.yml declares.

    covariates and cluster: what is declared, which need not be what matters. linked: whether the
    two waves can be told to be the same persons; where not, asked_before and asked_after are
    different persons. completed: of those who took part.
    """

    design: str
    who: People
    program: Bools
    measures: list[Measure]
    covariates: Sequence[str] = ()
    cluster: bool = False
    linked: bool = True
    completed: Bools | None = None
    benefits: Sequence[Benefit] = ()
    reaction_only: bool = False
    satisfaction: float = 3.2

    @property
    def n(self) -> int:
        return self.who.n
