"""The one forest of points with intervals, and the figures that are one: effects, methods, drivers
and shares; and the likeness of groups.

Each figure takes results and gives a Figure, or None when there is nothing that may be drawn. The
title is the question, the answer is made from the result, the alt text tells the picture to who
hears it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from evaluasi_lib.claims import is_causal, noun_of
from evaluasi_lib.measures import Effect, Remark, measure_id
from evaluasi_lib.reporting import theme
from evaluasi_lib.reporting.elements import Figure
from evaluasi_lib.reporting.tables import option_word, say, subgroup_word
from evaluasi_lib.wording import (
    count,
    digits_for,
    interval,
    join_words,
    joined,
    number,
    percent,
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
    """Sizes of a forest: heights in inches, marks and lines in points, `wrap` in letters."""

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


def forest(
    points: Sequence[Point],
    look: Look,
    xlabel: str = "",
    *,
    band: float | None = None,
    span: tuple[float, float] | None = None,
    share: bool = False,
    bars: bool = False,
) -> bytes:
    """Points with their intervals, one a row, the first on top, as SVG.

    band: half the width of a grey band around zero through all rows. span: ends of the axis, for
    what has no zero line; else the axis holds zero and every interval. share: whether numbers are
    shares. bars: whether a bar from zero stands under each point.
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
            if bars:
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


def drawn(
    kind: str, svg: bytes, *, id: str = "", title: str = "", answer: str = "", key: str = "",
    **values: str,
) -> Figure:  # fmt: skip
    """A picture with its sentences of sentences.yml, filled with the values: `kind`.question,
    `kind`.answer, and `kind`.alt, which tells the picture to who hears the page."""
    title = title or say(f"{kind}.question", **values)
    answer = answer or say(f"{kind}.answer", **values)
    return Figure(id or kind, title, answer, say(f"{kind}.alt", title=title, **values), svg, key)


LARGE_SMD = 0.1
MOST_SHARES = 12
SMALL = Look(0.31, top=0.7, mark=7, edge=1.5, cap="butt", room=(0.6, 0.6))  # of the first page
EFFECTS = Look(0.52, mark=8, edge=1.6, cap="butt", room=(0.6, 0.6))
DRIVERS = Look(0.5, cap="butt", room=(0.6, 0.6))
METHODS = Look(0.36, top=0.8, wrap=36, edge=1.5, margin=0.05)
SHARES = Look(0.36, top=0.7, wrap=40, line=2.2, faint=0.45)


def plot_effects(
    effects: Sequence[Effect],
    id: str = "efek",
    title: str = "",
    answer: str = "",
    look: Look = EFFECTS,
) -> Figure | None:
    """Forest: each estimate in standard deviations with its 95% interval; the band is ± SESOI."""
    shown = [(e, place) for e in effects if (place := e.turned) is not None]
    if not shown:
        return None
    points, told = [], []
    for effect, place in shown:
        colour, mark = theme.CONCLUSIONS[effect.conclusion or "inconclusive"]
        label, (g, low, high) = subgroup_word(effect), place
        points.append(
            estimated(label, place, 2, colour=colour, mark=mark, filled=is_causal(effect),
                      band=_sesoi_g(effect))
        )  # fmt: skip
        between = interval(low, high, 2)
        if effect.conclusion is not None:
            between = f"{between}, {word_for('conclusion', effect.conclusion)}"
        noun = noun_of(effect)
        told.append(say("efek.row", label=label, noun=noun, g=number(g, 2), interval=between))
    answer = answer or _effects_answer([effect for effect, _place in shown])
    missing = [subgroup_word(e) for e in effects if e.turned is None]
    if missing:  # so that none goes without a word
        answer += " " + say("efek.left", names=join_words(missing))
    causal = all(is_causal(effect) for effect, _place in shown)
    key = joined([say("efek.bands"), None if causal else say("efek.hollow")])
    svg = forest(points, look, say("efek.axis"))
    return drawn("efek", svg, id=id, title=title, answer=answer, key=key, rows=" ".join(told))


def _sesoi_g(effect: Effect) -> float | None:
    """The smallest effect of interest in standard deviations, by the estimate's own ratio."""
    if effect.sesoi is None or not effect.estimate or not effect.effect_size_g:
        return None
    return abs(effect.sesoi * effect.effect_size_g / effect.estimate)


def _effects_answer(effects: Sequence[Effect]) -> str:
    if len(effects) == 1:
        (only,) = effects
        return f"{subgroup_word(only)}: {word_for('conclusion', only.conclusion)}."
    numbers = Counter(str(e.conclusion) for e in effects)
    parts = [
        f"{count(numbers[code])} {word_for('conclusion', code)}"
        for code in theme.CONCLUSIONS
        if numbers[code]
    ]
    return say("efek.answer", n=count(len(effects)), parts=join_words(parts))


