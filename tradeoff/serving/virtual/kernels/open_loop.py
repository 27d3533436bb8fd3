"""Requests that come whatever happens and always find a place.

Batches leave in the order of their oldest requests, each from the worker that is free first, so that no calendar of
events is needed. The idea is known for queues without batches (Ebert, Wu, Mengersen and Ruggeri, *Computationally
efficient simulation of queues: the R package queuecomputer*, Journal of Statistical Software 95(5), 2020).
"""

from __future__ import annotations

import math

import numpy as np

from tradeoff.serving.virtual.kernels.layout import DISPATCH, DONE, FREE, HOST, MODEL


def open_path(
    arrivals, network, size, wait, free, host, table, uniforms, batches, sizes, in_flight, latency, marks
):  # fmt: skip
    """Serve them; returns batches, requests served, and a size without times or 0.

    `free` says when each worker is free, ascending, and is kept so. What is not wanted is an empty array: `batches`,
    `sizes` and `in_flight`, of each batch, and `latency`, of each request. `marks` are `MARKS` zeros: how far it has
    come when it stops at a size without times, and goes on from when it is called again.
    """
    times, low_at, low_n, high_at, high_n, weight, page = table
    n, last, rows = len(arrivals), len(free) - 1, len(weight)
    keeps, tells = len(batches) > 0, len(latency) > 0
    head, count = marks[0], marks[1]
    while head < n:
        soonest = free[0]
        leaves = arrivals[head] + wait
        if wait > 0.0 and head + size <= n:
            leaves = min(leaves, arrivals[head + size - 1])
        dispatch = max(soonest, leaves)
        if dispatch == math.inf:
            break
        k, most = 1, min(size, n - head)
        if most >= 8 and arrivals[head + 7] <= dispatch:
            # They come in order: where the last of 32 is there, all are. Others are counted without a branch, for where
            # they end no processor can guess.
            k = 8
            while k + 32 <= most and arrivals[head + k + 31] <= dispatch:
                k += 32
            more = np.uint64(0)
            for at in range(np.uint64(head + k), np.uint64(head + min(k + 32, most))):
                more += np.uint64(arrivals[at] <= dispatch)
            k += np.int64(more)
        else:
            while k < most and arrivals[head + k] <= dispatch:
                k += 1
        under_way = 1
        if keeps or (rows > 1 and page == 0):
            for at in range(last):
                under_way += free[at + 1] > dispatch
        row = count // page if page > 0 else min(under_way, rows) - 1
        drawn = high_n[row, k] if row < rows else 0
        if drawn == 0:
            marks[0], marks[1] = head, count
            return count, head, k
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
        if tells:
            # A multiple of 16 takes vector instructions alone; what is beyond is written over by the next batch.
            end = head + k if k < 8 else min(head + (k + 15) // 16 * 16, n)
            for at in range(np.uint64(head), np.uint64(end)):
                latency[at] = done - arrivals[at] + network
        # Put in its place without a branch: which one that is no processor can guess.
        later = done
        for at in range(last):
            this = free[at + 1]
            free[at] = min(this, later)
            later = max(this, later)
        free[last] = later
        head += k
        count += 1
    return count, head, 0
