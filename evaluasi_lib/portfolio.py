"""The report over all programs: side by side, without a total that hides what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args

import numpy as np

from evaluasi_lib.findings import portfolio as compare
from evaluasi_lib.findings.portfolio import Pooled, Ranked, Result
from evaluasi_lib.findings.rules import finding_kinds
from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.elements import Element, Heading, Paragraph, Section, Table
from evaluasi_lib.reporting.figures import plot_effects
from evaluasi_lib.reporting.figures_portfolio import plot_cost_effect, plot_evidence_map
from evaluasi_lib.reporting.index import evidence_range
from evaluasi_lib.reporting.tables import Cell, build, figure_cell
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
    rupiah,
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


def _table(
    id: str,
    caption: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    note: str = "",
    reasons: Sequence[str | None] = (),
) -> Table | None:
    """A table; reasons: of each row's nulls."""
    each = [(row, reasons[i] if reasons else None) for i, row in enumerate(rows)]
    return build(id, caption, columns, each, 0, note)


def _summary(results: Sequence[Result]) -> Elements:
    found = compare.side_by_side(results)
    decisions = [row["decision"] for row in found]
    parts = [
        f"{count(decisions.count(d))} {words.decision_word(d).lower()}"
        for d in get_args(Decision)
        if d in decisions
    ]
    rows = [
        [
            row["name"], words.decision_word(row["decision"]),
            figure_cell(row["stability_share"], percent), evidence_range(result),
            figure_cell(row["analysed"], count), figure_cell(row["completion_share"], percent),
            figure_cell(row["cost_per_completer_idr"], rupiah),
        ]
        for result, row in zip(results, found, strict=True)
    ]  # fmt: skip
    columns = [
        _("Program"), _("Verdict"), _("Stability"), _("Evidence, 0-5"), _("Analysed"),
        _("Completed"), _("Cost per completer"),
    ]  # fmt: skip
    lead = _("{n} programs: {parts}.").format(n=count(len(results)), parts=join_words(parts))
    note = _(
        "Stability is the share of repetitions, with inputs redrawn and limits moved, in which the "
        "verdict stays the same."
    )
    table = _table("berdampingan", _("Programs side by side"), columns, rows)
    return [Paragraph(lead, "lead"), table, Paragraph(note, "note")]


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
            word = words.level_word(level)
            title = _("{level}: what changed, program by program?").format(level=word)
            elements += [
                Heading(word),
                plot_effects(effects, f"hutan-{level}", title),
                tables.table_effects(effects, f"pengaruh-{level}", word, 0),
            ]
    return elements


def _costs(results: Sequence[Result]) -> Elements:
    found = [(r, c) for r in results if (c := r["efficiency"]["cost_per_unit_effect"])]
    rows = [
        [
            compare.name_of(r),
            next((e["label"] for e in r["effects"] if e["outcome"] == c["outcome"]), c["outcome"]),
            str(c["unit"]), *_price(c),
        ]
        for r, c in found
    ]  # fmt: skip
    columns = [_("Program"), _("Outcome"), _("Unit"), _("Cost per unit"), _("95% interval")]
    note = _("Compare rows of the same outcome and unit only.")
    caption = _("Cost of one unit of effect")
    names = {r["program"]["id"]: compare.name_of(r) for r in results}
    shared = comparable_costs(results)
    same = [
        [f"{c['label']} ({c['unit']})", names[c["program"]], str(c["price_year"]), *_price(c)]
        for c in shared
    ]
    heads = [
        _("Outcome"), _("Program"), _("Price level"), _("Cost per unit"), _("95% interval"),
    ]  # fmt: skip
    title = _("Programs with the same outcome, in the same unit, at the same wave")
    return [
        plot_cost_effect(results),
        _table("biaya-satuan", caption, columns, rows, note, [c["reason"] for _r, c in found]),
        _table("biaya-sebanding", title, heads, same, reasons=[c["reason"] for c in shared]),
    ]


def _price(cost: Mapping[str, Any]) -> list[Cell]:
    ends = tables.between(cost["ci_low"], cost["ci_high"], rupiah)
    return [figure_cell(cost["estimate"], rupiah), ends]


def _evidence(results: Sequence[Result]) -> Elements:
    rows = [
        [compare.name_of(r), *[figure_cell(cell, count) for cell in row]]
        for r, row in zip(results, compare.evidence_map(results), strict=True)
    ]
    columns = [_("Program"), *[words.level_word(level) for level in compare.LEVELS]]
    caption = _("Lowest evidence rating, 0-5, by level")
    return [plot_evidence_map(results), _table("peta-bukti", caption, columns, rows)]


def _pooled(results: Sequence[Result]) -> Elements:
    pooled = [compare.pool(group) for group in compare.comparable(results)]
    if not pooled:
        text = _(
            "No two programs measured the same outcome in the same unit, at the same time and with "
            "the same kind of claim, so nothing is pooled."
        )
        return [Paragraph(text, "note")]
    rows = [
        [
            p.label, words.claim_word(p.claim), figure_cell(p.k, count),
            figure_cell(p.estimate, number, 2), interval(p.ci_low, p.ci_high, 2),
            figure_cell(p.i2, percent), p_value(p.q_p_value),
            interval(p.prediction_low, p.prediction_high, 2),
        ]
        for p in pooled
    ]  # fmt: skip
    columns = [
        _("Outcome"), _("Claim"), _("Programs"), _("Mean"), _("95% interval"), "I²", _("p of Q"),
        _("Prediction interval"),
    ]  # fmt: skip
    method = _(
        "Random effects: Paule-Mandel variance, Hartung-Knapp interval; a prediction interval from "
        "three programs on. Two programs say little about how such programs vary. Units are those "
        "of each outcome."
    )
    table = _table("gabungan", _("Random-effects means"), columns, rows, method)
    return [*[Paragraph(_pooled_sentence(p)) for p in pooled], table]


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
    rows = [
        [choose(kinds[row["kind"]].name), figure_cell(len(row["programs"]), count),
         join_words(row["programs"]), row["example"]]
        for row in compare.common_weaknesses(results)
    ]  # fmt: skip
    columns = [_("Weakness"), _("Programs"), _("Which"), _("For example")]
    return [_table("kelemahan-bersama", _("Weaknesses of two programs or more"), columns, rows)]


