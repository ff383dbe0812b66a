"""No report leaves a question out in silence: it is shown, or the report says why it is not."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

import evaluasi_lib as el
from evaluasi_lib.cli import main
from tests.asked import unshown

SHARED = Path(__file__).resolve().parents[2] / "shared" / "real"
REAL = ("carpentries-instructor-training", "carpentries-longterm-2017")
ANSWERS = 24

DECLARED = """
{id: uji, title: Uji, kind: other, organisation: Badan, cycle: "2025",
 design: {type: single_group}, link: respondent_code, participation: {groups: [jk]}}
"""
COLUMNS = """
kode: {from: kode, type: respondent_code}
jk: {from: L/P, type: category}
cara: {from: "Cara?", type: category, label: "Cara belajar <b>Anda</b>?",
       categories: {daring: Daring, luring: "=1+1"}}
sering: {from: "Sering?", type: ordinal,
         categories: {jarang: Jarang, kadang: Kadang, sering: Sering}}
alat: {from: "Alat?", type: multi, separator: ";", options: {laptop: Laptop, gawai: Gawai}}
nilai: {from: Nilai, type: integer, min: 0, max: 10}
kosong: {from: Kosong, type: category, categories: {a: A, b: B}}
kota: {from: Kota, type: category}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("ditanya")
    raw = root / "raw" / "uji"
    raw.mkdir(parents=True)
    source = {"file": "survei.csv", "preset": "none", "wave": "post",
              "columns": yaml.safe_load(COLUMNS)}  # fmt: skip
    declared = yaml.safe_load(DECLARED) | {"sources": {"survei": source}}
    (raw / "program.yml").write_text(yaml.safe_dump(declared, sort_keys=False), encoding="utf-8")
    i = pd.Series(range(ANSWERS))
    table = pd.DataFrame(
        {
            "kode": "k" + i.astype(str),
            "L/P": (i % 2).map({0: "L", 1: "P"}),
            "Cara?": (i % 3).map({0: "luring", 1: "daring", 2: "daring"}),
            "Sering?": (i // 10).map({0: "jarang", 1: "kadang", 2: "sering"}),
            "Alat?": (i % 2).map({0: "Laptop", 1: "Laptop;Gawai"}),
            "Nilai": i % 11,
            "Kosong": None,
            "Kota": ["Desa Sepi", *["Kota"] * (ANSWERS - 1)],
        }
    )
    table.to_csv(raw / "survei.csv", index=False)
    el.open("uji", "id", root).report(out=root / "out", formats="html,xlsx")
    return root / "out" / "uji"


def test_each_answer_has_its_share_and_each_rating_its_mean(made):
    rows = {r["id"]: r for r in json.loads((made / "result.json").read_text("utf-8"))["measures"]}
    way = rows["asked/survei/cara/luring/share"]
    assert (way["n"], way["value"]) == (8, 8 / ANSWERS)
    assert 0 < way["low"] < way["value"] < way["high"] < 1
    assert rows["asked/survei/alat/gawai/share"]["n"] == ANSWERS / 2
    assert rows["asked/survei/alat/gawai/jk/P/share"]["n"] == ANSWERS / 2
    mean = rows["asked/survei/nilai/mean"]
    assert mean["value"] == pytest.approx(sum(i % 11 for i in range(ANSWERS)) / ANSWERS)
    assert mean["low"] < mean["value"] < mean["high"]
    hidden = rows["asked/survei/sering/sering/share"]
    assert (hidden["value"], hidden["reason"]) == (None, "small_cell")


def test_page_and_workbook_show_them_and_say_why_one_is_not_there(made):
    html = (made / "laporan.html").read_text("utf-8")
    for text in (
        "fig-tanya-survei-cara",
        "Paling sering: Daring (67%)",
        "tbl-pertanyaan-angka",
        "Cara belajar &lt;b&gt;Anda&lt;/b&gt;?",
        "Kosong: tidak seorang pun menjawab",
    ):
        assert text in html
    assert "<b>Anda</b>" not in html
    # An answer that one person gave is named nowhere.
    assert "Desa Sepi" not in html + (made / "result.json").read_text("utf-8")
    sheets = pd.read_excel(made / "lampiran.xlsx", sheet_name=None, engine="calamine")
    assert "=1+1" in set(sheets["pertanyaan"]["Jawaban"]), "a text, no formula"
    assert sheets["pertanyaan-angka"]["Rata-rata"].notna().all()


@pytest.mark.parametrize("name", REAL)
def test_every_question_of_a_real_survey_is_shown(name, tmp_path):
    path = SHARED / f"{name}.csv"
    if not path.is_file():
        pytest.skip(f"the shared real data are not here: {path.name}")
    (tmp_path / "raw").mkdir()
    assert main(["new", name, "--from", str(path), "--data", str(tmp_path)]) == 0
    program = el.open(name, data=tmp_path)
    program.report(out=tmp_path / "out", formats="html,xlsx")
    result = json.loads((tmp_path / "out" / name / "result.json").read_text("utf-8"))
    assert len(program.declared.sources) == 1
    assert unshown(program, result) == set()
