"""What the columns of an exported file seem to be, by their headings first and then by their values.

Whatever could tell of a person is an identifier or dropped, and none of its values is kept here.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from evaluasi_lib.cleaning.identity import nip_status, normalise_nip
from evaluasi_lib.cleaning.ladders import coded, first_of, scale_of
from evaluasi_lib.cleaning.privacy import Names, hides, looks_like_names, name_heading
from evaluasi_lib.cleaning.typers import (
    BLANKS,
    PROBLEMS,
    SPELLINGS,
    VOCABULARY,
    YES_NO,
    Spec,
    clean_text,
    decimal_evidence,
    proved_decimal,
    type_date,
    type_number,
)
from evaluasi_lib.program import Column
from evaluasi_lib.reading.files import PERSONAL, RawTable, clean_space, normalise
from evaluasi_lib.wording import _, count

MOST_LABELS = 12  # of a scale or a category
MOST_OPTIONS = 20
UNKNOWN = "?"  # what nobody can tell from the file; `check` refuses it
_EXCEL_POWER = r"(?i)^\d[.,]?\d*e\+?1[0-9]$"  # what is left of a long number in a narrow column
_MARKS = {*YES_NO["true"], *YES_NO["false"]}
_GRID = re.compile(r"(?P<stem>.+?)\s*\[(?P<part>.+)\]")
_OUT_OF = re.compile(r"\s*/\s*(\d+(?:[.,]\d+)?)$")


@dataclass
class Guess:
    """What a column seems to be: its further keys, and for an item how often each label was given.

    stem: the question or group of questions that the column is part of. lost: identifiers that a
    spreadsheet spoilt. repeated: rows with an identifier that another row has too.
    """

    variable: str
    header: str
    kind: str
    keys: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    note: str = ""
    stem: str = ""
    source: str = ""
    lost: int = 0
    repeated: int = 0


@dataclass(frozen=True)
class _Heading:
    """A heading of its own name, the question in words, and the parts of both."""

    name: str
    question: str
    stem: str
    part: str


def guess_columns(
    table: RawTable, questions: Sequence[str], known: Mapping[str, str]
) -> list[Guess]:
    """A guess for each column with a heading.

    questions: the question of each column in words, where the file has it beside the heading.
    known: normalised heading -> the variable that another file has for it.
    """
    frame = table.frame.collect()
    texts = [clean_text(frame[str(i)]) for i in range(len(table.headers))]
    headings = _named(table.headers, questions)
    taken: set[str] = set()
    spread = _spread(headings, texts)
    inside = {i for columns, _guess in spread.values() for i in columns}
    found = []
    for i, (heading, text) in enumerate(zip(headings, texts, strict=True)):
        if i in spread:
            guess = spread[i][1]
        elif i in inside or not heading.name:
            continue
        else:
            guess = _guess(heading, text)
        wanted = known.get(normalise(heading.name)) or _stem_of(heading, guess, i)
        guess.variable = free(wanted, taken)
        taken.add(guess.variable)
        found.append(guess)
    _scales_of_numbers(found)
    return found


def free(stem: str, taken: Container[str]) -> str:
    """The name itself, or with the first number that makes it another."""
    names = itertools.chain([stem], (f"{stem}_{k}" for k in itertools.count(2)))
    return next(name for name in names if name not in taken)


def slug(text: str, words: int) -> str:
    """A short name for YAML: "Saya puas dengan materi" -> "saya_puas_dengan"."""
    parts = re.findall(r"[a-z0-9]+", spaced(text))[:words]
    name = "_".join(parts)
    return f"v_{name}" if name[:1].isdigit() else name


def spaced(text: str) -> str:
    """ "HandsOn part" -> "hands on part"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).casefold()


def _named(headers: Sequence[str], questions: Sequence[str]) -> list[_Heading]:
    found = []
    for i, header in enumerate(headers):
        again = headers.count(header) > 1
        name = f"{header}#{headers[: i + 1].count(header)}" if header and again else header
        question = clean_space(questions[i]) if i < len(questions) else ""
        if normalise(question) == normalise(header):
            question = ""
        stem, part = "", ""
        if match := _GRID.fullmatch(header):
            stem, part = match["stem"], match["part"]
        elif question and (match := re.fullmatch(r"(.+?)_+(\d+)", header)):
            stem = match[1]  # Qualtrics: Q5_1, Q5_2, whose questions begin alike
        elif "/" in header.strip("/"):
            stem, part = header.rsplit("/", 1)
            stem = next((h for h in headers if h and header.startswith(f"{h}/")), stem)
            part = header[len(stem) + 1 :]
            if _OUT_OF.search(header):
                stem = part = ""
        found.append(_Heading(name, question, stem, part))
    return found


