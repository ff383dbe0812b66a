"""Every name in program.yml followed to what it names, and what else must fit together in it.

A field that names something bears a `Names` mark in program.py. `names_in` walks the marks, so a
new key is checked by being marked; KNOWN says where each kind of name is declared. What stands in
files (themes, rubric indicators, the files themselves) is checked where these are read.

Where programs lie, and program.yml read with every problem in it named at once.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from evaluasi_lib.folders import links_out
from evaluasi_lib.program import (
    ID_PATTERN,
    IDENTIFIERS,
    RESERVED,
    Column,
    Instrument,
    Names,
    Outcome,
    Program,
    Source,
)
from evaluasi_lib.wording import (
    Problem,
    ProgramError,
    UsageError,
    YamlLoader,
    _,
    count,
    load_yaml,
    problem,
    suggestion,
    word_for,
    workbook_texts,
)

MAX_YAML = 2_000_000  # characters
MAX_YAML_DEPTH = 50
MAX_YAML_NODES = 200_000  # with every alias written out
MAX_ID = 64  # characters: it becomes part of file names
OWN = "kata.yml"  # words of an agency, for the reports of all its programs
WATCHED = Path(__file__).with_name("watched.yml")  # what an indicator may watch
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
    raise UsageError(problem("no_workbook", str(here)))


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
            raise UsageError(problem("no_raw", str(folder)))
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
            raise UsageError(problem("empty_id", "program_id"))
        check_id_text(text, "program_id")
        if not self.raw(text).is_dir():
            near, place = suggestion(text, self.program_ids), self.path / "raw"
            raise UsageError(problem("no_such_program", "program_id", near, id=text, folder=place))
        return text


def check_id_text(text: str, where: str) -> None:
    """Raises UsageError for what cannot be a program's id and the name of its folder."""
    if ID_PATTERN.fullmatch(text) and len(text) <= MAX_ID and not RESERVED.fullmatch(text):
        return
    raise UsageError(problem("no_identifier", where, id=text[:MAX_ID]))


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
    return problem("invalid_yaml", where)


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
        places = (f"{folder.name}/{link.relative_to(folder).as_posix()}" for link in links)
        raise ProgramError(*(problem("link_out", place) for place in places))
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
        problems.insert(0, problem("other_id", "id", id=program.id, folder=folder))
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
    return [problem("undecided", f"{where}: {path}") for path in paths]


def _read_yaml(path: Path, where: str) -> dict[str, Any]:
    if not path.is_file():
        raise ProgramError(problem("no_program_yml", where, id=path.parent.name))
    try:
        data = parse_yaml(path.read_text(encoding="utf-8-sig"), _Loader)
    except UnicodeDecodeError as error:
        raise ProgramError(problem("not_utf8", where)) from error
    except yaml.YAMLError as error:
        raise ProgramError(yaml_problem(error, where)) from error
    if not isinstance(data, dict):
        raise ProgramError(problem("declares_nothing", where))
    return data


def explain(error: ValidationError, where: str, model: type[BaseModel] = Program) -> list[Problem]:
    """Pydantic's findings as problems in the reader's language, unknown keys with the nearest.
    model: of the file, or of each of its items."""
    problems = []
    for item in error.errors():
        # Pydantic adds the branch of a union to the path (int, str, dict[...]): no key of the file.
        path = [str(part) for part in item["loc"] if not str(part).startswith(("dict[", "list["))]
        key, kind, context, said = ".".join(path), item["type"], item.get("ctx", {}), item["input"]
        place, last = f"{where}: {key}" if key else where, "".join(path[-1:])
        if kind == "extra_forbidden":
            near = suggestion(last, _known_keys(item["loc"][:-1], model))
            problems.append(problem("key.unknown", place, near, key=last))
        elif kind == "missing":
            problems.append(problem("key.missing", place, key=last))
        elif kind == "literal_error":
            near = suggestion(str(said), re.findall("'([^']*)'", context["expected"]))
            problems.append(problem("value.unknown", place, near, value=said))
        elif kind == "value_error":
            problems.append(Problem(str(context["error"]), place))
        else:
            problems.append(problem("value.unfit", place, expected=_expected(kind, context)))
    return problems


def _expected(kind: str, context: dict[str, Any]) -> str:
    """What pydantic wanted, in words."""
    signs = {"greater_than": "> {gt}", "greater_than_equal": "≥ {ge}", "less_than_equal": "≤ {le}"}
    if kind in signs:
        return signs[kind].format(**context)
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


