"""Small studies made by hand, for tests of scoring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from evaluasi_lib.disclosure import publish
from evaluasi_lib.measures import Drafts, Measure
from evaluasi_lib.program import Program
from evaluasi_lib.study import Study

MANIFEST = {"inputs": [], "rows_read": 0, "rows_kept": 0, "changes": [], "problems": []}


def make_study(folder: Path, declaration: dict[str, Any], tables: dict[str, pd.DataFrame]) -> Study:
    """A study from a declaration and its tables; `row` is added, and what every program needs."""
    common = {
        "id": "uji", "title": "Uji", "kind": "other", "organisation": "Badan", "cycle": "2025",
    }  # fmt: skip
    for name, table in tables.items():
        table = table.assign(row=range(1, len(table) + 1))
        table[["row", "pid", *[c for c in table if c not in ("row", "pid")]]].to_parquet(
            folder / f"{name}.parquet"
        )
    return Study(Program.model_validate(common | declaration), folder, dict(MANIFEST))


def published(found: Drafts, k: int = 5) -> tuple[Measure, ...]:
    """The rows of drafts as they may be shown."""
    rows, _remarks = publish(found, k)
    return rows


def survey(columns: dict[str, Any], **source: Any) -> dict[str, Any]:
    """A source whose variables have the type given: {"a1": "item:setuju", "unit": "category"}."""
    declared: dict[str, Any] = {}
    for name, kind in columns.items():
        kind, _colon, scale = kind.partition(":")
        declared[name] = {"from": name, "type": kind} | ({"scale": scale} if scale else {})
    return {"file": "x.csv", "columns": declared} | source
