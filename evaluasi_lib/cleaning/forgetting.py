"""One person's data deleted on request (UU 27/2022), and the key of the pseudonyms renewed.

A row of a table is emptied and not taken away, since corrections, quotes and codes name rows by
their number. The name is masked wherever others wrote it: on no list any more, it would be taken
for an ordinary word and published. All is done in a copy of the folder, which takes its place when
nothing of the person is left in it; a source that cannot be rewritten safely (XLS, ODS, SPSS,
Stata, Parquet) is refused before anything is changed. Of a workbook the archive's own XML is
changed: a library that writes workbooks would lose formats, formulas and pictures. Whoever asked is
nowhere written down; the reason is.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import posixpath
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
from lxml import etree

from evaluasi_lib.check import DataFolder, load_program
from evaluasi_lib.cleaning.chosen import FILE as LEFT_OUT
from evaluasi_lib.cleaning.chosen import who
from evaluasi_lib.cleaning.identity import (
    KEY_VARIABLE,
    MASK,
    Linker,
    Names,
    all_names,
    hides,
    make_linker,
    normalise_code,
    normalise_nip,
    pseudonym_key,
    pseudonyms,
    renew_key,
    tells_name,
)
from evaluasi_lib.cleaning.manifest import Log, shown_names
from evaluasi_lib.cleaning.pipeline import clean_program, open_sources
from evaluasi_lib.cleaning.typers import Mapped, sources_called
from evaluasi_lib.folders import only_writer, raw_files, replace_file, replace_folder, sweep
from evaluasi_lib.program import Program, Source
from evaluasi_lib.reading.files import (
    CSV,
    JSON_LINES,
    detect_delimiter,
    detect_encoding,
    open_source,
)
from evaluasi_lib.reading.voices import read_table
from evaluasi_lib.wording import DataError, EvaluationError, Problem, UsageError, _

WORKBOOKS = (".xlsx", ".xlsm")
_TEXTS = ("si", "is", "text", "creator", "lastModifiedBy", "author")  # what people wrote
_SHEET_TYPE = "/worksheet"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def _named(root: Any, *names: str) -> list[Any]:
    """The elements of these names, listed first, so that they may be changed one by one."""
    return list(root.iter(*(f"{{*}}{name}" for name in names)))


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

    def mask(self, person: _Person) -> int:
        """Mask the person in every text; in how many. Raises DataError where a part still tells of
        the person afterwards."""
        n = 0
        for part in self._parts:
            if not part.endswith(".xml"):
                continue
            found = _named(self._tree(part), *_TEXTS)
            texts = ["".join(t.text or "" for t in _pieces(element)) for element in found]
            for element, before, after in zip(found, texts, person.masked(texts), strict=True):
                if after != before:
                    _put(element, after)
                    n += 1
        for part in self._parts:
            if self._tells(part, person):
                what = _("the person still stands in the workbook's part {part}")
                raise self._refuse(what.format(part=posixpath.basename(part)))
        return n

    def _tells(self, part: str, person: _Person) -> bool:
        content = self._content(part)
        small = (content.decode("utf-8", "ignore") + content.decode("utf-16-le", "ignore")
                 ).casefold()  # fmt: skip
        if any(secret.casefold() in small for secret in person.secrets):
            return True
        if not part.endswith((".xml", ".rels", ".vml")):
            return False
        elements = list(self._tree(part).iter())
        texts = {e.text or "" for e in elements} | {e.tail or "" for e in elements}
        texts |= {value for e in elements for value in e.attrib.values()}
        return bool(person.told(sorted(texts - {""})).any())

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


LOG = "penghapusan.csv"
BY_ROW = (
    "koreksi.csv",
    LEFT_OUT,
    "kutipan.csv",
    "kode_manual.csv",
)  # their lines name a source and a row
SHORT = 60  # characters of a text that is a label, such as the name of a room


@dataclass(frozen=True)
class _Person:
    """What tells of a person in the texts of others. alone: whether the first word of the name does
    so by itself. secrets: what stands in the person's own rows alone, names aside."""

    names: Names
    alone: bool
    secrets: list[str]

    def told(self, texts: list[str]) -> pl.Series:
        """Whether each text bears the person's name."""
        values = pl.Series(texts, dtype=pl.String)
        return tells_name(values, self.names, words=True, alone=self.alone)

    def masked(self, texts: list[str]) -> list[str]:
        """The texts without the person."""
        told = zip(texts, self.told(texts), strict=True)
        without = [_without(text, self.names) if named else text for text, named in told]
        for secret in self.secrets:
            without = [text.replace(secret, MASK) for text in without]
        return without


