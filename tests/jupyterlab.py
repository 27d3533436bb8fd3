"""A real JupyterLab on loopback for the tests, with settings, data and workspaces of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, WebSocket

TOKEN = "only-on-loopback"  # noqa: S105
KERNEL_MS = 90_000


class Traffic:
    """Bytes that pass between a page and its kernels, a number a message. Make it before the page goes anywhere."""

    def __init__(self, page: Page) -> None:
        self.sent: list[int] = []
        self.received: list[int] = []
        page.on("websocket", self._follow)

    def clear(self) -> None:
        """Forget what has passed."""
        self.sent.clear()
        self.received.clear()

    def _follow(self, socket: WebSocket) -> None:
        if "/channels" in socket.url:
            socket.on("framesent", lambda frame: self.sent.append(_size(frame)))
            socket.on("framereceived", lambda frame: self.received.append(_size(frame)))


def _size(frame: bytes | str) -> int:
    return len(frame.encode() if isinstance(frame, str) else frame)


@dataclass
class Lab:
    """A running server."""

    port: int
    folder: Path

    def write(self, name: str, cells: Sequence[str]) -> str:
        """Write a notebook of code cells into the server's folder."""
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells], metadata=kernel)
        nbformat.write(notebook, self.folder / name)
        return name

    def open(self, page: Page, name: str, *, reset: bool = True) -> None:
        """Open a notebook in a workspace of its own."""
        workspace = name.removesuffix(".ipynb")
        query = f"token={TOKEN}" + ("&reset" if reset else "")
        page.goto(f"http://127.0.0.1:{self.port}/lab/workspaces/{workspace}/tree/{name}?{query}")
        page.locator(".jp-Notebook").first.wait_for(timeout=KERNEL_MS)

    def run_all(self, page: Page) -> None:
        """Run every cell, once the kernel is there."""
        page.get_by_text("| Idle").wait_for(timeout=KERNEL_MS)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    def run_cell(self, page: Page, source: str) -> str:
        """Put `source` into the last cell, run it, and return what it printed."""
        cell = page.locator(".jp-Notebook .jp-CodeCell").last
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(f"{source}\nprint('cell is done')")
        page.keyboard.press("Control+Enter")
        output = cell.locator(".jp-OutputArea-output").filter(has_text="cell is done").last
        output.wait_for(timeout=KERNEL_MS)
        return output.inner_text().replace("cell is done", "").strip()

    def save(self, page: Page) -> None:
        """Save the notebook, outputs included."""
        page.keyboard.press("Escape")
        page.keyboard.press("Control+S")
        page.locator(".jp-mod-dirty").wait_for(state="detached", timeout=KERNEL_MS)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab, once a session; the kernel is this very Python."""
    with running_lab(tmp_path_factory.mktemp("jupyter"), tmp_path_factory.mktemp("notebooks")) as started:
        yield started


@contextmanager
def running_lab(home: Path, folder: Path) -> Iterator[Lab]:
    """Run a server whose settings lie in `home` and whose notebooks lie in `folder`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]),
    }
    settings = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    log = (home / "server.log").open("wb")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    command += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}", "--ServerApp.port_retries=0"]
    command += ["--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += ["--ZMQChannelsWebsocketConnection.limit_rate=False"]
    server = subprocess.Popen(command, env=environ, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api?token={TOKEN}", server, home / "server.log")
        yield Lab(port, folder)
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
        log.close()


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310  # our own, on loopback
                return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None:
                break
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start: {log.read_text(errors='replace')[-2000:]}")
