"""Measuring in processes of their own, so that a crash costs a point and not the sweep."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

from tradeoff.arguments import ArgumentError
from tradeoff.environment import THREAD_VARIABLES, usable_cores
from tradeoff.sweep.source import Source
from tradeoff.timing import Budget, Measurement
from tradeoff.timing.failure import PATH
from tradeoff.timing.measurement import failed

START_UP_S = 60.0
"""Longest time a worker may take to import its libraries and prepare a point."""


def threads_for(concurrency: int) -> int:
    """Threads each of `concurrency` calls may use, so that together they fit the cores."""
    return max(1, usable_cores() // concurrency)


class Worker:
    """One worker process; started when first asked, restarted after a crash.

    Parameters
    ----------
    variables
        Environment variables that hold before its libraries are imported.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = dict(variables)
        self._process: subprocess.Popen[bytes] | None = None

    def visit(self, source: Source, which: str, arguments: Mapping[str, Any], *, limit_s: float) -> Measurement:
        """Visit one point, which `which` tells from others.

        Returns
        -------
        Measurement
            Of status ``"failed"`` when the process died, took longer than `limit_s`, or could not do it.

        Raises
        ------
        ArgumentError
            When the workload cannot be measured as it was asked for.
        """
        answer = self._ask(source, which, arguments, limit_s=limit_s)
        if isinstance(answer, Measurement):
            return answer
        raise ArgumentError(answer)

    def try_once(self, source: Source, arguments: Mapping[str, Any], *, limit_s: float) -> str | None:
        """Try one call (see `tradeoff.workloads.trial`); a process that dies of it says nothing of other points."""
        answer = self._ask(source, None, arguments, limit_s=limit_s)
        return answer if isinstance(answer, str) else None

    def _ask(self, source: Source, which: str | None, arguments: Mapping[str, Any], *, limit_s: float) -> object:
        """Ask for a visit to the point `which`, or for a trial when it is None."""
        if self._process is None:
            self._start()
        try:
            self._connection.send((source, which, dict(arguments)))
            if not self._connection.poll(limit_s):
                self.stop()
                return failed(f"gave no result within {limit_s:.0f} s and was stopped: does the call ever return?")
            return self._connection.recv()
        except (EOFError, ConnectionError):
            return failed(self._how_it_died())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process and whatever it started."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._close()

    def _start(self) -> None:
        self._connection, theirs = multiprocessing.Pipe()
        # Not a pipe: a workload that prints a lot must not wait for a reader.
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the process
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tradeoff.sweep.worker", str(theirs.fileno()), str(os.getpid())],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **self._variables},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _how_it_died(self) -> str:
        assert self._process is not None  # noqa: S101
        code = self._process.wait()
        last_words = self._last_words()
        self.stop()
        if code < 0:
            try:
                how = f"was killed by {signal.Signals(-code).name}"
            except ValueError:
                how = f"was killed by signal {-code}"
            if -code == signal.SIGKILL:
                how += ", perhaps because memory ran out"
        else:
            how = f"ended with exit status {code}"
        return f"its process {how}{': ' + last_words if last_words else ''}"

    def _last_words(self) -> str:
        self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, self._said.tell() - 2000))
        lines = self._said.read().decode("utf-8", errors="replace").split("\n")
        words = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return "".join(c for c in PATH.sub("…", words) if c.isprintable())[:200]

    def _close(self) -> None:
        self._connection.close()
        self._said.close()
        self._process = None


class Workers:
    """The workers of a sweep: for each replicate, one for every number of threads a call may use, one for a GPU.

    Only one of them runs at a time; the others wait to be asked.
    """

    def __init__(self) -> None:
        self._workers: dict[tuple[int, int], Worker] = {}

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *exception: object) -> None:
        for worker in self._workers.values():
            worker.stop()

    def visit(
        self,
        source: Source,
        which: str,
        *,
        concurrency: int,
        device: str,
        budget: Budget,
        replicate: int = 0,
        **arguments: Any,
    ) -> Measurement:
        """Visit one point, which `which` tells from others, in the worker that fits it."""
        worker = self._worker(replicate, concurrency=concurrency, device=device)
        measurement = worker.visit(
            source,
            which,
            {**arguments, "concurrency": concurrency, "device": device, "budget": budget},
            limit_s=_limit_s(budget),
        )
        if device.startswith("cuda") and measurement.point["status"] == "failed":
            worker.stop()  # an error of the GPU sticks to the process it happened in
        return measurement

    def try_once(
        self, source: Source, *, concurrency: int, device: str, budget: Budget, **arguments: Any
    ) -> str | None:
        """Try one call in the worker that will measure at this concurrency; say why it cannot be measured, or None."""
        worker = self._worker(0, concurrency=concurrency, device=device)
        return worker.try_once(source, {**arguments, "device": device}, limit_s=_limit_s(budget))

    def _worker(self, replicate: int, *, concurrency: int, device: str) -> Worker:
        is_cuda = device.startswith("cuda")
        threads = 0 if is_cuda else threads_for(concurrency)
        place = (replicate, threads)
        if place not in self._workers:
            variables = (
                {"CUDA_DEVICE_MAX_CONNECTIONS": "32"} if is_cuda else dict.fromkeys(THREAD_VARIABLES, str(threads))
            )
            self._workers[place] = Worker(variables)
        return self._workers[place]


def _limit_s(budget: Budget) -> float:
    return START_UP_S + 8 * budget.max_seconds  # bursts idle three times as long as they measure
