"""How the e-learning platform is used: how far people come, when, and how long it takes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from evaluasi_lib.program import Program
from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.columns import CI, Column, table
from evaluasi_lib.reporting.elements import Element, Heading, Paragraph, Section, Table, section
from evaluasi_lib.reporting.figures_people import plot_calendar, plot_completion, plot_funnel
from evaluasi_lib.results import Elearning, EvaluationResult
from evaluasi_lib.wording import _, count, digits_for, interval, number, p_value, percent


def section_elearning(program: Program, result: EvaluationResult) -> Section:
    """Funnel, modules, calendar, time to complete, dose and access."""
    part = result.elearning
    plan, k = program.elearning, program.privacy.min_cell
    if plan is None or (part.users is None and not part.funnel):
        none = _("The program has no log of an e-learning platform.")
        return section("elearning", [], words.why(part.reason, k) if part.reason else none)
    details = part.details
    elements: list[Element | None] = [
        Paragraph(_headline(part)) if part.users is not None else None,
        Paragraph(words.why(part.reason, k), "note") if part.reason else None,
        plot_funnel(part.funnel, k) or _stage_table(part, k),
        _module_table(part, k),
    ]
    if details.get("heatmap"):
        elements += [
            Heading(_("When people learn")),
            plot_calendar(details["heatmap"], plan.work_hours),
            Paragraph(_use(details)),
            _device_table(details.get("devices") or [], k),
            Paragraph(str(details["off_hours"]["note"]), "note"),
        ]
    survival = details.get("survival") or {}
    if survival.get("curve"):
        elements += [
            Heading(_("How long it takes")),
            plot_completion(survival["curve"], survival["median_days"]),
            _survival_table(survival, k),
            _hazard_table(survival.get("cox") or [], k),
        ]
    elements += _learning(details.get("dose_response") or {})
    elements.append(_access_table(details.get("access") or [], k))
    return section("elearning", elements)


def _stage_table(part: Elearning, k: int) -> Table | None:
    first = part.funnel[0].n if part.funnel else None
    stages = [
        {**asdict(s), "share": s.n / first if s.n is not None and first else None}
        for s in part.funnel
    ]
    return tables.table_stages(stages, "corong", _("From enrolment to completion"), k)


def _headline(part: Elearning) -> str:
    sentences = [_("{n} persons used the platform.").format(n=count(part.users))]
    if part.median_days_to_complete is not None:
        days = number(part.median_days_to_complete, 0)
        sentences.append(_("Half of them completed within {days} days.").format(days=days))
    if part.off_hours_share is not None:
        share = percent(part.off_hours_share)
        sentences.append(_("{share} of activity fell outside office hours.").format(share=share))
    time = part.details.get("time_on_task") or {}
    if time.get("median_minutes") is not None:
        minutes = number(time["median_minutes"], 0)
        text = _("A middle learner spent {minutes} minutes on it.").format(minutes=minutes)
        sentences += [text, time["caveat"]]
    return " ".join(sentences)


def _module_table(part: Elearning, k: int) -> Table | None:
    columns = [
        Column(_("Module"), "label"),
        Column(_("Opened by"), "n", "n"),
        Column(_("Share"), "share", "%"),
        Column(_("95% interval"), CI, "%"),
        Column(_("Came no further"), "dropoff_share", "%"),
        Column(_("Middle time, minutes"), "median_minutes", "0"),
    ]
    note = _("Came no further: share of those who reached the module.")
    return table("modul", _("Use of the modules"), part.modules, columns, k, note)


def _survival_table(survival: dict[str, Any], k: int) -> Table | None:
    late = _("fewer than half have completed")
    rows = [{**group, "reason": group["reason"] or late} for group in survival.get("groups", [])]
    note = ""
    if test := survival.get("log_rank"):
        note = _("Log-rank test over the groups: p = {p}.").format(p=p_value(test["p_value"]))
    columns = [
        Column(_("Group"), "label"),
        Column(_("Days until half have completed"), "median_days", "0"),
        Column(_("95% interval"), ("median_ci_low", "median_ci_high"), "0"),
    ]
    return table("waktu-kelompok", _("Time to complete by group"), rows, columns, k, note)


def _use(details: dict[str, Any]) -> str:
    """Sessions, weekends and hours in words."""
    off, sessions = details["off_hours"], details["sessions"]
    return _(
        "A session ends with a pause of more than {gap} minutes; a middle learner had {n}. "
        "{sessions_share} of the sessions began outside office hours (of the clicks {share}, 95% "
        "interval {low} to {high}), {weekend} of the clicks fell on a weekend. Hours are those of "
        "the learner's own time zone."
    ).format(
        gap=number(sessions["gap_minutes"], 0), n=number(sessions["median_per_user"], 0),
        sessions_share=percent(off["sessions_share"]), share=percent(off["events_share"]),
        low=percent(off["ci_low"]), high=percent(off["ci_high"]),
        weekend=percent(off["weekend_share"]),
    )  # fmt: skip


def _device_table(items: list[dict[str, Any]], k: int) -> Table | None:
    columns = [
        Column(_("Used through"), "label"),
        Column(_("n"), "n", "n"),
        Column(_("Share of users"), "share", "%"),
        Column(_("95% interval"), CI, "%"),
        Column(_("Share of clicks"), "events_share", "%"),
    ]
    return table("perangkat", _("How the platform is reached"), items, columns, k)


def _hazard_table(items: list[dict[str, Any]], k: int) -> Table | None:
    columns = [
        Column(_("Variable"), "label"),
        Column(_("Hazard ratio"), "hazard_ratio", "2"),
        Column(_("95% interval"), CI, "2"),
        Column(_("p"), "p_value", "p"),
        Column(_("p (changes with time)"), "ph_p_value", "p"),
    ]
    note = _(
        "Cox model, all variables together. Above 1: completes sooner, for a number by each unit "
        "more. A small last p: the ratio changes over time. Association, not cause."
    )
    return table("laju-selesai", _("Who completes sooner"), items, columns, k, note)


def _learning(dose: dict[str, Any]) -> list[Element]:
    """How use goes with what was learned: association alone."""
    if dose.get("per_hour") is None:
        return []
    text = _(
        "Each further hour on the platform goes with {slope} {unit} more on {label} "
        "(95% interval {between}; p = {p})."
    ).format(
        slope=number(dose["per_hour"], digits_for(dose["per_hour"])),
        unit=dose["unit"], label=dose["label"],
        between=interval(dose["ci_low"], dose["ci_high"], digits_for(dose["per_hour"])),
        p=p_value(dose["p_value"]),
    )  # fmt: skip
    heading = Heading(_("Does more use go with more learning?"))
    return [heading, Paragraph(text), Paragraph(str(dose.get("note") or ""), "note")]


def _access_table(items: list[dict[str, Any]], k: int) -> Table | None:
    columns = [
        Column(_("Group"), lambda a: f"{a['variable_label']}: {a['label']}"),
        Column(_("n"), "n", "n"),
        Column(_("Used the platform"), "used_share", "%"),
        Column(_("Completed"), "completed_share", "%"),
        Column(_("Middle time, minutes"), "median_minutes", "0"),
        Column(_("p (completion)"), "p_completed", "p"),
    ]
    return table("akses", _("Access by group"), items, columns, k, fold=True)
