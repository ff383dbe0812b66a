"""Files as received, read as text in batches: nothing is guessed here, typing comes after.

`open_source` gives the headings and an iterator of batches of strings, so that a file of millions
of rows never lies in memory whole. polars reads CSV, Parquet and JSON lines; python-calamine reads
workbooks and pyreadstat SPSS and Stata in a process of its own (`cells`), which looks through
Parquet and JSON lines first too: a workbook of a few kilobytes can ask for terabytes, and a PDF can
lead a parser round for ever. Such a reader is stopped from outside, and takes nothing with it.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
import os
import re
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import resources
from pathlib import Path
from threading import Event, Thread
from typing import Any, Literal

import polars as pl

from evaluasi_lib.folders import inside
from evaluasi_lib.program import Source
from evaluasi_lib.reading import child
from evaluasi_lib.reading.child import MAX_UNPACKED, cell_text
from evaluasi_lib.wording import DataError, Problem, _, count, load_yaml, suggestion

BATCH_ROWS = 200_000
_SAMPLE_BYTES = 1_000_000
_DELIMITERS = ",;\t|"
_LONE_CR = re.compile(rb"\r[^\n]")  # a row of “CSV (Macintosh)” ends so
READING_SECONDS = 60.0  # of a file that is read apart, until it is heard of
MEMORY = 1_000_000_000  # bytes of a reading process, its libraries included (not on Windows)
ROOT = Path(__file__).resolve().parent.parent.parent
csv.field_size_limit(max(csv.field_size_limit(), _SAMPLE_BYTES))  # a sample may be one field
CSV = (".csv", ".tsv", ".txt")
EXCEL = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
LABELLED = (".sav", ".zsav", ".dta")  # SPSS and Stata
JSON_LINES = (".jsonl", ".ndjson")
TOP_ROWS = 120  # in which headings are looked for, and what stands below them
# What platforms write under a question that has one answer, in place of a heading.
PLAIN_HEADINGS = frozenset({"response", "open ended response", "respons", "tanggapan", "jawaban"})


# Blanks, and what nobody sees: zero-width and control characters, directions of writing.
BLANK = r"[\s\x00-\x1f\x7f-\x9f\u00a0\u200b-\u200d\u2060\ufeff\u202a-\u202e\u2066-\u2069]+"
SPACES = re.compile(BLANK)
MAX_LETTERS = 32_767  # of a cell, as many as Excel holds
Scan = Callable[[Any], pl.LazyFrame]


def clean_space(text: str) -> str:
    """Runs of blanks and of signs that nobody sees as one space, none at the ends."""
    return SPACES.sub(" ", text[:MAX_LETTERS]).strip()


@dataclass(frozen=True)
class RawTable:
    """A file's headings and its rows as text; columns of the scan are "0", "1", ... in order.

    scan: takes the dtype of columns that shall be read as dictionaries of texts (pl.Categorical:
    the same text, stored once), and gives a lazy frame. kept: which rows `batches` gives, by the
    columns and `row`; None: all.
    """

    headers: list[str]
    scan: Scan
    details: dict[str, Any] = field(default_factory=dict)
    kept: pl.Expr | None = None

    @property
    def frame(self) -> pl.LazyFrame:
        """All rows and columns as plain text."""
        return self.scan({})

    def only(self, kept: pl.Expr) -> RawTable:
        """The table without the rows that do not meet a rule as well."""
        return replace(self, kept=kept if self.kept is None else self.kept & kept)

    def batches(
        self,
        columns: dict[str, int],
        size: int = BATCH_ROWS,
        labels: Sequence[str] = (),
    ) -> Iterator[pl.DataFrame]:
        """Frames with `row` (1-based) and the chosen columns (name -> position), in file order.

        labels: the columns that hold few distinct texts.
        """
        wanted = [pl.col(str(i)).alias(name) for name, i in columns.items()]
        coded = {columns[n] for n in labels} - {i for n, i in columns.items() if n not in labels}
        lazy = self.scan({str(i): pl.Categorical for i in coded})
        lazy = lazy.with_row_index("row", offset=1)
        lazy = lazy if self.kept is None else lazy.filter(self.kept)
        lazy = lazy.select(pl.col("row").cast(pl.Int64), *wanted)
        try:
            # Every column is split off, wanted or not: else a field too many would go unseen.
            yield from lazy.collect_batches(
                chunk_size=size,
                maintain_order=True,
                optimizations=pl.QueryOptFlags(projection_pushdown=False),
            )
        except pl.exceptions.PolarsError as error:
            what = _("rows have more fields than there are headings, or quotes that never end")
            remedy = _("check the separator and the quotes, or declare “delimiter”")
            raise DataError(Problem(what, self.details.get("place", ""), remedy)) from error


def packaged_yaml(package: str | None, name: str) -> Any:
    """What a YAML table that lies beside the code of a package holds."""
    text = resources.files(str(package)).joinpath(name).read_text(encoding="utf-8")
    return load_yaml(text)


def source_path(folder: Path, source: Source, name: str) -> Path:
    """The source's file. Raises DataError where it lies outside the program's folder, and naming
    the most similar file where it is missing."""
    path = inside(folder, source.file, source.file)
    if not path.is_file():
        there = sorted(p.name for p in folder.iterdir() if p.is_file() and p.suffix != ".yml")
        what = _("the file of the source “{name}” is missing").format(name=name)
        absent = _("put the file into the program's folder")
        raise DataError(Problem(what, source.file, suggestion(source.file, there) or absent))
    if path.stat().st_size == 0:
        raise DataError(Problem(_("the file is empty"), source.file, _("export it once more")))
    return path


def open_source(path: Path, source: Source, codes: frozenset[str] = frozenset()) -> RawTable:
    """A file as text. codes: headings (SPSS, Stata) whose codes are wanted rather than labels.

    Raises DataError for an unknown kind of file and for one that cannot be read.
    """
    suffix = path.suffix.lower()
    readers: dict[tuple[str, ...], Callable[[], RawTable]] = {
        CSV: lambda: _open_csv(path, source),
        EXCEL: lambda: _open_excel(path, source),
        LABELLED: lambda: _open_labelled(path, codes),
        (".parquet",): lambda: _open_nested(path, pl.scan_parquet),
        JSON_LINES: lambda: _open_nested(path, partial(pl.scan_ndjson, infer_schema_length=None)),
    }
    try:
        for suffixes, read in readers.items():
            if suffix in suffixes:
                return without_footer(read(), source.footer_rows)
    except DataError:
        raise
    except Exception as error:  # each library has errors of its own for a damaged file
        raise DataError(_unreadable(path, type(error).__name__)) from error
    what = _("files of the kind “{suffix}” cannot be read").format(suffix=path.suffix)
    known = ", ".join((*CSV, *EXCEL, *LABELLED, ".parquet", *JSON_LINES))
    raise DataError(Problem(what, path.name, _("known: {names}").format(names=known)))


def without_footer(table: RawTable, n: int) -> RawTable:
    """A table without its last n rows, and the blank ones below them."""
    if not n:
        return table
    frame = table.frame.with_row_index("at")
    last = frame.filter(pl.any_horizontal(pl.exclude("at").is_not_null())).select(pl.max("at"))
    rows = max((last.collect().item() or 0) + 1 - n, 0)
    details = table.details | {"footer_rows": n}
    return replace(table, scan=lambda dtypes: table.scan(dtypes).head(rows), details=details)


def top_rows(path: Path, sheet: str | None = None) -> list[list[str]]:
    """The first rows of a text file or a sheet as they stand, blanks as ""; of other files none.

    Raises DataError as `open_source` does.
    """
    suffix = path.suffix.lower()
    if suffix in EXCEL:
        _sheets, cells = _sheet(path, sheet)
        return [[text or "" for text in row] for row in itertools.islice(cells, TOP_ROWS)]
    if suffix not in CSV:
        return []
    _data, sample, delimiter = _csv_text(path, Source(file=path.name))
    skip = sample[:4].lower() == "sep="
    rows = csv.reader(io.StringIO(sample), delimiter=delimiter)
    return list(itertools.islice(rows, skip, TOP_ROWS))


def sheet_names(path: Path) -> list[str | None]:
    """The sheets of a workbook; [None] for any other file."""
    return [*_sheet(path, None)[0]] if path.suffix.lower() in EXCEL else [None]


def headings(rows: Sequence[Sequence[str]]) -> list[str]:
    """One heading a column from the rows that hold them.

    A merged cell holds its text in its first column alone: it holds for the columns to its right
    that have a heading below it and none beside. "Response" below a question says nothing.
    """
    width = max(map(len, rows))
    *upper, found = [
        [clean_space(row[i]) if i < len(row) else "" for i in range(width)] for row in rows
    ]
    for row in reversed(upper):
        above, joined = "", []
        for top, below in zip(row, found, strict=True):
            above = (top or above) if below else ""
            own = below if normalise(below) not in PLAIN_HEADINGS else ""
            same = normalise(above) == normalise(own)
            joined.append(
                f"{above} [{own}]" if above and own and not same else above or below or top
            )
        found = joined
    return found


def _unreadable(path: Path, error: str) -> Problem:
    what = _("the file cannot be read ({error})").format(error=error)
    remedy = _("open it in the program that made it and export it once more")
    return Problem(what, path.name, remedy)


# --- CSV ---------------------------------------------------------------------------------------


def detect_encoding(head: bytes) -> str:
    """The encoding of a text file by its mark or its bytes: UTF-8, UTF-16, else Windows-1252."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:  # a character cut at the end of the sample is no error
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def detect_delimiter(lines: str) -> str:
    """The separator that splits the first rows into the same, largest number of columns."""

    def quality(delimiter: str) -> tuple[int, int]:
        rows = list(itertools.islice(csv.reader(io.StringIO(lines), delimiter=delimiter), 20))
        widths = [len(r) for r in rows if r][:-1] or [len(r) for r in rows if r]
        common = max(set(widths), key=lambda w: (widths.count(w), w)) if widths else 0
        return (widths.count(common) if common > 1 else 0, common)

    return max(_DELIMITERS, key=quality)


