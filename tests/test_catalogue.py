"""The catalogue of recommendations, and an agency's extensions of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import evaluasi_lib as el
from evaluasi_lib.findings.verdict import finding_kinds, read_catalogue
from tests.guard_data import SHIPPED

RAW = Path(__file__).resolve().parent.parent / "data" / "raw"
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
  - id: stronger-design
    kind: evidence
    text: Bandingkan dua kelompok.
    owner: Diklat
    feasibility: 2
    due_days: 20
"""


def test_every_kind_of_weakness_has_a_rule_in_both_languages() -> None:
    rules = read_catalogue()
    kinds = finding_kinds()
    assert {r.kind for r in rules if not r.subject} == set(kinds.weaknesses)
    assert len({r.id for r in rules}) == len(rules)
    found = {"strengths": set[str](), "weaknesses": set[str]()}
    for program in SHIPPED[:1] + SHIPPED[3:]:
        result = el.open(program).result
        for name, ids in found.items():
            ids |= {finding.id.partition(".")[0] for finding in getattr(result, name)}
            assert ids <= set(getattr(kinds, name))
    assert all(len(ids) > 2 for ids in found.values())


@pytest.mark.parametrize("beside", ["program.yml", "raw"])
def test_an_agencys_rules_come_first_and_replace_those_of_the_same_id(
    beside: str, tmp_path: Path
) -> None:
    folder = tmp_path / "raw" / "mentoring-karier-2024"
    shutil.copytree(RAW / folder.name, folder)
    place = folder if beside == "program.yml" else tmp_path
    (place / "rekomendasi.yml").write_text(OWN, encoding="utf-8")
    texts = {r.id: r.text for r in el.open(folder.name, data=tmp_path).result.recommendations}
    own = texts["klinik-digital.keterampilan_digital"]
    assert own.startswith("Klinik digital: “")
    assert own.endswith("%.")
    assert texts["stronger-design"] == "Bandingkan dua kelompok."
    assert "digital-skills-module.keterampilan_digital" not in texts


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
def test_a_broken_catalogue_is_refused_with_what_and_where(
    tmp_path: Path, text: str, word: str
) -> None:
    shutil.copytree(RAW / "nsw-1976", tmp_path / "raw" / "nsw-1976")
    (tmp_path / "rekomendasi.yml").write_text(text, encoding="utf-8")
    found = list(el.problems("nsw-1976", data=tmp_path).itertuples())
    assert any(word in f"{p.where} {p.what} {p.remedy}" for p in found)
    assert all("rekomendasi.yml" in p.where for p in found)
