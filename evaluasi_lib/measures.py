"""Every number that a reader of a report meets, as one table: one row a number.

What is measured yields such rows; tables, pictures, sentences, findings, the next cycle and the
report over all programs are filters of them by id. What may not be shown has no value and says
"small_cell"; what could not be computed says why, and what nobody could ask for has no row.

id: readable and the same in every run and language, "effects/skp/primary/estimate". part: the room
of the result. subject: what it is about (outcome, scale, barrier ...); group: of whom. low, high:
ends of its 95% interval. note: what a reader should know with it.

`publish` is the one gate for every number of persons. A count, share or mean that rests on fewer
than k persons could tell a reader something of one colleague. Where a table of counts adds up to a
published total, a single hidden cell could be found by subtraction, so the next smallest is hidden
with it. `Effect` is an estimate as those who read it want it: its rows, together.

`EvaluationResult` is all that a report says, as data: what was measured and what was concluded.
Numbers are unrounded. A number that could not be computed, or may not be shown, is None and
`reason` says why: "small_cell", or a sentence in the report's language. Field names are a contract
with users' scripts: extend them freely, rename none without a new SCHEMA_VERSION and a line in
CHANGELOG.md. Shares are 0-1, `_pct` is 0-100, money is rupiah at the declared price level.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter

from evaluasi_lib.wording import EvaluationError, Problem, _

Group = Literal["program", "comparison"]
Level = Literal["reaction", "learning", "behaviour", "results"]
Claim = Literal["effect", "change", "difference"]
Role = Literal["primary", "sensitivity", "subgroup"]
Conclusion = Literal["improved", "worsened", "no_meaningful_change", "inconclusive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number of a report, a row of the table. Of an estimate: estimand says for whom it is
    (ate, itt, att), or that it is none (change, difference, association); direction, whether more
    or less is better."""

    id: str
    part: str
    subject: str | None = None
    label: str | None = None
    group: str | None = None
    level: Level | None = None
    wave: str | None = None
    measure: str
    unit: str | None = None
    n: int | None = None
    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    note: str | None = None
    reason: str | None = None
    role: Role | None = None
    claim: Claim | None = None
    design: str | None = None
    estimator: str | None = None
    estimand: str | None = None
    conclusion: Conclusion | None = None
    direction: Literal["higher", "lower"] | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """Words beside the numbers of a place; id: the start of their ids."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """The persons on whom the numbers of a record rest; `publish` reads it.

    persons: counts of which each is 0 or large enough, or nothing is shown: a mean's n; a part, the
    rest, and the whole. sums: (family, n) where the cells of a family add up to a published total.
    stage: (family, n, rank) of nested stages; those of a lower rank are shown first. based_on: the
    starts of the ids of records that could be found from this one, which is hidden with them.
    traceless: where it is hidden there is no row, for its id tells that somebody was there. keeps:
    columns that tell nothing of persons (a question's text, a number of items) and stay when it is
    hidden.
    """

    persons: tuple[int, ...] = ()
    sums: tuple[tuple[str, int], ...] = ()
    stage: tuple[str, int, int] | None = None
    based_on: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    traceless: bool = False


SAFE = Cell()  # no person's number
# Measure of a row that only completes a family; reason of a number that nobody has, whose row
# stands only where its record is hidden.
UNPUBLISHED = "unpublished"


Rows = Iterator[Measure]
Derived = Callable[[Sequence[Measure]], Rows]  # what follows from the rows that are shown


class Draft(NamedTuple):
    """A row or remark as measured, before disclosure; or rows that are worked out after it, from
    shown ones alone, such as how many left between two steps that may be shown."""

    row: Measure | Remark | Derived
    cell: Cell = SAFE


Drafts = Iterator[Draft]
COLUMNS = tuple(f.name for f in dataclasses.fields(Measure))
PARTS = (
    "sample", "scales", "answers", "asked", "effects", "evidence", "participation", "elearning",
    "efficiency", "themes", "module_demand", "voices", "triangulation", "follow_up", "verdict",
)  # fmt: skip
ABOUT = ("subject", "label", "group", "level", "wave", "unit", "n", "note", "reason",
         "role", "claim", "design", "estimator", "estimand", "conclusion",
         "direction")  # fmt: skip
NUMBERS = ("n", "value", "low", "high", "p")
ENDS = {column: f"_{column}" for column in ("n", "low", "high", "p", "reason")}  # in a record
SHOWN = ("part", "subject", "group", "wave", "measure", "value", "low", "high", "unit", "reason")
UNITS = {"share": "share", "idr": "rupiah", "minutes": "minutes", "days": "days", "pct": "percent"}
COUNTED = ("n_program", "n_comparison", "n_needed", "df")


def measure_id(*names: object) -> str:
    """The id of a measure: its part, what it is about, and its name, with slashes between."""
    return "/".join(str(name).replace("/", "-") for name in names)


def drafts(
    record: Any, names: Sequence[Any], fields: str, cell: Cell = SAFE, **about: Any
) -> Drafts:
    """The rows of a record (a mapping or dataclass), each with the cell on which they rest.

    names: part, and what tells the record from others of its part; they start the ids. fields: the
    numbers, each as field, or field:start of its ends, or field:start:field of its p. about:
    further columns; label, n and reason are the record's where it has them. A number that is None
    without a reason has no row.
    """
    return (Draft(row, cell) for row in record_rows(record, names, fields, **about))


def part_of(n: int, whole: int, *families: str) -> Cell:
    """The cell of n out of `whole` persons; families: of the n, then of the rest, where the parts
    and the rests of several groups add up to a published total."""
    sums = zip(families, (n, whole - n), strict=False)
    return Cell((n, whole - n, whole), tuple(sums))


def nested(
    stages: Mapping[str, Mapping[str, Any]],
    names: Sequence[Any],
    fields: str,
    *,
    first: Sequence[str] = (),
    base: str | None = None,
    groups: str | None = None,
    **about: Any,
) -> Drafts:
    """The rows of stages, of which each holds a part of the persons (n) of the one before.

    stages: name -> record. first: those to show where not all may be. base: the stage of which the
    records hold shares. groups: family of the groups of persons whose stages add up to a total.
    """
    family, ranks = measure_id(*names), {stage: rank for rank, stage in enumerate(first)}
    for stage, record in stages.items():
        n = record["n"]
        cell = Cell(
            (n,),
            sums=((f"{groups}/{stage}", n),) if groups else (),
            stage=(family, n, ranks.get(stage, len(ranks))),
            based_on=(measure_id(*names, base),) if base not in (None, stage) else (),
        )
        yield from drafts(record, [*names, stage], fields, cell, **about)


class Record(dict[str, Any]):
    """The rows of one place as one mapping; what was not measured there is None."""

    def __missing__(self, key: str) -> None:
        return None

    def __or__(self, other: Mapping[str, Any]) -> Record:  # type: ignore[override]
        return Record({**self, **other})


def wide(rows: Iterable[Measure], pattern: str) -> list[Record]:
    """The records of the places that fit a pattern: the names that start their ids, "*" for any
    one, such as "participation/barriers/*"."""
    names = ("[^/]*" if name == "*" else re.escape(name) for name in [*pattern.split("/"), "*"])
    form = re.compile("/".join(names))
    return records(row for row in rows if form.fullmatch(row.id))


def records(rows: Iterable[Measure]) -> list[Record]:
    """The rows of each place as one mapping, in the order of the rows.

    Keys: stem (the names that start their ids, as a tuple), the rows' columns (the first that is
    known), and for each measure its value by its name, with _n, _low, _high, _p and _reason after
    the name for the rest.
    """
    found: dict[tuple[str, ...], Record] = {}
    for row in rows:
        stem = tuple(row.id.split("/")[:-1])
        record = found.setdefault(stem, Record({"stem": stem} | dict.fromkeys(ABOUT)))
        for column in ABOUT:
            if record[column] is None:
                record[column] = getattr(row, column)
        if row.measure != "n":  # it stands in its column, as a whole number
            record[row.measure] = row.value
        record |= {row.measure + end: getattr(row, column) for column, end in ENDS.items()}
    keys = dict.fromkeys(key for record in found.values() for key in record)
    return [Record(keys | record) for record in found.values()]


def record_of(rows: Iterable[Measure], place: str) -> Record:
    """The record of one place, as `wide` makes it; empty where nothing was measured there."""
    return next(iter(wide(rows, place)), Record())


def value_at(rows: Iterable[Measure], id: str) -> float | None:
    """The value of the row with this id; None where there is none, or it is hidden."""
    return next((row.value for row in rows if row.id == id), None)


def texts_at(remarks: Iterable[Remark], *names: object) -> list[str]:
    """What is said beside the numbers of one place."""
    return [remark.text for remark in remarks if remark.id == measure_id(*names)]


def record_rows(record: Any, names: Sequence[Any], fields: str, **about: Any) -> Rows:
    """The rows of a record. names: part, and what tells it from others of its part.

    fields: the numbers, each as field, or field:start of its ends, or field:start:field of its p.
    about: further columns; `n` and `reason` are the record's where it has them.
    """
    content = record if isinstance(record, Mapping) else as_plain(record)
    known = {"label": content.get("label"), "n": content.get("n"), "subject": names[-1]} | about
    known["subject"] = None if len(names) == 1 else str(known["subject"])
    reason = known.pop("reason", content.get("reason"))
    unit = known.pop("unit", None)
    for field in fields.split():
        name, ends, p = [*field.split(":"), "", ""][:3]
        value = content.get(name)
        if value is None and not reason:
            continue
        yield Measure(
            id=measure_id(*names, name), part=str(names[0]), measure=name,
            value=None if value is None else float(value),
            low=content.get(f"{ends}_low"), high=content.get(f"{ends}_high"), p=content.get(p),
            unit=UNITS.get(name.rpartition("_")[2]) or (None if name in COUNTED else unit),
            reason=reason if value is None else None, **known,
        )  # fmt: skip


def in_order(rows: Iterable[Measure]) -> tuple[Measure, ...]:
    """The rows in the order of the report's parts, ids made unique: records that nothing tells
    apart are numbered."""
    found: list[Measure] = []
    seen: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: PARTS.index(row.part)):
        again = seen[row.id] = seen.get(row.id, 0) + 1
        found.append(row if again == 1 else dataclasses.replace(row, id=f"{row.id}@{again}"))
    return tuple(found)


def as_plain(record: Any) -> dict[str, Any]:
    """The fields of a dataclass by their names, one level deep."""
    return {f.name: getattr(record, f.name) for f in dataclasses.fields(record)}


def share_interval(whole: int | None, share: float | None) -> dict[str, float]:
    """Wilson's interval of a share of `whole` persons."""
    if not whole or share is None or not math.isfinite(share):
        return {}
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(round(share * whole), whole, method="wilson")
    return {"ci_low": float(low), "ci_high": float(high)}


