"""Interviews, REFI-QDA projects, transcripts, documents and tables, good and hostile."""

from __future__ import annotations

import contextlib
import os
import zipfile
from pathlib import Path
from typing import Any

import docx
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter

import evaluasi_lib as el
from evaluasi_lib.reading import pages
from tests.made_studies import make_study, survey

QDE = """<?xml version="1.0" encoding="utf-8"?>
<Project xmlns="urn:QDA-XML:project:1.0" name="Contoh" origin="tangan">
 <Users><User guid="u1" name="Sri"/><User guid="u2" name="Budi"/></Users>
 <CodeBook><Codes>
  <Code guid="c1" name="manfaat" isCodable="false">
   <Code guid="c2" name="penerapan" isCodable="true">
    <Code guid="c3" name="rapat" isCodable="true"/>
   </Code>
  </Code>
  <Code guid="c4" name="beban_kerja" isCodable="true"/>
 </Codes></CodeBook>
 <Sources>
  <TextSource guid="s1" name="Wawancara Ibu Ani" plainTextPath="internal://S1.txt">
   <PlainTextSelection guid="p1" startPosition="0" endPosition="20">
    <Coding guid="k1" creatingUser="u1"><CodeRef targetGUID="c3"/></Coding>
    <Coding guid="k2" creatingUser="u2"><CodeRef targetGUID="c2"/></Coding>
   </PlainTextSelection>
  </TextSource>
  <TextSource guid="s2" name="Wawancara Pak Edi">
   <PlainTextContent>Kerjaan menumpuk 🙂 terus.</PlainTextContent>
   <PlainTextSelection guid="p2" startPosition="0" endPosition="16">
    <Coding guid="k3" creatingUser="u1"><CodeRef targetGUID="c4"/></Coding>
   </PlainTextSelection>
  </TextSource>
 </Sources>
 <Sets><Set guid="g1" name="Alumni"><MemberSource targetGUID="s1"/></Set></Sets>
</Project>"""


def qdpx(path: Path, project: str = QDE, **members: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("project.qde", project)
        archive.writestr("sources/S1.txt", "Rapat lebih singkat sekarang.")
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def read(folder: Path, files: dict[str, Any] | None = None, **voices: str) -> dict[str, Any]:
    """The restricted tables of a program of these voices; files: name -> text, bytes, or what
    writes it to a path."""
    raw = folder / "raw" / "uji"
    for name, content in (files or {}).items():
        path = raw / name
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
    return {path.stem: pd.read_parquet(path) for path in tables} | {"program": program}


def refused(folder: Path, files: dict[str, Any] | None = None, **voices: str) -> list[Any]:
    """The problems for which a program of these voices is refused."""
    with pytest.raises(el.EvaluationError) as error:
        read(folder, files, **voices)
    return list(error.value.problems)


def interviews(folder: Path, project: Any) -> pd.DataFrame:
    return read(folder, {"a.qdpx": project}, interviews="a.qdpx")["interviews"]


def test_a_project_gives_nested_codes_and_excerpts_with_their_coder(tmp_path):
    excerpts = interviews(tmp_path, qdpx)
    assert excerpts["code"].tolist() == ["rapat", "penerapan", "beban_kerja"]
    assert excerpts["above"].tolist() == ["manfaat > penerapan", "manfaat", ""]
    assert excerpts["excerpt"].tolist() == [
        "Rapat lebih singkat", "Rapat lebih singkat", "Kerjaan menumpuk",
    ]  # fmt: skip
    assert excerpts["coder"].tolist() == ["K01", "K02", "K01"]
    assert excerpts["group"].tolist() == ["Alumni", "Alumni", ""]
    assert excerpts["respondent"].tolist() == ["R01", "R01", "R02"]
    assert "Ani" not in excerpts.to_csv()


def test_a_code_below_a_theme_counts_for_it(tmp_path):
    """ "rapat" is no theme of the codebook; "penerapan" above it is."""
    many = QDE.replace('name="Alumni"', 'name="x"')
    found = read(tmp_path, {"a.qdpx": lambda path: qdpx(path, many)}, interviews="a.qdpx")
    themes = {row.subject for row in found["program"].result.rows if row.part == "themes"}
    assert {"penerapan", "beban_kerja"} <= themes
    assert "rapat" not in themes


@pytest.mark.parametrize(
    ("text", "themes"),
    [
        ('<CodeBook xmlns="urn:QDA-XML:codebook:1.0"><Codes><Code guid="1" name="Beban kerja">'
         '<Code guid="2" name="lembur"/></Code></Codes></CodeBook>', ["beban_kerja", "lembur"]),
        (QDE, ["beban_kerja", "penerapan", "rapat"]),  # "manfaat" only holds others together
    ],
)  # fmt: skip
def test_a_refi_codebook_can_be_the_programs_own(tmp_path, text, themes):
    found = read(tmp_path, {"b.qdc": text}, codebook="b.qdc")
    answers = found["program"].answers()
    flags = [c for c in answers if answers[c].dtype == bool and c != "content"]
    assert flags == themes
    if "lembur" in themes:
        assert answers["lembur"].all()


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]>'
    "<Project>&c;</Project>"
)


