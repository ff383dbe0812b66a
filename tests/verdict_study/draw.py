"""A program drawn from a row of situations.yml: persons, and what would be measured of them with
and without the program.

Every measure holds both potential outcomes of every person, so the truth is the mean of their
difference over the persons treated: what a perfect study would find. Latent scores are in points of
a scale of 1-5 (surveys and ratings) or in units of a standard deviation (records). The keys of a
row are steps, taken in the order written.
"""

from __future__ import annotations

import math
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import yaml
from scipy.stats import norm

SPECIFICATION: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_name("situations.yml").read_text(encoding="utf-8")
)
SEED = 20260101
DESIGNS = {"randomised": "lot", "comparison": "comparison", "single_group": "one group"}
LEVELS = ("reaction", "learning", "behaviour", "results")
# A score: stable trait, state of the day, noise of each item (points of the scale).
TRAIT, STATE, NOISE, ITEMS = 0.6, 0.35, 0.7, 5
SCORE_SD = math.sqrt(TRAIT**2 + STATE**2 + NOISE**2 / ITEMS)
# A record: share of its standard deviation that is stable (correlation before-after about 0.62); of
# the score behind a yes or no.
STABLE, FLAG_STABLE = 0.79, 0.6
DAYS_MEAN, DAYS_SD = 9.0, 2.0
# Smallest effects of interest, both a third of a standard deviation. Rounding to answers and the
# ends of a scale take a few percent of an effect away.
SESOI, SESOI_DAYS, ROUNDING = 0.25, 0.66, 1.055
# A day of the records in points of a scale (SD 2 and 0.76); noise of a score when it is looked at.
DAY, SEEN = 0.38, 0.38


class Rows(SimpleNamespace):
    """Arrays with a value (or a row of answers) for each person, and what is said of all of them.

    People: ability, age, tenure, female, unit, and what persons of one unit share (shock_before,
    shock_after, in SD of a score). A measure: before, without, with_ (as they would be reported),
    effect (what the program truly does, signed as measured), earlier (a wave long before, or None),
    asked_before, asked_after, and the fields of situations.yml; sesoi is what was meant,
    declared_sesoi what program.yml says.
    """

    def take(self, rows: Any) -> Rows:
        """Some of the persons."""
        return self.but(**{k: v[rows] for k, v in vars(self).items() if isinstance(v, np.ndarray)})

    def but(self, **changes: Any) -> Rows:
        """The same with other values."""
        return Rows(**vars(self) | changes)


def persons_needed(design: str, answering: float = 0.93) -> int:
    """Persons (of each group, where there are two) for 80% power at SESOI, 5% two-sided.

    randomised: difference after; comparison: difference in differences; single_group: change.
    """
    standard = (1.96 + 0.84) ** 2 * (SCORE_SD / SESOI) ** 2
    free = 1 - TRAIT**2 / SCORE_SD**2
    factor = {"randomised": 2.0, "comparison": 4 * free, "single_group": 2 * free}[design]
    return math.ceil(standard * factor / answering)


def people(rng: Any, n: int, units: int = 12, next_unit: float = 1.0, icc: float = 0.0) -> Rows:
    """Staff of some units. next_unit: its size, as a part of the one before; icc: of a score, anew
    each time."""
    age = np.clip(rng.normal(40, 9, n), 22, 58).round()
    tenure = np.clip(age - 22 - rng.exponential(4, n), 0, 36).round()
    sizes = next_unit ** np.arange(units)
    bounds = np.cumsum(sizes / sizes.sum())
    unit = np.searchsorted(bounds, (np.arange(n) + 0.5) / n).clip(0, units - 1)
    before, after = rng.normal(0, math.sqrt(icc / (1 - icc)), (2, units))
    return Rows(ability=rng.normal(size=n), age=age, tenure=tenure, female=rng.random(n) < 0.45,
                unit=unit, shock_before=before[unit], shock_after=after[unit])  # fmt: skip


def _own(rng: Any, who: Rows) -> Any:
    """A stable trait: half of its variance is the ability that all measures share."""
    return math.sqrt(0.5) * who.ability + math.sqrt(0.5) * rng.normal(size=len(who.ability))


