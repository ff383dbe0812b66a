"""REFI-QDA projects (.qdpx) and codebooks (.qdc): the exchange format of NVivo, ATLAS.ti, MAXQDA.

A .qdpx is a ZIP with project.qde (XML, urn:QDA-XML:project:1.0) and the sources. Only what is
inside the archive and asked for by its own name is read; document types are refused before the
parser sees them, so that no entity can grow or reach outside.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

import pandas as pd

from evaluasi_lib.reading.documents import (
    MAX_BYTES,
    Refused,
    check_archive,
    check_size,
    refusing,
)
from evaluasi_lib.wording import _

MAX_XML = 50_000_000
MAX_DEPTH = 50
ABOVE = " > "  # between the codes above a nested one


@dataclass(frozen=True, slots=True)
class QdaCode:
    """guid, name, path of names from the top (nesting), whether excerpts may carry it."""

    guid: str
    name: str
    path: tuple[str, ...]
    codable: bool


@dataclass(frozen=True)
class QdaProject:
    """excerpts: respondent (source's name), group, coder, code (name), above (the codes it is
    nested in, outermost first), excerpt, unit."""

    codes: tuple[QdaCode, ...]
    excerpts: pd.DataFrame


def read_refi(path: Path) -> QdaProject:
    """A .qdpx, or its bare project.qde. Raises Refused with the reason in words."""
    check_size(path, MAX_BYTES)
    if path.suffix.lower() == ".qde":
        return _project(_parse(path.read_bytes()), {})
    check_archive(path)
    with refusing(_("the archive is damaged and cannot be read")), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        project = next((n for n in names if n.casefold().endswith("project.qde")), None)
        if project is None:
            raise Refused(_("the archive has no project.qde"))
        root = _parse(_member(archive, project))
        wanted = {_inner(node) for node in root.iter("TextSource")}
        texts = {
            short: _member(archive, name).decode("utf-8-sig", errors="replace")
            for name in names
            if (short := name.replace("\\", "/").rsplit("/", 1)[-1].casefold()) in wanted
            and short.endswith(".txt")
        }
    return _project(root, texts)


def read_codebook(path: Path) -> tuple[QdaCode, ...]:
    """The codes of a .qdc. Raises Refused with the reason in words."""
    check_size(path, MAX_XML)
    return tuple(_codes(_parse(path.read_bytes())))


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One file of the archive, never more than MAX_XML bytes whatever its heading claims."""
    with archive.open(name) as file:
        data = file.read(MAX_XML + 1)
    if len(data) > MAX_XML:
        raise Refused(_("the archive unpacks to too much"))
    return data


def _parse(data: bytes) -> ET.Element:
    """XML without a document type: expat itself is asked, so that no encoding hides one.

    Tags lose their namespace, which differs between versions of the format.
    """

    def refuse(*_args: object) -> None:
        raise Refused(_("the file declares a document type, which is not allowed"))

    try:
        guard = expat.ParserCreate()
        guard.StartDoctypeDeclHandler = refuse
        guard.Parse(data, True)
        root = ET.fromstring(data)
    except (expat.ExpatError, ET.ParseError, ValueError, LookupError, RecursionError) as error:
        raise Refused(_("the project file is not well-formed XML")) from error
    for node in root.iter():
        node.tag = node.tag.rsplit("}", 1)[-1]
    return root


def _codes(root: ET.Element) -> Iterator[QdaCode]:
    """Every code below the code book, outermost first."""

    def walk(node: ET.Element, above: tuple[str, ...]) -> Iterator[QdaCode]:
        if len(above) > MAX_DEPTH:
            raise Refused(_("the codes are nested too deeply"))
        for child in node.findall("Code"):
            name = (child.get("name") or "").strip()
            here = (*above, name)
            yield QdaCode(child.get("guid") or "", name, here, child.get("isCodable") != "false")
            yield from walk(child, here)

    for book in root.iter("Codes"):
        yield from walk(book, ())


def _project(root: ET.Element, texts: dict[str, str]) -> QdaProject:
    codes = tuple(_codes(root))
    names = {code.guid: code.path for code in codes}
    users = {u.get("guid"): u.get("name") or u.get("guid") or "" for u in root.iter("User")}
    groups: dict[str | None, str] = {}  # of a source: the first set that it is a member of
    for group in root.iter("Set"):
        for member in group.findall("MemberSource"):
            groups.setdefault(member.get("targetGUID"), group.get("name") or "")
    rows = []
    for source in root.iter("TextSource"):
        text = _text_of(source, texts)
        respondent = source.get("name") or source.get("guid") or ""
        for selection in source.findall("PlainTextSelection"):
            start, end = _span(selection, text)
            for coding in selection.findall("Coding"):
                code = coding.find("CodeRef")
                ref = None if code is None else code.get("targetGUID")
                if ref is None:
                    continue
                if ref not in names:
                    raise Refused(_("a coding refers to a code that the project does not have"))
                rows.append(
                    {
                        "respondent": respondent,
                        "group": groups.get(source.get("guid"), ""),
                        "coder": users.get(coding.get("creatingUser"), ""),
                        "code": names[ref][-1],
                        "above": ABOVE.join(names[ref][:-1]),
                        "excerpt": " ".join(text[start:end].split()),
                        "unit": f"{respondent}:{start}-{end}",
                    }
                )
    columns = ["respondent", "group", "coder", "code", "above", "excerpt", "unit"]
    return QdaProject(codes, pd.DataFrame(rows, columns=columns))


def _inner(source: ET.Element) -> str:
    """The name by which a source's text is asked for inside the archive."""
    return (source.get("plainTextPath") or "").removeprefix("internal://").casefold()


def _text_of(source: ET.Element, texts: dict[str, str]) -> str:
    content = source.find("PlainTextContent")
    if content is not None:
        return content.text or ""
    name = _inner(source)
    if name.startswith(("absolute://", "relative://", "/")) or ".." in name:
        raise Refused(_("the archive names a place outside itself"))
    if name not in texts:
        raise Refused(_("the text of a source is missing from the archive"))
    return texts[name]


def _span(selection: ET.Element, text: str) -> tuple[int, int]:
    """Start and end of a selection in characters, both held within the text."""
    try:
        start = int(selection.get("startPosition") or 0)
        end = int(selection.get("endPosition") or 0)
    except ValueError as error:
        raise Refused(_("a position in the project is no number")) from error
    if not 0 <= start <= end <= len(text):
        raise Refused(_("a coding lies outside its text"))
    return start, end
