"""Effectiveness, by the four levels: reaction, learning, behaviour, results."""

from __future__ import annotations

from collections.abc import Sequence

from evaluasi_lib.errors import DataError
from evaluasi_lib.program import Instrument
from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.elements import Element, Heading, Paragraph, Section
from evaluasi_lib.reporting.figures import plot_effects, plot_likert
from evaluasi_lib.reporting.figures_change import plot_clouds, plot_slope
from evaluasi_lib.reporting.figures_design import Likeness, plot_love, plot_specifications
from evaluasi_lib.reporting.sections.common import section
from evaluasi_lib.results import Effect, EvaluationResult
from evaluasi_lib.scoring.background import variable_label
from evaluasi_lib.scoring.scales import instrument_scores, item_distributions
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose

LEVELS = ("reaction", "learning", "behaviour", "results")


def section_effectiveness(study: Study, result: EvaluationResult) -> Section:
    k = study.program.privacy.min_cell
    primary = words.primary_effects(result)
    elements: list[Element | None] = [
        plot_effects(primary),
        tables.table_effects(primary, "efek", _("Primary estimates of all outcomes"), k),
    ]
    for level in LEVELS:
        elements.append(Heading(_("Level: {level}").format(level=words.level_word(level))))
        elements += _level(study, result, level) or [
            Paragraph(_("The program declares no outcome or instrument at this level."), "note")
        ]
    elements += _sensitivity(study, result, primary)
    groups = [e for e in result.effects if e.role == "subgroup"]
    if groups:
        elements += [
            Heading(_("Does it differ between groups?")),
            plot_effects(groups, "subkelompok", _("Does the effect differ between groups?")),
            tables.table_others(groups, "subkelompok", _("Estimates by group"), k),
        ]
    return section("efektivitas", _("Effectiveness"), elements, "")


def _level(study: Study, result: EvaluationResult, level: str) -> list[Element]:
    """Sentences, scores, changes and answers of one level."""
    k = study.program.privacy.min_cell
    inside: list[Element | None] = []
    for effect in words.primary_effects(result):
        if effect.level == level:
            inside.append(Paragraph(words.effect_sentence(effect, k)))
            inside += [Paragraph(warning, "warning") for warning in effect.warnings]
    whole = [s for s in result.scales if s.level == level and "." not in s.scale]
    title = _("Scores at the level “{level}”").format(level=words.level_word(level))
    inside.append(tables.table_scales(whole, f"skala-{level}", title, k))
    inside.append(plot_slope(whole, f"perubahan-{level}", _change_question(level)))
    for name, instrument in study.program.instruments.items():
        waves = study.waves_of(instrument)
        if instrument.level == level and waves:
            inside.append(_clouds(study, name, instrument, waves))
            inside.append(_answers(study, name, instrument, waves[-1]))
    return [element for element in inside if element is not None]


def _change_question(level: str) -> str:
    return _("How did the scores move from wave to wave ({level})?").format(
        level=words.level_word(level).lower()
    )


def _clouds(
    study: Study, name: str, instrument: Instrument, waves: Sequence[str]
) -> Element | None:
    """The scores of the program group at each wave, where there is more than one."""
    if len(waves) < 2:
        return None
    scale = study.program.scales[instrument.scale]
    scores = {}
    for wave in waves:
        try:
            rows = instrument_scores(study, name, wave)
        except DataError:
            continue  # no one source asks all the items at this wave
        scores[words.wave_word(wave)] = rows.loc[rows["group"] == "program", "score"].to_numpy(
            float
        )
    return plot_clouds(
        scores, (scale.min, scale.max), study.program.privacy.min_cell, f"sebaran-{name}",
        _("How did the scores spread before and after: {instrument}?").format(
            instrument=choose(instrument.label)
        ),
    )  # fmt: skip


def _answers(study: Study, name: str, instrument: Instrument, wave: str) -> Element | None:
    """How the answers spread over the scale at the last wave."""
    scale = study.program.scales[instrument.scale]
    try:
        distribution = item_distributions(study, name, wave)
    except DataError:
        return None
    levels = [str(x) for x in scale.labels] or [str(x) for x in range(scale.min, scale.max + 1)]
    title = _("How did they answer: {instrument} ({wave})?").format(
        instrument=choose(instrument.label), wave=words.wave_word(wave)
    )
    return plot_likert(distribution, levels, f"jawaban-{name}", title)


def _sensitivity(
    study: Study, result: EvaluationResult, primary: Sequence[Effect]
) -> list[Element | None]:
    """Other defensible ways to estimate each outcome, and how alike the groups were."""
    k = study.program.privacy.min_cell
    others = [e for e in result.effects if e.role == "sensitivity"]
    if not others:
        return []
    elements: list[Element | None] = [Heading(_("Does the conclusion hold with other methods?"))]
    for effect in primary:
        same = [effect, *(e for e in others if e.outcome == effect.outcome)]
        elements.append(plot_specifications(same, f"metode-{effect.outcome}"))
    caption = _("Sensitivity: other estimators and definitions")
    elements.append(tables.table_others(others, "kepekaan", caption, k))
    balanced = next((e for e in result.effects if e.details.get("balance")), None)
    if balanced is not None:
        rows = [
            Likeness(
                variable_label(study.program, row["covariate"]),
                row["smd_unadjusted"],
                row["smd_weighted"],
            )
            for row in balanced.details["balance"]
        ]
        elements.append(plot_love(rows, "kesetaraan", balanced.label))
    return elements
