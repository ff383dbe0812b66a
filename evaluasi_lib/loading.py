"""Where programs lie, and program.yml read with every problem in it named at once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from evaluasi_lib.check import check_program_text
from evaluasi_lib.errors import Problem, ProgramError, UsageError, suggestion
from evaluasi_lib.folders import links_out
from evaluasi_lib.program import ID_PATTERN, RESERVED, Program
from evaluasi_lib.wording import YamlLoader, _, count, word_for

MAX_YAML = 2_000_000  # characters
MAX_YAML_DEPTH = 50
MAX_YAML_NODES = 200_000  # with every alias written out
MAX_ID = 64  # characters: it becomes part of file names
OWN = "kata.yml"  # words of an agency, for the reports of all its programs
EVALUATION_NOTEBOOK = Path("notebooks") / "02_evaluasi_program.ipynb"


def project_root() -> Path:
    """The workbook: the nearest folder around the working directory that has the notebooks, else
    the checkout that this library belongs to.

    Raises UsageError where there is none.
    """
    here = Path.cwd()
    checkout = Path(__file__).resolve().parent.parent
    for folder in (here, *here.parents, checkout):
        if (folder / EVALUATION_NOTEBOOK).is_file():
            return folder
    what = _("no workbook was found: a folder with notebooks/ and data/")
    remedy = _("make one with “evaluasi start FOLDER”, and give your commands inside it")
    raise UsageError(Problem(what, str(here), remedy))


@dataclass(frozen=True)
class DataFolder:
    """A folder laid out like data/: raw/<program>/ as received, processed/<program>/ rebuilt.

    made: the folder of processed data, where it lies elsewhere.
    """

    path: Path
    made: Path | None = None

    @classmethod
    def at(cls, path: str | os.PathLike[str] | None = None) -> DataFolder:
        """The given folder, or the project's own data/. Raises UsageError where it has no raw/."""
        folder = Path(path).expanduser().resolve() if path else project_root() / "data"
        if not (folder / "raw").is_dir():
            remedy = _("name a folder laid out like data/, with raw/<program>/program.yml")
            raise UsageError(Problem(_("the data folder has no folder raw/"), str(folder), remedy))
        return cls(folder)

    def raw(self, program_id: str) -> Path:
        return self.path / "raw" / program_id

    def processed(self, program_id: str) -> Path:
        return (self.made or self.path / "processed") / program_id

    @cached_property
    def program_ids(self) -> list[str]:
        """Every folder of raw/ that has a program.yml, in the order of the alphabet."""
        names = (path.parent.name for path in (self.path / "raw").glob("*/program.yml"))
        return sorted(name for name in names if not name.startswith("."))  # half-made copies

    def check_id(self, program_id: object) -> str:
        """The identifier as text. Raises UsageError for one that is not there."""
        text = str(program_id).strip()
        if not text:
            raise UsageError(Problem(_("the program's id is empty"), where="program_id"))
        check_id_text(text, "program_id")
        if not self.raw(text).is_dir():
            what = _("there is no program “{id}” in {folder}")
            what = what.format(id=text, folder=self.path / "raw")
            raise UsageError(Problem(what, "program_id", suggestion(text, self.program_ids)))
        return text


def check_id_text(text: str, where: str) -> None:
    """Raises UsageError for what cannot be a program's id and the name of its folder."""
    if ID_PATTERN.fullmatch(text) and len(text) <= MAX_ID and not RESERVED.fullmatch(text):
        return
    what = _("“{id}” is no identifier of a program").format(id=text[:MAX_ID])
    remedy = _("use small letters, digits and hyphens, as the folder's name")
    raise UsageError(Problem(what, where, remedy))


def node_value(node: yaml.Node) -> Any:
    """What a node of a composed YAML text says, however it is written."""
    return yaml.safe_load(yaml.serialize(node))


class YamlBound(yaml.YAMLError):
    """A YAML text beyond the bounds of this module; the argument says which, in words."""


