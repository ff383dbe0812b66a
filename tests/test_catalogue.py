"""The catalogue of recommendations, an agency's extensions of it, and the page about both."""

from __future__ import annotations

from pathlib import Path

import pytest

import evaluasi_lib as el
from evaluasi_lib.findings import agency_files, conclude
from evaluasi_lib.findings.reference import DOCS, PAGES, verdict_page
from evaluasi_lib.findings.verdict import finding_kinds, read_catalogue
from tests.situations import make
from tests.test_findings import CASES

OWN = """
rules:
  - id: klinik-digital
    kind: module
    subject: ["*digital*"]
    each: true
    text: "Klinik digital: {label}, {share}."
    owner: Pusdatin
    feasibility: 5
    due_days: 10
  - id: help-finish
    kind: completion
    text: Jadwal ulang.
    owner: Diklat
    feasibility: 2
    due_days: 20
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rekomendasi.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_kind_of_weakness_has_a_rule_in_both_languages():
    rules = read_catalogue()
    assert {r.kind for r in rules if not r.subject} == set(finding_kinds()["weaknesses"])
    assert len({r.id for r in rules}) == len(rules)
    for rule in rules:
        assert set(rule.text) == set(rule.owner) == {"id", "en"}


def test_an_agencys_rules_come_first_and_replace_those_of_the_same_id(tmp_path):
    case = make(modules={"keterampilan_digital": 0.4}, completion=0.4)
    result = conclude(*case, None, catalogues=[write(tmp_path, OWN)])
    texts = {r.id: r.text for r in result.recommendations}
    assert (
        texts["klinik-digital.keterampilan_digital"]
        == "Klinik digital: “keterampilan digital”, 40%."
    )
    assert texts["help-finish"] == "Jadwal ulang."
    assert "digital-skills-module.keterampilan_digital" not in texts


def test_agency_files_of_the_data_folder_and_of_the_program_are_found(tmp_path):
    raw = tmp_path / "raw" / "contoh"
    raw.mkdir(parents=True)
    assert agency_files(raw) == []
    both = [write(tmp_path, OWN), write(raw, OWN)]
    assert agency_files(raw) == both


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (OWN.replace("kind: module", "kind: modul"), "module"),
        (OWN.replace("due_days: 10", "due_dayz: 10"), "due_days"),
        (OWN.replace("    owner: Pusdatin\n", ""), "owner"),
        (OWN.replace("feasibility: 5", "feasibility: 9"), "feasibility"),
        ("rules: [", "YAML"),
    ],
)
def test_a_broken_catalogue_is_refused_with_what_and_where(tmp_path, text, word):
    with pytest.raises(el.EvaluationError) as caught:
        conclude(*make(), None, catalogues=[write(tmp_path, text)])
    assert word in str(caught.value)
    assert "rekomendasi.yml" in str(caught.value)


@pytest.mark.parametrize("code", PAGES)
def test_the_page_is_what_the_tables_say(code):
    el.set_language(code)
    try:
        page = verdict_page()
    finally:
        el.set_language("id")
    where = "run: python -m evaluasi_lib.findings.reference"
    assert (DOCS / PAGES[code]).read_text(encoding="utf-8") == page, where


def test_every_finding_is_of_a_kind_whose_rule_is_written_down():
    kinds = finding_kinds()
    result = conclude(*make(**CASES[0]["given"]), None)
    assert {w.id.partition(".")[0] for w in result.weaknesses} <= set(kinds["weaknesses"])
    assert {w.id.partition(".")[0] for w in result.strengths} <= set(kinds["strengths"])
    for kind in (*kinds["strengths"].values(), *kinds["weaknesses"].values()):
        assert set(kind["name"]) == set(kind["rule"]) == {"id", "en"}
