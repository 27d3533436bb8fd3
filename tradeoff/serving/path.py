"""The virtual clock for one stream of requests: the recursion is the whole run, and it is exact.

No calendar of events is needed, for batches are dispatched in the order of their heads: each takes the worker that is
free first. The idea is known for queues without batches (Ebert, Wu, Mengersen and Ruggeri, *Computationally efficient
simulation of queues: the R package queuecomputer*, Journal of Statistical Software 95(5), 2020).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeoff.serving.policy import Policy

Times = NDArray[np.float64]
CostOf = Callable[[int, int], float]
"""Size of a batch and its number in the order of dispatch → ms."""


@dataclass(frozen=True, eq=False)
class Path:
    """What happened to each request, and to each batch; times in ms.

    Attributes
    ----------
    arrival_ms
        Of each request that was served, in order.
    batch
        Number of the batch that it was in.
    free_ms, dispatch_ms, done_ms
        Of each batch: when its worker was free, when it began, when it ended.
    size
        Of each batch.
    host_ms, model_ms
        Of each batch: what the host and the device took.
    left
        Requests that never began.
    """

    arrival_ms: Times
    batch: NDArray[np.int64]
    free_ms: Times
    dispatch_ms: Times
    done_ms: Times
    size: NDArray[np.int64]
    host_ms: Times
    model_ms: Times
    left: int

    @property
    def latency_ms(self) -> Times:
        """From arrival to the end of the batch, of each request."""
        return self.done_ms[self.batch] - self.arrival_ms

    @property
    def queue_wait_ms(self) -> Times:
        """Time in which no worker was free, of each request."""
        return np.maximum(0.0, self.free_ms[self.batch] - self.arrival_ms)

    @property
    def batch_wait_ms(self) -> Times:
        """Time in which a worker was free and the batch was not yet formed, of each request."""
        waited: Times = self.dispatch_ms[self.batch] - np.maximum(self.arrival_ms, self.free_ms[self.batch])
        return waited


def serve_path(arrivals_ms: ArrayLike, policy: Policy, model_ms: CostOf, host_ms: CostOf | None = None) -> Path:
    """Serve a stream of requests under a policy.

    Parameters
    ----------
    arrivals_ms
        When requests arrive, ascending.
    policy
        How they become batches.
    model_ms
        What the device takes for a batch.
    host_ms
        What the host takes for it, which occupies the worker too; nothing unless given.

    Raises
    ------
    ValueError
        When arrivals descend or are not finite, or a cost is negative or not finite.
    """
    times = np.asarray(arrivals_ms, dtype=np.float64)
    if times.ndim != 1 or not np.isfinite(times).all() or (np.diff(times) < 0).any():
        raise ValueError("arrivals_ms must be finite times, ascending")
    ordered = times.tolist()  # a list is searched twice as fast as an array, one number at a time
    workers = [0.0] * policy.workers
    rows: list[tuple[float, float, float, int, float, float]] = []
    head = 0
    while head < len(ordered):
        free = workers[0]
        dispatch, size = policy.next_batch(ordered, head, free)
        if size == 0:
            break
        host = 0.0 if host_ms is None else _cost("host_ms", host_ms(size, len(rows)))
        model = _cost("model_ms", model_ms(size, len(rows)))
        done = dispatch + host + model
        heapq.heapreplace(workers, done)
        rows.append((free, dispatch, done, size, host, model))
        head += size
    table = np.array(rows, dtype=np.float64).reshape(-1, 6)
    size_of = table[:, 3].astype(np.int64)
    return Path(
        arrival_ms=times[:head],
        batch=np.repeat(np.arange(len(rows), dtype=np.int64), size_of),
        free_ms=table[:, 0],
        dispatch_ms=table[:, 1],
        done_ms=table[:, 2],
        size=size_of,
        host_ms=table[:, 4],
        model_ms=table[:, 5],
        left=len(ordered) - head,
    )


def _cost(name: str, value: float) -> float:
    if not 0.0 <= value < float("inf"):
        raise ValueError(f"{name} gave {value!r}: a time must be finite and 0 or more")
    return value
