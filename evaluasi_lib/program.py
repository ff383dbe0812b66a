"""What a program is: program.yml as one validated model.

The descriptions of the fields are the documentation: docs/program-yml.md is generated from them,
and a test holds that none is missing. They are messages, so the page exists in both languages.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from evaluasi_lib.wording import LANGUAGES, _

ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]*")


def _check_text(value: str | dict[str, str]) -> str | dict[str, str]:
    if isinstance(value, dict) and (unknown := set(value) - set(LANGUAGES)):
        raise ValueError(
            _("unknown language “{code}”; known: {known}").format(
                code=sorted(unknown)[0], known=", ".join(LANGUAGES)
            )
        )
    return value


def _as_text(value: Any) -> Any:
    """YAML reads `1` and `yes`-like labels as numbers and booleans; labels are text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float, dt.date)) else value


@dataclass(frozen=True, slots=True)
class Names:
    """Marks a text of program.yml that names something declared elsewhere: check.py follows it.

    kind: what it names, a key of check.KNOWN or of check.FILED. types: the kinds of column that fit
    a variable; any that reaches the tables where none is given. of: for a label, the field beside
    it that names its variable; "" where the label stands under the variable's own name.
    """

    kind: str
    types: tuple[str, ...] = ()
    of: str = ""


STAGE = ("flag", "date", "number", "integer")
GROUPING = ("category", "ordinal", "flag", "text", "item", "number", "integer")

