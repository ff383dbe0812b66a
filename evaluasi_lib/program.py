"""What a program is: program.yml as one validated model.

The text below each field is its documentation: docs/program-yml.md is generated from it, and a test
holds that none is missing. These texts are messages, so the page exists in both languages.
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

from evaluasi_lib import measures
from evaluasi_lib.wording import LANGUAGES, _, count

ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]*")
RESERVED = re.compile(r"(?i:con|prn|aux|nul|(com|lpt)[0-9])")  # Windows keeps them for devices
NO_NAME = re.compile(r"[\x00-\x1f/\\]|^[. ]|[. ]$")
NO_FILE = re.compile(r"""[:*?"<>|]""")
MAX_NAME = 100  # characters
MAX_TEXT = 10_000
# Signs that nobody sees and that change what is seen: control characters, directions of writing.
UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _check_text(value: str | dict[str, str]) -> str | dict[str, str]:
    if isinstance(value, dict) and (unknown := set(value) - set(LANGUAGES)):
        raise ValueError(
            _("unknown language “{code}”; known: {known}").format(
                code=sorted(unknown)[0], known=", ".join(LANGUAGES)
            )
        )
    texts = [value] if isinstance(value, str) else list(value.values())
    if max(map(len, texts), default=0) > MAX_TEXT:
        raise ValueError(_("the text is longer than {n} characters").format(n=count(MAX_TEXT)))
    if isinstance(value, str):
        return UNSEEN.sub("", value)
    return {code: UNSEEN.sub("", text) for code, text in value.items()}


def _check_name(value: str) -> str:
    """A name that becomes a column, or an address within a page."""
    if not value or len(value) > MAX_NAME or NO_NAME.search(value):
        text = _("a name holds no sign that file names cannot have, nor more than {n} signs")
        raise ValueError(text.format(n=MAX_NAME))
    return value


def _check_file_stem(value: str) -> str:
    """A name that becomes that of a file too, on any system."""
    if NO_FILE.search(value) or RESERVED.fullmatch(value):
        raise ValueError(_("Windows allows no file of this name"))
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


IDENTIFIERS = ("nip", "respondent_code", "name", "email", "phone")
SURVEYS = ("survey", "rating")  # roles of files whose columns were asked of somebody
STAGE = ("flag", "date", "number", "integer")
GROUPING = ("category", "ordinal", "flag", "text", "item", "number", "integer")

Name = Annotated[str, AfterValidator(_check_name)]
FileStem = Annotated[Name, AfterValidator(_check_file_stem)]
ProgramKind = Literal["leadership", "elearning", "mentoring", "technical", "employment", "other"]
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
Module = Annotated[str, Names("module")]
Theme = Annotated[str, Names("theme")]
RubricIndicator = Annotated[str, Names("rubric_indicator")]
FileName = Annotated[str, Names("path")]


