"""What an opened program shows: its tables, its verdict, its report; never more than a screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from evaluasi_lib.errors import Problem, UsageError, suggestion
from evaluasi_lib.wording import _, count, word_for

if TYPE_CHECKING:
    from evaluasi_lib.reporting.elements import Section


class Tables(Mapping[str, pd.DataFrame]):
    """The cleaned tables by the name of their source; a name that is not there says the nearest."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self._tables = dict(tables)

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._tables:
            what = _("unknown source") + f": “{name}”"
            raise UsageError(Problem(what, remedy=suggestion(name, self._tables)))
        return self._tables[name]

    def __contains__(self, name: object) -> bool:
        return name in self._tables

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __repr__(self) -> str:
        return "\n".join(
            _("{table}: {rows} rows, {columns} variables").format(
                table=name, rows=count(len(table)), columns=count(table.shape[1])
            )
            for name, table in self._tables.items()
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """decision: scale_up, continue, adjust, redesign, insufficient_evidence; rule: the row of the
    decision table that fired; reasons: why, in words."""

    decision: str
    rule: str
    reasons: tuple[str, ...]

    def __repr__(self) -> str:
        head = f"{word_for('decision', self.decision)} ({self.rule})"
        return "\n".join([head, *(f"- {reason}" for reason in self.reasons)])

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{escape(reason)}</li>" for reason in self.reasons)
        head = escape(f"{word_for('decision', self.decision)} ({self.rule})")
        return f"<p><strong>{head}</strong></p><ul>{items}</ul>"


class Report(tuple["Section", ...]):
    """The chapters of a report, one below the other; folder: where it was written, or None."""

    folder: Path | None = None

    def _repr_html_(self) -> str:
        return "\n".join(section.html() for section in self)

    def __repr__(self) -> str:
        titles = [section.title for section in self]
        where = "" if self.folder is None else str(self.folder)
        return "\n".join(filter(None, [*titles, where]))
