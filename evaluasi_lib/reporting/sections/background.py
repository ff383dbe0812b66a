"""What the program is, and how it was evaluated.

What it cost, and what was had for it.
"""

from __future__ import annotations

from evaluasi_lib.claims import say, shares_of_persons, told_effects, told_of_design
from evaluasi_lib.measures import (
    Record,
    effects_of,
    ratings_of,
    record_of,
    texts_at,
    threats_of,
    value_at,
    wide,
)
from evaluasi_lib.program import Costs, Outcome, Program
from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.elements import (
    Bullets,
    Element,
    Heading,
    Paragraph,
    Section,
    Table,
    section,
)
from evaluasi_lib.reporting.figures_scores import plot_flow
from evaluasi_lib.reporting.sections.appendix import recorded
from evaluasi_lib.reporting.tables import FORMS, Cell, Column, figure_cell, table
from evaluasi_lib.results import EvaluationResult, ProgramInfo
from evaluasi_lib.wording import (
    _,
    choose,
    count,
    date,
    join_words,
    percent,
    plural,
    rupiah,
    word_for,
)


def section_program(program: Program, result: EvaluationResult) -> Section:
    """The program in brief, its objectives, and the outcomes as declared."""
    info = result.program
    k = program.privacy.min_cell
    facts: list[tuple[str, str]] = [
        (_("Agency"), info.organisation),
        (_("Kind"), word_for("kind", info.kind)),
        (_("Cycle"), info.cycle),
    ]
    if info.period_start is not None:
        low, high = date(info.period_start), date(info.period_end)
        facts.append((_("Period"), _("{low} to {high}").format(low=low, high=high)))
    facts += _imprint(program, info)
    facts.append((_("How participants were chosen"), word_for("design", program.design.type)))
    elements: list[Element | None] = []
    if program.description:
        elements.append(Paragraph(choose(program.description)))
    brief = [Column(_("Item"), 0), Column(_("Content"), 1)]
    if program.objectives:
        elements += [
            Heading(_("Objectives")),
            Bullets([choose(objective.text) for objective in program.objectives], ordered=True),
        ]
    none = _("The program declares neither a description nor objectives.")
    details: list[Element | None] = [
        table("program", _("The program in brief"), facts, brief, k),
        _outcome_table(program),
        *recorded(program, result),
    ]
    return section("program", elements, none, details)


def _imprint(program: Program, info: ProgramInfo) -> list[tuple[str, str]]:
    """Date of the report, its number, who wrote it and whom to ask, as far as they are declared."""
    facts: list[tuple[str, str]] = []
    if info.reported is not None:
        told = "{date}" if program.report.date else _("{date} (last day of the program)")
        facts.append((_("Date of the report"), told.format(date=date(info.reported))))
    known = (
        (_("Number of the report"), info.number), (_("Written by"), info.author),
        (_("Contact"), info.contact),
    )  # fmt: skip
    return facts + [(label, text) for label, text in known if text]


def _outcome_table(program: Program) -> Table | None:
    """What was declared before results were seen; of a share of persons in percentage points."""
    shares = shares_of_persons(program)

    def least(outcome: Outcome) -> Cell:
        factor = 100 if outcome.id in shares else 1
        return figure_cell(outcome.sesoi and outcome.sesoi * factor, FORMS["figures"])

    columns = [
        Column(_("Outcome"), lambda o: choose(o.label)),
        Column(_("Level"), "level", "level"),
        Column(_("Unit"), lambda o: say("points") if o.id in shares else choose(o.unit)),
        Column(_("Better is"), lambda o: _("more") if o.direction == "higher" else _("less")),
        Column(_("Smallest effect of interest"), least),
    ]
    caption = _("Outcomes, declared before results were seen")
    outcomes, k = program.outcomes, program.privacy.min_cell
    return table("luaran", caption, outcomes, columns, k)


