"""The codebook of themes and the rubric of documents, and how a YAML table is held to its form."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TypeVar

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from evaluasi_lib.errors import DataError, Problem
from evaluasi_lib.loading import parse_yaml, yaml_problem
from evaluasi_lib.program import Model, Text
from evaluasi_lib.reading.files import packaged_yaml
from evaluasi_lib.wording import _, choose


class Code(Model):
    """One theme or module: its name and the phrases that stand for it."""

    label: Text  # as reports show it
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()  # phrases that take matches away
    negated: str = "keep"  # keep, drop, or the theme it turns into
    denied_by: str | None = None  # theme that, found alone, denies what a question implies
    aliases: Sequence[str] = ()  # other names in tables coded by hand


class Codebook(Model):
    """Themes of open answers, and modules that people ask for."""

    source: str  # where the codebook comes from
    themes: dict[str, Code]
    modules: dict[str, Code] = Field(default={})

    @model_validator(mode="after")
    def _refers_to_themes(self) -> Codebook:
        for name, code in self.themes.items():
            for other in (code.negated, code.denied_by):
                if other not in (None, "keep", "drop", *self.themes):
                    raise ValueError(f"{name}: {other}")
        return self

    def code_of(self, name: str) -> str:
        """A theme's id for a name used in a table coded by hand; the name itself if unknown."""
        key = name.strip().casefold().replace(" ", "_")
        for code_id, code in (*self.themes.items(), *self.modules.items()):
            labels = code.label.values() if isinstance(code.label, dict) else [code.label]
            names = {code_id, *code.aliases, *(x.casefold().replace(" ", "_") for x in labels)}
            if key in names:
                return code_id
        return key

    def label(self, code_id: str) -> str:
        """A theme's name as reports show it; a code of an interview keeps its own."""
        code = self.themes.get(code_id) or self.modules.get(code_id)
        return choose(code.label) if code else code_id.replace("_", " ").capitalize()


M = TypeVar("M", bound=BaseModel)


def parse_model(text: str, where: str, model: type[M]) -> M:
    """A YAML table as a model. Raises DataError with every problem in it."""
    try:
        return model.model_validate(parse_yaml(text))
    except yaml.YAMLError as error:
        raise DataError(yaml_problem(error, where)) from error
    except ValidationError as error:
        what, remedy = _("the table does not have the expected form"), _("see docs/voices.md")
        places = [".".join(map(str, e["loc"])) or e["ctx"]["error"] for e in error.errors()]
        raise DataError(*(Problem(what, f"{where}: {at}", remedy) for at in places)) from error


@cache
def own_codebook() -> Codebook:
    """The workbook's own codebook."""
    return Codebook.model_validate(packaged_yaml(__package__, "codebook.yml"))


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
