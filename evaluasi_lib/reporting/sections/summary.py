"""The first page: what was decided and why, how sure that is, what changed, what to do.

Strengths and weaknesses, the verdict, and what became of earlier recommendations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from evaluasi_lib.claims import Told, noun_of, told_effects
from evaluasi_lib.findings.observe import PROMISED
from evaluasi_lib.findings.verdict import decision_table
from evaluasi_lib.measures import Effect, effects_of, ratings_of, record_of, value_at
from evaluasi_lib.program import Program
from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.elements import (
    Bullets,
    Columns,
    Element,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Section,
    Table,
    section,
)
from evaluasi_lib.reporting.figures import SMALL, plot_effects
from evaluasi_lib.reporting.tables import Column, table
from evaluasi_lib.results import EvaluationResult, Finding, Recommendation, Verdict
from evaluasi_lib.wording import (
    _,
    count,
    date,
    digits_for,
    interval,
    number,
    own,
    percent,
    plural,
    rupiah,
    word_for,
)

E = TypeVar("E", bound=Effect)
Part = tuple[Heading | Bullets | Paragraph, ...]
SHOWN = 3  # effects, strengths, weaknesses and actions of the first page


def section_summary(program: Program, result: EvaluationResult) -> Section:
    """The first page of the report: all of it fits one page of A4."""
    primary = told_effects(program, result.rows, "primary")
    shown, means = _first_effects(primary), words.means_of(program, result.rows, primary)
    verdict = result.verdict
    sure = [_rating_sentence(result), *verdict.certainty[1:], *verdict.would_change]
    elements: list[Element | None] = [
        *_marks(program, result),
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
        _findings(result),
        Columns(((Heading(_("What to do first")), _actions(result.recommendations[:SHOWN])),)),
        _undone(result),
    ]
    return section("ringkasan", elements)


def _marks(program: Program, result: EvaluationResult) -> list[Element]:
    """What a reader must know before all else: made-up data, an exploration."""
    marks: list[Element] = []
    if program.synthetic:
        text = _(
            "SYNTHETIC DATA. The data of this program were made up to show how the workbook works. "
            "They say nothing about any agency or person."
        )
        marks.append(Paragraph(text, "warning"))
    if result.explored:
        marks.append(Paragraph(words.explored_sentence(result.explored), "warning"))
    return marks


def _part(
    title: str, items: Sequence[str], otherwise: str = ""
) -> tuple[Heading | Bullets | Paragraph, ...]:
    """A heading with its list, or with why there is none."""
    return Heading(title), Bullets(items) if items else Paragraph(otherwise, "note")


def _rating_sentence(result: EvaluationResult) -> str:
    """The strength of evidence over the primary outcomes: the range of their ratings."""
    ratings = ratings_of(result.rows)
    if not ratings:
        return _("The evidence could not be rated, because no outcome could be estimated.")
    low, high = min(ratings.values()), max(ratings.values())
    if low == high:
        return _("Evidence rating: {rating} of 5, that is {words}.").format(
            rating=count(low), words=word_for("rating", str(low))
        )
    weakest = next(outcome for outcome, rating in ratings.items() if rating == low)
    labels = {effect.outcome: effect.label for effect in effects_of(result.rows, "primary")}
    return _("Evidence rating: {low} to {high} of 5; weakest for “{label}”: {words}.").format(
        low=count(low),
        high=count(high),
        label=labels.get(weakest, weakest),
        words=word_for("rating", str(low)),
    )


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
    means_known = effect.outcome in means
    text = _("{claim} {estimate} (95% interval {between}): {conclusion}.")
    if not means_known:  # the estimate is the card's own number then
        text = _("{claim} (95% interval {between}): {conclusion}.")
    meaning = text.format(
        claim=noun_of(effect),
        estimate=number(estimate, digits),
        between=interval(low, high, digits),
        conclusion=word_for("conclusion", effect.conclusion),
    )
    if sesoi is not None:
        matters = _("{meaning} A change matters from {sesoi} on.")
        meaning = matters.format(meaning=meaning, sesoi=number(sesoi, digits_for(sesoi)))
    label = _("{label} ({unit})").format(label=effect.label, unit=effect.shown_unit)
    value = means[effect.outcome] if means_known else number(estimate, digits)
    return KeyFigure(label, value, meaning)


def _in_numbers(program: Program, result: EvaluationResult) -> str:
    """Persons in the analysis, completion and cost, in one sentence."""
    rows, k = result.rows, program.privacy.min_cell
    analysed, reason = words.analysed(rows, k)
    people = reason if analysed is None else count(analysed)
    completed = value_at(rows, "participation/completion_share")
    measured = value_at(rows, "sample/waves/post/share")
    cost = record_of(rows, "efficiency")["cost_per_completer_idr"]
    parts = [_("persons in the analysis: {n}").format(n=people)]
    if measured is not None:
        parts.append(_("measured after the program: {share}").format(share=percent(measured)))
    if completed is not None:
        parts.append(_("completed the program: {share}").format(share=percent(completed)))
    if cost is not None:
        parts.append(_("cost per completer: {cost}").format(cost=rupiah(cost)))
    return _("In numbers — {parts}.").format(parts="; ".join(parts))


def not_told(result: EvaluationResult, findings: Sequence[Finding]) -> list[Finding]:
    """The findings that the effects of the first page have not told already."""
    shown = _first_effects(effects_of(result.rows, "primary"))
    said = {f"effect.{effect.outcome}" for effect in shown}
    return [finding for finding in findings if finding.id not in said]


def _findings(result: EvaluationResult) -> Columns:
    """The heaviest strengths and weaknesses beside the effects above."""
    strengths = [f.statement for f in not_told(result, result.strengths)]
    weaknesses = [f.statement for f in not_told(result, result.weaknesses)]
    no_strength = _("The data show no strength that passes the program's own limits.")
    if result.strengths:
        no_strength = _("None beside the effects above.")
    no_weakness = _("The data show no weakness that passes the program's own limits.")
    return Columns(
        (
            _part(_("Strengths"), strengths[:SHOWN], no_strength),
            _part(_("Weaknesses"), weaknesses[:SHOWN], no_weakness),
        )
    )


def _actions(items: Sequence[Recommendation]) -> Bullets | Paragraph:
    if not items:
        return Paragraph(_("No recommendation follows from the findings."), "note")
    line = _("{text} ({owner}, by {due})")
    lines = [
        line.format(
            text=item.text.rstrip("."),
            owner=item.owner or _("owner not named yet"),
            due=date(item.due) if item.due else _("no date yet"),
        )
        for item in items
    ]
    return Bullets(lines, ordered=True)


def _undone(result: EvaluationResult) -> Paragraph | None:
    """How many promises of earlier cycles are open; their chapter names them."""
    undone = [f for f in result.follow_up if f.status in PROMISED]
    if not undone:
        return None
    text = plural(
        "{n} promise of earlier cycles is not kept yet.",
        "{n} promises of earlier cycles are not kept yet.",
        len(undone),
    )
    return Paragraph(text.format(n=count(len(undone))), see=("tbl-tindak-lanjut",))


def section_findings(program: Program, result: EvaluationResult) -> Section:
    """The strengths and weaknesses that the first page has no room for; all of them, with the
    sections that show them, in the details."""
    k = program.privacy.min_cell
    elements: list[Element | None] = []
    details: list[Element | None] = []
    strengths, weaknesses = result.strengths, result.weaknesses
    for title, rest, id, findings in (
        (_("Strengths, the heaviest first"), _("Further strengths"), "kekuatan", strengths),
        (_("Weaknesses, the heaviest first"), _("Further weaknesses"), "kelemahan", weaknesses),
    ):
        further = [f.statement for f in not_told(result, findings)[SHOWN:] if not _is_threat(f)]
        elements += [Heading(rest), Bullets(further)] if further else []
        details.append(tables.table_findings(findings, id, title, k))
    none = _("The first page names every strength and weakness that was found.")
    return section("kekuatan-kelemahan", elements, none, details)


def _is_threat(finding: Finding) -> bool:
    """Whether the chapter on methods names it already."""
    return finding.id.startswith("threat.")


def section_verdict(program: Program, result: EvaluationResult) -> Section:
    """All recommendations; the first page has the verdict and its reasons."""
    k, verdict = program.privacy.min_cell, result.verdict
    text = _(
        "{verdict} It follows rule {rule} of the decision table; its reasons stand on the first "
        "page."
    ).format(verdict=words.verdict_sentence(result), rule=verdict.rule or "—")
    elements: list[Element | None] = [
        Paragraph(text, see=("tbl-aturan-putusan",)),
        tables.table_recommendations(result.recommendations, k)
        or Paragraph(_("No recommendation follows from the findings."), "note"),
    ]
    grounds = tables.table_grounds(result.recommendations, result.weaknesses, k)
    return section("putusan", elements, details=[grounds, table_rules(verdict, k)])


def table_rules(verdict: Verdict, k: int) -> Table | None:
    """The decision table, with the rule that fired."""
    columns = [
        Column(_("Rule"), "rule"),
        Column(_("Situation"), lambda row: own(row["text"])),
        Column(_("Decision"), "decision", "decision"),
        Column(_("This program"), lambda row: _("applied") if row["rule"] == verdict.rule else "—"),
    ]
    note = _("Rules are read from the top; the first that fits decides.")
    return table(
        "aturan-putusan", _("Rules of decision"), decision_table()["rows"], columns, k, note
    )


def section_follow_up(program: Program, result: EvaluationResult) -> Section:
    """What became of the recommendations of earlier cycles."""
    k = program.privacy.min_cell
    return section(
        "tindak-lanjut",
        [tables.table_follow_up(result.follow_up, k)],
        _("The program declares no recommendations of earlier cycles."),
    )
