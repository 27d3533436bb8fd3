"""What is simulated: points, the random numbers they share, and how both are laid out for the inner loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradeoff.serving.costs import Table
from tradeoff.serving.policy import Policy
from tradeoff.serving.virtual.kernels import CLOSED, EVENTS, OPEN

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Point:
    """One system to simulate.

    Attributes
    ----------
    policy
        How requests become batches.
    scale
        Factor of the arrivals (open loop) or of the times to think (closed loop) that points share.
    clients
        Of a closed loop; 0 for an open one.
    n, warm_up, tail
        Requests; those that are left out at the beginning and at the end.
    host
        Row of `Shared.host_ms`.
    network_ms
        Time that a request and its answer are under way.
    """

    policy: Policy
    scale: float
    clients: int = 0
    n: int = 10_000
    warm_up: int = 0
    tail: int = 0
    host: int = 0
    network_ms: float = 0.0

    @property
    def loop(self) -> int:
        """Which of the inner loops it needs: `EVENTS` if requests may find no place, or batches form side by side."""
        shared = self.policy.formation == "shared" or self.policy.workers == 1 or self.policy.max_batch_size == 1
        if self.policy.queue_limit is not None or not shared:
            return EVENTS
        return CLOSED if self.clients else OPEN

    @property
    def row(self) -> list[float]:
        """Itself in a row of numbers, as the inner loops read it."""
        policy = self.policy
        return [
            self.scale,
            policy.max_batch_size,
            float(policy.max_wait_ms),
            policy.workers,
            -1 if policy.queue_limit is None else policy.queue_limit,
            policy.formation == "per_worker",
            self.host,
            self.network_ms,
            self.clients,
            self.loop,
        ]


@dataclass(frozen=True, eq=False)
class Shared:
    """What points of one replication have in common: common random numbers, and costs.

    Attributes
    ----------
    unit
        Arrivals, or times to think, before a point's `Point.scale`; as many as any point has requests.
    uniforms
        One number in [0, 1) for each batch.
    host_ms
        What the host takes for a batch, of shape (kinds, largest batch + 1).
    table
        What the device takes.
    """

    unit: Numbers
    uniforms: Numbers
    host_ms: Numbers
    table: Table


@dataclass(frozen=True, eq=False)
class Served:
    """What happened in one point, batch by batch and request by request; times in ms.

    Attributes
    ----------
    arrivals
        Of each request that was served, in the order of their batches.
    numbers
        Its number in the order in which requests were asked for.
    batches
        Columns `FREE` … `MODEL` of `tradeoff.serving.virtual.kernels`.
    sizes, in_flight
        Of each batch.
    rejected
        When requests came that found no place.
    left
        Requests that wait for a batch that nobody completes.
    """

    arrivals: Numbers
    numbers: Integers
    batches: Numbers
    sizes: Integers
    in_flight: Integers
    rejected: Numbers
    left: int


def rows_of(points: Sequence[Point]) -> tuple[Numbers, Integers]:
    """Return points as the arrays ``points`` and ``requests`` of the inner loops."""
    rows = np.array([point.row for point in points], dtype=np.float64)
    requests = np.array([[point.n, point.warm_up, point.tail] for point in points], dtype=np.int64)
    return rows, requests


def columns_of(table: Table) -> tuple[Numbers, Integers, Integers, Integers, Integers, Numbers, int]:
    """Return a table as the tuple of arrays that the inner loops read.

    Its last row is for more batches under way, too: rows that repeat it are left out. With one row nobody has to count
    who is under way before a batch's time is known.
    """
    if table.page:
        return table.times, table.low_at, table.low_n, table.high_at, table.high_n, table.weight, table.page
    cells = table.low_at, table.low_n, table.high_at, table.high_n, table.weight
    rows = len(table.weight)
    while rows > 1 and all(cell[rows - 1].tobytes() == cell[rows - 2].tobytes() for cell in cells):
        rows -= 1
    low_at, low_n, high_at, high_n = (cell[:rows] for cell in (table.low_at, table.low_n, table.high_at, table.high_n))
    return table.times, low_at, low_n, high_at, high_n, table.weight[:rows], 0
