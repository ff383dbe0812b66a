"""Folders that appear in whole or not at all, with one writer at a time, and copies that a person
may change.
"""

from __future__ import annotations

import contextlib
import errno
import getpass
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import IO

from evaluasi_lib.wording import DataError, UsageError, _, problem

HERE = Path(__file__).resolve().parent
CARRIED = HERE / "starter"  # within a wheel; a checkout has the originals beside the library
DATA_VARIABLE = "EVALUASI_DATA"  # the data folder of notebooks that name none
LOCK = ".evaluasi.lock"
LOCKED_BYTE = 1 << 30  # Windows lets nobody read what is locked, so it is no byte of the text
HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK, errno.EWOULDBLOCK)
UNFINISHED = re.compile(r"\.(?P<name>.+)\.(?P<kind>new|old)-[a-z0-9_]{8,32}")
MINUTE, DAY = 60, 86_400  # in seconds
ATTEMPTS = 20  # each is lost only when another process was quicker in between


def inside(folder: Path, name: str, where: str) -> Path:
    """A file or folder by its name within a folder, links followed.

    Raises DataError where it lies elsewhere, with `where` as its place.
    """
    path = folder / name
    if "\0" in name or not path.resolve().is_relative_to(folder.resolve()):
        raise DataError(problem("file.outside", where.replace("\0", "?")))
    return path


def links_out(folder: Path) -> list[Path]:
    """The links in a folder, at any depth, that lead out of it."""
    home = folder.resolve()
    links = (path for path in sorted(folder.rglob("*")) if path.is_symlink())
    return [path for path in links if not path.resolve().is_relative_to(home)]


def raw_files(raw: Path) -> list[Path]:
    """Every file of a program's raw folder, hidden ones aside, in the order of the alphabet."""
    return sorted(
        p for p in raw.rglob("*")
        if p.is_file() and not any(part.startswith(".") for part in p.relative_to(raw).parts)
    )  # fmt: skip


