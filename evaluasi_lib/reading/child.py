"""The process in which `files.answers` has a file read, and which nothing else starts.

It reads the cells of workbooks and of files of SPSS and Stata as text, and how large other tables
are; pages of documents by `pages`. It imports no more than its job needs, so that it starts within
a few hundredths of a second.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

MAX_UNPACKED = 200_000_000  # bytes of a DOCX or workbook once unpacked
MAX_CELLS = 5_000_000  # of a sheet: rows times columns, the blank ones too, about 200 MB of XML
MAX_VALUES = 10_000_000  # of a file of SPSS or Stata, which is held whole
MAX_COLUMNS = 16_384  # of Parquet and JSON lines, as many as Excel has
MAX_RATIO = 200  # bytes that one byte of them may unpack to, MAX_UNPACKED aside
_THREE_DECIMALS = re.compile(r"-?\d{1,3}\.\d{3}")


def cell_text(value: Any) -> str | None:
    """A cell of a workbook as text: whole numbers without ".0", dates as ISO, blanks as None.

    Excel keeps 15 digits. A longer number is written with zeros for what is lost, so that a damaged
    NIP is recognised later instead of being taken for another person's.
    """
    if value is None or value == "" or value != value:  # NaN and NaT differ from themselves
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        if abs(value) >= 1e15:
            mantissa, exponent = f"{value:.14e}".split("e")
            return mantissa.replace(".", "") + "0" * (int(exponent) - 14)
        text = str(int(value)) if value == int(value) else repr(float(value))
        # "1.234" could be read as 1234 later; a fourth decimal says which sign is the decimal one.
        return text + "0" if _THREE_DECIMALS.fullmatch(text) else text
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="seconds").removesuffix(" 00:00:00")
    return str(value)


def sheet_answers(path: str, sheet: str | None) -> Iterator[Any]:
    """The names of the sheets, then the rows of the wanted one (the first where that is None).

    A sheet that is not there gives no rows, and one with too many cells {"size": [rows, columns]}.
    """
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    with CalamineWorkbook.from_path(path) as book:
        sheets = [s.name for s in book.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
        yield sheets
        if not sheets or (sheet is not None and sheet not in sheets):
            return
        table = book.get_sheet_by_name(sheets[0] if sheet is None else sheet)
        height, width = table.total_height + 1, table.total_width + 1  # it counts from 0
        if height * width > MAX_CELLS:
            yield {"size": [height, width]}
            return
        for row in table.to_python(skip_empty_area=False):
            yield [cell_text(value) for value in row]


def labelled_answers(path: str, codes: Sequence[str]) -> Iterator[Any]:
    """What is said of the columns of a file of SPSS or Stata, then its rows; labels, but for the
    columns whose codes are wanted. One with too many values gives {"size": [rows, columns]}.
    """
    import pyreadstat

    read = pyreadstat.read_dta if path.lower().endswith(".dta") else pyreadstat.read_sav
    _none, about = read(path, metadataonly=True)
    names, width = about.column_names, max(len(about.column_names), 1)
    if (about.number_rows or 0) * width > MAX_VALUES:
        yield {"size": [about.number_rows, width]}
        return
    most = MAX_VALUES // width  # a file may say nothing, or less than it holds
    values, about = read(path, user_missing=True, output_format="dict", row_limit=most + 1)
    columns = [list(values.pop(name)) for name in names]
    if columns and len(columns[0]) > most:
        yield {"size": [most + 1, width]}
        return
    user_missing = 0
    for name, ranges in about.missing_ranges.items():
        cells = columns[names.index(name)]
        for row, value in enumerate(cells):
            if _is_user_missing(ranges, value):
                user_missing, cells[row] = user_missing + 1, None
    questions = [about.column_names_to_labels.get(name) or "" for name in names]
    yield {"headers": names, "user_missing": user_missing, "questions": questions}
    labels = [{} if n in codes else about.variable_value_labels.get(n, {}) for n in names]
    for line in zip(*columns, strict=True):  # one by one: texts need more room than numbers
        yield [
            str(known[value]) if value in known else cell_text(value)
            for known, value in zip(labels, line, strict=True)
        ]


def _is_user_missing(ranges: Any, value: Any) -> bool:
    """Whether SPSS's declared user-missing values or ranges hold the value."""
    if isinstance(value, (int, float)):
        ranges = [r for r in ranges if isinstance(r["lo"], (int, float))]
        return any(r["lo"] <= value <= r["hi"] for r in ranges)
    return any(value == r["lo"] for r in ranges)


def nested_answers(path: str) -> Iterator[Any]:
    """Signs of life while a Parquet file or JSON lines are looked through.

    One with too many columns gives {"size": [rows, columns]}, and one whose few bytes stand for far
    more {"unpacked": bytes}.
    """
    most = MAX_UNPACKED + MAX_RATIO * Path(path).stat().st_size
    sizes = _parquet_sizes if path.lower().endswith(".parquet") else _json_sizes
    for rows, width, unpacked in sizes(path):
        if width > MAX_COLUMNS:
            yield {"size": [rows, width]}
            return
        if max(unpacked, 8 * rows * width) > most:
            yield {"unpacked": unpacked}
            return
        yield None


def _parquet_sizes(path: str) -> Iterator[tuple[int, int, int]]:
    """Rows, columns and bytes of texts and lists, of what was read so far."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_memory_pool(pa.system_memory_pool())
    with pq.ParquetFile(path) as file:
        width, unpacked = len(file.schema), 0
        yield file.metadata.num_rows, width, 0
        fields = [f for f in file.schema_arrow if not pa.types.is_primitive(f.type)]
        for batch in file.iter_batches(1_000, columns=[f.name for f in fields], use_threads=False):
            for column in batch.columns:
                coded = pa.types.is_dictionary(column.type)
                unpacked += (column.dictionary_decode() if coded else column).nbytes
            yield file.metadata.num_rows, width, unpacked


def _json_sizes(path: str) -> Iterator[tuple[int, int, int]]:
    """Lines and distinct fields, those within others too, of what was read so far."""
    found: set[tuple[str, ...]] = set()
    rows = 0

    def look(value: Any, place: tuple[str, ...]) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                look(inner, (*place, key))
        else:
            found.add(place)

    with open(path, encoding="utf-8-sig") as file:
        for rows, line in enumerate(file, 1):
            look(json.loads(line) if line.strip() else {}, ())
            if not rows % 1_000:
                yield rows, len(found), 0
    yield rows, len(found), 0


JOBS = {  # module and function; it takes the rest of the request and yields the answers
    "sheet": ("child", "sheet_answers"),
    "labelled": ("child", "labelled_answers"),
    "nested": ("child", "nested_answers"),
    "pages": ("pages", "pages_answers"),
}


def _hold_memory(most: int) -> None:
    if sys.platform != "win32":  # which has no such limit for a process that limits itself
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer the request on stdin, one JSON text a line; {"error": name} where reading fails."""
    request = json.load(sys.stdin)
    job = request.pop("job")
    _hold_memory(request.pop("memory"))
    module, function = JOBS[job]
    try:
        read = getattr(import_module(f"evaluasi_lib.reading.{module}"), function)
        for answer in read(**request):
            sys.stdout.write(json.dumps(answer) + "\n")
            if job in ("pages", "nested"):  # each may take seconds: silence is measured
                sys.stdout.flush()
    except MemoryError:
        raise
    except Exception as error:  # each library has errors of its own for a damaged file
        sys.stdout.write(json.dumps({"error": type(error).__name__}) + "\n")


if __name__ == "__main__":
    main()
