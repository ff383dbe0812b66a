"""The figures of docs/security.md, measured on this machine: `python -m tests.security`."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from evaluasi_lib.wording import markdown_table
from tests.test_hostile import Ran, check_documents, check_tables

PAGE = Path(__file__).resolve().parent.parent / "docs" / "security.md"
FIGURES = re.compile(r"(<!-- figures -->\n).*(<!-- end of figures -->)", re.DOTALL)


def table(ran: dict[str, Ran]) -> str:
    """Each hostile file with the seconds and megabytes of `evaluasi check`, and its words."""
    rows = []
    for name, one in ran.items():
        said = one.said.strip().partition("] ")[2].partition(" Remedy")[0] or "harmless"
        rows.append([name, f"{one.seconds:.1f}", f"{one.peak / 1e6:.0f}", said])
    return "\n".join(markdown_table(["File", "Seconds", "MB so far", "What is said"], rows))


def main() -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        figures = table(check_tables(Path(one)) | check_documents(Path(other)))
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(FIGURES.sub(lambda m: m[1] + figures + "\n" + m[2], text), encoding="utf-8")


if __name__ == "__main__":
    main()
