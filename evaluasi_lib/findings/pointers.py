"""JSON pointers (RFC 6901) from a statement to the numbers in result.json on which it rests."""

from __future__ import annotations

import dataclasses
from typing import Any

from evaluasi_lib.results import EvaluationResult


def as_document(result: EvaluationResult) -> dict[str, Any]:
    """The result as the mappings and lists of result.json, dates still as dates."""
    return dataclasses.asdict(result)


def resolve(document: Any, path: str) -> Any:
    """What the pointer points at. Raises KeyError where there is nothing."""
    if path and not path.startswith("/"):
        raise KeyError(path)
    value = document
    for raw in path.split("/")[1:]:
        part = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, (list, tuple)) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise KeyError(path)
    return value


def record_of(document: Any, path: str) -> dict[str, Any]:
    """The nearest mapping that holds what the pointer points at (itself, when it is one)."""
    while True:
        value = resolve(document, path)
        if isinstance(value, dict):
            return value
        path = path.rpartition("/")[0]
