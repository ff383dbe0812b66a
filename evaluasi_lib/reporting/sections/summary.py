"""The first page: what was decided and why, how sure that is, what changed, what to do; and the
chapters behind it: effectiveness by the four levels (reaction, learning, behaviour, results),
strengths and weaknesses, the verdict, earlier recommendations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeGuard, TypeVar, get_args

from evaluasi_lib.claims import Told, noun_of, tell, told_effects, told_of_design
from evaluasi_lib.conclusion import ALPHA
from evaluasi_lib.findings.observe import PROMISED
from evaluasi_lib.findings.verdict import decision_table
from evaluasi_lib.measures import (
    Effect,
    EvaluationResult,
    Finding,
    FollowUp,
    Level,
    Recommendation,
    Record,
    effects_of,
    measure_id,
    ratings_of,
    record_of,
    texts_at,
    wide,
)
from evaluasi_lib.program import Program
from evaluasi_lib.reporting import tables
from evaluasi_lib.reporting.elements import (
    Bullets,
    Columns,
    Element,
    Figure,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Section,
    asked,
    section,
)
from evaluasi_lib.reporting.figures import SMALL, plot_effects, plot_love, plot_specifications
from evaluasi_lib.reporting.figures_scores import (
    plot_boxes,
    plot_importance,
    plot_likert,
    plot_slope,
)
from evaluasi_lib.reporting.sections.background import asked_in_surveys, told_further
from evaluasi_lib.reporting.tables import estimate_rows, listed, said_of, say, scale_records
from evaluasi_lib.wording import (
    _,
    choose,
    count,
    date,
    digits_for,
    interval,
    joined,
    number,
    own,
    p_is,
    plural,
    word_for,
)

Elements = list[Element | None]


def section_effectiveness(program: Program, result: EvaluationResult) -> Section:
    """Every outcome in one table, whether it holds with other methods, and for whom; the scores and
    pictures behind it, level by level, in the details."""
    k, rows = program.privacy.min_cell, result.rows
    primary = told_effects(program, rows, "primary")
    means = tables.means_of(program, rows, primary)
    estimates = estimate_rows(primary, means=means, rating=ratings_of(rows))
    details: Elements = [listed("efek", estimates, k), listed("penduga", estimates, k)]
    said: list[Paragraph] = []
    for level in get_args(Level):
        inside = _level(program, result, level, primary)
        said += [asked(e) for e in inside if _is_answered(e)]
        title = _("Level: {level}").format(level=word_for("level", level))
        details += [Heading(title), *inside] if inside else []
    further = asked_in_surveys(program, result)
    details += further
    places = {measure_id("effects", e.outcome, "primary") for e in primary}
    warnings = dict.fromkeys(r.text for r in result.remarks if r.id in places)
    outcomes = listed("luaran-utama", estimates, k, told_of_design(program, "means"))
    elements: Elements = [
        outcomes or (None if said else Paragraph(say("no_outcome"), "note")),
        Paragraph(say("in_deviations"), see=("fig-efek", "tbl-efek")),
        *(Paragraph(text, "warning") for text in warnings),
        Heading(_("What participants answered")) if said else None,
        *(index for score in scale_records(rows) for index in _index(result, score)),
        *said,
        told_further(further),
    ]
    for body, more in (_sensitivity(program, result, primary), _groups(program, result, k)):
        elements += body
        details += more
    return section("efektivitas", elements, details=details)


def _is_answered(element: Element) -> TypeGuard[Figure]:
    """Whether a figure of the details says what participants answered."""
    return isinstance(element, Figure) and element.id.startswith(("jawaban-", "ipa-"))


def _groups(program: Program, result: EvaluationResult, k: int) -> tuple[Elements, Elements]:
    """Whether the groups differ; the picture stands in the body where they do."""
    groups = told_effects(program, result.rows, "subgroup")
    if not groups:
        return [], []
    answer = _interactions(groups)
    figure = plot_effects(groups, "subkelompok", say("subkelompok.question"), answer)
    numbers = listed("subkelompok", estimate_rows(groups), k)
    heading = Heading(_("Does it differ between groups?"))
    if figure and any(e.interaction_p is not None and e.interaction_p < ALPHA for e in groups):
        return [heading, figure], [numbers]
    see = ("fig-subkelompok", "tbl-subkelompok")
    return [heading, Paragraph(answer, see=see)], [figure, numbers]


def _level(
    program: Program, result: EvaluationResult, level: str, primary: Sequence[Told]
) -> list[Element]:
    """Sentences, scores, changes and answers of one level."""
    k, weighted = program.privacy.min_cell, bool(program.population)
    inside: Elements = [Paragraph(tell(e)) for e in primary if e.level == level]
    scales = [s for s in scale_records(result.rows) if "." not in s["subject"]]
    whole = [s for s in scales if s["level"] == level]
    word = word_for("level", level)
    note = say("weighted_means") if weighted else ""
    inside.append(listed("skala", whole, k, note, id=f"skala-{level}", level=word))
    for score in whole:
        inside += _about_score(result, score)
    # A single line is no picture: two numbers say as much.
    compared = {s["subject"] for s in whole if s["group"] == "comparison"}
    lines = [s for s in whole if s["subject"] in compared]
    question = say("perubahan.question", level=word.lower())
    inside.append(plot_slope(lines, f"perubahan-{level}", question))
    for name, instrument in program.instruments.items():
        if instrument.level == level:
            scale, label = program.scales[instrument.scale], choose(instrument.label)
            scores = [s for s in whole if (s["subject"], s["group"]) == (name, "program")]
            question = say("sebaran.question", instrument=label)
            span = (scale.min, scale.max)
            inside.append(plot_boxes(scores, span, f"sebaran-{name}", question, weighted=weighted))
            if answers := wide(result.rows, measure_id("answers", name, "*", "*", "*")):
                levels = [str(x) for x in scale.labels or range(scale.min, scale.max + 1)]
                wave = word_for("wave", answers[0]["wave"])
                question = say("jawaban.question", instrument=label, wave=wave)
                inside.append(plot_likert(answers, levels, f"jawaban-{name}", question))
    return [element for element in inside if element is not None]


def _about_score(result: EvaluationResult, score: Record) -> Elements:
    """What to know of a scale in one group at one wave, and its items' map."""
    stem = score["stem"]
    inside: Elements = [
        Paragraph(r.text, "warning") for r in result.remarks if r.id == measure_id(*stem)
    ]
    cross = record_of(result.rows, measure_id(*stem, "ipa"))
    if cross["cross_performance"] is not None:
        rated = wide(result.rows, measure_id(*stem, "*"))
        items = [x for x in rated if x["performance"] is not None]
        inside.append(plot_importance(items, cross, "-".join(["ipa", *stem[1:]])))
    return inside


