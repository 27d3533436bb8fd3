"""What was seen at a point, in NumPy: equal to `summarise` of the compiled loops."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tradeoff.serving.virtual.grid import Integers, Numbers, Point, Served
from tradeoff.serving.virtual.kernels import (
    AROUND,
    BLOCKS,
    DISPATCH,
    DONE,
    FREE,
    HOST,
    MODEL,
    P50,
    P90,
    P95,
    P99,
    P999,
    ROUNDING,
    SEEN,
    rank_of,
)
from tradeoff.stats.histogram import LOWEST

_FIVE = (P50, P90, P95, P99, P999)


def summary(served: Served, point: Point, *, is_full: bool = True) -> Numbers:
    """Return what was seen between warm-up and tail, in the order of `SEEN`.

    Unless `is_full` only throughput, what is known of whole batches, and latency.
    """
    seen = np.full(len(SEEN), math.nan)
    first, end, before = measured(served, point)
    sizes, batches = served.sizes[first:end], served.batches[first:end]
    n = int(sizes.sum())
    seen[SEEN.index("rejected")] = rejected_inside(served, before, n).sum()
    seen[:2] = n, end - first
    if n == 0:
        return seen
    arrivals = served.arrivals[before : before + n]
    latency = np.repeat(batches[:, DONE], sizes) - arrivals + point.network_ms
    seen[2] = _span(served, first, end, point.network_ms)
    seen[3] = (batches[:, DONE] - batches[:, DISPATCH]).sum()
    seen[4:7] = latency.mean(), batches[:, MODEL] @ sizes / n, batches[:, HOST] @ sizes / n
    ranks = [int(rank_of(n, p)) for p in _FIVE]  # type: ignore[no-untyped-call]
    if is_full:
        _add_parts(seen, batches, sizes, arrivals, latency, ranks, point.network_ms)
    else:
        seen[9:14] = _at(latency, ranks)
    for at, p in enumerate(_FIVE):
        if n * (1.0 - p) < 1.0 - 1e-9:
            seen[[9 + at, 14 + at]] = math.nan
    return seen


def latencies(served: Served, point: Point) -> Numbers:
    """Return the latency of each request that counts, batch by batch."""
    first, end, before = measured(served, point)
    done = np.repeat(served.batches[first:end, DONE], served.sizes[first:end])
    found: Numbers = done - served.arrivals[before : before + len(done)] + point.network_ms
    return found


def beyond(latency: Numbers, limit: float) -> Integers:
    """Return how many requests of each of `BLOCKS` equal parts are beyond a limit."""
    return np.bincount(np.flatnonzero(latency > limit) * BLOCKS // max(1, len(latency)), minlength=BLOCKS)


def _add_parts(
    seen: Numbers, batches: Numbers, sizes: Integers, arrivals: Numbers, latency: Numbers, ranks: list[int],
    network_ms: float,
) -> None:  # fmt: skip
    """Add percentiles, and what latency was made of: on the whole, and of requests around two percentiles."""
    free, dispatch, host, model = (np.repeat(batches[:, at], sizes) for at in (FREE, DISPATCH, HOST, MODEL))
    queued = np.maximum(0.0, free - arrivals)
    formed = dispatch - np.maximum(arrivals, free)
    reach = max(1, int(len(latency) * AROUND))
    edges = [max(1, ranks[0] - reach), min(ranks[0] + reach, ranks[1])]
    edges += [max(ranks[3] - reach, ranks[2]), min(ranks[3] + reach, ranks[4])]
    seen[7:9] = queued.mean(), formed.mean()
    found = _at(latency, [*ranks, *edges])
    seen[9:14] = found[:5]
    seen[14:19] = _at(model, ranks)
    seen[19:21] = _at(queued, ranks[::3])
    seen[21:23] = _at(formed, ranks[::3])
    for half, (low, high) in enumerate(found[5:].reshape(2, 2)):
        around = np.flatnonzero((low <= latency) & (latency <= high))
        whole = (latency[around] - network_ms).sum()
        scale = (seen[9 + 3 * half] - network_ms) / whole if whole > 0 else 0.0
        seen[23 + 4 * half : 27 + 4 * half] = [part[around].sum() * scale for part in (host, model, queued, formed)]


def measured(served: Served, point: Point) -> tuple[int, int, int]:
    """Return the batches that count, first and end, and the requests before them.

    Those are left out that began within the first `Point.warm_up` requests, or among the last `Point.tail`; of requests
    that were not rejected as large a share. A window that is shorter than the mean latency of those in it does not hold
    their work: all counts then.
    """
    passed = np.concatenate([[0], np.cumsum(served.sizes)])
    kept = point.n - len(served.rejected)
    first = int(np.searchsorted(passed, point.warm_up * kept // point.n))
    first = min(first, len(served.sizes))
    end = int(np.searchsorted(passed, passed[-1] - point.tail * kept // point.n, side="right")) - 1
    first, end = first, max(first, end)
    before, n = int(passed[first]), int(passed[end] - passed[first])
    if n:
        done = np.repeat(served.batches[first:end, DONE], served.sizes[first:end])
        latency = (done - served.arrivals[before : before + n] + point.network_ms).sum()
        if latency <= n * _span(served, first, end, point.network_ms) * (1.0 + ROUNDING):
            return first, end, before
    return 0, len(served.sizes), 0


def rejected_inside(served: Served, before: int, n: int) -> NDArray[np.bool_]:
    """Say which rejected requests came between those that count: the `n` after those `before` them."""
    low = served.arrivals[before] if before else -math.inf
    high = served.arrivals[before + n] if before + n < len(served.arrivals) else math.inf
    return (low <= served.rejected) & (served.rejected < high)


def _span(served: Served, first: int, end: int, network_ms: float) -> float:
    """Return how long some batches took: from one dispatch to another.

    Where they are the first or the last of all, from when the first request came, and until the last was answered.
    """
    start = served.batches[first, DISPATCH]
    if first == 0:
        start = min(served.arrivals.min(), served.rejected.min(initial=math.inf))
    if end < len(served.sizes):
        return float(served.batches[end, DISPATCH] - start)
    return float((served.batches[first:end, DONE] + network_ms).max() - start)


def _at(values: Numbers, ranks: list[int]) -> Numbers:
    places = np.asarray(ranks) - 1
    # NumPy finds one place, and sorts, with vector instructions, and several places without: 2 to 5 times slower.
    lowest = places.min()
    found: Numbers = np.sort(np.partition(values, lowest)[lowest:])[places - lowest]
    return np.where(found < LOWEST, 0.0, found)
