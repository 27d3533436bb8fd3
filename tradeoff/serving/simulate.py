"""``tradeoff.simulate``: a server that forms batches, under the virtual clock."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tradeoff.arguments import ArgumentError, shown, yes_or_no
from tradeoff.arguments import seed as seed_of
from tradeoff.digits import counted, three
from tradeoff.environment import packages
from tradeoff.frames import Run, make_points, point_id
from tradeoff.serving.costs import Costs, Table, costs_of
from tradeoff.serving.real.interrupts import Interrupted
from tradeoff.serving.requests import samples_of
from tradeoff.serving.simulated import Seen, row_of, who_of
from tradeoff.serving.systems import System, systems
from tradeoff.serving.trace import Trace
from tradeoff.serving.virtual import engine
from tradeoff.serving.virtual.grid import Integers, Numbers, Point, Served, Shared
from tradeoff.serving.virtual.kernels import SEEN

_PILOTS, _PILOT_REQUESTS, _FIRST_PILOT = 8, 5_000, 1_000
_FEWEST, _MOST = 10_000, 500_000
_ERROR = 0.025
"""Standard error of p99, relative, that a run whose length is left open aims at."""

_MOST_GIVEN = 20_000_000
"""Requests of a replication: each takes some hundred bytes."""

_ALL_AT_ONCE = 10_000
_ROUNDS = 10


class SimulateInterrupted(Interrupted):
    """A simulation was stopped by Ctrl-C; replications that were whole are kept."""


def simulate(
    service: Any,
    *,
    max_batch_size: int | Sequence[int],
    request_rate: float | Sequence[float] | None = None,
    concurrency: int | Sequence[int] | None = None,
    load: Any = None,
    think_ms: float | Sequence[float] = 0.0,
    think: Any = "constant",
    max_wait_ms: float | Sequence[float] = 0.0,
    workers: int | Sequence[int] = 1,
    queue_limit: int | Sequence[int | None] | None = None,
    formation: str | Sequence[str] = "shared",
    host_ms: Any = 0.0,
    network_ms: float | Sequence[float] = 0.0,
    pad_to: str | None = None,
    n_requests: int | None = None,
    replications: int = 1,
    seed: int = 0,
    keep_samples: bool = False,
) -> Run:
    """Simulate a server that forms batches: throughput and latency of every combination of policy and load.

    Requests and policy are exact; what a batch costs is drawn from what was measured. Systems that are compared get the
    same arrivals and the same luck (common random numbers). Lists span a grid, in the order of the arguments.

    Parameters
    ----------
    service
        What a batch costs: a Run of one workload with its samples; a fitted model (`tradeoff.service`); a mapping of
        batch size to times in ms; or a function, ``size -> ms`` or ``(size, rng, n) -> n times in ms``.
    max_batch_size
        Requests in a batch at most.
    request_rate
        Requests a second of an open loop, Poisson unless `load` says otherwise.
    concurrency
        Clients of a closed loop: each asks, waits for the answer, thinks, and asks again.
    load
        ``"poisson"``, ``"constant"``, ``"closed"``, ``"all_at_once"``, or `Gamma`, `MMPP`, `Trace`. A `Trace` has its
        own times and length, begins with its first time, and all of it counts.
    think_ms, think
        How long clients think (mean), ``"constant"`` or ``"exponential"``; or a function ``(rng, n) -> n times in ms``.
    max_wait_ms
        How long the oldest request of a batch may wait for others; ``inf`` for full batches only.
    workers
        Batches under way at once. Those on one device slow each other down: a Run swept over `concurrency` has the
        times for that; without them the point is flagged ``uncontended_service``.
    queue_limit
        Requests that may wait; others are rejected, and counted. None for no limit.
    formation
        ``"shared"`` (one batch in the making at a time) or ``"per_worker"`` (each worker forms its own).
    host_ms
        Work of the host for each batch, which occupies the worker: ms, or ``size -> ms``.
    network_ms
        Time that a request and its answer are under way; no worker waits for it.
    pad_to
        ``"measured"``: batches of sizes that were not measured cost what the next larger measured one costs. Unless
        given their times are interpolated, quantile by quantile.
    n_requests
        Requests of each replication; unless given as many as an error of 2.5 % of p99 needs, by eight short runs.
    replications
        Independent repetitions, from which intervals come (Student's t); one has none. Take five or more.
    seed
        Of everything that is drawn.
    keep_samples
        Return a row for each request, too.

    Returns
    -------
    Run
        A row of ``points`` for each combination. Beyond capacity it is ``saturated``: the queue would grow without
        end, and no percentile is given, unless a queue limit or the end of a trace bounds it.

    Raises
    ------
    ValueError, TypeError
        When an argument cannot be used; nothing has been simulated then.

    Notes
    -----
    The recursion is exact, see `tradeoff.serving.batching` for the policy and `tradeoff.serving.virtual.kernels` for
    its source. The first tenth of the requests and the last hundredth are left out, but for traces and runs too short
    for that: `tradeoff.serving.window` says what a row speaks of.

    Examples
    --------
    >>> import tradeoff
    >>> run = tradeoff.simulate(lambda size: 4.0 + size, max_batch_size=[1, 8], request_rate=100)
    >>> run.points["latency_p99_ms"].round().tolist()  # doctest: +SKIP
    """
    asked = systems(
        max_batch_size=max_batch_size, request_rate=request_rate, concurrency=concurrency, load=load, think_ms=think_ms,
        think=think, max_wait_ms=max_wait_ms, workers=workers, queue_limit=queue_limit, formation=formation,
        host_ms=host_ms, network_ms=network_ms,
    )  # fmt: skip
    if pad_to not in (None, "measured"):
        raise ArgumentError(f"pad_to must be 'measured' or None; got {shown(pad_to)}")
    given = None if n_requests is None else whole("n_requests", n_requests)
    if given is not None and given > _MOST_GIVEN:
        raise ArgumentError(
            f"n_requests must be {three(_MOST_GIVEN)} at most, for each takes memory; got {given}: take replications"
        )
    replications, seed = whole("replications", replications), seed_of(seed)
    yes_or_no("keep_samples", keep_samples)
    costs = costs_of(service, pad=pad_to is not None, seed=seed)
    world = _World(asked, costs, seed)
    plans = [_plan(system, world, given) for system in asked]
    if given is None:
        _lengthen(plans, world, replications)
    done = _replicate(world, plans, replications)
    who = who_of(service) | {"pad_to": pad_to}
    rows = [row_of(plan.seen, who, costs, aimed_at=None if given is not None else _ERROR) for plan in plans]
    points = make_points(rows)
    samples = []
    if keep_samples:
        for plan, row in zip(plans, rows, strict=True):
            if plan.seen.is_simulated:
                identity = point_id(row)
                samples += [samples_of(world.serve(plan, r), plan.point, identity, r) for r in range(done)]
    measured = dict(service.environment) if isinstance(service, Run) else {}
    about = {"seed": seed, "replications": done, "packages": packages()}
    if samples:
        import pandas as pd

        return Run(points, pd.concat(samples, ignore_index=True), measured | {"simulation": about})
    return Run(points, environment=measured | {"simulation": about})


def _replicate(world: _World, plans: Sequence[_Plan], replications: int) -> int:
    """Simulate replications, and return how many: at Ctrl-C those that are whole are kept."""
    for replication in range(replications):
        try:
            found = world.see(plans, replication)
        except KeyboardInterrupt:
            if not replication:
                raise
            warnings.warn(
                f"stopped after {counted(replication, 'replication')} of {replications}; they are in the Run that was "
                "returned",
                SimulateInterrupted,
                stacklevel=3,
            )
            return replication
        for plan, (values, ended) in zip(plans, found, strict=True):
            if plan.seen.is_simulated:
                plan.seen.add(values, ended)
    return replications


@dataclass(eq=False)
class _Plan:
    """A system, how long it is simulated, and what was seen."""

    system: System
    point: Point
    seen: Seen


class _World:
    """What systems share: costs, and everything that is drawn."""

    def __init__(self, asked: Sequence[System], costs: Costs, seed: int) -> None:
        self.largest = max(system.policy.max_batch_size for system in asked)
        self.workers = max(system.policy.workers for system in asked)
        costs.check(self.largest)
        self._costs, self._seed = costs, seed
        kinds = list(dict.fromkeys(system.host_ms for system in asked))
        self._kind = {kind: at for at, kind in enumerate(kinds)}
        one = {kind: next(system for system in asked if system.host_ms == kind) for kind in kinds}
        self.host_ms = np.array(
            [[0.0, *(one[kind].host_of(size) for size in range(1, self.largest + 1))] for kind in kinds]
        )
        self._tables: dict[int, Table] = {}

    def table(self, replication: int) -> Table:
        """Return the costs of a replication; those that are not drawn are the same in each."""
        if replication not in self._tables:
            self._tables = {replication: self._costs.table(self.largest, self.workers, replication)}
        return self._tables[replication]

    def capacity_rps(self, system: System) -> float:
        """Return the requests a second that all workers complete in full batches, one after the other."""
        size, workers = system.policy.max_batch_size, system.policy.workers
        busy = self.table(0).mean_ms(size, workers) + float(self.host_ms[self.host_kind(system), size])
        return math.inf if busy == 0.0 else 1e3 * workers * size / busy

    def host_kind(self, system: System) -> int:
        return self._kind[system.host_ms]

    def see(self, plans: Sequence[_Plan], replication: int, *, n: int | None = None) -> list[tuple[Numbers, Integers]]:
        """Simulate one replication of each system, or a short one of `n` requests; what is beyond capacity is empty."""
        found: dict[int, tuple[Numbers, Integers]] = {}
        going = [plan for plan in plans if plan.seen.is_simulated]
        for stream in dict.fromkeys(map(_stream, going)):
            some = [plan for plan in going if _stream(plan) == stream]
            points = [plan.point if n is None else _short(plan.point, n) for plan in some]
            shared = self._shared(some[0].system, max(point.n for point in points), replication)
            seen, outcome = engine.see(points, shared, is_full=n is None)
            found |= {id(plan): both for plan, both in zip(some, zip(seen, outcome, strict=True), strict=True)}
        nothing = (np.full(len(SEEN), math.nan), np.zeros(3, dtype=np.int64))
        return [found.get(id(plan), nothing) for plan in plans]

    def serve(self, plan: _Plan, replication: int) -> Served:
        """Simulate one replication of one system again, and return all that happened."""
        return engine.serve(plan.point, self._shared(plan.system, plan.point.n, replication))

    def _shared(self, system: System, n: int, replication: int) -> Shared:
        arrivals, luck = (np.random.default_rng([self._seed, replication, what]) for what in (0, 2))
        if system.load is not None:
            unit = system.load.arrivals_ms(n, arrivals)
        elif callable(system.think):
            unit = _thinks(system.think(arrivals, n), n)
        else:
            unit = np.ones(n) if system.think == "constant" else arrivals.standard_exponential(n)
        return Shared(unit, luck.random(n), self.host_ms, self.table(replication))


def _stream(plan: _Plan) -> tuple[Any, ...]:
    """Return what systems must have in common to share their arrivals."""
    load = plan.system.load
    return ("closed", plan.system.think) if load is None else (load.name, id(load))


def _plan(system: System, world: _World, n: int | None) -> _Plan:
    load, capacity = system.load, world.capacity_rps(system)
    if isinstance(load, Trace):
        there = len(load.times_s)
        n = there if n is None else min(n, there)
    elif load is not None and load.name == "all_at_once":
        n = _ALL_AT_ONCE if n is None else n
    # Offered beyond capacity: a queue without limit grows without end.
    beyond = system.request_rate_rps >= capacity
    bounded = system.policy.queue_limit is not None or system.is_finite
    if system.clients:
        scale = 1.0 if callable(system.think) else system.think_ms
    else:
        scale = 1.0 if load is None or load.own_rate_rps is not None else 1e3 / system.request_rate_rps
    point = Point(
        policy=system.policy, scale=scale, clients=system.clients, host=world.host_kind(system),
        network_ms=system.network_ms, n=n or _PILOT_REQUESTS,
    )  # fmt: skip
    if not system.is_finite:
        point = _short(point, point.n)
    return _Plan(system, point, Seen(system, capacity, beyond=beyond, is_simulated=bounded or not beyond))


def _short(point: Point, n: int) -> Point:
    """Return a point of another length; at the beginning and at the end some requests do not count.

    All count where clients ask fewer than ten times each: of a few rounds none can be left out.
    """
    most = point.policy.max_batch_size * point.policy.workers
    is_cut = n >= _ROUNDS * point.clients
    return Point(
        policy=point.policy, scale=point.scale, clients=point.clients, host=point.host, network_ms=point.network_ms,
        n=n, warm_up=is_cut * (n // 10), tail=is_cut * min(n // 10, max(n // 100, most, point.clients)),
    )  # fmt: skip


def _lengthen(plans: list[_Plan], world: _World, replications: int) -> None:
    """Choose how many requests each system needs, by the spread of p99 over short runs."""
    open_ended = [plan for plan in plans if not plan.system.is_finite and plan.seen.is_simulated]
    if not open_ended:
        return
    at = SEEN.index("latency_p99")
    pilots = np.array(
        [
            [seen[at] for seen, _ in world.see(open_ended, _FIRST_PILOT + pilot, n=_PILOT_REQUESTS)]
            for pilot in range(_PILOTS)
        ]
    )
    spread = pilots.std(axis=0, ddof=1) / np.maximum(pilots.mean(axis=0), 1e-300)
    for plan, relative in zip(open_ended, spread, strict=True):
        needed = _PILOT_REQUESTS * (relative / _ERROR) ** 2 / replications
        rounded = 2 ** math.ceil(math.log2(max(needed, _FEWEST) / _FEWEST)) * _FEWEST if needed < _MOST else _MOST
        n = min(_MOST, rounded)
        plan.point = _short(plan.point, n)
        plan.seen.error = float(relative) * math.sqrt(_PILOT_REQUESTS / (n * replications))


def whole(name: str, value: Any) -> int:
    """Return a whole number, 1 or more.

    Raises
    ------
    ArgumentError
        For anything else.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < 1:
        raise ArgumentError(f"{name} must be a whole number, 1 or more; got {shown(value)}")
    return int(value)


def _thinks(found: Iterable[float], n: int) -> Numbers:
    times = np.asarray(found, dtype=np.float64)
    if times.shape != (n,) or not np.isfinite(times).all() or (times < 0).any():
        raise ArgumentError(f"think(rng, {n}) must give {n} times in ms, finite and 0 or more")
    return times
