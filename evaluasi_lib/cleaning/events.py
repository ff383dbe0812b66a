"""Logs of e-learning platforms as one table: pid, time (UTC), event, module, component, origin.

Raw Moodle logs, generic tables whose variables bear these names, and xAPI statements (one JSON
object a line) are read in batches, so that a log of any size passes through.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from evaluasi_lib.cleaning.identity import Names, hides
from evaluasi_lib.cleaning.source import NOBODY, Context, TableWriter
from evaluasi_lib.cleaning.typers import (
    PROBLEMS,
    VOCABULARY,
    Mapped,
    Spec,
    clean_text,
    preset_heading,
    type_date,
)
from evaluasi_lib.program import Column
from evaluasi_lib.reading.files import normalise, show
from evaluasi_lib.wording import Problem, _, word_for

FIELDS = ("event", "module", "component", "origin")
EVENT = {"pid": "str", "time": "datetime64[us, UTC]", **dict.fromkeys(FIELDS, "str")}
_CONTEXT = r"^[^:]{2,30}: (.+)$"  # "Quiz: Kuis 1" -> "Kuis 1"
_PERSON_CONTEXT = r"(?i)^(?:user|pengguna) ?:"
LOOK_AT = 1_000  # rows by which a column is taken for the time
TIME = Column.model_validate({"from": "time", "type": "date"})
_OFFSET = r"(?i)(z|utc|gmt|[+-]\d{2}:?\d{2})$"


def with_event_columns(mapped: Mapped) -> Mapped:
    """The source with the places of the fields that program.yml leaves out: by the headings that
    its preset and vocabulary.yml know, the time also by what stands in the columns."""
    places = {normalise(h): i for i, h in enumerate(mapped.table.headers)}
    columns = dict(mapped.columns)
    for field, headings in VOCABULARY["event_fields"].items():
        known = [h for short in headings for h in (*preset_heading(mapped.preset, short), short)]
        found = [places[normalise(h)] for h in known if normalise(h) in places]
        if field not in columns and found:
            columns[field] = found[0]
    dated = mapped.of_type("date")
    if "time" not in columns and len(dated) == 1:
        columns["time"] = mapped.columns[dated[0]]
    if "time" not in columns and len(found := times_in(mapped)) == 1:
        columns["time"] = found[0]
    return replace(mapped, columns=columns)


def times_in(mapped: Mapped) -> list[int]:
    """The places of the columns whose first values are dates with an hour, whatever they are
    called; where there is none, of those that are dates."""
    every = {str(i): i for i, _heading in enumerate(mapped.table.headers)}
    first = next(mapped.table.batches(every), pl.DataFrame()).head(LOOK_AT)
    spec, dates = Spec("time", TIME), []
    for name, i in every.items():
        if name not in first:
            continue
        text = clean_text(first[name].drop_nulls()).drop_nulls()
        read = type_date(text, spec)
        if len(text) and (read["value"].is_not_null() | (read["rule"] == "no_year")).all():
            dates.append((i, bool(text.str.contains(r"\d[:.]\d\d").all())))
    return [i for i, hours in dates if hours] or [i for i, _hours in dates]


def clean_events(mapped: Mapped, context: Context) -> pl.Series:
    """Write <source>.parquet of a log; returns the pid of every person in it, once."""
    mapped, log = with_event_columns(mapped), context.log
    where = mapped.source.file
    if "time" not in mapped.columns:
        what = _("which column of the log holds the time of events cannot be told")
        remedy = _("declare a variable “time”, and “event”, “module”, “origin”")
        if several := [show(mapped.table.headers[i]) for i in times_in(mapped)]:
            text = _("declare a variable “time”: {names} could be it")
            remedy = text.format(names=", ".join(f"“{name}”" for name in several))
        log.errors.append(Problem(what, where, remedy))
        return NOBODY
    plan = context.program.elearning
    zone = plan.time_zone if plan is not None else "Asia/Jakarta"
    modules = {normalise(m): m for m in (plan.modules if plan is not None else {})}
    place = mapped.columns["time"]
    own = (s for v, s in mapped.specs.items() if mapped.columns.get(v) == place)
    spec = next(own, Spec("time", TIME))
    persons: list[pl.Series] = [NOBODY]
    seen: set[str | None] = set()
    read = unread = yearless = 0
    with TableWriter(context.folder / f"{mapped.name}.parquet", EVENT) as writer:
        for batch in mapped.table.batches(mapped.columns):
            read += batch.height
            times, rules = utc_times(batch["time"], spec, zone)
            unread += int(rules.is_in(PROBLEMS).sum())
            yearless += int((rules == "no_year").sum())
            pids = context.linker.pids(batch, mapped, log).alias("pid")
            fields = [_field(batch, name, modules, context.names) for name in FIELDS]
            writer.write(pl.DataFrame([pids, times.alias("time"), *fields]))
            persons.append(pids.unique())
            seen.update(fields[FIELDS.index("module")].unique())
    log.rows_read += read
    log.rows_kept += read
    log.add("time_missing", mapped.name, unread)
    if not read:
        log.errors.append(Problem(_("no row is left"), where))
    elif yearless:
        heading = show(mapped.table.headers[place])
        what, remedy = word_for("unread", "no_year"), word_for("unread_remedy", "no_year")
        log.errors.append(Problem(what, f"{where}, “{heading}”", remedy, yearless))
    elif unread == read:
        what = _("no time in the log can be read")
        log.errors.append(Problem(what, where, _("give the column's date_format"), unread))
    if plan is not None and plan.events == mapped.name:
        for module in modules.values():
            if module not in seen:
                log.note("module_unseen", source=mapped.name, module=module)
    return pl.concat(persons).unique()


def utc_times(text: pl.Series, spec: Spec, zone: str) -> tuple[pl.Series, pl.Series]:
    """(times as UTC, the rule by which each text was read, as `type_date`): by the offset in the
    text, else by the platform's zone; or Unix time."""
    text = clean_text(text)
    unix = text.str.contains(r"^\d{10}(?:\d{3})?$").fill_null(False)
    read = type_date(pl.select(pl.when(~unix).then(text)).to_series(), spec)
    wall, number = pl.col("wall"), pl.when("unix").then("text").cast(pl.Int64)
    since_1970 = pl.when(number > 10**11).then(number * 1000).otherwise(number * 10**6)
    offset = pl.col("text").str.extract(_OFFSET, 1).str.replace(r"(?i)z|utc|gmt", "+00:00")
    zoned = pl.format("{} {}", wall.dt.to_string("%F %T"), offset)
    local = wall.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    times = pl.DataFrame({"text": text, "unix": unix, "wall": read["value"]}).select(
        pl.coalesce(
            pl.from_epoch(since_1970, "us").dt.replace_time_zone("UTC"),
            zoned.str.to_datetime("%F %T %#z", time_unit="us", strict=False),
            local.dt.convert_time_zone("UTC"),
        )
    )
    return times.to_series(), read["rule"]


def _field(batch: pl.DataFrame, name: str, modules: dict[str, str], names: Names) -> pl.Series:
    """One field as text, modules by their declared name; what names a person is left out."""
    if name not in batch.columns:
        return pl.Series(name, [None] * batch.height, dtype=pl.String)
    text = batch[name]
    mapping: dict[str, str] = {}
    for raw in text.unique().drop_nulls():
        value = " ".join(raw.split())
        if name == "module":
            short = pl.Series([value]).str.extract(_CONTEXT, 1)[0] or value
            value = modules.get(normalise(value)) or modules.get(normalise(short)) or short
        if name in ("event", "component") and value.startswith(("http://", "https://")):
            value = value.rstrip("/").rsplit("/", 1)[-1]  # xAPI verbs are addresses
        mapping[raw] = value
    hidden = text.str.contains(_PERSON_CONTEXT) | hides(text, names, words=False)
    kept = pl.select(pl.when(~hidden.fill_null(False)).then(text)).to_series()
    return kept.replace(mapping).alias(name)
