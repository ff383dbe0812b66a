"""Figures of scores: answers on a scale, means from wave to wave, their spread, and importance.

Figures of people: their flow, shares with intervals, the funnel, the calendar, time, voices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Patch, Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from evaluasi_lib.findings.observe import short_label
from evaluasi_lib.reporting import theme
from evaluasi_lib.reporting.elements import Figure
from evaluasi_lib.reporting.figures import (
    Look,
    Point,
    beside,
    forest,
    frame_bars,
    heard,
    label_rows,
)
from evaluasi_lib.reporting.words import option_word, say, why
from evaluasi_lib.wording import _, count, day_name, interval, number, percent, plural, word_for

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
            _people_box(ax, 0.2, -row, 5.0, text)
            if row and (lost := step.get("dropped")):
                text = plural("{n} person left out", "{n} persons left out", lost)
                text = text.format(n=count(lost))
                _people_box(ax, 5.8, -row + 0.5, 4.0, text, loss=True)
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


def _people_box(
    ax: Axes, x: float, y: float, width: float, text: str, *, loss: bool = False
) -> None:
    paper, edge, line = (
        (theme.PAPER, theme.MUTED, "--") if loss else (theme.BAND, theme.PROGRAM, "-")
    )
    style = "round,pad=0,rounding_size=0.08"
    ax.add_patch(FancyBboxPatch((x, y - 0.3), width, 0.6, style, fc=paper, ec=edge, ls=line, lw=1))
    ax.text(x + width / 2, y, text, ha="center", va="center", fontsize=9)


def plot_shares(shares: Records, id: str, question: str = "") -> Figure | None:
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
    svg = forest(points, BARS if question else SHARES, span=(0, end), share=True)
    title = question or say(f"{id}.question")
    answer = say(f"{'tanya' if question else id}.answer", label=first.label, share=first.text)
    alt = [title, say("shares.asked" if question else "shares.alt", listed=heard(points))]
    if len(points) < len(known):
        alt.insert(1, say("shares.most", n=len(points)))
    return Figure(id, title, answer, " ".join(alt), svg)


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


COLOURS = {"program": theme.PROGRAM, "comparison": theme.COMPARISON}
PANELS = 3
Record = Mapping[str, Any]  # of `measures.wide`


def plot_slope(scales: Sequence[Record], id: str, title: str) -> Figure | None:
    """Means with 95% intervals from wave to wave, a panel for each scale, a line for each group.

    Scales that were measured once, or whose means may not be shown at two waves, are left out.
    """
    panels: dict[str, dict[str, list[Record]]] = {}
    for score in scales:
        if score["mean"] is not None:
            panels.setdefault(score["label"], {}).setdefault(score["group"], []).append(score)
    panels = {
        label: kept
        for label, groups in panels.items()
        if (kept := {name: line for name, line in groups.items() if len(line) > 1})
    }
    if not panels:
        return None
    rows = -(-len(panels) // PANELS)
    columns = min(len(panels), PANELS)
    with theme.canvas(2.5 * rows + 0.3) as (figure, first):
        first.remove()
        axes = figure.subplots(rows, columns, squeeze=False).flat
        for ax in axes:
            ax.set_visible(False)
        for ax, (label, groups) in zip(figure.axes, panels.items(), strict=False):
            ax.set_visible(True)
            ax.set_title(theme.wrap(label, 30 if columns > 1 else 80), fontsize=9.5, loc="left")
            _lines(ax, groups)
        svg = theme.to_svg(figure)
    line_words = _("{label}, {group}: {before} ({first}) to {after} ({last})")
    sentences, rises = [], []
    for label, groups in panels.items():
        for group, (first_score, *_between, last_score) in groups.items():
            before, after = first_score["mean"], last_score["mean"]
            sentences.append(
                line_words.format(
                    label=label, group=word_for("group", group),
                    before=number(before, 2), first=word_for("wave", first_score["wave"]),
                    after=number(after, 2), last=word_for("wave", last_score["wave"]),
                )
            )  # fmt: skip
            if group == "program":
                rises.append(after > before)
    answer = _("In the program group the mean rose on {up} of {n} scales.").format(
        up=count(sum(rises)), n=count(len(rises))
    )
    alt = _("Means from wave to wave: {listed}.").format(listed="; ".join(sentences))
    return Figure(id, title, answer, alt, svg)


def _lines(ax: Axes, groups: Mapping[str, Sequence[Record]]) -> None:
    for group, line in groups.items():
        mean = [float(s["mean"]) for s in line]
        ax.plot(range(len(line)), mean, "-o", color=COLOURS[group], lw=2, ms=6)
        for x, s in enumerate(line):
            if s["mean_low"] is not None and s["mean_high"] is not None:
                ax.plot(
                    [x, x], [s["mean_low"], s["mean_high"]], color=COLOURS[group], lw=1.4, alpha=0.6
                )
        ax.annotate(
            f"{number(mean[-1], 2)} {word_for('group', group)}", (len(line) - 1, mean[-1]),
            xytext=(7, 0), textcoords="offset points", va="center", fontsize=8.5,
            color=COLOURS[group],
        )  # fmt: skip
    longest = max(groups.values(), key=len)
    ax.set_xticks(range(len(longest)), [word_for("wave", s["wave"]) for s in longest])
    ax.set_xlim(-0.2, len(longest) - 1 + 0.95)
    ax.margins(y=0.2)
    ax.grid(visible=False)
    ax.grid(visible=True, axis="y")
    theme.local_numbers(ax.yaxis, ticks=4)


def plot_boxes(
    scales: Sequence[Record], span: tuple[float, float], id: str, title: str, *,
    weighted: bool = False,
) -> Figure | None:  # fmt: skip
    """The scores at each wave: the middle half as a box, the middle eight tenths, and the mean.

    weighted: whether the means are weighted to the population, which the boxes are not.

    scales: records of one scale; waves whose quartiles or mean are not shown are left out, and the
    tenths where one wave's may not be shown. span: lowest and highest possible score. Single
    answers are not drawn, so that nobody can be found in the picture.
    """
    spread = [s for s in scales if s["q25"] is not None and s["mean"] is not None]
    if not spread:
        return None
    tenths = all(s["q10"] is not None for s in spread)
    with theme.canvas(0.7 + 0.62 * len(spread)) as (figure, ax):
        for row, s in enumerate(spread):
            _box(ax, row, s, tenths)
        label_rows(ax, [word_for("wave", s["wave"]) for s in spread], 34, room=(0.6, 0.6))
        ax.set_xlim(*span)
        theme.local_numbers(ax.xaxis)
        svg = theme.to_svg(figure)
    part = _("{name}: mean {mean}, middle {middle}, half of the answers within {between}")
    parts = [
        part.format(
            name=word_for("wave", s["wave"]), mean=number(s["mean"], 2),
            middle=number(s["median"], 2), between=interval(s["q25"], s["q75"], 2),
        )
        for s in spread
    ]  # fmt: skip
    means = [f"{word_for('wave', s['wave'])} {number(s['mean'], 2)}" for s in spread]
    answer = _("Means: {means}.").format(means="; ".join(means))
    keys = [_("Box: the middle half of the scores, with the middle one.")]
    if tenths:
        keys.append(_("Thin line: all but the lowest and the highest tenth."))
    keys.append(_("Diamond: mean with its 95% interval. Single answers are not drawn."))
    if weighted:
        keys.append(_("Means are weighted to the population, boxes are not."))
    alt = _("Distribution of scores. {parts}.").format(parts="; ".join(parts))
    return Figure(id, title, answer, f"{title} {alt}", svg, " ".join(keys))


def _box(ax: Axes, row: int, s: Record, tenths: bool) -> None:
    """One wave's box; the mean stands below the box, so that neither hides the other."""
    colour = theme.PROGRAM if row % 2 else theme.MUTED
    at, below = row - 0.08, row + 0.24
    if tenths:
        ax.plot([s["q10"], s["q25"]], [at, at], color=colour, lw=1.4)
        ax.plot([s["q75"], s["q90"]], [at, at], color=colour, lw=1.4)
    half = {"left": s["q25"], "width": s["q75"] - s["q25"]}
    ax.barh(at, **half, height=0.34, fc=(colour, 0.3), ec=colour, lw=1.4)
    ax.plot([s["median"]] * 2, [at - 0.17, at + 0.17], color=colour, lw=2.4)
    if s["mean_low"] is not None and s["mean_high"] is not None:
        ax.plot([s["mean_low"], s["mean_high"]], [below, below], color=theme.INK, lw=1.4)
    ax.plot([s["mean"]], [below], "D", color=theme.INK, ms=5)
    beside(ax, row, f"{number(s['mean'], 2)}  (n = {count(s['n'])})")


