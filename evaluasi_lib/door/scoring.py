"""Scores, shares, costs, coded answers, effects and pictures of one table: pandas in, pandas out.

Each calls what the report of a whole program calls, and hides what may not be shown as it does.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from evaluasi_lib.measures import (
    DEFAULT_K,
    UNPUBLISHED,
    Cell,
    Draft,
    Drafts,
    Effect,
    Group,
    drafts,
    effects_of,
    measure_id,
    nested,
    part_of,
    publish,
    wide,
)
from evaluasi_lib.program import CostItem, Costs, Design, GroupRule, Outcome, ParticipantTime
from evaluasi_lib.reading.voices import Code, Codebook, own_codebook, parse_model
from evaluasi_lib.scoring import frames
from evaluasi_lib.scoring.answers import answer_drafts
from evaluasi_lib.scoring.costs import absorption, cost_per_effect, ratio, time_cost
from evaluasi_lib.scoring.designs import ALWAYS, ESTIMATORS, Case, plan_of
from evaluasi_lib.scoring.effects import effect_drafts, estimates_of_case
from evaluasi_lib.scoring.elearning import kaplan_meier
from evaluasi_lib.scoring.estimate import Propensity, diagnose_balance, propensity
from evaluasi_lib.scoring.evidence import baseline_difference
from evaluasi_lib.scoring.scales import mean_interval
from evaluasi_lib.study import as_label
from evaluasi_lib.tables import SEED, Figure, Table, cell, draw, heading, need, published
from evaluasi_lib.voices.agreement import agreement_rows, as_codes
from evaluasi_lib.voices.feedback import code_answers as find_codes
from evaluasi_lib.wording import DataError, Problem, UsageError, _, check_known, number, suggestion

# Column of a table -> field of an Effect, where the door's name is another.
FIELDS = {"low": "ci_low", "high": "ci_high", "p": "p_value", "g": "effect_size_g",
          "g_low": "g_ci_low", "g_high": "g_ci_high"}  # fmt: skip
SHOWN = ("label", "subgroup", "estimator", "estimate", "unit", "low", "high", "p", "n_program",
         "n_comparison", "claim", "conclusion", "reason")  # fmt: skip
COLUMNS = (
    "outcome", "label", "role", "subgroup", "estimate", "std_error", "df", "low", "high", "p",
    "p_adjusted", "n_program", "n_comparison", "g", "g_low", "g_high", "estimator", "design",
    "claim", "conclusion", "estimand", "unit", "level", "wave", "direction", "sesoi",
    "n_needed", "reason", "note",
)  # fmt: skip
WHOLE = ("n_program", "n_comparison", "n_needed")
WORDS = ("outcome", "label", "role", "subgroup", "estimator", "design", "claim", "conclusion",
         "estimand", "unit", "level", "wave", "direction", "reason", "note")  # fmt: skip
SHARES = "n share low:share_low high:share_high reason"  # columns, as `published` takes them
PROGRAM_VALUES = ("program", "true", "1")
DesignName = Literal["comparison", "randomised"]


def effect(
    df: pd.DataFrame,
    y: str,
    group: str | None = None,
    before: str | None = None,
    covariates: Sequence[str] = (),
    cluster: str | None = None,
    method: str | Sequence[str] | None = "auto",
    sesoi: float | None = None,
    *,
    design: DesignName = "comparison",
    program: object = None,
    direction: Literal["higher", "lower"] = "higher",
    scale_type: Literal["continuous", "binary", "ordinal"] = "continuous",
    label: str = "",
    unit: str = "",
    min_cell: int = DEFAULT_K,
) -> Table:
    """One estimate of what changed in y, with its interval and what it may be called.

    df: one row a person. y: numbers, flags or ordered categories after the program. group: who took
    part; `program` is the value that means so (1, True or "program" are known). Without a group the
    result is a change, never an effect. before: the same measure before. covariates: measured
    before, for adjustment. cluster: the unit in which persons resemble each other (CR2 errors).
    method: "auto" takes the design's own estimator, or a name of
    evaluasi_lib.scoring.designs.ESTIMATORS; several: see compare_models. design: "randomised"
    only where a lot decided. sesoi: the smallest change that matters, in y's unit (ordinal: a share
    of persons). direction: which way is better. min_cell: fewer persons than this are not shown.

    Returns a Table of one row: estimate, std_error, df, low, high (95%), p, n_program,
    n_comparison, g (Hedges), estimator, design, claim ("effect", "change" or "difference"),
    conclusion (improved, worsened, no_meaningful_change, inconclusive), reason where there is no
    number.
    Rows without y, group (or, where the method needs it, before) are left out. Raises UsageError
    for unknown columns, methods or group values; DataError for a y without numbers. Source:
    docs/validity.md; agrees with R on the values in tests/reference.

    >>> import pandas as pd
    >>> df = pd.DataFrame({"skor": [1, 2, 3, 4, 5, 3, 4, 5, 6, 7], "kelas": ["B"] * 5 + ["A"] * 5})
    >>> t = effect(df, "skor", "kelas", program="A", design="randomised")
    >>> t[["estimate", "df", "claim"]].round(3).iloc[0].to_dict()
    {'estimate': 2.0, 'df': 8.0, 'claim': 'effect'}
    """
    if design not in ("comparison", "randomised"):
        what = _("unknown design “{design}”").format(design=design)
        raise UsageError(Problem(what, "design", "comparison, randomised"))
    names = [method] if isinstance(method, str) else list(method or ())
    chosen = [name for name in names if name != "auto"]
    for name in chosen:
        check_method(name)
    rule = None if group is None else GroupRule(variable=group, program=[], comparison=[])
    outcome = Outcome(
        id=y, label=label or y, level="results", variable=y, unit=unit, direction=direction,
        sesoi=sesoi, scale_type=scale_type, baseline_variable=before,
        estimator=chosen[0] if chosen else None,
    )  # fmt: skip
    plan = Design(type="single_group" if group is None else design, group=rule, cluster=cluster,
                  covariates=list(covariates))  # fmt: skip
    case = _case(df, outcome, plan, program)
    own = _plan(case)
    wanted = own[:1] if method == "auto" else chosen or [n for n in own if n not in ALWAYS]
    rows, _remarks = publish(effect_drafts(estimates_of_case(case, wanted)), min_cell)
    return effects_table(effects_of(rows))


def compare_models(
    df: pd.DataFrame,
    y: str,
    group: str | None = None,
    before: str | None = None,
    covariates: Sequence[str] = (),
    cluster: str | None = None,
    methods: Sequence[str] | None = None,
    sesoi: float | None = None,
    **named: Any,
) -> Table:
    """The same question by several estimators, one row each, to see whether the answer holds.

    The arguments are `effect`'s. methods: names of estimators; None: all that the design's plan
    holds, its own first. Only the first row concludes: choosing the model by its result is no
    analysis. An estimator that does not fit the data says so in `reason`.

    >>> import pandas as pd
    >>> df = pd.DataFrame({"skor": [1, 2, 3, 4, 5, 3, 4, 5, 6, 7], "awal": [1, 2, 2, 3, 5] * 2,
    ...                    "kelas": ["B"] * 5 + ["A"] * 5})
    >>> t = compare_models(df, "skor", "kelas", "awal", program="A", methods=["did", "ancova"])
    >>> t["estimate"].round(6).tolist()
    [2.0, 2.0]
    """
    return effect(df, y, group, before, covariates, cluster, methods, sesoi, **named)


def balance(
    df: pd.DataFrame,
    covariates: Sequence[str],
    group: str,
    *,
    program: object = None,
    min_cell: int = DEFAULT_K,
) -> Table:
    """How alike the groups were before: one row a characteristic (a category: one a value).

    Columns: covariate, mean_program, mean_comparison, smd (Hedges' g with the pooled SD; Cox's
    index where all values are 0 or 1), smd_weighted (by the SD of the treated, after inverse-
    probability weights; missing where the groups do not overlap). Missing numbers take the mean
    and get a row "=?" of their own. Shares that rest on fewer than min_cell persons are not shown.
    WWC 4.1: up to 0.05 alike, up to 0.25 adjust, beyond that not comparable.

    >>> import pandas as pd
    >>> df = pd.DataFrame({"usia": [30, 40, 35, 45] * 3, "ikut": [1, 0, 0, 1] * 3})
    >>> balance(df, ["usia"], "ikut")[["covariate", "smd"]].to_dict("records")
    [{'covariate': 'usia', 'smd': 0.0}]
    """
    need(df, [group, *covariates])
    rows = df.assign(group=_groups(df[group], program)).dropna(subset=["group"])
    member = (rows["group"] == "program").to_numpy()
    z, names = frames.design_matrix(rows, list(covariates))
    fit = propensity(z, member) if names and 0 < member.sum() < len(member) else None
    weights = fit.weights if isinstance(fit, Propensity) else None
    numbers = "mean_program mean_comparison smd smd_weighted"
    found: list[Draft] = []
    for row, column in zip(diagnose_balance(z, names, member, weights), z.T, strict=True):
        row["smd"] = baseline_difference(column[member], column[~member])
        found += drafts(row, ["balance", row["covariate"]], numbers, row["cell"])
    return published(found, "balance/*", f"covariate:subject {numbers} reason", min_cell)


def power(
    effect: float | None = None,
    n: float | None = None,
    *,
    design: Literal["two_groups", "pairs", "shares", "clusters"] = "two_groups",
    power: float | None = 0.8,
    alpha: float = 0.05,
    ratio: float = 1.0,
    shares: tuple[float, float] | None = None,
    cluster_size: float = 20,
    icc: float = 0.1,
) -> Table:
    """How many persons are needed, or how small an effect can be found: before anything is asked.

    effect: in standard deviations (pairs: of the changes). n: persons in the program's group
    (pairs: measured twice; clusters: clusters in all). Leave out the one that is sought; with both
    given, the power of two_groups is. ratio: comparison persons for one of the program. shares: the
    two shares to tell apart. cluster_size, icc: persons in a cluster and how alike they are.
    Columns: design, effect, n_program, n_comparison, power, alpha. Two-sided tests, noncentral t
    (agrees with R pwr); clusters by Bloom (2005). Raises UsageError where nothing or too much is
    left open.

    >>> t = power(effect=0.5)
    >>> t[["n_program", "n_comparison"]].iloc[0].round(2).tolist()
    [63.77, 63.77]
    """
    from statsmodels.stats.power import NormalIndPower, TTestIndPower, TTestPower
    from statsmodels.stats.proportion import proportion_effectsize

    wanted = 0.8 if power is None else power
    how: dict[str, Any] = {"power": wanted, "alpha": alpha}
    pair, groups = TTestPower().solve_power, TTestIndPower().solve_power
    given = (design, effect is not None, n is not None)
    each: Any = n
    if design == "shares" and shares is not None and n is None:
        effect = abs(shares[0] - shares[1])
        each = NormalIndPower().solve_power(abs(proportion_effectsize(*shares)), **how)
    elif given == ("pairs", True, False):
        each = pair(effect, **how)
    elif given == ("clusters", False, True):
        effect = mdes_clusters(int(each), cluster_size, icc, **how)
    elif given == ("two_groups", True, False):
        each = groups(effect, ratio=ratio, **how)
    elif given == ("two_groups", False, True):
        effect = groups(None, n, ratio=ratio, **how)
    elif given == ("two_groups", True, True):
        wanted = groups(effect, n, alpha, None, ratio)
    else:
        remedy = _(
            "two_groups: give effect or n (or both, for the power); pairs: effect; "
            "shares: shares=(a, b); clusters: n"
        )
        raise UsageError(Problem(_("it is not clear what is sought"), remedy=remedy))
    beside = {"two_groups": each * ratio, "shares": each}.get(design)
    row = {"design": design, "effect": effect, "n_program": each, "n_comparison": beside,
           "power": wanted, "alpha": alpha}  # fmt: skip
    return Table([row])


def mdes_clusters(n: int, size: float, icc: float, *, power: float, alpha: float) -> float:
    """Minimum detectable effect, in SD, when half of n whole clusters get the program (Bloom 1995,
    2005): (t_(1-alpha/2) + t_power) sqrt((icc + (1-icc) / size) / (n / 4)), df = n - 2."""
    multiplier = stats.t.ppf([1 - alpha / 2, power], n - 2).sum()
    return float(multiplier * np.sqrt((icc + (1 - icc) / size) / (n / 4)))


def _case(df: pd.DataFrame, outcome: Outcome, plan: Design, program: object) -> Case:
    """A researcher's own table as the estimators take it, by what she says of it."""
    y, before = str(outcome.variable), outcome.baseline_variable
    group = plan.group.variable if plan.group else None
    names = dict.fromkeys([*plan.covariates, *filter(None, [plan.cluster])])
    need(df, [y, *(c for c in (group, before) if c is not None), *names])
    rows = pd.DataFrame({"pid": np.arange(len(df)).astype(str)} | {c: df[c].array for c in names})
    rows["group"] = "program" if group is None else _groups(df[group], program).array
    rows["y"] = frames.numeric(df[y]).to_numpy()
    if before is not None:
        rows["y0"] = frames.numeric(df[before]).to_numpy()
    rows = rows.dropna(subset=["y", "group"]).reset_index(drop=True)
    known = rows["y0"].notna() if before is not None else pd.Series(dtype=bool)
    linked = {str(group): float(part.mean()) for group, part in known.groupby(rows["group"])}
    return Case(
        outcome, plan, frames.OutcomeFrame(rows, None, before is not None, plan.type, linked)
    )


