"""The one engine of all tables: rows laid out by column lines, those of a report in `tables.yml`.

A table is a list of rows (dataclasses, mappings or tuples) and a line for each column: its
heading, the field it shows, and the form of it. Readers get texts, the workbook the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple

from evaluasi_lib.claims import noun_of
from evaluasi_lib.findings.observe import short_label
from evaluasi_lib.measures import SMALL_CELL, Effect, Measure, Record, as_plain, value_at, wide
from evaluasi_lib.reporting import words
from evaluasi_lib.reporting.elements import Table
from evaluasi_lib.wording import (
    _,
    choose,
    count,
    digits_for,
    interval,
    joined,
    load_yaml,
    number,
    own,
    p_is,
    p_value,
    percent,
    plural,
    rupiah,
    word_for,
)

Cell = str | tuple[str, object]
NAMED = 8  # hidden rows that a note names; more are counted
SHORT = (None, SMALL_CELL, "no_answers")  # reasons that fit a cell

# form -> a number as readers write it
FORMS: dict[str, Callable[[Any], str]] = {
    "n": count,
    "%": percent,
    "Rp": rupiah,
    "p": p_value,
    "p=": p_is,
    "0": partial(number, digits=0),
    "1": partial(number, digits=1),
    "2": partial(number, digits=2),
    "100": lambda share: number(share * 100, 0),
    "points": lambda share: number(share * 100, 1),
    "figures": lambda value: number(value, digits_for(value)),
}
# form -> a text from what a row holds
TEXTS: dict[str, Callable[[Any], Cell]] = {
    "choose": lambda text: choose(text) or "—",
    "list": lambda texts: "; ".join(texts) or "—",
    "option": words.option_word,
    "places": lambda ids: (words.evidence_places(ids), ", ".join(ids)),
    "quoted": "“{}”".format,
    "short": short_label,
    "start": "{:.12}…".format,
}


class Column(NamedTuple):
    """One column.

    field: attribute, key or place; the two ends of an interval; or a function row -> Cell.
    form: "" for a text or Cell as it stands, a key of FORMS for a number, of TEXTS for a text, a
    kind of words.yml for a code.
    """

    heading: str
    field: str | int | tuple[str, str] | Callable[[Any], Cell]
    form: str = ""


def table(
    id: str,
    caption: str,
    rows: Sequence[Any],
    columns: Sequence[Column],
    k: int,
    note: str = "",
    *,
    fold: bool = False,
) -> Table | None:
    """A table with a line for each row; None without rows.

    A row's `reason` says why it has nulls: the first null says so in words, and a long reason
    becomes a note below. k: of how many persons on a number may be shown.
    fold: rows of which no number may be shown are named in the note instead, when some others may.
    So are rows without any number, with their long reason.
    """
    body = [([cell_of(row, column) for column in columns], _reason(row)) for row in rows]
    if not body:
        return None
    notes = [note] if note else []
    hidden = [line for line in body if fold and line[1] == SMALL_CELL and _is_empty(line[0])]
    if hidden and len(hidden) < len(body):
        notes.append(f"{words.why(SMALL_CELL, k).capitalize()}: {_listed(hidden)}.")
        body = [line for line in body if line not in hidden]
    without = [line for line in body if line[1] not in SHORT and _is_empty(line[0])]
    if len(without) < len(body):
        notes += dict.fromkeys(f"{cells[0]}: {reason}" for cells, reason in without)
        body = [line for line in body if line not in without]
    numeric: set[int] = set()
    texts = []
    for cells, reason in body:
        line = [cell if isinstance(cell, str) else cell[0] for cell in cells]
        numeric |= {i for i, cell in enumerate(cells) if not isinstance(_content(cell), str)}
        empty = [i for i, cell in enumerate(cells) if _content(cell) is None]
        if reason and empty:
            short = reason in SHORT
            line[empty[0]] = words.why(reason, k) if short else _("see note")
            remark = f"{line[0]}: {reason}"
            notes += [] if short or remark in notes else [remark]
        texts.append(line)
    values = [[_content(cell) for cell in cells] for cells, _reason in body]
    headings = [column.heading for column in columns]
    return Table(id, caption, headings, texts, frozenset(numeric), values, " ".join(notes))


def cell_of(row: Any, column: Column) -> Cell:
    """One field of a row: a text, or a number as text together with the number itself."""
    field, form = column.field, column.form
    if callable(field):
        return field(row)
    if isinstance(field, tuple):
        return between(value_of(row, field[0]), value_of(row, field[1]), FORMS[form])
    value = value_of(row, field)
    if form in FORMS:
        return figure_cell(value, FORMS[form])
    if form in TEXTS:
        return TEXTS[form](value)
    if form:
        return word_for(form, value)
    return value if isinstance(value, tuple) else "—" if value is None else str(value)


def figure_cell(value: float | None, form: Callable[[Any], str]) -> Cell:
    """A number as text for readers, with the number itself for the workbook."""
    return ("—", None) if value is None else (form(value), value)


def between(low: float | None, high: float | None, form: Callable[[Any], str]) -> Cell:
    """An interval in one cell; the workbook sets its ends in two columns."""
    if low is None or high is None:
        return ("—", None)
    return (_("{low} to {high}").format(low=form(low), high=form(high)), (low, high))


def value_of(row: Any, field: Any) -> Any:
    """What a row holds in a field: an attribute, or under a key or at a place."""
    return row[field] if isinstance(row, (Mapping, tuple)) else getattr(row, field)


def _reason(row: Any) -> str | None:
    return row.get("reason") if isinstance(row, Mapping) else getattr(row, "reason", None)


def _content(cell: Cell) -> object:
    """What the workbook gets."""
    return cell if isinstance(cell, str) else cell[1]


def _is_empty(cells: Sequence[Cell]) -> bool:
    """Whether a row has none of its numbers."""
    numbers = [cell[1] for cell in cells if not isinstance(cell, str)]
    return bool(numbers) and all(number is None for number in numbers)


def _listed(hidden: Sequence[tuple[Sequence[Cell], str | None]]) -> str:
    """The hidden rows by their texts, or how many they are."""
    if len(hidden) > NAMED:
        return plural("{n} row", "{n} rows", len(hidden)).format(n=count(len(hidden)))
    return "; ".join(
        ", ".join(cell for cell in cells if isinstance(cell, str)) for cells, _reason in hidden
    )


# The tables of tables.yml


@cache
def _declared() -> dict[str, dict[str, Any]]:
    text = Path(__file__).with_name("tables.yml").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = load_yaml(text)
    return found


def columns_of(kind: str, part: str = "columns") -> list[Column]:
    """The columns of a table of tables.yml, or its `rows`."""
    found = []
    for what, heading in _declared()[kind][part].items():
        name, _blank, form = str(what).partition(" ")
        if isinstance(heading, str):
            heading = _declared()["heads"][heading]
        found.append(_column(own(heading), name, form))
    return found


def _column(heading: str, name: str, form: str) -> Column:
    """A column of a field as tables.yml and sentences.yml name it: "mean", "mean..", or a place."""
    if name.endswith(".."):
        return Column(heading, (f"{name[:-2]}_low", f"{name[:-2]}_high"), form)
    return Column(heading, int(name) if name.isdigit() else name, form)


def said_of(name: str, record: Mapping[str, Any]) -> str:
    """A sentence of sentences.yml filled from a record by the forms of its places, as a table is;
    empty where something in it is not known."""
    parts = []
    for text, field, form, _conversion in Formatter().parse(own(words.say.rows[name])):
        parts.append(text)
        if field is not None:
            cell = cell_of(record, _column("", field, form or ""))
            if _content(cell) in (None, "—"):
                return ""
            parts.append(cell if isinstance(cell, str) else cell[0])
    return "".join(parts)


def listed(
    kind: str,
    rows: Sequence[Any],
    k: int,
    note: str = "",
    *,
    id: str = "",
    without: str = "",
    more: Sequence[Column] = (),
    **values: str,
) -> Table | None:
    """A table of tables.yml with a line for each row; None without rows.

    k: of how many persons on a number may be shown. note: said after the table's own. id: its
    anchor, where several are of one kind. without: a field whose column is left out; more: columns
    after its own. values: for the places of its caption.
    """
    said = _declared()[kind]
    columns = [column for column in columns_of(kind) if column.field != without]
    notes = joined([own(said["note"]) if "note" in said else "", note])
    caption = own(said["caption"]).format(**values)
    return table(
        id or kind, caption, rows, [*columns, *more], k, notes, fold=said.get("fold", False)
    )


def listed_fields(kind: str, record: Mapping[str, Any], k: int) -> Table | None:
    """A table of one record: a line for each of its `rows` in tables.yml that has something."""
    rows = []
    for line in columns_of(kind, "rows"):
        name = str(line.field)
        reason = record.get(f"{name}_reason")
        if record.get(name) is not None or reason:
            cell = cell_of(record, line)
            rows.append({"label": line.heading, "value": cell, "reason": reason})
    return listed(kind, rows, k)


# Rows of these tables


def estimate_rows(effects: Iterable[Effect], **beside: Mapping[str, Any]) -> list[Record]:
    """Estimates as rows, in the unit shown; beside: field -> outcome -> what stands beside it."""
    found = []
    for e in effects:
        more = {field: by_outcome.get(e.outcome) for field, by_outcome in beside.items()}
        found.append(
            Record(
                {**as_plain(e), **more},
                who=words.subgroup_word(e),
                outcome=f"{words.subgroup_word(e)} ({e.shown_unit})",
                unit=e.shown_unit,
                what=noun_of(e),
                about=e.estimand if e.claim == "effect" else e.claim,
                **estimate_cells(e),
            )
        )
    return found


def estimate_cells(effect: Effect) -> dict[str, Cell]:
    """An estimate and its interval in the unit shown, with as many digits as its largest number."""
    numbers = (effect.estimate, effect.ci_low, effect.ci_high)
    value, low, high = (None if x is None else x * effect.factor for x in numbers)
    form = partial(number, digits=digits_for(value, low, high))
    return {"estimate": figure_cell(value, form), "interval": between(low, high, form)}


def with_unit(effect: Effect) -> str:
    """The outcome's name with the unit in which its numbers are shown."""
    return f"{effect.label} ({effect.shown_unit})"


