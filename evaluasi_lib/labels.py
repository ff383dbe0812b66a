"""Names that a declaration gives to variables and their values, as reports show them."""

from __future__ import annotations

import re

from evaluasi_lib.program import Column, ParticipationPlan, Program
from evaluasi_lib.wording import LANGUAGES, _, choose, in_language, number


def participation_of(program: Program) -> ParticipationPlan:
    """What is declared on participation; a plan of nothing where nothing is."""
    return program.participation or ParticipationPlan()


def declared_column(program: Program, variable: str) -> Column | None:
    """The first declaration of a variable, in the order of the sources (the roster's first)."""
    sources = sorted(program.sources.items(), key=lambda item: item[0] not in program.rosters)
    return next((s.columns[variable] for _name, s in sources if variable in s.columns), None)


def variable_label(program: Program, variable: str) -> str:
    """The variable's or the instrument's name as reports show it; its short name otherwise."""
    if variable in program.instruments:
        return choose(program.instruments[variable].label)
    column = declared_column(program, variable)
    return (choose(column.label) if column is not None else "") or variable.replace("_", " ")


def level_label(program: Program, variable: str, level: object) -> str:
    """The name of one value of a variable as reports show it."""
    if str(level).lower() in ("true", "false"):
        return _("yes") if str(level).lower() == "true" else _("no")
    if isinstance(level, float):
        level = number(level, 0 if level.is_integer() else 1)
    column = declared_column(program, variable)
    text = column.categories.get(str(level)) if column is not None else None
    return choose(text) if text is not None else str(level)


def term_label(program: Program, variable: str, level: str | None, reference: str | None) -> str:
    """The name of a term of a model: a variable, or one level of it against its reference."""
    label = variable_label(program, variable)
    if level is None:
        return label
    return _("{label}: {level} (against {reference})").format(
        label=label,
        level=level_label(program, variable, level),
        reference=level_label(program, variable, reference),
    )


# An option that says that there is nothing to choose: no barrier, however many choose it.
NOTHING = re.compile(
    r"(tidak|tak|tdk) ada\b.*|nihil|none|no (barriers?|obstacles?|problems?)\b.*|nothing"
)


def is_nothing(option: str, label: str | None) -> bool:
    """Whether an option of a multi question says that there is none: “Tidak ada hambatan”."""
    texts = (option.replace("_", " "), *(in_language(label or "", code) for code in LANGUAGES))
    return any(NOTHING.fullmatch(text.strip().rstrip(".").casefold()) for text in texts)


def option_label(column: Column | None, option: str) -> str:
    """The name of one option of a multi question as reports show it."""
    text = column.options.get(option) if column is not None else None
    if isinstance(text, list):
        return text[0] if text else option
    return choose(text) if text else option.replace("_", " ")
