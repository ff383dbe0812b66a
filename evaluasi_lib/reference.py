"""docs/program-yml.md and its English twin, generated from the model.

`python -m evaluasi_lib.reference` writes both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from evaluasi_lib import wording
from evaluasi_lib.check import models_in, project_root
from evaluasi_lib.program import Program
from evaluasi_lib.wording import _

PAGES = {"id": "program-yml.md", "en": "program-yml.en.md"}


def models(model: type[BaseModel] = Program) -> list[type[BaseModel]]:
    """The model and all that it contains, each once, in the order in which a reader meets them."""
    found = [model]
    for current in found:
        for field in current.model_fields.values():
            found += [m for m in models_in(field.annotation) if m not in found]
    return found


def reference_page() -> str:
    """The page in the language in force."""
    lines = [
        f"# {_('program.yml: every key')}",
        "",
        _("Generated from the model in evaluasi_lib/program.py; do not edit it by hand."),
        _("A text can be one string, or one for each language: {example}.").format(
            example="`{id: ..., en: ...}`"
        ),
    ]
    for model in models():
        name = "program.yml" if model is Program else model.__name__
        rows = (
            (f"`{f.alias or key}`", _type_words(f.annotation), _default(f), _(meaning_of(f)))
            for key, f in model.model_fields.items()
        )
        headings = [_("Key"), _("Value"), _("Default"), _("Meaning")]
        lines += ["", f"## {name}", "", *markdown_table(headings, rows)]
    return "\n".join(lines) + "\n"


def meaning_of(field: FieldInfo) -> str:
    """The text below a field, as one line: the message that says what the field means."""
    return " ".join((field.description or "").split())


def markdown_table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    """The lines of a table in Markdown."""
    cells = [[str(c).replace("|", "\\|").replace("\n", " ") for c in r] for r in (headings, *rows)]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return [lines[0], "|" + "---|" * len(cells[0]), *lines[1:]]


def _type_words(annotation: Any) -> str:
    inner = list(models_in(annotation))
    if inner:
        link = f"[{inner[0].__name__}](#{inner[0].__name__.lower()})"
        origin = get_origin(annotation)
        return {list: _("list of {item}"), dict: _("name: {item}")}.get(origin, "{item}").format(
            item=link
        )
    literal = [str(value) for value in _literals(annotation)]
    if literal:
        return ", ".join(f"`{value}`" for value in literal)
    text = _plain(annotation)
    for word, meaning in (
        ("list", _("list")), ("tuple", _("list")), ("dict", _("text or keys with values")),
        ("bool", _("true or false")), ("float", _("number")), ("int", _("whole number")),
        ("date", _("date")),
    ):  # fmt: skip
        if word in text:
            return meaning
    return _("text")


def _plain(annotation: Any) -> str:
    """The annotation as text, without the marks that `Annotated` adds."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    inner = get_args(annotation)
    name = getattr(annotation, "__name__", str(annotation))
    return f"{name}[{', '.join(map(_plain, inner))}]" if inner else name


def _literals(annotation: Any) -> Iterator[object]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif get_origin(annotation) not in (list, dict, tuple):
        for part in get_args(annotation):
            yield from _literals(part)


def _default(field: FieldInfo) -> str:
    if field.is_required() or field.default is PydanticUndefined:
        return f"**{_('required')}**"
    value = field.default
    if value is None or value in ([], {}) or isinstance(value, BaseModel):
        return "—"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def write_pages(folder: Path) -> None:
    """Write the page of each language."""
    for code, name in PAGES.items():
        wording.set_language(code)
        (folder / name).write_text(reference_page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_pages(project_root() / "docs")