def _plan(case: Case) -> tuple[str, ...]:
    plan = plan_of(case)
    if plan is None:
        what = _("one group measured once: there is nothing to compare it with")
        remedy = _("name group= (who took part) or before= (the measure before)")
        raise UsageError(Problem(what, remedy=remedy))
    return plan


def check_method(name: str) -> None:
    """Raises UsageError for an estimator that does not exist, with the nearest name."""
    check_known(name, ["auto", *ESTIMATORS], _("unknown method “{name}”"), "method")


def _groups(values: pd.Series, program: object) -> pd.Series:
    """ "program", "comparison" or missing for each row of a column with two values."""
    text = as_label(values)
    found = sorted(set(text.dropna()))
    chosen = [v for v in found if v.lower() in PROGRAM_VALUES]
    if program is not None:
        chosen = [v for v in found if v == as_label(pd.Series([program]))[0]]
    if len(found) != 2 or len(chosen) != 1:
        what = _("the column “{column}” does not tell two groups apart: it holds {values}")
        shown = ", ".join(found[:6]) + ("…" if len(found) > 6 else "")
        remedy = _("say program=... for the value that means the program, and keep two values")
        raise UsageError(Problem(what.format(column=values.name, values=shown), "group", remedy))
    return text.map({v: "program" if v in chosen else "comparison" for v in found})


