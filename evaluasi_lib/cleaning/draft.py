"""A first program.yml from the files as exported; a comment at every guess asks to check it.

What cannot be told from the files stands as "?", which `check` refuses.

Where a program.yml stands already, what is changed is put over what is there, or added after it; no
other line is touched, so that comments and what a person wrote stay as they are.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from evaluasi_lib.check import node_value, parse_yaml, yaml_problem
from evaluasi_lib.cleaning.guess import (
    UNKNOWN,
    Guess,
    Scale,
    common_begin,
    first_of,
    free,
    scale_of,
    slug,
    spaced,
)
from evaluasi_lib.cleaning.sheets import (
    MIN_ITEMS,
    Sheet,
    drop_persons,
    find_link,
    marks_of,
    read_sheets,
    set_roles,
)
from evaluasi_lib.cleaning.typers import VOCABULARY, preset_heading, presets
from evaluasi_lib.reading.files import normalise
from evaluasi_lib.wording import (
    DataError,
    Problem,
    ProgramError,
    UsageError,
    _,
    code_words,
    count,
    every_language,
    suggestion,
    word_for,
)

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


MOST_MODULES = 40  # of a log
BEFORE_AND_AFTER = {"wave": "post", "baseline_wave": "pre"}  # of an outcome, in two tables
_NO_THEMES = frozenset(VOCABULARY["no_themes"])
BARE = {  # keys that are guessed, and need no word about it
    "cycle", "duplicates", "finished", "header_row", "header_rows", "label", "preset", "roster",
    "skip_rows", "started",
}  # fmt: skip
Notes = dict[str, str]  # path of a key -> what to look at there


@dataclass
class Drafted:
    """The text of the draft, and what the user should be told. before: what the draft of the files
    that were there already says."""

    text: str
    told: list[str]
    before: dict[str, Any]


class _Inline(dict[str, Any]):
    """Keys that stand on one line."""


class _Dumper(yaml.SafeDumper):
    """YAML as a person would write it."""


_Dumper.add_representer(
    _Inline,
    lambda dumper, keys: dumper.represent_mapping("tag:yaml.org,2002:map", keys, flow_style=True),
)


def draft_program(
    program_id: str, files: Sequence[Path], known: Mapping[str, Any], own: Sequence[Path] = ()
) -> Drafted:
    """A program.yml for the files, each table of them a source.

    known: a declaration whose names of sources, variables and scales are used again. own: the files
    that it has already, which come first. Raises DataError for a bad file.
    """
    told: list[str] = []
    sheets = read_sheets([*own, *files], known, told)
    if not sheets:
        what = _("no file holds a table with headings and answers")
        raise DataError(Problem(what, ", ".join(f.name for f in files)))
    there = [replace(s, guesses=copy.deepcopy(s.guesses)) for s in sheets if s.path in own]
    before = yaml.safe_load(_dumped(_declared(program_id, there, known, {}))) if there else {}
    notes: Notes = {}
    text = _dumped(_declared(program_id, sheets, known, notes))
    lost = ((s.name, g) for s in sheets for g in s.guesses if g.lost)
    told += [f"{name}.{guess.variable}: {guess.note}" for name, guess in lost]
    return Drafted(_commented(text, notes, told), told, before)


def _dumped(declared: Mapping[str, Any]) -> str:
    return yaml.dump(declared, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)


def _commented(text: str, notes: Notes, told: Sequence[str]) -> str:
    """The draft with a comment at each guess."""
    lines, words = text.splitlines(), code_words()["drafted_key"]
    for path, place in places_of(text).items():
        if place.key is None or lines[place.line - 1][: place.key.start_mark.column].strip(" -"):
            continue  # not the first key of its line
        comment, top = notes.get(path), path.partition(".")[0]
        most = 2 if top == "sources" else -1 if top == "scales" else 3
        key, depth = place.key.value, place.key.start_mark.column // 2
        if comment is None and depth <= most and (key in BARE or key in words):
            comment = "" if key in BARE else word_for("drafted_key", key)
        if comment is not None:
            lines[place.line - 1] += f"  # {_('CHECK')}" + (f": {comment}" if comment else "")
    first = [_("Draft. Read every line; lines with “CHECK” are guesses."), *told]
    return "\n".join([*(f"# {line}" for line in first), *lines]) + "\n"


# --- The parts of the declaration ---------------------------------------------------------------


def _declared(
    program_id: str, sheets: Sequence[Sheet], known: Mapping[str, Any], notes: Notes
) -> dict[str, Any]:
    drop_persons(sheets)
    scales = _scales([g for s in sheets for g in s.guesses], known)
    link = find_link(sheets)
    set_roles(sheets)
    declared = _head(program_id, sheets, link)
    rosters = [s.name for s in sheets if s.role == "roster"]
    if rosters and link != "anonymous":
        declared["roster"] = rosters[0]
    if link == UNKNOWN:
        notes["link"] = _(
            "numbers from 1 in each file: the same persons? respondent_code or anonymous"
        )
    declared["sources"] = {s.name: _source(s, link, notes) for s in sheets}
    if scales:
        declared["scales"] = {n: _scale(f"scales.{n}", s, notes) for n, s in scales.items()}
    return declared | _instruments(sheets, scales) | _plans(sheets)


def _head(program_id: str, sheets: Sequence[Sheet], link: str) -> dict[str, Any]:
    with every_language():
        unnamed: Any = _("(agency not stated)")
    lines = [x for s in sheets for x in s.above if ":" not in x]
    titles = [x for x in lines if re.search(VOCABULARY["programs"], normalise(x)) and " " in x]
    agencies = [x for x in lines if re.search(VOCABULARY["agencies"], normalise(x))]
    title = titles[0] if titles else program_id.replace("-", " ").capitalize()
    dates = [d for s in sheets for g in s.of_kind("date") for d in s.column(g).drop_nulls().head(1)]
    named = [program_id, title, *lines, *(s.path.stem for s in sheets), *dates]
    year = next((found for text in named if (found := re.search(r"(?:19|20)\d{2}", text))), None)
    return {
        "id": program_id,
        "title": _cased(title),
        "kind": first_of("kinds", normalise(f"{program_id} {title}")) or "other",
        "organisation": _cased(agencies[0]) if agencies else _Inline(unnamed.versions),
        "cycle": year[0] if year else "1",
        "design": _Inline(type="single_group"),
        "link": link,
    }


def _cased(title: str) -> str:
    return title.title() if title.isupper() else title


def _scales(guesses: Sequence[Guess], known: Mapping[str, Any]) -> dict[str, Scale]:
    """Name -> scale; each item gets the name of its own under "scale".

    Items of a sheet, or of one variable, whose labels fit in one scale have the same, for not every
    label is chosen in every column; so has a category of two labels that a scale of others holds.
    """
    scales: dict[str, Scale] = {}
    for name, declared in (known.get("scales") or {}).items():
        labels, points = tuple(map(str, declared.get("labels", ()))), declared.get("points")
        scales[name] = Scale(labels, declared.get("min", 1), declared.get("aliases", {}), points)
    groups: list[list[Guess]] = []
    items = [g for g in guesses if g.kind == "item"]
    closed = [g for g in guesses if g.kind == "category" and g.labels]
    for guess in [*sorted(items, key=lambda g: -len(g.labels)), *closed]:
        group = next((g for g in groups if _fits(g, guess)), None)
        if group is not None:
            group.append(guess)
            if guess.kind == "category":
                guess.kind = "item"
                guess.keys.pop("categories", None)
        elif guess.kind == "item":
            groups.append([guess])
    used = {}
    for group in groups:
        scale = scale_of(_labels(group))
        if scale is None or (not scale.ordered and len(group) < MIN_ITEMS):
            for item in group:
                item.kind, item.keys["categories"] = "category", {x: x for x in sorted(item.labels)}
            continue
        stem = slug(scale.labels[-1], 3) if scale.labels else f"angka_{scale.min}_{scale.max}"
        same = (n for n, s in scales.items() if s.alike(scale))
        name = next(same, None) or free(stem, scales)
        scales[name] = used[name] = scale.joined(scales.get(name, scale))
        for item in group:
            item.keys["scale"] = name
    return {name: scale for name, scale in scales.items() if name in used}


def _labels(group: Iterable[Guess]) -> Counter[str]:
    return sum((Counter(g.labels) for g in group), Counter())


def _fits(group: Sequence[Guess], item: Guess) -> bool:
    """Whether an item is of the scale of others: asked beside them, with labels that they share."""
    if not any(g.source == item.source or g.variable == item.variable for g in group):
        return False
    base, own = scale_of(_labels(group)), scale_of(item.labels)
    whole = scale_of(_labels([*group, item]))
    if base is None or whole is None or bool(base.labels) != bool(own is None or own.labels):
        return False
    if not whole.labels:
        return whole.points == base.points or group[0].variable == item.variable
    given = {normalise(x) for x in item.labels}
    return given <= whole.spellings and (own is None or len(base.spellings & own.spellings) > 1)


def _scale(path: str, scale: Scale, notes: Notes) -> dict[str, Any]:
    if not scale.labels:
        notes[path] = _("the lowest number, and how many there are to choose from")
        return _Inline(min=scale.min, points=scale.points)
    if not scale.ordered:
        note = _("codes alone: write them from low to high, [{labels}] or the other way round")
        notes[f"{path}.labels"] = note.format(labels=", ".join(scale.labels))
        return {"labels": UNKNOWN}
    notes[path] = _("the order from low to high, and labels that nobody chose")
    keys: dict[str, Any] = {"labels": list(scale.labels)}
    keys |= {"min": scale.min} if scale.min != 1 else {}
    return keys | ({"aliases": dict(scale.aliases)} if scale.aliases else {})


def _source(sheet: Sheet, link: str, notes: Notes) -> dict[str, Any]:
    path, keys = f"sources.{sheet.name}", dict(sheet.keys)
    keys["role"] = sheet.role
    if sheet.role == "events":
        person = _Inline({"from": "description", "type": "respondent_code"})
        return keys | {"columns": {"pengguna": person}}
    if sheet.wave is not None and sheet.role in ("survey", "record"):
        keys["wave"] = sheet.wave
        if sheet.wave == UNKNOWN:
            asked = _("another file asks the same: which was first? pre, post, followup")
            notes[f"{path}.wave"] = asked
    if sheet.preset is not None:
        keys["preset"] = sheet.preset
    dates = [g.variable for g in sheet.of_kind("date")]
    ids = sheet.of_kind(link)
    if ids and (dates or ids[0].repeated):
        how = {"keep": "last", "order_by": dates[-1]} if dates else {"keep": "most_complete"}
        keys["duplicates"] = _Inline(how)
        if ids[0].repeated:
            again = _("{n} rows share their identifier with another")
            notes[f"{path}.duplicates"] = again.format(n=count(ids[0].repeated))
    keys |= _ends(sheet)
    if trials := _trials(sheet):
        keys["rows"] = trials
        notes[f"{path}.rows"] = _("rows that somebody wrote to try the survey out")
    keys["columns"] = {}
    for guess in sheet.guesses:
        column = {"from": guess.header, "type": guess.kind, **guess.keys}
        plain = all(isinstance(v, (str, int, float)) for v in column.values())
        keys["columns"][guess.variable] = _Inline(column) if plain else column
        said = word_for("drafted", guess.kind)
        if UNKNOWN in guess.keys.values():
            said = _("is the sign of decimals a point or a comma?")
        notes[f"{path}.columns.{guess.variable}"] = guess.note or said
    return keys


def _ends(sheet: Sheet) -> dict[str, str]:
    """The columns of a platform that tell when an answer was begun, and whether it was finished."""
    found: dict[str, str] = {}
    for key, headings in presets().get(sheet.preset or "", {}).get("ends", {}).items():
        kinds = ("date", "flag") if key == "finished" else ("date",)
        wanted = set(map(normalise, headings))
        fit = [g.variable for g in sheet.of_kind(*kinds) if normalise(g.header) in wanted]
        if fit:
            found[key] = fit[0]
    return found


def _trials(sheet: Sheet) -> list[dict[str, Any]]:
    """Rules that leave out the rows that a platform marks as trials, where there are some."""
    found: list[dict[str, Any]] = []
    for heading, values in presets().get(sheet.preset or "", {}).get("trials", {}).items():
        for guess in (g for g in sheet.guesses if normalise(g.header) == normalise(heading)):
            given = set(sheet.column(guess))
            if seen := [v for v in values if v in given]:
                found.append(_Inline({"column": guess.header, "is_not": seen}))
    return found


def _instruments(sheets: Sequence[Sheet], scales: Mapping[str, Scale]) -> dict[str, Any]:
    """An instrument for each scale that at least three items of the same tables share (or a
    question from 0 to 10), and an outcome for each that was asked before and after: in two tables,
    or below two headings of one."""
    holders: dict[str, list[Sheet]] = {}
    items: dict[str, Guess] = {}
    for sheet in sheets:
        for guess in sheet.of_kind("item"):
            holders.setdefault(guess.variable, []).append(sheet)
            items.setdefault(guess.variable, guess)
    parts: dict[tuple[str, tuple[str, ...]], dict[str | None, list[Guess]]] = {}
    for variable, guess in items.items():
        where = guess.keys["scale"], tuple(s.name for s in holders[variable])
        told = first_of("waves", normalise(guess.stem)) if guess.stem else None
        parts.setdefault(where, {}).setdefault(told, []).append(guess)
    instruments: dict[str, dict[str, Any]] = {}
    outcomes: list[dict[str, Any]] = []
    order = list(scales)
    for (name, _where), by_wave in sorted(parts.items(), key=lambda part: order.index(part[0][0])):
        nps, keys = scales[name].points == 11, dict[str | None, str]()
        waves = [s.wave for s in holders[next(iter(by_wave.values()))[0].variable]]
        for told, group in by_wave.items():
            if len(group) < (1 if nps else MIN_ITEMS):
                continue
            declared = _instrument(name, scales[name], group, nps)
            key = free("nps" if nps else f"skor_{slug(declared['label'], 3)}", instruments)
            instruments[key], keys[told] = declared, key
            if {"pre", "post"} <= set(waves):
                outcomes.append(_outcome(declared, key, instrument=key, **BEFORE_AND_AFTER))
        if {"pre", "post"} <= set(keys):  # asked of both at once: from memory?
            key = keys["post"]
            outcomes.append(
                _outcome(instruments[key], key, instrument=key, wave=waves[0],
                         baseline_instrument=keys["pre"], retrospective=UNKNOWN)
            )  # fmt: skip
    outcomes += _outcomes_of_marks(sheets, {o["id"] for o in outcomes})
    return {k: v for k, v in (("instruments", instruments), ("outcomes", outcomes)) if v}


def _instrument(name: str, scale: Scale, group: Sequence[Guess], nps: bool) -> dict[str, Any]:
    points = _("ratings from {low} to {high}").format(low=scale.min, high=scale.max)
    theme = _theme(group) or (scale.labels[-1] if scale.labels else points.capitalize())
    words = normalise(" ".join([*(g.header for g in group), *scale.labels]))
    declared: dict[str, Any] = {
        "label": "NPS" if nps else theme, "scale": name,
        "level": first_of("levels", words) or "reaction",
        "items": [g.variable for g in group],
        **({"index": "nps"} if nps else {"reversed": []}),
    }  # fmt: skip
    stems: dict[str, list[str]] = {}
    for guess in group:
        stems.setdefault(guess.stem, []).append(guess.variable)
    if len(stems) > 1 and all(stem and len(v) > 1 for stem, v in stems.items()):
        declared["dimensions"] = {
            slug(stem, 4) or f"dimensi_{i}": v for i, (stem, v) in enumerate(stems.items(), 1)
        }
    return declared


def _outcome(of: Mapping[str, Any], name: str, **measured: Any) -> dict[str, Any]:
    """An outcome of an instrument or of marks; measured: by which instrument or variable, when."""
    said = {"id": name, "label": of["label"], "level": of["level"], "unit": _("points")}
    return said | measured


def _outcomes_of_marks(sheets: Sequence[Sheet], taken: set[str]) -> list[dict[str, Any]]:
    """An outcome for marks before and after, in two columns of a table or in two tables."""

    def outcome(guess: Guess, **measured: Any) -> list[dict[str, Any]]:
        of = {"label": guess.header, "level": "learning"}
        name = free(guess.variable, taken)
        return [_outcome(of, name, variable=guess.variable, **measured)]

    for sheet in sheets:
        waves = {first_of("waves", normalise(g.header)): g for g in reversed(marks_of(sheet))}
        if {"pre", "post"} <= set(waves):
            told = {"retrospective": False} if sheet.role == "survey" else {}
            of = {"source": sheet.name, "baseline_variable": waves["pre"].variable}
            return outcome(waves["post"], **of, **told)
    by_wave = {s.wave: marks for s in sheets if s.wave and (marks := marks_of(s))}
    before = {g.variable for g in by_wave.get("pre", ())}
    after = [g for g in by_wave.get("post", ()) if g.variable in before]
    return outcome(after[0], **BEFORE_AND_AFTER) if after else []


def _plans(sheets: Sequence[Sheet]) -> dict[str, Any]:
    """What the report shall tell of barriers and of opinions in people's own words."""
    found: dict[str, Any] = {}
    for sheet in sheets:
        if sheet.role == "events" and (modules := _modules(sheet)):
            found["elearning"] = {"events": sheet.name, "modules": modules}
        for guess in sheet.of_kind("multi"):
            if "participation" not in found and re.search(VOCABULARY["barriers"], guess.asked):
                barriers = {"source": sheet.name, "variable": guess.variable}
                found["participation"] = {"barriers": _Inline(barriers)}
    asking = f"{VOCABULARY['remarks']}|{VOCABULARY['opinions']}"
    open_ = [g for s in sheets for g in s.of_kind("open")]
    opinions = [g.variable for g in open_ if re.search(asking, g.asked)]
    if opinions:
        found["voices"] = {"open_answers": list(dict.fromkeys(opinions))}
    return found


