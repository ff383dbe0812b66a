"""Reports of two shipped programs as readers get them: HTML, also in a browser, PDF, DOCX, XLSX.

One is read in Indonesian, the other in English; together they have every chapter.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import html5lib
import matplotlib as mpl
import pytest
from bs4 import BeautifulSoup, Tag
from python_calamine import CalamineWorkbook

import evaluasi_lib as el
from evaluasi_lib import measures
from evaluasi_lib.wording import number, percent, rupiah
from tests.browser import Browser, find_chromium
from tests.published import rows

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = {"id": "pelatihan-kepemimpinan-2025", "en": "elearning-asn-2025"}
FILES = {"id": ("laporan", "lampiran"), "en": ("report", "appendix")}
ORDER = [
    "ringkasan", "program", "metodologi", "efektivitas", "efisiensi", "elearning", "partisipasi",
    "suara", "kekuatan-kelemahan", "putusan", "tindak-lanjut", "lampiran",
]  # fmt: skip
CHROMIUM = find_chromium()
needs_extra = pytest.mark.skipif(
    find_spec("pypandoc") is None or find_spec("typst") is None,
    reason="the extra “formats” is not installed",
)
needs_browser = pytest.mark.skipif(
    CHROMIUM is None or find_spec("axe_core_python") is None or find_spec("websocket") is None,
    reason="no Chromium, axe-core or websocket-client on this machine",
)
pytestmark = pytest.mark.xdist_group("report")


@dataclass(frozen=True)
class Made:
    """A report and what was written of it."""

    language: str
    program: Any
    folder: Path
    page: BeautifulSoup
    result: dict[str, Any]

    def file(self, form: str) -> Path:
        report, appendix = FILES[self.language]
        return self.folder / f"{appendix if form == 'xlsx' else report}.{form}"

    def find(self, css: str) -> list[Tag]:
        return self.page.select(css)

    @property
    def text(self) -> str:
        return " ".join(self.page.main.get_text(" ").split())

    def values(self, **about: Any) -> dict[str, float]:
        """id -> value of the measures with these values that may be shown."""
        found = rows(self.result, **about)
        return {row["id"]: row["value"] for row in found if row["value"] is not None}


@pytest.fixture(scope="module", params=PROGRAMS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    language, name = request.param, PROGRAMS[request.param]
    data = tmp_path_factory.mktemp(language)
    shutil.copytree(ROOT / "data" / "raw" / name, data / "raw" / name)
    before = dict(mpl.rcParams), mpl.get_backend()
    program = el.open(name, language, data)
    program.report(out=data / "out", formats="html,xlsx,docx,pdf" if _has_extra() else "html,xlsx")
    assert (dict(mpl.rcParams), mpl.get_backend()) == before, "the session is left alone"
    folder = data / "out" / name
    html = (folder / f"{FILES[language][0]}.html").read_text("utf-8")
    result = json.loads((folder / "result.json").read_text("utf-8"))
    return Made(language, program, folder, BeautifulSoup(html, "html5lib"), result)


def _has_extra() -> bool:
    return not needs_extra.args[0]


@pytest.fixture(autouse=True)
def _language(request: pytest.FixtureRequest) -> None:
    if "made" in request.fixturenames:
        el.set_language(request.getfixturevalue("made").language)


# The page


def test_the_page_is_valid_html_small_and_asks_no_network(made: Made) -> None:
    html = made.file("html").read_text("utf-8")
    html5lib.HTMLParser(strict=True).parse(html)
    assert len(html) < 1_500_000
    addresses = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert all(a.startswith(("#", "data:")) for a in addresses)
    assert "@import" not in html
    assert "url(" not in html
    assert made.page.html["lang"] == made.language


def test_landmarks_skip_link_and_contents_lead_to_every_section_in_order(made: Made) -> None:
    assert len(made.find("h1")) == 1
    assert made.page.main["id"] == made.find("a.skip")[0]["href"].lstrip("#")
    assert [a["href"].lstrip("#") for a in made.find("nav a")] == ORDER
    assert [s["id"] for s in made.find("main section")] == ORDER
    ids = [tag["id"] for tag in made.page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    levels = [int(tag.name[1]) for tag in made.page.find_all(re.compile("^h[1-6]$"))]
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_every_table_has_a_caption_and_scoped_headings(made: Made) -> None:
    for table in made.find("table"):
        assert table.caption.get_text(strip=True)
        assert all(th["scope"] in ("col", "row") for th in table.find_all("th"))


def test_every_figure_asks_answers_and_can_be_heard(made: Made) -> None:
    figures = made.find("figure:not(.quote)")
    alts = [figure.img["alt"] for figure in figures]
    assert len(alts) > 10
    assert len(alts) == len(set(alts))
    for figure, alt in zip(figures, alts, strict=True):
        question, answer = figure.figcaption.strong, figure.figcaption.contents[-1]
        assert question.get_text().endswith("?")
        assert len(answer.strip()) > 10, figure["id"]
        assert len(alt) > 30, figure["id"]
        assert not re.search(r"\bnan\b|None", answer + alt), figure["id"]


def test_tables_and_figures_are_numbered_by_the_page_and_references_name_them(made: Made) -> None:
    words = {"id": ("Tabel", "Gambar"), "en": ("Table", "Figure")}[made.language]
    for word, css in zip(words, ("caption", "figcaption > strong"), strict=True):
        named = [tag.get_text() for tag in made.find(css)]
        assert [text.split(". ")[0] for text in named] == [
            f"{word} {n}" for n in range(1, len(named) + 1)
        ]
    links = made.find('main a[href^="#fig-"], main a[href^="#tbl-"]')
    assert len(links) > 5
    for link in links:
        target = made.page.find(id=link["href"].lstrip("#"))
        named = target.caption if target.name == "table" else target.figcaption
        assert named.get_text().startswith(f"{link.get_text()}. ")


def test_the_body_is_short_and_details_stand_in_an_annex_a_fold_for_each_chapter(
    made: Made,
) -> None:
    *body, annex = made.find("main section")
    assert sum(len(section.select("table")) for section in body) <= 6
    folds = annex.find_all("details")
    assert not [fold for fold in folds if fold.has_attr("open")]
    places = [ORDER.index(fold["id"].removeprefix("rinci-")) for fold in folds]
    assert places == sorted(places)
    assert len(annex.select("details table")) > 20
    docs = (ROOT / "docs" / "report.md").read_text("utf-8")
    for section in body:
        for tag in section.select("table, figure:not(.quote)"):
            kind, _dash, name = tag["id"].partition("-")
            assert f"{'Table' if kind == 'tbl' else 'Figure'} `{name}`" in docs


# What it says


def test_made_up_data_are_announced_on_the_first_page(made: Made) -> None:
    said = {"id": "DATA SINTETIS", "en": "SYNTHETIC DATA"}[made.language]
    assert said in made.page.find(id="ringkasan").get_text()


def test_what_may_not_be_shown_is_told_in_words_and_named_in_a_note(made: Made) -> None:
    words = {"id": "tidak ditampilkan (kurang dari 5 orang)",
             "en": "not shown (fewer than 5 persons)"}[made.language]  # fmt: skip
    assert words in made.text.lower()
    assert f"{words.capitalize()}: " in made.text
    assert "small_cell" not in made.text


def test_the_numbers_of_the_sentences_are_those_of_result_json(made: Made) -> None:
    told = {"id": "{} (selang 95% {} s.d. {}): ", "en": "{} (95% interval {} to {}): "}
    meant = {"id": "dianggap berarti mulai {}", "en": "A change matters from {} on"}
    first = " ".join(made.page.find(id="ringkasan").get_text(" ").split())
    shown = list(made.program.outcomes["outcome"])[:3]
    for row in rows(made.result, part="effects", role="primary", measure="estimate"):
        if row["subject"] in shown:
            low, high = (number(row[end], 2) for end in ("low", "high"))
            assert told[made.language].format(number(row["value"], 2), low, high) in first
    least = min(made.values(part="effects", measure="sesoi", subject=shown[0]).values())
    assert meant[made.language].format(number(least, 2)) in first
    values = made.values()
    means = (values[f"effects/{shown[0]}/primary/mean_{when}"] for when in ("before", "after"))
    between = {"id": "dari {} menjadi {}", "en": "from {} to {}"}[made.language]
    assert between.format(*(number(mean, 2) for mean in means)) in first
    assert percent(values["participation/completion_share"]) in first
    barriers = made.values(part="participation", measure="share")
    assert percent(max(v for id, v in barriers.items() if "/barriers/" in id)) in first
    for amount in ("total_cost_idr", "cost_per_participant_idr", "cost_per_completer_idr"):
        assert rupiah(values[f"efficiency/{amount}"]) in made.text


def test_the_first_page_tells_no_effect_twice(made: Made) -> None:
    """Those of its three outcomes are not told again as strengths."""
    first = made.page.find(id="ringkasan").get_text()
    strengths = made.result["texts"]["strengths"]
    shown = [f"effect.{outcome}" for outcome in made.program.outcomes["outcome"][:3]]
    told = [strength["statement"] for strength in strengths if strength["id"] in shown]
    assert told or made.language == "en"
    assert not [text for text in told if text in first]


def test_not_significant_is_never_told_as_no_effect(made: Made) -> None:
    text = made.page.find(id="efektivitas").get_text().lower()
    assert not re.search(r"no effect|tidak berpengaruh|tidak ada (efek|pengaruh|dampak)", text)


# The other forms


def anchors(made: Made, css: str) -> list[str]:
    """The tables or figures in the order of the chapters, in the body or in the annex."""
    return [tag["id"].partition("-")[2] for tag in made.find(css)]


@needs_extra
def test_the_pdf_is_tagged_and_holds_every_section(made: Made) -> None:
    from pypdf import PdfReader

    reader = PdfReader(made.file("pdf"))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == made.language
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    assert reader.metadata.title == made.result["program"]["title"]
    titles = [item.title for item in reader.outline if not isinstance(item, list)]
    for link in made.find("nav a"):
        assert any(link.get_text(strip=True) in title for title in titles)
    first, second = (" ".join(reader.pages[n].extract_text().split()) for n in (0, 1))
    last = made.find("#ringkasan li")[-1].get_text()
    assert last.split()[-1] in first, "the whole summary stands on the first page"
    assert {"id": "Daftar isi", "en": "Contents"}[made.language] in second


@needs_extra
def test_pandoc_reads_the_docx_back_with_headings_tables_and_pictures(made: Made) -> None:
    import pypandoc

    docx = made.file("docx").read_bytes()
    html = pypandoc.convert_text(docx, "html", format="docx", extra_args=["--wrap=none"])
    back = BeautifulSoup(html, "html5lib")
    first, *others = [h.get_text(strip=True) for h in made.find("main h2")]
    contents = {"id": "Daftar isi", "en": "Contents"}[made.language]
    numbered = [f"{n}. {title}" for n, title in enumerate([first, *others], 1)]
    assert [h.get_text(strip=True) for h in back.find_all("h1")] == [
        numbered[0], contents, *numbered[1:],
    ]  # fmt: skip
    listed = back.find("h1", string=contents).find_next_siblings("p")[: len(numbered)]
    assert [p.get_text(strip=True) for p in listed] == numbered
    assert len(back.find_all("img")) == len(made.find("img"))
    # The numbers of the first page are a table of their own, and stand beside one another.
    assert len(back.find_all("table")) == len(made.find("table, dl.key-figures"))
    document = zipfile.ZipFile(io.BytesIO(docx)).read("word/document.xml").decode("utf-8")
    for image in made.find("img"):
        assert image["alt"][:40] in unescape(document)


@needs_extra
def test_a_table_in_word_is_small_enough_for_its_words_and_a_list_as_large_as_the_text(
    made: Made,
) -> None:
    """Words were torn (“Rp2.203.030.00 / 0”), and lists had the small type of tables."""
    from docx import Document

    document = Document(str(made.file("docx")))
    sizes = {name: document.styles[name].font.size.pt for name in ("Compact", "List Text")}
    assert sizes["Compact"] <= 8 < document.styles["Normal"].font.size.pt == sizes["List Text"]
    cells = [p for t in document.tables for row in t.rows for c in row.cells for p in c.paragraphs]
    assert {p.style.name for p in cells} <= {"Compact", "Value"}
    items = [p for p in document.paragraphs if p._p.pPr is not None and p._p.pPr.numPr is not None]
    assert {p.style.name for p in items} == {"List Text"}


@pytest.fixture(scope="module")
def book(made: Made) -> CalamineWorkbook:
    return CalamineWorkbook.from_path(str(made.file("xlsx")))


def test_every_table_of_the_report_has_a_sheet_of_its_own(made: Made, book: Any) -> None:
    tables = {tag["id"].removeprefix("tbl-"): tag for tag in made.find("table")}
    assert sorted(book.sheet_names[2:]) == sorted(name[:28] for name in tables)
    for name, table in tables.items():
        sheet = book.get_sheet_by_name(name[:28]).to_python()
        assert len(sheet) == len(table.find_all("tr"))
        assert len(set(sheet[0])) == len(sheet[0])
        assert [str(row[0]) for row in sheet[1:]] == [
            th.get_text() for th in table.select("tbody th")
        ]  # fmt: skip
    parts = zipfile.ZipFile(made.file("xlsx")).namelist()
    assert sum(part.startswith("xl/tables/") for part in parts) == len(tables)


def test_the_workbook_holds_unrounded_numbers_and_both_ends_of_intervals(
    made: Made, book: Any
) -> None:
    heads, first = book.get_sheet_by_name("efek").to_python()[:2]
    (estimate, *_others) = rows(made.result, part="effects", role="primary", measure="estimate")
    exact = pytest.approx(estimate["value"], rel=1e-14)
    assert [cell for cell in first if cell == exact]
    ends = [cell for head, cell in zip(heads, first, strict=True) if "95%" in head]
    assert ends[:2] == pytest.approx([estimate["low"], estimate["high"]], rel=1e-14)


def test_the_same_report_gives_the_same_files(made: Made, tmp_path: Path) -> None:
    forms = ["html", "xlsx", *(["pdf", "docx"] if made.language == "en" and _has_extra() else [])]
    made.program.report(out=tmp_path, formats=",".join(forms))
    for form in forms:
        path = made.file(form)
        assert (tmp_path / made.folder.name / path.name).read_bytes() == path.read_bytes(), form


def test_an_unknown_format_is_refused_before_anything_is_written(
    made: Made, tmp_path: Path
) -> None:
    with pytest.raises(el.EvaluationError, match="docx"):
        made.program.report([], tmp_path / "out", "dcox")
    assert not (tmp_path / "out" / made.folder.name).exists()


def test_a_missing_extra_is_named_with_its_remedy_before_anything_is_written(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda *_names: None)
    with pytest.raises(el.EvaluationError, match=r"pypandoc_binary, typst.*\[formats\]"):
        made.program.report([], tmp_path / "out", "pdf")
    assert not (tmp_path / "out" / made.folder.name).exists()


# result.json; what a class says of it is written by the room itself, and no reader's number is NaN


def test_the_committed_schema_is_made_from_the_classes() -> None:
    assert measures.SCHEMA_PATH.read_text(encoding="utf-8") == measures.schema_text(), (
        "run python -m evaluasi_lib.measures"
    )


def test_a_number_that_is_not_finite_is_refused_with_its_place(made: Made) -> None:
    result = made.program.result
    first, *others = result.rows
    wrong = replace(result, rows=(replace(first, value=float("nan")), *others))
    with pytest.raises(el.EvaluationError, match=f"/measures/{first.id}"):
        measures.result_json(wrong)


# In a browser: WCAG 2.2 AA by axe-core, in light and dark, without a network

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN_AXE = (
    "axe.run(document, {runOnly: %s}).then(r => r.violations.map(v => v.id + ': ' + v.help + ' '"
    " + v.nodes.map(n => n.target.join(' ')).slice(0, 3).join(' | ')))"
)
# WCAG 2.2's target size, which this axe-core does not know yet: links outside of sentences.
SMALL_TARGETS = (
    "[...document.querySelectorAll('nav a, summary, button, input, select')]"
    ".map(e => [e.textContent, e.getBoundingClientRect()])"
    ".filter(([t, r]) => Math.min(r.width, r.height) < 24).map(([t, r]) => t)"
)
PICTURE = "document.querySelector('figure img')"
FOLLOW = """
    (() => {
        const inside = [...document.querySelectorAll('main a[href^="#"]')]
            .map(a => [a, document.getElementById(a.hash.slice(1)).closest('details')])
            .find(([a, fold]) => fold);
        inside[0].click();
        window.found = inside[1];
    })()
