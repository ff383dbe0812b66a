"""The pages of docs/ are true: what they write is written, what they type is run, in order.

In a page, ```console holds commands behind “$ ”; ```python is run in one session; a block with
title="FILE" is that file: a YAML text is laid over the one that is there, any other replaces it.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import warnings
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest
import yaml

import evaluasi_lib as el
from evaluasi_lib.cli import main

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("cara/*.md"), DOCS / "sepuluh-menit.md"])
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workbook just started, as the working directory; its key is nobody's."""
    assert main(["start", str(tmp_path / "kerja")]) == 0
    monkeypatch.chdir(tmp_path / "kerja")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVALUASI_KEY", raising=False)
    yield tmp_path / "kerja"
    plt.close("all")
    el.set_language("id")


def _over(below: Any, above: Any) -> Any:
    """Keys of `above` laid over those below; lists are put behind one another."""
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {key: _over(below.get(key), value) for key, value in above.items()}
    if isinstance(below, list) and isinstance(above, list):
        return below + above
    return above


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".yml" and path.is_file():
        laid = _over(yaml.safe_load(path.read_text(encoding="utf-8")), yaml.safe_load(text))
        text = yaml.safe_dump(laid, allow_unicode=True, sort_keys=False)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_step_of_a_page_works(
    page: Path, workbook: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, object] = {}
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    assert blocks, "a page that shows nothing to do"
    for kind, title, text in blocks:
        if title:
            _write(workbook / title, text)
        elif kind == "console":
            for line in re.findall(r"^\$ evaluasi (.+)$", text, re.MULTILINE):
                status = main(shlex.split(line))
                assert status == 0, f"{line}\n{capsys.readouterr().err}"
        elif kind == "python":
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)
                exec(compile(text, str(page), "exec"), names)


def test_every_command_of_a_page_is_one_that_the_test_runs() -> None:
    for page in PAGES:
        for kind, _title, text in BLOCK.findall(page.read_text(encoding="utf-8")):
            if kind == "console":
                assert all(line.startswith("$ evaluasi ") for line in text.splitlines()), page


class _Addresses(HTMLParser):
    """What a page fetches when it is shown, and what it links to."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a":
            self.links.append(found.get("href") or "")
        elif tag == "link" and "canonical" not in (found.get("rel") or ""):
            self.fetched.append(found.get("href") or "")
        elif tag in ("script", "img", "iframe"):
            self.fetched.append(found.get("src") or "")


def test_the_site_is_built_offline_without_a_broken_link(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pages = [path for path in tmp_path.rglob("*.html") if path.name != "404.html"]
    assert len(pages) == len([*DOCS.rglob("*.md")]) + 3  # perintah, door, result-json
    for path in pages:
        seen = _Addresses()
        seen.feed(path.read_text(encoding="utf-8"))
        assert [a for a in seen.fetched if "//" in a] == []
        inner = {a.partition("#")[0] for a in seen.links if a and "://" not in a}
        missing = [
            a for a in inner if a and not a.startswith("mailto:") and not (path.parent / a).exists()
        ]
        assert missing == [], path


def test_the_reference_names_every_command_and_every_function(tmp_path: Path) -> None:
    import evaluasi_lib as el
    from tests.site import commands_page, door_page, result_page

    for command in ("start", "new", "check", "report", "verify", "forget", "key", "lab"):
        assert f"\n## {command}\n" in commands_page()
    functions = set(el.__all__) - {
        "Table",
        "Figure",
        "EvaluationError",
        "set_language",
        "__version__",
    }
    door = door_page()
    assert [name for name in functions if f"\n### {name}\n" not in door] == []
    assert "`rows`" in result_page() or "`measures`" in result_page()


def test_the_template_of_a_program_lacks_nothing_but_what_it_asks_for(workbook: Path) -> None:
    """Filled in, and with the files that it names, it is a program without a problem."""
    text = (DOCS / "templat-program.yml").read_text(encoding="utf-8")
    numbers = iter(range(1, 100))
    text = re.sub(r'"\?#2"', '"Butir kedua"', text)
    text = re.sub(r'from: "\?"', 'from: "Butir pertama"', text)
    text = re.sub(r'id: "\?"', "id: percobaan-2026", text, count=1)
    text = re.sub(r'"\?"', lambda _found: f'"isi {next(numbers)}"', text)
    head = "NIP,Butir pertama,Butir kedua"
    rows = {
        "peserta.csv": ("NIP,Selesai", "ya"),
        "survei_awal.csv": (head, "Netral,Setuju"),
        "survei_akhir.csv": (
            f"{head},Apa yang menghambat Anda?,Saran Anda?",
            "Setuju,Sangat setuju,Jadwal;Beban kerja,Sudah baik",
        ),
    }
    for name, (heading, answers) in rows.items():
        lines = [f"19850101201001{n:04d},{answers}" for n in range(1001, 1013)]
        _write(workbook / "data/raw/percobaan-2026" / name, "\n".join([heading, *lines]))
    _write(workbook / "data/raw/percobaan-2026/program.yml", text)
    assert main(["check", "percobaan-2026"]) == 0
