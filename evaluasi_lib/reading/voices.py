"""Interviews, transcripts, documents and hand-coded tables of one program, read for cleaning.

What comes out goes to the restricted folder of data/processed: respondents and reviewers are
numbered by order of appearance (R01, P01), documents and transcripts by their file names (D01,
T01); texts stay as they are. Every missing or broken file
is a problem of its own; the others are read all the same.

The codebook of themes and the rubric of documents, and how a YAML table is held to its form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TypeVar

import pandas as pd
import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from evaluasi_lib.check import names_in, parse_yaml, unknown_name, yaml_problem
from evaluasi_lib.folders import inside
from evaluasi_lib.program import UNSEEN, Model, Program, Source, Text
from evaluasi_lib.reading.documents import (
    ABOVE,
    COLUMNS,
    Refused,
    documents_in,
    numbered_files,
    read_codebook,
    read_documents,
    read_refi,
    read_transcripts,
)
from evaluasi_lib.reading.files import MAX_LETTERS, open_source, packaged_yaml
from evaluasi_lib.wording import DataError, Problem, _, choose, load_yaml, suggestion


class Code(Model):
    """One theme or module: its name and the phrases that stand for it."""

    label: Text  # as reports show it
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()  # phrases that take matches away
    negated: str = "keep"  # keep, drop, or the theme it turns into
    denied_by: str | None = None  # theme that, found alone, denies what a question implies
    aliases: Sequence[str] = ()  # other names in tables coded by hand


class Codebook(Model):
    """Themes of open answers, and modules that people ask for."""

    source: str  # where the codebook comes from
    themes: dict[str, Code]
    modules: dict[str, Code] = Field(default={})

    @model_validator(mode="after")
    def _refers_to_themes(self) -> Codebook:
        for name, code in self.themes.items():
            for other in (code.negated, code.denied_by):
                if other not in (None, "keep", "drop", *self.themes):
                    raise ValueError(f"{name}: {other}")
        return self

    def code_of(self, name: str) -> str:
        """A theme's id for a name used in a table coded by hand; the name itself if unknown."""
        key = name.strip().casefold().replace(" ", "_")
        for code_id, code in (*self.themes.items(), *self.modules.items()):
            labels = code.label.values() if isinstance(code.label, dict) else [code.label]
            names = {code_id, *code.aliases, *(x.casefold().replace(" ", "_") for x in labels)}
            if key in names:
                return code_id
        return key

    def label(self, code_id: str) -> str:
        """A theme's name as reports show it; a code of an interview keeps its own."""
        code = self.themes.get(code_id) or self.modules.get(code_id)
        return choose(code.label) if code else code_id.replace("_", " ").capitalize()


M = TypeVar("M", bound=BaseModel)


def parse_model(text: str, where: str, model: type[M]) -> M:
    """A YAML table as a model. Raises DataError with every problem in it."""
    try:
        return model.model_validate(parse_yaml(text))
    except yaml.YAMLError as error:
        raise DataError(yaml_problem(error, where)) from error
    except ValidationError as error:
        what, remedy = _("the table does not have the expected form"), _("see docs/voices.md")
        places = [".".join(map(str, e["loc"])) or e["ctx"]["error"] for e in error.errors()]
        raise DataError(*(Problem(what, f"{where}: {at}", remedy) for at in places)) from error


@cache
def own_codebook() -> Codebook:
    """The workbook's own codebook."""
    return Codebook.model_validate(packaged_yaml(__package__, "codebook.yml"))


class Indicator(Model):
    """One thing that documents should show."""

    label: Text
    """Name of the indicator as reports show it."""
    question: Text = ""
    """What the reviewer asks of the document."""
    evidence: Text = ""
    """What counts as evidence."""
    search: Sequence[str] = ()
    """Phrases by which passages are found."""
    documents: Sequence[str] = ()
    """Documents that ought to hold it; all if empty."""


class Rubric(Model):
    """The scale of the ratings and the indicators."""

    min: int = 0
    """Lowest rating."""
    max: int = 3
    """Highest rating."""
    met: int = 2
    """Rating from which the evidence counts as found."""
    indicators: dict[str, Indicator]
    """Indicators by their short name."""


