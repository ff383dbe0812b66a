"""What the columns of an exported file seem to be, by their headings and then by their values.

Whatever could tell of a person is an identifier or dropped, and none of its values is kept here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from evaluasi_lib.cleaning.identity import (
    Names,
    hides,
    looks_like_names,
    name_heading,
    nip_status,
    normalise_nip,
)
from evaluasi_lib.cleaning.options import (
    MARKS,
    OUT_OF,
    Guess,
    Heading,
    coded,
    count_texts,
    first_of,
    free,
    joined_options,
    named_headings,
    scale_of,
    slug,
    spaced,
    spread_options,
)
from evaluasi_lib.cleaning.typers import (
    BLANKS,
    PROBLEMS,
    SPELLINGS,
    VOCABULARY,
    Spec,
    clean_text,
    decimal_evidence,
    proved_decimal,
    type_date,
    type_number,
)
from evaluasi_lib.program import IDENTIFIERS, Column
from evaluasi_lib.reading.files import PERSONAL, RawTable, normalise
from evaluasi_lib.wording import _, count

MOST_LABELS = 12  # of a scale or a category
LOOK_AT = 5_000  # values of a column, where each is looked at by itself
FEW_WORDS = 4  # of a heading that is no question
UNLABELLED = (*IDENTIFIERS, "drop", "date")
UNKNOWN = "?"  # what nobody can tell from the file; `check` refuses it
_EXCEL_POWER = r"(?i)^\d[.,]?\d*e\+?1[0-9]$"  # what is left of a long number in a narrow column


def guess_columns(
    table: RawTable, questions: Sequence[str], known: Mapping[str, str]
) -> list[Guess]:
    """A guess for each column with a heading.

    questions: the question of each column in words, where the file has it beside the heading.
    known: normalised heading -> the variable that another file has for it.
    """
    frame = table.frame.collect()
    texts = [clean_text(frame[str(i)]) for i in range(len(table.headers))]
    headings = named_headings(table.headers, questions)
    taken: set[str] = set()
    spread = spread_options(headings, texts)
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
        guess.variable, guess.place = free(wanted, taken), i
        spoken = heading.question or heading.part or table.headers[i]
        if guess.kind == "multi" and guess.stem:
            spoken = guess.stem if "[" in table.headers[i] else guess.stem.rsplit("/", 1)[-1]
        if guess.kind not in UNLABELLED and slug(spoken, len(spoken)) != guess.variable:
            guess.keys.setdefault("label", spoken)
        taken.add(guess.variable)
        found.append(guess)
    _scales_of_numbers(found)
    _dates_alike(found, texts)
    return found


def _dates_alike(guesses: Sequence[Guess], texts: Sequence[pl.Series]) -> None:
    """Where one column of dates can only be read month first, so are the others of the file."""
    dates = [g for g in guesses if g.kind == "date"]
    form = next((g.keys for g in dates if "date_format" in g.keys), None)
    for guess in dates if form else ():
        if "date_format" not in guess.keys and _reads(texts[guess.place].drop_nulls(), form or {}):
            guess.keys |= form or {}


def _reads(values: pl.Series, form: Mapping[str, str]) -> bool:
    """Whether every text is a date of this form, and is written with strokes."""
    column = Column.model_validate({"from": "x", "type": "date", **form})
    slashed = not form or values.str.contains("/").all()
    return slashed and not type_date(values, Spec("x", column))["rule"].is_in(PROBLEMS).any()


def _stem_of(heading: Heading, guess: Guess, place: int) -> str:
    """The variable's name: of a row of a grid that of the row, of a question its first words."""
    text = heading.name.split("#")[0] if heading.name else ""
    if guess.kind == "multi":
        text = heading.stem.rsplit("/", 1)[-1] if heading.stem else text
    elif heading.part:
        text = heading.part
    text = re.sub(r"^\W*\d+\s*[.)]\s*(?=[^\W\d])", "", OUT_OF.sub("", text))
    return slug(text, 4) or f"kolom_{place + 1}"


# --- One column ---------------------------------------------------------------------------------


def _guess(heading: Heading, text: pl.Series) -> Guess:
    """One column by its heading first (identifiers), then by its values."""
    header, spoken = heading.name, heading.question or heading.part or heading.name
    values = text.drop_nulls()
    dashes = values.str.contains(r"^[-\u2010-\u2015.*/_ ]+$")
    values = values.filter(~values.str.to_lowercase().is_in(list(BLANKS)) & ~dashes)
    found = _identifier(header, spoken, values)
    if found is None and header.endswith("_TEXT"):  # Qualtrics: what stands beside an option
        found = Guess("", header, "open")
    found = found or _closed(header, spoken, values) or _written(header, spoken, values)
    found.stem = heading.stem
    return found


