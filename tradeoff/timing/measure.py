"""``measure``: one operating point, its arguments checked, on a bench of its own; in one go or in visits."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import numpy as np

from tradeoff.timing.bench import Bench, bench_for
from tradeoff.timing.budget import Budget, as_budget
from tradeoff.timing.conditions import Conditions
from tradeoff.timing.host_counters import host_counters
from tradeoff.timing.measurement import Measurement
from tradeoff.timing.point import Point
from tradeoff.timing.runner import Runner
from tradeoff.timing.watched import WatchedRunner
from tradeoff.workloads.protocol import Workload


def measure(
    workload: Workload,
    *,
    batch_size: int,
    concurrency: int = 1,
    dtype: str = "float32",
    device: str = "cpu",
    seed: int = 0,
    budget: str | Budget = "draft",
    conditions: Conditions | None = None,
    runner: Runner | None = None,
    bench: Bench | None = None,
    pinned: bool = False,
) -> Measurement:
    """Measure `workload` with `concurrency` calls of `batch_size` requests in flight.

    Parameters
    ----------
    workload
        What runs.
    batch_size, concurrency
        Requests a call, calls in flight; 1 or more.
    dtype, device, seed
        Handed to the workload; slot i gets ``seed + i`` and its own inputs.
    budget
        ``"draft"``, ``"standard"``, ``"tail"``, or a `Budget`.
    conditions
        Mode, cache state and regime; calls in flight, a hot cache and load that lasts unless given.
    runner
        Who keeps the calls in flight; chosen by the workload's backend and device unless given.
    bench
        The runner with all that watches over it; goes instead of `runner`.
    pinned
        Keep the threads of calls in flight on cores of their own. For a process that does nothing else, and always at
        the same number of threads a call: thread pools stay where they were made.

    Returns
    -------
    Measurement
        Calls that raise are counted, in ``n_errors`` and the ``reason``, and are in no percentile and no throughput. A
        workload most of whose calls raise, which returns nothing or runs out of memory gives a row with ``status``
        ``"failed"`` or ``"oom"`` and a ``reason``, not an exception. Promises of work are waited for (see
        `tradeoff.workloads.promises`).

    Raises
    ------
    ValueError
        When an argument is wrong, or conditions exclude each other; `WorkloadError` when the workload cannot run here
        at all.
    """
    conditions = _checked(conditions, batch_size=batch_size, concurrency=concurrency, device=device)
    if bench is None and runner is not None:
        bench = Bench(runner=runner)
    what = (workload, batch_size, concurrency, dtype, device, seed, as_budget(budget), conditions)
    if bench is not None:
        return Point(*what, bench).measure()
    with _bench(workload, device, conditions, pinned=pinned) as own:
        return Point(*what, own).measure()


class Visits:
    """Points that are measured in several visits each, with other points in between.

    Parameters
    ----------
    pinned
        As for `measure`.
    """

    def __init__(self, *, pinned: bool = False) -> None:
        self._pinned = pinned
        self._points: dict[Hashable, Point] = {}

    def visit(
        self,
        which: Hashable,
        workload: Workload,
        *,
        batch_size: int,
        concurrency: int = 1,
        dtype: str = "float32",
        device: str = "cpu",
        seed: int = 0,
        budget: str | Budget = "draft",
        conditions: Conditions | None = None,
        is_last: bool = False,
        for_ns: int | None = None,
    ) -> Measurement:
        """Visit a point, for the first time or again, and return all that is known of it so far.

        Parameters
        ----------
        which
            Tells the points apart.
        is_last
            Whether nobody will come back: the visit goes on until the point is known or its budget is spent.
        for_ns
            Measured time of this visit; as long as visits of a sweep are unless given.

        Notes
        -----
        The other parameters, and what is raised, are those of `measure`. A point that is finished is forgotten.
        """
        conditions = _checked(conditions, batch_size=batch_size, concurrency=concurrency, device=device)
        with _bench(workload, device, conditions, pinned=self._pinned) as bench:
            point = self._points.pop(which, None) or Point(
                workload, batch_size, concurrency, dtype, device, seed, as_budget(budget), conditions, bench
            )
            measured = point.visit(bench, is_last=is_last, for_ns=for_ns)
        if not point.is_finished:
            self._points[which] = point
        return measured


@contextmanager
def _bench(workload: Workload, device: str, conditions: Conditions, *, pinned: bool) -> Iterator[Bench]:
    bench = bench_for(workload.backend, device, conditions, pinned=pinned)
    with closing(bench.runner):
        yield replace(bench, runner=WatchedRunner(bench.runner, host_counters()))


def _checked(conditions: Conditions | None, *, batch_size: int, concurrency: int, device: str) -> Conditions:
    """Return the conditions, the usual ones unless given, once they and both counts are known to be possible."""
    _check_count("batch_size", batch_size)
    _check_count("concurrency", concurrency)
    conditions = conditions or Conditions()
    conditions.check(concurrency=concurrency, device=device)
    return conditions


def _check_count(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ValueError(f"{name}={value!r} must be a whole number, 1 or more")
    if value < 1:
        raise ValueError(f"{name}={value} must be 1 or more")
