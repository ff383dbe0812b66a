"""What a report may say, of its estimates (claims.yml) and of how a program was measured
(designs.yml): the words of each row, on every page of a program that was made for it."""

from __future__ import annotations

import dataclasses
import re
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

import evaluasi_lib as el
from evaluasi_lib.findings import conclude
from evaluasi_lib.measures import Triangulated
from tests.made_studies import at, made, primary
from tests.situations import make

RULES = Path(el.__file__).parent
CLAIMS, DESIGNS = (
    yaml.safe_load((RULES / f"{name}.yml").read_text("utf-8")) for name in ("claims", "designs")
)
# Words by which a reader takes the program for the cause.
CAUSE = re.compile(
    r"The program (raised|lowered|is likely)|(?<!no )effect of the program|likely effect"
)


def persons(n=60, apart=0.0, gain=0.0):
    rng = np.random.default_rng(7)
    member = np.arange(n) % 2 == 1
    before = pd.Series(rng.normal(size=n)).groupby(member).transform(stats.zscore)
    before = 50 + 10 * before + apart * member  # exactly as far apart
    after = before + rng.normal(size=n) * 5 + gain * member
    return pd.DataFrame({"member": member, "before": before, "after": after}).round(1)


def program_of(folder, cell, data=None, **how):
    """A program of a cell of designs.yml: its design, waves and linking."""
    design, waves, *_linked = cell.split(".")
    data = persons() if data is None else data
    outcome = {"unit": "poin", "sesoi": 2, "label": "Nilai ujian"} | how.pop("outcome", {})
    if design == "single_group":
        data = data[data["member"] | (len(data) == 60)].drop(columns="member")
    if waves == "recalled":
        data = data.rename(columns={"before": "dulu@post"})
        outcome |= {"baseline_variable": "dulu", "retrospective": True}
    if waves == "once":
        data = data.drop(columns="before")
    if cell.endswith("unlinked"):
        how["link"] = "anonymous"
    return made(folder, data, design=design, outcome=outcome, **how)


def text_of(*chapters):
    """All that a reader reads, but for the tables of general rules."""
    pages = "".join(chapter.html() for chapter in chapters)
    pages = re.sub(r'<table id="tbl-aturan-putusan">.*?</table>', "", pages, flags=re.DOTALL)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", pages)))


# How a program was measured


@cache
def reported(cell, folder):
    """Language -> the report."""
    program_of(folder / cell, cell)
    languages = ("id", "en")
    return {lang: text_of(*el.open("uji", lang, folder / cell).report()) for lang in languages}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("rancangan")


@pytest.mark.parametrize("cell", DESIGNS)
def test_the_report_says_how_it_was_measured_and_nothing_that_does_not_fit(cell, folder):
    row = DESIGNS[cell]
    for language, text in reported(cell, folder).items():
        assert row["how"][language] in text
        assert row["means"][language] in text
        assert [p for p in row["never"][language] if p.casefold() in text.casefold()] == []
    if cell.startswith("randomised"):
        adjusted = "setelah disesuaikan" in reported(cell, folder)["id"]
        assert adjusted == (cell == "randomised.repeated.linked")


def test_every_design_has_its_sentences():
    designs = {"single_group", "comparison", "randomised"}
    waves = ("once", "repeated.linked", "repeated.unlinked")
    cells = {f"{d}.{w}" for d in designs for w in waves} | {"single_group.recalled"}
    assert cells == set(DESIGNS)


# What estimates claim

CLAIMED = [
    ("strong", "randomised.repeated.linked", persons(400)),
    ("moderate", "comparison.repeated.linked", persons(400)),
    ("weak", "comparison.repeated.unlinked", persons(200)),
    ("weak", "comparison.recalled", persons(400)),
    ("difference", "comparison.once", persons(400)),
    ("refuted", "comparison.repeated.linked", persons(400, apart=6)),
    ("change", "single_group.repeated.linked", persons(400)),
    ("recalled", "single_group.recalled", persons(400)),
]


@pytest.mark.parametrize("way", ["rose", "fell"])
@pytest.mark.parametrize(("claimed", "cell", "data"), CLAIMED)
def test_every_page_claims_what_design_and_rating_carry(tmp_path, claimed, cell, data, way):
    """First page, findings, chapter, figure and its alt text take their words from one table."""
    sign = 1 if way == "rose" else -1
    moved = data.assign(after=data["after"] + 8 * sign * data["member"])
    better = "higher" if way == "rose" else "lower"
    program = program_of(tmp_path, cell, moved, language="en", outcome={"direction": better})
    assert primary(program)["conclusion"] == "improved"
    sentence = CLAIMS[f"{way}.{claimed}"]["en"].split("{value}")[0].format(label="Nilai ujian")
    (strength,) = [s for s in program.result.strengths if s.id == "effect.y"]
    assert strength.statement.startswith(sentence)
    for chapters in (["ringkasan"], ["efektivitas"], ["kekuatan-kelemahan"], None):
        page = text_of(*program.report(chapters))
        assert bool(CAUSE.search(page)) == (claimed in ("strong", "moderate"))
        if chapters != ["kekuatan-kelemahan"]:
            assert CLAIMS[f"noun.{claimed}"]["en"] in page
    pictures = "".join(chapter.html() for chapter in program.report(["ringkasan"]))
    assert CLAIMS[f"noun.{claimed}"]["en"] in " ".join(re.findall(r'alt="([^"]*)"', pictures))
    assert ("Hollow marks" in pictures) == (claimed not in ("strong", "moderate"))


