"""Tables of a result: one function a part, its columns as lines of `columns.Column`.

The one engine of all tables: rows laid out by column lines.

A table is a list of rows (dataclasses, mappings or tuples) and a line for each column: its
heading, the field it shows, and the form of it. Readers get texts, the workbook the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from evaluasi_lib import results as r
from evaluasi_lib.claims import noun_of
from evaluasi_lib.findings.observe import short_label
from evaluasi_lib.measures import SMALL_CELL, Effect, Measure, Record, value_at, wide
from evaluasi_lib.reporting import words
from evaluasi_lib.reporting.elements import Table
from evaluasi_lib.wording import (
    _,
    count,
    date,
    digits_for,
    interval,
    joined,
    number,
    p_value,
    percent,
    plural,
    rupiah,
    word_for,
)

Cell = str | tuple[str, object]
NAMED = 8  # hidden rows that a note names; more are counted
CI = ("ci_low", "ci_high")
SHARE = ("share_low", "share_high")

# form -> a number as readers write it
FORMS: dict[str, Callable[[Any], str]] = {
    "n": count,
    "%": percent,
    "Rp": rupiah,
    "p": p_value,
    "0": partial(number, digits=0),
    "1": partial(number, digits=1),
    "2": partial(number, digits=2),
    "points": lambda share: number(share * 100, 1),
    "figures": lambda value: number(value, digits_for(value)),
}


class Column(NamedTuple):
    """One column.

    field: attribute, key or place; the two ends of an interval; or a function row -> Cell.
    form: "" for a text as it stands, a key of FORMS for a number, a kind of words.yml for a code.
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
    hidden = [i for i, (cells, reason) in enumerate(body) if fold and _is_hidden(cells, reason)]
    if hidden and len(hidden) < len(body):
        notes.append(f"{words.why(SMALL_CELL, k).capitalize()}: {_listed(body, hidden)}.")
        body = [line for i, line in enumerate(body) if i not in hidden]
    without = [line for line in body if _is_without(*line)]
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
            short = reason in (SMALL_CELL, "no_answers")
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
    return word_for(form, value) if form else "—" if value is None else str(value)


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


def _is_hidden(cells: Sequence[Cell], reason: str | None) -> bool:
    """Whether none of a row's numbers may be shown."""
    return reason == SMALL_CELL and all(
        _content(c) is None for c in cells if not isinstance(c, str)
    )


def _is_without(cells: Sequence[Cell], reason: str | None) -> bool:
    """Whether a row has none of its numbers, for a reason that takes a sentence."""
    short = reason in (None, SMALL_CELL, "no_answers")
    numbers = [cell for cell in cells if not isinstance(cell, str)]
    return not short and bool(numbers) and all(cell[1] is None for cell in numbers)


def _listed(body: Sequence[tuple[Sequence[Cell], str | None]], hidden: Sequence[int]) -> str:
    """The hidden rows by their texts, or how many they are."""
    if len(hidden) > NAMED:
        return plural("{n} row", "{n} rows", len(hidden)).format(n=count(len(hidden)))
    return "; ".join(", ".join(c for c in body[i][0] if isinstance(c, str)) for i in hidden)


def share_columns() -> list[Column]:
    """Number, share and interval, as every share of persons has them."""
    return [
        Column(_("n"), "n", "n"),
        Column(_("Share"), "share", "%"),
        Column(_("95% interval"), SHARE, "%"),
    ]


ANSWERED = 2  # weaknesses that a recommendation's row spells out; more are counted


def table_flow(flow: Sequence[Mapping[str, Any]], k: int) -> Table | None:
    """Persons at each step, and those left out before it."""
    columns = [
        Column(_("Step"), "label"),
        Column(_("Persons"), "n", "n"),
        Column(_("Left out before it"), lambda step: figure_cell(step.get("dropped"), count)),
    ]
    return table("alur", _("Flow of persons"), flow, columns, k)


