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

from tradeoff.stats.mean import mean_with_interval
from tradeoff.timing.block import Block

_SLICES, _FEWEST_SLICES = 256, 20
"""Batch means: enough slices that what lasts longer than one shows as their dependence."""

_CALLS_A_SLICE = 4


@dataclass(frozen=True)
class Rate:
    """Calls per second, with the interval of the slices' mean.

    Attributes
    ----------
    calls_per_s, lo, hi
        The rate over all windows, and its 95 % interval (NaN when there are too few slices).
    duration_s
        Length of all windows together.
    rests_on_few
        Whether a few slices make most of the spread (`tradeoff.stats.mean`).
    """

    calls_per_s: float
    lo: float
    hi: float
    duration_s: float
    rests_on_few: bool = False


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


def rate(blocks: Sequence[Block], *, visits: Sequence[int] = ()) -> Rate:
    """Rate at which calls completed while all slots had one in flight.

    The interval is that of the mean of equal slices of the windows, up to 256 in all (batch means whose dependence is
    counted, see `tradeoff.stats.mean`).

    Parameters
    ----------
    blocks
        Measured blocks, in order.
    visits
        Which block each visit begins with, when there are several (`tradeoff.stats.visits`).
    """
    windows = [(place, block) for place, block in enumerate(blocks) if len(block) and _length(block) > 0]
    if not windows:
        return Rate(math.nan, math.nan, math.nan, 0.0)
    duration_ns = sum(_length(block) for _, block in windows)
    calls = sum(int(block.in_window.sum()) for _, block in windows)
    slice_ns = duration_ns / min(_SLICES, max(_FEWEST_SLICES, calls // _CALLS_A_SLICE))
    rates, completed, places = [], 0.0, []
    for place, block in windows:
        edges = np.linspace(*block.window_ns, max(1, round(_length(block) / slice_ns)) + 1)
        counts = np.diff(completed_by(block, edges))
        places += [place] * len(counts)
        rates.append(counts / np.diff(edges) * 1e9)
        completed += float(counts.sum())
    overall = completed / duration_ns * 1e9
    found = mean_with_interval(np.concatenate(rates), visits=np.searchsorted(places, visits).tolist())
    return Rate(
        overall,
        max(0.0, overall - (found.value - found.lo)) if math.isfinite(found.lo) else math.nan,
        overall + (found.hi - found.value),
        duration_ns / 1e9,
        found.rests_on_few,
    )


def _length(block: Block) -> int:
    start, end = block.window_ns
    return end - start


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