USUAL = {"quotes": "kutipan.csv", "manual_codes": "kode_manual.csv"}  # read where they are there
STATUSES = ("disetujui", "usulan", "ditolak")

T = TypeVar("T")
Read = tuple[pd.DataFrame, list[Problem]]

HEADINGS: dict[str, list[str]] = packaged_yaml(__package__, "headings.yml")


def read_voices(
    program: Program, raw_folder: Path
) -> tuple[dict[str, pd.DataFrame], list[Problem]]:
    """Restricted tables by name, and what is missing or broken.

    interviews: respondent, group, coder, code, above, excerpt, unit, case; transcripts: respondent,
    turn, speaker, text; documents: document, page, text; document_ratings: reviewer, document,
    indicator, rating, quote, page; rubric and codebook: text of the file; quotes: source, variable,
    row, theme, text, status; manual_codes: source, variable, row, theme (empty: none).
    """
    plan = program.voices
    tables: dict[str, pd.DataFrame] = {}
    problems: list[Problem] = []
    for name, read in READERS.items() if plan is not None else ():
        usual = USUAL.get(name, "")
        file = getattr(plan, name) or (usual if (raw_folder / usual).is_file() else None)
        if file is None:
            continue
        try:
            tables[name], found = read(_inside(raw_folder, file, f"voices.{name}"))
        except DataError as error:
            problems += error.problems
        else:
            problems += found
    folder = plan.documents if plan is not None and "documents" in tables else None
    known = documents_in(raw_folder / folder) if folder else {}
    _number_documents(tables, [path.name for path in known])
    if plan is not None and {"rubric", "document_ratings"} <= tables.keys():
        problems += _unfit_ratings(tables, str(plan.document_ratings))
    return tables, problems + _unknown_names(program, tables)


def _number_documents(tables: dict[str, pd.DataFrame], known: list[str]) -> None:
    """Ratings and rubric name documents as readers know them. known: file names in their order;
    documents that are rated but not there are numbered after them."""
    ratings = tables.get("document_ratings", pd.DataFrame({"document": []}))
    others = [name for name in dict.fromkeys(ratings["document"]) if name and name not in known]
    numbers = {
        path.name: n for path, n in numbered_files(map(Path, [*known, *others]), "D").items()
    }
    if "document_ratings" in tables:
        document = ratings["document"].map(lambda name: numbers.get(name, name))
        tables["document_ratings"] = ratings.assign(document=document)
    if "rubric" in tables:
        rubric = load_yaml(str(tables["rubric"]["text"].iloc[0]))
        for indicator in rubric["indicators"].values():
            asked = indicator.get("documents", [])
            indicator["documents"] = [numbers.get(name, "D00") for name in asked]
        text = yaml.safe_dump(rubric, allow_unicode=True, sort_keys=False)
        tables["rubric"] = pd.DataFrame({"text": [text]})


def _unknown_names(program: Program, tables: dict[str, pd.DataFrame]) -> list[Problem]:
    """Themes and indicators that program.yml names and no table declares.

    A question's theme may also be a code that an interview or a person coding by hand gave.
    """
    codebook = own_codebook()
    if "codebook" in tables:
        codebook = parse_model(str(tables["codebook"]["text"].iloc[0]), "codebook", Codebook)
    themes = set(codebook.themes)
    given = [tables["interviews"][c] for c in ("code", "above") if "interviews" in tables]
    given += [tables["manual_codes"]["theme"]] if "manual_codes" in tables else []
    names = (n for column in given for text in column for n in str(text).split(ABOVE))
    coded = {codebook.code_of(name) for name in names if name}
    rubric: set[str] = set()
    if "rubric" in tables:
        text = str(tables["rubric"]["text"].iloc[0])
        rubric = set(parse_model(text, "rubric", Rubric).indicators)
    if "document_ratings" in tables:
        rubric |= set(tables["document_ratings"]["indicator"])
    problems = []
    for named in names_in(program):
        kind = named.mark.kind
        if kind == "rubric_indicator" and named.name not in rubric:
            problems.append(unknown_name(named, sorted(rubric)))
        elif kind in ("theme", "codebook_theme"):
            known = themes if kind == "codebook_theme" else themes | coded
            if codebook.code_of(named.name) not in known:
                problems.append(unknown_name(named, sorted(known)))
    return problems


