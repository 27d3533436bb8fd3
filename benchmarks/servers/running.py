"""Starts a server that is somebody else's on loopback, waits until it answers, and always stops it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil

PATHS = {"litserve": "/predict", "mosec": "/inference"}
_READY_S, _STOP_S = 60.0, 10.0


class Server(NamedTuple):
    """A server that answers."""

    url: str
    process: psutil.Process

    def cores(self, seconds: float) -> float:
        """Return how many cores all of its processes keep busy."""
        before = self._busy_s()
        time.sleep(seconds)
        return (self._busy_s() - before) / seconds

    def _busy_s(self) -> float:
        total = 0.0
        for process in (self.process, *self.process.children(recursive=True)):
            with suppress(psutil.Error):
                total += sum(process.cpu_times()[:2])
        return total


@contextmanager
def running(kind: str, what: str) -> Iterator[Server]:
    """Run ``with_<kind>.py`` on a port that is free, for as long as it is entered.

    Raises
    ------
    RuntimeError
        When it does not answer in time; with what it said.
    """
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    script = Path(__file__).with_name(f"with_{kind}.py")
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile("w+") as log:
        started = subprocess.Popen(
            [sys.executable, script, str(port), what], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            server = Server(f"http://127.0.0.1:{port}{PATHS[kind]}", psutil.Process(started.pid))
            if not _answers(server.url, started):
                log.seek(0)
                raise RuntimeError(f"{script.name} does not answer:\n{log.read()[-2000:]}")
            yield server
        finally:
            _stop(started)


def _answers(url: str, started: subprocess.Popen[bytes]) -> bool:
    asked = urllib.request.Request(url, b'{"number": 0}', {"Content-Type": "application/json"})  # noqa: S310
    end = time.monotonic() + _READY_S
    while time.monotonic() < end and started.poll() is None:
        with suppress(OSError, urllib.error.URLError), urllib.request.urlopen(asked, timeout=5.0) as answer:  # noqa: S310
            return bool(answer.status == 200)
        time.sleep(0.1)
    return False


def _stop(started: subprocess.Popen[bytes]) -> None:
    """End the server and every process that it started: it leads a session of its own."""
    family = [started.pid]
    with suppress(psutil.Error):
        family += [child.pid for child in psutil.Process(started.pid).children(recursive=True)]
    with suppress(ProcessLookupError):
        os.kill(started.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        started.wait(_STOP_S)
    with suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)
    for pid in family:
        with suppress(psutil.Error):
            psutil.Process(pid).kill()
    started.wait()
