"""How an estimate may be told, by its design and the rating of its evidence (claims.yml).

Nothing else of the library chooses a word of cause: whoever tells of an estimate takes its noun or
its sentence from here, so that no page claims more than another. The names that a declaration
gives to variables and their values stand here as well.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from evaluasi_lib.measures import (
    SMALL_CELL,
    Effect,
    Measure,
    Role,
    effects_of,
    flags_of,
    ratings_of,
)
from evaluasi_lib.program import Column, ParticipationPlan, Program
from evaluasi_lib.wording import (
    LANGUAGES,
    Sentences,
    _,
    choose,
    count,
    digits_for,
    in_language,
    interval,
    load_yaml,
    number,
    own,
    phrase,
    word_for,
)


def participation_of(program: Program) -> ParticipationPlan:
    """What is declared on participation; a plan of nothing where nothing is."""
    return program.participation or ParticipationPlan()


def declared_column(program: Program, variable: str) -> Column | None:
    """The first declaration of a variable, in the order of the sources (the roster's first)."""
    sources = sorted(program.sources.items(), key=lambda item: item[0] not in program.rosters)
    return next((s.columns[variable] for _name, s in sources if variable in s.columns), None)


def variable_label(program: Program, variable: str) -> str:
    """The variable's or the instrument's name as reports show it; its short name otherwise."""
    if variable in program.instruments:
        return choose(program.instruments[variable].label)
    column = declared_column(program, variable)
    return (choose(column.label) if column is not None else "") or variable.replace("_", " ")


def level_label(program: Program, variable: str, level: object) -> str:
    """The name of one value of a variable as reports show it."""
    if str(level).lower() in ("true", "false"):
        return _("yes") if str(level).lower() == "true" else _("no")
    if isinstance(level, float):
        level = number(level, 0 if level.is_integer() else 1)
    column = declared_column(program, variable)
    text = column.categories.get(str(level)) if column is not None else None
    return choose(text) if text is not None else str(level)


def term_label(program: Program, variable: str, level: str | None, reference: str | None) -> str:
    """The name of a term of a model: a variable, or one level of it against its reference."""
    label = variable_label(program, variable)
    if level is None:
        return label
    return _("{label}: {level} (against {reference})").format(
        label=label,
        level=level_label(program, variable, level),
        reference=level_label(program, variable, reference),
    )


# An option that says that there is nothing to choose: no barrier, however many choose it.
NOTHING = re.compile(
    r"(tidak|tak|tdk) ada\b.*|nihil|none|no (barriers?|obstacles?|problems?)\b.*|nothing"
)


def is_nothing(option: str, label: str | None) -> bool:
    """Whether an option of a multi question says that there is none: “Tidak ada hambatan”."""
    texts = (option.replace("_", " "), *(in_language(label or "", code) for code in LANGUAGES))
    return any(NOTHING.fullmatch(text.strip().rstrip(".").casefold()) for text in texts)


def option_label(column: Column | None, option: str) -> str:
    """The name of one option of a multi question as reports show it."""
    text = column.options.get(option) if column is not None else None
    if isinstance(text, list):
        return text[0] if text else option
    return choose(text) if text else option.replace("_", " ")


Claimed = Literal["strong", "moderate", "weak", "difference", "refuted", "change", "recalled"]
STRONG_RATING = 4
DESIGNS = Path(__file__).with_name("designs.yml")
# Estimators that compare the groups at equal background or at an equal measure before.
ADJUSTED = ("adjusted", "ancova", "aipw", "ipw", "drdid", "regression_did", "drdid_repeated")
CAUSAL: tuple[Claimed, ...] = ("strong", "moderate")  # words that name the program as the cause

say = Sentences(__file__, "claims.yml")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Told(Effect):
    """An estimate with what may be claimed of it. rating: of the evidence, 0-5; None: not rated.
    flags: codes of the threats to it. of_persons: whether its unit is a share of persons."""

    claimed: Claimed
    rating: int | None = None
    flags: tuple[str, ...] = ()
    of_persons: bool = False

    @property
    def recalled(self) -> bool:
        """Whether how it was before was asked after the program, from memory."""
        return "retrospective" in self.flags

    @property
    def factor(self) -> int:
        """By which its numbers are shown: a share of persons in percentage points."""
        return 100 if self.of_persons else 1

    @property
    def shown_unit(self) -> str:
        """The unit in which its numbers are shown."""
        return say("points") if self.of_persons else self.unit


def told_effects(program: Program, rows: Sequence[Measure], role: Role | None = None) -> list[Told]:
    """The estimates of a measures table, with the words that each can carry.

    The program declares the rating under which words are capped, and which outcomes are shares.
    """
    limit = program.thresholds.min_evidence_rating
    return told_within(rows, limit, shares_of_persons(program), role)


def shares_of_persons(program: Program) -> tuple[str, ...]:
    """The outcomes whose estimates are differences of shares of persons."""
    return tuple(o.id for o in program.outcomes if o.scale_type != "continuous")


def told_within(
    rows: Sequence[Measure], limit: int, shares: Collection[str], role: Role | None = None
) -> list[Told]:
    """Like `told_effects`, of a result alone: it keeps the limit and the shares."""
    ratings, flags = ratings_of(rows), flags_of(rows)
    found = []
    for effect in effects_of(rows, role):
        rating = ratings.get(effect.outcome)
        known = flags.get(effect.outcome, ())
        claimed = claimed_of(effect, rating, known, limit)
        values = {f.name: getattr(effect, f.name) for f in dataclasses.fields(Effect)}
        of_persons = effect.outcome in shares
        found.append(
            Told(**values, claimed=claimed, rating=rating, of_persons=of_persons, flags=known)
        )
    return found


def is_causal(effect: Effect) -> bool:
    """Whether the program may be named as the cause: where the evidence was not rated, by the
    design alone."""
    return effect.claimed in CAUSAL if isinstance(effect, Told) else effect.claim == "effect"


def noun_of(effect: Effect) -> str:
    """What the number is, in a few words; where nothing moved, no effect is named."""
    if isinstance(effect, Told):
        if effect.claimed in CAUSAL and effect.conclusion not in ("improved", "worsened"):
            return say("noun.compared")
        return say(f"noun.{effect.claimed}")
    return word_for("claim", effect.claim)


def claimed_of(
    effect: Effect, rating: int | None, flags: Sequence[str], min_rating: int
) -> Claimed:
    """The row of the table of claims.yml."""
    recalled = "retrospective" in flags
    if effect.claim == "change":
        return "recalled" if recalled else "change"
    if effect.claim == "difference":
        return "difference" if "post_only" in flags else "refuted"
    if rating is None or rating < min_rating or recalled:
        return "weak"
    return "strong" if rating >= STRONG_RATING else "moderate"


def tell(effect: Told) -> str:
    """One estimate in a sentence; that it is not significant is never told as no effect."""
    if effect.estimate is None or effect.conclusion is None:
        reason = say("too_small") if effect.reason == SMALL_CELL else effect.reason or ""
        return say("unmeasured", label=effect.label, reason=reason)
    text = _concluded(effect, effect.estimate)
    return phrase("{} {}", text, say("from_memory")) if effect.recalled else text


def _concluded(effect: Told, estimate: float) -> str:
    if effect.conclusion in ("improved", "worsened"):
        moved = "rose" if estimate > 0 else "fell"
        text = say(f"{moved}.{effect.claimed}", label=effect.label, value=amount(effect),
                   rating=count(effect.rating or 0))  # fmt: skip
        if (estimate > 0) != (effect.direction == "higher"):
            text = phrase("{} {}", text, say("for_the_worse"))
        return text
    kind = "flat" if effect.conclusion == "no_meaningful_change" else "unclear"
    if kind == "unclear" and effect.bracketing is not None:
        kind = "unclear.bracketing"
    value = amount(effect, signed=True)
    sesoi = None if effect.sesoi is None else effect.sesoi * effect.factor
    return say(kind, label=effect.label, value=value, unit=effect.shown_unit,
               sesoi=number(sesoi, digits_for(sesoi)))  # fmt: skip


@cache
def designs() -> dict[str, dict[str, dict[str, Any]]]:
    """The table of designs.yml: cell -> how, means, never."""
    table: dict[str, dict[str, dict[str, Any]]] = load_yaml(DESIGNS.read_text(encoding="utf-8"))
    return table


def cell_of(program: Program) -> str:
    """The row of designs.yml that a program's report speaks by."""
    design = program.design.type
    measured = [o for o in program.outcomes if o.has_baseline]
    if design == "single_group" and measured and all(o.retrospective for o in measured):
        return f"{design}.recalled"
    before = bool(measured)
    if not program.outcomes:
        items = [set(i.items) for i in program.instruments.values()]
        waves = [{s.wave for s in program.sources.values() if asked & set(s.columns)}
                 for asked in items]  # fmt: skip
        before = any(len(asked_at) > 1 for asked_at in waves)
    if not before:
        return f"{design}.once"
    one_file = len(program.sources) == 1  # the waves are columns of one row
    linked = program.link != "anonymous" or one_file
    return f"{design}.repeated.{'linked' if linked else 'unlinked'}"


def told_of_design(program: Program, part: Literal["how", "means"]) -> str:
    """What a report says of how its program was measured, or of the means that it shows."""
    return own(designs()[cell_of(program)][part])


def amount(effect: Told, *, signed: bool = False) -> str:
    """Size of an estimate, with interval and unit, as the reader sees it: "1.20 points (95%
    interval 0.80 to 1.60)"; no interval where there is none. Without its sign unless `signed`."""
    assert effect.estimate is not None
    turn = -effect.factor if effect.estimate < 0 and not signed else effect.factor
    value, *ends = (
        None if x is None else x * turn for x in (effect.estimate, effect.ci_low, effect.ci_high)
    )
    low, high = ends if turn > 0 else ends[::-1]
    digits = digits_for(value, low, high)
    shown = phrase("{} {}", number(value, digits), effect.shown_unit)
    if effect.estimator in ADJUSTED:
        shown = say("adjusted", value=shown)
    if low is None or high is None:
        return shown
    return say("with_interval", value=shown, interval=interval(low, high, digits))
