"""Kernels that start warm: forked from one process that has imported the library once.

Papermill runs a notebook in a real ipykernel, fresh for every run, and nothing of one run reaches
another. What takes the time of a short report is that such a kernel imports pandas, statsmodels
and this library first. Here a process of its own, the nursery, imports them once; each kernel is a
fork of it. The nursery is no `multiprocessing` forkserver because that imports the caller's script
again, which a plain script or a notebook does not stand. This module imports nothing that takes
time, so that the nursery can start before the process that runs papermill has imported that.

Where fork is missing or unsafe (Windows, macOS) the kernel starts in the ordinary way, with the
same environment, and the report has the same bytes.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from evaluasi_lib import wording

# One core for each kernel: several run beside one another, and a sum has the same last digit
# whatever the machine.
ENVIRONMENT = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)
# matplotlib looks for its backend when it is imported. The backend itself must not be imported
# before the kernel is there, or pictures are silently left out.
BACKEND = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
# Allocators that start no threads of their own, for a fork has only the thread that called it.
ALLOCATORS = dict.fromkeys(("_RJEM_MALLOC_CONF", "JE_ARROW_MALLOC_CONF"), "background_thread:false")
PRELOAD = (
    "ipykernel.kernelapp", "ipykernel.zmqshell", "ipykernel.debugger", "IPython.core.pylabtools",
    "IPython.core.completerlib", "IPython.core.debugger", "IPython.extensions.storemagic",
    "tornado.platform.asyncio", "pandas.core.methods.to_dict", "pydantic.dataclasses",
    "statsmodels.formula.api", "seaborn", "pyarrow.dataset", "jinja2.ext",
    "matplotlib.backends.backend_svg", "pygments.styles.default", "evaluasi_lib.door.program",
    "evaluasi_lib.door.scoring", "evaluasi_lib.door.scoring", "evaluasi_lib.door.scoring",
    "evaluasi_lib.door.workbook", "evaluasi_lib.evaluation", "evaluasi_lib.portfolio",
    "evaluasi_lib.reporting.sections",
)  # fmt: skip
# What every report reads once, of words, tables and dictionaries.
CACHES = (
    ("evaluasi_lib.wording", "code_words"), ("evaluasi_lib.cleaning.manifest", "code_digest"),
    ("evaluasi_lib.findings.verdict", "finding_kinds"),
    ("evaluasi_lib.findings.verdict", "decision_table"),
    ("evaluasi_lib.voices.feedback", "stemmer"), ("evaluasi_lib.voices.feedback", "own_lexicon"),
    ("evaluasi_lib.measures", "result_reader"),
)  # fmt: skip
LAUNCHER = "ipykernel_launcher"
ATTEMPTS = 50  # to find every other thread asleep, 10 ms apart


def can_fork() -> bool:
    """Whether a process with these libraries may fork: on Linux; macOS' own libraries forbid it."""
    return sys.platform == "linux" and hasattr(os, "fork")


