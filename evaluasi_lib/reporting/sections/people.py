"""Who takes part, what holds people back, who completes; how the e-learning platform is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluasi_lib.claims import is_nothing, variable_label
from evaluasi_lib.findings.observe import is_missed
from evaluasi_lib.measures import Measure, Record, record_of, texts_at, value_at, wide
from evaluasi_lib.program import Program
from evaluasi_lib.reporting import words
from evaluasi_lib.reporting.elements import (
    Bullets,
    Element,
    Heading,
    Paragraph,
    Section,
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
from evaluasi_lib.reporting.tables import listed
from evaluasi_lib.reporting.words import say
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.wording import _, count, digits_for, interval, join_words, number, p_is, percent

PART = "elearning"
Elements = list[Element | None]


def section_participation(program: Program, result: EvaluationResult) -> Section:
    """Stages, reasons to leave, barriers, motivation, drivers, representation."""
    rows, k = result.rows, program.privacy.min_cell
    stages, barriers = _stages(rows), wide(rows, "participation/barriers/*")
    places = dict.fromkeys(
        row.id.rpartition("/")[0] for row in rows if row.id.startswith("participation/drivers/")
    )
    drivers = [record for place in places for record in wide(rows, place)]
    if all(stage["n"] is None for stage in stages) and not barriers and not drivers:
        reason = record_of(rows, "participation")["reason"]
        none = _("The program has no data on participation.")
        return section("partisipasi", [], words.why(reason, k) if reason else none)
    elements: Elements = []
    groups = wide(rows, "participation/barriers/*/*/*")
    for row in groups:
        variable = row["stem"][3]
        of_completers = variable == "completed"
        name = say("completed") if of_completers else variable_label(program, variable)
        row["who"] = f"{name}: {row['group']}"
    details: Elements = [
        listed("kepesertaan", stages, k),
        listed("hambatan", barriers, k),
        listed("hambatan-kelompok", groups, k),
    ]
    if (completed := value_at(rows, "participation/completion_share")) is not None:
        text = say("completion", share=percent(completed))
        elements.append(Paragraph(text, see=("tbl-kepesertaan",)))
    reasons = wide(rows, "participation/dropout_reasons/*")
    left, why = plot_shares(reasons, "alasan-berhenti"), listed("alasan-berhenti", reasons, k)
    elements.append(told(left, why))
    details += [left, why]
    if barriers:
        named = [b for b in barriers if not is_nothing(b["subject"], b["label"])]
        elements += [Heading(_("Barriers")), plot_shares(named, "hambatan")]
    for found in wide(rows, "participation/motivation"):
        elements += [Heading(_("Motivation")), Paragraph(_motivation(found, k))]
    notes = texts_at(result.remarks, "participation", "drivers")
    if drivers or notes:
        sentences = [driver["note"] for driver in drivers if driver["note"]]
        drawn, gaps = plot_drivers(drivers, result.remarks), listed("pendorong", drivers, k)
        see = tuple(one.anchor for one in (drawn, gaps) if one is not None)
        elements += [
            Heading(_("Who completes, and who does not")),
            Bullets(sentences) if sentences else None,
            *(Paragraph(note, "note") for note in notes),
            Paragraph(_("Every difference with its interval"), "note", see) if see else None,
        ]
        details += [drawn, gaps]
    if present := wide(rows, "participation/representation/*/*"):
        elements += [
            Heading(_("Who is missed")),
            Paragraph(_missed(program, present), see=("tbl-keterwakilan",)),
        ]
        details.append(listed("keterwakilan", _named(program, present), k))
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


def _motivation(found: Record, k: int) -> str:
    if found["mean_after"] is None:
        reason = words.why(found["reason"], k).rstrip(".")
        return say("not_known", label=found["label"], reason=reason)
    numbers = {name: number(found[name], 2) for name in ("mean_before", "mean_after", "change")}
    return say(
        "motivation", label=found["label"], p=p_is(found["change_p"]), n=count(found["n"]),
        between=interval(found["change_low"], found["change_high"], 2), **numbers,
    )  # fmt: skip


def _missed(program: Program, items: list[Record]) -> str:
    under = [
        say(
            "missed", variable=variable_label(program, i["stem"][2]), group=i["label"],
            share=percent(i["share"]), expected=percent(i["population_share"]),
        )
        for i in items
        if is_missed(i)
    ]  # fmt: skip
    if not under:
        return _("No group is clearly less present than in the population.")
    return _("Less present than in the population: {listed}.").format(listed=join_words(under))


def _named(program: Program, groups: list[Record]) -> list[Record]:
    """Records with the name of their group and of the variable that it is a value of."""
    return [
        row | {"who": f"{variable_label(program, row['stem'][2])}: {row['label']}"}
        for row in groups
    ]


def section_elearning(program: Program, result: EvaluationResult) -> Section:
    """Funnel, modules, calendar, time to complete, dose and access."""
    rows, plan, k = result.rows, program.elearning, program.privacy.min_cell
    whole = record_of(rows, PART)
    if plan is None or whole["users"] is None:
        none = _("The program has no log of an e-learning platform.")
        return section("elearning", [], words.why(whole["reason"], k) if whole["reason"] else none)
    alone = {record["stem"][1]: record for record in wide(rows, f"{PART}/*")}
    funnel, curve = wide(rows, f"{PART}/funnel/*"), wide(rows, f"{PART}/curve/*")
    first = funnel[0]["n"] if funnel else None
    stages = [s | {"share": s["n"] / first if s["n"] is not None and first else None}
              for s in funnel]  # fmt: skip
    details: Elements = []
    elements: Elements = [
        Paragraph(_headline(whole, alone)),
        Paragraph(words.why(whole["reason"], k), "note") if whole["reason"] else None,
        plot_funnel(funnel, k) or listed("corong", stages, k),
        Paragraph(alone["funnel"]["reason"], "note") if "funnel" in alone else None,
        listed("akses", _named(program, wide(rows, f"{PART}/access/*/*")), k),
    ]
    if hours := wide(rows, f"{PART}/heatmap/*/*"):
        calendar = plot_calendar(hours, plan.work_hours)
        elements.append(told(calendar))
        details += [
            Heading(_("When people learn")),
            calendar,
            Paragraph(_use(alone["off_hours"], alone["sessions"])),
            listed("perangkat", wide(rows, f"{PART}/devices/*"), k),
            Paragraph(say("holidays"), "note"),
        ]
    if curve:
        days = plot_completion(curve, whole["median_days_to_complete"])
        test = alone.get("log_rank")
        note = say("log_rank", p=p_is(test["p_value"])) if test else ""
        elements.append(told(days))
        details += [
            Heading(_("How long it takes")),
            days,
            listed("waktu-kelompok", wide(rows, f"{PART}/time/*"), k, note),
            listed("laju-selesai", wide(rows, f"{PART}/hazards/*"), k),
        ]
    elements += _learning(alone.get("dose_response") or Record())
    details.append(listed("modul", wide(rows, f"{PART}/modules/*"), k))
    return section("elearning", elements, details=details)


def _headline(whole: Record, alone: Mapping[str, Record]) -> str:
    sentences = [say("users", n=count(whole["users"]))]
    if whole["off_hours_share"] is not None:
        sentences.append(say("off_hours", share=percent(whole["off_hours_share"])))
    if time := alone.get("time_on_task"):
        sentences += [say("time", minutes=number(time["median_minutes"], 0)), time["note"]]
    return " ".join(sentences)


def _use(off: Record, sessions: Record) -> str:
    """Sessions, weekends and hours in words."""
    return say(
        "use", gap=number(sessions["gap_minutes"], 0), n=number(sessions["median_per_user"], 0),
        sessions_share=percent(off["sessions_share"]), share=percent(off["events_share"]),
        low=percent(off["events_share_low"]), high=percent(off["events_share_high"]),
        weekend=percent(off["weekend_share"]),
    )  # fmt: skip


def _learning(dose: Record) -> list[Element]:
    """How use goes with what was learned: association alone."""
    slope = dose["per_hour"]
    if slope is None:
        return []
    digits = digits_for(slope)
    text = say(
        "dose", slope=number(slope, digits), unit=dose["unit"], label=dose["label"],
        between=interval(dose["per_hour_low"], dose["per_hour_high"], digits),
        p=p_is(dose["per_hour_p"]),
    )  # fmt: skip
    heading = Heading(_("Does more use go with more learning?"))
    return [heading, Paragraph(text), Paragraph(say("association"), "note")]
