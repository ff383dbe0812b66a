"""Another declaration than program.yml, to see what hangs on it; every change is written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluasi_lib.program import Outcome, Program
from evaluasi_lib.results import Explored
from evaluasi_lib.wording import Problem, UsageError, _, suggestion


class Changes:
    """Changes of one declaration.

    declared: the program as it stands. raw: the keys of its program.yml, which are changed here, to
    be validated again by the caller. before: what earlier explorations changed, and stays changed.
    """

    def __init__(
        self, declared: Program, raw: dict[str, Any], before: Sequence[Explored] = ()
    ) -> None:
        self.declared, self.raw = declared, raw
        self._found = {change.key: change for change in before}
        self._before = dict(self._found)
        for change in before:
            _put(raw, change.key, _unjoined(change))

    def explored(self) -> tuple[Explored, ...]:
        """Every change against what program.yml says. Raises UsageError where there is none."""
        if self._found == self._before:
            what = _("nothing was changed")
            raise UsageError(Problem(what, "what_if", "sesoi, estimator, costs, items"))
        return tuple(self._found.values())

    def _change(self, key: str, value: Any, declared: Any) -> None:
        _put(self.raw, key, value)
        first = self._before[key].declared if key in self._before else _plain(declared)
        self._found[key] = Explored(key, first, _plain(value))

    def outcome(self, name: str | None, sesoi: float | None, estimator: str | None) -> None:
        """Another smallest effect of interest, or another primary estimator, of one outcome."""
        if sesoi is None and estimator is None:
            return
        one = self._only(name)
        if sesoi is not None:
            self._change(f"outcomes.{one.id}.sesoi", sesoi, one.sesoi)
        if estimator is not None:
            from evaluasi_lib.door.scoring import check_method

            check_method(estimator)
            self._change(f"outcomes.{one.id}.estimator", estimator, one.estimator)

    def items(
        self, outcome: str | None, items: Sequence[str] | Mapping[str, Sequence[str]]
    ) -> None:
        """Other items of the outcome's instrument, or of each instrument named.

        Reversed items and dimensions keep those of theirs that stay.
        """
        if not isinstance(items, Mapping):
            items = {self._only(outcome).instrument or "": items}
        for name, listed in items.items():
            instrument = self.declared.instruments.get(name)
            if instrument is None:
                what = _("unknown instrument") + f": “{name}”"
                known = suggestion(name, self.declared.instruments)
                raise UsageError(Problem(what, "items", known))
            at = f"instruments.{name}"
            self._change(f"{at}.items", list(listed), instrument.items)
            kept = {d: [i for i in x if i in listed] for d, x in instrument.dimensions.items()}
            _put(self.raw, f"{at}.dimensions", {d: x for d, x in kept.items() if x})
            # Cleaning turned an item that any instrument calls reversed, and typed it by its scale.
            turned = {i for other in self.declared.instruments.values() for i in other.reversed}
            _put(self.raw, f"{at}.reversed", [i for i in listed if i in turned])
            self._keep_scale([i for i in instrument.items if i not in listed], instrument.scale)

    def _keep_scale(self, items: Sequence[str], scale: str) -> None:
        """Items that no instrument names any more keep the scale by which they were read."""
        for source in self.raw["sources"].values():
            for item in items:
                column = source.get("columns", {}).get(item)
                if isinstance(column, dict) and column.get("type") == "item":
                    column.setdefault("scale", scale)

    def cost(self, key: str, value: Any) -> None:
        """Another realised cost of a category, or another key of `costs` (with its parts)."""
        costs = self.declared.costs
        if costs is None:
            what = _("The program declares no costs.")
            raise UsageError(Problem(what, "costs", _("declare them in program.yml")))
        spent = {item.category: item.realised_idr for item in costs.items}
        keys = ("price_year", "participant_time", "training_hours_jp")
        if key in spent:
            self._change(f"costs.items.{key}.realised_idr", value, spent[key])
        elif key == "participant_time" and isinstance(value, Mapping):
            for part, new in value.items():
                old = getattr(costs.participant_time, part, None)
                self._change(f"costs.participant_time.{part}", new, old)
        elif key in keys:
            self._change(f"costs.{key}", value, getattr(costs, key))
        else:
            what = _("unknown cost “{key}”").format(key=key)
            raise UsageError(Problem(what, "costs", suggestion(key, [*spent, *keys])))

    def _only(self, outcome: str | None) -> Outcome:
        """The outcome meant; the only one where none is named."""
        if outcome is not None:
            return outcome_of(self.declared, outcome)
        if len(self.declared.outcomes) == 1:
            return self.declared.outcomes[0]
        known = ", ".join(o.id for o in self.declared.outcomes)
        what = _("the program has several outcomes")
        raise UsageError(Problem(what, "outcome", _("known: {names}").format(names=known)))


def outcome_of(program: Program, name: str) -> Outcome:
    """The declared outcome. Raises UsageError with the nearest name for an unknown one."""
    known = [o.id for o in program.outcomes]
    if name not in known:
        what = _("unknown outcome") + f": “{name}”"
        raise UsageError(Problem(what, program.id, suggestion(name, known)))
    return program.outcome(name)


def _put(raw: dict[str, Any], key: str, value: Any) -> None:
    """Set a key of program.yml by its path; a list of records is entered by id or category."""
    *way, last = key.split(".")
    place: Any = raw
    for step in way:
        if isinstance(place, list):
            place = next(x for x in place if step in (x.get("id"), x.get("category")))
        else:
            place = place.setdefault(step, {})
    place[last] = value


def _plain(value: Any) -> str | float | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return float(value)
    return ", ".join(map(str, value))


def _unjoined(change: Explored) -> Any:
    """The value that `_plain` made plain, as program.yml writes it."""
    if change.key.endswith(".items") and isinstance(change.used, str):
        return change.used.split(", ")
    if isinstance(change.used, float) and change.used.is_integer():
        return int(change.used)
    return change.used
