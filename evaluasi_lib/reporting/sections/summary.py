"""The first page: what was decided and why, how sure that is, what changed, what to do; and the
chapters behind it: strengths and weaknesses, the verdict, earlier recommendations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from evaluasi_lib.claims import Told, noun_of, told_effects
from evaluasi_lib.findings.observe import PROMISED
from evaluasi_lib.findings.verdict import decision_table
from evaluasi_lib.measures import Effect, effects_of, ratings_of, record_of
from evaluasi_lib.program import Program
from evaluasi_lib.reporting import words
from evaluasi_lib.reporting.elements import (
    Bullets,
    Columns,
    Element,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Section,
    section,
)
from evaluasi_lib.reporting.figures import SMALL, plot_effects
from evaluasi_lib.reporting.tables import listed, said_of
from evaluasi_lib.reporting.words import say
from evaluasi_lib.results import EvaluationResult, Finding, FollowUp, Recommendation
from evaluasi_lib.wording import (
    _,
    count,
    date,
    digits_for,
    interval,
    joined,
    number,
    own,
    plural,
    word_for,
)

E = TypeVar("E", bound=Effect)
Elements = list[Element | None]
SHOWN = 3  # effects, strengths, weaknesses and actions of the first page
ANSWERED = 2  # weaknesses that a recommendation's row spells out; more are counted


def section_summary(program: Program, result: EvaluationResult) -> Section:
    """The first page of the report: all of it fits one page of A4."""
    primary = told_effects(program, result.rows, "primary")
    shown, means = _first_effects(primary), words.means_of(program, result.rows, primary)
    verdict = result.verdict
    sure = [_rating_sentence(result), *verdict.certainty[1:], *verdict.would_change]
    strengths, weaknesses = (
        [f.statement for f in not_told(result, findings)][:SHOWN]
        for findings in (result.strengths, result.weaknesses)
    )
    no_strength = say("none_beside" if result.strengths else "no_strength")
    undone = sum(f.status in PROMISED for f in result.follow_up)
    promises = plural(
        "{n} promise of earlier cycles is not kept yet.",
        "{n} promises of earlier cycles are not kept yet.",
        undone,
    )
    elements: Elements = [
        Paragraph(say("synthetic"), "warning") if program.synthetic else None,
        Paragraph(words.explored_sentence(result.explored), "warning") if result.explored else None,
        Paragraph(words.verdict_sentence(result), "lead"),
        Columns(
            (
                _part(_("Why"), verdict.reasons),
                _part(_("How sure, and what would change it"), sure),
            )
        ),
        KeyFigures(tuple(_effect_card(effect, means) for effect in shown)) if shown else None,
        Paragraph(_in_numbers(program, result)),
        plot_effects(primary, look=SMALL),
        Columns(
            (
                _part(_("Strengths"), strengths, no_strength),
                _part(_("Weaknesses"), weaknesses, say("no_weakness")),
            )
        ),
        Columns(((Heading(_("What to do first")), _actions(result.recommendations[:SHOWN])),)),
        Paragraph(promises.format(n=count(undone)), see=("tbl-tindak-lanjut",)) if undone else None,
    ]
    return section("ringkasan", elements)


def _part(
    title: str, items: Sequence[str], otherwise: str = ""
) -> tuple[Heading | Bullets | Paragraph, ...]:
    """A heading with its list, or with why there is none."""
    return Heading(title), Bullets(items) if items else Paragraph(otherwise, "note")


def _rating_sentence(result: EvaluationResult) -> str:
    """The strength of evidence over the primary outcomes: the range of their ratings."""
    ratings = ratings_of(result.rows)
    if not ratings:
        return say("no_rating")
    low, high = min(ratings.values()), max(ratings.values())
    meant = word_for("rating", str(low))
    if low == high:
        return say("rating", rating=count(low), words=meant)
    weakest = next(outcome for outcome, rating in ratings.items() if rating == low)
    labels = {effect.outcome: effect.label for effect in effects_of(result.rows, "primary")}
    label = labels.get(weakest, weakest)
    return say("ratings", low=count(low), high=count(high), label=label, words=meant)


def _first_effects(primary: Sequence[E]) -> list[E]:
    """The first outcomes that could be estimated, in their declared order; harm before all."""
    known = [effect for effect in primary if effect.estimate is not None]
    return sorted(known, key=lambda effect: effect.conclusion != "worsened")[:SHOWN]


def _effect_card(effect: Told, means: Mapping[str, str]) -> KeyFigure:
    """One outcome: from what to what, the estimate with its interval, and what it means."""
    estimate, low, high, sesoi = (
        None if x is None else x * effect.factor
        for x in (effect.estimate, effect.ci_low, effect.ci_high, effect.sesoi)
    )
    digits = digits_for(estimate, low, high)
    shown, claim = number(estimate, digits), noun_of(effect)
    if effect.outcome in means:  # else the estimate is the card's own number
        claim = joined([claim, shown])
    found = word_for("conclusion", effect.conclusion)
    between = interval(low, high, digits)
    meaning = say("meaning", claim=claim, between=between, conclusion=found)
    if sesoi is not None:
        meaning = say("matters", meaning=meaning, sesoi=number(sesoi, digits_for(sesoi)))
    label = _("{label} ({unit})").format(label=effect.label, unit=effect.shown_unit)
    return KeyFigure(label, means.get(effect.outcome, shown), meaning)


def _in_numbers(program: Program, result: EvaluationResult) -> str:
    """Persons in the analysis, completion and cost, in one sentence."""
    analysed, reason = words.analysed(result.rows, program.privacy.min_cell)
    parts = [
        say("in_analysis", n=reason if analysed is None else count(analysed)),
        said_of("measured_after", record_of(result.rows, "sample/waves/post")),
        said_of("completed_by", record_of(result.rows, "participation")),
        said_of("cost_of_one", record_of(result.rows, "efficiency")),
    ]
    return _("In numbers — {parts}.").format(parts=joined(parts, "; "))


def not_told(result: EvaluationResult, findings: Sequence[Finding]) -> list[Finding]:
    """The findings that the effects of the first page have not told already."""
    shown = _first_effects(effects_of(result.rows, "primary"))
    said = {f"effect.{effect.outcome}" for effect in shown}
    return [finding for finding in findings if finding.id not in said]


def _actions(items: Sequence[Recommendation]) -> Bullets | Paragraph:
    if not items:
        return Paragraph(say("no_recommendation"), "note")
    lines = [
        say(
            "action",
            text=item.text.rstrip("."),
            owner=item.owner or _("owner not named yet"),
            due=date(item.due) if item.due else _("no date yet"),
        )
        for item in items
    ]
    return Bullets(lines, ordered=True)


def section_findings(program: Program, result: EvaluationResult) -> Section:
    """The strengths and weaknesses that the first page has no room for; all of them, with the
    sections that show them, in the details."""
    elements: Elements = []
    details: Elements = []
    for title, kind, findings in (
        (_("Further strengths"), "kekuatan", result.strengths),
        (_("Further weaknesses"), "kelemahan", result.weaknesses),
    ):
        further = not_told(result, findings)[SHOWN:]
        # The chapter on methods names the threats already.
        texts = [f.statement for f in further if not f.id.startswith("threat.")]
        elements += [Heading(title), Bullets(texts)] if texts else []
        details.append(listed(kind, findings, program.privacy.min_cell))
    none = _("The first page names every strength and weakness that was found.")
    return section("kekuatan-kelemahan", elements, none, details)


def section_verdict(program: Program, result: EvaluationResult) -> Section:
    """All recommendations; the first page has the verdict and its reasons."""
    k, verdict, items = program.privacy.min_cell, result.verdict, result.recommendations
    told = say("by_rule", verdict=words.verdict_sentence(result), rule=verdict.rule or "—")
    actions = [
        {
            "text": f"{place}. {item.text}",
            "priority": count(item.priority),
            "owner": item.owner or _("not named yet"),
            "due": date(item.due),
            "status": item.status,
            "place": count(place),
            "answers": _answered(item, result.weaknesses),
            "watch": item.watch,
        }
        for place, item in enumerate(items, 1)
    ]
    rules = [
        {
            "rule": row.rule,
            "situation": own(row.text),
            "decision": row.decision,
            "applied": _("applied") if row.rule == verdict.rule else "—",
        }
        for row in decision_table().rows
    ]
    elements: Elements = [
        Paragraph(told, see=("tbl-aturan-putusan",)),
        listed("rekomendasi", actions, k) or Paragraph(say("no_recommendation"), "note"),
    ]
    details = [listed("rekomendasi-dasar", actions, k), listed("aturan-putusan", rules, k)]
    return section("putusan", elements, details=details)


def _answered(item: Recommendation, weaknesses: Sequence[Finding]) -> str:
    """The weaknesses that a recommendation answers, the heaviest first."""
    said = {w.id: w.statement for w in weaknesses}
    answered = [said[id] for id in item.addresses if id in said]
    texts = answered[:ANSWERED]
    if len(answered) > ANSWERED:
        texts.append(_("And {n} more.").format(n=count(len(answered) - ANSWERED)))
    return " ".join(texts) or "—"


def section_follow_up(program: Program, result: EvaluationResult) -> Section:
    """What became of the recommendations of earlier cycles."""
    k = program.privacy.min_cell
    rows = [
        {"text": f.text, "from_cycle": f.from_cycle, "status": f.status, "reason": f.reason,
         "change": change_words(f, k)}
        for f in result.follow_up
    ]  # fmt: skip
    none = _("The program declares no recommendations of earlier cycles.")
    return section("tindak-lanjut", [listed("tindak-lanjut", rows, k)], none)


def change_words(followed: FollowUp, k: int) -> str:
    """The change of a followed indicator, as its own sentence where it brings one."""
    change = followed.change or {}
    if change.get("sentence"):
        return str(change["sentence"])
    before, after = change.get("before"), change.get("after")
    if isinstance(before, (int, float)) and isinstance(after, (int, float)):
        digits = digits_for(before, after)
        return _("from {before} to {after}").format(
            before=number(before, digits), after=number(after, digits)
        )
    return words.why(change.get("reason") or followed.reason, k)
