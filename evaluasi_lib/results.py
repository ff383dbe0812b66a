"""What a report says, as data: what was measured and what was concluded.

Numbers are unrounded. A number that could not be computed, or may not be shown, is None and
`reason` says why: "small_cell", or a sentence in the report's language. Field names are a contract
with users' scripts: extend them freely, rename none without a new SCHEMA_VERSION and a line in
CHANGELOG.md. Shares are 0-1, `_pct` is 0-100, money is rupiah at the declared price level.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

from evaluasi_lib.measures import Measure, Remark

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
    """One evaluation question: what each source found (None where it is silent)."""

    question: str
    survey: str | None
    interview: str | None
    document: str | None
    agreement: Agreement
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A strength or a weakness. evidence: ids of measures; score: 0-1, a rank."""

    id: str
    statement: str
    evidence: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """rule: of the decision table. evidence: ids of the measures that it rests on."""

    decision: Decision
    reasons: tuple[str, ...]
    rule: str
    evidence: tuple[str, ...] = ()


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
    explored: tuple[Explored, ...] | None = None
