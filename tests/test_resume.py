"""A batch does what is missing and nothing else, alone in its folder, however it ended before."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import evaluasi_lib as el
from evaluasi_lib import wording
from evaluasi_lib.cli import main
from evaluasi_lib.folders import only_writer
from evaluasi_lib.reporting import batch, running, stamp, warm
from tests.test_batch import notebook_of

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "data" / "raw" / "nsw-1976"

Run = Callable[..., int]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report that was really made, in Indonesian."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copytree(PROGRAM, folder / "data" / "raw" / PROGRAM.name)
    out = folder / "out"
    assert main(["report", "nsw-1976", "--data", str(folder / "data"), "--out", str(out)]) == 0
    return out / "nsw-1976"


@pytest.fixture
def runs(made: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The programs whose notebook was run; each run waits for its turn, as the first cell does, and
    gives the files of `made` at once."""
    ran: list[str] = []

    def run(
        _notebook: Path, output: Path, parameters: dict[str, object],
        begin: Callable[[object, int], None], *_more: object,
    ) -> None:  # fmt: skip
        name = str(parameters["program_id"])
        begin({"cell_type": "code", "source": ""}, 0)
        ran.append(name)
        shutil.copyfile(made / "notebook.ipynb", output)
        folder = Path(str(parameters["out_dir"])) / name
        folder.mkdir(parents=True)
        for file in ("laporan.html", "result.json"):
            shutil.copyfile(made / file, folder / file)

    monkeypatch.setattr(running, "run_notebook", run)
    monkeypatch.setattr(warm, "start", lambda: None)
    return ran


@pytest.fixture
def report(tmp_path: Path) -> Run:
    """`evaluasi report` over a data folder of three programs, two of them cycles of a series."""
    for name, cycle in (("satu", None), ("seri-1", 1), ("seri-2", 2)):
        folder = tmp_path / "data" / "raw" / name
        shutil.copytree(PROGRAM, folder)
        text = (folder / "program.yml").read_text(encoding="utf-8").replace("nsw-1976", name)
        series = "" if cycle is None else f"series: seri\ncycle: {cycle}\n"
        if cycle is not None:
            text = "\n".join(line for line in text.splitlines() if not line.startswith("cycle:"))
        (folder / "program.yml").write_text(f"{text}\n{series}", encoding="utf-8")

    def run(*options: str) -> int:
        place = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
        return main(["report", *(options or ("--all",)), *place])

    return run


def test_what_is_unchanged_is_left_alone(
    runs: list[str], report: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report() == 0
    assert sorted(runs) == ["satu", "seri-1", "seri-2"]
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("*/*")}
    capsys.readouterr()
    assert report() == 0
    assert len(runs) == 3
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("*/*")} == before
    assert capsys.readouterr().out.count("tidak berubah") == 3


def _touch(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (lambda p: _touch(p / "data/raw/satu/program.yml"), ["satu"]),
        (lambda p: (p / "data/raw/satu/rekomendasi.yml").write_text("rules: []"), ["satu"]),
        (lambda p: _touch(p / "data/raw/seri-1/program.yml"), ["seri-1", "seri-2"]),
        (lambda p: _touch(p / "data/raw/seri-2/program.yml"), ["seri-2"]),
        (lambda p: (p / "data/rekomendasi.yml").write_text("rules: []"), None),
        (lambda p: _touch(p / "out/satu/laporan.html"), ["satu"]),
        (lambda p: (p / "out/satu/notebook.ipynb").unlink(), ["satu"]),
        (lambda p: (p / "out/satu/.stamp.json").write_text("{"), ["satu"]),
        (lambda p: shutil.rmtree(p / "out/seri-1"), ["seri-1"]),
        (lambda p: (p / "data/raw/satu/.catatan").write_text("x"), []),
    ],
)
def test_what_changed_is_made_again_with_what_follows_from_it(
    runs: list[str],
    report: Run,
    tmp_path: Path,
    change: Callable[[Path], object],
    again: list[str] | None,
) -> None:
    assert report() == 0
    runs.clear()
    change(tmp_path)
    assert report() == 0
    assert sorted(runs) == (["satu", "seri-1", "seri-2"] if again is None else again)