def _ranking(results: Sequence[Result]) -> Elements:
    ranked = compare.rank_programs(results)
    passed = [r for r in ranked if r.rank is not None]
    used = list(passed[0].utilities) if passed else []
    criteria = {
        "effectiveness": _("Effect"),
        "evidence": _("Evidence"),
        "participation": _("Completion"),
        "cost": _("Cost"),
    }
    rows = [
        [
            r.name, count(r.rank), *[figure_cell(r.utilities[c], number, 2) for c in used],
            figure_cell(r.rank_shares[0], percent), _usual_places(r),
        ]
        for r in passed
    ]  # fmt: skip
    columns = [_("Program"), _("Place"), *[criteria[c] for c in used],
               _("First in"), _("Places in 90% of the draws")]  # fmt: skip
    gates = [
        [r.name, join_words([_gate_word(g) for g in r.failed])] for r in ranked if r.rank is None
    ]
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
        _table("peringkat", _("Programs that pass the gates"), columns, rows),
        _table("gerbang", _("Not ranked, and why"), [_("Program"), _("Gates not passed")], gates),
    ]


def _usual_places(r: Ranked) -> str:
    """The places between the 5th and the 95th percentile of the draws."""
    reached = np.cumsum(r.rank_shares)
    first, last = (int(np.argmax(hit)) + 1 for hit in (reached > 0.05, reached >= 0.95))
    return count(first) if first == last else f"{count(first)}–{count(last)}"


def _gate_word(gate: str) -> str:
    return {
        "harm": _("an outcome got worse"),
        "open": _("the evidence does not suffice for a verdict"),
        "evidence": _("evidence rating below {limit}").format(limit=count(compare.MIN_RATING)),
    }[gate]


def _dac(results: Sequence[Result]) -> Elements:
    status = {"covered": _("answered"), "partly": _("in part"), "none": "—"}
    rows = [
        [compare.name_of(r), *[status[s] for s, _p in compare.dac_coverage(r).values()]]
        for r in results
    ]
    names = {
        "relevance": _("Relevance"), "coherence": _("Coherence"),
        "effectiveness": _("Effectiveness"), "efficiency": _("Efficiency"),
        "impact": _("Impact"), "sustainability": _("Sustainability"),
    }  # fmt: skip
    note = _(
        "The criteria are questions, not a scale, so there is no total. In part: a change without "
        "comparison group, only part of the costs, or only what holds participants back."
    )
    columns = [_("Program"), *[names[c] for c in compare.DAC]]
    return [_table("oecd-dac", _("Coverage of the OECD-DAC criteria"), columns, rows, note)]


def _cycles(results: Sequence[Result]) -> Elements:
    series: dict[str, list[Result]] = {}
    for r in sorted(results, key=lambda r: str(r["program"]["cycle"])):
        if r["program"].get("series"):
            series.setdefault(r["program"]["series"], []).append(r)
    moved = [
        [
            e["label"], name, figure_cell(e["estimate"], number, 2),
            tables.between(e["ci_low"], e["ci_high"], number, 2), e["unit"],
            words.conclusion_word(e["conclusion"]),
        ]
        for group in series.values()
        for pairs in compare.comparable(group)
        for name, e in pairs
    ]  # fmt: skip
    outcomes = [
        _("Outcome"), _("Program"), _("Estimate"), _("95% interval"), _("Unit"), _("Conclusion"),
    ]  # fmt: skip
    followed = [(r, f) for r in results for f in r["follow_up"]]
    rows = [
        [f["text"], compare.name_of(r), str(f["from_cycle"]), words.status_word(f["status"]),
         (f["change"] or {}).get("sentence") or f["reason"] or "—"]
        for r, f in followed
    ]  # fmt: skip
    columns = [_("Recommendation"), _("Program"), _("Cycle"), _("Status"), _("What changed since")]
    changes = [(f["text"], f["change"]) for _r, f in followed if f["change"]]
    trends = [
        [text, change["indicator"], str(point["cycle"]),
         figure_cell(point["value"], _in_unit, change["indicator"]),
         tables.between(point["ci_low"], point["ci_high"], _in_unit, change["indicator"])]
        for text, change in changes
        for point in change["trend"]
    ]  # fmt: skip
    heads = [_("Recommendation"), _("Indicator"), _("Cycle"), _("Value"), _("95% interval")]
    return [
        _table("seri", _("Outcomes of the same program, cycle by cycle"), outcomes, moved),
        _table("siklus", _("Earlier recommendations"), columns, rows),
        _table("tren", _("Their indicators, cycle by cycle"), heads, trends),
    ]


def _in_unit(value: float, indicator: str) -> str:
    """Shares as per cent, other indicators with about three figures."""
    if indicator.endswith("share"):
        return percent(value, 1)
    return number(value, digits_for(value))
