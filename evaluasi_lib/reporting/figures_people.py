"""Figures about people: shares with intervals, the funnel, the calendar of activity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import seaborn
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from evaluasi_lib.reporting import theme
from evaluasi_lib.reporting.elements import Figure
from evaluasi_lib.reporting.words import why
from evaluasi_lib.results import Stage
from evaluasi_lib.wording import _, count, number, percent, word_for

Share = tuple[str, float | None, float | None, float | None]


def plot_shares(
    shares: Sequence[Share], id: str, title: str, answer: str, most: int = 12
) -> Figure | None:
    """Shares as points with intervals, the largest on top; hidden ones are left out.

    answer: a template with {label} and {share} of the largest.
    """
    known = [s for s in shares if s[1] is not None]
    known.sort(key=lambda s: -(s[1] or 0.0))
    known = known[:most]
    if not known:
        return None
    with theme.canvas(0.7 + 0.36 * len(known)) as (figure, ax):
        for row, (_label, share, low, high) in enumerate(known):
            assert share is not None
            if low is not None and high is not None:
                ax.plot([low, high], [row, row], color=theme.PROGRAM, lw=2.2, alpha=0.45)
            ax.plot([share], [row], "o", color=theme.PROGRAM, ms=7)
            ax.annotate(
                percent(share), (1.01, row), xycoords=("axes fraction", "data"), va="center",
                fontsize=9,
            )  # fmt: skip
        ax.set_yticks(range(len(known)), [theme.wrap(s[0], 40) for s in known])
        ax.set_ylim(len(known) - 0.5, -0.5)
        ax.set_xlim(0, min(1.0, 1.08 * max(s[3] or s[1] or 0.0 for s in known)))
        theme.local_numbers(ax.xaxis, share=True)
        svg = theme.to_svg(figure)
    listed = "; ".join(f"{label} {percent(share)}" for label, share, _l, _h in known)
    alt = _("Shares with 95% intervals, largest first: {listed}.").format(listed=listed)
    if len(known) < len([s for s in shares if s[1] is not None]):
        alt = _("The {n} largest.").format(n=len(known)) + " " + alt
    first = known[0]
    return Figure(
        id, title, answer.format(label=first[0], share=percent(first[1])), f"{title} {alt}", svg
    )


def plot_funnel(stages: Sequence[Stage], k: int) -> Figure | None:
    """How many persons remain at each stage."""
    known = [s for s in stages if s.n is not None]
    if len(known) < 2 or not known[0].n:
        return None
    first = known[0].n
    with theme.canvas(0.4 + 0.46 * len(stages)) as (figure, ax):
        for row, stage in enumerate(stages):
            if stage.n is None:
                ax.text(0, row, why(stage.reason, k), va="center", color=theme.MUTED)
                continue
            ax.barh(row, stage.n, color=theme.PROGRAM, height=0.62)
            text = f" {count(stage.n)} ({percent(stage.n / first)})"
            ax.text(stage.n, row, text, va="center", fontsize=9)
        ax.set_yticks(
            range(len(stages)), [theme.wrap(word_for("stage", s.stage), 30) for s in stages]
        )
        ax.set_ylim(len(stages) - 0.5, -0.5)
        ax.set_xlim(0, first * 1.22)
        ax.set_xticks([])
        ax.grid(visible=False)
        ax.spines["bottom"].set_visible(False)
        svg = theme.to_svg(figure)
    losses = [
        ((a.n or 0) - (b.n or 0), word_for("stage", a.stage), word_for("stage", b.stage))
        for a, b in pairwise(known)
    ]
    _lost, before, after = max(losses, key=lambda item: item[0])
    answer = _("{share} reach the last stage; most are lost between “{before}” and “{after}”.")
    listed = "; ".join(
        f"{word_for('stage', s.stage)}: {why(s.reason, k) if s.n is None else count(s.n)}"
        for s in stages
    )
    return Figure(
        "corong",
        _("Where do people leave?"),
        answer.format(share=percent((known[-1].n or 0) / first), before=before, after=after),
        _("Funnel of persons by stage: {listed}.").format(listed=listed),
        svg,
    )


def plot_calendar(cells: Sequence[Mapping[str, Any]], hours: tuple[str, str]) -> Figure | None:
    """Heat map of activity: weekday (1 = Monday) by hour, as share of all activity.

    cells: weekday, hour, share (None where it may not be shown). hours: office hours, outlined.
    """
    known = [c for c in cells if c["share"] is not None]
    if not known:
        return None
    grid = np.full((7, 24), np.nan)
    for cell in known:
        grid[cell["weekday"] - 1, cell["hour"]] = cell["share"]
    days = [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]
    opening, closing = (int(h.split(":")[0]) + int(h.split(":")[1]) / 60 for h in hours)
    with theme.canvas(2.7) as (figure, ax):
        seaborn.heatmap(
            grid, ax=ax, cmap="Blues", vmin=0, linecolor=theme.PAPER, linewidths=0.8,
            cbar_kws={"shrink": 0.9, "pad": 0.02},
        )  # fmt: skip
        frame = Rectangle(
            (opening, 0), closing - opening, 5, fill=False, ec=theme.COMPARISON, lw=1.6
        )
        ax.add_patch(frame)
        ax.set_yticks(np.arange(7) + 0.5, days, rotation=0)
        ax.set_xticks(range(0, 25, 3), [str(hour) for hour in range(0, 25, 3)], rotation=0)
        ax.set_ylim(7, 0)
        ax.set_xlabel(_("hour of the learner's own day; the frame marks office hours"))
        ax.grid(visible=False)
        ax.spines["bottom"].set_visible(False)
        if (bar := ax.collections[0].colorbar) is not None:
            bar.outline.set_visible(False)
            bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _p: percent(v, 1)))
        svg = theme.to_svg(figure)
    top = max(known, key=lambda c: (c["share"], -c["weekday"], -c["hour"]))
    by_day = {d: sum(c["share"] for c in known if c["weekday"] == d + 1) for d in range(7)}
    answer = _("Busiest: {day}, from {hour}:00, with {share} of all activity.").format(
        day=days[top["weekday"] - 1], hour=top["hour"], share=percent(top["share"], 1)
    )
    if len(known) < len(cells):
        answer += " " + _("White cells hold too few persons to be shown, or nobody.")
    listed = "; ".join(f"{days[d]} {percent(share)}" for d, share in by_day.items())
    return Figure(
        "kalender",
        _("When do people learn?"),
        answer,
        _("Heat map of activity by weekday and hour; shares that may be shown, by day: {listed}.")
        .format(listed=listed),
        svg,
    )  # fmt: skip


def plot_completion(curve: Sequence[Mapping[str, Any]], median: float | None) -> Figure | None:
    """Share of persons who have completed, day by day, with its 95% interval (Kaplan-Meier)."""
    if len(curve) < 2:
        return None
    days = [0.0, *(float(c["days"]) for c in curve)]
    share = [0.0, *(float(c["share_completed"]) for c in curve)]
    low = [0.0, *(float(c["ci_low"]) for c in curve)]
    high = [0.0, *(float(c["ci_high"]) for c in curve)]
    with theme.canvas(2.8) as (figure, ax):
        ax.fill_between(days, low, high, step="post", color=theme.PROGRAM, alpha=0.18, lw=0)
        ax.step(days, share, where="post", color=theme.PROGRAM, lw=2)
        ax.annotate(
            percent(share[-1]), (days[-1], share[-1]), xytext=(6, 0), textcoords="offset points",
            va="center", color=theme.PROGRAM,
        )  # fmt: skip
        if median is not None:
            ax.plot([median, median, 0], [0, 0.5, 0.5], color=theme.MUTED, lw=1, ls="--")
        ax.set_ylim(0, 1)
        ax.set_xlim(0, days[-1] * 1.08)
        ax.grid(visible=True, axis="y")
        ax.set_xlabel(_("days since enrolment"))
        theme.local_numbers(ax.xaxis)
        theme.local_numbers(ax.yaxis, share=True, ticks=5)
        svg = theme.to_svg(figure)
    if median is None:
        answer = _("Fewer than half have completed within {days} days.").format(
            days=number(days[-1], 0)
        )
    else:
        answer = _("Half have completed after {days} days.").format(days=number(median, 0))
    marks = [curve[round(i * (len(curve) - 1) / 4)] for i in range(5)]
    listed = "; ".join(
        _("day {day}: {share}").format(
            day=number(m["days"], 0), share=percent(m["share_completed"])
        )
        for m in marks
    )
    return Figure(
        "waktu-selesai", _("How long does it take to complete?"), answer,
        _("Curve of the share who have completed: {listed}.").format(listed=listed), svg,
    )  # fmt: skip


def plot_saturation(curve: Sequence[Mapping[str, Any]], point: int | None) -> Figure | None:
    """Codes known after each interview."""
    if len(curve) < 3:
        return None
    x = [step["interviews"] for step in curve]
    y = [step["codes"] for step in curve]
    with theme.canvas(2.4) as (figure, ax):
        ax.step(x, y, where="mid", color=theme.PROGRAM, lw=2)
        ax.plot(x, y, "o", color=theme.PROGRAM, ms=5)
        if point is not None:
            ax.axvline(point, color=theme.MUTED, lw=1, ls="--")
        ax.set_xticks(x)
        ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        ax.set_ylim(0, max(y) * 1.1)
        ax.set_xlabel(_("Interviews"))
        ax.set_ylabel(_("Different codes"))
        svg = theme.to_svg(figure)
    answer = (
        _("Not yet: new codes kept coming until the last of {n} interviews.").format(n=len(curve))
        if point is None
        else _("Yes: after interview {point} hardly a new code was found.").format(point=point)
    )
    alt = _("Codes known after each interview: {listed}.").format(
        listed=", ".join(f"{step['interviews']}: {step['codes']}" for step in curve)
    )
    title = _("Were there enough interviews?")
    return Figure("saturasi", title, answer, f"{title} {alt}", svg)
