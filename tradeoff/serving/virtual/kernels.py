"""The virtual clock's inner loops, in the part of Python that numba compiles.

`open_path` is the recursion for requests that come whatever happens and always find a place: batches leave in the
order of their oldest requests, each from the worker that is free first, so that no calendar of events is needed. The
idea is known for queues without batches (Ebert, Wu, Mengersen and Ruggeri, *Computationally efficient simulation of
queues: the R package queuecomputer*, Journal of Statistical Software 95(5), 2020). `event_path` is the machine of
`tradeoff.serving.batching` over arrays: limits of places, closed loops, a batch for each worker.

All times are in ms. Both stop at a size whose times have not been drawn yet, and return it. What a batch costs is
looked up as `tradeoff.serving.costs.Table.ms` says, in place: handing six arrays to a function of its own counts their
references up and down, and cost 30 ns a batch where all the rest takes 4.
"""

from __future__ import annotations

import math

import numpy as np

from tradeoff.stats.histogram import BUCKETS, FIRST, LOWEST, SHIFT

FREE, DISPATCH, DONE, HOST, MODEL = range(5)
"""Columns of the table of batches."""

P50, P90, P95, P99, P999 = 0.50, 0.90, 0.95, 0.99, 0.999

SEEN = (
    "n", "batches", "duration", "busy", "latency_mean", "model_mean", "pre_mean", "queue_wait_mean", "batch_wait_mean",
    "latency_p50", "latency_p90", "latency_p95", "latency_p99", "latency_p999",
    "model_p50", "model_p90", "model_p95", "model_p99", "model_p999",
    "queue_wait_p50", "queue_wait_p99", "batch_wait_p50", "batch_wait_p99",
    "at_p50_pre", "at_p50_model", "at_p50_queue_wait", "at_p50_batch_wait",
    "at_p99_pre", "at_p99_model", "at_p99_queue_wait", "at_p99_batch_wait",
)  # fmt: skip
"""What `summarise` writes, in order; times in ms."""

AROUND = 0.0025
"""Requests around a percentile: ranks to either side, as a share of all."""


def open_path(arrivals, size, wait, free, host, table, uniforms, batches, sizes, in_flight):
    """Serve requests that always find a place; returns batches, requests served, and a size without times or 0.

    `free` says when each worker is free, ascending, and is kept so: the first is the next one, and those under way are
    at the end.
    """
    times, low_at, low_n, high_at, high_n, weight = table
    n, workers = len(arrivals), len(free)
    head, count = 0, 0
    while head < n:
        under_way = 1
        leaves = arrivals[head] + wait
        if wait > 0.0 and head + size <= n:
            leaves = min(leaves, arrivals[head + size - 1])
        dispatch = max(free[0], leaves)
        if dispatch == math.inf:
            break
        k = 1
        most = min(size, n - head)
        while k < most and arrivals[head + k] <= dispatch:
            k += 1
        at = workers - 1
        while at > 0 and free[at] > dispatch:
            under_way += 1
            at -= 1
        row = min(under_way, weight.shape[0]) - 1
        drawn = high_n[row, k]
        if drawn == 0:
            return count, head, k
        model = times[high_at[row, k] + min(drawn - 1, int(uniforms[count] * drawn))]
        part = weight[row, k]
        if part != 1.0:
            drawn = low_n[row, k]
            low = times[low_at[row, k] + min(drawn - 1, int(uniforms[count] * drawn))]
            model = low + (model - low) * part
        done = dispatch + host[k] + model
        batches[count, FREE] = free[0]
        batches[count, DISPATCH] = dispatch
        batches[count, DONE] = done
        batches[count, HOST] = host[k]
        batches[count, MODEL] = model
        sizes[count] = k
        in_flight[count] = under_way
        at = 1
        while at < workers and free[at] < done:
            free[at - 1] = free[at]
            at += 1
        free[at - 1] = done
        head += k
        count += 1
    return count, head, 0


def push(heap_time, heap_number, count, time, number):
    """Put a request into a heap ordered by time, then by number."""
    at = count
    while at > 0:
        up = (at - 1) >> 1
        if heap_time[up] < time or (heap_time[up] == time and heap_number[up] < number):
            break
        heap_time[at], heap_number[at] = heap_time[up], heap_number[up]
        at = up
    heap_time[at], heap_number[at] = time, number


