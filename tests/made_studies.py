"""Small programs made by hand: their tables become raw files, and are opened through the door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

import evaluasi_lib as el
from tests.synthetic.files import csv_bytes

COMMON = {
    "id": "uji", "title": "Uji", "kind": "other", "organisation": "Badan", "cycle": "2025",
    "link": "respondent_code",
}  # fmt: skip


def make_study(
    folder: Path, declaration: dict[str, Any], tables: dict[str, pd.DataFrame], language: str = "id"
) -> Any:
    """The program (el.Program) of a declaration and its tables as they should come out of cleaning:
    `pid` is each person's code, and a column variable__option one answer of several."""
    declared = COMMON | {key: value for key, value in declaration.items() if value is not None}
    linked, raw = declared["link"] == "respondent_code", folder / "raw" / "uji"
    raw.mkdir(parents=True, exist_ok=True)
    sources = {}
    for name, source in declared["sources"].items():
        person = {"pid": {"from": "pid", "type": "respondent_code"}} if linked else {}
        file = f"{name}.csv"
        columns = person | source["columns"]
        sources[name] = {"preset": "none"} | source | {"file": file, "columns": columns}
        if name in tables:
            cells = {c["from"]: _written(tables[name], v, c) for v, c in columns.items()}
            table = tables[name] if source.get("role") == "events" else pd.DataFrame(cells)
            (raw / file).write_bytes(csv_bytes(table))
    text = yaml.safe_dump(declared | {"sources": sources}, sort_keys=False)
    (raw / "program.yml").write_text(text, encoding="utf-8")
    return el.open("uji", language, folder)


def _written(table: pd.DataFrame, variable: str, declared: dict[str, Any]) -> list[str | None]:
    """A variable as a form would export it."""
    if declared["type"] == "multi":
        labels = {o: w["id"] if isinstance(w, dict) else w for o, w in declared["options"].items()}
        chosen = table[[f"{variable}__{o}" for o in labels]].to_numpy(bool)
        return ["; ".join(w for w, yes in zip(labels.values(), row, strict=True) if yes) or None
                for row in chosen]  # fmt: skip
    return [_text(value) for value in table[variable]]


def _text(value: Any) -> str | None:
    if pd.isna(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return "ya" if value else "tidak"
    if isinstance(value, pd.Timestamp):
        return value.isoformat()[: None if value.hour else 10]
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def survey(columns: dict[str, Any], **source: Any) -> dict[str, Any]:
    """A source whose variables have the type given: {"a1": "item:setuju", "unit": "category"}."""
    declared: dict[str, Any] = {}
    for name, kind in columns.items():
        kind, _colon, scale = kind.partition(":")
        declared[name] = {"from": name, "type": kind} | ({"scale": scale} if scale else {})
    return {"columns": declared} | source
