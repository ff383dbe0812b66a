"""The process in which `files.answers` has a file read, and which nothing else starts.

It imports no more than its job needs, so that it starts within a few hundredths of a second.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module

JOBS = {  # module and function; it takes the rest of the request and yields the answers
    "sheet": ("cells", "sheet_answers"),
    "labelled": ("cells", "labelled_answers"),
    "nested": ("cells", "nested_answers"),
    "pages": ("pages", "pages_answers"),
}


def _hold_memory(most: int) -> None:
    if sys.platform != "win32":  # which has no such limit for a process that limits itself
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer the request on stdin, one JSON text a line; {"error": name} where reading fails."""
    request = json.load(sys.stdin)
    job = request.pop("job")
    _hold_memory(request.pop("memory"))
    module, function = JOBS[job]
    try:
        read = getattr(import_module(f"evaluasi_lib.reading.{module}"), function)
        for answer in read(**request):
            sys.stdout.write(json.dumps(answer) + "\n")
            if job in ("pages", "nested"):  # each may take seconds: silence is measured
                sys.stdout.flush()
    except MemoryError:
        raise
    except Exception as error:  # each library has errors of its own for a damaged file
        sys.stdout.write(json.dumps({"error": type(error).__name__}) + "\n")


if __name__ == "__main__":
    main()
