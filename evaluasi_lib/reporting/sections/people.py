"""Who takes part, what holds people back, and how the platform is used."""

from __future__ import annotations

from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.elements import Element, Heading, Paragraph, Section
from evaluasi_lib.reporting.figures_people import plot_funnel, plot_shares
from evaluasi_lib.reporting.sections.common import section
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, count, number, percent


def section_elearning(study: Study, result: EvaluationResult) -> Section:
    title, part = _("E-learning"), result.elearning
    k = study.program.privacy.min_cell
    if part.users is None and not part.funnel:
        return section(
            "elearning", title, [],
            words.why(part.reason, k) if part.reason
            else _("The program has no log of an e-learning platform."),
        )  # fmt: skip
    sentences = []
    if part.users is not None:
        sentences.append(_("{n} persons used the platform.").format(n=count(part.users)))
    if part.median_days_to_complete is not None:
        sentences.append(
            _("Half of those who completed needed {days} days or less.").format(
                days=number(part.median_days_to_complete, 0)
            )
        )
    if part.off_hours_share is not None:
        sentences.append(
            _("{share} of activity fell outside office hours.").format(
                share=percent(part.off_hours_share)
            )
        )
    elements: list[Element | None] = [
        Paragraph(" ".join(sentences)) if sentences else None,
        Paragraph(words.why(part.reason, k), "note") if part.reason else None,
        plot_funnel(part.funnel, k),
        tables.table_stages(part.funnel, k),
    ]
    return section("elearning", title, elements, "")


def section_participation(study: Study, result: EvaluationResult) -> Section:
    title, part = _("Participation, motivation and barriers"), result.participation
    k = study.program.privacy.min_cell
    numbers = (part.enrolled, part.started, part.completed)
    if all(n is None for n in numbers) and not part.barriers and not part.drivers:
        return section(
            "partisipasi", title, [],
            words.why(part.reason, k) if part.reason
            else _("The program has no data on participation."),
        )  # fmt: skip
    rows: list[tuple[list[tables.Cell], str | None]] = [
        ([name, tables.figure_cell(n, count)], part.reason)
        for name, n in zip((_("Enrolled"), _("Started"), _("Completed")), numbers, strict=True)
    ]
    elements: list[Element | None] = []
    if part.completion_share is not None:
        elements.append(
            Paragraph(
                _("{share} of those enrolled completed the program.").format(
                    share=percent(part.completion_share)
                )
            )
        )
    elements.append(
        tables.build("kepesertaan", _("Participation"), [_("Stage"), _("Persons")], rows, k)
    )
    if part.barriers:
        elements += [
            Heading(_("Barriers")),
            plot_shares(
                [(b.label, b.share, b.ci_low, b.ci_high) for b in part.barriers],
                "hambatan", _("What holds people back?"), _("Named most often: {label} ({share})."),
            ),
            tables.table_barriers(part.barriers, k),
        ]  # fmt: skip
    if part.drivers:
        elements += [
            Heading(_("Who completes, and who does not")),
            tables.table_drivers(part.drivers, k),
        ]
        elements += [Paragraph(d.sentence) for d in part.drivers if d.sentence]
    return section("partisipasi", title, elements, "")
