"""What people said and what documents show, and whether the sources agree."""

from __future__ import annotations

from typing import Any

from evaluasi_lib.program import Program
from evaluasi_lib.reporting import tables, words
from evaluasi_lib.reporting.columns import CI, Column, table
from evaluasi_lib.reporting.elements import (
    Bullets,
    Element,
    Heading,
    Paragraph,
    QuoteBlock,
    Section,
    Table,
    section,
)
from evaluasi_lib.reporting.figures_people import plot_saturation, plot_shares
from evaluasi_lib.results import EvaluationResult
from evaluasi_lib.wording import _, count, join_words, number, percent, word_for

QUOTES_PER_THEME, MOST_ROWS, MOST_PASSAGES = 2, 12, 20

Elements = list[Element | None]
Lines = list[dict[str, Any]]


def section_voices(program: Program, result: EvaluationResult) -> Section:
    """Open answers, interviews and documents, and what they say together."""
    k = program.privacy.min_cell
    elements: Elements = [
        *_themes(program, result, k),
        *_demand(result, k),
        *_interviews(result.voices.get("interviews", {}), k),
        *_documents(result.voices.get("documents", {}), k),
        *_triangulation(result, k),
    ]
    none = _("The program has no open answers, interviews or documents.")
    return section("suara", elements, none)


def _themes(program: Program, result: EvaluationResult, k: int) -> Elements:
    if not result.themes:
        return []
    plan = program.voices
    implied = set(plan.asks.values()) if plan else set()
    spoken = [t for t in result.themes if t.source == "survey" and t.theme not in implied]
    quotes = [(t, q) for t in result.themes for q in t.quotes[:QUOTES_PER_THEME]]
    return [
        Heading(_("Themes")),
        _unthemed(result.voices.get("survey")),
        plot_shares(
            spoken, "tema", _("What do participants write about?"),
            _("Most often about: {label} ({share})."),
        ),
        tables.table_themes(result.themes, k),
        *_hand_coding(result.voices.get("agreement"), k),
        *([Heading(_("In their own words"))] if quotes else []),
        *(QuoteBlock(q.text, f"{t.label} · {q.source}") for t, q in quotes),
    ]  # fmt: skip


def _unthemed(described: dict[str, Any] | None) -> Paragraph | None:
    """How many answers there were, and how many the codebook could not place."""
    if described is None or described["answers"] is None:
        return None
    text = _("{answers} open answers of {people} respondents were coded by the codebook.").format(
        answers=count(described["answers"]), people=count(described["respondents"])
    )
    left = described["unthemed"]
    if left["n"]:
        text += " " + _("{n} of them ({share}) hold none of its themes.").format(
            n=count(left["n"]), share=percent(left["share"])
        )
    terms = [str(term["term"]) for term in described["candidate_terms"][:8]]
    if terms:
        listed = _("Words that these use most, as candidates for new themes: {terms}.")
        text += " " + listed.format(terms=", ".join(terms))
    return Paragraph(text)


def _hand_coding(agreement: dict[str, Any] | None, k: int) -> Elements:
    if agreement is None:
        return []
    return [
        _table_hand_coding(agreement["themes"], k),
        *(Paragraph(warning, "warning") for warning in agreement["warnings"]),
    ]


def _demand(result: EvaluationResult, k: int) -> Elements:
    if not result.module_demand:
        return []
    caption = _("Modules that participants ask for")
    return [
        Heading(_("Modules that are wanted")),
        plot_shares(
            result.module_demand,
            "modul-diminta",
            _("Which modules do participants ask for?"),
            _("Asked for most often: {label} ({share})."),
        ),
        tables.table_shares(result.module_demand, "modul-diminta", caption, _("Module"), k),
    ]


def _interviews(part: dict[str, Any], k: int) -> Elements:
    if not part:
        return []
    elements: Elements = [
        Heading(_("Interviews")),
        _coverage(part["coverage"]),
        _table_transcripts(part["coverage"]["by_transcript"], k),
    ]
    if "theme_by_group" in part:
        elements += [
            _table_groups(part["theme_by_group"], k),
            plot_saturation(part["saturation"], part["saturation_point"]),
            _table_pairs(part["co_occurrence"], k),
        ]
    if "coders" in part:
        caption = _("Agreement of the coders")
        elements += [
            _table_coefficients(part["coders"], "pengode", caption, k),
            Paragraph(_alpha_words(part["coders"])),
        ]
    for case in part.get("cases", []):
        elements += _case(case, k)
    return elements