def _csv_text(path: Path, source: Source) -> tuple[Path | io.BytesIO, str, str]:
    """(what polars reads, the first megabyte as text, separator) of a text file."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE_BYTES)
    encoding = source.encoding or detect_encoding(head)
    data: Path | io.BytesIO = path
    sample = head.decode("utf-8-sig", errors="ignore")
    other = encoding.lower().replace("_", "-") not in ("utf-8", "utf-8-sig", "utf8", "ascii")
    if other or _LONE_CR.search(head):
        content = _decode(path, encoding if other else "utf-8-sig")
        content = content.replace("\r\n", "\n").replace("\r", "\n")
        data, sample = io.BytesIO(content.encode("utf-8")), content[:_SAMPLE_BYTES]
    return data, sample, source.delimiter or detect_delimiter(sample)


def _open_csv(path: Path, source: Source) -> RawTable:
    data, sample, delimiter = _csv_text(path, source)
    # Excel's own first line may name the separator.
    named = sample[:4].lower() == "sep="
    skip, first = source.rows_above + named, source.header_row - 1 + named
    reader = csv.reader(io.StringIO(sample), delimiter=delimiter)
    rows = list(itertools.islice(reader, first, first + source.header_rows))
    if len(rows) < source.header_rows or not any(rows):
        raise DataError(Problem(_("the file has no heading row"), path.name))
    headers = headings(rows)
    schema: dict[str, Any] = dict.fromkeys(map(str, range(len(headers))), pl.String)

    def scan(dtypes: dict[str, Any]) -> pl.LazyFrame:
        return pl.scan_csv(
            data, has_header=False, skip_rows=skip, separator=delimiter, schema=schema | dtypes
        )

    return RawTable(headers, scan, {"place": path.name})


def _decode(path: Path, encoding: str) -> str:
    try:
        return path.read_bytes().decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        what = _("the file is not text in the encoding {encoding}").format(encoding=encoding)
        remedy = _("declare “encoding”, for example utf-8, cp1252 or utf-16")
        raise DataError(Problem(what, path.name, remedy)) from error


# --- Files that are read apart -----------------------------------------------------------------


class Ended(Exception):
    """The reading process was stopped, or broke down for want of memory."""

    def __init__(self, why: Literal["time", "memory"]) -> None:
        self.why = why
        super().__init__(why)


def answers(job: str, silence: float = READING_SECONDS, **request: Any) -> Iterator[Any]:
    """What `child` answers to a request, as it comes.

    silence: seconds without an answer after which the process is stopped. Raises Ended.
    """
    paths = filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", child.__name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )
    heard, over, expired = Event(), Event(), Event()

    def watch() -> None:
        while heard.wait(silence):
            if over.is_set():
                return
            heard.clear()
        expired.set()
        process.kill()

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    with process:
        try:
            process.stdin.write(json.dumps({"job": job, "memory": MEMORY, **request}).encode())  # type: ignore[union-attr]
            process.stdin.close()  # type: ignore[union-attr]
            for line in process.stdout or ():
                heard.set()
                if line.endswith(b"\n"):  # else it died in the middle of it
                    yield json.loads(line)
        except BrokenPipeError:  # it died before it read
            pass
        except GeneratorExit:
            process.kill()
            raise
        finally:
            over.set()
            heard.set()
            watcher.join()
    if expired.is_set() or process.returncode:
        raise Ended("time" if expired.is_set() else "memory")


def _answers(path: Path, job: str, **request: Any) -> Iterator[Any]:
    """What a process of its own reads of a file. Raises DataError for what it cannot or may not
    read."""
    try:
        for answer in answers(job, path=str(path), **request):
            match answer:
                case {"error": error}:
                    raise DataError(_unreadable(path, error))
                case {"size": [height, width]}:
                    what = _("the table reaches over {rows} rows and {columns} columns")
                    what = what.format(rows=count(height), columns=count(width))
                    raise DataError(_too_large(path, what))
                case {"unpacked": _bytes}:
                    raise DataError(_too_large(path, _("the file unpacks to too much")))
            yield answer
    except Ended as error:
        known = {"time": _("reading the file takes too long"),
                 "memory": _("the file needs too much memory, or is damaged")}  # fmt: skip
        raise DataError(_too_large(path, known[error.why])) from error


def _too_large(path: Path, what: str) -> Problem:
    far = _("delete what stands far from the table, or export the table as CSV")
    excel = path.suffix.lower() in EXCEL
    return Problem(what, path.name, far if excel else _("export the table as CSV"))


def _in_memory(
    headers: Sequence[str], rows: Iterable[Sequence[str | None]], **details: Any
) -> RawTable:
    schema = dict.fromkeys(map(str, range(len(headers))), pl.String)
    parts = [pl.DataFrame(schema=schema)]
    rows = iter(rows)
    while part := list(itertools.islice(rows, 10_000)):
        parts.append(pl.DataFrame(part, schema=schema, orient="row"))
    return RawTable([clean_space(h) for h in headers], pl.concat(parts).lazy().cast, details)


def _open_excel(path: Path, source: Source) -> RawTable:
    _sheets, answers = _sheet(path, source.sheet)
    rows = list(itertools.islice(answers, source.rows_above))
    first = source.header_row - 1
    named = [[text or "" for text in row] for row in rows[first : first + source.header_rows]]
    if len(named) < source.header_rows:
        raise DataError(Problem(_("the file has no heading row"), path.name))
    return _in_memory(headings(named), answers)


def _sheet(path: Path, wanted: str | None) -> tuple[list[str], Iterator[list[str | None]]]:
    """(names of the sheets, rows of the wanted or first one as texts)."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_UNPACKED:
                raise DataError(_too_large(path, _("the file unpacks to too much")))
    answers = _answers(path, "sheet", sheet=wanted)
    sheets = next(answers)
    if wanted is not None and wanted not in sheets:
        what = _("there is no sheet “{sheet}”").format(sheet=wanted)
        raise DataError(Problem(what, path.name, suggestion(wanted, sheets)))
    return sheets, answers


