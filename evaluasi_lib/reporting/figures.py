"""Figures about what changed: forest of effects, answers on a scale, flow of persons.

Each takes results and gives a Figure, or None when there is nothing that may be drawn. The title
is the question, the answer is made from the result, the alt text tells the picture to who hears it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Patch, Rectangle

from evaluasi_lib.findings.words import short_label
from evaluasi_lib.reporting import theme
from evaluasi_lib.reporting.elements import Figure
from evaluasi_lib.reporting.words import subgroup_word, why
from evaluasi_lib.results import Effect, Sample
from evaluasi_lib.wording import _, count, interval, join_words, number, percent, plural, word_for


def _turned(effect: Effect) -> tuple[float, float, float] | None:
    """Standardised effect with its interval, turned so that right is better."""
    g, low, high = effect.effect_size_g, effect.g_ci_low, effect.g_ci_high
    if g is None or low is None or high is None:
        return None
    return (g, low, high) if effect.direction == "higher" else (-g, -high, -low)


def _sesoi_g(effect: Effect) -> float | None:
    """The smallest effect of interest in standard deviations, by the estimate's own ratio."""
    if effect.sesoi is None or not effect.estimate or not effect.effect_size_g:
        return None
    return abs(effect.sesoi * effect.effect_size_g / effect.estimate)


def plot_effects(
    effects: Sequence[Effect], id: str = "efek", title: str = "", answer: str = ""
) -> Figure | None:
    """Forest: each estimate in standard deviations with its 95% interval; the band is ± SESOI."""
    drawn = [(e, place) for e in effects if (place := _turned(e)) is not None]
    if not drawn:
        return None
    with theme.canvas(0.9 + 0.52 * len(drawn)) as (figure, ax):
        ends = [0.0]
        for row, (effect, (g, low, high)) in enumerate(drawn):
            sesoi = _sesoi_g(effect)
            if sesoi is not None:
                ax.add_patch(
                    Rectangle((-sesoi, row - 0.38), 2 * sesoi, 0.76, color=theme.BAND, lw=0)
                )
                ends += [-sesoi, sesoi]
            code = effect.conclusion or "inconclusive"
            colour = theme.CONCLUSION_COLOURS[code]
            ax.plot([low, high], [row, row], color=colour, lw=2, solid_capstyle="butt")
            ax.plot(
                [g], [row], marker=theme.CONCLUSION_MARKS[code], ms=8, color=colour,
                mfc=colour if effect.claim == "effect" else theme.PAPER, mew=1.6,
            )  # fmt: skip
            ax.annotate(
                f"{number(g, 2)} ({interval(low, high, 2)})", (1.01, row),
                xycoords=("axes fraction", "data"), va="center", fontsize=9,
            )  # fmt: skip
            ends += [low, high]
        ax.axvline(0, color=theme.INK, lw=0.9)
        margin = 0.06 * (max(ends) - min(ends) or 1)
        ax.set_xlim(min(ends) - margin, max(ends) + margin)
        ax.set_ylim(len(drawn) - 0.4, -0.6)
        ax.set_yticks(range(len(drawn)), [theme.wrap(subgroup_word(e), 34) for e, _g in drawn])
        ax.set_xlabel(_("standard deviations; right of the line is better"))
        theme.local_numbers(ax.xaxis)
        svg = theme.to_svg(figure)
    return Figure(
        id=id,
        title=title or _("What changed, and how sure is it?"),
        answer=(answer or _effects_answer([e for e, _g in drawn])) + _not_drawn(effects),
        alt=" ".join(
            [_("Forest plot of standardised estimates with 95% intervals.")]
            + [
                _("{label}: {g}, {interval}, {conclusion}.").format(
                    label=subgroup_word(e),
                    g=number(g, 2),
                    interval=interval(low, high, 2),
                    conclusion=word_for("conclusion", e.conclusion),
                )
                for e, (g, low, high) in drawn
            ]
        ),
        svg=svg,
    )


def _not_drawn(effects: Sequence[Effect]) -> str:
    """Outcomes that have no standardised estimate, so that none goes missing without a word."""
    names = [subgroup_word(e) for e in effects if _turned(e) is None]
    if not names:
        return ""
    return " " + _("Without a standardised estimate, so in the table alone: {names}.").format(
        names=join_words(names)
    )


def _effects_answer(effects: Sequence[Effect]) -> str:
    parts = []
    for code in ("improved", "worsened", "no_meaningful_change", "inconclusive"):
        n = sum(e.conclusion == code for e in effects)
        if n:
            parts.append(f"{count(n)} {word_for('conclusion', code)}")
    key = _(
        "Grey bands: changes too small to matter. Hollow marks: change whose cause is not shown."
    )
    return _("Of {n}: {parts}.").format(n=count(len(effects)), parts=join_words(parts)) + " " + key