class Model(BaseModel):
    """A part of a declaration; the text below a field says what the field means."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Period(Model):
    start: dt.date
    """First day of the program."""
    end: dt.date
    """Last day of the program."""

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if self.end < self.start:
            raise ValueError(_("the period ends before it starts"))
        return self


class Objective(Model):
    id: Name
    """Short name of the objective."""
    text: Text
    """The objective in words."""
    outcomes: list[OutcomeId] = []
    """Outcomes that measure this objective."""


GroupLabel = Annotated[Label, Names("label", of="variable")]


class GroupRule(Model):
    variable: Grouping
    """Variable that tells the two groups apart."""
    program: list[GroupLabel]
    """Values that mean: took part in the program, or was assigned to it."""
    comparison: list[GroupLabel]
    """Values that mean: comparison group."""


class Design(Model):
    type: Literal["single_group", "comparison", "randomised"]
    """How participants were chosen: one group only, a comparison group, or by lot."""
    group: GroupRule | None = None
    """Which rows belong to the program and which to the comparison."""
    cluster: Grouping | None = None
    """Variable that names the unit in which persons resemble each other (agency)."""
    covariates: list[Variable] = []
    """Background variables measured before the program, for adjustment."""
    covariate_form: Literal["linear", "spline"] = "linear"
    """How numbers among the covariates enter the models: as straight lines, or as natural splines
    where the relation bends."""
    attrition: Literal["known", "unknown"] = "known"
    """Whether it is known who was invited or assigned, so that loss can be counted."""

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


Answer = Annotated[Label, Names("answer")]


class Column(Model):
    header: str = Field(alias="from")
    """Column heading exactly as in the file, or its preset name."""
    type: Literal[
        "item", "number", "integer", "text", "category", "ordinal", "date", "flag", "multi",
        "open", "nip", "respondent_code", "name", "email", "phone", "drop",
    ] = "text"  # fmt: skip
    """Kind of content. item: answer on a declared scale; multi: several options; open: free text,
    kept apart; nip, respondent_code, name, email, phone: identifiers, which never leave cleaning as
    they are; drop: not taken over."""
    label: Text | None = None
    """Question or name as reports show it."""
    scale: ScaleName | None = None
    """Scale of an item, from “scales”."""
    categories: dict[Label, Text] = {}
    """Allowed values of a category (ordinal: from low to high) and their labels."""
    options: dict[Name, Text | list[str]] = {}
    """Options of a multi question: short name and text as in the file; where each option has a
    column of its own, that column's heading too."""
    separator: str | None = None
    """What stands between the chosen options of a multi question."""
    date_format: str | None = None
    """Date format such as %d/%m/%Y, where dates could be misread."""
    missing: list[Label] = []
    """Values that mean: no answer."""
    min: float | None = None
    """Smallest possible value."""
    max: float | None = None
    """Largest possible value."""
    out_of_range: Literal["error", "missing"] = "error"
    """What to do with values outside min and max."""
    required: bool = False
    """Whether a row without a value is an error."""
    coarsen: list[float] = []
    """Class limits that replace exact values, so that nobody stands out."""
    aliases: dict[Label, Label] = {}
    """Other spellings of a category: as in the file, and its value."""
    decimal: Literal[".", ","] | None = None
    """Decimal sign of a number, where it cannot be told from the file."""
    spelling: Literal["golongan", "eselon"] | None = None
    """Brings the many spellings of a grade (golongan) or echelon (eselon) into one."""
    derive: Literal["age", "sex", "tenure"] | None = None
    """Takes age, sex or years of service at the start of the program from the NIP that stands in
    this column."""
    ask_if: dict[Annotated[str, Names("own_variable")], list[Answer]] = {}
    """Skip logic: the question is asked only at these other answers."""


class Duplicates(Model):
    keep: Literal["first", "last", "most_complete", "error"] = "error"
    """Which of several rows of one person is kept."""
    order_by: OwnDate | None = None
    """Date variable that says which row is first or last."""


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Values = Annotated[list[Label], BeforeValidator(_as_list)]


class WaveFrom(Model):
    column: str
    """Column heading exactly as in the file, or the variable that stands in it."""
    waves: dict[Label, Name] = Field(min_length=1)
    """Values of the column and the wave that each means, such as 2023: pre, 2024: post."""


class RowRule(Model):
    column: str
    """Column heading exactly as in the file, or the variable that stands in it."""
    is_: Values = Field(default=[], alias="is")
    """Rows with one of these values are kept, all others left out; "" means a blank cell."""
    is_not: Values = []
    """Rows with one of these values are left out, all others kept."""
    reason: Text | None = None
    """Why, as the report tells it."""

    @model_validator(mode="after")
    def _one_rule(self) -> RowRule:
        if bool(self.is_) == bool(self.is_not):
            raise ValueError(_("a rule about rows needs either “is” or “is_not”"))
        return self


