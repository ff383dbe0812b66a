"""The house: data flow one way, rooms keep their doors, modules stay small."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

LIBRARY = Path(__file__).resolve().parent.parent / "evaluasi_lib"
MODULES = sorted(LIBRARY.rglob("*.py"))

# room -> rooms that it may never import
FORBIDDEN = {
    "cleaning": ("scoring", "reporting", "findings", "cli", "evaluation", "study"),
    "scoring": ("cleaning", "reporting", "findings", "voices", "cli", "evaluation"),
    "voices": ("cleaning", "reporting", "findings", "cli", "evaluation"),
    "findings": ("cleaning", "scoring", "voices", "cli", "evaluation", "study"),
}


def _imports(path: Path) -> set[str]:
    """Rooms and modules of this library that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = node.module.split(".")
            if parts[0] == "evaluasi_lib":
                names = [parts[1]] if len(parts) > 1 else [a.name for a in node.names]
                found.update(names)
        elif isinstance(node, ast.Import):
            found.update(
                a.name.split(".")[1] for a in node.names if a.name.startswith("evaluasi_lib.")
            )
    return found


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_imports_only_what_lies_before_it(room: str) -> None:
    wrong = {
        f"{path.relative_to(LIBRARY)} imports {name}"
        for path in (LIBRARY / room).rglob("*.py")
        # Cleaning calls ingest while it reads raw files, with cleaning's own readers.
        if path != LIBRARY / "voices" / "ingest.py"
        for name in _imports(path) & set(FORBIDDEN[room])
    }
    assert wrong == set()


def test_nothing_imports_the_command_line() -> None:
    allowed = {"cli.py", "__main__.py"}
    wrong = [
        str(p.relative_to(LIBRARY))
        for p in MODULES
        if p.name not in allowed and "cli" in _imports(p)
    ]
    assert wrong == []


def test_findings_read_results_and_never_data_frames_of_persons() -> None:
    wrong = [
        str(path.relative_to(LIBRARY))
        for path in (LIBRARY / "findings").rglob("*.py")
        if "import pandas" in path.read_text(encoding="utf-8")
    ]
    assert wrong == []


def test_modules_stay_small_enough_to_read() -> None:
    lengths = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES}
    # program.py is one declaration after another, and documentation at the same time.
    assert {
        str(p.relative_to(LIBRARY)): n
        for p, n in lengths.items()
        if n > 450 and p.name != "program.py"
    } == {}


def test_no_star_imports_and_no_prints_outside_the_command_line() -> None:
    wrong = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names):
                wrong.append(f"{path.name}: star import")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id == "print" and path.name not in {"cli.py", "batch.py"}:
                    wrong.append(f"{path.name}: print")
    assert wrong == []


def test_every_public_function_and_class_has_a_docstring() -> None:
    wrong = []
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                if ast.get_docstring(node) is None:
                    wrong.append(f"{path.relative_to(LIBRARY)}: {node.name}")
    assert wrong == []