def _stem_of(heading: _Heading, guess: Guess, place: int) -> str:
    """The variable's name: of a row of a grid that of the row, of a question its first words."""
    text = heading.name.split("#")[0] if heading.name else ""
    if guess.kind == "multi":
        text = heading.stem.rsplit("/", 1)[-1] if heading.stem else text
    elif heading.part:
        text = heading.part
    text = re.sub(r"^\W*\d+\s*[.)]\s*(?=[^\W\d])", "", _OUT_OF.sub("", text))
    return slug(text, 4) or f"kolom_{place + 1}"


# --- One column ---------------------------------------------------------------------------------


def _guess(heading: _Heading, text: pl.Series) -> Guess:
    """One column by its heading first (identifiers), then by its values."""
    header, spoken = heading.name, heading.question or heading.part or heading.name
    values = text.drop_nulls()
    values = values.filter(~values.str.to_lowercase().is_in(list(BLANKS)))
    found = _identifier(header, spoken, values) or _closed(header, spoken, values)
    found = found or _written(header, spoken, values)
    found.stem = heading.stem
    if heading.question and found.kind not in ("drop", "nip", "name", "email", "phone"):
        found.keys["label"] = heading.question
    return found


def _identifier(header: str, spoken: str, values: pl.Series) -> Guess | None:
    """A column that tells who answered, by its heading or by what its values look like."""
    heading = normalise(header.split("#")[0])
    kind = first_of("roles", heading) or first_of("roles", normalise(spoken))
    if kind is None and name_heading(header):
        kind = "name"
    many = max(len(values), 1)
    if kind == "nip" or (values.str.contains(r"^\D{0,3}\d{8}[\d .]{9,}").sum() > 0.5 * many):
        return _guess_nip(header, values)
    if kind is None and len(values):
        for kind, pattern in (
            ("email", r"^[\w.+-]+@[\w-]+\.[\w.-]+$"),
            ("phone", r"^(?:\+?62|0)8[\d .-]{7,14}$"),
            ("drop", r"^\d{16}$|(?i)\b(?:jl|jalan|gang|gg|rt|rw|kec|kel|perum|komplek)\b[. ]"),
        ):
            if values.str.contains(pattern).sum() > 0.5 * many:
                break
        else:
            return None
    if kind is None:
        return Guess("", header, "drop", note=_("empty")) if not len(values) else None
    guess = Guess("", header, kind)
    if kind in ("respondent_code", "email"):
        guess.repeated = _repeated(values.str.to_lowercase())
    return guess


def _repeated(identifiers: pl.Series) -> int:
    return int(identifiers.drop_nulls().is_duplicated().sum())


def _guess_nip(header: str, values: pl.Series) -> Guess:
    """A column of NIP, with a note on those that a spreadsheet spoilt."""
    nip = normalise_nip(values)
    status = nip_status(nip)
    powers = values.str.contains(_EXCEL_POWER).fill_null(False)
    cut = int((powers & (status != "damaged")).sum())
    damaged = int((status == "damaged").sum())
    whole = int(status.is_in(["pns", "pppk", "legacy"]).sum())
    notes = []
    if damaged:
        notes.append(_("{n} NIP lost their last three digits in Excel: matched by the other 15 where "
                       "one person alone fits").format(n=count(damaged)))  # fmt: skip
    if cut:
        notes.append(_("{n} NIP are left as 1.98E+17 and cannot be recovered: export the column as "
                       "text from where it came").format(n=count(cut)))  # fmt: skip
    kind = "nip" if whole + damaged else "drop"
    return Guess("", header, kind, note="; ".join(notes), lost=damaged + cut,
                 repeated=_repeated(nip.filter(~powers)))  # fmt: skip


