"""What is seen of a point, once all its batches are known.

Each of the passes over all requests is as short as it gets: histograms; the values in the few buckets that the ranks
are in; requests around two percentiles, and how many are beyond one. Places in arrays are unsigned where a loop is
hot: for signed ones numba looks out for those that count from the end. Within a batch requests stand in the order in
which they came, so that the first is the slowest.
"""

from __future__ import annotations

import math

import numpy as np

from tradeoff.serving.virtual.kernels.layout import (
    AROUND,
    BLOCKS,
    DISPATCH,
    DONE,
    FORMED,
    FREE,
    HOST,
    MODEL,
    MODELLED,
    P50,
    P90,
    P95,
    P99,
    P999,
    QUEUED,
    ROUNDING,
    WHOLE,
)
from tradeoff.serving.virtual.kernels.order import (
    NOTED,
    gather,
    gather_and_note,
    pick_all,
    place_of,
    rank_of,
    slots_of,
    sum_of,
    tally,
)


def window(sizes, count, warm_up, tail):
    """Return the batches that count, first and end, and the requests before them.

    Those that count are after `warm_up` requests and before the last `tail`.
    """
    seen, first, left, end = 0, 0, 0, count
    while first < count and seen < warm_up:
        seen += sizes[first]
        first += 1
    while end > first and left < tail:
        end -= 1
        left += sizes[end]
    return first, end, seen


def span(began, rejected, batches, sizes, first, end, count, network):
    """Return how long the batches from `first` to before `end` took: from one dispatch to another.

    Where they are the first or the last of all, from when the first request came, and until the last was answered.
    """
    start, oldest = batches[first, DISPATCH], 0
    if first == 0:
        for batch in range(count):
            start = min(start, began[oldest])
            oldest += sizes[batch]
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


def counted_window(began, latency, rejected, batches, sizes, count, warm_up, tail, network):
    """Return the batches that count, first and end, the requests before them, and how many count.

    A window that is shorter than the mean latency of those in it does not hold their work: all counts then.
    """
    first, end, before = window(sizes, count, warm_up, tail)
    if first == 0 and end == count:
        return 0, count, 0, len(began)
    n = 0
    for batch in range(first, end):
        n += sizes[batch]
    fits = n * span(began, rejected, batches, sizes, first, end, count, network) * (1.0 + ROUNDING) if n > 0 else 0.0
    if n == 0 or sum_of(latency[before : before + n]) > fits:
        return 0, count, 0, len(began)
    return first, end, before, n


def summarise(
    began, latency, rejected, batches, sizes, count, warm_up, tail, network, is_full, counts, room, over, seen
):  # fmt: skip
    """Write what was seen, in the order of `SEEN`, and into `over` how many of each of `BLOCKS` are beyond p99.

    Unless `is_full` only throughput, what is known of whole batches, and latency. `counts` are histograms of `PLACES`
    zeros; all but that of latency are zeros again afterwards. `room` has two rows of a number for each request. With
    `is_full` waits overwrite `latency` in the end: the less memory is touched, the more of it stays in the cache.
    """
    seen[:] = math.nan
    over[:] = 0
    first, end, before, n = counted_window(began, latency, rejected, batches, sizes, count, warm_up, tail, network)
    seen[31] = rejected_inside(rejected, began, before, n)
    seen[0], seen[1] = n, end - first
    if n == 0:
        return
    seen[2] = span(began, rejected, batches, sizes, first, end, count, network)
    came, counted = began[before : before + n], latency[before : before + n]
    rows, row_sizes = batches[first:end], sizes[first:end]
    busy, model_sum, pre_sum = 0.0, 0.0, 0.0
    for batch in range(len(row_sizes)):
        busy += rows[batch, DONE] - rows[batch, DISPATCH]
        model_sum += rows[batch, MODEL] * row_sizes[batch]
        pre_sum += rows[batch, HOST] * row_sizes[batch]
    seen[3], seen[4], seen[5], seen[6] = busy, sum_of(counted) / n, model_sum / n, pre_sum / n
    tally(counted.view(np.int64), counts[WHOLE])
    five = np.array([rank_of(n, P50), rank_of(n, P90), rank_of(n, P95), rank_of(n, P99), rank_of(n, P999)])
    if is_full:
        # Ascending, for all but a few requests: then the ranks around are those themselves.
        reach = max(1, int(n * AROUND))
        above, under = min(five[0] + reach, five[1]), max(five[3] - reach, five[2])
        ranks = np.array([
            max(1, five[0] - reach), five[0], above, five[1], five[2], under, five[3], min(five[3] + reach, five[4]),
            five[4],
        ])  # fmt: skip
        around = np.empty(9)
        noted = rank_around(counted, counts[WHOLE], ranks, room, around)
        seen[9], seen[10], seen[11], seen[12], seen[13] = around[1], around[3], around[4], around[6], around[8]
        split_around(came, counted, rows, row_sizes, network, around, noted, seen)
        rank_batches(rows, row_sizes, five, counts[MODELLED], room[0], seen)
    else:
        rank_values(counted, counts[WHOLE], five, room[0], seen[9:14])
    count_over(counted, row_sizes, seen[12], over)
    if is_full:
        rank_waits(came, rows, row_sizes, five, counts, counted, room[0], seen)
    for at in range(5):
        if n * (1.0 - (P50, P90, P95, P99, P999)[at]) < 1.0 - 1e-9:
            seen[9 + at], seen[14 + at] = math.nan, math.nan


