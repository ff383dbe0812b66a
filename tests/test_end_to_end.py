"""The five shipped programs, from raw files to the report, in both languages."""

from __future__ import annotations

import atexit
import json
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest

import evaluasi_lib as el
from tests.asked import unshown
from tests.attack import attack
from tests.guard_data import SHIPPED
from tests.published import cited, rows
from tests.record import lines_of, moved, recorded

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = json.loads((ROOT / "evaluasi_lib" / "result.schema.json").read_text(encoding="utf-8"))
MENTORING = {"mentoring-karier-2024", "mentoring-karier-2025"}
PAGES = {"id": "laporan.html", "en": "report.html"}
SECTIONS = [
    "ringkasan", "program", "metodologi", "efektivitas", "efisiensi", "elearning", "partisipasi",
    "suara", "kekuatan-kelemahan", "putusan", "tindak-lanjut", "lampiran",
]  # fmt: skip


@dataclass(frozen=True)
class Report:
    program: Any
    text: str
    html: str

    @property
    def result(self) -> dict[str, Any]:
        return json.loads(self.text)

    @property
    def shown(self) -> str:
        """The page without the bytes of its pictures."""
        return re.sub(r'src="data:[^"]*"', "", self.html)


def _cases(codes: Iterable[str] = PAGES) -> Any:
    return [
        pytest.param((name, code), id=f"{name}-{code}", marks=pytest.mark.xdist_group(name))
        for name in SHIPPED
        for code in codes
    ]


@pytest.fixture(params=_cases())
def report(request: pytest.FixtureRequest) -> Report:
    return _report(*request.param)


def _report(program_id: str, code: str) -> Report:
    """As the second language: what was measured for readers of the other is read."""
    return _reports(program_id, "en" if code == "id" else "id")[code]


@cache
def _reports(program_id: str, first: str) -> dict[str, Report]:
    """Both languages of a program that is measured for readers of `first`."""
    data, made = _data(program_id, first), {}
    for code in sorted(PAGES, key=lambda code: code != first):
        program = el.open(program_id, code, data)
        assert program.id in repr(program)  # notebook 02 looks at a program before it measures it
        program.report(out=data / code)
        text, html = (
            (data / code / program_id / name).read_text("utf-8")
            for name in ("result.json", PAGES[code])
        )
        made[code] = Report(program, text, html)
    el.set_language("id")
    return made


@cache
def _data(program_id: str, first: str) -> Path:
    """A folder with a program, and its other cycles, cleaned and not yet measured."""
    data = Path(tempfile.mkdtemp(prefix="evaluasi-test-"))
    atexit.register(shutil.rmtree, data)
    if first == "id":  # cleaned once: the other way round begins with a copy
        other = _data(program_id, "en")
        for name in ("raw", "processed"):
            shutil.copytree(other / name, data / name, ignore=shutil.ignore_patterns("results"))
        return data
    for name in SHIPPED:
        if name == program_id or {name, program_id} <= MENTORING:
            shutil.copytree(ROOT / "data" / "raw" / name, data / "raw" / name)
            el.open(name, "id", data)
    return data


def result_of(program_id: str) -> str:
    """result.json of a shipped program, in Indonesian."""
    return _report(program_id, "id").text


def test_the_numbers_are_those_on_record(report: Report) -> None:
    assert moved(recorded(report.program.id), lines_of(report.result)) == []


def test_the_result_holds_to_its_schema(report: Report) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(report.result)


@pytest.mark.parametrize("case", _cases())
def test_nothing_hangs_on_who_measured_or_on_what_was_kept(case: tuple[str, str]) -> None:
    """A report is made from the result.json of an earlier run as from what was just measured; and
    all that is said in a language is said whichever language it was measured for."""
    program_id, code = case
    now, read = _reports(program_id, code)[code], _report(program_id, code)
    assert now.text == read.text
    assert now.html == read.html


