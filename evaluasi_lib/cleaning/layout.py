"""Where the table stands in a sheet: rows of headings, rows of none, and what is written below it.

A sheet made by hand begins with a title and ends with sums and signatures; its headings may take
two rows, and platforms write questions and codes below theirs.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from functools import lru_cache

from evaluasi_lib.cleaning.typers import VOCABULARY
from evaluasi_lib.reading import files
from evaluasi_lib.reading.files import PERSONAL, PLAIN_HEADINGS, RawTable, headings

Rows = Sequence[Sequence[str]]
MOST_ABOVE = 25  # rows in which headings are looked for
MOST_HEADINGS = 3  # rows that they may take
MOST_BELOW = 60  # rows at the end that may be no answers
FEW = 0.25  # share of the columns that a row of a signature fills at most
_NUMBER = re.compile(r"\(?-?[\d.,]+%?\)?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b.*")
_COUNTED = re.compile(r"\W*(\d+|[a-z])\W*(?:=.*)?", re.IGNORECASE)
_IMPORT_ID = '{"ImportId"'  # what Qualtrics writes below its questions
normalise = lru_cache(maxsize=100_000)(files.normalise)  # a cell is looked at for many places
_FOOTER = re.compile("|".join(VOCABULARY["footers"]))


def find_headings(rows: Rows) -> dict[str, int]:
    """header_row, header_rows and skip_rows of a source, where they differ from 1, 1 and 0.

    The best of all places: every column that has values has a heading, no heading is a value or
    stands twice, and no row of headings is taken without need.
    """
    width = max(map(len, rows), default=0)
    rows = [[*row, *[""] * (width - len(row))] for row in rows]
    found = [
        (_quality(rows, top, depth), -top, -depth)
        for top in range(min(len(rows), MOST_ABOVE))
        for depth in range(1, min(MOST_HEADINGS, len(rows) - top) + 1)
    ]
    if not found:
        return {}
    _best, top, depth = (abs(x) for x in max(found))
    top, depth = int(top), int(depth)
    below = [normalise(cell) for row in rows[top + depth :][:1] for cell in row if cell.strip()]
    depth += bool(below) and set(below) <= PLAIN_HEADINGS
    skip = _rows_of_none(rows[top + depth :], rows[top])
    keys = {"header_row": top + 1, "header_rows": depth, "skip_rows": skip}
    usual = {"header_row": 1, "header_rows": 1, "skip_rows": 0}
    return {key: n for key, n in keys.items() if n != usual[key]}


def _quality(rows: Rows, top: int, depth: int) -> float:
    """How well some rows do as headings of what stands below them; 3 is the best."""
    heads, body = headings(rows[top : top + depth]), rows[top + depth :]
    body = body[_rows_of_none(body, rows[top]) :]
    values = [{normalise(r[i]) for r in body} - {""} for i in range(len(heads))]
    used = [i for i, found in enumerate(values) if found] or list(range(len(heads)))
    named = [heads[i] for i in used if heads[i]]
    worded = [rows[top], *(row for row in rows[top + 1 : top + depth] if not _counted(row))]
    cells = [
        (cell, found)
        for row in worded
        for cell, found in zip(row, values, strict=True)
        if cell.strip()
    ]
    if not cells or not named or (len(named) < 2 and len(used) > 1):
        return 0.0
    wordy = sum(not _is_value(cell, found) for cell, found in cells) / len(cells)
    alone = _stacked_alone(rows[top : top + depth])
    before = any(
        sum(map(bool, row)) > 0.8 * len(used) and not any(_is_value(c, set()) for c in row if c)
        for row in rows[:top]
    )
    covered, distinct = len(named) / len(used), len(set(map(normalise, named))) / len(named)
    return covered + 2 * wordy + distinct - alone - before - 0.02 * depth - (0.0 if body else 0.5)


def _is_value(cell: str, values: set[str]) -> bool:
    """Whether a cell is rather an answer than a heading."""
    text = cell.strip()
    plain = _NUMBER.fullmatch(text) or _DATE.fullmatch(text) or PERSONAL.search(text)
    return bool(plain) or (len(values) > 1 and normalise(text) in values)


def _stacked_alone(rows: Rows) -> float:
    """Share of the upper headings with another right below that they share with no column: a row
    of answers below one of headings looks like that, a merged heading does not."""
    stacked = alone = 0
    for row, lower in itertools.pairwise(rows):
        for i, top in enumerate(row):
            if top.strip() and lower[i].strip():
                beside = row[i + 1].strip() if i + 1 < len(row) else "end"
                plain = normalise(lower[i]) in PLAIN_HEADINGS
                stacked += 1
                alone += bool(beside) and not plain
    return alone / stacked if stacked else 0.0


def _rows_of_none(rows: Rows, heads: Sequence[str]) -> int:
    """Rows right below the headings that are no answers: those of Qualtrics, numbers of columns."""
    for i, row in enumerate(rows[:2]):
        if any(cell.startswith(_IMPORT_ID) for cell in row):
            return i + 1
    if (
        rows
        and sum(_letters(c) == _letters(h) != "" for c, h in zip(rows[0], heads, strict=False)) > 2
    ):
        return 1  # "Start Date" below "StartDate": the questions, or the headings once more
    numbered = rows and _counted(rows[0]) and sum(map(bool, rows[0])) > 0.8 * len(heads)
    return int(bool(numbered))


def _letters(text: str) -> str:
    return re.sub(r"\W|_", "", text).casefold()


def _counted(row: Sequence[str]) -> bool:
    """Whether the cells of a row count: 1, 2, 3, or (a), (b), (c)."""
    found = [_COUNTED.fullmatch(cell) for cell in row if cell.strip()]
    texts = [m[1].casefold() if m else "" for m in found]
    return len(texts) > 1 and texts in (
        [str(n) for n in range(1, len(texts) + 1)],
        [chr(ord("a") + n) for n in range(len(texts))],
    )


def find_footer(table: RawTable) -> int:
    """How many rows at the end are no answers: sums and means by their word, and rows of few cells
    after them or after a blank row."""
    frame = table.frame.tail(10 * MOST_BELOW).collect()
    rows = [[cell or "" for cell in row] for row in frame.iter_rows()]
    while rows and not any(map(str.strip, rows[-1])):
        rows.pop()
    few, begin = max(1, int(FEW * len(table.headers))), len(rows)
    for i in range(len(rows) - 1, max(len(rows) - MOST_BELOW, 0), -1):
        cells = [cell.strip() for cell in rows[i] if cell.strip()]
        summed = _is_sum(cells)
        if not summed and len(cells) > few:
            break
        if summed or (cells and not any(map(str.strip, rows[i - 1]))):
            begin = i
    return len(rows) - begin


def _is_sum(cells: Sequence[str]) -> bool:
    """Whether a row begins with the words of a sum, a mean or a signature, and has few others."""
    words = [cell for cell in cells if not _NUMBER.fullmatch(cell)]
    few = len(words) <= max(2, len(cells) // 4)
    return (
        bool(words) and few and cells[0] == words[0] and bool(_FOOTER.search(normalise(words[0])))
    )
