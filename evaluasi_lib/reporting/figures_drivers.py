"""The figure of what goes with completing."""

from __future__ import annotations

from collections.abc import Sequence

from evaluasi_lib.reporting import theme
from evaluasi_lib.reporting.elements import Figure
from evaluasi_lib.results import Driver
from evaluasi_lib.wording import _, interval, number


def plot_drivers(drivers: Sequence[Driver]) -> Figure | None:
    """Forest of the gaps in percentage points: a number's quartiles, a level and its reference."""
    known = [
        (d, 100 * d.gap, 100 * d.gap_ci_low, 100 * d.gap_ci_high)
        for d in drivers
        if d.gap is not None and d.gap_ci_low is not None and d.gap_ci_high is not None
    ]
    if not known:
        return None
    with theme.canvas(0.9 + 0.5 * len(known)) as (figure, ax):
        for row, (_driver, gap, low, high) in enumerate(known):
            colour = theme.OPEN if low <= 0 <= high else theme.GOOD if gap > 0 else theme.BAD
            ax.plot([low, high], [row, row], color=colour, lw=2, solid_capstyle="butt")
            ax.plot([gap], [row], "o", ms=7, color=colour)
            ax.annotate(
                f"{number(gap, 0)} ({interval(low, high, 0)})", (1.01, row),
                xycoords=("axes fraction", "data"), va="center", fontsize=9,
            )  # fmt: skip
        ax.axvline(0, color=theme.INK, lw=0.9)
        ends = [0.0, *(end for _d, _g, low, high in known for end in (low, high))]
        margin = 0.06 * (max(ends) - min(ends) or 1)
        ax.set_xlim(min(ends) - margin, max(ends) + margin)
        ax.set_ylim(len(known) - 0.4, -0.6)
        ax.set_yticks(range(len(known)), [theme.wrap(_named(d), 34) for d, *_rest in known])
        ax.set_xlabel(_("percentage points; right of the line: completes more often"))
        theme.local_numbers(ax.xaxis)
        svg = theme.to_svg(figure)
    listed = "; ".join(
        f"{_named(d)} {number(gap, 0)} ({interval(low, high, 0)})" for d, gap, low, high in known
    )
    clear = sorted((k for k in known if not k[2] <= 0 <= k[3]), key=lambda k: -abs(k[1]))
    answer = (
        clear[0][0].sentence
        if clear
        else _("No variable shows a clear difference; that does not mean that there is none.")
    )
    return Figure(
        "pendorong",
        _("Who completes more often, and who less?"),
        answer,
        _("Differences in percentage points with 95% intervals: {listed}.").format(listed=listed),
        svg,
    )


def _named(driver: Driver) -> str:
    if driver.gap_from is None or driver.gap_to is None:
        return driver.label
    whole = float(driver.gap_from).is_integer() and float(driver.gap_to).is_integer()
    digits = 0 if whole else 1
    return _("{label}: {high} against {low}").format(
        label=driver.label, high=number(driver.gap_to, digits), low=number(driver.gap_from, digits)
    )
