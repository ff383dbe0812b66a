"""Whether a report that is there was made from what is there now.

A stamp lies in each report's folder. It holds a digest of everything that the report follows from:
the program's files and those of the earlier cycles of its series, an agency's catalogue, this
library, the notebook, the installed packages, the languages and formats. And it holds a digest of
each file of the report, so that one that was lost or changed is made again.

What the files of a report are called, and which there are. Nothing large is imported here, so
that a command that has nothing to do is done at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import sys
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from evaluasi_lib.check import DataFolder, read_declaration
from evaluasi_lib.folders import git_commit, raw_files, sha256_of
from evaluasi_lib.wording import (
    EvaluationError,
    UsageError,
    check_language,
    language,
    problem,
    suggestion,
)

TEMPLATE = Path(__file__).parent / "template"
FORMATS = ("html", "pdf", "docx", "xlsx")


def report_name(form: str) -> str:
    """File name of one format in the language in force: laporan.html, report.pdf, ..."""
    if form == "xlsx":
        return "appendix.xlsx" if language() == "en" else "lampiran.xlsx"
    return f"report.{form}" if language() == "en" else f"laporan.{form}"


def language_of(name: str) -> str:
    """The language of a report's file, by its name."""
    return "en" if Path(name).stem in ("report", "appendix") else "id"


def check_formats(formats: Collection[str]) -> None:
    """Raises UsageError that names every unknown format."""
    if unknown := [form for form in formats if form not in FORMATS]:
        raise UsageError(*(
            problem("format.unknown", "formats", suggestion(form, FORMATS), form=form)
            for form in unknown
        ))  # fmt: skip


def split_formats(text: str) -> tuple[str, ...]:
    """ "html,pdf" -> ("html", "pdf"); html always. Raises UsageError for an unknown format."""
    parts = (part.strip() for part in text.split(","))
    chosen = tuple(dict.fromkeys(["html", *filter(None, parts)]))
    check_formats(chosen)
    return chosen


def split_languages(text: str) -> tuple[str, ...]:
    """ "id,en" -> ("id", "en"). Raises UsageError for an unknown language, or none."""
    codes = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for code in codes or ("",):
        check_language(code)
    return codes


NAME = ".stamp.json"
LIBRARY = Path(__file__).parent.parent
# A larger file whose size and time are as they were is not read again; git does likewise.
LARGE = 8_000_000


