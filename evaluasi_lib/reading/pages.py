"""The pages of one document, within bounds: a hostile or scanned file is named, never obeyed.

PDF is read by pypdf, DOCX by python-docx (whose pages are not stored in the file: they are counted
from the page breaks that the writing program left, else the document is one page). `documents` has
this done in a process of its own.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evaluasi_lib.reading.child import MAX_UNPACKED
from evaluasi_lib.wording import _, set_language

MAX_BYTES = 50_000_000
MAX_PAGES = 1_000
MAX_SECONDS = 60.0  # for one document
MAX_PAGE_CHARACTERS = 100_000


class Refused(Exception):
    """A file that may not or cannot be read; the argument says why, in words."""


@contextmanager
def refusing(why: str) -> Iterator[None]:
    """Whatever else a reader raises on a damaged file becomes Refused: they raise nearly any."""
    try:
        yield
    except (Refused, MemoryError):
        raise
    except Exception as error:
        raise Refused(why) from error


def check_size(path: Path, most: int = MAX_BYTES) -> None:
    """Refuse a file of more than `most` bytes."""
    if path.stat().st_size > most:
        raise Refused(_("the file is larger than {n} MB").format(n=most // 1_000_000))


def pages_of(path: Path) -> Iterator[str]:
    """The text of each page. Raises Refused beyond the bounds of this module."""
    check_size(path)
    suffix = path.suffix.lower()
    if suffix == ".pdf":
        yield from _pdf_pages(path)
    elif suffix == ".docx":
        yield from _docx_pages(path)
    elif suffix in (".txt", ".md"):
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        yield from text.split("\f")
    else:
        raise Refused(_("files of the kind “{suffix}” cannot be read").format(suffix=path.suffix))


def _pdf_pages(path: Path) -> Iterator[str]:
    from pypdf import PdfReader

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
            yield page.extract_text() or ""


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
    import docx
    from docx.oxml.ns import qn

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
    yield from map("\n".join, pages)


def pages_answers(paths: list[str], language: str) -> Iterator[str | dict[str, str] | None]:
    """Of each file in order: its pages, then None, or {"refused": why} at any point of it."""
    set_language(language)
    for path in paths:
        try:
            yield from (page[:MAX_PAGE_CHARACTERS] for page in pages_of(Path(path)))
            yield None
        except Refused as error:
            yield {"refused": str(error)}
