"""Texts that try to be code, in every place where people write, through every form of a report."""

from __future__ import annotations

import io
import json
import re
import shutil
import time
import zipfile
from pathlib import Path

import docx
import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

import evaluasi_lib as el

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
# Control characters, and signs that turn or split what is read.
UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _hostile_copy(folder: Path, secret: Path) -> None:
    """The worst of the ugly programs, with TEXTS where it has titles, answers and documents."""
    shutil.copytree(RAW, folder)
    texts = [text.replace("RAHASIA", str(secret)) for text in TEXTS.values()]
    every = " ".join(texts)
    declared = (folder / "program.yml").read_text(encoding="utf-8")
    for place in ('Saran & <usul>"}', '+Nilai <svg onload=alert(8)>"'):
        assert place in declared
    title = json.dumps(every)[:-1] + ' 🙏"'
    declared = declared.replace('"+Nilai <svg onload=alert(8)>"', title)
    declared = declared.replace('label: "Saran & <usul>"}', f"label: {title}}}")
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
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report in every form."""
    data = tmp_path_factory.mktemp("data")
    secret = data / "rahasia.txt"
    secret.write_text(SECRET, encoding="utf-8")
    _hostile_copy(data / "raw" / RAW.name, secret)
    start = time.monotonic()
    el.open(RAW.name, "id", data).report(out=data / "out", formats="html,xlsx,docx,pdf")
    assert time.monotonic() - start < 60
    return data / "out" / RAW.name


def texts_of(made: Path) -> dict[str, str]:
    """Form -> everything that can be read in it, parts of archives one after another."""
    found = {}
    for path in made.iterdir():
        content = path.read_bytes()
        if path.suffix in (".docx", ".xlsx"):
            with zipfile.ZipFile(io.BytesIO(content)) as book:
                content = b"".join(book.read(name) for name in book.namelist())
        elif path.suffix == ".pdf":
            content = "".join(page.extract_text() for page in PdfReader(path).pages).encode()
        assert len(content) < 20_000_000, path.name
        found[path.suffix] = content.decode("utf-8", "replace")
    return found


def test_a_report_is_made_and_holds_no_file_that_a_text_names(made: Path) -> None:
    texts = texts_of(made)
    assert {".html", ".xlsx", ".docx", ".pdf", ".json"} <= set(texts)
    assert not [form for form, text in texts.items() if SECRET in text]
    assert not list(made.parent.parent.rglob("terjadi"))
    assert len(texts[".html"]) < 5_000_000, "a text of ten megabytes is cut"


def test_the_page_runs_nothing_and_shows_the_texts_as_texts(made: Path) -> None:
    page = BeautifulSoup((made / "laporan.html").read_text("utf-8"), "html5lib")
    assert page.find("script") is None
    assert not page.find_all(lambda tag: any(a.lower().startswith("on") for a in tag.attrs))
    links = [tag.get("href") or tag.get("src") for tag in page.find_all(["a", "img", "svg"])]
    assert all(a is None or a.startswith(("#", "data:image/")) for a in links)
    text = page.get_text(" ")
    assert "alert(1)" in text
    assert '#eval("1+1")' in text
    assert "{__class__}" in text


def test_nothing_unseen_is_left_in_any_form(made: Path) -> None:
    paragraphs = docx.Document(str(made / "laporan.docx")).paragraphs
    pages = PdfReader(made / "laporan.pdf").pages
    html = (made / "laporan.html").read_text("utf-8")
    forms = {
        "html": BeautifulSoup(html, "html5lib").get_text(" "),
        "json": (made / "result.json").read_text("utf-8"),
        "docx": "\n".join(paragraph.text for paragraph in paragraphs),
        "pdf": "".join(page.extract_text() for page in pages),
    }
    for form, text in forms.items():
        assert "exe" in text, form
        assert not UNSEEN.findall(text), form
    assert "[emoji]" in " ".join(forms["pdf"].split())


def test_no_document_holds_a_formula_a_link_or_a_macro(made: Path) -> None:
    for path in (made / "lampiran.xlsx", made / "laporan.docx"):
        with zipfile.ZipFile(path) as book:
            assert not [n for n in book.namelist() if "vba" in n.lower() or "external" in n.lower()]
            for name in book.namelist():
                content = book.read(name).decode("utf-8", "replace")
                if name.startswith("xl/worksheets/"):
                    assert not re.search(r"<f[ >]", content), name
                outside = re.findall(r'Target="([^"]*)"[^>]*TargetMode="External"', content)
                assert not [t for t in outside if not t.startswith("#")], (name, outside)
    for page in PdfReader(made / "laporan.pdf").pages:
        for mark in page.get("/Annots") or []:
            action = mark.get_object().get("/A") or {}
            assert action.get("/S") not in ("/JavaScript", "/Launch", "/URI"), action