def _identifier(header: str, spoken: str, values: pl.Series) -> Guess | None:
    """A column that tells who answered, by its heading or by what its values look like."""
    spellings = (normalise(header.split("#", maxsplit=1)[0]), header, normalise(spoken))
    kind = next((role for h in spellings if (role := first_of("roles", h))), None)
    n_distinct = values.n_unique()
    if len(header.split()) > FEW_WORDS and n_distinct <= min(MOST_LABELS, len(values) / 2):
        kind = None  # a question about e-mails, not one for an address
    if kind is None and name_heading(header):
        kind = "name"
    many = max(len(values), 1)
    if kind == "nip" or (values.str.contains(r"^\D{0,3}\d{8}[\d .]{9,}").sum() > 0.5 * many):
        return _guess_nip(header, values)
    if kind is None and len(values):
        shapes = VOCABULARY["personal_shapes"]
        shaped = (k for k, shape in shapes if values.str.contains(shape).sum() > 0.5 * many)
        kind = next(shaped, None)
    if kind is None and n_distinct <= 1 and re.search(VOCABULARY["alike"], spellings[0]):
        kind = "drop"
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
        notes.append(_("{n} NIP lost three digits in Excel: matched by the other 15 where "
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
        if _reads(values, form):
            return Guess("", header, "date", dict(form))
    counts = count_texts(values)
    levels = {normalise(x): x for x in counts} if len(counts) <= 2 * MOST_LABELS else {}
    if 1 < len(levels) <= MOST_LABELS:
        if ordered := _known_order(levels.values()):
            return Guess("", header, "ordinal", {"categories": {v: v for v in ordered}})
        if scale_of(counts):
            return Guess("", header, "item", labels=counts)
    return _guess_number(header, spoken, values)


def _guess_number(header: str, spoken: str, values: pl.Series) -> Guess | None:
    """Numbers with their decimal sign; where it cannot be told, "?" stands in its place."""
    out_of = OUT_OF.search(header)
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
    return Guess("", header, kind, keys, count_texts(values) if few else {})


# --- Texts --------------------------------------------------------------------------------------


def _written(header: str, spoken: str, values: pl.Series) -> Guess:
    """A column of texts: options, yes or no, an order, a category, or words of one's own."""
    distinct, some = values.unique(maintain_order=True), values.head(LOOK_AT)
    if joined := joined_options(some, some.n_unique()):
        return Guess("", header, "multi", joined)
    if looks_like_names(header, some, Names()):
        return Guess("", header, "name")
    if {normalise(v) for v in distinct.head(50)} <= MARKS:
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
        return Guess("", header, "category", keys, count_texts(values) if spare else {})
    if len(distinct) <= 100 and len(distinct) * 5 <= len(values) and short:
        return Guess("", header, "category")
    return Guess("", header, "open")


def _known_order(labels: Iterable[str]) -> list[str]:
    """Categories from low to high where the vocabulary has them in an order."""
    plain = {x: " ".join(re.sub(r"[/()]", " ", normalise(x)).split()) for x in labels}
    for order in VOCABULARY["orders"]:
        places = {s: i for i, step in enumerate(order) for s in step.split("|")}
        found = {places.get(text) for text in plain.values()}
        if len(found) == len(plain) > 2 and None not in found:
            return sorted(plain, key=lambda x: places[plain[x]])
    return []


def _in_order(labels: Iterable[str]) -> list[str]:
    """Categories from low to high by the numbers that begin them, or by a known order."""
    spelled = {normalise(x): x for x in labels}
    if (known := _known_order(spelled.values())) or len(spelled) < 3 or coded(spelled.values()):
        return known
    ranked = {x: _limit(x) for x in spelled}
    numbers = [r for r in ranked.values() if r is not None]
    if len(numbers) < len(ranked) or len(set(numbers)) < len(numbers):
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


def _scales_of_numbers(guesses: Sequence[Guess]) -> None:
    """Whole numbers from one to at most ten are answers on a scale where three columns or more have
    them, or one from 1 to 5, unless the heading asks for a count or a mark."""
    few = []
    for guess in (g for g in guesses if g.kind == "integer"):
        heading = normalise(f"{guess.header} {guess.keys.get('label', '')}")
        high = max(map(int, guess.labels), default=0)
        marked = high > 5 and re.search(VOCABULARY["marks"], heading)
        if guess.labels and not marked and not re.search(VOCABULARY["counts"], heading):
            few.append(guess)
        else:
            guess.labels = {}
    highest = max((int(x) for g in few for x in g.labels), default=0)
    points = next((n for n in (4, 5, 6, 7, 10) if highest <= n), 0)
    for guess in few:
        high = max(map(int, guess.labels))
        alone = len(few) < 3 and len(guess.labels) > 2 and high in (4, 5)
        if len(few) >= 3 or alone:
            top = 5 if alone else points
            guess.kind, guess.labels = "item", {f"1..{top}": 1}
            guess.note = _("numbers: are they answers on a scale?")
        else:
            guess.labels = {}


def without_persons(guesses: Iterable[Guess], names: Names) -> None:
    """Columns whose labels would write down a person's name, NIP or number become `drop`."""
    for guess in guesses:
        labels = list(guess.keys.get("categories", ()))
        for texts in guess.keys.get("options", {}).values():
            labels += [texts] if isinstance(texts, str) else texts
        shown = pl.Series([*labels, ""], dtype=pl.String)
        persons = looks_like_persons(guess.header, labels)
        if labels and (persons or hides(shown, names, words=True).any()):
            guess.kind, guess.keys, guess.labels = "drop", {}, {}
            guess.note = _("the answers look like persons")


def looks_like_persons(header: str, labels: Sequence[str]) -> bool:
    """Whether few labels, each given often, are persons: mentors, trainers, supervisors."""
    words = set(re.findall(r"[^\W\d_]+", spaced(header)))
    asked = bool(words & set(VOCABULARY["person_words"])) or name_heading(header)
    capital = [x for x in labels if re.fullmatch(r"(?:[A-Z][\w.'’-]*[ ,]*){2,6}", x)]
    titled = [
        x
        for x in labels
        if re.search(r"(?i)\b(dr|drs|dra|prof|ir|hj?)\.\s|,\s*[sm]\.?\s?[a-z]{1,4}\b", x)
    ]
    others = set(VOCABULARY["other_words"])
    named = [x for x in capital if not set(re.findall(r"[^\W\d_]+", x.casefold())) & others]
    return len(titled) * 3 > len(labels) > 0 or (asked and len(named) > len(labels) / 2)
