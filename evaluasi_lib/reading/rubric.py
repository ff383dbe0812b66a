"""The rubric by which documents are read: indicators, what to ask, and what counts as evidence."""

from __future__ import annotations

from collections.abc import Sequence

from evaluasi_lib.program import Model, Text


class Indicator(Model):
    """One thing that documents should show."""

    label: Text
    """Name of the indicator as reports show it."""
    question: Text = ""
    """What the reviewer asks of the document."""
    evidence: Text = ""
    """What counts as evidence."""
    search: Sequence[str] = ()
    """Phrases by which passages are found."""
    documents: Sequence[str] = ()
    """Documents that ought to hold it; all if empty."""


class Rubric(Model):
    """The scale of the ratings and the indicators."""

    min: int = 0
    """Lowest rating."""
    max: int = 3
    """Highest rating."""
    met: int = 2
    """Rating from which the evidence counts as found."""
    indicators: dict[str, Indicator]
    """Indicators by their short name."""
