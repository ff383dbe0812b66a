"""The text of a program.yml: where each key stands, and other values in their place.

What is changed is put over what is there, or added after it; no other line is touched, so that
comments and what a person wrote stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from evaluasi_lib.check import node_value, parse_yaml, yaml_problem
from evaluasi_lib.reading.files import normalise
from evaluasi_lib.wording import Problem, ProgramError, UsageError, _, suggestion

# Keys whose entries a new draft adds wherever they are missing.
ANYWHERE = ("columns", "categories", "options", "aliases")


@dataclass(frozen=True, slots=True)
class Place:
    """One key of program.yml. path: dotted, records of a list by their id. line: from 1.

    holder: the mapping or list that it stands in.
    """

    path: str
    key: yaml.Node | None
    value: yaml.Node
    holder: yaml.Node

    @property
    def line(self) -> int:
        return int((self.key or self.value).start_mark.line) + 1

    @property
    def is_leaf(self) -> bool:
        """Whether it is one value, or a list of such."""
        inner = self.value.value if isinstance(self.value, yaml.SequenceNode) else [self.value]
        return all(isinstance(item, yaml.ScalarNode) for item in inner)


def places_of(text: str, where: str = "program.yml") -> dict[str, Place]:
    """Every key of a YAML text by its path, in order. Raises ProgramError where it is none."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ProgramError(yaml_problem(error, where)) from error
    return {} if root is None else {place.path: place for place in _places(root, "")}


