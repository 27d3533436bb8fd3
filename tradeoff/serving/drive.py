"""``tradeoff.drive``: ask a server that is somebody else's, and time what its callers wait."""

from __future__ import annotations

import asyncio
import inspect
import math
import sys
import threading
import time
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from tradeoff.arguments import ArgumentError, shown, text, yes_or_no
from tradeoff.arguments import seed as seed_of
from tradeoff.environment import capture
from tradeoff.frames import Run, make_points, make_samples, point_id
from tradeoff.serving.real.record import times_of, window_of
from tradeoff.serving.schedule import arrivals_of, thinker
from tradeoff.serving.systems import System, systems
from tradeoff.timing.failure import said_by

SOURCE = "tradeoff.drive"
_GENERATOR_BOUND = 0.05
"""Share of the median latency that the generator's own lateness may reach."""

_HANGING_S = 1.0
"""How long a request that was cancelled may take to notice."""


class DriveInterrupted(UserWarning):
    """A run was stopped by Ctrl-C; what was measured until then is kept."""


def drive(
    send: Callable[[int], Awaitable[object]],
    *,
    request_rate: float | Sequence[float] | None = None,
    concurrency: int | Sequence[int] | None = None,
    load: Any = None,
    think_ms: float | Sequence[float] = 0.0,
    think: Any = "constant",
    duration_s: float = 5.0,
    n_requests: int | None = None,
    timeout_s: float = 30.0,
    max_in_flight: int = 10_000,
    name: str | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Run:
    """Ask a server outside, open or closed loop, and time what its callers wait.

    Parameters
    ----------
    send
        An async function that asks once and returns when the answer is there; it is given the number of the request,
        unless it takes nothing. Whatever it raises makes the request an error.
    request_rate, concurrency, load, think_ms, think
        As in `simulate`. In an open loop latency counts from when a request was due, not from when it was sent: a
        generator or a server that falls behind must not hide it.
    duration_s
        How long requests are asked for, at each point; the first tenth is not counted. A `Trace` has its own length.
    n_requests
        Requests at most.
    timeout_s
        After which a request is given up, and counted as a timeout.
    max_in_flight
        Requests that may be under way in an open loop; one that is due beyond them is counted as rejected.
    name
        What to call the server in the frames; the name of `send` unless given.
    seed
        Of arrivals and times to think.
    progress
        Say what is being asked.

    Returns
    -------
    Run
        A row of ``points`` for each combination and a row of ``samples`` for each request. What happens in the server
        is not known: all of the latency is ``overhead``. The generator's own lateness is in ``wakeup_p50_ms`` and
        ``wakeup_p99_ms``; where its p99 passes 5 % of the median latency the point is flagged ``generator_bound``.

    Raises
    ------
    ValueError
        When an argument cannot be used; nothing has been sent then.

    Examples
    --------
    >>> async def send(number):  # doctest: +SKIP
    ...     await client.post("/predict", json={"input": number})
    >>> run = tradeoff.drive(send, request_rate=[10, 20, 40])  # doctest: +SKIP
    """
    asked = systems(
        max_batch_size=1, request_rate=request_rate, concurrency=concurrency, load=load, think_ms=think_ms, think=think
    )
    if not callable(send):
        raise ArgumentError(f"send must be an async function; got {shown(send)}")
    for what, value in (("duration_s", duration_s), ("timeout_s", timeout_s)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value < 1e6:
            raise ArgumentError(f"{what} must be seconds, above 0; got {shown(value)}")
    for what, count in (("n_requests", n_requests), ("max_in_flight", max_in_flight)):
        if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
            raise ArgumentError(f"{what} must be a whole number, 1 or more; got {shown(count)}")
    seed, progress = seed_of(seed), yes_or_no("progress", progress)
    called = text("name", name) or str(getattr(send, "__name__", "server"))
    rows, samples = [], []
    for system in asked:
        identity = _identity(system, called)
        identified = point_id(identity)
        if progress:
            who = f"{system.clients} clients" if system.clients else f"{system.request_rate_rps:g} requests/s"
            print(f"{called}: {who}", file=sys.stderr)
        until = round(duration_s * 1e9)
        driver = _Driver(send, system, timeout_s=timeout_s, max_in_flight=max_in_flight)
        rng = np.random.default_rng([seed, 0, 0])
        _in_a_loop_of_its_own(driver.run(rng, until=until, most=n_requests), driver)
        window = window_of(
            system, until, [row[1] for row in driver.rows], is_short=n_requests is not None or driver.interrupted
        )
        found = _samples(driver.rows, identified, *window)
        rows.append(identity | _row(found, driver, *window))
        samples.append(found)
        if driver.interrupted:
            warnings.warn(
                f"stopped at point {len(rows)} of {len(asked)}; what was measured is in the Run that was returned",
                DriveInterrupted,
                stacklevel=2,
            )
            break
    return Run(make_points(rows), pd.concat(samples, ignore_index=True), capture() | {"seed": seed})


@dataclass(eq=False)
class _Driver:
    """Sends requests, and notes a row for each: number, due, sent, done, status."""

    send: Callable[..., Awaitable[object]]
    system: System
    timeout_s: float
    max_in_flight: int
    clock: Callable[[], int] = time.perf_counter_ns
    rows: list[tuple[int, int, int, int, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    under_way: int = 0
    interrupted: bool = False

    def __post_init__(self) -> None:
        """Learn how `send` wants to be called."""
        try:
            self._takes_number = len(inspect.signature(self.send).parameters) > 0
        except (TypeError, ValueError):
            self._takes_number = True
        self._asked = 0
        self._origin = 0
        self._stopped = asyncio.Event()

    async def run(self, rng: np.random.Generator, *, until: int, most: int | None) -> None:
        """Ask all requests, and wait for the last answer."""
        self._origin = self.clock()
        if self.system.clients:
            think = thinker(self.system, rng)
            clients = (self._client(think, until, most) for _ in range(self.system.clients))
            await asyncio.gather(*clients)
            return
        tasks: set[asyncio.Task[int]] = set()
        for due in arrivals_of(self.system, rng, until=until, most=most):
            await self._until(due)
            if self._stopped.is_set():
                break
            number, self._asked = self._asked, self._asked + 1
            if self.under_way >= self.max_in_flight:
                self.rows.append((number, due, due, due, "rejected"))
                continue
            task = asyncio.create_task(self._ask(number, due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)

    def stop(self) -> None:
        """Send no more; those under way are waited for."""
        self.interrupted = True
        self._stopped.set()

    async def _client(self, think: Callable[[], int], until: int, most: int | None) -> None:
        now = 0
        while True:
            due = now + think()
            if due >= until or (most is not None and self._asked >= most):
                return
            number, self._asked = self._asked, self._asked + 1
            await self._until(due)
            if self._stopped.is_set():
                return
            now = await self._ask(number, max(due, now))

    async def _until(self, due: int) -> None:
        left = (due - self._now()) / 1e9
        if left > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), left)
        else:
            await asyncio.sleep(0)

    async def _ask(self, number: int, due: int) -> int:
        self.under_way += 1
        sent = self._now()
        status = "ok"
        try:
            awaited = self.send(number) if self._takes_number else self.send()
            await self._answer(awaited)
        except TimeoutError:
            status = "timeout"
        except Exception as error:
            status = "error"
            self.errors.append(said_by(error))
        self.under_way -= 1
        done = self._now()
        self.rows.append((number, due, sent, done, status))
        return done

    async def _answer(self, awaited: Awaitable[object]) -> None:
        """Wait for an answer; one that does not come in time, and does not even notice that, is left behind."""
        task = asyncio.ensure_future(awaited)
        done, _ = await asyncio.wait({task}, timeout=self.timeout_s)
        if not done:
            task.cancel()
            raise TimeoutError
        task.result()

    def _now(self) -> int:
        return self.clock() - self._origin


def _in_a_loop_of_its_own(work: Coroutine[Any, Any, None], driver: _Driver) -> None:
    """Run in a thread of its own: a notebook's loop is running already. Ctrl-C asks no more and waits for answers."""
    loop = asyncio.new_event_loop()
    raised: list[BaseException] = []

    def body() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(work)
            if hanging := asyncio.all_tasks(loop):
                for task in hanging:
                    task.cancel()
                loop.run_until_complete(asyncio.wait(hanging, timeout=_HANGING_S))
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=body, name="tradeoff-drive", daemon=True)
    thread.start()
    while thread.is_alive():
        try:
            thread.join(timeout=0.2)
        except KeyboardInterrupt:
            loop.call_soon_threadsafe(driver.stop)
    loop.close()
    if raised:
        raise raised[0]


def _identity(system: System, name: str) -> dict[str, Any]:
    asked = system.identity
    for unknown in ("batch_size", "max_wait_ms", "workers", "formation", "queue_limit"):
        asked[unknown] = None
    return {"workload": name, "backend": "server", "source": SOURCE, "model_clock": "none"} | asked


def _samples(rows: list[tuple[int, int, int, int, str]], point_id: str, start: int, until: int) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["seq", "scheduled_ns", "submitted_ns", "done_ns", "status"])
    table = table.sort_values(["scheduled_ns", "seq"], kind="stable", ignore_index=True)
    came = table["scheduled_ns"].to_numpy()
    # Requests that were given up were not served: how long that took is not a latency.
    latency = (table["done_ns"] - table["scheduled_ns"]).where(table["status"] == "ok").to_numpy(dtype=float)
    parts = {f"{stage}_ns": latency * 0.0 for stage in ("pre", "batch_wait", "queue_wait", "model", "post")}
    return make_samples(
        {
            **{name: table[name].to_numpy() for name in table.columns},
            **parts,
            "overhead_ns": latency,
            "latency_ns": latency,
            "phase": np.where(came < start, "warmup", np.where(came > until, "drain", "measure")),
            "point_id": point_id,
            "replicate": 0,
        }
    )


def _row(samples: pd.DataFrame, driver: _Driver, start: int, until: int) -> dict[str, Any]:
    measured = samples[samples["phase"] == "measure"]
    count = measured["status"].value_counts()
    done = measured[measured["status"] == "ok"]
    ended = samples[(samples["status"] == "ok") & (samples["done_ns"] > start) & (samples["done_ns"] <= until)]
    duration_s = (until - start) / 1e9
    refused = int(count.get("rejected", 0))
    row: dict[str, Any] = {
        "n": len(done),
        "n_errors": int(count.get("error", 0) + count.get("timeout", 0)),
        "n_rejected": refused,
        "rejection_rate": refused / len(measured) if len(measured) else math.nan,
        "n_in_system": driver.under_way,
        "duration_s": duration_s,
        "throughput_rps": len(ended) / duration_s,
        "status": "budget",
        "flags": [],
    }
    sent = measured[measured["status"] != "rejected"]
    late = (sent["submitted_ns"] - sent["scheduled_ns"]).to_numpy(dtype=float) / 1e6
    if len(late):
        row |= {f"wakeup_{name}_ms": float(np.quantile(late, p)) for name, p in (("p50", 0.5), ("p99", 0.99))}
    said = f": {driver.errors[0]}" if driver.errors else ""
    timeouts = int(count.get("timeout", 0))
    if row["n_errors"]:
        row["reason"] = (
            f"{row['n_errors']} requests failed, {timeouts} of them given up after {driver.timeout_s:g} s{said}"
        )
    if not len(done):
        return row | {"status": "failed", "reason": row.get("reason", "no request was answered")}
    times = times_of(done, row)
    # What a server does inside is not known: there is one part.
    for name in [name for name in times if name.startswith(("model_", "queue_wait_", "batch_wait_"))]:
        del times[name]
    row |= times
    if row["wakeup_p99_ms"] > _GENERATOR_BOUND * float(done["latency_ns"].median()) / 1e6:
        row["flags"] = [*row["flags"], "generator_bound"]
    return row
