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

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
START, CLEAN, EVALUATION, PORTFOLIO, _EXCEL = NOTEBOOKS
PICTURE = "Hasil mana yang taksirannya terbesar?"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_a_notebook_is_a_page_that_stands_on_the_door_alone(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[0].source.startswith("# ")
    assert "papermill" not in notebook.metadata
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        assert (cell.outputs, cell.execution_count) == ([], None)
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import):
                assert not [a.name for a in node.names if a.name.startswith("evaluasi_lib.")]
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("evaluasi_lib")
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


def _run(notebook: Path, folder: Path, **parameters: str | Path) -> str:
    """What a notebook shows that plain papermill runs in a folder; the error where it fails."""
    command = [sys.executable, "-m", "papermill", str(notebook), "out.ipynb", "--no-progress-bar"]
    given = [str(text) for name, value in parameters.items() for text in ("-p", name, value)]
    done = subprocess.run([*command, *given], cwd=folder, capture_output=True, text=True)
    return done.stderr if done.returncode else _shown(folder / "out.ipynb")


def _shown(path: Path) -> str:
    """Everything that an executed notebook shows, as HTML or text."""
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    datas = [output.get("data", {}) for cell in cells for output in cell.outputs]
    return "\n".join(str(d.get("text/html", d.get("text/plain", ""))) for d in datas)


def test_plain_papermill_shows_the_work_and_writes_a_report_only_when_asked(
    tmp_path: Path, data_copy: Path
) -> None:
    shown = _run(EVALUATION, tmp_path, program_id="nsw-1976", data_dir=data_copy)
    assert shown.count("1.794") >= 3, shown[-3000:]  # the effects, her own model, the chapters
    assert "Program dilanjutkan (V10)" in shown
    assert ">pid</th>" in shown
    assert [p.name for p in tmp_path.iterdir()] == ["out.ipynb"]


def test_an_unknown_parameter_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    assert "UsageError" in (said := _run(EVALUATION, tmp_path, program="nsw-1976"))
    assert "“program_id”" in said


def test_an_own_picture_is_published_in_words_too_and_a_batch_hands_on_no_rows_of_persons(
    tmp_path: Path, data_copy: Path
) -> None:
    name, out = "mentoring-karier-2025", tmp_path / "reports"
    shown = _run(EVALUATION, tmp_path, program_id=name, data_dir=data_copy, out_dir="mine")
    assert ">pid</th>" in shown, shown[-3000:]
    mine = (tmp_path / "mine" / name / "laporan.html").read_text(encoding="utf-8")
    assert f'alt="{PICTURE} ' in mine
    assert "Analisis sendiri" in mine
    assert main(["report", name, "--data", str(data_copy), "--out", str(out)]) == 0
    assert PICTURE not in (out / name / "laporan.html").read_text(encoding="utf-8")
    assert ">pid</th>" not in _shown(out / name / "notebook.ipynb")


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
    data = tmp_path / "data"
    assert "Tidak ada taksiran." in _run(EVALUATION, tmp_path, program_id="nsw-1976", data_dir=data)


def test_the_other_notebooks_run_top_to_bottom(tmp_path: Path, data_copy: Path) -> None:
    reports = tmp_path / "reports"
    assert "laporan.html" in _run(START, tmp_path, data_dir=data_copy, out_dir=reports)
    assert (reports / "index.html").is_file()
    cleaned = _run(CLEAN, tmp_path, program_id="mentoring-karier-2025", data_dir=data_copy)
    assert ">pid</th>" in cleaned, cleaned[-3000:]
    _run(PORTFOLIO, tmp_path, data_dir=data_copy, reports_dir=reports, out_dir=tmp_path / "all")
    assert (tmp_path / "all" / "laporan.html").is_file()