class Source(Model):
    file: str
    """File name in the program's folder."""
    role: Literal[
        "roster", "survey", "rating", "record", "events", "interviews", "documents", "table"
    ] = "survey"
    """What the file is: list of persons, survey, rating by others, administrative record, log of an
    e-learning platform, coded interviews, document ratings, other table."""
    preset: Literal[
        "auto", "none", "google_forms", "kobotoolbox", "limesurvey", "moodle", "qualtrics",
        "surveymonkey",
    ] = "auto"  # fmt: skip
    """Which program exported the file."""
    sheet: str | None = None
    """Sheet of a workbook; the first if absent."""
    header_row: int = Field(default=1, ge=1)
    """Row in which the headings stand, or the first of them."""
    header_rows: int = Field(default=1, ge=1, le=5)
    """Rows that the headings take. A heading above several columns (a merged cell) is joined with
    those below it: “Materi” above “Relevan” is “Materi [Relevan]”."""
    skip_rows: int = Field(default=0, ge=0)
    """Rows between the headings and the first answer, such as the numbers of the columns."""
    footer_rows: int = Field(default=0, ge=0)
    """Rows at the end that are no answers: sums, means, place and date, signatures."""
    encoding: str | None = None
    """Encoding, where it is misread."""
    delimiter: str | None = None
    """Column separator, where misread."""
    wave: str | None = None
    """When it was measured: pre, post, followup, or a name of yours."""
    wave_from: WaveFrom | None = None
    """Column that says when each row was measured, where one file holds several waves. The source
    then stands for one source for each wave, named after both, such as survei_pre."""
    group: Literal["program", "comparison"] | None = None
    """Group to which every row belongs, where the file holds the persons of one group alone."""
    rows: list[RowRule] = []
    """Which rows of the file are taken; those left out are counted. Single rows and persons are
    left out by the file keluarkan.csv: source, row, scope (row or person), reason, who."""
    columns: dict[Name, Column] = {}
    """Variables: name and where it comes from in the file."""
    duplicates: Duplicates = Duplicates()
    """What to do with several rows of one person."""
    finished: Annotated[str, Names("own_variable", ("date", "flag"))] | None = None
    """Date variable that is empty, or flag that is false, in unfinished answers, which are then
    left out."""
    started: OwnDate | None = None
    """Date variable that says when the answers were begun."""
    min_seconds: Positive | None = None
    """Answers given in fewer seconds are marked as impossibly fast (needs started)."""
    drop_test_rows: bool = True
    """Leave out rows such as “tes”, “coba”, “asdf”."""
    drop_straight_lining: bool = False
    """Leave out rows with the same answer to every item."""

    @property
    def rows_above(self) -> int:
        """Rows above the first answer."""
        return self.header_row - 1 + self.header_rows + self.skip_rows

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

    @model_validator(mode="after")
    def _one_wave(self) -> Source:
        if self.wave is not None and self.wave_from is not None:
            raise ValueError(_("a source needs either “wave” or “wave_from”"))
        return self


class Scale(Model):
    labels: list[Label] = []
    """Answer labels, from low to high."""
    min: int = 1
    """Value of the lowest label."""
    points: int | None = Field(default=None, ge=2)
    """Number of points of a scale whose answers are numbers."""
    aliases: dict[Label, Label] = {}
    """Other spellings: as in the file, and the declared label."""
    missing: list[Label] = []
    """Labels or codes that mean: no answer."""

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
    label: Text
    """Name of the instrument as reports show it."""
    scale: ScaleName
    """Scale of its items, from “scales”."""
    items: list[Annotated[str, Names("variable", ("item",))]]
    """Variables of its items."""
    reversed: list[Item] = []
    """Items whose agreement means less; they are turned round once."""
    dimensions: dict[Name, list[Item]] = {}
    """Dimensions of the instrument and their items."""
    level: Literal["reaction", "learning", "behaviour", "results"] | None = None
    """Kirkpatrick level that it measures."""
    min_answered_share: Share = 2 / 3
    """Share of items that must be answered for a score."""
    index: Literal["ikm", "nps", "ip_asn", "skp", "jpm"] | None = None
    """Official or known index that these items form."""
    importance: InstrumentName | None = None
    """Instrument that asks how important the same items are (IPA)."""
    required_level: Variable | None = None
    """Variable with the level that the job requires (JPM)."""


# The estimators of scoring/designs.py, which a test holds to be these.
Estimator = Literal[
    "difference", "adjusted", "ancova", "did", "drdid", "did_repeated", "drdid_repeated", "aipw",
    "ipw", "paired", "waves", "superiority", "net_rise", "attrition_weighted", "raked",
    "dose_response",
]  # fmt: skip


