"""The report in a real browser without a network: WCAG 2.2 AA by axe-core, in light and dark."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import evaluasi_lib as el
from evaluasi_lib.reporting import theme
from evaluasi_lib.reporting.export import render_html
from evaluasi_lib.reporting.sections import report_sections
from evaluasi_lib.wording import LANGUAGES
from tests import fixtures_result as fixtures
from tests.browser import Browser, find_chromium

CHROMIUM = find_chromium()
ROOT = Path(__file__).resolve().parent.parent

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(find_spec("axe_core_python") is None, reason="axe-core is not installed"),
    pytest.mark.skipif(find_spec("websocket") is None, reason="websocket-client not installed"),
    pytest.mark.xdist_group("browser"),
]

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


def shipped() -> list[Path]:
    """Reports that have been made in this checkout, where there are any."""
    return sorted((ROOT / "reports").glob("*/*.html"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM is not None
    with Browser(CHROMIUM) as opened:
        yield opened


def axe_source() -> str:
    spec = find_spec("axe_core_python")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    folder = Path(spec.submodule_search_locations[0])
    return (folder / "axe.min.js").read_text(encoding="utf-8")


def check(browser: Browser, path: Path, *, dark: bool = False, width: int = 1280) -> None:
    browser.open(path, dark=dark, width=width)
    browser.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    browser.evaluate(axe_source())
    assert browser.evaluate(RUN_AXE % json.dumps(TAGS)) == []
    assert browser.evaluate(SMALL_TARGETS) == []
    over = browser.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert over <= 0, f"the page is {over} pixels wider than the window"
    asked = [url for url in browser.requests if not url.startswith(("file:", "data:"))]
    assert asked == []


@pytest.fixture(scope="module", params=LANGUAGES)
def page(request, tmp_path_factory) -> Path:
    el.set_language(request.param)
    result = fixtures.example_result(request.param)
    path = tmp_path_factory.mktemp(request.param) / "page.html"
    html = render_html(report_sections(fixtures.example_study().program, result), result)
    path.write_text(html, encoding="utf-8")
    el.set_language("id")
    return path


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_holds_to_wcag_without_a_network(browser, page, dark):
    check(browser, page, dark=dark)


def test_the_page_fits_a_telephone(browser, page):
    check(browser, page, width=320)


SMALLEST_LETTER = 8.5  # points, of the figures' type (theme.RC and the figures' own sizes)


def test_the_letters_of_a_figure_are_12_pixels_high_on_a_telephone(browser, page):
    browser.open(page, width=390)
    shown = browser.evaluate("document.querySelector('figure img').getBoundingClientRect().width")
    assert shown / (72 * theme.WIDTH) * SMALLEST_LETTER >= 12


def test_figures_follow_dark_mode(browser, page):
    script = "getComputedStyle(document.querySelector('figure img')).filter"
    browser.open(page, dark=False)
    assert browser.evaluate(script) == "none"
    browser.open(page, dark=True)
    assert browser.evaluate(script).startswith("invert")


def test_a_reference_opens_the_fold_that_it_leads_into(browser, page):
    browser.open(page)
    script = """
        (() => {
            const inside = [...document.querySelectorAll('main a[href^="#"]')]
                .map(a => [a, document.getElementById(a.hash.slice(1)).closest('details')])
                .find(([a, fold]) => fold);
            inside[0].click();
            return inside[1];
        })()
    """
    browser.evaluate(f"window.found = {script.strip()}; null")
    assert browser.evaluate("new Promise(r => setTimeout(() => r(window.found.open), 200))") is True


def test_every_report_made_here_holds_to_wcag(browser):
    made = shipped()
    if not made:
        pytest.skip("no reports have been made in this checkout")
    for path in made:
        check(browser, path)
