"""A program drawn from a row of situations.yml: its keys are steps, taken in the order written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tests.verdict_study import people as persons
from tests.verdict_study.people import SESOI, SESOI_DAYS, Bools, Drawn, Floats, Measure, People, Rng

SPECIFICATION: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_name("situations.yml").read_text(encoding="utf-8")
)
# What the measures of one kind share. gain: an effect that is measured as one smallest effect of
# interest, for rounding and the ends of a scale take a few percent of it away.
KINDS: dict[str, dict[str, Any]] = {
    "likert": {"values": persons.likert, "unit": "poin pada skala 1-5", "sesoi": SESOI,
               "gain": SESOI * persons.ROUNDING},
    "days": {"values": persons.days, "unit": "hari kerja per naskah", "sesoi": SESOI_DAYS,
             "gain": SESOI_DAYS * 1.02, "direction": "lower"},
    "flag": {"values": persons.flag, "unit": "bagian pegawai (0-1)", "scale_type": "binary",
             "sesoi": 0.1},
    "predicate": {"values": persons.predicate, "unit": "tingkat predikat", "sesoi": 0.15,
                  "scale_type": "ordinal"},
}  # fmt: skip
LEVELS = ("reaction", "learning", "behaviour", "results")
# A day of the records in points of a scale (SD 2 and 0.76); noise of a score when it is looked at.
DAY, SEEN = 0.38, 0.38
STANDARD = ("competence", "behaviour", "days")


def _logistic(score: Floats) -> Floats:
    return 1 / (1 + np.exp(-score))


def _half(rng: Rng, who: People) -> Bools:
    return by_lot(rng, who.n, who.n // 2)


def by_lot(rng: Rng, n: int, chosen: int) -> Bools:
    """So many of n persons."""
    out = np.zeros(n, dtype=bool)
    out[rng.permutation(n)[:chosen]] = True
    return out


def _short_service(_rng: Rng, who: People) -> Floats:
    """1 / their share for those who serve shorter than half the persons, 0 for the others."""
    short = who.tenure < np.median(who.tenure)
    return short / short.mean()


# What persons differ in.
TRAITS: dict[str, Callable[[Rng, People], Any]] = {
    "ability": lambda _rng, who: who.ability,
    "middle_aged": lambda _rng, who: 1 - ((who.age - 40) / 9) ** 2,
    "young": lambda _rng, who: (40 - who.age) / 9,
    "short_service": _short_service,
    "motivated": lambda rng, who: rng.normal(size=who.n),
    "comes": lambda rng, who: rng.random(who.n) < 0.6,
    "asked_later": _half,
    "perhaps_asked_later": lambda rng, who: rng.random(who.n) < 0.5,
    "able": lambda rng, who: rng.random(who.n) < _logistic(2 * who.ability),
}


def measure(
    rng: Rng, who: People, name: str, *, gain: Any = 0.0, baseline: bool = True, **given: Any
) -> Measure:
    """A measure of situations.yml. gain: its effect in smallest effects of interest; baseline:
    whether it was measured before the program; given: what its kind takes, or fields of Measure."""
    known = SPECIFICATION["measures"][name]
    said: dict[str, Any] = {**KINDS[known["draw"]], **known}
    draw, size, _kind = said.pop("values"), said.pop("gain", 0.0), said.pop("draw")
    said |= {key: given.pop(key) for key in ("id", "label", "sesoi") if key in given}
    if "share" not in given:
        given.setdefault("effect", gain * size)
    values = vars(draw(rng, who, **given))
    if not baseline:
        values = values | {"before": None}
    answering = 0.98 if said["place"] == "kinerja" else 0.93
    asked = {when: rng.random(who.n) < answering for when in ("asked_before", "asked_after")}
    return Measure(**values, **said, **asked, declared_sesoi=said["sesoi"])


class Drawing:
    """A program while it is drawn; its methods named in STEPS are the keys of situations.yml."""

    def __init__(self, rng: Rng, design: str) -> None:
        self.rng, self.design = rng, design
        self.known: dict[str, Any] = {}
        self.made: list[Measure] = []
        self.said: dict[str, Any] = {}

    def people(self, n: int | None = None, times: float | None = None, answering: float = 0.93,
               **units: Any) -> None:  # fmt: skip
        """How many: n, or `times` what the design needs (both groups of it)."""
        if n is None:
            like = "randomised" if times else self.design
            groups = 1 if self.design == "single_group" else 2
            n = int(times or groups) * persons.persons_needed(like, answering)
        self.who = persons.people(self.rng, n, **units)
        self.program = np.ones(n, dtype=bool)

    def traits(self, *names: str) -> None:
        for name in names:
            self._trait(name)

    def group(self, **rule: Any) -> None:
        """Who takes part: see GROUPS."""
        self.program = GROUPS[next(iter(rule))](self, **rule)

    def gains(self, *sizes: float) -> None:
        self.measures(**{name: {"gain": size} for name, size in zip(STANDARD, sizes, strict=True)})

    def measures(self, **wanted: dict[str, Any]) -> None:
        for name, row in wanted.items():
            given = {key: self.weighted(value) for key, value in row.items()}
            copies = given.pop("copies", 0)
            for k in range(1, copies + 1):
                numbered = {"id": f"perilaku{k}", "label": f"{row['label']} {k}"}
                self.made.append(measure(self.rng, self.who, name, **given | numbered))
            if not copies:
                self.made.append(measure(self.rng, self.who, name, **given))
        self.made.sort(key=lambda m: LEVELS.index(m.level))

    def only_lowest(self, n: int, of: str) -> None:
        """The program takes the n persons with the lowest score, and nobody else is known."""
        chosen = np.argsort(SCORES[of](self.made))[:n]
        self.who, self.program = self.who.take(chosen), self.program[chosen]
        self.made = [m.take(chosen) for m in self.made]

    def lost(self, at_random: float = 0.0, by: str = "", **rule: float) -> None:
        """Who is not measured after the program: at random, or see LOST."""
        if at_random:
            self._seen(*[self.rng.random(self.who.n) < 1 - at_random for _m in self.made])
        else:
            stays = ~LOST[next(iter(rule))](self, SCORES[by](self.made), **rule)
            self._seen(*[stays] * len(self.made))

    def asked(self, *later: str) -> None:
        """Other persons before and after: those with the first trait after, the others before; of
        the former only those with all the traits."""
        first = self._trait(later[0])
        self.made = [replace(m, asked_before=m.asked_before & ~first) for m in self.made]
        after = np.logical_and.reduce([self._trait(name) for name in later])
        self._seen(*[after] * len(self.made))

    def slip(self, factor: float) -> None:
        """The smallest effects of interest are declared so many times too large."""
        self.made = [replace(m, declared_sesoi=round(factor * m.sesoi, 3)) for m in self.made]

    def declared(self, **said: Any) -> None:
        if "completed" in said:
            said["completed"] = self._trait(said["completed"])
        said["benefits"] = [persons.Benefit(*row) for row in said.get("benefits", [])]
        self.said = said

    def drawn(self) -> Drawn:
        return Drawn(self.design, self.who, self.program, self.made, **self.said)

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

    def _seen(self, *stays: Bools) -> None:
        self.made = [
            replace(m, asked_after=m.asked_after & seen)
            for m, seen in zip(self.made, stays, strict=True)
        ]


def _units(d: Drawing, units: int) -> Bools:
    return np.isin(d.who.unit, d.rng.permutation(d.who.unit.max() + 1)[:units])


def _come_by(d: Drawing, come_by: dict[str, float], noise: float) -> Bools:
    return d.weighted(come_by) + d.rng.normal(0, noise, d.who.n) > 0


def _as_seen(d: Drawing, of: str) -> tuple[Floats, Floats]:
    """The score by which persons are chosen, and as it was seen."""
    score = SCORES[of](d.made)
    return score, score + d.rng.normal(0, SEEN, d.who.n)


def _lowest(d: Drawing, lowest: float, of: str) -> Bools:
    score, seen = _as_seen(d, of)
    return seen < np.quantile(score, lowest)


def _highest(d: Drawing, highest: float, of: str) -> Bools:
    score, seen = _as_seen(d, of)
    return seen > np.quantile(score, 1 - highest)


# Who takes part, by the first word of the rule.
GROUPS: dict[str, Callable[..., Bools]] = {
    "lot": lambda d, lot: by_lot(d.rng, d.who.n, round(lot * d.who.n)),
    "all_but": lambda d, all_but: ~by_lot(d.rng, d.who.n, all_but),
    "units": _units,
    "come_by": _come_by,
    "chance_by": lambda d, chance_by: d.rng.random(d.who.n) < _logistic(d.weighted(chance_by)),
    "lowest": _lowest,
    "highest": _highest,
}


def _record(wave: str, *names: str) -> Callable[[list[Measure]], Floats]:
    """Measures of a wave together, in points of a scale, higher being better."""
    return lambda made: np.sum(
        [m.score(wave) * (DAY if m.id == "hari_naskah" else 1) for m in made if m.id in names], 0
    )


def _change(made: list[Measure]) -> Floats:
    """From before to after without the program, each measure in SD of its change."""
    spread = {"perilaku": 0.66, "hari_naskah": 1.7}
    return np.sum(
        [(m.score("without") - m.score("before")) / spread[m.id] for m in made if m.id in spread], 0
    )


SCORES: dict[str, Callable[[list[Measure]], Floats]] = {
    "past_record": _record("before", "perilaku", "hari_naskah"),
    "past_scores": _record("before", "kompetensi", "perilaku", "hari_naskah"),
    "doing_well": _record("without", "perilaku", "hari_naskah"),
    "change": _change,
}


def _by_group(
    d: Drawing, score: Floats, lowest_of_program: float, highest_of_others: float = 0.0
) -> Bools:
    out = d.program & (score < np.quantile(score, lowest_of_program))
    return out | ~d.program & (score > np.quantile(score, 1 - highest_of_others))


def _silent(d: Drawing, score: Floats, answering: float, slope: float) -> Bools:
    chance = np.exp(slope * score)
    return d.rng.random(d.who.n) >= answering * chance / chance.mean()


# Who is lost, by the first word of the rule.
LOST: dict[str, Callable[..., Bools]] = {
    "lowest_of_program": _by_group,
    "all_but_highest": lambda _d, score, all_but_highest: (
        score <= np.quantile(score, 1 - all_but_highest)
    ),
    "answering": _silent,
}
STEPS = ("people", "traits", "group", "gains", "measures", "only_lowest", "lost", "asked", "slip",
         "declared")  # fmt: skip


def draw(rng: Rng, design: str, steps: dict[str, Any]) -> Drawn:
    """The program of a row of situations.yml, of which `steps` are the keys in STEPS."""
    drawing, steps = Drawing(rng, design), dict(steps)
    drawing.people(**steps.pop("people", {}))
    if "group" not in steps and design != "single_group":
        drawing.group(lot=0.5)
    for name, value in steps.items():
        step = getattr(drawing, name)
        if isinstance(value, dict):
            step(**value)
        else:
            step(*value if isinstance(value, list) else [value])
    return drawing.drawn()
