"""The recursion over all points at once, in NumPy: one batch of every point a step. No compiler is needed.

For requests that always find a place, see `open_path` in `tradeoff.serving.virtual.kernels`. The k-th batches of all
points are formed together: a step is some twenty array operations, however many points there are. A point that has come
to its end forms batches of nobody until the block of steps is full, and is left out then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tradeoff.serving.costs import Table
from tradeoff.serving.virtual.grid import Integers, Numbers, Point, Served, Shared, columns_of
from tradeoff.serving.virtual.kernels import DISPATCH, DONE, FREE, HOST, MODEL

_STEPS = 512
"""Steps in a block."""

_ABOVE = 1.0 + 8.0 * float(np.finfo(np.float64).eps)
"""Factor that makes up for what a division and a product may be rounded down by."""


def open_paths(points: Sequence[Point], shared: Shared) -> Iterator[Served]:
    """Serve open-loop points whose requests always find a place; yields what happened in each."""
    return _Lanes(points, shared).paths()


@dataclass(frozen=True, eq=False)
class _Block:
    """What happened in some steps: a row for each, a column for each point in `points`. A size of 0 is no batch.

    When the worker was free and how many batches were under way is noted only where a point has several workers.
    """

    points: Integers
    dispatch: Numbers
    done: Numbers
    model: Numbers
    sizes: Integers
    free: Numbers | None
    in_flight: Integers | None

    @classmethod
    def of(cls, points: Integers, *, has_several: bool) -> _Block:
        shape = _STEPS, len(points)
        dispatch, done, model = np.empty((3, *shape))
        free, in_flight = (np.empty(shape), np.empty(shape, dtype=np.int64)) if has_several else (None, None)
        return cls(points, dispatch, done, model, np.zeros(shape, dtype=np.int64), free, in_flight)


class _Lanes:
    """Points, each at its own request; those that are not at their end have a lane."""

    def __init__(self, points: Sequence[Point], shared: Shared) -> None:
        self._all, self._shared = points, shared
        self._n = np.array([point.n for point in points])
        most = int(self._n.max())
        self._differ = bool((self._n < most).any())
        self._costs = _Costs(shared.table)
        self._has_host = bool(shared.host_ms.any())
        policies = [point.policy for point in points]
        size = np.array([policy.max_batch_size for policy in policies])
        self._unit = np.concatenate([shared.unit[:most], np.full(size.max(), np.inf)])
        self._times = self._unit[:most]
        self._size, self._last = size, size - 1
        self._wait = np.array([float(policy.max_wait_ms) for policy in policies])
        self._waits, self._for_ever = bool(self._wait.any()), bool(np.isinf(self._wait).any())
        self._scale = np.array([point.scale for point in points])
        self._above = _ABOVE / self._scale
        self._host = np.array([point.host for point in points]) * shared.host_ms.shape[1]
        workers = np.array([policy.workers for policy in policies])
        self._free = np.where(np.arange(workers.max())[:, None] < workers, 0.0, np.inf)
        self._absent = workers.max() - workers
        self._numbers, self._alone = np.arange(most), np.ones(most, dtype=np.int64)
        self._head = np.zeros(len(points), dtype=np.int64)
        self._points = np.arange(len(points))

    def paths(self) -> Iterator[Served]:
        """Serve all, and yield what happened in each."""
        blocks: list[_Block] = []
        while len(self._points):
            blocks.append(self._block(_STEPS * len(blocks)))
        parts: list[list[tuple[_Block, int, int]]] = [[] for _ in self._all]
        for block in blocks:
            for lane, count in enumerate(np.count_nonzero(block.sizes, axis=0).tolist()):
                parts[block.points[lane]].append((block, lane, count))
        for point, some in zip(self._all, parts, strict=True):
            yield self._served(point, some)

    def _block(self, start: int) -> _Block:
        """Form up to `_STEPS` batches of each point that has a lane, and take the lane from those at their end."""
        block, step = _Block.of(self._points, has_several=len(self._free) > 1), 0
        for step, uniform in enumerate(self._shared.uniforms[start : start + _STEPS].tolist()):
            self._costs.at_batch(start + step)
            self._step(block, step, uniform)
            if step % 32 == 0 and not block.sizes[step].any():
                break
        goes = (block.sizes[step] > 0) & (self._head < self._n)
        for name in ("_points", "_head", "_n", "_size", "_last", "_wait", "_scale", "_above", "_host", "_absent"):
            setattr(self, name, getattr(self, name)[goes])
        self._free = self._free[:, goes]
        return block

    def _step(self, block: _Block, step: int, uniform: float) -> None:
        """Form one batch of each point."""
        head, scale, free = self._head, self._scale, self._free
        leaves = self._unit.take(head)
        leaves *= scale
        if self._waits:
            leaves += self._wait
            last = head + self._last
            full = self._unit.take(last)
            full *= scale
            if self._differ:
                full[last >= self._n] = np.inf
            np.minimum(leaves, full, out=leaves)
        dispatch = np.maximum(free[0], leaves, out=block.dispatch[step])
        k = np.subtract(self._come_by(dispatch), head, out=block.sizes[step])
        np.minimum(k, self._size, out=k)
        if self._for_ever:
            k *= dispatch < np.inf
        under_way = None
        if block.in_flight is not None and block.free is not None:
            under_way = block.in_flight[step]
            np.add.reduce(free > dispatch, axis=0, out=under_way)
            under_way += 1 - self._absent
            block.free[step] = free[0]
        model = self._costs.ms(k, under_way, uniform, out=block.model[step])
        done = block.done[step]
        if self._has_host:
            np.add(dispatch, self._shared.host_ms.take(self._host + k), out=done)
            done += model
        else:
            np.add(dispatch, model, out=done)
        if under_way is None:
            free[0] = done
        else:  # what was free first is put in its place, as in `open_path`
            later = np.maximum(free, done)
            np.minimum(free[1:], later[:-1], out=free[:-1])
            free[-1] = later[-1]
        head += k

    def _come_by(self, dispatch: Numbers) -> Integers:
        """Return how many requests have come by then."""
        come = self._times.searchsorted(dispatch * self._above, side="right")
        # That is rounded up: what decides is the time of arrival itself.
        while np.count_nonzero(late := self._unit.take(come - 1) * self._scale > dispatch):
            come -= late
        return np.minimum(come, self._n) if self._differ else come

    def _served(self, point: Point, parts: list[tuple[_Block, int, int]]) -> Served:
        """Return what happened in one point: some rows of one column of each block."""

        def column(name: str) -> Any:
            return np.concatenate([getattr(block, name)[:count, lane] for block, lane, count in parts])

        sizes, done, several = column("sizes"), column("done"), parts[0][0].free is not None
        batches = np.empty((len(sizes), 5))
        batches[:, FREE] = column("free") if several else np.concatenate([[0.0], done[:-1]])
        batches[:, DISPATCH], batches[:, DONE], batches[:, MODEL] = column("dispatch"), done, column("model")
        batches[:, HOST] = self._shared.host_ms[point.host].take(sizes) if self._has_host else 0.0
        taken = int(sizes.sum())
        return Served(
            arrivals=self._shared.unit[:taken] * point.scale,
            numbers=self._numbers[:taken],
            batches=batches,
            sizes=sizes,
            in_flight=column("in_flight") if several else self._alone[: len(sizes)],
            rejected=np.empty(0),
            left=point.n - taken,
        )


class _Costs:
    """What batches of many points cost: `Table.ms`, for all at once."""

    def __init__(self, table: Table) -> None:
        self._table, self._page = table, 0
        self._read()

    def at_batch(self, number: int) -> None:
        """Turn to the page of so many batches, where times are drawn."""
        if self._table.page and number // self._table.page != self._page:
            self._page = number // self._table.page
            self._read()

    def ms(self, k: Integers, under_way: Integers | None, uniform: float, out: Numbers) -> Numbers:
        """Write the time of each batch, alone on its device unless `under_way` says more; one of nobody takes any."""
        cell = k
        if self._rows > 1 and under_way is not None:
            cell = np.minimum(under_way, self._rows)
            cell -= 1
            cell *= self._columns
            cell += k
        high_n = self._high_n.take(cell, mode="clip")
        missing = (high_n == 0) & (k > 0)
        if np.count_nonzero(missing):
            for size in np.unique(k[missing]).tolist():
                self._table.fill(size, self._page)
            self._read()
            return self.ms(k, under_way, uniform, out)
        if self._fixed is not None:
            fixed: Numbers = self._fixed.take(cell, mode="clip", out=out)
            return fixed
        high = self._drawn(self._high_at, high_n, cell, uniform, out)
        if self._is_between:
            low = self._drawn(self._low_at, self._low_n.take(cell, mode="clip"), cell, uniform)
            weight = self._weight.take(cell, mode="clip")
            np.copyto(high, low + (high - low) * weight, where=weight != 1.0)
        return high

    def _drawn(self, at: Integers, n: Numbers, cell: Integers, uniform: float, out: Numbers | None = None) -> Numbers:
        place = at.take(cell, mode="clip")
        place += np.minimum(n * uniform, n - 1.0).astype(np.int64)
        return self._table.times.take(place, mode="clip", out=out)

    def _read(self) -> None:
        """Read the table; numbers of times are floats, as they are multiplied by one."""
        columns: list[Any] = list(columns_of(self._table)[1:6])
        if self._table.page:
            here = slice(self._page, self._page + 1)
            columns = [column[here] if len(column) > self._page else column[:1] * 0 for column in columns]
        low_at, low_n, high_at, high_n, weight = columns
        self._rows, self._columns = weight.shape
        self._low_at, self._high_at, self._weight = low_at.flatten(), high_at.flatten(), weight.ravel()
        self._low_n, self._high_n = low_n.flatten().astype(np.float64), high_n.flatten().astype(np.float64)
        self._is_between = bool((self._weight != 1.0).any())
        if (there := np.flatnonzero(self._high_n)).size:  # then a batch of nobody takes what any other takes
            for column in (self._low_at, self._high_at, self._low_n, self._high_n):
                column[:: self._columns] = column[there[0]]
        is_drawn = self._is_between or self._high_n.max() > 1
        self._fixed = None if is_drawn else self._table.times.take(self._high_at)