def _closed(header: str, spoken: str, values: pl.Series) -> Guess | None:
    """A column of answers on a scale, numbers or dates."""
    for form in ({}, {"date_format": "%m/%d/%Y"}):
        column = Column.model_validate({"from": "x", "type": "date", **form})
        if not type_date(values, Spec("x", column))["rule"].is_in(PROBLEMS).any():
            return Guess("", header, "date", dict(form))
    counts = _counts(values)
    if 1 < len(counts) <= 2 * MOST_LABELS:
        short = len({normalise(x) for x in counts}) <= MOST_LABELS
        if short and scale_of(counts) and not (coded(counts) and _in_order(counts)):
            return Guess("", header, "item", labels=counts)
    return _guess_number(header, spoken, values)


def _counts(values: pl.Series) -> dict[str, int]:
    frame = values.value_counts(sort=True, name="n").sort("n", values.name, descending=[True, False])
    return dict(frame.iter_rows())


def _guess_number(header: str, spoken: str, values: pl.Series) -> Guess | None:
    """Numbers with their decimal sign; where it cannot be told, "?" stands in its place."""
    out_of = _OUT_OF.search(header)
    decimal = proved_decimal(*decimal_evidence(values))
    if decimal == "unknown" and out_of:  # "Nilai/10,00" shows the sign in its heading
        decimal = proved_decimal(*decimal_evidence(pl.Series([out_of[1]])))
    column = Column.model_validate({"from": "x", "type": "number"})
    read = type_number(values, Spec("x", column, decimal=lambda: decimal))
    unread = read["rule"].is_in([p for p in PROBLEMS if p != "decimal"])
    if unread.any() or not len(values):
        return None
    if values.str.contains(PERSONAL.pattern).sum() > 0.5 * len(values):
        return Guess("", header, "drop", note=_("long numbers, perhaps of persons"))
    whole = values.str.contains(r"^-?\d{1,9}$").all()
    distinct = set(values.unique())
    if whole and distinct <= {"0", "1"}:
        return Guess("", header, "flag")
    if whole and {int(v) for v in distinct} <= set(range(11)) and len(distinct) > 3:
        if re.search(r"recommend|rekomendasi|menyarankan", normalise(spoken)):
            return Guess("", header, "item", labels={"0..10": len(values)})
    keys: dict[str, Any] = {}
    if decimal == "mixed" or (decimal == "unknown" and not whole):
        keys["decimal"] = UNKNOWN
    elif decimal == "," or (out_of and not whole):
        keys["decimal"] = decimal
    if out_of:
        keys |= {"min": 0, "max": float(out_of[1].replace(",", "."))}
    kind = "integer" if whole and not out_of else "number"
    few = kind == "integer" and {int(v) for v in distinct} <= set(range(1, 11))
    return Guess("", header, kind, keys, _counts(values) if few else {})


# --- Texts --------------------------------------------------------------------------------------


def _written(header: str, spoken: str, values: pl.Series) -> Guess:
    """A column of texts: several options, yes or no, an order, a category, or words of one's own."""
    if looks_like_names(header, values, Names()):
        return Guess("", header, "name")
    distinct = values.unique(maintain_order=True)
    if joined := _joined(values, distinct):
        return Guess("", header, "multi", joined)
    if {normalise(v) for v in distinct.head(50)} <= _MARKS:
        return Guess("", header, "flag")
    for spelling, spell in SPELLINGS.items():
        asked = re.search(VOCABULARY["spellings"][spelling], normalise(spoken))
        if asked and all(map(spell, distinct)):
            return Guess("", header, "category", {"spelling": spelling})
    if re.search(VOCABULARY["remarks"], normalise(spoken)):
        return Guess("", header, "open")
    levels = {normalise(v): v for v in distinct.head(200)}
    short = max(map(len, levels.values()), default=0) <= 80
    few = len(levels) <= MOST_LABELS and 2 * len(levels) <= len(values) and short
    if few and (ordered := _in_order(levels.values())):
        return Guess("", header, "ordinal", {"categories": {v: v for v in ordered}})
    if few:
        keys = {"categories": {v: v for v in sorted(levels.values())}}
        spare = len(levels) * 4 <= len(values)
        return Guess("", header, "category", keys, _counts(values) if spare else {})
    if len(distinct) <= 100 and len(distinct) * 5 <= len(values) and short:
        return Guess("", header, "category")
    return Guess("", header, "open")