def effects_table(effects: Iterable[Effect], title: str = "") -> Table:
    """Effects as rows with the columns of the contract; numbers as numbers."""
    fields = {column: FIELDS.get(column, column) for column in COLUMNS}
    records = [{column: getattr(e, name) for column, name in fields.items()} for e in effects]
    table = pd.DataFrame(records, columns=list(COLUMNS))
    lacking = table["estimate"].isna() | table["low"].isna()  # else it is of a number beside them
    table["reason"] = table["reason"].where(lacking, None)
    types = {c: "object" if c in WORDS else "Int64" if c in WHOLE else "float64" for c in COLUMNS}
    shown, note = list(SHOWN), _("There is no estimate.") if table.empty else ""
    if table["outcome"].is_unique:  # one estimate for each outcome: how is a matter of the methods
        shown.remove("estimator")
    if len(claims := set(table["claim"].dropna())) == 1:
        shown.remove("claim")
        note = f"{heading('claim').capitalize()}: {cell('claim', claims.pop())}."
    return Table(table.astype(types), title=title, shown=shown, note=note)


def effects_in(table: pd.DataFrame) -> list[Effect]:
    """The effects that the rows of `effects_table` are, so that pictures can draw them.

    Raises UsageError where columns are missing that only such a table has.
    """
    need(table, COLUMNS)
    found = []
    for row in table.to_dict("records"):
        known: dict[str, Any] = {c: None if pd.isna(row[c]) else row[c] for c in COLUMNS}
        known |= {c: None if known[c] is None else int(known[c]) for c in WHOLE}
        found.append(Effect(**{FIELDS.get(c, c): value for c, value in known.items()}))
    return found


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
    found = frames.score_items(_answers(df, items, reversed, scale).to_numpy(), min_answered)
    return pd.Series(found, index=df.index, name="score")