@pytest.mark.parametrize(
    "project",
    [
        QDE[: len(QDE) // 2],
        "",
        BOMB,
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><Project/>',
        QDE.replace('targetGUID="c4"', 'targetGUID="c9"'),
        QDE.replace('endPosition="16"', 'endPosition="1600"'),
        QDE.replace('endPosition="16"', 'endPosition="x"'),
        QDE.replace("internal://S1.txt", "internal://S9.txt"),
        QDE.replace("internal://S1.txt", "absolute:///etc/passwd"),
        QDE.replace("internal://S1.txt", "internal://../../etc/passwd"),
        "<Project><CodeBook><Codes>" + '<Code name="a" guid="1">' * 60 + "</Code>" * 60
        + "</Codes></CodeBook></Project>",
    ],
)  # fmt: skip
def test_a_broken_or_hostile_project_is_refused_in_words(tmp_path, project):
    (problem,) = refused(tmp_path, {"a.qdpx": lambda p: qdpx(p, project)}, interviews="a.qdpx")
    assert problem.what
    assert problem.remedy
    assert "Ibu Ani" not in str(problem)


def test_an_archive_that_is_none_unpacks_to_too_much_or_names_a_place_outside_is_refused(
    tmp_path, monkeypatch
):
    outside = {"../../jahat.txt": "x"}
    for name, project in (("a", b"PK\x03\x04 rusak"), ("b", lambda p: qdpx(p, **outside))):
        assert len(refused(tmp_path / name, {"a.qdpx": project}, interviews="a.qdpx")) == 1
    monkeypatch.setattr("evaluasi_lib.reading.documents.MAX_XML", 500)
    assert len(refused(tmp_path / "c", {"a.qdpx": qdpx}, interviews="a.qdpx")) == 1


@settings(max_examples=8, deadline=None)
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255), cut=st.integers(0, 10_000))
def test_damage_anywhere_is_refused_or_harmless(tmp_path_factory, at, byte, cut):
    folder = tmp_path_factory.mktemp("rusak")
    good = [qdpx(folder / "a.qdpx"), pdf(folder / "a.pdf"), folder / "a.docx"]
    docx.Document().save(str(good[2]))
    files = {}
    for path in good:
        data = bytearray(path.read_bytes())
        data[at % len(data)] = byte
        place = path.name if path.suffix == ".qdpx" else f"dokumen/{path.name}"
        files[place] = bytes(data[: cut % len(data)] if cut % 3 == 0 else data)
    with contextlib.suppress(el.EvaluationError):
        read(folder / "data", files, interviews="a.qdpx", documents="dokumen")


# Transcripts and documents


def written(*paragraphs: str | None) -> Any:
    """What writes a document in Word; None: a page break."""
    document = docx.Document()
    for text in paragraphs:
        document.add_page_break() if text is None else document.add_paragraph(text)
    return lambda path: document.save(str(path))


def test_transcripts_keep_no_name_and_join_the_lines_of_a_turn(tmp_path):
    files = {
        "t/1.txt": "Pewawancara: Apa?\nIbu Ani Lestari: Rapat singkat.\nSekali.\n\n12.30 istirahat",
        "t/2.md": "**P:** Apa?\n**Pak Edi:** Sibuk.",
        "t/3.txt": "cerita panjang",
        "t/4.docx": written("P: Bagaimana?", "Atasan: Baik."),
    }
    table = read(tmp_path, files, transcripts="t")["transcripts"]
    assert table.groupby("respondent")["speaker"].agg(list).to_dict() == {
        "T01": ["interviewer", "respondent"], "T02": ["interviewer", "respondent"],
        "T03": [""], "T04": ["interviewer", "respondent"],
    }  # fmt: skip
    assert table["text"][1] == "Rapat singkat. Sekali. 12.30 istirahat"
    who = table[["respondent", "speaker"]].astype(str).apply(" ".join)
    assert not who.str.contains("Ani").any()


def pdf(path: Path, pages: int = 1, password: str | None = None) -> Path:
    writer = PdfWriter()
    for _page in range(pages):
        writer.add_blank_page(100, 100)
    if password is not None:
        writer.encrypt(password)
    writer.write(path)
    return path


