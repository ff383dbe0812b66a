"""Which column of the file is which variable, and single cells corrected in koreksi.csv.

Headings are matched exactly after normalisation; exports of known programs are recognised by the
columns that they alone write.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from evaluasi_lib.cleaning.typers import Spec, decimal_evidence, option_texts, proved_decimal
from evaluasi_lib.errors import DataError, Problem, suggestion
from evaluasi_lib.program import Column, Program, Source
from evaluasi_lib.reading.files import PERSONAL, RawTable, normalise, packaged_yaml, show
from evaluasi_lib.reading.voices import read_table
from evaluasi_lib.wording import _, word_for


@dataclass(frozen=True)
class Mapped:
    """A source with its file opened and every declared variable found in it.

    columns: name of a text column in a batch -> position in the file. A multi question that the
    file spreads over one column for each option has names `<variable>__<option>`. coded: variables
    whose values could tell of a person, and are therefore written as codes. selectors: position of
    each column that says which rows are taken, by its name in program.yml.
    """

    name: str
    source: Source
    table: RawTable
    preset: str | None
    columns: dict[str, int]
    specs: dict[str, Spec]
    unused: list[str] = field(default_factory=list)
    coded: frozenset[str] = frozenset()
    selectors: dict[str, int] = field(default_factory=dict)

    def whole(self, variable: str) -> pl.Series:
        """One column over all rows of the file."""
        at = {variable: self.columns[variable]}
        parts = [batch[variable] for batch in self.table.batches(at, 1_000_000)]
        return pl.concat([pl.Series(variable, [], pl.String), *parts])

    def of_type(self, *types: str) -> list[str]:
        """Variables of these types that the file holds in one column."""
        declared = self.source.columns.items()
        return [v for v, c in declared if c.type in types and v in self.columns]


def contradictions(program: Program) -> list[Problem]:
    """Items that one instrument calls reversed and another does not, and lost aliases."""
    problems = []
    for variable in sorted({v for i in program.instruments.values() for v in i.reversed}):
        holders = [n for n, i in program.instruments.items() if variable in i.items]
        turned = [n for n in holders if variable in program.instruments[n].reversed]
        if others := [n for n in holders if n not in turned]:
            what = _("“{item}” is reversed in {some} but not in {others}")
            what = what.format(item=variable, some=", ".join(turned), others=", ".join(others))
            remedy = _("an item is turned once for all: name it in “reversed” of each")
            problems.append(Problem(what, "instruments", remedy))
    return problems + _lost_aliases(program)


def _lost_aliases(program: Program) -> list[Problem]:
    """Other spellings that lead to a label or category that is not declared."""
    places = [(f"scales.{n}", s.aliases, list(s.labels)) for n, s in program.scales.items()]
    places += [
        (f"sources.{name}.columns.{variable}", column.aliases, list(column.categories))
        for name, source in program.sources.items()
        for variable, column in source.columns.items()
        if column.categories
    ]
    what = _("“{label}” is not declared")
    return [
        Problem(what.format(label=label), f"{where}.aliases", suggestion(label, known))
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
    mapped = Mapped(name, source, table, preset, {}, {})
    problems = []
    for variable, column in source.columns.items():
        if column.type == "drop":
            continue
        mapped.specs[variable] = _spec(program, mapped, variable, column)
        found = _find(column, places, table.headers, preset)
        multi = column.type == "multi"
        options = _option_columns(column, places, "{}/{}", "{} [{}]", "{}[{}]") if multi else {}
        texts = [normalise(t) for spelled in option_texts(column).values() for t in spelled]
        if multi and not options and normalise(column.header) in texts:
            options = _option_columns(column, places, "{1}")  # the first option's own column
        if isinstance(found, int) and not options:
            mapped.columns[variable] = found
        elif options := options or (multi and _option_columns(column, places, "{1}")) or {}:
            mapped.columns.update({f"{variable}__{key}": i for key, i in options.items()})
        elif not isinstance(found, int):
            where = f"{source.file}, {program.declared_name(name)}.{variable}"
            problems.append(Problem(found[0], where, found[1]))
    asked = [source.wave_from.column] if source.wave_from else []
    for heading in dict.fromkeys([*asked, *(rule.column for rule in source.rows)]):
        column = source.columns.get(heading) or Column.model_validate({"from": heading})
        found = _find(column, places, table.headers, preset)
        if isinstance(found, int):
            mapped.selectors[heading] = found
        else:
            where = f"{source.file}, {program.declared_name(name)}"
            problems.append(Problem(found[0], where, found[1]))
    declared = {normalise(c.header) for c in source.columns.values()}
    used = {*mapped.columns.values(), *mapped.selectors.values()}
    mapped.unused.extend(
        heading
        for i, heading in enumerate(table.headers)
        if heading and i not in used and normalise(heading) not in declared
    )
    return mapped, problems


def _spec(program: Program, mapped: Mapped, variable: str, column: Column) -> Spec:
    item = column.type == "item"
    scale = program.scale_of(variable, column) if item else None
    turned = item and program.is_reversed(variable)
    return Spec(variable, column, scale, turned, cache(partial(_decimal, mapped, variable)))


def _decimal(mapped: Mapped, variable: str) -> str:
    """The decimal sign of a column, looked up in the whole file where it is not declared."""
    declared = mapped.source.columns[variable].decimal
    return declared or proved_decimal(*decimal_evidence(mapped.whole(variable)))


def _find(
    column: Column, places: dict[str, list[int]], headers: list[str], preset: str | None
) -> int | tuple[str, str]:
    """The position of a declared heading, or (what is wrong, remedy)."""
    for heading in (column.header, *preset_heading(preset, column.header)):
        found = places.get(normalise(heading), [])
        stem, sign, nth = heading.rpartition("#")
        if not found and sign and nth.isdigit():
            several = places.get(normalise(stem), [])
            found = several[int(nth) - 1 : int(nth)]
        if len(found) > 1:
            what = _("the heading “{heading}” stands {n} times in the file")
            remedy = _("say which with “{heading}#2”").format(heading=show(heading))
            return what.format(heading=show(heading), n=len(found)), remedy
        if found:
            return found[0]
    if preset == "kobotoolbox":  # "group/question", declared as the question
        lasts = [normalise(h.rsplit("/", 1)[-1]) if "/" in h else None for h in headers]
        if lasts.count(normalise(column.header)) == 1:
            return lasts.index(normalise(column.header))
    what = _("there is no column “{heading}”").format(heading=show(column.header))
    if any(PERSONAL.search(h) for h in headers):  # a person's row stands where headings should
        return what, _("the headings seem to stand in another row: declare “header_row”")
    return what, suggestion(column.header, [show(h) for h in headers if h])


def _option_columns(column: Column, places: dict[str, list[int]], *forms: str) -> dict[str, int]:
    """The columns of a multi question that has one for each option: "question/option"
    (KoboToolbox), "question [option]", or a heading that stands among the option's texts.

    forms: what the headings look like, of {question} and {option}.
    """
    found = {
        key: places[heading][0]
        for key, spelled in option_texts(column).items()
        for option in (key, *spelled)
        for form in forms
        if (heading := normalise(form.format(column.header, option))) in places
    }
    return found if len(found) == len(column.options) else {}


@cache
def presets() -> dict[str, dict[str, Any]]:
    """presets.yml: exports of known programs."""
    found: dict[str, dict[str, Any]] = packaged_yaml(__package__, "presets.yml")
    return found


def recognise(headers: list[str]) -> str | None:
    """The preset whose own columns are all there; None for any other file."""
    for key, preset in presets().items():
        # Many files have a column "Timestamp"; only in those of Google Forms it comes first.
        there = {normalise(h) for h in (headers[:1] if key == "google_forms" else headers)}
        for needed in preset["needs"]:
            if all(any(normalise(h) in there for h in preset["names"][n]) for n in needed):
                return key
    return None


def preset_heading(preset: str | None, name: str) -> list[str]:
    """The headings that a preset's short name stands for."""
    return presets()[preset]["names"].get(name.casefold(), []) if preset else []


