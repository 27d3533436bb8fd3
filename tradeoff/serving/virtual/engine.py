"""Serves many points under the virtual clock: compiled and on two threads where it can be, in NumPy otherwise.

Both give the same answers. Which is taken is a matter of time alone: the compiled loops are used when they are ready
or kept on disk from an earlier time, and otherwise when the work would take longer than compiling does. Until then
they are compiled in the background.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from tradeoff.serving.costs import Table
from tradeoff.serving.policy import Policy
from tradeoff.serving.virtual import compiled, kernels, lockstep, token_kernel
from tradeoff.serving.virtual.counts import Counts
from tradeoff.serving.virtual.desk import Desk
from tradeoff.serving.virtual.grid import Integers, Numbers, Point, Served, Shared, columns_of, rows_of
from tradeoff.serving.virtual.kernels import BLOCKS, CLOSED, EVENTS, MARKS, OPEN, SEEN, WHOLE
from tradeoff.serving.virtual.summary import beyond, summary
from tradeoff.serving.virtual.summary import latencies as latencies_of

INTERPRETED = SimpleNamespace(**{**vars(token_kernel), **vars(kernels)})
"""The inner loops as they are, without a compiler."""

_LONG = 2_000_000
"""Requests that one by one take longer than compiling does."""

_FEW_LANES = 5
"""Points below which one after the other is faster than in lock step."""

_AT_ONCE = 10_000_000
"""Requests in lock step at once: each takes up to 80 bytes."""

_P99 = SEEN.index("latency_p99")

_NO_COUNTS = Counts(0, np.zeros(0, dtype=np.int64))


def loops(requests: int) -> Any:
    """Return the inner loops to use for so many requests: the compiled ones, or those they are compiled from."""
    if not compiled.is_available():
        return INTERPRETED
    if compiled.is_warm() or compiled.is_kept() or requests >= _LONG:
        return compiled.compiled()
    compiled.warm()
    return INTERPRETED


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen of points.

    Attributes
    ----------
    rows
        What is in `SEEN`, of shape (points, len(SEEN)).
    outcomes
        Requests served, rejected, and waiting for ever, of shape (points, 3).
    over
        Requests beyond p99 in each of `BLOCKS` equal parts of those that count, of shape (points, BLOCKS).
    histograms
        Latencies of each point that count; empty unless they were asked for.
    """

    rows: Numbers
    outcomes: Integers
    over: Integers
    histograms: list[Counts]

    @classmethod
    def empty(cls, points: int) -> Seen:
        """Return room for so many points."""
        return cls(
            np.empty((points, len(SEEN))), np.empty((points, 3), dtype=np.int64),
            np.zeros((points, BLOCKS), dtype=np.int64), [_NO_COUNTS] * points,
        )  # fmt: skip


def see(
    points: Sequence[Point], shared: Shared, *, is_full: bool = True, counts: bool = False, inner: Any = None
) -> Seen:
    """Serve points and summarise each.

    Parameters
    ----------
    points
        What is simulated.
    shared
        Random numbers and costs.
    is_full
        Everything in `SEEN`; otherwise latency and throughput only.
    counts
        Whether histograms of latencies are wanted.
    inner
        The inner loops; chosen unless given.
    """
    inner = loops(_one_by_one(points)) if inner is None else inner
    seen = Seen.empty(len(points))
    if inner is INTERPRETED:
        _in_numpy(points, shared, is_full, counts, seen)
    else:
        _compiled(points, shared, is_full, counts, inner, seen)
    return seen


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
    policy, given, begun = point.policy, _of_one_kind(shared.unit[: point.n]), _Begun.of(point, inner)
    if point.scale != 1.0:
        given = given * point.scale
    rejected = np.empty(point.n if point.loop == EVENTS else 0)
    while True:
        system = (
            given, float(point.network_ms), policy.max_batch_size, float(policy.max_wait_ms), begun.free,
            shared.host_ms[point.host], columns_of(shared.table), _of_one_kind(shared.uniforms), *kept, begun.marks,
        )  # fmt: skip
        n_rejected = 0
        if point.loop == OPEN:
            count, served, missing = inner.open_path(*system)
            left = point.n - served
        elif point.loop == CLOSED:
            count, served, left, missing = inner.closed_path(*system, point.clients, began, numbers, *begun.heap)
        else:
            limit = -1 if policy.queue_limit is None else policy.queue_limit
            count, served, n_rejected, left, missing = inner.event_path(
                *system, point.clients, limit, policy.formation == "per_worker", began, numbers, rejected, begun.state
            )
        if not missing:
            return _Path(count, served, rejected[:n_rejected], left)
        shared.table.fill(int(missing), _page(shared.table, begun.batches(point)))


