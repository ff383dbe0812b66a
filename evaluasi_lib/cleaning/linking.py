"""One pseudonym for each person over all sources of a program; a join is never forced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from evaluasi_lib.cleaning.identity import (
    PREFIX_LENGTH,
    nip_status,
    normalise_code,
    normalise_nip,
    pseudonyms,
    repair_prefixes,
)
from evaluasi_lib.cleaning.manifest import Log
from evaluasi_lib.cleaning.mapping import Mapped
from evaluasi_lib.disclosure import is_small
from evaluasi_lib.errors import DataError, Problem
from evaluasi_lib.program import Program
from evaluasi_lib.wording import _

UNLINKED = "-"  # stands in the pseudonyms of rows that belong to nobody known: "<source>-<row>"


@dataclass
class Linker:
    """Turns the identifiers of a batch into pseudonyms.

    repairs: damaged NIP -> whole NIP, or its 15 digits where no source has it whole but each has it
    once. others: further identifiers of the roster (a platform's user number) -> NIP or code.
    """

    kind: str
    key: bytes
    scope: str
    repairs: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)

    def variable(self, mapped: Mapped) -> str | None:
        """The column that identifies the rows of a source; None where rows are anonymous."""
        return _identifier(mapped, self.kind) or (
            _identifier(mapped, "respondent_code") if self.others else None
        )

    def pids(self, batch: pl.DataFrame, mapped: Mapped, log: Log) -> pl.Series:
        """A pseudonym for each row; rows without a usable identifier get one of their own."""
        own = pl.format(mapped.name + UNLINKED + "{}", pl.col("row")).alias("pid")
        variable = self.variable(mapped)
        if variable is None or variable not in batch.columns:
            return batch.select(own).to_series()
        identifiers = self._identifiers(batch[variable], mapped, variable, log)
        log.add("identifier_missing", mapped.name, int(batch[variable].null_count()))
        log.add("pseudonymised", mapped.name, int(identifiers.count()))
        distinct = identifiers.drop_nulls().unique()
        hashed = pseudonyms(distinct, self.key, self.scope)
        lookup = dict(zip(distinct, hashed, strict=True))
        known = identifiers.replace_strict(lookup or {"": ""}, default=None, return_dtype=pl.String)
        return batch.select(pl.coalesce(known.alias("pid"), own)).to_series()

    def codes(self, values: pl.Series, plain: frozenset[str]) -> pl.Series:
        """A code for each text, the same in every source: equal texts stay equal, and no text is
        written. plain: texts that stay as they are."""
        hidden = values.drop_nulls().unique()
        hidden = hidden.filter(~hidden.is_in(list(plain)))
        codes = [f"~{c}" for c in pseudonyms(hidden, self.key, f"{self.scope}/codes")]
        return values.replace(dict(zip(hidden, codes, strict=True))) if codes else values

    def _identifiers(self, text: pl.Series, mapped: Mapped, variable: str, log: Log) -> pl.Series:
        if mapped.source.columns[variable].type == "respondent_code":
            code = normalise_code(text)
            if self.others:
                return code.replace_strict(self.others, default=None, return_dtype=pl.String)
            return code
        usable, counts = usable_nip(normalise_nip(text), self.repairs)
        for rule, n in counts.items():
            log.add(rule, mapped.name, n)
        return usable


def usable_nip(nip: pl.Series, repairs: Mapping[str, str]) -> tuple[pl.Series, dict[str, int]]:
    """(the NIP that identify a person, else missing; counts by rule) of normalised NIP.

    repairs: damaged NIP -> whole one, or its 15 digits, as `nip_repairs` finds them.
    """
    status = nip_status(nip)
    counts = dict(status.value_counts(name="n").iter_rows())
    damaged = (status == "damaged").fill_null(False)
    repaired = nip.replace_strict(dict(repairs) or {"": ""}, default=None, return_dtype=pl.String)
    chosen = pl.when(damaged).then(repaired).otherwise(nip)
    return pl.select(pl.when(status != "invalid").then(chosen)).to_series(), {
        "nip_invalid": counts.get("invalid", 0),
        "nip_damaged": counts.get("damaged", 0),
        "nip_repaired": int((damaged & repaired.is_not_null()).sum()),
        "nip_ambiguous": int((damaged & repaired.is_null()).sum()),
    }


def _identifier(mapped: Mapped, kind: str) -> str | None:
    return next((v for v, c in mapped.source.columns.items() if c.type == kind), None)


def _column(mapped: Mapped, variable: str) -> pl.Series:
    """One column of a source over all of its rows."""
    batches = mapped.table.batches({variable: mapped.columns[variable]}, 1_000_000)
    parts = [b[variable] for b in batches]
    return pl.concat(parts) if parts else pl.Series(variable, [], dtype=pl.String)


def make_linker(program: Program, sources: Iterable[Mapped], key: bytes) -> Linker:
    """Reads the identifying columns of all sources, to know which damaged NIP can be recognised."""
    linker = Linker(program.link, key, program.series or program.id)
    if program.link == "anonymous":
        return linker
    with_id = [(m, v) for m in sources if (v := _identifier(m, program.link)) in m.columns and v]
    if program.link == "nip":
        numbers = [normalise_nip(_column(m, v)) for m, v in with_id]
        _require_some_nip(with_id, numbers)
        linker.repairs = nip_repairs(numbers)
    for mapped, variable in with_id:
        if mapped.name == program.roster and program.link == "nip":
            code = _identifier(mapped, "respondent_code")
            if code in mapped.columns and code is not None:
                nip = normalise_nip(_column(mapped, variable)).replace(linker.repairs)
                frame = pl.DataFrame({"code": normalise_code(_column(mapped, code)), "nip": nip})
                only = frame.drop_nulls().unique().filter(pl.len().over("code") == 1)
                linker.others = dict(zip(only["code"], only["nip"], strict=True))
    return linker


def _require_some_nip(with_id: list[tuple[Mapped, str]], numbers: list[pl.Series]) -> None:
    """A column in which no value at all is a NIP is another column, or was spoilt on its way."""
    problems = []
    for (mapped, variable), values in zip(with_id, numbers, strict=True):
        status = nip_status(values).drop_nulls()
        if len(status) and (status == "invalid").all():
            what = _("no value in the column “{column}” has the structure of a NIP").format(
                column=mapped.source.columns[variable].header
            )
            remedy = _("choose the column with the NIP, or export it again as text")
            problems.append(Problem(what, mapped.source.file, remedy, len(status)))
    if problems:
        raise DataError(*problems)


def nip_repairs(columns: list[pl.Series]) -> dict[str, str]:
    """Damaged NIP -> the whole one of the same 15 digits, or else the digits alone."""
    damaged_in = [c.filter((nip_status(c) == "damaged").fill_null(False)) for c in columns]
    damaged = pl.concat([pl.Series("nip", [], pl.String), *(d.alias("nip") for d in damaged_in)])
    if not len(damaged):
        return {}
    sound = [c.filter(nip_status(c).is_in(["pns", "pppk"]).fill_null(False)) for c in columns]
    whole = pl.concat([c.alias("nip") for c in sound]).unique()
    repairs = repair_prefixes(whole, damaged.unique())
    prefixes = set(whole.str.slice(0, PREFIX_LENGTH))
    repeated = {v for d in damaged_in for v in d.filter(d.is_duplicated())}
    for value in damaged.unique().sort():
        prefix = value[:PREFIX_LENGTH]
        if prefix not in prefixes and value not in repeated:
            repairs[value] = prefix
    return repairs


def report_matches(
    program: Program, pids: dict[str, pl.DataFrame], arms: pl.DataFrame, log: Log
) -> None:
    """How many rows of each source belong to somebody on the roster, and the other way round.

    pids: source -> pid of its rows. arms: pid and arm of persons, where the design has groups.
    """
    if program.roster is None or program.link == "anonymous" or program.roster not in pids:
        return
    roster = pids[program.roster].join(arms, on="pid", how="left")

    def safe(n: int) -> int | None:
        return None if is_small(n, program.privacy.min_cell) else n

    found = {}
    for name, frame in pids.items():
        if name == program.roster:
            continue
        matched = int(frame["pid"].is_in(roster["pid"].implode()).sum())
        if matched < frame.height:
            log.note("unmatched", source=name, n=frame.height - matched, total=frame.height)
        seen = roster.with_columns(seen=pl.col("pid").is_in(frame["pid"].implode()))
        arms = seen.group_by("arm").agg(pl.len().alias("n"), pl.col("seen").sum()).sort("arm")
        found[name] = {
            "rows": frame.height,
            "matched": safe(matched),
            "roster": {
                arm or "": {"n": safe(n), "matched": safe(m)} for arm, n, m in arms.iter_rows()
            },
        }
    log.details["links"] = found