def _states(rng: Any, who: Rows, stable: float) -> Any:
    """What changes from time to time of a record, before and after."""
    return rng.normal(size=(2, len(who.ability))) * math.sqrt(1 - stable**2)


def likert(
    rng: Any, who: Rows, effect: Any = 0.0, *, mean: Any = 3.1, items: int = ITEMS,
    noise: float = NOISE, trait: float = TRAIT, trend: Any = 0.0, pleasing: Any = 0.0,
    latent_truth: bool = False, negative: Any = (), earlier_trend: Any = None, extra: Any = 0.0,
) -> dict[str, Any]:  # fmt: skip
    """An instrument of items on a scale of 1-5. effect, trend, pleasing, extra: in points, one
    number or one a person.

    trend: what happens to everybody without the program. pleasing: rise in the answers of those
    who took part that nothing real stands behind. extra: part of the person that both waves share.
    latent_truth: the true effect is the one on the trait, not on what the scale can show.
    negative: items worded the other way round. earlier_trend: rise from an earlier wave to the one
    before the program.
    """
    n = len(who.ability)
    stable = trait * _own(rng, who) + extra
    shocks = np.stack([np.zeros(n), SCORE_SD * who.shock_before, SCORE_SD * who.shock_after])
    states = STATE * rng.normal(size=(3, n)) + shocks
    errors = noise * rng.normal(size=(3, n, items))
    size = np.broadcast_to(np.asarray(effect, dtype=float), (n,))
    turned = np.isin(np.arange(items), negative)

    def answers(wave: int, added: Any) -> Any:
        latent = mean + stable + states[wave] + added
        return np.clip(np.rint(np.asarray(latent)[:, None] + errors[wave]), 1, 5)

    def worded(values: Any) -> Any:
        return np.where(turned, 6 - values, values)

    without, with_ = answers(2, trend), answers(2, trend + size)
    return {
        "before": worded(answers(1, 0.0)), "without": worded(without),
        "with_": worded(answers(2, trend + size + pleasing)),
        "effect": size.copy() if latent_truth else with_.mean(axis=1) - without.mean(axis=1),
        "earlier": None if earlier_trend is None else worded(answers(0, -earlier_trend)),
    }  # fmt: skip


