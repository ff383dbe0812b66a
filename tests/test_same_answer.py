"""The same answer again: another day, machine setting or folder; and a report that is verified."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import evaluasi_lib as el
from evaluasi_lib.cli import main
from evaluasi_lib.folders import git_commit  # of another folder than this library's
from tests.record import moved

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "nsw-1976"
MAKE = """\
import locale, sys
import evaluasi_lib as el
locale.setlocale(locale.LC_ALL, "")
el.open("nsw-1976", "id", sys.argv[1]).report(out=sys.argv[2])
"""


def copy(program: str, data: Path) -> Path:
    shutil.copytree(ROOT / "data" / "raw" / program, data / "raw" / program)
    return data


def result(program: str, data: Path, language: str = "id") -> Path:
    """result.json of a report with one chapter, in "out" beside the folder of data."""
    out = data.parent / "out"
    el.open(program, language, data).report(["lampiran"], out=out)
    return out / program / "result.json"


@pytest.fixture
def verify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """`evaluasi verify` of an English report of the program: its status, and all that it says."""
    monkeypatch.setenv("EVALUASI_LANGUAGE", "en")
    result(PROGRAM, copy(PROGRAM, tmp_path / "data"), "en")

    def run() -> tuple[int, str]:
        place = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
        return main(["verify", PROGRAM, *place]), "".join(capsys.readouterr())

    return run


def test_a_report_is_verified_from_the_raw_data_alone(verify: Any, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "data" / "processed")
    status, said = verify()
    assert status == 0
    assert "byte for byte" in said
    assert not (tmp_path / "data" / "processed").exists()


def test_what_differs_is_named(verify: Any, tmp_path: Path) -> None:
    path = tmp_path / "out" / PROGRAM / "result.json"
    good = path.read_text(encoding="utf-8")
    content = json.loads(good)
    row = next(r for r in content["measures"] if r["value"] is not None)
    was, row["value"] = row["value"], 12345
    content["provenance"]["packages"]["numpy"] = "0.1"
    content["provenance"]["commit"] = "0123abc+"
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    status, said = verify()
    assert status == 1
    assert f"{row['id']}: value is 12345 in the report, and {was}" in said
    assert "numpy: the report was made with 0.1" in said
    assert "commit: the report was made with 0123abc+" in said

    path.write_text(good, encoding="utf-8")
    table = tmp_path / "data" / "raw" / PROGRAM / "nsw.csv"
    rows = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join(rows[:-1]) + "\n", encoding="utf-8")
    status, said = verify()
    assert status == 1
    assert f"{PROGRAM}/peserta.csv: the file was changed after the report was made" in said
    assert "when computed again" in said

    path.write_text(good[:-100], encoding="utf-8")
    status, said = verify()
    assert status == 1
    assert "result.json is damaged" in said
    path.unlink()
    status, said = verify()
    assert status == 2
    assert "no report to verify" in said


def test_the_answer_does_not_depend_on_the_machine_s_settings(tmp_path: Path) -> None:
    settings = {
        "data": {"TZ": "Asia/Jakarta", "PYTHONHASHSEED": "1", "LC_ALL": "C"},
        "folder lain é": {
            "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "77", "LC_ALL": "C.UTF-8",
            "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1",
        },
    }  # fmt: skip
    made = []
    for name, setting in settings.items():
        data, out = copy(PROGRAM, tmp_path / name), tmp_path / f"out of {name}"
        subprocess.run(
            [sys.executable, "-c", MAKE, str(data), str(out)], cwd=tmp_path, check=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | setting,
        )  # fmt: skip
        made.append({p.name: p.read_bytes() for p in (out / PROGRAM).iterdir()})
    assert made[0] == made[1]
    assert {"result.json", "laporan.html"} <= set(made[0])


@pytest.mark.parametrize("program", [PROGRAM, "mentoring-karier-2024"])
def test_the_answer_does_not_depend_on_the_order_of_rows(program: str, tmp_path: Path) -> None:
    """The order in which numbers are summed moves their last digits and nothing else."""
    results = []
    for name, shuffled in (("a", False), ("b", True)):
        data = copy(program, tmp_path / name / "data")
        for path in (data / "raw" / program).glob("*.csv") if shuffled else ():
            separator = ";" if ";" in path.read_text(encoding="utf-8").partition("\n")[0] else ","
            table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
            table.sample(frac=1, random_state=1).to_csv(path, sep=separator, index=False)
        results.append(json.loads(result(program, data).read_text(encoding="utf-8")))
    before, after = ({r["id"]: r for r in result["measures"]} for result in results)
    assert list(before) == list(after)
    for row_id, row in before.items():
        for key, value in row.items():
            other = after[row_id][key]
            same = value == other
            if isinstance(value, float) and isinstance(other, (int, float)):
                same = value == pytest.approx(other, rel=1e-9, abs=1e-9)
            assert same, (row_id, key, value, other)
    assert results[0]["verdict"] == results[1]["verdict"]


def test_the_commit_of_a_folder_says_whether_it_was_changed_since(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=A", "-c", "user.email=a@contoh.go.id"]
        done = subprocess.run(["git", *who, *words], cwd=tmp_path, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def said() -> str | None:
        git_commit.cache_clear()
        return git_commit(tmp_path / "library")

    (tmp_path / "library").mkdir()
    file = tmp_path / "library" / "a.py"
    file.write_text("1")
    git("init", "-q")
    assert said() is None, "git knows nothing of it yet"
    git("add", ".")
    git("commit", "-qm", "a")
    commit = git("rev-parse", "HEAD")
    (tmp_path / "page.md").write_text("no part of the library")
    assert said() == commit
    file.write_text("2")
    assert said() == commit + "+"
    git_commit.cache_clear()


def test_the_record_of_numbers_names_what_moved() -> None:
    before = [["a", "5", "1.23457", "", "", ""], ["b", "", "2", "1", "3", "improved"]]
    after = [["a", "5", "1.23458", "", "", ""], ["b", "", "2.1", "1", "3", ""], ["c", *[""] * 5]]
    assert moved(before, before) == []
    assert [line.split(":")[0] for line in moved(before, after)] == ["+ c", "b"]
    assert moved(after, before)[0] == "- c"
