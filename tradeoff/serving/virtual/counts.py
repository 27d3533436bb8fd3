"""Latencies of one replication as counts: small enough to be kept for every point, and added up over replications."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradeoff.stats.histogram import BUCKETS, BUCKETS_PER_OCTAVE, LOWEST, bucket_of, midpoint

_PLACES = BUCKETS + 1
"""Buckets of `tradeoff.stats.histogram`, after a place for what lies below the first."""


@dataclass(frozen=True, eq=False)
class Counts:
    """How many latencies lie in each bucket, from the first that is not empty to the last.

    Attributes
    ----------
    first
        Its place: 0 for what lies below the histogram's range, 1 for the first bucket.
    counts
        Of it and those after it.
    """

    first: int
    counts: NDArray[np.int64]

    @classmethod
    def taken(cls, tallies: NDArray[np.int64]) -> Counts:
        """Take a copy of what was counted in every place."""
        filled = np.flatnonzero(tallies)
        if not filled.size:
            return cls(0, np.zeros(0, dtype=np.int64))
        return cls(int(filled[0]), tallies[filled[0] : filled[-1] + 1].copy())

    @classmethod
    def of(cls, latency: NDArray[np.float64]) -> Counts:
        """Count latencies in ms."""
        inside = latency >= LOWEST
        places = np.minimum(bucket_of(latency[inside]) + 1, BUCKETS)
        tallies = np.bincount(places, minlength=_PLACES)
        tallies[0] = len(latency) - len(places)
        return cls.taken(tallies)

    def share_at_most(self, limit: float) -> tuple[float, float]:
        """Return the least and the largest share of latencies that a limit in ms may hold; NaN of none.

        They differ by those of the bucket that the limit is in, which is 0.2 % wide.
        """
        total = int(self.counts.sum())
        if not total:
            return math.nan, math.nan
        place = 0 if limit < LOWEST else min(int(bucket_of(np.array([limit]))[0]) + 1, BUCKETS)
        passed = np.concatenate([[0], np.cumsum(self.counts)])
        low, high = (int(np.clip(at - self.first, 0, len(self.counts))) for at in (place, place + 1))
        return float(passed[low]) / total, float(passed[high]) / total


def together(parts: Sequence[Counts]) -> NDArray[np.int64]:
    """Add counts up, in every place."""
    tallies = np.zeros(_PLACES, dtype=np.int64)
    for part in parts:
        tallies[part.first : part.first + len(part.counts)] += part.counts
    return tallies


def bounds_at(tallies: NDArray[np.int64], share: float) -> tuple[float, float]:
    """Return the ends of the bucket of the latency that a share of all does not exceed, in ms, the lower one within."""
    place = _place(tallies, share)
    if place == 0:
        return 0.0, LOWEST
    octave, part = divmod(place - 1, BUCKETS_PER_OCTAVE)
    width = math.ldexp(1.0 / BUCKETS_PER_OCTAVE, octave - 20)
    low = math.ldexp(1.0 + part / BUCKETS_PER_OCTAVE, octave - 20)
    return low, math.inf if place == BUCKETS else low + width


def value_at(tallies: NDArray[np.int64], share: float) -> float:
    """Return the latency that a share of all does not exceed, in ms, to within half a bucket: 0.1 %."""
    place = _place(tallies, share)
    return 0.0 if place == 0 else midpoint(place - 1)


def _place(tallies: NDArray[np.int64], share: float) -> int:
    passed = np.cumsum(tallies)
    return int(np.searchsorted(passed, max(1.0, share * float(passed[-1]) - 1e-9)))
