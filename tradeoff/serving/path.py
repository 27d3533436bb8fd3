"""The virtual clock for one stream of requests: the recursion is the whole run, and it is exact.

No calendar of events is needed, for batches are dispatched in the order of their heads: each takes the worker that is
free first. The idea is known for queues without batches (Ebert, Wu, Mengersen and Ruggeri, *Computationally efficient
simulation of queues: the R package queuecomputer*, Journal of Statistical Software 95(5), 2020).
"""

from __future__ import annotations

import heapq
import math
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
    rejected_ms
        When requests came that found no place.
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
    rejected_ms: Times

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
    if policy.queue_limit is not None:
        return _Calendar(policy, model_ms, host_ms).run([(time, None) for time in times.tolist()], again=None)
    ordered = times.tolist()  # a list is searched twice as fast as an array, one number at a time
    batches = _Batches(policy, model_ms, host_ms)
    head = 0
    while head < len(ordered):
        dispatch, size = policy.next_batch(ordered, head, batches.free_ms)
        if size == 0:
            break
        batches.begin(dispatch, size)
        head += size
    return batches.path(times[:head], left=len(ordered) - head, rejected_ms=[])


def serve_clients(
    clients: int,
    policy: Policy,
    model_ms: CostOf,
    host_ms: CostOf | None = None,
    *,
    think_ms: Callable[[], float],
    n_requests: int,
) -> Path:
    """Serve a closed loop: clients that think, ask, wait for the answer, and think again.

    Parameters
    ----------
    clients
        How many; all begin by thinking.
    policy, model_ms, host_ms
        As in `serve_path`.
    think_ms
        Called for each time of thinking. Who is rejected thinks again.
    n_requests
        Requests after which nobody asks any more; those that are waiting then are served.

    Raises
    ------
    ValueError
        When a time of thinking or a cost is negative or not finite, or every client waits for a batch that never forms.
    """
    if math.isinf(policy.max_wait_ms) and clients < policy.max_batch_size:
        raise ValueError(
            f"clients={clients}: with max_wait_ms=inf a batch of {policy.max_batch_size} never forms; "
            "take as many clients, or a finite wait"
        )
    first = sorted((_cost("think_ms", think_ms()), client) for client in range(clients))
    asked = clients

    def again(time: float, client: int | None) -> tuple[float, int | None] | None:
        nonlocal asked
        if asked >= n_requests:
            return None
        asked += 1
        return time + _cost("think_ms", think_ms()), client

    return _Calendar(policy, model_ms, host_ms).run(list(first[:n_requests]), again=again)


Asked = tuple[float, int | None]
"""When a request comes, and of which client."""


class _Batches:
    """Workers, and the batches that they have taken."""

    def __init__(self, policy: Policy, model_ms: CostOf, host_ms: CostOf | None) -> None:
        self._model_ms, self._host_ms = model_ms, host_ms
        self._workers = [0.0] * policy.workers
        self._rows: list[tuple[float, float, float, int, float, float]] = []

    @property
    def free_ms(self) -> float:
        """When the earliest worker is free."""
        return self._workers[0]

    def free_by(self, time: float) -> list[float]:
        """When the workers were free that are free by now, the earliest first."""
        return sorted(free for free in self._workers if free <= time)

    def begin(self, dispatch: float, size: int) -> float:
        """Begin a batch, and return when it ends."""
        number = len(self._rows)
        host = 0.0 if self._host_ms is None else _cost("host_ms", self._host_ms(size, number))
        model = _cost("model_ms", self._model_ms(size, number))
        done = dispatch + host + model
        free = heapq.heapreplace(self._workers, done)
        self._rows.append((free, dispatch, done, size, host, model))
        return done

    def path(self, arrival_ms: ArrayLike, *, left: int, rejected_ms: ArrayLike) -> Path:
        """Return what happened to these requests, which began in this order."""
        table = np.array(self._rows, dtype=np.float64).reshape(-1, 6)
        size = table[:, 3].astype(np.int64)
        return Path(
            arrival_ms=np.asarray(arrival_ms, dtype=np.float64),
            batch=np.repeat(np.arange(len(size), dtype=np.int64), size),
            free_ms=table[:, 0],
            dispatch_ms=table[:, 1],
            done_ms=table[:, 2],
            size=size,
            host_ms=table[:, 4],
            model_ms=table[:, 5],
            left=left,
            rejected_ms=np.asarray(rejected_ms, dtype=np.float64),
        )


class _Calendar:
    """Requests one by one, for those whose coming depends on what happened before: limits and closed loops."""

    def __init__(self, policy: Policy, model_ms: CostOf, host_ms: CostOf | None) -> None:
        self._policy = policy
        self._batches = _Batches(policy, model_ms, host_ms)
        self._waiting: list[Asked] = []
        self._coming: list[Asked] = []
        self._began: list[float] = []

    def run(self, coming: list[Asked], *, again: Callable[[float, int | None], Asked | None] | None) -> Path:
        """Serve requests; `again` says when a client that was answered, or rejected, comes back."""
        self._coming = coming  # sorted, so a heap
        rejected = []
        while self._coming or self._waiting:
            dispatch, size = self._next()
            if size and (not self._coming or dispatch < self._coming[0][0]):
                self._begin(dispatch, size, again)
                continue
            if not self._coming:
                break  # whoever still waits, waits for ever
            time, client = heapq.heappop(self._coming)
            self._waiting.append((time, client))
            if self._overflows(time):
                self._waiting.pop()
                rejected.append(time)
                self._come(again, time, client)
        return self._batches.path(self._began, left=len(self._waiting), rejected_ms=rejected)

    def _next(self) -> tuple[float, int]:
        if not self._waiting:
            return math.inf, 0
        times = [time for time, _ in self._waiting[: self._policy.max_batch_size]]
        return self._policy.next_batch(times, 0, self._batches.free_ms)

    def _overflows(self, time: float) -> bool:
        """Say whether more wait than there are places, once whatever can begin at this moment has begun."""
        limit = self._policy.queue_limit
        if limit is None or len(self._waiting) <= limit:
            return False
        times = [time for time, _ in self._waiting]
        for free in self._batches.free_by(time):
            dispatch, size = self._policy.next_batch(times, 0, free) if times else (math.inf, 0)
            if dispatch > time:
                break
            times = times[size:]
        return len(times) > limit

    def _begin(self, dispatch: float, size: int, again: Callable[[float, int | None], Asked | None] | None) -> None:
        done = self._batches.begin(dispatch, size)
        taken, self._waiting = self._waiting[:size], self._waiting[size:]
        self._began += [time for time, _ in taken]
        for _, client in taken:
            self._come(again, done, client)

    def _come(self, again: Callable[[float, int | None], Asked | None] | None, time: float, client: int | None) -> None:
        following = None if again is None else again(time, client)
        if following is not None:
            heapq.heappush(self._coming, following)


def _cost(name: str, value: float) -> float:
    if not 0.0 <= value < float("inf"):
        raise ValueError(f"{name} gave {value!r}: a time must be finite and 0 or more")
    return value
