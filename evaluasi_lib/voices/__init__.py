"""The voices: open answers, interviews and documents as themes, with what they rest on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.disclosure import is_small, publishable_share
from evaluasi_lib.results import ModuleDemand, Theme
from evaluasi_lib.study import Study
from evaluasi_lib.voices.agreement import MIN_KAPPA, Retrieval, agreement_of, as_rows, compare_codes
from evaluasi_lib.voices.codebook import Codebook
from evaluasi_lib.voices.evidence import describe_documents
from evaluasi_lib.voices.feedback import (
    Coded,
    candidate_terms,
    code_answers,
    code_open_answers,
    codebook_of,
    count_modules,
    count_themes,
    open_answers,
)
from evaluasi_lib.voices.interviews import (
    case_pages,
    co_occurrence,
    coders_matrix,
    count_codes,
    coverage,
    saturation,
    saturation_point,
    theme_by_group,
    theme_codes,
)
from evaluasi_lib.voices.quotes import approved_quotes, approved_rows
from evaluasi_lib.wording import _

KEYS = ["source", "variable", "row"]  # what names one open answer
MIN_MANUAL = 30  # hand-coded answers under which agreement is not judged


@dataclass(frozen=True, slots=True)
class Voices:
    """themes and module_demand for result.json; details: lists for the report, disclosed."""

    themes: tuple[Theme, ...] = ()
    module_demand: tuple[ModuleDemand, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


def code_voices(study: Study) -> Voices:
    """Code the open answers, count interviews and documents; empty where the program has none."""
    plan = study.program.voices
    if plan is None:
        return Voices()
    codebook = codebook_of(study)
    k = study.program.privacy.min_cell
    rng = np.random.default_rng(study.program.seed)
    quotes = study.restricted("quotes")
    themes: list[Theme] = []
    demand: tuple[ModuleDemand, ...] = ()
    details: dict[str, Any] = {"codebook": codebook.source}

    answers, coded = code_open_answers(study, codebook)
    if len(answers):
        # A quote of a row that cleaning left out is not printed.
        there = quotes.merge(answers[KEYS].drop_duplicates(), on=KEYS) if len(quotes) else quotes
        spoken = approved_quotes(there, codebook, study.program, interviews=False)
        themes += count_themes(answers, coded, codebook, spoken, k)
        details["survey"] = _describe_answers(answers, coded, k)
        details["agreement"] = _describe_agreement(study, answers, coded, codebook, rng)
    if plan.modules_question:
        wanted = open_answers(study, [plan.modules_question])
        if len(wanted):
            asked = code_answers(wanted["text"].tolist(), codebook.modules)
            demand = count_modules(wanted, asked, codebook, k)
            details["modules"] = _describe_answers(wanted, asked, k)

    coded_excerpts, transcripts = study.restricted("interviews"), study.restricted("transcripts")
    if len(coded_excerpts) or len(transcripts):
        details["interviews"] = {"coverage": coverage(coded_excerpts, transcripts, k)}
    if len(coded_excerpts):
        excerpts = coded_excerpts.assign(code=theme_codes(coded_excerpts, codebook))
        spoken = approved_quotes(quotes, codebook, study.program, interviews=True)
        themes += count_codes(excerpts, codebook, spoken, k)
        details["interviews"] |= _describe_interviews(excerpts, codebook, rng, k)
        approved = approved_rows(quotes, interviews=True)
        details["interviews"]["cases"] = case_pages(excerpts, codebook, approved, k)
    documents = describe_documents(study, rng)
    themes += documents.themes
    if documents.details:
        details["documents"] = documents.details
    return Voices(tuple(themes), demand, details)


def list_unthemed(study: Study) -> pd.DataFrame:
    """source, variable, row, text of the answers in which no theme was found: for the researcher's
    own eyes, to extend the codebook. Not for a report."""
    answers, coded = code_open_answers(study, codebook_of(study))
    unthemed = coded.content & ~coded.found
    return answers.loc[unthemed, ["source", "variable", "row", "text"]].reset_index(drop=True)


def _describe_answers(answers: pd.DataFrame, coded: Coded, k: int) -> dict[str, Any]:
    """How many answers had content, how many no theme, and the words that these use."""
    unthemed = coded.content & ~coded.found
    n_content, n_unthemed = int(coded.content.sum()), int(unthemed.sum())
    shown, share, reason = publishable_share(n_unthemed, n_content, k=k)
    people = int(answers["pid"][coded.content].nunique())
    silent = int((~coded.content).sum())
    left = answers[unthemed]
    return {
        "respondents": None if is_small(people, k) else people,
        "answers": None if is_small(n_content, k) else n_content,
        "without_content": None if is_small(silent, k) else silent,
        "unthemed": {"n": shown, "share": share, "reason": reason},
        "candidate_terms": candidate_terms(left["text"].tolist(), left["pid"].tolist(), k=k),
    }


def _describe_agreement(
    study: Study, answers: pd.DataFrame, coded: Coded, codebook: Codebook, rng: np.random.Generator
) -> dict[str, Any] | None:
    """The codebook against a person's codes of the same answers; None without kode_manual.csv."""
    manual = study.restricted("manual_codes")
    if manual.empty:
        return None
    named = manual.assign(theme=manual["theme"].map(codebook.code_of))
    by_hand = pd.MultiIndex.from_frame(named[KEYS])
    place = pd.MultiIndex.from_frame(answers[KEYS])
    sample = place.isin(by_hand)
    if not sample.any():
        return {"n": 0, "themes": [], "warnings": [_("no hand-coded answer is among the data")]}
    used = [t for t in codebook.themes if (named["theme"] == t).any()]
    coded_by_hand = np.array(
        [place[sample].isin(by_hand[named["theme"] == t]) for t in used], dtype=bool
    )
    found = coded.present.loc[sample, used].to_numpy()
    k = study.program.privacy.min_cell
    results = [
        r for r in compare_codes(coded_by_hand.T, found, used, rng) if not is_small(r.n_manual, k)
    ]
    return {
        "n": int(sample.sum()),
        "themes": [_as_row(r, codebook) for r in results],
        "warnings": [
            *_unknown_codes(named["theme"], codebook),
            *_agreement_warnings(results, int(sample.sum()), codebook),
        ],
    }


