"""``tradeoff.serve``: a server that forms batches, under the real clock."""

from __future__ import annotations

import math
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from tradeoff.arguments import ArgumentError, shown, yes_or_no
from tradeoff.arguments import device as checked_device
from tradeoff.arguments import seed as seed_of
from tradeoff.callers import level_of_caller
from tradeoff.environment import capture, device_name, usable_cores
from tradeoff.frames import Run, make_points, make_samples, point_id
from tradeoff.serving.host import host_of, labelled, say_if_not_quiet, say_what_was_busy
from tradeoff.serving.real.crew import Threads, Worker
from tradeoff.serving.real.interrupts import RETURNED, Interrupted, Interrupts
from tradeoff.serving.real.loop import Loop, Record
from tradeoff.serving.real.record import SOURCE, row_of, samples_of, window_and_growth
from tradeoff.serving.schedule import MOST_REQUESTS, arrivals_of, check_length, thinker
from tradeoff.serving.systems import System, systems
from tradeoff.timing.bench import adapter_for
from tradeoff.timing.failure import said_by
from tradeoff.timing.host_watch import HostWatch
from tradeoff.timing.threads import hold_this_thread_to, is_oversubscribed, threads_per_call
from tradeoff.workloads import Workload, as_workload
from tradeoff.workloads.choice import check_dtypes, device_for
from tradeoff.workloads.promises import Finished, UnfinishedError, is_later

_WARM_UP_CALLS = 3
_SWITCH_S = 2e-4
"""How long a thread may keep the interpreter while another waits for it: the loop must wake in time."""


class ServeInterrupted(Interrupted):
    """A run was stopped by Ctrl-C; what was measured until then is kept."""


