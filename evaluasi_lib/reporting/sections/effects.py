"""Effectiveness, by the four levels: reaction, learning, behaviour, results."""

from __future__ import annotations

from collections.abc import Sequence

from evaluasi_lib.errors import DataError
from evaluasi_lib.program import Instrument
from evaluasi_lib.reporting import tables, tables_scores, words
from evaluasi_lib.reporting.elements import Element, Heading, Paragraph, Section
from evaluasi_lib.reporting.figures import plot_effects, plot_likert
from evaluasi_lib.reporting.figures_change import plot_clouds, plot_slope
from evaluasi_lib.reporting.figures_design import (
    Likeness,
    Rated,
    plot_importance,
    plot_love,
    plot_specifications,
)
from evaluasi_lib.reporting.sections.common import section
from evaluasi_lib.results import Effect, EvaluationResult, ScaleScore
from evaluasi_lib.scoring.frames import instrument_scores
from evaluasi_lib.scoring.scales import item_distributions
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose, interval, number, p_value, percent

ALPHA = 0.05
LEVELS = ("reaction", "learning", "behaviour", "results")


def section_effectiveness(study: Study, result: EvaluationResult) -> Section:
    """Every outcome by level, whether it holds with other methods, and for whom."""
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
            plot_effects(
                groups,
                "subkelompok",
                _("Does the effect differ between groups?"),
                _interactions(groups),
            ),
            tables_scores.table_others(groups, "subkelompok", _("Estimates by group"), k),
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
    inside.append(tables_scores.table_scales(whole, f"skala-{level}", title, k))
    for score in whole:
        inside += _index(score, k)
        inside += [Paragraph(warning, "warning") for warning in score.warnings]
        inside.append(_importance(score))
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
    others = [e for e in result.effects if e.role == "sensitivity"]
    if not others:
        return []
    elements: list[Element | None] = [Heading(_("Does the conclusion hold with other methods?"))]
    for effect in primary:
        same = [effect, *(e for e in others if e.outcome == effect.outcome)]
        elements.append(plot_specifications(same, f"metode-{effect.outcome}"))
    elements.append(Paragraph(_("The appendix lists all of these estimates."), "note"))
    balanced = next((e for e in result.effects if e.details.get("balance")), None)
    if balanced is not None:
        rows = [
            Likeness(
                words.covariate_word(study.program, row["covariate"]),
                row["smd_unadjusted"],
                row["smd_weighted"],
            )
            for row in balanced.details["balance"]
        ]
        elements.append(plot_love(rows, "kesetaraan", balanced.label))
    return elements


def _interactions(groups: Sequence[Effect]) -> str:
    """Whether the groups truly differ, one sentence for each declared comparison."""
    tests: dict[tuple[str, str], float] = {}
    for effect in groups:
        p = effect.details.get("interaction_p")
        if p is not None and effect.subgroup is not None:
            tests[(effect.label, effect.subgroup.split(":")[0])] = p
    sentences = []
    for (label, variable), p in tests.items():
        text = (
            _("{label}: the effect differs by {variable} (p = {p}).")
            if p < ALPHA
            else _("{label}: a difference by {variable} is not established (p = {p}).")
        )
        sentences.append(text.format(label=label, variable=variable, p=p_value(p)))
    return " ".join(sentences) or _("Differences between the groups could not be tested.")


def _importance(score: ScaleScore) -> Element | None:
    """The map of importance and performance, where the instrument asks for both."""
    found = score.details.get("ipa")
    if not found:
        return None
    items = [
        Rated(words.short_item(i["label"]), i["importance"], i["performance"])
        for i in found["items"]
    ]
    cross = (found["cross_performance"], found["cross_importance"])
    return plot_importance(items, cross, f"ipa-{score.scale}-{score.wave}-{score.group}")


def _index(score: ScaleScore, k: int) -> list[Element]:
    """The known index that the instrument declares, as a sentence."""
    sentences: list[str] = []
    if ikm := score.details.get("ikm"):
        sentences.append(
            _("Community satisfaction index (IKM): {index}, grade {grade} ({label}).").format(
                index=number(ikm["index"], 2), grade=ikm["grade"], label=ikm["label"]
            )
        )
    if nps := score.details.get("nps"):
        sentences.append(
            _("Net promoter score: {score} (95% interval {between}), from −100 to 100.").format(
                score=number(nps["score"] * 100, 0),
                between=interval(nps["ci_low"] * 100, nps["ci_high"] * 100, 0),
            )
        )
    if jpm := score.details.get("jpm"):
        if jpm.get("mean_pct") is not None:
            sentences.append(
                _(
                    "Competencies reach {share}% of the level that the job requires on average; "
                    "{below} of persons lie below it."
                ).format(share=number(jpm["mean_pct"], 0), below=percent(jpm["below_share"]))
            )
    return [
        Paragraph(
            f"{score.label} ({words.wave_word(score.wave)}, "
            f"{words.group_word(score.group)}): {text}"
        )
        for text in sentences
    ]