class Sources:
    """What the reports of a data folder follow from. Every file is read once at most."""

    def __init__(
        self, data: DataFolder, notebook: Path | None = None, out: Path | None = None
    ) -> None:
        """notebook: what makes the reports, for results alone None. out: the folder of the reports,
        whose stamps know the large files."""
        self.data, self._notebook, self._out = data, notebook, out
        self._raw: dict[str, dict[str, list[Any]]] = {}
        self._declarations: dict[str, bytes] = {}
        self._cycles: dict[str, tuple[Any, int]] = {}

    def stamp(
        self, program_id: str, languages: Sequence[str] = (), formats: Sequence[str] = ()
    ) -> dict[str, Any]:
        """The stamp of a report that would be made now, without the files of the report."""
        files = self._raw_files(program_id)
        made_from = [
            self._common,
            list(languages),
            list(formats),
            _contents(files),
            [_contents(self._raw_files(other)) for other in self.earlier(program_id)],
        ]
        large = {
            _digest([name, *facts[:2]]): facts[2]
            for name, facts in files.items()
            if facts[0] >= LARGE
        }  # the name of a file is often that of a person
        return {"made_from": _digest(made_from), "large": large}

    @cached_property
    def _common(self) -> list[Any]:
        beside = sorted(p for p in self.data.path.iterdir() if p.is_file())
        code = (p for p in sorted(LIBRARY.rglob("*")) if "__pycache__" not in p.parts)
        return [
            [(p.relative_to(LIBRARY).as_posix(), sha256_of(p)) for p in code if p.is_file()],
            [(p.name, sha256_of(p)) for p in beside if not p.name.startswith(".")],
            sha256_of(self._notebook) if self._notebook else None,
            sorted(_installed()),
            [platform.python_version(), sys.platform, platform.machine(), git_commit(LIBRARY)],
        ]

    def _raw_files(self, program_id: str) -> dict[str, list[Any]]:
        """Path -> size, time and sha256 of each file of a program, hidden ones aside."""
        if program_id not in self._raw:
            raw = self.data.raw(program_id)
            known = read_stamp(self._out / program_id).get("large", {}) if self._out else {}
            found = self._raw[program_id] = {}
            for path in raw_files(raw):
                name = path.relative_to(raw).as_posix()
                found[name] = _facts(path, name, known)
        return self._raw[program_id]

    def size(self, program_id: str) -> int:
        """Bytes of a program's files and of what was made from them: more take longer."""
        made = (p for p in self.data.processed(program_id).rglob("*") if p.is_file())
        raw = self._raw_files(program_id).values()
        return sum(p.stat().st_size for p in made) + sum(facts[0] for facts in raw)

    def earlier(self, program_id: str) -> list[str]:
        """The programs of the same series in earlier cycles, oldest first."""
        series, cycle = self._cycle(program_id)
        if series is None:
            return []
        marks = (str(series).encode(), b"\\")  # an escape may spell it otherwise
        found = [
            (when, other)
            for other in self.data.program_ids
            if any(mark in self._declaration(other) for mark in marks)
            for its, when in [self._cycle(other)]
            if its == series and when < cycle
        ]
        return [other for _when, other in sorted(found)]

    def _declaration(self, program_id: str) -> bytes:
        """program.yml of a program in a series, b"" of the others, which are most."""
        if program_id not in self._declarations:
            text = b""
            with contextlib.suppress(OSError):
                text = (self.data.raw(program_id) / "program.yml").read_bytes()
            self._declarations[program_id] = text if b"series" in text else b""
        return self._declarations[program_id]

    def _cycle(self, program_id: str) -> tuple[Any, int]:
        """(series, cycle) as declared; (None, 0) where there is none, or none that can be read."""
        if program_id not in self._cycles:
            self._cycles[program_id] = None, 0
            if self._declaration(program_id):
                with contextlib.suppress(OSError, EvaluationError, TypeError, ValueError):
                    said = read_declaration(self.data.raw(program_id))
                    self._cycles[program_id] = said.get("series"), int(said.get("cycle", 0))
        return self._cycles[program_id]


def read_stamp(folder: Path) -> dict[str, Any]:
    """The stamp of a report's folder; empty where there is none."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_stamp(folder: Path, stamp: dict[str, Any]) -> None:
    """Put the stamp beside the finished files of a report, which it lists with their digests."""
    files = {p.name: sha256_of(p) for p in sorted(folder.iterdir()) if p.is_file()}
    text = json.dumps({**stamp, "files": files}, ensure_ascii=False, indent=1)
    (folder / NAME).write_text(text + "\n", encoding="utf-8", newline="\n")


def is_unchanged(folder: Path, stamp: dict[str, Any]) -> bool:
    """Whether the report in a folder is whole, and what it would be if it were made now."""
    there = read_stamp(folder)
    if not there.get("files") or there.get("made_from") != stamp["made_from"]:
        return False
    try:
        return all(sha256_of(folder / name) == digest for name, digest in there["files"].items())
    except OSError:
        return False


def _facts(path: Path, name: str, known: dict[str, str]) -> list[Any]:
    """Size, time and sha256 of a file. known: the latter of large ones, by a digest of the rest."""
    about = path.stat()
    seen = [about.st_size, about.st_mtime_ns]
    digest = known.get(_digest([name, *seen])) if about.st_size >= LARGE else None
    return [*seen, digest or sha256_of(path)]


def _contents(files: dict[str, list[Any]]) -> list[tuple[str, str]]:
    return [(name, sha256) for name, (_size, _time, sha256) in files.items()]


def _installed() -> Iterable[str]:
    """Names of the installed packages with their versions, as their folders have them."""
    for place in sys.path:
        folder = Path(place)
        if folder.is_dir():
            yield from (p.name for p in folder.iterdir() if p.suffix == ".dist-info")


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
