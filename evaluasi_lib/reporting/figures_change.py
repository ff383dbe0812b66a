"""Figures about before and after: lines between means, and clouds of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy import stats

from evaluasi_lib.reporting import theme
from evaluasi_lib.reporting.elements import Figure
from evaluasi_lib.results import ScaleScore
from evaluasi_lib.wording import _, count, interval, number, word_for

Array = NDArray[np.float64]
COLOURS = {"program": theme.PROGRAM, "comparison": theme.COMPARISON}
PANELS = 3


def plot_slope(scales: Sequence[ScaleScore], id: str, title: str) -> Figure | None:
    """Means with 95% intervals from wave to wave, a panel for each scale, a line for each group.

    Scales that were measured once, or whose means may not be shown at two waves, are left out.
    """
    panels: dict[str, dict[str, list[ScaleScore]]] = {}
    for score in scales:
        if score.mean is not None:
            panels.setdefault(score.label, {}).setdefault(score.group, []).append(score)
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
    sentences = [
        _("{label}, {group}: {before} ({first}) to {after} ({last})").format(
            label=label, group=word_for("group", group),
            before=number(line[0].mean, 2), first=word_for("wave", line[0].wave),
            after=number(line[-1].mean, 2), last=word_for("wave", line[-1].wave),
        )
        for label, groups in panels.items()
        for group, line in groups.items()
    ]  # fmt: skip
    rises = [
        (line[-1].mean or 0.0) - (line[0].mean or 0.0)
        for groups in panels.values()
        for group, line in groups.items()
        if group == "program"
    ]
    answer = _("In the program group the mean rose on {up} of {n} scales.").format(
        up=count(sum(rise > 0 for rise in rises)), n=count(len(rises))
    )
    alt = _("Means from wave to wave: {listed}.").format(listed="; ".join(sentences))
    return Figure(id, title, answer, alt, svg)


def _lines(ax: Axes, groups: Mapping[str, Sequence[ScaleScore]]) -> None:
    for group, line in groups.items():
        mean = [float(s.mean or 0.0) for s in line]
        ax.plot(range(len(line)), mean, "-o", color=COLOURS[group], lw=2, ms=6)
        for x, s in enumerate(line):
            if s.ci_low is not None and s.ci_high is not None:
                ax.plot([x, x], [s.ci_low, s.ci_high], color=COLOURS[group], lw=1.4, alpha=0.6)
        ax.annotate(
            f"{number(mean[-1], 2)} {word_for('group', group)}", (len(line) - 1, mean[-1]),
            xytext=(7, 0), textcoords="offset points", va="center", fontsize=8.5,
            color=COLOURS[group],
        )  # fmt: skip
    longest = max(groups.values(), key=len)
    ax.set_xticks(range(len(longest)), [word_for("wave", s.wave) for s in longest])
    ax.set_xlim(-0.2, len(longest) - 1 + 0.95)
    ax.margins(y=0.2)
    ax.grid(visible=False)
    ax.grid(visible=True, axis="y")
    theme.local_numbers(ax.yaxis, ticks=4)


def plot_clouds(
    scores: Mapping[str, Array], span: tuple[float, float], k: int, id: str, title: str
) -> Figure | None:
    """Raincloud without the drops: the shape of the scores, their quartiles and mean.

    scores: a label for each group of answers -> its scores. Single answers are not drawn, so that
    nobody can be found in the picture; a group of fewer than 2k answers is left out. span: lowest
    and highest possible score.
    """
    kept = {name: x[~np.isnan(x)] for name, x in scores.items()}
    kept = {name: x for name, x in kept.items() if len(x) >= 2 * k and np.ptp(x) > 0}
    if not kept:
        return None
    grid = np.linspace(*span, 200)
    with theme.canvas(0.6 + 0.85 * len(kept)) as (figure, ax):
        for row, (_name, x) in enumerate(kept.items()):
            colour = theme.PROGRAM if row % 2 else theme.MUTED
            shape = stats.gaussian_kde(x)(grid)
            ax.fill_between(
                grid, row, row - 0.62 * shape / shape.max(), color=colour, alpha=0.35, lw=0
            )
            low, middle, high = np.quantile(x, [0.25, 0.5, 0.75])
            ax.plot([low, high], [row + 0.14] * 2, color=colour, lw=6, solid_capstyle="butt")
            ax.plot([middle], [row + 0.14], "|", color=theme.PAPER, ms=9, mew=2)
            ax.plot([x.mean()], [row + 0.14], "D", color=theme.INK, ms=5)
            ax.annotate(
                f"{number(float(x.mean()), 2)}  (n = {count(len(x))})", (1.01, row),
                xycoords=("axes fraction", "data"), va="center", fontsize=9,
            )  # fmt: skip
        ax.set_yticks(range(len(kept)), list(kept))
        ax.set_ylim(len(kept) - 0.55, -0.8)
        ax.set_xlim(*span)
        theme.local_numbers(ax.xaxis)
        svg = theme.to_svg(figure)
    parts = []
    for name, x in kept.items():
        low, middle, high = (float(v) for v in np.quantile(x, [0.25, 0.5, 0.75]))
        parts.append(
            _("{name}: mean {mean}, middle {middle}, half of the answers within {between}").format(
                name=name, mean=number(float(x.mean()), 2), middle=number(middle, 2),
                between=interval(low, high, 2),
            )
        )  # fmt: skip
    key = _("Diamond: mean; bar: the middle half. Single answers are not drawn.")
    means = [f"{name} {number(float(x.mean()), 2)}" for name, x in kept.items()]
    return Figure(
        id, title, _("Means: {means}.").format(means="; ".join(means)) + " " + key,
        f"{title} " + _("Distribution of scores. {parts}.").format(parts="; ".join(parts)), svg,
    )  # fmt: skip