def test_no_effect_is_named_where_nothing_moved(tmp_path):
    data = persons(400)
    program = program_of(tmp_path, "randomised.repeated.linked", data, language="en")
    assert primary(program)["conclusion"] == "no_meaningful_change"
    page = text_of(*program.report(["ringkasan"]))
    assert "difference from the comparison" in page
    assert not CAUSE.search(page)


def test_a_share_of_persons_is_told_in_percentage_points(tmp_path):
    data = persons(400, gain=8)
    data[["before", "after"]] = data[["before", "after"]] > 50
    told = {"scale_type": "binary", "unit": "share of participants (0-1)", "sesoi": 0.05}
    program = program_of(tmp_path, "randomised.repeated.linked", data.astype(float) > 0,
                         outcome=told, language="en")  # fmt: skip
    found, page = primary(program), text_of(*program.report())
    assert "Nilai ujian (percentage points)" in page
    amount = f"{found['estimate'] * 100:.1f} percentage points after adjustment "
    ends = f"(95% interval {found['low'] * 100:.1f} to {found['high'] * 100:.1f})"
    assert amount + ends in page
    assert "(0-1)" not in page


@pytest.mark.parametrize(
    ("cell", "rating", "provisional"),
    [("comparison.once", 1, True), ("randomised.repeated.linked", 5, False)],
)
def test_a_decision_on_weak_evidence_never_stands_bare(tmp_path, cell, rating, provisional):
    """Persons improved, but few of them completed the program."""
    data = persons(400, gain=8).assign(diundang=lambda d: d["member"])
    data["selesai"] = data["member"] & (data.index % 9 == 0)
    flow = {"invited": "diundang", "enrolled": "diundang", "completed": "selesai"}
    program = program_of(tmp_path, cell, data, language="en", participation=flow)
    verdict = program.result.verdict
    assert (verdict.decision, verdict.provisional) == ("adjust", provisional)
    for chapter in ("ringkasan", "putusan"):
        assert ("provisionally" in text_of(*program.report([chapter]))) == provisional
    assert f"rated {rating} of 5" in verdict.certainty[0]
    assert bool(verdict.would_change) == provisional


# Who was measured, and what money withstands


def test_the_table_leads_from_the_enrolled_to_those_analysed(tmp_path):
    data = (
        persons(200).drop(columns="member").rename(columns={"before": "a@pre", "after": "a@post"})
    )
    data = data.clip(1, 5).assign(terdaftar=True)
    data.loc[:19, "a@pre"], data.loc[100:, "a@post"] = np.nan, np.nan
    keys: dict[str, Any] = {
        "participation": {"enrolled": "terdaftar"},
        "scales": {"s": {"points": 5}},
        "instruments": {"a": {"label": "A", "scale": "s", "items": ["a"]}},
        "outcomes": [{"id": "a", "label": "A", "level": "learning", "instrument": "a",
                      "unit": "poin", "baseline_wave": "pre"}],
    }  # fmt: skip
    page = "".join(c.html() for c in made(tmp_path, data.round(), language="en", **keys).report())
    (table,) = re.findall(r'<table id="tbl-gelombang">.*?</table>', page, flags=re.DOTALL)
    rows = [re.findall(r"<td[^>]*>([^<]*)", row) for row in table.split("<tr")[2:]]
    assert rows == [["200", "100%"], ["180", "90%"], ["100", "50%"], ["80", "40%"]]


def test_benefits_are_no_strength_where_most_moved_assumptions_say_no(tmp_path):
    data = persons(400, gain=8).assign(terdaftar=lambda d: d["member"])
    benefit = {"label": "Naskah", "outcome": "y", "value_per_unit_idr": 1000.0,
               "isolation": "comparison_group", "confidence_share": 0.75}  # fmt: skip
    cost = {"category": "pengajar", "realised_idr": 1_000_000}
    program = program_of(
        tmp_path, "randomised.repeated.linked", data, language="en",
        participation={"enrolled": "terdaftar"},
        costs={"price_year": 2025, "items": [cost], "benefits": [benefit]},
    )  # fmt: skip
    plain = at(program, "efficiency")["bcr"]
    for bcr, good in ((1.05, False), (5.0, True), (0.8, False)):
        result = program.what_if(costs={"pengajar": 1_000_000 * plain / bcr}).result
        found = {True: result.strengths, False: result.weaknesses}
        (note,) = [f for f in found[good] if f.id == "bcr.program"]
        assert not any(f.id == "bcr.program" for f in found[not good])
        assert ("that were moved" in note.statement) == (bcr == 1.05)


@pytest.mark.parametrize(
    ("answer", "strength"), [("yes", "agreement.did"), ("no", "agreement.held"), (None, None)]
)
def test_sources_that_agree_on_something_bad_are_no_strength(answer, strength):
    """A result by hand: sources that agree take interviews and documents to make."""
    questions = [
        {"id": "did", "text": "Did it help?", "outcome": "kinerja"},
        {"id": "held", "text": "Does workload hold back?", "barrier": "beban"},
    ]
    program, measured = make(program_keys={"questions": questions})
    rows = tuple(
        Triangulated(str(q["text"]), None, None, None, "convergent", answer=answer)
        for q in questions
    )
    found = conclude(program, dataclasses.replace(measured, triangulation=rows)).strengths
    assert [s.id for s in found if s.id.startswith("agreement.")] == [strength] * bool(strength)
