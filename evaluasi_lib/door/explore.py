"""A panel to look around in a program: every move is a line of code, and marked as exploration."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from html import escape
from typing import Any

import ipywidgets as widgets
import pandas as pd
from IPython.display import HTML
from traitlets import Unicode

from evaluasi_lib import wording
from evaluasi_lib.claims import variable_label
from evaluasi_lib.door.program import Data, Program, folder_of, open, progress_html, steps_shown
from evaluasi_lib.door.scoring import SHOWN, forest
from evaluasi_lib.door.workbook import programs
from evaluasi_lib.reporting.tables import explored_sentence
from evaluasi_lib.scoring.designs import ALWAYS
from evaluasi_lib.tables import Table, heading
from evaluasi_lib.wording import (
    DataError,
    EvaluationError,
    Problem,
    _,
    choose,
    heard,
    told,
    word_for,
)

MOST_GROUPS = 12  # values of a variable by which estimates are made
NOT_BY = ("pid", "group", "y", "y0", "wave")  # columns of outcome_data that are no background
PAGE = '<div class="jp-RenderedHTMLCommon">{}</div>'  # JupyterLab's own type for tables and lists


class Exploration(widgets.VBox):
    """The panel. program: as the fields stand now, changed by `what_if` where they differ from
    program.yml. code: the line that does the same."""

    code = Unicode()

    def __init__(self, opened: Program, data: Data) -> None:
        self._language, self._data = wording.language(), data
        self.declared = self.program = opened
        self._lock, self._at_work = threading.Lock(), 0
        listed = programs(self._language, data)
        names = [(f"{title} ({name})", name)
                 for title, name in zip(listed["title"], listed["id"], strict=True)]  # fmt: skip
        self._fields = {
            "program": widgets.Dropdown(options=names, value=opened.id, description=_("program")),
            "outcome": widgets.Dropdown(description=_("outcome")),
            "by": widgets.Dropdown(description=_("subgroup")),
            "sesoi": widgets.Text(
                description=_("smallest change that matters"), continuous_update=False
            ),
            "estimator": widgets.Dropdown(description=_("method")),
        }
        self._shown = {name: widgets.HTML() for name in ("line", "busy", "effect", "verdict")}
        self._table = widgets.Output()
        self._fold = widgets.Accordion([self._table], titles=(_("Every published number"),))
        self._fold.observe(lambda change: self._fill_table(), "selected_index")
        super().__init__([*self._fields.values(), *self._shown.values(), self._fold])
        for name, widget in self._fields.items():
            widget.layout, widget.style = (
                widgets.Layout(width="48em"),
                {"description_width": "17em"},
            )
            widget.observe(lambda change, name=name: self._moved(name), "value")
        self._moved("program")

    def _value(self, name: str) -> Any:
        return self._fields[name].value

    def _offer(self, name: str, options: list[tuple[str, Any]]) -> None:
        """Other options of a list, the first of them chosen."""
        self._fields[name].options = options
        self._fields[name].value = options[0][1] if options else None

    def _busy(self, text: str) -> None:
        self._shown["busy"].value = progress_html(text)

    def _moved(self, name: str) -> None:
        """A field has another value: show what follows, or why nothing does."""
        if self._at_work == threading.get_ident():  # fields that are filled below are no moves
            return
        with self._lock:  # JupyterLab may tell of two moves in two threads
            wording.set_language(self._language)
            self._at_work = threading.get_ident()
            try:
                with nullcontext() if heard() else told(self._busy):
                    if name == "program":
                        self._fill_program()
                    if name in ("program", "outcome"):
                        self._fill_outcome()
                    self._show()
            except EvaluationError as error:
                said = "".join(f"<p>{escape(str(problem))}</p>" for problem in error.problems)
                self._shown["effect"].value, self._shown["verdict"].value = said, ""
            finally:
                self._shown["busy"].value, self._at_work = "", 0

    def _fill_program(self) -> None:
        name = self._value("program")
        if name != self.declared.id:
            self.declared = self.program = open(name, self._language, self._data)
        outcomes = self.declared.declared.outcomes
        self._offer("outcome", [(choose(o.label), o.id) for o in outcomes])
        self._table.outputs = ()
        self._fill_table()
        if not outcomes:
            raise DataError(Problem(_("The program declares no outcomes."), self.declared.id))

    def _fill_table(self) -> None:
        """The table of all numbers, once somebody opens its fold: it weighs a megabyte."""
        if self._fold.selected_index == 0 and not self._table.outputs:
            wording.set_language(self._language)
            self._table.append_display_data(HTML(search_html(self.declared)))

    def _fill_outcome(self) -> None:
        p, outcome = self.declared, self._value("outcome")
        rows = pd.DataFrame(p.outcome_data(outcome))
        names = [str(c) for c in rows if c not in NOT_BY and 2 <= rows[c].nunique() <= MOST_GROUPS]
        named = [(variable_label(p.declared, n), n) for n in names]
        self._offer("by", [(_("everyone"), ""), *named])
        declared = p.declared.outcome(outcome).sesoi
        sesoi = "" if declared is None else f"{declared:.12g}"
        self._fields["sesoi"].value = sesoi.replace(".", "," if self._language == "id" else ".")
        found = pd.DataFrame(p.effects(outcome, role=None))
        tried = found[found["role"].ne("subgroup") & found["estimate"].notna()]["estimator"]
        methods = [m for m in dict.fromkeys(tried) if m not in ALWAYS]
        self._offer("estimator", [(word_for("estimator", m), m) for m in methods])

    def _changes(self) -> dict[str, Any]:
        """What differs from program.yml, as what_if takes it. Raises DataError for no number."""
        found: dict[str, Any] = {}
        if text := self._value("sesoi").strip().replace(",", "."):
            try:
                sesoi = float(text)
            except ValueError:
                what = _("“{text}” is no number").format(text=text)
                raise DataError(Problem(what, _("smallest change that matters"))) from None
            if sesoi != self.declared.declared.outcome(self._value("outcome")).sesoi:
                found["sesoi"] = sesoi
        methods = [value for _label, value in self._fields["estimator"].options]
        if methods and self._value("estimator") != methods[0]:
            found["estimator"] = self._value("estimator")
        return found

    def _show(self) -> None:
        """Effect and picture, then the verdict, of what the fields say."""
        outcome, by, changes = self._value("outcome"), self._value("by"), self._changes()
        line = f"el.open({self.declared.id!r}{f', data={str(self._data)!r}' if self._data else ''})"
        self.program = self.declared
        if changes:
            given = ", ".join(f"{key}={value!r}" for key, value in changes.items())
            line += f".what_if(outcome={outcome!r}, {given})"
            self.program = self.declared.what_if(outcome=outcome, **changes)
        self.code = f"{line}.effects({outcome!r}{f', by={by!r}' if by else ''})".replace("'", '"')
        self._shown["line"].value = f"<pre><code>{escape(self.code)}</code></pre>"
        rows = self.program.effects(outcome, by=by or None)
        marks = [explored_sentence(self.program.explored)] if changes else []
        if by:
            marks.append(_("A subgroup chosen here is an exploration and concludes nothing."))
        elif changes:  # the explored estimate under the declared one
            both = [(_("{label}, as declared"), self.declared.effects(outcome)),
                    (_("{label}, explored"), rows)]  # fmt: skip
            named = [pd.DataFrame(t).assign(label=[form.format(label=x) for x in t["label"]])
                     for form, t in both]  # fmt: skip
            shown = [c for c in SHOWN if c != "claim"]
            rows = Table(pd.concat(named, ignore_index=True), shown=shown, note=rows.note)
        verdict, declared = self.program.verdict(), self.declared.verdict()
        text = _("As declared: {decision} ({rule}).").format(
            decision=word_for("decision", declared.decision), rule=declared.rule
        )
        same = (verdict.decision, verdict.rule) == (declared.decision, declared.rule)
        effect = _strong(*marks) + rows._repr_html_() + _picture(rows)
        self._shown["effect"].value = PAGE.format(effect)
        judged = verdict._repr_html_() + ("" if same else _strong(text))
        self._shown["verdict"].value = PAGE.format(judged)


def _strong(*texts: str) -> str:
    return "".join(f"<p><strong>{escape(text)}</strong></p>" for text in texts)


def _picture(rows: Table) -> str:
    try:
        return forest(rows).html()
    except DataError as error:  # nothing that could be drawn
        return f"<p>{escape(str(error.problems[0].what))}</p>"


def search_html(program: Program) -> str:
    """Every published number of a program as a table to sort and search, without a network.

    Published numbers alone: what may not be shown is not in them.
    """
    import itables
    from IPython.utils.capture import capture_output

    with capture_output() as said:  # the library of the table, in the page itself
        itables.init_notebook_mode(all_interactive=False, connected=False)
    library = "".join(output.data.get("text/html", "") for output in said.outputs)
    cells = program.measures.cells(len(program.measures))
    text = cells.map(lambda x: x.replace("−", "-")).rename(columns=heading)  # sorted as numbers
    thousands, decimal = (".", ",") if wording.language() == "id" else (",", ".")
    said_of = {
        "search": _("Search:"), "info": _("_START_ to _END_ of _TOTAL_"),
        "infoEmpty": _("no rows"), "zeroRecords": _("no rows"),
        "infoFiltered": _("(of _MAX_)"), "lengthMenu": _("_MENU_ rows"),
        "decimal": decimal, "thousands": thousands,
    }  # fmt: skip
    return library + itables.to_html_datatable(
        text, connected=False, maxBytes=0, showIndex=False, language=said_of
    )


def explore(program: str | Program, language: str = "id", data: Data = None) -> Exploration:
    """A panel on one program: its outcome, a subgroup, the smallest change that matters and the
    method are chosen; estimate, picture and verdict follow.

    program: its id, or an opened one. What differs from program.yml is marked as an exploration,
    and the line of code that does the same stands above it (`.code`; `.program` is the program as
    it stands). Below: every published number, to sort and search. Raises as `open`.

    >>> panel = explore("nsw-1976")
    >>> panel.code
    'el.open("nsw-1976").effects("re78")'
    """
    own = folder_of(data, language).path
    opened = program if isinstance(program, Program) else open(program, language, data)
    if opened._data.path != own:  # an opened program brings its own folder
        data = str(opened._data.path)
    with steps_shown(_("measuring")):  # the panel itself shows them from its second look on
        return Exploration(opened, data)