def serve(
    workload: Any,
    *,
    max_batch_size: int | Sequence[int],
    request_rate: float | Sequence[float] | None = None,
    concurrency: int | Sequence[int] | None = None,
    load: Any = None,
    think_ms: float | Sequence[float] = 0.0,
    think: Any = "constant",
    max_wait_ms: float | Sequence[float] = 0.0,
    workers: int | Sequence[int] = 1,
    queue_limit: int | Sequence[int | None] | None = None,
    formation: str | Sequence[str] = "shared",
    preprocess: Callable[[int], object] | None = None,
    postprocess: Callable[[object], object] | None = None,
    duration_s: float = 5.0,
    n_requests: int | None = None,
    dtype: str = "float32",
    device: str | None = None,
    example: Any = None,
    name: str | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Run:
    """Serve requests for real: the same policy as `simulate`, batches that run, every request stamped.

    Requests exist as their times of arrival only: their content is the workload's own input. What people wait, from
    when they were due to when their batch was seen to be done, is taken apart to the nanosecond.

    Parameters
    ----------
    workload
        As in `sweep`: a name, a torch module with `example`, a call that takes a batch size, or a factory.
    max_batch_size, request_rate, concurrency, load, think_ms, think, max_wait_ms, workers, queue_limit, formation
        As in `simulate`; lists span a grid in the order of the arguments. Each worker is a thread, and on a GPU a
        stream; on a processor torch may use its share of the cores in each, or fewer where ``torch.set_num_threads``
        says so.
    preprocess
        Work of the host before the model, called with the size of each batch; it occupies the worker.
    postprocess
        Work of the host after it, called with what the model returned.
    duration_s
        How long requests come, at each point; the first tenth is not counted (see `tradeoff.serving.window`). A `Trace`
        has its own length, and all of it counts.
    n_requests
        Requests at most.
    dtype, device, example, name
        As in `sweep`.
    seed
        Of arrivals, times to think, and inputs.
    progress
        Say what is being served.

    Returns
    -------
    Run
        A row of ``points`` for each combination and a row of ``samples`` for each request. After Ctrl-C batches under
        way are waited for, unless it is pressed again, and all that was measured is kept, with a `ServeInterrupted`
        warning.

    Raises
    ------
    ValueError
        When an argument cannot be used, or a call returns a promise of work that cannot be waited for; nothing has
        been served then.

    Notes
    -----
    ``overhead`` is the rest: the loop's wake-up and the hand-over to a thread. How late the loop was with each batch
    is in ``wakeup_p50_ms`` and ``wakeup_p99_ms``. `replay` serves a Run again under the virtual clock.

    Garbage is collected as ever, but for objects that were there before (``gc.freeze``): requests whose batch met a
    collection carry the label ``gc``, and ``preempted`` when the worker's thread waited for a core for a tenth of
    the batch's time (where the system tells: Linux). What other processes, a hypervisor or a quota took of the cores
    is read five times a second: columns, flags and labels are those of `sweep` (``machine_busy``, ``foreign_load``,
    ``core_wait``, ...). A queue that has grown without end when the last request has come is given up, and the point
    is ``saturated``; requests that wait then are ``unfinished``.

    Examples
    --------
    >>> run = tradeoff.serve("softmax", max_batch_size=[1, 8], request_rate=200, max_wait_ms=2)  # doctest: +SKIP
    """
    asked = systems(
        max_batch_size=max_batch_size, request_rate=request_rate, concurrency=concurrency, load=load, think_ms=think_ms,
        think=think, max_wait_ms=max_wait_ms, workers=workers, queue_limit=queue_limit, formation=formation,
    )  # fmt: skip
    check_length(asked, duration_s=duration_s, n_requests=n_requests)
    for what, function in (("preprocess", preprocess), ("postprocess", postprocess)):
        if function is not None and not callable(function):
            raise ArgumentError(f"{what} must be a function, or None; got {shown(function)}")
        if is_later(function):
            raise ArgumentError(
                f"{what} must have done its work when it returns; {shown(function)} is async, or yields"
            )
    seed, progress = seed_of(seed), yes_or_no("progress", progress)
    made = as_workload(workload, example=example, name=name)
    device = device_for(made, checked_device(device))
    check_dtypes(made, (dtype,), device)
    adapter = adapter_for(made.backend, device)
    who = {
        "workload": made.name, "backend": made.backend, "dtype": dtype, "device": device_name(device),
        "cache": "hot", "regime": "sustained", "source": SOURCE,
        "model_clock": "host" if adapter is None else "cuda_event",
    }  # fmt: skip
    rows, samples = [], []
    largest = max(system.policy.max_batch_size for system in asked)
    crew_size = max(system.policy.workers for system in asked)
    calls = _prepared(made, largest, crew_size, dtype=dtype, device=device, seed=seed)
    if progress:
        say_if_not_quiet(made.name)
    with Interrupts() as interrupts:
        for system in asked:
            identity = who | system.identity
            if progress:
                print(f"{made.name}: {_said(system)}", file=sys.stderr)
            until = round(duration_s * 1e9)
            if isinstance(calls, str):
                rows.append(identity | {"status": "failed", "reason": calls, "flags": []})
                continue
            crew = [
                Worker(one, preprocess=preprocess, postprocess=postprocess, adapter=adapter)
                for one in calls[: system.policy.workers]
            ]
            with HostWatch() as watch:
                record = _served(system, crew, interrupts, until=until, most=n_requests, seed=seed)
            slices = watch.slices(origin=record.origin, callers=system.policy.workers)
            is_short = n_requests is not None or record.interrupted or record.overwhelmed
            is_short |= len(record.arrivals) >= MOST_REQUESTS
            window, grows = window_and_growth(record, system, None if is_short else until)
            found = labelled(samples_of(record, point_id(identity), window), slices)
            crowded = _crowded(system, adapter is None)
            cores, lost = host_of(found, slices, window, is_oversubscribed=bool(crowded))
            rows.append(identity | row_of(record, found, system, window, grows=grows, is_short=is_short) | cores)
            noted = ["waited_for"] * any(isinstance(call, Finished) for one in calls for call in one.values())
            rows[-1]["flags"] = ["not_isolated", *noted, *crowded, *rows[-1]["flags"], *lost]
            samples.append(found)
            if interrupts.count:
                break
    if interrupts.count:
        warnings.warn(
            f"stopped at point {len(rows)} of {len(asked)}; what was measured is {RETURNED}",
            ServeInterrupted,
            stacklevel=level_of_caller(),
        )
    points = make_points(rows)
    if progress:
        say_what_was_busy(made.name, points)
    return Run(
        points,
        pd.concat(samples, ignore_index=True) if samples else make_samples({}),
        capture() | {"seed": seed},
    )


def _prepared(
    workload: Workload, largest: int, workers: int, *, dtype: str, device: str, seed: int
) -> list[dict[int, Callable[[], object]]] | str:
    """Make the calls of each worker, and warm them up; what goes wrong is said.

    A call that hands back a promise of work becomes one that waits for it.

    Raises
    ------
    ArgumentError
        When a call returns a promise that cannot be waited for.
    """
    try:
        calls = [
            {
                size: workload.prepare(batch_size=size, dtype=dtype, device=device, seed=seed + worker)
                for size in range(1, largest + 1)
            }
            for worker in range(workers)
        ]
    except UnfinishedError as error:
        raise ArgumentError(f"{workload.name} cannot be served: {error}") from None
    except Exception as error:
        return said_by(error)
    for one in calls:
        for size, call in one.items():
            finished = Finished(call, on_host=device == "cpu")
            for _ in range(_WARM_UP_CALLS):
                try:
                    finished()
                except UnfinishedError as error:
                    raise ArgumentError(f"{workload.name} cannot be served: {error}") from None
                except Exception:  # it may fail for some sizes only: its requests will be errors
                    break
            if finished.waited:
                one[size] = finished
    return calls


def _served(
    system: System, crew: list[Worker], interrupts: Interrupts, *, until: int, most: int | None, seed: int
) -> Record:
    """Serve one point."""
    rng = np.random.default_rng([seed, 0, 0])
    before = threads_per_call("torch") if "torch" in sys.modules else None
    share = max(1, usable_cores() // system.policy.workers)
    threads = Threads(crew, intra_op=None if before is None else min(before, share))
    loop = Loop(system.policy, threads, clock=time.perf_counter_ns, interrupts=interrupts)
    try:
        with _quick_to_switch(), interrupts.waking(threads.wake):
            if system.load is None:
                return loop.serve_clients(system.clients, thinker(system, rng), until, most or MOST_REQUESTS)
            given_up = math.inf if system.is_finite else until
            return loop.serve(arrivals_of(system, rng, until=until, most=most), until=given_up)
    finally:
        threads.close()
        if before is not None:
            hold_this_thread_to(before)


def _crowded(system: System, on_host: bool) -> list[str]:
    """Return the flag of more workers than there are cores for."""
    crowded = on_host and is_oversubscribed(concurrency=system.policy.workers, threads=1, available=usable_cores())
    return ["oversubscribed"] if crowded else []


def _said(system: System) -> str:
    size, wait, workers = system.policy.max_batch_size, system.policy.max_wait_ms, system.policy.workers
    return f"{system.who}, batches up to {size}, wait {wait:g} ms, {workers} worker(s)"


@contextmanager
def _quick_to_switch() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
