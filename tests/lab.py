"""JupyterLab as `evaluasi lab` starts it, on a copy of this checkout, in a real browser."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.browser import Browser, find_chromium

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 180.0  # for a notebook on a slow machine
GIT = ("git", "-c", "user.name=x", "-c", "user.email=x@x", "-c", "commit.gpgsign=false")


def copy_of_checkout(folder: Path) -> None:
    """What git knows, or would, as a repository of its own with nothing to commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run([*GIT, *arguments], cwd=folder, check=True)


class Lab:
    """A running JupyterLab and the page that shows it. folder: the copy of the checkout."""

    def __init__(self, folder: Path) -> None:
        self._errors: dict[str, list[str]] = {}  # by the notebooks that were run
        self.folder = folder
        copy_of_checkout(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._address = f"http://127.0.0.1:{free.getsockname()[1]}"
        options = [
            "--no-browser", f"--port={self._address.rpartition(':')[2]}", "--allow-root",
            "--IdentityProvider.token=tests", "--LabApp.expose_app_in_browser=True",
        ]  # fmt: skip
        own = {"PYTHONPATH": str(folder), "JUPYTERLAB_SETTINGS_DIR": str(folder / ".git" / "lab")}
        self._log = (folder / ".git" / "lab.log").open("wb")
        self._server = subprocess.Popen(
            [sys.executable, "-m", "evaluasi_lib", "lab", "--", *options],
            cwd=folder, env=os.environ | own, stdout=self._log, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        program = find_chromium()
        assert program is not None
        self.page = Browser(program, timeout=SECONDS)

    def __enter__(self) -> Lab:
        def answers() -> bool:
            try:
                urllib.request.urlopen(f"{self._address}/api?token=tests", timeout=5).close()
            except OSError:
                return False
            return True

        self.wait(answers, SECONDS)
        self.page.open(f"{self._address}/lab?token=tests&reset", width=1400, height=1000)
        self.wait(lambda: self.page.evaluate("!!window.jupyterapp"), SECONDS)
        self.page.evaluate("jupyterapp.restored.then(() => true)")
        self.page.evaluate(Path(__file__).with_suffix(".js").read_text("utf-8") + "; 1")
        return self

    def __exit__(self, *_error: object) -> None:
        self.page.__exit__()
        os.killpg(self._server.pid, signal.SIGTERM)  # JupyterLab is a child of the command
        self._server.wait(timeout=30)
        self._log.close()

    def wait(self, until: Callable[[], Any], seconds: float = 30) -> None:
        """Until a function gives something true. Raises AssertionError when it takes too long."""
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, (self.folder / ".git" / "lab.log").read_text()[-2000:]
            time.sleep(0.1)

    def do(self, name: str, *arguments: Any) -> Any:
        """What a person does or sees: the value of a function of lab.js."""
        return self.page.evaluate(f"lab.{name}({', '.join(map(json.dumps, arguments))})")

    def ran(self, name: str, old: str, new: str) -> list[str]:
        """Show a notebook of which all cells were run, with another text in them: what each output
        that is an error said. It is run once."""
        self.do("open", f"buku-kerja/{name}")
        if name not in self._errors:
            self.do("change", old, new)
            self._errors[name] = self.do("runAll")
        return self._errors[name]

    def text(self, selector: str = ".jp-OutputArea-output") -> str:
        """What the notebook shows at a selector."""
        return "\n".join(self.do("texts", selector))

    def says(self, *texts: str) -> None:
        """Wait until each text stands in an output of the notebook's widgets."""
        for said in texts:
            self.wait(lambda said=said: said in self.text(".widget-html"))

    def git_status(self) -> str:
        done = subprocess.run(
            [*GIT, "status", "--short"], cwd=self.folder, capture_output=True, check=True, text=True
        )
        return done.stdout

    def shot(self, selector: str, height: int) -> bytes:
        """A picture of the notebook from its first such element on, as PNG."""
        clip = self.do("place", selector) | {"height": height, "scale": 1}
        time.sleep(1)
        return base64.b64decode(self.page.call("Page.captureScreenshot", clip=clip)["data"])
