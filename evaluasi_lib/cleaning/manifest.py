"""manifest.json: from which files, by which code, the processed tables were made."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from evaluasi_lib.cleaning.codebook import write_codebooks
from evaluasi_lib.cleaning.log import Log
from evaluasi_lib.program import Program

NAME = "manifest.json"
_LIBRARY = Path(__file__).parent.parent
ENTRY = "cleaning/pipeline.py"  # what it imports, directly or not, makes the processed tables


def raw_files(raw: Path) -> list[Path]:
    """Every file of a program's raw folder, hidden ones aside, in the order of the alphabet."""
    return sorted(
        p for p in raw.rglob("*")
        if p.is_file() and not any(part.startswith(".") for part in p.relative_to(raw).parts)
    )  # fmt: skip


def fingerprint(raw: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of each raw file: whether anything was changed meanwhile."""
    return [(str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in raw_files(raw)]


def describe_inputs(raw: Path) -> list[dict[str, Any]]:
    """Path under raw/, sha256 and size of each file."""
    found = []
    for path in raw_files(raw):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        found.append(
            {
                "path": path.relative_to(raw.parent).as_posix(),
                "sha256": digest,
                "bytes": path.stat().st_size,
            }
        )
    return found


def code_files(library: Path = _LIBRARY) -> list[Path]:
    """Every file of the library that has a part in making processed tables.

    They are the modules that cleaning imports, directly or not, inside functions too, and the
    tables that lie beside them.
    """
    found: set[Path] = set()
    ahead = [library / ENTRY]
    while ahead:
        path = ahead.pop()
        if path not in found:
            found.add(path)
            ahead += _imported(path, library)
    tables = (t for folder in {p.parent for p in found} for t in folder.glob("*.yml"))
    return sorted({*found, *tables})


def _imported(path: Path, library: Path) -> Iterator[Path]:
    """The library's own modules that a module imports, with the packages in which they lie."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            root, *parts = name.split(".")
            if root != library.name:
                continue
            for depth in range(len(parts) + 1):
                module = library.joinpath(*parts[:depth])
                places = (module / "__init__.py", module.with_suffix(".py"))
                yield from (place for place in places if place.is_file())


@lru_cache
def code_digest() -> str:
    """A digest of the code that makes processed tables, so that a change of it makes them stale."""
    return digest_of(_LIBRARY)


def digest_of(library: Path) -> str:
    """The digest of a copy of this library, from the names and bytes of its code_files."""
    digest = hashlib.sha256()
    for path in code_files(library):
        digest.update(path.relative_to(library).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def write(program: Program, folder: Path, log: Log, inputs: list[dict[str, Any]]) -> None:
    """Write the codebooks and manifest.json, the last file of a processed folder."""
    write_codebooks(program, folder)
    tables = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.parquet"))
    content = {
        "program": program.id,
        "inputs": inputs,
        "code": code_digest(),
        "tables": tables,
        "quality": log.quality(),
    }
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=False)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")


def is_stale(raw: Path, processed: Path) -> bool:
    """Whether the manifest is missing, of other code, or of other raw files (by their sha256)."""
    try:
        content = json.loads((processed / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True
    if content.get("code") != code_digest():
        return True
    sizes = {item["path"]: item["bytes"] for item in content["inputs"]}
    now = {p.relative_to(raw.parent).as_posix(): p.stat().st_size for p in raw_files(raw)}
    return sizes != now or content["inputs"] != describe_inputs(raw)
