"""The command line, and batches: what is missing is done and nothing else, alone in its folder,
however the last one ended; a program that fails stops no other."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import evaluasi_lib as el
from evaluasi_lib.cli import main
from evaluasi_lib.folders import only_writer  # another process that writes, in this one

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "data" / "raw" / "nsw-1976"
NOTEBOOK = Path("notebooks") / "02_evaluasi_program.ipynb"

Run = Callable[..., int]


def copy_program(data: Path, name: str, cycle: int | None = None) -> Path:
    """A copy of the program under a name; with a cycle it belongs to a series."""
    folder = data / "raw" / name
    shutil.copytree(PROGRAM, folder)
    text = (folder / "program.yml").read_text(encoding="utf-8").replace("nsw-1976", name)
    if cycle is not None:
        kept = [line for line in text.splitlines() if not line.startswith("cycle:")]
        text = "\n".join([*kept, "series: seri", f"cycle: {cycle}\n"])
    (folder / "program.yml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report that was really made, in Indonesian, with a warm kernel."""
    folder = tmp_path_factory.mktemp("made")
    copy_program(folder / "data", "nsw-1976")
    place = ["--data", str(folder / "data"), "--out", str(folder / "out")]
    assert main(["report", "nsw-1976", *place]) == 0
    return folder / "out" / "nsw-1976"


# A run of the notebook takes seconds; where many are made, the function that runs it is replaced.


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

    monkeypatch.setattr("evaluasi_lib.reporting.running.run_notebook", run)
    monkeypatch.setattr("evaluasi_lib.reporting.warm.start", lambda: None)
    return ran


@pytest.fixture
def report(tmp_path: Path) -> Run:
    """`evaluasi report` over a data folder of three programs, two of them cycles of a series."""
    for name, cycle in (("satu", None), ("seri-1", 1), ("seri-2", 2)):
        copy_program(tmp_path / "data", name, cycle)

    def run(*options: str) -> int:
        place = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
        return main(["report", *(options or ("--all",)), *place])

    return run


# --- Words and exit status ---


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("report", "--all"), ("report nsw-1967", "“nsw-1976”"),
        ("report nsw-1976 --format hmtl", "html"), ("report nsw-1976 --language jv", "jv"),
        ("report nsw-1976 --jobs 0", "--jobs"), ("report nsw-1976 --time-limit 0", "--time-limit"),
        ("lapor", "lapor"), ("", "PERINTAH"),
    ],
)  # fmt: skip
def test_wrong_use_ends_with_2_and_says_what_to_do(
    arguments: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments.split()) == 2
    assert said in capsys.readouterr().err