class Outcome(Model):
    id: Name
    """Short name of the outcome."""
    label: Text
    """Name of the outcome as reports show it."""
    level: Literal["reaction", "learning", "behaviour", "results"]
    """Kirkpatrick level: reaction, learning, behaviour or results."""
    instrument: InstrumentName | None = None
    """Instrument whose score it is."""
    variable: Variable | None = None
    """Variable, where no instrument is used."""
    source: SourceName | None = None
    """Source, where several of one wave hold the variable."""
    wave: Wave = "post"
    """Wave at which the outcome is read."""
    baseline_wave: Wave | None = None
    """Wave before the program."""
    baseline_variable: Variable | None = None
    """Variable before the program, where it has a name of its own."""
    baseline_instrument: InstrumentName | None = None
    """Instrument before the program, where its items have names of their own."""
    retrospective: bool | None = None
    """Whether the measure before was asked after the program, from memory (retrospective
    pre-test): “how was it before the program?”. Must be said where one survey asked both."""
    scale_type: Literal["continuous", "binary", "ordinal"] = "continuous"
    """Kind of measure."""
    success: list[Annotated[Label, Names("label", of="variable")]] = []
    """Values of a binary outcome that count as 1, all others as 0. Needed wherever the variable is
    neither a flag (true counts as 1) nor a number that is 0 or 1."""
    unit: Text
    """Unit in words, for example points on a scale of 1-5."""
    direction: Literal["higher", "lower"] = "higher"
    """Which way is better."""
    sesoi: Positive | None = None
    """Smallest effect of interest, in the outcome's unit (an ordinal outcome: a share of persons,
    0-1), declared before results are seen."""
    estimator: Estimator | None = None
    """Primary estimator, where another than the design's own is meant."""
    decisive: bool = True
    """Whether the verdict rests on it."""
    dose: Dose | None = None
    """Number of hours or modules a person received, to see whether more helps more."""
    subgroups: list[Grouping] = []
    """Variables whose groups are compared, declared beforehand."""

    @model_validator(mode="after")
    def _one_measure(self) -> Outcome:
        if (self.instrument is None) == (self.variable is None):
            raise ValueError(_("an outcome needs either “instrument” or “variable”"))
        if (self.baseline_variable or self.baseline_instrument) is not None:
            if self.instrument is None and self.baseline_instrument is not None:
                raise ValueError(_("“baseline_instrument” belongs to an outcome of an instrument"))
            if self.variable is None and self.baseline_variable is not None:
                raise ValueError(_("“baseline_variable” belongs to an outcome of a variable"))
        elif self.retrospective and self.baseline_wave is None:
            raise ValueError(
                _("“retrospective” needs “baseline_variable” or “baseline_instrument”")
            )
        return self

    @property
    def has_baseline(self) -> bool:
        """Whether it was measured before, in whatever way."""
        before = (self.baseline_wave, self.baseline_variable, self.baseline_instrument)
        return any(name is not None for name in before)


class BarrierQuestion(Model):
    source: SourceName
    """Source that holds the question."""
    variable: Annotated[str, Names("own_variable", ("multi",))]
    """Multi question on barriers."""


class ParticipationPlan(Model):
    invited: Stage | None = None
    """Flag: was invited."""
    enrolled: Stage | None = None
    """Flag: enrolled."""
    started: Stage | None = None
    """Flag or date: started."""
    completed: Stage | None = None
    """Flag or date: completed."""
    dropout_reason: Grouping | None = None
    """Category: why it was left."""
    barriers: BarrierQuestion | None = None
    """Question on barriers."""
    drivers: list[Annotated[str, Names("background")]] = []
    """Variables that may explain who completes, declared beforehand."""
    motivation: InstrumentName | None = None
    """Instrument that measures motivation."""
    groups: list[Grouping] = []
    """Variables by which barriers and access are compared."""


class ElearningPlan(Model):
    events: Annotated[str, Names("events_source")]
    """Source with the log of the platform."""
    modules: dict[str, Text] = {}
    """Modules in their order: name in the log and label."""
    order: Literal["fixed", "free"] | None = None
    """Whether each module is opened after the one before it (fixed), or all in any order (free),
    in which case no funnel is drawn; if absent, the log says."""
    optional: list[Module] = []
    """Modules that nobody has to open, which are no stages of the funnel."""
    session_gap_minutes: Positive = 30
    """A pause longer than this starts a new session."""
    time_zone: str = "Asia/Jakarta"
    """Time zone where a learner's own is not known."""
    time_zone_variable: Grouping | None = None
    """Variable with the learner's zone: WIB, WITA or WIT."""
    work_hours: tuple[str, str] = ("07:30", "16:00")
    """Office hours, Monday to Friday."""
    group: Grouping | None = None
    """Variable whose groups are compared."""