def pop(heap_time, heap_number, count):
    """Take the first request out of a heap of `count`."""
    last = count - 1
    time, number = heap_time[last], heap_number[last]
    at = 0
    while True:
        down = 2 * at + 1
        if down >= last:
            break
        right = down + 1
        if right < last and (
            heap_time[right] < heap_time[down]
            or (heap_time[right] == heap_time[down] and heap_number[right] < heap_number[down])
        ):
            down = right
        if time < heap_time[down] or (time == heap_time[down] and number < heap_number[down]):
            break
        heap_time[at], heap_number[at] = heap_time[down], heap_number[down]
        at = down
    heap_time[at], heap_number[at] = time, number


def event_path(
    arrivals, given, clients, network, size, wait, workers, limit, per_worker, host, table, uniforms,
    batches, sizes, in_flight, began, numbers, rejected,
):  # fmt: skip
    """Serve requests one by one.

    Open loop when `clients` is 0: requests come at the times that are `given`. Closed loop otherwise: it says how long
    the client of each request thinks before it, and as many requests are asked for in all. A `limit` below 0 is none.
    Writes when each request came into `arrivals`.

    Returns batches, requests served, requests rejected, requests that wait for ever, and a size without times or 0.
    """
    times, low_at, low_n, high_at, high_n, weight = table
    closed, n = clients > 0, len(given)
    room = min(n, clients) + 1
    heap_time, heap_number = np.empty(room), np.empty(room, dtype=np.int64)
    coming, asked = 0, 0
    while closed and asked < min(clients, n):
        push(heap_time, heap_number, coming, given[asked], asked)
        coming += 1
        asked += 1
    free, done = np.zeros(workers), np.full(workers, math.inf)
    leaves, held = np.full(workers, math.inf), np.zeros(workers, dtype=np.int64)
    held_time, held_number = np.empty((workers, size)), np.empty((workers, size), dtype=np.int64)
    line, forming = np.arange(workers), np.zeros(workers, dtype=np.int64)
    in_line, n_forming = workers, 0
    queue_time, queue_number = np.empty(n), np.empty(n, dtype=np.int64)
    queue_head, queue_end = 0, 0
    count, served, n_rejected = 0, 0, 0
    while True:
        freed = 0
        for worker in range(1, workers):
            if done[worker] < done[freed]:
                freed = worker
        next_free = done[freed]
        next_arrival = math.inf
        if closed and coming > 0:
            next_arrival = heap_time[0]
        elif not closed and asked < n:
            next_arrival = given[asked]
        leaving, place = math.inf, -1
        for at in range(n_forming):
            if leaves[forming[at]] < leaving:
                leaving, place = leaves[forming[at]], at
        if next_free == math.inf and next_arrival == math.inf and leaving == math.inf:
            break
        if next_free <= next_arrival and next_free <= leaving:
            worker = freed
            free[worker] = next_free
            done[worker] = math.inf
            held[worker] = 0
            while queue_head < queue_end and held[worker] < size:
                held_time[worker, held[worker]] = queue_time[queue_head]
                held_number[worker, held[worker]] = queue_number[queue_head]
                held[worker] += 1
                queue_head += 1
            if held[worker] > 0:
                forming[n_forming] = worker
                n_forming += 1
                leaves[worker] = held_time[worker, 0] + wait
                if held[worker] == size:
                    leaves[worker] = min(leaves[worker], held_time[worker, size - 1])
                leaves[worker] = max(free[worker], leaves[worker])
            if held[worker] < size:
                line[in_line] = worker
                in_line += 1
        elif next_arrival <= leaving:
            now = next_arrival
            if closed:
                number = heap_number[0]
                pop(heap_time, heap_number, coming)
                coming -= 1
            else:
                number = asked
                asked += 1
            arrivals[number] = now
            worker = line[0] if in_line > 0 else -1
            has_place = limit < 0
            if not has_place and worker >= 0:
                oldest = held_time[worker, 0] if held[worker] > 0 else now
                has_place = held[worker] + 1 == size or oldest + wait <= now
            if not has_place:
                stay = queue_end - queue_head
                for at in range(n_forming):
                    if leaves[forming[at]] > now:
                        stay += held[forming[at]]
                has_place = stay < limit
            if not has_place:
                rejected[n_rejected] = now
                n_rejected += 1
                if closed and asked < n:
                    push(heap_time, heap_number, coming, now + network + given[asked], asked)
                    coming += 1
                    asked += 1
            elif worker < 0:
                queue_time[queue_end], queue_number[queue_end] = now, number
                queue_end += 1
            else:
                if held[worker] == 0:
                    forming[n_forming] = worker
                    n_forming += 1
                held_time[worker, held[worker]] = now
                held_number[worker, held[worker]] = number
                held[worker] += 1
                leaves[worker] = held_time[worker, 0] + wait
                is_full = held[worker] == size
                if is_full:
                    leaves[worker] = min(leaves[worker], now)
                leaves[worker] = max(free[worker], leaves[worker])
                if is_full or per_worker:
                    for at in range(1, in_line):
                        line[at - 1] = line[at]
                    in_line -= 1
                if per_worker and not is_full:
                    line[in_line] = worker
                    in_line += 1
        else:
            worker = forming[place]
            n_forming -= 1
            for at in range(place, n_forming):
                forming[at] = forming[at + 1]
            if held[worker] < size:
                at = 0
                while line[at] != worker:
                    at += 1
                in_line -= 1
                for later in range(at, in_line):
                    line[later] = line[later + 1]
            k, under_way = held[worker], 1
            for other in range(workers):
                if leaving < done[other] < math.inf:
                    under_way += 1
            row = min(under_way, weight.shape[0]) - 1
            drawn = high_n[row, k]
            if drawn == 0:
                return count, served, n_rejected, 0, k
            model = times[high_at[row, k] + min(drawn - 1, int(uniforms[count] * drawn))]
            part = weight[row, k]
            if part != 1.0:
                drawn = low_n[row, k]
                low = times[low_at[row, k] + min(drawn - 1, int(uniforms[count] * drawn))]
                model = low + (model - low) * part
            end = leaving + host[k] + model
            batches[count, FREE] = free[worker]
            batches[count, DISPATCH] = leaving
            batches[count, DONE] = end
            batches[count, HOST] = host[k]
            batches[count, MODEL] = model
            sizes[count] = k
            in_flight[count] = under_way
            for at in range(k):
                began[served] = held_time[worker, at]
                numbers[served] = held_number[worker, at]
                served += 1
                if closed and asked < n:
                    push(heap_time, heap_number, coming, end + network + given[asked], asked)
                    coming += 1
                    asked += 1
            done[worker] = end
            leaves[worker] = math.inf
            held[worker] = 0
            count += 1
    left = queue_end - queue_head
    for at in range(n_forming):
        left += held[forming[at]]
    return count, served, n_rejected, left, 0