def _coverage(part: dict[str, Any]) -> Paragraph:
    n, excerpts = count(part["interviewees"]), count(part["excerpts"])
    sentences = [_("{n} interviewees, {excerpts} coded excerpts.").format(n=n, excerpts=excerpts)]
    if part["transcripts"]:
        sentences.append(
            _(
                "{n} transcripts with {turns} turns were read; interviewees speak {share} of the "
                "words."
            ).format(
                n=count(part["transcripts"]),
                turns=count(part["turns"]),
                share=percent(part["respondent_word_share"]),
            )
        )
    if part["unmarked_transcripts"]:
        sentences.append(
            _(
                "{n} transcripts do not mark who speaks: begin each turn with a name and a colon."
            ).format(n=count(part["unmarked_transcripts"]))
        )
    return Paragraph(" ".join(sentences))


def _case(case: dict[str, Any], k: int) -> Elements:
    """A page of the Success Case Method."""
    number = words.why(case["reason"], k) if case["n"] is None else count(case["n"])
    return [
        Heading(_("Case: {name}").format(name=case["case"])),
        Paragraph(_("Interviewees: {n}.").format(n=number)),
        Bullets(case["themes"]) if case["themes"] else None,
        *(QuoteBlock(text, _("interview")) for text in case["quotes"]),
    ]


def _documents(part: dict[str, Any], k: int) -> Elements:
    if not part:
        return []
    read = part["documents"]
    text = _("{n} documents with {pages} pages were read.").format(
        n=count(len(read)), pages=count(sum(d["pages"] for d in read))
    )
    scans = [d["document"] for d in read if d["scan"]]
    elements: Elements = [Heading(_("Documents")), Paragraph(text)]
    if scans:
        warning = _(
            "Scanned without text, so that nothing could be searched in them: {names}. Run "
            "them through text recognition (OCR)."
        )
        elements.append(Paragraph(warning.format(names=join_words(scans)), "warning"))
    if "coverage" in part:
        elements += [
            _table_indicators(part["coverage"], k),
            _table_cited(part["coverage"], k),
            _table_passages(part["passages"], k),
        ]
    if "reviewers" in part:
        caption = _("Agreement of the reviewers")
        elements.append(_table_coefficients(part["reviewers"], "penelaah", caption, k))
    return elements


def _triangulation(result: EvaluationResult, k: int) -> Elements:
    if not result.triangulation:
        return []
    return [
        Heading(_("Do the sources agree?")),
        Paragraph(_agreement_words(result)),
        *(tables.table_triangulation(t, i, k) for i, t in enumerate(result.triangulation, 1)),
    ]


def _agreement_words(result: EvaluationResult) -> str:
    parts = []
    for code in ("convergent", "complementary", "divergent", "silent"):
        n = sum(t.agreement == code for t in result.triangulation)
        if n:
            parts.append(f"{word_for('agreement', code)}: {n}")
    return _("Of {n} questions — {parts}.").format(
        n=len(result.triangulation), parts="; ".join(parts)
    )


def _table_hand_coding(lines: Lines, k: int) -> Table | None:
    """The codebook against a person's coding of the same answers, by theme."""
    columns = [
        Column(_("Theme"), "label"),
        Column(_("n by hand"), "n_manual", "n"),
        Column(_("Precision"), "precision", "%"),
        Column(_("Recall"), "recall", "%"),
        Column(_("Kappa"), "kappa", "2"),
        Column(_("95% interval"), ("kappa_ci_low", "kappa_ci_high"), "2"),
    ]
    note = _(
        "Precision: share of the answers coded by the workbook that a person coded too; recall: "
        "share of the answers coded by a person that the workbook found. Rarer themes are left out."
    )
    return table("kode-manual", _("Coding by the workbook and by hand"), lines, columns, k, note)


def _table_groups(cells: Lines, k: int) -> Table | None:
    """Themes by group of interviewees: numbers where they may be shown, else words."""
    by_theme: dict[str, dict[str, Any]] = {}
    heads: dict[str, str] = {}
    for cell in cells:
        group, size = cell["group"], cell["group_size"]
        heads[group] = group if size is None else f"{group} (n = {count(size)})"
        by_theme.setdefault(cell["label"], {"": cell["label"]})[group] = _group_cell(cell)
    columns = [Column(_("Theme"), ""), *(Column(head, group) for group, head in heads.items())]
    note = _(
        "Cells too small to be counted out are given in words: most (at least half), some, none."
    )
    rows = list(by_theme.values())[:MOST_ROWS]
    return table("tema-kelompok", _("Themes by group of interviewees"), rows, columns, k, note)


