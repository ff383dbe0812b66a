"""Figures of people: their flow, shares with intervals, the funnel, the calendar, time, voices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from evaluasi_lib.reporting import theme
from evaluasi_lib.reporting.charts import Look, Point, forest, frame_bars, heard
from evaluasi_lib.reporting.elements import Figure
from evaluasi_lib.reporting.words import option_word, why
from evaluasi_lib.wording import _, count, day_name, number, percent, plural, word_for

SHARES = Look(0.36, top=0.7, wrap=40, line=2.2, faint=0.45)
BARS = SHARES._replace(bar=True)
MOST_SHARES = 12

Records = Sequence[Mapping[str, Any]]  # as measures.wide gives them


def plot_flow(flow: Sequence[Mapping[str, Any]], k: int) -> Figure | None:
    """Flow of persons from the invited to the analysed, with those lost at each step."""
    if sum(step["n"] is not None for step in flow) < 2:
        return None

    def size(step: Mapping[str, Any]) -> str:
        return why(step["reason"], k) if step["n"] is None else f"n = {count(step['n'])}"

    with theme.canvas(0.2 + 0.95 * len(flow)) as (figure, ax):
        ax.set_axis_off()
        ax.set_xlim(0, 10)
        ax.set_ylim(-len(flow) + 0.35, 0.5)
        for row, step in enumerate(flow):
            text = f"{theme.wrap(step['label'], 40)}\n{theme.wrap(size(step), 46)}"
            _box(ax, 0.2, -row, 5.0, text)
            if row and (lost := step.get("dropped")):
                text = plural("{n} person left out", "{n} persons left out", lost)
                text = text.format(n=count(lost))
                _box(ax, 5.8, -row + 0.5, 4.0, text, loss=True)
                ax.plot([2.7, 5.8], [-row + 0.5, -row + 0.5], color=theme.MUTED, lw=1)
        for row, _next in pairwise(range(len(flow))):
            ax.annotate(
                "", (2.7, -row - 0.68), (2.7, -row - 0.32),
                arrowprops={"arrowstyle": "-|>", "color": theme.MUTED, "lw": 1},
            )  # fmt: skip
        svg = theme.to_svg(figure)
    known = [step for step in flow if step["n"] is not None] or flow
    named = [f"{size(step)} ({step['label']})" for step in known]
    answer = _("From {first} to {last}.").format(first=named[0], last=named[-1])
    steps = "; ".join(f"{step['label']}: {size(step)}" for step in flow)
    title = _("Who was reached, and who is in the analysis?")
    alt = _("Flow of persons, step by step: {steps}.").format(steps=steps)
    return Figure("alur", title, answer, alt, svg)


def _box(ax: Axes, x: float, y: float, width: float, text: str, *, loss: bool = False) -> None:
    paper, edge, line = (
        (theme.PAPER, theme.MUTED, "--") if loss else (theme.BAND, theme.PROGRAM, "-")
    )
    style = "round,pad=0,rounding_size=0.08"
    ax.add_patch(FancyBboxPatch((x, y - 0.3), width, 0.6, style, fc=paper, ec=edge, ls=line, lw=1))
    ax.text(x + width / 2, y, text, ha="center", va="center", fontsize=9)


def plot_shares(
    shares: Sequence[Mapping[str, Any]], id: str, title: str, answer: str, *, asked: bool = False
) -> Figure | None:
    """Shares as points with intervals, the largest on top; hidden ones are left out.

    shares: records with label, share, share_low, share_high. answer: a template with {label} and
    {share} of the largest. asked: answers to one question, as bars in the order of the records.
    """
    known = [(s["share"], s) for s in shares if s["share"] is not None]
    if not asked or len(known) > MOST_SHARES:
        known.sort(key=lambda pair: -pair[0])
    if not known:
        return None
    points = [
        Point(option_word(s["label"]), share, s["share_low"], s["share_high"], percent(share))
        for share, s in known[:MOST_SHARES]
    ]
    first = max(points, key=lambda point: point.value)
    alt = _("Shares with 95% intervals: {listed}.") if asked else _(
        "Shares with 95% intervals, largest first: {listed}."
    )  # fmt: skip
    alt = alt.format(listed=heard(points))
    if len(points) < len(known):
        alt = _("The {n} largest.").format(n=len(points)) + " " + alt
    end = min(1.0, 1.08 * max(point.high or point.value for point in points))
    answer = answer.format(label=first.label, share=first.text)
    svg = forest(points, BARS if asked else SHARES, span=(0, end), share=True)
    return Figure(id, title, answer, f"{title} {alt}", svg)


def plot_funnel(stages: Records, k: int) -> Figure | None:
    """How many persons remain at each stage. stages: records with subject, n, reason."""
    known = [s for s in stages if s["n"] is not None]
    if len(known) < 2 or not known[0]["n"]:
        return None
    first = known[0]["n"]
    with theme.canvas(0.4 + 0.46 * len(stages)) as (figure, ax):
        for row, stage in enumerate(stages):
            if stage["n"] is None:
                ax.text(0, row, why(stage["reason"], k), va="center", color=theme.MUTED)
                continue
            ax.barh(row, stage["n"], color=theme.PROGRAM, height=0.62)
            text = f" {count(stage['n'])} ({percent(stage['n'] / first)})"
            ax.text(stage["n"], row, text, va="center", fontsize=9)
        frame_bars(ax, [word_for("stage", s["subject"]) for s in stages], 30)
        ax.set_xlim(0, first * 1.22)
        svg = theme.to_svg(figure)
    steps = max(pairwise(known), key=lambda pair: pair[0]["n"] - pair[1]["n"])
    before, after = (word_for("stage", stage["subject"]) for stage in steps)
    share = percent(known[-1]["n"] / first)
    answer = _("{share} reach the last stage; most are lost between “{before}” and “{after}”.")
    answer = answer.format(share=share, before=before, after=after)
    listed = "; ".join(
        f"{word_for('stage', s['subject'])}: "
        f"{why(s['reason'], k) if s['n'] is None else count(s['n'])}"
        for s in stages
    )
    alt = _("Funnel of persons by stage: {listed}.").format(listed=listed)
    return Figure("corong", _("Where do people leave?"), answer, alt, svg)


def plot_calendar(cells: Records, hours: tuple[str, str]) -> Figure | None:
    """Heat map of activity: weekday (1 = Monday) by hour, as share of all activity.

    cells: records with share (None where it may not be shown), whose stems end in weekday and hour.
    hours: office hours, outlined.
    """
    if all(cell["share"] is None for cell in cells):
        return None
    grid = np.full((7, 24), np.nan)
    for cell in cells:
        weekday, hour = map(int, cell["stem"][-2:])
        grid[weekday - 1, hour] = np.nan if cell["share"] is None else cell["share"]
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
    day, hour = divmod(int(np.nanargmax(grid)), 24)
    answer = _("Busiest: {day}, from {hour}:00, with {share} of all activity.").format(
        day=day_name(day), hour=hour, share=percent(grid[day, hour], 1)
    )
    if np.isnan(grid).any():
        answer += " " + _("White cells hold too few persons to be shown, or nobody.")
    listed = "; ".join(
        f"{d} {percent(share)}" for d, share in zip(days, np.nansum(grid, axis=1), strict=True)
    )
    alt = _("Heat map of activity by weekday and hour; shares that may be shown, by day: {listed}.")
    return Figure("kalender", _("When do people learn?"), answer, alt.format(listed=listed), svg)


def plot_completion(curve: Records, median: float | None) -> Figure | None:
    """Share of persons who have completed, day by day, with its 95% interval (Kaplan-Meier).

    curve: records with share_completed, whose stems end in the day. median: in days.
    """
    if len(curve) < 2:
        return None
    days = [0.0, *(float(point["stem"][-1]) for point in curve)]
    ends = ("share_completed", "share_completed_low", "share_completed_high")
    share, low, high = ([0.0, *(point[name] for point in curve)] for name in ends)
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
        answer = _("Fewer than half have completed within {days} days.")
        answer = answer.format(days=number(days[-1], 0))
    else:
        answer = _("Half have completed after {days} days.").format(days=number(median, 0))
    mark = _("day {day}: {share}")
    marks = [1 + round(i * (len(curve) - 1) / 4) for i in range(5)]
    listed = "; ".join(mark.format(day=number(days[i], 0), share=percent(share[i])) for i in marks)
    title = _("How long does it take to complete?")
    alt = _("Curve of the share who have completed: {listed}.").format(listed=listed)
    return Figure("waktu-selesai", title, answer, alt, svg)


def plot_saturation(curve: Sequence[Mapping[str, Any]], point: float | None) -> Figure | None:
    """Codes known after each interview. point: the interview from which on hardly any was new."""
    if len(curve) < 3:
        return None
    x = [int(step["subject"]) for step in curve]
    y = [int(step["codes"]) for step in curve]
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
        else _("Yes: after interview {point} hardly a new code was found.").format(
            point=count(int(point))
        )
    )
    alt = _("Codes known after each interview: {listed}.").format(
        listed=", ".join(f"{n}: {codes}" for n, codes in zip(x, y, strict=True))
    )
    title = _("Were there enough interviews?")
    return Figure("saturasi", title, answer, f"{title} {alt}", svg)
