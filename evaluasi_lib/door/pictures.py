"""The report's pictures of a researcher's own table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from evaluasi_lib.disclosure import DEFAULT_K, publish
from evaluasi_lib.door.effects import effects_in
from evaluasi_lib.door.scoring import completion
from evaluasi_lib.errors import Problem, UsageError
from evaluasi_lib.measures import Cell, Draft, Group, drafts, wide
from evaluasi_lib.reporting.figures import plot_effects
from evaluasi_lib.reporting.figures_people import plot_funnel
from evaluasi_lib.reporting.figures_scores import plot_likert, plot_slope
from evaluasi_lib.scoring.answers import answer_drafts
from evaluasi_lib.scoring.frames import numeric
from evaluasi_lib.scoring.scales import mean_interval
from evaluasi_lib.tables import Figure, Table, draw, need
from evaluasi_lib.wording import _


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
            mean = mean_interval(numeric(part[column]).to_numpy())
            about = {"label": label or after, "wave": wave, "group": name}
            place = ["scales", after, wave, name]
            found += drafts(mean, place, "mean:ci sd", Cell((mean["n"],)), **about)
    rows, _remarks = publish(found, min_cell)
    means = [r for r in wide(rows, "scales/*/*/*") if r["mean"] is not None]
    data = pd.DataFrame(means).rename(columns={"mean_low": "low", "mean_high": "high"})
    shown = ["group", "wave", "n", "mean", "sd", "low", "high"]
    title = _("How did it change from before to after?")
    return draw(lambda: plot_slope(means, "pra-pasca", title), Table(data.reindex(columns=shown)))


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
    need(df, list(items))
    answers = pd.DataFrame({item: numeric(df[item]) for item in items})
    highest = int(answers.max().max()) if answers.notna().any().any() else lowest
    texts = list(labels or map(str, range(lowest, highest + 1)))
    if not 2 <= len(texts) <= 7 or highest >= lowest + len(texts):
        what = _("{n} labels do not fit answers up to {high}")
        remedy = _("give labels=[...] from low to high, 2 to 7 of them")
        raise UsageError(Problem(what.format(n=len(texts), high=highest), "labels", remedy))
    place = ["answers", "", ""]
    said = dict(enumerate(texts, lowest))
    found = answer_drafts(answers, said, place, k=min_cell, reversed=reversed)
    rows, _remarks = publish(found, min_cell)
    shares = wide(rows, "answers/*/*/*/*")
    data = pd.DataFrame(
        [{"item": r["subject"], "value": r["stem"][-1], "label": r["label"], "n": r["n"],
          "share": r["share"]} for r in shares]
    ).astype({"n": "Int64", "share": float})  # fmt: skip
    question = title or _("How did they answer?")
    return draw(lambda: plot_likert(shares, texts, "jawaban", question), Table(data))


def dropoff(df: pd.DataFrame, stages: Sequence[str], *, min_cell: int = DEFAULT_K) -> Figure:
    """How many persons remain at each stage, and where most are lost.

    df, stages: as `completion`. Raises DataError where fewer than two stages may be shown.

    >>> import pandas as pd
    >>> df = pd.DataFrame({"daftar": [1] * 20, "selesai": [1] * 8 + [0] * 12})
    >>> dropoff(df, ["daftar", "selesai"]).data["n"].tolist()
    [20, 8]
    """
    table = completion(df, stages, min_cell=min_cell)
    records = [
        {"subject": stage, "n": None if pd.isna(n) else int(n), "reason": reason}
        for stage, n, reason in zip(table["stage"], table["n"], table["reason"], strict=True)
    ]
    return draw(lambda: plot_funnel(records, min_cell), table)
