"""Everything else that was asked or recorded: what belongs to no instrument and no other chapter.

Their places: asked/<source>/<variable>/<answer> for closed questions, below it
<grouping>/<group>, and asked/<source>/<variable> for numbers and ratings. A remark at
asked/<source>/<variable> says why a question has no number.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import pandas as pd

from evaluasi_lib.errors import DataError
from evaluasi_lib.labels import level_label, option_label, participation_of
from evaluasi_lib.measures import Cell, Draft, Drafts, Measure, Remark, drafts, measure_id
from evaluasi_lib.program import SURVEYS, Column
from evaluasi_lib.scoring.frames import instrument_rows, numeric, sources_with
from evaluasi_lib.scoring.impact.models import cluster_codes
from evaluasi_lib.scoring.participation import STAGES, own_or_known, represented
from evaluasi_lib.scoring.persons import as_levels, item_label, levels_of
from evaluasi_lib.scoring.scales import mean_interval
from evaluasi_lib.scoring.shares import (
    chosen_options,
    level_shares,
    option_shares,
    option_shares_by,
)
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose, phrase

PART = "asked"
CLOSED = ("category", "ordinal", "flag")
RATED = ("number", "integer", "item")
ANYWHERE = ""  # as a source: whichever holds the variable
OTHER = "*"  # answers that few gave and nobody declared, as cleaning names those in own words


class Question(NamedTuple):
    """One variable of one source; rows: of the persons of whom it tells."""

    study: Study
    source: str
    name: str
    column: Column
    rows: pd.DataFrame

    @property
    def place(self) -> list[str]:
        return [PART, self.source, self.name]

    @property
    def text(self) -> str:
        """The question as reports show it."""
        return choose(self.column.label) or item_label(self.study, self.name)


def score_asked(study: Study) -> Drafts:
    """Each closed question with the share of every answer, within the declared groups too where a
    survey asked it, and each number or single rating with its mean.

    Of the program's group, or of all where no row is known to be of it. Left out is what another
    part shows: items of instruments, barriers, reasons to leave, stages, representation.
    """
    shown = _shown_elsewhere(study)
    for question in _questions(study):
        if {(question.source, question.name), (ANYWHERE, question.name)} & shown:
            continue
        found = list(_answers(question))
        told = [draft.row for draft in found if isinstance(draft.row, Measure)]
        if not any(row.n for row in told):
            left_out = _("it was left out in cleaning, because its answers look like names")
            asked = question.column.type == "multi" or question.name in question.rows
            reason = _("nobody answered") if asked else left_out
            yield Draft(
                Remark(measure_id(*question.place), phrase("{}: {}", question.text, reason))
            )
        else:
            yield from found


def _questions(study: Study) -> Iterator[Question]:
    """Every declared variable with answers to count or numbers to average, in declared order."""
    for source, declared in study.program.sources.items():
        if source not in study.tables:
            continue  # a log of events has its own chapter
        rows = study.rows(source)
        own = rows[rows["group"] == "program"]
        for name, column in declared.columns.items():
            if column.type in (*CLOSED, *RATED, "multi"):
                yield Question(study, source, name, column, rows if own.empty else own)


def _shown_elsewhere(study: Study) -> set[tuple[str, str]]:
    """(source, variable) of what other parts publish."""
    program, plan = study.program, participation_of(study.program)
    rule = program.design.group
    followed = [getattr(plan, stage) for stage in STAGES] + [plan.dropout_reason]
    followed += [*represented(study), rule.variable if rule else None]
    found = {(ANYWHERE, name) for name in followed if name}
    if plan.barriers:
        found.add((plan.barriers.source, plan.barriers.variable))
    for instrument in program.instruments.values():
        for wave in study.waves_of(instrument):
            try:
                rows = instrument_rows(study, instrument, wave)
                asked_in = sources_with(study, instrument.items, wave, None)
            except DataError:
                continue  # no one source asks all the items at this wave
            if rows["group"].notna().any():
                found |= {(source, item) for source in asked_in for item in instrument.items}
    return found


def _answers(question: Question) -> Drafts:
    """The rows of one question; none where nobody answered, or cleaning kept it out."""
    study, column, name, rows = question.study, question.column, question.name, question.rows
    if column.type == "multi":
        chosen, answered = chosen_options(rows, name)
        if chosen.columns.empty or chosen.empty:
            return
        label = partial(option_label, column)
        yield from _told(question, option_shares(chosen, question.place, label))
        yield from _by_group(question, chosen, answered, label)
    elif name in rows and (column.type in CLOSED or rows[name].dtype == "category"):
        levels, names = _levels(question)
        known = levels != ""
        label = partial(_level_label, question)
        about = {level: {"label": label(level)} for level in names}
        counts = levels.value_counts().to_dict()
        whole = dict.fromkeys(names, int(known.sum()))
        yield from _told(question, level_shares(counts, whole, about, question.place))
        chosen = pd.DataFrame({level: levels[known] == level for level in names})
        yield from _by_group(question, chosen, rows[known], label)
    elif name in rows:
        record = mean_interval(
            numeric(rows[name]), clusters=cluster_codes(rows, study.program.design.cluster)
        )
        found = drafts(record, question.place, "mean:ci sd", Cell((record["n"],)))
        yield from _told(question, found)


def _levels(question: Question) -> tuple[pd.Series, list[str]]:
    """The answer of each row as text, "" for none, and the answers in their order: that of their
    declaration or classes, else the most frequent first. What few wrote and nobody declared is
    one answer, so that it tells of nobody."""
    values, column = question.rows[question.name], question.column
    levels, program = as_levels(values), question.study.program
    counts = levels.value_counts()
    if isinstance(values.dtype, pd.CategoricalDtype) and values.cat.ordered:
        return levels, [str(level) for level in values.cat.categories if str(level) in counts]
    if column.type == "flag":
        return levels, [level for level in ("true", "false") if level in counts]
    few = {level for level, n in counts.items() if not program.enough(n)}
    few -= {*column.categories, ""}
    levels = levels.where(~levels.isin(few), OTHER)
    names = levels_of(program, question.name, levels)
    if not column.categories:
        names.sort(key=lambda level: (level == OTHER, -int((levels == level).sum())))
    return levels, names


def _level_label(question: Question, level: str) -> str:
    text = question.column.categories.get(level)
    return choose(text) if text else level_label(question.study.program, question.name, level)


def _by_group(
    question: Question, chosen: pd.DataFrame, rows: pd.DataFrame, label: Callable[[str], str]
) -> Drafts:
    """The answers within each declared group. Options of which each person chose one add up to
    the group's persons, and those of all groups to the answers above."""
    study, place = question.study, question.place
    program = study.program
    if program.sources[question.source].role not in SURVEYS:
        return
    for variable in participation_of(program).groups:
        values = own_or_known(study, variable, rows)
        if values is None or variable == question.name:
            continue
        group = as_levels(values)
        named = {v: level_label(program, variable, v) for v in levels_of(program, variable, group)}
        found = option_shares_by(chosen, group, named, place, label, variable)
        yield from _told(question, found, adds_up=question.column.type != "multi")


def _told(question: Question, found: Drafts, *, adds_up: bool = False) -> Drafts:
    """The rows with what they are about: the question as their note, which stays when they are
    hidden. adds_up: whether the answers within a group are parts of its persons."""
    said = question.text
    wave = question.study.program.sources[question.source].wave
    for row, cell in found:
        assert isinstance(row, Measure)
        stem = row.id.split("/")[:-1]
        label = row.label if len(stem) > len(question.place) else said
        row = dataclasses.replace(row, subject=question.name, label=label, note=said, wave=wave)
        cell = dataclasses.replace(cell, keeps=("note",))
        if len(stem) > len(question.place) + 1:  # asked/source/variable/answer/grouping/group
            answer = measure_id(*stem[:4])
            within = ((measure_id(*question.place, *stem[4:]), cell.persons[0]),) * adds_up
            cell = dataclasses.replace(cell, sums=cell.sums + within, based_on=(answer,))
        yield Draft(row, cell)
