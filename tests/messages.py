"""Messages in the code, and those that the Indonesian catalogue lacks.

`python tests/messages.py [ROOM]` prints the untranslated ones as .po entries, ready to fill in.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

LIBRARY = Path(__file__).resolve().parent.parent / "evaluasi_lib"


def messages_in(path: Path) -> dict[str, int]:
    """Message -> line, for each `_("...")`, `plural("...", ...)`."""
    found: dict[str, int] = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        first = getattr(next(iter(node.args), None), "value", None)
        if name in ("_", "plural") and isinstance(first, str):
            found.setdefault(first, node.lineno)
    return found


def all_messages(folder: Path = LIBRARY) -> dict[str, str]:
    """Message -> "file:line" of its first use."""
    found: dict[str, str] = {}
    paths = [folder] if folder.is_file() else sorted(folder.rglob("*.py"))
    for path in paths:
        for message, line in messages_in(path).items():
            found.setdefault(message, f"{path.relative_to(LIBRARY)}:{line}")
    return found


if __name__ == "__main__":
    sys.path.insert(0, str(LIBRARY.parent))
    from evaluasi_lib.wording import catalogue

    known = catalogue("id")
    place = LIBRARY / sys.argv[1] if len(sys.argv) > 1 else LIBRARY
    for message, where in all_messages(place).items():
        if message not in known:
            print(f'#: {where}\nmsgid {json.dumps(message, ensure_ascii=False)}\nmsgstr ""\n')
