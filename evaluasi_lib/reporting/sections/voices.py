"""What people said and what documents show, and whether the sources agree."""

from __future__ import annotations

from evaluasi_lib.measures import Record, record_of, texts_at, wide
from evaluasi_lib.program import Program
from evaluasi_lib.reporting import words
from evaluasi_lib.reporting.elements import (
    Bullets,
    Element,
    Heading,
    Paragraph,
    QuoteBlock,
    Section,
    Table,
    asked,
    section,
    told,
)
from evaluasi_lib.reporting.figures_scores import plot_saturation, plot_shares
from evaluasi_lib.reporting.tables import Column, listed
from evaluasi_lib.reporting.words import say
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.wording import _, count, number, percent, plural, word_for

MOST_ROWS = 12
MOST_QUOTES = 3  # of the body

Elements = list[Element | None]
Parts = tuple[Elements, Elements]  # what a decision needs, and the details


def section_voices(program: Program, result: EvaluationResult) -> Section:
    """Open answers, interviews and documents, and what they say together."""
    k = program.privacy.min_cell
    elements: Elements = []
    details: Elements = []
    for body, more in (
        _themes(program, result, k),
        _demand(result, k),
        _interviews(result, k),
        _documents(result, k),
        _triangulation(result, k),
    ):
        elements += body
        details += more
    none = _("The program has no open answers, interviews or documents.")
    return section("suara", elements, none, details)


def _warnings(result: EvaluationResult, place: str) -> list[Paragraph]:
    return [Paragraph(text, "warning") for text in texts_at(result.remarks, "voices", place)]


def _themes(program: Program, result: EvaluationResult, k: int) -> Parts:
    themes = wide(result.rows, "themes/*/*")
    if not themes:
        return [], []
    implied = set(program.voices.asks.values()) if program.voices else set()
    spoken = [t for t in themes if t["group"] == "survey" and t["subject"] not in implied]
    labels = {(t["subject"], t["group"]): t["label"] for t in themes}
    quoted = [
        QuoteBlock(q.text, f"{labels[q.theme, q.group]} · {q.source}")
        for q in result.quotes
        if q.case is None
    ]
    elements: Elements = [
        Heading(_("Themes")),
        _unthemed(result),
        plot_shares(spoken, "tema"),
        *quoted[:MOST_QUOTES],
    ]
    return elements, [
        listed("tema", themes, k),
        listed("kode-manual", wide(result.rows, "voices/coding/*"), k),
        *_warnings(result, "coding"),
        Heading(_("In their own words")) if quoted[MOST_QUOTES:] else None,
        *quoted[MOST_QUOTES:],
    ]


def _unthemed(result: EvaluationResult) -> Paragraph | None:
    """How many answers there were, and how many the codebook could not place."""
    survey, left = (record_of(result.rows, f"voices/{name}") for name in ("survey", "unthemed"))
    if survey["answers"] is None:
        return None
    answers, people = count(survey["answers"]), count(survey["respondents"])
    sentences = [say("coded", answers=answers, people=people)]
    if left["n"]:
        sentences.append(say("unthemed", n=count(left["n"]), share=percent(left["share"])))
    if terms := texts_at(result.remarks, "voices", "unthemed", "terms"):
        sentences.append(say("candidates", terms=", ".join(terms)))
    return Paragraph(" ".join(sentences))


def _demand(result: EvaluationResult, k: int) -> Parts:
    demand = wide(result.rows, "module_demand/*")
    figure = plot_shares(demand, "modul-diminta")
    modules = listed("modul-diminta", demand, k)
    return [told(figure, modules)], [figure, modules]


def _interviews(result: EvaluationResult, k: int) -> Parts:
    rows = result.rows
    read, curve = record_of(rows, "voices/interviews"), wide(rows, "voices/saturation/*")
    if not read:
        return [], []
    coders, pairs = wide(rows, "voices/coders/*"), wide(rows, "voices/pairs/*/*")
    transcripts = wide(rows, "voices/transcripts/*")
    for one in transcripts:
        one["spoken"] = one["respondent_words"] / one["words"] if one["words"] else None
    saturation = plot_saturation(curve, read["saturation_point"])
    heading = Heading(_("Interviews"))
    return [heading, _coverage(read), asked(saturation) if saturation else None], [
        heading,
        saturation,
        listed("transkrip", transcripts, k),
        _table_groups(result, k),
        listed("tema-bersama", pairs[:MOST_ROWS], k),
        listed("pengode", coders, k),
        Paragraph(_alpha_words(coders)) if coders else None,
        *(e for case in wide(rows, "voices/cases/*") for e in _case(result, case, k)),
    ]


