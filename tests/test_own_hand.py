"""An agency's own hand in a report, without code: logo, cover, signatures, its own texts and words.

What a person wrote is marked, escaped and held against the measures that it names.
"""

from __future__ import annotations

import base64
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import evaluasi_lib as el
from evaluasi_lib.cli import main

DECLARED: dict[str, Any] = {
    "id": "uji", "title": "Uji", "kind": "other", "organisation": "Badan", "cycle": "2025",
    "design": {"type": "single_group"}, "link": "respondent_code",
    "unit": {"id": "perusahaan", "en": "agency"},
    "words": {"id": {"Ringkasan eksekutif": "Intisari <i>kami</i>", "{n} orang": "{n} badan"}},
    "report": {
        "date": "2025-10-01", "number": "EV-7", "author": "Tim", "logo": "lambang.png",
        "cover": True, "signatories": [
            {"role": "Mengetahui", "position": "Kepala <b>Badan</b>", "name": "=HYPERLINK(1)"},
        ],
    },
    "sources": {"survei": {"file": "survei.csv", "preset": "none", "wave": "post", "columns": {
        "kode": {"from": "kode", "type": "respondent_code"},
        "cara": {"from": "cara", "type": "category", "label": "Cara belajar",
                 "categories": {"daring": "Daring peserta", "luring": "Luring"}},
    }}},
}  # fmt: skip
AT = "asked/survei/cara/daring/share"
NOTES: list[dict[str, Any]] = [
    {"id": "kunjungan", "kind": "finding", "good": True, "evidence": [AT],
     "text": "<script>alert(1)</script> Kami melihat =1+1 di kelas."},
    {"id": "latar", "kind": "note", "chapter": "efektivitas", "file": "latar.md"},
    {"id": "saran", "kind": "recommendation", "owner": "Biro Umum", "due": "2026-01-31",
     "text": {"id": "Perpanjang pelatihan {n}.", "en": "Extend the training {n}."}},
]  # fmt: skip
MARKDOWN = "## Latar\n\nDua baris\nsatu alinea, **tebal** <img src=x onerror=y>.\n\n- satu\n- dua\n"


PNG = base64.b64decode(  # one blue pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGPgDp4CAAFfAPOnTF8YAAAAAElFTkSuQmCC"
)


