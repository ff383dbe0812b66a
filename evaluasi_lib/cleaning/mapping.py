"""Which column of the file is which variable: headings matched exactly after normalisation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from evaluasi_lib.cleaning.labels import PERSONAL, normalise, show
from evaluasi_lib.cleaning.presets import preset_heading
from evaluasi_lib.cleaning.typers import Spec, option_texts
from evaluasi_lib.errors import Problem, suggestion
from evaluasi_lib.program import Column, Program, Scale, Source
from evaluasi_lib.reading.files import RawTable
from evaluasi_lib.wording import _

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
