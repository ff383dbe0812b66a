"""Figures of scores: answers on a scale, means from wave to wave, their spread, and importance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from evaluasi_lib.findings.observe import short_label
from evaluasi_lib.reporting import theme
from evaluasi_lib.reporting.charts import beside, frame_bars, label_rows
from evaluasi_lib.reporting.elements import Figure
from evaluasi_lib.wording import _, count, interval, number, percent, word_for

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
    scales: Sequence[Record], span: tuple[float, float], id: str, title: str
) -> Figure | None:
    """The scores at each wave: the middle half as a box, the middle eight tenths, and the mean.

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


def plot_likert(
    answers: Sequence[Record], levels: Sequence[str], id: str, title: str
) -> Figure | None:
    """Diverging bars of one instrument's items; the middle of the scale stands at zero.

    answers: note (the question), label (the answer), share, None where it may not be shown. levels:
    the answers from low to high. Hidden shares of an item are drawn together, in white, where the
    first of them stands.
    """
    given = pd.DataFrame(answers, columns=["note", "label", "share"]).astype({"share": float})
    wide = (
        given.assign(note=given["note"].map(short_label))
        .pivot_table(index="note", columns="label", values="share", sort=False, dropna=False)
        .reindex(columns=list(levels))
    )
    wide = wide[wide.notna().any(axis=1)]
    if wide.empty or len(levels) not in theme.DIVERGING:
        return None
    half, odd = divmod(len(levels), 2)
    upper = list(levels)[half + odd :]
    top = wide[upper].sum(axis=1).where(wide[upper].notna().all(axis=1))
    wide = wide.loc[top.sort_values(ascending=False, kind="stable", na_position="last").index]
    top = top.loc[wide.index]
    hidden = (1 - wide.sum(axis=1)).clip(lower=0).where(wide.isna().any(axis=1), 0.0)
    with theme.canvas(0.8 + 0.5 * len(wide)) as (figure, ax):
        for row, (_item, shares) in enumerate(wide.iterrows()):
            _likert_bar(ax, row, shares.to_list(), float(hidden.iloc[row]))
        ax.axvline(0, color=theme.INK, lw=0.8)
        frame_bars(ax, [str(item) for item in wide.index], 44)
        keys = [Patch(color=theme.DIVERGING[len(levels)][i], label=x) for i, x in enumerate(levels)]
        if hidden.gt(0).any():
            label = _("not shown (too few persons)")
            keys.append(Patch(fc=theme.PAPER, ec=theme.MUTED, label=label))
        columns = min(len(keys), 3)
        figure.legend(handles=keys, loc="outside lower center", ncols=columns, handlelength=1)
        svg = theme.to_svg(figure)
    known = top.dropna()
    answer = _("For no item may the share of the upper answers be shown.")
    if len(known):
        best = _("Most agreement: {best} ({high}).")
        answer = best.format(best=known.index[0], high=percent(known.iloc[0]))
    if len(known) > 1:
        worst = _("Least: {worst} ({low}).")
        answer += " " + worst.format(worst=known.index[-1], low=percent(known.iloc[-1]))
    alt = _("{title} Share of answers in the upper half of the scale: {items}.")
    listed = "; ".join(f"{item} {percent(share)}" for item, share in top.items())
    return Figure(id, title, answer, alt.format(title=title, items=listed), svg)


def _likert_bar(ax: Axes, row: int, shares: Sequence[float], hidden: float) -> None:
    """One item's bar: the lower half of the scale left of zero, the middle astride it."""
    half, odd = divmod(len(shares), 2)
    colours = theme.DIVERGING[len(shares)]
    parts: list[tuple[float, str, bool]] = []
    place_of_zero = 0.0
    for i, share in enumerate(shares):
        width = share if share == share else hidden  # the first hidden cell takes all of it
        if share != share:
            hidden = 0.0
        side = 1.0 if i < half else 0.5 if odd and i == half else 0.0
        place_of_zero += side * width
        parts.append(
            (width, colours[i] if share == share else theme.PAPER, i in (0, len(shares) - 1))
        )
    left = -place_of_zero
    for width, colour, dark in parts:
        if width <= 0:
            continue
        edge = theme.MUTED if colour == theme.PAPER else colour
        ax.barh(row, width, left=left, height=0.68, color=colour, ec=edge, lw=0.5)
        if width >= 0.06 and colour != theme.PAPER:
            ax.text(
                left + width / 2, row, percent(width), ha="center", va="center", fontsize=8.5,
                color=theme.PAPER if dark else theme.INK,
            )  # fmt: skip
        left += width


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