class CostItem(Model):
    category: str
    """Short name of the cost category."""
    label: Text | None = None
    """Category as reports show it."""
    planned_idr: float | None = Field(default=None, ge=0)
    """Planned, in rupiah."""
    realised_idr: float = Field(ge=0)
    """Realised, in rupiah."""


class ParticipantTime(Model):
    hours: Positive
    """Working hours that one participant spent."""
    hourly_idr: Positive
    """Cost of one working hour, in rupiah."""


class Benefit(Model):
    label: Text
    """The benefit in words."""
    outcome: OutcomeId | None = None
    """Outcome whose effect is valued."""
    value_per_unit_idr: float
    """Value of one unit per person and year."""
    isolation: Literal["comparison_group", "trend", "participant_estimate"]
    """How the program's part was isolated from other causes. With trend nothing is counted: no
    trend is estimated that could be subtracted."""
    confidence_share: Share = 1
    """Confidence in the estimate (0-1)."""


class Costs(Model):
    price_year: int
    """Year of the prices."""
    items: list[CostItem]
    """Costs by category."""
    participant_time: ParticipantTime | None = None
    """Participants' working time, where costs are fully loaded."""
    training_hours_jp: Positive | None = None
    """Training hours (JP) of one participant."""
    benefits: list[Benefit] = []
    """Benefits valued in money."""


class VoicesPlan(Model):
    open_answers: list[OpenQuestion] = []
    """Open questions whose themes count."""
    asks: dict[OpenQuestion, Annotated[str, Names("codebook_theme")]] = {}
    """Open questions that themselves set a theme: variable and theme, such as “baik: berhasil”
    where participants were asked what was good."""
    codebook: FileName | None = None
    """Codebook file of your own; the workbook's own if absent."""
    modules_question: OpenQuestion | None = None
    """Open question that asks which modules are wanted."""
    interviews: FileName | None = None
    """File with coded interviews."""
    transcripts: FileName | None = None
    """Folder with transcripts."""
    documents: FileName | None = None
    """Folder with documents."""
    rubric: FileName | None = None
    """File with the rubric for documents."""
    document_ratings: FileName | None = None
    """File with reviewers' ratings."""
    quotes: FileName | None = None
    """File with quotes and their approval; kutipan.csv if absent."""
    manual_codes: FileName | None = None
    """File with answers coded by hand; kode_manual.csv if absent."""


class Question(Model):
    id: Name
    """Short name of the evaluation question."""
    text: Text
    """The question in words."""
    outcome: OutcomeId | None = None
    """Outcome by which the survey answers."""
    barrier: Annotated[str, Names("barrier")] | None = None
    """Barrier by which the survey answers."""
    themes: list[Theme] = []
    """Themes by which voices answer."""
    indicators: list[RubricIndicator] = []
    """Rubric indicators that answer."""
    counter_themes: list[Theme] = []
    """Themes that speak for the answer no."""
    counter_indicators: list[RubricIndicator] = []
    """Rubric indicators whose evidence speaks for the answer no."""


class EarlierRecommendation(Model):
    id: Name
    """Short name of the recommendation."""
    from_cycle: Label
    """Cycle in which it was made."""
    text: Text
    """What was recommended."""
    owner: str | None = None
    """Unit that promised to do it."""
    due: dt.date | None = None
    """When it was due."""
    status: Literal["done", "partly", "not_done", "dropped"]
    """Where it stands."""
    indicator: Annotated[str, Names("result")] | None = None
    """Indicator to compare with the earlier cycle, such as scales/kepuasan/mean."""


