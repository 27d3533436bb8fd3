"""Calls completed in a window over the window, its interval, and what follows from it. Calls that raised do not count.

A call that crosses an end of a window counts by the part of its time that lies inside.
Counted whole, a window of 200 ms and calls of 30 ms would give 6 calls or 7, never 6.7.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradeoff.stats.student import t_quantile
from tradeoff.timing.block import Block

_SLICES = 20
"""Batch means: enough slices for a t-interval, few enough that each outlasts the memory of the series."""


@dataclass(frozen=True)
class Rate:
    """Calls per second, with the interval of the batch means.

    Attributes
    ----------
    calls_per_s, lo, hi
        The rate over all windows, and its 95 % interval (NaN when there are too few slices).
    duration_s
        Length of all windows together.
    """

    calls_per_s: float
    lo: float
    hi: float
    duration_s: float


def completed_by(block: Block, times_ns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count calls served by each of the given times, those under way by the part of their time that has passed."""
    origin = int(block.submitted_ns.min())
    total = np.zeros(times_ns.shape[0])
    for which in np.unique(block.slot):
        mine = block.slot == which
        ends = np.column_stack((block.submitted_ns[mine] - origin, block.done_ns[mine] - origin)).ravel()
        served = ~block.failed[mine]
        after = np.cumsum(served)
        count = np.column_stack((after - served, after)).ravel()
        total += np.interp(times_ns - origin, ends.astype(np.float64), count.astype(np.float64))
    return total


def rate(blocks: Sequence[Block]) -> Rate:
    """Rate at which calls completed while all slots had one in flight.

    The interval is Student's, on the rates of equal slices of the windows, about twenty in all (batch means).
    """
    windows = [block for block in blocks if len(block) and block.window_ns[1] > block.window_ns[0]]
    if not windows:
        return Rate(math.nan, math.nan, math.nan, 0.0)
    cuts = max(1, math.ceil(_SLICES / len(windows)))
    rates, completed, duration_ns = [], 0.0, 0.0
    for block in windows:
        start, end = block.window_ns
        edges = np.linspace(start, end, cuts + 1)
        counts = np.diff(completed_by(block, edges))
        rates.append(counts / np.diff(edges) * 1e9)
        completed, duration_ns = completed + float(counts.sum()), duration_ns + (end - start)
    overall = completed / duration_ns * 1e9
    slices = np.concatenate(rates)
    half = math.nan
    if slices.shape[0] >= _SLICES // 2:
        half = t_quantile(0.975, slices.shape[0] - 1) * float(slices.std(ddof=1)) / math.sqrt(slices.shape[0])
    return Rate(overall, max(0.0, overall - half) if half == half else math.nan, overall + half, duration_ns / 1e9)


def in_flight_mean(blocks: Sequence[Block]) -> float:
    """Average number of calls in flight over the windows: rate times latency, by Little's law.

    Measured as time in flight inside the windows over their length. Rate times the mean of whole latencies would add
    what a long call spends beyond the end of its window.
    """
    inside, total = 0.0, 0.0
    for block in blocks:
        start, end = block.window_ns
        if not len(block) or end <= start:
            continue
        began, ended = np.clip(block.submitted_ns, start, end), np.clip(block.done_ns, start, end)
        inside, total = inside + float((ended - began).sum()), total + (end - start)
    return inside / total if total else math.nan


def busy_share(blocks: Sequence[Block]) -> float:
    """Share of the windows in which the device worked on at least one call."""
    busy, _, total = _device_time(blocks)
    return busy / total if total else math.nan


def overlap(blocks: Sequence[Block]) -> float:
    """Device time of all calls over the time in which the device worked on at least one: 1 when they take turns."""
    busy, of_all, _ = _device_time(blocks)
    return of_all / busy if busy else math.nan


def _device_time(blocks: Sequence[Block]) -> tuple[float, float, float]:
    """Time in which the device was busy, device time of all calls, and length, of the windows."""
    busy, of_all, total = 0.0, 0.0, 0.0
    for block in blocks:
        start, end = block.window_ns
        if not len(block) or end <= start:
            continue
        order = np.argsort(block.device_start_ns, kind="stable")
        began = np.clip(block.device_start_ns[order], start, end)
        ended = np.clip(block.device_end_ns[order], start, end)
        of_all += float((ended - began).sum())
        ended = np.maximum.accumulate(ended)
        covered_before = np.concatenate(([start], ended[:-1]))
        busy += float(np.maximum(0, ended - np.maximum(began, covered_before)).sum())
        total += end - start
    return busy, of_all, total
