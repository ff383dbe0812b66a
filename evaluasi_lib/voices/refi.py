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

from evaluasi_lib.voices.documents import MAX_BYTES, Refused, check_archive
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
    if path.stat().st_size > MAX_BYTES:
        raise Refused(_("the file is larger than {n} MB").format(n=MAX_BYTES // 1_000_000))
    if path.suffix.lower() == ".qde":
        return _project(_parse(path.read_bytes()), {})
    check_archive(path)
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            project = next((n for n in names if n.casefold().endswith("project.qde")), None)
            if project is None:
                raise Refused(_("the archive has no project.qde"))
            root = _parse(_member(archive, project))
            texts = {
                name.replace("\\", "/").rsplit("/", 1)[-1].casefold(): name
                for name in names
                if name.casefold().endswith(".txt")
            }
            wanted = {
                ref.removeprefix("internal://").casefold()
                for node in root.iter()
                if (ref := node.get("plainTextPath"))
            }
            content = {
                short: _member(archive, full).decode("utf-8-sig", errors="replace")
                for short, full in texts.items()
                if short in wanted
            }
    except Refused:
        raise
    # zipfile raises errors of many kinds on a damaged or locked archive
    except Exception as error:
        raise Refused(_("the archive is damaged and cannot be read")) from error
    return _project(root, content)


def read_codebook(path: Path) -> tuple[QdaCode, ...]:
    """The codes of a .qdc. Raises Refused with the reason in words."""
    if path.stat().st_size > MAX_XML:
        raise Refused(_("the file is larger than {n} MB").format(n=MAX_XML // 1_000_000))
    return tuple(_codes(_parse(path.read_bytes())))


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One file of the archive, never more than MAX_XML bytes whatever its heading claims."""
    with archive.open(name) as file:
        data = file.read(MAX_XML + 1)
    if len(data) > MAX_XML:
        raise Refused(_("the archive unpacks to too much"))
    return data


def _parse(data: bytes) -> ET.Element:
    """XML without a document type: expat itself is asked, so that no encoding hides one."""

    def refuse(*_args: object) -> None:
        raise Refused(_("the file declares a document type, which is not allowed"))

    try:
        guard = expat.ParserCreate()
        guard.StartDoctypeDeclHandler = refuse
        guard.Parse(data, True)
        return ET.fromstring(data)
    except (expat.ExpatError, ET.ParseError, ValueError, LookupError, RecursionError) as error:
        raise Refused(_("the project file is not well-formed XML")) from error


def _tag(node: ET.Element) -> str:
    return node.tag.rsplit("}", 1)[-1]


def _codes(root: ET.Element) -> Iterator[QdaCode]:
    """Every code below the code book, outermost first."""

    def walk(node: ET.Element, above: tuple[str, ...]) -> Iterator[QdaCode]:
        if len(above) > MAX_DEPTH:
            raise Refused(_("the codes are nested too deeply"))
        for child in node:
            if _tag(child) != "Code":
                continue
            name = (child.get("name") or "").strip()
            here = (*above, name)
            yield QdaCode(child.get("guid") or "", name, here, child.get("isCodable") != "false")
            yield from walk(child, here)

    for book in root.iter():
        if _tag(book) == "Codes":
            yield from walk(book, ())


def _project(root: ET.Element, texts: dict[str, str]) -> QdaProject:
    codes = tuple(_codes(root))
    names = {code.guid: code.path for code in codes}
    users = {
        node.get("guid"): node.get("name") or node.get("guid") or ""
        for node in root.iter()
        if _tag(node) == "User"
    }
    groups = _groups(root)
    rows = []
    for source in root.iter():
        if _tag(source) != "TextSource":
            continue
        text = _text_of(source, texts)
        respondent = source.get("name") or source.get("guid") or ""
        for selection in source:
            if _tag(selection) != "PlainTextSelection":
                continue
            start, end = _span(selection, text)
            for coding in selection:
                ref = next((c.get("targetGUID") for c in coding if _tag(c) == "CodeRef"), None)
                if _tag(coding) != "Coding" or ref is None:
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


def _text_of(source: ET.Element, texts: dict[str, str]) -> str:
    for child in source:
        if _tag(child) == "PlainTextContent":
            return child.text or ""
    path = (source.get("plainTextPath") or "").removeprefix("internal://")
    if path.startswith(("absolute://", "relative://", "/")) or ".." in path:
        raise Refused(_("the archive names a place outside itself"))
    if path.casefold() not in texts:
        raise Refused(_("the text of a source is missing from the archive"))
    return texts[path.casefold()]


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


def _groups(root: ET.Element) -> dict[str | None, str]:
    """Source guid -> name of the case's set it belongs to, where the project has sets."""
    found: dict[str | None, str] = {}
    for node in root.iter():
        if _tag(node) == "Set":
            for member in node:
                if _tag(member) == "MemberSource":
                    found.setdefault(member.get("targetGUID"), node.get("name") or "")
    return found