def plot_likert(
    distribution: pd.DataFrame, levels: Sequence[str], id: str, title: str
) -> Figure | None:
    """Diverging bars of one instrument's items; the middle of the scale stands at zero.

    distribution: item_label (the question), label (the answer), share, missing where it may not be
    shown. levels: the answers from low to high. Hidden shares of an item are drawn together, in
    white, where the first of them stands.
    """
    distribution = distribution.assign(item_label=distribution["item_label"].map(short_label))
    wide = distribution.pivot_table(
        index="item_label", columns="label", values="share", sort=False, dropna=False
    ).reindex(columns=list(levels))
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
        ax.set_yticks(range(len(wide)), [theme.wrap(str(i), 44) for i in wide.index])
        ax.set_ylim(len(wide) - 0.5, -0.5)
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
        keys = [Patch(color=theme.DIVERGING[len(levels)][i], label=x) for i, x in enumerate(levels)]
        if hidden.gt(0).any():
            keys.append(
                Patch(fc=theme.PAPER, ec=theme.MUTED, label=_("not shown (too few persons)"))
            )
        figure.legend(
            handles=keys, loc="outside lower center", ncols=min(len(keys), 3), handlelength=1
        )
        svg = theme.to_svg(figure)
    known = top.dropna()
    answer = _("For no item may the share of the upper answers be shown.")
    if len(known):
        answer = _("Most agreement: {best} ({high}).").format(
            best=known.index[0], high=percent(known.iloc[0])
        )
    if len(known) > 1:
        answer += " " + _("Least: {worst} ({low}).").format(
            worst=known.index[-1], low=percent(known.iloc[-1])
        )
    alt = _("{title} Share of answers in the upper half of the scale: {items}.")
    return Figure(
        id, title, answer,
        alt.format(title=title, items="; ".join(f"{i} {percent(v)}" for i, v in top.items())), svg,
    )  # fmt: skip


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


def plot_flow(sample: Sample, k: int) -> Figure | None:
    """Flow of persons from the invited to the analysed, with those lost at each step."""
    if sum(step.n is not None for step in sample.flow) < 2:
        return None

    def size(n: int | None, reason: str | None) -> str:
        return why(reason, k) if n is None else f"n = {count(n)}"

    with theme.canvas(0.2 + 0.95 * len(sample.flow)) as (figure, ax):
        ax.set_axis_off()
        ax.set_xlim(0, 10)
        ax.set_ylim(-len(sample.flow) + 0.35, 0.5)
        for row, step in enumerate(sample.flow):
            text = f"{theme.wrap(step.step, 40)}\n{theme.wrap(size(step.n, step.reason), 46)}"
            _box(ax, 0.2, -row, 5.0, text)
            if row and step.dropped:
                text = plural("{n} person left out", "{n} persons left out", step.dropped)
                text = text.format(n=count(step.dropped))
                if step.reason:
                    text += f"\n{theme.wrap(why(step.reason, k), 34)}"
                _box(ax, 5.8, -row + 0.5, 4.0, text, loss=True)
                ax.plot([2.7, 5.8], [-row + 0.5, -row + 0.5], color=theme.MUTED, lw=1)
        for row, _next in pairwise(range(len(sample.flow))):
            ax.annotate(
                "", (2.7, -row - 0.68), (2.7, -row - 0.32),
                arrowprops={"arrowstyle": "-|>", "color": theme.MUTED, "lw": 1},
            )  # fmt: skip
        svg = theme.to_svg(figure)
    first, last = sample.flow[0], sample.flow[-1]
    answer = _("From {first} to {last}.").format(
        first=f"{size(first.n, first.reason)} ({first.step})",
        last=f"{size(last.n, last.reason)} ({last.step})",
    )
    steps = "; ".join(f"{s.step}: {size(s.n, s.reason)}" for s in sample.flow)
    return Figure(
        "alur", _("Who was reached, and who is in the analysis?"), answer,
        _("Flow of persons, step by step: {steps}.").format(steps=steps), svg,
    )  # fmt: skip


def _box(ax: Axes, x: float, y: float, width: float, text: str, *, loss: bool = False) -> None:
    ax.add_patch(
        FancyBboxPatch(
            (x, y - 0.3),
            width,
            0.6,
            boxstyle="round,pad=0,rounding_size=0.08",
            fc=theme.PAPER if loss else theme.BAND,
            ec=theme.MUTED if loss else theme.PROGRAM,
            ls="--" if loss else "-",
            lw=1,
        )
    )
    ax.text(x + width / 2, y, text, ha="center", va="center", fontsize=9)
