"""Clients that think, ask, wait for the answer and think again, and always find a place.

The recursion of `open_path` holds: who asks next is known, because a batch is known to the end when it leaves, and
whoever it answers comes back after that. Clients who think are in a heap; those who have asked are in line.
"""

from __future__ import annotations

import math

from tradeoff.serving.virtual.kernels.heap import pop, push
from tradeoff.serving.virtual.kernels.layout import DISPATCH, DONE, FREE, HOST, MODEL


def closed_path(
    thinks, network, size, wait, free, host, table, uniforms, batches, sizes, in_flight, latency,
    marks, clients, began, numbers, heap_time, heap_number,
):  # fmt: skip
    """Serve as many requests as there are times to think.

    Parameters are as in `open_path`; the heap has room for all clients, and is kept as `marks` are. Writes, too, when
    each request came into `began`, which may be `latency` itself, and which it was into `numbers`, in the order of
    their batches. Returns batches, requests served, requests that wait for ever, and a size without times or 0.
    """
    times, low_at, low_n, high_at, high_n, weight, page = table
    n, last, rows = len(thinks), len(free) - 1, len(weight)
    keeps, tells, names = len(batches) > 0, len(latency) > 0, len(numbers) > 0
    thinking, asked, come, head, count = marks[0], marks[1], marks[2], marks[3], marks[4]
    while asked < min(clients, n):
        push(heap_time, heap_number, thinking, thinks[asked], asked)
        thinking += 1
        asked += 1
    while come > head or thinking > 0:
        soonest = free[0]
        first = began[head] if come > head else heap_time[0]
        dispatch = max(soonest, first + wait)
        # Whoever comes before a worker is free stands in line: nobody whom a later batch answers comes before.
        while thinking > 0 and (heap_time[0] <= soonest or (heap_time[0] <= dispatch and come - head < size)):
            began[come] = heap_time[0]
            if names:
                numbers[come] = heap_number[0]
            pop(heap_time, heap_number, thinking)
            thinking -= 1
            come += 1
        k = min(size, come - head)
        if k == size:
            dispatch = max(soonest, min(first + wait, began[head + size - 1]))
        elif dispatch == math.inf:
            return count, head, k, 0
        under_way = 1
        if keeps or (rows > 1 and page == 0):
            for at in range(last):
                under_way += free[at + 1] > dispatch
        row = count // page if page > 0 else min(under_way, rows) - 1
        drawn = high_n[row, k] if row < rows else 0
        if drawn == 0:
            marks[0], marks[1], marks[2], marks[3], marks[4] = thinking, asked, come, head, count
            return count, head, 0, k
        model = times[high_at[row, k] + min(drawn - 1, int(uniforms[count] * drawn))]
        part = weight[row, k]
        if part != 1.0:
            drawn = low_n[row, k]
            low = times[low_at[row, k] + min(drawn - 1, int(uniforms[count] * drawn))]
            model = low + (model - low) * part
        done = dispatch + host[k] + model
        if keeps:
            batches[count, FREE] = soonest
            batches[count, DISPATCH] = dispatch
            batches[count, DONE] = done
            batches[count, HOST] = host[k]
            batches[count, MODEL] = model
            sizes[count] = k
            in_flight[count] = under_way
        for at in range(head, head + k):
            if tells:
                latency[at] = done - began[at] + network
            if asked < n:
                push(heap_time, heap_number, thinking, done + network + thinks[asked], asked)
                thinking += 1
                asked += 1
        later = done
        for at in range(last):
            this = free[at + 1]
            free[at] = min(this, later)
            later = max(this, later)
        free[last] = later
        head += k
        count += 1
    return count, head, 0, 0
