"""Documents, transcripts and interviews as tables, within bounds.

Their pages are read by `pages`, in a process of its own. Transcripts are documents in turns;
REFI-QDA projects (.qdpx, .qdc) are what NVivo, ATLAS.ti and MAXQDA exchange: a ZIP with project.qde
(XML) and the sources, of which only what is inside and asked for by its own name is read, and no
document type, so that no entity can grow or reach outside.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from evaluasi_lib.program import UNSEEN
from evaluasi_lib.reading.files import Ended, answers
from evaluasi_lib.reading.pages import Refused, check_archive, check_size, refusing
from evaluasi_lib.wording import DataError, Problem, _, language

MIN_CHARACTERS_A_PAGE = 20  # a PDF with less text than this on average is a scan
PAGE_SECONDS = 6.0  # of one page, or of all that precedes the first
_KIND = re.compile(r"\.[A-Za-z0-9]{1,7}$")  # of a file; a longer one may be part of a name


def documents_in(folder: Path) -> dict[Path, str]:
    """Each document of a folder, or the one file, with the name by which readers know it: D01.pdf.

    The name of a file is often that of a person. Numbers follow the order of the paths.
    """
    paths = sorted(p for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else [folder]
    return numbered_files((p for p in paths if not p.name.startswith((".", "~$"))), "D")


def transcripts_in(folder: Path) -> dict[Path, str]:
    """Each transcript of a folder with the name by which readers know it: T01.docx."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in TRANSCRIPTS)
    return numbered_files(paths, "T")


def numbered_files(paths: Iterable[Path], letter: str) -> dict[Path, str]:
    """Files -> letter, number in the order given, and the kind of file where it is a usual one."""
    return {
        path: f"{letter}{number:02}{path.suffix.lower() if _KIND.match(path.suffix) else ''}"
        for number, path in enumerate(paths, 1)
    }


def read_documents(folder: Path) -> pd.DataFrame:
    """document (D01.pdf ...), page (from 1), text of every document in a folder or of one file.

    A scanned PDF keeps its pages with hardly any text: it is no problem here, and the report names
    it (see `is_scan`). Raises DataError with a problem for each file that could not be read; none
    quotes the document.
    """
    read = _read_each(documents_in(folder))
    rows = [(name, n, text) for name, pages in read.items() for n, text in enumerate(pages, 1)]
    return pd.DataFrame(rows, columns=["document", "page", "text"])


def _read_each(names: Mapping[Path, str]) -> dict[str, list[str]]:
    """The pages of each file, by its name for readers. Raises DataError with every problem.

    A file at which the reading process breaks down is left out; another one reads the rest.
    """
    left = list(names)
    read: dict[str, list[str]] = {}
    problems = []

    def refuse(why: str) -> None:
        problems.append(Problem(why, names[left.pop(0)], _("repair it or leave it out")))

    while left:
        pages: list[str] = []
        paths = [str(path) for path in left]
        try:
            for answer in answers("pages", PAGE_SECONDS, paths=paths, language=language()):
                if isinstance(answer, str):
                    pages.append(UNSEEN.sub("", answer))
                    continue
                if answer is None:
                    read[names[left.pop(0)]] = pages
                else:
                    refuse(answer.get("refused") or _("the document is damaged and cannot be read"))
                pages = []
        except Ended as error:
            slow = _("a page takes longer than {n} seconds").format(n=int(PAGE_SECONDS))
            refuse(slow if error.why == "time" else _("reading it needs too much memory"))
    if problems:
        raise DataError(*problems)
    return read


def is_scan(document: str, texts: Iterable[str]) -> bool:
    """Whether a PDF's pages hold hardly any text."""
    lengths = [len(text.strip()) for text in texts]
    return document.lower().endswith(".pdf") and sum(lengths) < MIN_CHARACTERS_A_PAGE * len(lengths)


COLUMNS = ["respondent", "group", "coder", "code", "above", "excerpt", "unit", "case"]
_SPEAKER = re.compile(r"^\s*\**([A-Za-z][\w .'-]{0,29}?)\**\s*[:：]\**\s+(.*)$")
_INTERVIEWERS = ("p", "pewawancara", "peneliti", "interviewer", "q", "t", "tanya", "moderator")
TRANSCRIPTS = (".docx", ".txt", ".md")


def read_transcripts(folder: Path) -> pd.DataFrame:
    """respondent (T01 ...), turn, speaker ("interviewer", "respondent" or ""), text.

    A turn begins with a short name and a colon; names are not kept. Text before the first such
    line is left out; a file without any turn is one turn of nobody, and the report counts it.
    Raises DataError as `read_documents`.
    """
    rows = []
    for name, pages in _read_each(transcripts_in(folder)).items():
        for turn, (speaker, text) in enumerate(_speaker_turns("\n".join(pages)), 1):
            asks = speaker.casefold().split(" ")[0] in _INTERVIEWERS
            role = "interviewer" if asks else "respondent" if speaker else ""
            rows.append((name.partition(".")[0], turn, role, text))
    return pd.DataFrame(rows, columns=["respondent", "turn", "speaker", "text"])