def days(
    rng: Any, who: Rows, effect: Any = 0.0, *, trend: Any = 0.0, extra: Any = 0.0,
    skewed: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Working days per document from the records: lower is better. effect, trend, extra: in days
    saved, so that positive is good. skewed: most are quick and a few take very long."""
    own = _own(rng, who)
    states = _states(rng, who, STABLE) + np.stack([who.shock_before, who.shock_after])
    before, after = STABLE * own + states

    def record(latent: Any, saved: Any) -> Any:
        plain = DAYS_MEAN - DAYS_SD * latent
        value = DAYS_MEAN * np.exp(-0.6 * latent - 0.18) if skewed else plain  # of the same mean
        return np.round(np.maximum(value - extra - saved, 0.2), 1)

    without, with_ = record(after, trend), record(after, np.asarray(trend) + effect)
    return {"before": record(before, 0.0), "without": without, "with_": with_,
            "effect": with_ - without}  # fmt: skip


def flag(
    rng: Any, who: Rows, share: float, share_with: float, *, trend: float = 0.0
) -> dict[str, Any]:
    """A yes or no in the records, with its share without and with the program."""
    before, after = FLAG_STABLE * who.ability + _states(rng, who, FLAG_STABLE)
    cases = ((before, share), (after, share + trend), (after, share_with + trend))
    yes = [(latent > -norm.ppf(chance)).astype(float) for latent, chance in cases]
    return {"before": yes[0], "without": yes[1], "with_": yes[2], "effect": yes[2] - yes[1]}


def predicate(rng: Any, who: Rows, effect: float) -> dict[str, Any]:
    """SKP predicate, 0 to 4. The true effect is the net share who rise rather than fall because of
    the program; `effect` shifts the score behind the predicate, in its SD."""
    own = STABLE * _own(rng, who)
    first, second = _states(rng, who, STABLE)
    before, without, with_ = (
        np.digitize(own + shifted, [-2.3, -1.6, -0.7, 0.6]).astype(float)
        for shifted in (first, second, second + effect)
    )
    return {"before": before, "without": without, "with_": with_,
            "effect": np.sign(with_ - before) - np.sign(without - before)}  # fmt: skip


# What the measures of one kind share. gain: an effect that is measured as one smallest effect of
# interest, for rounding and the ends of a scale take a few percent of it away.
KINDS: dict[str, dict[str, Any]] = {
    "likert": {"values": likert, "unit": "poin pada skala 1-5", "sesoi": SESOI,
               "gain": SESOI * ROUNDING},
    "days": {"values": days, "unit": "hari kerja per naskah", "sesoi": SESOI_DAYS,
             "gain": SESOI_DAYS * 1.02, "direction": "lower"},
    "flag": {"values": flag, "unit": "bagian pegawai (0-1)", "scale_type": "binary", "sesoi": 0.1},
    "predicate": {"values": predicate, "unit": "tingkat predikat", "sesoi": 0.15,
                  "scale_type": "ordinal"},
}  # fmt: skip
PLAIN = {"earlier": None, "direction": "higher", "scale_type": "continuous"}


def measure(
    rng: Any, who: Rows, name: str, *, gain: Any = 0.0, baseline: bool = True, **given: Any
) -> Rows:
    """A measure of situations.yml. gain: its effect in smallest effects of interest; baseline:
    whether it was measured before the program; given: what its kind takes, or its id, label or
    sesoi."""
    known = SPECIFICATION["measures"][name]
    said: dict[str, Any] = PLAIN | KINDS[known["draw"]] | known
    draw_values, size = said.pop("values"), said.pop("gain", 0.0)
    said |= {key: given.pop(key) for key in ("id", "label", "sesoi") if key in given}
    if "share" not in given:
        given.setdefault("effect", gain * size)
    said |= draw_values(rng, who, **given)
    said |= {} if baseline else {"before": None}
    answering = 0.98 if said["place"] == "kinerja" else 0.93
    said |= {when: rng.random(len(who.ability)) < answering
             for when in ("asked_before", "asked_after")}  # fmt: skip
    return Rows(**said, declared_sesoi=said["sesoi"])


def reported(m: Rows, program: Any) -> Any:
    """What is found after the program, given who took part in it."""
    return np.where(program[:, None] if m.without.ndim == 2 else program, m.with_, m.without)


def score(m: Rows, wave: str) -> Any:
    """before or without the program as one number a person, higher being better."""
    values = getattr(m, wave)
    values = values.mean(axis=1) if values.ndim == 2 else values
    return -values if m.direction == "lower" else values


def by_lot(rng: Any, n: int, chosen: int) -> Any:
    """So many of n persons."""
    return np.isin(np.arange(n), rng.permutation(n)[:chosen])


def _logistic(value: Any) -> Any:
    return 1 / (1 + np.exp(-value))


def _short_service(_rng: Any, who: Rows) -> Any:
    """1 / their share for those who serve shorter than half the persons, 0 for the others."""
    short = who.tenure < np.median(who.tenure)
    return short / short.mean()


# What persons differ in.
TRAITS: dict[str, Any] = {
    "ability": lambda _rng, who: who.ability,
    "middle_aged": lambda _rng, who: 1 - ((who.age - 40) / 9) ** 2,
    "young": lambda _rng, who: (40 - who.age) / 9,
    "short_service": _short_service,
    "motivated": lambda rng, who: rng.normal(size=len(who.age)),
    "comes": lambda rng, who: rng.random(len(who.age)) < 0.6,
    "asked_later": lambda rng, who: by_lot(rng, len(who.age), len(who.age) // 2),
    "perhaps_asked_later": lambda rng, who: rng.random(len(who.age)) < 0.5,
    "able": lambda rng, who: rng.random(len(who.age)) < _logistic(2 * who.ability),
}


class Drawing:
    """A program while it is drawn; its methods are the keys of situations.yml (STEPS)."""

    def __init__(self, rng: Any, design: str) -> None:
        self.rng, self.design = rng, design
        self.known: dict[str, Any] = {}
        self.made: list[Rows] = []
        self.said: dict[str, Any] = {}

    def people(self, n: int | None = None, times: float | None = None, answering: float = 0.93,
               **units: Any) -> None:  # fmt: skip
        """How many: n, or `times` what the design needs (both groups of it)."""
        if n is None:
            like = "randomised" if times else self.design
            groups = 1 if self.design == "single_group" else 2
            n = int(times or groups) * persons_needed(like, answering)
        self.who = people(self.rng, n, **units)
        self.program = np.ones(n, dtype=bool)

    def traits(self, *names: str) -> None:
        for name in names:
            self._trait(name)

    def group(self, **rule: Any) -> None:
        """Who takes part, by the first word of the rule: GROUPS."""
        self.program = GROUPS[next(iter(rule))](self, **rule)

    def gains(self, *sizes: float) -> None:
        names = ("competence", "behaviour", "days")
        self.measures(**{name: {"gain": size} for name, size in zip(names, sizes, strict=True)})

    def measures(self, **wanted: dict[str, Any]) -> None:
        for name, row in wanted.items():
            given = {key: self.weighted(value) for key, value in row.items()}
            copies = given.pop("copies", 0)
            for k in range(1, copies + 1) if copies else (0,):
                own = {"id": f"perilaku{k}", "label": f"{row['label']} {k}"} if k else {}
                self.made.append(measure(self.rng, self.who, name, **given | own))
        self.made.sort(key=lambda m: LEVELS.index(m.level))

    def only_lowest(self, n: int, of: str) -> None:
        """The program takes the n persons with the lowest score, and nobody else is known."""
        chosen = np.argsort(SCORES[of](self.made))[:n]
        self.who, self.program = self.who.take(chosen), self.program[chosen]
        self.made = [m.take(chosen) for m in self.made]

    def lost(self, at_random: float = 0.0, by: str = "", **rule: float) -> None:
        """Who is not measured after the program: at random, or by the first word of the rule."""
        if at_random:
            stays = [self.rng.random(len(self.who.age)) < 1 - at_random for _m in self.made]
        else:
            stays = [~LOST[next(iter(rule))](self, SCORES[by](self.made), **rule)] * len(self.made)
        self._seen(stays)

    def asked(self, *later: str) -> None:
        """Other persons before and after: those with the first trait after, the others before; of
        the former only those with all the traits."""
        first = self._trait(later[0])
        self.made = [m.but(asked_before=m.asked_before & ~first) for m in self.made]
        after = np.logical_and.reduce([self._trait(name) for name in later])
        self._seen([after] * len(self.made))

    def slip(self, factor: float) -> None:
        """The smallest effects of interest are declared so many times too large."""
        self.made = [m.but(declared_sesoi=round(factor * m.sesoi, 3)) for m in self.made]

    def declared(self, **said: Any) -> None:
        if "completed" in said:
            said["completed"] = self._trait(said["completed"])
        self.said = said

    def _trait(self, name: str) -> Any:
        """Drawn once. program, others: 1 for those who take part, for those who do not."""
        if name in ("program", "others"):
            return self.program if name == "program" else ~self.program
        if name not in self.known:
            self.known[name] = TRAITS[name](self.rng, self.who)
        return self.known[name]

    def weighted(self, factors: Any) -> Any:
        """A parameter: one number for all, or one a person from traits and their factors."""
        if not isinstance(factors, dict):
            return factors
        return np.sum([factor * self._trait(name) for name, factor in factors.items()], axis=0)

    def as_seen(self, of: str) -> tuple[Any, Any]:
        """The score by which persons are chosen, and as it was seen."""
        value = SCORES[of](self.made)
        return value, value + self.rng.normal(0, SEEN, len(value))

    def _seen(self, stays: list[Any]) -> None:
        pairs = zip(self.made, stays, strict=True)
        self.made = [m.but(asked_after=m.asked_after & seen) for m, seen in pairs]


def _lowest(d: Drawing, lowest: float, of: str) -> Any:
    value, seen = d.as_seen(of)
    return seen < np.quantile(value, lowest)


def _highest(d: Drawing, highest: float, of: str) -> Any:
    value, seen = d.as_seen(of)
    return seen > np.quantile(value, 1 - highest)


# Who takes part, by the first word of the rule.
GROUPS: dict[str, Any] = {
    "lot": lambda d, lot: by_lot(d.rng, len(d.who.age), round(lot * len(d.who.age))),
    "all_but": lambda d, all_but: ~by_lot(d.rng, len(d.who.age), all_but),
    "units": lambda d, units: np.isin(d.who.unit, d.rng.permutation(d.who.unit.max() + 1)[:units]),
    "come_by": lambda d, come_by, noise: (
        d.weighted(come_by) + d.rng.normal(0, noise, len(d.who.age)) > 0
    ),
    "chance_by": lambda d, chance_by: (
        d.rng.random(len(d.who.age)) < _logistic(d.weighted(chance_by))
    ),
    "lowest": _lowest,
    "highest": _highest,
}


def _record(wave: str, *names: str) -> Any:
    """Measures of a wave together, in points of a scale, higher being better."""
    return lambda made: np.sum(
        [score(m, wave) * (DAY if m.id == "hari_naskah" else 1) for m in made if m.id in names], 0
    )


def _change(made: list[Rows]) -> Any:
    """From before to after without the program, each measure in SD of its change."""
    spread = {"perilaku": 0.66, "hari_naskah": 1.7}
    return np.sum([(score(m, "without") - score(m, "before")) / spread[m.id]
                   for m in made if m.id in spread], 0)  # fmt: skip


SCORES: dict[str, Any] = {
    "past_record": _record("before", "perilaku", "hari_naskah"),
    "past_scores": _record("before", "kompetensi", "perilaku", "hari_naskah"),
    "doing_well": _record("without", "perilaku", "hari_naskah"),
    "change": _change,
}


def _by_group(
    d: Drawing, value: Any, lowest_of_program: float, highest_of_others: float = 0.0
) -> Any:
    out = d.program & (value < np.quantile(value, lowest_of_program))
    return out | ~d.program & (value > np.quantile(value, 1 - highest_of_others))


def _silent(d: Drawing, value: Any, answering: float, slope: float) -> Any:
    chance = np.exp(slope * value)
    return d.rng.random(len(value)) >= answering * chance / chance.mean()


# Who is lost, by the first word of the rule.
LOST: dict[str, Any] = {
    "lowest_of_program": _by_group,
    "all_but_highest": lambda _d, value, all_but_highest: (
        value <= np.quantile(value, 1 - all_but_highest)
    ),
    "answering": _silent,
}
STEPS = ("people", "traits", "group", "gains", "measures", "only_lowest", "lost", "asked", "slip",
         "declared")  # fmt: skip
DECLARED = {"covariates": (), "cluster": False, "linked": True, "completed": None, "benefits": (),
            "reaction_only": False, "satisfaction": 3.2}  # fmt: skip
SITUATION = {"wrong": "scale_up, continue, “the program raised”", "can_tell": True, "must_say": (),
             "works": False, "fine": True}  # fmt: skip


def every_situation() -> dict[str, Rows]:
    """All situations by name: randomised, comparison, single group; keys as in situations.yml,
    those of STEPS as `steps`."""
    found = {}
    for design in DESIGNS:
        for name, row in SPECIFICATION[design].items():
            said = {key: value for key, value in row.items() if key not in STEPS}
            steps = {key: value for key, value in row.items() if key in STEPS}
            patterns = [SPECIFICATION["problems"][p] for p in said.pop("must_say", ())]
            known = SITUATION | said | {"must_say": patterns}
            found[name] = Rows(name=name, design=design, steps=steps, **known)
    return found


def rng_of(name: str, repetition: int, purpose: int = 0) -> np.random.Generator:
    """The seed is a rule and never chosen: study, situation, repetition (purpose 1: truth)."""
    key = [SEED, zlib.crc32(name.encode()), repetition, purpose]
    return np.random.default_rng(np.random.SeedSequence(key))


def draw(rng: Any, situation: Rows) -> Rows:
    """One program: design, who (people), program (who took part), measures, and what program.yml
    declares (DECLARED), which need not be what matters. linked: whether the two waves can be told
    to be the same persons. completed: of those who took part."""
    drawing, steps = Drawing(rng, situation.design), dict(situation.steps)
    drawing.people(**steps.pop("people", {}))
    if "group" not in steps and situation.design != "single_group":
        drawing.group(lot=0.5)
    for name, value in steps.items():
        step = getattr(drawing, name)
        if isinstance(value, dict):
            step(**value)
        else:
            step(*value if isinstance(value, list) else [value])
    return Rows(design=situation.design, who=drawing.who, program=drawing.program,
                measures=drawing.made, **DECLARED | drawing.said)  # fmt: skip
