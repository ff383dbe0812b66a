"""The dated table of bands and thresholds (standards.yml), and a program's own numbers over it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from evaluasi_lib.errors import Problem, ProgramError, suggestion
from evaluasi_lib.wording import _, load_yaml

PATH = Path(__file__).parent / "standards.yml"


@lru_cache
def _shipped() -> dict[str, Any]:
    found: dict[str, Any] = load_yaml(PATH.read_text(encoding="utf-8"))
    return found


def standards(replaced: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The shipped table, with a program's `standards` in place of its own numbers. Raises
    ProgramError, naming the nearest known key, where one does not exist."""
    return _merge(_shipped(), replaced or {}, "standards")


def _merge(known: dict[str, Any], new: Mapping[str, Any], where: str) -> dict[str, Any]:
    merged = dict(known)
    for key, value in new.items():
        if key not in known:
            raise ProgramError(
                Problem(_("unknown key “{key}”").format(key=key), where, suggestion(key, known))
            )
        inner = isinstance(known[key], dict) and isinstance(value, Mapping)
        merged[key] = _merge(known[key], value, f"{where}.{key}") if inner else value
    return merged


def band(value: float, table: list[dict[str, Any]]) -> dict[str, Any]:
    """The row of a table (from best to worst, key `from`) in which a value falls."""
    return next((row for row in table if value >= row["from"]), table[-1])