def rank_values(values, counts, ranks, room, found):
    """Write the values of ascending ranks; `counts` is their histogram."""
    places, slots, within, ends, _ = slots_of(counts, ranks)
    if ends[-1] > 0:
        gather(values, values.view(np.int64), places, room, ends.copy())
    pick_all(room, slots, within, ends, found)


def rank_around(values, counts, ranks, room, found):
    """Write the values of the ranks around p50 and p99, and of those between; return which may lie around them."""
    places, slots, within, ends, stands = slots_of(counts, ranks)
    for half in range(2):
        for place in range(stands[5 * half], stands[5 * half + 2] + 1):
            places[place] = places[place] if places[place] > 0 else NOTED
    noted = room[1].view(np.int64)
    count = gather_and_note(values, values.view(np.int64), places, room[0], ends.copy(), noted)
    pick_all(room[0], slots, within, ends, found)
    return noted[:count]


def rank_waits(began, batches, sizes, five, counts, queued, formed, seen):
    """Write what requests waited: means, p50 and p99.

    Who came before the worker was free has queued, each for a time of its own, and then the batch formed for as long
    for all of them; who came later has not queued, and the batch formed from then on. `queued` and `formed` are room
    for a number for each request.
    """
    n, request, in_queue, in_batch = len(began), np.uint64(0), np.uint64(0), np.uint64(0)
    formed_sum, alike = 0.0, np.empty(1)
    bits = alike.view(np.int64)
    for batch in range(len(sizes)):
        free, dispatch = batches[batch, FREE], batches[batch, DISPATCH]
        size, here = np.uint64(sizes[batch]), np.uint64(0)
        if began[request + size - np.uint64(1)] < free:
            here = size
        elif began[request] < free:
            for at in range(size):
                here += np.uint64(began[request + at] < free)
        # A multiple of 16 takes vector instructions alone; what is beyond is written over by the next batch.
        end = here if here < np.uint64(2) else min((here + np.uint64(15)) & ~np.uint64(15), np.uint64(n) - request)
        for at in range(end):
            queued[in_queue + at] = free - began[request + at]
        if here > 0:
            alike[0] = dispatch - free
            formed_sum += alike[0] * here
            counts[FORMED, place_of(bits[0])] += np.int64(here)
        for at in range(here, size):
            formed[in_batch + at - here] = dispatch - began[request + at]
        in_queue += here
        in_batch += size - here
        request += size
    queued, formed = queued[:in_queue], formed[:in_batch]
    tally(queued.view(np.int64), counts[QUEUED])
    tally(formed.view(np.int64), counts[FORMED])
    counts[QUEUED, 0] += n - len(queued)
    seen[7], seen[8] = sum_of(queued) / n, (formed_sum + sum_of(formed)) / n
    two = np.array([five[0], five[3]])
    places, slots, within, ends, _ = slots_of(counts[QUEUED], two)
    chosen, filled = np.empty(ends[-1]), ends.copy()
    if ends[-1] > 0:
        gather(queued, queued.view(np.int64), places, chosen, filled)
    pick_all(chosen, slots, within, ends, seen[19:21])
    places, slots, within, ends, _ = slots_of(counts[FORMED], two)
    chosen, filled = np.empty(ends[-1]), ends.copy()
    if ends[-1] > 0:
        gather(formed, formed.view(np.int64), places, chosen, filled)
        at = 0
        for batch in range(len(sizes)):
            free, end = batches[batch, FREE], at + sizes[batch]
            alike[0] = batches[batch, DISPATCH] - free
            slot = places[place_of(bits[0])]
            while slot > 0 and at < end and began[at] < free:
                chosen[filled[slot - 1]] = alike[0]
                filled[slot - 1] += 1
                at += 1
            at = end
    pick_all(chosen, slots, within, ends, seen[21:23])
    counts[QUEUED], counts[FORMED] = 0, 0


