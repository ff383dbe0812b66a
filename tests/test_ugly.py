"""Whole programs that nobody would wish for come out as a report that says so, or as a message."""

from __future__ import annotations

import io
import json
import math
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
from evaluasi_lib.reporting.export import render_html, write_report
from evaluasi_lib.reporting.sections import report_sections
from evaluasi_lib.results import result_json
from tests.published import rows

HERE = Path(__file__).resolve().parent
RAW = HERE / "ugly" / "raw"
SCHEMA = json.loads((HERE.parent / "evaluasi_lib" / "result.schema.json").read_text("utf-8"))
UGLY = sorted(path.name for path in RAW.iterdir())


@dataclass(frozen=True)
class Report:
    result: dict[str, Any]
    html: str
    folder: Path
    processed: Path


def _cases() -> list[Any]:
    return [
        pytest.param((name, code), id=f"{name}-{code}", marks=pytest.mark.xdist_group(name))
        for name in UGLY
        for code in ("id", "en")
    ]


@pytest.fixture(scope="module", params=_cases())
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Report:
    program_id, code = request.param
    data = tmp_path_factory.mktemp("data")
    shutil.copytree(RAW / program_id, data / "raw" / program_id)
    try:
        program = el.open(program_id, code, data)
        result = program.result
        sections = report_sections(program.declared, result)
        html = render_html(sections, result)
        (data / "out").mkdir()
        write_report(data / "out", sections, result, ("html", "xlsx"))
        return Report(
            json.loads(result_json(result)), html, data / "out", data / "processed" / program_id
        )
    finally:
        el.set_language("id")


def test_the_result_holds_to_its_schema(report: Report) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(report.result)


def test_no_number_is_infinite_or_missing_without_a_name(report: Report) -> None:
    def numbers(value: Any) -> list[float]:
        if isinstance(value, dict):
            return [n for v in value.values() for n in numbers(v)]
        if isinstance(value, list):
            return [n for v in value for n in numbers(v)]
        return [value] if isinstance(value, float) else []

    assert all(math.isfinite(n) for n in numbers(report.result))


def test_nothing_that_people_wrote_becomes_code_or_markup(report: Report) -> None:
    page = BeautifulSoup(report.html, "html5lib")
    assert page.find("script") is None
    assert not page.find_all(lambda tag: any(a.lower().startswith("on") for a in tag.attrs))
    addresses = [tag.get("href") or tag.get("src") for tag in page.find_all(["a", "img", "svg"])]
    assert all(a is None or a.startswith(("#", "data:image/")) for a in addresses)
    assert page.find("iframe") is None
    assert len(page.find_all("h1")) == 1


def test_every_section_stands_and_no_reader_meets_python(report: Report) -> None:
    page = BeautifulSoup(report.html, "html5lib")
    assert len(page.main.find_all("section", recursive=True)) == 12
    text = page.get_text(" ")
    assert not re.search(r"\b(nan|NaN|None|Traceback|inf|NaT|<NA>)\b", text)
    assert "small_cell" not in text


def test_workbook_holds_no_formula_and_no_link_to_elsewhere(report: Report) -> None:
    books = list(report.folder.glob("*.xlsx"))
    assert books
    with zipfile.ZipFile(io.BytesIO(books[0].read_bytes())) as book:
        for name in book.namelist():
            if name.startswith("xl/worksheets/"):
                content = book.read(name).decode()
                assert not re.search(r"<f[ >]", content), name
                assert 'TargetMode="External"' not in content, name


def test_no_small_number_of_persons_is_published(report: Report) -> None:
    k = 5
    for row in report.result["measures"]:
        of_persons = row["part"] in ("effects", "participation", "module_demand", "answers")
        if (of_persons or row["group"] == "survey") and row["value"] is not None:
            assert not 0 < (row["n"] or 0) < k, row["id"]
        if row["measure"] in ("n_program", "n_comparison"):
            assert not 0 < (row["value"] or 0) < k, row["id"]


def test_no_name_or_nip_reaches_processed_data_or_the_report(report: Report) -> None:
    names = ["Budi", "Fitri", "Dedi", "Hadi"]
    public = [p for p in report.processed.glob("*") if p.is_file()]
    for path in [*public, *report.folder.iterdir()]:
        content = path.read_bytes()
        assert not re.search(rb"19\d{6}2010\d{8}", content), path.name
        if path.suffix in (".html", ".json", ".md"):
            assert not any(name.encode() in content for name in names), path.name


def _one_group_leaves_change(result: dict[str, Any]) -> None:
    for effect in rows(result, part="effects", measure="estimate"):
        assert effect["claim"] == "change"
        assert effect["conclusion"] not in ("improved", "worsened", "no_meaningful_change")
        if effect["p"] is None and effect["role"] == "primary":
            assert effect["reason"] or effect["note"]


def _without_an_after_no_change(result: dict[str, Any]) -> None:
    assert [e["value"] for e in rows(result, part="effects", measure="estimate")] == [None]
    means = rows(result, part="scales", measure="mean")
    assert means
    assert all(row["value"] is None for row in means)


def _without_spread_nothing_is_certain(result: dict[str, Any]) -> None:
    for effect in rows(result, part="effects", measure="estimate"):
        assert effect["conclusion"] not in ("improved", "worsened")
        assert effect["p"] is None
    assert not [row for row in rows(result, measure="alpha") if row["value"] is not None]


SAYS = {
    "satu-kelompok": _one_group_leaves_change,
    "tanpa-pasca": _without_an_after_no_change,
    "serba-sama": _without_spread_nothing_is_certain,
}


def test_what_cannot_be_known_is_not_claimed(report: Report) -> None:
    SAYS[report.result["program"]["id"]](report.result)
    assert report.result["verdict"]["decision"] == "insufficient_evidence"