class MarkedLoader(YamlLoader):
    """A loader that says where a value is that looks like a date or number and is none."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError) as error:  # 2025-02-30
            raise yaml.constructor.ConstructorError(
                None, None, str(error), node.start_mark
            ) from error


def parse_yaml(text: str, loader: Any = MarkedLoader) -> Any:
    """The content of a YAML text from outside. Raises yaml.YAMLError, YamlBound among it.

    Depth and the size with all aliases written out are measured on the stream of events, before
    anything is built.
    """
    if len(text) > MAX_YAML:
        raise YamlBound(_("the text is longer than {n} characters").format(n=count(MAX_YAML)))
    sizes: dict[str, int] = {}  # of what an anchor stands for, once it has ended
    open_nodes: list[tuple[str | None, int]] = []  # anchor, and the size when it began
    size = 0
    for event in yaml.parse(text, Loader=loader):
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((anchor, size))
            size += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            ended, before = open_nodes.pop()
            if ended is not None:
                sizes[ended] = size - before
        elif isinstance(event, yaml.ScalarEvent):
            size += 1
            if anchor is not None:
                sizes[anchor] = 1
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == name for name, _before in open_nodes):
                raise YamlBound(_("an alias stands within what it repeats"))
            size += sizes.get(anchor or "", 1)
        if len(open_nodes) > MAX_YAML_DEPTH:
            raise YamlBound(_("more than {n} levels are nested").format(n=MAX_YAML_DEPTH))
        if size > MAX_YAML_NODES:
            raise YamlBound(_("it holds more than {n} values").format(n=count(MAX_YAML_NODES)))
    return yaml.load(text, Loader=loader)


def yaml_problem(error: yaml.YAMLError, where: str) -> Problem:
    """What is wrong with a YAML text, with the line where it is known."""
    if isinstance(error, YamlBound):
        return Problem(str(error), where, _("write it shorter, without aliases"))
    if mark := getattr(error, "problem_mark", None):
        where += ", " + _("line {line}").format(line=mark.line + 1)
    remedy = _("check indentation, colons and quotes at this place")
    return Problem(_("the file is not valid YAML"), where, remedy)


class _Loader(MarkedLoader):
    """YAML in which only true and false are booleans: labels such as Yes, No, On stay text."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool"]
    for letter, found in YamlLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false|True|False|TRUE|FALSE)$"), list("tfTF")
)


def load_program(folder: Path) -> Program:
    """The program declared in folder/program.yml. Raises ProgramError with every problem in it.

    No file of a program may be a link to somewhere else: whoever hands a folder over could have
    any file of the computer read and shown.
    """
    if links := links_out(folder):
        what, remedy = _("the link leads out of the program's folder"), _("copy the file itself")
        places = (f"{folder.name}/{link.relative_to(folder).as_posix()}" for link in links)
        raise ProgramError(*(Problem(what, place, remedy) for place in places))
    return program_of(read_declaration(folder), folder.name)


def read_declaration(folder: Path) -> dict[str, Any]:
    """folder/program.yml as keys and values, not validated yet, with an agency's own words (OWN,
    beside the folder raw/) under those of the program. Raises ProgramError."""
    said = _read_yaml(folder / "program.yml", f"{folder.name}/program.yml")
    shared = folder.parent.parent / OWN
    if shared.is_file():
        words, own = _read_yaml(shared, OWN), said.get("words") or {}
        if all(isinstance(w, dict) for table in (words, own) for w in table.values()):
            said["words"] = {code: words.get(code, {}) | own.get(code, {}) for code in words | own}
        else:
            said["words"] = words  # which does not fit and says so
    return said


def program_of(data: dict[str, Any], folder: str) -> Program:
    """The program that a declaration means. Raises ProgramError with every problem in it.

    data: the keys of program.yml. folder: the name of its folder, which must be the program's id.
    """
    where = f"{folder}/program.yml"
    unknown = list(_unknown(data))
    try:
        program = Program.model_validate(data).by_wave()
    except ValidationError as error:
        problems = [
            p for p in explain(error, where) if p.where.removeprefix(f"{where}: ") not in unknown
        ]
        raise ProgramError(*_undecided(unknown, where), *problems) from error
    if unknown:
        raise ProgramError(*_undecided(unknown, where))
    problems = check_program_text(program)
    if program.id != folder:
        what = _("id “{id}” differs from the folder's name “{folder}”")
        what, remedy = what.format(id=program.id, folder=folder), _("give both the same name")
        problems.insert(0, Problem(what, "id", remedy))
    if problems:
        raise ProgramError(*(replace(p, where=f"{where}: {p.where}") for p in problems))
    return program


