"""Recommendations know the program, and one need gets one action."""

from __future__ import annotations

from typing import Any

import pytest

import evaluasi_lib as el
from evaluasi_lib.findings import conclude
from evaluasi_lib.findings.observe import names
from evaluasi_lib.results import Recommendation
from tests.situations import make

ELEARNING = {
    "kind": "elearning",
    "title": {"id": "E-Learning Keterampilan Digital", "en": "E-learning on digital skills"},
    "elearning": {
        "events": "log",
        "modules": {"m6": {"id": "6. Keamanan Siber", "en": "6. Safety"}},
    },
}
GROUPS = {
    "design": {
        "type": "comparison",
        "group": {"variable": "grup", "program": ["ya"], "comparison": ["Daftar tunggu"]},
    }
}


@pytest.fixture(autouse=True)
def _english():
    el.set_language("en")
    yield
    el.set_language("id")


def advice(**keys: Any) -> dict[str, Recommendation]:
    return {r.id: r for r in conclude(*make(**keys), None).recommendations}


def promise(text: str, status: str = "not_done") -> dict[str, Any]:
    kept = {"id": "p1", "from_cycle": 2024, "text": text, "status": status}
    return {"earlier_recommendations": [kept]}


def test_what_the_program_offers_already_is_not_called_missing():
    modules = {"keterampilan_digital": 0.47, "keamanan_siber": 0.3, "bahasa": 0.25}
    result = conclude(*make(modules=modules, program_keys=ELEARNING), None)
    said = {w.id: w.statement for w in result.weaknesses}
    assert "“E-learning on digital skills” covers already" in said["offered.keterampilan_digital"]
    assert "“Safety” covers already" in said["offered.keamanan_siber"]
    assert "not offered" in said["module.bahasa"]
    texts = {r.id: r.text for r in result.recommendations}
    assert not any(id.startswith("digital-skills-module") for id in texts)
    assert "which the program offers" in texts["deepen-module.keterampilan_digital"]


def test_words_are_compared_whole_and_in_either_language():
    assert names({"id": "Keterampilan Digital ASN", "en": "Skills"}, "keterampilan digital")
    assert names("A module on digital skills", "Digital skills")
    assert not names("Digitalisasi", "digital")
    assert not names("Anything", "")


@pytest.mark.parametrize(
    ("kind", "said", "unsaid"),
    [("mentoring", "mentors", "short parts"), ("elearning", "learn online", "short parts"),
     ("leadership", "short parts", "mentors")],
)  # fmt: skip
def test_advice_on_time_fits_the_kind_of_program(kind, said, unsaid):
    found = advice(barriers={"beban_kerja": 0.6}, program_keys={"kind": kind})
    (text,) = [r.text for r in found.values() if "barrier.beban_kerja" in r.addresses]
    assert said in text
    assert unsaid not in text


def test_criticism_of_what_is_answered_already_gets_no_advice_of_its_own():
    found = advice(barriers={"beban_kerja": 0.6}, themes={"beban_kerja": (0.4, -0.5)})
    assert "answer-critics" not in found
    assert found["protect-learning-time"].addresses == ("barrier.beban_kerja", "theme.beban_kerja")
    assert "answer-critics" in advice(themes={"beban_kerja": (0.4, -0.5)})


def test_an_open_promise_comes_first_and_takes_the_needs_that_it_names():
    keys: dict[str, Any] = {
        "barriers": {"beban_kerja": 0.9, "internet": 0.5}, "modules": {"keterampilan_digital": 0.5}
    }  # fmt: skip
    text = "Have unit heads protect working hours for mentoring."
    found = list(advice(**keys, program_keys=promise(text, "partly")).values())
    assert found[0].id == "keep-promises.p1"
    assert set(found[0].addresses) == {"promise.p1", "barrier.beban_kerja"}
    assert "also answers “beban kerja”" in found[0].text
    assert {r.id for r in found[1:]} >= {"easier-access"}
    offered = list(
        advice(**keys, program_keys=promise("A module on keterampilan digital")).values()
    )
    assert "module.keterampilan_digital" in offered[0].addresses
    kept = advice(**keys, program_keys=promise(text, "done"))
    assert "protect-learning-time" in kept


def test_weak_evidence_gets_actions_against_its_actual_threats():
    flags = {"attrition": "Many left.", "self_report": "Their own view."}
    found = advice(ratings=1, flags=flags)
    assert set(found) == {"stronger-design"}
    text = found["stronger-design"].text
    assert "follow up those" in text
    assert "superiors' ratings" in text
    assert "comparison" not in text
    assert set(found["stronger-design"].addresses) == {
        "evidence.rating", "threat.attrition", "threat.self_report"
    }  # fmt: skip


def test_a_comparison_that_exists_is_used_and_not_asked_for_again():
    alone = advice(ratings=1, flags={"single_group": "No comparison."})
    beside = advice(ratings=1, flags={"single_group": "No comparison."}, program_keys=GROUPS)
    assert "waiting list drawn by lot" in alone["stronger-design"].text
    assert "that exists already (Daftar tunggu)" in beside["stronger-design"].text


def test_the_verdict_asks_for_no_comparison_that_exists_already():
    outcomes = [{"claim": "effect"}, {"claim": "change"}]
    result = conclude(*make(outcomes, ratings=0, program_keys=GROUPS), None)
    assert any("that exists already" in text for text in result.verdict.would_change)
    alone = conclude(*make(outcomes[1:], ratings=0), None)
    assert any("waiting list" in text for text in alone.verdict.would_change)


def test_dates_count_from_the_report_and_not_from_the_program():
    keys: dict[str, Any] = {"barriers": {"beban_kerja": 0.6}}
    keys["program_keys"] = {"period": {"start": "1976-01-01", "end": "1977-07-31"}}
    found = advice(**keys)
    assert str(found["protect-learning-time"].due) == "1977-10-29"
    keys["program_keys"]["report"] = {"date": "2025-12-01"}
    assert str(advice(**keys)["protect-learning-time"].due) == "2026-03-01"