@dataclass
class Forgotten:
    """What was deleted, and what a person has still to read.

    rows: emptied, by source or table. mentions: files in which the name stands or may stand.
    masked: records of others in which the name was masked.
    """

    rows: dict[str, int] = field(default_factory=dict)
    mentions: list[str] = field(default_factory=list)
    masked: int = 0


def forget(data: DataFolder, program_id: str, person: str, reason: str) -> Forgotten:
    """Empty every row of a person in the raw files of a program, and clean it again.

    person: NIP or code, as the program links its sources. reason: why; it is logged with the day
    and the number of rows, and may not name anybody. Raises UsageError where nobody of that
    identifier is found or the reason names the person, and DataError for files of which the person
    cannot be taken out; nothing is changed then.
    """
    raw = data.raw(program_id)
    with only_writer(raw.parent):
        sweep(raw.parent)
        program = load_program(raw)
        mapped = open_sources(program, raw, Log())
        linker = make_linker(program, mapped, pseudonym_key(program))
        pid = _pid(linker, person)
        places = {m.name: _rows_of(m, linker, pid) for m in mapped}
        if not any(places.values()):
            what = _("nobody of this identifier is in the program's files")
            remedy = _("give the NIP or code as the files have it")
            raise UsageError(Problem(what, "--person", remedy))
        names = _names_of(mapped, places)
        _check_reason(reason, person, names)
        _check_kinds(mapped, places, names)
        done, alone = Forgotten(), _is_only(names, all_names(mapped))
        told = _Person(names, alone, _secrets(mapped, places, person))
        with replace_folder(raw, private=True) as work:
            shutil.copytree(raw, work, symlinks=True, dirs_exist_ok=True)
            for source in mapped:
                if places[source.name]:
                    path = work / source.source.file
                    _empty_rows(path, source, linker, pid, places[source.name])
                    done.rows[source.name] = len(places[source.name])
            _drop_lines(program, work, places, done)
            done.masked = sum(_mask(path, told, work) for path in raw_files(work))
            done.mentions += _mentions(program, work, names)
            _log(work, reason, sum(done.rows.values()))
            shutil.rmtree(data.processed(program_id), ignore_errors=True)
    clean_program(program, data)
    return done


def _check_kinds(mapped: Sequence[Mapped], places: dict[str, list[int]], names: Names) -> None:
    """Raises DataError that names the sources with the person that cannot be rewritten."""
    what = _("the person is in it, and files of the kind “{kind}” cannot be rewritten safely")
    remedy = _("save it as XLSX or CSV, name that file in program.yml, then the command again")
    problems = []
    for source in mapped:
        kind = Path(source.source.file).suffix.lower()
        if kind in (*CSV, *JSON_LINES, *WORKBOOKS):
            continue
        columns = source.table.frame.collect().iter_columns()
        if places[source.name] or any(tells_name(c, names, words=True).any() for c in columns):
            problems.append(Problem(what.format(kind=kind), source.name + kind, remedy))
    if problems:
        raise DataError(*problems)


def _pid(linker: Linker, person: str) -> str:
    """The pseudonym of an identifier as a person writes it."""
    text = pl.Series([person])
    known = normalise_nip(text) if linker.kind == "nip" else normalise_code(text)
    known = known.replace(linker.repairs)
    pid: str = pseudonyms(known, linker.key, linker.scope)[0] or ""
    return pid


def _rows_of(mapped: Mapped, linker: Linker, pid: str) -> list[int]:
    return who(mapped, linker, pl.col("pid") == pid)["row"].to_list()


def _names_of(mapped: Sequence[Mapped], places: dict[str, list[int]]) -> Names:
    """The names that stand in the person's own rows."""
    return Names.of(
        name
        for source in mapped
        for variable in source.of_type("name")
        for name in source.whole(variable).gather([row - 1 for row in places[source.name]])
    )


def _check_reason(reason: str, person: str, names: Names) -> None:
    if not reason.strip():
        raise UsageError(Problem(_("a deletion needs a reason"), "--reason"))
    if person.strip() in reason or hides(pl.Series([reason]), names, words=True).any():
        what = _("the reason names the person whose data are deleted")
        raise UsageError(Problem(what, "--reason", _("say why without saying who")))


# --- Raw files ----------------------------------------------------------------------------------


