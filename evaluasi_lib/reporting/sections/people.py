"""Who takes part, what holds people back, and who completes."""

from __future__ import annotations

from typing import Any

from evaluasi_lib.measures import Record, as_plain
from evaluasi_lib.program import Program
from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.columns import CI, Column, share_columns, table
from evaluasi_lib.reporting.elements import (
    Bullets,
    Element,
    Heading,
    Paragraph,
    Section,
    Table,
    section,
)
from evaluasi_lib.reporting.figures import plot_drivers
from evaluasi_lib.reporting.figures_people import plot_shares
from evaluasi_lib.results import EvaluationResult, Participation
from evaluasi_lib.wording import _, count, interval, join_words, number, p_value, percent


def section_participation(program: Program, result: EvaluationResult) -> Section:
    """Stages, reasons to leave, barriers, motivation, drivers, representation."""
    k, part = program.privacy.min_cell, result.participation
    details = part.details
    numbers = (part.enrolled, part.started, part.completed)
    if all(n is None for n in numbers) and not part.barriers and not part.drivers:
        none = _("The program has no data on participation.")
        return section("partisipasi", [], words.why(part.reason, k) if part.reason else none)
    elements: list[Element | None] = []
    if part.completion_share is not None:
        text = _("{share} of those enrolled completed the program.")
        elements.append(Paragraph(text.format(share=percent(part.completion_share))))
    elements.append(tables.table_stages(_stages(part), "kepesertaan", _("Participation"), k))
    reasons, caption = details.get("dropout_reasons") or [], _("Why people left")
    elements.append(tables.table_shares(reasons, "alasan-berhenti", caption, _("Reason"), k))
    elements += _barriers(part, k)
    if details.get("motivation"):
        elements += [Heading(_("Motivation")), Paragraph(_motivation(details["motivation"], k))]
    if part.drivers or details.get("driver_notes"):
        elements += [
            Heading(_("Who completes, and who does not")),
            plot_drivers(part.drivers),
            tables.table_drivers(part.drivers, k),
            Bullets([d.sentence for d in part.drivers if d.sentence]) if part.drivers else None,
            *(Paragraph(left["sentence"], "note") for left in details.get("drivers_left_out", [])),
            *(Paragraph(note, "note") for note in details.get("driver_notes", [])),
        ]
    if details.get("representation"):
        elements += [
            Heading(_("Who is missed")),
            Paragraph(_missed(details["representation"])),
            _representation(details["representation"], k),
        ]
    return section("partisipasi", elements)


def _stages(part: Participation) -> list[dict[str, Any]]:
    """The funnel, or what is known of it."""
    numbers = {"enrolled": part.enrolled, "started": part.started, "completed": part.completed}
    return part.details.get("funnel") or [
        {"stage": stage, "n": n, "share": None, "reason": part.reason}
        for stage, n in numbers.items()
    ]


def _barriers(part: Participation, k: int) -> list[Element | None]:
    if not part.barriers:
        return []
    caption = _("What holds people back")
    barriers = [
        Record(as_plain(b) | {"share_low": b.ci_low, "share_high": b.ci_high})
        for b in part.barriers
    ]
    return [
        Heading(_("Barriers")),
        plot_shares(
            barriers,
            "hambatan",
            _("What holds people back?"),
            _("Named most often: {label} ({share})."),
        ),
        tables.table_shares(barriers, "hambatan", caption, _("Barrier"), k),
    ]


def _motivation(found: dict[str, Any], k: int) -> str:
    if found["mean_after"] is None:
        return _("{label}: {reason}.").format(
            label=found["label"], reason=words.why(found["reason"], k).rstrip(".")
        )
    if found["mean_before"] is None or found["change"] is None:
        return _("{label}: mean {after} (n = {n}).").format(
            label=found["label"], after=number(found["mean_after"], 2), n=count(found["n_after"])
        )
    return _(
        "{label}: from {before} to {after}, a change of {change} (95% interval {between}; p = {p})."
    ).format(
        label=found["label"], before=number(found["mean_before"], 2),
        after=number(found["mean_after"], 2), change=number(found["change"], 2),
        between=interval(found["ci_low"], found["ci_high"], 2), p=p_value(found["p_value"]),
    )  # fmt: skip


def _missed(items: list[dict[str, Any]]) -> str:
    under = [
        _("{variable} {group} ({share} of participants, {expected} of the population)").format(
            variable=i["variable_label"], group=i["label"], share=percent(i["share"]),
            expected=percent(i["population_share"]),
        )
        for i in items
        if i["status"] == "under"
    ]  # fmt: skip
    if not under:
        return _("No group is clearly less present than in the population.")
    return _("Less present than in the population: {listed}.").format(listed=join_words(under))


def _representation(items: list[dict[str, Any]], k: int) -> Table | None:
    columns = [
        Column(_("Group"), lambda i: f"{i['variable_label']}: {i['label']}"),
        Column(_("n"), "n", "n"),
        Column(_("Share of participants"), "share", "%"),
        Column(_("95% interval"), CI, "%"),
        Column(_("Share of the population"), "population_share", "%"),
        Column(_("Compared with the population"), "status", "presence"),
    ]
    caption = _("Participants and the population")
    return table("keterwakilan", caption, items, columns, k, fold=True)


def barriers_by_group(part: Participation, k: int) -> Table | None:
    """For the appendix: each barrier within each group."""
    columns = [
        Column(_("Group"), lambda b: f"{b['variable_label']}: {b['label']}"),
        Column(_("Barrier"), lambda b: words.option_word(b["barrier_label"])),
        *share_columns(),
    ]
    rows = part.details.get("barriers_by_group", [])
    return table("hambatan-kelompok", _("Barriers by group"), rows, columns, k, fold=True)
