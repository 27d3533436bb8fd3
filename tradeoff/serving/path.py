"""What happened to each request and each batch under the virtual clock, one by one and for any costs.

It is the plain form: `tradeoff.serving.virtual` does the same for whole grids, hundreds of times faster, and is
checked against it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeoff.serving.batching import Batch, Batching, Rejection
from tradeoff.serving.policy import Policy

Times = NDArray[np.float64]
CostOf = Callable[[int, int, int], float]
"""Size of a batch, batches under way with it, and its number in the order of dispatch → ms."""


@dataclass(frozen=True, eq=False)
class Path:
    """What happened to each request, and to each batch; times in ms.

    Attributes
    ----------
    arrival_ms
        Of each request that was served, batch by batch.
    request
        Its number in the order of arrival.
    free_ms, dispatch_ms, done_ms
        Of each batch, in the order of dispatch: when its worker was free, when it left, when it ended.
    size, in_flight
        Of each batch: its requests, and the batches under way with it, itself included.
    host_ms, model_ms
        Of each batch: what the host and the device took.
    left
        Requests that never began: they wait for a batch that nobody completes.
    rejected_ms
        When requests came that found no place.
    """

    arrival_ms: Times
    request: NDArray[np.int64]
    free_ms: Times
    dispatch_ms: Times
    done_ms: Times
    size: NDArray[np.int64]
    in_flight: NDArray[np.int64]
    host_ms: Times
    model_ms: Times
    left: int
    rejected_ms: Times

    @property
    def batch(self) -> NDArray[np.int64]:
        """Number of the batch of each request."""
        return np.repeat(np.arange(len(self.size), dtype=np.int64), self.size)

    @property
    def latency_ms(self) -> Times:
        """From arrival to the end of the batch, of each request."""
        return self.done_ms[self.batch] - self.arrival_ms

    @property
    def queue_wait_ms(self) -> Times:
        """Time in which the worker was not free, of each request."""
        return np.maximum(0.0, self.free_ms[self.batch] - self.arrival_ms)

    @property
    def batch_wait_ms(self) -> Times:
        """Time in which the worker was free and the batch had not left, of each request."""
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
    run = _Run(policy, model_ms, host_ms)
    for number, time in enumerate(times.tolist()):
        run.batching.come(time, number)
    return run.path(again=None)


def serve_clients(
    clients: int,
    policy: Policy,
    model_ms: CostOf,
    host_ms: CostOf | None = None,
    *,
    think_ms: Callable[[], float],
    n_requests: int,
    network_ms: float = 0.0,
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
    network_ms
        Time that an answer is under way.

    Raises
    ------
    ValueError
        When a time of thinking or a cost is negative or not finite, or every client waits for a batch that never forms.
    """
    policy.check_clients(clients)
    run = _Run(policy, model_ms, host_ms)
    asked = 0

    def again(time: float) -> None:
        nonlocal asked
        if asked < n_requests:
            run.batching.come(time + _cost("think_ms", think_ms()), asked)
            asked += 1

    for _ in range(clients):
        again(0.0)
    return run.path(again=again, network_ms=network_ms)


class _Run:
    """Lets batches leave, and notes what they did."""

    def __init__(self, policy: Policy, model_ms: CostOf, host_ms: CostOf | None) -> None:
        self.batching = Batching(policy)
        self._model_ms, self._host_ms = model_ms, host_ms
        self._busy: list[float] = []
        self._rows: list[tuple[float, float, float, int, int, float, float]] = []

    def path(self, *, again: Callable[[float], None] | None, network_ms: float = 0.0) -> Path:
        began, rejected = [], []
        while (event := self.batching.next()) is not None:
            if isinstance(event, Rejection):
                rejected.append(event.request.time)
                if again is not None:
                    again(event.request.time + network_ms)
                continue
            began += event.requests
            done = self._begin(event)
            for _ in event.requests if again is not None else ():
                again(done + network_ms)  # type: ignore[misc]
        table = np.array(self._rows, dtype=np.float64).reshape(-1, 7)
        requests = np.array(began, dtype=np.float64).reshape(-1, 2)
        return Path(
            arrival_ms=requests[:, 0],
            request=requests[:, 1].astype(np.int64),
            free_ms=table[:, 0],
            dispatch_ms=table[:, 1],
            done_ms=table[:, 2],
            size=table[:, 3].astype(np.int64),
            in_flight=table[:, 4].astype(np.int64),
            host_ms=table[:, 5],
            model_ms=table[:, 6],
            left=len(self.batching.waiting),
            rejected_ms=np.asarray(rejected, dtype=np.float64),
        )

    def _begin(self, batch: Batch) -> float:
        size, number = len(batch.requests), len(self._rows)
        self._busy = [done for done in self._busy if done > batch.dispatch]
        in_flight = len(self._busy) + 1
        host = 0.0 if self._host_ms is None else _cost("host_ms", self._host_ms(size, in_flight, number))
        model = _cost("model_ms", self._model_ms(size, in_flight, number))
        done = batch.dispatch + host + model
        self._busy.append(done)
        self.batching.free(done)
        self._rows.append((batch.free, batch.dispatch, done, size, in_flight, host, model))
        return done


def _cost(name: str, value: float) -> float:
    if not 0.0 <= value < float("inf"):
        raise ValueError(f"{name} gave {value!r}: a time must be finite and 0 or more")
    return value
