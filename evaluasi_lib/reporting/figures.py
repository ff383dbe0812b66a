"""Figures of estimates: forests of effects, methods and drivers, likeness of groups.

Each figure takes results and gives a Figure, or None when there is nothing that may be drawn. The
title is the question, the answer is made from the result, the alt text tells the picture to who
hears it.

What figures share: the one forest of points with intervals, and frames of rows and of bars.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from evaluasi_lib.claims import is_causal, noun_of
from evaluasi_lib.measures import Effect, Remark, measure_id
from evaluasi_lib.reporting import theme
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


@dataclass(frozen=True, slots=True)
class Point:
    """One row of a forest.

    low, high: its 95% interval, None where there is none. text: what stands beside the row.
    band: half the width of the row's grey band around zero, None for none.
    """

    label: str
    value: float
    low: float | None
    high: float | None
    text: str
    colour: str = theme.PROGRAM
    mark: str = "o"
    filled: bool = True
    band: float | None = None


def estimated(label: str, place: tuple[float, float, float], digits: int, **more: Any) -> Point:
    """A row for an estimate; place: value, low, high."""
    value, low, high = place
    return Point(label, *place, f"{number(value, digits)} ({interval(low, high, digits)})", **more)


class Look(NamedTuple):
    """Sizes of a forest: heights in inches, marks and lines in points, `wrap` in letters. bar:
    whether a bar from zero stands under each point."""

    row: float
    top: float = 0.9
    wrap: int = 34
    mark: float = 7
    edge: float = 1
    line: float = 2
    faint: float | None = None
    cap: str | None = None
    room: tuple[float, float] = (0.5, 0.5)
    margin: float = 0.06
    bar: bool = False


def forest(
    points: Sequence[Point],
    look: Look,
    xlabel: str = "",
    *,
    band: float | None = None,
    span: tuple[float, float] | None = None,
    share: bool = False,
) -> bytes:
    """Points with their intervals, one a row, the first on top, as SVG.

    band: half the width of a grey band around zero through all rows. span: ends of the axis, for
    what has no zero line; else the axis holds zero and every interval.
    """
    ends = [0.0]
    with theme.canvas(look.top + look.row * len(points)) as (figure, ax):
        if band is not None:
            ax.axvspan(-band, band, color=theme.BAND, lw=0)
            ends += [-band, band]
        for row, point in enumerate(points):
            if point.band is not None:
                corner = (-point.band, row - 0.38)
                ax.add_patch(Rectangle(corner, 2 * point.band, 0.76, color=theme.BAND, lw=0))
                ends += [-point.band, point.band]
            if look.bar:
                ax.barh(row, point.value, color=theme.BAND, height=0.62, lw=0)
            if point.low is not None and point.high is not None:
                ax.plot(
                    [point.low, point.high], [row, row], color=point.colour, lw=look.line,
                    alpha=look.faint, solid_capstyle=look.cap,
                )  # fmt: skip
                ends += [point.low, point.high]
            ax.plot(
                [point.value], [row], point.mark, color=point.colour, ms=look.mark, mew=look.edge,
                mfc=point.colour if point.filled else theme.PAPER,
            )  # fmt: skip
            beside(ax, row, point.text)
        if span is None:
            ax.axvline(0, color=theme.INK, lw=0.9)
            margin = look.margin * (max(ends) - min(ends) or 1)
            span = (min(ends) - margin, max(ends) + margin)
        ax.set_xlim(*span)
        label_rows(ax, [point.label for point in points], look.wrap, look.room)
        ax.set_xlabel(xlabel)
        theme.local_numbers(ax.xaxis, share=share)
        return theme.to_svg(figure)


def heard(points: Sequence[Point]) -> str:
    """The rows of a forest for who hears the page."""
    return "; ".join(f"{point.label} {point.text}" for point in points)


def beside(ax: Axes, row: float, text: str) -> None:
    """A text right of the axes, at a row."""
    place = ("axes fraction", "data")
    ax.annotate(text, (1.01, row), xycoords=place, va="center", fontsize=9)


def label_rows(
    ax: Axes, labels: Sequence[str], wrap: int, room: tuple[float, float] = (0.5, 0.5)
) -> None:
    """Labels of rows, the first on top; room: free above the first and below the last row."""
    ax.set_yticks(range(len(labels)), [theme.wrap(label, wrap) for label in labels])
    ax.set_ylim(len(labels) - 1 + room[1], -room[0])


def frame_bars(ax: Axes, labels: Sequence[str], wrap: int) -> None:
    """Rows of bars that say their own numbers, so that no axis stands below them."""
    label_rows(ax, labels, wrap)
    ax.set_xticks([])
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)


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