def _answers(
    df: pd.DataFrame, items: Sequence[str], reversed: Sequence[str],
    scale: tuple[float, float] | None,
) -> pd.DataFrame:  # fmt: skip
    """The items as float64, those of `reversed` turned."""
    items = list(items)
    need(df, [*items, *reversed])
    for item in reversed:
        check_known(item, items, _("not an item of the instrument") + ": “{name}”", "reversed")
    answers = df[items].apply(frames.numeric)
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
        return Table(self.attrs["by_item"])


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
    found = frames.diagnose_reliability(_answers(df, items, reversed, scale).to_numpy())
    if found is None:
        remedy = _("choose items that vary, and at least two persons more than items")
        raise DataError(Problem(frames.describe_reliability(None), ", ".join(items), remedy))
    row = {"n": found.n, "n_items": found.n_items, "alpha": found.alpha,
           "alpha_low": found.alpha_ci_low, "alpha_high": found.alpha_ci_high,
           "alpha_std": found.alpha_std, "omega": found.omega_total,
           "note": frames.describe_reliability(found, min_alpha)}  # fmt: skip
    table = Reliability(pd.DataFrame([row]).astype({"omega": float}))
    each = {"item": items, "item_rest": found.item_rest, "alpha_if_deleted": found.alpha_if_deleted}
    table.attrs["by_item"] = {name: list(values) for name, values in each.items()}
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
        w: pd.Series | None = pd.Series(frames.rake(df, weights)[0], index=df.index)
    else:
        need(df, [weights] if weights else [])
        w = None if weights is None else df[weights].astype(float)
    names = [c for c in columns or df.columns if c not in (by, weights, "pid", "row")]
    need(df, names)
    groups = frames.as_levels(df[by]) if by else pd.Series("", index=df.index)
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
    shown = (
        "variable:subject value:label group n mean sd low:mean_low high:mean_high share reason "
        "share_low share_high"
    )
    table = published(found, "describe/*/*/*", shown, min_cell)
    for end in ("low", "high"):
        table[end] = table[end].fillna(table.pop(f"share_{end}"))
    return table


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
        weights = None if w is None else w.to_numpy()
        record = mean_interval(frames.numeric(values).to_numpy(), weights) | {"reason": unknown}
        yield from drafts(record, [*place, ""], "mean:ci sd", Cell((whole,)), **about)
    else:
        text = frames.as_levels(known)
        listed = list(map(str, values.cat.categories)) if hasattr(values, "cat") else []
        for level in ["true"] if flag else listed or sorted(set(text)):
            here = text == level
            n = int(here.sum())
            record = frames.share_of(n, whole)
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
    asked = sorted({str(c).partition("__")[0] for c in df.columns if "__" in str(c)})
    if question not in asked:
        what = _("there is no question “{name}” with columns “{name}__option”")
        remedy = suggestion(question, asked) or _("make them with clean_multi")
        raise UsageError(Problem(what.format(name=question), "question", remedy))
    need(df, [by] if by else [])
    chosen, answered = frames.chosen_options(df, question)
    place = ["barriers"]
    if by is None:
        found = frames.option_shares(chosen, place, str)
    else:
        group = frames.as_levels(answered[by])
        levels = {v: v for v in sorted(set(group)) if v}
        chosen = chosen[frames.by_frequency(chosen)]
        found = frames.option_shares_by(chosen, group, levels, place, str, by)
    pattern = "barriers/*" if by is None else "barriers/*/*/*"
    return published(found, pattern, f"barrier:subject group {SHARES}", min_cell)


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
    groups = frames.as_levels(df[by]) if by else pd.Series("", index=df.index)
    found = chain.from_iterable(
        _stages(df[groups == level], stages, level, by, days) for level in sorted(set(groups))
    )
    columns = f"group stage:subject {SHARES}" + (" median_days" if days else "")
    return published(found, "stages/*/*", columns, min_cell)


