"""Errors that a researcher meets: what is wrong, where, how often, and what to do about it.

Messages never hold a person's data, and problems of one program are collected so that they are
shown together, in the order a person would mend them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from evaluasi_lib.wording import LANGUAGES, _

MOST_NAMES = 40  # of those that a remedy lists


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. `where` is a file, key, column or row as the researcher knows it."""

    what: str
    where: str = ""
    remedy: str = ""
    count: int = 1

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.count > 1:
            text += " " + _("({count} times)").format(count=self.count)
        if not self.remedy:
            return text
        end = "" if self.remedy.endswith(("?", ".", "!")) else "."
        return f"{text}. {_('Remedy')}: {self.remedy}{end}"


class EvaluationError(Exception):
    """Base of every error that the command line shows without a traceback (exit status 1)."""

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(p if isinstance(p, Problem) else Problem(p) for p in problems)
        super().__init__("\n".join(str(p) for p in self.problems))

    def _render_traceback_(self) -> list[str]:
        """What Jupyter shows: the sentences alone. A researcher mends data, not our call stack."""
        return [f"{type(self).__name__}: {_('this cannot be done yet.')}", *map(str, self.problems)]


class UsageError(EvaluationError):
    """The command or a parameter was called wrongly (exit status 2)."""


class ProgramError(EvaluationError):
    """program.yml is missing, broken, or declares what cannot be evaluated."""


class DataError(EvaluationError):
    """A data file is missing, unreadable, or does not hold what program.yml declares."""


def os_problem(error: OSError) -> Problem:
    """A full disk, a folder that may not be written to or a file in its place, in words."""
    what = _("the file or folder cannot be used ({reason})")
    what = what.format(reason=error.strerror or type(error).__name__)
    remedy = _("check that it is there, that you may write to it, and that the disk has room")
    return Problem(what, str(error.filename or ""), remedy)


def check_language(code: object) -> str:
    """The code of a language that the workbook speaks. Raises UsageError for an unknown one."""
    text = str(code)
    if text not in LANGUAGES:
        what = _("unknown language “{code}”; known: {known}")
        raise UsageError(what.format(code=text, known=", ".join(LANGUAGES)))
    return text


def nearest(unknown: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `unknown`, or None when none is near."""
    names = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(unknown.casefold(), names, n=1, cutoff=0.6)
    return names[found[0]] if found else None


def suggestion(unknown: str, known: Iterable[str]) -> str:
    """A remedy sentence for an unknown name: the nearest known one, else the list of all; "" where
    there is none."""
    names = list(known)
    if not names:
        return ""
    near = nearest(unknown, names)
    if near is not None:
        return _("did you mean “{name}”?").format(name=near)
    shown = [name if len(name) <= 60 else name[:57] + "…" for name in names[:MOST_NAMES]]
    more = ["…"] if len(names) > MOST_NAMES else []
    return _("known: {names}").format(names=", ".join([*shown, *more]))
