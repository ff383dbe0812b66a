"""The one engine of all tables: rows laid out by column lines, those of a report in `tables.yml`.

A table is a list of rows (dataclasses, mappings or tuples) and a line for each column: its
heading, the field it shows, and the form of it. Readers get texts, the workbook the numbers.

Codes of result.json are a contract and stay English; a reader meets only their words, and why a
number is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple

from evaluasi_lib.claims import level_label, noun_of, variable_label
from evaluasi_lib.findings.observe import short_label
from evaluasi_lib.measures import (
    DEFAULT_K,
    SMALL_CELL,
    Effect,
    EvaluationResult,
    Explored,
    Measure,
    Record,
    as_plain,
    measure_id,
    value_at,
    wide,
)
from evaluasi_lib.program import Program
from evaluasi_lib.reporting.elements import Table
from evaluasi_lib.wording import (
    Sentences,
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

say = Sentences(__file__, "sentences.yml")
STABILITY = "verdict/stability/share"
LIKELY = 0.66  # from here on “likely”, as the IPCC's guidance of 2010 on uncertainty has it


def why(reason: str | None, k: int = DEFAULT_K) -> str:
    """The reason of a null in words; an em dash where none was given."""
    if reason == SMALL_CELL:
        return _("not shown (fewer than {k} persons)").format(k=k)
    if reason == "no_answers":
        return _("no answers")
    return reason or "—"


def analysed(rows: Sequence[Measure], k: int) -> tuple[int | None, str]:
    """(persons in the analysis, or why their number is not there in words)."""
    steps = wide(rows, "sample/flow/*")
    last = steps[-1] if steps else {"n": None, "reason": None}
    return last["n"], why(last["reason"], k)


def verdict_sentence(result: EvaluationResult) -> str:
    """The verdict as every page states it: never without how sure it is."""
    verdict, stability = result.verdict, value_at(result.rows, STABILITY)
    decided = verdict_words(verdict.decision, verdict.provisional, stability)
    return _("Verdict: {decision}.").format(decision=decided)


def verdict_words(decision: str, provisional: bool, stability: float | None) -> str:
    """The decision with how sure it is: that its evidence is too weak to carry it alone, or in
    which share of the repetitions it stays the same (0-1; None: not shown)."""
    if provisional:
        text = _("{decision}, provisionally: the evidence on its cause is weak")
    elif stability is None:
        text = "{decision}"
    elif stability < LIKELY:
        text = _("{decision}, but not firmly: the same in only {share} of repetitions")
    else:
        text = _("{decision} (the same in {share} of repetitions)")
    return text.format(decision=word_for("decision", decision), share=percent(stability))


def subgroup_word(effect: Effect) -> str:
    """The outcome's name, with the group of persons where it is about one."""
    return f"{effect.label} — {effect.subgroup}" if effect.subgroup else effect.label


def means_of(
    program: Program, rows: Sequence[Measure], effects: Sequence[Effect]
) -> dict[str, str]:
    """outcome -> from what to what the program's persons came, else against what the comparison
    group stands; none where no mean may be shown.

    Where the means of those measured at both waves may not be shown, the scale's own stand in, of
    all who answered at each wave.
    """
    declared = {o.id: o for o in program.outcomes}
    found: dict[str, str] = {}
    for effect in effects:
        before, after = effect.mean_before, effect.mean_after
        text = _("from {before} to {after}")
        outcome = declared.get(effect.outcome)
        recalled = outcome is not None and outcome.retrospective and before is not None
        text = _("from {before} (as remembered) to {after}") if recalled else text
        if after is None and outcome is not None and outcome.instrument is not None:
            asked = (outcome.baseline_instrument or outcome.instrument, outcome.instrument)
            early = outcome.baseline_wave or (outcome.wave if outcome.baseline_instrument else None)
            places = (
                measure_id("scales", name, wave, "program", "mean")
                for name, wave in zip(asked, (early, outcome.wave), strict=True)
            )
            before, after = (value_at(rows, place) for place in places)
            text = _("from {before} to {after} (all who answered)")
        digits = digits_for(effect.estimate, effect.ci_low, effect.ci_high)
        if before is None:
            before, text = effect.mean_comparison, _("{after}, comparison group {before}")
        if before is not None and after is not None:
            values = {"before": before, "after": after}
            shares = effect.factor != 1  # of persons
            found[effect.outcome] = text.format(
                **{at: percent(x) if shares else number(x, digits) for at, x in values.items()}
            )
    return found


def explored_sentence(explored: Sequence[Explored]) -> str:
    """What an exploration changed of the declaration, for the first page."""
    changes = "; ".join(
        f"{change.key} {_plain(change.declared)} → {_plain(change.used)}" for change in explored
    )
    return _("Exploration, not what was declared: {changes}.").format(changes=changes)


def _plain(value: str | float | None) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return _("not declared")
    return number(value, 0 if float(value).is_integer() else 3)


CHAPTERS = {  # chapter -> the parts of the measures that it shows
    "program": "program",
    "metodologi": "sample quality evidence",
    "efektivitas": "effects scales answers asked",
    "efisiensi": "efficiency",
    "elearning": "elearning",
    "partisipasi": "participation",
    "suara": "themes voices module_demand triangulation",
    "tindak-lanjut": "follow_up",
}
SECTION_OF = {part: chapter for chapter, parts in CHAPTERS.items() for part in parts.split()}


def evidence_places(ids: Sequence[str]) -> str:
    """Ids of measures as the sections in which a reader finds them."""
    found = [SECTION_OF.get(id.split("/")[0]) for id in ids]
    return "; ".join(dict.fromkeys(word_for("section", place) for place in found if place))


def option_word(label: str) -> str:
    """The label of an option; "*" stands for what people wrote themselves."""
    return _("something else") if label == "*" else label


def covariate_word(program: Program, name: str) -> str:
    """A column of the adjustment: its variable's label, with the level where it stands for one."""
    variable, _sign, level = name.partition("=")
    if variable == "y0":
        return _("the outcome before the program")
    label = variable_label(program, variable)
    if not level:
        return label
    if level == "?":
        return _("{label}: not known").format(label=label)
    return f"{label}: {level_label(program, variable, level)}"


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
    "option": option_word,
    "places": lambda ids: (evidence_places(ids), ", ".join(ids)),
    "quoted": "“{}”".format,
    "short": short_label,
    "start": "{:.12}…".format,
}


class Column(NamedTuple):
    """One column.

    field: attribute, key or place; the two ends of an interval; or a function row -> Cell.
    form: "" for a text or Cell as it stands, a key of FORMS for a number, of TEXTS for a text, a
    kind of yml for a code.
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
        notes.append(f"{why(SMALL_CELL, k).capitalize()}: {_listed(hidden)}.")
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
            line[empty[0]] = why(reason, k) if short else _("see note")
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
    """A sentence of sentences.yml filled from a record by the forms of its places, as a row of a
    table is; empty where none of its numbers is known."""
    text, cells = "", []
    for before, field, form, _conversion in Formatter().parse(own(say.rows[name])):
        text += before
        if field is not None:
            cells.append(cell_of(record, _column("", field, form or "")))
            text += cells[-1] if isinstance(cells[-1], str) else cells[-1][0]
    return "" if _is_empty(cells) else text


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
                who=subgroup_word(e),
                outcome=f"{subgroup_word(e)} ({e.shown_unit})",
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