def _empty_rows(path: Path, mapped: Mapped, linker: Linker, pid: str, rows: Sequence[int]) -> None:
    """Empty a person's rows of a source's file. Raises DataError where they cannot be found again
    in it, or others would change with them."""
    table = mapped.table.frame.collect() if path.suffix.lower() in WORKBOOKS else None
    replace_file(path, _emptied_file(path, mapped.source, rows))
    after = replace(mapped, table=open_source(path, mapped.source))
    if table is not None:
        kept = table.with_row_index("row", offset=1).filter(~pl.col("row").is_in(rows))
        found = after.table.frame.collect().with_row_index("row", offset=1)
        same = found.join(kept.select("row"), on="row", how="semi").equals(kept)
    else:
        heights = [m.table.frame.select(pl.len()).collect().item() for m in (mapped, after)]
        gone = len(rows) if mapped.source.role == "events" else 0
        same = heights[0] - gone == heights[1]
    if not same or _rows_of(after, linker, pid):
        what = _("the person's rows cannot be emptied without a change to others")
        shown = mapped.name + path.suffix.lower()
        raise DataError(Problem(what, shown, _("save it as CSV, then the same command again")))


def _emptied_file(path: Path, source: Source, rows: Sequence[int]) -> bytes:
    """The bytes of a source's file with these rows empty."""
    suffix, away = path.suffix.lower(), source.role == "events"
    if suffix in WORKBOOKS:
        book = Workbook(path)
        book.empty(source.sheet, {row + source.rows_above for row in rows})
        return book.content()
    if suffix in CSV:
        return _emptied(path, rows, source.rows_above, source.delimiter, source.encoding, away)
    lines, gone = path.read_bytes().splitlines(keepends=True), set(rows)
    empty = b"" if away else b"{}\n"
    return b"".join(empty if i in gone else line for i, line in enumerate(lines, 1))


def _emptied(
    path: Path,
    rows: Sequence[int],
    rows_above: int,
    delimiter: str | None,
    encoding: str | None,
    away: bool,
) -> bytes:
    """A CSV file with the cells of these data rows empty, every other byte as it was. away: whether
    the rows go altogether, as those of a log, which nothing names by their number."""
    content = path.read_bytes()
    encoding = (encoding or detect_encoding(content[:1_000_000])).replace("utf-8-sig", "utf-8")
    text = content.decode(encoding)
    delimiter = delimiter or detect_delimiter(text[:1_000_000])
    skip = rows_above + text[:5].lstrip("\ufeff").lower().startswith("sep=")
    gone, parts = {row + skip for row in rows}, []
    for number, (record, cells) in enumerate(_records(text, delimiter), 1):
        end = "\r\n" if record.endswith("\r\n") else "\n"
        empty = "" if away else delimiter * (len(cells) - 1) + end
        parts.append(empty if number in gone else record)
    return "".join(parts).encode(encoding)


def _records(text: str, delimiter: str) -> Iterator[tuple[str, list[str]]]:
    """Each record of a CSV text as it stands, line ends and all, with its cells."""
    lines = list(io.StringIO(text, newline=""))  # split at every kind of line end, each kept
    reader, begun = csv.reader(iter(lines), delimiter=delimiter), 0
    for cells in reader:
        yield "".join(lines[begun : reader.line_num]), cells
        begun = reader.line_num


def _drop_lines(program: Program, raw: Path, places: dict[str, list[int]], done: Forgotten) -> None:
    """Take corrections, quotes and codes of the emptied rows out of their tables."""
    for name in BY_ROW:
        path = raw / name
        if not path.is_file():
            continue
        table = read_table(path, ["source", "row"], [])
        at = zip(table["source"], table["row"], strict=True)
        gone = [
            line for line, (source, row) in enumerate(at, 1)
            if row.isdigit()
            and any(int(row) in places.get(n, ()) for n in sources_called(program, source))
        ]  # fmt: skip
        if gone:
            replace_file(path, _emptied(path, gone, 1, None, None, away=True))
            done.rows[name] = len(gone)


def _is_only(names: Names, listed: Names) -> bool:
    """Whether nobody else on the lists has the person's first word, so that it means them alone."""
    own = {*names.full, *names.single}
    first = {name.split()[0] for name in own}
    return first.isdisjoint(n.split()[0] for n in (*listed.full, *listed.single) if n not in own)


def _mask(path: Path, person: _Person, raw: Path) -> int:
    """Mask the person in what is left of a file's texts, and in how many records: nobody would know
    the name for one any more, once it is on no list, and it would be published."""
    suffix = path.suffix.lower()
    if suffix in WORKBOOKS:
        book = Workbook(path)
        n, content = book.mask(person), book.content
    elif suffix in (*CSV, *JSON_LINES, ".md"):
        head = path.read_bytes()
        encoding = detect_encoding(head[:1_000_000]).replace("utf-8-sig", "utf-8")
        text = head.decode(encoding, errors="surrogateescape")
        by_cells = suffix in CSV and path.parent == raw
        delimiter = detect_delimiter(text[:1_000_000].lstrip("\ufeff")) if by_cells else None
        masked, n = _masked(text, person, delimiter)
        content = partial(masked.encode, encoding, "surrogateescape")
    else:
        return 0
    if n:
        replace_file(path, content())
    return n


