"""The report over all programs: side by side, without a total that hides what differs.

Everything reads result.json as a dict (or several of them) and nothing else: what can be compared
or pooled, and what cannot. Numbers stay unrounded; one that a report does not have is None.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, NamedTuple, get_args

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


class Compared(NamedTuple):
    """One program: its name, its result.json, and the primary estimate of each outcome with what
    may be claimed of it (claims.yml)."""

    name: str
    result: Result
    primaries: list[Told]

    @classmethod
    def of(cls, result: Result) -> Compared:
        """The program of a result.json."""
        about = ProgramInfo(**result["program"])
        rows = [Measure(**row) for row in result["measures"]]
        told = told_within(rows, about.min_evidence_rating, about.shares, "primary")
        return cls(name_of(result), result, told)

    @property
    def estimates(self) -> list[Told]:
        """The primary estimates that are there."""
        return [e for e in self.primaries if e.estimate is not None]

    def value(self, *names: str) -> float | None:
        """The value of one measure."""
        return value(self.result, *names)


Programs = Sequence[Compared]


def in_common(programs: Programs) -> list[str]:
    """At most three sentences on what at least two programs share, from their rows: what holds most
    of them back, what most ask for, what their evidence carries, how many complete.

    A range, never a mean: programs differ in whom they asked, and when.
    """
    held = _("“{label}” holds back {range} of respondents in {n} of {all} programs.")
    asked = _("{range} of respondents in {n} of {all} programs ask for the module “{label}”.")
    done = _("{range} of those enrolled completed in {n} of {all} programs.")
    shares = [p.value("participation", "completion_share") for p in programs]
    said = [
        _ranged(held, _most_shared(programs, "participation", "barriers"), len(programs)),
        _ranged(asked, _most_shared(programs, "module_demand"), len(programs)),
        _carried(programs),
        _ranged(done, [("", share) for share in shares if share], len(programs)),
    ]
    return [sentence for sentence in said if sentence][:3]


def _most_shared(programs: Programs, *part: str) -> list[tuple[str, float]]:
    """(label, share) in each program that tells of it, of the option that most programs tell of;
    among these the one that is named most often where it is named least."""
    found: dict[str, list[tuple[str, float]]] = {}
    for row in (row for program in programs for row in program.result["measures"]):
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


def _carried(programs: Programs) -> str:
    """Of how many programs the evidence lets nothing that moved be called their effect."""
    moved = [(p.name, [e for e in p.estimates if e.conclusion in ("improved", "worsened")])
             for p in programs]  # fmt: skip
    without = [name for name, effects in moved if effects and not any(map(is_causal, effects))]
    if len(without) < 2:
        return ""
    return _(
        "In {n} of {all} programs the evidence lets no change be called an effect of the program: "
        "{names}."
    ).format(n=count(len(without)), all=count(len(programs)), names=join_words(without))


Group = list[tuple[str, Told]]  # the estimates of several programs, by their names


def comparable(programs: Programs) -> list[Group]:
    """Groups of at least two programs that measure the same: outcome, unit, wave, level, direction
    and claim alike. Change and effect are never mixed."""
    groups: dict[tuple[str, ...], Group] = {}
    for program in programs:
        for e in program.estimates:
            if e.std_error:
                alike = e.outcome, e.unit, e.wave, e.level, e.direction, e.claim
                groups.setdefault(alike, []).append((program.name, e))
    return [group for group in groups.values() if len(group) > 1]


def pool(group: Group) -> dict[str, Any]:
    """Random-effects mean of one comparable group (statsmodels combine_effects), in its unit.

    claim: what the weakest of them lets it be called; ratings: of their evidence, 0-5. low, high:
    Hartung-Knapp-Sidik-Jonkman with t(k - 1), variance by Paule-Mandel; least, most: ends of the
    prediction interval with t(k - 2), None for k < 3. Agrees with R metafor rma(method="PM",
    test="knha").
    """
    k, first = len(group), group[0][1]
    effects = [e for _name, e in group]
    errors = np.array([(e.std_error or 0.0) * first.factor for e in effects])
    found = combine_effects(np.array([e.estimate for e in effects]) * first.factor, errors**2,
                            method_re="iterated", use_t=True)  # fmt: skip
    mean = float(found.mean_effect_re)
    low, high = (float(x) for x in found.conf_int()[3])
    spread = float(np.sqrt(found.tau2 + found.sd_eff_w_re_hksj**2))
    reach = float(stats.t.ppf(0.975, k - 2)) * spread if k > 2 else None
    return {
        "label": first.label,
        "unit": first.shown_unit,
        "claim": noun_of(min(effects, key=lambda e: e.rating or 0)),
        "ratings": rating_range([e.rating for e in effects]),
        "names": [name for name, _e in group],
        "k": k,
        "estimate": mean,
        "low": low,
        "high": high,
        "i2": max(float(found.i2), 0.0),
        "q_p_value": float(found.test_homogeneity().pvalue),
        "least": None if reach is None else mean - reach,
        "most": None if reach is None else mean + reach,
    }


def portfolio_sections(results: Sequence[Result]) -> list[Section]:
    """The sections over several result.json, in the order given; a note where there is none."""
    if not results:
        text = _("There is no report yet. Make some first: evaluasi report --all.")
        return [Section("ringkasan", _("All programs"), (Paragraph(text, "note"),))]
    programs = [Compared.of(result) for result in results]
    nothing = Paragraph(_("No report has data for this."), "note")
    parts = {
        "ringkasan": (_("All programs"), _summary),
        "pengaruh": (_("Effects and changes, level by level"), _outcomes),
        "biaya": (_("What one unit of effect cost"), _costs),
        "gabungan": (_("Outcomes that can be pooled"), _pooled),
        "kelemahan": (_("Weaknesses that programs share"), _weaknesses),
        "siklus": (_("From cycle to cycle"), _cycles),
    }
    made = {id: tuple(e for e in make(programs) if e) for id, (_title, make) in parts.items()}
    return [Section(id, parts[id][0], shown or (nothing,)) for id, shown in made.items()]


def _summary(programs: Programs) -> Elements:
    rows = [
        {
            "name": p.name,
            "verdict": verdict_of(p.result),
            "evidence": rating_range([e.rating for e in p.primaries]),
            "analysed": p.value("sample", "analysed"),
            "completed": p.value("participation", "completion_share"),
            "cost": p.value("efficiency", "cost_per_completer_idr"),
        }
        for p in programs
    ]
    columns = [
        Column(_("Program"), "name"),
        Column(_("Verdict, and how sure"), "verdict"),
        Column(_("Evidence, 0-5"), "evidence"),
        Column(_("Analysed"), "analysed", "n"),
        Column(_("Completed"), "completed", "%"),
        Column(_("Cost per completer"), "cost", "Rp"),
    ]
    note = _(
        "Repetitions redraw the inputs and move the limits a little. Programs stand in the order "
        "of their ids, not of merit: their outcomes, times and participants differ."
    )
    shared = in_common(programs)
    nothing = _("No two programs share a finding that can be told in one sentence.")
    return [
        Heading(_("What programs have in common")),
        Bullets(shared) if shared else Paragraph(nothing, "note"),
        table("berdampingan", _("Programs side by side"), rows, columns, 0, note),
    ]


def _claimed_columns() -> list[Column]:
    """An estimate with what it may be called, and the rating of the evidence that says so."""
    return [
        Column(_("What it is"), noun_of),
        *tables.estimate_columns(),
        Column(_("Conclusion"), "conclusion", "conclusion"),
        Column(_("Evidence, 0-5"), "rating", "n"),
    ]


def _outcomes(programs: Programs) -> Elements:
    """A table for each level. No picture sets outcomes of other kinds on one axis."""
    columns = [Column(_("Outcome"), tables.with_unit), *_claimed_columns()]
    every = [replace(e, label=f"{p.name}: {e.label}") for p in programs for e in p.estimates]
    elements = [
        table(f"pengaruh-{level}", word_for("level", level), effects, columns, 0)
        for level in LEVELS
        if (effects := [e for e in every if e.level == level])
    ]
    note = _("Each outcome has a unit and a time of its own: compare no sizes across rows.")
    return [*elements, Paragraph(note, "note")] if elements else []


def _costs(programs: Programs) -> Elements:
    """Known costs of one unit of effect. Those on outcomes that at least two programs share stand
    together; the same outcome is the same id, unit and wave. Amounts keep each program's own price
    level."""
    headlines, units = [], []
    for p in programs:
        year = p.value("efficiency", "price_year")
        known = {"program": p.name, "price_year": None if year is None else int(year)}
        primaries = {e.outcome: e for e in p.primaries}
        for row in [row for row in p.result["measures"] if row["value"] is not None]:
            e = primaries.get(row["subject"])
            if row["id"] == "efficiency/cost_per_unit_effect/estimate" and e is not None:
                about = {"label": e.label, "claimed": noun_of(e), "rating": e.rating}
                headlines.append({**row, **known, **about})
            at = measure_id("efficiency", "cost_per_effect", row["subject"], "estimate")
            if row["id"] == at:
                units.append({**row, **known})
    alike = itemgetter("subject", "unit", "wave")
    shared = Counter(key for key, _program in {(alike(r), r["program"]) for r in units})
    beside = sorted((r for r in units if shared[alike(r)] > 1), key=alike)
    program = Column(_("Program"), "program")
    outcome = Column(_("Outcome"), lambda c: f"{c['label']} ({c['unit']})")
    price = [Column(_("Cost per unit"), "value", "Rp"), Column(_("95% interval"), ENDS, "Rp")]
    columns = [program, outcome, *price, Column(_("What it is"), "claimed"),
               Column(_("Evidence, 0-5"), "rating", "n")]  # fmt: skip
    compared = [outcome, program, Column(_("Price level"), "price_year"), *price]
    note = _(
        "Only a design that shows an effect has its cost. Compare the same outcome and unit only."
    )
    title = _("Programs with the same outcome, in the same unit, at the same wave")
    return [
        table("biaya-satuan", _("Cost of one unit of effect"), headlines, columns, 0, note),
        table("biaya-sebanding", title, beside, compared, 0),
    ]


def _pooled(programs: Programs) -> Elements:
    groups = comparable(programs)
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
        Column(_("95% interval"), lambda p: interval(p["low"], p["high"], 2)),
        Column("I²", "i2", "%"),
        Column(_("p of Q"), lambda p: p_value(p["q_p_value"])),
        Column(_("Prediction interval"), lambda p: interval(p["least"], p["most"], 2)),
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


def _forest(group: Group) -> Figure | None:
    """One comparable outcome, program by program, in the order given."""
    first = group[0][1]
    title = _("{label}: program by program").format(label=first.label)
    answer = _("{unit}; the rows of the table above.").format(unit=first.shown_unit.capitalize())
    effects = [replace(e, label=name) for name, e in group]
    return plot_effects(effects, f"hutan-{first.outcome}-{first.wave}", title, answer)


def _pooled_sentence(p: Mapping[str, Any]) -> str:
    names = join_words(p["names"])
    if p["i2"] >= HIGH_I2:
        return _(
            "{label}: {programs} differ more than chance explains (I² {i2}), so their mean in the "
            "table says little: read them one by one."
        ).format(label=p["label"], programs=names, i2=percent(p["i2"]))
    digits = digits_for(p["estimate"], p["low"], p["high"])
    return _(
        "{label}: over {programs} the mean is {mean} {unit} (95% interval {interval})."
    ).format(
        label=p["label"], programs=names, mean=number(p["estimate"], digits), unit=p["unit"],
        interval=interval(p["low"], p["high"], digits),
    )  # fmt: skip


def _weaknesses(programs: Programs) -> Elements:
    """Kinds of weakness that two programs or more share, with an example."""
    kinds, found = finding_kinds()["weaknesses"], dict[str, dict[str, str]]()
    for program in programs:
        for weakness in program.result["texts"]["weaknesses"]:
            kind = weakness["id"].partition(".")[0]
            found.setdefault(kind, {}).setdefault(program.name, weakness["statement"])
    shared = [(kind, list(said), next(iter(said.values()))) for kind, said in found.items()
              if len(said) > 1]  # fmt: skip
    shared.sort(key=lambda row: (-len(row[1]), row[0]))
    columns = [
        Column(_("Weakness"), lambda row: choose(kinds[row[0]]["name"])),
        Column(_("Programs"), lambda row: figure_cell(len(row[1]), count)),
        Column(_("Which"), lambda row: join_words(row[1])),
        Column(_("For example"), 2),
    ]
    return [table("kelemahan-bersama", _("Weaknesses of two programs or more"), shared, columns, 0)]


def _cycles(programs: Programs) -> Elements:
    series: dict[str, list[Compared]] = {}
    for p in sorted(programs, key=lambda p: str(p.result["program"]["cycle"])):
        if name := p.result["program"].get("series"):
            series.setdefault(name, []).append(p)
    alike = [pair for cycles in series.values() for group in comparable(cycles) for pair in group]
    moved = [replace(e, subgroup=name) for name, e in alike]
    outcomes = [Column(_("Outcome"), tables.with_unit), Column(_("Program"), "subgroup"),
                *_claimed_columns()]  # fmt: skip
    followed = [{**f, "program": p.name} for p in programs for f in p.result["texts"]["follow_up"]]
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
        for f in followed if f["change"] for point in f["change"]["trend"]
    ]  # fmt: skip
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
