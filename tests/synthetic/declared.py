"""Headings, labels and options as a program's own program.yml declares them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from tests.synthetic.files import csv_bytes, write

RAW = Path(__file__).resolve().parents[2] / "data" / "raw"


class Declared:
    """program.yml as plain data. Read without the library: the generator must not lean on it."""

    def __init__(self, program_id: str) -> None:
        self.id = program_id

    @cached_property
    def data(self) -> dict[str, Any]:
        return yaml.safe_load((RAW / self.id / "program.yml").read_text(encoding="utf-8"))

    def file(self, source: str) -> str:
        return self.data["sources"][source]["file"]

    def columns(self, source: str) -> dict[str, dict[str, Any]]:
        return {
            name: {"from": column} if isinstance(column, str) else column
            for name, column in self.data["sources"][source]["columns"].items()
        }

    def labels(self, scale: str) -> list[str]:
        return list(self.data["scales"][scale]["labels"])

    def options(self, source: str, variable: str) -> dict[str, str]:
        """Short name of each option, and its text as the form shows it."""
        options = self.columns(source)[variable]["options"]
        return {
            name: text
            if isinstance(text, str)
            else text[0]
            if isinstance(text, list)
            else text["id"]
            for name, text in options.items()
        }

    def items(self, instrument: str) -> list[str]:
        return list(self.data["instruments"][instrument]["items"])

    def table(self, source: str, variables: pd.DataFrame) -> pd.DataFrame:
        """A frame of variables as a file: declared order, the file's own headings."""
        columns = self.columns(source)
        chosen = [name for name in columns if name in variables]
        missing = set(variables) - set(columns)
        if missing:
            raise KeyError(f"{self.id}, {source}: not declared: {sorted(missing)}")
        return variables[chosen].set_axis([columns[name]["from"] for name in chosen], axis=1)

    def words(self, scale: str, values: np.ndarray) -> np.ndarray:
        """Answers 1..k as labels; 0 means: left empty."""
        labels = np.array([None, *self.labels(scale)], dtype=object)
        return labels[values]

    def write(self, folder: Path, source: str, variables: pd.DataFrame, **form: Any) -> None:
        """The file of a source as CSV; form: as csv_bytes has it."""
        write(folder / self.file(source), csv_bytes(self.table(source, variables), **form))
