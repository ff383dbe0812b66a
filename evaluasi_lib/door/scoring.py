"""Scores, shares, costs and coded answers of one table: pandas in, pandas out."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.disclosure import DEFAULT_K, publish
from evaluasi_lib.door.effects import effects_in
from evaluasi_lib.errors import DataError, Problem, UsageError
from evaluasi_lib.measures import (
    UNPUBLISHED,
    Cell,
    Draft,
    Drafts,
    Record,
    drafts,
    measure_id,
    nested,
    part_of,
    wide,
)
from evaluasi_lib.program import CostItem, Costs, ParticipantTime
from evaluasi_lib.reading.codebook import Code, Codebook, own_codebook, parse_model
from evaluasi_lib.scoring.costs import absorption, cost_per_effect, ratio, time_cost
from evaluasi_lib.scoring.frames import numeric
from evaluasi_lib.scoring.items import (
    describe_reliability,
    diagnose_reliability,
    rake,
    score_items,
    share_of,
)
from evaluasi_lib.scoring.persons import as_levels, reached
from evaluasi_lib.scoring.scales import mean_interval
from evaluasi_lib.scoring.shares import (
    by_frequency,
    chosen_options,
    option_shares,
    option_shares_by,
)
from evaluasi_lib.scoring.survival import kaplan_meier
from evaluasi_lib.tables import SEED, Table, bounds, need
from evaluasi_lib.voices.agreement import agreement_rows, as_codes
from evaluasi_lib.voices.feedback import code_answers as find_codes
from evaluasi_lib.wording import _, number


def score(
    df: pd.DataFrame,
    items: Sequence[str],
    reversed: Sequence[str] = (),
    min_answered: float = 2 / 3,
    *,
    scale: tuple[float, float] | None = None,
) -> pd.Series:
    """The mean of the answered items of each row (n,), in the items' own unit.

    items: columns of numbers (see `clean_likert`). reversed: items in which agreement means less;
    they are turned within `scale`, (lowest, highest possible answer), here, so leave it out where
    cleaning turned them already. Without `scale` the lowest and highest answer seen are taken, with
    a warning. min_answered: share of items that must be answered; else the score is missing.
    Raises UsageError for unknown items.

    >>> import pandas as pd
    >>> df = pd.DataFrame({"a": [5, 4, None], "b": [1, 2, 1], "c": [4, None, None]})
    >>> score(df, ["a", "b", "c"], reversed=["b"], scale=(1, 5)).round(2).tolist()
    [4.67, 4.0, nan]
    """
    answers = _answers(df, items, reversed, scale)
    found = score_items(answers.to_numpy(), min_answered)
    return pd.Series(found, index=df.index, name="score")


def _answers(
    df: pd.DataFrame, items: Sequence[str], reversed: Sequence[str],
    scale: tuple[float, float] | None,
) -> pd.DataFrame:  # fmt: skip
    """The items as float64, those of `reversed` turned."""
    items = list(items)
    need(df, [*items, *reversed])
    if stray := [item for item in reversed if item not in items]:
        raise UsageError(
            Problem(_("not an item of the instrument") + f": “{stray[0]}”", "reversed")
        )
    answers = pd.DataFrame({item: numeric(df[item]) for item in items}, index=df.index)
    if len(reversed) and scale is None:
        scale = (float(answers.min().min()), float(answers.max().max()))
        text = _("the scale was taken from the answers: {low} to {high}; give scale=(low, high)")
        warnings.warn(text.format(low=number(scale[0], 0), high=number(scale[1], 0)), stacklevel=3)
    for item in reversed:
        answers[item] = sum(scale or ()) - answers[item]
    return answers


class Reliability(Table):
    """The table of `reliability`, with its two coefficients as numbers."""

    @property
    def alpha(self) -> float:
        return float(self["alpha"].iloc[0])

    @property
    def omega(self) -> float:
        return float(self["omega"].iloc[0])

    @property
    def by_item(self) -> Table:
        """One row an item: item, item_rest (corrected correlation), alpha_if_deleted."""
        return Table(list(self.attrs["by_item"]))


def reliability(
    df: pd.DataFrame,
    items: Sequence[str],
    reversed: Sequence[str] = (),
    *,
    scale: tuple[float, float] | None = None,
    min_alpha: float = 0.7,
) -> Reliability:
    """How consistently items measure one thing: Cronbach's alpha and McDonald's omega total.

    df, items, reversed, scale: as `score`. Of the persons who answered every item. Columns: n,
    n_items, alpha, alpha_low, alpha_high (Feldt 1965, 95%), alpha_std, omega (one-factor maximum
    likelihood; missing with 2 items or an improper solution), note (what it means). `.alpha` and
    `.omega` are those numbers, `.by_item` the table of items. Raises DataError where nothing can be
    computed: fewer than two items that vary, or too few persons. Agrees with R psych and lavaan.

    >>> import pandas as pd
    >>> df = pd.DataFrame({"a": [1, 2, 3, 4, 5], "b": [1, 2, 3, 4, 5], "c": [2, 2, 3, 5, 5]})
    >>> round(reliability(df, ["a", "b", "c"]).alpha, 3)
    0.986
    """
    answers = _answers(df, items, reversed, scale)
    found = diagnose_reliability(answers.to_numpy())
    if found is None:
        raise DataError(
            Problem(
                describe_reliability(None), ", ".join(items),
                _("choose items that vary, and at least two persons more than items"),
            )
        )  # fmt: skip
    row = {"n": found.n, "n_items": found.n_items, "alpha": found.alpha,
           "alpha_low": found.alpha_ci_low, "alpha_high": found.alpha_ci_high,
           "alpha_std": found.alpha_std, "omega": found.omega_total,
           "note": describe_reliability(found, min_alpha)}  # fmt: skip
    table = Reliability([row])
    table["omega"] = table["omega"].astype(float)
    by_item = zip(answers, found.item_rest, found.alpha_if_deleted, strict=True)
    table.attrs["by_item"] = [
        {"item": item, "item_rest": rest, "alpha_if_deleted": alpha}
        for item, rest, alpha in by_item
    ]
    return table


def describe(
    df: pd.DataFrame,
    by: str | None = None,
    weights: str | Mapping[str, Mapping[str, float]] | None = None,
    *,
    columns: Sequence[str] | None = None,
    min_cell: int = DEFAULT_K,
) -> Table:
    """Means with 95% intervals of every numeric column, and shares of every category, by group.

    by: the column whose values are the groups. weights: a column of weights, or population numbers
    {variable: {value: number}} to which the rows are raked (R survey::rake). Columns: variable,
    value (of a category), group, n, mean, sd, low, high, share, reason. Flags are shares. Groups of
    fewer than min_cell persons are not shown, nor shares from which some could be found.

    >>> import pandas as pd
    >>> df = pd.DataFrame({"skor": [1, 2, 3, 4, 5, 6], "unit": ["A"] * 3 + ["B"] * 3})
    >>> describe(df, by="unit", min_cell=0)["mean"].tolist()
    [2.0, 5.0]
    """
    need(df, [by] if by else [])
    if isinstance(weights, Mapping):
        need(df, list(weights))
        w: pd.Series | None = pd.Series(rake(df, weights).per_row, index=df.index)
    else:
        need(df, [weights] if weights else [])
        w = None if weights is None else df[weights].astype(float)
    names = [c for c in columns or df.columns if c not in (by, weights, "pid", "row")]
    need(df, names)
    groups = as_levels(df[by]) if by else pd.Series("", index=df.index)
    levels = [v for v in dict.fromkeys(sorted(groups)) if v or not by]
    found = [
        draft
        for name in names
        for level in levels
        for draft in _described(
            df.loc[groups == level, name], None if w is None else w[groups == level],
            ["describe", str(name), level], group=level if by else None, subject=str(name),
        )
    ]  # fmt: skip
    records = [
        r | {"variable": r["subject"], "value": r["label"],
             "low": r["mean_low"] if r["share"] is None else r["share_low"],
             "high": r["mean_high"] if r["share"] is None else r["share_high"]}
        for r in wide(publish(found, min_cell)[0], "describe/*/*/*")
    ]  # fmt: skip
    shown = ["variable", "value", "group", "n", "mean", "sd", "low", "high", "share", "reason"]
    floats = dict.fromkeys(("mean", "sd", "low", "high", "share"), "float64")
    table = pd.DataFrame(records, columns=shown)
    return Table(table.astype(floats | {"n": "Int64"}), shown=shown)


def _records(found: Iterable[Draft], pattern: str, k: int) -> list[Record]:
    """What may be shown, a record each."""
    rows, _remarks = publish(found, k)
    return wide(rows, pattern)


def _bounds(row: Mapping[str, Any], measure: str = "share") -> dict[str, Any]:
    """A record, the ends of one of its measures called low and high."""
    return {**row} | {end: row.get(f"{measure}_{end}") for end in ("low", "high")}


def _described(
    values: pd.Series, w: pd.Series | None, place: Sequence[str], **about: Any
) -> Drafts:
    """The mean of a number, the share of each value of a category or flag, the n of dates."""
    known = values.dropna()
    whole = len(known)
    unknown = None if whole else "no_answers"
    flag = pd.api.types.is_bool_dtype(values.dtype)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        yield from drafts({"n": whole}, [*place, ""], "n", Cell((whole,)), **about)
    elif pd.api.types.is_numeric_dtype(values.dtype) and not flag:
        found = mean_interval(numeric(values).to_numpy(), None if w is None else w.to_numpy())
        record = found | {"reason": unknown}
        yield from drafts(record, [*place, ""], "mean:ci sd", Cell((whole,)), **about)
    else:
        text = as_levels(known)
        listed = list(map(str, values.cat.categories)) if hasattr(values, "cat") else []
        for level in ["true"] if flag else listed or sorted(set(text)):
            here = text == level
            n = int(here.sum())
            record = share_of(n, whole)
            if w is not None and whole:
                mean = mean_interval(here.astype(float), w[known.index].to_numpy())
                record |= mean | {"n": n, "share": mean["mean"]}
            cell = part_of(n, whole, "/".join(place))
            yield from drafts(record, [*place, level], "share:ci", cell, label=level, **about)


def barriers(
    df: pd.DataFrame, question: str, by: str | None = None, *, min_cell: int = DEFAULT_K
) -> Table:
    """How many name each barrier (or any option of a question with several answers), by group.

    df: one row a respondent, with the columns `<question>__<option>` that `clean_multi` makes. by:
    a column whose values are the groups. Shares are of those who answered the question at all, with
    Wilson intervals. Columns: barrier, group, n, share, low, high, reason. Small cells, and those
    by which one could be found, are not shown. Raises UsageError for an unknown question.

    >>> import pandas as pd
    >>> df = pd.DataFrame({"h__jadwal": [True] * 6 + [False] * 6, "h__beban": [True] * 12})
    >>> barriers(df, "h")[["barrier", "n"]].values.tolist()
    [['beban', 12], ['jadwal', 6]]
    """
    prefix = question + "__"
    options = [str(c) for c in df.columns if str(c).startswith(prefix)]
    if not options:
        asked = sorted({str(c).split("__")[0] for c in df.columns if "__" in str(c)})
        what = _("there is no question “{name}” with columns “{name}__option”")
        known = _("known: {names}").format(names=", ".join(asked)) if asked else ""
        raise UsageError(Problem(what.format(name=question), "question", known or _(
            "make them with clean_multi")))  # fmt: skip
    need(df, [by] if by else [])
    chosen, answered = chosen_options(df, question)
    place = ["barriers"]
    if by is None:
        found = option_shares(chosen, place, str)
    else:
        group = as_levels(answered[by])
        levels = {v: v for v in sorted(set(group)) if v}
        found = option_shares_by(chosen[by_frequency(chosen)], group, levels, place, str, by)
    pattern = "barriers/*" if by is None else "barriers/*/*/*"
    records = [{"barrier": row["subject"]} | _bounds(row)
               for row in _records(found, pattern, min_cell)]  # fmt: skip
    return _shares(records, ["barrier", "group"])


def _shares(records: list[dict[str, Any]], first: Sequence[str]) -> Table:
    columns = [*first, "n", "share", "low", "high", "reason"]
    types = {"n": "Int64", "share": "float64", "low": "float64", "high": "float64"}
    return Table(pd.DataFrame(records, columns=columns).astype(types), shown=columns)


def completion(
    df: pd.DataFrame,
    stages: Sequence[str],
    by: str | None = None,
    *,
    days: str | None = None,
    min_cell: int = DEFAULT_K,
) -> Table:
    """How many persons reached each stage, of those at the first, by group; and how long it took.

    df: one row a person. stages: columns from the first to the last, such as ["terdaftar", "mulai",
    "selesai"]; reached is a flag that is true, a number above 0, a date that is there; who did not
    reach a stage reached none after it. days: column with the days until completion or, for who did
    not complete, until the last day known; adds median_days at the last stage (Kaplan-Meier, None
    where fewer than half completed). Columns: group, stage, n, share, low, high (Wilson), reason,
    median_days. Neighbouring stages that differ by fewer than min_cell persons are not both shown.

    >>> import pandas as pd
    >>> df = pd.DataFrame({"daftar": [1] * 20, "selesai": [1] * 14 + [0] * 6})
    >>> completion(df, ["daftar", "selesai"])["share"].tolist()
    [1.0, 0.7]
    """
    stages = list(stages)
    need(df, [*stages, *([by] if by else []), *([days] if days else [])])
    groups = as_levels(df[by]) if by else pd.Series("", index=df.index)
    found = chain.from_iterable(
        _stages(df[groups == level], stages, level, by, days) for level in sorted(set(groups))
    )
    records = [
        {"stage": row["subject"]} | _bounds(row) for row in _records(found, "stages/*/*", min_cell)
    ]
    table = _shares(records, ["group", "stage"])
    if days:
        table["median_days"] = pd.Series([r.get("median_days") for r in records], dtype="float64")
        table.shown = (*table.shown, "median_days")
    return table


def _stages(
    here: pd.DataFrame, stages: Sequence[str], level: str, by: str | None, days: str | None
) -> Drafts:
    """The rows of one group, of which the one without a name is only counted."""
    still = pd.Series(True, index=here.index)
    records: dict[str, dict[str, Any]] = {}
    for stage in stages:
        still = still & reached(here[stage])
        n = int(still.sum())
        records[stage] = share_of(n, records[stages[0]]["n"] if records else n)
        records[stage][UNPUBLISHED] = n
    counted = bool(by and not level)
    group, names = level if by else None, ["stages", level]
    yield from nested(records, names, UNPUBLISHED if counted else "n share:ci", base=stages[0],
                      first=(stages[0], stages[-1]), groups=by, group=group)  # fmt: skip
    if days and not counted:
        known = here[days].notna()
        km = kaplan_meier(here.loc[known, days].to_numpy(float), still[known].to_numpy())
        last = [*names, stages[-1]]
        cell = Cell((km.n, km.n_completed), based_on=(measure_id(*last),))
        yield from drafts({"median_days": km.median_days}, last, "median_days", cell, group=group)


def cost(
    items: Mapping[str, float] | pd.DataFrame,
    participants: int | None = None,
    completers: int | None = None,
    effect: pd.DataFrame | None = None,
    *,
    hours: float = 0.0,
    hourly_idr: float = 0.0,
) -> Table:
    """What the program costs: in all, for a participant, a completer, and a unit of its effect.

    items: category -> rupiah, or a table with the columns category, realised_idr and (for the
    absorption of the budget) planned_idr. hours, hourly_idr: participants' working time, added for
    each participant. effect: a table of `effect`; the cost of a unit is total / (participants x
    effect) with Fieller's interval, and only where the design shows an effect, in the good
    direction, whose interval leaves 0 out; else `reason` says which fails. Columns: measure,
    amount_idr, low_idr, high_idr, share (absorption), reason.

    >>> t = cost({"honor": 30_000_000, "konsumsi": 10_000_000}, participants=40, completers=32)
    >>> t.set_index("measure")["amount_idr"].to_dict()
    {'total': 40000000.0, 'per_participant': 1000000.0, 'per_completer': 1250000.0}
    """
    if isinstance(items, pd.DataFrame):
        need(items, ["category", "realised_idr"])
        given = items.astype("object").where(items.notna(), None).to_dict("records")
    else:
        given = [{"category": name, "realised_idr": value} for name, value in items.items()]
    keys = ("category", "realised_idr", "planned_idr")
    listed = [CostItem(**{k: row[k] for k in keys if k in row}) for row in given]
    spent = ParticipantTime(hours=hours, hourly_idr=hourly_idr) if hours and hourly_idr else None
    costs = Costs(price_year=0, items=listed, participant_time=spent)
    time_idr = time_cost(costs, participants)
    total = None
    if time_idr is not None:
        total = sum(item.realised_idr for item in costs.items) + time_idr
    unknown = None if total is not None else _("the number of participants is not known")
    rows: list[dict[str, Any]] = [
        {"measure": "total", "amount_idr": total, "reason": unknown},
        {"measure": "per_participant", "amount_idr": ratio(total, participants)},
        {"measure": "per_completer", "amount_idr": ratio(total, completers)},
    ]
    rows = [row for row in rows if row["amount_idr"] is not None or row.get("reason")]
    if (used := absorption(costs)) is not None:
        rows.append({"measure": "budget_absorption", "share": used})
    for found in effects_in(effect) if effect is not None else []:
        one = cost_per_effect(found, total, participants, seed=SEED)
        rows.append(
            {"measure": f"per_unit_of_{found.outcome}", "amount_idr": one["estimate"],
             "low_idr": one["ci_low"], "high_idr": one["ci_high"], "reason": one["reason"]}
        )  # fmt: skip
    columns = ["measure", "amount_idr", "low_idr", "high_idr", "share", "reason"]
    floats = dict.fromkeys(columns[1:5], "float64")
    return Table(pd.DataFrame(rows, columns=columns).astype(floats), shown=columns)


def code_answers(
    s: pd.Series, codebook: str | Path | Mapping[str, Any] | Codebook | None = None
) -> pd.DataFrame:
    """Which themes each open answer speaks of, and how it sounds: one row an answer, index of s.

    s: (n,) texts. codebook: None is the workbook's own; a YAML file as docs/voices.md describes; or
    theme -> phrases. Columns: one yes/no column a theme that the codebook has, then `sentiment`
    (-1 to 1; missing without words of praise or complaint), `content` (says anything at all) and
    `themes` (the found ones, joined). Raises DataError for a codebook that is not of its form.
    How well it codes: docs/voices.md.

    >>> import pandas as pd
    >>> found = code_answers(pd.Series(["Jadwalnya terlalu padat", "-"]), {"jadwal": ["jadwal"]})
    >>> found["jadwal"].tolist(), found["content"].tolist()
    ([True, False], [True, False])
    """
    codes = _codes(codebook)
    coded = find_codes(s.astype("object").where(s.notna(), "").astype(str).tolist(), codes)
    out = coded.present.set_index(s.index)
    names = list(codes)
    joined = [", ".join(n for n in names if row[n]) for row in coded.present.to_dict("records")]
    return out.assign(sentiment=coded.sentiment, content=coded.content, themes=joined)


def _codes(codebook: str | Path | Mapping[str, Any] | Codebook | None) -> dict[str, Code]:
    if codebook is None:
        return own_codebook().themes
    if isinstance(codebook, Codebook):
        return codebook.themes
    if isinstance(codebook, Mapping):
        return {
            str(name): code if isinstance(code, Code) else Code(label=str(name), include=list(code))
            for name, code in codebook.items()
        }
    path = Path(codebook).expanduser()
    if not path.is_file():
        raise DataError(Problem(_("there is no such file"), str(codebook), _("check the folder")))
    return parse_model(path.read_text(encoding="utf-8"), path.name, Codebook).themes


def agreement(
    a: pd.Series, b: pd.Series, *more: pd.Series, ordinal: bool = False, seed: int = SEED
) -> Table:
    """How far two or more coders agree on the same units, with 95% bootstrap intervals.

    a, b, more: (n,) codes of the same units, row by row; missing where a coder gave none. ordinal:
    the codes are ordered (adds that alpha). Columns: coefficient, label, value, low, high, n_units.
    Cohen's kappa is of the first two coders. Intervals are missing under ten units. seed: of the
    bootstrap. Raises UsageError where the coders' units differ in number. Sources: Cohen (1960),
    Krippendorff (2011), Gwet (2008).

    >>> import pandas as pd
    >>> t = agreement(pd.Series(list("aabbc")), pd.Series(list("aabbb")))
    >>> t.set_index("coefficient")["value"].round(3)["percent"]
    np.float64(0.8)
    """
    coders = [a, b, *more]
    if len({len(c) for c in coders}) != 1:
        sizes = ", ".join(str(len(c)) for c in coders)
        what = _("the coders' columns are not equally long: {sizes}").format(sizes=sizes)
        raise UsageError(Problem(what, remedy=_("give the codes of the same units, row by row")))
    table = np.column_stack([c.astype("object").where(c.notna(), None).to_numpy() for c in coders])
    found = agreement_rows(as_codes(table), np.random.default_rng(seed), ordinal=ordinal)
    records = [bounds(row) for row in found]
    return Table(pd.DataFrame(records), shown=["label", "value", "low", "high", "n_units"])
