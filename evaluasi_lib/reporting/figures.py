"""Figures of estimates: forests of effects, methods and drivers, likeness of groups.

Each figure takes results and gives a Figure, or None when there is nothing that may be drawn. The
title is the question, the answer is made from the result, the alt text tells the picture to who
hears it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evaluasi_lib.claims import is_causal, noun_of
from evaluasi_lib.effects import Effect
from evaluasi_lib.measures import Remark, measure_id
from evaluasi_lib.reporting import theme
from evaluasi_lib.reporting.charts import Look, estimated, forest, heard, label_rows
from evaluasi_lib.reporting.elements import Figure
from evaluasi_lib.reporting.words import subgroup_word
from evaluasi_lib.wording import (
    _,
    count,
    digits_for,
    interval,
    join_words,
    joined,
    number,
    word_for,
)

LARGE_SMD = 0.1
SMALL = Look(0.31, top=0.7, mark=7, edge=1.5, cap="butt", room=(0.6, 0.6))  # of the first page
EFFECTS = Look(0.52, mark=8, edge=1.6, cap="butt", room=(0.6, 0.6))
DRIVERS = Look(0.5, cap="butt", room=(0.6, 0.6))
METHODS = Look(0.36, top=0.8, wrap=36, edge=1.5, margin=0.05)


def _sesoi_g(effect: Effect) -> float | None:
    """The smallest effect of interest in standard deviations, by the estimate's own ratio."""
    if effect.sesoi is None or not effect.estimate or not effect.effect_size_g:
        return None
    return abs(effect.sesoi * effect.effect_size_g / effect.estimate)


def plot_effects(
    effects: Sequence[Effect],
    id: str = "efek",
    title: str = "",
    answer: str = "",
    look: Look = EFFECTS,
) -> Figure | None:
    """Forest: each estimate in standard deviations with its 95% interval; the band is ± SESOI."""
    drawn = [(e, place) for e in effects if (place := e.turned) is not None]
    if not drawn:
        return None
    points = [
        estimated(
            subgroup_word(effect),
            place,
            digits=2,
            colour=theme.CONCLUSION_COLOURS[effect.conclusion or "inconclusive"],
            mark=theme.CONCLUSION_MARKS[effect.conclusion or "inconclusive"],
            filled=is_causal(effect),
            band=_sesoi_g(effect),
        )
        for effect, place in drawn
    ]
    heard_row = _("{label}: {noun}, {g}, {interval}.")
    alt = [_("Forest plot of standardised estimates with 95% intervals.")]
    for effect, (g, low, high) in drawn:
        between, label = interval(low, high, 2), subgroup_word(effect)
        if effect.conclusion is not None:
            between = f"{between}, {word_for('conclusion', effect.conclusion)}"
        alt.append(
            heard_row.format(
                label=label,
                noun=noun_of(effect),
                g=number(g, 2),
                interval=between,
            )
        )
    answer = answer or _effects_answer([effect for effect, _place in drawn])
    missing = [subgroup_word(e) for e in effects if e.turned is None]
    if missing:  # so that none goes without a word
        left = _("Without a standardised estimate, so in the table alone: {names}.")
        answer += " " + left.format(names=join_words(missing))
    svg = forest(points, look, _("standard deviations; right of the line is better"))
    keys = [_("Grey bands: changes too small to matter.")]
    if not all(is_causal(effect) for effect, _place in drawn):
        keys.append(_("Hollow marks: it is not shown that the program is the cause."))
    key = joined(keys)
    title = title or _("What changed, and how sure is it?")
    return Figure(id, title, answer, " ".join(alt), svg, key)


def _effects_answer(effects: Sequence[Effect]) -> str:
    if len(effects) == 1:
        (only,) = effects
        return f"{subgroup_word(only)}: {word_for('conclusion', only.conclusion)}."
    parts = []
    for code in ("improved", "worsened", "no_meaningful_change", "inconclusive"):
        n = sum(e.conclusion == code for e in effects)
        if n:
            parts.append(f"{count(n)} {word_for('conclusion', code)}")
    return _("Of {n}: {parts}.").format(n=count(len(effects)), parts=join_words(parts))


