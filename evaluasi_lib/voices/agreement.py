"""How far two or more coders agree, with intervals; and a codebook against a person's codes.

Arrays of codes in, numbers and rows out. Missing codes are None or NaN. References:
Cohen (1960); Krippendorff (2011, "Computing Krippendorff's alpha-reliability"); Gwet (2008, AC1).
Agreement with R (own formulas) and the Python package krippendorff is held by
tests/test_agreement.py to 1e-6. Intervals are percentile bootstraps over units (default 2,000
draws; 1,000 in `agreement_rows`), which need no normality of a coefficient near 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evaluasi_lib.measures import Draft, Drafts, Remark, drafts
from evaluasi_lib.reading.voices import Codebook
from evaluasi_lib.voices.feedback import Coded, keys_of, say
from evaluasi_lib.wording import _, joined

Ratings = NDArray[np.float64]
DRAWS = 2_000  # of a bootstrap
MIN_KAPPA = 0.6  # below it a codebook's coding is called unreliable (Landis & Koch: substantial)
MIN_MANUAL = 30  # hand-coded answers under which agreement is not judged


class Coefficient(NamedTuple):
    """value in -1..1 (agreement: 0..1); None where it is undefined, such as one code for all."""

    value: float | None
    ci_low: float | None
    ci_high: float | None
    n_units: int


def as_codes(ratings: ArrayLike) -> Ratings:
    """units x coders of any labels (None: missing) -> numbers 0.. by sorted label, NaN: missing."""
    table = np.asarray(ratings, dtype=object)
    codes, _labels = pd.factorize(table.ravel(), sort=True)
    return np.where(codes < 0, np.nan, codes).astype(float).reshape(table.shape)


def percent_agreement(ratings: Ratings) -> float | None:
    """Mean over units of the share of pairs of coders that agree; units with two codes or more."""
    counts, _values = _count(ratings, least=2)
    n = counts.sum(axis=1)
    return float(np.mean((counts * (counts - 1)).sum(axis=1) / (n * (n - 1)))) if len(n) else None


def cohen_kappa(ratings: Ratings) -> float | None:
    """Cohen's kappa of the first two columns, over units that both coded."""
    pair = ratings[:, :2]
    pair = pair[~np.isnan(pair).any(axis=1)]
    if not len(pair):
        return None
    shares = np.stack([(pair == v).mean(axis=0) for v in np.unique(pair)])
    observed = float((pair[:, 0] == pair[:, 1]).mean())
    expected = float(shares.prod(axis=1).sum())
    return None if expected == 1 else (observed - expected) / (1 - expected)


def gwet_ac1(ratings: Ratings) -> float | None:
    """Gwet's AC1 for any number of coders and missing codes (Gwet 2008, formulas 13-15)."""
    counts, values = _count(ratings)
    observed, q = percent_agreement(ratings), len(values)
    if observed is None or q < 2:
        return None
    pi = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)
    expected = float((pi * (1 - pi)).sum() / (q - 1))
    return (observed - expected) / (1 - expected)


def krippendorff_alpha(ratings: Ratings, ordinal: bool = False) -> float | None:
    """Krippendorff's alpha by the coincidence matrix; units with fewer than two codes drop out.
    ordinal: by the values that lie between two values, each end counted half (2011, section E)."""
    counts, values = _count(ratings, least=2)
    if not len(counts):
        return None
    weight = 1 / (counts.sum(axis=1) - 1)
    coincidences = (counts * weight[:, None]).T @ counts - np.diag((counts.T * weight).sum(axis=1))
    totals = coincidences.sum(axis=1)
    middle = np.cumsum(totals) - totals / 2
    apart = (middle[:, None] - middle) ** 2 if ordinal else values[:, None] != values
    expected = (np.outer(totals, totals) * apart).sum() / (totals.sum() - 1)
    return None if expected == 0 else float(1 - (coincidences * apart).sum() / expected)


def _count(ratings: Ratings, least: int = 1) -> tuple[Ratings, Ratings]:
    """units x values table of how many coders gave each value, of the units that at least so many
    gave one; and the values in order."""
    values = np.unique(ratings[~np.isnan(ratings)])
    counts = (ratings[:, :, None] == values).sum(axis=1).astype(float)
    return counts[counts.sum(axis=1) >= least], values


def with_interval(
    statistic: Callable[[Ratings], float | None],
    ratings: Ratings,
    rng: np.random.Generator,
    draws: int = DRAWS,
    units: NDArray[np.int64] | None = None,
) -> Coefficient:
    """A coefficient with the percentile bootstrap interval over units.

    units: number of the unit of each row, where several rows are of one unit and are drawn
    together; else each row is one. None bounds with fewer than ten units, or where more than a
    tenth of the draws are undefined.
    """
    value = statistic(ratings)
    blocks = np.arange(len(ratings)) if units is None else np.unique(units, return_inverse=True)[1]
    n = int(blocks.max()) + 1 if len(blocks) else 0
    if value is None or n < 10:
        return Coefficient(value, None, None, n)
    rows = np.split(np.argsort(blocks, kind="stable"), np.cumsum(np.bincount(blocks))[:-1])
    drawn = [
        statistic(ratings[np.concatenate([rows[i] for i in rng.integers(0, n, n)])])
        for _draw in range(draws)
    ]
    return _between_percentiles(value, np.array(drawn, dtype=float), n)