def table_waves(rows: Sequence[Measure], effects: Sequence[Effect], k: int) -> Table | None:
    """Persons of the program's group who were enrolled, measured at each wave, and analysed."""
    enrolled = value_at(rows, "participation/enrolled")
    measured = _("Measured: {wave}")
    steps = [
        {
            "label": measured.format(wave=word_for("wave", w["wave"])),
            "n": w["n"],
            "share": w["share"],
        }
        for w in wide(rows, "sample/waves/*")
    ]
    if not steps:
        return None
    if enrolled:
        steps.insert(0, {"label": word_for("stage", "enrolled"), "n": int(enrolled), "share": 1.0})
    analysed = _("Analysed: {outcome}")
    for effect in effects:
        n = effect.n_program
        if n is not None and enrolled and n > enrolled:
            continue  # of a record that covers others as well
        share = n / enrolled if n is not None and enrolled else None
        reason = effect.reason if n is None else None
        steps.append({"label": analysed.format(outcome=effect.label), "n": n, "share": share,
                      "reason": reason})  # fmt: skip
    columns = [
        Column(_("Step"), "label"),
        Column(_("Persons"), "n", "n"),
        Column(_("Share of the enrolled"), "share", "%"),
    ]
    note = _("The program's group. Measured: on the scale that most of them answered.")
    return table("gelombang", _("From enrolment to analysis"), steps, columns, k, note)


def with_unit(effect: Effect) -> str:
    """The outcome's name with the unit in which its numbers are shown."""
    return f"{effect.label} ({effect.shown_unit})"


def estimate_columns() -> list[Column]:
    """An estimate and its interval, in the unit shown."""
    return [Column(_("Estimate"), _estimate), Column(_("95% interval"), _interval)]


def _estimate(effect: Effect) -> Cell:
    (value, _low, _high), form = _shown(effect)
    return figure_cell(value, form)


def _interval(effect: Effect) -> Cell:
    (_value, low, high), form = _shown(effect)
    return between(low, high, form)


def _shown(effect: Effect) -> tuple[tuple[float | None, ...], Callable[[Any], str]]:
    """An estimate and the ends of its interval in the unit shown, and how all three are written."""
    numbers = (effect.estimate, effect.ci_low, effect.ci_high)
    values = tuple(None if x is None else x * effect.factor for x in numbers)
    return values, partial(number, digits=digits_for(*values))


def table_effects(effects: Sequence[Effect], id: str, caption: str, k: int) -> Table | None:
    """Primary estimates, one row an outcome, its unit in words beside its name."""
    columns = [
        Column(_("Outcome"), lambda e: f"{words.subgroup_word(e)} ({e.shown_unit})"),
        Column(_("What it is"), noun_of),
        *estimate_columns(),
        Column(_("p"), "p_value", "p"),
        Column(_("p adjusted"), "p_adjusted", "p"),
        Column(_("Standardised"), "effect_size_g", "2"),
        Column(_("Conclusion"), "conclusion", "conclusion"),
    ]
    note = _("Standardised: in standard deviations. p adjusted: for the number of outcomes.")
    return table(id, caption, effects, columns, k, note)


def table_outcomes(
    effects: Sequence[Effect],
    means: Mapping[str, str],
    ratings: Mapping[str, int],
    note: str,
    k: int,
) -> Table | None:
    """The one table of a decision: from what to what, what the program did of it, how sure.

    By outcome, means: from what to what in words; ratings: of the evidence, 0-5. note: whose the
    means are.
    """
    columns = [
        Column(_("Outcome"), with_unit),
        Column(_("Means"), lambda e: means.get(e.outcome, "—")),
        Column(_("What it is"), noun_of),
        *estimate_columns(),
        Column(_("Conclusion"), "conclusion", "conclusion"),
        Column(_("Evidence, 0-5"), lambda e: figure_cell(ratings.get(e.outcome), count)),
    ]
    return table("luaran-utama", _("The outcomes, one by one"), effects, columns, k, note)


def table_others(effects: Sequence[Effect], id: str, caption: str, k: int) -> Table | None:
    """Estimates beside the primary ones: by other methods, or in groups of persons."""
    columns = [
        Column(_("Outcome"), words.subgroup_word),
        Column(_("Estimator"), "estimator", "estimator"),
        Column(_("Unit"), "shown_unit"),
        *estimate_columns(),
        Column(_("p"), "p_value", "p"),
        Column(_("Standardised"), "effect_size_g", "2"),
    ]
    return table(id, caption, effects, columns, k)


def table_estimators(effects: Sequence[Effect], k: int) -> Table | None:
    """Design, estimator, estimand and numbers of persons of each outcome."""
    columns = [
        Column(_("Outcome"), words.subgroup_word),
        Column(_("Design"), "design", "design"),
        Column(_("Estimator"), "estimator", "estimator"),
        Column(_("Estimand"), _estimand),
        Column(_("n program"), "n_program", "n"),
        Column(_("n comparison"), "n_comparison", "n"),
        Column(_("Standard error"), "std_error", "figures"),
        Column(_("Smallest effect of interest"), "sesoi", "figures"),
        Column(_("n needed"), "n_needed", "n"),
    ]
    note = _(
        "n needed: persons that the same design would need to find the smallest effect of interest "
        "with 80% power."
    )
    return table("penduga", _("How each outcome was estimated"), effects, columns, k, note)


