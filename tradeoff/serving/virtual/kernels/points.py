"""One point: its path, and what was seen of it."""

from __future__ import annotations

import numpy as np

from tradeoff.serving.virtual.kernels.closed_loop import closed_path
from tradeoff.serving.virtual.kernels.events import event_path
from tradeoff.serving.virtual.kernels.layout import CLOSED, OPEN
from tradeoff.serving.virtual.kernels.open_loop import open_path
from tradeoff.serving.virtual.kernels.seen import summarise


def run_point(
    point, request, given, free, host, table, uniforms, batches, sizes, in_flight, latency, marks, began,
    rejected, heap_time, heap_number, state, is_full, counts, room, over, seen, outcome,
):  # fmt: skip
    """Serve a point and summarise it; returns a size without times, or 0 when it is done.

    `point` and `request` are laid out as `tradeoff.serving.virtual.grid.Point` says; `given` are arrivals, or times to
    think. Called again with the same arrays it goes on from where it has stopped.
    """
    n, nobody = len(given), np.empty(0, dtype=np.int64)
    size, wait, network, clients, which = int(point[1]), point[2], point[7], int(point[8]), int(point[9])
    n_rejected, left = 0, 0
    if which == OPEN:
        count, served, missing = open_path(
            given, network, size, wait, free, host, table, uniforms, batches, sizes, in_flight, latency, marks
        )
        left = n - served
    elif which == CLOSED:
        count, served, left, missing = closed_path(
            given, network, size, wait, free, host, table, uniforms, batches, sizes, in_flight, latency, marks,
            clients, began, nobody, heap_time, heap_number,
        )  # fmt: skip
    else:
        count, served, n_rejected, left, missing = event_path(
            given, network, size, wait, free, host, table, uniforms, batches, sizes, in_flight, latency, marks,
            clients, int(point[4]), point[5] > 0.0, began, nobody, rejected, state,
        )  # fmt: skip
    if missing > 0:
        return missing
    # Of requests that were not rejected as large a share is left out as of all.
    warm_up, tail = request[1] * (n - n_rejected) // n, request[2] * (n - n_rejected) // n
    came = given if which == OPEN else began
    summarise(
        came[:served], latency, rejected[:n_rejected], batches, sizes, count, warm_up, tail, network, is_full, counts,
        room, over, seen,
    )  # fmt: skip
    outcome[0], outcome[1], outcome[2] = served, n_rejected, left
    return 0
