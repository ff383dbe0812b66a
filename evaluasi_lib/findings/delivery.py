"""Strengths and weaknesses that rest on participation, voices and earlier promises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evaluasi_lib.findings.observe import Note, note
from evaluasi_lib.findings.words import share_with_interval
from evaluasi_lib.program import Program
from evaluasi_lib.results import Barrier, EvaluationResult, ModuleDemand
from evaluasi_lib.wording import _, choose, percent

MIN_RESPONSE_SHARE = 0.5
THEME_SHARE = 0.2
ACCESS_P = 0.05
# Themes of the codebook that say only that something was good or could be better.
GENERAL_THEMES = ("berhasil", "perlu_diperbaiki")
SENTIMENT = 0.1  # on the lexicon's -1..1; nearer to zero is mixed, not good or bad


def completion_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Who completes, by the program's own limit, and who answers the survey."""
    share, limit = result.participation.completion_share, program.thresholds.min_completion_share
    if share is not None:
        good = share >= limit
        text = (
            _("{share} of those enrolled completed the program, at or above the limit of {limit}.")
            if good
            else _("Only {share} of those enrolled completed the program (limit {limit}).")
        ).format(share=percent(share), limit=percent(limit))
        score = 0.5 if good else 0.5 + (limit - share)
        yield note(good, "completion.program", text, score, "/participation/completion_share")
    response = result.sample.response_rate_share
    if response is not None and response < MIN_RESPONSE_SHARE:
        text = _("Only {share} of those invited answered, so the answers may not speak for all.")
        text = text.format(share=percent(response))
        yield note(False, "response.program", text, 0.4, "/sample/response_rate_share")


def share_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Barriers and wanted modules that at least the declared share of respondents named."""
    limits, barriers = program.thresholds, result.participation.barriers
    text = _("{share} of respondents are held back by: {label}.")
    yield from _named(barriers, limits.barrier_share, text, 0.6, "/participation/barriers")
    text = _("{share} of respondents ask for a module that is not offered: {label}.")
    yield from _named(result.module_demand, limits.demand_share, text, 0.5, "/module_demand")


def _named(
    rows: Sequence[Barrier | ModuleDemand], limit: float, text: str, slope: float, place: str
) -> Iterator[Note]:
    for i, row in enumerate(rows):
        if row.share is not None and row.share >= limit:
            id = f"barrier.{row.barrier}" if isinstance(row, Barrier) else f"module.{row.module}"
            share = share_with_interval(row.share, row.ci_low, row.ci_high)
            statement = text.format(share=share, label=row.label)
            yield note(False, id, statement, 0.3 + slope * row.share, f"{place}/{i}/share")


def theme_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Themes of open answers that are frequent and clearly good or bad."""
    for i, theme in enumerate(result.themes):
        share, mood = theme.share, theme.sentiment
        if theme.source != "survey" or theme.theme in GENERAL_THEMES or share is None:
            continue
        if share < THEME_SHARE or mood is None or abs(mood) < SENTIMENT:
            continue
        text = (
            _("{share} of the open answers speak of “{label}”, mostly in praise.")
            if mood > 0
            else _("{share} of the open answers speak of “{label}”, mostly critically.")
        ).format(share=share_with_interval(share, theme.ci_low, theme.ci_high), label=theme.label)
        paths = f"/themes/{i}/share", f"/themes/{i}/sentiment"
        yield note(mood > 0, f"theme.{theme.theme}", text, 0.25 + 0.5 * share, *paths)


def access_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Groups that are missed among the enrolled, and groups that complete e-learning less often."""
    for i, row in enumerate(result.participation.details.get("representation", ())):
        if row["status"] != "under" or row["share"] is None:
            continue
        text = _(
            "“{group}” ({variable}) is missed: {share} of those enrolled, {expected} of those who "
            "could have been."
        ).format(
            group=row["label"],
            variable=row["variable_label"],
            share=share_with_interval(row["share"], row["ci_low"], row["ci_high"]),
            expected=percent(row["population_share"]),
        )
        path = f"/participation/details/representation/{i}/share"
        score = 0.35 + min(row["population_share"] - row["share"], 0.3)
        yield note(False, f"access.{row['variable']}.{row['group']}", text, score, path)
    groups: dict[str, list[tuple[float, int, str]]] = {}
    for i, row in enumerate(result.elearning.details.get("access", ())):
        share = row["completed_share"]
        if share is not None and (row["p_completed"] or 1) < ACCESS_P:
            groups.setdefault(row["variable"], []).append((share, i, row["label"]))
    for variable, rows in groups.items():
        (low, i, behind), (high, j, ahead) = (f(rows, key=lambda r: r[0]) for f in (min, max))
        if i == j:
            continue
        text = _(
            "“{low}” completes the e-learning less often ({low_share}) than “{high}” "
            "({high_share})."
        ).format(low=behind, low_share=percent(low), high=ahead, high_share=percent(high))
        paths = [f"/elearning/details/access/{n}/completed_share" for n in (i, j)]
        score = 0.35 + min(high - low, 0.3)
        yield note(False, f"access.elearning.{variable}", text, score, *paths)


def triangulation_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Where the sources contradict one another, and where all of them agree."""
    questions = {choose(q.text): q.id for q in program.questions}
    for i, row in enumerate(result.triangulation):
        if row.agreement in ("divergent", "convergent"):
            good = row.agreement == "convergent"
            kind, score, text = (
                ("agreement", 0.2, _("The sources agree on: {question}"))
                if good
                else ("divergence", 0.45, _("The sources contradict one another on: {question}"))
            )
            id, at = f"{kind}.{questions.get(row.question, i)}", f"/triangulation/{i}/agreement"
            yield note(good, id, text.format(question=row.question), score, at)


def promise_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """What earlier cycles recommended and was not done."""
    for i, item in enumerate(result.follow_up):
        if item.status in ("not_done", "partly"):
            score, text = (
                (0.5, _("Recommended in {cycle} and not done: {text}"))
                if item.status == "not_done"
                else (0.35, _("Recommended in {cycle} and only partly done: {text}"))
            )
            text = text.format(cycle=item.from_cycle, text=item.text)
            yield note(False, f"promise.{item.id}", text, score, f"/follow_up/{i}/status")
