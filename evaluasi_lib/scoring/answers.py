"""How scores and answers spread in the program's group, and everything else that was asked or
recorded: what belongs to no instrument and no other chapter.

Places of the latter: asked/<source>/<variable>/<answer> for closed questions, below it
<grouping>/<group>, and asked/<source>/<variable> for numbers and ratings. A remark at
asked/<source>/<variable> says why a question has no number.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evaluasi_lib.claims import level_label, option_label, participation_of
from evaluasi_lib.measures import Cell, Draft, Drafts, Measure, Remark, drafts, enough, measure_id
from evaluasi_lib.program import SURVEYS, Column, Instrument, Program
from evaluasi_lib.scoring.estimate import cluster_codes
from evaluasi_lib.scoring.frames import (
    as_levels,
    chosen_options,
    instrument_rows,
    item_label,
    level_shares,
    levels_of,
    numeric,
    option_shares,
    scores_of,
    sources_with,
)
from evaluasi_lib.scoring.participation import STAGES, groupings, represented, shares_by_group
from evaluasi_lib.scoring.scales import Band, Sides, bands_of, mean_interval
from evaluasi_lib.study import Study
from evaluasi_lib.wording import DataError, _, choose, phrase

QUANTILES = {"q25": 0.25, "median": 0.5, "q75": 0.75, "q10": 0.1, "q90": 0.9}


def score_spread(study: Study) -> Drafts:
    """Quantiles of the scores of each instrument at each of its waves, where there are several."""
    for name, instrument in study.program.instruments.items():
        waves = study.waves_of(instrument)
        for wave, rows in _asked(study, instrument, waves if len(waves) > 1 else []):
            about = {"subject": name, "wave": wave, "group": "program"}
            scores = scores_of(instrument, rows)
            yield from quantile_drafts(scores, ["scales", name, wave, "program"], **about)


def quantile_drafts(scores: ArrayLike, place: Sequence[str], **about: Any) -> Drafts:
    """Rows of the QUANTILES of scores (n,); none where all known scores are alike.

    A quantile rests on the persons beyond it: what the outer tenth scored is theirs alone.
    """
    y = np.asarray(scores, dtype=float)
    y = y[~np.isnan(y)]
    if not len(y) or np.ptp(y) == 0:
        return
    for name, q in QUANTILES.items():
        beyond = max(1, int(len(y) * min(q, 1 - q) + 1e-9))
        record = {name: float(np.quantile(y, q)), "n": len(y)}
        yield from drafts(record, place, name, Cell((beyond, len(y))), **about)


def score_answers(study: Study) -> Drafts:
    """The answers to each item at the instrument's last wave."""
    for name, instrument in study.program.instruments.items():
        scale = study.program.scales[instrument.scale]
        points = range(scale.min, scale.max + 1)
        for wave, rows in _asked(study, instrument, study.waves_of(instrument)[-1:]):
            yield from answer_drafts(
                rows[instrument.items],
                dict(zip(points, map(str, scale.labels or points), strict=True)),
                ["answers", name, wave],
                k=study.program.privacy.min_cell,
                reversed=instrument.reversed,
                names={item: item_label(study, item) for item in instrument.items},
                known=_published_beside(study.program, name),
                wave=wave,
                group="program",
            )


@dataclass(frozen=True, slots=True)
class Beside:
    """What is published of an instrument beside the answers to its items.

    sums: point -> name of a sum of several points. moments: of how many powers of the points the
    mean over the persons is published for each item. pooled: whether a mean over all items is, from
    which the only item that nobody may see could be found. sides: of the scale, where they are not
    its halves.
    """

    sums: Mapping[int, str] = field(default_factory=dict)
    moments: int = 0
    pooled: bool = False
    sides: Sides | None = None


def _published_beside(program: Program, name: str) -> Beside:
    """Of a single item: its mean and standard deviation, the share of the two highest answers, and
    of a net promoter score that of 0 to 6, which follows from it. Of several: their mean, and that
    of each on either side of a map of importance."""
    instrument = program.instruments[name]
    mapped = any(name in (n, i.importance) for n, i in program.instruments.items() if i.importance)
    if len(instrument.items) > 1:
        return Beside(moments=1 if mapped else 0, pooled=True)
    highest = program.scales[instrument.scale].max
    sums = {highest: "upper", highest - 1: "upper"}
    if instrument.index != "nps":
        return Beside(sums, moments=0 if instrument.index == "skp" else 2)
    detractors, passives = tuple(range(7)), (7, 8)
    sides = (detractors, passives, (9, 10))
    return Beside(sums | dict.fromkeys(detractors, "lower"), moments=2, sides=sides)


def answer_drafts(
    answers: pd.DataFrame,
    labels: Mapping[int, str],
    place: Sequence[str],
    *,
    k: int,
    reversed: Collection[str] = (),
    names: Mapping[str, str] | None = None,
    known: Beside | None = None,
    **about: Any,
) -> Drafts:
    """n and share of each answer to each item; answers: (persons, items) on a scale of points.

    Answers of fewer than k persons are merged with their neighbours (`bands`): the id of a merged
    one ends on its first and last point, "1..2". labels: point -> its answer, from low to high.
    reversed: items that were turned when they were read; their labels are turned back here, and
    their direction is "lower". names: item -> its question, which the rows' note is. known: what
    else is published of the items.
    """
    known = known or Beside()
    counts = {
        item: {point: int((answers[item] == point).sum()) for point in labels}
        for item in map(str, answers.columns)
    }
    bands = {item: _bands(n, k, known) for item, n in counts.items()}
    for item, told in _told_by_all(bands, list(labels), known).items():
        bands[item] = _bands(counts[item], k, told)
    for item, n in counts.items():
        turned = item in reversed
        of = about | {
            "subject": item, "note": (names or {}).get(item, item),
            "direction": "lower" if turned else "higher",
        }  # fmt: skip
        said = dict(zip(labels, list(labels.values())[::-1], strict=True)) if turned else labels
        yield from _item_drafts(n, bands[item], said, [*place, item], k, of)


