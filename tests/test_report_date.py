"""A report says when it was written, by whom and whom to ask; its files say the same."""

from __future__ import annotations

import io
import shutil
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from pypdf import PdfReader

import evaluasi_lib as el

RAW = Path(__file__).resolve().parent.parent / "data" / "raw" / "nsw-1976"
FORMATS = "html,pdf,docx,xlsx"
SAID = {"date": "2025-09-15", "number": "EV-7", "author": "Evaluation unit", "contact": "room 12"}
Files = dict[str, bytes]


def report(root: Path, said: dict[str, Any], formats: str = FORMATS) -> Files:
    """The files of a report of a program that says this about it: suffix -> content."""
    folder = root / "raw" / RAW.name
    if not folder.is_dir():
        shutil.copytree(RAW, folder)
    declared = yaml.safe_load((RAW / "program.yml").read_text(encoding="utf-8"))
    text = yaml.safe_dump(declared | {"report": said}, allow_unicode=True)
    (folder / "program.yml").write_text(text, encoding="utf-8")
    out = root / f"out{len(list(root.iterdir()))}"
    el.open(RAW.name, "en", root).report(["program", "lampiran"], out=out, formats=formats)
    return {path.suffix: path.read_bytes() for path in out.rglob("*.*")}


def core(content: bytes) -> str:
    """What an XLSX or DOCX says of itself."""
    return zipfile.ZipFile(io.BytesIO(content)).read("docProps/core.xml").decode()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Files]:
    root = tmp_path_factory.mktemp("dated")
    return root, report(root, SAID)


def test_every_file_says_date_number_author_and_contact(made: tuple[Path, Files]) -> None:
    root, files = made
    page = files[".html"].decode()
    assert "dated September 15, 2025" in page
    for text in ("EV-7", "Evaluation unit", "room 12"):
        assert text in page
    organisation = el.open(RAW.name, "en", root).result.program.organisation
    for suffix in (".xlsx", ".docx"):
        about = core(files[suffix])
        assert "2025-09-15T00:00:00Z" in about
        assert "<dc:creator>Evaluation unit</dc:creator>" in about
        assert "<cp:keywords>EV-7</cp:keywords>" in about
        assert f"<dc:subject>{organisation}</dc:subject>" in about
    said = PdfReader(io.BytesIO(files[".pdf"])).metadata
    assert said is not None
    assert said.creation_date.date().isoformat() == "2025-09-15"
    assert (said["/Keywords"], said["/Author"]) == ("EV-7", "Evaluation unit")
    assert said["/Subject"] == organisation


def test_the_same_report_is_the_same_bytes(made: tuple[Path, Files]) -> None:
    root, files = made
    time.sleep(2.1)  # an archive counts time in steps of two seconds
    assert report(root, SAID) == files


def test_a_date_that_nobody_declared_is_the_last_day_of_the_program_and_says_so(
    tmp_path: Path,
) -> None:
    files = report(tmp_path, {}, "html,xlsx")
    assert "(last day of the program)" in files[".html"].decode()
    # The program ended in 1977, and a ZIP archive knows no day before 1980.
    assert "1980-01-01T00:00:00Z" in core(files[".xlsx"])


def test_source_date_epoch_is_the_date_of_every_file(
    made: tuple[Path, Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, _files = made
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")  # 2026-01-01
    files = report(root, SAID)
    for suffix in (".xlsx", ".docx"):
        assert core(files[suffix]).count("2026-01-01T00:00:00Z") == 2  # created and modified
    said = PdfReader(io.BytesIO(files[".pdf"])).metadata
    assert said is not None
    assert said.creation_date.date().isoformat() == "2026-01-01"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(el.EvaluationError, match=r"SOURCE_DATE_EPOCH.*yesterday"):
        report(root, SAID, "html,xlsx")