def _estimand(effect: Effect) -> str:
    """For whom an effect is; what shows none is a change or a difference."""
    about = effect.estimand if effect.claim == "effect" else effect.claim
    return word_for("estimand", about)


def table_evidence(rows: Sequence[Measure], effects: Sequence[Effect], k: int) -> Table | None:
    """Rating of each outcome's evidence, and what it rests on; effects: the primary estimates."""
    primary = {e.outcome: e for e in effects}
    alike = {row.subject: row.note for row in rows if row.measure == "baseline_max_abs_smd"}
    columns = [
        Column(_("Outcome"), "label"),
        Column(_("Rating, 0-5"), "rating_0_5", "n"),
        Column(_("Maryland scale, 1-5"), "maryland_sms", "n"),
        Column(_("Largest difference at the start"), "baseline_max_abs_smd", "2"),
        Column(_("Likeness at the start"), lambda e: alike.get(e["subject"]) or "—"),
        Column(_("Loss"), "attrition_overall_share", "%"),
        Column(_("Difference in loss"), "attrition_differential_share", "%"),
        Column(_("Smallest detectable"), "mdes", "2"),
        Column(_("What it withstands"), lambda e: _withstands(primary[e["subject"]])),
    ]
    note = _(
        "Differences at the start and the smallest detectable effect are in SD. E-value: how "
        "strongly, as a risk ratio, a cause that was not measured would have to go with both the "
        "program and the outcome to move the interval to zero. Lee: bounds of the estimate "
        "whoever was lost."
    )
    rated = wide(rows, "evidence/*")
    return table("bukti", _("How much the evidence can carry"), rated, columns, k, note)


def _withstands(effect: Effect) -> str:
    """The E-value of the interval's nearer limit, or Lee's bounds for those who were lost."""
    low, high = effect.lee_lower, effect.lee_upper
    if low is not None and high is not None:
        return _("Lee {bounds}").format(bounds=interval(low, high, digits_for(low, high)))
    limit = effect.e_value
    return "—" if limit is None else _("E-value {value}").format(value=number(limit, 1))


def scale_records(rows: Sequence[Measure]) -> list[dict[str, Any]]:
    """Each scale by wave and group; its reason is why it has no mean."""
    return [s | {"reason": s["mean_reason"]} for s in wide(rows, "scales/*/*/*")]


def table_scales(
    scales: Sequence[Mapping[str, Any]], id: str, caption: str, k: int, *, weighted: bool = False
) -> Table | None:
    """Mean, interval and spread of each scale by wave and group. weighted: whether the means of the
    program's group are, to the population."""
    columns = [
        Column(_("Scale"), "label"),
        Column(_("Wave"), "wave", "wave"),
        Column(_("Group"), "group", "group"),
        Column(_("n"), "n", "n"),
        Column(_("Mean"), "mean", "2"),
        Column(_("95% interval"), ("mean_low", "mean_high"), "2"),
        Column(_("Mean, 0-100"), "mean_100", "1"),
        Column(_("SD"), "sd", "2"),
        Column(_("Upper answers"), "top2_share", "%"),
    ]
    note = _("Upper answers: share of answers in the two highest categories.")
    if weighted:
        note = joined(
            [
                note,
                _("Means of the program's group are weighted to the population, shares are not."),
            ]
        )
    return table(id, caption, scales, columns, k, note)


def table_reliability(scales: Sequence[Mapping[str, Any]], k: int) -> Table | None:
    """Alpha with its interval and omega of each scale of several items."""
    columns = [
        Column(_("Scale"), "label"),
        Column(_("Wave"), "wave", "wave"),
        Column(_("Group"), "group", "group"),
        Column(_("Items"), "n_items", "n"),
        Column(_("Alpha"), "alpha", "2"),
        Column(_("95% interval"), ("alpha_low", "alpha_high"), "2"),
        Column(_("Omega"), "omega_total", "2"),
    ]
    note = _(
        "From 0.70 on acceptable for comparing groups. Alpha does not prove that a scale measures "
        "one thing."
    )
    several = [s for s in scales if s["n_items"] > 1]
    return table("reliabilitas", _("Reliability of the instruments"), several, columns, k, note)


