"""A program as raw files, from tables: what an agency would hand over, as short as it can be said.

`write_program` writes a folder of data/raw: a CSV for each table, and program.yml. `write(folder,
tables, **declaration)` does so for a program declared by the types of its columns; `persons(...)`
draws two groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from tests.synthetic.files import csv_bytes

ID = "program-uji"
GROUP = {"variable": "kelompok", "program": ["Peserta"], "comparison": ["Pembanding"]}
LABELS = ["Sangat tidak setuju", "Tidak setuju", "Netral", "Setuju", "Sangat setuju"]


class _Plain(yaml.SafeDumper):
    """Repeats what is declared twice, as a person would write it, in place of YAML's aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write_program(
    folder: Path,
    tables: Mapping[str, pd.DataFrame],
    declared: Mapping[str, Any],
    delimiters: Mapping[str, str] | None = None,
) -> None:
    """The table of each source of program.yml as its file, and program.yml. Commas between cells
    where a source has no delimiter of its own."""
    folder.mkdir(parents=True)
    for name, table in tables.items():
        content = csv_bytes(table, delimiter=(delimiters or {}).get(name, ","))
        (folder / declared["sources"][name]["file"]).write_bytes(content)
    text = yaml.dump(dict(declared), Dumper=_Plain, allow_unicode=True, sort_keys=False)
    (folder / "program.yml").write_text(text, encoding="utf-8")


def persons(n: int, rng: np.random.Generator, share: float = 0.5) -> pd.DataFrame:
    """n persons with an identifier and a group; the first n * share are the program's."""
    member = np.arange(n) < round(n * share)
    order = rng.permutation(n)
    return pd.DataFrame({"kode": [f"K{i:05d}" for i in order],
                         "kelompok": np.where(member, "Peserta", "Pembanding")})  # fmt: skip


def answers(trait: np.ndarray, items: int, rng: np.random.Generator) -> np.ndarray:
    """Answers 1-5 (n, items) of persons whose trait (n,) is in SD around the middle."""
    noise = rng.normal(size=(len(trait), items)) * 0.8
    return np.clip(np.round(3 + trait[:, None] * 0.8 + noise), 1, 5).astype(int)


def survey(who: pd.DataFrame, **items: np.ndarray) -> pd.DataFrame:
    """A questionnaire: for each name the items name_1, name_2 ... as labels."""
    table = who[["kode"]].copy()
    for name, values in items.items():
        for i in range(values.shape[1]):
            table[f"{name}_{i + 1}"] = [LABELS[v - 1] for v in values[:, i]]
    return table


def source(table: pd.DataFrame, name: str, role: str, wave: str | None, **types: str) -> Any:
    """The declaration of a table's file: items by their labels, other columns by `types`."""
    known = {"kode": "respondent_code", "kelompok": "category", "satuan": "category"} | types
    declared: dict[str, Any] = {"file": f"{name}.csv", "role": role, "preset": "none"}
    if wave:
        declared["wave"] = wave
    declared["columns"] = {
        column: {"from": column, "type": known.get(column, "item")} for column in table
    }
    return declared


def write(
    folder: Path, tables: dict[str, tuple[pd.DataFrame, dict[str, Any]]], **declaration: Any
) -> Path:
    """data/ with one program, its files and its program.yml. tables: name -> (table, source)."""
    items = sorted({c for table, _d in tables.values() for c in table if c[-1:].isdigit()})
    names = sorted({item.rpartition("_")[0] for item in items})
    program = {
        "id": ID, "title": "Program uji", "kind": "leadership", "organisation": "Instansi uji",
        "cycle": "2025", "period": {"start": "2025-01-01", "end": "2025-06-30"},
        "link": "respondent_code", "roster": "peserta",
        "sources": {name: declared for name, (_table, declared) in tables.items()},
        "scales": {"setuju": {"labels": LABELS}},
        "instruments": {
            name: {"label": name.capitalize(), "scale": "setuju",
                   "items": [item for item in items if item.rpartition("_")[0] == name]}
            for name in names
        },
    }  # fmt: skip
    frames = {name: table for name, (table, _declared) in tables.items()}
    write_program(folder / "raw" / ID, frames, program | declaration)
    return folder


def outcome(id: str, level: str = "results", **more: Any) -> dict[str, Any]:
    """An outcome's declaration: the record `id` before and after, in points."""
    plain = {"id": id, "label": id.capitalize(), "level": level, "unit": "poin", "sesoi": 3.0}
    return plain | more
