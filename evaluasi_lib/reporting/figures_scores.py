"""Figures of people and of scores: flow and funnel, when and how long people learn, interviews;
answers on a scale, means from wave to wave, their spread, and importance."""

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
from evaluasi_lib.reporting.figures import beside, drawn, frame_bars, label_rows
from evaluasi_lib.reporting.tables import said_of, say, why
from evaluasi_lib.wording import _, count, day_name, number, percent, plural, word_for

COLOURS = {"program": theme.PROGRAM, "comparison": theme.COMPARISON}
PANELS = 3
Record = Mapping[str, Any]  # as measures.wide gives them
Records = Sequence[Record]


def plot_flow(flow: Records, k: int) -> Figure | None:
    """Flow of persons from the invited to the analysed, with those lost at each step."""
    known = [step for step in flow if step["n"] is not None]
    if len(known) < 2:
        return None

    def size(step: Record) -> str:
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
                _people_box(ax, 5.8, -row + 0.5, 4.0, text.format(n=count(lost)), loss=True)
                ax.plot([2.7, 5.8], [-row + 0.5, -row + 0.5], color=theme.MUTED, lw=1)
        for row in range(len(flow) - 1):
            ax.annotate(
                "", (2.7, -row - 0.68), (2.7, -row - 0.32),
                arrowprops={"arrowstyle": "-|>", "color": theme.MUTED, "lw": 1},
            )  # fmt: skip
        svg = theme.to_svg(figure)
    first, last = (f"{size(step)} ({step['label']})" for step in (known[0], known[-1]))
    steps = "; ".join(f"{step['label']}: {size(step)}" for step in flow)
    return drawn("alur", svg, first=first, last=last, steps=steps)


def _people_box(
    ax: Axes, x: float, y: float, width: float, text: str, *, loss: bool = False
) -> None:
    paper, edge, line = (
        (theme.PAPER, theme.MUTED, "--") if loss else (theme.BAND, theme.PROGRAM, "-")
    )
    style = "round,pad=0,rounding_size=0.08"
    ax.add_patch(FancyBboxPatch((x, y - 0.3), width, 0.6, style, fc=paper, ec=edge, ls=line, lw=1))
    ax.text(x + width / 2, y, text, ha="center", va="center", fontsize=9)


def plot_funnel(stages: Records, k: int) -> Figure | None:
    """How many persons remain at each stage. stages: records with subject, n, reason."""
    known = [s for s in stages if s["n"] is not None]
    if len(known) < 2 or not known[0]["n"]:
        return None
    first, listed = known[0]["n"], []
    names = [word_for("stage", stage["subject"]) for stage in stages]
    with theme.canvas(0.4 + 0.46 * len(stages)) as (figure, ax):
        for row, (stage, name) in enumerate(zip(stages, names, strict=True)):
            n = stage["n"]
            text = why(stage["reason"], k) if n is None else count(n)
            listed.append(f"{name}: {text}")
            if n is None:
                ax.text(0, row, text, va="center", color=theme.MUTED)
                continue
            ax.barh(row, n, color=theme.PROGRAM, height=0.62)
            ax.text(n, row, f" {text} ({percent(n / first)})", va="center", fontsize=9)
        frame_bars(ax, names, 30)
        ax.set_xlim(0, first * 1.22)
        svg = theme.to_svg(figure)
    steps = max(pairwise(known), key=lambda pair: pair[0]["n"] - pair[1]["n"])
    before, after = (word_for("stage", stage["subject"]) for stage in steps)
    share = percent(known[-1]["n"] / first)
    return drawn(
        "corong", svg, share=share, before=before, after=after, listed="; ".join(listed)
    )  # fmt: skip


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
        ax.set_xlabel(say("kalender.axis"))
        ax.grid(visible=False)
        ax.spines["bottom"].set_visible(False)
        if (bar := ax.collections[0].colorbar) is not None:
            bar.outline.set_visible(False)
            bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _p: percent(v, 1)))
        svg = theme.to_svg(figure)
    day, hour = divmod(int(np.nanargmax(grid)), 24)
    share = percent(grid[day, hour], 1)
    answer = say("kalender.answer", day=day_name(day), hour=hour, share=share)
    if np.isnan(grid).any():
        answer += " " + say("kalender.hidden")
    listed = "; ".join(
        f"{d} {percent(share)}" for d, share in zip(days, np.nansum(grid, axis=1), strict=True)
    )
    return drawn("kalender", svg, answer=answer, listed=listed)


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
    fewer = median is None
    known = number(days[-1] if median is None else median, 0)
    answer = say("waktu-selesai.fewer" if fewer else "waktu-selesai.answer", days=known)
    marks = [1 + round(i * (len(curve) - 1) / 4) for i in range(5)]
    told = [{"day": days[i], "share_completed": share[i]} for i in marks]
    listed = "; ".join(said_of("waktu-selesai.row", row) for row in told)
    return drawn("waktu-selesai", svg, answer=answer, listed=listed)


