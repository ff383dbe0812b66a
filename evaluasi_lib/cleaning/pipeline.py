"""Raw files to tidy tables: read -> map -> correct -> type -> pseudonymise -> check -> swap in.

Every source is read in batches of text and typed by the declared model, so that a file of millions
of rows needs no more memory than a batch. Which rows a source takes is decided on the file as it
was received: those of its wave, those that its rules keep, and not those that somebody left out by
hand in keluarkan.csv; what is left out is counted, named nowhere, and never typed.

Problems of all sources are collected and raised together, also where nobody is left in a group or
an outcome, so that `check` and a report refuse alike; the processed folder is replaced whole or not
at all.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import polars as pl
from pandas.api.types import is_numeric_dtype

from evaluasi_lib.check import DataFolder
from evaluasi_lib.cleaning import manifest
from evaluasi_lib.cleaning.identity import (
    Linker,
    Names,
    all_names,
    hides,
    make_linker,
    name_heading,
    names_in,
    nip_status,
    normalise_code,
    normalise_nip,
    pseudonym_key,
    screen,
)
from evaluasi_lib.cleaning.manifest import Log
from evaluasi_lib.cleaning.source import (
    Context,
    clean_events,
    clean_source,
    problems_of,
    translate,
    with_event_columns,
)
from evaluasi_lib.cleaning.typers import (
    PROBLEMS,
    Line,
    Mapped,
    Spec,
    clean_text,
    contradictions,
    map_source,
    presets,
    read_corrections,
    read_lines,
)
from evaluasi_lib.folders import replace_folder
from evaluasi_lib.program import IDENTIFIERS, Column, Outcome, Program, RowRule
from evaluasi_lib.reading.files import normalise, open_source, show, source_path
from evaluasi_lib.reading.voices import read_voices
from evaluasi_lib.study import Study, as_label
from evaluasi_lib.wording import (
    DataError,
    Problem,
    _,
    nearest,
    problem,
    step,
    suggestion,
    word_for,
)

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
            what = what.format(column=show(heading))
            log.errors.append(Problem(what, f"{source.file}, rows", remedy))
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
        unknown = table.filter(pl.col("rule").is_in(PROBLEMS))["text"]
        blank = frame["filled"] & values.is_null()
        blank &= ~frame["text"].is_in(unknown.implode()).fill_null(False)
        if told:
            usual = word_for("label_remedy", "category")
            own_remedy = _("add it to “waves”, or leave its rows out by “rows”")
            for p in problems_of(table, spec, source.file, names):
                log.errors.append(replace(p, remedy=p.remedy.replace(usual, own_remedy)))
            log.rows_read += int(blank.sum())
            log.add("wave_missing", mapped.name, int(blank.sum()))
    return _keeping(mapped, heading, kept)


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


SHOWN_LABELS = 10  # a message lists no more labels of a variable


def check_coverage(program: Program, folder: Path) -> Iterator[Problem]:
    """A problem for persons in both groups, for each group and each outcome that has nobody, and
    for each binary outcome whose values do not say what its success is."""
    study = Study(program, folder, {})
    if program.has_groups:
        told = [study.group_of(name).set_axis(t["pid"]) for name, t in study.tables.items()]
        groups = pd.concat(told).dropna()
        where = "design.group" if program.design.group is not None else "sources"
        persons = groups[~groups.reset_index().duplicated().to_numpy()].index
        if study.linked and (both := int(persons.duplicated().sum())):
            what = _("persons are in one group by one source and in the other by another")
            remedy = _("correct them in koreksi.csv, or declare the variable in one source alone")
            yield Problem(what, where, remedy, both)
            return
        remedy = _("check the group's variable and its values in the files")
        for group, text in (
            ("program", _("nobody is in the program group")),
            ("comparison", _("nobody is in the comparison group")),
        ):
            if not ((study.groups if study.linked else groups) == group).any():
                yield Problem(text, where, remedy)
    for outcome in program.outcomes:
        yield from _check_outcome(study, outcome)


class Unmatched(NamedTuple):
    """The rows of a source that match nobody of `among`, by reason: blank, damaged (digits lost in
    a spreadsheet), format (of another kind than theirs), absent."""

    source: str
    among: str
    rows: int
    reasons: dict[str, int]


def unmatched_rows(
    program: Program, sources: Sequence[Mapped], linker: Linker
) -> Iterator[Unmatched]:
    """What is said of each linked source beside the rosters, or beside the first where there is
    none. Rows are those of the file that are taken, before duplicates are dropped."""
    linked = [m for m in sources if linker.variable(m) is not None]
    first = [m for m in linked if m.name in program.rosters] or linked[:1]
    if program.link == "anonymous" or not first:
        return
    texts, usable = zip(*(_identified(m, linker) for m in first), strict=True)
    known, shapes = pl.concat(usable).drop_nulls(), _shape(pl.concat(texts)).drop_nulls().unique()
    for mapped in linked:
        if mapped in first:
            continue
        text, found = _identified(mapped, linker)
        status = nip_status(normalise_nip(text))
        damaged = text.str.contains(r"(?i)^\d[.,]\d+e\+?\d+$") | (status == "damaged")
        other = (
            ~_shape(text).is_in(shapes.implode()) if linker.by_code(mapped)
            else status.is_in(["invalid", "legacy"])
        )  # fmt: skip
        why = pl.select(
            pl.when(text.is_null()).then(pl.lit("blank"))
            .when(found.is_in(known.implode())).then(None)
            .when(damaged).then(pl.lit("damaged"))
            .when(other).then(pl.lit("format"))
            .otherwise(pl.lit("absent"))
        ).to_series()  # fmt: skip
        counts = {r: int((why == r).sum()) for r in ("blank", "damaged", "format", "absent")}
        among = ", ".join(m.name for m in first)
        yield Unmatched(mapped.name, among, len(text), {r: n for r, n in counts.items() if n})


def _identified(mapped: Mapped, linker: Linker) -> tuple[pl.Series, pl.Series]:
    """The texts by which a source names its persons, and the usable identifiers among them."""
    whole = pl.DataFrame([mapped.whole(linker.variable(mapped) or "")])
    text = clean_text(linker.texts(whole, mapped))
    return text, linker.identifiers(text, mapped, Log())


def _shape(text: pl.Series) -> pl.Series:
    """What an identifier looks like: letters as a, digits as 9, runs of either as one."""
    return normalise_code(text).str.replace_all(r"[^\W\d]+", "a").str.replace_all(r"\d+", "9")


def _check_outcome(study: Study, outcome: Outcome) -> Iterator[Problem]:
    measured = [(outcome.wave, outcome.variable, outcome.source, outcome.instrument)]
    if outcome.has_baseline:
        variable = outcome.baseline_variable or outcome.variable
        source = None if outcome.baseline_wave else outcome.source
        asked = outcome.baseline_instrument or outcome.instrument
        measured.append((outcome.baseline_wave or outcome.wave, variable, source, asked))
    for wave, variable, source, asked in measured:
        instrument = study.program.instruments.get(asked or "")
        needed = instrument.items if instrument else [str(variable)]
        holders = [
            name for name, declared in study.program.sources.items()
            if name in study.tables and source in (None, name) and declared.wave in (None, wave)
            and set(needed) <= set(study.tables[name])
        ]  # fmt: skip
        answered = {n: study.tables[n][needed].notna().any(axis="columns") for n in holders}
        where = f"outcomes.{outcome.id}, {wave}"
        if not holders:
            what = _("no source of this wave holds {variables}")
            remedy = _("declare the variables in a source with this wave")
            yield Problem(what.format(variables=", ".join(needed)), where, remedy)
        elif not any(rows.any() for rows in answered.values()):
            yield Problem(_("the outcome has no value at all"), where, _("check the file's column"))
        elif not any(
            (rows & (study.groups_of_rows(n) == "program")).any() for n, rows in answered.items()
        ):
            what = _("the outcome is known of nobody in the program group")
            remedy = _("check the persons' identifiers, and the group's variable and values")
            yield Problem(what, where, remedy)
        elif variable is not None and outcome.scale_type == "binary":
            yield from _check_binary(outcome, [study.tables[n][variable] for n in holders])


def _check_binary(outcome: Outcome, values: list[pd.Series]) -> Iterator[Problem]:
    """Values of a binary outcome that are no flag and not 0 or 1, where `success` is not given."""
    where = f"outcomes.{outcome.id}"
    seen = sorted(pd.concat([as_label(v.dropna()) for v in values]).unique())
    if outcome.success:
        if not set(seen) & set(outcome.success):
            what = _("no value of the variable is among its “success”")
            yield Problem(what, f"{where}.success", _observed(seen))
    elif not all(map(is_numeric_dtype, values)) or not set(seen) <= {"0", "1", "true", "false"}:
        yield problem("success.missing", where, _observed(seen))


def _observed(labels: list[str]) -> str:
    """The remedy with the labels that the files hold; many labels could tell of persons."""
    if len(labels) > SHOWN_LABELS:
        return _("declare “success”; the variable has {n} different values").format(n=len(labels))
    shown = ", ".join(f"“{show(x)}”" for x in labels)
    remedy = _("declare “success” with one or more of the values in the files: {labels}")
    return remedy.format(labels=shown)


def clean_program(program: Program, data: DataFolder, *, force: bool = False) -> Path:
    """The processed folder of a program, rebuilt where it is missing or stale.

    Raises DataError with every problem of the data at once; the folder that was there stays then.
    """
    target = data.processed(program.id)
    if not force and not is_stale(program, data):
        return target
    raw, key = data.raw(program.id), pseudonym_key(program)
    with replace_folder(target, private=True) as work:
        before = manifest.fingerprint(raw)
        with ThreadPoolExecutor(1) as beside:  # gigabytes are summed while they are cleaned
            summed = beside.submit(manifest.read_inputs, raw)
            log, _sources, _linker = _clean_into(program, raw, work, key)
        if log.errors:
            raise DataError(*log.errors)
        if manifest.fingerprint(raw) != before:
            what = _("files changed while they were being read")
            remedy = _("wait until they are copied, then clean again")
            raise DataError(Problem(what, program.id, remedy))
        read = summed.result()
        inputs = manifest.describe_inputs(program, raw, read)
        manifest.write(program, work, log, inputs, manifest.seal(raw, read, key))
    return target


def is_stale(program: Program, data: DataFolder) -> bool:
    """Whether the processed folder is missing, or made from other files, by other code or with
    another key."""
    key = pseudonym_key(program)
    return manifest.is_stale(data.raw(program.id), data.processed(program.id), key)


@dataclass
class Looked:
    """What `check` tells of a program's data where nothing is wrong in them: the notes of cleaning,
    which rows match nobody and why, and the tables, which are gone afterwards."""

    program: Program
    folder: Path
    notes: list[dict[str, Any]]
    unmatched: list[Unmatched]


def check_program(
    program: Program, data: DataFolder, look: Callable[[Looked], None] | None = None
) -> list[Problem]:
    """Every problem of the program's data, in the order a person would mend them.

    Nothing is changed: the tables are made in a temporary folder and thrown away. look: called with
    what was found, where there is no problem.
    """
    with tempfile.TemporaryDirectory(prefix="evaluasi-") as work:
        log, sources, linker = _clean_into(program, data.raw(program.id), Path(work), b"check")
        if look is not None and linker is not None and not log.errors:
            found = list(unmatched_rows(program, sources, linker))
            look(Looked(program, Path(work), log.notes, found))
        return log.errors


def names_of(program: Program, raw: Path) -> Names:
    """Every name of a person in the raw files of a program."""
    return all_names(open_sources(program, raw, Log()))


def _clean_into(
    program: Program, raw: Path, folder: Path, key: bytes
) -> tuple[Log, list[Mapped], Linker | None]:
    """Clean every source into a folder; errors are in the log. With the sources as they were read
    and how their persons were told, None where that could not be."""
    log = Log()
    log.errors += contradictions(program)
    step(_("reading the files"))
    mapped = open_sources(program, raw, log)
    corrections, problems = read_corrections(raw, program)
    left_out, more = read_left_out(raw, program)
    log.errors += [*problems, *more]
    try:
        # Names are sought in rows that are left out too: others may have written them.
        names, known = names_in(mapped), all_names(mapped) if left_out else Names()
        mapped = [own_rows(source, names, log) for source in mapped]
        linker = make_linker(program, mapped, key)
        mapped = leave_out(program, mapped, left_out, linker, known, log)
        context = Context(program, folder, log, linker, corrections, names)
        mapped = [screen(source, program, context.names, log) for source in mapped]
    except DataError as error:
        log.errors = list(dict.fromkeys([*log.errors, *error.problems]))
        return log, mapped, None
    pids: dict[str, pl.Series] = {}
    for source in mapped:
        step(_("cleaning {table}").format(table=source.name))
        clean = clean_events if source.source.role == "events" else clean_source
        try:
            pids[source.name] = clean(source, context)
        except DataError as error:
            log.errors += error.problems
    for line in dict.fromkeys(c.number for c in corrections if c.number not in context.met):
        log.note("correction_unmet", line=line)
    if not log.errors:  # else tables are missing, and what follows from that is known
        log.errors += check_coverage(program, folder)
        _report_matches(program, pids, log)
    for name, parts in (("flags", context.flags), ("translations", context.translations)):
        if parts:
            (folder / "quality").mkdir(exist_ok=True)
            pl.concat(parts).write_parquet(folder / "quality" / f"{name}.parquet")
    tables, problems = read_voices(program, raw)
    log.errors += problems
    for name, frame in tables.items():
        (folder / "restricted").mkdir(exist_ok=True, mode=0o700)
        frame.to_parquet(folder / "restricted" / f"{name}.parquet", index=False)
    log.errors = list(dict.fromkeys(log.errors))  # the sources of one file err alike
    return log, mapped, linker


def open_sources(program: Program, raw: Path, log: Log) -> list[Mapped]:
    """The sources whose file is there and holds the declared columns; problems of the others."""
    opened = []
    for name, source in program.sources.items():
        codes = frozenset(
            c.header for v, c in source.columns.items()
            if c.type in ("number", "integer")
            or (c.type == "item" and c.scale and not program.scales[c.scale].labels)
        )  # fmt: skip
        try:
            path = source_path(raw, source, program.declared_name(name))
            table = open_source(path, source, codes)
        except DataError as error:
            log.errors += error.problems
            continue
        mapped, problems = map_source(program, name, source, table)
        if mapped.preset is not None:
            log.note("preset", source=name, preset=presets()[mapped.preset]["title"])
        log.errors += problems
        if mapped.unused:
            log.note("unused_columns", source=name, n=len(mapped.unused))
        log.add("user_missing", name, table.details.get("user_missing", 0))
        log.add("footer_row_dropped", name, table.details.get("footer_rows", 0))
        if mapped.columns:
            opened.append(mapped)
    return opened


def _report_matches(program: Program, pids: dict[str, pl.Series], log: Log) -> None:
    """A note on each source in which rows belong to nobody on the roster."""
    rosters = [pids[name] for name in program.rosters if name in pids]
    if not rosters or program.link == "anonymous":
        return
    roster = pl.concat(rosters)
    for name, found in pids.items():
        strangers = (~found.is_in(roster.implode())).sum() if name not in program.rosters else 0
        if strangers:
            log.note("unmatched", source=name, n=strangers, total=len(found))
