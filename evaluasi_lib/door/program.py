"""A whole program: its tables, outcomes, effects, verdict and report, filled in from program.yml.

The methods call the functions that the report calls. Heavy rooms are imported where they are used,
so that opening a program costs little.
"""

from __future__ import annotations

import ast
import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluasi_lib import wording
from evaluasi_lib.check import DataFolder, load_program, program_of, read_declaration
from evaluasi_lib.cleaning.pipeline import clean_program, is_stale
from evaluasi_lib.door.progress import steps_shown
from evaluasi_lib.door.report import Listed, Report, Tables, Verdict
from evaluasi_lib.door.what_if import change, outcome_of
from evaluasi_lib.folders import DATA_VARIABLE, replace_folder
from evaluasi_lib.program import Outcome
from evaluasi_lib.program import Program as Declaration
from evaluasi_lib.results import Explored
from evaluasi_lib.study import Study, load_study
from evaluasi_lib.tables import Table, cell
from evaluasi_lib.wording import (
    Problem,
    UsageError,
    _,
    check_known,
    check_language,
    choose,
    code_words,
    count,
    word_for,
)

if TYPE_CHECKING:
    from evaluasi_lib.measures import Effect, Measure, Role
    from evaluasi_lib.reporting.elements import Section
    from evaluasi_lib.results import EvaluationResult
    from evaluasi_lib.scoring.frames import OutcomeFrame

Data = str | Path | DataFolder | None
Chapter = Any  # a chapter's id, a Section, or a function of (study, result) that gives one
WHERE = "_where"


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
    wording.set_language(check_language(language or wording.DEFAULT_LANGUAGE))
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
        from evaluasi_lib import evaluation
        from evaluasi_lib.reporting.stamp import Sources

        sources = Sources(self._data)
        with steps_shown(_("measuring")):
            if not self.explored:
                return evaluation.result_of(self._study, sources)
            found = evaluation.measured_now(self._study, sources, self.explored)
        return wording.in_language(found, wording.language())

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

        makers = dict(zip(code_words()["section"], SECTIONS, strict=True))
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
            from evaluasi_lib.reporting.words import explored_sentence

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
