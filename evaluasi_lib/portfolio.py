"""The report over all programs: side by side, without a total that hides what differs.

Everything reads result.json as a dict (or several of them) and nothing else: what can be compared
or pooled, and what cannot. Numbers stay unrounded; one that a report does not have is None.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, get_args

import numpy as np
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from evaluasi_lib.claims import Told, is_causal, noun_of, told_within
from evaluasi_lib.findings.observe import NO_BARRIER
from evaluasi_lib.findings.verdict import finding_kinds
from evaluasi_lib.measures import Level, Measure, measure_id
from evaluasi_lib.reporting import tables
from evaluasi_lib.reporting.elements import (
    Bullets,
    Element,
    Figure,
    Heading,
    Paragraph,
    Section,
)
from evaluasi_lib.reporting.figures import plot_effects
from evaluasi_lib.reporting.index import Result, name_of, rating_range, value, verdict_of
from evaluasi_lib.reporting.tables import FORMS, Column, between, figure_cell, table
from evaluasi_lib.results import ProgramInfo
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

Elements = Sequence[Element | None]
LEVELS = get_args(Level)
ENDS = ("low", "high")
HIGH_I2 = 0.75  # Higgins et al. 2003: considerable heterogeneity


def estimates_of(result: Result) -> list[Told]:
    """The primary estimates that are there, each with what may be claimed of it."""
    return [e for e in primaries(result) if e.estimate is not None]


def primaries(result: Result) -> list[Told]:
    """The primary estimate of each outcome, with what may be claimed of it (claims.yml)."""
    about = ProgramInfo(**result["program"])
    rows = [Measure(**row) for row in result["measures"]]
    return told_within(rows, about.min_evidence_rating, about.shares, "primary")


def side_by_side(results: Sequence[Result]) -> list[dict[str, Any]]:
    """One row a program: verdict with how sure it is, size, participation, cost."""
    return [
        {
            "name": name_of(r),
            "verdict": verdict_of(r),
            "evidence": rating_range([e.rating for e in primaries(r)]),
            "analysed": value(r, "sample", "analysed"),
            "completion_share": value(r, "participation", "completion_share"),
            "cost_per_completer_idr": value(r, "efficiency", "cost_per_completer_idr"),
        }
        for r in results
    ]


def in_common(results: Sequence[Result]) -> list[str]:
    """At most three sentences on what at least two programs share, from their rows: what holds most
    of them back, what most ask for, what their evidence carries, how many complete.

    A range, never a mean: programs differ in whom they asked, and when.
    """
    held = _("“{label}” holds back {range} of respondents in {n} of {all} programs.")
    asked = _("{range} of respondents in {n} of {all} programs ask for the module “{label}”.")
    done = _("{range} of those enrolled completed in {n} of {all} programs.")
    completed = [("", x) for r in results if (x := value(r, "participation", "completion_share"))]
    said = [
        _ranged(held, _most_shared(results, "participation", "barriers"), len(results)),
        _ranged(asked, _most_shared(results, "module_demand"), len(results)),
        _carried(results),
        _ranged(done, completed, len(results)),
    ]
    return [sentence for sentence in said if sentence][:3]


def _most_shared(results: Sequence[Result], *part: str) -> list[tuple[str, float]]:
    """(label, share) in each program that tells of it, of the option that most programs tell of;
    among these the one that is named most often where it is named least."""
    found: dict[str, list[tuple[str, float]]] = {}
    for result in results:
        for row in result["measures"]:
            *place, option, measure = row["id"].split("/")
            if tuple(place) == part and measure == "share" and row["value"] is not None:
                if option not in NO_BARRIER:
                    found.setdefault(option, []).append((row["label"], row["value"]))
    return max(found.values(), key=lambda told: (len(told), min(told, key=itemgetter(1))[1]),
               default=[])  # fmt: skip


def _ranged(text: str, told: Sequence[tuple[str, float]], n: int) -> str:
    """The sentence with the range of the shares and the shortest of the labels; "" for less than
    two programs."""
    if len(told) < 2:
        return ""
    shares = [percent(share) for _label, share in sorted(told, key=itemgetter(1))]
    between = _("{low} to {high}").format(low=shares[0], high=shares[-1])
    label = min((label for label, _share in told), key=len)
    return text.format(
        label=label, range=between if shares[0] != shares[-1] else shares[0], n=count(len(told)),
        all=count(n),
    )  # fmt: skip


def _carried(results: Sequence[Result]) -> str:
    """Of how many programs the evidence lets nothing that moved be called their effect."""
    moved = [(r, [e for e in estimates_of(r) if e.conclusion in ("improved", "worsened")])
             for r in results]  # fmt: skip
    without = [name_of(r) for r, effects in moved if effects and not any(map(is_causal, effects))]
    if len(without) < 2:
        return ""
    return _(
        "In {n} of {all} programs the evidence lets no change be called an effect of the program: "
        "{names}."
    ).format(n=count(len(without)), all=count(len(results)), names=join_words(without))


def common_weaknesses(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Kinds of weakness that two programs or more share: kind, programs, an example."""
    found: dict[str, dict[str, str]] = {}
    for result in results:
        for weakness in result["texts"]["weaknesses"]:
            kind = weakness["id"].partition(".")[0]
            found.setdefault(kind, {}).setdefault(name_of(result), weakness["statement"])
    shared = [
        {"kind": kind, "programs": list(said), "example": next(iter(said.values()))}
        for kind, said in found.items()
        if len(said) > 1
    ]
    return sorted(shared, key=lambda row: (-len(row["programs"]), row["kind"]))


