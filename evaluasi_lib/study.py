"""The cleaned data of one program, as scoring and the voices read it.

Layout of data/processed/<program>/ (written by cleaning, read here):

    <source>.parquet             one row per kept row of the source
    restricted/<source>.parquet  open answers: row, pid, variable, text; never published unapproved
    restricted/interviews.parquet, documents.parquet ...   what `voices` read
    quality/flags.parquet        row, flag (straight, fast, outlier), variable, source: marked, kept
    quality/translations.parquet source, variable, text, n, first_row, value, rule: how each text
                                 was read; those that could tell of a person as counts alone
    manifest.json                inputs with sha256, code version, tables, what cleaning changed

Columns of a source's table: `row` (1-based data row of the raw file), `pid` (pseudonym; one for
each row where sources are anonymous), then the declared variables. item and number are float64
(missing = NaN, reversed items already turned), integer is Int64, category and ordinal are
pandas categories (ordinal: ordered low to high; without declared categories, those that occur,
which the file holds as text), flag is boolean, date is datetime64, and a multi question becomes one
boolean column for each option, `<variable>__<option>` (missing where the question was left blank).
Rows keep the order of the file; nothing is ordered by pid.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.measures import Group, InputFile, Quality, RuleCount
from evaluasi_lib.program import Instrument, Program, Source
from evaluasi_lib.wording import DataError, Problem, _, choose, count, word_for


@dataclass(frozen=True)
class Study:
    """A program's declaration with its processed tables."""

    program: Program
    folder: Path
    manifest: dict[str, Any]

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Source name -> tidy table, in declared order. Logs of events are left out: they are
        large, and `events_path` names their file instead."""
        return {
            name: _table(self.folder / f"{name}.parquet", source)
            for name, source in self.program.sources.items()
            if source.role != "events" and (self.folder / f"{name}.parquet").is_file()
        }

    def events_path(self, source: str) -> Path:
        return self.folder / f"{source}.parquet"

    def restricted(self, name: str) -> pd.DataFrame:
        """A restricted table; an empty frame where the program has none of that name."""
        path = self.folder / "restricted" / f"{name}.parquet"
        return pd.read_parquet(path) if path.is_file() else pd.DataFrame()

    @property
    def linked(self) -> bool:
        """Whether rows of different sources can be joined by person."""
        return self.program.link != "anonymous"

    @cached_property
    def inputs(self) -> tuple[InputFile, ...]:
        return tuple(InputFile(**item) for item in self.manifest["inputs"])

    @property
    def quality(self) -> Quality:
        """What cleaning did, in the language of whoever asks: never kept in that of the first."""
        data = self.manifest["quality"]
        return Quality(
            rows_read=data["rows_read"],
            rows_kept=data["rows_kept"],
            changes=tuple(RuleCount(**c) for c in data["changes"]),
            problems=tuple(note_text(note) for note in data["problems"]),
        )

    @cached_property
    def persons(self) -> pd.DataFrame:
        """One row a person, index pid: the rosters, or the first survey where there is none (of
        each group, where files hold one group's persons).

        Adds `group` ("program"/"comparison") by the declared rule; without one, all are "program".
        Empty where sources are anonymous and there is no roster.
        """
        names = self.program.rosters
        if not names:
            if not self.linked and len(self.tables) > 1:
                return pd.DataFrame(columns=["group"])
            first = {self.program.sources[n].group: n for n in reversed(self.tables)}
            names = tuple(n for n in self.tables if n in first.values())
            names = names if len(first) > 1 and None not in first else names[:1]
        tables = [self.tables[name].assign(group=self.group_of(name)) for name in names]
        table = pd.concat(tables) if len(tables) > 1 else tables[0]
        table = table.drop(columns="row").drop_duplicates("pid").set_index("pid")
        return table.assign(group=self.groups.reindex(table.index)) if self.linked else table

    @cached_property
    def groups(self) -> pd.Series:
        """Group of each person (index pid) where sources are linked.

        By the roster's own value first, then by that of any other source, in declared order: the
        variable may stand in one file alone. Where there is a roster, only its persons have one.
        """
        rosters = self.program.rosters
        names = sorted(self.tables, key=lambda name: name not in rosters)
        found = pd.concat([self.group_of(n).set_axis(self.tables[n]["pid"]) for n in names])
        found = found[found.notna()]
        groups = found[~found.index.duplicated()]
        if not rosters:
            return groups
        return groups[groups.index.isin(pd.concat([self.tables[n]["pid"] for n in rosters]))]

    def group_of(self, source: str) -> pd.Series:
        """Group of each row of a source's table by itself: "program", "comparison", or missing
        where it does not say."""
        table, rule = self.tables[source], self.program.design.group
        whole = self.program.sources[source].group
        if whole is not None:
            return pd.Series(whole, index=table.index, dtype="object")
        if not self.program.has_groups:
            return pd.Series("program", index=table.index, dtype="object")
        if rule is None or rule.variable not in table:
            return pd.Series(None, index=table.index, dtype="object")
        value = as_label(table[rule.variable])
        group = pd.Series(None, index=table.index, dtype="object")
        group[value.isin(rule.program)] = "program"
        group[value.isin(rule.comparison)] = "comparison"
        return group

    def groups_of_rows(self, source: str) -> pd.Series:
        """Group of each row of a source's table."""
        table = self.tables[source]
        if not self.linked:
            return self.group_of(source)
        return table["pid"].map(self.groups).astype("object")

    def waves_of(self, instrument: Instrument) -> list[str]:
        """Waves at which any item of the instrument was asked, in declared order of the sources."""
        items = set(instrument.items)
        asked = (s.wave for s in self.program.sources.values() if items & set(s.columns))
        return list(dict.fromkeys(filter(None, asked)))

    def source_of(self, variables: list[str], wave: str | None, source: str | None = None) -> str:
        """The source of a wave that holds all the variables. Raises DataError where none does."""
        for name, declared in self.program.sources.items():
            meant = source in (None, name) and (wave is None or declared.wave in (None, wave))
            if meant and name in self.tables and set(variables) <= set(self.tables[name].columns):
                return name
        what = _("no source of the wave “{wave}” holds {variables}")
        what = what.format(wave=wave, variables=", ".join(variables))
        remedy = _("declare the variables in a source with this wave")
        raise DataError(Problem(what, self.program.id, remedy))

    def rows(self, source: str) -> pd.DataFrame:
        """A source's table with `group` and the background of persons that it lacks, row for row.

        The join by pid is many-to-one and keeps every row and their order; persons who are in no
        roster have missing background.
        """
        table, group = self.tables[source], self.groups_of_rows(source)
        if not self.linked or self.persons.empty or source in self.program.rosters:
            return table.assign(group=group)
        extra = self.persons[[c for c in self.persons.columns if c not in table.columns]]
        joined = table.merge(extra, left_on="pid", right_index=True, how="left", validate="m:1")
        return joined.assign(group=group.to_numpy())


def _table(path: Path, source: Source) -> pd.DataFrame:
    """A processed table; categories that nobody declared are those that occur."""
    table = pd.read_parquet(path)
    found = (v for v, c in source.columns.items() if c.type in ("category", "ordinal"))
    return table.astype({v: "category" for v in found if v in table and table[v].dtype == "str"})


def as_label(values: pd.Series) -> pd.Series:
    """Values as the labels that program.yml writes: 1.0 -> "1", True -> "true"."""

    def label(value: object) -> object:
        if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
            return None
        if isinstance(value, (bool, np.bool_)):
            return str(bool(value)).lower()
        if isinstance(value, (float, np.floating)) and float(value).is_integer():
            return str(int(value))
        return str(value)

    return values.astype("object").map(label)


def note_text(note: dict[str, Any]) -> str:
    """A note of the manifest as a sentence in the reader's language."""
    values = {
        k: count(v) if isinstance(v, int) else choose(v) for k, v in note.items() if k != "kind"
    }
    return word_for("note", note["kind"]).format(**values)


def load_study(program: Program, folder: Path) -> Study:
    """The processed data in a folder. Raises DataError where cleaning has not been run."""
    path = folder / "manifest.json"
    if not path.is_file():
        remedy = _("run “evaluasi clean {id}”").format(id=program.id)
        raise DataError(Problem(_("the processed data are missing"), str(folder), remedy))
    return Study(program, folder, json.loads(path.read_text(encoding="utf-8")))


GROUPS: tuple[Group, ...] = ("program", "comparison")
