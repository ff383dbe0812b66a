"""How many small faults in the scoring the tests do not see: `python -m tests.mutate`.

Faults are drawn at random from all that can be made in the rooms of PLACES (a comparison turned, a
constant moved, a condition denied, an argument left out, ...). Each is put into a copy of the
repository, where the tests that ran its line run again, the most narrow first, until one fails.
Which test runs which line is in the data of `make coverage`. A fault that no test finds within its
time survives, even where nobody could tell it from the right code; so the share is an upper bound.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from coverage import CoverageData
from statsmodels.stats.proportion import proportion_confint

from tests.guard_data import SHIPPED

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("evaluasi_lib/scoring",)
SEED = 16
SECONDS = 240.0  # of the tests for one fault
RECORD = "tests/test_end_to_end.py::test_the_numbers_are_those_on_record"
NARROW = 10  # so many tests of the line come before the record of all published numbers
PAIRS = (
    (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot),
    (ast.In, ast.NotIn), (ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.BitAnd, ast.BitOr),
    (ast.And, ast.Or),
)  # fmt: skip
OTHER = dict(PAIRS) | {b: a for a, b in PAIRS}
OTHER |= {ast.FloorDiv: ast.Div, ast.Mod: ast.Div, ast.Pow: ast.Mult}


@dataclass(frozen=True)
class Fault:
    """Other fields for a node of a file of the repository."""

    file: str
    tree: ast.AST
    node: ast.AST
    fields: dict[str, object]

    @property
    def line(self) -> int:
        return next(n.lineno for n in ast.walk(self.node) if isinstance(n, ast.expr | ast.stmt))

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {ast.unparse(self.node)}  ->  {self.made(self.node)}"

    def made(self, tree: ast.AST) -> str:
        """The code of a tree with the fault in it."""
        right = {name: getattr(self.node, name) for name in self.fields}
        vars(self.node).update(self.fields)
        text = ast.unparse(tree)
        vars(self.node).update(right)
        return text


def faults(file: str) -> list[Fault]:
    """Every fault that can be made in a file. Types, docstrings and words are left alone."""
    tree = ast.parse((ROOT / file).read_bytes())
    return [Fault(file, tree, node, fields) for node in _code(tree) for fields in _others(node)]


def _code(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if isinstance(node, ast.JoinedStr):
        return
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "say", "phrase"):
        return
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            said = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            if isinstance(child, ast.AST) and not said:
                yield from _code(child)


def _others(node: ast.AST) -> Iterator[dict[str, object]]:
    """What the fields of a node may be instead."""
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield {"test": ast.UnaryOp(ast.Not(), test)}
        case ast.comprehension(ifs=tests):
            for at, test in enumerate(tests):
                yield {"ifs": [*tests[:at], ast.UnaryOp(ast.Not(), test), *tests[at + 1 :]]}
        case ast.Compare(ops=[op]) if type(op) in OTHER:
            yield {"ops": [OTHER[type(op)]()]}
        case ast.BinOp(op=op) | ast.AugAssign(op=op) | ast.BoolOp(op=op) if type(op) in OTHER:
            yield {"op": OTHER[type(op)]()}
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert() as op, operand=operand):
            yield {"operand": ast.UnaryOp(op, operand)}
        case ast.Constant(value=bool(value)):
            yield {"value": not value}
        case ast.Constant(value=int(value) | float(value)):
            yield {"value": value + 1}
        case ast.Constant(value=str(value)):
            yield {"value": value + "XX"}
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield {"value": ast.Constant(None)}
        case ast.Call(keywords=keywords):
            for gone in keywords:
                if gone.arg is not None:
                    yield {"keywords": [k for k in keywords if k is not gone]}


class Watchers:
    """Which tests run which line, from the data of a coverage run."""

    def __init__(self, data_file: Path) -> None:
        data = CoverageData(str(data_file))
        data.read()
        self._files = {name: data.contexts_by_lineno(name) for name in data.measured_files()}
        self._reach = Counter(
            test for lines in self._files.values() for tests in lines.values() for test in tests
        )

    def of(self, fault: Fault) -> list[str]:
        """Tests by their place, those that run the fewest lines first. What a fixture runs is not
        theirs in the data; so the record of the published numbers is always among them."""
        lines: dict[int, list[str]] = {}
        for name, found in self._files.items():
            if name.replace(os.sep, "/").endswith(fault.file):
                lines = found
        names = set(lines.get(fault.line, []))
        if names == {""}:  # it runs as the file is imported, or in a fixture
            names = {context for contexts in lines.values() for context in contexts}
        names = {name for name in names if name.startswith("tests.test_")}
        places = [_place(n) for n in sorted(names, key=lambda n: (self._reach[n], n))]
        return [*places[:NARROW], *(f"{RECORD}[{p}-id]" for p in SHIPPED), *places[NARROW:]]


def _place(context: str) -> str:
    """tests.test_a.test_b as pytest names it."""
    package, module, *names = context.split(".")
    return "::".join([f"{package}/{module}.py", *names])


def survives(file: str, content: str, tests: list[str], copy_of: Path) -> bool:
    """Whether none of the tests fails in a copy of the repository with another file in it."""
    path = copy_of / file
    right, times = path.read_bytes(), path.stat()
    path.write_text(content, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider",
               *tests]  # fmt: skip
    env = os.environ | {"PYTHONPATH": str(copy_of), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=copy_of, env=env, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return True
    finally:
        path.write_bytes(right)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    if done.returncode not in (0, 1, 2):
        raise RuntimeError(done.stdout.decode()[-2000:])
    return done.returncode == 0


def repository(folder: Path) -> Path:
    """A copy of the files that git knows."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, names.stdout.decode().split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=100, help="so many are drawn")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--coverage", type=Path, default=ROOT / ".coverage")
    given = parser.parse_args()
    files = sorted(p for place in PLACES for p in (ROOT / place).rglob("*.py"))
    every = [fault for p in files for fault in faults(p.relative_to(ROOT).as_posix())]
    drawn = random.Random(given.seed).sample(every, given.faults)
    watchers = Watchers(given.coverage)
    with tempfile.TemporaryDirectory(prefix="evaluasi-") as place:
        copies: Queue[Path] = Queue()
        for job in range(given.jobs):
            copies.put(repository(Path(place) / str(job)))

        def tried(fault: Fault, said: str, content: str) -> bool:
            tests, free = watchers.of(fault), copies.get()
            try:
                lives = survives(fault.file, content, tests, free)
            finally:
                copies.put(free)
            print("survived" if lives else "found   ", len(tests), said, flush=True)
            return lives

        said, contents = map(str, drawn), [fault.made(fault.tree) for fault in drawn]
        with ThreadPoolExecutor(given.jobs) as pool:
            n = sum(pool.map(tried, drawn, list(said), contents))
    low, high = proportion_confint(n, len(drawn), method="wilson")
    print(f"{n} of {len(drawn)} faults survived, drawn from {len(every):,} with the seed "
          f"{given.seed}: {n / len(drawn):.1%} (95% {low:.1%} to {high:.1%})")  # fmt: skip


if __name__ == "__main__":
    main()