@dataclass(frozen=True, slots=True)
class Pooled:
    """Random-effects mean of one outcome over k programs, in its unit. claim: what the weakest
    of them lets it be called; ratings: of their evidence, 0-5.

    ci: Hartung-Knapp-Sidik-Jonkman with t(k - 1); tau2 by Paule-Mandel; prediction interval with
    t(k - 2), None for k < 3. Agrees with R metafor rma(method="PM", test="knha").
    """

    label: str
    unit: str
    claim: str
    ratings: str
    names: tuple[str, ...]
    k: int
    estimate: float
    ci_low: float
    ci_high: float
    tau2: float
    i2: float
    q_p_value: float
    prediction_low: float | None
    prediction_high: float | None


def comparable(results: Sequence[Result]) -> list[list[tuple[str, Told]]]:
    """Groups of at least two programs' (name, estimate) that measure the same: outcome, unit,
    wave, level, direction and claim alike. Change and effect are never mixed."""
    groups: dict[tuple[str, ...], list[tuple[str, Told]]] = {}
    for result in results:
        for e in estimates_of(result):
            if e.std_error:
                alike = e.outcome, e.unit, e.wave, e.level, e.direction, e.claim
                groups.setdefault(alike, []).append((name_of(result), e))
    return [group for group in groups.values() if len(group) > 1]


def pool(group: Sequence[tuple[str, Told]]) -> Pooled:
    """Random-effects meta-analysis of one comparable group (statsmodels combine_effects)."""
    k, first = len(group), group[0][1]
    weakest = min((e for _n, e in group), key=lambda e: e.rating or 0)
    found = combine_effects(
        np.array([e.estimate for _n, e in group]) * first.factor,
        np.array([(e.std_error or 0.0) * first.factor for _n, e in group]) ** 2,
        method_re="iterated",
        use_t=True,
    )
    low, high = (float(x) for x in found.conf_int()[3])
    spread = float(np.sqrt(found.tau2 + found.sd_eff_w_re_hksj**2))
    reach = float(stats.t.ppf(0.975, k - 2)) * spread if k > 2 else None
    mean = float(found.mean_effect_re)
    return Pooled(
        label=first.label,
        unit=first.shown_unit,
        claim=noun_of(weakest),
        ratings=rating_range([e.rating for _n, e in group]),
        names=tuple(name for name, _e in group),
        k=k,
        estimate=mean,
        ci_low=low,
        ci_high=high,
        tau2=float(found.tau2),
        i2=max(float(found.i2), 0.0),
        q_p_value=float(found.test_homogeneity().pvalue),
        prediction_low=None if reach is None else mean - reach,
        prediction_high=None if reach is None else mean + reach,
    )


