"""docs/pintu.md is true: its snippets run in order, and a task takes the lines that it promises."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import evaluasi_lib as el

PAGE = Path(__file__).resolve().parent.parent / "docs" / "pintu.md"
# Lines wanted by the design of the door, task by task.
WANTED = [2, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 2]


@pytest.fixture(autouse=True)
def _indonesian() -> Iterator[None]:
    el.set_language("id")
    yield
    el.set_language("id")


def _snippets(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def test_every_snippet_of_the_page_runs_and_shows_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        for snippet in _snippets(PAGE.read_text(encoding="utf-8")):
            exec(compile(snippet, str(PAGE), "exec"), names)
            for line in snippet.splitlines():
                if re.match(r"(p|el|lain)\b(?!.* = )(?!.*(to_excel|save|report))", line):
                    assert len(repr(eval(line, names)).splitlines()) <= 30, line
    program = "pelatihan-kepemimpinan-2025"
    assert (tmp_path / "laporan" / program / "laporan.html").is_file()
    assert (tmp_path / "pengaruh.xlsx").stat().st_size
    assert (tmp_path / "pengaruh.png").stat().st_size
    assert names["mahal"].explored[0].used == 400_000_000  # type: ignore[attr-defined]


def test_no_task_takes_more_lines_than_promised() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("## Dua belas hal")[2]
    tasks = re.split(r"\n\d+\. ", text.partition("\n## ")[0])[1:]
    assert len(tasks) == len(WANTED)
    lines = [len(_snippets(task)[0].splitlines()) for task in tasks]
    assert [n for n, most in zip(lines, WANTED, strict=True) if n > most] == []


def test_the_page_names_every_function_of_the_door() -> None:
    listed = set(re.findall(r"`(\w+)`", PAGE.read_text(encoding="utf-8").partition("\n- ")[0]))
    functions = set(el.__all__) - {"Table", "Figure", "EvaluationError", "set_language"}
    assert functions - {"__version__"} == listed - {"help"}
