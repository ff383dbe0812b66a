"""What the starting and cleaning notebooks call: tables to look at and steps to take, in words."""

from __future__ import annotations

import os
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pandas as pd

from evaluasi_lib import wording
from evaluasi_lib.errors import EvaluationError, check_language
from evaluasi_lib.evaluation import Workbook, open_study, problems_of
from evaluasi_lib.loading import EVALUATION_NOTEBOOK, DataFolder, load_program, project_root
from evaluasi_lib.study import Study
from evaluasi_lib.wording import _, choose, word_for


@dataclass(frozen=True)
class Note:
    """Sentences for a notebook: a list, and links where given."""

    lines: tuple[str, ...]
    link: str = ""

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{escape(line)}</li>" for line in self.lines)
        link = f'<p><a href="{escape(self.link, quote=True)}">{escape(self.link)}</a></p>'
        return f"<ul>{items}</ul>" + (link if self.link else "")

    def __repr__(self) -> str:
        return "\n".join([*self.lines, self.link]).strip()


def list_programs(data_dir: str = "", language: str = "id") -> pd.DataFrame:
    """Every program with title, design and cycle; a broken program.yml is named, not hidden."""
    wording.set_language(check_language(language))
    data = DataFolder.at(data_dir or None)
    rows = []
    for program_id in data.program_ids:
        try:
            program = load_program(data.raw(program_id))
        except EvaluationError as error:
            rows.append({"id": program_id, _("title"): str(error.problems[0])})
            continue
        rows.append(
            {
                "id": program_id,
                _("title"): choose(program.title),
                _("cycle"): program.cycle,
                _("design"): word_for("design", program.design.type),
                _("data"): _("synthetic") if program.synthetic else _("real"),
            }
        )
    return pd.DataFrame(rows).fillna("")


def look_at(program_id: object, data_dir: str = "", language: str = "id") -> pd.DataFrame:
    """The outcomes that a program declares, with what must change for it to matter."""
    wording.set_language(check_language(language))
    data = DataFolder.at(data_dir or None)
    program = load_program(data.raw(data.check_id(program_id)))
    rows = [
        {
            _("outcome"): choose(outcome.label),
            _("level"): word_for("level", outcome.level),
            _("unit"): choose(outcome.unit),
            _("better is"): _("higher") if outcome.direction == "higher" else _("lower"),
            _("smallest change that matters"): wording.number(outcome.sesoi, 2),
        }
        for outcome in program.outcomes
    ]
    return pd.DataFrame(rows)


def make_report(program_id: object, data_dir: str = "", out_dir: str = "") -> Note:
    """Run the report of one program and say where it lies, or why it could not be made."""
    from evaluasi_lib.reporting.batch import Job, run_program

    data = DataFolder.at(data_dir or None)
    out = Path(out_dir or project_root() / "reports").resolve()
    notebook = project_root() / EVALUATION_NOTEBOOK
    outcome = run_program(Job(data.check_id(program_id), notebook, data.path, out))
    if outcome.failure:
        return Note(tuple(outcome.failure.splitlines()))
    page = out / outcome.program_id / "laporan.html"
    link = os.path.relpath(page, project_root() / "notebooks").replace(os.sep, "/")
    return Note((_("The report is ready. Open it:"),), link)


def show_problems(program_id: object, language: str = "id", data_dir: str = "") -> Note:
    """Every problem of a program at once; changes nothing."""
    wording.set_language(check_language(language))
    data = DataFolder.at(data_dir or None)
    problems = problems_of(data, data.check_id(program_id))
    return Note(tuple(str(p) for p in problems) or (_("No problem was found."),))


@dataclass(frozen=True)
class _Cleaned(Study):
    def __repr__(self) -> str:
        data = DataFolder(self.folder.parent.parent)
        return repr(Workbook(self, data, None))


def clean(program_id: object, language: str = "id", data_dir: str = "") -> Study:
    """Clean where data are missing or stale; the cleaned data."""
    wording.set_language(check_language(language))
    data = DataFolder.at(data_dir or None)
    study = open_study(data, data.check_id(program_id))
    return _Cleaned(study.program, study.folder, study.manifest)


def changes(study: Study) -> pd.DataFrame:
    """What cleaning changed, by rule and table."""
    rows = [
        {_("rule"): word_for("rule", change.rule), _("table"): change.table, _("number"): change.n}
        for change in study.quality.changes
        if change.n
    ]
    return pd.DataFrame(rows)


def codebook(study: Study) -> Note:
    """Where the codebook lies, and its tables."""
    path = study.folder / "kodebuku.md"
    lines = [
        _("{table}: {rows} rows, {columns} variables").format(
            table=name, rows=wording.count(len(table)), columns=table.shape[1]
        )
        for name, table in study.tables.items()
    ]
    link = os.path.relpath(path, project_root() / "notebooks").replace(os.sep, "/")
    return Note(tuple(lines), link)
