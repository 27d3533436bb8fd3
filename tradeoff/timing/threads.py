"""Threads and cores: when a host runs more than it can."""

from __future__ import annotations

import os
import sys


def threads_per_call(backend: str, *, environ: dict[str, str] | None = None) -> int:
    """Threads one call may use inside: torch says so itself, for the others the setting that numpy's libraries read.

    NumPy's own loops use one thread; its linear algebra uses ``OMP_NUM_THREADS`` when set, and is counted as one
    otherwise, since a library's own default cannot be asked for.
    """
    if backend == "torch" and "torch" in sys.modules:
        return int(sys.modules["torch"].get_num_threads())
    said = (os.environ if environ is None else environ).get("OMP_NUM_THREADS", "")
    return max(1, int(said)) if said.isdigit() else 1


def hold_this_thread_to(threads: int) -> None:
    """Let torch use so many threads in calls of this thread.

    OpenMP keeps their number for each thread apart: what ``torch.set_num_threads`` has set in one does not hold in
    others. Calls in two threads would use all cores each, and wait for each other's by spinning: on two busy cores a
    call of 15 ms took 240.
    """
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)


def is_oversubscribed(*, concurrency: int, threads: int, available: int) -> bool:
    """Say whether calls in flight times threads in each exceed the cores."""
    return concurrency * threads > available


def is_gil_bound(*, rate_one: float, rate_two: float, cores_used: float, cores_idle: float) -> bool:
    """Say whether two calls in flight gained less than 20 % over one although a core had nothing to do.

    Where no core was idle, it was others who kept the second call from running, or memory that both wait for.
    For the sweep to apply once it has both points (of the same batch size).

    Parameters
    ----------
    rate_one, rate_two
        Calls per second with one and with two in flight.
    cores_used, cores_idle
        Cores that the process kept busy, and that had nothing to do, with two in flight. Calls that use less than half
        a core wait for something else than the interpreter.
    """
    if not rate_one > 0 or not rate_two > 0:
        return False
    return rate_two < 1.2 * rate_one and cores_idle >= 0.5 and cores_used >= 0.5
