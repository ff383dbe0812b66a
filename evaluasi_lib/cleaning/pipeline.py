"""Raw files to tidy tables: read -> map -> correct -> type -> pseudonymise -> check -> swap in.

Every source is read in batches of text and typed by the declared model, so that a file of millions
of rows needs no more memory than a batch. Problems of all sources are collected and raised
together; the processed folder is replaced whole or not at all.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from evaluasi_lib.cleaning import manifest
from evaluasi_lib.cleaning.chosen import leave_out, own_rows, read_left_out
from evaluasi_lib.cleaning.coverage import Unmatched, check_coverage, unmatched_rows
from evaluasi_lib.cleaning.events import clean_events
from evaluasi_lib.cleaning.identity import Linker, make_linker, pseudonym_key
from evaluasi_lib.cleaning.manifest import Log
from evaluasi_lib.cleaning.mapping import (
    Mapped,
    contradictions,
    map_source,
    presets,
    read_corrections,
    recognise,
)
from evaluasi_lib.cleaning.privacy import Names, all_names, names_in, screen
from evaluasi_lib.cleaning.source import Context, clean_source
from evaluasi_lib.errors import DataError, Problem
from evaluasi_lib.folders import replace_folder
from evaluasi_lib.loading import DataFolder
from evaluasi_lib.program import Program, Source
from evaluasi_lib.reading.files import RawTable, open_source, source_path
from evaluasi_lib.reading.voices import read_voices
from evaluasi_lib.steps import step
from evaluasi_lib.wording import _


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
    for line in dict.fromkeys(c.line for c in corrections if c.line not in context.met):
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
