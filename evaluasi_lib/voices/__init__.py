"""The voices: open answers, interviews and documents as themes, with what they rest on; and what
the codes of interviews show together."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from evaluasi_lib.measures import (
    Cell,
    Draft,
    Drafts,
    Measure,
    Passage,
    Quote,
    Remark,
    drafts,
    measure_id,
    part_of,
    publish,
)
from evaluasi_lib.reading.voices import (
    ABOVE,
    COLUMNS,
    Code,
    Codebook,
    Rubric,
    is_scan,
    parse_model,
)
from evaluasi_lib.study import Study
from evaluasi_lib.voices import feedback
from evaluasi_lib.voices.agreement import agreement_rows, as_codes, coding_rows, coefficient_rows
from evaluasi_lib.voices.feedback import (
    INTERVIEWS,
    Coded,
    approved_quotes,
    code_answers,
    codebook_of,
    mask,
)
from evaluasi_lib.wording import _, choose, count, join_words, phrase, word_for

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
    manual = study.restricted("manual_codes") if len(survey.said) else pd.DataFrame()
    documents, enough = Documents.of(study), study.program.enough
    indicators = tuple(documents.indicators())
    written = feedback.theme_rows(survey, codebook, "survey")
    told = feedback.theme_rows(interviews, codebook, "interview")
    rows = [*_largest_first(written, k), *_largest_first(told, k)]
    quotes = tuple(_quotes(study, codebook, survey, interviews, rows))
    rows += publish(indicator_themes(indicators), k)[0]
    if plan.modules_question:
        wanted = feedback.code_question(study, [plan.modules_question], codebook.modules)
        rows += _largest_first(feedback.module_rows(wanted, codebook), k)
    said = chain(
        feedback.answer_rows(survey) if len(survey.said) else (),
        coding_rows(manual, survey, codebook, rng, enough) if len(manual) else (),
        interview_rows(interviews.said, study.restricted("transcripts"), codebook, rng, enough),
        documents.rows(indicators, rng),
    )
    others, remarks = publish(said, k)
    passages = tuple(documents.passages())
    return Voices((*rows, *others), remarks, quotes, passages, survey, interviews, indicators)


def _largest_first(found: Drafts, k: int) -> list[Measure]:
    """Themes or modules in the order of their published numbers: what is hidden comes last, in the
    codebook's order, so that its place tells nothing."""
    return sorted(publish(found, k)[0], key=lambda row: -(row.n or 0))


def _quotes(
    study: Study, codebook: Codebook, survey: Coded, interviews: Coded, rows: Iterable[Measure]
) -> Iterator[Quote]:
    """The first approved quotes of each theme whose number is shown; then all of each case's
    interviewees."""
    lines, said = feedback.quote_lines(study), interviews.said
    told = lines["source"] == INTERVIEWS
    # A quote of a row that cleaning left out is not printed.
    answers = feedback.keys_of(survey.said) if len(survey.said) else ()
    kept = feedback.keys_of(lines).isin(answers)
    approved = approved_quotes(lines[told | kept], codebook, study.program)
    for row in rows:
        if row.measure == "share" and row.value is not None:
            of_theme = [q for q in approved if (q.theme, q.group) == (row.subject, row.group)]
            yield from of_theme[:QUOTES_PER_THEME]
    for case in [c for c in said["case"].unique() if c]:
        of_case = told & lines["row"].isin(said.index[said["case"] == case] + 1)
        yield from approved_quotes(lines[of_case], codebook, study.program, str(case))


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
    """The pages of a program's documents, the reviewers' ratings, and the rubric; it asks nothing
    where there is none, or no document."""

    pages: pd.DataFrame
    ratings: pd.DataFrame
    rubric: Rubric

    @classmethod
    def of(cls, study: Study) -> Documents:
        """The documents of a study."""
        pages = study.restricted("documents").reindex(columns=PAGES)
        ratings = study.restricted("document_ratings").reindex(columns=RATINGS)
        text, rubric = study.restricted("rubric"), Rubric(indicators={})
        if len(text) and (len(pages) or len(ratings)):
            rubric = parse_model(str(text["text"].iloc[0]), "rubric", Rubric)
        return cls(pages, ratings, rubric)

    def indicators(self) -> Iterator[Indicator]:
        """Each indicator with the evidence found; documents are no persons, so none is hidden.

        The rating of a document is the mean of its reviewers'.
        """
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
        if self.rubric.indicators and both.shape[1] > 1 and (~np.isnan(both)).all(axis=1).any():
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
        cited = self.ratings[(self.ratings["quote"] != "") & (self.ratings["page"] != "")]
        cited = cited.drop_duplicates(["indicator", "document", "quote"])
        for name, indicator in self.rubric.indicators.items():
            for row in cited[cited["indicator"] == name].to_dict("records"):
                rating = None if pd.isna(row["rating"]) else float(row["rating"])
                document, page, text = str(row["document"]), str(row["page"]), mask(row["quote"])
                label = choose(indicator.label)
                yield Passage(name, label, document, page, text, cited=True, rating=rating)
        if self.rubric.indicators:
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


