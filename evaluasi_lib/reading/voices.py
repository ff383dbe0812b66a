"""Interviews, transcripts, documents and hand-coded tables of one program, read within bounds for
cleaning; the codebook of themes and the rubric of documents.

What comes out goes to the restricted folder of data/processed: respondents and reviewers are
numbered by order of appearance (R01, P01), documents and transcripts by their file names (D01,
T01); texts stay as they are. Every missing or broken file is a problem of its own; the others are
read all the same.

Pages of documents are read by `pages`, in a process of its own. Transcripts are documents in turns;
REFI-QDA projects (.qdpx, .qdc) are what NVivo, ATLAS.ti and MAXQDA exchange: a ZIP with project.qde
(XML) and the sources, of which only what is inside and asked for by its own name is read, and no
document type, so that no entity can grow or reach outside.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from evaluasi_lib.check import names_in, parse_yaml, unknown_name, yaml_problem
from evaluasi_lib.folders import inside
from evaluasi_lib.program import UNSEEN, Model, Program, Source, Text
from evaluasi_lib.reading.files import MAX_LETTERS, Ended, answers, open_source, packaged_yaml
from evaluasi_lib.reading.pages import Refused, check_archive, check_size, refusing
from evaluasi_lib.wording import DataError, Problem, _, choose, language, suggestion

MIN_CHARACTERS_A_PAGE = 20  # a PDF with less text than this on average is a scan
PAGE_SECONDS = 6.0  # of one page, or of all that precedes the first
_KIND = re.compile(r"\.[A-Za-z0-9]{1,7}$")  # of a file; a longer one may be part of a name


def documents_in(folder: Path) -> dict[Path, str]:
    """Each document of a folder, or the one file, with the name by which readers know it: D01.pdf.

    The name of a file is often that of a person. Numbers follow the order of the paths.
    """
    paths = sorted(p for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else [folder]
    return numbered_files((p for p in paths if not p.name.startswith((".", "~$"))), "D")


def transcripts_in(folder: Path) -> dict[Path, str]:
    """Each transcript of a folder with the name by which readers know it: T01.docx."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in TRANSCRIPTS)
    return numbered_files(paths, "T")


def numbered_files(paths: Iterable[Path], letter: str) -> dict[Path, str]:
    """Files -> letter, number in the order given, and the kind of file where it is a usual one."""
    return {
        path: f"{letter}{number:02}{path.suffix.lower() if _KIND.match(path.suffix) else ''}"
        for number, path in enumerate(paths, 1)
    }


def read_documents(folder: Path) -> pd.DataFrame:
    """document (D01.pdf ...), page (from 1), text of every document in a folder or of one file.

    A scanned PDF keeps its pages with hardly any text: it is no problem here, and the report names
    it (see `is_scan`). Raises DataError with a problem for each file that could not be read; none
    quotes the document.
    """
    read = _read_each(documents_in(folder))
    rows = [(name, n, text) for name, pages in read.items() for n, text in enumerate(pages, 1)]
    return pd.DataFrame(rows, columns=["document", "page", "text"])


def _read_each(names: Mapping[Path, str]) -> dict[str, list[str]]:
    """The pages of each file, by its name for readers. Raises DataError with every problem.

    A file at which the reading process breaks down is left out; another one reads the rest.
    """
    left = list(names)
    read: dict[str, list[str]] = {}
    problems = []

    def refuse(why: str) -> None:
        problems.append(Problem(why, names[left.pop(0)], _("repair it or leave it out")))

    while left:
        pages: list[str] = []
        paths = [str(path) for path in left]
        try:
            for answer in answers("pages", PAGE_SECONDS, paths=paths, language=language()):
                if isinstance(answer, str):
                    pages.append(UNSEEN.sub("", answer))
                    continue
                if answer is None:
                    read[names[left.pop(0)]] = pages
                else:
                    refuse(answer.get("refused") or _("the document is damaged and cannot be read"))
                pages = []
        except Ended as error:
            slow = _("a page takes longer than {n} seconds").format(n=int(PAGE_SECONDS))
            refuse(slow if error.why == "time" else _("reading it needs too much memory"))
    if problems:
        raise DataError(*problems)
    return read


def is_scan(document: str, texts: Iterable[str]) -> bool:
    """Whether a PDF's pages hold hardly any text."""
    lengths = [len(text.strip()) for text in texts]
    return document.lower().endswith(".pdf") and sum(lengths) < MIN_CHARACTERS_A_PAGE * len(lengths)


COLUMNS = ["respondent", "group", "coder", "code", "above", "excerpt", "unit", "case"]
_SPEAKER = re.compile(r"^\s*\**([A-Za-z][\w .'-]{0,29}?)\**\s*[:：]\**\s+(.*)$")
_INTERVIEWERS = ("p", "pewawancara", "peneliti", "interviewer", "q", "t", "tanya", "moderator")
TRANSCRIPTS = (".docx", ".txt", ".md")


