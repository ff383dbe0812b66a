"""What cleaning did, counted by rule and table, and what a reader should know of the data.

Both are stored as codes with their values, and worded when they are read, so that one processed
folder serves reports in every language.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from evaluasi_lib.errors import Problem
from evaluasi_lib.wording import _, count, percent


@dataclass
class Log:
    """Counts, notes for the reader, and errors that stop cleaning, in the order of the sources."""

    rows_read: int = 0
    rows_kept: int = 0
    changes: dict[tuple[str, str], int] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def add(self, rule: str, table: str, n: int) -> None:
        if n:
            self.changes[rule, table] = self.changes.get((rule, table), 0) + int(n)

    def note(self, kind: str, **values: Any) -> None:
        self.notes.append({"kind": kind, **values})

    def quality(self) -> dict[str, Any]:
        """The manifest's entry, as `Study.quality` reads it."""
        return {
            "rows_read": self.rows_read,
            "rows_kept": self.rows_kept,
            "changes": [{"rule": r, "table": t, "n": n} for (r, t), n in self.changes.items()],
            "problems": self.notes,
            "details": self.details,
        }


def note_text(note: dict[str, Any]) -> str:
    """A note of the manifest as a sentence in the reader's language."""
    values: dict[str, Any] = {
        k: count(v) if isinstance(v, int) else v for k, v in note.items() if k != "kind"
    }
    if "share" in values:
        values["share"] = percent(values["share"])
    templates = {
        "preset": _("{source}: recognised as an export of {preset}"),
        "unmatched": _("{source}: {n} of {total} rows belong to nobody on the roster"),
        "no_identifier": _("{source}: {n} rows have no identifier and stay unlinked"),
        "code_collision": _(
            "{source}: {n} rows share a respondent's code with another row; they could be "
            "different persons"
        ),
        "nip_ambiguous": _(
            "{source}: {n} damaged NIP fit several persons or none, and stay unlinked"
        ),
        "nip_invalid": _("{source}: {n} NIP have not the structure of a NIP"),
        "unused_columns": _("{source}: {n} columns of the file are not declared"),
        "correction_skipped": _(
            "koreksi.csv, row {line}: not applied, since the value in {source} is not the old one"
        ),
        "file_order": _(
            "{source}: rows of one person were chosen by their order in the file, since no date "
            "is declared"
        ),
        "name_column": _(
            "{source}: the column “{column}” looks like names of persons and was left out; declare "
            "it as “type: name”"
        ),
        "distinct_column": _(
            "{source}: most values of the column “{column}” occur once, so they could tell of a "
            "person and are replaced by codes; declare free text as “type: open”, a closed list "
            "with its “categories”"
        ),
        "straight_lining": _("{source}: {n} rows give the same answer to every item"),
        "speed": _("{source}: {n} rows were answered impossibly fast"),
        "outliers": _("{source}: {n} unusual values of {variable}"),
        "skip_violation": _("{source}: {n} answers to {variable} should have been skipped"),
    }
    return templates[note["kind"]].format(**values)
