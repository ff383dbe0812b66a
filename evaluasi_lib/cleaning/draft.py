"""A first program.yml from the files as exported; a comment at every guess asks to check it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from evaluasi_lib.cleaning.identity import nip_status, normalise_nip
from evaluasi_lib.cleaning.mapping import recognise
from evaluasi_lib.cleaning.privacy import Names, looks_like_names
from evaluasi_lib.cleaning.typers import (
    BLANKS,
    PROBLEMS,
    VOCABULARY,
    YES_NO,
    Spec,
    clean_text,
    type_date,
)
from evaluasi_lib.program import Column, Source
from evaluasi_lib.reading.files import RawTable, clean_space, normalise, open_source
from evaluasi_lib.wording import _


@dataclass
class Guess:
    """What a column seems to be: its further keys, and for an item the labels seen."""

    variable: str
    header: str
    kind: str
    keys: dict[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    note: str = ""


Guesses = dict[str, list[Guess]]  # by the name of the source
Scales = dict[str, tuple[str, ...]]  # labels from low to high, or one text such as "1..5"


class _Inline(dict[str, Any]):
    """Keys that stand on one line."""


class _Dumper(yaml.SafeDumper):
    """YAML as a person would write it."""


_Dumper.add_representer(
    _Inline,
    lambda dumper, keys: dumper.represent_mapping("tag:yaml.org,2002:map", keys, flow_style=True),
)


def _first(table: str, text: str) -> Any:
    """What the first pattern of the vocabulary's table that fits the text says."""
    return next((said for said, pattern in VOCABULARY[table] if re.search(pattern, text)), None)


def strength(label: str) -> float | None:
    """How much a label affirms, -3 to 3; None where no word of degree is in it."""
    return _first("strength", normalise(label))