def read_transcripts(folder: Path) -> pd.DataFrame:
    """respondent (T01 ...), turn, speaker ("interviewer", "respondent" or ""), text.

    A turn begins with a short name and a colon; names are not kept. Text before the first such
    line is left out; a file without any turn is one turn of nobody, and the report counts it.
    Raises DataError as `read_documents`.
    """
    rows = []
    for name, pages in _read_each(transcripts_in(folder)).items():
        for turn, (speaker, text) in enumerate(_speaker_turns("\n".join(pages)), 1):
            asks = speaker.casefold().split(" ")[0] in _INTERVIEWERS
            role = "interviewer" if asks else "respondent" if speaker else ""
            rows.append((name.partition(".")[0], turn, role, text))
    return pd.DataFrame(rows, columns=["respondent", "turn", "speaker", "text"])


def _speaker_turns(text: str) -> list[tuple[str, str]]:
    """(speaker, words) by turn; the speaker is "" where no turn is marked at all."""
    turns: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if match := _SPEAKER.match(line):
            turns.append((match[1].strip(), [match[2].strip()]))
        elif turns and line.strip():
            turns[-1][1].append(line.strip())
    if not turns and text.strip():
        turns = [("", text.split())]
    return [(speaker, " ".join(words)) for speaker, words in turns]


MAX_XML = 50_000_000
MAX_DEPTH = 50
ABOVE = " > "  # between the codes above a nested one


class _NoDoctype(ET.TreeBuilder):
    """Refuses a document type, in which entities grow or reach outside."""

    def doctype(self, *_args: object) -> None:
        raise Refused(_("the file declares a document type, which is not allowed"))


def _parse(data: bytes) -> ET.Element:
    """XML without a document type. Tags lose their namespace, which differs between versions of the
    format."""
    try:
        root = ET.fromstring(data, ET.XMLParser(target=_NoDoctype()))
    except (ET.ParseError, ValueError, LookupError, RecursionError) as error:
        raise Refused(_("the project file is not well-formed XML")) from error
    for node in root.iter():
        node.tag = node.tag.rsplit("}", 1)[-1]
    return root


def read_refi(path: Path) -> pd.DataFrame:
    """The coded excerpts of a .qdpx, or of its bare project.qde.

    respondent (source's name), group, coder, code (name), above (the codes it is nested in,
    outermost first), excerpt, unit. Raises Refused with the reason in words.
    """
    check_size(path)
    if path.suffix.lower() == ".qde":
        return _excerpts(_parse(path.read_bytes()), {})
    check_archive(path)
    with refusing(_("the archive is damaged and cannot be read")), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        project = next((n for n in names if n.casefold().endswith("project.qde")), None)
        if project is None:
            raise Refused(_("the archive has no project.qde"))
        root = _parse(_member(archive, project))
        wanted = {_inner(node) for node in root.iter("TextSource")}
        short = {n.replace("\\", "/").rsplit("/", 1)[-1].casefold(): n for n in names}
        texts = {
            name: _member(archive, short[name]).decode("utf-8-sig", errors="replace")
            for name in wanted & short.keys()
            if name.endswith(".txt")
        }
    return _excerpts(root, texts)


def read_codes(path: Path) -> list[str]:
    """The names of the codes of a .qdc that excerpts may carry. Raises Refused with the reason in
    words."""
    check_size(path, MAX_XML)
    codes = ((path[-1], code) for path, code in _codes(_parse(path.read_bytes())))
    return [name for name, code in codes if name and code.get("isCodable") != "false"]


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One file of the archive, never more than MAX_XML bytes whatever its heading claims."""
    with archive.open(name) as file:
        data = file.read(MAX_XML + 1)
    if len(data) > MAX_XML:
        raise Refused(_("the archive unpacks to too much"))
    return data


def _codes(root: ET.Element) -> Iterator[tuple[tuple[str, ...], ET.Element]]:
    """Every code below the code book, outermost first, with the names down to it."""

    def walk(node: ET.Element, above: tuple[str, ...]) -> Iterator[Any]:
        if len(above) > MAX_DEPTH:
            raise Refused(_("the codes are nested too deeply"))
        for code in node.findall("Code"):
            here = (*above, (code.get("name") or "").strip())
            yield here, code
            yield from walk(code, here)

    for book in root.iter("Codes"):
        yield from walk(book, ())


def _excerpts(root: ET.Element, texts: dict[str, str]) -> pd.DataFrame:
    names = {code.get("guid") or "": path for path, code in _codes(root)}
    users = {u.get("guid"): u.get("name") or u.get("guid") or "" for u in root.iter("User")}
    groups: dict[str | None, str] = {}  # of a source: the first set that it is a member of
    for group in root.iter("Set"):
        for member in group.findall("MemberSource"):
            groups.setdefault(member.get("targetGUID"), group.get("name") or "")
    rows = []
    for source in root.iter("TextSource"):
        text = _source_text(source, texts)
        respondent = source.get("name") or source.get("guid") or ""
        group_name = groups.get(source.get("guid"), "")
        for selection in source.findall("PlainTextSelection"):
            start, end = _span(selection, text)
            excerpt, unit = " ".join(text[start:end].split()), f"{respondent}:{start}-{end}"
            for coding in selection.findall("Coding"):
                ref = coding.find("CodeRef")
                path = () if ref is None else names.get(ref.get("targetGUID") or "")
                if path is None:
                    raise Refused(_("a coding refers to a code that the project does not have"))
                if path:
                    coder, above = users.get(coding.get("creatingUser"), ""), ABOVE.join(path[:-1])
                    rows.append((respondent, group_name, coder, path[-1], above, excerpt, unit))
    return pd.DataFrame(rows, columns=COLUMNS[:-1])


def _inner(source: ET.Element) -> str:
    """The name by which a source's text is asked for inside the archive."""
    return (source.get("plainTextPath") or "").removeprefix("internal://").casefold()


