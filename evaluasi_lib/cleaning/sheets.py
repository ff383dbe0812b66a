"""The tables of exported files: every sheet, where its table stands, what it holds, its wave, and
how tables are linked.

A sheet made by hand begins with a title and ends with sums and signatures; its headings may take
two rows, and platforms write questions and codes below theirs.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from evaluasi_lib.cleaning.guess import (
    UNKNOWN,
    Guess,
    first_of,
    free,
    guess_columns,
    slug,
    without_persons,
)
from evaluasi_lib.cleaning.identity import Names, core_name, normalise_code
from evaluasi_lib.cleaning.typers import VOCABULARY, Spec, clean_text, recognise, type_date
from evaluasi_lib.program import Column, Source
from evaluasi_lib.reading import files
from evaluasi_lib.reading.files import (
    PERSONAL,
    PLAIN_HEADINGS,
    RawTable,
    clean_space,
    headings,
    open_source,
    sheet_names,
    top_rows,
    without_footer,
)
from evaluasi_lib.wording import _

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
    places = [
        (top, depth)
        for top in range(min(len(rows), MOST_ABOVE))
        for depth in range(1, min(MOST_HEADINGS, len(rows) - top) + 1)
    ]
    if not places:
        return {}
    top, depth = max(places, key=lambda place: _quality(rows, *place))
    below = {normalise(cell) for row in rows[top + depth :][:1] for cell in row} - {""}
    depth += bool(below) and below <= PLAIN_HEADINGS
    skip = _rows_of_none(rows[top + depth :], rows[top])
    found = {"header_row": (top + 1, 1), "header_rows": (depth, 1), "skip_rows": (skip, 0)}
    return {key: n for key, (n, usual) in found.items() if n != usual}


def _quality(rows: Rows, top: int, depth: int) -> float:
    """How well some rows do as headings of what stands below them; 3 is the best."""
    heads, body = headings(rows[top : top + depth]), rows[top + depth :]
    body = body[_rows_of_none(body, rows[top]) :]
    values = [{normalise(r[i]) for r in body} - {""} for i in range(len(heads))]
    used = [i for i, found in enumerate(values) if found] or list(range(len(heads)))
    named = [heads[i] for i in used if heads[i]]
    worded = [rows[top], *(row for row in rows[top + 1 : top + depth] if not _counted(row))]
    cells = [pair for row in worded for pair in zip(row, values, strict=True) if pair[0].strip()]
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
    if not rows:
        return 0
    pairs = [(re.sub(r"\W|_", "", c).casefold(), re.sub(r"\W|_", "", h).casefold())
             for c, h in zip(rows[0], heads, strict=False)]  # fmt: skip
    if sum(cell == head != "" for cell, head in pairs) > 2:
        return 1  # "Start Date" below "StartDate": the questions, or the headings once more
    return int(_counted(rows[0]) and sum(map(bool, rows[0])) > 0.8 * len(heads))


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
    if not words or cells[0] != words[0] or len(words) > max(2, len(cells) // 4):
        return False
    return _FOOTER.search(normalise(words[0])) is not None


MIN_ITEMS = 3  # of an instrument
SAME_PERSONS = 0.2  # share of the codes that two tables have in common


@dataclass
class Sheet:
    """One table of a file: how it is read, what its columns seem to be, and what it is.

    keys: of its source, up to the columns. above: the lines above its headings.
    """

    name: str
    path: Path
    keys: dict[str, Any]
    table: RawTable
    guesses: list[Guess]
    preset: str | None
    above: list[str]
    wave: str | None = None
    role: str = "survey"

    def of_kind(self, *kinds: str) -> list[Guess]:
        return [g for g in self.guesses if g.kind in kinds]

    def column(self, guess: Guess) -> pl.Series:
        """The texts of a guessed column that stands in one place."""
        return clean_text(self.table.frame.select(str(guess.place)).collect().to_series())


def read_sheets(files: Sequence[Path], known: Mapping[str, Any], told: list[str]) -> list[Sheet]:
    """Every table of the files that holds answers; what is left out is told. known: a declaration
    whose names of sources and variables are used again."""
    sources: dict[str, Any] = known.get("sources") or {}
    named = {(s.get("file"), s.get("sheet")): n for n, s in sources.items()}
    variables = {
        normalise(c["from"] if isinstance(c, dict) else c): v
        for s in sources.values()
        for v, c in (s.get("columns") or {}).items()
    }
    sheets: list[Sheet] = []
    taken: set[str] = set(named.values())
    for path in files:
        names = sheet_names(path)
        for name in names:
            left_out = name and re.search(VOCABULARY["sheets_left_out"], normalise(name))
            found = None if left_out else _read_sheet(path, name, len(names) > 1, variables)
            if found is None:
                if name and len(names) > 1:
                    told.append(_("{file}: the sheet “{sheet}” is left out: it holds no answers")
                                .format(file=path.name, sheet=name))  # fmt: skip
                continue
            own = named.get((path.name, name))
            if own is None and name == names[0]:  # which is read where none is declared
                own = named.get((path.name, None))
            stem = path.stem if len(names) == 1 else str(name)
            found.name = own or free(slug(stem, 6) or f"sumber_{len(sheets) + 1}", taken)
            for guess in found.guesses:
                guess.source = found.name
            taken.add(found.name)
            sheets.append(found)
            variables |= {normalise(g.header): g.variable for g in found.guesses}
    return sheets


def _read_sheet(
    path: Path, sheet: str | None, several: bool, variables: Mapping[str, str]
) -> Sheet | None:
    rows = top_rows(path, sheet)
    if several and sum(any(map(str.strip, row)) for row in rows) < 2:
        return None
    keys: dict[str, Any] = {"file": path.name} | ({"sheet": sheet} if several else {})
    keys |= find_headings(rows)
    table = open_source(path, Source(**keys))
    if footer := find_footer(table):
        keys["footer_rows"] = footer
        table = without_footer(table, footer)
    if several and sum(map(bool, table.headers)) < 2:
        return None
    preset = recognise(table.headers)
    first = keys.get("header_row", 1) - 1
    asked = keys.get("skip_rows", 0) > (preset != "qualtrics")
    questions = rows[first + keys.get("header_rows", 1)] if asked else []
    questions = table.details.get("questions", questions)
    guesses = [] if preset == "moodle" else guess_columns(table, questions, variables)
    above = [clean_space(c) for row in rows[:first] for c in row if c.strip()]
    return Sheet("", path, keys, table, guesses, preset, above)


def drop_persons(sheets: Sequence[Sheet]) -> None:
    """Nothing is written down that is a name in any of the tables."""
    columns = [s.column(g).drop_nulls().unique() for s in sheets for g in s.of_kind("name")]
    listed = sorted({core_name(name) for column in columns for name in column})
    full = tuple(name for name in listed if len(name) > 2 and " " in name)
    single = tuple(name for name in listed if len(name) > 2 and " " not in name)
    for sheet in sheets:
        without_persons(sheet.guesses, Names(full, single))


def find_link(sheets: Sequence[Sheet]) -> str:
    """The identifier that several tables have. A single table of NIP is linked too, so that one
    person's rows are known as such; made-up codes and addresses are not. Numbers that run from one
    in each table may be of the same persons or of none: "?"."""
    for kind in ("nip", "respondent_code", "email"):
        holders = [(s, found[0]) for s in sheets if (found := s.of_kind(kind))]
        if kind == "nip" and (len(holders) > 1 or len(holders) == len(sheets)):
            return kind
        if kind == "nip" or len(holders) < 2:
            continue
        codes = [set(normalise_code(s.column(guess)).drop_nulls()) for s, guess in holders]
        if all(c == set(map(str, range(1, len(c) + 1))) for c in codes):
            return UNKNOWN
        # Platforms number answers too: some two tables must be of the same persons.
        pairs = ((a, b) for a, b in itertools.combinations(codes, 2) if a and b)
        if any(len(a & b) >= SAME_PERSONS * min(len(a), len(b)) for a, b in pairs):
            for _sheet, guess in holders if kind == "email" else ():
                guess.kind = "respondent_code"
                guess.note = _("the address links the files, and is written nowhere")
            return "respondent_code"
    logs = all(s.preset == "moodle" for s in sheets)
    return "respondent_code" if logs else "anonymous"


def set_roles(sheets: Sequence[Sheet]) -> None:
    """What each table is, and when it was measured."""
    for sheet in sheets:
        persons = sheet.of_kind("nip", "respondent_code", "name", "email")
        if sheet.preset == "moodle":
            sheet.role = "events"
        elif persons and marks_of(sheet) and len(sheet.of_kind("item")) < MIN_ITEMS:
            sheet.role = "record"
        elif persons and not sheet.of_kind("item", "open", "multi"):
            sheet.role = "roster"
        # The wave that the name of the sheet or file says, or the lines above its headings.
        names = [str(sheet.keys.get("sheet") or ""), sheet.path.stem, *sheet.above]
        sheet.wave = next((w for n in names if (w := first_of("waves", normalise(n)))), None)
    surveys = [s for s in sheets if s.role == "survey"]
    asked = {s.name: {g.variable for g in s.of_kind("item")} for s in surveys}
    for sheet in surveys:
        if sheet.wave is None:
            alike = [s for s in surveys if len(asked[s.name] & asked[sheet.name]) >= MIN_ITEMS]
            sheet.wave = _wave_beside(sheet, [s for s in alike if s is not sheet])


def _wave_beside(sheet: Sheet, alike: Sequence[Sheet]) -> str:
    """The wave of a survey whose name tells none, by those that ask the same."""
    if not alike:
        return "post"
    if len(alike) == 1:
        if alike[0].wave in ("pre", "post"):
            return "post" if alike[0].wave == "pre" else "pre"
        days = [_day(s) for s in (sheet, alike[0])]
        if None not in days and days[0] != days[1]:
            return "pre" if days[0] < days[1] else "post"
    return UNKNOWN


def _day(sheet: Sheet) -> Any:
    """The middle of the first dates of a sheet."""
    for guess in sheet.of_kind("date"):
        column = Column.model_validate({"from": "x", "type": "date", **guess.keys})
        return type_date(sheet.column(guess), Spec("x", column))["value"].median()
    return None


def marks_of(sheet: Sheet) -> list[Guess]:
    """The columns of marks: numbers whose heading says so."""
    numbers = sheet.of_kind("number", "integer")
    return [g for g in numbers if re.search(VOCABULARY["marks"], normalise(g.header))]