"""
SMALLEST_LETTER = 8.5  # points, of the figures' type, on a picture of 7.2 inches


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM is not None
    with Browser(CHROMIUM) as opened:
        yield opened


@needs_browser
@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 1280), (False, 320)])
def test_the_page_holds_to_wcag_without_a_network(
    browser: Browser, made: Made, dark: bool, width: int
) -> None:
    spec = find_spec("axe_core_python")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    axe = Path(spec.submodule_search_locations[0]) / "axe.min.js"
    browser.open(made.file("html"), dark=dark, width=width)
    browser.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    browser.evaluate(axe.read_text(encoding="utf-8"))
    assert browser.evaluate(RUN_AXE % json.dumps(TAGS)) == []
    assert browser.evaluate(SMALL_TARGETS) == []
    over = browser.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert over <= 0, f"the page is {over} pixels wider than the window"
    assert not [url for url in browser.requests if not url.startswith(("file:", "data:"))]
    filtered = browser.evaluate(f"getComputedStyle({PICTURE}).filter")
    assert filtered.startswith("invert" if dark else "none")


@needs_browser
def test_the_letters_of_a_figure_are_12_pixels_high_on_a_telephone(
    browser: Browser, made: Made
) -> None:
    browser.open(made.file("html"), width=390)
    shown = browser.evaluate(f"{PICTURE}.getBoundingClientRect().width")
    assert shown / (72 * 7.2) * SMALLEST_LETTER >= 12


@needs_browser
def test_a_reference_opens_the_fold_that_it_leads_into(browser: Browser, made: Made) -> None:
    browser.open(made.file("html"))
    browser.evaluate(FOLLOW)
    assert browser.evaluate("new Promise(r => setTimeout(() => r(window.found.open), 200))") is True