def plot_specifications(effects: Sequence[Effect], id: str) -> Figure | None:
    """Every way to estimate one outcome in its own unit; the primary one on top, filled."""
    shown = [e for e in effects if e.estimate is not None and e.ci_low is not None]
    shown = [e for e in shown if e.unit == shown[0].unit]
    if len(shown) < 2:
        return None
    first = shown[0]
    places = [(e.estimate or 0.0, e.ci_low or 0.0, e.ci_high or 0.0) for e in shown]
    digits = digits_for(*(v for place in places for v in place))
    points = []
    for e, place in zip(shown, places, strict=True):
        is_first = e.role == "primary"
        colour = theme.PROGRAM if is_first else theme.MUTED
        name = word_for("estimator", e.estimator)
        points.append(estimated(name, place, digits, colour=colour, filled=is_first))
    same = sum((middle > 0) == (places[0][0] > 0) for middle, _l, _h in places[1:])
    clear = sum(low > 0 or high < 0 for _m, low, high in places)
    return drawn(
        "metode", forest(points, METHODS, first.unit, band=first.sesoi), id=id, label=first.label,
        same=count(same), others=count(len(shown) - 1), clear=count(clear), n=count(len(shown)),
        listed=heard(points),
    )  # fmt: skip


def plot_drivers(
    drivers: Sequence[Mapping[str, Any]], remarks: Iterable[Remark] = ()
) -> Figure | None:
    """Forest of the gaps in percentage points: a number's quartiles, a level and its reference.

    remarks: what a gap compares, where its label does not say it.
    """
    named = {remark.id: remark.text for remark in remarks}
    points, clear = [], []
    for driver in drivers:
        ends = (driver["gap"], driver["gap_low"], driver["gap_high"])
        if None in ends:
            continue
        gap, low, high = (100 * end for end in ends)
        label = named.get(measure_id(*driver["stem"]), driver["label"])
        colour = theme.OPEN if low <= 0 <= high else theme.GOOD if gap > 0 else theme.BAD
        points.append(estimated(label, (gap, low, high), 0, colour=colour))
        if not low <= 0 <= high:
            clear.append((abs(gap), driver["note"]))
    if not points:
        return None
    # The largest clear difference; of equal ones the first.
    answer = max(clear, key=lambda pair: pair[0])[1] if clear else ""
    svg = forest(points, DRIVERS, say("pendorong.axis"))
    return drawn("pendorong", svg, answer=answer, listed=heard(points))


def plot_shares(shares: Sequence[Mapping[str, Any]], id: str, question: str = "") -> Figure | None:
    """Shares as points with intervals, the largest on top; hidden ones are left out.

    shares: records with label, share, share_low, share_high. question: that was asked, whose
    answers are drawn as bars in the order of the records.
    """
    known = [(s["share"], s) for s in shares if s["share"] is not None]
    if not question or len(known) > MOST_SHARES:
        known.sort(key=lambda pair: -pair[0])
    if not known:
        return None
    points = [
        Point(option_word(s["label"]), share, s["share_low"], s["share_high"], percent(share))
        for share, s in known[:MOST_SHARES]
    ]
    first = max(points, key=lambda point: point.value)
    end = min(1.0, 1.08 * max(point.high or point.value for point in points))
    svg = forest(points, SHARES, span=(0, end), share=True, bars=bool(question))
    title = question or say(f"{id}.question")
    answer = say(f"{'tanya' if question else id}.answer", label=first.label, share=first.text)
    alt = [title, say("shares.asked" if question else "shares.alt", listed=heard(points))]
    if len(points) < len(known):
        alt.insert(1, say("shares.most", n=len(points)))
    return Figure(id, title, answer, " ".join(alt), svg)


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
        ax.set_xlabel(say("kesetaraan.axis"))
        theme.local_numbers(ax.xaxis)
        svg = theme.to_svg(figure)
    large = sum(abs(before) > LARGE_SMD for _label, before, _after in rows)
    left = sum(abs(after or 0.0) > LARGE_SMD for _label, _before, after in rows)
    listed = "; ".join(
        say("kesetaraan.row", label=name, before=number(before, 2), after=number(after, 2))
        for name, before, after in rows
    )
    return drawn(
        "kesetaraan", svg, id=id, label=label, large=count(large), n=count(len(rows)),
        limit=number(LARGE_SMD, 1), left=count(left), listed=listed,
    )  # fmt: skip
