"""The pages of the site that are made from the code: the commands, the door, result.json.

MkDocs calls `on_files` when it builds the site (mkdocs.yml names this file as a hook).
"""

from __future__ import annotations

import inspect
import io
import re
from contextlib import redirect_stdout, suppress
from typing import TYPE_CHECKING, Any

import evaluasi_lib as el
from evaluasi_lib import _DOOR
from evaluasi_lib.cli import main
from evaluasi_lib.measures import result_schema
from evaluasi_lib.wording import markdown_table

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

HEADINGS = {
    "cleaning": "Cleaning", "scoring": "Scores, shares, costs", "effects": "Effects",
    "pictures": "Pictures", "program": "One program", "explore": "What if",
    "start": "A first draft", "workbook": "Several programs",
}  # fmt: skip


def commands_page() -> str:
    """Every command, as `evaluasi COMMAND --help` says it."""
    said = "Status keluar: 0 semuanya baik; 1 ada program yang gagal; 2 salah pakai."
    lines = ["# Perintah", "", said]
    for name in re.findall(r"^    (\w+)", _help(), re.MULTILINE):
        lines += ["", f"## {name}", "", "```text", _help(name).rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _help(*command: str) -> str:
    told = io.StringIO()
    with redirect_stdout(told), suppress(SystemExit):
        main([*command, "--help"])
    return told.getvalue()


def door_page() -> str:
    """Every function of `import evaluasi_lib as el`, from its docstring."""
    lines = ["# The door: every function", "", f"{inspect.getdoc(el)}"]
    for room, names in _DOOR.items():
        lines += ["", f"## {HEADINGS[room]}"]
        for name in names:
            thing = getattr(el, name)
            lines += ["", f"### {name}", "", "```python", _signature(name, thing), "```", ""]
            lines += _docstring(inspect.getdoc(thing) or "")
    return "\n".join(lines) + "\n"


def _signature(name: str, thing: Any) -> str:
    """The call in words of Python, an argument a line where it is long."""
    found = inspect.signature(thing)
    whole = f"el.{name}{found}"
    if len(whole) <= 80:
        return whole
    starred = False
    lines = [f"el.{name}("]
    for argument in found.parameters.values():
        if argument.kind is argument.KEYWORD_ONLY and not starred:
            starred = True
            lines.append("    *,")
        lines.append(f"    {argument},")
    return "\n".join([*lines, f") -> {found.return_annotation}"])


def _docstring(text: str) -> list[str]:
    """A docstring as Markdown: each example, with what it gives, is one block."""
    lines: list[str] = []
    for part in text.split("\n\n"):
        fence = ["```python", part, "```"] if part.startswith(">>>") else [part]
        lines += [*fence, ""]
    return lines[:-1]


def result_page() -> str:
    """result.json from its JSON Schema."""
    schema = result_schema()
    lines = ["# result.json", "", schema["description"]]
    for name, part in {"result.json": schema, **schema["$defs"]}.items():
        lines += [
            "",
            f"## {name}",
            "",
            part.get("description", "") if part is not schema else "",
            "",
        ]
        rows = [(f"`{key}`", _type(said)) for key, said in part["properties"].items()]
        lines += markdown_table(["Key", "Type"], rows)
    return "\n".join(lines) + "\n"


def _type(said: dict[str, Any]) -> str:
    """The type of a key in words, with a link where it is an object of its own."""
    if "$ref" in said:
        name = said["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in said:
        return " or ".join(dict.fromkeys(_type(part) for part in said["anyOf"]))
    if "enum" in said:
        return ", ".join(f"`{value}`" for value in said["enum"])
    if said.get("type") == "array":
        return f"list of {_type(said.get('items', {}))}"
    return str(said.get("type", "any"))


PAGES = {"perintah.md": commands_page, "door.md": door_page, "result-json.md": result_page}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    from mkdocs.structure.files import File

    for name, page in PAGES.items():
        files.append(File.generated(config, name, content=page()))
    return files
