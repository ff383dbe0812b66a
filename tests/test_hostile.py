"""Files that somebody sends to do harm: each ends in words, soon, and within little memory.

Every case is a good program of which one file was replaced. It goes through the command line in a
process of its own, whose time and memory are measured with those of its children.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

import evaluasi_lib as el
from evaluasi_lib.cli import main

ROOT = Path(__file__).resolve().parent.parent
MOST_SECONDS, MOST_BYTES = 10.0, 1_000_000_000
Spoil = Callable[[Path], object]

DECLARED = """\
id: program
title: Program
kind: other
organisation: Instansi
cycle: 2025
design: {type: single_group}
link: anonymous
sources:
  survei:
    file: FILE
    role: survey
    wave: post
    columns:
      nilai: {from: Nilai, type: number}
outcomes: []
"""
# Runs commands one after the other; of each its status, its words, its seconds, and the most KiB
# that this process or a child of it has held so far. What the system tells of a process at its end
# (ru_maxrss) counts what it was before it became another program: here the one that runs the tests.
MEASURED = """\
import contextlib, io, json, resource, sys, time
import evaluasi_lib.evaluation  # its libraries are no part of what is measured
from evaluasi_lib.cli import main
ran = []
for command in json.loads(sys.argv[1]):
    said, start = io.StringIO(), time.monotonic()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = main(command)
    seconds = time.monotonic() - start
    lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
    peak = max(int(lines["VmHWM"].split()[0]),
               resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    ran.append([status, said.getvalue(), seconds, peak * 1024])
print(json.dumps(ran))
"""


@dataclass(frozen=True)
class Ran:
    status: int
    said: str
    seconds: float
    peak: int


def run(commands: list[list[str]]) -> list[Ran]:
    """Commands of `evaluasi`, in English, in a process of their own."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, json.dumps(commands)],
        capture_output=True, text=True, timeout=300, check=False, cwd=ROOT,
        env=os.environ | {"EVALUASI_LANGUAGE": "en", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [Ran(*one) for one in json.loads(done.stdout)]


def checked(data: Path) -> dict[str, Ran]:
    """`evaluasi check` of each program in a folder of data."""
    ids = sorted(path.name for path in (data / "raw").iterdir())
    return dict(zip(ids, run([["check", i, "--data", str(data)] for i in ids]), strict=True))


def hold(ran: Ran) -> None:
    """What every hostile file ends in, whatever is said about it."""
    assert "Traceback" not in ran.said
    assert len(ran.said) < 5_000
    assert ran.seconds < MOST_SECONDS
    assert ran.peak < MOST_BYTES


def program(data: Path, file: str, program_id: str = "program") -> Path:
    """The folder of a program whose one source is the named file, which is not there yet."""
    folder = data / "raw" / program_id
    folder.mkdir(parents=True)
    text = DECLARED.replace("FILE", file).replace("id: program", f"id: {program_id}")
    (folder / "program.yml").write_text(text, encoding="utf-8")
    return folder


# --- What is in the files ----------------------------------------------------------------------

TOP = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
HEADING = '<row r="1"><c r="A1" t="inlineStr"><is><t>Nilai</t></is></c></row>'
FAR = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
LAUGHS = '<row r="2"><c r="A2" t="inlineStr"><is><t>&e9;</t></is></c></row>'


def packed(path: Path, good: bytes, part: str, *content: bytes) -> None:
    """A good file of zipped parts, with other content in one of them."""
    with (
        zipfile.ZipFile(io.BytesIO(good)) as old,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name != part:
                new.writestr(name, old.read(name))
        with new.open(part, "w", force_zip64=True) as file:
            for piece in content:
                file.write(piece)


def workbook(path: Path, rows: str, blanks: int = 0, before: str = "") -> None:
    """An XLSX of one sheet with these rows as XML, then megabytes of blanks."""
    good = io.BytesIO()
    pd.DataFrame().to_excel(good, engine="xlsxwriter")
    sheet = [(before + TOP + rows).encode(), *[b" " * 1_000_000] * blanks]
    end = b"</sheetData></worksheet>"
    packed(path, good.getvalue(), "xl/worksheets/sheet1.xml", *sheet, end)


def lying_zip_bomb(path: Path) -> None:
    """A workbook that unpacks to 300 MB, of which its directory says that it is small."""
    workbook(path, HEADING, blanks=300)
    with zipfile.ZipFile(path) as book:
        size = book.getinfo("xl/worksheets/sheet1.xml").file_size
    told, small = size.to_bytes(4, "little"), (1_000).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(told, small))


def outside(path: Path) -> None:
    secret = path.parent.parent.parent / "secret.xlsx"
    workbook(secret, HEADING)
    path.symlink_to(secret)


def wide(path: Path) -> None:
    """100,000 columns, of which the source declares one more."""
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(f"K{i}" for i in range(100_000)) + "\n")
        file.writelines(",".join(["1"] * 100_000) + "\n" for _row in range(20))


def spss_that_unpacks(path: Path) -> None:
    columns = {f"K{i}": np.zeros(100_000) for i in range(101)}
    pyreadstat.write_sav(pd.DataFrame(columns), path, compress=True)


def stata_that_says_much(path: Path) -> None:
    pyreadstat.write_dta(pd.DataFrame({"Nilai": [1.0, 2.0]}), path, version=14)
    content = path.read_bytes()
    n, more = b"<N>" + (2).to_bytes(8, "little"), b"<N>" + (2**40).to_bytes(8, "little")
    assert n in content
    path.write_bytes(content.replace(n, more))


def parquet_of_nothing(path: Path) -> None:
    """A hundred million times the same number, in less than a megabyte."""
    pq.write_table(pa.table({"Nilai": np.zeros(100_000_000, np.int8)}), path)


def parquet_of_one_text(path: Path) -> None:
    """A million times the same text of a million letters."""
    at = pa.array(np.zeros(1_000_000, np.int32))
    texts = pa.DictionaryArray.from_arrays(at, pa.array(["x" * 1_000_000]))
    pq.write_table(pa.table({"Nilai": texts}), path)


def json_of_other_keys(path: Path) -> None:
    """Each of 20,000 lines has a field of its own."""
    path.write_text("".join(json.dumps({f"k{i}": i}) + "\n" for i in range(20_000)))


def json_that_is_wide(path: Path) -> None:
    path.write_text((json.dumps({f"k{i}": {"a": i} for i in range(20_000)}) + "\n") * 20)


def broken(start: bytes) -> Spoil:
    return partial(Path.write_bytes, data=start + bytes(range(256)) * 40)


LEVELS = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))
DOCTYPE = f'<!DOCTYPE x [<!ENTITY e0 "ha">{LEVELS}]>'
DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
TABLES: dict[str, tuple[str, Spoil, str]] = {
    "far-cell": ("xlsx", partial(workbook, rows=HEADING + FAR), "too much memory"),
    "far-below": ("xlsx", partial(workbook, rows=HEADING + FAR.replace("XFD", "J")),
                  "1,048,576 rows and 10 columns"),
    "zip-bomb": ("xlsx", partial(workbook, rows=HEADING, blanks=300), "unpacks to too much"),
    "lying-zip-bomb": ("xlsx", lying_zip_bomb, "data.xlsx: "),
    "no-archive": ("xlsx", broken(b"PK\x03\x04 broken"), "cannot be read"),
    "entities": ("xlsx", partial(workbook, rows=HEADING + LAUGHS, before=DOCTYPE),
                 "cannot be read"),
    "link": ("xlsx", outside, "leads out of the program's folder"),
    "wide": ("csv", wide, "there is no column “Nilai”"),
    "spss-unpacks": ("zsav", spss_that_unpacks, "100,000 rows and 101 columns"),
    "spss-broken": ("sav", broken(b"$FL2"), "cannot be read"),
    "stata-long": ("dta", stata_that_says_much, "data.dta: "),
    "stata-broken": ("dta", broken(b"s"), "cannot be read"),
    "parquet-same": ("parquet", parquet_of_nothing, "unpacks to too much"),
    "parquet-text": ("parquet", parquet_of_one_text, "too much memory"),
    "parquet-broken": ("parquet", broken(b"PAR1"), "cannot be read"),
    "json-keys": ("jsonl", json_of_other_keys, "unpacks to too much"),
    "json-wide": ("jsonl", json_that_is_wide, "20 rows and 20,000 columns"),
    "json-deep": ("jsonl", partial(Path.write_bytes, data=DEEP), "cannot be read"),
}  # fmt: skip