@pytest.mark.parametrize(("large", "last"), [("seri-2", "seri-1"), ("seri-1", "seri-2")])
def test_what_is_done_soonest_begins_last(
    runs: list[str], report: Run, tmp_path: Path, large: str, last: str
) -> None:
    for name in ("satu", large):
        (tmp_path / "data" / "raw" / name / "lampiran.csv").write_bytes(b"x" * 1_000_000)
    assert report() == 0
    assert runs[2:] == [last]


def test_another_language_library_or_package_makes_reports_anew(
    runs: list[str], report: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert report("satu") == 0
    assert report("satu", "--format", "html,xlsx") == 0
    assert report("satu") == 0
    assert len(runs) == 3
    library = tmp_path / "library"
    library.mkdir()
    monkeypatch.setattr(stamp, "LIBRARY", library)
    assert report("satu") == 0
    (library / "new.py").write_text("")
    assert report("satu") == 0
    assert len(runs) == 5
    (tmp_path / "paket-2.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert report("satu") == 0
    assert len(runs) == 6
    assert report("satu") == 0
    assert len(runs) == 6


def test_a_large_file_is_not_read_again_while_size_and_time_are_the_same(
    runs: list[str], report: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamp, "LARGE", 10)
    assert report("satu") == 0
    path = next((tmp_path / "data" / "raw" / "satu").glob("*.csv"))
    about = path.stat()
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert report("satu") == 0
    assert len(runs) == 1
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns + 1))
    assert report("satu") == 0
    assert len(runs) == 2


def test_force_cleans_and_makes_again(runs: list[str], report: Run, tmp_path: Path) -> None:
    assert report() == 0
    manifest = tmp_path / "data" / "processed" / "satu" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("{}")
    assert report("satu", "--force") == 0
    assert runs[3:] == ["satu"]
    assert not manifest.exists()