def table_items(rows: Sequence[Measure], k: int) -> Table | None:
    """How each item holds together with the others of its scale, at the last wave."""
    scales = {s["stem"]: s for s in scale_records(rows)}
    items = [
        x | {name: scales[x["stem"][:-1]][of] for name, of in (("scale", "label"), ("of", "alpha"))}
        for x in wide(rows, "scales/*/*/*/*")
        if x["item_rest"] is not None
    ]
    columns = [
        Column(_("Scale"), "scale"),
        Column(_("Questionnaire item"), lambda row: short_label(row["label"])),
        Column(_("Correlation with the other items"), "item_rest", "2"),
        Column(_("Alpha without this item"), "alpha_if_deleted", "2"),
        Column(_("Alpha of the scale"), "of", "2"),
    ]
    note = _(
        "Of the program's participants at the last measurement. An item without which alpha would "
        "be higher deserves a second look, most of all where its correlation is low."
    )
    return table("butir", _("Items of the instruments"), items, columns, k, note)


def table_shares(rows: Sequence[Any], id: str, caption: str, heading: str, k: int) -> Table | None:
    """Options with their share of respondents and interval; hidden ones are named in the note."""
    option = Column(heading, lambda row: words.option_word(value_of(row, "label")))
    return table(id, caption, rows, [option, *share_columns()], k, fold=True)


def table_drivers(drivers: Sequence[Mapping[str, Any]], k: int) -> Table | None:
    """Average marginal effects on completion, in percentage points."""
    columns = [
        Column(_("Variable"), "label"),
        Column(_("Difference, percentage points"), "ame", "points"),
        Column(_("95% interval"), ("ame_low", "ame_high"), "points"),
        Column(_("p"), "ame_p", "p"),
    ]
    note = _("Average marginal effects on the chance to complete; association, not cause.")
    return table("pendorong", _("Who completes"), drivers, columns, k, note)


def table_stages(
    stages: Sequence[Mapping[str, Any]], id: str, caption: str, k: int
) -> Table | None:
    """Persons at each stage (subject, n, share of the first, reason)."""
    columns = [
        Column(_("Stage"), "subject", "stage"),
        Column(_("Persons"), "n", "n"),
        Column(_("Share of the first stage"), "share", "%"),
    ]
    return table(id, caption, stages, columns, k)


def table_efficiency(money: Mapping[str, Any], k: int) -> Table | None:
    """Total and unit costs, absorption, benefit-cost ratio, return: the efficiency's record."""
    measures = [
        Column(_("Total cost"), "total_cost_idr", "Rp"),
        Column(_("Cost per participant"), "cost_per_participant_idr", "Rp"),
        Column(_("Cost per completer"), "cost_per_completer_idr", "Rp"),
        Column(_("Budget absorbed"), "budget_absorption_share", "%"),
        Column(_("Benefit-cost ratio"), "bcr", "2"),
        Column(_("Return on investment, %"), "roi_pct", "1"),
    ]
    rows = [
        {"label": m.heading, "value": cell_of(money, m), "reason": money[f"{m.field}_reason"]}
        for m in measures
        if money[str(m.field)] is not None or money[f"{m.field}_reason"]
    ]
    columns = [Column(_("Measure"), "label"), Column(_("Value"), lambda row: row["value"])]
    return table("biaya", _("Costs and returns"), rows, columns, k)


def table_themes(themes: Sequence[Record], k: int) -> Table | None:
    """Themes by source with shares and tone; hidden ones are named in the note."""
    columns = [
        Column(_("Theme"), "label"),
        Column(_("Source"), "group", "source"),
        *share_columns(),
        Column(_("Tone, −1 to 1"), "sentiment", "2"),
    ]
    note = _("n: respondents, interviewees or documents in which the theme occurs.")
    return table("tema", _("Themes by source"), themes, columns, k, note, fold=True)


def table_triangulation(item: r.Triangulated, place: int, k: int) -> Table | None:
    """One question: what each source says, one row a source."""
    rows = [
        (_("Survey"), item.survey),
        (_("Interview"), item.interview),
        (_("Document"), item.document),
    ]
    columns = [Column(_("Source"), 0), Column(_("What it says"), lambda row: row[1] or _("silent"))]
    agreement = word_for("agreement", item.agreement).capitalize()
    note = f"{agreement}. {item.explanation}".strip()
    return table(f"triangulasi-{place}", item.question, rows, columns, k, note)