def rank_of(n, p):
    """Return the rank of a percentile: the smallest k with k / n >= p."""
    return min(n, max(1, math.ceil(n * p - 1e-9)))


def pick(values, rank):
    """Return the value of a rank, counted from 1; changes the order of the values (Hoare's selection)."""
    low, high, at = 0, len(values) - 1, rank - 1
    while low < high:
        pivot = values[(low + high) >> 1]
        left, right = low, high
        while left <= right:
            while values[left] < pivot:
                left += 1
            while values[right] > pivot:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if at <= right:
            high = right
        elif at >= left:
            low = left
        else:
            break
    return values[at]


def order_statistics(values, weights, ranks, counts, room, found):
    """Write the values of ascending ranks, counted from 1; each value counts `weights` times, once without them.

    A histogram says in which bucket a rank is (see `tradeoff.stats.histogram`), a pick from it which value it is. What
    lies below the histogram's range, under a nanosecond, is 0. `counts` holds zeros, before and after; `room` is
    scratch.
    """
    bits = values.view(np.int64)
    weighted = len(weights) > 0
    first, last, below = BUCKETS, -1, 0
    for at in range(len(values)):
        weight = weights[at] if weighted else 1
        if values[at] >= LOWEST:
            bucket = min((bits[at] >> SHIFT) - FIRST, BUCKETS - 1)
            counts[bucket] += weight
            first, last = min(first, bucket), max(last, bucket)
        else:
            below += weight
    slots, within = np.zeros(len(ranks), dtype=np.int64), ranks - below
    ends = np.zeros(len(ranks) + 1, dtype=np.int64)
    at, taken, passed = 0, 0, 0
    while at < len(ranks) and within[at] <= 0:
        at += 1
    for bucket in range(first, last + 1):
        here = counts[bucket]
        counts[bucket] = 0  # from here on: the slot of those that are picked from
        if at < len(ranks) and within[at] <= passed + here:
            taken += 1
            counts[bucket] = taken
            ends[taken] = ends[taken - 1] + here
            while at < len(ranks) and within[at] <= passed + here:
                slots[at] = taken
                within[at] -= passed
                at += 1
        passed += here
    filled = ends.copy()
    if taken > 0:
        for at in range(len(values)):
            if values[at] >= LOWEST:
                slot = counts[min((bits[at] >> SHIFT) - FIRST, BUCKETS - 1)]
                if slot > 0:
                    for _ in range(weights[at] if weighted else 1):
                        room[filled[slot - 1]] = values[at]
                        filled[slot - 1] += 1
    for at in range(len(ranks)):
        found[at] = pick(room[ends[slots[at] - 1] : ends[slots[at]]], within[at]) if slots[at] > 0 else 0.0
    if last >= 0:
        counts[first : last + 1] = 0


