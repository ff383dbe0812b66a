"""Files as the tools of an agency export them, with the same bytes on every platform."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

_EPOCH = (1980, 1, 1, 0, 0, 0)


def csv_bytes(
    table: pd.DataFrame,
    *,
    delimiter: str = ",",
    newline: str = "\r\n",
    bom: bool = False,
    quote_all: bool = False,
) -> bytes:
    """A table of text as CSV; missing values become empty cells."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(
        buffer,
        delimiter=delimiter,
        lineterminator=newline,
        quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL,
    )
    writer.writerow(table.columns)
    for row in table.itertuples(index=False, name=None):
        writer.writerow(["" if _is_missing(value) else value for value in row])
    return buffer.getvalue().encode("utf-8-sig" if bom else "utf-8")


def xlsx_bytes(sheets: Mapping[str, pd.DataFrame], *, title_rows: Sequence[str] = ()) -> bytes:
    """A workbook, one table a sheet; title_rows stand above the headings of the first sheet."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"created": dt.datetime(2025, 12, 1)})
    bold = book.add_format({"bold": True})
    for position, (name, table) in enumerate(sheets.items()):
        sheet = book.add_worksheet(name)
        start = 0
        for text in title_rows if position == 0 else ():
            sheet.write_string(start, 0, text, bold)
            start += 1
        for column, heading in enumerate(table.columns):
            sheet.write_string(start, column, str(heading), bold)
        for line, row in enumerate(table.itertuples(index=False, name=None), start + 1):
            for column, value in enumerate(row):
                if not _is_missing(value):
                    sheet.write(line, column, value)
    book.close()
    return _stored(buffer.getvalue())


def write(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _stored(archive: bytes) -> bytes:
    """A zip archive again, uncompressed: builds of zlib differ in the bytes that they write."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        return _zip({info.filename: source.read(info) for info in source.infolist()})


def _zip(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system, info.external_attr = 3, 0o600 << 16
            target.writestr(info, content)
    return buffer.getvalue()


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)
