"""A whole program: its tables, outcomes, effects, verdict and report, filled in from program.yml.

The methods call the functions that the report calls. Heavy rooms are imported where they are used,
so that opening a program costs little.

`progress` shows below a cell what it is at while it works, and takes it away when it has ended.
"""

from __future__ import annotations

import ast
import dataclasses
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluasi_lib import wording
from evaluasi_lib.check import DataFolder, load_program, program_of, read_declaration
from evaluasi_lib.cleaning.pipeline import clean_program, is_stale
from evaluasi_lib.folders import DATA_VARIABLE, replace_folder
from evaluasi_lib.measures import Explored
from evaluasi_lib.program import Outcome
from evaluasi_lib.program import Program as Declaration
from evaluasi_lib.reporting.elements import Element, Paragraph, Section
from evaluasi_lib.reporting.elements import Figure as Picture
from evaluasi_lib.study import Study, load_study
from evaluasi_lib.tables import Figure, Table, cell
from evaluasi_lib.wording import (
    Problem,
    Tell,
    UsageError,
    _,
    check_known,
    choose,
    count,
    heard,
    step,
    told,
    word_for,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evaluasi_lib.measures import Effect, EvaluationResult, Measure, Role
    from evaluasi_lib.scoring.frames import OutcomeFrame

INJECTED = "# Parameters\n"  # how papermill's own cell begins


def cells_run() -> list[str]:
    """The cells that ran in this kernel, in order; none outside of Jupyter."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    found: list[str] = [] if shell is None else shell.user_ns.get("In", [])
    return found


def progress_html(text: str) -> str:
    """A bar that moves, and what is being done."""
    return f'<progress style="vertical-align:middle"></progress> {escape(text)}…'


@contextmanager
def steps_shown(first: str) -> Iterator[Tell]:
    """Show the steps of the work within, where a person looks on: in a notebook that papermill does
    not run, and where nobody else shows them already. Gives what shows a step from another thread.
    """
    cells = cells_run()
    by_papermill = any(cell.startswith(INJECTED) for cell in cells)
    if heard() or not cells or by_papermill or "ipykernel" not in sys.modules:
        yield step
        return
    from IPython.display import HTML, display

    handle: Any = None

    def tell(text: str) -> None:
        nonlocal handle
        shown = HTML(progress_html(text))
        if handle is None:
            handle = display(shown, display_id=True)
        else:
            handle.update(shown)

    try:
        with told(tell):
            step(first)
            yield tell
    finally:
        if handle is not None:
            handle.update(HTML(""))


Write = Callable[[Sequence[Section], Path, str], Path]
OWN, APPENDIX = "analisis-sendiri", "lampiran"
MOST = 12  # lines of a list


class Tables(dict[str, Table]):
    """The cleaned tables by the name of their source; a name that is not there says the nearest."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        super().__init__({name: Table(table, title=name) for name, table in tables.items()})

    def __missing__(self, name: str) -> Table:
        what = _("unknown source") + f": “{name}”"
        raise UsageError(Problem(what, remedy=wording.suggestion(name, self)))

    def __repr__(self) -> str:
        text = _("{table}: {rows} rows, {columns} variables")
        return "\n".join(
            text.format(table=name, rows=count(len(table)), columns=count(table.shape[1]))
            for name, table in self.items()
        )


class Listed:
    """What is shown as headings, each with a list below it."""

    def _lines(self) -> Sequence[tuple[str, Sequence[str]]]:
        raise NotImplementedError

    def __repr__(self) -> str:
        return "\n".join("\n- ".join([heading, *items[:MOST]]) for heading, items in self._lines())

    def _repr_html_(self) -> str:
        parts: list[str] = []
        for heading, items in self._lines():
            text = escape(heading) if parts else f"<strong>{escape(heading)}</strong>"
            parts.append(f"<p>{text}</p>")
            listed = "".join(f"<li>{escape(item)}</li>" for item in items[:MOST])
            parts.append(f"<ul>{listed}</ul>" if listed else "")
        return "".join(parts)


@dataclass(frozen=True, slots=True, repr=False)
class Verdict(Listed):
    """decision: scale_up, continue, adjust, redesign, insufficient_evidence; rule: the row of the
    decision table that fired; reasons: why, in words."""

    decision: str
    rule: str
    reasons: tuple[str, ...]

    def _lines(self) -> Sequence[tuple[str, Sequence[str]]]:
        return [(f"{word_for('decision', self.decision)} ({self.rule})", self.reasons)]


class Report(Sequence[Section]):
    """The chapters of a report, to look at one by one, to add to, and to save.

    `text`, `table` and `figure` add what you made yourself to a chapter of its own, before the
    appendix. folder: where it was saved last, or None.
    """

    def __init__(self, sections: Iterable[Section], write: Write, note: str = "") -> None:
        self._sections, self._write, self._note = list(sections), write, note
        self._own: list[Element] = []
        self.folder: Path | None = None

    @property
    def _chapters(self) -> list[Section]:
        found = list(self._sections)
        if self._own:
            ends = [i for i, s in enumerate(found) if s.id == APPENDIX] or [len(found)]
            made = Paragraph(_("Made in the notebook, beside the standard report."), "note")
            found.insert(ends[0], Section(OWN, _("Own analyses"), (made, *self._own)))
        return found

    def __getitem__(self, at: Any) -> Any:
        return self._chapters[at]

    def __len__(self) -> int:
        return len(self._chapters)

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self._own.append(Paragraph(text))

    def table(self, df: pd.DataFrame, title: str, note: str = "") -> None:
        """Add a table, as Jupyter shows a `Table`: at most 20 rows and 11 columns.

        Nothing is hidden in it: leave out what rests on few persons.
        """
        table = df if isinstance(df, Table) else Table(df)
        self._own.append(table.element(f"{OWN}-{len(self._own) + 1}", title, note))

    def figure(self, picture: Axes | Figure, title: str, answer: str, alt: str = "") -> None:
        """Add a picture: the axes that matplotlib, pandas or seaborn drew on, or an `el` figure.

        title: the question that it answers. answer: what it shows, in one sentence. alt: the
        picture in words, for who hears the page; title and answer where it is left out.
        """
        svg = picture.svg if isinstance(picture, Figure) else _svg(picture)
        name = f"{OWN}-{len(self._own) + 1}"
        self._own.append(Picture(name, title, answer, alt or f"{title} {answer}", svg))

    def save(self, out: str | Path | None, formats: str = "html") -> Saved:
        """Write the report into the folder `out` in whole; nothing where out is empty. Says which.

        formats: html always, and of "html,pdf,docx,xlsx" those named. Raises UsageError for an
        unknown one.
        """
        if not out:
            return Saved(_("No report folder was written, because out_dir is empty."))
        self.folder = self._write(self, Path(out).expanduser().resolve(), formats)
        return Saved(_("The report is in {folder}.").format(folder=self.folder))

    def _repr_html_(self) -> str:
        note = f"<p>{escape(self._note)}</p>" if self._note else ""
        return note + "\n".join(chapter._repr_html_() for chapter in self)

    def __repr__(self) -> str:
        where = "" if self.folder is None else str(self.folder)
        return "\n".join(filter(None, [self._note, *map(repr, self), where]))


class Saved(str):
    """What `save` did, shown without quotes."""

    def __repr__(self) -> str:
        return str(self)


def _svg(ax: Axes) -> bytes:
    """The drawing of some axes, the same bytes for the same drawing."""
    from matplotlib import rc_context

    from evaluasi_lib.reporting import theme

    with rc_context(theme.RC):  # type: ignore[arg-type]
        canvas = ax.get_figure(root=True)
        if canvas is None:
            raise UsageError(Problem(_("the axes belong to no figure"), "figure"))
        if canvas.get_layout_engine() is None:
            canvas.set_layout_engine("constrained")  # else long labels are cut off
        return theme.to_svg(canvas)


COSTS = ("price_year", "participant_time", "training_hours_jp")


def change(
    program: Declaration,
    raw: dict[str, Any],
    before: Sequence[Explored] = (),
    *,
    outcome: str | None = None,
    sesoi: float | None = None,
    estimator: str | None = None,
    costs: Mapping[str, Any] | None = None,
    items: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
) -> tuple[Explored, ...]:
    """Change the keys of a program.yml (raw), to be validated again; returns every change against
    what program.yml says.

    program: as it stands. before: what earlier explorations changed, and raw holds already. The
    others: as `Program.what_if`. Raises UsageError where nothing is changed, or for unknown names.
    """
    new: dict[str, Any] = {}
    if sesoi is not None or estimator is not None:
        place = f"outcomes.{_only(program, outcome).id}"
        if estimator is not None:
            from evaluasi_lib.door.scoring import check_method

            check_method(estimator)
        given = {"sesoi": sesoi, "estimator": estimator}
        new |= {f"{place}.{name}": value for name, value in given.items() if value is not None}
    if items is not None:
        if not isinstance(items, Mapping):
            items = {_only(program, outcome).instrument or "": items}
        for name, listed in items.items():
            unknown = _("unknown instrument") + ": “{name}”"
            check_known(name, program.instruments, unknown, "items")
            new[f"instruments.{name}.items"] = list(listed)
            _keep(program, name, listed, raw)
    for name, value in (costs or {}).items():
        new |= _cost(program, name, value)
    if not new:
        what = _("nothing was changed")
        raise UsageError(Problem(what, "what_if", "sesoi, estimator, costs, items"))
    declared, found = program.model_dump(), {one.key: one for one in before}
    for key, value in new.items():
        first = found[key].declared if key in found else _plain(_at(declared, key))
        found[key] = Explored(key, first, _plain(value))
        _put(raw, key, value)
    return tuple(found.values())


def _keep(program: Declaration, name: str, items: Sequence[str], raw: dict[str, Any]) -> None:
    """Reversed items and dimensions keep those of theirs that stay; items that no instrument names
    any more keep the scale by which they were read."""
    instrument, place = program.instruments[name], f"instruments.{name}"
    kept = {d: [i for i in listed if i in items] for d, listed in instrument.dimensions.items()}
    _put(raw, f"{place}.dimensions", {d: listed for d, listed in kept.items() if listed})
    # Cleaning turned an item that any instrument calls reversed, and typed it by its scale.
    turned = {i for other in program.instruments.values() for i in other.reversed}
    _put(raw, f"{place}.reversed", [i for i in items if i in turned])
    for source in raw["sources"].values():
        for item in set(instrument.items) - set(items):
            column = source.get("columns", {}).get(item)
            if isinstance(column, dict) and column.get("type") == "item":
                column.setdefault("scale", instrument.scale)


def _cost(program: Declaration, key: str, value: Any) -> dict[str, Any]:
    """Another realised cost of a category, or another key of `costs` (with its parts)."""
    if program.costs is None:
        what = _("The program declares no costs.")
        raise UsageError(Problem(what, "costs", _("declare them in program.yml")))
    spent = [item.category for item in program.costs.items]
    check_known(key, [*spent, *COSTS], _("unknown cost “{name}”"), "costs")
    if key in spent:
        return {f"costs.items.{key}.realised_idr": value}
    parts = value.items() if isinstance(value, Mapping) else ()
    return {f"costs.{key}.{part}": new for part, new in parts} or {f"costs.{key}": value}


def _only(program: Declaration, outcome: str | None) -> Outcome:
    """The outcome meant; the only one where none is named."""
    if outcome is not None:
        return outcome_of(program, outcome)
    if len(program.outcomes) == 1:
        return program.outcomes[0]
    known = _("known: {names}").format(names=", ".join(o.id for o in program.outcomes))
    raise UsageError(Problem(_("the program has several outcomes"), "outcome", known))


def outcome_of(program: Declaration, name: str) -> Outcome:
    """The declared outcome. Raises UsageError with the nearest name for an unknown one."""
    unknown = _("unknown outcome") + ": “{name}”"
    check_known(name, [o.id for o in program.outcomes], unknown, program.id)
    return program.outcome(name)


def _at(content: Any, key: str) -> Any:
    """What a key holds; None where nothing stands there."""
    for part in key.split("."):
        content = _inner(content, part) if content else None
    return content


def _put(raw: dict[str, Any], key: str, value: Any) -> None:
    """Set a key of program.yml by its path."""
    *way, last = key.split(".")
    for part in way:
        raw = _inner(raw, part)
    raw[last] = value


def _inner(place: Any, step: str) -> Any:
    """What stands at a step of a path; a list of records is entered by id or category."""
    if isinstance(place, list):
        return next(x for x in place if step in (x.get("id"), x.get("category")))
    return place.setdefault(step, {})


def _plain(value: Any) -> str | float | None:
    if value is None or isinstance(value, str):
        return value
    return float(value) if isinstance(value, (int, float)) else ", ".join(map(str, value))


Data = str | Path | DataFolder | None
Chapter = Any  # a chapter's id, a Section, or a function of (study, result) that gives one
WHERE = "where?"  # no variable of a program is called so


def open(program_id: str, language: str = "id", data: Data = None) -> Program:
    """A program by the name of its folder; its data are cleaned first where missing or stale.

    language: "id" or "en", of everything shown from here on. data: a folder laid out like data/;
    None or "": the project's own. Raises UsageError (unknown program, with the nearest name, or
    language), ProgramError and DataError with every problem of the declaration or the data at once.

    >>> p = open("nsw-1976")
    >>> p.outcomes["outcome"].tolist()
    ['re78']
    >>> round(float(p.effects()["estimate"].iloc[0]), 3)
    1794.342
    """
    folder = folder_of(data, language)
    program = load_program(folder.raw(folder.check_id(program_id)))
    if is_stale(program, folder):
        with steps_shown(_("cleaning the data")):
            clean_program(program, folder)
    return Program(load_study(program, folder.processed(program.id)), folder)


def folder_of(data: Data, language: str = "id") -> DataFolder:
    """The data folder meant; the language is in force from here on."""
    wording.set_language(wording.check_language(language or wording.DEFAULT_LANGUAGE))
    return (
        data
        if isinstance(data, DataFolder)
        else DataFolder.at(data or os.environ.get(DATA_VARIABLE))
    )


class Program(Listed):
    """An opened program. Made by `open`; a changed copy by `what_if`.

    declared: program.yml. explored: what `what_if` changed of it, nothing otherwise.
    """

    def __init__(
        self, study: Study, data: DataFolder, raw: Any = None, explored: tuple[Explored, ...] = ()
    ) -> None:
        self._study, self._data, self._raw, self.explored = study, data, raw, explored

    @property
    def declared(self) -> Declaration:
        """program.yml as one model."""
        return self._study.program

    @property
    def id(self) -> str:
        return self.declared.id

    @property
    def tables(self) -> Tables:
        """Source -> cleaned table (pandas, no names, `pid` for the person); logs are left out."""
        return Tables(self._study.tables)

    @property
    def outcomes(self) -> Table:
        """What is to change, a row each: outcome, label, level, unit, direction, sesoi ..."""
        columns = ["id", "label", "level", "unit", "direction", "sesoi", "estimator", "decisive"]
        rows = [[getattr(o, name) for name in columns] for o in self.declared.outcomes]
        table = pd.DataFrame(rows, columns=["outcome", *columns[1:]])
        table[["label", "unit"]] = table[["label", "unit"]].map(choose)
        note = "" if rows else _("The program declares no outcomes.")
        return Table(table, shown=["outcome", *columns[1:6]], note=note)

    @property
    def changes(self) -> Table:
        """What cleaning changed, a row for each rule and table: rule, table, n."""
        rows = [c for c in self._study.quality.changes if c.n]
        table = pd.DataFrame(rows, columns=["rule", "table", "n"])
        return Table(table, note="" if rows else _("Nothing had to be changed."))

    @cached_property
    def translations(self) -> Table:
        """How each distinct text of the files was read: source, variable, text, n, first_row,
        value, rule (what was done; "" where the text is the value).

        Rows without text stand for a column as a whole; texts that could tell of a person are not
        written out. What was read wrong is mended in program.yml (aliases, missing, categories) or
        koreksi.csv.
        """
        path = self._study.folder / "quality" / "translations.parquet"
        columns = ["source", "variable", "text", "n", "first_row", "value", "rule"]
        read = pd.read_parquet(path) if path.is_file() else pd.DataFrame(columns=columns)
        rows = read.fillna({"rule": ""}).sort_values(
            "rule", key=lambda c: c.eq(""), kind="stable", ignore_index=True
        )
        note = _("{n} of {total} distinct texts were changed; those stand first.").format(
            n=count(int(rows["rule"].ne("").sum())), total=count(len(rows))
        )
        return Table(rows[columns], note=note)

    @cached_property
    def codebook(self) -> Table:
        """Each variable of the cleaned tables, a row each: table, variable, question, type,
        labels, missing, n (values), n_missing, from (heading in the file)."""
        from evaluasi_lib.cleaning.manifest import codebook

        shown = ("table", "variable", "question", "type", "labels", "n", "n_missing")
        return Table(codebook(self.declared, self._study.folder), shown=shown)

    def outcome_data(self, outcome: str) -> Table:
        """The persons from whom an outcome is estimated: pid, group, y, y0 (the measure before,
        where persons are linked), and the declared background. Where the waves cannot be linked,
        the rows of both stand below one another and `wave` tells them apart.

        For the researcher's own eyes; not for publication. Raises UsageError for an unknown
        outcome, DataError where no source holds it.
        """
        from evaluasi_lib.scoring.frames import outcome_frame

        frame = outcome_frame(self._study, self._outcome(outcome))
        if frame.before is None:
            return Table(frame.after)
        waves = {"after": frame.after, "before": frame.before}
        return Table(pd.concat([t.assign(wave=w) for w, t in waves.items()], ignore_index=True))

    def answers(self, theme: str | None = None) -> Table:
        """The open answers with their themes: source, variable, row, pid, text, `themes`,
        sentiment, content, and one yes/no column a theme.

        theme: only those that speak of it. Texts are masked in cleaning, but masking is no
        guarantee: read them yourself, publish approved quotes alone. Raises UsageError for an
        unknown theme.
        """
        from evaluasi_lib.door.scoring import joined_themes
        from evaluasi_lib.voices.feedback import code_open_answers, codebook_of

        codebook = codebook_of(self._study)
        coded = code_open_answers(self._study, codebook)
        said = coded.said.assign(
            themes=joined_themes(coded.present), sentiment=coded.sentiment, content=coded.content
        )
        shown = ("source", "variable", "row", "text", "themes", "sentiment")
        table = Table(said.join(coded.present), shown=shown)
        if theme is None:
            return table
        found = codebook.code_of(theme) or theme
        check_known(found, codebook.themes, _("there is no theme “{name}”"), "theme")
        return table[table[found]].reset_index(drop=True)

    @cached_property
    def _scored(self) -> tuple[Measure, ...]:
        """The published rows of the estimates, and of the evidence on each outcome: those of the
        report, but of an exploration no more than these, for a quick look."""
        if not self.explored:
            return self.result.rows
        from evaluasi_lib.measures import publish
        from evaluasi_lib.scoring.evidence import score_effects
        from evaluasi_lib.scoring.frames import outcome_frames

        drafts = score_effects(self._study, outcome_frames(self._study))
        return publish(drafts, self.declared.privacy.min_cell)[0]

    @cached_property
    def result(self) -> EvaluationResult:
        """Everything measured and concluded, as the report takes it."""
        from evaluasi_lib.evaluation import result_of
        from evaluasi_lib.reporting.stamp import Sources

        with steps_shown(_("measuring")):
            return result_of(self._study, Sources(self._data), self.explored)

    @cached_property
    def measures(self) -> Table:
        """Every number of the report, one row each; see evaluasi_lib.measures."""
        from evaluasi_lib.measures import COLUMNS, NUMBERS, SHOWN

        table = pd.DataFrame(self.result.rows, columns=list(COLUMNS))
        return Table(table.astype(dict.fromkeys(NUMBERS, "float64")), shown=SHOWN)

    @cached_property
    def scales(self) -> Table:
        """Each instrument, a row: scale, label, items, alpha (of the first wave), omega, and the
        mean of each group and wave, in columns such as "program, sebelum"."""
        from evaluasi_lib.measures import wide

        found = wide(self.result.rows, "scales/*/*/*")
        one_group = len({r["group"] for r in found}) == 1
        rows: dict[str, dict[str, Any]] = {}
        for r in found:
            wave, group = word_for("wave", r["wave"]), word_for("group", r["group"])
            first = {"scale": r["subject"], "label": r["label"], "n_items": r["n_items"],
                     "alpha": r["alpha"], "omega": r["omega_total"]}  # fmt: skip
            row = rows.setdefault(r["subject"], first)
            row[wave if one_group else f"{group}, {wave}"] = r["mean"]
        if not rows:
            return Table(note=_("The program declares no instruments."))
        table = pd.DataFrame(rows.values()).astype({"n_items": "Int64"})
        return Table(table, shown=[str(c) for c in table if c != "scale"])

    def effects(
        self,
        outcome: str | None = None,
        where: str | None = None,
        by: str | None = None,
        role: Role | None = "primary",
    ) -> Table:
        """Estimates, a row each, with the columns of `effect`; None where none is named: all.

        role: primary, sensitivity (other defensible methods), subgroup (the declared ones), or None
        for all. where: only the persons for whom it holds, such as "jenis_kelamin == 'P'". by: each
        group of a variable, with the test that they differ in `note`. Both may be undeclared, so
        they are explorations: they are rows of role "subgroup" and conclude nothing. Groups too
        small to show, and those by which one could be found, are hidden. Raises UsageError for an
        unknown outcome, variable or a condition that cannot be read.
        """
        from evaluasi_lib.door.scoring import effects_table
        from evaluasi_lib.measures import effects_of

        wanted = [self._outcome(outcome)] if outcome is not None else self.declared.outcomes
        if where is not None and by is not None:
            what = _("give either where or by, not both")
            remedy = _("filter p.outcome_data(...) and use el.effect")
            raise UsageError(Problem(what, remedy=remedy))
        if where is not None or by is not None:
            return effects_table(self._grouped(wanted, by or WHERE, where), where or "")
        ids = {o.id for o in wanted}
        return effects_table(e for e in effects_of(self._scored, role) if e.outcome in ids)

    def _grouped(
        self, outcomes: Iterable[Outcome], variable: str, where: str | None
    ) -> list[Effect]:
        """The subgroup estimates of a variable, or of those for whom a condition holds."""
        from evaluasi_lib.measures import effects_of, publish
        from evaluasi_lib.scoring.effects import effect_drafts, estimates_of
        from evaluasi_lib.scoring.evidence import refuted
        from evaluasi_lib.scoring.frames import outcome_frame

        names = [variable] if where is None else _names_in(where)
        found: list[Effect] = []
        for declared in outcomes:
            wider = declared.model_copy(update={"subgroups": [*declared.subgroups, *names]})
            frame = outcome_frame(self._study, wider)
            unknown = _("unknown variable") + ": “{name}”"
            for name in names:
                check_known(name, map(str, frame.after), unknown, declared.id)
            if where is not None:
                frame = _marked(frame, where)
            one = declared.model_copy(update={"subgroups": [variable]})
            program = self.declared.model_copy(update={"outcomes": [one]})
            study = dataclasses.replace(self._study, program=program)
            drafts = effect_drafts(estimates_of(study, {one.id: frame}), refuted(self._scored))
            found += effects_of(publish(drafts, program.privacy.min_cell)[0], "subgroup")
        if where is None:
            return found
        yes = [e for e in found if e.subgroup == f"{WHERE}: {_('yes')}"]
        return [dataclasses.replace(e, subgroup=where) for e in yes]

    def _outcome(self, name: str) -> Outcome:
        return outcome_of(self.declared, name)

    def what_if(
        self,
        *,
        outcome: str | None = None,
        sesoi: float | None = None,
        estimator: str | None = None,
        costs: Mapping[str, Any] | None = None,
        items: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    ) -> Program:
        """The same program with another declaration, to see what hangs on it.

        outcome: whose sesoi, estimator or items; needed where there are several. costs: category ->
        realised rupiah, or a key of `costs` (training_hours_jp, participant_time ...). items: the
        items of the outcome's instrument, or instrument -> items. The change is validated like
        program.yml: a misspelt item is an error with the nearest name. Whatever the copy publishes
        says on its first page, and in result.json, that it is an exploration. Raises UsageError,
        ProgramError.
        """
        raw = deepcopy(self._raw) or read_declaration(self._data.raw(self.id))
        explored = change(
            self.declared, raw, self.explored,
            outcome=outcome, sesoi=sesoi, estimator=estimator, costs=costs, items=items,
        )  # fmt: skip
        study = dataclasses.replace(self._study, program=program_of(raw, self.id))
        return Program(study, self._data, raw, explored)

    def verdict(self) -> Verdict:
        """The decision by the written rules (docs/verdict.md), with the reasons."""
        found = self.result.verdict
        said = (*found.reasons, *found.certainty, *found.would_change)
        return Verdict(found.decision, found.rule, said)

    def report(
        self,
        chapters: Sequence[Chapter] | None = None,
        out: str | Path | None = None,
        formats: str = "html",
    ) -> Report:
        """The report, to look at and add to; written to out/<program>/ where `out` is given.

        chapters: ids of chapters (ringkasan, program, metodologi, efektivitas ...), Sections of
        your own, or functions of (declaration, result) that give one; None: all. formats:
        "html,docx". What you add with `.text`, `.table` and `.figure` is published by `.save(out)`.
        Raises UsageError for an unknown chapter or format.
        """
        from evaluasi_lib.reporting.sections import SECTIONS

        makers = dict(zip(wording.code_words()["section"], SECTIONS, strict=True))
        wanted = list(makers) if chapters is None else list(chapters)
        for name in wanted:
            if isinstance(name, str):
                check_known(name, makers, _("there is no chapter “{name}”"), "chapters")
        if self.explored and "ringkasan" not in wanted:
            wanted.insert(0, "ringkasan")  # the mark of an exploration stands there
        parts = [makers[c] if isinstance(c, str) else c for c in wanted]
        made = [c(self.declared, self.result) if callable(c) else c for c in parts]
        report = Report(made, self._write)
        if out is not None:
            report.save(out, formats)
        return report

    def _write(self, chapters: Sequence[Section], out: Path, formats: str) -> Path:
        from evaluasi_lib.reporting.export import write_report
        from evaluasi_lib.reporting.stamp import split_formats

        form = split_formats(formats)
        words = wording.own_words(self.declared.own_words)
        with replace_folder(out / self.id) as folder, words:
            write_report(folder, chapters, self.result, form)
        return out / self.id

    def _lines(self) -> list[tuple[str, list[str]]]:
        """What the program is, for whoever looks at it: a heading and its lines."""
        said, quality = self.declared, self._study.quality
        read = _("{kept} of {read} rows kept").format(
            kept=count(quality.rows_kept), read=count(quality.rows_read)
        )
        tables = [f"{name}: {count(len(t))}" for name, t in self._study.tables.items()]
        outcomes = [
            f"{o.id}: {choose(o.label)}"
            + ("" if o.sesoi is None else f" (sesoi {cell('sesoi', o.sesoi)} {choose(o.unit)})")
            for o in said.outcomes
        ]
        found = [
            (f"{choose(said.title)} ({self.id})", []),
            (f"{_('Design')}: {word_for('design', said.design.type)}", []),
            (f"{_('Tables, with their rows')} ({read})", tables),
            (_("Outcomes, with the smallest change that matters (sesoi)"), outcomes),
        ]
        if self.explored:
            from evaluasi_lib.reporting.tables import explored_sentence

            found.insert(1, (explored_sentence(self.explored), []))
        return found


def _unread(where: str) -> UsageError:
    what = _("the condition cannot be read: {text}").format(text=where)
    return UsageError(Problem(what, "where", "jenis_kelamin == 'P'"))


def _names_in(where: str) -> list[str]:
    """The variables of a condition."""
    try:
        tree = ast.parse(where, mode="eval")
    except SyntaxError as error:
        raise _unread(where) from error
    return list(dict.fromkeys(n.id for n in ast.walk(tree) if isinstance(n, ast.Name)))


def _marked(frame: OutcomeFrame, where: str) -> OutcomeFrame:
    """The frame with the flag WHERE: for whom the condition holds."""

    def mark(rows: pd.DataFrame) -> pd.DataFrame:
        plain = rows.assign(
            **{str(c): rows[c].astype("object") for c in rows if rows[c].dtype == "category"}
        )
        try:
            found = plain.eval(where, engine="python")
        except Exception as error:  # pandas has many ways to refuse a condition
            raise _unread(where) from error
        return rows.assign(**{WHERE: pd.Series(found, index=rows.index).fillna(False).astype(bool)})

    before = None if frame.before is None else mark(frame.before)
    return dataclasses.replace(frame, after=mark(frame.after), before=before)
