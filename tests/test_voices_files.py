"""Interviews, REFI-QDA projects, transcripts, documents and tables, good and hostile.

Tables and texts, and what becomes of them, are the cases of tests/data/voices/cases.yml.
"""

from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path
from typing import Any

import docx
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter

import evaluasi_lib as el
from evaluasi_lib.reading import pages
from tests.made_studies import make_study, survey

FOLDER = Path(__file__).parent / "data" / "voices"
CASES = yaml.safe_load((FOLDER / "cases.yml").read_text("utf-8"))
QDE = (FOLDER / "project.qde").read_text("utf-8")


def read(folder: Path, files: dict[str, Any], voices: dict[str, str]) -> tuple[Any, dict[str, Any]]:
    """A program (el.Program) of these voices and its restricted tables; files: name -> text, bytes,
    or what writes it to a path."""
    for name, content in files.items():
        path = folder / "raw" / "uji" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    declared: dict[str, Any] = {
        "design": {"type": "single_group"},
        "link": "anonymous",
        "sources": {"survei": survey({"saran": "open"})},
        "voices": {"open_answers": ["saran"]} | voices,
    }
    answers = pd.DataFrame({"saran": ["sering lembur"] * 8})
    program = make_study(folder, declared, {"survei": answers})
    tables = (folder / "processed" / "uji" / "restricted").glob("*.parquet")
    return program, {path.stem: pd.read_parquet(path) for path in tables}


def refused(folder: Path, files: dict[str, Any], voices: dict[str, str]) -> list[Any]:
    """The problems for which a program of these voices is refused."""
    with pytest.raises(el.EvaluationError) as error:
        read(folder, files, voices)
    assert all(problem.what for problem in error.value.problems)
    return list(error.value.problems)


def themes_of(program: Any) -> list[str]:
    answers = program.answers()
    return [c for c in answers if answers[c].dtype == bool and c != "content"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_tables_and_texts_are_read_or_refused(case: dict[str, Any], tmp_path: Path) -> None:
    files, voices = case["files"], case.get("voices", {})
    if "refused" in case:
        said = sorted(str(problem) for problem in refused(tmp_path, files, voices))
        for problem, words in zip(said, case["refused"], strict=True):
            assert [word for word in words if word not in problem] == []
        return
    program, tables = read(tmp_path, files, voices)
    for name, columns in case.get("gives", {}).items():
        assert tables[name][list(columns)].to_dict("list") == columns
        shown = tables[name].drop(columns="text", errors="ignore").to_csv()
        assert [word for word in case.get("unseen", ()) if word in shown] == []
    if "themes" in case:
        assert themes_of(program) == case["themes"]
        assert program.answers()[case["themes"][-1]].all()


# --- Projects ------------------------------------------------------------------------------------

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]>'
    "<Project>&c;</Project>"
)
PROJECT = {"interviews": "a.qdpx"}


