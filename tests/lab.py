"""JupyterLab as `evaluasi lab` starts it, on a copy of this checkout, in a real browser."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
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
        return self

    def __exit__(self, *_error: object) -> None:
        self.page.__exit__()
        self._server.terminate()
        self._server.wait(timeout=30)
        self._log.close()

    def wait(self, until: Any, seconds: float = 30) -> None:
        """Until a function gives something true. Raises AssertionError when it takes too long."""
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, (self.folder / ".git" / "lab.log").read_text()[-2000:]
            time.sleep(0.1)

    def open(self, name: str) -> None:
        """Show a notebook of the work folder; the script's `nb` from here on."""
        script = """jupyterapp.commands.execute('docmanager:open', {path: PATH}).then(async w => {
            window.nb = w; await w.context.ready; await w.sessionContext.ready;
            w.content.notebookConfig = {...w.content.notebookConfig, windowingMode: 'none'}; })"""
        self.page.evaluate(script.replace("PATH", json.dumps(f"buku-kerja/{name}")))

    def ran(self, name: str, old: str, new: str) -> list[str]:
        """Show a notebook of which all cells were run, with another text in them: what each output
        that is an error said. It is run once."""
        self.open(name)
        if name not in self._errors:
            self.change(old, new)
            self._errors[name] = self.run_all()
        return self._errors[name]

    def change(self, old: str, new: str) -> None:
        """Put another text into the cells, as a person types it."""
        script = """nb.content.widgets.forEach(w => {
            const cell = w.model.sharedModel;
            cell.setSource(cell.getSource().replace(%s, %s)); })"""
        self.page.evaluate(script % (json.dumps(old), json.dumps(new)))

    def run_all(self) -> list[str]:
        """Run > Run All Cells, then save; what each output that is an error says."""
        return self.page.evaluate("""
            jupyterapp.commands.execute('notebook:run-all-cells')
            .then(() => nb.context.save())
            .then(() => nb.content.widgets.filter(w => w.model.type == 'code')
                .flatMap(w => w.outputArea.model.toJSON())
                .filter(o => o.output_type == 'error' || o.name == 'stderr')
                .map(o => o.evalue || [].concat(o.text).join('')))""")

    def text(self, selector: str = ".jp-OutputArea-output") -> str:
        """What the notebook shows at a selector."""
        script = "[...nb.node.querySelectorAll(%s)].map(e => e.innerText).join('\\n')"
        return self.page.evaluate(script % json.dumps(selector))

    def choose(self, field: int, value: str) -> None:
        """Choose in a field of the panel, or type into it and leave it."""
        script = """(() => { const field = nb.node.querySelectorAll(
                '.widget-vbox .widget-dropdown select, .widget-vbox .widget-text input')[FIELD];
            if (field.tagName == 'SELECT')
                field.value = [...field.options].find(o => o.text.startsWith(VALUE)).value;
            else field.value = VALUE;
            for (const event of ['input', 'change'])
                field.dispatchEvent(new Event(event, {bubbles: true})); })()"""
        script = script.replace("FIELD", str(field)).replace("VALUE", json.dumps(value))
        self.page.evaluate(script)

    def close(self) -> None:
        """End the notebook's kernel."""
        self.page.evaluate("nb.sessionContext.shutdown().then(() => nb.dispose())")

    def git_status(self) -> str:
        done = subprocess.run(
            [*GIT, "status", "--short"], cwd=self.folder, capture_output=True, check=True, text=True
        )
        return done.stdout

    def shot(self, selector: str, height: int) -> bytes:
        """A picture of the notebook from its first such element on, as PNG."""
        script = """(() => { const found = nb.node.querySelector(SELECTOR);
            found.scrollIntoView(); const r = found.getBoundingClientRect();
            const page = nb.content.node.getBoundingClientRect();
            return {x: page.left, y: Math.max(r.top - 8, page.top), width: page.width}; })()"""
        part = self.page.evaluate(script.replace("SELECTOR", json.dumps(selector)))
        time.sleep(1)
        clip = part | {"height": height, "scale": 1}
        return base64.b64decode(self.page.call("Page.captureScreenshot", clip=clip)["data"])