def _group_cell(cell: dict[str, Any]) -> str:
    if cell["n"] is None or cell["share"] is None:
        return word_for("band", cell["band"])
    return f"{count(cell['n'])} ({percent(cell['share'])})"


def _table_transcripts(lines: Lines, k: int) -> Table | None:
    """Transcripts with their turns, and how much of the talk is the respondent's."""
    rows = [
        {**line, "spoken": line["respondent_words"] / line["words"] if line["words"] else None}
        for line in lines
    ]
    columns = [
        Column(_("Transcript"), "transcript"),
        Column(_("Turns"), "turns", "n"),
        Column(_("Words"), "words", "n"),
        Column(_("Spoken by the respondent"), "spoken", "%"),
    ]
    return table("transkrip", _("Transcripts"), rows, columns, k)


def _table_pairs(pairs: Lines, k: int) -> Table | None:
    """Themes that the same interviewees speak of."""
    columns = [
        Column(_("Themes"), lambda pair: f"{pair['label_a']} + {pair['label_b']}"),
        Column(_("Interviewees"), "n", "n"),
        Column(_("Jaccard"), "jaccard", "2"),
    ]
    note = _("Jaccard: those who speak of both, as a share of those who speak of either.")
    caption = _("Themes that occur together")
    return table("tema-bersama", caption, pairs[:MOST_ROWS], columns, k, note)


def _table_coefficients(lines: Lines, id: str, caption: str, k: int) -> Table | None:
    """Agreement of coders or reviewers."""
    alike = _("not defined: everything has the same code")
    columns = [
        Column(_("Measure"), "label"),
        Column(_("Value"), "value", "2"),
        Column(_("95% interval"), CI, "2"),
        Column(_("Units"), "n_units", "n"),
    ]
    rows = [{**line, "reason": alike if line["value"] is None else None} for line in lines]
    return table(id, caption, rows, columns, k)


def _table_indicators(lines: Lines, k: int) -> Table | None:
    """Coverage of the rubric by documents."""
    rows = [
        {**line, "reason": None}
        if line["rated"]
        else {**line, "met": None, "reason": _("not rated")}
        for line in lines
    ]
    columns = [
        Column(_("Indicator"), "label"),
        Column(_("Question"), "question"),
        Column(_("Documents"), "documents", "n"),
        Column(_("With evidence"), "met", "n"),
        Column(_("Mean rating"), "mean", "1"),
    ]
    note = _("A document has evidence when its reviewers' mean rating reaches the rubric's limit.")
    return table("rubrik", _("Evidence by indicator"), rows, columns, k, note)


def _table_cited(lines: Lines, k: int) -> Table | None:
    """What the reviewers found, with document and page."""
    rows = [{**found, "label": line["label"]} for line in lines for found in line["evidence"]]
    columns = [
        Column(_("Indicator"), "label"),
        Column(_("Document"), "document"),
        Column(_("Page"), "page"),
        Column(_("Passage"), lambda found: f"“{found['quote']}”"),
        Column(_("Rating"), "rating", "0"),
    ]
    return table("bukti-dokumen", _("Passages that the reviewers cite"), rows, columns, k)


def _table_passages(lines: Lines, k: int) -> Table | None:
    """Passages found by search: where a reviewer should look."""
    columns = [
        Column(_("Indicator"), "label"),
        Column(_("Document"), "document"),
        Column(_("Page"), lambda line: count(line["page"])),
        Column(_("Candidate passage"), "text"),
    ]
    note = _("Found by the rubric's search words; a candidate is no evidence until it is rated.")
    rows = lines[:MOST_PASSAGES]
    return table("kandidat-bukti", _("Candidate passages"), rows, columns, k, note)


def _alpha_words(lines: Lines) -> str:
    """Krippendorff's alpha in a sentence; empty where there is none."""
    alpha = next((line for line in lines if line["coefficient"] == "alpha_nominal"), None)
    if alpha is None or alpha["value"] is None:
        return ""
    value, word = alpha["value"], _("too low to rest conclusions on it")
    if value >= 0.8:
        word = _("reliable")
    elif value >= 0.667:
        word = _("good enough for tentative conclusions")
    return _("Krippendorff's alpha is {value}: {word}.").format(value=number(value, 2), word=word)