def _stages(
    here: pd.DataFrame, stages: Sequence[str], level: str, by: str | None, days: str | None
) -> Drafts:
    """The rows of one group, of which the one without a name is only counted."""
    still = pd.Series(True, index=here.index)
    records: dict[str, dict[str, Any]] = {}
    for stage in stages:
        still = still & frames.reached(here[stage])
        n = int(still.sum())
        records[stage] = frames.share_of(n, records[stages[0]]["n"] if records else n)
        records[stage][UNPUBLISHED] = n
    counted = bool(by and not level)
    group, names = level if by else None, ["stages", level]
    yield from nested(records, names, UNPUBLISHED if counted else "n share:ci", base=stages[0],
                      first=(stages[0], stages[-1]), groups=by, group=group)  # fmt: skip
    if days and not counted:
        known = here[days].notna()
        km = kaplan_meier(here.loc[known, days].to_numpy(float), still[known].to_numpy())
        last = [*names, stages[-1]]
        cell = Cell((km["n"], km["n_completed"]), based_on=(measure_id(*last),))
        median = {"median_days": km["median_days"]}
        yield from drafts(median, last, "median_days", cell, group=group)


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
    if not isinstance(items, pd.DataFrame):
        items = pd.DataFrame(items.items(), columns=["category", "realised_idr"])
    need(items, ["category", "realised_idr"])
    given = items.reindex(columns=["category", "realised_idr", "planned_idr"]).astype("object")
    said = given.where(given.notna(), None).to_dict("records")
    listed = [CostItem.model_validate(row) for row in said]
    spent = ParticipantTime(hours=hours, hourly_idr=hourly_idr) if hours and hourly_idr else None
    costs = Costs(price_year=0, items=listed, participant_time=spent)
    time_idr = time_cost(costs, participants)
    spent_idr = sum(item.realised_idr for item in listed)
    total = None if time_idr is None else spent_idr + time_idr
    unknown = None if total is not None else _("the number of participants is not known")
    rows: list[dict[str, Any]] = [
        {"measure": "total", "amount_idr": total, "reason": unknown},
        {"measure": "per_participant", "amount_idr": ratio(total, participants)},
        {"measure": "per_completer", "amount_idr": ratio(total, completers)},
        {"measure": "budget_absorption", "share": absorption(costs)},
    ]
    for found in effects_in(effect) if effect is not None else []:
        one = cost_per_effect(found, total, participants, seed=SEED)
        limits = {"amount_idr": one["estimate"], "low_idr": one["ci_low"],
                  "high_idr": one["ci_high"], "reason": one["reason"]}  # fmt: skip
        rows.append({"measure": f"per_unit_of_{found.outcome}"} | limits)
    columns = ["measure", "amount_idr", "low_idr", "high_idr", "share", "reason"]
    table = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[1:5], "float64"))
    return Table(table.dropna(how="all", subset=columns[1:], ignore_index=True), shown=columns)


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
    texts = s.astype("object").where(s.notna(), "").astype(str).tolist()
    coded = find_codes(texts, _codes(codebook))
    return coded.present.set_index(s.index).assign(
        sentiment=coded.sentiment, content=coded.content, themes=joined_themes(coded.present)
    )