Text = Annotated[str | dict[str, str], AfterValidator(_check_text)]
Label = Annotated[str, BeforeValidator(_as_text)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Variable = Annotated[str, Names("variable")]
Grouping = Annotated[str, Names("variable", GROUPING)]
Dose = Annotated[str, Names("variable", ("number", "integer", "item", "ordinal"))]
Stage = Annotated[str, Names("variable", STAGE)]
OpenQuestion = Annotated[str, Names("variable", ("open",))]
OwnDate = Annotated[str, Names("own_variable", ("date",))]
SourceName = Annotated[str, Names("source")]
InstrumentName = Annotated[str, Names("instrument")]
ScaleName = Annotated[str, Names("scale")]
Item = Annotated[str, Names("item")]
Wave = Annotated[str, Names("wave")]
OutcomeId = Annotated[str, Names("outcome")]
Theme = Annotated[str, Names("theme")]
RubricIndicator = Annotated[str, Names("rubric_indicator")]
FileName = Annotated[str, Names("path")]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Period(Model):
    start: dt.date = Field(description="First day of the program.")
    end: dt.date = Field(description="Last day of the program.")

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if self.end < self.start:
            raise ValueError(_("the period ends before it starts"))
        return self


class Objective(Model):
    id: str = Field(description="Short name of the objective.")
    text: Text = Field(description="The objective in words.")
    outcomes: list[OutcomeId] = Field(
        default=[], description="Outcomes that measure this objective."
    )


GroupLabel = Annotated[Label, Names("label", of="variable")]


class GroupRule(Model):
    variable: Grouping = Field(description="Variable that tells the two groups apart.")
    program: list[GroupLabel] = Field(
        description="Values that mean: took part in the program, or was assigned to it."
    )
    comparison: list[GroupLabel] = Field(description="Values that mean: comparison group.")


class Design(Model):
    type: Literal["single_group", "comparison", "randomised"] = Field(
        description="How participants were chosen: one group only, a comparison group, or by lot."
    )
    group: GroupRule | None = Field(
        default=None, description="Which rows belong to the program and which to the comparison."
    )
    cluster: Grouping | None = Field(
        default=None,
        description="Variable that names the unit in which persons resemble each other (agency).",
    )
    covariates: list[Variable] = Field(
        default=[], description="Background variables measured before the program, for adjustment."
    )
    covariate_form: Literal["linear", "spline"] = Field(
        default="linear",
        description=(
            "How numbers among the covariates enter the models: as straight lines, or as natural "
            "splines where the relation bends."
        ),
    )
    attrition: Literal["known", "unknown"] = Field(
        default="known",
        description="Whether it is known who was invited or assigned, so that loss can be counted.",
    )

    @model_validator(mode="before")
    @classmethod
    def _no_staggered(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("type") in ("staggered", "bertahap"):
            raise ValueError(
                _(
                    "a staggered roll-out cannot be evaluated yet: no estimator for it is in this "
                    "workbook, and the ordinary difference in differences is biased when effects "
                    "differ between starting dates. Evaluate each starting group as a program of "
                    "its own with a group that had not started yet"
                )
            )
        return data

    @model_validator(mode="after")
    def _group_fits(self) -> Design:
        if self.type != "single_group" and self.group is None:
            raise ValueError(_("a design with two groups needs the key “group”"))
        return self


Answer = Annotated[Label, Names("answer")]


class Column(Model):
    header: str = Field(
        alias="from", description="Column heading exactly as in the file, or its preset name."
    )
    type: Literal[
        "item", "number", "integer", "text", "category", "ordinal", "date", "flag", "multi",
        "open", "nip", "respondent_code", "name", "email", "phone", "drop",
    ] = Field(
        default="text",
        description=(
            "Kind of content. item: answer on a declared scale; multi: several options; open: free "
            "text, kept apart; nip, respondent_code, name, email, phone: identifiers, which never "
            "leave cleaning as they are; drop: not taken over."
        ),
    )  # fmt: skip
    label: Text | None = Field(default=None, description="Question or name as reports show it.")
    scale: ScaleName | None = Field(default=None, description="Scale of an item, from “scales”.")
    categories: dict[Label, Text] = Field(
        default={},
        description="Allowed values of a category (ordinal: from low to high) and their labels.",
    )
    options: dict[str, Text | list[str]] = Field(
        default={}, description="Options of a multi question: short name and text as in the file."
    )
    separator: str | None = Field(
        default=None, description="What stands between the chosen options of a multi question."
    )
    date_format: str | None = Field(
        default=None, description="Date format such as %d/%m/%Y, where dates could be misread."
    )
    missing: list[Label] = Field(default=[], description="Values that mean: no answer.")
    min: float | None = Field(default=None, description="Smallest possible value.")
    max: float | None = Field(default=None, description="Largest possible value.")
    out_of_range: Literal["error", "missing"] = Field(
        default="error", description="What to do with values outside min and max."
    )
    required: bool = Field(default=False, description="Whether a row without a value is an error.")
    coarsen: list[float] = Field(
        default=[],
        description="Class limits that replace exact values, so that nobody stands out.",
    )
    aliases: dict[Label, Label] = Field(
        default={}, description="Other spellings of a category: as in the file, and its value."
    )
    decimal: Literal[".", ","] | None = Field(
        default=None, description="Decimal sign of a number, where it cannot be told from the file."
    )
    spelling: Literal["golongan", "eselon"] | None = Field(
        default=None,
        description="Brings the many spellings of a grade (golongan) or echelon (eselon) into one.",
    )
    derive: Literal["age", "sex", "tenure"] | None = Field(
        default=None,
        description=(
            "Takes age, sex or years of service at the start of the program from the NIP that "
            "stands in this column."
        ),
    )
    ask_if: dict[Annotated[str, Names("own_variable")], list[Answer]] = Field(
        default={}, description="Skip logic: the question is asked only at these other answers."
    )


class Duplicates(Model):
    keep: Literal["first", "last", "most_complete", "error"] = Field(
        default="error", description="Which of several rows of one person is kept."
    )
    order_by: OwnDate | None = Field(
        default=None, description="Date variable that says which row is first or last."
    )


class Source(Model):
    file: str = Field(description="File name in the program's folder.")
    role: Literal[
        "roster", "survey", "rating", "record", "events", "interviews", "documents", "table"
    ] = Field(
        default="survey",
        description=(
            "What the file is: list of persons, survey, rating by others, administrative record, "
            "log of an e-learning platform, coded interviews, document ratings, other table."
        ),
    )
    preset: Literal["auto", "none", "google_forms", "kobotoolbox", "limesurvey", "moodle"] = Field(
        default="auto", description="Which program exported the file."
    )
    sheet: str | None = Field(default=None, description="Sheet of a workbook; the first if absent.")
    header_row: int = Field(default=1, ge=1, description="Row in which the headings stand.")
    encoding: str | None = Field(default=None, description="Encoding, where it is misread.")
    delimiter: str | None = Field(default=None, description="Column separator, where misread.")
    wave: str | None = Field(
        default=None, description="When it was measured: pre, post, followup, or a name of yours."
    )
    columns: dict[str, Column] = Field(
        default={}, description="Variables: name and where it comes from in the file."
    )
    duplicates: Duplicates = Field(
        default=Duplicates(), description="What to do with several rows of one person."
    )
    finished: OwnDate | None = Field(
        default=None,
        description="Date variable that is empty in unfinished answers, which are then left out.",
    )
    started: OwnDate | None = Field(
        default=None, description="Date variable that says when the answers were begun."
    )
    min_seconds: Positive | None = Field(
        default=None,
        description="Answers given in fewer seconds are marked as impossibly fast (needs started).",
    )
    drop_test_rows: bool = Field(
        default=True, description="Leave out rows such as “tes”, “coba”, “asdf”."
    )
    drop_straight_lining: bool = Field(
        default=False, description="Leave out rows with the same answer to every item."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_columns(cls, data: Any) -> Any:
        """`usia: Usia` is short for `usia: {from: Usia}`."""
        if isinstance(data, dict) and isinstance(data.get("columns"), dict):
            columns = {
                name: {"from": value} if isinstance(value, str) else value
                for name, value in data["columns"].items()
            }
            data = {**data, "columns": columns}
        return data


class Scale(Model):
    labels: list[Label] = Field(default=[], description="Answer labels, from low to high.")
    min: int = Field(default=1, description="Value of the lowest label.")
    points: int | None = Field(
        default=None, ge=2, description="Number of points of a scale whose answers are numbers."
    )
    aliases: dict[Label, Label] = Field(
        default={}, description="Other spellings: as in the file, and the declared label."
    )
    missing: list[Label] = Field(default=[], description="Labels or codes that mean: no answer.")

    @model_validator(mode="after")
    def _has_points(self) -> Scale:
        if not self.labels and self.points is None:
            raise ValueError(_("a scale needs “labels” or “points”"))
        return self

    @property
    def n_points(self) -> int:
        return self.points or len(self.labels)

    @property
    def max(self) -> int:
        return self.min + self.n_points - 1


class Instrument(Model):
    label: Text = Field(description="Name of the instrument as reports show it.")
    scale: ScaleName = Field(description="Scale of its items, from “scales”.")
    items: list[Annotated[str, Names("variable", ("item",))]] = Field(
        description="Variables of its items."
    )
    reversed: list[Item] = Field(
        default=[], description="Items whose agreement means less; they are turned round once."
    )
    dimensions: dict[str, list[Item]] = Field(
        default={}, description="Dimensions of the instrument and their items."
    )
    level: Literal["reaction", "learning", "behaviour", "results"] | None = Field(
        default=None, description="Kirkpatrick level that it measures."
    )
    min_answered_share: Share = Field(
        default=2 / 3, description="Share of items that must be answered for a score."
    )
    index: Literal["ikm", "nps", "ip_asn", "skp", "jpm"] | None = Field(
        default=None, description="Official or known index that these items form."
    )
    importance: InstrumentName | None = Field(
        default=None, description="Instrument that asks how important the same items are (IPA)."
    )
    required_level: Variable | None = Field(
        default=None, description="Variable with the level that the job requires (JPM)."
    )


# The estimators of scoring/impact/plans.py, which a test holds to be these.
Estimator = Literal[
    "difference", "adjusted", "ancova", "did", "drdid", "did_repeated", "drdid_repeated", "aipw",
    "ipw", "paired", "waves", "superiority", "net_rise", "attrition_weighted", "raked",
    "dose_response",
]  # fmt: skip


class Outcome(Model):
    id: str = Field(description="Short name of the outcome.")
    label: Text = Field(description="Name of the outcome as reports show it.")
    level: Literal["reaction", "learning", "behaviour", "results"] = Field(
        description="Kirkpatrick level: reaction, learning, behaviour or results."
    )
    instrument: InstrumentName | None = Field(
        default=None, description="Instrument whose score it is."
    )
    variable: Variable | None = Field(
        default=None, description="Variable, where no instrument is used."
    )
    source: SourceName | None = Field(
        default=None, description="Source, where several of one wave hold the variable."
    )
    wave: Wave = Field(default="post", description="Wave at which the outcome is read.")
    baseline_wave: Wave | None = Field(default=None, description="Wave before the program.")
    baseline_variable: Variable | None = Field(
        default=None, description="Variable before the program, where it has a name of its own."
    )
    scale_type: Literal["continuous", "binary", "ordinal"] = Field(
        default="continuous", description="Kind of measure."
    )
    success: list[Annotated[Label, Names("label", of="variable")]] = Field(
        default=[],
        description=(
            "Values of a binary outcome that count as 1, all others as 0. Needed wherever the "
            "variable is neither a flag (true counts as 1) nor a number that is 0 or 1."
        ),
    )
    unit: Text = Field(description="Unit in words, for example points on a scale of 1-5.")
    direction: Literal["higher", "lower"] = Field(
        default="higher", description="Which way is better."
    )
    sesoi: Positive | None = Field(
        default=None,
        description=(
            "Smallest effect of interest, in the outcome's unit (an ordinal outcome: a share of "
            "persons, 0-1), declared before results are seen."
        ),
    )
    estimator: Estimator | None = Field(
        default=None,
        description="Primary estimator, where another than the design's own is meant.",
    )
    decisive: bool = Field(default=True, description="Whether the verdict rests on it.")
    dose: Dose | None = Field(
        default=None,
        description="Number of hours or modules a person received, to see whether more helps more.",
    )
    subgroups: list[Grouping] = Field(
        default=[], description="Variables whose groups are compared, declared beforehand."
    )

    @model_validator(mode="after")
    def _one_measure(self) -> Outcome:
        if (self.instrument is None) == (self.variable is None):
            raise ValueError(_("an outcome needs either “instrument” or “variable”"))
        return self


class BarrierQuestion(Model):
    source: SourceName = Field(description="Source that holds the question.")
    variable: Annotated[str, Names("own_variable", ("multi",))] = Field(
        description="Multi question on barriers."
    )


class ParticipationPlan(Model):
    invited: Stage | None = Field(default=None, description="Flag: was invited.")
    enrolled: Stage | None = Field(default=None, description="Flag: enrolled.")
    started: Stage | None = Field(default=None, description="Flag or date: started.")
    completed: Stage | None = Field(default=None, description="Flag or date: completed.")
    dropout_reason: Grouping | None = Field(default=None, description="Category: why it was left.")
    barriers: BarrierQuestion | None = Field(default=None, description="Question on barriers.")
    drivers: list[Annotated[str, Names("background")]] = Field(
        default=[], description="Variables that may explain who completes, declared beforehand."
    )
    motivation: InstrumentName | None = Field(
        default=None, description="Instrument that measures motivation."
    )
    groups: list[Grouping] = Field(
        default=[], description="Variables by which barriers and access are compared."
    )


class ElearningPlan(Model):
    events: Annotated[str, Names("events_source")] = Field(
        description="Source with the log of the platform."
    )
    modules: dict[str, Text] = Field(
        default={}, description="Modules in their order: name in the log and label."
    )
    session_gap_minutes: Positive = Field(
        default=30, description="A pause longer than this starts a new session."
    )
    time_zone: str = Field(
        default="Asia/Jakarta", description="Time zone where a learner's own is not known."
    )
    time_zone_variable: Grouping | None = Field(
        default=None, description="Variable with the learner's zone: WIB, WITA or WIT."
    )
    work_hours: tuple[str, str] = Field(
        default=("07:30", "16:00"), description="Office hours, Monday to Friday."
    )
    group: Grouping | None = Field(default=None, description="Variable whose groups are compared.")


class CostItem(Model):
    category: str = Field(description="Short name of the cost category.")
    label: Text | None = Field(default=None, description="Category as reports show it.")
    planned_idr: float | None = Field(default=None, ge=0, description="Planned, in rupiah.")
    realised_idr: float = Field(ge=0, description="Realised, in rupiah.")


class ParticipantTime(Model):
    hours: Positive = Field(description="Working hours that one participant spent.")
    hourly_idr: Positive = Field(description="Cost of one working hour, in rupiah.")


class Benefit(Model):
    label: Text = Field(description="The benefit in words.")
    outcome: OutcomeId | None = Field(default=None, description="Outcome whose effect is valued.")
    value_per_unit_idr: float = Field(description="Value of one unit per person and year.")
    isolation: Literal["comparison_group", "trend", "participant_estimate"] = Field(
        description=(
            "How the program's part was isolated from other causes. With trend nothing is counted: "
            "no trend is estimated that could be subtracted."
        )
    )
    confidence_share: Share = Field(default=1, description="Confidence in the estimate (0-1).")


class Costs(Model):
    price_year: int = Field(description="Year of the prices.")
    items: list[CostItem] = Field(description="Costs by category.")
    participant_time: ParticipantTime | None = Field(
        default=None, description="Participants' working time, where costs are fully loaded."
    )
    training_hours_jp: Positive | None = Field(
        default=None, description="Training hours (JP) of one participant."
    )
    benefits: list[Benefit] = Field(default=[], description="Benefits valued in money.")


class VoicesPlan(Model):
    open_answers: list[OpenQuestion] = Field(
        default=[], description="Open questions whose themes count."
    )
    asks: dict[OpenQuestion, Annotated[str, Names("codebook_theme")]] = Field(
        default={},
        description=(
            "Open questions that themselves set a theme: variable and theme, such as "
            "“baik: berhasil” where participants were asked what was good."
        ),
    )
    codebook: FileName | None = Field(
        default=None, description="Codebook file of your own; the workbook's own if absent."
    )
    modules_question: OpenQuestion | None = Field(
        default=None, description="Open question that asks which modules are wanted."
    )
    interviews: FileName | None = Field(default=None, description="File with coded interviews.")
    transcripts: FileName | None = Field(default=None, description="Folder with transcripts.")
    documents: FileName | None = Field(default=None, description="Folder with documents.")
    rubric: FileName | None = Field(default=None, description="File with the rubric for documents.")
    document_ratings: FileName | None = Field(
        default=None, description="File with reviewers' ratings."
    )
    quotes: FileName | None = Field(
        default=None, description="File with quotes and their approval; kutipan.csv if absent."
    )
    manual_codes: FileName | None = Field(
        default=None, description="File with answers coded by hand; kode_manual.csv if absent."
    )


class Question(Model):
    id: str = Field(description="Short name of the evaluation question.")
    text: Text = Field(description="The question in words.")
    outcome: OutcomeId | None = Field(
        default=None, description="Outcome by which the survey answers."
    )
    barrier: Annotated[str, Names("barrier")] | None = Field(
        default=None, description="Barrier by which the survey answers."
    )
    themes: list[Theme] = Field(default=[], description="Themes by which voices answer.")
    indicators: list[RubricIndicator] = Field(
        default=[], description="Rubric indicators that answer."
    )
    counter_themes: list[Theme] = Field(
        default=[], description="Themes that speak for the answer no."
    )
    counter_indicators: list[RubricIndicator] = Field(
        default=[], description="Rubric indicators whose evidence speaks for the answer no."
    )


class EarlierRecommendation(Model):
    id: str = Field(description="Short name of the recommendation.")
    from_cycle: Label = Field(description="Cycle in which it was made.")
    text: Text = Field(description="What was recommended.")
    owner: str | None = Field(default=None, description="Unit that promised to do it.")
    due: dt.date | None = Field(default=None, description="When it was due.")
    status: Literal["done", "partly", "not_done", "dropped"] = Field(description="Where it stands.")
    indicator: Annotated[str, Names("result")] | None = Field(
        default=None,
        description="Indicator to compare with the earlier cycle, such as scales/kepuasan/mean.",
    )


class Thresholds(Model):
    max_cost_per_completer_idr: Positive | None = Field(
        default=None, description="Highest acceptable cost per completer, in rupiah."
    )
    min_evidence_rating: int = Field(
        default=2, ge=0, le=5, description="Evidence rating under which words are capped."
    )
    min_completion_share: Share = Field(
        default=0.7, description="Completion share under which participation is a weakness."
    )
    min_alpha: Share = Field(default=0.7, description="Lowest acceptable reliability.")
    barrier_share: Share = Field(
        default=0.3, description="Share from which a barrier is a weakness."
    )
    demand_share: Share = Field(
        default=0.2, description="Share from which a wanted module is proposed."
    )
    min_improved_share: Share = Field(
        default=0.6,
        description="Share of the decisive outcomes that must improve for the program to continue.",
    )
    min_scale_up_rating: int = Field(
        default=3, ge=0, le=5, description="Lowest evidence rating with which to scale up."
    )
    min_bcr: float = Field(
        default=1, ge=0, description="Lowest acceptable benefit-cost ratio, where it is declared."
    )


class Privacy(Model):
    min_cell: int = Field(
        default=5, ge=2, description="Numbers of fewer persons than this are not shown."
    )


class Program(Model):
    """program.yml."""

    id: str = Field(description="Identifier; the same as the folder's name.")
    title: Text = Field(description="Name of the program.")
    kind: Literal["leadership", "elearning", "mentoring", "technical", "employment", "other"] = (
        Field(description="Kind of program.")
    )
    organisation: Text = Field(description="Agency that runs the program.")
    cycle: Label = Field(description="Cycle or year.")
    series: str | None = Field(
        default=None, description="Name that the cycles of one program share, for follow-up."
    )
    synthetic: bool = Field(
        default=False, description="Whether the data are made up; every report then says so."
    )
    period: Period | None = Field(default=None, description="When the program ran.")
    description: Text | None = Field(default=None, description="What the program is, in words.")
    objectives: list[Objective] = Field(default=[], description="What it was to achieve.")
    design: Design = Field(description="How the effect can be known.")
    link: Literal["nip", "respondent_code", "anonymous"] = Field(
        description="How the sources can be linked: by NIP, by a respondent's own code, not at all."
    )
    roster: SourceName | None = Field(
        default=None, description="Source that lists the persons with their background."
    )
    sources: dict[str, Source] = Field(description="The files and what is in them.")
    scales: dict[str, Scale] = Field(default={}, description="Answer scales.")
    instruments: dict[str, Instrument] = Field(default={}, description="Sets of items.")
    outcomes: list[Outcome] = Field(default=[], description="What is to change.")
    multiplicity: Literal["holm", "bh", "none"] = Field(
        default="holm", description="Adjustment of p-values over the primary estimates."
    )
    participation: ParticipationPlan | None = Field(
        default=None, description="Who takes part and what holds people back."
    )
    elearning: ElearningPlan | None = Field(default=None, description="Use of the platform.")
    costs: Costs | None = Field(default=None, description="Costs and benefits.")
    voices: VoicesPlan | None = Field(
        default=None, description="Open answers, interviews, documents."
    )
    questions: list[Question] = Field(
        default=[], description="Evaluation questions for the comparison of the sources."
    )
    population: dict[Grouping, dict[Annotated[Label, Names("label")], Positive]] = Field(
        default={}, description="Population numbers by variable and value, for weights."
    )
    standards: dict[str, Any] = Field(
        default={},
        description="Numbers that replace those of scoring/standards.yml, under the same keys.",
    )
    thresholds: Thresholds = Field(default=Thresholds(), description="Limits for the verdict.")
    earlier_recommendations: list[EarlierRecommendation] = Field(
        default=[], description="What earlier cycles recommended."
    )
    privacy: Privacy = Field(default=Privacy(), description="Rules for small numbers.")
    seed: int = Field(default=20250101, description="Seed of everything that is drawn at random.")

    def outcome(self, outcome_id: str) -> Outcome:
        return next(o for o in self.outcomes if o.id == outcome_id)
