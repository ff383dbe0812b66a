"""The five shipped programs, from raw files to the report, in both languages."""

from __future__ import annotations

import atexit
import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest

import evaluasi_lib as el
from evaluasi_lib.check import DataFolder
from evaluasi_lib.evaluation import measure, open_study
from evaluasi_lib.reporting.export import render_html
from evaluasi_lib.reporting.sections import report_sections
from evaluasi_lib.results import read_result, result_json
from tests.asked import unshown
from tests.attack import attack
from tests.guard_data import SHIPPED
from tests.published import cited, rows
from tests.record import lines_of, moved, recorded

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = json.loads((ROOT / "evaluasi_lib" / "result.schema.json").read_text(encoding="utf-8"))
MENTORING = {"mentoring-karier-2024", "mentoring-karier-2025"}
SECTIONS = [
    "ringkasan", "program", "metodologi", "efektivitas", "efisiensi", "elearning", "partisipasi",
    "suara", "kekuatan-kelemahan", "putusan", "tindak-lanjut", "lampiran",
]  # fmt: skip


@dataclass(frozen=True)
class Report:
    program: Any
    result: dict[str, Any]
    text: str
    html: str
    language: str


def _cases() -> list[Any]:
    return [
        pytest.param((name, code), id=f"{name}-{code}", marks=pytest.mark.xdist_group(name))
        for name in SHIPPED
        for code in ("id", "en")
    ]


@pytest.fixture(params=_cases())
def report(request: pytest.FixtureRequest) -> Report:
    program_id, code = request.param
    return _report(program_id, code)


@cache
def _report(program_id: str, code: str) -> Report:
    """Made once for all tests, as the second language: measured first for readers of the other."""
    for language in sorted(("id", "en"), key=lambda other: other == code):
        program = el.open(program_id, language, _data(program_id))
        assert program.id in repr(program)  # notebook 02 looks at a program before it measures it
        result = program.result
    html = render_html(report_sections(program.declared, result), result)
    text = result_json(result)
    el.set_language("id")
    return Report(program, json.loads(text), text, html, code)


@cache
def _data(program_id: str) -> Path:
    """A copy of the raw data of a program, and of its other cycles."""
    data = Path(tempfile.mkdtemp(prefix="evaluasi-test-"))
    atexit.register(shutil.rmtree, data)
    for name in SHIPPED:
        if name == program_id or {name, program_id} <= MENTORING:
            shutil.copytree(ROOT / "data" / "raw" / name, data / "raw" / name)
    return data


def result_of(program_id: str) -> str:
    """result.json of a shipped program, in Indonesian."""
    return _report(program_id, "id").text


def _without_images(html: str) -> str:
    return re.sub(r'src="data:[^"]*"', "", html)


def test_the_numbers_are_those_on_record(report: Report) -> None:
    program_id = report.result["program"]["id"]
    assert moved(recorded(program_id), lines_of(report.result)) == []


def test_the_result_holds_to_its_schema(report: Report) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(report.result)


def test_every_section_is_there_in_order_and_filled(report: Report) -> None:
    assert re.findall(r'<section [^>]*?\bid="([a-z-]+)"', report.html) == SECTIONS
    for part in re.split(r"<section ", report.html)[1:]:
        assert len(re.sub(r"<[^>]+>|\s+", " ", part).split()) > 5


def test_no_reader_meets_a_nan_a_traceback_or_a_python_name(report: Report) -> None:
    shown = _without_images(report.html)
    visible = re.sub(r"<style.*?</style>|<[^>]+>", " ", shown, flags=re.DOTALL)
    bad = r"\b(nan|NaN|None|inf|Traceback|NoneType|True|False)\b"
    assert re.findall(rf".{{30}}{bad}.{{30}}", visible) == []
    assert not re.search(r"\b(NaN|Infinity)\b", report.text)