SMALL_CELL = "small_cell"
DEFAULT_K = 5


def enough(k: int, *persons: int | None) -> bool:
    """Whether each number of persons is 0, which is no one's secret, or at least k. None is no
    number of persons. What a program asks is `Program.enough`."""
    return not any(n is not None and 0 < n < k for n in persons)


def shown_stages(counts: Iterable[int], k: int) -> set[int]:
    """Which numbers of persons of nested stages may be shown, the first of them before the others.

    A difference of a few persons would tell who left at that stage, so a stage is shown only where
    it, and its difference from each shown neighbour, are 0 or at least k.
    """
    shown = [0]
    for n in counts:
        place = bisect_left(shown, n)
        neighbours = shown[max(place - 1, 0) : place + 1]
        if enough(k, *(abs(n - other) for other in neighbours)):
            shown.insert(place, n)
    return set(shown)


def publish(drafts: Iterable[Draft], k: int) -> tuple[tuple[Measure, ...], tuple[Remark, ...]]:
    """Rows and remarks as they may be shown: the one place where measured numbers are hidden.

    A record is hidden where one of its cell's counts is 1 to k-1 persons. Where just one cell of a
    family is hidden, subtraction from the published total would find it, so the next smallest is
    hidden too, and so is what a hidden record could be found from. Nested stages are shown as
    `shown_stages` says. Hidden rows keep what they are about, without numbers, note or conclusion,
    and say "small_cell"; hidden remarks and traceless rows are left out. Derived rows are
    worked out last, from the rows as they may be shown, and stand in their place.
    """
    found = list(drafts)
    cells = {_key(d.row, d.cell): d.cell for d in found if not callable(d.row)}
    hidden = {key for key, cell in cells.items() if not enough(k, *cell.persons)}
    hidden |= _hidden_stages(cells, k)
    families: dict[str, list[tuple[int, Key]]] = {}
    for key, cell in cells.items():
        for family, n in cell.sums:
            families.setdefault(family, []).append((n, key))
    settled = False
    while not settled:
        stems = {stem for stem, _cell in hidden}
        found_from = {
            key for key, cell in cells.items()
            if key not in hidden and not stems.isdisjoint(cell.based_on)
        }  # fmt: skip
        hidden |= found_from
        settled = not found_from
        for members in families.values():  # one by one: what one hides may serve another too
            away = [n for n, key in members if key in hidden and n]
            rest = [(n, key) for n, key in members if key not in hidden and n]
            if rest and (len(away) == 1 or not enough(k, sum(away))):
                hidden.add(min(rest, key=lambda member: member[0])[1])
                settled = False
    kept = [_shown(draft, hidden) for draft in found]
    measured = [row for row in kept if isinstance(row, Measure)]
    rows: list[Measure] = []
    for row in kept:
        if callable(row):
            rows += row(measured)
        elif isinstance(row, Measure):
            rows.append(row)
    return tuple(rows), tuple(row for row in kept if isinstance(row, Remark))


