"""Which rows of a file a source takes: those of its wave, those that its rules keep, and not those
that somebody left out by hand in keluarkan.csv. What is left out is counted and named nowhere.

Rules look at the file as it was received, before corrections; nothing that is left out is typed, so
that what is wrong in it does not matter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import polars as pl

from evaluasi_lib.cleaning.events import user_numbers, with_event_columns
from evaluasi_lib.cleaning.identity import Linker, Names, hides, name_heading
from evaluasi_lib.cleaning.manifest import Log
from evaluasi_lib.cleaning.source import problems_of, translate
from evaluasi_lib.cleaning.typers import (
    DECIDED,
    PROBLEMS,
    Mapped,
    Spec,
    problem_of_line,
    sources_called,
)
from evaluasi_lib.program import IDENTIFIERS, Column, Program, RowRule
from evaluasi_lib.reading.files import normalise, show
from evaluasi_lib.reading.voices import read_table
from evaluasi_lib.wording import DataError, Problem, _, nearest, suggestion, word_for

FILE = "keluarkan.csv"
FEW_VALUES = 20  # a column of more could hold names, which no message may show
SCOPES = {"row": "row", "baris": "row", "person": "person", "orang": "person"}


def own_rows(mapped: Mapped, names: Names, log: Log) -> Mapped:
    """The source with the rows of its wave that its rules keep; the rows left out are counted, and
    a note tells of each rule that nothing fits."""
    source = mapped.source
    waved = source.wave_from is not None and source.wave_from.column in mapped.selectors
    if waved:  # what is no wave may be left out by a rule; the first source accounts for it
        mapped = _of_wave(mapped, names, log, told=False)
    for rule in source.rows:
        if rule.column not in mapped.selectors:
            continue
        declared = source.columns.get(rule.column)
        heading = mapped.table.headers[mapped.selectors[rule.column]]
        if name_heading(heading) or (declared is not None and declared.type in IDENTIFIERS):
            what = _("a rule by the column “{column}” would name persons in program.yml")
            remedy = _("leave persons out by keluarkan.csv")
            problem = Problem(what.format(column=show(heading)), f"{source.file}, rows", remedy)
            log.errors.append(problem)
        else:
            mapped = _by_rule(mapped, rule, log)
    return _of_wave(mapped, names, log, told=True) if waved else mapped


def _is_first(mapped: Mapped) -> bool:
    """Whether the source tells what concerns the whole of a file that several sources share."""
    source = mapped.source
    return source.wave_from is None or source.wave == next(iter(source.wave_from.waves.values()))


def _texts(mapped: Mapped, selector: str) -> pl.DataFrame:
    """row, text of a selecting column, filled: whether the row holds anything else that is read."""
    at = {"text": mapped.selectors[selector]}
    others = {f"_{i}": i for i in {*mapped.columns.values()} - {*mapped.selectors.values()}}
    filled = pl.any_horizontal(pl.lit(False), *(pl.col(c).is_not_null() for c in others))
    parts = [b.select("row", "text", filled=filled) for b in mapped.table.batches(at | others)]
    empty = pl.DataFrame(schema={"row": pl.Int64, "text": pl.String, "filled": pl.Boolean})
    return pl.concat([empty, *parts])


def _keeping(mapped: Mapped, selector: str, texts: Sequence[str | None]) -> Mapped:
    """The source with the rows that have one of these texts; None: a blank cell."""
    cell = pl.col(str(mapped.selectors[selector])).cast(pl.String)
    known = cell.is_in([t for t in texts if t is not None]).fill_null(None in texts)
    return replace(mapped, table=mapped.table.only(known))


def _of_wave(mapped: Mapped, names: Names, log: Log, *, told: bool) -> Mapped:
    """The rows of the source's wave. The first of the sources that share the file has what is no
    wave as well until that is told: unknown values as problems, blank ones by their number."""
    source = mapped.source
    assert source.wave_from is not None
    heading, waves = source.wave_from.column, source.wave_from.waves
    declared = {"from": mapped.table.headers[mapped.selectors[heading]], "type": "category"}
    spec = Spec(heading, Column.model_validate(declared | {"categories": {v: v for v in waves}}))
    frame = _texts(mapped, heading)
    values, table = translate(frame["text"], frame["row"], spec)
    own = [value for value, wave in waves.items() if wave == source.wave]
    is_own = pl.col("value").cast(pl.String).is_in(own)
    kept: list[str | None] = table.filter(is_own)["text"].to_list()
    if _is_first(mapped):
        unread = table.filter(pl.col("value").is_null())["text"].to_list()
        kept += [] if told else [*unread, None]
        blank = frame["filled"] & values.is_null() & ~_is_problem(frame["text"], table)
        if told:
            log.errors += _unknown_waves(table, spec, source.file, names)
            log.rows_read += int(blank.sum())
            log.add("wave_missing", mapped.name, int(blank.sum()))
    return _keeping(mapped, heading, kept)


def _is_problem(text: pl.Series, table: pl.DataFrame) -> pl.Series:
    """Whether each text is one that could not be read."""
    unknown = table.filter(pl.col("rule").is_in(PROBLEMS))["text"]
    return text.is_in(unknown.implode()).fill_null(False)


def _unknown_waves(table: pl.DataFrame, spec: Spec, file: str, names: Names) -> list[Problem]:
    usual = word_for("label_remedy", "category")
    own = _("add it to “waves”, or leave its rows out by “rows”")
    found = problems_of(table, spec, file, names)
    return [replace(p, remedy=p.remedy.replace(usual, own)) for p in found]


def _by_rule(mapped: Mapped, rule: RowRule, log: Log) -> Mapped:
    """The rows that a rule keeps."""
    frame = _texts(mapped, rule.column)
    seen = {text: normalise(text or "") for text in frame["text"].unique()}
    named = {normalise(value): value for value in (*rule.is_, *rule.is_not)}
    kept = [text for text, form in seen.items() if (form in named) == bool(rule.is_)]
    out = frame.filter(~pl.col("text").is_in([t for t in kept if t is not None])
                       .fill_null(None in kept) & pl.col("filled"))  # fmt: skip
    log.rows_read += out.height
    log.add("rule_left_out", mapped.name, out.height)
    at = {"source": mapped.name, "column": show(rule.column)}
    if out.height and rule.reason is not None:
        log.note("rule_left_out_why", **at, n=out.height, reason=rule.reason)
    elif out.height:
        log.note("rule_left_out", **at, n=out.height)
    whole = replace(mapped, table=replace(mapped.table, kept=None))
    seen = {text: normalise(text or "") for text in _texts(whole, rule.column)["text"].unique()}
    for form, value in named.items() if _is_first(mapped) else ():
        if form and form not in seen.values():
            near = nearest(value, [show(t) for t in seen if t]) if len(seen) <= FEW_VALUES else None
            kind, more = ("rule_unmet_near", {"near": near}) if near else ("rule_unmet", {})
            log.note(kind, **at, value=show(value), **more)
    return _keeping(mapped, rule.column, kept)


class LeftOut(NamedTuple):
    """A line of keluarkan.csv: the row of a source, or the whole person whose row it is."""

    line: int
    sources: list[str]
    row: int
    person: bool
    reason: str


def read_left_out(folder: Path, program: Program) -> tuple[list[LeftOut], list[Problem]]:
    """The lines of keluarkan.csv, and what is wrong with the table itself.

    `row` is the 1-based data row of the source's file; `scope` says whether that row alone is left
    out or the person (row, person). Each needs a reason and who decided it.
    """
    path = folder / FILE
    if not path.is_file():
        return [], []
    try:
        table = read_table(path, ["source", "row", "scope", *DECIDED], [])
    except DataError as error:
        return [], list(error.problems)
    lines, problems = [], []
    for line, text in enumerate(table.to_dict("records"), 1):
        scope = SCOPES.get(normalise(text["scope"]))
        if problem := problem_of_line(text, FILE, line, program):
            problems.append(problem)
        elif scope is None:
            what = _("“{value}” is not a known value").format(value=show(text["scope"]))
            where = f"{FILE}, " + _("row {row}").format(row=line)
            problems.append(Problem(what, where, suggestion(text["scope"], SCOPES)))
        else:
            names = sources_called(program, text["source"])
            lines.append(LeftOut(line, names, int(text["row"]), scope == "person", text["reason"]))
    return lines, problems


def leave_out(
    program: Program, sources: Sequence[Mapped], lines: Sequence[LeftOut], linker: Linker,
    names: Names, log: Log,
) -> list[Mapped]:  # fmt: skip
    """The sources without the rows that were left out by hand, which are counted.

    Of a person every row goes but that on a roster, unless the roster's own row is named: who was
    invited and does not count any more is lost, and the flow of persons shows it.
    """
    gone: dict[str, set[int]] = {source.name: set() for source in sources}
    reasons: dict[str, list[str]] = {}
    by_name = {source.name: source for source in sources}
    named = {n: {line.row for line in lines if n in line.sources} for n in by_name}
    at = {n: _pids_at(by_name[n], rows, linker) if rows else {} for n, rows in named.items()}
    placed: list[tuple[LeftOut, str, str]] = []  # with the source and the person
    for line in lines:
        holder = next((n for n in line.sources if line.row in at.get(n, {})), None)
        where = f"{FILE}, " + _("row {row}").format(row=line.line)
        if hides(pl.Series([line.reason]), names, words=True).any():
            log.errors.append(Problem(_("the reason names a person"), where,
                                      _("say why without saying who")))  # fmt: skip
        if holder is None:
            what = _("the file has no row {n}, or rules leave it out already")
            remedy = _("count the rows below the heading")
            log.errors.append(Problem(what.format(n=line.row), where, remedy))
        else:
            placed.append((line, holder, at[holder][line.row]))
    persons = {pid for line, _holder, pid in placed if line.person}
    theirs = {n: rows_of(s, linker, persons) for n, s in by_name.items()} if persons else {}
    for line, holder, pid in placed:
        found = {holder: [line.row]}
        if line.person:
            others = [n for n in by_name if n == holder or n not in program.rosters]
            found = {n: theirs[n].get(pid, []) for n in others}
        for name, rows in found.items():
            gone[name] |= set(rows)
            if rows and line.reason not in (said := reasons.setdefault(name, [])):
                said.append(line.reason)
    for name, said in reasons.items():
        log.rows_read += len(gone[name])
        log.add("left_out", name, len(gone[name]))
        log.note("left_out", source=name, n=len(gone[name]), reason="; ".join(said))
    kept = {n: ~pl.col("row").is_in(sorted(rows)) for n, rows in gone.items() if rows}
    return [replace(s, table=s.table.only(kept[s.name])) if s.name in kept else s for s in sources]


def _pids_at(mapped: Mapped, rows: Collection[int], linker: Linker) -> dict[int, str]:
    """Row -> the pseudonym of whoever stands in it, of those rows that the source has."""
    there = (b.filter(pl.col("row").is_in(list(rows))) for b in _pids(mapped, linker))
    return {row: str(pid) for found in there for row, pid in found.iter_rows()}


def rows_of(mapped: Mapped, linker: Linker, pids: Collection[str]) -> dict[str, list[int]]:
    """Person -> the data rows (from 1) of a source that belong to her, of these persons."""
    rows: dict[str, list[int]] = {}
    for batch in _pids(mapped, linker):
        for row, pid in batch.filter(pl.col("pid").is_in(list(pids))).iter_rows():
            rows.setdefault(pid, []).append(row)
    return rows


def _pids(mapped: Mapped, linker: Linker) -> Iterator[pl.DataFrame]:
    """row and pid of each batch of a source."""
    log, events = Log(), mapped.source.role == "events"
    source = with_event_columns(mapped) if events else mapped
    for batch in source.table.batches(source.columns):
        named = user_numbers(batch, source, linker) if events else batch
        yield named.select("row", pid=linker.pids(named, source, log))