class Nursery:
    """The process that kernels are forked from, seen from the one that runs papermill.

    One request is answered at a time, so threads may share it. When this process ends, however it
    does, the nursery kills its kernels and ends too.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        ours, theirs = socket.socketpair()
        self._lines = ours.makefile("rw", encoding="utf-8")
        self._socket = ours
        frozen = "-Xfrozen_modules=off"  # as the kernelspec has it
        command = [sys.executable, frozen, "-P", "-m", __name__, str(theirs.fileno())]
        self._process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=os.environ | ENVIRONMENT | BACKEND | ALLOCATORS,
            start_new_session=True,  # Ctrl-C is for the process that runs papermill
        )
        theirs.close()

    def ask(self, **request: Any) -> Any:
        """The nursery's answer. Raises OSError where it is not there any more."""
        try:
            with self._lock:
                self._lines.write(json.dumps(request) + "\n")
                self._lines.flush()
                line = self._lines.readline()
        except ValueError as error:  # the file is closed
            raise OSError(str(error)) from error
        if not line:
            raise OSError("the nursery has ended")
        return json.loads(line)

    def close(self) -> None:
        """End the nursery and every kernel that it still has."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._process.wait()
        self._socket.close()


class Forked:
    """A kernel that the nursery forked, as jupyter_client handles a `subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.pid = pid
        self._nursery = nursery
        self._code: int | None = None

    def poll(self) -> int | None:
        """Its exit status, None while it runs."""
        if self._code is None:
            try:
                self._code = self._nursery.ask(poll=self.pid)
            except OSError:
                self._code = -signal.SIGKILL  # the nursery took it along
        return self._code

    def wait(self) -> int | None:
        """Its exit status; jupyter_client asks when poll has said that it ended."""
        return self.poll()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


_nursery: Nursery | None = None
at_work: set[Any] = set()  # what started a kernel that may still run, as `process`
_lock = threading.Lock()


def start() -> None:
    """Kernels of `Manager` are forked from a nursery from here on, where that is possible."""
    global _nursery
    with _lock:
        if _nursery is None and can_fork():
            _nursery = Nursery()


def fork(**request: Any) -> Forked | None:
    """A kernel forked from the nursery; None where there is none, or it cannot fork now."""
    nursery = _nursery
    with contextlib.suppress(OSError):
        if nursery is not None and (pid := nursery.ask(**request)) is not None:
            return Forked(nursery, pid)
    return None


def stop() -> None:
    """End the nursery, and every kernel that still runs."""
    global _nursery
    with _lock:
        nursery, _nursery = _nursery, None
    if nursery is not None:
        nursery.close()
    for kernel in list(at_work):
        if kernel.process is not None:
            with contextlib.suppress(OSError):
                kernel.process.kill()


@contextlib.contextmanager
def kernels() -> Iterator[None]:
    """Warm kernels within the block; when it ends, however it does, no kernel is left."""
    start()
    try:
        yield
    finally:
        stop()


def fill_caches() -> None:
    """Import what a report needs, and fill the caches that every report fills."""
    for name in PRELOAD:
        importlib.import_module(name)
    for code in wording.LANGUAGES:
        wording.catalogue(code)
    for name, function in CACHES:
        getattr(importlib.import_module(name), function)()
    export = importlib.import_module("evaluasi_lib.reporting.export")
    export.render_page((), {})  # compiles the templates
    charts = importlib.import_module("evaluasi_lib.reporting.figures")
    charts.forest([charts.Point("0", 0, 0, 0, "0")], charts.Look(1))  # opens the typeface


def serve(channel: socket.socket) -> None:
    """The life of a nursery: import, then fork and answer until the channel closes."""
    gc.disable()  # nothing of what is imported goes, and looking for it takes a second
    fill_caches()
    gc.freeze()  # a collection in a fork would touch, and so copy, every page of what is here
    kernels: dict[int, int | None] = {}
    try:
        _answer(channel, kernels)
    finally:  # a killed caller may also be an error of the channel
        for pid, code in kernels.items():
            if code is None:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)


def _answer(channel: socket.socket, kernels: dict[int, int | None]) -> None:
    """Requests until the channel closes. kernels: the status of each, kept up to date."""
    with contextlib.suppress(OSError), channel.makefile("rw", encoding="utf-8") as lines:
        for line in lines:
            request = json.loads(line)
            if "argv" in request:
                answer = _fork(channel, request)
                if answer is not None:
                    kernels[answer] = None
            else:
                answer = _poll(request["poll"], kernels)
            lines.write(json.dumps(answer) + "\n")
            lines.flush()


def _fork(channel: socket.socket, request: dict[str, Any]) -> int | None:
    """A new kernel's process id. None where another thread is at work, which a fork would cut off.

    Polars and Arrow keep threads that sleep until there is something to do: these do no harm.
    """
    if not _others_sleep():
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, on threads
        pid = os.fork()
    if pid == 0:
        _become_kernel(channel, request)
    return pid


def _others_sleep() -> bool:
    own = threading.get_native_id()
    for _attempt in range(ATTEMPTS):
        states = []
        for task in Path("/proc/self/task").iterdir():
            if int(task.name) != own:
                with contextlib.suppress(OSError):  # it has just ended
                    states.append((task / "stat").read_text().rpartition(")")[2].split()[0])
        if set(states) <= {"S"}:
            return True
        time.sleep(0.01)
    return False


def _become_kernel(channel: socket.socket, request: dict[str, Any]) -> NoReturn:
    status = 1
    try:
        os.setsid()
        os.close(channel.fileno())
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["env"])
        # Where the nursery is killed itself, the kernel finds that out.
        parent = f"--IPKernelApp.parent_handle={os.getppid()}"
        sys.argv = [LAUNCHER, *request["argv"], parent]
        gc.enable()
        kernelapp = importlib.import_module("ipykernel.kernelapp")
        importlib.import_module("numpy").random.seed()  # forks would draw the same numbers
        kernelapp.launch_new_instance()
        status = 0
    finally:
        os._exit(status)


def _poll(pid: int, kernels: dict[int, int | None]) -> int | None:
    if kernels.get(pid) is None:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            kernels[pid] = os.waitstatus_to_exitcode(status)
    return kernels[pid]


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
