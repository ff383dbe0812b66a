"""Folders that appear in whole or not at all, also where several processes make the same one."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evaluasi_lib.errors import DataError, Problem
from evaluasi_lib.wording import _

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
    raise DataError(
        Problem(
            _("the folder cannot be replaced"),
            str(target),
            _("close the programs that have a file of it open, then try again"),
        )
    )
