"""The pages of docs/ that are made from the code, each in both languages: program-yml.md from the
model of program.yml and keys.yml, verdict.md from the rule tables and verdict_page.yml.

`python -m evaluasi_lib.reference` writes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from evaluasi_lib import wording
from evaluasi_lib.findings.verdict import (
    AGENCY_FILE,
    Answer,
    decision_table,
    finding_kinds,
    read_catalogue,
)
from evaluasi_lib.program import Program, Thresholds
from evaluasi_lib.wording import Sentences, _, choose, load_yaml, markdown_table

DOCS = Path(__file__).resolve().parents[1] / "docs"
REF = re.compile(r"#/\$defs/(\w+)")

say = Sentences(__file__, "verdict_page.yml")


def pages() -> dict[str, str]:
    """File name -> text of each page, in both languages."""
    found: dict[str, str] = {}
    for code, ending in (("id", "md"), ("en", "en.md")):
        wording.set_language(code)
        found |= {f"program-yml.{ending}": keys_page(), f"verdict.{ending}": verdict_page()}
    return found


def meanings() -> dict[str, dict[str, dict[str, str]]]:
    """keys.yml: model -> key of program.yml -> language -> what it means."""
    found = load_yaml(Path(__file__).with_name("keys.yml").read_text(encoding="utf-8"))
    return cast(dict[str, dict[str, dict[str, str]]], found)


def models() -> dict[str, dict[str, Any]]:
    """The JSON Schema of the program and of every model that it contains, by name, each once, in
    the order in which a reader meets them."""
    whole = Program.model_json_schema()
    found, ahead = {"Program": whole}, [whole]
    for model in ahead:
        for name in REF.findall(json.dumps(model["properties"])):
            if name not in found:
                found[name] = whole["$defs"][name]
                ahead.append(found[name])
    return found


def keys_page() -> str:
    """Every key of program.yml, in the language in force."""
    lines = [
        f"# {_('program.yml: every key')}",
        "",
        _("Generated from the model in evaluasi_lib/program.py; do not edit it by hand."),
        _("A text can be one string, or one for each language: {example}.").format(
            example="`{id: ..., en: ...}`"
        ),
    ]
    headings = [_("Key"), _("Value"), _("Default"), _("Meaning")]
    meaning = meanings()
    for name, model in models().items():
        rows = [
            (f"`{key}`", _value(part), _default(key, part, model), choose(meaning[name][key]))
            for key, part in model["properties"].items()
        ]
        title = "program.yml" if name == "Program" else name
        lines += ["", f"## {title}", "", *markdown_table(headings, rows)]
    return "\n".join(lines) + "\n"


def _value(about: dict[str, Any]) -> str:
    """What may stand at a key: a part with keys of its own, one of a few words, or a kind."""
    kinds = {kind.get("type"): kind for kind in about.get("anyOf", [about])}
    if parts := REF.findall(json.dumps(about)):
        link = f"[{parts[0]}](#{parts[0].lower()})"
        form = {"array": _("list of {item}"), "object": _("name: {item}")}
        return form.get(about.get("type", ""), "{item}").format(item=link)
    for kind in kinds.values():
        if words := kind.get("enum"):
            return ", ".join(f"`{word}`" for word in words)
    names = {
        "array": _("list"), "object": _("text or keys with values"), "boolean": _("true or false"),
        "number": _("number"), "integer": _("whole number"),
    }  # fmt: skip
    if kinds.get("string", {}).get("format") == "date":
        return _("date")
    return next((word for kind, word in names.items() if kind in kinds), _("text"))


def _default(key: str, about: dict[str, Any], model: dict[str, Any]) -> str:
    if key in model.get("required", ()):
        return f"**{_('required')}**"
    value = about.get("default")
    if value is None or value == [] or isinstance(value, dict):
        return "—"
    if isinstance(value, list):
        return ", ".join(f"`{part}`" for part in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def verdict_page() -> str:
    """From results to verdict and advice, in the language in force."""
    table, kinds = decision_table(), finding_kinds()
    limits = Thresholds.model_fields
    default = {name: field.default for name, field in limits.items() if field.default is not None}
    return say(
        "page",
        file=AGENCY_FILE,
        decisions=_lines([row.rule, _when(row.when), f"`{row.decision}`", choose(row.text)]
                         for row in table.rows),
        facts=_lines([f"`{name}`", choose(text)] for name, text in table.facts.items()),
        limits=_lines([f"`{move.limit}`", choose(move.text), str(default.get(move.limit, "—")),
                       f"± {move.relative:.0%}" if move.relative else f"± {move.absolute}"]
                      for move in table.moves),
        kinds=_lines([f"`{kind}`", sign, choose(k.name), choose(k.rule)]
                     for sign, group in (("+", kinds.strengths), ("−", kinds.weaknesses))
                     for kind, k in group.items()),
        rules=_lines([f"`{r.id}`", f"`{r.kind}`", " ".join(f"`{p}`" for p in r.subject) or "—",
                      choose(r.text), choose(r.owner), str(r.feasibility), str(r.due_days)]
                     for r in read_catalogue()),
    )  # fmt: skip


def _lines(rows: Iterable[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _when(conditions: dict[str, list[Answer]]) -> str:
    named = [f"`{name}` {'/'.join(answers)}" for name, answers in conditions.items()]
    return ", ".join(named) or say("otherwise")


if __name__ == "__main__":
    for file, text in pages().items():
        (DOCS / file).write_text(text, encoding="utf-8", newline="\n")