def window(sizes, count, warm_up, tail):
    """Return the batches that count: those after `warm_up` requests and before the last `tail`; first and end."""
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


def summarise(began, batches, sizes, count, warm_up, tail, network, is_full, room, counts, seen):
    """Write what was seen, in the order of `SEEN`; `room` has four rows of a number for each request.

    Only latency and throughput unless `is_full`.
    """
    seen[:] = math.nan
    first, end, request = window(sizes, count, warm_up, tail)
    n = 0
    latency, queued, formed, scratch = room
    busy, model_sum, pre_sum, latency_sum, queued_sum, formed_sum = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    last_done = 0.0
    for batch in range(first, end):
        free, dispatch, done = batches[batch, FREE], batches[batch, DISPATCH], batches[batch, DONE]
        busy += done - dispatch
        last_done = max(last_done, done)
        model_sum += batches[batch, MODEL] * sizes[batch]
        pre_sum += batches[batch, HOST] * sizes[batch]
        for _ in range(sizes[batch]):
            arrival = began[request]
            latency[n] = done - arrival + network
            queued[n] = max(0.0, free - arrival)
            formed[n] = dispatch - max(arrival, free)
            latency_sum += latency[n]
            queued_sum += queued[n]
            formed_sum += formed[n]
            request += 1
            n += 1
    seen[0], seen[1] = n, end - first
    if n == 0:
        return
    start = batches[first, DISPATCH] if first > 0 else began[0]
    seen[2] = (batches[end, DISPATCH] if end < count else last_done) - start
    seen[3] = busy
    seen[4], seen[5], seen[6] = latency_sum / n, model_sum / n, pre_sum / n
    seen[7], seen[8] = queued_sum / n, formed_sum / n
    reach = max(1, int(n * AROUND))
    middle, late = rank_of(n, P50), rank_of(n, P99)
    five = np.array([middle, rank_of(n, P90), rank_of(n, P95), late, rank_of(n, P999)])
    # Ascending, for all but a few requests: then the ranks around are those themselves.
    above, under = min(middle + reach, five[1]), max(late - reach, five[2])
    ranks = np.array([
        max(1, middle - reach), middle, above, five[1], five[2], under, late, min(late + reach, five[4]), five[4],
    ])  # fmt: skip
    around, unweighted = np.empty(9), sizes[:0]
    order_statistics(latency[:n], unweighted, ranks, counts, scratch, around)
    seen[9], seen[10], seen[11], seen[12], seen[13] = around[1], around[3], around[4], around[6], around[8]
    if is_full:
        model = batches[first:end, MODEL].copy()
        order_statistics(model, sizes[first:end], five, counts, scratch, seen[14:19])
        order_statistics(queued[:n], unweighted, five[::3], counts, scratch, seen[19:21])
        order_statistics(formed[:n], unweighted, five[::3], counts, scratch, seen[21:23])
        parts = np.zeros((2, 6))
        at = 0
        for batch in range(first, end):
            for _ in range(sizes[batch]):
                for half in range(2):
                    if around[5 * half] <= latency[at] <= around[5 * half + 2]:
                        parts[half, 0] += batches[batch, HOST]
                        parts[half, 1] += batches[batch, MODEL]
                        parts[half, 2] += queued[at]
                        parts[half, 3] += formed[at]
                        parts[half, 4] += latency[at] - network
                at += 1
        for half in range(2):
            # The requests around a percentile are not exactly as slow as it: their parts are made to add up to it.
            whole = seen[9] if half == 0 else seen[12]
            scale = (whole - network) / parts[half, 4] if parts[half, 4] > 0.0 else 0.0
            for part in range(4):
                seen[23 + 4 * half + part] = parts[half, part] * scale
    for at in range(5):
        if n * (1.0 - (P50, P90, P95, P99, P999)[at]) < 1.0 - 1e-9:
            seen[9 + at], seen[14 + at] = math.nan, math.nan