def test_no_identifier_of_a_person_reaches_the_report(report: Report) -> None:
    raw = ROOT / "data" / "raw" / report.program.declared.id
    names: set[str] = set()
    for source in report.program.declared.sources.values():
        headers = [c.header for c in source.columns.values() if c.type in ("name", "email", "nip")]
        if headers and source.file.endswith(".csv"):
            text = pd.read_csv(
                raw / source.file,
                dtype=str,
                sep=None,
                engine="python",
                header=source.header_row - 1,
            )
            for header in set(headers) & set(text.columns):
                names |= {v.strip() for v in text[header].dropna() if len(v.strip()) > 5}
    shown = _without_images(report.html) + report.text
    assert sorted(n for n in names if n in shown) == []
    assert re.findall(r"(?<![0-9a-f.])(?:19|20)\d{16}(?![0-9a-f])", shown) == []


def test_everything_that_was_asked_is_shown_or_the_report_says_why_not(report: Report) -> None:
    assert unshown(report.program, report.result) == set()


def test_no_hidden_number_of_persons_follows_from_the_published_ones(report: Report) -> None:
    assert attack(report.result["measures"], report.program.declared) == {}


def test_an_outcome_has_one_primary_estimate(report: Report) -> None:
    primaries = rows(report.result, part="effects", role="primary", measure="estimate")
    named = [row["subject"] for row in primaries]
    assert sorted(named) == sorted(set(named))
    assert set(named) == {o.id for o in report.program.declared.outcomes}
    claims = {row["claim"] for row in primaries if row["value"]}
    if report.program.declared.design.type == "single_group":
        assert claims == {"change"}
    # One group's outcomes are changes in any design; what the data refute is a difference.
    assert claims <= {"effect", "change", "difference"}


def test_a_report_is_made_from_result_json_alone(report: Report) -> None:
    again = read_result(report.text)
    assert result_json(again) == report.text
    el.set_language(report.language)
    sections = report_sections(report.program.declared, again)
    assert render_html(sections, again) == report.html


def test_measuring_once_says_all_that_measuring_in_a_language_says(report: Report) -> None:
    """Results are made in every language at once; here the same is measured in one alone."""
    el.set_language(report.language)
    data = DataFolder.at(_data(report.program.id))
    alone, once = measure(open_study(data, report.program.id)), read_result(report.text)
    assert alone.rows == tuple(r for r in once.rows if r.part not in ("follow_up", "verdict"))
    assert (alone.remarks, alone.triangulation) == (once.remarks, once.triangulation)
    assert alone.quality == once.quality


def test_a_second_language_does_not_measure_again(monkeypatch: pytest.MonkeyPatch) -> None:
    data = _data("nsw-1976")
    titles = {el.open("nsw-1976", "id", data).result.program.title}
    monkeypatch.setattr("evaluasi_lib.evaluation.measure", None)
    titles.add(el.open("nsw-1976", "en", data).result.program.title)
    assert len(titles) == 2


def test_what_is_concluded_rests_on_measures_that_are_there(report: Report) -> None:
    ids = [row["id"] for row in report.result["measures"]]
    assert len(ids) == len(set(ids))
    assert cited(report.result) <= set(ids)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.xdist_group(n)) for n in SHIPPED]
)
def test_a_measure_has_the_same_id_in_every_language(name: str) -> None:
    one, other = ({r["id"] for r in _report(name, c).result["measures"]} for c in ("id", "en"))
    assert one == other


def test_every_recommendation_addresses_something_that_was_found(report: Report) -> None:
    texts = report.result["texts"]
    found = {f["id"] for f in [*texts["strengths"], *texts["weaknesses"]]}
    for recommendation in texts["recommendations"]:
        assert set(recommendation["addresses"]) & found


def test_a_null_number_says_why(report: Report) -> None:
    for row in report.result["measures"]:
        assert (row["value"] is None) == bool(row["reason"]), row["id"]


def test_the_page_needs_no_network_and_stays_light(report: Report) -> None:
    shown = _without_images(report.html)
    assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"', shown) == []
    assert len(report.html.encode("utf-8")) < 1_500_000


def test_synthetic_data_are_named_on_the_first_page(report: Report) -> None:
    first = re.split(r'<section [^>]*?\bid="program"', report.html)[0]
    word = "synthetic" if report.language == "en" else "sintetis"
    assert (word in first.lower()) == report.program.declared.synthetic