def _masked(text: str, person: _Person, delimiter: str | None) -> tuple[str, int]:
    """A text without the person, and in how many records it was. delimiter: of its cells; None:
    lines of plain text."""
    words = "|".join(map(re.escape, (*sorted(person.names.words), *person.secrets)))
    if not words:
        return text, 0
    parts, n = [], 0
    plain = ((line, [line.rstrip("\r\n")]) for line in text.splitlines(keepends=True))
    for record, cells in _records(text, delimiter) if delimiter else plain:
        without = person.masked(cells) if re.search(words, record, re.IGNORECASE) else cells
        if without == cells:
            parts.append(record)
            continue
        n += 1
        line = io.StringIO(newline="")
        if delimiter:
            csv.writer(line, delimiter=delimiter, lineterminator="").writerow(without)
        parts.append((line.getvalue() or without[0]) + record[len(record.rstrip("\r\n")) :])
    return "".join(parts), n


def _without(cell: str, names: Names) -> str:
    """A short text that bears a name is a name of a place: all of it goes; of a longer one the
    words of the name."""
    if len(cell) <= SHORT:
        return MASK
    words = "|".join(re.escape(word) for word in sorted(names.words, key=len, reverse=True))
    return re.sub(rf"(?i)(?<![^\W\d_])(?:{words})(?![^\W\d_])", MASK, cell)


def _secrets(mapped: Sequence[Mapped], places: dict[str, list[int]], person: str) -> list[str]:
    """What stands in the person's own rows alone and tells of them, names aside."""
    own, others = {person.strip()}, set()
    for source in mapped:
        for variable in source.of_type("nip", "email", "phone"):
            values = source.whole(variable).str.strip_chars().to_list()
            mine = {row - 1 for row in places[source.name]}
            own |= {text for row, text in enumerate(values) if row in mine and text}
            others |= {text for row, text in enumerate(values) if row not in mine}
    return sorted(text for text in own - others if len(text) > 5)


def _mentions(program: Program, raw: Path, names: Names) -> list[str]:
    """Files in which the person's name still stands, or that nobody but a reader can search."""
    if not (names.full or names.single):
        return []
    found = []
    for path, shown in shown_names(program, raw).items():
        text = path.stem
        if path.suffix.lower() in (".yml", ".yaml"):
            text += " " + path.read_text(encoding="utf-8", errors="replace")
        if tells_name(pl.Series([text]), names, words=True).any():
            found.append(_("{file}: the name stands in it or in its file name").format(file=shown))
        elif path.suffix.lower() not in (*CSV, *JSON_LINES, *WORKBOOKS, ".md", ".yml", ".yaml"):
            found.append(_("{file}: read it yourself for the name").format(file=shown))
    return found


def _log(raw: Path, reason: str, n: int) -> None:
    """A line in the program's log of deletions: day, rows, reason."""
    path = raw / LOG
    before = path.read_text(encoding="utf-8") if path.is_file() else "tanggal,baris,alasan\n"
    line = io.StringIO(newline="")
    today = dt.date.today().isoformat()
    csv.writer(line, lineterminator="\n").writerow([today, n, " ".join(reason.split())])
    replace_file(path, (before + line.getvalue()).encode())


# --- The key ------------------------------------------------------------------------------------


def rotate_key(data: DataFolder) -> tuple[list[str], list[str]]:
    """A new secret key, and every processed program with pseudonyms of it.

    Returns (programs that were written anew, why others were not; their processed data are gone).
    Raises UsageError where the key comes from the environment.
    """
    if os.environ.get(KEY_VARIABLE):
        what = _("the key comes from the environment variable {name}").format(name=KEY_VARIABLE)
        remedy = _("put another text there, then run “evaluasi clean”")
        raise UsageError(Problem(what, KEY_VARIABLE, remedy))
    renew_key()
    written, failed = [], []
    for program_id in data.program_ids:
        if not data.processed(program_id).is_dir():
            continue
        try:
            program = load_program(data.raw(program_id))
            if program.synthetic:
                continue
            clean_program(program, data, force=True)
            written.append(program_id)
        except EvaluationError as error:
            shutil.rmtree(data.processed(program_id), ignore_errors=True)
            failed.append(f"{program_id}: {error.problems[0]}")
    return written, failed
