"""Who takes part, what holds people back, who completes; how the e-learning platform is used; what
people said and what documents show, and whether the sources agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluasi_lib.claims import is_nothing, variable_label
from evaluasi_lib.findings.observe import is_missed
from evaluasi_lib.measures import EvaluationResult, Measure, Record, record_of, texts_at, wide
from evaluasi_lib.program import Program
from evaluasi_lib.reporting import tables
from evaluasi_lib.reporting.elements import (
    Bullets,
    Element,
    Heading,
    Paragraph,
    QuoteBlock,
    Section,
    Table,
    asked,
    section,
    told,
)
from evaluasi_lib.reporting.figures import plot_drivers, plot_shares
from evaluasi_lib.reporting.figures_scores import (
    plot_calendar,
    plot_completion,
    plot_funnel,
    plot_saturation,
)
from evaluasi_lib.reporting.tables import Column, listed, said_of, say
from evaluasi_lib.wording import (
    _,
    count,
    digits_for,
    interval,
    join_words,
    joined,
    number,
    p_is,
    percent,
    plural,
    word_for,
)

PART = "elearning"
MOST_ROWS = 12
MOST_QUOTES = 3  # of the body

Elements = list[Element | None]
Parts = tuple[Elements, Elements]  # what a decision needs, and the details


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
        return section("partisipasi", [], tables.why(reason, k) if reason else none)
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
    if text := said_of("completion", record_of(rows, "participation")):
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
        reason = tables.why(found["reason"], k).rstrip(".")
        return say("not_known", label=found["label"], reason=reason)
    return said_of("motivation", found)


def _missed(program: Program, items: list[Record]) -> str:
    under = [
        said_of("missed", i | {"variable": variable_label(program, i["stem"][2])})
        for i in items
        if is_missed(i)
    ]
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
        return section("elearning", [], tables.why(whole["reason"], k) if whole["reason"] else none)
    alone = {record["stem"][1]: record for record in wide(rows, f"{PART}/*")}
    funnel, curve = wide(rows, f"{PART}/funnel/*"), wide(rows, f"{PART}/curve/*")
    first = funnel[0]["n"] if funnel else None
    stages = [s | {"share": s["n"] / first if s["n"] is not None and first else None}
              for s in funnel]  # fmt: skip
    details: Elements = []
    elements: Elements = [
        Paragraph(joined([said_of("users", whole), said_of("off_hours", whole), *_time(alone)])),
        Paragraph(tables.why(whole["reason"], k), "note") if whole["reason"] else None,
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
            Paragraph(said_of("use", alone["off_hours"] | _sessions(alone["sessions"]))),
            listed("perangkat", wide(rows, f"{PART}/devices/*"), k),
            Paragraph(say("holidays"), "note"),
        ]
    if curve:
        days = plot_completion(curve, whole["median_days_to_complete"])
        note = said_of("log_rank", alone.get("log_rank", Record()))
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


def _sessions(sessions: Record) -> dict[str, float]:
    return {name: sessions[name] for name in ("gap_minutes", "median_per_user")}


def _time(alone: Mapping[str, Record]) -> list[str]:
    """How long a middle learner was there, and how that was found."""
    time = alone.get("time_on_task")
    return [said_of("time", time), time["note"]] if time else []


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


def section_voices(program: Program, result: EvaluationResult) -> Section:
    """Open answers, interviews and documents, and what they say together."""
    k = program.privacy.min_cell
    elements: Elements = []
    details: Elements = []
    for body, more in (
        _themes(program, result, k),
        _demand(result, k),
        _interviews(result, k),
        _documents(result, k),
        _triangulation(result, k),
    ):
        elements += body
        details += more
    none = _("The program has no open answers, interviews or documents.")
    return section("suara", elements, none, details)


def _warnings(result: EvaluationResult, place: str) -> list[Paragraph]:
    return [Paragraph(text, "warning") for text in texts_at(result.remarks, "voices", place)]


def _themes(program: Program, result: EvaluationResult, k: int) -> Parts:
    themes = wide(result.rows, "themes/*/*")
    if not themes:
        return [], []
    implied = set(program.voices.asks.values()) if program.voices else set()
    spoken = [t for t in themes if t["group"] == "survey" and t["subject"] not in implied]
    labels = {(t["subject"], t["group"]): t["label"] for t in themes}
    quoted = [
        QuoteBlock(q.text, f"{labels[q.theme, q.group]} · {q.source}")
        for q in result.quotes
        if q.case is None
    ]
    elements: Elements = [
        Heading(_("Themes")),
        _unthemed(result),
        plot_shares(spoken, "tema"),
        *quoted[:MOST_QUOTES],
    ]
    return elements, [
        listed("tema", themes, k),
        listed("kode-manual", wide(result.rows, "voices/coding/*"), k),
        *_warnings(result, "coding"),
        Heading(_("In their own words")) if quoted[MOST_QUOTES:] else None,
        *quoted[MOST_QUOTES:],
    ]


def _unthemed(result: EvaluationResult) -> Paragraph | None:
    """How many answers there were, and how many the codebook could not place."""
    survey, left = (record_of(result.rows, f"voices/{name}") for name in ("survey", "unthemed"))
    if survey["answers"] is None:
        return None
    terms = texts_at(result.remarks, "voices", "unthemed", "terms")
    sentences = [
        said_of("coded", survey),
        said_of("unthemed", left) if left["n"] else "",
        say("candidates", terms=", ".join(terms)) if terms else "",
    ]
    return Paragraph(joined(sentences))


def _demand(result: EvaluationResult, k: int) -> Parts:
    demand = wide(result.rows, "module_demand/*")
    figure = plot_shares(demand, "modul-diminta")
    modules = listed("modul-diminta", demand, k)
    return [told(figure, modules)], [figure, modules]


def _interviews(result: EvaluationResult, k: int) -> Parts:
    rows = result.rows
    read, curve = record_of(rows, "voices/interviews"), wide(rows, "voices/saturation/*")
    if not read:
        return [], []
    coders, pairs = wide(rows, "voices/coders/*"), wide(rows, "voices/pairs/*/*")
    transcripts = wide(rows, "voices/transcripts/*")
    for one in transcripts:
        one["spoken"] = one["respondent_words"] / one["words"] if one["words"] else None
    saturation = plot_saturation(curve, read["saturation_point"])
    heading = Heading(_("Interviews"))
    return [heading, _coverage(read), asked(saturation) if saturation else None], [
        heading,
        saturation,
        listed("transkrip", transcripts, k),
        _table_groups(result, k),
        listed("tema-bersama", pairs[:MOST_ROWS], k),
        listed("pengode", coders, k),
        Paragraph(_alpha_words(coders)) if coders else None,
        *(e for case in wide(rows, "voices/cases/*") for e in _case(result, case, k)),
    ]


def _coverage(read: Record) -> Paragraph:
    sentences = [
        said_of("interviews", read),
        said_of("transcripts", read) if read["transcripts"] else "",
        said_of("unmarked", read) if read["unmarked_transcripts"] else "",
    ]
    return Paragraph(joined(sentences))


def _case(result: EvaluationResult, case: Record, k: int) -> Elements:
    """A page of the Success Case Method."""
    name, n = case["subject"], case["interviewees"]
    shown = tables.why(case["reason"], k) if n is None else count(n)
    themes = texts_at(result.remarks, "voices", "cases", name)
    return [
        Heading(_("Case: {name}").format(name=name)),
        Paragraph(_("Interviewees: {n}.").format(n=shown)),
        Bullets(themes) if themes else None,
        *(QuoteBlock(q.text, q.source) for q in result.quotes if q.case == name),
    ]


def _table_groups(result: EvaluationResult, k: int) -> Table | None:
    """Themes by group of interviewees: numbers where they may be shown, else words."""
    columns: list[Column] = []
    for group in wide(result.rows, "voices/group_sizes/*"):
        head, n = group["subject"] or _("All groups"), group["interviewees"]
        head = head if n is None else f"{head} (n = {count(n)})"
        columns.append(Column(head, str(len(columns))))
    by_theme: dict[str, Record] = {}
    for cell in wide(result.rows, "voices/groups/*/*"):
        row = by_theme.setdefault(cell["subject"], Record(label=cell["label"]))
        known = cell["share"] is not None
        row[str(len(row) - 1)] = (
            f"{count(cell['n'])} ({percent(cell['share'])})" if known else str(cell["note"])
        )
    rows = list(by_theme.values())[:MOST_ROWS]
    return listed("tema-kelompok", rows, k, more=columns)


def _alpha_words(records: list[Record]) -> str:
    """Krippendorff's alpha in a sentence; empty where there is none."""
    alpha = next((r["value"] for r in records if r["subject"] == "alpha_nominal"), None)
    if alpha is None:
        return ""
    word = _("too low to rest conclusions on it")
    if alpha >= 0.8:
        word = _("reliable")
    elif alpha >= 0.667:
        word = _("good enough for tentative conclusions")
    return _("Krippendorff's alpha is {value}: {word}.").format(value=number(alpha, 2), word=word)