class Thresholds(Model):
    max_cost_per_completer_idr: Positive | None = None
    """Highest acceptable cost per completer, in rupiah."""
    min_evidence_rating: int = Field(default=2, ge=0, le=5)
    """Evidence rating under which words are capped."""
    min_completion_share: Share = 0.7
    """Completion share under which participation is a weakness."""
    min_approval_share: Share = 0.7
    """Share of reactions in the two highest categories from which they are a strength; wholly below
    it they are a weakness."""
    min_alpha: Share = 0.7
    """Lowest acceptable reliability."""
    barrier_share: Share = 0.3
    """Share from which a barrier is a weakness."""
    demand_share: Share = 0.2
    """Share from which a wanted module is proposed."""
    min_improved_share: Share = 0.6
    """Share of the decisive outcomes that must improve for the program to continue."""
    min_scale_up_rating: int = Field(default=3, ge=0, le=5)
    """Lowest evidence rating with which to scale up."""
    min_bcr: float = Field(default=1, ge=0)
    """Lowest acceptable benefit-cost ratio, where it is declared."""


class Privacy(Model):
    min_cell: int = Field(default=5, ge=2)
    """Numbers of fewer persons than this are not shown."""


def _check_words(words: dict[str, str]) -> dict[str, str]:
    for old, new in words.items():
        places = [re.findall(r"\{[a-z_]*\}", text) for text in (old, new)]
        braces = sum(new.count(sign) for sign in "{}")
        if not old.strip() or set(places[1]) - set(places[0]) or braces != 2 * len(places[1]):
            text = _("“{old}: {new}” puts a value where the sentence has none")
            raise ValueError(text.format(old=old, new=new))
    return {UNSEEN.sub("", old): UNSEEN.sub("", new) for old, new in words.items()}


def _check_unit(unit: str | dict[str, str]) -> str | dict[str, str]:
    if any(set(name) & set("{}") for name in ([unit] if isinstance(unit, str) else unit.values())):
        raise ValueError(_("a unit is a plain word"))
    return unit


OwnWords = Annotated[dict[Label, Label], AfterValidator(_check_words)]


class Signatory(Model):
    role: Text
    """What the signature means, such as “Mengetahui” or “Disusun oleh”."""
    position: Text | None = None
    """Office of who signs."""
    name: str
    """Name as it is signed."""
    number: str | None = None
    """NIP or another official number, where it is to be printed."""


class Report(Model):
    date: dt.date | None = None
    """Date of the report, from which its deadlines count; the last day of the program if absent."""
    number: str | None = None
    """Number under which the agency files it."""
    author: Text | None = None
    """Who wrote it: a person or a unit; the agency if absent."""
    contact: str | None = None
    """Where to ask: an address, an e-mail or a telephone number."""
    logo: FileName | None = None
    """Picture of the agency (PNG or JPEG) in the program's folder."""
    cover: bool = False
    """Whether PDF and DOCX begin with a cover: logo, title, number, date, author."""
    signatories: list[Signatory] = []
    """Who signs the report, in their order."""


def _unit_words(code: str, unit: str | dict[str, str]) -> dict[str, str]:
    """The words for participants and persons, for a unit that is neither."""
    name = unit if isinstance(unit, str) else unit.get(code) or next(iter(unit.values()))
    if code == "id":
        return {"peserta": f"{name} peserta", "orang": name, "seorang pun": f"satu {name} pun"}
    many = f"{name[:-1]}ies" if re.search("[^aeiou]y$", name) else f"{name}s"
    return {
        "person": name, "persons": many, "people": many,
        "participant": f"participating {name}", "participants": f"participating {many}",
    }  # fmt: skip