def _shown(draft: Draft, hidden: set[Key]) -> Measure | Remark | Derived | None:
    """What is left of a draft: of a hidden row, what it is about and what its cell keeps.

    A row whose reason is UNPUBLISHED stands only where its record is hidden, so that its absence
    tells nothing.
    """
    row, cell = draft
    if callable(row):
        return row
    gone = _key(row, cell) in hidden
    if isinstance(row, Remark):
        return None if gone else row
    if row.measure == UNPUBLISHED or (cell.traceless if gone else row.reason == UNPUBLISHED):
        return None
    if not gone:
        return row
    away: dict[str, Any] = dict.fromkeys({*NUMBERS, "note", "conclusion"} - set(cell.keeps))
    return dataclasses.replace(row, **away | ({"reason": SMALL_CELL} if "value" in away else {}))


Key = tuple[str, Cell]


def _key(row: Measure | Remark, cell: Cell) -> Key:
    """A record's rows share their cell and the start of their ids."""
    return row.id if isinstance(row, Remark) else row.id.rpartition("/")[0], cell


def _hidden_stages(cells: Mapping[Key, Cell], k: int) -> set[Key]:
    families: dict[str, list[tuple[int, int, Key]]] = {}
    for key, cell in cells.items():
        if cell.stage is not None:
            family, n, rank = cell.stage
            families.setdefault(family, []).append((rank, n, key))
    hidden = set()
    for stages in families.values():
        ranked = sorted(stages, key=lambda stage: stage[0])
        shown = shown_stages([n for _rank, n, _key in ranked], k)
        hidden |= {key for _rank, n, key in stages if n not in shown}
    return hidden


