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
DOOR = (DOCS / "pintu.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# Lines wanted by the design of the door, task by task.
WANTED = [2, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 2]
NO_FUNCTIONS = {"Table", "Figure", "EvaluationError", "set_language", "__version__"}


@pytest.fixture
def workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workbook just started, as the working directory; its key is nobody's."""
    assert main(["start", str(tmp_path / "kerja")]) == 0
    monkeypatch.chdir(tmp_path / "kerja")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVALUASI_KEY", raising=False)
    yield tmp_path / "kerja"
    plt.close("all")


def _over(below: Any, above: Any) -> Any:
    """Keys of `above` laid over those below; lists are put behind one another."""
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {key: _over(below.get(key), value) for key, value in above.items()}
    if isinstance(below, list) and isinstance(above, list):
        return below + above
    return above


def _indonesian(node: Any) -> Iterator[str]:
    """Every text of a table of both languages that a reader of Indonesian meets."""
    inner = node.items() if isinstance(node, dict) else []
    if isinstance(node, list):
        inner = enumerate(node)
    for key, value in inner:
        yield from [value] if key == "id" and isinstance(value, str) else _indonesian(value)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".yml" and path.is_file():
        laid = _over(yaml.safe_load(path.read_text(encoding="utf-8")), yaml.safe_load(text))
        text = yaml.safe_dump(laid, allow_unicode=True, sort_keys=False)
    path.write_text(text, encoding="utf-8")


def _run(code: str, names: dict[str, object]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        exec(compile(code, "page", "exec"), names)


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
            for line in text.splitlines():
                assert line.startswith("$ evaluasi ")
                status = main(shlex.split(line)[2:])
                assert status == 0, f"{line}\n{capsys.readouterr().err}"
        elif kind == "python":
            _run(text, names)


# --- docs/pintu.md: the door ---------------------------------------------------------------------


def test_every_snippet_of_the_door_runs_and_shows_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for _kind, _title, snippet in BLOCK.findall(re.sub(r"^ +(?=```)", "", DOOR, flags=re.M)):
        _run(snippet, names)
        for line in snippet.splitlines():
            if re.match(r"(p|el|lain)\b(?!.* = )(?!.*(to_excel|save|report))", line):
                assert len(repr(eval(line, names)).splitlines()) <= 30, line
    report = tmp_path / "laporan" / "pelatihan-kepemimpinan-2025" / "laporan.html"
    for written in (report, tmp_path / "pengaruh.xlsx", tmp_path / "pengaruh.png"):
        assert written.stat().st_size
    assert names["mahal"].explored[0].used == 400_000_000  # type: ignore[attr-defined]


def test_no_task_takes_more_lines_than_promised() -> None:
    text = DOOR.partition("## Dua belas hal")[2].partition("\n## ")[0]
    tasks = re.split(r"\n\d+\. ", text)[1:]
    lines = [len(re.search(r"```python\n(.*?)```", t, re.S)[1].splitlines()) for t in tasks]
    assert [n for n, most in zip(lines, WANTED, strict=True) if n > most] == []


def test_the_page_names_every_function_of_the_door() -> None:
    listed = set(re.findall(r"`(\w+)`", DOOR.partition("\n- ")[0]))
    assert set(el.__all__) - NO_FUNCTIONS == listed - {"help"}


# --- The site ------------------------------------------------------------------------------------


def test_the_site_is_built_offline_without_a_broken_link_and_names_all(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pages = {path: path.read_text("utf-8") for path in tmp_path.rglob("*.html")}
    assert len(pages) == len([*DOCS.rglob("*.md")]) + 4  # perintah, door, result-json, 404
    for path, html in pages.items():
        tags = re.findall(r"<(?:script|img|iframe|link(?! rel=\"canonical\"))\b[^>]*>", html)
        assert [tag for tag in tags if re.search(r"(?:src|href)=\"?(?:\w+:)?//", tag)] == []
        links = re.findall(r"<a\b[^>]*?\bhref=\"?([^\">\s]+)", html)
        inner = {a.partition("#")[0] for a in links if not re.match(r"\w+:", a)} - {""}
        if path.name != "404.html":
            assert [a for a in inner if not (path.parent / a).exists()] == [], path
    for command in ("start", "new", "check", "report", "verify", "forget", "key", "lab"):
        assert f'<h2 id="{command}">' in pages[tmp_path / "perintah.html"]
    door = pages[tmp_path / "door.html"]
    functions = set(el.__all__) - NO_FUNCTIONS
    assert [name for name in functions if f'<h3 id="{name}">' not in door] == []
    assert "<code>measures</code>" in pages[tmp_path / "result-json.html"]


# --- docs/templat-program.yml -------------------------------------------------------------------


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


# --- docs/uneg-trend.md: the checklists -----------------------------------------------------------


def test_the_checklists_are_whole_and_name_sections_and_titles_that_reports_have(
    tmp_path: Path,
) -> None:
    page = (DOCS / "uneg-trend.md").read_text("utf-8")
    rows = {}
    for part in ("UNEG/G(2010)/2", "TREND"):
        text = page.split(f"\n## {part}\n")[1].split("\n## ")[0]
        lines = [line for line in text.splitlines() if line.startswith("|")][2:]
        rows[part] = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert {row[0].split()[0] for row in rows["UNEG/G(2010)/2"]} == set("12345678")
    numbers = [int(re.match(r"\d+", row[0])[0]) for row in rows["TREND"]]
    assert numbers == list(range(1, 23))

    el.open("nsw-1976").report(out=tmp_path)
    html = (tmp_path / "nsw-1976" / "laporan.html").read_text("utf-8")
    sections = dict(re.findall(r'<h2 id="h-([\w-]+)">(.*?)</h2>', html))
    said = yaml.safe_load((ROOT / "evaluasi_lib" / "words.yml").read_text("utf-8"))["section"]
    assert {code: words["id"] for code, words in said.items()} == {
        code: title for code, title in sections.items() if code != "daftar-isi"
    }
    texts = [path.read_text("utf-8") for path in (ROOT / "evaluasi_lib/locale/id").glob("*.po")]
    reporting = ROOT / "evaluasi_lib" / "reporting"
    tables = [yaml.safe_load(path.read_text("utf-8")) for path in reporting.glob("*.yml")]
    titles = {*sections.values(), *_indonesian(tables)}
    titles |= {*re.findall(r'^msgstr "(.+)"$', "\n".join(texts), re.M)}
    for item, section, title, note in [*rows["UNEG/G(2010)/2"], *rows["TREND"]]:
        answered = section.strip("`") in sections and title in titles
        assert answered or (not section and note.startswith("Tidak dijawab")), item
