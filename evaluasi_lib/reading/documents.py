"""Documents by page, within bounds: a hostile or scanned file is named, never obeyed.

PDF is read by pypdf, DOCX by python-docx (whose pages are not stored in the file: they are counted
from the page breaks that the writing program left, else the document is one page).
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import docx
import pandas as pd
from docx.oxml.ns import qn
from pypdf import PdfReader

from evaluasi_lib.errors import Problem
from evaluasi_lib.wording import _

MAX_BYTES = 50_000_000
MAX_PAGES = 1_000
MAX_SECONDS = 60.0  # for one document
MAX_UNPACKED = 200_000_000  # bytes of a DOCX once unpacked
MAX_PAGE_CHARACTERS = 100_000
MIN_CHARACTERS_A_PAGE = 20  # a PDF with less text than this on average is a scan
SUFFIXES = (".pdf", ".docx", ".txt", ".md")


class Refused(Exception):
    """A file that may not or cannot be read; the argument says why, in words."""


@contextmanager
def refusing(why: str) -> Iterator[None]:
    """Whatever else a reader raises on a damaged file becomes Refused: they raise nearly any."""
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        raise Refused(why) from error


def check_size(path: Path, most: int) -> None:
    """Refuse a file of more than `most` bytes."""
    if path.stat().st_size > most:
        raise Refused(_("the file is larger than {n} MB").format(n=most // 1_000_000))


def read_documents(folder: Path) -> tuple[pd.DataFrame, list[Problem]]:
    """document (file name), page (from 1), text of every document in a folder or of one file.

    A scanned PDF keeps its pages with hardly any text: it is no problem here, and the report names
    it (see `is_scan`). Problems name what could not be read; they never quote the document.
    """
    paths = sorted(p for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else [folder]
    read, problems = read_each([p for p in paths if not p.name.startswith((".", "~$"))])
    rows = [(p.name, page, text) for p, pages in read.items() for page, text in enumerate(pages, 1)]
    return pd.DataFrame(rows, columns=["document", "page", "text"]), problems


def read_each(paths: Iterable[Path]) -> tuple[dict[Path, list[str]], list[Problem]]:
    """The pages of each file that can be read, and what is wrong with the others."""
    read: dict[Path, list[str]] = {}
    problems = []
    for path in paths:
        try:
            read[path] = list(pages_of(path))
        except Refused as error:
            problems.append(Problem(str(error), path.name, _("repair it or leave it out")))
    return read, problems


def is_scan(document: str, texts: Iterable[str]) -> bool:
    """Whether a PDF's pages hold hardly any text."""
    lengths = [len(text.strip()) for text in texts]
    return document.lower().endswith(".pdf") and sum(lengths) < MIN_CHARACTERS_A_PAGE * len(lengths)


def pages_of(path: Path) -> Iterator[str]:
    """The text of each page. Raises Refused beyond the bounds of this module."""
    check_size(path, MAX_BYTES)
    suffix = path.suffix.lower()
    if suffix == ".pdf":
        yield from _pdf_pages(path)
    elif suffix == ".docx":
        yield from _docx_pages(path)
    elif suffix in (".txt", ".md"):
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        yield from (page[:MAX_PAGE_CHARACTERS] for page in text.split("\f"))
    else:
        raise Refused(_("files of the kind “{suffix}” cannot be read").format(suffix=path.suffix))


def _pdf_pages(path: Path) -> Iterator[str]:
    started = time.monotonic()
    with refusing(_("the PDF is damaged and cannot be read")):
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused(_("the PDF is locked by a password"))
        if len(reader.pages) > MAX_PAGES:
            raise Refused(_("the document has more than {n} pages").format(n=MAX_PAGES))
        for page in reader.pages:
            if time.monotonic() - started > MAX_SECONDS:
                raise Refused(_("reading took longer than {n} seconds").format(n=int(MAX_SECONDS)))
            yield (page.extract_text() or "")[:MAX_PAGE_CHARACTERS]


def check_archive(path: Path) -> None:
    """Refuse an archive that unpacks to too much, or that names a place outside itself."""
    with refusing(_("the archive is damaged and cannot be read")), zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    if len(infos) > 10_000 or sum(info.file_size for info in infos) > MAX_UNPACKED:
        raise Refused(_("the archive unpacks to too much"))
    for info in infos:
        parts = info.filename.replace("\\", "/").split("/")
        if info.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
            raise Refused(_("the archive names a place outside itself"))


def _docx_pages(path: Path) -> Iterator[str]:
    check_archive(path)
    pages: list[list[str]] = [[]]
    with refusing(_("the document is damaged and cannot be read")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                # python-docx's parser resolves no outside entity; an inner one could still grow
                if name.endswith((".xml", ".rels")) and b"<!DOCTYPE" in archive.read(name)[:4096]:
                    raise Refused(_("the file declares a document type, which is not allowed"))
        for block in docx.Document(str(path)).element.body.iter(qn("w:p")):
            for mark in block.iter(qn("w:br"), qn("w:lastRenderedPageBreak")):
                if mark.tag != qn("w:br") or mark.get(qn("w:type")) == "page":
                    pages.append([])
                if len(pages) > MAX_PAGES:
                    raise Refused(_("the document has more than {n} pages").format(n=MAX_PAGES))
            pages[-1].append("".join(t.text or "" for t in block.iter(qn("w:t"))))
    yield from ("\n".join(page)[:MAX_PAGE_CHARACTERS] for page in pages)