class Bar(NamedTuple):
    """One item of a Likert figure. parts: (first, last place on the scale, share), from low to
    high, of the answers as they were given; none where nothing may be shown. negative: whether its
    wording is, so that fewer should agree."""

    label: str
    parts: tuple[tuple[int, int, float], ...]
    negative: bool

    def share(self, places: range) -> float | None:
        """The share of the answers at these places; None where a merged answer reaches beyond."""
        inside = [places.start <= first and last < places.stop for first, last, _s in self.parts]
        touched = [first < places.stop and places.start <= last for first, last, _s in self.parts]
        if inside != touched or not self.parts:
            return None
        return sum(part[2] for part, here in zip(self.parts, inside, strict=True) if here)


def plot_likert(
    answers: Sequence[Record], levels: Sequence[str], id: str, title: str
) -> Figure | None:
    """Diverging bars of one instrument's items; the middle of the scale stands at zero.

    answers: stem (its last name the point, or the first and last of merged ones, "1..2"), note (the
    question), share, direction ("lower": negatively worded). levels: the answers from low to high.
    An answer that is merged over the middle is drawn without colour. Only items whose shares are
    known are compared, and negatively worded ones are not compared with the others.
    """
    bars = _bars(answers, len(levels))
    shown = [bar for bar in bars if bar.parts]
    if not shown or len(levels) not in theme.DIVERGING:
        return None
    upper = range((len(levels) + 1) // 2, len(levels))
    shown.sort(key=lambda bar: (bar.negative, -_rank(bar, upper)))
    with theme.canvas(0.8 + 0.5 * len(shown)) as (figure, ax):
        keys: dict[tuple[int, int], Patch] = {}
        for row, bar in enumerate(shown):
            _likert_bar(ax, row, bar, levels, keys)
        ax.axvline(0, color=theme.INK, lw=0.8)
        frame_bars(ax, [_named(bar) for bar in shown], 44)
        handles = [keys[at] for at in sorted(keys)]
        columns = min(len(handles), 3)
        figure.legend(handles=handles, loc="outside lower center", ncols=columns, handlelength=1)
        svg = theme.to_svg(figure)
    answer = _compared(bars, upper)
    alt = _("{title} Share of answers in the upper half of the scale: {items}.")
    said = _("{label} {share}")
    listed = "; ".join(
        said.format(label=_named(bar), share=percent(share))
        for bar in shown
        if (share := bar.share(upper)) is not None
    )
    return Figure(id, title, answer, alt.format(title=title, items=listed or "—"), svg)


def _bars(answers: Sequence[Record], n: int) -> list[Bar]:
    """The items with their answers, of a scale of n points, in the order of the answers."""
    points = [_points(row) for row in answers]
    lowest = min((first for first, _last in points), default=0)
    parts: dict[str, list[tuple[int, int, float]]] = {}
    negative = {}
    for row, (first, last) in zip(answers, points, strict=True):
        label = short_label(row["note"])
        negative[label] = row["direction"] == "lower"
        places = (first - lowest, last - lowest)
        if negative[label]:  # the item was turned when it was read
            places = (n - 1 - places[1], n - 1 - places[0])
        inside = parts.setdefault(label, [])
        if row["share"] is not None:
            inside.append((*places, float(row["share"])))
    return [Bar(label, tuple(sorted(x)), negative[label]) for label, x in parts.items()]


def _points(row: Record) -> tuple[int, int]:
    first, _dots, last = str(row["stem"][-1]).partition("..")
    return int(first), int(last or first)


def _named(bar: Bar) -> str:
    return _("{item} (negative statement)").format(item=bar.label) if bar.negative else bar.label


def _rank(bar: Bar, upper: range) -> float:
    """Those with hardly anybody on the lower side first, then by the share of the upper one."""
    share = bar.share(upper)
    return 2.0 if share is None else share


def _compared(bars: Sequence[Bar], upper: range) -> str:
    """Which items were answered best and least well, as far as the known shares can tell."""
    hidden = [bar for bar in bars if not bar.negative and bar.share(upper) is None]
    few = [bar for bar in hidden if bar.parts and bar.parts[0][1] >= upper.start]
    known = [(bar, share) for bar in bars
             if not bar.negative and (share := bar.share(upper)) is not None]  # fmt: skip
    known.sort(key=lambda pair: -pair[1])
    said = []
    if few:
        text = _("Too few answered outside the upper half of the scale to be shown: {items}.")
        said.append(text.format(items="; ".join(bar.label for bar in few)))
    if len(few) < len(hidden):
        said.append(_("The items cannot all be compared, because some answers are too few."))
    elif len(known) > 1:
        text = _("Of the others, most in its upper half: {best} ({high}). Least: {worst} ({low}).")
        text = (
            text if few else _("Most in the upper half: {best} ({high}). Least: {worst} ({low}).")
        )
        (best, high), (worst, low) = known[0], known[-1]
        said.append(text.format(best=best.label, high=percent(high), worst=worst.label,
                                low=percent(low)))  # fmt: skip
    elif known:
        text = _("{label}: {share} in the upper half of the scale.")
        said.append(text.format(label=known[0][0].label, share=percent(known[0][1])))
    turned = [(bar, share) for bar in bars
              if bar.negative and (share := bar.share(upper)) is not None]  # fmt: skip
    if turned:
        part = _("{label} {share}")
        items = "; ".join(part.format(label=b.label, share=percent(s)) for b, s in turned)
        said.append(
            _("Negative statements, the fewer agree the better: {items}.").format(items=items)
        )
    return " ".join(said)


def _likert_bar(
    ax: Axes, row: int, bar: Bar, levels: Sequence[str], keys: dict[tuple[int, int], Patch]
) -> None:
    """One item's bar: the lower half of the scale left of zero, the middle astride it.

    A part that is merged over the middle stands on the side that it holds all of: nearly all of its
    persons are there. keys: the legend's, which is filled as parts are met.
    """
    n = len(levels)
    left = -sum(share * _below_middle(first, last, n) for first, last, share in bar.parts)
    for first, last, share in bar.parts:
        if share <= 0:
            continue
        colour = _colour(first, last, n)
        edge = theme.MUTED if colour == theme.PAPER else colour
        if (first, last) not in keys:
            merged = _("{low} to {high}").format(low=levels[first], high=levels[last])
            label = levels[first] if first == last else merged
            keys[(first, last)] = Patch(fc=colour, ec=edge, label=label)
        ax.barh(row, share, left=left, height=0.68, color=colour, ec=edge, lw=0.5)
        if share >= 0.06:
            dark = colour != theme.PAPER and (first == 0 or last == n - 1)
            ax.text(
                left + share / 2, row, percent(share), ha="center", va="center", fontsize=8.5,
                color=theme.PAPER if dark else theme.INK,
            )  # fmt: skip
        left += share


def _below_middle(first: int, last: int, n: int) -> float:
    """How much of a part is drawn left of zero: 0 to 1."""
    middle = (n - 1) / 2
    if first == last == middle:
        return 0.5
    if last <= middle:
        return 1.0
    if first >= middle:
        return 0.0
    return 0.0 if first == 0 else 1.0


def _colour(first: int, last: int, n: int) -> str:
    """The colour of a part of a scale of n points: of one side, or paper where it is of both."""
    if first == last:
        return theme.DIVERGING[n][first]
    lower, upper = theme.DIVERGING[2]
    middle = (n - 1) / 2
    return lower if last <= middle else upper if first >= middle else theme.PAPER


def plot_importance(items: Sequence[Record], cross: Record, id: str) -> Figure:
    """Importance-performance map (Martilla & James 1977).

    items: label, importance, performance. cross: cross_performance and cross_importance, at which
    the map is divided.
    """
    rated = [(short_label(i["label"]), i["performance"], i["importance"]) for i in items]
    middle_x, middle_y = cross["cross_performance"], cross["cross_importance"]
    weak = [label for label, x, y in rated if y >= middle_y and x < middle_x]
    with theme.canvas(5.0) as (figure, ax):
        ax.axvline(middle_x, color=theme.MUTED, lw=0.9)
        ax.axhline(middle_y, color=theme.MUTED, lw=0.9)
        for place, (label, x, y) in enumerate(rated, 1):
            colour = theme.BAD if label in weak else theme.PROGRAM
            ax.plot([x], [y], "o", color=colour, ms=16)
            ax.annotate(
                str(place), (x, y), color=theme.PAPER, fontsize=8.5, ha="center", va="center"
            )
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
    answer = _("Nothing important falls behind the average.")
    if weak:
        answer = _("Concentrate on: {items}.").format(items="; ".join(weak))
    key = " ".join(f"{place} {label}." for place, (label, _x, _y) in enumerate(rated, 1))
    item = _("{label}: importance {importance}, performance {performance}")
    listed = "; ".join(
        item.format(label=label, importance=number(y, 2), performance=number(x, 2))
        for label, x, y in rated
    )
    title = _("What matters to participants, and is it done well?")
    alt = _("Map of importance and performance: {listed}.").format(listed=listed)
    return Figure(id, title, answer, alt, svg, key)