def _in_order(labels: Iterable[str]) -> list[str]:
    """Categories from low to high, by a known order or by the numbers that begin them."""
    spelled = {normalise(x): x for x in labels}
    if len(spelled) < 3:
        return []
    for order in VOCABULARY["orders"]:
        places = {s: i for i, step in enumerate(order) for s in step.split("|")}
        if all(re.sub(r"[/()]", " ", x).strip() in places for x in spelled):
            return [spelled[x] for x in sorted(spelled, key=lambda x: places[re.sub(r"[/()]", " ", x).strip()])]
    ranked = {x: _limit(x) for x in spelled}
    known = [r for r in ranked.values() if r is not None]
    if len(known) < len(ranked) or len(set(known)) < len(known):
        return []
    return [spelled[x] for x in sorted(ranked, key=lambda x: ranked[x] or 0.0)]


def _limit(label: str) -> float | None:
    """The number that a class begins with, in years where months are told; None without one."""
    match = re.search(r"\d+(?:[.,]\d+)?", label)
    if match is None:
        return None
    per = 12.0 if re.search(r"bulan|month", label) else 1.0
    side = next((x for x, p in VOCABULARY["limits"] if re.search(p, label)), 0.0)
    return float(match[0].replace(",", ".")) / per + side / 1000


def _joined(values: pl.Series, distinct: pl.Series) -> dict[str, Any] | None:
    """Keys of a question with several options that stand in one cell; None for any other text."""
    for separator in (";", "|", ", ", " "):
        if separator == " " and not values.str.contains(r"^[a-z0-9_]+( [a-z0-9_]+)*$").all():
            continue
        split = [[p.strip() for p in v.split(separator) if p.strip()] for v in values]
        if separator == ", ":
            split = _with_commas(split)
        parts = Counter(itertools.chain.from_iterable(split))
        options = {x: n for x, n in parts.items() if n >= 2}
        total = sum(parts.values())
        few = len(options) < min(len(distinct), MOST_OPTIONS) and max(map(len, options), default=0) < 120
        if few and sum(options.values()) > 0.85 * total and total > 1.2 * len(values):
            chosen = sorted(options)
            names = {f"{slug(o, 3) or 'x'}_{i}": o for i, o in enumerate(chosen, 1)}
            rest = {"lainnya": "*"} if len(options) < len(parts) else {}
            return {"separator": separator.strip() or " ", "options": names | rest}
    return None


def _with_commas(answers: list[list[str]]) -> list[list[str]]:
    """Parts put together that always stand together, as those of an option with a comma in it: the
    latter begins with a small letter, or both are somebody's whole answer."""
    while True:
        alone = Counter(itertools.chain.from_iterable(answers))
        pairs = Counter(itertools.chain.from_iterable(map(itertools.pairwise, answers)))
        whole = Counter(tuple(a) for a in answers if len(a) == 2)
        for (a, b), n in sorted(pairs.items()):
            small = alone[b] == n and (b[:1].islower() or a.count("(") > a.count(")"))
            if small or (n > 2 and alone[a] == alone[b] == n and whole[a, b]):
                break
        else:
            return answers
        answers = [_together(parts, a, b) for parts in answers]


def _together(parts: list[str], a: str, b: str) -> list[str]:
    found: list[str] = []
    for part in parts:
        if found and found[-1] == a and part == b:
            found[-1] = f"{a}, {b}"
        else:
            found.append(part)
    return found


# --- Several columns ----------------------------------------------------------------------------


def _spread(
    headings: Sequence[_Heading], texts: Sequence[pl.Series]
) -> dict[int, tuple[list[int], Guess]]:
    """First column -> (all columns, guess) of each question that has a column for every option."""
    found = {}
    for stem, group in itertools.groupby(range(len(headings)), key=lambda i: headings[i].stem):
        columns = list(group)
        columns = [i for i in columns if not headings[i].name.upper().endswith("_TEXT")]
        if not stem or len(columns) < 2:
            continue
        guess = _options(stem, [headings[i] for i in columns], [texts[i] for i in columns])
        if guess is not None:
            summary = [i for i, h in enumerate(headings) if h.name == stem and not h.stem]
            found[min(columns)] = (columns + summary, guess)
    return found