FILE = "koreksi.csv"
DECIDED = ["reason", "who"]  # why something was done by hand, and who decided it


class Correction(NamedTuple):
    """A cell with another text: `line` of koreksi.csv and `row` of the file are data rows."""

    line: int
    source: str
    row: int
    column: str
    old: str
    new: str


def read_corrections(folder: Path, program: Program) -> tuple[list[Correction], list[Problem]]:
    """The corrections of a program, and what is wrong with the table itself.

    `row` is the 1-based data row of the source's file; `column` is the variable of program.yml.
    Each needs a reason and who decided it.
    """
    path = folder / FILE
    if not path.is_file():
        return [], []
    try:
        table = read_table(path, ["source", "row", "column", "old", "new", *DECIDED], [])
    except DataError as error:
        return [], list(error.problems)
    corrections, problems = [], []
    for line, text in enumerate(table.to_dict("records"), 1):
        names = sources_called(program, text["source"])
        if problem := problem_of_line(text, FILE, line, program) or _no_column(text, line, program):
            problems.append(problem)
            continue
        cell = (int(text["row"]), text["column"], text["old"], text["new"])
        corrections += [Correction(line, name, *cell) for name in names]
    return corrections, problems


def sources_called(program: Program, name: str) -> list[str]:
    """The sources of a name: itself, or those of each wave that stand for it."""
    if name in program.sources:
        return [name]
    return [n for n in program.sources if program.declared_name(n) == name]


def problem_of_line(text: dict[Any, str], file: str, line: int, program: Program) -> Problem | None:
    """What is wrong with where a line of a table made by hand points, or with its reason."""
    where = f"{file}, " + _("row {row}").format(row=line)
    if not sources_called(program, text["source"]):
        what = word_for("unknown_name", "source") + f": “{text['source']}”"
        return Problem(what, where, suggestion(text["source"], program.sources))
    if not text["row"].isdigit() or int(text["row"]) < 1:
        remedy = _("count the rows below the heading")
        return Problem(_("the row is no whole number"), where, remedy)
    if not text["reason"] or not text["who"]:
        what = _("the line needs a reason and the name of who decided it")
        return Problem(what, where, _("fill in “reason” and “who”"))
    return None


def _no_column(text: dict[Any, str], line: int, program: Program) -> Problem | None:
    where = f"{FILE}, " + _("row {row}").format(row=line)
    columns = program.sources[sources_called(program, text["source"])[0]].columns
    if text["column"] in columns:
        return None
    what = word_for("unknown_name", "variable") + f": “{text['column']}”"
    return Problem(what, where, suggestion(text["column"], columns))


def apply_corrections(
    batch: pl.DataFrame, corrections: list[Correction]
) -> tuple[pl.DataFrame, list[int], list[int]]:
    """(corrected batch, lines applied, lines of those whose old value is not in the cell)."""
    applied, skipped = [], []
    for c in corrections:
        at = batch["row"].search_sorted(c.row)
        if at == batch.height or batch["row"][at] != c.row or c.column not in batch.columns:
            continue
        if normalise(batch[at, c.column] or "") != normalise(c.old):
            skipped.append(c.line)
            continue
        text = pl.col(c.column).cast(pl.String)
        cell = pl.when(pl.col("row") == c.row).then(pl.lit(c.new or None)).otherwise(text)
        batch = batch.with_columns(cell.alias(c.column))
        applied.append(c.line)
    return batch, applied, skipped
