"""What the program is, how it was evaluated, what it cost, and what was had for it; and what stands
beside the chapters: the technical annex, questions that no chapter is about, and what the evaluator
wrote by hand, marked as such."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from evaluasi_lib import claims
from evaluasi_lib.claims import told_effects, told_of_design, variable_label
from evaluasi_lib.findings.observe import short_label
from evaluasi_lib.measures import (
    EvaluationResult,
    Measure,
    OwnText,
    Quality,
    Record,
    as_plain,
    effects_of,
    measure_id,
    ratings_of,
    record_of,
    texts_at,
    threats_of,
    wide,
)
from evaluasi_lib.program import SURVEYS, Costs, Outcome, Program
from evaluasi_lib.program import Column as Declared
from evaluasi_lib.reporting import tables
from evaluasi_lib.reporting.elements import (
    Bullets,
    Element,
    Figure,
    Heading,
    Paragraph,
    Section,
    Table,
    section,
)
from evaluasi_lib.reporting.figures import plot_shares
from evaluasi_lib.reporting.figures_scores import plot_flow
from evaluasi_lib.reporting.tables import (
    listed,
    listed_fields,
    said_of,
    say,
    scale_records,
    table_evidence,
    table_items,
    table_waves,
)
from evaluasi_lib.wording import (
    _,
    choose,
    count,
    date,
    join_words,
    joined,
    plural,
    word_for,
)

Elements = list[Element | None]


def section_program(program: Program, result: EvaluationResult) -> Section:
    """The program in brief, its objectives, and the outcomes as declared."""
    info, k = result.program, program.privacy.min_cell
    facts: dict[str, Any] = as_plain(info) | {"design": program.design.type}
    facts["period"] = facts["reported"] = None
    if info.period_start is not None:
        low, high = date(info.period_start), date(info.period_end)
        facts["period"] = _("{low} to {high}").format(low=low, high=high)
    if info.reported is not None:
        told = "{date}" if program.report.date else _("{date} (last day of the program)")
        facts["reported"] = told.format(date=date(info.reported))
    elements: Elements = []
    if program.description:
        elements.append(Paragraph(choose(program.description)))
    if program.objectives:
        elements += [
            Heading(_("Objectives")),
            Bullets([choose(objective.text) for objective in program.objectives], ordered=True),
        ]
    none = _("The program declares neither a description nor objectives.")
    shares = claims.shares_of_persons(program)
    details: Elements = [
        listed_fields("program", facts, k),
        listed("luaran", [_declared(o, o.id in shares) for o in program.outcomes], k),
        *recorded(program, result),
    ]
    return section("program", elements, none, details)


def _declared(outcome: Outcome, of_persons: bool) -> dict[str, Any]:
    """An outcome as it was declared before results were seen; shares in percentage points."""
    sesoi = outcome.sesoi
    return {
        "label": choose(outcome.label),
        "level": outcome.level,
        "unit": claims.say("points") if of_persons else choose(outcome.unit),
        "better": _("more") if outcome.direction == "higher" else _("less"),
        "sesoi": sesoi * 100 if sesoi and of_persons else sesoi,
    }


def section_methodology(program: Program, result: EvaluationResult) -> Section:
    """Design, flow of persons, links, quality of data, and threats to the conclusions."""
    k, rows, quality = program.privacy.min_cell, result.rows, result.quality
    flow = wide(rows, "sample/flow/*")
    steps = listed("alur", flow, k)
    threats = _threats(result)
    primary = told_effects(program, rows, "primary")
    evidence = table_evidence(rows, primary, k)
    elements: Elements = [
        Paragraph(told_of_design(program, "how")),
        _sample(program, result),
        plot_flow(flow, k) or (steps if len(flow) > 1 else None),
        table_waves(rows, primary, k),
        Paragraph(said_of("rows", as_plain(quality)), see=("tbl-pembersihan",)),
        Paragraph(_("What threatens these conclusions"), see=("tbl-bukti",)) if threats else None,
        Bullets(threats) if threats else None,
        None if evidence else Paragraph(say("unrated"), "note"),
    ]
    sources = [
        {"name": name, "role": source.role, "wave": source.wave, "file": source.file}
        for name, source in program.sources.items()
    ]
    details: Elements = [
        listed("sumber", sources, k),
        Paragraph(say(f"link.{program.link if len(sources) > 1 else 'one_file'}")),
        steps if steps not in elements else None,
        evidence,
        Heading(_("Quality of data")) if quality.problems else None,
        Bullets(list(quality.problems)) if quality.problems else None,
    ]
    return section("metodologi", elements, details=details)


def _threats(result: EvaluationResult) -> list[str]:
    """Each threat once, with the outcomes that it concerns where these are not all."""
    named: dict[str, list[str]] = {}
    for row in threats_of(result.rows):
        if row.note:
            named.setdefault(row.note, []).append(f"“{row.label}”")
    n = len(ratings_of(result.rows))
    return [
        text if len(labels) >= n else say("threat", threat=text, outcomes=join_words(labels))
        for text, labels in named.items()
    ]


def _sample(program: Program, result: EvaluationResult) -> Paragraph:
    analysed, reason = tables.analysed(result.rows, program.privacy.min_cell)
    if analysed is None:
        return Paragraph(say("not_analysed", reason=reason.rstrip(".")), "note")
    text = plural("{n} person is in the analysis.", "{n} persons are in the analysis.", analysed)
    sentences = [
        text.format(n=count(analysed)),
        said_of("response", record_of(result.rows, "sample")),
        _("Answers are weighted to the population.") if program.population else "",
    ]
    return Paragraph(joined(sentences))


def section_efficiency(program: Program, result: EvaluationResult) -> Section:
    """Costs by category, cost of the effect, benefits in money."""
    k, costs, rows = program.privacy.min_cell, program.costs, result.rows
    money = record_of(rows, "efficiency")
    if costs is None or money["total_cost_idr"] is None:
        reason = money["total_cost_idr_reason"]
        return section("efisiensi", [], tables.why(reason, k) if reason else say("no_costs"))
    notes = [_loading(costs, money, k)]
    notes += [tables.why(text, k) for text in texts_at(result.remarks, "efficiency", "money")]
    elements: list[Element | None] = [
        Paragraph(said_of("cost", money | {"year": costs.price_year}), see=("tbl-pos-biaya",)),
        listed_fields("biaya", money, k),
        *(Paragraph(note, "note") for note in notes),
    ]
    details = [listed("pos-biaya", wide(rows, "efficiency/costs/*"), k)]
    if cost := record_of(rows, "efficiency/cost_per_unit_effect"):
        labels = {effect.outcome: effect.label for effect in effects_of(rows, "primary")}
        label = labels.get(cost["subject"], cost["subject"])
        elements.append(Paragraph(_per_effect(cost, label, k), see=("tbl-biaya-efek",)))
        details.append(listed("biaya-efek", _per_outcome(result), k))
    if benefits := wide(rows, "efficiency/benefits/*"):
        for benefit, declared in zip(benefits, costs.benefits, strict=True):
            benefit["isolation"] = declared.isolation
        cases = wide(rows, "efficiency/sensitivity/*")
        elements += [
            listed("kepekaan-manfaat", cases, k),
            Paragraph(say("benefits"), "note", ("tbl-manfaat",)) if cases else None,
        ]
        details.append(listed("manfaat", benefits, k))
    return section("efisiensi", elements, details=details)


def _loading(costs: Costs, money: Record, k: int) -> str:
    """What the costs hold, and the cost of a training hour."""
    text = say("time_included" if costs.participant_time is not None else "time_left_out")
    reason = money["cost_per_jp_idr_reason"]
    return joined([text, said_of("hour", money) or (reason and tables.why(reason, k))])


def _per_effect(cost: Record, label: str, k: int) -> str:
    if cost["estimate"] is None:
        return say("no_unit_cost", reason=tables.why(cost["reason"], k).rstrip("."))
    return said_of("unit_cost", cost | {"label": label})


def _per_outcome(result: EvaluationResult) -> list[Record]:
    """Cost of a unit of each outcome's effect; none where all lack one for the same reason, which
    the chapter says."""
    items = wide(result.rows, "efficiency/cost_per_effect/*")
    if all(item["estimate"] is None for item in items) and len({i["reason"] for i in items}) == 1:
        return []
    drawn = wide(result.rows, "efficiency/cost_per_effect/*/bootstrap")
    for item, draws in zip(items, drawn, strict=True):
        item["outcome"] = _("{label} ({unit})").format(label=item["label"], unit=item["unit"])
        item["drawn_low"], item["drawn_high"] = draws["estimate_low"], draws["estimate_high"]
    return items


ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+(.*)")
SIGNED_IN = "putusan"  # the chapter that a signature answers for
FEW = 4  # questions that a chapter tells of in words
NOT_KEPT = ("drop", "nip", "respondent_code", "name", "email", "phone")


def own_blocks(program: Program, result: EvaluationResult, chapter: str) -> list[Element]:
    """The evaluator's own texts of one chapter; after the verdict, who signs; in the annex, all of
    them as a table."""
    found: list[Element | None] = []
    k, rows = program.privacy.min_cell, {row.id: row for row in result.rows}
    texts = [text for text in result.own_texts if text.chapter == chapter]
    if texts:
        found.append(Heading(_("The evaluator's own words")))
    for text in texts:
        found += markdown(text.text)
        found.append(Paragraph(_mark(text, rows), "note"))
    if chapter == SIGNED_IN and program.report.signatories:
        signed = [
            {"role": who.role, "position": who.position, "signature": "",
             "name": joined([who.name, who.number], ", ")}
            for who in program.report.signatories
        ]  # fmt: skip
        found += [Heading(_("Signed")), listed("tanda-tangan", signed, k)]
    if chapter == "lampiran":
        found.append(listed("catatan-penilai", result.own_texts, k))
    return [element for element in found if element is not None]


def _mark(text: OwnText, rows: dict[str, Measure]) -> str:
    """Whose words these are, what they rest on, and who should act by when."""
    kind: str = text.kind
    if kind == "finding" and text.good is not None:
        kind = "strength" if text.good else "weakness"
    parts = [say("own", kind=word_for("own_kind", kind))]
    if text.evidence:
        cited = (rows[id] for id in text.evidence if id in rows)
        named = (f"{row.label} ({row.id})" if row.label else row.id for row in cited)
        parts.append(_("It rests on: {named}.").format(named="; ".join(named)))
    if text.owner or text.due:
        owner = text.owner or _("owner not named yet")
        due = date(text.due) if text.due else _("no date yet")
        parts.append(_("{owner}, by {due}.").format(owner=owner, due=due))
    return joined(parts)


def markdown(text: str) -> Iterator[Element]:
    """The paragraphs, headings and lists of a Markdown text; all other signs stay as they are, for
    they are escaped where they are rendered."""
    for block in re.split(r"\n\s*\n", text.strip().replace("\r\n", "\n")):
        lines = block.split("\n")
        items = [ITEM.fullmatch(line) for line in lines]
        if heading := re.fullmatch(r"#{1,6}\s+(.*)", block):
            yield Heading(heading[1], 4)
        elif all(items):
            ordered = lines[0].lstrip()[:1].isdigit()
            yield Bullets([item[1] for item in items if item], ordered=ordered)
        elif block.strip():
            yield Paragraph(" ".join(line.strip() for line in lines))


# What was asked or recorded besides instruments and barriers


def asked_in_surveys(program: Program, result: EvaluationResult) -> list[Element]:
    """Every closed question of the surveys as bars, then all of them as tables, and what has no
    number."""
    sources = [n for n, s in program.sources.items() if s.role in SURVEYS]
    figures = []
    for source in sources:
        questions: dict[str, list[Record]] = {}
        for answer in wide(result.rows, measure_id("asked", source, "*", "*")):
            questions.setdefault(answer["stem"][2], []).append(answer)
        wave = word_for("wave", program.sources[source].wave)
        for name, answers in questions.items():
            # A question is asked as it stands, and its commonest answer is what it says.
            title = _("{question} ({wave})").format(question=answers[0]["note"], wave=wave)
            figures.append(plot_shares(answers, f"tanya-{source}-{name}", title))
    tables = _tables(program, result, sources, "pertanyaan")
    found = [element for element in (*figures, *tables) if element is not None]
    return [Heading(_("What else was asked")), *found] if found else []


def told_further(elements: Sequence[Element]) -> Paragraph | None:
    """Where the answers to the other questions stand."""
    figures = [element for element in elements if isinstance(element, Figure)]
    see = tuple(element.anchor for element in elements if isinstance(element, Table))
    if not see:
        return None
    every = _("The answers to all other questions of the surveys")
    if len(figures) > FEW:
        return Paragraph(every, "note", see)
    text = joined([figure.title + " " + figure.answer for figure in figures])
    return Paragraph(text or every, see=see)


def recorded(program: Program, result: EvaluationResult) -> list[Element]:
    """Who the persons are and what registers know of them, as tables."""
    sources = [n for n, s in program.sources.items() if s.role not in SURVEYS]
    return _tables(program, result, sources, "latar")


def _tables(
    program: Program, result: EvaluationResult, sources: Collection[str], kind: str
) -> list[Element]:
    k, rows = program.privacy.min_cell, result.rows
    places = [measure_id("asked", source, "*") for source in sources]
    answers = [row for place in places for row in wide(rows, f"{place}/*")]
    numbers = [row for place in places for row in wide(rows, place)]
    within = [
        row | {"who": f"{variable_label(program, row['stem'][4])}: {row['group']}"}
        for place in places
        for row in wide(rows, f"{place}/*/*/*")
    ]
    without = "" if any(program.sources[source].wave for source in sources) else "wave"
    found: list[Element | None] = [
        listed(kind, answers, k, without=without),
        listed(f"{kind}-angka", numbers, k, without=without),
        listed(f"{kind}-kelompok", within, k, without=without),
    ]
    unsaid = [
        remark.text
        for remark in result.remarks
        if remark.id.startswith("asked/") and remark.id.split("/")[1] in sources
    ]
    if unsaid:
        found += [Heading(_("Questions without a number")), Bullets(unsaid)]
    return [element for element in found if element is not None]


# The annex


def section_appendix(program: Program, result: EvaluationResult) -> Section:
    """What the technical annex holds, and of it what belongs to no chapter: the codebook, cleaning,
    files and software."""
    k, origin = program.privacy.min_cell, result.provenance
    scales = scale_records(result.rows)
    version = say("version", version=origin.code_version, seed=origin.seed)
    details: list[Element | None] = [
        listed("dimensi", [s for s in scales if "." in s["subject"]], k),
        listed("reliabilitas", [s for s in scales if s["n_items"] > 1], k),
        table_items(result.rows, k),
        _codebook(program, result.quality, k),
        listed("pembersihan", result.quality.changes, k),
        listed("masukan", origin.inputs, k),
        listed("paket", list(origin.packages.items()), k),
        Paragraph(version, "note"),
    ]
    return section("lampiran", [Paragraph(say("annex"))], details=details)


def _codebook(program: Program, quality: Quality, k: int) -> Table | None:
    """Every variable: what was asked, where and when, and what its values mean."""
    rows = [
        (
            name,
            short_label(choose(column.label) or column.header),
            source_name,
            source.wave,
            _values(program, name, column) or "—",
        )
        for source_name, source in program.sources.items()
        for name, column in source.columns.items()
        if column.type not in NOT_KEPT and f"{source_name}/{name}" not in quality.left_out
    ]
    return listed("buku-kode", rows, k)


def _values(program: Program, name: str, column: Declared) -> str:
    """The labels of a scale, category or multi question, from low to high."""
    scale = program.scale_of(name, column)
    if column.type == "item" and scale is not None:
        if scale.labels:
            places = range(scale.min, scale.max + 1)
            return "; ".join(f"{n} {label}" for n, label in zip(places, scale.labels, strict=True))
        return _("{low} to {high}").format(low=scale.min, high=scale.max)
    if column.categories:
        return "; ".join(choose(label) for label in column.categories.values())
    if column.options:
        texts = (v[0] if isinstance(v, list) else choose(v) for v in column.options.values() if v)
        return "; ".join(tables.option_word(text) for text in texts)
    return ""
