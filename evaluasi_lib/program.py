"""What a program is: program.yml as one validated model.

What each key means stands in keys.yml, in both languages: docs/program-yml.md is generated from
both, and a test holds that no meaning is missing.
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
    """A part of a declaration."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Period(Model):
    start: dt.date
    end: dt.date

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if self.end < self.start:
            raise ValueError(_("the period ends before it starts"))
        return self


class Objective(Model):
    id: Name
    text: Text
    outcomes: list[OutcomeId] = []


GroupLabel = Annotated[Label, Names("label", of="variable")]


class GroupRule(Model):
    variable: Grouping
    program: list[GroupLabel]
    comparison: list[GroupLabel]


class Design(Model):
    type: Literal["single_group", "comparison", "randomised"]
    group: GroupRule | None = None
    cluster: Grouping | None = None
    covariates: list[Variable] = []
    covariate_form: Literal["linear", "spline"] = "linear"
    attrition: Literal["known", "unknown"] = "known"

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
    type: Literal[
        "item", "number", "integer", "text", "category", "ordinal", "date", "flag", "multi",
        "open", "nip", "respondent_code", "name", "email", "phone", "drop",
    ] = "text"  # fmt: skip
    label: Text | None = None
    scale: ScaleName | None = None
    categories: dict[Label, Text] = {}
    options: dict[Name, Text | list[str]] = {}
    separator: str | None = None
    date_format: str | None = None
    missing: list[Label] = []
    min: float | None = None
    max: float | None = None
    out_of_range: Literal["error", "missing"] = "error"
    required: bool = False
    coarsen: list[float] = []
    aliases: dict[Label, Label] = {}
    decimal: Literal[".", ","] | None = None
    spelling: Literal["golongan", "eselon"] | None = None
    derive: Literal["age", "sex", "tenure"] | None = None
    ask_if: dict[Annotated[str, Names("own_variable")], list[Answer]] = {}


class Duplicates(Model):
    keep: Literal["first", "last", "most_complete", "error"] = "error"
    order_by: OwnDate | None = None


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Values = Annotated[list[Label], BeforeValidator(_as_list)]


class WaveFrom(Model):
    column: str
    waves: dict[Label, Name] = Field(min_length=1)


class RowRule(Model):
    column: str
    is_: Values = Field(default=[], alias="is")
    is_not: Values = []
    reason: Text | None = None

    @model_validator(mode="after")
    def _one_rule(self) -> RowRule:
        if bool(self.is_) == bool(self.is_not):
            raise ValueError(_("a rule about rows needs either “is” or “is_not”"))
        return self


class Source(Model):
    file: str
    role: Literal[
        "roster", "survey", "rating", "record", "events", "interviews", "documents", "table"
    ] = "survey"
    preset: Literal[
        "auto", "none", "google_forms", "kobotoolbox", "limesurvey", "moodle", "qualtrics",
        "surveymonkey",
    ] = "auto"  # fmt: skip
    sheet: str | None = None
    header_row: int = Field(default=1, ge=1)
    header_rows: int = Field(default=1, ge=1, le=5)
    skip_rows: int = Field(default=0, ge=0)
    footer_rows: int = Field(default=0, ge=0)
    encoding: str | None = None
    delimiter: str | None = None
    wave: str | None = None
    wave_from: WaveFrom | None = None
    group: Literal["program", "comparison"] | None = None
    rows: list[RowRule] = []
    columns: dict[Name, Column] = {}
    duplicates: Duplicates = Duplicates()
    finished: Annotated[str, Names("own_variable", ("date", "flag"))] | None = None
    started: OwnDate | None = None
    min_seconds: Positive | None = None
    drop_test_rows: bool = True
    drop_straight_lining: bool = False

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
    min: int = 1
    points: int | None = Field(default=None, ge=2)
    aliases: dict[Label, Label] = {}
    missing: list[Label] = []

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
    scale: ScaleName
    items: list[Annotated[str, Names("variable", ("item",))]]
    reversed: list[Item] = []
    dimensions: dict[Name, list[Item]] = {}
    level: Literal["reaction", "learning", "behaviour", "results"] | None = None
    min_answered_share: Share = 2 / 3
    index: Literal["ikm", "nps", "ip_asn", "skp", "jpm"] | None = None
    importance: InstrumentName | None = None
    required_level: Variable | None = None


# The estimators of scoring/designs.py, which a test holds to be these.
Estimator = Literal[
    "difference", "adjusted", "ancova", "did", "drdid", "did_repeated", "drdid_repeated", "aipw",
    "ipw", "paired", "waves", "superiority", "net_rise", "attrition_weighted", "raked",
    "dose_response",
]  # fmt: skip


class Outcome(Model):
    id: Name
    label: Text
    level: Literal["reaction", "learning", "behaviour", "results"]
    instrument: InstrumentName | None = None
    variable: Variable | None = None
    source: SourceName | None = None
    wave: Wave = "post"
    baseline_wave: Wave | None = None
    baseline_variable: Variable | None = None
    baseline_instrument: InstrumentName | None = None
    retrospective: bool | None = None
    scale_type: Literal["continuous", "binary", "ordinal"] = "continuous"
    success: list[Annotated[Label, Names("label", of="variable")]] = []
    unit: Text
    direction: Literal["higher", "lower"] = "higher"
    sesoi: Positive | None = None
    estimator: Estimator | None = None
    decisive: bool = True
    dose: Dose | None = None
    subgroups: list[Grouping] = []

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
    variable: Annotated[str, Names("own_variable", ("multi",))]


