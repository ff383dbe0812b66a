"""The voices: open answers, interviews and documents as themes, with what they rest on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from evaluasi_lib.measures import Draft, Drafts, Measure, Remark, drafts, measure_id, publish
from evaluasi_lib.reading.voices import Code, Codebook, Rubric, is_scan, parse_model
from evaluasi_lib.results import Passage, Quote
from evaluasi_lib.study import Study
from evaluasi_lib.voices import feedback
from evaluasi_lib.voices.agreement import agreement_rows, coding_rows, coefficient_rows
from evaluasi_lib.voices.feedback import INTERVIEWS, Coded, approved_quotes, codebook_of, mask
from evaluasi_lib.voices.interviews import code_interviews, interview_rows
from evaluasi_lib.wording import _, choose, count, join_words

PAGES = ["document", "page", "text"]
RATINGS = ["reviewer", "document", "indicator", "rating", "quote", "page"]
PASSAGES, MOST_PASSAGES = 3, 20  # candidates shown for an indicator and document, and in all
MAX_PASSAGE = 300  # characters
QUOTES_PER_THEME = 2
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n{2,}")


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator of the rubric in the documents: those that ought to hold it, those of them that
    were rated, and those whose mean rating reaches what the rubric asks."""

    name: str
    label: str
    question: str
    documents: int
    rated: int
    met: int
    mean: float | None


@dataclass(frozen=True, slots=True)
class Voices:
    """What is published of the voices: the parts themes, module_demand and voices, and texts.

    survey, interviews, indicators: who said what, and what the documents hold, for triangulation;
    never published.
    """

    rows: tuple[Measure, ...] = ()
    remarks: tuple[Remark, ...] = ()
    quotes: tuple[Quote, ...] = ()
    passages: tuple[Passage, ...] = ()
    survey: Coded | None = field(default=None, repr=False, compare=False)
    interviews: Coded | None = field(default=None, repr=False, compare=False)
    indicators: tuple[Indicator, ...] = field(default=(), repr=False, compare=False)


def code_voices(study: Study) -> Voices:
    """Code the open answers, count interviews and documents; empty where the program has none."""
    plan, k = study.program.voices, study.program.privacy.min_cell
    if plan is None:
        return Voices()
    codebook, rng = codebook_of(study), np.random.default_rng(study.program.seed)
    survey = feedback.code_open_answers(study, codebook)
    interviews = code_interviews(study, codebook)
    documents = Documents.of(study)
    indicators = tuple(documents.indicators())
    written = feedback.theme_rows(survey, codebook, "survey")
    told = feedback.theme_rows(interviews, codebook, "interview")
    rows = [*_largest_first(written, k), *_largest_first(told, k)]
    quotes = _quotes_of_themes(study, codebook, survey, rows)
    of_cases = _quotes_of_cases(study, codebook, interviews)
    rows += publish(indicator_themes(indicators), k)[0]
    if plan.modules_question:
        wanted = feedback.code_question(study, [plan.modules_question], codebook.modules)
        rows += _largest_first(feedback.module_rows(wanted, codebook), k)
    said = chain(
        _answers(study, survey, codebook, rng),
        interview_rows(
            interviews.said, study.restricted("transcripts"), codebook, rng, study.program.enough
        ),
        documents.rows(indicators, rng),
    )
    others, remarks = publish(said, k)
    passages = tuple(documents.passages())
    return Voices(
        (*rows, *others), remarks, (*quotes, *of_cases), passages, survey, interviews, indicators
    )


def _largest_first(found: Drafts, k: int) -> list[Measure]:
    """Themes or modules in the order of their published numbers: what is hidden comes last, in the
    codebook's order, so that its place tells nothing."""
    return sorted(publish(found, k)[0], key=lambda row: -(row.n or 0))


def _answers(study: Study, survey: Coded, codebook: Codebook, rng: np.random.Generator) -> Drafts:
    """The open answers in numbers, and the codebook's coding against a person's."""
    if not len(survey.said):
        return
    yield from feedback.answer_rows(survey)
    manual = study.restricted("manual_codes")
    if len(manual):
        yield from coding_rows(manual, survey, codebook, rng, study.program.enough)


def _quotes_of_themes(
    study: Study, codebook: Codebook, survey: Coded, rows: Iterable[Measure]
) -> Iterator[Quote]:
    """The first approved quotes of each theme whose number is shown."""
    lines = feedback.quote_lines(study)
    excerpts = lines["source"] == INTERVIEWS
    # A quote of a row that cleaning left out is not printed.
    kept = (
        feedback.keys_of(lines).isin(feedback.keys_of(survey.said)) if len(survey.said) else False
    )
    approved = approved_quotes(lines[excerpts | kept], codebook, study.program)
    for row in rows:
        if row.measure == "share" and row.value is not None:
            of_theme = [q for q in approved if (q.theme, q.group) == (row.subject, row.group)]
            yield from of_theme[:QUOTES_PER_THEME]


