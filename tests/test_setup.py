"""The set-up: one list of dependencies, a lock without addresses, and data that stay out of git."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

import evaluasi_lib
from tests.browser import find_chromium
from tests.environment import environment
from tests.guard_data import SHIPPED, forbidden, tracked

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement)[0].lower().replace("_", "-")


def test_one_version_stands_everywhere() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {cited["version"], PROJECT["version"], evaluasi_lib.__version__} == {PROJECT["version"]}


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
    assert forbidden(["data/raw/rahasia-2026/peserta.csv", "data/processed/x/a.parquet"]) == [
        "data/raw/rahasia-2026/peserta.csv",
        "data/processed/x/a.parquet",
    ]
    assert forbidden(["reports/x/result.json", "kunci.key"]) == [
        "reports/x/result.json",
        "kunci.key",
    ]
    assert forbidden([f"data/raw/{SHIPPED[0]}/program.yml", "data/raw/README.md"]) == []


def test_git_ignores_a_users_program_and_everything_derived() -> None:
    paths = [
        "data/raw/program-saya/peserta.csv",
        "data/raw/program-saya/program.yml",
        "data/processed/nsw-1976/manifest.json",
        "reports/nsw-1976/result.json",
    ]
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", *paths], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.split() == paths
    shipped = [f"data/raw/{name}/program.yml" for name in SHIPPED]
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", *shipped], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout == ""


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
