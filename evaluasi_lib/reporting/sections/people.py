"""Who takes part, what holds people back, and who completes."""

from __future__ import annotations

from collections.abc import Sequence

from evaluasi_lib.findings.observe import is_missed
from evaluasi_lib.labels import is_nothing, variable_label
from evaluasi_lib.measures import Measure, Record, record_of, texts_at, value_at, wide
from evaluasi_lib.program import Program
from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.columns import SHARE, Column, share_columns, table
from evaluasi_lib.reporting.elements import (
    Bullets,
    Element,
    Figure,
    Heading,
    Paragraph,
    Section,
    Table,
    section,
    told,
)
from evaluasi_lib.reporting.figures import plot_drivers
from evaluasi_lib.reporting.figures_people import plot_shares
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.wording import _, count, interval, join_words, number, p_is, percent


def section_participation(program: Program, result: EvaluationResult) -> Section:
    """Stages, reasons to leave, barriers, motivation, drivers, representation."""
    rows, k = result.rows, program.privacy.min_cell
    stages, barriers = _stages(rows), wide(rows, "participation/barriers/*")
    drivers = _drivers(rows)
    if all(stage["n"] is None for stage in stages) and not barriers and not drivers:
        whole = wide(rows, "participation")
        none = _("The program has no data on participation.")
        reason = whole[0]["reason"] if whole else None
        return section("partisipasi", [], words.why(reason, k) if reason else none)
    elements: list[Element | None] = []
    details: list[Element | None] = [
        tables.table_stages(stages, "kepesertaan", _("Participation"), k),
        barriers_by_group(program, result),
    ]
    if (completed := value_at(rows, "participation/completion_share")) is not None:
        text = _("{share} of those enrolled completed the program.")
        text = text.format(share=percent(completed))
        elements.append(Paragraph(text, see=("tbl-kepesertaan",)))
    reasons, caption = wide(rows, "participation/dropout_reasons/*"), _("Why people left")
    left = plot_shares(reasons, "alasan-berhenti", _("Why did people leave?"),
                       _("Why people left, most often: {label} ({share})."))  # fmt: skip
    listed = tables.table_shares(reasons, "alasan-berhenti", caption, _("Reason"), k)
    elements.append(told(left, listed))
    details += [left, listed]
    if barriers:
        caption = _("What holds people back")
        elements += [Heading(_("Barriers")), _barriers(barriers)]
        details.insert(1, tables.table_shares(barriers, "hambatan", caption, _("Barrier"), k))
    for found in wide(rows, "participation/motivation"):
        elements += [Heading(_("Motivation")), Paragraph(_motivation(found, k))]
    sentences = [driver["note"] for driver in drivers if driver["note"]]
    notes = texts_at(result.remarks, "participation", "drivers")
    if drivers or notes:
        drawn = plot_drivers(drivers, result.remarks)
        gaps = tables.table_drivers(drivers, k)
        named = [one.anchor for one in (drawn, gaps) if one is not None]
        every = _("Every difference with its interval")
        elements += [
            Heading(_("Who completes, and who does not")),
            Bullets(sentences) if sentences else None,
            *(Paragraph(note, "note") for note in notes),
            Paragraph(every, "note", tuple(named)) if named else None,
        ]
        details += [drawn, gaps]
    if present := wide(rows, "participation/representation/*/*"):
        elements += [
            Heading(_("Who is missed")),
            Paragraph(_missed(program, present), see=("tbl-keterwakilan",)),
        ]
        details.append(_representation(program, present))
    return section("partisipasi", elements, _("No number of participation may be shown."), details)


def _stages(rows: Sequence[Measure]) -> list[Record]:
    """The funnel, or what is known of it."""
    if funnel := wide(rows, "participation/funnel/*"):
        return funnel
    whole = record_of(rows, "participation")
    return [
        Record(subject=stage, n=whole[stage], reason=whole["reason"])
        for stage in ("enrolled", "started", "completed")
    ]


def _drivers(rows: Sequence[Measure]) -> list[Record]:
    """One a variable, or a level of it, in their order."""
    places = dict.fromkeys(
        row.id.rpartition("/")[0] for row in rows if row.id.startswith("participation/drivers/")
    )
    return [record for place in places for record in wide(rows, place)]


def _barriers(barriers: list[Record]) -> Figure | None:
    answer = _("Named most often: {label} ({share}).")
    named = [b for b in barriers if not is_nothing(b["subject"], b["label"])]
    return plot_shares(named, "hambatan", _("What holds people back?"), answer)


def _motivation(found: Record, k: int) -> str:
    if found["mean_after"] is None:
        return _("{label}: {reason}.").format(
            label=found["label"], reason=words.why(found["reason"], k).rstrip(".")
        )
    return _(
        "{label}: from {before} to {after}, a change of {change} (95% interval {between}; {p}); "
        "not weighted, n = {n}."
    ).format(
        label=found["label"], before=number(found["mean_before"], 2),
        after=number(found["mean_after"], 2), change=number(found["change"], 2),
        between=interval(found["change_low"], found["change_high"], 2),
        p=p_is(found["change_p"]), n=count(found["n"]),
    )  # fmt: skip


def _missed(program: Program, items: list[Record]) -> str:
    under = [
        _("{variable} {group} ({share} of participants, {expected} of the population)").format(
            variable=variable_label(program, i["stem"][2]), group=i["label"],
            share=percent(i["share"]), expected=percent(i["population_share"]),
        )
        for i in items
        if is_missed(i)
    ]  # fmt: skip
    if not under:
        return _("No group is clearly less present than in the population.")
    return _("Less present than in the population: {listed}.").format(listed=join_words(under))


def _representation(program: Program, items: list[Record]) -> Table | None:
    columns = [
        Column(_("Group"), lambda i: f"{variable_label(program, i['stem'][2])}: {i['label']}"),
        Column(_("n"), "n", "n"),
        Column(_("Share of participants"), "share", "%"),
        Column(_("95% interval"), SHARE, "%"),
        Column(_("Share of the population"), "population_share", "%"),
        Column(_("Compared with the population"), "note"),
    ]
    caption, k = _("Participants and the population"), program.privacy.min_cell
    return table("keterwakilan", caption, items, columns, k, fold=True)


def barriers_by_group(program: Program, result: EvaluationResult) -> Table | None:
    """Each barrier within each group."""

    def group(row: Record) -> str:
        variable = row["stem"][3]
        done, label = _("completed the program"), variable_label(program, variable)
        return f"{done if variable == 'completed' else label}: {row['group']}"

    columns = [
        Column(_("Group"), group),
        Column(_("Barrier"), lambda b: words.option_word(b["label"])),
        *share_columns(),
    ]
    rows, k = wide(result.rows, "participation/barriers/*/*/*"), program.privacy.min_cell
    return table("hambatan-kelompok", _("Barriers by group"), rows, columns, k, fold=True)