def plot_saturation(curve: Records, point: float | None) -> Figure | None:
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
    answer = say("saturasi.not_yet", n=len(curve))
    if point is not None:
        answer = say("saturasi.answer", point=count(int(point)))
    listed = ", ".join(f"{n}: {codes}" for n, codes in zip(x, y, strict=True))
    return drawn("saturasi", svg, answer=answer, listed=listed)


def plot_slope(scales: Records, id: str, title: str) -> Figure | None:
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
    rows, columns = -(-len(panels) // PANELS), min(len(panels), PANELS)
    told, rises = [], []
    with theme.canvas(2.5 * rows + 0.3) as (figure, first):
        first.remove()
        for ax in figure.subplots(rows, columns, squeeze=False).flat:
            ax.set_visible(False)
        for ax, (label, groups) in zip(figure.axes, panels.items(), strict=False):
            ax.set_visible(True)
            ax.set_title(theme.wrap(label, 30 if columns > 1 else 80), fontsize=9.5, loc="left")
            _lines(ax, groups)
            for group, (early, *_between, late) in groups.items():
                ends = {"before": early["mean"], "first": early["wave"], "after": late["mean"],
                        "last": late["wave"]}  # fmt: skip
                told.append(said_of("perubahan.row", {"label": label, "group": group, **ends}))
                if group == "program":
                    rises.append(late["mean"] > early["mean"])
        svg = theme.to_svg(figure)
    return drawn(
        "perubahan", svg, id=id, title=title, up=count(sum(rises)), n=count(len(rises)),
        listed="; ".join(told),
    )  # fmt: skip


def _lines(ax: Axes, groups: Mapping[str, Records]) -> None:
    for group, line in groups.items():
        colour, mean = COLOURS[group], [float(s["mean"]) for s in line]
        ax.plot(range(len(line)), mean, "-o", color=colour, lw=2, ms=6)
        for x, s in enumerate(line):
            ends = [s["mean_low"], s["mean_high"]]
            if None not in ends:
                ax.plot([x, x], ends, color=colour, lw=1.4, alpha=0.6)
        ax.annotate(
            f"{number(mean[-1], 2)} {word_for('group', group)}", (len(line) - 1, mean[-1]),
            xytext=(7, 0), textcoords="offset points", va="center", fontsize=8.5, color=colour,
        )  # fmt: skip
    longest = max(groups.values(), key=len)
    ax.set_xticks(range(len(longest)), [word_for("wave", s["wave"]) for s in longest])
    ax.set_xlim(-0.2, len(longest) - 1 + 0.95)
    ax.margins(y=0.2)
    ax.grid(visible=False)
    ax.grid(visible=True, axis="y")
    theme.local_numbers(ax.yaxis, ticks=4)


def plot_boxes(
    scales: Records, span: tuple[float, float], id: str, title: str, *, weighted: bool = False
) -> Figure | None:
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
    waves = [word_for("wave", s["wave"]) for s in spread]
    with theme.canvas(0.7 + 0.62 * len(spread)) as (figure, ax):
        for row, s in enumerate(spread):
            _box(ax, row, s, tenths)
        label_rows(ax, waves, 34, room=(0.6, 0.6))
        ax.set_xlim(*span)
        theme.local_numbers(ax.xaxis)
        svg = theme.to_svg(figure)
    parts = [said_of("sebaran.row", {**s, "q_low": s["q25"], "q_high": s["q75"]}) for s in spread]
    means = [f"{wave} {number(s['mean'], 2)}" for wave, s in zip(waves, spread, strict=True)]
    keys = ["box", *(["tenths"] if tenths else []), "mean", *(["weighted"] if weighted else [])]
    return drawn(
        "sebaran", svg, id=id, title=title, key=" ".join(say(f"sebaran.{key}") for key in keys),
        means="; ".join(means), parts="; ".join(parts),
    )  # fmt: skip


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
    ends = [s["mean_low"], s["mean_high"]]
    if None not in ends:
        ax.plot(ends, [below, below], color=theme.INK, lw=1.4)
    ax.plot([s["mean"]], [below], "D", color=theme.INK, ms=5)
    beside(ax, row, f"{number(s['mean'], 2)}  (n = {count(s['n'])})")


class Bar(NamedTuple):
    """One item of a Likert figure. parts: (first, last place on the scale, share), from low to
    high, of the answers as they were given; none where nothing may be shown. negative: whether its
    wording is, so that fewer should agree. upper: its share in the upper half of the scale; None
    where a merged answer reaches below."""

    label: str
    parts: tuple[tuple[int, int, float], ...]
    negative: bool
    upper: float | None

    @property
    def name(self) -> str:
        """Its label, and that it is worded negatively."""
        return say("jawaban.negative", item=self.label) if self.negative else self.label

    @property
    def told(self) -> str:
        """Its share in the upper half, in words."""
        return say("jawaban.row", label=self.label, share=percent(self.upper))


def plot_likert(answers: Records, levels: Sequence[str], id: str, title: str) -> Figure | None:
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
    # Those with hardly anybody on the lower side first, then by the share of the upper one.
    shown.sort(key=lambda bar: (bar.negative, -2.0 if bar.upper is None else -bar.upper))
    with theme.canvas(0.8 + 0.5 * len(shown)) as (figure, ax):
        keys: dict[tuple[int, int], Patch] = {}
        for row, bar in enumerate(shown):
            _likert_bar(ax, row, bar, levels, keys)
        ax.axvline(0, color=theme.INK, lw=0.8)
        frame_bars(ax, [bar.name for bar in shown], 44)
        handles = [keys[at] for at in sorted(keys)]
        columns = min(len(handles), 3)
        figure.legend(handles=handles, loc="outside lower center", ncols=columns, handlelength=1)
        svg = theme.to_svg(figure)
    items = "; ".join(
        say("jawaban.row", label=bar.name, share=percent(bar.upper))
        for bar in shown
        if bar.upper is not None
    )
    return drawn(
        "jawaban", svg, id=id, title=title, answer=_compared(bars, len(levels)), items=items or "—"
    )


def _bars(answers: Records, n: int) -> list[Bar]:
    """The items with their answers, of a scale of n points, in the order of the answers."""
    ends = [[int(end) for end in str(row["stem"][-1]).split("..")] for row in answers]
    lowest = min((end[0] for end in ends), default=0)
    parts: dict[str, list[tuple[int, int, float]]] = {}
    negative = {}
    for row, end in zip(answers, ends, strict=True):
        label = short_label(row["note"])
        negative[label] = row["direction"] == "lower"
        first, last = end[0] - lowest, end[-1] - lowest
        if negative[label]:  # the item was turned when it was read
            first, last = n - 1 - last, n - 1 - first
        inside = parts.setdefault(label, [])
        if row["share"] is not None:
            inside.append((first, last, float(row["share"])))
    return [
        Bar(label, tuple(sorted(found)), negative[label], _upper(sorted(found), n))
        for label, found in parts.items()
    ]


def _upper(parts: Sequence[tuple[int, int, float]], n: int) -> float | None:
    """The share of the answers in the upper half of a scale of n points; None where a merged answer
    reaches below it."""
    start = (n + 1) // 2
    if not parts or any(first < start <= last for first, last, _share in parts):
        return None
    return sum(share for first, _last, share in parts if first >= start)


def _compared(bars: Sequence[Bar], n: int) -> str:
    """Which items were answered best and least well, as far as the known shares can tell."""
    plain = [bar for bar in bars if not bar.negative]
    hidden = [bar for bar in plain if bar.upper is None]
    few = [bar for bar in hidden if bar.parts and bar.parts[0][1] >= (n + 1) // 2]
    known = sorted(
        ((bar.label, bar.upper) for bar in plain if bar.upper is not None),
        key=lambda pair: -pair[1],
    )
    said = []
    if few:
        said.append(say("jawaban.few", items="; ".join(bar.label for bar in few)))
    if len(few) < len(hidden):
        said.append(say("jawaban.unknown"))
    elif len(known) > 1:
        (best, high), (worst, low) = known[0], known[-1]
        said.append(
            say("jawaban.others" if few else "jawaban.best", best=best, high=percent(high),
                worst=worst, low=percent(low))
        )  # fmt: skip
    elif known:
        said.append(say("jawaban.one", label=known[0][0], share=percent(known[0][1])))
    turned = [bar.told for bar in bars if bar.negative and bar.upper is not None]
    if turned:
        said.append(say("jawaban.turned", items="; ".join(turned)))
    return " ".join(said)


def _likert_bar(
    ax: Axes, row: int, bar: Bar, levels: Sequence[str], keys: dict[tuple[int, int], Patch]
) -> None:
    """One item's bar: the lower half of the scale left of zero, the middle astride it.

    A part that is merged over the middle stands on the side that it holds all of: nearly all of its
    persons are there. keys: the legend's, which is filled as parts are met.
    """
    n = len(levels)
    left = -sum(share * _place(first, last, n)[1] for first, last, share in bar.parts)
    for first, last, share in bar.parts:
        if share <= 0:
            continue
        colour, _left = _place(first, last, n)
        edge = theme.MUTED if colour == theme.PAPER else colour
        if (first, last) not in keys:
            merged = say("jawaban.merged", low=levels[first], high=levels[last])
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


def _place(first: int, last: int, n: int) -> tuple[str, float]:
    """The colour of a part of a scale of n points, paper where it is of both sides; and how much of
    it is drawn left of zero, 0 to 1."""
    (lower, upper), middle = theme.DIVERGING[2], (n - 1) / 2
    if first < middle < last:
        return theme.PAPER, 0.0 if first == 0 else 1.0
    left = 0.5 if first == last == middle else 1.0 if last <= middle else 0.0
    if first == last:
        return theme.DIVERGING[n][first], left
    return (lower if last <= middle else upper), left


def plot_importance(items: Records, cross: Record, id: str) -> Figure:
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
    answer = say("ipa.weak", items="; ".join(weak)) if weak else ""
    key = " ".join(f"{place} {label}." for place, (label, _x, _y) in enumerate(rated, 1))
    listed = "; ".join(
        said_of("ipa.row", {"label": label, "importance": y, "performance": x})
        for label, x, y in rated
    )
    return drawn("ipa", svg, id=id, answer=answer, key=key, listed=listed)
