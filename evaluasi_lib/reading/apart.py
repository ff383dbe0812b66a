"""Files that could exhaust the machine are read in a process of their own, within limits.

A workbook of a few kilobytes can ask for terabytes, and a PDF can lead a parser round for ever.
Such a reader is stopped from outside, and takes nothing with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any, Literal

from evaluasi_lib.reading import child

MEMORY = 1_000_000_000  # bytes of a reading process, its libraries included (not on Windows)
ROOT = Path(__file__).resolve().parent.parent.parent


class Ended(Exception):
    """The reading process was stopped, or broke down for want of memory."""

    def __init__(self, why: Literal["time", "memory"]) -> None:
        self.why = why
        super().__init__(why)


def answers(job: str, silence: float, **request: Any) -> Iterator[Any]:
    """What `child` answers to a request, as it comes.

    silence: seconds without an answer after which the process is stopped. Raises Ended.
    """
    paths = filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", child.__name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    watch = _Watch(process, silence)
    with process:
        try:
            process.stdin.write(json.dumps({"job": job, "memory": MEMORY, **request}).encode())
            process.stdin.close()
            for line in process.stdout:
                watch.heard.set()
                if line.endswith(b"\n"):  # else it died in the middle of it
                    yield json.loads(line)
        except BrokenPipeError:  # it died before it read
            pass
        except GeneratorExit:
            process.kill()
            raise
        finally:
            watch.stop()
    if watch.expired:
        raise Ended("time")
    if process.returncode:
        raise Ended("memory")


class _Watch:
    """A thread that stops a process from which nothing was heard for some seconds."""

    def __init__(self, process: subprocess.Popen[bytes], silence: float) -> None:
        self.heard = Event()
        self.expired = self._over = False
        self._process, self._silence = process, silence
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while self.heard.wait(self._silence):
            if self._over:
                return
            self.heard.clear()
        self.expired = True
        self._process.kill()

    def stop(self) -> None:
        self._over = True
        self.heard.set()
        self._thread.join()