def joined_themes(present: pd.DataFrame) -> list[str]:
    """The names of each row's columns that are true, with commas between."""
    names = present.columns.astype(str)
    return [", ".join(names[row]) for row in present.to_numpy(bool)]


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
    named = pd.DataFrame(found).rename(columns={"ci_low": "low", "ci_high": "high"})
    return Table(named, shown=["label", "value", "low", "high", "n_units"])


def forest(table: pd.DataFrame, title: str = "", answer: str = "") -> Figure:
    """Each estimate in standard deviations with its 95% interval, right is better.

    table: rows of `effect`, `compare_models` or a program's `effects`, put together with pd.concat
    where there are several. The band is the smallest change that matters, hollow marks are changes
    whose cause is not shown. Rows without a standardised estimate are named below the picture.
    Raises UsageError for another table, DataError where no row can be drawn.

    >>> import pandas as pd
    >>> from evaluasi_lib import effect
    >>> df = pd.DataFrame({"skor": [1, 2, 3, 4, 5, 3, 4, 5, 6, 7], "kelas": [0] * 5 + [1] * 5})
    >>> forest(effect(df, "skor", "kelas", design="randomised"))._repr_html_()[:7]
    '<figure'
    """
    from evaluasi_lib.reporting.figures import plot_effects

    effects = effects_in(table)
    return draw(lambda: plot_effects(effects, title=title, answer=answer), pd.DataFrame(table))