class ParticipationPlan(Model):
    invited: Stage | None = None
    enrolled: Stage | None = None
    started: Stage | None = None
    completed: Stage | None = None
    dropout_reason: Grouping | None = None
    barriers: BarrierQuestion | None = None
    drivers: list[Annotated[str, Names("background")]] = []
    motivation: InstrumentName | None = None
    groups: list[Grouping] = []


class ElearningPlan(Model):
    events: Annotated[str, Names("events_source")]
    modules: dict[str, Text] = {}
    order: Literal["fixed", "free"] | None = None
    optional: list[Module] = []
    session_gap_minutes: Positive = 30
    time_zone: str = "Asia/Jakarta"
    time_zone_variable: Grouping | None = None
    work_hours: tuple[str, str] = ("07:30", "16:00")
    group: Grouping | None = None


class CostItem(Model):
    category: str
    label: Text | None = None
    planned_idr: float | None = Field(default=None, ge=0)
    realised_idr: float = Field(ge=0)


class ParticipantTime(Model):
    hours: Positive
    hourly_idr: Positive


class Benefit(Model):
    label: Text
    outcome: OutcomeId | None = None
    value_per_unit_idr: float
    isolation: Literal["comparison_group", "trend", "participant_estimate"]
    confidence_share: Share = 1


class Costs(Model):
    price_year: int
    items: list[CostItem]
    participant_time: ParticipantTime | None = None
    training_hours_jp: Positive | None = None
    benefits: list[Benefit] = []


class VoicesPlan(Model):
    open_answers: list[OpenQuestion] = []
    asks: dict[OpenQuestion, Annotated[str, Names("codebook_theme")]] = {}
    codebook: FileName | None = None
    modules_question: OpenQuestion | None = None
    interviews: FileName | None = None
    transcripts: FileName | None = None
    documents: FileName | None = None
    rubric: FileName | None = None
    document_ratings: FileName | None = None
    quotes: FileName | None = None
    manual_codes: FileName | None = None


class Question(Model):
    id: Name
    text: Text
    outcome: OutcomeId | None = None
    barrier: Annotated[str, Names("barrier")] | None = None
    themes: list[Theme] = []
    indicators: list[RubricIndicator] = []
    counter_themes: list[Theme] = []
    counter_indicators: list[RubricIndicator] = []


class EarlierRecommendation(Model):
    id: Name
    from_cycle: Label
    text: Text
    owner: str | None = None
    due: dt.date | None = None
    status: Literal["done", "partly", "not_done", "dropped"]
    indicator: Annotated[str, Names("result")] | None = None


class Thresholds(Model):
    max_cost_per_completer_idr: Positive | None = None
    min_evidence_rating: int = Field(default=2, ge=0, le=5)
    min_completion_share: Share = 0.7
    min_approval_share: Share = 0.7
    min_alpha: Share = 0.7
    barrier_share: Share = 0.3
    demand_share: Share = 0.2
    min_improved_share: Share = 0.6
    min_scale_up_rating: int = Field(default=3, ge=0, le=5)
    min_bcr: float = Field(default=1, ge=0)


class Privacy(Model):
    min_cell: int = Field(default=5, ge=2)


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
    position: Text | None = None
    name: str
    number: str | None = None


class Report(Model):
    date: dt.date | None = None
    number: str | None = None
    author: Text | None = None
    contact: str | None = None
    logo: FileName | None = None
    cover: bool = False
    signatories: list[Signatory] = []


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
    title: Text
    kind: ProgramKind
    organisation: Text
    cycle: Label
    series: str | None = None
    synthetic: bool = False
    period: Period | None = None
    description: Text | None = None
    unit: Annotated[Text, AfterValidator(_check_unit)] | None = None
    words: dict[Literal["id", "en"], OwnWords] = {}
    objectives: list[Objective] = []
    design: Design
    link: Literal["nip", "respondent_code", "anonymous"]
    roster: SourceName | list[SourceName] | None = None
    sources: dict[FileStem, Source]
    scales: dict[Name, Scale] = {}
    instruments: dict[Name, Instrument] = {}
    outcomes: list[Outcome] = []
    multiplicity: Literal["holm", "bh", "none"] = "holm"
    participation: ParticipationPlan | None = None
    elearning: ElearningPlan | None = None
    costs: Costs | None = None
    voices: VoicesPlan | None = None
    questions: list[Question] = []
    population: dict[Grouping, dict[Annotated[Label, Names("label")], Positive]] = {}
    standards: dict[str, Any] = {}
    thresholds: Thresholds = Thresholds()
    earlier_recommendations: list[EarlierRecommendation] = []
    privacy: Privacy = Privacy()
    report: Report = Report()
    seed: int = 20250101

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
