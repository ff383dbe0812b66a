"""Interviews, REFI-QDA projects, transcripts, documents and tables, good and hostile."""

from __future__ import annotations

import contextlib
import os
import zipfile
from pathlib import Path

import docx
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter

import evaluasi_lib as el
from evaluasi_lib.program import Program
from evaluasi_lib.reading import pages
from evaluasi_lib.reading.codebook import Codebook, own_codebook, parse_model
from evaluasi_lib.reading.documents import (
    is_scan,
    read_codebook,
    read_documents,
    read_refi,
    read_transcripts,
    speaker_turns,
)
from evaluasi_lib.reading.pages import Refused, pages_of
from evaluasi_lib.reading.voices import read_table, read_voices
from evaluasi_lib.voices.feedback import code_answers
from evaluasi_lib.voices.interviews import theme_codes

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


def test_a_project_gives_nested_codes_and_excerpts_with_their_coder(tmp_path):
    excerpts = read_refi(qdpx(tmp_path / "a.qdpx"))
    assert excerpts["code"].tolist() == ["rapat", "penerapan", "beban_kerja"]
    assert excerpts["above"].tolist() == ["manfaat > penerapan", "manfaat", ""]
    assert excerpts["excerpt"].tolist() == [
        "Rapat lebih singkat", "Rapat lebih singkat", "Kerjaan menumpuk",
    ]  # fmt: skip
    assert excerpts["coder"].tolist() == ["Sri", "Budi", "Sri"]
    assert excerpts["group"].tolist() == ["Alumni", "Alumni", ""]


def test_a_codebook_alone_is_read(tmp_path):
    path = tmp_path / "a.qdc"
    path.write_text(
        '<CodeBook xmlns="urn:QDA-XML:codebook:1.0"><Codes><Code guid="1" name="a">'
        '<Code guid="2" name="b"/></Code></Codes></CodeBook>'
    )
    assert [c.path for c in read_codebook(path)] == [("a",), ("a", "b")]
    path.write_text(QDE)
    codes = read_codebook(path)
    assert [c.path for c in codes] == [
        ("manfaat",), ("manfaat", "penerapan"), ("manfaat", "penerapan", "rapat"), ("beban_kerja",),
    ]  # fmt: skip
    assert not codes[0].codable


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
    with pytest.raises(Refused) as error:
        read_refi(qdpx(tmp_path / "a.qdpx", project))
    assert str(error.value)
    assert "Ibu Ani" not in str(error.value)


def test_an_archive_that_names_a_place_outside_is_refused(tmp_path):
    with pytest.raises(Refused):
        read_refi(qdpx(tmp_path / "a.qdpx", **{"../../jahat.txt": "x"}))


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("evaluasi_lib.reading.documents.MAX_XML", 500)
    with pytest.raises(Refused):
        read_refi(qdpx(tmp_path / "a.qdpx"))


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255), cut=st.integers(0, 10_000))
def test_damage_anywhere_is_refused_or_harmless(tmp_path_factory, at, byte, cut):
    folder = tmp_path_factory.mktemp("rusak")
    good = [qdpx(folder / "a.qdpx"), pdf(folder / "a.pdf"), folder / "a.docx"]
    docx.Document().save(str(good[2]))
    for path in good:
        data = bytearray(path.read_bytes())
        data[at % len(data)] = byte
        path.write_bytes(bytes(data[: cut % len(data)] if cut % 3 == 0 else data))
        with contextlib.suppress(Refused):
            list(pages_of(path)) if path.suffix != ".qdpx" else read_refi(path)


def test_a_file_that_is_no_archive_is_refused(tmp_path):
    (tmp_path / "a.qdpx").write_bytes(b"PK\x03\x04 rusak")
    with pytest.raises(Refused):
        read_refi(tmp_path / "a.qdpx")


def test_turns_begin_with_a_speaker_and_join_their_lines():
    text = "Catatan\nP: Apa kabar?\nIbu Ani: Baik.\nSekali.\n\n12.30 istirahat\nP: Lalu?"
    assert speaker_turns(text) == [
        ("P", "Apa kabar?"), ("Ibu Ani", "Baik. Sekali. 12.30 istirahat"), ("P", "Lalu?"),
    ]  # fmt: skip
    assert speaker_turns("tanpa penanda sama sekali") == [("", "tanpa penanda sama sekali")]


