"""Who takes part, what holds people back, and who completes.

How the e-learning platform is used: how far people come, when, and how long it takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluasi_lib.claims import is_nothing, variable_label
from evaluasi_lib.findings.observe import is_missed
from evaluasi_lib.measures import Measure, Record, record_of, texts_at, value_at, wide
from evaluasi_lib.program import Program
from evaluasi_lib.reporting import tables, words
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
from evaluasi_lib.reporting.figures_scores import (
    plot_calendar,
    plot_completion,
    plot_funnel,
    plot_shares,
)
from evaluasi_lib.reporting.tables import SHARE, Column, share_columns, table
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.wording import _, count, digits_for, interval, join_words, number, p_is, percent


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


PART = "elearning"

Records = list[Record]


def section_elearning(program: Program, result: EvaluationResult) -> Section:
    """Funnel, modules, calendar, time to complete, dose and access."""
    rows, plan, k = result.rows, program.elearning, program.privacy.min_cell
    whole = record_of(rows, PART)
    if plan is None or whole["users"] is None:
        none = _("The program has no log of an e-learning platform.")
        return section("elearning", [], words.why(whole["reason"], k) if whole["reason"] else none)
    alone = {record["stem"][1]: record for record in wide(rows, f"{PART}/*")}
    funnel, curve = wide(rows, f"{PART}/funnel/*"), wide(rows, f"{PART}/curve/*")
    details: list[Element | None] = []
    elements: list[Element | None] = [
        Paragraph(_headline(whole, alone)),
        Paragraph(words.why(whole["reason"], k), "note") if whole["reason"] else None,
        plot_funnel(funnel, k) or _stage_table(funnel, k),
        Paragraph(stages["reason"], "note") if (stages := alone.get("funnel")) else None,
        _access_table(program, wide(rows, f"{PART}/access/*/*"), k),
    ]
    if hours := wide(rows, f"{PART}/heatmap/*/*"):
        holidays = _("Public holidays are not known to the log and count as working days.")
        calendar = plot_calendar(hours, plan.work_hours)
        elements.append(told(calendar))
        details += [
            Heading(_("When people learn")),
            calendar,
            Paragraph(_use(alone["off_hours"], alone["sessions"])),
            _device_table(wide(rows, f"{PART}/devices/*"), k),
            Paragraph(holidays, "note"),
        ]
    if curve:
        test, days = alone.get("log_rank"), plot_completion(curve, whole["median_days_to_complete"])
        elements.append(told(days))
        details += [
            Heading(_("How long it takes")),
            days,
            _survival_table(wide(rows, f"{PART}/time/*"), test, k),
            _hazard_table(wide(rows, f"{PART}/hazards/*"), k),
        ]
    elements += _learning(alone.get("dose_response") or Record())
    details.append(_module_table(wide(rows, f"{PART}/modules/*"), k))
    return section("elearning", elements, details=details)


def _stage_table(funnel: Records, k: int) -> Table | None:
    first = funnel[0]["n"] if funnel else None

    def share(n: float | None) -> float | None:
        return n / first if n is not None and first else None

    stages = [s | {"share": share(s["n"])} for s in funnel]
    return tables.table_stages(stages, "corong", _("From enrolment to completion"), k)


def _headline(whole: Record, alone: Mapping[str, Record]) -> str:
    sentences = [_("{n} persons used the platform.").format(n=count(whole["users"]))]
    if whole["off_hours_share"] is not None:
        share = percent(whole["off_hours_share"])
        sentences.append(_("{share} of activity fell outside office hours.").format(share=share))
    if time := alone.get("time_on_task"):
        minutes = number(time["median_minutes"], 0)
        text = _("A middle learner spent {minutes} minutes on it.").format(minutes=minutes)
        sentences += [text, time["note"]]
    return " ".join(sentences)


def _module_table(modules: Records, k: int) -> Table | None:
    columns = [
        Column(_("Module"), "label"),
        Column(_("Opened by"), "share_n", "n"),
        Column(_("Share"), "share", "%"),
        Column(_("95% interval"), SHARE, "%"),
        Column(_("Came no further"), "dropoff_share", "%"),
        Column(_("Middle time, minutes"), "median_minutes", "0"),
    ]
    note = _("Came no further: share of those who reached the module.")
    return table("modul", _("Use of the modules"), modules, columns, k, note)


def _survival_table(groups: Records, test: Record | None, k: int) -> Table | None:
    note = ""
    if test:
        note = _("Log-rank test over the groups: {p}.").format(p=p_is(test["p_value"]))
    columns = [
        Column(_("Group"), "label"),
        Column(_("Days until half have completed"), "median_days", "0"),
        Column(_("95% interval"), ("median_days_low", "median_days_high"), "0"),
    ]
    return table("waktu-kelompok", _("Time to complete by group"), groups, columns, k, note)


def _use(off: Record, sessions: Record) -> str:
    """Sessions, weekends and hours in words."""
    return _(
        "A session ends with a pause of more than {gap} minutes; a middle learner had {n}. "
        "{sessions_share} of the sessions began outside office hours (of the clicks {share}, 95% "
        "interval {low} to {high}), {weekend} of the clicks fell on a weekend. Hours are those of "
        "the learner's own time zone."
    ).format(
        gap=number(sessions["gap_minutes"], 0), n=number(sessions["median_per_user"], 0),
        sessions_share=percent(off["sessions_share"]), share=percent(off["events_share"]),
        low=percent(off["events_share_low"]), high=percent(off["events_share_high"]),
        weekend=percent(off["weekend_share"]),
    )  # fmt: skip


def _device_table(items: Records, k: int) -> Table | None:
    columns = [
        Column(_("Used through"), "label"),
        Column(_("n"), "n", "n"),
        Column(_("Share of users"), "share", "%"),
        Column(_("95% interval"), SHARE, "%"),
        Column(_("Share of clicks"), "events_share", "%"),
    ]
    return table("perangkat", _("How the platform is reached"), items, columns, k)


def _hazard_table(items: Records, k: int) -> Table | None:
    columns = [
        Column(_("Variable"), "label"),
        Column(_("Hazard ratio"), "hazard_ratio", "2"),
        Column(_("95% interval"), ("hazard_ratio_low", "hazard_ratio_high"), "2"),
        Column(_("p"), "hazard_ratio_p", "p"),
    ]
    note = _(
        "Cox model, all variables together, each ratio an average over time. Above 1: completes "
        "sooner, for a number by each unit more. Association, not cause."
    )
    return table("laju-selesai", _("Who completes sooner"), items, columns, k, note)


def _learning(dose: Record) -> list[Element]:
    """How use goes with what was learned: association alone."""
    if dose.get("per_hour") is None:
        return []
    text = _(
        "Each further hour on the platform goes with {slope} {unit} more on {label} "
        "(95% interval {between}; {p})."
    ).format(
        slope=number(dose["per_hour"], digits_for(dose["per_hour"])),
        unit=dose["unit"], label=dose["label"],
        between=interval(
            dose["per_hour_low"], dose["per_hour_high"], digits_for(dose["per_hour"])
        ),
        p=p_is(dose["per_hour_p"]),
    )  # fmt: skip
    heading = Heading(_("Does more use go with more learning?"))
    note = _("An association: people chose themselves how much and when to learn.")
    return [heading, Paragraph(text), Paragraph(note, "note")]


def _access_table(program: Program, items: Records, k: int) -> Table | None:
    def name(row: Record) -> str:
        return f"{variable_label(program, row['stem'][2])}: {row['label']}"

    columns = [
        Column(_("Group"), name),
        Column(_("n"), "n", "n"),
        Column(_("Used the platform"), "used_share", "%"),
        Column(_("Completed"), "completed_share", "%"),
        Column(_("Middle time, minutes"), "median_minutes", "0"),
        Column(_("p (completion)"), "completed_share_p", "p"),
    ]
    return table("akses", _("Access by group"), items, columns, k, fold=True)