def table_findings(findings: Sequence[r.Finding], id: str, caption: str, k: int) -> Table | None:
    """Findings with the sections that hold their evidence; the workbook has the exact places."""
    columns = [
        Column(_("Finding"), "statement"),
        Column(_("Weight, 0-1"), "score", "2"),
        Column(
            _("Evidence in section"),
            lambda f: (words.evidence_places(f.evidence), ", ".join(f.evidence)),
        ),
    ]
    return table(id, caption, findings, columns, k)


def table_recommendations(items: Sequence[r.Recommendation], k: int) -> Table | None:
    """Recommendations with priority, owner, date and status."""
    columns = [
        Column(_("Recommendation"), lambda row: f"{row[0]}. {row[1].text}"),
        Column(_("Priority"), lambda row: count(row[1].priority)),
        Column(_("Owner"), lambda row: row[1].owner or _("not named yet")),
        Column(_("Due"), lambda row: date(row[1].due)),
        Column(_("Status"), lambda row: word_for("status", row[1].status)),
    ]
    caption = _("Recommendations in their order")
    note = _(
        "Open promises of earlier cycles first, then by priority: impact times feasibility, each "
        "from 1 to 5. Dates count from the date of the report."
    )
    return table("rekomendasi", caption, list(enumerate(items, 1)), columns, k, note)


def table_grounds(
    items: Sequence[r.Recommendation], weaknesses: Sequence[r.Finding], k: int
) -> Table | None:
    """What each recommendation answers, the heaviest weaknesses first, and what to watch."""
    said = {w.id: w.statement for w in weaknesses}

    def answers(row: tuple[int, r.Recommendation]) -> str:
        answered = [said[id] for id in row[1].addresses if id in said]
        text = " ".join(answered[:ANSWERED])
        if len(answered) > ANSWERED:
            text += " " + _("And {n} more.").format(n=count(len(answered) - ANSWERED))
        return text or "—"

    columns = [
        Column(_("Recommendation"), lambda row: count(row[0])),
        Column(_("What it answers"), answers),
        Column(
            _("Indicator to watch, and its value now"),
            lambda row: "; ".join(row[1].watch) or "—",
        ),
    ]
    caption = _("What each recommendation answers, and what to watch")
    return table("rekomendasi-dasar", caption, list(enumerate(items, 1)), columns, k)


def change_words(change: dict[str, Any] | None, reason: str | None, k: int) -> str:
    """The change of a followed indicator, as its own sentence where it brings one."""
    if not change:
        return words.why(reason, k)
    if change.get("sentence"):
        return str(change["sentence"])
    before, after = change.get("before"), change.get("after")
    if isinstance(before, (int, float)) and isinstance(after, (int, float)):
        digits = digits_for(before, after)
        return _("from {before} to {after}").format(
            before=number(before, digits), after=number(after, digits)
        )
    return words.why(change.get("reason") or reason, k)


def table_follow_up(items: Sequence[r.FollowUp], k: int) -> Table | None:
    """Earlier recommendations, their status, and the change of their indicator."""
    columns = [
        Column(_("Recommendation"), "text"),
        Column(_("Cycle"), "from_cycle"),
        Column(_("Status"), "status", "status"),
        Column(_("What changed since"), lambda f: change_words(f.change, f.reason, k)),
    ]
    return table("tindak-lanjut", _("Earlier recommendations"), items, columns, k)


def table_quality(quality: r.Quality, k: int) -> Table | None:
    """How often each cleaning rule changed something."""
    columns = [
        Column(_("Rule"), "rule", "rule"),
        Column(_("Table"), "table"),
        Column(_("Rows or cells changed"), "n", "n"),
    ]
    return table("pembersihan", _("What cleaning changed"), quality.changes, columns, k)


def table_inputs(inputs: Sequence[r.InputFile], k: int) -> Table | None:
    """Input files with their size and the start of their checksum."""
    columns = [
        Column(_("File"), "path"),
        Column(_("Bytes"), "bytes", "n"),
        Column("SHA-256", lambda file: f"{file.sha256[:12]}…"),
    ]
    note = _("The checksums stand in full in result.json.")
    return table("masukan", _("Files that this report rests on"), inputs, columns, k, note)


def table_packages(result: r.EvaluationResult, k: int) -> Table | None:
    """Versions of the packages that move numbers or pictures."""
    rows = list(result.provenance.packages.items())
    return table(
        "paket", _("Software"), rows, [Column(_("Package"), 0), Column(_("Version"), 1)], k
    )
