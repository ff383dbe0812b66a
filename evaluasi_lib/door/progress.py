"""What a cell is at while it works, shown below it and taken away when it has ended."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from evaluasi_lib.wording import Tell, heard, step, told

INJECTED = "# Parameters\n"  # how papermill's own cell begins


def cells_run() -> list[str]:
    """The cells that ran in this kernel, in order; none outside of Jupyter."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    found: list[str] = [] if shell is None else shell.user_ns.get("In", [])
    return found


def progress_html(text: str) -> str:
    """A bar that moves, and what is being done."""
    return f'<progress style="vertical-align:middle"></progress> {escape(text)}…'


@contextmanager
def steps_shown(first: str) -> Iterator[Tell]:
    """Show the steps of the work within, where a person looks on: in a notebook that papermill does
    not run, and where nobody else shows them already. Gives what shows a step from another thread.
    """
    cells = cells_run()
    by_papermill = any(cell.startswith(INJECTED) for cell in cells)
    if heard() or not cells or by_papermill or "ipykernel" not in sys.modules:
        yield step
        return
    from IPython.display import HTML, display

    handle: Any = None

    def tell(text: str) -> None:
        nonlocal handle
        shown = HTML(progress_html(text))
        if handle is None:
            handle = display(shown, display_id=True)
        else:
            handle.update(shown)

    try:
        with told(tell):
            step(first)
            yield tell
    finally:
        if handle is not None:
            handle.update(HTML(""))
