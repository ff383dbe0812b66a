"""The house: data flow one way, rooms keep their doors, modules stay small."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

LIBRARY = Path(__file__).resolve().parent.parent / "evaluasi_lib"
LONGEST = 750  # lines of a module without its docstrings, which no one is to be thrifty with

# Floors from the ground up; a room imports only from floors below its own. Files of one floor know
# nothing of one another.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("wording",),
    ("measures", "folders"),
    ("program",),
    ("check", "claims", "conclusion"),
    ("reading",),
    ("study",),
    ("cleaning",),
    ("scoring",),
    ("voices", "findings"),
    ("reporting",),
    ("tables", "reference"),
    ("evaluation", "portfolio"),
    ("door",),
    ("cli",),
    ("__main__",),
)
GROUND = FLOORS[0]  # what every room stands on
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
# Within the floors below it, what a room must do without all the same: scoring and findings measure
# and judge what is declared and cleaned, whatever the files looked like; findings and reports are
# made from results alone, never from frames of persons.
NOT_FOR = {
    "scoring": {"cleaning", "reading"},
    "voices": {"cleaning"},
    "findings": {"reading", "cleaning", "scoring", "study", "pandas"},
    "reporting": {"reading", "cleaning", "scoring", "study"},
}


def module_of(path: Path) -> str:
    """ "cleaning/pipeline.py" -> "cleaning.pipeline"."""
    parts = path.relative_to(LIBRARY).with_suffix("").parts
    return ".".join(parts).removesuffix("__init__").rstrip(".")


TEXTS = {module_of(p): p.read_text(encoding="utf-8") for p in sorted(LIBRARY.rglob("*.py"))}
TREES = {module: ast.parse(text) for module, text in TEXTS.items()}


def imports_of(module: str) -> set[str]:
    """Modules that a module imports, also inside functions; those of this library without its name.
    `from evaluasi_lib.x import y` is the module x.y, if there is one, else x."""
    found = set()
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("evaluasi_lib.") for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            above = node.module.removeprefix("evaluasi_lib").removeprefix(".")
            inner = {f"{above}.{alias.name}".removeprefix(".") for alias in node.names}
            found |= inner & set(TREES) if inner <= set(TREES) else {above, *inner}
    return found


def room_of(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


ARROWS = {name: imports_of(name) & set(TREES) - {name, ""} for name in TREES}


def test_every_room_has_a_floor_and_imports_from_the_floors_below_it_alone() -> None:
    assert {room_of(name) for name in TREES} - {""} == set(FLOOR)
    wrong = {
        f"{module} imports {name}"
        for module, names in ARROWS.items() if module
        for name in names if room_of(name) != room_of(module)
        and FLOOR[room_of(name)] >= FLOOR[room_of(module)]
    }  # fmt: skip
    assert wrong == set()
    assert list(graphlib.TopologicalSorter(ARROWS).static_order()), "no circle"


def test_a_room_does_without_what_does_not_concern_it() -> None:
    for module in TREES:
        rooms = {room_of(name) for name in imports_of(module)}
        assert rooms & NOT_FOR.get(room_of(module), set()) == set(), module


def test_modules_can_be_read() -> None:
    """Short enough, with a docstring for whatever is public, and no names from a star."""
    for module, tree in TREES.items():
        lines = len(TEXTS[module].splitlines())
        for node in ast.walk(tree):
            assert not isinstance(node, ast.ImportFrom) or node.names[0].name != "*", module
            called = node.func if isinstance(node, ast.Call) else None
            assert getattr(called, "id", "") != "print" or module == "cli", module
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                if ast.get_docstring(node) is not None:
                    lines -= (node.body[0].end_lineno or 0) - node.body[0].lineno + 1
        assert lines <= LONGEST, module
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node) is not None, (module, node.name)


def test_only_disclosure_compares_numbers_of_persons_with_the_smallest_that_may_be_shown() -> None:
    """Others ask `Program.enough`, or hand the number on to `publish`."""
    for module, tree in TREES.items():
        compared = [n for n in ast.walk(tree) if isinstance(n, ast.Compare)]
        for part in (part for compare in compared for part in ast.walk(compare)):
            named = getattr(part, "attr", getattr(part, "id", None))
            assert named not in ("min_cell", "DEFAULT_K") or module == "measures", module