def _told_by_all(
    bands: Mapping[str, Sequence[Band]], points: Sequence[int], known: Beside
) -> dict[str, Beside]:
    """What the mean and the share of upper answers of all items tell of one of them: of the only
    item that is merged, and of the only one whose upper answers are merged with others."""
    if not known.pooled:
        return {}
    top = set(points[-2:])
    merged = [item for item, found in bands.items() if len(found) < len(points)]
    mixed = [
        item for item, found in bands.items()
        if not found or any(set(band) & top and not set(band) <= top for band in found)
    ]  # fmt: skip
    told: dict[str, Beside] = {}
    if len(mixed) == 1:
        told[mixed[0]] = replace(known, sums=dict.fromkeys(top, "upper"))
    if len(merged) == 1:
        moments = max(known.moments, 1)
        sums = dict.fromkeys(top, "upper")
        told[merged[0]] = replace(known, sums=sums, moments=moments)
    return told


def _bands(counts: Mapping[int, int], k: int, known: Beside) -> list[Band]:
    return bands_of(counts, k, sides=known.sides, sums=known.sums, moments=known.moments)


def _item_drafts(
    counts: Mapping[int, int], bands: Sequence[Band], labels: Mapping[int, str],
    place: Sequence[str], k: int, about: dict[str, Any],
) -> Drafts:  # fmt: skip
    """The rows of one item. Where no partition may be shown, one row that says so."""
    whole = sum(counts.values())
    few = min((n for n in counts.values() if not enough(k, n)), default=0)
    for band in bands or [tuple(counts)]:
        n = sum(counts[point] for point in band)
        ends = [labels[band[0]], labels[band[-1]]]
        if about["direction"] == "lower":
            ends.reverse()
        label = ends[0] if len(band) == 1 else _("{low} to {high}").format(
            low=ends[0], high=ends[1]
        )  # fmt: skip
        record = {"n": n, "share": n / whole if whole else None, "label": label}
        name = str(band[0]) if len(band) == 1 else f"{band[0]}..{band[-1]}"
        cell = Cell((n, whole) if bands else (whole, few), keeps=("note",))
        yield from drafts(record, [*place, name], "share", cell, **about)


def _asked(
    study: Study, instrument: Instrument, waves: Sequence[str]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of the program's group at each wave at which one source asks all the items."""
    for wave in waves:
        try:
            rows = instrument_rows(study, instrument, wave)
        except DataError:
            continue
        yield wave, rows[rows["group"] == "program"]


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
        found = list(_told(question, _answers(question)))
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
    """The rows of one question, within the groups too where a survey asked it; none where nobody
    answered, or cleaning kept it out."""
    study, column, name, rows = question.study, question.column, question.name, question.rows
    label: Callable[[str], str | None]
    if column.type == "multi":
        chosen, rows = chosen_options(rows, name)
        if chosen.columns.empty or chosen.empty:
            return
        label = partial(option_label, column)
        yield from option_shares(chosen, question.place, label)
    elif name not in rows:
        return
    elif column.type in CLOSED or rows[name].dtype == "category":
        levels, names = _levels(question)
        label = partial(_level_label, question)
        rows, levels = rows[levels != ""], levels[levels != ""]
        about = {level: {"label": label(level)} for level in names}
        whole = dict.fromkeys(names, len(rows))
        yield from level_shares(levels.value_counts().to_dict(), whole, about, question.place)
        chosen = pd.DataFrame({level: levels == level for level in names})
    else:
        clusters = cluster_codes(rows, study.program.design.cluster)
        record = mean_interval(numeric(rows[name]), clusters=clusters)
        yield from drafts(record, question.place, "mean:ci sd", Cell((record["n"],)))
        return
    if study.program.sources[question.source].role in SURVEYS:
        groups = groupings(study, rows)
        groups.pop(name, None)
        yield from shares_by_group(study.program, chosen, groups, question.place, label)


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


def _told(question: Question, found: Drafts) -> Drafts:
    """The rows with what they are about: the question as their note, which stays when they are
    hidden. Within a group, answers of which each person gave one add up to the group's persons, and
    those of all groups to the answers above."""
    said, place = question.text, question.place
    wave = question.study.program.sources[question.source].wave
    for row, cell in found:
        assert isinstance(row, Measure)
        *stem, _measure = row.id.split("/")
        label = row.label if len(stem) > len(place) else said
        row = dataclasses.replace(row, subject=question.name, label=label, note=said, wave=wave)
        cell = dataclasses.replace(cell, keeps=("note",))
        if len(stem) > len(place) + 1:  # asked/source/variable/answer/grouping/group
            if question.column.type != "multi":
                group = measure_id(*place, *stem[4:])
                cell = dataclasses.replace(cell, sums=(*cell.sums, (group, cell.persons[0])))
            cell = dataclasses.replace(cell, based_on=(measure_id(*stem[:4]),))
        yield Draft(row, cell)