UNSEEN = ("drop", *IDENTIFIERS)  # never in the tables
UNORDERED = ("category", "text")  # which of their values is more, nobody can tell
FILED = ("theme", "codebook_theme", "rubric_indicator", "path")  # declared in files


@dataclasses.dataclass(frozen=True)
class Named:
    """A text of program.yml that names something: where it stands, and in which models."""

    name: str
    mark: Names
    at: tuple[str, ...]
    inside: tuple[BaseModel, ...]

    @property
    def where(self) -> str:
        return ".".join(self.at)

    def holder(self, kind: type[BaseModel]) -> Any:
        """The nearest model of a kind in which the name stands."""
        return next((m for m in reversed(self.inside) if isinstance(m, kind)), None)


def names_in(program: Program) -> Iterator[Named]:
    """Every text of the program whose field bears a `Names` mark, in declared order."""
    return _walk(program, Program, (), ())


def _walk(
    value: Any, annotation: Any, at: tuple[str, ...], inside: tuple[BaseModel, ...]
) -> Iterator[Named]:
    """annotation: as pydantic keeps it; a branch of a union is chosen by the value."""
    inner: Any
    annotation, marks = _branch(annotation, value)
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            inner = field.annotation
            if field.metadata:  # pydantic takes the outermost marks off
                inner = Annotated[(inner, *field.metadata)]
            yield from _walk(getattr(value, name), inner, (*at, name), (*inside, value))
    elif isinstance(value, dict):
        keys, values = get_args(annotation) or (Any, Any)
        for key, item in value.items():
            yield from _walk(key, keys, (*at, str(key)), inside)
            yield from _walk(item, values, (*at, str(key)), inside)
    elif isinstance(value, (list, tuple)):
        inner = next(iter(get_args(annotation)), Any)
        for place, item in enumerate(value, 1):
            label = [str(getattr(item, "id", place))] if isinstance(item, BaseModel) else []
            yield from _walk(item, inner, (*at, *label), inside)
    elif isinstance(value, str):
        yield from (Named(value, m, at, inside) for m in marks if isinstance(m, Names))