def estimate_columns() -> list[Column]:
    """An estimate and its interval, in the unit shown."""
    return [
        Column(_("Estimate"), lambda effect: estimate_cells(effect)["estimate"]),
        Column(_("95% interval"), lambda effect: estimate_cells(effect)["interval"]),
    ]


def table_waves(rows: Sequence[Measure], effects: Sequence[Effect], k: int) -> Table | None:
    """Persons of the program's group who were enrolled, measured at each wave, and analysed."""
    enrolled = value_at(rows, "participation/enrolled")
    waves = wide(rows, "sample/waves/*")
    if not waves:
        return None
    measured, analysed = _("Measured: {wave}"), _("Analysed: {outcome}")
    steps = [w | {"label": measured.format(wave=word_for("wave", w["wave"]))} for w in waves]
    if enrolled:
        steps.insert(0, Record(label=word_for("stage", "enrolled"), n=int(enrolled), share=1.0))
    for e in effects:
        n = e.n_program
        if n is not None and enrolled and n > enrolled:
            continue  # of a record that covers others as well
        share = n / enrolled if n is not None and enrolled else None
        label = analysed.format(outcome=e.label)
        steps.append(Record(label=label, n=n, share=share, reason=e.reason if n is None else None))
    return listed("gelombang", steps, k)