def _between_percentiles(value: float, drawn: Ratings, n: int) -> Coefficient:
    """The value with the 95% percentile interval of its draws, of which NaN are undefined."""
    known = drawn[~np.isnan(drawn)]
    if len(known) < 0.9 * len(drawn):
        return Coefficient(value, None, None, n)
    low, high = np.quantile(known, [(1 - 0.95) / 2, (1 + 0.95) / 2])
    return Coefficient(value, float(low), float(high), n)


def agreement_rows(
    ratings: Ratings,
    rng: np.random.Generator,
    *,
    ordinal: bool = False,
    units: NDArray[np.int64] | None = None,
) -> list[dict[str, Any]]:
    """Every coefficient of units x coders as a row: coefficient, label, value, interval, n_units.

    kappa: of the first two coders. units: see `with_interval`.
    """
    coefficients: dict[str, Callable[[Ratings], float | None]] = {
        "percent": percent_agreement,
        "cohen_kappa": cohen_kappa,
        "alpha_nominal": krippendorff_alpha,
        **({"alpha_ordinal": partial(krippendorff_alpha, ordinal=True)} if ordinal else {}),
        "gwet_ac1": gwet_ac1,
    }
    return [
        {"coefficient": name, "label": say(name)}
        | with_interval(statistic, ratings, rng, 1_000, units)._asdict()
        for name, statistic in coefficients.items()
    ]


def _kappa_of_two_by_two(
    both: int, first: int, second: int, n: int, rng: np.random.Generator
) -> Coefficient:
    """Cohen's kappa of yes/no codes. Drawing units anew is drawing the table from a multinomial."""
    cells = np.array([both, first - both, second - both, n - first - second + both])

    def kappa(tables: Ratings) -> Ratings:
        yes_yes, yes_no, no_yes, no_no = tables.T / n
        observed = yes_yes + no_no
        expected = (yes_yes + yes_no) * (yes_yes + no_yes) + (no_no + yes_no) * (no_no + no_yes)
        with np.errstate(invalid="ignore"):  # one code for all: 0 / 0
            return (observed - expected) / (1 - expected)

    value = float(kappa(cells[None, :].astype(float))[0])
    if np.isnan(value) or n < 10:
        return Coefficient(None if np.isnan(value) else value, None, None, n)
    return _between_percentiles(value, kappa(rng.multinomial(n, cells / n, DRAWS).astype(float)), n)


def coding_rows(
    manual: pd.DataFrame,
    coded: Coded,
    codebook: Codebook,
    rng: np.random.Generator,
    enough: Callable[[int], bool],
) -> Drafts:
    """The codebook against a person's codes of the same answers, by theme, with warnings.

    manual: KEYS and theme, a row for each code that the person gave. enough: whether so many
    answers may be shown; themes of fewer are left out.
    """
    theme = manual["theme"].map(codebook.code_of)
    by_hand, place = keys_of(manual), keys_of(coded.said)
    sample = place.isin(by_hand)
    n = int(sample.sum())
    if not n:
        yield Draft(Remark("voices/coding", say("nothing_coded")))
        return
    rows: list[dict[str, Any]] = []
    for name in [t for t in codebook.themes if (theme == t).any()]:
        given = place[sample].isin(by_hand[theme == name])
        found = coded.present.loc[sample, name].to_numpy()
        both, manually, automatic = int((given & found).sum()), int(given.sum()), int(found.sum())
        kappa = _kappa_of_two_by_two(both, manually, automatic, n, rng)
        if enough(manually):
            rows.append({
                "label": codebook.label(name), "n": manually,
                "precision": both / automatic if automatic else None,
                "recall": both / manually if manually else None, "kappa": kappa.value,
                "kappa_ci_low": kappa.ci_low, "kappa_ci_high": kappa.ci_high,
            })  # fmt: skip
    for i, row in enumerate(rows, 1):
        yield from drafts(row, ["voices", "coding", i], "precision recall kappa:kappa_ci")
    unknown = sorted(set(theme) - set(codebook.themes) - {""})
    low = [r["label"] for r in rows if r["kappa"] is not None and r["kappa"] < MIN_KAPPA]
    warnings = [say("unknown_codes", names=", ".join(unknown))] if unknown else []
    warnings += [say("few_coded", n=n, least=MIN_MANUAL)] if n < MIN_MANUAL else []
    warnings += [say("low_kappa", themes=joined(low, ", "))] if low else []
    for warning in warnings:
        yield Draft(Remark("voices/coding", warning))


def coefficient_rows(
    kind: Literal["coders", "reviewers"], coefficients: Iterable[Mapping[str, Any]]
) -> Drafts:
    """The rows of `agreement_rows` as measures of the voices."""
    alike = _("not defined: everything has the same code")
    for row in coefficients:
        names = ["voices", kind, row["coefficient"]]
        yield from drafts(row, names, "value:ci", n=row["n_units"], reason=alike)
