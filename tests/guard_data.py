"""Refuse to commit data of persons: only the shipped programs of data/raw may enter git.

Run by the pre-commit hook and by the tests. Exit status 1 names every file that must not go in.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = (
    "nsw-1976",
    "pelatihan-kepemimpinan-2025",
    "elearning-asn-2025",
    "mentoring-karier-2024",
    "mentoring-karier-2025",
)


def forbidden(paths: list[str]) -> list[str]:
    """The paths (relative to the root, with /) that may hold data of colleagues."""
    found = []
    for path in paths:
        parts = path.split("/")
        if parts[0] == "reports" or path.endswith((".key", ".kunci-evaluasi", "kunci-pseudonim")):
            found.append(path)
        elif parts[0] == "data" and len(parts) > 2:
            shipped = parts[1] == "raw" and (parts[2] in SHIPPED or parts[2] == "README.md")
            if not shipped and path != "data/processed/README.md":
                found.append(path)
    return found


def tracked(root: Path = ROOT) -> list[str]:
    """Every path in the index, so also what is about to be committed."""
    output = subprocess.run(
        ["git", "ls-files", "-z", "--cached"], cwd=root, capture_output=True, check=True
    ).stdout
    return [p for p in output.decode("utf-8").split("\0") if p]


if __name__ == "__main__":
    bad = forbidden(tracked())
    for path in bad:
        print(f"Jangan masukkan ke git (do not commit): {path}", file=sys.stderr)
    if bad:
        print("git restore --staged FILE", file=sys.stderr)
    sys.exit(bool(bad))
