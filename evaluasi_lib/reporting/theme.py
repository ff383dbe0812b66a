"""One look for every figure: colours, type, numbers, and a canvas that leaves JupyterLab alone.

Figures are drawn on matplotlib's own Figure class, without pyplot, so that no state of a running
session is touched, and saved once, as SVG with letters as outlines (the same on every machine).
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, MaxNLocator

from evaluasi_lib.wording import number, percent

# Told apart with every common colour blindness and in grey (Okabe & Ito, darkened for print).
INK, MUTED, GRID, PAPER = "#1f2933", "#55606b", "#d5dbe1", "#ffffff"
PROGRAM, COMPARISON = "#0b5394", "#b45f06"
GOOD, BAD, OPEN, BAND = "#00695c", "#a4262c", "#55606b", "#e8edf2"
CONCLUSIONS = {  # colour and mark
    "improved": (GOOD, "^"),
    "worsened": (BAD, "v"),
    "no_meaningful_change": (INK, "s"),
    "inconclusive": (OPEN, "o"),
}
# Brown to teal, light in the middle; the middle colour is grey.
DIVERGING = {
    2: ["#b45f06", "#00796b"],
    3: ["#b45f06", "#c9ced4", "#00796b"],
    4: ["#8c4a03", "#dfa568", "#7cc0b5", "#00695c"],
    5: ["#8c4a03", "#dfa568", "#d3d8dd", "#7cc0b5", "#00695c"],
    6: ["#6b3802", "#b4762f", "#e6bd8d", "#a5d6cd", "#4b9f92", "#004d43"],
    7: ["#6b3802", "#b4762f", "#e6bd8d", "#d3d8dd", "#a5d6cd", "#4b9f92", "#004d43"],
}
WIDTH = 7.2

RC: dict[str, Any] = {
    "text.parse_math": False,  # a label may hold two dollar signs
    "svg.hashsalt": "evaluasi",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "x",
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9.5,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "axes.unicode_minus": True,
}


@contextmanager
def canvas(height: float) -> Iterator[tuple[Canvas, Axes]]:
    """A figure and its axes in the theme. Save with `to_svg` before the block ends."""
    with mpl.rc_context(RC):  # type: ignore[arg-type]
        figure = Canvas(figsize=(WIDTH, height), layout="constrained")
        yield figure, figure.add_subplot()


_kept: ContextVar[list[Canvas] | None] = ContextVar("kept_drawings", default=None)


@contextmanager
def keep_drawings() -> Iterator[list[Canvas]]:
    """The figures that are drawn inside the block, so that they can be saved in another form."""
    drawings: list[Canvas] = []
    token = _kept.set(drawings)
    try:
        yield drawings
    finally:
        _kept.reset(token)


def to_svg(figure: Canvas) -> bytes:
    """The drawing as SVG, the same bytes for the same drawing."""
    out = io.BytesIO()
    # Laid out once here: savefig would draw the whole figure a second time to do so.
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
    if (kept := _kept.get()) is not None:
        kept.append(figure)
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(out, format="svg", metadata=nothing)
    return _compact(out.getvalue().decode("utf-8")).encode("utf-8")


def _compact(svg: str) -> str:
    """The same picture in half the bytes: short names of letters, no unused ids, two decimals."""
    svg = svg[svg.index("<svg") :].replace("\r\n", "\n")
    svg = re.sub(r"<!--.*?-->", "", svg)
    svg = re.sub(
        r'<use xlink:href="#([^"]+)" transform="translate\(([\d.]+) 0\)"/>',
        r'<use href="#\1" x="\2"/>',
        svg,
    )
    svg = svg.replace("xlink:href", "href").replace("DejaVuSans-", "g")
    svg = svg.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    svg = re.sub(r'<g id="[^"]*"/>|(?<=<g) id="[^"]*"', "", svg)
    # Numbers of 1 and more keep two decimals, a hundredth of a point; scales below 1 stay exact.
    svg = re.sub(r"\b(\d*[1-9]\d*\.\d\d)\d+", r"\1", svg)
    return "\n".join(line for line in (raw.strip() for raw in svg.split("\n")) if line)


def local_numbers(axis: Axis, *, share: bool = False, ticks: int = 6, scale: float = 1.0) -> None:
    """Tick labels in the reader's numbers (1.234,5), with as many decimals as the step needs.

    scale: what values are multiplied with before they are written (1e-6 for millions).
    """
    axis.set_major_locator(MaxNLocator(nbins=ticks, steps=[1, 2, 2.5, 5, 10]))

    def label(value: float, _position: int | None) -> str:
        if share:
            return percent(value)
        places = axis.get_majorticklocs()
        step = abs(places[1] - places[0]) * scale if len(places) > 1 else 1.0
        whole = (d for d in range(4) if math.isclose(step * 10**d, round(step * 10**d)))
        return number(value * scale, next(whole, 3))

    axis.set_major_formatter(FuncFormatter(label))


def wrap(text: str, width: int) -> str:
    """A label broken into lines of at most `width` letters, between words."""
    import textwrap

    return "\n".join(textwrap.wrap(text, width, break_long_words=False)) or text
