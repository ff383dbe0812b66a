"""koreksi.csv: corrections of single cells, made in a table so that raw files stay as received."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from evaluasi_lib.cleaning.labels import normalise
from evaluasi_lib.errors import Problem, suggestion
from evaluasi_lib.program import Program, Source
from evaluasi_lib.reading.files import open_source
from evaluasi_lib.wording import _

FILE = "koreksi.csv"
_HEADINGS = {
    "source": ("source", "sumber"), "row": ("row", "baris"), "column": ("column", "kolom"),
    "old": ("old", "lama"), "new": ("new", "baru"), "reason": ("reason", "alasan"),
    "who": ("who", "oleh"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Correction:
    line: int
    source: str
    row: int
    column: str
    old: str
    new: str | None


def read_corrections(folder: Path, program: Program) -> tuple[list[Correction], list[Problem]]:
    """The corrections of a program, and what is wrong with the table itself.

    `row` is the 1-based data row of the source's file; `column` is the variable of program.yml.
    Each needs a reason and who decided it.
    """
    path = folder / FILE
    if not path.is_file():
        return [], []
    table = open_source(path, Source(file=FILE))
    found = {normalise(h): i for i, h in enumerate(table.headers)}
    place = {k: next((found[n] for n in v if n in found), None) for k, v in _HEADINGS.items()}
    absent = [_HEADINGS[k][1] for k, i in place.items() if i is None]
    if absent:
        what = _("columns are missing: {names}").format(names=", ".join(absent))
        needed = ", ".join(names[1] for names in _HEADINGS.values())
        return [], [Problem(what, FILE, _("the table needs: {names}").format(names=needed))]
    corrections, problems = [], []
    columns = {k: i for k, i in place.items() if i is not None}
    columns = {("key" if k == "row" else k): i for k, i in columns.items()}
    for batch in table.batches(columns):
        for item in batch.iter_rows(named=True):
            text = {k: (v or "").strip() for k, v in item.items() if k != "row"}
            problem = _check(text, item["row"], program)
            if problem is not None:
                problems.append(problem)
                continue
            cell = (item["row"], text["source"], int(text["key"]), text["column"])
            corrections.append(Correction(*cell, text["old"], text["new"] or None))
    return corrections, problems


def _check(text: dict[str, str], line: int, program: Program) -> Problem | None:
    where = f"{FILE}, " + _("row {row}").format(row=line)
    source = program.sources.get(text["source"])
    if source is None:
        what = _("unknown source") + f": “{text['source']}”"
        return Problem(what, where, suggestion(text["source"], program.sources))
    if text["column"] not in source.columns:
        what = _("unknown variable") + f": “{text['column']}”"
        return Problem(what, where, suggestion(text["column"], source.columns))
    if not text["key"].isdigit():
        return Problem(
            _("the row is no whole number"), where, _("count the rows below the heading")
        )
    if not text["reason"] or not text["who"]:
        return Problem(_("a correction needs a reason and a name of who decided it"), where)
    return None


def apply_corrections(
    batch: pl.DataFrame, corrections: list[Correction]
) -> tuple[pl.DataFrame, int, list[int]]:
    """(corrected batch, number applied, lines of those whose old value is not in the cell)."""
    if not corrections or not batch.height:
        return batch, 0, []
    applied, skipped = 0, []
    first, last = batch["row"][0], batch["row"][-1]
    for c in corrections:
        if not first <= c.row <= last:
            continue
        at = c.row - first
        current = batch[at, c.column]
        if normalise(current or "") != normalise(c.old):
            skipped.append(c.line)
            continue
        text = pl.col(c.column).cast(pl.String)
        cell = pl.when(pl.col("row") == c.row).then(pl.lit(c.new)).otherwise(text)
        batch = batch.with_columns(cell.alias(c.column))
        applied += 1
    return batch, applied, skipped
