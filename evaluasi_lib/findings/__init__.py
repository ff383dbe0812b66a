"""From results to decisions: strengths, weaknesses, verdict, recommendations, follow-up.

Everything here reads results, never tables of persons. The rules that decide are data:
decision_table.yml and catalogue.yml.

Beside these stands what the evaluator adds by hand, in catatan.yml beside program.yml (a list of
`OwnNote`, longer texts in Markdown files), and the agency's logo. A report marks it as the
evaluator's own; it moves no score, verdict or advice.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter, model_validator

from evaluasi_lib.findings.observe import RULES, Note
from evaluasi_lib.findings.recommend import follow_up, follow_up_rows, recommend
from evaluasi_lib.findings.verdict import (
    agency_files,
    judge,
    read_catalogue,
    read_yaml,
    with_stability,
)
from evaluasi_lib.folders import inside
from evaluasi_lib.measures import EvaluationResult, Finding, OwnText, in_order
from evaluasi_lib.program import MAX_TEXT, UNSEEN, Model, Name, Program, Text
from evaluasi_lib.wording import (
    DataError,
    Problem,
    ProgramError,
    _,
    choose,
    code_words,
    count,
    suggestion,
)


def conclude(
    program: Program,
    measured: EvaluationResult,
    earlier: Sequence[EvaluationResult] | None = None,
    *,
    catalogues: Sequence[Path] = (),
) -> EvaluationResult:
    """The result with strengths, weaknesses, verdict, recommendations and follow-up filled.

    earlier: the results of all earlier cycles, oldest first. catalogues: an agency's own rules, as
    `agency_files(raw_folder)` finds them. Raises ProgramError where a catalogue cannot be used.
    """
    rules = read_catalogue(tuple(catalogues))
    followed = follow_up(program, measured, earlier or ())
    rows = in_order((*measured.rows, *follow_up_rows(followed)))
    result = replace(measured, follow_up=followed, rows=rows)
    notes = [n for rule in RULES for n in rule(program, result)]
    weaknesses = _ranked(notes, good=False)
    verdict, stability = with_stability(program, result, judge(program, result))
    return replace(
        result,
        strengths=_ranked(notes, good=True),
        weaknesses=weaknesses,
        verdict=verdict,
        rows=(*rows, *stability),
        recommendations=recommend(program, weaknesses, result, rules),
    )


def _ranked(notes: Sequence[Note], *, good: bool) -> tuple[Finding, ...]:
    found = [finding for is_good, finding in notes if is_good is good]
    return tuple(sorted(found, key=lambda f: (-f.score, f.id)))


__all__ = ["agency_files", "conclude"]


OWN_FILE = "catatan.yml"
MAX_LOGO = 300_000  # bytes: it travels within every page
LOGOS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
CHAPTERS = {"finding": "kekuatan-kelemahan", "recommendation": "putusan", "note": "metodologi"}


class OwnNote(Model):
    """One text of the evaluator's own, an item of catatan.yml."""

    id: Name
    """Short name, its own within the file."""
    kind: Literal["finding", "note", "recommendation"]
    """What it is."""
    text: Text | None = None
    """The text; Markdown paragraphs, headings and lists are kept."""
    file: str | None = None
    """Markdown file beside program.yml, in the place of “text”."""
    good: bool | None = None
    """Of a finding: whether it is a strength (true) or a weakness (false)."""
    chapter: str | None = None
    """Chapter in which it stands, such as efektivitas; else where its kind belongs."""
    evidence: list[str] = Field(default=[])
    """Ids of the measures of result.json that it rests on."""
    owner: Text | None = None
    """Of a recommendation: who should do it."""
    due: dt.date | None = None
    """Of a recommendation: by when."""

    @model_validator(mode="after")
    def _one_text(self) -> OwnNote:
        if (self.text is None) == (self.file is None):
            raise ValueError(_("a note needs either “text” or “file”"))
        return self


def own_texts(raw: Path, known: Collection[str] | None = None) -> tuple[OwnText, ...]:
    """The evaluator's own texts of a program, in the order of catatan.yml; none without the file.

    raw: the program's folder. known: ids of its measures, against which evidence is held; None
    where they are not measured yet. Raises ProgramError with every problem at once.
    """
    path = raw / OWN_FILE
    if not path.is_file():
        return ()
    where = f"{raw.name}/{OWN_FILE}"
    notes: list[OwnNote] = read_yaml(path, where, TypeAdapter(list[OwnNote]), OwnNote)
    chapters, problems, told = code_words()["section"], [], []
    for i, note in enumerate(notes):
        if note.chapter is not None and note.chapter not in chapters:
            what = _("there is no chapter “{name}”").format(name=note.chapter)
            remedy = suggestion(note.chapter, chapters)
            problems.append(Problem(what, f"{where}: {i}.chapter", remedy))
        for id in [id for id in note.evidence if known is not None and id not in known]:
            what = _("“{id}” is no measure of this program").format(id=id)
            problems.append(Problem(what, f"{where}: {note.id}", suggestion(id, known or ())))
        text = choose(note.text)
        if note.file is not None:
            try:
                text = _text_of(raw, note.file, f"{where}: {i}.file")
            except ProgramError as error:
                problems += error.problems
        told.append(OwnText(
            id=note.id, kind=note.kind, text=text, chapter=note.chapter or CHAPTERS[note.kind],
            evidence=tuple(note.evidence), good=note.good, owner=choose(note.owner) or None,
            due=note.due,
        ))  # fmt: skip
    ids = [note.id for note in notes]
    for id in sorted({id for id in ids if ids.count(id) > 1}):
        what = _("two notes have the id “{id}”").format(id=id)
        problems.append(Problem(what, where, _("give each its own")))
    if problems:
        raise ProgramError(*problems)
    return tuple(told)


def _text_of(raw: Path, name: str, where: str) -> str:
    """The content of a Markdown file beside program.yml."""
    if absent := _absent(raw, name, where):
        raise ProgramError(absent)
    if (raw / name).stat().st_size > MAX_TEXT:
        what = _("the text is longer than {n} characters").format(n=count(MAX_TEXT))
        raise ProgramError(Problem(what, where))
    try:
        return UNSEEN.sub("", (raw / name).read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        problem = Problem(_("the file is not UTF-8 text"), where, _("save it as UTF-8"))
        raise ProgramError(problem) from error


def _absent(raw: Path, name: str, where: str) -> Problem | None:
    """What is wrong where no file of this name lies within the program's folder."""
    with contextlib.suppress(DataError):
        if inside(raw, name, where).is_file():
            return None
    what = _("there is no file “{name}” beside program.yml").format(name=name)
    return Problem(what, where, _("put it into the program's folder"))


def logo_of(program: Program, raw: Path) -> str | None:
    """The declared logo as a data address, so that a report needs no other file. Raises
    ProgramError for what is no small picture."""
    name = program.report.logo
    if name is None:
        return None
    path, where = raw / name, f"{raw.name}/program.yml: report.logo"
    if absent := _absent(raw, name, where):
        raise ProgramError(absent)
    if path.stat().st_size > MAX_LOGO:
        what = _("the logo is larger than {n} kB").format(n=count(MAX_LOGO // 1000))
        raise ProgramError(Problem(what, where, _("save it smaller")))
    content = path.read_bytes()
    kind = next((kind for head, kind in LOGOS.items() if content.startswith(head)), None)
    if kind is None:
        what = _("the logo is no PNG or JPEG picture")
        raise ProgramError(Problem(what, where, _("save it as PNG")))
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