def test_help_is_in_indonesian(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["report", "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "pemakaian:" in shown
    assert "folder laporan" in shown
    assert "show this help" not in shown


def test_check_names_every_problem_of_every_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy_program(tmp_path, "baik")
    next(copy_program(tmp_path, "rusak").glob("*.csv")).unlink()
    assert main(["check", "--data", str(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert "rusak [1/" in shown.err
    assert "baik" in shown.out


def test_a_warm_kernel_and_an_ordinary_one_give_the_same_bytes_and_the_published_effect(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evaluasi_lib.reporting.warm.can_fork", lambda: False)
    place = ["--data", str(made.parents[1] / "data"), "--out", str(tmp_path)]
    assert main(["report", "nsw-1976", *place]) == 0
    for file in ("result.json", "laporan.html"):
        assert (made / file).read_bytes() == (tmp_path / "nsw-1976" / file).read_bytes()
    result = json.loads((made / "result.json").read_text(encoding="utf-8"))
    values = {row["id"]: row["value"] for row in result["measures"]}
    # LaLonde data as in Dehejia and Wahba (1999): 1794; R 4.2.2 lm() gives the digits.
    assert values["effects/re78/primary/estimate"] == pytest.approx(1794.34238485445, rel=1e-9)
    assert values["effects/re78/primary/std_error"] == pytest.approx(670.996544247151, rel=1e-9)


def test_lab_works_on_copies_that_follow_an_upgrade_until_a_person_changes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[list[str], dict[str, str]]] = []

    def run(command: list[str], *, check: bool, env: dict[str, str]) -> SimpleNamespace:
        called.append((command, env))
        return SimpleNamespace(returncode=0)

    def page(source: str, **more: object) -> str:
        return json.dumps({"cells": [{"source": [source], **more}]})

    def after(original: str) -> list[str]:
        """The copies once the notebook is this one, and the lab was opened."""
        (tmp_path / NOTEBOOK).write_text(original, encoding="utf-8")
        assert main(["lab", "--data", str(tmp_path), "--", "--no-browser"]) == 0
        return [p.read_text("utf-8") for p in sorted((tmp_path / "buku-kerja").glob("0*.ipynb"))]

    copy_program(tmp_path, "satu")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("subprocess.run", run)
        mine = tmp_path / "buku-kerja" / NOTEBOOK.name
        (tmp_path / NOTEBOOK).write_text(page("1"), encoding="utf-8")
        assert after(page("1")) == [page("1")]
        mine.write_text(page("1", outputs=["shown"]), encoding="utf-8")
        assert "shown" in after(page("1"))[0]  # nothing new: what was shown stays
        assert after(page("2")) == [page("2")]
        mine.write_text(page("mine"), encoding="utf-8")
        assert sorted(after(page("3"))) == sorted([page("mine"), page("3")])
        assert mine.read_text(encoding="utf-8") == page("mine")
        assert (mine.parent / "02_evaluasi_program.baru.ipynb").is_file()
    command, env = called[-1]
    assert "--no-browser" in command
    assert env["EVALUASI_DATA"] == str(tmp_path)
    assert command[-1].endswith("buku-kerja/00_mulai_di_sini.ipynb")
    ignored = ["git", "check-ignore", "-q", "buku-kerja/00_mulai_di_sini.ipynb"]
    assert subprocess.run(ignored, cwd=ROOT, check=False).returncode == 0


# --- What is made again ---


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


EVERYTHING = ["satu", "seri-1", "seri-2"]


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (lambda p: _touch(p / "data/raw/satu/program.yml"), ["satu"]),
        (lambda p: (p / "data/raw/satu/rekomendasi.yml").write_text("rules: []"), ["satu"]),
        (lambda p: _touch(p / "data/raw/seri-1/program.yml"), ["seri-1", "seri-2"]),
        (lambda p: _touch(p / "data/raw/seri-2/program.yml"), ["seri-2"]),
        (lambda p: (p / "data/rekomendasi.yml").write_text("rules: []"), EVERYTHING),
        (lambda p: _touch(p / "out/satu/laporan.html"), ["satu"]),
        (lambda p: (p / "out/satu/notebook.ipynb").unlink(), ["satu"]),
        (lambda p: (p / "out/satu/.stamp.json").write_text("{"), ["satu"]),
        (lambda p: shutil.rmtree(p / "out/seri-1"), ["seri-1"]),
        (lambda p: (p / "data/raw/satu/.catatan").write_text("x"), []),
    ],
)
def test_what_changed_is_made_again_with_what_follows_from_it(
    runs: list[str], report: Run, tmp_path: Path, change: Callable[[Path], object],
    again: list[str],
) -> None:  # fmt: skip
    assert report() == 0
    runs.clear()
    change(tmp_path)
    assert report() == 0
    assert sorted(runs) == again


def test_another_format_library_or_package_makes_reports_anew(
    runs: list[str], report: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    monkeypatch.setattr("evaluasi_lib.reporting.stamp.LIBRARY", library)
    for n, (options, change) in enumerate(
        [
            ((), lambda: None),
            (("--format", "html,xlsx"), lambda: None),
            ((), lambda: None),
            ((), lambda: (library / "new.py").write_text("")),
            ((), lambda: (tmp_path / "paket-2.0.dist-info").mkdir()),
        ],
        start=1,
    ):
        change()
        monkeypatch.syspath_prepend(str(tmp_path))
        assert report("satu", *options) == report("satu", *options) == 0
        assert len(runs) == n


def test_a_large_file_is_not_read_again_while_size_and_time_are_the_same(
    runs: list[str], report: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evaluasi_lib.reporting.stamp.LARGE", 10)
    assert report("satu") == 0
    path = next((tmp_path / "data" / "raw" / "satu").glob("*.csv"))
    about = path.stat()
    path.write_bytes(path.read_bytes()[::-1])
    for later, n in ((0, 1), (1, 2)):
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns + later))
        assert report("satu") == 0
        assert len(runs) == n


def test_force_cleans_and_makes_again(runs: list[str], report: Run, tmp_path: Path) -> None:
    assert report() == 0
    manifest = tmp_path / "data" / "processed" / "satu" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("{}")
    assert report("satu", "--force") == 0
    assert runs[3:] == ["satu"]
    assert not manifest.exists()


@pytest.mark.parametrize(("large", "last"), [("seri-2", "seri-1"), ("seri-1", "seri-2")])
def test_what_is_done_soonest_begins_last(
    runs: list[str], report: Run, tmp_path: Path, large: str, last: str
) -> None:
    for name in ("satu", large):
        (tmp_path / "data" / "raw" / name / "lampiran.csv").write_bytes(b"x" * 1_000_000)
    assert report() == 0
    assert runs[2:] == [last]


def test_a_program_that_failed_is_tried_again_and_its_cell_is_shown_on_a_terminal(
    runs: list[str], report: Run, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def fail(
        _notebook: Path, _output: Path, _parameters: object,
        begin: Callable[[object, int], None], *_more: object,
    ) -> None:  # fmt: skip
        begin({"cell_type": "markdown", "source": "## Ukur\n\nkata"}, 6)
        begin({"cell_type": "code", "source": "# komentar"}, 7)
        time.sleep(0.3)  # the display is drawn ten times a second
        raise el.EvaluationError("rusak")

    with monkeypatch.context() as patched:
        patched.setenv("FORCE_COLOR", "1")
        patched.setattr("evaluasi_lib.reporting.running.run_notebook", fail)
        assert report("satu") == 1
        assert "satu: Ukur" in capsys.readouterr().out
    assert report("satu") == 0
    assert runs == ["satu"]


# --- One writer, and what dead ones left ---


def test_a_second_writer_is_told_who_writes_and_sweeps_nothing_of_the_first(
    runs: list[str], report: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    half, aside, lost = ".satu.new-k2_x9abc", f".satu.old-{'a' * 32}", f".seri-1.old-{'b' * 32}"
    foreign = [".git", ".satu.new", "satu.new-abcdefgh", ".old-notes"]
    for name in (half, aside, lost, *foreign):
        (out / name).mkdir(parents=True)
        (out / name / "x.txt").write_text(name)
    (out / "satu").mkdir()
    with only_writer(out):
        assert report("satu") == 2
    said = capsys.readouterr().err
    assert str(os.getpid()) in said
    assert "proses lain sedang menulis" in said
    assert runs == []
    assert (out / half).is_dir()
    assert report("satu") == 0
    assert {p.name for p in out.iterdir() if p.is_dir()} == {"satu", "seri-1", *foreign}
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
    copy_program(tmp_path, "satu")
    command = [sys.executable, "-c", HOLD, str(tmp_path / "processed" / "satu")]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _i in "ab"]
    dead, living = (Path(str(run.stdout and run.stdout.readline()).strip()) for run in runs)
    runs[0].kill()
    runs[0].wait()
    for seconds, left in ((600, {dead, living}), (0, {living})):  # what is new is let alone
        monkeypatch.setattr("evaluasi_lib.folders.MINUTE", seconds)
        assert main(["clean", "satu", "--data", str(tmp_path)]) == 0
        assert set((tmp_path / "processed").glob(".*")) == left
    runs[1].kill()
    runs[1].wait()


# --- Programs that fail in their own ways, in a workbook whose notebook does so ---


def workbook(folder: Path, *programs: str, source: str) -> None:
    """A folder with data and a notebook that takes an evaluation's parameters and runs a cell."""
    for name in programs:
        copy_program(folder / "data", name)
    names = ("program_id", "language", "data_dir", "out_dir", "formats", "explore")
    lines = "\n".join(f"{name} = ''" for name in names)
    cells = [
        {"cell_type": "code", "id": str(i), "metadata": {"tags": tags}, "source": text,
         "outputs": [], "execution_count": None}
        for i, (tags, text) in enumerate([(["parameters"], lines), ([], source)])
    ]  # fmt: skip
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    content = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (folder / "notebooks").mkdir()
    (folder / NOTEBOOK).write_text(json.dumps(content), encoding="utf-8")


WAYS = """
import os, signal, time
from pathlib import Path
import evaluasi_lib as el
if program_id == "lama":
    time.sleep(600)
if program_id == "mati":
    os.kill(os.getpid(), signal.SIGKILL)
if program_id == "rusak":
    el.open(program_id, data=data_dir)
if program_id == "tak-terduga":
    raise ZeroDivisionError("x" * 1000)
(Path(out_dir) / program_id).mkdir(parents=True)
"""


def test_a_program_that_fails_stops_no_other_and_leaves_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = ["lama", "baik", "mati", "rusak", "tak-terduga"]
    workbook(tmp_path, *ids, source=WAYS)
    next((tmp_path / "data" / "raw" / "rusak").glob("*.csv")).unlink()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVALUASI_LANGUAGE", "en")
    start = time.monotonic()
    # One at a time: the kernel of the next is up and waits, which is not held against it.
    assert main(["report", *ids, "--time-limit", "6"]) == 1
    assert time.monotonic() - start < 120
    said = capsys.readouterr().err
    assert "Traceback" not in said
    reasons = [line.split(": ", 2)[1:] for line in said.splitlines()]
    reason = dict(reversed(reasons))  # the first line of each
    assert list(dict.fromkeys(name for name, _text in reasons)) == ["lama", *ids[2:]]
    assert reason["lama"] == "the time limit is over"
    assert reason["mati"].startswith("the kernel ended before the notebook did")
    assert ".csv" in reason["rusak"]
    assert "ZeroDivisionError" in reason["tak-terduga"]
    assert len(reason["tak-terduga"]) < 400
    there = {p.relative_to(tmp_path / "reports").as_posix()
             for p in (tmp_path / "reports").rglob("*.ipynb")}  # fmt: skip
    assert there == {"baik/notebook.ipynb", *(f"_gagal/{name}.ipynb" for name in reason)}
    index = (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")
    assert all(name in index for name in ids)


DIES = """
import psutil
from pathlib import Path
mark = Path(data_dir) / f"{program_id}.mark"
if program_id == "b" and not mark.exists():
    mark.touch()
    psutil.Process().parent().parent().kill()
(Path(out_dir) / program_id).mkdir(parents=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are grandchildren of a worker there")
def test_the_programs_of_a_worker_of_a_cluster_that_died_are_done_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    workbook(tmp_path, "a", "b", "c", source=DIES)
    monkeypatch.chdir(tmp_path)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=str(tmp_path)
    ) as cluster:
        assert main(["report", "--all", "--scheduler", cluster.scheduler_address]) == 0
    assert (tmp_path / "data" / "b.mark").is_file()
    assert {p.parent.name for p in (tmp_path / "reports").glob("*/notebook.ipynb")} == {*"abc"}


def test_a_cluster_without_its_extra_names_the_remedy(
    report: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert report("satu", "--scheduler", "tcp://127.0.0.1:1") == 2
    assert "evaluasi[cluster]" in capsys.readouterr().err


@pytest.mark.parametrize(("deaths", "status"), [(1, 0), (3, 1)])
def test_a_kernel_that_does_not_come_up_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deaths: int, status: int
) -> None:
    """Two kernels that start at once can be given the same port; the one that loses it dies."""
    import papermill

    workbook(tmp_path, "satu", source=WAYS)
    monkeypatch.chdir(tmp_path)
    starts: list[str] = []

    def execute(notebook: str, output: str, parameters: dict[str, str], **_options: object) -> None:
        starts.append(notebook)
        if len(starts) <= deaths:
            raise RuntimeError("Kernel died before replying to kernel_info")
        Path(output).write_text("{}", encoding="utf-8")
        (Path(parameters["out_dir"]) / "satu").mkdir(parents=True)

    monkeypatch.setattr(papermill, "execute_notebook", execute)
    assert main(["report", "satu"]) == status
    assert (tmp_path / "reports" / "satu" / "notebook.ipynb").is_file() == (status == 0)


@pytest.mark.parametrize("number", [signal.SIGINT, getattr(signal, "SIGKILL", None)])
def test_a_stopped_batch_leaves_nobody_behind_and_goes_on_where_it_stood(
    number: signal.Signals | None, report: Run, tmp_path: Path
) -> None:
    if number is None or sys.platform == "win32":
        pytest.skip("these signals are those of Unix")
    ids, out = ["satu", "seri-1"], tmp_path / "out"
    place = ["--data", str(tmp_path / "data"), "--out", str(out)]
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
    assert len(list(out.glob(f".{ahead}*"))) == (0 if number == signal.SIGINT else 1)
    again = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert "tidak berubah" in again.splitlines()[0]
    assert f"{ahead}: selesai" in again
    assert list(out.glob(f".{ahead}*")) == []
