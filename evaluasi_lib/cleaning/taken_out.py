"""One person taken out of a workbook (XLSX), everything else as it was.

The archive's own XML is changed: a library that writes workbooks would lose formats, formulas and
pictures. What cannot be taken out safely, or is still found afterwards, is refused.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lxml import etree

from evaluasi_lib.errors import DataError, Problem
from evaluasi_lib.wording import _

WORKBOOKS = (".xlsx", ".xlsm")
_TEXTS = ("si", "is", "text", "creator", "lastModifiedBy", "author")  # what people wrote
_SHEET_TYPE = "/worksheet"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def _local(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _named(root: Any, *names: str) -> list[Any]:
    """The elements of these names, listed first, so that they may be changed one by one."""
    return [element for element in root.iter() if _local(element) in names]


def _rels_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return f"{folder}/_rels/{name}.rels"


class Workbook:
    """The parts of a workbook by their names; those that are XML are changed as trees."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with zipfile.ZipFile(path) as archive:
            self._infos = archive.infolist()
            self._parts = {info.filename: archive.read(info) for info in self._infos}
        self._trees: dict[str, Any] = {}

    def _tree(self, part: str) -> Any:
        if part not in self._trees:
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            self._trees[part] = etree.fromstring(self._parts[part], parser)
        return self._trees[part]

    def _refuse(self, what: str) -> DataError:
        remedy = _("take it out in Excel, or save the sheet as CSV, then the same command again")
        return DataError(Problem(what, self._path.name, remedy))

    def _sheets(self) -> dict[str, str]:
        """Name of each sheet -> its part, in the order of the workbook."""
        book = "xl/workbook.xml"
        target = {r.get("Id"): r for r in _named(self._tree(_rels_of(book)), "Relationship")}
        found = {}
        for sheet in _named(self._tree(book), "sheet"):
            relation = target[sheet.get(_RELATION)]
            if relation.get("Type").endswith(_SHEET_TYPE):
                place = posixpath.join("/xl", relation.get("Target"))
                found[sheet.get("name")] = posixpath.normpath(place).lstrip("/")
        return found

    def empty(self, sheet: str | None, rows: set[int]) -> None:
        """Empty the cells of rows (from 1) of a sheet (the first where None), and their texts."""
        sheets = self._sheets()
        part = sheets[sheet] if sheet is not None else next(iter(sheets.values()))
        for row in _named(self._tree(part), "row"):
            if int(row.get("r")) in rows:
                for cell in _named(row, "c"):
                    self._empty_cell(cell)
        self._drop_links(part, rows)
        self._drop_texts(sheets.values())

    def _empty_cell(self, cell: Any) -> None:
        if any(f.get("t") for f in _named(cell, "f")):  # others may rest on it
            raise self._refuse(_("a row to be emptied holds a formula of several cells"))
        for inner in list(cell):
            cell.remove(inner)
        cell.attrib.pop("t", None)

    def _drop_links(self, part: str, rows: set[int]) -> None:
        """Links of the rows, such as those that Excel makes of an e-mail address."""
        gone = set()
        for link in _named(self._tree(part), "hyperlink"):
            if int(re.sub(r"\D", "", link.get("ref").partition(":")[0])) in rows:
                gone.add(link.get(_RELATION))
                parent = link.getparent()
                parent.remove(link)
                if not len(parent):
                    parent.getparent().remove(parent)
        if gone - {None}:
            for relation in _named(self._tree(_rels_of(part)), "Relationship"):
                if relation.get("Id") in gone:
                    relation.getparent().remove(relation)

    def _drop_texts(self, sheets: Iterable[str]) -> None:
        """Empty the shared texts that no cell shows any more; the others keep their numbers."""
        shared = next((name for name in self._parts if name.endswith("sharedStrings.xml")), None)
        if shared is None:
            return
        used = {
            int(value.text)
            for part in sheets
            for cell in _named(self._tree(part), "c")
            if cell.get("t") == "s"
            for value in _named(cell, "v")
        }
        for number, text in enumerate(_named(self._tree(shared), "si")):
            if number not in used:
                _put(text, "")

    def mask(self, masked: Callable[[list[str]], list[str]]) -> int:
        """Put what `masked` makes of every text in its place; how many are others then."""
        n = 0
        for part in self._parts:
            if not part.endswith(".xml"):
                continue
            found = _named(self._tree(part), *_TEXTS)
            texts = ["".join(t.text or "" for t in _pieces(element)) for element in found]
            changed = masked(texts) if texts else []
            for element, before, after in zip(found, texts, changed, strict=True):
                if after != before:
                    _put(element, after)
                    n += 1
        return n

    def hold(self, told: Callable[[list[str]], bool], secrets: Iterable[str]) -> None:
        """Raises DataError where a part still tells of the person, or holds one of the secrets."""
        known = [secret.casefold() for secret in secrets]
        for part in self._parts:
            content = self._content(part)
            small = (content.decode("utf-8", "ignore") + content.decode("utf-16-le", "ignore")
                     ).casefold()  # fmt: skip
            left = any(secret in small for secret in known)
            if part.endswith((".xml", ".rels", ".vml")) and not left:
                elements = list(self._tree(part).iter())
                texts = {e.text or "" for e in elements} | {e.tail or "" for e in elements}
                texts |= {value for e in elements for value in e.attrib.values()}
                left = told(sorted(texts - {""}))
            if left:
                what = _("the person still stands in the workbook's part {part}")
                raise self._refuse(what.format(part=posixpath.basename(part)))

    def _content(self, part: str) -> bytes:
        tree = self._trees.get(part)
        if tree is None:
            return self._parts[part]
        content: bytes = etree.tostring(
            tree, xml_declaration=True, encoding="UTF-8", standalone=True
        )
        return content

    def content(self) -> bytes:
        """The archive, its parts in their order and with their dates."""
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
            for info in self._infos:
                archive.writestr(info, self._content(info.filename), info.compress_type)
        return written.getvalue()


def _pieces(text: Any) -> list[Any]:
    """The elements whose texts, one after the other, are what a reader sees."""
    return _named(text, "t") or [text]


def _put(text: Any, content: str) -> None:
    """A plain text in the place of one that may be formatted in parts."""
    if len(text):
        tag = _pieces(text)[0].tag
        for inner in list(text):
            text.remove(inner)
        etree.SubElement(text, tag).text = content
    else:
        text.text = content