def _modules(sheet: Sheet) -> dict[str, str]:
    """The activities of a platform's log, in the order in which they were first used."""
    headings = {normalise(h) for h in preset_heading("moodle", "context")}
    place = next(i for i, h in enumerate(sheet.table.headers) if normalise(h) in headings)
    contexts = sheet.table.frame.select(str(place)).collect().to_series().drop_nulls()
    split = [re.fullmatch(r"([^:]{2,30}): (.+)", x) for x in contexts.unique(maintain_order=True)]
    found = [m[2] for m in split if m and normalise(m[1]) not in VOCABULARY["no_modules"]]
    return {module: module for module in found[:MOST_MODULES]}


def _theme(group: Sequence[Guess]) -> str:
    """What items ask about: the short heading above all of them, or the word that most of theirs
    share."""
    asked = [str(g.keys.get("label", g.header)) for g in group]
    stems = {g.stem for g in group}
    stem = stems.pop() if len(stems) == 1 else ""
    if re.fullmatch(rf"{re.escape(stem)}_+\d+", group[0].header):  # Qualtrics: a code, no question
        stem = common_begin(asked)
    stem = stem.rsplit("/", 1)[-1].replace("_", " ").strip(" .:-*")
    if stem and len(stem.split()) <= 4:
        return stem[:1].upper() + stem[1:]
    words = [set(re.findall(r"[a-z]{4,}", spaced(h))) - _NO_THEMES for h in asked]
    found = {w: sum(w in ws for ws in words) for w in sorted(set().union(*words))}
    best = max(found, key=lambda w: (found[w], len(w)), default="")
    shared = best if best and found[best] >= max(2, 0.7 * len(asked)) else ""
    return shared.capitalize() or (stem if len(stem) <= 90 else "")