def test_pages_of_documents_follow_the_breaks_and_a_scan_is_named(tmp_path):
    files = {"d/a.docx": written("halaman satu", None, "halaman dua"),
             "d/b.pdf": lambda path: pdf(path, 3)}  # fmt: skip
    found = read(tmp_path, files, documents="d")
    table = found["documents"]
    assert table["page"].tolist() == [1, 2, 1, 2, 3]
    assert [text.strip() for text in table["text"][:2]] == ["halaman satu", "halaman dua"]
    (said,) = [r.text for r in found["program"].result.remarks if r.id == "voices/documents"]
    assert "D02" in said
    assert "D01" not in said


def test_hostile_documents_are_refused_one_by_one(tmp_path):
    def entities(path):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("word/document.xml", BOMB)

    def huge(path):
        path.write_bytes(b"x")
        os.truncate(path, pages.MAX_BYTES + 1)

    files = {
        "1-terkunci.pdf": lambda path: pdf(path, 1, "rahasia"),
        "2-panjang.pdf": lambda path: pdf(path, pages.MAX_PAGES + 1),
        "3-rusak.pdf": b"%PDF-1.7\n1 0 obj << /Length 99999", "4-rusak.docx": b"PK\x03\x04",
        "5-entitas.docx": entities, "6.exe": b"MZ", "7.txt": huge, "8.txt": "baik",
    }  # fmt: skip
    problems = refused(tmp_path, {f"d/{n}": c for n, c in files.items()}, documents="d")
    assert [p.where.partition(".")[0] for p in problems] == [f"D0{n}" for n in range(1, 8)]


def test_a_document_that_takes_too_long_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "MAX_SECONDS", -1.0)
    with pytest.raises(pages.Refused):
        list(pages.pages_of(pdf(tmp_path / "a.pdf", 2)))


# Tables


def test_interviews_lose_their_names_and_keep_order(tmp_path):
    text = (
        "responden;kelompok;kutipan;kode;pengode\nIbu Ani;Alumni;rapat singkat;penerapan;Sri\n"
        "Pak Edi;Atasan;sibuk;beban_kerja;Budi\nIbu Ani;Alumni;senang;manfaat;Sri\n"
    )
    table = read(tmp_path, {"w.csv": text}, interviews="w.csv")["interviews"]
    assert table["respondent"].tolist() == ["R01", "R02", "R01"]
    assert table["coder"].tolist() == ["K01", "K02", "K01"]
    assert "Ani" not in table.to_csv()


def test_a_taguette_export_counts_each_document_as_an_interview(tmp_path):
    table = pd.DataFrame(
        {"id": [1, 2], "document": ["Ibu Ani.docx", "Pak Edi.docx"],
         "tag": ["penerapan", "jadwal"], "content": ["rapat singkat", "mepet"]}
    )  # fmt: skip
    files = {"t.xlsx": lambda path: table.to_excel(path, index=False, engine="xlsxwriter")}
    found = read(tmp_path, files, interviews="t.xlsx")["interviews"]
    assert found[["respondent", "code"]].to_numpy().tolist() == [
        ["R01", "penerapan"], ["R02", "jadwal"],
    ]  # fmt: skip


def test_hand_codes_of_several_themes_are_told_apart(tmp_path):
    codes = "source,variable,row,theme\nsurvei,saran,1,materi;jadwal\nsurvei,saran,2,\n"
    found = read(tmp_path, {"kode_manual.csv": codes})["manual_codes"]
    assert found["theme"].tolist() == ["materi", "jadwal", ""]


def test_every_missing_or_broken_file_is_a_problem(tmp_path):
    files = {
        "kutipan.csv": "source,variable,row,theme,text,status\ns,v,1,a,b,setuju\n",
        "nilai.csv": "dokumen,indikator,nilai\na.pdf,x,bagus\n",
        "rubrik.yml": "indikator: {}",
    }
    problems = refused(
        tmp_path, files, interviews="wawancra.csv", documents="../luar", rubric="rubrik.yml",
        document_ratings="nilai.csv", codebook="tidak-ada.yml",
    )  # fmt: skip
    where = " ".join(p.where for p in problems)
    for name in ("wawancra.csv", "../luar", "tidak-ada.yml", *files):
        assert name in where


def test_ratings_are_held_to_the_rubric(tmp_path):
    files = {"r.yml": "max: 3\nindicators:\n  tujuan:\n    label: Tujuan\n",
             "n.csv": "dokumen,indikator,nilai\na.pdf,tujuan,3\na.pdf,tujuann,9\n"}  # fmt: skip
    problems = refused(tmp_path, files, rubric="r.yml", document_ratings="n.csv")
    assert len(problems) == 2
    assert "tujuan" in problems[0].remedy
    assert "3" in problems[1].where  # the row, as a spreadsheet counts it


def test_a_missing_column_is_named(tmp_path):
    (problem,) = refused(tmp_path, {"w.csv": "responden;teks\na;b\n"}, interviews="w.csv")
    assert "kode" in str(problem)