def check_tables(data: Path) -> dict[str, Ran]:
    """`evaluasi check` of a program with each of the hostile tables."""
    for name, (kind, spoil, _words) in TABLES.items():
        spoil(program(data, f"data.{kind}", name) / f"data.{kind}")
    return checked(data)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Ran]]:
    data = tmp_path_factory.mktemp("tables")
    return data, check_tables(data)


@pytest.mark.parametrize("name", TABLES)
def test_a_hostile_table_is_refused(name: str, tables: tuple[Path, dict[str, Ran]]) -> None:
    data, ran = tables
    assert ran[name].status == 1
    assert TABLES[name][2] in ran[name].said
    hold(ran[name])
    with pytest.raises(el.EvaluationError):
        el.open(name, data=data)
    assert not (data / "processed" / name).exists()


def _nested(depth: int) -> str:
    return "title: " + "[" * depth + "]" * depth + "\n"


def _doubling(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, levels)]
    return "\n".join(lines) + "\n"


YAML = {
    "aliases that grow": (_doubling(12), "more than 200,000 values"),
    "an alias of itself": ("a: &a [*a]\n", "an alias stands within what it repeats"),
    "deep nesting": (_nested(100_000), "more than 50 levels"),
    "deep blocks": ("".join(" " * i + "a:\n" for i in range(1_000)), "more than 50 levels"),
    "a long text": ("title: " + "x" * 3_000_000 + "\n", "longer than 2,000,000 characters"),
    "many values": ("a: [" + "1," * 300_000 + "1]\n", "more than 200,000 values"),
    "a Python object": ("a: !!python/object/apply:os.system [touch x]\n", "not valid YAML"),
    "a day that is not": ("period: {start: 2025-02-30}\n", "line 1: the file is not valid YAML"),
    "control characters": ("title: \x1b[2J\x00\n", "not valid YAML"),
}