def unit_costs(result: Result) -> list[dict[str, Any]]:
    """The rows of the known costs of one unit of effect, with the program and its price level."""
    rows = [
        row for row in result["measures"]
        if row["id"] == measure_id("efficiency", "cost_per_effect", row["subject"], "estimate")
        and row["value"] is not None
    ]  # fmt: skip
    year = value(result, "efficiency", "price_year")
    known = {"program": name_of(result), "price_year": None if year is None else int(year)}
    return [{**row, **known} for row in rows]


def comparable_costs(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Those on outcomes that at least two programs share; the same outcome is the same id, unit and
    wave. Amounts keep each program's own price level."""
    rows = [row for result in results for row in unit_costs(result)]
    key = itemgetter("subject", "unit", "wave")
    programs = Counter(found for found, _program in {(key(r), r["program"]) for r in rows})
    return sorted((r for r in rows if programs[key(r)] > 1), key=key)


def portfolio_sections(results: Sequence[Result]) -> list[Section]:
    """The sections over several result.json, in the order given; a note where there is none."""
    if not results:
        text = _("There is no report yet. Make some first: evaluasi report --all.")
        return [Section("ringkasan", _("All programs"), (Paragraph(text, "note"),))]
    return [
        _section("ringkasan", _("All programs"), _summary(results)),
        _section("pengaruh", _("Effects and changes, level by level"), _outcomes(results)),
        _section("biaya", _("What one unit of effect cost"), _costs(results)),
        _section("gabungan", _("Outcomes that can be pooled"), _pooled(results)),
        _section("kelemahan", _("Weaknesses that programs share"), _weaknesses(results)),
        _section("siklus", _("From cycle to cycle"), _cycles(results)),
    ]


def _section(id: str, title: str, elements: Elements) -> Section:
    shown = tuple(e for e in elements if e is not None)
    nothing = Paragraph(_("No report has data for this."), "note")
    return Section(id, title, shown or (nothing,))


def _summary(results: Sequence[Result]) -> Elements:
    columns = [
        Column(_("Program"), "name"),
        Column(_("Verdict, and how sure"), "verdict"),
        Column(_("Evidence, 0-5"), "evidence"),
        Column(_("Analysed"), "analysed", "n"),
        Column(_("Completed"), "completion_share", "%"),
        Column(_("Cost per completer"), "cost_per_completer_idr", "Rp"),
    ]
    note = _(
        "Repetitions redraw the inputs and move the limits a little. Programs stand in the order "
        "of their ids, not of merit: their outcomes, times and participants differ."
    )
    shared = in_common(results)
    nothing = _("No two programs share a finding that can be told in one sentence.")
    return [
        Heading(_("What programs have in common")),
        Bullets(shared) if shared else Paragraph(nothing, "note"),
        table("berdampingan", _("Programs side by side"), side_by_side(results), columns, 0, note),
    ]


def _claimed_columns() -> list[Column]:
    """An estimate with what it may be called, and the rating of the evidence that says so."""
    return [
        Column(_("What it is"), noun_of),
        *tables.estimate_columns(),
        Column(_("Conclusion"), "conclusion", "conclusion"),
        Column(_("Evidence, 0-5"), "rating", "n"),
    ]


def _outcomes(results: Sequence[Result]) -> Elements:
    """A table for each level. No picture sets outcomes of other kinds on one axis."""
    elements: list[Element | None] = []
    for level in LEVELS:
        effects = [
            replace(e, label=f"{name_of(r)}: {e.label}")
            for r in results
            for e in estimates_of(r)
            if e.level == level
        ]
        columns = [Column(_("Outcome"), tables.with_unit), *_claimed_columns()]
        elements.append(table(f"pengaruh-{level}", word_for("level", level), effects, columns, 0))
    note = _("Each outcome has a unit and a time of its own: compare no sizes across rows.")
    return [*elements, Paragraph(note, "note")] if any(elements) else []


def _costs(results: Sequence[Result]) -> Elements:
    headlines = [
        {**row, "program": name_of(r), "label": e.label, "claimed": noun_of(e), "rating": e.rating}
        for r in results
        for e in primaries(r)
        for row in r["measures"]
        if row["id"] == "efficiency/cost_per_unit_effect/estimate"
        and row["subject"] == e.outcome
        and row["value"] is not None
    ]
    price = [Column(_("Cost per unit"), "value", "Rp"), Column(_("95% interval"), ENDS, "Rp")]
    columns = [
        Column(_("Program"), "program"),
        Column(_("Outcome"), lambda c: f"{c['label']} ({c['unit']})"),
        *price,
        Column(_("What it is"), "claimed"),
        Column(_("Evidence, 0-5"), "rating", "n"),
    ]
    shared = [
        Column(_("Outcome"), lambda c: f"{c['label']} ({c['unit']})"),
        Column(_("Program"), "program"),
        Column(_("Price level"), "price_year"),
        *price,
    ]
    note = _(
        "Only a design that shows an effect has its cost. Compare the same outcome and unit only."
    )
    title = _("Programs with the same outcome, in the same unit, at the same wave")
    return [
        table("biaya-satuan", _("Cost of one unit of effect"), headlines, columns, 0, note),
        table("biaya-sebanding", title, comparable_costs(results), shared, 0),
    ]


def _pooled(results: Sequence[Result]) -> Elements:
    groups = comparable(results)
    pooled = [pool(group) for group in groups]
    if not pooled:
        text = _(
            "No two programs measured the same outcome in the same unit, at the same time and with "
            "the same kind of claim, so nothing is pooled."
        )
        return [Paragraph(text, "note")]
    columns = [
        Column(_("Outcome"), "label"),
        Column(_("What it is"), "claim"),
        Column(_("Evidence, 0-5"), "ratings"),
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
        *(_forest(group) for group in groups),
    ]


def _forest(group: Sequence[tuple[str, Told]]) -> Figure | None:
    """One comparable outcome, program by program, in the order given."""
    first = group[0][1]
    title = _("{label}: program by program").format(label=first.label)
    answer = _("{unit}; the rows of the table above.").format(unit=first.shown_unit.capitalize())
    effects = [replace(e, label=name) for name, e in group]
    return plot_effects(effects, f"hutan-{first.outcome}-{first.wave}", title, answer)


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
    kinds = finding_kinds()["weaknesses"]
    columns = [
        Column(_("Weakness"), lambda row: choose(kinds[row["kind"]]["name"])),
        Column(_("Programs"), lambda row: figure_cell(len(row["programs"]), count)),
        Column(_("Which"), lambda row: join_words(row["programs"])),
        Column(_("For example"), "example"),
    ]
    caption = _("Weaknesses of two programs or more")
    return [table("kelemahan-bersama", caption, common_weaknesses(results), columns, 0)]


def _cycles(results: Sequence[Result]) -> Elements:
    series: dict[str, list[Result]] = {}
    for r in sorted(results, key=lambda r: str(r["program"]["cycle"])):
        if r["program"].get("series"):
            series.setdefault(r["program"]["series"], []).append(r)
    moved = [
        replace(e, subgroup=name)
        for group in series.values()
        for pairs in comparable(group)
        for name, e in pairs
    ]
    outcomes = [
        Column(_("Outcome"), tables.with_unit),
        Column(_("Program"), "subgroup"),
        *_claimed_columns(),
    ]
    followed = [{**f, "program": name_of(r)} for r in results for f in r["texts"]["follow_up"]]
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
