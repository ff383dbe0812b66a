"""Whole programs that nobody would wish for come out as a report that says so, or as a message."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from bs4 import BeautifulSoup

import evaluasi_lib as el
from tests.published import rows

HERE = Path(__file__).resolve().parent
RAW = HERE / "ugly" / "raw"
SCHEMA = json.loads((HERE.parent / "evaluasi_lib" / "result.schema.json").read_text("utf-8"))
CASES = [
    pytest.param(
        (path.name, code), id=f"{path.name}-{code}", marks=pytest.mark.xdist_group(path.name)
    )
    for path in sorted(RAW.iterdir())
    for code in ("id", "en")
]


@dataclass(frozen=True)
class Report:
    folder: Path
    processed: Path
    result: dict[str, Any]
    page: BeautifulSoup


@pytest.fixture(scope="module", params=CASES)
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Report:
    name, code = request.param
    data = tmp_path_factory.mktemp("data")
    shutil.copytree(RAW / name, data / "raw" / name)
    el.open(name, code, data).report(out=data / "out", formats="html,xlsx")
    folder = data / "out" / name
    result = json.loads((folder / "result.json").read_text("utf-8"))
    (html,) = folder.glob("*.html")
    page = BeautifulSoup(html.read_text("utf-8"), "html5lib")
    return Report(folder, data / "processed" / name, result, page)


def test_the_result_holds_to_its_schema_and_to_finite_numbers(report: Report) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(report.result)
    assert "Infinity" not in json.dumps(report.result)
    assert "NaN" not in json.dumps(report.result)


def test_nothing_that_people_wrote_becomes_code_or_markup(report: Report) -> None:
    page = report.page
    assert page.find(["script", "iframe"]) is None
    assert not page.find_all(lambda tag: any(a.lower().startswith("on") for a in tag.attrs))
    addresses = [tag.get("href") or tag.get("src") for tag in page.find_all(["a", "img", "svg"])]
    assert all(a is None or a.startswith(("#", "data:image/")) for a in addresses)
    assert len(page.find_all("h1")) == 1
    (book,) = report.folder.glob("*.xlsx")
    with zipfile.ZipFile(book) as parts:
        sheets = [n for n in parts.namelist() if n.startswith("xl/worksheets/")]
        assert not [n for n in sheets if re.search(rb'<f[ >]|Mode="External"', parts.read(n))]


def test_every_section_stands_and_no_reader_meets_python(report: Report) -> None:
    assert len(report.page.main.find_all("section", recursive=True)) == 12
    text = report.page.get_text(" ")
    assert not re.search(r"\b(nan|NaN|None|Traceback|inf|NaT|<NA>|small_cell)\b", text)


def test_no_small_number_of_persons_and_no_name_is_published(report: Report) -> None:
    k = 5
    for row in report.result["measures"]:
        of_persons = row["part"] in ("effects", "participation", "module_demand", "answers")
        if (of_persons or row["group"] == "survey") and row["value"] is not None:
            assert not 0 < (row["n"] or 0) < k, row["id"]
        if row["measure"] in ("n_program", "n_comparison"):
            assert not 0 < (row["value"] or 0) < k, row["id"]
    public = [p for p in report.processed.glob("*") if p.is_file()]
    for path in [*public, *report.folder.iterdir()]:
        content = path.read_bytes()
        assert not re.search(rb"19\d{6}2010\d{8}", content), path.name
        if path.suffix in (".html", ".json", ".md"):
            assert not re.search(b"Budi|Fitri|Dedi|Hadi", content), path.name


def _one_group_leaves_change(effects: list[dict[str, Any]], _result: dict[str, Any]) -> None:
    for effect in effects:
        assert effect["claim"] == "change"
        assert effect["conclusion"] not in ("improved", "worsened", "no_meaningful_change")
        if effect["p"] is None and effect["role"] == "primary":
            assert effect["reason"] or effect["note"]


def _without_an_after_no_change(effects: list[dict[str, Any]], result: dict[str, Any]) -> None:
    assert [e["value"] for e in effects] == [None]
    assert {row["value"] for row in rows(result, part="scales", measure="mean")} == {None}


def _without_spread_nothing_is_certain(effects: list[dict[str, Any]], result: Any) -> None:
    for effect in effects:
        assert effect["conclusion"] not in ("improved", "worsened")
        assert effect["p"] is None
    assert {row["value"] for row in rows(result, measure="alpha")} <= {None}


SAYS = {
    "satu-kelompok": _one_group_leaves_change,
    "tanpa-pasca": _without_an_after_no_change,
    "serba-sama": _without_spread_nothing_is_certain,
}


def test_what_cannot_be_known_is_not_claimed(report: Report) -> None:
    effects = rows(report.result, part="effects", measure="estimate")
    assert effects
    SAYS[report.result["program"]["id"]](effects, report.result)
    assert report.result["verdict"]["decision"] == "insufficient_evidence"
