"""A workload as one side of a pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tradeoff.paired.side import Turn
from tradeoff.sweep.grid import GridPoint
from tradeoff.timing import Budget, Measurement
from tradeoff.timing.bench import Bench, adapter_for, bench_for
from tradeoff.timing.conditions import Conditions
from tradeoff.timing.host_counters import host_counters
from tradeoff.timing.turns import PointInTurns, counted_in
from tradeoff.timing.watched import WatchedRunner
from tradeoff.workloads import Workload

SOURCE = "tradeoff.measure_pair"


class WorkloadSide:
    """Measures one operating point of a workload, block by block.

    Parameters
    ----------
    workload
        What runs.
    point
        Which point it is.
    budget, seed
        How well it has to be known, and from which seed its inputs are.
    bench
        With what it is measured.
    which
        ``"before"`` or ``"after"``.
    """

    def __init__(
        self, workload: Workload, point: GridPoint, *, budget: Budget, seed: int, bench: Bench, which: str
    ) -> None:
        self._point, self._which = point, which
        self._measured = PointInTurns(
            workload, point.batch_size, point.concurrency, point.dtype, point.subject.device, seed, budget,
            point.conditions, bench,
        )  # fmt: skip

    @property
    def has_failed(self) -> bool:
        """Whether something ended it."""
        return self._measured.failure is not None

    @property
    def prepared_ns(self) -> int:
        """How long it took to prepare its calls."""
        return self._measured.prepared_ns

    def begin(self) -> None:
        """Prepare the calls, make the cold one and warm up."""
        self._measured.begin()

    def let_go(self) -> None:
        """Let go of its calls and their inputs."""
        self._measured.let_go()

    def make_again(self) -> None:
        """Prepare its calls once more."""
        self._measured.make_again()

    def turn(self, duration_ns: int, *, start_up_ns: int, is_measured: bool = True) -> Turn | None:
        """Measure a block."""
        block = self._measured.turn(duration_ns, start_up_ns=start_up_ns, is_measured=is_measured)
        if block is None:
            return None
        times, calls, seconds = counted_in(block)
        served = ~block.failed
        begun = (block.submitted_ns - block.submitted_ns[:1])[served]
        return Turn(
            latency_ns=np.maximum(times, 1),  # of a clock too coarse for a call; zero has no logarithm
            calls=calls,
            seconds=seconds,
            begun_ns=begun,
            all_ns=np.maximum((block.done_ns - block.submitted_ns)[served], 1),
        )

    def row_and_samples(self, how: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return its row of ``points`` and its columns of ``samples``; `how` says how it was measured."""
        measured = _alone(self._measured.end(), how)
        identity = self._point.identity() | {"source": f"{SOURCE} {self._which}"}
        return identity | dict(measured.point), dict(measured.samples)


def _alone(measured: Measurement, how: str) -> Measurement:
    """Leave out what cannot be told of one side, for both share a process and a device, and say how it was measured."""
    row = dict(measured.point)
    row |= {"peak_memory_bytes": None, "energy_j_per_item": None, "replicates": 1}
    row["flags"] = [*row.get("flags", ()), "not_isolated", "in_turns"]  # type: ignore[misc]
    if row["status"] in ("converged", "budget", "partial"):
        row["reason"] = how
    return replace(measured, point=row)


def benches_of(
    workloads: tuple[Workload, Workload], device: tuple[str, str], *, watch: Callable[[], Any] = host_counters
) -> tuple[Bench, Bench]:
    """Return what each side is measured with: the same threads, streams and events where both can use them."""
    first = _watched(workloads[0], device[0], watch)
    kinds = [type(adapter_for(each.backend, where)) for each, where in zip(workloads, device, strict=True)]
    if kinds[0] is kinds[1] and device[0] == device[1]:
        return first, first
    return first, _watched(workloads[1], device[1], watch)


def _watched(workload: Workload, device: str, watch: Callable[[], Any]) -> Bench:
    bench = bench_for(workload.backend, device, Conditions())
    return replace(bench, runner=WatchedRunner(bench.runner, watch()))
