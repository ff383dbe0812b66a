"""A first program.yml from the files as exported; a comment at every guess asks to check it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from evaluasi_lib.cleaning.identity import nip_status, normalise_nip
from evaluasi_lib.cleaning.mapping import recognise
from evaluasi_lib.cleaning.privacy import Names, looks_like_names
from evaluasi_lib.cleaning.typers import (
    BLANKS,
    FALSE_WORDS,
    PROBLEMS,
    TRUE_WORDS,
    Spec,
    clean_text,
    type_date,
)
from evaluasi_lib.program import Column, Source
from evaluasi_lib.reading.files import RawTable, clean_space, normalise, open_source
from evaluasi_lib.wording import _

# How much a label says, first match wins; labels of a scale must all differ.
_STRENGTH: tuple[tuple[str, float], ...] = (
    (r"neither|netral|neutral|ragu|no change|tidak berubah|biasa saja|about half", 0),
    (r"kadang|sometimes", 0),
    (r"strongly dis|very dis|sangat tidak|sama sekali|not at all|tidak pernah|never|\bnone\b|"
     r"little or no|much less|sangat kurang|sangat buruk|sangat rendah|very poor|very low", -3),
    (r"slightly less|sedikit kurang|agak tidak|somewhat dis", -1),
    (r"disagree|dissatisf|\bless\b|rarely|jarang|tidak|\bpoor\b|buruk|unimportant", -2),
    (r"kurang|slightly|sedikit|some of|\bfew\b|rendah|\blow\b", -1),
    (r"sangat|strongly|extremely|always|selalu|\ball of\b|extensive|much more|very", 3),
    (r"cukup|\bsome\b|sedang|somewhat|fair", 0.5),
    (r"setuju|agree|puas|satisf|penting|important|often|sering|baik|\bmore\b|most of|moderately|"
     r"tinggi|good|mampu|paham|high", 2),
)  # fmt: skip
_ROLES = (
    ("email", r"e ?mail|surel"),
    ("phone", r"telepon|telp|\bhp\b|whatsapp|phone|handphone|nomor kontak"),
    ("nip", r"\bnip\b|nomor induk"),
    (
        "respondent_code",
        r"\bkode\b.*(peserta|responden|unik)|respondent code|unique ?id|^kode$|token",
    ),
    ("name", r"^nama\b|nama lengkap|full name|^name$"),
    ("drop", r"^_|ip address|alamat ip|^lastpage$|seed$|^meta instance"),
)
_WAVES = (
    ("pre", r"\b(pra|pre|awal|sebelum|baseline)\b"),
    ("post", r"\b(pasca|post|akhir|sesudah)\b"),
)
_LEVELS = (
    (
        "learning",
        r"knowledge|pengetahuan|paham|kompetensi|\bable\b|ability|mampu|efikasi|keterampilan",
    ),
    ("behaviour", r"perilaku|menerapkan|behaviou?r|applied"),
)


@dataclass
class Guess:
    """What a column seems to be: its lines of YAML, and for an item the labels seen."""

    variable: str
    header: str
    kind: str
    lines: list[str] = field(default_factory=list)
    labels: tuple[str, ...] = ()
    note: str = ""


def strength(label: str) -> float | None:
    """How much a label affirms, -3 to 3; None where no word of degree is in it."""
    text = normalise(label)
    return next((value for pattern, value in _STRENGTH if re.search(pattern, text)), None)


def ordered_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels from low to high where every one has a degree of its own; else nothing."""
    spelled = {normalise(x): clean_space(x) for x in labels}
    ranked = sorted((strength(x), x) for x in spelled.values() if strength(x) is not None)
    if not 3 <= len(spelled) <= 7 or len({s for s, _x in ranked}) != len(spelled):
        return ()
    return tuple(x for _s, x in ranked)


def draft_program(program_id: str, files: Sequence[Path]) -> str:
    """The text of a program.yml for the files, each a source. Raises DataError for a bad one."""
    tables = {_slug(f.stem, 6) or f"sumber_{i}": f for i, f in enumerate(files, 1)}
    guesses: dict[str, list[Guess]] = {}
    opened: dict[str, tuple[RawTable, str | None]] = {}
    for name, path in tables.items():
        table = open_source(path, Source(file=path.name))
        preset = recognise(table.headers)
        opened[name] = table, preset
        guesses[name] = [] if preset == "moodle" else _guess_columns(table)
    columns = [g for found in guesses.values() for g in found]
    scales = _scales([g for g in columns if g.kind == "item"])
    for g in columns:  # not every label of a scale is chosen in every column
        if g.kind == "category" and len(g.labels) > 1 and _scale_of(g, scales):
            g.kind, g.lines = "item", []
    link = _link(guesses)
    lines = [f"# {_('Draft. Read every line; lines with “CHECK” are guesses.')}"]
    lines += _head(program_id, link)
    roster = next(
        (n for n, found in guesses.items() if link != "anonymous" and _is_roster(found)), None
    )
    if roster is not None:
        lines.append(f"roster: {roster}")
    lines.append("sources:")
    for name, path in tables.items():
        lines += _source_lines(name, path, opened[name][1], guesses[name], scales, link)
    lines += _scale_lines(scales)
    lines += _instrument_lines(guesses, scales, list(tables))
    return "\n".join(lines) + "\n"