def _as_row(found: Retrieval, codebook: Codebook) -> dict[str, Any]:
    return {
        "theme": found.theme,
        "label": codebook.label(found.theme),
        "n_manual": found.n_manual,
        "precision": found.precision,
        "recall": found.recall,
        "f1": found.f1,
        "kappa": found.kappa.value,
        "kappa_ci_low": found.kappa.ci_low,
        "kappa_ci_high": found.kappa.ci_high,
    }


def _unknown_codes(themes: pd.Series, codebook: Codebook) -> list[str]:
    unknown = sorted(set(themes) - set(codebook.themes) - {""})
    if not unknown:
        return []
    return [
        _(
            "Codes given by hand that the codebook does not have, and that are left out: {names}."
        ).format(names=", ".join(unknown))
    ]


def _agreement_warnings(results: list[Retrieval], n: int, codebook: Codebook) -> list[str]:
    warnings = []
    if n < MIN_MANUAL:
        warnings.append(
            _("Only {n} answers were coded by hand; at least {least} are needed to judge.").format(
                n=n, least=MIN_MANUAL
            )
        )
    low = [
        codebook.label(r.theme)
        for r in results
        if r.kappa.value is not None and r.kappa.value < MIN_KAPPA
    ]
    if low:
        warnings.append(
            _(
                "The automatic coding of these themes agrees too little with the coding by hand "
                "(kappa under 0.6); read their numbers with care: {themes}."
            ).format(themes=", ".join(low))
        )
    return warnings


def _describe_interviews(
    excerpts: pd.DataFrame, codebook: Codebook, rng: np.random.Generator, k: int
) -> dict[str, Any]:
    def labelled(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{"label": codebook.label(str(r["theme"])), **r} for r in rows]

    curve = saturation(excerpts)
    details: dict[str, Any] = {
        "theme_by_group": labelled(theme_by_group(excerpts, k)),
        "saturation": curve,
        "saturation_point": saturation_point(curve),
        "co_occurrence": [
            {"label_a": codebook.label(str(p["a"])), "label_b": codebook.label(str(p["b"])), **p}
            for p in co_occurrence(excerpts, k)
        ],
    }
    matrix = coders_matrix(excerpts)
    if matrix is not None:
        details["coders"] = as_rows(agreement_of(matrix[0], rng, units=matrix[1]))
    return details