def _coverage(read: Record) -> Paragraph:
    names = ("interviewees", "excerpts", "transcripts", "turns")
    n = {name: count(read[name]) for name in names}
    sentences = [say("interviews", **n)]
    if read["transcripts"]:
        share = percent(read["respondent_word_share"])
        sentences.append(say("transcripts", share=share, **n))
    if read["unmarked_transcripts"]:
        sentences.append(say("unmarked", n=count(read["unmarked_transcripts"])))
    return Paragraph(" ".join(sentences))


def _case(result: EvaluationResult, case: Record, k: int) -> Elements:
    """A page of the Success Case Method."""
    name, n = case["subject"], case["interviewees"]
    shown = words.why(case["reason"], k) if n is None else count(n)
    themes = texts_at(result.remarks, "voices", "cases", name)
    return [
        Heading(_("Case: {name}").format(name=name)),
        Paragraph(_("Interviewees: {n}.").format(n=shown)),
        Bullets(themes) if themes else None,
        *(QuoteBlock(q.text, q.source) for q in result.quotes if q.case == name),
    ]


def _table_groups(result: EvaluationResult, k: int) -> Table | None:
    """Themes by group of interviewees: numbers where they may be shown, else words."""
    columns: list[Column] = []
    for group in wide(result.rows, "voices/group_sizes/*"):
        head, n = group["subject"] or _("All groups"), group["interviewees"]
        head = head if n is None else f"{head} (n = {count(n)})"
        columns.append(Column(head, str(len(columns))))
    by_theme: dict[str, Record] = {}
    for cell in wide(result.rows, "voices/groups/*/*"):
        row = by_theme.setdefault(cell["subject"], Record(label=cell["label"]))
        known = cell["share"] is not None
        row[str(len(row) - 1)] = (
            f"{count(cell['n'])} ({percent(cell['share'])})" if known else str(cell["note"])
        )
    rows = list(by_theme.values())[:MOST_ROWS]
    return listed("tema-kelompok", rows, k, more=columns)


def _alpha_words(records: list[Record]) -> str:
    """Krippendorff's alpha in a sentence; empty where there is none."""
    alpha = next((r["value"] for r in records if r["subject"] == "alpha_nominal"), None)
    if alpha is None:
        return ""
    word = _("too low to rest conclusions on it")
    if alpha >= 0.8:
        word = _("reliable")
    elif alpha >= 0.667:
        word = _("good enough for tentative conclusions")
    return _("Krippendorff's alpha is {value}: {word}.").format(value=number(alpha, 2), word=word)


def _documents(result: EvaluationResult, k: int) -> Parts:
    rows = result.rows
    read, indicators = wide(rows, "voices/documents/*"), wide(rows, "voices/rubric/*")
    if not read and not indicators:
        return [], []
    for one in indicators:
        said = texts_at(result.remarks, "voices", "rubric", one["subject"])
        one["question"] = " ".join(said)
        if one["mean"] is None:
            one["met"], one["reason"] = None, _("not rated")
    text = say("documents", n=count(len(read)), pages=count(sum(d["pages"] for d in read)))
    heading = Heading(_("Documents"))
    return [heading, Paragraph(text, see=("tbl-rubrik",)), *_warnings(result, "documents")], [
        heading,
        listed("rubrik", indicators, k),
        listed("bukti-dokumen", [p for p in result.passages if p.cited], k),
        listed("kandidat-bukti", [p for p in result.passages if not p.cited], k),
        listed("penelaah", wide(rows, "voices/reviewers/*"), k),
    ]


def _triangulation(result: EvaluationResult, k: int) -> Parts:
    """Whether the sources agree, a row a question; what each of them says in the details."""
    questions = result.triangulation
    if not questions:
        return [], []
    parts = []
    for code in ("convergent", "complementary", "divergent", "silent"):
        if n := sum(one.agreement == code for one in questions):
            parts.append(f"{word_for('agreement', code)}: {n}")
    n = len(questions)
    text = plural("Of {n} question — {parts}.", "Of {n} questions — {parts}.", n)
    text = text.format(n=n, parts="; ".join(parts))
    heading = Heading(_("Do the sources agree?"))
    details: Elements = [heading]
    for place, one in enumerate(questions, 1):
        sources = {_("Survey"): one.survey, _("Interview"): one.interview,
                   _("Document"): one.document}  # fmt: skip
        rows = [{"source": name, "said": said or _("silent")} for name, said in sources.items()]
        note = f"{word_for('agreement', one.agreement).capitalize()}. {one.explanation}".strip()
        details.append(listed("triangulasi-satu", rows, k, note, id=f"triangulasi-{place}",
                              question=one.question))  # fmt: skip
    return [
        heading,
        Paragraph(text, see=("tbl-triangulasi-1",)),
        listed("triangulasi", questions, k),
    ], details
