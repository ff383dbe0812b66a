"""What people said and what documents show, and whether the sources agree."""

from __future__ import annotations

from evaluasi_lib.measures import Record, record_of, texts_at, wide
from evaluasi_lib.program import Program
from evaluasi_lib.reporting import tables, words
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
from evaluasi_lib.reporting.tables import Column, table
from evaluasi_lib.results import EvaluationResult, Passage
from evaluasi_lib.wording import _, count, number, percent, plural, word_for

MOST_ROWS = 12
MOST_QUOTES = 3  # of the body

Elements = list[Element | None]
Parts = tuple[Elements, Elements]  # what a decision needs, and the details
Records = list[Record]


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
    plan = program.voices
    implied = set(plan.asks.values()) if plan else set()
    spoken = [t for t in themes if t["group"] == "survey" and t["subject"] not in implied]
    labels = {(t["subject"], t["group"]): t["label"] for t in themes}
    quotes = [q for q in result.quotes if q.case is None]
    quoted = [QuoteBlock(q.text, f"{labels[q.theme, q.group]} · {q.source}") for q in quotes]
    elements: Elements = [
        Heading(_("Themes")),
        _unthemed(result),
        plot_shares(
            spoken, "tema", _("What do participants write about?"),
            _("Most often about: {label} ({share})."),
        ),
        *quoted[:MOST_QUOTES],
    ]  # fmt: skip
    return elements, [
        tables.table_themes(themes, k),
        _table_hand_coding(wide(result.rows, "voices/coding/*"), k),
        *_warnings(result, "coding"),
        Heading(_("In their own words")) if quoted[MOST_QUOTES:] else None,
        *quoted[MOST_QUOTES:],
    ]


def _unthemed(result: EvaluationResult) -> Paragraph | None:
    """How many answers there were, and how many the codebook could not place."""
    survey, left = (record_of(result.rows, f"voices/{name}") for name in ("survey", "unthemed"))
    if survey["answers"] is None:
        return None
    text = _("{answers} open answers of {people} respondents were coded by the codebook.").format(
        answers=count(survey["answers"]), people=count(survey["respondents"])
    )
    if left["n"]:
        text += " " + _("{n} of them ({share}) hold none of its themes.").format(
            n=count(left["n"]), share=percent(left["share"])
        )
    if terms := texts_at(result.remarks, "voices", "unthemed", "terms"):
        listed = _("Words that these use most, as candidates for new themes: {terms}.")
        text += " " + listed.format(terms=", ".join(terms))
    return Paragraph(text)


def _demand(result: EvaluationResult, k: int) -> Parts:
    demand = wide(result.rows, "module_demand/*")
    question = _("Which modules do participants ask for?")
    figure = plot_shares(
        demand, "modul-diminta", question, _("Modules asked for most often: {label} ({share}).")
    )
    caption = _("Modules that participants ask for")
    listed = tables.table_shares(demand, "modul-diminta", caption, _("Module"), k)
    return [told(figure, listed)], [figure, listed]


def _interviews(result: EvaluationResult, k: int) -> Parts:
    rows = result.rows
    read, curve = record_of(rows, "voices/interviews"), wide(rows, "voices/saturation/*")
    if not read:
        return [], []
    coders = wide(rows, "voices/coders/*")
    saturation = plot_saturation(curve, read["saturation_point"])
    elements: Elements = [
        Heading(_("Interviews")),
        _coverage(read),
        asked(saturation) if saturation else None,
    ]
    return elements, [
        Heading(_("Interviews")),
        saturation,
        _table_transcripts(wide(rows, "voices/transcripts/*"), k),
        _table_groups(result, k),
        _table_pairs(wide(rows, "voices/pairs/*/*"), k),
        _table_coefficients(coders, "pengode", _("Agreement of the coders"), k),
        Paragraph(_alpha_words(coders)) if coders else None,
        *(e for case in wide(rows, "voices/cases/*") for e in _case(result, case, k)),
    ]


