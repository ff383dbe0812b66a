"""Which column of the file is which variable, and single cells corrected in koreksi.csv.

Headings are matched exactly after normalisation; exports of known programs are recognised by the
columns that they alone write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import polars as pl

from evaluasi_lib.cleaning.typers import Spec, option_texts
from evaluasi_lib.errors import Problem, suggestion
from evaluasi_lib.program import Column, Program, Scale, Source
from evaluasi_lib.reading.files import PERSONAL, RawTable, normalise, open_source, show
from evaluasi_lib.wording import _, load_yaml

_NTH = re.compile(r"(.*)#(\d+)")


@dataclass(frozen=True)
class Mapped:
    """A source with its file opened and every declared variable found in it.

    columns: name of a text column in a batch -> position in the file. A multi question that the
    file spreads over one column for each option has names `<variable>__<option>`. coded: variables
    whose values could tell of a person, and are therefore written as codes.
    """

    name: str
    source: Source
    table: RawTable
    preset: str | None
    columns: dict[str, int]
    specs: list[Spec]
    unused: list[str] = field(default_factory=list)
    coded: frozenset[str] = frozenset()


def scale_of(program: Program, variable: str, column: Column) -> Scale | None:
    """The scale of an item: its own, or that of the first instrument that names it."""
    if column.scale is not None:
        return program.scales.get(column.scale)
    for instrument in program.instruments.values():
        if variable in instrument.items:
            return program.scales.get(instrument.scale)
    return None


def is_reversed(program: Program, variable: str) -> bool:
    """Whether an instrument says that agreeing with the item means less."""
    return any(variable in i.reversed for i in program.instruments.values())


def contradictions(program: Program) -> list[Problem]:
    """Items that one instrument calls reversed and another does not."""
    problems = []
    for variable in sorted({v for i in program.instruments.values() for v in i.reversed}):
        holders = [n for n, i in program.instruments.items() if variable in i.items]
        turned = [n for n in holders if variable in program.instruments[n].reversed]
        if len(turned) != len(holders):
            problems.append(
                Problem(
                    _("“{item}” is reversed in {some} but not in {others}").format(
                        item=variable,
                        some=", ".join(turned),
                        others=", ".join(n for n in holders if n not in turned),
                    ),
                    "instruments",
                    _("an item is turned once for all: name it in “reversed” of each"),
                )
            )
    return problems + _lost_aliases(program)


def _lost_aliases(program: Program) -> list[Problem]:
    """Other spellings that lead to a label or category that is not declared."""
    places = [(f"scales.{n}", s.aliases, list(s.labels)) for n, s in program.scales.items()]
    for name, source in program.sources.items():
        for variable, column in source.columns.items():
            if column.categories:
                at = f"sources.{name}.columns.{variable}"
                places.append((at, column.aliases, list(column.categories)))
    return [
        Problem(
            _("“{label}” is not declared").format(label=label),
            f"{where}.aliases",
            suggestion(label, known),
        )
        for where, aliases, known in places
        for label in aliases.values()
        if normalise(label) not in map(normalise, known)
    ]


def map_source(
    program: Program, name: str, source: Source, table: RawTable, preset: str | None
) -> tuple[Mapped, list[Problem]]:
    """The source's variables with their places, and a problem for each that is not there."""
    places: dict[str, list[int]] = {}
    for i, heading in enumerate(table.headers):
        places.setdefault(normalise(heading), []).append(i)
    for i, question in enumerate(table.details.get("questions", [])):
        if question:  # SPSS and Stata: the question's text leads to the variable too
            places.setdefault(normalise(question), [i])
    columns: dict[str, int] = {}
    problems: list[Problem] = []
    for variable, column in source.columns.items():
        if column.type == "drop":
            continue
        found = _find(column, places, table.headers, preset)
        if isinstance(found, int):
            columns[variable] = found
            continue
        options = _option_columns(column, places) if column.type == "multi" else {}
        if options:
            columns |= {f"{variable}__{key}": i for key, i in options.items()}
        else:
            problems.append(Problem(found[0], f"{source.file}, {name}.{variable}", found[1]))
    declared = {normalise(c.header) for c in source.columns.values()}
    used = set(columns.values())
    unused = [
        h
        for i, h in enumerate(table.headers)
        if h and i not in used and normalise(h) not in declared
    ]
    specs = [
        Spec(v, c, scale_of(program, v, c), c.type == "item" and is_reversed(program, v))
        for v, c in source.columns.items()
        if c.type != "drop"
    ]
    return Mapped(name, source, table, preset, columns, specs, unused), problems


def _find(
    column: Column, places: dict[str, list[int]], headers: list[str], preset: str | None
) -> int | tuple[str, str]:
    """The position of a declared heading, or (what is wrong, remedy)."""
    candidates = [column.header, *preset_heading(preset, column.header)]
    for heading in candidates:
        found = places.get(normalise(heading), [])
        nth = _NTH.fullmatch(heading)
        if not found and nth:
            several = places.get(normalise(nth[1]), [])
            if int(nth[2]) <= len(several):
                return several[int(nth[2]) - 1]
        if len(found) > 1:
            return (
                _("the heading “{heading}” stands {n} times in the file").format(
                    heading=show(heading), n=len(found)
                ),
                _("say which with “{heading}#2”").format(heading=show(heading)),
            )
        if found:
            return found[0]
    ends = [i for i, h in enumerate(headers) if "/" in h and _last(h) == normalise(column.header)]
    if preset == "kobotoolbox" and len(ends) == 1:  # "group/question", declared as the question
        return ends[0]
    what = _("there is no column “{heading}”").format(heading=show(column.header))
    if any(PERSONAL.search(h) for h in headers):  # a person's row stands where headings should
        return what, _("the headings seem to stand in another row: declare “header_row”")
    return what, suggestion(column.header, [show(h) for h in headers if h])


def _last(heading: str) -> str:
    return normalise(heading.rsplit("/", 1)[-1])


def _option_columns(column: Column, places: dict[str, list[int]]) -> dict[str, int]:
    """0/1 columns of a multi question: "question/option" (KoboToolbox), "question [option]"."""
    found = {}
    for key, spelled in option_texts(column).items():
        for option in (key, *spelled):
            for form in ("{}/{}", "{} [{}]", "{}[{}]"):
                at = places.get(normalise(form.format(column.header, option)))
                if at:
                    found[key] = at[0]
    return found if len(found) == len(column.options) else {}


@cache
def presets() -> dict[str, dict[str, Any]]:
    """presets.yml: exports of known programs."""
    text = resources.files(__package__).joinpath("presets.yml").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = load_yaml(text)
    return found


def recognise(headers: list[str]) -> str | None:
    """The preset whose own columns are all there; None for any other file."""
    there = {normalise(h) for h in headers}
    for key, preset in presets().items():
        if key == "google_forms":  # many files have a column "Timestamp"; only here it comes first
            there = {normalise(h) for h in headers[:1]}
        for needed in preset["needs"]:
            if all(any(normalise(h) in there for h in preset["names"][n]) for n in needed):
                return key
    return None


def preset_heading(preset: str | None, name: str) -> list[str]:
    """The headings that a preset's short name stands for."""
    return presets()[preset]["names"].get(name.casefold(), []) if preset else []


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
