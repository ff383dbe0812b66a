"""Raw files to tidy tables: read -> map -> correct -> type -> pseudonymise -> check -> swap in.

Every source is read in batches of text and typed by the declared model, so that a file of millions
of rows needs no more memory than a batch. Problems of all sources are collected and raised
together; the processed folder is replaced whole or not at all.

Whether somebody is left in each group and each outcome, and which rows match nobody: no person
is dropped without a word.

Looked at when the tables are made, so that `check` and a report refuse alike.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import polars as pl
from pandas.api.types import is_numeric_dtype

from evaluasi_lib.check import DataFolder
from evaluasi_lib.cleaning import manifest
from evaluasi_lib.cleaning.chosen import leave_out, own_rows, read_left_out
from evaluasi_lib.cleaning.events import clean_events
from evaluasi_lib.cleaning.identity import (
    Linker,
    Names,
    all_names,
    make_linker,
    names_in,
    nip_status,
    normalise_code,
    normalise_nip,
    pseudonym_key,
    screen,
)
from evaluasi_lib.cleaning.manifest import Log
from evaluasi_lib.cleaning.source import Context, clean_source
from evaluasi_lib.cleaning.typers import (
    Mapped,
    clean_text,
    contradictions,
    map_source,
    presets,
    read_corrections,
    recognise,
)
from evaluasi_lib.folders import replace_folder
from evaluasi_lib.program import Outcome, Program, Source
from evaluasi_lib.reading.files import RawTable, open_source, show, source_path
from evaluasi_lib.reading.voices import read_voices
from evaluasi_lib.study import Study, as_label
from evaluasi_lib.wording import DataError, Problem, _, problem, step

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
        why = (
            pl.when(text.is_null()).then(pl.lit("blank"))
            .when(found.is_in(known.implode())).then(None)
            .when(damaged).then(pl.lit("damaged"))
            .when(other).then(pl.lit("format"))
            .otherwise(pl.lit("absent"))
        )  # fmt: skip
        counts = dict(pl.select(why.alias("why")).to_series().drop_nulls().value_counts().rows())
        reasons = {r: counts[r] for r in ("blank", "damaged", "format", "absent") if r in counts}
        among = ", ".join(m.name for m in first)
        yield Unmatched(mapped.name, among, len(text), reasons)


def _identified(mapped: Mapped, linker: Linker) -> tuple[pl.Series, pl.Series]:
    """The texts by which a source names its persons, and the usable identifiers among them."""
    variable = linker.variable(mapped) or ""
    batches = mapped.table.batches({variable: mapped.columns[variable]})
    parts = [clean_text(linker.texts(batch, mapped)) for batch in batches]
    text = pl.concat([pl.Series(variable, [], pl.String), *parts])
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
        preset = _preset(source, table)
        if preset is not None:
            log.note("preset", source=name, preset=presets()[preset]["title"])
        mapped, problems = map_source(program, name, source, table, preset)
        log.errors += problems
        if mapped.unused:
            log.note("unused_columns", source=name, n=len(mapped.unused))
        log.add("user_missing", name, table.details.get("user_missing", 0))
        log.add("footer_row_dropped", name, table.details.get("footer_rows", 0))
        if mapped.columns:
            opened.append(mapped)
    return opened


def _preset(source: Source, table: RawTable) -> str | None:
    if source.preset == "auto":
        return recognise(table.headers)
    return None if source.preset == "none" else source.preset


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