def _speaker_turns(text: str) -> list[tuple[str, str]]:
    """(speaker, words) by turn; the speaker is "" where no turn is marked at all."""
    turns: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if match := _SPEAKER.match(line):
            turns.append((match[1].strip(), [match[2].strip()]))
        elif turns and line.strip():
            turns[-1][1].append(line.strip())
    if not turns and text.strip():
        turns = [("", text.split())]
    return [(speaker, " ".join(words)) for speaker, words in turns]


MAX_XML = 50_000_000
MAX_DEPTH = 50
ABOVE = " > "  # between the codes above a nested one


class _NoDoctype(ET.TreeBuilder):
    """Refuses a document type, in which entities grow or reach outside."""

    def doctype(self, *_args: object) -> None:
        raise Refused(_("the file declares a document type, which is not allowed"))


def _parse(data: bytes) -> ET.Element:
    """XML without a document type. Tags lose their namespace, which differs between versions of the
    format."""
    try:
        root = ET.fromstring(data, ET.XMLParser(target=_NoDoctype()))
    except (ET.ParseError, ValueError, LookupError, RecursionError) as error:
        raise Refused(_("the project file is not well-formed XML")) from error
    for node in root.iter():
        node.tag = node.tag.rsplit("}", 1)[-1]
    return root


def read_refi(path: Path) -> pd.DataFrame:
    """The coded excerpts of a .qdpx, or of its bare project.qde.

    respondent (source's name), group, coder, code (name), above (the codes it is nested in,
    outermost first), excerpt, unit. Raises Refused with the reason in words.
    """
    check_size(path)
    if path.suffix.lower() == ".qde":
        return _excerpts(_parse(path.read_bytes()), {})
    check_archive(path)
    with refusing(_("the archive is damaged and cannot be read")), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        project = next((n for n in names if n.casefold().endswith("project.qde")), None)
        if project is None:
            raise Refused(_("the archive has no project.qde"))
        root = _parse(_member(archive, project))
        wanted = {_inner(node) for node in root.iter("TextSource")}
        short = {n.replace("\\", "/").rsplit("/", 1)[-1].casefold(): n for n in names}
        texts = {
            name: _member(archive, short[name]).decode("utf-8-sig", errors="replace")
            for name in wanted & short.keys()
            if name.endswith(".txt")
        }
    return _excerpts(root, texts)


def read_codes(path: Path) -> list[str]:
    """The names of the codes of a .qdc that excerpts may carry. Raises Refused with the reason in
    words."""
    check_size(path, MAX_XML)
    codes = ((path[-1], code) for path, code in _codes(_parse(path.read_bytes())))
    return [name for name, code in codes if name and code.get("isCodable") != "false"]


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One file of the archive, never more than MAX_XML bytes whatever its heading claims."""
    with archive.open(name) as file:
        data = file.read(MAX_XML + 1)
    if len(data) > MAX_XML:
        raise Refused(_("the archive unpacks to too much"))
    return data


def _codes(root: ET.Element) -> Iterator[tuple[tuple[str, ...], ET.Element]]:
    """Every code below the code book, outermost first, with the names down to it."""

    def walk(node: ET.Element, above: tuple[str, ...]) -> Iterator[Any]:
        if len(above) > MAX_DEPTH:
            raise Refused(_("the codes are nested too deeply"))
        for code in node.findall("Code"):
            here = (*above, (code.get("name") or "").strip())
            yield here, code
            yield from walk(code, here)

    for book in root.iter("Codes"):
        yield from walk(book, ())


def _excerpts(root: ET.Element, texts: dict[str, str]) -> pd.DataFrame:
    names = {code.get("guid") or "": path for path, code in _codes(root)}
    users = {u.get("guid"): u.get("name") or u.get("guid") or "" for u in root.iter("User")}
    groups: dict[str | None, str] = {}  # of a source: the first set that it is a member of
    for group in root.iter("Set"):
        for member in group.findall("MemberSource"):
            groups.setdefault(member.get("targetGUID"), group.get("name") or "")
    rows = []
    for source in root.iter("TextSource"):
        text = _text_of(source, texts)
        respondent = source.get("name") or source.get("guid") or ""
        group_name = groups.get(source.get("guid"), "")
        for selection in source.findall("PlainTextSelection"):
            start, end = _span(selection, text)
            excerpt, unit = " ".join(text[start:end].split()), f"{respondent}:{start}-{end}"
            for coding in selection.findall("Coding"):
                ref = coding.find("CodeRef")
                path = () if ref is None else names.get(ref.get("targetGUID") or "")
                if path is None:
                    raise Refused(_("a coding refers to a code that the project does not have"))
                if path:
                    coder, above = users.get(coding.get("creatingUser"), ""), ABOVE.join(path[:-1])
                    rows.append((respondent, group_name, coder, path[-1], above, excerpt, unit))
    return pd.DataFrame(rows, columns=COLUMNS[:-1])


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
