"""A first program.yml from the files as exported; a comment at every guess asks to check it.

What cannot be told from the files stands as "?", which `check` refuses.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

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
from evaluasi_lib.cleaning.program_text import places_of
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
    _,
    code_words,
    count,
    every_language,
    word_for,
)

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
