"""From the built wheel alone, in an empty folder: a workbook that works, without git or make."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from evaluasi_lib.cli import main
from tests.guard_data import SHIPPED, tracked

ROOT = Path(__file__).resolve().parent.parent
PRIVATE = ("data/raw/rahasia-2026/peserta.csv", "data/processed/rahasia-2026/peserta.parquet",
           "notebooks/reports/laporan.html", "data/raw/catatan.xlsx")  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what git tracks, in which a person's own data lie about."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in tracked():
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
    for name in PRIVATE:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("Siti Aminah")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    return next(built.glob("*.whl"))


def test_the_wheel_holds_what_a_workbook_needs_under_names_that_windows_can_unpack(
    wheel: Path,
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert not [n for n in names if "rahasia" in n or n.endswith(("laporan.html", "catatan.xlsx"))]
    examples = {n.split("/")[4] for n in names if re.search("starter/data/raw/.+/program.yml", n)}
    assert examples == set(SHIPPED)
    notebooks = {Path(n).name for n in names if n.endswith(".ipynb")}
    assert notebooks == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    outside = {n.split("/")[0] for n in names}
    assert {n for n in outside if not n.startswith("evaluasi-")} == {"evaluasi_lib"}
    assert [n for n in names if re.search(r'[<>:"\\|?*]|[ .](/|$)', n) or len(n) > 120] == []
    assert len({n.lower() for n in names}) == len(names)


def test_start_and_report_work_from_the_wheel_in_an_empty_folder(
    wheel: Path, tmp_path: Path
) -> None:
    installed = tmp_path / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    work = tmp_path / "Buku kerja (uji coba)"

    def evaluasi(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "evaluasi_lib", *arguments]
        place = os.environ | {"PYTHONPATH": str(installed)}
        return subprocess.run(command, cwd=folder, env=place, capture_output=True, text=True)

    lost = evaluasi("report", "nsw-1976", folder=tmp_path)
    assert lost.returncode == 2
    assert "evaluasi start" in lost.stderr
    started = evaluasi("start", str(work), folder=tmp_path)
    assert started.returncode == 0, started.stderr
    done = evaluasi("report", "nsw-1976", folder=work)
    assert done.returncode == 0, done.stderr
    result = json.loads((work / "reports/nsw-1976/result.json").read_text(encoding="utf-8"))
    assert result["program"]["id"] == "nsw-1976"
    assert (work / "reports/index.html").is_file()
    subprocess.run(["git", "init", "-q"], cwd=work, check=True)
    (work / "data/raw/rahasia").mkdir()
    (work / "data/raw/rahasia/peserta.csv").write_text("Siti Aminah")
    status = ["git", "status", "--porcelain", "-uall"]
    seen = subprocess.run(status, cwd=work, capture_output=True, text=True, check=True).stdout
    assert "rahasia" not in seen
    assert "reports/" not in seen


def test_starting_again_brings_news_and_keeps_what_a_person_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "kerja"
    assert main(["start", str(work)]) == 0
    notebook = work / "notebooks/00_mulai_di_sini.ipynb"
    mine = notebook.read_text(encoding="utf-8").replace("Mulai di sini", "Catatan saya")
    notebook.write_text(mine, encoding="utf-8")
    declared = work / "data/raw/nsw-1976/program.yml"
    declared.write_text(declared.read_text(encoding="utf-8") + "# milik saya\n", encoding="utf-8")
    (work / "notebooks/03_portofolio.ipynb").unlink()
    shutil.rmtree(work / "data/raw/mentoring-karier-2024")
    capsys.readouterr()

    assert main(["start", str(work)]) == 0
    assert notebook.read_text(encoding="utf-8") == mine
    assert declared.read_text(encoding="utf-8").endswith("# milik saya\n")
    assert (work / "notebooks/03_portofolio.ipynb").is_file()
    assert "mentoring-karier-2024" in capsys.readouterr().out
    (tmp_path / "file").write_text("")
    assert main(["start", str(tmp_path / "file")]) == 2, "a file in the place of the folder"
    assert str(tmp_path / "file") in capsys.readouterr().err
