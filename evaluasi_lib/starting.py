"""A workbook folder of one's own: notebooks, examples, and what git must not see."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from evaluasi_lib.folders import refresh_copies, replace_folder
from evaluasi_lib.wording import Problem, UsageError, _

HERE = Path(__file__).resolve().parent
CARRIED = HERE / "starter"  # within a wheel; a checkout has the originals beside the library


@dataclass(frozen=True)
class Started:
    """What `start_workbook` did.

    examples: ids of the programs that were put in; beside: new versions of notebooks that a person
    had changed, each beside her own.
    """

    folder: Path
    examples: tuple[str, ...]
    beside: tuple[Path, ...]


def start_workbook(folder: Path) -> Started:
    """Make a workbook in a folder, or bring the notebooks of one that is there up to date.

    Nothing of a person's is overwritten: a notebook that she changed stays, and the new one stands
    beside it (`refresh_copies`); a program that is there already stays as it is. Raises UsageError
    where the folder is a file.
    """
    if folder.exists() and not folder.is_dir():
        remedy = _("name a folder that is empty or not there yet")
        raise UsageError(Problem(_("there is a file in its place"), str(folder), remedy))
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
    return Started(folder, tuple(added), tuple(beside))