def _options(
    stem: str, headings: Sequence[_Heading], texts: Sequence[pl.Series]
) -> Guess | None:
    """A question whose columns are marks, or hold the text of their own option; else None."""
    given = [set(_counts(t.drop_nulls())) for t in texts]
    common = _common([h.question for h in headings])
    slashed = "/" in headings[0].name and "[" not in headings[0].name
    allowed = {"0", "1", "true", "false"} if slashed else _MARKS
    options: dict[str, Any] = {}
    marked, seen = 0, set()
    for heading, found in zip(headings, given, strict=True):
        words = {normalise(x) for x in found}
        option = heading.part or heading.question[len(common) :].strip(" -:") or heading.name
        other = bool(re.search(VOCABULARY["others"], normalise(option)))
        if words <= allowed:
            marked += bool(words)
        elif len(found) == 1 and not words & seen and not slashed:
            marked, seen = marked + 1, seen | words
            (only,) = found
            option = only if not heading.part else option
        elif not other:
            return None
        texts_of = [option] if heading.part else [option, heading.name]
        texts_of += [x for x in found if len(found) == 1 and not words <= allowed and x != option]
        texts_of += ["*"] if other and not words <= allowed else []
        key = free(slug(option, 3) or "x", options)
        options[key] = texts_of[0] if len(texts_of) == 1 else texts_of
    if marked < 2:
        return None
    label = common.rstrip(" -:").removesuffix("Selected Choice").rstrip(" -:") or stem
    keys: dict[str, Any] = {"options": options}
    if label != stem:
        keys["label"] = label
    return Guess("", stem, "multi", keys, stem=stem)


def _common(texts: Sequence[str]) -> str:
    """What all texts begin with, up to the last dash or colon."""
    if not all(texts):
        return ""
    same = itertools.takewhile(lambda c: len(set(c)) == 1, zip(*texts, strict=False))
    begin = "".join(c[0] for c in same)
    match = re.match(r"(.*)( - |: )", begin)
    return match[0] if match else ""


def _scales_of_numbers(guesses: Sequence[Guess]) -> None:
    """Whole numbers from one to at most ten, in three columns or more or in one from 1 to 5, are
    answers on a scale, unless the heading asks for a count."""
    few = []
    for guess in guesses:
        counted = re.search(VOCABULARY["counts"], normalise(guess.header))
        marked = re.search(VOCABULARY["marks"], normalise(guess.header))
        if guess.kind == "integer" and guess.labels and not (counted or marked):
            few.append(guess)
    highest = max((int(x) for g in few for x in g.labels), default=0)
    points = next((n for n in (4, 5, 6, 7, 10) if highest <= n), 0)
    for guess in guesses:
        if guess.kind == "integer" and guess not in few:
            guess.labels = {}
    for guess in few:
        alone = len(guess.labels) > 3 and set(guess.labels) <= set("12345")
        if points and (len(few) >= 3 or alone):
            top = points if len(few) >= 3 else 5
            guess.kind, guess.labels = "item", {f"1..{top}": 1}
            guess.note = _("1 to {n}: is it a scale?").format(n=top)
        else:
            guess.labels = {}


def without_persons(guesses: Iterable[Guess], names: Names) -> None:
    """Columns whose labels would write down a person's name, NIP or number become `drop`."""
    for guess in guesses:
        labels = [*guess.keys.get("categories", {}), *guess.labels]
        for texts in guess.keys.get("options", {}).values():
            labels += [texts] if isinstance(texts, str) else texts
        shown = pl.Series([*labels, ""], dtype=pl.String)
        persons = looks_like_persons(guess.header, labels)
        if labels and (persons or hides(shown, names, words=True).any()):
            guess.kind, guess.keys, guess.labels = "drop", {}, {}
            guess.note = _("the answers look like persons")


def looks_like_persons(header: str, labels: Sequence[str]) -> bool:
    """Whether few labels, each given often, are persons: mentors, trainers, supervisors."""
    words = {w for w in re.findall(r"[^\W\d_]+", spaced(header))}
    asked = bool(words & set(VOCABULARY["person_words"])) or name_heading(header)
    capital = [x for x in labels if re.fullmatch(r"(?:[A-Z][\w.'’-]*[ ,]*){2,6}", x)]
    titled = [x for x in labels if re.search(r"(?i)\b(dr|drs|dra|prof|ir|hj?)\.\s|,\s*[sm]\.?\s?[a-z]{1,4}\b", x)]
    others = set(VOCABULARY["other_words"])
    named = [x for x in capital if not set(re.findall(r"[^\W\d_]+", x.casefold())) & others]
    return len(titled) * 3 > len(labels) > 0 or (asked and len(named) > len(labels) / 2)
