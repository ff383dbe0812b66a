"""Every key of program.yml that names something is followed: one misspelling after another.

The cases come from the marks in program.py themselves, so that a new key cannot be forgotten: a
marked field that the program below does not fill fails a test of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel

import evaluasi_lib as el
from evaluasi_lib import wording
from evaluasi_lib.check import FILED, KNOWN, Named, load_program, names_in
from evaluasi_lib.program import Estimator, Names, Program
from evaluasi_lib.reading.voices import read_voices
from evaluasi_lib.reference import models
from evaluasi_lib.scoring.designs import ESTIMATORS
from tests.synthetic.declared import RAW

LEADERSHIP = RAW / "pelatihan-kepemimpinan-2025"
WRONG = "zzsalah"
REST = """
sources:
  survei_pra:
    started: waktu
    finished: waktu
    columns:
      saran_lain: {from: S, type: open, ask_if: {ya: ["true"]}}
      butir: {from: B, type: item, scale: sesuai5}
      ya: {from: Y, type: flag, categories: {"true": Ya, "false": Tidak}}
  log: {file: log.csv, role: events}
elearning:
  {events: log, time_zone_variable: eselon, group: eselon, modules: {M1: Satu}, optional: [M1]}
population: {jenis_kelamin: {L: 3, P: 4}}
participation: {motivation: komunikasi}
"""


def merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {key: merged(old.get(key), value) for key, value in new.items()}
    return new


def everything() -> dict[str, Any]:
    """The leadership program with the keys that it lacks, so that every marked field is filled."""
    text = (LEADERSHIP / "program.yml").read_text(encoding="utf-8")
    data = merged(yaml.safe_load(text), yaml.safe_load(REST))
    data["outcomes"][0]["dose"] = "beban_kerja"
    binary = {
        "id": "lanjut", "label": "Lanjut", "level": "behaviour", "variable": "jenis_kelamin",
        "source": "peserta", "scale_type": "binary", "success": ["P"], "unit": "bagian",
    }  # fmt: skip
    data["outcomes"].append(binary)
    data["outcomes"][0]["baseline_instrument"] = data["outcomes"][0]["instrument"]
    data["questions"][0] |= {"counter_themes": ["materi"]}
    data["report"] = {**data.get("report", {}), "logo": "logo.png"}
    data["voices"] |= {"codebook": "b.yml", "quotes": "kutipan.csv", "manual_codes": "k.csv"}
    indicator = {"id": "R", "from_cycle": "2024", "text": "x", "status": "done"}
    data["earlier_recommendations"] = [indicator | {"indicator": "scales/kepuasan/mean"}]
    return data


DATA = everything()
PROGRAM = Program.model_validate(DATA)


def misspelt(named: Named) -> dict[str, Any]:
    """program.yml with this one name spelt wrongly: a key, a value, or a member of a list."""
    data = copy.deepcopy(DATA)
    node: Any = data
    parent: Any = None
    for step in named.at:
        if isinstance(node, list):
            numbered = enumerate(node, 1)
            node = next(item for n, item in numbered if step == str(item.get("id", n)))
        else:
            parent, node = node, node[step]
    if isinstance(node, str) and named.at[-1] != named.name:
        parent[named.at[-1]] = WRONG
    elif isinstance(node, list) and named.name in node and named.at[-1] != named.name:
        node[node.index(named.name)] = WRONG
    else:
        parent[WRONG] = parent.pop(named.at[-1])
    return data


def one_of_each() -> Iterator[Any]:
    """One name for each marked field, wherever in program.yml it stands first."""
    seen = set()
    for named in names_in(PROGRAM):
        fields = tuple(part for part in named.at if part in FIELDS)
        key = (fields, named.mark, named.at[-1] == named.name)
        if key not in seen and named.mark.kind != "path":
            seen.add(key)
            yield pytest.param(named, id=f"{named.where}: {named.name}")


def marks(annotation: Any) -> Iterator[Names]:
    if get_origin(annotation) is Annotated:
        yield from (m for m in get_args(annotation)[1:] if isinstance(m, Names))
    for part in get_args(annotation):
        yield from marks(part)


def marked_fields() -> set[tuple[type[BaseModel], str]]:
    return {
        (model, name)
        for model in models()
        for name, field in model.model_fields.items()
        if any(isinstance(m, Names) for m in field.metadata) or any(marks(field.annotation))
    }


FIELDS = {name for model in models() for name in model.model_fields}


@pytest.fixture(autouse=True)
def _indonesian() -> None:
    el.set_language("id")


def _problems(folder: Path, data: dict[str, Any]) -> list[str]:
    """What loading says, and what reading the voices' files says of the names in them."""
    folder = folder / data["id"]
    folder.mkdir()
    (folder / "program.yml").write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    try:
        program = load_program(folder)
    except el.EvaluationError as error:
        return [str(p) for p in error.problems]
    for name in ("codebook", "quotes", "manual_codes"):
        data["voices"].pop(name)
    return [str(p) for p in read_voices(program.model_copy(update={
        "voices": Program.model_validate(data).voices
    }), LEADERSHIP)[1]]  # fmt: skip


