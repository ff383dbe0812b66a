"""The set-up: one list of dependencies, a lock without addresses, data that stay out of git, pages
made from the code, and a start that imports little."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml

import evaluasi_lib as el
from evaluasi_lib.reference import meanings, models, pages
from tests.browser import find_chromium
from tests.environment import environment
from tests.guard_data import SHIPPED, forbidden, tracked
from tests.house import PICTURE, house_svg
from tests.test_architecture import FLOORS

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
HEAVY = {"pandas", "numpy", "polars", "matplotlib", "statsmodels", "nbformat", "papermill", "zmq"}


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement)[0].lower().replace("_", "-")


def _run(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def test_one_version_stands_everywhere() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {cited["version"], PROJECT["version"], el.__version__} == {PROJECT["version"]}


def test_environment_yml_is_derived_from_pyproject() -> None:
    assert (ROOT / "environment.yml").read_text(encoding="utf-8") == environment()


@pytest.mark.parametrize("extra", ["", "build", "formats", "dev"])
def test_the_lock_pins_every_dependency(extra: str) -> None:
    declared = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    pinned = {match.lower() for match in re.findall(r"^([A-Za-z0-9_.-]+)==", LOCK, re.MULTILINE)}
    assert {_name(item) for item in declared} <= pinned


def test_every_line_of_the_lock_has_hashes_and_none_an_address() -> None:
    assert "://" not in LOCK
    assert "index-url" not in LOCK
    entries = re.split(r"\n(?=[A-Za-z0-9])", LOCK.strip())
    assert [e.splitlines()[0] for e in entries if "--hash=sha256:" not in e] == []


def test_data_of_persons_cannot_enter_git() -> None:
    assert forbidden(tracked()) == []
    bad = ["data/raw/rahasia-2026/peserta.csv", "data/processed/x/a.parquet",
           "reports/x/result.json", "kunci.key"]  # fmt: skip
    assert forbidden([*bad, f"data/raw/{SHIPPED[0]}/program.yml", "data/raw/README.md"]) == bad


def test_git_ignores_a_users_program_and_everything_derived() -> None:
    paths = [
        "data/raw/program-saya/peserta.csv", "data/raw/program-saya/program.yml",
        "data/processed/nsw-1976/manifest.json", "reports/nsw-1976/result.json",
    ]  # fmt: skip
    shipped = [f"data/raw/{name}/program.yml" for name in SHIPPED]
    assert _run("git", "check-ignore", "--no-index", *paths, *shipped).split() == paths


def test_no_commit_names_a_registry_or_a_path_of_a_machine() -> None:
    words = re.compile("pypi" + r"\.org|files\.python" + r"hosted|/home/[a-z]+/|/root/")
    bad = []
    for name in tracked():
        path = ROOT / name
        if path == Path(__file__):
            continue
        if path.suffix in {".py", ".md", ".yml", ".toml", ".lock", ".ipynb", ".po", ""}:
            if path.is_file() and words.search(path.read_text(encoding="utf-8", errors="ignore")):
                bad.append(name)
    assert bad == []


@pytest.mark.skipif("EVALUASI_REQUIRE_BROWSER" not in os.environ, reason="asked of CI alone")
def test_ci_does_not_skip_the_browser() -> None:
    assert find_chromium() is not None
    assert list((ROOT / "reports").glob("*/report.html")), "CI makes the reports before the tests"


def test_the_pages_made_from_the_code_are_up_to_date() -> None:
    for file, page in pages().items():
        assert (ROOT / "docs" / file).read_text(encoding="utf-8") == page, "run: make docs"


def test_every_key_of_program_yml_says_what_it_means_and_nothing_else_does() -> None:
    said = {name: set(keys) for name, keys in meanings().items()}
    assert said == {name: set(model["properties"]) for name, model in models().items()}


def test_the_page_of_the_house_shows_and_names_every_room_and_nothing_else() -> None:
    assert PICTURE.read_text(encoding="utf-8") == house_svg(), "run: make docs"
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w./]+(?:/|\.(?:py|yml)))`", text))
    places = (ROOT, ROOT / "evaluasi_lib", *(ROOT / "evaluasi_lib").rglob("impact"))
    assert [n for n in named if not any((place / n).exists() for place in places)] == []
    rooms = {name.split("/")[0].removesuffix(".py") for name in named}
    assert set(chain.from_iterable(FLOORS)) - rooms == {"__main__"}


def _modules(statements: str) -> set[str]:
    """The modules that a new process holds after some statements."""
    code = f"import sys\n{statements}\nprint('MODULES', *sys.modules)"
    _before, mark, names = _run(sys.executable, "-c", code).rpartition("MODULES")
    assert mark
    return set(names.split())


def test_what_takes_long_to_import_is_imported_when_it_is_used() -> None:
    assert not HEAVY & _modules("import evaluasi_lib")
    assert len(_modules("import evaluasi_lib") - _modules("")) < 60  # 30 of them today
    assert not HEAVY & _modules("from evaluasi_lib.cli import main\nmain(['report', 'nsw-1967'])")


def test_the_grammar_of_iris_is_built_where_somebody_needs_it() -> None:
    nbformat = "import evaluasi_lib.reporting.export, jsonschema\n"
    assert "lark" not in _modules(nbformat)
    checked = (
        "check = jsonschema.Draft202012Validator.FORMAT_CHECKER\n"
        "assert check.conforms('https://contoh.id/ü', 'iri')\n"
        "assert not check.conforms('no <iri>', 'iri')\n"
    )
    assert "lark" in _modules(nbformat + checked)