def _branch(annotation: Any, value: Any) -> tuple[Any, tuple[Any, ...]]:
    """The bare annotation and the marks of the branch that the value takes."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        bare, more = _branch(inner, value)
        return bare, (*marks, *more)
    if get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            bare, found = _branch(part, value)
            origin = get_origin(bare) or bare
            if isinstance(origin, type) and isinstance(value, origin):
                return bare, found
    return annotation, ()


def columns_of(program: Program, variable: str) -> list[Column]:
    """Every declaration of a variable, in the order of the sources."""
    found = (s.columns.get(variable) for s in program.sources.values())
    return [c for c in found if c is not None]


def _variables(program: Program, sources: Iterable[Source], mark: Names) -> list[str]:
    columns = [item for source in sources for item in source.columns.items()]
    return [
        name for name, column in columns
        if (column.type in mark.types if mark.types else column.type not in UNSEEN)
    ]  # fmt: skip


def _own(program: Program, named: Named) -> list[str]:
    """Variables of the source that holds the name, or that the key beside it names."""
    holder = named.holder(Source)
    if holder is None:
        holder = program.sources.get(getattr(named.inside[-1], "source", ""))
    return [] if holder is None else _variables(program, [holder], named.mark)


def _labels(program: Program, named: Named) -> list[str] | None:
    """The values that a table can hold of the label's variable; None where they are not declared.

    An answer is written as in the file, so the spellings of a category count too.
    """
    of = named.mark.of
    variable = getattr(named.inside[-1], of) if of else named.at[-2 if _is_key(named) else -1]
    found: list[str] = []
    for column in columns_of(program, variable or ""):
        scale = program.scale_of(variable or "", column)
        if column.type == "flag" and not column.categories and named.mark.kind == "label":
            found += ["true", "false"]
        elif column.type == "item" and scale is not None:
            found += map(str, range(scale.min, scale.max + 1))
            found += [*scale.labels, *scale.aliases] if named.mark.kind == "answer" else []
        elif column.categories:
            found += column.categories
            if named.mark.kind == "answer":
                texts = column.categories.values()
                found += [t for x in texts for t in ([x] if isinstance(x, str) else x.values())]
                found += column.aliases
        else:
            return None
    return found


def _is_key(named: Named) -> bool:
    """Whether the label is itself a key of program.yml (population), not one of a list."""
    return named.at[-1] == named.name


def _waves(program: Program, named: Named) -> list[str] | None:
    return list(dict.fromkeys(s.wave for s in program.sources.values() if s.wave)) or None


def _barriers(program: Program, named: Named) -> list[str]:
    plan = program.participation.barriers if program.participation else None
    source = program.sources.get(plan.source) if plan else None
    column = source.columns.get(plan.variable) if source and plan else None
    return list(column.options) if column else []


KNOWN: dict[str, Callable[[Program, Named], Iterable[str] | None]] = {
    "variable": lambda p, n: _variables(p, p.sources.values(), n.mark),
    "own_variable": _own,
    "background": lambda p, n: [*_variables(p, p.sources.values(), n.mark), *p.instruments],
    "source": lambda p, n: p.sources,
    "events_source": lambda p, n: [k for k, s in p.sources.items() if s.role == "events"],
    "scale": lambda p, n: p.scales,
    "instrument": lambda p, n: p.instruments,
    "item": lambda p, n: n.holder(Instrument).items,
    "outcome": lambda p, n: [o.id for o in p.outcomes],
    "wave": _waves,
    "barrier": _barriers,
    "module": lambda p, n: (p.elearning and p.elearning.modules) or None,
    "label": _labels,
    "answer": _labels,
}


def unknown_name(named: Named, known: Iterable[str]) -> Problem:
    """The problem of a name that is not among the known ones, with the nearest of them."""
    what = f"{word_for('unknown_name', named.mark.kind)}: “{named.name}”"
    return Problem(what, named.where, suggestion(named.name, known))


def check_names(program: Program) -> Iterator[Problem]:
    """Names used in one place of program.yml that another place does not declare."""
    for named in names_in(program):
        kind = named.mark.kind
        if kind in FILED:
            continue
        if kind == "result":
            yield from _check_result_path(program, named)
            continue
        known = KNOWN[kind](program, named)
        if known is None or named.name in known:
            continue
        unfit = columns_of(program, named.name) if kind in ("variable", "own_variable") else []
        if unfit and named.mark.types:
            yield problem("type.unfit", named.where, name=named.name, type=unfit[0].type,
                          types=", ".join(named.mark.types))  # fmt: skip
        else:
            yield unknown_name(named, known)


def _check_result_path(program: Program, named: Named) -> Iterator[Problem]:
    """A place of result.json, such as scales/kepuasan/mean, as far as program.yml can tell."""
    ids = {
        "scales": [
            name for i, x in program.instruments.items()
            for name in (i, *(f"{i}.{d}" for d in x.dimensions))
        ],
        "effects": [o.id for o in program.outcomes],
        "evidence": [o.id for o in program.outcomes],
        "barriers": _barriers(program, named),
    }  # fmt: skip
    part, *places = named.name.strip("/").split("/")
    watched: dict[str, list[str]] = load_yaml(WATCHED.read_text(encoding="utf-8"))
    if part not in watched:
        yield _unknown_result(named, part, watched)
        return
    for above, place in itertools.pairwise([part, *places]):
        name, _at, wave = place.partition("@")
        if name not in ids.get(above, [name]):
            yield _unknown_result(named, place, ids[above])
        elif wave and wave not in (_waves(program, named) or [wave]):
            yield _unknown_result(named, wave, _waves(program, named) or [])
    if not places or places[-1] not in watched[part]:
        yield _unknown_result(named, places[-1] if places else part, watched[part])


def _unknown_result(named: Named, part: str, known: Iterable[str]) -> Problem:
    near = suggestion(part, known)
    return problem("no_place_in_result", named.where, near, path=named.name, part=part)


def check_program_text(program: Program) -> list[Problem]:
    """Everything in program.yml that does not fit together, whatever the data are."""
    found = [
        *check_names(program), *_check_items(program), *_check_groups(program),
        *_check_outcomes(program), *_check_own_words(program),
    ]  # fmt: skip
    # What is wrong in a source of several waves is wrong once, where program.yml declares it.
    declared = {f"sources.{n}.": f"sources.{program.declared_name(n)}." for n in program.sources}
    for written, name in declared.items():
        found = [
            dataclasses.replace(p, where=p.where.replace(written, name, 1))
            if p.where.startswith(written) else p for p in found
        ]  # fmt: skip
    return list(dict.fromkeys(found))


def remarks_on(program: Program) -> list[str]:
    """What `check` says of a declaration that is allowed, and that somebody should know of."""
    said = []
    for outcome in program.outcomes:
        before = [outcome.baseline_variable] if outcome.baseline_variable else []
        before += [outcome.variable] if outcome.variable and outcome.baseline_wave else []
        for name in sorted({*before} & {*program.design.covariates}):
            text = _(
                "“{variable}” is a covariate and the measure before of the outcome “{outcome}” at "
                "once: the estimate uses it twice; name it in one place unless both are meant"
            )
            said.append(text.format(variable=name, outcome=outcome.id))
    return said


def _check_groups(program: Program) -> Iterator[Problem]:
    """Whether a design with two groups says who is in which."""
    whole = {source.group for source in program.sources.values()}
    if program.design.type == "single_group" or program.design.group is not None:
        return
    if not {"program", "comparison"} <= whole:
        yield problem("no_group", "design")


def _check_own_words(program: Program) -> Iterator[Problem]:
    """Whether each word that a program replaces stands in any sentence of the workbook."""
    for code, words in program.words.items():
        texts = "\n".join(workbook_texts(code)).casefold() if words else ""
        for old in words:
            if old.casefold() not in texts:
                yield problem("word_unknown", f"words.{code}", old=old)


def _check_items(program: Program) -> Iterator[Problem]:
    for name, source in program.sources.items():
        for variable, column in source.columns.items():
            scaled = any(variable in i.items for i in program.instruments.values())
            if column.type == "item" and column.scale is None and not scaled:
                yield problem("no_scale", f"sources.{name}.columns.{variable}")


def _check_outcomes(program: Program) -> Iterator[Problem]:
    ids = [o.id for o in program.outcomes]
    for repeated in sorted({i for i in ids if ids.count(i) > 1}):
        yield problem("outcome.twice", "outcomes", id=repeated)
    for outcome in program.outcomes:
        yield from _check_success(program, outcome)
        yield from _check_before(program, outcome)


def _check_before(program: Program, outcome: Outcome) -> Iterator[Problem]:
    """Whether it is said how a measure before was taken that one survey asked with the one after,
    and whether both can be subtracted."""
    where = f"outcomes.{outcome.id}"
    after = program.instruments.get(outcome.instrument or "")
    before = program.instruments.get(outcome.baseline_instrument or "")
    if after is not None and before is not None:
        spans = [(s.min, s.max) for x in (after, before) if (s := program.scales.get(x.scale))]
        if len(after.items) != len(before.items) or len(set(spans)) > 1:
            yield problem("before.other_items", f"{where}.baseline_instrument",
                          before=outcome.baseline_instrument, after=outcome.instrument)  # fmt: skip
    asked = {*before.items} if before is not None else {outcome.baseline_variable} - {None}
    if not asked or outcome.retrospective is not None or outcome.baseline_wave is not None:
        return
    for name, source in program.sources.items():
        if source.role == "survey" and source.wave == outcome.wave and asked & {*source.columns}:
            yield problem("before.asked_after", f"{where}.retrospective", source=name)


def _check_success(program: Program, outcome: Outcome) -> Iterator[Problem]:
    """Whether it is said which value of a binary outcome is its success.

    The order in which labels are declared decides nothing: of “selesai” and “tidak selesai” either
    could be written first, and the sign of the effect would turn with it.
    """
    where = f"outcomes.{outcome.id}"
    binary = outcome.scale_type == "binary"
    if outcome.success and not binary:
        yield problem("success.not_binary", f"{where}.success")
    if binary and outcome.instrument is not None:
        yield problem("success.of_score", where)
    names = dict.fromkeys(filter(None, [outcome.variable, outcome.baseline_variable]))
    columns = [c for name in names for c in columns_of(program, name)]
    labels = list(dict.fromkeys(label for c in columns for label in c.categories))
    if not binary:
        if not outcome.success and any(c.type in UNORDERED and not c.coarsen for c in columns):
            yield problem("success.unordered", where, _success_remedy(labels))
        return
    if outcome.success and labels and set(labels) <= set(outcome.success):
        yield problem("success.all", f"{where}.success", _success_remedy(labels))
    if not outcome.success and any(c.categories and c.type != "flag" for c in columns):
        yield problem("success.missing", where, _success_remedy(labels))


def _success_remedy(labels: Iterable[str]) -> str:
    """A remedy that names the labels to choose from."""
    labels = list(labels)
    text = _("declare “scale_type: binary” and “success” with one or more of its labels")
    return text + (": " + ", ".join(f"“{x}”" for x in labels) if labels else "")
