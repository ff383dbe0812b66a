"""What is written beside the tables: what cleaning did, the codebooks, and manifest.json.

Counts and notes are stored as codes with their values and worded when they are read, so that one
processed folder serves reports in every language.
"""

from __future__ import annotations

import ast
import contextvars
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl

from evaluasi_lib.folders import raw_files, sha256_of
from evaluasi_lib.program import Column, Program
from evaluasi_lib.reading.voices import READERS as VOICES
from evaluasi_lib.reading.voices import documents_in, numbered_files, transcripts_in
from evaluasi_lib.wording import (
    LANGUAGES,
    Problem,
    _,
    choose,
    markdown_table,
    set_language,
    word_for,
)

NAME = "manifest.json"
FIXED_NAMES = (
    "program.yml", "koreksi.csv", "keluarkan.csv", "kutipan.csv", "kode_manual.csv",
    "rekomendasi.yml", "catatan.yml", "penghapusan.csv",
)  # fmt: skip
_LIBRARY = Path(__file__).parent.parent
ENTRY = "cleaning/pipeline.py"  # what it imports, directly or not, makes the processed tables


def fingerprint(raw: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of each raw file: whether anything was changed meanwhile."""
    return [(str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in raw_files(raw)]


Read = tuple[Path, str, int]  # a raw file with the checksum of its bytes and their number


def read_inputs(raw: Path) -> list[Read]:
    """Every raw file, summed up."""
    return [(path, sha256_of(path), path.stat().st_size) for path in raw_files(raw)]


def describe_inputs(program: Program, raw: Path, read: list[Read]) -> list[dict[str, Any]]:
    """Name under raw/ as readers know it, sha256 and size of each file."""
    names = shown_names(program, raw)
    return [
        {"path": f"{raw.name}/{names[path]}", "sha256": digest, "bytes": size}
        for path, digest, size in read
    ]


def shown_names(program: Program, raw: Path) -> dict[Path, str]:
    """Each raw file as readers know it: by the key of program.yml that names it, or its number.

    The name of a file is often that of a person ("wawancara Budi Santoso.docx"), and nobody
    declared what it may say. Files of fixed names keep them; files that program.yml does not name
    are F01, F02 ...
    """
    found = {raw / name: name for name in FIXED_NAMES}
    for name, source in reversed(program.sources.items()):
        path = raw / source.file
        found[path] = program.declared_name(name) + path.suffix.lower()
    for name in VOICES if program.voices is not None else ():
        path = raw / (getattr(program.voices, name) or ".")
        inside = {"documents": documents_in, "transcripts": transcripts_in}.get(name)
        if inside is not None and path != raw:
            found |= {p: f"{name}/{number}" for p, number in inside(path).items()}
        elif path.name not in FIXED_NAMES and path != raw:
            found[path] = name + path.suffix.lower()
    there = raw_files(raw)
    others = numbered_files((p for p in there if p not in found), "F")
    return {path: found.get(path) or others[path] for path in there}


def seal(raw: Path, read: list[Read], key: bytes) -> str:
    """A checksum of all raw files and their names; keyed, so that it confirms no guessed name."""
    parts = (f"{path.relative_to(raw).as_posix()}\0{digest}" for path, digest, _size in read)
    return hmac.digest(key, "\0".join(parts).encode(), hashlib.sha256).hex()


def code_files() -> list[Path]:
    """Every file of the library that has a part in making processed tables.

    They are the modules that cleaning imports, directly or not, inside functions too, and the
    tables that lie beside them.
    """
    found: set[Path] = set()
    ahead = [_LIBRARY / ENTRY]
    while ahead:
        path = ahead.pop()
        if path not in found:
            found.add(path)
            ahead += _imported(path)
    tables = (t for folder in {p.parent for p in found} for t in folder.glob("*.yml"))
    return sorted({*found, *tables})


def _imported(path: Path) -> Iterator[Path]:
    """The library's own modules that a module imports, with the packages in which they lie."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for alias in node.names if isinstance(node, (ast.Import, ast.ImportFrom)) else ():
            parts = [*(getattr(node, "module", None) or "").split("."), *alias.name.split(".")]
            for depth in range(1, len(parts) + 1) if _LIBRARY.name in parts else ():
                module = _LIBRARY.parent.joinpath(*parts[:depth])
                places = (module / "__init__.py", module.with_suffix(".py"))
                yield from (place for place in places if place.is_file())


@lru_cache
def code_digest() -> str:
    """A digest of the code that makes processed tables, so that a change of it makes them stale."""
    digest = hashlib.sha256()
    for path in code_files():
        digest.update(path.relative_to(_LIBRARY).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def write(
    program: Program, folder: Path, log: Log, inputs: list[dict[str, Any]], sealed: str
) -> None:
    """Write the codebooks and manifest.json, the last file of a processed folder."""
    write_codebooks(program, folder)
    tables = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.parquet"))
    content = {
        "program": program.id,
        "inputs": inputs,
        "seal": sealed,
        "code": code_digest(),
        "tables": tables,
        "quality": log.quality(),
    }
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=False)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")


def is_stale(raw: Path, processed: Path, key: bytes) -> bool:
    """Whether the manifest is missing, of other code, of other raw files, or of another key."""
    try:
        content = json.loads((processed / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True
    if content.get("code") != code_digest():
        return True
    sizes = sorted(item["bytes"] for item in content["inputs"])
    if sizes != sorted(p.stat().st_size for p in raw_files(raw)):
        return True
    return content.get("seal") != seal(raw, read_inputs(raw), key)


@dataclass
class Log:
    """Counts, notes for the reader, and errors that stop cleaning, in the order of the sources."""

    rows_read: int = 0
    rows_kept: int = 0
    changes: dict[tuple[str, str], int] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)

    def add(self, rule: str, table: str, n: int) -> None:
        if n:
            self.changes[rule, table] = self.changes.get((rule, table), 0) + int(n)

    def note(self, kind: str, **values: Any) -> None:
        self.notes.append({"kind": kind, **values})

    def quality(self) -> dict[str, Any]:
        """The manifest's entry, as `Study.quality` reads it."""
        return {
            "rows_read": self.rows_read,
            "rows_kept": self.rows_kept,
            "changes": [{"rule": r, "table": t, "n": n} for (r, t), n in self.changes.items()],
            "problems": self.notes,
        }


FILES = {"id": "kodebuku.md", "en": "codebook.md"}


def codebook(program: Program, folder: Path) -> pd.DataFrame:
    """One row a processed column, in declared order, in the language in force.

    Columns: table, variable, question, type, labels, missing (codes read as missing), n (values),
    n_missing, from (heading in the file). Open answers are counted in their restricted table.
    """
    rows: list[dict[str, Any]] = []
    for name, source in program.sources.items():
        path = folder / f"{name}.parquet"
        if source.role == "events" or not path.is_file():
            continue
        filled = pl.scan_parquet(path).select(pl.all().count()).collect().row(0, named=True)
        said = folder / "restricted" / f"{name}.parquet"
        answers = Counter(pl.read_parquet(said)["variable"]) if said.is_file() else Counter()
        for variable, column in source.columns.items():
            options = {f"{variable}__{k}": choose_option(v) for k, v in column.options.items()}
            shown = options if column.type == "multi" else {variable: ""}
            for key, option in shown.items():
                n = answers[variable] if column.type == "open" else filled.get(key)
                if n is None:
                    continue
                question = choose(column.label) or column.header
                rows.append(
                    {
                        "table": name,
                        "variable": key,
                        "question": f"{question}: {option}" if option else question,
                        "type": column.type,
                        "labels": _labels(program, variable, column),
                        "missing": ", ".join(_missing(program, variable, column)),
                        "n": n,
                        "n_missing": filled["row"] - n,
                        "from": column.header,
                    }
                )
    return pd.DataFrame(rows)


def choose_option(text: Any) -> str:
    """The first spelling of an option, in the language in force."""
    return text[0] if isinstance(text, list) else choose(text)


def write_codebooks(program: Program, folder: Path) -> None:
    """kodebuku.md and codebook.md, whatever the language in force."""
    for language in LANGUAGES:
        context = contextvars.copy_context()
        context.run(set_language, language)
        text = context.run(_markdown, program, folder)
        (folder / FILES[language]).write_text(text, encoding="utf-8")


def _markdown(program: Program, folder: Path) -> str:
    table = codebook(program, folder)
    lines = [f"# {_('Codebook')}: {choose(program.title)}", ""]
    for source in table["table"].unique() if len(table) else []:
        part = table[table["table"] == source].drop(columns="table")
        columns = [word_for("column", c).capitalize() for c in part.columns]
        lines += [f"## {source}", "", *markdown_table(columns, part.itertuples(index=False)), ""]
    return "\n".join(lines)


def _labels(program: Program, variable: str, column: Column) -> str:
    if column.type == "item":
        scale = program.scale_of(variable, column)
        if scale is None:
            return ""
        values = range(scale.min, scale.max + 1)
        text = "; ".join(f"{v} = {x}" for v, x in zip(values, scale.labels, strict=False))
        text = text or f"{scale.min}-{scale.max}"
        return text + " " + _("(reversed)") if program.is_reversed(variable) else text
    if column.coarsen:
        return "; ".join(f"{x:g}" for x in column.coarsen)
    return "; ".join(
        key if choose(text) == key else f"{key} = {choose(text)}"
        for key, text in column.categories.items()
    )


def _missing(program: Program, variable: str, column: Column) -> list[str]:
    scale = program.scale_of(variable, column) if column.type == "item" else None
    return [*column.missing, *(scale.missing if scale else [])]
