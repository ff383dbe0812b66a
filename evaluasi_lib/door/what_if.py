"""Another declaration than program.yml, to see what hangs on it; every change is written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluasi_lib.program import Instrument, Outcome, Program
from evaluasi_lib.results import Explored
from evaluasi_lib.wording import Problem, UsageError, _, check_known

COSTS = ("price_year", "participant_time", "training_hours_jp")


def change(
    program: Program,
    raw: dict[str, Any],
    before: Sequence[Explored] = (),
    *,
    outcome: str | None = None,
    sesoi: float | None = None,
    estimator: str | None = None,
    costs: Mapping[str, Any] | None = None,
    items: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
) -> tuple[Explored, ...]:
    """Change the keys of a program.yml (raw), to be validated again; returns every change against
    what program.yml says.

    program: as it stands. before: what earlier explorations changed, and raw holds already. The
    others: as `Program.what_if`. Raises UsageError where nothing is changed, or for unknown names.
    """
    new: dict[str, Any] = {}
    if sesoi is not None or estimator is not None:
        place = f"outcomes.{_only(program, outcome).id}"
        if estimator is not None:
            from evaluasi_lib.door.scoring import check_method

            check_method(estimator)
        given = {"sesoi": sesoi, "estimator": estimator}
        new |= {f"{place}.{name}": value for name, value in given.items() if value is not None}
    if items is not None:
        if not isinstance(items, Mapping):
            items = {_only(program, outcome).instrument or "": items}
        for name, listed in items.items():
            unknown = _("unknown instrument") + ": “{name}”"
            check_known(name, program.instruments, unknown, "items")
            new[f"instruments.{name}.items"] = list(listed)
            _keep(program, program.instruments[name], listed, raw, f"instruments.{name}")
    for name, value in (costs or {}).items():
        new |= _cost(program, name, value)
    if not new:
        what = _("nothing was changed")
        raise UsageError(Problem(what, "what_if", "sesoi, estimator, costs, items"))
    declared, found = program.model_dump(), {one.key: one for one in before}
    for key, value in new.items():
        first = found[key].declared if key in found else _plain(_at(declared, key))
        found[key] = Explored(key, first, _plain(value))
        _put(raw, key, value)
    return tuple(found.values())


def _keep(
    program: Program, instrument: Instrument, items: Sequence[str], raw: dict[str, Any], place: str
) -> None:
    """Reversed items and dimensions keep those of theirs that stay; items that no instrument names
    any more keep the scale by which they were read."""
    kept = {d: [i for i in listed if i in items] for d, listed in instrument.dimensions.items()}
    _put(raw, f"{place}.dimensions", {d: listed for d, listed in kept.items() if listed})
    # Cleaning turned an item that any instrument calls reversed, and typed it by its scale.
    turned = {i for other in program.instruments.values() for i in other.reversed}
    _put(raw, f"{place}.reversed", [i for i in items if i in turned])
    for source in raw["sources"].values():
        for item in set(instrument.items) - set(items):
            column = source.get("columns", {}).get(item)
            if isinstance(column, dict) and column.get("type") == "item":
                column.setdefault("scale", instrument.scale)


def _cost(program: Program, key: str, value: Any) -> dict[str, Any]:
    """Another realised cost of a category, or another key of `costs` (with its parts)."""
    if program.costs is None:
        what = _("The program declares no costs.")
        raise UsageError(Problem(what, "costs", _("declare them in program.yml")))
    spent = [item.category for item in program.costs.items]
    check_known(key, [*spent, *COSTS], _("unknown cost “{name}”"), "costs")
    if key in spent:
        return {f"costs.items.{key}.realised_idr": value}
    parts = value.items() if isinstance(value, Mapping) else ()
    return {f"costs.{key}.{part}": new for part, new in parts} or {f"costs.{key}": value}


def _only(program: Program, outcome: str | None) -> Outcome:
    """The outcome meant; the only one where none is named."""
    if outcome is not None:
        return outcome_of(program, outcome)
    if len(program.outcomes) == 1:
        return program.outcomes[0]
    known = _("known: {names}").format(names=", ".join(o.id for o in program.outcomes))
    raise UsageError(Problem(_("the program has several outcomes"), "outcome", known))


def outcome_of(program: Program, name: str) -> Outcome:
    """The declared outcome. Raises UsageError with the nearest name for an unknown one."""
    unknown = _("unknown outcome") + ": “{name}”"
    check_known(name, [o.id for o in program.outcomes], unknown, program.id)
    return program.outcome(name)


def _at(content: Any, key: str) -> Any:
    """What a key holds; None where nothing stands there."""
    for step in key.split("."):
        content = _inner(content, step) if content else None
    return content


def _put(raw: dict[str, Any], key: str, value: Any) -> None:
    """Set a key of program.yml by its path."""
    *way, last = key.split(".")
    for step in way:
        raw = _inner(raw, step)
    raw[last] = value


def _inner(place: Any, step: str) -> Any:
    """What stands at a step of a path; a list of records is entered by id or category."""
    if isinstance(place, list):
        return next(x for x in place if step in (x.get("id"), x.get("category")))
    return place.setdefault(step, {})


def _plain(value: Any) -> str | float | None:
    if value is None or isinstance(value, str):
        return value
    return float(value) if isinstance(value, (int, float)) else ", ".join(map(str, value))
