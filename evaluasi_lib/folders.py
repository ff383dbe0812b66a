"""Folders that appear in whole or not at all, and copies that a person may change."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from evaluasi_lib.errors import DataError, Problem
from evaluasi_lib.wording import _

DATA_VARIABLE = "EVALUASI_DATA"  # the data folder of notebooks that name none
ATTEMPTS = 20  # each is lost only when another process was quicker in between


@contextmanager
def replace_folder(target: Path) -> Iterator[Path]:
    """A new empty folder beside `target` that takes its place when the block ends well.

    When the block raises, target stays as it was. The new folder is a sibling, so that the last
    step is a rename on one file system.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    staging.chmod(0o755)  # mkdtemp makes it private, and a report is shared
    try:
        yield staging
        swap_in(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


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
        aside = target.parent / f".{target.name}-{uuid.uuid4().hex}-old"
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
            shutil.rmtree(aside, ignore_errors=True)
    remedy = _("close the programs that have a file of it open, then try again")
    raise DataError(Problem(_("the folder cannot be replaced"), str(target), remedy))


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