@pytest.mark.parametrize(("text", "words"), YAML.values(), ids=YAML)
@pytest.mark.parametrize("file", ["program.yml", "rekomendasi.yml"])
def test_hostile_yaml_is_refused(
    file: str, text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("EVALUASI_LANGUAGE", "en")
    folder = program(tmp_path, "data.csv")
    (folder / "data.csv").write_text("Nilai\n1\n", encoding="utf-8")
    (folder / file).write_text(text, encoding="utf-8")
    start = time.monotonic()
    assert main(["check", "program", "--data", str(tmp_path)]) == 1
    assert time.monotonic() - start < MOST_SECONDS
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl", "sav"])
@pytest.mark.parametrize("by", ["link", "name", "linked folder"])
def test_a_source_outside_the_folder_is_not_read(kind: str, by: str, tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere" / f"data.{kind}"
    secret.parent.mkdir()
    secret.write_text("Nilai\n1\n", encoding="utf-8")
    names = {"link": f"data.{kind}", "name": f"../../elsewhere/data.{kind}"}
    folder = program(tmp_path, names.get(by, f"folder/data.{kind}"))
    if by == "link":
        (folder / f"data.{kind}").symlink_to(secret)
    elif by == "linked folder":
        (folder / "folder").symlink_to(secret.parent)
    with pytest.raises(el.EvaluationError, match="folder program"):
        el.open("program", data=tmp_path)


def test_a_declaration_or_document_outside_the_folder_is_not_read(tmp_path: Path) -> None:
    folder = program(tmp_path, "data.csv")
    (folder / "dokumen").mkdir()
    for name in ("program.yml", "dokumen/rahasia.txt"):
        secret = tmp_path / Path(name).name
        secret.write_text(DECLARED, encoding="utf-8")
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(secret)
    with pytest.raises(el.EvaluationError) as caught:
        el.open("program", data=tmp_path)
    places = [problem.where for problem in caught.value.problems]
    assert places == ["program/dokumen/rahasia.txt", "program/program.yml"]


IDS = ["..", "../program", "a/b", "/etc", "a\\b", "a\0b", "con", "nul", "com1", "", " ", "x" * 65]


@pytest.mark.parametrize("program_id", IDS)
def test_an_id_that_is_a_path_or_reserved_is_refused(program_id: str, tmp_path: Path) -> None:
    program(tmp_path, "data.csv")
    with pytest.raises(el.EvaluationError):
        el.open(program_id, data=tmp_path)
    draft = tmp_path / "draft.csv"
    draft.write_text("Nilai\n1\n", encoding="utf-8")
    assert main(["new", program_id, "--from", str(draft), "--data", str(tmp_path)]) == 2
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["program"]


@pytest.mark.parametrize("name", ["../../out", "a/b", "a\\b", "a\0b", "..", ".hidden", "x" * 200])
@pytest.mark.parametrize("place", ["survei", "nilai"])
def test_a_name_of_the_declaration_that_is_a_path_is_refused(
    place: str, name: str, tmp_path: Path
) -> None:
    folder = program(tmp_path, "data.csv")
    (folder / "data.csv").write_text("Nilai\n1\n", encoding="utf-8")
    text = (folder / "program.yml").read_text(encoding="utf-8")
    quoted = '"' + name.replace("\\", "\\\\").replace("\0", "\\0") + '"'
    (folder / "program.yml").write_text(text.replace(f"{place}:", f"{quoted}:"), encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(el.EvaluationError):
        el.open("program", data=tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


# --- Documents -----------------------------------------------------------------------------------


def pdf(path: Path, *objects: bytes) -> None:
    """A PDF of numbered objects, the first of which is its catalogue."""
    content, places = b"%PDF-1.4\n", []
    for number, thing in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, thing)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count, start = len(objects) + 1, len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table)
    content += b"trailer\n<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF" % (count, start)
    path.write_bytes(content)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(content), content)


CATALOGUE = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Count 1/Kids[3 0 R]>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources%s>>"
FONT = b"<</Font<</A<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>/XObject<</F 5 0 R>>>>"
WORDS = b"BT /A 9 Tf (Rencana yang baik sekali) Tj ET "


def pdf_of_pages_in_a_ring(path: Path) -> None:
    """A tree of pages that is its own branch."""
    pdf(path, CATALOGUE, b"<</Type/Pages/Count 1/Kids[2 0 R]>>")


def pdf_of_forms(path: Path, form: bytes = b"/F Do /F Do ") -> None:
    """A page whose drawing is drawn by itself, twice each time."""
    more = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources" + FONT
    pdf(path, CATALOGUE, PAGES, PAGE % FONT, stream(WORDS + b"/F Do"), stream(WORDS + form, more))


def pdf_that_unpacks(path: Path) -> None:
    """A page of which a few kilobytes unpack, filter after filter, to gigabytes."""
    content = bytes(200_000_000)
    for _filter in range(3):
        content = zlib.compress(content, 9)
    filters = b"/Filter[/FlateDecode/FlateDecode/FlateDecode]"
    pdf(path, CATALOGUE, PAGES, PAGE % FONT, stream(content, filters), b"null")


def pdf_that_is_slow(path: Path) -> None:
    """A page of millions of words, of which each is placed by itself."""
    words = zlib.compress(b"BT /A 9 Tf " + b"1 0 0 1 3 3 Tm (ab) Tj " * 3_000_000 + b"ET")
    pdf(path, CATALOGUE, PAGES, PAGE % FONT, stream(words, b"/Filter/FlateDecode"), b"null")


def docx_of_a_million_paragraphs(path: Path) -> None:
    import docx

    good, part = io.BytesIO(), "word/document.xml"
    docx.Document().save(good)
    text = zipfile.ZipFile(good).read(part)
    body = text.replace(b"<w:body>", b"<w:body>" + b"<w:p/>" * 10_000_000)
    packed(path, good.getvalue(), part, body)


DOCUMENTS: dict[str, Spoil] = {
    "ring.pdf": pdf_of_pages_in_a_ring,
    "forms.pdf": pdf_of_forms,
    "harmless.pdf": partial(pdf_of_forms, form=b""),  # it is the ring that is refused above
    "unpacks.pdf": pdf_that_unpacks,
    "slow.pdf": pdf_that_is_slow,
    "long.docx": docx_of_a_million_paragraphs,
}


def check_documents(data: Path) -> dict[str, Ran]:
    """`evaluasi check` of a program with each of the hostile documents, and a good one."""
    for name, spoil in DOCUMENTS.items():
        folder = program(data, "data.csv", name.partition(".")[0])
        (folder / "data.csv").write_text("Nilai\n1\n", encoding="utf-8")
        with (folder / "program.yml").open("a", encoding="utf-8") as file:
            file.write("voices: {documents: dokumen}\n")
        (folder / "dokumen").mkdir()
        spoil(folder / "dokumen" / name)
        (folder / "dokumen" / "z.txt").write_text("Rencana yang baik.", encoding="utf-8")
    return checked(data)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    return check_documents(tmp_path_factory.mktemp("documents"))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_hostile_document_is_refused_or_harmless(name: str, documents: dict[str, Ran]) -> None:
    ran = documents[name.partition(".")[0]]
    shown = f"D01{Path(name).suffix}: "  # files are shown by their number
    assert (shown in ran.said) == (ran.status == 1)
    assert ran.status == 0 or name != "harmless.pdf"
    assert "D02.txt" not in ran.said, "one bad document keeps no other from being read"
    hold(ran)


def test_ordinary_workbooks_are_read_as_before(tmp_path: Path) -> None:
    rows = {
        "b": [1.234, 0.5],
        "c": [True, False],
        "d": [dt.date(2025, 2, 3), dt.datetime(2025, 2, 3, 4, 5, 6)],
        "e": ["teks\nbaris", "x"],
    }
    pd.DataFrame(rows, dtype=object).to_excel(tmp_path / "a.xlsx", index=False)
    first, second = el.read(tmp_path / "a.xlsx").to_numpy().tolist()
    assert first == ["1.2340", "true", "2025-02-03", "teks\nbaris"]
    assert second == ["0.5", "false", "2025-02-03 04:05:06", "x"]
