"""The guesses of a draft as fields to correct; each change is written at once and shown as code."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Any, Literal, get_args, get_origin

import ipywidgets as widgets
import pandas as pd
from pydantic import BaseModel

from evaluasi_lib import wording
from evaluasi_lib.program import Program
from evaluasi_lib.tables import heading
from evaluasi_lib.wording import EvaluationError, _, code_words, word_for

_UNIONS = tuple({get_origin(int | None), get_origin(Literal["a"] | None)})


def correcting(guesses: pd.DataFrame, change: Callable[[str, Any], None]) -> widgets.VBox:
    """A tab for the program, each source, and the scales and outcomes; below, the lines of code.

    change: writes another value of a key.
    """
    language = wording.language()
    log: list[str] = []
    shown = widgets.HTML()

    def write(key: str, value: Any) -> None:
        wording.set_language(language)
        try:
            change(key, value)
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


def _field(key: str, value: Any, columns: list[str]) -> widgets.Widget:
    """A list to choose from where the key knows its words, else a field of text; nothing to write
    in where several lines are to be read, which the link shows."""
    kind = "design" if key == "design.type" else key.rpartition(".")[2]
    if known := choices_of(key):
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
    parts = [found, *get_args(found)]
    return [str(x) for part in parts if get_origin(part) is Literal for x in get_args(part)]
