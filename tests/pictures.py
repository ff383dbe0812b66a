"""Pictures of the notebooks and of the reports for README and docs: `python -m tests.pictures
[FOLDER]`, after `make report`."""

from __future__ import annotations

import base64
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.browser import Browser, find_chromium
from tests.lab import Lab

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "images"
# Picture -> report, element at whose top it starts, its left edge, width and height.
PICTURES = {
    "ringkasan": ("pelatihan-kepemimpinan-2025", "body", 0, 1250, 1330),
    "efektivitas": ("pelatihan-kepemimpinan-2025", "#fig-efek", 270, 980, 400),
    "elearning": ("elearning-asn-2025", "#fig-kalender", 270, 980, 390),
}


# Picture -> notebook, element at whose top it starts, its height.
SCREENS = {
    "mulai": ("00_mulai_di_sini.ipynb", ".jp-Notebook", 760),
    "tebakan": ("04_dari_excel.ipynb", ".widget-tab", 640),
    "jelajahi": ("02_evaluasi_program.ipynb", ".widget-vbox", 760),
}


def keep(png: str | bytes, name: str) -> None:
    content = base64.b64decode(png) if isinstance(png, str) else png
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    picture.quantize(160).save(FOLDER / f"{name}.png", optimize=True)


def of_reports(reports: Path) -> None:
    program = find_chromium()
    if program is None:
        raise SystemExit("no Chromium on this machine")
    with Browser(program) as browser:
        for name, (report, start, left, width, height) in PICTURES.items():
            browser.open(reports / report / "laporan.html", width=1250)
            browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            top = browser.evaluate(
                f"document.querySelector('{start}').getBoundingClientRect().top + scrollY"
            )
            part = {"x": left, "y": max(top - 10, 0), "width": width, "height": height, "scale": 1}
            shot = browser.call("Page.captureScreenshot", captureBeyondViewport=True, clip=part)
            keep(shot["data"], name)


def of_notebooks() -> None:
    """What a researcher sees in JupyterLab."""
    with tempfile.TemporaryDirectory() as folder, Lab(Path(folder)) as lab:
        lab.page.evaluate("jupyterapp.commands.execute('application:toggle-left-area')")
        for name, (notebook, start, height) in SCREENS.items():
            lab.ran(notebook, "pelatihan-kepemimpinan-2025", "mentoring-karier-2025")
            if name == "jelajahi":
                lab.do("choose", 3, "0,6")
                lab.says("Menurut yang dinyatakan")
            keep(lab.shot(start, height), name)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    of_notebooks()
    of_reports(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "reports")