def table_evidence(rows: Sequence[Measure], effects: Sequence[Effect], k: int) -> Table | None:
    """Rating of each outcome's evidence, and what it rests on; effects: the primary estimates."""
    withstands = {e.outcome: _withstands(e) for e in effects}
    alike = {row.subject: row.note for row in rows if row.measure == "baseline_max_abs_smd"}
    rated = [
        e | {"alike": alike.get(e["subject"]) or "—", "withstands": withstands[e["subject"]]}
        for e in wide(rows, "evidence/*")
    ]
    return listed("bukti", rated, k)


def _withstands(effect: Effect) -> str:
    """The E-value of the interval's nearer limit, or Lee's bounds for those who were lost."""
    low, high = effect.lee_lower, effect.lee_upper
    if low is not None and high is not None:
        return _("Lee {bounds}").format(bounds=interval(low, high, digits_for(low, high)))
    limit = effect.e_value
    return "—" if limit is None else _("E-value {value}").format(value=number(limit, 1))


def scale_records(rows: Sequence[Measure]) -> list[Record]:
    """Each scale by wave and group; its reason is why it has no mean."""
    return [s | {"reason": s["mean_reason"]} for s in wide(rows, "scales/*/*/*")]


def table_items(rows: Sequence[Measure], k: int) -> Table | None:
    """How each item holds together with the others of its scale, at the last wave."""
    scales = {s["stem"]: s for s in scale_records(rows)}
    items = [
        item | {"scale": scale["label"], "of": scale["alpha"]}
        for item in wide(rows, "scales/*/*/*/*")
        if item["item_rest"] is not None and (scale := scales[item["stem"][:-1]])
    ]
    return listed("butir", items, k)
