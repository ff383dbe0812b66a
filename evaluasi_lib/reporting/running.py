"""One run of one notebook: papermill, a kernel that may be warm, a deadline, failures in words."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import papermill
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.engines import NBClientEngine, NotebookExecutionManager
from papermill.exceptions import PapermillExecutionError

from evaluasi_lib.reporting import warm
from evaluasi_lib.wording import EvaluationError, UsageError, _, problem, suggestion

ENGINE = "evaluasi"
STARTS = 3  # of a kernel that does not come up
# No notes of the kernel on itself, and nothing of a report in the history of who types in IPython.
KERNEL = ["--log-level=CRITICAL", "--HistoryManager.enabled=False"]


def run_notebook(
    notebook: Path,
    output: Path,
    parameters: dict[str, object],
    begin: Callable[[Any, int], None] | None = None,
    deadline: Callable[[], float] = lambda: math.inf,
) -> None:
    """Execute a notebook with papermill in a real kernel.

    begin: called with each cell and its number before it runs. deadline: the time.monotonic() at
    which the run is given up, asked for in each cell. Raises UsageError for parameters that the
    notebook lacks (papermill only warns), and EvaluationError with the notebook's own message where
    a cell fails, where the kernel dies, and at the deadline.
    """

    def seconds_left(_cell: object) -> int | None:
        left = deadline() - time.monotonic()
        if left <= 0:
            raise CellTimeoutError
        return None if left == math.inf else math.ceil(left)

    known = set(papermill.inspect_notebook(str(notebook)))
    if unknown := [name for name in parameters if name not in known]:
        raise UsageError(*(
            problem("no_parameter", notebook.name, suggestion(name, sorted(known)), name=name)
            for name in unknown
        ))  # fmt: skip
    papermill.engines.papermill_engines.register(ENGINE, _Engine)
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what fails is told once, in words
    for left in reversed(range(STARTS)):
        try:
            papermill.execute_notebook(
                str(notebook),
                str(output),
                parameters=parameters,
                engine_name=ENGINE,
                kernel_name="python3",
                progress_bar=False,
                log_output=False,
                request_save_on_cell_execute=False,  # it is written once, when it has ended
                keep=str(output),
                extra_arguments=KERNEL,
                # Papermill's own cwd= changes that of the process, which threads share.
                resources={"metadata": {"path": str(notebook.parent)}},
                kernel_manager_class=Manager,
                shutdown_kernel="immediate",
                on_cell_start=begin and (lambda cell, cell_index: begin(cell, cell_index)),
                timeout_func=seconds_left,
            )
            return
        except PapermillExecutionError as error:
            raise EvaluationError(_short(error.ename, error.evalue)) from error
        except CellTimeoutError as error:
            raise EvaluationError(_("the time limit is over")) from error
        except DeadKernelError as error:
            text = _("the kernel ended before the notebook did; was there too little memory?")
            raise EvaluationError(text) from error
        except RuntimeError as error:
            # Another process took the port that was chosen for this kernel; no cell has run yet.
            if not left or "Kernel died before replying" not in str(error):
                raise


class _Engine(NBClientEngine):
    """Papermill's own engine, which also writes the notebook of a run that was given up."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, keep: str = "", **kwargs: Any
    ) -> Any:
        """Run the cells. keep: where the notebook goes when the run ends before its last cell."""
        try:
            return super().execute_managed_notebook(nb_man, kernel_name, **kwargs)
        except Exception:
            nb_man.output_path = keep  # papermill writes it there as it leaves
            raise


def _short(name: str, message: str) -> str:
    """A failure in words. Our own errors speak for themselves; others get their name in front."""
    lines = [line for line in str(message).splitlines() if line.strip()]
    if name in ("EvaluationError", *(child.__name__ for child in EvaluationError.__subclasses__())):
        return "\n".join(lines)
    first = lines[0] if lines else ""
    return _("unexpected error in the notebook: {name}: {message}").format(
        name=name, message=first[:200]
    )


class Provisioner(LocalProvisioner):
    """Starts the kernel of a notebook: as a fork of the nursery, or else in the ordinary way."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel. cmd: the command line of its kernelspec, connection file included."""
        warm.at_work.add(self)
        kwargs["env"] = kwargs.get("env", os.environ) | warm.ENVIRONMENT
        if cmd[0] == sys.executable and warm.LAUNCHER in cmd:
            rest = cmd[cmd.index(warm.LAUNCHER) + 1 :]
            place = str(kwargs.get("cwd") or os.getcwd())
            forked = warm.fork(argv=rest, cwd=place, env=kwargs["env"] | warm.BACKEND)
            if forked is not None:
                self.process = forked  # type: ignore[assignment]
                self.pid = self.pgid = forked.pid
                self.cwd = place
                return self.connection_info
        return await super().launch_kernel(cmd, **kwargs)

    async def wait(self) -> int | None:
        """Wait until the kernel has ended, which takes a killed one some milliseconds."""
        while await self.poll() is None:
            await asyncio.sleep(0.005)
        return await super().wait()

    async def cleanup(self, restart: bool = False) -> None:
        """Forget a kernel that has ended."""
        warm.at_work.discard(self)
        await super().cleanup(restart)


class Manager(AsyncKernelManager):
    """A kernel manager whose kernels come from `Provisioner`, whatever the kernelspec says.

    No entry point is needed for it, so an environment of an earlier version serves.
    """

    async def _async_pre_start_kernel(self, **kw: Any) -> tuple[list[str], dict[str, Any]]:
        self.kernel_id = self.kernel_id or kw.pop("kernel_id", "") or os.urandom(8).hex()
        if self.provisioner is None:
            self.provisioner = Provisioner(
                kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self
            )
        return await super()._async_pre_start_kernel(**kw)
