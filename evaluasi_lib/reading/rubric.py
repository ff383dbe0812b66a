"""The rubric by which documents are read: indicators, what to ask, and what counts as evidence."""

from __future__ import annotations

from pydantic import Field

from evaluasi_lib.program import Model, Text


class Indicator(Model):
    """One thing that documents should show."""

    label: Text = Field(description="Name of the indicator as reports show it.")
    question: Text = Field(default="", description="What the reviewer asks of the document.")
    evidence: Text = Field(default="", description="What counts as evidence.")
    search: list[str] = Field(default=[], description="Phrases by which passages are found.")
    documents: list[str] = Field(
        default=[], description="Documents that ought to hold it; all if empty."
    )


class Rubric(Model):
    """The scale of the ratings and the indicators."""

    min: int = Field(default=0, description="Lowest rating.")
    max: int = Field(default=3, description="Highest rating.")
    met: int = Field(default=2, description="Rating from which the evidence counts as found.")
    indicators: dict[str, Indicator] = Field(description="Indicators by their short name.")