def section_methodology(program: Program, result: EvaluationResult) -> Section:
    """Design, sources, flow of persons, quality of data, strength of evidence."""
    k = program.privacy.min_cell
    flow = wide(result.rows, "sample/flow/*")
    steps = tables.table_flow(flow, k)
    threats = _threats(result)
    primary = told_effects(program, result.rows, "primary")
    evidence = tables.table_evidence(result.rows, primary, k)
    unrated = _("No outcome could be estimated, so no evidence is rated.")
    elements: list[Element | None] = [
        Paragraph(told_of_design(program, "how")),
        *_sample_words(program, result),
        plot_flow(flow, k) or (steps if len(flow) > 1 else None),
        tables.table_waves(result.rows, primary, k),
        Paragraph(_quality_words(result), see=("tbl-pembersihan",)),
        Paragraph(_("What threatens these conclusions"), see=("tbl-bukti",)) if threats else None,
        Bullets(threats) if threats else None,
        None if evidence else Paragraph(unrated, "note"),
    ]
    columns = [
        Column(_("Source"), 0),
        Column(_("What it is"), lambda row: word_for("role", row[1].role)),
        Column(_("Wave"), lambda row: word_for("wave", row[1].wave)),
        Column(_("File"), lambda row: row[1].file),
    ]
    sources = list(program.sources.items())
    problems = result.quality.problems
    details: list[Element | None] = [
        table("sumber", _("Sources of data"), sources, columns, k),
        Paragraph(_link_words(program)),
        steps if steps not in elements else None,
        evidence,
        Heading(_("Quality of data")) if problems else None,
        Bullets(list(problems)) if problems else None,
    ]
    return section("metodologi", elements, details=details)


def _threats(result: EvaluationResult) -> list[str]:
    """Each threat once, with the outcomes that it concerns where these are not all."""
    named: dict[str, list[str]] = {}
    for row in threats_of(result.rows):
        if row.note:
            named.setdefault(row.note, []).append(f"“{row.label}”")
    concerns, n = _("{threat} This concerns {outcomes}."), len(ratings_of(result.rows))
    return [
        text if len(labels) >= n else concerns.format(threat=text, outcomes=join_words(labels))
        for text, labels in named.items()
    ]


def _link_words(program: Program) -> str:
    if len(program.sources) == 1:
        return _("All data come from one file, so nothing had to be linked.")
    return {
        "nip": _(
            "Sources are linked by NIP, which a pseudonym replaces before anything is computed."
        ),
        "respondent_code": _("Sources are linked by a code that respondents made themselves."),
        "anonymous": _(
            "Sources are anonymous and cannot be linked, so waves are compared as independent "
            "samples, which is weaker."
        ),
    }[program.link]


def _sample_words(program: Program, result: EvaluationResult) -> list[Element]:
    analysed, reason = words.analysed(result.rows, program.privacy.min_cell)
    if analysed is None:
        reason = reason.rstrip(".")
        return [Paragraph(_("Persons in the analysis: {reason}.").format(reason=reason), "note")]
    text = plural(
        "{n} person is in the analysis.", "{n} persons are in the analysis.", analysed
    ).format(n=count(analysed))
    response = value_at(result.rows, "sample/response_rate_share")
    if response is not None:
        text += " " + _(
            "Of those invited or assigned, {share} answered at least one questionnaire."
        ).format(share=percent(response))
    if program.population:
        text += " " + _("Answers are weighted to the population.")
    return [Paragraph(text)]


def _quality_words(result: EvaluationResult) -> str:
    quality = result.quality
    return _(
        "{read} rows were read and {kept} kept; every change is listed in the appendix."
    ).format(read=count(quality.rows_read), kept=count(quality.rows_kept))


def section_efficiency(program: Program, result: EvaluationResult) -> Section:
    """Costs by category, cost of the effect, benefits in money."""
    k, costs, rows = program.privacy.min_cell, program.costs, result.rows
    money = record_of(rows, "efficiency")
    total = money["total_cost_idr"]
    if costs is None or total is None:
        none = _("The program declares no costs, so its efficiency cannot be judged.")
        reason = money["total_cost_idr_reason"]
        return section("efisiensi", [], words.why(reason, k) if reason else none)
    text = _("In prices of {year} the program cost {total}.")
    text = text.format(year=costs.price_year, total=rupiah(total))
    elements: list[Element | None] = [
        Paragraph(text, see=("tbl-pos-biaya",)),
        tables.table_efficiency(money, k),
        Paragraph(_loading(costs, money, k), "note"),
        *(
            Paragraph(words.why(text, k), "note")
            for text in texts_at(result.remarks, "efficiency", "money")
        ),
    ]
    details: list[Element | None] = [_cost_table(wide(rows, "efficiency/costs/*"), k)]
    if cost := record_of(rows, "efficiency/cost_per_unit_effect"):
        labels = {effect.outcome: effect.label for effect in effects_of(rows, "primary")}
        label = labels.get(cost["subject"], cost["subject"])
        elements.append(Paragraph(_per_effect(cost, label, k), see=("tbl-biaya-efek",)))
        details.append(_per_outcome_table(result, k))
    if benefits := wide(rows, "efficiency/benefits/*"):
        for benefit, declared in zip(benefits, costs.benefits, strict=True):
            benefit["isolation"] = declared.isolation
        cases = wide(rows, "efficiency/sensitivity/*")
        note = _("Only benefits declared in money are counted, and only those of the first year.")
        elements += [
            _sensitivity_table(cases, k),
            Paragraph(note, "note", ("tbl-manfaat",)) if cases else None,
        ]
        details.append(_benefit_table(benefits, k))
    return section("efisiensi", elements, details=details)


