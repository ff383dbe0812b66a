"""The guesses of a draft as fields to correct; each change is written at once and shown as code."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Any, Literal, Protocol, get_args, get_origin

import ipywidgets as widgets
import pandas as pd
from pydantic import BaseModel

from evaluasi_lib import wording
from evaluasi_lib.program import Program
from evaluasi_lib.tables import heading
from evaluasi_lib.wording import EvaluationError, _, code_words, word_for

_UNIONS = tuple({get_origin(int | None), get_origin(Literal["a"] | None)})
ROW = widgets.Layout(width="100%", align_items="baseline")


class Draft(Protocol):
    """What can be corrected: a table of guesses, and a way to write another value of a key."""

    @property
    def guesses(self) -> pd.DataFrame: ...

    def change(self, key: str, value: Any) -> None: ...


def correcting(draft: Draft) -> widgets.VBox:
    """A tab for the program, each source, and the scales and outcomes; below, the lines of code."""
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

    guesses = pd.DataFrame(draft.guesses).fillna({"hint": ""})
    tabs: dict[str, list[widgets.Widget]] = {}
    for found in guesses.to_dict("records"):
        row = {str(name): value for name, value in found.items()}
        tabs.setdefault(_tab(row["key"]), []).append(_row(draft, row, write))
    pages = [widgets.VBox(rows) for rows in tabs.values()]
    return widgets.VBox([widgets.Tab(pages, titles=tuple(tabs)), shown])


def _tab(key: str) -> str:
    if key.startswith("sources."):
        return key.split(".")[1]
    apart = key.startswith(("scales.", "instruments", "outcomes."))
    return _("scales and outcomes") if apart else _("program")


def _row(draft: Draft, row: dict[str, Any], write: Callable[[str, Any], None]) -> widgets.HBox:
    key = row["key"]
    name = row["from"] or re.sub(r"^sources\.[^.]+\.", "", key)
    hint = f"{escape(row['hint'])} <small>({heading('line')} {row['line']})</small>"
    field = _field(key, row["value"], draft)
    if field is not None:
        field.layout = widgets.Layout(width="34%")
        field.observe(lambda change: write(key, _typed(key, change["new"])), "value")
    return widgets.HBox(
        [widgets.HTML(escape(str(name)), layout=widgets.Layout(width="36%")),
         *([] if field is None else [field]),
         widgets.HTML(hint, layout=widgets.Layout(width="28%"))],
        layout=ROW,
    )  # fmt: skip


def _field(key: str, value: Any, draft: Draft) -> widgets.Widget | None:
    """A list to choose from where the key knows its words, else a field of text; None where several
    lines are to be read, which the link shows."""
    kind = "design" if key == "design.type" else key.rpartition(".")[2]
    if known := choices_of(key):
        words = code_words().get(kind, {})
        options = [(f"{word_for(kind, c)} ({c})" if c in words else c, c) for c in known]
        return widgets.Dropdown(options=options, value=value if value in known else None)
    if isinstance(value, list):
        allowed: list[str] = []
        if kind == "reversed":
            items = pd.DataFrame(draft.guesses)["key"]
            allowed = [k.split(".")[3] for k in items if ".columns." in k]
        return widgets.TagsInput(value=value, allowed_tags=list(dict.fromkeys(allowed)))
    if value is None and kind != "sesoi":
        return None
    return widgets.Text(value="" if value is None else str(value), continuous_update=False)


def _typed(key: str, value: Any) -> Any:
    """What was put into a field as program.yml holds it: a number where one is meant."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, str) and key.endswith(".sesoi"):
        try:
            return float(value.replace(",", "."))
        except ValueError:
            return value
    return value


def choices_of(path: str) -> list[str]:
    """The words that a key of program.yml knows, by the model; none where anything may stand."""
    found: Any = Program
    for name in path.split("."):
        inner = [found, *get_args(found)]
        model = next((m for m in inner if isinstance(m, type) and issubclass(m, BaseModel)), None)
        if model is not None and get_origin(found) in (None, *_UNIONS):
            found = model.model_fields[name].annotation if name in model.model_fields else None
        elif get_args(found):  # dict[name, model] or list[model]
            found = get_args(found)[-1]
        if found is None:
            return []
    parts = [found, *get_args(found)]
    return [str(x) for part in parts if get_origin(part) is Literal for x in get_args(part)]
