"""The tables of this room: decision_table.yml, kinds.yml and catalogue.yml as validated models, and
the sentences of sentences.yml (`say`)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from evaluasi_lib.errors import Problem, ProgramError, suggestion
from evaluasi_lib.findings.situation import Answer, Facts
from evaluasi_lib.loading import parse_yaml, yaml_problem
from evaluasi_lib.program import ProgramKind, Text
from evaluasi_lib.results import Decision
from evaluasi_lib.wording import Sentences, _, load_yaml

HERE = Path(__file__).parent
AGENCY_FILE = "rekomendasi.yml"

say = Sentences(__file__, "sentences.yml")


def _as_answer(value: Any) -> Any:
    """YAML reads yes and no as booleans."""
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Row(Strict):
    """One row of the decision table; it fires when each named fact has one of the answers."""

    rule: str
    when: dict[str, list[Annotated[Answer, BeforeValidator(_as_answer)]]]
    decision: Decision
    text: Text

    def fires(self, facts: Facts) -> bool:
        return all(facts[name] in answers for name, answers in self.when.items())


class Move(Strict):
    """How far a limit is moved to see whether the verdict hangs on it."""

    limit: str
    absolute: float | None = None
    relative: float | None = None
    text: Text


class DecisionTable(Strict):
    version: int
    facts: dict[str, Text]
    rows: list[Row]
    moves: list[Move]

    @model_validator(mode="after")
    def _complete(self) -> DecisionTable:
        unknown = {name for row in self.rows for name in row.when} - set(self.facts)
        if unknown or self.rows[-1].when:
            raise ValueError(f"unknown facts {sorted(unknown)}, or a last row that may not fire")
        return self

    def decide(self, facts: Facts) -> Row:
        """The first row that fires; the last row has no condition, so there is one."""
        return next(row for row in self.rows if row.fires(facts))


class Kind(Strict):
    """A kind of strength or weakness: its name, and the written rule that finds it."""

    name: Text
    rule: Text


class Kinds(Strict):
    strengths: dict[str, Kind]
    weaknesses: dict[str, Kind]


def _known_kind(kind: str) -> str:
    if kind not in finding_kinds().weaknesses:
        raise ValueError(kind)
    return kind


class RecommendationRule(Strict):
    """One proposed action for one kind of weakness."""

    id: str
    kind: Annotated[str, AfterValidator(_known_kind)]
    subject: list[str] = Field(default=[], description="Patterns such as *workload*; none: any.")
    programs: list[ProgramKind] = Field(default=[], description="Kinds of programs; none: any.")
    each: bool = Field(default=False, description="One recommendation for each weakness.")
    text: Text
    owner: Text
    feasibility: int = Field(ge=1, le=5, description="1 hard to do, 5 easy.")
    due_days: int = Field(ge=0, description="Days after the report's date.")
    indicator: str | None = Field(default=None, description="What to watch; {subject} is filled.")


class Catalogue(Strict):
    rules: list[RecommendationRule]


def _read(name: str) -> Any:
    return load_yaml((HERE / name).read_text(encoding="utf-8"))


@lru_cache
def finding_kinds() -> Kinds:
    """The kinds of kinds.yml."""
    return Kinds.model_validate(_read("kinds.yml"))


@lru_cache
def decision_table() -> DecisionTable:
    """The table of decision_table.yml."""
    return DecisionTable.model_validate(_read("decision_table.yml"))


def agency_files(raw_folder: Path) -> list[Path]:
    """An agency's own catalogues that exist: data/rekomendasi.yml, data/raw/<id>/rekomendasi.yml.

    The later one has the last word: its rules come first, and replace those of the same id.
    """
    candidates = [raw_folder.parent.parent / AGENCY_FILE, raw_folder / AGENCY_FILE]
    return [path for path in candidates if path.is_file()]


def read_catalogue(extensions: tuple[Path, ...] = ()) -> list[RecommendationRule]:
    """The workbook's rules, with an agency's before them. Raises ProgramError with all problems."""
    rules: list[RecommendationRule] = []
    problems: list[Problem] = []
    for path in (HERE / "catalogue.yml", *extensions):
        try:
            found = Catalogue.model_validate(parse_yaml(path.read_text(encoding="utf-8")))
        except yaml.YAMLError as error:
            problems.append(yaml_problem(error, path.name))
        except UnicodeDecodeError:
            what, remedy = _("the file is not UTF-8 text"), _("save it as UTF-8")
            problems.append(Problem(what, path.name, remedy))
        except ValidationError as error:
            problems += [_problem(item, path) for item in error.errors()]
        else:
            replaced = {rule.id for rule in found.rules}
            rules = found.rules + [rule for rule in rules if rule.id not in replaced]
    if problems:
        raise ProgramError(*problems)
    return rules


def _problem(item: Any, path: Path) -> Problem:
    """One complaint of pydantic in the words of the catalogue's author."""
    key = str(item["loc"][-1]) if item["loc"] else ""
    what, remedy = _("the value of “{key}” does not fit").format(key=key), ""
    if item["type"] == "extra_forbidden":
        what = _("unknown key “{key}”").format(key=key)
        remedy = suggestion(key, RecommendationRule.model_fields)
    elif item["type"] == "missing":
        what = _("the key “{key}” is missing").format(key=key)
    elif key == "kind":
        what = _("unknown kind of weakness")
        remedy = suggestion(str(item["input"]), finding_kinds().weaknesses)
    where = f"{path.name}: " + ".".join(str(part) for part in item["loc"])
    return Problem(what, where, remedy)