def _open_labelled(path: Path, codes: frozenset[str]) -> RawTable:
    """A file of SPSS or Stata."""
    rows = _answers(path, "labelled", codes=sorted(codes))
    about = next(rows)
    return _in_memory(about.pop("headers"), rows, **about)


def _open_nested(path: Path, scan: Callable[[Path], pl.LazyFrame]) -> RawTable:
    """Every column as text; fields inside fields get headings such as "actor.account.name".

    The file is looked through in a process of its own first, and then read in batches here.
    """
    for _progress in _answers(path, "nested"):
        pass
    frame = scan(path)
    columns: list[tuple[str, pl.Expr]] = []

    def add(name: str, column: pl.Expr, dtype: pl.DataType) -> None:
        if isinstance(dtype, pl.Struct):
            for field in dtype.fields:
                add(f"{name}.{field.name}", column.struct.field(field.name), field.dtype)  # type: ignore[arg-type]
        elif isinstance(dtype, pl.List):
            text = pl.element().struct.json_encode() if dtype.inner == pl.Struct else pl.element()
            columns.append((name, column.list.eval(text.cast(pl.String)).list.join(";")))
        elif dtype.is_float():
            columns.append((name, column.map_elements(cell_text, return_dtype=pl.String)))
        else:
            columns.append((name, column.cast(pl.String)))

    for name, dtype in frame.collect_schema().items():
        add(name, pl.col(name), dtype)
    headers = [clean_space(name) for name, _column in columns]
    texts = frame.select(c.alias(str(i)) for i, (_n, c) in enumerate(columns))
    return RawTable(headers, texts.cast)


_DASHES = re.compile(r"\s*[-\u2010-\u2015\u2212_/]\s*")
_NEGATIVE = re.compile(r"[-\u2212]\d+(?:[.,]\d+)?")
# What could tell of a person when a cell lands in the wrong column: NIP, telephone, e-mail.
PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|\+?\d(?:[ .\-']?\d){8,}")


def normalise(text: str) -> str:
    """The form in which two labels or headings are compared: case, spaces and dashes levelled.

    "Ragu – ragu" and "ragu-ragu" are the same; "Tidak Setuju" and "Setuju" never are, nor are the
    numbers "-1" and "1".
    """
    text = SPACES.sub(" ", unicodedata.normalize("NFKC", text))
    if _NEGATIVE.fullmatch(text.strip()):
        return text.strip().replace("\u2212", "-")
    return SPACES.sub(" ", _DASHES.sub(" ", text)).strip(" .:*").casefold()


def show(text: str) -> str:
    """A label that a message may show: cut short, and masked where it looks like a person's."""
    text = PERSONAL.sub("[…]", clean_space(text))
    return text if len(text) <= 60 else text[:57] + "…"
