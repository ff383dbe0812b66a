"""What several sections share."""

from __future__ import annotations

from collections.abc import Sequence

from evaluasi_lib.reporting.elements import Element, Section, missing_section


def section(id: str, title: str, elements: Sequence[Element | None], otherwise: str) -> Section:
    """A section of the elements that exist; where none does, the sentence that says why."""
    kept = tuple(element for element in elements if element is not None)
    return Section(id, title, kept) if kept else missing_section(id, title, otherwise)