def test_transcripts_keep_no_name(tmp_path):
    (tmp_path / "1.txt").write_text("Pewawancara: Apa?\nIbu Ani Lestari: Rapat singkat.")
    (tmp_path / "2.md").write_text("**P:** Apa?\n**Pak Edi:** Sibuk.")
    (tmp_path / "3.txt").write_text("cerita panjang")
    document = docx.Document()
    document.add_paragraph("P: Bagaimana?")
    document.add_paragraph("Atasan: Baik.")
    document.save(str(tmp_path / "4.docx"))
    table, problems = read_transcripts(tmp_path)
    assert table["respondent"].unique().tolist() == ["T01", "T02", "T03", "T04"]
    assert table.groupby("respondent")["speaker"].agg(list).to_dict() == {
        "T01": ["interviewer", "respondent"], "T02": ["interviewer", "respondent"],
        "T03": [""], "T04": ["interviewer", "respondent"],
    }  # fmt: skip
    assert (
        not table[["respondent", "speaker"]].astype(str).apply(" ".join).str.contains("Ani").any()
    )
    assert not problems


def pdf(path: Path, pages: int = 1, password: str | None = None) -> Path:
    writer = PdfWriter()
    for _page in range(pages):
        writer.add_blank_page(100, 100)
    if password is not None:
        writer.encrypt(password)
    writer.write(path)
    return path


def test_a_scan_is_named_and_keeps_its_pages(tmp_path):
    table, problems = read_documents(pdf(tmp_path / "pindaian.pdf", 3))
    assert not problems
    assert table["page"].tolist() == [1, 2, 3]
    assert is_scan("pindaian.pdf", table["text"])
    assert not is_scan("a.pdf", ["teks yang cukup panjang untuk sebuah halaman"])


def test_docx_pages_follow_the_breaks(tmp_path):
    document = docx.Document()
    document.add_paragraph("halaman satu")
    document.add_page_break()
    document.add_paragraph("halaman dua")
    document.save(str(tmp_path / "a.docx"))
    assert [p.strip() for p in pages_of(tmp_path / "a.docx")] == ["halaman satu", "halaman dua"]


def test_hostile_documents_are_refused_one_by_one(tmp_path):
    pdf(tmp_path / "1-terkunci.pdf", 1, "rahasia")
    pdf(tmp_path / "2-panjang.pdf", pages.MAX_PAGES + 1)
    (tmp_path / "3-rusak.pdf").write_bytes(b"%PDF-1.7\n1 0 obj << /Length 99999")
    (tmp_path / "4-rusak.docx").write_bytes(b"PK\x03\x04")
    with zipfile.ZipFile(tmp_path / "5-entitas.docx", "w") as archive:
        archive.writestr("word/document.xml", BOMB)
    (tmp_path / "6.exe").write_bytes(b"MZ")
    (tmp_path / "7.txt").write_bytes(b"x")
    os.truncate(tmp_path / "7.txt", pages.MAX_BYTES + 1)
    (tmp_path / "8.txt").write_text("baik")
    table, problems = read_documents(tmp_path)
    assert table["document"].tolist() == ["D08.txt"]
    assert [p.where.partition(".")[0] for p in problems] == [f"D0{n}" for n in range(1, 8)]


def test_a_document_that_takes_too_long_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "MAX_SECONDS", -1.0)
    with pytest.raises(Refused):
        list(pages_of(pdf(tmp_path / "a.pdf", 2)))


SURVEY = {"file": "s.csv", "columns": {"saran": {"from": "S", "type": "open"}}}


def program(**voices: str) -> Program:
    return Program.model_validate(
        {
            "id": "contoh", "title": "Contoh", "kind": "other", "organisation": "X", "cycle": "1",
            "design": {"type": "single_group"}, "link": "anonymous",
            "sources": {"survei": SURVEY},
            "voices": voices,
        }
    )  # fmt: skip


def test_interviews_lose_their_names_and_keep_order(tmp_path):
    (tmp_path / "w.csv").write_text(
        "responden;kelompok;kutipan;kode;pengode\nIbu Ani;Alumni;rapat singkat;penerapan;Sri\n"
        "Pak Edi;Atasan;sibuk;beban_kerja;Budi\nIbu Ani;Alumni;senang;manfaat;Sri\n"
    )
    tables, problems = read_voices(program(interviews="w.csv"), tmp_path)
    assert not problems
    table = tables["interviews"]
    assert table["respondent"].tolist() == ["R01", "R02", "R01"]
    assert table["coder"].tolist() == ["K01", "K02", "K01"]
    assert "Ani" not in table.to_csv()


