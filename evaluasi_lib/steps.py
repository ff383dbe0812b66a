"""What a long piece of work is at, for whoever wants to show it; silent where nobody does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Tell = Callable[[str], None]
_tell: ContextVar[Tell | None] = ContextVar("tell", default=None)


def heard() -> bool:
    """Whether somebody listens already."""
    return _tell.get() is not None


def step(text: str) -> None:
    """Say what begins now, in the reader's words."""
    tell = _tell.get()
    if tell is not None:
        tell(text)


@contextmanager
def told(tell: Tell) -> Iterator[None]:
    """Until the block ends, `tell` hears every step of this thread."""
    token = _tell.set(tell)
    try:
        yield
    finally:
        _tell.reset(token)
