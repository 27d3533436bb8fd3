"""A histogram of times that can be merged: it stands in where raw samples are too many.

Every doubling is cut into 512 equal buckets, so that a bucket's midpoint is within 1/1024 = 0.098 % of everything in
it. The bucket of a number is read from its binary form, exponent and first nine digits of the fraction: no logarithm
is taken. Counts are integers: merging is addition, in any order and any grouping, and loses nothing.

    ... |  b  | b+1 | ...      2**e (1 + j / 512) <= v < 2**e (1 + (j+1) / 512)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

BUCKETS_PER_OCTAVE = 512
SHIFT = 43
"""Digits of a float64's fraction that do not choose the bucket: 52 - 9."""

LOWEST, HIGHEST = 2.0**-20, 2.0**24
"""In ms: from a nanosecond to nearly five hours."""

FIRST = (1023 - 20) << 9
"""The leading 21 bits of `LOWEST` as a number."""

BUCKETS = BUCKETS_PER_OCTAVE * 44


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts of times in ms.

    Attributes
    ----------
    counts
        Count of each bucket.
    underflow
        Values below `LOWEST`, zero and negative ones among them.
    overflow
        Values of `HIGHEST` and more.
    """

    counts: NDArray[np.int64]
    underflow: int = 0
    overflow: int = 0

    @classmethod
    def of(cls, values: ArrayLike, weights: ArrayLike | None = None) -> Histogram:
        """Count `values`, each as often as its whole-numbered weight says; NaN is a ValueError: no bucket holds it."""
        series = np.asarray(values, dtype=np.float64).ravel()
        if bool(np.isnan(series).any()):
            raise ValueError("values hold NaN: leave failed calls out before counting")
        weight = np.ones(len(series), dtype=np.int64) if weights is None else np.asarray(weights, dtype=np.int64)
        low, high = series < LOWEST, series >= HIGHEST
        inside = ~(low | high)
        counts = np.bincount(bucket_of(series[inside]), weights=weight[inside], minlength=BUCKETS).astype(np.int64)
        return cls(counts, int(weight[low].sum()), int(weight[high].sum()))

    @property
    def n(self) -> int:
        """Values counted, those out of range among them."""
        return int(self.counts.sum()) + self.underflow + self.overflow

    def merge(self, other: Histogram) -> Histogram:
        """Return the histogram of both."""
        return Histogram(self.counts + other.counts, self.underflow + other.underflow, self.overflow + other.overflow)

    def rank(self, rank: int) -> float:
        """Return the value of a rank, counted from 1, as the midpoint of its bucket.

        0 when it lies below the histogram's range, infinite when it lies above.
        """
        if rank <= self.underflow:
            return 0.0
        bucket = int(np.searchsorted(np.cumsum(self.counts), rank - self.underflow))
        return math.inf if bucket == BUCKETS else midpoint(bucket)

    def quantile(self, p: float) -> float:
        """Return the p-quantile (``inverted_cdf``), as the midpoint of its bucket.

        NaN when the histogram is empty, 0 when the quantile lies below its range, infinite when it lies above.
        """
        if not 0.0 < p < 1.0:
            raise ValueError(f"p must lie between 0 and 1, both excluded, got {p}")
        return self.rank(max(1, math.ceil(self.n * p - 1e-9))) if self.n else math.nan

    def to_dict(self) -> dict[str, object]:
        """Return plain numbers and lists, the filled buckets only."""
        filled = np.flatnonzero(self.counts)
        return {
            "buckets_per_octave": BUCKETS_PER_OCTAVE,
            "bucket": filled.tolist(),
            "count": self.counts[filled].tolist(),
            "underflow": self.underflow,
            "overflow": self.overflow,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, object]) -> Histogram:
        """Read what `to_dict` wrote.

        Raises
        ------
        ValueError
            When it is something else.
        """
        if plain.get("buckets_per_octave") != BUCKETS_PER_OCTAVE:
            seen = plain.get("buckets_per_octave")
            raise ValueError(f"buckets_per_octave={seen!r}: only {BUCKETS_PER_OCTAVE} can be merged with ours")
        bucket, count = _whole_numbers(plain, "bucket"), _whole_numbers(plain, "count")
        if bucket.shape != count.shape:
            raise ValueError(f"bucket has {bucket.size} entries and count {count.size}: they must be as many")
        if bucket.size and not (bucket.min() >= 0 and bucket.max() < BUCKETS and count.min() >= 0):
            raise ValueError(f"bucket must lie in 0 ... {BUCKETS - 1}, and no count may be negative")
        counts = np.zeros(BUCKETS, dtype=np.int64)
        np.add.at(counts, bucket, count)
        outside = _whole_numbers({"outside": [plain.get("underflow", 0), plain.get("overflow", 0)]}, "outside")
        if outside.min() < 0:
            raise ValueError("underflow and overflow must not be negative")
        return cls(counts, int(outside[0]), int(outside[1]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        same = (self.underflow, self.overflow) == (other.underflow, other.overflow)
        return same and bool(np.array_equal(self.counts, other.counts))

    __hash__ = None  # type: ignore[assignment]


def bucket_of(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the bucket of each value of the range."""
    buckets: NDArray[np.int64] = (np.ascontiguousarray(values).view(np.int64) >> SHIFT) - FIRST
    return buckets


def midpoint(bucket: int) -> float:
    """Return the middle of a bucket."""
    octave, part = divmod(bucket, BUCKETS_PER_OCTAVE)
    return math.ldexp(1.0 + (part + 0.5) / BUCKETS_PER_OCTAVE, octave - 20)


def _whole_numbers(plain: Mapping[str, object], name: str) -> NDArray[np.int64]:
    values = plain.get(name)
    if not isinstance(values, list) or not all(isinstance(v, int) and not isinstance(v, bool) for v in values):
        raise ValueError(f"{name} must be a list of whole numbers, got {type(values).__name__}")
    return np.array(values, dtype=np.int64)
