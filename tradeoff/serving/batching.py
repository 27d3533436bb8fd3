"""The policy at work: requests come, workers become free, batches leave. One machine for every clock.

      queue ──► line of workers that are not busy ──► batch leaves ──► busy ──► back into line
                 the front one takes the request

Workers stand in line in the order in which they became free. A request goes to the worker at the front and becomes
part of its batch; with nobody in line it waits in the queue, and the next worker that is free takes what is there, up
to a batch. The batch leaves when it is full, or when its oldest request has waited `max_wait_ms` since it arrived (0:
greedy), and never before its worker is free:

      dispatch = max(free, min(oldest + max_wait, arrival that makes it full))         full at once when max_wait = 0

``shared``: the front worker keeps its place until its batch leaves, so that there is one batch in the making at a
time, as in a scheduler before the workers. ``per_worker``: who has taken a request goes to the end of the line, as
workers do that each pull from one queue. With one worker both are the same.

At one moment workers become free first, then requests arrive, then batches leave: who comes at the moment of a
dispatch joins it. With a limit of places, a request that would leave at this very moment needs none.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from tradeoff.serving.policy import Policy


class Request(NamedTuple):
    """Who comes, and when."""

    time: float
    number: int


class Batch(NamedTuple):
    """Requests that leave together."""

    free: float
    dispatch: float
    requests: list[Request]


class Rejection(NamedTuple):
    """A request that found no place."""

    request: Request


@dataclass(eq=False)
class _Worker:
    free: float
    requests: list[Request]
    leaves: float = math.inf


class Batching:
    """Forms batches; unaware of what they cost and of what time it is.

    Parameters
    ----------
    policy
        How.
    max_wait
        The policy's longest wait in the unit of the times that are given; in ms unless given.
    """

    def __init__(self, policy: Policy, *, max_wait: float | None = None) -> None:
        self._policy = policy
        self._max_wait = float(policy.max_wait_ms if max_wait is None else max_wait)
        self._coming: list[Request] = []
        self._becoming_free: list[float] = []
        self._line = deque(_Worker(0.0, []) for _ in range(policy.workers))
        self._forming: list[_Worker] = []
        self._queue: deque[Request] = deque()

    def come(self, time: float, number: int) -> None:
        """Announce a request."""
        heapq.heappush(self._coming, Request(time, number))

    def free(self, time: float) -> None:
        """Announce that the worker of some batch is free."""
        heapq.heappush(self._becoming_free, time)

    @property
    def n_waiting(self) -> int:
        """How many requests have come and not left."""
        return len(self._queue) + sum(len(worker.requests) for worker in self._forming)

    @property
    def waiting(self) -> list[Request]:
        """Requests that have come and not left."""
        return [*(request for worker in self._forming for request in worker.requests), *self._queue]

    @property
    def wake(self) -> float:
        """When something happens next; infinite when nothing does."""
        return min(self._next_free, self._next_arrival, self._next_leaving)

    def next(self, until: float = math.inf) -> Batch | Rejection | None:
        """Let time pass until a batch leaves or a request is rejected; None when neither happens by `until`."""
        while True:
            free, arrival, leaving = self._next_free, self._next_arrival, self._next_leaving
            if min(free, arrival, leaving) > until or math.isinf(min(free, arrival, leaving)):
                return None
            if free <= arrival and free <= leaving:
                self._join(_Worker(heapq.heappop(self._becoming_free), []))
            elif arrival <= leaving:
                request = heapq.heappop(self._coming)
                if not self._admit(request):
                    return Rejection(request)
            else:
                return self._leave(leaving)

    @property
    def _next_free(self) -> float:
        return self._becoming_free[0] if self._becoming_free else math.inf

    @property
    def _next_arrival(self) -> float:
        return self._coming[0].time if self._coming else math.inf

    @property
    def _next_leaving(self) -> float:
        return min((worker.leaves for worker in self._forming), default=math.inf)

    def _join(self, worker: _Worker) -> None:
        """Put a free worker in line, with what it finds in the queue."""
        while self._queue and len(worker.requests) < self._policy.max_batch_size:
            worker.requests.append(self._queue.popleft())
        if worker.requests:
            self._forming.append(worker)
            worker.leaves = self._leaving_of(worker)
        if len(worker.requests) < self._policy.max_batch_size:
            self._line.append(worker)

    def _admit(self, request: Request) -> bool:
        """Give a request its place, unless there is none."""
        worker = self._line[0] if self._line else None
        if self._policy.queue_limit is not None and not self._has_place(request, worker):
            return False
        if worker is None:
            self._queue.append(request)
            return True
        if not worker.requests:
            self._forming.append(worker)
        worker.requests.append(request)
        worker.leaves = self._leaving_of(worker)
        if len(worker.requests) == self._policy.max_batch_size:
            self._line.popleft()
        elif self._policy.formation == "per_worker":
            self._line.rotate(-1)
        return True

    def _has_place(self, request: Request, worker: _Worker | None) -> bool:
        if worker is not None:
            oldest = worker.requests[0] if worker.requests else request
            is_full = len(worker.requests) + 1 == self._policy.max_batch_size
            if is_full or oldest.time + self._max_wait <= request.time:
                return True
        stay = sum(len(worker.requests) for worker in self._forming if worker.leaves > request.time)
        return len(self._queue) + stay < (self._policy.queue_limit or 0)

    def _leaving_of(self, worker: _Worker) -> float:
        leaves = worker.requests[0].time + self._max_wait
        if len(worker.requests) == self._policy.max_batch_size:
            leaves = min(leaves, worker.requests[-1].time)
        return max(worker.free, leaves)

    def _leave(self, dispatch: float) -> Batch:
        worker = next(worker for worker in self._forming if worker.leaves == dispatch)
        self._forming.remove(worker)
        if len(worker.requests) < self._policy.max_batch_size:
            self._line.remove(worker)
        return Batch(worker.free, dispatch, worker.requests)
