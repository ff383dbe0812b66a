"""docs/verdict.md and its English twin, generated from the two rule tables.

`python -m evaluasi_lib.findings.reference` writes both.
"""

from __future__ import annotations

from pathlib import Path

from evaluasi_lib import wording
from evaluasi_lib.findings.rules import (
    AGENCY_FILE,
    decision_table,
    finding_kinds,
    read_catalogue,
)
from evaluasi_lib.program import Thresholds
from evaluasi_lib.wording import _, choose

PAGES = {"id": "verdict.md", "en": "verdict.en.md"}
DOCS = Path(__file__).resolve().parents[2] / "docs"


def verdict_page() -> str:
    """The page in the language in force."""
    kinds = finding_kinds()
    parts = [
        f"# {_('From results to a verdict and recommendations')}",
        _("Generated from evaluasi_lib/findings/*.yml; do not edit it by hand."),
        f"## {_('The decision table')}",
        _(
            "The first row whose conditions all hold decides; the report prints the row that "
            "fired. redesign < adjust < continue < scale_up; insufficient_evidence stands outside "
            "that order. Only primary estimates of decisive outcomes count. What is inconclusive "
            "is never taken for no change."
        ),
        _table([_("Rule"), _("When"), _("Decision"), _("Meaning")], _rows()),
        f"## {_('The facts')}",
        _(
            "Each is yes, no or unknown. From mostly_improved on, an outcome is one beyond "
            "reaction: that participants are pleased improves nothing by itself."
        ),
        _table([_("Fact"), _("Meaning")],
               [[f"`{n}`", choose(t)] for n, t in decision_table().facts.items()]),
        f"## {_('Limits, and how firmly the verdict stands')}",
        _(
            "The limits are keys of thresholds in program.yml (sesoi: of each outcome), declared "
            "before results are seen. The verdict is repeated with estimates and completion drawn "
            "again from their sampling distributions and every limit moved at random within the "
            "amount below; the stability share is the share of repetitions with the same decision."
        ),
        _table([_("Limit"), _("Meaning"), _("Default"), _("Moved by")], _limits()),
        f"## {_('Strengths and weaknesses')}",
        _(
            "Each has a sentence, a score and pointers into result.json; a number that is null "
            "never becomes one. Instruments count at their last wave, in the program's group."
        ),
        _table(
            [_("Kind"), "±", _("Name"), _("Rule and score")],
            [[f"`{kind}`", sign, choose(k.name), choose(k.rule)]
             for sign, group in (("+", kinds.strengths), ("−", kinds.weaknesses))
             for kind, k in group.items()],
        ),
        f"## {_('Recommendations')}",
        _(
            "Each answers at least one weakness. Priority = impact (1-5, from the weakness's "
            "score) x feasibility (1-5); 25 is the highest. Due: days after the last day of the "
            "program."
        ),
        _table(
            [_("Rule"), _("Weakness"), _("Subject"), _("Recommendation"), _("Owner"),
             _("Feasibility"), _("Days")],
            [[f"`{r.id}`", f"`{r.kind}`", " ".join(f"`{p}`" for p in r.subject) or "—",
              choose(r.text), choose(r.owner), str(r.feasibility), str(r.due_days)]
             for r in read_catalogue()],
        ),
        f"## {_('Rules of your own')}",
        _(
            "Write {file} in the data folder (for all programs) or in data/raw/<id>/ (for one), in "
            "the form of evaluasi_lib/findings/catalogue.yml. Your rules come first, and one with "
            "an id from the table above replaces that rule."
        ).format(file=f"`{AGENCY_FILE}`"),
        "```yaml\n"
        "rules:\n"
        "  - id: klinik-digital\n"
        "    kind: module\n"
        '    subject: ["*digital*"]\n'
        "    each: true\n"
        '    text: "Buka klinik digital setiap Jumat: {label} diminta {share} ({interval})."\n'
        "    owner: Pusdatin\n"
        "    feasibility: 5\n"
        "    due_days: 60\n"
        "    indicator: module_demand/{subject}/share\n"
        "```",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _rows() -> list[list[str]]:
    found = []
    for row in decision_table().rows:
        when = ", ".join(f"`{name}` {'/'.join(answers)}" for name, answers in row.when.items())
        found.append([row.rule, when or _("otherwise"), f"`{row.decision}`", choose(row.text)])
    return found


def _limits() -> list[list[str]]:
    rows = []
    for move in decision_table().moves:
        field = Thresholds.model_fields.get(move.limit)
        default = "—" if field is None or field.default is None else f"{field.default}"
        by = f"± {move.relative:.0%}" if move.relative else f"± {move.absolute}"
        rows.append([f"`{move.limit}`", choose(move.text), default, by])
    return rows


def write_pages(folder: Path = DOCS) -> None:
    """Write the page of each language."""
    for code, name in PAGES.items():
        wording.set_language(code)
        (folder / name).write_text(verdict_page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_pages()
