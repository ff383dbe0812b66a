"""The codebook of themes, and how a table in YAML is held to its form."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TypeVar

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from evaluasi_lib.errors import DataError, Problem
from evaluasi_lib.program import Model, Text
from evaluasi_lib.wording import _, choose


class Code(Model):
    """One theme or module: its name and the phrases that stand for it."""

    label: Text = Field(description="Name of the theme as reports show it.")
    include: list[str] = Field(default=[], description="Phrases that stand for the theme.")
    exclude: list[str] = Field(default=[], description="Phrases that take matches away.")
    negated: str = Field(default="keep", description="keep, drop, or the theme it turns into.")
    denied_by: str | None = Field(
        default=None, description="Theme that, found alone, denies what a question implies."
    )
    aliases: list[str] = Field(default=[], description="Other names in tables coded by hand.")


class Codebook(Model):
    """Themes of open answers, and modules that people ask for."""

    source: str = Field(description="Where the codebook comes from.")
    themes: dict[str, Code] = Field(description="Themes of open answers.")
    modules: dict[str, Code] = Field(default={}, description="Modules that people ask for.")

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
        return model.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise DataError(
            Problem(_("the file is not valid YAML"), where, _("check indentation and quotes"))
        ) from error
    except ValidationError as error:
        raise DataError(
            *(
                Problem(
                    _("the table does not have the expected form"),
                    f"{where}: {'.'.join(map(str, item['loc'])) or item['ctx']['error']}",
                    _("see docs/voices.md"),
                )
                for item in error.errors()
            )
        ) from error


@cache
def own_codebook() -> Codebook:
    """The workbook's own codebook."""
    text = resources.files(__package__).joinpath("codebook.yml").read_text(encoding="utf-8")
    return Codebook.model_validate(yaml.safe_load(text))