# Saturation (after Guest, Namey & Chen 2020): no RUN interviews together brought more than NEW of
# the codes of the first BASE.
BASE, RUN, NEW = 4, 2, 0.05


def code_interviews(study: Study, codebook: Codebook) -> Coded:
    """The coded excerpts: each is of its code's theme and sounds as the lexicon says.

    said keeps the columns of the interviews' table (COLUMNS); `code` is the theme: the code itself
    where the codebook knows it, else the nearest code above it that it knows (column `above`,
    outermost first), else the code's own name.
    """
    excerpts = study.restricted("interviews").reindex(columns=COLUMNS, fill_value="")

    def theme(code: str, above: str) -> str:
        names = [codebook.code_of(name) for name in (code, *reversed(above.split(ABOVE)))]
        return next((name for name in names if name in codebook.themes), names[0])

    themes = [theme(*pair) for pair in zip(excerpts["code"], excerpts["above"], strict=True)]
    said = excerpts.assign(
        code=pd.Series(themes, index=excerpts.index, dtype=str),
        source=INTERVIEWS,
        variable="",
        row=np.arange(1, len(excerpts) + 1),
        pid=excerpts["respondent"],
        text=excerpts["excerpt"],
    )
    tone = code_answers(said["text"].astype(str).tolist(), {}).sentiment
    present = pd.get_dummies(said["code"], dtype=bool)
    by_theme = present.astype(float).where(present).mul(tone, axis=0)
    every = np.ones(len(said), dtype=bool)
    return Coded(said, present, tone, by_theme, content=every, found=every)


def interview_rows(
    coded: pd.DataFrame,
    transcripts: pd.DataFrame,
    codebook: Codebook,
    rng: np.random.Generator,
    enough: Callable[[int], bool],
) -> Drafts:
    """What the report says of the interviews; nothing where there are none."""
    if coded.empty and transcripts.empty:
        return
    yield from coverage_rows(coded, transcripts)
    if coded.empty:
        return
    yield from group_rows(merge_small_groups(coded, enough), codebook)
    yield from saturation_rows(coded)
    yield from pair_rows(coded, codebook)
    matrix = coders_matrix(coded)
    if matrix is not None:
        yield from coefficient_rows("coders", agreement_rows(matrix[0], rng, units=matrix[1]))
    yield from case_rows(coded, codebook)


def band(n: int, total: int) -> str:
    """Words that fit many numbers, for cells too small to be counted out: none, some, most."""
    return "none" if n == 0 else "most" if 2 * n >= total else "some"


def merge_small_groups(coded: pd.DataFrame, enough: Callable[[int], bool]) -> pd.DataFrame:
    """Groups of too few interviewees to be shown become one, so that the others can be shown."""
    sizes = coded.groupby("group")["respondent"].nunique()
    small = [g for g, n in sizes.items() if not enough(int(n))]
    if not small:
        return coded
    name = _("Other groups") if len(small) < len(sizes) else _("All groups")
    return coded.assign(group=coded["group"].where(~coded["group"].isin(small), name))


def group_rows(coded: pd.DataFrame, codebook: Codebook) -> Drafts:
    """Interviewees of each group, and of these the n and share who speak of each theme.

    Where a cell is hidden its whole row is, as rows add up to the theme's published total; a word
    for it stays in the note.
    """
    found = coded.groupby("group", sort=False)["respondent"].nunique()
    sizes = {str(group): int(size) for group, size in found.items()}
    for group, size in sizes.items():
        cell = Cell((size,), sums=(("voices/groups", size),))
        place = ["voices", "group_sizes", group]
        yield from drafts({"interviewees": size}, place, "interviewees", cell)
    spoken = coded.groupby(["code", "group"])["respondent"].nunique()
    for code in coded["code"].unique():
        counts = {group: int(spoken.get((code, group), 0)) for group in sizes}
        row = [m for g, n in counts.items() for m in part_of(n, sizes[g]).persons]
        for group, n in counts.items():
            word = word_for("band", band(n, sizes[group]))
            record = {"n": n, "share": n / sizes[group], "label": codebook.label(str(code))}
            cell, about = Cell(tuple(row), keeps=("note",)), {"subject": code, "group": group}
            place = ["voices", "groups", code, group]
            yield from drafts(record, place, "share", cell, note=word, **about)


def case_rows(coded: pd.DataFrame, codebook: Codebook) -> Drafts:
    """Each kind of case of the Success Case Method (column `case`: who gained, who not): its
    interviewees and their themes, most frequent first."""
    for case in [c for c in coded["case"].unique() if c]:
        of_case = coded[coded["case"] == case]
        n = int(of_case["respondent"].nunique())
        yield from drafts(
            {"interviewees": n}, ["voices", "cases", case], "interviewees", Cell((n,))
        )
        spoken = of_case.groupby("code")["respondent"].nunique()
        for code in spoken.sort_values(ascending=False, kind="stable").index:
            yield Draft(
                Remark(measure_id("voices", "cases", case), codebook.label(code)), Cell((n,))
            )