def _coverage(read: Record) -> Paragraph:
    n, excerpts = count(read["interviewees"]), count(read["excerpts"])
    sentences = [_("{n} interviewees, {excerpts} coded excerpts.").format(n=n, excerpts=excerpts)]
    if read["transcripts"]:
        sentences.append(
            _(
                "{n} transcripts with {turns} turns were read; interviewees speak {share} of the "
                "words."
            ).format(
                n=count(read["transcripts"]),
                turns=count(read["turns"]),
                share=percent(read["respondent_word_share"]),
            )
        )
    if read["unmarked_transcripts"]:
        sentences.append(
            _(
                "{n} transcripts do not mark who speaks: begin each turn with a name and a colon."
            ).format(n=count(read["unmarked_transcripts"]))
        )
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


def _documents(result: EvaluationResult, k: int) -> Parts:
    read = wide(result.rows, "voices/documents/*")
    indicators = wide(result.rows, "voices/rubric/*")
    if not read and not indicators:
        return [], []
    text = _("{n} documents with {pages} pages were read.").format(
        n=count(len(read)), pages=count(sum(d["pages"] for d in read))
    )
    reviewers, caption = wide(result.rows, "voices/reviewers/*"), _("Agreement of the reviewers")
    elements: Elements = [
        Heading(_("Documents")),
        Paragraph(text, see=("tbl-rubrik",)),
        *_warnings(result, "documents"),
    ]
    return elements, [
        Heading(_("Documents")),
        _table_indicators(result, indicators, k),
        _table_cited([p for p in result.passages if p.cited], k),
        _table_passages([p for p in result.passages if not p.cited], k),
        _table_coefficients(reviewers, "penelaah", caption, k),
    ]


def _triangulation(result: EvaluationResult, k: int) -> Parts:
    """Whether the sources agree, a row a question; what each of them says in the details."""
    asked = result.triangulation
    if not asked:
        return [], []
    columns = [
        Column(_("Question"), "question"),
        Column(_("Sources"), "agreement", "agreement"),
        Column(_("Why"), lambda item: item.explanation or "—"),
    ]
    caption = _("Do the sources agree?")
    elements: Elements = [
        Heading(caption),
        Paragraph(_agreement_words(result), see=("tbl-triangulasi-1",)),
        table("triangulasi", _("Agreement by question"), asked, columns, k),
    ]
    each = [tables.table_triangulation(t, i, k) for i, t in enumerate(asked, 1)]
    return elements, [Heading(caption), *each]


def _agreement_words(result: EvaluationResult) -> str:
    parts = []
    for code in ("convergent", "complementary", "divergent", "silent"):
        n = sum(t.agreement == code for t in result.triangulation)
        if n:
            parts.append(f"{word_for('agreement', code)}: {n}")
    n = len(result.triangulation)
    text = plural("Of {n} question — {parts}.", "Of {n} questions — {parts}.", n)
    return text.format(n=n, parts="; ".join(parts))


def _table_hand_coding(records: Records, k: int) -> Table | None:
    """The codebook against a person's coding of the same answers, by theme."""
    columns = [
        Column(_("Theme"), "label"),
        Column(_("n by hand"), "n", "n"),
        Column(_("Precision"), "precision", "%"),
        Column(_("Recall"), "recall", "%"),
        Column(_("Kappa"), "kappa", "2"),
        Column(_("95% interval"), ("kappa_low", "kappa_high"), "2"),
    ]
    note = _(
        "Precision: share of the answers coded by the workbook that a person coded too; recall: "
        "share of the answers coded by a person that the workbook found. Rarer themes are left out."
    )
    return table("kode-manual", _("Coding by the workbook and by hand"), records, columns, k, note)


