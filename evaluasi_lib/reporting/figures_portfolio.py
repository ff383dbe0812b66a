"""Figures over several programs: cost against effect, and how far each level's evidence carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.patches import Rectangle

from evaluasi_lib.findings.portfolio import (
    LEVELS,
    Result,
    evidence_map,
    name_of,
    primaries_of,
    turned_g,
)
from evaluasi_lib.reporting import theme
from evaluasi_lib.reporting.elements import Figure
from evaluasi_lib.wording import _, count, interval, join_words, number, rupiah, word_for

SHADES = ("#f6d5c3", "#f3e3c4", "#e6ecd2", "#c9e2cf", "#9fd0be", "#6fbba6")  # ratings 0 to 5


def plot_cost_effect(results: Sequence[Result]) -> Figure | None:
    """Cost per participant against each primary estimate beyond reaction, with its interval."""
    points = [
        (name_of(r), cost, e["label"], g)
        for r in results
        if (cost := r["efficiency"]["cost_per_participant_idr"]) is not None
        for _i, e in primaries_of(r)
        if e["level"] != "reaction" and (g := turned_g(e)) is not None
    ]
    if not points:
        return None
    names = list(dict.fromkeys(name for name, _c, _l, _g in points))
    with theme.canvas(4.4) as (figure, ax):
        ax.grid(axis="both")
        top = max(0.2, *(high for _n, _c, _l, (_g, _low, high) in points))
        span = max(cost for _n, cost, _l, _g in points) or 1.0
        by_cost = sorted(names, key=lambda n: next(p[1] for p in points if p[0] == n))
        for i, name in enumerate(by_cost):
            own = [p for p in points if p[0] == name]
            for j, (_name, cost, _label, (size, low, high)) in enumerate(own):
                x = cost + (j - (len(own) - 1) / 2) * span * 0.012
                ax.plot([x, x], [low, high], color=theme.PROGRAM, lw=1.6)
                ax.plot([x], [size], "o", color=theme.PROGRAM, ms=5)
            # Neighbours in cost get labels at heights of their own, each with a leader.
            height, at = top * (1.12 + 0.14 * (i % 3)), own[0][1]
            ax.plot([at, at], [max(p[3][2] for p in own), height], color=theme.GRID, lw=0.8)
            ax.text(at + span * 0.008, height, name, ha="left", va="center", fontsize=8.5)
        ax.axhline(0, color=theme.INK, lw=0.9)
        ax.set_xlim(-0.04 * span, 1.35 * span)
        ax.set_xlabel(_("cost per participant, rupiah"))
        ax.set_ylabel(_("standard deviations; up is better"))
        theme.local_numbers(ax.xaxis)
        theme.local_numbers(ax.yaxis)
        svg = theme.to_svg(figure)
    cheapest, least, *_rest = min(points, key=lambda p: p[1])
    answer = _("Cheapest for each participant: {name} ({cost}).")
    answer = answer.format(name=cheapest, cost=rupiah(least))
    caution = _("Programs with other aims are not better or worse for costing more or less.")
    title = _("What does each program cost, and how much changed?")
    point = _("{name}, {cost}: {label} {g} ({interval}).")
    alt = [_("Cost per participant against standardised estimates.")]
    for name, cost, label, (size, low, high) in points:
        place = {"g": number(size, 2), "interval": interval(low, high, 2)}
        alt.append(point.format(name=name, cost=rupiah(cost), label=label, **place))
    return Figure("biaya-pengaruh", title, f"{answer} {caution}", " ".join(alt), svg)


def plot_evidence_map(results: Sequence[Result]) -> Figure | None:
    """Programs x Kirkpatrick levels; each cell the lowest evidence rating, 0-5."""
    ratings = evidence_map(results)
    if not any(cell is not None for row in ratings for cell in row):
        return None
    names = [name_of(r) for r in results]
    with theme.canvas(0.9 + 0.55 * len(names)) as (figure, ax):
        ax.grid(False)
        for i, row in enumerate(ratings):
            for j, cell in enumerate(row):
                colour = theme.PAPER if cell is None else SHADES[cell]
                ax.add_patch(Rectangle((j, i), 0.96, 0.92, facecolor=colour, lw=0))
                text = "—" if cell is None else count(cell)
                ax.text(j + 0.48, i + 0.46, text, ha="center", va="center", fontsize=11)
        ax.set_xlim(0, len(LEVELS))
        ax.set_ylim(len(names), 0)
        ax.xaxis.tick_top()
        ax.set_xticks(
            [j + 0.48 for j in range(len(LEVELS))], [word_for("level", x) for x in LEVELS]
        )
        ax.set_yticks([i + 0.46 for i in range(len(names))], [theme.wrap(n, 34) for n in names])
        svg = theme.to_svg(figure)
    title = _("How far does the evidence carry?")
    answer = _("Lowest evidence rating (0-5) of each level; a dash: not measured.")
    alt = " ".join(_row_words(name, row) for name, row in zip(names, ratings, strict=True))
    return Figure("peta-bukti", title, answer, alt, svg)


def _row_words(name: str, row: Sequence[Any]) -> str:
    known = [
        _("{level} {rating}").format(level=word_for("level", level).lower(), rating=count(cell))
        for level, cell in zip(LEVELS, row, strict=True)
        if cell is not None
    ]
    return f"{name}: {join_words(known) or _('nothing rated')}."