def ordered_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels from low to high where every one has a degree of its own; else nothing."""
    spelled = {normalise(x): clean_space(x) for x in labels}
    ranked = sorted((strength(x), x) for x in spelled.values() if strength(x) is not None)
    if not 3 <= len(spelled) <= 7 or len({s for s, _x in ranked}) != len(spelled):
        return ()
    return tuple(x for _s, x in ranked)


def draft_program(program_id: str, files: Sequence[Path]) -> str:
    """The text of a program.yml for the files, each a source. Raises DataError for a bad one."""
    paths = {_slug(f.stem, 6) or f"sumber_{i}": f for i, f in enumerate(files, 1)}
    guesses: Guesses = {}
    presets: dict[str, str | None] = {}
    for name, path in paths.items():
        table = open_source(path, Source(file=path.name))
        presets[name] = recognise(table.headers)
        guesses[name] = [] if presets[name] == "moodle" else _guess_columns(table)
    columns = [g for found in guesses.values() for g in found]
    scales = _scales([g for g in columns if g.kind == "item"])
    for g in columns:  # not every label of a scale is chosen in every column
        if g.kind == "category" and len(g.labels) > 1 and _scale_of(g, scales):
            g.kind, g.keys = "item", {}
    link = _link(guesses)
    declared = _head(program_id, link)
    rosters = [n for n, found in guesses.items() if link != "anonymous" and _is_roster(found)]
    if rosters:
        declared["roster"] = rosters[0]
    declared["sources"] = {
        name: _source(name, path, presets[name], guesses[name], scales, link)
        for name, path in paths.items()
    }
    declared |= {"scales": {n: _scale(s) for n, s in scales.items()}} if scales else {}
    declared |= _instruments(guesses, scales)
    text = yaml.dump(declared, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
    return _commented(text, {g.variable: g.note for g in columns if g.note}, scales)


def _commented(text: str, notes: dict[str, str], scales: Scales) -> str:
    """The draft with a comment at each guess. notes: by variable."""
    levels = "reaction, learning, behaviour, results"
    comments = {
        (0, "title"): _("name as reports show it"),
        (0, "kind"): "leadership, elearning, mentoring, technical, employment, other",
        (0, "organisation"): _("agency that runs the program"),
        (0, "cycle"): "",
        (0, "design"): "single_group, comparison, randomised",
        (0, "link"): "nip, respondent_code, anonymous",
        (0, "instruments"): _("which items belong together, which are reversed"),
        (4, "role"): "roster, survey, rating, record",
        (4, "wave"): "", (4, "duplicates"): "", (4, "label"): "", (4, "level"): levels,
        (2, "level"): levels,
        (2, "unit"): "sesoi: " + _("smallest effect of interest, set before results"),
        **{(6, variable): note for variable, note in notes.items()},
        **{(2, name): _("the order from low to high, and labels that nobody chose")
           for name, labels in scales.items() if len(labels) > 1},
    }  # fmt: skip
    lines = [f"# {_('Draft. Read every line; lines with “CHECK” are guesses.')}"]
    for line in text.splitlines():
        key = line.strip().partition(":")[0]
        comment = comments.get((len(line) - len(line.lstrip()), key))
        check = "" if comment is None else f"  # {_('CHECK')}" + (f": {comment}" if comment else "")
        lines.append(line + check)
    return "\n".join(lines) + "\n"


def _head(program_id: str, link: str) -> dict[str, Any]:
    year = re.search(r"(?:19|20)\d{2}", program_id)
    return {
        "id": program_id,
        "title": program_id.replace("-", " ").capitalize(),
        "kind": "other",
        "organisation": "?",
        "cycle": year[0] if year else "1",
        "design": _Inline(type="single_group"),
        "link": link,
    }


def _link(guesses: Guesses) -> str:
    """The identifier that every one of several files has; a single file needs none."""
    for kind in ("nip", "respondent_code"):
        if len(guesses) > 1 and all(any(g.kind == kind for g in gs) for gs in guesses.values()):
            return kind
    return "anonymous"


def _guess_columns(table: RawTable) -> list[Guess]:
    frame = table.frame.collect()
    taken: set[str] = set()
    found = []
    for i, header in enumerate(table.headers):
        if not header:
            continue
        stem = _slug(header, 4) or f"kolom_{i + 1}"
        variable = _free(stem, taken)
        taken.add(variable)
        nth = table.headers[: i + 1].count(header)
        unique = header if table.headers.count(header) == 1 else f"{header}#{nth}"
        found.append(_guess(variable, unique, clean_text(frame[str(i)])))
    return found


def _free(stem: str, taken: Container[str]) -> str:
    """The name itself, or with the first number that makes it another."""
    names = itertools.chain([stem], (f"{stem}_{k}" for k in itertools.count(2)))
    return next(name for name in names if name not in taken)


def _guess(variable: str, header: str, text: pl.Series) -> Guess:
    """One column by its heading first (identifiers), then by its values."""
    values = text.drop_nulls()
    values = values.filter(~values.str.to_lowercase().is_in(list(BLANKS)))
    distinct = values.unique(maintain_order=True)
    if kind := _first("roles", normalise(header)):
        return Guess(variable, header, kind)
    if not len(values):
        return Guess(variable, header, "drop", note=_("empty"))
    status = nip_status(normalise_nip(values))
    if status.is_in(["pns", "pppk"]).sum() > 0.8 * len(values):
        return Guess(variable, header, "nip")
    if labels := ordered_labels(distinct.head(10)) if len(distinct) <= 7 else ():
        return Guess(variable, header, "item", labels=labels)
    if values.str.contains(r"^-?\d+([.,]\d+)?$").all():
        return _guess_number(variable, header, values)
    for form in ({}, {"date_format": "%m/%d/%Y"}):
        column = Column.model_validate({"from": "x", "type": "date", **form})
        if not type_date(values, Spec("x", column))["rule"].is_in(PROBLEMS).any():
            return Guess(variable, header, "date", form)
    if looks_like_names(header, values, Names()):
        return Guess(variable, header, "name")
    return _guess_text(variable, header, values, distinct)


def _guess_number(variable: str, header: str, values: pl.Series) -> Guess:
    whole = values.str.contains(r"^-?\d{1,9}$").all()
    distinct = set(values.unique())
    if whole and distinct <= {"0", "1"}:
        return Guess(variable, header, "flag")
    few = whole and {int(v) for v in distinct} <= set(range(11)) and len(distinct) > 3
    if few and re.search(r"recommend|rekomendasi|menyarankan", normalise(header)):
        return Guess(variable, header, "item", labels=("0..10",))
    if few and {int(v) for v in distinct} <= set(range(1, 6)):
        return Guess(variable, header, "item", labels=("1..5",), note=_("1 to 5: is it a scale?"))
    return Guess(variable, header, "integer" if whole else "number")


def _guess_text(variable: str, header: str, values: pl.Series, distinct: pl.Series) -> Guess:
    for separator in (";", ", "):
        parts = values.str.split(separator).explode().str.strip_chars()
        options = parts.value_counts(sort=True).filter(pl.col("count") >= 2)
        covered = options["count"].sum() / len(parts)
        few = options.height < min(len(distinct), 16)
        if few and covered > 0.95 and len(parts) > 1.2 * len(values):
            chosen = sorted(o for o in options[parts.name] if o)
            names = {f"{_slug(o, 3) or 'x'}_{i}": o for i, o in enumerate(chosen, 1)}
            keys = {"separator": separator.strip(), "options": names | {"lainnya": "*"}}
            return Guess(variable, header, "multi", keys)
    if len(distinct) <= 12 and len(distinct) * 4 <= len(values):
        if {normalise(v) for v in distinct} <= {*YES_NO["true"], *YES_NO["false"]}:
            return Guess(variable, header, "flag")
        keys = {"categories": {v: v for v in sorted(distinct)}}
        return Guess(variable, header, "category", keys, tuple(distinct))
    if len(distinct) <= 100 and len(distinct) * 5 <= len(values):
        return Guess(variable, header, "category")
    return Guess(variable, header, "open")


def _scales(items: list[Guess]) -> Scales:
    """Name -> labels low to high: label sets that share two labels and fit in one order are one."""
    scales: list[tuple[str, ...]] = []
    for item in sorted(items, key=lambda g: -len(g.labels)):
        for i, scale in enumerate(scales):
            shared = {normalise(x) for x in scale} & {normalise(x) for x in item.labels}
            merged = ordered_labels((*scale, *item.labels))
            if item.labels == scale or (len(shared) >= 2 and merged):
                scales[i] = merged or scale
                break
        else:
            scales.append(item.labels)
    return {
        _slug(s[-1], 3) if ".." not in s[0] else "angka_" + s[0].replace("..", "_"): s
        for s in scales
    }


def _scale_of(item: Guess, scales: Scales) -> str | None:
    wanted = {normalise(x) for x in item.labels}
    fits = (n for n, labels in scales.items() if wanted <= {normalise(x) for x in labels})
    return next(fits, None)


def _scale(labels: tuple[str, ...]) -> dict[str, Any]:
    if ".." not in labels[0]:
        return {"labels": list(labels)}
    low, high = map(int, labels[0].split(".."))
    return _Inline(min=low, points=high - low + 1)


def _source(
    name: str, path: Path, preset: str | None, guesses: list[Guess], scales: Scales, link: str
) -> dict[str, Any]:
    keys: dict[str, Any] = {"file": path.name}
    if preset == "moodle":
        person = _Inline({"from": "description", "type": "respondent_code"})
        return keys | {"role": "events", "columns": {"pengguna": person}}
    if _is_roster(guesses):
        keys["role"] = "roster"
    else:
        keys |= {"role": "survey", "wave": _wave(name)}
    if preset is not None:
        keys["preset"] = preset
    dates = [g.variable for g in guesses if g.kind == "date"]
    if link != "anonymous" and dates:
        keys["duplicates"] = _Inline(keep="last", order_by=dates[0])
    keys["columns"] = {}
    for g in guesses:
        column = {"from": g.header, "type": g.kind, **g.keys}
        if g.kind == "item":
            column["scale"] = _scale_of(g, scales)
        keys["columns"][g.variable] = column if g.keys else _Inline(column)
    return keys


def _is_roster(guesses: list[Guess]) -> bool:
    """A list of persons has identifiers and no items."""
    kinds = {g.kind for g in guesses}
    return bool(kinds & {"nip", "respondent_code", "name"}) and "item" not in kinds


def _wave(source: str) -> str:
    return _first("waves", normalise(source)) or "post"


def _instruments(guesses: Guesses, scales: Scales) -> dict[str, Any]:
    """An instrument for each scale that at least three items share (or a question from 0 to 10),
    and an outcome for each that was asked before and after."""
    instruments: dict[str, dict[str, Any]] = {}
    outcomes = []
    for scale, labels in scales.items():
        items = [
            g
            for found in guesses.values()
            for g in found
            if g.kind == "item" and _scale_of(g, scales) == scale
        ]
        variables = list(dict.fromkeys(g.variable for g in items))
        nps = labels[0] == "0..10"
        if len(variables) < (1 if nps else 3):
            continue
        theme = _theme([g.header for g in items]) or labels[-1]
        words = normalise(" ".join([*(g.header for g in items), *labels]))
        level = _first("levels", words) or "reaction"
        stem = "nps" if nps else f"skor_{_slug(theme, 3)}"
        name = _free(stem, instruments)
        instruments[name] = {
            "label": "NPS" if nps else theme, "scale": scale, "level": level, "items": variables,
            **({"index": "nps"} if nps else {"reversed": []}),
        }  # fmt: skip
        waves = {_wave(n) for n, gs in guesses.items() if {g.variable for g in gs} >= {*variables}}
        if {"pre", "post"} <= waves:
            outcomes.append(
                {"id": name, "label": theme, "level": level, "instrument": name, "wave": "post",
                 "baseline_wave": "pre", "unit": _("points")}
            )  # fmt: skip
    found = {"instruments": instruments, "outcomes": outcomes}
    return {key: value for key, value in found.items() if value}


def _theme(headers: list[str]) -> str:
    """The word that most of the headings share, as the name of what they ask about."""
    words = [
        set(re.findall(r"[a-z]{4,}", _spaced(h))) - {"yang", "dengan", "saya"} for h in headers
    ]
    count = {w: sum(w in ws for ws in words) for w in sorted(set().union(*words))}
    best = max(count, key=lambda w: (count[w], len(w)), default="")
    return best.capitalize() if best and count[best] >= max(2, 0.7 * len(headers)) else ""


def _spaced(text: str) -> str:
    """ "HandsOn part" -> "hands on part"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).casefold()


def _slug(text: str, words: int) -> str:
    """A short name for YAML: "Saya puas dengan materi" -> "saya_puas_dengan"."""
    parts = re.findall(r"[a-z0-9]+", _spaced(text))[:words]
    slug = "_".join(parts)
    return f"v_{slug}" if slug[:1].isdigit() else slug
