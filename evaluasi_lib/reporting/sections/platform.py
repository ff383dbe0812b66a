"""How the e-learning platform is used: how far people come, when, and how long it takes."""

from __future__ import annotations

from typing import Any

from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.elements import Element, Heading, Paragraph, Section, Table
from evaluasi_lib.reporting.figures_people import plot_calendar, plot_completion, plot_funnel
from evaluasi_lib.reporting.sections.common import section
from evaluasi_lib.results import Elearning, EvaluationResult
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, count, digits_for, interval, number, p_value, percent


def section_elearning(study: Study, result: EvaluationResult) -> Section:
    """Funnel, modules, calendar, time to complete, dose and access."""
    title, part = _("E-learning"), result.elearning
    plan, k = study.program.elearning, study.program.privacy.min_cell
    if plan is None or (part.users is None and not part.funnel):
        return section(
            "elearning", title, [],
            words.why(part.reason, k) if part.reason
            else _("The program has no log of an e-learning platform."),
        )  # fmt: skip
    details = part.details
    elements: list[Element | None] = [
        Paragraph(_headline(part)) if part.users is not None else None,
        Paragraph(words.why(part.reason, k), "note") if part.reason else None,
        plot_funnel(part.funnel, k) or tables.table_stages(part.funnel, k),
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
    elements += _learning(details, k)
    elements.append(_access_table(details.get("access") or [], k))
    return section("elearning", title, elements, "")


def _headline(part: Elearning) -> str:
    sentences = [_("{n} persons used the platform.").format(n=count(part.users))]
    if part.median_days_to_complete is not None:
        sentences.append(
            _("Half of them completed within {days} days.").format(
                days=number(part.median_days_to_complete, 0)
            )
        )
    if part.off_hours_share is not None:
        sentences.append(
            _("{share} of activity fell outside office hours.").format(
                share=percent(part.off_hours_share)
            )
        )
    time = part.details.get("time_on_task") or {}
    if time.get("median_minutes") is not None:
        sentences.append(
            _("A middle learner spent {minutes} minutes on it.").format(
                minutes=number(time["median_minutes"], 0)
            )
            + f" {time['caveat']}"
        )
    return " ".join(sentences)


def _module_table(part: Elearning, k: int) -> Table | None:
    rows: list[tuple[list[tables.Cell], str | None]] = [
        (
            [
                m["label"], tables.figure_cell(m.get("n"), count),
                tables.figure_cell(m.get("share"), percent),
                tables.between(m.get("ci_low"), m.get("ci_high"), percent),
                tables.figure_cell(m.get("dropoff_share"), percent),
                tables.figure_cell(m.get("median_minutes"), number, 0),
            ],
            m.get("reason"),
        )
        for m in part.modules
    ]  # fmt: skip
    columns = [
        _("Module"), _("Opened by"), _("Share"), _("95% interval"), _("Came no further"),
        _("Middle time, minutes"),
    ]  # fmt: skip
    note = _("Came no further: share of those who reached the module.")
    return tables.build("modul", _("Use of the modules"), columns, rows, k, note)


def _survival_table(survival: dict[str, Any], k: int) -> Table | None:
    rows: list[tuple[list[tables.Cell], str | None]] = [
        (
            [
                g["label"], tables.figure_cell(g["median_days"], number, 0),
                tables.between(g["median_ci_low"], g["median_ci_high"], number, 0),
            ],
            g["reason"] or _("fewer than half have completed"),
        )
        for g in survival.get("groups", [])
    ]  # fmt: skip
    test = survival.get("log_rank")
    note = (
        _("Log-rank test over the groups: p = {p}.").format(p=p_value(test["p_value"]))
        if test
        else ""
    )
    columns = [_("Group"), _("Days until half have completed"), _("95% interval")]
    return tables.build("waktu-kelompok", _("Time to complete by group"), columns, rows, k, note)


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
    rows: list[tuple[list[tables.Cell], str | None]] = [
        (
            [
                d["label"], tables.figure_cell(d["n"], count),
                tables.figure_cell(d["share"], percent),
                tables.between(d["ci_low"], d["ci_high"], percent),
                tables.figure_cell(d["events_share"], percent),
            ],
            d["reason"],
        )
        for d in items
    ]  # fmt: skip
    columns = [
        _("Used through"), _("n"), _("Share of users"), _("95% interval"), _("Share of clicks"),
    ]  # fmt: skip
    return tables.build("perangkat", _("How the platform is reached"), columns, rows, k)


def _hazard_table(items: list[dict[str, Any]], k: int) -> Table | None:
    rows: list[tuple[list[tables.Cell], str | None]] = [
        (
            [
                h["label"], tables.figure_cell(h["hazard_ratio"], number, 2),
                tables.between(h["ci_low"], h["ci_high"], number, 2),
                tables.figure_cell(h["p_value"], p_value),
                tables.figure_cell(h["ph_p_value"], p_value),
            ],
            None,
        )
        for h in items
    ]  # fmt: skip
    columns = [
        _("Variable"), _("Hazard ratio"), _("95% interval"), _("p"), _("p (changes with time)"),
    ]  # fmt: skip
    note = _(
        "Cox model, all variables together. Above 1: completes sooner, for a number by each unit "
        "more. A small last p: the ratio changes over time. Association, not cause."
    )
    return tables.build("laju-selesai", _("Who completes sooner"), columns, rows, k, note)


def _learning(details: dict[str, Any], k: int) -> list[Element | None]:
    """How the dose and its spacing go with what was learned: association alone."""
    elements: list[Element | None] = []
    dose, spacing = details.get("dose_response") or {}, details.get("spacing") or {}
    if dose.get("per_hour") is not None:
        text = _(
            "Each further hour on the platform goes with {slope} {unit} more on {label} "
            "(95% interval {between}; p = {p})."
        ).format(
            slope=number(dose["per_hour"], digits_for(dose["per_hour"])),
            unit=dose["unit"], label=dose["label"],
            between=interval(dose["ci_low"], dose["ci_high"], digits_for(dose["per_hour"])),
            p=p_value(dose["p_value"]),
        )  # fmt: skip
        elements += [Heading(_("Does more use go with more learning?")), Paragraph(text)]
    if spacing.get("difference") is not None:
        text = _(
            "At the same time on task, those who spread their learning over several days differ by "
            "{difference} on {label} from those who crammed (95% interval {between}; p = {p})."
        ).format(
            difference=number(spacing["difference"], 2), label=spacing["label"],
            between=interval(spacing["ci_low"], spacing["ci_high"], 2),
            p=p_value(spacing["p_value"]),
        )  # fmt: skip
        elements.append(Paragraph(text))
    if elements:
        elements.append(Paragraph(str(dose.get("note") or spacing.get("note") or ""), "note"))
    return elements


def _access_table(items: list[dict[str, Any]], k: int) -> Table | None:
    rows: list[tuple[list[tables.Cell], str | None]] = [
        (
            [
                f"{a['variable_label']}: {a['label']}", tables.figure_cell(a["n"], count),
                tables.figure_cell(a["used_share"], percent),
                tables.figure_cell(a["completed_share"], percent),
                tables.figure_cell(a["median_minutes"], number, 0),
                tables.figure_cell(a["p_completed"], p_value),
            ],
            a.get("reason"),
        )
        for a in items
    ]  # fmt: skip
    columns = [
        _("Group"), _("n"), _("Used the platform"), _("Completed"), _("Middle time, minutes"),
        _("p (completion)"),
    ]  # fmt: skip
    return tables.build("akses", _("Access by group"), columns, rows, k, fold=True)
