"""What a report says, as data: what was measured and what was concluded.

Numbers are unrounded. A number that could not be computed, or may not be shown, is None and
`reason` says why: "small_cell", or a sentence in the report's language. Field names are a contract
with users' scripts: extend them freely, rename none without a new SCHEMA_VERSION and a line in
CHANGELOG.md. Shares are 0-1, `_pct` is 0-100, money is rupiah at the declared price level.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from evaluasi_lib.measures import Measure, Remark
from evaluasi_lib.wording import EvaluationError, Problem, _

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
