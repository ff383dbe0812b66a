"""Figures about how far a result can be trusted and what it costs: other estimators, likeness of
the groups, importance against performance, cost against effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluasi_lib.reporting import theme
from evaluasi_lib.reporting.elements import Figure
from evaluasi_lib.results import CostPerEffect, Effect
from evaluasi_lib.wording import _, count, digits_for, interval, number, rupiah, word_for

LARGE_SMD = 0.1


def plot_specifications(effects: Sequence[Effect], id: str) -> Figure | None:
    """Every way to estimate one outcome in its own unit; the primary one on top, filled."""
    drawn = [e for e in effects if e.estimate is not None and e.ci_low is not None]
    drawn = [e for e in drawn if e.unit == drawn[0].unit]
    if len(drawn) < 2:
        return None
    first = drawn[0]
    places = [(e.estimate or 0.0, e.ci_low or 0.0, e.ci_high or 0.0) for e in drawn]
    digits = digits_for(*(v for place in places for v in place))
    with theme.canvas(0.8 + 0.36 * len(drawn)) as (figure, ax):
        if first.sesoi is not None:
            ax.axvspan(-first.sesoi, first.sesoi, color=theme.BAND, lw=0)
        for row, (effect, (middle, low, high)) in enumerate(zip(drawn, places, strict=True)):
            colour = theme.PROGRAM if effect.role == "primary" else theme.MUTED
            ax.plot([low, high], [row, row], color=colour, lw=2)
            fill = colour if effect.role == "primary" else theme.PAPER
            ax.plot([middle], [row], "o", color=colour, mfc=fill, ms=7, mew=1.5)
            ax.annotate(
                f"{number(middle, digits)} ({interval(low, high, digits)})", (1.01, row),
                xycoords=("axes fraction", "data"), va="center", fontsize=9,
            )  # fmt: skip
        ax.axvline(0, color=theme.INK, lw=0.9)
        ax.set_yticks(
            range(len(drawn)), [theme.wrap(word_for("estimator", e.estimator), 36) for e in drawn]
        )
        ax.set_ylim(len(drawn) - 0.5, -0.5)
        ax.set_xlabel(first.unit)
        theme.local_numbers(ax.xaxis)
        svg = theme.to_svg(figure)
    same = sum((middle > 0) == (places[0][0] > 0) for middle, _l, _h in places[1:])
    clear = sum(low > 0 or high < 0 for _m, low, high in places)
    answer = _(
        "{same} of {others} other ways point the same way as the primary estimate; "
        "the intervals of {clear} of all {n} leave out zero."
    ).format(
        same=count(same), others=count(len(drawn) - 1), clear=count(clear), n=count(len(drawn))
    )
    listed = "; ".join(
        f"{word_for('estimator', e.estimator)} {number(m, digits)} ({interval(low, high, digits)})"
        for e, (m, low, high) in zip(drawn, places, strict=True)
    )
    return Figure(
        id, _("Does it hold with other methods: {label}?").format(label=first.label), answer,
        _("Estimates with 95% intervals by method, {label}: {listed}.").format(
            label=first.label, listed=listed
        ),
        svg,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Likeness:
    """Standardised difference of the groups in one characteristic, as found and weighted."""

    label: str
    before: float | None
    after: float | None


def plot_love(rows: Sequence[Likeness], id: str, label: str) -> Figure | None:
    """Love plot: how unlike the groups were at the start, and after weighting."""
    drawn = [r for r in rows if r.before is not None]
    drawn.sort(key=lambda r: -abs(r.before or 0.0))
    if not drawn:
        return None
    with theme.canvas(0.9 + 0.32 * len(drawn)) as (figure, ax):
        ax.axvspan(0, LARGE_SMD, color=theme.BAND, lw=0)
        for row, item in enumerate(drawn):
            before = abs(item.before or 0.0)
            ax.plot([before], [row], "o", color=theme.COMPARISON, mfc=theme.PAPER, ms=7, mew=1.6)
            if item.after is not None:
                ax.plot([abs(item.after)], [row], "o", color=theme.PROGRAM, ms=7)
                ax.plot([abs(item.after), before], [row, row], color=theme.GRID, lw=1.2, zorder=0)
        ax.set_yticks(range(len(drawn)), [theme.wrap(r.label, 36) for r in drawn])
        ax.set_ylim(len(drawn) - 0.5, -0.5)
        ax.set_xlim(left=0)
        ax.set_xlabel(_("difference in standard deviations (hollow: as found; filled: weighted)"))
        theme.local_numbers(ax.xaxis)
        svg = theme.to_svg(figure)
    large = sum(abs(r.before or 0.0) > LARGE_SMD for r in drawn)
    left = sum(abs(r.after) > LARGE_SMD for r in drawn if r.after is not None)
    answer = _(
        "{large} of {n} characteristics differ by more than {limit} standard deviations as found, "
        "{left} after weighting."
    ).format(large=count(large), n=count(len(drawn)), limit=number(LARGE_SMD, 1), left=count(left))
    listed = "; ".join(
        _("{label}: {before}, weighted {after}").format(
            label=r.label, before=number(r.before, 2), after=number(r.after, 2)
        )
        for r in drawn
    )
    return Figure(
        id, _("How alike were the groups: {label}?").format(label=label), answer,
        _("Standardised differences between the groups, {label}: {listed}.").format(
            label=label, listed=listed
        ),
        svg,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rated:
    """One item: how important it is to respondents, and how well it was done."""

    label: str
    importance: float
    performance: float


def plot_importance(items: Sequence[Rated], cross: tuple[float, float], id: str) -> Figure | None:
    """Importance-performance map (Martilla & James 1977); cross: (performance, importance)."""
    if not items:
        return None
    middle_x, middle_y = cross
    with theme.canvas(5.0) as (figure, ax):
        ax.axvline(middle_x, color=theme.MUTED, lw=0.9)
        ax.axhline(middle_y, color=theme.MUTED, lw=0.9)
        for place, item in enumerate(items, 1):
            weak = item.importance >= middle_y and item.performance < middle_x
            colour = theme.BAD if weak else theme.PROGRAM
            ax.plot([item.performance], [item.importance], "o", color=colour, ms=16)
            ax.annotate(
                str(place), (item.performance, item.importance), ha="center", va="center",
                color=theme.PAPER, fontsize=8.5,
            )  # fmt: skip
        ax.margins(0.18)
        corners = (
            (0.01, 0.99, _("concentrate here"), "left", "top"),
            (0.99, 0.99, _("keep up the good work"), "right", "top"),
            (0.01, 0.01, _("low priority"), "left", "bottom"),
            (0.99, 0.01, _("possible overkill"), "right", "bottom"),
        )
        for x, y, text, ha, va in corners:
            ax.text(x, y, text, transform=ax.transAxes, ha=ha, va=va, color=theme.MUTED)
        ax.grid(visible=False)
        ax.spines["left"].set_visible(True)
        ax.set_xlabel(_("how well it was done"))
        ax.set_ylabel(_("how important it is"))
        theme.local_numbers(ax.xaxis)
        theme.local_numbers(ax.yaxis)
        svg = theme.to_svg(figure)
    weak_items = [i.label for i in items if i.importance >= middle_y and i.performance < middle_x]
    answer = (
        _("Concentrate on: {items}.").format(items="; ".join(weak_items))
        if weak_items
        else _("Nothing important falls behind the average.")
    )
    key = " ".join(f"{place} {item.label}." for place, item in enumerate(items, 1))
    listed = "; ".join(
        _("{label}: importance {importance}, performance {performance}").format(
            label=i.label, importance=number(i.importance, 2), performance=number(i.performance, 2)
        )
        for i in items
    )
    return Figure(
        id, _("What matters to participants, and is it done well?"), f"{answer} {key}",
        _("Map of importance and performance: {listed}.").format(listed=listed), svg,
    )  # fmt: skip


def plot_cost_plane(
    effect: Effect, cost: CostPerEffect, per_person_idr: float | None, id: str = "bidang-biaya"
) -> Figure | None:
    """Cost-effectiveness plane of one outcome: cost of one participant against the effect on one.

    The cost is counted and the effect estimated, so the uncertainty lies along the effect alone;
    rays from the origin are lines of equal cost per unit of effect.
    """
    low, high, middle = effect.ci_low, effect.ci_high, effect.estimate
    if None in (low, high, middle, per_person_idr, cost.estimate):
        return None
    assert middle is not None
    assert low is not None
    assert high is not None
    assert per_person_idr is not None
    sign = 1 if effect.direction == "higher" else -1
    low, high = sorted((sign * low, sign * high))
    middle *= sign
    with theme.canvas(3.2) as (figure, ax):
        edge = max(abs(low), abs(high)) * 1.25
        ax.set_xlim(min(low * 1.1, -0.15 * edge), edge)
        ax.set_ylim(0, per_person_idr * 1.5)
        for value, style in ((low, ":"), (middle, "-"), (high, ":")):
            if value > 0:
                top = per_person_idr * 1.5
                ax.plot([0, value * 1.5], [0, top], ls=style, color=theme.MUTED, lw=1, zorder=1)
        ax.plot([low, high], [per_person_idr] * 2, color=theme.PROGRAM, lw=2.4)
        ax.plot([middle], [per_person_idr], "o", color=theme.PROGRAM, ms=8)
        ax.axvline(0, color=theme.INK, lw=0.9)
        if sign > 0:
            ax.set_xlabel(_("effect on one participant, {unit}").format(unit=effect.unit))
        else:
            ax.set_xlabel(_("reduction for one participant, {unit}").format(unit=effect.unit))
        ax.set_ylabel(_("cost of one participant, million Rp"))
        theme.local_numbers(ax.xaxis)
        theme.local_numbers(ax.yaxis, ticks=4, scale=1e-6)
        svg = theme.to_svg(figure)
    digits = digits_for(middle, low, high)
    answer = _("{cost} for each participant buys {effect} {unit} ({between}).").format(
        cost=rupiah(per_person_idr), effect=number(middle, digits), unit=effect.unit,
        between=interval(low, high, digits),
    )  # fmt: skip
    alt = _(
        "Cost-effectiveness plane of {label}: effect {effect}, 95% interval {between}, at a cost "
        "of {cost} for each participant; one unit of effect costs {ratio}."
    )
    return Figure(
        id, _("What does the effect on {label} cost?").format(label=effect.label), answer,
        alt.format(
            label=effect.label, effect=number(middle, digits), between=interval(low, high, digits),
            cost=rupiah(per_person_idr), ratio=rupiah(cost.estimate),
        ),
        svg,
    )  # fmt: skip
