"""Tables and a figure of what lies behind the voices: `result.voices` as readers see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.ticker import MaxNLocator

from evaluasi_lib.reporting import theme
from evaluasi_lib.reporting.elements import Figure, Table
from evaluasi_lib.reporting.tables import Cell, between, build, figure_cell
from evaluasi_lib.wording import _, count, number, percent

Rows = list[tuple[Sequence[Cell], str | None]]
Lines = Sequence[dict[str, Any]]
MOST_ROWS = 12


def table_hand_coding(lines: Lines, k: int) -> Table | None:
    """The codebook against a person's coding of the same answers, by theme."""
    rows: Rows = [
        (
            [
                line["label"],
                figure_cell(line["n_manual"], count),
                figure_cell(line["precision"], percent),
                figure_cell(line["recall"], percent),
                figure_cell(line["kappa"], number, 2),
                between(line["kappa_ci_low"], line["kappa_ci_high"], number, 2),
            ],
            None,
        )
        for line in lines
    ]
    columns = [
        _("Theme"), _("n by hand"), _("Precision"), _("Recall"), _("Kappa"), _("95% interval"),
    ]  # fmt: skip
    note = _(
        "Precision: share of the answers coded by the workbook that a person coded too; recall: "
        "share of the answers coded by a person that the workbook found. Rarer themes are left out."
    )
    return build("kode-manual", _("Coding by the workbook and by hand"), columns, rows, k, note)


def table_groups(cells: Lines, k: int) -> Table | None:
    """Themes by group of interviewees: numbers where they may be shown, else words."""
    groups = list(dict.fromkeys(cell["group"] for cell in cells))
    sizes = {cell["group"]: cell["group_size"] for cell in cells}
    by_theme: dict[str, dict[str, dict[str, Any]]] = {}
    for cell in cells:
        by_theme.setdefault(cell["label"], {})[cell["group"]] = cell
    rows: Rows = [
        ([label, *(_group_cell(line[group]) for group in groups)], None)
        for label, line in list(by_theme.items())[:MOST_ROWS]
    ]
    columns = [
        _("Theme"),
        *(
            group if sizes[group] is None else f"{group} (n = {count(sizes[group])})"
            for group in groups
        ),
    ]
    note = _(
        "Cells too small to be counted out are given in words: most (at least half), some, none."
    )
    return build("tema-kelompok", _("Themes by group of interviewees"), columns, rows, k, note)


def _group_cell(cell: dict[str, Any]) -> Cell:
    if cell["n"] is None or cell["share"] is None:
        return {"none": _("none of them"), "some": _("some of them"), "most": _("most of them")}[
            cell["band"]
        ]
    return f"{count(cell['n'])} ({percent(cell['share'])})"


def table_transcripts(lines: Lines, k: int) -> Table | None:
    """Transcripts with their turns, and how much of the talk is the respondent's."""
    rows: Rows = [
        (
            [
                line["transcript"],
                figure_cell(line["turns"], count),
                figure_cell(line["words"], count),
                figure_cell(
                    line["respondent_words"] / line["words"] if line["words"] else None, percent
                ),
            ],
            None,
        )
        for line in lines
    ]
    columns = [_("Transcript"), _("Turns"), _("Words"), _("Spoken by the respondent")]
    return build("transkrip", _("Transcripts"), columns, rows, k)


def table_pairs(pairs: Lines, k: int) -> Table | None:
    """Themes that the same interviewees speak of."""
    rows: Rows = [
        (
            [
                f"{pair['label_a']} + {pair['label_b']}",
                figure_cell(pair["n"], count),
                figure_cell(pair["jaccard"], number, 2),
            ],
            None,
        )
        for pair in pairs[:MOST_ROWS]
    ]
    columns = [_("Themes"), _("Interviewees"), _("Jaccard")]
    note = _("Jaccard: those who speak of both, as a share of those who speak of either.")
    return build("tema-bersama", _("Themes that occur together"), columns, rows, k, note)


def table_coefficients(lines: Lines, id: str, caption: str, k: int) -> Table | None:
    """Agreement of coders or reviewers."""
    rows: Rows = [
        (
            [
                line["label"],
                figure_cell(line["value"], number, 2),
                between(line["ci_low"], line["ci_high"], number, 2),
                figure_cell(line["n_units"], count),
            ],
            _("not defined: everything has the same code") if line["value"] is None else None,
        )
        for line in lines
    ]
    columns = [_("Measure"), _("Value"), _("95% interval"), _("Units")]
    return build(id, caption, columns, rows, k)


def table_indicators(lines: Lines, k: int) -> Table | None:
    """Coverage of the rubric by documents."""
    rows: Rows = [
        (
            [
                line["label"],
                line["question"],
                figure_cell(line["documents"], count),
                figure_cell(line["met"] if line["rated"] else None, count),
                figure_cell(line["mean"], number, 1),
            ],
            None if line["rated"] else _("not rated"),
        )
        for line in lines
    ]
    columns = [_("Indicator"), _("Question"), _("Documents"), _("With evidence"), _("Mean rating")]
    note = _("A document has evidence when its reviewers' mean rating reaches the rubric's limit.")
    return build("rubrik", _("Evidence by indicator"), columns, rows, k, note)


def table_cited(lines: Lines, k: int) -> Table | None:
    """What the reviewers found, with document and page."""
    rows: Rows = [
        (
            [
                line["label"],
                found["document"],
                found["page"],
                f"“{found['quote']}”",
                figure_cell(found["rating"], number, 0),
            ],
            None,
        )
        for line in lines
        for found in line["evidence"]
    ]
    columns = [_("Indicator"), _("Document"), _("Page"), _("Passage"), _("Rating")]
    return build("bukti-dokumen", _("Passages that the reviewers cite"), columns, rows, k)


def table_passages(lines: Lines, k: int, most: int = 20) -> Table | None:
    """Passages found by search: where a reviewer should look."""
    rows: Rows = [
        ([line["label"], line["document"], count(line["page"]), line["text"]], None)
        for line in lines[:most]
    ]
    columns = [_("Indicator"), _("Document"), _("Page"), _("Candidate passage")]
    note = _("Found by the rubric's search words; a candidate is no evidence until it is rated.")
    return build("kandidat-bukti", _("Candidate passages"), columns, rows, k, note)


def plot_saturation(curve: Lines, point: int | None) -> Figure | None:
    """Codes known after each interview."""
    if len(curve) < 3:
        return None
    x = [step["interviews"] for step in curve]
    y = [step["codes"] for step in curve]
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
        else _("Yes: after interview {point} hardly a new code was found.").format(point=point)
    )
    alt = _("Codes known after each interview: {listed}.").format(
        listed=", ".join(f"{step['interviews']}: {step['codes']}" for step in curve)
    )
    title = _("Were there enough interviews?")
    return Figure("saturasi", title, answer, f"{title} {alt}", svg)


def alpha_words(lines: Lines) -> str:
    """Krippendorff's alpha in a sentence; empty where there is none."""
    alpha = next((line for line in lines if line["coefficient"] == "alpha_nominal"), None)
    if alpha is None or alpha["value"] is None:
        return ""
    text = _("Krippendorff's alpha is {value}: {word}.")
    value = alpha["value"]
    word = (
        _("reliable")
        if value >= 0.8
        else _("good enough for tentative conclusions")
        if value >= 0.667
        else _("too low to rest conclusions on it")
    )
    return text.format(value=number(value, 2), word=word)