def _head(program_id: str, link: str) -> list[str]:
    year = re.search(r"(?:19|20)\d{2}", program_id)
    title = program_id.replace("-", " ").capitalize()
    check = _("CHECK")
    return [
        f"id: {program_id}",
        f"title: {_quote(title)}  # {check}: {_('name as reports show it')}",
        f"kind: other  # {check}: leadership, elearning, mentoring, technical, employment, other",
        f"organisation: {_quote('?')}  # {check}: {_('agency that runs the program')}",
        f"cycle: {_quote(year[0] if year else '1')}  # {check}",
        f"design: {{type: single_group}}  # {check}: single_group, comparison, randomised",
        f"link: {link}  # {check}: nip, respondent_code, anonymous",
    ]


def _link(guesses: dict[str, list[Guess]]) -> str:
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
        stem = variable = _slug(header, 4) or f"kolom_{i + 1}"
        k = 2
        while variable in taken:
            variable, k = f"{stem}_{k}", k + 1
        taken.add(variable)
        nth = table.headers[: i + 1].count(header)
        unique = header if table.headers.count(header) == 1 else f"{header}#{nth}"
        found.append(_guess(variable, unique, clean_text(frame[str(i)])))
    return found


def _guess(variable: str, header: str, text: pl.Series) -> Guess:
    """One column by its heading first (identifiers), then by its values."""
    values = text.drop_nulls()
    values = values.filter(~values.str.to_lowercase().is_in(list(BLANKS)))
    distinct = values.unique(maintain_order=True)
    plain = normalise(header)
    for kind, pattern in _ROLES:
        if re.search(pattern, plain):
            return Guess(variable, header, kind)
    if not len(values):
        return Guess(variable, header, "drop", note=_("empty"))
    if nip_status(normalise_nip(values)).is_in(["pns", "pppk"]).fill_null(False).mean() > 0.8:  # type: ignore[operator]
        return Guess(variable, header, "nip")
    if labels := ordered_labels(distinct.head(10)) if len(distinct) <= 7 else ():
        return Guess(variable, header, "item", labels=labels)
    if values.str.contains(r"^-?\d+([.,]\d+)?$").all():
        return _guess_number(variable, header, values)
    if (date := _guess_date(values)) is not None:
        return Guess(variable, header, "date", [f"date_format: {_quote(date)}"] if date else [])
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


def _guess_date(values: pl.Series) -> str | None:
    """ "" where the usual reading fits every value, a date_format where months come first."""
    for form in ("", "%m/%d/%Y"):
        extra = {"date_format": form} if form else {}
        column = Column.model_validate({"from": "x", "type": "date", **extra})
        if not type_date(values, Spec("x", column))["rule"].is_in(PROBLEMS).any():
            return form
    return None


def _guess_text(variable: str, header: str, values: pl.Series, distinct: pl.Series) -> Guess:
    for separator in (";", ", "):
        parts = values.str.split(separator).explode().str.strip_chars()
        options = parts.value_counts(sort=True).filter(pl.col("count") >= 2)
        covered = options["count"].sum() / len(parts)
        if (
            len(parts) > 1.2 * len(values)
            and covered > 0.95
            and options.height < min(len(distinct), 16)
        ):
            chosen = sorted(o for o in options[parts.name] if o)
            names = [f"  {_slug(o, 3) or 'x'}_{i}: {_quote(o)}" for i, o in enumerate(chosen, 1)]
            lines = [
                f"separator: {_quote(separator.strip())}",
                "options:",
                *names,
                '  lainnya: "*"',
            ]
            return Guess(variable, header, "multi", lines)
    if len(distinct) <= 12 and len(distinct) * 4 <= len(values):
        if {normalise(v) for v in distinct} <= {*TRUE_WORDS, *FALSE_WORDS}:
            return Guess(variable, header, "flag")
        names = [f"  {_quote(v)}: {_quote(v)}" for v in sorted(distinct)]
        return Guess(variable, header, "category", ["categories:", *names], tuple(distinct))
    if len(distinct) <= 100 and len(distinct) * 5 <= len(values):
        return Guess(variable, header, "category")
    return Guess(variable, header, "open")


def _scales(items: list[Guess]) -> dict[str, tuple[str, ...]]:
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


