"""One place runs one program; a folder appears in whole or not at all; a cluster is optional."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import evaluasi_lib as el
from evaluasi_lib import wording
from evaluasi_lib.folders import refresh_copies, replace_folder
from evaluasi_lib.reporting import batch, running

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _indonesian() -> None:
    wording.set_language("id")


def _job(program_id: str, out: Path) -> batch.Job:
    notebook = ROOT / "notebooks" / "02_evaluasi_program.ipynb"
    return batch.Job(program_id, notebook, ROOT / "data", out)


def notebook_of(path: Path, source: str) -> Path:
    """A notebook that takes the parameters of an evaluation and runs a cell."""
    names = ("program_id", "language", "data_dir", "out_dir", "formats", "explore")
    lines = "\n".join(f"{name} = ''" for name in names)
    cells = [
        {"cell_type": "code", "id": "a", "metadata": {"tags": ["parameters"]}, "source": lines},
        {"cell_type": "code", "id": "b", "metadata": {}, "source": source},
    ]
    for cell in cells:
        cell |= {"outputs": [], "execution_count": None}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    content = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_folder_takes_the_place_of_the_old_one_in_whole(tmp_path: Path) -> None:
    target = tmp_path / "r"
    for text in ("one", "two"):
        with replace_folder(target) as folder:
            (folder / f"{text}.txt").write_text(text, encoding="utf-8")
    assert [p.name for p in target.iterdir()] == ["two.txt"]
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


def test_a_folder_stays_as_it_was_when_the_work_fails(tmp_path: Path) -> None:
    target = tmp_path / "r"
    with replace_folder(target) as folder:
        (folder / "old.txt").write_text("old", encoding="utf-8")

    def fail() -> None:
        with replace_folder(target) as folder:
            (folder / "half.txt").write_text("half", encoding="utf-8")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [p.name for p in target.iterdir()] == ["old.txt"]
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


def test_a_copy_to_work_on_follows_an_upgrade_until_a_person_changes_it(tmp_path: Path) -> None:
    original, folder = tmp_path / "a.ipynb", tmp_path / "work"
    copy = folder / "a.ipynb"

    def notebook(source: str, **more: object) -> str:
        return json.dumps({"cells": [{"source": [source], **more}]})

    original.write_text(notebook("1"), encoding="utf-8")
    assert refresh_copies([original], folder) == []
    copy.write_text(notebook("1", outputs=["shown"]), encoding="utf-8")
    assert refresh_copies([original], folder) == []
    assert "shown" in copy.read_text(encoding="utf-8")  # nothing new: what was shown stays
    original.write_text(notebook("2"), encoding="utf-8")
    assert refresh_copies([original], folder) == []
    assert copy.read_text(encoding="utf-8") == notebook("2")
    copy.write_text(notebook("mine"), encoding="utf-8")
    original.write_text(notebook("3"), encoding="utf-8")
    (beside,) = refresh_copies([original], folder)
    assert copy.read_text(encoding="utf-8") == notebook("mine")
    assert (beside.name, beside.read_text(encoding="utf-8")) == ("a.baru.ipynb", notebook("3"))
    assert refresh_copies([original], folder) == []


def test_an_error_that_nobody_expected_becomes_a_short_reason(tmp_path: Path) -> None:
    job = _job("tidak-ada", tmp_path / "out")
    outcome = batch.run_program(job)
    assert outcome.failure is not None
    assert "tidak-ada" in outcome.failure
    assert "Traceback" not in outcome.failure
    assert not (tmp_path / "out" / "tidak-ada").exists()


def test_outcomes_come_back_in_the_order_in_which_they_were_asked_for(tmp_path: Path) -> None:
    jobs = [_job(name, tmp_path) for name in ("b", "a", "c")]
    mixed = [batch.Outcome("c"), batch.Outcome("b"), batch.Outcome("a")]
    assert [o.program_id for o in batch.in_order(mixed, jobs)] == ["b", "a", "c"]


def test_a_cluster_makes_the_same_report(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    job = _job("nsw-1976", tmp_path / "cluster")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, local_directory=str(tmp_path)
    ) as cluster:
        (outcome,) = batch.run_jobs([job], 1, cluster.scheduler_address)
    assert outcome == batch.Outcome("nsw-1976")
    assert (tmp_path / "cluster" / "nsw-1976" / "result.json").is_file()


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are grandchildren of a worker there")
def test_the_programs_of_a_worker_that_died_are_done_by_another(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    dies = (
        "import psutil\nfrom pathlib import Path\nmark = Path(data_dir) / f'{program_id}.mark'\n"
        "if program_id == 'b' and not mark.exists():\n"
        "    mark.touch()\n    psutil.Process().parent().parent().kill()\n"
        "(Path(out_dir) / program_id).mkdir(parents=True)"
    )
    notebook = notebook_of(tmp_path / "dies.ipynb", dies)
    jobs = [batch.Job(name, notebook, tmp_path, tmp_path / "out") for name in ("a", "b", "c")]
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=str(tmp_path)
    ) as cluster:
        outcomes = list(batch.run_jobs(jobs, 1, cluster.scheduler_address))
    assert (tmp_path / "b.mark").is_file()
    assert batch.in_order(outcomes, jobs) == [batch.Outcome(name) for name in ("a", "b", "c")]


def test_a_cluster_without_its_extra_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(el.EvaluationError, match="cluster"):
        list(batch.run_jobs([_job("nsw-1976", tmp_path)], 1, "tcp://127.0.0.1:1"))


@pytest.mark.parametrize(("deaths", "made"), [(1, True), (3, False)])
def test_a_kernel_that_does_not_come_up_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deaths: int, made: bool
) -> None:
    """Two kernels that start at once can be given the same port; the one that loses it dies."""
    import papermill

    starts: list[str] = []

    def execute(notebook: str, output: str, **_options: object) -> None:
        starts.append(notebook)
        if len(starts) <= deaths:
            raise RuntimeError("Kernel died before replying to kernel_info")
        Path(output).write_text("{}", encoding="utf-8")

    monkeypatch.setattr(papermill, "execute_notebook", execute)
    monkeypatch.setattr(papermill, "inspect_notebook", lambda _path: {})
    output = tmp_path / "out.ipynb"
    if made:
        running.run_notebook(tmp_path / "in.ipynb", output, {})
    else:
        with pytest.raises(RuntimeError):
            running.run_notebook(tmp_path / "in.ipynb", output, {})
    assert output.is_file() == made