def _quotes_of_cases(study: Study, codebook: Codebook, interviews: Coded) -> Iterator[Quote]:
    """All approved quotes of each case's interviewees."""
    lines, said = feedback.quote_lines(study), interviews.said
    told = lines[lines["source"] == INTERVIEWS]
    for case in [c for c in said["case"].unique() if c]:
        of_case = told[told["row"].isin(said.index[said["case"] == case] + 1)]
        yield from approved_quotes(of_case, codebook, study.program, str(case))


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


@dataclass(frozen=True)
class Documents:
    """The pages of a program's documents, the reviewers' ratings, and the rubric, if any."""

    pages: pd.DataFrame
    ratings: pd.DataFrame
    rubric: Rubric | None

    @classmethod
    def of(cls, study: Study) -> Documents:
        """The documents of a study; without documents their rubric asks nothing."""
        pages = study.restricted("documents").reindex(columns=PAGES)
        ratings = study.restricted("document_ratings").reindex(columns=RATINGS)
        text = study.restricted("rubric")
        if text.empty or (pages.empty and ratings.empty):
            return cls(pages, ratings, None)
        return cls(pages, ratings, parse_model(str(text["text"].iloc[0]), "rubric", Rubric))

    def indicators(self) -> Iterator[Indicator]:
        """Each indicator with the evidence found; documents are no persons, so none is hidden.

        The rating of a document is the mean of its reviewers'.
        """
        if self.rubric is None:
            return
        known = {*self.pages["document"], *self.ratings["document"]}
        for name, indicator in self.rubric.indicators.items():
            asked = known & set(indicator.documents or known)
            rated = self.ratings[self.ratings["indicator"] == name]
            rated = rated[rated["document"].isin(asked)]
            mean = rated.groupby("document")["rating"].mean().dropna()
            yield Indicator(
                name,
                choose(indicator.label),
                choose(indicator.question),
                documents=len(asked),
                rated=len(mean),
                met=int((mean >= self.rubric.met).sum()),
                mean=float(mean.mean()) if len(mean) else None,
            )

    def rows(self, indicators: Iterable[Indicator], rng: np.random.Generator) -> Drafts:
        """How far reviewers agree, the documents that were read, and the indicators in numbers."""
        both = self.ratings.pivot_table(
            index=["document", "indicator"], columns="reviewer", values="rating", sort=True
        ).to_numpy()
        if self.rubric and both.shape[1] > 1 and (~np.isnan(both)).all(axis=1).any():
            yield from coefficient_rows("reviewers", agreement_rows(both, rng, ordinal=True))
        scans = []
        for name, group in self.pages.groupby("document", sort=True):
            yield from drafts({"pages": len(group)}, ["voices", "documents", name], "pages")
            scans += [str(name)] if is_scan(str(name), group["text"]) else []
        if scans:
            warning = _(
                "Scanned without text, so that nothing could be searched in them: {names}. Run "
                "them through text recognition (OCR)."
            )
            yield Draft(Remark("voices/documents", warning.format(names=join_words(scans))))
        for indicator in indicators:
            names = ["voices", "rubric", indicator.name]
            yield from drafts(indicator, names, "documents met mean")
            yield Draft(Remark(measure_id(*names), indicator.question))

    def passages(self) -> Iterator[Passage]:
        """What the reviewers cite, then where they should look."""
        if self.rubric is None:
            return
        for name, indicator in self.rubric.indicators.items():
            rated = self.ratings[self.ratings["indicator"] == name]
            cited = rated[(rated["quote"] != "") & (rated["page"] != "")]
            for row in cited.drop_duplicates(["document", "quote"]).to_dict("records"):
                rating = None if pd.isna(row["rating"]) else float(row["rating"])
                document, page, text = str(row["document"]), str(row["page"]), mask(row["quote"])
                label = choose(indicator.label)
                yield Passage(name, label, document, page, text, cited=True, rating=rating)
        yield from find_passages(self.pages, self.rubric)[:MOST_PASSAGES]


def indicator_themes(indicators: Iterable[Indicator]) -> Drafts:
    """The documents with evidence as shares of those that were rated."""
    for i in indicators:
        if i.rated:
            record = {"n": i.met, "share": i.met / i.rated, "label": i.label}
            place = ["themes", i.name, "document"]
            yield from drafts(record, place, "share", subject=i.name, group="document")


def find_passages(pages: pd.DataFrame, rubric: Rubric) -> list[Passage]:
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
    found = []
    for name, indicator in rubric.indicators.items():
        n = held[[p for p, code in phrases.items() if code.label == name]].sum(axis=1)
        ranked = sentences[n > 0].loc[n[n > 0].sort_values(ascending=False, kind="stable").index]
        best = ranked.groupby("document").head(PASSAGES).sort_values("document", kind="stable")
        label = choose(indicator.label)
        found += [
            Passage(name, label, str(d), count(int(page)), _shortened(text), cited=False)
            for d, page, text in best[PAGES].itertuples(index=False)
        ]
    return found


def _shortened(sentence: str) -> str:
    """One line, masked, cut at a word."""
    text = mask(" ".join(sentence.split()))
    return text if len(text) <= MAX_PASSAGE else text[:MAX_PASSAGE].rsplit(" ", 1)[0] + " …"
