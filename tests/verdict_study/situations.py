"""What a situation states, and the list of all of them.

The words that a report must print are looked for as patterns, broadly: the study does not know the
library's sentences, only what a reader would have to be told.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.verdict_study.people import Drawn, Rng

SEED = 20260101
DESIGNS = {"randomised": "lot", "comparison": "comparison", "single_group": "one group"}
SITUATIONS: dict[str, Situation] = {}

# What a report may say to name a problem.
NO_COMPARISON = r"comparison group|other causes|what caused|no comparison"
REGRESSION = r"regress|chosen (for|because)|selected (for|because)|low scores|extreme"
BEFORE = r"differed before|differ(ed|ences?)? [^.]*before|baseline|not alike|no measure before"
NOT_BY_LOT = (
    r"other causes|unmeasured|unobserved|not (been )?measured|hidden|by lot|select(ed|ion)\b"
    r"|chose|volunteer|parallel|\btrends?\b"
)
LOST = (
    r"\blost\b|\bleavers\b|attrition|\bmissing\b|dropp|answered|response|\bloss\b"
    r"|(were|was) measured|not measured again"
)
SELF_REPORT = r"self-|themselves|own (answer|rating|view|report)|desirab|to please|pleasing"
RELIABLE = r"reliab|consisten|\balpha\b|revers|keyed"
CEILING = r"ceiling|\btop of\b|best (value|answer)|highest|maximum|upper end"
SLIP = r"smallest (effect|change)[^.]*(larger than|exceed|deviation|slip|typ(o|ing)|mistake|check)"
LINK = r"same persons|other persons|anonym|be linked|composition"
UNITS = r"cluster|\bunits\b|same unit|agenc|\boffices?\b|intraclass"
FEW = (
    r"\bfew\b|\brare\b|not precise|imprecise|too little|approximate|power|do not settle"
    r"|inconclusive"
)
SHAPE = r"linear|\bcurve|spline|squared|residual|straight line|overlap|differed before"
MONEY = r"isolat|\btrend|participants' (own )?estimate|not shown to be caused|other causes"


@dataclass(frozen=True)
class Situation:
    """words: what happens; wrong: what would be a wrong claim; must_say: patterns of which one must
    be printed beside a wrong claim (empty: nothing is wrong with the design, a wrong claim is mere
    chance). can_tell: whether the design and its own evidence can reveal the problem. works: a
    working program that must be found. fine: cost and delivery are in order."""

    name: str
    design: str
    words: str
    wrong: str
    can_tell: bool
    draw: Callable[[Rng], Drawn]
    must_say: tuple[str, ...] = ()
    works: bool = False
    fine: bool = True

    def rng(self, repetition: int, purpose: int = 0) -> Rng:
        """The seed is a rule and never chosen: study, situation, repetition (purpose 1: truth)."""
        key = [SEED, zlib.crc32(self.name.encode()), repetition, purpose]
        return np.random.default_rng(np.random.SeedSequence(key))


def situation(
    design: str,
    words: str,
    wrong: str,
    *,
    can_tell: bool = True,
    must_say: tuple[str, ...] = (),
    works: bool = False,
    fine: bool = True,
) -> Callable[[Callable[[Rng], Drawn]], Callable[[Rng], Drawn]]:
    """Register a function that draws one program as a situation under its own name."""

    def register(draw: Callable[[Rng], Drawn]) -> Callable[[Rng], Drawn]:
        name = draw.__name__.replace("_", "-")
        if name in SITUATIONS:
            raise ValueError(name)
        SITUATIONS[name] = Situation(
            name, design, words, wrong, can_tell, draw, must_say, works, fine
        )
        return draw

    return register


def every_situation() -> dict[str, Situation]:
    """All situations by name: randomised, comparison, single group."""
    from tests.verdict_study import comparison, randomised, single_group  # noqa: F401

    designs = list(DESIGNS)
    ordered = sorted(SITUATIONS.values(), key=lambda s: designs.index(s.design))
    return {s.name: s for s in ordered}
