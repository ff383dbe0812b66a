"""Tables of a result: one function a part. Texts for readers, values for the workbook of tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from evaluasi_lib.cleaning.log import rule_label
from evaluasi_lib.disclosure import SMALL_CELL
from evaluasi_lib.reporting import words
from evaluasi_lib.reporting.elements import Table
from evaluasi_lib.results import (
    Barrier,
    Driver,
    Effect,
    Efficiency,
    EvaluationResult,
    Finding,
    FollowUp,
    InputFile,
    ModuleDemand,
    Quality,
    Recommendation,
    Sample,
    Stage,
    Theme,
    Triangulated,
)
from evaluasi_lib.wording import (
    _,
    count,
    date,
    digits_for,
    number,
    p_value,
    percent,
    plural,
    rupiah,
)

Cell = str | tuple[str, object]
ANSWERED = 2  # weaknesses that a recommendation's row spells out; more are counted
NAMED = 8  # hidden rows that a note names; more are counted


def figure_cell(value: float | None, form: Callable[..., str], *more: Any) -> Cell:
    """A number as text for readers, with the number itself for the workbook."""
    return ("—", None) if value is None else (form(value, *more), value)


def between(low: float | None, high: float | None, form: Callable[..., str], *more: Any) -> Cell:
    """An interval in one cell; the workbook sets its ends in two columns."""
    if low is None or high is None:
        return ("—", None)
    text = _("{low} to {high}").format(low=form(low, *more), high=form(high, *more))
    return (text, (low, high))


def build(
    id: str,
    caption: str,
    columns: Sequence[str],
    rows: Sequence[tuple[Sequence[Cell], str | None]],
    k: int,
    note: str = "",
    *,
    fold: bool = False,
    text_columns: Sequence[int] = (),
) -> Table | None:
    """A table from rows of cells, each row with the reason of its nulls; None without rows.

    The first null of a row says in words why it is null; a long reason becomes a note below.
    fold: rows of which no number may be shown are named in the note instead, when some others may.
    """
    if not rows:
        return None
    texts, values, notes = [], [], [note] if note else []
    rows, hidden = _fold(rows) if fold else (rows, [])
    if hidden:
        listed = "; ".join(hidden)
        if len(hidden) > NAMED:
            listed = plural("{n} row", "{n} rows", len(hidden)).format(n=count(len(hidden)))
        notes.append(f"{words.why(SMALL_CELL, k).capitalize()}: {listed}.")
    numeric = {i for cells, _r in rows for i, cell in enumerate(cells) if isinstance(cell, tuple)}
    numeric -= set(text_columns)
    for cells, reason in rows:
        line = [cell[0] if isinstance(cell, tuple) else cell for cell in cells]
        empty = [i for i, c in enumerate(cells) if isinstance(c, tuple) and c[1] is None]
        if reason and empty:
            if reason in (SMALL_CELL, "no_answers"):
                line[empty[0]] = words.why(reason, k)
            else:
                line[empty[0]] = _("see note")
                remark = f"{line[0]}: {reason}"
                notes += [remark] if remark not in notes else []
        texts.append(line)
        values.append([cell[1] if isinstance(cell, tuple) else cell for cell in cells])
    return Table(id, caption, columns, texts, frozenset(numeric), values, " ".join(notes))


def _fold(
    rows: Sequence[tuple[Sequence[Cell], str | None]],
) -> tuple[list[tuple[Sequence[Cell], str | None]], list[str]]:
    """Rows that show a number, and the heads of those that may not."""
    kept: list[tuple[Sequence[Cell], str | None]] = []
    hidden: list[str] = []
    for cells, reason in rows:
        numbers = [cell for cell in cells if isinstance(cell, tuple)]
        if reason == SMALL_CELL and all(value is None for _text, value in numbers):
            texts = [cell for cell in cells if isinstance(cell, str)]
            hidden.append(", ".join(texts))
        else:
            kept.append((cells, reason))
    return (kept, hidden) if kept else (list(rows), [])


def table_flow(sample: Sample, k: int) -> Table | None:
    """Persons at each step, and those left out before it."""
    rows = [
        ([s.step, figure_cell(s.n, count), figure_cell(s.dropped, count)], s.reason)
        for s in sample.flow
    ]
    columns = [_("Step"), _("Persons"), _("Left out before it")]
    return build("alur", _("Flow of persons"), columns, rows, k)


def table_effects(effects: Sequence[Effect], id: str, caption: str, k: int) -> Table | None:
    """Primary estimates, one row an outcome, its unit in words beside its name."""
    rows: list[tuple[Sequence[Cell], str | None]] = []
    for e in effects:
        digits = digits_for(e.estimate, e.ci_low, e.ci_high)
        rows.append(
            (
                [
                    f"{words.subgroup_word(e)} ({e.unit})", words.claim_word(e.claim),
                    figure_cell(e.estimate, number, digits),
                    between(e.ci_low, e.ci_high, number, digits), figure_cell(e.p_value, p_value),
                    figure_cell(e.p_adjusted, p_value), figure_cell(e.effect_size_g, number, 2),
                    words.conclusion_word(e.conclusion),
                ],
                e.reason,
            )
        )  # fmt: skip
    columns = [
        _("Outcome"), _("Kind of claim"), _("Estimate"), _("95% interval"), _("p"),
        _("p adjusted"), _("Standardised"), _("Conclusion"),
    ]  # fmt: skip
    note = _("Standardised: in standard deviations. p adjusted: for the number of outcomes.")
    return build(id, caption, columns, rows, k, note)


def table_barriers(barriers: Sequence[Barrier], k: int) -> Table | None:
    """Each barrier with its share of respondents and interval."""
    rows: list[tuple[Sequence[Cell], str | None]] = [
        (_share_cells(words.option_word(b.label), b), b.reason) for b in barriers
    ]
    columns = [_("Barrier"), _("n"), _("Share"), _("95% interval")]
    return build("hambatan", _("What holds people back"), columns, rows, k, fold=True)


def table_drivers(drivers: Sequence[Driver], k: int) -> Table | None:
    """Average marginal effects on completion, in percentage points."""

    def points(value: float | None) -> str:
        return number(None if value is None else value * 100, 1)

    rows: list[tuple[Sequence[Cell], str | None]] = [
        (
            [
                d.label, figure_cell(d.ame, points),
                between(d.ci_low, d.ci_high, points),
                figure_cell(d.p_value, p_value),
            ],
            d.reason,
        )
        for d in drivers
    ]  # fmt: skip
    columns = [_("Variable"), _("Difference, percentage points"), _("95% interval"), _("p")]
    note = _("Average marginal effects on the chance to complete; association, not cause.")
    return build("pendorong", _("Who completes"), columns, rows, k, note)


def table_stages(stages: Sequence[Stage], k: int) -> Table | None:
    """Persons at each stage of the funnel, and their share of the first."""
    first = stages[0].n if stages else None
    rows: list[tuple[Sequence[Cell], str | None]] = [
        (
            [
                words.stage_word(s.stage), figure_cell(s.n, count),
                figure_cell(s.n / first if s.n is not None and first else None, percent),
            ],
            s.reason,
        )
        for s in stages
    ]  # fmt: skip
    columns = [_("Stage"), _("Persons"), _("Share of the first stage")]
    return build("corong", _("From enrolment to completion"), columns, rows, k)


def table_efficiency(part: Efficiency, k: int) -> Table | None:
    """Total and unit costs, absorption, benefit-cost ratio, return."""
    rows: list[tuple[Sequence[Cell], str | None]] = [
        ([_("Total cost"), figure_cell(part.total_cost_idr, rupiah)], part.reason),
        ([_("Cost per participant"), figure_cell(part.cost_per_participant_idr, rupiah)],
         part.reason),
        ([_("Cost per completer"), figure_cell(part.cost_per_completer_idr, rupiah)], part.reason),
        ([_("Budget absorbed"), figure_cell(part.budget_absorption_share, percent)], part.reason),
        ([_("Benefit-cost ratio"), figure_cell(part.bcr, number, 2)], part.reason),
        ([_("Return on investment, %"), figure_cell(part.roi_pct, number, 1)], part.reason),
    ]  # fmt: skip
    return build("biaya", _("Costs and returns"), [_("Measure"), _("Value")], rows, k)


def _share_cells(label: str, item: Barrier | ModuleDemand | Theme) -> list[Cell]:
    return [
        label, figure_cell(item.n, count), figure_cell(item.share, percent),
        between(item.ci_low, item.ci_high, percent),
    ]  # fmt: skip


def table_themes(themes: Sequence[Theme], k: int) -> Table | None:
    """Themes by source with shares and tone; hidden ones are named in the note."""
    rows: list[tuple[Sequence[Cell], str | None]] = []
    for t in themes:
        cells = _share_cells(t.label, t)
        cells.insert(1, words.source_word(t.source))
        rows.append(([*cells, figure_cell(t.sentiment, number, 2)], t.reason))
    columns = [
        _("Theme"), _("Source"), _("n"), _("Share"), _("95% interval"), _("Tone, −1 to 1"),
    ]  # fmt: skip
    note = _("n: respondents, interviewees or documents in which the theme occurs.")
    return build("tema", _("Themes by source"), columns, rows, k, note, fold=True)


def table_demand(demand: Sequence[ModuleDemand], k: int) -> Table | None:
    """Modules asked for, with shares; hidden ones are named in the note."""
    rows: list[tuple[Sequence[Cell], str | None]] = [
        (_share_cells(d.label, d), d.reason) for d in demand
    ]
    columns = [_("Module"), _("n"), _("Share"), _("95% interval")]
    return build(
        "modul-diminta", _("Modules that participants ask for"), columns, rows, k, fold=True
    )


def table_triangulation(item: Triangulated, place: int, k: int) -> Table | None:
    """One question: what each source says, one row a source."""
    silent = _("silent")
    body: list[tuple[Sequence[Cell], str | None]] = [
        ([name, text or silent], None)
        for name, text in (
            (_("Survey"), item.survey),
            (_("Interview"), item.interview),
            (_("Document"), item.document),
        )
    ]
    note = f"{words.agreement_word(item.agreement).capitalize()}. {item.explanation}".strip()
    columns = [_("Source"), _("What it says")]
    return build(f"triangulasi-{place}", item.question, columns, body, k, note)


def table_recommendations(items: Sequence[Recommendation], k: int) -> Table | None:
    """Recommendations with priority, owner, date and status."""
    rows: list[tuple[Sequence[Cell], str | None]] = [
        (
            [f"{n}. {r.text}", count(r.priority), r.owner or _("not named yet"), date(r.due),
             words.status_word(r.status)],
            None,
        )
        for n, r in enumerate(items, 1)
    ]  # fmt: skip
    columns = [_("Recommendation"), _("Priority"), _("Owner"), _("Due"), _("Status")]
    note = _("Priority: impact times feasibility, each from 1 to 5; the higher, the more urgent.")
    return build("rekomendasi", _("Recommendations, the most urgent first"), columns, rows, k, note)


def table_grounds(
    items: Sequence[Recommendation], weaknesses: Sequence[Finding], k: int
) -> Table | None:
    """What each recommendation answers, the heaviest weaknesses first, and what to watch."""
    said = {w.id: w.statement for w in weaknesses}
    rows: list[tuple[Sequence[Cell], str | None]] = []
    for n, item in enumerate(items, 1):
        answered = [said[id] for id in item.addresses if id in said]
        text = " ".join(answered[:ANSWERED])
        if len(answered) > ANSWERED:
            text += " " + _("And {n} more.").format(n=count(len(answered) - ANSWERED))
        watch = "; ".join(item.details.get("watch", []))
        rows.append(([count(n), text or "—", watch or "—"], None))
    columns = [
        _("Recommendation"),
        _("What it answers"),
        _("Indicator to watch, and its value now"),
    ]
    caption = _("What each recommendation answers, and what to watch")
    return build("rekomendasi-dasar", caption, columns, rows, k)


def change_words(change: dict[str, Any] | None, reason: str | None, k: int) -> str:
    """The change of a followed indicator, as its own sentence where it brings one."""
    if not change:
        return words.why(reason, k)
    if change.get("sentence"):
        return str(change["sentence"])
    before, after = change.get("before"), change.get("after")
    if isinstance(before, (int, float)) and isinstance(after, (int, float)):
        digits = digits_for(before, after)
        return _("from {before} to {after}").format(
            before=number(before, digits), after=number(after, digits)
        )
    return words.why(change.get("reason") or reason, k)


def table_follow_up(items: Sequence[FollowUp], k: int) -> Table | None:
    """Earlier recommendations, their status, and the change of their indicator."""
    rows: list[tuple[Sequence[Cell], str | None]] = [
        ([f.text, f.from_cycle, words.status_word(f.status), change_words(f.change, f.reason, k)],
         None)
        for f in items
    ]  # fmt: skip
    columns = [_("Recommendation"), _("Cycle"), _("Status"), _("What changed since")]
    return build("tindak-lanjut", _("Earlier recommendations"), columns, rows, k)


def table_quality(quality: Quality, k: int) -> Table | None:
    """How often each cleaning rule changed something."""
    rows: list[tuple[Sequence[Cell], str | None]] = [
        ([rule_label(c.rule), c.table, (count(c.n), c.n)], None) for c in quality.changes
    ]
    columns = [_("Rule"), _("Table"), _("Rows or cells changed")]
    return build("pembersihan", _("What cleaning changed"), columns, rows, k)


def table_inputs(inputs: Sequence[InputFile], k: int) -> Table | None:
    """Input files with their size and the start of their checksum."""
    rows: list[tuple[Sequence[Cell], str | None]] = [
        ([f.path, (count(f.bytes), f.bytes), f"{f.sha256[:12]}…"], None) for f in inputs
    ]
    columns = [_("File"), _("Bytes"), "SHA-256"]
    note = _("The checksums stand in full in result.json.")
    return build("masukan", _("Files that this report rests on"), columns, rows, k, note)


def table_packages(result: EvaluationResult, k: int) -> Table | None:
    """Versions of the packages that move numbers or pictures."""
    rows: list[tuple[Sequence[Cell], str | None]] = [
        ([name, version], None) for name, version in result.provenance.packages.items()
    ]
    return build("paket", _("Software"), [_("Package"), _("Version")], rows, k)
