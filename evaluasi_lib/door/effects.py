"""What a program changed, from one table of persons; as many estimators as the design allows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from evaluasi_lib.disclosure import DEFAULT_K, publish
from evaluasi_lib.effects import Effect, effects_of
from evaluasi_lib.errors import Problem, UsageError, suggestion
from evaluasi_lib.measures import Draft, drafts, wide
from evaluasi_lib.program import Design, GroupRule, Outcome
from evaluasi_lib.scoring.evidence import baseline_difference
from evaluasi_lib.scoring.frames import OutcomeFrame, design_matrix, numeric
from evaluasi_lib.scoring.impact import effect_drafts, estimates_of_case
from evaluasi_lib.scoring.impact.plans import ALWAYS, ESTIMATORS, Case, plan_of
from evaluasi_lib.scoring.impact.weighting import Propensity, diagnose_balance, propensity
from evaluasi_lib.tables import Table, cell, heading, need
from evaluasi_lib.wording import _

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
PROGRAM_VALUES = ("program", "true", "1", "1.0")
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
    evaluasi_lib.scoring.impact.plans.ESTIMATORS; several: see compare_models. design: "randomised"
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
    z, names = design_matrix(rows, list(covariates))
    fit = propensity(z, member) if names and 0 < member.sum() < len(member) else None
    weights = fit.weights if isinstance(fit, Propensity) else None
    columns = ["covariate", "mean_program", "mean_comparison", "smd", "smd_weighted", "reason"]
    found: list[Draft] = []
    for row, column in zip(diagnose_balance(z, names, member, weights), z.T, strict=True):
        row["smd"] = baseline_difference(column[member], column[~member])
        place = ["balance", row["covariate"]]
        found += drafts(row, place, " ".join(columns[1:5]), row["cell"])
    published, _remarks = publish(found, min_cell)
    shown = [row | {"covariate": row["subject"]} for row in wide(published, "balance/*")]
    return Table(pd.DataFrame(shown).reindex(columns=columns), shown=columns)


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
    two_groups = TTestIndPower()
    found: tuple[float | None, float | None, float | None, float]
    if design == "shares" and shares is not None and n is None:
        each = NormalIndPower().solve_power(abs(proportion_effectsize(*shares)), **how)
        found = (abs(shares[0] - shares[1]), each, each, wanted)
    elif design == "pairs" and effect is not None and n is None:
        found = (effect, TTestPower().solve_power(effect, **how), None, wanted)
    elif design == "clusters" and n is not None and effect is None:
        found = (mdes_clusters(int(n), cluster_size, icc, **how), n, None, wanted)
    elif design == "two_groups" and effect is not None and n is None:
        each = two_groups.solve_power(effect, ratio=ratio, **how)
        found = (effect, each, each * ratio, wanted)
    elif design == "two_groups" and effect is None and n is not None:
        found = (two_groups.solve_power(None, n, ratio=ratio, **how), n, n * ratio, wanted)
    elif design == "two_groups" and effect is not None and n is not None:
        got = two_groups.power(effect, n, alpha, ratio=ratio)
        found = (effect, n, n * ratio, got)
    else:
        raise UsageError(
            Problem(
                _("it is not clear what is sought"),
                remedy=_(
                    "two_groups: give effect or n (or both, for the power); pairs: effect; "
                    "shares: shares=(a, b); clusters: n"
                ),
            )
        )
    names = ("effect", "n_program", "n_comparison", "power")
    row = {"design": design} | dict(zip(names, found, strict=True)) | {"alpha": alpha}
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
    names = dict.fromkeys([*plan.covariates, *([plan.cluster] if plan.cluster else [])])
    need(df, [y, *(c for c in (group, before) if c is not None), *names])
    rows = pd.DataFrame({"pid": np.arange(len(df)).astype(str)} | {c: df[c].array for c in names})
    rows["group"] = "program" if group is None else _groups(df[group], program).array
    rows["y"] = numeric(df[y]).to_numpy()
    if before is not None:
        rows["y0"] = numeric(df[before]).to_numpy()
    rows = rows.dropna(subset=["y", "group"]).reset_index(drop=True)
    shares = {
        str(g): float(part["y0"].notna().mean())
        for g, part in rows.groupby("group", sort=False)
        if before is not None
    }
    return Case(outcome, plan, OutcomeFrame(rows, None, before is not None, plan.type, shares))


def _plan(case: Case) -> tuple[str, ...]:
    plan = plan_of(case)
    if plan is None:
        raise UsageError(
            Problem(
                _("one group measured once: there is nothing to compare it with"),
                remedy=_("name group= (who took part) or before= (the measure before)"),
            )
        )
    return plan


def check_method(name: str) -> None:
    """Raises UsageError for an estimator that does not exist, with the nearest name."""
    if name not in ESTIMATORS:
        what = _("unknown method “{name}”").format(name=name)
        raise UsageError(Problem(what, "method", suggestion(name, ["auto", *ESTIMATORS])))


def _groups(values: pd.Series, program: object) -> pd.Series:
    """ "program", "comparison" or missing for each row of a column with two values."""
    text = values.astype("object").where(values.notna(), None).map(_text)
    found = sorted(set(text.dropna()))
    chosen = [v for v in found if v.lower() in PROGRAM_VALUES]
    if program is not None:
        chosen = [v for v in found if v == _text(program)]
    if len(found) != 2 or len(chosen) != 1:
        what = _("the column “{column}” does not tell two groups apart: it holds {values}")
        shown = ", ".join(found[:6]) + ("…" if len(found) > 6 else "")
        remedy = _("say program=... for the value that means the program, and keep two values")
        raise UsageError(Problem(what.format(column=values.name, values=shown), "group", remedy))
    return text.map({v: "program" if v in chosen else "comparison" for v in found})


def _text(value: object) -> str | None:
    if value is None:
        return None
    number = isinstance(value, (float, np.floating)) and float(value).is_integer()
    return str(int(value)) if number else str(value)  # type: ignore[call-overload]


def effects_table(effects: Iterable[Effect], title: str = "") -> Table:
    """Effects as rows with the columns of the contract; numbers as numbers."""
    fields = {column: FIELDS.get(column, column) for column in COLUMNS}
    records = [{column: getattr(e, name) for column, name in fields.items()} for e in effects]
    table = pd.DataFrame(records, columns=list(COLUMNS))
    lacking = table["estimate"].isna() | table["low"].isna()  # else it is of a number beside them
    table["reason"] = table["reason"].where(lacking, None)
    words = ("outcome", "label", "role", "subgroup", "estimator", "design", "claim", "conclusion",
             "estimand", "unit", "level", "wave", "direction", "reason", "note")  # fmt: skip
    types = {c: "object" if c in words else "Int64" if c in WHOLE else "float64" for c in COLUMNS}
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
