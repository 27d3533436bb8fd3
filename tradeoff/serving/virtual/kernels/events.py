"""Any policy and any load: the machine of `tradeoff.serving.batching` over arrays."""

from __future__ import annotations

import math

import numpy as np

from tradeoff.serving.virtual.kernels.heap import pop, push
from tradeoff.serving.virtual.kernels.layout import DISPATCH, DONE, FREE, HOST, MODEL


def event_state(n, clients, workers, size):
    """Return what `event_path` knows when it begins, and keeps: workers are free, and stand in line."""
    room = min(n, clients) + 1
    return (
        np.empty(room), np.empty(room, dtype=np.int64),  # who comes, and when
        np.full(workers, math.inf), np.full(workers, math.inf), np.zeros(workers, dtype=np.int64),
        np.empty((workers, size)), np.empty((workers, size), dtype=np.int64),  # who is held by which worker
        np.arange(workers), np.zeros(workers, dtype=np.int64),
        np.empty(n), np.empty(n, dtype=np.int64),  # who waits for a worker
    )  # fmt: skip


def event_path(
    given, network, size, wait, free, host, table, uniforms, batches, sizes, in_flight, latency, marks,
    clients, limit, per_worker, began, numbers, rejected, state,
):  # fmt: skip
    """Serve requests one by one.

    Open loop when `clients` is 0: requests come at the times that are `given`. Closed loop otherwise: it says how long
    the client of each request thinks before it, and as many requests are asked for in all. A `limit` below 0 is none.
    Writes what `closed_path` writes, and when requests came that were `rejected`. `state` is that of `event_state`, and
    is kept as `marks` are. Returns batches, requests served, requests rejected, requests that wait for ever, and a size
    without times or 0.
    """
    times, low_at, low_n, high_at, high_n, weight, page = table
    heap_time, heap_number, done, leaves, held, held_time, held_number, line, forming, queue_time, queue_number = state
    closed, n, workers, rows = clients > 0, len(given), len(free), len(weight)
    keeps, tells, names = len(batches) > 0, len(latency) > 0, len(numbers) > 0
    coming, asked, in_line, n_forming, queue_head = marks[0], marks[1], marks[2], marks[3], marks[4]
    queue_end, count, served, n_rejected, has_begun = marks[5], marks[6], marks[7], marks[8], marks[9]
    if has_begun == 0:
        in_line = workers
    while closed and asked < min(clients, n):
        push(heap_time, heap_number, coming, given[asked], asked)
        coming += 1
        asked += 1
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
            k, under_way = held[worker], 1
            for other in range(workers):
                if leaving < done[other] < math.inf:
                    under_way += 1
            row = count // page if page > 0 else min(under_way, rows) - 1
            drawn = high_n[row, k] if row < rows else 0
            if drawn == 0:
                marks[0], marks[1], marks[2], marks[3], marks[4] = coming, asked, in_line, n_forming, queue_head
                marks[5], marks[6], marks[7], marks[8], marks[9] = queue_end, count, served, n_rejected, 1
                return count, served, n_rejected, 0, k
            n_forming -= 1
            for at in range(place, n_forming):
                forming[at] = forming[at + 1]
            if k < size:
                at = 0
                while line[at] != worker:
                    at += 1
                in_line -= 1
                for later in range(at, in_line):
                    line[later] = line[later + 1]
            model = times[high_at[row, k] + min(drawn - 1, int(uniforms[count] * drawn))]
            part = weight[row, k]
            if part != 1.0:
                drawn = low_n[row, k]
                low = times[low_at[row, k] + min(drawn - 1, int(uniforms[count] * drawn))]
                model = low + (model - low) * part
            end = leaving + host[k] + model
            if keeps:
                batches[count, FREE] = free[worker]
                batches[count, DISPATCH] = leaving
                batches[count, DONE] = end
                batches[count, HOST] = host[k]
                batches[count, MODEL] = model
                sizes[count] = k
                in_flight[count] = under_way
            for at in range(k):
                began[served] = held_time[worker, at]
                if names:
                    numbers[served] = held_number[worker, at]
                if tells:
                    latency[served] = end - held_time[worker, at] + network
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
