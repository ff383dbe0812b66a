"""Effectiveness, by the four levels: reaction, learning, behaviour, results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard, get_args

from evaluasi_lib.claims import Told, tell, told_effects, told_of_design
from evaluasi_lib.conclusion import ALPHA
from evaluasi_lib.measures import (
    Effect,
    Level,
    Record,
    measure_id,
    ratings_of,
    record_of,
    texts_at,
    wide,
)
from evaluasi_lib.program import Program
from evaluasi_lib.reporting import words
from evaluasi_lib.reporting.elements import (
    Element,
    Figure,
    Heading,
    Paragraph,
    Section,
    asked,
    section,
)
from evaluasi_lib.reporting.figures import plot_effects, plot_love, plot_specifications
from evaluasi_lib.reporting.figures_scores import (
    plot_boxes,
    plot_importance,
    plot_likert,
    plot_slope,
)
from evaluasi_lib.reporting.sections.background import asked_in_surveys, told_further
from evaluasi_lib.reporting.tables import estimate_rows, listed, said_of, scale_records
from evaluasi_lib.reporting.words import say
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.wording import _, choose, joined, p_is, word_for

Elements = list[Element | None]


def section_effectiveness(program: Program, result: EvaluationResult) -> Section:
    """Every outcome in one table, whether it holds with other methods, and for whom; the scores and
    pictures behind it, level by level, in the details."""
    k, rows = program.privacy.min_cell, result.rows
    primary = told_effects(program, rows, "primary")
    means = words.means_of(program, rows, primary)
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
        rows = [row | {"label": words.covariate_word(program, row["subject"])} for row in balance]
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
        sentences.append(said_of("competencies", x))
    wave, group = word_for("wave", score["wave"]), word_for("group", score["group"])
    about = f"{score['label']} ({wave}, {group})"
    return [Paragraph(f"{about}: {text}") for text in sentences if text]