def _unknown(data: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The path in program.yml of each "?" that a draft left to its reader."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _unknown(value, (*path, str(key)))
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from _unknown(value, (*path, str(i)))
    elif isinstance(data, str) and data.strip() == "?":
        yield ".".join(path)


def _undecided(paths: Iterable[str], where: str) -> list[Problem]:
    what = _("“?” stands where the draft could not tell")
    remedy = _("write it here; the comment on the line says what is asked")
    return [Problem(what, f"{where}: {path}", remedy) for path in paths]


def _read_yaml(path: Path, where: str) -> dict[str, Any]:
    if not path.is_file():
        remedy = _("write one, or draft it with “evaluasi new {id} --from FILE”")
        remedy = remedy.format(id=path.parent.name)
        raise ProgramError(Problem(_("there is no program.yml"), where, remedy))
    try:
        data = parse_yaml(path.read_text(encoding="utf-8-sig"), _Loader)
    except UnicodeDecodeError as error:
        problem = Problem(_("the file is not UTF-8 text"), where, _("save it as UTF-8"))
        raise ProgramError(problem) from error
    except yaml.YAMLError as error:
        raise ProgramError(yaml_problem(error, where)) from error
    if not isinstance(data, dict):
        remedy = _("see docs/program-yml.md")
        raise ProgramError(Problem(_("the file declares nothing"), where, remedy))
    return data


def explain(error: ValidationError, where: str, model: type[BaseModel] = Program) -> list[Problem]:
    """Pydantic's findings as problems in the reader's language, unknown keys with the nearest.
    model: of the file, or of each of its items."""
    problems = []
    for item in error.errors():
        # Pydantic adds the branch of a union to the path (int, str, dict[...]): no key of the file.
        path = [str(part) for part in item["loc"] if not str(part).startswith(("dict[", "list["))]
        key, kind, context = ".".join(path), item["type"], item.get("ctx", {})
        what, remedy = "", ""
        if kind == "extra_forbidden":
            what = _("unknown key “{key}”").format(key=path[-1])
            remedy = suggestion(path[-1], _known_keys(item["loc"][:-1], model))
        elif kind == "missing":
            what = _("the key “{key}” is missing").format(key=path[-1])
            remedy = _("see docs/program-yml.md")
        elif kind == "literal_error":
            known = re.findall("'([^']*)'", context["expected"])
            what = _("“{value}” is not a known value").format(value=item["input"])
            remedy = suggestion(str(item["input"]), known)
        elif kind == "value_error":
            what = str(context["error"])
        else:
            what = _("the value does not fit: {expected}").format(expected=_expected(kind, context))
        problems.append(Problem(what, f"{where}: {key}" if key else where, remedy))
    return problems


def _expected(kind: str, context: dict[str, Any]) -> str:
    """What pydantic wanted, in words."""
    limits = {"greater_than": "gt", "greater_than_equal": "ge", "less_than_equal": "le"}
    if kind in limits:
        sign = {"gt": ">", "ge": "≥", "le": "≤"}[limits[kind]]
        return f"{sign} {context[limits[kind]]}"
    return word_for("expected", kind.partition("_")[0])


def _known_keys(path: Iterable[object], model: type[BaseModel]) -> list[str]:
    """The keys that the model allows at a path of its file."""
    found: type[BaseModel] | None = model
    for part in path:
        field = _fields(found).get(str(part))
        if field is not None:
            found = next(models_in(field.annotation), None)
    return list(_fields(found))


def _fields(model: type[BaseModel] | None) -> dict[str, FieldInfo]:
    """The fields of a model by their keys in program.yml."""
    fields = model.model_fields if model else {}
    return {(field.alias or name): field for name, field in fields.items()}


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a type annotation names, in unions, lists and dictionaries too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is not None or isinstance(annotation, UnionType):
        for part in get_args(annotation):
            yield from models_in(part)
