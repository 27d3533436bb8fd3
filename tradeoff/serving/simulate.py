"""``tradeoff.simulate``: a server that forms batches, under the virtual clock."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

from tradeoff.arguments import ArgumentError, shown, yes_or_no
from tradeoff.arguments import seed as seed_of
from tradeoff.digits import three
from tradeoff.environment import packages
from tradeoff.frames import Run, make_points, point_id
from tradeoff.serving.costs import costs_of
from tradeoff.serving.doubt import doubts_of
from tradeoff.serving.progress import Progress
from tradeoff.serving.replications import (
    MOST,
    MOST_AT_ONCE,
    MOST_KEPT,
    REPLICATIONS,
    SimulateInterrupted,
    replicate,
    replicate_until_known,
)
from tradeoff.serving.requests import samples_of
from tradeoff.serving.resampled import widened
from tradeoff.serving.simulated import MOST_GIVEN, row_of, slo_of, who_of
from tradeoff.serving.systems import systems
from tradeoff.serving.world import World
from tradeoff.slo import SLO, SLOError

__all__ = ["SimulateInterrupted", "simulate", "whole"]


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
    replications: int | None = None,
    seed: int = 0,
    keep_samples: bool = False,
    slo: str | SLO | None = None,
    progress: bool = True,
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
        Requests of each replication. Unless given as many as it takes until the standard error of p99 is 2.5 %, and 50
        times as many as queue and load remember, but no more than 20 million in all replications of a point and 4
        million in one of them (a million in the whole call with `keep_samples`). A point whose p99 is not known by then
        has the status ``budget``, and a reason that says what it takes.
    replications
        Independent repetitions, from which intervals come; one has none. Unless given five, and one for a trace, for
        requests that all come at once, or where `n_requests` is given.
    seed
        Of everything that is drawn.
    keep_samples
        Return a row for each request, too.
    slo
        A limit on what a single request waits, ``"latency <= 20 ms"``: SLO attainment and goodput become columns (see
        `tradeoff.with_slo`, which takes limits on other times from samples that were kept).
    progress
        Say how far it is when it takes longer than two seconds.

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
    its source. The first tenth of the requests, or what queue and load take to forget the beginning five times over,
    and the last hundredth are left out, but for traces and runs too short for that: `tradeoff.serving.window` says what
    a row speaks of. What queue and load remember follows from the load and the service (`tradeoff.serving.memory`),
    and the error from batch means that grow (`tradeoff.stats.batch_means`); it is a guess, and taken at the upper end
    of what it may be. Percentiles are those of all replications together (`tradeoff.serving.pooled`); where each has
    seen fewer than ten memories they have no interval.

    Intervals of measured times allow for how few there are: systems are simulated again from resamples of them
    (`tradeoff.serving.resampled`), and with fewer than 368 times of a size p99 has no upper end. Where the rows of a
    Run are doubtful (a busy machine, a few calls that make most of the spread, a restless point) rows that rest on them
    are ``service_times_doubtful``. A trace, and a single replication, have no intervals to widen.

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
    if given is not None and given > MOST_GIVEN:
        raise ArgumentError(
            f"n_requests must be {three(MOST_GIVEN)} at most, for each takes memory; got {given}: take replications"
        )
    seed = seed_of(seed)
    asked_for = None if replications is None else whole("replications", replications)
    yes_or_no("keep_samples", keep_samples)
    progress = yes_or_no("progress", progress)
    held_to = None if slo is None else _latency_limit(slo)
    costs = costs_of(service, pad=pad_to is not None, seed=seed)
    world = World(asked, costs, seed)
    plans = [world.plan(system, given) for system in asked]
    is_open = given is None and any(not system.is_finite for system in asked)
    times = asked_for or (REPLICATIONS if is_open else 1)
    most = MOST_KEPT // len(plans) if keep_samples else MOST
    with Progress(show=progress) as bar:
        if is_open:
            done = replicate_until_known(world, plans, times, max(1, min(MOST_AT_ONCE, most // times)), bar)
        else:
            done = replicate(world, plans, times, bar)
    who = who_of(service) | {"pad_to": pad_to}
    rows = [row_of(plan.seen, who, costs, most=most) for plan in plans]
    rows, doubts = widened(world, plans, rows, costs, seed), doubts_of(service)
    rows = [row | doubts.of_row(row, row["batch_size"]) for row in rows]
    if held_to is not None:
        rows = [row | slo_of(plan.seen, row, held_to) for plan, row in zip(plans, rows, strict=True)]
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


def _latency_limit(slo: str | SLO) -> SLO:
    found = SLO.parse(slo)
    if [metric for metric, _ in found.limits_ms] != ["latency"]:
        raise SLOError(
            f"slo '{found}': simulate counts latencies only; for other limits keep_samples=True, then tradeoff.with_slo"
        )
    return found


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
