"""From files as exported to a first program.yml, its guesses as a table to correct; and the line of
program.yml that a problem is about."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import pandas as pd
import yaml
from pydantic import BaseModel

from evaluasi_lib import wording
from evaluasi_lib.check import DataFolder, check_id_text, node_value, read_declaration
from evaluasi_lib.cleaning.draft import Place, mend, places_of, with_value
from evaluasi_lib.folders import replace_file
from evaluasi_lib.program import Program
from evaluasi_lib.tables import Table, heading
from evaluasi_lib.wording import (
    EvaluationError,
    Problem,
    UsageError,
    _,
    catalogue,
    code_words,
    word_for,
)

if TYPE_CHECKING:
    import ipywidgets

_UNIONS = tuple({get_origin(int | None), get_origin(Literal["a"] | None)})
TYPE = re.compile(r"sources\.[^.]+\.columns\.[^.]+\.type")
ALWAYS = re.compile(  # what is guessed in every draft, whether or not a remark still says so
    r"title|kind|organisation|cycle|link|design\.type|sources\.[^.]+\.(role|wave)|"
    r"instruments\.[^.]+\.(label|level|reversed)|outcomes\.[^.]+\.(label|level|unit|sesoi)|"
    r"scales\.[^.]+\.labels|" + TYPE.pattern
)
ADDED = {"outcomes": "sesoi"}  # what each record of a list should have, and no draft can guess


def line_link(path: Path, line: int | None) -> str:
    """A link that JupyterLab opens at the line."""
    try:
        target = os.path.relpath(path).replace(os.sep, "/")
    except ValueError:  # another drive of Windows
        target = path.as_uri()
    text = path.name if line is None else _("{file}, line {n}").format(file=path.name, n=line)
    anchor = "" if line is None else f"#line={line - 1}"  # RFC 5147 counts the gaps between lines
    return f'<a href="{escape(target + anchor, quote=True)}">{escape(text)}</a>'


@dataclass(frozen=True, slots=True)
class New:
    """What `new_program` did. path: program.yml. mended: it was there already. changed: the keys
    that were added or guessed anew. told: what to know of the files."""

    path: Path
    mended: bool
    changed: list[str]
    told: list[str]


def new_program(folder: DataFolder, program_id: str, files: Sequence[str | Path]) -> New:
    """Draft program.yml and put the files beside it; one that is there is mended, and what a person
    wrote in it stays. Raises UsageError for a bad id, missing files and another file of the same
    name, DataError for a file that cannot be read."""
    from evaluasi_lib.cleaning.draft import draft_program

    paths = [Path(name).expanduser() for name in files]
    target = folder.raw(program_id)
    problems = [Problem(_("there is no such file"), str(p)) for p in paths if not p.is_file()]
    try:
        check_id_text(program_id, "ID")
    except UsageError as error:
        problems += error.problems
    for path in paths:
        there = target / path.name
        if path.is_file() and there.exists() and not filecmp.cmp(path, there, shallow=False):
            remedy = _("put the new one in its place yourself, or give it another name")
            problems.append(Problem(_("another file of this name is there"), str(there), remedy))
    if problems:
        raise UsageError(*problems)
    declaration = target / "program.yml"
    known = read_declaration(target) if declaration.exists() else {}
    named = (source.get("file", "") for source in (known.get("sources") or {}).values())
    own = [target / name for name in dict.fromkeys(named) if (target / name).is_file()]
    added = [path for path in paths if path.name not in {p.name for p in own}]
    drafted = draft_program(program_id, added, known, own)
    text, changed = drafted.text, list[str]()
    if known:
        text, changed = mend(declaration.read_text(encoding="utf-8-sig"), drafted.before, text)
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in paths:
        if path.resolve().parent != target.resolve():
            shutil.copy2(path, target / path.name)
    replace_file(declaration, text.encode())
    return New(declaration, bool(known), changed, drafted.told)


class Draft:
    """A program.yml and what was guessed in it. path: the file; it is read anew each time, so that
    what is edited in it by hand counts too."""

    def __init__(self, path: Path, said: str, told: Sequence[str] = ()) -> None:
        self.path, self._said, self._told = path, said, tuple(told)

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def sheets(self) -> Table:
        """What was seen in the files, a row a source: file, sheet, role, wave, columns."""
        sources = (yaml.safe_load(self.text) or {}).get("sources", {})
        rows = [
            {"source": name, "file": s.get("file"), "sheet": s.get("sheet"), "role": s.get("role"),
             "wave": s.get("wave"), "n_columns": len(s.get("columns", {}))}
            for name, s in sources.items()
        ]  # fmt: skip
        shown = ("source", "file", "sheet", "role", "wave", "n_columns")
        return Table(pd.DataFrame(rows, columns=list(shown)), shown=shown)

    @property
    def guesses(self) -> Table:
        """What to look at, a row each: key, from (heading in the file), value, hint, line."""
        text = self.text
        lines, places = text.splitlines(), places_of(text, str(self.path))
        checks = (str(catalogue(code).get("CHECK", "CHECK")) for code in ("id", "en"))
        mark = re.compile(rf"#\s*(?:{'|'.join({'CHECK', *checks})})\b:?\s*(.*)$")
        rows = []
        for path, place in places.items():
            remark = mark.search(lines[place.line - 1])
            of_column = ".columns." in path
            if ALWAYS.fullmatch(path):
                wanted = place.is_leaf
            else:
                wanted = bool(remark) and not of_column and self._told_by(place, places)
            if wanted:
                named = places.get(f"{path.removesuffix('.type')}.from") if of_column else None
                value = node_value(place.value) if place.is_leaf else None
                hint = (remark[1] or _("a guess")) if remark else ""
                rows.append((path, named.value.value if named else "", value, hint, place.line))
        for path, place in places.items():
            key = ADDED.get(path.rpartition(".")[0])
            if key and f"{path}.{key}" not in places:
                hint = _("smallest effect of interest, set before results")
                rows.append((f"{path}.{key}", "", None, hint, place.line))
        columns = ["key", "from", "value", "hint", "line"]
        return Table(pd.DataFrame(rows, columns=columns).astype({"value": "object"}))

    def _told_by(self, place: Place, places: dict[str, Place]) -> bool:
        """Whether the comment of a line is about this key: its leaf, or what has none there."""
        below = [p for n, p in places.items() if n.startswith(f"{place.path}.")]
        listed = f"{place.path}.labels" in places  # the row of the labels says it
        return place.is_leaf or not (listed or any(p.line == place.line for p in below))

    def change(self, key: str, value: Any) -> None:
        """Write another value of a key into program.yml; comments and order stay, but the key's own
        remark goes: somebody has looked. Raises UsageError for a key that cannot be there.
        """
        text = self.text
        places = places_of(text, str(self.path))
        if TYPE.fullmatch(key) and key in places:  # keys of the old type would not fit
            key = key.removesuffix(".type")
            said = node_value(places[key].value)
            kept = ("from", "label") + (("scale",) if value == "item" else ())
            value = {k: said[k] for k in kept if k in said} | {"type": value}
        replace_file(self.path, with_value(text, key, value, str(self.path)).encode())

    def correct(self) -> ipywidgets.VBox:
        """The guesses as a table of fields; what is changed there is written at once, and the line
        of code that does the same stands below."""
        return _correcting(self)

    def _repr_html_(self) -> str:
        link = line_link(self.path, None)
        told = "".join(f"<li>{escape(line)}</li>" for line in self._told)
        return f"<p>{escape(self._said)} {link}</p>{self.sheets._repr_html_()}<ul>{told}</ul>"

    def __repr__(self) -> str:
        return "\n".join([f"{self._said} {self.path}", repr(self.sheets), *self._told])


def draft(
    program_id: str, files: str | Sequence[str], language: str = "id",
    data: str | Path | None = None,
) -> Draft:  # fmt: skip
    """A first program.yml from files as exported, as `evaluasi new` writes it.

    files: one path or several, or a text with “;” between them. data: as for `open`; a folder that
    does not exist is made. A program that has a program.yml already keeps it. Raises UsageError for
    missing files or a bad id, DataError for a file that cannot be read.

    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> path = Path(folder, "survei_sesudah.csv")
    >>> _n = path.write_text("Saya puas\\n" + "Setuju\\nTidak setuju\\nNetral\\n" * 9)
    >>> d = draft("coba-2026", str(path), data=folder)
    >>> d.guesses.query("key == 'sources.survei_sesudah.columns.saya_puas.type'")["value"].tolist()
    ['item']
    """
    from evaluasi_lib.door.program import folder_of

    if data:
        Path(data, "raw").expanduser().mkdir(parents=True, exist_ok=True)
    folder = folder_of(data, language)
    path = folder.raw(program_id) / "program.yml"
    if path.is_file():
        return Draft(path, _("This program exists already; its file stays as it is:"))
    listed = files.split(";") if isinstance(files, str) else files
    names = [str(name).strip() for name in listed if str(name).strip()]
    return Draft(path, _("Drafted:"), new_program(folder, program_id, names).told)


# --- Fields --------------------------------------------------------------------------------------


def _correcting(draft: Draft) -> ipywidgets.VBox:
    """A tab for the program, each source, and the scales and outcomes; below, the lines of code."""
    import ipywidgets as widgets

    guesses = pd.DataFrame(draft.guesses)
    language = wording.language()
    log: list[str] = []
    shown = widgets.HTML()

    def write(key: str, value: Any) -> None:
        wording.set_language(language)
        try:
            draft.change(key, value)
            log.append(escape(f"d.change({key!r}, {value!r})".replace("'", '"')))
            shown.value = f"<pre><code>{'<br>'.join(log)}</code></pre>"
        except EvaluationError as error:
            shown.value = f"<p><strong>{escape(str(error))}</strong></p>"

    columns = [key.split(".")[3] for key in guesses["key"] if ".columns." in key]
    tabs: dict[str, list[widgets.Widget]] = {}
    for row in guesses.fillna({"hint": ""}).itertuples(index=False):
        key, heading_, value, hint, line = row
        name = heading_ or re.sub(r"^sources\.[^.]+\.", "", key)
        said = f"{escape(hint)} <small>({heading('line')} {line})</small>"
        parts = [(widgets.HTML(escape(str(name))), "36%"), (_field(key, value, columns), "34%"),
                 (widgets.HTML(said), "28%")]  # fmt: skip
        for widget, width in parts:
            widget.layout = widgets.Layout(width=width)
        field = parts[1][0]
        field.observe(lambda new, key=key: write(key, _typed(key, new["new"])), "value")
        layout = widgets.Layout(width="100%", align_items="baseline")
        box = widgets.HBox([widget for widget, _width in parts], layout=layout)
        tabs.setdefault(_tab(key), []).append(box)
    pages = [widgets.VBox(rows) for rows in tabs.values()]
    return widgets.VBox([widgets.Tab(pages, titles=tuple(tabs)), shown])


def _tab(key: str) -> str:
    if key.startswith("sources."):
        return key.split(".")[1]
    apart = key.startswith(("scales.", "instruments", "outcomes."))
    return _("scales and outcomes") if apart else _("program")


def _field(key: str, value: Any, columns: list[str]) -> ipywidgets.Widget:
    """A list to choose from where the key knows its words, else a field of text; nothing to write
    in where several lines are to be read, which the link shows."""
    import ipywidgets as widgets

    kind = "design" if key == "design.type" else key.rpartition(".")[2]
    if known := _choices_of(key):
        words = code_words().get(kind, {})
        options = [(f"{word_for(kind, c)} ({c})" if c in words else c, c) for c in known]
        return widgets.Dropdown(options=options, value=value if value in known else None)
    if isinstance(value, list):
        allowed = list(dict.fromkeys(columns)) if kind == "reversed" else []
        return widgets.TagsInput(value=value, allowed_tags=allowed)
    if value is None and kind != "sesoi":
        return widgets.HTML()
    return widgets.Text(value="" if value is None else str(value), continuous_update=False)


def _typed(key: str, value: Any) -> Any:
    """What was put into a field as program.yml holds it: a number where one is meant."""
    if isinstance(value, tuple):
        return list(value)
    try:
        return float(value.replace(",", ".")) if key.endswith(".sesoi") else value
    except ValueError:
        return value


def _choices_of(path: str) -> list[str]:
    """The words that a key of program.yml knows, by the model; none where anything may stand."""
    found: Any = Program
    for name in path.split("."):
        inner = [found, *get_args(found)]
        model = next((m for m in inner if isinstance(m, type) and issubclass(m, BaseModel)), None)
        if model is not None and get_origin(found) in (None, *_UNIONS):
            found = model.model_fields[name].annotation if name in model.model_fields else None
        elif get_args(found):  # dict[name, model] or list[model]
            found = get_args(found)[-1]
    parts = [found, *get_args(found)]
    return [str(x) for part in parts if get_origin(part) is Literal for x in get_args(part)]
