"""The house: data flow one way, rooms keep their doors, modules stay small."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest

LIBRARY = Path(__file__).resolve().parent.parent / "evaluasi_lib"
MODULES = sorted(LIBRARY.rglob("*.py"))

# Floors from the ground up; a room imports only from floors below its own. Files of one floor know
# nothing of one another.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("wording",),
    ("measures", "folders"),
    ("program", "results"),
    ("check", "claims", "conclusion"),
    ("reading", "reference", "starting"),
    ("study",),
    ("cleaning",),
    ("scoring",),
    ("voices", "findings"),
    ("reporting",),
    ("tables",),
    ("evaluation", "portfolio"),
    ("door", "verify"),
    ("cli",),
    ("__main__",),
)
GROUND = FLOORS[0]  # what every room stands on
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
# Within the floors below it, what a room must do without all the same: scoring and findings measure
# and judge what is declared and cleaned, whatever the files looked like; findings and reports are
# made from results alone.
NOT_FOR = {
    "scoring": ("cleaning", "reading"),
    "voices": ("cleaning",),
    "findings": ("reading", "cleaning", "scoring", "study"),
    "reporting": ("reading", "cleaning", "scoring", "study"),
}


def module_of(path: Path) -> str:
    """ "cleaning/pipeline.py" -> "cleaning.pipeline"."""
    parts = path.relative_to(LIBRARY).with_suffix("").parts
    return ".".join(parts).removesuffix("__init__").rstrip(".")


NAMES = {module_of(path) for path in MODULES} - {""}


def imports_of(path: Path) -> set[str]:
    """Modules of this library that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = node.module.removeprefix("evaluasi_lib").removeprefix(".")
            inner = {f"{module}.{alias.name}".removeprefix(".") for alias in node.names}
            found |= inner & NAMES if inner <= NAMES else {module, *inner}
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("evaluasi_lib.") for alias in node.names}
    return found & NAMES


def room_of(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def test_every_room_has_a_floor() -> None:
    assert {room_of(name) for name in NAMES} == set(FLOOR)


def test_no_room_imports_from_its_own_floor_or_above() -> None:
    wrong = {
        f"{module_of(path)} imports {name}"
        for path in MODULES
        for name in imports_of(path)
        if module_of(path) and room_of(name) != room_of(module_of(path))
        and FLOOR[room_of(name)] >= FLOOR[room_of(module_of(path))]
    }  # fmt: skip
    assert wrong == set()


def test_no_modules_import_one_another_in_a_circle() -> None:
    graph = {module_of(path): imports_of(path) - {module_of(path)} for path in MODULES}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert set(order) == {*NAMES, ""}


@pytest.mark.parametrize("room", NOT_FOR)
def test_a_room_does_without_what_does_not_concern_it(room: str) -> None:
    wrong = {
        f"{module_of(path)} imports {name}"
        for path in (LIBRARY / room).rglob("*.py")
        for name in imports_of(path)
        if room_of(name) in NOT_FOR[room]
    }
    assert wrong == set()


def test_nothing_imports_the_command_line() -> None:
    allowed = {"cli.py", "__main__.py"}
    wrong = [
        str(p.relative_to(LIBRARY))
        for p in MODULES
        if p.name not in allowed and "cli" in imports_of(p)
    ]
    assert wrong == []


def test_findings_read_results_and_never_data_frames_of_persons() -> None:
    wrong = [
        str(path.relative_to(LIBRARY))
        for path in (LIBRARY / "findings").rglob("*.py")
        if "import pandas" in path.read_text(encoding="utf-8")
    ]
    assert wrong == []


def _lines(path: Path) -> int:
    """The lines of a module without those of docstrings, which no one is to be thrifty with."""
    text = path.read_text(encoding="utf-8")
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    strings = [
        node.body[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, documented) and ast.get_docstring(node) is not None
    ]
    return len(text.splitlines()) - sum((s.end_lineno or 0) - s.lineno + 1 for s in strings)


def test_modules_stay_small_enough_to_read() -> None:
    lengths = {p: _lines(p) for p in MODULES}
    # program.py is one declaration after another, and documentation at the same time.
    assert {
        str(p.relative_to(LIBRARY)): n
        for p, n in lengths.items()
        if n > 800 and p.name != "program.py"
    } == {}


def test_no_star_imports_and_no_prints_outside_the_command_line() -> None:
    wrong = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names):
                wrong.append(f"{path.name}: star import")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id == "print" and path.name not in {"cli.py"}:
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


def test_only_disclosure_compares_numbers_of_persons_with_the_smallest_that_may_be_shown() -> None:
    """Others ask `Program.enough`, or hand the number on to `publish`."""
    known = {"min_cell", "DEFAULT_K"}
    for path in MODULES:
        compared = [
            n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Compare)
        ]
        for part in (part for compare in compared for part in ast.walk(compare)):
            named = getattr(part, "attr", getattr(part, "id", None))
            assert named not in known or module_of(path) == "disclosure", (path, part.lineno)
