"""The same answer again: another day, machine setting or folder; and a report that is verified."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evaluasi_lib import wording
from evaluasi_lib.check import DataFolder
from evaluasi_lib.cli import main
from evaluasi_lib.evaluation import open_study, result_of
from evaluasi_lib.folders import git_commit
from evaluasi_lib.reporting.stamp import Sources
from evaluasi_lib.results import result_json
from tests.record import moved
from tests.test_faults import table

ROOT = Path(__file__).resolve().parent.parent
RAW = ROOT / "data" / "raw"
PROGRAM = "nsw-1976"
MAKE = """\
import hashlib, locale, sys
locale.setlocale(locale.LC_ALL, "")
from evaluasi_lib.evaluation import open_study, result_of
from evaluasi_lib.reporting.stamp import Sources
from evaluasi_lib.check import DataFolder
from evaluasi_lib.reporting.export import render_html
from evaluasi_lib.reporting.sections import report_sections
from evaluasi_lib.results import result_json
data = DataFolder.at(sys.argv[2])
study = open_study(data, sys.argv[1])
result = result_of(study, Sources(data))
page = render_html(report_sections(study.program, result), result)
for text in (result_json(result), page):
    print(hashlib.sha256(text.encode()).hexdigest())
"""


def _result(program: str, folder: Path) -> str:
    data = DataFolder.at(folder)
    return result_json(result_of(open_study(data, program), Sources(data)))


def _copy(program: str, data: Path) -> Path:
    shutil.copytree(RAW / program, data / "raw" / program)
    return data / "raw" / program


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The folder of data of a program, and beside it its report as far as verifying reads it."""
    data = tmp_path / "data"
    _copy(PROGRAM, data)
    (tmp_path / "out" / PROGRAM).mkdir(parents=True)
    wording.set_language("en")
    text = _result(PROGRAM, data)
    wording.set_language("id")
    (tmp_path / "out" / PROGRAM / "result.json").write_text(text, encoding="utf-8")
    return data


def _verify(data: Path) -> int:
    return main(["verify", PROGRAM, "--data", str(data), "--out", str(data.parent / "out")])


def test_a_report_is_verified_from_the_raw_data_alone(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(report / "processed")
    assert _verify(report) == 0
    assert "bita demi bita" in capsys.readouterr().out
    assert not (report / "processed").exists()


def _change(path: Path, change: Any) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def test_what_differs_is_named(
    report: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALUASI_LANGUAGE", "en")
    path = report.parent / "out" / PROGRAM / "result.json"
    good = path.read_text(encoding="utf-8")
    number = next(r for r in json.loads(good)["measures"] if r["value"] is not None)

    def put(content: dict[str, Any]) -> None:
        next(r for r in content["measures"] if r["id"] == number["id"])["value"] = 12345
        content["provenance"]["packages"]["numpy"] = "0.1"
        content["provenance"]["commit"] = "0123abc+"

    _change(path, put)
    assert _verify(report) == 1
    said = capsys.readouterr().err
    assert f"{number['id']}: value is 12345 in the report, and {number['value']}" in said
    assert "numpy: the report was made with 0.1" in said
    assert "commit: the report was made with 0123abc+" in said

    path.write_text(good, encoding="utf-8")
    table = report / "raw" / PROGRAM / "nsw.csv"
    rows = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join(rows[:-1]) + "\n", encoding="utf-8")
    assert _verify(report) == 1
    said = capsys.readouterr().err
    assert f"{PROGRAM}/peserta.csv: the file was changed after the report was made" in said
    assert "when computed again" in said

    path.write_text(good[:-100], encoding="utf-8")
    assert _verify(report) == 1
    assert "result.json is damaged" in capsys.readouterr().err
    path.unlink()
    assert _verify(report) == 2
    assert "no report to verify" in capsys.readouterr().err


def test_the_answer_does_not_depend_on_the_machine_s_settings(tmp_path: Path) -> None:
    settings = [
        {"TZ": "Asia/Jakarta", "PYTHONHASHSEED": "1", "LC_ALL": "C"},
        {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "77", "LC_ALL": "C.UTF-8",
         "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"},
    ]  # fmt: skip
    said = []
    for place, setting in enumerate(settings):
        data = tmp_path / ["data", "folder lain é"][place]
        _copy(PROGRAM, data)
        done = subprocess.run(
            [sys.executable, "-c", MAKE, PROGRAM, str(data)],
            env=os.environ | {"PYTHONPATH": str(ROOT)} | setting, cwd=tmp_path,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        said.append(done.stdout)
    assert said[0] == said[1]
    assert len(said[0].split()) == 2


@pytest.mark.parametrize("program", [PROGRAM, "mentoring-karier-2024"])
def test_the_answer_does_not_depend_on_the_order_of_rows(program: str, tmp_path: Path) -> None:
    """The order in which numbers are summed moves their last digits and nothing else."""
    results = []
    for name, shuffled in (("a", False), ("b", True)):
        folder = _copy(program, tmp_path / name)
        for path in sorted(folder.glob("*.csv")) if shuffled else ():
            table(path.name, lambda f: f.sample(frac=1, random_state=1))(folder)
        results.append(json.loads(_result(program, tmp_path / name)))
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