def sha256_of(path: Path) -> str:
    """The checksum of a file, read in parts."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache
def git_commit(folder: Path) -> str | None:
    """The commit that last changed a folder, with "+" where it was changed since; None where git
    knows nothing of it, as with an installed package."""

    def git(*words: str) -> str:
        command = ["git", "--no-optional-locks", "-C", str(folder), *words, "--", "."]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=20
        ).stdout.strip()

    try:
        commit = git("log", "-1", "--format=%H")
        return commit + "+" * bool(git("status", "--porcelain")) if commit else None
    except (OSError, subprocess.SubprocessError):
        return None


@contextmanager
def replace_folder(target: Path, *, private: bool = False) -> Iterator[Path]:
    """A new empty folder beside `target` that takes its place when the block ends well.

    private: whether only its owner may look inside; a report is shared. When the block raises,
    target stays as it was. The new folder is a sibling, so that the last step is a rename on one
    file system. What runs that died left of the same target is taken away first.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep(target.parent, target.name)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.new-", dir=target.parent))
    staging.chmod(0o700 if private else 0o755)
    try:
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):  # a file system without locks: nothing is swept
                stack.enter_context(_held(staging))
            yield staging
            swap_in(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def replace_file(path: Path, content: bytes) -> None:
    """Another content in the place of a file, whole or not at all."""
    work = path.with_name(f".{path.name}.tmp")
    work.write_bytes(content)
    if path.exists():
        shutil.copymode(path, work)
    os.replace(work, path)


def swap_in(work: Path, target: Path) -> None:
    """Put a finished folder in the place of another, which is removed afterwards.

    Raises DataError where the old folder cannot be moved away (open in another program, say).
    """
    for _attempt in range(ATTEMPTS):
        try:
            os.rename(work, target)
            return
        except OSError:
            if not target.exists():
                raise
        aside = target.parent / f".{target.name}.old-{uuid.uuid4().hex}"
        try:
            os.rename(target, aside)
        except FileNotFoundError:  # another process moved it first
            continue
        except OSError:  # Windows: a file in it is open
            break
        try:
            os.rename(work, target)
            return
        except OSError:  # another process put its own there, which is as good
            if not target.exists():
                os.rename(aside, target)
        finally:
            if target.exists():  # else what was moved aside is all there is; `sweep` puts it back
                shutil.rmtree(aside, ignore_errors=True)
    raise DataError(problem("folder.in_use", str(target)))


def sweep(folder: Path, name: str | None = None) -> None:
    """Take away what `replace_folder` left in a folder when it was killed, and nothing else.

    A folder that had been moved aside, without the new one in its place, is moved back. Call it as
    the `only_writer`, for what a living process is at work on looks the same. name: that of one
    target, of which others may be at work: what they hold stays.
    """
    hidden = (entry for entry in os.listdir(folder) if entry.startswith("."))
    for path in (folder / entry for entry in sorted(hidden, reverse=True)):  # .old- before .new-
        found = UNFINISHED.fullmatch(path.name)
        if found is None or not path.is_dir():
            continue
        if name is not None and (found["name"] != name or _at_work(path)):
            continue
        target = folder / found["name"]
        if found["kind"] == "old" and not target.exists():
            path.rename(target)
        else:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder until the block ends, or the process does. Raises OSError where another does.

    Windows does not lock folders.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(number)


def _at_work(folder: Path) -> bool:
    """Whether a living process may be at work on an unfinished folder."""
    try:
        age = time.time() - folder.stat().st_ctime  # since it was made or, but on Windows, moved
        if sys.platform == "win32":
            return age < DAY or ".old-" in folder.name
        with _held(folder):
            return age < MINUTE  # it is held as soon as it is made, but not at once
    except OSError:
        return True


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold a folder for this process until the block ends, or the process does, however it ends.

    Raises UsageError that names the process that holds it already. The folder is made if missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    with path.open("a+", encoding="utf-8") as file:
        try:
            _lock(file)
        except OSError as error:
            if error.errno in HELD:
                holder = path.read_text(encoding="utf-8").strip()
                raise UsageError(problem("folder.locked", str(folder), who=holder)) from None
            # A file system without locks: nothing can be held there, and the work can be done.
        file.truncate(0)
        since = datetime.now().astimezone().isoformat(" ", "seconds")
        who = _("process {pid} of {user} on {host}, since {since}")
        file.write(
            who.format(pid=os.getpid(), user=_user(), host=socket.gethostname(), since=since)
        )
        file.flush()
        yield


def _lock(file: IO[str]) -> None:
    """Lock an open file, or raise OSError at once. The lock ends with the file or the process."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run as a user who has no name
        return "?"


def refresh_copies(originals: Sequence[Path], folder: Path) -> list[Path]:
    """Copies to work on: what a person changed stays, what nobody touched follows an upgrade.

    Returns the new versions that were put beside a changed copy, as <name>.baru<suffix>. What each
    copy was made from is kept in folder/.asal.json. Outputs of a notebook are no change of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / ".asal.json"
    known = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    beside = []
    for original in originals:
        copy, now = folder / original.name, _fingerprint(original)
        before = known.get(original.name)
        if not copy.is_file() or (before != now and _fingerprint(copy) == before):
            shutil.copyfile(original, copy)
        elif before != now and _fingerprint(copy) != now:
            beside.append(copy.with_suffix(f".baru{copy.suffix}"))
            shutil.copyfile(original, beside[-1])
        known[original.name] = now
    record.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    return beside


def _fingerprint(notebook: Path) -> str:
    """Of what the cells of a notebook say, whatever they showed when they ran."""
    text = notebook.read_text(encoding="utf-8")
    try:
        cells = ["".join(cell["source"]) for cell in json.loads(text)["cells"]]
    except (ValueError, KeyError):  # a copy that a person broke is a person's
        cells = [text]
    return hashlib.sha256("\0".join(cells).encode()).hexdigest()


def start_workbook(folder: Path) -> tuple[list[str], list[Path]]:
    """Make a workbook in a folder, or bring the notebooks of one that is there up to date: the ids
    of the example programs that were put in, and new versions that stand beside changed notebooks.

    Nothing of a person's is overwritten: a notebook that she changed stays, and the new one stands
    beside it (`refresh_copies`); a program that is there already stays as it is. Raises UsageError
    where the folder is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(problem("folder.is_file", str(folder)))
    carried = CARRIED if CARRIED.is_dir() else HERE.parent
    beside = refresh_copies(sorted((carried / "notebooks").glob("*.ipynb")), folder / "notebooks")
    for name in (".gitignore", "data/raw/README.md", "data/processed/README.md"):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copyfile(carried / name, target)
    for name in ("docs", "notebooks/contoh"):
        shutil.copytree(carried / name, folder / name, dirs_exist_ok=True)
    added = []
    for program in sorted((carried / "data" / "raw").glob("*/program.yml")):
        target = folder / "data" / "raw" / program.parent.name
        if not target.exists():
            with replace_folder(target) as staging:
                shutil.copytree(program.parent, staging, dirs_exist_ok=True)
            added.append(target.name)
    return added, beside
