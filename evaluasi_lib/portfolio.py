"""The report over all programs: side by side, without a total that hides what differs.

Everything reads result.json as a dict (or several of them) and nothing else: what can be compared
or pooled, and what cannot. Numbers stay unrounded; one that a report does not have is None.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple, get_args

import numpy as np
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from evaluasi_lib.claims import Told, is_causal, noun_of, told_within
from evaluasi_lib.findings.observe import NO_BARRIER
from evaluasi_lib.findings.verdict import finding_kinds
from evaluasi_lib.measures import Level, Measure, ProgramInfo, measure_id
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
from evaluasi_lib.reporting.tables import FORMS, between, estimate_rows, figure_cell, listed
from evaluasi_lib.wording import (
    Sentences,
    _,
    count,
    digits_for,
    interval,
    join_words,
    number,
    p_value,
    percent,
    word_for,
)

say = Sentences(__file__, "portfolio.yml")

Elements = Sequence[Element | None]
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
    shares = [p.value("participation", "completion_share") for p in programs]
    said = [
        _ranged("held", _most_shared(programs, "participation", "barriers"), len(programs)),
        _ranged("asked", _most_shared(programs, "module_demand"), len(programs)),
        _carried(programs),
        _ranged("done", [("", share) for share in shares if share], len(programs)),
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


def _ranged(name: str, told: Sequence[tuple[str, float]], n: int) -> str:
    """The sentence with the range of the shares and the shortest of the labels; "" for less than
    two programs."""
    if len(told) < 2:
        return ""
    shares = [percent(share) for _label, share in sorted(told, key=itemgetter(1))]
    between = _("{low} to {high}").format(low=shares[0], high=shares[-1])
    label = min((label for label, _share in told), key=len)
    shown = between if shares[0] != shares[-1] else shares[0]
    return say(name, label=label, range=shown, n=count(len(told)), all=count(n))


def _carried(programs: Programs) -> str:
    """Of how many programs the evidence lets nothing that moved be called their effect."""
    moved = [(p.name, [e for e in p.estimates if e.conclusion in ("improved", "worsened")])
             for p in programs]  # fmt: skip
    without = [name for name, effects in moved if effects and not any(map(is_causal, effects))]
    if len(without) < 2:
        return ""
    return say("carried", n=count(len(without)), all=count(len(programs)),
               names=join_words(without))  # fmt: skip


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

    what: what the weakest of them lets it be called; ratings: of their evidence, 0-5. low, high:
    Hartung-Knapp-Sidik-Jonkman with t(k - 1), variance by Paule-Mandel; prediction: with t(k - 2),
    for k > 2. Agrees with R metafor rma(method="PM", test="knha").
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
        "what": noun_of(min(effects, key=lambda e: e.rating or 0)),
        "ratings": rating_range([e.rating for e in effects]),
        "programs": join_words([name for name, _e in group]),
        "k": k,
        "mean": mean,
        "low": low,
        "high": high,
        "ends": interval(low, high, 2),
        "i2": max(float(found.i2), 0.0),
        "p": p_value(float(found.test_homogeneity().pvalue)),
        "prediction": "—" if reach is None else interval(mean - reach, mean + reach, 2),
    }


def portfolio_sections(results: Sequence[Result]) -> list[Section]:
    """The sections over several result.json, in the order given; a note where there is none."""
    if not results:
        return [Section("ringkasan", say("ringkasan"), (Paragraph(say("no_report"), "note"),))]
    programs = [Compared.of(result) for result in results]
    makers = {
        "ringkasan": _summary, "pengaruh": _outcomes, "biaya": _costs, "gabungan": _pooled,
        "kelemahan": _weaknesses, "siklus": _cycles,
    }  # fmt: skip
    found = []
    for id, make in makers.items():
        shown = tuple(element for element in make(programs) if element is not None)
        nothing = (Paragraph(say("no_data"), "note"),)
        found.append(Section(id, say(id), shown or nothing))
    return found


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
    shared = in_common(programs)
    return [
        Heading(say("in_common")),
        Bullets(shared) if shared else Paragraph(say("nothing_in_common"), "note"),
        listed("berdampingan", rows, 0),
    ]


def _outcomes(programs: Programs) -> Elements:
    """A table for each level. No picture sets outcomes of other kinds on one axis."""
    every = [replace(e, label=f"{p.name}: {e.label}") for p in programs for e in p.estimates]
    elements: list[Element | None] = []
    for level in get_args(Level):
        if rows := estimate_rows(e for e in every if e.level == level):
            word = word_for("level", level)
            elements.append(listed("pengaruh", rows, 0, id=f"pengaruh-{level}", level=word))
    return [*elements, Paragraph(say("own_units"), "note")] if elements else []


def _costs(programs: Programs) -> Elements:
    """Known costs of one unit of effect. Those on outcomes that at least two programs share stand
    together; the same outcome is the same id, unit and wave. Amounts keep each program's own price
    level."""
    headlines, units = [], []
    for p in programs:
        year = p.value("efficiency", "price_year")
        primaries = {e.outcome: e for e in p.primaries}
        for row in [row for row in p.result["measures"] if row["value"] is not None]:
            subject, e = row["subject"], primaries.get(row["subject"])
            known = row | {
                "program": p.name, "price_year": None if year is None else int(year),
                "value_low": row["low"], "value_high": row["high"],
                "outcome": f"{row['label']} ({row['unit']})",
            }  # fmt: skip
            if row["id"] == "efficiency/cost_per_unit_effect/estimate" and e is not None:
                outcome = f"{e.label} ({row['unit']})"
                headlines.append(
                    known | {"outcome": outcome, "what": noun_of(e), "rating": e.rating}
                )
            elif row["id"] == measure_id("efficiency", "cost_per_effect", subject, "estimate"):
                units.append(known)
    alike = itemgetter("subject", "unit", "wave")
    shared = Counter(key for key, _program in {(alike(r), r["program"]) for r in units})
    beside = sorted((r for r in units if shared[alike(r)] > 1), key=alike)
    return [listed("biaya-satuan", headlines, 0), listed("biaya-sebanding", beside, 0)]


def _pooled(programs: Programs) -> Elements:
    groups = comparable(programs)
    pooled = [pool(group) for group in groups]
    if not pooled:
        return [Paragraph(say("not_pooled"), "note")]
    sentences = [Paragraph(_pooled_sentence(p)) for p in pooled]
    return [*sentences, listed("gabungan", pooled, 0), *map(_forest, groups)]


def _forest(group: Group) -> Figure | None:
    """One comparable outcome, program by program, in the order given."""
    first = group[0][1]
    title = say("forest", label=first.label)
    answer = say("forest.answer", unit=first.shown_unit.capitalize())
    effects = [replace(e, label=name) for name, e in group]
    return plot_effects(effects, f"hutan-{first.outcome}-{first.wave}", title, answer)


def _pooled_sentence(p: dict[str, Any]) -> str:
    about = {"label": p["label"], "programs": p["programs"]}
    if p["i2"] >= HIGH_I2:
        return say("differ", **about, i2=percent(p["i2"]))
    digits = digits_for(p["mean"], p["low"], p["high"])
    return say("mean", **about, unit=p["unit"], mean=number(p["mean"], digits),
               interval=interval(p["low"], p["high"], digits))  # fmt: skip


def _weaknesses(programs: Programs) -> Elements:
    """Kinds of weakness that two programs or more share, with an example."""
    found: dict[str, dict[str, str]] = {}
    for program in programs:
        for weakness in program.result["texts"]["weaknesses"]:
            kind = weakness["id"].partition(".")[0]
            found.setdefault(kind, {}).setdefault(program.name, weakness["statement"])
    shared = sorted((k for k, said in found.items() if len(said) > 1),
                    key=lambda kind: (-len(found[kind]), kind))  # fmt: skip
    rows = [
        {
            "kind": finding_kinds()["weaknesses"][kind]["name"],
            "n": len(found[kind]),
            "which": join_words(list(found[kind])),
            "example": next(iter(found[kind].values())),
        }
        for kind in shared
    ]
    return [listed("kelemahan-bersama", rows, 0)]


def _cycles(programs: Programs) -> Elements:
    series: dict[str, list[Compared]] = {}
    for p in sorted(programs, key=lambda p: str(p.result["program"]["cycle"])):
        if name := p.result["program"].get("series"):
            series.setdefault(name, []).append(p)
    alike = [pair for cycles in series.values() for group in comparable(cycles) for pair in group]
    moved = estimate_rows(e for _name, e in alike)
    outcomes = [row | {"program": name} for row, (name, _e) in zip(moved, alike, strict=True)]
    followed, trends = [], []
    for program in programs:
        for item in program.result["texts"]["follow_up"]:
            change = item["change"] or {"trend": ()}
            told = change.get("sentence") or item["reason"] or "—"
            followed.append(item | {"program": program.name, "moved": told, "reason": None})
            for point in change["trend"]:
                share = change["indicator"].endswith("share")  # others with about three figures
                form = partial(percent, digits=1) if share else FORMS["figures"]
                trends.append({
                    "text": item["text"], "indicator": change["indicator"],
                    "cycle": point["cycle"], "value": figure_cell(point["value"], form),
                    "ends": between(point["ci_low"], point["ci_high"], form),
                })  # fmt: skip
    return [listed("seri", outcomes, 0), listed("siklus", followed, 0), listed("tren", trends, 0)]
