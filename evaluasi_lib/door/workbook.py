"""Around one program: the list of them, their problems, several side by side, reports in one call.

What the notebooks need beside `open`. Heavy rooms are imported where they are used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from evaluasi_lib import __version__, wording
from evaluasi_lib.check import EVALUATION_NOTEBOOK, DataFolder, load_program, project_root
from evaluasi_lib.cleaning.draft import line_of
from evaluasi_lib.door.program import (
    INJECTED,
    Data,
    Program,
    Report,
    Saved,
    cells_run,
    folder_of,
    open,
    steps_shown,
)
from evaluasi_lib.door.start import line_link
from evaluasi_lib.measures import SCHEMA_VERSION
from evaluasi_lib.reporting.elements import Section
from evaluasi_lib.tables import Table
from evaluasi_lib.wording import DataError, EvaluationError, Problem, UsageError, _, choose, count


def programs(language: str = "id", data: Data = None) -> Table:
    """Every program of the data folder: id, title, cycle, design, data (synthetic or real).

    A broken program.yml is named with its first problem, not left out.

    >>> "nsw-1976" in programs()["id"].tolist()
    True
    """
    folder = folder_of(data, language)
    rows: list[dict[str, Any]] = []
    for program_id in folder.program_ids:
        try:
            said = load_program(folder.raw(program_id))
        except EvaluationError as error:
            rows.append({"id": program_id, "title": str(error.problems[0])})
            continue
        kind = _("synthetic") if said.synthetic else _("real")
        rows.append({"id": program_id, "title": choose(said.title), "cycle": said.cycle,
                     "design": said.design.type, "data": kind})  # fmt: skip
    table = pd.DataFrame(rows, columns=["id", "title", "cycle", "design", "data"])
    return Table(table, note="" if rows else _("there is no program"))


class Problems(Table):
    """The table of `problems`, which Jupyter shows as a list that leads to the lines to mend."""

    def _repr_html_(self) -> str:
        if "path" not in self.attrs or not len(self):
            return super()._repr_html_()
        path, items = Path(self.attrs["path"]), []
        for row in self.to_dict("records"):
            said = Problem(row["what"], row["where"], row["remedy"], row["count"])
            line = None if pd.isna(row["line"]) else int(row["line"])
            items.append(f"<li>{escape(str(said))} {line_link(path, line)}</li>")
        return f"<ol>{''.join(items)}</ol>"


def problems(program_id: str, language: str = "id", data: Data = None) -> Problems:
    """Every problem of a program at once, in the order to mend them: where, what, count, remedy,
    and the line of program.yml that it is about (none where it is about the data alone).

    Reads the declaration and the raw files; changes nothing. No row where all is well.

    >>> problems("nsw-1976", language="en")
    No problem was found.
    """
    from evaluasi_lib.evaluation import problems_of

    folder = folder_of(data, language)
    with steps_shown(_("looking for problems")):
        found = problems_of(folder, folder.check_id(program_id))
    columns = ["where", "what", "count", "remedy"]
    path = folder.raw(program_id) / "program.yml"
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    rows = [
        {name: getattr(problem, name) for name in columns} | {"line": line_of(text, problem.where)}
        for problem in found
    ]
    note = "" if rows else _("No problem was found.")
    found_in = pd.DataFrame(rows, columns=[*columns, "line"]).astype({"line": "Int64"})
    table = Problems(found_in, note=note)
    table.attrs["path"] = str(path)
    return table


class Compared(Table):
    """The table of `compare`, which can make a report of the programs side by side."""

    _programs: tuple[Program, ...] = ()

    def report(self, out: str | Path | None = None) -> Report:
        """The report over these programs, measured now; written into `out` where it is given."""
        from evaluasi_lib.measures import result_json

        results = [json.loads(result_json(p.result)) for p in self._programs]
        report = _side_by_side(results, [])
        if out is not None:
            report.save(out)
        return report


def compare(programs: Sequence[str | Program], language: str = "id", data: Data = None) -> Compared:
    """Programs, or cycles of one program, side by side: the primary estimate of each outcome.

    programs: ids, or opened programs (also those of `what_if`). Rows are sorted so that the same
    outcome of each stands together; columns are those of `effects`, with program and cycle before.
    Amounts of different designs do not compare: read the claim beside the estimate. `.report(out)`
    makes the report over all of them.

    >>> compare(["mentoring-karier-2024", "mentoring-karier-2025"])["cycle"].nunique()
    2
    """
    opened = [p if isinstance(p, Program) else open(p, language, data) for p in programs]
    rows = [pd.DataFrame(p.effects()).assign(program=p.id, cycle=p.declared.cycle) for p in opened]
    table = pd.concat(rows, ignore_index=True)
    order = list(dict.fromkeys(table["outcome"]))
    table = table.sort_values("outcome", key=lambda c: c.map(order.index), kind="stable")
    table = table[["program", "cycle", *table.columns[:-2]]]
    shown = ("label", "program", "cycle", "estimate", "low", "high", "p", "n_program",
             "n_comparison", "claim", "conclusion")  # fmt: skip
    found = Compared(table.reset_index(drop=True), shown=shown)
    found._programs = tuple(opened)
    return found


def compare_reports(
    language: str = "id", data: Data = None, reports: str | Path | None = None
) -> Report:
    """The report over all programs, from the result.json of the reports that there are.

    reports: the folder of the reports; None or "": the project's own. Programs without a report are
    named above it. Raises DataError for a result.json that is broken or of another schema version.

    >>> import tempfile
    >>> compare_reports("en", reports=tempfile.mkdtemp())[0].title
    'All programs'
    """
    folder = folder_of(data, language)
    place = Path(reports or project_root() / "reports").expanduser().resolve()
    results, without, problems = [], [], []
    for program_id in folder.program_ids:
        path = place / program_id / "result.json"
        if not path.is_file():
            without.append(program_id)
            continue
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            if result["schema_version"] != SCHEMA_VERSION:
                raise ValueError
            results.append(_in_words(result, folder, program_id))
        except (ValueError, KeyError, TypeError):
            remedy = _("make the report again: evaluasi report {id}").format(id=program_id)
            problems.append(Problem(_("result.json cannot be read"), program_id, remedy))
    if problems:
        raise DataError(*problems)
    return _side_by_side(results, without)


def _in_words(result: dict[str, Any], folder: DataFolder, program_id: str) -> dict[str, Any]:
    """The same result in the language in force, where the data folder keeps it; else as it is."""
    from evaluasi_lib.evaluation import RESULTS

    kept = folder.processed(program_id) / RESULTS / f"{wording.language()}.json"
    if not kept.is_file():
        return result
    other: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))

    def numbers(of: dict[str, Any]) -> list[tuple[str, float | None]]:
        return [(row["id"], row["value"]) for row in of["measures"]]

    return other if numbers(other) == numbers(result) else result


def _side_by_side(results: Sequence[dict[str, Any]], without: Sequence[str]) -> Report:
    from evaluasi_lib.portfolio import portfolio_sections

    said = _("{n} reports are compared.").format(n=count(len(results)))
    if without:
        names = wording.join_words(list(without))
        said += " " + _("Without a report yet: {names}.").format(names=names)
    return Report(portfolio_sections(results), partial(_write_portfolio, said), said)


def _write_portfolio(said: str, chapters: Sequence[Section], out: Path, formats: str) -> Path:
    from evaluasi_lib.reporting.export import render_page, words_around
    from evaluasi_lib.reporting.stamp import report_name

    if formats != "html":
        what = _("the report over all programs is written as html alone")
        raise UsageError(Problem(what, "formats"))
    footer = _("Made with evaluasi {version}.").format(version=__version__)
    texts = words_around(_("All programs side by side"), said, footer)
    out.mkdir(parents=True, exist_ok=True)
    page = render_page(chapters, texts)
    (out / report_name("html")).write_text(page, encoding="utf-8", newline="\n")
    return out


class Ready(Saved):
    """A report that is ready, with a link to its page."""

    page: Path

    def _repr_html_(self) -> str:
        return f"<p>{escape(self)} {line_link(self.page, None)}</p>"


def make_report(
    program_id: str,
    language: str = "id",
    data: Data = None,
    out: str | Path | None = None,
    formats: str = "html",
) -> Ready:
    """Make a program's report as `evaluasi report` does: notebook 02 is run in whole.

    language: "id", "en" or "id,en". out: the folder of the reports; None or "": the project's own.
    Writes out/<program>/ and the index page; a report that is unchanged stays as it is. Raises
    EvaluationError with what stopped the notebook.

    >>> make_report("nsw-1976", "id,en", formats="html,docx")  # doctest: +SKIP
    The report is ready. Open it:
    """
    from evaluasi_lib.reporting import batch
    from evaluasi_lib.reporting.stamp import report_name, split_formats, split_languages

    languages = split_languages(language)
    folder = folder_of(data, languages[0])
    place = Path(out or project_root() / "reports").expanduser().resolve()
    job = batch.Job(
        folder.check_id(program_id), project_root() / EVALUATION_NOTEBOOK, folder.path, place,
        languages, split_formats(formats), wording.language(),
    )  # fmt: skip
    said = _("{id}: {heading} ({share})")

    def watch(name: str, share: float, heading: str) -> None:  # from the thread of the notebook
        tell(said.format(id=name, heading=heading, share=wording.percent(share)))

    with steps_shown(_("making the report of {id}").format(id=job.program_id)) as tell:
        (outcome,) = batch.make_reports([job], folder, watch=watch)
    if outcome.failure:
        raise EvaluationError(outcome.failure)
    ready = Ready(_("The report is ready. Open it:"))
    ready.page = place / job.program_id / report_name("html")
    return ready


def check_parameters() -> None:
    """Refuse parameters of papermill that the notebook does not have.

    Papermill itself only warns, and runs the notebook with the defaults: another program than the
    one asked for. Call it in the first cell after the parameters. Raises UsageError with the
    nearest name.

    >>> check_parameters()  # nothing to check where papermill does not run the notebook
    """
    known: list[str] = []
    for source in cells_run():
        names = re.findall(r"^(\w+)\s*(?::[^=\n]*)?=(?!=)", source, re.MULTILINE)
        if source.startswith(INJECTED):
            for name in names:
                wording.check_known(name, known, _("the notebook has no parameter “{name}”"))
        known += names
