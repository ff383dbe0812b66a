"""What the documents show: passages found by search, reviewers' ratings, coverage by indicator."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.reading.codebook import Code, parse_model
from evaluasi_lib.reading.documents import is_scan
from evaluasi_lib.reading.rubric import Rubric
from evaluasi_lib.results import Theme
from evaluasi_lib.study import Study
from evaluasi_lib.voices.agreement import agreement_rows
from evaluasi_lib.voices.masking import mask
from evaluasi_lib.voices.matching import Matcher
from evaluasi_lib.voices.text import analyse
from evaluasi_lib.wording import choose

PAGES = ["document", "page", "text"]
RATINGS = ["reviewer", "document", "indicator", "rating", "quote", "page"]
PASSAGES = 3  # candidates shown for an indicator and document
MAX_PASSAGE = 300  # characters
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n{2,}")


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
    details["coverage"], themes = coverage_by_indicator(pages, ratings, rubric)
    wide = ratings.pivot_table(
        index=["document", "indicator"], columns="reviewer", values="rating", sort=True
    ).to_numpy()
    if wide.shape[1] > 1 and (~np.isnan(wide)).all(axis=1).any():
        details["reviewers"] = agreement_rows(wide, rng, ordinal=True)
    return themes, details


def find_passages(pages: pd.DataFrame, rubric: Rubric) -> list[dict[str, Any]]:
    """Candidate passages: sentences that hold an indicator's search phrases, with their page.

    The sentence with the most different phrases comes first; ties in the order of reading. They
    are where a reviewer should look, no evidence yet.
    """
    codes = {
        f"{name}#{i}": Code(label=name, include=[phrase])
        for name, indicator in rubric.indicators.items()
        for i, phrase in enumerate(indicator.search)
    }
    matcher = Matcher.of(codes)
    found: dict[tuple[str, str], list[tuple[int, int, str]]] = defaultdict(list)
    for document, page, text in pages.itertuples(index=False, name=None):
        for sentence in _SENTENCE.split(str(text)):
            phrases = {hit.code for hit in matcher.hits(analyse(sentence))}
            for name, n in Counter(phrase.split("#")[0] for phrase in phrases).items():
                found[name, str(document)].append((n, int(page), sentence))
    return [
        {
            "indicator": name,
            "label": choose(indicator.label),
            "document": document,
            "page": page,
            "text": _shortened(sentence),
        }
        for name, indicator in rubric.indicators.items()
        for document in sorted({d for n, d in found if n == name})
        for _n, page, sentence in sorted(found[name, document], key=lambda f: -f[0])[:PASSAGES]
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
    known = sorted({*pages["document"], *ratings["document"]})
    rows, themes = [], []
    for name, indicator in rubric.indicators.items():
        asked = [d for d in known if not indicator.documents or d in indicator.documents]
        rated = ratings[ratings["indicator"] == name]
        mean = rated[rated["document"].isin(asked)].groupby("document")["rating"].mean().dropna()
        met = int((mean >= rubric.met).sum())
        label = choose(indicator.label)
        quoted = rated[(rated["quote"] != "") & (rated["page"] != "")]
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
