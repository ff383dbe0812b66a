"""Which rows of a file a source takes: those of its wave, those that its rules keep, and not those
that somebody left out by hand in keluarkan.csv. What is left out is counted and named nowhere.

Rules look at the file as it was received, before corrections; nothing that is left out is typed, so
that what is wrong in it does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from evaluasi_lib.cleaning.events import with_event_columns
from evaluasi_lib.cleaning.identity import Linker, Names, hides, name_heading
from evaluasi_lib.cleaning.manifest import Log
from evaluasi_lib.cleaning.source import problems_of, translate
from evaluasi_lib.cleaning.typers import PROBLEMS, Line, Mapped, Spec, read_lines
from evaluasi_lib.program import IDENTIFIERS, Column, Program, RowRule
from evaluasi_lib.reading.files import normalise, show
from evaluasi_lib.wording import Problem, _, nearest, suggestion, word_for

FILE = "keluarkan.csv"
FEW_VALUES = 20  # a column of more could hold names, which no message may show
SCOPES = {"row": False, "baris": False, "person": True, "orang": True}  # whether the person goes


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


def read_left_out(folder: Path, program: Program) -> tuple[list[Line], list[Problem]]:
    """The lines of keluarkan.csv, and what is wrong with the table itself. `scope` says whether the
    row alone is left out or the person whose row it is (row, person)."""

    def wrong(line: Line) -> tuple[str, str] | None:
        scope = line.text["scope"]
        what = _("“{value}” is not a known value").format(value=show(scope))
        return None if normalise(scope) in SCOPES else (what, suggestion(scope, SCOPES))

    return read_lines(folder, FILE, ["scope"], program, wrong)


def leave_out(
    program: Program, sources: Sequence[Mapped], lines: Sequence[Line], linker: Linker,
    names: Names, log: Log,
) -> list[Mapped]:  # fmt: skip
    """The sources without the rows that were left out by hand, which are counted.

    Of a person every row goes but that on a roster, unless the roster's own row is named: who was
    invited and does not count any more is lost, and the flow of persons shows it.
    """
    by_name = {source.name: source for source in sources}
    named = {n: {line.row for line in lines if n in line.sources} for n in by_name}
    at = {n: dict(who(by_name[n], linker, pl.col("row").is_in(list(rows))).iter_rows())
          for n, rows in named.items() if rows}  # fmt: skip
    placed: list[tuple[Line, str, str]] = []  # with the source and the person
    for line in lines:
        where = f"{FILE}, " + _("row {row}").format(row=line.number)
        if hides(pl.Series([line.text["reason"]]), names, words=True).any():
            what, remedy = _("the reason names a person"), _("say why without saying who")
            log.errors.append(Problem(what, where, remedy))
        holder = next((n for n in line.sources if line.row in at.get(n, {})), None)
        if holder is None:
            what = _("the file has no row {n}, or rules leave it out already")
            remedy = _("count the rows below the heading")
            log.errors.append(Problem(what.format(n=line.row), where, remedy))
        else:
            placed.append((line, holder, at[holder][line.row]))
    persons = [pid for line, _holder, pid in placed if SCOPES[normalise(line.text["scope"])]]
    every = pl.col("pid").is_in(persons)
    theirs = {n: who(s, linker, every) for n, s in by_name.items()} if persons else {}
    taken: dict[str, dict[str, set[int]]] = {}  # of each source the rows to leave out, by reason
    for line, holder, pid in placed:
        gone = {holder: [line.row]}
        if SCOPES[normalise(line.text["scope"])]:
            others = [n for n in by_name if n == holder or n not in program.rosters]
            gone = {n: theirs[n].filter(pid=pid)["row"].to_list() for n in others}
        for name, rows in gone.items():
            if rows:
                taken.setdefault(name, {}).setdefault(line.text["reason"], set()).update(rows)
    kept = dict(by_name)
    for name, reasons in taken.items():
        rows = sorted(set().union(*reasons.values()))
        log.rows_read += len(rows)
        log.add("left_out", name, len(rows))
        log.note("left_out", source=name, n=len(rows), reason="; ".join(reasons))
        kept[name] = replace(kept[name], table=kept[name].table.only(~pl.col("row").is_in(rows)))
    return list(kept.values())


def who(mapped: Mapped, linker: Linker, which: pl.Expr) -> pl.DataFrame:
    """row and pid of the rows of a source for which a rule about row and pid holds."""
    log = Log()
    source = with_event_columns(mapped) if mapped.source.role == "events" else mapped
    parts = [
        batch.select("row", pid=linker.pids(batch, source, log)).filter(which)
        for batch in source.table.batches(source.columns)
    ]
    return pl.concat([pl.DataFrame(schema={"row": pl.Int64, "pid": pl.String}), *parts])