def _documents(result: EvaluationResult, k: int) -> Parts:
    rows = result.rows
    read, indicators = wide(rows, "voices/documents/*"), wide(rows, "voices/rubric/*")
    if not read and not indicators:
        return [], []
    for one in indicators:
        said = texts_at(result.remarks, "voices", "rubric", one["subject"])
        one["question"] = " ".join(said)
        if one["mean"] is None:
            one["met"], one["reason"] = None, _("not rated")
    text = say("documents", n=count(len(read)), pages=count(sum(d["pages"] for d in read)))
    heading = Heading(_("Documents"))
    return [heading, Paragraph(text, see=("tbl-rubrik",)), *_warnings(result, "documents")], [
        heading,
        listed("rubrik", indicators, k),
        listed("bukti-dokumen", [p for p in result.passages if p.cited], k),
        listed("kandidat-bukti", [p for p in result.passages if not p.cited], k),
        listed("penelaah", wide(rows, "voices/reviewers/*"), k),
    ]


def _triangulation(result: EvaluationResult, k: int) -> Parts:
    """Whether the sources agree, a row a question; what each of them says in the details."""
    questions = result.triangulation
    if not questions:
        return [], []
    parts = []
    for code in ("convergent", "complementary", "divergent", "silent"):
        if n := sum(one.agreement == code for one in questions):
            parts.append(f"{word_for('agreement', code)}: {n}")
    n = len(questions)
    text = plural("Of {n} question — {parts}.", "Of {n} questions — {parts}.", n)
    text = text.format(n=n, parts="; ".join(parts))
    heading = Heading(_("Do the sources agree?"))
    details: Elements = [heading]
    for place, one in enumerate(questions, 1):
        sources = {_("Survey"): one.survey, _("Interview"): one.interview,
                   _("Document"): one.document}  # fmt: skip
        rows = [{"source": name, "said": said or _("silent")} for name, said in sources.items()]
        note = f"{word_for('agreement', one.agreement).capitalize()}. {one.explanation}".strip()
        details.append(listed("triangulasi-satu", rows, k, note, id=f"triangulasi-{place}",
                              question=one.question))  # fmt: skip
    return [
        heading,
        Paragraph(text, see=("tbl-triangulasi-1",)),
        listed("triangulasi", questions, k),
    ], details
