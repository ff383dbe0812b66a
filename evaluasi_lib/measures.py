"""Every number that a reader of a report can see, as one table: one row a number.

An adapter over EvaluationResult until the measures themselves return such rows. Disclosure has
been applied already: what may not be shown has no value and says "small_cell".

id: readable and the same from run to run, "effects/skp/primary/estimate". part: the room of the
result. subject: what it is about (outcome, scale, barrier ...). low, high: ends of its interval.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.tables import Table
from evaluasi_lib.wording import _

COLUMNS = ("id", "part", "subject", "label", "group", "level", "wave", "measure", "unit", "n",
           "value", "low", "high", "p", "note", "reason", "role", "claim", "design", "estimator",
           "conclusion")  # fmt: skip
SHOWN = ("part", "subject", "group", "wave", "measure", "value", "low", "high", "unit", "reason")
PARTS = ("sample", "scales", "effects", "evidence", "participation", "elearning", "efficiency",
         "themes", "module_demand", "voices", "quality")  # fmt: skip
# The measure that ends without a name of their own (ci_low, ci_high, p_value, n) belong to.
PRINCIPAL = (
    "estimate",
    "mean",
    "share",
    "value",
    "ame",
    "hazard_ratio",
    "score",
    "share_completed",
)
# Field -> measure, for ends with a name of their own that is not their measure's.
ENDS = {"g": "effect_size_g", "top2": "top2_share", "median": "median_days", "alpha": "alpha",
        "gap": "gap", "used": "used_share"}  # fmt: skip
# What names a record, in this order, where it has such a field.
NAMES = ("outcome", "scale", "barrier", "theme", "module", "code", "category", "variable", "stage",
         "step", "term", "item", "rule", "coefficient", "indicator", "assumption", "value",
         "term_1", "level", "group", "wave", "table", "source", "day", "weekday", "hour",
         "days", "week", "zone", "label", "id")  # fmt: skip
SUBJECT = NAMES[:18]
CONTEXT = ("label", "group", "level", "wave", "unit", "role", "claim", "design", "estimator",
           "conclusion", "reason")  # fmt: skip
NEVER = ("seed", "schema_version")


def measures_of(result: EvaluationResult) -> Table:
    """The measures table of a result: a row for each number, with the columns above.

    value, low, high, p, n are float64 and unrounded. A measure that could not be computed, or may
    not be shown, is there without a value and with its `reason`.
    """
    rows = [
        row
        for part in PARTS
        for row in _rows(_as_plain(getattr(result, part)), (part,), {"part": part})
    ]
    seen: dict[str, int] = {}
    for row in rows:  # two records that nothing tells apart are numbered
        seen[row["id"]] = seen.get(row["id"], 0) + 1
        if seen[row["id"]] > 1:
            row["id"] += f"@{seen[row['id']]}"
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    numbers = dict.fromkeys(("value", "low", "high", "p", "n"), "float64")
    return Table(table.astype(numbers), shown=SHOWN)


def _as_plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, (list, tuple)):
        return [_as_plain(v) for v in value]
    return value


def _rows(value: Any, path: tuple[str, ...], about: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of a record, or of each record of a list."""
    if isinstance(value, Mapping):
        yield from _record(value, path, about)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            if isinstance(item, Mapping):
                yield from _record(item, (*path, *_name(item, path[0], i)), about)


def _name(record: Mapping[str, Any], part: str, place: int) -> tuple[str, ...]:
    """What tells a record of a list from the others, for its id."""
    if part == "effects" and "role" in record:
        given = record["outcome"], record["role"]
        if record["role"] == "sensitivity":
            return (*given, str(record["estimator"]))
        details = record.get("details") or {}
        if record["role"] == "subgroup":
            flags = {_("yes"): "true", _("no"): "false"}  # an id is the same in every language
            named = [str(details[k]) for k in ("variable", "value") if k in details]
            named = [flags.get(text, text) for text in named]
            return (*given, *(named or [str(record["subgroup"])]))
        return given
    if part == "scales" and "scale" in record:
        return record["scale"], record["wave"], record["group"]
    found = [str(record[n]) for n in NAMES if isinstance(record.get(n), str) and n != "label"]
    found = found or [str(record[n]) for n in NAMES if isinstance(record.get(n), (str, int, float))]
    return tuple(t.replace("/", "-") for t in found[:4]) or (str(place + 1),)


def _record(
    record: Mapping[str, Any], path: tuple[str, ...], about: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    about = {**about, **{k: record[k] for k in CONTEXT if isinstance(record.get(k), str)}}
    if not isinstance(record.get("reason"), str):
        about.pop("reason", None)
    subject = next((record[n] for n in SUBJECT if isinstance(record.get(n), str)), None)
    if subject is not None:
        about["subject"] = subject
    if record.get("warnings"):
        about["note"] = " ".join(record["warnings"])
    numbers = {k: v for k, v in record.items() if _countable(k, v, record)}
    principal = next((n for n in PRINCIPAL if n in numbers), None)
    taken: set[str] = set()
    extras: dict[str, dict[str, Any]] = {}
    for key, number in numbers.items():
        for ending, column in (("ci_low", "low"), ("ci_high", "high"), ("p_value", "p")):
            if key == ending or key.endswith("_" + ending):
                base = key.removesuffix(ending).rstrip("_")
                measure = principal if not base else _measure_of(base, numbers)
                if measure is not None:
                    extras.setdefault(measure, {})[column] = number
                    taken.add(key)
    size = numbers.get("n", _sum(numbers.get("n_program"), numbers.get("n_comparison")))
    for key, value in numbers.items():
        if key in taken:
            continue
        row = {
            **about, "id": "/".join((*path, key)), "measure": key, "n": size,
            "value": None if value is None else float(value), **extras.get(key, {}),
        }  # fmt: skip
        if value is not None:
            row.pop("reason", None)
        yield row
    for key, value in record.items():
        if isinstance(value, (Mapping, list)) and key not in ("quotes", "inputs"):
            rest = path if key == "details" else (*path, key)
            inner = {k: v for k, v in about.items() if k not in ("reason", "note", "conclusion")}
            yield from _rows(value, rest, inner)


def _countable(key: str, value: Any, record: Mapping[str, Any]) -> bool:
    """Whether a field is a number, or could have been one and says why it is not."""
    if key in NEVER or isinstance(value, bool):
        return False
    if isinstance(value, (int, float)):
        return True
    return value is None and isinstance(record.get("reason"), str) and key not in (
        *CONTEXT, *SUBJECT, "subgroup", "wwc_baseline", "change", "period_start", "period_end",
    )  # fmt: skip


def _measure_of(base: str, numbers: Mapping[str, Any]) -> str | None:
    for name in (ENDS.get(base, base), base, f"{base}_share", f"{base}_days"):
        if name in numbers:
            return name
    return None


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None else first + (second or 0)
