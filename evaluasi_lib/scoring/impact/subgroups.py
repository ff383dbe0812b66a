"""For whom: declared groups of persons, and whether they truly differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from evaluasi_lib.scoring.frames import numeric
from evaluasi_lib.scoring.impact.estimate import Estimate
from evaluasi_lib.wording import _, number

Rule = Callable[[pd.Series], pd.Series]

MAX_LEVELS = 6  # a number with more values is split at its median


@dataclass(frozen=True, slots=True)
class Interaction:
    """Test that the effect is the same in all groups: F(df1, df2) and its p-value."""

    f: float
    df1: float
    df2: float
    p_value: float


def interaction_test(
    estimates: Sequence[float], std_errors: Sequence[float], dfs: Sequence[float]
) -> Interaction | None:
    """Whether independent estimates (k,) with errors and df differ: Welch's (1951) test.

    Two groups: the Welch-Satterthwaite t test of their difference (F = t^2). None under 2 groups.
    """
    b, se, df = (np.asarray(v, dtype=float) for v in (estimates, std_errors, dfs))
    k = len(b)
    if k < 2 or not np.all(se > 0):
        return None
    w = 1 / se**2
    mean = np.sum(w * b) / w.sum()
    loss = float(np.sum((1 - w / w.sum()) ** 2 / df))
    f = float(np.sum(w * (b - mean) ** 2)) / (k - 1) / (1 + 2 * (k - 2) / (k**2 - 1) * loss)
    df2 = (k**2 - 1) / (3 * loss)
    return Interaction(f, float(k - 1), float(df2), float(stats.f.sf(f, k - 1, df2)))


def levels_of(values: pd.Series) -> list[tuple[str, Rule]]:
    """(label, rule) for each group of a variable: its categories in order, flags no and yes, few
    numbers as they are, many split at the median."""
    known = values.dropna()
    if isinstance(values.dtype, pd.CategoricalDtype) or values.dtype in ("object", "str"):
        if isinstance(values.dtype, pd.CategoricalDtype):
            names = [str(v) for v in values.cat.categories if (known.astype(str) == str(v)).any()]
        else:
            names = sorted(set(known.astype(str)))
        return [(name, _is(name)) for name in names]
    if isinstance(values.dtype, pd.BooleanDtype) or values.dtype == bool:
        return [(_("no"), _equals(0.0)), (_("yes"), _equals(1.0))]
    found = np.unique(numeric(known))
    if len(found) <= MAX_LEVELS:
        return [(number(v, 0 if float(v).is_integer() else 2), _equals(float(v))) for v in found]
    middle = float(np.median(numeric(known)))
    text = number(middle, 0 if middle.is_integer() else 1)
    return [
        (_("up to {value}").format(value=text), lambda s: numeric(s) <= middle),
        (_("over {value}").format(value=text), lambda s: numeric(s) > middle),
    ]


def _is(name: str) -> Rule:
    return lambda s: s.notna() & (s.astype(str) == name)


def _equals(value: float) -> Rule:
    return lambda s: numeric(s) == value


def compare(found: Sequence[Estimate]) -> Interaction | None:
    """The interaction test of the groups' estimates that carry inference."""
    usable = [e for e in found if e.inference and e.estimate is not None and e.std_error and e.df]
    if len(usable) < 2:
        return None
    return interaction_test(
        [e.estimate or 0.0 for e in usable],
        [e.std_error or 0.0 for e in usable],
        [e.df or 1.0 for e in usable],
    )
