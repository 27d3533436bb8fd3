"""Many points, one after the other."""

from __future__ import annotations

import numpy as np

from tradeoff.serving.virtual.kernels.closed_loop import closed_path
from tradeoff.serving.virtual.kernels.events import event_path
from tradeoff.serving.virtual.kernels.layout import CLOSED, OPEN
from tradeoff.serving.virtual.kernels.open_loop import open_path
from tradeoff.serving.virtual.kernels.order import PLACES
from tradeoff.serving.virtual.kernels.seen import summarise


def run_points(points, requests, unit, host, table, uniforms, is_full, seen, outcome, start, stop):
    """Serve points from `start` to `stop` and summarise each; returns the first not done, and a size without times.

    A row of `points` and of `requests` is laid out as `tradeoff.serving.virtual.grid.Point` says; `unit` are arrivals,
    or times to think, before they are stretched.
    """
    most = len(unit)
    stretched, batches = np.empty(most), np.empty((most, 5))
    sizes, in_flight = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    latency, room, counts = np.empty(most), np.empty((3, most)), np.zeros(PLACES, dtype=np.int64)
    answered, rejected, numbers = np.empty(most), np.empty(most), np.empty(0, dtype=np.int64)
    for at in range(start, stop):
        n = requests[at, 0]
        scale, size, wait = points[at, 0], int(points[at, 1]), points[at, 2]
        network, clients, which = points[at, 7], int(points[at, 8]), int(points[at, 9])
        costs = host[int(points[at, 6])]
        given, began = stretched[:n], answered
        for request in range(n):
            given[request] = unit[request] * scale
        n_rejected, left, free = 0, 0, np.zeros(int(points[at, 3]))
        if which == OPEN:
            began = stretched
            count, served, missing = open_path(
                given, network, size, wait, free, costs, table, uniforms, batches, sizes, in_flight, latency
            )
            left = n - served
        elif which == CLOSED:
            count, served, left, missing = closed_path(
                given, network, size, wait, free, costs, table, uniforms, batches, sizes, in_flight, latency,
                clients, began, numbers,
            )  # fmt: skip
        else:
            count, served, n_rejected, left, missing = event_path(
                given, network, size, wait, free, costs, table, uniforms, batches, sizes, in_flight, latency,
                clients, int(points[at, 4]), points[at, 5] > 0.0, began, numbers, rejected,
            )  # fmt: skip
        if missing > 0:
            return at, missing
        # Of requests that were not rejected as large a share is left out as of all.
        warm_up, tail = requests[at, 1] * (n - n_rejected) // n, requests[at, 2] * (n - n_rejected) // n
        summarise(
            began[:served], latency, rejected[:n_rejected], batches, sizes, count, warm_up, tail, network, is_full,
            room, counts, seen[at],
        )  # fmt: skip
        outcome[at, 0], outcome[at, 1], outcome[at, 2] = served, n_rejected, left
    return stop, 0
