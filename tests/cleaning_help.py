"""A data folder with one small program, for the tests of cleaning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

import evaluasi_lib as el
from evaluasi_lib.check import DataFolder, load_program
from evaluasi_lib.program import Program

BASE: dict[str, Any] = {
    "id": "uji",
    "title": "Uji",
    "kind": "other",
    "organisation": "Contoh",
    "cycle": "2025",
    "design": {"type": "single_group"},
    "link": "anonymous",
}


def folder_with(
    root: Path, declared: dict[str, Any], files: dict[str, str] | None = None
) -> tuple[DataFolder, Program]:
    """root/raw/<id>/ with program.yml and the files, and the program as loaded."""
    raw = root / "raw" / declared["id"]
    raw.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(declared, sort_keys=False, allow_unicode=True)
    (raw / "program.yml").write_text(text, encoding="utf-8")
    for name, content in (files or {}).items():
        (raw / name).write_text(content, encoding="utf-8")
    return DataFolder.at(root), load_program(raw)


def problems_of(data: DataFolder, program_id: str = "uji") -> list[Any]:
    """Every problem of a program: where, what, count, remedy."""
    return list(el.problems(program_id, "id", data).itertuples())
