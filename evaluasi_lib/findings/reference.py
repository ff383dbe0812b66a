"""docs/verdict.md and its English twin: verdict_page.yml filled from the rule tables.

`python -m evaluasi_lib.findings.reference` writes both.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from evaluasi_lib import wording
from evaluasi_lib.findings.verdict import (
    AGENCY_FILE,
    decision_table,
    finding_kinds,
    read_catalogue,
)
from evaluasi_lib.program import Thresholds
from evaluasi_lib.wording import Sentences, choose

PAGES = {"id": "verdict.md", "en": "verdict.en.md"}
DOCS = Path(__file__).resolve().parents[2] / "docs"

say = Sentences(__file__, "verdict_page.yml")


def verdict_page() -> str:
    """The page in the language in force."""
    table, kinds = decision_table(), finding_kinds()
    return say(
        "page",
        file=AGENCY_FILE,
        decisions=_lines([row["rule"], _when(row["when"]), f"`{row['decision']}`",
                          choose(row["text"])] for row in table["rows"]),
        facts=_lines([f"`{name}`", choose(text)] for name, text in table["facts"].items()),
        limits=_lines([f"`{move['limit']}`", choose(move["text"]), _default(move["limit"]),
                       f"± {move['relative']:.0%}" if "relative" in move
                       else f"± {move['absolute']}"] for move in table["moves"]),
        kinds=_lines([f"`{kind}`", sign, choose(k["name"]), choose(k["rule"])]
                     for sign, group in (("+", kinds["strengths"]), ("−", kinds["weaknesses"]))
                     for kind, k in group.items()),
        rules=_lines([f"`{r.id}`", f"`{r.kind}`", " ".join(f"`{p}`" for p in r.subject) or "—",
                      choose(r.text), choose(r.owner), str(r.feasibility), str(r.due_days)]
                     for r in read_catalogue()),
    )  # fmt: skip


def _lines(rows: Iterable[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _when(conditions: dict[str, list[bool | str]]) -> str:
    words = {True: "yes", False: "no", "unknown": "unknown"}
    named = [f"`{name}` {'/'.join(words[a] for a in answers)}"
             for name, answers in conditions.items()]  # fmt: skip
    return ", ".join(named) or say("otherwise")


def _default(limit: str) -> str:
    field = Thresholds.model_fields.get(limit)
    return "—" if field is None or field.default is None else f"{field.default}"


def write_pages(folder: Path = DOCS) -> None:
    """Write the page of each language."""
    for code, name in PAGES.items():
        wording.set_language(code)
        (folder / name).write_text(verdict_page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_pages()