def prepost(
    df: pd.DataFrame,
    before: str = "y0",
    after: str = "y",
    group: str | None = None,
    *,
    label: str = "",
    min_cell: int = DEFAULT_K,
) -> Figure:
    """Means before and after with 95% intervals, a line for each group.

    df: one row a person; of those with both measures. before, after: columns of numbers (those of
    `p.outcome_data` are the defaults). group: a column with "program" and "comparison"; taken by
    itself where the table has a `group`. Groups of fewer than min_cell persons are left out.
    Raises UsageError for unknown columns, DataError where nothing may be drawn.

    >>> import pandas as pd
    >>> df = pd.DataFrame({"awal": [1, 2, 3, 2, 3], "akhir": [2, 3, 4, 3, 5]})
    >>> prepost(df, "awal", "akhir").data["mean"].round(2).tolist()
    [2.2, 3.4]
    """
    from evaluasi_lib.reporting.figures_scores import plot_slope

    group = "group" if group is None and "group" in df.columns else group
    need(df, [before, after, *([group] if group else [])])
    pairs = df.dropna(subset=[before, after])
    names: list[Group] = ["program", "comparison"]
    if group and not set(pairs[group].dropna().astype(str)) <= set(names):
        remedy = _("make a column with “program” and “comparison” of it")
        raise UsageError(Problem(_("the groups have other names"), f"group: {group}", remedy))
    found: list[Draft] = []
    for name in names if group else names[:1]:
        part = pairs[pairs[group].astype(str) == name] if group else pairs
        for wave, column in (("pre", before), ("post", after)):
            mean = mean_interval(frames.numeric(part[column]).to_numpy())
            about = {"label": label or after, "wave": wave, "group": name}
            place = ["scales", after, wave, name]
            found += drafts(mean, place, "mean:ci sd", Cell((mean["n"],)), **about)
    columns = "group wave n mean sd low:mean_low high:mean_high"
    data = published(found, "scales/*/*/*", columns, min_cell)
    means = [r for r in wide(publish(found, min_cell)[0], "scales/*/*/*") if r["mean"] is not None]
    title = _("How did it change from before to after?")
    return draw(lambda: plot_slope(means, "pra-pasca", title), data.dropna(subset="mean"))


def likert(
    df: pd.DataFrame,
    items: Sequence[str],
    labels: Sequence[str] | None = None,
    reversed: Sequence[str] = (),
    *,
    lowest: int = 1,
    title: str = "",
    min_cell: int = DEFAULT_K,
) -> Figure:
    """Diverging bars of how the answers to each item spread, the middle of the scale at zero.

    df: one row a person; items: columns of numbers, as `clean_likert` gives them. labels: the
    scale's answers from low to high (2 to 7); None: the numbers from `lowest` to the highest seen.
    reversed: items that were turned when cleaned; their labels are turned back. Answers of fewer
    than min_cell persons are merged with their neighbours; in the data "1..2" is 1 and 2 together.
    Raises UsageError for unknown items or another number of labels, DataError where nothing may be
    drawn.

    >>> import pandas as pd
    >>> df = pd.DataFrame({"q1": [1, 2, 3] * 10, "q2": [3, 3, 2] * 10})
    >>> likert(df, ["q1", "q2"], ["rendah", "sedang", "tinggi"]).data.shape
    (6, 5)
    """
    from evaluasi_lib.reporting.figures_scores import plot_likert

    need(df, list(items))
    answers = pd.DataFrame({item: frames.numeric(df[item]) for item in items})
    highest = int(answers.max().max()) if answers.notna().any().any() else lowest
    texts = list(labels or map(str, range(lowest, highest + 1)))
    if not 2 <= len(texts) <= 7 or highest >= lowest + len(texts):
        what = _("{n} labels do not fit answers up to {high}")
        remedy = _("give labels=[...] from low to high, 2 to 7 of them")
        raise UsageError(Problem(what.format(n=len(texts), high=highest), "labels", remedy))
    place = ["answers", "", ""]
    said = dict(enumerate(texts, lowest))
    found = list(answer_drafts(answers, said, place, k=min_cell, reversed=reversed))
    shares = wide(publish(found, min_cell)[0], "answers/*/*/*/*")
    data = published(found, "answers/*/*/*/*", "item:subject value:stem label n share", min_cell)
    data["value"] = data["value"].str[-1]
    question = title or _("How did they answer?")
    return draw(lambda: plot_likert(shares, texts, "jawaban", question), data)


def dropoff(df: pd.DataFrame, stages: Sequence[str], *, min_cell: int = DEFAULT_K) -> Figure:
    """How many persons remain at each stage, and where most are lost.

    df, stages: as `completion`. Raises DataError where fewer than two stages may be shown.

    >>> import pandas as pd
    >>> df = pd.DataFrame({"daftar": [1] * 20, "selesai": [1] * 8 + [0] * 12})
    >>> dropoff(df, ["daftar", "selesai"]).data["n"].tolist()
    [20, 8]
    """
    from evaluasi_lib.reporting.figures_scores import plot_funnel

    table = completion(df, stages, min_cell=min_cell)
    records = [
        {"subject": stage, "n": None if pd.isna(n) else int(n), "reason": reason}
        for stage, n, reason in zip(table["stage"], table["n"], table["reason"], strict=True)
    ]
    return draw(lambda: plot_funnel(records, min_cell), table)
