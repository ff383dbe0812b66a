"""program.yml: every problem named at once, in words, with the nearest known name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import evaluasi_lib as el
from evaluasi_lib.check import DataFolder, load_program

MINIMAL: dict[str, Any] = {
    "id": "uji",
    "title": "Uji",
    "kind": "mentoring",
    "organisation": "Instansi",
    "cycle": 2025,
    "design": {"type": "single_group"},
    "link": "anonymous",
    "sources": {"s": {"file": "s.csv", "wave": "post", "columns": {"a": "A"}}},
}


@pytest.fixture(autouse=True)
def _indonesian() -> None:
    el.set_language("id")


def _problems(tmp_path: Path, **changes: Any) -> list[str]:
    folder = tmp_path / "uji"
    folder.mkdir(exist_ok=True)
    text = yaml.safe_dump({**MINIMAL, **changes}, allow_unicode=True)
    (folder / "program.yml").write_text(text, encoding="utf-8")
    try:
        load_program(folder)
    except el.EvaluationError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_a_minimal_program_is_valid_and_its_cycle_is_text(tmp_path: Path) -> None:
    assert _problems(tmp_path) == []
    assert load_program(tmp_path / "uji").cycle == "2025"


def test_an_unknown_key_is_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, organizasion="x")
    assert "organizasion" in problem
    assert "“organisation”" in problem


def test_an_unknown_key_deep_inside_is_named_with_its_place(tmp_path: Path) -> None:
    sources = {"s": {"file": "s.csv", "columns": {"a": {"from": "A", "typo": "item"}}}}
    (problem,) = _problems(tmp_path, sources=sources)
    assert "sources.s.columns.a.typo" in problem
    assert "“type”" in problem


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    problems = _problems(tmp_path, kind="mentorin", link="nippp", cycles=3)
    assert len(problems) == 3
    assert any("“mentoring”" in p for p in problems)


def test_a_staggered_design_is_refused_with_the_reason(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, design={"type": "staggered"})
    assert "bertahap" in problem
    assert "bias" in problem


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"roster": "tidak-ada"}, "tidak-ada"),
        ({"instruments": {"i": {"label": "I", "scale": "x", "items": ["a"]}}}, "“x”"),
        ({"population": {"gender": {"L": 3}}}, "gender"),
        ({"period": {"start": "2025-02-01", "end": "2025-01-01"}}, "berakhir sebelum"),
        ({"design": {"type": "comparison"}}, "group"),
        ({"scales": {"s": {}}}, "labels"),
        ({"id": "lain"}, "lain"),
    ],
)
def test_what_does_not_fit_together_is_named(
    tmp_path: Path, changes: dict[str, Any], word: str
) -> None:
    assert any(word in problem for problem in _problems(tmp_path, **changes))


def test_two_outcomes_cannot_share_an_id(tmp_path: Path) -> None:
    outcome = {"id": "o", "label": "O", "level": "learning", "variable": "a", "unit": "poin"}
    problems = _problems(tmp_path, outcomes=[outcome, outcome])
    assert any("“o”" in p for p in problems)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"id: [", "YAML"),
        (b"", "tidak menyatakan apa pun"),
        (b"- a\n- b\n", "tidak menyatakan apa pun"),
        (b"id: \xff\xfe", "UTF-8"),
    ],
)
def test_a_broken_file_gives_one_clear_message(tmp_path: Path, content: bytes, word: str) -> None:
    (tmp_path / "program.yml").write_bytes(content)
    with pytest.raises(el.EvaluationError, match=word) as caught:
        load_program(tmp_path)
    assert len(caught.value.problems) == 1


def test_a_missing_program_yml_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(el.EvaluationError, match="evaluasi new"):
        load_program(tmp_path)


def test_labels_that_older_yaml_takes_for_booleans_stay_text(tmp_path: Path) -> None:
    folder = tmp_path / "uji"
    folder.mkdir()
    text = yaml.safe_dump(MINIMAL) + "scales: {s: {labels: [No, Yes], missing: [off]}}\n"
    (folder / "program.yml").write_text(text + "synthetic: true\n", encoding="utf-8")
    program = load_program(folder)
    assert program.scales["s"].labels == ["No", "Yes"]
    assert program.scales["s"].missing == ["off"]
    assert program.synthetic is True


def test_an_unknown_program_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(el.EvaluationError, match="nsw-1976"):
        DataFolder.at().check_id("nsw-1967")


def test_an_identifier_that_papermill_made_a_number_is_taken_as_text() -> None:
    with pytest.raises(el.EvaluationError, match="“2025”"):
        DataFolder.at().check_id(2025)


@pytest.mark.parametrize("bad", ["", "../x", "A B", "x/../y"])
def test_an_identifier_cannot_leave_the_folder(bad: str) -> None:
    with pytest.raises(el.EvaluationError):
        DataFolder.at().check_id(bad)


def test_a_data_folder_without_raw_is_refused(tmp_path: Path) -> None:
    with pytest.raises(el.EvaluationError, match="raw"):
        DataFolder.at(tmp_path)
