"""Forms as people fill them in and tools export them: what the surveys of all programs share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tests.synthetic.answers import Answer, compose
from tests.synthetic.declared import Declared
from tests.synthetic.draws import (
    Rng,
    leave_empty,
    messy_labels,
    moments,
    stamp,
    straight_line,
    turn,
)

Given = dict[str, list[Answer]]  # open question -> an answer of each person


def ticked(
    rng: Rng,
    declared: Declared,
    people: pd.DataFrame,
    instrument: str,
    wave: str = "",
    *,
    empty: float,
    messy: float,
    lazy: Sequence[int] | np.ndarray = (),
    turned: bool = True,
) -> dict[str, np.ndarray]:
    """The answers to an instrument as labels. empty: share of answers left out; lazy: persons who
    tick one column; turned: whether people hold the reversed items the other way round."""
    items = declared.items(instrument)
    values = people[[f"{item}_{wave}" if wave else item for item in items]].to_numpy().copy()
    known = declared.data["instruments"][instrument]
    for item in known.get("reversed", []) if turned else []:
        values[:, items.index(item)] = turn(values[:, items.index(item)], 5)
    values = leave_empty(rng, straight_line(values, np.asarray(lazy, dtype=int)), empty)
    labels = messy_labels(rng, declared.words(known["scale"], values), messy)
    return dict(zip(items, labels.T, strict=True))


def barriers(
    rng: Rng, options: Mapping[str, str], chance: Mapping[str, float], shifts: Mapping[str, Any]
) -> np.ndarray:
    """Ticked options (persons x options). shifts: what is added to the chance of each person."""
    names = list(options)
    n = len(next(iter(shifts.values())))
    chances = np.array([chance[name] for name in names])[None, :].repeat(n, 0)
    for name, shift in shifts.items():
        chances[:, names.index(name)] += shift
    ticks = rng.random(chances.shape) < chances
    none = names.index("tidak_ada")
    ticks[:, none] &= ~np.delete(ticks, none, axis=1).any(axis=1)
    return ticks


def open_answers(
    rng: Rng, asked: Mapping[str, Mapping[str, Any]], n: int, empty: float = 0.12
) -> Given:
    """Answers of n persons to each question; asked: as in kebenaran.yml."""
    return {
        name: compose(rng, question["bank"], n, question["themes"], empty=empty)
        for name, question in asked.items()
    }


@dataclass(frozen=True)
class Dirt:
    """Rows that are no answers. trials: (place, word) in which the organiser tried the form;
    repeated: rows of persons who sent it twice, the second time `later` rows further on. filled:
    how the names of the columns begin that a trial fills in."""

    key: str
    trials: Sequence[tuple[int, str]]
    repeated: Sequence[int]
    later: int
    filled: tuple[str, ...] = ()


def in_order_of_time(
    rng: Rng, table: pd.DataFrame, present: np.ndarray, start: dt.date, days: int
) -> pd.DataFrame:
    """Who answered, in the order of sending; `waktu`: when, within so many days from start."""
    table = table.assign(waktu=moments(rng, len(table), start, days))
    return table[present].sort_values("waktu", kind="stable").reset_index(drop=True)


def sent(
    rng: Rng,
    columns: dict[str, Any],
    present: pd.Series | np.ndarray,
    when: tuple[dt.date, int],
    given: Given | None = None,
    dirt: Dirt | None = None,
    clock: Callable[[dt.datetime], str] = stamp,
) -> tuple[pd.DataFrame, Given]:
    """The table of a survey as it was sent in, and its open answers row for row."""
    given = given or {}
    table = pd.DataFrame(columns, dtype=object)
    for name, composed in given.items():
        table[name] = np.array([answer.text for answer in composed], dtype=object)
    table["_who"] = np.arange(len(table))
    table = in_order_of_time(rng, table, np.asarray(present), *when)
    table["waktu"] = [clock(moment) for moment in table["waktu"]]
    if dirt:
        table = _with_dirt(table.astype(object), dirt)
    who = table.pop("_who")
    nothing = Answer(None, ())
    return table, {
        name: [nothing if pd.isna(i) else composed[int(i)] for i in who]
        for name, composed in given.items()
    }


def _with_dirt(table: pd.DataFrame, dirt: Dirt) -> pd.DataFrame:
    extra: list[tuple[int, dict[str, object]]] = []
    for place, word in dirt.trials:
        trial = dict.fromkeys(table.columns) | {"waktu": table["waktu"].iloc[place], dirt.key: word}
        filled = [name for name in table if str(name).startswith(dirt.filled)]
        trial |= {name: table[name].iloc[place] for name in filled}
        extra.append((place, trial))
    for place in dirt.repeated:
        later = min(place + dirt.later, len(table) - 1)
        again = table.iloc[place].to_dict() | {"waktu": table["waktu"].iloc[later]}
        extra.append((later + 1, again))
    return add_rows(table, extra)


def add_rows(table: pd.DataFrame, extra: list[tuple[int, dict[str, object]]]) -> pd.DataFrame:
    """Rows put in before the given positions of the file."""
    rows = table.to_dict("records")
    for position, row in sorted(extra, key=lambda pair: pair[0], reverse=True):
        rows.insert(position, row)
    return pd.DataFrame(rows, columns=table.columns, dtype=object)


def yes(values: pd.Series) -> np.ndarray:
    """A flag as forms have it."""
    return np.where(values.to_numpy(dtype=bool), "Ya", "Tidak")


def comma(values: pd.Series) -> list[str]:
    """Numbers as Indonesian offices write them."""
    return [f"{value:.1f}".replace(".", ",") for value in values]