def run_open(points, requests, unit, host, table, uniforms, is_full, seen, outcome, start, stop):
    """Serve the open-loop points from `start` to `stop`, one after the other; returns the first not done, and a size.

    A row of `points` and of `requests` is laid out as `tradeoff.serving.virtual.grid.Grid` says; `unit` are arrivals
    before they are stretched.
    """
    most = len(unit)
    arrivals, batches, room = np.empty(most), np.empty((most, 5)), np.empty((4, most))
    sizes, in_flight = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    counts = np.zeros(BUCKETS, dtype=np.int64)
    for at in range(start, stop):
        n, scale = requests[at, 0], points[at, 0]
        for request in range(n):
            arrivals[request] = unit[request] * scale
        count, served, missing = open_path(
            arrivals[:n], int(points[at, 1]), points[at, 2], np.zeros(int(points[at, 3])), host[int(points[at, 6])],
            table, uniforms, batches, sizes, in_flight,
        )  # fmt: skip
        if missing > 0:
            return at, missing
        summarise(
            arrivals, batches, sizes, count, requests[at, 1], requests[at, 2], points[at, 7], is_full, room, counts,
            seen[at],
        )  # fmt: skip
        outcome[at, 0], outcome[at, 1], outcome[at, 2] = served, 0, n - served
    return stop, 0


def run_events(points, requests, unit, host, table, uniforms, is_full, seen, outcome, start, stop):
    """Serve points that need the machine, as `run_open` does the others; in closed loops `unit` are times to think."""
    most = len(unit)
    arrivals, batches, room = np.empty(most), np.empty((most, 5)), np.empty((4, most))
    sizes, in_flight = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    began, numbers, rejected = np.empty(most), np.empty(most, dtype=np.int64), np.empty(most)
    counts = np.zeros(BUCKETS, dtype=np.int64)
    for at in range(start, stop):
        n, scale = requests[at, 0], points[at, 0]
        given = unit[:n] * scale
        count, served, n_rejected, left, missing = event_path(
            arrivals[:n], given, int(points[at, 8]), points[at, 7], int(points[at, 1]), points[at, 2],
            int(points[at, 3]), int(points[at, 4]), points[at, 5] > 0.0, host[int(points[at, 6])], table, uniforms,
            batches, sizes, in_flight, began, numbers, rejected,
        )  # fmt: skip
        if missing > 0:
            return at, missing
        # Of requests that were not rejected as large a share is left out as of all.
        warm_up, tail = requests[at, 1] * (n - n_rejected) // n, requests[at, 2] * (n - n_rejected) // n
        summarise(began, batches, sizes, count, warm_up, tail, points[at, 7], is_full, room, counts, seen[at])
        outcome[at, 0], outcome[at, 1], outcome[at, 2] = served, n_rejected, left
    return stop, 0


COMPILED = (
    "open_path", "push", "pop", "event_path", "pick", "order_statistics", "rank_of", "window", "summarise",
    "run_open", "run_events",
)  # fmt: skip
"""What is compiled, each after those that it calls."""
