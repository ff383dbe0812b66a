"""Good data spoilt in one way each end in a valid result or in a message, never in a crash."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest
import yaml

import evaluasi_lib as el
from tests.synthetic.model import RAW

SCHEMA = json.loads((Path(el.__file__).parent / "result.schema.json").read_text("utf-8"))
Spoil = Callable[[Path], None]


def table(file: str, change: Callable[[pd.DataFrame], pd.DataFrame], code: str = "utf-8") -> Spoil:
    """A change of a CSV file, its separator kept."""

    def spoil(folder: Path) -> None:
        path = folder / file
        first = path.read_text(encoding="utf-8-sig").splitlines()[0]
        separator = ";" if first.count(";") > first.count(",") else ","
        frame = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
        change(frame).to_csv(path, sep=separator, index=False, encoding=code)

    return spoil


def declared(change: Callable[[dict[str, Any]], object]) -> Spoil:
    """A change of program.yml."""

    def spoil(folder: Path) -> None:
        path = folder / "program.yml"
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(data)
        path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")

    return spoil


def constant(columns: list[int], value: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame.assign(**{str(frame.columns[c]): value for c in columns})


MENTORING = {
    "two answers left": table("survei_akhir.csv", lambda f: f.head(3)),
    "one unit alone": table("daftar_hadir.csv", constant([1], "Satu")),
    "nobody started": table("daftar_hadir.csv", constant([5, 7], "Tidak")),
    "every answer alike": table("survei_akhir.csv", constant(list(range(2, 8)), "Setuju")),
    "open answers and barriers blank": table("survei_akhir.csv", constant([-1, -2, -3, -4], "")),
    "UTF-16": table("survei_akhir.csv", lambda f: f, code="utf-16"),
    "anonymous": declared(lambda y: y.update(link="anonymous")),
    "no roster": declared(lambda y: y.pop("roster")),
    "no outcomes": declared(lambda y: y.update(outcomes=[], objectives=[], questions=[])),
    "nothing but outcomes": declared(
        lambda y: [y.pop(k) for k in ("costs", "voices", "participation", "questions")]
    ),
    "cells of thirty": declared(lambda y: y.update(privacy={"min_cell": 30})),
}
NSW = {
    "three treated": table("nsw.csv", lambda f: pd.concat([f.head(3), f[f["treat"] == "0"]])),
    "nobody earns": table("nsw.csv", constant([9], "0")),
    "everybody of one age": table("nsw.csv", constant([1], "20")),
}
CASES = [("mentoring-karier-2024", name, spoil) for name, spoil in MENTORING.items()] + [
    ("nsw-1976", name, spoil) for name, spoil in NSW.items()
]
SURVEY = "survei_akhir.csv"
REFUSED: dict[str, Spoil] = {
    "file missing": lambda folder: (folder / SURVEY).unlink(),
    "file empty": lambda folder: (folder / SURVEY).write_bytes(b"") and None,
    "no text at all": lambda folder: (folder / SURVEY).write_bytes(bytes(range(256))) and None,
    "headings alone": table(SURVEY, lambda f: f.head(0)),
    "unknown label": table(SURVEY, constant([3], "Barangkali")),
    "column gone": table(SURVEY, lambda f: f.drop(columns=f.columns[4])),
}
# Somebody is missing in whole, which a report would pass over: nobody after, nobody to compare.
NOBODY: dict[str, tuple[str, str, Spoil]] = {
    "codes that match nobody": ("mentoring-karier-2024", "outcomes.perilaku", table(
        "survei_akhir.csv",
        lambda f: f.assign(**{str(f.columns[1]): [f"ZZ{i}QQ" for i in range(len(f))]}),
    )),
    "no item answered after": ("mentoring-karier-2024", "outcomes.perilaku", table(
        "survei_akhir.csv", constant(list(range(2, 13)), "")
    )),
    "no controls": ("nsw-1976", "design.group", table("nsw.csv", constant([0], "1"))),
    "no treated": ("nsw-1976", "design.group", table("nsw.csv", constant([0], "0"))),
    "no earnings after": ("nsw-1976", "outcomes.re78", table("nsw.csv", constant([9], ""))),
}  # fmt: skip


def _prepare(tmp_path: Path, program_id: str, spoil: Spoil) -> None:
    folder = tmp_path / "raw" / program_id
    shutil.copytree(RAW / program_id, folder)
    spoil(folder)


@pytest.mark.parametrize(("program_id", "name", "spoil"), CASES, ids=[c[1] for c in CASES])
@pytest.mark.filterwarnings("ignore")
def test_spoilt_data_give_a_valid_result(
    program_id: str, name: str, spoil: Spoil, tmp_path: Path
) -> None:
    _prepare(tmp_path, program_id, spoil)
    el.open(program_id, "id", tmp_path).report(["ringkasan"], tmp_path / "reports")
    text = (tmp_path / "reports" / program_id / "result.json").read_text(encoding="utf-8")
    result = json.loads(text, parse_constant=pytest.fail)  # no NaN, no infinity
    jsonschema.Draft202012Validator(SCHEMA).validate(result)
    for row in result["measures"]:
        assert (row["value"] is None) == bool(row["reason"]), (name, row["id"])
    if name in ("two answers left", "no outcomes"):
        assert result["verdict"]["decision"] == "insufficient_evidence"


@pytest.mark.parametrize("spoil", REFUSED.values(), ids=REFUSED)
def test_data_that_cannot_be_read_are_refused_in_words(spoil: Spoil, tmp_path: Path) -> None:
    _prepare(tmp_path, "mentoring-karier-2024", spoil)
    with pytest.raises(el.EvaluationError) as caught:
        el.open("mentoring-karier-2024", "id", tmp_path)
    assert all(p.what and p.where for p in caught.value.problems)
    assert "survei_akhir" in str(caught.value)
    assert not (tmp_path / "processed" / "mentoring-karier-2024").exists()


@pytest.mark.parametrize(("program_id", "where", "spoil"), NOBODY.values(), ids=NOBODY)
def test_a_group_or_outcome_of_nobody_is_refused(
    program_id: str, where: str, spoil: Spoil, tmp_path: Path
) -> None:
    _prepare(tmp_path, program_id, spoil)
    places = el.problems(program_id, data=tmp_path)["where"]
    assert places.str.startswith(where).any(), places
    with pytest.raises(el.EvaluationError):
        el.open(program_id, "id", tmp_path)
