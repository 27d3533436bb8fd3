"""Calls completed over the time they took, its interval, and what follows from it. Calls that raised do not count.

The time of a slot (one of the calls in flight) goes from the submission of its first call that counts to the end of
its last one: whole calls in whole time, so that calls longer than a block are counted right, and n / duration_s is the
rate. To stop a slot with the first call that crosses the block's deadline biases nothing: by Wald's identity the calls
of such a stretch take as long, on average, as their number times the mean. (Cut at the deadline itself, with the last
call counted by its part, the rate of exponential calls would be too high by half a call for every slot and block.)
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


_OF_ITS_OWN = 10
"""Calls a slot from which on it has a rate of its own; slots with fewer are taken as alike. The mean of 1 / time of few
calls is too high by their squared coefficient of variation over their number: 10 % of ten exponential calls."""


@dataclass(frozen=True)
class Rate:
    """Calls per second, with the interval of the slices' mean.

    Attributes
    ----------
    calls_per_s, lo, hi
        The rate over all windows, and its 95 % interval (NaN when there are too few slices).
    duration_s
        Time in which the calls counted were made: calls over their rate. Of several slots it is an average of their
        times, weighted by their calls.
    rests_on_few
        Whether a few slices make most of the spread (`tradeoff.stats.mean`).
    """

    calls_per_s: float
    lo: float
    hi: float
    duration_s: float
    rests_on_few: bool = False


@dataclass
class _Slot:
    """The calls of one slot that count: in one block, or all together."""

    served: int = 0
    time_ns: int = 0

    @property
    def rate(self) -> float:
        return self.served / max(1, self.time_ns) * 1e9


def rate(blocks: Sequence[Block], *, visits: Sequence[int] = ()) -> Rate:
    """Rate at which calls completed while all slots had one in flight: the sum of the slots' own.

    The interval is that of the mean of equal slices of the time, up to 256 in all (batch means whose dependence is
    counted, see `tradeoff.stats.mean`).

    Parameters
    ----------
    blocks
        Measured blocks, in order.
    visits
        Which block each visit begins with, when there are several (`tradeoff.stats.visits`).
    """
    of_blocks = [(place, _slots_of(block)) for place, block in enumerate(blocks)]
    of_blocks = [(place, slots) for place, slots in of_blocks if slots]
    if not of_blocks:
        return Rate(math.nan, math.nan, math.nan, 0.0)
    together: dict[int, _Slot] = {}
    for _, slots in of_blocks:
        for which, ends, served in slots:
            slot = together.setdefault(which, _Slot())
            slot.served, slot.time_ns = slot.served + int(served[-1]), slot.time_ns + int(ends[-1])
    calls, overall = sum(slot.served for slot in together.values()), sum(slot.rate for slot in together.values())
    if calls < _OF_ITS_OWN * len(together):
        overall = len(together) * _Slot(calls, sum(slot.time_ns for slot in together.values())).rate
    mean_ns = sum(slot.time_ns for slot in together.values()) / len(together)
    slice_ns = max(1.0, mean_ns / min(_SLICES, max(_FEWEST_SLICES, calls // _CALLS_A_SLICE)))
    rates, places = [], []
    for place, slots in of_blocks:
        length_ns = sum(int(ends[-1]) for _, ends, _ in slots) / len(slots)
        parts = _rates_of_parts(slots, max(1, round(length_ns / slice_ns)))
        places += [place] * len(parts)
        rates.append(parts)
    found = mean_with_interval(np.concatenate(rates), visits=np.searchsorted(places, visits).tolist())
    return Rate(
        overall,
        max(0.0, overall - (found.value - found.lo)) if math.isfinite(found.lo) else math.nan,
        overall + (found.hi - found.value),
        calls / overall if overall else mean_ns / 1e9,
        found.rests_on_few,
    )


_Served = tuple[int, NDArray[np.int64], NDArray[np.int64]]
"""A slot, starts and ends of its calls since the first began, and how many were served by each of these times."""


def _slots_of(block: Block) -> list[_Served]:
    """Return the calls of a block that count, slot by slot."""
    counts = block.in_window
    found = []
    for which in np.unique(block.slot[counts]):
        mine = counts & (block.slot == which)
        ends = np.column_stack((block.submitted_ns[mine], block.done_ns[mine])).ravel()
        served = ~block.failed[mine]
        after = np.cumsum(served)
        found.append((int(which), ends - ends[0], np.column_stack((after - served, after)).ravel()))
    return found


def _rates_of_parts(slots: Sequence[_Served], count: int) -> NDArray[np.float64]:
    """Return the rate of calls in each of `count` equal parts of every slot's time, a call under way by its part."""
    rates = np.zeros(count)
    for _, ends, served in slots:
        edges = np.linspace(0.0, max(1.0, float(ends[-1])), count + 1)
        rates += np.diff(np.interp(edges, ends.astype(np.float64), served.astype(np.float64))) / edges[1] * 1e9
    return rates


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
