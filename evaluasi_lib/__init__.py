"""Evaluate career-development programs of Indonesia's civil servants (ASN).

`import evaluasi_lib as el` opens the library: tables in, tables out. Clean a column
(`el.clean_likert`), score a scale (`el.score`), estimate an effect (`el.effect`), draw it
(`el.forest`), or open a whole program (`el.open`). Each name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_DOOR = {
    "cleaning": (
        "read", "clean_likert", "clean_number", "clean_date", "clean_category", "clean_multi",
        "translations", "pseudonymise", "link",
    ),
    "scoring": (
        "score", "reliability", "describe", "barriers", "completion", "cost", "code_answers",
        "agreement", "effect", "compare_models", "balance", "power", "forest", "prepost",
        "likert", "dropoff",
    ),
    "program": ("open",),
    "explore": ("explore",),
    "start": ("draft",),
    "workbook": (
        "programs", "problems", "compare", "compare_reports", "make_report", "check_parameters",
    ),
}  # fmt: skip
_PLACE = {name: f"evaluasi_lib.door.{room}" for room, names in _DOOR.items() for name in names}
_PLACE |= dict.fromkeys(("Table", "Figure"), "evaluasi_lib.tables")
_PLACE |= {"EvaluationError": "evaluasi_lib.wording", "set_language": "evaluasi_lib.wording"}

__all__ = sorted([*_PLACE, "__version__"])  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    """A name of the door, imported when it is first asked for."""
    if name not in _PLACE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_PLACE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
