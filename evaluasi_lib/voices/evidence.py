"""What the documents show: passages found by search, reviewers' ratings, coverage by indicator."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.results import Theme
from evaluasi_lib.study import Study
from evaluasi_lib.voices.agreement import agreement_of, as_rows
from evaluasi_lib.voices.codebook import Code, Matcher, parse_model
from evaluasi_lib.voices.documents import is_scan
from evaluasi_lib.voices.masking import mask
from evaluasi_lib.voices.rubric import Rubric
from evaluasi_lib.voices.text import analyse
from evaluasi_lib.wording import choose

PASSAGES = 3  # candidates shown for an indicator and document
MAX_PASSAGE = 300  # characters
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n{2,}")


@dataclass(frozen=True, slots=True)
class DocumentEvidence:
    """themes: one an indicator (n of documents, no persons); details: passages, ratings, gaps."""

    themes: tuple[Theme, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


def describe_documents(study: Study, rng: np.random.Generator) -> DocumentEvidence:
    """Coverage of the rubric by documents; empty where the program has none."""
    pages = study.restricted("documents")
    rubric_text = study.restricted("rubric")
    ratings = study.restricted("document_ratings")
    if pages.empty and ratings.empty:
        return DocumentEvidence()
    details: dict[str, Any] = {"documents": []}
    if len(pages):
        details["documents"] = [
            {"document": str(name), "pages": len(group), "scan": is_scan(str(name), group["text"])}
            for name, group in pages.groupby("document", sort=True)
        ]
    if rubric_text.empty:
        return DocumentEvidence((), details)
    rubric = parse_model(str(rubric_text["text"].iloc[0]), "rubric", Rubric)
    details["passages"] = find_passages(pages, rubric)
    details["coverage"], themes = coverage_by_indicator(pages, ratings, rubric)
    if len(ratings):
        wide = ratings.pivot_table(
            index=["document", "indicator"], columns="reviewer", values="rating", sort=True
        ).to_numpy()
        if wide.shape[1] > 1 and (~np.isnan(wide)).all(axis=1).any():
            details["reviewers"] = as_rows(agreement_of(wide, rng, ordinal=True))
    return DocumentEvidence(themes, details)


def find_passages(pages: pd.DataFrame, rubric: Rubric) -> list[dict[str, Any]]:
    """Candidate passages: sentences that hold an indicator's search phrases, with their page.

    The sentence with the most different phrases comes first; ties in the order of reading. They
    are where a reviewer should look, no evidence yet.
    """
    if pages.empty:
        return []
    codes = {
        f"{name}#{i}": Code(label=name, include=[phrase])
        for name, indicator in rubric.indicators.items()
        for i, phrase in enumerate(indicator.search)
    }
    matcher = Matcher.of(codes)
    found: dict[tuple[str, str], list[tuple[int, int, int, str]]] = {}
    for order, line in enumerate(pages.itertuples()):
        for i, sentence in enumerate(_SENTENCE.split(str(line.text))):
            hits = {hit.code for hit in matcher.hits(analyse(sentence))}
            for name in {hit.split("#")[0] for hit in hits}:
                score = sum(hit.split("#")[0] == name for hit in hits)
                found.setdefault((name, str(line.document)), []).append(
                    (-score, order * 10_000 + i, int(line.page), sentence)  # type: ignore[arg-type]
                )
    return [
        {
            "indicator": name,
            "label": choose(rubric.indicators[name].label),
            "document": document,
            "page": page,
            "text": _shortened(sentence),
        }
        for name in rubric.indicators
        for document in sorted({d for n, d in found if n == name})
        for _score, _order, page, sentence in sorted(found[name, document])[:PASSAGES]
    ]


def _shortened(sentence: str) -> str:
    """One line, masked, cut at a word."""
    text = mask(" ".join(sentence.split()))
    return text if len(text) <= MAX_PASSAGE else text[:MAX_PASSAGE].rsplit(" ", 1)[0] + " …"


def coverage_by_indicator(
    pages: pd.DataFrame, ratings: pd.DataFrame, rubric: Rubric
) -> tuple[list[dict[str, Any]], tuple[Theme, ...]]:
    """For each indicator: documents that ought to hold it, rated, with the evidence found.

    The rating of a document is the mean of its reviewers'; evidence counts as found from
    rubric.met. Documents are no persons: their numbers are shown however small.
    """
    known = sorted(
        set(pages["document"] if len(pages) else [])
        | set(ratings["document"] if len(ratings) else [])
    )
    rows, themes = [], []
    for name, indicator in rubric.indicators.items():
        asked = [d for d in known if not indicator.documents or d in indicator.documents]
        rated = ratings[ratings["indicator"] == name] if len(ratings) else ratings
        mean = rated.groupby("document")["rating"].mean() if len(rated) else pd.Series(dtype=float)
        mean = mean[mean.index.isin(asked)].dropna()
        met = int((mean >= rubric.met).sum())
        label = choose(indicator.label)
        quoted = rated[(rated["quote"] != "") & (rated["page"] != "")] if len(rated) else rated
        rows.append(
            {
                "indicator": name,
                "label": label,
                "question": choose(indicator.question),
                "documents": len(asked),
                "rated": len(mean),
                "met": met,
                "mean": float(mean.mean()) if len(mean) else None,
                "scale_max": rubric.max,
                "evidence": [
                    {
                        "document": str(r.document),
                        "page": str(r.page),
                        "quote": mask(str(r.quote)),
                        "rating": None if pd.isna(r.rating) else float(r.rating),  # type: ignore[arg-type]
                    }
                    for r in quoted.drop_duplicates(["document", "quote"]).itertuples()
                ],
            }
        )
        if len(mean):
            themes.append(Theme(name, label, "document", met, met / len(mean), None, None, None))
    return rows, tuple(themes)
