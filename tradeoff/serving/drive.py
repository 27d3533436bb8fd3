"""``tradeoff.drive``: ask a server that is somebody else's, and time what its callers wait."""

from __future__ import annotations

import numbers
import sys
import warnings
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tradeoff.arguments import ArgumentError, shown, text, yes_or_no
from tradeoff.arguments import seed as seed_of
from tradeoff.callers import level_of_caller
from tradeoff.environment import capture
from tradeoff.frames import Run, make_points, point_id
from tradeoff.serving.host import host_of, labelled, say_if_not_quiet, stretches_of
from tradeoff.serving.outside.caller import Caller, takes_number
from tradeoff.serving.outside.generator import disturbed, took_cores
from tradeoff.serving.outside.loop_thread import LoopThread
from tradeoff.serving.outside.record import row_of, samples_of, window_and_growth
from tradeoff.serving.real.interrupts import RETURNED, Interrupted, Interrupts
from tradeoff.serving.schedule import MOST_REQUESTS, check_length
from tradeoff.serving.simulate import whole
from tradeoff.serving.systems import System, systems
from tradeoff.serving.window import in_phases
from tradeoff.timing.host_load import BUSY
from tradeoff.timing.host_watch import HostWatch

SOURCE = "tradeoff.drive"


class DriveInterrupted(Interrupted):
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
        An async function that asks once and returns when the answer is there; a stream is consumed inside of it. It is
        given the number of the request, unless it takes nothing. Whatever it raises makes the request an error. It runs
        in an event loop of its own, the same one for all points: a client that binds to the loop it is made in is to be
        made by its first call.
    request_rate, concurrency, load, think_ms, think
        As in `simulate`. In an open loop latency counts from when a request was due, not from when it was sent: a
        generator or a server that falls behind must not hide it.
    duration_s
        How long requests are asked for, at each point; the first tenth is not counted (see `tradeoff.serving.window`).
        A `Trace` has its own length, and all of it counts.
    n_requests
        Requests at most.
    timeout_s
        After which a request is given up, and counted as a timeout.
    max_in_flight
        Requests that may be under way in an open loop; one that is due beyond them is counted as rejected, and the rate
        of that stands beside p99.
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
        ``wakeup_p99_ms``; where its p99 passes 5 % of the median latency, or the generator's threads waited for a core
        for 5 % of the time (``core_wait``), the point is flagged ``generator_bound``, and the reason says which.
        Columns about the cores are those of this machine; ``machine_busy`` is no flag here, for the process that takes
        cores may be the server.
        Where answers fall behind requests for as long as it is asked, it is ``saturated``. After Ctrl-C nothing more is
        sent, and answers are waited for, unless it is pressed again; all that was measured is kept, with a
        `DriveInterrupted` warning. Requests that have no answer then are ``unfinished``.

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
    takes_number(send)
    check_length(asked, duration_s=duration_s, n_requests=n_requests)
    if isinstance(timeout_s, bool) or not isinstance(timeout_s, numbers.Real) or not 0.0 < float(timeout_s) < 1e6:
        raise ArgumentError(f"timeout_s must be seconds, above 0 and below a million; got {shown(timeout_s)}")
    max_in_flight = whole("max_in_flight", max_in_flight)
    seed, progress = seed_of(seed), yes_or_no("progress", progress)
    called = text("name", name) or str(getattr(send, "__name__", "server"))
    rows, samples = [], []
    until = round(duration_s * 1e9)
    if progress:
        say_if_not_quiet(called, asks=True)
    with Interrupts() as interrupts, LoopThread() as there:
        for system in asked:
            if progress:
                print(f"{called}: {system.who}", file=sys.stderr)
            caller = Caller(send, system, timeout_s=timeout_s, max_in_flight=max_in_flight)
            rng = np.random.default_rng([seed, 0, 0])
            with HostWatch() as watch:
                there.run(caller.run(rng, until=until, most=n_requests), interrupts, caller.stop)
            slices = watch.slices(origin=caller.origin)
            identity = _identity(system, called)
            found = samples_of(caller, point_id(identity))
            is_short = n_requests is not None or interrupts.count > 0 or len(found) >= MOST_REQUESTS
            window, grows = window_and_growth(found, system, None if is_short else until)
            found = labelled(in_phases(found, window), slices, took_cores)
            cores, lost = host_of(found, slices, window, is_oversubscribed=True)
            cores |= {"disturbed": disturbed(stretches_of(found, slices, window))} if cores else {}
            row = row_of(
                found, caller, system, window, grows=grows, timeout_s=timeout_s, is_short=is_short, cores=cores
            )
            # Who took cores may be the server itself, and nobody can say: what the generator lost is in its own flag.
            row["flags"] += [name for name in lost if name != BUSY]
            rows.append(identity | row)
            samples.append(found)
            if interrupts.count:
                break
    if interrupts.count:
        warnings.warn(
            f"stopped at point {len(rows)} of {len(asked)}; what was measured is {RETURNED}",
            DriveInterrupted,
            stacklevel=level_of_caller(),
        )
    return Run(make_points(rows), pd.concat(samples, ignore_index=True), capture() | {"seed": seed})


def _identity(system: System, name: str) -> dict[str, Any]:
    asked = system.identity
    for unknown in ("batch_size", "max_wait_ms", "workers", "formation", "queue_limit"):
        asked[unknown] = None
    return {"workload": name, "backend": "server", "source": SOURCE, "model_clock": "none"} | asked