def _table_groups(result: EvaluationResult, k: int) -> Table | None:
    """Themes by group of interviewees: numbers where they may be shown, else words."""
    columns = [Column(_("Theme"), 0)]
    for place, group in enumerate(wide(result.rows, "voices/group_sizes/*"), 1):
        head, n = group["subject"] or _("All groups"), group["interviewees"]
        columns.append(Column(head if n is None else f"{head} (n = {count(n)})", place))
    by_theme: dict[str, list[str]] = {}
    for cell in wide(result.rows, "voices/groups/*/*"):
        by_theme.setdefault(cell["subject"], [cell["label"]]).append(_group_cell(cell))
    note = _(
        "Cells too small to be counted out are given in words: most (at least half), some, none."
    )
    rows = [tuple(line) for line in by_theme.values()][:MOST_ROWS]
    return table("tema-kelompok", _("Themes by group of interviewees"), rows, columns, k, note)


def _group_cell(cell: Record) -> str:
    if cell["share"] is None:
        return str(cell["note"])
    return f"{count(cell['n'])} ({percent(cell['share'])})"


def _table_transcripts(records: Records, k: int) -> Table | None:
    """Transcripts with their turns, and how much of the talk is the respondent's."""
    for record in records:
        spoken, words_in_all = record["respondent_words"], record["words"]
        record["spoken"] = spoken / words_in_all if words_in_all else None
    columns = [
        Column(_("Transcript"), "subject"),
        Column(_("Turns"), "turns", "n"),
        Column(_("Words"), "words", "n"),
        Column(_("Spoken by the respondent"), "spoken", "%"),
    ]
    return table("transkrip", _("Transcripts"), records, columns, k)


def _table_pairs(pairs: Records, k: int) -> Table | None:
    """Themes that the same interviewees speak of."""
    columns = [
        Column(_("Themes"), "label"),
        Column(_("Interviewees"), "n", "n"),
        Column(_("Jaccard"), "jaccard", "2"),
    ]
    note = _("Jaccard: those who speak of both, as a share of those who speak of either.")
    caption = _("Themes that occur together")
    return table("tema-bersama", caption, pairs[:MOST_ROWS], columns, k, note)


def _table_coefficients(records: Records, id: str, caption: str, k: int) -> Table | None:
    """Agreement of coders or reviewers."""
    columns = [
        Column(_("Measure"), "label"),
        Column(_("Value"), "value", "2"),
        Column(_("95% interval"), ("value_low", "value_high"), "2"),
        Column(_("Units"), "n", "n"),
    ]
    return table(id, caption, records, columns, k)


def _table_indicators(result: EvaluationResult, records: Records, k: int) -> Table | None:
    """Coverage of the rubric by documents."""
    for record in records:
        record["question"] = " ".join(
            texts_at(result.remarks, "voices", "rubric", record["subject"])
        )
        if record["mean"] is None:
            record["met"], record["reason"] = None, _("not rated")
    columns = [
        Column(_("Indicator"), "label"),
        Column(_("Question"), "question"),
        Column(_("Documents"), "documents", "n"),
        Column(_("With evidence"), "met", "n"),
        Column(_("Mean rating"), "mean", "1"),
    ]
    note = _("A document has evidence when its reviewers' mean rating reaches the rubric's limit.")
    return table("rubrik", _("Evidence by indicator"), records, columns, k, note)


def _table_cited(found: list[Passage], k: int) -> Table | None:
    """What the reviewers found, with document and page."""
    columns = [
        Column(_("Indicator"), "label"),
        Column(_("Document"), "document"),
        Column(_("Page"), "page"),
        Column(_("Passage"), lambda passage: f"“{passage.text}”"),
        Column(_("Rating"), "rating", "0"),
    ]
    return table("bukti-dokumen", _("Passages that the reviewers cite"), found, columns, k)


def _table_passages(found: list[Passage], k: int) -> Table | None:
    """Passages found by search: where a reviewer should look."""
    columns = [
        Column(_("Indicator"), "label"),
        Column(_("Document"), "document"),
        Column(_("Page"), "page"),
        Column(_("Candidate passage"), "text"),
    ]
    note = _("Found by the rubric's search words; a candidate is no evidence until it is rated.")
    return table("kandidat-bukti", _("Candidate passages"), found, columns, k, note)


def _alpha_words(records: Records) -> str:
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