def qdpx(path: Path, project: str = QDE, **members: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.qde", project)
        for name, text in {"sources/S1.txt": "Rapat lebih singkat sekarang.", **members}.items():
            archive.writestr(name, text)


def test_a_project_gives_nested_codes_and_excerpts_with_their_coder(tmp_path: Path) -> None:
    program, tables = read(tmp_path, {"a.qdpx": qdpx}, PROJECT)
    assert tables["interviews"].drop(columns=["unit", "case"]).to_dict("list") == {
        "respondent": ["R01", "R01", "R02"],
        "group": ["Alumni", "Alumni", ""],
        "coder": ["K01", "K02", "K01"],
        "code": ["rapat", "penerapan", "beban_kerja"],
        "above": ["manfaat > penerapan", "manfaat", ""],
        "excerpt": ["Rapat lebih singkat", "Rapat lebih singkat", "Kerjaan menumpuk"],
    }
    assert "Ani" not in tables["interviews"].to_csv()
    themes = {row.subject for row in program.result.rows if row.part == "themes"}
    assert {"penerapan", "beban_kerja"} <= themes
    assert "rapat" not in themes, "no theme of the codebook, but penerapan above it is"


def test_the_codebook_of_a_project_can_be_the_programs_own(tmp_path: Path) -> None:
    program, _tables = read(tmp_path, {"b.qdc": QDE}, {"codebook": "b.qdc"})
    assert themes_of(program) == ["beban_kerja", "penerapan", "rapat"], "manfaat holds others alone"


NESTED = '<Code name="a" guid="1">' * 60 + "</Code>" * 60
HOSTILE = {
    "cut": QDE[: len(QDE) // 2],
    "empty": "",
    "entities": BOMB,
    "an outside entity": '<!DOCTYPE a SYSTEM "file:///etc/passwd"><Project/>',
    "an unknown code": QDE.replace('targetGUID="c4"', 'targetGUID="c9"'),
    "beyond its text": QDE.replace('endPosition="16"', 'endPosition="1600"'),
    "no position": QDE.replace('endPosition="16"', 'endPosition="x"'),
    "no text": QDE.replace("internal://S1.txt", "internal://S9.txt"),
    "an outside text": QDE.replace("internal://S1.txt", "absolute:///etc/passwd"),
    "a text above": QDE.replace("internal://S1.txt", "internal://../../etc/passwd"),
    "nested": f"<Project><CodeBook><Codes>{NESTED}</Codes></CodeBook></Project>",
}


def test_a_broken_or_hostile_project_is_refused_in_words(tmp_path: Path) -> None:
    written = {name: lambda path, xml=xml: qdpx(path, xml) for name, xml in HOSTILE.items()}
    outside = {"../../jahat.txt": "x"}
    large = {"sources/S1.txt": " " * 50_000_001}
    written |= {
        "no archive": lambda path: path.write_bytes(b"PK\x03\x04 rusak"),
        "a place outside": lambda path: qdpx(path, **outside),
        "unpacks to too much": lambda path: qdpx(path, **large),
    }
    for name, write in written.items():
        (problem,) = refused(tmp_path / name, {"a.qdpx": write}, PROJECT)
        assert problem.remedy, name
        assert "Ibu Ani" not in str(problem)


# --- Documents -----------------------------------------------------------------------------------


def written(*paragraphs: str | None) -> Any:
    """What writes a document in Word; None: a page break."""
    document = docx.Document()
    for text in paragraphs:
        document.add_page_break() if text is None else document.add_paragraph(text)
    return lambda path: document.save(str(path))


def pdf(path: Path, n_pages: int = 1, password: str | None = None) -> Path:
    writer = PdfWriter()
    for _page in range(n_pages):
        writer.add_blank_page(100, 100)
    if password is not None:
        writer.encrypt(password)
    writer.write(path)
    return path


def test_pages_follow_the_breaks_a_scan_is_named_and_a_transcript_may_be_of_word(
    tmp_path: Path,
) -> None:
    files = {
        "d/a.docx": written("halaman satu", None, "halaman dua"),
        "d/b.pdf": lambda path: pdf(path, 3),
        "t/a.docx": written("P: Bagaimana?", "Atasan: Baik."),
    }
    program, tables = read(tmp_path, files, {"documents": "d", "transcripts": "t"})
    table = tables["documents"]
    assert table["page"].tolist() == [1, 2, 1, 2, 3]
    assert [text.strip() for text in table["text"][:2]] == ["halaman satu", "halaman dua"]
    (said,) = [r.text for r in program.result.remarks if r.id == "voices/documents"]
    assert "D02" in said
    assert "D01" not in said
    assert tables["transcripts"]["speaker"].tolist() == ["interviewer", "respondent"]


def test_hostile_documents_are_refused_one_by_one(tmp_path: Path) -> None:
    def entities(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("word/document.xml", BOMB)

    def huge(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(50_000_001)

    files = {
        "1-terkunci.pdf": lambda path: pdf(path, 1, "rahasia"),
        "2-panjang.pdf": lambda path: pdf(path, 1_001),
        "3-rusak.pdf": b"%PDF-1.7\n1 0 obj << /Length 99999", "4-rusak.docx": b"PK\x03\x04",
        "5-entitas.docx": entities, "6.exe": b"MZ", "7.txt": huge, "8.txt": "baik",
    }  # fmt: skip
    documents = {f"d/{name}": content for name, content in files.items()}
    problems = refused(tmp_path, documents, {"documents": "d"})
    assert [p.where.partition(".")[0] for p in problems] == [f"D0{n}" for n in range(1, 8)]


def test_a_document_that_takes_too_long_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within: through the door it would take the minute that it may take."""
    monkeypatch.setattr(pages, "MAX_SECONDS", -1.0)
    with pytest.raises(pages.Refused):
        list(pages.pages_of(pdf(tmp_path / "a.pdf", 2)))


@settings(max_examples=8, deadline=None)
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255), cut=st.integers(0, 10_000))
def test_damage_anywhere_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, at: int, byte: int, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("rusak")
    files = {}
    good = {"a.qdpx": qdpx, "dokumen/a.pdf": pdf, "dokumen/a.docx": written()}
    for name, write in good.items():
        write(path := folder / Path(name).name)
        data = bytearray(path.read_bytes())
        data[at % len(data)] = byte
        files[name] = bytes(data[: cut % len(data)] if cut % 3 == 0 else data)
    with contextlib.suppress(el.EvaluationError):
        read(folder / "data", files, PROJECT | {"documents": "dokumen"})
