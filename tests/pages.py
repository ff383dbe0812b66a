"""What the long studies write into a page of docs: a table between two marks, misses in bold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path


def put(page: Path, name: str, body: str) -> None:
    """Replace what stands between the marks of `name`. Raises ValueError without the marks."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    text = page.read_text(encoding="utf-8")
    if start not in text or end not in text:
        raise ValueError(f"{page} has no place for the {name} ({start} ... {end})")
    head, _mark, rest = text.partition(start)
    tail = rest.partition(end)[2]
    page.write_text(f"{head}{start}\n\n{body}\n\n{end}{tail}", encoding="utf-8")


def bold(cells: Mapping[str, str], missed: Collection[str]) -> dict[str, str]:
    """The cells of a row by column; those that miss their aim are bold."""
    return {name: f"**{text}**" if name in missed else text for name, text in cells.items()}