def _scale_of(item: Guess, scales: dict[str, tuple[str, ...]]) -> str | None:
    wanted = {normalise(x) for x in item.labels}
    fits = (n for n, labels in scales.items() if wanted <= {normalise(x) for x in labels})
    return next(fits, None)


def _source_lines(
    name: str,
    path: Path,
    preset: str | None,
    guesses: list[Guess],
    scales: dict[str, tuple[str, ...]],
    link: str,
) -> list[str]:
    check = _("CHECK")
    lines = [f"  {name}:", f"    file: {_quote(path.name)}"]
    if preset == "moodle":
        lines += ["    role: events", "    columns:"]
        return [*lines, '      pengguna: {from: "description", type: respondent_code}']
    roles = f"# {check}: roster, survey, rating, record"
    if _is_roster(guesses):
        lines.append(f"    role: roster  {roles}")
    else:
        lines += [f"    role: survey  {roles}", f"    wave: {_wave(name)}  # {check}"]
    if preset is not None:
        lines.append(f"    preset: {preset}")
    date = next((g.variable for g in guesses if g.kind == "date"), None)
    if link != "anonymous" and date is not None:
        lines.append(f"    duplicates: {{keep: last, order_by: {date}}}  # {check}")
    lines.append("    columns:")
    for g in guesses:
        note = f"  # {check}: {g.note}" if g.note else ""
        extra = f", scale: {_scale_of(g, scales)}" if g.kind == "item" else ""
        if not g.lines:
            lines.append(
                f"      {g.variable}: {{from: {_quote(g.header)}, type: {g.kind}{extra}}}{note}"
            )
            continue
        lines += [
            f"      {g.variable}:",
            f"        from: {_quote(g.header)}",
            f"        type: {g.kind}",
        ]
        lines += [f"        {line}" for line in g.lines]
    return lines


def _is_roster(guesses: list[Guess]) -> bool:
    """A list of persons has identifiers and no items."""
    kinds = {g.kind for g in guesses}
    return bool(kinds & {"nip", "respondent_code", "name"}) and "item" not in kinds


def _wave(source: str) -> str:
    return next((w for w, p in _WAVES if re.search(p, normalise(source))), "post")


def _scale_lines(scales: dict[str, tuple[str, ...]]) -> list[str]:
    if not scales:
        return []
    lines = ["scales:"]
    for name, labels in scales.items():
        if ".." in labels[0]:
            low, high = map(int, labels[0].split(".."))
            lines.append(f"  {name}: {{min: {low}, points: {high - low + 1}}}")
        else:
            asks = _("the order from low to high, and labels that nobody chose")
            lines += [f"  {name}:  # {_('CHECK')}: {asks}", "    labels:"]
            lines += [f"      - {_quote(label)}" for label in labels]
    return lines


def _instrument_lines(
    guesses: dict[str, list[Guess]], scales: dict[str, tuple[str, ...]], names: list[str]
) -> list[str]:
    """An instrument for each scale that at least three items share (or a question from 0 to 10)."""
    check = _("CHECK")
    lines = [f"instruments:  # {check}: {_('which items belong together, which are reversed')}"]
    outcomes: list[str] = []
    for scale, labels in scales.items():
        items = [
            g
            for n in names
            for g in guesses[n]
            if g.kind == "item" and _scale_of(g, scales) == scale
        ]
        variables = list(dict.fromkeys(g.variable for g in items))
        nps = labels[0] == "0..10"
        if len(variables) < (1 if nps else 3):
            continue
        words = " ".join(normalise(g.header) for g in items) + " " + normalise(" ".join(labels))
        waves = [_wave(n) for n in names if {g.variable for g in guesses[n]} >= set(variables)]
        theme = _theme([g.header for g in items]) or labels[-1]
        level = next((lv for lv, p in _LEVELS if re.search(p, words)), "reaction")
        name, k = "nps" if nps else f"skor_{_slug(theme, 3)}", 2
        while f"  {name}:" in lines:
            name, k = f"{name.rstrip('0123456789_')}_{k}", k + 1
        lines += [
            f"  {name}:",
            f"    label: {_quote('NPS' if nps else theme)}  # {check}",
            f"    scale: {scale}",
            f"    level: {level}  # {check}: reaction, learning, behaviour, results",
            f"    items: [{', '.join(variables)}]",
            "    index: nps" if nps else "    reversed: []",
        ]
        if {"pre", "post"} <= set(waves):
            outcomes += [
                f"  - id: {name}",
                f"    label: {_quote(theme)}",
                f"    level: {level}  # {check}",
                f"    instrument: {name}",
                "    wave: post",
                "    baseline_wave: pre",
                f"    unit: {_quote(_('points'))}",
                f"    # {check}: sesoi: {_('smallest effect of interest, set before results')}",
            ]
    if outcomes:
        lines += ["outcomes:", *outcomes]
    return lines if len(lines) > 1 else []


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


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
