"""The cells of one sheet of a workbook as text. Nothing heavy is imported: `child` stands on it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

MAX_CELLS = 5_000_000  # rows times columns, the blank ones too: about 200 MB of XML
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


def sheet_answers(path: str, name: str | None) -> Iterator[Any]:
    """The names of the sheets, then the rows of the named one (the first where name is None).

    A sheet that is not there gives no rows, and one with too many cells {"size": [rows, columns]}.
    """
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    with CalamineWorkbook.from_path(path) as book:
        sheets = [s.name for s in book.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
        yield sheets
        if not sheets or (name is not None and name not in sheets):
            return
        sheet = book.get_sheet_by_name(sheets[0] if name is None else name)
        height, width = sheet.total_height + 1, sheet.total_width + 1  # it counts from 0
        if height * width > MAX_CELLS:
            yield {"size": [height, width]}
            return
        for row in sheet.to_python(skip_empty_area=False):
            yield [cell_text(value) for value in row]
