"""The recursion over all points at once, in NumPy: one batch of every point a step. No compiler is needed.

For requests that always find a place, see `open_path` in `tradeoff.serving.virtual.kernels`. The k-th batches of all
points are formed together: a step costs a few dozen array operations however many points there are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tradeoff.serving.virtual.grid import Integers, Numbers, Point, Served, Shared
from tradeoff.serving.virtual.kernels import DISPATCH, DONE, FREE, HOST, MODEL


def open_paths(points: Sequence[Point], shared: Shared) -> list[Served]:
    """Serve open-loop points whose requests always find a place."""
    run = _Run(points, shared)
    while len(run.lane):
        run.step()
    return [run.served(at) for at in range(len(points))]


class _Run:
    """All points, each at its own request; `lane` are those that are not finished."""

    def __init__(self, points: Sequence[Point], shared: Shared) -> None:
        self._shared = shared
        self._unit = np.append(shared.unit, np.inf)
        self._n = np.array([point.n for point in points])
        self._scale = np.array([point.scale for point in points])
        self._size = np.array([point.policy.max_batch_size for point in points])
        self._wait = np.array([float(point.policy.max_wait_ms) for point in points])
        self._host = np.array([point.host for point in points])
        workers = [point.policy.workers for point in points]
        self._free = np.full((len(points), max(workers)), np.inf)
        for at, count in enumerate(workers):
            self._free[at, :count] = 0.0
        self._head = np.zeros(len(points), dtype=np.int64)
        self._steps: list[tuple[Integers, Numbers, Integers, Integers]] = []
        self.lane = np.arange(len(points))

    def step(self) -> None:
        lane, head = self.lane, self._head[self.lane]
        size, scale, n = self._size[lane], self._scale[lane], self._n[lane]
        worker = self._free[lane].argmin(axis=1)
        free = self._free[lane, worker]
        leaves = self._unit[head] * scale + self._wait[lane]
        last = head + size
        full = np.where((self._wait[lane] > 0) & (last <= n), self._unit[np.minimum(last - 1, n - 1)] * scale, np.inf)
        dispatch = np.maximum(free, np.minimum(leaves, full))
        goes = np.isfinite(dispatch)
        if not goes.all():  # full batches only, and nobody comes any more
            lane, head, size, scale, n = lane[goes], head[goes], size[goes], scale[goes], n[goes]
            worker, free, dispatch = worker[goes], free[goes], dispatch[goes]
        if not len(lane):
            self.lane = lane
            return
        k = self._batch(head, np.minimum(size, n - head), scale, dispatch)
        busy = self._free[lane]
        in_flight = 1 + ((busy > dispatch[:, None]) & np.isfinite(busy)).sum(axis=1)
        host = self._shared.host_ms[self._host[lane], k]
        model = self._model(k, in_flight, float(self._shared.uniforms[len(self._steps)]))
        done = dispatch + host + model
        self._free[lane, worker] = done
        self._head[lane] = head + k
        batches = np.empty((len(lane), 5))
        for column, values in ((FREE, free), (DISPATCH, dispatch), (DONE, done), (HOST, host), (MODEL, model)):
            batches[:, column] = values
        self._steps.append((lane, batches, k, in_flight))
        self.lane = lane[head + k < n]

    def _batch(self, head: Integers, most: Integers, scale: Numbers, dispatch: Numbers) -> Integers:
        """Return how many have arrived by the dispatch, `most` at most."""
        unit = self._unit
        come = unit.searchsorted(dispatch / scale, side="right")
        # A division is rounded: what decides is the time of arrival itself.
        while (early := (unit[come] * scale <= dispatch) & (come < len(unit) - 1)).any():
            come += early
        while (late := (come > 0) & (unit[come - 1] * scale > dispatch)).any():
            come -= late
        found: Integers = np.minimum(np.maximum(come - head, 1), most)
        return found

    def _model(self, k: Integers, in_flight: Integers, uniform: float) -> Numbers:
        table = self._shared.table
        row = np.minimum(in_flight, len(table.weight)) - 1
        n = table.high_n[row, k]
        if not n.all():
            for size in np.unique(k[n == 0]):
                table.fill(int(size))
            n = table.high_n[row, k]
        high = table.times[table.high_at[row, k] + np.minimum(n - 1, (uniform * n).astype(np.int64))]
        weight = table.weight[row, k]
        if (weight == 1.0).all():
            return np.asarray(high)
        n = np.maximum(table.low_n[row, k], 1)
        low = table.times[table.low_at[row, k] + np.minimum(n - 1, (uniform * n).astype(np.int64))]
        return np.asarray(np.where(weight == 1.0, high, low + (high - low) * weight))

    def served(self, at: int) -> Served:
        """Return what happened in one point."""
        if not hasattr(self, "_by_lane"):
            self._by_lane = self._sorted()
        lanes, batches, sizes, in_flight = self._by_lane
        start, end = np.searchsorted(lanes, [at, at + 1])
        taken = int(sizes[start:end].sum())
        return Served(
            arrivals=self._shared.unit[:taken] * self._scale[at],
            numbers=np.arange(taken),
            batches=batches[start:end],
            sizes=sizes[start:end],
            in_flight=in_flight[start:end],
            rejected=np.empty(0),
            left=int(self._n[at]) - taken,
        )

    def _sorted(self) -> tuple[Integers, Numbers, Integers, Integers]:
        if not self._steps:
            none = np.empty(0, dtype=np.int64)
            return none, np.empty((0, 5)), none, none
        lanes, batches, sizes, in_flight = (np.concatenate(part) for part in zip(*self._steps, strict=True))
        order = np.argsort(lanes, kind="stable")
        return lanes[order], batches[order], sizes[order], in_flight[order]
