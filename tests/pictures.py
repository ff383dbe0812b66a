"""Pictures of the reports for README: `python -m tests.pictures [FOLDER]`, after `make report`."""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

from PIL import Image

from tests.browser import Browser, find_chromium

ROOT = Path(__file__).resolve().parent.parent
# Picture -> report, element at whose top it starts, its left edge, width and height.
PICTURES = {
    "ringkasan": ("pelatihan-kepemimpinan-2025", "body", 0, 1250, 1330),
    "efektivitas": ("pelatihan-kepemimpinan-2025", "#fig-efek", 270, 980, 400),
    "elearning": ("elearning-asn-2025", "#fig-kalender", 270, 980, 390),
}


def main(reports: Path) -> None:
    program = find_chromium()
    if program is None:
        raise SystemExit("no Chromium on this machine")
    folder = ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with Browser(program) as browser:
        for name, (report, start, left, width, height) in PICTURES.items():
            browser.open(reports / report / "laporan.html", width=1250)
            browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            top = browser.evaluate(
                f"document.querySelector('{start}').getBoundingClientRect().top + scrollY"
            )
            part = {"x": left, "y": max(top - 10, 0), "width": width, "height": height, "scale": 1}
            shot = browser.call("Page.captureScreenshot", captureBeyondViewport=True, clip=part)
            picture = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
            picture.quantize(160).save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "reports")
