"""Strengths and weaknesses that rest on participation, voices and earlier promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evaluasi_lib.findings.observe import Note, note
from evaluasi_lib.findings.pointers import pointer
from evaluasi_lib.findings.words import share_with_interval
from evaluasi_lib.program import Program
from evaluasi_lib.results import EvaluationResult
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
        evidence = pointer("participation", "completion_share")
        yield note(good, "completion.program", text, score, evidence)
    response = result.sample.response_rate_share
    if response is not None and response < MIN_RESPONSE_SHARE:
        text = _("Only {share} of those invited answered, so the answers may not speak for all.")
        evidence = pointer("sample", "response_rate_share")
        yield note(False, "response.program", text.format(share=percent(response)), 0.4, evidence)


def barrier_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Barriers that at least the declared share of respondents named."""
    for i, barrier in enumerate(result.participation.barriers):
        if barrier.share is None or barrier.share < program.thresholds.barrier_share:
            continue
        text = _("{share} of respondents are held back by: {label}.").format(
            share=share_with_interval(barrier.share, barrier.ci_low, barrier.ci_high),
            label=barrier.label,
        )
        path = pointer("participation", "barriers", i, "share")
        yield note(False, f"barrier.{barrier.barrier}", text, 0.3 + 0.6 * barrier.share, path)


def theme_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Themes of open answers that are frequent and clearly good or bad."""
    for i, theme in enumerate(result.themes):
        if theme.source != "survey" or theme.theme in GENERAL_THEMES:
            continue
        if theme.share is None or theme.sentiment is None:
            continue
        if theme.share < THEME_SHARE or abs(theme.sentiment) < SENTIMENT:
            continue
        good = theme.sentiment > 0
        text = (
            _("{share} of the open answers speak of “{label}”, mostly in praise.")
            if good
            else _("{share} of the open answers speak of “{label}”, mostly critically.")
        ).format(
            share=share_with_interval(theme.share, theme.ci_low, theme.ci_high), label=theme.label
        )
        paths = pointer("themes", i, "share"), pointer("themes", i, "sentiment")
        yield note(good, f"theme.{theme.theme}", text, 0.25 + 0.5 * theme.share, *paths)


def demand_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Modules that at least the declared share asked for: a need that the program does not meet."""
    for i, wanted in enumerate(result.module_demand):
        if wanted.share is None or wanted.share < program.thresholds.demand_share:
            continue
        text = _("{share} of respondents ask for a module that is not offered: {label}.").format(
            share=share_with_interval(wanted.share, wanted.ci_low, wanted.ci_high),
            label=wanted.label,
        )
        path = pointer("module_demand", i, "share")
        yield note(False, f"module.{wanted.module}", text, 0.3 + 0.5 * wanted.share, path)


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
        path = pointer("participation", "details", "representation", i, "share")
        score = 0.35 + min(row["population_share"] - row["share"], 0.3)
        yield note(False, f"access.{row['variable']}.{row['group']}", text, score, path)
    groups: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for i, row in enumerate(result.elearning.details.get("access", ())):
        if row["completed_share"] is not None and (row["p_completed"] or 1) < ACCESS_P:
            groups.setdefault(row["variable"], []).append((i, row))
    for variable, rows in groups.items():
        i, low = min(rows, key=lambda r: r[1]["completed_share"])
        j, high = max(rows, key=lambda r: r[1]["completed_share"])
        text = _(
            "“{low}” completes the e-learning less often ({low_share}) than “{high}” "
            "({high_share})."
        ).format(
            low=low["label"],
            low_share=percent(low["completed_share"]),
            high=high["label"],
            high_share=percent(high["completed_share"]),
        )
        paths = [
            pointer("elearning", "details", "access", n, "completed_share")
            for n in dict.fromkeys((i, j))
        ]
        if len(paths) > 1:
            score = 0.35 + min(high["completed_share"] - low["completed_share"], 0.3)
            yield note(False, f"access.elearning.{variable}", text, score, *paths)


def triangulation_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """Where the sources contradict one another, and where all of them agree."""
    questions = {choose(q.text): q.id for q in program.questions}
    for i, row in enumerate(result.triangulation):
        if row.agreement not in ("divergent", "convergent"):
            continue
        good = row.agreement == "convergent"
        text = (
            _("The sources agree on: {question}")
            if good
            else _("The sources contradict one another on: {question}")
        ).format(question=row.question)
        kind = "agreement" if good else "divergence"
        path = pointer("triangulation", i, "agreement")
        yield note(
            good, f"{kind}.{questions.get(row.question, i)}", text, 0.2 if good else 0.45, path
        )


def promise_notes(program: Program, result: EvaluationResult) -> Iterator[Note]:
    """What earlier cycles recommended and was not done."""
    for i, item in enumerate(result.follow_up):
        if item.status in ("not_done", "partly"):
            text = (
                _("Recommended in {cycle} and not done: {text}")
                if item.status == "not_done"
                else _("Recommended in {cycle} and only partly done: {text}")
            ).format(cycle=item.from_cycle, text=item.text)
            score = 0.5 if item.status == "not_done" else 0.35
            path = pointer("follow_up", i, "status")
            yield note(False, f"promise.{item.id}", text, score, path)
