"""What figures share: the one forest of points with intervals, and frames of rows and of bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from evaluasi_lib.reporting import theme
from evaluasi_lib.wording import interval, number


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
