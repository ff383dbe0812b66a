"""The voices: open answers, interviews and documents as themes, with what they rest on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.disclosure import is_small
from evaluasi_lib.reading.codebook import Codebook
from evaluasi_lib.results import ModuleDemand, Theme
from evaluasi_lib.study import Study
from evaluasi_lib.voices.agreement import MIN_KAPPA, Retrieval, compare_codes
from evaluasi_lib.voices.evidence import describe_documents
from evaluasi_lib.voices.feedback import (
    KEYS,
    Coded,
    code_open_answers,
    code_question,
    codebook_of,
    count_modules,
    count_themes,
    describe_answers,
)
from evaluasi_lib.voices.interviews import INTERVIEWS, code_interviews, describe_interviews
from evaluasi_lib.voices.quotes import APPROVED, approved_quotes, quote_lines
from evaluasi_lib.wording import _

MIN_MANUAL = 30  # hand-coded answers under which agreement is not judged


@dataclass(frozen=True, slots=True)
class Voices:
    """themes and module_demand for result.json; details: lists for the report, disclosed.

    survey, interviews: who said what, by theme, for triangulation; never published.
    """

    themes: tuple[Theme, ...] = ()
    module_demand: tuple[ModuleDemand, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    survey: Coded | None = field(default=None, repr=False, compare=False)
    interviews: Coded | None = field(default=None, repr=False, compare=False)


def code_voices(study: Study) -> Voices:
    """Code the open answers, count interviews and documents; empty where the program has none."""
    plan = study.program.voices
    if plan is None:
        return Voices()
    codebook = codebook_of(study)
    k = study.program.privacy.min_cell
    rng = np.random.default_rng(study.program.seed)
    lines = quote_lines(study)
    excerpts = lines["source"] == INTERVIEWS
    themes: list[Theme] = []
    demand: tuple[ModuleDemand, ...] = ()
    details: dict[str, Any] = {"codebook": codebook.source}

    survey = code_open_answers(study, codebook)
    if len(survey.said):
        # A quote of a row that cleaning left out is not printed.
        written = lines[~excerpts & _keys(lines).isin(_keys(survey.said))]
        quotes = approved_quotes(written, codebook, study.program)
        themes += count_themes(survey, codebook, "survey", quotes, k)
        details["survey"] = describe_answers(survey, k)
        details["agreement"] = _describe_agreement(study, survey, codebook, rng)
    if plan.modules_question:
        wanted = code_question(study, [plan.modules_question], codebook.modules)
        if len(wanted.said):
            demand = count_modules(wanted, codebook, k)
            details["modules"] = describe_answers(wanted, k)

    interviews = code_interviews(study, codebook)
    told = lines[excerpts]
    quotes = approved_quotes(told, codebook, study.program)
    themes += count_themes(interviews, codebook, "interview", quotes, k)
    approved, talks = told[told["status"] == APPROVED], study.restricted("transcripts")
    described = describe_interviews(interviews.said, talks, approved, codebook, rng, k)
    shown, documents = describe_documents(study, rng)
    themes += shown
    details |= {"interviews": described} if described else {}
    details |= {"documents": documents} if documents else {}
    return Voices(tuple(themes), demand, details, survey, interviews)


def list_unthemed(study: Study) -> pd.DataFrame:
    """source, variable, row, text of the answers in which no theme was found: for the researcher's
    own eyes, to extend the codebook. Not for a report."""
    coded = code_open_answers(study, codebook_of(study))
    unthemed = coded.content & ~coded.found
    return coded.said.loc[unthemed, [*KEYS, "text"]].reset_index(drop=True)


def _keys(table: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(table[KEYS])


def _describe_agreement(
    study: Study, coded: Coded, codebook: Codebook, rng: np.random.Generator
) -> dict[str, Any] | None:
    """The codebook against a person's codes of the same answers; None without kode_manual.csv."""
    manual = study.restricted("manual_codes")
    if manual.empty:
        return None
    theme = manual["theme"].map(codebook.code_of)
    by_hand, place = _keys(manual), _keys(coded.said)
    sample = place.isin(by_hand)
    n = int(sample.sum())
    if not n:
        return {"n": 0, "themes": [], "warnings": [_("no hand-coded answer is among the data")]}
    used = [t for t in codebook.themes if (theme == t).any()]
    coded_by_hand = np.array([place[sample].isin(by_hand[theme == t]) for t in used], dtype=bool)
    found = coded.present.loc[sample, used].to_numpy()
    k = study.program.privacy.min_cell
    results = [
        r for r in compare_codes(coded_by_hand.T, found, used, rng) if not is_small(r.n_manual, k)
    ]
    return {
        "n": n,
        "themes": [_as_row(r, codebook) for r in results],
        "warnings": _agreement_warnings(results, theme, n, codebook),
    }


def _as_row(found: Retrieval, codebook: Codebook) -> dict[str, Any]:
    row = {"theme": found.theme, "label": codebook.label(found.theme), **asdict(found)}
    kappa = row.pop("kappa")
    return row | {
        "kappa": kappa["value"],
        "kappa_ci_low": kappa["ci_low"],
        "kappa_ci_high": kappa["ci_high"],
    }


def _agreement_warnings(
    results: list[Retrieval], by_hand: pd.Series, n: int, codebook: Codebook
) -> list[str]:
    warnings = []
    unknown = sorted(set(by_hand) - set(codebook.themes) - {""})
    if unknown:
        text = _(
            "Codes given by hand that the codebook does not have, and that are left out: {names}."
        )
        warnings.append(text.format(names=", ".join(unknown)))
    if n < MIN_MANUAL:
        text = _("Only {n} answers were coded by hand; at least {least} are needed to judge.")
        warnings.append(text.format(n=n, least=MIN_MANUAL))
    kappas = [(codebook.label(r.theme), r.kappa.value) for r in results]
    low = [label for label, kappa in kappas if kappa is not None and kappa < MIN_KAPPA]
    if low:
        text = _(
            "The automatic coding of these themes agrees too little with the coding by hand "
            "(kappa under 0.6); read their numbers with care: {themes}."
        )
        warnings.append(text.format(themes=", ".join(low)))
    return warnings