def _source_text(source: ET.Element, texts: dict[str, str]) -> str:
    content = source.find("PlainTextContent")
    if content is not None:
        return content.text or ""
    name = _inner(source)
    if name.startswith(("absolute://", "relative://", "/")) or ".." in name:
        raise Refused(_("the archive names a place outside itself"))
    if name not in texts:
        raise Refused(_("the text of a source is missing from the archive"))
    return texts[name]


def _span(selection: ET.Element, text: str) -> tuple[int, int]:
    """Start and end of a selection in characters, both held within the text."""
    try:
        start = int(selection.get("startPosition") or 0)
        end = int(selection.get("endPosition") or 0)
    except ValueError as error:
        raise Refused(_("a position in the project is no number")) from error
    if not 0 <= start <= end <= len(text):
        raise Refused(_("a coding lies outside its text"))
    return start, end


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
            tables[name] = read(_inside(raw_folder, file, f"voices.{name}"))
        except DataError as error:
            problems += error.problems
        except Refused as error:
            remedy = _("export it once more")
            problems.append(Problem(str(error), Path(file).name, remedy))
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
    numbered = numbered_files(map(Path, [*known, *others]), "D").items()
    numbers = {path.name: number for path, number in numbered}
    if "document_ratings" in tables:
        document = ratings["document"].map(lambda name: numbers.get(name, name))
        tables["document_ratings"] = ratings.assign(document=document)
    if "rubric" in tables:
        rubric = yaml.safe_load(_text_of(tables, "rubric"))
        for indicator in rubric["indicators"].values():
            asked = indicator.get("documents", [])
            indicator["documents"] = [numbers.get(name, "D00") for name in asked]
        tables["rubric"] = _of_text(yaml.safe_dump(rubric, allow_unicode=True, sort_keys=False))


def _text_of(tables: dict[str, pd.DataFrame], name: str) -> str:
    return str(tables[name]["text"].iloc[0])


def _of_text(text: str) -> pd.DataFrame:
    """The table of a file that is one text."""
    return pd.DataFrame({"text": [text]})


def _unknown_names(program: Program, tables: dict[str, pd.DataFrame]) -> list[Problem]:
    """Themes and indicators that program.yml names and no table declares.

    A question's theme may also be a code that an interview or a person coding by hand gave.
    """
    codebook = own_codebook()
    if "codebook" in tables:
        codebook = parse_model(_text_of(tables, "codebook"), "codebook", Codebook)
    themes = set(codebook.themes)
    given = [tables["interviews"][c] for c in ("code", "above") if "interviews" in tables]
    given += [tables["manual_codes"]["theme"]] if "manual_codes" in tables else []
    names = (n for column in given for text in column for n in str(text).split(ABOVE))
    coded = {codebook.code_of(name) for name in names if name}
    rubric: set[str] = set()
    if "rubric" in tables:
        rubric = set(parse_model(_text_of(tables, "rubric"), "rubric", Rubric).indicators)
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
    if missing:
        raise DataError(*missing)
    return pd.DataFrame(chosen)


def _missing(path: Path, name: str, headings: list[str]) -> Problem:
    what = _("the column “{name}” is missing").format(name=name)
    remedy = _("known headings: {names}").format(names=", ".join(headings))
    return Problem(what, path.name, remedy)


