"""Texts that try to be code, in every place where people write, through every form of a report."""

from __future__ import annotations

import io
import json
import re
import shutil
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import docx
import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

from evaluasi_lib.check import DataFolder
from evaluasi_lib.evaluation import open_study, result_of
from evaluasi_lib.program import UNSEEN
from evaluasi_lib.reporting.export import render_html, write_report
from evaluasi_lib.reporting.sections import report_sections
from evaluasi_lib.reporting.stamp import Sources
from evaluasi_lib.results import result_json

RAW = Path(__file__).resolve().parent / "ugly" / "raw" / "satu-kelompok"
SECRET = "isi-berkas-rahasia"
# One line each, so that it can stand in a cell, a title and a document.
TEXTS = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "entity": "&lt;script&gt;alert(3)&lt;/script&gt;",
    "markdown": "# Judul ![x](file:///etc/passwd) [y](javascript:alert(4)) `kode` ~~~{=html}",
    "raw": "```{=html} <script>alert(5)</script> ``` $$x^2$$ <!-- -->",
    "latex": r"\input{RAHASIA} \write18{touch terjadi} $\def\x{\x\x}\x$",
    "typst": '#read("RAHASIA") #eval("1+1") #panic() $ #sys $ */ // "]) #pagebreak()',
    "formula": '=HYPERLINK("http://contoh.invalid","klik") +1 @SUM(A1) =cmd|\' /C calc\'!A0',
    "ansi": "\x1b[2J\x1b]0;judul\x07\x1b[31mmerah",
    "bidi": "\u202egnp.exe\u202c \u2066balik\u2069",
    "nul": "awal\x00akhir\x01\x7f\x9b",
    "format": "{0} {__class__} %s %(x)s ${HOME} {{7*7}}",
}
LONG = "panjang " * 1_250_000  # ten megabytes


@dataclass(frozen=True)
class Made:
    folder: Path
    result: dict[str, object]
    html: str
    seconds: float


def _hostile_copy(folder: Path, secret: Path) -> None:
    """The worst of the ugly programs, with TEXTS where it has titles, answers and documents."""
    shutil.copytree(RAW, folder)
    texts = [text.replace("RAHASIA", str(secret)) for text in TEXTS.values()]
    every = " ".join(texts)
    declared = (folder / "program.yml").read_text(encoding="utf-8")
    for place in ('Saran & <usul>"}', '+Nilai <svg onload=alert(8)>"'):
        assert place in declared
    declared = declared.replace('"+Nilai <svg onload=alert(8)>"', json.dumps(every)).replace(
        'label: "Saran & <usul>"}', f"label: {json.dumps(every)}}}"
    )
    (folder / "program.yml").write_text(declared, encoding="utf-8")
    answers = (folder / "kutipan.csv").read_text(encoding="utf-8").splitlines()
    quoted = every.replace('"', '""')
    answers += [f'pasca,saran,{n},materi,"{text}",disetujui' for n, text in
                ((3, quoted), (4, LONG))]  # fmt: skip
    (folder / "kutipan.csv").write_text("\n".join(answers) + "\n", encoding="utf-8")
    (folder / "dokumen" / "musuh.txt").write_text(every + "\n" + LONG, encoding="utf-8")
    with (folder / "wawancara.csv").open("a", encoding="utf-8") as file:
        for text in (quoted, LONG):
            file.write(f'<R1>,=Kelompok,materi,"{text}",K1\n')
    path = folder / "pasca.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    long = lines[3].replace(lines[3].rsplit(",", 2)[1], LONG)
    path.write_text("\n".join([*lines[:3], long, *lines[4:]]) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    data = tmp_path_factory.mktemp("data")
    secret = data / "rahasia.txt"
    secret.write_text(SECRET, encoding="utf-8")
    _hostile_copy(data / "raw" / RAW.name, secret)
    folder = data / "out"
    folder.mkdir()
    start = time.monotonic()
    place = DataFolder.at(data)
    study = open_study(place, RAW.name)
    result = result_of(study, Sources(place))
    sections = report_sections(study.program, result)
    write_report(folder, sections, result, ("html", "xlsx", "docx", "pdf"))
    html = render_html(sections, result)
    return Made(folder, json.loads(result_json(result)), html, time.monotonic() - start)


def test_a_report_is_made_and_holds_no_file_that_a_text_names(made: Made) -> None:
    assert {p.suffix for p in made.folder.iterdir()} >= {".html", ".xlsx", ".docx", ".pdf"}
    assert not list(made.folder.parent.rglob("terjadi"))
    for path in made.folder.iterdir():
        content = path.read_bytes()
        if path.suffix in (".docx", ".xlsx"):
            with zipfile.ZipFile(io.BytesIO(content)) as book:
                content = b"".join(book.read(name) for name in book.namelist())
        elif path.suffix == ".pdf":
            content = "".join(page.extract_text() for page in PdfReader(path).pages).encode()
        assert SECRET.encode() not in content, path.name
        assert len(content) < 20_000_000, path.name


def test_the_page_runs_nothing_and_shows_the_texts_as_texts(made: Made) -> None:
    page = BeautifulSoup(made.html, "html5lib")
    assert page.find("script") is None
    assert not page.find_all(lambda tag: any(a.lower().startswith("on") for a in tag.attrs))
    links = [tag.get("href") or tag.get("src") for tag in page.find_all(["a", "img", "svg"])]
    assert all(a is None or a.startswith(("#", "data:image/")) for a in links)
    text = page.get_text(" ")
    assert "alert(1)" in text
    assert '#eval("1+1")' in text
    assert "{__class__}" in text


def test_nothing_unseen_is_left_in_any_form(made: Made) -> None:
    forms = {
        "html": BeautifulSoup(made.html, "html5lib").get_text(" "),
        "json": json.dumps(made.result, ensure_ascii=False),
        "docx": "\n".join(p.text for p in docx.Document(
            str(next(made.folder.glob("*.docx")))).paragraphs),
        "pdf": "".join(p.extract_text() for p in PdfReader(
            next(made.folder.glob("*.pdf"))).pages),
    }  # fmt: skip
    for form, text in forms.items():
        assert "exe" in text, form
        found = {hex(ord(sign)) for sign in UNSEEN.findall(text)}
        assert not found - {"0xa"}, (form, found)


def test_no_document_holds_a_formula_a_link_or_a_macro(made: Made) -> None:
    for path in (*made.folder.glob("*.xlsx"), *made.folder.glob("*.docx")):
        with zipfile.ZipFile(path) as book:
            assert not [n for n in book.namelist() if "vba" in n.lower() or "external" in n.lower()]
            for name in book.namelist():
                content = book.read(name).decode("utf-8", "replace")
                if name.startswith("xl/worksheets/"):
                    assert not re.search(r"<f[ >]", content), name
                outside = re.findall(r'Target="([^"]*)"[^>]*TargetMode="External"', content)
                assert not [t for t in outside if not t.startswith("#")], (name, outside)
    for page in PdfReader(next(made.folder.glob("*.pdf"))).pages:
        for mark in page.get("/Annots") or []:
            action = mark.get_object().get("/A") or {}
            assert action.get("/S") not in ("/JavaScript", "/Launch", "/URI"), action


def test_a_text_of_ten_megabytes_is_cut(made: Made) -> None:
    assert len(made.html) < 5_000_000
    assert made.seconds < 60