def _inside(folder: Path, name: str, key: str) -> Path:
    """A file or folder of the program. Raises DataError where it is missing or lies elsewhere."""
    where = f"{key}: {name}"
    path = inside(folder, name, where)
    if not path.exists():
        remedy = suggestion(name, sorted(p.name for p in folder.iterdir()))
        raise DataError(Problem(_("the file or folder is missing"), where, remedy))
    return path


def read_table(path: Path, required: list[str], optional: list[str]) -> pd.DataFrame:
    """A CSV or XLSX table with the columns that its headings mean, all as text, blanks as "".

    Raises DataError naming every required column that no heading stands for.
    """
    raw = open_source(path, Source(file=path.name, columns={}))
    frame = raw.frame.collect().to_pandas()
    frame.columns = pd.Index([h.strip().casefold().replace(" ", "_") for h in raw.headers])
    chosen: dict[str, pd.Series] = {}
    taken: set[str] = set()
    missing = []
    for name in [*required, *optional]:
        heading = next((h for h in HEADINGS[name] if h in frame and h not in taken), None)
        if heading is not None:
            taken.add(heading)
            texts = frame[heading].fillna("").astype(str).str.slice(stop=MAX_LETTERS)
            chosen[name] = texts.str.replace(UNSEEN, "", regex=True).str.strip()
        elif name in required:
            missing.append(_missing(path, HEADINGS[name][0], HEADINGS[name]))
    _hold(missing)
    return pd.DataFrame(chosen)


def _missing(path: Path, name: str, headings: list[str]) -> Problem:
    what = _("the column “{name}” is missing").format(name=name)
    remedy = _("known headings: {names}").format(names=", ".join(headings))
    return Problem(what, path.name, remedy)


def _hold(problems: list[Problem]) -> None:
    if problems:
        raise DataError(*problems)


def _bad_rows(bad: pd.Series, file: str, what: str, remedy: str) -> list[Problem]:
    """What is wrong with the marked rows, the first named as a spreadsheet counts it."""
    if not bad.any():
        return []
    first = _("row {row}").format(row=int(bad.to_numpy().argmax()) + 2)
    return [Problem(what, f"{file}, {first}", remedy, int(bad.sum()))]


def numbered(values: pd.Series, letter: str) -> pd.Series:
    """Names -> R01, R02, ... by order of appearance, so that no name is kept."""
    return pd.Series([f"{letter}{i + 1:02}" for i in pd.factorize(values)[0]], values.index, str)


def _project(path: Path) -> pd.DataFrame:
    """respondent, coder, code, excerpt from a project that is no table (REFI-QDA)."""
    if path.suffix.lower() in (".qdpx", ".qde"):
        return _read(read_refi, path, _("export the project once more as REFI-QDA"))
    what = _("files of the kind “{suffix}” cannot be read").format(suffix=path.suffix)
    remedy = _("export coded excerpts as CSV, XLSX or REFI-QDA (.qdpx)")
    raise DataError(Problem(what, path.name, remedy))


def _read(read: Callable[[Path], T], path: Path, remedy: str) -> T:
    """What `read` gives. Raises DataError with its reason and the remedy where it refuses."""
    try:
        return read(path)
    except Refused as error:
        raise DataError(Problem(str(error), path.name, remedy)) from error


def _interviews(path: Path) -> Read:
    """Names of respondents, coders and units become numbers."""
    if path.suffix.lower() in (".csv", ".tsv", ".xlsx", ".xls", ".ods"):
        table = read_table(
            path, ["code", "excerpt"], ["respondent", "group", "coder", "unit", "case", "document"]
        )
        if "respondent" not in table:
            if "document" not in table:
                headings = HEADINGS["respondent"] + HEADINGS["document"]
                raise DataError(_missing(path, "responden", headings))
            table["respondent"] = table["document"]  # Taguette: one document an interview
    else:
        table = _project(path)
    table = table.reindex(columns=COLUMNS, fill_value="")
    unit = numbered(table["respondent"] + "\x1f" + table["unit"], "U")
    table = table.assign(
        respondent=numbered(table["respondent"], "R"),
        coder=numbered(table["coder"], "K").where(table["coder"] != "", ""),
        unit=unit.where(table["unit"] != "", ""),
    )
    return table, []