# The numbers of an estimate, each with the start of the names of its ends and its p-value's; the
# last two belong to primary estimates alone.
ESTIMATE_NUMBERS = (
    "estimate:ci:p_value effect_size_g:g_ci std_error df p_adjusted sesoi n_program n_comparison "
    "n_needed"
)
COUNTS = ("n_program", "n_comparison", "n_needed")
# Where a record of its rows has another name for a field of an Effect.
KEYS = {
    "outcome": "subject", "subgroup": "group", "ci_low": "estimate_low",
    "ci_high": "estimate_high", "p_value": "estimate_p", "g_ci_low": "effect_size_g_low",
    "g_ci_high": "effect_size_g_high",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One estimate of one outcome. `unit` is the outcome's; estimates are signed as measured.

    `conclusion` takes the declared direction into account: improved is always good news.
    effect_size_g is signed like the estimate. `n_needed` is the number of persons in all that the
    same design would have needed to find the smallest effect of interest with 80% power. e_value:
    of the interval's nearer limit; lee_lower, lee_upper: bounds whoever was lost; bracketing: the
    estimate given the measure before, with which a difference in differences has to agree;
    interaction_p: of the test that the groups of a variable differ, at the first of them.
    mean_before, mean_after: of the program's persons, unweighted, of those measured at both waves
    where they are linked; mean_comparison: of the other group after, where nobody was measured
    before.
    """

    outcome: str
    label: str
    role: Role
    subgroup: str | None = None
    wave: str
    sesoi: float | None = None
    direction: Literal["higher", "lower"]
    claim: Claim
    level: Level
    design: str
    estimator: str
    estimand: str
    unit: str
    n_program: int | None = None
    n_comparison: int | None = None
    estimate: float | None = None
    std_error: float | None = None
    df: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    effect_size_g: float | None = None
    g_ci_low: float | None = None
    g_ci_high: float | None = None
    conclusion: Conclusion | None = None
    n_needed: int | None = None
    e_value: float | None = None
    lee_lower: float | None = None
    lee_upper: float | None = None
    bracketing: float | None = None
    interaction_p: float | None = None
    mean_before: float | None = None
    mean_after: float | None = None
    mean_comparison: float | None = None
    note: str | None = None
    reason: str | None = None

    @property
    def factor(self) -> int:
        """By which its numbers are shown."""
        return 1

    @property
    def shown_unit(self) -> str:
        """The unit in which its numbers are shown."""
        return self.unit

    @property
    def turned(self) -> tuple[float, float, float] | None:
        """g with its interval, turned so that more is better; None where any is missing."""
        g, low, high = self.effect_size_g, self.g_ci_low, self.g_ci_high
        if g is None or low is None or high is None:
            return None
        return (g, low, high) if self.direction == "higher" else (-g, -high, -low)


def effects_of(rows: Iterable[Measure], role: Role | None = None) -> list[Effect]:
    """The estimates of a measures table in its order; role: those of one role alone."""
    kept = (r for r in rows if r.part == "effects" and r.role and role in (None, r.role))
    return [_effect(record) for record in records(kept)]


def _effect(record: Mapping[str, Any]) -> Effect:
    values: dict[str, Any] = {f.name: record.get(KEYS.get(f.name, f.name)) for f in fields(Effect)}
    whole = {name: int(values[name]) for name in COUNTS if values[name] is not None}
    return Effect(**(values | whole))


def flags_of(rows: Iterable[Measure]) -> dict[str, tuple[str, ...]]:
    """The codes of the threats to each outcome's evidence, in their order."""
    found: dict[str, tuple[str, ...]] = {}
    for row in threats_of(rows):
        found[str(row.subject)] = (*found.get(str(row.subject), ()), row.measure)
    return found


def threats_of(rows: Iterable[Measure]) -> list[Measure]:
    """The rows of the threats to the evidence: measure is its code, note the sentence."""
    return [r for r in rows if r.part == "evidence" and "/threats/" in r.id and r.value is not None]


def ratings_of(rows: Iterable[Measure]) -> dict[str, int]:
    """The rating, 0-5, of each outcome's evidence that is rated."""
    return {
        str(r.subject): int(r.value)
        for r in rows
        if r.part == "evidence" and r.measure == "rating_0_5" and r.value is not None
    }


SCHEMA_VERSION = 2

Decision = Literal["scale_up", "continue", "adjust", "redesign", "insufficient_evidence"]
Agreement = Literal["convergent", "complementary", "divergent", "silent"]


@dataclass(frozen=True, slots=True)
class ProgramInfo:
    id: str
    title: str
    kind: str
    organisation: str
    cycle: str
    period_start: dt.date | None
    period_end: dt.date | None
    series: str | None = None  # alike in all cycles of one program
    reported: dt.date | None = None  # the declared date of the report, else the program's last day
    number: str | None = None
    author: str | None = None
    contact: str | None = None
    logo: str | None = None  # the picture itself, as a data address
    cover: bool = False
    min_evidence_rating: int = 2  # under which words of cause are capped
    shares: tuple[str, ...] = ()  # outcomes whose estimates are differences of shares of persons


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a person that were approved for print. source: where they were said, in words.
    case: None under their theme; else the page of the Success Case Method on which they stand."""

    theme: str
    group: Literal["survey", "interview"]
    source: str
    text: str
    case: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """Words of a document on an indicator of the rubric: cited by a reviewer, with the rating
    given, or else found by the rubric's search words, where a reviewer should look."""

    indicator: str
    label: str
    document: str
    page: str
    text: str
    cited: bool
    rating: float | None = None


@dataclass(frozen=True, slots=True)
class Triangulated:
    """One evaluation question: what each source found (None where it is silent). answer: what
    sources that agree say together."""

    question: str
    survey: str | None
    interview: str | None
    document: str | None
    agreement: Agreement
    explanation: str = ""
    answer: Literal["yes", "no"] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A strength or a weakness. evidence: ids of measures; score: 0-1, a rank."""

    id: str
    statement: str
    evidence: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """reasons: why; certainty: how sure it is; would_change: what would change it. rule: of the
    decision table. evidence: ids of the measures that it rests on. provisional: whether a decision
    was taken on evidence that is too weak to carry it alone."""

    decision: Decision
    reasons: tuple[str, ...]
    rule: str
    evidence: tuple[str, ...] = ()
    certainty: tuple[str, ...] = ()
    would_change: tuple[str, ...] = ()
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Recommendation:
    """addresses: ids of the findings that it answers; score: that of the heaviest of them. watch:
    indicators in words with their values now."""

    id: str
    text: str
    priority: int
    addresses: tuple[str, ...]
    owner: str | None
    due: dt.date | None
    status: str
    score: float = 0.0
    watch: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnText:
    """What the evaluator wrote by hand, as Markdown. chapter: in which it stands; evidence: ids of
    measures; good: of a finding, whether it is a strength; owner, due: of a recommendation."""

    id: str
    kind: Literal["finding", "note", "recommendation"]
    text: str
    chapter: str
    evidence: tuple[str, ...] = ()
    good: bool | None = None
    owner: str | None = None
    due: dt.date | None = None


@dataclass(frozen=True, slots=True)
class FollowUp:
    id: str
    from_cycle: str
    text: str
    status: str
    change: dict[str, Any] | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RuleCount:
    rule: str
    table: str
    n: int


@dataclass(frozen=True, slots=True)
class Quality:
    """left_out: variables that cleaning kept out of a source's table, as "source/variable"."""

    rows_read: int
    rows_kept: int
    changes: tuple[RuleCount, ...]
    problems: tuple[str, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InputFile:
    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Provenance:
    inputs: tuple[InputFile, ...]
    code_version: str
    packages: dict[str, str]
    parameters: dict[str, Any]
    seed: int
    commit: str | None = None  # of this library, with "+" where it was changed since


@dataclass(frozen=True, slots=True)
class Explored:
    """One key of program.yml that an exploration changed: what it declares, and what was used."""

    key: str
    declared: str | float | None
    used: str | float | None


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """What was measured and concluded: all that a report is made from, and all of result.json.

    rows: every number, in the order of their parts. remarks: words beside them. Lists keep a stable
    order: as declared in program.yml.

    explored: None, or what `what_if` changed of the declaration.
    """

    program: ProgramInfo
    rows: tuple[Measure, ...]
    quality: Quality
    provenance: Provenance
    remarks: tuple[Remark, ...] = ()
    quotes: tuple[Quote, ...] = ()
    passages: tuple[Passage, ...] = ()
    triangulation: tuple[Triangulated, ...] = ()
    strengths: tuple[Finding, ...] = ()
    weaknesses: tuple[Finding, ...] = ()
    verdict: Verdict = Verdict("insufficient_evidence", (), "")
    recommendations: tuple[Recommendation, ...] = ()
    follow_up: tuple[FollowUp, ...] = ()
    own_texts: tuple[OwnText, ...] = ()
    explored: tuple[Explored, ...] | None = None


SCHEMA_PATH = Path(__file__).with_name("result.schema.json")


@dataclass(frozen=True, slots=True)
class Texts:
    """What was concluded in words, the words of persons and documents that are printed, and what
    is said beside the numbers."""

    triangulation: tuple[Triangulated, ...]
    strengths: tuple[Finding, ...]
    weaknesses: tuple[Finding, ...]
    recommendations: tuple[Recommendation, ...]
    follow_up: tuple[FollowUp, ...]
    quotes: tuple[Quote, ...]
    passages: tuple[Passage, ...]
    remarks: tuple[Remark, ...]
    own_texts: tuple[OwnText, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The whole of result.json. explored: None, or what `what_if` changed of the declaration."""

    schema_version: int
    program: ProgramInfo
    measures: tuple[Measure, ...]
    texts: Texts
    verdict: Verdict
    quality: Quality
    provenance: Provenance
    explored: tuple[Explored, ...] | None


def document_of(result: EvaluationResult) -> Document:
    """The content of result.json: every number as a row of measures, and what was concluded."""
    texts = {f.name: getattr(result, f.name) for f in dataclasses.fields(Texts)}
    return Document(
        SCHEMA_VERSION, result.program, result.rows, Texts(**texts), result.verdict,
        result.quality, result.provenance, result.explored,
    )  # fmt: skip


def read_result(text: str) -> EvaluationResult:
    """What a result.json of this version says. Raises ValueError where it is none."""
    found = result_reader().validate_json(text)
    texts = {f.name: getattr(found.texts, f.name) for f in dataclasses.fields(Texts)}
    return EvaluationResult(
        found.program, found.measures, found.quality, found.provenance, **texts,
        verdict=found.verdict, explored=found.explored,
    )  # fmt: skip


@cache
def result_reader() -> TypeAdapter[Document]:
    """What reads a result.json; it takes a while to make."""
    return TypeAdapter(Document)


def result_json(result: EvaluationResult) -> str:
    """result.json: fields in the order of their classes, a line for each measure, dates as ISO
    text, numbers unrounded.

    Raises EvaluationError, naming the place, where a number is NaN or infinite: a result that
    could not be computed is null with a reason.
    """
    content = dataclasses.asdict(document_of(result))
    rows = [_written(row, f"/measures/{row['id']}") for row in content["measures"]]
    text = _written(content | {"measures": []}, "", indent=1)
    listed = "[\n  " + ",\n  ".join(rows) + "\n ]" if rows else "[]"
    return text.replace('"measures": []', f'"measures": {listed}', 1) + "\n"


def _written(value: Any, place: str, **how: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain, **how)
    except ValueError as error:
        what = _("a number of the result is not finite")
        remedy = _("report this: what cannot be computed must be null with its reason")
        raise EvaluationError(Problem(what, f"result.json#{place}", remedy)) from error


def _plain(value: Any) -> Any:
    """A date, or a number of numpy, as JSON holds it."""
    return value.isoformat() if isinstance(value, dt.date) else value.item()


def result_schema() -> dict[str, Any]:
    """The JSON Schema that every result.json holds to, made from its classes."""
    schema = result_reader().json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"evaluasi result.json, schema_version {SCHEMA_VERSION}",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def schema_text() -> str:
    """The text of result.schema.json as committed."""
    return json.dumps(result_schema(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    SCHEMA_PATH.write_text(schema_text(), encoding="utf-8")