def _sensitivity(
    program: Program, result: EvaluationResult, primary: Sequence[Effect]
) -> tuple[Elements, Elements]:
    """Other defensible ways to estimate each outcome, and how alike the groups were: a sentence
    each, and the pictures and numbers behind it."""
    others = told_effects(program, result.rows, "sensitivity")
    if not others:
        return [], []
    figures: list[Figure | None] = []
    for effect in primary:
        same = [effect, *(e for e in others if e.outcome == effect.outcome)]
        figures.append(plot_specifications(same, f"metode-{effect.outcome}"))
    if balance := wide(result.rows, "effects/*/balance/*"):
        rows = [row | {"label": tables.covariate_word(program, row["subject"])} for row in balance]
        label = next(e.label for e in primary if e.outcome == balance[0]["stem"][1])
        figures.append(plot_love(rows, "kesetaraan", label))
    numbers = listed("kepekaan", estimate_rows(others), program.privacy.min_cell)
    question = Heading(_("Does the conclusion hold with other methods?"))
    said = [asked(figure) for figure in figures if figure is not None]
    return [question, *said], [question, *figures, numbers]


def _interactions(groups: Sequence[Effect]) -> str:
    """Whether the groups truly differ, one sentence for each declared comparison."""
    tests: dict[tuple[str, str], float] = {}
    for effect in groups:
        p = effect.interaction_p
        if p is not None and effect.subgroup is not None:
            tests[(effect.label, effect.subgroup.split(":")[0])] = p
    sentences = [
        say("differs" if p < ALPHA else "alike", label=label, variable=variable, p=p_is(p))
        for (label, variable), p in tests.items()
    ]
    return " ".join(sentences) or _("Differences between the groups could not be tested.")


def _index(result: EvaluationResult, score: Record) -> list[Element]:
    """The known index that the instrument declares, as a sentence."""
    sentences: list[str] = []
    for x in wide(result.rows, measure_id(*score["stem"], "*")):
        grade = joined(texts_at(result.remarks, *x["stem"]))
        sentences += [said_of("ikm", x | {"grade": grade}), said_of("nps", x)]
        sentences.append(said_of("competencies", x) if x["below_share"] is not None else "")
    wave, group = word_for("wave", score["wave"]), word_for("group", score["group"])
    about = f"{score['label']} ({wave}, {group})"
    return [Paragraph(f"{about}: {text}") for text in sentences if text]


E = TypeVar("E", bound=Effect)
SHOWN = 3  # effects, strengths, weaknesses and actions of the first page
ANSWERED = 2  # weaknesses that a recommendation's row spells out; more are counted


def section_summary(program: Program, result: EvaluationResult) -> Section:
    """The first page of the report: all of it fits one page of A4."""
    primary = told_effects(program, result.rows, "primary")
    shown, means = _first_effects(primary), tables.means_of(program, result.rows, primary)
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
        Paragraph(tables.explored_sentence(result.explored), "warning")
        if result.explored
        else None,
        Paragraph(tables.verdict_sentence(result), "lead"),
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
    analysed, reason = tables.analysed(result.rows, program.privacy.min_cell)
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
    told = say("by_rule", verdict=tables.verdict_sentence(result), rule=verdict.rule or "—")
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
            "rule": row["rule"],
            "situation": own(row["text"]),
            "decision": row["decision"],
            "applied": _("applied") if row["rule"] == verdict.rule else "—",
        }
        for row in decision_table()["rows"]
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
    return tables.why(change.get("reason") or followed.reason, k)