def plot_specifications(effects: Sequence[Effect], id: str) -> Figure | None:
    """Every way to estimate one outcome in its own unit; the primary one on top, filled."""
    drawn = [e for e in effects if e.estimate is not None and e.ci_low is not None]
    drawn = [e for e in drawn if e.unit == drawn[0].unit]
    if len(drawn) < 2:
        return None
    first = drawn[0]
    places = [(e.estimate or 0.0, e.ci_low or 0.0, e.ci_high or 0.0) for e in drawn]
    digits = digits_for(*(v for place in places for v in place))
    points = [
        estimated(
            word_for("estimator", effect.estimator),
            place,
            digits,
            colour=theme.PROGRAM if effect.role == "primary" else theme.MUTED,
            filled=effect.role == "primary",
        )
        for effect, place in zip(drawn, places, strict=True)
    ]
    same = sum((middle > 0) == (places[0][0] > 0) for middle, _l, _h in places[1:])
    clear = sum(low > 0 or high < 0 for _m, low, high in places)
    answer = _(
        "{same} of {others} other ways point the same way as the primary estimate; "
        "the intervals of {clear} of all {n} leave out zero."
    ).format(
        same=count(same), others=count(len(drawn) - 1), clear=count(clear), n=count(len(drawn))
    )
    title = _("Does it hold with other methods: {label}?").format(label=first.label)
    alt = _("Estimates with 95% intervals by method, {label}: {listed}.")
    alt = alt.format(label=first.label, listed=heard(points))
    return Figure(id, title, answer, alt, forest(points, METHODS, first.unit, band=first.sesoi))


def plot_drivers(
    drivers: Sequence[Mapping[str, Any]], remarks: Iterable[Remark] = ()
) -> Figure | None:
    """Forest of the gaps in percentage points: a number's quartiles, a level and its reference.

    remarks: what a gap compares, where its label does not say it.
    """
    named = {remark.id: remark.text for remark in remarks}
    known = [
        (d, 100 * d["gap"], 100 * d["gap_low"], 100 * d["gap_high"])
        for d in drivers
        if None not in (d["gap"], d["gap_low"], d["gap_high"])
    ]
    if not known:
        return None
    points = [
        estimated(
            named.get(measure_id(*driver["stem"]), driver["label"]),
            (gap, low, high),
            digits=0,
            colour=theme.OPEN if low <= 0 <= high else theme.GOOD if gap > 0 else theme.BAD,
        )
        for driver, gap, low, high in known
    ]
    clear = sorted((k for k in known if not k[2] <= 0 <= k[3]), key=lambda k: -abs(k[1]))
    answer = _("No variable shows a clear difference; that does not mean that there is none.")
    if clear:
        answer = clear[0][0]["note"]
    alt = _("Differences in percentage points with 95% intervals: {listed}.")
    svg = forest(points, DRIVERS, _("percentage points; right of the line: completes more often"))
    title = _("Who completes more often, and who less?")
    return Figure("pendorong", title, answer, alt.format(listed=heard(points)), svg)


def plot_love(balance: Sequence[Mapping[str, Any]], id: str, label: str) -> Figure | None:
    """Love plot: how unlike the groups were at the start, and after weighting.

    balance: label of a characteristic, smd_unadjusted and smd_weighted (None where not known).
    """
    rows = [
        (row["label"], row["smd_unadjusted"], row["smd_weighted"])
        for row in balance
        if row["smd_unadjusted"] is not None
    ]
    rows.sort(key=lambda row: -abs(row[1]))
    if not rows:
        return None
    with theme.canvas(0.9 + 0.32 * len(rows)) as (figure, ax):
        ax.axvspan(0, LARGE_SMD, color=theme.BAND, lw=0)
        for y, (_label, before, after) in enumerate(rows):
            ax.plot([abs(before)], [y], "o", color=theme.COMPARISON, mfc=theme.PAPER, ms=7, mew=1.6)
            if after is not None:
                ax.plot([abs(after)], [y], "o", color=theme.PROGRAM, ms=7)
                ax.plot([abs(after), abs(before)], [y, y], color=theme.GRID, lw=1.2, zorder=0)
        label_rows(ax, [name for name, _before, _after in rows], 36)
        ax.set_xlim(left=0)
        ax.set_xlabel(_("difference in standard deviations (hollow: as found; filled: weighted)"))
        theme.local_numbers(ax.xaxis)
        svg = theme.to_svg(figure)
    large = sum(abs(before) > LARGE_SMD for _label, before, _after in rows)
    left = sum(abs(after or 0.0) > LARGE_SMD for _label, _before, after in rows)
    answer = _(
        "{large} of {n} characteristics differ by more than {limit} standard deviations as found, "
        "{left} after weighting."
    ).format(large=count(large), n=count(len(rows)), limit=number(LARGE_SMD, 1), left=count(left))
    pair = _("{label}: {before}, weighted {after}")
    listed = "; ".join(
        pair.format(label=name, before=number(before, 2), after=number(after, 2))
        for name, before, after in rows
    )
    title = _("How alike were the groups: {label}?").format(label=label)
    alt = _("Standardised differences between the groups, {label}: {listed}.")
    return Figure(id, title, answer, alt.format(label=label, listed=listed), svg)