class Program(Model):
    """program.yml."""

    id: Name
    """Identifier; the same as the folder's name."""
    title: Text
    """Name of the program."""
    kind: ProgramKind
    """Kind of program."""
    organisation: Text
    """Agency that runs the program."""
    cycle: Label
    """Cycle or year."""
    series: str | None = None
    """Name that the cycles of one program share, for follow-up."""
    synthetic: bool = False
    """Whether the data are made up; every report then says so."""
    period: Period | None = None
    """When the program ran."""
    description: Text | None = None
    """What the program is, in words."""
    unit: Annotated[Text, AfterValidator(_check_unit)] | None = None
    """Whom the program is for where that is not persons, in the singular: “id: perusahaan, en:
    firm”."""
    words: dict[Literal["id", "en"], OwnWords] = {}
    """Own words, by language: each word or phrase of the report and what stands there instead."""
    objectives: list[Objective] = []
    """What it was to achieve."""
    design: Design
    """How the effect can be known."""
    link: Literal["nip", "respondent_code", "anonymous"]
    """How the sources can be linked: by NIP, by a respondent's own code, not at all."""
    roster: SourceName | list[SourceName] | None = None
    """Source that lists the persons with their background; several where each group has its own."""
    sources: dict[FileStem, Source]
    """The files and what is in them."""
    scales: dict[Name, Scale] = {}
    """Answer scales."""
    instruments: dict[Name, Instrument] = {}
    """Sets of items."""
    outcomes: list[Outcome] = []
    """What is to change."""
    multiplicity: Literal["holm", "bh", "none"] = "holm"
    """Adjustment of p-values over the primary estimates."""
    participation: ParticipationPlan | None = None
    """Who takes part and what holds people back."""
    elearning: ElearningPlan | None = None
    """Use of the platform."""
    costs: Costs | None = None
    """Costs and benefits."""
    voices: VoicesPlan | None = None
    """Open answers, interviews, documents."""
    questions: list[Question] = []
    """Evaluation questions for the comparison of the sources."""
    population: dict[Grouping, dict[Annotated[Label, Names("label")], Positive]] = {}
    """Population numbers by variable and value, for weights."""
    standards: dict[str, Any] = {}
    """Numbers that replace those of scoring/standards.yml, under the same keys."""
    thresholds: Thresholds = Thresholds()
    """Limits for the verdict."""
    earlier_recommendations: list[EarlierRecommendation] = []
    """What earlier cycles recommended."""
    privacy: Privacy = Privacy()
    """Rules for small numbers."""
    report: Report = Report()
    """Date, number, author and contact of the report."""
    seed: int = 20250101
    """Seed of everything that is drawn at random."""

    @property
    def rosters(self) -> tuple[str, ...]:
        """The sources that list the persons."""
        names = [self.roster] if isinstance(self.roster, str) else self.roster
        return tuple(names or ())

    @property
    def has_groups(self) -> bool:
        """Whether it is declared who belongs to which group."""
        return self.design.group is not None or any(s.group for s in self.sources.values())

    @property
    def report_date(self) -> dt.date | None:
        """The declared date of the report, else the last day of the program."""
        return self.report.date or (self.period.end if self.period else None)

    @property
    def own_words(self) -> dict[str, dict[str, str]]:
        """Language -> words of the workbook -> the program's own, those of its unit among them."""
        found: dict[str, dict[str, str]] = {code: {} for code in LANGUAGES}
        if self.unit is not None:
            for code, words in found.items():
                words |= _unit_words(code, self.unit)
        own = {str(code): words for code, words in self.words.items()}
        return {code: words | own.get(code, {}) for code, words in found.items()}

    def enough(self, *persons: int | None) -> bool:
        """Whether numbers of persons may be shown by what the program declares of privacy."""
        return measures.enough(self.privacy.min_cell, *persons)

    def by_wave(self) -> Program:
        """The same program with a source for each wave in the place of each with `wave_from`."""
        sources: dict[str, Source] = {}
        for name, source in self.sources.items():
            waves = source.wave_from.waves.values() if source.wave_from else ()
            sources |= {f"{name}_{w}": source.model_copy(update={"wave": w}) for w in waves}
            if not waves:
                sources[name] = source
        outcomes = [
            o.model_copy(update={"source": f"{o.source}_{o.wave}"})
            if f"{o.source}_{o.wave}" in sources and o.source not in sources else o
            for o in self.outcomes
        ]  # fmt: skip
        return self.model_copy(update={"sources": sources, "outcomes": outcomes})

    def declared_name(self, source: str) -> str:
        """The name under which program.yml declares a source of `by_wave`."""
        declared = self.sources[source]
        return source.removesuffix(f"_{declared.wave}") if declared.wave_from else source

    def outcome(self, outcome_id: str) -> Outcome:
        return next(o for o in self.outcomes if o.id == outcome_id)

    def scale_of(self, variable: str, column: Column) -> Scale | None:
        """The scale of an item: its own, or that of the first instrument that names it."""
        holders = (i.scale for i in self.instruments.values() if variable in i.items)
        return self.scales.get(column.scale or next(holders, ""))

    def is_reversed(self, variable: str) -> bool:
        """Whether an instrument says that agreeing with the item means less."""
        return any(variable in i.reversed for i in self.instruments.values())
