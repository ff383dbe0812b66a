"""The process in which `apart` reads a file, and which nothing else starts.

It imports no more than its job needs, so that it starts within a few hundredths of a second.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any


def _sheet(request: dict[str, Any]) -> Iterator[Any]:
    from evaluasi_lib.reading.cells import sheet_answers

    return sheet_answers(request["path"], request["sheet"])


def _labelled(request: dict[str, Any]) -> Iterator[Any]:
    from evaluasi_lib.reading.cells import labelled_answers

    return labelled_answers(request["path"], request["codes"])


def _nested(request: dict[str, Any]) -> Iterator[Any]:
    from evaluasi_lib.reading.cells import nested_answers

    return nested_answers(request["path"])


def _pages(request: dict[str, Any]) -> Iterator[Any]:
    from evaluasi_lib import wording
    from evaluasi_lib.reading.pages import pages_answers

    wording.set_language(request["language"])
    return pages_answers(request["paths"])


JOBS: dict[str, Callable[[dict[str, Any]], Iterator[Any]]] = {
    "sheet": _sheet, "labelled": _labelled, "nested": _nested, "pages": _pages,
}  # fmt: skip


def _hold_memory(most: int) -> None:
    if sys.platform != "win32":  # which has no such limit for a process that limits itself
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer the request on stdin, one JSON text a line; {"error": name} where reading fails."""
    request = json.load(sys.stdin)
    _hold_memory(request["memory"])
    try:
        for answer in JOBS[request["job"]](request):
            sys.stdout.write(json.dumps(answer) + "\n")
            if request["job"] in ("pages", "nested"):  # each may take seconds: silence is measured
                sys.stdout.flush()
    except MemoryError:
        raise
    except Exception as error:  # each library has errors of its own for a damaged file
        sys.stdout.write(json.dumps({"error": type(error).__name__}) + "\n")


if __name__ == "__main__":
    main()