def saturation_rows(coded: pd.DataFrame) -> Drafts:
    """Codes known so far and new ones, interview by interview as they were read; and the interview
    from which on hardly any code was new, where that is reached."""
    known: set[str] = set()
    new: list[int] = []
    for i, respondent in enumerate(dict.fromkeys(coded["respondent"]), 1):
        codes = set(coded.loc[coded["respondent"] == respondent, "code"])
        new.append(len(codes - known))
        known |= codes
        record = {"codes": len(known), "new": new[-1]}
        yield from drafts(record, ["voices", "saturation", i], "codes new")
    point = None
    for start in range(len(new) - RUN, BASE - 1, -1):
        if sum(new[start : start + RUN]) > NEW * sum(new[:BASE]):
            break
        point = start
    yield from drafts({"saturation_point": point}, ["voices", "interviews"], "saturation_point")


def pair_rows(coded: pd.DataFrame, codebook: Codebook) -> Drafts:
    """Pairs of codes with the interviewees who speak of both; most frequent first."""
    by_code = coded.groupby("code")["respondent"].agg(set)
    both = [
        (len(of_a & of_b), len(of_a | of_b), str(a), str(b))
        for (a, of_a), (b, of_b) in itertools.combinations(by_code.items(), 2)
    ]
    both.sort(key=lambda pair: -pair[0])
    for n, union, a, b in both:
        if n:
            label = phrase("{} + {}", codebook.label(a), codebook.label(b))
            record = {"n": n, "jaccard": n / union, "label": label}
            cell = Cell((n,), traceless=True)
            yield from drafts(record, ["voices", "pairs", a, b], "jaccard", cell)


def coders_matrix(coded: pd.DataFrame) -> tuple[np.ndarray, np.ndarray] | None:
    """rows x coders of the code each coder gave, and the unit of each row, where two coders read.

    The unit is `unit`, else the excerpt itself. Where a coder gave a unit several codes, each unit
    is asked about each code in use, yes or no, instead. None with fewer than two coders.
    """
    coders = [c for c in dict.fromkeys(coded["coder"]) if c]
    if len(coders) < 2:
        return None
    unit = coded["unit"].where(coded["unit"] != "", coded["respondent"] + coded["excerpt"])
    table = coded.assign(unit=unit).drop_duplicates(["unit", "coder", "code"])
    read = table.groupby("unit")["coder"].nunique()
    table = table[table["unit"].isin(read[read > 1].index)]
    if table.empty:
        return None
    if not table.duplicated(["unit", "coder"]).any():
        wide = pd.crosstab(table["unit"], table["coder"], table["code"], aggfunc="first")
        return as_codes(wide[coders].to_numpy(dtype=object)), np.arange(len(wide))
    read_by = pd.crosstab(table["unit"], table["coder"])[coders] > 0
    given = pd.crosstab([table["unit"], table["code"]], table["coder"])[coders] > 0
    every = pd.MultiIndex.from_product([read_by.index, sorted(table["code"].unique())])
    seen = read_by.loc[every.get_level_values(0)].to_numpy()
    yes = given.reindex(every, fill_value=False).to_numpy(dtype=float)
    return np.where(seen, yes, np.nan), every.codes[0].astype(np.int64)


def coverage_rows(coded: pd.DataFrame, transcripts: pd.DataFrame) -> Drafts:
    """Interviews, excerpts and transcripts in numbers; transcripts in the order of the files."""
    coded = coded.reindex(columns=["respondent", "excerpt"])
    talk = transcripts.reindex(columns=["respondent", "speaker", "text"])
    names, n = ["voices", "interviews"], int(coded["respondent"].nunique())
    yield from drafts({"interviewees": n}, names, "interviewees", Cell((n,)))
    words = pd.Series([len(text.split()) for text in talk["text"]], index=talk.index, dtype=int)
    talk = talk.assign(words=words, own=words.where(talk["speaker"] == "respondent", 0))
    everything, spoken = int(talk["words"].sum()), int(talk["own"].sum())
    lines = talk.groupby("respondent", sort=False)
    read = {
        "excerpts": len(coded.drop_duplicates(["respondent", "excerpt"])),
        "transcripts": len(lines),
        "turns": len(talk),
        "respondent_word_share": spoken / everything if everything else None,
        "unmarked_transcripts": int((talk["speaker"] == "").sum()) or None,
    }
    yield from drafts(read, names, " ".join(read))
    for name, turns in lines:
        line = {"turns": len(turns), "words": int(turns["words"].sum()),
                "respondent_words": int(turns["own"].sum())}  # fmt: skip
        yield from drafts(line, ["voices", "transcripts", name], " ".join(line))
