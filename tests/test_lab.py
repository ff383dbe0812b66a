"""The notebooks in JupyterLab, in a real browser, as a researcher opens and runs them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.browser import find_chromium
from tests.lab import ROOT, Lab
from tests.practice import FOLDER, books

MISSING = find_chromium() is None or find_spec("websocket") is None
REQUIRED = bool(os.environ.get("EVALUASI_REQUIRE_BROWSER"))
pytestmark = [
    pytest.mark.skipif(MISSING and not REQUIRED, reason="no Chromium or no websocket-client"),
    pytest.mark.xdist_group("lab"),  # one server, and each notebook run once
]
NOTEBOOKS = [path.name for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
SMALL = "mentoring-karier-2025"  # quick to clean and measure
NEVER_SHOWN = re.compile(r"\bNaN\b|\bnan\b|Traceback|small_cell|not_satisfied|\bNone\b")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("checkout")) as started:
        yield started


def ran(lab: Lab, name: str) -> list[str]:
    return lab.ran(name, "pelatihan-kepemimpinan-2025", SMALL)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_cell_runs_shows_no_codes_and_leaves_git_clean(lab: Lab, name: str) -> None:
    if name.startswith("03"):
        ran(lab, NOTEBOOKS[0])  # which makes a report
    assert ran(lab, name) == []
    shown = lab.text()
    assert len(shown) > 200
    assert NEVER_SHOWN.findall(shown) == []
    assert lab.git_status() == ""


def test_the_tables_fit_the_page_and_key_figures_are_not_scrambled(lab: Lab) -> None:
    ran(lab, "02_evaluasi_program.ipynb")
    assert lab.do("beyond", ".jp-OutputArea-output table") == []
    floats = """(() => { nb.node.querySelector('details.evaluasi').open = true;
        return lab.all('dl.key-figures dt, dl.key-figures dd')
            .map(e => getComputedStyle(e).float); })()"""
    assert set(lab.page.evaluate(floats)) == {"none"}


def test_the_panel_follows_each_field_marks_it_and_says_the_line_of_code(lab: Lab) -> None:
    ran(lab, "02_evaluasi_program.ipynb")
    before = lab.text(".widget-html")
    assert "Penjelajahan" not in before
    assert f'el.open("{SMALL}").effects("efikasi_karier")' in before
    lab.do("choose", 3, "0,9")
    lab.says(
        f'el.open("{SMALL}").what_if(outcome="efikasi_karier", sesoi=0.9)',
        "Penjelajahan, bukan yang dinyatakan: outcomes.efikasi_karier.sesoi 0,200 → 0,900",
        "Keyakinan karier, penjelajahan",
        "Menurut yang dinyatakan: ",
    )
    lab.do("choose", 3, "banyak")
    lab.says("“banyak” bukan angka")
    lab.do("choose", 3, "0,2")
    lab.wait(lambda: "Penjelajahan" not in lab.text(".widget-html"))
    lab.do("choose", 1, "Perilaku")
    lab.says('.effects("perilaku_karier")')


def test_the_published_numbers_are_searched_and_sorted_without_a_network(lab: Lab) -> None:
    def rows() -> list[str]:
        return lab.do("texts", "table.dataTable tbody tr")

    ran(lab, "02_evaluasi_program.ipynb")
    lab.page.requests.clear()
    lab.do("click", "[class*=ollapse-header]")
    lab.wait(lambda: len(rows()) >= 10)
    lab.page.evaluate("lab.fill(lab.all('input[type=search]')[0], 'perilaku_karier')")
    lab.wait(lambda: all("perilaku_karier" in row for row in rows()))
    own = ("http://127.0.0.1", "data:", "blob:", "ws://127.0.0.1")
    assert [url for url in lab.page.requests if not url.startswith(own)] == []


def test_a_corrected_guess_is_written_and_a_problem_leads_to_its_line(lab: Lab) -> None:
    ran(lab, "04_dari_excel.ipynb")
    path = lab.folder / "buku-kerja" / "latihan" / "raw" / "latihan-2026" / "program.yml"
    assert "title: Mentoring di kantor" not in path.read_text(encoding="utf-8")
    lab.page.evaluate("lab.fill(lab.all('.widget-tab input')[0], 'Mentoring di kantor')")
    lab.says('d.change("title", "Mentoring di kantor")')
    text = path.read_text(encoding="utf-8")
    assert "title: Mentoring di kantor\n" in text
    path.write_text(text.replace("instrument: skor_selalu", "instrument: skor_selalo"), "utf-8")
    wrong = next(i for i, x in enumerate(text.splitlines(), 1) if "instrument: skor_selalu" in x)
    lab.do("run", "el.problems")
    link = f"program.yml, baris {wrong}"
    lab.wait(lambda: link in lab.text("a"))
    lab.do("click", "a", link)
    lab.wait(lambda: lab.do("line", "latihan-2026/program.yml") == wrong)


def test_the_practice_workbooks_are_those_that_the_generator_writes() -> None:
    assert {p.name: p.read_bytes() for p in FOLDER.iterdir()} == books()
