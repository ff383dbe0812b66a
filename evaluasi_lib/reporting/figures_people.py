"""Figures about people: shares with intervals, the funnel, the calendar of activity."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from evaluasi_lib.reporting import theme
from evaluasi_lib.reporting.elements import Figure
from evaluasi_lib.reporting.words import why
from evaluasi_lib.results import Stage
from evaluasi_lib.wording import _, count, percent

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
        ax.set_yticks(range(len(stages)), [theme.wrap(s.stage, 30) for s in stages])
        ax.set_ylim(len(stages) - 0.5, -0.5)
        ax.set_xlim(0, first * 1.22)
        ax.set_xticks([])
        ax.grid(visible=False)
        ax.spines["bottom"].set_visible(False)
        svg = theme.to_svg(figure)
    losses = [((a.n or 0) - (b.n or 0), a.stage, b.stage) for a, b in pairwise(known)]
    _lost, before, after = max(losses, key=lambda item: item[0])
    answer = _("{share} reach the last stage; most are lost between “{before}” and “{after}”.")
    listed = "; ".join(
        f"{s.stage}: {why(s.reason, k) if s.n is None else count(s.n)}" for s in stages
    )
    return Figure(
        "corong",
        _("Where do people leave?"),
        answer.format(share=percent((known[-1].n or 0) / first), before=before, after=after),
        _("Funnel of persons by stage: {listed}.").format(listed=listed),
        svg,
    )
