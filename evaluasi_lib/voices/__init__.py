"""The voices: open answers, interviews and documents as themes, with what they rest on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.reading.codebook import Code, Rubric, parse_model
from evaluasi_lib.reading.documents import is_scan
from evaluasi_lib.results import ModuleDemand, Theme
from evaluasi_lib.study import Study
from evaluasi_lib.voices import feedback
from evaluasi_lib.voices.agreement import agreement_rows, describe_hand_coding
from evaluasi_lib.voices.feedback import APPROVED, INTERVIEWS, Coded, codebook_of, mask
from evaluasi_lib.voices.interviews import code_interviews, describe_interviews
from evaluasi_lib.wording import choose

PAGES = ["document", "page", "text"]
RATINGS = ["reviewer", "document", "indicator", "rating", "quote", "page"]
PASSAGES = 3  # candidates shown for an indicator and document
MAX_PASSAGE = 300  # characters
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n{2,}")


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
    lines = feedback.quote_lines(study)
    excerpts = lines["source"] == INTERVIEWS
    themes: list[Theme] = []
    demand: tuple[ModuleDemand, ...] = ()
    details: dict[str, Any] = {}

    survey = feedback.code_open_answers(study, codebook)
    if len(survey.said):
        # A quote of a row that cleaning left out is not printed.
        written = lines[~excerpts & feedback.keys_of(lines).isin(feedback.keys_of(survey.said))]
        quotes = feedback.approved_quotes(written, codebook, study.program)
        themes += feedback.count_themes(survey, codebook, "survey", quotes, k)
        details["survey"] = feedback.describe_answers(survey, k)
        manual = study.restricted("manual_codes")
        if len(manual):
            details["agreement"] = describe_hand_coding(manual, survey, codebook, rng, k)
    if plan.modules_question:
        wanted = feedback.code_question(study, [plan.modules_question], codebook.modules)
        demand = feedback.count_modules(wanted, codebook, k)

    interviews = code_interviews(study, codebook)
    told = lines[excerpts]
    quotes = feedback.approved_quotes(told, codebook, study.program)
    themes += feedback.count_themes(interviews, codebook, "interview", quotes, k)
    approved, talks = told[told["status"] == APPROVED], study.restricted("transcripts")
    described = describe_interviews(interviews.said, talks, approved, codebook, rng, k)
    shown, documents = describe_documents(study, rng)
    themes += shown
    details |= {"interviews": described} if described else {}
    details |= {"documents": documents} if documents else {}
    return Voices(tuple(themes), demand, details, survey, interviews)


def update_quotes(study: Study, raw_folder: Path, names: Iterable[str] = ()) -> int:
    """Write the proposals into kutipan.csv of the raw folder; the number of new ones.

    The lines that stand there are kept as they are, above the new ones. names: of persons in the
    raw files, to be masked (`cleaning.pipeline.names_of`).
    """
    plan, codebook = study.program.voices, codebook_of(study)
    path = raw_folder / ((plan.quotes if plan else None) or "kutipan.csv")
    spoken = [feedback.code_open_answers(study, codebook), code_interviews(study, codebook)]
    table = feedback.propose_quotes(study, spoken, names)
    new = len(table) - len(study.restricted("quotes"))
    if new:
        work = path.with_suffix(".tmp")
        table.to_csv(work, index=False, lineterminator="\n")
        work.replace(path)
    return new


def describe_documents(
    study: Study, rng: np.random.Generator
) -> tuple[tuple[Theme, ...], dict[str, Any]]:
    """Coverage of the rubric by documents; empty where the program has none.

    Themes: one an indicator (n of documents, no persons). Details: passages, ratings, gaps.
    """
    pages = study.restricted("documents").reindex(columns=PAGES)
    ratings = study.restricted("document_ratings").reindex(columns=RATINGS)
    rubric_text = study.restricted("rubric")
    if pages.empty and ratings.empty:
        return (), {}
    details: dict[str, Any] = {
        "documents": [
            {"document": str(name), "pages": len(group), "scan": is_scan(str(name), group["text"])}
            for name, group in pages.groupby("document", sort=True)
        ]
    }
    if rubric_text.empty:
        return (), details
    rubric = parse_model(str(rubric_text["text"].iloc[0]), "rubric", Rubric)
    details["passages"] = find_passages(pages, rubric)
    details["coverage"] = coverage = coverage_by_indicator(pages, ratings, rubric)
    wide = ratings.pivot_table(
        index=["document", "indicator"], columns="reviewer", values="rating", sort=True
    ).to_numpy()
    if wide.shape[1] > 1 and (~np.isnan(wide)).all(axis=1).any():
        details["reviewers"] = agreement_rows(wide, rng, ordinal=True)
    themes = (
        Theme(
            r["indicator"],
            r["label"],
            "document",
            r["met"],
            r["met"] / r["rated"],
            None,
            None,
            None,
        )
        for r in coverage
        if r["rated"]
    )
    return tuple(themes), details


def find_passages(pages: pd.DataFrame, rubric: Rubric) -> list[dict[str, Any]]:
    """Candidate passages: sentences that hold an indicator's search phrases, with their page.

    The sentence with the most different phrases comes first; ties in the order of reading. They
    are where a reviewer should look, no evidence yet.
    """
    phrases = {
        f"{name}#{i}": Code(label=name, include=[phrase])
        for name, indicator in rubric.indicators.items()
        for i, phrase in enumerate(indicator.search)
    }
    sentences = pages.assign(text=pages["text"].astype(str).map(_SENTENCE.split))
    sentences = sentences.explode("text", ignore_index=True)
    held = feedback.code_answers(sentences["text"].tolist(), phrases).present
    rows = []
    for name, indicator in rubric.indicators.items():
        n = held[[p for p, code in phrases.items() if code.label == name]].sum(axis=1)
        ranked = sentences[n > 0].loc[n[n > 0].sort_values(ascending=False, kind="stable").index]
        best = ranked.groupby("document").head(PASSAGES).sort_values("document", kind="stable")
        label = choose(indicator.label)
        rows += [
            {"label": label, "document": str(d), "page": int(page), "text": _shortened(text)}
            for d, page, text in best[PAGES].itertuples(index=False)
        ]
    return rows


def _shortened(sentence: str) -> str:
    """One line, masked, cut at a word."""
    text = mask(" ".join(sentence.split()))
    return text if len(text) <= MAX_PASSAGE else text[:MAX_PASSAGE].rsplit(" ", 1)[0] + " …"


def coverage_by_indicator(
    pages: pd.DataFrame, ratings: pd.DataFrame, rubric: Rubric
) -> list[dict[str, Any]]:
    """For each indicator: documents that ought to hold it, rated, with the evidence found.

    The rating of a document is the mean of its reviewers'; evidence counts as found from
    rubric.met. Documents are no persons: their numbers are shown however small.
    """
    known, rows = {*pages["document"], *ratings["document"]}, []
    for name, indicator in rubric.indicators.items():
        asked = known & set(indicator.documents or known)
        rated = ratings[ratings["indicator"] == name]
        mean = rated[rated["document"].isin(asked)].groupby("document")["rating"].mean().dropna()
        cited = rated[(rated["quote"] != "") & (rated["page"] != "")]
        cited = cited.drop_duplicates(["document", "quote"])[
            ["document", "page", "quote", "rating"]
        ]
        cited = cited.astype({"document": str, "page": str, "rating": object})
        cited = cited.assign(quote=[mask(str(quote)) for quote in cited["quote"]])
        rows.append(
            {
                "indicator": name,
                "label": choose(indicator.label),
                "question": choose(indicator.question),
                "documents": len(asked),
                "rated": len(mean),
                "met": int((mean >= rubric.met).sum()),
                "mean": float(mean.mean()) if len(mean) else None,
                "evidence": cited.where(cited.notna(), None).to_dict("records"),
            }
        )
    return rows
