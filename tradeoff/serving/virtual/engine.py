"""Serves many points under the virtual clock: compiled and on two threads where it can be, in NumPy otherwise.

Both give the same answers. Which is taken is a matter of time alone: the compiled loops are used when they are ready
or kept on disk from an earlier time, and otherwise when the work would take longer than compiling does. Until then
they are compiled in the background.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

from tradeoff.serving.costs import Table
from tradeoff.serving.policy import Policy
from tradeoff.serving.virtual import compiled, kernels, lockstep, token_kernel
from tradeoff.serving.virtual.grid import Integers, Numbers, Point, Served, Shared, columns_of, rows_of
from tradeoff.serving.virtual.summary import summary

INTERPRETED = SimpleNamespace(**{**vars(token_kernel), **vars(kernels)})
"""The inner loops as they are, without a compiler."""

_LONG = 2_000_000
"""Requests that take NumPy longer than compiling takes."""

_FEW_LANES = 8
"""Points below which one after the other is faster than in lock step."""


def loops(requests: int) -> Any:
    """Return the inner loops to use for so many requests: the compiled ones, or those they are compiled from."""
    if not compiled.is_available():
        return INTERPRETED
    if compiled.is_warm() or compiled.is_kept() or requests >= _LONG:
        return compiled.compiled()
    compiled.warm()
    return INTERPRETED


def see(
    points: Sequence[Point], shared: Shared, *, is_full: bool = True, inner: Any = None
) -> tuple[Numbers, Integers]:
    """Serve points and summarise each.

    Parameters
    ----------
    points
        What is simulated.
    shared
        Random numbers and costs.
    is_full
        Everything in `SEEN`; otherwise latency and throughput only.
    inner
        The inner loops; chosen unless given.

    Returns
    -------
    tuple of numpy.ndarray
        What was seen, of shape (points, len(SEEN)); and requests served, rejected, and waiting for ever.
    """
    inner = loops(sum(point.n for point in points)) if inner is None else inner
    seen, outcome = np.full((len(points), len(kernels.SEEN)), np.nan), np.zeros((len(points), 3), dtype=np.int64)
    for needs_events in (False, True):
        chosen = [at for at, point in enumerate(points) if point.needs_events is needs_events]
        if chosen:
            some = [points[at] for at in chosen]
            see_some = _in_numpy if inner is INTERPRETED else _compiled
            seen[chosen], outcome[chosen] = see_some(some, shared, is_full, inner)
    return seen, outcome


def serve(point: Point, shared: Shared, *, inner: Any = None) -> Served:
    """Serve one point and return all that happened."""
    inner = loops(point.n) if inner is None else inner
    n, policy = point.n, point.policy
    batches, sizes, in_flight = np.empty((n, 5)), np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    table, host = columns_of(shared.table), shared.host_ms[point.host]
    given = shared.unit[:n] * point.scale
    while True:
        if not point.needs_events:
            free = np.zeros(policy.workers)
            count, served, missing = inner.open_path(
                given, policy.max_batch_size, float(policy.max_wait_ms), free, host, table, shared.uniforms, batches,
                sizes, in_flight,
            )  # fmt: skip
            began, numbers, rejected, left = given, np.arange(n), np.empty(0), n - served
        else:
            began, numbers, rejected = np.empty(n), np.empty(n, dtype=np.int64), np.empty(n)
            limit = -1 if policy.queue_limit is None else policy.queue_limit
            count, served, n_rejected, left, missing = inner.event_path(
                np.empty(n), given, point.clients, point.network_ms, policy.max_batch_size, float(policy.max_wait_ms),
                policy.workers, limit, policy.formation == "per_worker", host, table, shared.uniforms, batches, sizes,
                in_flight, began, numbers, rejected,
            )  # fmt: skip
            rejected = rejected[:n_rejected]
        if not missing:
            break
        shared.table.fill(int(missing))
    return Served(began[:served], numbers[:served], batches[:count], sizes[:count], in_flight[:count], rejected, left)


def _in_numpy(points: list[Point], shared: Shared, is_full: bool, inner: Any) -> tuple[Numbers, Integers]:
    if points[0].needs_events or len(points) < _FEW_LANES:
        paths = [serve(point, shared, inner=inner) for point in points]
    else:
        paths = lockstep.open_paths(points, shared)
    seen = np.stack([summary(path, point, is_full=is_full) for path, point in zip(paths, points, strict=True)])
    return seen, np.array([[len(path.arrivals), len(path.rejected), path.left] for path in paths])


def _compiled(points: list[Point], shared: Shared, is_full: bool, inner: Any) -> tuple[Numbers, Integers]:
    run = inner.run_events if points[0].needs_events else inner.run_open
    rows, requests = rows_of(points)
    table = columns_of(shared.table)
    seen, outcome = np.empty((len(points), len(kernels.SEEN))), np.empty((len(points), 3), dtype=np.int64)

    def part(start: int, stop: int) -> tuple[int, int, int]:
        at, missing = run(
            rows, requests, shared.unit, shared.host_ms, table, shared.uniforms, is_full, seen, outcome, start, stop
        )
        return int(at), int(missing), stop

    threads = min(len(points), os.cpu_count() or 1)
    waiting = _parts(requests[:, 0], threads)
    with ThreadPoolExecutor(threads) as pool:
        while waiting:
            ended = list(pool.map(lambda ends: part(*ends), waiting))
            for missing in {missing for _, missing, _ in ended if missing}:
                shared.table.fill(missing)
            waiting = [(at, stop) for at, _, stop in ended if at < stop]
    return seen, outcome


def _parts(requests: Integers, threads: int) -> list[tuple[int, int]]:
    """Cut points into parts of about as many requests."""
    if threads == 1:
        return [(0, len(requests))]
    share = np.cumsum(requests) / requests.sum()
    cuts = np.searchsorted(share, np.arange(1, 4 * threads) / (4 * threads)) + 1
    ends = np.unique(np.clip(np.concatenate([[0], cuts, [len(requests)]]), 0, len(requests)))
    return [(int(start), int(stop)) for start, stop in pairwise(ends)]


def try_out(inner: Any) -> None:
    """Serve a few requests, so that everything is compiled for the types it is used with."""
    table = Table.empty(np.ones(1), 1, 2, None)
    table.high_n[:] = 1
    shared = Shared(np.arange(1.0, 5.0), np.zeros(4), np.zeros((1, 3)), table)
    for clients in (0, 2):
        point = Point(policy=Policy(max_batch_size=2), scale=1.0, clients=clients, n=4)
        see([point], shared, inner=inner)
        serve(point, shared, inner=inner)
