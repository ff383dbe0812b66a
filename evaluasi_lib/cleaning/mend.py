"""A program.yml that is there already, extended by what a new draft knows.

Lines are added, or changed where they still say what the draft said; no other line is touched, so
that comments and what a person wrote stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from evaluasi_lib.check import node_value, parse_yaml
from evaluasi_lib.reading.files import normalise

Path = tuple[str, ...]
ANYWHERE = (
    "columns",
    "categories",
    "options",
    "aliases",
)  # whose entries are added wherever they are missing


@dataclass
class _Edit:
    """Lines that take the place of some others, from one to before another (counted from 0)."""

    start: int
    end: int
    lines: list[str]
    path: Path


def mend(text: str, before: Mapping[str, Any], drafted: str) -> tuple[str, list[str]]:
    """(the text with what it lacks, the paths of what was added or changed).

    text: program.yml as it stands. before: the draft of the files that it has, by which it is known
    what a person wrote. drafted: the text of the draft of these and further files.
    """
    now, new = yaml.compose(text), yaml.compose(drafted)
    assert isinstance(now, yaml.MappingNode)
    assert isinstance(new, yaml.MappingNode)
    edits = list(_edits(now, new, before, drafted.splitlines(), ()))
    lines = text.splitlines()
    # Where several end at one line, what belongs to the inner part comes first.
    placed = sorted(edits, key=lambda e: (e.start, -len(e.path)))
    for edit in reversed(placed):
        lines[edit.start : edit.end] = edit.lines
    mended = "\n".join(lines) + "\n"
    parse_yaml(mended)
    return mended, [".".join(e.path) for e in edits]


def _edits(
    now: yaml.MappingNode, new: yaml.MappingNode, before: Any, drafted: list[str], path: Path
) -> Iterator[_Edit]:
    """What to do with the entries of one mapping."""
    there = {key.value: (key, value) for key, value in now.value}
    old = before if isinstance(before, Mapping) else {}
    said = set(_said(now, path[-1])) if path and path[-1] in ANYWHERE else set()
    for key, value in new.value:
        name, at = key.value, (*path, key.value)
        lines = drafted[key.start_mark.line : _end(value)]
        if name in there:
            mine = there[name][1]
            if _is_block(mine) and _is_block(value):
                yield from _edits(mine, value, old.get(name), drafted, at)
            elif name in old and _plain(mine) == _comparable(old[name]) != _plain(value):
                start = there[name][0].start_mark
                yield _Edit(start.line, _end(mine), _moved(lines, key, start.column), at)
        elif _is_block(now) and _wanted(name, value, old, said, path):
            last = _end(now)
            yield _Edit(last, last, _moved(lines, key, now.start_mark.column), at)


def _wanted(
    name: str, value: yaml.Node, old: Mapping[str, Any], said: set[str], path: Path
) -> bool:
    """Whether an entry that is not there shall be added."""
    if path and path[-1] in ANYWHERE:
        return not said & (
            set(_heading(name, value)) if path[-1] == "columns" else {normalise(name)}
        )
    return path == ("sources",) or name not in old


def _said(node: yaml.MappingNode, kind: str) -> Iterator[str]:
    """The headings of columns, or the labels and spellings, that entries speak of."""
    for key, value in node.value:
        if kind == "columns":
            yield from _heading(key.value, value)
        else:
            yield from map(normalise, (key.value, *_texts(value)))


def _heading(name: str, column: yaml.Node) -> list[str]:
    """The heading that a column comes from: its "from", or its own text where it is but a text."""
    entries = column.value if isinstance(column, yaml.MappingNode) else []
    found = [v.value for k, v in entries if k.value == "from"]
    return [normalise(h) for h in found or _texts(column) or [name]]


def _texts(node: yaml.Node) -> list[str]:
    if isinstance(node, yaml.ScalarNode):
        return [node.value]
    parts = node.value if isinstance(node, yaml.SequenceNode) else [v for _k, v in node.value]
    return [text for part in parts for text in _texts(part)]


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.MappingNode) and not node.flow_style


def _plain(node: yaml.Node) -> str:
    return _comparable(node_value(node))


def _comparable(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=True)


def _end(node: yaml.Node) -> int:
    """The line after the last one of a node."""
    if isinstance(node, yaml.ScalarNode) or getattr(node, "flow_style", False):
        return int(node.end_mark.line) + (node.end_mark.column > 0)
    parts = [n for entry in node.value for n in (entry if isinstance(entry, tuple) else [entry])]
    return max(map(_end, parts), default=int(node.end_mark.line) + 1)


def _moved(lines: list[str], key: yaml.Node, column: int) -> list[str]:
    """Lines with the indentation of the place that they are put to."""
    shift = column - key.start_mark.column
    return [" " * shift + line if shift >= 0 else line[-shift:] for line in lines]
