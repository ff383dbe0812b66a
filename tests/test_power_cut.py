"""A run that breaks at any of its writes leaves earlier reports whole, and the next run completes.

Python tells an audit hook of every file that it opens to write, every folder it makes, and every
rename and removal. The hook here makes the n-th of them fail, for every n: once (a full disk for a
moment), for good (what was on the disk at that moment is all that is left, as after a power cut:
nobody can tidy up), or for good with the file already emptied.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evaluasi_lib.cli import main
from tests import canaries, raw

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "nsw-1976"
SIZE = 500_000  # bytes of each file of a report here
TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = {"os.rename": 2, "os.mkdir": 1, "os.remove": 1, "os.rmdir": 1, "os.truncate": 1}
MODES = ("once", "for good", "for good, the file emptied")


class Faults:
    """The hook. It counts changes below a folder, and fails from the n-th on (or it alone)."""

    def __init__(self) -> None:
        self.folder, self.fail_at, self.mode, self.seen = "", 0, "once", 0

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.folder or (event != "open" and event not in CHANGES):
            return
        if event == "open" and not (isinstance(args[2], int) and args[2] & TO_WRITE):
            return
        paths = [str(path) for path in args[: CHANGES.get(event, 1)]]
        # A removal by a name within an open folder, as rmtree does it, is one of ours as well.
        if not any(path.startswith(self.folder) or not os.path.isabs(path) for path in paths):
            return
        self.seen += 1
        if not self.fail_at or self.seen < self.fail_at:
            return
        if self.seen > self.fail_at and self.mode == "once":
            return
        if self.seen == self.fail_at and event == "open" and "emptied" in self.mode:
            self._empty(paths[0], args[2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), paths[0])

    def _empty(self, path: str, flags: int) -> None:
        if flags & os.O_TRUNC:
            folder, self.folder = self.folder, ""
            Path(path).write_bytes(b"")
            self.folder = folder


FAULTS = Faults()


@pytest.fixture(scope="module", autouse=True)
def _hooked() -> Iterator[None]:
    sys.addaudithook(FAULTS.hook)  # it stays for the life of the process, and then does nothing
    yield
    FAULTS.folder = ""


def during(folder: Path, work: Callable[[], object], fail_at: int = 0, mode: str = "once") -> int:
    """Do the work with the fault; how many changes were asked for."""
    FAULTS.fail_at, FAULTS.mode, FAULTS.seen = fail_at, mode, 0
    FAULTS.folder = str(folder)
    try:
        work()
    finally:
        FAULTS.folder = ""
    return FAULTS.seen


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of data. A run of the notebook writes three files, at once."""
    folder = tmp_path / "data"
    shutil.copytree(ROOT / "data" / "raw" / PROGRAM, folder / "raw" / PROGRAM)

    def run(_notebook: Path, output: Path, parameters: dict[str, object], *_more: object) -> None:
        place = Path(str(parameters["out_dir"])) / PROGRAM
        place.mkdir(parents=True)
        for path in (output, place / "laporan.html", place / "result.json"):
            path.write_text("{}" + " " * SIZE, encoding="utf-8")

    monkeypatch.setattr("evaluasi_lib.reporting.running.run_notebook", run)
    monkeypatch.setattr("evaluasi_lib.reporting.warm.start", lambda: None)
    monkeypatch.setattr("evaluasi_lib.reporting.index.index_html", lambda entries, _link: "index")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but the lock, which tells who wrote last."""
    files = (p for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock")
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def whole(folder: Path, name: str, good: dict[str, bytes]) -> bool:
    """Whether a folder, or what it was moved aside to, is there with every file as it was."""
    places = [folder / name, *folder.glob(f".{name}.old-*")]
    return any(contents(p) == good for p in places if p.is_dir())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("command", "least"), [("report", 20), ("clean", 5)])
def test_what_was_there_is_whole_wherever_a_run_breaks(
    command: str, least: int, mode: str, data: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    report = command == "report"
    folder = tmp_path / "out" if report else data / "processed"
    run = [command, PROGRAM, "--data", str(data)] + ["--out", str(folder)] * report
    again = [*run, *["--force"] * report]
    assert main(run) == 0
    kept = folder if report else folder / PROGRAM  # what a dead run of cleaning left goes later
    good, whole_before = contents(kept), contents(folder / PROGRAM)
    assert len(whole_before) >= 4
    changes = during(folder, lambda: main(again))
    assert changes > least
    for fail_at in range(1, changes + 1):
        during(folder, lambda: main(again), fail_at, mode)
        assert whole(folder, PROGRAM, whole_before), fail_at
        assert main(run) == 0, fail_at
        assert contents(kept) == good, fail_at
    assert "Traceback" not in capsys.readouterr().err


def test_a_deletion_is_done_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken at every fifth change, the raw folder is as before or as after; the next run ends."""
    monkeypatch.setenv("EVALUASI_KEY", "a key for tests")
    nip = canaries.write(tmp_path / "whole")[5].nip

    def forget(data: Path) -> int:
        reason = ["--reason", "diminta", "--out", str(tmp_path / "out")]
        return main(["forget", raw.ID, "--person", nip, *reason, "--data", str(data)])

    before = contents(tmp_path / "whole" / "raw" / raw.ID)
    shutil.copytree(tmp_path / "whole", tmp_path / "done")
    changes = during(tmp_path / "done", lambda: forget(tmp_path / "done"))
    after = contents(tmp_path / "done" / "raw" / raw.ID)
    assert before != after
    assert changes > 20
    for fail_at in range(1, changes + 1, 5):
        data = tmp_path / str(fail_at)
        shutil.copytree(tmp_path / "whole", data)
        during(data, lambda data=data: forget(data), fail_at, "for good")
        assert whole(data / "raw", raw.ID, before) or whole(data / "raw", raw.ID, after), fail_at
        forget(data)  # where it was done, nobody of this identifier is there any more
        assert contents(data / "raw" / raw.ID) == after, fail_at
        assert [p.name for p in (data / "raw").iterdir() if p.is_dir()] == [raw.ID], fail_at


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small file system")
def test_a_full_disk_leaves_the_report_that_was_there(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={8 * SIZE}", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount")
    try:
        arguments = ["report", PROGRAM, "--data", str(data), "--out", str(disk)]
        assert main(arguments) == 0
        good = contents(disk)
        (disk / "other").write_bytes(b"x" * 4 * SIZE)
        assert main([*arguments, "--force"]) == 1
        said = capsys.readouterr().err
        assert "diska masih punya ruang" in said
        assert "Traceback" not in said
        (disk / "other").unlink()
        assert {k: v for k, v in contents(disk).items() if PROGRAM in k} == {
            k: v for k, v in good.items() if PROGRAM in k
        }
        assert main([*arguments, "--force"]) == 0
        assert contents(disk) == good
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("command", ["report", "portfolio"])
@pytest.mark.parametrize("place", ["file", "file/out", "/proc/out", "out"])
def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(
    command: str, place: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file in its place or above it, no place to write, a folder where its index should be."""
    if place.startswith("/proc") and not Path("/proc/self").is_dir():
        pytest.skip("no file system that nobody may write to")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "out" / "index.html").mkdir(parents=True)
    ids = [PROGRAM] if command == "report" else []
    assert main([command, *ids, "--data", str(data), "--out", str(tmp_path / place)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("evaluasi: ")
    assert str(tmp_path / place.partition("/out")[0]) in said or place in said
    assert len(said.splitlines()) == 1
    assert (tmp_path / "file").read_text(encoding="utf-8") == "x"