def _ratings(path: Path) -> Read:
    required, optional = ["document", "indicator", "rating"], ["reviewer", "quote", "page"]
    table = read_table(path, required, optional)
    table = table.reindex(columns=[*required, *optional], fill_value="")
    rating = pd.to_numeric(table["rating"].str.replace(",", "."), errors="coerce")
    bad = rating.isna() & (table["rating"] != "")
    remedy = _("write a number of the rubric's scale")
    _hold(_bad_rows(bad, path.name, _("the rating is no number"), remedy))
    return table.assign(rating=rating, reviewer=numbered(table["reviewer"], "P")), []


def _unfit_ratings(tables: dict[str, pd.DataFrame], file: str) -> list[Problem]:
    """Ratings of indicators that the rubric does not have, or beyond its scale."""
    rubric = parse_model(str(tables["rubric"]["text"].iloc[0]), "rubric", Rubric)
    ratings = tables["document_ratings"]
    what = _("the rubric has no indicator “{name}”")
    problems = [
        Problem(what.format(name=name), file, suggestion(name, rubric.indicators))
        for name in sorted(set(ratings["indicator"]) - set(rubric.indicators))
    ]
    scale = _("the rating is not on the rubric's scale of {low} to {high}")
    outside = (ratings["rating"] < rubric.min) | (ratings["rating"] > rubric.max)
    remedy = _("write a number of the rubric's scale")
    what = scale.format(low=rubric.min, high=rubric.max)
    return problems + _bad_rows(outside, file, what, remedy)


def _codebook(path: Path) -> Read:
    """A codebook in YAML, or a REFI-QDA one (.qdc), each of whose codes is found by its name."""
    if path.suffix.lower() != ".qdc":
        return _yaml_table(Codebook, path)
    codes = _read(read_codebook, path, _("export the codebook once more"))
    themes = {
        code.name.casefold().replace(" ", "_"): {"label": code.name, "include": [code.name]}
        for code in codes
        if code.codable and code.name
    }
    text = yaml.safe_dump({"source": path.name, "themes": themes}, allow_unicode=True)
    return pd.DataFrame({"text": [text]}), []


def _yaml_table(model: type[BaseModel], path: Path) -> Read:
    """The text of a YAML table, once it has been held to its form."""
    text = path.read_text(encoding="utf-8-sig")
    parse_model(text, path.name, model)
    return pd.DataFrame({"text": [text]}), []


def _rows(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    row = pd.to_numeric(table["row"], errors="coerce")
    what = _("the row's number is missing or no number")
    remedy = _("write the data row of the answer, counted from 1")
    _hold(_bad_rows(row.isna(), path.name, what, remedy))
    return table.assign(row=row.astype("int64"))


def _quotes(path: Path) -> Read:
    columns = ["source", "variable", "row", "theme", "text", "status"]
    table = _rows(read_table(path, columns, []), path)
    status = table["status"].str.casefold()
    known = _("known: {names}").format(names=", ".join(STATUSES))
    unknown = ~status.isin(STATUSES)
    _hold(_bad_rows(unknown, path.name, _("the status of a quote is unknown"), known))
    return table.assign(status=status), []


def _manual_codes(path: Path) -> Read:
    table = _rows(read_table(path, ["source", "variable", "row", "theme"], ["coder"]), path)
    table["theme"] = table["theme"].str.split(r"[;|,]")
    table = table.explode("theme", ignore_index=True)
    return table.assign(theme=table["theme"].fillna("").str.strip()), []


READERS: dict[str, Callable[[Path], Read]] = {  # by the key of `voices` that names the file
    "interviews": _interviews,
    "transcripts": read_transcripts,
    "documents": read_documents,
    "rubric": partial(_yaml_table, Rubric),
    "document_ratings": _ratings,
    "codebook": _codebook,
    "quotes": _quotes,
    "manual_codes": _manual_codes,
}