@pytest.mark.xdist_group("nsw-1976")
def test_a_second_language_does_not_measure_again() -> None:
    title = _reports("nsw-1976", "id")["en"].program.result.program.title
    data = _data("nsw-1976", "id")
    kept = data / "processed" / "nsw-1976" / "results" / "en.json"
    kept.write_text(kept.read_text("utf-8").replace(title, "As it was kept"), encoding="utf-8")
    assert el.open("nsw-1976", "en", data).result.program.title == "As it was kept"


@pytest.mark.parametrize("case", _cases(["id"]))
def test_a_measure_has_the_same_id_in_every_language(case: tuple[str, str]) -> None:
    one, other = ({r["id"] for r in _report(case[0], c).result["measures"]} for c in PAGES)
    assert one == other


def test_every_section_is_there_in_order_and_filled(report: Report) -> None:
    assert re.findall(r'<section [^>]*?\bid="([a-z-]+)"', report.html) == SECTIONS
    for part in re.split(r"<section ", report.html)[1:]:
        assert len(re.sub(r"<[^>]+>|\s+", " ", part).split()) > 5


def test_no_reader_meets_a_nan_a_traceback_or_a_python_name(report: Report) -> None:
    visible = re.sub(r"<style.*?</style>|<[^>]+>", " ", report.shown, flags=re.DOTALL)
    bad = r"\b(nan|NaN|None|inf|Traceback|NoneType|True|False)\b"
    assert re.findall(rf".{{30}}{bad}.{{30}}", visible) == []
    assert not re.search(r"\b(NaN|Infinity)\b", report.text)


def test_no_identifier_of_a_person_reaches_the_report(report: Report) -> None:
    declared, names = report.program.declared, set()
    for source in declared.sources.values():
        headers = [c.header for c in source.columns.values() if c.type in ("name", "email", "nip")]
        if headers and source.file.endswith(".csv"):
            path, first = ROOT / "data" / "raw" / declared.id / source.file, source.header_row - 1
            text = pd.read_csv(path, dtype=str, sep=None, engine="python", header=first)
            for header in set(headers) & set(text.columns):
                names |= {v.strip() for v in text[header].dropna() if len(v.strip()) > 5}
    shown = report.shown + report.text
    assert sorted(n for n in names if n in shown) == []
    assert re.findall(r"(?<![0-9a-f.])(?:19|20)\d{16}(?![0-9a-f])", shown) == []


def test_everything_that_was_asked_is_shown_or_the_report_says_why_not(report: Report) -> None:
    assert unshown(report.program, report.result) == set()


def test_no_hidden_number_of_persons_follows_from_the_published_ones(report: Report) -> None:
    assert attack(report.result["measures"], report.program.declared) == {}


def test_an_outcome_has_one_primary_estimate(report: Report) -> None:
    primaries = rows(report.result, part="effects", role="primary", measure="estimate")
    declared = report.program.declared
    assert sorted(row["subject"] for row in primaries) == sorted(o.id for o in declared.outcomes)
    claims = {row["claim"] for row in primaries if row["value"]}
    # One group's outcomes are changes in any design; what the data refute is a difference.
    single = declared.design.type == "single_group"
    assert claims == {"change"} if single else claims <= {"effect", "change", "difference"}


def test_what_is_concluded_rests_on_measures_and_advice_on_findings(report: Report) -> None:
    ids = [row["id"] for row in report.result["measures"]]
    assert len(ids) == len(set(ids))
    assert cited(report.result) <= set(ids)
    texts = report.result["texts"]
    found = {f["id"] for f in [*texts["strengths"], *texts["weaknesses"]]}
    assert all(set(advice["addresses"]) & found for advice in texts["recommendations"])


def test_a_null_number_says_why(report: Report) -> None:
    for row in report.result["measures"]:
        assert (row["value"] is None) == bool(row["reason"]), row["id"]


def test_the_page_needs_no_network_and_stays_light(report: Report) -> None:
    assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"', report.shown) == []
    assert len(report.html.encode("utf-8")) < 1_500_000


def test_synthetic_data_are_named_on_the_first_page(report: Report) -> None:
    first = re.split(r'<section [^>]*?\bid="program"', report.html)[0].lower()
    assert ("synthetic" in first or "sintetis" in first) == report.program.declared.synthetic
