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
from typing import Any, NamedTuple

import numpy as np

from tradeoff.serving.costs import Table
from tradeoff.serving.policy import Policy
from tradeoff.serving.virtual import compiled, kernels, lockstep, token_kernel
from tradeoff.serving.virtual.grid import Integers, Numbers, Point, Served, Shared, columns_of, rows_of
from tradeoff.serving.virtual.kernels import CLOSED, OPEN, SEEN
from tradeoff.serving.virtual.summary import summary

INTERPRETED = SimpleNamespace(**{**vars(token_kernel), **vars(kernels)})
"""The inner loops as they are, without a compiler."""

_LONG = 2_000_000
"""Requests that one by one take longer than compiling does."""

_FEW_LANES = 5
"""Points below which one after the other is faster than in lock step."""

_AT_ONCE = 10_000_000
"""Requests in lock step at once: each takes up to 80 bytes."""


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
    inner = loops(_one_by_one(points)) if inner is None else inner
    see_all = _in_numpy if inner is INTERPRETED else _compiled
    return see_all(points, shared, is_full, inner)


def serve(point: Point, shared: Shared, *, inner: Any = None) -> Served:
    """Serve one point and return all that happened."""
    n = point.n
    batches, sizes, in_flight = np.empty((n, 5)), np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    began, numbers = np.empty(n), np.empty(n, dtype=np.int64)
    path = _path(point, shared, (batches, sizes, in_flight, np.empty(0)), began, numbers, inner)
    if point.loop == OPEN:
        began, numbers = shared.unit[: path.served] * point.scale, np.arange(path.served)
    done, end = path.served, path.n_batches
    return Served(
        began[:done], numbers[:done], batches[:end], sizes[:end], in_flight[:end], path.rejected, path.left
    )  # fmt: skip


def latencies(point: Point, shared: Shared, *, inner: Any = None) -> Numbers:
    """Serve one point and return the latency of each request that was served, batch by batch; nothing else is kept."""
    latency, none = np.empty(point.n), np.empty(0, dtype=np.int64)
    path = _path(point, shared, (np.empty((0, 5)), none, none, latency), latency, none, inner)
    return latency[: path.served]


class _Path(NamedTuple):
    """How many batches and requests there were, and what became of the others."""

    n_batches: int
    served: int
    rejected: Numbers
    left: int


def _path(point: Point, shared: Shared, kept: tuple[Any, ...], began: Numbers, numbers: Integers, inner: Any) -> _Path:
    """Serve one point.

    `kept` are batches, sizes, in_flight and latency, written to where they are not empty, and so are `numbers`; `began`
    is written to where requests do not come at times that are known beforehand.
    """
    inner = loops(point.n) if inner is None else inner
    policy, table, given = point.policy, columns_of(shared.table), _of_one_kind(shared.unit[: point.n])
    if point.scale != 1.0:
        given = given * point.scale
    while True:
        system = (
            given, float(point.network_ms), policy.max_batch_size, float(policy.max_wait_ms), np.zeros(policy.workers),
            shared.host_ms[point.host], table, _of_one_kind(shared.uniforms), *kept,
        )  # fmt: skip
        rejected, n_rejected = np.empty(0), 0
        if point.loop == OPEN:
            count, served, missing = inner.open_path(*system)
            left = point.n - served
        elif point.loop == CLOSED:
            count, served, left, missing = inner.closed_path(*system, point.clients, began, numbers)
        else:
            limit = -1 if policy.queue_limit is None else policy.queue_limit
            per_worker, rejected = policy.formation == "per_worker", np.empty(point.n)
            count, served, n_rejected, left, missing = inner.event_path(
                *system, point.clients, limit, per_worker, began, numbers, rejected
            )
        if not missing:
            return _Path(count, served, rejected[:n_rejected], left)
        shared.table.fill(int(missing))


def _of_one_kind(times: Numbers) -> Numbers:
    """Return times in one piece and open to writing: numba would compile everything anew for others."""
    return np.require(times, requirements=("C", "W"))


def _in_numpy(points: Sequence[Point], shared: Shared, is_full: bool, inner: Any) -> tuple[Numbers, Integers]:
    seen, outcome = np.empty((len(points), len(SEEN))), np.empty((len(points), 3), dtype=np.int64)

    def note(at: int, path: Served) -> None:
        seen[at] = summary(path, points[at], is_full=is_full)
        outcome[at] = len(path.arrivals), len(path.rejected), path.left

    together = _together(points)
    for at in sorted(set(range(len(points))) - set(together)):
        note(at, serve(points[at], shared, inner=inner))
    for some in _groups(together, _AT_ONCE // max((points[at].n for at in together), default=1)):
        for at, path in zip(some, lockstep.open_paths([points[at] for at in some], shared), strict=True):
            note(at, path)
    return seen, outcome


def _compiled(points: Sequence[Point], shared: Shared, is_full: bool, inner: Any) -> tuple[Numbers, Integers]:
    rows, requests = rows_of(points)
    table, unit, uniforms = columns_of(shared.table), _of_one_kind(shared.unit), _of_one_kind(shared.uniforms)
    seen, outcome = np.empty((len(points), len(SEEN))), np.empty((len(points), 3), dtype=np.int64)

    def part(start: int, stop: int) -> tuple[int, int, int]:
        at, missing = inner.run_points(
            rows, requests, unit, shared.host_ms, table, uniforms, is_full, seen, outcome, start, stop
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


def _together(points: Sequence[Point]) -> list[int]:
    """Return the places of those that are served in lock step: where it pays up to the end of the longest of them."""
    lengths = sorted(point.n for point in points if point.loop == OPEN)
    if len(lengths) < _FEW_LANES or lengths[-_FEW_LANES] > _AT_ONCE // _FEW_LANES:
        return []
    return [at for at, point in enumerate(points) if point.loop == OPEN and point.n <= lengths[-_FEW_LANES]]


def _one_by_one(points: Sequence[Point]) -> int:
    """Return how many requests, one by one, take NumPy as long as these points do."""
    together = {at: points[at].n for at in _together(points)}
    alone = sum(point.n for at, point in enumerate(points) if at not in together)
    return alone + _FEW_LANES * max(together.values(), default=0) + sum(together.values()) // 20


def _groups(some: list[int], size: int) -> list[list[int]]:
    return [some[start : start + size] for start in range(0, len(some), size)]


def _parts(requests: Integers, threads: int) -> list[tuple[int, int]]:
    """Cut points into parts of about as many requests."""
    if threads == 1:
        return [(0, len(requests))]
    share = np.cumsum(requests) / requests.sum()
    cuts = np.searchsorted(share, np.arange(1, 4 * threads) / (4 * threads)) + 1
    ends = np.unique(np.clip(np.concatenate([[0], cuts, [len(requests)]]), 0, len(requests)))
    return [(int(start), int(stop)) for start, stop in pairwise(ends)]


def try_out(inner: Any) -> None:
    """Serve a few requests in every way, so that everything is compiled for the types it is used with."""
    table = Table.empty(np.ones(1), 1, 2, None)
    table.high_n[:] = 1
    shared = Shared(np.arange(1.0, 5.0), np.zeros(4), np.zeros((1, 3)), table)
    for clients, limit in ((0, None), (2, None), (0, 4)):
        point = Point(policy=Policy(max_batch_size=2, queue_limit=limit), scale=1.0, clients=clients, n=4)
        serve(point, shared, inner=inner)
    see([point], shared, inner=inner)
