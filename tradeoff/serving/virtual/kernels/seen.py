"""What is seen of a point, once all its batches are known."""

from __future__ import annotations

import math

import numpy as np

from tradeoff.serving.virtual.kernels.layout import (
    AROUND,
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
)
from tradeoff.serving.virtual.kernels.order import order_statistics, rank_of


def window(sizes, count, warm_up, tail):
    """Return the batches that count, first and end, and the requests before them.

    Those that count are after `warm_up` requests and before the last `tail`.
    """
    total, seen, first = 0, 0, 0
    for batch in range(count):
        total += sizes[batch]
    while first < count and seen < warm_up:
        seen += sizes[first]
        first += 1
    end = count
    left = 0
    while end > first and left < tail:
        end -= 1
        left += sizes[end]
    return first, end, seen


def span(began, rejected, batches, first, end, count, network):
    """Return how long the batches from `first` to before `end` took: from one dispatch to another.

    Where they are the first or the last of all, from when the first request came, and until the last was answered.
    """
    start = batches[first, DISPATCH]
    if first == 0:
        start = began.min()
        if len(rejected) > 0:
            start = min(start, rejected[0])
    if end < count:
        return batches[end, DISPATCH] - start
    last = start
    for batch in range(first, end):
        last = max(last, batches[batch, DONE] + network)
    return last - start


def rejected_inside(rejected, began, before, n):
    """Return how many requests were rejected that came between those that count."""
    low = began[before] if before > 0 else -math.inf
    high = began[before + n] if before + n < len(began) else math.inf
    inside = 0
    for time in rejected:
        if low <= time < high:
            inside += 1
    return inside


def summarise(
    began, latency, rejected, batches, sizes, count, warm_up, tail, network, is_full, room, counts, seen
):  # fmt: skip
    """Write what was seen, in the order of `SEEN`; `room` has three rows of a number for each request.

    Unless `is_full` only throughput, what is known of whole batches, and latency. A window that is shorter than the
    mean latency of those in it does not hold their work: all counts then.
    """
    seen[:] = math.nan
    first, end, before = window(sizes, count, warm_up, tail)
    n = 0
    for batch in range(first, end):
        n += sizes[batch]
    fits = n * span(began, rejected, batches, first, end, count, network) * (1.0 + ROUNDING) if n > 0 else 0.0
    if n == 0 or latency[before : before + n].sum() > fits:
        first, end, before, n = 0, count, 0, len(began)
    seen[31] = rejected_inside(rejected, began, before, n)
    seen[0], seen[1] = n, end - first
    if n == 0:
        return
    seen[2] = span(began, rejected, batches, first, end, count, network)
    busy, model_sum, pre_sum = 0.0, 0.0, 0.0
    for batch in range(first, end):
        busy += batches[batch, DONE] - batches[batch, DISPATCH]
        model_sum += batches[batch, MODEL] * sizes[batch]
        pre_sum += batches[batch, HOST] * sizes[batch]
    seen[3] = busy
    counted = latency[before : before + n]
    seen[4], seen[5], seen[6] = counted.sum() / n, model_sum / n, pre_sum / n
    reach = max(1, int(n * AROUND))
    middle, late = rank_of(n, P50), rank_of(n, P99)
    five = np.array([middle, rank_of(n, P90), rank_of(n, P95), late, rank_of(n, P999)])
    if is_full:
        # Ascending, for all but a few requests: then the ranks around are those themselves.
        above, under = min(middle + reach, five[1]), max(late - reach, five[2])
        ranks = np.array([
            max(1, middle - reach), middle, above, five[1], five[2], under, late, min(late + reach, five[4]), five[4],
        ])  # fmt: skip
        around = np.empty(9)
        order_statistics(counted, sizes[:0], ranks, counts, room[0], around)
        seen[9], seen[10], seen[11], seen[12], seen[13] = around[1], around[3], around[4], around[6], around[8]
        summarise_parts(
            began[before : before + n], counted, batches[first:end], sizes[first:end], network, around, five, room,
            counts, seen,
        )  # fmt: skip
    else:
        order_statistics(counted, sizes[:0], five, counts, room[0], seen[9:14])
    for at in range(5):
        if n * (1.0 - (P50, P90, P95, P99, P999)[at]) < 1.0 - 1e-9:
            seen[9 + at], seen[14 + at] = math.nan, math.nan


def summarise_parts(began, latency, batches, sizes, network, around, five, room, counts, seen):
    """Write what latency was made of: on the whole, and of requests near p50 and p99, whose ends are in `around`."""
    scratch, queued, formed = room[0], room[1], room[2]
    parts, two = np.zeros((2, 5)), np.array([five[0], five[3]])
    at = 0
    for batch in range(len(sizes)):
        free, dispatch = batches[batch, FREE], batches[batch, DISPATCH]
        for _ in range(sizes[batch]):
            queued[at] = max(0.0, free - began[at])
            formed[at] = dispatch - max(began[at], free)
            for half in range(2):
                if around[5 * half] <= latency[at] <= around[5 * half + 2]:
                    parts[half, 0] += batches[batch, HOST]
                    parts[half, 1] += batches[batch, MODEL]
                    parts[half, 2] += queued[at]
                    parts[half, 3] += formed[at]
                    parts[half, 4] += latency[at] - network
            at += 1
    seen[7], seen[8] = queued[:at].sum() / at, formed[:at].sum() / at
    order_statistics(batches[:, MODEL].copy(), sizes, five, counts, scratch, seen[14:19])
    order_statistics(queued[:at], sizes[:0], two, counts, scratch, seen[19:21])
    order_statistics(formed[:at], sizes[:0], two, counts, scratch, seen[21:23])
    for half in range(2):
        # The requests around a percentile are not exactly as slow as it: their parts are made to add up to it.
        whole = seen[9] if half == 0 else seen[12]
        scale = (whole - network) / parts[half, 4] if parts[half, 4] > 0.0 else 0.0
        for part in range(4):
            seen[23 + 4 * half + part] = parts[half, part] * scale