def test_a_program_that_failed_is_tried_again(
    runs: list[str], report: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = running.run_notebook

    def fail(*_all: object, **_named: object) -> None:
        raise el.EvaluationError("rusak")

    monkeypatch.setattr(running, "run_notebook", fail)
    assert report("satu") == 1
    monkeypatch.setattr(running, "run_notebook", good)
    assert report("satu") == 0
    assert runs == ["satu"]


def test_a_second_writer_is_told_who_writes(
    runs: list[str], report: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with only_writer(tmp_path / "out"):
        assert report("satu") == 2
        shown = capsys.readouterr().err
    assert str(os.getpid()) in shown
    assert "proses lain sedang menulis" in shown
    assert runs == []
    assert report("satu") == 0


def test_what_a_killed_run_left_goes_and_nothing_else(
    runs: list[str], report: Run, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    half, aside, lost = ".satu.new-k2_x9abc", f".satu.old-{'a' * 32}", f".seri-1.old-{'b' * 32}"
    foreign = [".git", ".satu.new", "satu.new-abcdefgh", ".old-notes"]
    for name in (half, aside, lost, *foreign):
        (out / name).mkdir(parents=True)
        (out / name / "x.txt").write_text(name)
    (out / "satu").mkdir()
    with only_writer(out):  # a living run protects what it is at work on
        assert report("satu") == 2
        assert (out / half).is_dir()
    assert report("satu") == 0
    there = {p.name for p in out.iterdir() if p.is_dir()}
    assert there == {"satu", "seri-1", *foreign}
    assert (out / "seri-1" / "x.txt").read_text() == lost  # its place was empty


HOLD = """
import sys, time
from pathlib import Path
from evaluasi_lib.folders import replace_folder
with replace_folder(Path(sys.argv[1])) as folder:
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there, what is a day old goes")
def test_cleaning_takes_away_what_a_dead_run_left_but_not_what_a_living_one_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(PROGRAM, tmp_path / "raw" / PROGRAM.name)
    command = [sys.executable, "-c", HOLD, str(tmp_path / "processed" / PROGRAM.name)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _i in "ab"]
    dead, living = (Path(str(run.stdout and run.stdout.readline()).strip()) for run in runs)
    runs[0].kill()
    runs[0].wait()
    for seconds, left in ((600, {dead, living}), (0, {living})):  # what is new is let alone
        monkeypatch.setattr("evaluasi_lib.folders.MINUTE", seconds)
        assert main(["clean", PROGRAM.name, "--data", str(tmp_path)]) == 0
        assert set((tmp_path / "processed").glob(".*")) == left
    runs[1].kill()
    runs[1].wait()


SAVE = "from pathlib import Path\n(Path(out_dir) / program_id).mkdir(parents=True)\n"


def test_a_program_over_its_time_is_given_up_and_the_others_go_on(tmp_path: Path) -> None:
    wording.set_language("en")
    slow = notebook_of(tmp_path / "slow.ipynb", "import time\ntime.sleep(600)")
    dying = notebook_of(
        tmp_path / "dying.ipynb", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    quick = notebook_of(tmp_path / "quick.ipynb", SAVE)
    jobs = [
        batch.Job(name, notebook, tmp_path, tmp_path / "out", message_language="en",
                  time_limit=limit)
        for name, notebook, limit in (("a", slow, 4.0), ("b", quick, 3.0), ("c", dying, None))
    ]  # fmt: skip
    start = time.monotonic()
    # One at a time: the kernel of the second is up and waits, which is not held against it.
    found = {o.program_id: o.failure for o in batch.run_jobs(jobs, 1)}
    assert time.monotonic() - start < 120
    assert found == {
        "a": "the time limit is over",
        "b": None,
        "c": "the kernel ended before the notebook did; was there too little memory?",
    }
    there = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.*")}
    assert there == {"b/notebook.ipynb", "_gagal/a.ipynb", "_gagal/c.ipynb"}


def test_each_cell_that_begins_is_told_with_its_heading(tmp_path: Path) -> None:
    job = batch.Job("satu", ROOT / "notebooks" / "02_evaluasi_program.ipynb", tmp_path, tmp_path)
    steps: list[batch.Step] = []
    begin = batch._cells(job, 0, steps.append, batch.Turn())
    begin({"cell_type": "markdown", "source": "## Ukur\n\nkata"}, 6)
    begin({"cell_type": "code", "source": "# komentar"}, 7)
    assert [step.heading for step in steps] == ["Ukur", "Ukur"]
    assert 0 < steps[0].share < steps[1].share < 1


@pytest.mark.parametrize("number", [signal.SIGINT, getattr(signal, "SIGKILL", None)])
def test_a_stopped_batch_leaves_nobody_behind_and_goes_on_where_it_stood(
    number: signal.Signals | None, report: Run, made: Path, tmp_path: Path
) -> None:
    if number is None or sys.platform == "win32":
        pytest.skip("these signals are those of Unix")
    ids = ["satu", "seri-1"]
    place = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    command = [sys.executable, "-u", "-m", "evaluasi_lib", "report", *ids, *place]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        done = process.stdout.readline()
        assert "selesai" in done
        ahead = ids[ids[0] in done]
        time.sleep(0.5)  # the second program is at work
        process.send_signal(number)
        # Kernels and nursery hold the same pipe: it ends when the last of them has.
        rest = process.communicate(timeout=60)[0]
    assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    assert "Traceback" not in rest
    left = [p for p in (tmp_path / "out").iterdir() if p.name.startswith(f".{ahead}")]
    assert len(left) == (0 if number == signal.SIGINT else 1)
    again = subprocess.run([*command], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert "1/2" in again.splitlines()[0]
    assert "tidak berubah" in again.splitlines()[0]
    assert f"{ahead}: selesai" in again
    assert not [p for p in (tmp_path / "out").iterdir() if p.name.startswith(f".{ahead}")]
