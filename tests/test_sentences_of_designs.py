"""A report says of its measuring what its design, waves and linking allow, and nothing else.

designs.yml is the table; each of its cells is a program here, made, measured and reported.
"""

from __future__ import annotations

import re
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import evaluasi_lib as el
from evaluasi_lib.claims import cell_of, designs

PERSONS = 60
CELLS = tuple(designs())
LANGUAGES = ("id", "en")


def declared(cell: str) -> dict[str, Any]:
    design, waves = cell.split(".")[:2]
    linked = not cell.endswith("unlinked")
    columns = {
        "kode": {"from": "kode", "type": "respondent_code"},
        "ikut": {"from": "ikut", "type": "category"},
        "nilai": {"from": "nilai", "type": "number", "label": "Nilai"},
    }
    if not linked:
        del columns["kode"]
    after = dict(columns)
    if waves == "recalled":
        after["dulu"] = {"from": "dulu", "type": "number", "label": "Nilai dahulu"}
    sources = {"akhir": {"file": "akhir.csv", "preset": "none", "wave": "post", "columns": after}}
    outcome: dict[str, Any] = {
        "id": "nilai", "label": "Nilai ujian", "level": "learning", "variable": "nilai",
        "unit": "poin", "sesoi": 2,
    }  # fmt: skip
    if waves == "repeated":
        sources = {"awal": {"file": "awal.csv", "preset": "none", "wave": "pre",
                            "columns": columns}} | sources  # fmt: skip
        outcome["baseline_wave"] = "pre"
    if waves == "recalled":
        outcome |= {"baseline_variable": "dulu", "retrospective": True}
    program: dict[str, Any] = {
        "id": "uji", "title": "Uji", "kind": "other", "organisation": "Badan", "cycle": "2025",
        "design": {"type": design}, "link": "respondent_code" if linked else "anonymous",
        "sources": sources, "outcomes": [outcome],
    }  # fmt: skip
    if design != "single_group":
        program["design"]["group"] = {
            "variable": "ikut", "program": ["ya"], "comparison": ["tidak"],
        }  # fmt: skip
    return program


def lines(wave: str, single: bool) -> list[str]:
    rng = np.random.default_rng(7)
    before = rng.normal(50, 10, PERSONS).round(1)
    change = rng.normal(0, 5, PERSONS).round(1)
    found = ["kode,ikut,nilai,dulu"]
    for i in range(PERSONS):
        joined = "ya" if single or i % 2 else "tidak"
        value = before[i] + (wave == "post") * change[i]
        found.append(f"k{i},{joined},{value:.1f},{before[i]}")
    return found


@cache
def reported(cell: str, folder: Path) -> dict[str, str]:
    """Language -> all that a reader of the report reads, but for the tables of general rules."""
    said = declared(cell)
    raw = folder / cell / "raw" / "uji"
    raw.mkdir(parents=True)
    (raw / "program.yml").write_text(yaml.safe_dump(said), encoding="utf-8")
    for wave, name in (("pre", "awal"), ("post", "akhir")):
        if name in said["sources"]:
            single = said["design"]["type"] == "single_group"
            (raw / f"{name}.csv").write_text("\n".join(lines(wave, single)), encoding="utf-8")
    texts = {}
    for language in LANGUAGES:
        program = el.open("uji", language, folder / cell)
        assert cell_of(program.declared) == cell
        pages = "".join(chapter.html() for chapter in program.report())
        pages = re.sub(r'<table id="tbl-aturan-putusan">.*?</table>', "", pages, flags=re.DOTALL)
        texts[language] = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", pages)))
    return texts


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rancangan")


@pytest.mark.parametrize("cell", CELLS)
def test_the_report_says_how_it_was_measured_and_nothing_that_does_not_fit(
    cell: str, folder: Path
) -> None:
    row = designs()[cell]
    for language, text in reported(cell, folder).items():
        assert row["how"][language] in text
        assert row["means"][language] in text
        assert [p for p in row["never"][language] if p.casefold() in text.casefold()] == []


def test_every_cell_has_its_sentences_in_both_languages() -> None:
    designs_of = {"single_group", "comparison", "randomised"}
    waves = ("once", "repeated.linked", "repeated.unlinked")
    assert {f"{d}.{w}" for d in designs_of for w in waves} | {"single_group.recalled"} == set(CELLS)
    for row in designs().values():
        assert set(row) == {"how", "means", "never"}
        assert all(set(text) == set(LANGUAGES) and all(text.values()) for text in row.values())


def test_an_adjusted_estimate_says_so_and_an_unadjusted_one_does_not(folder: Path) -> None:
    assert "setelah disesuaikan" in reported("randomised.repeated.linked", folder)["id"]
    assert "setelah disesuaikan" not in reported("randomised.once", folder)["id"]
