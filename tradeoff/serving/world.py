"""What the systems of one call share under the virtual clock: costs, and everything that is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tradeoff.arguments import ArgumentError, shown
from tradeoff.serving.costs import Costs, Table
from tradeoff.serving.memory import memory_of
from tradeoff.serving.simulated import Replication, Seen
from tradeoff.serving.systems import System
from tradeoff.serving.trace import Trace
from tradeoff.serving.virtual import engine
from tradeoff.serving.virtual.grid import Numbers, Point, Served, Shared

_ALL_AT_ONCE = 10_000
_ROUNDS = 10

_FIRST = 10_000
"""Requests of a replication whose length is still open."""

_SURE = 4.0
"""Standard errors by which a load is beyond a capacity that is drawn, or below it."""

_CLEAR = 10.0
"""Standard errors to which the distance between load and capacity is found, where that does not take too many draws."""

_PAGES = 64
"""Pages of draws, at most, from which a capacity is told."""

_MEMORIES = 5.0
"""Memories of queue and load that pass before requests count."""


@dataclass(eq=False)
class Plan:
    """A system, how long it is simulated, and what was seen."""

    system: System
    point: Point
    seen: Seen

    def lengthen(self, n: int) -> None:
        """Simulate that many requests the next time."""
        self.point = shortened(self.point, n, self.seen.memory)


class World:
    """What systems share: costs, and everything that is drawn."""

    def __init__(self, asked: Sequence[System], costs: Costs, seed: int) -> None:
        self.largest = max(system.policy.max_batch_size for system in asked)
        self.workers = max(system.policy.workers for system in asked)
        costs.check(self.largest)
        self._asked, self._costs, self._seed = asked, costs, seed
        kinds = list(dict.fromkeys(system.host_ms for system in asked))
        self._kind = {kind: at for at, kind in enumerate(kinds)}
        one = {kind: next(system for system in asked if system.host_ms == kind) for kind in kinds}
        self.host_ms = np.array([_host_ms(one[kind], self.largest) for kind in kinds])
        self._tables: dict[int, Table] = {}

    def with_costs(self, costs: Costs) -> World:
        """Return what the same systems share with other costs: the same arrivals and the same luck."""
        return World(self._asked, costs, self._seed)

    def plan(self, system: System, n: int | None) -> Plan:
        """Return how a system is simulated, with `n` requests or as many as it begins with."""
        load = system.load
        if isinstance(load, Trace):
            there = len(load.times_s)
            n = there if n is None else min(n, there)
        elif load is not None and load.name == "all_at_once":
            n = _ALL_AT_ONCE if n is None else n
        capacity, error, cv = self._capacity(system)
        # Offered beyond capacity: a queue without limit grows without end.
        beyond = system.request_rate_rps >= capacity * (1.0 + _SURE * error)
        bounded = system.policy.queue_limit is not None or system.is_finite
        if system.clients:
            scale = 1.0 if callable(system.think) else system.think_ms
        else:
            scale = 1.0 if load is None or load.own_rate_rps is not None else 1e3 / system.request_rate_rps
        point = Point(
            policy=system.policy, scale=scale, clients=system.clients, host=self._kind[system.host_ms],
            network_ms=system.network_ms, n=n or _FIRST,
        )  # fmt: skip
        is_simulated, memory = bounded or not beyond, 0.0
        if is_simulated and not system.is_finite:
            memory = memory_of(system, capacity, cv)
            if not bounded and system.request_rate_rps > capacity * (1.0 - _SURE * error):
                memory = math.inf
            point = shortened(point, point.n, memory)
        return Plan(system, point, Seen(system, capacity, beyond=beyond, is_simulated=is_simulated, memory=memory))

    def see(self, plans: Sequence[Plan], replication: int) -> list[Replication | None]:
        """Simulate one replication of each system; None for what is beyond capacity."""
        found: dict[int, Replication] = {}
        going = [plan for plan in plans if plan.seen.is_simulated]
        for stream in dict.fromkeys(map(_stream, going)):
            some = [plan for plan in going if _stream(plan) == stream]
            points = [plan.point for plan in some]
            shared = self._shared(some[0].system, max(point.n for point in points), replication)
            seen = engine.see(points, shared, counts=not some[0].system.is_finite)
            for plan, *one in zip(some, seen.rows, seen.outcomes, seen.over, seen.histograms, strict=True):
                found[id(plan)] = Replication(*one)
        return [found.get(id(plan)) for plan in plans]

    def serve(self, plan: Plan, replication: int) -> Served:
        """Simulate one replication of one system again, and return all that happened."""
        return engine.serve(plan.point, self._shared(plan.system, plan.point.n, replication))

    def _table(self, replication: int) -> Table:
        """Return the costs of a replication; those that are not drawn are the same in each."""
        if replication not in self._tables:
            self._tables = {replication: self._costs.table(self.largest, self.workers, replication)}
        return self._tables[replication]

    def _capacity(self, system: System) -> tuple[float, float, float]:
        """Return requests a second that all workers complete in full batches, one after the other.

        With its relative standard error, where times are drawn: more are drawn until it is clear whether the load is
        beyond it. Then the standard deviation of the time over its mean.
        """
        size, workers, table = system.policy.max_batch_size, system.policy.workers, self._table(0)
        host = float(self.host_ms[self._kind[system.host_ms], size])
        pages = 1
        while True:
            mean, deviation, error = table.moments_ms(size, workers, pages)
            busy = mean + host
            if busy == 0.0:
                return math.inf, 0.0, 0.0
            capacity = 1e3 * workers * size / busy
            away = abs(system.request_rate_rps / capacity - 1.0)
            if not away <= _CLEAR * error / busy or pages >= _PAGES:
                return capacity, error / busy, deviation / busy
            pages *= 2

    def _shared(self, system: System, n: int, replication: int) -> Shared:
        arrivals, luck = (np.random.default_rng([self._seed, replication, what]) for what in (0, 2))
        if system.load is not None:
            unit = system.load.arrivals_ms(n, arrivals)
        elif callable(system.think):
            unit = _thinks(system.think(arrivals, n), n)
        else:
            unit = np.ones(n) if system.think == "constant" else arrivals.standard_exponential(n)
        table = self._table(replication)
        return Shared(unit, table.uniforms(n, luck), self.host_ms, table)


def shortened(point: Point, n: int, memory: float) -> Point:
    """Return a point of another length; at the beginning and at the end some requests do not count.

    All count where clients ask fewer than ten times each: of a few rounds none can be left out.
    """
    most = point.policy.max_batch_size * point.policy.workers
    is_cut = n >= _ROUNDS * point.clients
    warm_up = is_cut * max(n // 10, int(min(_MEMORIES * memory, n // 3)))
    tail = is_cut * min(n // 10, max(n // 100, most, point.clients))
    return Point(
        policy=point.policy, scale=point.scale, clients=point.clients, host=point.host, network_ms=point.network_ms,
        n=n, warm_up=warm_up, tail=tail,
    )  # fmt: skip


def _stream(plan: Plan) -> tuple[Any, ...]:
    """Return what systems must have in common to share their arrivals."""
    load = plan.system.load
    return ("closed", plan.system.think) if load is None else (load.name, id(load))


def _host_ms(system: System, largest: int) -> list[float]:
    if not callable(system.host_ms):
        return [0.0, *([system.host_of(1)] * largest)]
    return [0.0, *(system.host_of(size) for size in range(1, largest + 1))]


def _thinks(found: Iterable[float], n: int) -> Numbers:
    times = np.asarray(found, dtype=np.float64)
    if times.shape != (n,) or not np.isfinite(times).all() or (times < 0).any():
        raise ArgumentError(f"think(rng, {n}) must give {n} times in ms, finite and 0 or more; got {shown(found)}")
    return times