def _loading(costs: Costs, money: Record, k: int) -> str:
    """What the costs hold, and the cost of a training hour."""
    if costs.participant_time is not None:
        text = _("Participants' working time is included.")
    else:
        text = _("Participants' working time is not declared, so it is not included.")
    hour, reason = money["cost_per_jp_idr"], money["cost_per_jp_idr_reason"]
    if hour is not None:
        return f"{text} " + _("One training hour (JP) of one participant costs {cost}.").format(
            cost=rupiah(hour)
        )
    return f"{text} {words.why(reason, k)}" if reason else text


def _per_effect(cost: Record, label: str, k: int) -> str:
    if cost["estimate"] is None:
        return _("Cost per unit of effect: {reason}.").format(
            reason=words.why(cost["reason"], k).rstrip(".")
        )
    text = _("One unit of effect on {label} ({unit}) costs {estimate}").format(
        label=label, unit=cost["unit"], estimate=rupiah(cost["estimate"])
    )
    interval = _("(95% interval {low} to {high}).").format(
        low=rupiah(cost["estimate_low"]), high=rupiah(cost["estimate_high"])
    )
    return f"{text} {interval}"


def _cost_table(costs: list[Record], k: int) -> Table | None:
    columns = [
        Column(_("Category"), "label"),
        Column(_("Planned"), "planned_idr", "Rp"),
        Column(_("Realised"), "realised_idr", "Rp"),
        Column(_("Absorbed"), "absorption_share", "%"),
        Column(_("Share of the total"), "share_of_total", "%"),
    ]
    return table("pos-biaya", _("Costs by category"), costs, columns, k)


def _per_outcome_table(result: EvaluationResult, k: int) -> Table | None:
    """None where no outcome has one for the same reason, which the chapter says."""
    items = wide(result.rows, "efficiency/cost_per_effect/*")
    if all(item["estimate"] is None for item in items) and len({i["reason"] for i in items}) == 1:
        return None
    drawn = wide(result.rows, "efficiency/cost_per_effect/*/bootstrap")
    for item, draws in zip(items, drawn, strict=True):
        item["drawn_low"], item["drawn_high"] = draws["estimate_low"], draws["estimate_high"]
    columns = [
        Column(_("Outcome"), lambda c: f"{c['label']} ({c['unit']})"),
        Column(_("Cost of one unit of effect"), "estimate", "Rp"),
        Column(_("95% interval (Fieller)"), ("estimate_low", "estimate_high"), "Rp"),
        Column(_("95% interval (bootstrap)"), ("drawn_low", "drawn_high"), "Rp"),
    ]
    return table("biaya-efek", _("Cost of one unit of effect"), items, columns, k)


def _benefit_table(items: list[Record], k: int) -> Table | None:
    columns = [
        Column(_("Benefit"), "label"),
        Column(_("Isolated by"), "isolation", "isolation"),
        Column(_("Confidence"), "confidence_share", "%"),
        Column(_("For each person"), "per_person_idr", "Rp"),
        Column(_("Total"), "total_idr", "Rp"),
    ]
    return table("manfaat", _("Benefits valued in money, first year"), items, columns, k)


def _sensitivity_table(items: list[Record], k: int) -> Table | None:
    columns = [
        Column(_("Assumption"), "label"),
        Column(_("Cost"), "cost_idr", "Rp"),
        Column(_("Benefit"), "benefit_idr", "Rp"),
        Column(_("Benefit-cost ratio"), "bcr", "2"),
        Column(_("Return on investment, %"), "roi_pct", "1"),
    ]
    return table("kepekaan-manfaat", _("If the assumptions were others"), items, columns, k)
