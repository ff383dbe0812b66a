"""Tables of scores, of estimates beside the primary ones, and of how far they can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.elements import Table
from evaluasi_lib.results import Effect, Evidence, ScaleScore
from evaluasi_lib.scoring.impact.names import estimator_name
from evaluasi_lib.wording import _, count, digits_for, number, p_value, percent


def table_scales(scales: Sequence[ScaleScore], id: str, caption: str, k: int) -> Table | None:
    """Mean, interval and spread of each scale by wave and group."""
    rows: list[tuple[Sequence[tables.Cell], str | None]] = [
        (
            [
                s.label, words.wave_word(s.wave), words.group_word(s.group),
                tables.figure_cell(s.n, count), tables.figure_cell(s.mean, number, 2),
                tables.between(s.ci_low, s.ci_high, number, 2),
                tables.figure_cell(s.mean_100, number, 1),
                tables.figure_cell(s.sd, number, 2), tables.figure_cell(s.top2_share, percent),
            ],
            s.reason,
        )
        for s in scales
    ]  # fmt: skip
    columns = [
        _("Scale"), _("Wave"), _("Group"), _("n"), _("Mean"), _("95% interval"), _("Mean, 0-100"),
        _("SD"), _("Upper answers"),
    ]  # fmt: skip
    note = _("Upper answers: share of answers in the two highest categories.")
    return tables.build(id, caption, columns, rows, k, note)


def table_reliability(scales: Sequence[ScaleScore], k: int) -> Table | None:
    """Alpha with its interval and omega of each scale of several items."""
    rows: list[tuple[Sequence[tables.Cell], str | None]] = [
        (
            [
                s.label, words.wave_word(s.wave), words.group_word(s.group), (count(s.n_items),
                s.n_items), tables.figure_cell(s.alpha, number, 2),
                tables.between(s.alpha_ci_low, s.alpha_ci_high, number, 2),
                tables.figure_cell(s.omega_total, number, 2),
            ],
            s.reason,
        )
        for s in scales
        if s.n_items > 1
    ]  # fmt: skip
    columns = [
        _("Scale"), _("Wave"), _("Group"), _("Items"), _("Alpha"), _("95% interval"), _("Omega"),
    ]  # fmt: skip
    note = _(
        "From 0.70 on acceptable for comparing groups. Alpha does not prove that a scale measures "
        "one thing."
    )
    return tables.build("reliabilitas", _("Reliability of the instruments"), columns, rows, k, note)


def table_others(effects: Sequence[Effect], id: str, caption: str, k: int) -> Table | None:
    """Estimates beside the primary ones: by other methods, or in groups of persons."""
    rows: list[tuple[Sequence[tables.Cell], str | None]] = []
    for e in effects:
        digits = digits_for(e.estimate, e.ci_low, e.ci_high)
        rows.append(
            (
                [
                    words.subgroup_word(e), estimator_name(e.estimator), e.unit,
                    tables.figure_cell(e.estimate, number, digits),
                    tables.between(e.ci_low, e.ci_high, number, digits),
                    tables.figure_cell(e.p_value, p_value),
                    tables.figure_cell(e.effect_size_g, number, 2),
                ],
                e.reason,
            )
        )  # fmt: skip
    columns = [
        _("Outcome"), _("Estimator"), _("Unit"), _("Estimate"), _("95% interval"), _("p"),
        _("Standardised"),
    ]  # fmt: skip
    return tables.build(id, caption, columns, rows, k)


def table_estimators(effects: Sequence[Effect], k: int) -> Table | None:
    """Design, estimator, estimand and numbers of persons of each outcome."""
    rows: list[tuple[Sequence[tables.Cell], str | None]] = [
        (
            [
                words.subgroup_word(e), words.design_word(e.design),
                estimator_name(e.estimator), words.estimand_word(e.estimand),
                tables.figure_cell(e.n_program, count), tables.figure_cell(e.n_comparison, count),
                tables.figure_cell(e.std_error, number, digits_for(e.std_error)),
                tables.figure_cell(e.sesoi, number, digits_for(e.sesoi)),
                tables.figure_cell(e.n_needed, count),
            ],
            e.reason,
        )
        for e in effects
    ]  # fmt: skip
    columns = [
        _("Outcome"), _("Design"), _("Estimator"), _("Estimand"), _("n program"),
        _("n comparison"), _("Standard error"), _("Smallest effect of interest"), _("n needed"),
    ]  # fmt: skip
    note = _(
        "n needed: persons that the same design would need to find the smallest effect of interest "
        "with 80% power."
    )
    return tables.build("penduga", _("How each outcome was estimated"), columns, rows, k, note)


def table_evidence(evidence: Sequence[Evidence], labels: dict[str, str], k: int) -> Table | None:
    """Rating of each outcome's evidence, and what it rests on; labels: outcome -> name."""
    rows: list[tuple[Sequence[tables.Cell], str | None]] = [
        (
            [
                labels.get(e.outcome, e.outcome), words.design_word(e.design),
                tables.figure_cell(e.rating_0_5, count), tables.figure_cell(e.maryland_sms, count),
                tables.figure_cell(e.baseline_max_abs_smd, number, 2),
                words.baseline_word(e.wwc_baseline),
                tables.figure_cell(e.attrition_overall_share, percent),
                tables.figure_cell(e.attrition_differential_share, percent),
                tables.figure_cell(e.mdes, number, 2),
            ],
            e.reason,
        )
        for e in evidence
    ]  # fmt: skip
    columns = [
        _("Outcome"), _("Design"), _("Rating, 0-5"), _("Maryland scale, 1-5"),
        _("Largest difference at the start"), _("Likeness at the start"), _("Loss"),
        _("Difference in loss"), _("Smallest detectable"),
    ]  # fmt: skip
    note = _("Differences at the start and the smallest detectable effect are in SD.")
    return tables.build("bukti", _("How much the evidence can carry"), columns, rows, k, note)
