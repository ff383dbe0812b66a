"""The notebooks are pages that stand on the door alone, and they run from top to bottom."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
import yaml

from evaluasi_lib.cli import main
from evaluasi_lib.reporting.running import run_notebook
from evaluasi_lib.wording import UsageError

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EVALUATION = ROOT / "notebooks" / "02_evaluasi_program.ipynb"
PICTURE = "Hasil mana yang taksirannya terbesar?"


def _code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _shown(path: Path) -> str:
    """Everything that an executed notebook shows, as HTML or text."""
    notebook = nbformat.read(path, as_version=4)
    outputs = [output for cell in _code(notebook) for output in cell.outputs]
    datas = [output.get("data", {}) for output in outputs]
    return "\n".join(str(d.get("text/html", d.get("text/plain", ""))) for d in datas)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_a_notebook_is_committed_without_outputs_and_begins_with_prose(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[0].source.startswith("# ")
    assert "papermill" not in notebook.metadata
    for cell in _code(notebook):
        assert (cell.outputs, cell.execution_count) == ([], None)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_a_notebook_knows_the_door_and_nothing_behind_it(path: Path) -> None:
    for cell in _code(nbformat.read(path, as_version=4)):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import):
                assert not [a.name for a in node.names if a.name.startswith("evaluasi_lib.")]
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("evaluasi_lib")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_each_parameter_has_a_type_a_default_and_help(path: Path) -> None:
    for name, found in papermill.inspect_notebook(str(path)).items():
        assert found["inferred_type_name"] in ("str", "bool"), name
        assert found["help"], name
        ast.literal_eval(found["default"])


def test_the_evaluation_notebook_has_the_parameters_of_the_contract() -> None:
    known = set(papermill.inspect_notebook(str(EVALUATION)))
    assert {"program_id", "language", "data_dir", "out_dir", "formats"} <= known


@pytest.fixture(scope="module")
def data_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of its own, so that tests which clean do not meet each other."""
    folder = tmp_path_factory.mktemp("data")
    for name in ("nsw-1976", "mentoring-karier-2024", "mentoring-karier-2025"):
        shutil.copytree(ROOT / "data" / "raw" / name, folder / "raw" / name)
    return folder


def _papermill(folder: Path, **parameters: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "papermill", str(EVALUATION), "out.ipynb", "--no-progress-bar"]
    given = [text for name, value in parameters.items() for text in ("-p", name, value)]
    return subprocess.run([*command, *given], cwd=folder, capture_output=True, text=True)


def test_an_unknown_parameter_is_refused_by_the_batch_and_by_the_notebook(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="program_id"):
        run_notebook(EVALUATION, tmp_path / "out.ipynb", {"programid": "nsw-1976"})
    assert list(tmp_path.iterdir()) == []
    done = _papermill(tmp_path, program="nsw-1976")
    assert done.returncode != 0
    assert "“program_id”" in done.stderr


def test_plain_papermill_shows_the_work_and_writes_a_report_only_when_asked(
    tmp_path: Path, data_copy: Path
) -> None:
    done = _papermill(tmp_path, program_id="nsw-1976", data_dir=str(data_copy))
    assert done.returncode == 0, done.stderr[-3000:]
    assert [p.name for p in tmp_path.iterdir()] == ["out.ipynb"]
    shown = _shown(tmp_path / "out.ipynb")
    assert shown.count("1.794") >= 3  # the table of effects, her own model, the chapters
    assert "Program dilanjutkan (V10)" in shown
    assert ">pid</th>" in shown


@pytest.mark.parametrize("program_id", ["mentoring-karier-2025"])
def test_an_own_picture_is_published_in_words_too_and_a_batch_hands_on_no_rows_of_persons(
    program_id: str, tmp_path: Path, data_copy: Path
) -> None:
    done = _papermill(tmp_path, program_id=program_id, data_dir=str(data_copy), out_dir="mine")
    assert done.returncode == 0, done.stderr[-3000:]
    mine = (tmp_path / "mine" / program_id / "laporan.html").read_text(encoding="utf-8")
    assert f'alt="{PICTURE} ' in mine
    assert "Analisis sendiri" in mine
    out = str(tmp_path / "reports")
    assert main(["report", program_id, "--data", str(data_copy), "--out", out]) == 0
    folder = tmp_path / "reports" / program_id
    assert PICTURE not in (folder / "laporan.html").read_text(encoding="utf-8")
    assert "<th>pid</th>" not in _shown(folder / "notebook.ipynb")


def test_a_program_without_outcomes_is_a_sentence_and_no_broken_notebook(
    tmp_path: Path, data_copy: Path
) -> None:
    folder = tmp_path / "data" / "raw" / "nsw-1976"
    shutil.copytree(data_copy / "raw" / "nsw-1976", folder)
    said = yaml.safe_load((folder / "program.yml").read_text(encoding="utf-8"))
    for key in ("outcomes", "benefits", "questions"):
        said.pop(key, None)
    for objective in said.get("objectives", []):
        objective.pop("outcomes", None)
    (folder / "program.yml").write_text(yaml.safe_dump(said), encoding="utf-8")
    done = _papermill(tmp_path, program_id="nsw-1976", data_dir=str(tmp_path / "data"))
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Tidak ada taksiran." in _shown(tmp_path / "out.ipynb")


@pytest.mark.parametrize("name", ["00_mulai_di_sini", "01_bersihkan_data", "03_portofolio"])
def test_the_other_notebooks_run_top_to_bottom(name: str, tmp_path: Path, data_copy: Path) -> None:
    parameters = {
        "00_mulai_di_sini": {"data_dir": data_copy, "out_dir": tmp_path / "reports"},
        "01_bersihkan_data": {"program_id": "mentoring-karier-2025", "data_dir": data_copy},
        "03_portofolio": {"data_dir": data_copy, "reports_dir": tmp_path, "out_dir": tmp_path},
    }[name]
    texts: dict[str, object] = {key: str(value) for key, value in parameters.items()}
    run_notebook(ROOT / "notebooks" / f"{name}.ipynb", tmp_path / "out.ipynb", texts)
    shown = _shown(tmp_path / "out.ipynb")
    if name.startswith("00"):
        assert (tmp_path / "reports" / "index.html").is_file()
        assert "laporan.html" in shown
    if name.startswith("03"):
        assert (tmp_path / "laporan.html").is_file()