def _places(node: yaml.Node, path: str) -> Iterator[Place]:
    inner: list[tuple[str, yaml.Node | None, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        inner = [(str(key.value), key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        inner = [(_name(item, i), None, item) for i, item in enumerate(node.value)]
    for name, key, value in inner:
        here = f"{path}.{name}".lstrip(".")
        yield Place(here, key, value, node)
        yield from _places(value, here)


def _name(item: yaml.Node, i: int) -> str:
    """A record of a list is called by its id."""
    keys = item.value if isinstance(item, yaml.MappingNode) else []
    return next((str(v.value) for k, v in keys if k.value in ("id", "category")), str(i))


def line_of(text: str, where: str) -> int | None:
    """The line of program.yml that the place of a problem is about: of the keys, variables,
    headings and files that it names the one that lies deepest. None where it names none of them.
    """
    try:
        places = places_of(text)
    except ProgramError as error:
        mark = getattr(error.__cause__, "problem_mark", None)
        return None if mark is None else mark.line + 1

    def name(found: re.Match[str]) -> str:
        """ "outcomes.0.sesoi" as "outcomes.kompetensi.sesoi": the model counts, a person names."""
        listed = places[found[1]].value if found[1] in places else None
        items = listed.value if isinstance(listed, yaml.SequenceNode) else []
        i = int(found[2])
        return f"{found[1]}.{_name(items[i], i)}" if i < len(items) else found[0]

    where = re.sub(r"\b(\w+)\.(\d+)", name, where)
    found = []
    for path, place in places.items():
        source, _columns, variable = path.removeprefix("sources.").partition(".columns.")
        said = [path, *([f"{source}.{variable}", variable] if variable else [])]
        if path.endswith((".from", ".file")):
            said.append(str(place.value.value))
        if any(re.search(rf"(?<![\w.]){re.escape(n)}(?!\w)", where) for n in said):
            found.append((path.count("."), place.line))
    return max(found, key=lambda f: f[0])[1] if found else None


# --- One value ----------------------------------------------------------------------------------


def with_value(text: str, key: str, value: Any, where: str) -> str:
    """The text with another value of a key, or with one more key in a record that is there.

    The remark on the key's line goes: somebody has looked. Raises UsageError for a key that cannot
    be there, ProgramError where the text is no YAML, before or after.
    """
    places = places_of(text, where)
    if key in places:
        text = _replaced(text, places[key], value)
    else:
        above, _dot, last = key.rpartition(".")
        holder = places[above].value if above in places else None
        if not isinstance(holder, yaml.MappingNode):
            what = _("there is no key “{key}”").format(key=key)
            raise UsageError(Problem(what, where, suggestion(key, places)))
        text = _added(text, holder, f"{last}: {_flow(value)}")
    places_of(text, where)
    return text


def _flow(value: Any) -> str:
    """A value on one line of YAML."""
    text = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=1_000_000
    )
    return text.strip().removesuffix("...").strip()


def _replaced(text: str, place: Place, value: Any) -> str:
    start, end = place.value.start_mark.index, place.value.end_mark.index
    end = start + len(text[start:end].rstrip())
    if place.key is not None:  # a value that begins on the next line moves up
        start = text.index(":", place.key.end_mark.index) + 1
    tail = text[end:]
    if not isinstance(place.holder, yaml.MappingNode) or not place.holder.flow_style:
        tail = re.sub(r"\A[ \t]*#[^\n]*", "", tail)
    return f"{text[:start]} {_flow(value)}{tail}"


def _added(text: str, holder: yaml.MappingNode, entry: str) -> str:
    """One more entry: after the last of a mapping on one line, after the first line of another."""
    first, last = holder.value[0]
    at = last.end_mark.index
    if holder.flow_style:
        return f"{text[:at]}, {entry}{text[at:]}"
    end = text.find("\n", first.start_mark.index)
    end = len(text) if end < 0 else end
    return f"{text[:end]}\n{' ' * first.start_mark.column}{entry}{text[end:]}"


# --- What a new draft knows ---------------------------------------------------------------------


def mend(text: str, before: Mapping[str, Any], drafted: str) -> tuple[str, list[str]]:
    """(the text with what it lacks, the paths of what was added or changed).

    text: program.yml as it stands. before: the draft of the files that it has, by which it is known
    what a person wrote: lines that still say what it said are changed. drafted: the text of the
    draft of these and further files.
    """
    lines, fresh = text.splitlines(), drafted.splitlines()
    now, old = places_of(text), places_of(yaml.safe_dump(dict(before), allow_unicode=True))
    root = next(iter(now.values())).holder
    edits: list[tuple[int, int, list[str], str]] = []  # first line, the one after the last, new
    done = 0  # where in the draft what was dealt with as a whole ends
    for path, place in places_of(drafted).items():
        if place.key is None or place.key.start_mark.index < done:
            continue
        mine, said = now.get(path), old.get(path)
        if mine and _is_block(mine.value) and _is_block(place.value):
            continue  # each of its keys is looked at
        done = place.value.end_mark.index
        taken = fresh[place.line - 1 : _end(place.value)]
        above = path.removesuffix(str(place.key.value)).rstrip(".")
        holder = now[above].value if above in now else root
        if mine:
            if said and _same(mine, said) and not _same(mine, place):
                column = (mine.key or mine.value).start_mark.column
                edits.append((mine.line - 1, _end(mine.value), _moved(taken, place, column), path))
        elif _is_block(holder) and _wanted(place, above, holder, said is not None):
            last = _end(holder)
            edits.append((last, last, _moved(taken, place, holder.start_mark.column), path))
    # Where several end at one line, what belongs to the inner part comes first.
    for start, end, new, _path in sorted(edits, key=lambda e: (e[0], -e[3].count(".")))[::-1]:
        lines[start:end] = new
    mended = "\n".join(lines) + "\n"
    parse_yaml(mended)
    return mended, [path for *_lines, path in edits]


def _wanted(place: Place, above: str, holder: yaml.Node, was_drafted: bool) -> bool:
    """Whether an entry that is not there shall be added: what a person took out stays out."""
    kind = above.rpartition(".")[2]
    if kind not in ANYWHERE:
        return above == "sources" or not was_drafted
    spelled = _heading if kind == "columns" else _spellings
    there = {text for key, value in holder.value for text in spelled(key, value)}
    key = place.key or place.value
    own = spelled(key, place.value) if kind == "columns" else [normalise(key.value)]
    return not there & set(own)


def _spellings(key: yaml.Node, value: yaml.Node) -> list[str]:
    """The labels and spellings that an entry speaks of."""
    return [normalise(text) for text in (key.value, *_texts(value))]


def _heading(key: yaml.Node, column: yaml.Node) -> list[str]:
    """The heading that a column comes from: its "from", or its own text where it is but a text."""
    entries = column.value if isinstance(column, yaml.MappingNode) else []
    found = [v.value for k, v in entries if k.value == "from"]
    return [normalise(h) for h in found or _texts(column) or [key.value]]


def _texts(node: yaml.Node) -> list[str]:
    if isinstance(node, yaml.ScalarNode):
        return [node.value]
    parts = node.value if isinstance(node, yaml.SequenceNode) else [v for _k, v in node.value]
    return [text for part in parts for text in _texts(part)]


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.MappingNode) and not node.flow_style


def _same(one: Place, other: Place) -> bool:
    return bool(node_value(one.value) == node_value(other.value))


def _end(node: yaml.Node) -> int:
    """The line after the last one of a node."""
    if isinstance(node, yaml.ScalarNode) or getattr(node, "flow_style", False):
        return int(node.end_mark.line) + (node.end_mark.column > 0)
    parts = [n for entry in node.value for n in (entry if isinstance(entry, tuple) else [entry])]
    return max(map(_end, parts), default=int(node.end_mark.line) + 1)


def _moved(lines: list[str], place: Place, column: int) -> list[str]:
    """Lines with the indentation of the place that they are put to."""
    shift = column - (place.key or place.value).start_mark.column
    return [" " * shift + line if shift >= 0 else line[-shift:] for line in lines]