def test_the_program_of_all_keys_has_no_problem(tmp_path: Path) -> None:
    assert _problems(tmp_path, copy.deepcopy(DATA)) == []


def test_every_marked_field_is_filled_so_that_it_is_tested() -> None:
    found = {(type(n.inside[-1]), part) for n in names_in(PROGRAM) for part in n.at}
    assert {(m.__name__, f) for m, f in marked_fields() - found} == set()


def test_every_kind_of_name_is_known_somewhere() -> None:
    kinds = {n.mark.kind for n in names_in(PROGRAM)}
    assert kinds <= {*KNOWN, *FILED, "result"}
    assert kinds - {"path", "result"} <= set(wording.code_words()["unknown_name"])


@pytest.mark.parametrize("named", list(one_of_each()))
def test_a_misspelt_name_is_refused(named: Named, tmp_path: Path) -> None:
    problems = _problems(tmp_path, misspelt(named))
    assert any(WRONG in problem for problem in problems), (named.where, problems)


@pytest.mark.parametrize(
    "key",
    [n.at[-1] for n in names_in(PROGRAM) if n.mark.kind == "path" and n.at[0] == "voices"],
    ids=str,
)
def test_a_file_or_folder_that_is_not_there_is_refused(key: str) -> None:
    plan = PROGRAM.voices
    assert plan is not None
    only = plan.model_copy(update={"codebook": None, "manual_codes": None, key: WRONG})
    _tables, problems = read_voices(PROGRAM.model_copy(update={"voices": only}), LEADERSHIP)
    assert any(f"{key}: {WRONG}" in str(problem) for problem in problems)


def test_a_variable_of_a_type_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    data = copy.deepcopy(DATA)
    data["participation"]["completed"] = "alasan_berhenti"
    (problem,) = [p for p in _problems(tmp_path, data) if "completed" in p]
    assert "flag" in problem


@pytest.mark.parametrize("path", ["scales/kepuasan/meen", "skales/kepuasan/mean", "efficiency/bcx"])
def test_an_indicator_is_a_place_in_the_result(path: str, tmp_path: Path) -> None:
    data = copy.deepcopy(DATA)
    data["earlier_recommendations"][0]["indicator"] = path
    assert any(path in p for p in _problems(tmp_path, data))


def test_the_estimators_that_may_be_declared_are_those_that_exist() -> None:
    assert set(get_args(Estimator)) == set(ESTIMATORS)


def test_names_of_themes_may_come_from_a_codebook_of_ones_own() -> None:
    assert PROGRAM.voices is not None
    themes = PROGRAM.questions[0].model_copy(update={"themes": ["tema_yang_tidak_ada"]})
    plan = PROGRAM.voices.model_copy(update={"codebook": None, "manual_codes": None})
    program = PROGRAM.model_copy(update={"questions": [themes], "voices": plan})
    _tables, problems = read_voices(program, LEADERSHIP)
    assert any("tema_yang_tidak_ada" in str(p) for p in problems)