def test_a_taguette_export_counts_each_document_as_an_interview(tmp_path):
    pd.DataFrame(
        {"id": [1, 2], "document": ["Ibu Ani.docx", "Pak Edi.docx"],
         "tag": ["penerapan", "jadwal"], "content": ["rapat singkat", "mepet"]}
    ).to_excel(tmp_path / "t.xlsx", index=False, engine="xlsxwriter")  # fmt: skip
    tables, problems = read_voices(program(interviews="t.xlsx"), tmp_path)
    assert not problems
    assert tables["interviews"][["respondent", "code"]].to_numpy().tolist() == [
        ["R01", "penerapan"], ["R02", "jadwal"],
    ]  # fmt: skip


def test_a_refi_project_is_read_as_interviews(tmp_path):
    qdpx(tmp_path / "p.qdpx")
    tables, problems = read_voices(program(interviews="p.qdpx"), tmp_path)
    assert not problems
    assert tables["interviews"]["respondent"].tolist() == ["R01", "R01", "R02"]
    themes = theme_codes(tables["interviews"], own_codebook())
    assert themes.tolist() == ["penerapan", "penerapan", "beban_kerja"]  # "rapat" lies below it
    assert "Ani" not in tables["interviews"].to_csv()


def test_a_refi_codebook_can_be_the_programs_own(tmp_path):
    (tmp_path / "b.qdc").write_text(
        '<CodeBook xmlns="urn:QDA-XML:codebook:1.0"><Codes><Code guid="1" name="Beban kerja">'
        '<Code guid="2" name="lembur"/></Code></Codes></CodeBook>'
    )
    tables, problems = read_voices(program(codebook="b.qdc"), tmp_path)
    assert not problems
    book = parse_model(tables["codebook"]["text"].iloc[0], "b", Codebook)
    assert list(book.themes) == ["beban_kerja", "lembur"]
    assert code_answers(["sering lembur"], book.themes).present["lembur"].tolist() == [True]


def test_every_missing_or_broken_file_is_a_problem_and_the_rest_is_read(tmp_path):
    (tmp_path / "kutipan.csv").write_text(
        "source,variable,row,theme,text,status\ns,v,1,a,b,setuju\n"
    )
    (tmp_path / "kode_manual.csv").write_text(
        "source,variable,row,theme\ns,saran,1,materi;jadwal\ns,saran,2,\n"
    )
    (tmp_path / "nilai.csv").write_text("dokumen,indikator,nilai\na.pdf,x,bagus\n")
    (tmp_path / "rubrik.yml").write_text("indikator: {}")
    tables, problems = read_voices(
        program(
            interviews="wawancra.csv", documents="../luar", rubric="rubrik.yml",
            document_ratings="nilai.csv", codebook="tidak-ada.yml",
        ),
        tmp_path,
    )  # fmt: skip
    assert sorted(tables) == ["manual_codes"]
    assert tables["manual_codes"]["theme"].tolist() == ["materi", "jadwal", ""]
    where = " ".join(p.where for p in problems)
    for name in (
        "wawancra.csv",
        "../luar",
        "rubrik.yml",
        "nilai.csv",
        "tidak-ada.yml",
        "kutipan.csv",
    ):
        assert name in where


def test_ratings_are_held_to_the_rubric(tmp_path):
    (tmp_path / "r.yml").write_text("max: 3\nindicators:\n  tujuan:\n    label: Tujuan\n")
    (tmp_path / "n.csv").write_text("dokumen,indikator,nilai\na.pdf,tujuan,3\na.pdf,tujuann,9\n")
    problems = read_voices(program(rubric="r.yml", document_ratings="n.csv"), tmp_path)[1]
    assert len(problems) == 2
    assert "tujuan" in problems[0].remedy
    assert "3" in problems[1].where  # the row, as a spreadsheet counts it


def test_a_missing_column_is_named(tmp_path):
    path = tmp_path / "w.csv"
    path.write_text("responden;teks\na;b\n")
    with pytest.raises(el.EvaluationError) as error:
        read_table(path, ["code", "excerpt"], [])
    assert "kode" in str(error.value)


def test_a_program_without_voices_reads_nothing(tmp_path):
    bare = program().model_copy(update={"voices": None})
    assert read_voices(bare, tmp_path) == ({}, [])