def rank_batches(batches, sizes, five, counts, room, seen):
    """Write percentiles of what batches took, each of which counts as often as it has requests."""
    one = np.empty(1)
    bits = one.view(np.int64)
    for batch in range(len(sizes)):
        one[0] = batches[batch, MODEL]
        counts[place_of(bits[0])] += sizes[batch]
    places, slots, within, ends, _ = slots_of(counts, five)
    # Where times are not drawn all in a bucket are the same one: nothing is left to pick.
    least, most = np.full(len(ends), math.inf), np.full(len(ends), -math.inf)
    for batch in range(len(sizes)):
        one[0] = batches[batch, MODEL]
        slot = places[place_of(bits[0])]
        least[slot] = min(least[slot], one[0])
        most[slot] = max(most[slot], one[0])
    if (least[1:] >= most[1:]).all():
        for at in range(len(five)):
            seen[14 + at] = least[slots[at]] if slots[at] > 0 else 0.0
        counts[:] = 0
        return
    filled = ends.copy()
    for batch in range(len(sizes)):
        one[0] = batches[batch, MODEL]
        slot = places[place_of(bits[0])]
        for _ in range(sizes[batch] if slot > 0 else 0):
            room[filled[slot - 1]] = one[0]
            filled[slot - 1] += 1
    pick_all(room, slots, within, ends, seen[14:19])
    counts[:] = 0


def split_around(began, latency, batches, sizes, network, around, noted, seen):
    """Write what the latency of requests near p50 and p99 was made of.

    `around` holds the ends of both, and `noted` says which requests may lie between them, ascending.
    """
    parts, batch, end = np.zeros((2, 5)), -1, 0
    for at in noted:
        while at >= end:
            batch += 1
            end += sizes[batch]
        free, dispatch = batches[batch, FREE], batches[batch, DISPATCH]
        for half in range(2):
            if around[5 * half] <= latency[at] <= around[5 * half + 2]:
                parts[half, 0] += batches[batch, HOST]
                parts[half, 1] += batches[batch, MODEL]
                parts[half, 2] += max(0.0, free - began[at])
                parts[half, 3] += dispatch - max(began[at], free)
                parts[half, 4] += latency[at] - network
    for half in range(2):
        # The requests around a percentile are not exactly as slow as it: their parts are made to add up to it.
        whole = seen[9] if half == 0 else seen[12]
        scale = (whole - network) / parts[half, 4] if parts[half, 4] > 0.0 else 0.0
        for part in range(4):
            seen[23 + 4 * half + part] = parts[half, part] * scale


def count_over(latency, sizes, limit, over):
    """Count the requests above a limit in each of `BLOCKS`."""
    at, n = 0, len(latency)
    for batch in range(len(sizes)):
        request, end = at, at + sizes[batch]
        while request < end and latency[request] > limit:
            over[request * BLOCKS // n] += 1
            request += 1
        at = end
