"""The report over all programs: side by side, without a total that hides what differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args

import numpy as np

from evaluasi_lib.findings import portfolio as compare
from evaluasi_lib.findings.portfolio import Pooled, Ranked, Result
from evaluasi_lib.findings.rules import finding_kinds
from evaluasi_lib.reporting import tables
from evaluasi_lib.reporting.columns import CI, FORMS, Cell, Column, between, figure_cell, table
from evaluasi_lib.reporting.elements import Element, Heading, Paragraph, Section
from evaluasi_lib.reporting.figures import plot_effects
from evaluasi_lib.reporting.figures_portfolio import plot_cost_effect, plot_evidence_map
from evaluasi_lib.reporting.index import evidence_range
from evaluasi_lib.results import Decision, Effect
from evaluasi_lib.scoring.costs import comparable_costs
from evaluasi_lib.wording import (
    _,
    choose,
    count,
    digits_for,
    interval,
    join_words,
    number,
    p_value,
    percent,
    word_for,
)

HIGH_I2 = 0.75  # Higgins et al. 2003: considerable heterogeneity
Elements = Sequence[Element | None]


def portfolio_sections(results: Sequence[Result]) -> list[Section]:
    """The sections over several result.json, in the order given; a note where there is none."""
    if not results:
        text = _("There is no report yet. Make some first: evaluasi report --all.")
        return [Section("ringkasan", _("All programs"), (Paragraph(text, "note"),))]
    return [
        _section("ringkasan", _("All programs"), _summary(results)),
        _section("pengaruh", _("Effects and changes, level by level"), _forests(results)),
        _section("biaya", _("Cost against effect"), _costs(results)),
        _section("bukti", _("How far the evidence carries"), _evidence(results)),
        _section("gabungan", _("Outcomes that can be pooled"), _pooled(results)),
        _section("kelemahan", _("Weaknesses that programs share"), _weaknesses(results)),
        _section("peringkat", _("Ranking by several criteria"), _ranking(results)),
        _section("oecd-dac", _("Which questions the reports answer (OECD-DAC)"), _dac(results)),
        _section("siklus", _("From cycle to cycle"), _cycles(results)),
    ]


def _section(id: str, title: str, elements: Elements) -> Section:
    shown = tuple(e for e in elements if e is not None)
    nothing = Paragraph(_("No report has data for this."), "note")
    return Section(id, title, shown or (nothing,))


def _summary(results: Sequence[Result]) -> Elements:
    found = compare.side_by_side(results)
    decisions = [row["decision"] for row in found]
    parts = [
        f"{count(decisions.count(d))} {word_for('decision', d).lower()}"
        for d in get_args(Decision)
        if d in decisions
    ]
    rows = [
        {**row, "evidence": evidence_range(result)}
        for result, row in zip(results, found, strict=True)
    ]
    columns = [
        Column(_("Program"), "name"),
        Column(_("Verdict"), "decision", "decision"),
        Column(_("Stability"), "stability_share", "%"),
        Column(_("Evidence, 0-5"), "evidence"),
        Column(_("Analysed"), "analysed", "n"),
        Column(_("Completed"), "completion_share", "%"),
        Column(_("Cost per completer"), "cost_per_completer_idr", "Rp"),
    ]
    lead = _("{n} programs: {parts}.").format(n=count(len(results)), parts=join_words(parts))
    note = _(
        "Stability is the share of repetitions, with inputs redrawn and limits moved, in which the "
        "verdict stays the same."
    )
    return [
        Paragraph(lead, "lead"),
        table("berdampingan", _("Programs side by side"), rows, columns, 0),
        Paragraph(note, "note"),
    ]


def effect_of(record: Mapping[str, Any], label: str) -> Effect:
    """An estimate of result.json as the class that figures and tables take, under a new label."""
    known = {f.name: record[f.name] for f in fields(Effect) if f.name in record}
    return Effect(**{**known, "label": label, "warnings": tuple(record.get("warnings", ()))})


def _forests(results: Sequence[Result]) -> Elements:
    elements: list[Element | None] = []
    for level in compare.LEVELS:
        effects = [
            effect_of(e, f"{compare.name_of(r)}: {e['label']}")
            for r in results
            for _i, e in compare.primaries_of(r)
            if e["level"] == level
        ]
        if effects:
            word = word_for("level", level)
            title = _("{level}: what changed, program by program?").format(level=word)
            elements += [
                Heading(word),
                plot_effects(effects, f"hutan-{level}", title),
                tables.table_effects(effects, f"pengaruh-{level}", word, 0),
            ]
    return elements


def _costs(results: Sequence[Result]) -> Elements:
    names = {r["program"]["id"]: compare.name_of(r) for r in results}
    rows = [
        {**cost, "program": compare.name_of(r), "label": labels.get(cost["outcome"])}
        for r in results
        if (cost := r["efficiency"]["cost_per_unit_effect"])
        for labels in [{e["outcome"]: e["label"] for e in reversed(r["effects"])}]
    ]
    price = [Column(_("Cost per unit"), "estimate", "Rp"), Column(_("95% interval"), CI, "Rp")]
    columns = [
        Column(_("Program"), "program"),
        Column(_("Outcome"), lambda row: row["label"] or row["outcome"]),
        Column(_("Unit"), "unit"),
        *price,
    ]
    shared = [
        Column(_("Outcome"), lambda c: f"{c['label']} ({c['unit']})"),
        Column(_("Program"), lambda c: names[c["program"]]),
        Column(_("Price level"), "price_year"),
        *price,
    ]
    note = _("Compare rows of the same outcome and unit only.")
    title = _("Programs with the same outcome, in the same unit, at the same wave")
    return [
        plot_cost_effect(results),
        table("biaya-satuan", _("Cost of one unit of effect"), rows, columns, 0, note),
        table("biaya-sebanding", title, comparable_costs(results), shared, 0),
    ]


def _evidence(results: Sequence[Result]) -> Elements:
    rows = [
        dict(zip(compare.LEVELS, row, strict=True), program=compare.name_of(r))
        for r, row in zip(results, compare.evidence_map(results), strict=True)
    ]
    levels = [Column(word_for("level", level), level, "n") for level in compare.LEVELS]
    columns = [Column(_("Program"), "program"), *levels]
    caption = _("Lowest evidence rating, 0-5, by level")
    return [plot_evidence_map(results), table("peta-bukti", caption, rows, columns, 0)]


def _pooled(results: Sequence[Result]) -> Elements:
    pooled = [compare.pool(group) for group in compare.comparable(results)]
    if not pooled:
        text = _(
            "No two programs measured the same outcome in the same unit, at the same time and with "
            "the same kind of claim, so nothing is pooled."
        )
        return [Paragraph(text, "note")]
    columns = [
        Column(_("Outcome"), "label"),
        Column(_("Claim"), "claim", "claim"),
        Column(_("Programs"), "k", "n"),
        Column(_("Mean"), "estimate", "2"),
        Column(_("95% interval"), lambda p: interval(p.ci_low, p.ci_high, 2)),
        Column("I²", "i2", "%"),
        Column(_("p of Q"), lambda p: p_value(p.q_p_value)),
        Column(
            _("Prediction interval"), lambda p: interval(p.prediction_low, p.prediction_high, 2)
        ),
    ]
    method = _(
        "Random effects: Paule-Mandel variance, Hartung-Knapp interval; a prediction interval from "
        "three programs on. Two programs say little about how such programs vary. Units are those "
        "of each outcome."
    )
    return [
        *(Paragraph(_pooled_sentence(p)) for p in pooled),
        table("gabungan", _("Random-effects means"), pooled, columns, 0, method),
    ]


def _pooled_sentence(p: Pooled) -> str:
    programs = join_words(list(p.names))
    if p.i2 >= HIGH_I2:
        return _(
            "{label}: {programs} differ more than chance explains (I² {i2}), so their mean in the "
            "table says little: read them one by one."
        ).format(label=p.label, programs=programs, i2=percent(p.i2))
    digits = digits_for(p.estimate, p.ci_low, p.ci_high)
    return _(
        "{label}: over {programs} the mean is {mean} {unit} (95% interval {interval})."
    ).format(
        label=p.label,
        programs=programs,
        mean=number(p.estimate, digits),
        unit=p.unit,
        interval=interval(p.ci_low, p.ci_high, digits),
    )


def _weaknesses(results: Sequence[Result]) -> Elements:
    kinds = finding_kinds().weaknesses
    columns = [
        Column(_("Weakness"), lambda row: choose(kinds[row["kind"]].name)),
        Column(_("Programs"), lambda row: figure_cell(len(row["programs"]), count)),
        Column(_("Which"), lambda row: join_words(row["programs"])),
        Column(_("For example"), "example"),
    ]
    caption = _("Weaknesses of two programs or more")
    return [table("kelemahan-bersama", caption, compare.common_weaknesses(results), columns, 0)]


def _ranking(results: Sequence[Result]) -> Elements:
    ranked = compare.rank_programs(results)
    passed = [r for r in ranked if r.rank is not None]
    used = list(passed[0].utilities) if passed else []
    columns = [
        Column(_("Program"), "name"),
        Column(_("Place"), lambda r: count(r.rank)),
        *(Column(word_for("criterion", name), _utility(name)) for name in used),
        Column(_("First in"), lambda r: figure_cell(r.rank_shares[0], percent)),
        Column(_("Places in 90% of the draws"), _usual_places),
    ]
    gates = [
        Column(_("Program"), "name"),
        Column(_("Gates not passed"), lambda r: join_words([_gate_word(g) for g in r.failed])),
    ]
    failed = [r for r in ranked if r.rank is None]
    text = _(
        "An aid to discussion, not a verdict. Only programs that pass every gate are ranked, and "
        "nothing makes good for a failed gate. Each criterion runs from 0 to 1; all weigh the "
        "same. Stability: {n} draws of other weights, with what is unknown drawn too."
    ).format(n=count(compare.DRAWS))
    no_cost = _(
        "Cost is left out of the ranking: these programs do not all measure one outcome alike, or "
        "give their costs at different price levels, so what a completer costs says nothing about "
        "which is better."
    )
    return [
        Paragraph(text),
        Paragraph(no_cost, "note") if len(passed) > 1 and "cost" not in used else None,
        table("peringkat", _("Programs that pass the gates"), passed, columns, 0),
        table("gerbang", _("Not ranked, and why"), failed, gates, 0),
    ]


def _utility(criterion: str) -> Callable[[Ranked], Cell]:
    return lambda ranked: figure_cell(ranked.utilities[criterion], FORMS["2"])


def _usual_places(r: Ranked) -> str:
    """The places between the 5th and the 95th percentile of the draws."""
    reached = np.cumsum(r.rank_shares)
    first, last = (int(np.argmax(hit)) + 1 for hit in (reached > 0.05, reached >= 0.95))
    return count(first) if first == last else f"{count(first)}–{count(last)}"


def _gate_word(gate: str) -> str:
    return word_for("gate", gate).format(limit=count(compare.MIN_RATING))


def _dac(results: Sequence[Result]) -> Elements:
    rows = [
        {name: status for name, (status, _p) in compare.dac_coverage(r).items()}
        | {"program": compare.name_of(r)}
        for r in results
    ]
    note = _(
        "The criteria are questions, not a scale, so there is no total. In part: a change without "
        "comparison group, only part of the costs, or only what holds participants back."
    )
    criteria = [Column(word_for("dac", c), c, "dac_status") for c in compare.DAC]
    columns = [Column(_("Program"), "program"), *criteria]
    return [table("oecd-dac", _("Coverage of the OECD-DAC criteria"), rows, columns, 0, note)]


def _cycles(results: Sequence[Result]) -> Elements:
    series: dict[str, list[Result]] = {}
    for r in sorted(results, key=lambda r: str(r["program"]["cycle"])):
        if r["program"].get("series"):
            series.setdefault(r["program"]["series"], []).append(r)
    moved = [
        {**e, "program": name}
        for group in series.values()
        for pairs in compare.comparable(group)
        for name, e in pairs
    ]
    outcomes = [
        Column(_("Outcome"), "label"),
        Column(_("Program"), "program"),
        Column(_("Estimate"), "estimate", "2"),
        Column(_("95% interval"), CI, "2"),
        Column(_("Unit"), "unit"),
        Column(_("Conclusion"), "conclusion", "conclusion"),
    ]
    followed = [{**f, "program": compare.name_of(r)} for r in results for f in r["follow_up"]]
    advice = [
        Column(_("Recommendation"), "text"),
        Column(_("Program"), "program"),
        Column(_("Cycle"), "from_cycle"),
        Column(_("Status"), "status", "status"),
        Column(
            _("What changed since"),
            lambda f: (f["change"] or {}).get("sentence") or f["reason"] or "—",
        ),
    ]
    trends = [
        {**point, "text": f["text"], "indicator": f["change"]["indicator"]}
        for f in followed
        if f["change"]
        for point in f["change"]["trend"]
    ]
    indicators = [
        Column(_("Recommendation"), "text"),
        Column(_("Indicator"), "indicator"),
        Column(_("Cycle"), "cycle"),
        Column(_("Value"), lambda p: figure_cell(p["value"], _unit_of(p))),
        Column(_("95% interval"), lambda p: between(p["ci_low"], p["ci_high"], _unit_of(p))),
    ]
    caption = _("Outcomes of the same program, cycle by cycle")
    return [
        table("seri", caption, moved, outcomes, 0),
        table("siklus", _("Earlier recommendations"), followed, advice, 0),
        table("tren", _("Their indicators, cycle by cycle"), trends, indicators, 0),
    ]


def _unit_of(point: Mapping[str, Any]) -> Callable[[float], str]:
    """Shares as per cent, other indicators with about three figures."""
    if point["indicator"].endswith("share"):
        return lambda value: percent(value, 1)
    return FORMS["figures"]
