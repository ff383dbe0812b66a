"""The published numbers of the shipped programs on record, so that a review sees which ones moved.

`python -m tests.record` writes tests/data/numbers/PROGRAM.tsv anew: a line for each measure with
its n, value and interval to six digits and its conclusion, and first of all the verdict. Put the
reason for a number that moved into CHANGELOG.md.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import evaluasi_lib as el
from tests.guard_data import SHIPPED

FOLDER = Path(__file__).resolve().parent / "data" / "numbers"
NUMBERS = ("n", "value", "low", "high")


def lines_of(result: dict[str, Any]) -> list[list[str]]:
    """The record of a result.json."""
    verdict = [["verdict", *[""] * len(NUMBERS), str(result["verdict"]["decision"])]]
    return verdict + [
        [row["id"], *(_short(row[key]) for key in NUMBERS), row["conclusion"] or ""]
        for row in result["measures"]
    ]


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def recorded(program_id: str) -> list[list[str]]:
    """The committed record of a program."""
    text = (FOLDER / f"{program_id}.tsv").read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()]


def moved(before: list[list[str]], after: list[list[str]]) -> list[str]:
    """What differs between two records. The sixth digit may: it is another machine's arithmetic."""
    old, new = ({line[0]: line[1:] for line in lines} for lines in (before, after))
    gone = [f"- {name}" for name in old if name not in new]
    come = [f"+ {name}" for name in new if name not in old]
    other = [
        f"{name}: {old[name]} -> {new[name]}"
        for name in old
        if name in new and not all(map(_same, old[name], new[name]))
    ]
    return gone + come + other


def _same(before: str, after: str) -> bool:
    try:
        return math.isclose(float(before), float(after), rel_tol=1e-5, abs_tol=1e-9)
    except ValueError:
        return before == after


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for program_id in SHIPPED:
        program = el.open(program_id)
        rows = program.measures.astype(object).where(program.measures.notna(), None)
        lines = lines_of({"measures": rows.to_dict("records"),
                          "verdict": {"decision": program.verdict().decision}})  # fmt: skip
        text = "".join("\t".join(line) + "\n" for line in lines)
        (FOLDER / f"{program_id}.tsv").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
