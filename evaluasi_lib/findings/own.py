"""What the evaluator adds by hand: findings, notes and recommendations, and the agency's logo.

They stand in catatan.yml beside program.yml (a list of `OwnNote`), longer texts in Markdown files
beside it. A report marks them as the evaluator's own; they move no score, verdict or advice.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter, model_validator

from evaluasi_lib.findings.verdict import read_yaml
from evaluasi_lib.folders import inside
from evaluasi_lib.program import MAX_TEXT, UNSEEN, Model, Name, Program, Text
from evaluasi_lib.results import OwnText
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
    problems = [p for i, note in enumerate(notes) for p in _problems(note, raw, f"{where}: {i}")]
    for note in notes:
        unknown = [id for id in note.evidence if known is not None and id not in known]
        for id in unknown:
            what = _("“{id}” is no measure of this program").format(id=id)
            problems.append(Problem(what, f"{where}: {note.id}", suggestion(id, known or ())))
    ids = [note.id for note in notes]
    for id in sorted({id for id in ids if ids.count(id) > 1}):
        what = _("two notes have the id “{id}”").format(id=id)
        problems.append(Problem(what, where, _("give each its own")))
    if problems:
        raise ProgramError(*problems)
    return tuple(_told(note, raw) for note in notes)


def _problems(note: OwnNote, raw: Path, where: str) -> Iterator[Problem]:
    chapters = code_words()["section"]
    if note.chapter is not None and note.chapter not in chapters:
        what = _("there is no chapter “{name}”").format(name=note.chapter)
        yield Problem(what, f"{where}.chapter", suggestion(note.chapter, chapters))
    if note.file is None:
        return
    path = raw / note.file
    if absent := _absent(raw, note.file, f"{where}.file"):
        yield absent
    elif path.stat().st_size > MAX_TEXT:
        what = _("the text is longer than {n} characters").format(n=count(MAX_TEXT))
        yield Problem(what, f"{where}.file")
    else:
        try:
            path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            what = _("the file is not UTF-8 text")
            yield Problem(what, f"{where}.file", _("save it as UTF-8"))


def _told(note: OwnNote, raw: Path) -> OwnText:
    text = choose(note.text)
    if note.file is not None:
        text = UNSEEN.sub("", (raw / note.file).read_text(encoding="utf-8-sig"))
    return OwnText(
        id=note.id, kind=note.kind, text=text, chapter=note.chapter or CHAPTERS[note.kind],
        evidence=tuple(note.evidence), good=note.good, owner=choose(note.owner) or None,
        due=note.due,
    )  # fmt: skip


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