def _bad_rows(bad: pd.Series, file: str, what: str, remedy: str) -> list[Problem]:
    """What is wrong with the marked rows, the first named as a spreadsheet counts it."""
    if not bad.any():
        return []
    first = _("row {row}").format(row=int(bad.to_numpy().argmax()) + 2)
    return [Problem(what, f"{file}, {first}", remedy, int(bad.sum()))]


def _hold(table: pd.DataFrame, bad: pd.Series, path: Path, what: str, remedy: str) -> pd.DataFrame:
    """The table. Raises DataError where rows of it are marked."""
    if problems := _bad_rows(bad, path.name, what, remedy):
        raise DataError(*problems)
    return table


def _numbered(values: pd.Series, letter: str) -> pd.Series:
    """Names -> R01, R02, ... by order of appearance, so that no name is kept."""
    return pd.Series([f"{letter}{i + 1:02}" for i in pd.factorize(values)[0]], values.index, str)


def _interviews(path: Path) -> pd.DataFrame:
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
    elif path.suffix.lower() in (".qdpx", ".qde"):
        table = read_refi(path)
    else:
        what = _("files of the kind “{suffix}” cannot be read").format(suffix=path.suffix)
        remedy = _("export coded excerpts as CSV, XLSX or REFI-QDA (.qdpx)")
        raise DataError(Problem(what, path.name, remedy))
    table = table.reindex(columns=COLUMNS, fill_value="")
    unit = _numbered(table["respondent"] + "\x1f" + table["unit"], "U")
    return table.assign(
        respondent=_numbered(table["respondent"], "R"),
        coder=_numbered(table["coder"], "K").where(table["coder"] != "", ""),
        unit=unit.where(table["unit"] != "", ""),
    )


def _ratings(path: Path) -> pd.DataFrame:
    required, optional = ["document", "indicator", "rating"], ["reviewer", "quote", "page"]
    table = read_table(path, required, optional)
    table = table.reindex(columns=[*required, *optional], fill_value="")
    rating = pd.to_numeric(table["rating"].str.replace(",", "."), errors="coerce")
    bad = rating.isna() & (table["rating"] != "")
    remedy = _("write a number of the rubric's scale")
    table = table.assign(rating=rating, reviewer=_numbered(table["reviewer"], "P"))
    return _hold(table, bad, path, _("the rating is no number"), remedy)


def _unfit_ratings(tables: dict[str, pd.DataFrame], file: str) -> list[Problem]:
    """Ratings of indicators that the rubric does not have, or beyond its scale."""
    rubric = parse_model(_text_of(tables, "rubric"), "rubric", Rubric)
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


def _codebook(path: Path) -> pd.DataFrame:
    """A codebook in YAML, or a REFI-QDA one (.qdc), each of whose codes is found by its name."""
    if path.suffix.lower() != ".qdc":
        return _yaml_table(Codebook, path)
    themes = {
        name.casefold().replace(" ", "_"): {"label": name, "include": [name]}
        for name in read_codes(path)
    }
    return _of_text(yaml.safe_dump({"source": path.name, "themes": themes}, allow_unicode=True))


def _yaml_table(model: type[BaseModel], path: Path) -> pd.DataFrame:
    """The text of a YAML table, once it has been held to its form."""
    text = path.read_text(encoding="utf-8-sig")
    parse_model(text, path.name, model)
    return _of_text(text)


def _of_rows(path: Path, required: list[str], optional: list[str]) -> pd.DataFrame:
    """A table whose rows are about data rows of a source."""
    table = read_table(path, ["source", "variable", "row", "theme", *required], optional)
    row = pd.to_numeric(table["row"], errors="coerce")
    what = _("the row's number is missing or no number")
    remedy = _("write the data row of the answer, counted from 1")
    return _hold(table, row.isna(), path, what, remedy).assign(row=row.astype("int64"))


def _quotes(path: Path) -> pd.DataFrame:
    table = _of_rows(path, ["text", "status"], [])
    table["status"] = table["status"].str.casefold()
    known = _("known: {names}").format(names=", ".join(STATUSES))
    unknown = ~table["status"].isin(STATUSES)
    return _hold(table, unknown, path, _("the status of a quote is unknown"), known)


def _manual_codes(path: Path) -> pd.DataFrame:
    table = _of_rows(path, [], ["coder"])
    table["theme"] = table["theme"].str.split(r"[;|,]")
    table = table.explode("theme", ignore_index=True)
    return table.assign(theme=table["theme"].fillna("").str.strip())


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {  # by the key of `voices` that names the file
    "interviews": _interviews,
    "transcripts": read_transcripts,
    "documents": read_documents,
    "rubric": partial(_yaml_table, Rubric),
    "document_ratings": _ratings,
    "codebook": _codebook,
    "quotes": _quotes,
    "manual_codes": _manual_codes,
}
