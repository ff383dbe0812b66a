"""The command line: exit status, words, and nothing half-written."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from evaluasi_lib.cli import main

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one good program and two broken ones."""
    folder = tmp_path / "data"
    shutil.copytree(ROOT / "data" / "raw" / "nsw-1976", folder / "raw" / "nsw-1976")
    broken = folder / "raw" / "rusak"
    shutil.copytree(ROOT / "data" / "raw" / "nsw-1976", broken)
    text = (broken / "program.yml").read_text(encoding="utf-8").replace("nsw-1976", "rusak")
    (broken / "program.yml").write_text(text, encoding="utf-8")
    next(broken.glob("*.csv")).unlink()
    return folder


def test_wrong_use_ends_with_2_and_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report"]) == 2
    assert "--all" in capsys.readouterr().err
    assert main(["report", "nsw-1967"]) == 2
    assert "“nsw-1976”" in capsys.readouterr().err
    assert main(["report", "nsw-1976", "--format", "hmtl"]) == 2
    assert "html" in capsys.readouterr().err
    assert main(["report", "nsw-1976", "--language", "jv"]) == 2
    assert main(["report", "nsw-1976", "--jobs", "0"]) == 2
    assert main(["report", "nsw-1976", "--time-limit", "0"]) == 2
    assert main(["lapor"]) == 2
    assert main([]) == 2


def test_help_is_in_indonesian(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["report", "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "pemakaian:" in shown
    assert "folder laporan" in shown
    assert "show this help" not in shown


def test_a_failing_program_does_not_stop_the_others(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "reports"
    status = main(["report", "--all", "--data", str(data), "--out", str(out), "--jobs", "2"])
    shown = capsys.readouterr()
    assert status == 1
    assert "rusak" in shown.err
    assert "Traceback" not in shown.err
    assert sorted(p.name for p in (out / "nsw-1976").iterdir()) == [
        ".stamp.json",
        "laporan.html",
        "notebook.ipynb",
        "result.json",
    ]
    assert not (out / "rusak").exists()
    assert (out / "_gagal" / "rusak.ipynb").is_file()
    index = (out / "index.html").read_text(encoding="utf-8")
    assert "rusak" in index
    assert "nsw-1976/laporan.html" in index


def test_the_report_of_nsw_1976_gives_the_published_effect(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "reports"
    assert main(["report", "nsw-1976", "--data", str(data), "--out", str(out)]) == 0
    result = json.loads((out / "nsw-1976" / "result.json").read_text(encoding="utf-8"))
    values = {row["id"]: row["value"] for row in result["measures"]}
    # LaLonde data as in Dehejia and Wahba (1999): 1794; R 4.2.2 lm() gives the digits.
    assert values["effects/re78/primary/estimate"] == pytest.approx(1794.34238485445, rel=1e-9)
    assert values["effects/re78/primary/std_error"] == pytest.approx(670.996544247151, rel=1e-9)


def test_a_warm_kernel_and_an_ordinary_one_give_the_same_bytes(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, warm in (("a", True), ("b", False)):
        if not warm:
            monkeypatch.setattr("evaluasi_lib.reporting.warm.can_fork", lambda: False)
        assert main(["report", "nsw-1976", "--data", str(data), "--out", str(tmp_path / name)]) == 0
    for file in ("result.json", "laporan.html"):
        first, second = ((tmp_path / n / "nsw-1976" / file).read_bytes() for n in ("a", "b"))
        assert first == second


def test_check_names_every_problem_and_changes_nothing(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(str(p) for p in data.rglob("*"))
    assert main(["check", "--data", str(data)]) == 1
    shown = capsys.readouterr()
    assert "rusak [1/" in shown.err
    assert "nsw-1976" in shown.out
    assert sorted(str(p) for p in data.rglob("*")) == before


def test_lab_opens_copies_that_git_ignores_with_jupyters_own_options(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[list[str], dict[str, str]]] = []

    def run(command: list[str], *, check: bool, env: dict[str, str]) -> SimpleNamespace:
        called.append((command, env))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr("evaluasi_lib.cli.subprocess.run", run)
    assert main(["lab", "--data", str(data), "--", "--no-browser"]) == 0
    ((command, env),) = called
    start = Path(command[-1])
    assert "--no-browser" in command
    assert env["EVALUASI_DATA"] == str(data)
    assert start.is_file()
    monkeypatch.undo()
    ignored = subprocess.run(["git", "check-ignore", "-q", str(start)], cwd=ROOT, check=False)
    assert ignored.returncode == 0
