"""A notebook is a page: prose, one call, one thing to look at. And it runs top to bottom."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest

from evaluasi_lib.errors import UsageError
from evaluasi_lib.reporting.batch import run_notebook

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EVALUATION = ROOT / "notebooks" / "02_evaluasi_program.ipynb"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_a_notebook_is_committed_without_outputs_and_traces_of_papermill(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert "papermill" not in notebook.metadata
    for cell in notebook.cells:
        assert "papermill" not in cell.metadata
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_a_notebook_is_a_page_and_not_a_program(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    headings = [
        line
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("# ")
    ]
    assert len(headings) == 1
    assert notebook.cells[0].cell_type == "markdown"
    banned = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Try, ast.Lambda)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 12
            assert not [n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, banned)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_the_parameters_are_literals_alone(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    (cell,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    for statement in ast.parse(cell.source).body:
        assert isinstance(statement, ast.Assign)
        assert isinstance(statement.value, ast.Constant)


def test_the_evaluation_notebook_has_the_parameters_of_the_contract() -> None:
    known = set(papermill.inspect_notebook(str(EVALUATION)))
    assert {"program_id", "language", "data_dir", "out_dir"} <= known


def test_an_unknown_parameter_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="program_id"):
        run_notebook(EVALUATION, tmp_path / "out.ipynb", {"programid": "nsw-1976"})
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def data_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of its own, so that tests which clean do not meet each other."""
    folder = tmp_path_factory.mktemp("data")
    for name in ("nsw-1976", "mentoring-karier-2024", "mentoring-karier-2025"):
        shutil.copytree(ROOT / "data" / "raw" / name, folder / "raw" / name)
    return folder


def test_plain_papermill_works_from_any_folder_and_writes_a_report_only_when_asked(
    tmp_path: Path, data_copy: Path
) -> None:
    command = [sys.executable, "-m", "papermill", str(EVALUATION), "out.ipynb", "--no-progress-bar"]
    parameters = ["-p", "program_id", "nsw-1976", "-p", "data_dir", str(data_copy)]
    done = subprocess.run([*command, *parameters], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert [p.name for p in tmp_path.iterdir()] == ["out.ipynb"]
    notebook = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    shown = "".join(
        str(output.get("data", {}).get("text/html", ""))
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
    assert "1.794" in shown


@pytest.mark.parametrize(
    "name", ["00_mulai_di_sini.ipynb", "01_bersihkan_data.ipynb", "03_portofolio.ipynb"]
)
def test_the_other_notebooks_run_top_to_bottom(
    name: str, tmp_path: Path, data_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters: dict[str, object] = {}
    if name.startswith("01"):
        parameters = {"program_id": "mentoring-karier-2025", "data_dir": str(data_copy)}
    if name.startswith("03"):
        parameters = {"data_dir": str(data_copy), "reports_dir": str(tmp_path)}
    if name.startswith("00"):
        parameters = {"data_dir": str(data_copy), "out_dir": str(tmp_path / "reports")}
    run_notebook(ROOT / "notebooks" / name, tmp_path / "out.ipynb", parameters)
