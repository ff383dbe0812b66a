"""What a report says, as data: what was measured and what was concluded.

Numbers are unrounded. A number that could not be computed, or may not be shown, is None and
`reason` says why: "small_cell", or a sentence in the report's language. Field names are a contract
with users' scripts: extend them freely, rename none without a new SCHEMA_VERSION and a line in
CHANGELOG.md. Shares are 0-1, `_pct` is 0-100, money is rupiah at the declared price level.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Literal

from evaluasi_lib.measures import Claim, Conclusion, Level, Measure, Remark, Role

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
class Effect:
    """One estimate of one outcome. `unit` is the outcome's; estimates are signed as measured.

    `conclusion` takes the declared direction into account: improved is always good news.
    effect_size_g is signed like the estimate. `n_needed` is the number of persons in all that the
    same design would have needed to find the smallest effect of interest with 80% power.
    """

    outcome: str
    label: str
    role: Role
    subgroup: str | None
    wave: str
    sesoi: float | None
    direction: Literal["higher", "lower"]
    claim: Claim
    level: Level
    design: str
    estimator: str
    estimand: str
    unit: str
    n_program: int | None
    n_comparison: int | None
    estimate: float | None
    std_error: float | None
    df: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    p_adjusted: float | None
    effect_size_g: float | None
    g_ci_low: float | None
    g_ci_high: float | None
    conclusion: Conclusion | None
    ci90_low: float | None = None
    ci90_high: float | None = None
    n_needed: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much the design of one outcome's primary estimate can carry. flags: a code for each of
    the threats, in their order."""

    outcome: str
    design: str
    maryland_sms: int | None
    baseline_max_abs_smd: float | None
    wwc_baseline: str | None
    attrition_overall_share: float | None
    attrition_differential_share: float | None
    mdes: float | None
    rating_0_5: int | None
    threats: tuple[str, ...]
    reason: str | None = None
    flags: tuple[str, ...] = ()


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
class Decided:
    """rule: of the decision table. evidence: ids of the measures that it rests on."""

    decision: Decision
    reasons: tuple[str, ...]
    rule: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict(Decided):
    """table: the decision table in words, for the report. stability: draws, share (of draws with
    the same decision) and hangs_on; None where it would mislead."""

    table: tuple[dict[str, Any], ...] = ()
    stability: dict[str, Any] | None = None


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
    """What was measured and concluded. Lists keep a stable order: as declared in program.yml.

    explored: None, or what `what_if` changed of the declaration.
    """

    program: ProgramInfo
    effects: tuple[Effect, ...]
    evidence: tuple[Evidence, ...]
    triangulation: tuple[Triangulated, ...]
    strengths: tuple[Finding, ...]
    weaknesses: tuple[Finding, ...]
    verdict: Verdict
    recommendations: tuple[Recommendation, ...]
    follow_up: tuple[FollowUp, ...]
    quality: Quality
    provenance: Provenance
    explored: tuple[Explored, ...] | None = None
    rows: tuple[Measure, ...] = ()
    remarks: tuple[Remark, ...] = ()
    quotes: tuple[Quote, ...] = ()
    passages: tuple[Passage, ...] = ()
