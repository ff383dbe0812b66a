"""Effectiveness, by the four levels: reaction, learning, behaviour, results."""

from __future__ import annotations

from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.elements import Element, Heading, Paragraph, Section
from evaluasi_lib.reporting.figures import plot_effects, plot_likert
from evaluasi_lib.reporting.sections.common import section
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose

LEVELS = ("reaction", "learning", "behaviour", "results")


def section_effectiveness(study: Study, result: EvaluationResult) -> Section:
    k = study.program.privacy.min_cell
    primary = words.primary_effects(result)
    elements: list[Element | None] = [plot_effects(primary)]
    table = tables.table_effects(primary, "efek", _("Primary estimates of all outcomes"), k)
    elements.append(table)
    for level in LEVELS:
        inside = _level(study, result, level)
        if inside:
            elements += [
                Heading(_("Level: {level}").format(level=words.level_word(level))),
                *inside,
            ]
        else:
            elements += [
                Heading(_("Level: {level}").format(level=words.level_word(level))),
                Paragraph(
                    _("The program declares no outcome or instrument at this level."), "note"
                ),
            ]
    others = [e for e in result.effects if e.role == "sensitivity"]
    if others:
        elements += [
            Heading(_("Does the conclusion hold with other methods?")),
            tables.table_effects(
                others, "kepekaan", _("Sensitivity: other estimators and definitions"), k
            ),
        ]
    groups = [e for e in result.effects if e.role == "subgroup"]
    if groups:
        elements += [
            Heading(_("Does it differ between groups?")),
            plot_effects(groups, "subkelompok", _("Does the effect differ between groups?")),
            tables.table_effects(groups, "subkelompok", _("Estimates by group"), k),
        ]
    return section("efektivitas", _("Effectiveness"), elements, "")


def _level(study: Study, result: EvaluationResult, level: str) -> list[Element]:
    """Sentences, answers and scores of one level."""
    k = study.program.privacy.min_cell
    inside: list[Element | None] = []
    for effect in words.primary_effects(result):
        if effect.level == level:
            inside.append(Paragraph(words.effect_sentence(effect, k)))
            inside += [Paragraph(warning, "warning") for warning in effect.warnings]
    scales = [s for s in result.scales if s.level == level]
    table = tables.table_scales(scales, k)
    if table is not None:
        title = _("Scores at the level “{level}”").format(level=words.level_word(level))
        inside.append(table.renamed(f"skala-{level}", title))
    inside += _answers(study, level)
    return [element for element in inside if element is not None]


def _answers(study: Study, level: str) -> list[Element | None]:
    """How answers spread over the scale, for each instrument of the level at its last wave."""
    figures: list[Element | None] = []
    for name, instrument in study.program.instruments.items():
        waves = study.waves_of(instrument)
        scale = study.program.scales[instrument.scale]
        if instrument.level != level or not waves or not scale.labels:
            continue
        from evaluasi_lib.scoring.scales import item_distributions

        figures.append(
            plot_likert(
                item_distributions(study, name, waves[-1]),
                scale.labels,
                id=f"jawaban-{name}",
                title=_("How did they answer: {instrument} ({wave})?").format(
                    instrument=choose(instrument.label), wave=words.wave_word(waves[-1])
                ),
            )
        )
    return figures
