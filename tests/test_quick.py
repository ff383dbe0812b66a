"""What takes long to import is imported when it is used: a command that does nothing is quick."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"pandas", "numpy", "polars", "matplotlib", "statsmodels", "nbformat", "papermill", "zmq"}


def _modules(statements: str) -> set[str]:
    """The modules that a new process holds after some statements."""
    code = f"import sys\n{statements}\nprint('MODULES', *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.rpartition("MODULES")[2].split())


def test_the_library_and_its_command_line_import_little(tmp_path: Path) -> None:
    assert not HEAVY & _modules("import evaluasi_lib")
    assert len(_modules("import evaluasi_lib") - _modules("")) < 60  # 30 of them today
    modules = "evaluasi_lib.cli, evaluasi_lib.reporting.batch, evaluasi_lib.reporting.index"
    assert not HEAVY & _modules(f"import {modules}, evaluasi_lib.reporting.batch")


def test_the_grammar_of_iris_is_built_where_somebody_needs_it() -> None:
    nbformat = "import evaluasi_lib.reporting.export, jsonschema\n"
    assert "lark" not in _modules(nbformat)
    checked = (
        "check = jsonschema.Draft202012Validator.FORMAT_CHECKER\n"
        "assert check.conforms('https://contoh.id/ü', 'iri')\n"
        "assert not check.conforms('no <iri>', 'iri')\n"
    )
    assert "lark" in _modules(nbformat + checked)