def written(root: Path, declared: Any = None, notes: Any = None, **files: bytes | str) -> Path:
    """The data folder of the program, with what a test changes of it."""
    raw = root / "raw" / "uji"
    raw.mkdir(parents=True)
    said = DECLARED | (declared or {})
    (raw / "program.yml").write_text(yaml.safe_dump(said), encoding="utf-8")
    lines = ["kode,cara", *(f"k{i},{'daring' if i % 3 else 'luring'}" for i in range(30))]
    (raw / "survei.csv").write_text("\n".join(lines), encoding="utf-8")
    (raw / "lambang.png").write_bytes(PNG)
    (raw / "latar.md").write_text(MARKDOWN, encoding="utf-8")
    (raw / "catatan.yml").write_text(yaml.safe_dump(notes or NOTES), encoding="utf-8")
    for name, content in files.items():
        path = raw / name.replace("__", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = written(tmp_path_factory.mktemp("tangan"))
    (root / "kata.yml").write_text("id: {Metodologi: Cara kerja}\n", encoding="utf-8")
    el.open("uji", "id", root).report(out=root / "out", formats="html,xlsx")
    return root / "out" / "uji"


def test_the_evaluators_own_texts_stand_where_they_belong_and_say_whose_they_are(
    report: Path,
) -> None:
    html = (report / "laporan.html").read_text("utf-8")
    assert html.count("Tulisan penilai sendiri") == 3
    assert "Kekuatan, ditulis oleh penilai dan tidak dihitung menurut aturan." in html
    assert f"Bertumpu pada: Daring peserta ({AT})." in html
    assert "Biro Umum, paling lambat 31 Januari 2026." in html
    assert "<li>satu</li><li>dua</li>" in html
    assert "<h4>Latar</h4>" in html
    texts = json.loads((report / "result.json").read_text("utf-8"))["texts"]["own_texts"]
    assert [text["id"] for text in texts] == ["kunjungan", "latar", "saran"]
    found = json.loads((report / "result.json").read_text("utf-8"))
    assert found["texts"]["strengths"] == [], "they move nothing that is computed"


def test_nothing_that_a_person_wrote_is_run(report: Path) -> None:
    html = (report / "laporan.html").read_text("utf-8")
    for hostile in ("<script>", "<img src=x", "<b>Badan</b>", "<i>kami</i>"):
        assert hostile not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "Perpanjang pelatihan {n}." in html, "no place for a value in a person's text"
    with zipfile.ZipFile(report / "lampiran.xlsx") as book:
        sheets = [n for n in book.namelist() if n.startswith("xl/worksheets/sheet")]
        assert not any(b"<f>" in book.read(name) for name in sheets), "no formula"
        assert any(n.startswith("xl/media/") for n in book.namelist()), "the logo on the cover"
    names = pd.read_excel(report / "lampiran.xlsx", "tanda-tangan", engine="calamine")
    assert names["Nama"].tolist() == ["=HYPERLINK(1)"]


def test_logo_cover_and_signatures_are_the_agencys(report: Path) -> None:
    html = (report / "laporan.html").read_text("utf-8")
    assert re.search(r'<img [^>]*class="logo"[^>]*src="data:image/png;base64,', html)
    assert "Nomor laporan: EV-7" in html
    assert "Kepala &lt;b&gt;Badan&lt;/b&gt;" in html


def test_own_words_and_the_unit_stand_in_the_workbooks_sentences_alone(report: Path) -> None:
    html = (report / "laporan.html").read_text("utf-8")
    assert "Intisari &lt;i&gt;kami&lt;/i&gt;" in html
    assert "Ringkasan eksekutif" not in html
    assert "Cara kerja" in html, "kata.yml of the whole agency"
    assert "Metodologi" not in html
    assert "Daring peserta" in html, "what the program's author wrote stays"
    assert "perusahaan" in html
    assert " orang" not in html


def test_in_english_the_unit_is_said_in_the_plural_too(tmp_path: Path) -> None:
    root = written(tmp_path, notes=[{"id": "a", "kind": "note", "text": "x"}])
    pages = "".join(chapter.html() for chapter in el.open("uji", "en", root).report())
    assert "agencies" in pages
    assert "persons" not in pages


@pytest.mark.parametrize(
    ("changed", "notes", "says"),
    [
        ({}, [{"id": "a", "kind": "note"}], "salah satu saja"),
        ({}, [{"id": "a", "kind": "nota", "text": "x"}], "“nota” bukan nilai yang dikenal"),
        ({}, [{"id": "a", "kind": "note", "text": "x", "teks": "y"}], "teks"),
        ({}, [{"id": "a", "kind": "note", "file": "../../luar.md"}], "luar.md"),
        ({}, [{"id": "a", "kind": "note", "text": "x", "chapter": "efektif"}], "efektivitas"),
        ({}, [{"id": "a", "kind": "note", "text": "x"}] * 2, "dua catatan memiliki id “a”"),
        ({"report": {"logo": "latar.md"}}, None, "bukan gambar PNG atau JPEG"),
        ({"report": {"logo": "tiada.png"}}, None, "tidak ada berkas “tiada.png”"),
        ({"words": {"id": {"kata yang tak pernah ada": "x"}}}, None, "kata yang tak pernah ada"),
        ({"words": {"id": {"peserta": "{0.__class__}"}}}, None, "menaruh nilai"),
        ({"words": {"id": {"{n} orang": "{n} {m}"}}}, None, "menaruh nilai"),
        ({"unit": "{x}"}, None, "kata biasa"),
    ],
)
def test_check_names_what_does_not_fit(
    changed: Any, notes: Any, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = written(tmp_path, changed, notes)
    assert main(["check", "uji", "--data", str(root)]) == 1
    said = capsys.readouterr()
    assert says in said.out + said.err


def test_evidence_that_was_never_measured_is_an_error_with_the_nearest_id(tmp_path: Path) -> None:
    note = {"id": "a", "kind": "finding", "text": "x", "evidence": [AT.replace("share", "shares")]}
    root = written(tmp_path, notes=[note])
    with pytest.raises(el.EvaluationError, match=AT):
        _ = el.open("uji", "id", root).result