class _Begun(NamedTuple):
    """How far a point has come: a loop stops at a size without times, and goes on from there."""

    free: Numbers
    marks: Integers
    heap: tuple[Numbers, Integers]
    state: tuple[Any, ...]

    @classmethod
    def of(cls, point: Point, inner: Any) -> _Begun:
        """Return the beginning."""
        n, clients, workers = point.n, point.clients, point.policy.workers
        room = min(n, clients) if point.loop == CLOSED else 0
        size = point.policy.max_batch_size
        state = inner.event_state(*((n, clients, workers, min(size, n)) if point.loop == EVENTS else (0, 0, 1, 1)))
        heap = np.empty(room), np.empty(room, dtype=np.int64)
        return cls(np.zeros(workers), np.zeros(MARKS, dtype=np.int64), heap, state)

    def batches(self, point: Point) -> int:
        """Return how many batches there have been, where a loop has stopped."""
        return int(self.marks[{OPEN: 1, CLOSED: 4, EVENTS: 6}[point.loop]])


def _page(table: Table, batches: int) -> int:
    return batches // table.page if table.page else 0


def _of_one_kind(times: Numbers) -> Numbers:
    """Return times in one piece and open to writing: numba would compile everything anew for others."""
    return np.require(times, requirements=("C", "W"))


def _in_numpy(points: Sequence[Point], shared: Shared, is_full: bool, counts: bool, seen: Seen) -> None:
    def note(at: int, path: Served) -> None:
        latency = latencies_of(path, points[at])
        seen.rows[at] = summary(path, points[at], is_full=is_full)
        seen.over[at] = beyond(latency, seen.rows[at, _P99])
        seen.outcomes[at] = len(path.arrivals), len(path.rejected), path.left
        if counts:
            seen.histograms[at] = Counts.of(latency)

    together = _together(points)
    for at in sorted(set(range(len(points))) - set(together)):
        note(at, serve(points[at], shared, inner=INTERPRETED))
    for some in _groups(together, _AT_ONCE // max((points[at].n for at in together), default=1)):
        for at, path in zip(some, lockstep.open_paths([points[at] for at in some], shared), strict=True):
            note(at, path)


def _compiled(
    points: Sequence[Point], shared: Shared, is_full: bool, counts: bool, inner: Any, seen: Seen
) -> None:  # fmt: skip
    """Serve points on several threads; sizes without times are filled in by this one, which is the caller's."""
    threads = min(len(points), os.cpu_count() or 1)
    parts = [
        _part(points, range(*ends), shared, is_full, counts, inner, seen)
        for ends in _parts(np.array([point.n for point in points]), threads)
    ]
    if threads == 1:
        for part in parts:
            for size, page in part:
                shared.table.fill(size, page)
        return
    with ThreadPoolExecutor(threads) as pool:
        going = {pool.submit(next, part, None): part for part in parts}
        while going:
            for ended in wait(going, return_when=FIRST_COMPLETED).done:
                part, missing = going.pop(ended), ended.result()
                if missing is not None:
                    shared.table.fill(*missing)
                    going[pool.submit(next, part, None)] = part


def _part(
    points: Sequence[Point], places: range, shared: Shared, is_full: bool, counts: bool, inner: Any, seen: Seen
) -> Iterator[tuple[int, int]]:
    """Serve some points, one after the other; yields sizes that are without times, and of which page."""
    unit, uniforms, desk = _of_one_kind(shared.unit), _of_one_kind(shared.uniforms), None
    for at in sorted(places, key=lambda at: -points[at].n):
        point = points[at]
        desk = desk or Desk.of(point.n)
        row, request = (rows[0] for rows in rows_of([point]))
        given = unit[: point.n]
        if point.scale != 1.0:
            given = np.multiply(given, point.scale, out=desk.given[: point.n])
        begun = _Begun.of(point, inner)
        while True:
            missing = inner.run_point(
                row, request, given, begun.free, shared.host_ms[point.host], columns_of(shared.table), uniforms,
                desk.batches, desk.sizes, desk.in_flight, desk.latency, begun.marks, desk.began, desk.rejected,
                *begun.heap, begun.state, is_full, desk.tallies, desk.room, seen.over[at], seen.rows[at],
                seen.outcomes[at],
            )  # fmt: skip
            if not missing:
                break
            yield int(missing), _page(shared.table, begun.batches(point))
        if counts:
            seen.histograms[at] = Counts.taken(desk.tallies[WHOLE])
        desk.tallies[WHOLE] = 0
    if desk is not None:
        desk.leave()


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
