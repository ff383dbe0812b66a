"""A data folder with one small program, for tests that begin at raw files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

import evaluasi_lib as el
from evaluasi_lib.check import DataFolder, load_program
from evaluasi_lib.cli import main
from evaluasi_lib.program import Program

BASE: dict[str, Any] = {
    "id": "uji", "title": "Uji", "kind": "other", "organisation": "Contoh", "cycle": "2025",
    "design": {"type": "single_group"}, "link": "anonymous",
}  # fmt: skip


def write(root: Path, declared: dict[str, Any], files: dict[str, str | bytes]) -> Path:
    """root/raw/uji/ with program.yml (what is declared beyond BASE) and the files; gives root."""
    folder = root / "raw" / "uji"
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(BASE | declared, sort_keys=False, allow_unicode=True)
    for name, content in {"program.yml": text, **files}.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def run(root: Path, command: str, *more: str) -> int:
    """The exit status of a command of `evaluasi` on the program."""
    return main([command, "uji", "--data", str(root), *more])


def folder_with(
    root: Path, declared: dict[str, Any], files: dict[str, str | bytes] | None = None
) -> tuple[DataFolder, Program]:
    """The folder that `write` makes, and the program as loaded."""
    write(root, declared, files or {})
    return DataFolder.at(root), load_program(root / "raw" / "uji")


def problems_of(data: Any, program_id: str = "uji") -> list[Any]:
    """Every problem of a program: where, what, count, remedy."""
    return list(el.problems(program_id, "id", data).itertuples())
